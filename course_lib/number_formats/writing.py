"""Number formats in writing: a pattern as bits, as an exact decimal, and as the slide's formula with numbers in it.

Slide S7 prints pi as `0 10000 1001001000` and (-1)^0 x 2^(16 - 15) x 1.5703125. These functions write and read such
lines, one pattern at a time, and never round without a sign of it.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from course_lib.number_formats.formats import Format, IntFormat
from course_lib.number_formats.patterns import Fields, decode, fields, pattern_from_fields

LONGEST_VALUE = 60
"""The most characters that `formula` spends on an exact value; a longer one is rounded to 17 digits, after a ≈."""


def bits(pattern: int, fmt: Format) -> str:
    """Return a pattern's digits, the fields apart: sign, exponent, significand (an integer has no exponent).

    Errors: as `number_formats.decode`; `TypeError` for an array. Source: slide S7.

    >>> from course_lib.number_formats import FP16, FP32, INT8
    >>> bits(0x4248, FP16), bits(0x81, INT8)
    ('0 10000 1001001000', '1 0000001')
    """
    parts = _one(pattern, fmt)
    return " ".join(f"{getattr(parts, name):0{width}b}" for name, width in _widths(fmt).items())


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
        raise TypeError(f"text must be a line of 0 and 1; got {text!r}")
    line = text.strip().removeprefix("0b")
    wrong = sorted(set(re.sub(r"[01\s|_]", "", line)))
    if wrong:
        raise ValueError(f"text must be made of 0 and 1; got {', '.join(map(repr, wrong))} in {text!r}")
    digits = _digits(line, _widths(fmt))
    problems = [
        _misfit(name, len(digits[name]), width) for name, width in _widths(fmt).items() if len(digits[name]) != width
    ]
    if problems:
        accepted = ", ".join(f"{name} {width}" for name, width in _widths(fmt).items())
        raise ValueError(f"{' and '.join(problems)}; accepted for {fmt.name}: {accepted}")
    values = {"exponent": 0} | {name: int(field, 2) for name, field in digits.items()}
    return int(pattern_from_fields(fmt=fmt, **values))


def exact_decimal(pattern: int, fmt: Format) -> str:
    """Return the value of a pattern in decimal, every digit of it: n / 2^k = n 5^k / 10^k always ends.

    Errors: as `bits`. Source: slide S7, whose 3.1415927 is rounded.

    >>> from course_lib.number_formats import FP32
    >>> exact_decimal(0x40490FDB, FP32), exact_decimal(0x80000000, FP32)
    ('3.1415927410125732421875', '-0')
    """
    _one(pattern, fmt)
    return _exact(decode(pattern, fmt))


def formula(pattern: int, fmt: Format) -> str:
    """Return the formula that holds for a pattern, with its numbers filled in, as one line of text.

    Normal numbers have 1.m and e - bias, subnormal ones and zero 0.m and 1 - bias; infinity and NaN give their reason.
    Errors: as `bits`. Source: slides S7 and S8.

    >>> from course_lib.number_formats import FP16
    >>> formula(0x4248, FP16)
    '(-1)^0 × 2^(16 - 15) × 1.5703125 = 3.140625'
    >>> formula(0x0001, FP16)
    '(-1)^0 × 2^(1 - 15) × 0.0009765625 = 5.9604644775390625e-8'
    """
    parts = _one(pattern, fmt)
    exact = _exact(decode(pattern, fmt))
    value = f"= {exact}" if len(exact) <= LONGEST_VALUE else f"≈ {decode(pattern, fmt):.17g}"
    if isinstance(fmt, IntFormat):
        return f"-{parts.sign} × 2^{fmt.significand_bits} + {parts.significand} {value}"
    if parts.kind == "infinity":
        return f"(-1)^{parts.sign} × infinity {value}, as the exponent is all ones and the significand is 0"
    if parts.kind == "nan":
        reason = (
            "the exponent is all ones and the significand is not 0"
            if fmt.has_infinity
            else "all bits after the sign are ones"
        )
        return f"not a number, as {reason}"
    exponent = parts.exponent if parts.kind == "normal" else 1
    multiplier = _exact((parts.kind == "normal") + parts.significand / 2**fmt.significand_bits)
    return f"(-1)^{parts.sign} × 2^({exponent} - {fmt.bias}) × {multiplier} {value}"


def formula_latex(pattern: int, fmt: Format) -> str:
    r"""Return `formula` in LaTeX, without the dollar signs. Errors: as `bits`. Source: slides S7 and S8.

    >>> from course_lib.number_formats import FP16
    >>> formula_latex(0x4248, FP16)
    '(-1)^{0} \\times 2^{16 - 15} \\times 1.5703125 = 3.140625'
    """
    latex = formula(pattern, fmt)
    for text, replacement in _TO_LATEX:
        latex = re.sub(text, replacement, latex)
    return latex


_TO_LATEX = (
    (r"(not a number, )?(as .*)", r"\\text{\1\2}"),
    (r"\^(?:\((.*?)\)|(\d+))", r"^{\1\2}"),
    (r"e\+?(-?\d+)", r" \\times 10^{\1}"),
    ("×", r"\\times"),
    ("≈", r"\\approx"),
    ("infinity", r"\\infty"),
)


def _one(pattern: Any, fmt: Format) -> Fields:
    parts = fields(pattern, fmt)
    if not isinstance(parts.sign, int):
        raise TypeError(f"pattern must be one integer, not an array; got {pattern!r}")
    return parts


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


def _exact(value: float) -> str:
    return str(Decimal(value)).replace("E", "e").replace("Infinity", "infinity")
