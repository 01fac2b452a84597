"""The explorer of slides S6 to S8: a pattern of bits, what it stands for, and what each format makes of its value."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import ipywidgets as widgets
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle

from course_lib._arguments import one_of
from course_lib.explorers.base import Explorer
from course_lib.explorers.controls import choice
from course_lib.explorers.number_formats.bits import FIELD_COLOURS, BitPattern, hexadecimal
from course_lib.explorers.picture import BLUE, FAINT, INK, MUTED, RED, SKY
from course_lib.number_formats import (
    FORMATS,
    Carried,
    Fields,
    FloatFormat,
    Format,
    Formula,
    IntFormat,
    bits,
    carry,
    decode,
    encode,
    encode_decimal,
    exact_decimal,
    exact_text,
    fields,
    formula,
    neighbours,
    parse_bits,
    read_decimal,
    spacing,
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
PRESETS = (
    OWN, "pi", "0.1", "smallest subnormal", "smallest normal", "largest", "1 + epsilon", "-0", "infinity", "quiet NaN",
    SLIDE_FP16, SLIDE_FP32,
)  # fmt: skip
LINE_REACH = 4.4
"""How far the number line goes to either side, in steps at the value shown."""


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
    place (`None` for infinity and NaN); `wanted_place` where `value` lies on the line, in steps (`None` off the line);
    `carried` is by format, with `None` where a format cannot hold the value at all.
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
    points: tuple[Point, ...]
    wanted_place: float | None
    carried: dict[str, Carried | None]
    sentence: str


def preset_number(preset: str, fmt: Format) -> tuple[int, str]:
    """Return the pattern of a preset in a format, and its value in writing.

    Errors: `ValueError` for a preset that the format does not have, with the reason.
    """
    if preset in SLIDE_BITS:
        name, line = SLIDE_BITS[preset]
        if name != fmt.name:
            raise ValueError(f"{preset!r} is a pattern of {name}, not of {fmt.name}")
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
        pattern = _special(preset, fmt)
    return pattern, exact_decimal(pattern, fmt)


def _special(preset: str, fmt: FloatFormat) -> int:
    special = {
        "smallest subnormal": fmt.smallest_subnormal,
        "smallest normal": fmt.smallest_normal,
        "largest": fmt.largest,
        "1 + epsilon": 1 + fmt.epsilon,
        "-0": -0.0,
        "infinity": math.inf,
        "quiet NaN": math.nan,
    }
    return int(encode(special[one_of("preset", preset, special)], fmt))


def float_decoder_view(pattern: int, format: str, value: str | None = None, preset: str = OWN) -> FloatDecoderView:
    """Return what the decoder shows for a pattern in a format.

    `value` is the number asked for, in writing, which the format rounds to this pattern (the pattern's own value,
    unless told); it is carried into every format. `preset` is what the pattern was chosen by.
    Errors: `ValueError` as `decode`, `carry` and `preset_number` raise it, and for a `value` that is another pattern's.
    """
    fmt = FORMATS[one_of("format", format, FORMATS)]
    if one_of("preset", preset, PRESETS) != OWN:
        preset_number(preset, fmt)
    parts, exact = fields(pattern, fmt), exact_decimal(pattern, fmt)
    wanted = exact if value is None else value
    if encode_decimal(wanted, fmt) != pattern and parts.kind != "nan":
        raise ValueError(f"value {wanted!r} is not stored as {hexadecimal(pattern, fmt)} in {fmt.name}")
    carried = {name: _carried(wanted, FORMATS[name]) for name in ORDER}
    finite = parts.kind not in ("infinity", "nan")
    view = FloatDecoderView(
        pattern=pattern,
        format=fmt,
        fields=parts,
        hexadecimal=hexadecimal(pattern, fmt),
        binary=bits(pattern, fmt),
        formula=formula(pattern, fmt),
        exact=exact,
        value=wanted,
        step=spacing(pattern, fmt) if finite else None,
        points=() if parts.kind == "nan" else _points(pattern, fmt),
        wanted_place=_place(wanted, pattern, fmt) if finite else None,
        carried=carried,
        sentence="",
    )
    return FloatDecoderView(**{**vars(view), "sentence": _sentence(view)})


def _carried(text: str, fmt: Format) -> Carried | None:
    try:
        return carry(text, fmt)
    except ValueError:
        return None


def _centre(pattern: int, fmt: Format) -> tuple[Fraction, Fraction]:
    """Return where the line's middle lies and one step there; infinity stands one step beyond the largest number."""
    if math.isinf(decode(pattern, fmt)):
        beside = neighbours(pattern, fmt)
        largest = beside.below if decode(pattern, fmt) > 0 else beside.above
        step = Fraction(spacing(largest, fmt))
        return Fraction(decode(largest, fmt)) + (step if decode(pattern, fmt) > 0 else -step), step
    return Fraction(decode(pattern, fmt)), Fraction(spacing(pattern, fmt))


