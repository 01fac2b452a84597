"""AdamW with its states in 8 bits: a byte for each number of them, and an fp32 scale for each block of 256.

A byte says which of a code's 256 values a number is, its block's scale how large the largest one was. What that costs
is the bytes of real arrays; what it does to the loss was trained, and lies in `course_lib/data/eight_bit.json`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from course_lib._arguments import one_of, whole
from course_lib.tiny_transformer.config import Array
from course_lib.tiny_transformer.training import (
    TINY,
    AdamW,
    Moments,
    Optimizer,
    TrainingResult,
    TrainingSettings,
    adamw,
    clipped,
    train,
)
from course_lib.tiny_transformer.weights import text_sha256

BLOCK = 256
"""How many numbers share a scale."""
DECADES = 7
"""How many powers of ten a dynamic code reaches down."""
PLACE = "data/eight_bit.json"
COMMAND = f"python -c \"from course_lib.tiny_transformer import write_eight_bit_runs as w; w('course_lib/{PLACE}')\""
EVERY = 20
"""The mean loss of so many steps is one point of a curve."""

# Codes: up to 256 values, in order, the largest of them 1


def dynamic_code(signed: bool) -> NDArray[np.float32]:
    """Return the 256 values of dynamic quantization: the smaller, the denser, down to less than a millionth.

    Between 10^-k and a tenth of it, k from 0 to 6, lie the middles of 2^(7 - k) equal parts, in a signed code of half
    as many on either side of 0. 0 and 1 come besides.
    Source: Dettmers et al. 2022a, section 2.2, as bitsandbytes builds it.

    >>> [round(float(value), 9) for value in dynamic_code(signed=False)[:4]]
    [0.0, 3.25e-07, 7.75e-07, 2.125e-06]
    """
    values = [0.0, 1.0]
    for k in range(DECADES):
        parts = 2 ** (DECADES - k - bool(signed))
        middles = (0.1 + 0.9 * (np.arange(parts) + 0.5) / parts) * 10.0**-k
        values += [*middles, *(-middles if signed else ())]
    return np.sort(np.array(values, np.float32))


def even_code(signed: bool) -> NDArray[np.float32]:
    """Return values in equal steps: of 1/127 from -1 to 1, as int8 has them, else of 1/255 from 0 to 1.

    >>> (even_code(signed=False)[:3] * 255).tolist(), (even_code(signed=True)[:3] * 127).tolist()
    ([0.0, 1.0, 2.0], [-127.0, -126.0, -125.0])
    """
    return (np.arange(-127, 128) / 127 if signed else np.arange(256) / 255).astype(np.float32)


CODES: Mapping[str, Callable[[bool], NDArray[np.float32]]] = MappingProxyType(
    {"dynamic": dynamic_code, "even": even_code}
)

# Blocks


class Blocks(NamedTuple):
    """An array in 8 bits: for each of its numbers which value of a code it is, and for each block an fp32 scale."""

    values: NDArray[np.uint8]
    scales: NDArray[np.float32]


def to_blocks(x: Array, code: NDArray[np.float32], block: int = BLOCK) -> Blocks:
    """Return an array in 8 bits: each number over the largest size in its block, rounded to the code's nearest value.

    Blocks follow each other through the array, row by row, and the last may be shorter: n numbers take
    n + 4 ceil(n / block) bytes. Source: Dettmers et al. 2022a, section 2.1.

    >>> blocks = to_blocks(np.array([1.0, -0.4, 0.0, 20.0]), even_code(signed=True), block=3)
    >>> blocks.values.tolist(), blocks.scales.tolist()
    ([254, 76, 127, 254], [1.0, 20.0])
    """
    flat = x.ravel()
    parts = np.pad(flat, (0, -flat.size % whole("block", block, minimum=1))).reshape(-1, block)
    scales = np.abs(parts).max(axis=1).astype(np.float32)
    shares = parts / np.where(scales > 0, scales, 1)[:, None]
    nearest = np.searchsorted((code[1:] + code[:-1]) / 2, shares).astype(np.uint8)
    return Blocks(nearest.ravel()[: flat.size].reshape(x.shape).copy(), scales)  # no view: that would keep the padding


def from_blocks(blocks: Blocks, code: NDArray[np.float32], block: int = BLOCK) -> NDArray[np.float32]:
    """Return the numbers that blocks stand for, in fp32: of each its value in the code times its block's scale.

    >>> x = np.array([[1.0, -0.4], [0.0, 20.0]])
    >>> from_blocks(to_blocks(x, dynamic_code(signed=True)), dynamic_code(signed=True)).astype(float).round(2).tolist()
    [[1.02, -0.4], [0.0, 20.0]]
    """
    scales = np.repeat(blocks.scales, block)[: blocks.values.size]
    return code[blocks.values] * scales.reshape(blocks.values.shape)


# The optimizer


class EightBitMoments(NamedTuple):
    """What AdamW remembers of each parameter, in 8 bits: the running means of its gradient and of that squared."""

    momentum: dict[str, Blocks]
    variance: dict[str, Blocks]


class EightBitAdamW(AdamW):
    """AdamW after clipping, with `EightBitMoments`: an `Optimizer` whose states take 2 (1 + 4/256) bytes a parameter.

    A step turns one parameter's states to fp32, does what AdamW does, and rounds them to 8 bits again. `code` is
    "dynamic", or "even" to see why it is not. All states are in 8 bits here: bitsandbytes leaves those of parameters
    with less than 4,096 numbers in fp32, and the paper those of embeddings.
    Errors: `ValueError` for another code. Source: Dettmers et al. 2022a; slide S12.

    >>> from course_lib.tiny_transformer import bytes_of, initial_parameters
    >>> bytes_of(EightBitAdamW().start(initial_parameters(TINY))) / 110_400
    2.032101449275362
    """

    def __init__(self, code: str = "dynamic") -> None:
        """Choose the code by its name, signed for the momentum, and unsigned for the variance."""
        make = CODES[one_of("code", code, CODES)]
        self.codes = make(True), make(False)

    def start(self, parameters: Mapping[str, Array]) -> Any:
        """Return states of zero."""
        zeros = {name: np.zeros_like(array) for name, array in parameters.items()}
        momentum, variance = ({name: to_blocks(zero, code) for name, zero in zeros.items()} for code in self.codes)
        return EightBitMoments(momentum, variance)

    def update(
        self,
        parameters: Mapping[str, Array],
        gradients: Mapping[str, Array],
        states: Any,
        settings: TrainingSettings,
        step: int,
    ) -> tuple[dict[str, Array], Any]:
        """Return what `adamw` makes of the clipped gradients, one parameter after the other, its states in 8 bits."""
        gradients, updated, after = clipped(gradients, settings.clip), dict(parameters), EightBitMoments({}, {})
        for name in parameters:
            moments = Moments(*({name: from_blocks(s[name], code)} for s, code in zip(states, self.codes, strict=True)))
            one, moments = adamw({name: parameters[name]}, gradients, moments, settings, step)
            updated |= one
            after.momentum[name] = to_blocks(moments.momentum[name], self.codes[0])
            after.variance[name] = to_blocks(moments.variance[name], self.codes[1])
        return updated, after


# What was trained


@dataclass(frozen=True)
class EightBitRuns:
    """Three trainings that differ in AdamW's states alone: in "fp32", and in 8 bits by the "dynamic" and "even" code.

    `losses` has the loss at the first of `steps`, 0, and at each other one the mean of the 20 before it; `held_out` is
    the loss at the end on the text held out; all in nats a character. `variances` has each percentile of fp32's
    variances after 20 steps, each over the largest in its block, and `lost` the share that a code rounds to 0.
    """

    settings: TrainingSettings
    steps: tuple[int, ...]
    losses: Mapping[str, tuple[float, ...]]
    held_out: Mapping[str, float]
    variances: tuple[float, ...]
    lost: Mapping[str, float]


@cache
def eight_bit_runs() -> EightBitRuns:
    """Return the three trainings, from the file that comes with the course.

    >>> runs = eight_bit_runs()
    >>> {name: len(losses) for name, losses in runs.losses.items()}, runs.steps[:2]
    ({'fp32': 61, 'dynamic': 61, 'even': 61}, (0, 20))
    """
    found = json.loads(resources.files("course_lib").joinpath(PLACE).read_text(encoding="utf-8"))
    losses = {name: tuple(points) for name, points in found["losses"].items()}
    steps = tuple(EVERY * i for i in range(len(losses["fp32"])))
    settings, variances = TrainingSettings(**found["made_by"]["settings"]), tuple(found["variances"])
    return EightBitRuns(settings, steps, losses, found["held_out"], variances, found["lost"])


def write_eight_bit_runs(path: str | Path) -> None:
    """Train three times with the default settings and write what came out; it takes as long as five `train()`."""
    optimizers: dict[str, Optimizer] = {"fp32": AdamW(), **{code: EightBitAdamW(code) for code in CODES}}
    with np.errstate(over="ignore", invalid="ignore"):
        results = {name: train(optimizer=optimizer) for name, optimizer in optimizers.items()}
    shares = shares_of_blocks(first_steps(AdamW()).moments.variance)
    found = {
        "made_by": {
            "command": COMMAND,
            "config": asdict(TINY),
            "settings": asdict(results["fp32"].settings),
            "text_sha256": text_sha256(),
        },
        "held_out": {name: _rounded(result.held_out_after) for name, result in results.items()},
        "lost": {name: _rounded(np.mean(shares < code(False)[1] / 2)) for name, code in CODES.items()},
        "variances": list(map(_rounded, np.percentile(shares, np.arange(101)))),
        "losses": {name: list(map(_rounded, curve(result.losses))) for name, result in results.items()},
    }
    Path(path).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8", newline="\n")


def first_steps(optimizer: Optimizer, steps: int = EVERY) -> TrainingResult:
    """Return what the first steps of a training of many give."""

    def stop(done: int, steps_in_all: int, loss: float) -> None:
        if done == steps:
            raise KeyboardInterrupt

    return train(optimizer=optimizer, progress=stop)


def shares_of_blocks(arrays: Mapping[str, Array]) -> Array:
    """Return each number of the arrays over the largest size in its block."""
    blocks = [np.split(array.ravel(), range(BLOCK, array.size, BLOCK)) for array in arrays.values()]
    return np.concatenate([block / np.abs(block).max() for parts in blocks for block in parts])


def curve(losses: NDArray[np.float64]) -> list[float]:
    """Return the first of a training's losses, and the mean of each 20."""
    return [losses[0], *losses[: len(losses) // EVERY * EVERY].reshape(-1, EVERY).mean(axis=1)]


def _rounded(value: Any) -> float:
    return float(f"{value:.5g}")
