"""A prediction: what it asks before a cell is run, what one may reason from, and which choice turns out right.

A prediction is a function decorated with its name, the lesson's number and a letter; it returns a `Prediction`:

    @prediction("1a")
    def cost_of_gpt_3() -> Prediction:
        run = catalog.training_run("GPT-3 175B")
        return Prediction(
            asks="GPT-3 has 174.6 B parameters and was trained on 300 B tokens. What is its cost nearest to?",
            options={"10²⁰ FLOP": 1e20, "10²³ FLOP": 1e23, "10²⁶ FLOP": 1e26},
            truth=training_flop(run.parameters, run.tokens),
            facts={"P": Known(174.6e9, "174.6 B parameters"), "D": Known(300e9, "300 B tokens"),
                   "rule": Known(lambda P, D: 6 * P * D, "6\\,P\\,D")},
            reason=lambda P, D, rule: rule(P, D),
            shown=("3.14e+23",),
        )

`truth` is computed by the course's library. `facts` are what stands above, word for word, or in the question; `reason`
gets their values and nothing else, and must come to the same choice: so nobody has to guess. `shown` is how the answer
reads where it is given: in a cell below, and in none above.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

WITHIN = 0.5
"""A typed number is right within so many powers of ten."""


@dataclass(frozen=True)
class Known:
    """One thing to reason from: its value, a number or a rule, and the words in which it stands above."""

    value: Any
    words: str


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What is asked before a cell is run; without `options` a number is typed, in `unit`.

    `options` maps what can be chosen, in words, to what it stands for: numbers, of which the one nearest to `truth` (as
    a ratio) is right, or anything else, of which the one equal to it is.
    """

    asks: str
    truth: Any
    facts: Mapping[str, Known]
    reason: Callable[..., Any]
    shown: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    unit: str = ""

    def __post_init__(self) -> None:
        """Refuse a prediction that cannot be made."""
        if len(self.options) == 1:
            raise ValueError(f"options must be two at least, or none for a typed number; got {list(self.options)!r}")
        if not self.options and not is_size(self.truth):
            raise ValueError(f"truth must be a positive number where a number is typed; got {self.truth!r}")

    @property
    def in_numbers(self) -> bool:
        """Whether a choice can be held against the truth in powers of ten."""
        return is_size(self.truth) and all(is_size(value) for value in self.options.values())

    def chosen_by(self, value: Any) -> str:
        """Return the option that a value stands for; `ValueError` if none does."""
        if self.in_numbers and is_size(value):
            return min(self.options, key=lambda option: abs(math.log(self.options[option] / value)))
        for option, meaning in self.options.items():
            if meaning == value:
                return option
        raise ValueError(f"value must be one of {list(self.options.values())!r}; got {value!r}")

    @property
    def right(self) -> str:
        """The option that is right; empty where a number is typed."""
        return self.chosen_by(self.truth) if self.options else ""

    def reasoned(self) -> Any:
        """Return what the facts alone lead to."""
        return self.reason(**{name: fact.value for name, fact in self.facts.items()})

    def understands(self, choice: Any) -> bool:
        """Tell whether a choice, which may be kept from an earlier edition of the course, is one of this prediction."""
        return isinstance(choice, str) and choice in self.options if self.options else is_size(choice)

    def is_right(self, choice: Any) -> bool:
        """Tell whether a choice turned out right; a typed number is within half a power of ten."""
        return choice == self.right if self.options else self.powers_off(choice) <= WITHIN

    def powers_off(self, choice: Any) -> float:
        """Return how many powers of ten lie between a choice and the truth, none if the choice is the right option.

        Errors: `ValueError` where the prediction is not one of numbers.
        """
        if not self.in_numbers:
            raise ValueError(f"choice must be of a prediction in numbers; got {choice!r}")
        if self.options and choice == self.right:
            return 0.0
        return abs(math.log10((self.options[choice] if self.options else choice) / self.truth))


def is_size(value: Any) -> bool:
    """Tell whether a value is a positive finite number, so that a ratio to it means something.

    >>> is_size(3e23), is_size(True), is_size("compute")
    (True, False, False)
    """
    if isinstance(value, bool):
        return False
    try:
        return 0 < float(value) < math.inf and not isinstance(value, str)
    except (TypeError, ValueError, OverflowError):
        return False


Builder = Callable[[], Prediction]
_BUILDERS: dict[str, Builder] = {}


def prediction(name: str) -> Callable[[Builder], Builder]:
    """Register the function below as the prediction `name`, such as "1a": the first of lesson 1."""

    def register(builder: Builder) -> Builder:
        if _BUILDERS.setdefault(name, builder) is not builder:
            raise ValueError(f"name must be one that is not taken; got {name!r}")
        return builder

    return register


def build(name: str) -> Prediction:
    """Return a registered prediction."""
    return _BUILDERS[name]()


def registered(lesson: int) -> tuple[str, ...]:
    """Return the names of a lesson's predictions registered so far, in order."""
    return tuple(sorted(name for name in _BUILDERS if name[:-1] == str(lesson)))
