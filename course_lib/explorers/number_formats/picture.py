"""The picture of slides S6 to S8: a pattern's bits, its formula below them, its neighbours, and its fate elsewhere."""

from __future__ import annotations

import math
from itertools import islice
from operator import attrgetter
from typing import Any, ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from course_lib.explorers.bit_grid import Grid, field_of, weight_of
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
    FIELD_COLOURS,
    INK,
    MUTED,
    RAISED,
    RED,
    SKY,
    TEXT,
    Labels,
    Picture,
    boxes,
    raised,
)
from course_lib.number_formats import FORMATS, FloatFormat, Format, IntFormat, read_decimal

LEAST_BIT, MOST_BIT = 21.7, 64
"""How wide a bit is, in points: on the screen, a finger's 24 pixels at the least."""
ROWS_OF = {"wide": 32, "medium": 16, "narrow": 8}
"""How many bits stand in a row, by layout, where not all do."""
ROOM = {"wide": (11, 56, 38), "medium": (11, 112, 38), "narrow": (0, 200, 44)}
"""Where the bits begin, how high all of them are at the most, and each row, in points."""

DIGIT = 12.0
"""The size of a bit's digit."""
MOST_LABELS, LETTER, GAP, REACH = 13, 5.8, 10, 9.03
"""How many numbers are named on the line; how wide a letter of a name is at the most, and the room between two names,
in points; and how many steps the line is long."""

DECADES = (-50, 50)
ROW, NARROW_ROW = 11.6, 13
COLUMNS: dict[str, dict[str, Any]] = {
    "wide": {"bits": 72, "digits": 112, "range": (134, 302), "stored": 320, "error": 480, "relative": 553, "fate": 626},
    "medium": {"bits": 68, "digits": 102, "range": (112, -225), "stored": -212, "error": -106, "fate": -51},
    "narrow": {"stored": 53, "fate": -60},
}
"""Where the columns of the table stand, in points from the left, or, where negative, from the right; numbers end there,
words begin there."""
STORED = {"wide": 24, "medium": 17, "narrow": 13}
"""How many characters of a stored value there is room for."""

KINDS = {
    "normal": "normal: the hidden bit is 1",
    "subnormal": "subnormal: e = 0, the hidden bit is 0",
    "zero": "zero: e = 0 and m = 0",
    "infinity": "infinity: e is all ones, m = 0",
    "nan": "NaN",
    "integer": "two's complement",
}


