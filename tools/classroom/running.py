"""One submission on its way through a kernel: its cells are run, its answers are judged.

The code runs in a kernel of its own (`kernel.py`), cell by cell. A cell that ends its kernel, does not end itself or
fills the memory is left out from then on: a new kernel is started and runs the cells before it once more, so that one
bad cell costs its own question and not the next. Where a check stands, the kernel is asked for the answer, which is
judged here (`course_lib/questions/plain.py`), where no student's code runs.
"""

from __future__ import annotations

import ast
import contextlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_notebook, new_output

from classroom.cells import checked_by, is_own, name_in
from classroom.client import MOST_SHOWN, Client, NoKernel
from classroom.kernel import MEMORY, MOST_REPORTS
from classroom.patience import IDLE_FACTOR
from course_lib import questions
from course_lib.checks import Verdict
from course_lib.questions import plain
from course_lib.questions.question import WRONG

MOST_RESTARTS = 20
MUCH_MEMORY = MEMORY // 8
"""What a kernel may hold more than at its start before that can be why a later cell finds no memory."""
NO_MEMORY = "MemoryError"
KEPT_KINDS = ("text/plain", "image/png")
MOST_ASKED = 3
"""How often a kernel is asked for an answer that a busy machine may have lost on its way."""
IMPORTS = (ast.Import, ast.ImportFrom)
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
    alone: bool = False
    fonts: str | None = None
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    happened: list[str] = field(default_factory=list)
    left_out: set[int] = field(default_factory=set)
    _worked: float = 0.0
    _idled: float = 0.0
    _held: dict[int, int] = field(default_factory=dict)
    _refusals_seen: int = 0

    @classmethod
    def from_job(cls, job: dict[str, Any], place: Path) -> Run:
        """Return what is to be run, as `isolation.py` wrote it down."""
        return cls(nbformat.from_dict(job.pop("notebook")), place, **job)

    async def to_the_end(self) -> None:
        """Run all cells, in a new kernel after each one that is left out; then tidy what they showed."""
        try:
            for _ in range(MOST_RESTARTS + 1):
                bad = await self.in_a_new_kernel()
                if bad is None:
                    break
                self.left_out.add(bad)
            else:
                self.happened.append(f"the kernel ended {MOST_RESTARTS + 1} times: the rest was not run")
        except TooLong:
            self.happened.append(f"stopped after {self.seconds:g} s in all: the rest was not run")
        for cell in self.notebook.cells:
            check = checked(cell)
            if check and check[0] not in self.verdicts:
                self.conclude(cell, check, NOT_RUN)
            elif cell.cell_type == "code":
                cell.outputs = fit_to_be_kept(cell.outputs)

    async def in_a_new_kernel(self) -> int | None:
        """Run all cells but those left out, and ask for the answers not judged yet; return which to leave out next."""
        client = Client(new_notebook(cells=self.notebook.cells), self.place, self.fonts)
        self._held = {}
        async with client.in_its_kernel():
            for at, cell in enumerate(self.notebook.cells):
                check = checked(cell)
                if cell.cell_type != "code" or at in self.left_out or (check and check[0] in self.verdicts):
                    continue
                if cell.source.strip() == "progress()":  # the kernel does not learn what its answers are worth
                    continue
                if self._worked > self.seconds or self._idled > IDLE_FACTOR * self.seconds:
                    raise TooLong
                bad = await self.run_cell(client, at, check)
                if bad is not None:
                    return bad
        return None

    async def run_cell(self, client: Client, at: int, check: tuple[str, str] | None) -> int | None:
        """Run one cell, or ask for the answer that it checks; return the cell to be left out, if one must be."""
        cell, where = self.notebook.cells[at], place_in_set(self.notebook, at)
        bad: int | None = None
        observed: dict[str, Any] = {"refused": "Looking at this answer did not end."}
        try:
            if not await self.once_or_twice(client, at, check):
                bad = at
                self.happened.append(f"{where}: {client.patience.words}")
                show_error(cell, "TimeUp", f"this cell did not end: {client.patience.words}")
            elif check and isinstance(client.answer, dict):
                observed = client.answer
        except DeadKernelError:
            if await client.manager.was_killed() and not self.alone:
                raise NoKernel("the system ended its kernel") from None
            bad = self.fullest(at)
            if bad == at:
                self.happened.append(f"{where}: ended its kernel, which was started again without it")
                show_error(cell, "KernelEnded", "this cell ended the kernel")
        self.happened += [f"{where}: {what}" for what in self.newly_refused()]
        if client.too_much:
            self.happened.append(f"{where}: showed more than {MOST_SHOWN:,} characters; the rest was dropped")
        if bad is None:
            self._held[at] = client.holds - sum(self._held.values())
            if NO_MEMORY in errors_in(client.error, observed) and client.holds > MUCH_MEMORY:
                bad = self.fullest(at)
        if bad is not None and (bad != at or NO_MEMORY in errors_in(client.error, observed)):
            self.happened.append(f"{place_in_set(self.notebook, bad)}: filled the memory; the rest was run without it")
        if check and bad in (None, at):
            self.conclude(cell, check, observed)
        return bad

    async def once_or_twice(self, client: Client, at: int, check: tuple[str, str] | None) -> bool:
        """Run a cell, and once more where it fails after another cell has taken a name of the course or of Python."""
        ended = await self.once(client, at, check)
        failed = errors_in(client.error, client.answer) - {NO_MEMORY}
        if not ended or not failed:
            return ended
        answer, error, too_much = client.answer, client.error, client.too_much
        imports, answers = names_of_the_course(self.notebook)
        taken = await client.restore_names(at, imports, answers, self.cell_seconds)
        client.answer, client.error, client.too_much = answer, error, too_much
        if not taken:
            return ended
        where, names = place_in_set(self.notebook, at), ", ".join(f"`{name}`" for name in taken)
        self.happened.append(f"{where}: run again, as {names} had been given another meaning before")
        return await self.once(client, at, check)

    async def once(self, client: Client, at: int, check: tuple[str, str] | None) -> bool:
        """Run a cell, or ask for the answer that it checks, and return whether that ended in time."""
        if check:
            number, name = check
            for _ in range(MOST_ASKED):
                ended = await client.ask(at, f"{self.seed}, {number!r}, lambda: {name}", self.cell_seconds)
                self.count(client)
                if client.answer is not None or not ended:
                    break
            return ended
        ended = await client.run(self.notebook.cells[at], at, self.cell_seconds)
        self.count(client)
        return ended

    def count(self, client: Client) -> None:
        """Count what a cell took to what the whole submission may take."""
        self._worked += client.patience.worked
        self._idled += client.patience.idled

    def fullest(self, at: int) -> int:
        """Return which cell has taken the most memory where that is much, else the one at `at`."""
        most = max(self._held, key=lambda one: self._held[one], default=at)
        return most if self._held.get(most, 0) > MUCH_MEMORY else at

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


def errors_in(error: str, observed: Any) -> set[str]:
    """Return the names of the errors that a cell stopped at, or that looking at an answer, or a function, raised."""
    found = {error}
    if isinstance(observed, dict):
        outcomes = observed.get("outcomes")
        found.add(str(observed.get("raised", "")))
        found |= {str(one.get("error", "")) for one in outcomes or () if isinstance(one, dict)}
    return found - {""}


def names_of_the_course(notebook: NotebookNode) -> tuple[str, list[str]]:
    """Return the imports of a set's own cells, and what its answers are called."""
    imports, answers = [], []
    for cell in notebook.cells:
        if cell.cell_type == "code" and not is_own(cell):
            answers += [check[1]] if (check := checked(cell)) else []
            imports += [ast.unparse(one) for one in ast.parse(cell.source).body if isinstance(one, IMPORTS)]
    return "\n".join(imports), answers


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