def _points(pattern: int, fmt: Format) -> tuple[Point, ...]:
    """Return the numbers on the line, smallest first, the pattern's own among them."""
    middle, step = _centre(pattern, fmt)
    found = {0.0: pattern}
    for side in (0, 1):
        here = pattern
        while (beside := neighbours(here, fmt)[side]) != here:
            place = float((_centre(beside, fmt)[0] - middle) / step)
            if abs(place) > LINE_REACH:
                break
            found.setdefault(place, int(beside))
            here = beside
    values = [decode(beside, fmt) for beside in found.values()]
    digits = next((n for n in range(6, 17) if len({f"{value:.{n}g}" for value in values}) == len(values)), 17)
    labels = [text if len(text := exact_text(value)) <= 9 else _tidy(f"{value:#.{digits}g}") for value in values]
    points = [Point(*point) for point in zip(found.values(), found, labels, strict=True)]
    return tuple(sorted(points, key=lambda point: point.place))


def _place(text: str, pattern: int, fmt: Format) -> float | None:
    """Return where a number in writing lies on the line, in steps, or `None` off the line."""
    wanted, (middle, step) = read_decimal(text), _centre(pattern, fmt)
    if not wanted.is_finite():
        return None
    place = float((Fraction(wanted) - middle) / step)
    return place if abs(place) <= LINE_REACH else None


def _tidy(text: str) -> str:
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if e else text


def _written(value: float) -> str:
    """Return a value exactly where 19 characters are enough for it, else rounded to 17 digits."""
    return exact if len(exact := exact_text(value)) <= 19 else _tidy(f"{value:.17g}")


def _error(value: float) -> str:
    return "infinite" if math.isinf(value) else "0" if value == 0 else _tidy(f"{value:.3g}")


def _shortened(text: str, length: int) -> str:
    if len(text) <= length:
        return text
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa[: length - 3 - len(e + exponent)]}...{e}{exponent}"


def _sentence(view: FloatDecoderView) -> str:
    fmt, kind = view.format, view.fields.kind
    if kind == "nan":
        return (
            f"{fmt.name} {view.hexadecimal} is {view.formula}. It is equal to nothing, not even to itself, and stands "
            "nowhere on the number line."
        )
    what = {"integer": "an integer", "infinity": "where all that is too large goes", "zero": "a zero"}.get(
        kind, f"a {kind} number"
    )
    filled_in = _shortened(view.formula.left, 52)
    sentence = f"{fmt.name} {view.hexadecimal} is {_shortened(view.exact, 46)}, {what}: {filled_in}."
    beside = neighbours(view.pattern, fmt)
    below, above = (_written(decode(each, fmt)) for each in beside)
    if view.pattern not in beside:
        sentence += f" Its neighbours are {below} and {above}"
    elif view.fields.sign:
        sentence += f" Nothing lies below it; the number above it is {above}"
    else:
        sentence += f" Nothing lies above it; the number below it is {below}"
    sentence += "." if view.step is None else f"; one step here is {_error(view.step)}."
    return sentence + _fate(view)


