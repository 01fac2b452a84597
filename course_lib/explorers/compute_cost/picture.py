"""The picture of slides S1 and S2: your run among the published ones, its cost in two parts, and its hours."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_lib import catalog
from course_lib.explorers import room
from course_lib.explorers.compute_cost.view import ComputeCostView
from course_lib.explorers.picture import (
    FAINT,
    INK,
    MUTED,
    ORANGE,
    PUBLISHED,
    RED,
    RING,
    SKY,
    SMALL,
    TEXT,
    TITLE,
    Picture,
    powers_of_ten,
)
from course_lib.explorers.room import LETTER, LINE, Room, Spot
from course_lib.units import format_flop, format_number, format_seconds

SIZES, TOKENS = (3e7, 2e12), (5e10, 6e13)
MAP_POINTS = (0.50 * 720, 0.76 * 273.6)
"""The map's ends, in parameters and tokens, and its size on the figure."""


class ComputeCostPicture(Picture):
    """Left: every published run of the catalog by parameters and tokens, lines of equal cost, and your run.

    Right: the forward and the backward pass, and your accelerator-hours beside the reported ones.
    """

    figure_size = (10.0, 3.8)

    def build(self, figure: Figure) -> None:
        """Draw what never changes (the published runs, the lines of equal cost) and the artists that do."""
        self._build_plane(figure.add_axes((0.072, 0.155, 0.50, 0.76)))
        self._build_bars(figure)

    def _build_plane(self, axes: Axes) -> None:
        axes.set(xscale="log", yscale="log", xlim=SIZES, ylim=TOKENS)
        self.room = Room((SIZES[0], TOKENS[0]), (SIZES[1], TOKENS[1]), MAP_POINTS)
        powers_of_ten(axes.xaxis, axes.yaxis)
        axes.set(xlabel="parameters P", ylabel="tokens D", title="Published training runs, and yours")
        ends = np.array([1e6, 1e13])
        for exponent in range(20, 27, 2):
            axes.plot(ends, 10.0**exponent / (6 * ends), color=FAINT, linewidth=1, zorder=0)
            x = 1.2 * max(3e7, 10.0**exponent / 6 / 6e13)
            axes.text(x, 10.0**exponent / (6 * x), f"1e{exponent} FLOP", color=MUTED, fontsize=SMALL, va="bottom")
            self.room.take(x, 10.0**exponent / (6 * x), (1, 1, 9 * LETTER, LINE), room.TEXT)
        self.room.keep()
        runs = catalog.training_runs().values()
        axes.plot([r.parameters for r in runs], [r.tokens for r in runs], **PUBLISHED)
        (ring,) = axes.plot([], [], **RING)
        (own,) = axes.plot([], [], "D", color=RED, markersize=8, markeredgecolor="white")
        self.ring, self.own = self.moving(ring), self.moving(own)
        self.own_label = self.labels(axes).add(1, 1, size=TEXT, color=RED, bold=True, halo=True)

    def _build_bars(self, figure: Figure) -> None:
        cost = figure.add_axes((0.63, 0.65, 0.355, 0.17))
        cost.set(xlim=(0, 3), ylim=(0, 1))
        cost.axis("off")
        cost.barh([0.5], [1], 1, color=SKY)
        cost.barh([0.5], [2], 1, left=[1], color=ORANGE)
        words = self.labels(cost)
        self.cost_title = words.add(0, 1.12, size=TITLE, level="bottom")
        for x, text in ((0.5, "forward 2PD"), (2, "backward 4PD")):
            cost.text(x, 0.72, text, ha="center", va="center", color=INK, fontsize=SMALL)
        self.forward, self.backward = (words.add(x, 0.3, side="center") for x in (0.5, 2))
        hours = figure.add_axes((0.63, 0.155, 0.355, 0.31))
        hours.set(xscale="log", xlim=(1, 1e9), ylim=(-0.6, 1.6), yticks=[], xlabel="accelerator-hours")
        powers_of_ten(hours.xaxis)
        hours.spines["left"].set_visible(False)
        self.bars = [self.moving(bar) for bar in hours.barh([1, 0], [1, 1], 0.62, color=[RED, SKY])]
        words = self.labels(hours)
        self.hours = [words.add(1.4, y, size=TEXT) for y in (1, 0)]
        self.time_title = words.add(1, 1.75, size=TITLE, level="bottom")

    def draw(self, view: ComputeCostView) -> None:
        """Move the run's marker, fill in the costs and set the two bars of hours."""
        x, y = np.clip(view.parameters, 3.4e7, 1.8e12), np.clip(view.tokens, 5.8e10, 5.2e13)
        self.own.set_data([x], [y])
        text = "yours" if (x, y) == (view.parameters, view.tokens) else "yours: off this map"
        sides = [("left", 1.35), ("right", 1 / 1.35)][:: -1 if x > 2e11 else 1]
        self.room.clear()
        self.room.write(
            self.own_label, text, [Spot(x * by, y / down, side) for down in (1, 1.6, 1 / 1.6) for side, by in sides]
        )
        run = view.published
        self.ring.set_data(([run.parameters], [run.tokens]) if run else ([], []))
        self.forward.text = format_flop(view.forward)
        self.backward.text = format_flop(view.backward)
        self.cost_title.text = f"C = 6PD = {format_flop(view.total)}"
        self.time_title.text = f"Time: {format_seconds(view.seconds)}"
        pairs: list[tuple[str, Any]] = [("estimate", view.hours), ("reported", view.reported_hours)]
        for bar, label, (name, hours) in zip(self.bars, self.hours, pairs, strict=True):
            bar.set_width(max(hours or 0, 0))
            label.text = f"{name}: {format_number(hours)} h" if hours else f"{name}: none"
