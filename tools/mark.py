"""Mark a folder of submissions: `mark.py --submissions FOLDER [--seed SEED] [--set NAME] [--jobs N]`.

Writes, beside the edition that was released, a table of points a set and a page of feedback a student. First it marks
the masters and the untouched notebooks, and refuses to go on where these do not get what they must: an environment
that lacks something would give a whole class nothing. Then every submission is read, before the code of any is run;
each runs in a process, a folder and a kernel of its own (`classroom/`), and what goes wrong there costs its own author
only. What the machine did is tried again, one at a time, and then left open, never given nothing. At the end the points
are looked up in the gradebook. Marking again keeps the points that a person gave.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

try:
    import nbformat
    from classroom import feedback, gradebook
    from classroom.cells import CellName, has_points, name_in, name_of
    from classroom.editions import Edition, find_edition, shown
    from classroom.isolation import CELL_SECONDS, SECONDS, Result, Settings, run_isolated
    from classroom.notebooks import serialise
    from classroom.server import end_as_by_ctrl_c
    from classroom.sets import find_set
    from classroom.submissions import FOREIGN, Submission, gather, read_again, restore, set_of, worth_a_look
    from nbformat import NotebookNode
except ModuleNotFoundError as missing:
    sys.exit(f"Nothing was marked: this Python has no {missing.name}. `make mark` installs what marking needs.")

Key = TypeVar("Key")
MOST_TRIES = 3
"""How often a submission is run, in all, that the machine keeps from being marked."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Mark a folder of submissions.")
    parser.add_argument("--submissions", required=True, help="a folder: one file or one folder a student")
    parser.add_argument("--seed", help="the class edition; needed where several were released")
    parser.add_argument("--set", help="its number or its name; default: by what is in each notebook")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many to mark at once")
    chosen = parser.parse_args()
    end_as_by_ctrl_c()
    started = time.perf_counter()
    handed_in = read_all(chosen.submissions)
    marker = Marker(find_edition(chosen.seed), jobs=max(1, chosen.jobs))
    by_set = marker.by_set(handed_in, chosen.set)
    try:
        marker.prove_itself(list(by_set))
        for set_name, submissions in by_set.items():
            print(marker.mark(set_name, submissions), flush=True)
    except KeyboardInterrupt:
        sys.exit("\nInterrupted: the same command again marks everybody.")
    seconds = time.perf_counter() - started
    print(f"{len(handed_in)} submissions in {seconds:.0f} s, {seconds / len(handed_in):.1f} s each.")
    if marker.left_open:
        sys.exit(f"Not marked, by no fault of theirs: {', '.join(marker.left_open)}. Run the same command again.")


def read_all(name: str) -> list[Submission]:
    """Return what lies in the folder of that name; exit where it is none, or empty."""
    folder = Path(name).expanduser()
    if not name or not folder.is_dir():
        sys.exit(
            "SUBMISSIONS is a folder with one file or one folder a student, as in SUBMISSIONS=submissions; "
            f"there is no folder {name!r}."
        )
    return gather(folder) or sys.exit(f"Nothing was marked: there is no submission in {folder}.")


