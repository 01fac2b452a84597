"""Elements that are numbers of a list: pattern i stands for the i-th of them, in equal steps or not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_lib._arguments import as_float64, numbers, shown

OUTERMOST = 0.9677083
"""The probability of NF4's outermost quantile, as bitsandbytes prints it: the mean of 1 - 1/30 and 1 - 1/32."""


@dataclass(frozen=True)
class Levels:
    """A list of rising numbers, of which pattern i stands for the i-th: 2^bits of them.

    Errors: `TypeError` for what is no number; `ValueError` unless they are finite, rise, and are a power of two many.

    >>> thirds = Levels("thirds", (-1, -1 / 3, 1 / 3, 1))
    >>> thirds.bits, thirds.smallest, thirds.largest
    (2, -1.0, 1.0)
    """

    name: str
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse a list that is no code."""
        array = as_float64(numbers("values", self.values))
        if array.ndim != 1 or array.size < 2 or array.size & (array.size - 1):
            raise ValueError(f"values must be 2, 4, 8 or another power of two many; got {shown(self.values)}")
        if not (np.all(np.isfinite(array)) and np.all(np.diff(array) > 0)):
            raise ValueError(f"values must be finite, each above the one before; got {shown(self.values)}")
        object.__setattr__(self, "values", tuple(array.tolist()))

    @cached_property
    def bits(self) -> int:
        """The width of a pattern: log2 of how many numbers there are."""
        return len(self.values).bit_length() - 1

    @cached_property
    def smallest(self) -> float:
        """The lowest number."""
        return self.values[0]

    @cached_property
    def largest(self) -> float:
        """The highest number."""
        return self.values[-1]


def normal_float_levels() -> tuple[float, ...]:
    """Return NF4's sixteen levels: quantiles of the normal distribution over the largest of them, in fp32.

    With Q the quantile function, they are Q(p) for 8 evenly spaced p from 0.9677083 down to above 0.5, -Q(p) for 7 of
    them, and 0, so that about as many values of a normal tensor fall to each.
    Source: Dettmers et al. 2023, *QLoRA*, section 3; its numbers as bitsandbytes makes them (`create_normal_map`).

    >>> [round(level, 4) for level in normal_float_levels()[:8]]
    [-1.0, -0.6962, -0.5251, -0.3949, -0.2844, -0.1848, -0.091, 0.0]
    """
    quantile = NormalDist().inv_cdf
    above = [quantile(p) for p in np.linspace(OUTERMOST, 0.5, 9)[:-1]]
    below = [-quantile(p) for p in np.linspace(OUTERMOST, 0.5, 8)[:-1]]
    levels = np.array(sorted([*below, 0.0, *above])) / above[0]
    return tuple(levels.astype(np.float32).tolist())


def whole_codes(name: str, value: ArrayLike, count: int, accepted: str, of: str = "") -> NDArray[Any]:
    """Return codes from 0 to `count` - 1 as an array, or raise by name for others and for what is not `accepted`."""
    codes = numbers(name, value)
    if not codes.size:  # an empty list has no kind of number
        return codes.astype(np.int64)
    if codes.dtype.kind not in "iu":
        raise TypeError(f"{name} must be {accepted}; got {shown(value)}")
    if not 0 <= codes.min() <= codes.max() < count:
        raise ValueError(f"{name} must be from 0 to {count - 1}{of}; got {shown(value)}")
    return codes
