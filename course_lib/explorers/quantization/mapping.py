"""The map of slide S10, for each method: the real axis above, the codes below, values joined by lines."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from course_lib.explorers.picture import FAINT, INK, MUTED, SMALL, TEXT, TITLE, Label, Picture
from course_lib.explorers.quantization.picture import STYLES, QuantizationPicture, segments
from course_lib.explorers.quantization.view import METHODS, MethodView, QuantizationView

RIGHTMOST = 1.1
"""How far right a text may reach, in a map's units: the picture's edge lies at 1.107."""


class MappingPicture(QuantizationPicture):
    """Two maps side by side, one a method."""

    def build_above(self, figure: Figure) -> None:
        """Make a map for each method."""
        self.maps = [_Map(self, figure, *place) for place in zip(METHODS, (0.015, 0.515), strict=True)]

    def draw_above(self, view: QuantizationView) -> None:
        """Draw each method's map."""
        for one_map, one in zip(self.maps, view.methods, strict=True):
            one_map.draw(view, one)


class _Map:
    """One method's map: it belongs to a picture, which draws its moving artists."""

    def __init__(self, picture: Picture, figure: Figure, method: str, left: float) -> None:
        axes = figure.add_axes((left, 0.235, 0.475, 0.68))
        axes.set(xlim=(-1.22, 1.06), ylim=(-0.21, 1.2))
        axes.axis("off")
        for y, name in ((1, "real"), (0, "code")):
            axes.text(-1.21, y, name, fontsize=SMALL, color=MUTED, va="center")
        axes.plot([-1, 1], [1, 1], color=MUTED, linewidth=1.2)
        color = STYLES[method]["color"]
        (self.every_code,) = axes.plot([], [], color=FAINT, linewidth=7, solid_capstyle="butt")
        (self.band,) = axes.plot([], [], color=color, linewidth=7, solid_capstyle="butt")
        (self.ticks,) = axes.plot([], [], color=INK, linewidth=0.7)
        (self.lines,) = axes.plot([], [], color=color, linewidth=0.8)
        (self.zero,) = axes.plot([], [], color=MUTED, linewidth=1.2, linestyle=":")
        (self.own,) = axes.plot([], [], color=INK, linewidth=2.2, marker="D", markersize=6, clip_on=False)
        picture.moving(self.every_code, self.band, self.ticks, self.lines, self.zero, self.own)
        words = picture.labels(axes)
        self.title = words.add(-1.21, 1.25, size=TITLE, level="bottom")
        self.above = [words.add(x, 1.06, side="center", level="bottom") for x in (-1, 0, 1)]
        self.ends = [words.add(x, -0.09, side="center", level="top") for x in (-1, 1)]
        self.zero_label = words.add(0, -0.09, side="center", level="top")
        self.own_label = words.add(0, 0.5, size=TEXT, bold=True, halo=True)

    def draw(self, view: QuantizationView, one: MethodView) -> None:
        """Draw the lines of some of the values, the codes that are used, and the chosen value's own line."""
        half, reach = 2 ** (view.bits - 1), float(np.abs(view.values).max()) or 1.0
        some = np.unique(np.linspace(0, view.values.size - 1, 33).round().astype(int))
        self.lines.set_data(*segments(view.values[some] / reach, one.codes[some] / half, 1, 0))
        marked = np.arange(-half, half, max(1, half // 16))
        places = marked[marked >= one.limits[0]] / half
        self.ticks.set_data(*segments(places, places, 0.035, -0.035))
        self.every_code.set_data(np.array(one.limits) / half, [0, 0])
        self.band.set_data(one.codes[[0, -1]] / half, [0, 0])
        self.own.set_data([view.value / reach, one.code / half], [1, 0])
        for label, place in zip(self.above, (-1, 0, 1), strict=True):
            label.text = f"{place * reach:.4g}"
            label.x = min(place, RIGHTMOST - _width(label) / 2)
        for label, code in zip(self.ends, one.limits, strict=True):
            label.text, label.x = f"{code}", code / half
        middle = (view.value / reach + one.code / half) / 2
        self.own_label.text = f"{view.written(view.value)} has code {one.code}"
        to_the_right = middle < min(0.5, RIGHTMOST - 0.08 - _width(self.own_label))
        self.own_label.x = middle + (0.04 if to_the_right else -0.04)
        self.own_label.side = "left" if to_the_right else "right"
        has_code = one.limits[0] <= one.zero_point <= one.limits[1]
        self.zero.set_data([0, one.zero_point / half] if has_code else [], [1, 0] if has_code else [])
        says = f"0 has code {one.zero_point}" if has_code else f"zero-point {one.zero_point}: 0 has no code"
        self.zero_label.text = says
        aside = [(_width(self.zero_label) + _width(end)) / 2 + 0.04 for end in self.ends]
        low, high = self.ends[0].x + aside[0], self.ends[1].x - aside[1]
        wanted = np.clip(one.zero_point / half, -0.5, 0.5) if has_code else 0
        self.zero_label.x = float(np.clip(wanted, low, high))
        count = one.limits[1] - one.limits[0] + 1
        self.title.text = f"{one.method}: {view.slice_uses} {np.unique(one.codes).size} of {count} codes"


def _width(label: Label) -> float:
    """Return how wide a label is at most, more or less, in a map's units; one is 150 points."""
    return 0.61 * label.size * len(label.text) / 150
