"""The map of the lecture leads where it says: to each slide's heading, function, explorer and exercises."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import nbformat
import pytest

from course_lib import explorers

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROW = re.compile(
    r"^\| (S\d+|all) \| (.+?) \| \[(.+?)\]\((.+?)\) \| (?:`([\w.]+)` \| )?`(\w+)` \| \[\d\d\]\((.+?)\) \|$",
    re.MULTILINE,
)
ROWS = ROW.findall(README)
SLIDES = [f"S{number}" for number in range(1, 15)]


def cells(lesson: Path, kind: str) -> list[str]:
    return [cell.source for cell in nbformat.read(lesson, as_version=4).cells if cell.cell_type == kind]


def test_the_map_has_every_slide_of_the_lecture_once_and_the_capstone() -> None:
    assert [row[0] for row in ROWS] == [*SLIDES, "all"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_slide_has_its_heading_its_function_its_explorer_and_its_exercises(row: tuple[str, ...]) -> None:
    slide, _, _, path, function, explorer, exercises = row
    lesson = ROOT / path
    if slide != "all":
        headings = re.findall(
            r"^#+ (S\d+(?:[, ]+(?:and )?S\d+)*) · ", "\n".join(cells(lesson, "markdown")), re.MULTILINE
        )
        assert slide in re.findall(r"S\d+", " ".join(headings)), f"{path} has no heading of {slide}"
    module, name = function.split(".")
    assert hasattr(import_module(f"course_lib.{module}"), name)
    assert isinstance(getattr(explorers, explorer), type)
    assert Path(exercises).name == lesson.name
    headings = re.findall(r"^## \d\.\d · .*", "\n".join(cells(ROOT / exercises, "markdown")), re.MULTILINE)
    assert len(headings) >= 6, f"{exercises} has {len(headings)} questions"
    assert any(f"{explorer}(" in source for source in cells(lesson, "code")), f"{path} does not show {explorer}"


def test_the_first_notebook_has_the_same_map() -> None:
    start = "\n".join(cells(ROOT / "notebooks" / "00_start_here.ipynb", "markdown"))
    rows = [
        (row[0], row[1], row[2], f"notebooks/{row[3]}", row[5], row[6].removeprefix("../"))
        for row in ROW.findall(start)
    ]
    assert rows == [(row[0], row[1], row[2], row[3], row[5], row[6]) for row in ROWS]
