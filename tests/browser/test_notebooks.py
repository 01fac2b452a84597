"""Each lesson in a real JupyterLab: run by a reader who has a kernel, and read by one who has run nothing."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from thorough import some_of

from browser.cases import CASES
from browser.lab import NOTEBOOKS, PAST_EVERY_CELL, PATIENCE, SCREEN, Artifacts, Lab, Notebook, expect_to_have_all
from course_lib.explorers.picture import PAGE

pytestmark = pytest.mark.browser

LESSONS = sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))
WIDGET_VIEW, SVG, PLAIN = "application/vnd.jupyter.widget-view+json", "image/svg+xml", "text/plain"

KINDS = ("explorer", "prediction", "calibration", "live-picture")
ALIVE = ", ".join(f".jp-OutputArea .course-{kind}" for kind in KINDS)

START_ALL = "await panel().sessionContext.ready; app.commands.execute('notebook:run-all-cells');"
"""Runs all cells and does not wait."""
STOP = "await kernel().interrupt();"
ENDLESS_TRAINING = """
from course_lib.explorers.compute_cost import LiveTraining
from course_lib.tiny_transformer import stopwatch
stopwatch.STEPS = 1_000_000
seen = LiveTraining()
display(seen)
run = stopwatch.timed_training(report=seen.show, patience=1e9)
"""

STILL_PICTURES = """
from course_lib.explorers.compute_cost import FlopCountPicture, LiveSpeed, flop_count_view
from course_lib.tiny_transformer.stopwatch import reference
display(LiveSpeed(reference()[0]))
FlopCountPicture().still(flop_count_view([16], [8]))
"""
ROOM = """
  app.shell[argument ? 'expandLeft' : 'collapseLeft']();
  await new Promise(done => setTimeout(done, 500));
  return [...document.querySelectorAll('.course-live-picture svg, .jp-RenderedSVG img')].map(picture => {
    let box = picture.parentElement;
    while (getComputedStyle(box).overflowX !== 'auto') box = box.parentElement;
    const page = box.closest('.jp-WindowedPanel-outer');
    const wide = Math.round(picture.getBoundingClientRect().width);
    return [wide, box.clientWidth, page.scrollWidth <= page.clientWidth];
  });
"""
"""How wide each picture is and the box that it scrolls in, and whether nothing else scrolls to the side."""

CLOSE_AND_SHUT_DOWN = """
  await panel().context.save();
  app.commands.execute('filemenu:close-and-cleanup');
"""

PICTURES = """
  const pictures = [...document.querySelectorAll('.jp-RenderedSVG img')];
  await Promise.all(pictures.map(picture => picture.decode()));
  return pictures.map(picture => picture.naturalWidth);
"""

TO_THE_TOP = """
  const notebook = panel().content, outer = notebook.node.querySelector('.jp-WindowedPanel-outer');
  await notebook.scrollToItem(0, 'start');
  outer.scrollTop = 0;
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  const cells = [...outer.querySelectorAll('.jp-Cell')];
  return Math.ceil(cells.at(-1).getBoundingClientRect().bottom) + 80;
"""
"""Scrolls up and returns the height of a window that would show all of the notebook."""


@pytest.fixture
def notebook(lab: Lab, page: Page) -> Iterator[Notebook]:
    opened = Notebook(lab, page)
    yield opened
    if opened.script("return panel() instanceof Object && 'sessionContext' in panel()"):
        opened.shut_down()
    assert opened.complaints == []
    assert opened.outside == []


def outputs_with(kind: str, document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the data of the notebook's outputs that have a kind of it."""
    outputs = [output for cell in document["cells"] for output in cell.get("outputs", [])]
    return [output["data"] for output in outputs if kind in output.get("data", {})]


def text_of(data: dict[str, Any], kind: str) -> str:
    return "".join(data[kind])


@pytest.mark.parametrize("lesson", some_of(LESSONS, "05_number"))
def test_a_lesson_shows_its_pictures_and_runs_to_its_end_and_its_explorers_come_alive(
    lesson: str, notebook: Notebook, lab: Lab, artifacts: Artifacts
) -> None:
    committed = json.loads((NOTEBOOKS / lesson).read_text(encoding="utf-8"))
    name = lab.copy(committed, f"unrun_{lesson}", trusted=True)
    shows_pictures(notebook.open(name), len(outputs_with(SVG, committed)))
    notebook.run_all()
    assert notebook.output_errors() == []
    widgets = outputs_with(WIDGET_VIEW, notebook.save())
    notebook.script(PAST_EVERY_CELL)
    expect_to_have_all(notebook.page.locator(ALIVE), len(widgets))
    if artifacts.folder:
        take_pictures(notebook, artifacts, Path(lesson).stem)


