"""Things that a student may hand in, to each kind of question: read as what they are, or refused by name.

Each is judged as at the student's desk and as `make mark` does, where it crosses as JSON; both say the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import checks, questions
from course_lib.checks import Given, check, edition
from course_lib.questions import plain
from course_lib.questions.kinds import Bits, Choice, Function, Kind, Number, Vector
from course_lib.questions.question import CORRECT, OPEN, WRONG, Badge, Fact, Question, Verdict, Wrong

RIGHT = [1.0, 0.0, -4.0]
NUMBER = Number(answer=36.0, tolerance=0)
VECTOR = Vector(answer=RIGHT, tolerance=0)
BITS = Bits(answer=0b1011010011001101, width=16)
CHOICE = Choice(answer="blue", wrong=(Wrong("red", "Not red."), Wrong("green", "Not green.")))
SCALAR = Function(name="f", reference=lambda x: 36.0, cases=((1.0,),), generate=lambda rng: (1.0,))
ARRAY = Function(name="f", reference=lambda x: np.array(RIGHT), cases=((1.0,),), generate=lambda rng: (1.0,))
ONE = {"number": NUMBER, "returned number": SCALAR}
SEVERAL = {"numbers": VECTOR, "returned numbers": ARRAY}
ALL = ONE | SEVERAL | {"bits": BITS, "choice": CHOICE}
BFLOAT16, FP8, INT4 = ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.int4

READ: list[tuple[dict[str, Kind], Any]] = [
    *((ONE, one) for one in (36, 36.0, np.int8(36), np.float16(36), np.longdouble(36), np.array(36), np.array(36.0))),
    *((ONE, one) for one in (BFLOAT16(36), np.array(36, dtype=BFLOAT16), FP8(36), Fraction(72, 2), Decimal("36.0"))),
    *((SEVERAL, one) for one in (RIGHT, tuple(RIGHT), np.array(RIGHT), np.array(RIGHT, dtype=np.int8))),
    *((SEVERAL, np.array(RIGHT, dtype=kind)) for kind in (BFLOAT16, FP8, INT4, np.float16, object)),
    (SEVERAL, [Fraction(1), Decimal(0), np.float32(-4)]),
    (SEVERAL, [np.array(1.0), BFLOAT16(0), np.int8(-4)]),
    (SEVERAL, np.array([Fraction(1), 0, Decimal(-4)], dtype=object)),
    ({"numbers": Vector(answer=[0, 1, 2])}, range(3)),
    ({"numbers": Vector(answer=[1e30, 1], tolerance=0)}, [10**30, 1]),
    ({"numbers": Vector(answer=np.eye(2))}, [np.array([1, 0]), (Fraction(0), 1.0)]),
    *(({"bits": BITS}, one) for one in ("1011 0100 1100 1101", "0xb4cd", 0xB4CD, np.uint16(0xB4CD), np.array(0xB4CD))),
    ({"bits": BITS}, np.array("1011010011001101")),
    *(({"choice": CHOICE}, f(CHOICE.right())) for f in (str, str.upper, "{}.".format, "line {}".format, "{})".format)),
    ({"choice": CHOICE}, np.str_(CHOICE.right())),
]
REFUSED: list[tuple[dict[str, Kind], Any, str]] = [
    *((ALL, one, "masked") for one in (np.ma.masked, np.ma.array(36.0), np.ma.array(RIGHT), np.ma.masked_array([36]))),
    (ALL, np.ma.array(RIGHT, mask=[False, True, False]), "masked"),
    *((SEVERAL, one, "masked") for one in ([1.0, np.ma.masked, -4.0], (1.0, 0.0, np.ma.array(-4.0)))),
    (ALL, None, "None"),
    (ALL, True, "yes or no"),
    (ALL, np.bool_(True), "yes or no"),
    (ALL, np.array(True), "yes or no"),
    (ALL, 36j, "complex number"),
    (ALL, np.complex64(36), "complex number"),
    (ALL, {"a": 1}, "dict"),
    (ALL, {36}, "type set"),
    (ALL, b"36", "type bytes"),
    (ALL, object(), "type object"),
    (ALL, np.timedelta64(36, "s"), "type timedelta64"),
    (ALL, np.void(b"36"), "type void"),
    (ALL, np.array(["1", "0", "-4"]), "array of shape (3,) and type <U2"),
    (ALL, np.array([True, False, True]), "array of shape (3,) and type bool"),
    (ALL, np.array(RIGHT, dtype=complex), "array of shape (3,) and type complex128"),
    ({"number": NUMBER, "bits": BITS, "choice": CHOICE}, ["1", "0"], "list of 2 texts"),
    ({"number": NUMBER, "bits": BITS, "choice": CHOICE}, [1, None], "list of 2 things"),
    ({"number": NUMBER, "bits": BITS, "choice": CHOICE}, (1, 2.5), "tuple of 2 numbers"),
    ({"number": NUMBER, "bits": BITS, "choice": CHOICE}, np.array([1, 2]), "array of shape (2,)"),
    ({"number": NUMBER, "bits": BITS, "choice": CHOICE}, [], "an empty list"),
    ({"number": NUMBER, "numbers": VECTOR, "bits": BITS, "choice": CHOICE}, " ", "an empty text"),
    ({"number": NUMBER, "numbers": VECTOR, "bits": BITS, "choice": CHOICE}, print, "a function"),
    ({"returned number": SCALAR, "returned numbers": ARRAY}, "36", "a text"),
    ({"returned number": SCALAR, "returned numbers": ARRAY}, [1, None, -4], "3 things in order"),
    ({"returned number": SCALAR}, [36.0], "numbers of shape (1,)"),
    ({"returned numbers": ARRAY}, 36.0, "one number"),
    ({"number": NUMBER}, "36", "the text '36'; one number is asked for, without quotes: write 36."),
    ({"number": NUMBER}, "2,53", "the text '2,53'; one number is asked for, without quotes: write 2.53 with a point."),
    ({"number": NUMBER}, (2, 53), "if it is one number, write 2.53 with a point."),
    ({"number": NUMBER}, "1,234", "write 1.234 with a point, or 1234 without the comma."),
    ({"number": NUMBER}, "1,234,567.5", "write 1234567.5 without commas."),
    ({"number": NUMBER}, "36 hours", "without quotes and without a unit."),
    ({"number": NUMBER}, "1\u202f000", "without quotes: write 1000."),
    ({"number": NUMBER}, "3.14 × 10²³", "without quotes: write 3.14e23."),
    ({"number": NUMBER}, "\u22124,5", "without quotes: write -4.5 with a point."),
    ({"number": NUMBER}, "1/3", "without quotes: write 1/3."),
    ({"number": NUMBER}, "40 %", "without quotes and without a unit."),
    ({"number": NUMBER}, "6.7 B params", "without quotes and without a unit."),
    ({"number": NUMBER}, "B.", "the text 'B.'; one number is asked for."),
    ({"number": NUMBER}, [36.0], "a list of one number; the number itself is asked for: take it out"),
    ({"number": NUMBER}, (36.0,), "a tuple of one number; the number itself is asked for: a comma behind it"),
    ({"number": NUMBER}, np.array([36.0]), "an array of shape (1,); the number itself is asked for"),
    ({"number": NUMBER}, Decimal("NaN"), "is nan, which is no number"),
    ({"number": NUMBER}, Decimal("1e999"), "is a number too large"),
    ({"numbers": VECTOR}, "2,53", "the text '2,53'; the question asks for 3 numbers in a list, without quotes."),
    ({"numbers": VECTOR}, ["1", "0", "-4"], "holds the text '1' at index 0; 3 numbers are asked for, without quotes"),
    ({"numbers": VECTOR}, [1, "2,53", 3], "holds the text '2,53' at index 1; 3 numbers are asked for, without quotes"),
    ({"numbers": VECTOR}, [1, None, -4], "holds None at index 1; 3 numbers are asked for."),
    ({"numbers": VECTOR}, np.array([1, None, -4]), "holds None at index 1; 3 numbers are asked for."),
    ({"numbers": VECTOR}, [1, True, -4], "holds True, a yes or no at index 1"),
    ({"numbers": VECTOR}, 36, "the number 36; the question asks for 3 numbers in a list."),
    ({"bits": BITS, "choice": CHOICE, "numbers": VECTOR}, Decimal(36), "the Decimal 36;"),
    ({"bits": BITS, "choice": CHOICE, "numbers": VECTOR}, Fraction(1, 3), "the Fraction 1/3;"),
    ({"bits": BITS, "choice": CHOICE, "numbers": VECTOR}, BFLOAT16(2.5), "the number 2.5;"),
    ({"bits": BITS}, 1011010011001101, "the decimal number 1011010011001101: put it in quotes"),
    ({"bits": BITS}, np.int64(1011010011001101), "the decimal number 1011010011001101: put it in quotes"),
    ({"bits": BITS}, "2,53", "'2,53' holds '2', and a bit is 0 or 1."),
    ({"bits": BITS}, [1, 0, 1, 1], "a list of 4 numbers; 16 bits in one text are asked for."),
    ({"choice": CHOICE}, 2, "the number 2; the question asks for one letter in quotes"),
    ({"choice": CHOICE}, "2,53", "the text '2,53'; the question asks for one letter in quotes"),
    ({"choice": CHOICE}, ["b"], "a list of one text; the question asks for one letter in quotes"),
    ({"choice": CHOICE}, "line d", "There is no option 'd'; the question asks for one letter in quotes"),
]


def asking(kind: Kind) -> Question:
    return Question("9.1", "Made up", ("S1",), Badge(1, 1, 1), kind.called, kind)


def both(kind: Kind, thing: Any) -> Verdict:
    """Return the verdict on an answer, or on a function that returns it, which is the same where a class is marked."""
    answer = (lambda x: thing) if isinstance(kind, Function) else thing
    question = asking(kind)
    here = question.judge(answer).in_full()
    there = plain.judge(question, json.loads(json.dumps(plain.observe(kind, answer))))
    assert (there.state, there.number) == (here.state, here.number)
    if there.message != here.message:  # an array of another type comes over as an array of objects
        assert isinstance(thing, np.ndarray)
        assert thing.dtype.kind not in plain.KINDS
    return here


def cases(table: list[Any]) -> list[Any]:
    return list(params(table))


def params(table: list[Any]) -> Iterator[Any]:
    for kinds, thing, *words in table:
        for name, kind in kinds.items():
            said = str(thing).partition(" at 0x")[0]
            label = f"{type(thing).__name__} {getattr(thing, 'dtype', '')} {said[:30]}"
            yield pytest.param(kind, thing, *words, id=f"{name}: {label}")


@pytest.mark.parametrize(("kind", "thing"), cases(READ))
def test_a_right_answer_is_read_as_what_it_is(kind: Kind, thing: Any) -> None:
    assert both(kind, thing).state == CORRECT


@pytest.mark.parametrize(("kind", "thing", "words"), cases(REFUSED))
def test_what_is_not_asked_for_is_refused_by_name(kind: Kind, thing: Any, words: str) -> None:
    verdict = both(kind, thing)
    assert verdict.state == WRONG
    assert words in verdict.message
    assert "could not be read" not in verdict.message
    assert len(verdict.message) < 200


# How a number differs


@pytest.mark.parametrize(
    ("answer", "tolerance", "given", "words"),
    [
        (2.534, 1e-3, 2.5, "It is the right number rounded to 2 digits: keep all digits until the end."),
        (2.534, 1e-3, 2.53, "It is the right number rounded to 3 digits: keep all digits until the end."),
        (3.14159, 1e-3, 3, "It is the right number rounded to one digit: keep all digits until the end."),
        (3.14159, 1e-3, 3.1, "It is the right number rounded to 2 digits: keep all digits until the end."),
        (-3.14159, 1e-3, -3.1, "It is the right number rounded to 2 digits: keep all digits until the end."),
        (2.5e-7, 1e-3, 2.6e-7, "It is close: something small is missing, or too much."),
        (2.534, 1e-3, 2.55, "It is close: something small is missing, or too much."),
        (65504, 0, 65500, "It is the right number rounded to 3 digits: keep all digits until the end."),
        (81, 0, 80, "It is close: something small is missing, or too much."),
        (207, 0, 210, "It is close: something small is missing, or too much."),
        (1.0, 1e-3, 0.96, "It is close: something small is missing, or too much."),
        (1.49, 1e-3, 1, ""),
    ],
)
def test_digits_are_spoken_of_only_where_rounding_gives_that_number(
    answer: float, tolerance: float, given: float, words: str
) -> None:
    message = both(Number(answer=answer, tolerance=tolerance), given).message
    assert message.endswith(words or "Not yet: too small.")


def is_rounding(value: float, answer: float, digits: int) -> bool:
    """Tell, in decimal digits, whether a number is whole steps of the answer's last digit, and the nearest so many."""
    there, right = Decimal(repr(value)), Decimal(repr(answer))
    step = Decimal(10) ** (right.adjusted() - digits + 1)
    steps = there / step
    whole = abs(steps - round(steps)) <= Decimal("1e-12") * steps
    return whole and abs(there - right) <= step / 2 * (1 + Decimal("1e-6"))


