"""Running a student's function without being stopped by it: it may raise, print, change its argument, or never end."""

from __future__ import annotations

import _thread
import contextlib
import copy
import io
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

SECONDS = 5.0
"""How long all the calls of one check may compute together."""
LOOK_SECONDS, IDLE_FACTOR = 0.1, 3
"""How often the time is looked at, and how many times longer than computing a function may idle."""


processor_seconds = getattr(time, "thread_time", time.process_time)
"""What this thread has computed, in seconds; a browser's Python has no threads, and there it is the process's."""


class TimeUp(BaseException):
    """The time is over; not an `Exception`, so that a student's `except Exception` does not swallow it."""


@dataclass(frozen=True)
class Outcome:
    """What one call gave: a value, or the error that it raised; and whether it changed its arguments."""

    value: Any = None
    error: BaseException | None = None
    mutated: bool = False


def outcomes(
    function: Callable[..., Any], inputs: Sequence[tuple[Any, ...]], seconds: float | None = None
) -> list[Outcome]:
    """Return the outcome of `function` on each tuple of arguments; `TimeUp` when they compute longer than `SECONDS`.

    What it prints or warns of is dropped. Only the user's own interrupt gets through.
    """
    with silence(), time_limit(SECONDS if seconds is None else seconds):
        return [outcome(function, arguments) for arguments in inputs]


def outcome(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Outcome:
    """Return what `function` gives on a copy of `arguments`."""
    handed = copy.deepcopy(arguments)
    try:
        value, error = function(*handed), None
    except (TimeUp, KeyboardInterrupt):
        raise
    except BaseException as raised:  # SystemExit too: a student's exit() must not end the notebook's kernel
        value, error = None, raised
    return Outcome(value, error, mutated=not unchanged(handed, arguments))


def unchanged(after: Any, before: Any) -> bool:
    """Tell whether two arguments, or containers of arguments, are the same to the last bit."""
    if isinstance(before, np.ndarray):
        same_kind = isinstance(after, np.ndarray) and after.dtype == before.dtype and after.shape == before.shape
        return same_kind and after.tobytes() == before.tobytes()
    if isinstance(before, (list, tuple)):
        return len(after) == len(before) and all(map(unchanged, after, before))
    if isinstance(before, dict):
        return list(after) == list(before) and all(unchanged(after[key], before[key]) for key in before)
    return bool(after == before or (after != after and before != before))


class Sink(io.TextIOBase):
    """A stream that forgets what is written to it."""

    def write(self, text: str) -> int:
        """Take the text and drop it."""
        return len(text)


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Drop what is printed and what numpy and others warn of."""
    with (
        contextlib.redirect_stdout(Sink()),
        contextlib.redirect_stderr(Sink()),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        yield


class Clock:
    """What a block may take: so many seconds of its thread's processor time; idle, as in a sleep, so many times more.

    The time of day is no measure: a machine that is busy with other things would stop a right function. Each `look`
    counts, so there is one every `LOOK_SECONDS`.
    """

    def __init__(self, seconds: float) -> None:
        """Begin to count, in this thread."""
        self._seconds = seconds
        self._began = self._seen = processor_seconds()
        self._looks_idle = 0

    def look(self) -> None:
        """Raise `TimeUp` where the time is over."""
        now = processor_seconds()
        self._looks_idle += now - self._seen < LOOK_SECONDS / 100
        self._seen = now
        if now - self._began > self._seconds or self._looks_idle * LOOK_SECONDS > IDLE_FACTOR * self._seconds:
            raise TimeUp


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TimeUp` inside the block once it has computed for `seconds`, or idled three times as long.

    In the main thread a signal does it: the system's timer sends it or, on Windows, a thread beside the block. Such a
    signal waits until Python goes to its next instruction: a single call of a function that is not written in Python,
    such as `sum(itertools.count())`, is not stopped, and on Windows a sleep only when it ends. In another thread, and
    in a browser, Python's trace hook looks at each instruction; there no sleep is stopped, and for what never comes
    back the browser's page names the way out, "Kernel, Restart Kernel".
    """
    if threading.current_thread() is not threading.main_thread():
        limit = by_trace
    elif hasattr(signal, "setitimer"):
        limit = by_timer
    else:
        limit = by_thread if can_start_threads() else by_trace
    with limit(seconds):
        yield


def can_start_threads() -> bool:
    """Tell whether there are threads: not in a browser."""
    return sys.platform != "emscripten"


@contextlib.contextmanager
def handled(number: int, clock: Clock) -> Iterator[None]:
    """Have the clock looked at whenever a signal comes; it keeps coming, as a bare `except:` may swallow the first."""

    def ring(number: int, frame: FrameType | None) -> None:
        clock.look()

    before = signal.signal(number, ring)
    try:
        yield
    finally:
        signal.signal(number, before)


@contextlib.contextmanager
def by_timer(seconds: float) -> Iterator[None]:
    """Limit the block by the system's timer."""
    with handled(signal.SIGALRM, Clock(seconds)):
        signal.setitimer(signal.ITIMER_REAL, LOOK_SECONDS, LOOK_SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)


@contextlib.contextmanager
def by_thread(seconds: float) -> Iterator[None]:
    """Limit the block by a thread beside it that interrupts the main one, as a signal would."""
    done = threading.Event()

    def ring() -> None:
        while not done.wait(LOOK_SECONDS):
            _thread.interrupt_main(signal.SIGTERM)

    ringing = threading.Thread(target=ring, daemon=True)
    with handled(signal.SIGTERM, Clock(seconds)):
        ringing.start()
        try:
            yield
        finally:
            done.set()
            ringing.join()


@contextlib.contextmanager
def by_trace(seconds: float) -> Iterator[None]:
    """Limit the block by a look at the processor time at each instruction of a function that is called in it.

    A look at each line would miss a loop on one line, which some Pythons take for one line that never ends.
    """
    end = processor_seconds() + seconds

    def look(frame: FrameType, event: str, argument: Any) -> Any:
        frame.f_trace_opcodes = True
        if processor_seconds() > end:
            raise TimeUp
        return look

    before = sys.gettrace()
    sys.settrace(look)
    try:
        yield
    finally:
        sys.settrace(before)
