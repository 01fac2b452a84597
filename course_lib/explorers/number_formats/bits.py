"""A control for a pattern of bits: a button for each bit, hexadecimal, binary, the exponent field, and steps."""

from __future__ import annotations

import html
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import ipywidgets as widgets
import traitlets

from course_lib.explorers.base import parts_of
from course_lib.explorers.picture import ORANGE, SKY, YELLOW
from course_lib.number_formats import Format, IntFormat, bits, fields, neighbours, parse_bits, pattern_from_fields

FIELD_COLOURS = {"sign": ORANGE, "exponent": SKY, "significand": YELLOW, "integer": YELLOW}

# Run once by the page: the arrow keys go from bit to bit.
ARROWS = """
const root = this.closest('.course-explorer');
root.addEventListener('keydown', event => {
  const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
  if (!step || !event.target.matches('.course-bit')) return;
  const bits = [...root.querySelectorAll('.course-bit')];
  bits[bits.indexOf(event.target) + step]?.focus();
  event.preventDefault();
});
"""

# A bit's name is its text, such as "bit 30, exponent", which is there to be read aloud; what is seen is its digit.
CSS = "".join(
    [
        f'<style onload="{html.escape(ARROWS)}">',
        """
.course-bits {display: flex; flex-flow: row wrap; align-content: center; min-height: 88px; gap: 0 2px;
  overflow: visible}
.course-patterns {container-type: inline-size}
.course-patterns .course-controls {min-height: 32px}
@container (min-width: 880px) {.course-bits {height: 88px}}
.course-explorer .course-bit {position: relative; box-sizing: border-box; width: 25.5px; height: 27px;
  margin: 17px 0 0 0; padding: 0; overflow: visible; border: 1px solid #5f6368; border-radius: 3px;
  box-shadow: none; font-size: 0; line-height: 1}
.course-explorer .course-bits-few .course-bit {height: 44px; margin-top: 22px}
.course-explorer .course-bit::after {content: '0'; font: 16px/1 'DejaVu Sans Mono', Consolas, monospace; color: #222222}
.course-explorer .course-bit.mod-active::after {content: '1'; font-weight: bold}
.course-explorer .course-first {margin-left: 10px}
.course-explorer .course-sign.course-first {margin-left: 0}
.course-first::before {position: absolute; left: 0; bottom: 100%; font: 12px/17px sans-serif; color: #222222}
.course-patterns input[type=text] {font-family: 'DejaVu Sans Mono', Consolas, monospace; font-size: 12px}
""",
        *(
            f".course-explorer .course-{name} {{background: {colour}2e}}\n"
            f".course-explorer .course-{name}.mod-active {{background: {colour}}}\n"
            f".course-first.course-{name}::before {{content: '{name}'}}\n"
            for name, colour in FIELD_COLOURS.items()
        ),
        "</style>",
    ]
)


def hexadecimal(pattern: int, fmt: Format) -> str:
    """Return a pattern as 0x and as many digits as the format needs.

    >>> from course_lib.number_formats import FP16, TF32
    >>> hexadecimal(0x4248, FP16), hexadecimal(1, TF32)
    ('0x4248', '0x00001')
    """
    return f"0x{pattern:0{math.ceil(fmt.bits / 4)}X}"


def parse_hexadecimal(text: str, fmt: Format) -> int:
    """Return the pattern that hexadecimal digits spell, the reverse of `hexadecimal`.

    Errors: `ValueError` for what are no such digits, and for a pattern too large for the format.
    """
    digits = text.strip().lower().removeprefix("0x").replace(" ", "").replace("_", "")
    if not digits or set(digits) - set("0123456789abcdef"):
        raise ValueError(f"Hexadecimal must be made of the digits 0 to 9 and A to F, such as 0x1F; got {text!r}")
    if len(digits.lstrip("0")) > 16 or int(digits, 16) >= 2**fmt.bits:
        largest = hexadecimal(2**fmt.bits - 1, fmt)
        raise ValueError(f"Hexadecimal must be at most {largest} for the {fmt.bits} bits of {fmt.name}; got {text!r}")
    return int(digits, 16)


def field_of(bit: int, fmt: Format) -> str:
    """Return the name of the field that a bit belongs to; bit 0 is the last one written."""
    if bit == fmt.bits - 1:
        return "sign"
    if isinstance(fmt, IntFormat):
        return "integer"
    return "exponent" if bit >= fmt.significand_bits else "significand"


