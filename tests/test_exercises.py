"""The exercises: one master, a student's copy that is made from it, and neither says more or less than it should."""

from __future__ import annotations

import copy
import re
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from classroom.cells import CellName, Role, name_of
from classroom.master import BEGIN, END, masters, stamp, verdicts
from classroom.notebooks import serialise, tidy
from classroom.student_copy import TEXT_STUB, solution_of, student_copy
from make_exercises import drift, make
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.nbgraderformat import MetadataValidator
from notebook_guards import GUARDS
from test_checks import number_spellings

from course_lib import questions
from course_lib.checks import Verdict, check, edition
from course_lib.questions.kinds import Number

ROOT = Path(__file__).resolve().parent.parent
MASTERS = sorted((ROOT / "exercises" / "solutions").glob("*.ipynb"))
COPIES = sorted((ROOT / "exercises").glob("*.ipynb"))
OF_LESSONS_ONLY = {
    "every_cell_has_its_place_in_the_slides",
    "no_code_cell_is_long",
    "no_machinery_is_defined",
    "something_is_to_be_done_every_150_words",
}
LONGEST_ANSWER = 14
BY_NAME = {"ids": lambda path: path.stem}


def read(path: Path) -> NotebookNode:
    return nbformat.v4.reads(path.read_text(encoding="utf-8"))


def cells(notebook: NotebookNode, role: Role, number: str = "") -> list[NotebookNode]:
    """Return the cells of one role, of one question or of all."""
    return [cell for cell in notebook.cells if (name := name_of(cell)).role is role and number in ("", name.number)]


def written(notebook: NotebookNode) -> bytes:
    return serialise(tidy(notebook))


def said(cell: NotebookNode) -> str:
    return "".join(str(output.get("data", {}).get("text/plain", "")) for output in cell.outputs)


# Every set


def test_every_set_of_questions_has_a_master_and_a_copy_named_like_its_lesson() -> None:
    wanted = [f"{number:02d}_{topic}.ipynb" for number, topic in questions.sets().items()]
    assert [path.name for path in MASTERS] == [path.name for path in COPIES] == wanted
    assert all((ROOT / "notebooks" / name).exists() for name in wanted)


@pytest.mark.parametrize("path", MASTERS, **BY_NAME)
def test_nothing_has_drifted(path: Path) -> None:
    assert drift(path) == [], "run `make exercises`"


@pytest.mark.parametrize("path", MASTERS + COPIES, ids=lambda path: f"{path.parent.name}-{path.stem}")
@pytest.mark.parametrize("guard", sorted(set(GUARDS) - OF_LESSONS_ONLY))
def test_exercise(guard: str, path: Path) -> None:
    complaints = list(GUARDS[guard](read(path), path))
    assert not complaints, "\n".join([path.name, *complaints])


@pytest.mark.parametrize("path", MASTERS, **BY_NAME)
def test_a_set_says_how_many_questions_it_has_and_how_long_they_take(path: Path) -> None:
    said = read(path).cells[0].source
    every = [questions.find(number) for number in questions.numbers_of(int(path.stem[:2]))]
    if counted := re.search(r"^(\w+) questions on", said, re.MULTILINE):
        assert counted[1] == {8: "Eight", 9: "Nine", 10: "Ten", 11: "Eleven"}[len(every)]
    minutes = sum(one.badge.minutes for one in every)
    assert re.findall(r"about (\d+) minutes", said) == [str(5 * round(minutes / 5))]


