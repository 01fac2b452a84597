"""The picture of the published runs: predicted over reported hours, and each run named."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from matplotlib.figure import Figure

from course_lib.explorers.compute_cost.runs import BAND, RunHoursView
from course_lib.explorers.picture import (
    BLUE,
    FAINT,
    MUTED,
    PUBLISHED,
    RED,
    TITLE,
    Picture,
    powers_of_ten,
)
from course_lib.explorers.room import MARK, Room

HOURS = (2e2, 3e8)
"""Where both axes begin and end, in accelerator-hours."""
EDGES = (50, 42, -12, -42)
"""Where the axes lie, in points."""
OUTLIER: Any = {"color": RED, "marker": "D", "markersize": 6, "markeredgecolor": "white", "linestyle": ""}


class RunHoursPicture(Picture):
    """Predicted over reported hours, both on logarithmic axes: on the diagonal the rule at 40 % is right.

    The grey band is a factor of 1.25 to either side; red diamonds are the runs outside it.
    """

    heights: ClassVar = {"still": 440}

    def build(self, figure: Figure) -> None:
        """Draw the axes, the diagonal and the band, and make the marks."""
        box = self.place(*EDGES)
        axes = figure.add_axes(box)
        axes.set(xscale="log", yscale="log", xlim=HOURS, ylim=HOURS)
        axes.minorticks_off()
        powers_of_ten(axes.xaxis, axes.yaxis)
        axes.set_xlabel("reported accelerator-hours")
        axes.set_ylabel("predicted: 6PD at 40 % of the peak")
        low, high = ([times * hours for hours in HOURS] for times in BAND)
        axes.fill_between(HOURS, low, high, color=FAINT, linewidth=0)
        axes.plot(HOURS, HOURS, color=MUTED, linewidth=1.2)
        corner, opposite = ((hours, hours) for hours in HOURS)
        self.room = Room(corner, opposite, (box[2] * self.width, box[3] * self.height))
        diagonal = np.geomspace(*HOURS, 100)
        self.room.take_line(diagonal, diagonal)
        self.room.keep()
        (self.leaders,) = axes.plot([], [], color=MUTED, linewidth=0.7, zorder=1)
        self.moving(self.leaders)
        self.near = self.moving(axes.plot([], [], clip_on=False, **PUBLISHED)[0])
        self.far = self.moving(axes.plot([], [], clip_on=False, **OUTLIER)[0])
        top = 1 - 11 / self.height
        words = self.still_labels()
        words.add(8 / self.width, top, text="Published runs against the rule, in hours", size=TITLE)
        for away, text, colour in ((90, "● within a factor of 1.25", BLUE), (8, "◆ further off", RED)):
            words.add(1 - away / self.width, top, text=text, color=colour, side="right")
        self.names = self.labels(axes)
        self.missing = self.labels().add(70 / self.width, 1 - 52 / self.height)
        self.made: list[Any] = []

    def draw(self, view: RunHoursView) -> None:
        """Mark each run, and write its name beside it or, in a crowd, further off with a line to it."""
        for marks, runs in (
            (self.near, [run for run in view.runs if not run.is_outlier]),
            (self.far, view.outliers),
        ):
            marks.set_data([run.reported for run in runs], [run.predicted for run in runs])
        self.room.clear()
        for run in view.runs:
            self.room.take(run.reported, run.predicted, (4, 4, 4, 4), MARK)
        while len(self.made) < len(view.runs):
            self.made.append(self.names.add(1, 1, halo=True))
        named = [
            (label, run.name, run.reported, run.predicted) for label, run in zip(self.made, view.runs, strict=True)
        ]
        ends = [
            (x, y) for xs, ys in self.room.name(named) for x, y in (*zip(xs, ys, strict=True), (math.nan, math.nan))
        ]
        self.leaders.set_data(*zip(*ends, strict=True) if ends else ([], []))
        self.missing.text = f"no hours reported: {', '.join(view.without_hours)}"
