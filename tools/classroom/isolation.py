"""Running many submissions at once, each in a process and a folder of its own: what goes wrong there stays there."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Event
from typing import Any

import nbformat
from nbformat import NotebookNode

from classroom.patience import LOOK_SECONDS, Patience, end_family
from course_lib.checks import Verdict

TOOLS = Path(__file__).resolve().parents[1]
CELL_SECONDS, SECONDS, GRACE_SECONDS = 10.0, 90.0, 120.0
"""How long a cell may compute, and a whole submission; then what starting kernels and judging may take besides."""


@dataclass
class Result:
    """What became of one notebook: itself with its outputs, the verdict on each question, and what else happened.

    Where there is a `problem`, it could not be marked; `again` tells that this was the machine's doing.
    """

    notebook: NotebookNode
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    happened: list[str] = field(default_factory=list)
    problem: str = ""
    again: bool = False


@dataclass(frozen=True)
class Settings:
    """What holds for all submissions that are run at once: `stop` is set when the marking is interrupted.

    `alone` tells that no other is run meanwhile; what the system then ends was too large for this machine.
    """

    seed: int
    cell_seconds: float = CELL_SECONDS
    seconds: float = SECONDS
    alone: bool = False
    stop: Event = field(default_factory=Event)


def run_isolated(notebook: NotebookNode, settings: Settings) -> Result:
    """Run a restored notebook in a process of its own and return what became of it; never raise an error.

    What its cells do is theirs; whatever else keeps it from being marked is the machine's.
    """
    try:
        return run_apart(notebook, settings)
    except Exception as error:  # of any kind: it costs this submission and no other
        words = f"its marking broke off: {type(error).__name__}: {str(error)[:200]}"
        return Result(notebook, problem=words, again=True)


def run_apart(notebook: NotebookNode, settings: Settings) -> Result:
    with tempfile.TemporaryDirectory(prefix="marking-", ignore_cleanup_errors=True) as name:
        place = Path(name)
        job = {name: getattr(settings, name) for name in ("seed", "cell_seconds", "seconds", "alone")}
        job |= {"notebook": notebook, "fonts": fonts()}
        (place / "job.json").write_text(json.dumps(job), encoding="utf-8")
        log = place / "log.txt"
        with log.open("wb") as words:
            process = subprocess.Popen(
                [sys.executable, "-m", "classroom.run_one", str(place)],
                cwd=TOOLS,
                stdin=subprocess.PIPE,
                stdout=words,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            if not ends(process, settings):
                return Result(notebook, problem="its marking did not end and was stopped", again=True)
        finally:
            end(process, place / "kernel.pid")
        if process.returncode != 0 or not (place / "result.json").exists():
            said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["nothing"]
            return Result(notebook, problem=f"its marking broke off and said: {said[-1][:200]}", again=True)
        return result_from(writable(json.loads((place / "result.json").read_text(encoding="utf-8"))))


def ends(process: subprocess.Popen[bytes], settings: Settings) -> bool:
    """Wait for a process and return whether it ended, before it had had its time and before the marking was stopped."""
    patience = Patience(process.pid, settings.seconds + GRACE_SECONDS)
    while not settings.stop.is_set() and not patience.is_over:
        try:
            process.wait(LOOK_SECONDS)
            return True
        except subprocess.TimeoutExpired:
            patience.look()
    return False


@cache
def fonts() -> str | None:
    """Return matplotlib's list of the fonts that there are, which it makes the first time that it is asked."""
    from matplotlib import get_cachedir

    import_module("matplotlib.font_manager")
    return next((str(path) for path in Path(get_cachedir()).glob("fontlist-*.json")), None)


def writable(data: Any) -> Any:
    """Return JSON data with what cannot be written as UTF-8 replaced: a kernel may show half a character."""
    return json.loads(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"))


def result_from(data: dict[str, Any]) -> Result:
    verdicts = {
        number: Verdict(state, message, detail, number) for number, (state, message, detail) in data["verdicts"].items()
    }
    return Result(nbformat.from_dict(data["notebook"]), verdicts, data["happened"])


def end(process: subprocess.Popen[bytes], kernel_pid: Path) -> None:
    """End a process and its kernel, with all that they started, if they are still there."""
    with process:
        if process.poll() is None:
            end_family(process.pid)
        with contextlib.suppress(OSError, ValueError):  # no kernel is running, or none whose number was written
            end_family(int(kernel_pid.read_text(encoding="utf-8")))
