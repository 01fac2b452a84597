"""How fast this machine multiplies and trains, in FLOP/s, and how long a training takes beside what that promises.

Seconds are the processor's: what other programs take of a clock's seconds does not count, as long as
numpy has one thread: several wait for each other, and that counts. Where Python has no such time, as in a browser, they
are a clock's. A clock is a function of no argument that returns seconds.
"""

from __future__ import annotations

import json
import math
import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from importlib import resources
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Any

import numpy as np

from course_lib._arguments import positive, single, whole
from course_lib.compute_cost import model_flop_utilization, training_seconds
from course_lib.tiny_transformer import training
from course_lib.tiny_transformer.config import initial_parameters
from course_lib.tiny_transformer.training import TINY, Moments, TrainingSettings

Clock = Callable[[], float]

SIZES = (16, 32, 64, 128, 256, 512, 1024)
"""The sizes of the products that are timed."""
LEAST, REPEATS, MOST_CALLS = 0.05, 3, 2**16
"""What is timed is called until so many seconds are over, so many times, and not more often than that."""
LONGEST = 0.2
"""A product that would take more seconds is not tried."""
STEPS, FEWEST, BESIDES = 600, 20, 30
"""The steps of the training, how few they may become where a machine is slow, and how many more all else lasts."""
PATIENCE, REPORT = 20.0, 0.5
"""The training is to last so many seconds of a clock at most, and says how far it is every so many."""
PROBES = 4
"""The speed is measured again after each such part of the steps, and of the seconds that were predicted."""
MEAN_OF = 10
"""A loss curve is drawn through the means of so many steps."""
PLACE = "data/stopwatch.json"
COMMAND = (
    'OPENBLAS_NUM_THREADS=1 python -c "from course_lib.tiny_transformer.stopwatch import write_reference; '
    f"write_reference('course_lib/{PLACE}')\""
)


def processor_clock() -> Clock:
    """Return the clock of what the processor does for this thread, or a plain clock where Python has none."""
    try:
        before, end = time.thread_time(), time.perf_counter() + 0.05
        while time.thread_time() == before and time.perf_counter() < end:  # that of Windows goes on every 16 ms
            pass
        return time.thread_time if time.thread_time() > before else time.perf_counter
    except (AttributeError, OSError):  # a browser's Python
        return time.perf_counter


CLOCK = processor_clock()


def seconds_of(work: Callable[[], object], least: float = LEAST, repeats: int = REPEATS, clock: Clock = CLOCK) -> float:
    """Return how many seconds `work()` takes: the median of `repeats`, each of calls that take `least` together.

    It is called once before, unmeasured. Errors: `ValueError` or `TypeError` for a time or a number that is not
    positive.

    >>> ticks = iter(range(100))  # a clock by which everything takes a second
    >>> seconds_of(lambda: None, least=1, clock=lambda: float(next(ticks)))
    1.0
    """
    least, repeats, calls = single("least", positive("least", least)), whole("repeats", repeats, minimum=1), 1
    work()
    while (first := _timed(work, calls, clock)) < least and calls < MOST_CALLS:
        calls = min(MOST_CALLS, max(2 * calls, math.ceil(calls * least / first) if first > 0 else 0))
    return median([first, *(_timed(work, calls, clock) for _ in range(repeats - 1))]) / calls


def _timed(work: Callable[[], object], calls: int, clock: Clock) -> float:
    started = clock()
    for _ in range(calls):
        work()
    return clock() - started


@dataclass(frozen=True)
class Machine:
    """What a machine reaches, in FLOP/s: `products` of two n x n matrices of fp32, by n, and `training`."""

    products: Mapping[int, float]
    training: float

    @property
    def peak(self) -> float:
        """The best of the products, in place of the rate that is advertised for an accelerator."""
        return max(self.products.values())

    @property
    def best(self) -> int:
        """The size of the best of the products."""
        return max(self.products, key=self.products.__getitem__)

    @property
    def mfu(self) -> float:
        """The share of the peak that training reaches: the utilisation."""
        return float(model_flop_utilization(self.training, 1, 1, self.peak))


