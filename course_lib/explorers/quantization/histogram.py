"""The histograms before and after, one pair for each method, on the real axis with the quantizer's bins behind them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from numpy.typing import NDArray

from course_lib.explorers.picture import FAINT, INK, MUTED, TITLE, powers_of_ten
from course_lib.explorers.quantization.picture import LINE, STYLES, QuantizationPicture
from course_lib.explorers.quantization.view import QuantizationView
from course_lib.quantization import METHODS
from course_lib.units import format_number

EDGES = np.linspace(0, 1, 62)
PLACES = np.linspace(0.05, 0.95, 5)
COUNTS = (0.7, 6000)
LEAST_BIN = 2.5
"""How wide a bin must be to be tinted, in points."""


class HistogramPicture(QuantizationPicture):
    """Grey: the values before. Line: what they come back as. Every other bin of the quantizer is tinted."""

    def build_above(self, figure: Figure) -> None:
        """Make the bins, the bars before, the line after, and the labels of the values."""
        self.parts: dict[str, Any] = {}
        for number, method in enumerate(METHODS):
            last = self.layout == "wide" or number == 1
            axes = self.panel(figure, number, left=44, right=12, below=34 if last else 22)
            across, up = self.size_of
            axes.set(xlim=(0, 1), ylim=COUNTS, yscale="log", xticks=PLACES, xticklabels=[""] * 5)
            powers_of_ten(axes.yaxis)
            if last:
                yours = "" if self.layout == "narrow" else "; \u25c6: yours"
                axes.set_xlabel(f"value (grey: before, line: after{yours})", labelpad=12)
            axes.set_ylabel("values in a bar" if number == 0 or not last or self.layout != "wide" else "")
            color, down = STYLES[method]["color"], math.log10(COUNTS[1] / COUNTS[0]) / up  # decades a point
            bins = PathPatch(Path([(0, 0)]), facecolor=color, alpha=0.15, linewidth=0)
            axes.add_patch(bins)
            before = axes.stairs(np.ones(61), EDGES, fill=True, facecolor=FAINT, edgecolor=MUTED, baseline=0.1)
            after = axes.stairs(np.ones(61), EDGES, color=color, linewidth=1.3, baseline=0.1)
            (own,) = axes.plot([], [], color=INK, marker="D", markersize=5, linestyle="")
            (back,) = axes.plot([], [], color=color, marker=STYLES[method]["marker"], markersize=6, linestyle="")
            self.moving(before, bins, after, own, back)
            words = self.labels(axes)
            lines = [COUNTS[1] * 10 ** (-down * (2 + LINE * line)) for line in range(3)]
            self.parts[method] = {
                "across": across,
                "bins": bins,
                "before": before,
                "after": after,
                "own": own,
                "back": back,
                "ticks": [words.add(x, COUNTS[0] * 10 ** (-6 * down), side="center", level="top") for x in PLACES],
                "notes": [words.add(0.99, y, side="right", level="top", halo=True) for y in lines],
                "title": words.add(0, COUNTS[1] * 10 ** (4 * down), size=TITLE, level="bottom"),
            }

    def draw_above(self, view: QuantizationView) -> None:
        """Count the values before and after, tint the bins, and say how many different values are left."""
        low, high = view.span
        bottom = COUNTS[0] * 1.35
        for one in view.methods:
            parts, back, outside = self.parts[one.method], one.quantized.dequantize(), []
            for artist, values in ((parts["before"], view.x), (parts["after"], back)):
                counts, _ = np.histogram(place_of(values, view), EDGES)
                artist.set_data(np.maximum(counts, 0.1))
                outside.append(values.size - counts.sum())
            for tick, value in zip(parts["ticks"], np.linspace(low, high, 5), strict=True):
                tick.text = f"{value:g}"
            for marker, value in (("own", view.value), ("back", one.back)):
                x = place_of(np.array([value]), view)
                parts[marker].set_data(x[(x >= 0) & (x <= 1)], [bottom] * int(((x >= 0) & (x <= 1)).sum()))
            wide = 0.9 * one.scale / (high - low) * parts["across"] >= LEAST_BIN
            edges = place_of(one.edges, view)
            parts["bins"].set_path(stripes(edges if wide else edges[:0]))
            beyond = ("beyond these ends:", f"{outside[0]} before, {outside[1]} after") if any(outside) else ("", "")
            step = f"bins of {format_number(one.scale)}"
            step = f"tinted: {step}{view.of_slice}" if wide else f"{step}: too fine to tint"
            for label, text in zip(parts["notes"], (step, *beyond), strict=True):
                label.text = text
            left = np.unique(back).size
            name = "values" if self.layout == "narrow" else f"different value{'s' if left > 1 else ''}"
            parts["title"].text = f"{one.method}: {left:,} {name} left"


def place_of(values: NDArray[Any], view: QuantizationView) -> NDArray[Any]:
    """Return where values stand on the axis, from 0 to 1."""
    low, high = view.span
    return 0.05 + 0.9 * (values - low) / (high - low)


def stripes(edges: NDArray[Any]) -> Path:
    """Return every other bin between edges, the first and the last of all bins open to the ends of the axis."""
    if not edges.size:
        return Path(np.zeros((1, 2)))
    ends = np.clip(np.concatenate([[0.0], edges, [1.0]]), 0, 1)
    low, high = ends[0:-1:2], ends[1::2]
    seen = high > low
    low, high = low[seen], high[seen]
    if not low.size:
        return Path(np.zeros((1, 2)))
    bottom, top = np.full(low.size, COUNTS[0]), np.full(low.size, COUNTS[1])
    corners = [(low, bottom), (high, bottom), (high, top), (low, top), (low, bottom)]
    points = np.stack([np.column_stack(corner) for corner in corners], axis=1).reshape(-1, 2)
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * low.size
    return Path(points, codes)
