"""A prediction in a real JupyterLab: chosen by keyboard, noted, there again after a restart, and shown to a room."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.lab import SCREEN, Lab, Notebook
from course_lib import predictions

pytestmark = pytest.mark.browser

OPTIONS = list(predictions.find("1a").options)
FOCUS_FIRST = "document.querySelector('.course-prediction button').focus()"
CELLS = "return panel().content.widgets.length"
RESTART = "await kernel().restart(); await app.commands.execute('notebook:run-all-cells');"


@pytest.fixture
def notebook(lab: Lab, page: Page) -> Iterator[Notebook]:
    opened = Notebook(lab, page)
    yield opened
    opened.shut_down()
    assert opened.complaints == []
    assert opened.outside == []


def asking(lab: Lab, name: str, kept: Path, room: str = "") -> str:
    """Write a notebook that asks one prediction, and keeps what is chosen in a file of the test's."""
    settings = {"COURSE_PREDICTIONS": str(kept), "COURSE_ROOM": room}
    return lab.write(
        name, [f"import os\nos.environ.update({settings!r})", 'from course_lib.predict import predict\npredict("1a")']
    )


def test_a_choice_by_keyboard_is_noted_and_there_again_after_a_restart(
    lab: Lab, notebook: Notebook, tmp_path: Path, artifacts: Path
) -> None:
    kept = tmp_path / "predictions.json"
    page = notebook.open(asking(lab, "predict.ipynb", kept)).run_all().page
    shown = page.locator(".course-prediction")
    expect(shown.get_by_text("Nothing noted yet.")).to_be_visible()
    cells = notebook.script(CELLS)
    page.evaluate(FOCUS_FIRST)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(shown.get_by_text(f"Noted: {OPTIONS[1]}. Go on, and see.")).to_be_visible()
    expect(shown.get_by_role("button", name=OPTIONS[1])).to_have_attribute("aria-pressed", "true")
    expect(shown.get_by_role("button", name=OPTIONS[0])).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("d")
    page.keyboard.press("d")
    assert notebook.script(CELLS) == cells, "keys are the prediction's, and no commands of JupyterLab"
    assert json.loads(kept.read_text(encoding="utf-8")) == {"1a": OPTIONS[1]}
    page.screenshot(path=artifacts / "prediction.png")
    notebook.script(RESTART)
    expect(shown.get_by_text(f"Noted before: {OPTIONS[1]}.")).to_be_visible()
    expect(shown.get_by_role("button", name=OPTIONS[1])).to_have_attribute("aria-pressed", "true")
    assert OPTIONS[1] not in json.dumps(notebook.save()["cells"][-1]["outputs"]).replace(
        json.dumps("; ".join(OPTIONS))[1:-1], ""
    ).replace(f"<li>{json.dumps(OPTIONS[1])[1:-1]}</li>", ""), "a saved notebook shows no choice"


def test_the_rooms_hands_are_bars(lab: Lab, notebook: Notebook, tmp_path: Path, artifacts: Path) -> None:
    kept = tmp_path / "predictions.json"
    page = notebook.open(asking(lab, "room.ipynb", kept, room="1")).run_all().page
    fields = page.locator(".course-hands input")
    expect(fields).to_have_count(len(OPTIONS))
    for field, hands in zip(fields.all(), ("4", "12", "1"), strict=True):
        field.fill(hands)
        field.press("Enter")
    expect(page.locator(".course-prediction").get_by_text("17 hands.")).to_be_visible()
    bars = [bar.bounding_box() for bar in page.locator(".course-hand").all()]
    assert [round(bar["width"] / bars[1]["width"], 1) for bar in bars if bar] == [0.3, 1.0, 0.1]
    assert not kept.exists()
    page.screenshot(path=artifacts / "prediction_room.png")


@pytest.mark.parametrize("width", [360, 1024, 1920])
def test_a_prediction_is_whole_on_every_screen(lab: Lab, notebook: Notebook, tmp_path: Path, width: int) -> None:
    page = notebook.open(asking(lab, f"predict_{width}.ipynb", tmp_path / "kept.json")).run_all().page
    try:
        page.set_viewport_size({"width": width, "height": 800})
        shown = page.locator(".course-prediction")
        expect(shown.get_by_text("Nothing noted yet.")).to_be_visible()
        box = shown.bounding_box()
        assert box
        for button in shown.get_by_role("button").all():
            place = button.bounding_box()
            assert place
            assert place["x"] >= box["x"]
            assert place["x"] + place["width"] <= box["x"] + box["width"] + 1
    finally:
        page.set_viewport_size(SCREEN)
