"""What the explorer of iso-FLOP curves shows: the models inside a grid, both fits of them, and how far they are off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from course_lib._arguments import one_of, positive
from course_lib.scaling import (
    HOFFMANN_2022,
    IsoFlopFit,
    IsoFlopRuns,
    LossFit,
    PowerLaw,
    fit_iso_flop,
    fit_power_law,
    ladder,
    runs_of_law,
)
from course_lib.units import format_count, format_number, format_scientific

LADDER, HOFFMANN, LOPSIDED = "the measured ladder", "Hoffmann's law", "a lopsided law"
LAWS = {HOFFMANN: HOFFMANN_2022, LOPSIDED: LossFit(E=1.69, A=400.0, B=20.0, alpha=0.465, beta=0.155)}
"""Laws that are known; of the second, alpha is three times beta (the exponents of Czech et al. 2026)."""
DATA = (LADDER, *LAWS)
BUDGETS = (1e18, 1e19, 1e20, 1e21)
"""The budgets at which models of a law are taken, in FLOP."""
NOISES = {"none": 0.0, "0.003 nats": 0.003, "0.01 nats": 0.01}

CENTRES, WIDTHS, COUNTS = (0.2, 5.0), (1.5, 16.0), (3, 15)
"""The least and the most of the grid's centre, in times the best size, of its width, and of its sizes."""


@dataclass(frozen=True, eq=False)
class IsoFlopView:
    """The models that are fitted, all that there are of the ladder, and what the best size is without a narrow grid.

    `reference` has that size for each budget: of a law the true one, of the ladder the parabola of all its models.
    """

    data: str
    runs: IsoFlopRuns
    whole: IsoFlopRuns
    fit: IsoFlopFit
    reference: MappingProxyType[float, float]
    law: LossFit | None

    @property
    def truth(self) -> PowerLaw:
        """The power law of the reference."""
        return fit_power_law(list(self.reference), list(self.reference.values()))

    def off(self, size: float | None, flop: float) -> float | None:
        """Return a size in times of the reference at its budget, or None for none."""
        return size / self.reference[flop] if size else None

    @property
    def sentence(self) -> str:
        """The answer in plain words."""
        last = max(self.reference)
        off = self.off(self.fit.best(last), last)
        if self.fit.power is None:
            return "Fewer than two budgets have a parabola with a lowest point: too few models, or too much noise."
        grows = f"By parabolas the best size grows as C^{self.fit.power.exponent:.2f}"
        there = "no parabola has a lowest point" if off is None else f"it is {off:.2f} times {self._reference}"
        return f"{grows}; at {budget(last)} FLOP {there}."

    @property
    def _reference(self) -> str:
        return "the true one" if self.law else "the whole ladder's"

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """The exponents and the best sizes of both fits, beside the reference's."""
        power, loss = self.fit.power, self.fit.loss
        last = max(self.reference)
        best = self.fit.best(last)
        whole = "true" if self.law else "whole"
        return (
            ("Models fitted", f"{len(self.runs.flop)} of {len(self.whole.flop)}"),
            ("Exponent, parabolas", f"{power.exponent:.3f}" if power else "none"),
            ("Exponent, loss formula", f"{loss.exponent:.3f}" if loss else "none"),
            (
                f"Exponent, {whole}" + ("" if self.law else " ladder"),
                f"{(self.law.exponent if self.law else self.truth.exponent):.3f}",
            ),
            *(self._at(flop, whole) for flop in self.reference),
            (
                f"{'Tokens' if self.law else 'Characters'}/parameter, largest",
                format_number(self.fit.spent[last] / 6 / best**2, 2) if best else "none",
            ),
            ("Loss formula", f"E {loss.E:.2f}, alpha {loss.alpha:.2f}, beta {loss.beta:.2f}" if loss else "none"),
        )

    def _at(self, flop: float, whole: str) -> tuple[str, str]:
        sizes = (self.fit.best(flop), self.fit.best_by_loss(flop))
        by_parabola, by_loss = (format_count(size) if size and size < 1e15 else "none" for size in sizes)
        reference = format_count(self.reference[flop])
        return f"Best P, {budget(flop)} FLOP", f"{by_parabola}; formula {by_loss}; {whole} {reference}"


def iso_flop_view(
    data: str, centre: float, centre_last: float, width: float, count: int, noise: str = "none"
) -> IsoFlopView:
    """Return what the explorer shows for its controls' values.

    At the smallest budget the grid's middle is `centre` times the reference, at the largest `centre_last` times, and in
    between it moves evenly with the logarithm of the budget. `count` and `noise` are of a law's models alone.
    Errors: `ValueError` or `TypeError` as `scaling` raises them.
    """
    law = LAWS.get(one_of("data", data, DATA))
    reference = {flop: best for flop, (best, _) in references(data).items()}
    share = np.linspace(0, 1, len(reference))
    ends = positive("centre", centre), positive("centre_last", centre_last)
    middles = np.exp(np.interp(share, (0, 1), np.log(ends)))
    centres = {flop: best * by for (flop, best), by in zip(reference.items(), middles.tolist(), strict=True)}
    if law:
        runs = whole = runs_of_law(law, centres, width, count, NOISES[one_of("noise", noise, NOISES)])
    else:
        whole = ladder()
        runs = whole.within(centres, width)
    return IsoFlopView(data, runs, whole, fit_iso_flop(runs, tuple(reference)), MappingProxyType(reference), law)


def budget(flop: float) -> str:
    """Return a budget as short as it can be written: 1e10, 6.4e11."""
    return format_scientific(flop, 2).replace(".0e", "e")


@lru_cache
def references(data: str) -> Mapping[float, tuple[float, float]]:
    """Return the best size that each budget's is compared with, and its loss: a law's own, or the whole ladder's."""
    if law := LAWS.get(data):
        optima = {flop: law.optimal(flop) for flop in BUDGETS}
        return MappingProxyType({flop: (float(best[0]), float(law.loss(*best))) for flop, best in optima.items()})
    parabolas = fit_iso_flop(ladder()).parabolas
    return MappingProxyType({flop: (one.best, one.lowest) for flop, one in parabolas.items() if one})
