"""A plan in words: its sentence, what it assumes, the rules that it breaks, and all of it as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from course_lib import catalog
from course_lib.catalog import TrainingRun
from course_lib.compute_cost import forward_flop, training_flop
from course_lib.memory import PARTS, cheapest_remedy
from course_lib.plan.rules import SERVING_ROOM, TRAINING_ROOM, published_utilization, tokens_of_a_step
from course_lib.plan.run import PlannedRun
from course_lib.scaling import (
    BESIROGLU_2024,
    HOFFMANN_2022,
    HOFFMANN_2022_UNROUNDED,
    MINIMUM_TOKENS,
    TOKENS_PER_PARAMETER,
    compute_optimal,
)
from course_lib.units import (
    format_bytes,
    format_count,
    format_flop,
    format_number,
    format_rate,
)

OVER_TRAINED, UNDER_TRAINED = 2 * TOKENS_PER_PARAMETER, TOKENS_PER_PARAMETER / 2
"""From twice the slide's 20 tokens a parameter on, or from half of it down, the plan says so."""

MOST_TOKENS_PER_PARAMETER = 5000
"""No more is proposed to anybody; the catalog's most over-trained run, Pythia 70M, has 4,258."""

WORDS = {
    "compute": "the compute",
    "data": "the data at hand",
    "inference cost": "the inference cost",
    "serving memory": "the memory to serve in",
}
"""What decides P, in words, by the name of the bound."""


@dataclass(frozen=True)
class Warning:
    """A rule of the lecture that a plan breaks: in a word or two, and what that means or what to do about it."""

    title: str
    advice: str

    def __str__(self) -> str:
        """Return both as one line."""
        return f"{self.title}: {self.advice}"


def sentence(plan: PlannedRun) -> str:
    """Return the plan in one sentence: what there is, the model, its cost, and the recipe."""
    have = plan.resources
    return (
        f"{plan.setup.hardware} for {_days(have.days)} at {_percent(have.utilization)} train "
        f"{format_count(plan.parameters)} parameters on {format_count(plan.tokens)} tokens, "
        f"{format_number(plan.tokens_per_parameter)} a parameter (P from {WORDS[plan.bound]}): "
        f"{format_flop(plan.flop)}, {_days(plan.days)}, {format_number(plan.hours)} accelerator-hours, "
        f"in money {format_number(plan.cost)} at {format_number(have.price_per_hour)} an hour; {recipe(plan)}: "
        f"{memory_on_each(plan)} on each."
    )


def recipe(plan: PlannedRun) -> str:
    """Return how the model is trained, in a few words."""
    setup = plan.setup
    sharding = f", sharded at stage {setup.stage}" if setup.stage else ""
    return f"{setup.precision}, {setup.optimizer}, {setup.sequences} at a time, {setup.recomputation}{sharding}"


def memory_on_each(plan: PlannedRun) -> str:
    """Return what one accelerator holds, of how much."""
    return f"{format_bytes(plan.setup.memory().total)} of {format_bytes(plan.setup.capacity)}"


def given_up(plan: PlannedRun) -> str:
    """Return what the bounds cost: the loss of the plan against that of D = 20P for all of the compute."""
    if plan.bound == "compute":
        return "nothing: P is bound by the compute alone"
    best = compute_optimal(plan.resources.flop)
    more = BESIROGLU_2024.loss(plan.parameters, plan.tokens) - BESIROGLU_2024.loss(*best)
    against = f"{format_count(best[0])} on {format_count(best[1])}, which is D = 20P for all the compute"
    return f"{max(more, 0):.3f} nats a token against {against} (Besiroglu et al. 2024)"


def assumptions(plan: PlannedRun) -> tuple[str, ...]:
    """Return all that the plan takes for granted, as "topic: what, and how far it may be off"."""
    return (*_of_compute(plan), *_of_model(plan), *_of_recipe(plan))


def _of_compute(plan: PlannedRun) -> Iterator[str]:
    have, setup, reached = plan.resources, plan.setup, published_utilization().values()
    peak = format_rate(catalog.accelerator(have.accelerator).fp16_bf16_flop_per_second)
    products = 12 * setup.layers * setup.hidden * setup.sequence / training_flop(plan.parameters, 1)
    yield (
        f"Utilisation: {_percent(have.utilization)} of {peak}, over all the days, with restarts and waiting. The "
        f"catalog's runs reached {_percent(min(reached))} to {_percent(max(reached))}."
    )
    yield f"Compute: 6PD counts products with weights only; attention's own add about {_percent(products, 2)} here."
    if more := setup.recomputed_flop():
        yield (
            f"Recomputation: {_percent(more, 2)} more operations than 6PD, so the run takes as much longer and the "
            f"utilisation that counts 6PD alone (MFU) is {_percent(have.utilization / (1 + more))}."
        )
    yield (
        f"Price: {format_number(have.price_per_hour)} for an accelerator-hour is your figure, not a quote. Staff, "
        "storage and runs that fail come on top."
    )


