"""`course_lib.tiny_transformer.stopwatch` by clocks that a test moves: no time of the machine decides anything here."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from course_lib.tiny_transformer import TINY, TrainingSettings, count_flop, initial_parameters, train
from course_lib.tiny_transformer import stopwatch as timing
from course_lib.tiny_transformer.stopwatch import (
    Machine,
    TimedTraining,
    measure_machine,
    reference,
    seconds_of,
    step_flop,
    timed_training,
    write_reference,
)
from course_lib.tiny_transformer.training import Done

COMMITTED = Path(__file__).resolve().parent.parent / "course_lib" / timing.PLACE


class FakeClock:
    """A clock that goes on when it is told to, or by `tick` whenever it is read."""

    def __init__(self, tick: float = 0.0) -> None:
        self.now, self.tick = 0.0, tick

    def __call__(self) -> float:
        self.now += self.tick
        return self.now

    def go_on(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clocks() -> list[FakeClock]:
    """The clocks of the pretended trainings, the latest last."""
    return []


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch, clocks: list[FakeClock]) -> Callable[..., TimedTraining]:
    """Return a function that times a pretended training: its step n takes `cost(n)`, and so does a spare one then."""

    def run(
        cost: Callable[[int], float], spare: Callable[[int], float] | None = None, **options: object
    ) -> TimedTraining:
        clock, done = FakeClock(), [0]
        clocks.append(clock)

        def step(_config: object, _settings: object, before: Done, *_rest: object) -> Done:
            clock.go_on(cost(done[0]))
            done[0] += 1
            return before._replace(losses=(*before.losses, 2.0))

        def spare_step(_settings: object) -> Callable[[], None]:
            return lambda: clock.go_on((spare or cost)(done[0]))

        monkeypatch.setattr(timing.training, "training_step", step)
        monkeypatch.setattr(timing.training, "held_out_loss", lambda *_: 2.0)
        monkeypatch.setattr(timing, "spare_step", spare_step)
        timed = timed_training(clock=clock, wall=clock, **options)  # type: ignore[arg-type]
        assert timed.over
        return timed

    return run


# Seconds and rates


def test_seconds_are_the_median_of_the_repeats() -> None:
    clock, costs = FakeClock(), iter([99, 3, 1, 50])  # the first call is not measured
    assert seconds_of(lambda: clock.go_on(next(costs)), least=1, clock=clock) == 3


def test_what_is_quick_is_called_until_enough_seconds_are_over() -> None:
    clock, calls = FakeClock(), [0]

    def work() -> None:
        calls[0] += 1
        clock.go_on(0.001)

    assert seconds_of(work, least=0.05, repeats=2, clock=clock) == pytest.approx(0.001)
    assert 100 <= calls[0] <= 250


def test_a_clock_that_stands_still_ends_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "MOST_CALLS", 32)
    assert seconds_of(lambda: None, clock=FakeClock()) == 0


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"least": 0}, ValueError, "least must be positive"),
        ({"repeats": 0}, ValueError, "repeats must be a whole number of at least 1"),
        ({"repeats": 1.5}, (TypeError, ValueError), "repeats must be a whole number"),
    ],
)
def test_a_measurement_that_cannot_be_is_refused(change: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        seconds_of(lambda: None, **change)


def test_a_products_rate_is_its_2n3_flop_by_its_seconds() -> None:
    machine = measure_machine(sizes=[9, 8], clock=FakeClock(tick=0.125))
    assert machine.products == {8: 2 * 8**3 / 0.125, 9: 2 * 9**3 / 0.125}
    assert machine.training == step_flop(TrainingSettings()) / 0.125
    assert machine.peak == 2 * 9**3 / 0.125
    assert machine.best == 9


def test_a_size_that_would_take_too_long_is_not_tried() -> None:
    assert list(measure_machine(sizes=[8, 64, 1024], clock=FakeClock(tick=0.125)).products) == [8]


def test_the_utilisation_is_the_share_of_the_best_product() -> None:
    assert Machine({16: 1e9, 64: 4e9, 256: 3e9}, training=1e9).mfu == 0.25


def test_a_machine_without_sizes_is_refused() -> None:
    with pytest.raises(ValueError, match="sizes must hold at least one"):
        measure_machine(sizes=[])
    with pytest.raises(ValueError, match="sizes must be a whole number of at least 1; got 0"):
        measure_machine(sizes=[0])


def test_a_steps_flop_are_those_that_the_ledger_counts() -> None:
    tokens = np.zeros((8, 64), int)
    assert step_flop(TrainingSettings()) == count_flop(TINY, initial_parameters(TINY), tokens, tokens).total


def test_the_clock_of_this_machine_goes_on() -> None:
    clock = timing.processor_clock()
    before = clock()
    assert seconds_of(lambda: sum(range(1000)), clock=clock) > 0
    assert clock() > before


@pytest.mark.parametrize("error", [AttributeError, OSError])
def test_without_a_processors_time_a_plain_clock_is_taken(error: type, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> float:
        raise error

    monkeypatch.setattr(timing.time, "thread_time", none)
    assert timing.processor_clock() is timing.time.perf_counter


# A training beside its prediction


def test_at_one_speed_a_training_takes_what_was_predicted(pretend: Callable[..., TimedTraining]) -> None:
    timed = pretend(lambda _: 0.01)
    assert (timed.settings.steps, len(timed.losses)) == (600, 600)
    assert timed.predicted == pytest.approx(6)
    assert timed.seconds == pytest.approx(6)
    assert timed.rates == pytest.approx([step_flop(timed.settings) / 0.01] * len(timed.rates))
    assert len(timed.rates) > 5
    assert timed.within(1.001)


def test_a_slow_machine_does_fewer_steps(pretend: Callable[..., TimedTraining]) -> None:
    assert [pretend(lambda _, cost=cost: cost).settings.steps for cost in (0.01, 0.1, 0.4, 10)] == [600, 170, 20, 20]
    assert [pretend(lambda _, cost=cost: cost).settings.warmup for cost in (0.01, 10)] == [50, 5]
    assert pretend(lambda _: 0.1, patience=10).settings.steps == 70


def test_what_the_report_takes_is_not_counted(pretend: Callable[..., TimedTraining], clocks: list[FakeClock]) -> None:
    reports: list[TimedTraining] = []

    def slow_report(timed: TimedTraining) -> None:
        reports.append(timed)
        clocks[-1].go_on(100)

    timed = pretend(lambda _: 0.01, report=slow_report)
    assert timed.seconds == pytest.approx(6)
    assert [len(one.losses) for one in reports] == sorted(len(one.losses) for one in reports)
    assert (len(reports[0].losses), reports[-1]) == (0, timed)
    assert not any(one.over for one in reports[:-1])
    assert 5 < len(reports) < 30
    for one in reports:
        assert one.seconds == pytest.approx(one.predicted_so_far)
        assert one.within(1.001)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.integers(0, 600),
    length=st.integers(0, 600),
    times=st.sampled_from([0.01, 0.1, 0.3, 3.0, 10.0, 40.0]),
)
def test_a_machine_that_is_slower_or_faster_for_a_while_is_no_reason_to_doubt_the_prediction(
    pretend: Callable[..., TimedTraining], first: int, length: int, times: float
) -> None:
    timed = pretend(lambda step: 0.01 * (times if first <= step < first + length else 1))
    assert timed.within(2), (timed.seconds, timed.rates)


@pytest.mark.parametrize("times", [0.2, 0.45, 2.2, 5])
def test_a_step_that_does_other_work_than_a_spare_one_is_found(
    pretend: Callable[..., TimedTraining], times: float
) -> None:
    timed = pretend(lambda _: 0.01 * times, spare=lambda _: 0.01)
    assert timed.seconds / timed.predicted == pytest.approx(times)
    assert not timed.within(2)
    assert timed.within(6)


@pytest.mark.parametrize("stop", [1, 7, 599])
def test_the_stop_button_keeps_what_was_reached(pretend: Callable[..., TimedTraining], stop: int) -> None:
    def cost(step: int) -> float:
        if step == stop:
            raise KeyboardInterrupt
        return 0.01

    timed = pretend(cost, spare=lambda _: 0.01)
    assert timed.interrupted
    assert len(timed.losses) == stop
    assert timed.predicted_so_far == pytest.approx(0.01 * stop)
    assert timed.within(1.001)


def test_a_training_on_this_machine_lowers_the_loss_and_says_each_tens_mean() -> None:
    timed = timed_training(patience=0.5)
    means = timed.means()
    assert len(means) == len(timed.losses) // 10
    assert means[0] == pytest.approx(np.mean(timed.losses[:10]))
    assert means[-1] < means[0]
    assert timed.seconds > 0


@pytest.mark.parametrize("patience", [0, -1, np.nan, "20"])
def test_a_patience_that_is_none_is_refused(patience: object) -> None:
    with pytest.raises((TypeError, ValueError), match="patience must be"):
        timed_training(patience=patience)  # type: ignore[arg-type]


# The measurement that comes with the course


def test_the_committed_measurement_says_how_where_and_when_it_was_made() -> None:
    made_by = json.loads(COMMITTED.read_text(encoding="utf-8"))["made_by"]
    assert made_by["command"] == timing.COMMAND
    assert {"date", "machine", "units"} <= {*made_by}
    assert "numpy" in made_by["machine"]


def test_the_committed_measurement_is_one_that_the_lesson_can_show() -> None:
    machine, timed = reference()
    assert tuple(machine.products) == timing.SIZES
    assert 0.02 < machine.mfu < 0.8
    assert len(timed.losses) == timing.STEPS
    assert timed.within(2)


def test_the_committed_losses_are_those_that_training_gives() -> None:
    """Those of the first steps; another machine's products may round otherwise, and a later loss carries it on."""
    timed = reference()[1]
    losses: list[float] = []

    def stop(done: int, _steps: int, loss: float) -> None:
        losses.append(loss)
        if done == 12:
            raise KeyboardInterrupt

    train(settings=timed.settings, progress=stop)
    assert losses == pytest.approx(timed.losses[:12], abs=2e-3)


def test_the_command_writes_a_file_of_the_same_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "STEPS", 20)
    monkeypatch.setattr(timing, "measure_machine", lambda: Machine({16: 1.23456e9}, 1.0e8))
    write_reference(tmp_path / "stopwatch.json")
    written, committed = (
        json.loads(path.read_text(encoding="utf-8")) for path in (tmp_path / "stopwatch.json", COMMITTED)
    )
    assert written.keys() == committed.keys()
    assert written["run"].keys() == committed["run"].keys()
    assert written["made_by"].keys() == committed["made_by"].keys()
    assert written["products"] == {"16": 1.235e9}
    assert len(written["run"]["losses"]) == 20
    assert written["run"]["losses"][0] == pytest.approx(committed["run"]["losses"][0], abs=2e-3)
