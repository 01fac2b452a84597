"""What a set or a lesson is called, such as 04_memory, and how it is found by its number or its name."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

LESSONS = Path(__file__).resolve().parents[2] / "notebooks"
FORMER_TOPICS = {"plan": "plan_a_training_run"}
"""What a topic was called before: answers and class editions of that time still bear the name."""


def topics_called(topic: str) -> tuple[str, ...]:
    """Return all that a topic is and was called, its own name first."""
    pairs = [(now, before) for now, before in FORMER_TOPICS.items() if topic in (now, before)]
    return pairs[0] if pairs else (topic,)


def names_of(set_name: str) -> tuple[str, ...]:
    """Return all that a set is and was called, its present name first.

    >>> names_of("07_plan_a_training_run")
    ('07_plan', '07_plan_a_training_run')
    """
    number, _, topic = set_name.partition("_")
    return tuple(f"{number}_{one}" for one in topics_called(topic))


def number_of(set_name: str) -> int:
    """Return the number of a set, which is also its lesson's.

    >>> number_of("07_plan")
    7
    """
    return int(set_name.partition("_")[0])


def find_set(wanted: str, there: Iterable[str]) -> str | None:
    """Return which of these names is meant by a number, a topic, a whole name or a file; nothing where none is.

    >>> find_set("4", ["04_memory", "02_units"]), find_set("plan", ["07_plan_a_training_run"]), find_set("99", ["04_x"])
    ('04_memory', '07_plan_a_training_run', None)
    """
    names = list(there)
    name = Path(wanted).name.removesuffix(".ipynb")
    if name in names:
        return name
    number = name.zfill(2) if name.isdigit() else name
    found = [one for one in names if number in spellings(one)]
    return found[0] if len(found) == 1 else None


def spellings(set_name: str) -> set[str]:
    """Return the ways in which one may ask for a set."""
    number, _, topic = set_name.partition("_")
    return {number, *topics_called(topic), *names_of(set_name)}


def find_lesson(wanted: str, folder: Path = LESSONS) -> Path:
    """Return the one lesson whose number or name is `wanted`, or exit with the list of lessons."""
    lessons = {path.stem: path for path in sorted(folder.glob("*.ipynb"))}
    found = find_set(wanted, lessons)
    if found is None:
        sys.exit(f"No lesson is called {wanted!r}; there are {', '.join(lessons)}.")
    return lessons[found]
