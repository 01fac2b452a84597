"""Every question of every set: the right answer passes, and each known wrong one is refused with its own hint.

Whoever adds a question adds no test here: these run over all of them, in the public edition and in classes' editions.
"""

from __future__ import annotations

import itertools
import re
import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from course_lib import questions
from course_lib.checks import Given, Verdict, check
from course_lib.questions.kinds import Bits, Choice, Function, Number, Vector
from course_lib.questions.question import OPEN, WRONG, Question, registered
from course_lib.questions.values import same

ROOT = Path(__file__).resolve().parent.parent
SEEDS = range(8)
NUMBERS = [number for one in questions.sets() for number in questions.numbers_of(one)]


@cache
def find(number: str, seed: int) -> Question:
    return questions.find(number, seed)


def every_edition(test: Callable[[str, int], None]) -> Callable[[str], None]:
    """Make one test of each question, which looks at it in every edition."""

    def in_every_edition(number: str) -> None:
        for seed in SEEDS:
            test(number, seed)

    in_every_edition.__name__ = test.__name__
    return pytest.mark.parametrize("number", NUMBERS)(in_every_edition)


@every_edition
def test_the_right_answer_passes(number: str, seed: int) -> None:
    question = find(number, seed)
    verdict = question.judge(question.asks.right())
    assert verdict.correct, (seed, verdict)
    assert verdict.message.startswith("Correct.")


@every_edition
def test_the_untouched_stub_is_not_answered_yet(number: str, seed: int) -> None:
    for stub in stubs(find(number, seed).asks):
        assert find(number, seed).judge(stub) == Verdict(OPEN, number=number)


def stubs(asks: Any) -> list[Any]:
    if not isinstance(asks, Function):
        return [...]

    def raises(*arguments: Any) -> Any:
        raise NotImplementedError

    return [..., lambda *arguments: ..., raises]


@every_edition
def test_every_known_wrong_answer_is_refused_with_its_own_hint(number: str, seed: int) -> None:
    question = find(number, seed)
    assert len(question.asks.misconceptions()) >= 3, "a question names at least three mistakes"
    for wrong in question.asks.misconceptions():
        verdict = question.judge(wrong.answer)
        assert not verdict.correct, (seed, wrong)
        assert verdict.message == wrong.hint, (seed, wrong)


@every_edition
def test_no_two_hints_are_the_same(number: str, seed: int) -> None:
    assert [hint for hint, times in Counter(hints(number, seed)).items() if times > 1] == []


def hints(number: str, seed: int) -> list[str]:
    return [wrong.hint for wrong in find(number, seed).asks.misconceptions()]


@every_edition
def test_neither_a_hint_nor_what_is_given_contains_the_answer(number: str, seed: int) -> None:
    asks = find(number, seed).asks
    texts = hints(number, seed)
    if not isinstance(asks, Choice):
        texts += [str(Given(find(number, seed)))]
    given = {fact.value for fact in asks.given.values() if isinstance(fact.value, (int, float))}
    for text, answer in itertools.product(texts, spellings(asks)):
        number_text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
        assert not re.search(rf"(?<![\w.]){re.escape(answer)}(?![\w]|\.\d)", number_text, re.IGNORECASE), (seed, text)
    assert not isinstance(asks, Number) or asks.answer not in given


def spellings(asks: Any) -> set[str]:
    """Return how a person might write the answer; single digits, which stand everywhere, only as they are given."""
    if isinstance(asks, Number):
        found = number_spellings(float(asks.answer))
    elif isinstance(asks, Vector):
        found = {str(list(np.asarray(asks.answer).ravel())), ", ".join(map(str, np.asarray(asks.answer).ravel()))}
    elif isinstance(asks, Bits):
        found = {asks.right(), f"0x{asks.answer:x}"}
    elif isinstance(asks, Choice):
        found = {asks.answer, f"option {asks.right()}", f"{asks.right()})"}
    else:
        found = {f"{asks.name} = "}
    return found


