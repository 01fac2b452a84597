"""A small class for the tests of `make release` and `make mark`: one edition in a temporary folder, and submissions."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
import nbgrader.api
import release
from classroom.cells import CellName, name_of
from classroom.editions import Edition
from classroom.master import MASTERS
from classroom.student_copy import solution_of
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
SEED = 7

# For each new gradebook nbgrader starts a program that takes seconds to say of which version nbgrader's own files are.
nbgrader.api.get_alembic_version = cache(nbgrader.api.get_alembic_version)


def released(folder: Path, *set_names: str) -> ClassEdition:
    """Release sets into a folder, as `make release` does."""
    edition = Edition(SEED, folder / f"edition_{SEED}")
    for name in set_names:
        release.release(MASTERS / f"{name}.ipynb", edition)
    return ClassEdition(edition)


@dataclass
class ClassEdition:
    """A released edition, and notebooks as students hand them in."""

    edition: Edition

    def copied(self, folder: Path) -> ClassEdition:
        """Return the same edition in another folder, to be marked there."""
        return ClassEdition(Edition(SEED, Path(shutil.copytree(self.edition.folder, folder / f"edition_{SEED}"))))

    def untouched(self, set_name: str) -> NotebookNode:
        return self.edition.read_release(set_name)

    def solved(self, set_name: str, **instead: str) -> NotebookNode:
        """Return a notebook with every answer right, but for cells such as `answer_1_1` that read otherwise."""
        master = nbformat.read(self.edition.solutions(set_name), as_version=4)
        right = {name_of(cell): solution_of(cell.source) for cell in master.cells}
        changed = {CellName.parse(name.replace("_", "-")): source for name, source in instead.items()}
        notebook = self.untouched(set_name)
        for cell in notebook.cells:
            name = name_of(cell)
            if name in changed or name.is_answer:
                cell.source = changed.get(name, right[name])
        return notebook


def cell_called(notebook: NotebookNode, name: str) -> NotebookNode:
    return next(cell for cell in notebook.cells if name_of(cell) == CellName.parse(name))


def hand_in(folder: Path, student: str, content: NotebookNode | bytes, name: str = "01_compute_cost_edition_7") -> Path:
    """Write what a student hands in."""
    path = folder / student / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else nbformat.writes(content).encode())
    return path


@contextlib.contextmanager
def busy_cores(loops_a_core: int = 2) -> Iterator[None]:
    """Keep every core of the machine busy with something else meanwhile."""
    command = [sys.executable, "-c", "while True: pass"]
    loops = [subprocess.Popen(command) for _ in range(loops_a_core * (os.cpu_count() or 1))]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
        for loop in loops:
            loop.wait()
