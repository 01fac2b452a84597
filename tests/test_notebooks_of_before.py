"""What students and classes had before the course changed goes on working: their notebooks, their files' names.

The notebooks in `tests/data` are the students' copies as commit 70886d6 had them, of before the library was laid out
anew and the capstone was renamed; in their answer cells stand the solutions of that commit's masters.
"""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import mark
import nbformat
import pytest
import release
from class_edition import SEED
from classroom.editions import Edition
from classroom.gradebook import most_points
from classroom.master import MASTERS, verdicts
from classroom.notebooks import execute
from classroom.submissions import gather
from nbformat import NotebookNode

DATA = Path(__file__).resolve().parent / "data"
SET, CAPSTONE = "06_quantization", "07_plan_a_training_run"


def of_before(set_name: str) -> NotebookNode:
    return nbformat.read(DATA / f"{set_name}.ipynb", as_version=4)


@pytest.mark.parametrize("set_name", [SET, CAPSTONE])
def test_an_answered_notebook_of_before_runs_and_all_its_answers_are_right(set_name: str, tmp_path: Path) -> None:
    notebook = execute(of_before(set_name), tmp_path)
    said = verdicts(notebook)
    assert len(said) >= 6
    assert [one for one in said if " Correct." not in one] == []


@pytest.fixture(scope="module")
def edition(tmp_path_factory: pytest.TempPathFactory) -> Edition:
    """A class edition in which the capstone was released under its former name."""
    folder = tmp_path_factory.mktemp("class")
    masters = folder / "masters"
    masters.mkdir()
    shutil.copy(MASTERS / f"{SET}.ipynb", masters)
    shutil.copy(MASTERS / "07_plan.ipynb", masters / f"{CAPSTONE}.ipynb")
    made = Edition(SEED, folder / f"edition_{SEED}")
    for path in sorted(masters.iterdir()):
        release.release(path, made)
    return made


def test_an_edition_of_before_bears_the_former_name_everywhere(edition: Edition) -> None:
    assert list(json.loads((edition.folder / "edition.json").read_text(encoding="utf-8"))["sets"]) == [SET, CAPSTONE]
    assert edition.path("release", CAPSTONE).exists()
    assert len(most_points(edition, CAPSTONE)) == 7


def test_releasing_again_makes_no_second_set_beside_the_one_of_the_former_name(edition: Edition) -> None:
    assert edition.released_as("07_plan") == CAPSTONE
    assert release.release(MASTERS / "07_plan.ipynb", edition) == f"{CAPSTONE}: unchanged, 15 points"
    assert list(edition.released()) == [SET, CAPSTONE]


@pytest.fixture(scope="module")
def submissions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ann did both sets as the course had them before; Bob's file is none, and only its name says of which set."""
    folder = tmp_path_factory.mktemp("submissions")
    for set_name in (SET, CAPSTONE):
        (folder / "ann").mkdir(exist_ok=True)
        shutil.copy(DATA / f"{set_name}.ipynb", folder / "ann" / f"{set_name}.ipynb")
    (folder / "bob").mkdir()
    (folder / "bob" / "07_plan_edition_7.ipynb").write_bytes(b"{}")
    return folder


@pytest.mark.parametrize("wanted", ["07", "plan", "07_plan", "plan_a_training_run", CAPSTONE])
def test_a_set_of_before_is_asked_for_by_each_of_its_names(wanted: str, edition: Edition, submissions: Path) -> None:
    by_set = mark.Marker(edition, jobs=1).by_set(gather(submissions), wanted)
    assert {name: [one.student for one in some] for name, some in by_set.items()} == {CAPSTONE: ["ann", "bob"]}


def test_an_unknown_set_is_refused_with_the_names_that_were_released(edition: Edition, submissions: Path) -> None:
    with pytest.raises(SystemExit, match=f"No set '01' was released in edition 7; there is {SET}, {CAPSTONE}"):
        mark.Marker(edition, jobs=1).by_set(gather(submissions), "01")


def test_notebooks_of_before_get_all_points_of_the_questions_they_have(edition: Edition, submissions: Path) -> None:
    marker = mark.Marker(edition, jobs=2, cell_seconds=60.0, seconds=300.0)
    by_set = marker.by_set(gather(submissions), None)
    marker.prove_itself(list(by_set))
    for set_name, some in by_set.items():
        marker.mark(set_name, some)
    assert points(edition, SET)["ann"] == ("18", "20"), "question 6.10, of two points, came later"
    assert points(edition, CAPSTONE) == {"ann": ("12", "15"), "bob": ("0", "15")}, "three points are a person's to give"
    assert edition.path("feedback", CAPSTONE, "ann").with_suffix(".html").exists()


def points(edition: Edition, set_name: str) -> dict[str, tuple[str, str]]:
    """Return each student's points, and how many there are."""
    with (edition.folder / f"marks_{set_name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["student"]: (row["points"], row["of"]) for row in csv.DictReader(file)}


@pytest.mark.parametrize(
    "name",
    [
        f"doeann_123_456_{CAPSTONE}_edition_7.ipynb",
        f"doeann_123_456_{CAPSTONE}_edition_7-2.ipynb",
        f"doeann_123_456_{CAPSTONE} (1).ipynb",
        "doeann_123_456_07_plan_edition_7.ipynb",
    ],
)
def test_a_file_of_before_still_tells_whose_it_is(name: str, tmp_path: Path) -> None:
    shutil.copy(DATA / f"{CAPSTONE}.ipynb", tmp_path / name)
    assert [one.student for one in gather(tmp_path)] == ["doeann_123_456"]
