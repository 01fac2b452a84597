"""A student in a real JupyterLab: opens an exercise, answers, reads what was wrong, mends it, and saves."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from browser.lab import REPOSITORY, Lab, Notebook

pytestmark = pytest.mark.browser

EXERCISE = "exercises/01_compute_cost.ipynb"
TWICE, THRICE, SIX_TIMES = (f'run = given("1.1")\ncost = {n} * run.parameters * run.tokens' for n in (2, 3, 6))


@pytest.fixture(scope="module")
def course(page: Page, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab as `make lab` opens it, at the top of a copy of the course."""
    copy = tmp_path_factory.mktemp("course")
    for folder in ("notebooks", "exercises"):
        shutil.copytree(REPOSITORY / folder, copy / folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    server = Lab(tmp_path_factory.mktemp("course_lab"), copy, whole_course=True)
    yield server
    page.goto("about:blank")  # else it goes on asking a server that is gone
    assert not server.stop()


@pytest.fixture
def exercise(course: Lab, page: Page) -> Iterator[Notebook]:
    notebook = Notebook(course, page).open(EXERCISE)
    yield notebook
    notebook.shut_down()


def cell(page: Page, source: str) -> Locator:
    return page.locator(".jp-CodeCell").filter(has=page.locator(".cm-content", has_text=source))


def answer(exercise: Notebook, text: str, question: str) -> None:
    """Type an answer over what stands there, run it and the check below, and wait until the check speaks."""
    page = exercise.page
    editor = page.locator(".jp-CodeCell").nth(2).locator(".cm-content")
    editor.click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(text)
    page.keyboard.press("Shift+Enter")
    checked = cell(page, f'check("{question}"')
    before = checked.locator(".jp-OutputArea-output").inner_text()
    page.keyboard.press("Shift+Enter")
    expect(checked.locator(".jp-OutputArea-output")).not_to_have_text(before)


def test_an_answer_is_diagnosed_and_saved_apart(exercise: Notebook, course: Lab) -> None:
    page = exercise.page
    exercise.run_all()
    assert exercise.output_errors() == []
    verdict = cell(page, 'check("1.1"').locator(".jp-OutputArea-output")
    expect(verdict).to_have_text("1.1 Not answered yet.")

    answer(exercise, TWICE, "1.1")
    expect(verdict).to_have_text("1.1 That is the forward pass alone. Training also runs backward.")
    answer(exercise, THRICE, "1.1")
    expect(verdict).to_contain_text("Each multiply-accumulate was counted once")
    answer(exercise, SIX_TIMES, "1.1")
    expect(verdict).to_contain_text("1.1 Correct.")

    exercise.script("await panel().context.save();")
    clean, own = course.folder / EXERCISE, course.folder / "my_exercises" / Path(EXERCISE).name
    assert clean.read_bytes() == (REPOSITORY / EXERCISE).read_bytes()
    assert "6 * run.parameters * run.tokens" in own.read_text(encoding="utf-8")
    assert exercise.complaints == []
    assert exercise.outside == []


def test_what_was_saved_is_shown_again_and_progress_is_drawn(exercise: Notebook) -> None:
    page = exercise.page
    expect(page.locator(".jp-CodeCell").nth(2).locator(".cm-content")).to_contain_text("6 * run.parameters")
    exercise.run_all()
    picture = page.locator('svg[role="img"][aria-label^="Set 1, compute cost: 1 of 11 correct"]')
    expect(picture).to_have_count(1)
    expect(picture.locator("rect")).to_have_count(11)


def test_a_check_cannot_be_edited_and_the_solution_is_folded(exercise: Notebook) -> None:
    page = exercise.page
    checked = cell(page, 'check("1.1"')
    checked.locator(".cm-content").click()
    page.keyboard.type("spoilt")
    assert "spoilt" not in checked.locator(".cm-content").inner_text()
    folded = page.locator("details", has_text="Solution").first
    expect(folded.locator("pre")).to_be_hidden()
    folded.locator("summary").click()
    expect(folded.locator("pre")).to_be_visible()
