"""The picture of a quantised model's loss: how much it rises, over the bits that a weight takes with its scales."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullLocator

from course_lib.explorers.picture import FAINT, GREEN, INK, MUTED, RED, SKY, TEXT, TITLE, Picture
from course_lib.explorers.quantization.losses import LossRise, QuantizedLossView

LOOKS: Any = {
    "matrix": {"color": RED, "marker": "D"},
    "output": {"color": GREEN, "marker": "s"},
    "block of 32": {"color": SKY, "marker": "o"},
}
LINEAR, TOP, BOTTOM = 0.01, 6, -0.004
"""Below the first the axis of rises is even, above it is logarithmic; and where it ends."""
MARKED = 4
"""Each line's mark of so many bits is a larger one."""


class QuantizedLossPicture(Picture):
    """Two panels, one a method: the rise of the loss over bits a weight, a line for what shares a scale.

    Each mark is a number of bits, from 2 to 8, and the line through it reaches from one half of the text to the other;
    a dashed line is the rise that one accepts.
    """

    heights: ClassVar = {"still": 286}

    def build(self, figure: Figure) -> None:
        """Draw the axes and the names of the lines, and make the lines and their marks."""
        self.panels: dict[str, dict[str, Any]] = {}
        for left, right, method in ((36, 228, "absmax"), (276, -12, "zero-point")):
            axes = figure.add_axes(self.place(left, 76, right, -36))
            axes.set_yscale("symlog", linthresh=LINEAR, linscale=0.5)
            axes.set(xlim=(1.7, 10.3), ylim=(BOTTOM, TOP), xticks=range(2, 11), yticks=[0, 0.01, 0.1, 1])
            axes.yaxis.set_major_formatter(FuncFormatter(lambda rise, _: f"{rise:g}"))
            axes.yaxis.set_minor_locator(NullLocator())
            axes.grid(axis="x", color=FAINT, linewidth=0.6)
            axes.set_title(method, fontsize=TEXT, color=INK, pad=4)
            axes.set_xlabel("bits a weight, with its scales")
            self.panels[method] = self._lines_in(axes)
        words = self.still_labels()
        line = 1 - 11 / self.height
        words.add(8 / self.width, line, text="How much the loss rises, in nats a character", size=TITLE)
        told = f"marks: 2 to 8 bits a code, the larger one {MARKED}; upright lines: two halves of the text"
        words.add(8 / self.width, 1 - 28 / self.height, text=told, color=MUTED)
        key = figure.add_axes((0, 0, 1, 1))
        key.set(xlim=(0, self.width), ylim=(self.height, 0))
        key.axis("off")
        for x, (scale_per, looks) in zip((12, 164, 316), LOOKS.items(), strict=True):
            key.plot([x, x + 12, x + 24], [46] * 3, **looks, markevery=[1], markersize=6, markeredgecolor="white")
            words.add((x + 30) / self.width, 1 - 46 / self.height, text=f"a scale per {scale_per}")

    def _lines_in(self, axes: Axes) -> dict[str, Any]:
        (allowed,) = axes.plot([], [], color=MUTED, linewidth=1.2, linestyle="--", zorder=0)
        made: dict[str, Any] = {"allowed": self.moving(allowed)}
        for scale_per, looks in LOOKS.items():
            (halves,) = axes.plot([], [], color=looks["color"], linewidth=1.2)
            (line,) = axes.plot([], [], markersize=6, markeredgecolor="white", clip_on=False, **looks)
            (marked,) = axes.plot([], [], markersize=10, markeredgecolor="white", **looks)
            made[scale_per] = tuple(self.moving(artist) for artist in (halves, line, marked))
        made["words"] = self.labels(axes).add(10.2, 0, color=MUTED, side="right", level="bottom", halo=True)
        return made

    def draw(self, view: QuantizedLossView) -> None:
        """Join the rises of each line, and write the accepted one on its own."""
        for method, made in self.panels.items():
            made["allowed"].set_data([1.7, 10.3], [view.allowed] * 2)
            made["words"].y, made["words"].text = view.allowed * 1.08, f"{view.allowed:g} nats"
            for scale_per, rises in view.rises[method].items():
                self._join(made[scale_per], rises)

    def _join(self, lines: tuple[Line2D, ...], rises: tuple[LossRise, ...]) -> None:
        halves, line, marked = lines
        both = [(one.bits_a_weight, half) for one in rises for half in (*one.halves, math.nan)]
        halves.set_data(*zip(*both, strict=True))
        for artist, some in ((line, rises), (marked, [one for one in rises if one.bits == MARKED])):
            artist.set_data([one.bits_a_weight for one in some], [one.rise for one in some])
