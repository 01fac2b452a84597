"""nbgrader's part in a class edition: the release, and the gradebook with every point, also those that a person gives.

nbgrader reports success where there was none, so whatever it did is looked up in the gradebook afterwards.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGraderAPI
from sqlalchemy.exc import SAWarning
from traitlets.config import PyFileConfigLoader

from classroom.cells import CellName
from classroom.editions import Edition
from classroom.student_copy import CODE_STUB, TEXT_STUB

SETTINGS = '''"""nbgrader's settings for this class edition; `make release` wrote them."""

from nbgrader.preprocessors import NbGraderPreprocessor


class MarkedByTheCourse(NbGraderPreprocessor):
    """nbgrader's own marking would give every answer full points, as the course's checks raise no error."""

    def preprocess(self, nb, resources):
        raise RuntimeError("This course is marked by `make mark SUBMISSIONS=folder`, not by nbgrader's autograde.")


c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "training_cost_edition_{seed}"
c.Autograde.sanitize_preprocessors = [MarkedByTheCourse]
c.ClearSolutions.code_stub = {{"python": {code_stub!r}}}
c.ClearSolutions.text_stub = {text_stub!r}
c.HTMLExporter.sanitize_html = True
'''


@dataclass(frozen=True)
class Points:
    """The points of one part of a question; `got` is None where a person has not given them yet.

    `auto` are those that the course gave, None where it leaves them to a person.
    """

    got: float | None
    most: float
    auto: float | None = None
    comment: str = ""


def generate(edition: Edition, set_name: str) -> None:
    """Have nbgrader make the release from the source, and enter its checks and points; exit where it does not."""
    settings = SETTINGS.format(seed=edition.seed, code_stub=CODE_STUB, text_stub=TEXT_STUB)
    (edition.folder / "nbgrader_config.py").write_text(settings, encoding="utf-8")
    config = PyFileConfigLoader("nbgrader_config.py", path=str(edition.folder)).load_config()
    config.CourseDirectory.root = str(edition.folder)
    with programs_of_this_environment():
        result = NbGraderAPI(config=config).generate_assignment(set_name, force=True)
    if not result["success"]:
        sys.exit(f"{set_name}: nbgrader could not release it.\n{result.get('log') or result.get('error')}")


@contextmanager
def programs_of_this_environment() -> Iterator[None]:
    """Have programs that are started by their bare names, as nbgrader does, found in this environment first."""
    before = os.environ.get("PATH")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), before or ""])
    try:
        yield
    finally:
        if before is None:
            del os.environ["PATH"]
        else:
            os.environ["PATH"] = before


@contextmanager
def opened(edition: Edition) -> Iterator[Gradebook]:
    """Open the gradebook of an edition."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # nbgrader builds a submission piece by piece
        with Gradebook(edition.database) as book:
            yield book


def most_points(edition: Edition, set_name: str) -> dict[CellName, float]:
    """Return the points that the gradebook gives each graded cell of a set; empty where it has no such set."""
    with opened(edition) as book:
        try:
            cells = book.find_notebook(edition.notebook_name(set_name), set_name).grade_cells
        except MissingEntry:
            return {}
        return {CellName.parse(cell.name): float(cell.max_score) for cell in cells}


def enter(
    edition: Edition, set_name: str, student: str, points: Mapping[CellName, float | None], anew: set[CellName]
) -> None:
    """Enter a student's points; None leaves a cell to a person, who is asked again about those in `anew`."""
    with opened(edition) as book:
        book.update_or_create_student(student)
        book.update_or_create_submission(set_name, student)
        for cell, got in points.items():
            grade = book.find_grade(str(cell), edition.notebook_name(set_name), set_name, student)
            grade.auto_score = got
            by_hand = got is None and (grade.manual_score is None or cell in anew)
            grade.needs_manual_grade = by_hand
        book.db.commit()


def look_up(edition: Edition, set_name: str, student: str) -> dict[CellName, Points]:
    """Return a student's points as the gradebook has them, a person's before the course's."""
    name = edition.notebook_name(set_name)
    with opened(edition) as book:
        found = {}
        for grade in book.find_submission_notebook(name, set_name, student).grades:
            cell, waits = CellName.parse(grade.name), grade.needs_manual_grade
            comment = book.find_comment(grade.name, name, set_name, student).comment if cell.is_answer else None
            found[cell] = Points(
                None if waits else float(grade.score), float(grade.max_score), grade.auto_score, comment or ""
            )
        return found
