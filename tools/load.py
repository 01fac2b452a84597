"""Load a hub with a class, on this machine alone: `load.py [--started] STUDENTS ...`, a row of a table for each number.

That many invented students log in at once, run lesson 4 up to its first explorer, move its control, and answer an
exercise. With `--started`, their servers were started before, as an instructor can do on the hub's admin page. Nothing
but the numbers in `build/load.json` stays; what was started is ended, also by Ctrl+C and when the terminal is closed.
"""

from __future__ import annotations

import json
import math
import os
import platform
import queue
import re
import secrets
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import fmean

import psutil
from classroom import hub, server
from classroom.environment import ROOT
from classroom.hub_visit import CHECKS, EXERCISE, LESSON, MOVES, Visit

RESULTS = ROOT / "build" / "load.json"
LOG = RESULTS.with_name("load.log")
"""What the hub said, where somebody failed."""
MOST_STUDENTS = 200
MOST_SECONDS = 600.0
"""How long a part of the visit may take for all; only a failure takes so long."""
KERNELS = {"lesson": LESSON, "exercise": EXERCISE}
OF_A_STUDENT = ("server", *KERNELS)
COLUMNS: dict[str, Callable[[Load], str]] = {
    "students": lambda one: str(one.students),
    "failed": lambda one: str(len(one.failed)),
    "MB a student": lambda one: megabytes(one, *OF_A_STUDENT),
    "server": lambda one: megabytes(one, "server"),
    "lesson": lambda one: megabytes(one, "lesson"),
    "exercise": lambda one: megabytes(one, "exercise"),
    "ready, first s": lambda one: f"{min(one.ready, default=math.nan):.1f}",
    "last s": lambda one: f"{max(one.ready, default=math.nan):.1f}",
    "picture p50 ms": lambda one: milliseconds(one.moves, 50),
    "p95 ms": lambda one: milliseconds(one.moves, 95),
    "verdict p50 ms": lambda one: milliseconds(one.verdicts, 50),
    "p95  ms": lambda one: milliseconds(one.verdicts, 95),
    "processor s a student: server": lambda one: f"{one.processor['server'] / one.students:.2f}",
    "kernel": lambda one: f"{one.processor['lesson'] / one.students:.2f}",
    "hub": lambda one: f"{one.processor['hub'] / one.students:.2f}",
    "proxy": lambda one: f"{one.processor['proxy'] / one.students:.2f}",
    "client's share": lambda one: f"{one.client:.0%}",
    "busy before": lambda one: f"{one.busy_before:.1f}",
}
"""The table's columns; the page in `deploy/hub` says what each means."""


@dataclass
class Load:
    """What so many students saw and took; times in seconds, memory in bytes (proportional set size)."""

    students: int
    started: bool
    """Whether the servers were there before the students came."""
    busy_before: float
    """The machine's load average of the last minute, before anything was started."""
    failed: list[str] = field(default_factory=list)
    opened: list[float] = field(default_factory=list)
    ready: list[float] = field(default_factory=list)
    moves: list[float] = field(default_factory=list)
    verdicts: list[float] = field(default_factory=list)
    memory: dict[str, float] = field(default_factory=dict)
    """A process of each role, on average, when all is open."""
    processor: dict[str, float] = field(default_factory=dict)
    """Seconds of all processes of a role together, until all lessons were ready."""
    client: float = 0.0
    """The share of the machine's processors that this program took itself, as the students' browsers."""


