"""Set 7, the capstone: one case, planned from the accelerators to the money. The case is what a published run had."""

from __future__ import annotations

from dataclasses import dataclass, replace

from course_lib import catalog
from course_lib.compute_cost import training_flop
from course_lib.memory import RECOMPUTE, TrainingSetup, assumed_shape
from course_lib.plan import MOST_EPOCHS, SERVING_ROOM, TRAINING_ROOM, published_utilization
from course_lib.questions.kinds import Choice, Number, Vector
from course_lib.questions.question import Badge, Fact, Pick, Wrong, named, question, reported
from course_lib.scaling import TOKENS_PER_PARAMETER, largest_model_within
from course_lib.units import PFLOP_DAY, SECONDS_PER_DAY, gpu_hours

FOR_TRIALS = 0.1
"""The share of the budget that the case keeps back for trials and restarts."""


@dataclass(frozen=True)
class Case:
    """A published run's resources, what its model must run on, and the size and text that the case goes on with."""

    name: str
    serve_on: str
    parameters: float
    tokens: float

    @property
    def run(self) -> catalog.TrainingRun:
        """The published run."""
        return catalog.training_run(self.name)

    @property
    def accelerators(self) -> int:
        """How many accelerators there are."""
        return reported(self.run.num_accelerators)

    @property
    def chip(self) -> catalog.Accelerator:
        """The accelerator that the run was trained on."""
        return catalog.accelerator(self.run.accelerator)

    @property
    def days(self) -> float:
        """The days that the run took."""
        return round(reported(self.run.accelerator_hours) / self.accelerators / 24, 1)

    @property
    def utilisation(self) -> float:
        """The utilisation that the run reached."""
        return round(published_utilization()[self.name], 2)

    @property
    def flop(self) -> float:
        """The budget: accelerators x peak x utilisation x seconds."""
        return self.accelerators * self.chip.fp16_bf16_flop_per_second * self.utilisation * self.days * SECONDS_PER_DAY

    @property
    def budget(self) -> float:
        """What is left of the budget for the run itself."""
        return float(f"{(1 - FOR_TRIALS) * self.flop:.2g}")

    @property
    def facts(self) -> dict[str, Fact]:
        """What the case has to compute with."""
        peak = self.chip.fp16_bf16_flop_per_second
        return {
            "case": Fact(self.name, f"had these resources: {self.run.citation}"),
            "accelerators": Fact(self.accelerators, f"of the kind {self.chip.name}"),
            "peak": Fact(peak, "FLOP/s each, dense 16-bit arithmetic, as advertised"),
            "utilisation": Fact(self.utilisation, "of the peak, as that run reached by 6PD"),
        }


def case_of(pick: Pick) -> Case:
    """Return the case of an edition: the same one for every question of the set."""
    return Pick(pick.seed, "7")(
        Case("BLOOM 176B", "A100 80GB", 30e9, 1.4e12),
        Case("Falcon 180B", "A100 80GB", 30e9, 13e12),
        Case("Gopher 280B", "A100 80GB", 30e9, 1.1e12),
        Case("PaLM 540B", "A100 80GB", 30e9, 3e12),
    )


@question("7.1", "The budget", slides="S1 S3", badge=Badge(difficulty=1, importance=3, minutes=5))
def budget(pick: Pick) -> Number:
    """What the accelerators can do in the days that there are."""
    case = case_of(pick)
    flop = case.flop
    return Number(
        given=case.facts | {"days": Fact(case.days, "days, by the hours that the run reports")},
        answer=flop,
        unit="FLOP",
        tolerance=0.01,
        also={"PFLOP-days": 1 / PFLOP_DAY, "PFLOP": 1e-15},
        note=f"That is {flop / 3.14e23:.1f} times what GPT-3 took. Its weakest factor is the utilisation.",
        wrong=(
            Wrong(flop / case.utilisation, "That is the advertised rate. Which share of it does training get?"),
            Wrong(flop / case.utilisation**2, "The utilisation is upside down: it makes the budget smaller."),
            Wrong(flop / case.accelerators, "That is one accelerator. You have all of them."),
            Wrong(flop / 3600, "The rate is per second, and the time is in hours."),
            Wrong(flop / SECONDS_PER_DAY, "The rate is per second, and the time is in days."),
            Wrong(flop / (case.days * SECONDS_PER_DAY), "That is the rate in FLOP/s. A budget is a rate times a time."),
            Wrong(2 * flop, "Twice too much: is that the peak with sparsity?"),
            Wrong(flop / 2, "Half of it: the peak counts a multiply-accumulate as two FLOP already."),
        ),
    )


