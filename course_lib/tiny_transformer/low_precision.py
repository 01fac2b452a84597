"""AdamW whose weights, gradients and states are stored in formats of few bits, and a count of what that loses.

What is computed, the passes' products and the optimizer's arithmetic, stays in fp32: only what is stored is rounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from course_lib._arguments import positive, shown, single
from course_lib.number_formats import FP32, FloatFormat, round_to
from course_lib.tiny_transformer.config import Array
from course_lib.tiny_transformer.training import Moments, TrainingSettings, adamw, clipped

LOSS_SCALE = 1024.0
"""What multiplies the loss, and with it each gradient, where loss scaling is on."""


@dataclass(frozen=True, slots=True)
class RoundingLosses:
    """What rounding lost in one step, in numbers of parameters.

    `updates` were to change, and of these `lost` stayed what they were; of gradients, `zeros` became 0 though they were
    not, and `infinite` were no number any more, for which the whole step is skipped.
    """

    updates: int
    lost: int
    zeros: int
    infinite: int


@dataclass(frozen=True, eq=False)
class StoredStates:
    """AdamW's moments as they are stored, and what each step so far lost."""

    moments: Moments
    steps: tuple[RoundingLosses, ...]


@dataclass(frozen=True)
class LowPrecisionAdamW:
    """AdamW after clipping, with what it stores rounded to formats: an `Optimizer` whose states are `StoredStates`.

    With `master_copy` the weights are kept in fp32, and only what the passes compute with has the format `weight`.
    A gradient is stored as round(loss_scale x gradient) and divided by `loss_scale` again before it is used. Rounding
    is to the nearest, or by chance where it is `stochastic`: that of gradients, states and stored weights, each step
    drawn by the settings' seed; the passes' copy of a master copy is always rounded to the nearest.
    Errors: `TypeError` for what is no float format; `ValueError` for one that fp32 does not hold, and for a loss scale
    that is not above 0.
    Source: Micikevicius et al. 2018, section 3, for the master copy and loss scaling.

    >>> from course_lib.number_formats import BF16
    >>> AdamW, settings = LowPrecisionAdamW(weight=BF16), TrainingSettings(warmup=1, learning_rate=1e-3)
    >>> weights, gradients = ({"bias": np.array(two, np.float32)} for two in ([0.5, 0.125], [-1.0, -1.0]))
    >>> after, states = AdamW.update(weights, gradients, AdamW.start(weights), settings, step=0)
    >>> after["bias"].tolist(), states.steps[0].lost  # an update of 0.001, where bf16's steps are 0.0039 and 0.00098
    ([0.5, 0.1259765625], 1)
    """

    weight: FloatFormat = FP32
    gradient: FloatFormat = FP32
    state: FloatFormat = FP32
    master_copy: bool = False
    loss_scale: float = 1.0
    stochastic: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no format that fp32 holds, and a scale that is none."""
        for name in ("weight", "gradient", "state"):
            fmt = getattr(self, name)
            if not isinstance(fmt, FloatFormat):
                raise TypeError(f"{name} must be a FloatFormat, such as BF16; got {shown(fmt)}")
            if fmt.largest > FP32.largest or fmt.smallest_subnormal < FP32.smallest_subnormal:
                raise ValueError(f"{name} must be a format that fp32 holds; got {fmt.name}")
        object.__setattr__(self, "loss_scale", single("loss_scale", positive("loss_scale", self.loss_scale)))

    def start(self, parameters: Mapping[str, Array]) -> StoredStates:
        """Return moments of zero, and no step."""
        return StoredStates(Moments.zeros(parameters), ())

    def weights(self, parameters: Mapping[str, Array]) -> dict[str, Array]:
        """Return the parameters, of a master copy or before the first step too, in the format of the weights."""
        return rounded(parameters, self.weight)

    @np.errstate(over="ignore", invalid="ignore")  # of a training that diverges, which its loss says
    def update(
        self,
        parameters: Mapping[str, Array],
        gradients: Mapping[str, Array],
        states: StoredStates,
        settings: TrainingSettings,
        step: int,
    ) -> tuple[dict[str, Array], StoredStates]:
        """Return parameters and states after a step of `adamw`, each rounded to what it is stored in.

        A step with a gradient that is infinite or no number changes nothing, as with PyTorch's GradScaler.
        """
        chance = np.random.default_rng((settings.seed, step)) if self.stochastic else None
        before = dict(parameters) if self.master_copy else self.weights(parameters)
        scaled = {name: gradient * np.float32(self.loss_scale) for name, gradient in gradients.items()}
        stored = scaled if _infinite(scaled) else rounded(scaled, self.gradient, chance)
        zeros = _count((stored[name] == 0) & (scaled[name] != 0) for name in stored)
        if infinite := _infinite(stored):
            return before, StoredStates(states.moments, (*states.steps, RoundingLosses(0, 0, zeros, infinite)))
        unscaled = {name: gradient / np.float32(self.loss_scale) for name, gradient in stored.items()}
        exact = {name: weight.astype(np.float64) for name, weight in before.items()}  # keeps the smallest update
        wanted, moments = adamw(exact, clipped(unscaled, settings.clip), states.moments, settings, step)
        rounded_weights = rounded(wanted, FP32 if self.master_copy else self.weight, chance)
        after = {name: weight.astype(np.float32) for name, weight in rounded_weights.items()}
        updates = {name: wanted[name] != before[name] for name in before}
        lost = _count(updates[name] & (after[name] == before[name]) for name in before)
        both = (rounded(part, self.state, chance) for part in (moments.momentum, moments.variance))
        return after, StoredStates(
            Moments(*both), (*states.steps, RoundingLosses(_count(updates.values()), lost, zeros, 0))
        )


def rounded(
    arrays: Mapping[str, Array], fmt: FloatFormat, chance: np.random.Generator | None = None
) -> dict[str, Array]:
    """Return each array rounded to a format: to the nearest, or by chance where there is a generator of it."""
    if fmt == FP32 and all(array.dtype == np.float32 for array in arrays.values()):
        return dict(arrays)
    return {
        name: round_to(array, fmt, None if chance is None else chance.random(array.shape))
        for name, array in arrays.items()
    }


def _count(truths: Iterable[Array]) -> int:
    return sum(int(np.count_nonzero(truth)) for truth in truths)


def _infinite(arrays: Mapping[str, Array]) -> int:
    return _count(~np.isfinite(array) for array in arrays.values())
