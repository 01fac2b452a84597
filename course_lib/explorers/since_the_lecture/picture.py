"""The picture of a block: the large bits of its scale or of one value, all of its bits, and its values as bars."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from numpy.typing import NDArray

from course_lib.block_formats import BlockFormat
from course_lib.explorers.bit_grid import Grid
from course_lib.explorers.picture import (
    BLUE,
    FAINT,
    FIELD_COLOURS,
    INK,
    MUTED,
    RED,
    TEXT,
    Picture,
    boxes,
    raised,
)
from course_lib.explorers.since_the_lecture.view import (
    SCALE,
    BitNames,
    Bits,
    BlockView,
    bit_names,
    compact,
    short,
)

LEAST_BIT, MOST_BIT, TALLEST_BIT = 21.7, 64, 46
"""How wide a large bit is, and how tall at the most, in points: on the screen, a finger's 24 pixels at the least."""
ROWS_OF = {"wide": 32, "medium": 16, "narrow": 8}
"""How many large bits stand in a row, by layout, where not all do."""
ROOM = {"wide": (11, 46), "medium": (11, 72), "narrow": (0, 96)}
"""Where the large bits begin, and how high all of them are at the most, in points."""
VALUES_OF = {"wide": 16, "medium": 8, "narrow": 4}
"""How many values of the block stand in a row, by layout."""
LETTER, MONO = 5.8, 5.42
"""How wide a letter is, at the most, and a letter of the same width for all, in points."""
DIGIT = 12.0
LEAST_PITCH, MOST_PITCH, LEAST_BARS = 25, 33, 96
"""How far a row of values is from the next, and how high the bars are at the least, in points."""
LEFT = 42
"""Where the bars begin: left of them stands what the highest one is."""
MOST_VALUES, MOST_BITS = 64, 32
BEYOND = 4.0
"""The bars show values up to so many times the largest as it was stored; a larger one leaves the picture."""
LEGEND = {
    "wide": "Grey: the values as stored. Blue: as they are now. Black: as they were before they became codes.",
    "medium": "Grey: as stored. Blue: now. Black: before it became a code.",
    "narrow": "grey: stored, blue: now, black: true",
}


