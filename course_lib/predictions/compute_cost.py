"""What lesson 1 asks before it shows: compute cost, slides S1 and S2."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from course_lib import catalog
from course_lib.compute_cost import (
    TransformerShape,
    forward_flop,
    model_flop_utilization,
    throughput,
    training_flop,
    training_seconds,
)
from course_lib.predictions.prediction import Known, Prediction, prediction
from course_lib.tiny_transformer import TINY
from course_lib.tiny_transformer.stopwatch import reference
from course_lib.units import SECONDS_PER_DAY, format_rate, format_seconds

DAYS_PER_YEAR = 365.25
COST = Known(3.14e23, "3.14e23 FLOP")
PEAK = Known(312e12, "312 TFLOP/s")
RULE = Known(lambda P, D: 6 * P * D, "six operations for every parameter and every token")
FORWARD = Known(lambda P, D: 2 * P * D, r"C_\text{forward} \approx 2PD")
RATE = Known(
    lambda number, peak, share: number * peak * share,
    r"\tau = \text{accelerators} \times \text{peak FLOP/s} \times \text{utilisation}",
)
TIME = Known(lambda flop, rate: flop / rate, r"T = C / \tau")
COUNTED = replace(TINY, hidden=256, sequence=32)
"""The small GPT whose products the lesson counts."""


@prediction("1a")
def cost_of_gpt_3() -> Prediction:
    """The cost of GPT-3, as a power of ten."""
    run = catalog.training_run("GPT-3 175B")
    return Prediction(
        asks="GPT-3 has 174.6 B parameters (1 B is 10⁹) and was trained on 300 B tokens. What is its cost nearest to?",
        options={"10²⁰ FLOP": 1e20, "10²³ FLOP": 1e23, "10²⁶ FLOP": 1e26},
        truth=training_flop(run.parameters, run.tokens),
        facts={"P": Known(174.6e9, "174.6 B parameters"), "D": Known(300e9, "300 B tokens"), "rule": RULE},
        reason=lambda P, D, rule: rule(P, D),
        shown=("3.14e+23", "3.14e23"),
    )


def _seconds_of_gpt_3(num_gpus: int, utilization: float) -> Any:
    run, peak = catalog.training_run("GPT-3 175B"), catalog.accelerator("A100 80GB").fp16_bf16_flop_per_second
    return training_seconds(training_flop(run.parameters, run.tokens), throughput(num_gpus, peak, utilization))


@prediction("1b")
def years_on_one_accelerator() -> Prediction:
    """The years that one A100 would take for GPT-3, typed."""
    return Prediction(
        asks="How long would one A100 need for GPT-3, at the rate that is advertised? A year has 3.2 × 10⁷ seconds.",
        unit="years",
        truth=_seconds_of_gpt_3(1, 1.0) / (DAYS_PER_YEAR * SECONDS_PER_DAY),
        facts={"flop": COST, "peak": PEAK, "time": TIME, "year": Known(3.2e7, "3.2 × 10⁷ seconds")},
        reason=lambda flop, peak, time, year: time(flop, peak) / year,
        shown=("31.9 years",),
    )


@prediction("1c")
def days_on_a_cluster() -> Prediction:
    """The days of GPT-3 on 1,024 A100 at 40 %: the advertised rate and the utilisation taken twice are wrong."""
    return Prediction(
        asks="1,024 A100 train GPT-3 at a utilisation of 40 %. How long does it take?",
        options={"about 5 days": 5, "about 11 days": 11, "about a month": 30, "about two months": 60},
        truth=_seconds_of_gpt_3(1024, 0.40) / SECONDS_PER_DAY,
        facts={
            "years": Known(31.9, "31.9 years on one A100"),
            "number": Known(1024, "1,024 A100"),
            "share": Known(0.4, "40 %"),
            "rate": RATE,
        },
        reason=lambda years, number, share, rate: years * DAYS_PER_YEAR / rate(number, 1, share),
        shown=("28.5 days",),
    )


@prediction("1d")
def flop_of_one_layer() -> Prediction:
    """The FLOP of a layer of 3 inputs and 2 outputs: multiply-accumulates and n - 1 additions are wrong."""
    return Prediction(
        asks=(
            "A layer has 3 inputs and 2 outputs. Each output is a sum that starts at zero: every input, times a weight "
            "of its own, is added to it. Count each multiplication and each addition. How many FLOP are that, for "
            "one token?"
        ),
        options={"5": 5, "6": 6, "10": 10, "12": 12},
        truth=forward_flop(3 * 2, 1),
        facts={
            "inputs": Known(3, "3 inputs"),
            "outputs": Known(2, "2 outputs"),
            "additions": Known(lambda terms: terms, "a sum that starts at zero"),
            "flop": Known(lambda multiplied, added: multiplied + added, "one addition or one multiplication"),
        },
        reason=lambda inputs, outputs, additions, flop: flop(inputs * outputs, outputs * additions(inputs)),
        shown=("12 FLOP",),
    )


@prediction("1e")
def gradient_of_one_weight() -> Prediction:
    """What a small step of one weight does to the loss: x g, not g, w g or x."""
    return Prediction(
        asks=(
            "One weight, one token: y = w x with w = 3 and x = 2. The layers after it say g = 0.5: where y grows by 1, "
            "the loss grows by 0.5. Now w grows by 1. By how much does the loss grow?"
        ),
        options={"0.5": 0.5, "1": 1, "1.5": 1.5, "2": 2},
        truth=_change_of_the_loss(weight=3, number=2, gradient=0.5),
        facts={
            "number": Known(2, "x = 2"),
            "gradient": Known(0.5, "g = 0.5"),
            "chain": Known(lambda outer, inner: outer * inner, "the chain rule"),
        },
        reason=lambda number, gradient, chain: chain(gradient, number),
        shown=("for the weight: 1.0",),
    )


def _change_of_the_loss(weight: float, number: float, gradient: float) -> float:
    return gradient * ((weight + 1) * number - weight * number)


@prediction("1f")
def product_for_the_weights() -> Prediction:
    """Which product has the shape of the weights, and a sum over the tokens."""
    products = {
        "X G": ((4, 3), (4, 2)),
        "G Wᵀ": ((4, 2), (2, 3)),
        "Xᵀ G": ((3, 4), (4, 2)),
        "W Gᵀ": ((3, 2), (2, 4)),
    }
    return Prediction(
        asks=(
            "Now 4 tokens at once: X has the shape 4 × 3, W has 3 × 2, and G, the g of every output, has 4 × 2. The "
            "gradient of W has the shape of W: one number a weight. Which product can it be?"
        ),
        options=products,
        truth=products["Xᵀ G"],
        facts={
            "X": Known((4, 3), "X has the shape 4 × 3"),
            "W": Known((3, 2), "W has 3 × 2"),
            "G": Known((4, 2), "G, the g of every output, has 4 × 2"),
        },
        reason=lambda X, W, G: next(
            (one, other)
            for one in (X, X[::-1], G, W)
            for other in (G, W[::-1], G[::-1])
            if one[1] == other[0] and (one[0], other[1]) == W
        ),
        shown=("X.T @ G",),
    )


@prediction("1g")
def both_passes_counted() -> Prediction:
    """The FLOP of one step of a small GPT; wrong by forward alone, by MACs, and by a forward pass run twice."""
    return Prediction(
        asks=(
            "The GPT has 1,613,056 parameters and reads 32 tokens. What will the count of both passes be nearest to? "
            "1 MFLOP is 10⁶ FLOP."
        ),
        options={"103 MFLOP": 103e6, "155 MFLOP": 155e6, "310 MFLOP": 310e6, "413 MFLOP": 413e6},
        truth=3 * COUNTED.shape.forward_flop(COUNTED.sequence),  # as the count is, to the unit
        facts={
            "P": Known(1_613_056, "1,613,056 parameters"),
            "D": Known(32, "32 tokens"),
            "forward": FORWARD,
            "backward": Known(lambda P, D: 4 * P * D, r"C_\text{backward} \approx 4PD"),
        },
        reason=lambda P, D, forward, backward: forward(P, D) + backward(P, D),
        shown=("313,049,088 FLOP",),
    )


@prediction("1h")
def seconds_of_a_training() -> Prediction:
    """The seconds of a training from the rate of training; wrong by peak, by forward alone, by MFU counted twice."""
    machine, run = reference()
    steps, tokens = run.settings.steps, run.settings.batch * TINY.sequence
    rate = format_rate(machine.training)
    return Prediction(
        asks=(
            f"A GPT of 110,400 parameters is trained for {steps} steps of {tokens} tokens. The course's machine trains "
            f"at {rate}. How long will it need?"
        ),
        options={"about 1 s": 1.3, "about 2 s": 2, "about 6 s": 6, "about 30 s": 30},
        truth=run.predicted,
        facts={
            "P": Known(110_400, "110,400 parameters"),
            "steps": Known(steps, f"{steps} steps"),
            "tokens": Known(tokens, f"{tokens} tokens"),
            "gflop_per_second": Known(float(rate.split()[0]), f"trains at {rate}"),
            "rule": RULE,
            "time": TIME,
        },
        reason=lambda P, steps, tokens, gflop_per_second, rule, time: time(
            rule(P, steps * tokens), gflop_per_second * 1e9
        ),
        shown=(f"predicted {format_seconds(run.predicted)}",),
    )


@prediction("1i")
def twice_the_accelerators() -> Prediction:
    """What twice the accelerators do to the time and to the accelerator-hours."""

    def ratios(rate: Any, time: Any, hours: Any) -> tuple[float, float]:
        once, twice = (time(1.0, rate(number, 1.0, 0.4)) for number in (1, 2))
        return twice / once, hours(2, twice) / hours(1, once)

    return Prediction(
        asks=(
            "You train on twice as many accelerators, at the same utilisation. Accelerator-hours are accelerators "
            "times hours. What becomes of the time, and of the accelerator-hours?"
        ),
        options={
            "Both halve": (0.5, 0.5),
            "The time halves, the hours stay": (0.5, 1.0),
            "The time halves, the hours double": (0.5, 2.0),
        },
        truth=ratios(throughput, training_seconds, lambda number, hours: number * hours),
        facts={
            "rate": RATE,
            "time": TIME,
            "hours": Known(lambda number, hours: number * hours, "accelerators times hours"),
        },
        reason=ratios,
        shown=("the accelerator-hours stay",),
    )


@prediction("1j")
def utilisation_of_llama_2() -> Prediction:
    """The utilisation of a published run; wrong by the forward pass alone, by MACs, and by equal passes."""
    run = catalog.training_run("Llama 2 70B")
    peak = catalog.accelerator(run.accelerator).fp16_bf16_flop_per_second
    return Prediction(
        asks=(
            "Llama 2 70B: 69 B parameters, 2 T tokens (1 T is 10¹²), 1,720,320 A100-hours, all accelerators together. "
            "Which share of the advertised 312 TFLOP/s was achieved?"
        ),
        options={"about 14 %": 0.14, "about 21 %": 0.21, "about 29 %": 0.29, "about 43 %": 0.43},
        truth=model_flop_utilization(
            training_flop(run.parameters, run.tokens), (run.accelerator_hours or 0) * 3600, 1, peak
        ),
        facts={
            "P": Known(69e9, "69 B parameters"),
            "D": Known(2e12, "2 T tokens"),
            "hours": Known(1_720_320, "1,720,320 A100-hours"),
            "peak": PEAK,
            "rule": RULE,
            "mfu": Known(
                lambda flop, seconds, peak: flop / (seconds * peak),
                r"\text{MFU} = \frac{C}{T \times \text{accelerators} \times \text{peak}}",
            ),
        },
        reason=lambda P, D, hours, peak, rule, mfu: mfu(rule(P, D), hours * 3600, peak),
        shown=("MFU 43%",),
    )


@prediction("1k")
def mfu_behind_an_hfu() -> Prediction:
    """The MFU at a speed of 48 % HFU: recomputation does not raise it, and does not leave it."""
    forward, training = forward_flop(1, 1), training_flop(1, 1)
    return Prediction(
        asks=(
            "While it trained, BLOOM's own program showed about 150 TFLOP/s a GPU, 48 % of the peak. It counted about "
            "8PD. Which MFU is the same speed?"
        ),
        options={"36 %": 0.36, "48 %": 0.48, "64 %": 0.64},
        truth=0.48 * training / (training + forward),
        facts={
            "hfu": Known(0.48, "48 % of the peak"),
            "done": Known(lambda PD: 8 * PD, "It counted about 8PD"),
            "mfu": Known(lambda PD: 6 * PD, "MFU takes the model's own 6PD"),
        },
        reason=lambda hfu, done, mfu: hfu * mfu(1) / done(1),
        shown=("MFU 36%",),
    )


SMALL = TransformerShape(layers=4, hidden=128, heads=4, vocab=3000, sequence=1024)
ATTENTION = Known(
    lambda layers, hidden, sequence: 4 * layers * hidden * sequence,
    r"4 \times \text{layers} \times \text{hidden} \times \text{sequence}",
)


@prediction("1l")
def small_model_against_the_rule() -> Prediction:
    """How far the rule is off for a small model, with full attention."""
    return Prediction(
        asks=(
            "A small model has 4 layers, hidden 128, a sequence of 1,024 tokens and 1.31 M parameters. Count "
            "attention in full, each token with every other. How many times 2P does the forward pass of one token cost?"
        ),
        options={"1.02 times": 1.02, "1.2 times": 1.2, "1.7 times": 1.7, "3 times": 3},
        truth=SMALL.forward_flop(1) / forward_flop(SMALL.parameters()["total"], 1),
        facts={
            "layers": Known(4, "4 layers"),
            "hidden": Known(128, "hidden 128"),
            "sequence": Known(1024, "1,024 tokens"),
            "P": Known(1.31e6, "1.31 M parameters"),
            "rule": FORWARD,
            "attention": ATTENTION,
        },
        reason=lambda layers, hidden, sequence, P, rule, attention: (
            1 + attention(layers, hidden, sequence) / rule(P, 1)
        ),
        shown=("small model: 1.70",),
    )


@prediction("1m")
def gpt_3_against_the_rule() -> Prediction:
    """How far the rule is off for GPT-3, in its forward pass, with full attention."""
    shape = TransformerShape.from_catalog("GPT-3 175B")
    return Prediction(
        asks=(
            "GPT-3 has 96 layers, hidden 12,288, a sequence of 2,048 tokens and 174.6 B parameters. By which share is "
            "its true forward cost above 2P a token?"
        ),
        options={"3 %": 0.03, "12 %": 0.12, "70 %": 0.7},
        truth=shape.forward_flop(1) / forward_flop(shape.parameters()["total"], 1) - 1,
        facts={
            "layers": Known(96, "96 layers"),
            "hidden": Known(12288, "hidden 12,288"),
            "sequence": Known(2048, "2,048 tokens"),
            "P": Known(174.6e9, "174.6 B parameters"),
            "rule": FORWARD,
            "attention": ATTENTION,
        },
        reason=lambda layers, hidden, sequence, P, rule, attention: attention(layers, hidden, sequence) / rule(P, 1),
        shown=("GPT-3: 1.03",),
    )


@prediction("1n")
def token_of_a_mixture() -> Prediction:
    """The forward cost of one token of a mixture of experts, by its active parameters."""
    run = catalog.training_run("DeepSeek-V3 (37B active)")
    return Prediction(
        asks=(
            "DeepSeek-V3 is a mixture of experts: it has 671 B parameters, and any one token meets only 37 B of them. "
            "What does its forward pass cost for one token?"
        ),
        options={
            "7.4 × 10¹⁰ FLOP": 7.4e10,
            "2.2 × 10¹¹ FLOP": 2.22e11,
            "1.3 × 10¹² FLOP": 1.342e12,
        },
        truth=forward_flop(run.parameters, 1),
        facts={
            "active": Known(37e9, "meets only 37 B of them"),
            "rule": Known(lambda weights, tokens: 2 * weights * tokens, "Every weight meets every token once"),
        },
        reason=lambda active, rule: rule(active, 1),
        shown=("7.4e+10 FLOP",),
    )