def whose_figure(chip: catalog.Accelerator) -> str:
    """Return whether an accelerator's memory is what it reports or what is printed."""
    return f"it reports {chip.reported_bytes // 2**20:,} MiB" if chip.reported_bytes else "as on its datasheet"


@question("7.2", "Three bounds", slides="S4", badge=Badge(difficulty=2, importance=3, minutes=8))
def three_bounds(pick: Pick) -> Vector:
    """The largest model by compute, by text and by use."""
    case = case_of(pick)
    serve, text, ratio = catalog.accelerator(case.serve_on), case.run.tokens, TOKENS_PER_PARAMETER
    memory = serve.usable_bytes
    compute = float(largest_model_within(flop=case.budget).parameters) / 1e9
    data, use = text * MOST_EPOCHS / ratio / 1e9, (1 - SERVING_ROOM) * memory / 2 / 1e9
    return Vector(
        given={
            "budget": Fact(case.budget, "FLOP for the run itself, a tenth being kept for trials and restarts"),
            "text": Fact(text, f"tokens of text, as many as {case.name} was trained on"),
            "most_epochs": Fact(MOST_EPOCHS, "times the text may be read"),
            "serve_memory": Fact(
                memory, f"bytes of the one {serve.name} that the model must run on: {whose_figure(serve)}"
            ),
            "free": Fact(SERVING_ROOM, "of that memory stays free, for the KV cache"),
        },
        answer=[compute, data, use],
        unit="billions of parameters",
        tolerance=0.01,
        note="The smallest decides: here it is the use, not the training.",
        wrong=(
            Wrong([compute, data / MOST_EPOCHS, use], "The text may be read more than once."),
            Wrong([compute, data * ratio, use], "The second is in tokens: how many of them does each parameter need?"),
            Wrong([compute * 20**0.5, data, use], "The first has no tokens: C = 6PD needs D, and D follows from P."),
            Wrong([compute * 6**0.5, data, use], "The first takes one FLOP a parameter and token. Training takes six."),
            Wrong([case.budget / 120 / 1e9, data, use], "The first is the square of P: the root is missing."),
            Wrong(
                [case.budget / 120 / 2 / 1e9, data, use],
                "The first is halved, not rooted: `**1/2` is a power of 1, then a half. Write `** 0.5`.",
            ),
            Wrong([compute * 3**0.5, data, use], "The first pays for the forward pass alone."),
            Wrong(
                [compute, data, use * SERVING_ROOM / (1 - SERVING_ROOM)],
                "The third puts the weights into the share that is to stay free.",
            ),
            Wrong([compute, data, use / (1 - SERVING_ROOM)], "The third fills the memory: nothing is left free."),
            Wrong(
                [compute, data, use / 8],
                "The third takes 16 bytes a parameter, as training does. In use there are only 16-bit weights.",
            ),
            Wrong(
                [compute, data, use * 2], "The third takes one byte a parameter: that is int8, and it asks for bf16."
            ),
            Wrong(
                [compute, data, use * serve.memory_bytes / memory],
                f"The third takes {serve.memory_bytes / 1e9:.0f} GB, as sold. Given are the bytes that it reports.",
            ),
            Wrong([compute * 1e9, data * 1e9, use * 1e9], "Those are parameters; the question asks for billions."),
            Wrong(
                [compute * (1 - FOR_TRIALS) ** 0.5, data, use],
                "The first takes the tenth for trials off again: the budget that is given is what is left without it.",
            ),
            Wrong(
                [compute, data, use * 0.9],
                "The third takes a tenth off beside the share that stays free: that tenth is of the training.",
            ),
            Wrong([data, compute, use], "The numbers are right, and the first two stand in each other's place."),
            Wrong([compute, use, data], "The numbers are right, and the last two stand in each other's place."),
            Wrong([use, data, compute], "The numbers are right, from the last to the first."),
            Wrong([data, use, compute], "The numbers are right, but the first of the order asked for stands last."),
            Wrong([use, compute, data], "The numbers are right, but the last of the order asked for stands first."),
        ),
    )


