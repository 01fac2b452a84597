"""A question: what it gives, what it asks, what is known to go wrong, and what becomes of an answer.

A question is a function of a `Pick`, decorated with its number, title, slides and badge; it returns one of the kinds:

    @question("1.1", "What a training costs", slides="S1", badge=Badge(difficulty=1, importance=3, minutes=3))
    def cost_of_a_run(pick: Pick) -> Number:
        run = catalog.training_run(pick("PaLM 540B", "GPT-3 175B", "BLOOM 176B"))
        return Number(given={"model": named(run)}, answer=training_flop(run.parameters, run.tokens), unit="FLOP")

`pick` returns its first option in the public edition (seed 0) and any other in a class edition. Misconceptions are
data: each `Wrong` is an answer, a value or a function, and the hint that a student deserves who gives it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any, TypeVar

from course_lib.catalog import Model, TrainingRun
from course_lib.units import format_count

T = TypeVar("T")
CORRECT, WRONG, OPEN = "correct", "not yet", "not answered yet"
EDGE = {CORRECT: "#006b4f", WRONG: "#d55e00", OPEN: "#808080"}
"""The colour of each state's edge and box."""


@dataclass(frozen=True)
class Badge:
    """How hard a question is and how much it matters, from 1 to 3 each, and how many minutes it takes."""

    difficulty: int
    importance: int
    minutes: int

    def __post_init__(self) -> None:
        """Refuse what is not on the scales."""
        if self.difficulty not in (1, 2, 3) or self.importance not in (1, 2, 3) or not 1 <= self.minutes <= 60:
            raise ValueError(f"difficulty and importance must be 1, 2 or 3, minutes 1 to 60; got {self!r}")


@dataclass(frozen=True)
class Wrong:
    """One well-known wrong answer, a value or a function, and the hint that names the mistake behind it."""

    answer: Any
    hint: str


@dataclass(frozen=True)
class Fact:
    """One thing that a question gives: a value, and words that say its unit or its source."""

    value: Any
    words: str = ""


@dataclass(frozen=True, repr=False)
class Verdict:
    """What became of an answer: its state, one sentence, and one line of detail where that helps.

    A kind of question gives it without a number, the question adds its own; it shows itself in a notebook. `expected`
    is the right result where an answer fails, held back until `in_full` puts it into the detail. `seen` is what the
    answer gave, by which two answers are told apart that get the same words.
    """

    state: str
    message: str = ""
    detail: str = ""
    number: str = ""
    expected: str = ""
    seen: str = field(default="", compare=False)

    @property
    def correct(self) -> bool:
        """Whether the answer was right."""
        return self.state == CORRECT

    def in_full(self) -> Verdict:
        """Return the verdict with the right result of what failed, where there is one, at the end of its detail."""
        return replace(self, detail=f"{self.detail}, expected {self.expected}", expected="") if self.expected else self

    def __str__(self) -> str:
        """Return the one or two lines as text."""
        first = f"{self.number} {self.state}" if self.state == OPEN else f"{self.number} {self.message}"
        return f"{first}\n    {self.detail}" if self.detail else first

    __repr__ = __str__

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._html()}

    def _html(self) -> str:
        words = self.state.capitalize() + "." if self.state == OPEN else self.message
        lines = f"<strong>{escape(self.number)}</strong> {escape(words)}"
        if self.detail:
            lines += f"<br><code>{escape(self.detail)}</code>"
        return f'<div style="border-left: 4px solid {EDGE[self.state]}; padding: 2px 8px">{lines}</div>'


class Pick:
    """Choose what differs between editions; the choice depends on the seed, the question and nothing else."""

    def __init__(self, seed: int, number: str) -> None:
        """Make the chooser of one question in one edition."""
        self.seed, self.number, self._asked = seed, number, 0

    def __call__(self, *options: T) -> T:
        """Return the first option in the public edition (seed 0), else one of the others.

        The public edition's solutions can be read by everybody, so a class gets none of its numbers.

        >>> Pick(0, "1.1")("GPT-3 175B", "LLaMA 65B"), Pick(7, "1.1")("GPT-3 175B", "LLaMA 65B")
        ('GPT-3 175B', 'LLaMA 65B')
        """
        self._asked += 1
        others = options[1:] or options
        return others[self._draw(self._asked) % len(others)] if self.seed else options[0]

    def _draw(self, what: object) -> int:
        return int.from_bytes(digest(f"{self.seed}/{self.number}/{what}")[:8], "big")


def digest(text: str) -> bytes:
    """Return what is drawn from: the same bytes for the same text, on every machine."""
    return hashlib.sha256(text.encode()).digest()


def reported(figure: T | None) -> T:
    """Return a figure of the catalog that the question needs; `ValueError` where none was published."""
    if figure is None:
        raise ValueError("figure must be published for a question to use it; got None")
    return figure


def named(entry: Model | TrainingRun) -> Fact:
    """Return the name of what the catalog has published, with where."""
    return Fact(entry.name, entry.reference)


def counted(count: float, digits: int = 3) -> Fact:
    """Return a number of parameters or tokens, with how it is said: 1.4e12 and "a count: 1.4 T"."""
    return Fact(count, f"a count: {format_count(count, digits)}")


def set_of(number: object) -> int:
    """Return the set that a question's number begins with: 4 for "4.2", and 0, which no set has, for no number.

    >>> set_of("4.2"), set_of("four")
    (4, 0)
    """
    start = str(number).partition(".")[0]
    return int(start) if start.isdecimal() and len(start) < 10 else 0


@dataclass(frozen=True)
class Question:
    """A question in one edition: where it belongs, its badge, and what it asks.

    `kind` is in words what kind it is: "number", "function", "choice", "find the error", "estimate".
    """

    number: str
    title: str
    slides: tuple[str, ...]
    badge: Badge
    kind: str
    asks: Any

    @property
    def set_number(self) -> int:
        """The number of the set, which is also the lesson's."""
        return set_of(self.number)

    @property
    def points(self) -> int:
        """What the question is worth in a class: as much as it is difficult."""
        return self.badge.difficulty

    def judge(self, answer: Any) -> Verdict:
        """Return the verdict on an answer, and keep no record."""
        try:
            verdict = self.asks.judge(answer)
        except Exception as error:  # of any kind: an object of the student's may fail at being looked at
            verdict = Verdict(WRONG, f"Your answer could not be read: it raises {type(error).__name__}.")
        return replace(verdict, number=self.number)


Builder = Callable[[Pick], Any]
"""A question's function: it returns one of the kinds (`kinds.py`)."""
_BUILDERS: dict[str, tuple[Builder, dict[str, Any]]] = {}


def question(number: str, title: str, *, slides: str, badge: Badge, kind: str = "") -> Callable[[Builder], Builder]:
    """Register the function below as the question `number`, such as "1.2"; `slides` is such as "S1" or "S1 S2"."""

    def register(builder: Builder) -> Builder:
        about = {"number": number, "title": title, "slides": tuple(slides.split()), "badge": badge, "kind": kind}
        _BUILDERS[number] = builder, about
        return builder

    return register


def build(number: str, seed: int) -> Question:
    """Return one registered question in one edition."""
    builder, about = _BUILDERS[number]
    asks = builder(Pick(seed, number))
    return Question(**about | {"kind": about["kind"] or asks.called, "asks": asks})


def registered() -> tuple[str, ...]:
    """Return the numbers of the questions registered so far, in order."""
    return tuple(sorted(_BUILDERS, key=lambda number: [int(part) for part in number.split(".")]))
