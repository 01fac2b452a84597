"""What `make mark` writes for people: one table of points a set, and one page of feedback a student."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook

from classroom.cells import CellName, Role, is_own, name_in
from classroom.gradebook import Points
from classroom.pages import as_page, drawn_without_script
from classroom.sets import number_of
from course_lib import questions
from course_lib.checks import Verdict

FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r")
BY_HAND = "a person gives these points"
WAITS = "waits for a person"


@dataclass(frozen=True)
class Report:
    """All that is to say about one student's submission of one set; `marked` is false where that is still to do."""

    student: str
    set_name: str
    seed: int
    points: Mapping[CellName, Points]
    verdicts: Mapping[str, Verdict]
    happened: tuple[str, ...]
    notebook: NotebookNode | None = None
    marked: bool = True

    @property
    def got(self) -> float:
        """The points so far, without those that a person has not given yet."""
        return sum(part.got or 0 for part in self.points.values())

    @property
    def most(self) -> float:
        """The points that there are."""
        return sum(part.most for part in self.points.values())

    @property
    def remarks(self) -> list[str]:
        """What happened, and what is still to do."""
        waiting = [part_called(cell) for cell, part in self.points.items() if part.got is None and self.marked]
        return [*self.happened, *(f"{part} {WAITS}" for part in waiting)]


def part_called(cell: CellName) -> str:
    return f"{cell.number} in words" if cell.is_answer else cell.number


def write_table(path: Path, reports: Iterable[Report]) -> None:
    """Write a set's points as CSV, a line a student; a cell is empty where there are no points yet.

    It is written whole or not at all: `OSError` where the disk is full, or another program holds the file.
    """
    part = path.with_name(f"{path.name}.part")
    with part.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        for at, report in enumerate(reports):
            if at == 0:
                parts = [f"{part_called(cell)} (of {part.most:g})" for cell, part in report.points.items()]
                table.writerow(["student", *parts, "points", "of", "what happened"])
            got = ["" if part.got is None else f"{part.got:g}" for part in report.points.values()]
            words = "; ".join(report.remarks)
            sum_of_all = f"{report.got:g}" if report.marked else ""
            table.writerow([as_text(report.student), *got, sum_of_all, f"{report.most:g}", as_text(words)])
    part.replace(path)


def as_text(words: str) -> str:
    """Return words as a spreadsheet takes them for words, and not for a formula to run."""
    flat = " ".join(words.split())
    return f"'{flat}" if flat.startswith(FORMULA_BEGINS) else flat


def page_of(report: Report) -> str:
    """Return a student's page: the points, what each check says, what happened, and the notebook as it was marked."""
    name = questions.sets()[number_of(report.set_name)].replace("_", " ")
    points = f"{report.got:g} of {report.most:g} points" if report.marked else "not marked yet"
    title = f"{name.capitalize()}: {points}"
    about = f"<p>{escape(report.student)} · edition {report.seed}</p>"
    remarks = "".join(f"<li>{escape(remark)}</li>" for remark in report.remarks)
    remarks = f"<p>What happened while it was marked:</p><ul>{remarks}</ul>" if remarks else ""
    rows = "".join(row(cell, part, report) for cell, part in report.points.items())
    head = "<tr><th>question</th><th>points</th><th>what the check says</th></tr>"
    summary = f"# {title}\n\n{about}{remarks}<table><thead>{head}</thead><tbody>{rows}</tbody></table>"
    cells = [new_markdown_cell(summary), *answered(report)]
    return as_page(new_notebook(cells=cells, metadata={"language_info": {"name": "python"}}), title)


def row(cell: CellName, part: Points, report: Report) -> str:
    """Return a line of the table of points."""
    got = "–" if part.got is None else f"{part.got:g}"
    if cell.is_answer:
        words = part.comment or (BY_HAND if part.got is None and report.marked else "")
    else:
        verdict = report.verdicts.get(cell.number)
        words = (verdict.message or f"{verdict.state.capitalize()}.") if verdict else ""
    return (
        f"<tr><td>{escape(part_called(cell))}</td><td>{got} of {part.most:g}</td>"
        f"<td>{escape(' '.join(words.split()))}</td></tr>"
    )


def answered(report: Report) -> list[NotebookNode]:
    """Return what a student looks at again: each question, what was given, the answer and what the check says."""
    kept = []
    for cell in report.notebook.cells if report.notebook else []:
        name = name_in(cell)
        if name and name.is_check:
            verdict = report.verdicts[name.number]
            kept.append(new_markdown_cell(verdict._repr_mimebundle_()["text/html"]))
        elif name is None or not (name.of_the_set or name.role is Role.HINTS):
            if cell.cell_type == "markdown" and not is_own(cell):
                cell.source = drawn_without_script(cell.source)
            kept.append(cell)
    return kept