class BitPattern(widgets.VBox):
    """A pattern of bits in a format, as buttons and in writing, all in step.

    `value` is the pattern, a whole number that never leaves Python as a number: a browser would round one of 64 bits.
    `problem` says what is wrong with what was typed last, and is empty when nothing is.
    """

    value = traitlets.Int()
    problem = traitlets.Unicode()

    def __init__(self, fmt: Format, value: int) -> None:
        """Make the controls for a pattern of `fmt`."""
        self.format = fmt
        self._busy = False
        self._bits: list[Any] = []
        self.bits = widgets.Box().add_class("course-bits")
        self.hexadecimal = _text("Hexadecimal", 90, 250)
        self.binary = _text("Binary", 50, 622)
        self._sliders: dict[int, Any] = {}
        self._steps = (self._step(0, "◀ next smaller", "down"), self._step(1, "next larger ▶", "up"))
        self._last_row = _row()
        writing = _row(self.hexadecimal, self.binary)
        super().__init__([widgets.HTML(CSS, layout={"display": "none"}), self.bits, writing, self._last_row])
        self.add_class("course-patterns")
        self.hexadecimal.observe(partial(self._typed, parse_hexadecimal), "value")
        self.binary.observe(partial(self._typed, parse_bits), "value")
        self.observe(self._follow, ["value", "problem"])
        self.show(fmt, value)

    def show(self, fmt: Format, value: int) -> None:
        """Go over to another format and a pattern of it; forget any problem."""
        self._name_bits(fmt)
        self._choose_slider(fmt.exponent_bits)
        self.format = fmt
        self._take(value)

    @traitlets.validate("value")
    def _fits(self, proposal: Any) -> int:
        try:
            fields(proposal["value"], self.format)
        except (ValueError, TypeError) as error:
            raise traitlets.TraitError(str(error)) from None
        return int(proposal["value"])

    def _step(self, side: int, description: str, direction: str) -> widgets.Button:
        tooltip = f"one unit in the last place {direction}"
        button = widgets.Button(description=description, tooltip=tooltip, layout={"width": "130px"})
        button.on_click(lambda _: self._read(lambda: neighbours(self.value, self.format)[side]))
        return button

    def _name_bits(self, fmt: Format) -> None:
        """Make the buttons that the format needs; name and colour each by its field."""
        while len(self._bits) < fmt.bits:
            alike = {"layout": self._bits[0].layout, "style": self._bits[0].style} if self._bits else {}
            button = widgets.ToggleButton(**alike)
            button.observe(partial(self._toggled, len(self._bits)), "value")
            self._bits.append(button)
        for number, button in enumerate(self._bits[: fmt.bits]):
            field = field_of(number, fmt)
            first = number == fmt.bits - 1 or field_of(number + 1, fmt) != field
            with button.hold_sync():
                button.description = button.tooltip = f"bit {number}, {field}"
                button._dom_classes = ("course-bit", f"course-{field}", *(["course-first"] if first else []))
        self.bits.children = self._bits[: fmt.bits][::-1]
        few = ("course-bits-few",) if fmt.bits <= 32 else ()
        self.bits._dom_classes = ("course-bits", *few)

    def _choose_slider(self, exponent_bits: int) -> None:
        """Take the slider of this width: one whose ends were moved would move its value as well, in the browser."""
        if exponent_bits not in self._sliders:
            slider = widgets.IntSlider(
                description="Exponent e",
                min=0,
                max=max(2**exponent_bits - 1, 1),
                disabled=exponent_bits == 0,
                style={"description_width": "90px"},
                layout={"width": "480px"},
            )
            slider.observe(self._slid, "value")
            self._sliders[exponent_bits] = slider
        self.slider = self._sliders[exponent_bits]
        self._last_row.children = (self.slider, *self._steps)

    def _follow(self, _change: Any) -> None:
        if not self.problem:
            self._write()

    def _write(self) -> None:
        """Bring every part to the pattern."""
        self._busy = True
        try:
            for number, button in enumerate(self._bits[: self.format.bits]):
                button.value = bool(self.value >> number & 1)
            self.hexadecimal.value = hexadecimal(self.value, self.format)
            self.binary.value = bits(self.value, self.format)
            self.slider.value = fields(self.value, self.format).exponent
        finally:
            self._busy = False

    def _read(self, pattern: Callable[[], int]) -> None:
        """Take over a pattern, or say why not."""
        try:
            value = pattern()
        except ValueError as error:
            self.problem = str(error)
        else:
            self._take(value)

    def _take(self, value: int) -> None:
        """Take over a pattern; write it anew even if it is the same, for what was typed may be another spelling."""
        if value == self.value and not self.problem:
            self._write()
        with self.hold_trait_notifications():
            self.problem = ""
            self.value = value

    def _typed(self, parse: Callable[[str, Format], int], change: Any) -> None:
        if not self._busy:
            self._read(lambda: parse(change["new"], self.format))

    def _toggled(self, number: int, change: Any) -> None:
        if not self._busy:
            self._read(lambda: self.value & ~(1 << number) | change["new"] << number)

    def _slid(self, change: Any) -> None:
        if not self._busy:
            parts = fields(self.value, self.format)
            self._read(lambda: pattern_from_fields(parts.sign, change["new"], parts.significand, self.format))

    def close(self) -> None:
        """Close the buttons and sliders too that another format needed."""
        for control in (*self._bits, *self._sliders.values()):
            for part in (control, *parts_of(control)):
                part.close()
        super().close()


def _row(*parts: Any) -> widgets.HBox:
    return widgets.HBox(parts, layout={"flex_flow": "row wrap"}).add_class("course-controls")


def _text(label: str, label_width: int, width: int) -> widgets.Text:
    return widgets.Text(
        description=label,
        continuous_update=False,
        style={"description_width": f"{label_width}px"},
        layout={"width": f"{width}px"},
    )
