"""Make the exercises: `make_exercises.py [--check] [NAME ...]`, NAME being such as 01 or compute_cost (default: all).

The master `exercises/solutions/NN_topic.ipynb` is the only source. It is brought into nbgrader's source format: every
cell gets its grade id, points and locks from what is in it, and every question its badge. Then it is run. From it
comes the student's copy `exercises/NN_topic.ipynb`: answers give way to stubs, solutions stand folded, and that is run
too. `--check` runs nothing, writes nothing, and fails where the sources of the two have drifted apart.
"""

from __future__ import annotations

import argparse
import copy
import re
import sys
from collections import Counter
from pathlib import Path

import run_notebooks
from nbformat import NotebookNode

from course_lib import questions
from course_lib.questions.question import Question

EXERCISES = Path(__file__).resolve().parent.parent / "exercises"
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
CODE_STUB = "# Put your answer in place of the dots."
TEXT_STUB = "Write your answer here."
WHERE_ANSWERS_LIE = """

Your answers are sent nowhere. In the JupyterLab that `make lab` opens they are saved as `my_exercises/{}`,
which no update of the course touches; hand in that file."""
HEADING = re.compile(r"^## (\d+\.\d+) · (.+)$", re.MULTILINE)
CHECKED = re.compile(r"""\bcheck\(\s*["'](\d+\.\d+)["']\s*,\s*(\w+)""")
TAKEN_APART = re.compile(r"^(\w+) = given\(", re.MULTILINE)
FOLDED_SOLUTION = "<details><summary>Solution</summary>"
BADGE = re.compile(r"^\*Difficulty .*\*$", re.MULTILINE)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the students' exercises from the masters.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a student's copy has drifted")
    parser.add_argument("names", nargs="*", help="numbers or names of sets; default: all")
    chosen = parser.parse_args()
    drifted = []
    for path in masters(chosen.names):
        if chosen.check:
            drifted += drift(path)
        else:
            make(path)
    if drifted:
        sys.exit("\n".join([*drifted, "Run `make exercises`."]))


def masters(names: list[str], folder: Path = EXERCISES / "solutions") -> list[Path]:
    """Return the masters that were asked for, or exit with the list of those that there are."""
    there = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not names:
        return there
    found = [path for path in there for name in names if name in (path.stem, *path.stem.split("_", 1))]
    if len(found) != len(names):
        sys.exit(f"No such exercises: {', '.join(names)}; there are {', '.join(path.stem for path in there)}.")
    return found


def make(path: Path) -> None:
    """Bring one master into format, run it, and write the student's copy from it, run as well."""
    _, master = run_notebooks.read(path)
    run_and_write(stamp(master), path)
    refuse_wrong_answers(master, path.name)
    run_and_write(student_copy(master, path.name), path.parent.parent / path.name)


def refuse_wrong_answers(master: NotebookNode, name: str) -> None:
    """Exit where a check of a master that was run refuses its answer."""
    refused = [said for said in verdicts(master) if " Correct." not in said]
    if refused:
        sys.exit("\n".join([f"{name}: the master's own answers are refused.", *refused]))


def run(notebook: NotebookNode, path: Path) -> NotebookNode:
    """Run a notebook, in place, where the file of that path lies; exit where it stops at an error."""
    try:
        return run_notebooks.execute(notebook, path.parent)
    except run_notebooks.FAILURES as error:
        sys.exit(f"{path.name} stopped at an error and was left as it was:\n{error}")


def run_and_write(notebook: NotebookNode, path: Path) -> None:
    """Run a notebook, in place, and write it where it differs from what is there."""
    content = serialise(run(notebook, path))
    differs = not path.exists() or path.read_bytes() != content
    if differs:
        path.write_bytes(content)
    print(f"{path.parent.name}/{path.name}: {'rewritten' if differs else 'unchanged'}", flush=True)


def serialise(notebook: NotebookNode) -> bytes:
    return bytes(run_notebooks.serialise(run_notebooks.tidy(notebook)))


