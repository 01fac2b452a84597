"""The picture of the published runs: predicted over reported hours, and each run named."""

from __future__ import annotations

from typing import Any, ClassVar

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

HOURS = (2e2, 3e8)
"""Where both axes begin and end, in accelerator-hours."""
OUTLIER: Any = {"color": RED, "marker": "D", "markersize": 6, "markeredgecolor": "white", "linestyle": ""}
APART = 9
"""How far a name stands from its mark, in points."""


class RunHoursPicture(Picture):
    """Predicted over reported hours, both on logarithmic axes: on the diagonal the rule at 40 % is right.

    The grey band is a quarter to either side; red diamonds are the runs outside it.
    """

    heights: ClassVar = {"wide": 470}

    def build(self, figure: Figure) -> None:
        """Draw the axes, the diagonal and the band, and make the marks."""
        self.axes = axes = figure.add_axes(self.place(56, 42, -12, -42))
        axes.set(xscale="log", yscale="log", xlim=HOURS, ylim=HOURS)
        axes.minorticks_off()
        powers_of_ten(axes.xaxis, axes.yaxis)
        axes.set_xlabel("reported accelerator-hours")
        axes.set_ylabel("predicted: 6PD at 40 % of the peak")
        low, high = ([times * hours for hours in HOURS] for times in BAND)
        axes.fill_between(HOURS, low, high, color=FAINT, linewidth=0)
        axes.plot(HOURS, HOURS, color=MUTED, linewidth=1.2)
        self.near = self.moving(axes.plot([], [], clip_on=False, **PUBLISHED)[0])
        self.far = self.moving(axes.plot([], [], clip_on=False, **OUTLIER)[0])
        top = 1 - 11 / self.height
        words = self.still_labels()
        words.add(8 / self.width, top, text="Published runs against the rule, in hours", size=TITLE)
        for away, text, colour in ((90, "● within a quarter", BLUE), (8, "◆ further off", RED)):
            words.add(1 - away / self.width, top, text=text, color=colour, side="right")
        self.names = self.labels(axes)
        self.missing = self.labels().add(70 / self.width, 1 - 52 / self.height)
        self.made: list[Any] = []

    def draw(self, view: RunHoursView) -> None:
        """Mark each run, and write its name on one side of the diagonal or the other, in turn."""
        for marks, runs in (
            (self.near, [run for run in view.runs if not run.is_outlier]),
            (self.far, view.outliers),
        ):
            marks.set_data([run.reported for run in runs], [run.predicted for run in runs])
        while len(self.made) < len(view.runs):
            self.made.append(self.names.add(1, 1, halo=True))
        for row, (label, run) in enumerate(zip(self.made, view.runs, strict=True)):
            left = row % 2
            x, y = self.axes.transData.transform((run.reported, run.predicted))
            place = (x - APART, y + 4) if left else (x + APART, y - 4)
            label.x, label.y = self.axes.transData.inverted().transform(place)
            label.text, label.side = run.name, "right" if left else "left"
        self.missing.text = f"no hours reported: {', '.join(view.without_hours)}"
