"""What a cell shows live of the learner's own machine, and in a saved notebook of the course's: none of it changes."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from course_lib.explorers.compute_cost.speed import speed_view, training_view
from course_lib.explorers.compute_cost.speed_picture import SpeedPicture, TrainingPicture
from course_lib.explorers.picture import Picture, View
from course_lib.tiny_transformer.stopwatch import Machine, TimedTraining


class Live(widgets.HTML):
    """A picture on the page that follows what runs; it carries a still one, the same on every machine."""

    def __init__(self, kind: type[Picture], saved: View) -> None:
        """Show the saved view first."""
        self._picture, self._still = kind(), kind().still(saved)
        super().__init__(_scrolled(self._still.svg), layout={"margin": "0"})
        self.add_class("course-live-picture")

    def follow(self, view: View) -> None:
        """Show another view on the page, its sentence below it."""
        self.value = _scrolled(self._picture.still(view).svg)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """Carry beside the live widget what is the same for everybody."""
        live = dict(super()._repr_mimebundle_(**kwargs) or {})
        return live | self._still._repr_mimebundle_()


def _scrolled(svg: str) -> str:
    """Return the picture in a box that scrolls where its place is narrower."""
    return f'<div tabindex="0" style="overflow-x: auto; contain: inline-size">{svg}</div>'


class LiveSpeed(Live):
    """What a machine reaches beside the course's machine; saved, the course's alone."""

    def __init__(self, machine: Machine) -> None:
        """Show what was measured."""
        super().__init__(SpeedPicture, speed_view())
        self.follow(speed_view(machine))


class LiveTraining(Live):
    """How far a training is beside its prediction; saved, how the course's went."""

    def __init__(self) -> None:
        """Show the course's training until one's own begins."""
        super().__init__(TrainingPicture, training_view())

    def show(self, run: TimedTraining) -> None:
        """Follow a training that runs, or that is over."""
        self.follow(training_view(run))
