"""Scaling: how to share a compute budget between parameters and tokens.

Slide S4: the loss depends on P and on D; one proposed tradeoff is D = 20P; do not train on fewer than 200 B
tokens; P follows from the data, from the compute budget or from the inference cost. Symbols: P parameters,
D tokens, C = 6PD compute in FLOP.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from course_lib import catalog
from course_lib._arguments import finite, not_negative, plain, positive
from course_lib.compute_cost import forward_flop, training_flop
from course_lib.units import format_count

TOKENS_PER_PARAMETER = 20
"""The slide's D = 20P, read off the fits of Hoffmann et al. 2022 (their Table 3 has 20.0 to 22.4)."""

MINIMUM_TOKENS = 200e9
"""The slide's least advisable dataset, in tokens: advice of Anthony et al. 2023, not of Hoffmann et al. 2022."""


@finite
def chinchilla_tokens(parameters: ArrayLike) -> Any:
    """Return the tokens that are compute-optimal for a model, D = 20 P.

    `parameters` P is a count, a scalar or an array; so is the result.
    Errors: `ValueError` for P not positive. Source: slide S4; Hoffmann et al. 2022, Table 3.

    >>> chinchilla_tokens(70e9)  # Chinchilla itself: 70 B parameters on 1.4 T tokens
    1400000000000.0
    """
    return TOKENS_PER_PARAMETER * positive("parameters", parameters)


@finite
def compute_optimal(flop: ArrayLike, tokens_per_parameter: ArrayLike = TOKENS_PER_PARAMETER) -> tuple[Any, Any]:
    """Return (P, D) that spend a budget at D = r P: P = sqrt(C / 6r), D = r P.

    `flop` C in FLOP and `tokens_per_parameter` r, scalars or arrays that broadcast; P and D are counts.
    Errors: `ValueError` for C or r not positive. Source: slides S1 and S4; Hoffmann et al. 2022.

    >>> parameters, tokens = compute_optimal(5.76e23)  # Chinchilla's budget: it had 70 B on 1.4 T
    >>> round(parameters / 1e9, 1), round(tokens / 1e12, 2)
    (69.3, 1.39)
    """
    ratio = positive("tokens_per_parameter", tokens_per_parameter)
    parameters = np.sqrt(positive("flop", flop) / training_flop(1, ratio))
    return plain(parameters), plain(ratio * parameters)


@dataclass(frozen=True, slots=True)
class LossFit:
    """A fitted loss, L(P, D) = E + A / P^alpha + B / D^beta, in nats a token.

    E is the loss of a perfect model; the other terms are what a finite model and finite data add.
    Errors: `ValueError` for a constant that is not positive (E may be 0).
    Source: slide S4; Hoffmann et al. 2022, section 3.3.

    >>> round(LossFit(1.69, 406.4, 410.7, 0.34, 0.28).loss(70e9, 1.4e12), 3)
    1.937
    """

    E: float
    A: float
    B: float
    alpha: float
    beta: float

    def __post_init__(self) -> None:
        """Refuse constants that make no falling, convex loss."""
        not_negative("E", self.E)
        for name in ("A", "B", "alpha", "beta"):
            positive(name, getattr(self, name))

    @finite
    def loss(self, parameters: ArrayLike, tokens: ArrayLike) -> Any:
        """Return L(P, D) in nats a token; counts P and D are scalars or arrays that broadcast."""
        model_term = _over_power(self.A, positive("parameters", parameters), self.alpha)
        return self.E + model_term + _over_power(self.B, positive("tokens", tokens), self.beta)

    @finite
    def optimal(self, flop: ArrayLike) -> tuple[Any, Any]:
        """Return the (P, D) of least loss among all with 6PD = C, in closed form.

        P = G (C/6)^(beta / (alpha+beta)) and D = (C/6) / P, with G = (alpha A / (beta B))^(1 / (alpha+beta)).
        `flop` C in FLOP, a scalar or an array. Errors: `ValueError` for C not positive.
        Source: Hoffmann et al. 2022, equation 4.

        >>> parameters, tokens = BESIROGLU_2024.optimal(5.76e23)
        >>> round(parameters / 1e9), round(tokens / parameters)
        (72, 18)
        """
        product = positive("flop", flop) / 6
        power = 1 / (self.alpha + self.beta)
        balance = (self.alpha * self.A / (self.beta * self.B)) ** power
        parameters = balance * product ** (self.beta * power)
        return parameters, product / parameters

    @finite
    def iso_flop_loss(self, flop: ArrayLike, parameters: ArrayLike) -> Any:
        """Return the loss when C is spent on a model of size P, L(P, C / 6P): one point of an iso-FLOP curve."""
        size = positive("parameters", parameters)
        return self.loss(size, positive("flop", flop) / training_flop(size, 1))

    def tokens_for_loss(self, loss: ArrayLike, parameters: ArrayLike) -> Any:
        """Return the D that brings a model of size P to `loss`: (B / (L - E - A / P^alpha))^(1 / beta).

        This prices over-training (more than 20 tokens a parameter): a smaller model reaches the same loss on more
        tokens. The result is infinite where a model of this size cannot reach `loss` on any amount of data.
        Errors: `ValueError` for L or P not positive, and for a finite D that float64 does not hold.
        """
        with np.errstate(divide="ignore", over="ignore"):
            model_term = _over_power(self.A, positive("parameters", parameters), self.alpha)
            room = np.maximum(positive("loss", loss) - self.E - model_term, 0.0)
            tokens = (self.B / room) ** (1 / self.beta)
        return plain(_within_float64("tokens", tokens, room))

    def cheapest_for_loss(self, loss: ArrayLike) -> tuple[Any, Any]:
        """Return the (P, D) that reaches `loss` at the least C = 6PD: the reverse of `optimal`.

        P = ((1 + alpha/beta) A / (L - E))^(1/alpha) and D = ((1 + beta/alpha) B / (L - E))^(1/beta).
        `loss` L in nats a token, a scalar or an array; both counts are infinite where no model reaches it (L <= E).
        Errors: `ValueError` for L not positive. Source: Hoffmann et al. 2022, equation 4, solved for the loss.

        >>> parameters, tokens = BESIROGLU_2024.cheapest_for_loss(2.0)
        >>> round(parameters / 1e9), round(tokens / 1e9)
        (47, 880)
        """
        room = np.maximum(positive("loss", loss) - self.E, 0.0)
        with np.errstate(divide="ignore", over="ignore"):
            parameters = ((1 + self.alpha / self.beta) * self.A / room) ** (1 / self.alpha)
            tokens = ((1 + self.beta / self.alpha) * self.B / room) ** (1 / self.beta)
        return plain(_within_float64("parameters", parameters, room)), plain(_within_float64("tokens", tokens, room))


