"""Running a student's function without being stopped by it: it may raise, print, change its argument, or never end."""

from __future__ import annotations

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
"""How long all the calls of one check may take together."""


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
    """Return the outcome of `function` on each tuple of arguments; raise `TimeUp` when they take `SECONDS` together.

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


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TimeUp` inside the block once it has taken `seconds`.

    A timer's signal does it where there is one: not on Windows, not in a browser, not outside the main thread. There,
    Python's trace hook looks at the clock at each line of the code that runs, which stops every loop written in Python.
    """
    if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
        with by_signal(seconds):
            yield
    else:
        with by_trace(seconds):
            yield


@contextlib.contextmanager
def by_signal(seconds: float) -> Iterator[None]:
    """Limit the block by a timer that keeps ringing, so that a bare `except:` in a loop does not outlive it."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise TimeUp

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.2)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def by_trace(seconds: float) -> Iterator[None]:
    """Limit the block by a look at the clock whenever Python goes to another line of a function called in it."""
    end = time.monotonic() + seconds

    def look(frame: FrameType, event: str, argument: Any) -> Any:
        if time.monotonic() > end:
            raise TimeUp
        return look

    before = sys.gettrace()
    sys.settrace(look)
    try:
        yield
    finally:
        sys.settrace(before)
