"""What all pictures of the quantization explorer share: below each lies the table that follows the chosen value."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from course_lib.explorers.picture import BLUE, FAINT, MUTED, RED, SMALL, TEXT, Picture
from course_lib.explorers.quantization.view import METHODS, QuantizationView
from course_lib.units import format_number

STYLES: dict[str, Any] = {
    "absmax": {"color": BLUE, "linestyle": "-", "marker": "o"},
    "zero-point": {"color": RED, "linestyle": "--", "marker": "s"},
}
LEFT, RIGHT = (0.082, 0.345, 0.405, 0.555), (0.578, 0.345, 0.405, 0.555)
"""Where two axes stand side by side above the table."""

COLUMNS = {
    "your value": (0.135, "left"),
    "/ scale + zero-point": (0.215, "left"),
    "code": (0.485, "right"),
    "its bits": (0.505, "left"),
    "back: (code - zero-point) x scale": (0.6, "left"),
    "error": (0.92, "left"),
}


class QuantizationPicture(Picture):
    """A picture with the table below it (real, code, bits and back, by method); a subclass gives the upper part."""

    heights = {"wide": 291.6}

    def build(self, figure: Figure) -> None:
        """Make the table, then the upper part."""
        axes = figure.add_axes((0.01, 0.0, 0.98, 0.215))
        axes.set(xlim=(0, 1), ylim=(0, 1))
        axes.axis("off")
        axes.plot([0, 1], [0.98, 0.98], color=FAINT, linewidth=1)
        for name, (x, side) in COLUMNS.items():
            axes.text(x, 0.8, name, fontsize=SMALL, color=MUTED, ha=side, va="center")
        self.build_above(figure)
        words = self.labels(axes)
        self.cells = {}
        for y, method in zip((0.48, 0.16), METHODS, strict=True):
            axes.plot([0.0, 0.015, 0.03], [y] * 3, **STYLES[method], markevery=[1], markersize=6)
            axes.text(0.04, y, method, fontsize=TEXT, fontweight="bold", va="center_baseline")
            self.cells[method] = [
                words.add(x, y, side=side, size=TEXT, mono=name == "its bits") for name, (x, side) in COLUMNS.items()
            ]

    def build_above(self, figure: Figure) -> None:
        """Make the upper part of the picture."""
        raise NotImplementedError

    def draw(self, view: QuantizationView) -> None:
        """Fill the table and the upper part."""
        self.draw_above(view)
        for one in view.methods:
            offset, back, error = one.zero_point, view.written(one.back), view.written(one.back - view.value)
            largest = max(abs(limit - offset) for limit in one.limits)
            scale = format_number(one.scale, 3 + math.ceil(math.log10(largest)))  # so that the product comes out right
            shift = f" {'-' if offset < 0 else '+'} {abs(offset)}" if offset else ""
            inside = f"({one.code} {'+' if offset < 0 else '-'} {abs(offset)})" if offset else f"{one.code}"
            texts = (
                view.written(view.value),
                f"/ {scale}{shift} = {one.exact:,.2f}",
                f"{one.code}",
                one.pattern,
                f"{inside} x {scale} = {back}",
                error if error == "0" or one.back < view.value else f"+{error}",
            )
            for cell, text in zip(self.cells[one.method], texts, strict=True):
                cell.text = text

    def draw_above(self, view: QuantizationView) -> None:
        """Set the upper part to a view."""
        raise NotImplementedError


def segments(x0: Any, x1: Any, y0: float, y1: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return many lines from (x0, y0) to (x1, y1) as one, with gaps."""
    x = np.column_stack([x0, x1, np.full(len(x0), np.nan)]).ravel()
    return x, np.tile([y0, y1, np.nan], len(x0))
