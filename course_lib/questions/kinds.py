"""The kinds of question, each a small declaration that can judge an answer."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from course_lib._arguments import plainly
from course_lib.questions import limits
from course_lib.questions.limits import Outcome, TimeUp, outcomes
from course_lib.questions.question import CORRECT, OPEN, WRONG, Fact, Verdict, Wrong, digest
from course_lib.questions.values import (
    MASKED,
    Unreadable,
    brief,
    close,
    holds_masked,
    is_number,
    read_number,
    read_numbers,
    rounded_to,
    same,
    sort_of,
    what_it_is,
)
from course_lib.units import plain_text

GENERATED = 25
"""How many generated inputs a function is tried on, after the fixed ones."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What every kind of question has: what it gives, what to say to a right answer, and the known wrong ones.

    `given` maps a name, which the student uses in code, to a `Fact`. `note` follows the word "Correct".
    """

    called: ClassVar[str]
    given: Mapping[str, Fact] = field(default_factory=dict)
    note: str = ""
    wrong: tuple[Wrong, ...] = ()

    def asked(self) -> str:
        """Return in one sentence what an answer looks like, with the tolerance."""
        raise NotImplementedError

    def right(self) -> Any:
        """Return the right answer, as a student would hand it in."""
        raise NotImplementedError

    def is_blank(self, answer: Any) -> bool:
        """Tell whether the stub was left as it was."""
        return answer is ...

    def judge(self, answer: Any) -> Verdict:
        """Judge an answer of any kind."""
        return Verdict(OPEN) if self.is_blank(answer) else self.weigh(answer)

    def weigh(self, answer: Any) -> Verdict:
        """Judge an answer that is not blank."""
        raise NotImplementedError

    def misconceptions(self) -> tuple[Wrong, ...]:
        """Return the known wrong answers, as a student would hand them in."""
        return self.wrong

    def correct(self) -> Verdict:
        """Return the verdict on a right answer."""
        return Verdict(CORRECT, f"Correct. {self.note}".strip())


@dataclass(frozen=True, kw_only=True)
class Number(Kind):
    """One number with a unit; `also` maps other units to how many of them the answer's unit is worth.

    `unit` is empty for a bare number. An answer in one of the units of `also` is recognised as that.
    """

    called: ClassVar[str] = "number"
    answer: float
    unit: str = ""
    tolerance: float = 0.01
    also: Mapping[str, float] = field(default_factory=dict)

    def asked(self) -> str:
        """Return what an answer looks like."""
        return f"one number{f', in {self.unit}' if self.unit else ''}; {within(self.tolerance)}"

    def right(self) -> float:
        """Return the right number."""
        return self.answer

    def misconceptions(self) -> tuple[Wrong, ...]:
        """Return the declared wrong answers, and the right one in each other unit."""
        in_unit = f"in {self.unit}" if self.unit else "without a unit"
        slips = tuple(
            Wrong(self.answer * factor, f"That is the answer in {unit}; the question asks for it {in_unit}.")
            for unit, factor in self.also.items()
        )
        return self.wrong + slips

    def weigh(self, answer: Any) -> Verdict:
        """Compare with the right number, then with each wrong one."""
        try:
            value = read_number(answer)
        except Unreadable as problem:
            return Verdict(WRONG, str(problem))
        if close(value, self.answer, self.tolerance):
            return self.correct()
        for wrong in self.misconceptions():
            if close(value, wrong.answer, self.tolerance):
                return Verdict(WRONG, wrong.hint)
        return Verdict(WRONG, how_it_differs(value, self.answer, self.tolerance))


def within(tolerance: float) -> str:
    """Return the tolerance in words."""
    if tolerance == 0:
        return "exact"
    return f"right within {tolerance * 100:.3g} %" if tolerance >= 1e-4 else "rounding is forgiven"


def how_it_differs(value: float, expected: float, tolerance: float) -> str:
    """Say of a number that nobody foresaw how it differs from the right one."""
    if expected == 0:
        return "Not yet: too far from zero."
    if value == 0:
        return "Not yet: it is zero, and the right one is not."
    if (value < 0) != (expected < 0):
        only = "" if close(-value, expected, tolerance) else ", and so is the size"
        return f"The sign is wrong{only}."
    powers = math.log10(abs(value)) - math.log10(abs(expected))
    power = round(powers)
    if power and tolerance <= 0.05 and abs(powers - power) <= math.log10(1 + max(tolerance, 1e-9)):
        return "The digits are right and the power of ten is not: look at the prefixes and exponents."
    size = "large" if powers > 0 else "small"
    size = f"too {size}" if expected > 0 else f"the sign is right, the size too {size}"
    if abs(powers) > 1:
        return f"Not yet: {size}, by more than a factor of ten."
    return f"Not yet: {size}.{how_near(value, expected, tolerance)}"


def how_near(value: float, expected: float, tolerance: float) -> str:
    """Say of a number that is close whether it is the right one with fewer digits; nothing of one that is not close.

    A small whole number that is asked for exactly, such as a code or a batch, is not rounded by anybody.
    """
    if not close(value, expected, 0.05):
        return ""
    whole = tolerance == 0 and float(expected).is_integer() and abs(expected) < 10_000
    digits = 0 if whole else rounded_to(value, expected)
    if digits:
        many = "one digit" if digits == 1 else f"{digits} digits"
        return f" It is the right number rounded to {many}: keep all digits until the end."
    return " It is close: something small is missing, or too much."


@dataclass(frozen=True, kw_only=True)
class Vector(Kind):
    """Several numbers in order, or an array of them; `unit` says what they are.

    `absolute` is a tolerance besides the relative one, for numbers that may be zero. Where only whole numbers make
    sense, `whole` is what to say to others.
    """

    called: ClassVar[str] = "numbers"
    answer: Any
    unit: str = ""
    tolerance: float = 0.01
    absolute: float = 0.0
    whole: str = ""

    def asked(self) -> str:
        """Return what an answer looks like."""
        shape = np.shape(self.answer)
        many = f"{shape[0]} numbers in a list" if len(shape) == 1 else f"an array of shape {shape}"
        return f"{many}{f', in {self.unit}' if self.unit else ''}; {within(self.tolerance)}"

    def right(self) -> Any:
        """Return the right numbers."""
        return self.answer

    def is_blank(self, answer: Any) -> bool:
        """Tell whether the stub, or any part of it, was left as it was."""
        return answer is ... or (isinstance(answer, (list, tuple)) and any(map(self.is_blank, answer)))

    def weigh(self, answer: Any) -> Verdict:
        """Compare with the right numbers, then with each wrong list, then name the first that differs."""
        expected = np.asarray(self.answer, dtype=np.float64)
        try:
            values = read_numbers(answer, expected.shape)
        except Unreadable as problem:
            return Verdict(WRONG, str(problem))
        if same(values, expected, self.tolerance, self.absolute):
            return self.correct()
        if self.whole and np.any(values != np.rint(values)):
            return Verdict(WRONG, self.whole)
        for wrong in self.wrong:
            if same(values, np.asarray(wrong.answer, dtype=np.float64), self.tolerance, self.absolute):
                return Verdict(WRONG, wrong.hint)
        differs = ~np.isclose(values, expected, rtol=max(self.tolerance, 1e-12), atol=self.absolute)
        first = tuple(int(i) for i in np.argwhere(differs)[0])
        place = first[0] if len(first) == 1 else first
        how = how_it_differs(float(values[first]), float(expected[first]), self.tolerance)
        return Verdict(WRONG, how, f"{differs.sum()} of {differs.size} differ, the first at index {place}.")


@dataclass(frozen=True, kw_only=True)
class Bits(Kind):
    """A pattern of `width` bits, as text of 0 and 1 (spaces are free), as '0x...' or as a whole number.

    A wrong answer is a whole number, or a text where it has another number of bits.
    """

    called: ClassVar[str] = "bit pattern"
    answer: int
    width: int

    def asked(self) -> str:
        """Return what an answer looks like."""
        return f"{self.width} bits as text, such as '0 1 ...' (spaces are free), or '0x...'; exact"

    def right(self) -> str:
        """Return the right pattern as text."""
        return f"{self.answer:0{self.width}b}"

    def weigh(self, answer: Any) -> Verdict:
        """Compare with the right pattern, then with each wrong one, then name the first bit that differs."""
        for wrong in self.wrong:
            if isinstance(wrong.answer, str) and isinstance(answer, str) and bare(answer) == bare(wrong.answer):
                return Verdict(WRONG, wrong.hint)
        try:
            pattern = self.read(answer)
        except Unreadable as problem:
            return Verdict(WRONG, str(problem))
        if pattern == self.answer:
            return self.correct()
        for wrong in self.wrong:
            if pattern == wrong.answer:
                return Verdict(WRONG, wrong.hint)
        first = self.width - (pattern ^ self.answer).bit_length() + 1
        return Verdict(WRONG, f"Not yet: bit {first} of {self.width}, counted from the left, is the first wrong one.")

    def read(self, answer: Any) -> int:
        """Return the pattern as a whole number, or raise `Unreadable`."""
        value = plainly(answer)
        if isinstance(value, str):
            return self.read_text(value)
        if isinstance(value, (int, float, np.number)) and is_number(value) and self.without_quotes(value):
            raise Unreadable(f"Your answer is the decimal number {int(value)}: put it in quotes, as a text of bits.")
        if not (is_number(value) and isinstance(value, (int, np.integer))):
            raise Unreadable(f"Your answer is {what_it_is(value)}; {self.width} bits in one text are asked for.")
        pattern = int(value)
        if pattern < 0:
            raise Unreadable(f"Your answer is below zero; {self.width} bits as text are asked for.")
        return self.fitting(pattern)

    def without_quotes(self, number: Any) -> bool:
        """Tell whether a number is bits that lack their quotes: digits 0 and 1, and no pattern that is known."""
        whole = int(number) if 0 <= number < 10**self.width else 0
        known = whole in (self.answer, *(wrong.answer for wrong in self.wrong))
        return whole == number and not known and re.fullmatch(r"1[01]{2,}", str(whole)) is not None

    def read_text(self, answer: str) -> int:
        """Return the pattern that a text holds, or raise `Unreadable`."""
        text = bare(answer)
        if not text:
            raise Unreadable(f"Your answer is an empty text; {self.width} bits are asked for.")
        if re.fullmatch(r"0x[0-9a-f]+", text):
            return self.fitting(int(text, 16))
        bits = text.removeprefix("0b")
        if other := re.search("[^01]", bits):
            raise Unreadable(f"Your answer {brief(answer)} holds {other[0]!r}, and a bit is 0 or 1.")
        if len(bits) != self.width:
            many = "one bit" if len(bits) == 1 else f"{len(bits)} bits"
            raise Unreadable(f"Your answer has {many}; the format has {self.width}.")
        return int(bits, 2)

    def fitting(self, pattern: int) -> int:
        """Return a pattern that has no more bits than the format."""
        if pattern >= 2**self.width:
            raise Unreadable(f"Your answer does not fit into {self.width} bits.")
        return pattern


def bare(text: str) -> str:
    """Return a bit pattern's text without what only parts it."""
    return re.sub(r"[\s_|]", "", plain_text(text)).lower()


