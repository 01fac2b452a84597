"""How well a learner's predictions did: how many were made, how many were right, and how far off the numbers were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from course_lib.predictions import find, names_of
from course_lib.units import format_number


@dataclass(frozen=True)
class Calibration:
    """The predictions of one lesson: how many there are, which were made and right, and the powers of ten off."""

    lesson: int
    asked: tuple[str, ...]
    right: tuple[str, ...]
    wrong: tuple[str, ...]
    powers_off: tuple[float, ...]

    @property
    def made(self) -> int:
        """How many predictions were made."""
        return len(self.right) + len(self.wrong)

    @property
    def sentence(self) -> str:
        """The calibration in plain words."""
        many = f"{self.made} of {len(self.asked)} predictions made in lesson {self.lesson}"
        if not self.made:
            return f"{many}. Choose before you run a cell, and see here how well you did."
        words = f"{many}, {len(self.right)} right."
        if self.powers_off:
            off = fmean(self.powers_off)
            numbers = "number was" if len(self.powers_off) == 1 else f"{len(self.powers_off)} numbers were, on average,"
            words += f" Your {numbers} off by {off:.1f} powers of ten, a factor of {format_number(10**off, 2)}."
        return words if self.made == len(self.asked) else f"{words} Still open: {', '.join(self.open)}."

    @property
    def open(self) -> tuple[str, ...]:
        """The predictions that were not made."""
        return tuple(name for name in self.asked if name not in {*self.right, *self.wrong})


def calibration_of(lesson: int, choices: Mapping[str, Any]) -> Calibration:
    """Return how the choices of a lesson did; those that no option of today stands for count as not made.

    Errors: `ValueError` for an unknown lesson.
    """
    asked = names_of(lesson)
    noted = {name: find(name) for name in asked if name in choices}
    made = {name: one for name, one in noted.items() if one.understands(choices[name])}
    right = tuple(name for name, one in made.items() if one.is_right(choices[name]))
    return Calibration(
        lesson=lesson,
        asked=asked,
        right=right,
        wrong=tuple(name for name in made if name not in right),
        powers_off=tuple(one.powers_off(choices[name]) for name, one in made.items() if one.in_numbers),
    )
