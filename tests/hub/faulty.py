"""What the tests of faults share: a hub whose servers outlive it, its processes, a small disk, waiting for events."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from classroom import hub
from classroom.hub_client import READY_SECONDS, Kernel, Refused, Student
from websocket import WebSocketException

from hub.conftest import PASSWORD, STUDENTS

CONFIG = Path(__file__).with_name("faults_config.py")
LESSON, EXERCISE = "notebooks/01_compute_cost.ipynb", "exercises/01_compute_cost.ipynb"
AWAY = (Refused, requests.ConnectionError)
"""What a page gets from a hub, a proxy or a server that is not there."""

ASK_AGAIN = 10.0
"""After how many seconds without an answer one asks again."""
TRIES, NO_PORT = 5, "no available port could be found"


@contextmanager
def class_hub(state: Path, demo: Path = hub.DEMO) -> Iterator[hub.Hub]:
    """Run a hub whose servers go on when it ends, as a class's do; at the end of the test they end too."""
    try:
        with hub.Hub(hub.surroundings(state, STUDENTS, PASSWORD) | {"COURSE_HUB_DEMO": str(demo)}, CONFIG) as one:
            try:
                yield one
            finally:
                if one.process.poll() is None:
                    one.kill()
    finally:
        remove_what_killed_servers_left(state)


def remove_what_killed_servers_left(state: Path) -> None:
    """Remove the folders of servers, and of their kernels' lines, that could not do so."""
    for about in Path(tempfile.gettempdir()).glob("server-*/jpserver-*.json"):
        with suppress(OSError, ValueError):
            if state in Path(json.loads(about.read_text(encoding="utf-8"))["root_dir"]).parents:
                for kernel in about.parent.glob("kernel-*.json"):
                    shutil.rmtree(Path(json.loads(kernel.read_text(encoding="utf-8"))["ip"]).parent, ignore_errors=True)
                shutil.rmtree(about.parent)


def comes_in(running: hub.Hub, name: str = "ada") -> Student:
    student = Student(running.url, name, PASSWORD)
    opens_server(running, student)
    return student


def opens_server(running: hub.Hub, student: Student) -> None:
    """Have a server started, and again where another program took the port that the hub had chosen for it."""
    for _ in range(TRIES):
        lost = running.said().count(NO_PORT)
        with suppress(Refused):
            return student.open_server()
        if running.said().count(NO_PORT) == lost:
            break
    raise AssertionError(f"{student.name} got no server:\n{running.said()[-5000:]}")


def server_of(running: hub.Hub, name: str = "ada") -> psutil.Process:
    """Return the process that is a student's server."""
    found = [one for one in running.family() if is_server_of(one, name)]
    assert len(found) == 1
    return found[0]


def is_server_of(process: psutil.Process, name: str) -> bool:
    with suppress(psutil.Error):
        return Path(process.environ().get("HOME", "")).name == name and any(
            word.endswith("serve_on_hub.py") for word in process.cmdline()
        )
    return False


def kernels_of(server: psutil.Process) -> list[psutil.Process]:
    return [
        one
        for one in server.children(recursive=True)
        if any("kernel" in word and word.endswith(".json") for word in one.cmdline())
    ]


def happens(event: Callable[[], Any]) -> Any:
    """Wait until something is so, and return it; a page that gets nothing asks again."""
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        with suppress(*AWAY):
            if there := event():
                return there
        time.sleep(0.05)
    raise AssertionError("it never happened")


def asked_until_it_answers(student: Student, kernel: Kernel, code: str) -> str:
    """Return what a kernel prints; a page whose line broke opens it again, and what was on its way is asked anew."""

    def said() -> str:
        try:
            kernel.line.settimeout(ASK_AGAIN)
            return kernel.ask(code)
        except (OSError, Refused, WebSocketException):
            with suppress(OSError, WebSocketException):
                kernel.line = student.connect(kernel.name, kernel.session)
            return ""

    return str(happens(said))


def answer(student: Student, words: str, path: str = EXERCISE) -> None:
    """Open a notebook, write into its first cell, and save it."""
    notebook = student.read(path)
    notebook["cells"][0]["source"] = words
    student.save(path, notebook)


def answered(student: Student, path: str = EXERCISE) -> str:
    """Return what the first cell of a notebook says, as a page opens it."""
    return str(student.read(path)["cells"][0]["source"])


def refusal(student: Student) -> str:
    """Return what a page reads when it asks for a notebook and gets none; nothing where it gets it."""
    try:
        student.read(EXERCISE)
    except AWAY as error:
        time.sleep(0.05)
        return str(error)
    return ""


def course_of(running: hub.Hub, name: str = "ada") -> Path:
    return running.state / "homes" / name / "training-cost-course"


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[Path]:
    """Put a disk of a few megabytes at a place; only root can."""
    place.mkdir(parents=True, exist_ok=True)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], capture_output=True)
    if made.returncode != 0:
        pytest.skip("a disk that can be filled is a mount, which this account may not make")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Leave no room on a disk for a while."""
    ballast = disk / "ballast"
    try:
        with ballast.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))
        yield
    finally:
        ballast.unlink()
