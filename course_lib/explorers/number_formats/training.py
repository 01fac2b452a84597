"""What a training in a format of few bits gave: its loss beside fp32's, and what rounding lost on the way."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from course_lib._arguments import one_of, positive, single, whole
from course_lib.number_formats import FP32, FloatFormat, chance_to_change, decode, encode, spacing
from course_lib.tiny_transformer import TINY
from course_lib.tiny_transformer.format_runs import (
    EVERY,
    LARGEST_LOSS,
    LOSS_SCALE,
    SETTINGS,
    STORED,
    TRIED,
    FormatRun,
    Recipe,
    format_runs,
)

STEP = 240
"""The step to begin with: near the end, and not the end of its slider."""
WEIGHT, WEIGHTS = 0.07, (1e-4, 4)
"""A weight to begin with, about the standard deviation of the matrices' initial numbers, and the range of others."""
GUESSING = math.log(TINY.vocab)
"""The loss of a model that gives each character the same chance, in nats."""
OWN = "your own"
PRESETS: dict[str, Recipe] = {
    "fp32 throughout": Recipe(),
    "bf16 weights": Recipe("bf16"),
    "e4m3 weights": Recipe("fp8 e4m3"),
    "fp4 weights": Recipe("fp4 e2m1"),
    "e4m3 gradients": Recipe("fp8 e4m3", "gradients"),
    "fp16 states": Recipe("fp16", "states"),
    "mixed precision, fp16": Recipe("fp16", "weights + gradients", master_copy=True, loss_scaling=True),
    "mixed precision, bf16": Recipe("bf16", "weights + gradients", master_copy=True),
    "Gopher: bf16 by chance": Recipe("bf16", stochastic=True),
}
"""Recipes to start from: mixed precision as in Micikevicius et al. 2018 (fp16) and Kalamkar et al. 2019 (bf16), and
Gopher's weights, Rae et al. 2021."""
DIVERGED = 5.0
"""A loss above it is larger than that of the untrained model."""
PARTS = {"weight": "weights", "gradient": "gradients", "state": "states"}


