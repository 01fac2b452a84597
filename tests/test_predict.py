"""A prediction on the page: it notes a choice and says nothing about it, and on a slide it takes the room's hands."""

from __future__ import annotations

import re
from pathlib import Path

import ipywidgets as widgets
import pytest

from course_lib import predict, predictions
from course_lib.predictions import kept
from course_lib.predictions.prediction import Known, Prediction

ASKED = predictions.find("1a")


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(kept.VARIABLE, str(tmp_path / "predictions.json"))
    monkeypatch.delenv(predict.ROOM, raising=False)
    monkeypatch.setattr(kept, "_unsaved", {})
    return tmp_path / "predictions.json"


def said(shown: predict.Predictor) -> str:
    return re.sub(r"<[^>]+>", "", shown.noted.value)


def typed() -> predict.Predict:
    asked = Prediction(
        asks="How many <b>?",
        truth=3e9,
        facts={"n": Known(3e9, "3 B")},
        reason=lambda n: n,
        shown=("3 B",),
        unit="tokens",
    )
    return predict.Predict("9a", asked)


def test_every_option_is_a_button_and_none_is_chosen() -> None:
    shown = predict.predict("1a")
    assert isinstance(shown, predict.Predict)
    assert isinstance(shown.control, widgets.ToggleButtons)
    assert list(shown.control.options) == list(ASKED.options)
    assert shown.control.value is None


def test_a_choice_is_noted_and_nothing_is_said_about_it() -> None:
    said_of = {}
    for option in ASKED.options:
        shown = predict.predict("1a")
        shown.control.value = option
        said_of[option] = said(shown).replace(option, "...")
        assert kept.choices() == {"1a": option}
    assert len(set(said_of.values())) == 1, "right and wrong must read alike"


def test_a_choice_is_there_again_after_a_restart() -> None:
    option = list(ASKED.options)[-1]
    predict.predict("1a").control.value = option
    again = predict.predict("1a")
    assert again.control.value == option
    assert said(again) == f"Noted before: {option}."


def test_a_choice_of_a_former_edition_is_not_shown(file: Path) -> None:
    kept.note("1a", "an option of last year")
    assert predict.predict("1a").control.value is None
    assert "an option of last year" in file.read_text(encoding="utf-8")


def test_a_number_is_typed_as_the_explorers_take_it() -> None:
    shown = typed()
    shown.control.value = "3.2B"
    assert kept.choices() == {"9a": 3.2e9}
    shown.control.value = "nonsense"
    assert "nonsense" in said(shown)
    assert kept.choices() == {"9a": 3.2e9}
    assert typed().control.value == "3.2e9"


@pytest.mark.parametrize("choose", [False, True])
def test_a_saved_notebook_shows_the_question_and_never_a_choice(choose: bool) -> None:
    shown = predict.predict("1a")
    if choose:
        shown.control.value = ASKED.right
    bundle = shown._repr_mimebundle_()
    text, page = bundle["text/plain"], bundle["text/html"]
    assert text == f"Predict first. {ASKED.asks}\nYour choice: {'; '.join(ASKED.options)}."
    assert all(f"<li>{option}</li>" in page for option in ASKED.options)
    assert "Noted" not in text + page


def test_what_a_prediction_says_is_escaped() -> None:
    assert "How many &lt;b&gt;?" in typed()._repr_mimebundle_()["text/html"]


def test_the_room_gives_hands_and_sees_bars(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    monkeypatch.setenv(predict.ROOM, "1")
    shown = predict.predict("1a")
    assert isinstance(shown, predict.Hands)
    first, second, third = shown.fields.values()
    first.value, second.value = 3, 12
    widths = [re.search(r"width: ([\d.]+)%", bar.value)[1] for bar in shown.bars.values()]  # type: ignore[index]
    assert widths == ["25", "100", "0"]
    assert said(shown) == "15 hands."
    third.value = 24
    assert 'aria-label="10²⁶ FLOP: 24 hands"' in list(shown.bars.values())[2].value
    assert not file.exists(), "the room's hands are nobody's predictions"


def test_the_calibration_is_saved_without_the_learners_figures() -> None:
    before = predict.calibration(1)._repr_mimebundle_()["text/plain"]
    predict.predict("1a").control.value = ASKED.right
    shown = predict.calibration(1)
    assert shown._repr_mimebundle_()["text/plain"] == before
    assert "1 right" in shown.value
    assert "1a: right." in shown.value


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="'9a' is unknown"):
        predict.predict("9a")
