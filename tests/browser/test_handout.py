"""A lesson's hand-out opens from disk, with no network and no script, and has everything that the lesson shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import present
import pypdfium2
import pytest
from classroom import pages
from playwright.sync_api import Page
from thorough import some_of

from browser.lab import NOTEBOOKS, SCREEN, Artifacts

pytestmark = pytest.mark.browser

LESSONS = sorted(NOTEBOOKS.glob("*.ipynb"))
Made = Callable[[Path], Path]
"""What gives a lesson's hand-out."""
SVG = "image/svg+xml"
PHONE = {"width": 360, "height": 720}
MARGIN = 14 * 72 / 25.4
"""Points of white around a printed page, as pages.css has it."""

PAPER = {"width": round((210 - 2 * 14) * 96 / 25.4), "height": 1000}
BEYOND = """scrolling => [...document.querySelectorAll('main *')]
  .filter(part => !part.closest(scrolling) && part.checkVisibility())
  .filter(part => part.getBoundingClientRect().right > innerWidth + 0.5 || part.getBoundingClientRect().left < -0.5)
  .map(part => part.outerHTML.slice(0, 200))
"""
"""What is wider than the window, but for what lies in a box that scrolls."""
SCROLLS = ".course-wide > *, .jp-OutputArea-output > *"
SMALLEST_TEXT = """() => Math.min(...[...document.querySelectorAll('.jp-RenderedSVG text')].map(text => {
  const { a, b } = text.getScreenCTM();
  return parseFloat(getComputedStyle(text).fontSize) * Math.hypot(a, b);
}))"""
PRINTED = """() => {
  const texts = selector => [...document.querySelectorAll(selector)].map(part => part.innerText);
  return {
    code: texts('.jp-InputArea-editor pre'), outputs: texts('.jp-OutputArea-output pre'),
    tables: texts('main table:not(:has(math))'), headings: texts(':is(h1, h2, h3, h4, h5, h6)'),
    pointers: texts('p.course-on-paper'), answers: texts('.course-answers'),
  };
}"""
"""What paper has, by kind. The words of a table without formulas come in one piece, as no letter of them is drawn."""


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_handout_needs_nothing_but_itself(lesson: Path, page: Page, handout_of: Made, artifacts: Artifacts) -> None:
    notebook = nbformat.read(lesson, as_version=4)
    file = handout_of(lesson)
    page.goto("about:blank")  # what the page of another test still asks for is not this page's
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", ask := lambda request: asked.append(request.url))
    page.on("console", hear := lambda message: message.type == "error" and complaints.append(message.text))
    page.context.set_offline(True)
    try:
        page.goto(file.as_uri())
        artifacts.keep(page, f"handout_{lesson.stem}.png", full_page=True)
        assert asked == [file.as_uri()]
        assert complaints == []
        assert page.locator("script").count() == 0
        pictures = [
            output for cell in notebook.cells for output in cell.get("outputs", []) if SVG in output.get("data", {})
        ]
        assert page.locator(".jp-RenderedSVG svg[role=img]").count() == len(pictures)
        words = page.locator("main").inner_text()
        for output in pictures:
            assert output.data["text/plain"].split(".")[0][:40] in words, "the sentence stands below its picture"
        prose = page.locator(".jp-MarkdownCell").all_inner_texts()
        assert not any("$" in text.replace("$/", "") for text in prose), "a formula was left undrawn"
        assert "For the instructor" not in words
        asked = [cell.source for cell in notebook.cells if cell.source.startswith("predict(")]
        assert words.count("Predict first.") == len(asked)
        assert not any(call in words for call in (*asked, "calibration(", "Run this cell to see"))
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "wider than the page"
    finally:
        page.context.set_offline(False)
        page.remove_listener("request", ask)
        page.remove_listener("console", hear)
        page.goto("about:blank")


