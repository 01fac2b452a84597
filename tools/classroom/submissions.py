"""What a class handed in: found in a folder, read before any of it is run, and put back into the set's own cells."""

from __future__ import annotations

import codecs
import copy
import hashlib
import os
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
from jupyter_server.services.contents.fileio import path_to_intermediate
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from classroom.cells import CellName, checked_by, has_points, is_asked, is_own, name_in, name_of
from classroom.sets import names_of, topics_called
from course_lib.questions import TOPICS

LARGEST_FILE, LONGEST_NAME = 120_000_000, 80
ENDING = ".ipynb"
CLUTTER = (".", "__MACOSX")
OF_A_COURSE_SYSTEM = re.compile(r"_assignsubmission_file_?$")
ANY_TOPIC = "|".join(name for topic in TOPICS for name in topics_called(topic))
OF_THE_SET = re.compile(rf"[-_ ]*\d\d_({ANY_TOPIC})(_edition_\d+)?([-_ ]?(Copy|\()?\d+\)?)?$", re.IGNORECASE)
OF_A_HUB = ("timestamp.txt", "submission_secret.txt")
"""What nbgrader lays beside a notebook that it collected, and looks for beside the feedback that it gives back."""
CUT_OFF = "the file was cut off while it was saved: what had been saved before, which JupyterLab kept, was marked"
NO_NOTEBOOK, FOREIGN = "no notebook was handed in", "none of the set's questions is in it: is it another notebook?"
HTML_BEGINS = re.compile(r"<(?=[A-Za-z/!?])")
WORTH_A_LOOK = re.compile(
    r"course_lib\.questions\b|\bimport .*\bquestions\b|course_lib\.checks\.\w+|\.asks\b|\bclassroom_kernel\b"
    r"|\bdef check\(|^check *=",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Submission:
    """What one student handed in: the notebook, or the problem with it, and whether this may be another one `again`.

    `changed` is when the file was, in seconds; `beside` are a hub's own files, by name; `remark` is for its author.
    """

    student: str
    path: Path
    notebook: NotebookNode | None = None
    problem: str = ""
    changed: float = 0.0
    beside: tuple[tuple[str, bytes], ...] = ()
    remark: str = ""
    again: bool = False


def gather(folder: Path) -> list[Submission]:
    """Return every notebook in `folder`, read at once.

    A folder in it is a student's, by whose name it is called, however deep the notebook lies in it. A notebook that
    lies in it directly is called by its own name. Links are not followed: they might lead to another's work.
    """
    entries = [entry for entry in sorted(folder.iterdir()) if not entry.name.startswith(CLUTTER)]
    return list(with_names_of_their_own([one for entry in entries for one in handed_in(entry)]))


def handed_in(entry: Path) -> Iterator[Submission]:
    """Yield what one student handed in."""
    student = OF_A_COURSE_SYSTEM.sub("", as_text(entry.name))
    if entry.is_symlink():
        name = student[: -len(ENDING)] if is_notebook(entry) else student
        yield Submission(name, entry, problem="a link, not a file: it was not followed")
    elif entry.is_dir():
        if not os.access(entry, os.R_OK | os.X_OK):
            yield Submission(student, entry, problem="its folder could not be opened", again=True)
            return
        paths = [path for path in sorted(entry.rglob("*")) if is_notebook(path) and not is_clutter(path, entry)]
        if not paths:
            others = [path.name for path in sorted(entry.rglob("*")) if path.is_file()]
            words = f"{NO_NOTEBOOK}, but {', '.join(others[:3])}" if others else NO_NOTEBOOK
            yield Submission(student, entry, problem=words)
        for path in paths:
            yield read_file(student, path)
    elif is_notebook(entry):
        yield read_file(OF_THE_SET.sub("", as_text(entry.stem)) or entry.stem, entry)


def as_text(name: str) -> str:
    """Return a file's name as text, also where the system could not read it as such."""
    return os.fsencode(name).decode("utf-8", "replace")


def is_notebook(path: Path) -> bool:
    """Tell whether a file is a notebook by its name, which some systems write in capitals."""
    return path.suffix.lower() == ENDING


def is_clutter(path: Path, folder: Path) -> bool:
    return any(part.startswith(CLUTTER) for part in path.relative_to(folder).parts)


def read_file(student: str, path: Path) -> Submission:
    """Return one file as a submission: its notebook, without what it showed, or what is wrong with it."""
    if path.is_symlink():
        return Submission(student, path, problem="a link, not a file: it was not followed")
    try:
        about = path.stat()
        if about.st_size > LARGEST_FILE:
            return Submission(student, path, problem=f"larger than {LARGEST_FILE / 1e6:g} MB: clear its outputs")
        files = [file for file in map(path.with_name, OF_A_HUB) if file.is_file() and not file.is_symlink()]
        beside = tuple((file.name, file.read_bytes()[:1000]) for file in files)
        notebook, remark = parse_or_kept(path)
    except OSError as error:
        return Submission(student, path, problem=f"could not be read: {error.strerror}", again=True)
    except ValueError as error:
        return Submission(student, path, problem=str(error))
    return Submission(student, path, notebook, changed=about.st_mtime, beside=beside, remark=remark)


def parse_or_kept(path: Path) -> tuple[NotebookNode, str]:
    """Return a file's notebook, or where it was cut off the one that JupyterLab kept while it saved, and what to say.

    JupyterLab lays what was saved before beside the file, as `.~NAME`, and takes it away once the file is whole.
    """
    try:
        return parse(path.read_bytes()), ""
    except ValueError:
        kept = Path(path_to_intermediate(str(path)))
        if not kept.is_symlink() and kept.is_file() and kept.stat().st_size <= LARGEST_FILE:
            with suppress(ValueError):
                return parse(kept.read_bytes()), CUT_OFF
        raise


def read_again(one: Submission) -> Submission:
    """Return a submission, read anew where it could not be read, as when another program held the file."""
    if not one.again or one.path.is_dir():
        return one
    anew = read_file(one.student, one.path)
    return replace(anew, remark="; ".join(filter(None, [one.remark, anew.remark])))


def decoded(content: bytes) -> str:
    """Return a file's text: UTF-8, or UTF-16 where the file says so, as some editors save it."""
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if wide else "utf-8-sig")