class FloatDecoderPicture(Picture):
    """Above: the bits, each with its weight, and the formula with its numbers below their fields.

    Middle: the numbers that the format has around. Below: the value carried into every format, with size, digits and
    range of each where there is room. All is placed in points, from the upper left corner.
    """

    heights: ClassVar = {"wide": 286, "medium": 356, "narrow": 480}

    def build(self, figure: Figure) -> None:
        """Draw what never changes (the table's head, the ranges, the line) and the artists that do."""
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set(xlim=(0, self.width), ylim=(self.height, 0))
        axes.axis("off")
        self.columns = {name: self._across(x) for name, x in COLUMNS[self.layout].items()}
        self.row = NARROW_ROW if self.layout == "narrow" else ROW
        self.rows = self.height - self.row * (len(ORDER) - 0.4)
        self.line = self.rows - self.row - 28
        self._build_bits(axes)
        self._build_line(axes)
        self._build_table(axes)
        self.words = self.labels(axes)
        self._build_words()
        self.laid: Format | None = None

    def _across(self, x: Any) -> Any:
        if isinstance(x, tuple):
            return tuple(map(self._across, x))
        return x + self.width if x < 0 else x

    def grid(self, fmt: Format) -> Grid:
        """Return where the bits of a format stand: in one row if each has room for a finger, else in rows of bytes."""
        top, room, most = ROOM[self.layout]
        columns = fmt.bits if fmt.bits * LEAST_BIT <= self.width else ROWS_OF[self.layout]
        height = min(room / math.ceil(fmt.bits / columns), most)
        return Grid(columns, top, min(self.width / columns, MOST_BIT), height)

    def _build_bits(self, axes: Axes) -> None:
        self.cells: dict[tuple[str, bool], PathPatch] = {}  # clear and set, of each field
        for field, colour in FIELD_COLOURS.items():
            for on in (False, True):
                patch = PathPatch(Path([(0, 0)]), facecolor=colour, alpha=1 if on else 0.18, linewidth=0)
                axes.add_patch(patch)
                self.cells[field, on] = self.moving(patch)
        self.frames = self.moving(PathPatch(Path([(0, 0)]), fill=False, edgecolor=MUTED, linewidth=0.7))
        axes.add_patch(self.frames)
        self.boxes = [Rectangle((0, 0), 0, 0, facecolor=colour, alpha=0.55) for colour in FIELD_COLOURS.values()]
        for box in self.boxes:
            axes.add_patch(self.moving(box))

    def _build_words(self) -> None:
        add = self.words.add
        self.heads = [add(0, 5, color=MUTED) for _ in FIELD_COLOURS]
        self.digits = [add(0, 0, side="center", size=DIGIT, mono=True) for _ in range(64)]
        self.weights = [add(0, 0, side="center") for _ in range(64)]
        self.factors = [add(0, 0, side="center") for _ in FIELD_COLOURS]
        self.result, self.kind = add(0, 0, bold=True, size=TEXT), add(0, 0, size=TEXT)
        self.line_title = add(0, self.line - 28, size=TEXT)
        self.wanted_label = add(0, self.line - 13, color=RED)
        self.names = [add(0, self.line + 12, side="center") for _ in range(MOST_LABELS)]
        self.stored_head = add(self.columns["stored"], self.rows - self.row, bold=True)
        self.table = {
            name: [add(self.columns[name], self.rows + self.row * at) for at in range(len(ORDER))]
            for name in ("stored", "error", "relative", "fate")
            if name in self.columns
        }

    def _build_line(self, axes: Axes) -> None:
        axes.plot([0, self.width], [self.line] * 2, color=MUTED, linewidth=1)
        (ticks,) = axes.plot([], [], "|", color=BLUE, markersize=10, markeredgewidth=1.5)
        (own,) = axes.plot([], [], "o", color=BLUE, markersize=8)
        (wanted,) = axes.plot([], [], "v", color=RED, markersize=8)
        self.ticks, self.own, self.wanted = self.moving(ticks), self.moving(own), self.moving(wanted)

    def _build_table(self, axes: Axes) -> None:
        words, head = self.still_labels(axes), self.rows - self.row
        words.add(4, head, text="format", color=MUTED)
        titles = {"bits": "bits", "digits": "digits", "error": "error", "relative": "relative error"}
        for column in [name for name in titles if name in self.columns]:
            side = "right" if column in ("bits", "digits") else "left"
            words.add(self.columns[column], head, text=titles[column], side=side, color=MUTED)
        ends = [head + self.row / 2, self.rows + self.row * 9.5]
        if "range" in self.columns:
            step = 20 if self.layout == "wide" else 40
            for power in range(-40, 41, step):
                name = f"1e{power}" if power else "1"
                words.add(self.place_of(power), head, text=name, side="center", color=MUTED)
                axes.plot([self.place_of(power)] * 2, ends, color=FAINT, linewidth=0.8)
        for row, name in enumerate(ORDER):
            self._build_row(axes, words, self.rows + self.row * row, FORMATS[name])
        looks: Any = {"fill": False, "edgecolor": INK, "linewidth": 1}
        self.frame = self.moving(Rectangle((0.5, 0), self.width - 1, self.row, **looks))
        axes.add_patch(self.frame)
        (mark,) = axes.plot([], [], color=RED, linewidth=1.4)
        self.mark, self.mark_ends = self.moving(mark), ends

    def _build_row(self, axes: Axes, words: Labels, y: float, fmt: Format) -> None:
        words.add(4, y, text=fmt.name)
        if "bits" in self.columns:
            digits = f"{fmt.decimal_digits}" if isinstance(fmt, FloatFormat) else ""
            for column, text in (("bits", f"{fmt.bits}"), ("digits", digits)):
                words.add(self.columns[column], y, text=text, side="right")
        if "range" in self.columns:
            least = math.log10(fmt.smallest_subnormal) if isinstance(fmt, FloatFormat) else 0
            ends = [self.place_of(least), self.place_of(math.log10(fmt.largest))]
            axes.plot(ends, [y, y], color=SKY, linewidth=6, solid_capstyle="butt")
            for end, marker, beyond in ((0, "<", least < DECADES[0]), (1, ">", math.log10(fmt.largest) > DECADES[1])):
                if beyond:
                    axes.plot([ends[end]], [y], marker, color=BLUE, markersize=6)

    def place_of(self, power: float) -> float:
        """Return where a power of ten stands in the column of ranges, its ends included."""
        (left, right), (low, high) = self.columns["range"], DECADES
        return float(left + (right - left) * (min(max(power, low), high) - low) / (high - low))

    def draw(self, view: FloatDecoderView) -> None:
        """Fill in the bits, the formula, the line and the table."""
        grid = self.grid(view.format)
        self._draw_bits(view, grid)
        self._draw_formula(view, grid)
        self._draw_line(view)
        self._draw_table(view)

    def _lay_out(self, fmt: Format, grid: Grid) -> None:
        """Place the bits of another format, with their weights and the names of their fields."""
        self.laid = fmt
        self.corners = np.array(list(map(grid.cell, range(fmt.bits))))
        fields = [field_of(number, fmt) for number in range(fmt.bits)][::-1]
        self.in_field = {field: np.array([one == field for one in fields]) for field in FIELD_COLOURS}
        for at, (digit, weight) in enumerate(zip(self.digits, self.weights, strict=True)):
            digit.text = weight.text = ""
            if at < fmt.bits:
                x, y = self.corners[at]
                weight.text = raised(weight_of(fmt.bits - 1 - at, fmt))
                digit.x = weight.x = x + grid.width / 2
                digit.y, weight.y = y + (grid.height - 9) / 2, y + grid.height - 6.5
        self.frames.set_path(boxes(self.corners, grid.width, grid.height))
        self.starts = starts(fmt, grid)
        for label, field in zip(self.heads, FIELD_COLOURS, strict=True):
            label.text = field if isinstance(fmt, FloatFormat) else "integer" if field == "sign" else ""
            label.x = self.starts[field][0]
            if self.layout == "narrow":
                label.text = ""

    def _draw_bits(self, view: FloatDecoderView, grid: Grid) -> None:
        if view.format is not self.laid:
            self._lay_out(view.format, grid)
        digits = f"{view.pattern:0{view.format.bits}b}"
        for label, digit in zip(self.digits, digits, strict=False):
            label.text, label.bold = digit, digit == "1"
        on = np.array(list(digits)) == "1"
        for (field, lit), patch in self.cells.items():
            patch.set_path(boxes(self.corners[self.in_field[field] & (on == lit)], grid.width, grid.height))

    def _draw_formula(self, view: FloatDecoderView, grid: Grid) -> None:
        stacked, y = self.layout == "narrow", self.corners[-1][1] + grid.height + 2
        places = dict.fromkeys(FIELD_COLOURS, (0, self.width)) if stacked else self.starts
        named = 66 if stacked else 0  # as wide as "significand "
        rooms = [right - left - named for left, right in places.values()]
        for box, label, field, text in zip(self.boxes, self.factors, FIELD_COLOURS, factors(view, rooms), strict=True):
            left, right = places[field]
            label.text = f"{field} {text}" if stacked and text else text
            box.set_bounds(left, y, right - left if text else 0, 16)
            label.x, label.y = (left + right) / 2, y + 8
            y += 17 if stacked and text else 0
        y += 0 if stacked else 18
        room = int((self.width - (225 if self.layout == "wide" else 0)) / 6.7)
        equals = f"= {shortened(view.exact, min(room - 2, 62))}"
        self.result.text = "not a number" if view.fields.kind == "nan" else equals
        self.result.y = y + 7
        self.kind.text = KINDS[view.fields.kind]
        self.kind.x, self.kind.y = (self.width, y + 7) if self.layout == "wide" else (0, y + 20)
        self.kind.side = "right" if self.layout == "wide" else "left"

    def _draw_line(self, view: FloatDecoderView) -> None:
        middle, step = self.width / 2, self.width / REACH
        places = np.array(list(map(attrgetter("place"), view.points)))
        self.ticks.set_data(middle + step * places, [self.line] * len(view.points))
        self.own.set_data([middle] if view.points else [], [self.line] if view.points else [])
        title = f"The numbers that {view.format.name} has around it"
        if view.step is not None:
            title += f": one step, a unit in the last place, is {view.one_step} here"
            if self.layout != "wide":
                title = f"Around it, in steps of {view.one_step}"
        if not view.points:
            title = "A NaN stands nowhere on the number line"
        self.line_title.text = title if self.layout != "narrow" or view.points else "A NaN stands on no number line"
        place = view.wanted_place  # marked above the line: at its place, or as an arrow at the edge; a NaN has none
        x = min(max(middle + step * (place or 0), 7), self.width - 7)
        self.wanted.set_data(*([], []) if place is None else ([x], [self.line - 11]))
        self.wanted.set_marker("v" if place is None or math.isfinite(place) else ">" if place > 0 else "<")
        self._name_wanted(view, x)
        chosen = named(view.points, self.width)
        for i, label in enumerate(self.names):
            label.text = chosen[i].label if i < len(chosen) else ""
            if i < len(chosen):
                label.x, label.bold = middle + step * chosen[i].place, chosen[i].place == 0

    def _name_wanted(self, view: FloatDecoderView, x: float) -> None:
        """Write beside the mark of the number asked for what it is, on the side where there is more room."""
        label, place = self.wanted_label, view.wanted_place
        label.side = "right" if x > self.width / 2 + 1 else "left"
        label.x = x + (8 if label.side == "left" else -8)
        room = int((label.x if label.side == "right" else self.width - label.x) / LETTER)
        label.text = "" if place is None else "asked for, stored as it is" if room > 25 else "asked for"
        if place:
            name = "asked for: " if room > 25 else ""
            label.text = name + shortened(view.value, min(room - len(name), 24))

    def _draw_table(self, view: FloatDecoderView) -> None:
        room = STORED[self.layout]
        self.stored_head.text = f"{shortened(view.value, 14)} stored as" if self.layout == "wide" else "stored as"
        for at, texts in enumerate(rows(view)):
            if self.layout == "narrow" and texts["fate"] == "rounded":
                texts["fate"] = texts["error"]
            if len(texts["stored"]) > room:
                texts["stored"] = shortened(texts["stored"], room)
            for name, cells in self.table.items():
                cells[at].text = texts[name]
        self.frame.set_y(self.rows + self.row * (ORDER.index(view.format.name) - 0.5))
        wanted = read_decimal(view.value)
        marked = "range" in self.columns and wanted.is_finite() and bool(wanted)
        x = [self.place_of(float(abs(wanted).log10()))] * 2 if marked else []
        self.mark.set_data(x, self.mark_ends if x else [])


