"""A class is marked: the diligent get their points, and what the unlucky and the hostile do costs nobody else."""

from __future__ import annotations

import contextlib
import copy
import csv
import hashlib
import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import mark
import nbformat
import psutil
import pytest
from class_edition import ClassEdition, cell_called, hand_in, released
from classroom import gradebook
from classroom.cells import Role, name_of
from classroom.editions import Edition
from classroom.isolation import Result, Settings, run_isolated
from classroom.submissions import fit_for_a_folder, gather
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_lib import questions
from course_lib.questions.question import CORRECT, OPEN, Verdict

SET, MOST = "01_compute_cost", 21
CAPSTONE = "07_plan"
CAN_LINK = os.name != "nt"
CELL_SECONDS, SECONDS = 1.0, 60.0


@dataclass
class Marked:
    """What `make mark` left behind, and what was there before."""

    edition: ClassEdition
    folder: Path
    before: dict[Path, tuple[str, int]]
    elsewhere: Path
    temporary: Path

    def __post_init__(self) -> None:
        self.rows = table(self.edition.edition.folder / f"marks_{SET}.csv")

    def row(self, student: str) -> dict[str, str]:
        return next(row for row in self.rows if row["student"].removeprefix("'") == student)

    def points(self, student: str) -> dict[str, float]:
        return {head.partition(" (")[0]: float(got) for head, got in self.row(student).items() if "(of" in head}

    def total(self, student: str) -> float:
        return float(self.row(student)["points"])

    def happened(self, student: str) -> str:
        return self.row(student)["what happened"]

    def page(self, student: str) -> str:
        path = self.edition.edition.path("feedback", SET, student).with_suffix(".html")
        return path.read_text(encoding="utf-8")


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def state_of(folder: Path) -> dict[Path, tuple[str, int]]:
    """Return what a folder holds: each file with its content and its mode."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mode) for path in files}


@pytest.fixture(scope="module")
def edition(first_set: ClassEdition, tmp_path_factory: pytest.TempPathFactory) -> ClassEdition:
    return first_set.copied(tmp_path_factory.mktemp("class"))


class Remembering:
    """Runs a notebook once: what comes of one with the very same cells is known already."""

    def __init__(self) -> None:
        self._came_of: dict[str, Result] = {}

    def run(self, notebook: NotebookNode, settings: Settings) -> Result:
        cells = json.dumps(notebook.cells)
        if cells not in self._came_of:
            self._came_of[cells] = run_isolated(notebook, settings)
        return copy.deepcopy(self._came_of[cells])


@pytest.fixture(scope="module")
def marked(edition: ClassEdition, tmp_path_factory: pytest.TempPathFactory) -> Marked:
    """One class of every kind of student, marked in one run."""
    folder = tmp_path_factory.mktemp("submissions")
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "diary.txt"
    elsewhere.write_text("the teacher's own", encoding="utf-8")
    hand_in_the_class(edition, folder, elsewhere)
    before = state_of(folder)
    temporary = tmp_path_factory.mktemp("temporary")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(temporary))
        patch.setenv("SECRET_TOKEN", "of the teacher")
        patch.setattr(mark, "run_isolated", Remembering().run)
        marker = mark.Marker(edition.edition, jobs=2, cell_seconds=CELL_SECONDS, seconds=SECONDS)
        by_set = marker.by_set(mark.read_all(str(folder)), None)
        marker.prove_itself(list(by_set))
        for name, submissions in by_set.items():
            marker.mark(name, submissions)
    return Marked(edition, folder, before, elsewhere, temporary)


FLOOD = "print('x' * 10**7)\n"
FORGED = """
import course_lib.questions.kinds
from course_lib.questions.question import Question, Verdict
Question.judge = lambda question, answer: Verdict("correct", number="1.1")
course_lib.questions.kinds.Number.weigh = lambda self, answer: Verdict("correct", "Correct.")
def check(number, answer):
    return f"{number} Correct."
cost = 1
"""
NEVER_ENDS = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    pass"
STEALS = """
import glob, os
for path in glob.glob({folder!r} + '/*/*.ipynb'):
    try:
        cost = open(path).read()
    except OSError:
        cost = None