@settings(max_examples=300, deadline=None)
@given(st.floats(1e-12, 1e30), st.floats(0.96, 1.04) | st.integers(1, 9))
def test_a_number_is_called_rounded_where_it_is_and_nowhere_else(answer: float, off: float) -> None:
    kind = Number(answer=answer, tolerance=0)
    value = float(f"{answer:.{off - 1}e}") if isinstance(off, int) else answer * off
    verdict = kind.judge(value)
    near = abs(value - answer) <= 0.05 * answer
    whole = answer < 10_000 and answer.is_integer()
    rounded = any(is_rounding(value, answer, digits) for digits in range(1, 10))
    assert ("keep all digits" in verdict.message) == (rounded and near and not whole and not verdict.correct)


NUMBERS = [number for one in questions.sets() for number in questions.numbers_of(one)]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("off", [1 + 1e-9, 1.004, 0.97, 1.045])
def test_no_answer_of_the_course_is_called_rounded_where_it_is_not(number: str, off: float) -> None:
    asks = replace(kind, tolerance=0) if isinstance(kind := questions.find(number).asks, Number) else None
    if asks is not None:
        assert "digits" not in asks.judge(asks.answer * off).message.replace("The digits are right", "")


# Trying again


def wrong_once(parameters: float, tokens: float) -> float:
    return parameters * tokens + 1


