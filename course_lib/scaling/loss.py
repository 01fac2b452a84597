"""The loss as a formula of parameters and tokens, with its published constants, and the best size that follows.

Slide S4: the loss depends on P and on D. Symbols: P parameters, D tokens, C = 6PD compute in FLOP.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from course_lib import catalog
from course_lib._arguments import finite, not_negative, plain, positive
from course_lib.compute_cost import training_flop
from course_lib.units import format_count


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

    @property
    def exponent(self) -> float:
        """The exponent a of the best size, P ~ C^a: beta / (alpha + beta), from `optimal`."""
        return self.beta / (self.alpha + self.beta)

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

    They were fitted to dense Transformers that learn from text alone: not to mixtures of experts, to models that learn
    from a teacher's outputs, nor to hybrids of attention and state spaces.
    Source: Hoffmann et al. 2022, section 3; each run's own in the catalog.

    >>> why_no_loss(catalog.training_run("LLaMA 65B"))
    ''
    >>> why_no_loss(catalog.training_run("Llama 3.2 1B"))
    "Distilled: it learnt from a teacher's outputs; the loss law was fitted to models that learn from text alone."
    """
    if run.is_mixture:
        active, total = format_count(run.parameters), format_count(run.total_parameters)
        return (
            f"A mixture of experts: {active} of its {total} parameters work on a token; the loss law was fitted to "
            "dense models."
        )
    if run.distilled:
        return (
            "Distilled: it learnt from a teacher's outputs; the loss law was fitted to models that learn from text "
            "alone."
        )
    if run.hybrid:
        return (
            "A hybrid: most of its attention is replaced by state spaces (Mamba-2); the loss law was fitted to "
            "Transformers."
        )
    return ""