def parse(content: bytes) -> NotebookNode:
    """Return a notebook without its outputs; `ValueError` says in a few words why it is none."""
    if not content.strip():
        raise ValueError("not a notebook: the file is empty")
    try:
        notebook = nbformat.reads(decoded(content), as_version=4)
    except RecursionError:
        raise ValueError("not a notebook: it is nested too deep") from None
    except Exception as error:  # of any kind: nbformat raises whatever it stumbles over
        words = " ".join(str(error).split())[:100]
        raise ValueError(f"not a notebook: {type(error).__name__}: {words}") from None
    cells = notebook.get("cells")
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise ValueError("not a notebook: it has no cells")
    for cell in cells:
        cell["source"] = text_of(cell.get("source"))
        cell.pop("outputs", None)
    return notebook


def text_of(source: object) -> str:
    """Return a cell's source as text that can be written again, whatever stood there."""
    return source.encode("utf-8", "replace").decode("utf-8") if isinstance(source, str) else ""


def with_names_of_their_own(submissions: list[Submission]) -> Iterator[Submission]:
    """Yield the submissions; of two students whose names differ in case alone, the second gets a number.

    Each student has a folder in the results, and not every system tells such folders apart, nor two ways to write an
    umlaut; nor does every system take long names, or spaces and dots at the end of one.
    """
    taken: dict[str, str] = {}
    for one in submissions:
        one = replace(one, student=fit_for_a_folder(one.student))
        key = one.student.casefold()
        if taken.setdefault(key, one.student) == one.student:
            yield one
        else:
            number = 2
            while taken.setdefault(f"{key}-{number}", one.student) != one.student:
                number += 1
            yield replace(one, student=f"{one.student}-{number}")


def fit_for_a_folder(name: str) -> str:
    """Return a name that every system takes for a folder's.

    >>> fit_for_a_folder("Ann. "), len(fit_for_a_folder("a" * 300))
    ('Ann', 80)
    """
    name = unicodedata.normalize("NFC", name).rstrip(" .") or "unnamed"
    if len(name.encode()) <= 2 * LONGEST_NAME and len(name) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: LONGEST_NAME - 9].encode()[: 2 * LONGEST_NAME].decode(errors='ignore')}-{digest}"


def set_of(submission: Submission, sets: dict[str, NotebookNode]) -> str | None:
    """Return which of the released sets a submission belongs to: by its cells, or by its name where it has none."""
    if submission.notebook is None:
        file_name = submission.path.name.lower()
        return next((name for name in sets if any(one in file_name for one in names_of(name))), None)
    known = {
        name: len({*found_in(submission.notebook, sets[name])} & {*map(name_of, filter(is_asked, sets[name].cells))})
        for name in sets
    }
    best = max(known, key=lambda name: known[name])
    return best if known[best] else None