def wrong_twice(parameters: float, tokens: float) -> float:
    return parameters * tokens + 2


@pytest.fixture
def number() -> Iterator[str]:
    """Return a question that asks for a function of two arguments, in a session of its own."""
    edition(0)
    yield "4.4"
    edition(0)


def test_what_was_expected_is_shown_from_the_second_try_on(number: str) -> None:
    expected = questions.find(number).judge(wrong_once).expected
    shown = check(number, wrong_once)
    assert "yours" in shown.detail
    assert "expected" not in str(shown)
    again = check(number, wrong_twice)
    assert again.detail.endswith(f", expected {expected}")
    assert "expected" in str(check(number, wrong_once))


def test_the_same_answer_again_is_no_second_try(number: str) -> None:
    for _ in range(3):
        assert "expected" not in str(check(number, wrong_once))
        assert "expected" not in str(check(number, lambda parameters, tokens: 1 + tokens * parameters))
    assert check(number, ...).state == OPEN
    assert "expected" not in str(check(number, wrong_once))


def test_an_answer_that_is_no_function_is_a_try_as_well(number: str) -> None:
    assert "expected" not in str(check(number, 3.0))
    assert "expected" in str(check(number, wrong_once))


def test_a_right_answer_and_another_edition_start_anew(number: str) -> None:
    assert "expected" not in str(check(number, wrong_once))
    assert check(number, questions.find(number).asks.right()).correct
    assert "expected" not in str(check(number, wrong_twice))
    edition(7)
    assert "expected" not in str(check(number, wrong_once))
    assert "expected" in str(check(number, wrong_twice))


