"""The staircase of what comes back, and its error, around the chosen value, both methods together."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from course_lib.explorers.picture import FAINT, MUTED, SMALL
from course_lib.explorers.quantization.picture import LINE, STYLES, QuantizationPicture, in_lines, segments
from course_lib.explorers.quantization.view import QuantizationView
from course_lib.units import format_number

WINDOW = 4.5
"""Half the width of the window, in steps."""
ERRORS = 1.1
"""How far the axis of errors reaches, in steps."""


class StaircasePicture(QuantizationPicture):
    """One panel: what comes back for what goes in. The other: the difference, and the tensor's own values as marks."""

    def build_above(self, figure: Figure) -> None:
        """Make the two axes, each method's stairs and error, and the labels of the values."""
        margins: dict[str, float] = {"left": 58, "right": 30, "below": 20}
        stairs = self.panel(figure, 0, **margins)
        errors = self.panel(figure, 1, **margins)
        across, up = self.size_of
        limits, brief = (-WINDOW, WINDOW), self.layout == "narrow"
        for axes in (stairs, errors):
            axes.set(xlim=limits, xticks=[-4, 0, 4], xticklabels=[""] * 3)
            axes.axvline(0, color=MUTED, linewidth=1, linestyle=":")
        stairs.set(ylim=limits, yticks=[-4, 0, 4], yticklabels=[""] * 3)
        stairs.set_title("What comes back" if brief else "What comes back, around your value")
        stairs.plot(limits, limits, color=FAINT, linewidth=3)
        grey = "grey: what went in" if brief else "grey: exactly what went in"
        stairs.text(-4.3, 4.3, grey, fontsize=SMALL, va="top")
        errors.set(ylim=(-ERRORS, ERRORS), yticks=[-0.5, 0, 0.5], yticklabels=[""] * 3, title="Error: back minus real")
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
        marks = "marks: values" if brief else "marks below: values of the tensor"
        errors.text(-4.3, -0.99, marks, fontsize=SMALL, color=MUTED, va="bottom")
        left, right = self.labels(stairs), self.labels(errors)
        aside, down = 5 * 2 * WINDOW / across, 5 / up
        places = ((left, -WINDOW - 2 * WINDOW * down), (right, -ERRORS - 2 * ERRORS * down))
        self.below = [words.add(x, y, side="center", level="top") for words, y in places for x in (-4, 0, 4)]
        self.beside = [left.add(-WINDOW - aside, y, side="right") for y in (-4, 0, 4)]
        self.error_beside = [right.add(-WINDOW - aside, y, side="right") for y in (-0.5, 0, 0.5)]
        self.notes = in_lines(right, 1.06, LINE * 2 * ERRORS / up, 2, -4.3, halo=True)

    def draw_above(self, view: QuantizationView) -> None:
        """Draw the steps in units of the larger one."""
        step = max(one.scale for one in view.methods)
        for one in view.methods:
            levels = (one.levels - view.value) / step
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
        self.rug.set_data(*segments(some, some, -ERRORS, -1.02))
        for label, at in zip(self.below, (-4, 0, 4) * 2, strict=True):
            label.text = view.written(view.value + at * step)
        for label, at in zip(self.beside, (-4, 0, 4), strict=True):
            label.text = view.written(view.value + at * step)
        for label, share in zip(self.error_beside, (-0.5, 0, 0.5), strict=True):
            label.text = view.written(share * step)
        steps = [f"{one.method} {format_number(one.scale)}" for one in view.methods]
        lines = [f"step: {', '.join(steps)}", ""]
        if self.layout == "narrow":
            lines = [f"step: {steps[0]}", steps[1]]
        for label, text in zip(self.notes, lines, strict=True):
            label.text = text