def verdicts(notebook: NotebookNode) -> list[str]:
    """Return what the checks of a notebook said."""
    checks = [cell for cell in notebook.cells if cell.metadata.nbgrader.grade_id.startswith("check-")]
    return ["".join(str(output.get("data", {}).get("text/plain")) for output in cell.outputs) for cell in checks]


def drift(path: Path) -> list[str]:
    """Say how one master's own format and its student's copy differ from what `make exercises` would write."""
    _, master = run_notebooks.read(path)
    wanted = stamp(copy.deepcopy(master))
    complaints = [f"{path.name}, the master: {one}" for one in differences(master, wanted)]
    copy_path = path.parent.parent / path.name
    if not copy_path.exists():
        return [*complaints, f"{path.name} has no student's copy"]
    _, there = run_notebooks.read(copy_path)
    return complaints + [
        f"{path.name}, the student's copy: {one}" for one in differences(there, student_copy(wanted, path.name))
    ]


def differences(there: NotebookNode, wanted: NotebookNode) -> list[str]:
    """Say which cells differ in source, kind or metadata; outputs are nbval's business."""
    if len(there.cells) != len(wanted.cells):
        return [f"{len(there.cells)} cells, and should have {len(wanted.cells)}"]
    return [
        f"cell {number} ({new.metadata.nbgrader.grade_id}) has another {part}"
        for number, (old, new) in enumerate(zip(there.cells, wanted.cells, strict=True))
        for part in ("cell_type", "source", "metadata", "id")
        if old[part] != new[part]
    ]


# The master, in nbgrader's source format


def stamp(master: NotebookNode) -> NotebookNode:
    """Give every cell of a master, in place, its place in nbgrader's format, and every question its badge."""
    taken: Counter[str] = Counter()
    answers: dict[str, str] = {}
    question: Question | None = None
    for cell in master.cells:
        if cell.cell_type == "markdown" and (heading := HEADING.search(cell.source)):
            question = questions.find(heading[1])
            if heading[2] != question.title:
                sys.exit(f"{heading[0]!r} should be called {question.title!r}, as in course_lib/questions.")
            cell.source = with_badge(cell.source, heading[0], question)
        elif cell.cell_type == "markdown" and re.match("#{1,2} ", cell.source):
            question = None
        role = role_of(cell, question)
        refuse_what_cannot_be_run_again(cell, role, question, answers)
        grade_id = f"{role}-{question.number.replace('.', '-') if question else 'set'}"
        taken[grade_id] += 1
        cell["id"] = grade_id if taken[grade_id] == 1 else f"{grade_id}-{taken[grade_id]}"
        cell.metadata["nbgrader"] = nbgrader_metadata(cell, role, question)
    return master


def role_of(cell: NotebookNode, question: Question | None) -> str:
    """Return what a cell is for; exit where it cannot be part of the exercises."""
    if has_solution(cell):
        if question is None:
            sys.exit(f"A solution stands outside of any question: {cell.source[:60]!r}")
        return "answer"
    if cell.cell_type == "code" and (number := CHECKED.search(cell.source)):
        if question is None or number[1] != question.number:
            sys.exit(f"check({number[1]!r}) stands outside of question {number[1]}.")
        return "check"
    if cell.cell_type == "code":
        return "given"
    if cell.source.startswith(FOLDED_SOLUTION):
        return "solution"
    return "hints" if cell.source.startswith("<details>") else "text"


def refuse_what_cannot_be_run_again(
    cell: NotebookNode, role: str, question: Question | None, answers: dict[str, str]
) -> None:
    """Exit where a cell that is run again, after the others, would meet a name of another question."""
    if role == "given" and question and (name := TAKEN_APART.search(cell.source)):
        sys.exit(
            f"{question.number}: show what is given with `given({question.number!r})` alone, and begin the answer cell "
            f"with `{name[1]} = given({question.number!r})`, so that it can be run again after other questions."
        )
    if role == "check" and question:
        name = CHECKED.search(cell.source)[2]
        if name in answers:
            sys.exit(
                f"{question.number}: its answer is called {name}, as that of {answers[name]} is; give it its own name."
            )
        answers[name] = question.number


def has_solution(cell: NotebookNode) -> bool:
    return BEGIN in cell.source


