"""The picture of slides S6 to S8: a pattern's formula, the numbers around it, and its value in every format."""

from __future__ import annotations

import math
from itertools import islice
from operator import attrgetter

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_lib.explorers.number_formats.view import (
    ORDER,
    FloatDecoderView,
    Point,
    brief,
    shortened,
    written,
)
from course_lib.explorers.picture import (
    BLUE,
    FAINT,
    INK,
    MUTED,
    ORANGE,
    RAISED,
    RED,
    SKY,
    TEXT,
    YELLOW,
    Label,
    Labels,
    Picture,
)
from course_lib.number_formats import FORMATS, FloatFormat, Format, IntFormat, read_decimal

HEIGHT, WIDTH = 3.65, 10.0
FIELDS = {"sign": (0.0, 1.0, ORANGE), "exponent": (1.25, 2.1, SKY), "significand": (3.6, 6.4, YELLOW)}
"""Where each field's box begins, how wide it is, and its colour, which is that of its bits in page.css."""

LINE, STEP = HEIGHT - 1.2, 1.107
MOST_LABELS, LETTER, GAP = 13, 0.08, 0.14
"""How many numbers are named on the line; how wide a letter of a name is, and the room between two names, in inches."""

ROWS, ROW = HEIGHT - 1.87, 0.175
DECADES = (-50, 50)
RANGE = (1.85, 4.2)
COLUMNS = {"stored": 4.45, "error": 6.67, "relative": 7.68, "outcome": 8.7}
KINDS = {
    "normal": "normal: the hidden bit is 1",
    "subnormal": "subnormal: e = 0, the hidden bit is 0",
    "zero": "zero: e = 0 and m = 0",
    "infinity": "infinity: e is all ones, m = 0",
    "nan": "NaN",
    "integer": "two's complement",
}


