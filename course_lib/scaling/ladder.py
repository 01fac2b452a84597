"""The ladder: tiny models that were trained at four budgets, and the losses that they reached.

`course_lib/data/ladder.json` is what `make ladder` writes: how each model was trained, on the course's own lessons, and
its loss on text held out. A budget is the FLOP that were counted, three forward passes a token, attention included.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from course_lib.scaling.isoflop import IsoFlopRuns


@dataclass(frozen=True, slots=True)
class LadderRun:
    """A model of the ladder: the budget in FLOP, its width, P and D, and its losses, one a seed, in nats a character.

    `epochs` says how many times it read the text; `losses` are on text held out, `training_losses` on what it read.
    """

    flop: float
    hidden: int
    parameters: int
    tokens: int
    epochs: float
    losses: tuple[float, ...]
    training_losses: tuple[float, ...]

    @property
    def loss(self) -> float:
        """The mean loss of the seeds on text held out."""
        return sum(self.losses) / len(self.losses)

    @property
    def spread(self) -> float:
        """The standard deviation of the seeds' losses."""
        return float(np.std(self.losses, ddof=1))


@cache
def ladder_runs() -> tuple[LadderRun, ...]:
    """Return the models of the ladder, by budget and size.

    >>> smallest = ladder_runs()[0]
    >>> smallest.hidden, smallest.parameters, len(smallest.losses)
    (8, 2176, 3)
    """
    made = read_ladder()
    found: dict[tuple[float, int], list[dict[str, Any]]] = {}
    for run in made["runs"]:
        found.setdefault((run["flop"], run["hidden"]), []).append(run)
    return tuple(
        LadderRun(
            flop,
            hidden,
            runs[0]["parameters"],
            runs[0]["tokens"],
            runs[0]["tokens"] / made["training_tokens"],
            tuple(run["loss"] for run in runs),
            tuple(run["training_loss"] for run in runs),
        )
        for (flop, hidden), runs in sorted(found.items())
    )


@cache
def ladder() -> IsoFlopRuns:
    """Return the ladder as runs to be fitted, the loss of each the mean of its seeds.

    >>> ladder().budgets
    (10000000000.0, 30000000000.0, 90000000000.0, 270000000000.0)
    """
    runs = ladder_runs()
    columns = ([float(getattr(run, name)) for run in runs] for name in ("flop", "parameters", "tokens", "loss"))
    return IsoFlopRuns(*map(np.array, columns))


def read_ladder() -> dict[str, Any]:
    """Return the file: the command, the text's sha256, the settings, and a row for each run."""
    text = resources.files("course_lib").joinpath("data/ladder.json").read_text(encoding="utf-8")
    made: dict[str, Any] = json.loads(text)
    return made
