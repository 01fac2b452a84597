"""A control for the bits of a pattern: a button for each, which flips it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import ipywidgets as widgets
import traitlets

from course_lib.explorers.base import parts_of
from course_lib.explorers.controls import bit_button


class Flips(widgets.Box):
    """Which bits of a pattern are flipped, as buttons that lie on the picture's bits.

    `value` has a 1 for each bit that is flipped. What stands in the box puts all bits back; `bits` is for others to
    place. Who hears of `value` answers by `show`.
    """

    value = traitlets.Int()

    def __init__(self) -> None:
        """Make the button that puts the bits back; those of the bits come with the first pattern."""
        self.buttons: list[Any] = []
        self._hears: list[Callable[[Any], None]] = []
        self._names: tuple[tuple[str, str], ...] = ()
        self.bits = widgets.Box(_dom_classes=["course-bits"])
        self.back = widgets.Button(description="put the bits back", tooltip="flip no bit")
        self.back.on_click(lambda _: setattr(self, "value", 0))
        super().__init__([self.back], _dom_classes=["course-flips"])

    def show(self, digits: str, names: tuple[tuple[str, str], ...]) -> None:
        """Show the bits of a pattern as they are now, each by its name and that with its weight."""
        while len(self.buttons) < len(digits):
            self._make_button()
        if names != self._names:
            for button, (name, tooltip) in zip(self.buttons, names, strict=False):
                with button.hold_sync():
                    button.description, button.tooltip = name, tooltip
            self._names, self.bits.children = names, self.buttons[: len(names)]
        for button, hear, digit in zip(self.buttons, self._hears, digits, strict=False):
            if button.value != (digit == "1"):  # and what is written here is not heard
                button.unobserve(hear, "value")
                button.value = digit == "1"
                button.observe(hear, "value")

    def _make_button(self) -> None:
        button, hear = bit_button(self.buttons), partial(self._toggled, len(self.buttons))
        button.observe(hear, "value")
        self.buttons.append(button)
        self._hears.append(hear)

    def _toggled(self, place: int, _change: Any) -> None:
        """Flip the bit at a place, counted from the left."""
        self.value ^= 1 << len(self._names) - 1 - place

    def close(self) -> None:
        """Close what stands elsewhere, and the buttons that another pattern needed."""
        for control in (self.bits, *self.buttons):
            for part in (control, *parts_of(control)):
                part.close()
        super().close()
