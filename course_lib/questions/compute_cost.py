"""Set 1, compute cost: slides S1 and S2."""

from __future__ import annotations

from course_lib import catalog
from course_lib.compute_cost import TransformerShape, forward_flop, training_flop
from course_lib.memory import parameter_bytes
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
        also={"hours": 24, "minutes": 24 * 60, "seconds": SECONDS_PER_DAY, "weeks": 1 / 7},
        note=f"The reported hours come to {really:.1f} days: your estimate is {days / really:.2f} times that, "
        f"so the run reached {utilisation * days / really:.0%} of its peak.",
        wrong=(
            Wrong(days * utilisation, "That takes the advertised rate for the achieved one: utilisation is missing."),
            Wrong(days * utilisation**2, "The utilisation is upside down: a lower one must make the run longer."),
            Wrong(days * number, "That is the time on a single accelerator: there are more, and they share the work."),
            Wrong(days * number * 24, "Those are accelerator-hours, a cost. The question asks how long one waits."),
            Wrong(
                days * (peak * utilisation) ** 2,
                "Only the number of accelerators was divided by. Put all that makes the achieved rate in brackets.",
            ),
            Wrong(days / 3, "That is the forward pass alone. Training also runs backward."),
            Wrong(days / 2, "Half the work is missing: is each multiply-accumulate counted as two FLOP?"),
            Wrong(days * 2 / 3, "The backward pass costs twice the forward pass, not the same."),
        ),
    )


@question("1.3", "A mixture of experts", slides="S2", badge=Badge(difficulty=1, importance=3, minutes=4))
def write_mixture_needs(pick: Pick) -> Function:
    """Write 2PD with the active parameters, and the bytes of all of them."""
    return Function(
        name="mixture_needs",
        reference=mixture_needs,
        cases=((671e9, 37e9, 1e12), (100e9, 10e9, 1), (8e9, 8e9, 0)),
        generate=lambda rng: (
            float(rng.integers(10**10, 10**12)),
            float(rng.integers(1, 10**10)),
            float(rng.integers(1, 10**13)),
        ),
        note="Active parameters for compute, all of them for memory.",
        wrong=(
            Wrong(
                lambda total, active, tokens: (2 * total * tokens, 2 * total),
                "Every parameter was put to work. Which of them does one token meet?",
            ),
            Wrong(
                lambda total, active, tokens: (2 * active * tokens, 2 * active),
                "The memory does not follow the active parameters: the next token may need any of the others.",
            ),
            Wrong(
                lambda total, active, tokens: (2 * total * tokens, 2 * active),
                "The two are swapped: some parameters work on a token, but all must be at hand.",
            ),
            Wrong(
                lambda total, active, tokens: (2 * total, 2 * active * tokens),
                "Both numbers are right and stand in the wrong order: the FLOP come first.",
            ),
            Wrong(
                lambda total, active, tokens: (6 * active * tokens, 2 * total),
                "That is the whole training. The question asks for the forward pass.",
            ),
            Wrong(
                lambda total, active, tokens: (active * tokens, 2 * total),
                "A multiply-accumulate was counted as one FLOP: name its two operations.",
            ),
            Wrong(
                lambda total, active, tokens: (2 * active, 2 * total),
                "The FLOP are those of one token: `tokens` is not used.",
            ),
            Wrong(
                lambda total, active, tokens: (2 * active * tokens, total),
                "The second number counts parameters. How many bytes does each take?",
            ),
        ),
    )


def mixture_needs(total: float, active: float, tokens: float) -> tuple[float, float]:
    """Return the forward FLOP of a mixture of experts and the bytes of its 16-bit weights."""
    return forward_flop(active, tokens), parameter_bytes(total, "bf16")


