"""A prediction on the page: it notes a choice and says nothing about it, and on a slide it takes the room's hands."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import ipywidgets as widgets
import pytest

from course_lib import predict, predictions
from course_lib.explorers.base import parts_of
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


def test_its_texts_share_what_they_look_like_and_it_keeps_its_own_layout() -> None:
    shown = predict.predict("1a")
    texts = [part for part in parts_of(shown) if isinstance(part, widgets.HTML)]
    assert len(texts) == 2
    assert len({part.style for part in texts}) == len({part.layout for part in texts}) == 1
    assert texts[0].layout is not shown.layout


def test_a_choice_is_noted_and_nothing_is_said_about_it() -> None:
    said_of = {}
    for option in ASKED.options:
        shown = predict.predict("1a")
        shown.control.value = option
        said_of[option] = said(shown).replace(option, "...")
        assert kept.choices() == {"1a": option}
    assert len(set(said_of.values())) == 1, "right and wrong must read alike"


def test_nothing_on_the_page_looks_other_for_the_right_choice() -> None:
    looks = set()
    for option in ASKED.options:
        shown = predict.predict("1a")
        shown.control.value = option
        states = [part.get_state() for part in (shown, *parts_of(shown))]
        for state in states:
            state.pop("index", None)
        drawn = json.dumps(states, default=lambda part: type(part).__name__, ensure_ascii=False)
        looks.add(re.sub(r"IPY_MODEL_\w+", "", drawn).replace(f"Noted: {option}.", "Noted."))
    assert len(looks) == 1, "colours, classes and words must be the same for right and wrong"


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
    assert typed().control.value == "3.2e9"


@pytest.mark.parametrize("words", ["3.2 B tokens", "3.2 billion", "3.2 × 10⁹", "3\u202f200\u202f000\u202f000"])
def test_a_number_may_be_written_as_people_write_it(words: str) -> None:
    shown = typed()
    shown.control.value = words
    assert kept.choices() == {"9a": 3.2e9}


@pytest.mark.parametrize("words", ["about ten", "-5", "1e400", "0", "1,4", "2 TB", "6.7 B params"])
def test_what_is_no_number_is_a_problem_and_changes_nothing(words: str) -> None:
    shown = typed()
    shown.control.value = "3.2B"
    shown.control.value = words
    assert said(shown).startswith(f"Your number &#x27;{words}&#x27; ")
    assert said(shown).endswith("; accepted: a number of tokens")
    assert 'class="course-problem"' in shown.noted.value
    assert kept.choices() == {"9a": 3.2e9}
    shown.control.value = ""
    assert said(shown) == "Noted before: 3.2e9.", "an empty field has no problem, and what was noted still is"
    assert "course-problem" not in shown.noted.value


@pytest.mark.parametrize("stored", [["10²³ FLOP"], None, {"a": 1}, 3, True, 10**400])
def test_what_a_prediction_cannot_have_noted_is_not_shown(file: Path, stored: object) -> None:
    file.write_text(json.dumps({"1a": stored, "1b": stored if stored != 3 else "3"}), encoding="utf-8")
    assert predict.predict("1a").control.value is None
    assert predict.predict("1b").control.value == ""
    assert predict.calibration(1).result.made == 0


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


def test_one_hand_is_one_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(predict.ROOM, "1")
    shown = predict.predict("1a")
    assert isinstance(shown, predict.Hands)
    next(iter(shown.fields.values())).value = 1
    assert said(shown) == "1 hand."


def test_numbers_that_the_room_calls_are_bars_by_power_of_ten(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    monkeypatch.setenv(predict.ROOM, "1")
    shown = predict.predict("1b")
    assert isinstance(shown, predict.Called)
    assert said(shown).startswith("Type each number that is called")
    for called in ("30", "3B", "40", "50", "0.2", "many"):
        shown.control.value = called
    assert said(shown).startswith("The number &#x27;many&#x27; is not a number")
    shown.control.value = ""
    shown.control.value = "1"
    assert shown.control.value == "", "the field is free for the next"
    assert said(shown) == "6 numbers, each at its nearest power of ten."
    rows = re.findall(r"10<sup>(-?\d+)</sup>: (\d+)</span>.*?width: ([\d.]+)%", shown.bars.value)
    assert rows == [("-1", "1", "50"), ("0", "1", "50"), ("1", "1", "50"), ("2", "2", "100"), ("9", "1", "50")]
    assert not file.exists(), "the room's numbers are nobody's predictions"


@pytest.mark.parametrize(
    ("unit", "words"), [("tokens", "Write down a number of tokens."), ("", "Write down a number.")]
)
def test_without_a_kernel_a_typed_prediction_asks_for_a_number_in_its_unit(unit: str, words: str) -> None:
    asked = Prediction(
        asks="How many?", truth=3e9, facts={"n": Known(3e9, "3 B")}, reason=lambda n: n, shown=("3 B",), unit=unit
    )
    bundle = predict.Predict("9a", asked)._repr_mimebundle_()
    assert f"<p>{words}</p>" in bundle["text/html"]
    assert bundle["text/plain"].endswith(f"Your choice: {words.removeprefix('Write down ')}")


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


# In a browser


class Worker:
    """What a kernel in a browser finds as `js`: a page below a folder, whose service worker keeps texts."""

    def __init__(self, answers=True):
        self.kept, self.answers = {}, answers
        self.location = SimpleNamespace(href="https://example.org/course-folder/extensions/x/static/worker.js")
        self.XMLHttpRequest = SimpleNamespace(new=lambda: Asked(self))


class Asked:
    def __init__(self, worker):
        self.worker, self.status, self.responseText = worker, 0, ""

    def open(self, method, address, is_async):
        assert not is_async
        self.method, self.address = method, address

    def send(self, text):
        self.status = 204 if self.worker.answers else 501
        if self.method == "PUT" and self.worker.answers:
            self.worker.kept[self.address] = text
        self.responseText = self.worker.kept.get(self.address, "")


def in_a_browser(monkeypatch, tmp_path, worker):
    monkeypatch.setattr("sys.platform", "emscripten")
    monkeypatch.setitem(sys.modules, "js", worker)
    monkeypatch.setenv(kept.VARIABLE, str(tmp_path / "no" / "predictions.json"))
    monkeypatch.setattr(kept, "_unsaved", {})


def test_in_a_browser_the_pages_worker_keeps_a_choice(monkeypatch, tmp_path):
    worker = Worker()
    in_a_browser(monkeypatch, tmp_path, worker)
    assert kept.choices() == {}
    assert kept.note("1a", "π")
    assert kept.note("1b", 3.0)
    assert kept.choices() == {"1a": "π", "1b": 3.0}
    assert list(worker.kept) == ["https://example.org/course-folder/course/kept/predictions.json"]
    assert not list(tmp_path.iterdir())


def test_in_a_browser_without_a_worker_a_choice_lasts_as_long_as_the_kernel(monkeypatch, tmp_path):
    in_a_browser(monkeypatch, tmp_path, Worker(answers=False))
    assert not kept.note("1a", "π")
    assert kept.choices() == {"1a": "π"}
