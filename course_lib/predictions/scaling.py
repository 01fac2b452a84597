"""What lesson 3 asks before it shows: parameters or data, slide S4."""

from __future__ import annotations

from math import sqrt
from typing import Any

from course_lib import catalog
from course_lib.compute_cost import forward_flop, throughput, training_flop
from course_lib.memory import kv_cache_bytes, parameter_bytes
from course_lib.predictions.prediction import Known, Prediction, prediction
from course_lib.questions.question import reported
from course_lib.scaling import (
    BESIROGLU_2024,
    HOFFMANN_2022,
    MINIMUM_TOKENS,
    LossFit,
    chinchilla_tokens,
    compute_optimal,
    fit_iso_flop,
    ladder,
    largest_model_within,
)

CHINCHILLA = 5.76e23
"""The budget of Chinchilla in FLOP: Hoffmann et al. 2022, Table 3."""

ROOT = Known(lambda C: sqrt(C / 120), r"P = \sqrt{C / 120}")
"""The rule of the slide, solved for the parameters."""


@prediction("3a")
def size_for_the_budget_of_chinchilla() -> Prediction:
    """The size that D = 20P gives for Chinchilla's budget."""
    return Prediction(
        asks="Gopher had 280 B parameters and read 300 B tokens. For Chinchilla, its successor, 5.76 × 10²³ FLOP were "
        "at hand. What size does D = 20P advise for them?",
        options={"30 B": 30e9, "70 B": 70e9, "280 B": 280e9, "1,000 B": 1e12},
        truth=compute_optimal(CHINCHILLA)[0],
        facts={"C": Known(CHINCHILLA, "5.76 × 10²³ FLOP"), "rule": ROOT},
        reason=lambda C, rule: rule(C),
        shown=("69.3 B",),
    )


@prediction("3b")
def size_for_four_times_the_compute() -> Prediction:
    """How the size grows with the compute by D = 20P."""
    return Prediction(
        asks="Now spend 4 times the compute, by the same rule. How many times as many parameters has the model?",
        options={"4 times": 4, "2 times": 2, "1.4 times": sqrt(2)},
        truth=compute_optimal(4 * CHINCHILLA)[0] / compute_optimal(CHINCHILLA)[0],
        facts={"times": Known(4, "4 times the compute"), "rule": ROOT},
        reason=lambda times, rule: rule(times) / rule(1),
        shown=("138.6 B", "tokens double"),
    )


@prediction("3c")
def loss_at_half_the_best_size() -> Prediction:
    """What half the best size costs in nats at the same compute."""
    best = BESIROGLU_2024.loss(*BESIROGLU_2024.optimal(CHINCHILLA))
    return Prediction(
        asks="At the same compute, train 35 B parameters instead of 70 B, on twice the tokens. How much higher is the "
        "loss, in nats a token?",
        options={"0.005": 0.005, "0.02": 0.02, "0.05": 0.05, "0.5": 0.5},
        truth=BESIROGLU_2024.iso_flop_loss(CHINCHILLA, 35e9) - best,
        facts={
            "model_term": Known(0.081, "A/P^alpha = 0.081 nats"),
            "data_term": Known(0.076, "B/D^beta = 0.076 nats"),
            "rise": Known(1.27, "the first is 1.27 times as large"),
            "fall": Known(0.78, "the second is 0.78 times as large"),
        },
        reason=lambda model_term, data_term, rise, fall: model_term * (rise - 1) - data_term * (1 - fall),
        shown=("+ 0.0053", "about 0.005 nats"),
    )


