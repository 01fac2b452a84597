"""The formats of slide S6: how many bits each has, and what they stand for in general."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from course_lib._arguments import shown, whole


@dataclass(frozen=True)
class FloatFormat:
    """A binary float format: a sign bit, `exponent_bits`, then `significand_bits` (the hidden bit not counted).

    With `has_infinity`, the largest exponent field is kept for infinity and the NaNs, as in IEEE 754. Without it,
    only the pattern of all ones is a NaN (`has_nan`, as in fp8 e4m3), or none is (as in fp4 e2m1).
    Errors: `ValueError` for a format whose numbers do not fit into float64.
    Source: slide S6; IEEE 754-2019, section 3.4; Open Compute Project, *Microscaling formats* 1.0, section 5.3.

    >>> FP16.bits, FP16.largest, FP16.smallest_subnormal == 2.0**-24
    (16, 65504.0, True)
    """

    name: str
    exponent_bits: int
    significand_bits: int
    bias: int
    has_infinity: bool = True
    has_nan: bool = True

    def __post_init__(self) -> None:
        """Refuse a format that `decode` could not give back exactly."""
        whole("exponent_bits", self.exponent_bits, 2, 11)
        whole("significand_bits", self.significand_bits, 1, 52)
        whole("bias", self.bias, 1, 1023)
        if (self.largest_pattern >> self.significand_bits) - self.bias > 1023:
            raise ValueError(f"bias must leave a largest exponent of at most 1023, float64's own; got {self.bias}")
        if self.has_infinity and not self.has_nan:
            raise ValueError(f"has_nan must be True for a format that has an infinity; got {shown(self.has_nan)}")

    @cached_property
    def bits(self) -> int:
        """The width of a pattern: 1 + exponent_bits + significand_bits."""
        return 1 + self.exponent_bits + self.significand_bits

    @cached_property
    def largest_pattern(self) -> int:
        """The pattern of the largest finite number; the patterns from 0 up to it rise with their values."""
        all_ones = 2 ** (self.bits - 1) - 1
        return all_ones - 2**self.significand_bits if self.has_infinity else all_ones - self.has_nan

    @cached_property
    def largest(self) -> float:
        """The largest finite number."""
        exponent, significand = divmod(self.largest_pattern, 2**self.significand_bits)
        return math.ldexp(1 + significand / 2**self.significand_bits, exponent - self.bias)

    @cached_property
    def smallest_normal(self) -> float:
        """The smallest number above 0 that has its full precision: 2^(1 - bias)."""
        return math.ldexp(1.0, 1 - self.bias)

    @cached_property
    def smallest_subnormal(self) -> float:
        """The smallest number above 0: 2^(1 - bias - significand_bits)."""
        return math.ldexp(1.0, 1 - self.bias - self.significand_bits)

    @cached_property
    def epsilon(self) -> float:
        """The step from 1 to the next larger number: 2^-significand_bits."""
        return 2.0**-self.significand_bits

    @cached_property
    def decimal_digits(self) -> int:
        """The decimal digits that every normal number keeps: significand_bits x log10(2), rounded down."""
        return int(self.significand_bits * math.log10(2))


@dataclass(frozen=True)
class IntFormat:
    """A two's complement integer format: value = -S x 2^(bits - 1) + m, where m is the integer after the sign bit.

    Errors: `ValueError` for a width below 2 or above 53 bits. Source: slide S6.

    >>> INT8.smallest, INT8.largest
    (-128, 127)
    """

    name: str
    bits: int

    def __post_init__(self) -> None:
        """Refuse a width that `decode` could not give back exactly."""
        whole("bits", self.bits, 2, 53)

    @cached_property
    def exponent_bits(self) -> int:
        """An integer has no exponent field: 0."""
        return 0

    @cached_property
    def significand_bits(self) -> int:
        """The bits after the sign bit."""
        return self.bits - 1

    @cached_property
    def smallest(self) -> int:
        """The smallest integer, -2^(bits - 1)."""
        return -(2 ** (self.bits - 1))

    @cached_property
    def largest(self) -> int:
        """The largest integer, 2^(bits - 1) - 1."""
        return 2 ** (self.bits - 1) - 1


Format = FloatFormat | IntFormat


def checked(fmt: Format) -> Format:
    """Return a format, or raise `TypeError` for anything else, such as a format's name."""
    if not isinstance(fmt, Format):
        raise TypeError(f"fmt must be a FloatFormat or an IntFormat, such as FP16 or INT8; got {shown(fmt)}")
    return fmt


FP64 = FloatFormat("fp64", 11, 52, bias=1023)
FP32 = FloatFormat("fp32", 8, 23, bias=127)
TF32 = FloatFormat("tf32", 8, 10, bias=127)
FP16 = FloatFormat("fp16", 5, 10, bias=15)
BF16 = FloatFormat("bf16", 8, 7, bias=127)
FP8_E4M3 = FloatFormat("fp8 e4m3", 4, 3, bias=7, has_infinity=False)
FP8_E5M2 = FloatFormat("fp8 e5m2", 5, 2, bias=15)
FP4_E2M1 = FloatFormat("fp4 e2m1", 2, 1, bias=1, has_infinity=False, has_nan=False)
INT8 = IntFormat("int8", 8)
INT4 = IntFormat("int4", 4)
FORMATS: dict[str, Format] = {
    fmt.name: fmt for fmt in (FP64, FP32, TF32, FP16, BF16, FP8_E4M3, FP8_E5M2, FP4_E2M1, INT8, INT4)
}
