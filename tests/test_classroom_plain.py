"""Answers on their way out of a kernel: judged outside, each gets the verdict that it gets at the student's desk."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib import questions
from course_lib.questions import plain
from course_lib.questions.kinds import Function
from course_lib.questions.question import Question

NUMBERS = [number for one in questions.sets() for number in questions.numbers_of(one)]
SEEDS = (0, 7)


def carried(question: Question, answer: Any) -> Any:
    """Judge an answer as `make mark` does: what is observed crosses as JSON text."""
    return plain.judge(question, json.loads(json.dumps(plain.observe(question.asks, answer))))


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_right_and_every_known_wrong_answer_get_the_same_verdict_outside(number: str, seed: int) -> None:
    question = questions.find(number, seed)
    known = [question.asks.right(), *(wrong.answer for wrong in question.asks.misconceptions())]
    for answer in known:
        assert carried(question, answer) == question.judge(answer).in_full()


@pytest.mark.parametrize("number", NUMBERS)
def test_what_is_no_answer_gets_the_same_verdict_outside(number: str) -> None:
    question = questions.find(number)
    nonsense = [..., None, True, "<b>no idea</b>", [1, 2, 3], {"a": 1}, object(), float("nan"), 1j, print]
    nonsense += [np.zeros(3), np.float32(2), np.bool_(True), [1, ...], (), set(), Fraction(1, 3), 10**5000, b"1"]
    nonsense += [
        np.ma.masked,
        np.ma.zeros(3),
        np.timedelta64(0, "s"),
        np.array(["x"]),
        [Decimal("0.3"), None],
        range(3),
    ]
    nonsense += [np.array([None, 1]), np.void(b"0"), Decimal("NaN"), Decimal("sNaN"), Decimal("1e999"), np.complex64(1)]
    for answer in nonsense:
        here, there = question.judge(answer), carried(question, answer)
        assert (there.state, there.number) == (here.state, here.number)
        assert here.correct is False
        if not isinstance(question.asks, Function):
            assert there.message == here.message, answer


FUNCTIONS = [number for number in NUMBERS if isinstance(questions.find(number).asks, Function)]


def raising(*arguments: Any) -> Any:
    raise KeyError("no")


def changing(*arguments: Any) -> Any:
    for argument in arguments:
        if isinstance(argument, np.ndarray) and argument.size:
            argument.flat[0] += 1
    return arguments[0]


class OwnError(Exception):
    def __str__(self) -> str:
        raise ValueError


def raising_its_own(*arguments: Any) -> Any:
    raise OwnError


@pytest.mark.parametrize("number", FUNCTIONS)
@pytest.mark.parametrize(
    "wrong", [raising, changing, raising_its_own, lambda *a: None, lambda *a: ..., lambda: 1, lambda *a: {"x": a}]
)
def test_a_function_that_misbehaves_gets_the_same_verdict_outside(number: str, wrong: Any) -> None:
    question = questions.find(number)
    here, there = question.judge(wrong), carried(question, wrong)
    assert there.state == here.state != "correct"
    if wrong is not raising_its_own:
        assert there.message == here.message


@pytest.mark.parametrize("number", FUNCTIONS)
def test_a_function_that_never_ends_is_named_outside_too(number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("course_lib.questions.limits.SECONDS", 0.05)

    def endless(*arguments: Any) -> Any:
        while True:
            pass

    assert "was stopped after" in carried(questions.find(number), endless).message


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just(...),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@given(PLAIN)
def test_plain_values_come_back_as_they_were(value: Any) -> None:
    back = plain.unpack(json.loads(json.dumps(plain.pack(value))))
    assert repr(back) == repr(value)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.int8).reshape(2, 3),
        np.array([[1.5, np.inf], [np.nan, -0.0]]),
        np.array(3.25, dtype=np.float16),
        np.array([True, False]),
        np.array([1 + 2j]),
        np.array(["a", "bc"]),
        np.zeros((0, 3)),
        np.array([2**63], dtype=np.uint64),
    ],
)
def test_arrays_come_back_with_their_type_and_shape(array: Any) -> None:
    back = plain.unpack(json.loads(json.dumps(plain.pack(array))))
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(back, array)


def test_what_is_huge_is_described_and_not_carried() -> None:
    for huge in (np.zeros(10**7), list(range(10**6)), "x" * 10**7, 10**100_000, [[[[[[[[[[1]]]]]]]]]]):
        packed = json.dumps(plain.pack(huge))
        assert len(packed) < 3_000
    assert plain.unpack(plain.pack(np.zeros((10**4, 10**3)))).shape == (10**4, 10**3)


@pytest.mark.parametrize(
    "forged",
    [
        {},
        {"value": {"object": "Verdict"}},
        {"value": {"array": "O", "shape": [1]}},
        {"value": {"array": "<f8", "shape": [2], "numbers": [1]}},
        {"value": {"dict": [[{"list": []}, 1]]}},
        {"outcomes": []},
        {"outcomes": [{"value": 1}]},
        {"outcomes": "correct"},
        {"refused": "1.1 Correct."},
        {"verdict": "correct", "state": "correct"},
    ],
)
@pytest.mark.parametrize("number", ["1.1", "1.3", "2.1", "5.1"])
def test_nothing_that_a_kernel_makes_up_counts_as_correct(forged: dict[str, Any], number: str) -> None:
    assert plain.judge(questions.find(number), forged).correct is False
