"""Fitting losses that were measured: a parabola at each budget, a power law through their minima, and the loss formula.

Hoffmann et al. 2022 call the first two together their approach 2, and the last their approach 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_lib._arguments import finite, positive
from course_lib.scaling.loss import LossFit

Array = NDArray[np.float64]

HUBER_DELTA = 1e-3
"""From which relative error on a run pulls no harder: Hoffmann et al. 2022, section 3.3."""

EXPONENTS = (0.02, 2.0)
"""The least and the largest exponent that is tried in the loss formula."""

GRID = np.stack(np.meshgrid(*[np.linspace(-1, 1, 5)] * 2), -1).reshape(-1, 2)
"""Where pairs of exponents are tried around the best so far, in units of the search's reach."""


@dataclass(frozen=True, slots=True)
class Parabola:
    """A parabola in ln P: L = `lowest` + `curvature` (ln P - ln `best`)^2, in nats a token.

    `best` is the size of its lowest point, in parameters.
    """

    best: float
    lowest: float
    curvature: float

    def loss(self, parameters: ArrayLike) -> Any:
        """Return the loss at a size P, in nats a token."""
        return self.lowest + self.curvature * np.log(positive("parameters", parameters) / self.best) ** 2


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """A power of the compute: `factor` x C^`exponent`, a straight line on logarithmic axes."""

    factor: float
    exponent: float

    @finite
    def at(self, flop: ArrayLike) -> Any:
        """Return its value for C in FLOP, a scalar or an array."""
        return self.factor * positive("flop", flop) ** self.exponent


def fit_parabola(parameters: ArrayLike, losses: ArrayLike) -> Parabola:
    """Return the parabola in ln P of least squares through the losses of models that cost the same.

    L = c0 + c1 ln P + c2 (ln P)^2, so the best size is P = exp(-c1 / 2 c2). `parameters` P are counts, `losses` L in
    nats a token, one each a model.
    Errors: `ValueError` for other than one loss each, fewer than three sizes, or a parabola without a lowest point.
    Source: Hoffmann et al. 2022, section 3.2.

    >>> parabola = fit_parabola([1e3, 2e3, 4e3], [2.1, 2.0, 2.1])
    >>> round(parabola.best), round(parabola.lowest, 3)
    (2000, 2.0)
    """
    sizes, measured = _each_a_model(parameters=parameters, losses=losses)
    if len(np.unique(sizes)) < 3:
        raise ValueError(f"parameters must have at least three different sizes; got {len(np.unique(sizes))}")
    middle = np.log(sizes).mean()
    curvature, slope, at_middle = np.polyfit(np.log(sizes) - middle, measured, 2).tolist()
    if curvature <= 1e-12 * abs(at_middle):
        raise ValueError("losses must have a lowest point between the sizes: their parabola opens downwards")
    away = -slope / (2 * curvature)
    if abs(away) > 50:
        raise ValueError("losses must have a lowest point near the sizes: their parabola is all but a line")
    return Parabola(float(np.exp(middle + away)), at_middle + slope * away / 2, curvature)


def fit_power_law(flop: ArrayLike, counts: ArrayLike) -> PowerLaw:
    """Return the power law of least squares, on logarithmic axes, through best sizes (or tokens) at several budgets.

    `flop` C in FLOP and `counts`, one each a budget. The slope between two points is ln(P2 / P1) / ln(C2 / C1).
    Errors: `ValueError` for other than one count each, or fewer than two budgets.
    Source: Hoffmann et al. 2022, section 3.2.

    >>> law = fit_power_law([1e18, 1e20], [1e8, 1e9])
    >>> round(law.exponent, 3), round(law.at(1e19) / 1e8, 2)
    (0.5, 3.16)
    """
    budgets, best = _each_a_model(flop=flop, counts=counts)
    if len(np.unique(budgets)) < 2:
        raise ValueError(f"flop must have at least two different budgets; got {len(np.unique(budgets))}")
    across, up = np.log(budgets), np.log(best)
    away = across - across.mean()
    exponent = float(away @ up / (away @ away))
    return PowerLaw(float(np.exp(up.mean() - exponent * across.mean())), exponent)


