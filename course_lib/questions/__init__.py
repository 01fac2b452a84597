"""The questions of the exercises, one module a topic; which modules there are decides which sets there are."""

from __future__ import annotations

import importlib
import importlib.util

from course_lib._arguments import shown
from course_lib.questions import question
from course_lib.questions.question import Question

TOPICS = ("compute_cost", "units", "scaling", "memory", "number_formats", "quantization", "plan", "since_the_lecture")
"""The topics in the order of the lessons: set 1 is the first."""


def sets() -> dict[int, str]:
    """Return the number and the topic of every set that there is."""
    return {
        number: topic
        for number, topic in enumerate(TOPICS, start=1)
        if importlib.util.find_spec(f"{__name__}.{topic}") is not None
    }


def numbers_of(set_number: int) -> tuple[str, ...]:
    """Return the numbers of the questions of one set, in order.

    >>> numbers_of(1)[:3]
    ('1.1', '1.2', '1.3')
    """
    known = sets()
    if not isinstance(set_number, int):
        raise ValueError(f"a set is named by its number, without quotes, such as 1; got {shown(set_number)}")
    if set_number not in known:
        raise ValueError(f"set {shown(set_number)} is unknown; accepted: {', '.join(map(str, known))}")
    importlib.import_module(f"{__name__}.{known[set_number]}")
    return tuple(number for number in question.registered() if question.set_of(number) == set_number)


def find(number: str, seed: int = 0) -> Question:
    """Return the question `number`, such as "1.2", in the edition of that seed.

    Errors: `ValueError` for an unknown number, with those that there are.

    >>> find("1.1").title
    'What a training costs'
    """
    if not isinstance(number, str):
        meant = shown(number)
        raise ValueError(
            f'the number of a question stands in quotes, as in check("{meant}", answer) and given("{meant}"); '
            f"got {meant}"
        )
    set_number = question.set_of(number)
    known = numbers_of(set_number) if set_number else ()
    if number not in known:
        there = f"this set has {', '.join(known)}" if known else "a number is such as '1.2'"
        raise ValueError(f"question {shown(number)} is unknown; {there}")
    return question.build(number, seed)
