"""The client of a guarded kernel: it starts the kernel, runs cells in it, asks it for answers, and ends it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.provisioning import LocalProvisioner
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from classroom.kernel import ANSWER
from classroom.notebooks import KernelHere
from classroom.patience import Patience, end_family
from classroom.server import ONE_THREAD

KERNEL = Path(__file__).with_name("kernel.py").resolve()
MOST_SHOWN, MOST_ANSWER = 100_000, 20_000_000
"""How many characters a cell may show, and an answer may take as plain data."""
MOST_STARTS, START_SECONDS, OUTPUT_SECONDS = 5, 30.0, 30
"""How often a kernel is started until it answers; how long that may take, and then the last of a cell's outputs."""


class NoKernel(Exception):
    """The machine gave no kernel, or took it away: whoever is being marked had no part in it."""


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
            raise NoKernel("the kernel was not started")
        return int(self.provisioner.pid)

    async def was_killed(self) -> bool:
        """Tell whether the system ended the kernel, as it does where the memory of the whole machine is full."""
        code = await self.provisioner.poll() if isinstance(self.provisioner, LocalProvisioner) else None
        return os.name != "nt" and code == -signal.SIGKILL


class Client(NotebookClient):
    """A client of one guarded kernel, which keeps no more of what cells show than a person would read."""

    manager: GuardedKernel
    patience: Patience
    """What the kernel may still take for what it was asked last."""

    def __init__(self, notebook: NotebookNode, place: Path, fonts: str | None) -> None:
        super().__init__(
            notebook,
            kernel_name="python3",
            allow_errors=True,
            timeout=None,  # the client's own patience is not of the clock
            raise_on_iopub_timeout=False,
            iopub_timeout=OUTPUT_SECONDS,
            store_widget_state=False,
            record_timing=False,
            coalesce_streams=True,
        )
        self.place, self.fonts = place, fonts
        self.answer: Any = None
        self.too_much = False
        self.error = ""
        self.on_cell_executed = self._executed
        self._begin(MOST_SHOWN)

    @contextlib.asynccontextmanager
    async def in_its_kernel(self) -> AsyncIterator[None]:
        """Start the kernel in an empty folder; at the end stop it and all that it started."""
        try:
            for _ in range(MOST_STARTS):
                if await self._starts():
                    break
                await self._end()
            else:
                raise NoKernel(f"no kernel answered, though {MOST_STARTS} were started")
            self._memory_at_start = self.memory()
            yield
        finally:
            await self._end()

    async def _starts(self) -> bool:
        """Start a kernel and return whether it answers; it does not where another program took its port before it."""
        work = self.place / "work"
        shutil.rmtree(work, ignore_errors=True)
        (work / "tmp").mkdir(parents=True)
        if self.fonts:
            shutil.copy(self.fonts, work)  # else matplotlib would start a program to find the fonts
        self.manager = GuardedKernel(connection_file=str(self.place / "kernel.json"))
        self.manager.place = self.manager.beside = self.place
        self.km = self.manager
        arguments = ["--HistoryManager.hist_file=:memory:", "--IPKernelApp.log_level=50"]
        await self.manager.start_kernel(extra_arguments=arguments, cwd=str(work), env=surroundings(work))
        (self.place / "kernel.pid").write_text(str(self.manager.process_id()), encoding="utf-8")
        self.patience = Patience(self.manager.process_id(), START_SECONDS)
        self.kc = self.manager.client()
        self.kc.start_channels()
        self.kc.allow_stdin = False
        try:
            return await self.patience.outlasts(self.kc.wait_for_ready(timeout=None))
        except RuntimeError:  # it died before its first answer
            return False

    async def _end(self) -> None:
        """End the kernel and all that it started, if there is one."""
        if self.km is not None and self.manager.has_kernel:
            end_family(self.manager.process_id())
            (self.place / "kernel.pid").unlink(missing_ok=True)  # its number may become another's
            await self.manager.shutdown_kernel(now=True)
        if self.kc is not None:
            self.kc.stop_channels()
        self.km = self.kc = None

    def memory(self) -> int:
        """Return how many bytes of memory the kernel has taken; 0 where it is gone."""
        with contextlib.suppress(psutil.Error):
            return int(psutil.Process(self.manager.process_id()).memory_info().vms)
        return 0

    @property
    def holds(self) -> int:
        """How many bytes more than at its start the kernel has taken."""
        return self.memory() - self._memory_at_start

    async def run(self, cell: NotebookNode, at: int, seconds: float) -> bool:
        """Run a cell and return whether it ended in time; `error` is then the name of its error, if it had one."""
        self._begin(MOST_SHOWN)
        return await self._execute(cell, at, seconds)

    async def ask(self, at: int, arguments: str, seconds: float) -> bool:
        """Ask the kernel for an answer, which is then in `answer`, and return whether it came in time."""
        return await self._call(at, f"report({arguments})", seconds)

    async def restore_names(self, at: int, imports: str, but: list[str], seconds: float) -> list[str]:
        """Give the names that a student's code has taken their own meaning again, and return which those were."""
        await self._call(at, f"restore_names({imports!r}, {but!r})", seconds)
        return [str(name) for name in self.answer] if isinstance(self.answer, list) else []

    async def _call(self, at: int, call: str, seconds: float) -> bool:
        self._begin(MOST_ANSWER)
        self._asking = True
        return await self._execute(new_code_cell(f'__import__("classroom_kernel").{call}'), at, seconds)

    def _begin(self, room: int) -> None:
        self._room, self._asking = room, False
        self.answer, self.too_much, self.error = None, False, ""

    async def _execute(self, cell: NotebookNode, at: int, seconds: float) -> bool:
        own = self.nb.cells[at]
        self.patience.renew(seconds)
        try:
            return await self.patience.outlasts(self.async_execute_cell(cell, at))
        finally:
            self.nb.cells[at] = own

    def _executed(self, cell: NotebookNode, cell_index: int, execute_reply: dict[str, Any]) -> None:
        self.error = str(execute_reply["content"].get("ename") or "")

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
                self.answer = json.loads(data[ANSWER])
            return None
        return super().output(outs, msg, display_id, cell_index)


def surroundings(work: Path) -> dict[str, str]:
    """Return a kernel's environment: what Python needs to start, its own home, and none of the user's secrets."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LANG", "LC_ALL") if name in os.environ}
    own = {name: str(work) for name in ("HOME", "USERPROFILE", "IPYTHONDIR", "MPLCONFIGDIR", "JUPYTER_CONFIG_DIR")}
    temporary = {name: str(work / "tmp") for name in ("TMPDIR", "TEMP", "TMP")}
    return kept | own | temporary | ONE_THREAD