def fit_loss(parameters: ArrayLike, tokens: ArrayLike, losses: ArrayLike) -> LossFit:
    """Return the loss formula L = E + A / P^alpha + B / D^beta that comes nearest to measured losses.

    Least is the sum of Huber's function (delta 0.001) of the relative errors, which are differences of log L. For given
    exponents E, A and B follow by linear least squares; so only the two exponents are searched for, on a grid that
    closes in on the best. E is 0 where it would be negative.
    `parameters` P and `tokens` D are counts, `losses` L in nats a token, one each a model.
    Errors: `ValueError` for other than one each, fewer than six models, or losses that neither P nor D lowers.
    Source: Hoffmann et al. 2022, section 3.3, for what is least; Czech et al. 2026, arXiv:2603.22339, for the search.

    >>> from course_lib.scaling import BESIROGLU_2024 as law
    >>> P, D = np.meshgrid([1e8, 3e8, 1e9], [1e9, 1e10, 1e11])
    >>> fit = fit_loss(P.ravel(), D.ravel(), law.loss(P, D).ravel())
    >>> round(fit.E, 3), round(fit.alpha, 3), round(fit.beta, 3)
    (1.817, 0.348, 0.366)
    """
    sizes, data, measured = _each_a_model(parameters=parameters, tokens=tokens, losses=losses)
    if len(measured) < 6:
        raise ValueError(f"losses must be of at least six models, as five constants are fitted; got {len(measured)}")
    logs = np.log(sizes), np.log(data)
    middle = logs[0].mean(), logs[1].mean()
    exponents, constants = _search(logs, middle, measured)
    alpha, beta = exponents.tolist()
    E, a, b = constants.tolist()
    if not (a > 0 and b > 0):
        raise ValueError("losses must fall with the parameters and with the tokens; these do not")
    return LossFit(max(E, 0.0), a * float(np.exp(alpha * middle[0])), b * float(np.exp(beta * middle[1])), alpha, beta)


def _search(logs: tuple[Array, Array], middle: tuple[Any, Any], measured: Array) -> tuple[Array, Array]:
    """Return the best exponents, and their E, A and B with P and D in units of `middle`.

    A grid of exponents moves to its best pair, and halves when that is no edge. A run whose error is above delta weighs
    less, by as much as Huber's function is below the square, as of the best pair of the grid before.
    """
    low, high = np.log(EXPONENTS)
    center, reach, weights = np.full(2, np.log(0.4)), 1.2, np.ones_like(measured)
    for _ in range(300):
        tried = np.clip(center + reach * GRID, low, high)
        constants, errors = _constants(np.exp(tried), logs, middle, measured, weights)
        best = int(np.argmin((weights * errors * errors).sum(axis=1)))
        at_edge = np.abs(GRID[best]).max() == 1 and not np.array_equal(tried[best], center)
        center, reach = tried[best], reach if at_edge else reach / 2
        if reach < 1e-8:
            break
        if reach < 0.1:
            weights = np.minimum(1, HUBER_DELTA / np.maximum(np.abs(errors[best]), 1e-300))
    return np.exp(center), constants[best]


def _constants(
    exponents: Array, logs: tuple[Array, Array], middle: tuple[Any, Any], measured: Array, weights: Array
) -> tuple[Array, Array]:
    """Return E, A and B of least weighted squares for each pair of exponents, and the relative errors of the runs."""
    terms = [np.exp(-exponents[:, [i]] * (logs[i] - middle[i])) for i in (0, 1)]
    columns = np.stack([np.ones_like(terms[0]), *terms], axis=-1) / measured[:, None]
    root = np.sqrt(weights)[:, None]
    q, r = np.linalg.qr(columns * root)
    wanted = np.einsum("gni,n->gi", q, root[:, 0])
    diagonal = np.einsum("gii->gi", r)
    constants = np.linalg.solve(r + 1e-300 * np.eye(3), wanted[..., None])[..., 0] if np.all(diagonal) else wanted * 0
    without = constants[:, 0] < 0
    if without.any():
        q, r = np.linalg.qr(columns[without, :, 1:] * root)
        wanted = np.einsum("gni,n->gi", q, root[:, 0])
        constants[without, 0] = 0
        constants[without, 1:] = np.linalg.solve(r, wanted[..., None])[..., 0]
    return constants, np.einsum("gni,gi->gn", columns, constants) - 1


def _each_a_model(**named: ArrayLike) -> list[Array]:
    """Return the lists as arrays of positive numbers, or raise unless all have as many."""
    arrays = [np.ravel(positive(name, value)) for name, value in named.items()]
    if len({len(array) for array in arrays}) != 1:
        counts = " and ".join(f"{len(array)} {name}" for name, array in zip(named, arrays, strict=True))
        raise ValueError(f"{', '.join(named)} must have one number each a model; got {counts}")
    return arrays