def _of_model(plan: PlannedRun) -> Iterator[str]:
    have = plan.resources
    sizes = [float(fit.optimal(plan.flop)[0]) for fit in (HOFFMANN_2022, HOFFMANN_2022_UNROUNDED, BESIROGLU_2024)]
    yield (
        f"Tokens a parameter: at least {format_number(have.tokens_per_parameter)}. Three published fits put the best "
        f"size for this compute between {format_count(min(sizes))} and {format_count(max(sizes))}."
    )
    if have.data_tokens is not None:
        times = format_number(have.max_epochs)
        yield f"Data: {format_count(have.data_tokens)} tokens, read at most {times} times; read again counts like new."
    if have.inference_flop_per_token is not None:
        yield f"Inference: a token of use costs 2P FLOP, at most {format_flop(have.inference_flop_per_token)}."
    if have.serve_on is not None:
        free = _percent(SERVING_ROOM)
        yield f"Serving: weights in {have.serve_precision} leave {free} of one {have.serve_on} for keys and values."


def _of_recipe(plan: PlannedRun) -> Iterator[str]:
    setup, steps = plan.setup, max(1.0, plan.tokens / plan.step_tokens)
    yield f"Shape: {setup.layers} layers of {setup.hidden:,} with heads of 128, as only the size is planned."
    yield (
        f"Memory: activations of GPT's layers, scores stored unless recomputed; {_percent(TRAINING_ROOM)} is to stay "
        "free for logits, buffers and fragmentation."
    )
    yield (
        f"Step: {format_count(plan.step_tokens)} tokens, {setup.num_gpus:,} x {plan.micro_batches:,} x "
        f"{setup.sequences} of {setup.sequence:,} (by size, after Brown et al. 2020, Table 2.1); "
        f"{format_number(steps)} steps."
    )
    yield (
        f"Precision: {setup.precision}, as {setup.accelerator} has no bf16; fp16 needs its loss scaled."
        if setup.precision == "fp32+fp16"
        else f"Precision: {setup.precision}, as bf16 has the range of fp32."
    )


def warnings(plan: PlannedRun) -> tuple[Warning, ...]:
    """Return each rule of the lecture that the plan breaks."""
    return (*_about_model(plan), *_about_data(plan), *_about_hardware(plan), *_about_memory(plan))


def _about_model(plan: PlannedRun) -> Iterator[Warning]:
    ratio, loss = plan.tokens_per_parameter, BESIROGLU_2024.loss(plan.parameters, plan.tokens)
    if plan.tokens < MINIMUM_TOKENS * (1 - 1e-9):
        size = plan.flop / training_flop(1, MINIMUM_TOKENS)
        remedy = (
            f"For the same compute {format_count(size)} parameters could read 200 B, "
            f"{format_number(MINIMUM_TOKENS / size)} a parameter."
        )
        if MINIMUM_TOKENS / size > MOST_TOKENS_PER_PARAMETER:
            remedy = "There is too little compute for any useful model to read that many."
        if plan.resources.most_tokens < MINIMUM_TOKENS:
            remedy = "More text is needed."
        advice = f"slide S4 advises against {format_count(plan.tokens)}. {remedy}"
        yield Warning("fewer than 200 B tokens", advice)
    if ratio >= OVER_TRAINED:
        size, tokens = BESIROGLU_2024.cheapest_for_loss(loss)
        share = _percent(training_flop(size, tokens) / plan.flop)
        yield Warning(
            "over-trained",
            f"D/P is {format_number(ratio)} instead of 20. {format_count(size)} on "
            f"{format_count(tokens)} reach the same loss for {share} of the training, but cost "
            f"{format_number(size / plan.parameters, 2)} times as much to use (Besiroglu et al. 2024).",
        )
    if ratio <= UNDER_TRAINED:
        size, tokens = BESIROGLU_2024.optimal(plan.flop)
        yield Warning(
            "under-trained",
            f"D/P is {format_number(ratio)} instead of 20. For the same compute "
            f"{format_count(size)} on {format_count(tokens)} are better by "
            f"{loss - BESIROGLU_2024.loss(size, tokens):.3f} nats a token and cheaper to use (Besiroglu et al. 2024).",
        )


def _about_data(plan: PlannedRun) -> Iterator[Warning]:
    if plan.epochs > 1 + 1e-9:
        yield Warning(
            f"data read {format_number(plan.epochs)} times",
            "up to 4 is almost as good as new text, more is not (Muennighoff et al. 2023).",
        )
    left = plan.resources.days - plan.days
    if left > 0.005 * plan.resources.days:
        yield Warning(
            f"{format_number(left)} of {_days(plan.resources.days)} unused",
            "the data at hand ends first; more text would use them.",
        )


