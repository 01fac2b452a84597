"""Set 1, compute cost: slides S1 and S2."""

from __future__ import annotations

from course_lib import catalog
from course_lib.compute_cost import TransformerShape, backward_flop, forward_flop, training_flop
from course_lib.questions.kinds import Choice, Function, Number
from course_lib.questions.question import Badge, Fact, Pick, Wrong, counted, named, question, reported
from course_lib.units import PFLOP_DAY, SECONDS_PER_DAY, format_count, format_flop


@question("1.1", "What a training costs", slides="S1", badge=Badge(difficulty=1, importance=3, minutes=3))
def cost_of_a_run(pick: Pick) -> Number:
    """The cost of one published run, by 6PD."""
    run = catalog.training_run(pick("PaLM 540B", "GPT-3 175B", "BLOOM 176B", "LLaMA 33B", "Llama 2 70B"))
    P, D = run.parameters, run.tokens
    published = f"Its authors report {format_flop(run.reported_flop)}." if run.reported_flop else "That is 6PD."
    return Number(
        given={
            "model": named(run),
            "parameters": counted(P, digits=4),
            "tokens": counted(D),
        },
        answer=training_flop(P, D),
        unit="FLOP",
        tolerance=0.01,
        also={"PFLOP-days": 1 / PFLOP_DAY, "ZFLOP": 1e-21},
        note=published,
        wrong=(
            Wrong(2 * P * D, "That is the forward pass alone. Training also runs backward."),
            Wrong(3 * P * D, "Each multiply-accumulate was counted once; it is a multiplication and an addition."),
            Wrong(4 * P * D, "Either the forward pass is missing, or the backward pass was taken to be equal to it."),
            Wrong(8 * P * D, "That runs the forward pass twice, as full recomputation does; the rule does not."),
            Wrong(6 * P, "The tokens are missing: this is the cost of one token."),
            Wrong(6 * P * 20 * P, "Those are the tokens of the rule D = 20P; this run has its own."),
        ),
    )


@question("1.2", "How long it takes", slides="S1", badge=Badge(difficulty=2, importance=3, minutes=5))
def days_of_a_run(pick: Pick) -> Number:
    """The days of one published run at 40 %, to hold against what was reported."""
    run = catalog.training_run(pick("BLOOM 176B", "LLaMA 65B", "Llama 3.1 405B", "Pythia 12B", "Falcon 180B"))
    chip = catalog.accelerator(run.accelerator)
    number, hours = reported(run.num_accelerators), reported(run.accelerator_hours)
    peak, utilisation = chip.fp16_bf16_flop_per_second, 0.40
    days = training_flop(run.parameters, run.tokens) / (number * peak * utilisation) / SECONDS_PER_DAY
    really = hours / number / 24
    return Number(
        given={
            "model": named(run),
            "parameters": counted(run.parameters),
            "tokens": counted(run.tokens),
            "accelerators": Fact(number, f"of the kind {chip.name}"),
            "peak": Fact(peak, "FLOP/s each, dense 16-bit arithmetic, as advertised"),
            "utilisation": Fact(utilisation, "of the peak is achieved"),
        },
        answer=days,
        unit="days",
        tolerance=0.01,
        also={"hours": 24, "seconds": SECONDS_PER_DAY, "weeks": 1 / 7},
        note=f"The reported hours come to {really:.1f} days: your estimate is {days / really:.2f} times that, "
        f"so the run reached {utilisation * days / really:.0%} of its peak.",
        wrong=(
            Wrong(days * utilisation, "That takes the advertised rate for the achieved one: utilisation is missing."),
            Wrong(days * utilisation**2, "The utilisation is upside down: a lower one must make the run longer."),
            Wrong(days * number, "That is the time on a single accelerator: there are more, and they share the work."),
            Wrong(days * number * 24, "Those are accelerator-hours, a cost. The question asks how long one waits."),
            Wrong(days / 3, "That is the forward pass alone. Training also runs backward."),
            Wrong(days / 2, "Half the work is missing: is each multiply-accumulate counted as two FLOP?"),
            Wrong(days * 2 / 3, "The backward pass costs twice the forward pass, not the same."),
        ),
    )