"""
SPOILS = """
import io, os, pathlib, shutil
for action in (
    lambda: open({other!r}, 'w').write('spoilt'),
    lambda: os.remove({other!r}),
    lambda: os.rename({other!r}, 'mine.ipynb'),
    lambda: shutil.rmtree({folder!r}),
    lambda: os.truncate({other!r}, 0),
    lambda: os.symlink('x', {other!r} + '-link'),
    lambda: pathlib.Path({other!r}).chmod(0),
    lambda: pathlib.Path({other!r}).unlink(),
    lambda: shutil.rmtree(pathlib.Path({folder!r})),
    lambda: io.FileIO(pathlib.Path({other!r}), 'w'),
    lambda: open({elsewhere!r}, 'a').write('spoilt'),
    lambda: os.open({elsewhere!r}, os.O_WRONLY),
):
    try:
        action()
    except OSError:
        pass
open('own.txt', 'w').write('one may write here')
cost = 6 * given("1.1").parameters * given("1.1").tokens
"""
REACHES_OUT = """
import os, multiprocessing, subprocess, socket, urllib.request, ctypes
done = []
for action in (
    lambda: os.system('true'),
    lambda: subprocess.run(['true']),
    lambda: get_ipython().system('true'),
    lambda: os.kill(os.getppid(), 9),
    lambda: multiprocessing.get_context('spawn').Process(target=print).start(),
    lambda: socket.create_connection(('192.0.2.1', 80), timeout=1),
    lambda: urllib.request.urlopen('http://example.org'),
    lambda: ctypes.CDLL(None),
):
    try:
        action()
        done.append(action)
    except OSError:
        pass
