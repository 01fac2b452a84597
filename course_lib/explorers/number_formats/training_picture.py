"""The picture of a training in a format: its loss beside fp32's, and the shares of what rounding lost."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_lib.explorers.number_formats.training import DIVERGED, GUESSING, TrainingFormatView
from course_lib.explorers.picture import BLUE, FAINT, INK, MUTED, ORANGE, RED, TITLE, Label, Picture
from course_lib.tiny_transformer.format_runs import EVERY, SETTINGS

LOSS = (2.5, DIVERGED)
"""The ends of the axis of the loss, in nats: just below fp32's end, and above the untrained model's."""
BASE: Any = {"color": INK, "linestyle": (0, (5, 1.5))}
OWN: Any = {"color": BLUE, "marker": "o", "markersize": 3}
LOST: Any = {"color": RED, "marker": "s", "markersize": 3}
ZEROS: Any = {"color": ORANGE, "linestyle": ":", "marker": "D", "markersize": 3}
STEPS = np.arange(SETTINGS.steps // EVERY) * EVERY + EVERY / 2
HEAD, ROW, FOOT = 22, 14, 38
"""How many points a panel needs for its title, for each row of its legend, and below its axes."""


class TrainingFormatPicture(Picture):
    """Left: the loss of the batches over the steps, beside fp32's. Right: the shares of updates and gradients lost.

    A loss beyond the upper end of its axis leaves the picture there, and words say so. The right stands below the left
    where there is little room.
    """

    heights: ClassVar = {"wide": 250, "medium": 440, "narrow": 440}

    def build(self, figure: Figure) -> None:
        """Draw the axes and the legends, and make the lines that move."""
        half = self.height / 2
        panels = ((46, 0, -12, half), (46, half, -12, self.height))
        if self.layout == "wide":
            panels = ((46, 0, 352, self.height), (412, 0, -12, self.height))
        loss, shares = (self._axes(figure, panel) for panel in panels)
        loss.set(ylim=LOSS, ylabel="nats a character")
        loss.axhline(GUESSING, color=FAINT, linewidth=1.2, zorder=0)
        shares.set(ylim=(0, 100), ylabel="per cent", yticks=[0, 25, 50, 75, 100])
        self.own, self.base = self.moving(*loss.plot([], [], **OWN)), self.moving(*loss.plot([], [], **BASE))
        self.lost = self.moving(*shares.plot([], [], **LOST, clip_on=False))
        self.zeros = self.moving(*shares.plot([], [], **ZEROS, clip_on=False))
        self.marks = [self.moving(axes.axvline(0, color=MUTED, linewidth=1)) for axes in (loss, shares)]
        words = self.labels(loss)
        words.add(SETTINGS.steps / 2, GUESSING - 0.12, text="guessing", side="center", color=MUTED, halo=True)
        self.beyond = words.add(SETTINGS.steps / 2, LOSS[1] - 0.12, side="center", halo=True)
        self.name = self._legend(figure, panels[0], "Loss of the batches", {"": OWN, "fp32 throughout": BASE})
        what = {"updates that change nothing": LOST, "gradients that become 0": ZEROS}
        self._legend(figure, panels[1], "Lost by rounding", what)

    def _axes(self, figure: Figure, panel: tuple[float, ...]) -> Axes:
        left, top, right, bottom = panel
        axes = figure.add_axes(self.place(left, top + HEAD + 2 * ROW + 8, right, bottom - FOOT))
        axes.set(xlim=(0, SETTINGS.steps), xticks=range(0, SETTINGS.steps + 1, 64), xlabel="steps")
        return axes

    def _legend(self, figure: Figure, panel: tuple[float, ...], title: str, entries: dict[str, Any]) -> Label:
        """Write a panel's title and what its lines are, and return the first one's words, which move."""
        left, top, right, _ = panel
        left = 6 if self.layout == "narrow" else left
        axes = figure.add_axes(self.place(left, top, right, top + HEAD + 2 * ROW))
        axes.set(xlim=(0, 300), ylim=(HEAD + 2 * ROW, 0))
        axes.axis("off")
        self.still_labels(axes).add(0, 14, text=title, level="baseline", size=TITLE)
        wide = 300 / ((right + self.width if right < 0 else right) - left)  # of a point
        names = []
        for row, (text, look) in enumerate(entries.items()):
            y = HEAD + ROW * (row + 0.5)
            axes.plot([0, 12 * wide, 24 * wide], [y, y, y], markevery=[1], **look)
            names.append(self.labels(axes).add(30 * wide, y, text=text))
        return names[0]

    def draw(self, view: TrainingFormatView) -> None:
        """Join the points of both runs, and name the format."""
        run = view.run
        self.base.set_data(STEPS, view.fp32.loss)
        self.own.set_data(STEPS, np.minimum(run.loss, 2 * LOSS[1]))
        self.lost.set_data(STEPS, 100 * run.lost)
        self.zeros.set_data(STEPS, 100 * run.zeros)
        for mark in self.marks:
            mark.set_xdata([view.step, view.step])
        self.name.text = view.recipe.plain.format
        self.beyond.text = "the loss leaves the picture" if run.loss[-1] > LOSS[1] else ""