@prediction("3d")
def whether_the_fits_part() -> Prediction:
    """Whether two fits come together as the compute grows."""

    def apart(fit: LossFit, other: LossFit, flop: float) -> float:
        return float(other.optimal(flop)[0] / fit.optimal(flop)[0])

    farther = apart(HOFFMANN_2022, BESIROGLU_2024, 1e26) > apart(HOFFMANN_2022, BESIROGLU_2024, CHINCHILLA)
    return Prediction(
        asks="At 5.76 × 10²³ FLOP the printed constants have their best size at 32 B, the re-fitted ones at 72 B. "
        "Which way do these two go as the compute grows?",
        options={
            "They come together": "together",
            "They stay 2.2 times apart": "as they are",
            "They go further apart": "apart",
        },
        truth="apart" if farther else "together",
        facts={
            "printed": Known(32e9, "the printed constants have their best size at 32 B"),
            "refitted": Known(72e9, "the re-fitted ones at 72 B"),
            "power": Known(0.45, "printed: the best P grows as C^0.45"),
            "power_refitted": Known(0.51, "re-fitted: the best P grows as C^0.51"),
        },
        reason=_the_larger_grows_faster,
        shown=("3.1 times at 1e26",),
    )


def _the_larger_grows_faster(printed: float, refitted: float, power: float, power_refitted: float) -> str:
    if power == power_refitted:
        return "as they are"
    return "apart" if (refitted > printed) == (power_refitted > power) else "together"


@prediction("3e")
def best_size_of_tiny_models() -> Prediction:
    """The best size of tiny models at a larger budget; wrong by no growth, by a cube root, and by all into size."""
    largest = ladder().budgets[-1]
    return Prediction(
        asks="Spend 27 times this compute on tiny models. If the best size grows as in the fits above (C^0.45 to "
        "C^0.51), which is it nearest to?",
        options={"8 k": 8e3, "24 k": 24e3, "43 k": 43e3, "220 k": 220e3},
        truth=fit_iso_flop(ladder()).best(largest),
        facts={
            "best": Known(8.0e3, "the best size is 8.0 k parameters"),
            "times": Known(27, "27 times this compute"),
            "power": Known(0.51, "re-fitted: the best P grows as C^0.51"),
        },
        reason=lambda best, times, power: best * times**power,
        shown=("2.7e11 FLOP: 42.9 k",),
    )


@prediction("3f")
def the_largest_of_three() -> Prediction:
    """Which of three bounds allows the largest model."""
    sizes = {
        "data": largest_model_within(tokens=1e12).parameters,
        "compute": largest_model_within(flop=1e23).parameters,
        "inference": largest_model_within(inference_flop_per_token=16e9).parameters,
    }
    return Prediction(
        asks="One of you has 1 T tokens of text, one has 10²³ FLOP, and one can bear 16 × 10⁹ FLOP a token. Whose "
        "model becomes the largest?",
        options={
            "Who has the data": "data",
            "Who has the compute": "compute",
            "Who bears the inference cost": "inference",
        },
        truth=max(sizes, key=lambda way: sizes[way]),
        facts={
            "D": Known(1e12, "1 T tokens"),
            "C": Known(1e23, "10²³ FLOP"),
            "c": Known(16e9, "16 × 10⁹ FLOP a token"),
            "by_data": Known(lambda D: D / 20, "D = 20P"),
            "by_compute": ROOT,
            "by_cost": Known(lambda c: c / 2, "each token costs a forward pass, about 2P FLOP"),
        },
        reason=_largest_way,
        shown=("P = 50.0 B",),
    )


def _largest_way(D: float, C: float, c: float, by_data: Any, by_compute: Any, by_cost: Any) -> str:
    sizes = {"data": by_data(D), "compute": by_compute(C), "inference": by_cost(c)}
    return max(sizes, key=lambda way: float(sizes[way]))


@prediction("3g")
def size_from_the_inference_time() -> Prediction:
    """The size from tokens a second, by the arithmetic alone."""
    peak = catalog.accelerator("A100 80GB").fp16_bf16_flop_per_second
    cost = throughput(1, peak, utilization=0.40) / 10_000
    return Prediction(
        asks="An A100 at 40 % of its peak, which is an assumption, achieves 125 TFLOP/s. It must write 10,000 tokens a "
        "second, all users together. How many parameters may the model have, by its arithmetic?",
        unit="parameters",
        truth=largest_model_within(inference_flop_per_token=cost).parameters,
        facts={
            "tau": Known(125e12, "125 TFLOP/s"),
            "n": Known(10_000, "10,000 tokens a second"),
            "rule": Known(lambda tau, n: tau / (2 * n), r"P = \tau / 2n"),
        },
        reason=lambda tau, n, rule: rule(tau, n),
        shown=("at most 6.2 B parameters",),
    )


