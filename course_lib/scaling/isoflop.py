"""Models of a few budgets, by a law or trained, and the best sizes that two ways of fitting read off them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib._arguments import not_negative, positive, shown, single, whole
from course_lib.compute_cost import training_flop
from course_lib.scaling.fitting import Parabola, PowerLaw, fit_loss, fit_parabola, fit_power_law
from course_lib.scaling.loss import LossFit

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class IsoFlopRuns:
    """Trained models, as arrays of one number each: the budget C in FLOP, P, D, and the loss in nats a token."""

    flop: Array
    parameters: Array
    tokens: Array
    losses: Array

    @property
    def budgets(self) -> tuple[float, ...]:
        """The budgets in FLOP, the smallest first."""
        return tuple(np.unique(self.flop).tolist())

    def only(self, chosen: NDArray[np.bool_]) -> IsoFlopRuns:
        """Return those models for which `chosen`, an array of one yes or no each, says yes."""
        return IsoFlopRuns(*(array[chosen] for array in (self.flop, self.parameters, self.tokens, self.losses)))

    def at(self, flop: float) -> IsoFlopRuns:
        """Return the models of one budget."""
        return self.only(self.flop == flop)

    def within(self, centres: Mapping[float, float], width: float) -> IsoFlopRuns:
        """Return the models whose size is at most `width` times larger or smaller than their budget's centre.

        Errors: `ValueError` for a width that is not above 1.
        """
        reach = np.log(_above_one(width))
        away = [abs(np.log(size / centres[flop])) for flop, size in zip(self.flop, self.parameters, strict=True)]
        return self.only(np.array(away) <= reach + 1e-9)


def runs_of_law(
    law: LossFit, centres: Mapping[float, float], width: float, sizes: int, noise: float = 0.0, seed: int = 0
) -> IsoFlopRuns:
    """Return models on a grid around a size at each budget, with the losses that a law gives them.

    `centres` maps budgets C in FLOP to sizes P. The grid has `sizes` of them, in equal steps of ln P, from P / `width`
    to P x `width`, and D = C / 6P. To each loss is added a normal number of the deviation `noise`, in nats.
    Errors: `ValueError` for fewer than one size, a width that is not above 1, or a negative noise.

    >>> from course_lib.scaling import HOFFMANN_2022
    >>> runs_of_law(HOFFMANN_2022, {6e18: 1e8}, width=2, sizes=3).parameters.round().tolist()
    [50000000.0, 100000000.0, 200000000.0]
    """
    spread = np.exp(np.linspace(-1, 1, whole("sizes", sizes)) * np.log(_above_one(width)))
    flop = np.repeat(positive("centres", list(centres)), len(spread))
    parameters = np.multiply.outer(positive("centres", list(centres.values())), spread).ravel()
    errors = np.random.default_rng(seed).standard_normal(len(flop)) * not_negative("noise", noise)
    return IsoFlopRuns(
        flop, parameters, flop / training_flop(parameters, 1), law.iso_flop_loss(flop, parameters) + errors
    )


def _above_one(width: float) -> float:
    """Return how many times a grid reaches to either side, or raise `ValueError` for no more than once."""
    if single("width", positive("width", width)) <= 1:
        raise ValueError(f"width must be above 1; got {shown(width)}")
    return width


@dataclass(frozen=True, eq=False)
class IsoFlopFit:
    """What two ways of fitting read off the same runs; None where the runs are too few or have no lowest point.

    `parabolas` has each budget's parabola, `power` the power law through their best sizes (approach 2), `loss` the loss
    formula (approach 3), and `spent` the 6PD of each budget's models, on average: less than C where C was counted.
    """

    parabolas: MappingProxyType[float, Parabola | None]
    power: PowerLaw | None
    loss: LossFit | None
    spent: MappingProxyType[float, float]

    def best(self, flop: float) -> float | None:
        """Return the best size for a budget of the runs by its parabola."""
        parabola = self.parabolas[flop]
        return parabola.best if parabola else None

    def best_by_loss(self, flop: float) -> float | None:
        """Return the best size for a budget by the loss formula, or None where no model of the budget was fitted."""
        return float(self.loss.optimal(self.spent[flop])[0]) if self.loss and flop in self.spent else None


def fit_iso_flop(runs: IsoFlopRuns, budgets: tuple[float, ...] = ()) -> IsoFlopFit:
    """Return both fits of runs at fixed budgets; `budgets` may name some at which no run is left.

    Source: Hoffmann et al. 2022, sections 3.2 and 3.3.

    >>> from course_lib.scaling import BESIROGLU_2024 as law
    >>> runs = runs_of_law(law, {C: law.optimal(C)[0] for C in (1e18, 1e19, 1e20)}, width=4, sizes=7)
    >>> fit = fit_iso_flop(runs)
    >>> round(fit.power.exponent, 3), round(fit.loss.exponent, 3), round(law.exponent, 3)
    (0.513, 0.513, 0.513)
    """
    parts = {flop: runs.at(flop) for flop in budgets or runs.budgets}
    parabolas = {flop: _or_none(fit_parabola, part.parameters, part.losses) for flop, part in parts.items()}
    best = {flop: parabola.best for flop, parabola in parabolas.items() if parabola}
    spent = {
        flop: float(training_flop(1, np.exp(np.log(part.parameters * part.tokens).mean())))
        for flop, part in parts.items()
        if len(part.flop)
    }
    return IsoFlopFit(
        MappingProxyType(parabolas),
        _or_none(fit_power_law, list(best), list(best.values())) if best else None,
        _or_none(fit_loss, runs.parameters, runs.tokens, runs.losses) if len(runs.flop) else None,
        MappingProxyType(spent),
    )


def _or_none(fit: Any, *arrays: Any) -> Any:
    """Return what a fit gives, or None for what it refuses."""
    try:
        return fit(*arrays)
    except ValueError:
        return None
