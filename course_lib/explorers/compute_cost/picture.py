"""The picture of slides S1 and S2: your run among the published ones, its cost in two parts, and its hours."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_lib import catalog
from course_lib.explorers import room
from course_lib.explorers.compute_cost.view import ComputeCostView, axis_end
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
    Label,
    Picture,
    powers_of_ten,
)
from course_lib.explorers.room import LETTER, LINE, Room
from course_lib.units import SECONDS_PER_DAY, format_flop, format_number, format_seconds

RATIO_END = 2
"""Where the line of the estimate over the reported hours ends."""
SIZES, TOKENS = (3e7, 2e12), (5e10, 6e13)
MAP_POINTS = (0.50 * 720, 0.76 * 273.6)
"""The map's ends, in parameters and tokens, and its size on the figure."""

NAMES = {
    "GPT-3 175B": ("GPT-3", "right", -6, 0),
    "Gopher 280B": ("Gopher", "center", 4, -9),
    "Chinchilla 70B": ("Chinchilla", "center", 12, -19.5),
    "PaLM 540B": ("PaLM", "left", 6, 0),
    "BLOOM 176B": ("BLOOM", "center", 0, 9),
    "LLaMA 7B": ("LLaMA 7B", "right", 6, -9),
    "LLaMA 13B": ("13B", "center", 0, -9),
    "LLaMA 33B": ("33B", "right", -6, 0),
    "LLaMA 65B": ("65B", "right", 0, -9),
    "Llama 2 7B": ("Llama 2 7B", "right", -6, 0),
    "Llama 2 13B": ("13B", "left", 6, 0),
    "Llama 2 70B": ("70B", "right", -6, 0),
    "Llama 3.1 405B": ("Llama 3.1 405B", "right", 12, 9),
    "Pythia 70M": ("Pythia 70M", "center", 0, 9),
    "Pythia 160M": ("160M", "center", 0, -9),
    "Pythia 410M": ("410M", "center", 0, 9),
    "Pythia 1B": ("1B", "center", -2, -9),
    "Pythia 1.4B": ("1.4B", "center", 0, 9),
    "Pythia 2.8B": ("2.8B", "center", 0, -9),
    "Pythia 6.9B": ("6.9B", "center", 2, 9),
    "Pythia 12B": ("12B", "center", 2, -9),
    "Falcon 180B": ("Falcon 180B", "left", 6, 0),
    "DeepSeek-V3 (37B active)": ("DeepSeek-V3 (at work)", "left", -8, -9),
}
"""What the map calls the published runs, in short, and where: the side, and points to the right of and above the dot.

A name that is further off has a line to its dot.
"""


