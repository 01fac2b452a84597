"""Number formats in writing: a pattern as bits, as an exact decimal, and as the slide's formula with numbers in it.

Slide S7 prints pi as `0 10000 1001001000` and (-1)^0 x 2^(16 - 15) x 1.5703125. These functions write and read such
lines, one pattern at a time, and never round without a sign of it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from course_lib._arguments import cut, exactly, plain, shown
from course_lib.number_formats.formats import Format, IntFormat, checked
from course_lib.number_formats.formulas import Formula, formula_of
from course_lib.number_formats.patterns import Fields, fields, one_pattern, pattern_from_fields
from course_lib.units import plain_text


def bits(pattern: int, fmt: Format) -> str:
    """Return a pattern's digits, the fields apart: sign, exponent, significand (an integer has no exponent).

    Errors: as `number_formats.decode`; `TypeError` for an array. Source: slide S7.

    >>> from course_lib.number_formats import FP16, FP32, INT8
    >>> bits(0x4248, FP16), bits(0x81, INT8)
    ('0 10000 1001001000', '1 0000001')
    """
    return read_pattern(one_pattern(pattern, fmt), fmt).bits


def parse_bits(text: str, fmt: Format) -> int:
    """Return the pattern that a line of 0 and 1 spells, the reverse of `bits`.

    Fields stand apart by a space (or by a tab, | or _, and then spaces may stand anywhere); in a line that is not in
    fields, digits fill them from the left. Errors: `ValueError` names each field that is too long or too short, and
    by how much. Source: slide S7.

    >>> from course_lib.number_formats import FP32
    >>> parse_bits("0 10000000 100100100000111111011011", FP32)  # the slide's pi has 24 digits of significand
    Traceback (most recent call last):
    ...
    ValueError: significand has 24 digits, 1 too many; accepted for fp32: sign 1, exponent 8, significand 23
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a line of 0 and 1; got {shown(text)}")
    checked(fmt)
    line = plain_text(text).removeprefix("0b")
    wrong = sorted(set(re.sub(r"[01\s|_]", "", line)))
    if wrong:
        raise ValueError(f"text must be made of 0 and 1; got {cut(', '.join(map(repr, wrong)))} in {shown(text)}")
    digits = _digits(line, _widths(fmt))
    problems = [
        _misfit(name, len(digits[name]), width) for name, width in _widths(fmt).items() if len(digits[name]) != width
    ]
    if problems:
        accepted = ", ".join(f"{name} {width}" for name, width in _widths(fmt).items())
        raise ValueError(f"{' and '.join(problems)}; accepted for {fmt.name}: {accepted}")
    values = {"exponent": 0} | {name: int(field, 2) for name, field in digits.items()}
    return int(pattern_from_fields(fmt=fmt, **values))


def hexadecimal(pattern: int, fmt: Format) -> str:
    """Return a pattern as 0x and as many digits as the format needs. Errors: as `bits`.

    >>> from course_lib.number_formats import FP16, TF32
    >>> hexadecimal(0x4248, FP16), hexadecimal(1, TF32)
    ('0x4248', '0x00001')
    """
    return read_pattern(one_pattern(pattern, fmt), fmt).hexadecimal


