"""The map of slide S10, for each method: the real axis above, the codes below, values joined by lines."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from course_lib.explorers.picture import FAINT, INK, MUTED, SMALL, TEXT, TITLE, Label
from course_lib.explorers.quantization.picture import STYLES, QuantizationPicture, segments, width_of
from course_lib.explorers.quantization.view import MethodView, QuantizationView
from course_lib.quantization import METHODS

LEFTMOST, RIGHTMOST = -1.22, 1.06
"""How far a text may reach, in a map's units."""


class MappingPicture(QuantizationPicture):
    """Two maps, one a method."""

    def build_above(self, figure: Figure) -> None:
        """Make a map for each method."""
        self.maps = [_Map(self, figure, number, method) for number, method in enumerate(METHODS)]

    def draw_above(self, view: QuantizationView) -> None:
        """Draw each method's map."""
        for one_map, one in zip(self.maps, view.methods, strict=True):
            one_map.draw(view, one)


class _Map:
    """One method's map: it belongs to a picture, which draws its moving artists."""

    def __init__(self, picture: QuantizationPicture, figure: Figure, number: int, method: str) -> None:
        axes = picture.panel(figure, number, left=4, right=4, above=32, below=30)
        self.brief = picture.layout == "narrow"
        self.unit, up = picture.size_of[0] / (RIGHTMOST - LEFTMOST), picture.size_of[1]
        axes.set(xlim=(LEFTMOST, RIGHTMOST), ylim=(0, 1))
        axes.axis("off")
        for y, name in ((1, "real"), (0, "code")):
            axes.text(LEFTMOST, y, name, fontsize=SMALL, color=MUTED, va="center")
        looks: Any = {"clip_on": False}
        axes.plot([-1, 1], [1, 1], color=MUTED, linewidth=1.2, **looks)
        color = STYLES[method]["color"]
        (self.every_code,) = axes.plot([], [], color=FAINT, linewidth=7, solid_capstyle="butt", **looks)
        (self.band,) = axes.plot([], [], color=color, linewidth=7, solid_capstyle="butt", **looks)
        (self.ticks,) = axes.plot([], [], color=INK, linewidth=0.7, **looks)
        (self.lines,) = axes.plot([], [], color=color, linewidth=0.8)
        (self.zero,) = axes.plot([], [], color=MUTED, linewidth=1.2, linestyle=":")
        (self.own,) = axes.plot([], [], color=INK, linewidth=2.2, marker="D", markersize=6, **looks)
        picture.moving(self.every_code, self.band, self.ticks, self.lines, self.zero, self.own)
        words = picture.labels(axes)
        self.tick = 4 / up
        self.title = words.add(LEFTMOST, 1 + 19 / up, size=TITLE, level="bottom")
        self.above = [words.add(x, 1 + 6 / up, side="center", level="bottom") for x in (-1, 0, 1)]
        self.ends = [words.add(x, -7 / up, side="center", level="top") for x in (-1, 1)]
        self.zero_label = words.add(0, -18 / up, side="center", level="top")
        self.own_label = words.add(0, 0.5, size=TEXT, bold=True, halo=True)

    def draw(self, view: QuantizationView, one: MethodView) -> None:
        """Draw the lines of some of the values, the codes that are used, and the chosen value's own line."""
        half, reach = 2 ** (view.bits - 1), float(np.abs(view.values).max()) or 1.0
        some = np.unique(np.linspace(0, view.values.size - 1, 33).round().astype(int))
        self.lines.set_data(*segments(view.values[some] / reach, one.codes[some] / half, 1, 0))
        marked = np.arange(-half, half, max(1, half // 16))
        places = marked[marked >= one.limits[0]] / half
        self.ticks.set_data(*segments(places, places, self.tick, -self.tick))
        self.every_code.set_data(np.array(one.limits) / half, [0, 0])
        self.band.set_data(one.codes[[0, -1]] / half, [0, 0])
        self.own.set_data([view.value / reach, one.code / half], [1, 0])
        for label, place in zip(self.above, (-1, 0, 1), strict=True):
            label.text = f"{place * reach:.4g}"
            label.x = self._inside(label, place)
        for label, code in zip(self.ends, one.limits, strict=True):
            label.text = f"{code}"
            label.x = self._inside(label, code / half)
        self._name_own(view, one, (view.value / reach + one.code / half) / 2)
        has_code = one.limits[0] <= one.zero_point <= one.limits[1]
        self.zero.set_data([0, one.zero_point / half] if has_code else [], [1, 0] if has_code else [])
        says = f"0 has code {one.zero_point}" if has_code else f"zero-point {one.zero_point}: 0 has no code"
        self.zero_label.text = says
        self.zero_label.x = self._inside(self.zero_label, one.zero_point / half if has_code else 0)
        uses = "" if self.brief else f"{view.slice_uses} "
        self.title.text = f"{one.method}: {uses}{one.used} of {one.count} codes"

    def _inside(self, label: Label, x: float) -> float:
        """Return the place nearest to x at which all of a centred label is seen."""
        half = width_of(label) / self.unit / 2
        return float(np.clip(x, LEFTMOST + half, RIGHTMOST - half))

    def _name_own(self, view: QuantizationView, one: MethodView, middle: float) -> None:
        """Write beside the chosen value's line which code it has; over it where neither side has room."""
        label = self.own_label
        label.text = f"{view.written(view.value)} has code {one.code}"
        width = width_of(label) / self.unit + 0.04
        sides = {"left": (middle < 0.5 and middle + width < RIGHTMOST), "right": middle - width > LEFTMOST}
        label.side = next((side for side, room in sides.items() if room), "center")
        aside = {"left": 0.04, "right": -0.04}
        label.x = middle + aside[label.side] if label.side in aside else self._inside(label, middle)