def test_questions_are_tried_apart(number: str) -> None:
    assert "expected" not in str(check(number, wrong_once))
    assert "expected" not in str(check("2.2", wrong_twice))


def test_whoever_handed_in_is_shown_what_was_expected(number: str) -> None:
    question = questions.find(number)
    verdict = plain.judge(question, json.loads(json.dumps(plain.observe(question.asks, wrong_once))))
    assert verdict.detail.endswith(f", expected {question.judge(wrong_once).expected}")
    assert verdict == plain.judge(question, json.loads(json.dumps(plain.observe(question.asks, wrong_once))))


# What is given


def test_several_numbers_are_handed_out_as_an_array_that_a_student_may_change() -> None:
    values = {"row": [1, 2.5], "square": [[1, 2], [3, 4]], "array": np.arange(3), "pair": (3, 4)}
    facts = {name: Fact(value) for name, value in values.items()}
    there = Given(asking(Number(answer=1, given=facts | {"words": Fact(["a", "b"]), "one": Fact(3)})))
    for name, value in values.items():
        handed = getattr(there, name)
        assert isinstance(handed, np.ndarray)
        np.testing.assert_array_equal(handed * 2, 2 * np.array(value))
        before = str(there)
        handed += 1
        np.testing.assert_array_equal(getattr(there, name), value)
        assert str(there) == before
    assert (there.words, there.one) == (["a", "b"], 3)
    assert "[1, 2.5]" in str(there)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("seed", [0, 7])
def test_no_question_hands_out_numbers_that_do_not_compute(number: str, seed: int) -> None:
    edition(seed)
    try:
        for name, fact in questions.find(number, seed).asks.given.items():
            handed = getattr(checks.given(number), name)
            assert isinstance(handed, (int, float, str, np.ndarray)), name
            assert handed is not fact.value or not isinstance(handed, np.ndarray)
    finally:
        edition(0)
