"""Values as a student meets them: read as a number, compared, and written so that a person can read them."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np

LONGEST = 90


class Unreadable(Exception):
    """An answer is not of the kind that was asked for; the message says what it is instead."""


def read_number(answer: Any) -> float:
    """Return a student's answer as one finite number, or raise `Unreadable` with a sentence that says what it is."""
    if isinstance(answer, np.ndarray) and answer.ndim == 0:
        answer = answer.item()
    if not isinstance(answer, (int, float, numbers.Real, np.number)) or isinstance(answer, (bool, np.bool_, complex)):
        raise Unreadable(f"Your answer is {what_it_is(answer)}; one number is asked for.")
    try:
        number = float(answer)
    except OverflowError:
        raise Unreadable("Your answer is too large to be a number that Python computes with.") from None
    if not math.isfinite(number):
        raise Unreadable(f"Your answer is {number}, which is no finite number: look for a division by zero.")
    return number


def read_numbers(answer: Any, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Return a student's answer as numbers of the given shape, or raise `Unreadable`."""
    wanted = f"{shape[0]} numbers" if len(shape) == 1 else f"an array of shape {shape}"
    try:
        array = np.asarray(answer)
    except ValueError:
        raise Unreadable(f"Your answer is a list whose rows differ in length; {wanted} are asked for.") from None
    if array.dtype.kind not in "iuf" or isinstance(answer, numbers.Number):
        raise Unreadable(f"Your answer is {what_it_is(answer)}; the question asks for {wanted}.")
    if array.shape != shape:
        raise Unreadable(f"Your answer has the shape {array.shape}; the question asks for {wanted}.")
    if not np.all(np.isfinite(array)):
        raise Unreadable("Your answer holds a number that is not finite: look for a division by zero.")
    return array.astype(np.float64)


def what_it_is(answer: Any) -> str:
    """Return a few words on what a thing is that is not what was asked for."""
    if answer is None:
        return "None (does the cell give it a value, and was it run?)"
    if isinstance(answer, (bool, np.bool_)):
        return f"{answer}, a yes or no"
    if isinstance(answer, str):
        return f"the text {brief(answer)} (a number stands without quotes)"
    if isinstance(answer, np.ndarray):
        return f"an array of shape {answer.shape} and type {answer.dtype}"
    if isinstance(answer, (list, tuple, set, dict)):
        return f"a {type(answer).__name__} of {len(answer)}"
    if isinstance(answer, complex):
        return "a complex number"
    if isinstance(answer, numbers.Number):
        return f"the number {brief(answer)}"
    if callable(answer):
        return "a function, not what it returns (call it)"
    return f"of the type {type(answer).__name__}"


def close(value: float, expected: float, tolerance: float) -> bool:
    """Tell whether a number lies within a relative tolerance of another; a tolerance of 0 still forgives 1e-12."""
    return abs(value - expected) <= max(tolerance, 1e-12) * abs(expected)


def same(value: Any, expected: Any, tolerance: float, absolute: float = 0.0) -> bool:
    """Tell whether a result is the expected one, numbers within the tolerances, containers piece by piece."""
    if isinstance(expected, Mapping):
        if not isinstance(value, Mapping) or set(value) != set(expected):
            return False
        return all(same(value[key], expected[key], tolerance, absolute) for key in expected)
    if isinstance(expected, (tuple, list)):
        listed = isinstance(value, (tuple, list)) or (isinstance(value, np.ndarray) and value.ndim > 0)
        if not listed or len(value) != len(expected):
            return False
        return all(same(one, other, tolerance, absolute) for one, other in zip(value, expected, strict=True))
    if isinstance(expected, (str, bool, np.bool_, type(None))):
        plain, wanted = (one.item() if isinstance(one, np.generic) else one for one in (value, expected))
        return type(plain) is type(wanted) and plain == wanted
    try:
        array = np.asarray(value)
    except ValueError:
        return False
    if array.dtype.kind not in "iufc" or array.shape != np.shape(expected):
        return False
    return bool(np.allclose(array, expected, rtol=max(tolerance, 1e-12), atol=absolute, equal_nan=True))


def brief(value: Any, longest: int = LONGEST) -> str:
    """Return a value in one short line: numbers with six digits, long things cut in the middle."""
    try:
        text = spell(value)
    except Exception:  # of any kind: a student's object may fail to write itself
        text = f"something of the type {type(value).__name__}"
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest // 2]} ... {text[-longest // 2 + 5 :]}"


def spell(value: Any) -> str:
    """Return a value as Python would read it back, more or less: whole numbers with commas, others short."""
    if isinstance(value, (bool, np.bool_, str)) or value is None:
        return repr(value)
    if isinstance(value, (int, np.integer)):
        return f"{value:,}" if abs(int(value)) < 10**15 else f"{float(value):.6g}"
    if isinstance(value, (float, np.floating)):
        if float(value).is_integer() and abs(float(value)) < 1e9:
            return f"{int(value):,}"
        text = f"{float(value):.6g}"
        return text.replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
    if isinstance(value, np.ndarray):
        return np.array2string(value, precision=5, threshold=12, edgeitems=3, separator=", ", max_line_width=10**6)
    if isinstance(value, (list, tuple)):
        inside = ", ".join(spell(item) for item in value[:12]) + (", ..." if len(value) > 12 else "")
        return f"[{inside}]" if isinstance(value, list) else f"({inside})"
    return repr(value)
