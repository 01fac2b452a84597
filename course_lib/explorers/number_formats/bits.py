"""A control for a pattern of bits: a button for each bit, hexadecimal, binary, the exponent field, and steps."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import ipywidgets as widgets
import traitlets

from course_lib.explorers.base import parts_of
from course_lib.explorers.number_formats.view import LINE_REACH
from course_lib.number_formats import (
    Format,
    IntFormat,
    neighbours,
    number_line,
    parse_bits,
    parse_hexadecimal,
    pattern_from_fields,
    read_pattern,
)


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
    `problem` says what is wrong with what was typed last, and is empty when nothing is. `told` is called with a pattern
    that a person chooses again, or after a problem. Whoever sets or hears of `value` answers by `show`.
    """

    value = traitlets.Int()
    problem = traitlets.Unicode()

    def __init__(self, fmt: Format, value: int) -> None:
        """Make the controls for a pattern of `fmt`."""
        self.format = fmt
        self.told: Callable[[int], None] = lambda pattern: self.show(self.format, pattern)
        self.buttons: list[Any] = []
        self.sliders: dict[int, Any] = {}
        self._hears: dict[Any, Callable[[Any], None]] = {}
        self.bits = widgets.Box().add_class("course-bits")
        self.hexadecimal = self._heard(_text("Hexadecimal", 90, 250), partial(self._typed, parse_hexadecimal))
        self.binary = self._heard(_text("Binary", 50, 622), partial(self._typed, parse_bits))
        self.steps = (self._step(-1, "◀ next smaller", "down"), self._step(1, "next larger ▶", "up"))
        self._last_row = _row()
        super().__init__([self.bits, _row(self.hexadecimal, self.binary), self._last_row])
        self.add_class("course-patterns")
        self.observe(self._rewrite, "problem")
        self._begin(fmt)
        self.show(fmt, value)

    def show(self, fmt: Format, value: int, line: str = "") -> None:
        """Go over to a pattern of a format, and forget any problem; `line` stands in for its digits, if it is given."""
        if fmt is not self.format:
            self._begin(fmt)
        self.format = fmt
        with self.hold_trait_notifications():
            self.problem = ""
            self.value = value
        read = read_pattern(value, fmt)
        shown: dict[Any, Any] = {
            self.hexadecimal: read.hexadecimal,
            self.binary: line or read.bits,
            self.slider: read.fields.exponent,
        }
        for number, button in enumerate(self.buttons[: fmt.bits]):
            shown[button] = bool(value >> number & 1)
        for part, says in shown.items():
            if part.value != says:  # and what is written here is not heard
                part.unobserve(self._hears[part], "value")
                part.value = says
                part.observe(self._hears[part], "value")

    @traitlets.validate("value")
    def _fits(self, proposal: Any) -> int:
        try:
            read_pattern(proposal["value"], self.format)
        except (ValueError, TypeError) as error:
            raise traitlets.TraitError(str(error)) from None
        return int(proposal["value"])

    def _heard(self, part: Any, hear: Callable[[Any], None]) -> Any:
        """Return a part that is heard when a person changes it."""
        self._hears[part] = hear
        part.observe(hear, "value")
        return part

    def _begin(self, fmt: Format) -> None:
        """Make what a format needs: its buttons, named and coloured by their fields, and its slider."""
        while len(self.buttons) < fmt.bits:
            alike = {"layout": self.buttons[0].layout, "style": self.buttons[0].style} if self.buttons else {}
            button = widgets.ToggleButton(**alike)
            self.buttons.append(self._heard(button, partial(self._toggled, len(self.buttons))))
        for number, button in enumerate(self.buttons[: fmt.bits]):
            field = field_of(number, fmt)
            first = number == fmt.bits - 1 or field_of(number + 1, fmt) != field
            with button.hold_sync():
                button.description = button.tooltip = f"bit {number}, {field}"
                button._dom_classes = ("course-bit", f"course-{field}", *(["course-first"] if first else []))
        self.bits.children = self.buttons[: fmt.bits][::-1]
        few = ("course-bits-few",) if fmt.bits <= 32 else ()
        self.bits._dom_classes = ("course-bits", *few)
        self.slider = self._slider(fmt.exponent_bits)
        self._last_row.children = (self.slider, *self.steps)

    def _slider(self, exponent_bits: int) -> widgets.IntSlider:
        """Return the slider of this width: one whose ends were moved would move its value as well, in the browser."""
        if exponent_bits not in self.sliders:
            slider = widgets.IntSlider(
                description="Exponent e",
                min=0,
                max=max(2**exponent_bits - 1, 1),
                disabled=exponent_bits == 0,
                style={"description_width": "90px"},
                layout={"width": "480px"},
            )
            self.sliders[exponent_bits] = self._heard(slider, self._slid)
        return self.sliders[exponent_bits]

    def _step(self, side: int, description: str, direction: str) -> widgets.Button:
        tooltip = f"one unit in the last place {direction}"
        button = widgets.Button(description=description, tooltip=tooltip, layout={"width": "130px"})
        button.on_click(partial(self._stepped, side))
        return button

    def _stepped(self, side: int, _button: Any) -> None:
        """Go to the next number on the line; the last one stays, and a NaN has none beside it."""
        if read_pattern(self.value, self.format).fields.kind == "nan":
            self._read(lambda: neighbours(self.value, self.format).above)
        else:
            line = number_line(self.value, self.format, LINE_REACH)
            beside = line.here + side
            if self.problem or 0 <= beside < len(line.patterns):
                self._take(line.patterns[min(max(beside, 0), len(line.patterns) - 1)])

    def _typed(self, parse: Callable[[str, Format], int], change: Any) -> None:
        self._read(lambda: parse(change["new"], self.format))

    def _slid(self, change: Any) -> None:
        parts = read_pattern(self.value, self.format).fields
        self._take(pattern_from_fields(parts.sign, change["new"], parts.significand, self.format))

    def _toggled(self, number: int, _change: Any) -> None:
        self._take(self.value ^ 1 << number)

    def _read(self, pattern: Callable[[], int]) -> None:
        """Take the pattern that a person asked for, or say why it is none."""
        try:
            chosen = pattern()
        except ValueError as error:
            self.problem = str(error)
        else:
            self._take(chosen)

    def _take(self, pattern: int) -> None:
        """Have a pattern that a person chose; `told` hears of one that is no change of `value`."""
        if self.problem or pattern == self.value:
            self.told(pattern)
        else:
            self.value = pattern

    def _rewrite(self, _change: Any) -> None:
        """Bring the parts back to the value once a problem is forgotten."""
        if not self.problem:
            self.show(self.format, self.value)

    def close(self) -> None:
        """Close the buttons and sliders too that another format needed."""
        for control in (*self.buttons, *self.sliders.values()):
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