def measure_machine(sizes: Iterable[int] = SIZES, clock: Clock = CLOCK) -> Machine:
    """Return what this machine reaches: by products of 2n^3 FLOP each, and by steps of training the tiny GPT.

    A size is not tried where it would take more than 0.2 s; the first always is. It all takes some seconds.
    Errors: `ValueError` for no sizes, or for one that is not a whole number of at least 1.
    Source: slide S3: actual FLOP/s are lower than advertised.

    >>> machine = measure_machine(sizes=[8, 64])
    >>> list(machine.products), machine.peak == machine.products[machine.best]
    ([8, 64], True)
    """
    products: dict[int, float] = {}
    for size in sorted({whole("sizes", size, minimum=1) for size in sizes}):
        if products and 2 * size**3 / products[max(products)] > LONGEST:
            break
        matrix = np.random.default_rng(0).standard_normal((size, size), np.float32)
        products[size] = 2 * size**3 / seconds_of(partial(np.matmul, matrix, matrix), clock=clock)
    if not products:
        raise ValueError("sizes must hold at least one whole number; got none")
    settings = TrainingSettings()
    return Machine(MappingProxyType(products), step_flop(settings) / seconds_of(spare_step(settings), clock=clock))


def step_flop(settings: TrainingSettings) -> int:
    """Return the FLOP of one step of training the tiny GPT, counted product by product: three forward passes.

    >>> round(step_flop(TrainingSettings()) / (6 * 110_400 * 8 * 64), 3)  # attention is what 6PD leaves out
    1.095
    """
    return int(3 * TINY.shape.forward_flop(settings.batch * TINY.sequence))


def spare_step(settings: TrainingSettings) -> Callable[[], object]:
    """Return a function that does one step of training and throws away what it gave, to be timed."""
    parameters = initial_parameters(TINY, settings.seed)
    tokens = np.arange(settings.batch * TINY.sequence).reshape(settings.batch, -1) % TINY.vocab
    start = training.Done(parameters, Moments.zeros(parameters), ())
    return lambda: training.training_step(TINY, settings, start, tokens, tokens, training.AdamW())


@dataclass(frozen=True)
class TimedTraining:
    """A training of the tiny GPT beside its prediction, at any moment: its settings, and how far it is.

    `rates` are the FLOP/s of spare steps: the first right before it, others while it runs, the last after it; `losses`
    are those of the steps done, in nats a character; `seconds` is what these steps took; `over` says that no more come.
    """

    settings: TrainingSettings
    rates: tuple[float, ...]
    losses: tuple[float, ...] = ()
    seconds: float = 0.0
    over: bool = False

    @property
    def predicted(self) -> float:
        """The seconds that all steps were predicted to take: T = C / tau, with the rate right before."""
        return self._seconds(self.settings.steps, self.rates[0])

    @property
    def predicted_so_far(self) -> float:
        """The seconds that the steps done were predicted to take."""
        return self._seconds(len(self.losses), self.rates[0])

    @property
    def interrupted(self) -> bool:
        """Whether it ended before its last step."""
        return self.over and len(self.losses) < self.settings.steps

    def within(self, factor: float) -> bool:
        """Tell whether the steps done took what they should, within a factor.

        Where the machine's speed changed meanwhile, it may be as much above the slowest of the `rates`, and as much
        below the fastest.
        """
        slowest, fastest = (self._seconds(len(self.losses), rate) for rate in (min(self.rates), max(self.rates)))
        return fastest / factor <= self.seconds <= slowest * factor

    def means(self) -> list[float]:
        """Return the mean loss of each ten steps."""
        whole_ones = len(self.losses) // MEAN_OF * MEAN_OF
        return [float(np.mean(self.losses[i : i + MEAN_OF])) for i in range(0, whole_ones, MEAN_OF)]

    def _seconds(self, steps: int, rate: float) -> float:
        return float(training_seconds(steps * step_flop(self.settings), rate))


