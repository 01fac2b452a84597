"""Block formats: one scale for a block of small numbers, and what that takes in bits a value.

In one line: real number = (element) x (scale of its block) [x scale of the tensor] [+ minimum of its block]. Each
element has a few bits, and the scale's bits are shared by the whole block: 4 + 8 / 32 = 4.25 bits a value in MXFP4.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from course_lib._arguments import as_float64, numbers, one_of, plain, shown, whole, yes_or_no
from course_lib.block_formats.levels import Levels, normal_float_levels, whole_codes
from course_lib.number_formats import FP4_E2M1, FP8_E4M3, FP8_E5M2, FP16, FP32, INT8, FloatFormat, IntFormat
from course_lib.tiny_transformer import dynamic_code

POWER_OF_TWO, ABSMAX, SIGNED, RANGE = RULES = ("power of two", "absmax", "signed absmax", "range")
"""How a block's scale is taken from its values; `scale_and_minimum` has the formulas."""

WIDEST_INTEGER = 16
"""The most bits of an element that is an integer: all of them are listed when one is rounded."""

TENSOR_BITS = 32
"""What is stored once a tensor is an fp32 number."""


@dataclass(frozen=True)
class PowerFormat:
    """A format of scales that is an exponent and nothing else: pattern p stands for 2^(p - bias), all ones for NaN.

    It has no sign, no significand and no zero. Errors: `ValueError` for a scale that float64 would not hold.
    Source: Open Compute Project, *Microscaling formats* 1.0, section 5.4.1.

    >>> E8M0.bits, E8M0.largest == 2.0**127, E8M0.decode(0b0111_1111), E8M0.decode(0b1000_0000)
    (8, True, 1.0, 2.0)
    """

    name: str
    bits: int
    bias: int

    def __post_init__(self) -> None:
        """Refuse a format whose scales float64 does not hold."""
        whole("bits", self.bits, 2, 10)
        whole("bias", self.bias, 0, 1022)

    @cached_property
    def largest(self) -> float:
        """The largest scale: 2^(2^bits - 2 - bias)."""
        return 2.0 ** (2**self.bits - 2 - self.bias)

    @cached_property
    def smallest(self) -> float:
        """The smallest scale: 2^-bias."""
        return 2.0**-self.bias

    def decode(self, pattern: ArrayLike) -> Any:
        """Return the scale of a pattern or of an array of them, as float64.

        Errors: `TypeError` for anything but integers; `ValueError` for one that has more bits.
        """
        patterns = whole_codes("pattern", pattern, 2**self.bits, "a whole number", f" for {self.name}")
        scales = np.ldexp(1.0, patterns.astype(np.int32) - self.bias)
        return plain(np.where(patterns == 2**self.bits - 1, np.nan, scales))

    def encode(self, value: ArrayLike) -> Any:
        """Return the pattern of the power of two nearest to a value; of two equally near, the larger.

        What is too large or too small, 0 among it, becomes the largest or the smallest scale.
        Errors: `TypeError` for what is no number; `ValueError` for a negative one, and for NaN.
        """
        values = as_float64(numbers("value", value))
        if np.isnan(values).any():
            raise ValueError(f"value must be a number, for {self.name} takes no NaN; got {shown(value)}")
        if not np.all(values >= 0):
            raise ValueError(f"value must not be negative, for {self.name} has no sign; got {shown(value)}")
        significand, power = np.frexp(np.clip(values, self.smallest, self.largest))
        below = power.astype(np.int64) - 1 + self.bias
        return plain((below + (significand >= 0.75)).astype(np.min_scalar_type(2**self.bits - 1)))


