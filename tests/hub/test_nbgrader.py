"""nbgrader on the hub, with real accounts, from release to feedback; nobody gets at another's work.

The commands are those of INSTRUCTORS.md. The tests of this file share a class and go its way together.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from classroom.cells import name_of
from classroom.environment import ROOT
from classroom.hub_client import Refused, Student
from classroom.student_copy import solution_of

from hub.accounts import Account, Class

pytestmark = pytest.mark.whole_hub

INSTRUCTORS = (ROOT / "INSTRUCTORS.md").read_text(encoding="utf-8")
SET, COURSE = "04_memory", "training_cost_edition_7"
NOTEBOOK = f"{SET}_edition_7"
"""What a student gets is `04_memory/04_memory_edition_7.ipynb`."""


@dataclass
class Teaching:
    """A class with an edition that its instructor has released, from a clone of the instructor's own."""

    one: Class
    clone: Path

    @property
    def edition(self) -> Path:
        return self.clone / "my_class" / "edition_7"

    @property
    def inbound(self) -> Path:
        return self.one.exchange / COURSE / "inbound"

    def does(self, line: str) -> str:
        """Run a command of INSTRUCTORS.md as the instructor does, with the hub's environment in the place of `.venv`.

        What follows `make` is what it would run, by its own words; what follows `nbgrader` is run in the edition.
        """
        assert f"`{line}`" in INSTRUCTORS
        program, *words = line.split()
        if program == "nbgrader":
            return self.run([self.one.python, "-m", "nbgrader", *words], self.edition)
        told = self.run(["make", "--dry-run", "--no-print-directory", *words, "PYTHON=python3"], self.clone)
        return self.run([self.one.python, *shlex.split(told.partition(" -- ")[2].replace("\\\n", " "))], self.clone)

    def run(self, command: list[str | Path], folder: Path) -> str:
        settings = {"JUPYTER_CONFIG_PATH": str(self.one.course / "deploy" / "hub")}
        done = self.one.instructor.run(command, folder, settings | {"COURSE_HUB_EXCHANGE": str(self.one.exchange)})
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def submissions(self, account: Account) -> list[Path]:
        """Return what a student has handed in, as root sees it."""
        return sorted(self.inbound.glob(f"{account.name}+{SET}+*"))


def assignments(student: Student, action: str) -> list[dict[str, Any]]:
    """Do what a button of the page *Assignment List* does, and return what it shows then."""
    answer = student.request("POST", f"assignments/{action}", {"course_id": COURSE, "assignment_id": SET})
    assert answer["success"], answer
    return list(answer["value"])


def answered(notebook: Any, solutions: Path, wanted: set[str] | None = None) -> Any:
    """Return a notebook as the page has it with right answers: to the named questions, or to all."""
    right = {name_of(cell): cell.source for cell in nbformat.read(solutions, as_version=4).cells}
    notebook = nbformat.from_dict(notebook)
    for cell in notebook.cells:
        name = name_of(cell)
        if name.is_answer and (wanted is None or name.number in wanted):
            cell.source = solution_of(right[name])
    return notebook


@pytest.fixture(scope="module")
def teaching(the_class: Class) -> Teaching:
    """Release the set."""
    instructor = the_class.instructor
    clone = instructor.home / "teaching"
    subprocess.run(["git", "clone", "--quiet", the_class.course.with_name("origin"), clone], check=True)
    subprocess.run(["chown", "--recursive", f"{instructor.name}:", clone], check=True)
    one = Teaching(the_class, clone)
    one.does("make release SEED=7 SET=04")
    one.does(f"nbgrader release_assignment {SET}")
    return one


@pytest.fixture(scope="module")
def handed_in(teaching: Teaching) -> dict[str, Student]:
    """Let each student fetch the set, answer it in JupyterLab, and hand it in.

    The first answers all, the second one question; the third answers two in the folder for practice, and copies that.
    """
    done = {account.name: teaching.one.log_in(account) for account in teaching.one.students}
    for student, wanted in zip(done.values(), (None, {"4.1"}, {"4.1", "4.2"}), strict=True):
        [listed] = assignments(student, "fetch")
        assert (listed["status"], listed["path"]) == ("fetched", SET)
        file = f"{NOTEBOOK}.ipynb"
        mine = answered(student.read(f"{SET}/{file}"), teaching.edition / "solutions" / file, wanted)
        if student is done[teaching.one.students[-1].name]:
            student.save(f"my_exercises/{file}", mine)
            student.api("POST", f"contents/{SET}", {"copy_from": f"my_exercises/{file}"})
        else:
            student.save(f"{SET}/{file}", mine)
        assert "submitted" in {one["status"] for one in assignments(student, "submit")}
    return done


