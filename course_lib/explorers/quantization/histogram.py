"""The histograms before and after, one pair for each method."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from course_lib.explorers.picture import FAINT, MUTED, SMALL, TITLE, powers_of_ten
from course_lib.explorers.quantization.picture import LEFT, RIGHT, STYLES, QuantizationPicture
from course_lib.explorers.quantization.view import METHODS, QuantizationView

EDGES = np.linspace(0, 1, 62)
PLACES = np.linspace(0.05, 0.95, 5)


class HistogramPicture(QuantizationPicture):
    """Grey: the values before. Line: what they come back as."""

    def build_above(self, figure: Figure) -> None:
        """Make the bars before, the line after, and the labels of the values."""
        self.parts: dict[str, Any] = {}
        for place, method in zip((LEFT, RIGHT), METHODS, strict=True):
            axes = figure.add_axes(place)
            axes.set(xlim=(0, 1), ylim=(0.7, 6000), yscale="log", xticks=PLACES, xticklabels=[""] * 5)
            powers_of_ten(axes.yaxis)
            axes.set_xlabel("value (grey: before, line: after)", labelpad=12)
            axes.set_ylabel("values in a bin" if method == "absmax" else "")
            before = axes.stairs(np.ones(61), EDGES, fill=True, facecolor=FAINT, edgecolor=MUTED, baseline=0.1)
            after = axes.stairs(np.ones(61), EDGES, color=STYLES[method]["color"], linewidth=1.3, baseline=0.1)
            self.moving(before, after)
            words = self.labels(axes)
            self.parts[method] = {
                "before": before,
                "after": after,
                "ticks": [words.add(x, 0.48, side="center", level="top") for x in PLACES],
                "beyond": [words.add(0.99, y, side="right", level="top", size=SMALL, halo=True) for y in (5000, 2600)],
                "title": words.add(0, 7600, size=TITLE, level="bottom"),
            }

    def draw_above(self, view: QuantizationView) -> None:
        """Count the values before and after, and say how many different ones are left."""
        low, high = view.span
        for one in view.methods:
            parts, back, outside = self.parts[one.method], one.quantized.dequantize(), []
            for artist, values in ((parts["before"], view.x), (parts["after"], back)):
                counts, _ = np.histogram(0.05 + 0.9 * (values - low) / (high - low), EDGES)
                artist.set_data(np.maximum(counts, 0.1))
                outside.append(values.size - counts.sum())
            for tick, value in zip(parts["ticks"], np.linspace(low, high, 5), strict=True):
                tick.text = f"{value:g}"
            beyond = ("beyond these ends:", f"{outside[0]} before, {outside[1]} after") if any(outside) else ("", "")
            for label, text in zip(parts["beyond"], beyond, strict=True):
                label.text = text
            left = np.unique(back).size
            parts["title"].text = f"{one.method}: {left:,} different value{'s' if left > 1 else ''} left"
