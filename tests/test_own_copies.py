"""A learner's own copies survive every update of the course; what `make lab` serves keeps them out of git's way."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import clean
import fresh
import nbformat
import pytest
from classroom import contents, whole_files
from classroom.contents import Contents, Download
from classroom.notebooks import ANSWER, WIDGET_VIEW
from classroom.own_copies import course_notebook, fresh_copy, notebooks_in, own_copy, write_new
from classroom.server import OWN as OWN_FOLDERS
from nbformat import NotebookNode
from notebook_guards import link_targets
from tornado.web import HTTPError

ROOT = Path(__file__).resolve().parent.parent
EXERCISE = "exercises/01_compute_cost.ipynb"
OWN = "my_exercises/01_compute_cost.ipynb"
LESSON = "notebooks/01_compute_cost.ipynb"
MINE = "my_lessons/01_compute_cost.ipynb"


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
        return Contents(root_dir=str(self.folder))

    def open(self, path: str = EXERCISE) -> dict[str, Any]:
        return asyncio.run(self.files.get(path))

    def answer(self, text: str, path: str = EXERCISE) -> None:
        """Open a notebook, write an answer into its first answer cell, and save it."""
        model = self.open(path)
        cell = next(c for c in model["content"]["cells"] if c["metadata"]["nbgrader"]["solution"])
        cell["source"] = text
        asyncio.run(self.files.save({"type": "notebook", "content": model["content"]}, path))

    def save(self, content: NotebookNode, path: str) -> None:
        asyncio.run(self.files.save({"type": "notebook", "content": content}, path))

    def shows(self, path: str = EXERCISE) -> str:
        return "\n".join(cell["source"] for cell in self.open(path)["content"]["cells"])

    def read(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()


def own(student: Clone, folder: str = "my_exercises") -> list[str]:
    """Return what lies among a learner's own, but for what one can revert to."""
    return sorted(path.name for path in (student.folder / folder).iterdir() if path.name != ".ipynb_checkpoints")


@pytest.fixture(autouse=True)
def signatures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what is trusted here apart from the user's own notebooks."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
def upstream(tmp_path: Path) -> Clone:
    """The course as its authors have it: a repository with the files that matter here."""
    folder = tmp_path / "upstream"
    for name in (EXERCISE, LESSON, ".gitignore", ".gitattributes"):
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


def change_upstream(upstream: Clone, path: str = EXERCISE) -> None:
    notebook = nbformat.read(upstream.folder / path, as_version=4)
    for cell in notebook.cells:
        cell.source += "\n# mended upstream"
    nbformat.write(notebook, upstream.folder / path)
    upstream.git("commit", "--quiet", "--all", "--message=Mend it")


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

    beside = fresh.fresh("exercises", "01", root=student.folder)
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


@pytest.mark.skipif(os.name == "nt", reason="a class shares a course by links, on a hub")
def test_what_one_can_revert_to_lies_beside_the_own_copy_and_shows_no_other_students(
    upstream: Clone, tmp_path: Path
) -> None:
    class_of_two = [Clone(tmp_path / name) for name in ("ann", "ben")]
    for one in class_of_two:
        one.folder.mkdir()
        for name in OWN_FOLDERS:
            (one.folder / name).symlink_to(upstream.folder / name)
    ann, ben = class_of_two
    ann.answer("cost = 2.5e24")
    asyncio.run(ann.files.create_checkpoint(EXERCISE))
    assert asyncio.run(ben.files.list_checkpoints(EXERCISE)) == []
    ben.answer("cost = 1")
    kept = asyncio.run(ben.files.create_checkpoint(EXERCISE))
    ann.answer("cost = 3")
    asyncio.run(ann.files.restore_checkpoint(kept["id"], EXERCISE))
    assert "cost = 2.5e24" in ann.shows()
    assert "cost = 1" in ben.shows()
    assert [file.name for file in (ann.folder / "my_exercises" / ".ipynb_checkpoints").iterdir()]
    assert upstream.git("status", "--porcelain", "--ignored") == ""


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
        (LESSON, MINE),
        ("exercises//./01_compute_cost.ipynb", OWN),
        ("exercises/../notebooks/01_compute_cost.ipynb", MINE),
        ("exercises/07_plan_a_training_run.ipynb", "my_exercises/07_plan_a_training_run.ipynb"),
        ("exercises/notes.ipynb", None),
        ("exercises", None),
        ("exercises/01_a/../../01_b.ipynb", None),
        ("notebooks/images/01_a.ipynb", None),
        (OWN, None),
        (MINE, None),
        ("README.md", None),
    ],
)
def test_a_lesson_and_an_exercise_have_an_own_copy_and_no_other_file(
    path: str, own: str | None, student: Clone
) -> None:
    found = course_notebook(student.folder, student.folder / path.strip("/"))
    assert (own_copy(student.folder, found).relative_to(student.folder).as_posix() if found else None) == own


