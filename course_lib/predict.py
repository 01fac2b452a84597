"""What a lesson uses to ask before it shows: `predict` a choice, and the `calibration` of all choices at its end.

A choice is noted on the learner's own machine and nothing is said about it: the cells below give the answer. On a
slide, where `make present` sets `COURSE_ROOM`, the same component takes the room's hands instead and keeps nothing.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from html import escape
from typing import Any

import ipywidgets as widgets

from course_lib import predictions
from course_lib.explorers.base import alike, page
from course_lib.predictions import kept
from course_lib.predictions.calibration import calibration_of
from course_lib.predictions.prediction import Prediction
from course_lib.units import format_number, parse_count

__all__ = ["Calibration", "Called", "Hands", "Predict", "Predictor", "calibration", "predict"]

ROOM = "COURSE_ROOM"
MOST_HANDS = 9999
BOX = "border-left: 4px solid #0072b2; padding: 4px 12px"


class Predictor(widgets.VBox):
    """A prediction on the page: the question, something to answer with, and one line that says what was noted.

    It reads without a kernel: beside the live widget it carries the question and the options as text.
    """

    def __init__(self, name: str, asked: Prediction) -> None:
        """Lay out the question above `answering`, which a subclass gives."""
        self.name, self.asked = name, asked
        self.alike = alike()
        self.noted = widgets.HTML(_dom_classes=["course-noted"], **self.alike)
        look = page("wakePrediction", ".course-prediction")
        question = f"{look}<p><strong>Predict first.</strong> {escape(asked.asks)}</p>"
        self._question = widgets.HTML(question, _dom_classes=["course-question"], **self.alike)
        super().__init__([self._question, self.answering(), self.noted], _dom_classes=["course-prediction"])

    def answering(self) -> widgets.Widget:
        """Return what one answers with."""
        raise NotImplementedError

    def say(self, words: str, problem: bool = False) -> None:
        """Say in the line below what was noted, or, as a `problem`, what is wrong."""
        kind = ' class="course-problem"' if problem else ""
        self.noted.value = f'<p role="status"{kind}>{escape(words[:1].upper() + words[1:])}</p>'

    def _with_unit(self, field: widgets.Text) -> widgets.HBox:
        unit = widgets.Label(self.asked.unit, _dom_classes=["course-unit"], layout=self.alike["layout"])
        return widgets.HBox([field, unit], _dom_classes=["course-number"], layout=self.alike["layout"])

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """Carry the question beside the live widget, the same whatever was chosen."""
        live = dict(super()._repr_mimebundle_(**kwargs) or {})
        return live | {"text/plain": self._as_text(), "text/html": self._as_html()}

    def _as_text(self) -> str:
        options = "; ".join(self.asked.options) or self._a_number()
        return f"Predict first. {self.asked.asks}\nYour choice: {options}."

    def _a_number(self) -> str:
        return f"a number of {self.asked.unit}" if self.asked.unit else "a number"

    def _as_html(self) -> str:
        options = "".join(f"<li>{escape(option)}</li>" for option in self.asked.options)
        choice = f"<ul>{options}</ul>" if options else f"<p>Write down {escape(self._a_number())}.</p>"
        return f'<div style="{BOX}"><p><strong>Predict first.</strong> {escape(self.asked.asks)}</p>{choice}</div>'


class Predict(Predictor):
    """One learner's prediction: a button for each option, or a field for a number; the last choice counts."""

    def __init__(self, name: str, asked: Prediction) -> None:
        """Show what was chosen before, if it is still one of the options."""
        super().__init__(name, asked)
        before: Any = self._before()
        if before is not None:
            self.control.value = before if asked.options else format_number(before)
        self._say_before()
        self.control.observe(self._chosen, "value")

    def _before(self) -> Any:
        """Return what was noted before, or `None` if nothing that can be chosen today was."""
        before = kept.choices().get(self.name)
        return before if self.asked.understands(before) else None

    def _say_before(self) -> None:
        before = self._before()
        words = before if self.asked.options or before is None else format_number(before)
        self.say("Nothing noted yet." if before is None else f"Noted before: {words}.")

    def answering(self) -> widgets.Widget:
        """Return a row of buttons, or a field for a number."""
        if self.asked.options:
            self.control: widgets.Widget = widgets.ToggleButtons(
                options=list(self.asked.options),
                value=None,
                style={"button_width": "auto"},
                layout=self.alike["layout"],
            )
            return self.control
        self.control = widgets.Text(
            description="Your number",
            placeholder="such as 3e9 or 3B",
            continuous_update=False,
            style={"description_width": "initial"},
            layout={"width": "260px"},
        )
        return self._with_unit(self.control)

    def _chosen(self, change: Any) -> None:
        choice = change["new"]
        if choice is None or not choice.strip():
            return self._say_before()
        if not self.asked.options:
            try:
                choice = parse_count(choice, "your number", unit=self.asked.unit)
            except ValueError as error:
                return self.say(str(error), problem=True)
        saved = kept.note(self.name, choice)
        where = "" if saved else " It could not be saved, and lasts as long as this kernel."
        return self.say(f"Noted: {change['new']}. Go on, and see.{where}")


