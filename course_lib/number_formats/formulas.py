"""The slide's formula with the numbers of one pattern in it, as text and in LaTeX."""

from __future__ import annotations

from dataclasses import dataclass

from course_lib.number_formats.formats import Format, IntFormat
from course_lib.number_formats.patterns import Fields

LONGEST_VALUE = 60
"""The most characters that `formula` spends on an exact value; a longer one is rounded to 17 digits, after a ≈."""


@dataclass(frozen=True, slots=True)
class Formula:
    """The formula that holds for one pattern: its numbers, and the line that they make, as text and in LaTeX.

    A float is (-1)^sign x 2^(exponent - bias) x multiplier, where the multiplier is 1.m or 0.m; an integer is
    -sign x 2^exponent + m, and its m stands in `multiplier`. Both are decimal, with every digit; `value` is too where
    it is `exact`, else it has 17 digits. `kind` is that of `Fields`; infinity and NaN have a `reason` instead.
    Source: slides S7 and S8.

    >>> from course_lib.number_formats import FP16, formula
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

        >>> from course_lib.number_formats import FP16, formula
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


def formula_of(parts: Fields, number: float, value: str, multiplier: str, fmt: Format) -> Formula:
    """Return the formula of a pattern from its fields, its value, and the texts of its value and of 1.m or 0.m.

    Source: slides S7 and S8.
    """
    if isinstance(fmt, IntFormat):
        return Formula(parts.kind, parts.sign, value, exponent=fmt.significand_bits, multiplier=str(parts.significand))
    if parts.kind == "infinity":
        return Formula(parts.kind, parts.sign, value, reason="the exponent is all ones and the significand is 0")
    if parts.kind == "nan":
        all_ones = "the exponent is all ones and the significand is not 0"
        reason = all_ones if fmt.has_infinity else "all bits after the sign are ones"
        return Formula(parts.kind, parts.sign, value, reason=reason)
    exact, exponent = len(value) <= LONGEST_VALUE, parts.exponent if parts.kind == "normal" else 1
    shown = value if exact else f"{number:.17g}"
    return Formula(parts.kind, parts.sign, shown, exact, exponent=exponent, bias=fmt.bias, multiplier=multiplier)


def _in_latex(number: str) -> str:
    """Return a number as Python writes it with its power of ten, if it has one, in LaTeX."""
    mantissa, e, power = number.partition("e")
    return rf"{mantissa} \times 10^{{{int(power)}}}" if e else mantissa
