"""The picture of slides S5 and S11 to S14: what training holds, in a stacked bar, against an accelerator's memory."""

from __future__ import annotations

import textwrap
from typing import Any, ClassVar

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_lib.explorers.memory.view import MemoryView
from course_lib.explorers.picture import INK, MUTED, PART_COLOURS, RED, Label, Picture, part_bars, stack
from course_lib.memory import PART_NAMES, TrainingMemory, TrainingSetup
from course_lib.units import format_bytes

LETTER = 6.0
"""The most room that a letter of a text takes on average, in points."""
EDGE = 10
"""Points left free at the left and at the right."""
LINE = 13
"""Points from one line of text to the next."""
TALL = 32
"""How tall a bar is, in points: a name and a number stand in it."""
WORDS_LINES = {"wide": 1, "medium": 2, "narrow": 4}
"""How many lines the change that makes it fit may take."""
TICKS = {"wide": 5, "medium": 3, "narrow": 2}
LEGEND_ROWS = {"wide": 1, "medium": 2, "narrow": 3}
NAMES = (*PART_NAMES.values(), "fp32 master copy")
NOW, GAP, TAIL = 30, 44, 46
"""Points above the upper bar, below a bar up to the next words or the axis, and below the axis."""


def height(layout: str) -> float:
    """Return how tall a layout is, in points: two bars, the words between them, the axis and the legend."""
    extra = LINE if layout == "narrow" else 0
    return NOW + 2 * (TALL + GAP) + LINE * (WORDS_LINES[layout] + LEGEND_ROWS[layout] - 1) + TAIL + extra - 14


