"""How long it takes to mark a class, with its target in brackets, and beside one plain run of the same notebook.

    python benchmarks/bench_marking.py [--students 40] [--jobs 2] [--times 20]   (with tools and tests on the path)

The class is of one set; every fourth student leaves the last question open, and every tenth hands in an endless loop.
Then ten of them are marked so many times while every core of the machine is busy, and must get the same table.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

import mark
from class_edition import ROOT, ClassEdition, busy_cores, hand_in, released
from classroom.notebooks import execute

SET = "01_compute_cost"
MOST_SECONDS = 300
MARKED_OFTEN = 10


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how long it takes to mark a class.")
    parser.add_argument("--students", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--times", type=int, default=20)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-marking-") as name:
        edition = released(Path(name), SET)
        submissions = Path(name) / "submissions"
        hand_in_a_class(edition, submissions, chosen.students)
        started = time.perf_counter()
        table_of(edition, submissions, chosen.jobs)
        seconds = time.perf_counter() - started
        plain = median(seconds_of_a_plain_run(edition) for _ in range(3))
        small = Path(name) / "small"
        hand_in_a_class(edition, small, MARKED_OFTEN)
        wanted = table_of(edition, small, chosen.jobs)
        with busy_cores():
            same = sum(table_of(edition, small, chosen.jobs) == wanted for _ in range(chosen.times))
    each = seconds / chosen.students
    missed = "" if seconds < MOST_SECONDS else "  MISSED"
    print(f"{chosen.students} submissions, {chosen.jobs} at once: {seconds:.0f} s [< {MOST_SECONDS} s]{missed}")
    print(f"  {each:.1f} s a submission, {each / plain:.2f} times one plain run of the notebook ({plain:.1f} s)")
    missed = "" if same == chosen.times else "  MISSED"
    print(f"  marked again with every core busy: {same} of {chosen.times} tables are the same [all]{missed}")


def table_of(edition: ClassEdition, folder: Path, jobs: int) -> bytes:
    """Mark a folder, as `make mark` does, and return the table."""
    marker = mark.Marker(edition.edition, jobs)
    by_set = marker.by_set(mark.read_all(str(folder)), None)
    marker.prove_itself(list(by_set))
    marker.mark(SET, by_set[SET])
    return (edition.edition.folder / f"marks_{SET}.csv").read_bytes()


def hand_in_a_class(edition: ClassEdition, folder: Path, students: int) -> None:
    for number in range(students):
        instead = {"answer_1_9": "share = ..."} if number % 4 == 3 else {}
        instead |= {"answer_1_1": "while True:\n    pass"} if number % 10 == 9 else {}
        hand_in(folder, f"student {number:02d}", edition.solved(SET, **instead))


def seconds_of_a_plain_run(edition: ClassEdition) -> float:
    notebook = edition.solved(SET)
    started = time.perf_counter()
    execute(notebook, ROOT)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
