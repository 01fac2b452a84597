"""What a person typed, read as a count, an amount of compute, a rate, or GPU-hours."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from course_lib._arguments import cut, shown
from course_lib.units.conversion import PREFIXES, SECONDS_PER_DAY, SECONDS_PER_HOUR
from course_lib.units.numerals import split_number
from course_lib.units.writing import format_count, format_number

_SCALES = {
    **dict.fromkeys(("k", "thousand"), 1e3),
    **dict.fromkeys(("m", "mn", "million"), 1e6),
    **dict.fromkeys(("b", "g", "bn", "billion"), 1e9),
    **dict.fromkeys(("t", "tn", "trillion"), 1e12),
}
_SCALED = re.compile(rf"({'|'.join(sorted(_SCALES, key=len, reverse=True))})(?:\s+(.*))?", re.IGNORECASE)
_SHORT = {"param": "parameter", "tok": "token", "h": "hour", "hr": "hour", "d": "day", "y": "year", "yr": "year"} | {
    "x": "time",
    "×": "time",
}
"""Units that are written in another way, without the s at their end."""


def parse_count(
    text: str,
    name: str = "count",
    *,
    unit: str = "",
    limits: tuple[float, float] | None = None,
    whole: bool = False,
    examples: Sequence[str] | None = None,
) -> float:
    """Return the number that a person typed: '7e9', '7B', '6.7 billion', '1.4 T' and '300,000' are all understood.

    Suffixes k, M, B (or G) and T, in either case, stand for 1e3, 1e6, 1e9 and 1e12: the reverse of `format_count`. How
    a number may be written otherwise `split_number` says: a comma parts thousands and nothing else, so '1,4 T' is
    refused rather than read as 14 T. `unit` is what the number is of, by default its name: it may stand behind it, and
    no other may. The number lies within `limits`, both included, and is `whole` if it has to be.
    Errors: `ValueError` names the argument, the text, what is wrong with it and what this field accepts, with
    `examples` of it.

    >>> parse_count("1.4 T"), parse_count("300 billion tokens", unit="tokens")
    (1400000000000.0, 300000000000.0)
    >>> parse_count("a month", "days", limits=(0.1, 1000), examples=("30", "1.5"))
    Traceback (most recent call last):
    ...
    ValueError: days 'a month' is not a number; accepted: 0.1 to 1,000, such as 30 or 1.5
    """
    try:
        digits, rest = split_number(str(text))
        number = float(digits) * _scale_of(rest, unit, name)
        if not 0 < number < math.inf:
            raise ValueError("is not positive and finite")
        if limits and not limits[0] <= number <= limits[1]:
            raise ValueError("is too small" if number < limits[0] else "is too large")
        if whole and number != round(number):
            raise ValueError("is not a whole number")
    except ValueError as problem:
        raise _refused(name, text, problem, _accepted(unit, limits, whole, examples)) from None
    return number


def _refused(name: str, text: str, problem: object, accepted: str) -> ValueError:
    return ValueError(f"{name} {shown(text)} {problem}; accepted: {accepted}")


def _accepted(unit: str, limits: tuple[float, float] | None, whole: bool, examples: Sequence[str] | None) -> str:
    """Return what a field accepts: its limits, its unit and its own examples; of none of these, a few of any field."""
    if not (unit or limits or whole or examples):
        return "7e9, 7B, 1.4 T, 300,000"
    number = "a whole number" if whole else "a number"
    if limits:
        ends = f"{_end(limits[0])} to {_end(limits[1])}"
        number = f"{number} from {ends}" if whole else ends
        number += f" {unit}" if unit else ""
    elif unit:
        number += f" of {unit}"
    return f"{number}, such as {' or '.join(examples)}" if examples else number


def _end(limit: float) -> str:
    if limit == round(limit) and limit < 1e7:
        return f"{limit:,.0f}"
    return format_count(limit, digits=6) if 1 <= limit < 1e15 else format_number(limit)


def _scale_of(rest: str, unit: str, name: str) -> float:
    """Return what the words behind a number multiply it by, or raise `ValueError` that says what is wrong with them."""
    if not rest or _same_unit(rest, unit or name):
        return 1.0
    scale, typed = _scale_and_unit(rest)
    if re.fullmatch(_MEMORY, unit, re.IGNORECASE):  # 2 T is 2 TB, and not 2 trillion GB
        typed = typed or rest
    if typed and not _same_unit(typed, unit or name):
        raise ValueError(f"is in {typed!r} and not in {unit}" if unit else f"ends with {typed!r}{_what_it_is(typed)}")
    return scale


def _scale_and_unit(rest: str) -> tuple[float, str]:
    """Return what a word such as million, or its letter, stands for, and the unit behind it; 1 where there is none."""
    scaled = _SCALED.fullmatch(rest)
    return (_SCALES[scaled[1].lower()], scaled[2] or "") if scaled else (1.0, rest)


def _same_unit(typed: str, unit: str) -> bool:
    """Tell whether a unit is the one that is asked for, or its last word, as hours are where H100-hours are asked."""
    return _singular(typed) in (_singular(unit), _singular(re.split("[- ]", unit)[-1]))


def _singular(unit: str) -> str:
    word = unit.lower().rstrip(".")
    word = word.removesuffix("s") if len(word) > 2 else word
    return _SHORT.get(word, word)


_MEMORY = r"[kmgtp]?i?b|bytes?|bits?"
_KINDS_OF_UNIT = {
    _MEMORY: "an amount of memory",
    r"[kmgtpez]?(flops?|f|macs?)\b.*": "compute",
    r"%": "a share",
}


def _what_it_is(unit: str) -> str:
    kinds = (kind for words, kind in _KINDS_OF_UNIT.items() if re.fullmatch(words, unit, re.IGNORECASE))
    return next((f", which is {kind} and no count" for kind in kinds), "")


@dataclass(frozen=True)
class Compute:
    """An amount of compute: a count, in FLOP."""

    flop: float


@dataclass(frozen=True)
class Rate:
    """A rate of computing: a count each second, in FLOP/s."""

    flop_per_second: float


@dataclass(frozen=True)
class GpuHours:
    """Hours of one accelerator: a cost only once its rate is known. `gpu` is its name as typed, or empty."""

    hours: float
    gpu: str = ""


class _InTwoWays(ValueError):
    """A unit that is used in two ways; the message says both, and so what is accepted."""


_FLOP_UNIT = re.compile(
    r"(kilo|mega|giga|tera|peta|exa|zetta|[kMGTPEZ]?)\s*(FLOPS?|FS?|MACS?)"
    r"(\s*(?:/|\bper\b)\s*s(?:ec(?:ond)?)?)?(?:[\s*x×·-]+(s|h|d|seconds?|hours?|days?))?",
    re.IGNORECASE,
)
_HOURS_UNIT = re.compile(r"([a-z][\w -]*?)[\s-]*\b(h|hours?|days?)", re.IGNORECASE)
_SECONDS_IN = {"s": 1, "h": SECONDS_PER_HOUR, "d": SECONDS_PER_DAY}
_EXAMPLES: dict[type, str] = {
    Compute: "an amount (3.14e23 FLOP, 3,640 PFLOP-days)",
    Rate: "a rate (312 TFLOP/s)",
    GpuHours: "hours (24 A100-hours)",
}


def parse_quantity(
    text: str, name: str = "quantity", *, kinds: tuple[type, ...] = (Compute, Rate, GpuHours)
) -> Compute | Rate | GpuHours:
    """Return what a person typed as an amount of compute, a rate, or GPU-hours: three types that do not mix.

    Amounts: '3.14e23 FLOP', '314 ZFLOP', '3,640 PFLOP-days', '3640 pfs-days', the slide's 'PFLOP-s'; one MAC is 2 FLOP.
    Rates: '312 TFLOP/s'. Hours: '700,000 GPU-hours', '30.84M H100-hours'. Capital and small letters are the same, and
    a number may be written as `split_number` says. `kinds` are the types that this field accepts.
    Errors: `ValueError` names what is missing: a unit, or, for 'FLOPS' and 'FLOPs', whether a count or a rate is meant.
    Source: slide S3.

    >>> parse_quantity("1 PFLOP-day"), parse_quantity("312 TFLOP/s"), parse_quantity("24 A100-hours")
    (Compute(flop=8.64e+19), Rate(flop_per_second=312000000000000.0), GpuHours(hours=24.0, gpu='A100'))
    """
    *most, last = [_EXAMPLES[kind] for kind in _EXAMPLES if kind in kinds]
    try:
        quantity = _quantity(str(text))
        if not isinstance(quantity, kinds):
            what = _EXAMPLES[type(quantity)].partition(" (")[0]
            asked = " or ".join(example.partition(" (")[0] for example in [*most, last])
            raise ValueError(f"is not {asked}, but {what}")
    except _InTwoWays as problem:
        raise ValueError(f"{name} {shown(text)} {problem}") from None
    except ValueError as problem:
        raise _refused(name, text, problem, " or ".join(filter(None, [", ".join(most), last]))) from None
    return quantity


def _quantity(text: str) -> Compute | Rate | GpuHours:
    try:
        digits, rest = split_number(text)
    except ValueError as problem:
        why = str(problem)
        raise ValueError("does not begin with a positive number" if why == "is not a number" else why) from None
    if digits.startswith("-"):
        raise ValueError("does not begin with a positive number")
    scale, unit = _scale_and_unit(rest)
    number = float(digits) * scale
    if not unit:
        raise ValueError("has no unit: a count would be in FLOP, a rate in FLOP/s")
    quantity: Compute | Rate | GpuHours
    if flop := _FLOP_UNIT.fullmatch(unit):
        prefix, operation, per_second, time = flop.groups()
        if operation.upper() in ("FLOPS", "F", "FS") and not (per_second or time):
            amount = f"{digits} {rest.removesuffix(unit)}".strip()
            raise _InTwoWays(
                f"can be read in two ways: {operation!r} is used for a count and for a rate. "
                f"Write {cut(amount)} {prefix}FLOP for a count or {cut(amount)} {prefix}FLOP/s for a rate"
            )
        number *= next(size for known, size in PREFIXES.items() if known.lower() == prefix[:1].lower())
        number *= 2 if operation.upper().startswith("MAC") else 1
        number *= _SECONDS_IN[time[0].lower()] if time else 1
        quantity = Rate(number) if per_second and not time else Compute(number)
    elif hours := _HOURS_UNIT.fullmatch(unit):
        gpu = re.sub(r"(^|[\s-]+)(GPU|chip|accelerator)$", "", hours[1], flags=re.IGNORECASE)
        number *= _SECONDS_IN[hours[2][0].lower()] / SECONDS_PER_HOUR
        quantity = GpuHours(number, gpu)
    else:
        raise ValueError(f"has the unknown unit {shown(unit)}")
    if not 0 < number < math.inf:
        raise ValueError("is not positive and finite")
    return quantity
