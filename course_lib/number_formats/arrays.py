"""Rounding whole arrays to a float format, quick enough to be done at each step of a training.

`encode` and `decode` make patterns on the way and take each number exactly; here an array stays an array of floats.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_lib._arguments import as_float64, numbers, plain, shown
from course_lib.number_formats.formats import FloatFormat


def round_to(values: ArrayLike, fmt: FloatFormat, chance: ArrayLike | None = None) -> Any:
    """Return a number or an array rounded to a format: to the nearest, ties to even, float32 as such, else float64.

    With s the format's step at x, x / s lies between two whole numbers, and x goes to one of them times s. `chance`, a
    number from 0 to below 1 for each value, makes that stochastic rounding: up where it is less than x / s - floor(x /
    s), so that the mean is x.
    Too large a value becomes infinity, NaN in fp8 e4m3, and saturates in fp4 e2m1, as `decode(encode(value))` does.
    Errors: `TypeError` for a format of another kind, and for what are no numbers; `ValueError` for float32 and a format
    that it does not hold, for NaN in a format without one, and for chances of another shape or not in [0, 1).
    Source: IEEE 754-2019, section 4.3.1; Connolly, Higham and Mary 2021 for stochastic rounding.

    >>> from course_lib.number_formats import BF16
    >>> weights = np.array([0.5, 0.501, 0.503], np.float32)
    >>> round_to(weights, BF16).tolist()
    [0.5, 0.5, 0.50390625]
    >>> round_to(weights, BF16, chance=[0.2, 0.2, 0.9]).tolist()  # 0.501 is a quarter of the way: up at 0.2
    [0.5, 0.50390625, 0.5]
    """
    if not isinstance(fmt, FloatFormat):
        raise TypeError(f"fmt must be a FloatFormat, such as BF16; got {shown(fmt)}")
    exact = numbers("values", values)
    exact = exact if exact.dtype == np.float32 else as_float64(exact)
    held = np.finfo(exact.dtype)
    if fmt.smallest_subnormal < held.smallest_subnormal or fmt.largest > held.max or fmt.epsilon < held.eps:
        raise ValueError(f"values must be float64 for {fmt.name}, which float32 does not hold; got {exact.dtype}")
    if not fmt.has_nan and np.isnan(exact).any():
        raise ValueError(f"values must be numbers, for {fmt.name} has no NaN; got {shown(values)}")
    step = np.maximum(_power(exact) * fmt.epsilon, fmt.smallest_subnormal, dtype=exact.dtype)
    with np.errstate(over="ignore", invalid="ignore"):  # what is too large, and infinity less infinity
        steps = exact / step
        whole = np.rint(steps) if chance is None else _rounded_by_chance(steps, chance)
        rounded = whole * step
    beyond = math.inf if fmt.has_infinity else math.nan if fmt.has_nan else fmt.largest
    kept = np.where(np.abs(rounded) > fmt.largest, exact.dtype.type(beyond), rounded)
    return plain(np.copysign(kept, exact))  # a zero too has the sign of what became it


def chance_to_change(value: float, change: float, fmt: FloatFormat, stochastic: bool = False) -> float:
    """Return how likely a number that is stored in a format is another one after a change is added to it.

    The sum is rounded as by `round_to`: to the nearest, which gives 0 or 1, or by chance, which gives the change's
    share of the step, and 1 from a whole step on. `value` is stored as the nearest number that there is.
    Errors: `TypeError` and `ValueError` as `round_to` raises them, and for what is not one finite number each.

    >>> from course_lib.number_formats import BF16
    >>> chance_to_change(0.5, 0.001, BF16), round(chance_to_change(0.5, 0.001, BF16, stochastic=True), 3)
    (0.0, 0.256)
    """
    for name, one in (("value", value), ("change", change)):
        if numbers(name, one, "one finite number").ndim or not math.isfinite(one):
            raise ValueError(f"{name} must be one finite number; got {shown(one)}")
    stored = round_to(float(value), fmt)
    target = stored + float(change)
    if not stochastic:
        return float(round_to(target, fmt) != stored)
    above, below = (round_to(target, fmt, chance) for chance in (0.0, np.nextafter(1, 0)))
    if above == below:
        return float(above != stored)
    share = (target - below) / (above - below)
    return float({above: 1 - share, below: share}.get(stored, 1.0))


def _power(values: NDArray[Any]) -> NDArray[Any]:
    """Return the largest power of two that is not above a number's size, 0 for one below the smallest normal number.

    It has the number's exponent field and an empty significand; infinity and NaN, whose field is full, have 1.
    """
    field = np.array(np.inf, values.dtype).view(f"i{values.itemsize}")
    fields = values.view(field.dtype) & field
    return np.where(fields == field, 1, fields.view(values.dtype))


def _rounded_by_chance(steps: NDArray[Any], chance: ArrayLike) -> NDArray[Any]:
    """Return the whole number below or above each number of steps; their sum with the chance would be rounded."""
    chances = numbers("chance", chance)
    if chances.shape != steps.shape or not ((chances >= 0) & (chances < 1)).all():
        accepted = f"a number from 0 to below 1 for each of the values, whose shape is {steps.shape}"
        raise ValueError(f"chance must be {accepted}; got {shown(chance)}")
    below = np.floor(steps)
    return np.asarray(below + (chances < steps - below))
