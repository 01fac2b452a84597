"""What the pictures of bits share: the field that a bit belongs to, what it weighs, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from course_lib.number_formats import Format, IntFormat


@dataclass(frozen=True)
class Grid:
    """Where the bits of a pattern stand in a picture, in points: row by row, each of so many `columns`."""

    columns: int
    top: float
    width: float
    height: float

    def cell(self, at: int) -> tuple[float, float]:
        """Return the upper left corner of a bit, counted as it is written, from 0."""
        row, column = divmod(at, self.columns)
        return column * self.width, self.top + row * self.height

    def lay_out(self, layout: Any, across: float) -> None:
        """Let a box of buttons lie on these bits in a picture `across` points wide, a length being a share of that."""
        share = 100 / across
        layout.grid_template_columns = f"repeat({self.columns}, {self.width * share:.4f}cqw)"
        layout.grid_auto_rows, layout.top = f"{self.height * share:.4f}cqw", f"{self.top * share:.4f}cqw"


def field_of(bit: int, fmt: Format) -> str:
    """Return the name of the field that a bit belongs to; bit 0 is the last one written.

    The bit of an integer that weighs less than 0 is its sign.
    """
    if bit == fmt.bits - 1:
        return "sign"
    return "exponent" if bit >= fmt.significand_bits else "significand"


def weight_of(bit: int, fmt: Format) -> str:
    """Return what a bit weighs if it is set: in an integer, in the exponent e, or in m of the significand 1.m."""
    if isinstance(fmt, IntFormat):
        return f"{-(2**bit) if bit == fmt.bits - 1 else 2**bit}"
    return "±" if bit == fmt.bits - 1 else f"2^{bit - fmt.significand_bits}"


def names_of(bit: int, fmt: Format) -> tuple[str, str]:
    """Return what a bit is called, and that with its weight."""
    field = "integer" if isinstance(fmt, IntFormat) else field_of(bit, fmt)
    name, weight = f"{field} bit {bit}", weight_of(bit, fmt)
    if field == "integer":
        return (f"{name}, weighs {weight}",) * 2
    return name, f"{name}: 1 makes it negative" if field == "sign" else f"{name}: weighs {weight}"
