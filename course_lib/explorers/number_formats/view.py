"""What the explorer of slides S6 to S8 shows: a pattern, its value, the numbers around it, and its fate elsewhere."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from course_lib._arguments import one_of, shown
from course_lib.number_formats import (
    FORMATS,
    Carried,
    Fields,
    FloatFormat,
    Format,
    Formula,
    IntFormat,
    NumberLine,
    carry_into,
    encode,
    encode_decimal,
    exact_decimal,
    exact_texts,
    number_line,
    parse_bits,
    read_decimal,
    read_pattern,
)

ORDER = ("fp32", "fp16", "bf16", "int8", "fp64", "tf32", "fp8 e4m3", "fp8 e5m2", "fp4 e2m1", "int4")
"""The formats of slide S6 first."""

OWN = "your own bits"
PI = "3.14159265358979323846"
SLIDE_FP16, SLIDE_FP32 = "slide S7: pi in fp16", "slide S7: pi in fp32"
SLIDE_BITS = {
    SLIDE_FP16: ("fp16", "0 10000 1001001000"),
    SLIDE_FP32: ("fp32", "0 10000000 100100100000111111011011"),
}
SPECIAL: dict[str, Callable[[FloatFormat], float]] = {
    "smallest subnormal": lambda fmt: fmt.smallest_subnormal,
    "smallest normal": lambda fmt: fmt.smallest_normal,
    "largest": lambda fmt: fmt.largest,
    "1 + epsilon": lambda fmt: 1 + fmt.epsilon,
    "-0": lambda fmt: -0.0,
    "infinity": lambda fmt: math.inf,
    "quiet NaN": lambda fmt: math.nan,
}
"""The presets that each float format has its own number for."""
PRESETS = (
    OWN, "pi", "0.1", "smallest subnormal", "smallest normal", "largest", "1 + epsilon", "-0", "infinity", "quiet NaN",
    SLIDE_FP16, SLIDE_FP32,
)  # fmt: skip
KINDS = {"integer": "an integer", "zero": "a zero"}
LONGEST_EXACT = 19
"""The most characters that a number is written with, every digit of it; else it has 17 digits."""

LINE_REACH = 4.4
"""How far the number line goes to either side, in steps at the value shown."""

EXPONENT = re.compile(r"e\+?(-?)0*(\d)")


@dataclass(frozen=True)
class Point:
    """A number that the format has, on the number line; `place` is counted in steps from the number shown."""

    pattern: int
    place: float
    label: str


@dataclass(frozen=True)
class FloatDecoderView:
    """What the decoder shows of a pattern: its fields, its value, the numbers around it, and its value in each format.

    `exact` is the value in decimal, every digit; `value` the number asked for, in writing; `step` one unit in the last
    place (`None` for infinity and NaN), and `one_step` the same in three digits; `below` and `above` are the
    neighbours in writing, `None` where there is none; `wanted_place` is where `value` lies on the line, in steps
    (infinite beyond the line's ends, `None` for NaN); `carried` is by format, with `None` where a format cannot hold
    the value at all.
    """

    pattern: int
    format: Format
    fields: Fields
    hexadecimal: str
    binary: str
    formula: Formula
    exact: str
    value: str
    step: float | None
    one_step: str
    points: tuple[Point, ...]
    below: str | None
    above: str | None
    wanted_place: float | None
    carried: dict[str, Carried | None]

    @property
    def sentence(self) -> str:
        """The answer in plain words: what the pattern is, and how far that is from what was asked for."""
        name, kind, fate = f"{self.format.name} {self.hexadecimal}", self.fields.kind, self.fate
        if kind == "nan":
            return f"{name} is not a number: equal to nothing, not even to itself."
        what = f", {KINDS.get(kind, f'a {kind} number')}"
        if kind == "infinity":
            what = "" if fate else ", where all that is too large goes"
        return f"{name} is {shortened(self.exact, 24)}{what}{f': {fate}' if fate else ''}."

    @property
    def hidden_bit(self) -> int:
        """What stands before the point of the significand."""
        return int(self.fields.kind == "normal")

    @property
    def fate(self) -> str:
        """What became of the number asked for, where it was not stored as it is."""
        own = self.carried[self.format.name]
        if own is None or own.outcome == "exact":
            return ""
        ends = {"rounded": f"off by {brief([own.absolute_error])[0]}", "underflow": "too small"}
        return f"{shortened(self.value, 14)} is {ends.get(own.outcome, 'too large')}"

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """The formula with its numbers, the numbers beside it, and what the formats make of the number asked for."""
        parts, own, left = self.fields, self.carried[self.format.name], self.formula.left
        significand = f"m = {parts.significand}"
        if self.formula.bias:
            left = left.replace(f"× {self.formula.multiplier}", f"× {self.hidden_bit}.m")
            significand = f"{self.hidden_bit}.m = {shortened(self.formula.multiplier, 17)}"
        error = "none"
        if own and own.outcome != "exact":
            absolute, relative = brief([own.absolute_error, own.relative_error])
            error = absolute if absolute == relative else f"{absolute} (relative {relative})"
        outcomes = {name: there.outcome for name, there in self.carried.items() if there}
        return (
            ("Formula", left),
            ("Significand", significand),
            ("One step", self.one_step or "none"),
            ("Next smaller", self.below or "none"),
            ("Next larger", self.above or "none"),
            ("Asked for", shortened(self.value, 24)),
            ("Error", error),
            ("Exact in", some(name for name, outcome in outcomes.items() if outcome == "exact")),
            ("Too large for", some(name for name, outcome in outcomes.items() if outcome in ("overflow", "saturated"))),
        )


def preset_number(preset: str, fmt: Format) -> tuple[int, str]:
    """Return the pattern of a preset in a format, and its value in writing.

    Errors: `ValueError` for a preset that the format does not have, with the reason.
    """
    if preset in SLIDE_BITS:
        name, line = SLIDE_BITS[preset]
        if name != fmt.name:
            raise ValueError(f"{shown(preset)} is a pattern of {name}, not of {fmt.name}")
        pattern = parse_bits(line, fmt)
    elif preset in ("pi", "0.1"):
        text = PI if preset == "pi" else preset
        return encode_decimal(text, fmt), text
    elif isinstance(fmt, IntFormat):
        if preset != "largest":
            raise ValueError(f"{fmt.name} has no {preset}: it has the integers {fmt.smallest} to {fmt.largest}")
        pattern = fmt.largest
    elif preset == "infinity" and not fmt.has_infinity:
        raise ValueError(f"{fmt.name} has no infinity: its largest number is {fmt.largest:g}")
    elif preset == "quiet NaN" and not fmt.has_nan:
        raise ValueError(f"{fmt.name} has no NaN: each of its {2**fmt.bits} patterns is a number")
    else:
        pattern = int(encode(SPECIAL[one_of("preset", preset, SPECIAL)](fmt), fmt))
    return pattern, exact_decimal(pattern, fmt)


def float_decoder_view(pattern: int, format: str, value: str | None = None, preset: str = OWN) -> FloatDecoderView:
    """Return what the decoder shows for a pattern in a format.

    `value` is the number asked for, in writing, which the format rounds to this pattern (the pattern's own value,
    unless told); it is carried into every format. `preset` is what the pattern was chosen by.
    Errors: `ValueError` as `decode`, `carry` and `preset_number` raise it, and for a `value` that is another pattern's.
    """
    fmt = FORMATS[format if format in FORMATS else one_of("format", format, FORMATS)]
    if preset != OWN:
        preset_number(one_of("preset", preset, PRESETS), fmt)
    read = read_pattern(pattern, fmt)
    wanted = read.exact if value is None else value
    carried = dict(zip(ORDER, carry_into(wanted, map(FORMATS.__getitem__, ORDER)), strict=True))
    own = carried[fmt.name]
    if own is None:
        raise ValueError(f"value must be a number, for {fmt.name} has no NaN; got nan")
    if own.pattern != pattern and read.fields.kind != "nan":
        raise ValueError(f"value {shown(wanted)} is not stored as {read.hexadecimal} in {fmt.name}")
    around = None if read.fields.kind == "nan" else number_line(pattern, fmt, LINE_REACH)
    points, below, above = _points(around) if around else ((), None, None)
    return FloatDecoderView(
        pattern=pattern,
        format=fmt,
        fields=read.fields,
        hexadecimal=read.hexadecimal,
        binary=read.bits,
        formula=read.formula,
        exact=read.exact,
        value=wanted,
        step=read.step,
        one_step="" if read.step is None else brief([read.step])[0],
        points=points,
        below=below,
        above=above,
        wanted_place=_place(wanted, around) if around else None,
        carried=carried,
    )


def _points(around: NumberLine) -> tuple[tuple[Point, ...], str | None, str | None]:
    """Return the numbers on the line with labels that tell them apart, and the two neighbours in writing, if any."""
    values, exact, digits = around.values, exact_texts(around.values), 6
    while digits < 17 and len(set(map(f"{{:.{digits}g}}".format, values))) < len(values):
        digits += 1
    points, full = [], _abridged(exact, values)
    for pattern, place, value, text in zip(around.patterns, around.places, values, exact, strict=True):
        label = text if len(text) <= 9 else EXPONENT.sub(r"e\1\2", f"{value:#.{digits}g}")
        points.append(Point(pattern, place, label))
    beside: list[str | None] = [None, None]
    for side, at in enumerate((around.here - 1, around.here + 1)):
        if 0 <= at < len(values):
            beside[side] = full[at]
    return tuple(points), beside[0], beside[1]


def _place(text: str, around: NumberLine) -> float | None:
    """Return where a number in writing lies on the line, in steps: infinite beyond its ends, and `None` for NaN."""
    wanted = read_decimal(text)
    if wanted.is_nan():
        return None
    if not wanted.is_finite():
        return 0.0 if float(wanted) == around.values[around.here] else float(wanted)
    off = (Fraction(wanted) - around.middle) / around.step
    if abs(off) > LINE_REACH:
        return math.inf if off > 0 else -math.inf
    return float(off)


def written(values: list[float]) -> list[str]:
    """Return each value exactly where 19 characters are enough for it, else rounded to 17 digits."""
    return _abridged(exact_texts(values), values)


def _abridged(exact: Sequence[str], values: Sequence[float]) -> list[str]:
    """Return the exact text of each value, or where that is too long its 17 digits."""
    texts = list(exact)
    for at, value in enumerate(values):
        if len(texts[at]) > LONGEST_EXACT:
            texts[at] = EXPONENT.sub(r"e\1\2", f"{value:.17g}")
    return texts


def brief(sizes: Sequence[float | Decimal]) -> list[str]:
    """Return the size of each error or step with three digits."""
    texts = []
    for size in sizes:
        exact = "infinite" if size == math.inf else "0" if size == 0 else ""
        digits = re.sub(r"\.?0+(?=e)", "", f"{size:.3g}")  # a Decimal keeps the zeros that a float leaves out
        texts.append(exact or EXPONENT.sub(r"e\1\2", digits))
    return texts


def shortened(text: str, length: int) -> str:
    """Return a text, or its beginning and its power of ten, in at most so many characters."""
    if len(text) <= length:
        return text
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa[: length - 3 - len(e + exponent)]}...{e}{exponent}"


def some(formats: Iterable[str]) -> str:
    """Return the names of some of the formats in few words."""
    named = set(formats)
    for chosen, words in ((named, ""), (set(ORDER) - named, "all but ")):
        if chosen and len(chosen) <= len(ORDER) / 2:
            return words + ", ".join(name.removeprefix("fp8 ").removeprefix("fp4 ") for name in ORDER if name in chosen)
    return "all" if named else "none"