def _fate(view: FloatDecoderView) -> str:
    """Say what becomes of the value asked for, here and in the formats that are too small for it."""
    own, wanted = view.carried[view.format.name], _shortened(view.value, 24)
    text = ""
    if own and own.outcome == "rounded":
        text = f" {wanted} is stored with an error of {_error(own.absolute_error)}"
        text += f" (relative {_error(own.relative_error)})."
    elif own and own.outcome == "underflow":
        text = f" {wanted} is too small: it becomes 0."
    elif own and own.outcome != "exact":
        text = f" {wanted} is too large: it becomes {_written(own.value)}."
    lost = [name for name, there in view.carried.items() if there and there.outcome in ("overflow", "saturated")]
    others = [name for name in lost if name != view.format.name]
    return f"{text} It is too large for {', '.join(others)}." if others else text


HEIGHT, WIDTH = 3.0, 8.4
LINE, STEP = HEIGHT - 1.0, 0.93
ROWS, ROW = HEIGHT - 1.55, 0.145
MOST_LABELS = 13
DECADES = (-50, 50)
RANGE = (1.55, 3.55)
COLUMNS = {"stored": 3.75, "error": 5.62, "relative": 6.47, "outcome": 7.32}
SMALL: Any = {"fontsize": 7.5, "va": "center"}


class Cells(Artist):
    """Many short texts, each from a fixed place to the right, drawn without the layout that matplotlib gives each."""

    def __init__(self, axes: Any, places: list[tuple[float, float]], size: float) -> None:
        """Put empty texts of `size` points at `places`, in the data coordinates of `axes`."""
        super().__init__()
        self.texts = [""] * len(places)
        self._font, self._places, self._to_pixels = FontProperties(size=size), places, axes.transData
        axes.add_artist(self)

    def draw(self, renderer: Any) -> None:
        """Draw the texts that are not empty, centred on their places' height."""
        context = renderer.new_gc()
        context.set_foreground(INK)
        drop = renderer.points_to_pixels(0.36 * self._font.get_size_in_points())
        for (x, y), text in zip(self._to_pixels.transform(self._places), self.texts, strict=True):
            if text:
                renderer.draw_text(context, x, self.figure.bbox.height - y + drop, text, self._font, 0)
        context.restore()