@prediction("3h")
def cache_against_arithmetic() -> Prediction:
    """Whether a user's next token waits for the cache or for the arithmetic."""
    model, gpu = catalog.model("Llama 2 7B"), catalog.accelerator("A100 80GB")
    cache = kv_cache_bytes(1, 1000, model.layers, model.kv_heads, model.head_dim, "fp16")
    arithmetic = forward_flop(model.parameters, 1) / gpu.fp16_bf16_flop_per_second
    return Prediction(
        asks="So many users are served at once that reading the weights hardly counts for each. One more comes, 1,000 "
        "tokens into a text. What takes longer for the next token of this user?",
        options={
            "Reading the cache, by far": 6,
            "Both take about as long": 1,
            "The arithmetic, by far": 1 / 6,
        },
        truth=cache / gpu.memory_bandwidth_bytes_per_second / arithmetic,
        facts={
            "flop": Known(13.5e9, "one token: 13.5 × 10⁹ FLOP"),
            "peak": Known(312e12, "the peak is 312 TFLOP/s"),
            "cache": Known(0.524e9, "cache after 1,000 tokens: 0.524 GB"),
            "bandwidth": Known(2039e9, "the bandwidth is 2,039 GB/s"),
        },
        reason=lambda flop, peak, cache, bandwidth: (cache / bandwidth) / (flop / peak),
        shown=("0.043 ms", "0.257 ms"),
    )


@prediction("3i")
def the_one_size_of_200_billion_tokens() -> Prediction:
    """The size for which the slide's least data are compute-optimal."""
    return Prediction(
        asks="For which size are 200 B tokens compute-optimal by D = 20P?",
        options={"200 B": 200e9, "10 B": 10e9, "4,000 B": 4e12},
        truth=largest_model_within(tokens=MINIMUM_TOKENS).parameters,
        facts={"D": Known(200e9, "200 B tokens"), "rule": Known(lambda D: D / 20, "P = D/20")},
        reason=lambda D, rule: rule(D),
        shown=("10 B parameters, 1.2e+22 FLOP",),
    )


@prediction("3j")
def tokens_of_llama_2_by_the_rule() -> Prediction:
    """The tokens that D = 20P gives a small model."""
    return Prediction(
        asks="Llama 2 7B has 6.74 B parameters and read 2 T tokens. How many would D = 20P have given it?",
        unit="tokens",
        truth=chinchilla_tokens(catalog.training_run("Llama 2 7B").parameters),
        facts={"P": Known(6.74e9, "6.74 B parameters"), "rule": Known(lambda P: 20 * P, "D = 20P")},
        reason=lambda P, rule: rule(P),
        shown=("135 B tokens",),
    )


@prediction("3k")
def memory_of_a_mixture() -> Prediction:
    """The bytes of a mixture of experts: DeepSeek-AI 2024, 671e9 parameters of which 37e9 are active."""
    return Prediction(
        asks="Of the 671 B parameters 37 B are active, and which ones changes from token to token. In 16 bits a "
        "parameter takes 2 bytes. How much memory do the weights need?",
        options={"74 GB": 74e9, "671 GB": 671e9, "1,342 GB": 1342e9},
        truth=parameter_bytes(reported(catalog.training_run("DeepSeek-V3 (37B active)").total_parameters), "bf16"),
        facts={
            "total": Known(671e9, "671 B parameters"),
            "active": Known(37e9, "37 B are active"),
            "changes": Known(True, "changes from token to token"),
            "each": Known(2, "2 bytes"),
        },
        reason=lambda total, active, changes, each: each * (total if changes else active),
        shown=("in 16 bits: 1,342 GB",),
    )


