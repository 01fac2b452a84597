"""The site in a browser, in short: a lesson runs, an explorer answers a key, an exercise is checked and handed in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from classroom.submissions import gather
from playwright.sync_api import Page, expect

import course_lib.explorers
from browser.served_site import Served, Visit, visiting

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def visit(page: Page, served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    assert page.context.browser
    with visiting(page.context.browser, served, tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def test_a_lesson_runs_to_its_end_and_its_explorer_answers_a_key(visit: Visit) -> None:
    visit.open("notebooks/00_start_here.ipynb").run_all()
    assert len(visit.page.workers) == 1, "one Python, which the page starts before the notebook does"
    assert visit.output_errors() == []
    assert visit.unrun() == []
    sentence = visit.page.locator(".jp-OutputArea .course-ComputeCostExplorer .course-sentence p")
    before = sentence.inner_text()
    visit.page.locator(".jp-OutputArea").get_by_role("slider", name="Parameters P", exact=True).focus()
    visit.page.keyboard.press("ArrowRight")
    expect(sentence).not_to_have_text(before)
    values = visit.ask("next(o for o in globals()['Out'].values() if hasattr(o, 'view')).values()")
    assert sentence.inner_text() == course_lib.explorers.ComputeCostExplorer.view(**values).sentence
    assert visit.complaints == []


def test_an_exercise_is_diagnosed_kept_and_handed_in_under_its_authors_name(visit: Visit, tmp_path: Path) -> None:
    visit.open("exercises/01_compute_cost.ipynb")
    right, wrong = (f'run = given("1.1")\ncost = {times} * run.parameters * run.tokens' for times in (6, 2))
    visit.answer("answer-1-1", wrong)
    visit.run_all()
    assert visit.shown("check-1-1") == "1.1 That is the forward pass alone. Training also runs backward."
    visit.answer("answer-1-1", right)
    visit.run_all()
    assert "Correct" in visit.shown("check-1-1")
    visit.page.get_by_role("button", name="Hand in").click()
    expect(visit.page.locator("#course-said")).to_have_text("Write your name first: the file bears it.")
    file = visit.hand_in("Ann Lee", tmp_path)
    assert right in [cell.source for cell in nbformat.read(file, as_version=4).cells]
    assert [one.student for one in gather(tmp_path)] == ["Ann Lee"]
    visit.keep()
    visit.page.reload()
    visit.wait_for_notebook()
    assert right in visit.script("return panel().content.widgets.map(({ model }) => model.sharedModel.source)")
    assert visit.complaints == []