@dataclass(frozen=True)
class BlockFormat:
    """A format of blocks: `block` neighbours in a row, in each of `rows` rows, share a scale.

    `element` is what each value is kept as, `scale` what the block's scale is kept as: numbers of a format, or, where
    it is a block format itself, *double quantised*: scales less their mean, in blocks of their own. `rule` says how
    the scale is taken. With `tensor_scale`, an fp32 number a tensor brings the largest scale to the top of its format.
    `divides_by_stored` says what values are divided by before they become codes: by the scale as it is stored, or by
    what it was before that. Errors: `TypeError` and `ValueError` for what makes no format, by the field's name.
    Source: the formats' own, beside them.

    >>> MXFP4.values_a_block, bits_per_value(MXFP4)
    (32, 4.25)
    >>> wide = FloatFormat("e3m4", 3, 4, bias=3, has_infinity=False, has_nan=False)
    >>> bits_per_value(BlockFormat("mine", wide, 64, E8M0, "power of two"))
    8.125
    """

    name: str
    element: FloatFormat | IntFormat | Levels
    block: int
    scale: FloatFormat | PowerFormat | BlockFormat
    rule: str
    rows: int = 1
    tensor_scale: bool = False
    divides_by_stored: bool = True

    def __post_init__(self) -> None:
        """Refuse parts that do not go together."""
        if not isinstance(self.element, (FloatFormat, IntFormat, Levels)):
            accepted = "a FloatFormat, an IntFormat or Levels, such as FP4_E2M1"
            raise TypeError(f"element must be {accepted}; got {shown(self.element)}")
        if not isinstance(self.scale, (FloatFormat, PowerFormat, BlockFormat)):
            accepted = "a FloatFormat, a PowerFormat or a BlockFormat, such as E8M0"
            raise TypeError(f"scale must be {accepted}; got {shown(self.scale)}")
        if isinstance(self.element, IntFormat) and self.element.bits > WIDEST_INTEGER:
            raise ValueError(f"element must have at most {WIDEST_INTEGER} bits; got {shown(self.element)}")
        whole("block", self.block)
        whole("rows", self.rows)
        one_of("rule", self.rule, RULES)
        for name in ("tensor_scale", "divides_by_stored"):
            object.__setattr__(self, name, yes_or_no(name, getattr(self, name)))
        if self.rule in (SIGNED, RANGE) and not isinstance(self.scale, FloatFormat):
            raise ValueError(f"scale must be a FloatFormat for the rule {self.rule!r}; got {shown(self.scale)}")
        if self.tensor_scale and (self.rule != ABSMAX or isinstance(self.scale, BlockFormat)):
            accepted = f"False, but for the rule {ABSMAX!r} and scales that are not in blocks"
            raise ValueError(f"tensor_scale must be {accepted}; got {shown(self.tensor_scale)}")
        if not self.lowest <= 0 < self.highest:
            raise ValueError(f"element must have 0 and numbers above it in its range; got {shown(self.element)}")
        if self.rule == SIGNED and self.lowest == 0:
            raise ValueError(f"element must have a sign for the rule {self.rule!r}; got {shown(self.element)}")

    @cached_property
    def values_a_block(self) -> int:
        """How many values share a scale."""
        return self.rows * self.block

    @cached_property
    def scales_a_block(self) -> int:
        """How many numbers are stored beside a block's codes: its scale, and by the rule "range" its minimum."""
        return 2 if self.rule == RANGE else 1

    @cached_property
    def scale_bits(self) -> float:
        """The bits of a scale: of its format, or where scales are in blocks themselves, `bits_per_value` of those."""
        return bits_per_value(self.scale) if isinstance(self.scale, BlockFormat) else self.scale.bits

    @cached_property
    def tensor_bits(self) -> int:
        """The bits that are stored once a tensor: a scale of all scales, or the mean of scales that are in blocks."""
        return TENSOR_BITS * (self.tensor_scale + isinstance(self.scale, BlockFormat))

    @cached_property
    def highest(self) -> float:
        """The largest number that an element holds."""
        return self.element.largest

    @cached_property
    def lowest(self) -> float:
        """The lowest number that an element holds."""
        return -self.element.largest if isinstance(self.element, FloatFormat) else self.element.smallest


