"""The client of a guarded kernel: it starts the kernel, runs cells in it, asks it for answers, and ends it."""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.provisioning import LocalProvisioner
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from classroom.isolation import kill_group
from classroom.kernel import ANSWER
from classroom.notebooks import KernelHere

KERNEL = Path(__file__).with_name("kernel.py").resolve()
MOST_SHOWN, MOST_ANSWER = 100_000, 20_000_000
"""How many characters a cell may show, and an answer may take as plain data."""
RESPONSE_SECONDS = 5


class GuardedKernel(KernelHere):
    """A kernel that runs `kernel.py` in a folder of its own, with nothing of the user's surroundings."""

    place: Path

    @property
    def kernel_spec(self) -> KernelSpec:
        """How the kernel is started: apart from the user's packages and settings, and guarded."""
        guarded = [str(KERNEL), str(self.place / "work"), str(self.place / "refused.jsonl")]
        argv = [sys.executable, "-I", *guarded, "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="marking", language="python")

    def process_id(self) -> int:
        """Return the running kernel's process; it always runs on this machine."""
        if not isinstance(self.provisioner, LocalProvisioner) or self.provisioner.pid is None:
            raise RuntimeError("the kernel was not started")
        return int(self.provisioner.pid)


class Client(NotebookClient):
    """A client of one guarded kernel, which keeps no more of what cells show than a person would read."""

    def __init__(self, notebook: NotebookNode, place: Path, fonts: str | None) -> None:
        manager = GuardedKernel(connection_file=str(place / "kernel.json"))
        manager.place = place
        super().__init__(
            notebook,
            km=manager,
            kernel_name="python3",
            allow_errors=True,
            interrupt_on_timeout=True,
            error_on_timeout={"ename": "TimeUp", "evalue": "", "traceback": []},
            raise_on_iopub_timeout=False,
            iopub_timeout=2,
            store_widget_state=False,
            record_timing=False,
            coalesce_streams=True,
            shutdown_kernel="immediate",
            extra_arguments=["--HistoryManager.hist_file=:memory:", "--IPKernelApp.log_level=50"],
        )
        self.manager, self.place, self.fonts = manager, place, fonts
        self.answer: dict[str, Any] | None = None
        self.too_much = False
        self.on_cell_executed = self._executed
        self._begin(MOST_SHOWN)

    @contextlib.asynccontextmanager
    async def in_its_kernel(self) -> AsyncIterator[None]:
        """Start the kernel in an empty folder; at the end stop it and all that it started."""
        work = self.place / "work"
        shutil.rmtree(work, ignore_errors=True)
        (work / "tmp").mkdir(parents=True)
        if self.fonts:
            shutil.copy(self.fonts, work)  # else matplotlib would start a program to find the fonts
        async with self.async_setup_kernel(cwd=str(work), env=surroundings(work)):
            process = self.manager.process_id()
            (self.place / "kernel.pid").write_text(str(process), encoding="utf-8")
            try:
                yield
            finally:
                kill_group(process)

    async def run(self, cell: NotebookNode, at: int, seconds: float) -> bool:
        """Run a cell and return whether it ended in time."""
        self._begin(MOST_SHOWN)
        return await self._execute(cell, at, seconds)

    async def ask(self, at: int, arguments: str, seconds: float) -> bool:
        """Ask the kernel for an answer, which is then in `answer`, and return whether it came in time."""
        self._begin(MOST_ANSWER)
        self._asking = True
        return await self._execute(new_code_cell(f'__import__("classroom_kernel").report({arguments})'), at, seconds)

    async def responds(self) -> bool:
        """Tell whether the kernel takes another cell."""
        too_much, answer = self.too_much, self.answer
        ended = await self._execute(new_code_cell("0"), 0, RESPONSE_SECONDS)
        self.too_much, self.answer = too_much, answer
        return ended

    def _begin(self, room: int) -> None:
        self._room, self._asking = room, False
        self.answer, self.too_much = None, False

    async def _execute(self, cell: NotebookNode, at: int, seconds: float) -> bool:
        self.timeout, self._ended = max(1, math.ceil(seconds)), True
        own = self.nb.cells[at]
        try:
            await self.async_execute_cell(cell, at)
        finally:
            self.nb.cells[at] = own
        return self._ended

    def _executed(self, cell: NotebookNode, cell_index: int, execute_reply: dict[str, Any]) -> None:
        self._ended = execute_reply["content"].get("ename") != "TimeUp" or bool(execute_reply.get("header"))

    def output(
        self, outs: list[NotebookNode], msg: dict[str, Any], display_id: str | None, cell_index: int
    ) -> NotebookNode | None:
        """Keep an output as long as there is room; take an answer out of it."""
        content, kind = msg["content"], msg["msg_type"]
        data = content.get("data", {})
        size = len(content["text"]) if kind == "stream" else sum(len(str(one)) for one in (data or content).values())
        room, self._room = self._room, self._room - size
        if size > room:
            self.too_much = True
            if kind != "stream" or room <= 0:
                return None
            content["text"] = content["text"][:room]
        if self._asking and ANSWER in data:
            with contextlib.suppress(ValueError, TypeError):
                found = json.loads(data[ANSWER])
                self.answer = found if isinstance(found, dict) else None
            return None
        return super().output(outs, msg, display_id, cell_index)


def surroundings(work: Path) -> dict[str, str]:
    """Return a kernel's environment: what Python needs to start, its own home, and none of the user's secrets."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LANG", "LC_ALL") if name in os.environ}
    own = {name: str(work) for name in ("HOME", "USERPROFILE", "IPYTHONDIR", "MPLCONFIGDIR", "JUPYTER_CONFIG_DIR")}
    temporary = {name: str(work / "tmp") for name in ("TMPDIR", "TEMP", "TMP")}
    one_thread = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM")}
    return kept | own | temporary | one_thread
