"""The map of the lecture leads where it says: to each slide's heading, function, explorer and exercises."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import nbformat
import pytest
from test_try_this import slides_tried

from course_lib import explorers, questions

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROW = re.compile(
    r"^\| (S\d+|all|since) \| (.+?) \| \[(.+?)\]\((.+?)\) \| (?:`([\w.]+)` \| )?`(\w+)` \| \[\d\d\]\((.+?)\) \|$",
    re.MULTILINE,
)
ROWS = ROW.findall(README)
SLIDES = [f"S{number}" for number in range(1, 15)]
FRAME = re.compile(
    r'<div class="alert alert-block course-slide"[^>]*>\n\n\*\*The slide · (S\d+) · .*?</div>', re.DOTALL
)
HEADING = re.compile(r"^#+ ((?:S\d+[, ]*(?:and )?)+) · ", re.MULTILINE)
PREDICT = re.compile(r'predict\("\w+"\)')


def cells(lesson: Path, kind: str) -> list[str]:
    return [cell.source for cell in nbformat.read(lesson, as_version=4).cells if cell.cell_type == kind]


def test_the_map_has_every_slide_of_the_lecture_once_the_capstone_and_what_came_since() -> None:
    assert [row[0] for row in ROWS] == [*SLIDES, "all", "since"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_slide_has_its_heading_its_function_its_explorer_and_its_exercises(row: tuple[str, ...]) -> None:
    slide, _, _, path, function, explorer, exercises = row
    lesson = ROOT / path
    if slide in SLIDES:
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


def lines_of_slides() -> dict[str, list[str]]:
    """Return the lines of each slide, as the lecture has them."""
    text = (ROOT / "tests" / "data" / "slides.md").read_text(encoding="utf-8")
    blocks = [block.partition("\n") for block in re.split(r"^## ", text, flags=re.MULTILINE)[1:]]
    return {
        title.partition(" ")[0]: [f"**The slide · {title}**", *filter(None, map(str.strip, body.splitlines()))]
        for title, _, body in blocks
    }


def lesson_of(slide: str) -> Path:
    (path,) = {row[3] for row in ROWS if row[0] == slide}
    return ROOT / path


def slide_at(lesson: Path) -> list[tuple[set[str], str]]:
    """Return each cell's source with the slides of the section that it stands in."""
    here: set[str] = set()
    found = []
    for cell in nbformat.read(lesson, as_version=4).cells:
        if cell.cell_type == "markdown" and re.match(r"## ", cell.source):
            heading = HEADING.match(cell.source)
            here = set(re.findall(r"S\d+", heading[1])) if heading else here
        found.append((here, cell.source))
    return found


def test_the_lecture_has_the_lines_of_every_slide() -> None:
    assert list(lines_of_slides()) == SLIDES


@pytest.mark.parametrize("slide", SLIDES)
def test_a_section_shows_its_slide_before_it_speaks_of_it(slide: str) -> None:
    sections = [source for slides, source in slide_at(lesson_of(slide)) if slide in slides]
    (frame,) = [match[0] for source in sections for match in FRAME.finditer(source) if match[1] == slide]
    shown = [line.strip() for line in frame.splitlines()]
    assert [line for line in lines_of_slides()[slide] if line not in shown] == []
    before = sections[0].partition("<div")[0].strip()
    assert re.fullmatch(r"## .+", before), "the frame follows its heading at once"


@pytest.mark.parametrize("slide", SLIDES)
def test_a_slide_has_a_prediction_a_replayed_try_this_and_two_exercises(slide: str) -> None:
    asked = [source for slides, source in slide_at(lesson_of(slide)) if slide in slides and PREDICT.search(source)]
    assert asked, f"no prediction stands in a section of {slide}"
    assert slide in slides_tried()
    every = [questions.find(number) for topic in questions.sets() for number in questions.numbers_of(topic)]
    assert len([one for one in every if slide in one.slides]) >= 2