class Marker:
    """Marks submissions of one class edition."""

    def __init__(
        self, edition: Edition, jobs: int, cell_seconds: float = CELL_SECONDS, seconds: float = SECONDS
    ) -> None:
        self.edition, self.jobs = edition, jobs
        self.settings = Settings(edition.seed, cell_seconds, seconds)
        self.left_open: list[str] = []

    def by_set(self, handed_in: Sequence[Submission], wanted: str | None) -> dict[str, list[Submission]]:
        """Return the submissions of each set, one a student; who handed in nothing of any set is in each of them."""
        releases = {name: self.edition.read_release(name) for name in sorted(self.edition.released())}
        asked_for = find_set(wanted, releases) if wanted is not None else None
        if not releases or (wanted is not None and asked_for is None):
            sys.exit(f"No set {wanted!r} was released in edition {self.edition.seed}; there is {', '.join(releases)}.")
        found: dict[str | None, list[Submission]] = defaultdict(list)
        for one in handed_in:
            set_name = set_of(one, releases)
            found[set_name].append(one if set_name or one.problem else replace(one, notebook=None, problem=FOREIGN))
        marked = [asked_for] if asked_for else [name for name in releases if found[name]]
        if not marked:
            sys.exit(f"Nothing was marked: no submission is of a set of edition {self.edition.seed}.")
        return {name: one_a_student([*found[name], *found[None]]) for name in marked}

    def prove_itself(self, set_names: Sequence[str]) -> None:
        """Exit, with nothing marked, where a master does not get all points here, or an untouched notebook gets any."""
        jobs: dict[tuple[str, str], NotebookNode] = {}
        for name in set_names:
            self.edition.refuse_other_questions(name)
            release = self.edition.read_release(name)
            solved, _ = restore(release, nbformat.read(self.edition.solutions(name), as_version=4))
            untouched, _ = restore(release, release)
            jobs |= {(name, "the master"): solved, (name, "an untouched notebook"): untouched}
        for (name, which), result in self.run_all(jobs):
            unlike = [one for one in result.verdicts.values() if one.correct != (which == "the master")]
            if result.problem or unlike or not result.verdicts:
                why = result.problem or (str(unlike[0]) if unlike else "it has no verdict")
                sys.exit(f"Nothing was marked: {which} of {name} is not marked as it must be here: {why}")

    def run_all(self, notebooks: Mapping[Key, NotebookNode]) -> Iterator[tuple[Key, Result]]:
        """Run several notebooks at once and yield what became of each, as they come.

        What the machine kept from being marked comes last: it is run again when no other is.
        """
        broken_off: list[Key] = []
        with ThreadPoolExecutor(self.jobs) as pool:
            running = {pool.submit(run_isolated, notebook, self.settings): key for key, notebook in notebooks.items()}
            try:
                for future in as_completed(running):
                    key, result = running.pop(future), future.result()
                    if result.again:
                        broken_off.append(key)
                    else:
                        yield key, result
            except BaseException:
                self.settings.stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        for key in broken_off:
            for _ in range(MOST_TRIES - 1):
                result = run_isolated(notebooks[key], replace(self.settings, alone=True))
                if not result.again:
                    break
            yield key, result

    def mark(self, set_name: str, submissions: Sequence[Submission]) -> str:
        """Mark one set and return a line that says where the points are."""
        release = self.edition.read_release(set_name)
        results: dict[str, Result] = {}
        to_run: dict[str, NotebookNode] = {}
        for one in map(read_again, submissions):
            if one.notebook is None:
                results[one.student] = Result(release, problem=one.problem, again=one.again)
                continue
            notebook, amiss = restore(release, one.notebook)
            amiss += [*filter(None, [one.remark]), *self.other_edition(one.notebook), *worth_a_look(notebook)]
            results[one.student], to_run[one.student] = Result(notebook, happened=amiss), notebook
        for at, (student, result) in enumerate(self.run_all(to_run), start=1):
            result.happened = results[student].happened + result.happened
            results[student] = result
            said = result.problem or f"{sum(one.correct for one in result.verdicts.values())} answers are right"
            print(f"  {at} of {len(to_run)}: {student}: {said}", flush=True)
        reports = [self.concluded(set_name, one, results[one.student], release) for one in submissions]
        table = self.edition.folder / f"marks_{set_name}.csv"
        try:
            feedback.write_table(table, reports)
        except OSError as error:
            sys.exit(f"{shown(table)} could not be written: {error.strerror}. Is it open elsewhere? Then mark again.")
        return f"{set_name}: {len(reports)} students in {shown(table)}; feedback in {shown(table.parent / 'feedback')}"

    def other_edition(self, submitted: NotebookNode) -> list[str]:
        """Say where a notebook was not written in this edition, so that its typed numbers may be others."""
        line = f"edition({self.edition.seed})"
        if any(line in cell.source for cell in submitted.cells if cell.get("cell_type") == "code"):
            return []
        return [f"written in another edition; marked as edition {self.edition.seed}"]

    def concluded(self, set_name: str, one: Submission, result: Result, release: NotebookNode) -> feedback.Report:
        """Conclude a submission; where that is impossible, it is left open and holds up nobody else."""
        if not result.again:
            try:
                return self.conclude(set_name, one, result, release)
            except Exception as error:  # of any kind: whatever a page or the gradebook stumbles over
                words = " ".join(str(error).split())[:200]
                result = Result(release, problem=f"what came of it could not be written: {words}", again=True)
        return self.leave_open(set_name, one.student, result, release)

    def leave_open(self, set_name: str, student: str, result: Result, release: NotebookNode) -> feedback.Report:
        """Say that a submission is still to be marked, and leave the gradebook as it is."""
        self.left_open.append(student)
        points = {
            name_of(cell): gradebook.Points(None, float(cell.metadata.nbgrader.points))
            for cell in filter(has_points, release.cells)
        }
        words = f"not marked: run again: {result.problem}"
        about = feedback.Report(student, set_name, self.edition.seed, points, {}, (words,), marked=False)
        with contextlib.suppress(OSError):  # it stands in the table too
            write(self.page(set_name, student), feedback.page_of(about).encode())
        return about

    def page(self, set_name: str, student: str) -> Path:
        return self.edition.path("feedback", set_name, student).with_suffix(".html")

    def conclude(self, set_name: str, one: Submission, result: Result, release: NotebookNode) -> feedback.Report:
        """Enter what became of a submission, look it up again, and write what the student and a person read."""
        student = one.student
        points, anew = self.points(set_name, student, result, release)
        marked = self.edition.path("autograded", set_name, student)
        if result.problem:
            marked.unlink(missing_ok=True)
        else:
            write(marked, serialise(result.notebook))
        gradebook.enter(self.edition, set_name, student, points, anew)
        entered = gradebook.look_up(self.edition, set_name, student)
        if {name: part.auto for name, part in entered.items()} != points:
            sys.exit(f"{set_name}, {student}: the gradebook does not hold the points that were entered.")
        happened = [f"not marked: {result.problem}"] if result.problem else result.happened
        about = feedback.Report(
            student,
            set_name,
            self.edition.seed,
            {name: entered[name] for name in points},
            result.verdicts,
            tuple(happened),
            None if result.problem else result.notebook,
        )
        page = self.page(set_name, student)
        write(page, feedback.page_of(about).encode())
        for name, content in one.beside:
            write(marked.with_name(name), content)
            write(page.with_name(name), content)
        return about

    def points(
        self, set_name: str, student: str, result: Result, release: NotebookNode
    ) -> tuple[dict[CellName, float | None], set[CellName]]:
        """Return the points of each graded cell, None for a person to give, and which of those have new words."""
        points: dict[CellName, float | None] = {}
        anew: set[CellName] = set()
        now, before = words_in(result.notebook), self.words_marked_before(set_name, student)
        for cell in filter(has_points, release.cells):
            name = name_of(cell)
            if result.problem:
                points[name] = 0.0
            elif name.is_answer:
                untouched = now[name].strip() == cell.source.strip()
                points[name] = 0.0 if untouched else None
                if now[name] != before.get(name):
                    anew.add(name)
            else:
                right = name.number in result.verdicts and result.verdicts[name.number].correct
                points[name] = float(cell.metadata.nbgrader.points) if right else 0.0
        return points, anew

    def words_marked_before(self, set_name: str, student: str) -> dict[CellName, str]:
        """Return the answers in words that a person may have read already."""
        marked = self.edition.path("autograded", set_name, student)
        return words_in(nbformat.read(marked, as_version=4)) if marked.exists() else {}


def words_in(notebook: NotebookNode) -> dict[CellName, str]:
    """Return the answers in words of a restored notebook."""
    cells = {name_in(cell): cell.source for cell in notebook.cells if cell.cell_type == "markdown"}
    return {name: words for name, words in cells.items() if name and name.is_answer}


def one_a_student(submissions: Sequence[Submission]) -> list[Submission]:
    """Return one submission a student: of several, the one that was changed last, and readable before unreadable."""
    of_each: dict[str, list[Submission]] = defaultdict(list)
    for one in submissions:
        of_each[one.student].append(one)
    return [the_last(several) for several in of_each.values()]


def the_last(several: Sequence[Submission]) -> Submission:
    last = max(several, key=lambda one: (not one.problem, one.changed))
    words = f"handed in {len(several)} notebooks: the one changed last was marked"
    return replace(last, remark="; ".join(filter(None, [words, last.remark]))) if len(several) > 1 else last


def write(path: Path, content: bytes) -> None:
    """Write a file anew, whole or not at all, in folders that are made as needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    part.write_bytes(content)
    part.replace(path)


if __name__ == "__main__":
    main()