def timed_training(
    report: Callable[[TimedTraining], object] | None = None,
    clock: Clock = CLOCK,
    wall: Clock = time.perf_counter,
    patience: float = PATIENCE,
) -> TimedTraining:
    """Train the tiny GPT and return how long it took beside what was predicted right before.

    It does 600 steps, or, where it would all take more than `patience` seconds of the `wall` clock, fewer, down to 20.
    `report(so_far)` is called now and then, and what it takes is not counted. The speed is measured again while it
    runs, by spare steps, and after it. The first step's time, which nothing marks, is taken to be the others' mean.
    A `KeyboardInterrupt`, as of the stop button, ends it without harm once the first step is done.
    Errors: `ValueError` or `TypeError` for a `patience` that is not a positive number.

    >>> run = timed_training(patience=0.1)
    >>> len(run.losses), run.over, run.interrupted
    (20, True, False)
    """
    patience = single("patience", positive("patience", patience))
    step = spare_step(TrainingSettings())
    steps = max(FEWEST, min(STEPS, int(patience / seconds_of(step, repeats=1, clock=wall)) - BESIDES))
    settings = TrainingSettings(steps=steps, warmup=min(TrainingSettings().warmup, steps // 4))
    flop, laps, losses, parts = step_flop(settings), list[float](), list[float](), (0, 0)
    started, reported, per_step = 0.0, wall(), seconds_of(step, clock=clock)
    rates, calls = [flop / per_step], math.ceil(LEAST / per_step)

    def so_far(over: bool = False) -> TimedTraining:
        seconds = sum(laps) * len(losses) / len(laps) if laps else len(losses) * flop / rates[0]
        return TimedTraining(settings, tuple(rates), tuple(losses), seconds, over)

    def noted(_done: int, _steps: int, loss: float) -> None:
        nonlocal started, reported, parts
        if losses:
            laps.append(clock() - started)
        losses.append(loss)
        before, parts = parts, (PROBES * len(losses) // steps, int(PROBES * sum(laps) * rates[0] / (steps * flop)))
        if parts != before:
            rates.append(calls * flop / _timed(step, calls, clock))
        if report and wall() - reported > REPORT:
            report(so_far())
            reported = wall()
        started = clock()

    if report:
        report(so_far())
    training.train(settings=settings, progress=noted)
    rates.append(calls * flop / _timed(step, calls, clock))
    result = so_far(over=True)
    if report:
        report(result)
    return result


# The measurement that a reader sees who runs nothing


@cache
def reference() -> tuple[Machine, TimedTraining]:
    """Return what one machine reached, and how its training went, from the file that comes with the course.

    >>> machine, run = reference()
    >>> run.within(2), len(run.losses)
    (True, 600)
    """
    kept: dict[str, Any] = json.loads(resources.files("course_lib").joinpath(PLACE).read_text(encoding="utf-8"))
    products = MappingProxyType({int(size): rate for size, rate in kept["products"].items()})
    run = kept["run"]
    settings = TrainingSettings(**run["settings"])
    timed = TimedTraining(settings, tuple(run["rates"]), tuple(run["losses"]), run["seconds"], over=True)
    return Machine(products, kept["training"]), timed


def write_reference(path: str | Path) -> None:
    """Measure one core of this machine, train, and write what came out, with machine, day and command, as JSON.

    That it is one core, the command sees to: nothing else keeps numpy from using more.
    """
    machine = measure_machine()
    run = timed_training()
    settings = {"steps": run.settings.steps, "warmup": run.settings.warmup, "seed": run.settings.seed}
    made_by = {
        "command": COMMAND,
        "date": date.today().isoformat(),
        "machine": f"one core of {os.cpu_count()}, {processor_name()}; {platform.system()}, numpy {np.__version__}",
        "units": "FLOP/s, seconds of the processor, nats a character",
    }
    kept = {
        "made_by": made_by,
        "products": {size: _rounded(rate) for size, rate in machine.products.items()},
        "training": _rounded(machine.training),
        "run": {
            "settings": settings,
            "rates": [_rounded(rate) for rate in run.rates],
            "seconds": round(run.seconds, 2),
            "losses": [round(loss, 4) for loss in run.losses],
        },
    }
    Path(path).write_text(json.dumps(kept) + "\n", encoding="utf-8")


def _rounded(rate: float) -> float:
    return float(f"{rate:.4g}")


def processor_name() -> str:
    """Return what the system calls its processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