def bits_per_value(fmt: BlockFormat) -> float:
    """Return the bits that a value takes in full blocks: bits of an element + bits of what a block stores / its values.

    What is stored once a tensor is left out. Scales in blocks count by this formula too.
    Errors: `TypeError` for anything but a `BlockFormat`. Source: the formats' own; Dettmers et al. 2023 for the last.

    >>> bits_per_value(NVFP4), bits_per_value(Q8_0), round(bits_per_value(NF4_DOUBLE), 3)
    (4.5, 8.5, 4.127)
    """
    fmt = checked(fmt)
    return fmt.element.bits + fmt.scales_a_block * fmt.scale_bits / fmt.values_a_block


def checked(fmt: BlockFormat) -> BlockFormat:
    """Return a block format, or raise `TypeError` for anything else, such as a format's name."""
    if not isinstance(fmt, BlockFormat):
        raise TypeError(f"fmt must be a BlockFormat, such as MXFP4; got {shown(fmt)}")
    return fmt


# Elements and scales that no slide has

FP6_E3M2 = FloatFormat("fp6 e3m2", 3, 2, bias=3, has_infinity=False, has_nan=False)
FP6_E2M3 = FloatFormat("fp6 e2m3", 2, 3, bias=1, has_infinity=False, has_nan=False)
E8M0 = PowerFormat("e8m0", 8, bias=127)
MINUS_8_TO_7 = Levels("-8 to 7", tuple(range(-8, 8)))
ZERO_TO_15 = Levels("0 to 15", tuple(range(16)))
NF4_LEVELS = Levels("nf4", normal_float_levels())
DYNAMIC = Levels("dynamic int8", tuple(dynamic_code(signed=True).tolist()))

# Open Compute Project, Microscaling formats 1.0, section 5.2, Table 1

MXFP8_E4M3 = BlockFormat("MXFP8 E4M3", FP8_E4M3, 32, E8M0, POWER_OF_TWO)
MXFP8_E5M2 = BlockFormat("MXFP8 E5M2", FP8_E5M2, 32, E8M0, POWER_OF_TWO)
MXFP6_E3M2 = BlockFormat("MXFP6 E3M2", FP6_E3M2, 32, E8M0, POWER_OF_TWO)
MXFP6_E2M3 = BlockFormat("MXFP6 E2M3", FP6_E2M3, 32, E8M0, POWER_OF_TWO)
MXFP4 = BlockFormat("MXFP4", FP4_E2M1, 32, E8M0, POWER_OF_TWO)

# NVIDIA 2025, arXiv:2509.25149, section 2; DeepSeek-AI 2024, arXiv:2412.19437, section 3.3 (weights)

NVFP4 = BlockFormat("NVFP4", FP4_E2M1, 16, FP8_E4M3, ABSMAX, tensor_scale=True)
FP8_128X128 = BlockFormat("FP8 128x128", FP8_E4M3, 128, FP32, ABSMAX, rows=128)

# ggml, src/ggml-common.h (the blocks) and src/ggml-quants.c (the rules)

Q4_0 = BlockFormat("Q4_0", MINUS_8_TO_7, 32, FP16, SIGNED, divides_by_stored=False)
Q4_1 = BlockFormat("Q4_1", ZERO_TO_15, 32, FP16, RANGE, divides_by_stored=False)
Q8_0 = BlockFormat("Q8_0", INT8, 32, FP16, ABSMAX, divides_by_stored=False)

# Dettmers et al. 2023, QLoRA, section 3; the code of the scales is that of bitsandbytes, functional.py

NF4 = BlockFormat("NF4", NF4_LEVELS, 64, FP32, ABSMAX)
SCALES_OF_NF4 = BlockFormat("scales of NF4", DYNAMIC, 256, FP32, ABSMAX)
NF4_DOUBLE = BlockFormat("NF4 double", NF4_LEVELS, 64, SCALES_OF_NF4, ABSMAX, divides_by_stored=False)

FORMATS: dict[str, BlockFormat] = {
    fmt.name: fmt
    for fmt in (
        *(MXFP8_E4M3, MXFP8_E5M2, MXFP6_E3M2, MXFP6_E2M3, MXFP4),
        *(NVFP4, FP8_128X128, Q8_0, Q4_1, Q4_0, NF4, NF4_DOUBLE),
    )
}