class FloatDecoderPicture(Picture):
    """Above: the formula with its numbers, in the colours of the bits. Middle: the numbers that the format has around.

    Below: the value carried into every format, with size, digits and range of each. All is placed in inches.
    """

    heights = {"wide": 72 * HEIGHT}

    def build(self, figure: Figure) -> None:
        """Draw what never changes (the table's head, the ranges, the line) and the artists that do."""
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set(xlim=(-0.02, WIDTH + 0.02), ylim=(0, HEIGHT))
        axes.axis("off")
        self._build_line(axes)
        self._build_table(axes)
        self.words = self.labels(axes)
        self._build_formula(axes)
        self.line_title = self.words.add(0, LINE + 0.4, size=TEXT)
        self.wanted_label = self.words.add(0, LINE + 0.19, color=RED)
        self.names = [self.words.add(0, LINE - 0.19, side="center") for _ in range(MOST_LABELS)]
        self.wanted_head = self.words.add(COLUMNS["stored"], ROWS + ROW, bold=True)
        heights = [ROWS - ROW * row for row in range(len(ORDER))]
        self.cells = [self.words.add(x, y) for y in heights for x in COLUMNS.values()]

    def _build_formula(self, axes: Axes) -> None:
        self.factors: list[Label] = []
        for x, width, colour in FIELDS.values():
            axes.add_patch(Rectangle((x, HEIGHT - 0.37), width, 0.35, facecolor=colour, alpha=0.55))
            self.factors.append(self.words.add(x + width / 2, HEIGHT - 0.195, side="center", size=TEXT))
        self.signs = [self.words.add(x, HEIGHT - 0.195, side="center", size=TEXT) for x in (1.125, 3.475)]
        self.result = self.words.add(0, HEIGHT - 0.52, bold=True, size=TEXT)
        self.kind = self.words.add(WIDTH, HEIGHT - 0.52, side="right", size=TEXT)

    def _build_line(self, axes: Axes) -> None:
        axes.plot([0, WIDTH], [LINE, LINE], color=MUTED, linewidth=1)
        (ticks,) = axes.plot([], [], "|", color=BLUE, markersize=10, markeredgewidth=1.5)
        (own,) = axes.plot([], [], "o", color=BLUE, markersize=8)
        (wanted,) = axes.plot([], [], "v", color=RED, markersize=8)
        self.ticks, self.own, self.wanted = self.moving(ticks), self.moving(own), self.moving(wanted)

    def _build_table(self, axes: Axes) -> None:
        words = self.still_labels(axes)
        for x, text, side in ((0.07, "format", "left"), (1.0, "bits", "right"), (1.55, "digits", "right")):
            words.add(x, ROWS + ROW, text=text, side=side, color=MUTED)
        for power in range(-40, 41, 20):
            name = f"1e{power}" if power else "1"
            words.add(place_of(power), ROWS + ROW, text=name, side="center", color=MUTED)
            axes.plot([place_of(power)] * 2, [ROWS + ROW / 2, ROWS - ROW * 9.5], color=FAINT, linewidth=0.8)
        for column, text in (("error", "error"), ("relative", "relative error")):
            words.add(COLUMNS[column], ROWS + ROW, text=text, color=MUTED)
        for row, name in enumerate(ORDER):
            self._build_row(axes, words, ROWS - ROW * row, FORMATS[name])
        self.frame = self.moving(Rectangle((0, 0), WIDTH, ROW, fill=False, edgecolor=INK, linewidth=1))
        axes.add_patch(self.frame)
        (mark,) = axes.plot([], [], color=RED, linewidth=1.4)
        self.mark = self.moving(mark)

    def _build_row(self, axes: Axes, words: Labels, y: float, fmt: Format) -> None:
        digits = f"{fmt.decimal_digits}" if isinstance(fmt, FloatFormat) else ""
        for x, text, side in ((0.07, fmt.name, "left"), (1.0, f"{fmt.bits}", "right"), (1.55, digits, "right")):
            words.add(x, y, text=text, side=side)
        least = math.log10(fmt.smallest_subnormal) if isinstance(fmt, FloatFormat) else 0
        ends = [place_of(least), place_of(math.log10(fmt.largest))]
        axes.plot(ends, [y, y], color=SKY, linewidth=6, solid_capstyle="butt")
        for end, marker, beyond in ((0, "<", least < DECADES[0]), (1, ">", math.log10(fmt.largest) > DECADES[1])):
            if beyond:
                axes.plot([ends[end]], [y], marker, color=BLUE, markersize=6)

    def draw(self, view: FloatDecoderView) -> None:
        """Fill in the formula, the line and the table."""
        for label, factor in zip(self.factors, factors(view), strict=True):
            label.text = factor
        kind = view.fields.kind
        self.signs[0].text, self.signs[1].text = (
            ("", "+") if kind == "integer" else ("", "") if view.step is None else ("×", "×")
        )
        self.result.text = "not a number" if kind == "nan" else f"= {shortened(view.exact, 62)}"
        self.kind.text = KINDS[kind]
        self._draw_line(view)
        self._draw_table(view)

    def _draw_line(self, view: FloatDecoderView) -> None:
        middle = WIDTH / 2
        places = np.array(list(map(attrgetter("place"), view.points)))
        self.ticks.set_data(middle + STEP * places, [LINE] * len(view.points))
        self.own.set_data([middle] if view.points else [], [LINE] if view.points else [])
        title = f"The numbers that {view.format.name} has around it"
        if view.step is not None:
            title += f": one step, a unit in the last place, is {view.one_step} here"
        self.line_title.text = title if view.points else "A NaN stands nowhere on the number line"
        place = view.wanted_place  # marked above the line: at its place, or as an arrow at the edge; a NaN has none
        x = min(max(middle + STEP * (place or 0), 0.1), WIDTH - 0.1)
        self.wanted.set_data(*([], []) if place is None else ([x], [LINE + 0.17]))
        self.wanted.set_marker("v" if place is None or math.isfinite(place) else ">" if place > 0 else "<")
        self.wanted_label.text = "" if place is None else "asked for, and stored as it is"
        if place:
            self.wanted_label.text = f"asked for: {shortened(view.value, 24)}"
        self.wanted_label.side = "right" if x > 0.7 * WIDTH else "left"
        self.wanted_label.x = x + (0.11 if self.wanted_label.side == "left" else -0.11)
        chosen = named(view.points)
        for i, label in enumerate(self.names):
            label.text = chosen[i].label if i < len(chosen) else ""
            if i < len(chosen):
                label.x, label.bold = middle + STEP * chosen[i].place, chosen[i].place == 0

    def _draw_table(self, view: FloatDecoderView) -> None:
        self.wanted_head.text = f"{shortened(view.value, 14)} stored as"
        for cell, text in zip(self.cells, rows(view), strict=True):
            cell.text = text
        self.frame.set_y(ROWS - ROW * (ORDER.index(view.format.name) + 0.5))
        wanted = read_decimal(view.value)
        x = [place_of(float(abs(wanted).log10()))] * 2 if wanted.is_finite() and wanted else []
        self.mark.set_data(x, [ROWS + ROW / 2, ROWS - ROW * 9.5] if x else [])


