"""What the explorer of block formats shows: a block by its bits, what they stand for, and what a flipped bit moves."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from course_lib._arguments import one_of, whole
from course_lib.block_formats import (
    E8M0,
    MXFP4,
    MXFP6_E2M3,
    MXFP6_E3M2,
    MXFP8_E4M3,
    MXFP8_E5M2,
    NF4,
    NVFP4,
    POWER_OF_TWO,
    Q4_0,
    Q8_0,
    BlockFormat,
    EncodedBlocks,
    Levels,
    PowerFormat,
    bits_per_value,
    block_error,
    comparison_tensors,
    element_values,
    encode,
)
from course_lib.explorers.bit_grid import field_of, names_of, weight_of
from course_lib.explorers.since_the_lecture.images import SIZE, drawn_image
from course_lib.number_formats import FloatFormat, IntFormat, read_pattern
from course_lib.quantization import absmax_quantize, error_measures

KNOWN = {
    fmt.name: fmt
    for fmt in (MXFP4, NVFP4, MXFP6_E2M3, MXFP6_E3M2, MXFP8_E4M3, MXFP8_E5M2, Q4_0, Q8_0, NF4)
}  # fmt: skip
OWN = "your own"
"""Elements of your own bits and blocks of your own size, with scales in E8M0."""
NAMES = (*KNOWN, OWN)
IMAGE = "an image"
DATA = ("normal", "with outliers", "trained weights", IMAGE)
"""The tensors that `comparison_tensors` has, of which the first 64 rows are offered, and the course's image."""
PARTS = SCALE, VALUE = ("the scale", "your value")
ROUNDINGS = NEAREST, CHANCE = ("to nearest", "by chance")
SEEDS = 99
EXPONENT_BITS, SIGNIFICAND_BITS = (2, 4), (1, 3)
BLOCKS = (8, 16, 32, 64)
"""How many values may share a scale; a row has 64."""

Bits = FloatFormat | IntFormat | PowerFormat | Levels
EXPONENT = re.compile(r"e\+?(-?)0*(\d)")


@dataclass(frozen=True)
class Pattern:
    """The bits of a scale or of an element: as they were stored, as they are now, and what the latter stand for.

    `value` is no product: neither a scale of the tensor nor one of the block is in it.
    """

    format: Bits
    stored: int
    now: int
    value: float

    @property
    def digits(self) -> str:
        """The bits as they are now, in order."""
        return f"{self.now:0{self.format.bits}b}"

    @property
    def flipped(self) -> tuple[bool, ...]:
        """Which bits were flipped, in order."""
        return tuple(digit == "1" for digit in f"{self.stored ^ self.now:0{self.format.bits}b}")

    @property
    def formula(self) -> str:
        """How the value comes out of the bits."""
        if isinstance(self.format, PowerFormat):
            return "not a number" if math.isnan(self.value) else f"2^({self.now} - {self.format.bias})"
        if isinstance(self.format, Levels):
            return f"level {self.now + 1} of {len(self.format.values)}"
        return read_pattern(self.now, self.format).formula.left

    @property
    def meaning(self) -> str:
        """The bits in hexadecimal and what they stand for, in few words."""
        is_short = isinstance(self.format, (PowerFormat, Levels)) and not math.isnan(self.value)
        return f"{self.hexadecimal(self.now)}, {self.formula if is_short else short(self.value)}"

    def hexadecimal(self, pattern: int) -> str:
        """Return a pattern of this width in hexadecimal."""
        return f"0x{pattern:0{-(-self.format.bits // 4)}X}"


