"""Controls that more than one explorer uses: a magnitude that is typed or slid, and a choice."""

from __future__ import annotations

import math
from collections.abc import Iterable
from contextlib import contextmanager
from typing import Any, ClassVar

import ipywidgets as widgets
import traitlets

from course_lib.units import format_count, format_number, parse_count

LABEL_WIDTH = "130px"


class Magnitude(widgets.HBox):
    """A positive number over many orders of magnitude: typed ('7B', '7e9') or moved on a logarithmic slider.

    `value` is the number; `problem` says what is wrong with the text typed last, or with a value set by program, and
    is empty when nothing is. Emptying it takes back the refused text.
    The slider stands at one of a fixed row of round places, and for a typed value at the nearest; the value itself
    keeps all its digits (a FloatLogSlider would round it to its own step as soon as a browser shows it).
    """

    value = traitlets.Float()
    problem = traitlets.Unicode()

    def __init__(
        self, label: str, value: float, minimum: float, maximum: float, step: float = 0.05, whole: bool = False
    ) -> None:
        """Make the pair of text and slider; `step` is in powers of ten, `whole` allows whole numbers alone."""
        self._label, self._minimum, self._maximum, self._whole = label, minimum, maximum, whole
        self._busy = False
        self._places = _round_places(minimum, maximum, step, whole)
        self.text = widgets.Text(
            description=label,
            continuous_update=False,
            style={"description_width": LABEL_WIDTH},
            layout={"width": "245px"},
        )
        self.slider = widgets.IntSlider(
            min=0,
            max=len(self._places) - 1,
            readout=False,
            tooltip=f"{label}: arrow keys move it",
            layout={"width": "190px"},
        )
        super().__init__([self.text, self.slider])
        self.text.observe(self._typed, "value")
        self.slider.observe(self._slid, "value")
        self.observe(self._set, ["value", "problem"])
        self.value = value
        self._set(None)

    @contextmanager
    def _quiet(self) -> Any:
        """Let text, slider, value and problem change together: nobody is told before all of them agree."""
        self._busy = True
        try:
            with self.hold_trait_notifications():
                yield
        finally:
            self._busy = False

    def _refusal(self, value: float, shown: object) -> str:
        """Return what is wrong with a value, or nothing."""
        if not self._minimum <= value <= self._maximum:
            low, high = self._written(self._minimum), self._written(self._maximum)
            return f"{self._label} must lie between {low} and {high}; got {shown!r}"
        if self._whole and value != round(value):
            return f"{self._label} must be a whole number; got {shown!r}"
        return ""

    def _nearest(self, value: float) -> int:
        return min(range(len(self._places)), key=lambda place: abs(math.log(self._places[place] / value)))

    def _written(self, value: float) -> str:
        if self._whole:
            return f"{value:,.0f}"
        return format_count(value) if value < 1e15 else format_number(value)

    def _set(self, _change: Any) -> None:
        if not self._busy:
            with self._quiet():
                self.problem = self._refusal(self.value, self.value)
                self.text.value = f"{self.value:g}" if self.problem else self._written(self.value)
                if not self.problem:
                    self.slider.value = self._nearest(self.value)

    def _slid(self, change: Any) -> None:
        if not self._busy:
            value = self._places[change["new"]]
            with self._quiet():
                self.problem = ""
                self.value = value
            with self._quiet():  # after the picture: a page that shows the text first shows the picture a frame later
                self.text.value = self._written(value)

    def _typed(self, change: Any) -> None:
        if self._busy:
            return
        try:
            value = parse_count(change["new"], self._label)
            problem = self._refusal(value, change["new"])
        except ValueError as error:
            problem = str(error)
        with self._quiet():
            self.problem = problem
            if not problem:
                self.slider.value = self._nearest(value)
                self.value = value


def _round_places(minimum: float, maximum: float, step: float, whole: bool) -> list[float]:
    """Return values `step` powers of ten apart, each rounded to two digits (or to whole numbers), ends included."""
    count = round(math.log10(maximum / minimum) / step)
    spread = [float(f"{minimum * 10 ** (place * step):.1e}") for place in range(count + 1)]
    rounded = {float(round(place)) if whole else place for place in spread}
    return sorted(place for place in rounded | {minimum, maximum} if minimum <= place <= maximum)


def choice(label: str, options: Iterable[Any], value: Any) -> widgets.Dropdown:
    """Return a drop-down list with its label, wide enough for the catalog's names."""
    return widgets.Dropdown(
        description=label,
        options=list(options),
        value=value,
        style={"description_width": LABEL_WIDTH},
        layout={"width": "435px"},
    )


def narrow(control: Any, width: int = 206, label_width: int = 76) -> None:
    """Make a `Magnitude`, `Whole` or `choice` so narrow that four stand side by side in a row; sizes are in pixels."""
    labelled = control.text if isinstance(control, Magnitude) else getattr(control, "slider", control)
    labelled.style.description_width = f"{label_width}px"
    labelled.layout.width = f"{width}px"
    if isinstance(control, Magnitude):
        labelled.layout.width = f"{label_width + 66}px"
        control.slider.layout.width = f"{width - label_width - 70}px"


class Slid(widgets.HBox):
    """A number on a slider of whole places; a value set by program is kept as it is, also between and beyond them.

    A subclass gives the type of `value` and `places`, how many of the slider's places make 1.
    """

    places: ClassVar[int] = 1

    def __init__(self, label: str, value: float, minimum: int, maximum: int) -> None:
        """Make the slider from `minimum` to `maximum`, in places; it stands at the one nearest to the value."""
        self.slider = widgets.IntSlider(
            description=label,
            min=minimum,
            max=maximum,
            style={"description_width": LABEL_WIDTH},
            layout={"width": "435px"},
        )
        super().__init__([self.slider])
        self.slider.observe(self._slid, "value")
        self.observe(self._stand, "value")
        self.value = value
        self._stand()

    def _nearest(self) -> int:
        """Return the place nearest to the value; where it is none, such as NaN, the slider stays."""
        if not math.isfinite(self.value):
            return int(self.slider.value)
        return int(min(max(round(self.value * self.places), self.slider.min), self.slider.max))

    def _slid(self, change: Any) -> None:
        if change["new"] != self._nearest():  # else the slider follows the value, and not the other way round
            self.value = change["new"] / self.places if self.places > 1 else change["new"]

    def _stand(self, _change: Any = None) -> None:
        self.slider.value = self._nearest()


class Whole(Slid):
    """A whole number on a slider."""

    value = traitlets.Int()


class Percentage(Slid):
    """A share between 1 % and 100 % on a slider of whole per cents; `value` is the fraction."""

    value = traitlets.Float()
    places = 100

    def __init__(self, label: str, value: float) -> None:
        """Make the slider from 1 % to 100 %."""
        super().__init__(f"{label}, %", value, 1, 100)
