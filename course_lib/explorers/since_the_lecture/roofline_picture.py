"""The picture of a roofline: a slope and a flat roof for each machine, and the steps below the first."""

from __future__ import annotations

from typing import Any, ClassVar

from matplotlib.figure import Figure

from course_lib.explorers.picture import BLUE, FAINT, GREEN, INK, RED, TITLE, Picture, powers_of_ten
from course_lib.explorers.since_the_lecture.roofline import ROOFS, RooflineView

LEAST, MOST = 0.6, 2e4
"""The ends of the axis of intensities, in FLOP a byte."""
RATES = (1e12, 3e16)
"""The ends of the axis of rates, in FLOP/s."""
LOOKS: tuple[dict[str, Any], ...] = (
    {"color": BLUE, "linewidth": 2.2},
    {"color": GREEN, "linewidth": 1.4},
    {"color": GREEN, "linewidth": 1.4, "linestyle": "--"},
)
ABOVE, BELOW, BESIDE = 1.42, 0.62, 1.13
"""How far words are from what they name: above a roof, below a step, and right of one, as factors."""


class RooflinePicture(Picture):
    """One panel, both axes logarithmic: a diamond at each ridge point, and a circle for each step on the first roof."""

    heights: ClassVar = {"still": 290}

    def build(self, figure: Figure) -> None:
        """Draw the axes, and make a line for each roof."""
        axes = figure.add_axes(self.place(40, 28, -12, -38))
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set(xlim=(LEAST, MOST), ylim=RATES, xticks=[1, 10, 100, 1000, 1e4], yticks=[1e12, 1e13, 1e14, 1e15, 1e16])
        powers_of_ten(axes.xaxis, axes.yaxis)
        axes.minorticks_off()
        axes.set_xlabel("intensity, in FLOP a byte")
        axes.grid(True, color=FAINT)
        self.roofs = [self.moving(*axes.plot([], [], **look)) for look in LOOKS]
        diamonds: Any = {"marker": "D", "linestyle": "", "markersize": 6}
        self.ridges = [self.moving(*axes.plot([], [], color=look["color"], **diamonds)) for look in LOOKS]
        circles: Any = {"marker": "o", "linestyle": "", "markersize": 6, "color": RED, "markeredgecolor": "white"}
        self.steps = self.moving(*axes.plot([], [], **circles))
        words = self.labels(axes)
        self.names = [words.add(MOST / 1.08, 1, side="right", color=INK, halo=True) for _ in ROOFS]
        self.steps_names = [words.add(1, 1, color=INK, halo=True) for _ in range(5)]
        title = "The most FLOP/s: a slope, where the memory decides, and a roof"
        self.still_labels().add(8 / self.width, 1 - 11 / self.height, text=title, size=TITLE)

    def draw(self, view: RooflineView) -> None:
        """Bend each roof at its ridge point, and set the steps on the first."""
        for roof, line, ridge, name in zip(view.roofs, self.roofs, self.ridges, self.names, strict=True):
            line.set_data([LEAST, roof.ridge, MOST], [LEAST * roof.bandwidth, roof.peak, roof.peak])
            ridge.set_data([roof.ridge], [roof.peak])
            name.y = roof.peak * ABOVE
            name.text = f"{roof.machine}, {roof.precision}, from {roof.ridge:,.0f} on"
        self.steps.set_data([step.intensity for step in view.steps], [step.rate for step in view.steps])
        for step, name in zip(view.steps, self.steps_names, strict=True):
            on_the_slope = step.intensity < view.roofs[0].ridge
            name.text, name.side = step.name, "left" if on_the_slope else "center"
            name.x = step.intensity * (BESIDE if on_the_slope else 1)
            name.y = step.rate * BELOW