@pytest.fixture(scope="module")
def marked(teaching: Teaching, handed_in: dict[str, Student]) -> dict[str, str]:
    """Collect, mark, release the feedback, and return the points of each student, as the table has them."""
    teaching.does(f"nbgrader collect {SET}")
    teaching.does("make mark SUBMISSIONS=my_class/edition_7/submitted")
    teaching.does(f"nbgrader release_feedback {SET}")
    with (teaching.edition / f"marks_{SET}.csv").open(encoding="utf-8-sig") as table:
        return {row["student"]: row["points"] for row in csv.DictReader(table)}


def test_the_page_offers_the_list_of_assignments_and_nothing_of_an_instructors(handed_in: dict[str, Student]) -> None:
    student = next(iter(handed_in.values()))
    page = student.session.get(f"{student.server}/lab", timeout=60).text
    found = re.search(r'<script id="jupyter-config-data" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found
    switched_off = {name for name in json.loads(found[1])["disabledExtensions"] if "nbgrader" in name}
    others = ("course-list", "create-assignment", "formgrader", "validate-assignment")
    assert switched_off == {f"@jupyter/nbgrader:{name}" for name in others}
    assert student.request("GET", "courses")["value"] == [COURSE]
    with pytest.raises(Refused, match=": 404 "):
        student.request("GET", "formgrader")


def test_a_set_that_was_fetched_is_checked_where_it_lies(handed_in: dict[str, Student]) -> None:
    ada, place = next(iter(handed_in.values())), f"{SET}/{NOTEBOOK}.ipynb"
    cells = {str(name_of(cell)): cell.source for cell in nbformat.from_dict(ada.read(place)).cells}
    kernel = ada.kernel(place)
    kernel.ask(cells["given-set"])
    kernel.ask(cells["answer-4-1"])
    assert "Correct" in kernel.ask(f"print({cells['check-4-1']})")
    kernel.close()


def test_each_student_is_marked_by_what_that_student_wrote(teaching: Teaching, marked: dict[str, str]) -> None:
    assert [marked[one.name] for one in teaching.one.students] == ["20", "1", "2"]


def test_feedback_goes_back_to_each_student_alone(
    teaching: Teaching, handed_in: dict[str, Student], marked: dict[str, str]
) -> None:
    folder = teaching.one.exchange / COURSE / "feedback"
    for account, student in zip(teaching.one.students, handed_in.values(), strict=True):
        assignments(student, "fetch_feedback")
        [page] = (account.home / "training-cost-course" / SET / "feedback").glob(f"*/{NOTEBOOK}.html")
        others = {one.name for one in teaching.one.students} - {account.name}
        assert account.name in page.read_text(encoding="utf-8")
        assert not any(name in page.read_text(encoding="utf-8") for name in others)
        assert account.run(["cat", page]).returncode == 0
        assert [one.name for one in teaching.one.students if one.run(["cat", page]).returncode == 0] == [account.name]
        assert account.run(["ls", folder]).returncode != 0


@pytest.mark.parametrize(
    "command",
    [
        "ls '{inbound}'",
        "ls '{submission}'",
        "cat '{submission}'/*.ipynb",
        "cat '{submission}/{notebook}.ipynb'",
        "cat '{submission}/submission_secret.txt'",
        "touch '{submission}/{notebook}.ipynb'",
        "touch '{submission}/more.ipynb'",
        "rm -f '{submission}/{notebook}.ipynb'",
        "mv '{submission}' '{inbound}/elsewhere'",
        "mv '{exchange}/{course}' '{exchange}/elsewhere'",
        "touch '{exchange}/{course}/outbound/{set}/more.ipynb'",
        "ls ~{instructor}/teaching/my_class",
    ],
)
def test_nobody_else_gets_at_a_submission_even_by_its_full_name(
    teaching: Teaching, handed_in: dict[str, Student], command: str
) -> None:
    ada, emmy, _ = teaching.one.students
    places = {"inbound": teaching.inbound, "submission": teaching.submissions(ada)[0], "notebook": NOTEBOOK, "set": SET}
    places |= {"exchange": teaching.one.exchange, "course": COURSE, "instructor": teaching.one.instructor.name}
    done = emmy.run(["bash", "-c", command.format_map(places)])
    assert done.returncode != 0
    assert "ermission denied" in done.stderr or "not permitted" in done.stderr


def test_its_author_and_the_instructor_read_a_submission(teaching: Teaching, handed_in: dict[str, Student]) -> None:
    ada = teaching.one.students[0]
    for reader in (ada, teaching.one.instructor):
        assert reader.run(["cat", teaching.submissions(ada)[0] / f"{NOTEBOOK}.ipynb"]).returncode == 0


def test_nbgrader_itself_lays_a_submission_open_to_whoever_learns_its_name(
    teaching: Teaching, handed_in: dict[str, Student]
) -> None:
    """Where this fails, nbgrader has mended it, and the configuration needs no `Submit` of its own."""
    ada, emmy, _ = teaching.one.students
    plain = teaching.one.exchange.with_name("plain")
    plain.mkdir()
    os.chown(plain, teaching.one.instructor.uid, -1)
    plain.chmod(0o777)
    (plain / "nbgrader_config.py").write_text(f"c = get_config()\nc.Exchange.root = {str(plain)!r}\n")
    nbgrader = [teaching.one.python, "-m", "nbgrader"]
    settings = {"JUPYTER_CONFIG_PATH": str(plain)}
    done = teaching.one.instructor.run([*nbgrader, "release_assignment", SET], teaching.edition, settings)
    assert done.returncode == 0, done.stderr
    home = ada.home / "training-cost-course"
    done = ada.run([*nbgrader, "submit", SET, f"--course={COURSE}"], home, settings)
    assert done.returncode == 0, done.stderr
    [submission] = (plain / COURSE / "inbound").iterdir()
    assert emmy.run(["cat", submission / f"{NOTEBOOK}.ipynb"]).returncode == 0
    assert emmy.run(["touch", submission / "more.ipynb"]).returncode == 0


def test_who_is_in_the_instructors_group_hands_nothing_in(teaching: Teaching, handed_in: dict[str, Student]) -> None:
    emmy = teaching.one.students[1]
    settings = {"JUPYTER_CONFIG_PATH": str(teaching.one.course / "deploy" / "hub")}
    settings["COURSE_HUB_EXCHANGE"] = str(teaching.one.exchange)
    command = [teaching.one.python, "-m", "nbgrader", "submit", SET, f"--course={COURSE}"]
    folder, group = emmy.home / "training-cost-course", teaching.inbound.stat().st_gid
    assert "You are in the instructor's group" in emmy.run(command, folder, settings, groups=[group]).stderr
    assert len(teaching.submissions(emmy)) == 1
    assert emmy.run(command, folder, settings).returncode == 0
    assert len(teaching.submissions(emmy)) == 2


def test_a_course_that_a_student_makes_is_shown_to_nobody_and_takes_nothing(
    teaching: Teaching, handed_in: dict[str, Student]
) -> None:
    emmy = teaching.one.students[1]
    false = teaching.one.exchange / "training_cost_edition_8"
    made = emmy.run(["mkdir", "--parents", false / "inbound", false / "outbound" / SET])
    assert made.returncode == 0
    emmy.run(["chmod", "--recursive", "777", false])
    ada = next(iter(handed_in.values()))
    assert ada.request("GET", "courses")["value"] == [COURSE]
    answer = ada.request("POST", "assignments/submit", {"course_id": false.name, "assignment_id": SET})
    assert not answer["success"]
    assert not list((false / "inbound").iterdir())


# What somebody lays into the inbound folder by hand


def laid_by_hand(teaching: Teaching, author: Account, name: str, commands: str) -> str:
    """Have a student make a submission without nbgrader, and return what collecting says of it."""
    folder = teaching.inbound / name
    done = author.run(["bash", "-ec", f"mkdir '{folder}'; cd '{folder}'; {commands}"])
    assert done.returncode == 0, done.stderr
    return teaching.does(f"nbgrader collect {SET} --update")


def collected(teaching: Teaching, account: Account) -> dict[str, bytes]:
    """Return what lies in the edition of a student's work."""
    folder = teaching.edition / "submitted" / account.name / SET
    return {path.name: path.read_bytes() for path in folder.glob("*.ipynb")}


def test_what_is_handed_in_under_anothers_name_counts_for_whose_it_is(
    teaching: Teaching, marked: dict[str, str]
) -> None:
    ada, emmy, _ = teaching.one.students
    before = collected(teaching, ada)
    assert before
    forged = f"{ada.name}+{SET}+2099-01-01 00:00:00.000000 UTC+forged"
    laid_by_hand(teaching, emmy, forged, f"echo '{{}}' > {NOTEBOOK}.ipynb")
    assert collected(teaching, ada) == before
    assert collected(teaching, emmy) == {f"{NOTEBOOK}.ipynb": b"{}\n"}


def test_a_link_to_the_solutions_is_not_followed(teaching: Teaching, marked: dict[str, str]) -> None:
    emmy = teaching.one.students[1]
    solution = teaching.edition / "solutions" / f"{NOTEBOOK}.ipynb"
    name = f"{emmy.name}+{SET}+2099-01-02 00:00:00.000000 UTC+link"
    said = laid_by_hand(teaching, emmy, name, f"ln -s '{solution}' {NOTEBOOK}.ipynb")
    assert "a link is in it, which is not followed" in said
    assert not collected(teaching, emmy)


def test_what_cannot_be_copied_holds_nobody_up(teaching: Teaching, marked: dict[str, str]) -> None:
    ada, emmy, _ = teaching.one.students
    shutil.rmtree(teaching.edition / "submitted" / ada.name)
    name = f"{emmy.name}+{SET}+2099-01-03 00:00:00.000000 UTC+closed"
    said = laid_by_hand(teaching, emmy, name, f"touch {NOTEBOOK}.ipynb; chmod 000 {NOTEBOOK}.ipynb")
    assert f"{name} was not collected" in said
    assert collected(teaching, ada)