@pytest.mark.parametrize("lesson", some_of(LESSONS, "03_scaling", "05_number"), ids=lambda path: path.stem)
def test_on_a_phone_only_boxes_scroll_and_a_picture_is_legible(
    lesson: Path, page: Page, handout_of: Made, artifacts: Artifacts
) -> None:
    page.goto(handout_of(lesson).as_uri())
    try:
        for width in (PHONE["width"], 1024, 1920):
            page.set_viewport_size(PHONE | {"width": width})
            artifacts.keep(page, f"handout_{lesson.stem}_{width}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "wider than the page"
            assert page.evaluate(BEYOND, SCROLLS) == []
            assert page.evaluate(SMALLEST_TEXT) > 9.99
    finally:
        page.set_viewport_size(SCREEN)
        page.goto("about:blank")


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_on_paper_all_is_there_whole_and_the_answers_are_at_the_end(
    lesson: Path, page: Page, handout_of: Made, artifacts: Artifacts, tmp_path: Path
) -> None:
    notebook = nbformat.read(lesson, as_version=4)
    page.goto(handout_of(lesson).as_uri())
    folded = page.locator("details").count()
    assert page.locator("details[open]").count() == 0, "on a screen answers stay folded"
    assert not page.locator(".course-answers").is_visible()
    page.set_viewport_size(PAPER)
    page.emulate_media(media="print")
    try:
        assert page.evaluate(BEYOND, "svg *") == [], "so wide that the browser prints all of it smaller"
        printed = page.evaluate(PRINTED)
        assert page.locator("details:visible").count() == 0
        pdf = (artifacts.folder or tmp_path) / f"handout_{lesson.stem}.pdf"
        page.pdf(path=pdf, format="A4")
    finally:
        page.emulate_media(media="screen")
        page.set_viewport_size(SCREEN)
        page.goto("about:blank")

    sheets = [solid(sheet) for sheet in lines_of(pdf)]
    paper = "".join(sheets)
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code" and not is_asking(cell.source)]
    assert [solid(code) for code in printed["code"]] == [solid(code) for code in cells]
    at = 0
    for text in cells:
        for line in text.splitlines():
            found = paper.find(solid(line), at)
            assert found >= 0, f"not on paper: {line}"
            at = found + len(solid(line))
    assert [text for text in printed["outputs"] if solid(text) not in paper] == []
    assert [text for text in printed["tables"] if not any(solid(text) in sheet for sheet in sheets)] == [], "split"
    last_lines = [sheet.strip().splitlines()[-1] for sheet in lines_of(pdf)]
    assert [line for line in last_lines if solid(line) in map(solid, printed["headings"])] == [], "alone on its page"
    assert len(printed["pointers"]) == folded
    if folded:
        assert solid(printed["answers"][0].splitlines()[0]) == "Answers"
        start = next(number for number, sheet in enumerate(sheets) if sheet.startswith("Answers"))
        assert all(solid(pointer) in "".join(sheets[:start]) for pointer in printed["pointers"])
        assert len(re.findall(r"^\d+\. ", printed["answers"][0], re.MULTILINE)) == folded


def lines_of(pdf: Path) -> list[str]:
    """Return the text of each page that stands between its margins: what is cut off is not there."""
    with pypdfium2.PdfDocument(pdf) as document:
        return [
            sheet.get_textpage().get_text_bounded(MARGIN - 1, 0, sheet.get_width() - MARGIN + 1, sheet.get_height())
            for sheet in document
        ]


def solid(text: str) -> str:
    """Return a text without its white space, and with the hyphens that a PDF has at the end of a line."""
    return re.sub(r"\s", "", re.sub("[\x02\ufffe]", "-", text))


def is_asking(source: str) -> bool:
    """Tell whether a cell has no code on paper: a prediction stands there as its question."""
    return source.startswith(("predict(", "calibration("))


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("`$HOME` and $x$", "`$HOME` and <math"),
        ("it costs \\$5 and \\$6", "it costs \\$5 and \\$6"),
        ("| $\\max|X|$ |", "&#x0007C;"),
        ("$$C = 6PD$$", 'display="block"'),
    ],
)
def test_formulas_become_mathml_and_nothing_else_does(markdown: str, expected: str) -> None:
    assert expected in pages.with_mathml(markdown)


@pytest.mark.parametrize("formula", ["$a_$", "$\\left( x$", "$\\unheardof x$"])
def test_a_formula_that_cannot_be_drawn_stops_the_handout(formula: str) -> None:
    with pytest.raises(SystemExit, match="could not be drawn"):
        pages.with_mathml(formula)


def test_links_lead_to_handouts_or_become_words() -> None:
    linked = pages.with_links_to_handouts("[two](02_units.ipynb#S3), [read](../README.md), [out](https://arxiv.org)")
    assert linked == "[two](02_units.html#S3), read, [out](https://arxiv.org)"


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_the_speakers_notes_are_a_page_and_stand_open(lesson: Path, page: Page, tmp_path: Path) -> None:
    notes = [cell for cell in nbformat.read(lesson, as_version=4).cells if pages.is_note(cell)]
    page.goto(present.write_notes(lesson, tmp_path / "notes").as_uri())
    shown = page.locator("details[open]")
    assert shown.count() == len(notes) > 0
    assert all(one.inner_text().startswith("For the instructor") for one in shown.all())
    page.goto("about:blank")
