"""A process is waited for by what it does: a busy machine costs nobody anything, and what never ends is ended."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import zmq
from classroom import patience
from classroom.client import Client, GuardedKernel, NoKernel
from classroom.notebooks import KernelHere
from classroom.patience import IDLE_FACTOR, LOOK_SECONDS, Patience
from jupyter_client.kernelspec import KernelSpec
from nbformat.v4 import new_code_cell, new_notebook

SECONDS = 2.0


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits until its input ends."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as one:
        yield one


def looks_until_over(patient: Patience, most: int) -> int:
    for looks in range(most):
        if patient.is_over:
            return looks
        patient.look()
    return most


def test_what_does_nothing_is_over_after_three_times_the_seconds(
    process: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "processor_seconds", lambda process: 5.0)
    monkeypatch.setattr(patience, "wants_more", lambda process: False)
    patient = Patience(process.pid, SECONDS)
    assert looks_until_over(patient, 1000) == IDLE_FACTOR * SECONDS / LOOK_SECONDS + 1
    assert patient.words == "stopped after 6 s of waiting"


def test_what_computes_is_over_after_the_seconds_however_long_they_take(
    process: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets a hundredth of a processor here."""
    used = iter(at * LOOK_SECONDS / 100 for at in range(100_000))
    monkeypatch.setattr(patience, "processor_seconds", lambda process: next(used))
    patient = Patience(process.pid, SECONDS)
    assert looks_until_over(patient, 2000) == pytest.approx(100 * SECONDS / LOOK_SECONDS, abs=2)
    assert (patient.words, patient.idled) == ("stopped after 2 s of computing", 0)


def test_what_waits_for_a_processor_is_waited_for(
    process: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "processor_seconds", lambda process: 5.0)
    monkeypatch.setattr(patience, "wants_more", lambda process: True)
    assert looks_until_over(Patience(process.pid, SECONDS), 1000) == 1000


def test_what_a_process_started_computes_for_it_and_is_ended_with_it() -> None:
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'while True: pass'])"
    with subprocess.Popen([sys.executable, "-c", script]) as parent:
        try:
            patient = Patience(parent.pid, SECONDS)
            assert not asyncio.run(patient.outlasts(asyncio.Event().wait()))
            (child,) = patience.started_by(psutil.Process(parent.pid))
        finally:
            patience.end_family(parent.pid)
    child.wait()
    assert patient.words == "stopped after 2 s of computing"
    assert not child.is_running()


def test_sockets_lie_in_the_submissions_own_folder_if_its_path_is_short_enough(tmp_path: Path) -> None:
    kernel = KernelHere(connection_file=str(tmp_path / "kernel.json"))
    assert kernel.transport == ("ipc" if zmq.has("ipc") else "tcp")
    near, far = Path("/short"), tmp_path / ("x" * 100)
    for beside, own in ((near, False), (far, True), (None, True)):
        kernel = KernelHere()
        kernel.beside = beside
        assert (Path(kernel.ip).parent != beside) == own
        kernel.cleanup_connection_file()
        assert not own or not Path(kernel.ip).parent.exists()


class DiesAtFirst(GuardedKernel):
    """A kernel that dies before its first answer, as one does whose port was taken, until it was started so often."""

    deaths = 0

    @property
    def kernel_spec(self) -> KernelSpec:
        DiesAtFirst.deaths -= 1
        if DiesAtFirst.deaths >= 0:
            return KernelSpec(argv=[sys.executable, "-c", "1/0", "{connection_file}"], display_name="", language="")
        return super().kernel_spec


@pytest.mark.parametrize("deaths", [1, 1000])
def test_a_kernel_that_dies_before_its_first_answer_is_started_again(
    deaths: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classroom.client.GuardedKernel", DiesAtFirst)
    monkeypatch.setattr("classroom.client.MOST_STARTS", 2)
    DiesAtFirst.deaths = deaths
    notebook = new_notebook(cells=[new_code_cell("1 + 1")])

    async def run() -> None:
        client = Client(notebook, tmp_path, None)
        async with client.in_its_kernel():
            assert await client.run(notebook.cells[0], 0, 60)

    if deaths > 1:
        with pytest.raises(NoKernel, match="no kernel answered, though 2 were started"):
            asyncio.run(run())
    else:
        asyncio.run(run())
        assert notebook.cells[0].outputs[0].data["text/plain"] == "2"
