"""Numbers written so that people can read them: costs, rates, bytes, times and counts."""

from __future__ import annotations

import math

from course_lib._arguments import not_negative, single, whole
from course_lib.units.conversion import PREFIXES, SECONDS_PER_DAY

MOST_DIGITS = 17
"""The most digits that are written: with 17 no two float64s look alike."""


def _amount(name: str, value: float) -> float:
    return single(name, not_negative(name, value), "one number that is not negative")


def _rounded(value: float, digits: int) -> float:
    return float(f"{value:.{whole('digits', digits, 1, MOST_DIGITS) - 1}e}")


def _mantissa(value: float, digits: int) -> tuple[str, int]:
    """Return the digits of `value`, one of them before the point, and the power of ten that they stand for."""
    mantissa, power = f"{value:.{digits - 1}e}".split("e")
    return mantissa, int(power)


def _exponential(value: float, digits: int) -> str:
    mantissa, power = _mantissa(value, digits)
    return f"{mantissa}e{power}"


def _trimmed(text: str) -> str:
    """Return a number in writing without zeros that end its decimals."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def _significant(value: float, digits: int) -> str:
    """Write `value` with `digits` significant digits, whole numbers in full, and an exponent only far from 1."""
    rounded = _rounded(value, digits)
    if rounded and not 1e-6 <= rounded < 1e15:
        return _exponential(value, digits)
    decimals = max(0, digits - 1 - math.floor(math.log10(rounded))) if rounded else 0
    return _trimmed(f"{rounded:,.{decimals}f}")


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
    return f"{format_scientific(_amount('flop', flop), digits)} FLOP"


def format_scientific(number: float, digits: int = 3) -> str:
    """Return a number as `format_flop` does, without a unit: in full below 1e4, else as '3.14e23'.

    Errors: `ValueError` for a negative or non-finite number.

    >>> format_scientific(3.1428e23), format_scientific(512)
    ('3.14e23', '512')
    """
    number = _amount("number", number)
    return _significant(number, digits) if _rounded(number, digits) < 1e4 else _exponential(number, digits)


def format_rate(flop_per_second: float, digits: int = 3) -> str:
    """Return a rate as text, with the prefix that datasheets use: '312 TFLOP/s'.

    Errors: `ValueError` for a negative or non-finite number.

    >>> format_rate(312e12), format_rate(1.59744e16)
    ('312 TFLOP/s', '16 PFLOP/s')
    """
    steps = [(size, f"{prefix}FLOP/s") for prefix, size in reversed(PREFIXES.items())]
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
        mantissa, power = _mantissa(number, digits)
        return f"{_trimmed(mantissa)}e{power}"
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
