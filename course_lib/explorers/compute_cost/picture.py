"""The picture of slides S1 and S2: your run among the published ones, its cost in two parts, its time and its hours."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

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
from course_lib.explorers.room import LETTER, LINE, Room
from course_lib.units import SECONDS_PER_DAY, SECONDS_PER_HOUR, format_flop, format_seconds

SIZES, CLOSER, TOKENS = (3e7, 2e12), (4.5e7, 9e11), (5e10, 6e13)
"""The map's ends, in parameters (the closer ones where it is narrow) and in tokens."""
EDGE = 1.2
"""How far your mark stays from these ends, as a factor."""
OWN: Any = {"color": RED, "markersize": 8, "markeredgecolor": "white", "linestyle": ""}
"""How the map marks your run."""
TIMES = {
    "20 years": 20 * 365.25 * SECONDS_PER_DAY,
    "200 days": 200 * SECONDS_PER_DAY,
    "48 hours": 48 * SECONDS_PER_HOUR,
}
"""The axes of the time, each from 0 to its end in seconds; none ever changes."""
RATIO_END = 2
"""Where the line of the estimate over the reported hours ends."""
BAR = 9
"""How tall the bars of time and hours are, in points."""

FAMILIES = {
    "LLaMA": ("LLaMA 7B", "LLaMA 13B", "LLaMA 33B", "LLaMA 65B"),
    "Llama 2": ("Llama 2 7B", "Llama 2 13B", "Llama 2 70B"),
    "Pythia": (
        *("Pythia 70M", "Pythia 160M", "Pythia 410M", "Pythia 1B"),
        *("Pythia 1.4B", "Pythia 2.8B", "Pythia 6.9B", "Pythia 12B"),
    ),
}
"""Runs of one paper; a line joins them on the map, and all but the first are called by their size alone."""

NAMES = {
    "GPT-3 175B": "GPT-3",
    "Gopher 280B": "Gopher",
    "Chinchilla 70B": "Chinchilla",
    "PaLM 540B": "PaLM",
    "BLOOM 176B": "BLOOM",
    "Llama 3.1 405B": "Llama 3.1",
    "Falcon 180B": "Falcon",
    "DeepSeek-V3 (37B active)": "DeepSeek-V3",
} | {
    run: run if run == runs[0] else run.removeprefix(f"{family} ") for family, runs in FAMILIES.items() for run in runs
}
"""What the map calls each published run."""


