"""The map of the lecture leads where it says: each slide has its heading, its function and its explorer."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import nbformat
import pytest

from course_lib import explorers

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (S\d+|all) \| (.+?) \| \[(.+?)\]\((.+?)\) \| (?:`([\w.]+)` \| )?`(\w+)` \|$", re.MULTILINE)
ROWS = ROW.findall(README)
SLIDES = [f"S{number}" for number in range(1, 15)]


def cells(lesson: Path, kind: str) -> list[str]:
    return [cell.source for cell in nbformat.read(lesson, as_version=4).cells if cell.cell_type == kind]


def test_the_map_has_every_slide_of_the_lecture_once_and_the_capstone() -> None:
    assert [row[0] for row in ROWS] == [*SLIDES, "all"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_slide_has_its_heading_its_function_and_its_explorer(row: tuple[str, ...]) -> None:
    slide, _, _, path, function, explorer = row
    lesson = ROOT / path
    if slide != "all":
        headings = re.findall(
            r"^#+ (S\d+(?:[, ]+(?:and )?S\d+)*) · ", "\n".join(cells(lesson, "markdown")), re.MULTILINE
        )
        assert slide in re.findall(r"S\d+", " ".join(headings)), f"{path} has no heading of {slide}"
    module, name = function.split(".")
    assert hasattr(import_module(f"course_lib.{module}"), name)
    assert isinstance(getattr(explorers, explorer), type)
    assert any(f"{explorer}(" in source for source in cells(lesson, "code")), f"{path} does not show {explorer}"


def test_the_first_notebook_has_the_same_map() -> None:
    start = "\n".join(cells(ROOT / "notebooks" / "00_start_here.ipynb", "markdown"))
    rows = [
        (slide, about, lesson, f"notebooks/{path}", explorer)
        for slide, about, lesson, path, _, explorer in ROW.findall(start)
    ]
    assert rows == [(slide, about, lesson, path, explorer) for slide, about, lesson, path, _, explorer in ROWS]
