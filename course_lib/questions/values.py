"""Values as a student meets them: read as a number, compared, and written so that a person can read them."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import Any

import numpy as np

from course_lib._arguments import as_float, is_masked, plainly
from course_lib.units import Unclear, plain_text, split_number

LONGEST = 90
MOST_LEAVES = 1_000
"""How many parts of a list are looked at one by one; no question asks for more."""
MASKED = "a masked array, in which numbers are hidden"


class Unreadable(Exception):
    """An answer is not of the kind that was asked for; the message says what it is instead."""


# What a thing is


def holds_masked(value: Any) -> bool:
    """Tell whether a masked array is anywhere in a result."""
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    return is_masked(value) or any(map(holds_masked, islice(inside, MOST_LEAVES)))


def is_number(value: Any) -> bool:
    """Tell whether a thing, taken plainly, is one real number; a yes or no is none."""
    if isinstance(value, (bool, np.bool_)):
        return False
    if isinstance(value, np.generic):
        return value.dtype.kind in "iuf"
    return isinstance(value, (numbers.Real, Decimal))


def is_list(value: Any) -> bool:
    """Tell whether a thing is numbers in order: a list, a tuple, a range or an array."""
    return isinstance(value, (list, tuple, range)) or (isinstance(value, np.ndarray) and value.ndim > 0)


def shape_of(value: Any) -> tuple[int, ...] | None:
    """Return the shape of lists in lists, as numpy has it; None where rows differ in length."""
    if is_masked(value) or not is_list(value):
        return ()
    if isinstance(value, np.ndarray) and value.dtype.kind != "O":
        return value.shape
    rows = {shape_of(row) for row in value} or {()}
    row = rows.pop()
    return None if rows or row is None else (len(value), *row)


def leaves(value: Any, index: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Yield what stands in lists in lists, each with its index."""
    if is_masked(value) or not is_list(value):
        yield index, value
    else:
        for at, part in enumerate(value):
            yield from leaves(part, (*index, at))


def what_it_is(answer: Any) -> str:
    """Return a few words on what a thing is that is not what was asked for."""
    answer = plainly(answer)
    if answer is None:
        return "None (does the cell give it a value, and was it run?)"
    if isinstance(answer, (bool, np.bool_)):
        return f"{answer}, a yes or no"
    if is_masked(answer):
        return MASKED
    if isinstance(answer, str):
        return f"the text {brief(answer)}" if answer.strip() else "an empty text"
    if isinstance(answer, np.ndarray):
        return f"an array of shape {answer.shape}" + ("" if answer.dtype.kind in "iuf" else f" and type {answer.dtype}")
    if isinstance(answer, (list, tuple, range)):
        return what_list_it_is(answer)
    if isinstance(answer, Mapping):
        return f"a dict of {len(answer)}"
    if isinstance(answer, (complex, np.complexfloating)):
        return "a complex number"
    if isinstance(answer, (Decimal, Fraction)):
        return f"the {type(answer).__name__} {brief(str(answer)).strip(chr(39))}"
    if is_number(answer):
        return f"the number {brief(answer)}"
    if callable(answer):
        return "a function, not what it returns (call it)"
    return f"something of the type {type(answer).__name__}"


def what_list_it_is(answer: list[Any] | tuple[Any, ...] | range) -> str:
    """Return in a few words what a list or a tuple holds; a range counts as a list."""
    kind = "tuple" if isinstance(answer, tuple) else "list"
    if not answer:
        return f"an empty {kind}"
    some = [plainly(one) for one in answer[:MOST_LEAVES]]
    texts = all(isinstance(one, str) for one in some)
    part = "number" if all(map(is_number, some)) else "text" if texts else "thing"
    return f"a {kind} of one {part}" if len(answer) == 1 else f"a {kind} of {len(answer)} {part}s"


# An answer, read


def read_number(answer: Any, begin: str = "Your answer is", place: str = "", asked: str = "one number") -> float:
    """Return a student's answer as one finite number, or raise `Unreadable` with a sentence that says what it is.

    `begin` and `place` say where the number stands, and `asked` what the question asks for.
    """
    value = plainly(answer)
    if not is_number(value):
        what = "None" if value is None and place else what_it_is(value)
        raise Unreadable(f"{begin} {what}{place}; {what_instead(value, asked)}.")
    number = as_float(value)
    if math.isinf(number) and value not in (math.inf, -math.inf):
        raise Unreadable(f"{begin} a number too large to compute with{place}.")
    if math.isnan(number):
        reason = "look for 0 / 0, or for a root or logarithm of what is below zero"
        raise Unreadable(f"{begin} nan, which is no number{place}: {reason}.")
    if math.isinf(number):
        raise Unreadable(f"{begin} {number}, which is no finite number{place}: look for a division by zero.")
    return number


