"""The picture of slide S3: a ruler of compute, one quantity in every unit, and the hours of every accelerator."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, ClassVar

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_lib.explorers.picture import BLUE, FAINT, INK, MUTED, ORANGE, RED, SKY, TEXT, TITLE, Picture
from course_lib.explorers.units.view import OTHER, UNITS, UnitView, kinds, landmarks
from course_lib.units import LAPTOP_FLOP_PER_SECOND, format_flop, format_number, format_rate

RULER = (1e9, 1e27)
JUMPS = {
    1e9: ("1 GFLOP", "G"), 1e12: ("1 TFLOP", "T"), 1e15: ("1 PFLOP", "P"), 1e18: ("1 EFLOP", "E"),
    1e21: ("1 ZFLOP", "Z"), 1e24: ("1e24", "1e24"), 1e27: ("1e27", "1e27"),
}  # fmt: skip
"""The ends of the ruler's blocks, each 1,000 times the one before, and what they are called: long, and short."""
ROW, LETTER = 12, 5.6
"""How high a row of names is and how wide a letter is at most on average, in points."""
ROWS = {"wide": 5, "medium": 9, "narrow": 9}
"""How many rows the names of the landmarks may take."""


class UnitPicture(Picture):
    """Above: a ruler of compute in blocks of 1,000, from less than a laptop-second to the largest published run.

    Left: the quantity in every unit, and the advertised rate beside the achieved one. Right, or below: the hours of
    each kind of accelerator for the same cost.
    """

    heights: ClassVar = {"wide": 300, "medium": 498, "narrow": 676}

    def build(self, figure: Figure) -> None:
        """Draw the ruler's landmarks, the units' names and the bars, which never change, and the artists that do."""
        self.line = (10 if self.layout == "wide" else 22) + ROW * ROWS[
            self.layout
        ]  # a wide one has its title beside the names
        under = self.line + 46
        edges = (24, 0, -24, under) if self.layout != "narrow" else (12, 0, -14, under)
        box = self.place(*edges)
        self.ruler = ruler = figure.add_axes(box)
        ruler.set(xscale="log", xlim=RULER, ylim=(under, 0))  # heights in points, from above
        ruler.axis("off")
        self._build_ruler(ruler, box[2] * self.width)
        middle = 1 - (self.line - 1) / self.height
        self.grip = (0.0, middle - 15 / self.height, 1.0, 30 / self.height)
        if self.layout == "wide":
            self._build_units(self._panel(figure, 8, under, 290), 5)
            self._build_hours(self._panel(figure, 322, under, self.width - 8))
        else:
            rows = 5 if self.layout == "medium" else 10
            self._build_units(self._panel(figure, 8, under, self.width - 8), rows)
            self._build_hours(self._panel(figure, 8, under + 78 + 13 * rows, self.width - 8))

    def _panel(self, figure: Figure, left: float, top: float, right: float) -> Axes:
        """Return axes whose places are points from their upper left corner."""
        axes = figure.add_axes(self.place(left, top, right, self.height))
        axes.set(xlim=(0, right - left), ylim=(self.height - top, 0))
        axes.axis("off")
        return axes

    def flop_at(self, across: float) -> float:
        """Return the cost at a place of the ruler, given as a share of the picture's width."""
        left, _, wide, _ = self.ruler.get_position().bounds
        low, high = RULER
        return float(low * (high / low) ** min(max((across - left) / wide, 0.0), 1.0))

    def _build_ruler(self, axes: Axes, across: float) -> None:
        self.across = across
        scale = across / math.log10(RULER[1] / RULER[0])
        words = self.still_labels(axes)
        words.add(RULER[0], 14, text="Compute: each block is × 1,000", size=TITLE, level="baseline")
        for number, (start, end) in enumerate(pairwise(JUMPS)):
            colour = FAINT if number % 2 else "white"
            axes.add_patch(
                Rectangle((start, self.line), end - start, 7, facecolor=colour, edgecolor=MUTED, linewidth=0.8)
            )
            if self.layout == "wide":
                words.add(math.sqrt(start * end), self.line + 18, text="× 1,000", side="center", color=MUTED)
        for flop, names in JUMPS.items():
            axes.plot([flop] * 2, [self.line, self.line + 10], color=INK, linewidth=1, clip_on=False)
            words.add(flop, self.line + 18, text=names[self.layout == "narrow"], side="center")
        self._build_landmarks(axes, scale)
        (span,) = axes.plot([], [], color=ORANGE, linewidth=5, solid_capstyle="butt")
        (own,) = axes.plot([], [], "D", color=RED, markersize=9, markeredgecolor="white", clip_on=False)
        self.span, self.own = self.moving(span), self.moving(own)
        looks: Any = {"size": TEXT, "bold": True, "color": RED, "side": "center"}
        self.own_label = self.labels(axes).add(1e20, self.line + 34, **looks)

    def _build_landmarks(self, axes: Axes, scale: float) -> None:
        """Name the landmarks from left to right, each in the lowest row where neither name nor line is crossed."""
        words, placed = self.still_labels(axes), list[tuple[float, float, float, int]]()
        for called, flop in landmarks().items():
            name = called.removesuffix(" (peak)") if self.layout == "narrow" else called
            x, long = scale * math.log10(flop / RULER[0]), LETTER * len(name) + 4
            side = "right" if x > long else "left"
            left, right = (x - long, x + 2) if side == "right" else (x - 2, x + long)
            row = 0
            while any(
                (low < right and left < high and at == row) or (left < other < right and at > row)
                for other, low, high, at in placed
            ):
                row += 1
            placed.append((x, left, right, row))
            y = self.line - 10 - ROW * row
            axes.plot([flop, flop], [y - 4, self.line], color=BLUE, linewidth=1)
            axes.plot([flop], [self.line], "o", color=SKY, markeredgecolor=BLUE, markersize=5)
            words.add(flop * 10 ** ((-3 if side == "right" else 3) / scale), y, text=name, side=side)
        self.rows_of_names = 1 + max(row for *_, row in placed)

    def _build_units(self, panel: Axes, rows: int) -> None:
        words, still = self.labels(panel), self.still_labels(panel)
        across = panel.get_xlim()[1]
        self.units_title = words.add(0, 14, size=TITLE, level="baseline")
        self.in_units = {}
        columns = 1 if rows > 5 else 2
        for number, unit in enumerate((*UNITS, "laptop-seconds")):
            left = number // rows * (across + 16) / columns
            y = 28 + 13 * (number % rows)
            still.add(left, y, text=unit, color=MUTED)
            self.in_units[unit] = words.add(left + (across + 16) / columns - 16, y, side="right")
        y = 40 + 13 * rows
        self.advertised_label = words.add(0, y)
        panel.add_patch(Rectangle((0, y + 8), across, 9, facecolor="white", edgecolor=INK, linewidth=1))
        achieved = Rectangle((0, y + 8), across, 9, facecolor=ORANGE, edgecolor=INK, linewidth=1)
        panel.add_patch(achieved)
        self.achieved, self.most = self.moving(achieved), across
        self.achieved_label = words.add(0, y + 26)

    def _build_hours(self, panel: Axes) -> None:
        rates, across = kinds(), panel.get_xlim()[1]
        self.slowest = min(rates.values())
        narrow = self.layout == "narrow"
        words, still = self.labels(panel), self.still_labels(panel)
        self.hours_title = words.add(0, 14, size=TITLE, level="baseline")
        self.start, self.longest = (0, across) if narrow else (190, across - 190 - 66)
        pitch, tall = (19, 4) if narrow else (11, 8)
        top = 29
        if not narrow:
            still.add(self.start - 6, 15, text="TFLOP/s", color=MUTED, side="right")
        self.bars, self.hours = [], {}
        for row, (name, rate) in enumerate([*rates.items(), (OTHER, 0.0)]):
            y = top + pitch * row
            if rate:
                bar = Rectangle(
                    (self.start, y + (6 if narrow else -4)), self.longest * self.slowest / rate, tall, facecolor=SKY
                )
                panel.add_patch(bar)
                self.bars.append(bar)
                text, side = (_shorter(name), "left") if narrow else (name, "right")
                still.add(0 if narrow else self.start - 50, y, text=text, side=side)
                if not narrow:
                    still.add(self.start - 6, y, text=f"{rate / 1e12:g}", side="right")
            end = across if narrow else self.start + (self.longest * self.slowest / rate if rate else 0) + 5
            self.hours[name] = words.add(end, y, side="right" if narrow else "left")
        last = top + pitch * len(rates)
        self.other = [words.add(0 if narrow else self.start - 50, last, side="left" if narrow else "right")]
        self.other += [] if narrow else [words.add(self.start - 6, last, side="right")]
        chosen = Rectangle((self.start, 0), 0, tall, facecolor=ORANGE, edgecolor=INK, linewidth=0.8)
        panel.add_patch(chosen)
        self.chosen = self.moving(chosen)
        self.rows = [top + pitch * row + (6 if narrow else -4) for row in range(len(rates) + 1)]

    def draw(self, view: UnitView) -> None:
        """Move the marker on the ruler, fill in the values and mark the row of the chosen accelerator."""
        self._draw_ruler(view)
        for unit, label in self.in_units.items():
            label.text = format_number(view.in_units.get(unit, view.flop / LAPTOP_FLOP_PER_SECOND))
        what = "One day of it" if view.span else "The same cost"
        self.units_title.text = f"{what} in every unit"
        share = f"{format_number(100 * view.utilization)} %"
        self.advertised_label.text = f"advertised: {format_rate(view.advertised, digits=5)}"
        self.achieved_label.text = f"achieved at {share}: {format_rate(view.achieved, digits=4)}"
        self.achieved.set_width(self.most * view.utilization)
        self.hours_title.text = f"GPU-hours, all at {share}"
        self._draw_hours(view)

    def _draw_ruler(self, view: UnitView) -> None:
        low, high = RULER
        place = min(max(view.flop, low), high)
        self.span.set_data(view.span or [], [self.line + 3.5] * 2 if view.span else [])
        self.own.set_data([place], [self.line + 3.5])
        what = "one day" if view.span else "yours"
        beyond = ", off the ruler" if place != view.flop else ""
        text = f"{what}{beyond}" if beyond and self.layout == "narrow" else f"{what}: {format_flop(view.flop)}{beyond}"
        self.own_label.text, room = text, 0.36 * len(text) * TEXT / self.across
        share = min(max(math.log(place / low) / math.log(high / low), room), 1 - room)
        self.own_label.x = low * (high / low) ** share

    def _draw_hours(self, view: UnitView) -> None:
        rates = kinds()
        row = next((row for row, rate in enumerate(rates.values()) if rate == view.advertised), len(rates))
        own = row == len(rates)
        shown = {**view.hours_by_kind, OTHER: view.hours if own else 0}
        for place, (name, label) in enumerate(self.hours.items()):
            label.text = f"{format_number(shown[name])} h" if shown[name] else ""
            label.bold = place == row
        width = self.longest * min(self.slowest / view.advertised, 1.0)
        if self.layout != "narrow":
            self.hours[OTHER].x = self.start + width + 5
        self.chosen.set(y=self.rows[row], width=width)
        tera = view.advertised / 1e12
        rate = f"{tera:.4g}" if 0.1 <= tera < 1e4 else format_number(tera, digits=2)
        for label, text in zip(self.other, ("this rate", rate), strict=False):
            label.text = text if own else ""


def _shorter(names: str) -> str:
    """Return the names of a row of accelerators for a narrow picture: 'A100 40GB, 80GB', 'H100, H800'."""
    short = [name.removesuffix(" SXM") for name in names.split(", ")]
    again = [now.startswith(f"{before.split()[0]} ") for before, now in pairwise(short)]
    return ", ".join(name.split()[-1] if said else name for said, name in zip([False, *again], short, strict=True))
