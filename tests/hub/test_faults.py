"""Whatever ends on a hub, what the server has said it saved is there, and the student is told what happened."""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import psutil
import pytest
import requests
from classroom import hub
from classroom.hub_client import Kernel, Refused, Student
from classroom.submissions import parse_or_kept
from websocket import WebSocketConnectionClosedException

from hub.faulty import (
    AWAY,
    EXERCISE,
    LESSON,
    answer,
    answered,
    asked_until_it_answers,
    class_hub,
    comes_in,
    course_of,
    happens,
    kernels_of,
    opens_server,
    refusal,
    server_of,
)

LogIn = Callable[[str], Student]
V1, V2 = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")
NO_SWAP = {"memory.memsw.limit_in_bytes": "400M", "memory.swap.max": "0"}
"""Where a machine has swap, a limit of memory alone is none: the rest goes there."""


def says(kernel: Kernel, state: str) -> None:
    """Wait until a page reads that a kernel is in a state."""
    while json.loads(kernel.receive().content).get("execution_state") != state:
        pass


# A kernel


def test_a_kernel_that_is_killed_is_said_to_restart_and_costs_what_it_held_alone(
    running: hub.Hub, log_in: LogIn
) -> None:
    """SIGKILL is what a limit of memory comes to."""
    ada = log_in("ada")
    answer(ada, "flop = 1")
    kernel = ada.kernel(EXERCISE)
    kernel.ask("held = 1")
    server = server_of(running)
    kernels_of(server)[0].kill()
    says(kernel, "restarting")
    assert asked_until_it_answers(ada, kernel, "print('held' in globals())") == "False\n"
    assert server.is_running()
    assert answered(ada) == "flop = 1"
    kernel.close()


@pytest.fixture
def memory_group() -> Iterator[tuple[Path, str]]:
    """A group of processes with a limit of memory, and the name of the limit; it is what systemd makes for a server."""
    base, limit = (V1, "memory.limit_in_bytes") if V1.is_dir() else (V2, "memory.max")
    group = base / f"course-{uuid4().hex[:8]}"
    try:
        group.mkdir()
    except OSError:
        pytest.skip("a limit of memory is a group of processes, which this account may not make")
    try:
        if not (group / limit).exists():
            pytest.skip("groups of processes have no limit of memory here")
        yield group, limit
    finally:
        happens(lambda: not (group / "cgroup.procs").read_text())
        group.rmdir()


@pytest.mark.whole_hub
def test_a_kernel_that_takes_more_memory_than_its_student_has_is_said_to_restart(
    memory_group: tuple[Path, str], tmp_path: Path
) -> None:
    """The limit is the system's own, and holds for the server and its kernels together, as systemd's does."""
    group, limit = memory_group
    with class_hub(tmp_path) as running:
        ada = comes_in(running)
        answer(ada, "flop = 1")
        kernel = ada.kernel(EXERCISE)
        kernel.ask("held = 1")
        server = server_of(running)
        (group / limit).write_text("400M")
        for swap in (one for one in map(group.joinpath, NO_SWAP) if one.exists()):
            swap.write_text(NO_SWAP[swap.name])
        for process in [server, *kernels_of(server)]:
            (group / "cgroup.procs").write_text(str(process.pid))
        kernel.send("execute_request", {"code": "held = b'x' * 2_000_000_000", "silent": False, "allow_stdin": False})
        says(kernel, "restarting")
        assert asked_until_it_answers(ada, kernel, "print('held' in globals())") == "False\n"
        assert server.is_running()
        assert answered(ada) == "flop = 1"


# The proxy


def test_a_proxy_that_is_killed_comes_back_and_a_kernel_goes_on_meanwhile(running: hub.Hub, log_in: LogIn) -> None:
    ada = log_in("ada")
    kernel = ada.kernel(LESSON)
    kernel.ask("held = 1")
    proxy = psutil.Process(int((running.state / "proxy.pid").read_text()))
    code = "import time; time.sleep(2); done = True"
    kernel.send("execute_request", {"code": code, "silent": False, "allow_stdin": False})
    says(kernel, "busy")  # else the proxy may be killed with the request still in it
    proxy.kill()
    is_broken(kernel)
    refusals: list[str] = []

    def comes_back() -> bool:
        refusals.append(refusal(ada))
        return not refusals[-1]

    happens(comes_back)
    assert all("404" in words or "Connection" in words for words in refusals[:-1])
    assert asked_until_it_answers(ada, kernel, "print(held, done)") == "1 True\n"
    answer(ada, "flop = 2")
    assert answered(ada) == "flop = 2"
    kernel.close()