class ComputeCostPicture(Picture):
    """A map: every published run of the catalog by parameters and tokens, lines of equal cost, and your run.

    A panel: the forward and the backward pass; the time on three axes that never change, so half the time is half the
    bar; your accelerator-hours in times of the reported ones. It stands beside the map or, where there is no room,
    below it.
    """

    heights: ClassVar = {"wide": 266, "medium": 456, "narrow": 550}

    def build(self, figure: Figure) -> None:
        """Draw what never changes (the published runs, the lines of equal cost, the axes) and the artists that do."""
        wide = self.layout == "wide"
        left, top, gap = (456, 6, 16) if wide else (8, self.height - 206, 6)
        edge, above = (28, 36) if self.layout == "narrow" else (46, 26)
        self._build_map(figure, (edge, above, 428 if wide else -8, -36 if wide else top - 40))
        panel = figure.add_axes(self.place(left, top, self.width, self.height))
        panel.set(xlim=(0, self.width - left), ylim=(self.height - top, 0))  # places in points, from the upper left
        panel.axis("off")
        self.across = self.width - left - 8
        self._build_cost(panel)
        self._build_time(panel, 58 + gap)
        self._build_hours(panel, 128 + 2 * gap)

    def _build_map(self, figure: Figure, edges: tuple[float, float, float, float]) -> None:
        box = self.place(*edges)
        axes = figure.add_axes(box)
        self.ends = CLOSER if self.layout == "narrow" else SIZES, TOKENS
        axes.set(xscale="log", yscale="log", xlim=self.ends[0], ylim=TOKENS)
        size = (box[2] * self.width, box[3] * self.height)
        corner, opposite = zip(*self.ends, strict=True)
        space = Room(corner, opposite, size)
        powers_of_ten(axes.xaxis, axes.yaxis)
        axes.set_xlabel("parameters P")
        if self.layout == "narrow":
            self.still_labels().add(8 / self.width, 1 - 27 / self.height, text="tokens D", size=TEXT)
        else:
            axes.set_ylabel("tokens D")
        ends = np.array([1e6, 1e13])
        for exponent in range(20, 27, 2):
            axes.plot(ends, 10.0**exponent / (6 * ends), color=FAINT, linewidth=1, zorder=0)
            x = 1.2 * max(self.ends[0][0], 10.0**exponent / 6 / 6e13) if exponent > 20 else 3e8
            text = f"1e{exponent}" if self.layout == "narrow" and exponent > 20 else f"1e{exponent} FLOP"
            axes.text(x, 10.0**exponent / (6 * x), text, color=MUTED, fontsize=SMALL, va="bottom")
            space.take(x, 10.0**exponent / (6 * x), (1, 1, len(text) * LETTER, LINE), room.TEXT)
        runs = catalog.training_runs()
        for family in FAMILIES.values():
            xs, ys = zip(*((runs[name].parameters, runs[name].tokens) for name in family), strict=True)
            axes.plot(xs, ys, color=SKY, linewidth=1, zorder=1)
            space.take_line(xs, ys)
        axes.plot([r.parameters for r in runs.values()], [r.tokens for r in runs.values()], **PUBLISHED)
        for run in runs.values():
            space.take(run.parameters, run.tokens, (4, 4, 4, 4), room.MARK)
        words = self.still_labels(axes)
        names = [
            (words.add(1, 1, color=MUTED, halo=True), NAMES[r.name], r.parameters, r.tokens) for r in runs.values()
        ]
        for xs, ys in space.name(names):
            axes.plot(xs, ys, color=MUTED, linewidth=0.7, zorder=1)
        (ring,) = axes.plot([], [], **RING)
        (own,) = axes.plot([], [], **OWN)
        self.ring, self.own = self.moving(ring), self.moving(own)
        row = 1 - 11 / self.height
        self.still_labels().add(8 / self.width, row, text="Published runs", size=TITLE)
        self.own_label = self.labels().add(112 / self.width, row, size=TEXT, color=RED, bold=True)
        figure.add_artist(Line2D([104 / self.width], [row], marker="D", **OWN))

    def _build_cost(self, panel: Axes) -> None:
        third = self.across / 3
        panel.add_patch(Rectangle((0, 22), third, 32, facecolor=SKY))
        panel.add_patch(Rectangle((third, 22), 2 * third, 32, facecolor=ORANGE))
        words = self.labels(panel)
        self.cost_title = words.add(0, 15, size=TITLE, level="baseline")
        for x, text in ((third / 2, "forward 2PD"), (2 * third, "backward 4PD")):
            panel.text(x, 31, text, ha="center", va="center", color=INK, fontsize=SMALL)
        self.forward, self.backward = (words.add(x, 46, side="center") for x in (third / 2, 2 * third))

    def _build_time(self, panel: Axes, top: float) -> None:
        self.time_title = self.labels(panel).add(0, top + 15, size=TITLE, level="baseline")
        self.track = self.across - 52
        self.time_bars = []
        for row, name in enumerate(TIMES):
            y = top + 22 + 15 * row
            panel.text(self.across, y + BAR / 2, name, ha="right", va="center_baseline", fontsize=SMALL, color=INK)
            panel.add_patch(Rectangle((0, y), self.track, BAR, facecolor="none", edgecolor=MUTED, linewidth=0.8))
            panel.vlines(self.track * np.array([0.25, 0.5, 0.75]), y, y + BAR, color=FAINT, linewidth=1)
            bar = Rectangle((0, y), 0, BAR)
            panel.add_patch(bar)
            self.time_bars.append(self.moving(bar))
        (self.beyond,) = panel.plot([], [], ">", color=INK, markersize=6)
        self.moving(self.beyond)

    def _build_hours(self, panel: Axes, top: float) -> None:
        """Draw the line from 0 to twice the reported hours, with once in its middle."""
        words, y = self.labels(panel), top + 42
        self.hours_title = words.add(0, top + 15, size=TITLE, level="baseline")
        self.ratio_text = words.add(0, top + 30, size=TEXT, level="baseline")
        self.once, self.line = self.across / RATIO_END, y
        panel.plot([0, self.across], [y, y], color=MUTED, linewidth=1)
        panel.plot(np.linspace(0, self.across, 5), [y] * 5, "|", color=MUTED, markersize=6)
        panel.plot([self.once], [y], "|", color=INK, markersize=13, markeredgewidth=1.5)
        for x, side, text in ((0, "left", "0"), (1, "center", "1"), (RATIO_END, "right", f"{RATIO_END:g} times")):
            panel.text(x * self.once, y + 15, text, ha=side, va="baseline", fontsize=SMALL, color=INK)
        (self.off,) = panel.plot([], [], color=RED, linewidth=4, solid_capstyle="butt")
        (self.ratio,) = panel.plot([], [], "D", color=RED, markersize=7, markeredgecolor="white", clip_on=False)
        self.moving(self.off, self.ratio)

    def draw(self, view: ComputeCostView) -> None:
        """Move the run's mark, fill in the costs, and set the bars of time and the mark of the hours."""
        self._draw_own(view)
        run = view.published
        self.ring.set_data(([run.parameters], [run.tokens]) if run else ([], []))
        self.forward.text = format_flop(view.forward).removesuffix("" if self.layout == "wide" else " FLOP")
        self.backward.text = format_flop(view.backward)
        self.cost_title.text = f"C = 6PD = {format_flop(view.total)}"
        self._draw_time(view.seconds)
        self._draw_hours(view)

    def _draw_own(self, view: ComputeCostView) -> None:
        (left, right), (low, high) = self.ends
        x = min(max(view.parameters, left * EDGE), right / EDGE)
        y = min(max(view.tokens, low * EDGE), high / EDGE)
        off = {"<": view.parameters < x, ">": view.parameters > x, "v": view.tokens < y, "^": view.tokens > y}
        self.own.set_data([x], [y])
        self.own.set_marker(next((mark for mark, so in off.items() if so), "D"))
        beyond = "off the map" if self.layout == "narrow" else "yours, off this map"
        self.own_label.text = beyond if any(off.values()) else "yours"

    def _draw_time(self, seconds: float) -> None:
        """Set all bars, each on its own axis; in colour is that of the shortest axis that holds the time."""
        self.time_title.text = f"Time: {format_seconds(seconds)}"
        ends = list(TIMES.values())
        held = max((row for row, end in enumerate(ends) if seconds <= end), default=0)
        for row, (bar, end) in enumerate(zip(self.time_bars, ends, strict=True)):
            bar.set(width=self.track * min(seconds / end, 1), color=RED if row == held else FAINT)
        beyond = [bar.get_y() + BAR / 2 for bar, end in zip(self.time_bars, ends, strict=True) if seconds > end]
        self.beyond.set_data([self.track - 6] * len(beyond), beyond)

    def _draw_hours(self, view: ComputeCostView) -> None:
        self.hours_title.text = f"Accelerator-hours: {view.estimate_in_words}"
        if view.ratio is None:
            none = "no published run to compare with"
            self.ratio_text.text = f"reported hours: {view.reported_in_words}" if view.run else none
            self.ratio.set_data([], [])
            self.off.set_data([], [])
            return
        self.ratio_text.text = f"{view.ratio_in_words} times the reported {view.reported_in_words}"
        place = min(view.ratio, RATIO_END) * self.once
        self.ratio.set_data([place], [self.line])
        self.ratio.set_marker(">" if view.ratio > RATIO_END else "D")
        self.off.set_data([self.once, place], [self.line, self.line])