def number_spellings(value: float) -> set[str]:
    texts = {repr(value), repr(value).removesuffix(".0")}
    for digits in range(2, 7):
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        texts |= {f"{mantissa}{sign}{int(exponent)}" for sign in ("e", "e+", " x 10^", " × 10^", r" \times 10^")}
        texts.add(f"{value:.{digits}g}")
    if value == int(value):
        texts.add(str(int(value)))
    if 0 < value < 1:
        texts |= {f"{100 * value:.{digits}g} %" for digits in (2, 3, 4)}
    return {text for text in texts if len(re.sub(r"\D", "", text)) > 1}


@every_edition
def test_a_neighbour_just_outside_the_tolerance_is_refused(number: str, seed: int) -> None:
    question = find(number, seed)
    for neighbour in neighbours(question.asks):
        verdict = question.judge(neighbour)
        assert verdict.state == WRONG, (seed, neighbour)


def neighbours(asks: Any) -> list[Any]:
    if isinstance(asks, Number):
        step = 1.02 * max(asks.tolerance, 1e-11) * abs(asks.answer) or 1
        return [asks.answer - step, asks.answer + step]
    if isinstance(asks, Vector):
        right = np.asarray(asks.answer, dtype=np.float64)
        step = 1.02 * (max(asks.tolerance, 1e-11) * np.abs(right) + asks.absolute)
        moved = [right.copy() for _ in range(right.size)]
        for index, array in zip(np.ndindex(right.shape), moved, strict=True):
            array[index] += step[index] or 1
        return moved
    if isinstance(asks, Bits):
        return [asks.answer ^ (1 << bit) for bit in range(asks.width)]
    if isinstance(asks, Choice):
        return [letter for letter in asks.options() if letter != asks.right()]
    factor = 1 + 2 * max(asks.tolerance, 1e-11)
    return [lambda *arguments: moved_a_little(asks.reference(*arguments), factor, 2 * asks.absolute)]


