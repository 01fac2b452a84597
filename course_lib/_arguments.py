"""Argument checks shared by the topic modules: each refusal names the argument, value and what is accepted.

What comes in as a number goes out as one: `plain` gives back Python's own numbers for scalars, and arrays as they are.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def numbers(name: str, value: ArrayLike, accepted: str = "a number or an array of numbers") -> NDArray[Any]:
    """Return `value` as a numeric array, or raise `TypeError` for text, booleans, None and objects."""
    try:
        array = np.asarray(value)
    except ValueError:
        raise TypeError(f"{name} must be {accepted}; got {value!r}") from None
    if array.dtype == object and all(isinstance(item, int) and not isinstance(item, bool) for item in array.flat):
        array = array.astype(np.float64)  # whole numbers that no 64 bits hold, such as 3 * 10**23 FLOP
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must be {accepted}; got {value!r}")
    return array


def plain(result: Any) -> Any:
    """Return an array as it is, and a single number (or word) as Python's own int, float or str."""
    return result if np.ndim(result) else np.asarray(result).item()


def positive(name: str, value: ArrayLike) -> Any:
    """Return `value` as float64 (a float if scalar), or raise unless every element is finite and > 0."""
    if (type(value) is float or type(value) is int) and 0 < value < math.inf:
        return float(value)  # most values are one number, and an array of one takes fifty times as long
    array = numbers(name, value, "a positive number").astype(np.float64)
    if not np.all(np.isfinite(array) & (array > 0)):
        raise ValueError(f"{name} must be positive and finite; got {value!r}")
    return plain(array)


def not_negative(name: str, value: ArrayLike) -> Any:
    """Return `value` as float64 (a float if scalar), or raise unless every element is finite and >= 0."""
    if (type(value) is float or type(value) is int) and 0 <= value < math.inf:
        return float(value)  # most values are one number, and an array of one takes fifty times as long
    array = numbers(name, value, "a number that is not negative").astype(np.float64)
    if not np.all(np.isfinite(array) & (array >= 0)):
        raise ValueError(f"{name} must be finite and not negative; got {value!r}")
    return plain(array)


def fraction(name: str, value: ArrayLike) -> Any:
    """Return `value` as float64 (a float if scalar), or raise unless every element lies in (0, 1]."""
    array = numbers(name, value, "a number in (0, 1]").astype(np.float64)
    if not np.all((array > 0) & (array <= 1)):
        raise ValueError(f"{name} must lie in (0, 1]; got {value!r}")
    return plain(array)


def whole(name: str, value: Any, minimum: int = 1, maximum: int | None = None) -> int:
    """Return `value` as an int, or raise unless it is one whole number of at least `minimum`."""
    accepted = f"a whole number of at least {minimum}"
    if maximum is not None:
        accepted += f" and at most {maximum}"
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer, float, np.floating)):
        raise TypeError(f"{name} must be {accepted}; got {value!r}")
    if value != value or value in (float("inf"), float("-inf")) or value != int(value):
        raise ValueError(f"{name} must be {accepted}; got {value!r}")
    if value < minimum or (maximum is not None and value > maximum):
        raise ValueError(f"{name} must be {accepted}; got {value!r}")
    return int(value)


def one_of(name: str, value: Any, accepted: Iterable[str]) -> str:
    """Return `value`, or raise `ValueError` that lists what is accepted and names the closest match."""
    choices = list(accepted)
    if isinstance(value, str) and value in choices:
        return value
    lowered = {choice.lower(): choice for choice in choices}
    wanted = str(value).lower()
    begin_alike = [name for name in lowered if wanted and name.startswith(wanted)]
    look_alike = difflib.get_close_matches(wanted, lowered, n=3, cutoff=0.5)
    close = [lowered[name] for name in dict.fromkeys(begin_alike + look_alike)][:3]
    hint = f"did you mean {', '.join(map(repr, close))}? " if close else ""
    raise ValueError(f"{name} {value!r} is unknown; {hint}accepted: {', '.join(map(repr, choices))}")
