"""What an exercise notebook uses: `given` a question's facts, `check` an answer, see the `progress`.

Nothing is stored: a student's answers live in the student's notebook, and running it brings everything back.

What a failing function should have given is shown from the second try on. A try is an answer that fails and gives
something else than those before it, so running a cell again is none. A right answer, or another edition, starts anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from course_lib import questions
from course_lib._arguments import shown
from course_lib.questions.kinds import Choice
from course_lib.questions.question import CORRECT, EDGE, OPEN, WRONG, Question, Verdict, set_of
from course_lib.questions.values import as_numbers, spell

__all__ = ["Given", "Progress", "Verdict", "check", "edition", "given", "progress"]

_seed = 0
_states: dict[str, str] = {}
_tries: dict[str, set[tuple[str, str, str]]] = {}


def edition(seed: int) -> None:
    """Choose the edition: 0 is the public one, a class has its own. Every question's numbers follow from the seed.

    Errors: `TypeError` for anything but a whole number.
    """
    global _seed
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise TypeError(f"seed must be a whole number; got {shown(seed)}")
    _seed = seed
    _states.clear()
    _tries.clear()


def check(number: str, answer: Any) -> Verdict:
    """Return what became of `answer` to the question `number`: correct, not answered yet, or the mistake that was made.

    The first answer that fails gets its hint, and a function what it gave; a second one also what was expected.

    Errors: `ValueError` for an unknown number; a wrong answer of any kind is no error.

    >>> check("1.1", ...)
    1.1 not answered yet
    """
    question = questions.find(number, _seed)
    verdict = question.judge(answer)
    _states[number] = verdict.state
    if verdict.correct:
        _tries.pop(number, None)
    if verdict.state != WRONG:
        return verdict
    tries = _tries.setdefault(number, set())
    tries.add((verdict.message, verdict.detail, verdict.seen))
    return verdict.in_full() if len(tries) > 1 else verdict


class Given:
    """What a question gives, to look at and to compute with: `given("1.1").tokens`.

    Several numbers are handed out as an array, a new one each time, so that `fact * 2` is arithmetic.
    """

    def __init__(self, question: Question) -> None:
        """Hold the facts of one question."""
        self._question = question

    def __getattr__(self, name: str) -> Any:
        """Return the value of one fact."""
        facts = self.__dict__["_question"].asks.given
        if name not in facts:
            there = f"it gives {', '.join(facts)}" if facts else "it gives no numbers"
            raise AttributeError(f"question {self._question.number} does not give {shown(name)}; {there}")
        return handed_out(facts[name].value)

    def __dir__(self) -> list[str]:
        """Return the names of the facts, for completion."""
        return list(self._question.asks.given)

    def _rows(self) -> Iterator[tuple[str, str, str]]:
        for name, fact in self._question.asks.given.items():
            yield name, fact.value if isinstance(fact.value, str) else spell(fact.value), fact.words

    def _options(self) -> dict[str, str]:
        return self._question.asks.options() if isinstance(self._question.asks, Choice) else {}

    def __str__(self) -> str:
        """Return the facts as text, one a line, the options of a choice, and what an answer looks like."""
        rows = list(self._rows())
        widths = [max((len(row[column]) for row in rows), default=0) for column in range(2)]
        lines = [f"{name:{widths[0]}}  {value:{widths[1]}}  {words}".rstrip() for name, value, words in rows]
        lines += [f"{letter}) {text}" for letter, text in self._options().items()]
        return "\n".join([*lines, f"Asked: {self._question.asks.asked()}."])

    __repr__ = __str__

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._html()}

    def _html(self) -> str:
        left = 'style="text-align: left"'
        rows = "".join(
            f'<tr><th scope="row" {left}>{escape(name)}</th>'
            f"<td {left}>{escape(value)}</td><td {left}>{escape(words)}</td></tr>"
            for name, value, words in self._rows()
        )
        table = f"<table><tbody>{rows}</tbody></table>" if rows else ""
        options = "".join(f"<p><strong>{key})</strong> {escape(text)}</p>" for key, text in self._options().items())
        return f"{table}{options}<p><strong>Asked:</strong> {escape(self._question.asks.asked())}.</p>"


def handed_out(value: Any) -> Any:
    """Return a fact's value, several numbers as an array of their own, which a student may change."""
    if isinstance(value, np.ndarray):
        return value.copy()
    several = isinstance(value, (list, tuple)) and as_numbers(value) is not None
    return np.array(value) if several else value


def given(number: str) -> Given:
    """Return what the question `number` gives: its numbers by name, and what an answer looks like.

    Errors: `ValueError` for an unknown number.

    >>> given("1.1").tokens
    780000000000
    """
    return Given(questions.find(number, _seed))


@dataclass(frozen=True, repr=False)
class Progress:
    """How far a student is in one set, by what was checked in this notebook."""

    set_number: int
    topic: str
    states: tuple[tuple[str, str], ...]
    minutes: int

    def __str__(self) -> str:
        """Return the progress in one sentence."""
        done = [number for number, state in self.states if state == CORRECT]
        wrong = [number for number, state in self.states if state == WRONG]
        still = [number for number, state in self.states if state == OPEN]
        name = self.topic.replace("_", " ")
        parts = [f"Set {self.set_number}, {name}: {len(done)} of {len(self.states)} correct"]
        if wrong:
            parts.append(f"look again at {', '.join(wrong)}")
        if still:
            parts.append(f"not answered yet: {', '.join(still)}")
        return "; ".join(parts) + (f"; about {self.minutes} minutes to go." if self.minutes else ". All done.")

    __repr__ = __str__

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._html()}

    def _html(self) -> str:
        marks = {CORRECT: "✓", WRONG: "×", OPEN: ""}
        boxes = []
        for at, (number, state) in enumerate(self.states):
            fill = EDGE[state] if state == CORRECT else "none"
            ink = "#ffffff" if state == CORRECT else "currentColor"
            boxes.append(
                f'<rect x="{at * 52 + 1}" y="1" width="48" height="26" rx="4" fill="{fill}" stroke="{EDGE[state]}" '
                f'stroke-width="2"/><text x="{at * 52 + 25}" y="18" text-anchor="middle" font-size="13" fill="{ink}">'
                f"{escape(number)} {marks[state]}</text>"
            )
        width = len(self.states) * 52
        sentence = escape(str(self))
        bar = f'<svg role="img" aria-label="{sentence}" width="{width}" height="28" viewBox="0 0 {width} 28">'
        return f"{bar}{''.join(boxes)}</svg><p>{sentence}</p>"


def progress(set_number: int | None = None) -> Progress:
    """Return what is done in a set, as far as this notebook has checked it; by default the set checked last.

    Errors: `ValueError` for an unknown set, or when nothing was checked yet and no set is named.
    """
    if set_number is None:
        if not _states:
            raise ValueError("nothing was checked yet: run a check cell first, or name the set, as in progress(1)")
        set_number = set_of(list(_states)[-1])
    numbers = questions.numbers_of(set_number)
    states = tuple((number, _states.get(number, OPEN)) for number in numbers)
    minutes = sum(questions.find(number, _seed).badge.minutes for number, state in states if state != CORRECT)
    return Progress(set_number, questions.sets()[set_number], states, minutes)
