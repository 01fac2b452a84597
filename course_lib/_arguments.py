"""Argument checks shared by the topic modules: each refusal names the argument, value and what is accepted.

What comes in as a number goes out as one: `plain` gives back Python's own numbers for scalars, and arrays as they are.
"""

from __future__ import annotations

import difflib
import inspect
import math
import numbers as kinds_of_number
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

LONGEST_SHOWN = 60
"""The most characters of a value that a message shows."""

LONGEST_LIST = 20
"""The most names that a message lists as accepted."""

LARGEST = sys.float_info.max
"""The largest finite float64, 1.8e308."""

NO_NUMBERS = (bool, np.bool_, np.timedelta64)
"""What Python or numpy takes for whole numbers, and nobody else does."""

_ADDED_TYPE = re.compile(r"(?:(b?float)|u?int)\d")
"""What a number type is called that another package adds to numpy: bfloat16, float8_e4m3fn, int4."""

_P = ParamSpec("_P")
_R = TypeVar("_R")
_T = TypeVar("_T")


# Values in messages


def shown(value: Any) -> str:
    """Return a value as Python writes it, on one line and cut to 60 characters, with an ellipsis where it was cut.

    >>> shown(1.5), shown("7" * 20_000)
    ('1.5', "'777777777777777777777777777777777777777777777777777777777…'")
    """
    if isinstance(value, str) and len(value) > LONGEST_SHOWN - 2:
        value = f"{value[: LONGEST_SHOWN - 3]}…"
    try:
        text = repr(value)
    except Exception:  # of any kind: an object may fail to write itself, and so does an integer of 5,000 digits
        text = f"something of the type {type(value).__name__}"
    return cut(" ".join(text.split()) if "\n" in text else text)


def cut(text: str, longest: int = LONGEST_SHOWN) -> str:
    """Return a text, or as much of its beginning as leaves room for an ellipsis."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


# Numbers and arrays


def is_masked(value: Any) -> bool:
    """Tell whether a thing is numpy's masked array or its constant `masked`: what they hide is no number."""
    return isinstance(value, np.ma.MaskedArray)


def plainly(value: Any) -> Any:
    """Return a 0-d array as what it holds, and numbers of a type that numpy itself has not as float64 or int64."""
    if isinstance(value, (np.ndarray, np.generic)) and not is_masked(value):
        if value.dtype.kind == "V" and not isinstance(value, np.void) and (kind := _ADDED_TYPE.match(value.dtype.name)):
            value = value.astype(np.float64 if kind[1] else np.int64)
        return value[()] if isinstance(value, np.ndarray) else value
    return value


def numbers(name: str, value: ArrayLike, accepted: str = "a number or an array of numbers") -> NDArray[Any]:
    """Return `value` as a numeric array, or raise `TypeError` for text, booleans, masked arrays, None and objects.

    Whole numbers of any size, `Fraction` and `Decimal` are read as float64, and infinite where that has no room.
    """
    array = _read(name, value, accepted)
    return array if array.dtype != object else as_float64(array)


def exactly(name: str, value: ArrayLike, accepted: str = "a number or an array of numbers") -> NDArray[Any]:
    """Return what `numbers` does, but lists and objects as Python's own numbers, of which float64 rounds none.

    Errors: as `numbers`.
    """
    array = _read(name, value, accepted)
    if not isinstance(value, (list, tuple, int, Fraction, Decimal)):
        return array
    return np.fromiter(map(plainly, np.asarray(value, object).flat), object, array.size).reshape(array.shape)


def _read(name: str, value: Any, accepted: str) -> NDArray[Any]:
    """Return `value` as an array of numbers, or of Python's own real numbers where numpy has no type for all."""
    try:
        if all(map(_may_hold_numbers, _parts(value))) and not is_masked(array := np.asanyarray(value)):
            array = np.asarray(plainly(array))
            if array.dtype.kind in "iuf" or (array.dtype == object and all(map(_is_real, array.flat))):
                return array
    except Exception:  # of any kind: rows of different lengths, or an object of another package that refuses
        pass
    raise TypeError(f"{name} must be {accepted}; got {shown(value)}")


