"""The published runs against the rule: what 6PD at 40 % of the peak promises, beside the hours that were reported."""

from __future__ import annotations

from dataclasses import dataclass

from course_lib import catalog
from course_lib.compute_cost import model_flop_utilization, training_flop, training_seconds
from course_lib.units import SECONDS_PER_HOUR, format_number

UTILIZATION = 0.40
BAND = (0.8, 1.25)
"""A prediction within these times the reported hours is within a factor of 1.25; all others are outliers."""


@dataclass(frozen=True)
class RunHours:
    """One published run, in accelerator-hours: those reported, and those that 6PD at 40 % of the peak predicts.

    `mfu` is the utilisation that the reported hours come to, `why` what makes an outlier of it, if it is one.
    """

    name: str
    reported: float
    predicted: float
    mfu: float
    why: str

    @property
    def times(self) -> float:
        """The prediction in times of the reported hours."""
        return self.predicted / self.reported

    @property
    def is_outlier(self) -> bool:
        """Whether the prediction is more than a factor of 1.25 off."""
        return not BAND[0] <= self.times <= BAND[1]


@dataclass(frozen=True)
class RunHoursView:
    """Every run of the catalog: those with hours, by their prediction, and the names of those without."""

    runs: tuple[RunHours, ...]
    without_hours: tuple[str, ...]

    @property
    def outliers(self) -> tuple[RunHours, ...]:
        """The runs of which the prediction is more than a factor of 1.25 off."""
        return tuple(run for run in self.runs if run.is_outlier)

    @property
    def sentence(self) -> str:
        """How many runs took what the rule promises, in plain words."""
        near, of = len(self.runs) - len(self.outliers), len(self.runs)
        return f"6PD at 40 % is within a factor of 1.25 of the reported hours for {near} of {of} published runs."

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Each run's prediction and hours; then the runs that report none."""
        shown = tuple(
            (run.name, f"{format_number(run.predicted)} h predicted, {format_number(run.reported)} h reported: "
             f"{format_number(run.times)} times, MFU {100 * run.mfu:.0f} %")
            for run in self.runs
        )  # fmt: skip
        return (*shown, ("No hours reported", ", ".join(self.without_hours)))


def run_hours_view() -> RunHoursView:
    """Return each run of the catalog with its prediction T x accelerators = 6PD / (0.40 x peak), by that time.

    Source: slide S1; each run's own, in the catalog.

    >>> {run.name: round(run.times, 2) for run in run_hours_view().runs}["LLaMA 65B"]
    1.19
    """
    runs = catalog.training_runs().values()
    timed = [_hours(run, run.accelerator_hours) for run in runs if run.accelerator_hours]
    without = tuple(run.name for run in runs if not run.accelerator_hours)
    return RunHoursView(tuple(sorted(timed, key=lambda run: run.predicted)), without)


def _hours(run: catalog.TrainingRun, reported: float) -> RunHours:
    flop = training_flop(run.parameters, run.tokens)
    peak = catalog.accelerator(run.accelerator).fp16_bf16_flop_per_second
    predicted = training_seconds(flop, UTILIZATION * peak) / SECONDS_PER_HOUR
    mfu = model_flop_utilization(flop, reported * SECONDS_PER_HOUR, 1, peak)
    return RunHours(run.name, reported, float(predicted), float(mfu), run.hours_remark)
