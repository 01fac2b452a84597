"""What a student gets, made from the master: answers give way to stubs, everything else is locked."""

from __future__ import annotations

import copy
import re
import sys

from nbformat import NotebookNode

from classroom.cells import Role, name_of
from classroom.master import BEGIN, END, FOLDED_SOLUTION

CODE_STUB = "# Put your answer in place of the dots."
TEXT_STUB = "Write your answer here."
WHERE_ANSWERS_LIE = """

Your answers are sent nowhere. In the JupyterLab that `make lab` opens they are saved as `my_exercises/{}`,
which no update of the course touches; hand in that file. In the course's browser edition they stay in this browser, and
*Hand in*, below the notebook, downloads them under your name."""


def student_copy(master: NotebookNode, file_name: str, with_solutions: bool = True) -> NotebookNode:
    """Return what a student gets: stubs for answers, locked checks, and, unless it is for a class, folded solutions.

    It lies one folder higher than the master, and so do its links. `file_name` is the copy's.
    """
    notebook: NotebookNode = copy.deepcopy(master)
    notebook.cells = []
    answers: dict[str, list[str]] = {}
    for original in master.cells:
        cell = copy.deepcopy(original)
        called = name_of(cell)
        if called.role is Role.SOLUTION and not with_solutions:
            continue
        if called.role is Role.SOLUTION:
            cell.source = fold(cell.source, answers.get(called.number, []))
        elif called.is_answer:
            answers.setdefault(called.number, []).append(shown(cell))
            cell.source = without_solution(cell.source, CODE_STUB if cell.cell_type == "code" else TEXT_STUB)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        else:
            cell.source = cell.source.replace("](../../", "](../")
        lock(cell)
        notebook.cells.append(cell)
    if with_solutions:
        notebook.cells[0].source += WHERE_ANSWERS_LIE.format(file_name)
    return notebook


def without_solution(source: str, stub: str) -> str:
    """Return a cell's source with each solution region given up for the stub, indented as the region was.

    The same as nbgrader's ClearSolutions with this stub: the region's two marks go with it.
    """
    lines: list[str] = []
    inside = False
    for line in source.split("\n"):
        if line.strip() == BEGIN:
            if inside:
                sys.exit(f"A solution begins inside another: {source[:60]!r}")
            inside = True
            lines.append(line[: len(line) - len(line.lstrip())] + stub)
        elif line.strip() == END:
            inside = False
        elif not inside:
            lines.append(line)
    if inside:
        sys.exit(f"A solution does not end: {source[:60]!r}")
    return "\n".join(lines)


def solution_of(source: str) -> str:
    """Return the whole cell as it reads with its solution: no marks, and not the stub that the solution overrides."""
    lines = [line for line in source.split("\n") if line.strip() not in (BEGIN, END)]
    return "\n".join(line for line in lines if not re.fullmatch(r"\s*(\w+ = |return )?\.\.\.", line))


def shown(answer: NotebookNode) -> str:
    """Return an answer cell's solution as Markdown: code in a fence, words as they are."""
    solution = solution_of(answer.source).strip()
    return f"```python\n{solution}\n```" if answer.cell_type == "code" else solution


def fold(markdown: str, answers: list[str]) -> str:
    """Return a folded solution with the answers as its first part."""
    return markdown.replace(FOLDED_SOLUTION, "\n\n".join([FOLDED_SOLUTION, *answers]), 1)


def lock(cell: NotebookNode) -> None:
    """Lock a cell as nbgrader's LockCells does: an answer cannot be deleted, any other not even edited."""
    cell.metadata["deletable"] = False
    if cell.metadata.nbgrader.locked:
        cell.metadata["editable"] = False