def _parts(value: Any) -> Iterator[Any]:
    """Yield what stands in a list or a tuple, in lists in lists too, Python's own numbers left out."""
    for part in value if isinstance(value, (list, tuple)) else ():
        if type(part) is not float and type(part) is not int:
            yield part
            yield from _parts(part)


def _may_hold_numbers(part: Any) -> bool:
    """Tell whether a part of a list is neither masked nor a yes or no, of which numpy would make numbers."""
    no_bool = part.dtype != bool if isinstance(part, np.ndarray) else not isinstance(part, (bool, np.bool_))
    return no_bool and not is_masked(part)


def _is_real(value: Any) -> bool:
    return isinstance(plainly(value), (kinds_of_number.Real, Decimal)) and not isinstance(value, bool)


def as_float(value: Any) -> float:
    """Return a real number of any kind as a float: infinite where it is too large, NaN where it is none.

    >>> as_float(10**400), as_float(Fraction(1, 4)), as_float(Decimal("sNaN"))
    (inf, 0.25, nan)
    """
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except ValueError:  # a signalling NaN of Decimal's
        return math.nan


def as_float64(array: NDArray[Any]) -> NDArray[np.float64]:
    """Return an array of numbers as float64; those that are too large are infinite."""
    with np.errstate(over="ignore"):  # an extended float beyond float64 becomes infinity, and its caller says so
        if array.dtype != object:
            return array.astype(np.float64)
    return np.array([as_float(item) for item in array.flat], np.float64).reshape(array.shape)


def plain(result: Any) -> Any:
    """Return an array as it is, and a single number (or word) as Python's own int, float or str."""
    return result if np.ndim(result) else np.asarray(result).item()


def some(condition: Any) -> bool:
    """Return whether a condition holds anywhere; of one number, in a hundredth of the time of `np.any`."""
    return bool(condition) if isinstance(condition, (bool, float)) else bool(np.any(condition))


def positive(name: str, value: ArrayLike) -> Any:
    """Return `value` as float64 (a float if scalar), or raise unless every element is finite and > 0."""
    if (type(value) is float or type(value) is int) and 0 < value <= LARGEST:
        return float(value)  # most values are one number, and an array of one takes fifty times as long
    array = as_float64(numbers(name, value, "a positive number"))
    if not np.all(np.isfinite(array) & (array > 0)):
        raise ValueError(f"{name} must be positive and finite; got {shown(value)}")
    return plain(array)


def not_negative(name: str, value: ArrayLike) -> Any:
    """Return `value` as float64 (a float if scalar), or raise unless every element is finite and >= 0."""
    if (type(value) is float or type(value) is int) and 0 <= value <= LARGEST:
        return float(value)  # most values are one number, and an array of one takes fifty times as long
    array = as_float64(numbers(name, value, "a number that is not negative"))
    if not np.all(np.isfinite(array) & (array >= 0)):
        raise ValueError(f"{name} must be finite and not negative; got {shown(value)}")
    return plain(array)


def single(name: str, number: Any, accepted: str = "one number") -> float:
    """Return what `positive` or `not_negative` found in one number, or raise `TypeError` where it is an array."""
    if not isinstance(number, float):
        raise TypeError(f"{name} must be {accepted}; got {shown(number)}")
    return number


def fraction(name: str, value: ArrayLike) -> Any:
    """Return `value` as float64 (a float if scalar), or raise unless every element lies in (0, 1]."""
    array = as_float64(numbers(name, value, "a number in (0, 1]"))
    if not np.all((array > 0) & (array <= 1)):
        raise ValueError(f"{name} must lie in (0, 1]; got {shown(value)}")
    return plain(array)