def what_instead(value: Any, asked: str) -> str:
    """Return what is asked for, and how it is written where it was put in quotes, in brackets or with a comma."""
    wanted = f"{asked} {'is' if asked.startswith(('one', 'an array')) else 'are'} asked for"
    if isinstance(value, str):
        return wanted + without_quotes(value.strip())
    if isinstance(value, tuple) and len(value) > 1 and all(type(one) is int for one in value):
        written = spelled(",".join(map(str, value)))
        return f"{wanted}. A comma makes a tuple: if it is one number, write {written}" if written else wanted
    if is_list(value) and shape_of(value) == (1,) and is_number(plainly(value[0])):
        comma = "a comma behind it makes the tuple" if isinstance(value, tuple) else "take it out of the brackets"
        return f"the number itself is asked for: {comma}"
    if isinstance(value, (complex, np.complexfloating)):
        return f"a real number is asked for{'' if asked == 'one number' else ' there'}"
    return wanted


def without_quotes(text: str) -> str:
    """Return how the number in a text is written; nothing where the text has no digit."""
    if written := spelled(text):
        return f", without quotes: write {written}"
    return ", without quotes and without a unit" if re.search(r"\d", text) else ""


def spelled(text: str) -> str:
    """Return how Python writes the number that a text is: in two ways where it may be either, nothing where it is none.

    >>> spelled("2,53"), spelled("1,234,567"), spelled("3.14 × 10²³"), spelled("36 hours")
    ('2.53 with a point', '1234567 without commas', '3.14e23', '')
    >>> spelled("1,234"), spelled("1/3")
    ('1.234 with a point, or 1234 without the comma', '1/3')
    """
    try:
        digits, rest = split_number(text, thousands=False)
    except Unclear as unclear:
        return unclear.meant
    except ValueError:
        return ""
    return "" if rest else f"{digits} without commas" if "," in plain_text(text) else digits