@question("1.4", "Frozen layers", slides="S2", badge=Badge(difficulty=2, importance=3, minutes=6))
def write_finetuning_flop(pick: Pick) -> Function:
    """Write 6PD for the trained layers, and 4PD for frozen ones between them and the loss."""
    return Function(
        name="finetuning_flop",
        reference=finetuning_flop,
        cases=((1e9, 6e9, 1e9), (174_604_259_328, 1, 1), (0, 7e9, 1e6), (7e9, 0, 1e6)),
        generate=lambda rng: tuple(float(rng.integers(1, 10**12)) for _ in range(3)),
        note="A frozen layer saves the gradient of its weights; the gradient of its input must still pass.",
        wrong=(
            Wrong(
                lambda trained, frozen, tokens: 6 * (trained + frozen) * tokens,
                "That trains every layer. Which product serves nothing but the change of the weights?",
            ),
            Wrong(
                lambda trained, frozen, tokens: (6 * trained + 2 * frozen) * tokens,
                "The frozen layers run forward there, not backward. How does a gradient reach the layers before them?",
            ),
            Wrong(
                lambda trained, frozen, tokens: 6 * trained * tokens,
                "The frozen layers cost nothing there. Does a token not go through them?",
            ),
            Wrong(
                lambda trained, frozen, tokens: (4 * trained + 2 * frozen) * tokens,
                "That is the backward pass alone. The question asks for both passes.",
            ),
            Wrong(
                lambda trained, frozen, tokens: (3 * trained + 2 * frozen) * tokens,
                "The products are right, counted in multiply-accumulates. In FLOP, each is two.",
            ),
            Wrong(
                lambda trained, frozen, tokens: 4 * (trained + frozen) * tokens,
                "The trained layers need the gradient of their weights too.",
            ),
            Wrong(
                lambda trained, frozen, tokens: (4 * trained + 6 * frozen) * tokens,
                "The two parts are exchanged: the weights of which layers change?",
            ),
            Wrong(
                lambda trained, frozen, tokens: 6 * trained + 4 * frozen,
                "That is the cost of one token: `tokens` is not used.",
            ),
        ),
    )


def finetuning_flop(trained: float, frozen: float, tokens: float) -> float:
    """Return the FLOP of forward and backward where `frozen` parameters lie between the trained ones and the loss."""
    input_gradients = forward_flop(frozen, tokens)
    return float(training_flop(trained, tokens) + forward_flop(frozen, tokens) + input_gradients)


@question("1.5", "One linear layer by hand", slides="S2", badge=Badge(difficulty=2, importance=2, minutes=5))
def one_linear_layer(pick: Pick) -> Number:
    """Forward and backward FLOP of the first MLP matrix of a released model."""
    model = catalog.model(pick("GPT-2 124M", "GPT-2 medium", "GPT-2 large", "GPT-2 XL", "BLOOM 176B"))
    inputs, outputs, tokens = model.hidden, model.mlp_hidden, model.context
    macs = inputs * outputs * tokens
    first_additions = inputs * outputs + inputs * tokens + outputs * tokens
    return Number(
        given={
            "model": Fact(model.name, "in one layer, the first matrix of its MLP, the part after attention"),
            "inputs": Fact(inputs, "numbers go in for each token"),
            "outputs": Fact(outputs, "numbers come out for each token"),
            "tokens": Fact(tokens, "tokens, one full context"),
        },
        answer=training_flop(inputs * outputs, tokens),
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
            Wrong(
                6 * macs - first_additions,
                "A sum of n products was taken for n - 1 additions. The lesson counts the first one, to zero, as well.",
            ),
            Wrong(
                6 * macs - 3 * outputs * tokens,
                "The first addition of each sum, the one to zero, is missing; it counts, as in a multiply-accumulate.",
            ),
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
    published = (
        f"Published: {run.reported_mfu}, from the speed while training runs; the hours include restarts and waiting."
        if run.reported_mfu
        else "A believable value."
    )
    recomputed = "Recomputed work is in the reported FLOP. It counts in HFU, not in MFU: recomputing raises no MFU."
    counted_by_authors = (run.reported_flop or 0) / (hours * 3600 * peak)
    differs = abs(counted_by_authors / share - 1) > 0.1 and run.reported_flop
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
            Wrong(
                share * 3600**2,
                "The seconds of an hour multiply where they should divide: put all seconds in brackets.",
            ),
            Wrong(share / number, "The hours already count every accelerator: the number was divided by twice."),
            Wrong(share * number, "The accelerator-hours are those of all accelerators, not of each."),
            Wrong(share / 3, "That is the forward pass alone. Training also runs backward."),
            Wrong(share / 2, "Half of it: was each multiply-accumulate counted once, or the peak taken with sparsity?"),
            Wrong(share * 2 / 3, "The backward pass costs twice the forward pass, not the same."),
            Wrong(
                share * 4 / 3,
                "That runs the forward pass twice. Recomputed work counts in HFU; MFU takes the model's own FLOP.",
            ),
            *([Wrong(counted_by_authors, recomputed)] if differs else []),
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
            "heads": Fact(shape.heads, "parts that attention is split into, in each layer"),
            "hidden": Fact(shape.hidden, "the width of a layer"),
            "sequence": Fact(shape.sequence, "tokens, one full context"),
        },
        answer=share,
        unit="",
        tolerance=0.02,
        also={"per cent": 100},
        note="Causal-halved, it is half of that. It grows with sequence / hidden: watch long contexts.",
        wrong=(
            Wrong(
                share / 2,
                "Half of it: causal-halved? The question counts every token with every other. Or is one of the two "
                "products, scores or values, missing?",
            ),
            Wrong(
                share / (1 + share),
                "That is attention's share of rule and attention together. Compare it with the rule's FLOP alone.",
            ),
            Wrong(share * 2, "Twice too much: by the rule, a parameter takes two FLOP of a token, not one."),
            Wrong(share * 3, "The 12 is for the whole training. Compare the forward pass with the forward pass."),
            Wrong(share / 3, "That divides forward work by the work of the whole training."),
            Wrong(share / shape.layers, "That is one layer's attention, against the weights of all layers."),
            Wrong(share * shape.heads, "The heads share the hidden width among them; their number does not matter."),
            Wrong(
                share / shape.sequence,
                "The sequence is lost, or divided by: one token attends to all of it, and meets each weight once.",
            ),
            Wrong(share * shape.sequence, "That is attention for the whole sequence against weights for one token."),
            Wrong(
                share * model.parameters**2,
                "The parameters multiply where they should divide: put the FLOP of the rule in brackets.",
            ),
            Wrong(1 + share, "That is rule and attention together; the question asks for what is added."),
        ),
    )


