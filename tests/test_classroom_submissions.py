"""What is handed in: who it is from, which set it is of, and how it gets back into the cells that were released."""

from __future__ import annotations

import copy
import os
from dataclasses import replace
from pathlib import Path

import mark
import nbformat
import pytest
from class_edition import ROOT, cell_called
from classroom import submissions
from classroom.cells import name_in, name_of
from classroom.student_copy import student_copy
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

FIRST, SECOND = "01_compute_cost", "02_units"


@pytest.fixture(scope="module")
def releases() -> dict[str, NotebookNode]:
    masters = {name: ROOT / "exercises" / "solutions" / f"{name}.ipynb" for name in (FIRST, SECOND)}
    return {
        name: student_copy(nbformat.read(path, as_version=4), path.name, with_solutions=False)
        for name, path in masters.items()
    }


def save(notebook: NotebookNode, path: Path, changed: float | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    if changed is not None:
        os.utime(path, (changed, changed))


@pytest.mark.parametrize(
    ("place", "student"),
    [
        ("ann.ipynb", "ann"),
        ("ann/04_memory_edition_7.ipynb", "ann"),
        ("ann/04_memory/04_memory_edition_7.ipynb", "ann"),
        ("Ann Doe_123_assignsubmission_file_/whatever.ipynb", "Ann Doe_123"),
        ("doeann_123_456_04_memory_edition_7.ipynb", "doeann_123_456"),
        ("doeann_123_456_04_memory_edition_7-2.ipynb", "doeann_123_456"),
        ("doeann_04_memory (1).ipynb", "doeann"),
        ("04_memory_edition_7.ipynb", "04_memory_edition_7"),
    ],
)
def test_a_submission_is_called_after_its_student(place: str, student: str, tmp_path: Path) -> None:
    save(new_notebook(), tmp_path / place)
    assert [one.student for one in submissions.gather(tmp_path)] == [student]


def test_what_is_no_submission_is_left_out(tmp_path: Path) -> None:
    for name in (".DS_Store", "__MACOSX/ann/x.ipynb", "readme.txt", ".ipynb_checkpoints/x.ipynb"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    save(new_notebook(), tmp_path / "ann" / "x.ipynb")
    save(new_notebook(), tmp_path / "ann" / ".ipynb_checkpoints" / "x-checkpoint.ipynb")
    assert [one.path.name for one in submissions.gather(tmp_path)] == ["x.ipynb"]


def test_what_is_larger_than_any_notebook_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submissions, "LARGEST_FILE", 1_000_000)
    (tmp_path / "ann.ipynb").write_bytes(b" " * 1_000_001)
    assert [one.problem for one in submissions.gather(tmp_path)] == ["larger than 1 MB: clear its outputs"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_no_link_is_followed_not_even_one_beside_a_notebook(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("the teacher's own", encoding="utf-8")
    save(new_notebook(), tmp_path / "class" / "ann" / "x.ipynb")
    (tmp_path / "class" / "ann" / "submission_secret.txt").symlink_to(tmp_path / "diary.txt")
    (tmp_path / "class" / "ann" / "timestamp.txt").write_text("2026-11-25", encoding="utf-8")
    (tmp_path / "class" / "bob").symlink_to(tmp_path / "class" / "ann")
    ann, bob = submissions.gather(tmp_path / "class")
    assert ann.beside == (("timestamp.txt", b"2026-11-25"),)
    assert bob.problem == "a link, not a file: it was not followed"


class Released:
    """An edition that needs no nbgrader: enough to sort submissions."""

    seed = 7

    def __init__(self, releases: dict[str, NotebookNode]) -> None:
        self._releases = releases

    def released(self) -> dict[str, str]:
        return dict.fromkeys(self._releases, "")

    def read_release(self, name: str) -> NotebookNode:
        return self._releases[name]


@pytest.fixture
def several(releases: dict[str, NotebookNode], tmp_path: Path) -> Path:
    """Ann did both sets and, later, looked at a lesson; Bob did the second; Eve handed in only a lesson."""
    lesson = nbformat.read(ROOT / "notebooks" / f"{FIRST}.ipynb", as_version=4)
    save(releases[FIRST], tmp_path / "ann" / "a.ipynb", changed=1)
    save(releases[SECOND], tmp_path / "ann" / "b.ipynb", changed=2)
    save(lesson, tmp_path / "ann" / f"{FIRST}.ipynb", changed=3)
    save(releases[SECOND], tmp_path / "bob" / "a.ipynb")
    save(lesson, tmp_path / "eve" / f"{FIRST}.ipynb")
    return tmp_path


def test_each_notebook_goes_to_the_set_that_it_is_of(releases: dict[str, NotebookNode], several: Path) -> None:
    marker = mark.Marker(Released(releases), jobs=1)
    by_set = marker.by_set(mark.read_all(str(several)), None)
    found = {name: {one.student: one.path.name for one in some if one.notebook} for name, some in by_set.items()}
    assert found == {FIRST: {"ann": "a.ipynb"}, SECOND: {"ann": "b.ipynb", "bob": "a.ipynb"}}
    assert {one.student for one in by_set[FIRST]} == {"ann", "eve"}
    assert next(one for one in by_set[FIRST] if one.student == "eve").problem.startswith("none of the set's questions")


@pytest.mark.parametrize("wanted", ["02", "units", SECOND])
def test_one_set_can_be_asked_for(wanted: str, releases: dict[str, NotebookNode], several: Path) -> None:
    by_set = mark.Marker(Released(releases), jobs=1).by_set(mark.read_all(str(several)), wanted)
    assert list(by_set) == [SECOND]
    assert [one.student for one in by_set[SECOND] if one.notebook] == ["ann", "bob"]


def test_a_set_that_was_not_released_is_refused(releases: dict[str, NotebookNode], several: Path) -> None:
    with pytest.raises(SystemExit, match=f"No set '05' was released in edition 7; there is {FIRST}, {SECOND}"):
        mark.Marker(Released(releases), jobs=1).by_set(mark.read_all(str(several)), "05")


def test_a_folder_with_nothing_of_any_set_marks_nobody(releases: dict[str, NotebookNode], tmp_path: Path) -> None:
    save(new_notebook(cells=[new_code_cell("1")]), tmp_path / "ann.ipynb")
    with pytest.raises(SystemExit, match="no submission is of a set of edition 7"):
        mark.Marker(Released(releases), jobs=1).by_set(mark.read_all(str(tmp_path)), None)


# Back into the released cells


@pytest.fixture
def release(releases: dict[str, NotebookNode]) -> NotebookNode:
    return copy.deepcopy(releases[FIRST])


def restored(release: NotebookNode, submitted: NotebookNode) -> tuple[list[str], list[str]]:
    notebook, amiss = submissions.restore(release, submitted)
    nbformat.validate(notebook)
    return [cell.source for cell in notebook.cells], amiss


def test_what_nobody_touched_comes_back_as_it_was(release: NotebookNode) -> None:
    assert restored(release, copy.deepcopy(release)) == ([cell.source for cell in release.cells], [])


def test_cells_in_another_order_come_back_in_theirs(release: NotebookNode) -> None:
    submitted = copy.deepcopy(release)
    cell_called(submitted, "answer-1-1").source = "cost = 7"
    submitted.cells.reverse()
    sources, amiss = restored(release, submitted)
    wanted = [cell.source if cell.id != "answer-1-1" else "cost = 7" for cell in release.cells]
    assert (sources, amiss) == (wanted, [])


@pytest.mark.parametrize("copied_last", [True, False])
def test_a_copy_of_the_untouched_answer_cell_undoes_no_answer(copied_last: bool, release: NotebookNode) -> None:
    submitted = copy.deepcopy(release)
    answer = cell_called(submitted, "answer-1-1")
    untouched = copy.deepcopy(answer)
    answer.source = "cost = 7"
    submitted.cells.insert(submitted.cells.index(answer) + copied_last, untouched)
    sources, _ = restored(release, submitted)
    assert "cost = 7" in sources
    assert sources[[cell.id for cell in release.cells].index("answer-1-1")] == "cost = 7"


def test_of_two_answers_the_last_counts_and_the_first_still_runs(release: NotebookNode) -> None:
    submitted = copy.deepcopy(release)
    answer = cell_called(submitted, "answer-1-1")
    second = copy.deepcopy(answer)
    answer.source, second.source = "helper = 1", "cost = helper"
    submitted.cells.insert(submitted.cells.index(answer) + 1, second)
    notebook, _ = submissions.restore(release, submitted)
    at = [cell.id for cell in notebook.cells].index("answer-1-1")
    assert [notebook.cells[at - 1].source, notebook.cells[at].source] == ["helper = 1", "cost = helper"]


def test_an_answer_in_a_cell_that_was_made_markdown_runs_as_code(release: NotebookNode) -> None:
    submitted = copy.deepcopy(release)
    cell_called(submitted, "answer-1-1").update(cell_type="markdown", source="cost = 7")
    notebook, _ = submissions.restore(release, submitted)
    answer = cell_called(notebook, "answer-1-1")
    assert (answer.cell_type, answer.source) == ("code", "cost = 7")


def test_html_in_words_is_shown_and_less_than_stays() -> None:
    assert (
        submissions.without_html("a < b, $P<3$, <b>x</b>, <!-- y -->") == "a < b, $P<3$, &lt;b>x&lt;/b>, &lt;!-- y -->"
    )


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("from course_lib.questions import find", "course_lib.questions"),
        ("from course_lib import catalog, questions", "import catalog, questions"),
        ("from course_lib.questions.kinds import Number", "course_lib.questions"),
        ("find('1.1').asks.right()", ".asks"),
        ("def check(number, answer):\n    pass", "def check("),
        ("check = print", "check ="),
        ("__import__('classroom_kernel').report(7, '1.1', lambda: 1)", "classroom_kernel"),
        ("from course_lib.checks import check, given\nfrom course_lib.memory import fits\n# questions, checks", None),
    ],
)
def test_code_that_names_what_holds_the_answers_is_pointed_out(
    code: str, words: str | None, release: NotebookNode
) -> None:
    cell_called(release, "answer-1-1").source = code
    assert submissions.worth_a_look(release) == ([f"look at its code: it has `{words}`"] if words else [])


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_a_notebook_is_read_in_each_coding_that_editors_save(coding: str, release: NotebookNode) -> None:
    text = nbformat.writes(release)
    content = (("\ufeff" if coding == "utf-16-be" else "") + text).encode(coding)
    assert [cell.source for cell in submissions.parse(content).cells] == [cell.source for cell in release.cells]


@pytest.mark.parametrize("content", [b"", b" \n"])
def test_an_empty_file_is_called_so(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"^not a notebook: the file is empty$"):
        submissions.parse(content)


KEPT = ".~01_compute_cost.ipynb"


@pytest.mark.parametrize("left", [0, 1000], ids=["nothing left", "a part left"])
def test_of_a_file_that_was_cut_off_the_kept_one_counts_and_its_author_is_told(
    left: int, release: NotebookNode, tmp_path: Path
) -> None:
    place = tmp_path / "ann" / "01_compute_cost.ipynb"
    save(release, place)
    place.rename(place.with_name(KEPT))
    place.write_bytes(place.with_name(KEPT).read_bytes()[:left])
    (one,) = submissions.gather(tmp_path)
    assert [name_in(cell) for cell in one.notebook.cells] == [name_in(cell) for cell in release.cells]
    assert (one.path, one.problem, one.remark) == (place, "", submissions.CUT_OFF)
    (chosen,) = mark.one_a_student([one, replace(one, changed=0)])
    assert chosen.remark == f"handed in 2 notebooks: the one changed last was marked; {submissions.CUT_OFF}"


def test_of_a_whole_file_what_lies_beside_it_does_not_count(release: NotebookNode, tmp_path: Path) -> None:
    save(release, tmp_path / "ann" / "01_compute_cost.ipynb")
    save(new_notebook(), tmp_path / "ann" / KEPT)
    (one,) = submissions.gather(tmp_path)
    assert (len(one.notebook.cells), one.remark) == (len(release.cells), "")


def test_a_kept_file_that_is_cut_off_too_a_link_or_too_large_is_not_taken(
    release: NotebookNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, kept = tmp_path / "ann" / "01_compute_cost.ipynb", tmp_path / "ann" / KEPT
    save(release, tmp_path / "another.ipynb")
    place.parent.mkdir()
    place.touch()
    kept.write_text("{", encoding="utf-8")
    assert submissions.read_file("ann", place).problem == "not a notebook: the file is empty"
    kept.unlink()
    kept.symlink_to(tmp_path / "another.ipynb")
    assert submissions.read_file("ann", place).problem == "not a notebook: the file is empty"
    kept.unlink()
    (tmp_path / "another.ipynb").rename(kept)
    monkeypatch.setattr(submissions, "LARGEST_FILE", kept.stat().st_size - 1)
    assert submissions.read_file("ann", place).problem == "not a notebook: the file is empty"
    monkeypatch.setattr(submissions, "LARGEST_FILE", kept.stat().st_size)
    assert submissions.read_file("ann", place).remark == submissions.CUT_OFF


def without_marks(release: NotebookNode) -> NotebookNode:
    """Return a notebook of which another program kept the text alone."""
    submitted = copy.deepcopy(release)
    for cell in submitted.cells:
        cell.metadata.clear()
        del cell["id"]
    return submitted


def test_cells_that_lost_their_marks_are_known_by_what_stands_in_them_and_around(release: NotebookNode) -> None:
    submitted = without_marks(release)
    answers = [cell for cell, own in zip(submitted.cells, release.cells, strict=True) if name_of(own).is_answer]
    for number, cell in enumerate(answers):
        cell.source = f"mine = {number}"
    submitted.cells.insert(submitted.cells.index(answers[0]), new_code_cell("helper = 1"))
    notebook, amiss = submissions.restore(release, submitted)
    assert amiss == []
    named = [(name_in(cell), cell.source) for cell in notebook.cells]
    assert [source for name, source in named if name and name.is_answer] == [f"mine = {n}" for n in range(len(answers))]
    assert (None, "helper = 1") in named


def test_an_answer_that_lost_its_marks_may_have_its_check_beside_it(release: NotebookNode) -> None:
    submitted = without_marks(release)
    at = next(at for at, cell in enumerate(release.cells) if cell.id == "check-1-1")
    submitted.cells[at - 1 : at + 1] = [new_code_cell('cost = 7\ncheck("1.1", cost)')]
    notebook, amiss = submissions.restore(release, submitted)
    assert cell_called(notebook, "answer-1-1").source == 'cost = 7\ncheck("1.1", cost)'
    assert amiss == ["1.1: its check was deleted and put back"]


@pytest.mark.parametrize(
    ("name", "student"),
    [("Ju\u0308rgen", "Jürgen"), ("Ann. ", "Ann"), ("...", "unnamed"), ("a" * 80, "a" * 80), ("Ö" * 80, "Ö" * 80)],
)
def test_a_student_is_called_as_every_system_can_call_a_folder(name: str, student: str) -> None:
    assert submissions.fit_for_a_folder(name) == student


def test_two_long_names_stay_two_and_fit(tmp_path: Path) -> None:
    one, other = (submissions.fit_for_a_folder("名" * 85 + end) for end in "ab")
    assert one != other
    assert len(one) <= 80
    assert len(one.encode()) <= 255
