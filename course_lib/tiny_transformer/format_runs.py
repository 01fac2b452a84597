"""One training in each of the formats, for each of what may be stored in it: the runs that come with the course.

`course_lib/data/format_runs.json` holds what `write_format_runs` measured, with the command, the model's sizes, the
settings with their seed, and the sha256 of the text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib._arguments import one_of
from course_lib.number_formats import BF16, FP4_E2M1, FP8_E4M3, FP8_E5M2, FP16, FP32
from course_lib.tiny_transformer.low_precision import LOSS_SCALE, LowPrecisionAdamW
from course_lib.tiny_transformer.training import TINY, TrainingSettings, train
from course_lib.tiny_transformer.weights import text_sha256

PLACE = "data/format_runs.json"
COMMAND = (
    'python -c "from course_lib.tiny_transformer.format_runs import write_format_runs; '
    f"write_format_runs('course_lib/{PLACE}')\""
)
SETTINGS = TrainingSettings(steps=256, warmup=20, learning_rate=1e-3)
EVERY = 8
"""How many steps are taken together to one point of a curve: the mean of their losses, the lost of their updates."""
LARGEST_LOSS = 100.0
"""A loss above it is no longer written down: the run has diverged, whatever the number."""

TRIED = {fmt.name: fmt for fmt in (FP32, BF16, FP16, FP8_E4M3, FP8_E5M2, FP4_E2M1)}
"""The formats of the runs, by name."""
STORED = {
    "weights": ("weight",),
    "gradients": ("gradient",),
    "states": ("state",),
    "weights + gradients": ("weight", "gradient"),
    "all three": ("weight", "gradient", "state"),
}
"""What is stored in the format, as `LowPrecisionAdamW` calls it; the rest stays in fp32."""


@dataclass(frozen=True)
class Recipe:
    """What a run stores in which format: a name of `TRIED`, one of `STORED`, and how the two are helped.

    Errors: `ValueError` for a name that is neither.
    """

    format: str = FP32.name
    stored: str = "weights"
    master_copy: bool = False
    loss_scaling: bool = False
    stochastic: bool = False

    def __post_init__(self) -> None:
        """Refuse names that are not known."""
        one_of("format", self.format, TRIED)
        one_of("stored", self.stored, STORED)

    @property
    def without_effect(self) -> dict[str, str]:
        """The fields that change nothing in this recipe, each with the reason in a few words."""
        if self.format == FP32.name:
            return dict.fromkeys(("stored", "master_copy", "loss_scaling", "stochastic"), "no effect: fp32")
        parts, idle = STORED[self.stored], dict[str, str]()
        if "weight" not in parts:
            idle["master_copy"] = "no effect: fp32"
        if "gradient" not in parts:
            idle["loss_scaling"] = "no effect: fp32"
        if parts == ("weight",) and self.master_copy:
            idle["stochastic"] = "no effect: fp32"
        return idle

    @property
    def plain(self) -> Recipe:
        """The same recipe, whatever has no effect as it is in `Recipe()`."""
        return replace(self, **{name: getattr(Recipe(), name) for name in self.without_effect})

    @property
    def optimizer(self) -> LowPrecisionAdamW:
        """The optimizer that stores things so."""
        return LowPrecisionAdamW(
            **dict.fromkeys(STORED[self.stored], TRIED[self.format]),
            master_copy=self.master_copy,
            loss_scale=LOSS_SCALE if self.loss_scaling else 1.0,
            stochastic=self.stochastic,
        )


def recipes() -> list[Recipe]:
    """Return every recipe once, those that differ in nothing that has an effect taken together.

    >>> len(recipes())
    126
    """
    yes_or_no = (False, True)
    every = (Recipe(*one) for one in product(TRIED, STORED, yes_or_no, yes_or_no, yes_or_no))
    return list(dict.fromkeys(recipe.plain for recipe in every))


@dataclass(frozen=True, eq=False)
class FormatRun:
    """What one training gave: its curves, with a point for every 8 steps, and its end.

    `loss` is that of the batches and `held_out` that of the text held out, in nats a character; infinite above 100 or
    where it is no number. `lost` is the share of updates that changed nothing, NaN where all eight steps were skipped,
    `zeros` the share of gradients that became 0, `skipped` the number of steps skipped for an infinite gradient.
    """

    loss: NDArray[np.float64]
    lost: NDArray[np.float64]
    zeros: NDArray[np.float64]
    held_out: float
    skipped: int


def measured(recipe: Recipe) -> FormatRun:
    """Train the tiny model as a recipe stores it, and return what came of it."""
    with np.errstate(all="ignore"):  # a run that diverges
        result = train(TINY, SETTINGS, optimizer=recipe.optimizer)
    steps = result.moments.steps
    updates, lost, zeros = (
        np.array([getattr(one, name) for one in steps]).reshape(-1, EVERY).sum(axis=1)
        for name in ("updates", "lost", "zeros")
    )
    return FormatRun(
        loss=result.losses.reshape(-1, EVERY).mean(axis=1),
        lost=np.where(updates > 0, lost / np.maximum(updates, 1), np.nan),
        zeros=zeros / (EVERY * TINY.shape.parameters()["total"]),
        held_out=result.held_out_after,
        skipped=sum(one.infinite > 0 for one in steps),
    )


def write_format_runs(path: str | Path, progress: Callable[[int, int], object] | None = None) -> None:
    """Train once for each recipe and write what was measured; it takes ten minutes or so.

    `progress(done, all)` is called after each run.
    """
    every, runs = recipes(), list[str]()
    for recipe in every:
        run = measured(recipe)
        row = asdict(recipe) | {
            "held_out": _written(run.held_out),
            "skipped": run.skipped,
            "loss": [_written(loss) for loss in run.loss.tolist()],
            "lost": [None if math.isnan(share) else round(share, 4) for share in run.lost.tolist()],
            "zeros": [round(share, 4) for share in run.zeros.tolist()],
        }
        runs.append(json.dumps(row, separators=(",", ":")))
        if progress:
            progress(len(runs), len(every))
    made_by = {
        "command": COMMAND,
        "config": asdict(TINY),
        "settings": asdict(SETTINGS),
        "loss_scale": LOSS_SCALE,
        "text_sha256": text_sha256(),
    }
    text = json.dumps(made_by)[:-1] + ',\n"runs": [\n' + ",\n".join(runs) + "\n]}\n"
    Path(path).write_text(text, encoding="utf-8", newline="\n")


def _written(loss: float) -> float | None:
    return round(loss, 3) if loss <= LARGEST_LOSS else None


def _read(point: float | None, missing: float = math.inf) -> float:
    return missing if point is None else point


@cache
def format_runs() -> dict[Recipe, FormatRun]:
    """Return the runs that come with the course, by recipe; each has an array for its curves.

    >>> runs = format_runs()
    >>> round(runs[Recipe("fp16", "weights")].held_out, 1) == round(runs[Recipe("fp32")].held_out, 1)
    True
    """
    runs: dict[Recipe, FormatRun] = {}
    for row in _file()["runs"]:
        recipe = Recipe(*(row[name] for name in asdict(Recipe())))
        loss, lost, zeros = (
            np.array([_read(point, missing) for point in row[name]])
            for name, missing in {"loss": math.inf, "lost": math.nan, "zeros": math.nan}.items()
        )
        for curve in (loss, lost, zeros):
            curve.setflags(write=False)
        runs[recipe] = FormatRun(loss, lost, zeros, _read(row["held_out"]), row["skipped"])
    return runs


def made_by() -> dict[str, Any]:
    """Return how the runs were made: the command, the model's sizes, the settings, the loss scale, the text's sha256.

    >>> made_by()["settings"]["seed"]
    0
    """
    return {name: value for name, value in _file().items() if name != "runs"}


@cache
def _file() -> dict[str, Any]:
    text = resources.files("course_lib").joinpath(PLACE).read_text(encoding="utf-8")
    return dict(json.loads(text))