@question("7.3", "The text that it reads", slides="S2 S4", badge=Badge(difficulty=2, importance=3, minutes=5))
def text_that_it_reads(pick: Pick) -> Number:
    """The tokens that a model of given size can read: by compute, or by the text."""
    case = case_of(pick)
    by_compute, by_text = case.budget / training_flop(case.parameters, 1), case.run.tokens * MOST_EPOCHS
    tokens = min(by_compute, by_text)
    spent, ratio = training_flop(case.parameters, tokens) / case.budget, tokens / case.parameters
    return Number(
        given={
            "parameters": Fact(case.parameters, "parameters: you stay a little below the bound"),
            "budget": Fact(case.budget, "FLOP for the run itself"),
            "text": Fact(case.run.tokens, f"tokens of text, as many as {case.name} was trained on"),
            "most_epochs": Fact(MOST_EPOCHS, "times the text may be read"),
        },
        answer=tokens,
        unit="tokens",
        tolerance=0.01,
        also={"billions of tokens": 1e-9, "trillions of tokens": 1e-12},
        note=f"The text ends first: it takes {spent:.0%} of the budget, at {ratio:.0f} tokens a parameter.",
        wrong=(
            Wrong(by_compute, "The compute would do for that. How often would the same text be read?"),
            Wrong(case.run.tokens, "That reads the text once. May it be read again, and would the compute do for it?"),
            Wrong(
                TOKENS_PER_PARAMETER * case.parameters,
                "That is D = 20P. The use made the model smaller, so compute is left for more text.",
            ),
            Wrong(by_compute * 3, "That pays for the forward pass alone, and asks nothing of the text."),
            Wrong(by_compute * 6, "That is C/P: a training takes six FLOP a parameter and token."),
            Wrong(by_text / TOKENS_PER_PARAMETER, "Those are the parameters that suit the text, not its tokens."),
        ),
    )


def gigabytes_kept(setup: TrainingSetup) -> float:
    """Return the activations and the working memory of a set-up, in GB to one decimal."""
    memory = setup.memory()
    return round((memory.activations + memory.working) / 1e9, 1)


@question("7.4", "The recipe", slides="S5 S11 S14", badge=Badge(difficulty=2, importance=3, minutes=8))
def recipe(pick: Pick) -> Choice:
    """The sharding and the recomputation with which the model fits and trains fastest."""
    case = case_of(pick)
    setup = TrainingSetup(
        case.parameters, *assumed_shape(case.parameters), accelerator=case.chip.name, num_gpus=case.accelerators
    )
    kept = {one: gigabytes_kept(replace(setup, recompute=one)) for one in RECOMPUTE}
    room = (1 - TRAINING_ROOM) * setup.capacity / 1e9
    unsharded = "No sharding, full recomputation: the activations are the largest part, and they shrink most."
    stage_2 = "Stage 2, selective recomputation: sharding optimizer and gradients is enough."
    all_kept = "Stage 3, no recomputation: the model states are shared out, so the activations can stay."
    right = "Stage 3, selective recomputation: both parts must shrink, and few operations are done twice."
    full = "Stage 3, full recomputation: the less memory a recipe takes, the better."
    return Choice(
        given={
            "parameters": Fact(case.parameters, "parameters, in mixed precision (bf16) with AdamW"),
            "accelerators": Fact(case.accelerators, f"of the kind {case.chip.name}"),
            "memory": Fact(
                round(setup.capacity / 1e9, 1), f"GB each, {whose_figure(case.chip)}; a tenth is to stay free"
            ),
            "all_kept": Fact(
                kept["none"], "GB of activations and working memory, one sequence of 2,048 tokens, all kept"
            ),
            "selective": Fact(kept["selective"], "GB of both, if attention's are computed again: 2 % more operations"),
            "full": Fact(kept["full"], "GB of both, if nearly all are computed again: 33 % more operations"),
        },
        order=(unsharded, stage_2, all_kept, right, full),
        answer=right,
        note="The least recomputation that fits: shared states cost messages, recomputation costs days.",
        wrong=(
            Wrong(unsharded, "Multiply the parameters by their 16 bytes: which part is the largest?"),
            Wrong(
                stage_2, "The 16-bit parameters stay whole at that stage. Add what is kept of the activations to them."
            ),
            Wrong(
                all_kept,
                f"Sharding leaves activations whole. A tenth stays free for buffers and fragmentation, so {room:.1f} "
                "GB may be filled. Do they fit into that?",
            ),
            Wrong(full, "It fits, and every step takes a third more operations. Does a cheaper way fit, too?"),
        ),
    )