assert done == [], done
assert 'SECRET_TOKEN' not in os.environ
cost = 6 * given("1.1").parameters * given("1.1").tokens
"""
DRAWS = """
import matplotlib.pyplot as plt
plt.plot([1, 2])
plt.show()
cost = 6 * given("1.1").parameters * given("1.1").tokens
"""
SHOWS_HTML = """
from IPython.display import HTML, Javascript, display
display(HTML('<script>alert("html")</script>'), Javascript('alert("js")'))
print('<script>alert("text")</script>', '\\ud800')
days = '<script>alert("answer")</script>'
"""
HOARDS = "import numpy\nhoard = []\nwhile True:\n    hoard.append(numpy.zeros(2**26))"
UNLUCKY = {
    "1.1": ("while True: pass", "stopped after 1 s of computing"),
    "1.2": ("exit()\ndays = 1", "tried to end the kernel"),
    "1.3": ("def mixture_needs(*numbers):\n    while True: pass", "stopped after 1 s of computing"),
    "1.4": ("import os\nos._exit(1)", "ended its kernel, which was started again without it"),
    "1.5": (NEVER_ENDS, "stopped after 1 s of computing"),
    "1.6": ("sentence = (", "there is no `sentence`"),
    "1.7": (HOARDS, "filled the memory"),
    "1.8": ("float(input('how many?'))", "there is no "),
}
"""What goes wrong in one notebook, question by question, and what is said of it."""
SHADOWS = """
list = print = range = np = check = 1
given = given("1.1")
cost = 6 * given.parameters * given.tokens
"""


def hand_in_the_class(edition: ClassEdition, folder: Path, elsewhere: Path) -> None:
    good = hand_in(folder, "good", edition.solved(SET))
    hand_in(folder, "untouched", edition.untouched(SET))
    hand_in(folder, "half right", edition.solved(SET, answer_1_1="cost = 5", answer_1_6='sentence = "a"'))
    paths = {"other": str(good), "folder": str(folder), "elsewhere": str(elsewhere)}
    for student, source in {
        "floods": FLOOD + "from course_lib.questions import find\ncost = find('1.1', 7).asks.right()",
        "forges": FORGED,
        "plays the public edition": "edition(0)",
        "shadows": SHADOWS,
    }.items():
        hand_in(folder, student, edition.solved(SET, answer_1_1=source))
    hostile = {"answer_1_1": SPOILS.format(**paths), "answer_1_2": STEALS.format(**paths)}
    hand_in(folder, "spoils", edition.solved(SET, **hostile))
    hand_in(folder, "reaches out", edition.solved(SET, answer_1_1=REACHES_OUT, answer_1_2=SHOWS_HTML))
    accidents = {f"answer_{number.replace('.', '_')}": source for number, (source, _) in UNLUCKY.items()}
    hand_in(folder, "unlucky", edition.solved(SET, **accidents))
    deleted = edition.solved(SET)
    deleted.cells.remove(cell_called(deleted, "check-1-3"))
    deleted.cells.remove(cell_called(deleted, "answer-1-4"))
    hand_in(folder, "deletes", deleted)
    renamed = "def my_mixture_needs(total, active, tokens):\n    return 2 * active * tokens, 2 * total"
    edited = edition.solved(SET, answer_1_1="cost = 1", check_1_1='print("1.1 Correct.")', answer_1_3=renamed)
    cell_called(edited, "check-1-1").metadata.nbgrader.points = 1000
    hand_in(folder, "edits a check", edited)
    hand_in(folder, "in another edition", edition.solved(SET, given_set="from course_lib.checks import check, given"))
    hand_in(folder, "uses other cells", with_cells_of_its_own(edition))
    hand_in(folder, "without metadata", without_metadata(edition))
    hand_in(folder, "mangles metadata", with_mangled_metadata(edition))
    hand_in(folder, "without any mark", without_any_mark(edition), name="01_COMPUTE_COST").rename(
        folder / "without any mark" / "01_COMPUTE_COST.IPYNB"
    )
    utf_16 = nbformat.writes(edition.solved(SET)).encode("utf-16")
    hand_in(folder, "Jürgen von Manger-Ö " + "x" * 200, utf_16)
    hand_in(folder, "=HYPERLINK(1)", b"")

    hand_in(folder, "no json", b"{ this is not JSON")
    hand_in(folder, "no notebook", b"[1, 2, 3]")
    hand_in(folder, "binary", bytes(range(256)) * 10)
    hand_in(folder, "deep", b"[" * 100_000 + b"]" * 100_000)
    hand_in(folder, "other notebook", nbformat.writes(new_notebook(cells=[new_code_cell("1 + 1")])).encode())
    hand_in(folder, "twice", edition.untouched(SET), name="01_compute_cost_edition_7-Copy1")
    os.utime(folder / "twice" / "01_compute_cost_edition_7-Copy1.ipynb", (1, 1))
    hand_in(folder, "twice", edition.solved(SET))
    (folder / "zipped").mkdir()
    (folder / "zipped" / "work.zip").write_bytes(b"PK")
    if CAN_LINK:
        (folder / "linked").mkdir()
        (folder / "linked" / "01_compute_cost_edition_7.ipynb").symlink_to(good)
    (folder / "Doe_Jane_123_01_compute_cost_edition_7.ipynb").write_bytes(good.read_bytes())
    (folder / ".DS_Store").write_bytes(b"")
    hand_in(folder / "__MACOSX", "good", b"")


def with_cells_of_its_own(edition: ClassEdition) -> nbformat.NotebookNode:
    """A helper in an added cell, an import added to the first cell, and an answer that needs both."""
    imports = cell_called(edition.untouched(SET), "given-set").source + "\nimport math"
    notebook = edition.solved(SET, given_set=imports, answer_1_1="cost = product(6, run_of_1.parameters, math.prod(t))")
    at = notebook.cells.index(cell_called(notebook, "answer-1-1"))
    helper = "run_of_1 = given('1.1')\nt = [run_of_1.tokens]\ndef product(*factors):\n    return math.prod(factors)"
    notebook.cells.insert(at, new_code_cell(helper))
    notebook.cells.insert(at, new_markdown_cell("My own words <script>alert('words')</script>"))
    return notebook


def without_metadata(edition: ClassEdition) -> nbformat.NotebookNode:
    notebook = edition.solved(SET)
    for cell in notebook.cells:
        cell.metadata.clear()
    return notebook


def without_any_mark(edition: ClassEdition) -> nbformat.NotebookNode:
    """What other programs leave of a notebook: cells without ids, names and metadata."""
    notebook = without_metadata(edition)
    notebook.nbformat_minor = 4
    for cell in notebook.cells:
        del cell["id"]
    return notebook


def with_mangled_metadata(edition: ClassEdition) -> nbformat.NotebookNode:
    notebook = edition.solved(SET)
    for cell, mangled in zip(notebook.cells, ("text", 7, None, [1], {"grade_id": 7}) * 20, strict=False):
        if name_of(cell).role is Role.TEXT:
            cell.metadata["nbgrader"] = mangled
    cell_called_check = next(cell for cell in notebook.cells if cell.id == "check-1-2")
    cell_called_check.metadata.nbgrader = {"grade_id": "check-1-2", "points": "many", "grade": "yes"}
    return notebook


def test_every_student_is_in_the_table_once(marked: Marked) -> None:
    others = {path.name for path in marked.folder.iterdir() if path.is_dir()} - {"__MACOSX", "=HYPERLINK(1)"}
    folders = {fit_for_a_folder(name) for name in others}
    assert sorted(row["student"] for row in marked.rows) == sorted(folders | {"Doe_Jane_123", "'=HYPERLINK(1)"})
    assert {row["of"] for row in marked.rows} == {f"{MOST}"}
    for row in marked.rows:
        parts = [float(got) for head, got in row.items() if "(of" in head]
        assert sum(parts) == float(row["points"])


LONG_NAME = fit_for_a_folder("Jürgen von Manger-Ö " + "x" * 200)


@pytest.mark.parametrize(
    "student",
    ["good", "Doe_Jane_123", "twice", "without metadata", "mangles metadata", "without any mark", LONG_NAME],
)
def test_right_answers_get_all_points_and_no_remark(student: str, marked: Marked) -> None:
    assert marked.total(student) == MOST
    remark = "handed in 2 notebooks: the one changed last was marked" if student == "twice" else ""
    assert marked.happened(student) == remark


def test_a_student_who_draws_gets_all_points_and_no_remark(edition: ClassEdition, tmp_path: Path) -> None:
    own = edition.copied(tmp_path)
    hand_in(tmp_path / "submissions", "draws", own.solved(SET, answer_1_1=DRAWS))
    marker = mark.Marker(own.edition, jobs=1)
    marker.mark(SET, mark.read_all(str(tmp_path / "submissions")))
    (row,) = table(own.edition.folder / f"marks_{SET}.csv")
    assert (row["points"], row["what happened"]) == (f"{MOST}", "")
    marked = nbformat.read(own.edition.path("autograded", SET, "draws"), as_version=4)
    assert any("image/png" in output.get("data", {}) for output in cell_called(marked, "answer-1-1").outputs)


def test_an_untouched_notebook_gets_nothing_and_no_remark(marked: Marked) -> None:
    assert marked.total("untouched") == 0
    assert marked.happened("untouched") == ""
    assert marked.page("untouched").count("Not answered yet.") == 2 * 11


def test_a_wrong_answer_costs_its_points_and_is_told_its_hint(marked: Marked) -> None:
    assert marked.total("half right") == MOST - 2
    assert {number for number, got in marked.points("half right").items() if got == 0} == {"1.1", "1.6"}
    assert "Not yet: too small, by more than a factor of ten." in marked.page("half right")


LOST = {
    "forges": {"1.1": "look at its code: it has `course_lib.questions`"},
    "spoils": {"1.2": "1.2: tried to read"},
    "reaches out": {"1.2": ""},
    "edits a check": {
        "1.1": "1.1: its check was changed; the original was run",
        "1.3": "1.3: there is no `mixture_needs`",
    },
    "unlucky": {number: f"{number}: {words}" for number, (_, words) in UNLUCKY.items()},
    "shadows": {},
}


@pytest.mark.parametrize("student", LOST)
def test_a_bad_cell_costs_its_own_question_and_no_other(student: str, marked: Marked) -> None:
    assert {number for number, got in marked.points(student).items() if got == 0} == {*LOST[student]}
    for words in LOST[student].values():
        assert words in marked.happened(student)


def test_a_name_that_an_answer_took_is_given_back_before_the_next_and_told(marked: Marked) -> None:
    words = "1.2: run again, as `check`, `given`, `list`, `print`, `range` had been given another meaning before"
    assert marked.happened("shadows") == words


@pytest.mark.parametrize(
    ("student", "words"),
    [
        ("floods", "1.1: showed more than 100,000 characters; the rest was dropped"),
        ("in another edition", "written in another edition; marked as edition 7"),
        ("floods", "look at its code: it has `course_lib.questions`"),
        ("deletes", "1.3: its check was deleted and put back"),
    ],
)
def test_what_is_odd_and_costs_nothing_by_itself_is_told(student: str, words: str, marked: Marked) -> None:
    assert words in marked.happened(student)
    assert marked.total(student) == MOST - (2 if student == "deletes" else 0)


def test_what_never_ended_is_not_waited_for_again_in_a_next_kernel(marked: Marked) -> None:
    for number in ("1.1", "1.3", "1.5"):
        assert marked.happened("unlucky").count(f"{number}: stopped after") == 1


def test_the_numbers_of_another_edition_do_not_pass(marked: Marked) -> None:
    assert {"1.1", "1.2", "1.5"} <= {n for n, got in marked.points("plays the public edition").items() if got == 0}


def test_a_deleted_answer_is_not_answered(marked: Marked) -> None:
    assert {number for number, got in marked.points("deletes").items() if got == 0} == {"1.4"}
    assert "1.4: its answer cell was deleted" in marked.happened("deletes")


def test_cells_that_a_student_added_run_where_they_stood(marked: Marked) -> None:
    assert marked.total("uses other cells") == MOST
    assert "My own words" in marked.page("uses other cells")


def test_nothing_outside_of_its_folder_is_changed_or_lost(marked: Marked) -> None:
    assert state_of(marked.folder) == marked.before
    assert marked.elsewhere.read_text(encoding="utf-8") == "the teacher's own"
    assert marked.happened("spoils").count("tried to write") >= 4


def test_no_other_program_and_no_network_is_reached(marked: Marked) -> None:
    for what in ("start another program", "stop another process", "reach the network", "call code outside of Python"):
        assert f"1.1: tried to {what}" in marked.happened("reaches out")


UNREADABLE = {
    "=HYPERLINK(1)": "not marked: not a notebook: the file is empty",
    "no json": "not marked: not a notebook: ",
    "no notebook": "not marked: not a notebook: ",
    "binary": "not marked: not a notebook: ",
    "deep": "not marked: not a notebook: ",
    "other notebook": "not marked: none of the set's questions is in it",
    "zipped": "not marked: no notebook was handed in, but work.zip",
} | ({"linked": "not marked: a link, not a file: it was not followed"} if CAN_LINK else {})


@pytest.mark.parametrize("student", UNREADABLE)
def test_what_cannot_be_read_gets_nothing_and_a_page_that_says_why(student: str, marked: Marked) -> None:
    assert marked.total(student) == 0
    assert marked.happened(student).startswith(UNREADABLE[student])
    assert len(marked.happened(student)) < 200
    assert f"<li>{UNREADABLE[student]}" in marked.page(student)


def test_every_student_has_one_page_that_runs_and_fetches_nothing(marked: Marked) -> None:
    students = [row["student"].removeprefix("'") for row in marked.rows]
    pages = list((marked.edition.edition.folder / "feedback").rglob("*.*"))
    assert len(pages) == len(students)
    for student in students:
        page = marked.page(student)
        assert not re.search(r"<(script|iframe|object|embed|link)\b|\bsrc=[\"'](?!data:)", page), student
        assert "default-src 'none'" in page
        assert len(page) < 2_000_000


def test_what_a_student_shows_is_shown_as_text(marked: Marked) -> None:
    page = marked.page("reaches out")
    assert "&lt;script&gt;alert" in page
    assert "&lt;script>alert('words')" in marked.page("uses other cells").replace("&gt;", ">")


def test_the_marked_notebooks_that_a_person_opens_hold_nothing_that_runs(marked: Marked) -> None:
    for path in (marked.edition.edition.folder / "autograded").rglob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        for cell in notebook.cells:
            kinds = {kind for output in cell.get("outputs", []) for kind in output.get("data", {})}
            assert kinds <= {"text/plain", "image/png"}, path
            assert cell.cell_type == "code" or not re.search(r"<script", cell.source)


def test_no_cell_of_a_table_is_a_formula(marked: Marked) -> None:
    assert [text for row in marked.rows for text in row.values() if text.startswith(("=", "+", "-", "@"))] == []


def test_the_gradebook_has_the_points_of_the_table(marked: Marked) -> None:
    for student in ("good", "half right", "no json"):
        found = gradebook.look_up(marked.edition.edition, SET, student)
        assert sum(part.got for part in found.values()) == marked.total(student)


def test_nothing_is_left_running_and_nothing_left_lying(marked: Marked) -> None:
    assert commands_with(str(marked.temporary)) == []
    assert list(marked.temporary.iterdir()) == []


def commands_with(text: str) -> list[str]:
    """Return the command lines of running processes in which a text stands."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            found.append(" ".join(process.cmdline()))
    return [command for command in found if text in command]


