"""Set 3, scaling: slide S4."""

from __future__ import annotations

from math import log, sqrt

import numpy as np

from course_lib import catalog
from course_lib.catalog import TrainingRun
from course_lib.compute_cost import forward_flop, throughput, training_flop
from course_lib.memory import kv_cache_bytes
from course_lib.questions.kinds import Choice, Function, Number, Vector
from course_lib.questions.question import Badge, Fact, Pick, Wrong, counted, named, question
from course_lib.scaling import (
    BESIROGLU_2024,
    HOFFMANN_2022,
    HOFFMANN_2022_UNROUNDED,
    MINIMUM_TOKENS,
    LossFit,
    chinchilla_tokens,
    compute_optimal,
    fit_parabola,
    ladder_runs,
    largest_model_within,
)
from course_lib.units import format_count, format_flop

TABLE_3 = {0.4e9: 1.92e19, 1e9: 1.21e20, 10e9: 1.23e22, 67e9: 5.76e23, 175e9: 3.85e24}
"""The best size, in parameters, and the compute that it is best for, in FLOP: Hoffmann et al. 2022, Table 3."""

GRIDS = {
    "the whole tens of billions": 10e9 * np.arange(1, 101),
    "steps of five billion": 5e9 * np.arange(1, 201),
    "1, 2 and 5 of each power of ten": np.multiply.outer(10.0 ** np.arange(7, 13), (1, 2, 5)).ravel(),
    "the powers of two of a billion": 1e9 * 2.0 ** np.arange(11),
    "ten sizes in each power of ten": np.geomspace(1e9, 1e12, 31),
    "fifty sizes from a billion to a trillion": np.geomspace(1e9, 1e12, 50),
}
"""Sizes, in parameters, that one may try by hand, and what they are: too few to meet the best one."""


def budget(run: TrainingRun) -> float:
    """Return the cost of a published run, 6PD to three digits, in FLOP."""
    return float(f"{training_flop(run.parameters, run.tokens):.3g}")


def best_on_a_grid(fit: LossFit, flop: float, tolerance: float, *known: float) -> tuple[Wrong, ...]:
    """Return the best size of each grid, with its hint, if it misses the best of all and every `known` answer."""
    far = [float(fit.optimal(flop)[0]), *known]
    hints = []
    for words, sizes in GRIDS.items():
        size = float(sizes[np.argmin(fit.iso_flop_loss(flop, sizes))])
        if all(abs(size / other - 1) > 1.05 * tolerance for other in far):
            far.append(size)
            hints.append(Wrong(size, f"That is the best among {words}. Try more sizes on both sides of it."))
    return tuple(hints)


@question("3.1", "Share a budget", slides="S4", badge=Badge(difficulty=1, importance=3, minutes=4))
def share_a_budget(pick: Pick) -> Vector:
    """The pair (P, D) of a published budget, by D = 20P."""
    run = catalog.training_run(pick("GPT-3 175B", "PaLM 540B", "Gopher 280B", "Llama 3.1 405B"))
    C = budget(run)
    P, D = compute_optimal(C)
    return Vector(
        given={
            "model": named(run),
            "flop": Fact(C, "FLOP, the budget: what its training took, as 6PD counts"),
        },
        answer=[P, D],
        note=f"Its authors chose {format_count(run.parameters)} parameters and {format_count(run.tokens)} tokens.",
        wrong=(
            Wrong([C / 120, C / 6], "The square root is missing: P is in the budget twice, once by itself, once in D."),
            Wrong([D, P], "Which is which? There are 20 tokens for each parameter, not 20 parameters for each token."),
            Wrong([sqrt(C / 20), sqrt(20 * C)], "The 6 is missing: that is the budget of C = PD."),
            Wrong(
                [sqrt(C / 40), sqrt(10 * C)], "That spends the budget on forward passes. Training also runs backward."
            ),
            Wrong([sqrt(C / 6), sqrt(C / 6)], "That has one token a parameter: D = P."),
            Wrong(
                [sqrt(C / 6), 20 * sqrt(C / 6)],
                "The tokens follow from P. But the 20 is in the budget too: put D into it.",
            ),
            Wrong([C / 240, C / 12], "Python reads `x**1/2` as (x**1) / 2. Write `x**0.5`."),
            Wrong([sqrt(C) / 120, sqrt(C) / 6], "The root was taken of the budget alone: divide first."),
            Wrong([P, C / P], "The parameters are right. The tokens are too many: 6 FLOP go with each of them."),
        ),
    )


