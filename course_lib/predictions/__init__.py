"""The predictions that the lessons ask for before a cell is run, one module a topic: "1a" is the first of lesson 1."""

from __future__ import annotations

import importlib
import importlib.util

from course_lib._arguments import shown
from course_lib.predictions import prediction
from course_lib.predictions.prediction import Prediction
from course_lib.questions import TOPICS


def names_of(lesson: int) -> tuple[str, ...]:
    """Return the names of a lesson's predictions, in order; `ValueError` for an unknown lesson."""
    if isinstance(lesson, bool) or not isinstance(lesson, int) or not 1 <= lesson <= len(TOPICS):
        raise ValueError(f"lesson must be a whole number from 1 to {len(TOPICS)}; got {shown(lesson)}")
    module = f"{__name__}.{TOPICS[lesson - 1]}"
    if importlib.util.find_spec(module):
        importlib.import_module(module)
    return prediction.registered(lesson)


def find(name: str) -> Prediction:
    """Return the prediction `name`, such as "1a"; `ValueError` for an unknown one, with those that there are."""
    lesson = int(name[:-1]) if isinstance(name, str) and name[:-1].isdecimal() and len(name) < 10 else 0
    known = names_of(lesson) if 1 <= lesson <= len(TOPICS) else ()
    if name not in known:
        there = f"lesson {lesson} has {', '.join(known)}" if known else "a name is such as '1a'"
        raise ValueError(f"prediction {shown(name)} is unknown; {there}")
    return prediction.build(name)