@dataclass(frozen=True)
class BitNames:
    """What the bits of a format are, from the left: their fields, their weights, and names with and without those."""

    fields: tuple[str, ...]
    weights: tuple[str, ...]
    names: tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class BlockView:
    """One block of a matrix in a format: its bits, its values before, in and after the format, and its errors.

    `wanted` are the values before they were encoded, `before` as they were stored, `now` with the flipped bits;
    `codes` are the elements' patterns now. Of `scale` and `element`, your value's, the bits can be flipped; `place` is
    that value's in the block, from 0. `sqnr_now` is None where a value is not a finite number.
    """

    name: str
    format: BlockFormat
    row: int
    column: int
    part: str
    place: int
    wanted: NDArray[np.float64]
    before: NDArray[np.float64]
    now: NDArray[np.float64]
    codes: NDArray[np.int64]
    scale: Pattern
    element: Pattern
    tensor_scale: float
    stored_scale: float
    sqnr: float
    sqnr_now: float | None
    sqnr_of_tensor: float
    int8_here: float
    int8_of_tensor: float
    largest_error: float
    steps: float | None

    @property
    def chosen(self) -> Pattern:
        """The pattern whose bits are large in the picture, and can be flipped."""
        return self.scale if self.part == SCALE else self.element

    @property
    def scale_now(self) -> float:
        """What all elements are multiplied by now, the tensor's scale included."""
        return self.scale.value * self.tensor_scale

    @property
    def moved(self) -> NDArray[np.bool_]:
        """Which values are others now; 0 and -0 are one."""
        return np.asarray((self.now != self.before) & ~(np.isnan(self.now) & np.isnan(self.before)))

    @property
    def sentence(self) -> str:
        """The answer in plain words: what the chosen bits stand for, or what the flipped ones did."""
        chosen, count, name = self.chosen, len(self.now), self.name[0].upper() + self.name[1:]
        now, before = (chosen.hexadecimal(pattern) for pattern in (chosen.now, chosen.stored))
        if self.part == SCALE:
            if chosen.now != chosen.stored:
                return f"{name} scale {now}, not {before}: each of {count} values {self._fate}."
            return (
                f"{name} scale {now} is {short(self.scale_now)}, for {count} values: "
                f"{bits_per_value(self.format):.4g} bits each, {decibels(self.sqnr, 'an SQNR of ')} here."
            )
        is_now = f"is {short(self.now[self.place])}"
        if chosen.now != chosen.stored:
            return (
                f"{name} code {now}, not {before}: value {self.place + 1} {is_now}, "
                f"not {short(self.before[self.place])}; the other {count - 1} stay."
            )
        off = abs(self.before[self.place] - self.wanted[self.place])
        fate = f"{short(self.wanted[self.place])} is off by {short(off)}" if off else "exactly what it was"
        return f"{name} {now} × scale {short(self.scale_now)} {is_now}: {fate}."

    @property
    def _fate(self) -> str:
        """What a flipped scale does to each value."""
        if not math.isfinite(self.scale_now):
            return "is not a number" if math.isnan(self.scale_now) else "that is not 0 is infinite"
        if not self.stored_scale:
            return f"is multiplied by {short(self.scale_now)}, not by 0"
        factor = self.scale_now / self.stored_scale
        exponent = math.frexp(factor)[1] - 1
        whole_power = factor == 2.0**exponent and abs(exponent) > 3
        return f"is {f'2^{exponent}' if whole_power else short(factor)} times what it was"

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Where the block and your value are, what is stored of them, and what is lost, here and beside int8."""
        fmt, last = self.format, self.column - self.place + len(self.now) - 1
        back = self.element.value * self.scale_now
        steps = "" if self.steps is None else f", {self.steps:.2f} of its step"
        product = f"{compact(self.element.value)} × {compact(self.scale_now)}"
        bits, stored = bits_per_value(fmt), self.chosen.now == self.chosen.stored
        after = "not a number" if self.sqnr_now is None else decibels(self.sqnr_now)
        return (
            ("Block", f"row {self.row}, columns {self.column - self.place} to {last}"),
            ("Your value", f"{self.place + 1} of {len(self.now)}, wanted {short(self.wanted[self.place])}"),
            ("Its code", self.element.meaning),
            ("Comes back as", f"{product} = {compact(back)}"),
            ("Scale", self.scale.meaning),
            ("Scale of the tensor", short(self.tensor_scale) if fmt.tensor_scale else "none"),
            ("Bits a value", f"{fmt.element.bits} + {fmt.scale_bits:g} / {fmt.values_a_block} = {bits:.4g}"),
            ("Largest error", short(self.largest_error) + steps),
            ("SQNR of the block", decibels(self.sqnr)),
            ("The block in int8", decibels(self.int8_here)),
            ("SQNR of the tensor", decibels(self.sqnr_of_tensor)),
            ("The tensor in int8", decibels(self.int8_of_tensor)),
            ("Values that moved", f"{int(self.moved.sum())} of {len(self.now)}"),
            ("SQNR after the flip", "no bit is flipped" if stored else after),
        )


def short(value: float) -> str:
    """Return a number in three digits."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "infinity" if value > 0 else "-infinity"
    return EXPONENT.sub(r"e\1\2", f"{value:.3g}")