class FloatDecoder(Explorer):
    """A pattern of bits to click on, and what it stands for: (-1)^S x 2^(e - bias) x 1.m, or where that does not hold.

    Above: the formula with its numbers, in the colours of the bits. Middle: the numbers that the format has around
    this one. Below: the value carried into every format, with size, digits and range of each.
    Initial values by name: format, preset, value (in writing: "0.1"), pattern (an int, of the format's width).
    """

    view = staticmethod(float_decoder_view)
    figure_size = (WIDTH, HEIGHT)

    def make_controls(self) -> dict[str, widgets.Widget]:
        """Return the controls; the pattern is what counts, and the others lead or follow it."""
        self._leading = False
        preset, format = choice("Start from", PRESETS, "pi"), choice("Format", ORDER, "fp32")
        value = widgets.Text(description="Decimal", value=PI, continuous_update=False)
        for control, label, width in ((format, 90, 200), (preset, 76, 286), (value, 66, 366)):
            control.style.description_width, control.layout.width = f"{label}px", f"{width}px"
        pattern = BitPattern(FORMATS["fp32"], encode_decimal(PI, FORMATS["fp32"]))
        preset.observe(self._follow_preset, "value")
        format.observe(self._follow_format, "value")
        value.observe(self._follow_value, "value")
        pattern.observe(self._follow_pattern, ["value", "problem"])
        controls = {"format": format, "preset": preset, "value": value, "pattern": pattern}
        for control in controls.values():
            control.observe(self._settle, [n for n in ("value", "problem") if control.has_trait(n)])
        self._settled = {name: control.value for name, control in controls.items()}
        return controls

    def arrange(self) -> widgets.Widget:
        """Return the choices and the value in one row, above the pattern in all its forms."""
        *first, pattern = self.controls.values()
        row = widgets.HBox(first, layout={"flex_flow": "row wrap"}).add_class("course-controls")
        return widgets.VBox([row, pattern])

    def _set(self, values: dict[str, Any]) -> None:
        super()._set({name: values[name] for name in self.controls if name in values} | values)

    def values(self) -> dict[str, Any]:
        """Return the controls' values by name, as they were last in agreement."""
        return dict(self._settled)

    def _settle(self, _change: Any) -> None:
        if not self._leading:
            self._settled = super().values()

    @contextmanager
    def _lead(self) -> Iterator[dict[str, Any]]:
        """Let one control set others: without their answer, and without a drawing, which that one brings about."""
        self._leading = True
        self._held += 1
        try:
            yield self.controls
        finally:
            self._held -= 1
            self._leading = False

    def _follow_preset(self, change: Any) -> None:
        preset = change["new"]
        if self._leading or preset == OWN:
            return
        with self._lead() as controls:
            if preset in SLIDE_BITS:
                controls["format"].value, line = SLIDE_BITS[preset]
                controls["value"].value = PI
                self._carry_over()
                controls["pattern"].binary.value = line
            self._take_preset(preset)

    def _follow_format(self, _change: Any) -> None:
        if self._leading:
            return
        with self._lead() as controls:
            self._carry_over()
            if controls["preset"].value in SLIDE_BITS:
                controls["preset"].value = OWN
            self._take_preset(controls["preset"].value)

    def _follow_value(self, change: Any) -> None:
        if self._leading:
            return
        with self._lead() as controls:
            pattern = _stored(change["new"], controls["pattern"].format)
            if pattern is not None:
                controls["pattern"].show(controls["pattern"].format, pattern)
            controls["preset"].value = OWN

    def _follow_pattern(self, _change: Any) -> None:
        if self._leading or self.controls["pattern"].problem:
            return
        with self._lead() as controls:
            controls["value"].value = exact_decimal(controls["pattern"].value, controls["pattern"].format)
            controls["preset"].value = OWN

    def _take_preset(self, preset: str) -> None:
        """Set pattern and value to a preset's, where the format has it; where not, `view` says why."""
        if preset == OWN:
            return
        pattern = self.controls["pattern"]
        try:
            number, text = preset_number(preset, pattern.format)
        except ValueError:
            return
        pattern.show(pattern.format, number)
        self.controls["value"].value = text

    def _carry_over(self) -> None:
        """Store the value in the format chosen now: as it was asked for, else as it was stored, else as 0."""
        pattern, value, fmt = self.controls["pattern"], self.controls["value"], FORMATS[self.controls["format"].value]
        if _stored(value.value, pattern.format) is None:
            value.value = exact_decimal(pattern.value, pattern.format)
        pattern.show(fmt, _stored(value.value, fmt) or 0)

    def build(self, figure: Figure) -> None:
        """Draw what never changes (the table's head, the ranges, the line) and the artists that do, all in inches."""
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set(xlim=(-0.02, WIDTH + 0.02), ylim=(0, HEIGHT))
        axes.axis("off")
        self._build_formula(axes)
        self._build_line(axes)
        self._build_table(axes)

    def _build_formula(self, axes: Any) -> None:
        self._factors, self._signs = [], []
        for x, width, name in ((0.0, 0.85, "sign"), (1.05, 1.75, "exponent"), (3.0, 5.4, "significand")):
            axes.add_patch(Rectangle((x, HEIGHT - 0.31), width, 0.29, facecolor=FIELD_COLOURS[name], alpha=0.55))
            middle = x + width / 2
            self._factors.append(self.moving(axes.text(middle, HEIGHT - 0.165, "", ha="center", va="center")))
        for x in (0.95, 2.9):
            self._signs.append(self.moving(axes.text(x, HEIGHT - 0.165, "", ha="center", va="center")))
        result = axes.text(0, HEIGHT - 0.43, "", va="center", fontweight="bold")
        self._result = self.moving(result)
        self._kind = self.moving(axes.text(WIDTH, HEIGHT - 0.43, "", va="center", ha="right"))

    def _build_line(self, axes: Any) -> None:
        axes.plot([0, WIDTH], [LINE, LINE], color=MUTED, linewidth=1)
        self._line_title = self.moving(axes.text(0, LINE + 0.33, "", va="center", fontsize=8.5))
        (ticks,) = axes.plot([], [], "|", color=BLUE, markersize=9, markeredgewidth=1.5)
        (own,) = axes.plot([], [], "o", color=BLUE, markersize=7)
        (wanted,) = axes.plot([], [], "v", color=RED, markersize=7)
        self._ticks, self._own, self._wanted = self.moving(ticks), self.moving(own), self.moving(wanted)
        self._wanted_label = self.moving(axes.text(0, LINE + 0.15, "", **SMALL, color=RED))
        self._labels = [self.moving(axes.text(0, LINE - 0.16, "", **SMALL, ha="center")) for _ in range(MOST_LABELS)]

    def _build_table(self, axes: Any) -> None:
        head: Any = {**SMALL, "color": MUTED}
        for x, text in ((0.85, "bits"), (1.3, "digits")):
            axes.text(x, ROWS + ROW, text, **head, ha="right")
        axes.text(0.06, ROWS + ROW, "format", **head)
        for power, text in ((-40, "1e-40"), (-20, "1e-20"), (0, "1"), (20, "1e20"), (40, "1e40")):
            axes.text(_at(power), ROWS + ROW, text, **head, ha="center")
            axes.plot([_at(power)] * 2, [ROWS + ROW / 2, ROWS - ROW * 9.5], color=FAINT, linewidth=0.8)
        for column, text in (("error", "error"), ("relative", "relative error")):
            axes.text(COLUMNS[column], ROWS + ROW, text, **head)
        self._wanted_head = self.moving(axes.text(COLUMNS["stored"], ROWS + ROW, "", **SMALL, fontweight="bold"))
        heights = [ROWS - ROW * row for row in range(len(ORDER))]
        for y, name in zip(heights, ORDER, strict=True):
            self._build_row(axes, y, FORMATS[name])
        self._cells = self.moving(Cells(axes, [(x, y) for y in heights for x in COLUMNS.values()], 7.5))
        frame = Rectangle((0, 0), WIDTH, ROW, fill=False, edgecolor=INK, linewidth=1)
        (mark,) = axes.plot([], [], color=RED, linewidth=1.4)
        self._frame, self._mark = self.moving(axes.add_patch(frame)), self.moving(mark)

    def _build_row(self, axes: Any, y: float, fmt: Format) -> None:
        axes.text(0.06, y, fmt.name, **SMALL)
        axes.text(0.85, y, fmt.bits, **SMALL, ha="right")
        digits = fmt.decimal_digits if isinstance(fmt, FloatFormat) else ""
        axes.text(1.3, y, digits, **SMALL, ha="right")
        least = math.log10(fmt.smallest_subnormal) if isinstance(fmt, FloatFormat) else 0
        ends = [_at(least), _at(math.log10(fmt.largest))]
        axes.plot(ends, [y, y], color=SKY, linewidth=5, solid_capstyle="butt")
        for end, marker, beyond in ((0, "<", least < DECADES[0]), (1, ">", math.log10(fmt.largest) > DECADES[1])):
            if beyond:
                axes.plot([ends[end]], [y], marker, color=BLUE, markersize=5)

    def draw(self, view: FloatDecoderView) -> None:
        """Fill in the formula, the line and the table."""
        for text, factor in zip(self._factors, factors(view), strict=True):
            text.set_text(factor)
        kind = view.fields.kind
        signs = ("", "+") if kind == "integer" else ("", "") if view.step is None else ("×", "×")
        for text, sign in zip(self._signs, signs, strict=True):
            text.set_text(sign)
        self._result.set_text("not a number" if kind == "nan" else f"= {_shortened(view.exact, 62)}")
        self._kind.set_text(KINDS[kind])
        self._draw_line(view)
        self._draw_table(view)

    def _draw_line(self, view: FloatDecoderView) -> None:
        middle = WIDTH / 2
        self._ticks.set_data([middle + STEP * p.place for p in view.points], [LINE] * len(view.points))
        self._own.set_data([middle] if view.points else [], [LINE] if view.points else [])
        title = f"The numbers that {view.format.name} has around it"
        if view.step is not None:
            title += f": one step, a unit in the last place, is {_error(view.step)} here"
        self._line_title.set_text(title if view.points else "A NaN stands nowhere on the number line")
        place = view.wanted_place if view.wanted_place else None
        shown = [] if place is None else [middle + STEP * place]
        self._wanted.set_data(shown, [LINE + 0.11] * len(shown))
        self._wanted_label.set_text(_shortened(view.value, 24) if shown else "")
        self._wanted_label.set_x(shown[0] + 0.09 if shown else 0)
        chosen = _spaced(view.points)
        for i, label in enumerate(self._labels):
            point = chosen[i] if i < len(chosen) else None
            label.set(text=point.label if point else "", fontweight="normal")
            if point:
                label.set(x=middle + STEP * point.place, fontweight="bold" if point.place == 0 else "normal")

    def _draw_table(self, view: FloatDecoderView) -> None:
        self._wanted_head.set_text(f"{_shortened(view.value, 14)} stored as")
        self._cells.texts = [text for carried in view.carried.values() for text in _row(carried)]
        self._frame.set_y(ROWS - ROW * (ORDER.index(view.format.name) + 0.5))
        wanted = read_decimal(view.value)
        power = float(abs(wanted).log10()) if wanted.is_finite() and wanted else None
        x = [] if power is None else [_at(power)] * 2
        self._mark.set_data(x, [ROWS + ROW / 2, ROWS - ROW * 9.5] if x else [])


