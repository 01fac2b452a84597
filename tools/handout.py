"""Write each lesson as one HTML file that needs no network: `handout.py [LESSON ...]`, into `build/handout/`.

The file holds its style, its pictures and its formulas (as MathML, which browsers draw by themselves), and not one
line of script. An explorer is there as its picture and its sentence, a prediction as its question and its options. The
instructor's notes are left out, and so is what only a kernel can show. On paper the answers, which a screen shows
folded where they belong, stand at the end.
"""

from __future__ import annotations

import argparse
import re

import nbformat
from classroom.environment import ROOT
from classroom.pages import HEADING, as_page, drawn_without_script, is_note, title_of
from classroom.sets import LESSONS, find_lesson
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

FOLDER = ROOT / "build" / "handout"
FOLDED = re.compile(r"<details><summary>(?P<called>.*?)</summary>(?P<answer>.*?)</details>", re.DOTALL)


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
    notebook.cells += answers_at_the_end(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = drawn_without_script(cell.source)
    return as_page(notebook, title=title_of(notebook))


def answers_at_the_end(notebook: NotebookNode) -> list[NotebookNode]:
    """Return what paper has at its end, the folded answers by section, and lead from each place to its answer there."""
    section = title_of(notebook)
    answers: list[str] = []

    def led(folded: re.Match[str]) -> str:
        number = len(answers) + 1
        answers.append(f'### <span id="folded-{number}">{number}. {section}</span>\n\n{folded["answer"].strip()}')
        inside = folded[0].replace("<details>", '<details class="course-folded">')
        words = f'{folded["called"]}: <a href="#folded-{number}">number {number}, at the end</a>'
        return f'{inside}\n\n<p class="course-on-paper">{words}</p>'

    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            section = [section, *HEADING.findall(cell.source)][-1]
            cell.source = FOLDED.sub(led, cell.source)
    if not answers:
        return []
    words = "\n\n".join(["## Answers", *answers])
    return [new_markdown_cell(f'<div class="course-on-paper course-answers">\n\n{words}\n\n</div>')]


if __name__ == "__main__":
    main()