def _over_power(constant: float, count: Any, exponent: float) -> Any:
    """Return constant / count^exponent, which is 0 where the power is larger than float64 holds."""
    try:
        return constant / count**exponent
    except OverflowError:
        return 0.0


def _within_float64(name: str, count: Any, room: Any) -> Any:
    """Return a count that may be infinite where there is no room for it, but not where it is only too large."""
    if np.any(np.isinf(count) & (room > 0)):
        raise ValueError(f"{name} overflow: with these constants they would be more than 1.8e308, the largest float64")
    return count


HOFFMANN_2022 = LossFit(E=1.69, A=406.4, B=410.7, alpha=0.34, beta=0.28)
"""The constants as Hoffmann et al. 2022 print them (section D.3): 32 B parameters for 5.76e23 FLOP."""

HOFFMANN_2022_UNROUNDED = LossFit(E=1.6934, A=406.4, B=410.7, alpha=0.3392, beta=0.2849)
"""The same fit with two more digits, from the paper's source as Besiroglu et al. 2024 cite it: 40 B."""

BESIROGLU_2024 = LossFit(E=1.8172, A=482.01, B=2085.43, alpha=0.3478, beta=0.3658)
"""The re-fit of Besiroglu et al. 2024 to the data of the same paper's figure: 72 B."""


def why_no_loss(run: catalog.TrainingRun) -> str:
    """Return why the loss laws say nothing about a published run, in a sentence, or nothing where they do.

    Source: Hoffmann et al. 2022, section 3 (dense models alone); DeepSeek-AI 2024.

    >>> why_no_loss(catalog.training_run("LLaMA 65B"))
    ''
    """
    if not run.is_mixture:
        return ""
    active, total = format_count(run.parameters), format_count(run.total_parameters)
    return (
        f"A mixture of experts: {active} of its {total} parameters work on a token; the loss law was fitted to dense "
        "models."
    )


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A chosen P and D, their cost C = 6PD in FLOP, and the `way` of choosing: data, compute or inference."""

    parameters: Any
    tokens: Any
    flop: Any
    way: str


@finite
def largest_model_within(
    *,
    tokens: ArrayLike | None = None,
    flop: ArrayLike | None = None,
    inference_flop_per_token: ArrayLike | None = None,
    tokens_per_parameter: ArrayLike = TOKENS_PER_PARAMETER,
) -> ModelChoice:
    """Return the largest model that one bound allows, and the tokens that it wants at D = r P.

    Data at hand: P = D / r. Compute budget: P = sqrt(C / 6r). Inference cost: P = c / 2, as a token costs c = 2P
    FLOP; a bound on time gives c = seconds a token x achieved FLOP/s. Give exactly one bound, a scalar or an array;
    `tokens_per_parameter` r above 20 over-trains.
    Errors: `TypeError` unless exactly one bound is given, `ValueError` for one not positive.
    Source: slide S4 (the last two points); Hoffmann et al. 2022 for r = 20.

    >>> largest_model_within(inference_flop_per_token=16e9)
    ModelChoice(parameters=8000000000.0, tokens=160000000000.0, flop=7.68e+21, way='inference')
    """
    bounds = {"tokens": tokens, "flop": flop, "inference_flop_per_token": inference_flop_per_token}
    given = [name for name, bound in bounds.items() if bound is not None]
    if len(given) != 1:
        raise TypeError(f"give exactly one of {', '.join(bounds)}; got {', '.join(given) or 'none'}")
    ratio = positive("tokens_per_parameter", tokens_per_parameter)
    if tokens is not None:
        way, parameters = "data", positive("tokens", tokens) / ratio
    elif flop is not None:
        way, parameters = "compute", compute_optimal(flop, ratio)[0]
    else:
        cost = positive("inference_flop_per_token", inference_flop_per_token)  # type: ignore[arg-type]
        way, parameters = "inference", cost / forward_flop(1, 1)
    return ModelChoice(parameters, ratio * parameters, training_flop(parameters, ratio * parameters), way)
