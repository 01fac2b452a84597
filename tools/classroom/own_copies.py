"""A learner's own copies of lessons and exercises: where they lie, what a fresh one holds, when one is outdated.

What is written in `notebooks/01_compute_cost.ipynb` lies as `my_lessons/01_compute_cost.ipynb`, what is written in
`exercises/01_compute_cost.ipynb` as `my_exercises/01_compute_cost.ipynb`. Git ignores both folders, so an update finds
the course as it left it.

A fresh copy of a lesson is without the outputs that answer a prediction, and its links lead to the course's own files.
It bears a stamp of what it was made from. As long as its sources are those of the stamp, the learner would lose nothing
but outputs: then it is given up once the course's notebook is another. A copy with a changed source is never given up.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
from contextlib import suppress
from itertools import chain, count
from pathlib import Path

import nbformat
from jupyter_server.services.contents.fileio import path_to_intermediate
from nbformat import NotebookNode
from nbformat.sign import NotebookNotary

from classroom.notebooks import ANSWER, serialise
from classroom.server import OWN
from classroom.sets import names_of
from classroom.whole_files import link_new, write_new

NAME = re.compile(r"[0-9][0-9]_\w+\.ipynb")
STAMP = "course"
BESIDE = re.compile(r"(?<=\]\()(?!/|#|\.\./|[a-z][a-z0-9+.-]*:)")
"""Where a link starts that leads to a file in the notebook's own folder."""


def course_notebook(root: Path, place: Path) -> Path | None:
    """Return which of the course's notebooks lies at a place, or would, below the root; None for any other file.

    It is the same one in other letters, where the file system sees no difference, and through a link.
    """
    if place.suffix.lower() != ".ipynb":
        return None
    there, place = place.exists(), Path(os.path.realpath(place))
    for folder in map(root.joinpath, OWN):
        if there:
            found = next((one for one in notebooks_in(folder) if one.samefile(place)), None)
        else:
            here = NAME.fullmatch(place.name) and folder.exists() and place.parent.exists()
            found = place if here and place.parent.samefile(folder) else None
        if found:
            return Path(folder.name, found.name)
    return None


def notebooks_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.ipynb") if NAME.fullmatch(path.name))


def is_course_folder(root: Path, place: Path) -> bool:
    """Tell whether a folder is one of those that hold the course's notebooks."""
    return place.is_dir() and any(place.samefile(root / name) for name in OWN if (root / name).is_dir())


def own_copy(root: Path, notebook: Path) -> Path:
    """Return where the own copy of a notebook lies, or would lie: under a former name if it has that."""
    folder = root / OWN[notebook.parent.name]
    names = [notebook.name, *(f"{one}.ipynb" for one in names_of(notebook.stem))]
    return next((place for one in names if (place := folder / one).exists()), folder / notebook.name)


def shown(root: Path, place: Path) -> Path:
    """Return the file that is shown at a place: the own copy, where there is one."""
    notebook = course_notebook(root, place)
    return own if notebook and (own := own_copy(root, notebook)).exists() else place


# What an own copy holds


def fresh_copy(source: Path) -> NotebookNode:
    """Return a course's notebook as a learner finds it the first time."""
    content = source.read_bytes().replace(b"\r\n", b"\n")
    # Not `nbformat.reads`, which also checks it: the course's tests do that, and on a hub it takes 43 ms a student.
    notebook: NotebookNode = nbformat.convert(nbformat.reader.reads(content.decode("utf-8")), 4)
    if OWN.get(source.parent.name) == OWN["notebooks"]:
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = BESIDE.sub(f"../{source.parent.name}/", cell.source)
            elif ANSWER in cell.metadata.get("tags", []):
                cell.update(outputs=[], execution_count=None)
    stamp = {"sources": fingerprint(notebook), "notebook": hashlib.sha256(content).hexdigest()}
    notebook.metadata[STAMP] = stamp
    return notebook


def fingerprint(notebook: NotebookNode) -> str:
    """Return what tells sources apart; an empty cell, as JupyterLab adds one below the last, is none."""
    sources = [(cell.cell_type, cell.source) for cell in notebook.cells if cell.source.strip()]
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()


def is_outdated(own: Path, source: Path) -> bool:
    """Tell whether an own copy has no source of its learner's in it, and the course's notebook is another by now.

    An empty file, as a full disk once left it, is nobody's work either, unless JupyterLab kept what was there before.
    """
    try:
        if own.stat().st_size == 0:
            return not Path(path_to_intermediate(str(own))).exists()
        notebook = nbformat.read(own, as_version=4)
        stamp = notebook.metadata[STAMP]
        untouched = stamp["sources"] == fingerprint(notebook)
        return bool(untouched and source.exists() and stamp["notebook"] != fresh_copy(source).metadata[STAMP].notebook)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, nbformat.ValidationError):
        return False


def can_be_read(place: Path) -> bool:
    """Tell whether a file is a notebook, and whole."""
    try:
        nbformat.read(place, as_version=4)
    except Exception:  # of any kind: nbformat raises whatever it stumbles over
        return False
    return True


def recover(own: Path) -> Path | None:
    """Take what Jupyter kept of a notebook that was cut off while it was saved, and return where the part now lies.

    Return None, and change nothing, where the notebook can be read, or where nothing that can be read was kept.
    """
    kept = Path(path_to_intermediate(str(own)))
    if not (kept.is_file() and own.is_file()) or can_be_read(own) or not can_be_read(kept):
        return None
    ends = chain([""], (f"-{number}" for number in count(2)))
    part = next(place for end in ends if not (place := own.with_name(f"{own.name}.invalid{end}")).exists())
    link_new(own, part)
    os.replace(kept, own)
    return part


def lay(source: Path, target: Path, notary: NotebookNotary | None = None) -> Path:
    """Write a fresh copy of a course's notebook, trusted as that is; `FileExistsError`, and no change, if one is there.

    JupyterLab shows the saved pictures of a notebook that it does not trust only once its cells are run.
    """
    notebook = fresh_copy(source)
    write_new(target, serialise(notebook))
    with suppress(OSError, sqlite3.Error):  # a disk that has no room for the signature
        (notary or NotebookNotary()).sign(notebook)
    return target