def parse_hexadecimal(text: str, fmt: Format) -> int:
    """Return the pattern that hexadecimal digits spell, the reverse of `hexadecimal`.

    Errors: `ValueError` for what are no such digits, and for a pattern too large for the format; `TypeError` for what
    is not text.

    >>> from course_lib.number_formats import FP16
    >>> parse_hexadecimal("4248", FP16) == 0x4248
    True
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be hexadecimal digits, such as '0x1F'; got {shown(text)}")
    checked(fmt)
    digits = plain_text(text).lower().removeprefix("0x").replace(" ", "").replace("_", "")
    if not digits or set(digits) - set("0123456789abcdef"):
        raise ValueError(f"Hexadecimal must be made of the digits 0 to 9 and A to F, such as 0x1F; got {shown(text)}")
    if len(digits.lstrip("0")) > 16 or int(digits, 16) >= 2**fmt.bits:
        largest = hexadecimal(2**fmt.bits - 1, fmt)
        accepted = f"at most {largest} for the {fmt.bits} bits of {fmt.name}"
        raise ValueError(f"Hexadecimal must be {accepted}; got {shown(text)}")
    return int(digits, 16)


def exact_decimal(pattern: int, fmt: Format) -> str:
    """Return the value of a pattern in decimal, every digit of it: n / 2^k = n 5^k / 10^k always ends.

    Errors: as `bits`. Source: slide S7, whose 3.1415927 is rounded.

    >>> from course_lib.number_formats import FP32
    >>> exact_decimal(0x40490FDB, FP32), exact_decimal(0x80000000, FP32)
    ('3.1415927410125732421875', '-0')
    """
    return read_pattern(one_pattern(pattern, fmt), fmt).exact


def formula(pattern: int, fmt: Format) -> Formula:
    """Return the formula that holds for a pattern, with its numbers filled in.

    Normal numbers have 1.m and e - bias, subnormal ones and zero 0.m and 1 - bias; infinity and NaN give their reason.
    Errors: as `bits`. Source: slides S7 and S8.

    >>> from course_lib.number_formats import FP16
    >>> print(formula(0x4248, FP16))
    (-1)^0 × 2^(16 - 15) × 1.5703125 = 3.140625
    >>> print(formula(0x0001, FP16))
    (-1)^0 × 2^(1 - 15) × 0.0009765625 = 5.9604644775390625e-8
    """
    return read_pattern(one_pattern(pattern, fmt), fmt).formula


@dataclass(frozen=True)
class Reading:
    """What is read off a pattern: its fields, its digits, its value as a number and in decimal, its formula, one step.

    The step is one unit in the last place, and `None` for infinity and NaN.
    """

    fields: Fields
    bits: str
    hexadecimal: str
    value: float
    exact: str
    formula: Formula
    step: float | None


@lru_cache(256, typed=True)
def read_pattern(pattern: int, fmt: Format) -> Reading:
    """Return all that is read off one pattern, so that who asks again decodes nothing again.

    Errors: as `bits`. Source: slides S7 and S8.

    >>> from course_lib.number_formats import FP16
    >>> read_pattern(0x4248, FP16).exact, read_pattern(0x4248, FP16).step
    ('3.140625', 0.001953125)
    """
    parts = fields(pattern, fmt)
    step: float | None = 1.0
    if isinstance(fmt, IntFormat):
        size = float(parts.significand - (parts.sign << fmt.significand_bits))
    elif parts.kind in ("infinity", "nan"):
        size, step = math.inf if parts.kind == "infinity" else math.nan, None
    else:
        step = math.ldexp(1.0, parts.power - fmt.significand_bits)
        size = step * (parts.significand + (2**fmt.significand_bits if parts.kind == "normal" else 0))
    value = -size if parts.sign and parts.kind != "integer" else size
    significand = (parts.kind == "normal") + parts.significand / 2**fmt.significand_bits
    exact, multiplier = exact_texts([value, significand])
    formula = formula_of(parts, value, exact, multiplier, fmt)
    exponent = f"{parts.exponent:0{fmt.exponent_bits}b} " if fmt.exponent_bits else ""
    line = f"{parts.sign} {exponent}{parts.significand:0{fmt.significand_bits}b}"
    hexadecimal = f"0x{pattern:0{math.ceil(fmt.bits / 4)}X}"
    return Reading(parts, line, hexadecimal, value, exact, formula, step)


def formula_latex(pattern: int, fmt: Format) -> str:
    r"""Return `formula` in LaTeX, without the dollar signs. Errors: as `bits`. Source: slides S7 and S8.

    >>> from course_lib.number_formats import FP16
    >>> formula_latex(0x4248, FP16)
    '(-1)^{0} \\times 2^{16 - 15} \\times 1.5703125 = 3.140625'
    """
    return formula(pattern, fmt).latex


def exact_text(value: float) -> str:
    """Return a float in decimal, every digit of it; 'infinity' and 'NaN' for what has none.

    Source: slide S7, whose 3.1415927 is rounded.

    >>> exact_text(0.1), exact_text(-float("inf"))
    ('0.1000000000000000055511151231257827021181583404541015625', '-infinity')
    """
    return exact_texts([value])[0]


def exact_texts(values: Iterable[float]) -> list[str]:
    """Return several floats in decimal, every digit of each, as `exact_text` does.

    >>> exact_texts([0.5, float("nan")])
    ['0.5', 'NaN']
    """
    texts = []
    for value in values:
        number = value if type(value) is float else plain(exactly("value", value, "one number"))
        if not isinstance(number, (int, float, Decimal)):
            raise TypeError(f"value must be one number; got {shown(value)}")
        texts.append(str(Decimal(number)).replace("E", "e").replace("Infinity", "infinity"))
    return texts


def _widths(fmt: Format) -> dict[str, int]:
    """Return the fields' names and widths in the order in which they are written."""
    widths = {"sign": 1, "exponent": fmt.exponent_bits, "significand": fmt.significand_bits}
    return {name: width for name, width in widths.items() if width}


def _digits(line: str, widths: dict[str, int]) -> dict[str, str]:
    """Return each field's digits: as the line sets them apart, else cut from the left, the last field taking all."""
    for groups in (re.split(r"[\t|_]", line), re.split(r"[\s|_]+", line)):
        if len(groups) == len(widths):
            return {name: "".join(group.split()) for name, group in zip(widths, groups, strict=True)}
    digits = re.sub(r"[\s|_]", "", line)
    parts = {}
    for name, width in widths.items():
        parts[name], digits = (digits, "") if name == "significand" else (digits[:width], digits[width:])
    return parts


def _misfit(name: str, length: int, width: int) -> str:
    direction = "many" if length > width else "few"
    return f"{name} has {length} digit{'' if length == 1 else 's'}, {abs(length - width)} too {direction}"
