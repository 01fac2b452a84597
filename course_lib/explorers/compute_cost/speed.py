"""What a machine reaches, and how long its training took beside the prediction: one's own, or the course's."""

from __future__ import annotations

from dataclasses import dataclass

from course_lib.tiny_transformer.stopwatch import Machine, TimedTraining, reference
from course_lib.units import format_rate, format_seconds

COURSE, OWN = "The course's machine", "Your machine"


@dataclass(frozen=True)
class SpeedView:
    """What the course's machine reaches and, where it was measured, one's own."""

    course: Machine
    own: Machine | None = None

    @property
    def sentence(self) -> str:
        """The peak, the rate of training and the utilisation, in plain words."""
        who, machine = (OWN, self.own) if self.own else (COURSE, self.course)
        return (
            f"{who} multiplies at up to {format_rate(machine.peak)} and trains at {format_rate(machine.training)}: "
            f"a utilisation of {100 * machine.mfu:.0f} %."
        )

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """The rate of each product of n x n matrices, and that of training, of each machine."""
        machines = [(COURSE, self.course)] + ([(OWN, self.own)] if self.own else [])
        return tuple(
            (f"{who}, {what}", format_rate(rate))
            for who, machine in machines
            for what, rate in (*_products(machine), ("training", machine.training))
        )


def _products(machine: Machine) -> list[tuple[str, float]]:
    return [(f"{size} × {size}", rate) for size, rate in machine.products.items()]


def speed_view(own: Machine | None = None) -> SpeedView:
    """Return what to show of one's own machine beside the course's, or of the course's alone.

    >>> speed_view().sentence.startswith("The course's machine multiplies at up to ")
    True
    """
    return SpeedView(reference()[0], own)


@dataclass(frozen=True)
class TrainingView:
    """How the training of the course's machine went and, once it has begun, how far one's own is."""

    course: TimedTraining
    own: TimedTraining | None = None

    @property
    def shown(self) -> TimedTraining:
        """The training that the bars show."""
        return self.own or self.course

    @property
    def times(self) -> float:
        """How many times the predicted seconds the steps done took; 1 before the first."""
        return self.shown.seconds / self.shown.predicted_so_far if self.shown.losses else 1.0

    @property
    def sentence(self) -> str:
        """How far the training is, what it took and what was predicted, in plain words."""
        run, done = self.shown, len(self.shown.losses)
        took, predicted = format_seconds(run.seconds), format_seconds(run.predicted)
        if not self.own:
            return f"{COURSE} needed {took} for {done} steps, predicted {predicted}: {self.times:.2f} times."
        if run.interrupted:
            part = format_seconds(run.predicted_so_far)
            return f"Stopped after {done} of {run.settings.steps} steps: {took}, predicted {part} for these."
        if not run.over:
            return f"{done} of {run.settings.steps} steps in {took}; predicted {predicted} for all."
        return f"{OWN} needed {took} for {done} steps, predicted {predicted}: {self.times:.2f} times."

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """The prediction, what it took, the rates measured on the way, and how the loss fell."""
        run = self.shown
        means = run.means()
        fell = f"{means[0]:.2f} to {means[-1]:.2f} nats a character" if means else "fewer than ten steps yet"
        slow, fast = format_rate(min(run.rates)), format_rate(max(run.rates))
        return (
            ("Predicted", format_seconds(run.predicted)),
            ("Took", format_seconds(run.seconds)),
            ("Rates before, meanwhile, after", f"{slow} to {fast}"),
            ("Loss", fell),
        )


def training_view(own: TimedTraining | None = None) -> TrainingView:
    """Return what to show of one's own training beside the course's, or of the course's alone.

    >>> training_view().facts[-1]
    ('Loss', '4.27 to 1.97 nats a character')
    """
    return TrainingView(reference()[1], own)