LETTER = re.compile(r"(?:(?:line|option|answer|choice|sentence|statement|letter):?\s+)?\(?([a-z])\s*[).:]?")
"""How a letter is written: b, B., (b), b), line b."""


@dataclass(frozen=True, kw_only=True)
class Choice(Kind):
    """One of several sentences; every wrong one carries its hint. The letters' order depends on the edition.

    An answer is a letter, such as 'b'; it may be written 'B.', 'b)' or 'line b'.
    """

    called: ClassVar[str] = "choice"
    answer: str
    order: tuple[str, ...] = ()

    def options(self) -> dict[str, str]:
        """Return letter to sentence: in the given `order`, else mixed up in a way that depends on the sentences."""
        mixed = sorted([self.answer, *(wrong.answer for wrong in self.wrong)], key=digest)
        texts = self.order or tuple(mixed)
        return dict(zip("abcdefgh", texts, strict=False))

    def letter(self, text: str) -> str:
        """Return the letter of one of the sentences."""
        return next(letter for letter, option in self.options().items() if option == text)

    def asked(self) -> str:
        """Return what an answer looks like."""
        *most, last = self.options()
        return f"one letter in quotes: {', '.join(map(repr, most))} or {last!r}"

    def right(self) -> str:
        """Return the right letter."""
        return self.letter(self.answer)

    def misconceptions(self) -> tuple[Wrong, ...]:
        """Return the wrong letters, each with its hint."""
        return tuple(Wrong(self.letter(wrong.answer), wrong.hint) for wrong in self.wrong)

    def weigh(self, answer: Any) -> Verdict:
        """Compare with the right letter, then with the others."""
        value = plainly(answer)
        found = LETTER.fullmatch(plain_text(value).strip(" \"'").lower()) if isinstance(value, str) else None
        if found is None:
            return Verdict(WRONG, f"Your answer is {what_it_is(value)}; the question asks for {self.asked()}.")
        letter = found[1]
        if letter not in self.options():
            return Verdict(WRONG, f"There is no option {letter!r}; the question asks for {self.asked()}.")
        if letter == self.right():
            return self.correct()
        return Verdict(WRONG, next(wrong.hint for wrong in self.misconceptions() if wrong.answer == letter))


