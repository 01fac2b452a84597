"""A prediction in a real JupyterLab: chosen by keyboard, noted, there again after a restart, and shown to a room."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from browser.lab import SCREEN, THEMES, Artifacts, Lab, Notebook
from course_lib import predictions

pytestmark = pytest.mark.browser

OPTIONS = list(predictions.find("1a").options)
FOCUS_FIRST = "document.querySelector('.course-prediction button').focus()"
ASKING_CELL = ".jp-Cell:has(.course-prediction)"
LOOK = """(part) => {
  const look = getComputedStyle(part);
  const ring = look.outlineStyle === "none" ? look.backgroundColor : look.outlineColor;
  const card = getComputedStyle(part.closest(".course-prediction")).backgroundColor;
  return [look.color, look.backgroundColor, look.borderTopColor, ring, card];
}"""
FITS = "() => document.querySelector('.course-prediction').clientWidth <= innerWidth"
"""Whether the page has come to the width of its window."""

CUT = """shown => {
  const box = shown.getBoundingClientRect();
  const all = [...shown.querySelectorAll("button, input, .widget-label, .course-unit")];
  const parts = all.filter(part => part.checkVisibility());
  const whole = part => {
    const place = part.getBoundingClientRect();
    const more = Math.max(part.scrollWidth - part.clientWidth, part.scrollHeight - part.clientHeight);
    return place.left >= box.left && place.right <= box.right + 1 && more <= 2;
  };
  return parts.length ? parts.filter(part => !whole(part)).map(part => part.outerHTML) : ["nothing is shown"];
}"""
"""The parts of a prediction that stand out of it, or are cut off."""
CELLS = "return panel().content.widgets.length"
RESTART = "await kernel().restart(); await app.commands.execute('notebook:run-all-cells');"


@pytest.fixture
def notebook(lab: Lab, page: Page) -> Iterator[Notebook]:
    opened = Notebook(lab, page)
    yield opened
    opened.shut_down()
    assert opened.complaints == []
    assert opened.outside == []


def asking(lab: Lab, name: str, kept: Path, room: str = "", asked: str = "1a") -> str:
    """Write a notebook that asks one prediction, and keeps what is chosen in a file of the test's."""
    settings = {"COURSE_PREDICTIONS": str(kept), "COURSE_ROOM": room}
    return lab.write(
        name,
        [f"import os\nos.environ.update({settings!r})", f'from course_lib.predict import predict\npredict("{asked}")'],
    )


