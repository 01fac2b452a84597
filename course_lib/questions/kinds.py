"""The kinds of question, each a small declaration that can judge an answer."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from course_lib.questions import limits
from course_lib.questions.limits import Outcome, TimeUp, outcomes
from course_lib.questions.question import CORRECT, OPEN, WRONG, Fact, Verdict, Wrong, digest
from course_lib.questions.values import Unreadable, brief, close, read_number, read_numbers, same, what_it_is

GENERATED = 25
"""How many generated inputs a function is tried on, after the fixed ones."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What every kind of question has: what it gives, what to say to a right answer, and the known wrong ones.

    `given` maps a name, which the student uses in code, to a `Fact`. `note` follows the word "Correct".
    """

    called: ClassVar[str] = "question"
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
    if value * expected < 0:
        return "The sign is wrong."
    if value * expected > 0:
        power = round(math.log10(value / expected))
        if power and tolerance <= 0.05 and close(value / 10.0**power, expected, tolerance):
            return "The digits are right and the power of ten is not: look at the prefixes and exponents."
    size = "large" if abs(value) > abs(expected) else "small"
    factor = abs(value / expected) if expected else math.inf
    if max(factor, 1 / factor if factor else math.inf) > 10:
        return f"Not yet: too {size}, by more than a factor of ten."
    near = " It is close: keep all digits until the end." if close(value, expected, 0.05) else ""
    return f"Not yet: too {size}.{near}"


@dataclass(frozen=True, kw_only=True)
class Vector(Kind):
    """Several numbers in order, or an array of them; `unit` says what they are.

    `absolute` is a tolerance besides the relative one, for numbers that may be zero.
    """

    called: ClassVar[str] = "numbers"
    answer: Any
    unit: str = ""
    tolerance: float = 0.01
    absolute: float = 0.0

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
        return answer is ... or (isinstance(answer, (list, tuple)) and any(item is ... for item in answer))

    def weigh(self, answer: Any) -> Verdict:
        """Compare with the right numbers, then with each wrong list, then name the first that differs."""
        expected = np.asarray(self.answer, dtype=np.float64)
        try:
            values = read_numbers(answer, expected.shape)
        except Unreadable as problem:
            return Verdict(WRONG, str(problem))
        if same(values, expected, self.tolerance, self.absolute):
            return self.correct()
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
        if isinstance(answer, (int, np.integer)) and not isinstance(answer, bool):
            pattern = int(answer)
        elif isinstance(answer, str):
            text = bare(answer)
            if re.fullmatch(r"0x[0-9a-f]+", text):
                pattern = int(text, 16)
            elif not re.fullmatch(r"(0b)?[01]+", text):
                raise Unreadable(f"Your answer {brief(answer)} holds something besides 0 and 1.")
            elif len(text := text.removeprefix("0b")) != self.width:
                raise Unreadable(f"Your answer has {len(text)} bits; the format has {self.width}.")
            else:
                pattern = int(text, 2)
        else:
            raise Unreadable(f"Your answer is {what_it_is(answer)}; {self.width} bits as text are asked for.")
        if not 0 <= pattern < 2**self.width:
            raise Unreadable(f"Your answer does not fit into {self.width} bits.")
        return pattern


def bare(text: str) -> str:
    """Return a bit pattern's text without what only parts it."""
    return re.sub(r"[\s_|]", "", text).lower()


@dataclass(frozen=True, kw_only=True)
class Choice(Kind):
    """One of several sentences; every wrong one carries its hint. The letters' order depends on the edition."""

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
        if not isinstance(answer, str):
            return Verdict(WRONG, f"Your answer is {what_it_is(answer)}; the question asks for {self.asked()}.")
        letter = answer.strip().strip("()").lower()
        if letter not in self.options():
            return Verdict(WRONG, f"There is no option {brief(answer)}; the question asks for {self.asked()}.")
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
        beside = self.beside(inputs[failing], *pairs[failing])
        for wrong in self.wrong:
            if all(map(self.agree, given, outcomes(wrong.answer, inputs))):
                return Verdict(WRONG, wrong.hint, beside)
        return Verdict(WRONG, self.what_fails(given[failing]), beside)

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

    def what_fails(self, given: Outcome) -> str:
        """Say what is wrong with the outcome of a function that nobody foresaw."""
        if given.error:
            return f"{self.name} raises {type(given.error).__name__}: {brief(str(given.error)).strip(chr(39))}"
        if given.value is None:
            return f"{self.name} returns None: is there a `return`?"
        return "Not yet: at least one result differs."

    def call(self, arguments: tuple[Any, ...]) -> str:
        """Return how the function was called."""
        return f"{self.name}({', '.join(brief(one, 60) for one in arguments)})"

    def beside(self, arguments: tuple[Any, ...], given: Outcome, expected: Outcome) -> str:
        """Return the failing call with both outcomes beside each other."""
        return f"{self.call(arguments)}: yours {self.outcome(given)}, expected {self.outcome(expected)}"

    def outcome(self, one: Outcome) -> str:
        """Return an outcome in a few words."""
        return f"{type(one.error).__name__}" if one.error else brief(one.value, 60)
