"""The number line of a format: which numbers it has around one of them, counted in steps at that one."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np

from course_lib._arguments import shown
from course_lib.number_formats.formats import Format, IntFormat
from course_lib.number_formats.writing import read_pattern

FAR = 12
"""No more numbers than that are within a few steps of one, where a format has at least 16 of them in a binade."""


@dataclass(frozen=True)
class NumberLine:
    """Numbers of a format, smallest first: their patterns, their values, and their places in steps from the middle.

    `here` is the index of the middle; `middle` is its value and `step` one unit in its last place, both exact.
    """

    patterns: tuple[int, ...]
    values: tuple[float, ...]
    places: tuple[float, ...]
    here: int
    middle: Fraction
    step: Fraction


@lru_cache(256, typed=True)
def number_line(pattern: int, fmt: Format, reach: float) -> NumberLine:
    """Return the numbers that a format has within `reach` steps of a pattern's.

    A number is m x 2^k, where m counts steps at its own power; so it lies at m x 2^(k - k') steps of the middle's k',
    exactly. Infinity lies one step beyond the largest number. `reach` is at most `FAR` / 2.
    Errors: as `bits`; `ValueError` for NaN, which lies nowhere, and for a `reach` that is negative or too far.
    Source: slide S8.

    >>> from course_lib.number_formats import BF16, encode
    >>> line = number_line(encode(256, BF16), BF16, 2)
    >>> line.values, line.places
    ((252.0, 253.0, 254.0, 255.0, 256.0, 258.0, 260.0), (-2.0, -1.5, -1.0, -0.5, 0.0, 1.0, 2.0))
    """
    if read_pattern(pattern, fmt).fields.kind == "nan":
        raise ValueError(f"pattern must be a number's, for a NaN lies nowhere; got {shown(pattern)}")
    if not isinstance(reach, (int, float)) or not 0 <= reach <= FAR / 2:
        raise ValueError(f"reach must be a number from 0 to {FAR / 2:g}, in steps; got {shown(reach)}")
    pattern, sign_bit = int(pattern), fmt.bits - 1
    negative, magnitude = divmod(pattern, 2**sign_bit)
    if isinstance(fmt, IntFormat):
        middle = magnitude - (negative << sign_bit)
        count = np.arange(max(middle - FAR, fmt.smallest), min(middle + FAR, fmt.largest) + 1)
        patterns, places, unit, centre = count % 2**fmt.bits, (count - middle).astype(np.float64), 0, middle
        values = count.astype(np.float64)
    else:
        middle, last = -magnitude if negative else magnitude, fmt.largest_pattern + fmt.has_infinity
        far = FAR if fmt.significand_bits > 3 else 2**fmt.bits
        count = np.arange(max(middle - far, -last), min(middle + far, last) + 1)  # 0 is the zero, -1 the next below
        size = np.abs(count)
        exponent = size >> fmt.significand_bits
        steps = size - (exponent << fmt.significand_bits) + np.where(exponent > 0, 2**fmt.significand_bits, 0)
        power = np.maximum(exponent, 1)
        below = np.where(count == 0, negative, count < 0).astype(np.uint64)
        patterns = size.astype(np.uint64) | below << np.uint64(sign_bit)
        here = middle - int(count[0])
        unit = int(power[here]) - (magnitude > fmt.largest_pattern)
        centre = int(steps[here]) * (-1 if negative else 1) << int(power[here]) - unit
        signed = np.where(count < 0, -steps, steps).astype(np.float64)
        places = np.ldexp(signed, (power - unit).astype(np.int32)) - centre
        unit -= fmt.bias + fmt.significand_bits
        with np.errstate(over="ignore"):  # fp64's own infinity, set in the next line
            values = np.ldexp(signed, (power - fmt.bias - fmt.significand_bits).astype(np.int32))
        values = np.where(size > fmt.largest_pattern, np.copysign(np.inf, signed), values)
        values = np.where(below > 0, -np.abs(values), values)
    seen = np.abs(places) <= reach
    step = Fraction(2) ** unit
    return NumberLine(
        patterns=tuple(patterns[seen].tolist()),
        values=tuple(values[seen].tolist()),
        places=tuple(places[seen].tolist()),
        here=int(np.count_nonzero(seen & (count < middle))),
        middle=centre * step,
        step=step,
    )
