"""What a pattern of bits stands for, in every float format of deep learning and in int8.

The slide S8 in one line: value = (-1)^S x 2^(e - bias) x 1.m, where S, e and m are the pattern's three fields. It is
true of normal numbers. With e = 0 it reads 0.m and 2^(1 - bias); the largest e usually means infinity or NaN.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from operator import methodcaller
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_lib._arguments import as_float, as_float64, exactly, plain, shown
from course_lib.number_formats.formats import FloatFormat, Format, IntFormat, checked
from course_lib.number_formats.rounding import nearest_pattern


class Fields(NamedTuple):
    """The fields of a pattern, as integers, and what they mean together.

    `kind` is normal, subnormal, zero, infinity, nan, or integer. `power` is the exponent that 2 is raised to: e - bias,
    or 1 - bias where e = 0; it means nothing for infinity, NaN and integers.
    """

    sign: Any
    exponent: Any
    significand: Any
    kind: Any
    power: Any


class Neighbours(NamedTuple):
    """The patterns of the next smaller and of the next larger value."""

    below: Any
    above: Any


def decode(pattern: ArrayLike, fmt: Format) -> Any:
    """Return the value of a pattern: (-1)^S x 2^(e - bias) x 1.m, or (-1)^S x 2^(1 - bias) x 0.m where e = 0.

    `pattern` is an integer from 0 to 2^bits - 1 or an array of them; the result is float64, exact, of the same shape.
    A NaN keeps its sign; the rest of its pattern is in `fields`.
    Errors: `ValueError` for a pattern out of range, `TypeError` for anything but integers. Source: slides S7 and S8.

    >>> from course_lib.number_formats import FP16, INT8
    >>> decode(0b0_10000_1001001000, FP16), decode(0b1111_1111, INT8)  # the slide's pi in fp16; -1
    (3.140625, -1.0)
    """
    patterns = _integers("pattern", pattern, fmt)
    if patterns.size > 2**fmt.bits:  # quicker: decode every pattern that there is once, then look up
        return decode(np.arange(2**fmt.bits), fmt)[patterns]
    sign, exponent, significand = _split(patterns, fmt)
    if isinstance(fmt, IntFormat):
        return plain(significand - sign * 2.0 ** (fmt.bits - 1))
    hidden_bit = np.where(exponent == 0, 0.0, 1.0)
    with np.errstate(over="ignore"):  # fp64's own infinities and NaNs, set in the next two lines
        size = np.ldexp(hidden_bit + significand / 2**fmt.significand_bits, _power(exponent, fmt))
    magnitude = (exponent << fmt.significand_bits) + significand
    size = np.where(magnitude > fmt.largest_pattern, np.inf, size)
    size = np.where(magnitude > fmt.largest_pattern + fmt.has_infinity, np.nan, size)
    return plain(np.where(sign == 1, -size, size))


def encode(value: ArrayLike, fmt: Format) -> Any:
    """Return the pattern of the number nearest to a value; of two that are equally near, the one with an even pattern.

    `value` is a number or an array; what float64 does not hold, such as 2**53 + 1, is rounded once all the same. The
    result is an int, or an array of the smallest unsigned type.
    Too large a value becomes infinity, or NaN in fp8 e4m3; it saturates in fp4 e2m1 and in integers (nothing wraps).
    Errors: `ValueError` for NaN in a format without one, `TypeError` for anything but numbers.
    Source: slide S7; IEEE 754-2019, section 4.3.1.

    >>> from course_lib.number_formats import FP16, FP32, INT8
    >>> f"{encode(3.14159265, FP32):#x}", decode(encode(2049, FP16), FP16), encode(-300, INT8)
    ('0x40490fdb', 2048.0, 128)
    """
    checked(fmt)
    exact = exactly("value", value)
    values = as_float64(exact)
    nan = np.isnan(values)
    if nan.any() and not (isinstance(fmt, FloatFormat) and fmt.has_nan):
        raise ValueError(f"value must be a number, for {fmt.name} has no NaN; got {shown(value)}")
    patterns = _nearest(values, fmt).astype(_unsigned(fmt))
    for index, number in _rounded_by_float64(exact, values):
        patterns[index] = nearest_pattern(number, fmt)
    return plain(patterns)


def _nearest(values: NDArray[np.float64], fmt: Format) -> NDArray[Any]:
    """Return the patterns of the numbers nearest to float64s."""
    if isinstance(fmt, IntFormat):
        nearest = np.clip(np.rint(values), fmt.smallest, fmt.largest).astype(np.int64)
        return np.asarray(nearest & (2**fmt.bits - 1))
    size = np.where(np.isfinite(values), np.abs(values), 0.0)
    power = np.where(size == 0, 1 - fmt.bias, np.maximum(np.frexp(size)[1] - 1, 1 - fmt.bias))
    steps = np.rint(np.ldexp(size, fmt.significand_bits - power)).astype(np.int64)  # in units of the last place
    # The hidden bit in `steps` adds 1 to the exponent field; so does a significand that is rounded up to 10.0...0.
    magnitude = ((power.astype(np.int64) + fmt.bias - 1) << fmt.significand_bits) + steps
    overflow = fmt.largest_pattern + fmt.has_nan
    magnitude = np.where(np.isinf(values), overflow, np.minimum(magnitude, overflow))
    quiet_nan = 2 ** (fmt.bits - 1) - 2 ** (fmt.significand_bits - 1) if fmt.has_infinity else overflow
    magnitude = np.where(np.isnan(values), quiet_nan, magnitude).astype(np.uint64)
    return np.asarray(magnitude | _sign_bit(np.signbit(values), fmt))


def _rounded_by_float64(exact: NDArray[Any], values: NDArray[np.float64]) -> Iterator[tuple[Any, Fraction]]:
    """Yield the index and the exact value of each number that float64 had to round: large integers, most fractions."""
    if (exact.dtype.kind == "f" and exact.dtype.itemsize <= 8) or not exact.size:
        return
    if exact.dtype.kind in "iu" and np.abs(values).max() <= 2**53:
        return
    for index, number in np.ndenumerate(exact):
        if isinstance(number, float) or np.isnan(values[index]) or number in (np.inf, -np.inf):
            continue
        whole = isinstance(number, np.integer)
        ratio = Fraction(int(number)) if whole else Fraction(*number.as_integer_ratio())
        if ratio != as_float(ratio):
            yield index, ratio


def fields(pattern: ArrayLike, fmt: Format) -> Fields:
    """Return a pattern's sign, exponent and significand fields as they stand (no bias taken off), kind and power.

    `pattern` is an integer or an array; so is each field. An integer format has 0 as exponent, and the bits after the
    sign as significand. Errors: as `decode`. Source: slides S7 and S8.

    >>> from course_lib.number_formats import FP16
    >>> fields(0x4248, FP16)
    Fields(sign=0, exponent=16, significand=584, kind='normal', power=1)
    """
    patterns = _integers("pattern", pattern, fmt)
    sign, exponent, significand = _split(patterns, fmt)
    if isinstance(fmt, IntFormat):
        kind, power = np.full(patterns.shape, "integer"), np.zeros(patterns.shape, np.int64)
    else:
        magnitude = (exponent << fmt.significand_bits) + significand
        kind = np.where(exponent == 0, "subnormal", "normal")
        kind = np.where(magnitude == 0, "zero", kind)
        kind = np.where(magnitude > fmt.largest_pattern, "infinity", kind)
        kind = np.where(magnitude > fmt.largest_pattern + fmt.has_infinity, "nan", kind)
        power = np.maximum(exponent, 1) - fmt.bias
    found = (sign, exponent, significand, kind, power)
    return Fields(*(found if patterns.ndim else map(methodcaller("item"), found)))


def pattern_from_fields(sign: ArrayLike, exponent: ArrayLike, significand: ArrayLike, fmt: Format) -> Any:
    """Return the pattern with these fields, the reverse of `fields`: NaNs and signed zeros come back bit for bit.

    Each field is an integer or an array. Errors: `ValueError` names the field that does not fit. Source: slide S7.

    >>> from course_lib.number_formats import FP32
    >>> f"{pattern_from_fields(0, 128, 0b10010010000111111011011, FP32):#x}"
    '0x40490fdb'
    """
    pattern = _sign_bit(_integers("sign", sign, fmt, 1), fmt)
    pattern = pattern | _integers("exponent", exponent, fmt, fmt.exponent_bits) << fmt.significand_bits
    pattern = pattern | _integers("significand", significand, fmt, fmt.significand_bits)
    return plain(pattern.astype(_unsigned(fmt)))


def neighbours(pattern: ArrayLike, fmt: Format) -> Neighbours:
    """Return the patterns of the next smaller and next larger value: one step of the pattern, read as an integer.

    Both zeros have the smallest subnormals beside them. The first and the last value of a format (infinity, or the
    largest number) are their own neighbours at the end. Errors: as `decode`; `ValueError` for NaN. Source: slide S8.

    >>> from course_lib.number_formats import BF16
    >>> [decode(beside, BF16) for beside in neighbours(encode(256, BF16), BF16)]
    [255.0, 258.0]
    """
    patterns = _integers("pattern", pattern, fmt)
    if isinstance(fmt, IntFormat):
        value = decode(patterns, fmt)
        return Neighbours(encode(value - 1, fmt), encode(value + 1, fmt))
    if np.any(_is_nan(patterns, fmt)):
        raise ValueError(f"pattern must be a number's, for a NaN has no neighbours; got {shown(pattern)}")
    negative = _split(patterns, fmt)[0] == 1
    magnitude = _magnitude(patterns, fmt).astype(np.int64)
    place = np.where(negative, -magnitude, magnitude)
    last = fmt.largest_pattern + fmt.has_infinity

    def at(place: NDArray[np.int64]) -> Any:
        sign = (place < 0) | ((place == 0) & negative)
        return plain((np.abs(place).astype(np.uint64) | _sign_bit(sign, fmt)).astype(_unsigned(fmt)))

    return Neighbours(at(np.maximum(place - 1, -last)), at(np.minimum(place + 1, last)))


def spacing(pattern: ArrayLike, fmt: Format) -> Any:
    """Return one unit in the last place, the step at a pattern's value: 2^(e - bias - significand_bits).

    `pattern` is an integer or an array; the result is float64. Errors: as `decode`; `ValueError` for infinity and NaN.
    Source: slide S8; Goldberg 1991, section 1.2.

    >>> from course_lib.number_formats import BF16, FP16
    >>> spacing(encode(256, BF16), BF16), spacing(encode(256, FP16), FP16)
    (2.0, 0.25)
    """
    patterns = _integers("pattern", pattern, fmt)
    if isinstance(fmt, IntFormat):
        return plain(np.ones(patterns.shape))
    if np.any(_magnitude(patterns, fmt) > fmt.largest_pattern):
        raise ValueError(f"pattern must be a finite number's, for infinity and NaN have no step; got {shown(pattern)}")
    return plain(np.ldexp(1.0, _power(_split(patterns, fmt)[1], fmt) - fmt.significand_bits))


def _integers(name: str, value: ArrayLike, fmt: Format, bits: int | None = None) -> NDArray[Any]:
    """Return `value` as unsigned integers of at most `bits` bits (the format's own, unless told), or raise."""
    if not isinstance(fmt, Format):
        checked(fmt)  # which refuses it
    bits = fmt.bits if bits is None else bits
    if type(value) is int and 0 <= value < 2**bits:
        return np.asarray(value, np.uint64)
    accepted = f"a whole number from 0 to {2**bits - 1} ({bits} bits) for {fmt.name}"
    array = exactly(name, value, accepted)
    whole = array.dtype.kind in "iu" or all(isinstance(item, (int, np.integer)) for item in array.flat)
    if array.size and not whole:
        raise TypeError(f"{name} must be {accepted}; got {shown(value)}")
    if array.size and not 0 <= int(array.min()) <= int(array.max()) < 2**bits:
        raise ValueError(f"{name} must be {accepted}; got {shown(value)}")
    return array if array.dtype.kind == "u" else array.astype(np.uint64)


def one_pattern(pattern: Any, fmt: Format) -> int:
    """Return one pattern as an int, or raise as `decode`; `TypeError` for an array."""
    if np.ndim(patterns := _integers("pattern", pattern, fmt)):
        raise TypeError(f"pattern must be one integer, not an array; got {shown(pattern)}")
    return int(patterns)


def _split(patterns: NDArray[Any], fmt: Format) -> tuple[Any, Any, Any]:
    """Return the three fields by shifting and masking, as int64."""
    patterns = patterns.astype(np.uint64)
    sign = patterns >> (fmt.bits - 1)
    exponent = (patterns >> fmt.significand_bits) & (2**fmt.exponent_bits - 1)
    significand = patterns & (2**fmt.significand_bits - 1)
    return sign.astype(np.int64), exponent.astype(np.int64), significand.astype(np.int64)


def _magnitude(patterns: NDArray[Any], fmt: Format) -> Any:
    """Return the patterns without their sign bit."""
    return patterns.astype(np.uint64) & (2 ** (fmt.bits - 1) - 1)


def _is_nan(patterns: NDArray[Any], fmt: FloatFormat) -> Any:
    return _magnitude(patterns, fmt) > fmt.largest_pattern + fmt.has_infinity


def _power(exponent: Any, fmt: FloatFormat) -> Any:
    """Return the exponent of 2, as int32: `ldexp` takes no int64 on Windows."""
    return (np.maximum(exponent, 1) - fmt.bias).astype(np.int32)


def _sign_bit(sign: Any, fmt: Format) -> Any:
    return sign.astype(np.uint64) << (fmt.bits - 1)


def _unsigned(fmt: Format) -> np.dtype[Any]:
    """Return the smallest unsigned type that holds a pattern."""
    return np.min_scalar_type(2**fmt.bits - 1)
