"""A control for a pattern of bits: a button for each bit, hexadecimal, binary, the exponent field, and steps."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import ipywidgets as widgets
import traitlets

from course_lib.explorers.base import parts_of
from course_lib.explorers.bit_grid import names_of
from course_lib.explorers.controls import OWN_WIDTH, bit_button
from course_lib.explorers.number_formats.view import LINE_REACH
from course_lib.number_formats import (
    Format,
    number_line,
    parse_bits,
    parse_hexadecimal,
    pattern_from_fields,
    read_pattern,
)


class BitPattern(widgets.Box):
    """A pattern of bits in a format, in writing and as buttons that lie on the picture's bits, all in step.

    `value` is the pattern, a whole number that never leaves Python as a number: a browser would round one of 64 bits.
    `problem` says what is wrong with what was typed last, and is empty when nothing is. `told` is called with a pattern
    that a person chooses again, or after a problem. Whoever sets or hears of `value` answers by `show`.
    What stands in the box are the digits and the exponent; `bits` and `steps` are for others to place.
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
        self.bits = widgets.Box(_dom_classes=["course-bits"])
        self.hexadecimal = self._field("Hexadecimal", parse_hexadecimal)
        self.binary = self._field("Binary", parse_bits)
        self.steps = (self._step(-1, "◀ next smaller", "down"), self._step(1, "next larger ▶", "up"))
        self._exponent = widgets.Box(_dom_classes=["course-exponent"])  # keeps its place while its slider is exchanged
        super().__init__([self.hexadecimal, self.binary, self._exponent], _dom_classes=["course-patterns"])
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
        for field in (self.hexadecimal, self.binary):
            field.remove_class("course-marked")
        read = read_pattern(value, fmt)
        shown: dict[Any, Any] = {
            self.hexadecimal: read.hexadecimal,
            self.binary: line or read.bits,
            self.slider: read.fields.exponent,
        }
        for number, button in enumerate(reversed(self.buttons[: fmt.bits])):
            shown[button] = bool(value >> number & 1)
        for step in self.steps:
            step.disabled = read.fields.kind == "nan"  # it has no neighbours
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
        """Make what a format needs: its buttons, named and coloured by their fields, and its slider.

        The buttons stand from the left, where the page begins to compare: those of both formats need not be shown anew.
        """
        while len(self.buttons) < fmt.bits:
            button = self._heard(bit_button(self.buttons), partial(self._toggled, len(self.buttons)))
            self.buttons.append(button)
        for number, button in enumerate(reversed(self.buttons[: fmt.bits])):
            with button.hold_sync():
                button.description, button.tooltip = names_of(number, fmt)
        self.bits.children = self.buttons[: fmt.bits]
        self.slider = self._slider(fmt.exponent_bits)
        self._exponent.children = [self.slider]

    def _slider(self, exponent_bits: int) -> widgets.IntSlider:
        """Return the slider of this width: one whose ends were moved would move its value as well, in the browser."""
        if exponent_bits not in self.sliders:
            slider = widgets.IntSlider(
                description="Exponent e" if exponent_bits else "No exponent",
                min=0,
                max=max(2**exponent_bits - 1, 1),
                disabled=exponent_bits == 0,
                **OWN_WIDTH,
            )
            self.sliders[exponent_bits] = self._heard(slider, self._slid)
        return self.sliders[exponent_bits]

    def _step(self, side: int, description: str, direction: str) -> widgets.Button:
        tooltip = f"one unit in the last place {direction}"
        button = widgets.Button(description=description, tooltip=tooltip)
        button.on_click(partial(self._stepped, side))
        return button

    def _stepped(self, side: int, _button: Any) -> None:
        """Go to the next number on the line; the last one stays."""
        line = number_line(self.value, self.format, LINE_REACH)
        beside = line.here + side
        if self.problem or 0 <= beside < len(line.patterns):
            self._take(line.patterns[min(max(beside, 0), len(line.patterns) - 1)])

    def _field(self, label: str, parse: Callable[[str, Format], int]) -> widgets.Text:
        """Return a field for a pattern in writing."""
        classes = [f"course-{label.lower()}"]
        field = widgets.Text(description=label, continuous_update=False, _dom_classes=classes, **OWN_WIDTH)
        return self._heard(field, partial(self._typed, field, parse))

    def _typed(self, field: widgets.Text, parse: Callable[[str, Format], int], change: Any) -> None:
        """Take the pattern that was typed, or say at its field why it is none."""
        try:
            pattern = parse(change["new"], self.format)
        except ValueError as error:
            for other in (self.hexadecimal, self.binary):
                (other.add_class if other is field else other.remove_class)("course-marked")
            said = str(error).removeprefix(f"{field.description} ").removeprefix("text ")
            self.problem = f"{field.description}: {said}"
        else:
            self._take(pattern)

    def _slid(self, change: Any) -> None:
        parts = read_pattern(self.value, self.format).fields
        self._take(pattern_from_fields(parts.sign, change["new"], parts.significand, self.format))

    def _toggled(self, place: int, _change: Any) -> None:
        """Flip the bit at a place, counted from the left."""
        self._take(self.value ^ 1 << self.format.bits - 1 - place)

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
        """Close what stands elsewhere, and the buttons and sliders too that another format needed."""
        for control in (self.bits, *self.steps, *self.buttons, *self.sliders.values()):
            for part in (control, *parts_of(control)):
                part.close()
        super().close()