@question("3.2", "Any number of tokens a parameter", slides="S4", badge=Badge(difficulty=2, importance=3, minutes=5))
def write_compute_optimal(pick: Pick) -> Function:
    """Write (P, D) for D = rP."""
    return Function(
        name="compute_optimal",
        reference=compute_optimal,
        cases=((5.76e23, 20), (1e22, 100.0), (6e18, 1.0)),
        generate=lambda rng: (float(10 ** rng.uniform(18, 26)), float(rng.uniform(1, 300))),
        note="At a fixed ratio, four times the compute gives twice the parameters and twice the tokens.",
        wrong=(
            Wrong(lambda C, r: (sqrt(C / 120), sqrt(C / 6 * 20)), "The 20 is fixed: use `tokens_per_parameter`."),
            Wrong(
                lambda C, r: (sqrt(C / 120), r * sqrt(C / 120)),
                "The 120 is 6 times the fixed 20: use `tokens_per_parameter` there too.",
            ),
            Wrong(lambda C, r: (C / (6 * r), C / 6), "The square root is missing: there are two P in the budget."),
            Wrong(lambda C, r: (C / (12 * r), C / 12), "Python reads `x**1/2` as (x**1) / 2. Write `x**0.5`."),
            Wrong(
                lambda C, r: (sqrt(C / 6), r * sqrt(C / 6)),
                "The tokens follow from P. But the ratio is in the budget too: C = 6P times rP.",
            ),
            Wrong(
                lambda C, r: (sqrt(C * r / 6), sqrt(C / (6 * r))),
                "Parameters and tokens are exchanged: the ratio is tokens for each parameter.",
            ),
            Wrong(lambda C, r: (sqrt(C / r), sqrt(C * r)), "The 6 is missing: the budget is C = 6PD."),
            Wrong(lambda C, r: (sqrt(C / (2 * r)), sqrt(C * r / 2)), "That pays for forward passes only: C is 6PD."),
            Wrong(lambda C, r: sqrt(C / (6 * r)), "That is P alone. Return the pair, parameters first."),
            Wrong(
                lambda C, r: (sqrt(C / (6 * r)), 20 * sqrt(C / (6 * r))),
                "The parameters are right. The tokens still use the fixed 20.",
            ),
        ),
    )


@question("3.3", "How far past the rule", slides="S4", badge=Badge(difficulty=1, importance=3, minutes=3))
def past_the_rule(pick: Pick) -> Number:
    """How many times the tokens of D = 20P a published model read."""
    run = catalog.training_run(pick("Llama 2 13B", "Pythia 6.9B", "LLaMA 33B", "BLOOM 176B", "Pythia 2.8B"))
    P, D = run.parameters, run.tokens
    times = D / chinchilla_tokens(P)
    side = "over-trained" if times > 1 else "not over-trained"
    return Number(
        given={
            "model": named(run),
            "parameters": counted(P, digits=4),
            "tokens": counted(D),
        },
        answer=times,
        unit="",
        tolerance=0.01,
        also={"per cent": 100},
        note=f"It read {D / P:.3g} tokens a parameter, where the rule has 20: it is {side}.",
        wrong=(
            Wrong(D / P, "Those are the tokens a parameter. Hold them against those of the rule."),
            Wrong(1 / times, "That is upside down: the tokens that it read come first."),
            Wrong(20 * D / P, "The 20 is on the wrong side: the rule's tokens are 20P, and you divide by them."),
            Wrong(D / 20 * P, "The parameters multiply where they should divide: put the rule's tokens in brackets."),
            Wrong(D - 20 * P, "That is a difference, in tokens. How many times as many are they?"),
            Wrong(20 * P, "Those are the tokens that the rule wants. How many times as many did it read?"),
            Wrong(sqrt(times), "That compares with the best model for the same compute, which has another size."),
            Wrong(
                times - 1, "That is how much more it read, in times the rule's tokens. How many times as many is it?"
            ),
            Wrong(6 * times, "The 6 is the FLOP of training. Here tokens are compared with tokens."),
        ),
    )