@question("1.3", "The forward pass", slides="S2", badge=Badge(difficulty=1, importance=3, minutes=3))
def write_forward_flop(pick: Pick) -> Function:
    """Write 2PD."""
    return Function(
        name="forward_flop",
        reference=forward_flop,
        cases=((7e9, 1e12), (174_604_259_328, 1), (0, 1e9)),
        generate=lambda rng: (float(rng.integers(1, 10**12)), float(rng.integers(1, 10**13))),
        note="Every weight meets every token once, at one multiplication and one addition.",
        wrong=(
            Wrong(lambda P, D: P * D, "A multiply-accumulate was counted as one FLOP: name its two operations."),
            Wrong(lambda P, D: 6 * P * D, "That is the whole training, forward and backward."),
            Wrong(lambda P, D: 4 * P * D, "That is the backward pass."),
            Wrong(lambda P, D: 2 * P, "That is the cost of one token: `tokens` is not used."),
            Wrong(lambda P, D: 2 * (P + D), "Parameters and tokens were added. Each parameter meets each token."),
        ),
    )


@question("1.4", "The backward pass", slides="S2", badge=Badge(difficulty=2, importance=3, minutes=4))
def write_backward_flop(pick: Pick) -> Function:
    """Write 4PD."""
    return Function(
        name="backward_flop",
        reference=backward_flop,
        cases=((7e9, 1e12), (174_604_259_328, 1), (0, 1e9)),
        generate=lambda rng: (float(rng.integers(1, 10**12)), float(rng.integers(1, 10**13))),
        note="Two products where the forward pass has one: the weights' gradient and the input's.",
        wrong=(
            Wrong(lambda P, D: 2 * P * D, "That is as much as the forward pass. Which gradients does each layer need?"),
            Wrong(lambda P, D: 6 * P * D, "That is the whole training, the forward pass included."),
            Wrong(lambda P, D: P * D, "One gradient is missing, and each multiply-accumulate was counted as one FLOP."),
            Wrong(lambda P, D: 4 * P, "That is the cost of one token: `tokens` is not used."),
            Wrong(
                lambda P, D: 3 * P * D,
                "Training is three times the forward pass. How much of it runs backward, in FLOP?",
            ),
        ),
    )


@question("1.5", "One linear layer by hand", slides="S2", badge=Badge(difficulty=2, importance=2, minutes=5))
def one_linear_layer(pick: Pick) -> Number:
    """Forward and backward FLOP of the first MLP matrix of a released model."""
    model = catalog.model(pick("GPT-2 124M", "GPT-2 medium", "GPT-2 large", "GPT-2 XL", "BLOOM 176B"))
    inputs, outputs, tokens = model.hidden, model.mlp_hidden, model.context
    macs = inputs * outputs * tokens
    return Number(
        given={
            "model": Fact(model.name, "the first matrix of its MLP, in one layer"),
            "inputs": Fact(inputs, "numbers go in for each token"),
            "outputs": Fact(outputs, "numbers come out for each token"),
            "tokens": Fact(tokens, "tokens, one full context"),
        },
        answer=6 * macs,
        unit="FLOP",
        tolerance=0,
        also={"GFLOP": 1e-9},
        note="Three products of one size, each at two FLOP a weight and token.",
        wrong=(
            Wrong(2 * macs, "That is the forward pass alone; the question asks for both passes."),
            Wrong(4 * macs, "One product is missing: backward gives the weights' gradient and the input's."),
            Wrong(3 * macs, "All three products are there, counted in multiply-accumulates. In FLOP, each is two."),
            Wrong(macs, "That is one product in multiply-accumulates: count the FLOP, and the backward pass."),
            Wrong(6 * inputs * outputs, "That is the cost for one token; the question has more of them."),
            Wrong(6 * inputs * inputs * tokens, "The matrix is not square: the outputs are missing."),
        ),
    )


