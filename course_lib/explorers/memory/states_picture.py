"""The picture of 8-bit states: how the loss fell with them, and where the values of a code lie beside the variances."""

from __future__ import annotations

from typing import Any, ClassVar

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from course_lib.explorers.memory.states import StatesView
from course_lib.explorers.picture import (
    BLUE,
    INK,
    ORANGE,
    RED,
    TEXT,
    TITLE,
    Picture,
    powers_of_ten,
)

LOOKS: Any = {
    "fp32": {"color": ORANGE, "linewidth": 5, "alpha": 0.6},
    "dynamic": {"color": BLUE, "linewidth": 1.5},
    "even": {"color": RED, "linewidth": 1.5, "linestyle": "--"},
}
LOW, HIGH = 1.4, 5.0
"""Where the axis of losses starts and ends, in nats."""
LINE = 0.24
"""How far a line of words is from the next, in nats."""
LEAST = 1e-7
"""Where the axis of variances starts."""
POWERS = [10.0**power for power in range(-6, 1, 2)]
"""The ticks of both axes of variances."""


class StatesPicture(Picture):
    """Two panels: the loss over the steps, and how many variances are smaller than so much of their block's largest.

    Below the second panel stands a stroke for each value that a variance can have in 8 bits, by either code.
    """

    heights: ClassVar = {"still": 268}

    def build(self, figure: Figure) -> None:
        """Draw the axes of both panels, and make the lines."""
        losses = figure.add_axes(self.place(28, 42, 232, -38))
        losses.set(xlim=(-40, 1200), ylim=(LOW, HIGH), xticks=[0, 400, 800, 1200], yticks=[2, 3, 4, 5])
        losses.set_xlabel("steps")
        losses.set_title("Loss, in nats a character", fontsize=TEXT, color=INK, pad=4)
        self.curves = {name: self.moving(*losses.plot([], [], **look)) for name, look in LOOKS.items()}
        shares = figure.add_axes(self.place(300, 42, -14, 150))
        shares.set_xscale("log")
        shares.set(xlim=(LEAST, 1), ylim=(0, 100), yticks=[0, 50, 100], xticks=POWERS)
        powers_of_ten(shares.xaxis)
        shares.minorticks_off()
        shares.set_title("Variances that are smaller, in %", fontsize=TEXT, color=INK, pad=4)
        (line,) = shares.plot([], [], color=INK, linewidth=1.8)
        self.variances = self.moving(line)
        codes = figure.add_axes(self.place(300, 172, -14, -38))
        codes.set_xscale("log")
        codes.set(xlim=(LEAST, 1), ylim=(0, 2), yticks=[], xticks=POWERS)
        powers_of_ten(codes.xaxis)
        codes.minorticks_off()
        codes.set_xlabel("share of the largest in its block")
        self.strokes: dict[str, tuple[Line2D, float]] = {}
        for name, row in (("dynamic", 1.45), ("even", 0.45)):
            marks: Any = {"marker": "|", "markersize": 16, "markeredgewidth": 0.7, "linestyle": ""}
            (stroke,) = codes.plot([], [], color=LOOKS[name]["color"], **marks)
            self.strokes[name] = self.moving(stroke), row
            self.still_labels(codes).add(LEAST / 1.4, row, text=name, side="right")
        self.edges = [self.moving(axes.axvline(1, color=RED, linewidth=1, linestyle=":")) for axes in (shares, codes)]
        named = self.labels(shares)
        self.lost = [named.add(1, y, side="right") for y in (70, 56)]
        words = self.still_labels()
        words.add(8 / self.width, 1 - 11 / self.height, text="AdamW's states in 8 bits, by two codes", size=TITLE)
        still, moving = self.still_labels(losses), self.labels(losses)
        for row, text in enumerate(("fp32: the wide line", "8 bits, dynamic code:", "the thin one on it")):
            still.add(420, 3.5 - LINE * row, text=text)
        self.away = [moving.add(150, 4.8 - LINE * row) for row in range(3)]

    def draw(self, view: StatesView) -> None:
        """Join the losses, and set the variances and the strokes of the codes."""
        runs = view.runs
        for name, curve in self.curves.items():
            curve.set_data(runs.steps, runs.losses[name])
        self.variances.set_data(runs.variances, range(len(runs.variances)))
        loss, step = runs.losses["even"][1], runs.steps[1]
        for label, text in zip(
            self.away, ("8 bits, even steps:", "leaves the picture,", f"{loss:.0f} nats at step {step}"), strict=True
        ):
            label.text = text
        half_a_step = view.codes["even"][0] / 2
        for edge in self.edges:
            edge.set_xdata([half_a_step] * 2)
        for label, text in zip(self.lost, ("even steps", f"round to 0: {100 * runs.lost['even']:.1f} %"), strict=True):
            label.x, label.text = half_a_step / 1.3, text
        for name, (stroke, row) in self.strokes.items():
            stroke.set_data(view.codes[name], [row] * len(view.codes[name]))