@question("3.4", "Three ways to choose P", slides="S4", badge=Badge(difficulty=2, importance=3, minutes=6))
def three_ways(pick: Pick) -> Vector:
    """P from the data, from the compute and from the inference time, by its arithmetic alone."""
    run = catalog.training_run(pick("GPT-3 175B", "Gopher 280B", "PaLM 540B", "LLaMA 65B"))
    chip = catalog.accelerator(pick("H100 SXM", "A100 80GB"))
    tokens, flop, per_second = MINIMUM_TOKENS, budget(run), pick(10_000, 4_000, 20_000)
    rate = throughput(1, chip.fp16_bf16_flop_per_second, utilization=0.40)
    by_data = largest_model_within(tokens=tokens)
    P1, P2 = by_data.parameters, largest_model_within(flop=flop).parameters
    P3 = largest_model_within(inference_flop_per_token=rate / per_second).parameters
    return Vector(
        given={
            "tokens": Fact(int(tokens), "the data: the least that the slide recommends"),
            "flop": Fact(flop, f"FLOP, the compute: 6PD of {run.name}"),
            "achieved_rate": Fact(rate, f"FLOP/s, achieved in inference: one {chip.name} at 40 % of its peak"),
            "tokens_per_second": Fact(per_second, "tokens a second, to be written for all users together"),
        },
        answer=[P1, P2, P3],
        note=f"So {format_count(tokens)} tokens are compute-optimal for one size only, at {format_flop(by_data.flop)}.",
        wrong=(
            Wrong(
                [20 * tokens, P2, P3], "The 20 is the wrong way round: each parameter wants 20 tokens, not each token."
            ),
            Wrong([tokens, P2, P3], "The first is the tokens themselves: how many of them does each parameter want?"),
            Wrong([P1, flop / 120, P3], "The second lacks the square root: P is in C = 6PD with D = 20P twice."),
            Wrong([P1, flop / 240, P3], "In the second, Python reads `x**1/2` as (x**1) / 2. Write `x**0.5`."),
            Wrong([P1, sqrt(flop / 20), P3], "The second lacks the 6 of C = 6PD."),
            Wrong([P1, sqrt(flop / 6), P3], "The second has no tokens a parameter: put D = 20P into C = 6PD."),
            Wrong([P1, P2, P3 / 3], "The third divides by 6, as if inference also ran backward."),
            Wrong([P1, P2, 2 * P3], "The third counts one FLOP a parameter: a multiply-accumulate is two."),
            Wrong([P1, P2, rate / 2], "The third allows one token a second: the users need more."),
            Wrong(
                [P1, P2, rate / per_second / 20], "The third divides by the 20 of the data. What does one token cost?"
            ),
            Wrong([P1, P2, 4 * P3], "The third multiplies by the 2 FLOP of a parameter, where it should divide."),
            Wrong([P2, P1, P3], "The three are right, and the first two are exchanged: data, compute, inference."),
            Wrong([P1, P3, P2], "The three are right, and the last two are exchanged: data, compute, inference."),
            Wrong([P3, P2, P1], "The three are right and stand in reverse: data, compute, inference."),
        ),
    )