def starts(fmt: Format, grid: Grid) -> dict[str, tuple[float, float]]:
    """Return where each field begins and ends in the first row, in points."""
    widths, ends, at = (1, fmt.exponent_bits, fmt.significand_bits), {}, 0
    for field, width in zip(FIELD_COLOURS, widths, strict=True):
        end = min(at + width, grid.columns)
        ends[field] = at * grid.width, end * grid.width
        at = end
    return ends


def factors(view: FloatDecoderView, rooms: list[float]) -> tuple[str, str, str]:
    """Return what stands in the three boxes of the formula: a float's factors, or an integer's terms.

    `rooms` has how wide the boxes are, in points.
    """
    parts, formula, letters = view.fields, view.formula, int(rooms[2] / LETTER)
    if isinstance(view.format, IntFormat):
        sign = f"-{formula.sign} × " + raised(f"2^{formula.exponent}")
        return sign, "", f"+ m = {parts.significand}"
    sign = "(-1)" + f"{parts.sign}".translate(RAISED)
    if view.step is None:
        return sign, f"e = {parts.exponent}, all ones", f"m = {shortened(f'{parts.significand}', letters - 4)}"
    power = "× " + raised(f"2^{parts.power}")
    long = "× " + raised(f"2^{formula.exponent} - {formula.bias}") + power.replace("×", " =")
    room_for_long = rooms[1] > 4.2 * len(long)
    before = f"× {view.hidden_bit}.m = " if letters >= 17 or letters - 10 >= len(formula.multiplier) else "× "
    return sign, long if room_for_long else power, before + shortened(formula.multiplier, letters - len(before))