def main() -> None:
    started, numbers = wanted(sys.argv[1:])
    if not sys.platform.startswith("linux"):
        sys.exit("JupyterHub is made for Linux, and Linux alone says what a process shares.")
    server.end_as_by_ctrl_c()
    hub.install_proxy()
    hub.prepare_for_students()
    print(f"{os.cpu_count()} processors; {LESSON} to its first explorer, then {MOVES} moves and {CHECKS} checks each")
    print(line(COLUMNS), line("---" for _ in COLUMNS), sep="\n", flush=True)
    results = []
    for number in numbers:
        results.append(load(number, started))
        print(line(column(results[-1]) for column in COLUMNS.values()), flush=True)
        RESULTS.parent.mkdir(exist_ok=True)
        machine = {"processors": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
        content = machine | {"loads": [asdict(one) for one in results]}
        RESULTS.write_text(json.dumps(content, indent=1), encoding="utf-8")
    failures = [words for one in results for words in one.failed]
    print(*failures, sep="\n", file=sys.stderr)
    sys.exit(1 if failures else 0)


def wanted(arguments: Sequence[str]) -> tuple[bool, list[int]]:
    """Return whether the servers are to be there before, and how many students are to come, one number a load."""
    started, arguments = "--started" in arguments, [one for one in arguments if one != "--started"]
    if not arguments or not all(one.isdecimal() and 0 < int(one) <= MOST_STUDENTS for one in arguments):
        sys.exit(
            f"Say how many students are to come, 1 to {MOST_STUDENTS}, as in STUDENTS=20 or STUDENTS='1 5 10'; "
            f"got {' '.join(arguments)!r}."
        )
    return started, [int(one) for one in arguments]


def load(students: int, started: bool = False) -> Load:
    """Start a hub, let the students work, end all, and return what was seen."""
    seen = Load(students, started, os.getloadavg()[0])
    names, password = [f"student-{number}" for number in range(1, students + 1)], secrets.token_urlsafe(9)
    with (
        tempfile.TemporaryDirectory(prefix="course-load-") as folder,
        hub.Hub(hub.surroundings(Path(folder), names, password)) as one,
    ):
        visits = [Visit(one.url, name, password) for name in names]
        at_work = together(visits, Visit.have_a_server) if started else visits
        begun, own, before = time.monotonic(), time.process_time(), spent(one, visits)
        at_work = together(at_work, Visit.run_the_lesson)
        seen.processor = {role: seconds - before[role] for role, seconds in spent(one, visits).items()}
        at_work = together(at_work, Visit.move_the_control)
        at_work = together(at_work, Visit.answer_the_exercise)
        seen.client = (time.process_time() - own) / (time.monotonic() - begun) / (os.cpu_count() or 1)
        seen.memory = {role: fmean(held) for role, held in memory(one, visits).items() if held}
        for visit in visits:
            visit.leave()
        seen.failed = [visit.failed for visit in visits if visit.failed]
        if seen.failed:
            LOG.parent.mkdir(exist_ok=True)
            LOG.write_text(one.said(), encoding="utf-8")
    seen.opened = sorted(one.opened for one in visits if one.opened)
    seen.ready = sorted(one.ready for one in visits if one.ready)
    seen.moves = sorted(move for one in visits for move in one.moves)
    seen.verdicts = sorted(verdict for one in visits for verdict in one.verdicts)
    return seen


def together(visits: Sequence[Visit], do: Callable[[Visit], None]) -> list[Visit]:
    """Let all students do a part of the work at once, and return those who could when all have."""
    all_done = threading.Event()
    finished: queue.Queue[Visit] = queue.Queue()

    def take_part(visit: Visit) -> None:
        visit.attempt(do)
        finished.put(visit)
        visit.stay(all_done)

    threads = [threading.Thread(target=take_part, args=[visit], daemon=True) for visit in visits]
    for thread in threads:
        thread.start()
    waiting, end = set(visits), time.monotonic() + MOST_SECONDS
    with suppress(queue.Empty):
        while waiting:
            waiting.remove(finished.get(timeout=max(0, end - time.monotonic())))
    for visit in waiting:
        visit.failed = f"{visit.name}, {do.__name__.replace('_', ' ')}: not done after {MOST_SECONDS:g} s"
    all_done.set()
    for visit, thread in zip(visits, threads, strict=True):
        if visit not in waiting:
            thread.join()
    return [visit for visit in visits if not visit.failed]


def processes(one: hub.Hub, visits: Sequence[Visit]) -> dict[str, list[psutil.Process]]:
    """Return the processes by their role: the hub, its proxy, the students' servers, the kernels of their notebooks."""
    kernels = {
        visit.kernels[name].name: role for role, name in KERNELS.items() for visit in visits if name in visit.kernels
    }
    found: dict[str, list[psutil.Process]] = {role: [] for role in ("hub", "proxy", "server", *KERNELS)}
    found["hub"].append(one.process)
    for process in one.family():
        with suppress(psutil.Error):
            words = " ".join(process.cmdline())
            kernel = re.search(r"kernel-([-0-9a-f]+)\.json", words)
            if kernel and kernel[1] in kernels:
                found[kernels[kernel[1]]].append(process)
            elif "serve_on_hub.py" in words:
                found["server"].append(process)
            elif "configurable-http-proxy" in words:
                found["proxy"].append(process)
    return found


def spent(one: hub.Hub, visits: Sequence[Visit]) -> dict[str, float]:
    """Return the seconds of processor time that all processes of a role have taken."""
    return {role: sum(map(seconds_of, some)) for role, some in processes(one, visits).items()}


def seconds_of(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        return float(sum(process.cpu_times()[:4]))
    return 0.0


def memory(one: hub.Hub, visits: Sequence[Visit]) -> dict[str, list[float]]:
    """Return the bytes that each process of a role holds; what several share counts in parts."""
    held = {role: [own_part(process) for process in some] for role, some in processes(one, visits).items()}
    return {role: [size for size in sizes if size] for role, sizes in held.items()}


def own_part(process: psutil.Process) -> float:
    """Return a process's proportional set size, or 0 where it is gone."""
    with suppress(OSError):
        said = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="utf-8")
        return 1024.0 * sum(map(int, re.findall(r"^Pss:\s+(\d+)", said, re.MULTILINE)))
    return 0.0


def line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def megabytes(one: Load, *roles: str) -> str:
    return f"{sum(one.memory.get(role, math.nan) for role in roles) / 1e6:.0f}"


def milliseconds(seconds: Sequence[float], percent: int) -> str:
    """Return the time that so many percent of all took at the most."""
    return f"{1000 * seconds[math.ceil(len(seconds) * percent / 100) - 1]:.0f}" if seconds else "-"


if __name__ == "__main__":
    main()