def moved_a_little(value: Any, factor: float, step: float) -> Any:
    """Return a result with every number in it a little further from zero, and a yes or no turned round."""
    if isinstance(value, dict):
        return {key: moved_a_little(one, factor, step) for key, one in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(moved_a_little(one, factor, step) for one in value)
    if isinstance(value, (bool, np.bool_)):
        return not value
    if isinstance(value, str):
        return value + "."
    array = np.asarray(value, dtype=np.float64)
    return array * factor + np.where(array < 0, -step, step) + (array == 0)


@every_edition
def test_a_right_answer_just_inside_the_tolerance_passes(number: str, seed: int) -> None:
    question = find(number, seed)
    if isinstance(question.asks, Number):
        for side in (-1, 1):
            near = question.asks.answer * (1 + side * 0.98 * question.asks.tolerance)
            assert question.judge(near).correct
    elif isinstance(question.asks, Function):
        assert len(question.asks.inputs()) >= 10
    else:
        assert question.judge(question.asks.right()).correct


@every_edition
def test_what_is_no_answer_at_all_is_named(number: str, seed: int) -> None:
    question = find(number, seed)
    for nonsense in (None, True, "<b>no idea</b>", [1, 2, 3, 4, 5, 6, 7], {"a": 1}, object(), float("nan"), 1j, print):
        verdict = question.judge(nonsense)
        assert verdict.state == WRONG, nonsense
        assert 10 < len(verdict.message) < 250
        assert "<b>" not in verdict._repr_mimebundle_()["text/html"]


@every_edition
def test_a_verdict_is_one_or_two_short_lines_as_text_and_as_html(number: str, seed: int) -> None:
    question = find(number, seed)
    answers = [question.asks.right(), *(wrong.answer for wrong in question.asks.misconceptions())]
    for verdict in (question.judge(answer) for answer in answers):
        bundle = verdict._repr_mimebundle_()
        assert bundle["text/plain"] == str(verdict)
        lines = str(verdict).splitlines()
        assert len(lines) <= 2
        assert max(map(len, lines)) <= 240
        assert escape(verdict.message) in bundle["text/html"]
        assert number in bundle["text/html"]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_check_takes_less_than_a_tenth_of_a_second(number: str) -> None:
    question = find(number, 0)
    answers = [..., question.asks.right(), *(wrong.answer for wrong in question.asks.misconceptions())]

    def seconds(answer: Any) -> float:
        started = time.process_time()
        check(number, answer)
        return time.process_time() - started

    for answer in answers:
        assert min(seconds(answer) for _ in range(5)) < 0.1


@pytest.mark.parametrize("number", NUMBERS)
def test_an_edition_follows_from_its_seed_and_nothing_else(number: str) -> None:
    shown = [str(Given(questions.find(number, seed))) for seed in SEEDS]
    assert shown == [str(Given(questions.find(number, seed))) for seed in SEEDS]


@pytest.mark.parametrize("one", questions.sets())
def test_the_numbers_of_a_set_differ_between_editions(one: int) -> None:
    """Of the questions that give numbers, at least half change from the public edition to some other."""
    with_facts = [number for number in questions.numbers_of(one) if find(number, 0).asks.given]
    changing = [n for n in with_facts if len({str(Given(find(n, seed))) for seed in SEEDS}) > 1]
    assert len(changing) * 2 >= len(with_facts)


@pytest.mark.parametrize("one", questions.sets())
def test_a_set_is_complete(one: int) -> None:
    """Six to eleven questions, counted up from 1, of several kinds, with an error to find and an estimate to hold."""
    numbers = questions.numbers_of(one)
    assert list(numbers) == [f"{one}.{place}" for place in range(1, len(numbers) + 1)]
    kinds_used = {find(number, 0).kind for number in numbers}
    if questions.sets()[one] != "plan":
        assert 6 <= len(numbers) <= 11
        assert {"function", "choice", "find the error", "estimate"} <= kinds_used
        assert kinds_used & {"number", "numbers", "bit pattern"}
    assert all(re.fullmatch(r"S([1-9]|1[0-4])", slide) for number in numbers for slide in find(number, 0).slides)


SLIDES = {
    "compute_cost": "S1 S2",
    "units": "S3",
    "scaling": "S4",
    "memory": "S5 S11 S12 S13 S14",
    "number_formats": "S6 S7 S8",
    "quantization": "S9 S10",
    "plan": "",
    "since_the_lecture": "",
}


@pytest.mark.parametrize("one", questions.sets())
def test_every_slide_of_a_topic_is_asked_about_at_least_twice(one: int) -> None:
    asked = Counter(slide for number in questions.numbers_of(one) for slide in find(number, 0).slides)
    assert [slide for slide in SLIDES[questions.sets()[one]].split() if asked[slide] < 2] == []


def test_every_slide_belongs_to_a_topic_and_there_are_enough_questions() -> None:
    assert {slide for slides in SLIDES.values() for slide in slides.split()} == {f"S{n}" for n in range(1, 15)}
    topics = [topic for topic in questions.sets().values() if topic != "plan"]
    assert len(NUMBERS) >= 45 / 6 * len(topics)


@every_edition
def test_what_is_given_reads_as_text_and_as_html_and_is_reached_by_name(number: str, seed: int) -> None:
    given = Given(find(number, seed))
    facts = find(number, seed).asks.given
    bundle = given._repr_mimebundle_()
    assert bundle["text/plain"] == str(given) == repr(given)
    for name, fact in facts.items():
        assert name.isidentifier()
        assert same(getattr(given, name), fact.value, 0) or isinstance(fact.value, str)
        assert name in str(given)
        assert name in dir(given)
    assert f"Asked: {find(number, seed).asks.asked()}." in str(given)
    assert escape(find(number, seed).asks.asked()) in bundle["text/html"]


@every_edition
def test_a_sentence_ends_like_one_and_names_flop_as_the_course_does(number: str, seed: int) -> None:
    asks = find(number, seed).asks
    for text in (*hints(number, seed), asks.note, kinds_note(asks)):
        assert re.fullmatch(r"(|[A-Z\d`].*[.?!])", text), text
        assert not re.search(r"\bFLOPS\b|\bFLOPs\b", text), text
        assert len(text) <= 200


def kinds_note(asks: Any) -> str:
    return asks.correct().message


def test_every_module_of_questions_belongs_to_a_topic() -> None:
    shared = {"__init__", "question", "kinds", "values", "limits", "plain"}
    modules = {path.stem for path in (ROOT / "course_lib" / "questions").glob("*.py")} - shared
    assert modules == set(questions.sets().values())
    assert modules <= set(questions.TOPICS)


def test_every_registered_question_is_tested() -> None:
    assert set(registered()) == set(NUMBERS)
