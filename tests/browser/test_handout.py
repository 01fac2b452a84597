"""A lesson's hand-out opens from disk, with no network and no script, and has everything that the lesson shows."""

from __future__ import annotations

from pathlib import Path

import handout
import nbformat
import present
import pytest
from classroom import pages
from playwright.sync_api import Page

from browser.lab import NOTEBOOKS

pytestmark = pytest.mark.browser

LESSONS = sorted(NOTEBOOKS.glob("*.ipynb"))
SVG = "image/svg+xml"


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_handout_needs_nothing_but_itself(lesson: Path, page: Page, tmp_path: Path, artifacts: Path) -> None:
    notebook = nbformat.read(lesson, as_version=4)
    file = tmp_path / f"{lesson.stem}.html"
    file.write_text(handout.handout(nbformat.read(lesson, as_version=4)), encoding="utf-8")
    page.goto("about:blank")  # what the page of another test still asks for is not this page's
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", ask := lambda request: asked.append(request.url))
    page.on("console", hear := lambda message: message.type == "error" and complaints.append(message.text))
    page.context.set_offline(True)
    try:
        page.goto(file.as_uri())
        page.screenshot(path=artifacts / f"handout_{lesson.stem}.png", full_page=True)
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
