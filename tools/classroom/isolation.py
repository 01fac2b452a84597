"""Running many submissions at once, each in a process and a folder of its own: what goes wrong there stays there."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from course_lib.checks import Verdict

TOOLS = Path(__file__).resolve().parents[1]
CELL_SECONDS, SECONDS, GRACE_SECONDS = 10.0, 90.0, 60.0
"""How long a cell may run, and a whole submission; then how long its process gets to tidy up."""


@dataclass
class Result:
    """What became of one notebook: itself with its outputs, the verdict on each question, and what else happened."""

    notebook: NotebookNode
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    happened: list[str] = field(default_factory=list)
    problem: str = ""


def run_isolated(notebook: NotebookNode, seed: int, cell_seconds: float, seconds: float) -> Result:
    """Run a restored notebook in a process of its own and return what became of it; never raise an error."""
    try:
        return run_apart(notebook, seed, cell_seconds, seconds)
    except Exception as error:  # of any kind: it costs this submission and no other
        return Result(notebook, problem=f"its marking broke off: {type(error).__name__}: {str(error)[:200]}")


def run_apart(notebook: NotebookNode, seed: int, cell_seconds: float, seconds: float) -> Result:
    with tempfile.TemporaryDirectory(prefix="marking-", ignore_cleanup_errors=True) as name:
        place = Path(name)
        job = {"notebook": notebook, "seed": seed, "cell_seconds": cell_seconds, "seconds": seconds, "fonts": fonts()}
        (place / "job.json").write_text(json.dumps(job), encoding="utf-8")
        log = place / "log.txt"
        with log.open("wb") as words:
            process = subprocess.Popen(
                [sys.executable, "-m", "classroom.run_one", str(place)],
                cwd=TOOLS,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            process.wait(seconds + GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            return Result(notebook, problem="its marking did not end and was stopped")
        finally:
            end(process, place / "kernel.pid")
        if process.returncode != 0 or not (place / "result.json").exists():
            said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["nothing"]
            return Result(notebook, problem=f"its marking broke off and said: {said[-1][:200]}")
        return result_from(writable(json.loads((place / "result.json").read_text(encoding="utf-8"))))


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
    process.kill()
    kill_group(process.pid)
    if kernel_pid.exists():
        kill_group(int(kernel_pid.read_text(encoding="utf-8")))
    process.wait()


def kill_group(process: int) -> None:
    """Kill a process and all that it started, where the system knows groups of processes."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process, signal.SIGKILL)