@question(
    "7.5",
    "Hours and money",
    slides="S1 S2 S3",
    badge=Badge(difficulty=2, importance=3, minutes=6),
    kind="estimate",
)
def hours_and_money(pick: Pick) -> Vector:
    """The accelerator-hours and the money of the plan, to hold against the hours that the run reports."""
    case, price, again = case_of(pick), pick(2.0, 1.5, 2.5, 3.0), 0.02
    really = reported(case.run.accelerator_hours)
    rate = case.chip.fp16_bf16_flop_per_second * case.utilisation
    hours = gpu_hours(training_flop(case.parameters, case.tokens) * (1 + again), rate)
    plain, share = hours / (1 + again), case.utilisation
    return Vector(
        given=case.facts
        | {
            "parameters": Fact(case.parameters, "parameters"),
            "tokens": Fact(case.tokens, "tokens: you stay a little below the bound"),
            "recomputed": Fact(again, "of 6PD is computed again, at the same rate"),
            "price": Fact(price, "for an accelerator-hour, in your currency: an assumption, not a quote"),
        },
        answer=[hours, price * hours],
        unit="hours and your currency",
        tolerance=0.005,
        note=f"{case.name} reports {really:,.0f} hours. Your plan takes {hours / really:.0%} of them, "
        f"{hours / case.accelerators / 24:.0f} of {case.days:.0f} days.",
        wrong=(
            Wrong([plain, price * plain], "What is computed again takes its hours, too."),
            Wrong([hours * share, price * hours * share], "That is at the advertised rate: use the utilisation."),
            Wrong([hours * share**2, price * hours * share**2], "The utilisation is upside down."),
            Wrong(
                [hours / case.accelerators, price * hours / case.accelerators],
                "Those are hours on the clock. Every accelerator is paid for in each of them.",
            ),
            Wrong([hours / case.accelerators, price * hours], "The first is hours on the clock; the money is right."),
            Wrong([price * hours, hours], "The order is turned round: the hours first, then the money."),
            Wrong(
                [plain * 8 / 6, price * plain * 8 / 6], "That computes a whole forward pass again. How much is it here?"
            ),
            Wrong([hours / 24, price * hours / 24], "Those are accelerator-days, at the price of hours."),
            Wrong([hours, hours / price], "Money is hours times the price of one."),
            Wrong([hours / 3, price * hours / 3], "That is the forward pass alone. Training also runs backward."),
            Wrong([hours * 3600, price * hours * 3600], "Those are seconds, and seconds at the price of hours."),
        ),
    )


@question("7.6", "The plan in words", slides="S3 S4", badge=Badge(difficulty=3, importance=3, minutes=30))
def plan_in_words(pick: Pick) -> Choice:
    """Which sentence the plan can stand by; the rest of the question is answered in words."""
    case = case_of(pick)
    run = case.run
    better = "We use the accelerators better: our plan takes fewer hours than that run did."
    mistake = "Their model is too large, because D = 20P gives the best model for every purpose."
    safe = "The hours are certain: their utilisation was measured, and we have the same accelerators."
    right = "Our model is smaller because of its use, and the hours hold only at the utilisation that we assume."
    fourfold = "We lose nothing by repeats: text read four times is as good as four times the text."
    return Choice(
        given={
            "case": named(run),
            "their_parameters": Fact(run.parameters, "parameters"),
            "their_tokens": Fact(run.tokens, "tokens"),
            "their_hours": Fact(reported(run.accelerator_hours), f"{case.chip.name}-hours, as reported"),
            "parameters": Fact(case.parameters, "parameters, in your plan"),
            "tokens": Fact(case.tokens, "tokens, in your plan"),
        },
        order=(better, right, mistake, safe, fourfold),
        answer=right,
        note="Now defend it in half a page.",
        wrong=(
            Wrong(better, "Compare 6PD of both. Both plans have one utilisation; which one does less work?"),
            Wrong(mistake, "That rule shares out a training budget. Does your own plan keep to it, and why not?"),
            Wrong(safe, "It was measured on their model with their recipe. Are yours the same?"),
            Wrong(fourfold, "Almost as good, says the study, and the gain fades after that. It is a guess for you."),
        ),
    )