@pytest.mark.parametrize("path", MASTERS + COPIES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_exercise_is_saved_as_make_exercises_saves_it(path: Path) -> None:
    saved = path.read_bytes().replace(b"\r\n", b"\n")
    assert saved == serialise(tidy(read(path)))


@pytest.mark.parametrize("path", MASTERS, **BY_NAME)
def test_every_check_of_a_master_says_correct(path: Path) -> None:
    assert [cell.source for cell in cells(read(path), Role.CHECK) if " Correct." not in said(cell)] == []


@pytest.mark.parametrize("path", COPIES, **BY_NAME)
def test_every_check_of_a_students_copy_says_not_answered_yet(path: Path) -> None:
    checks = cells(read(path), Role.CHECK)
    assert len(checks) >= 6
    assert [cell.source for cell in checks if not said(cell).endswith(" not answered yet")] == []


@pytest.mark.parametrize("path", MASTERS, **BY_NAME)
def test_every_question_of_the_set_stands_in_the_master_once_with_all_its_parts(path: Path) -> None:
    master = read(path)
    numbers = questions.numbers_of(int(path.name[:2]))
    for role in (Role.TEXT, Role.CHECK, Role.HINTS, Role.SOLUTION):
        wanted = [CellName(role, number) for number in numbers]
        assert [name_of(cell) for cell in cells(master, role)] == wanted or role is Role.TEXT, role
    for role in (Role.ANSWER, Role.GIVEN):
        assert {CellName(role, number) for number in numbers} <= {name_of(cell) for cell in cells(master, role)}
    for cell in cells(master, Role.HINTS):
        assert re.findall(r"<summary>(.*?)</summary>", cell.source) == ["Hint 1", "Hint 2"]
        assert cell.source.count("</details>") == 2


@pytest.mark.parametrize("path", MASTERS, **BY_NAME)
def test_no_graded_hint_and_no_text_contains_the_answer(path: Path) -> None:
    master = read(path)
    for cell in cells(master, Role.ANSWER):
        number = name_of(cell).number
        asks = questions.find(number).asks
        answers = number_spellings(float(asks.answer)) if isinstance(asks, Number) else set()
        answers |= {line.strip() for line in solution_of(cell.source).splitlines() if "=" in line}
        for told in (*cells(master, Role.HINTS, number), *cells(master, Role.TEXT, number)):
            text = told.source.replace("$", "")
            assert [one for one in answers if re.search(rf"(?<![\w.]){re.escape(one)}(?![\w]|\.\d)", text)] == []


@pytest.mark.parametrize("path", MASTERS, **BY_NAME)
@pytest.mark.parametrize("seed", range(6))
def test_the_solutions_hold_in_every_edition(path: Path, seed: int) -> None:
    verdicts: list[Verdict] = []

    def checking(number: str, answer: object) -> Verdict:
        verdicts.append(check(number, answer))
        return verdicts[-1]

    scope: dict[str, object] = {}
    try:
        edition(seed)
        for cell in read(path).cells:
            if cell.cell_type == "code":
                exec(compile(cell.source, cell.id, "exec"), scope)
                scope["check"] = checking
    finally:
        edition(0)
    assert [str(verdict) for verdict in verdicts if not verdict.correct] == []
    assert len(verdicts) == len(questions.numbers_of(int(path.name[:2])))


@pytest.mark.parametrize("path", MASTERS, **BY_NAME)
def test_a_question_can_be_taken_up_again_after_all_the_others(path: Path) -> None:
    """Its check alone, and then its answer and its check, say the same once every other cell has been run."""
    master = read(path)
    scope: dict[str, object] = {}
    run = [cell for cell in master.cells if cell.cell_type == "code"]
    for cell in run:
        exec(compile(cell.source, cell.id, "exec"), scope)
    for checked in cells(master, Role.CHECK):
        assert eval(checked.source, scope).correct, checked.source
    for checked in reversed(cells(master, Role.CHECK)):
        for cell in cells(master, Role.ANSWER, name_of(checked).number):
            if cell.cell_type == "code":
                exec(compile(cell.source, cell.id, "exec"), scope)
        assert eval(checked.source, scope).correct, checked.source


@pytest.mark.parametrize("path", COPIES, **BY_NAME)
def test_a_students_copy_keeps_its_solutions_folded(path: Path) -> None:
    notebook = read(path)
    text = path.read_text(encoding="utf-8")
    assert BEGIN not in text
    assert END not in text
    for cell in cells(notebook, Role.SOLUTION):
        assert cell.source.startswith("<details><summary>Solution</summary>\n\n```python\n")
        assert cell.source.endswith("</details>")
    for cell in cells(notebook, Role.ANSWER):
        assert re.search(r"\.\.\.", cell.source)
        assert len(cell.source.splitlines()) <= LONGEST_ANSWER


@pytest.mark.parametrize("path", MASTERS, **BY_NAME)
def test_a_class_gets_no_solutions(path: Path) -> None:
    master = read(path)
    handed_out = student_copy(master, path.name, with_solutions=False)
    assert not cells(handed_out, Role.SOLUTION)
    text = nbformat.writes(handed_out)
    for cell in cells(master, Role.ANSWER):
        for line in solution_of(cell.source).splitlines():
            assert not ("= " in line and len(line.strip()) > 12) or line.strip() not in text


# The format that nbgrader reads


@pytest.mark.parametrize("path", MASTERS + COPIES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_marks_are_those_of_nbgraders_format(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    ids = [cell.metadata.nbgrader.grade_id for cell in notebook.cells]
    assert [one for one, times in Counter(ids).items() if times > 1] == []
    for cell in notebook.cells:
        marks = cell.metadata.nbgrader
        assert re.fullmatch(r"[\w-]+", marks.grade_id)
        assert (marks.schema_version, marks.task) == (3, False)
        assert ("points" in marks) == marks.grade
        assert not (marks.locked and marks.solution)
        in_copy = path.parent.name == "exercises"
        assert cell.metadata.get("deletable", True) is not in_copy
        assert (cell.metadata.get("editable", True) is False) == (in_copy and marks.locked)


@pytest.mark.parametrize("path", MASTERS + COPIES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_nbgrader_takes_the_format_for_its_own(path: Path) -> None:
    MetadataValidator().validate_nb(read(path))


@pytest.mark.parametrize("path", MASTERS, **BY_NAME)
def test_points_are_the_difficulty_of_the_question(path: Path) -> None:
    for cell in cells(read(path), Role.CHECK):
        assert cell.metadata.nbgrader.points == questions.find(name_of(cell).number).badge.difficulty


# The tool, on a small master


def small_master() -> NotebookNode:
    title = questions.find("1.1").title
    sources = [
        new_markdown_cell("# Exercises"),
        new_markdown_cell(f"## 1.1 · {title}\n\nWhat does it cost?"),
        new_code_cell('given("1.1")'),
        new_code_cell("def f():\n    x = ...\n    ### BEGIN SOLUTION\n    x = 1\n    ### END SOLUTION\n    return x"),
        new_code_cell('check("1.1", f)', execution_count=1),
        new_markdown_cell("<details><summary>Hint 1</summary>\n\nAha\n\n</details>"),
        new_markdown_cell("<details><summary>Solution</summary>\n\nSo.\n\n</details>"),
        new_markdown_cell("# The end\n\n[lesson](../../notebooks/01_compute_cost.ipynb)"),
    ]
    return new_notebook(cells=sources)


def test_stamping_says_what_each_cell_is_for_and_shows_the_badge() -> None:
    master = stamp(small_master())
    ids = [cell.metadata.nbgrader.grade_id for cell in master.cells]
    assert ids == [
        *("text-set", "text-1-1", "given-1-1", "answer-1-1", "check-1-1", "hints-1-1", "solution-1-1"),
        "text-set-2",
    ]
    assert (
        "\n\n*Difficulty 1 of 3 · importance 3 of 3 · about 3 minutes · number · slide S1*\n\n"
        in master.cells[1].source
    )
    assert master.cells[4].metadata.nbgrader.points == 1
    assert stamp(copy.deepcopy(master)) == master


def test_a_badge_that_has_changed_replaces_the_old_one() -> None:
    master = stamp(small_master())
    wanted = master.cells[1].source
    master.cells[1].source = wanted.replace("Difficulty 1", "Difficulty 3")
    assert stamp(master).cells[1].source == wanted


def test_a_students_copy_has_stubs_locks_and_the_folded_code() -> None:
    made = student_copy(stamp(small_master()), "01_x.ipynb")
    assert made.cells[3].source == "def f():\n    x = ...\n    # Put your answer in place of the dots.\n    return x"
    assert "```python\ndef f():\n    x = 1\n    return x\n```\n\nSo." in made.cells[6].source
    assert made.cells[4].execution_count is None
    assert made.cells[7].source == "# The end\n\n[lesson](../notebooks/01_compute_cost.ipynb)"
    assert [cell.metadata.get("editable", True) for cell in made.cells] == [False] * 3 + [True] + [False] * 4


def test_an_answer_in_words_is_judged_by_a_person() -> None:
    master = small_master()
    master.cells[3] = new_markdown_cell("### BEGIN SOLUTION\nBecause.\n### END SOLUTION")
    marks = stamp(master).cells[3].metadata.nbgrader
    assert (marks.grade, marks.solution, marks.locked, marks.points) == (True, True, False, 1)
    made = student_copy(master, "01_x.ipynb")
    assert made.cells[3].source == TEXT_STUB
    assert made.cells[6].source.startswith("<details><summary>Solution</summary>\n\nBecause.\n\nSo.")


@pytest.mark.parametrize(
    ("place", "source", "complaint"),
    [
        (1, "## 1.1 · Another title", "should be called"),
        (1, "# No question", "outside"),
        (3, "### BEGIN SOLUTION\nx = 1", "does not end"),
        (3, "### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", "inside another"),
        (4, 'check("1.2", f)', "outside of question 1.2"),
        (2, 'run = given("1.1")\nrun', "begin the answer cell with"),
        (5, 'check("1.1", f)', "its answer is called f, as that of 1.1 is"),
    ],
)
def test_a_master_that_makes_no_sense_is_refused_in_one_sentence(place: int, source: str, complaint: str) -> None:
    master = small_master()
    master.cells[place].source = source
    master.cells[place].cell_type = "markdown" if place == 1 else "code"
    with pytest.raises(SystemExit, match=complaint):
        student_copy(stamp(master), "01_x.ipynb")


def test_a_master_whose_own_answer_is_refused_makes_no_students_copy(tmp_path: Path) -> None:
    (tmp_path / "solutions").mkdir()
    path = tmp_path / "solutions" / "01_compute_cost.ipynb"
    master = small_master()
    master.cells.insert(1, new_code_cell("from course_lib.checks import check, given"))
    path.write_bytes(written(master))
    with pytest.raises(SystemExit, match=r"own answers are refused\.\n1\.1 Your answer is a function"):
        make(path)
    assert not (tmp_path / path.name).exists()
    master.cells[
        4
    ].source = 'f = ...\n### BEGIN SOLUTION\nf = 6 * given("1.1").parameters * given("1.1").tokens\n### END SOLUTION'
    path.write_bytes(written(master))
    make(path)
    assert verdicts(read(tmp_path / path.name)) == ["1.1 not answered yet"]
    master.cells[4].source = "1 / 0\n### BEGIN SOLUTION\n### END SOLUTION"
    path.write_bytes(written(master))
    with pytest.raises(SystemExit, match="ZeroDivisionError"):
        make(path)
    assert "1 / 0" in path.read_text(encoding="utf-8"), "left as it was"


def test_names_of_sets_are_understood_and_unknown_ones_refused() -> None:
    assert [path.stem for path in masters(["01"])] == ["01_compute_cost"]
    assert [path.stem for path in masters(["compute_cost"])] == ["01_compute_cost"]
    with pytest.raises(SystemExit, match="there are 01_compute_cost"):
        masters(["99"])


@pytest.mark.parametrize("spoilt", ["source", "points", "missing", "master"])
def test_drift_is_seen(spoilt: str, tmp_path: Path) -> None:
    (tmp_path / "solutions").mkdir()
    master, student = tmp_path / "solutions" / "01_compute_cost.ipynb", tmp_path / "01_compute_cost.ipynb"
    made = stamp(small_master())
    master.write_bytes(written(made))
    handed_out = student_copy(made, master.name)
    student.write_bytes(written(handed_out))
    assert drift(master) == []
    if spoilt == "source":
        handed_out.cells[2].source += "  # edited"
        student.write_bytes(written(handed_out))
    elif spoilt == "points":
        handed_out.cells[4].metadata.nbgrader.points = 100
        student.write_bytes(written(handed_out))
    elif spoilt == "missing":
        student.unlink()
    else:
        del made.cells[4].metadata["nbgrader"]
        master.write_bytes(written(made))
    assert len(drift(master)) == 1
