"""What each kind of question says to each kind of answer, and what holds for all: limits, progress, escaping."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import catalog, checks, questions
from course_lib.catalog import Model, TrainingRun
from course_lib.checks import Given, check, edition, progress
from course_lib.questions import limits
from course_lib.questions.kinds import Bits, Choice, Function, Kind, Number, Vector
from course_lib.questions.question import (
    CORRECT,
    EDGE,
    OPEN,
    WRONG,
    Badge,
    Fact,
    Pick,
    Question,
    Verdict,
    Wrong,
    named,
    reported,
)
from course_lib.questions.values import brief, close, same

HOURS = Number(
    answer=36.0,
    unit="hours",
    tolerance=0.02,
    also={"days": 1 / 24, "seconds": 3600},
    note="So it is.",
    wrong=(Wrong(72.0, "Twice too much."),),
)
LIST = Vector(answer=[1.0, 0.0, -4.0], absolute=0.01, wrong=(Wrong([-1.0, 0.0, 4.0], "All signs are wrong."),))
PI = Bits(answer=0x4248, width=16, wrong=(Wrong(0x4249, "Rounded the wrong way."), Wrong("0" * 17, "One too many.")))
COLOUR = Choice(answer="blue", wrong=(Wrong("red", "Not red."), Wrong("green", "Not green.")))
SUM = Function(
    name="total",
    reference=lambda values: float(np.sum(values)),
    cases=((np.array([1.0, 2.0]),), (np.array([]),)),
    generate=lambda rng: (rng.normal(size=4),),
    absolute=1e-9,
    wrong=(Wrong(lambda values: float(np.mean(values)), "That is the mean."),),
)


@pytest.fixture(autouse=True)
def public_edition() -> Iterator[None]:
    yield
    edition(0)


def say(kind: Kind, answer: Any) -> str:
    judgement = kind.judge(answer)
    return f"{judgement.state}: {judgement.message}"


# Numbers


@pytest.mark.parametrize("answer", [36, 36.7, 35.3, np.float32(36), np.int64(36), np.array(36.0), Fraction(72, 2)])
def test_a_number_of_any_type_passes_within_the_tolerance(answer: Any) -> None:
    assert HOURS.judge(answer) == Verdict(CORRECT, "Correct. So it is.")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (72, "Twice too much."),
        (1.5, "That is the answer in days; the question asks for it in hours."),
        (129600, "That is the answer in seconds; the question asks for it in hours."),
        (-36, "The sign is wrong."),
        (-50, "The sign is wrong, and so is the size."),
        (3600, "The digits are right and the power of ten is not: look at the prefixes and exponents."),
        (37, "Not yet: too large. It is close: something small is missing, or too much."),
        (30, "Not yet: too small."),
        (1, "Not yet: too small, by more than a factor of ten."),
        (1e9, "Not yet: too large, by more than a factor of ten."),
        (0, "Not yet: it is zero, and the right one is not."),
        (1e-320, "Not yet: too small, by more than a factor of ten."),
        (1e308, "Not yet: too large, by more than a factor of ten."),
        ("36", "Your answer is the text '36'; one number is asked for, without quotes: write 36."),
        (None, "Your answer is None (does the cell give it a value, and was it run?); one number is asked for."),
        (True, "Your answer is True, a yes or no; one number is asked for."),
        (
            np.array([36.0]),
            "Your answer is an array of shape (1,); the number itself is asked for: take it out of the brackets.",
        ),
        ([36], "Your answer is a list of one number; the number itself is asked for: take it out of the brackets."),
        (lambda: 36, "Your answer is a function, not what it returns (call it); one number is asked for."),
        (36j, "Your answer is a complex number; a real number is asked for."),
        (float("inf"), "Your answer is inf, which is no finite number: look for a division by zero."),
        (
            float("nan"),
            "Your answer is nan, which is no number: look for 0 / 0, or for a root or logarithm of what is below zero.",
        ),
        (10**400, "Your answer is a number too large to compute with."),
        (object(), "Your answer is something of the type object; one number is asked for."),
    ],
)
def test_what_is_wrong_with_a_number_is_named(answer: Any, words: str) -> None:
    assert say(HOURS, answer) == f"{WRONG}: {words}"


@settings(deadline=None, max_examples=200)
@given(
    st.floats(1e-30, 1e30) | st.floats(-1e30, -1e-30),
    st.floats(1e-6, 0.2),
    st.floats(-3, 3).filter(lambda x: abs(abs(x) - 1) > 1e-6),
)
def test_the_tolerance_is_relative_on_both_sides_and_for_both_signs(answer: float, tolerance: float, x: float) -> None:
    kind = Number(answer=answer, tolerance=tolerance)
    assert (kind.judge(answer * (1 + x * tolerance)).state == CORRECT) == (abs(x) < 1)


@pytest.mark.parametrize(
    ("right", "answer", "words"),
    [
        (0.5, 0.3, "Not yet: too small."),
        (0.5, 0.9, "Not yet: too large."),
        (-0.5, -0.3, "Not yet: the sign is right, the size too small."),
        (36, 360, "Not yet: too large."),  # ten times as much is not more than ten times
        (36, 361, "Not yet: too large, by more than a factor of ten."),
    ],
)
def test_a_size_is_told_beside_the_right_one_however_small_that_is(right: float, answer: float, words: str) -> None:
    assert Number(answer=right, tolerance=0.1).judge(answer).message == words


@pytest.mark.parametrize("kind", [HOURS, LIST, PI, COLOUR, SUM], ids=lambda kind: type(kind).__name__)
def test_a_kind_is_made_by_names_and_stays_as_it_is(kind: Kind) -> None:
    with pytest.raises(AttributeError):
        kind.note = "Otherwise."
    with pytest.raises(TypeError, match="positional"):
        type(kind)(kind.right())


def test_an_exact_number_forgives_rounding_and_nothing_else() -> None:
    exact = Number(answer=0.3, tolerance=0)
    assert exact.judge(0.1 + 0.2).state == CORRECT
    assert exact.judge(0.3000001).state == WRONG
    assert exact.asked() == "one number; exact"
    assert Number(answer=0, tolerance=0.01).judge(1e-9).state == WRONG
    assert Number(answer=0, tolerance=0).judge(0.0).state == CORRECT


# Several numbers


@pytest.mark.parametrize("answer", [[1, 0, -4], (1.005, 0.009, -4), np.array([1.0, 0, -4])])
def test_numbers_in_any_sequence_pass_within_the_tolerances(answer: Any) -> None:
    assert LIST.judge(answer).state == CORRECT


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([-1, 0, 4], "All signs are wrong."),
        ([1, 0], "Your answer has 2 numbers; the question asks for 3 numbers."),
        ([[1, 0, -4]], "Your answer has the shape (1, 3); the question asks for 3 numbers in one list."),
        ([1, [0, 2], -4], "Your answer is a list whose rows differ in length; 3 numbers are asked for."),
        ("1, 0, -4", "Your answer is the text '1, 0, -4'; the question asks for 3 numbers in a list, without quotes."),
        ([1, 0, "x"], "Your answer holds the text 'x' at index 2; 3 numbers are asked for."),
        (
            [1, 0, "-4,5"],
            "Your answer holds the text '-4,5' at index 2; 3 numbers are asked for, without quotes: write",
        ),
        (3, "Your answer is the number 3; the question asks for 3 numbers in a list."),
        ([], "Your answer is empty; the question asks for 3 numbers."),
        ([1, 0, float("inf")], "Your answer holds inf, which is no finite number at index 2: look for a division by"),
        ([True, False, True], "Your answer holds True, a yes or no at index 0; 3 numbers are asked for."),
        ([1, 0.02, -4], "Not yet: too far from zero."),
        ([1, 0, -3], "Not yet: the sign is right, the size too small."),
        ([1, 0, -5], "Not yet: the sign is right, the size too large."),
    ],
)
def test_what_is_wrong_with_numbers_is_named(answer: Any, words: str) -> None:
    assert say(LIST, answer).startswith(f"{WRONG}: {words}")


def test_the_first_number_that_differs_is_pointed_at() -> None:
    assert LIST.judge([1, 0, -5]).detail == "1 of 3 differ, the first at index 2."
    square = Vector(answer=np.eye(2))
    assert square.judge([[1, 0], [2, 2]]).detail == "2 of 4 differ, the first at index (1, 0)."
    assert square.asked() == "an array of shape (2, 2); right within 1 %"
    assert LIST.asked() == "3 numbers in a list; right within 1 %"


def test_numbers_that_are_not_whole_are_told_so_where_only_whole_ones_make_sense() -> None:
    counts = Vector(answer=[2, 5], tolerance=0, whole="Whole ones, please.", wrong=(Wrong([3, 6], "Rounded up."),))
    assert counts.judge([2.4, 5.9]).message == counts.judge([2, 5.5]).message == "Whole ones, please."
    assert counts.judge([2.0, 5.0]).correct
    assert counts.judge([3, 6]).message == "Rounded up."
    assert Vector(answer=[2, 5]).judge([2.4, 5.5]).message.startswith("Not yet")


def test_a_list_with_a_part_left_blank_is_not_answered_yet() -> None:
    assert LIST.judge([1, ..., -4]).state == OPEN
    assert Vector(answer=np.eye(2)).judge([[1, ...], [0, 1]]).state == OPEN


# Bits


@pytest.mark.parametrize(
    "answer",
    ["0100001001001000", "0 10000 1001001000", "0_10000_1001001000", "0b0100001001001000", "0x4248", 0x4248, "0X4248"],
)
def test_a_pattern_is_read_however_it_is_parted(answer: Any) -> None:
    assert PI.judge(answer).state == CORRECT
    assert made_up(PI).judge(PI.right()).correct


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (0x4249, "Rounded the wrong way."),
        ("0100 0010 0100 1001", "Rounded the wrong way."),
        ("0" * 17, "One too many."),
        ("0101", "Your answer has 4 bits; the format has 16."),
        ("0100002001001000", "Your answer '0100002001001000' holds '2', and a bit is 0 or 1."),
        ("", "Your answer is an empty text; 16 bits are asked for."),
        ("1", "Your answer has one bit; the format has 16."),
        (1011010011001101, "Your answer is the decimal number 1011010011001101: put it in quotes, as a text of bits."),
        (1.001e3, "Your answer is the decimal number 1001: put it in quotes, as a text of bits."),
        (2**16, "Your answer does not fit into 16 bits."),
        (10**16 + 1, "Your answer does not fit into 16 bits."),  # too many digits to be 16 bits without quotes
        (0, "Not yet: bit 2 of 16, counted from the left, is the first wrong one."),
        (-1, "Your answer is below zero; 16 bits as text are asked for."),
        (3.140625, "Your answer is the number 3.14062; 16 bits in one text are asked for."),
        ("1100001001001000", "Not yet: bit 1 of 16, counted from the left, is the first wrong one."),
        ("0100001001001100", "Not yet: bit 14 of 16, counted from the left, is the first wrong one."),
    ],
)
def test_what_is_wrong_with_a_pattern_is_named(answer: Any, words: str) -> None:
    assert say(PI, answer) == f"{WRONG}: {words}"


# Choices


def test_a_letter_passes_in_any_spelling() -> None:
    right = COLOUR.right()
    spellings = (right.upper(), f" {right}) ", f"({right})", f"{right.upper()}.", f"line {right}", f"Line {right}.")
    for answer in (right, *spellings, f"option: {right}", f"answer {right}:", f"'{right}'", np.array(right)):
        assert COLOUR.judge(answer).state == CORRECT
    for answer in (right * 2, f"{right}, {right}", f"no {right}", f"line{right}"):
        assert COLOUR.judge(answer).state == WRONG


def test_another_letter_gets_its_own_hint_and_another_thing_the_letters_that_there_are() -> None:
    wrong = COLOUR.letter("red")
    assert say(COLOUR, wrong) == f"{WRONG}: Not red."
    letters = "one letter in quotes: 'a', 'b' or 'c'"
    assert say(COLOUR, "d") == f"{WRONG}: There is no option 'd'; the question asks for {letters}."
    assert say(COLOUR, 1) == f"{WRONG}: Your answer is the number 1; the question asks for {letters}."


def test_options_stand_in_an_order_that_does_not_change_or_in_the_one_that_is_named() -> None:
    assert COLOUR.options() == COLOUR.options()
    assert set(COLOUR.options().values()) == {"red", "green", "blue"}
    ordered = Choice(answer="b", wrong=(Wrong("a", "No."),), order=("b", "a"))
    assert ordered.options() == {"a": "b", "b": "a"}
    assert (ordered.right(), ordered.letter("b"), ordered.letter("a")) == ("a", "a", "b")


# Functions


def test_a_right_function_passes_however_it_is_made() -> None:
    class Total:
        def __call__(self, values: Any) -> Any:
            return sum(values)

    for function in (
        np.sum,
        sum,
        Total(),
        lambda v: np.array(v).sum(),
        lambda *v: sum(v[0]),
        lambda v, scale=1: sum(v),
    ):
        assert SUM.judge(function).state == CORRECT


def test_a_function_may_be_off_by_a_millionth_and_a_long_result_is_cut() -> None:
    twice = Function(name="twice", reference=lambda x: 2.0 * x, cases=((1.0,),), generate=lambda rng: (rng.random(),))
    assert twice.judge(lambda x: 2 * x * (1 + 0.9e-6)).state == CORRECT
    assert twice.judge(lambda x: 2 * x * (1 + 1.1e-6)).state == WRONG
    shown = twice.judge(lambda x: "a" * 100).detail.partition("yours ")[2]
    assert len(shown) == len(brief("a" * 100, 60)) == 60


def forever(values: Any) -> Any:
    while True:
        pass


def forever_forgiving(values: Any) -> Any:
    while True:
        try:
            sum(range(100))
        except Exception:
            continue


def forever_on_one_line(values: Any) -> Any:
    while True: pass  # noqa: E701  # fmt: skip


def recursive(values: Any) -> Any:
    return recursive(values)


def in_place(values: Any) -> Any:
    values.sort()
    return values.sum()


def noisy(values: Any) -> Any:
    print("noise" * 1000)
    sys.stderr.write("noise")
    return np.float64(1) / np.float64(0) if len(values) == 0 else float(np.mean(values))


@pytest.mark.parametrize(
    ("function", "words", "detail"),
    [
        (np.mean, "That is the mean.", "total([1., 2.]): yours 1.5"),
        (lambda v: 7, "Not yet: at least one result differs.", "total([1., 2.]): yours 7"),
        (lambda v: None, "total returns None: is there a `return`?", "yours None"),
        (lambda v: "3", "total returns a text; one number should come out.", "yours '3'"),
        (lambda v: v, "total returns numbers of shape (2,); one number should come out.", "yours [1., 2.]"),
        (lambda v: [3], "total returns numbers of shape (1,); one number should come out.", "yours [3]"),
        (lambda v: (3,), "total returns numbers of shape (1,); one number should come out.", "yours (3,)"),
        (lambda v: v > 1, "total returns an array of shape (2,) and type bool; one number should come out.", "yours"),
        (lambda v: 1 / 0, "total raises ZeroDivisionError: division by zero", "yours ZeroDivisionError"),
        (lambda v: sys.exit(3), "total raises SystemExit: 3", "yours SystemExit"),
        (recursive, "total raises RecursionError: maximum recursion depth exceeded", "yours RecursionError"),
        (in_place, "total changes its argument: work on a copy.", "total("),
        (lambda: 3, "total takes (); it should take (values).", ""),
        (lambda a, b: 3, "total takes (a, b); it should take (values).", ""),
        (3.0, "Your answer is the number 3; hand in the function total itself.", ""),
    ],
)
def test_what_is_wrong_with_a_function_is_named(function: Any, words: str, detail: str) -> None:
    judgement = SUM.judge(function)
    assert judgement.state == WRONG
    assert judgement.message.startswith(words)
    assert detail in judgement.detail
    assert "expected" not in str(judgement)
    assert not judgement.expected or judgement.in_full().detail == f"{judgement.detail}, expected 3"


@pytest.mark.parametrize("stub", [lambda v: ..., lambda v: (_ for _ in ()).throw(NotImplementedError)])
def test_a_stub_is_not_answered_yet(stub: Any) -> None:
    assert SUM.judge(stub) == Verdict(OPEN)


def test_a_function_is_open_by_what_it_gives_for_the_first_input_and_wrong_where_it_gives_up_later() -> None:
    gives_up = count(1)
    assert SUM.judge(lambda v: ... if next(gives_up) == 1 else sum(v)).state == OPEN
    later = count(1)
    assert SUM.judge(lambda v: sum(v) if next(later) == 1 else ...).state == WRONG


def test_a_function_that_fails_only_on_generated_inputs_is_found_and_shown() -> None:
    judgement = SUM.judge(lambda v: float(np.abs(v).sum()))
    assert judgement.state == WRONG
    assert judgement.detail.startswith("total([")


def test_what_a_function_prints_or_warns_of_is_dropped(capsys: Any) -> None:
    with redirect_stdout(io.StringIO()) as printed:
        assert SUM.judge(noisy).state == WRONG
    assert printed.getvalue() == ""
    assert capsys.readouterr() == ("", "")


def test_an_error_that_is_expected_is_the_right_answer() -> None:
    def reference(x: float) -> float:
        if x < 0:
            raise ValueError("x must not be negative")
        return x**0.5

    root = Function(
        name="root", reference=reference, cases=((4.0,), (-4.0,)), generate=lambda rng: (rng.uniform(0, 9),), wrong=()
    )
    assert root.judge(reference).state == CORRECT
    silent = root.judge(lambda x: reference(x) if x >= 0 else None)
    assert silent.state == WRONG, "nothing is no error"
    judgement = root.judge(lambda x: abs(x) ** 0.5)
    assert judgement.in_full().detail == "root(-4): yours 2, expected ValueError"


def test_inputs_are_the_same_every_time() -> None:
    first, second = SUM.inputs(), SUM.inputs()
    assert len(first) == 27
    assert all(np.array_equal(one[0], other[0]) for one, other in zip(first, second, strict=True))


# The limit of time


@pytest.fixture
def short_limit(monkeypatch: pytest.MonkeyPatch) -> float:
    monkeypatch.setattr(limits, "SECONDS", 0.3)
    return 0.3


def test_five_seconds_is_the_limit() -> None:
    assert limits.SECONDS == 5


ENDLESS = [forever, forever_forgiving, forever_on_one_line, lambda v: all(True for _ in iter(int, 1))]
HAS_TIMER = hasattr(signal, "setitimer")  # without one, a loop is stopped and a sleep is not


@pytest.mark.parametrize("function", [*ENDLESS, *([lambda v: time.sleep(1e6)] if HAS_TIMER else [])])
def test_a_function_that_never_returns_is_stopped_and_named(function: Any, short_limit: float) -> None:
    judgement = SUM.judge(function)
    assert judgement == Verdict(WRONG, "total was stopped after 0.3 s: does a loop never end?")


@pytest.mark.parametrize("threads", [True, False])
@pytest.mark.parametrize("timer", [True, False])
def test_a_function_is_not_stopped_by_the_time_of_day(
    timer: bool, threads: bool, short_limit: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy machine lets it wait, as this sleep does; it computes for no time."""
    if not timer:
        monkeypatch.delattr(signal, "setitimer", raising=False)
    monkeypatch.setattr(limits, "can_start_threads", lambda: threads)
    waits = iter([0.4])

    def waiting(values: Any) -> Any:
        time.sleep(next(waits, 0))
        return sum(values)

    assert SUM.judge(waiting).state == CORRECT
    assert next(waits, None) is None


