"""The master of a set: brought into nbgrader's source format, run, and refused where its own answers do not pass.

Every cell gets its grade id, points and locks from what is in it, and every question its badge.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

from nbformat import NotebookNode

from classroom.cells import CellName, Role, checked_by, name_of
from classroom.notebooks import FAILURES, execute
from classroom.sets import find_set
from course_lib import questions
from course_lib.questions.question import Question

MASTERS = Path(__file__).resolve().parents[2] / "exercises" / "solutions"
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
FOLDED_SOLUTION = "<details><summary>Solution</summary>"
HEADING = re.compile(r"^## (\d+\.\d+) · (.+)$", re.MULTILINE)
TAKEN_APART = re.compile(r"^(\w+) = given\(", re.MULTILINE)
BADGE = re.compile(r"^\*Difficulty .*\*$", re.MULTILINE)


def masters(names: list[str], folder: Path = MASTERS) -> list[Path]:
    """Return the masters that were asked for, or exit with the list of those that there are."""
    there = {path.stem: path for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))}
    found = [find_set(name, there) for name in names]
    if None in found:
        sys.exit(f"No such exercises: {', '.join(names)}; there are {', '.join(there)}.")
    return [path for name, path in there.items() if name in found or not names]


def stamp(master: NotebookNode) -> NotebookNode:
    """Give every cell of a master, in place, its place in nbgrader's format, and every question its badge."""
    taken: Counter[tuple[Role, str]] = Counter()
    answers: dict[str, str] = {}
    question: Question | None = None
    for cell in master.cells:
        if cell.cell_type == "markdown" and (heading := HEADING.search(cell.source)):
            question = questions.find(heading[1])
            if heading[2] != question.title:
                sys.exit(f"{heading[0]!r} should be called {question.title!r}, as in course_lib/questions.")
            cell.source = with_badge(cell.source, heading[0], question)
        elif cell.cell_type == "markdown" and re.match("#{1,2} ", cell.source):
            question = None
        role = role_of(cell, question)
        refuse_what_cannot_be_run_again(cell, role, question, answers)
        number = question.number if question else ""
        taken[role, number] += 1
        cell["id"] = str(CellName(role, number, copy=taken[role, number]))
        cell.metadata["nbgrader"] = nbgrader_metadata(cell, role, question)
    return master


def role_of(cell: NotebookNode, question: Question | None) -> Role:
    """Return what a cell is for; exit where it cannot be part of the exercises."""
    if has_solution(cell):
        if question is None:
            sys.exit(f"A solution stands outside of any question: {cell.source[:60]!r}")
        return Role.ANSWER
    if cell.cell_type == "code" and (checked := checked_by(cell.source)):
        if question is None or checked[0] != question.number:
            sys.exit(f"check({checked[0]!r}) stands outside of question {checked[0]}.")
        return Role.CHECK
    if cell.cell_type == "code":
        return Role.GIVEN
    if cell.source.startswith(FOLDED_SOLUTION):
        return Role.SOLUTION
    return Role.HINTS if cell.source.startswith("<details>") else Role.TEXT


def refuse_what_cannot_be_run_again(
    cell: NotebookNode, role: Role, question: Question | None, answers: dict[str, str]
) -> None:
    """Exit where a cell that is run again, after the others, would meet a name of another question."""
    if role is Role.GIVEN and question and (taken := TAKEN_APART.search(cell.source)):
        sys.exit(
            f"{question.number}: show what is given with `given({question.number!r})` alone, and begin the answer cell "
            f"with `{taken[1]} = given({question.number!r})`, so that it can be run again after other questions."
        )
    if role is Role.CHECK and question and (checked := checked_by(cell.source)):
        _, name = checked
        if name in answers:
            sys.exit(
                f"{question.number}: its answer is called {name}, as that of {answers[name]} is; give it its own name."
            )
        answers[name] = question.number


def has_solution(cell: NotebookNode) -> bool:
    return BEGIN in cell.source


def nbgrader_metadata(cell: NotebookNode, role: Role, question: Question | None) -> dict[str, object]:
    """Return nbgrader's marks: a check gives points by itself, an answer in words by a person's judgement."""
    judged_by_a_person = role is Role.ANSWER and cell.cell_type == "markdown"
    graded = role is Role.CHECK or judged_by_a_person
    marks: dict[str, object] = {
        "grade": graded,
        "grade_id": cell.id,
        "locked": role is not Role.ANSWER,
        "schema_version": 3,
        "solution": role is Role.ANSWER,
        "task": False,
    }
    return marks | ({"points": question.points} if graded and question else {})


def with_badge(source: str, heading: str, question: Question) -> str:
    """Return a question's text with its badge as the line under the heading."""
    badge = question.badge
    line = (
        f"*Difficulty {badge.difficulty} of 3 · importance {badge.importance} of 3 · "
        f"about {badge.minutes} minutes · {question.kind} · slide {' and '.join(question.slides)}*"
    )
    if BADGE.search(source):
        return BADGE.sub(lambda _: line, source, count=1)
    return source.replace(heading, f"{heading}\n\n{line}", 1)


# The master, run


def run(notebook: NotebookNode, path: Path) -> NotebookNode:
    """Run a notebook, in place, where the file of that path lies; exit where it stops at an error."""
    try:
        return execute(notebook, path.parent)
    except FAILURES as error:
        sys.exit(f"{path.name} stopped at an error and was left as it was:\n{error}")


def refuse_wrong_answers(master: NotebookNode, name: str) -> None:
    """Exit where a check of a master that was run refuses its answer."""
    refused = [said for said in verdicts(master) if " Correct." not in said]
    if refused:
        sys.exit("\n".join([f"{name}: the master's own answers are refused.", *refused]))


def verdicts(notebook: NotebookNode) -> list[str]:
    """Return what the checks of a notebook said."""
    checks = [cell for cell in notebook.cells if name_of(cell).is_check]
    return ["".join(str(output.get("data", {}).get("text/plain")) for output in cell.outputs) for cell in checks]