def nbgrader_metadata(cell: NotebookNode, role: str, question: Question | None) -> dict[str, object]:
    """Return nbgrader's marks: a check gives points by itself, an answer in words by a person's judgement."""
    judged_by_a_person = role == "answer" and cell.cell_type == "markdown"
    graded = role == "check" or judged_by_a_person
    marks: dict[str, object] = {
        "grade": graded,
        "grade_id": cell.id,
        "locked": role != "answer",
        "schema_version": 3,
        "solution": role == "answer",
        "task": False,
    }
    return marks | ({"points": question.points} if graded and question else {})


def with_badge(source: str, heading: str, question: Question) -> str:
    """Return a question's text with its badge as the line under the heading."""
    badge = question.badge
    line = (
        f"*Difficulty {badge.difficulty} of 3 · importance {badge.importance} of 3 · "
        f"about {badge.minutes} minutes · {question.kind} · slide {' and '.join(question.slides)}*"
    )
    if BADGE.search(source):
        return BADGE.sub(lambda _: line, source, count=1)
    return source.replace(heading, f"{heading}\n\n{line}", 1)


# The student's copy


def student_copy(master: NotebookNode, name: str, with_solutions: bool = True) -> NotebookNode:
    """Return what a student gets: stubs for answers, locked checks, and, unless it is for a class, folded solutions.

    It lies one folder higher than the master, and so do its links. `name` is the file's.
    """
    notebook: NotebookNode = copy.deepcopy(master)
    notebook.cells = []
    answers: dict[str, list[str]] = {}
    for original in master.cells:
        cell = copy.deepcopy(original)
        role, _, place = cell.metadata.nbgrader.grade_id.partition("-")
        if role == "solution" and not with_solutions:
            continue
        if role == "solution":
            cell.source = fold(cell.source, answers.get(place, []))
        elif role == "answer":
            place = "-".join(place.split("-")[:2])
            answers.setdefault(place, []).append(shown(cell))
            cell.source = without_solution(cell.source, CODE_STUB if cell.cell_type == "code" else TEXT_STUB)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        else:
            cell.source = cell.source.replace("](../../", "](../")
        lock(cell)
        notebook.cells.append(cell)
    if with_solutions:
        notebook.cells[0].source += WHERE_ANSWERS_LIE.format(name)
    return notebook


def without_solution(source: str, stub: str) -> str:
    """Return a cell's source with each solution region given up for the stub, indented as the region was.

    The same as nbgrader's ClearSolutions with this stub: the region's two marks go with it.
    """
    lines: list[str] = []
    inside = False
    for line in source.split("\n"):
        if line.strip() == BEGIN:
            if inside:
                sys.exit(f"A solution begins inside another: {source[:60]!r}")
            inside = True
            lines.append(line[: len(line) - len(line.lstrip())] + stub)
        elif line.strip() == END:
            inside = False
        elif not inside:
            lines.append(line)
    if inside:
        sys.exit(f"A solution does not end: {source[:60]!r}")
    return "\n".join(lines)


def solution_of(source: str) -> str:
    """Return the whole cell as it reads with its solution: no marks, and not the stub that the solution overrides."""
    lines = [line for line in source.split("\n") if line.strip() not in (BEGIN, END)]
    return "\n".join(line for line in lines if not re.fullmatch(r"\s*(\w+ = |return )?\.\.\.", line))


def shown(answer: NotebookNode) -> str:
    """Return an answer cell's solution as Markdown: code in a fence, words as they are."""
    solution = solution_of(answer.source).strip()
    return f"```python\n{solution}\n```" if answer.cell_type == "code" else solution


def fold(markdown: str, answers: list[str]) -> str:
    """Return a folded solution with the answers as its first part."""
    return markdown.replace(FOLDED_SOLUTION, "\n\n".join([FOLDED_SOLUTION, *answers]), 1)


def lock(cell: NotebookNode) -> None:
    """Lock a cell as nbgrader's LockCells does: an answer cannot be deleted, any other not even edited."""
    cell.metadata["deletable"] = False
    if cell.metadata.nbgrader.locked:
        cell.metadata["editable"] = False


if __name__ == "__main__":
    main()
