"""The cells of an exercise: what each is called, and by that what it is for.

A name is such as "check-4-2": the role, and the number of the question that the cell belongs to. Cells before, after
and between the questions belong to the set: "given-set". Of several cells of one role the second is "answer-7-6-2".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from nbformat import NotebookNode

NAME = re.compile(r"([a-z]+)-(?:([0-9]+)-([0-9]+)|set)(?:-([2-9]|[1-9][0-9]+))?")
CHECK = re.compile(r"""\bcheck\(\s*["'](\d+\.\d+)["']\s*,\s*(\w+)""")


class Role(StrEnum):
    """What a cell is for."""

    TEXT = "text"
    GIVEN = "given"
    ANSWER = "answer"
    CHECK = "check"
    HINTS = "hints"
    SOLUTION = "solution"


@dataclass(frozen=True)
class CellName:
    """What a cell is called: its role, its question's number (none for one of the whole set), and which copy it is."""

    role: Role
    number: str = ""
    copy: int = 1

    def __str__(self) -> str:
        """Return the name as it stands in the notebook.

        >>> str(CellName(Role.CHECK, "4.2")), str(CellName(Role.ANSWER, "7.6", copy=2)), str(CellName(Role.GIVEN))
        ('check-4-2', 'answer-7-6-2', 'given-set')
        """
        place = self.number.replace(".", "-") or "set"
        return f"{self.role}-{place}" if self.copy == 1 else f"{self.role}-{place}-{self.copy}"

    @classmethod
    def parse(cls, text: str) -> CellName:
        """Return the name that stands in a notebook; `ValueError` for anything else.

        >>> CellName.parse("answer-7-6-2")
        CellName(role=<Role.ANSWER: 'answer'>, number='7.6', copy=2)
        """
        found = NAME.fullmatch(text)
        if found is None or found[1] not in list(Role):
            raise ValueError(f"no cell of an exercise is called {text!r}")
        number = f"{found[2]}.{found[3]}" if found[2] else ""
        return cls(Role(found[1]), number, int(found[4] or 1))

    @property
    def of_the_set(self) -> bool:
        """Whether the cell belongs to no question."""
        return not self.number

    @property
    def is_answer(self) -> bool:
        return self.role is Role.ANSWER

    @property
    def is_check(self) -> bool:
        return self.role is Role.CHECK


def name_in(cell: NotebookNode) -> CellName | None:
    """Return what a cell of anybody's notebook is called in the set: by its grade id, else by its own, or nothing."""
    metadata = cell.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    text = marks.get("grade_id") if isinstance(marks, dict) else None
    text = text if isinstance(text, str) else cell.get("id")
    try:
        return CellName.parse(text) if isinstance(text, str) else None
    except ValueError:
        return None


def name_of(cell: NotebookNode) -> CellName:
    """Return what a cell of a master, or of what is made from it, is called."""
    return CellName.parse(cell.metadata.nbgrader.grade_id)


def checked_by(source: str) -> tuple[str, str] | None:
    """Return the question that a check cell checks, and what the answer is called there; nothing for other code.

    >>> checked_by('check("1.2", cost)')
    ('1.2', 'cost')
    """
    found = CHECK.search(source)
    return (found[1], found[2]) if found else None


def has_points(cell: NotebookNode) -> bool:
    """Tell whether a cell of a released notebook gives points."""
    return bool(cell.metadata.nbgrader.grade)


def is_asked(cell: NotebookNode) -> bool:
    """Tell whether a cell of a released notebook is a check or takes an answer."""
    return has_points(cell) or bool(cell.metadata.nbgrader.solution)


def is_own(cell: NotebookNode) -> bool:
    """Tell whether a cell of a restored notebook is the student's: an answer, or added."""
    return not cell.metadata.get("nbgrader", {}).get("locked", False)
