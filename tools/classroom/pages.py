"""A notebook as one HTML page that needs no network: style, pictures and formulas, and not one line of script."""

from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path

from latex2mathml.converter import convert
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook
from traitlets.config import Config

TEMPLATE = """
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block data_svg scoped -%}
{%- set svg = output.data['image/svg+xml'] -%}
<div class="jp-RenderedSVG jp-OutputArea-output" style="--units: {{ svg | units_of }}">{{ svg }}</div>
{%- endblock -%}
{%- block html_head_css -%}
<style>STYLE</style>
{%- endblock -%}
"""
LONG_FORMULA = 45
"""So many characters of LaTeX may be wider than a phone; a browser breaks no formula."""
STYLE = Path(__file__).with_suffix(".css")
CODE_OR_FORMULA = re.compile(
    r"(?P<code>```.*?```|`[^`\n]+`)|\$\$(?P<block>.+?)\$\$|(?<![\\$])\$(?P<inline>[^\s$](?:[^$\n]*[^\s$])?)\$(?!\d)",
    re.DOTALL,
)
FOLDED_ANSWER = "<details><summary>What came out</summary>"
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
TABLE = re.compile(r"<table\b.*?</table>", re.DOTALL)
UNITS = re.compile(r'<svg\b[^>]*?\bviewBox="\S+ \S+ ([\d.]+) ')
LINK = re.compile(r"\[([^\]]+)\]\((?!https?:|#|data:)([^)#\s]+)(#[^)\s]*)?\)")


def as_page(notebook: NotebookNode, title: str) -> str:
    """Return a notebook as one HTML page that runs and fetches nothing, whatever stands in it."""
    notebook.metadata["title"] = title
    page, _ = exporter().from_notebook_node(notebook)
    return TABLE.sub(lambda table: scrolling("table", table[0]), str(page))


@cache
def exporter() -> HTMLExporter:
    """Return what makes every page; to read its template again for each would take as long as the page."""
    without_code = {"TagRemovePreprocessor": {"enabled": True, "remove_input_tags": ["prediction"]}}
    made = HTMLExporter(
        raw_template=TEMPLATE.replace("STYLE", STYLE.read_text(encoding="utf-8")),
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        config=Config(without_code),
    )
    made.register_filter("units_of", units_of)
    return made


def scrolling(kind: str, content: str) -> str:
    """Return what may be wider than a phone in a box of its own, which scrolls, by keyboard too.

    >>> scrolling("formula", "x")
    '<span class="course-wide" role="group" aria-label="formula" tabindex="0">x</span>'
    """
    return f'<span class="course-wide" role="group" aria-label="{kind}" tabindex="0">{content}</span>'


def units_of(svg: str) -> str:
    """Return how many of its own units a picture is wide.

    >>> units_of('<svg width="720pt" height="300pt" viewBox="0 0 720 300"></svg>')
    '720'
    """
    found = UNITS.search(svg)
    return found[1] if found else "0"


def title_of(notebook: NotebookNode) -> str:
    """Return a lesson's title, which is its first line."""
    return str(notebook.cells[0].source.splitlines()[0].lstrip("# "))


# The instructor's notes


def is_note(cell: NotebookNode) -> bool:
    """Tell whether a cell is a note for the instructor: it is on no slide and in no hand-out."""
    return bool(cell.metadata.get("slideshow", {}).get("slide_type") == "notes")


def unfolded(note: str) -> str:
    """Return a note that is seen at once.

    >>> unfolded("<details><summary>For the instructor</summary>")
    '<details open><summary>For the instructor</summary>'
    """
    return note.replace("<details>", "<details open>")


def with_answers(markdown: str) -> str:
    """Return a lesson's words with what came out of a prediction in sight; on a slide it is shown after the prediction.

    >>> with_answers("<details><summary>What came out</summary>")
    '<details open><summary>What came out</summary>'
    """
    return markdown.replace(FOLDED_ANSWER, unfolded(FOLDED_ANSWER))


def speakers_notes(notebook: NotebookNode) -> str:
    """Return the instructor's notes of a lesson as one HTML page, each below the heading of its slide."""
    heading, cells = "", []
    for cell in notebook.cells:
        if is_note(cell):
            cells.append(new_markdown_cell(drawn_without_script(f"{heading}\n\n{unfolded(cell.source)}")))
            heading = ""
        elif found := HEADING.findall(cell.source) if cell.cell_type == "markdown" else []:
            heading = f"## {found[-1]}"
    title = f"Speaker's notes: {title_of(notebook)}"
    language = {"language_info": {"name": "python"}}
    return as_page(new_notebook(cells=[new_markdown_cell(f"# {title}"), *cells], metadata=language), title)


def drawn_without_script(markdown: str) -> str:
    """Return a lesson's words with formulas and links that a page alone can show."""
    return with_mathml(with_links_to_handouts(markdown))


def with_mathml(markdown: str) -> str:
    """Return the text with its formulas as MathML; code stays as it is."""

    def drawn(match: re.Match[str]) -> str:
        if match["code"]:
            return match[0]
        formula, display = (match["block"], "block") if match["block"] else (match["inline"], "inline")
        try:
            mathml = convert(formula.strip(), display=display)
        except Exception as error:  # of any kind: the library has no error of its own for what it cannot read
            return sys.exit(f"This formula could not be drawn ({error!r}): {formula}")
        if "\\" in mathml:  # a command that the library does not know stays as it was written
            return sys.exit(f"This formula could not be drawn in full: {formula}")
        return scrolling("formula", mathml) if match["block"] or len(formula) > LONG_FORMULA else mathml

    return CODE_OR_FORMULA.sub(drawn, markdown)


def with_links_to_handouts(markdown: str) -> str:
    """Return the text with links to lessons leading to their pages, and links to other files as plain words."""

    def led(match: re.Match[str]) -> str:
        words, target, anchor = match[1], match[2], match[3] or ""
        if target.endswith(".ipynb") and "/" not in target:
            return f"[{words}]({target.removesuffix('.ipynb')}.html{anchor})"
        return words

    return LINK.sub(led, markdown)
