"""The explorer of slides S6 to S8: a pattern of bits, what it stands for, and what each format makes of its value."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from course_lib.explorers.base import Explorer
from course_lib.explorers.controls import choice
from course_lib.explorers.number_formats.bits import BitPattern
from course_lib.explorers.number_formats.picture import FloatDecoderPicture
from course_lib.explorers.number_formats.state import DecoderState
from course_lib.explorers.number_formats.view import ORDER, OWN, PI, PRESETS, float_decoder_view
from course_lib.number_formats import FORMATS


class FloatDecoder(Explorer):
    """A pattern of bits to click on, and what it stands for: (-1)^S x 2^(e - bias) x 1.m, or where that does not hold.

    Each control leads to a new state of all of them (`DecoderState`), from which all are written.
    Initial values by name: format, preset, value (in writing: "0.1"), pattern (an int, of the format's width).
    """

    view = staticmethod(float_decoder_view)
    pictures = (FloatDecoderPicture,)

    def make_controls(self) -> dict[str, widgets.Widget]:
        """Return the controls; the pattern is what counts, and the others lead or follow it."""
        self.state = DecoderState("fp32", 0, PI, OWN).with_preset("pi")
        preset, format = choice("Start from", PRESETS, self.state.preset), choice("Format", ORDER, self.state.format)
        value = widgets.Text(description="Decimal", value=self.state.value, continuous_update=False)
        for control, label, width in ((format, 90, 200), (preset, 76, 286), (value, 66, 366)):
            control.style.description_width, control.layout.width = f"{label}px", f"{width}px"
        pattern = BitPattern(FORMATS[self.state.format], self.state.pattern)
        pattern.told = self.choose_pattern
        return {"format": format, "preset": preset, "value": value, "pattern": pattern}

    def arrange(self) -> widgets.Widget:
        """Return the choices and the value in one row, above the pattern in all its forms."""
        *first, pattern = self.controls.values()
        row = widgets.HBox(first, layout={"flex_flow": "row wrap"}).add_class("course-controls")
        return widgets.VBox([row, pattern])

    def values(self) -> dict[str, Any]:
        """Return what the controls say together."""
        return dict(vars(self.state))

    def react(self, name: str, value: Any) -> None:
        """Take the step of a control that says something new; one that was written from the state says nothing new."""
        if value != getattr(self.state, name):
            self.take(getattr(self.state, f"with_{name}")(value))

    def choose_pattern(self, pattern: int) -> None:
        """Take the step of a pattern that a person chose, even if it is the one there was: it was asked for anew."""
        with self.hold():
            self.take(self.state.with_pattern(pattern))

    def take(self, state: DecoderState) -> None:
        """Go over to a state, and write every control from it."""
        self.state = state
        self.controls["format"].value = state.format
        self.controls["preset"].value = state.preset
        self.controls["value"].value = state.value
        self.controls["pattern"].show(FORMATS[state.format], state.pattern, state.line)