@question("3.5", "Inference cost first", slides="S4", badge=Badge(difficulty=2, importance=3, minutes=4))
def inference_cost_first(pick: Pick) -> Choice:
    """Choose a model within a bound on its inference cost and a training budget."""
    paid, used = pick(
        ("LLaMA 65B", "LLaMA 13B"),
        ("Llama 2 70B", "Llama 2 7B"),
        ("PaLM 540B", "Llama 2 70B"),
        ("Falcon 180B", "LLaMA 65B"),
    )
    budget, model = catalog.training_run(paid), catalog.training_run(used)
    C = training_flop(budget.parameters, budget.tokens)
    P = model.parameters
    best, best_tokens = compute_optimal(C)

    def plan(parameters: float, tokens: float) -> str:
        return f"{format_count(parameters)} parameters on {format_count(tokens)} tokens."

    optimal, unspent = plan(best, best_tokens), plan(P, chinchilla_tokens(P))
    spent, third, half = plan(P, C / (6 * P)), plan(P / 3, C / (2 * P)), plan(P / 2, C / (3 * P))
    return Choice(
        given={
            "flop": Fact(C, f"FLOP for the training: 6PD of {budget.name}"),
            "inference_flop_per_token": Fact(forward_flop(P, 1), f"FLOP a token, at most: as many as {used} takes"),
        },
        order=(optimal, unspent, spent, third, half),
        answer=spent,
        note=f"The largest model that people can afford to use. It reads {C / (6 * P * P):.0f} tokens a parameter.",
        wrong=(
            Wrong(optimal, "That is compute-optimal, and each token costs your users too much."),
            Wrong(unspent, "That holds to D = 20P and leaves most of the budget. More tokens would make it better."),
            Wrong(third, "That takes a token for 6 FLOP a parameter. Using a model runs forward only."),
            Wrong(half, "That fits both bounds, and so does a larger model, which has the better loss here."),
        ),
    )


@question(
    "3.6", "Find the error", slides="S4", badge=Badge(difficulty=2, importance=2, minutes=4), kind="find the error"
)
def find_the_error(pick: Pick) -> Choice:
    """A prediction whose two words are exchanged."""
    model = catalog.model(pick("GPT-2 124M", "GPT-2 medium", "GPT-2 large", "GPT-2 XL"))
    P = model.parameters
    D = chinchilla_tokens(P)
    tokens = f"20 tokens a parameter: 20 x {P:.3g} = {D:.3g}"
    predicted = f"predicted parameters for {P:.3g} tokens: {D:.3g}"
    compute = f"C = 6 x {P:.3g} x {D:.3g} = {training_flop(P, D):.3g} FLOP"
    larger = f"with four times this compute: {2 * P:.3g} parameters, {2 * D:.3g} tokens"
    nothing = "Every line is right."
    return Choice(
        given={
            "model": named(model),
            "parameters": counted(P, digits=4),
        },
        order=(tokens, predicted, compute, larger, nothing),
        answer=predicted,
        note="Parameters and tokens are exchanged. A widely read notebook on scaling laws printed such a line.",
        wrong=(
            Wrong(tokens, "That line holds: it is D = 20P."),
            Wrong(compute, "That line holds: C = 6PD, and a product does not mind the order of the two."),
            Wrong(larger, "That line holds: at a fixed ratio both grow with the square root of the compute."),
            Wrong(nothing, "Every number is right. Now read the words: what is each number a count of?"),
        ),
    )