@dataclass(frozen=True, kw_only=True)
class Function(Kind):
    """A function to write, tried on `cases` and on inputs that `generate` makes; the first failing one is shown.

    `reference` is the right function, `cases` are tuples of arguments, and `generate` makes one more tuple. `absolute`
    is a tolerance besides the relative one, for results that may be zero.
    """

    called: ClassVar[str] = "function"
    name: str
    reference: Callable[..., Any]
    cases: tuple[tuple[Any, ...], ...]
    generate: Callable[[np.random.Generator], tuple[Any, ...]]
    tolerance: float = 1e-6
    absolute: float = 0.0

    def asked(self) -> str:
        """Return what an answer looks like."""
        arguments = ", ".join(inspect.signature(self.reference).parameters)
        return f"the function {self.name}({arguments}); {within(self.tolerance)}"

    def right(self) -> Callable[..., Any]:
        """Return the right function."""
        return self.reference

    def inputs(self) -> list[tuple[Any, ...]]:
        """Return the fixed and the generated inputs, the same every time."""
        random = np.random.default_rng(20240)
        return [*self.cases, *(self.generate(random) for _ in range(GENERATED))]

    def weigh(self, answer: Any) -> Verdict:
        """Try the function on all inputs; compare with the right results, then with each wrong function's."""
        tried = self.try_out(answer)
        return tried if isinstance(tried, Verdict) else self.compare(tried)

    def try_out(self, answer: Any) -> list[Outcome] | Verdict:
        """Return what the function gives on each input, or the verdict on what cannot be tried."""
        if not callable(answer):
            return Verdict(WRONG, f"Your answer is {what_it_is(answer)}; hand in the function {self.name} itself.")
        if complaint := self.arguments_differ(answer):
            return Verdict(WRONG, complaint)
        try:
            return outcomes(answer, self.inputs())
        except TimeUp:
            return Verdict(WRONG, f"{self.name} was stopped after {limits.SECONDS:g} s: does a loop never end?")

    def compare(self, given: list[Outcome]) -> Verdict:
        """Judge what a function gave on each input."""
        inputs = self.inputs()
        if given[0].value is ... or isinstance(given[0].error, NotImplementedError):
            return Verdict(OPEN)
        expected = outcomes(self.reference, inputs)
        pairs = list(zip(given, expected, strict=True))
        failing = next((at for at, pair in enumerate(pairs) if not self.agree(*pair)), None)
        changing = next((at for at, one in enumerate(given) if one.mutated), None)
        if changing is not None:
            return Verdict(WRONG, f"{self.name} changes its argument: work on a copy.", self.call(inputs[changing]))
        if failing is None:
            return self.correct()
        yours, wanted = pairs[failing]
        detail = f"{self.call(inputs[failing])}: yours {self.outcome(yours)}"
        message, right = self.what_fails(yours, wanted), self.outcome(wanted)
        verdict = Verdict(WRONG, message, detail, expected=right, seen=trace(given))
        for wrong in self.wrong:
            if all(map(self.agree, given, outcomes(wrong.answer, inputs))):
                return replace(verdict, message=wrong.hint)
        return verdict

    def arguments_differ(self, answer: Callable[..., Any]) -> str | None:
        """Say what is wrong with a function that cannot be called with the arguments in question."""
        try:
            signature = inspect.signature(answer)
        except (TypeError, ValueError):  # some built-in functions have none
            return None
        try:
            signature.bind(*self.cases[0])
        except TypeError:
            wanted = ", ".join(inspect.signature(self.reference).parameters)
            return f"{self.name} takes {signature}; it should take ({wanted})."
        return None

    def agree(self, one: Outcome, other: Outcome) -> bool:
        """Tell whether two outcomes are the same: equal results, or errors of one type."""
        if one.error or other.error:
            return type(one.error) is type(other.error)
        return same(one.value, other.value, self.tolerance, self.absolute)

    def what_fails(self, given: Outcome, expected: Outcome) -> str:
        """Say what is wrong with the outcome of a function that nobody foresaw."""
        if given.error:
            return f"{self.name} raises {type(given.error).__name__}: {brief(str(given.error)).strip(chr(39))}"
        if given.value is None:
            return f"{self.name} returns None: is there a `return`?"
        if holds_masked(given.value):
            return f"{self.name} returns {MASKED}; return a plain one."
        if not expected.error and (sort := sort_of(given.value)) != (wanted := sort_of(expected.value)):
            return f"{self.name} returns {sort}; {wanted} should come out."
        return "Not yet: at least one result differs."

    def call(self, arguments: tuple[Any, ...]) -> str:
        """Return how the function was called."""
        return f"{self.name}({', '.join(brief(one, 60) for one in arguments)})"

    def outcome(self, one: Outcome) -> str:
        """Return an outcome in a few words."""
        return f"{type(one.error).__name__}" if one.error else brief(one.value, 60)


def trace(given: list[Outcome]) -> str:
    """Return what a function gave, in short, and the same for the same results."""
    return digest("\n".join(map(written, given))).hex()


def written(one: Outcome) -> str:
    """Return an outcome in all its digits, without what differs from run to run."""
    value = plainly(one.value)
    try:
        text = repr(value.tolist() if isinstance(value, np.ndarray) else value)
    except Exception:  # of any kind: a student's object may fail to write itself
        text = type(value).__name__
    return f"{type(one.error).__name__} {re.sub(' at 0x[0-9a-fA-F]+', '', text)}"
