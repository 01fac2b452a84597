"""What all pictures of the quantization explorer share: below each lies the table that follows the chosen value."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from course_lib.explorers.picture import BLUE, FAINT, MUTED, RED, Label, Labels, Picture
from course_lib.explorers.quantization.view import MethodView, QuantizationView
from course_lib.quantization import METHODS
from course_lib.units import format_number

STYLES: dict[str, Any] = {
    "absmax": {"color": BLUE, "linestyle": "-", "marker": "o"},
    "zero-point": {"color": RED, "linestyle": "--", "marker": "s"},
}

LINE = 12.5
"""How high a line of the table is, in points."""
HEADS = {
    "wide": (("value", "your value"), ("quotient", "/ scale + zero-point"), ("code", "code"), ("bits", "its bits"),
             ("back", "back: (code - zero-point) x scale"), ("error", "error")),
    "medium": (("value", "your value"), ("quotient", "/ scale + zero-point"), ("code", "code"), ("bits", "its bits"),
               ("back", "back: (code - zero-point) x scale"), ("error", "error")),
    "narrow": (),
}  # fmt: skip
"""What stands above the columns."""
CELLS: dict[str, dict[str, tuple[float, int]]] = {
    "wide": {"value": (102, 0), "quotient": (160, 0), "code": (350, 0), "bits": (364, 0), "back": (432, 0),
             "error": (662, 0)},
    "medium": {"value": (80, 0), "quotient": (142, 0), "code": (330, 0), "bits": (344, 0), "back": (142, 1),
               "error": (358, 1)},
    "narrow": {"value": (84, 0), "quotient": (8, 1), "coded": (8, 2), "product": (8, 3), "result": (8, 4)},
}  # fmt: skip
"""Where the cells of a method stand, in points from the left, and in which of its lines. A code ends there."""


class QuantizationPicture(Picture):
    """A picture with the table below it (real, code, bits and back, by method); a subclass gives the upper part.

    The upper part has two panels: beside each other where there is room, else one below the other.
    """

    heights: ClassVar = {"wide": 262, "medium": 404, "narrow": 478}

    def build(self, figure: Figure) -> None:
        """Make the table, then the upper part."""
        cells = CELLS[self.layout]
        lines, head = 1 + max(line for _, line in cells.values()), 1 + max(line for _, line in cells.values())
        head = 0 if self.layout == "narrow" else head
        self.upper = self.height - LINE * (head + 2 * lines) - 8
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, self.width), ylim=(self.height, 0))
        axes.axis("off")
        axes.plot([4, self.width - 4], [self.upper + 2] * 2, color=FAINT, linewidth=1)
        still = self.still_labels(axes)
        top = self.upper + 5 + LINE / 2
        for name, text in HEADS[self.layout]:
            x, line = cells[name]
            side = "right" if name == "code" else "left"
            still.add(self._stretched(x), top + LINE * line, text=text, color=MUTED, side=side)
        self.build_above(figure)
        words = self.labels(axes)
        self.cells: dict[str, dict[str, Label]] = {}
        for number, method in enumerate(METHODS):
            y = top + LINE * (head + number * lines)
            axes.plot([2, 11, 20], [y] * 3, **STYLES[method], markevery=[1], markersize=6)
            still.add(25, y, text=method, bold=True)
            self.cells[method] = {
                name: words.add(
                    self._stretched(x), y + LINE * line, side="right" if name == "code" else "left", mono=name == "bits"
                )
                for name, (x, line) in cells.items()
            }

    def _stretched(self, x: float) -> float:
        return x * self.width / 420 if self.layout == "medium" else x

    def panel(self, figure: Figure, number: int, left: float, right: float, below: float, above: float = 18) -> Axes:
        """Return the axes of the left or upper panel (0) or of the other (1), with margins in points."""
        beside = self.layout == "wide"
        wide, tall = (self.width / 2, self.upper) if beside else (self.width, self.upper / 2)
        x, y = (number * wide, 0) if beside else (0, number * tall)
        self.size_of = wide - left - right, tall - above - below
        return figure.add_axes(self.place(x + left, y + above, x + wide - right, y + tall - below))

    def build_above(self, figure: Figure) -> None:
        """Make the upper part of the picture."""
        raise NotImplementedError

    def draw(self, view: QuantizationView) -> None:
        """Fill the table and the upper part."""
        self.draw_above(view)
        for one in view.methods:
            texts = _texts(view, one)
            for name, cell in self.cells[one.method].items():
                cell.text = texts[name]

    def draw_above(self, view: QuantizationView) -> None:
        """Set the upper part to a view."""
        raise NotImplementedError


def _texts(view: QuantizationView, one: MethodView) -> dict[str, str]:
    """Return the cells of a method by name."""
    offset, back, error = one.zero_point, view.written(one.back), view.written(one.back - view.value)
    largest = max(abs(limit - offset) for limit in one.limits)
    scale = format_number(one.scale, 3 + math.ceil(math.log10(largest)))  # so that the product comes out right
    shift = f" {'-' if offset < 0 else '+'} {abs(offset)}" if offset else ""
    inside = f"({one.code} {'+' if offset < 0 else '-'} {abs(offset)})" if offset else f"{one.code}"
    error = error if error == "0" or one.back < view.value else f"+{error}"
    return {
        "value": view.written(view.value),
        "quotient": f"/ {scale}{shift} = {one.exact:,.2f}",
        "code": f"{one.code}",
        "bits": one.pattern,
        "back": f"{inside} x {scale} = {back}",
        "error": error,
        "coded": f"code {one.code}, bits {one.pattern}",
        "product": f"back: {inside} x {scale}",
        "result": f"= {back}, error {error}",
    }


def segments(x0: Any, x1: Any, y0: float, y1: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return many lines from (x0, y0) to (x1, y1) as one, with gaps."""
    x = np.column_stack([x0, x1, np.full(len(x0), np.nan)]).ravel()
    return x, np.tile([y0, y1, np.nan], len(x0))


def width_of(label: Label) -> float:
    """Return how wide a label is at most, more or less, in points."""
    return (0.66 if label.bold else 0.61) * label.size * len(label.text)


def in_lines(words: Labels, top: float, pitch: float, count: int, x: float, **looks: Any) -> list[Label]:
    """Return labels below each other, `pitch` apart in the data of their axes."""
    return [words.add(x, top - pitch * line, level="top", **looks) for line in range(count)]
