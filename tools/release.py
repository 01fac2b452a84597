"""Make a class edition: `release.py --seed SEED [NAME ...]`, NAME being such as 04 or memory (default: all sets).

Its numbers differ by seed from everybody else's. What the class gets lies in `my_class/edition_SEED/release`, without
solutions; the masters, run in this edition, lie in `solutions` beside it. nbgrader makes the one from the other and
notes every check and its points in the gradebook, by which `make mark` marks.
"""

from __future__ import annotations

import argparse
import copy
import sys
from pathlib import Path

from classroom.cells import Role, has_points, name_of
from classroom.editions import CLASSES, Edition, seed_from, shown
from classroom.gradebook import generate, most_points
from classroom.master import masters, refuse_wrong_answers, run, stamp
from classroom.notebooks import read, serialise, tidy
from classroom.student_copy import student_copy
from nbformat import NotebookNode

IMPORT, WITH_EDITION = "import check, given, progress", "import check, edition, given, progress"
FOLDED, TWO_HINTS = "two hints and the solution, folded", "two hints, folded"
FOR_A_CLASS = """

This is **edition {seed}**, for a class: its numbers are its own. Save it in the folder `my_exercises` of your course,
under this name, run it there, and hand in this file: `{name}.ipynb`."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Make a class edition of the exercises.")
    parser.add_argument("--seed", required=True, help="a whole number from 1; its numbers follow from it")
    parser.add_argument("names", nargs="*", help="numbers or names of sets; default: all")
    chosen = parser.parse_args()
    seed = seed_from(chosen.seed)
    edition = Edition(seed, CLASSES / f"edition_{seed}")
    CLASSES.mkdir(mode=0o700, exist_ok=True)
    for path in masters(chosen.names):
        print(release(path, edition), flush=True)
    folder = shown(edition.folder)
    print(f"Hand out what is in {folder}/release; keep {folder}/solutions and the gradebook to yourself.")


def release(path: Path, edition: Edition) -> str:
    """Release one set and return a line that says so; exit where another state of it was handed out before."""
    set_name = edition.released_as(path.stem)
    name = edition.notebook_name(set_name)
    if set_name in edition.released():
        edition.refuse_other_questions(set_name)
    _, master = read(path)
    master = for_a_class(stamp(master), edition.seed, name)
    before = edition.read_release(set_name) if edition.path("release", set_name).exists() else None
    handed_out = student_copy(master, path.name, with_solutions=False)
    if before is not None and sources(before) != sources(handed_out):
        sys.exit(
            f"{set_name}: edition {edition.seed} was handed out with another text. Choose another SEED, or remove "
            f"{edition.folder.name} if nobody has it yet."
        )
    done = tidy(run(copy.deepcopy(master), path))
    refuse_wrong_answers(done, name)
    write(done, edition.solutions(set_name), "](../../", "](../../../")
    write(without_solution_cells(master), edition.path("source", set_name), "](../../", "](../")
    generate(edition, set_name)
    complaints = list(differences(edition, set_name, handed_out))
    if complaints:
        sys.exit("\n".join([f"{set_name}: nbgrader did not make what the course would hand out.", *complaints]))
    edition.note_release(set_name)
    points = sum(cell.metadata.nbgrader.get("points", 0) for cell in handed_out.cells)
    return f"{set_name}: {'released' if before is None else 'unchanged'}, {points} points"


def for_a_class(master: NotebookNode, seed: int, name: str) -> NotebookNode:
    """Return a master that sets its edition as it begins, and says whom it is for."""
    master = copy.deepcopy(master)
    first, imports = master.cells[0], next(cell for cell in master.cells if cell.cell_type == "code")
    if FOLDED not in first.source or IMPORT not in imports.source:
        sys.exit(f"{name}: the first cells of the master are not what a class edition is made from.")
    first.source = first.source.replace(FOLDED, TWO_HINTS) + FOR_A_CLASS.format(seed=seed, name=name)
    imports.source = f"{imports.source.replace(IMPORT, WITH_EDITION)}\n\nedition({seed})"
    return master


def without_solution_cells(master: NotebookNode) -> NotebookNode:
    """Return what nbgrader makes the release from: it takes solutions out of cells, and knows no folded ones."""
    source = copy.deepcopy(master)
    source.cells = [cell for cell in source.cells if name_of(cell).role is not Role.SOLUTION]
    for cell in source.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return source


def write(notebook: NotebookNode, path: Path, link: str, new_link: str) -> None:
    """Write a notebook with its links as they lead from where it will be read."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace(link, new_link)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(serialise(notebook))


def differences(edition: Edition, set_name: str, wanted: NotebookNode) -> list[str]:
    """Say where the release or the gradebook is not as it should be: nbgrader reports success more often than that."""
    if not edition.path("release", set_name).exists():
        return ["there is no released notebook"]
    made = edition.read_release(set_name)
    found = [] if sources(made) == sources(wanted) else ["some cells read otherwise"]
    points = {name_of(c): float(c.metadata.nbgrader.points) for c in wanted.cells if has_points(c)}
    if most_points(edition, set_name) != points:
        found.append("the gradebook has other points")
    return found


def sources(notebook: NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells]


if __name__ == "__main__":
    main()