def whole(name: str, value: Any, minimum: int = 1, maximum: int | None = None) -> int:
    """Return `value` as an int, or raise unless it is one whole number of at least `minimum`."""
    accepted = f"a whole number of at least {minimum}"
    if maximum is not None:
        accepted += f" and at most {maximum}"
    if isinstance(value, NO_NUMBERS) or not isinstance(value, (int, np.integer, float, np.floating)):
        raise TypeError(f"{name} must be {accepted}; got {shown(value)}")
    if value != value or value in (float("inf"), float("-inf")) or value != int(value):
        raise ValueError(f"{name} must be {accepted}; got {shown(value)}")
    if value < minimum or (maximum is not None and value > maximum):
        raise ValueError(f"{name} must be {accepted}; got {shown(value)}")
    return int(value)


def is_list(value: Any) -> bool:
    """Return whether a value is a list of things of any kind, which a text is not."""
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes))


def whole_shape(name: str, value: Any) -> tuple[int, ...]:
    """Return the shape of an array, a list of whole numbers from 0 on, or raise by name for anything else."""
    if not is_list(value):
        raise TypeError(f"{name} must be a list of whole numbers, such as (4, 32); got {shown(value)}")
    return tuple(whole(name, size, 0) for size in value)


def of_kind(name: str, value: _T, kind: Any, accepted: str = "") -> _T:
    """Return `value`, or raise `TypeError` unless it is of a class of the course's, such as a shape or a plan.

    >>> of_kind("plan", 3, dict, "a plan of plan_training_run")
    Traceback (most recent call last):
    ...
    TypeError: plan must be a plan of plan_training_run; got 3
    """
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be {accepted or f'of the class {kind.__name__}'}; got {shown(value)}")
    return value


def yes_or_no(name: str, value: Any) -> bool:
    """Return `value` as Python's own bool, or raise `TypeError` for anything but True and False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False; got {shown(value)}")
    return bool(value)


def one_of(name: str, value: Any, accepted: Iterable[str]) -> str:
    """Return `value`, or raise `ValueError` that lists what is accepted, 20 names at most, and the closest matches."""
    choices = list(accepted)
    if isinstance(value, str) and value in choices:
        return value
    lowered = {choice.lower(): choice for choice in choices}
    wanted = value[:LONGEST_SHOWN].lower() if isinstance(value, str) else shown(value)
    begin_alike = [name for name in lowered if wanted and name.startswith(wanted)]
    look_alike = difflib.get_close_matches(wanted, lowered, n=3, cutoff=0.5)
    close = [lowered[name] for name in dict.fromkeys(begin_alike + look_alike)][:3]
    hint = f"did you mean {', '.join(map(repr, close))}? " if close else ""
    more = f", … {len(choices) - LONGEST_LIST} more" if len(choices) > LONGEST_LIST else ""
    listed = ", ".join(map(repr, choices[:LONGEST_LIST]))
    raise ValueError(f"{name} {shown(value)} is unknown; {hint}accepted: {listed}{more}")


# Results


def finite(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Make a function refuse numbers whose result float64 does not hold, by name, instead of giving `inf`.

    >>> @finite
    ... def squared(side):
    ...     return positive("side", side) ** 2
    >>> squared(1e200)
    Traceback (most recent call last):
    ...
    ValueError: squared overflows: it would be larger than 1.8e308, the largest float64; got side = 1e+200
    """

    @wraps(function)
    def checked(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
                result = function(*args, **kwargs)
            if all(map(_is_finite, result if isinstance(result, tuple) else (result,))):
                return result
        except (OverflowError, ZeroDivisionError):  # no argument is 0, but a product of small ones may be
            pass
        given = inspect.signature(function).bind(*args, **kwargs).arguments
        values = ", ".join(f"{name} = {shown(value)}" for name, value in given.items() if name != "self")
        raise ValueError(
            f"{function.__name__.strip('_')} overflows: it would be larger than 1.8e308, the largest float64"
            f"{f'; got {values}' if values else ''}"
        )

    return checked


def _is_finite(result: Any) -> bool:
    if type(result) is float:
        return math.isfinite(result)
    return not isinstance(result, (np.ndarray, np.generic)) or bool(np.all(np.isfinite(result)))