@dataclass(frozen=True)
class TrainingFormatView:
    """A recipe, the run that was stored so, and the run in fp32; a step of both, and one `weight` to look at."""

    recipe: Recipe
    run: FormatRun
    fp32: FormatRun
    step: int
    weight: float

    @property
    def point(self) -> int:
        """The point of the curves that the step belongs to."""
        return (self.step - 1) // EVERY

    @property
    def name(self) -> str:
        """What was stored in which format, without what has no effect."""
        plain = self.recipe.plain
        if plain == Recipe():
            return "fp32 throughout"
        helps = {"master copy": plain.master_copy, "loss scaling": plain.loss_scaling, "stochastic": plain.stochastic}
        what = f"all three in {plain.format}" if plain.stored == "all three" else f"{plain.format} {plain.stored}"
        return ", ".join([what, *(help for help, used in helps.items() if used)])

    @property
    def sentence(self) -> str:
        """What was lost up to the step, and where the loss is."""
        plain, loss, base = self.recipe.plain, self.run.loss[self.point], self.fp32.loss[self.point]
        if plain == Recipe():
            return f"fp32 throughout, step {self.step}: {loss:.2f} nats a character."
        lost, zeros = self.lost_so_far, float(self.run.zeros[: self.point + 1].mean())
        end = "diverges" if loss > DIVERGED else f"{loss:.2f} nats"
        if self.run.skipped > SETTINGS.steps / 2:
            skipped = f"{self.run.skipped} of all {SETTINGS.steps} steps skipped"
            return f"{self.name}, step {self.step}: {skipped}, {end}."
        what = ""
        if "weight" in STORED[plain.stored]:
            what = f"{percent(lost)} of updates lost, " if lost >= 0.001 else "hardly any updates lost, "
        elif "gradient" in STORED[plain.stored]:
            what = f"{percent(zeros)} of gradients become 0, "
        return f"{self.name}, step {self.step}: {what}{end} (fp32 {base:.2f})."

    @property
    def lost_so_far(self) -> float:
        """The share of all updates up to the step that were lost, NaN where each step was skipped."""
        lost = self.run.lost[: self.point + 1]
        return float(np.nanmean(lost)) if not np.isnan(lost).all() else math.nan

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Where the run ended and what the steps lost; then what becomes of one weight and of a small gradient."""
        run, plain, at = self.run, self.recipe.plain, self.point
        rounded = () if plain == Recipe() else STORED[plain.stored]
        weights, gradients = (self.format_of(part) for part in ("weight", "gradient"))
        pattern, rate = encode(self.weight, weights), SETTINGS.rate(self.step - 1)
        chance = chance_to_change(self.weight, -rate, weights, plain.stochastic)
        kept = {0.0: "is lost", 1.0: "is kept"}.get(chance, f"is kept {percent(chance)} of the time")
        least = gradients.smallest_subnormal / 2 / (LOSS_SCALE if plain.loss_scaling else 1)
        exact = [name for part, name in PARTS.items() if part not in rounded]
        by_chance = plain.stochastic and "gradient" in rounded
        passes = TRIED[plain.format] if "weight" in rounded else FP32
        return (
            ("At the end, text held out", nats(run.held_out)),
            ("Against fp32 there", nats(run.held_out - self.fp32.held_out, "+")),
            ("Guessing", f"ln {TINY.vocab} = {GUESSING:.2f} nats"),
            (f"Updates lost, the {EVERY} steps around", percent(run.lost[at])),
            ("Gradients become 0, same steps", percent(run.zeros[at])),
            ("Steps skipped", f"{run.skipped} of {SETTINGS.steps}"),
            ("Learning rate", f"{rate:.2g}"),
            (f"{self.weight:.3g} is stored as", f"{decode(pattern, weights):.5g} in {weights.name}"),
            ("Passes compute with", f"{decode(encode(self.weight, passes), passes):.5g} in {passes.name}"),
            ("Step there", f"{spacing(pattern, weights):.2g}"),
            (f"An update of {rate:.2g}", kept),
            ("Least gradient kept", "any, by chance" if by_chance else f"{least:.1e}, in {gradients.name}"),
            ("Stays in fp32", ", ".join([*exact, "all arithmetic"])),
        )

    def format_of(self, part: str) -> FloatFormat:
        """Return what a "weight" (a master copy's, if there is one), a "gradient" or a "state" is stored in."""
        plain = self.recipe.plain
        in_fp32 = part not in STORED[plain.stored] or (part == "weight" and plain.master_copy)
        return FP32 if in_fp32 else TRIED[plain.format]


def nats(loss: float, sign: str = "") -> str:
    """Return a loss with three decimals, or that it is beyond what was written down; `sign` "+" writes a plus too."""
    return f"beyond {LARGEST_LOSS:.0f} nats" if math.isinf(loss) else f"{loss:{sign}.3f} nats"


def percent(share: float) -> str:
    """Return a share in per cents: whole ones from 1 on, and nothing smaller than 0.1 but 0 itself; none of NaN."""
    points = 100 * float(share)
    if math.isnan(points):
        return "none made"
    if points in (0, 100):
        return f"{points:.0f} %"
    if points < 0.1:
        return "under 0.1 %"
    return f"{min(points, 99.9):.1f} %" if points < 1 or points > 99 else f"{points:.0f} %"


def training_format_view(
    format: str,
    stored: str,
    master_copy: bool = False,
    loss_scaling: bool = False,
    stochastic: bool = False,
    step: int = STEP,
    weight: float = WEIGHT,
    preset: str = OWN,
) -> TrainingFormatView:
    """Return what the run of a recipe gave, of those that come with the course: nothing is trained here.

    `step` is where to look, `weight` one to look at, `preset` what the recipe was chosen by. Errors: `ValueError` for a
    format, a choice of what is stored or a preset that is unknown, for a step that there is not, and for a weight that
    is not above 0.

    >>> training_format_view("fp8 e4m3", "weights").lost_so_far > 0.9
    True
    """
    if preset != OWN:
        one_of("preset", preset, PRESETS)
    recipe, runs = Recipe(format, stored, master_copy, loss_scaling, stochastic), format_runs()
    step = whole("step", step, 1, SETTINGS.steps)
    weight = single("weight", positive("weight", weight))
    return TrainingFormatView(recipe, runs[recipe.plain], runs[Recipe()], step, weight)


def preset_values(preset: str) -> dict[str, Any]:
    """Return the values of the controls that a preset stands for; none for any other text."""
    return asdict(PRESETS[preset]) | {"step": STEP, "weight": WEIGHT} if preset in PRESETS else {}
