"""Elements: numbers that are divided by their scale already become codes, by nearest or by chance, and back."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from course_lib._arguments import as_float64, numbers, of_kind, shown
from course_lib.block_formats.levels import Levels, whole_codes
from course_lib.number_formats import FloatFormat, IntFormat, decode, encode, round_to

Element = FloatFormat | IntFormat | Levels
AN_ELEMENT = "a FloatFormat, an IntFormat or Levels, such as FP4_E2M1"
"""What an element is, in words."""


class Ladder(NamedTuple):
    """The numbers of a code in rising order, the pattern of each, and the last number that goes to each from below."""

    numbers: NDArray[np.float64]
    patterns: NDArray[Any]
    last: NDArray[np.float64]


def nearest_codes(scaled: NDArray[np.float64], element: Element) -> NDArray[Any]:
    """Return the pattern of the nearest number of an element; of two equally near, the even pattern.

    What lies beyond the largest or the lowest number becomes that: nothing becomes infinity or NaN.
    Errors: `TypeError` for what is no number or no element; `ValueError` for NaN.

    >>> from course_lib.block_formats import MINUS_8_TO_7
    >>> nearest_codes(np.array([-9.0, -0.5, 0.5, 1.5, 99.0]), MINUS_8_TO_7).tolist()  # pattern 8 stands for 0
    [0, 8, 8, 10, 15]
    """
    scaled = _checked(scaled, element)
    if isinstance(element, FloatFormat):
        return np.asarray(encode(np.clip(scaled, -element.largest, element.largest), element))
    ladder = _ladder(element)
    return np.asarray(ladder.patterns[np.searchsorted(ladder.last, scaled)])


def codes_by_chance(scaled: NDArray[np.float64], element: Element, generator: Generator) -> NDArray[Any]:
    """Return the pattern of the number below or above, by chance and the nearer the likelier, so that the mean is kept.

    What lies beyond the largest or the lowest number becomes that, and its mean is not kept.
    Errors: as `nearest_codes`, and `TypeError` for what is no generator. Source: Connolly, Higham and Mary 2021.

    >>> from course_lib.block_formats import MINUS_8_TO_7
    >>> codes = codes_by_chance(np.full(1000, 0.25), MINUS_8_TO_7, np.random.default_rng(1))
    >>> sorted(set(codes.tolist())), int((codes == 9).sum())
    ([8, 9], 239)
    """
    scaled = _checked(scaled, element)
    chance = of_kind("generator", generator, Generator, "numpy's, such as default_rng(1)").random(scaled.shape)
    if isinstance(element, FloatFormat):
        return np.asarray(
            encode(round_to(np.clip(scaled, -element.largest, element.largest), element, chance), element)
        )
    numbers, patterns, _ = _ladder(element)
    inside = np.clip(scaled, numbers[0], numbers[-1])
    below = np.minimum(np.searchsorted(numbers, inside, side="right") - 1, len(numbers) - 2)
    share = (inside - numbers[below]) / (numbers[below + 1] - numbers[below])
    return np.asarray(patterns[below + (chance < share)])


def element_values(codes: NDArray[Any], element: Element) -> NDArray[np.float64]:
    """Return the numbers that codes stand for, not scaled.

    Errors: `TypeError` for what is no whole number or no element; `ValueError` for a code that the element has not.
    """
    of_kind("element", element, Element, AN_ELEMENT)
    if isinstance(element, Levels):
        return np.array(element.values)[whole_codes("codes", codes, len(element.values), "whole numbers")]
    return np.asarray(decode(codes, element))


def _checked(scaled: NDArray[np.float64], element: Element) -> NDArray[np.float64]:
    """Return numbers as float64, or raise for what are none and for what is no element."""
    of_kind("element", element, Element, AN_ELEMENT)
    real = as_float64(numbers("scaled", scaled))
    if np.isnan(real).any():
        raise ValueError(f"scaled must be numbers, and NaN is none; got {shown(scaled)}")
    return real


@lru_cache
def _ladder(element: IntFormat | Levels) -> Ladder:
    patterns = np.arange(2**element.bits, dtype=np.min_scalar_type(2**element.bits - 1))
    numbers = element_values(patterns, element)
    order = np.argsort(numbers)
    numbers, patterns = numbers[order], patterns[order]
    middle = (numbers[1:] + numbers[:-1]) / 2
    goes_up = patterns[:-1] % 2 == 1  # at the middle itself, where the lower pattern is odd
    return Ladder(numbers, patterns, np.where(goes_up, np.nextafter(middle, -np.inf), middle))
