"""The picture of counted FLOP: where that of a parameter tends to 2, 4 and 6, over width and sequence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from course_lib.explorers.compute_cost.counts import (
    HIDDEN,
    PASSES,
    SEQUENCE,
    SEQUENCES,
    WIDTHS,
    FlopCount,
    FlopCountView,
)
from course_lib.explorers.picture import FAINT, GREEN, INK, MUTED, RED, SKY, TEXT, TITLE, Picture

RULE = {"forward": 2, "backward": 4, "both": 6}
LOOKS: Any = {
    "forward": {"color": SKY, "marker": "o"},
    "backward": {"color": GREEN, "marker": "s"},
    "both": {"color": RED, "marker": "D"},
}
NAMES = {"forward": "forward", "backward": "backward", "both": "both passes"}
TOP = 9
"""Where the axes of FLOP end."""


class FlopCountPicture(Picture):
    """Two panels with one axis of FLOP for each parameter and token: over the width, and over the sequence.

    A line with marks joins what was counted for a pass; a dotted line, what its products with weights alone take; a
    grey line is the rule's 2, 4 or 6.
    """

    heights: ClassVar = {"still": 240}

    def build(self, figure: Figure) -> None:
        """Draw the axes and the rule's lines, and make the lines that join the counts."""
        panels = (
            (28, 196, f"Wider models (sequence {SEQUENCE})", "hidden, the width of a layer", WIDTHS),
            (230, -72, f"Longer sequences (hidden {HIDDEN})", "sequence, in tokens", SEQUENCES),
        )
        self.lines: list[dict[str, tuple[Line2D, Line2D]]] = []
        for left, right, title, across, (least, most) in panels:
            axes = figure.add_axes(self.place(left, 56, right, -38))
            axes.set_xscale("log", base=2)
            sizes = [2**power for power in range(least.bit_length() - 1, most.bit_length())]
            axes.set(xlim=(least / 1.1, most * 1.1), xticks=sizes, ylim=(0, TOP), yticks=[0, 2, 4, 6, 8])
            axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _: f"{size:g}"))
            axes.set_title(title, fontsize=TEXT, color=INK, pad=4)
            axes.set_xlabel(across)
            axes.minorticks_off()
            for rule in RULE.values():
                axes.axhline(rule, color=FAINT, linewidth=1.2, zorder=0)
            self.lines.append({name: self._pair(axes, name) for name in PASSES})
        words = self.still_labels()
        words.add(8 / self.width, 1 - 11 / self.height, text="Counted: FLOP for each parameter and token", size=TITLE)
        dotted = "dotted: products with weights alone"
        words.add(8 / self.width, 1 - 28 / self.height, text=dotted, color=MUTED)
        self.names = {name: self.labels(axes).add(1, 0, text=NAMES[name]) for name in PASSES}

    def _pair(self, axes: Axes, name: str) -> tuple[Line2D, Line2D]:
        (line,) = axes.plot([], [], markersize=5, markeredgecolor="white", clip_on=False, **LOOKS[name])
        (dotted,) = axes.plot([], [], color=LOOKS[name]["color"], linewidth=1.4, linestyle=":")
        return self.moving(line), self.moving(dotted)

    def draw(self, view: FlopCountView) -> None:
        """Join the counts of each pass, and write its name beside its last one."""
        self._join(self.lines[0], view.over_width, lambda count: count.hidden)
        self._join(self.lines[1], view.over_sequence, lambda count: count.sequence)
        last = view.over_sequence[-1]
        for name, label in self.names.items():
            label.x, label.y = last.sequence * 1.14, last.all[name]

    def _join(
        self, lines: dict[str, tuple[Line2D, Line2D]], counts: tuple[FlopCount, ...], size: Callable[[FlopCount], int]
    ) -> None:
        sizes = [size(one) for one in counts]
        for name, (line, dotted) in lines.items():
            line.set_data(sizes, [one.all[name] for one in counts])
            dotted.set_data(sizes, [one.weights[name] for one in counts])