def test_a_loop_is_stopped_outside_the_main_thread_too(short_limit: float) -> None:
    said: list[Verdict] = []
    for function in ENDLESS:
        thread = threading.Thread(target=lambda function=function: said.append(SUM.judge(function)))
        thread.start()
        thread.join()
    assert said == [Verdict(WRONG, "total was stopped after 0.3 s: does a loop never end?")] * len(ENDLESS)


@pytest.mark.parametrize("threads", [True, False])
@pytest.mark.parametrize("function", ENDLESS)
def test_a_loop_is_stopped_where_there_is_no_timer(
    function: Any, threads: bool, short_limit: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, and in a browser's Python."""
    monkeypatch.delattr(signal, "setitimer", raising=False)
    monkeypatch.setattr(limits, "can_start_threads", lambda: threads)
    before = sys.gettrace()
    assert SUM.judge(function).message == "total was stopped after 0.3 s: does a loop never end?"
    assert SUM.judge(sum).state == CORRECT
    assert sys.gettrace() is before


def test_what_was_set_for_the_limit_is_put_back() -> None:
    def state() -> tuple[object, ...]:
        timer = (signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)) if HAS_TIMER else ()
        return (*timer, sys.gettrace(), sys.stdout, sys.stderr)

    before = state()
    for function in (sum, recursive, lambda v: 1 / 0):
        SUM.judge(function)
        assert state() == before