def is_broken(kernel: Kernel) -> None:
    """Wait until a page reads that its line to a kernel is broken."""
    with suppress(WebSocketConnectionClosedException, ConnectionError, Refused):
        while True:
            kernel.receive()


# The hub


@pytest.mark.whole_hub
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL], ids=["ended", "killed"])
def test_a_hub_that_is_started_again_finds_servers_kernels_and_who_is_logged_in(
    end: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of ours tidies up before it, as `serve_hub.py` does: JupyterHub alone ends the proxy that was left."""
    monkeypatch.setattr(hub, "end_what_was_left", lambda state: None)
    with class_hub(tmp_path) as running:
        ada = comes_in(running)
        answer(ada, "flop = 1")
        kernel = ada.kernel(EXERCISE)
        kernel.ask("held = 1")
        server, saved = server_of(running), "flop = 1"
        running.process.send_signal(end)
        running.process.wait()
        if end == signal.SIGKILL:
            saved = "saved while there was no hub"
            answer(ada, saved)
            assert kernel.ask("print(held)") == "1\n"
            assert requests.get(f"{running.url}/hub/home", timeout=60).status_code == 503
        else:
            with pytest.raises(requests.ConnectionError):
                ada.read(EXERCISE)
        running.start()
        assert happens(lambda: answered(ada)) == saved
        assert ada.session.get(f"{running.url}/hub/home", timeout=60).url.endswith("/hub/home"), "not asked who it is"
        assert asked_until_it_answers(ada, kernel, "print(held)") == "1\n"
        answer(ada, "flop = 2")
        opens_server(running, ada)
        assert server_of(running) == server
        assert answered(ada) == "flop = 2"


# A student's server


PARTS = ".01_compute_cost.ipynb.*"
"""What is written of a notebook before it takes the place of what was saved before."""


class Saving(Thread):
    """A page that saves a long notebook again and again until its server is gone."""

    def __init__(self, student: Student, notebook: Any, saved: int) -> None:
        super().__init__()
        self.student, self.notebook, self.saved = student, notebook, saved
        self.begun = Event()

    def run(self) -> None:
        with suppress(*AWAY):
            while True:
                self.notebook["cells"][0]["source"] = str(self.saved + 1)
                self.begun.set()
                self.student.save(EXERCISE, self.notebook)
                self.saved += 1


@pytest.mark.whole_hub
def test_a_server_that_is_killed_while_it_saves_loses_nothing_that_it_said_was_saved(tmp_path: Path) -> None:
    """Twenty times: at any moment of a save, and, every other time, as soon as it has begun to write."""
    chance, saved, cut = random.Random(14), 0, 0
    with class_hub(tmp_path) as running:
        ada = comes_in(running)
        notebook = ada.read(EXERCISE)
        notebook["cells"][0]["source"] = str(saved)
        notebook["cells"][-1]["source"] = "a line of a long answer\n" * 100_000
        own = course_of(running) / "my_exercises" / "01_compute_cost.ipynb"
        for turn in range(20):
            begun = time.monotonic()
            ada.save(EXERCISE, notebook)
            one_save = time.monotonic() - begun
            left = len([*own.parent.glob(PARTS)])
            page = Saving(ada, notebook, saved)
            page.start()
            page.begun.wait()
            if turn % 2:
                happens(lambda left=left: len([*own.parent.glob(PARTS)]) > left)
            else:
                time.sleep(chance.uniform(0, 2) * one_save)
            server_of(running).kill()
            page.join()
            cut += len([*own.parent.glob(PARTS)]) > left
            marked, remark = parse_or_kept(own)
            assert marked.cells[0].source in (str(page.saved), str(page.saved + 1))
            assert not remark
            happens(lambda: "424 " in refusal(ada))
            assert "Restart the server at" in refusal(ada)
            opens_server(running, ada)
            assert answered(ada) == marked.cells[0].source
            notebook["cells"][0]["source"] = marked.cells[0].source
            saved = int(marked.cells[0].source)
        assert cut, "no save was cut off"


@pytest.mark.whole_hub
def test_what_an_earlier_version_cut_off_is_opened_as_it_was_saved_before(running: hub.Hub, log_in: LogIn) -> None:
    """Jupyter's own saving leaves a part of the notebook, and what was there before beside it."""
    ada = log_in("ada")
    answer(ada, "flop = 42")
    own = course_of(running) / EXERCISE.replace("exercises", "my_exercises")
    kept = own.with_name(f".~{own.name}")
    kept.write_bytes(own.read_bytes())
    own.write_bytes(kept.read_bytes()[:1000])
    assert answered(ada) == "flop = 42"
    answer(ada, "flop = 43")
    assert answered(ada) == "flop = 43"
    assert own.with_name(f"{own.name}.invalid").stat().st_size == 1000