@question("3.7", "The optimum of a fit", slides="S4", badge=Badge(difficulty=3, importance=2, minutes=6))
def optimum_of_a_fit(pick: Pick) -> Number:
    """The best size for a published budget by a fitted loss."""
    fit, words, name = pick(
        (HOFFMANN_2022, "Hoffmann et al. 2022, as printed", "GPT-3 175B"),
        (BESIROGLU_2024, "Besiroglu et al. 2024", "PaLM 540B"),
        (HOFFMANN_2022_UNROUNDED, "Hoffmann et al. 2022, unrounded", "Gopher 280B"),
        (BESIROGLU_2024, "Besiroglu et al. 2024", "Llama 3.1 405B"),
    )
    C = budget(catalog.training_run(name))
    best, tokens = fit.optimal(C)
    rule = compute_optimal(C)[0]
    power, tolerance = 1 / (fit.alpha + fit.beta), 0.02
    equal = (fit.A / fit.B) ** power * (C / 6) ** (fit.beta * power)
    return Number(
        given={
            "fit": Fact(words, "the source of the five constants"),
            "E": Fact(fit.E, "nats a token"),
            "A": Fact(fit.A, "in the term A / P^alpha"),
            "B": Fact(fit.B, "in the term B / D^beta"),
            "alpha": Fact(fit.alpha, "the exponent of P"),
            "beta": Fact(fit.beta, "the exponent of D"),
            "flop": Fact(C, f"FLOP, the budget: 6PD of {name}"),
        },
        answer=best,
        unit="parameters",
        tolerance=tolerance,
        also={"billions of parameters": 1e-9},
        note=f"The rule D = 20P says {format_count(rule)} for this budget. The bowl is flat: the losses nearly agree.",
        wrong=(
            Wrong(rule, "That is D = 20P. The question asks where this fit has its lowest loss."),
            Wrong(tokens, "Those are the tokens of the best pair; the question asks for its parameters."),
            Wrong(
                equal,
                "That makes the two terms of the loss equal. At the lowest point it is their slopes that balance.",
            ),
            Wrong(
                (fit.alpha * fit.A / (fit.beta * fit.B)) ** power * (C / 6) ** (fit.alpha * power),
                "The exponents are exchanged: P grows with the exponent that belongs to the tokens.",
            ),
            Wrong(fit.optimal(6 * C)[0], "The 6 is missing: with C FLOP, a model of size P reads C / 6P tokens."),
            Wrong(
                fit.optimal(3 * C)[0], "That pays for forward passes only: with C FLOP, a model reads C / 6P tokens."
            ),
            Wrong(
                (fit.beta * fit.B / (fit.alpha * fit.A)) ** power * (C / 6) ** (fit.beta * power),
                "The factor in front is upside down: it belongs to the tokens.",
            ),
            Wrong(
                LossFit(fit.E, fit.A, fit.alpha, fit.B, fit.beta).optimal(C)[0],
                "The constants stand in another order than `LossFit` takes: `E`, `A`, `B`, `alpha`, `beta`.",
            ),
            *best_on_a_grid(fit, C, tolerance, rule, equal),
        ),
    )


@question(
    "3.8", "How the best size grows", slides="S4", badge=Badge(difficulty=3, importance=2, minutes=5), kind="estimate"
)
def growth_of_the_best_size(pick: Pick) -> Number:
    """The exponent of P in C from two rows of a published table."""
    small, large = pick((10e9, 67e9), (67e9, 175e9), (1e9, 67e9), (0.4e9, 67e9))
    less, more = TABLE_3[small], TABLE_3[large]
    grown, paid = large / small, more / less
    exponent = log(grown) / log(paid)
    row = "Hoffmann et al. 2022, Table 3"
    return Number(
        given={
            "small_parameters": Fact(int(small), f"the best size by one row of {row}"),
            "small_flop": Fact(less, "FLOP, in the same row"),
            "large_parameters": Fact(int(large), "the best size by a later row"),
            "large_flop": Fact(more, "FLOP, in that row"),
        },
        answer=exponent,
        unit="",
        tolerance=0.004,
        note="The paper's own figure is 0.50 (Table 2, approach 1), and by D = 20P it is a square root.",
        wrong=(
            Wrong(
                0.5, "That is the square root of the rule, for any two rows. What do these two say, to three digits?"
            ),
            Wrong(1.0, "Twice the compute is not twice the parameters: the tokens grow too."),
            Wrong(1 / exponent, "That is upside down: how the compute grows with the parameters."),
            Wrong(grown / paid, "That divides the growths. An exponent is found from their logarithms."),
            Wrong(log(large) / log(more), "That uses one row. An exponent tells how far P moves when C moves."),
            Wrong(exponent / log(10), "Two kinds of logarithm are mixed: take the same above and below."),
            Wrong((large - small) / (more - less), "That is a slope on plain axes, not on logarithmic ones."),
            Wrong(0.73, "That is the figure of Kaplan et al. 2020, which Hoffmann et al. revised."),
        ),
    )


