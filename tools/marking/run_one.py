"""Run one submission and judge its answers: `python -m marking.run_one PLACE`, in the folder `tools`.

`PLACE/job.json` says what to run, `PLACE/result.json` what came of it. The code runs in a kernel of its own
(`kernel.py`), cell by cell. A cell that ends its kernel, or does not end itself, is left out from then on: the kernel
is started again and runs the cells before it once more, so that one bad cell costs its own question and not the next.
Where a check stands, the kernel is asked for the answer, which is judged here (`answers.py`), where no student's code
runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpec
from make_exercises import CHECKED
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output
from run_notebooks import KernelHere

from course_lib import questions
from course_lib.checks import Verdict
from course_lib.questions.question import WRONG
from marking import answers
from marking.isolation import kill_group
from marking.kernel import ANSWER, MOST_REPORTS
from marking.submissions import number_of

HERE = Path(__file__).resolve().parent
MOST_SHOWN, MOST_ANSWER = 100_000, 20_000_000
"""How many characters a cell may show, and an answer may take as plain data."""
MOST_RESTARTS = 3
RESPONSE_SECONDS = 5
KEPT_KINDS = ("text/plain", "image/png")
NOT_RUN = {"refused": "Not run: the cells before it took too long, or ended the kernel too often."}


def main() -> None:
    place = Path(sys.argv[1])
    job = json.loads((place / "job.json").read_text(encoding="utf-8"))
    run = Run(nbformat.from_dict(job.pop("notebook")), place, **job)
    asyncio.run(run.to_the_end())
    result = {
        "notebook": run.notebook,
        "verdicts": {number: [one.state, one.message, one.detail] for number, one in run.verdicts.items()},
        "happened": list(dict.fromkeys(run.happened)),  # what is run again happens again
    }
    (place / "result.json").write_text(json.dumps(result), encoding="utf-8")


class TooLong(Exception):
    """The submission has had its time."""


@dataclass
class Run:
    """One submission on its way: what became of its answers, and what else happened."""

    notebook: NotebookNode
    place: Path
    seed: int
    cell_seconds: float
    seconds: float
    fonts: str | None = None
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    happened: list[str] = field(default_factory=list)
    left_out: set[int] = field(default_factory=set)
    _refusals_seen: int = 0

    async def to_the_end(self) -> None:
        """Run all cells, in a new kernel after each one that ends it; then tidy what they showed."""
        end = time.monotonic() + self.seconds
        try:
            for _ in range(MOST_RESTARTS + 1):
                stopped_at = await self.in_a_new_kernel(end)
                if stopped_at is None:
                    break
                self.left_out.add(stopped_at)
            else:
                self.happened.append(f"the kernel ended {MOST_RESTARTS + 1} times: the rest was not run")
        except TooLong:
            self.happened.append(f"stopped after {self.seconds:g} s: the rest was not run")
        for cell in self.notebook.cells:
            check = checked(cell)
            if check and check[0] not in self.verdicts:
                self.conclude(cell, NOT_RUN)
            elif cell.cell_type == "code":
                cell.outputs = fit_to_be_kept(cell.outputs)

    async def in_a_new_kernel(self, end: float) -> int | None:
        """Run all cells but those left out, and ask for the answers not judged yet; return where the kernel ended."""
        client = Client(new_notebook(cells=self.notebook.cells), self.place, self.fonts)
        async with client.in_its_kernel():
            for at, cell in enumerate(self.notebook.cells):
                check = checked(cell)
                if cell.cell_type != "code" or at in self.left_out or (check and check[0] in self.verdicts):
                    continue
                if cell.source.strip() == "progress()":  # the kernel does not learn what its answers are worth
                    continue
                if time.monotonic() > end:
                    raise TooLong
                if not await self.run_cell(client, at, check):
                    return at
        return None

    async def run_cell(self, client: Client, at: int, check: tuple[str, str] | None) -> bool:
        """Run one cell, or ask for the answer that it checks; return whether the kernel goes on."""
        cell, where = self.notebook.cells[at], place_in_set(self.notebook, at)
        alive = True
        try:
            if check:
                number, name = check
                ended = await client.ask(at, f"{self.seed}, {number!r}, lambda: {name}", self.cell_seconds)
            else:
                ended = await client.run(cell, at, self.cell_seconds)
            if not ended:
                self.left_out.add(at)  # a next kernel need not wait for it again
                self.happened.append(f"{where}: stopped after {self.cell_seconds:g} s")
                show_error(cell, "TimeUp", f"this cell did not end within {self.cell_seconds:g} s")
                alive = await client.responds()
        except DeadKernelError:
            alive = False
            self.happened.append(f"{where}: ended its kernel, which was started again without it")
            show_error(cell, "KernelEnded", "this cell ended the kernel")
        self.happened += [f"{where}: {what}" for what in self.newly_refused()]
        if client.too_much:
            self.happened.append(f"{where}: showed more than {MOST_SHOWN:,} characters; the rest was dropped")
        if check:
            self.conclude(cell, client.answer or {"refused": "Looking at this answer did not end."})
        return alive

    def conclude(self, cell: NotebookNode, observed: dict[str, Any]) -> None:
        """Judge what was observed at a check, and show the verdict under it."""
        number, name = checked(cell)
        if "missing" in observed:
            self.happened.append(f"{number}: there is no `{name}`")
            words = f"There is no `{name}`: was it renamed, or did its cell stop at an error?"
            verdict = Verdict(WRONG, words, number=number)
        else:
            verdict = answers.judge(questions.find(number, self.seed), observed)
        self.verdicts[number] = verdict
        cell.outputs = [new_output("execute_result", {"text/plain": str(verdict)}, execution_count=1)]
        cell.execution_count = 1

    def newly_refused(self) -> list[str]:
        """Return what the guard in the kernel has refused since the last look."""
        file = self.place / "refused.jsonl"
        text = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
        lines, self._refusals_seen = text[self._refusals_seen :].splitlines(), len(text)
        found = []
        for line in lines[:MOST_REPORTS]:
            with contextlib.suppress(ValueError):
                found.append(str(json.loads(line))[:300])
        return found


class GuardedKernel(KernelHere):
    """A kernel that runs `kernel.py` in a folder of its own, with nothing of the user's surroundings."""

    place: Path

    @property
    def kernel_spec(self) -> KernelSpec:
        """How the kernel is started: apart from the user's packages and settings, and guarded."""
        guarded = [str(HERE / "kernel.py"), str(self.place / "work"), str(self.place / "refused.jsonl")]
        argv = [sys.executable, "-I", *guarded, "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="marking", language="python")


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
        self.place, self.fonts = place, fonts
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
            process = self.km.provisioner.pid
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
        return await self._execute(new_code_cell(f'__import__("marking_kernel").report({arguments})'), at, seconds)

    async def responds(self) -> bool:
        """Tell whether the kernel takes another cell."""
        too_much, answer = self.too_much, self.answer
        ended = await self._execute(new_code_cell("0"), 0, RESPONSE_SECONDS)
        self.too_much, self.answer = too_much, answer
        return ended

    def _begin(self, room: int) -> None:
        self._room, self._asking, self.too_much = room, False, False
        self.answer: dict[str, Any] | None = None

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

    def output(self, outs: list[NotebookNode], msg: dict[str, Any], display_id: str, cell_index: int) -> Any:
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


def grade_id(cell: NotebookNode) -> str:
    """Return what a released cell is called; nothing for one that the student added."""
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))


def checked(cell: NotebookNode) -> tuple[str, str] | None:
    """Return the question and the name of its answer where a cell is a check; no cell of a student's is one."""
    return CHECKED.search(cell.source).groups() if grade_id(cell).startswith("check-") else None


def place_in_set(notebook: NotebookNode, at: int) -> str:
    """Name the question that a cell stands in."""
    name = next(filter(None, map(grade_id, reversed(notebook.cells[: at + 1]))), "-set")
    return "beside the questions" if "-set" in name else number_of(name)


def show_error(cell: NotebookNode, name: str, words: str) -> None:
    """Show under a cell why it was stopped, in the place of the interruption itself."""
    cell.outputs = [one for one in cell.get("outputs", []) if one.get("ename") != "KeyboardInterrupt"]
    cell.outputs.append(new_output("error", ename=name, evalue=words, traceback=[f"{name}: {words}"]))


def fit_to_be_kept(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Return outputs without what a page would run or load: text and PNG pictures stay."""
    kept = []
    for output in outputs:
        if "data" in output:
            output.data = {kind: output.data[kind] for kind in KEPT_KINDS if kind in output.data}
            output.metadata = {}
        if "data" not in output or output.data:
            kept.append(output)
    return kept


if __name__ == "__main__":
    main()
