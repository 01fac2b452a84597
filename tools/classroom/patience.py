"""How long a process is waited for: by what it does, and not by the clock, which also runs while a machine is busy.

A process has had its time when it has computed for so many seconds of processor time, together with all that it
started; or, three times as long, has stood idle, as one that sleeps does. What waits for a processor, or for a disk,
does neither, and is waited for.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Coroutine
from typing import Any

import psutil

LOOK_SECONDS, LOOKS_A_FAMILY = 0.2, 10
"""How often a process is looked at; for what it started, which takes longer to find, one look in so many."""
IDLE_FACTOR = 3
WANTS_MORE = (psutil.STATUS_RUNNING, psutil.STATUS_DISK_SLEEP)


class Patience:
    """What a process may still take, from now on; each `look` counts, so there is one every `LOOK_SECONDS`."""

    def __init__(self, process: int, seconds: float) -> None:
        self._process = psutil.Process(process)
        self._looks, self._of_others = 0, 0.0
        self._others: list[psutil.Process] = []
        self._seen = 0.0
        self.renew(seconds)

    def renew(self, seconds: float) -> None:
        """Begin anew, from now on."""
        self._seconds, self._looks_idle = seconds, 0
        self._began = self._seen = max(self._seen, processor_seconds(self._process) + self._of_others)

    @property
    def worked(self) -> float:
        """The seconds of processor time that it has taken."""
        return self._seen - self._began

    @property
    def idled(self) -> float:
        """The seconds in which it did nothing, and could have."""
        return self._looks_idle * LOOK_SECONDS

    @property
    def is_over(self) -> bool:
        """Whether it has computed, or idled, for too long."""
        return self.worked > self._seconds or self.idled > IDLE_FACTOR * self._seconds

    @property
    def words(self) -> str:
        """What it was stopped after."""
        if self.worked > self._seconds:
            return f"stopped after {self._seconds:g} s of computing"
        return f"stopped after {IDLE_FACTOR * self._seconds:g} s of waiting"

    def look(self) -> None:
        """See what the process has done since the last look."""
        self._looks += 1
        if self._looks % LOOKS_A_FAMILY == 0:
            self._others = started_by(self._process)
        self._of_others = max(self._of_others, sum(map(processor_seconds, self._others)))
        seen = processor_seconds(self._process) + self._of_others
        if seen <= self._seen and not any(map(wants_more, [self._process, *self._others])):
            self._looks_idle += 1
        self._seen = max(seen, self._seen)

    async def outlasts(self, work: Coroutine[Any, Any, Any]) -> bool:
        """Do what needs the process, and return whether that ended before it had had its time; errors get through."""
        task = asyncio.ensure_future(work)
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=LOOK_SECONDS)
                self.look()
                if self.is_over and not task.done():
                    return False
            task.result()
            return True
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})


def processor_seconds(process: psutil.Process) -> float:
    """Return the processor time of a process and of those that it started and that have ended; 0 where it is gone."""
    with contextlib.suppress(psutil.Error):
        return float(sum(process.cpu_times()[:4]))
    return 0.0


def started_by(process: psutil.Process) -> list[psutil.Process]:
    """Return the processes that a process started, and those that these did."""
    with contextlib.suppress(psutil.Error):
        return list(process.children(recursive=True))
    return []


def wants_more(process: psutil.Process) -> bool:
    """Tell whether a process waits for a processor or a disk; where the system does not say so, it is taken to idle."""
    try:
        return psutil.LINUX and process.status() in WANTS_MORE
    except psutil.Error:
        return False


def end_family(process: int) -> None:
    """End a process at once, with all that it started and all of its group, if they are still there."""
    with contextlib.suppress(psutil.Error):
        own = psutil.Process(process)
        for one in [*started_by(own), own]:
            with contextlib.suppress(psutil.Error):
                one.kill()
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process, signal.SIGKILL)