class ComputeCostPicture(Picture):
    """Left: every published run of the catalog by parameters and tokens, lines of equal cost, and your run.

    Right: the forward and the backward pass; the time; your accelerator-hours beside the reported ones, and the ratio.
    All bars are linear, so half the time is half the bar while the end of the axis, which is written, stays.
    """

    heights = {"wide": 273.6}

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
            x = 1.2 * max(3e7, 10.0**exponent / 6 / 6e13) if exponent > 20 else 3e8
            axes.text(x, 10.0**exponent / (6 * x), f"1e{exponent} FLOP", color=MUTED, fontsize=SMALL, va="bottom")
            self.room.take(x, 10.0**exponent / (6 * x), (1, 1, 9 * LETTER, LINE), room.TEXT)
        runs = catalog.training_runs().values()
        axes.plot([r.parameters for r in runs], [r.tokens for r in runs], **PUBLISHED)
        for run in runs:
            self.room.take(run.parameters, run.tokens, (4, 4, 4, 4), room.MARK)
        words = self.still_labels(axes)
        for name, (text, side, right, up) in NAMES.items():
            run, label = catalog.training_run(name), words.add(1, 1, color=MUTED, halo=True)
            spot = self.room.beside(run.parameters, run.tokens, side, right, up)
            self.room.write(label, text, [spot])
            if abs(up) > 2 * LINE:
                end = self.room.beside(run.parameters, run.tokens, side, right, up * (1 - 0.6 * LINE / abs(up)))
                axes.plot([run.parameters, end.x], [run.tokens, end.y], color=MUTED, linewidth=0.7, zorder=1)
        self.room.keep()
        (ring,) = axes.plot([], [], **RING)
        (own,) = axes.plot([], [], "D", color=RED, markersize=8, markeredgecolor="white")
        self.ring, self.own = self.moving(ring), self.moving(own)
        self.own_label = self.labels(axes).add(1, 1, size=TEXT, color=RED, bold=True, halo=True)

    def _build_bars(self, figure: Figure) -> None:
        left, wide = 0.63, 0.355
        cost = figure.add_axes((left, 0.785, wide, 0.135))
        cost.set(xlim=(0, 3), ylim=(0, 1))
        cost.axis("off")
        cost.barh([0.5], [1], 1, color=SKY)
        cost.barh([0.5], [2], 1, left=[1], color=ORANGE)
        words = self.labels(cost)
        self.cost_title = words.add(0, 1.12, size=TITLE, level="bottom")
        for x, text in ((0.5, "forward 2PD"), (2, "backward 4PD")):
            cost.text(x, 0.72, text, ha="center", va="center", color=INK, fontsize=SMALL)
        self.forward, self.backward = (words.add(x, 0.27, side="center") for x in (0.5, 2))
        time = self._build_axis(figure.add_axes((left, 0.60, wide, 0.06)), 1)
        hours = self._build_axis(figure.add_axes((left, 0.29, wide, 0.19)), 2)
        self.time_title, self.time_end, (self.time_bar,), _ = time
        self.hours_title, self.hours_end, self.bars, self.hours = hours
        self._build_ratio(figure.add_axes((left, 0.115, wide, 0.05)))

    def _build_axis(self, axes: Axes, rows: int) -> tuple[Label, Label, list[Any], list[Label]]:
        """Return the title, the word at the axis' end, the bars and their words of a linear axis from 0 to its end."""
        axes.set(xlim=(0, 1), ylim=(-0.5, rows - 0.5), yticks=[], xticks=[0, 0.25, 0.5, 0.75, 1], xticklabels=[""] * 5)
        axes.spines["left"].set_visible(False)
        words, low = self.labels(axes), -0.5 - 0.042 * rows / axes.get_position().height
        title = words.add(0, rows - 0.42, size=TITLE, level="bottom")
        words.add(0, low, text="0", side="center")
        end = words.add(1, low, side="right")
        bars = [self.moving(bar) for bar in axes.barh(range(rows)[::-1], [1] * rows, 0.8, color=[RED, SKY][:rows])]
        inside = self.labels(axes)
        return title, end, bars, [inside.add(0.012, row, size=TEXT, halo=True) for row in range(rows)[::-1]]

    def _build_ratio(self, axes: Axes) -> None:
        """Draw the line from 0 to twice the reported hours, with once in its middle."""
        axes.set(xlim=(0, RATIO_END), ylim=(-1, 1))
        axes.axis("off")
        axes.plot([0, RATIO_END], [0, 0], color=MUTED, linewidth=1)
        axes.plot(np.linspace(0, RATIO_END, 5), [0] * 5, "|", color=MUTED, markersize=6)
        axes.plot([1], [0], "|", color=INK, markersize=13, markeredgewidth=1.5)
        for x, side, text in ((0, "left", "0"), (1, "center", "1"), (RATIO_END, "right", f"{RATIO_END:g} times")):
            axes.text(x, -1.35, text, ha=side, va="top", fontsize=SMALL, color=INK)
        (self.ratio,) = axes.plot([], [], "D", color=RED, markersize=7, markeredgecolor="white", clip_on=False)
        self.moving(self.ratio)
        self.ratio_title = self.labels(axes).add(0, 1.25, level="bottom", size=TEXT)

    def draw(self, view: ComputeCostView) -> None:
        """Move the run's marker, fill in the costs and set the two bars of hours."""
        x, y = np.clip(view.parameters, 3.4e7, 1.8e12), np.clip(view.tokens, 5.8e10, 5.2e13)
        self.own.set_data([x], [y])
        text = "yours" if (x, y) == (view.parameters, view.tokens) else "yours: off this map"
        self.room.clear()
        spots = sorted(self.room.around(x, y, 8, 12), key=lambda spot: spot.side != ("left" if x < 2e11 else "right"))
        self.room.write(
            self.own_label, text, [*spots, *self.room.around(x, y, 16, 20), *self.room.around(x, y, 24, 30)]
        )
        run = view.published
        self.ring.set_data(([run.parameters], [run.tokens]) if run else ([], []))
        self.forward.text = format_flop(view.forward)
        self.backward.text = format_flop(view.backward)
        self.cost_title.text = f"C = 6PD = {format_flop(view.total)}"
        self._draw_bars(view)

    def _draw_bars(self, view: ComputeCostView) -> None:
        days = view.seconds / SECONDS_PER_DAY
        self.time_title.text = f"Time: {format_seconds(view.seconds)}"
        self.time_end.text = f"{format_number(axis_end(days))} days" if days else ""
        self.time_bar.set_width(days / axis_end(days) if days else 0)
        end = axis_end(max(view.hours, view.reported_hours or 0)) if view.hours else 1
        self.hours_title.text = "Accelerator-hours"
        self.hours_end.text = f"{format_number(end)} h"
        pairs = (
            ("estimate", view.estimate_in_words, view.hours),
            ("reported", view.reported_in_words, view.reported_hours),
        )
        for bar, label, (name, text, hours) in zip(self.bars, self.hours, pairs, strict=True):
            bar.set_width((hours or 0) / end)
            label.text = f"{name}: {text} h" if hours else f"{name}: none"
        ratio = view.ratio
        self.ratio.set_data(*([], []) if ratio is None else ([min(ratio, RATIO_END)], [0]))
        self.ratio.set_marker(">" if ratio is not None and ratio > RATIO_END else "D")
        self.ratio_title.text = (
            f"estimate / reported: {view.ratio_in_words}" if ratio is not None else "nothing to compare with"
        )
