"""What a cell is called: put together and taken apart in one place, and never taken for another's."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from classroom.cells import CellName, Role, checked_by, name_in, name_of
from hypothesis import given
from hypothesis import strategies as st
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

ROOT = Path(__file__).resolve().parent.parent
NUMBERS = st.just("") | st.builds("{}.{}".format, st.integers(0, 99), st.integers(0, 99))
NAMES = st.builds(CellName, st.sampled_from(Role), NUMBERS, st.integers(1, 99))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("check-4-2", CellName(Role.CHECK, "4.2")),
        ("answer-7-6-2", CellName(Role.ANSWER, "7.6", copy=2)),
        ("given-set", CellName(Role.GIVEN)),
        ("text-set-3", CellName(Role.TEXT, copy=3)),
        ("solution-1-10", CellName(Role.SOLUTION, "1.10")),
    ],
)
def test_a_name_says_the_role_the_question_and_which_copy(text: str, name: CellName) -> None:
    assert CellName.parse(text) == name
    assert str(name) == text


@given(NAMES)
def test_every_name_comes_back_from_its_text(name: CellName) -> None:
    assert CellName.parse(str(name)) == name


NO_NAMES = (
    *("", "check", "check-", "check-4", "check-4-2-1", "check-4-2-0", "check-4-2-02", "check-4-2-x", "check-4-٢"),
    *("Check-4-2", "check-set-", "answers-4-2", "check-4-2\n", " check-4-2", "set-check", "4-2", "c61b06b8"),
)


@pytest.mark.parametrize("text", NO_NAMES)
def test_what_is_no_name_is_refused_and_no_two_texts_are_one_name(text: str) -> None:
    with pytest.raises(ValueError, match="no cell of an exercise is called"):
        CellName.parse(text)


@pytest.mark.parametrize("path", sorted((ROOT / "exercises").rglob("*.ipynb")), ids=lambda path: path.stem)
def test_every_cell_of_every_exercise_has_a_name(path: Path) -> None:
    for cell in nbformat.read(path, as_version=4).cells:
        assert str(name_of(cell)) == cell.id == cell.metadata.nbgrader.grade_id


def a_cell(cell_id: object = "c61b06b8", **marks: object) -> NotebookNode:
    cell = new_code_cell("1", metadata={"nbgrader": marks} if marks else {})
    cell["id"] = cell_id
    return cell


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        (a_cell(grade_id="check-1-1"), "check-1-1"),
        (a_cell("answer-1-1", grade_id="check-1-1"), "check-1-1"),
        (a_cell("answer-1-1", grade_id=7), "answer-1-1"),
        (a_cell("answer-1-1"), "answer-1-1"),
        (a_cell("answer-1-1", grade_id="mine"), None),
        (a_cell(), None),
        (a_cell(None), None),
        (a_cell(7), None),
    ],
)
def test_a_students_cell_is_called_by_its_grade_id_else_by_its_own(cell: NotebookNode, name: str | None) -> None:
    found = name_in(cell)
    assert (str(found) if found else None) == name


@pytest.mark.parametrize("mangled", ["text", 7, None, [1]])
def test_mangled_metadata_is_no_name(mangled: object) -> None:
    cell = a_cell("check-1-1")
    cell.metadata["nbgrader"] = mangled
    assert str(name_in(cell)) == "check-1-1"
    cell["metadata"] = mangled
    assert str(name_in(cell)) == "check-1-1"


def test_a_check_says_which_answer_it_checks() -> None:
    assert checked_by("check('1.2', cost)") == ("1.2", "cost")
    assert checked_by("progress()") is None


def test_no_other_file_puts_a_name_together_or_takes_it_apart() -> None:
    """A literal as a whole, such as "check-1-1" in a test, reads no name; a part of one does."""
    begins = rf"""["'](?:{"|".join(Role)})-["'{{]"""
    parts = re.compile(rf"""{begins}|["']-set\b|\{{role\}}-|grade_id\.(?:startswith|partition|split|removeprefix)""")
    files = [path for folder in ("tools", "tests") for path in (ROOT / folder).rglob("*.py")]
    files = [path for path in files if path.name not in ("cells.py", Path(__file__).name)]
    assert [path.name for path in files if parts.search(path.read_text(encoding="utf-8"))] == []