KINDS = {
    "normal": "normal: the hidden bit is 1",
    "subnormal": "subnormal: e = 0, the hidden bit is 0",
    "zero": "zero: e = 0 and m = 0",
    "infinity": "infinity: e is all ones, m = 0",
    "nan": "NaN",
    "integer": "two's complement",
}


def factors(view: FloatDecoderView) -> tuple[str, str, str]:
    """Return what stands in the three boxes of the formula: the factors of a float, the terms of an integer."""
    parts, fmt = view.fields, view.format
    if isinstance(fmt, IntFormat):
        return f"-{parts.sign} × 2{_raised(fmt.bits - 1)}", "no exponent", f"m = {parts.significand}"
    sign = f"(-1){_raised(parts.sign)}"
    if view.step is None:
        return sign, f"e = {parts.exponent}, all ones", f"m = {parts.significand}"
    biased, hidden = (parts.exponent, 1) if parts.kind == "normal" else (1, 0)
    multiplier = view.formula.multiplier
    return sign, f"2{_raised(f'{biased} - {fmt.bias}')} = 2{_raised(parts.power)}", f"{hidden}.m = {multiplier}"


def _raised(power: object) -> str:
    return str(power).translate(str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"))


def _stored(text: str, fmt: Format) -> int | None:
    try:
        return encode_decimal(text, fmt)
    except ValueError:
        return None


def _at(power: float) -> float:
    """Return where a power of ten stands in the column of ranges, its ends included."""
    low, high = DECADES
    share = (min(max(power, low), high) - low) / (high - low)
    return RANGE[0] + share * (RANGE[1] - RANGE[0])


def _row(carried: Carried | None) -> tuple[str, str, str, str]:
    if carried is None:
        return "no NaN", "", "", ""
    if math.isnan(carried.value) and carried.outcome == "exact":
        return "NaN", "", "", ""
    value = "NaN" if math.isnan(carried.value) else _written(carried.value)
    return value, _error(carried.absolute_error), _error(carried.relative_error), carried.outcome


def _spaced(points: tuple[Point, ...]) -> list[Point]:
    """Return the points whose labels have room: the middle one first, then outwards."""
    chosen: list[Point] = []
    for point in sorted(points, key=lambda point: (abs(point.place), point.place)):
        width = 0.066 * len(point.label) + 0.12
        x = WIDTH / 2 + STEP * point.place
        inside = width / 2 <= x <= WIDTH - width / 2
        clear = all(
            abs(point.place - other.place) * STEP >= (width + 0.066 * len(other.label) + 0.12) / 2 for other in chosen
        )
        if inside and clear and len(chosen) < MOST_LABELS:
            chosen.append(point)
    return chosen
