"""No page that the course makes breaks a rule of axe-core: lessons as hand-outs, and what is alive in JupyterLab.

The explorers are looked at in `test_explorers`, where they are open already.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import present
import pytest
from classroom.pages import as_page
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import Page, expect
from thorough import some_of

from browser.axe import violations
from browser.lab import NOTEBOOKS, PAST_EVERY_CELL, REPOSITORY, SCREEN, THEMES, Lab, Notebook, expect_to_have_all
from course_lib import predictions

pytestmark = pytest.mark.browser

LESSONS = sorted(NOTEBOOKS.glob("*.ipynb"))
MASTERS = sorted((REPOSITORY / "exercises" / "solutions").glob("*.ipynb"))
PHONE = {"width": 360, "height": 720}

CHECKS = {
    "right": 'run = given("1.1")\ncheck("1.1", 6 * run.parameters * run.tokens)',
    "wrong": 'check("1.1", 2 * run.parameters * run.tokens)',
    "refused": 'check("1.1", "7e22")',
    "open": 'check("1.1", ...)',
    "wrong function": 'check("5.8", lambda *pattern: 0.0)',
    "given": 'given("1.1")',
    "given choice": 'given("1.2")',
    "progress": "progress(1)",
}


@pytest.fixture
def notebook(lab: Lab, page: Page) -> Iterator[Notebook]:
    opened = Notebook(lab, page)
    yield opened
    opened.change_theme(THEMES[-1])
    opened.shut_down()
    assert opened.complaints == []
    assert opened.outside == []


def broken_in_a_theme(notebook: Notebook, inside: str) -> list[str]:
    """Return what is broken in any theme."""
    found = []
    for theme in THEMES:
        notebook.change_theme(theme)
        found += [f"{theme}: {fault}" for fault in violations(notebook.page, inside)]
    return found


def broken(page: Page, file: Path, medium: str = "screen") -> list[str]:
    """Return what is broken in a page that opens from disk, on a phone, where more has to scroll, or on paper."""
    page.goto(file.as_uri())
    page.set_viewport_size(PHONE)
    page.emulate_media(media=medium)
    try:
        return violations(page)
    finally:
        page.emulate_media(media="screen")
        page.set_viewport_size(SCREEN)
        page.goto("about:blank")


def test_a_fault_is_found(page: Page) -> None:
    page.goto("about:blank")
    page.set_content('<p class="pale" style="color: #999">pale</p><p class="plain">plain</p>')
    found = violations(page, ".pale")
    assert [fault.split(":")[0] for fault in found] == ["color-contrast"]
    assert violations(page, ".plain") == []
    page.goto("about:blank")


@pytest.mark.parametrize("medium", ["screen", "print"])
@pytest.mark.parametrize("lesson", some_of(LESSONS, "05_number"), ids=lambda path: path.stem)
def test_handout(lesson: Path, medium: str, page: Page, handout_of: Callable[[Path], Path]) -> None:
    assert broken(page, handout_of(lesson), medium) == []


@pytest.mark.parametrize("lesson", some_of(LESSONS, "05_number"), ids=lambda path: path.stem)
def test_speakers_notes(lesson: Path, page: Page, tmp_path: Path) -> None:
    assert broken(page, present.write_notes(lesson, tmp_path)) == []


@pytest.mark.parametrize("master", some_of(MASTERS, "01_compute", "05_number"), ids=lambda path: path.stem)
def test_exercises_as_a_page(master: Path, page: Page, tmp_path: Path) -> None:
    file = tmp_path / "exercises.html"
    file.write_text(as_page(nbformat.read(master, as_version=4), "Exercises"), encoding="utf-8")
    assert broken(page, file) == []


def test_a_traceback_on_a_page(page: Page, tmp_path: Path) -> None:
    lines = [f"\x1b[{colour}mcolour {colour}\x1b[39m" for colour in range(31, 38)]
    failed = new_output("error", ename="ValueError", evalue="", traceback=lines)
    code = new_code_cell("@cache\ndef f():  # why\n    return not 3.0", execution_count=1, outputs=[failed])
    kernel = {"language_info": {"name": "python"}}
    file = tmp_path / "page.html"
    file.write_text(
        as_page(new_notebook(cells=[new_markdown_cell("# Marked"), code], metadata=kernel), "Marked"), encoding="utf-8"
    )
    assert broken(page, file) == []


def test_what_checks_say(notebook: Notebook, lab: Lab) -> None:
    cells = ["from course_lib.checks import check, given, progress", *CHECKS.values()]
    notebook.open(lab.write("axe_checks.ipynb", cells)).run_all()
    output = ".jp-OutputArea-output.jp-RenderedHTML"
    shown = notebook.page.locator(output)
    expect_to_have_all(shown, len(CHECKS))
    said = dict(zip(CHECKS, shown.all_inner_texts(), strict=True))
    assert "Correct" in said["right"]
    assert "forward pass alone" in said["wrong"]
    assert "without quotes" in said["refused"]
    assert "Not answered yet" in said["open"]
    assert "expected" not in said["wrong function"]
    assert broken_in_a_theme(notebook, output) == []


def keeping_in(file: Path, room: str = "") -> str:
    """Return the code after which predictions are kept in a file, and asked of one learner or of a room."""
    return f"import os\nos.environ.update({ {'COURSE_PREDICTIONS': str(file), 'COURSE_ROOM': room}!r})"


@pytest.mark.parametrize("room", ["", pytest.param("1", marks=pytest.mark.thorough)], ids=["alone", "room"])
def test_predictions(notebook: Notebook, lab: Lab, tmp_path: Path, room: str) -> None:
    cells = [keeping_in(tmp_path / "kept.json", room), "from course_lib.predict import predict"]
    cells += ['predict("1a")', 'predict("1b")']
    page = notebook.open(lab.write(f"axe_predict{room}.ipynb", cells)).run_all().page
    asked = page.locator(".course-prediction")
    expect_to_have_all(asked, 2)
    assert broken_in_a_theme(notebook, ".course-prediction") == []
    number = asked.nth(1).get_by_role("textbox")
    number.fill("about ten")
    number.press("Enter")
    expect(asked.nth(1).locator("p.course-problem")).to_have_count(1)
    if room:
        hands = asked.nth(0).get_by_role("spinbutton").first
        hands.fill("12")
        hands.press("Enter")
    else:
        asked.nth(0).get_by_role("button").first.click()
    expect(asked.nth(0).get_by_role("status")).to_contain_text("12 hands" if room else "Noted")
    assert broken_in_a_theme(notebook, ".course-prediction") == []


def test_calibration(notebook: Notebook, lab: Lab, tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps({"1a": next(iter(predictions.find("1a").options))}), encoding="utf-8")
    cells = [keeping_in(kept), "from course_lib.predict import calibration\ncalibration(1)"]
    page = notebook.open(lab.write("axe_calibration.ipynb", cells)).run_all().page
    page.locator(".course-calibration summary").click()
    assert broken_in_a_theme(notebook, ".course-calibration") == []


def test_the_map(notebook: Notebook, lab: Lab) -> None:
    page = notebook.open("00_start_here.ipynb").page
    table = ".jp-RenderedMarkdown:has(table)"
    notebook.script(PAST_EVERY_CELL)
    expect_to_have_all(page.locator(table), 3)
    assert broken_in_a_theme(notebook, table) == []
