"""`make release`: an edition of its own numbers, without solutions, that nbgrader knows and that is released once."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import clean
import nbformat
import pytest
import release
from class_edition import ROOT, ClassEdition, released
from classroom.cells import CellName, Role
from classroom.editions import find_edition, seed_from
from classroom.gradebook import most_points
from classroom.master import MASTERS, verdicts
from classroom.notebooks import read, serialise
from classroom.student_copy import student_copy

from course_lib import questions
from course_lib.checks import Given

SET, OTHER = "02_units", "07_plan"


@pytest.fixture(scope="module")
def edition(tmp_path_factory: pytest.TempPathFactory) -> ClassEdition:
    return released(tmp_path_factory.mktemp("class"), SET, OTHER)


@pytest.mark.parametrize("name", [SET, OTHER])
def test_a_release_is_the_students_copy_without_solutions_and_with_its_edition(
    name: str, edition: ClassEdition
) -> None:
    public = nbformat.read(MASTERS / f"{name}.ipynb", as_version=4)
    wanted = student_copy(public, f"{name}.ipynb", with_solutions=False)
    made = edition.untouched(name)
    differs = [new.source for old, new in zip(wanted.cells, made.cells, strict=True) if old.source != new.source]
    first, imports = differs
    assert "This is **edition 7**, for a class" in first
    assert "two hints, folded" in first
    assert f"`{name}_edition_7.ipynb`" in first
    assert imports == "from course_lib.checks import check, edition, given, progress\n\nedition(7)"
    assert not re.search("solution", nbformat.writes(made).replace('"solution": ', ""), re.IGNORECASE)


@pytest.mark.parametrize("name", [SET, OTHER])
def test_cells_of_a_release_are_locked_as_in_the_students_copy(name: str, edition: ClassEdition) -> None:
    for cell in edition.untouched(name).cells:
        assert cell.metadata.deletable is False
        assert cell.metadata.get("editable", True) is not cell.metadata.nbgrader.locked


@pytest.mark.parametrize("name", [SET, OTHER])
def test_every_link_of_a_release_leads_somewhere_from_my_exercises(name: str, edition: ClassEdition) -> None:
    text = "\n".join(cell.source for cell in edition.untouched(name).cells if cell.cell_type == "markdown")
    links = re.findall(r"\]\((\.\./[^)#]+)", text)
    assert links
    assert [link for link in links if not (ROOT / "my_exercises" / link).resolve().exists()] == []


def test_the_masters_are_kept_apart_and_run_in_this_edition(edition: ClassEdition) -> None:
    solutions = edition.edition.folder / "solutions"
    assert sorted(path.name for path in solutions.iterdir()) == [f"{name}_edition_7.ipynb" for name in (SET, OTHER)]
    master = nbformat.read(edition.edition.solutions(SET), as_version=4)
    assert all(" Correct." in said for said in verdicts(master))
    shown = [cell.outputs[0].data["text/plain"] for cell in master.cells if re.match(r"given\(", cell.source)]
    assert shown == [str(Given(questions.find(number, 7))) for number in questions.numbers_of(2)]


def test_the_gradebook_has_every_check_with_its_points(edition: ClassEdition) -> None:
    points = {str(cell): most for cell, most in most_points(edition.edition, OTHER).items()}
    wanted = {str(CellName(Role.CHECK, n)): questions.find(n, 7).points for n in questions.numbers_of(7)}
    assert points == wanted | {"answer-7-6-2": 3}


@pytest.mark.parametrize("one", questions.sets())
def test_two_seeds_give_two_editions_and_neither_is_the_public_one(one: int) -> None:
    public, *classes = [[str(Given(questions.find(n, seed))) for n in questions.numbers_of(one)] for seed in (0, 7, 8)]
    assert classes[0] != classes[1]
    fixed = [n for n, a in zip(questions.numbers_of(one), public, strict=True) if a in (classes[0] + classes[1])]
    assert [n for n in fixed if len({str(Given(questions.find(n, seed))) for seed in range(60)}) > 1] == []


def test_releasing_again_changes_nothing(edition: ClassEdition) -> None:
    path = edition.edition.path("release", SET)
    before = nbformat.read(path, as_version=4)
    said = release.release(MASTERS / f"{SET}.ipynb", edition.edition)
    assert said.startswith(f"{SET}: unchanged")
    assert nbformat.read(path, as_version=4) == before


def test_another_text_under_a_seed_that_was_handed_out_is_refused(edition: ClassEdition, tmp_path: Path) -> None:
    handed_out = edition.copied(tmp_path).edition
    folder = tmp_path / "solutions"
    folder.mkdir()
    _, master = read(MASTERS / f"{SET}.ipynb")
    master.cells[3].source += "\n\nAnd one thing more."
    (folder / f"{SET}.ipynb").write_bytes(serialise(master))
    with pytest.raises(SystemExit, match="edition 7 was handed out with another text"):
        release.release(folder / f"{SET}.ipynb", handed_out)


def test_questions_that_changed_since_are_refused(edition: ClassEdition, monkeypatch: pytest.MonkeyPatch) -> None:
    find = questions.find
    monkeypatch.setattr(questions, "find", lambda number, seed=0: find(number, seed + 1))
    with pytest.raises(SystemExit, match="the course now asks something else than when edition 7 was released"):
        edition.edition.refuse_other_questions(SET)


def test_nbgraders_own_marking_is_refused_and_takes_no_points_away(edition: ClassEdition) -> None:
    """It would give full points to every answer: the course's checks raise no error."""
    config = edition.edition.folder / "nbgrader_config.py"
    submitted = edition.edition.path("submitted", SET, "ann")
    submitted.parent.mkdir(parents=True)
    nbformat.write(edition.untouched(SET), submitted)
    command = [sys.executable, "-m", "nbgrader", "autograde", SET, f"--config={config}", "--course-dir=."]
    done = subprocess.run(command, cwd=edition.edition.folder, capture_output=True, text=True)
    assert "make mark SUBMISSIONS=folder" in done.stderr
    assert not edition.edition.path("autograded", SET, "ann").exists()


@pytest.mark.parametrize("seed", ["0", "-1", "1.5", "seven", "", "01", "1" * 30])
def test_a_seed_that_is_none_is_refused_in_one_sentence(seed: str) -> None:
    with pytest.raises(SystemExit, match=r"^SEED is a whole number from 1 to 999999999, as in SEED=7") as stopped:
        seed_from(seed)
    assert repr(seed) in str(stopped.value)


def test_the_edition_is_found_where_there_is_one_and_asked_for_where_there_are_several(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="begin with `make release SEED=7`"):
        find_edition(None, tmp_path)
    for seed in (7, 12):
        (tmp_path / f"edition_{seed}").mkdir()
        (tmp_path / f"edition_{seed}" / "edition.json").write_text('{"sets": {}}', encoding="utf-8")
        if seed == 7:
            assert find_edition(None, tmp_path).seed == 7
    assert find_edition("12", tmp_path).seed == 12
    with pytest.raises(SystemExit, match=r"as in SEED=7; there are 7, 12"):
        find_edition(None, tmp_path)
    with pytest.raises(SystemExit, match=r"Edition 3 was not released; there is 7, 12"):
        find_edition("3", tmp_path)


def test_git_and_clean_leave_a_class_alone(tmp_path: Path) -> None:
    assert "my_class/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    points = tmp_path / "my_class" / "edition_7" / "gradebook.db"
    points.parent.mkdir(parents=True)
    points.touch()
    clean.main(tmp_path)
    assert points.exists()