def take_pictures(notebook: Notebook, artifacts: Artifacts, name: str) -> None:
    """Take the first screen, and the whole notebook as one tall page."""
    height = notebook.script(TO_THE_TOP)
    artifacts.keep(notebook.page, f"{name}_1280x720.png")
    try:
        for _ in range(3):  # cells that come into view for the first time grow
            notebook.page.set_viewport_size({"width": SCREEN["width"], "height": min(height, 16_000)})
            height = notebook.script(TO_THE_TOP)
        artifacts.keep(notebook.page, f"{name}.png")
    finally:
        notebook.page.set_viewport_size(SCREEN)


def shows_pictures(notebook: Notebook, count: int) -> None:
    notebook.script(PAST_EVERY_CELL)
    expect_to_have_all(notebook.page.locator(".jp-RenderedSVG img"), count)
    assert all(notebook.script(PICTURES))
    expect(notebook.page.get_by_text("model not found")).to_have_count(0)


@pytest.fixture(scope="module")
def saved(lab: Lab, page: Page) -> dict[str, Any]:
    """A notebook with every explorer, run and saved by a reader, and then stored as the lessons are."""
    source = [f"from course_lib.explorers import {case.name}\n{case.name}()" for case in CASES]
    notebook = Notebook(lab, page).open(lab.write("every_explorer.ipynb", source)).run_all()
    document = notebook.save()
    notebook.shut_down()
    for data in outputs_with(WIDGET_VIEW, document):
        del data[WIDGET_VIEW]
    return document


def test_an_explorer_that_is_not_run_shows_its_picture(saved: dict[str, Any], notebook: Notebook, lab: Lab) -> None:
    assert len(outputs_with(SVG, saved)) == len(CASES)
    shows_pictures(notebook.open(lab.copy(saved, "trusted.ipynb", trusted=True)), len(CASES))


def test_an_explorer_in_a_notebook_from_elsewhere_shows_its_sentence(
    saved: dict[str, Any], notebook: Notebook, lab: Lab
) -> None:
    notebook.open(lab.copy(saved, "untrusted.ipynb", trusted=False))
    sentences = [text_of(data, PLAIN) for data in outputs_with(SVG, saved)]
    expect(notebook.page.locator(".jp-OutputArea-output")).to_contain_text(sentences)


def test_a_training_is_followed_and_the_stop_button_leaves_what_it_reached(
    notebook: Notebook, lab: Lab, artifacts: Artifacts
) -> None:
    after = "print('goes on:', run.interrupted, len(run.losses) > 0, run.within(2))"
    notebook.open(lab.write("endless.ipynb", [ENDLESS_TRAINING, after])).script(START_ALL)
    live = notebook.page.locator(".course-live-picture svg")
    expect(live).to_have_attribute("aria-label", re.compile(r"^[1-9]\d* of 1000000 steps in "), timeout=PATIENCE * 1000)
    notebook.script(STOP)
    expect(notebook.page.get_by_text("goes on: True True True")).to_be_visible(timeout=PATIENCE * 1000)
    expect(live).to_have_attribute("aria-label", re.compile(r"^Stopped after [1-9]\d* of 1000000 steps: "))
    assert notebook.output_errors() == []
    if artifacts.folder:
        artifacts.keep(notebook.page, "stopped_training.png")


def test_a_picture_without_controls_fits_a_small_screen_beside_the_files_and_scrolls_alone_on_a_phone(
    notebook: Notebook, lab: Lab
) -> None:
    notebook.open(lab.write("still.ipynb", [STILL_PICTURES])).run_all()
    pictures = notebook.page.locator(".course-live-picture svg, .jp-RenderedSVG img")
    expect(pictures).to_have_count(2)
    try:
        notebook.page.set_viewport_size({"width": 1024, "height": 768})
        for files_in_sight in (True, False):
            for wide, box, nothing_else_scrolls in notebook.script(ROOM, files_in_sight):
                assert wide == PAGE <= box
                assert nothing_else_scrolls
        notebook.page.set_viewport_size({"width": 360, "height": 740})
        for wide, box, nothing_else_scrolls in notebook.script(ROOM, False):
            assert wide == PAGE > 360 > box
            assert nothing_else_scrolls
    finally:
        notebook.page.set_viewport_size(SCREEN)


def test_a_notebook_that_is_closed_leaves_no_kernel(notebook: Notebook, lab: Lab) -> None:
    source = f"from course_lib.explorers import {CASES[0].name}\n{CASES[0].name}()"
    notebook.open(lab.write("closed.ipynb", [source])).run_all()
    assert len(lab.kernels()) == 1, "this notebook's"
    notebook.script(CLOSE_AND_SHUT_DOWN)
    notebook.page.locator(".jp-Dialog .jp-mod-accept").click()
    last = time.monotonic() + PATIENCE
    while lab.kernels():
        assert time.monotonic() < last, f"still running: {lab.kernels()}"
        time.sleep(0.05)
    expect(notebook.page.locator(".course-explorer")).to_have_count(0)