@question("1.6", "Multiply-accumulates", slides="S2", badge=Badge(difficulty=1, importance=3, minutes=2))
def macs_or_flop(pick: Pick) -> Choice:
    """Read a count of multiply-accumulates as FLOP."""
    model = catalog.model(pick("GPT-2 XL", "GPT-2 124M", "Llama 2 7B", "Llama 3.1 8B"))
    macs = model.parameters * model.context
    return Choice(
        given={
            "model": Fact(model.name, f"{format_count(model.parameters)} parameters"),
            "tokens": Fact(model.context, "tokens, one forward pass"),
            "printed": Fact(macs, "multiply-accumulates, printed by a counting tool"),
        },
        answer="The forward pass takes twice the printed number in FLOP, training on these tokens six times it.",
        note="Look at the unit before you compare two tools: a factor of two between them is nearly always this one.",
        wrong=(
            Wrong(
                "The forward pass takes the printed number in FLOP, training on these tokens three times it.",
                "That takes a multiply-accumulate for one FLOP. It is a multiplication and an addition.",
            ),
            Wrong(
                "The forward pass takes half the printed number in FLOP, training on these tokens 1.5 times it.",
                "The factor is upside down: is one multiply-accumulate more than one FLOP, or less?",
            ),
            Wrong(
                "It cannot be said: how many FLOP that is depends on the hardware.",
                "The hardware decides how fast the work is done (FLOP/s), not how much work there is (FLOP).",
            ),
            Wrong(
                "The forward pass takes twice the printed number in FLOP, training on these tokens four times it.",
                "The first half is right. The backward pass is not equal to the forward pass.",
            ),
        ),
    )


@question(
    "1.7", "Find the error", slides="S1 S2", badge=Badge(difficulty=2, importance=3, minutes=5), kind="find the error"
)
def find_the_error(pick: Pick) -> Choice:
    """A calculation of the days of a run that takes hours for days."""
    run = catalog.training_run(pick("LLaMA 65B", "BLOOM 176B", "Falcon 180B", "Llama 3.1 405B"))
    peak = catalog.accelerator(run.accelerator).fp16_bf16_flop_per_second
    number, hours = reported(run.num_accelerators), reported(run.accelerator_hours)
    flop = training_flop(run.parameters, run.tokens)
    utilisation = round(flop / (hours * 3600 * peak), 2)
    rate = number * peak * utilisation
    cost = f"C = 6 x {run.parameters:.4g} x {run.tokens:.3g} = {flop:.3g} FLOP"
    achieved = f"achieved rate = {number:,} x {peak:.4g} FLOP/s x {utilisation} = {rate:.3g} FLOP/s"
    seconds = f"T = C / achieved rate = {flop / rate:.3g} s"
    days = f"T = {flop / rate:.3g} s / 3600 = {flop / rate / 3600:.3g} days"
    nothing = "Every line is right."
    return Choice(
        given={
            "model": named(run),
            "parameters": counted(run.parameters),
            "tokens": counted(run.tokens),
            "accelerators": Fact(number, f"of the kind {run.accelerator}"),
            "peak": Fact(peak, "FLOP/s each, dense 16-bit arithmetic, as advertised"),
            "utilisation": Fact(utilisation, "of the peak was achieved"),
            "reported_hours": Fact(hours, "accelerator-hours, all accelerators together"),
        },
        order=(cost, achieved, seconds, days, nothing),
        answer=days,
        note="There are 3,600 seconds in an hour: those are hours, called days.",
        wrong=(
            Wrong(cost, "That line holds: two FLOP a weight and token forward, twice that backward."),
            Wrong(achieved, "That line holds: accelerators, times the peak of each, times the share achieved."),
            Wrong(seconds, "That line holds: a count of FLOP, divided by FLOP/s, leaves seconds."),
            Wrong(nothing, "Hold the last line against the reported accelerator-hours, divided by the accelerators."),
        ),
    )