def read_numbers(answer: Any, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Return a student's answer as numbers of the given shape, or raise `Unreadable`."""
    in_a_row = len(shape) == 1
    wanted = f"{shape[0]} numbers" if in_a_row else f"an array of shape {shape}"
    value = plainly(answer)
    if is_masked(value) or not is_list(value):
        quotes = ", without quotes" if isinstance(value, str) else ""
        in_list = f"{wanted} in a list" if in_a_row else wanted
        raise Unreadable(f"Your answer is {what_it_is(value)}; the question asks for {in_list}{quotes}.")
    if isinstance(value, np.ndarray) and value.dtype.kind not in "iufO":
        raise Unreadable(f"Your answer is {what_it_is(value)}; the question asks for {wanted}.")
    found = shape_of(value)
    if found is not None and 0 in found:
        raise Unreadable(f"Your answer is empty; the question asks for {wanted}.")
    read = []
    for index, leaf in islice(leaves(value), max(MOST_LEAVES, math.prod(shape))):
        place = f" at index {index[0] if len(index) == 1 else index}"
        read.append(read_number(leaf, "Your answer holds", place, wanted))
    if found is None:
        raise Unreadable(f"Your answer is a list whose rows differ in length; {wanted} are asked for.")
    if found != shape:
        has = f"{found[0]} numbers" if len(found) == 1 == len(shape) else f"the shape {found}"
        in_list = f"{wanted} in one list" if in_a_row and len(found) > 1 else wanted
        raise Unreadable(f"Your answer has {has.replace('1 numbers', 'one number')}; the question asks for {in_list}.")
    return np.array(read, dtype=np.float64).reshape(shape)


# Results, compared


def close(value: float, expected: float, tolerance: float) -> bool:
    """Tell whether a number lies within a relative tolerance of another; a tolerance of 0 still forgives 1e-12."""
    return abs(value - expected) <= max(tolerance, 1e-12) * abs(expected)


def rounded_to(value: float, expected: float) -> int:
    """Return to how many digits `expected` must be rounded to give `value`; 0 where no rounding gives it.

    >>> rounded_to(2.5, 2.53), rounded_to(300, 314.15), rounded_to(2.55, 2.53), rounded_to(0.96, 1.0)
    (2, 1, 0, 0)
    """
    either_way = (expected * (1 - 1e-12), expected * (1 + 1e-12))  # so that a half goes up and down
    for digits in range(1, 10):
        if any(close(value, float(f"{one:.{digits - 1}e}"), 0) for one in either_way):
            return digits
    return 0


def same(value: Any, expected: Any, tolerance: float, absolute: float = 0.0) -> bool:
    """Tell whether a result is the expected one, numbers within the tolerances, containers piece by piece.

    What is masked is never the same as anything.
    """
    value = plainly(value)
    if is_masked(value):
        return False
    if isinstance(expected, Mapping):
        if not isinstance(value, Mapping) or set(value) != set(expected):
            return False
        return all(same(value[key], expected[key], tolerance, absolute) for key in expected)
    if isinstance(expected, (tuple, list)):
        if not is_list(value) or len(value) != len(expected):
            return False
        return all(same(one, other, tolerance, absolute) for one, other in zip(value, expected, strict=True))
    if isinstance(expected, (str, bool, np.bool_, type(None))):
        plain, wanted = (one.item() if isinstance(one, np.generic) else one for one in (value, expected))
        return type(plain) is type(wanted) and plain == wanted
    array = as_numbers(value)
    if array is None or array.shape != np.shape(expected):
        return False
    return bool(np.allclose(array, expected, rtol=max(tolerance, 1e-12), atol=absolute, equal_nan=True))


def as_numbers(value: Any) -> np.ndarray[Any, Any] | None:
    """Return a number, or lists or an array of them, as an array of float64; None where they are none."""
    value = plainly(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "iuf" and not is_masked(value):
        return value.astype(np.float64)
    shape = shape_of(value)
    if shape is None or (isinstance(value, np.ndarray) and value.dtype.kind != "O"):
        return None
    found = [plainly(leaf) for _, leaf in leaves(value)]
    if not all(map(is_number, found)):
        return None
    try:
        return np.array([float(leaf) for leaf in found], dtype=np.float64).reshape(shape)
    except (OverflowError, ValueError):
        return None


def sort_of(value: Any) -> str:
    """Return what sort of result a thing is: of how many numbers, a text, a tuple of how many parts."""
    value = plainly(value)
    array = None if is_masked(value) else as_numbers(value)
    if array is not None:
        return "one number" if array.shape == () else f"numbers of shape {array.shape}"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, (bool, np.bool_)):
        return "a yes or no"
    if isinstance(value, Mapping):
        return f"a dict of {len(value)}"
    return f"{len(value)} things in order" if isinstance(value, (list, tuple)) else what_it_is(value)


# A value, written


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
    value = plainly(value)
    if is_masked(value):
        return "masked"
    if isinstance(value, str):
        return repr(str(value))
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return spell_whole(int(value))
    if isinstance(value, (float, np.floating)):
        return f"{int(value):,}" if float(value).is_integer() and abs(float(value)) < 1e9 else short(float(value))
    if isinstance(value, np.ndarray):
        return np.array2string(value, precision=5, threshold=12, edgeitems=3, separator=", ", max_line_width=10**6)
    if isinstance(value, (list, tuple, range)):
        inside = ", ".join(spell(item) for item in value[:12]) + (", ..." if len(value) > 12 else "")
        comma = "," if len(value) == 1 else ""
        return f"({inside}{comma})" if isinstance(value, tuple) else f"[{inside}]"
    if isinstance(value, (complex, np.complexfloating)):
        return repr(complex(value))
    if value is None or value is ... or isinstance(value, (bool, np.bool_, Mapping, Decimal, Fraction)):
        return repr(value)
    return "a function" if callable(value) else f"something of the type {type(value).__name__}"


def spell_whole(value: int) -> str:
    """Return a whole number with commas, or shortly where it is long."""
    if abs(value) < 10**15:
        return f"{value:,}"
    if abs(value) < 10**308:
        return short(float(value))
    return "10**308 or more" if value > 0 else "-10**308 or less"


def short(value: float) -> str:
    """Return a number with six digits: 1e-7, 3.14e23."""
    return f"{value:.6g}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