class MemoryPicture(Picture):
    """Two stacked bars of the five parts, now and then, each with its numbers and a mark at its accelerator's memory.

    All lies in one pair of axes: across, shares of the largest size; down, points.
    """

    heights: ClassVar = {layout: height(layout) for layout in WORDS_LINES}

    def build(self, figure: Figure) -> None:
        """Draw the axis and the legend, which never change, and make the artists that do."""
        axes = figure.add_axes(self.place(EDGE, 0, -EDGE, self.height))
        axes.set(xlim=(0, 1), ylim=(self.height, 0))
        axes.set_axis_off()
        self.span = self.width - 2 * EDGE
        words = self.labels(axes)
        then = NOW + TALL + GAP + LINE * (WORDS_LINES[self.layout] - 1)
        self.now, self.then = MemoryBar(self, axes, NOW), MemoryBar(self, axes, then)
        self.total = words.add(0, 8, bold=True)
        (self.states,) = axes.plot([], [], color=MUTED, linewidth=1)
        self.moving(self.states)
        self.states_words = words.add(0, 20)
        self.then_words = [words.add(0, then - 9 - LINE * up) for up in range(WORDS_LINES[self.layout])][::-1]
        self._build_axis(axes, then + TALL + 24)
        self._build_legend(axes, then + TALL + 24 + TAIL)

    def _build_axis(self, axes: Axes, y: float) -> None:
        many = TICKS[self.layout]
        places = [k / many for k in range(many + 1)]
        axes.plot([0, 1], [y, y], color=MUTED, linewidth=1)
        for place in places:
            axes.plot([place, place], [y, y + 4], color=MUTED, linewidth=1)
        still, words = self.still_labels(axes), self.labels(axes)
        still.add(0, y + 12, text="0")
        self.ticks = [words.add(place, y + 12, side="center") for place in places[1:]]
        self.ticks[-1].side = "right"
        lines = ["on one accelerator;", "buffers and fragmentation come on top"]
        for row, line in enumerate(lines if self.layout == "narrow" else [" ".join(lines)]):
            still.add(0.5, y + 26 + LINE * row, text=line, side="center")

    def _build_legend(self, axes: Axes, y: float) -> None:
        still = self.still_labels(axes)
        y += LINE if self.layout == "narrow" else 0
        across = -(-len(NAMES) // LEGEND_ROWS[self.layout])
        step = 0.55 if self.layout == "narrow" else 1 / across
        looks: Any = {"edgecolor": INK, "linewidth": 0.5}
        fills: list[Any] = [*({"facecolor": colour} for colour in PART_COLOURS), {"facecolor": "none", "hatch": "////"}]
        for number, (name, fill) in enumerate(zip(NAMES, fills, strict=True)):
            down, beside = divmod(number, across)
            x, middle = beside * step, y + LINE * down
            axes.add_patch(Rectangle((x, middle - 4), 8 / self.span, 8, **fill, **looks))
            still.add(x + 12 / self.span, middle, text=name)

    def draw(self, view: MemoryView) -> None:
        """Fill the two bars, the marks, the words and the scale."""
        memory, setup, after, then = view.memory, view.setup, view.after, view.memory_after
        sizes = [memory.total, setup.capacity, *([then.total, after.capacity] if then and after else [])]
        limit = round_up(1.02 * max(sizes))
        verdict = f"{format_bytes(view.spare)} to spare" if view.fits else f"short by {format_bytes(-view.spare)}"
        self.total.text = f"now: {format_bytes(memory.total)}, {verdict}"
        for k, tick in enumerate(self.ticks, start=1):
            tick.text = format_bytes(limit * k / len(self.ticks))
        other = after if after and after.accelerator != setup.accelerator else None
        self.now.draw(memory, setup, limit, mark_words(setup))
        self.then.draw(then, after, limit, mark_words(other) if other else "")
        lines = textwrap.wrap(f"then: {view.after_words}", int(self.span / 5.4))
        lines = [""] * (len(self.then_words) - len(lines)) + lines
        for label, line in zip(self.then_words, lines, strict=True):
            label.text = line
        end = memory.model_states / limit
        self.states.set_data([0, 0, end, end], [NOW - 1, NOW - 4, NOW - 4, NOW - 1])
        self.states_words.text = f"model states {format_bytes(memory.model_states)}"


class MemoryBar:
    """One stacked bar, its numbers, and the mark of its accelerator's memory; all vanish when there is none."""

    def __init__(self, picture: MemoryPicture, axes: Axes, y: float) -> None:
        """Lay the bar into the axes, its upper edge at `y` points."""
        self._span = picture.width - 2 * EDGE
        self.parts = part_bars(axes, y, TALL)
        self.master = Rectangle((0, y), 0, TALL, facecolor="none", edgecolor=INK, hatch="///", linewidth=0)
        picture.moving(*self.parts, axes.add_patch(self.master))
        (self.short,) = axes.plot([], [], color=RED, linewidth=2.5, solid_capstyle="butt")
        (self.mark,) = axes.plot([], [], color=INK, linewidth=2, solid_capstyle="butt")
        picture.moving(self.short, self.mark)
        self._ends, self._below = [y - 3, y + TALL + 6], y + TALL + 3
        words = picture.labels(axes)
        self.capacity = words.add(0, y + TALL + 14, side="center")
        self._middle = y + TALL / 2
        self.names = [words.add(0, 0, side="center", halo=True) for _ in PART_NAMES]
        self.numbers = [words.add(0, self._middle + 7, side="center", halo=True) for _ in PART_NAMES]

    def draw(self, memory: TrainingMemory | None, setup: TrainingSetup | None, limit: float, words: str) -> None:
        """Show `memory` on an axis that ends at `limit` bytes, with `words` at the mark."""
        sizes = [getattr(memory, part, 0) for part in PART_NAMES]
        end = stack(self.parts, [size / limit for size in sizes])
        self.master.set_width(getattr(memory, "master_weights", 0) / limit)
        place = setup.capacity / limit if setup else 0
        self.mark.set_data(([place, place], self._ends) if setup else ([], []))
        self.short.set_data(([place, end], [self._below] * 2) if setup and end > place else ([], []))
        half = min(LETTER * len(words) / 2 / self._span, 0.5)
        self.capacity.text, self.capacity.x = words, min(max(place, half), 1 - half)
        left = 0.0
        for size, name, *labels in zip(sizes, PART_NAMES.values(), self.names, self.numbers, strict=True):
            self._write(left, left + size / limit, place, name, format_bytes(size), *labels)
            left += size / limit

    def _write(self, left: float, right: float, mark: float, name: str, number: str, *labels: Label) -> None:
        """Write into a part its name and its number, or its initial, beside the mark, as far as there is room."""
        if left < mark < right:
            left, right = (left, mark) if 2 * mark > left + right else (mark, right)
        above, below = labels
        room = (right - left) * self._span - 4
        above.x = below.x = (left + right) / 2
        below.text = number if room >= LETTER * len(number) else ""
        above.text = name if room >= LETTER * len(name) else name[0].upper() if room >= 10 else ""
        above.y = self._middle - 7 if below.text else self._middle


def mark_words(setup: TrainingSetup) -> str:
    """Return what stands at the mark of an accelerator's memory."""
    return f"{setup.accelerator}: {format_bytes(setup.capacity)}"


def round_up(size: float) -> float:
    """Return the next of 1, 1.5, 2.5, 4, 6, 10, 15, ... that is not below `size`."""
    decade = 10.0 ** (len(f"{size:.0f}") - 1)
    return next(step * decade for step in (1, 1.5, 2.5, 4, 6, 10) if step * decade >= size)