def factors(view: FloatDecoderView) -> tuple[str, str, str]:
    """Return what stands in the three boxes of the formula: the factors of a float, the terms of an integer."""
    parts, formula = view.fields, view.formula
    if isinstance(view.format, IntFormat):
        return (
            f"-{formula.sign} × 2" + f"{formula.exponent}".translate(RAISED),
            "no exponent",
            f"m = {parts.significand}",
        )
    sign = "(-1)" + f"{parts.sign}".translate(RAISED)
    if view.step is None:
        return sign, f"e = {parts.exponent}, all ones", f"m = {parts.significand}"
    hidden = 1 if parts.kind == "normal" else 0
    power = f"{formula.exponent} - {formula.bias}".translate(RAISED)
    return sign, f"2{power} = 2" + f"{parts.power}".translate(RAISED), f"{hidden}.m = {formula.multiplier}"


def place_of(power: float) -> float:
    """Return where a power of ten stands in the column of ranges, its ends included."""
    low, high = DECADES
    share = (min(max(power, low), high) - low) / (high - low)
    return RANGE[0] + share * (RANGE[1] - RANGE[0])


def rows(view: FloatDecoderView) -> list[str]:
    """Return the cells of the table, row by row: what is stored, its two errors, and what happened to the value."""
    there = list(filter(None, view.carried.values()))
    values = iter(written(list(map(attrgetter("value"), there))))
    errors = iter(brief([*map(attrgetter("absolute_error"), there), *map(attrgetter("relative_error"), there)]))
    absolute = list(islice(errors, len(there)))
    texts = []
    for one in view.carried.values():
        if one is None:
            texts += ["no NaN", "", "", ""]
            continue
        cells = [next(values), absolute.pop(0), next(errors), one.outcome]
        texts += [cells[0], "", "", ""] if cells[0] == "NaN" and one.outcome == "exact" else cells
    return texts


def named(points: tuple[Point, ...]) -> list[Point]:
    """Return the points whose labels have room: the middle one first, then outwards."""
    chosen: list[Point] = []
    outwards = np.argsort(np.abs(list(map(attrgetter("place"), points))), kind="stable")
    for point in map(points.__getitem__, outwards):
        width = LETTER * len(point.label) + GAP
        x = WIDTH / 2 + STEP * point.place
        room = width / 2 <= x <= WIDTH - width / 2
        for other in chosen:
            apart = abs(point.place - other.place) * STEP
            room = room and apart >= (width + LETTER * len(other.label) + GAP) / 2
        if room and len(chosen) < MOST_LABELS:
            chosen.append(point)
    return chosen