def rows(view: FloatDecoderView) -> list[dict[str, str]]:
    """Return the rows of the table: what is stored, its two errors, and what became of the value."""
    there = list(filter(None, view.carried.values()))
    values = iter(written(list(map(attrgetter("value"), there))))
    errors = iter(brief([*map(attrgetter("absolute_error"), there), *map(attrgetter("relative_error"), there)]))
    absolute = iter(list(islice(errors, len(there))))
    texts = []
    for one in view.carried.values():
        cells = ("no NaN", "", "", "")
        if one is not None:
            cells = (next(values), next(absolute), next(errors), one.outcome)
            cells = (cells[0], "", "", "") if cells[0] == "NaN" and one.outcome == "exact" else cells
        texts.append(dict(zip(("stored", "error", "relative", "fate"), cells, strict=True)))
    return texts


def named(points: tuple[Point, ...], width: float) -> list[Point]:
    """Return the points whose labels have room on a line of a width: the middle one first, then outwards."""
    chosen: list[Point] = []
    outwards = np.argsort(np.abs(list(map(attrgetter("place"), points))), kind="stable")
    step = width / REACH
    for point in map(points.__getitem__, outwards):
        wide = LETTER * len(point.label) + GAP
        x = width / 2 + step * point.place
        room = wide / 2 <= x <= width - wide / 2
        for other in chosen:
            apart = abs(point.place - other.place) * step
            room = room and apart >= (wide + LETTER * len(other.label) + GAP) / 2
        if room and len(chosen) < MOST_LABELS:
            chosen.append(point)
    return chosen