@question("3.9", "What over-training buys", slides="S4", badge=Badge(difficulty=3, importance=3, minutes=6))
def what_over_training_buys(pick: Pick) -> Number:
    """The tokens of use after which a published over-trained model, D > 20P, is cheaper in all."""
    run = catalog.training_run(pick("Llama 2 7B", "LLaMA 33B", "Pythia 1B", "LLaMA 13B"))
    P, D = run.parameters, run.tokens
    loss = BESIROGLU_2024.loss(P, D)
    best, best_tokens = (int(float(f"{one:.3g}")) for one in BESIROGLU_2024.cheapest_for_loss(loss))
    paid, least = training_flop(P, D), training_flop(best, best_tokens)
    back = (paid - least) / forward_flop(best - P, 1)
    return Number(
        given={
            "model": named(run),
            "parameters": counted(P, digits=4),
            "tokens": counted(D),
            "best_parameters": Fact(
                best,
                f"a count: {format_count(best)}, of the cheapest training to this loss, by Besiroglu et al. 2024",
            ),
            "best_tokens": Fact(best_tokens, f"a count: {format_count(best_tokens)}, of that training"),
        },
        answer=back,
        unit="tokens",
        tolerance=0.01,
        also={"billions of tokens": 1e-9},
        note=f"It took {paid / least:.2g} times the training; a token of use costs {100 * P / best:.0f} % as much.",
        wrong=(
            Wrong(back / 3, "A token of use was counted with 6 FLOP a parameter. Inference runs forward only."),
            Wrong(back * 2, "A token of use was counted with one FLOP a parameter. A multiply-accumulate is two."),
            Wrong(
                paid / forward_flop(best - P, 1), "That pays back the whole training. Only the extra has to come back."
            ),
            Wrong((paid - least) / forward_flop(P, 1), "That divides by what a token costs. What does a token save?"),
            Wrong((paid - least) / forward_flop(best, 1), "A token does not save all that the larger model costs."),
            Wrong(
                back * (best - P) ** 2,
                "Only the 2 was divided by. Put all that a token saves in brackets.",
            ),
            Wrong(D - best_tokens, "Those are the extra tokens of training. The question is about tokens of use."),
            Wrong(paid - least, "That is the extra training in FLOP. How many tokens of use save as much?"),
        ),
    )


@question("3.10", "Many users at once", slides="S4", badge=Badge(difficulty=2, importance=3, minutes=5))
def many_users_at_once(pick: Pick) -> Choice:
    """What takes the time of a further user, where the reading of small weights is shared by many."""
    name, context = pick(
        ("Llama 2 7B", 2000), ("Llama 2 7B", 3000), ("Llama 3.1 8B", 8000), ("Llama 3.1 8B", 4000), ("Llama 2 7B", 4000)
    )
    model, chip = catalog.model(name), catalog.accelerator("A100 80GB")
    cache = kv_cache_bytes(1, context, model.layers, model.kv_heads, model.head_dim, "fp16")
    flop, peak = forward_flop(model.parameters, 1), chip.fp16_bf16_flop_per_second
    bandwidth = chip.memory_bandwidth_bytes_per_second
    reading, arithmetic = cache / bandwidth, flop / peak
    faster = "Matrix units of twice the FLOP/s: with so many users at once the arithmetic takes longest."
    weights = "Weights in 8 bits instead of 16: for every token of every user they are read anew."
    caches = "Caches in 8 bits instead of 16: each user's own is read for each token, and takes longest."
    larger = "Twice the memory of the same bandwidth: what stays in it need not be read."
    more = "Twice the users at once: what they share costs each of them half, and they share everything."
    return Choice(
        given={
            "model": Fact(name, f"on {chip.name}; so many users that the weights' reading hardly counts for each"),
            "cache": Fact(int(cache), f"bytes: the keys and values of one user, {context:,} tokens into a text"),
            "bandwidth": Fact(bandwidth, "bytes/s, from the memory"),
            "flop": Fact(flop, "FLOP, one token of one user"),
            "peak": Fact(peak, "FLOP/s, dense 16-bit arithmetic, as advertised"),
        },
        order=(faster, weights, caches, larger, more),
        answer=caches,
        note=f"One more user adds {1e3 * reading:.2f} ms of reading and {1e3 * arithmetic:.2f} ms of arithmetic.",
        wrong=(
            Wrong(
                faster,
                "That takes batching to make arithmetic the limit in any case. Work out both times for one more user.",
            ),
            Wrong(weights, "They are read once for all users together. What is read for each of them?"),
            Wrong(larger, "Capacity says how many caches fit. How fast they are read is another thing."),
            Wrong(more, "They share the weights alone. What does each further user add?"),
        ),
    )