def found_in(submitted: NotebookNode, release: NotebookNode) -> list[CellName | None]:
    """Return what each cell of a submission is called in the set: by its marks, else by what stands in it and around.

    A notebook that went through another program may have lost the marks of its cells. A cell of the set's own is known
    by its text, a check by the question that it checks, and an answer by its place: it is the last of its kind before
    the cell that follows it in the set. An answer may also have its check in its own cell.
    """
    names = [name_in(cell) for cell in submitted.cells]
    texts = {cell.source.strip(): name_of(cell) for cell in release.cells if not cell.metadata.nbgrader.solution}
    checks = {check[0]: name_of(cell) for cell in release.cells if (check := check_in(cell))}
    for at, cell in enumerate(submitted.cells):
        if names[at] is None:
            check = check_in(cell)
            names[at] = texts.get(cell.source.strip()) or (checks.get(check[0]) if check else None)
    order = [name_of(cell) for cell in release.cells]
    for place, cell in enumerate(release.cells):
        follower = order[place + 1] if place + 1 < len(order) else None
        if order[place].is_check and order[place - 1] not in names:
            for at, one in enumerate(submitted.cells):
                asked = checked_by(one.source) if names[at] is None else None
                if asked and asked[0] == order[place].number and one.get("cell_type") == "code":
                    names[at] = order[place - 1]
        if not cell.metadata.nbgrader.solution or order[place] in names or follower not in names:
            continue
        for at in reversed(range(names.index(follower))):
            if names[at] is not None:
                break
            if submitted.cells[at].cell_type == cell.cell_type:
                names[at] = order[place]
                break
    return names


def check_in(cell: NotebookNode) -> tuple[str, str] | None:
    """Return the question that a cell checks, and the answer's name, where it does nothing else."""
    if cell.get("cell_type") != "code" or len(cell.source.strip().splitlines()) != 1:
        return None
    return checked_by(cell.source)


def restore(release: NotebookNode, submitted: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """Return the released notebook with the student's answers in it, and what was amiss with its checks.

    The released cells are taken, in their order, and into the answer cells goes what the student's have; of several
    copies of one, the last counts, and those before it run before it. Cells that the student added run where they
    stood; so do changed ones that only show or import something, after the original.
    """
    own = {name_of(cell): cell for cell in release.cells}
    answers: dict[CellName, str] = {}
    replaced: dict[CellName, list[NotebookNode]] = {}
    added: dict[CellName | None, list[NotebookNode]] = {}
    changed: set[CellName] = set()
    seen: set[CellName] = set()
    last: CellName | None = None
    for cell, name in zip(submitted.cells, found_in(submitted, release), strict=True):
        source = cell.source
        original = own.get(name) if name else None
        if name is None or original is None:
            added.setdefault(last, []).append(as_extra(cell, source))
            continue
        last = name
        seen.add(name)
        if source.strip() == original.source.strip():
            continue  # nor does a copy of the untouched cell undo an answer
        if original.metadata.nbgrader.solution:
            if name in answers:
                replaced.setdefault(name, []).append(as_extra(original, answers[name]))
            answers[name] = source
        elif has_points(original):
            changed.add(name)
        elif original.cell_type == "code":
            added.setdefault(name, []).append(as_extra(original, source))
    cells = list(added.get(None, []))
    for original in release.cells:
        cell = copy.deepcopy(original)
        name = name_of(cell)
        cell.source = answers.get(name, cell.source)
        if cell.cell_type == "markdown" and name in answers:
            cell.source = without_html(cell.source)
        cells += [*replaced.get(name, []), cell, *added.get(name, [])]
    return release_with(release, cells), list(amiss(release, seen, changed))


def as_extra(cell: NotebookNode, source: str) -> NotebookNode:
    """Return a cell as one that belongs to no question."""
    if cell.get("cell_type") == "code":
        return new_code_cell(source)
    return new_markdown_cell(without_html(source))


def without_html(words: str) -> str:
    """Return Markdown in which HTML is shown and not obeyed, whoever opens the marked notebook."""
    return HTML_BEGINS.sub("&lt;", words)


def release_with(release: NotebookNode, cells: list[NotebookNode]) -> NotebookNode:
    notebook = copy.copy(release)
    notebook.cells = cells
    taken: set[str] = set()
    for cell in cells:
        while cell["id"] in taken:
            cell["id"] = hashlib.sha256(cell["id"].encode()).hexdigest()[:8]
        taken.add(cell["id"])
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def amiss(release: NotebookNode, seen: set[CellName], changed: set[CellName]) -> Iterator[str]:
    """Say of each check that it was deleted or changed, and of an answer cell that it was deleted."""
    for cell in filter(is_asked, release.cells):
        name = name_of(cell)
        what = "check" if cell.cell_type == "code" and has_points(cell) else "answer cell"
        if name not in seen:
            yield f"{name.number}: its {what} was deleted" + (" and put back" if what == "check" else "")
        elif name in changed:
            yield f"{name.number}: its check was changed; the original was run"


def worth_a_look(notebook: NotebookNode) -> list[str]:
    """Say where a student's code names what holds the answers or judges them: a person should look at it."""
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code" and is_own(cell)]
    named = {match[0].strip() for source in sources for match in WORTH_A_LOOK.finditer(source)}
    return [f"look at its code: it has `{name[:40]}`" for name in sorted(named)]
