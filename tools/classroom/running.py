"""One submission on its way through a kernel: its cells are run, its answers are judged.

The code runs in a kernel of its own (`kernel.py`), cell by cell. A cell that ends its kernel, or does not end itself,
is left out from then on: the kernel is started again and runs the cells before it once more, so that one bad cell costs
its own question and not the next. Where a check stands, the kernel is asked for the answer, which is judged here
(`course_lib/questions/plain.py`), where no student's code runs.
"""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_notebook, new_output

from classroom.cells import checked_by, name_in
from classroom.client import MOST_SHOWN, Client
from classroom.kernel import MOST_REPORTS
from course_lib import questions
from course_lib.checks import Verdict
from course_lib.questions import plain
from course_lib.questions.question import WRONG

MOST_RESTARTS = 3
KEPT_KINDS = ("text/plain", "image/png")
NOT_RUN = {"refused": "Not run: the cells before it took too long, or ended the kernel too often."}


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

    @classmethod
    def from_job(cls, job: dict[str, Any], place: Path) -> Run:
        """Return what is to be run, as `isolation.py` wrote it down."""
        return cls(nbformat.from_dict(job.pop("notebook")), place, **job)

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
                self.conclude(cell, check, NOT_RUN)
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
            self.conclude(cell, check, client.answer or {"refused": "Looking at this answer did not end."})
        return alive

    def conclude(self, cell: NotebookNode, check: tuple[str, str], observed: dict[str, Any]) -> None:
        """Judge what was observed at a check, and show the verdict under it."""
        number, name = check
        if "missing" in observed:
            self.happened.append(f"{number}: there is no `{name}`")
            words = f"There is no `{name}`: was it renamed, or did its cell stop at an error?"
            verdict = Verdict(WRONG, words, number=number)
        else:
            verdict = plain.judge(questions.find(number, self.seed), observed)
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


def checked(cell: NotebookNode) -> tuple[str, str] | None:
    """Return the question and the name of its answer where a cell is a check; no cell of a student's is one."""
    name = name_in(cell)
    return checked_by(cell.source) if name and name.is_check else None


def place_in_set(notebook: NotebookNode, at: int) -> str:
    """Name the question that a cell stands in."""
    name = next(filter(None, map(name_in, reversed(notebook.cells[: at + 1]))), None)
    return "beside the questions" if name is None or name.of_the_set else name.number


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