class Hands(Predictor):
    """The room's prediction on a slide: how many hands went up for each option, as numbers and as bars."""

    def answering(self) -> widgets.Widget:
        """Return a row for each option: its words, a field for the hands, and their bar."""
        self.fields = {option: self._field(option) for option in self.asked.options}
        self.bars = {option: widgets.HTML(layout={"width": "46%"}) for option in self.fields}
        rows = [
            widgets.HBox([self.fields[option], self.bars[option]]).add_class("course-hands") for option in self.fields
        ]
        self._draw()
        return widgets.VBox(rows)

    def _field(self, option: str) -> widgets.BoundedIntText:
        field = widgets.BoundedIntText(description=option, min=0, max=MOST_HANDS, layout={"width": "52%"})
        field.style.description_width = "calc(100% - 80px)"
        field.observe(self._draw, "value")
        return field

    def _draw(self, _change: Any = None) -> None:
        most = max([1, *(field.value for field in self.fields.values())])
        for option, bar in self.bars.items():
            hands = self.fields[option].value
            bar.value = _bar(f"{option}: {_counted(hands, 'hand')}", hands / most)
        total = sum(field.value for field in self.fields.values())
        self.say(f"{_counted(total, 'hand')}." if total else "Write how many hands go up for each.")


class Called(Predictor):
    """The room's prediction of a number: each number that is called is typed, and counts for its power of ten."""

    def answering(self) -> widgets.Widget:
        """Return the field that takes one number after the other, and room for the bars."""
        self.counted: Counter[int] = Counter()
        self.bars = widgets.HTML().add_class("course-powers")
        self.control = widgets.Text(
            description="A number from the room",
            placeholder="such as 3e9 or 3B",
            continuous_update=False,
            style={"description_width": "initial"},
            layout={"width": "380px"},
        )
        self.control.observe(self._called, "value")
        self.say("Type each number that is called, and press Enter; in the empty field Enter leads back to the slides.")
        row = self._with_unit(self.control).add_class("course-called")
        return widgets.VBox([row, self.bars])

    def _called(self, change: Any) -> None:
        if not change["new"].strip():
            return
        try:
            number = parse_count(change["new"], "the number", unit=self.asked.unit)
        except ValueError as error:
            return self.say(str(error), problem=True)
        self.counted[round(math.log10(number))] += 1
        self._draw()
        self.control.value = ""
        return self.say(f"{_counted(self.counted.total(), 'number')}, each at its nearest power of ten.")

    def _draw(self) -> None:
        most, rows = max(self.counted.values()), []
        for power, count in sorted(self.counted.items()):
            bar = _bar(f"10 to the {power}: {_counted(count, 'number')}", count / most)
            rows.append(f'<div class="course-power"><span>10<sup>{power}</sup>: {count}</span><div>{bar}</div></div>')
        self.bars.value = "".join(rows)


def _counted(number: int, things: str) -> str:
    return f"{number} {things}{'s' * (number != 1)}"


def _bar(name: str, share: float) -> str:
    width = f"width: {100 * share:.3g}%"
    return f'<div class="course-hand" role="img" aria-label="{escape(name)}" style="{width}"></div>'


def predict(name: str) -> Predictor:
    """Ask for the prediction `name`, such as "1a"; what is chosen is noted, and nothing is said about it yet.

    Errors: `ValueError` for an unknown name.
    """
    asked = predictions.find(name)
    if not os.environ.get(ROOM):
        return Predict(name, asked)
    return (Hands if asked.options else Called)(name, asked)


class Calibration(widgets.HTML):
    """How the predictions of one lesson did, as they are kept on this machine; a saved notebook shows none of it."""

    still = "Run this cell to see how many of your predictions came true, and how far off your numbers were."

    def __init__(self, lesson: int) -> None:
        """Count what has been kept so far."""
        self.result = calibration_of(lesson, kept.choices())
        rows = "".join(
            f"<li>{escape(name)}: {words}. {escape(predictions.find(name).asks)}</li>"
            for words, names in (("right", self.result.right), ("not right", self.result.wrong))
            for name in names
        )
        details = f"<details><summary>One by one</summary><ul>{rows}</ul></details>" if rows else ""
        super().__init__(f'<p role="status">{escape(self.result.sentence)}</p>{details}')
        self.add_class("course-calibration")

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """Carry beside the live widget one line that is the same for everybody."""
        return dict(super()._repr_mimebundle_(**kwargs) or {}) | {"text/plain": self.still}


def calibration(lesson: int) -> Calibration:
    """Return how the predictions of a lesson did so far: how many were right, how many powers of ten off.

    Errors: `ValueError` for an unknown lesson.
    """
    return Calibration(lesson)
