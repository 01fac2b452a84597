"""Carrying a number into a format: the nearest number that the format has, and the error that this makes.

A decimal number in writing is taken exactly, digit by digit, so that even fp64's own error of 0.1 can be seen.
"""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import NamedTuple

from course_lib.number_formats.formats import FP64, Format
from course_lib.number_formats.patterns import decode, encode, spacing

SMALLEST_POWER, LARGEST_POWER, LONGEST_TEXT = -400, 400, 1200


class Carried(NamedTuple):
    """A number as a format stores it.

    `value` is exact; the errors are |stored - wanted|, and that divided by |wanted|. `outcome` is exact, rounded,
    underflow (it became 0), overflow (it became infinity or NaN) or saturated (it became the largest or the smallest).
    """

    pattern: int
    value: float
    absolute_error: float
    relative_error: float
    outcome: str


def read_decimal(text: str) -> Decimal:
    """Return a decimal number in writing exactly: '0.1', '6.02e23', '-0', 'inf', 'nan'.

    Errors: `ValueError` for anything else, or a size outside 1e-400 to 1e400; `TypeError` for what is not text.

    >>> read_decimal("0.1")
    Decimal('0.1')
    """
    if not isinstance(text, str):
        raise TypeError(f"value must be a number in writing, such as '0.1'; got {text!r}")
    try:
        if len(text) > LONGEST_TEXT:
            raise InvalidOperation
        number = Decimal(text.strip().replace("\N{MINUS SIGN}", "-"))
    except InvalidOperation:
        shown = text if len(text) <= 100 else f"{text[:100]}..."
        raise ValueError(f"value must be a decimal number such as 0.1, -2.5e-8, inf or nan; got {shown!r}") from None
    if number.is_nan():
        return Decimal("NaN")
    if number.is_finite() and number and not SMALLEST_POWER <= number.adjusted() < LARGEST_POWER:
        raise ValueError(f"value must lie between 1e{SMALLEST_POWER} and 1e{LARGEST_POWER} in size; got {text[:100]!r}")
    return number


def encode_decimal(text: str, fmt: Format) -> int:
    """Return the pattern of the number nearest to a decimal number in writing, rounded once, ties to even.

    `encode(float(text), fmt)` would round twice. Here float64 rounds to odd instead: it keeps its last bit at 1
    where digits were lost, so that no tie appears that was none. Errors: as `read_decimal` and `encode`.
    Source: Boldo and Melquiond 2008, *Emulation of FMA and correctly rounded sums*, section 3.

    >>> from course_lib.number_formats import FP16
    >>> from course_lib.number_formats import exact_decimal
    >>> exact_decimal(encode_decimal("0.1", FP16), FP16)
    '0.0999755859375'
    """
    exact = read_decimal(text)
    near = float(exact)
    if fmt.significand_bits < FP64.significand_bits and math.isfinite(near) and exact != Decimal(near):
        beyond = math.nextafter(near, math.inf if exact > Decimal(near) else -math.inf)
        near = near if encode(near, FP64) % 2 else beyond
    return int(encode(near, fmt))


def carry(text: str, fmt: Format) -> Carried:
    """Return how a format stores a decimal number in writing, with its absolute and its relative error.

    Errors: as `encode_decimal`. Source: slide S6; Goldberg 1991, section 1.2.

    >>> from course_lib.number_formats import FP32, FP16
    >>> carry("0.1", FP32).value, carry("70000", FP16).outcome
    (0.10000000149011612, 'overflow')
    """
    wanted, pattern = read_decimal(text), encode_decimal(text, fmt)
    stored = float(decode(pattern, fmt))
    if wanted.is_nan() or Decimal(stored) == wanted:
        return Carried(pattern, stored, 0.0, 0.0, "exact")
    if not (wanted.is_finite() and math.isfinite(stored)):
        return Carried(pattern, stored, math.inf, math.inf, "saturated" if math.isfinite(stored) else "overflow")
    error = abs(Fraction(stored) - Fraction(wanted))
    in_steps = error / Fraction(spacing(pattern, fmt))
    beyond = in_steps > Fraction(1, 2) or (in_steps == Fraction(1, 2) and pattern % 2)
    outcome = "underflow" if stored == 0 else "saturated" if beyond else "rounded"
    return Carried(pattern, stored, float(error), float(error / abs(Fraction(wanted))), outcome)
