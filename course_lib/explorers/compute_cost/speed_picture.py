"""The pictures of what a machine reaches: its products and its training, and the training beside its prediction."""

from __future__ import annotations

from typing import Any, ClassVar

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from course_lib.explorers.compute_cost.speed import SpeedView, TrainingView
from course_lib.explorers.picture import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    MUTED,
    RED,
    SKY,
    TEXT,
    TITLE,
    Picture,
    powers_of_ten,
)
from course_lib.tiny_transformer.stopwatch import MEAN_OF, SIZES, STEPS, Machine
from course_lib.units import format_rate, format_seconds

RATES = (1e8, 1e13)
"""The ends of the axis of rates, from a browser's Python to a server with many cores."""
COURSE: Any = {"color": SKY, "marker": "o", "markeredgecolor": BLUE}
OWN: Any = {"color": RED, "marker": "D", "markeredgecolor": "white"}
NAMES = {"course": "the course's machine", "own": "your machine"}


class SpeedPicture(Picture):
    """One panel: the rate of a product over the size of its matrices, and dashed, the rate of training.

    The course's machine has blue circles, one's own red diamonds.
    """

    heights: ClassVar = {"still": 232}

    def build(self, figure: Figure) -> None:
        """Draw the axes, and make the lines of both machines."""
        axes = figure.add_axes(self.place(40, 34, -172, -38))
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set(xlim=(SIZES[0] / 1.1, SIZES[-1] * 1.1), ylim=RATES, xticks=SIZES)
        axes.set_xticklabels([f"{size}" for size in SIZES])
        axes.minorticks_off()
        axes.set_yticks([10.0**power for power in range(8, 14)])
        powers_of_ten(axes.yaxis)
        axes.set_xlabel("n: a product of two n × n matrices")
        axes.yaxis.grid(True, color=FAINT)
        self.lines = {
            name: (
                self.moving(axes.plot([], [], markersize=6, clip_on=False, **looks)[0]),
                self.moving(axes.plot([], [], color=looks["color"], linewidth=1.4, linestyle="--")[0]),
            )
            for name, looks in (("course", COURSE), ("own", OWN))
        }
        self.still_labels().add(
            8 / self.width, 1 - 11 / self.height, text="Rates: products, and dashed, training, in FLOP/s", size=TITLE
        )
        words = self.labels()
        left = 1 - 158 / self.width
        self.words = {
            name: [words.add(left, 1 - (56 + 68 * row + 16 * line) / self.height, size=TEXT) for line in range(4)]
            for row, name in enumerate(NAMES)
        }

    def draw(self, view: SpeedView) -> None:
        """Join the rates of each machine, and write its peak, its training and its utilisation beside them."""
        for name, machine in (("course", view.course), ("own", view.own)):
            self._show_machine(name, machine)

    def _show_machine(self, name: str, machine: Machine | None) -> None:
        products, training = self.lines[name]
        rates = machine.products if machine else {}
        products.set_data(list(rates), list(rates.values()))
        training.set_data(SIZES[:: len(SIZES) - 1] if machine else [], [machine.training] * 2 if machine else [])
        texts = [""] * 4
        if machine:
            texts = [
                f"{'●' if name == 'course' else '◆'} {NAMES[name]}",
                f"peak {format_rate(machine.peak)}",
                f"training {format_rate(machine.training)}",
                f"utilisation {100 * machine.mfu:.0f} %",
            ]
        for label, text in zip(self.words[name], texts, strict=True):
            label.text = text
        self.words[name][0].bold = True


class TrainingPicture(Picture):
    """Two panels: what was predicted and what it took, in times of the prediction; and how the loss falls.

    The bar of what it took grows while the training runs. Between the dotted lines lies a factor of 2.
    """

    heights: ClassVar = {"still": 216}
    END: ClassVar = 3.0

    def build(self, figure: Figure) -> None:
        """Draw the axes, and make the bars and the curves."""
        axes = figure.add_axes(self.place(62, 42, 208, -38))
        axes.set(xlim=(0, self.END), ylim=(-0.6, 1.6), yticks=[1, 0], xticks=[0, 0.5, 1, 2, 3])
        axes.set_yticklabels(["predicted", "took"])
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("times what was predicted")
        for edge in (0.5, 2):
            axes.axvline(edge, color=MUTED, linewidth=1.2, linestyle=":", zorder=0)
        self.bars = [Rectangle((0, y - 0.3), 0, 0.6, facecolor=colour) for y, colour in ((1, GREEN), (0, RED))]
        for bar in self.bars:
            axes.add_patch(self.moving(bar))
        times = self.labels(axes)
        self.times = [times.add(0, y, level="center") for y in (1, 0)]
        curves = figure.add_axes(self.place(256, 42, -16, -38))
        curves.set(xlim=(0, STEPS), ylim=(1.5, 5), yticks=[2, 3, 4, 5])
        curves.set_xlabel(f"step (means of {MEAN_OF})")
        curves.yaxis.grid(True, color=FAINT)
        course: Line2D = curves.plot([], [], color=SKY, linewidth=3.2)[0]
        own: Line2D = curves.plot([], [], color=RED, linewidth=1.6)[0]
        self.curves = [self.moving(course), self.moving(own)]
        words = self.still_labels()
        top = 1 - 11 / self.height
        words.add(8 / self.width, top, text="Seconds", size=TITLE)
        words.add(230 / self.width, top, text="Loss, nats a character", size=TITLE)
        named = self.labels()
        self.named = [
            named.add(-16 / self.width + 1, top - 40 * line / self.height, size=TEXT, side="right", color=INK)
            for line in (0.9, 1.3)
        ]

    def draw(self, view: TrainingView) -> None:
        """Set the bars and the curves to how far the training is."""
        run = view.shown
        share = run.seconds / run.predicted
        for bar, label, times, seconds in zip(
            self.bars, self.times, (1.0, share), (run.predicted, run.seconds), strict=True
        ):
            bar.set_width(min(times, self.END))
            label.text = format_seconds(seconds)
            inside = times > 2
            label.x, label.side = (2.0 - 0.04, "right") if inside else (times + 0.05, "left")
            label.halo = True
        for line, timed in zip(self.curves, (view.course, view.own), strict=True):
            means = timed.means() if timed else []
            line.set_data([MEAN_OF * (i + 0.5) for i in range(len(means))], means)
        self.named[0].text = "thick: the course's machine"
        self.named[1].text = "thin: yours" if view.own else ""
