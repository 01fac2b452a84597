"""The explorer of slides S6 to S8: a pattern of bits, what it stands for, and what each format makes of its value."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import ipywidgets as widgets
import traitlets

from course_lib.explorers.base import Explorer
from course_lib.explorers.controls import OWN_WIDTH, choice
from course_lib.explorers.number_formats.bits import BitPattern
from course_lib.explorers.number_formats.picture import FloatDecoderPicture
from course_lib.explorers.number_formats.state import START, DecoderState, started
from course_lib.explorers.number_formats.view import ORDER, OWN, PRESETS, float_decoder_view
from course_lib.number_formats import FORMATS, read_pattern


class Preset(widgets.Dropdown):
    """What to start from; `problem` says why the format does not have it, and is empty where it does."""

    problem = traitlets.Unicode()


class Decimal(widgets.Text):
    """A number in writing; `problem` says why it is none, or none for the format, and is empty where it is."""

    problem = traitlets.Unicode()


class FloatDecoder(Explorer):
    """A pattern of bits to click on, and what it stands for: (-1)^S x 2^(e - bias) x 1.m, or where that does not hold.

    Each control leads to a new state of all of them (`DecoderState`), from which all are written. The buttons of the
    bits lie on the bits of the picture.
    Initial values by name: format, preset, value (in writing: "0.1"), pattern (an int, of the format's width).
    """

    view = staticmethod(float_decoder_view)
    pictures = (FloatDecoderPicture,)
    groups: ClassVar = {"Number": ("format", "preset", "value", "steps"), "Pattern": ("pattern",)}

    def make_controls(self) -> dict[str, widgets.Widget]:
        """Return the controls; the pattern is what counts, and the others lead or follow it."""
        self.state = START
        format = choice("Format", ORDER, self.state.format)
        preset = Preset(description="Start from", options=PRESETS, value=self.state.preset, **OWN_WIDTH)
        value = Decimal(description="Decimal", value=self.state.value, continuous_update=False, **OWN_WIDTH)
        pattern = BitPattern(FORMATS[self.state.format], self.state.pattern)
        pattern.told = self.choose_pattern
        return {"format": format, "preset": preset, "value": value, "pattern": pattern}

    def make_buttons(self) -> dict[str, widgets.Widget]:
        """Return the steps to the numbers beside this one."""
        return {"steps": widgets.HBox(self.controls["pattern"].steps, _dom_classes=["course-pair"])}

    def overlay(self) -> widgets.Widget:
        """Return the buttons of the bits, which lie on the picture."""
        return self.controls["pattern"].bits

    def values(self) -> dict[str, Any]:
        """Return what the controls say together."""
        return {name: getattr(self.state, name) for name in ("format", "preset", "value", "pattern")}

    @property
    def call(self) -> str:
        """The line of Python that makes an explorer of the same state, the pattern in hexadecimal."""
        state, start = self.state, started(self.state.format)
        chosen = f"value={json.dumps(state.value)}"
        if state.preset != OWN:
            chosen = f"preset={json.dumps(state.preset)}"
        elif state.value == start.value:
            chosen = f"preset={json.dumps(OWN)}, {chosen}"
        elif state == start.with_pattern(state.pattern):
            chosen = f"pattern={read_pattern(state.pattern, FORMATS[state.format]).hexadecimal.lower()}"
        return f"FloatDecoder(format={json.dumps(state.format)}, {chosen})"

    def react(self, name: str, value: Any) -> None:
        """Take the step of a control that says something new; one that was written from the state says nothing new."""
        if value != getattr(self.state, name):
            self.take(getattr(self.state, f"with_{name}")(value))

    def put(self, **values: Any) -> None:
        """Set several controls by name; what is wrong with one that stays as it is stays wrong."""
        super().put(**values)
        self.take(self.state)

    def choose_pattern(self, pattern: int) -> None:
        """Take the step of a pattern that a person chose, even if it is the one there was: it was asked for anew."""
        with self.hold():
            self.take(self.state.with_pattern(pattern))

    def take(self, state: DecoderState) -> None:
        """Go over to a state, and write every control from it."""
        self.state, problems = state, state.problems
        for name in ("format", "preset", "value"):
            self.controls[name].value = getattr(state, name)
        for name in ("preset", "value"):
            self.controls[name].problem = problems.get(name, "")
        self.controls["pattern"].show(FORMATS[state.format], state.pattern, state.line)

    def follow_up(self) -> None:
        """Lay the buttons of the bits on the bits of the picture: a length there is a share of the card's width."""
        picture: Any = self.picture
        grid = picture.grid(FORMATS[self.state.format])
        grid.lay_out(self.controls["pattern"].bits.layout, picture.width)