class BlockPicture(Picture):
    """Above: the bits of the scale or of your value, each with its weight, and what they stand for.

    Middle: the bits of the whole block, each value below its own. Below: the values as bars, as stored and now. All is
    placed in points, from the upper left corner.
    """

    heights: ClassVar = {"wide": 330, "medium": 440, "narrow": 620}

    def build(self, figure: Figure) -> None:
        """Make the artists; nothing stays, as a block has as many bits as its format says."""
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set(xlim=(0, self.width), ylim=(self.height, 0))
        axes.axis("off")
        self._build_bars(axes)
        self._build_bits(axes)
        self.words = self.labels(axes)
        add = self.words.add
        self.heads = [add(0, 5, color=MUTED) for _ in FIELD_COLOURS]
        self.digits = [add(0, 0, side="center", size=DIGIT, mono=True) for _ in range(MOST_BITS)]
        self.weights = [add(0, 0, side="center") for _ in range(MOST_BITS)]
        self.result = add(0, 0, bold=True, size=TEXT)
        self.scale_name, self.scale_bits, self.scale_value = add(0, 0), add(0, 0, mono=True), add(0, 0)
        self.codes = [add(0, 0, side="center", mono=True) for _ in range(MOST_VALUES)]
        self.values = [add(0, 0, side="center") for _ in range(MOST_VALUES)]
        self.legend = add(0, 0, color=MUTED, text=LEGEND[self.layout])
        self.ends = [add(LEFT - 4, 0, side="right") for _ in range(3)]
        self.nothing = add(0, 0, side="center", size=TEXT, color=RED, bold=True)

    def _patch(self, axes: Axes, **looks: Any) -> PathPatch:
        patch = PathPatch(Path([(0, 0)]), **looks)
        axes.add_patch(patch)
        return self.moving(patch)

    def _build_bits(self, axes: Axes) -> None:
        self.cells = {
            (field, on): self._patch(axes, facecolor=colour, alpha=1 if on else 0.18, linewidth=0)
            for field, colour in FIELD_COLOURS.items()
            for on in (False, True)
        }
        self.small = {
            field: self._patch(axes, facecolor=colour, alpha=0.45, linewidth=0)
            for field, colour in FIELD_COLOURS.items()
        }
        self.frames = self._patch(axes, fill=False, edgecolor=MUTED, linewidth=0.7)
        self.turned = self._patch(axes, fill=False, edgecolor=RED, linewidth=2.2)
        self.frame = Rectangle((0, 0), 0, 0, fill=False, edgecolor=INK, linewidth=1.2)
        axes.add_patch(self.moving(self.frame))

    def _build_bars(self, axes: Axes) -> None:
        self.here = Rectangle((0, 0), 0, 0, facecolor="white", edgecolor=MUTED, linewidth=0.8)
        axes.add_patch(self.moving(self.here))
        self.old = self._patch(axes, facecolor=FAINT, linewidth=0)
        self.new = self._patch(axes, facecolor=BLUE, linewidth=0)
        (line,) = axes.plot([], [], color=MUTED, linewidth=0.8)
        (wanted,) = axes.plot([], [], color=INK, linewidth=1.4)
        self.middle, self.wanted = self.moving(line), self.moving(wanted)
        self.beyond = [self.moving(*axes.plot([], [], marker, color=RED, markersize=6)) for marker in "^v"]

    def grid(self, bits: Bits) -> Grid:
        """Return where the large bits of a scale or of a value stand: in one row if each has room, else in rows."""
        top, room = ROOM[self.layout]
        columns = bits.bits if bits.bits * LEAST_BIT <= self.width else ROWS_OF[self.layout]
        rows = math.ceil(bits.bits / columns)
        return Grid(columns, top, min(self.width / columns, MOST_BIT), min(room / rows, TALLEST_BIT))

    def _below(self, fmt: BlockFormat) -> float:
        """Return where the large bits end, in points from the top: where those of the longer part of a format do."""
        ends = []
        for bits in (fmt.scale, fmt.element):
            if not isinstance(bits, BlockFormat):
                grid = self.grid(bits)
                ends.append(grid.top + math.ceil(bits.bits / grid.columns) * grid.height)
        return max(ends)

    def columns(self, fmt: BlockFormat) -> int:
        """Return how many values of the block stand in a row: half as many where their bits would all but touch."""
        columns = VALUES_OF[self.layout]
        touch = MONO * fmt.element.bits > 0.9 * self.width / columns
        return columns // 2 if touch and fmt.block <= MOST_VALUES / 2 else columns

    def draw(self, view: BlockView) -> None:
        """Fill in the large bits, the block, and the bars."""
        below = self._below(view.format)
        self._draw_bits(view)
        self._draw_result(view, below + 9)
        self._draw_scale(view, below + 26)
        columns = self.columns(view.format)
        rows = math.ceil(len(view.now) / columns)
        room = self.height - (below + 36) - LEAST_BARS - 18
        pitch = min(max(room / rows, LEAST_PITCH), MOST_PITCH)
        self._draw_block(view, columns, below + 36, pitch)
        self._draw_bars(view, below + 36 + rows * pitch + 6)

    def _draw_bits(self, view: BlockView) -> None:
        chosen = view.chosen
        grid, names = self.grid(chosen.format), bit_names(chosen.format)
        corners = np.array([grid.cell(at) for at in range(chosen.format.bits)])
        fields, on = np.array(names.fields), np.array(list(chosen.digits)) == "1"
        for (field, lit), patch in self.cells.items():
            patch.set_path(boxes(corners[(fields == field) & (on == lit)], grid.width, grid.height))
        self.frames.set_path(boxes(corners, grid.width, grid.height))
        self.turned.set_path(boxes(corners[np.array(chosen.flipped)] + 1.1, grid.width - 2.2, grid.height - 2.2))
        for at, (digit, weight) in enumerate(zip(self.digits, self.weights, strict=True)):
            digit.text = weight.text = ""
            if at < len(corners):
                x, y = corners[at]
                digit.text, weight.text = chosen.digits[at], raised(names.weights[at])
                digit.bold = chosen.digits[at] == "1"
                digit.x = weight.x = x + grid.width / 2
                digit.y, weight.y = y + (grid.height - 9) / 2, y + grid.height - 6.5
        for label, field in zip(self.heads, FIELD_COLOURS, strict=True):
            first = names.fields.index(field) if field in names.fields else -1
            label.text = "" if first < 0 or self.layout == "narrow" else head(field, names)
            label.x = max(first, 0) % grid.columns * grid.width

    def _draw_result(self, view: BlockView, y: float) -> None:
        self.result.y = y
        is_scale = view.part == SCALE
        pattern, room = view.chosen, self.width / 6.6
        product = short(view.scale_now) if is_scale else short(view.now[view.place])
        by = view.tensor_scale if is_scale else view.scale_now
        of = "the tensor's" if is_scale else "scale"
        times = "" if is_scale and not view.format.tensor_scale else f" × {of} {short(by)}"
        name = "Scale" if is_scale else f"Value {view.place + 1}"
        texts = (
            f"{name}: {pattern.formula} = {short(pattern.value)}" + (f"{times} = {product}" if times else ""),
            f"{name}: {short(pattern.value)}" + (f"{times} = {product}" if times else ""),
            f"{name}: {product}",
        )
        self.result.text = next((text for text in texts if len(text) <= room), texts[-1])

    def _draw_scale(self, view: BlockView, y: float) -> None:
        """Write the scale's bits before those that they hold for."""
        digits, count = view.scale.digits, len(view.now)
        named = 36 + MONO * len(digits) <= self.width
        self.scale_name.text, left = ("scale", 36) if named else ("", 2)
        self.scale_bits.text, self.scale_bits.x = digits, left
        self.scale_value.x = right = left + MONO * len(digits) + 8
        is_now = f"= {short(view.scale_now)}"
        texts = (f"{is_now}, which each of these {count} is multiplied by:", f"{is_now}, times each:", is_now, "")
        self.scale_value.text = next(text for text in texts if len(text) * LETTER <= self.width - right)
        for label in (self.scale_name, self.scale_bits, self.scale_value):
            label.y = y

    def _draw_block(self, view: BlockView, columns: int, top: float, pitch: float) -> None:
        """Write the bits of each element, and below them what it is worth; frame those that are large above."""
        width, across, moved = view.format.element.bits, self.width / columns, view.moved
        places: list[tuple[float, float]] = []
        for at, (code, value) in enumerate(zip(self.codes, self.values, strict=True)):
            code.text = value.text = ""
            if at < len(view.now):
                row, column = divmod(at, columns)
                code.x = value.x = (column + 0.5) * across
                code.y, value.y = top + row * pitch + 6.5, top + row * pitch + 18
                code.text, value.text = f"{view.codes[at]:0{width}b}", compact(view.now[at])
                value.bold = bool(moved[at])
                places.append((code.x - MONO * width / 2, code.y - 5.5))
        fields = bit_names(view.format.element).fields
        scale = (self.scale_bits.x, self.scale_bits.y - 5.5)
        in_scale = np.array(bit_names(view.scale.format).fields)
        for field, patch in self.small.items():
            corners = [(x + MONO * bit, y) for x, y in places for bit, one in enumerate(fields) if one == field]
            corners += [(scale[0] + MONO * int(bit), scale[1]) for bit in np.flatnonzero(in_scale == field)]
            patch.set_path(boxes(np.array(corners), MONO, 11))
        x, y = scale if view.part == SCALE else places[view.place]
        self.frame.set_bounds(x - 1.5, y - 0.5, MONO * view.chosen.format.bits + 3, 12)

    def _draw_bars(self, view: BlockView, top: float) -> None:
        self.legend.y = top + 3
        top, bottom, count = top + 14, self.height - 5.0, len(view.now)
        middle, slot = (top + bottom) / 2, (self.width - LEFT) / count
        finite = np.nan_to_num(view.now, nan=0.0, posinf=1e300, neginf=-1e300)
        stored = float(np.max(np.abs([*view.before, *view.wanted])))
        limit = min(max(stored, float(np.max(np.abs(finite)))), BEYOND * stored) if stored else 1.0
        high = (bottom - top) / 2 / limit
        left = LEFT + slot * np.arange(count)

        def places(values: NDArray[np.float64]) -> NDArray[Any]:
            return middle - np.clip(values, -limit, limit) * high

        self.old.set_path(bars(left + 0.06 * slot, 0.88 * slot, middle, places(view.before)))
        self.new.set_path(bars(left + 0.26 * slot, 0.48 * slot, middle, places(finite)))
        gap = np.full(count, np.nan)
        x = np.column_stack([left + 0.08 * slot, left + 0.92 * slot, gap]).ravel()
        self.wanted.set_data(x, np.column_stack([places(view.wanted)] * 2 + [gap]).ravel())
        self.middle.set_data([LEFT, self.width], [middle, middle])
        for sign, marks, y in zip((1, -1), self.beyond, (top + 3, bottom - 3), strict=True):
            out = np.flatnonzero(sign * finite > limit)
            marks.set_data(left[out] + slot / 2, [y] * len(out))
        self.here.set_bounds(LEFT + slot * view.place, top, slot, bottom - top)
        for label, value, y in zip(self.ends, (limit, 0.0, -limit), (top + 5, middle, bottom - 5), strict=True):
            label.text, label.y = compact(value), y
        lost = np.isnan(view.now).sum()
        one = "Your value is not a number" if view.part != SCALE else "None is a number"
        self.nothing.text = one if lost else ""
        self.nothing.x, self.nothing.y = (LEFT + self.width) / 2, middle + (bottom - top) / 4


def head(field: str, names: BitNames) -> str:
    """Return what a field is called above its bits."""
    kind = names.names[-1][0].split()[0]
    return field if kind not in ("integer", "code") else kind if field == names.fields[0] else ""


def bars(left: NDArray[Any], width: float, base: float, tops: NDArray[Any]) -> Path:
    """Return bars of one width from a base line to their tops, as one path."""
    corners = [(left, 0 * tops + base), (left, tops), (left + width, tops), (left + width, 0 * tops + base)]
    points = np.stack([np.column_stack(corner) for corner in [*corners, corners[0]]], axis=1).reshape(-1, 2)
    return Path(points, [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * len(left))