@prediction("3l")
def training_of_half_the_size() -> Prediction:
    """What the same loss costs at half the best size."""
    best, tokens = BESIROGLU_2024.optimal(1e23)
    more = BESIROGLU_2024.tokens_for_loss(BESIROGLU_2024.loss(best, tokens), best / 2)
    return Prediction(
        asks="Half the best size, on the tokens that bring it to the same loss. How much more training compute does "
        "that take?",
        options={"5 %": 1.05, "25 %": 1.25, "100 %": 2.0, "300 %": 4.0},
        truth=training_flop(best / 2, more) / training_flop(best, tokens),
        facts={
            "nats": Known(0.005, "half or twice the best size costs about 0.005 nats"),
            "step": Known(0.01, "0.01 nats less"),
            "price": Known(1.45, "1.45 times the compute"),
        },
        reason=lambda nats, step, price: price ** (nats / step),
        shown=("x 1.26", "26 % more training"),
    )


@prediction("3m")
def tokens_that_pay_back() -> Prediction:
    """The tokens of use after which the smaller model is cheaper in all."""
    best, tokens = BESIROGLU_2024.optimal(1e23)
    more = BESIROGLU_2024.tokens_for_loss(BESIROGLU_2024.loss(best, tokens), best / 2)
    extra = training_flop(best / 2, more) - training_flop(best, tokens)
    return Prediction(
        asks="14.7 B parameters instead of 29.4 B, for 26 % more training than 10²³ FLOP. After how many tokens of use "
        "is that paid back?",
        unit="tokens",
        truth=extra / forward_flop(best / 2, 1),
        facts={
            "small": Known(14.7e9, "14.7 B parameters"),
            "large": Known(29.4e9, "29.4 B"),
            "C": Known(1e23, "10²³ FLOP"),
            "more": Known(0.26, "26 % more training"),
            "saved": Known(2, "saves 2 FLOP for each parameter"),
        },
        reason=lambda small, large, C, more, saved: more * C / (saved * (large - small)),
        shown=("881 B tokens",),
    )


@prediction("3n")
def the_data_held() -> Prediction:
    """What fewer tokens a parameter do to size and compute when the data are held."""
    tokens = catalog.training_run("Llama 2 7B").tokens
    before, after = (largest_model_within(tokens=tokens, tokens_per_parameter=ratio) for ratio in (297, 20))
    return Prediction(
        asks="Hold the data, the 2 T tokens of Llama 2 7B, and lower the tokens a parameter from 297 to 20. What "
        "happens to the size and to the training compute?",
        options={
            "Both fall": ("falls", "falls"),
            "The size rises, the compute stays": ("rises", "stays"),
            "The size stays, the compute falls": ("stays", "falls"),
            "Both rise": ("rises", "rises"),
        },
        truth=(_moves(before.parameters, after.parameters), _moves(before.flop, after.flop)),
        facts={
            "D": Known(2e12, "2 T tokens"),
            "before": Known(297, "from 297 to 20"),
            "after": Known(20, "from 297 to 20"),
            "ratio": Known(lambda D, r: D / r, "D/P"),
            "cost": Known(lambda P, D: 6 * P * D, "C = 6PD"),
        },
        reason=lambda D, before, after, ratio, cost: (
            _moves(ratio(D, before), ratio(D, after)),
            _moves(cost(ratio(D, before), D), cost(ratio(D, after), D)),
        ),
        shown=("P rises to 100 B",),
    )


def _moves(before: float, after: float) -> str:
    return "rises" if after > before else "falls" if after < before else "stays"


@prediction("3o")
def the_law_of_other_data() -> Prediction:
    """Whether D = 20P gives a larger or a smaller model than a law fitted to other data."""
    by_rule = compute_optimal(3.8e25)[0]
    return Prediction(
        asks="For 3.8 × 10²⁵ FLOP the Llama Team's own law, fitted to their own data, advised 402 B parameters on "
        "16.55 T tokens. What does D = 20P advise for the same compute?",
        options={"A smaller model": "falls", "The same size": "stays", "A larger model": "rises"},
        truth=_moves(402e9, by_rule),
        facts={
            "C": Known(3.8e25, "3.8 × 10²⁵ FLOP"),
            "P": Known(402e9, "402 B parameters"),
            "rule": ROOT,
        },
        reason=lambda C, P, rule: _moves(P, rule(C)),
        shown=("563 B",),
    )