def compact(value: float, letters: int = 7) -> str:
    """Return a number with as many digits, three at the most, as there is room for."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "-∞"
    texts = [EXPONENT.sub(r"e\1\2", f"{value:.{digits}g}") for digits in (3, 2, 1)]
    small = [EXPONENT.sub(r"e\1\2", f"{value:.{digits}e}") for digits in (1, 0)]
    return next((text for text in texts + small if len(text) <= letters), small[-1])


def decibels(sqnr: float, before: str = "") -> str:
    """Return an SQNR in writing."""
    return f"{before}{sqnr:.1f} dB" if math.isfinite(sqnr) else "no error"


@cache
def bit_names(fmt: Bits) -> BitNames:
    """Return what the bits of an element or a scale are, from the left."""
    order = range(fmt.bits - 1, -1, -1)
    if isinstance(fmt, (FloatFormat, IntFormat)):
        fields = tuple(field_of(bit, fmt) for bit in order)
        return BitNames(fields, tuple(weight_of(bit, fmt) for bit in order), tuple(names_of(bit, fmt) for bit in order))
    field, name = ("exponent", "exponent") if isinstance(fmt, PowerFormat) else ("significand", "code")
    weights = tuple(f"2^{bit}" if isinstance(fmt, PowerFormat) else f"{2**bit}" for bit in order)
    names = ((f"{name} bit {bit}", f"{name} bit {bit}: weighs 2^{bit}") for bit in order)
    return BitNames((field,) * fmt.bits, weights, tuple(names))


@cache
def format_of(format: str, exponent_bits: int, significand_bits: int, block: int) -> BlockFormat:
    """Return a format by its name; that of one's own is made of the other three.

    Its bias is 2^(exponent_bits - 1) - 1, and each of its patterns is a number: with 4 and 3 bits the largest is 480,
    where fp8 e4m3, which has a NaN, ends at 448.

    >>> format_of("your own", 4, 3, 32).highest, KNOWN["MXFP8 E4M3"].highest
    (480.0, 448.0)
    """
    if one_of("format", format, NAMES) != OWN:
        return KNOWN[format]
    exponent, significand = (
        whole(name, bits, *limits)
        for name, bits, limits in (
            ("exponent_bits", exponent_bits, EXPONENT_BITS),
            ("significand_bits", significand_bits, SIGNIFICAND_BITS),
        )
    )
    if block not in BLOCKS:
        raise ValueError(f"block must be one of {', '.join(map(str, BLOCKS))}; got {block!r}")
    bias = 2 ** (exponent - 1) - 1
    name = f"e{exponent}m{significand}"
    element = FloatFormat(name, exponent, significand, bias, has_infinity=False, has_nan=False)
    return BlockFormat(OWN, element, block, E8M0, POWER_OF_TWO)


def block_view(
    format: str,
    data: str,
    row: int,
    column: int,
    rounding: str,
    seed: int,
    part: str,
    flip: int,
    exponent_bits: int,
    significand_bits: int,
    block: int,
) -> BlockView:
    """Return what the explorer shows for its controls' values.

    `row` and `column`, from 1, choose a value of the matrix, and with it the block that it is in. `flip` has a 1 for
    each bit of `part` (the scale or that value) that is flipped. The last three hold for a format of one's own.
    Errors: `ValueError` for what is not offered, and for a flip of more bits than the part has.
    """
    fmt = format_of(format, exponent_bits, significand_bits, block)
    row, column = whole("row", row, 1, SIZE), whole("column", column, 1, SIZE)
    by_chance = one_of("rounding", rounding, ROUNDINGS) == CHANCE
    seed = whole("seed", seed, 1, SEEDS)
    encoded, sqnr_of_tensor = _encoded(fmt, one_of("data", data, DATA), seed if by_chance else None)
    int8, int8_of_tensor = _in_int8(data)
    across, (at, place) = SIZE // fmt.block, divmod(column - 1, fmt.block)
    number, first = (row - 1) * across + at, at * fmt.block
    here = slice(first, first + fmt.block)
    wanted = _matrix(data)[row - 1, here].astype(float)
    stored = _one_block(encoded, number)
    before = stored.decode()
    is_scale = one_of("part", part, PARTS) == SCALE
    formats: tuple[Bits, Bits] = (_scale_format(fmt), fmt.element)
    flip = whole("flip", flip, 0, 2 ** formats[not is_scale].bits - 1)
    flipped = _flipped(stored, place, flip, is_scale)
    now = flipped.decode()
    scale = _pattern(formats[0], stored.scales, flipped.scales, 0)
    element = _pattern(formats[1], stored.codes[0], flipped.codes[0], place)
    stored_scale = float(stored.scale_values()[0])
    largest_error, steps = _largest_error(wanted, before, fmt, stored_scale)
    return BlockView(
        name=format,
        format=fmt,
        row=row,
        column=column,
        part=part,
        place=place,
        wanted=wanted,
        before=before,
        now=now,
        codes=flipped.codes[0].astype(np.int64),
        scale=scale,
        element=element,
        tensor_scale=encoded.tensor_scale,
        stored_scale=stored_scale,
        sqnr=error_measures(wanted, before).sqnr_db,
        sqnr_now=error_measures(wanted, now).sqnr_db if np.all(np.isfinite(now)) else None,
        sqnr_of_tensor=sqnr_of_tensor,
        int8_here=error_measures(wanted, int8[row - 1, here]).sqnr_db,
        int8_of_tensor=int8_of_tensor,
        largest_error=largest_error,
        steps=steps,
    )


def _matrix(data: str) -> NDArray[np.float32]:
    return drawn_image() if data == IMAGE else comparison_tensors()[data]


@lru_cache(64)
def _encoded(fmt: BlockFormat, data: str, seed: int | None) -> tuple[EncodedBlocks, float]:
    """Return a matrix in a format, and the SQNR of all of it."""
    encoded = encode(_matrix(data), fmt, None if seed is None else np.random.default_rng(seed))
    return encoded, block_error(_matrix(data), encoded).sqnr_db


@cache
def _in_int8(data: str) -> tuple[NDArray[np.float64], float]:
    back = absmax_quantize(_matrix(data)).dequantize()
    return back, error_measures(_matrix(data), back).sqnr_db


def _scale_format(fmt: BlockFormat) -> FloatFormat | PowerFormat:
    if isinstance(fmt.scale, BlockFormat):
        raise ValueError(f"format must have scales that are in no blocks; got {fmt.name!r}")
    return fmt.scale


def _one_block(encoded: EncodedBlocks, number: int) -> EncodedBlocks:
    scales = np.asarray(encoded.scales)[number : number + 1]
    return replace(encoded, codes=encoded.codes[number : number + 1], scales=scales, shape=(encoded.fmt.block,))


def _flipped(stored: EncodedBlocks, place: int, flip: int, is_scale: bool) -> EncodedBlocks:
    """Return a block with some bits of its scale or of one of its elements flipped."""
    old = np.asarray(stored.scales) if is_scale else stored.codes
    new = old.copy()
    new[0 if is_scale else (0, place)] ^= old.dtype.type(flip)
    return replace(stored, scales=new) if is_scale else replace(stored, codes=new)


def _pattern(fmt: Bits, stored: object, now: object, place: int) -> Pattern:
    before, after = (int(np.asarray(patterns)[place]) for patterns in (stored, now))
    if isinstance(fmt, PowerFormat):
        return Pattern(fmt, before, after, float(fmt.decode(after)))
    return Pattern(fmt, before, after, float(element_values(np.array([after]), fmt)[0]))


@cache
def _levels(element: Bits) -> NDArray[np.float64]:
    """Return the finite numbers that an element holds, in order, each once."""
    numbers = (
        element_values(np.arange(2**element.bits), element) if not isinstance(element, PowerFormat) else np.zeros(0)
    )
    return np.unique(numbers[np.isfinite(numbers)])


def _largest_error(
    wanted: NDArray[np.float64], before: NDArray[np.float64], fmt: BlockFormat, scale: float
) -> tuple[float, float | None]:
    """Return the largest error of a block, and in steps: from the number below the value wanted to the one above."""
    errors = np.abs(before - wanted)
    worst = int(np.argmax(errors))
    if not scale or not math.isfinite(scale):
        return float(errors[worst]), None
    levels = _levels(fmt.element)
    above = int(np.clip(np.searchsorted(levels, wanted[worst] / scale), 1, len(levels) - 1))
    return float(errors[worst]), float(errors[worst] / abs(scale) / (levels[above] - levels[above - 1]))
