"""The pictures of counted bytes: a layer's by term beside the formula, and a step's peak beside the traced one."""

from __future__ import annotations

from typing import Any, ClassVar

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_lib.explorers.memory.counts import MB, PARTS, SMALL, KeptView, PeakView
from course_lib.explorers.picture import (
    BLUE,
    FAINT,
    INK,
    MUTED,
    PART_COLOURS,
    PURPLE,
    SKY,
    TEXT,
    TITLE,
    YELLOW,
    Picture,
    stack,
)
from course_lib.memory import RECOMPUTE, activation_terms

TERMS = (*activation_terms(SMALL.sequence, SMALL.hidden, SMALL.heads), "layer input")
"""The rows: the formula's terms, and what full recomputation keeps in their place."""
ROW, HEAD = 17, 56
"""Points from one term to the next, and above the first."""
FROM, TO, LARGEST = 132, 268, 16
"""Where the bars of bytes start and end, in points, and the bytes of the longest."""
COLUMNS = {"formula": 326, "none": 372, "selective": 434, "full": 470}
"""Where the columns of numbers end, in points."""


class KeptPicture(Picture):
    """A row for each term of a layer's bytes: a bar by the formula, one of what was counted, four columns of numbers.

    The columns are the formula's in 16 bits, and what was counted in fp32 with each kind of recomputation.
    """

    heights: ClassVar = {"still": HEAD + ROW * (len(TERMS) + 1) + 4}

    def build(self, figure: Figure) -> None:
        """Write the terms and the heads of the columns, and make the bars and the numbers."""
        axes = figure.add_axes(self.place(0, 0, self.width, self.height))
        axes.set(xlim=(0, self.width), ylim=(self.height, 0))
        axes.set_axis_off()
        still, words = self.still_labels(axes), self.labels(axes)
        still.add(8, 12, text="What a layer keeps: bytes for each of a token's numbers", size=TITLE)
        legend = ((8, FAINT, "the formula, 16 bits"), (152, SKY, "counted: fp32, no dropout"))
        for x, colour, text in legend:
            axes.add_patch(Rectangle((x, 26), 10, 9, facecolor=colour, edgecolor=MUTED, linewidth=0.5))
            still.add(x + 15, 31, text=text)
        for name, x in COLUMNS.items():
            still.add(x, HEAD - 9, text=name, side="right", bold=name != "formula")
        self.bars = {term: self._pair(axes, self._middle(row)) for row, term in enumerate(TERMS)}
        for row, term in enumerate((*TERMS, "sum")):
            still.add(FROM - 8, self._middle(row), text=term, side="right", bold=term == "sum")
        axes.axhline(HEAD + ROW * len(TERMS), color=MUTED, linewidth=0.8)
        self.numbers = {
            (term, name): words.add(x, self._middle(row), side="right", bold=term == "sum")
            for row, term in enumerate((*TERMS, "sum"))
            for name, x in COLUMNS.items()
        }

    @staticmethod
    def _middle(row: int) -> float:
        return HEAD + ROW * (row + 0.5)

    def _pair(self, axes: Axes, y: float) -> tuple[Rectangle, Rectangle]:
        looks: Any = {"edgecolor": MUTED, "linewidth": 0.5}
        pair = (
            Rectangle((FROM, y - 7), 0, 6, facecolor=FAINT, **looks),
            Rectangle((FROM, y), 0, 7, facecolor=SKY, **looks),
        )
        for bar in pair:
            axes.add_patch(self.moving(bar))
        return pair

    def draw(self, view: KeptView) -> None:
        """Set the bars to the formula and to what is kept without recomputation, and the numbers."""
        columns = {"formula": view.formula} | view.counted
        counted = view.counted["none"]
        for term, (by_formula, by_count) in self.bars.items():
            for bar, size in ((by_formula, view.formula.get(term, 0)), (by_count, counted.get(term, 0))):
                bar.set_width((TO - FROM) * size / LARGEST)
                bar.set_visible(size > 0)
        for (term, name), label in self.numbers.items():
            size = sum(columns[name].values()) if term == "sum" else columns[name].get(term, 0)
            label.text = f"{size:.1f}".removesuffix(".0") if size else "–"


COLOURS = (PART_COLOURS[0], PART_COLOURS[1], YELLOW, BLUE, PURPLE, FAINT)
"""The colours of a peak's parts, in the order of `PARTS`; parameters, gradients and activations as in the explorer."""
TALL, APART, ABOVE = 17, 52, 66
"""How tall a bar is, how far one kind of recomputation is from the next, and how much is above the first, in points."""
LEFT, RIGHT, MOST = 64, 356, 8.4
"""Where the bars of a peak start and end, in points, and how many MB that is."""


class PeakPicture(Picture):
    """For each kind of recomputation two bars: what a step holds at its peak, by part, and what Python traced."""

    heights: ClassVar = {"still": ABOVE + APART * len(RECOMPUTE) + 4}

    def build(self, figure: Figure) -> None:
        """Write the legend, and make the bars and their numbers."""
        axes = figure.add_axes(self.place(0, 0, self.width, self.height))
        axes.set(xlim=(0, self.width), ylim=(self.height, 0))
        axes.set_axis_off()
        still, words = self.still_labels(axes), self.labels(axes)
        still.add(8, 12, text="The peak of a step: predicted from its arrays, and traced by Python", size=TITLE)
        for number, (name, colour) in enumerate(zip(PARTS, COLOURS, strict=True)):
            x, y = 8 + 156 * (number % 3), 31 + 16 * (number // 3)
            axes.add_patch(Rectangle((x, y - 5), 10, 9, facecolor=colour, edgecolor=MUTED, linewidth=0.5))
            still.add(x + 14, y, text=name)
        self.bars: dict[str, tuple[list[Rectangle], Rectangle]] = {}
        self.texts = {}
        for row, name in enumerate(RECOMPUTE):
            y = ABOVE + APART * row
            still.add(8, y + TALL + 1, text=name, size=TEXT, bold=True)
            looks: Any = {"edgecolor": INK, "linewidth": 0.5}
            parts = [Rectangle((0, y), 0, TALL, facecolor=colour, **looks) for colour in COLOURS]
            traced = Rectangle(
                (LEFT, y + TALL + 3), 0, TALL, facecolor="white", edgecolor=INK, hatch="////", linewidth=0.8
            )
            for bar in (*parts, traced):
                axes.add_patch(self.moving(bar))
            self.bars[name] = parts, traced
            places = (y + TALL / 2, y + 1.5 * TALL + 3)
            self.texts[name] = tuple(words.add(0, place) for place in places)

    def draw(self, view: PeakView) -> None:
        """Lay the parts of each peak end to end, and below them what was traced, to a tenth of a MB."""
        scale = (RIGHT - LEFT) / MOST / MB
        for name, peak in view.peaks.items():
            parts, traced = self.bars[name]
            end = stack(parts, [size * scale for size in peak.parts.values()])
            for bar in parts:
                bar.set_x(bar.get_x() + LEFT)
            traced.set_width(round(peak.traced / MB, 1) * MB * scale)
            above, below = self.texts[name]
            above.x, below.x = LEFT + end + 6, LEFT + traced.get_width() + 6
            more = f", {100 * peak.more_flop:.0f} % more FLOP" if peak.more_flop else ""
            above.text = f"{peak.predicted / MB:.1f} MB predicted{more}"
            below.text = f"{peak.traced / MB:.1f} MB traced"
