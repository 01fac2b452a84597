"""Make the exercises: `make_exercises.py [--check] [NAME ...]`, NAME being such as 01 or compute_cost (default: all).

The master `exercises/solutions/NN_topic.ipynb` is the only source. It is brought into nbgrader's source format: every
cell gets its grade id, points and locks from what is in it, and every question its badge. Then it is run. From it
comes the student's copy `exercises/NN_topic.ipynb`: answers give way to stubs, solutions stand folded, and that is run
too. `--check` runs nothing, writes nothing, and fails where the sources of the two have drifted apart.
"""

from __future__ import annotations

import argparse
import copy
import sys
from pathlib import Path

from classroom.cells import name_of
from classroom.master import masters, refuse_wrong_answers, run, stamp
from classroom.notebooks import read, serialise, tidy
from classroom.student_copy import student_copy
from nbformat import NotebookNode


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the students' exercises from the masters.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a student's copy has drifted")
    parser.add_argument("names", nargs="*", help="numbers or names of sets; default: all")
    chosen = parser.parse_args()
    drifted = []
    for path in masters(chosen.names):
        if chosen.check:
            drifted += drift(path)
        else:
            make(path)
    if drifted:
        sys.exit("\n".join([*drifted, "Run `make exercises`."]))


def make(path: Path) -> None:
    """Bring one master into format, run it, and write the student's copy from it, run as well."""
    _, master = read(path)
    run_and_write(stamp(master), path)
    refuse_wrong_answers(master, path.name)
    run_and_write(student_copy(master, path.name), path.parent.parent / path.name)


def run_and_write(notebook: NotebookNode, path: Path) -> None:
    """Run a notebook, in place, and write it where it differs from what is there."""
    content = serialise(tidy(run(notebook, path)))
    differs = not path.exists() or path.read_bytes() != content
    if differs:
        path.write_bytes(content)
    print(f"{path.parent.name}/{path.name}: {'rewritten' if differs else 'unchanged'}", flush=True)


def drift(path: Path) -> list[str]:
    """Say how one master's own format and its student's copy differ from what `make exercises` would write."""
    _, master = read(path)
    wanted = stamp(copy.deepcopy(master))
    complaints = [f"{path.name}, the master: {one}" for one in differences(master, wanted)]
    copy_path = path.parent.parent / path.name
    if not copy_path.exists():
        return [*complaints, f"{path.name} has no student's copy"]
    _, there = read(copy_path)
    return complaints + [
        f"{path.name}, the student's copy: {one}" for one in differences(there, student_copy(wanted, path.name))
    ]


def differences(there: NotebookNode, wanted: NotebookNode) -> list[str]:
    """Say which cells differ in source, kind or metadata; outputs are nbval's business."""
    if len(there.cells) != len(wanted.cells):
        return [f"{len(there.cells)} cells, and should have {len(wanted.cells)}"]
    return [
        f"cell {number} ({name_of(new)}) has another {part}"
        for number, (old, new) in enumerate(zip(there.cells, wanted.cells, strict=True))
        for part in ("cell_type", "source", "metadata", "id")
        if old[part] != new[part]
    ]


if __name__ == "__main__":
    main()