def _about_hardware(plan: PlannedRun) -> Iterator[Warning]:
    have, reached = plan.resources, published_utilization()
    best = max(reached, key=reached.__getitem__)
    if have.utilization > reached[best]:
        days = plan.days * have.utilization / reached[best]
        yield Warning(
            f"utilisation of {_percent(have.utilization)}",
            f"the best of the catalog's runs, {best}, reached {_percent(reached[best])}; with that it takes "
            f"{_days(days)}.",
        )
    if plan.step_tokens > 2 * (usual := tokens_of_a_step(plan.parameters)):
        yield Warning(
            f"steps of {format_count(plan.step_tokens)} tokens",
            f"one sequence on each accelerator is too much, as {format_count(usual)} are usual at this size. Split "
            "the model itself over accelerators (tensor or pipeline parallelism), which this plan does not.",
        )


def _about_memory(plan: PlannedRun) -> Iterator[Warning]:
    setup, spare = plan.setup, plan.setup.fit().spare_bytes
    if spare < 0:
        advice = "No accelerator of the catalog is enough."
        if remedy := cheapest_remedy(setup):
            advice = f"It would with {' and '.join(map(str, remedy.changes))}."
        yield Warning("does not fit", f"by every recipe short by {format_bytes(-spare)} on each. {advice}")
    elif setup.optimizer != "adamw":
        yield Warning("8-bit optimizer states", "it does not fit with AdamW's usual 8 bytes a parameter.")
    if 0 <= spare < TRAINING_ROOM * setup.capacity * (1 - 1e-9):
        yield Warning(
            f"only {format_bytes(spare)} to spare",
            f"logits, buffers and fragmentation may need {_percent(TRAINING_ROOM)} of the memory.",
        )


def reported_time(run: TrainingRun) -> str:
    """Return the accelerator-hours of a published run in words, also where it reports none."""
    return f"{format_number(run.accelerator_hours)} hours" if run.accelerator_hours else "an unreported time"


def comparison(plan: PlannedRun, run: TrainingRun) -> str:
    """Return how a published run differs from the plan, in words."""
    flop = training_flop(run.parameters, run.tokens)
    more = BESIROGLU_2024.loss(plan.parameters, plan.tokens) - BESIROGLU_2024.loss(run.parameters, run.tokens)
    loss = f"{abs(more):.3f} nats {'higher' if more > 0 else 'lower'}" if abs(more) >= 5e-4 else "the same"
    return (
        f"{run.name}: {format_count(run.parameters)} on {format_count(run.tokens)}, "
        f"{format_number(run.tokens / run.parameters)} a parameter, {format_flop(flop)} (the plan: "
        f"{format_number(plan.flop / flop, 2)} times that), {reported_time(run)} on {run.accelerator}; the plan's loss "
        f"is {loss} (Besiroglu et al. 2024)."
    )


def markdown(plan: PlannedRun, run: TrainingRun | None = None) -> str:
    """Return the plan as a Markdown document."""
    have, memory = plan.resources, plan.setup.memory()
    rows = {
        "parameters P": f"{format_count(plan.parameters)}, from {WORDS[plan.bound]}",
        "tokens D": f"{format_count(plan.tokens)}, {format_number(plan.tokens_per_parameter)} a parameter",
        "compute 6PD": format_flop(plan.flop),
        "recipe": recipe(plan),
        "memory on each": memory_on_each(plan),
        "of which": ", ".join(f"{format_bytes(getattr(memory, part))} {part}" for part in PARTS),
        "time": f"{format_number(plan.days)} of {_days(have.days)}",
        "accelerator-hours": format_number(plan.hours),
        "money": f"{format_number(plan.cost)}, at {format_number(have.price_per_hour)} an accelerator-hour",
        "a token of use": format_flop(forward_flop(plan.parameters, 1)),
        "given up": given_up(plan),
    }
    parts = [
        f"# Training plan: {format_count(plan.parameters)} parameters on {format_count(plan.tokens)} tokens",
        f"{plan.setup.hardware} for {_days(have.days)}, at {_percent(have.utilization)} of the advertised rate.",
        "| what | plan |\n|---|---|\n" + "\n".join(f"| {name} | {text} |" for name, text in rows.items()),
        "## Rules of the lecture that it breaks",
        _bullets(map(str, warnings(plan))) or "None.",
        "## Assumptions",
        _bullets(assumptions(plan)),
    ]
    if run:
        parts += ["## Compared with a published run", comparison(plan, run), f"Source: {run.source}."]
    if run and run.note:
        parts += [f"Mind: {run.note}."]
    return "\n\n".join(parts) + "\n"


def _bullets(texts: Iterable[str]) -> str:
    return "\n".join(f"- {text[0].upper()}{text[1:]}" for text in texts)


def _days(days: float) -> str:
    return "1 day" if days == 1 else f"{format_number(days)} days"


def _percent(share: float, digits: int = 3) -> str:
    return f"{format_number(100 * share, digits)} %"