def test_the_users_own_interrupt_gets_through() -> None:
    def interrupted(values: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        SUM.judge(interrupted)


# What is shown


def made_up(kind: Any, number: str = "9.1") -> Question:
    return Question(number, "Made up", ("S1",), Badge(1, 1, 1), kind.called, kind)


def test_a_verdict_shows_itself_as_plain_words_and_as_escaped_html() -> None:
    kind = Choice(answer="<b>", wrong=(Wrong("<i>", "No <i>&."),))
    verdict = made_up(kind).judge(kind.letter("<i>"))
    bundle = verdict._repr_mimebundle_()
    assert bundle["text/plain"] == "9.1 No <i>&." == str(verdict) == repr(verdict)
    assert "No &lt;i&gt;&amp;." in bundle["text/html"]
    shown = Given(made_up(kind))._repr_mimebundle_()["text/html"]
    assert "&lt;b&gt;" in shown
    assert "<b>" not in shown


def test_a_second_line_says_where_a_function_fails() -> None:
    verdict = made_up(SUM).judge(np.mean)
    assert str(verdict).splitlines() == ["9.1 That is the mean.", "    total([1., 2.]): yours 1.5"]
    assert "<code>total([1., 2.]): yours 1.5</code>" in verdict._repr_mimebundle_()["text/html"]
    assert str(verdict.in_full()).splitlines()[1] == "    total([1., 2.]): yours 1.5, expected 3"


class Hostile:
    """An answer that fails at everything."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __repr__(self) -> str:
        raise RuntimeError("repr")


@pytest.mark.parametrize("kind", [HOURS, LIST, PI, COLOUR, SUM], ids=lambda kind: type(kind).__name__)
def test_an_answer_that_cannot_even_be_looked_at_is_no_error(kind: Any) -> None:
    verdict = made_up(kind).judge(Hostile())
    assert verdict.state == WRONG
    assert len(str(verdict)) < 200


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567, "1,234,567"),
        (3.0, "3"),
        (1e300, "1e300"),
        (2.5e-7, "2.5e-7"),
        (np.float32(0.1), "0.1"),
        (np.arange(3), "[0, 1, 2]"),
        ((1.0, "a", None), "(1, 'a', None)"),
        ((3,), "(3,)"),
        (range(3), "[0, 1, 2]"),
        (np.str_("a"), "'a'"),
        (3 * 10**20, "3e20"),
        (10**400, "10**308 or more"),
        (-(10**400), "-10**308 or less"),
        (np.complex64(2j), "2j"),
        (np.ma.masked, "masked"),
        (object(), "something of the type object"),
        (abs, "a function"),
        ([1.5] * 20, "[1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, ...]"),
    ],
)
def test_a_value_is_written_shortly(value: Any, text: str) -> None:
    assert brief(value) == text


def test_what_fails_to_write_itself_is_named_by_its_type() -> None:
    assert brief(Hostile()) == "something of the type Hostile"


def test_no_value_is_written_at_length() -> None:
    assert all(
        len(brief(value)) < 110 for value in ("x" * 10**6, np.ones((99, 99)), list(range(10**5)), {1: "y" * 999})
    )


@pytest.mark.parametrize(
    ("value", "expected", "equal"),
    [
        ((1, np.array([1.0, 2.0])), (1, np.array([1.0, 2.0])), True),
        ((1, np.array([1.0, 2.0])), (1, np.array([1.0, 2.5])), False),
        ([1, 2], (1, 2), True),
        (3, (1, 2), False),
        (np.array(3), (1, 2), False),
        ({"a": 1.0}, {"a": 1}, True),
        ({"a": 1.0}, {"b": 1}, False),
        (np.True_, True, True),
        (1, True, False),
        (True, 1, False),
        ("x", "x", True),
        (None, 1, False),
        (float("nan"), float("nan"), True),
        (np.array([1, 2], dtype=np.int8), np.array([1.0, 2.0]), True),
        ([[1], [2, 3]], np.ones((2, 1)), False),
        ([10**30, 1], np.array([1e30, 1.0]), True),
        ([Fraction(1, 2), Decimal("0.25")], np.array([0.5, 0.25]), True),
        ([1, None], np.array([1.0, 2.0]), False),
        (3 + 0j, 3.0, False),
        (np.timedelta64(3, "s"), 3, False),
        (np.ma.array([1.0, 2.0]), np.array([1.0, 2.0]), False),
        (np.ma.array([1.0, 2.0]), (1.0, 2.0), False),
        ((1, np.ma.masked), (1, 0), False),
        ({"a": np.ma.array(1.0)}, {"a": 1}, False),
    ],
)
def test_results_are_compared_piece_by_piece(value: Any, expected: Any, equal: bool) -> None:
    assert same(value, expected, 1e-9) is equal


# What a student calls


def test_a_number_of_a_question_without_quotes_is_told_where_they_go() -> None:
    for ask in (lambda: check(1.1, 5), lambda: checks.given(1.1)):  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=r'stands in quotes, as in check\("1.1", answer\).*; got 1.1$'):
            ask()
    with pytest.raises(ValueError, match=r"a set is named by its number, without quotes, such as 1; got '1'"):
        progress("1")  # type: ignore[arg-type]


def test_an_unknown_question_is_refused_with_those_that_there_are() -> None:
    for number in ("1.99", "1", "99.1", "x", "", "1.1.1"):
        with pytest.raises(ValueError, match=r"is unknown"):
            check(number, 1)
    with pytest.raises(ValueError, match=r"set 99 is unknown; accepted: 1"):
        progress(99)


def test_progress_says_what_is_done_and_what_is_left() -> None:
    edition(0)
    with pytest.raises(ValueError, match="nothing was checked yet"):
        progress()
    right = questions.find("1.1").asks.right()
    check("1.1", right)
    check("1.2", 0)
    check("1.3", ...)
    shown = progress()
    minutes = sum(questions.find(number).badge.minutes for number in questions.numbers_of(1)) - 3
    assert str(shown) == (
        "Set 1, compute cost: 1 of 11 correct; look again at 1.2; not answered yet: 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, "
        f"1.10, 1.11; about {minutes} minutes to go."
    )
    html = shown._repr_mimebundle_()["text/html"]
    assert html.count("<rect") == 11
    assert f'role="img" aria-label="{shown}"' in html
    assert f"<p>{shown}</p>" in html
    check("1.1", 0)
    assert "0 of 11 correct" in str(progress())


def test_progress_of_a_finished_set_says_so() -> None:
    for number in questions.numbers_of(1):
        check(number, questions.find(number).asks.right())
    assert str(progress()) == "Set 1, compute cost: 11 of 11 correct. All done."


def test_another_edition_has_other_numbers_and_starts_anew() -> None:
    check("1.1", questions.find("1.1").asks.right())
    public = checks.given("1.1").tokens
    seed = next(seed for seed in range(1, 50) if questions.find("1.1", seed).asks.given["tokens"].value != public)
    edition(seed)
    assert checks.given("1.1").tokens != public
    assert not check("1.1", questions.find("1.1", 0).asks.right()).correct
    assert check("1.1", questions.find("1.1", seed).asks.right()).correct
    for nonsense in (1.5, "7", True, None):
        with pytest.raises(TypeError, match="seed must be a whole number"):
            edition(nonsense)


def test_a_name_that_is_not_given_is_refused_with_those_that_are() -> None:
    with pytest.raises(AttributeError, match=r"question 1.1 does not give 'token'; it gives model, parameters, tokens"):
        _ = checks.given("1.1").token


@pytest.mark.parametrize("bad", [(0, 1, 1), (4, 1, 1), (1, 0, 1), (1, 4, 1), (1, 1, 0), (1, 1, 61)])
def test_a_badge_off_its_scales_is_refused(bad: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="must be 1, 2 or 3"):
        Badge(*bad)


def test_the_public_edition_takes_the_first_option_and_classes_take_any_other() -> None:
    assert [Pick(0, "1.1")(*"abc") for _ in range(3)] == ["a"] * 3
    drawn = [Pick(seed, "1.1")(*"abc") for seed in range(1, 60)]
    assert set(drawn) == set("bc")
    assert Pick(7, "1.1")("the only one") == "the only one"
    one = Pick(5, "1.1")
    assert len({one(*range(100)) for _ in range(10)}) > 5, "each choice of a question is another draw"


def test_figures_that_were_not_published_are_not_used() -> None:
    assert reported(3.0) == 3.0
    with pytest.raises(ValueError, match="must be published"):
        reported(None)


@pytest.mark.parametrize("entry", [*catalog.training_runs().values(), *catalog.models().values()])
def test_a_question_cites_a_row_without_the_remark_that_may_answer_it(entry: TrainingRun | Model) -> None:
    words = named(entry).words
    assert words.startswith(entry.citation)
    assert "(" not in words
    assert entry.source == words + (f" ({entry.remark})" if entry.remark else "")


def test_a_question_says_of_a_model_what_to_mind() -> None:
    said = "Llama Team 2024 and released weights; pre-trained at 8192 tokens, then extended to 131072"
    assert named(catalog.model("Llama 3.1 8B")) == Fact("Llama 3.1 8B", said)
    assert named(catalog.training_run("GPT-3 175B")).words == "Brown et al. 2020, arXiv:2005.14165, Table D.1"


def test_facts_are_shown_with_their_words() -> None:
    kind = Number(answer=1, given={"rate": Fact(3.12e14, "FLOP/s"), "values": Fact(np.arange(3), "three")})
    lines = str(Given(made_up(kind))).splitlines()
    assert lines == ["rate    3.12e14    FLOP/s", "values  [0, 1, 2]  three", "Asked: one number; right within 1 %."]


def test_checking_needs_numpy_and_nothing_heavier() -> None:
    code = "import sys; from course_lib.checks import check; check('1.1', 1); print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split())
    assert "course_lib.checks" in loaded
    assert not {"matplotlib", "ipywidgets", "IPython", "nbformat", "socket"} & loaded


def test_only_the_set_that_is_asked_about_is_loaded() -> None:
    code = "import sys; from course_lib.checks import check; check('1.1', 1); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split()
    topics = {f"course_lib.questions.{topic}" for topic in questions.TOPICS}
    assert topics & set(loaded) == {"course_lib.questions.compute_cost"}


def test_closeness_is_symmetric_around_the_answer() -> None:
    assert close(101, 100, 0.01)
    assert close(99, 100, 0.01)
    assert not close(101.1, 100, 0.01)
    assert EDGE.keys() == {CORRECT, WRONG, OPEN}


@pytest.mark.parametrize(
    ("tolerance", "words"),
    [
        (0, "exact"),
        (9.9e-5, "rounding is forgiven"),
        (1e-4, "right within 0.01 %"),
        (0.02, "right within 2 %"),
    ],
)
def test_what_is_asked_for_says_how_near_is_near_enough(tolerance: float, words: str) -> None:
    assert replace(HOURS, tolerance=tolerance).asked().endswith(words)
