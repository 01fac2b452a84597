"""What the decoder's controls say together: one frozen value, and one pure step for each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from course_lib.explorers.number_formats.view import OWN, PI, SLIDE_BITS, preset_number
from course_lib.number_formats import FORMATS, Format, encode_decimal, read_pattern


@dataclass(frozen=True)
class DecoderState:
    """A format, a pattern in it, the number asked for in writing, and the preset that both come from.

    What a person asks for may be what the format does not have, or no number at all: the state keeps it, with the last
    pattern, and the view says what is wrong.
    """

    format: str
    pattern: int
    value: str
    preset: str = OWN

    @property
    def line(self) -> str:
        """The digits that the slide prints, where the preset is a slide's and they do not fit the format; else none."""
        return SLIDE_BITS[self.preset][1] if self.preset in SLIDE_BITS and not _fits(self) else ""

    @property
    def problems(self) -> dict[str, str]:
        """What is wrong with what was asked for, by the control that it was asked by."""
        if self.preset != OWN and (problem := said_of(preset_number, self.preset, self.format)):
            return {"preset": problem}
        problem = said_of(encode_decimal, self.value, self.format)
        return {"value": problem} if problem else {}

    def with_preset(self, preset: str) -> DecoderState:
        """Return the state after a preset was chosen; a slide's own pattern brings its format along."""
        start = self
        if preset in SLIDE_BITS:
            start = replace(self, value=PI).with_format(SLIDE_BITS[preset][0])
        return _from_preset(replace(start, preset=preset))

    def with_format(self, format: str) -> DecoderState:
        """Return the state after a format was chosen: the number is stored anew as it was asked for, or as it was."""
        value = self.value
        if stored(value, self.format) is None:
            value = read_pattern(self.pattern, FORMATS[self.format]).exact
        preset = OWN if self.preset in SLIDE_BITS else self.preset
        return _from_preset(DecoderState(format, stored(value, format) or 0, value, preset))

    def with_value(self, value: str) -> DecoderState:
        """Return the state after a number was asked for; what is no number leaves the pattern as it is."""
        pattern = stored(value, self.format)
        return DecoderState(self.format, self.pattern if pattern is None else pattern, value)

    def with_pattern(self, pattern: int) -> DecoderState:
        """Return the state after a pattern was chosen, by a bit or in writing: it asks for its own value."""
        if pattern == self.pattern and _fits(self) and stored(self.value, self.format) == pattern:
            return self  # the same in another spelling
        return DecoderState(self.format, pattern, read_pattern(pattern, FORMATS[self.format]).exact)


def said_of(make: Callable[[str, Format], object], what: str, format: str) -> str:
    """Return what `make` says is wrong with something in a format; nothing where it can be made."""
    try:
        make(what, FORMATS[format])
    except ValueError as error:
        return str(error)
    return ""


def stored(text: str, format: str) -> int | None:
    """Return the pattern of a number in writing; None for what is none, or what the format cannot hold."""
    try:
        return encode_decimal(text, FORMATS[format])
    except ValueError:
        return None


def _from_preset(state: DecoderState) -> DecoderState:
    """Return the state with its preset's pattern and value, where the format has it; where not, the view says why."""
    number = _number_of(state)
    return replace(state, pattern=number[0], value=number[1]) if number else state


def _fits(state: DecoderState) -> bool:
    return state.preset == OWN or _number_of(state) is not None


def _number_of(state: DecoderState) -> tuple[int, str] | None:
    """Return the pattern and the value of the preset, where there is one and the format has it."""
    if state.preset == OWN:
        return None
    try:
        return preset_number(state.preset, FORMATS[state.format])
    except ValueError:
        return None


START = DecoderState("fp32", 0, PI).with_preset("pi")
"""What the decoder begins with."""


@cache
def started(format: str) -> DecoderState:
    """Return what the decoder shows if nothing but a format is chosen."""
    return START.with_format(format)
