"""A student's answers survive every update of the course; what `make lab` serves keeps them out of git's way."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import clean
import nbformat
import own_exercises
import pytest

ROOT = Path(__file__).resolve().parent.parent
EXERCISE = "exercises/01_compute_cost.ipynb"
OWN = "my_exercises/01_compute_cost.ipynb"


class Clone:
    """A clone of the course with the JupyterLab side of `make lab`: what opens a notebook, and what saves it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=A student", "-c", "user.email=student@example.org", "-c", "commit.gpgsign=false")
        command = ["git", *who, "-c", "core.autocrlf=false", *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def files(self) -> Any:
        return own_exercises.OwnExercises(root_dir=str(self.folder))

    def open(self, path: str = EXERCISE) -> dict[str, Any]:
        return asyncio.run(self.files.get(path))

    def answer(self, text: str, path: str = EXERCISE) -> None:
        """Open a notebook, write an answer into its first answer cell, and save it."""
        model = self.open(path)
        cell = next(c for c in model["content"]["cells"] if c["metadata"]["nbgrader"]["solution"])
        cell["source"] = text
        asyncio.run(self.files.save({"type": "notebook", "content": model["content"]}, path))

    def shows(self, path: str = EXERCISE) -> str:
        return "\n".join(cell["source"] for cell in self.open(path)["content"]["cells"])

    def read(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()


@pytest.fixture
def upstream(tmp_path: Path) -> Clone:
    """The course as its authors have it: a repository with the files that matter here."""
    folder = tmp_path / "upstream"
    for name in (EXERCISE, ".gitignore", ".gitattributes"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    course = Clone(folder)
    course.git("init", "--quiet", "--initial-branch=main")
    course.git("add", "--all")
    course.git("commit", "--quiet", "--message=The course")
    return course


@pytest.fixture
def student(upstream: Clone, tmp_path: Path) -> Clone:
    upstream.git("clone", "--quiet", str(upstream.folder), str(tmp_path / "student"))
    return Clone(tmp_path / "student")


def change_upstream(upstream: Clone) -> None:
    notebook = nbformat.read(upstream.folder / EXERCISE, as_version=4)
    for cell in notebook.cells:
        cell.source += "\n# mended upstream"
    nbformat.write(notebook, upstream.folder / EXERCISE)
    upstream.git("commit", "--quiet", "--all", "--message=Mend the exercise")


def test_an_update_succeeds_and_leaves_answers_alone_where_upstream_changed_the_same_notebook(
    upstream: Clone, student: Clone
) -> None:
    student.answer("cost = 2.5e24")
    mine = student.read(OWN)
    change_upstream(upstream)

    student.git("pull", "--quiet")

    assert student.read(OWN) == mine
    assert student.read(EXERCISE) == upstream.read(EXERCISE)
    assert "cost = 2.5e24" in student.shows()
    assert "mended upstream" not in student.shows()
    assert student.git("status", "--porcelain") == ""

    beside = own_exercises.fresh("01", root=student.folder)
    assert beside.read_bytes() == upstream.read(EXERCISE)
    assert student.read(OWN) == mine
    student.answer("cost = 2.53e24")
    student.git("pull", "--quiet")
    assert "cost = 2.53e24" in student.shows()
    assert student.git("status", "--porcelain") == ""


def test_an_exercise_that_was_only_looked_at_is_updated(upstream: Clone, student: Clone) -> None:
    assert "mended upstream" not in student.shows()
    change_upstream(upstream)
    student.git("pull", "--quiet")
    assert "mended upstream" in student.shows()
    assert not (student.folder / OWN).exists()


def test_saving_changes_no_file_of_the_course(student: Clone) -> None:
    before = hashlib.sha256(student.read(EXERCISE)).digest()
    student.answer("cost = 1")
    student.answer("cost = 2")
    assert hashlib.sha256(student.read(EXERCISE)).digest() == before
    assert "cost = 2" in student.read(OWN).decode()
    assert "cost = 2" in student.shows(OWN)


def test_what_is_shown_and_what_is_saved_have_one_time_of_change(student: Clone) -> None:
    """JupyterLab asks whether to overwrite when a file's time is another than at its own last saving."""
    student.answer("cost = 1")
    saved = asyncio.run(student.files.get(EXERCISE, content=False))
    assert saved["last_modified"].timestamp() == pytest.approx((student.folder / OWN).stat().st_mtime, abs=1e-3)
    listed = asyncio.run(student.files.get("exercises"))["content"]
    assert [one["name"] for one in listed if one["type"] == "notebook"] == ["01_compute_cost.ipynb"]


def test_renaming_and_deleting_touch_the_students_own_copy_only(student: Clone) -> None:
    student.answer("cost = 1")
    asyncio.run(student.files.rename_file(EXERCISE, "exercises/done.ipynb"))
    assert "cost = 1" in student.shows("exercises/done.ipynb")
    assert "cost = ..." in student.shows()
    student.answer("cost = 2")
    files = student.files
    files.delete_to_trash = False
    asyncio.run(files.delete_file(EXERCISE))
    assert "cost = ..." in student.shows()
    assert student.git("status", "--porcelain").split() == ["??", "exercises/done.ipynb"]


def test_other_files_are_saved_where_they_are(student: Clone) -> None:
    asyncio.run(student.files.save({"type": "file", "format": "text", "content": "hm"}, "notes.txt"))
    assert student.read("notes.txt") == b"hm"
    assert not (student.folder / "my_exercises").exists()


@pytest.mark.parametrize(
    ("path", "own"),
    [
        (EXERCISE, OWN),
        (f"/{EXERCISE}", OWN),
        ("exercises/solutions/01_compute_cost.ipynb", None),
        ("notebooks/01_compute_cost.ipynb", None),
        ("exercises/notes.ipynb", None),
        ("exercises", None),
        ("exercises/../notebooks/01_compute_cost.ipynb", None),
        ("exercises/01_a/../../01_b.ipynb", None),
        (OWN, None),
    ],
)
def test_only_an_exercise_has_an_own_copy(path: str, own: str | None) -> None:
    found = own_exercises.own_path(path)
    assert (found.as_posix() if found else None) == own


def test_fresh_copies_never_overwrite_anything(student: Clone) -> None:
    made = [own_exercises.fresh("compute_cost", root=student.folder).name for _ in range(4)]
    assert made == [f"01_compute_cost{end}.ipynb" for end in ("", ".fresh", ".fresh-2", ".fresh-3")]
    with pytest.raises(SystemExit, match="there are 01_compute_cost"):
        own_exercises.fresh("99", root=student.folder)


# A set that was renamed upstream after it was answered

RENAMED, FORMER = "07_plan", "07_plan_a_training_run"


@pytest.fixture
def renamed(upstream: Clone, tmp_path: Path) -> Clone:
    """A student who answered a set under its former name, and then updated the course."""
    shutil.copy(ROOT / "exercises" / f"{RENAMED}.ipynb", upstream.folder / "exercises" / f"{FORMER}.ipynb")
    upstream.git("add", "--all")
    upstream.git("commit", "--quiet", "--message=The capstone under its former name")
    upstream.git("clone", "--quiet", str(upstream.folder), str(tmp_path / "student"))
    student = Clone(tmp_path / "student")
    student.answer("flop = 1", f"exercises/{FORMER}.ipynb")
    upstream.git("mv", f"exercises/{FORMER}.ipynb", f"exercises/{RENAMED}.ipynb")
    upstream.git("commit", "--quiet", "--message=Rename it")
    student.git("pull", "--quiet")
    return student


def own(student: Clone) -> list[str]:
    return sorted(path.name for path in (student.folder / "my_exercises").iterdir())


@pytest.mark.parametrize("opened", [RENAMED, FORMER])
def test_answers_of_before_a_set_was_renamed_are_shown_in_its_place_and_saved_where_they_were(
    opened: str, renamed: Clone
) -> None:
    path = f"exercises/{opened}.ipynb"
    assert "flop = 1" in renamed.shows(path)
    renamed.answer("flop = 2", path)
    assert "flop = 2" in renamed.shows(path)
    assert "flop = 2" in renamed.read(f"my_exercises/{FORMER}.ipynb").decode()
    assert own(renamed) == [f"{FORMER}.ipynb"]
    assert renamed.git("status", "--porcelain") == ""


@pytest.mark.parametrize("wanted", ["07", "plan", FORMER])
def test_a_fresh_copy_of_a_renamed_set_lies_beside_the_answers_and_takes_nothings_place(
    wanted: str, renamed: Clone
) -> None:
    mine = renamed.read(f"my_exercises/{FORMER}.ipynb")
    made = [own_exercises.fresh(wanted, root=renamed.folder).name for _ in range(2)]
    assert made == [f"{RENAMED}.fresh.ipynb", f"{RENAMED}.fresh-2.ipynb"]
    assert renamed.read(f"my_exercises/{FORMER}.ipynb") == mine
    assert renamed.read(f"my_exercises/{made[0]}") == renamed.read(f"exercises/{RENAMED}.ipynb")
    assert "flop = 1" in renamed.shows(f"exercises/{RENAMED}.ipynb")


def test_where_both_names_were_answered_each_is_shown_as_itself_and_none_is_lost(renamed: Clone) -> None:
    both = renamed.folder / "my_exercises"
    other = renamed.read(f"my_exercises/{FORMER}.ipynb").replace(b"flop = 1", b"flop = 3")
    (both / f"{RENAMED}.ipynb").write_bytes(other)
    assert "flop = 3" in renamed.shows(f"exercises/{RENAMED}.ipynb")
    assert "flop = 1" in renamed.shows(f"exercises/{FORMER}.ipynb")
    assert own_exercises.fresh("07", root=renamed.folder).name == f"{RENAMED}.fresh.ipynb"


def test_a_renamed_set_that_was_not_answered_is_saved_under_its_present_name(renamed: Clone) -> None:
    (renamed.folder / "my_exercises" / f"{FORMER}.ipynb").unlink()
    renamed.answer("flop = 4", f"exercises/{RENAMED}.ipynb")
    assert own(renamed) == [f"{RENAMED}.ipynb"]


def test_renaming_and_deleting_in_jupyterlab_touch_the_answers_of_before(renamed: Clone) -> None:
    files = renamed.files
    files.delete_to_trash = False
    asyncio.run(files.rename_file(f"exercises/{RENAMED}.ipynb", "exercises/done.ipynb"))
    assert "flop = 1" in renamed.shows("exercises/done.ipynb")
    assert own(renamed) == []
    assert "flop = 1" not in renamed.shows(f"exercises/{RENAMED}.ipynb")


def test_git_ignores_what_students_write() -> None:
    assert "my_exercises/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_make_lab_serves_exercises_this_way() -> None:
    serve = (ROOT / "tools" / "serve.py").read_text(encoding="utf-8")
    assert "--ServerApp.contents_manager_class=own_exercises.OwnExercises" in serve


def test_clean_removes_no_answers(tmp_path: Path) -> None:
    mine = tmp_path / OWN
    mine.parent.mkdir()
    mine.write_text(json.dumps({}), encoding="utf-8")
    clean.main(tmp_path)
    assert mine.exists()
