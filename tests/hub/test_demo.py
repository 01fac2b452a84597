"""The hub on one machine: it starts, students come in and work, and nothing is left when it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from classroom import hub
from classroom.environment import ROOT
from classroom.hub_client import Refused, Student

from hub.faulty import EXERCISE, LESSON, course_of

LogIn = Callable[[str], Student]


@contextmanager
def demo(state: Path, port: int) -> Iterator[tuple[psutil.Popen, str, str]]:
    """Run `make hub-demo` in a folder of its own, and give its process, its address and its password."""
    command = [sys.executable, str(ROOT / "tools" / "hub_demo.py"), "--port", str(port)]
    with psutil.Popen(
        command, env=os.environ | {"COURSE_HUB_STATE": str(state)}, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            said = process.stdout.readline() + process.stdout.readline()
            address, password = re.search(r"http://\S+", said)[0], said.split()[-1]
            hub.wait_until_it_answers(address, process)
            yield process, address, password
        finally:
            hub.end([process, *hub.started_for(state)])


def test_nothing_that_the_class_is_told_is_unknown_to_the_hub(running: hub.Hub) -> None:
    assert "not recognized" not in running.said()


def test_a_student_works_in_the_course_and_only_the_own_home_changes(running: hub.Hub, log_in: LogIn) -> None:
    ada = log_in("ada")
    notebook = ada.read(EXERCISE)
    notebook["cells"][0]["source"] = "mine"
    ada.save(EXERCISE, notebook)
    lesson = ada.read(LESSON)
    ada.save(LESSON, lesson)
    own = course_of(running, "ada")
    assert (own / "my_exercises" / "01_compute_cost.ipynb").exists()
    assert (own / "my_lessons" / "01_compute_cost.ipynb").exists()
    assert ada.read(EXERCISE)["cells"][0]["source"] == "mine"
    assert "mine" not in (ROOT / EXERCISE).read_text("utf-8").splitlines()
    assert log_in("emmy").read(EXERCISE)["cells"][0]["source"] != "mine"


def test_what_a_student_has_and_writes_is_closed_to_others(running: hub.Hub, log_in: LogIn) -> None:
    ada = log_in("ada")
    ada.save("mine.ipynb", ada.read(EXERCISE))
    own = course_of(running, "ada")
    for place in (own, own / "mine.ipynb", own / "my_exercises"):
        assert place.stat().st_mode & 0o077 == 0, place


def test_a_kernel_runs_the_course_and_predictions_are_kept_at_home(running: hub.Hub, log_in: LogIn) -> None:
    kernel = log_in("ada").kernel(LESSON)
    assert kernel.ask("from course_lib import compute_cost; print(compute_cost.training_flop(1, 1))") == "6.0\n"
    assert kernel.ask("from course_lib.predictions import kept; print(kept.note('1a', 0), kept.place())") == (
        f"True {course_of(running, 'ada') / 'my_exercises' / 'predictions.json'}\n"
    )
    transport = "from ipykernel.kernelapp import IPKernelApp; print(IPKernelApp.instance().transport)"
    assert kernel.ask(transport) == "ipc\n"


def test_no_student_opens_anothers_server(running: hub.Hub, log_in: LogIn) -> None:
    log_in("emmy")
    ada = log_in("ada")
    ada.server = ada.server.replace("ada", "emmy")
    with pytest.raises(Refused, match=r": 40[34] "):
        ada.api("GET", "contents")


def test_nobody_else_comes_in(running: hub.Hub) -> None:
    for name, password in (("ada", "wrong"), ("eve", running.variables["COURSE_HUB_PASSWORD"])):
        with pytest.raises(Refused, match=f"{name} was not let in: 403"):
            Student(running.url, name, password)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGHUP])
def test_the_demo_opens_the_first_lesson_and_ends_with_all_it_started(tmp_path: Path, stop: signal.Signals) -> None:
    with demo(tmp_path, hub.free_ports(1)[0]) as (process, address, password):
        ada = Student(address, "ada", password)
        ada.open_server()
        landed = ada.session.get(f"{address}/hub/user-redirect/", timeout=60).url
        assert landed.endswith("/user/ada/lab/tree/notebooks/00_start_here.ipynb")
        family = process.children(recursive=True)
        assert len(family) >= 2  # the proxy and a student's server
        process.send_signal(stop)
        process.wait(hub.END_SECONDS)
        _, left = psutil.wait_procs(family, timeout=hub.END_SECONDS)
        assert not left


def test_a_demo_that_was_killed_is_tidied_up_by_the_next(tmp_path: Path) -> None:
    """The next one wants the port that the proxy of the first still has."""
    port = hub.free_ports(1)[0]
    with demo(tmp_path, port) as (killed, address, password):
        Student(address, "ada", password).open_server()
        proxy = psutil.Process(int((tmp_path / "proxy.pid").read_text()))
        killed.kill()
        killed.wait()
        assert proxy.is_running()
        with demo(tmp_path, port) as (process, address, password):
            assert not proxy.is_running()
            Student(address, "ada", password).open_server()
            process.send_signal(signal.SIGINT)
            process.wait(hub.END_SECONDS)
