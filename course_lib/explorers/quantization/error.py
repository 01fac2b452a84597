"""The error by bits beside the line of 6.02 dB a bit, and by what shares a scale."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from course_lib.explorers.picture import FAINT, MUTED
from course_lib.explorers.quantization.picture import LINE, STYLES, QuantizationPicture, in_lines
from course_lib.explorers.quantization.view import BITS, SLICES, QuantizationView
from course_lib.quantization import DB_PER_BIT, METHODS
from course_lib.units import format_number

WIDTHS = np.arange(BITS[0], BITS[1] + 1)
WORDS = {"wide": 164, "medium": 164, "narrow": 104}
"""How much room the words beside a bar need, in points."""


class ErrorPicture(QuantizationPicture):
    """One panel: the SQNR in dB by bits. The other: the same by what shares a scale, with what that costs."""

    def build_above(self, figure: Figure) -> None:
        """Make the curves and the bars of both methods."""
        by_bits = self.panel(figure, 0, left=30, right=12, below=30)
        up = self.size_of[1]
        names = 60 if self.layout == "narrow" else 72
        by_slice = self.panel(figure, 1, left=names, right=WORDS[self.layout], below=6)
        across, tall = self.size_of
        by_bits.set(xlim=(1.7, 8.3), ylim=(0, 1), xticks=WIDTHS, yticks=np.arange(6) / 5, yticklabels=[""] * 6)
        by_bits.set_xlabel("bits", labelpad=0)
        by_bits.set_title("SQNR in dB, by bits")
        by_slice.set(xlim=(0, 1), ylim=(4.6, -0.6), yticks=range(5), yticklabels=list(SLICES), xticks=[])
        title = "By what shares a scale" if self.layout == "narrow" else "The same by what shares a scale"
        by_slice.set_title(title, x=(4 - names) / across)
        by_slice.tick_params(length=0)
        (now,) = by_bits.plot([], [], color=FAINT, linewidth=11)
        looks: Any = {"linewidth": tall / 5.4, "solid_capstyle": "butt", "clip_on": False}
        (here,) = by_slice.plot([], [], color=FAINT, **looks)
        (line,) = by_bits.plot([], [], color=MUTED, linewidth=1.2, linestyle=":")
        self.now, self.here, self.line = self.moving(now), self.moving(here), self.moving(line)
        self.reach = 1 + (WORDS[self.layout] - 6) / across
        self.aside = 3 / across
        self.curves: dict[str, Any] = {}
        self.bars: dict[str, Any] = {}
        for (method, style), shift in zip(STYLES.items(), (-0.22, 0.22), strict=True):
            (curve,) = by_bits.plot([], [], **style, markersize=6)
            self.curves[method] = self.moving(curve)
            self.bars[method] = by_slice.barh(np.arange(5) + shift, np.ones(5), 0.36, color=style["color"])
            self.moving(*self.bars[method])
        left, right = self.labels(by_bits), self.labels(by_slice)
        self.notes = in_lines(left, 0.99, LINE / up, 3, 1.85, halo=True)
        self.words = left.add(8.2, 0.03, side="right", level="bottom", halo=True)
        self.words.text = "dotted: 6.02 dB a bit"
        self.ticks = [left.add(1.6, k / 5, side="right") for k in range(6)]
        self.costs = {
            method: [right.add(0, k + shift) for k in range(5)]
            for method, shift in zip(METHODS, (-0.22, 0.22), strict=True)
        }

    def draw_above(self, view: QuantizationView) -> None:
        """Scale both axes to the largest SQNR, and mark the bits and the slice that are chosen."""
        most = max(max(view.by_bits[method] + view.by_slice[method]) for method in METHODS)
        limit = 60 if most <= 60 else 100
        self.now.set_data([view.bits] * 2, [0, 1])
        self.here.set_data([0, self.reach], [list(SLICES).index(view.scale_per)] * 2)
        rmse = [f"{one.method} {format_number(one.error.rmse)}" for one in view.methods]
        for label, text in zip(self.notes, [f"RMSE at {view.bits} bits", *rmse], strict=True):
            label.text = text
        self.line.set_data(WIDTHS, DB_PER_BIT * WIDTHS / limit)
        for k, tick in enumerate(self.ticks):
            tick.text = f"{limit * k // 5}"
        joined = "{:.1f} dB, {:.3g} bits" if self.layout == "narrow" else "{:.1f} dB for {:.3g} bits a value"
        for method in METHODS:
            self.curves[method].set_data(WIDTHS, np.array(view.by_bits[method]) / limit)
            costs = zip(view.by_slice[method], view.bits_a_value[method], strict=True)
            for bar, label, (sqnr, cost) in zip(self.bars[method], self.costs[method], costs, strict=True):
                bar.set_width(sqnr / limit)
                label.x, label.text = max(sqnr / limit, 0) + self.aside, joined.format(sqnr, cost)
