"""The load: a small class comes, works and is gone; nobody fails, and a student takes no more memory than is said."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import load
import psutil
import pytest
from classroom import hub, hub_visit
from classroom.environment import ROOT, venv_python

LOAD = [str(venv_python(ROOT, hub.VENV.name)), str(ROOT / "tools" / "load.py")]
MOST_MEGABYTES = 220
"""A server and the kernels of a lesson and of exercises take 193 to 196 at three students; with the hub's database 33
more."""


def test_three_students_work_and_nobody_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_visit, "PAUSE_SECONDS", 0.0)
    seen = load.load(3)
    assert seen.failed == []
    assert len(seen.ready) == 3
    assert len(seen.moves) == 3 * hub_visit.MOVES
    assert len(seen.verdicts) == 3 * hub_visit.CHECKS
    assert 60 < sum(seen.memory[role] for role in load.OF_A_STUDENT) / 1e6 < MOST_MEGABYTES
    assert all(seen.processor[role] > 0 for role in ("hub", "proxy", "server", "lesson"))


@pytest.mark.whole_hub
def test_whoever_gets_no_verdict_has_failed_and_the_load_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_visit, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(hub_visit, "ANSWER", (*hub_visit.ANSWER, "sizes = [0, 0, 0, 0]"))
    seen = load.load(1, started=True)
    assert len(seen.moves) == hub_visit.MOVES
    assert len(seen.failed) == 1
    assert seen.failed[0].startswith("student-1, answer the exercise: Refused: check")


@pytest.mark.whole_hub
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_load_that_is_stopped_ends_all_that_it_started(tmp_path: Path, stop: signal.Signals) -> None:
    variables = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen([*LOAD, "2"], env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as loading:
        family: set[psutil.Process] = set()
        try:
            end = time.monotonic() + hub.START_SECONDS
            while not any(is_server(process) for process in family) and time.monotonic() < end:
                family |= set(psutil.Process(loading.pid).children(recursive=True))
                time.sleep(0.1)
            assert any(is_server(process) for process in family)
            loading.send_signal(stop)
            loading.wait(hub.END_SECONDS)
            _, left = psutil.wait_procs(family, timeout=hub.END_SECONDS)
            assert not left
            assert loading.returncode != 0
        finally:
            loading.kill()
            hub.end(family)


def is_server(process: psutil.Process) -> bool:
    try:
        return "serve_on_hub.py" in " ".join(process.cmdline())
    except psutil.Error:
        return False


@pytest.mark.parametrize("wrong", [[], ["0"], ["three"], ["5", "-1"], ["201"]])
def test_a_number_that_is_none_is_refused_in_a_sentence(wrong: list[str]) -> None:
    with pytest.raises(SystemExit, match=r"^Say how many students are to come, 1 to 200, as in STUDENTS=20 or"):
        load.wanted(wrong)


def test_of_some_times_so_many_percent_took_no_longer() -> None:
    assert load.milliseconds([0.001 * one for one in range(1, 101)], 95) == "95"
    assert load.milliseconds([0.007], 50) == load.milliseconds([0.007], 95) == "7"
    assert load.milliseconds([], 95) == "-"


def test_the_page_extrapolates_as_it_says_from_what_was_measured() -> None:
    page = (hub.CLASS.parent / "LOAD.md").read_text(encoding="utf-8")
    measured = [line.strip("| ").split(" | ") for line in page.splitlines() if re.match(r"\| \d+ \| 0 \|", line)]
    largest, started = measured[-2:]
    megabytes = int(largest[2])
    cold, warm = (round(sum(map(float, row[12:16])), 1) for row in (largest, started))
    assert (
        f"`60 s x processors / {cold:g} s`, the same with {warm:g} s, and `(0.8 x memory - 0.5 GB) / {megabytes} MB`"
        in page
    )
    rows = re.findall(r"^\| (\d+) processors, (\d+) GB \| (\d+) \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    assert rows
    for processors, gigabytes, *students in (map(int, row) for row in rows):
        in_memory = (0.8 * gigabytes * 1000 - 500) / megabytes
        assert students == [int(60 * processors / cold), int(60 * processors / warm), int(in_memory)]