@question("1.10", "Count a whole model", slides="S2", badge=Badge(difficulty=2, importance=3, minutes=6))
def forward_counted(pick: Pick) -> Number:
    """The forward FLOP of one token, product by product, for models whose width is not their sequence."""
    model = catalog.model(pick("GPT-2 large", "GPT-2 124M", "GPT-2 XL", "GPT-3 175B"))
    shape = TransformerShape.from_catalog(model.name)
    layers, hidden, vocab, sequence = shape.layers, shape.hidden, shape.vocab, shape.sequence
    parameters = shape.parameters()["total"]
    answer = int(shape.forward_flop(1))
    attention, output = 4 * layers * hidden * sequence, 2 * vocab * hidden
    weights = answer - attention - output
    rule = int(forward_flop(parameters, 1))
    return Number(
        given={
            "model": named(model),
            "layers": Fact(layers, "a count"),
            "hidden": Fact(hidden, "the width of a layer"),
            "sequence": Fact(sequence, "tokens, one full context"),
            "vocabulary": Fact(vocab, "tokens that there are to guess from"),
            "parameters": Fact(parameters, "the sum of all its tables and matrices, norms and biases"),
        },
        answer=answer,
        unit="FLOP",
        tolerance=0,
        also={"GFLOP": 1e-9},
        note=f"That is {answer / rule - 1:.0%} more than the rule's 2P a token.",
        wrong=(
            Wrong(
                rule,
                "That is the rule, 2P. It counts the table of positions, which is only looked up, and leaves out "
                "attention's products of tokens with tokens.",
            ),
            Wrong(rule + attention, "Not every parameter multiplies a token: one of the tables is only looked up."),
            Wrong(answer - attention, "Those are the products with weights. Tokens are also multiplied with tokens."),
            Wrong(answer - output, "Products are missing that come after the last layer: how is a token guessed?"),
            Wrong(answer - attention - output, "That is the layers' weights alone: two kinds of products are missing."),
            Wrong(answer + output, "The table of tokens is multiplied once, at the end; looking it up takes no FLOP."),
            Wrong(answer - attention // 2, "Half of attention: causal-halved, or without its scores or its values."),
            Wrong(answer // 2, "Those are multiply-accumulates. Each is a multiplication and an addition."),
            Wrong(3 * answer, "That is forward and backward. The question asks for the forward pass."),
            Wrong(answer * sequence, "That is the cost of the full context; the question asks for one token of it."),
            Wrong((weights + attention) // layers + output, "Only one layer is counted there, and the model has more."),
            Wrong(
                weights + output + attention // sequence,
                "The sequence is lost: one token attends to all the others.",
            ),
            Wrong(
                answer - 8 * layers * hidden**2,
                "One of the two matrices with a side of four times the width is missing.",
            ),
            Wrong(
                answer - 2 * layers * hidden**2,
                "The square matrix, the second one, is missing, or the first was taken to be smaller.",
            ),
        ),
    )


@question("1.11", "From a trial to a run", slides="S1", badge=Badge(difficulty=2, importance=3, minutes=5))
def days_from_a_trial(pick: Pick) -> Number:
    """The days of a large run at the utilisation that a small model's trial showed, on another number of GPUs."""
    run = catalog.training_run(pick("LLaMA 65B", "Falcon 180B", "BLOOM 176B", "Llama 3.1 405B", "Pythia 12B"))
    chip, small = catalog.accelerator(run.accelerator), catalog.model("GPT-2 XL")
    number, peak, few, trial_tokens = reported(run.num_accelerators), chip.fp16_bf16_flop_per_second, 8, 1e9
    trial_flop, flop = training_flop(small.parameters, trial_tokens), training_flop(run.parameters, run.tokens)
    trial_seconds = float(f"{trial_flop / (few * peak * 0.37):.3g}")
    utilisation = trial_flop / (trial_seconds * few * peak)
    days = flop / (number * peak * utilisation) / SECONDS_PER_DAY
    return Number(
        given={
            "model": named(run),
            "parameters": counted(run.parameters),
            "tokens": counted(run.tokens),
            "accelerators": Fact(number, f"of the kind {chip.name}"),
            "peak": Fact(peak, "FLOP/s each, dense 16-bit arithmetic, as advertised"),
            "trial_parameters": counted(small.parameters),
            "trial_tokens": counted(trial_tokens),
            "trial_accelerators": Fact(few, "of the same kind"),
            "trial_seconds": Fact(trial_seconds, "seconds, measured"),
        },
        answer=days,
        unit="days",
        tolerance=0.01,
        also={"hours": 24, "minutes": 24 * 60, "seconds": SECONDS_PER_DAY, "weeks": 1 / 7},
        note=f"The trial reached {utilisation:.0%} of its peak. That the large run does, too, is what you assume.",
        wrong=(
            Wrong(days * utilisation, "That is by the advertised rate. The trial tells what is achieved."),
            Wrong(days * utilisation**2, "The utilisation is upside down: a lower one must make the run longer."),
            Wrong(
                days / utilisation,
                "The utilisation counts twice: the rate that the trial achieved is below the peak already.",
            ),
            Wrong(days * utilisation / 0.40, "That is by the 40 % of the lesson. What did this trial achieve?"),
            Wrong(days / 6, "The 6 of 6PD is missing in the run."),
            Wrong(days * 6, "The 6 of 6PD is missing in the trial."),
            Wrong(days / few, "The rate of the trial is that of all its accelerators together, not of each."),
            Wrong(days * few, "The trial's accelerators were divided by twice."),
            Wrong(days * number / few, "That is the time on the trial's accelerators. The run has more of them."),
            Wrong(days * number, "That is the time on a single accelerator: there are more, and they share the work."),
            Wrong(days * number * 24, "Those are accelerator-hours, a cost. The question asks how long one waits."),
            Wrong(
                days * small.parameters / run.parameters,
                "Only the tokens were scaled up. Does a token of the large model take no more FLOP?",
            ),
            Wrong(
                days * trial_tokens / run.tokens,
                "Only the parameters were scaled up. The run also reads more tokens than the trial.",
            ),
            Wrong(days / 3, "The trial trained, and so does the run: its forward pass alone is a third of the work."),
            Wrong(days * 3, "The rate of the trial is too low: training took its time, not the forward pass alone."),
            Wrong(days * 2, "Twice too long: a multiply-accumulate was one FLOP in the trial and two in the run."),
            Wrong(days / 2, "Half the work is missing: is each multiply-accumulate of the run counted as two FLOP?"),
        ),
    )
