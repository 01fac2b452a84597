"""The picture of iso-FLOP curves: the models that are fitted with their parabolas, and how far each fit is off."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from course_lib.explorers.picture import (
    BLUE,
    FAINT,
    INK,
    MUTED,
    ORANGE,
    SKY,
    TITLE,
    Picture,
    powers_of_ten,
)
from course_lib.explorers.scaling.isoflop import HOFFMANN, LADDER, LAWS, LOPSIDED, IsoFlopView, budget, references

POINTS = 61
"""How many sizes a curve is drawn through."""
HEAD, ROW, FOOT = 22, 14, 36
"""How many points a panel needs for its title, for each row of its legend, and below its axes."""
RATIOS = (0.3, 3.3)
"""The least and the largest share of the reference that the right panel shows."""

PARABOLA: Any = {"color": BLUE, "marker": "s", "markersize": 7.5, "markeredgecolor": "white"}
FORMULA: Any = {"color": ORANGE, "marker": "D", "markersize": 5, "markeredgecolor": "white", "linestyle": (0, (5, 1.5))}
REFERENCE: Any = {"color": INK, "linestyle": ":", "linewidth": 1.4}
FITTED: Any = {"color": SKY, "marker": "o", "markersize": 5, "markeredgecolor": INK, "linestyle": ""}
LEFT_OUT: Any = FITTED | {"color": "white", "markeredgecolor": MUTED}
TRUE: Any = {"color": FAINT, "linewidth": 3}
UNLINED, BARE = {"linestyle": ""}, {"marker": ""}


class LadderPicture(Picture):
    """Left: the models of each budget, those left out hollow, with a parabola and its lowest point where there is one.

    Right: the best sizes of both fits over the budgets, in times of the reference. It stands below the left where there
    is little room.
    """

    heights: ClassVar[dict[str, float]] = {"wide": 280, "medium": 500, "narrow": 540}
    data: ClassVar[str] = LADDER
    sizes: ClassVar[tuple[float, float]] = (1.5e3, 2e5)
    losses: ClassVar[tuple[float, float]] = (1.6, 2.9)
    last_name: ClassVar[float] = 12
    """How many points above the lowest loss of the largest budget its name stands."""

    def build(self, figure: Figure) -> None:
        """Draw the axes, a law's own curves and the names of the budgets; make the artists that follow a view."""
        self.narrow, self.law = self.layout == "narrow", LAWS.get(self.data)
        middle = self.height / 2
        bowls, ratios = (46.0, 0.0, self.width - 12, middle), (46.0, middle, self.width - 12, self.height)
        if self.layout == "wide":
            bowls, ratios = (46, 0, 400, self.height), (462, 0, 708, self.height)
        other = (TRUE, "the law itself") if self.law else (LEFT_OUT, "left out by the grid")
        whole = "the true best size" if self.law else "best size of the whole ladder"
        self._build_bowls(
            self._panel(
                figure,
                bowls,
                "Loss at equal compute",
                ((FITTED, "fitted"), other, (PARABOLA, "its parabola's best size")),
            )
        )
        self._build_ratios(
            self._panel(
                figure,
                ratios,
                "Best sizes, compared",
                ((PARABOLA, "parabolas"), (FORMULA, "loss formula"), (REFERENCE, whole)),
            )
        )

    def _panel(self, figure: Figure, place: tuple[float, ...], title: str, legend: tuple[tuple[Any, str], ...]) -> Axes:
        """Return the axes of a panel, and write its title and its legend above them."""
        left, top, right, bottom = place
        start = left if self.layout == "wide" else 6
        high = HEAD + ROW * (len(legend) if self.narrow else 2)
        head = figure.add_axes(self.place(start, top, right, top + high))
        head.set(xlim=(0, right - start), ylim=(high, 0))
        head.axis("off")
        words = self.still_labels(head)
        words.add(0, 14, text=title, level="baseline", size=TITLE)
        places = [(0, row) for row in range(3)] if self.narrow else [(0, 0), (0.4, 0), (0, 1)]
        for (look, text), (across, row) in zip(legend, places, strict=True):
            x, y = across * (right - start), HEAD + ROW * (row + 0.5)
            head.plot([x, x + 10, x + 20], [y, y, y], markevery=[1], **look)
            words.add(x + 26, y, text=text)
        return figure.add_axes(self.place(left, top + high + 6, right, bottom - FOOT))

    def _build_bowls(self, axes: Axes) -> None:
        axes.set(xscale="log", xlim=self.sizes, ylim=self.losses)
        powers_of_ten(axes.xaxis)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set(xlabel="parameters P", ylabel=f"loss, nats a {'token' if self.law else 'character'}")
        names, reference = self.still_labels(axes), references(self.data)
        grid, point = (
            np.geomspace(*self.sizes, POINTS),
            np.ptp(self.losses) / (self.height * axes.get_position().height),
        )
        for flop, (size, lowest) in reference.items():
            if self.law:
                axes.plot(grid, self.law.iso_flop_loss(flop, grid), **TRUE, zorder=0)
            above = self.last_name if flop == max(reference) else 12
            names.add(size, lowest + above * point, text=f"{budget(flop)} FLOP", side="center", halo=True)
        self.curves = {flop: self.moving(*axes.plot([], [], **PARABOLA | BARE)) for flop in reference}
        self.left_out = self.moving(*axes.plot([], [], **LEFT_OUT))
        self.fitted = self.moving(*axes.plot([], [], **FITTED))
        self.lowest = self.moving(*axes.plot([], [], **PARABOLA | UNLINED))

    def _build_ratios(self, axes: Axes) -> None:
        self.budgets = list(references(self.data))
        axes.set(xscale="log", yscale="log", ylim=RATIOS, xlim=(self.budgets[0] / 1.6, self.budgets[-1] * 1.6))
        axes.xaxis.set_major_locator(FixedLocator(self.budgets))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda flop, _: budget(flop)))
        axes.yaxis.set_major_locator(FixedLocator([0.3, 0.5, 1, 2, 3]))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{ratio:g}"))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_minor_locator(NullLocator())
        axes.axhline(1, **REFERENCE, zorder=0)
        axes.set(xlabel="compute C, FLOP", ylabel="times " + ("the true size" if self.law else "the whole ladder's"))
        self.by_parabola, self.by_formula = (
            self.moving(*axes.plot([], [], **look, clip_on=False)) for look in (PARABOLA, FORMULA)
        )

    def draw(self, view: IsoFlopView) -> None:
        """Show which models are fitted, the parabolas through them, and the best sizes of both fits."""
        runs, fit = view.runs, view.fit
        self.fitted.set_data(runs.parameters, runs.losses)
        whole = view.whole
        self.left_out.set_data([] if self.law else whole.parameters, [] if self.law else whole.losses)
        for flop, curve in self.curves.items():
            parabola, sizes = fit.parabolas[flop], runs.at(flop).parameters
            grid = np.geomspace(sizes.min(), sizes.max(), POINTS) if parabola else np.array([])
            curve.set_data(grid, parabola.loss(grid) if parabola else [])
        best = [one for one in fit.parabolas.values() if one]
        self.lowest.set_data([one.best for one in best], [one.lowest for one in best])
        for line, size_of in ((self.by_parabola, fit.best), (self.by_formula, fit.best_by_loss)):
            off = {flop: ratio for flop in self.budgets if (ratio := view.off(size_of(flop), flop))}
            line.set_data(list(off), np.clip(list(off.values()), *RATIOS))


class HoffmannPicture(LadderPicture):
    """The same for models of Hoffmann's law, with the law's own curves."""

    data = HOFFMANN
    sizes = (1e6, 1e11)
    losses = (2.1, 4.6)


class LopsidedPicture(LadderPicture):
    """The same for models of a lopsided law, with the law's own curves, of which the last two are near each other."""

    data = LOPSIDED
    sizes = (2e5, 2e10)
    losses = (1.9, 2.82)
    last_name = -12
