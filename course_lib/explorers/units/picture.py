"""The picture of slide S3: a ruler of compute, one quantity in every unit, and the hours of every accelerator."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_lib.explorers.picture import BLUE, INK, MUTED, ORANGE, RED, SKY, SMALL, TEXT, TITLE, Picture
from course_lib.explorers.units.view import OTHER, UNITS, UnitView, kinds, landmarks
from course_lib.units import LAPTOP_FLOP_PER_SECOND, format_flop, format_number, format_rate

RULER = (1e10, 1e27)
PREFIXES = {1e12: "1 TFLOP", 1e15: "1 PFLOP", 1e18: "1 EFLOP", 1e21: "1 ZFLOP", 1e24: "1e24 FLOP"}
LINE, LOW, HIGH = 0.44, 0.60, 0.78
LANDMARK_LABELS = (
    (LOW, "center", 1), (LOW, "right", 1.2), (LOW, "right", 1.2), (HIGH, "center", 1), (LOW, "center", 1),
    (HIGH, "right", 1.05), (HIGH, "left", 0.9), (LOW, "center", 1.25), (LOW, "left", 0.8),
)  # fmt: skip
"""Where each landmark's label stands, so that none covers another: height, side, and a factor beside the mark."""


class UnitPicture(Picture):
    """Above: a ruler of compute from one laptop-second to the largest published run.

    Left: the quantity in every unit, and the advertised rate beside the achieved one. Right: the hours of each kind of
    accelerator for the same cost.
    """

    heights = {"wide": 295.2}

    def build(self, figure: Figure) -> None:
        """Draw the ruler's landmarks, the units' names and the bars, which never change, and the artists that do."""
        self._build_ruler(figure.add_axes((0.035, 0.67, 0.93, 0.33)))
        self._build_units(figure.add_axes((0.035, 0.025, 0.37, 0.605)))
        self._build_hours(figure.add_axes((0.685, 0.015, 0.19, 0.535)))

    def _build_ruler(self, axes: Axes) -> None:
        axes.set(xscale="log", xlim=RULER, ylim=(0, 1))
        axes.axis("off")
        axes.plot(RULER, [LINE, LINE], color=MUTED, linewidth=1.2)
        for exponent in range(10, 28):
            axes.plot([10.0**exponent] * 2, [LINE - 0.04, LINE], color=MUTED, linewidth=1)
        for flop, text in PREFIXES.items():
            axes.text(flop, LINE - 0.07, text, fontsize=SMALL, color=MUTED, ha="center", va="top")
        for (name, flop), (level, side, shift) in zip(landmarks().items(), LANDMARK_LABELS, strict=True):
            axes.plot([flop] * 2, [LINE, level - 0.02], color=BLUE, linewidth=1)
            axes.plot([flop], [LINE], "o", color=SKY, markeredgecolor=BLUE, markersize=5)
            axes.text(flop * shift, level, name, fontsize=SMALL, ha=side, va="bottom")
        axes.text(RULER[0], HIGH, "Compute in FLOP: each tick is ten times the one before", fontsize=TITLE, va="bottom")
        (span,) = axes.plot([], [], color=ORANGE, linewidth=5, solid_capstyle="butt")
        (own,) = axes.plot([], [], "D", color=RED, markersize=7, markeredgecolor="white", clip_on=False)
        self.span, self.own = self.moving(span), self.moving(own)
        self.own_label = self.labels(axes).add(1e20, 0.02, level="bottom", size=TEXT, bold=True)

    def _build_units(self, axes: Axes) -> None:
        axes.set(xlim=(0, 1), ylim=(0, 1))
        axes.axis("off")
        axes.barh([0.13], [1], 0.09, facecolor="white", edgecolor=INK, linewidth=1)
        self.achieved = self.moving(*axes.barh([0.13], [1], 0.09, facecolor=ORANGE, edgecolor=INK, linewidth=1))
        words = self.labels(axes)
        self.units_title = words.add(0, 1, level="top", size=TITLE)
        self.in_units = {}
        for row, unit in enumerate((*UNITS, "laptop-seconds")):
            left, right = (0.46, 1.0) if row >= 5 else (0.0, 0.38)
            height = 0.84 - 0.105 * (row % 5)
            axes.text(left, height, unit, fontsize=SMALL, va="top", color=MUTED)
            self.in_units[unit] = words.add(right, height, side="right", level="top")
        self.advertised_label = words.add(0, 0.205, level="bottom")
        self.achieved_label = words.add(0, 0.055, level="top")

    def _build_hours(self, axes: Axes) -> None:
        rates = kinds()
        self._slowest = min(rates.values())
        axes.set(xlim=(0, 1), ylim=(len(rates) + 0.6, -0.6))
        axes.axis("off")
        self.bars = axes.barh(range(len(rates)), [self._slowest / rate for rate in rates.values()], 0.72, color=SKY)
        self.chosen = self.moving(*axes.barh([0], [1], 0.72, color=ORANGE, edgecolor=INK, linewidth=0.8))
        words = self.labels(axes)
        self.hours = {}
        for row, (name, rate) in enumerate(rates.items()):
            axes.text(-0.42, row, name, fontsize=SMALL, ha="right", va="center_baseline")
            axes.text(-0.03, row, f"{rate / 1e12:g}", fontsize=SMALL, ha="right", va="center_baseline")
            self.hours[name] = words.add(self._slowest / rate + 0.03, row)
        self.hours[OTHER] = words.add(1, len(rates))
        self.other = [words.add(x, len(rates), side="right") for x in (-0.42, -0.03)]
        axes.text(-0.03, -0.75, "TFLOP/s", fontsize=SMALL, color=MUTED, ha="right", va="bottom")
        self.hours_title = words.add(-1.26, -1.7, level="bottom", size=TITLE)

    def draw(self, view: UnitView) -> None:
        """Move the marker on the ruler, fill in the values and mark the row of the chosen accelerator."""
        self._draw_ruler(view)
        for unit, label in self.in_units.items():
            label.text = format_number(view.in_units.get(unit, view.flop / LAPTOP_FLOP_PER_SECOND))
        what = "One day of it" if view.span else "The same cost"
        self.units_title.text = f"{what} in every unit"
        share = f"{format_number(100 * view.utilization)} %"
        self.advertised_label.text = f"{view.accelerator}: {format_rate(view.advertised, digits=5)} advertised,"
        self.achieved_label.text = f"{format_rate(view.achieved, digits=4)} achieved at {share}"
        self.achieved.set_width(view.utilization)
        self.hours_title.text = f"GPU-hours for {what.lower()}, all at {share}"
        self._draw_hours(view)

    def _draw_ruler(self, view: UnitView) -> None:
        low, high = RULER
        place = min(max(view.flop, low), high)
        self.span.set_data(view.span or [], [LINE, LINE] if view.span else [])
        self.own.set_data([place], [LINE])
        beyond = ", off the ruler" if place != view.flop else ""
        self.own_label.text = f"{'one day of it' if view.span else 'yours'}: {format_flop(view.flop)}{beyond}"
        self.own_label.x, share = place, math.log(place / low) / math.log(high / low)
        self.own_label.side = "left" if share < 0.12 else "right" if share > 0.88 else "center"

    def _draw_hours(self, view: UnitView) -> None:
        rates = kinds()
        row = next((row for row, rate in enumerate(rates.values()) if rate == view.advertised), len(rates))
        own = row == len(rates)
        shown = {**view.hours_by_kind, OTHER: view.hours if own else 0}
        for place, (name, label) in enumerate(self.hours.items()):
            label.text = f"{format_number(shown[name])} h" if shown[name] else ""
            label.bold = place == row
        width = min(self._slowest / view.advertised, 1.0)
        self.hours[OTHER].x = width + 0.03
        self.chosen.set(y=row - 0.36, width=width)
        for label, text in zip(self.other, ("this rate", f"{view.advertised / 1e12:.4g}"), strict=True):
            label.text = text if own else ""
