"""The pictures that no control moves: those that the lessons have saved, each as a page shows it."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest
from explorer_parts import caption, misplaced, text_boxes

from course_lib.explorers.compute_cost import FlopCountPicture, flop_count_view
from course_lib.explorers.memory import MemoryExplorer, MemoryPicture
from course_lib.explorers.picture import LEAST_TEXT, PAGE, STILL, WIDE

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
SVG = "image/svg+xml"


def saved() -> Iterator[object]:
    """Yield each still picture that a lesson has saved, with its words."""
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if "explorer" not in cell.metadata.get("tags", []):
                shown = [output.data for output in cell.get("outputs", []) if SVG in output.get("data", {})]
                yield from (pytest.param(data[SVG], data["text/plain"], id=cell.id) for data in shown)


STILLS = list(saved())


def test_the_lessons_have_still_pictures() -> None:
    assert len(STILLS) >= 8


@pytest.mark.parametrize(("svg", "words"), STILLS)
def test_a_still_picture_fits_its_page_and_is_legible_there(svg: str, words: str) -> None:
    root = ElementTree.fromstring(svg)
    units, across = float(root.get("viewBox", "").split()[2]), float(root.get("width", ""))
    assert (units, across) == (STILL, PAGE)
    assert misplaced(svg) == []
    assert min(box.size for box in text_boxes(svg)) * across / units >= LEAST_TEXT
    sentence = words.splitlines()[0]
    assert f'aria-label="{html.escape(sentence)}"' in svg
    assert len(sentence.split()) <= 20
    assert caption(svg) == sentence


def test_a_picture_without_controls_is_drawn_as_wide_as_a_page_and_no_other_is() -> None:
    picture = FlopCountPicture()
    assert (picture.width, picture.layout) == (STILL, "still")
    assert FlopCountPicture.width_within(10_000) == FlopCountPicture.width_within(10) == STILL
    assert f'viewBox="0 0 {STILL} ' in picture.svg(flop_count_view([16], [8]))
    assert MemoryPicture().width == WIDE


def test_an_explorers_picture_is_laid_out_anew_to_be_still() -> None:
    explorer = MemoryExplorer()
    view = explorer.shown
    svg = explorer.picture.still(view).svg
    explorer.close()
    assert f'viewBox="0 0 {STILL} ' in svg
    assert svg.startswith(f'<svg role="img" aria-label="{html.escape(view.sentence)}"')
    assert misplaced(svg) == []