@question("3.11", "The bottom of a bowl", slides="S4", badge=Badge(difficulty=2, importance=2, minutes=6))
def bottom_of_a_bowl(pick: Pick) -> Number:
    """The best size at a budget by the parabola through three models of the measured ladder."""
    flop, widths = pick(
        (30e9, (12, 24, 64)), (90e9, (20, 32, 80)), (270e9, (20, 48, 96)), (30e9, (16, 20, 64)), (270e9, (20, 64, 80))
    )  # each has its best size far enough from all that the mistakes below give
    runs = [run for run in ladder_runs() if run.flop == flop and run.hidden in widths]
    P, L = np.array([run.parameters for run in runs]), np.array([round(run.loss, 4) for run in runs])
    best, tried = fit_parabola(P, L).best, int(P[np.argmin(L)])
    in_log10, in_p, of_log = (np.polyfit(x, y, 2) for x, y in ((np.log10(P), L), (P, L), (np.log(P), np.log(L))))
    curvature, slope, start = np.polyfit(np.log(P), L, 2)
    return Number(
        given={
            "flop": Fact(flop, "FLOP, counted: the budget of each of the three trainings"),
            "parameters": Fact(
                P.tolist(), "the sizes of the three models, tiny ones that were trained for this course"
            ),
            "losses": Fact(L.tolist(), "nats a character, on text held out"),
        },
        answer=best,
        unit="parameters",
        tolerance=0.01,
        also={"thousands of parameters": 1e-3},
        note=f"Of the three {format_count(tried)} did best; through all eight at this budget the parabola says "
        f"{format_count(best_of_all(flop))}.",
        wrong=(
            Wrong(
                -in_p[1] / (2 * in_p[0]),
                "That parabola is one in P. On a bowl of sizes that multiply, it is one in ln P.",
            ),
            Wrong(
                P[np.argmin(L)],
                "That is the best of the three that were trained. Where between them is the lowest point?",
            ),
            Wrong(log(best), "That is the logarithm of the size. Take its exponential."),
            Wrong(log(best) / log(10), "That is the decimal logarithm of the size: 10 to its power is the size."),
            Wrong(
                np.exp(-in_log10[1] / (2 * in_log10[0])),
                "The logarithm was to the base 10, the exponential to the base e.",
            ),
            Wrong(10 ** log(best), "The logarithm was the natural one, and the power one of 10."),
            Wrong(
                2 ** log(best),
                "The logarithm was the natural one: its inverse is the exponential, not a power of 2.",
            ),
            Wrong(np.exp(-of_log[1] / (2 * of_log[0])), "The loss itself is fitted, not its logarithm."),
            Wrong(best**2, "The 2 is missing below: the slope of c2 x² + c1 x + c0 is 2 c2 x + c1."),
            Wrong(1 / best, "The sign is wrong: 2 c2 x + c1 = 0 has a minus in its solution."),
            Wrong(
                np.exp(-slope / (2 * start)),
                "The constants are exchanged: `numpy.polyfit` gives that of the highest power first.",
            ),
            Wrong(
                np.exp(-slope * curvature / 2),
                "Python reads `a / 2 * b` as (a / 2) * b. Put what stands below in brackets.",
            ),
            Wrong(fit_parabola(P, L).lowest, "That is the loss at the lowest point. The question asks for the size."),
            Wrong(
                np.exp(np.log(P).mean()), "That is the middle of the three sizes, which their losses have no part in."
            ),
            Wrong(P.mean(), "That is the mean of the three sizes, which their losses have no part in."),
            Wrong(best_of_all(flop), "That is the parabola through all eight. Asked is the one through these three."),
            Wrong((flop / 120) ** 0.5, "That is D = 20P. Here the sizes were measured: fit their losses."),
        ),
    )


def best_of_all(flop: float) -> float:
    """Return the best size at a budget of the ladder by the parabola through all its models."""
    runs = [run for run in ladder_runs() if run.flop == flop]
    return fit_parabola([run.parameters for run in runs], [run.loss for run in runs]).best
