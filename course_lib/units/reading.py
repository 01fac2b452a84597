"""What a person typed, read as a count, an amount of compute, a rate, or GPU-hours."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from course_lib._arguments import cut, shown
from course_lib.units.conversion import PREFIXES, SECONDS_PER_DAY, SECONDS_PER_HOUR

_NUMBER = r"\s*((?:[0-9]{1,3}(?:[,_ ][0-9]{3})+|[0-9]+|(?=\.[0-9]))(?:\.[0-9]*)?(?:e[+-]?[0-9]+)?)\s*"
_TYPED = re.compile(rf"{_NUMBER}([kmbgt]?)\s*", re.IGNORECASE)
_SUFFIXES = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "g": 1e9, "t": 1e12}


def parse_count(text: str, name: str = "count") -> float:
    """Return the number that a person typed: '7e9', '7B', '7 b', '1.4 T' and '300,000' are all understood.

    Suffixes k, M, B (or G) and T, in either case, stand for 1e3, 1e6, 1e9 and 1e12: the reverse of `format_count`.
    A comma parts thousands and nothing else, so '1,4 T' is refused rather than read as 14 T.
    Errors: `ValueError` names the argument, the text and what is accepted.

    >>> parse_count("1.4 T")
    1400000000000.0
    """
    accepted = "accepted: 7e9, 7B, 1.4 T, 300,000"
    match = _TYPED.fullmatch(str(text))
    if not match:
        raise ValueError(f"{name} {shown(text)} is not a number; {accepted}")
    number = float(re.sub("[,_ ]", "", match[1])) * _SUFFIXES[match[2].lower()]
    if not 0 < number < math.inf:
        raise ValueError(f"{name} {shown(text)} is not positive and finite; {accepted}")
    return number


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


_QUANTITY = re.compile(rf"{_NUMBER}((?:[kmbt](?=\s))?)\s*((?![0-9.,]).*?)\s*", re.IGNORECASE)
_FLOP_UNIT = re.compile(
    r"(kilo|mega|giga|tera|peta|exa|zetta|[kMGTPEZ]?)\s*(FLOPS?|F|MACS?)"
    r"(\s*(?:/|\bper\b)\s*s(?:ec(?:ond)?)?)?(?:[\s*x×·-]+(s|h|seconds?|hours?|days?))?",
    re.IGNORECASE,
)
_HOURS_UNIT = re.compile(r"([a-z][\w -]*?)[\s-]*\b(h|hours?|days?)", re.IGNORECASE)
_SECONDS_IN = {"s": 1, "h": SECONDS_PER_HOUR, "d": SECONDS_PER_DAY}


def parse_quantity(text: str, name: str = "quantity") -> Compute | Rate | GpuHours:
    """Return what a person typed as an amount of compute, a rate, or GPU-hours: three types that do not mix.

    Amounts: '3.14e23 FLOP', '314 ZFLOP', '3,640 PFLOP-days', the slide's 'PFLOP-s'; one MAC is 2 FLOP. Rates: '312
    TFLOP/s'. Hours: '700,000 GPU-hours', '30.84M H100-hours'. Capital and small letters are the same.
    Errors: `ValueError` names what is missing: a unit, or, for 'FLOPS' and 'FLOPs', whether a count or a rate is meant.
    Source: slide S3.

    >>> parse_quantity("1 PFLOP-day"), parse_quantity("312 TFLOP/s"), parse_quantity("24 A100-hours")
    (Compute(flop=8.64e+19), Rate(flop_per_second=312000000000000.0), GpuHours(hours=24.0, gpu='A100'))
    """
    accepted = "accepted: an amount (3.14e23 FLOP, 3,640 PFLOP-days), a rate (312 TFLOP/s) or hours (24 A100-hours)"
    if not (match := _QUANTITY.fullmatch(str(text))):
        raise ValueError(f"{name} {shown(text)} does not begin with a positive number; {accepted}")
    number, unit = float(re.sub("[,_ ]", "", match[1])) * _SUFFIXES[match[2].lower()], match[3]
    if not unit:
        raise ValueError(f"{name} {shown(text)} has no unit: a count would be in FLOP, a rate in FLOP/s; {accepted}")
    quantity: Compute | Rate | GpuHours
    if flop := _FLOP_UNIT.fullmatch(unit):
        prefix, operation, per_second, time = flop.groups()
        if operation.upper() in ("FLOPS", "F") and not (per_second or time):
            raise ValueError(
                f"{name} {shown(text)} can be read in two ways: {operation!r} is used for a count and for a rate. "
                f"Write {cut(match[1])} {prefix}FLOP for a count or {cut(match[1])} {prefix}FLOP/s for a rate"
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
        raise ValueError(f"{name} {shown(text)} has the unknown unit {shown(unit)}; {accepted}")
    if not 0 < number < math.inf:
        raise ValueError(f"{name} {shown(text)} is not positive and finite; {accepted}")
    return quantity
