"""Write each lesson as one HTML file that needs no network: `handout.py [LESSON ...]`, into `build/handout/`.

The file holds its style, its pictures and its formulas (as MathML, which browsers draw by themselves), and not one
line of script. An explorer is there as its picture and its sentence, a prediction as its question and its options. The
instructor's notes are left out, and so is what only a kernel can show.
"""

from __future__ import annotations

import argparse

import nbformat
from classroom.environment import ROOT
from classroom.pages import as_page, drawn_without_script, is_note, title_of
from classroom.sets import LESSONS, find_lesson
from nbformat import NotebookNode

FOLDER = ROOT / "build" / "handout"


def main() -> None:
    parser = argparse.ArgumentParser(description="Write each lesson as one HTML file that needs no network.")
    parser.add_argument("lessons", nargs="*", help="their numbers or names; default: all")
    chosen = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in [find_lesson(name) for name in chosen.lessons] or sorted(LESSONS.glob("*.ipynb")):
        page = FOLDER / f"{path.stem}.html"
        page.write_text(handout(nbformat.read(path, as_version=4)), encoding="utf-8")
        print(f"{page.relative_to(ROOT)} ({page.stat().st_size / 1e6:.1f} MB)")


def handout(notebook: NotebookNode) -> str:
    """Return the lesson as one HTML page."""
    notebook.cells = [
        cell for cell in notebook.cells if not is_note(cell) and not cell.source.startswith("calibration(")
    ]
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = drawn_without_script(cell.source)
    return as_page(notebook, title=title_of(notebook))


if __name__ == "__main__":
    main()
