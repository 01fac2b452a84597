"""The staircase of what comes back, and its error, around the chosen value, both methods together."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from course_lib.explorers.picture import FAINT, MUTED, SMALL
from course_lib.explorers.quantization.picture import LEFT, RIGHT, STYLES, QuantizationPicture, segments
from course_lib.explorers.quantization.view import QuantizationView
from course_lib.quantization import Quantized
from course_lib.units import format_number

WINDOW = 4.5
"""Half the width of the window, in steps."""


class StaircasePicture(QuantizationPicture):
    """Left: what comes back for what goes in. Right: the difference, and the tensor's own values as marks."""

    def build_above(self, figure: Figure) -> None:
        """Make the two axes, each method's stairs and error, and the labels of the values."""
        stairs, errors = figure.add_axes(LEFT), figure.add_axes(RIGHT)
        limits = (-WINDOW, WINDOW)
        for axes in (stairs, errors):
            axes.set(xlim=limits, xticks=[-4, 0, 4], xticklabels=[""] * 3)
            axes.axvline(0, color=MUTED, linewidth=1, linestyle=":")
        stairs.set(ylim=limits, yticks=[-4, 0, 4], yticklabels=[""] * 3, title="What comes back, around your value")
        stairs.plot(limits, limits, color=FAINT, linewidth=3)
        stairs.text(-4.3, 4.3, "grey: exactly what went in", fontsize=SMALL, va="top")
        errors.set(ylim=(-1.1, 1.1), yticks=[-0.5, 0, 0.5], yticklabels=[""] * 3, title="Error: back minus real")
        errors.axhline(0, color=FAINT, linewidth=3, zorder=0)
        (rug,) = errors.plot([], [], color=MUTED, linewidth=0.8)
        self.rug = self.moving(rug)
        self.curves: dict[str, list[Any]] = {}
        for method, style in STYLES.items():
            plain = style | {"marker": "", "linewidth": 1.6}
            size: Any = {"markersize": 12 if method == "absmax" else 7, "markeredgecolor": "white"}
            self.curves[method] = [
                *stairs.plot([], [], **plain),
                *errors.plot([], [], **plain),
                *(
                    axes.plot([], [], color=style["color"], marker=style["marker"], **size)[0]
                    for axes in (stairs, errors)
                ),
            ]
            self.moving(*self.curves[method])
        errors.text(-4.3, -0.99, "marks below: values of the tensor", fontsize=SMALL, color=MUTED, va="bottom")
        left, right = self.labels(stairs), self.labels(errors)
        self.below = [
            words.add(x, y, side="center", level="top") for words, y in ((left, -5), (right, -1.22)) for x in (-4, 0, 4)
        ]
        self.beside = [left.add(-4.7, y, side="right") for y in (-4, 0, 4)]
        self.error_beside = [right.add(-4.7, y, side="right") for y in (-0.5, 0, 0.5)]
        self.note = right.add(-4.3, 1.06, level="top", halo=True)

    def draw_above(self, view: QuantizationView) -> None:
        """Draw the steps in units of the larger one."""
        step = max(one.scale for one in view.methods)
        for one in view.methods:
            codes = np.arange(one.limits[0], one.limits[1] + 1)
            levels = (Quantized(codes.astype(np.int8), one.scale, one.zero_point).dequantize() - view.value) / step
            edges = np.concatenate([[-WINDOW - 1], (levels[:-1] + levels[1:]) / 2, [WINDOW + 1]])
            edges = np.clip(edges, -WINDOW - 1, WINDOW + 1)
            x = np.repeat(edges, 2)[1:-1]
            stairs, errors, *marks = self.curves[one.method]
            stairs.set_data(x, np.repeat(levels, 2))
            errors.set_data(x, np.repeat(levels, 2) - x)
            for mark in marks:
                mark.set_data([0], [(one.back - view.value) / step])
        near = (view.values - view.value) / step
        near = near[np.abs(near) <= WINDOW]
        some = near[np.unique(np.linspace(0, near.size - 1, 120).round().astype(int))]
        self.rug.set_data(*segments(some, some, -1.1, -1.02))
        for label, at in zip(self.below, (-4, 0, 4) * 2, strict=True):
            label.text = view.written(view.value + at * step)
        for label, at in zip(self.beside, (-4, 0, 4), strict=True):
            label.text = view.written(view.value + at * step)
        for label, share in zip(self.error_beside, (-0.5, 0, 0.5), strict=True):
            label.text = view.written(share * step)
        self.note.text = "step: " + ", ".join(f"{one.method} {format_number(one.scale)}" for one in view.methods)