def test_a_choice_by_keyboard_is_noted_and_there_again_after_a_restart(
    lab: Lab, notebook: Notebook, tmp_path: Path, artifacts: Artifacts
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
    artifacts.keep(page, "prediction.png")
    notebook.script(RESTART)
    expect(shown.get_by_text(f"Noted before: {OPTIONS[1]}.")).to_be_visible()
    expect(shown.get_by_role("button", name=OPTIONS[1])).to_have_attribute("aria-pressed", "true")
    assert OPTIONS[1] not in json.dumps(notebook.save()["cells"][-1]["outputs"]).replace(
        json.dumps("; ".join(OPTIONS))[1:-1], ""
    ).replace(f"<li>{json.dumps(OPTIONS[1])[1:-1]}</li>", ""), "a saved notebook shows no choice"


def test_the_rooms_hands_are_bars(lab: Lab, notebook: Notebook, tmp_path: Path, artifacts: Artifacts) -> None:
    kept = tmp_path / "predictions.json"
    page = notebook.open(asking(lab, "room.ipynb", kept, room="1")).run_all().page
    fields = page.locator(".course-hands input")
    expect(fields).to_have_count(len(OPTIONS))
    for field, hands in zip(fields.all(), ("4", "12", "1"), strict=True):
        field.fill(hands)
        field.press("Enter")
        expect(page.locator(ASKING_CELL)).to_be_focused()  # its keys are the slides' again
    expect(page.locator(".course-prediction").get_by_text("17 hands.")).to_be_visible()
    bars = [bar.bounding_box() for bar in page.locator(".course-hand").all()]
    assert [round(bar["width"] / bars[1]["width"], 1) for bar in bars if bar] == [0.3, 1.0, 0.1]
    assert not kept.exists()
    artifacts.keep(page, "prediction_room.png")


@pytest.mark.parametrize("asked", ["1a", "1b"])
def test_a_prediction_is_whole_on_every_screen(lab: Lab, notebook: Notebook, tmp_path: Path, asked: str) -> None:
    page = notebook.open(asking(lab, f"predict_{asked}.ipynb", tmp_path / "kept.json", asked=asked)).run_all().page
    shown = page.locator(".course-prediction")
    try:
        for width in (360, 1024, 1920):
            page.set_viewport_size({"width": width, "height": 800})
            page.wait_for_function(FITS)
            expect(shown.get_by_text("Nothing noted yet.")).to_be_visible()
            assert not shown.evaluate(CUT), f"at {width} px"
    finally:
        page.set_viewport_size(SCREEN)


def light(colour: str) -> float:
    """Return the relative luminance of a colour as the page gives it (WCAG 2.2)."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((light(one), light(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_a_prediction_is_seen_and_named_in_every_theme(lab: Lab, notebook: Notebook, tmp_path: Path) -> None:
    page = notebook.open(asking(lab, "seen.ipynb", tmp_path / "kept.json")).run_all().page
    page.add_style_tag(content="* { transition: none !important }")
    group = page.get_by_role("group", name=f"Predict first. {predictions.find('1a').asks}")
    group.get_by_role("button", name=OPTIONS[0]).click()
    expect(group.get_by_role("button", name=OPTIONS[0])).to_have_attribute("aria-pressed", "true")
    for theme in THEMES:
        notebook.change_theme(theme)
        for button in group.get_by_role("button").all():
            page.evaluate(FOCUS_FIRST)
            page.keyboard.press("Tab")
            page.keyboard.press("Shift+Tab")  # a ring is for the keyboard
            button.focus()
            is_seen(button, theme)


def is_seen(part: Locator, theme: str) -> None:
    """See that a part's text, edge and ring of focus stand out."""
    text, own, edge, ring, card = part.evaluate(LOOK)
    assert contrast(text, own) >= 4.5, theme
    assert contrast(edge, card) >= 3, theme
    assert contrast(ring, card) >= 3, f"{theme}: the ring {ring} on {card}"


def test_a_typed_prediction_says_at_its_field_what_is_wrong(lab: Lab, notebook: Notebook, tmp_path: Path) -> None:
    page = notebook.open(asking(lab, "typed.ipynb", tmp_path / "kept.json", asked="1b")).run_all().page
    page.add_style_tag(content="* { transition: none !important }")
    group = page.get_by_role("group", name=f"Predict first. {predictions.find('1b').asks}")
    field = group.get_by_role("textbox", name="Your number")
    field.fill("about ten")
    field.press("Enter")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_attribute("aria-description", re.compile("years Your number 'about ten' is not a number"))
    expect(field).to_be_focused()
    for theme in THEMES:
        notebook.change_theme(theme)
        field.focus()
        is_seen(field, theme)
    field.fill("30")
    field.press("Enter")
    expect(field).to_have_attribute("aria-invalid", "false")
    expect(group.get_by_role("status")).to_have_text("Noted: 30. Go on, and see.")


def test_the_numbers_of_a_room_are_typed_one_after_the_other(lab: Lab, notebook: Notebook, tmp_path: Path) -> None:
    page = notebook.open(asking(lab, "called.ipynb", tmp_path / "kept.json", room="1", asked="1b")).run_all().page
    field = page.locator(".course-called input")
    for number in ("30", "7", "40"):
        field.fill(number)
        field.press("Enter")
        expect(field).to_have_value("")
        expect(field).to_be_focused()
    expect(page.locator(".course-prediction").get_by_role("status")).to_have_text(
        "3 numbers, each at its nearest power of ten."
    )
    expect(page.locator(".course-hand")).to_have_count(2)
    field.press("Enter")
    expect(page.locator(ASKING_CELL)).to_be_focused()