@question(
    "1.8", "What a run achieved", slides="S1", badge=Badge(difficulty=3, importance=2, minutes=5), kind="estimate"
)
def utilisation_of_a_run(pick: Pick) -> Number:
    """The utilisation of a published run from its accelerator-hours."""
    run = catalog.training_run(pick("Gopher 280B", "Llama 3.1 405B", "BLOOM 176B", "Falcon 180B", "Pythia 6.9B"))
    peak = catalog.accelerator(run.accelerator).fp16_bf16_flop_per_second
    number, hours = reported(run.num_accelerators), reported(run.accelerator_hours)
    achieved = training_flop(run.parameters, run.tokens) / (hours * 3600)
    share = achieved / peak
    published = f"Published: {run.reported_mfu}, from a closer count." if run.reported_mfu else "A believable value."
    return Number(
        given={
            "model": named(run),
            "parameters": counted(run.parameters),
            "tokens": counted(run.tokens),
            "accelerators": Fact(number, f"of the kind {run.accelerator}"),
            "accelerator_hours": Fact(hours, "hours, all accelerators together, as reported"),
            "peak": Fact(peak, "FLOP/s each, dense 16-bit arithmetic, as advertised"),
        },
        answer=share,
        unit="",
        tolerance=0.02,
        also={"per cent": 100},
        note=published,
        wrong=(
            Wrong(share * 3600, "A utilisation above 1 cannot be. Are hours divided as if they were seconds?"),
            Wrong(share / number, "The hours already count every accelerator: the number was divided by twice."),
            Wrong(share * number, "The accelerator-hours are those of all accelerators, not of each."),
            Wrong(share / 3, "That is the forward pass alone. Training also runs backward."),
            Wrong(share / 2, "Half of it: was each multiply-accumulate counted once, or the peak taken with sparsity?"),
            Wrong(share * 2 / 3, "The backward pass costs twice the forward pass, not the same."),
            Wrong(share * 4 / 3, "That counts recomputation as work. The model's own FLOP are fewer."),
            Wrong(achieved, "That is the achieved rate in FLOP/s of one accelerator. What share of its peak is it?"),
            Wrong(1 / share, "That is upside down: the achieved rate is below the peak."),
        ),
    )


@question("1.9", "Where 6PD breaks", slides="S2", badge=Badge(difficulty=3, importance=2, minutes=6))
def share_of_attention(pick: Pick) -> Number:
    """What attention's products of tokens with tokens add to 2P a token."""
    model = catalog.model(pick("GPT-2 XL", "GPT-2 124M", "GPT-2 large", "Llama 2 7B", "Llama 3.1 8B"))
    shape = TransformerShape.from_catalog(model.name)
    attention = 4 * shape.layers * shape.hidden * shape.sequence
    share = attention / forward_flop(model.parameters, 1)
    return Number(
        given={
            "model": named(model),
            "parameters": counted(model.parameters),
            "layers": Fact(shape.layers, "a count"),
            "heads": Fact(shape.heads, "a count, in each layer"),
            "hidden": Fact(shape.hidden, "the width of a layer"),
            "sequence": Fact(shape.sequence, "tokens, one full context"),
        },
        answer=share,
        unit="",
        tolerance=0.02,
        also={"per cent": 100},
        note="It grows with sequence / hidden: watch small models and long contexts.",
        wrong=(
            Wrong(share / 2, "Half of it: scores and values are two products, and a multiply-accumulate is two FLOP."),
            Wrong(share * 3, "The 12 is for the whole training. Compare the forward pass with the forward pass."),
            Wrong(share / 3, "That divides forward work by the work of the whole training."),
            Wrong(share / shape.layers, "That is one layer's attention, against the weights of all layers."),
            Wrong(share * shape.heads, "The heads share the hidden width among them; their number does not matter."),
            Wrong(share / shape.sequence, "Each token attends to every token of the sequence, not to one."),
            Wrong(share * shape.sequence, "That is attention for the whole sequence against weights for one token."),
            Wrong(1 + share, "That is rule and attention together; the question asks for what is added."),
        ),
    )
