"""The error by bits beside the line of 6.02 dB a bit, and by what shares a scale."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from course_lib.explorers.picture import FAINT, MUTED
from course_lib.explorers.quantization.picture import LEFT, STYLES, QuantizationPicture
from course_lib.explorers.quantization.view import BITS, METHODS, SLICES, QuantizationView
from course_lib.quantization import DB_PER_BIT
from course_lib.units import format_number

WIDTHS = np.arange(BITS[0], BITS[1] + 1)


class ErrorPicture(QuantizationPicture):
    """Left: the SQNR in dB by bits. Right: the same by what shares a scale, with what that costs."""

    def build_above(self, figure: Figure) -> None:
        """Make the curves and the bars of both methods."""
        by_bits, by_slice = figure.add_axes(LEFT), figure.add_axes((0.64, 0.345, 0.19, 0.555))
        by_bits.set(xlim=(1.7, 8.3), ylim=(0, 1), xticks=WIDTHS, yticks=np.arange(6) / 5, yticklabels=[""] * 6)
        by_bits.set(xlabel="bits", title="SQNR in dB, by bits")
        by_slice.set(xlim=(0, 1), ylim=(4.6, -0.6), yticks=range(5), yticklabels=list(SLICES), xticks=[])
        by_slice.set_title("The same by what shares a scale", x=-0.35)
        by_slice.tick_params(length=0)
        (now,) = by_bits.plot([], [], color=FAINT, linewidth=11)
        (here,) = by_slice.plot([], [], color=FAINT, linewidth=31, solid_capstyle="butt", clip_on=False)
        (line,) = by_bits.plot([], [], color=MUTED, linewidth=1.2, linestyle=":")
        self.now, self.here, self.line = self.moving(now), self.moving(here), self.moving(line)
        self.curves: dict[str, Any] = {}
        self.bars: dict[str, Any] = {}
        for (method, style), shift in zip(STYLES.items(), (-0.2, 0.2), strict=True):
            (curve,) = by_bits.plot([], [], **style, markersize=6)
            self.curves[method] = self.moving(curve)
            self.bars[method] = by_slice.barh(np.arange(5) + shift, np.ones(5), 0.36, color=style["color"])
            self.moving(*self.bars[method])
        left, right = self.labels(by_bits), self.labels(by_slice)
        self.note = [left.add(1.85, y, level="top") for y in (0.98, 0.9, 0.82)]
        self.words = left.add(0, 0, side="right", halo=True)
        self.words.text = "6.02 dB a bit"
        self.ticks = [left.add(1.6, k / 5, side="right") for k in range(6)]
        self.costs = {
            method: [right.add(0, k + shift) for k in range(5)]
            for method, shift in zip(METHODS, (-0.2, 0.2), strict=True)
        }

    def draw_above(self, view: QuantizationView) -> None:
        """Scale both axes to the largest SQNR, and mark the bits and the slice that are chosen."""
        most = max(max(view.by_bits[method] + view.by_slice[method]) for method in METHODS)
        limit = 60 if most <= 60 else 100
        self.now.set_data([view.bits] * 2, [0, 1])
        self.here.set_data([0, 1.85], [list(SLICES).index(view.scale_per)] * 2)
        rmse = [f"{one.method} {format_number(one.error.rmse)}" for one in view.methods]
        for label, text in zip(self.note, [f"RMSE at {view.bits} bits", *rmse], strict=True):
            label.text = text
        self.line.set_data(WIDTHS, DB_PER_BIT * WIDTHS / limit)
        self.words.x, self.words.y = 6.7, DB_PER_BIT * 7 / limit + 0.04
        for k, tick in enumerate(self.ticks):
            tick.text = f"{limit * k // 5}"
        for method in METHODS:
            self.curves[method].set_data(WIDTHS, np.array(view.by_bits[method]) / limit)
            costs = zip(view.by_slice[method], view.bits_a_value[method], strict=True)
            for bar, label, (sqnr, cost) in zip(self.bars[method], self.costs[method], costs, strict=True):
                bar.set_width(sqnr / limit)
                label.x, label.text = sqnr / limit + 0.02, f"{sqnr:.1f} dB for {cost:.3g} bits a value"
