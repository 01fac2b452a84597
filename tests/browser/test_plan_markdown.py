"""The planner's Markdown: shown, selected and copied by keyboard alone, or by its button, in the picture's place."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from browser.lab import Artifacts, Lab, Notebook

pytestmark = pytest.mark.browser

SELECTED = """
  const area = document.activeElement;
  return area.tagName === 'TEXTAREA' && area.value.slice(area.selectionStart, area.selectionEnd);
"""


def test_the_plan_is_copied_as_markdown_by_keyboard_alone(lab: Lab, page: Page, artifacts: Artifacts) -> None:
    source = ["from course_lib.explorers import TrainingRunPlanner", "e = TrainingRunPlanner()\ne"]
    notebook = Notebook(lab, page).open(lab.write("scratch_markdown.ipynb", source)).run_all()
    box = page.locator(".jp-OutputArea .course-TrainingRunPlanner")
    picture, plan = box.locator(".course-picture"), box.get_by_role("textbox", name="The plan as Markdown")
    expect(picture).to_be_visible()
    expect(plan).to_be_hidden()
    height, place = box.bounding_box()["height"], picture.locator("svg").bounding_box()
    box.get_by_role("button", name="As Markdown").focus()
    page.keyboard.press("Space")
    expect(plan).to_be_visible()
    expect(picture).to_be_hidden()
    assert box.bounding_box()["height"] == height
    assert all(abs(plan.bounding_box()[side] - place[side]) <= 6 for side in place)
    page.keyboard.press("Tab")  # to the title of what is folded
    page.keyboard.press("Tab")
    button = box.locator(".course-overlay button")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(button).to_have_text("Copied")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+a")
    markdown = notebook.ask("e.view(**e.values()).markdown")
    assert notebook.script(SELECTED) == markdown
    days = box.get_by_role("textbox", name="Days", exact=True)
    days.focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+v")
    assert days.input_value().split() == markdown.split()
    days.fill("30")
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+c")
    plan.focus()
    page.keyboard.press("Control+a")
    expect(plan).to_have_value(markdown)
    artifacts.keep(box, "TrainingRunPlanner_markdown.png")
    page.keyboard.type("x")
    expect(plan).to_have_value(markdown)
    page.keyboard.press("Control+c")
    days.focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+v")
    expect(days).to_have_value(re.compile("^# Training plan"))
    assert days.input_value().split() == markdown.split()
    page.keyboard.press("Control+a")
    page.keyboard.type("no days")
    page.keyboard.press("Enter")
    expect(button).to_have_count(0)
    expect(plan).to_have_value(re.compile("^Not drawn: Days: 0.1 to 1 k; got 'no days'"))
    notebook.shut_down()
    assert notebook.complaints == []
    assert notebook.outside == []
