"""Units: one cost said in FLOP, PFLOP-days or GPU-hours, and numbers written so that people can read them.

Slide S3: 1 PFLOP-day = 10^15 x 24 x 3600 FLOP. FLOP is a count; FLOP/s is a rate; a GPU-hour is a cost only once
the GPU's rate is known. GB is 1e9 bytes, GiB is 2**30 bytes.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike

from course_lib._checks import not_negative, one_of, positive, whole

SECONDS_PER_HOUR = 3600
SECONDS_PER_DAY = 24 * 3600

PFLOP_DAY = 1e15 * SECONDS_PER_DAY
"""The FLOP of one day at 1e15 FLOP/s: 8.64e19 FLOP (slide S3)."""

LAPTOP_FLOP_PER_SECOND = 1e11
"""An assumed round figure for a matrix product in fp32 on a laptop's processor, in FLOP/s.

Four cores at 3e9 cycles/s with two 8-wide multiply-adds a cycle advertise 3.84e11; a quarter of that is achieved.
"""

_PREFIXES = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18, "Z": 1e21}
_FLOP_IN = (
    {f"{prefix}FLOP": size for prefix, size in _PREFIXES.items()}
    | {f"{prefix}FLOP-s": size for prefix, size in _PREFIXES.items()}
    | {"PFLOP-day": PFLOP_DAY, "EFLOP-day": 1e3 * PFLOP_DAY}
)

COMPUTE_UNITS = tuple(_FLOP_IN)
"""The names that `convert_compute` accepts, smallest multiple first."""


def convert_compute(value: ArrayLike, from_unit: str, to_unit: str) -> Any:
    """Return `value` of compute in another unit: value x (FLOP in `from_unit`) / (FLOP in `to_unit`).

    Units: FLOP, kFLOP, MFLOP, GFLOP, TFLOP, PFLOP, EFLOP, ZFLOP, PFLOP-day, EFLOP-day; and the slide's FLOP-s, kFLOP-s,
    ..., ZFLOP-s, which is (FLOP / second) x seconds, that is FLOP. `value` is a number or an array.
    Errors: `ValueError` for a negative value or an unknown unit: a rate such as TFLOP/s is not an amount of compute.
    Source: slide S3.

    >>> round(convert_compute(3.14e23, "FLOP", "PFLOP-day"))  # GPT-3; Brown et al. 2020, Table D.1: 3.64e3
    3634
    """
    flop = not_negative("value", value) * _flop_in("from_unit", from_unit)
    return flop / _flop_in("to_unit", to_unit)


def _flop_in(name: str, unit: str) -> float:
    if isinstance(unit, str) and re.search(r"/\s*s(ec\w*)?$|per second$|FLOPS$", unit):
        rate = f"{name} {unit!r} is a rate (FLOP a second), not an amount of compute; multiply by a time"
        raise ValueError(f"{rate}. Accepted: {', '.join(map(repr, _FLOP_IN))}")
    return _FLOP_IN[one_of(name, unit, _FLOP_IN)]


def gpu_hours(flop: ArrayLike, flop_per_second: ArrayLike) -> Any:
    """Return the GPU-hours of a cost on one kind of GPU: flop / (flop_per_second x 3600).

    `flop_per_second` is the rate that one GPU achieves in FLOP/s: its peak times the utilisation.
    Errors: `ValueError` for a negative cost or a rate that is not positive. Source: slide S3.

    >>> round(gpu_hours(3.14e23, 0.4 * 312e12))  # GPT-3's cost on A100s at 40 % utilisation
    698896
    """
    return not_negative("flop", flop) / (positive("flop_per_second", flop_per_second) * SECONDS_PER_HOUR)


def flop_from_gpu_hours(hours: ArrayLike, flop_per_second: ArrayLike) -> Any:
    """Return the FLOP done in `hours` GPU-hours: hours x 3600 x flop_per_second, the reverse of `gpu_hours`.

    `flop_per_second` is the rate that one GPU achieves in FLOP/s. Errors: as `gpu_hours`. Source: slide S3.

    >>> flop_from_gpu_hours(24, 1e15) == PFLOP_DAY
    True
    """
    return not_negative("hours", hours) * SECONDS_PER_HOUR * positive("flop_per_second", flop_per_second)


def _amount(name: str, value: float) -> float:
    number = not_negative(name, value)
    if not isinstance(number, float):
        raise TypeError(f"{name} must be one number that is not negative; got {value!r}")
    return number


def _rounded(value: float, digits: int) -> float:
    return float(f"{value:.{whole('digits', digits) - 1}e}")


def _exponential(value: float, digits: int) -> str:
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def _significant(value: float, digits: int) -> str:
    """Write `value` with `digits` significant digits, whole numbers in full, and an exponent only far from 1."""
    rounded = _rounded(value, digits)
    if rounded and not 1e-6 <= rounded < 1e15:
        return _exponential(value, digits)
    decimals = max(0, digits - 1 - math.floor(math.log10(rounded))) if rounded else 0
    text = f"{rounded:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _scaled(value: float, steps: list[tuple[float, str]], digits: int) -> str:
    """Write `value` in the largest unit of `steps` (largest first) that leaves at least 1 before the point."""
    size, unit = next(((size, unit) for size, unit in steps if _rounded(value / size, digits) >= 1), steps[-1])
    text = _significant(value / size, digits)
    if text == "1" and unit in ("years", "days", "bytes"):
        unit = unit[:-1]
    return f"{text} {unit}".strip()


def format_flop(flop: float, digits: int = 3) -> str:
    """Return a cost as text in scientific notation, the way papers print it: '3.14e23 FLOP'.

    Errors: `ValueError` for a negative or non-finite number. Source: Brown et al. 2020, Table D.1.

    >>> format_flop(3.1428e23)
    '3.14e23 FLOP'
    """
    flop = _amount("flop", flop)
    text = _significant(flop, digits) if _rounded(flop, digits) < 1e4 else _exponential(flop, digits)
    return f"{text} FLOP"


def format_rate(flop_per_second: float, digits: int = 3) -> str:
    """Return a rate as text, with the prefix that datasheets use: '312 TFLOP/s'.

    Errors: `ValueError` for a negative or non-finite number.

    >>> format_rate(312e12), format_rate(1.59744e16)
    ('312 TFLOP/s', '16 PFLOP/s')
    """
    steps = [(size, f"{prefix}FLOP/s") for prefix, size in reversed(_PREFIXES.items())]
    return _scaled(_amount("flop_per_second", flop_per_second), steps, digits)


def format_number(number: float, digits: int = 3) -> str:
    """Return a plain number with `digits` significant digits and commas, in e-notation from 1e9 on: '82,400'.

    Errors: `ValueError` for a negative or non-finite number.

    >>> format_number(82432), format_number(0.4567), format_number(3.1e12)
    ('82,400', '0.457', '3.1e12')
    """
    number = _amount("number", number)
    rounded = _rounded(number, digits)
    if 0 < rounded < 1e-4 or rounded >= 1e9:
        mantissa, exponent = _exponential(number, digits).split("e")
        return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{exponent}"
    return _significant(number, digits)


def format_bytes(size: float, binary: bool = False, digits: int = 3) -> str:
    """Return a memory size as text, in decimal units (GB = 1e9 bytes) or, with `binary`, GiB = 2**30 bytes.

    Errors: `ValueError` for a negative or non-finite number. Source: IEC 80000-13.

    >>> format_bytes(80e9), format_bytes(80e9, binary=True)
    ('80 GB', '74.5 GiB')
    """
    base, names = (1024, ("", "Ki", "Mi", "Gi", "Ti", "Pi")) if binary else (1000, ("", "k", "M", "G", "T", "P"))
    steps = [(float(base**power), f"{name}B") for power, name in enumerate(names) if power]
    return _scaled(_amount("size", size), [*reversed(steps), (1.0, "bytes")], digits)


def format_seconds(seconds: float, digits: int = 3) -> str:
    """Return a time as text in the unit people would use, from 'us' to 'years' (365.25 days).

    Errors: `ValueError` for a negative or non-finite number.

    >>> format_seconds(39.2 * 86400), format_seconds(0.0021)
    ('39.2 days', '2.1 ms')
    """
    year = 365.25 * SECONDS_PER_DAY
    steps = [(year, "years"), (SECONDS_PER_DAY, "days"), (3600.0, "h"), (60.0, "min"), (1.0, "s")]
    if (seconds := _amount("seconds", seconds)) > 0:
        steps += [(1e-3, "ms"), (1e-6, "us")]
    return _scaled(seconds, steps, digits)


def format_count(count: float, digits: int = 3) -> str:
    """Return a number of parameters or tokens as text, with k, M, B (1e9) or T (1e12): '7 B', '1.4 T'.

    Errors: `ValueError` for a negative or non-finite number.

    >>> format_count(6738415616), format_count(1.4e12)
    ('6.74 B', '1.4 T')
    """
    steps = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"), (1.0, "")]
    return _scaled(_amount("count", count), steps, digits)


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
        raise ValueError(f"{name} {text!r} is not a number; {accepted}")
    number = float(re.sub("[,_ ]", "", match[1])) * _SUFFIXES[match[2].lower()]
    if not 0 < number < math.inf:
        raise ValueError(f"{name} {text!r} is not positive and finite; {accepted}")
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
        raise ValueError(f"{name} {text!r} does not begin with a positive number; {accepted}")
    number, unit = float(re.sub("[,_ ]", "", match[1])) * _SUFFIXES[match[2].lower()], match[3]
    if not unit:
        raise ValueError(f"{name} {text!r} has no unit: a count would be in FLOP, a rate in FLOP/s; {accepted}")
    quantity: Compute | Rate | GpuHours
    if flop := _FLOP_UNIT.fullmatch(unit):
        prefix, operation, per_second, time = flop.groups()
        if operation.upper() in ("FLOPS", "F") and not (per_second or time):
            raise ValueError(
                f"{name} {text!r} can be read in two ways: {operation!r} is used for a count and for a rate. "
                f"Write {match[1]} {prefix}FLOP for a count or {match[1]} {prefix}FLOP/s for a rate"
            )
        number *= next(size for known, size in _PREFIXES.items() if known.lower() == prefix[:1].lower())
        number *= 2 if operation.upper().startswith("MAC") else 1
        number *= _SECONDS_IN[time[0].lower()] if time else 1
        quantity = Rate(number) if per_second and not time else Compute(number)
    elif hours := _HOURS_UNIT.fullmatch(unit):
        gpu = re.sub(r"(^|[\s-]+)(GPU|chip|accelerator)$", "", hours[1], flags=re.IGNORECASE)
        number *= _SECONDS_IN[hours[2][0].lower()] / SECONDS_PER_HOUR
        quantity = GpuHours(number, gpu)
    else:
        raise ValueError(f"{name} {text!r} has the unknown unit {unit!r}; {accepted}")
    if not 0 < number < math.inf:
        raise ValueError(f"{name} {text!r} is not positive and finite; {accepted}")
    return quantity
