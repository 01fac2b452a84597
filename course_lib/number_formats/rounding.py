"""Carrying a number into a format: the nearest number that the format has, and the error that this makes.

A decimal number in writing is taken exactly, digit by digit, and rounded once, in whole numbers of any length: even
fp64's own error of 0.1 can be seen.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from decimal import Context, Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from course_lib._arguments import shown
from course_lib.number_formats.formats import Format, IntFormat, checked
from course_lib.units import plain_text, split_number

SMALLEST_POWER, LARGEST_POWER, LONGEST_TEXT = -400, 400, 1200
IN_17_DIGITS = Context(prec=17)


class Carried(NamedTuple):
    """A number as a format stores it.

    `value` is exact; the errors are |stored - wanted|, and that divided by |wanted|: floats, or `Decimal` where float64
    would make them infinite, 0 or subnormal. `outcome` is exact, rounded, underflow (it became 0), overflow (it became
    infinity or NaN) or saturated (it became the largest or the smallest).
    """

    pattern: int
    value: float
    absolute_error: float | Decimal
    relative_error: float | Decimal
    outcome: str


@lru_cache(256, typed=True)
def read_decimal(text: str) -> Decimal:
    """Return a decimal number in writing exactly: '0.1', '6.02e23', '-0', 'inf', 'nan', '6.02 × 10²³', '1 000'.

    How else a number may be written `units.split_number` says; a single comma, as in '1,234', is refused.
    Errors: `ValueError` for anything else, or a size outside 1e-400 to 1e400; `TypeError` for what is not text.

    >>> read_decimal("0.1")
    Decimal('0.1')
    """
    if not isinstance(text, str):
        raise TypeError(f"value must be a number in writing, such as '0.1'; got {shown(text)}")
    try:
        if len(text) > LONGEST_TEXT:
            raise ValueError("is too long")
        try:
            number = Decimal(text.strip())
        except InvalidOperation:
            number = _in_words(text)
    except ValueError as problem:
        accepted = "a decimal number such as 0.1, -2.5e-8, inf or nan"
        raise ValueError(f"value must be {accepted}; got {shown(text)}, which {problem}") from None
    if number.is_nan():
        return Decimal("NaN")
    if number.is_finite() and number and not SMALLEST_POWER <= number.adjusted() < LARGEST_POWER:
        accepted = f"between 1e{SMALLEST_POWER} and 1e{LARGEST_POWER} in size"
        raise ValueError(f"value must lie {accepted}; got {shown(text)}")
    return number


def _in_words(text: str) -> Decimal:
    """Return a number that is written as people write it, or raise `ValueError` with what is wrong."""
    if (plain := plain_text(text)) in ("-inf", "-infinity", "-nan"):  # with another sign for the minus
        return Decimal(plain)
    digits, rest = split_number(plain, thousands=False)
    if rest:
        raise ValueError(f"ends with {shown(rest)}")
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise ValueError("has too large a power") from None


def encode_decimal(text: str, fmt: Format) -> int:
    """Return the pattern of the number nearest to a decimal number in writing, rounded once, ties to even.

    `encode(float(text), fmt)` would round twice: first to float64. Errors: as `carry`. Source: IEEE 754-2019, section
    4.3.1.

    >>> from course_lib.number_formats import FP16, exact_decimal
    >>> exact_decimal(encode_decimal("0.1", FP16), FP16)
    '0.0999755859375'
    """
    return carry(text, fmt).pattern


def carry(text: str, fmt: Format) -> Carried:
    """Return how a format stores a decimal number in writing, with its absolute and its relative error.

    What is too large becomes infinity, or in fp8 e4m3, which has none, NaN: of the two modes of conversion to fp8 the
    non-saturating one. Where there is neither (fp4, integers) it is held at the end.
    Errors: as `read_decimal`; `ValueError` for NaN in a format without one. Source: slide S6; Goldberg 1991, section
    1.2; Micikevicius et al. 2022, section 2; Open Compute Project 2023, *8-bit Floating Point Specification* 1.0.

    >>> from course_lib.number_formats import FP32, FP16
    >>> carry("0.1", FP32).value, carry("70000", FP16).outcome
    (0.10000000149011612, 'overflow')
    """
    (carried,) = carry_into(text, [fmt])
    if carried is None:
        raise ValueError(f"value must be a number, for {fmt.name} has no NaN; got nan")
    return carried


def carry_into(text: str, formats: Iterable[Format]) -> Sequence[Carried | None]:
    """Return how each of several formats stores a decimal number in writing; None for NaN where there is none.

    The number is n / d, and a format's step at its size is 2^k: of n / (d 2^k) steps the nearest whole number is
    taken, of two the even one. Errors: as `read_decimal`. Source: slide S6; IEEE 754-2019, section 4.3.1.

    >>> from course_lib.number_formats import FP8_E4M3, INT8
    >>> [carried and carried.value for carried in carry_into("nan", [FP8_E4M3, INT8])]
    [nan, None]
    """
    if not isinstance(text, str):
        raise TypeError(f"value must be a number in writing, such as '0.1'; got {shown(text)}")
    wanted, formats = read_decimal(text), list(formats)
    for fmt in formats:
        if not isinstance(fmt, Format):
            checked(fmt)  # which refuses it
    if not wanted.is_finite():
        return _specials(math.nan if wanted.is_nan() else float(wanted), formats)
    return _carried(wanted.is_signed(), abs(Fraction(wanted)), formats)


def nearest_pattern(number: Fraction, fmt: Format) -> int:
    """Return the pattern of the number nearest to an exact one, rounded once, ties to even.

    >>> from course_lib.number_formats import FP16, INT8
    >>> nearest_pattern(Fraction(2, 3), FP16), nearest_pattern(Fraction(-5, 2), INT8)
    (14677, 254)
    """
    return _carried(number < 0, abs(number), [checked(fmt)])[0].pattern


def _carried(negative: bool, exact: Fraction, formats: Iterable[Format]) -> list[Carried]:
    n, d = exact.numerator, exact.denominator
    size = n.bit_length() - d.bit_length()
    size -= n << max(-size, 0) < d << max(size, 0)  # now 2^size <= n/d < 2^(size + 1)
    carried = []
    for fmt in formats:
        if isinstance(fmt, IntFormat):
            nearest = -round(exact) if negative else round(exact)
            stored = min(max(nearest, fmt.smallest), fmt.largest)
            pattern, value, clipped = stored % 2**fmt.bits, float(stored), stored != nearest
        else:
            power = max(size, 1 - fmt.bias) if n else 1 - fmt.bias
            k = power - fmt.significand_bits
            steps, rest = divmod(n << max(-k, 0), d << max(k, 0))
            twice = 2 * rest - (d << max(k, 0))
            steps += twice > 0 or (twice == 0 and steps % 2 == 1)
            # The hidden bit in `steps` adds 1 to the exponent field; so does a significand rounded up to 10.0...0.
            magnitude = (power + fmt.bias - 1 << fmt.significand_bits) + steps
            kept = min(magnitude, fmt.largest_pattern + fmt.has_nan)
            e, m = divmod(kept, 2**fmt.significand_bits)
            if kept > fmt.largest_pattern:
                value = math.inf if fmt.has_infinity else math.nan
            else:
                hidden_bit = 2**fmt.significand_bits if e else 0
                value = math.ldexp(m + hidden_bit, max(e, 1) - fmt.bias - fmt.significand_bits)
            pattern, value, clipped = kept | negative << fmt.bits - 1, -value if negative else value, kept < magnitude
        if not math.isfinite(value):
            carried.append(Carried(pattern, value, math.inf, math.inf, "overflow"))
            continue
        error = abs(abs(Fraction(value)) - exact)
        sizes: list[float | Decimal] = []
        for size_of in (error, error / exact) if error else (0, 0):
            fits = not error or sys.float_info.min <= size_of <= sys.float_info.max
            sizes.append(float(size_of) if fits else IN_17_DIGITS.divide(size_of.numerator, size_of.denominator))
        lost = "saturated" if clipped else "rounded" if value else "underflow"
        carried.append(Carried(pattern, value, sizes[0], sizes[1], lost if error else "exact"))
    return carried


def _specials(value: float, formats: Iterable[Format]) -> list[Carried | None]:
    """Return what formats make of NaN or of infinity: their own, or the nearest thing that they have."""
    negative, carried = math.copysign(1, value) < 0, list[Carried | None]()
    for fmt in formats:
        sign = int(negative) << fmt.bits - 1
        if isinstance(fmt, IntFormat):
            stored = fmt.smallest if negative else fmt.largest
            saturated = Carried(stored % 2**fmt.bits, float(stored), math.inf, math.inf, "saturated")
            carried.append(None if math.isnan(value) else saturated)
        elif math.isnan(value):
            quiet = 2 ** (fmt.bits - 1) - 2 ** (fmt.significand_bits - 1)
            own = quiet if fmt.has_infinity else fmt.largest_pattern + 1
            carried.append(Carried(own, value, 0.0, 0.0, "exact") if fmt.has_nan else None)
        elif fmt.has_infinity:
            carried.append(Carried(sign | fmt.largest_pattern + 1, value, 0.0, 0.0, "exact"))
        elif fmt.has_nan:
            carried.append(Carried(sign | fmt.largest_pattern + 1, math.nan, math.inf, math.inf, "overflow"))
        else:
            largest = math.copysign(fmt.largest, value)
            carried.append(Carried(sign | fmt.largest_pattern, largest, math.inf, math.inf, "saturated"))
    return carried
