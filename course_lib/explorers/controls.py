"""Controls that more than one explorer uses: a number that is typed or slid, a text that is read, and a choice."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import ipywidgets as widgets
import traitlets

from course_lib._arguments import shown
from course_lib.units import format_count, format_number, parse_count

OWN_WIDTH: Any = {"style": {"description_width": "auto"}, "layout": {"width": "auto"}}
"""A control is as wide as its place in the page, its label above it; page.css says how wide that is."""


class Slid(widgets.HBox):
    """A number that is typed or moved on a slider of fixed places; a subclass gives `read` and `written`.

    `value` is the number; `problem` says what is wrong with the text typed last, or with a value set by program, and
    is empty when nothing is. Emptying it takes back the refused text.
    The slider stands at one of its places, and for a typed value at the nearest; the value itself keeps all its digits.
    """

    value = traitlets.Float()
    problem = traitlets.Unicode()

    def __init__(self, label: str, value: float, places: list[float]) -> None:
        """Make the pair of text and slider, from the first of `places` to the last."""
        self._label, self._places, self._busy = label, places, False
        self.text = widgets.Text(description=label, continuous_update=False, **OWN_WIDTH)
        tooltip = f"{label}: arrow keys move it"
        self.slider = widgets.IntSlider(
            min=0, max=len(places) - 1, readout=False, tooltip=tooltip, layout=self.text.layout
        )
        super().__init__([self.text, self.slider], _dom_classes=["course-slid"])
        self.text.observe(self._typed, "value")
        self.slider.observe(self._slid, "value")
        self.observe(self._set, ["value", "problem"])
        self.value = value
        self._set(None)

    def read(self, text: str) -> float:
        """Return the number that a text stands for; `ValueError` where it is none."""
        raise NotImplementedError

    def written(self, value: float) -> str:
        """Return a number as the field shows it."""
        raise NotImplementedError

    def refusal(self, value: float) -> str:
        """Return what is wrong with a number that lies between the limits, or nothing."""
        return ""

    def distance(self, place: float, value: float) -> float:
        """Return how far a place of the slider is from a value."""
        return abs(place - value)

    @property
    def limits(self) -> str:
        """What is accepted, in words."""
        return f"{self._label}: {self.written(self._places[0])} to {self.written(self._places[-1])}"

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        """Let text, slider, value and problem change together: nobody is told before all of them agree."""
        self._busy = True
        try:
            with self.hold_trait_notifications():
                yield
        finally:
            self._busy = False

    def _wrong(self, value: float, got: str) -> str:
        if not self._places[0] <= value <= self._places[-1]:
            return f"{self.limits}; got {got}"
        return self.refusal(value)

    def _nearest(self, value: float) -> int:
        return min(range(len(self._places)), key=lambda at: self.distance(self._places[at], value))

    def _set(self, _change: Any) -> None:
        if not self._busy:
            with self._quiet():
                self.problem = self._wrong(self.value, f"{self.value:g}")
                self.text.value = f"{self.value:g}" if self.problem else self.written(self.value)
                if not self.problem:
                    self.slider.value = self._nearest(self.value)

    def _slid(self, change: Any) -> None:
        if not self._busy:
            value = self._places[change["new"]]
            with self._quiet():
                self.problem = ""
                self.value = value
            with self._quiet():  # after the picture: a page that shows the text first shows the picture a frame later
                self.text.value = self.written(value)

    def _typed(self, change: Any) -> None:
        if self._busy:
            return
        value, got = self.value, shown(change["new"])
        try:
            value = self.read(change["new"])
            problem = self._wrong(value, got)
        except ValueError:
            problem = f"{self.limits}; got {got}"
        with self._quiet():
            self.problem = problem
            if not problem:
                self.slider.value = self._nearest(value)
                self.value = value
                if self.read(self.written(value)) == value:  # else the text keeps the digits that were typed
                    self.text.value = self.written(value)


class Magnitude(Slid):
    """A positive number over many orders of magnitude: typed ('7B', '7e9') or moved on a logarithmic slider.

    A slider of ipywidgets' own would round the number to its step as soon as a browser shows it.
    """

    def __init__(
        self, label: str, value: float, minimum: float, maximum: float, step: float = 0.05, whole: bool = False
    ) -> None:
        """Make the pair of text and slider; `step` is in powers of ten, `whole` allows whole numbers alone."""
        self._whole = whole
        super().__init__(label, value, _round_places(minimum, maximum, step, whole))

    def read(self, text: str) -> float:
        """Return the number that a text stands for."""
        return parse_count(text, self._label)

    def written(self, value: float) -> str:
        """Return a number as the field shows it."""
        if self._whole:
            return f"{value:,.0f}"
        return format_count(value) if value < 1e15 else format_number(value)

    def refusal(self, value: float) -> str:
        """Refuse what is not whole where it must be."""
        whole = not self._whole or value == round(value)
        return "" if whole else f"{self._label}: a whole number; got {value:g}"

    def distance(self, place: float, value: float) -> float:
        """Return how far a place is from a value, in powers of e."""
        return abs(math.log(place / value))


def _round_places(minimum: float, maximum: float, step: float, whole: bool) -> list[float]:
    """Return values `step` powers of ten apart, each rounded to two digits (or to whole numbers), ends included."""
    count = round(math.log10(maximum / minimum) / step)
    spread = [float(f"{minimum * 10 ** (place * step):.1e}") for place in range(count + 1)]
    rounded = {float(round(place)) if whole else place for place in spread}
    return sorted(place for place in rounded | {minimum, maximum} if minimum <= place <= maximum)


class Whole(Slid):
    """A whole number, typed or slid."""

    value = traitlets.Int()

    def __init__(self, label: str, value: int, minimum: int, maximum: int) -> None:
        """Make the pair of text and slider from `minimum` to `maximum`."""
        super().__init__(label, value, list(range(minimum, maximum + 1)))

    def read(self, text: str) -> float:
        """Return the number that a text stands for."""
        return round(parse_count(text, self._label, whole=True))

    def written(self, value: float) -> str:
        """Return a number as the field shows it."""
        return f"{value:,}"


class Percentage(Slid):
    """A share between 1 % and 100 %, typed or slid in per cents; `value` is the fraction."""

    def __init__(self, label: str, value: float) -> None:
        """Make the pair of text and slider from 1 % to 100 %."""
        super().__init__(label, value, [place / 100 for place in range(1, 101)])

    def read(self, text: str) -> float:
        """Return the fraction that a text stands for: '40', '40 %'."""
        return parse_count(text.strip().removesuffix("%"), self._label) / 100

    def written(self, value: float) -> str:
        """Return a fraction as the field shows it, in per cents."""
        return f"{100 * value:.4g} %"


class Written(widgets.Text):
    """A text that stands for something: `problem` is what `check` raises for it, and is empty when nothing is wrong."""

    problem = traitlets.Unicode()

    def __init__(self, label: str, value: str, check: Callable[[str], object]) -> None:
        """Make the field; `check` is called with each text and raises a `ValueError` for one that cannot be read."""
        self._check = check
        super().__init__(description=label, value=value, continuous_update=False, **OWN_WIDTH)
        self.observe(self._try, "value")
        self._try(None)

    def _try(self, _change: Any) -> None:
        try:
            self._check(self.value)
        except ValueError as error:
            self.problem = str(error)
        else:
            self.problem = ""


def bit_button(others: Sequence[widgets.ToggleButton]) -> widgets.ToggleButton:
    """Return one more button of a bit, to lie on a picture; what it looks like is sent once, with the first."""
    alike = {"layout": others[0].layout, "style": others[0].style} if others else {}
    return widgets.ToggleButton(_dom_classes=["course-bit"], **alike)


def choice(label: str, options: Iterable[Any], value: Any) -> widgets.Dropdown:
    """Return a drop-down list under its label."""
    return widgets.Dropdown(description=label, options=list(options), value=value, **OWN_WIDTH)
