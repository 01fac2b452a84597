"""Number formats in writing: a pattern as bits, as an exact decimal, and as the slide's formula with numbers in it.

Slide S7 prints pi as `0 10000 1001001000` and (-1)^0 x 2^(16 - 15) x 1.5703125. These functions write and read such
lines, one pattern at a time, and never round without a sign of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
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
    return exact_text(decode(pattern, fmt))


@dataclass(frozen=True, slots=True)
class Formula:
    """The formula that holds for one pattern: its numbers, and the line that they make, as text and in LaTeX.

    A float is (-1)^sign x 2^(exponent - bias) x multiplier, where the multiplier is 1.m or 0.m; an integer is
    -sign x 2^exponent + m, and its m stands in `multiplier`. Both are decimal, with every digit; `value` is too where
    it is `exact`, else it has 17 digits. `kind` is that of `Fields`; infinity and NaN have a `reason` instead.
    Source: slides S7 and S8.

    >>> from course_lib.number_formats import FP16
    >>> pi = formula(0x4248, FP16)
    >>> pi.exponent - pi.bias, pi.multiplier, pi.value, pi.left
    (1, '1.5703125', '3.140625', '(-1)^0 × 2^(16 - 15) × 1.5703125')
    """

    kind: str
    sign: int
    value: str
    exact: bool = True
    exponent: int = 0
    bias: int = 0
    multiplier: str = ""
    reason: str = ""

    @property
    def left(self) -> str:
        """What stands before the value: the factors of a float, the terms of an integer."""
        if self.kind == "integer":
            return f"-{self.sign} × 2^{self.exponent} + {self.multiplier}"
        if self.kind == "nan":
            return "not a number"
        factor = "infinity" if self.kind == "infinity" else f"2^({self.exponent} - {self.bias}) × {self.multiplier}"
        return f"(-1)^{self.sign} × {factor}"

    @property
    def text(self) -> str:
        """The formula as one line of text."""
        right = "" if self.kind == "nan" else f" {'=' if self.exact else '≈'} {self.value}"
        return f"{self.left}{right}{f', as {self.reason}' if self.reason else ''}"

    @property
    def latex(self) -> str:
        r"""The formula in LaTeX, without the dollar signs.

        >>> from course_lib.number_formats import FP16
        >>> formula(0x4248, FP16).latex
        '(-1)^{0} \\times 2^{16 - 15} \\times 1.5703125 = 3.140625'
        """
        if self.kind == "nan":
            return rf"\text{{{self.text}}}"
        equals = "=" if self.exact else r"\approx"
        right = f"{equals} {_in_latex(self.value)}"
        if self.kind == "integer":
            return rf"-{self.sign} \times 2^{{{self.exponent}}} + {self.multiplier} {right}"
        sign = rf"(-1)^{{{self.sign}}} \times"
        if self.kind == "infinity":
            return rf"{sign} \infty = {'-' * self.sign}\infty, \text{{as {self.reason}}}"
        power = f"2^{{{self.exponent} - {self.bias}}}"
        return rf"{sign} {power} \times {_in_latex(self.multiplier)} {right}"

    def __str__(self) -> str:
        """Return the text, so that a lesson can print a formula."""
        return self.text


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
    parts, number = _one(pattern, fmt), decode(pattern, fmt)
    value = exact_text(number)
    if isinstance(fmt, IntFormat):
        return Formula(parts.kind, parts.sign, value, exponent=fmt.significand_bits, multiplier=str(parts.significand))
    if parts.kind == "infinity":
        return Formula(parts.kind, parts.sign, value, reason="the exponent is all ones and the significand is 0")
    if parts.kind == "nan":
        all_ones = "the exponent is all ones and the significand is not 0"
        reason = all_ones if fmt.has_infinity else "all bits after the sign are ones"
        return Formula(parts.kind, parts.sign, value, reason=reason)
    exact, normal = len(value) <= LONGEST_VALUE, parts.kind == "normal"
    return Formula(
        parts.kind,
        parts.sign,
        value if exact else f"{number:.17g}",
        exact,
        exponent=parts.exponent if normal else 1,
        bias=fmt.bias,
        multiplier=exact_text(normal + parts.significand / 2**fmt.significand_bits),
    )


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
    return str(Decimal(value)).replace("E", "e").replace("Infinity", "infinity")


def _in_latex(number: str) -> str:
    """Return a number as Python writes it with its power of ten, if it has one, in LaTeX."""
    mantissa, e, power = number.partition("e")
    return rf"{mantissa} \times 10^{{{int(power)}}}" if e else mantissa


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