def test_two_who_hand_in_the_same_name_in_other_letters_are_two(tmp_path: Path) -> None:
    (tmp_path / "ann.ipynb").write_bytes(b"")
    (tmp_path / "Ann").mkdir()
    assert [one.student for one in gather(tmp_path)] == ["Ann", "ann-2"]


# Before anything is marked


def test_an_environment_that_cannot_run_the_masters_marks_nobody(
    edition: ClassEdition, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As with a Python that lacks numpy: every answer would fail, and a whole class would get nothing."""
    broken = tmp_path / "numpy"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise ModuleNotFoundError(\"No module named 'numpy'\", name='numpy')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    marker = mark.Marker(edition.edition, jobs=2)
    with pytest.raises(SystemExit, match=r"(?s)Nothing was marked: .* No module named 'numpy'"):
        marker.prove_itself([SET])


def test_a_master_that_is_not_taken_as_right_marks_nobody(edition: ClassEdition, tmp_path: Path) -> None:
    spoilt = edition.copied(tmp_path).edition
    nbformat.write(edition.solved(SET, answer_1_1="cost = 5"), spoilt.solutions(SET))
    with pytest.raises(SystemExit, match=f"Nothing was marked: the master of {SET} is not marked as it must be"):
        mark.Marker(spoilt, jobs=2).prove_itself([SET])


def test_an_edition_whose_questions_have_changed_since_marks_nobody(edition: ClassEdition) -> None:
    marker = mark.Marker(Edition(8, edition.edition.folder), jobs=2)
    with pytest.raises(SystemExit, match="the course now asks something else"):
        marker.prove_itself([SET])


@pytest.mark.parametrize(
    ("folder", "complaint"),
    [
        ("nowhere", "there is no folder 'nowhere'"),
        ("", "there is no folder ''"),
        ("empty", "there is no submission in"),
    ],
)
def test_a_folder_without_submissions_is_refused(
    folder: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=complaint):
        mark.read_all(folder)


# What a person gives


@pytest.fixture(scope="module")
def capstone(tmp_path_factory: pytest.TempPathFactory) -> ClassEdition:
    return released(tmp_path_factory.mktemp("capstone"), CAPSTONE)


def judged_without_being_run(notebook: NotebookNode, settings: Settings) -> Result:
    """Say what running them would: whoever wrote something has every answer right, and nobody else."""
    state = CORRECT if "We train" in str(notebook.cells) else OPEN
    return Result(notebook, {number: Verdict(state, number=number) for number in questions.numbers_of(7)})


def test_points_that_a_person_gives_are_kept_until_the_words_change(
    capstone: ClassEdition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mark, "run_isolated", judged_without_being_run)
    name, column = "07_plan_edition_7", "7.6 in words (of 3)"
    submissions, edition = tmp_path / "submissions", capstone.edition

    def marked_again() -> dict[str, dict[str, str]]:
        marker = mark.Marker(edition, jobs=2)
        ((set_name, found),) = marker.by_set(mark.read_all(str(submissions)), None).items()
        marker.mark(set_name, found)
        return {row["student"]: row for row in table(edition.folder / f"marks_{CAPSTONE}.csv")}

    def page() -> str:
        return edition.path("feedback", CAPSTONE, "ann").with_suffix(".html").read_text(encoding="utf-8")

    hand_in(submissions, "ann", capstone.solved(CAPSTONE, answer_7_6_2="We train 30 B."), name)
    hand_in(submissions, "bob", capstone.untouched(CAPSTONE), name)
    first = marked_again()
    assert (first["ann"][column], first["ann"]["points"]) == ("", "12")
    assert first["ann"]["what happened"] == "7.6 in words waits for a person"
    assert (first["bob"][column], first["bob"]["what happened"]) == ("0", "")
    assert "a person gives these points" in page()

    with gradebook.opened(edition) as book:
        grade = book.find_grade("answer-7-6-2", name, CAPSTONE, "ann")
        grade.manual_score, grade.needs_manual_grade = 2.5, False
        book.find_comment("answer-7-6-2", name, CAPSTONE, "ann").manual_comment = "Which assumption first?"
        book.db.commit()
    second = marked_again()
    assert (second["ann"][column], second["ann"]["points"]) == ("2.5", "14.5")
    assert second["ann"]["what happened"] == ""
    assert "Which assumption first?" in page()

    hand_in(submissions, "ann", capstone.solved(CAPSTONE, answer_7_6_2="We train 32 B."), name)
    assert marked_again()["ann"][column] == ""
