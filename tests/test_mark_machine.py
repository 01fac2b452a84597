"""Marks do not depend on the machine's mood: what it does costs no point, and is tried again or left open."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import mark
import psutil
import pytest
from class_edition import ClassEdition, busy_cores, hand_in
from classroom import gradebook, submissions
from classroom.isolation import Result, Settings, run_isolated
from classroom.submissions import gather
from nbformat import NotebookNode
from thorough import some_of

from course_lib import questions
from course_lib.checks import Verdict

SET, MOST = "01_compute_cost", "21"
RIGHT = 'cost = 6 * given("1.1").parameters * given("1.1").tokens\n'
FILLS = RIGHT + "import numpy\nhoard = [numpy.zeros(2**27) for _ in range(3)]"
NEEDS_MEMORY = "import numpy\nroom = numpy.zeros(2**27)\n"


@pytest.fixture(scope="module")
def edition(first_set: ClassEdition, tmp_path_factory: pytest.TempPathFactory) -> ClassEdition:
    return first_set.copied(tmp_path_factory.mktemp("class"))


def marked(edition: ClassEdition, folder: Path, **settings: Any) -> dict[str, dict[str, str]]:
    """Mark a folder and return its table, a row a student."""
    marker = mark.Marker(edition.edition, jobs=2, **settings)
    by_set = marker.by_set(mark.read_all(str(folder)), None)
    marker.mark(SET, by_set[SET])
    with (edition.edition.folder / f"marks_{SET}.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def right_source(edition: ClassEdition, name: str) -> str:
    return next(cell.source for cell in edition.solved(SET).cells if cell.id == name)


@pytest.mark.parametrize("times", [1, pytest.param(3, marks=pytest.mark.thorough)])
def test_a_class_gets_the_same_table_however_busy_the_machine_is(
    times: int, edition: ClassEdition, tmp_path: Path
) -> None:
    needs = NEEDS_MEMORY + right_source(edition, "answer-1-2")
    hand_in(tmp_path, "right", edition.solved(SET, answer_1_2="import time\ntime.sleep(1)\n" + needs))
    unlucky = {"answer_1_1": FILLS, "answer_1_2": needs, "answer_1_9": "import itertools\nsum(itertools.count())"}
    hand_in(tmp_path, "unlucky", edition.solved(SET, **unlucky))
    tables = []
    for _ in range(times):
        with busy_cores():
            tables.append(marked(edition, tmp_path, cell_seconds=1.5))
    table = tables[0]
    assert tables == [table] * times
    assert (table["right"]["points"], table["right"]["what happened"]) == (MOST, "")
    lost = {head.split()[0] for head, got in table["unlucky"].items() if got == "0"}
    assert lost == {"1.9"}
    assert table["unlucky"]["what happened"] == (
        "1.1: filled the memory; the rest was run without it; "
        "1.9: stopped after 1.5 s of computing; 1.9: there is no `share`"
    )


# What the machine did


def broken_off(times: int, seen: list[bool]) -> Callable[[NotebookNode, Settings], Result]:
    """Return a way to run a notebook that the machine breaks off so many times."""

    def run(notebook: NotebookNode, settings: Settings) -> Result:
        seen.append(settings.alone)
        if len(seen) <= times:
            return Result(notebook, problem="no space is left", again=True)
        return Result(notebook, {number: Verdict("correct", number=number) for number in questions.numbers_of(1)})

    return run


def test_what_the_machine_broke_off_is_tried_again_alone(
    edition: ClassEdition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(tmp_path, "ann", edition.solved(SET))
    seen: list[bool] = []
    monkeypatch.setattr(mark, "run_isolated", broken_off(2, seen))
    row = marked(edition, tmp_path)["ann"]
    assert (row["points"], row["what happened"]) == (MOST, "")
    assert seen == [False, True, True]


def test_what_the_machine_breaks_off_for_good_gets_no_points_and_keeps_those_that_it_had(
    edition: ClassEdition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(tmp_path, "ann", edition.solved(SET))
    with monkeypatch.context() as patch:
        patch.setattr(mark, "run_isolated", broken_off(0, []))
        assert marked(edition, tmp_path)["ann"]["points"] == MOST
    before = gradebook.look_up(edition.edition, SET, "ann")
    monkeypatch.setattr(mark, "run_isolated", broken_off(99, []))
    row = marked(edition, tmp_path)["ann"]
    assert row["what happened"] == "not marked: run again: no space is left"
    assert {got for head, got in row.items() if "(of" in head or head == "points"} == {""}
    assert gradebook.look_up(edition.edition, SET, "ann") == before
    page = edition.edition.path("feedback", SET, "ann").with_suffix(".html").read_text(encoding="utf-8")
    assert "not marked yet" in page
    assert "a person gives" not in page


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("database is locked")])
def test_results_that_cannot_be_written_are_never_given_nothing(
    error: Exception, edition: ClassEdition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any) -> None:
        raise error

    hand_in(tmp_path, "ann", edition.solved(SET))
    monkeypatch.setattr(mark, "run_isolated", broken_off(0, []))
    monkeypatch.setattr(gradebook, "enter", fail)
    row = marked(edition, tmp_path)["ann"]
    assert (row["points"], row["what happened"].partition(": what")[0]) == ("", "not marked: run again")


def test_a_folder_for_temporary_files_that_cannot_be_used_is_the_machines_doing(
    edition: ClassEdition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    result = run_isolated(edition.untouched(SET), Settings(7))
    assert result.again
    assert "FileNotFoundError" in result.problem
    with pytest.raises(SystemExit, match="Nothing was marked"):
        mark.Marker(edition.edition, jobs=1).prove_itself([SET])


KILLED = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"


@pytest.mark.skipif(os.name == "nt", reason="Windows ends no process by a signal")
def test_a_kernel_that_the_system_ends_is_blamed_on_its_cell_only_when_it_ran_alone(edition: ClassEdition) -> None:
    """As where other submissions fill the memory of the whole machine."""
    notebook, _ = submissions.restore(edition.untouched(SET), edition.solved(SET, answer_1_1=KILLED))
    first = run_isolated(notebook, Settings(7))
    assert (first.again, first.problem.endswith("the system ended its kernel")) == (True, True)
    alone = run_isolated(notebook, replace(Settings(7), alone=True))
    assert [number for number, one in alone.verdicts.items() if not one.correct] == ["1.1"]


# What is handed in


def test_a_file_that_another_program_holds_is_read_again(
    edition: ClassEdition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(tmp_path, "ann", edition.solved(SET))
    read_bytes = Path.read_bytes
    held = iter([True])

    def read(path: Path) -> bytes:
        if path.suffix == ".ipynb" and next(held, False):
            raise PermissionError(13, "Permission denied")
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", read)
    (ann,) = gather(tmp_path)
    assert (ann.again, ann.problem) == (True, "could not be read: Permission denied")
    assert submissions.read_again(ann).notebook is not None


def test_a_table_that_another_program_holds_is_named(
    edition: ClassEdition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any) -> None:
        raise PermissionError(13, "Permission denied")

    hand_in(tmp_path, "ann", edition.solved(SET))
    monkeypatch.setattr(mark, "run_isolated", broken_off(0, []))
    monkeypatch.setattr("classroom.feedback.write_table", fail)
    with pytest.raises(SystemExit, match=f"marks_{SET}.csv could not be written: Permission denied. Is it open"):
        marked(edition, tmp_path)


def test_a_class_of_a_thousand_is_read(edition: ClassEdition, tmp_path: Path) -> None:
    content = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    for number in range(1000):
        (tmp_path / f"student {number:03d}.IPYNB").write_bytes(content)
    assert [one.student for one in gather(tmp_path)] == [f"student {number:03d}" for number in range(1000)]


# An interrupt

MARKING = """
import mark
from pathlib import Path
from classroom.editions import Edition
mark.find_edition = lambda seed: Edition(7, Path({folder!r}))
mark.Marker.prove_itself = lambda marker, names: None
mark.main()
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no interrupt to one process")
@pytest.mark.parametrize("end", some_of(["SIGINT", "SIGHUP", "SIGKILL"], "SIGINT"))
def test_an_interrupt_leaves_nothing_running(end: str, edition: ClassEdition, tmp_path: Path) -> None:
    hand_in(tmp_path / "class", "sleeps", edition.solved(SET, answer_1_1="import time\ntime.sleep(1e6)"))
    temporary = Path(tempfile.mkdtemp(prefix="m"))  # short: sockets lie in it
    command = [sys.executable, "-c", MARKING.format(folder=str(edition.edition.folder))]
    tools = Path(mark.__file__).parent
    environment = os.environ | {"TMPDIR": str(temporary), "PYTHONPATH": str(tools)}
    with subprocess.Popen(
        [*command, "--submissions", str(tmp_path / "class"), "--jobs", "3"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as marking:
        while not (kernels := [*temporary.glob("*/kernel.pid")]) or not kernels[0].read_text():
            assert marking.poll() is None
            time.sleep(0.1)
        started = psutil.Process(marking.pid).children(recursive=True)
        marking.send_signal(getattr(signal, end))
        said = marking.stderr.read() if marking.stderr else ""
    psutil.wait_procs(started)
    assert not any(one.is_running() for one in started)
    if end != "SIGKILL":
        assert said.strip() == "Interrupted: the same command again marks everybody."
        assert list(temporary.iterdir()) == []
    shutil.rmtree(temporary)