def test_fresh_copies_never_overwrite_anything(student: Clone) -> None:
    made = [fresh.fresh("exercises", "compute_cost", root=student.folder).name for _ in range(4)]
    assert made == [f"01_compute_cost{end}.ipynb" for end in ("", ".fresh", ".fresh-2", ".fresh-3")]
    with pytest.raises(SystemExit, match="there are 01_compute_cost"):
        fresh.fresh("exercises", "99", root=student.folder)


def fill_the_disk(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """Let a new file take `room` bytes and no more."""
    opened = Path.open

    def open_full(path: Path, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        file = opened(path, mode, *arguments, **options)
        if "x" not in mode:
            return file

        def write(content: bytes) -> None:
            file.write(content[:room])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        full = MagicMock(wraps=file)
        full.__enter__.return_value = full
        full.__exit__.side_effect = lambda *_: file.close()
        full.write = write
        return full

    monkeypatch.setattr(Path, "open", open_full)


@pytest.mark.parametrize("room", [0, 1000], ids=["no room", "room for a part"])
@pytest.mark.parametrize("path", [EXERCISE, LESSON])
def test_a_full_disk_leaves_no_part_of_a_copy_and_the_set_opens_again(
    path: str, room: int, student: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = student.open(path)["content"]
    with monkeypatch.context() as full:
        fill_the_disk(full, room)
        with pytest.raises(
            HTTPError, match=r"No space left on device: your own copy of 01_\w+\.ipynb could not be made"
        ):
            student.save(content, path)
    folder = OWN_FOLDERS[path.split("/")[0]]
    assert list((student.folder / folder).iterdir()) == []
    assert student.open(path)["content"]["cells"]
    student.save(content, path)
    assert own(student, folder) == [Path(path).name]


@pytest.mark.parametrize("path", [EXERCISE, LESSON])
def test_an_empty_copy_that_a_full_disk_left_gives_way_to_a_fresh_one(path: str, student: Clone) -> None:
    fresh_one = student.open(path)["content"]
    own = student.folder / OWN_FOLDERS[path.split("/")[0]] / Path(path).name
    own.parent.mkdir()
    own.touch()
    assert student.open(path)["content"] == fresh_one
    assert not own.exists()


def test_a_copy_that_was_cut_off_while_it_was_saved_comes_back_as_it_was_before(student: Clone) -> None:
    student.answer("flop = 42")
    kept = student.folder / "my_exercises" / ".~01_compute_cost.ipynb"
    for rest in (0, 1000):
        kept.write_bytes(student.read(OWN))
        (student.folder / OWN).write_bytes(kept.read_bytes()[:rest])
        assert "flop = 42" in student.shows()
        assert not kept.exists()


def cut_off(student: Clone, rest: int = 1000) -> Path:
    """Answer, and leave what a server leaves that is killed while it saves once more; return what it kept."""
    student.answer("flop = 42")
    kept = student.folder / "my_exercises" / ".~01_compute_cost.ipynb"
    kept.write_bytes(student.read(OWN))
    (student.folder / OWN).write_bytes(kept.read_bytes()[:rest])
    return kept


def test_make_fresh_takes_back_what_was_saved_before_a_copy_was_cut_off_and_says_so(
    student: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    for part in ("01_compute_cost.ipynb.invalid", "01_compute_cost.ipynb.invalid-2"):
        good = cut_off(student).read_bytes()
        cut = student.read(OWN)
        made = fresh.fresh("exercises", "01", root=student.folder)
        assert capsys.readouterr().out == (
            f"{OWN} was cut off while it was saved: it is what had been saved before again, and the part is {part}\n"
        )
        assert made.name.startswith("01_compute_cost.fresh")
        assert student.read(OWN) == good
        assert student.read(f"my_exercises/{part}") == cut


@pytest.mark.parametrize("kept", [None, b"{"], ids=["nothing kept", "kept in part"])
def test_make_fresh_leaves_a_copy_that_cannot_be_read_and_says_so(
    kept: bytes | None, student: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    place = cut_off(student)
    place.write_bytes(kept) if kept else place.unlink()
    before = {one: (student.folder / "my_exercises" / one).read_bytes() for one in own(student)}
    made = fresh.fresh("exercises", "01", root=student.folder)
    assert capsys.readouterr().out == f"{OWN} cannot be read as a notebook, and stays as it is\n"
    after = {one: (student.folder / "my_exercises" / one).read_bytes() for one in own(student)}
    assert after == before | {made.name: student.read(EXERCISE)}


def test_make_fresh_says_nothing_of_a_copy_that_is_whole(student: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    student.answer("flop = 42")
    fresh.fresh("exercises", "01", root=student.folder)
    assert capsys.readouterr().out == ""


def test_saving_over_a_copy_that_was_cut_off_loses_nothing_that_was_saved(student: Clone) -> None:
    """The page was open when its server was killed, and saves to the next one without opening the notebook again."""
    content = student.open()["content"]
    kept = cut_off(student)
    good = kept.read_bytes()
    with pytest.raises(HTTPError), a_disk_that_is_full_at_the_end():
        student.save(content, EXERCISE)
    assert kept.read_bytes() == good
    assert "flop = 42" in student.shows()


@contextmanager
def a_disk_that_is_full_at_the_end() -> Iterator[None]:
    """Refuse what is still to be written when all of a file's content has been handed over."""
    with pytest.MonkeyPatch.context() as full:
        full.setattr(os, "fsync", MagicMock(side_effect=OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))))
        yield


WORDS = r"No space left on device: 01_\w+\.ipynb was not saved, and what you saved before is still there\."


def test_what_an_end_in_the_middle_has_left_is_removed_once_nobody_writes_it(
    student: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    student.answer("flop = 1")
    left = student.folder / "my_exercises" / ".01_compute_cost.ipynb.0123abcd"
    others = [left.with_name(name) for name in (".01_compute_cost.ipynb.mine", ".02_units.ipynb.0123abcd")]
    for place in (left, *others):
        place.touch()
    student.answer("flop = 2")
    assert left.exists()
    later = time.time() + 2 * whole_files.LONGEST_WRITING
    monkeypatch.setattr(time, "time", lambda: later)
    student.answer("flop = 3")
    assert [place.exists() for place in (left, *others)] == [False, True, True]


@pytest.mark.parametrize("path", [EXERCISE, LESSON])
def test_a_full_disk_leaves_what_was_saved_however_often_it_is_tried(path: str, student: Clone) -> None:
    run_and_save(student, note="\nmy note") if path == LESSON else student.answer("my note")
    folder = student.folder / OWN_FOLDERS[path.split("/")[0]]
    saved = (folder / Path(path).name).read_bytes()
    content = student.open(path)["content"]
    with a_disk_that_is_full_at_the_end():
        for _ in range(3):
            with pytest.raises(HTTPError, match=WORDS):
                student.save(content, path)
            with pytest.raises(HTTPError, match=WORDS):
                asyncio.run(student.files.restore_checkpoint("checkpoint", path))
    assert (folder / Path(path).name).read_bytes() == saved
    assert own(student, folder.name) == [Path(path).name]
    student.save(content, path)


def test_a_notebook_opens_on_a_full_disk_though_nothing_is_kept_to_revert_to(student: Clone) -> None:
    """JupyterLab asks for a checkpoint when it opens a notebook that has none, and takes no other refusal than 403."""
    with a_disk_that_is_full_at_the_end(), pytest.raises(HTTPError) as refused:
        asyncio.run(student.files.create_checkpoint(LESSON))
    assert refused.value.status_code == 403
    assert refused.value.log_message == (f"No space left on device: of {LESSON} nothing could be kept to revert to.")


def test_what_was_saved_counts_though_nothing_is_kept_to_revert_to(student: Clone) -> None:
    content = student.open()["content"]
    content["cells"][0]["source"] = "mine"
    student.answer("flop = 1")
    shutil.rmtree(student.folder / "my_exercises" / ".ipynb_checkpoints")
    with pytest.MonkeyPatch.context() as full:
        full.setattr(contents, "copy_whole", MagicMock(side_effect=OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))))
        student.save(content, EXERCISE)
    assert "mine" in student.shows()


def test_a_full_disk_opens_what_is_trusted_and_saves_what_is_not_noted(student: Clone) -> None:
    """Jupyter writes into its list of trusted notebooks also when it only asks whether one is there."""
    run_and_save(student)
    files = student.files
    files.notary.store.db.execute("PRAGMA query_only = ON")
    opened = asyncio.run(files.get(LESSON))["content"]
    assert all(cell.metadata.trusted for cell in opened.cells if cell.cell_type == "code")
    opened.cells[0].source += "\nmy note"
    asyncio.run(files.save({"type": "notebook", "content": opened}, LESSON))
    again = asyncio.run(files.get(LESSON))["content"]
    assert "my note" in again.cells[0].source
    assert not all(cell.metadata.trusted for cell in again.cells if cell.cell_type == "code")


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_a_new_copy_is_whole_and_takes_nothings_place(
    links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    if not links:
        monkeypatch.setattr(os, "link", no_link)
    place = tmp_path / "new" / "01_a.ipynb"
    assert write_new(place, b"first") == place
    with pytest.raises(FileExistsError):
        write_new(place, b"second")
    assert [(one.name, one.read_bytes()) for one in place.parent.iterdir()] == [(place.name, b"first")]


def test_a_read_only_courses_notebook_can_be_written_as_ones_own_copy(
    student: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_only = {student.folder / EXERCISE, student.folder / "exercises"}
    monkeypatch.setattr(os, "access", lambda place, mode: mode != os.W_OK or Path(place) not in read_only)
    assert student.open()["writable"]
    student.answer("flop = 1")
    assert student.open()["writable"]
    read_only |= {student.folder / "my_lessons", student.folder}
    assert not student.open(LESSON)["writable"]
    assert not asyncio.run(student.files.get("exercises", content=False))["writable"]


@pytest.mark.parametrize(
    ("asked", "command"), [("LESSON=04", "fresh.py --lesson 04"), ("SET=memory", "fresh.py memory")]
)
def test_make_fresh_takes_a_lesson_or_a_set(asked: str, command: str) -> None:
    said = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "fresh", asked], cwd=ROOT, capture_output=True, text=True
    )
    assert said.stdout.strip().endswith(f"tools/{command}")


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
    made = [fresh.fresh("exercises", wanted, root=renamed.folder).name for _ in range(2)]
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
    assert fresh.fresh("exercises", "07", root=renamed.folder).name == f"{RENAMED}.fresh.ipynb"


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


def test_git_ignores_what_learners_write() -> None:
    assert {f"{folder}/" for folder in OWN_FOLDERS.values()} <= {
        *(ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    }


def test_make_lab_serves_lessons_and_exercises_this_way() -> None:
    """A hub's server reads the same, as its environment names the same folders."""
    command = [sys.executable, str(ROOT / "tools" / "serve.py"), "--show-config-json"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    told = json.loads(lines[lines.index("{") :])
    assert told["ServerApp"]["contents_manager_class"] == "classroom.contents.Contents"
    assert told["ServerApp"]["kernel_websocket_connection_class"] == "classroom.quick_socket.QuickSocket"
    assert told["MappingKernelManager"]["kernel_manager_class"] == "classroom.lab_kernel.LabKernel"
    assert told["LabApp"]["extra_labextensions_path"] == [str(ROOT / "tools" / "jupyter" / "labextensions")]


@pytest.mark.parametrize("name", [OWN, MINE])
def test_clean_removes_nothing_that_learners_wrote(name: str, tmp_path: Path) -> None:
    mine = tmp_path / name
    mine.parent.mkdir()
    mine.write_text(json.dumps({}), encoding="utf-8")
    clean.main(tmp_path)
    assert mine.exists()


# A lesson, run and written in


def run(content: NotebookNode) -> NotebookNode:
    """Do to a lesson on the page what running does: every cell has a number and shows a live widget."""
    content.metadata.language_info["version"] = "3.99"
    content.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {}}
    live = {"text/plain": "alive", WIDGET_VIEW: {"model_id": "1"}}
    for number, cell in enumerate(cell for cell in content.cells if cell.cell_type == "code"):
        output = nbformat.v4.new_output("execute_result", data=live, execution_count=number)
        cell.update(execution_count=number, outputs=[output])
    content.cells.append(nbformat.v4.new_code_cell(""))  # JupyterLab adds one below the last that is run
    return content


def run_and_save(student: Clone, note: str = "") -> None:
    content = run(student.open(LESSON)["content"])
    content.cells[0].source += note
    student.save(content, LESSON)


def test_a_lesson_that_was_run_is_saved_apart_without_live_widgets(student: Clone) -> None:
    before = student.read(LESSON)
    run_and_save(student)
    assert student.read(LESSON) == before
    assert student.git("status", "--porcelain") == ""
    saved = nbformat.read(student.folder / MINE, as_version=4)
    assert "widgets" not in saved.metadata
    shown = [output.data for cell in saved.cells for output in cell.get("outputs", [])]
    assert shown
    assert all(data == {"text/plain": "alive"} for data in shown)
    again = student.open(LESSON)["content"].cells
    assert [cell.get("outputs") for cell in again] == [cell.get("outputs") for cell in saved.cells]


def test_a_fresh_lesson_is_there_without_the_answers_and_trusted_and_no_file_is_written(
    student: Clone, caplog: pytest.LogCaptureFixture
) -> None:
    opened = student.open(LESSON)["content"]
    assert "not trusted" not in caplog.text
    course = nbformat.read(student.folder / LESSON, as_version=4)
    code = [pair for pair in zip(opened.cells, course.cells, strict=True) if pair[0].cell_type == "code"]
    answers = [ANSWER in cell.metadata.get("tags", []) for _, cell in code]
    assert any(answers)
    for (shown, cell), answer in zip(code, answers, strict=True):
        assert shown.outputs == ([] if answer else cell.outputs)
        assert shown.metadata.trusted
    assert not (student.folder / "my_lessons").exists()


def test_a_lesson_that_is_no_notebook_is_refused_in_jupyters_own_words(student: Clone) -> None:
    (student.folder / LESSON).write_text("<<<<<<< a conflict", encoding="utf-8")
    with pytest.raises(HTTPError, match="Unreadable Notebook"):
        student.open(LESSON)


def test_what_was_saved_is_trusted_when_it_is_opened_again(student: Clone) -> None:
    run_and_save(student)
    assert all(cell.metadata.trusted for cell in student.open(LESSON)["content"].cells if cell.cell_type == "code")


@pytest.mark.parametrize("outputs_only", [False, True], ids=["new sources", "new outputs"])
def test_a_lesson_that_was_only_run_follows_an_update(outputs_only: bool, upstream: Clone, student: Clone) -> None:
    run_and_save(student)
    assert "alive" in str(student.open(LESSON))
    if outputs_only:
        changed = student.read(LESSON).replace(b"Predict first.", b"Predict first, please.")
        (upstream.folder / LESSON).write_bytes(changed)
        upstream.git("commit", "--quiet", "--all", "--message=Other outputs")
    else:
        change_upstream(upstream, LESSON)
    student.git("pull", "--quiet")
    assert ("first, please." if outputs_only else "mended upstream") in str(student.open(LESSON))
    assert not (student.folder / MINE).exists()
    assert student.git("status", "--porcelain") == ""


def test_an_exercise_that_was_only_run_follows_an_update(upstream: Clone, student: Clone) -> None:
    student.save(run(student.open()["content"]), EXERCISE)
    change_upstream(upstream)
    student.git("pull", "--quiet")
    assert "mended upstream" in student.shows()


def test_a_lesson_that_was_written_in_stays_and_a_fresh_one_lies_beside_it(upstream: Clone, student: Clone) -> None:
    run_and_save(student, note="\nmy note")
    mine = student.read(MINE)
    change_upstream(upstream, LESSON)
    student.git("pull", "--quiet")
    shown = student.shows(LESSON)
    assert "my note" in shown
    assert "mended upstream" not in shown
    beside = fresh.fresh("notebooks", "compute_cost", root=student.folder)
    assert beside.name == "01_compute_cost.fresh.ipynb"
    assert "mended upstream" in student.shows("my_lessons/01_compute_cost.fresh.ipynb")
    opened = student.open("my_lessons/01_compute_cost.fresh.ipynb")["content"]
    assert all(cell.metadata.trusted for cell in opened.cells if cell.cell_type == "code")
    assert student.read(MINE) == mine
    assert student.git("status", "--porcelain") == ""


@pytest.mark.parametrize("note", ["", "\nmy note"])
def test_a_page_that_was_open_while_the_course_was_updated_loses_nothing(
    note: str, upstream: Clone, student: Clone
) -> None:
    page = run(student.open(LESSON)["content"])
    change_upstream(upstream, LESSON)
    student.git("pull", "--quiet")
    page.cells[0].source += note
    student.save(page, LESSON)
    asyncio.run(student.files.create_checkpoint(LESSON))
    assert "mended upstream" not in student.read(MINE).decode(), "it is what the page shows"
    assert ("my note" if note else "mended upstream") in student.shows(LESSON)


# However it is spelt, and whatever is done

SPELLINGS = [
    "notebooks/01_compute_cost.ipynb",
    "/notebooks//01_compute_cost.ipynb",
    "notebooks/./01_compute_cost.ipynb",
    "exercises/../notebooks/01_compute_cost.ipynb",
    "notebooks/01_COMPUTE_COST.ipynb",
]


def restore(files: Contents, path: str) -> Any:
    async def there_and_back() -> None:
        kept = await files.create_checkpoint(path)
        await files.restore_checkpoint(kept["id"], path)

    return there_and_back()


def upload(files: Contents, path: str) -> Any:
    async def in_chunks() -> None:
        for chunk in (1, 2, -1):
            await files.save({"type": "file", "format": "text", "content": "{", "chunk": chunk}, path)

    return in_chunks()


def write(files: Contents, path: str) -> Any:
    return files.save({"type": "file", "format": "text", "content": "{}"}, path)


DEEDS = {
    "write": write,
    "upload": upload,
    "restore": restore,
    "rename": lambda files, path: files.rename(path, "renamed.ipynb"),
    "delete": lambda files, path: files.delete(path),
    "copy": lambda files, path: files.copy("exercises/01_compute_cost.ipynb", path),
    "trust": lambda files, path: files.trust_notebook(path),
}


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("path", SPELLINGS)
@pytest.mark.parametrize("own", [False, True], ids=["the first time", "again"])
def test_nothing_that_the_page_does_reaches_the_courses_own_file(
    deed: str, path: str, own: bool, student: Clone
) -> None:
    if not (
        student.folder / path.strip("/")
    ).exists():  # a file system that tells letters apart: a second name of the file
        os.link(student.folder / LESSON, student.folder / path)
    (student.folder / ".git" / "info" / "exclude").write_text("renamed.ipynb\n*COMPUTE*\n", encoding="utf-8")
    if own:
        run_and_save(student)
    before = student.read(LESSON), student.read(EXERCISE)
    files = student.files
    files.delete_to_trash = False
    asyncio.run(DEEDS[deed](files, path))
    assert (student.read(LESSON), student.read(EXERCISE)) == before
    assert student.git("status", "--porcelain") == ""


def test_nothing_is_renamed_onto_a_file_of_the_course(student: Clone) -> None:
    write_it = {"type": "file", "format": "text", "content": "{}"}
    asyncio.run(student.files.save(write_it, "notes.ipynb"))
    for path in SPELLINGS[:4]:
        with pytest.raises(HTTPError, match="already exists"):
            asyncio.run(student.files.rename_file("notes.ipynb", path))


@pytest.mark.parametrize("trash", [True, False])
@pytest.mark.parametrize("folder", ["notebooks", "/exercises/", "notebooks/../exercises"])
def test_the_courses_folders_are_neither_deleted_nor_renamed(folder: str, trash: bool, student: Clone) -> None:
    files = student.files
    files.delete_to_trash = trash
    for deed in (files.delete(folder), files.rename(folder, "gone")):
        with pytest.raises(HTTPError, match="holds the course's own files"):
            asyncio.run(deed)
    assert student.git("status", "--porcelain") == ""


def test_an_opened_lesson_reverts_to_what_was_shown(student: Clone) -> None:
    """JupyterLab makes a checkpoint when it opens a notebook that has none."""
    kept = asyncio.run(student.files.create_checkpoint(LESSON))
    shown = student.open(LESSON)["content"]
    run_and_save(student, note="\nmy note")
    asyncio.run(student.files.restore_checkpoint(kept["id"], LESSON))
    again = student.open(LESSON)["content"]
    assert [cell.source for cell in again.cells] == [cell.source for cell in shown.cells]
    assert [cell.get("outputs") for cell in again.cells] == [cell.get("outputs") for cell in shown.cells]
    assert all(cell.metadata.trusted for cell in again.cells if cell.cell_type == "code")
    assert student.git("status", "--porcelain") == ""


def test_what_is_downloaded_is_ones_own(student: Clone) -> None:
    student.answer("cost = 1")
    root = str(student.folder)
    assert Download.get_absolute_path(root, EXERCISE) == str(student.folder / OWN)
    assert Download.get_absolute_path(root, LESSON) == str(student.folder / LESSON)
    assert student.files.files_handler_class is Download


@pytest.mark.parametrize("lesson", notebooks_in(ROOT / "notebooks"), ids=lambda path: path.stem)
def test_every_link_and_picture_of_an_own_copy_leads_somewhere(lesson: Path) -> None:
    words = "\n".join(cell.source for cell in fresh_copy(lesson).cells if cell.cell_type == "markdown")
    files = [target.partition("#")[0] for target in link_targets(words) if ":" not in target]
    assert any(files)
    assert [file for file in files if not (ROOT / "my_lessons" / file).resolve().exists()] == []
