"""The guards of the lessons: each looks at one notebook and says, one complaint a line, what a reader would trip over.

nbval proves that a notebook still gives its outputs; these prove what it does not look at, or lets pass.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote

import nbformat
from nbformat import NotebookNode
from nbval.plugin import comment_markers, metadata_tags

Guard = Callable[[NotebookNode, Path], Iterable[str]]
GUARDS: dict[str, Guard] = {}

LONGEST_CODE_CELL = 8
LONGEST_FUNCTION = 6
LONGEST_STRETCH = 150
SLIDE_FRAME = r'<div class="alert alert-block course-slide".*?</div>'
SOMETHING_TO_DO = re.compile(r"\*\*(?:Try this|Your turn)\b")
NOT_READ_ON_THE_WAY = re.compile(
    rf"<details>.*?</details>|{SLIDE_FRAME}|"
    r"\$\$.*?\$\$|^\|[-:| ]+\|$|<[^>]+>|^\*You need:\*[^\n]*",
    re.DOTALL | re.MULTILINE,
)
WORD = re.compile(r"[A-Za-z0-9$`*][^\s|]*")
SLIDE_TYPES = ("slide", "subslide", "fragment", "skip", "notes", "-")
EXPLORER = re.compile(r"\w*Explorer|UnitConverter|FloatDecoder|TrainingRunPlanner")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
PICTURES_NOT_COMPARED = ("image/png", "image/jpeg")
STRICT_TAGS = ("nbval-check-output",)
OF_ONE_MACHINE = re.compile(
    r"(?<![\w.])/(?:home|Users|root|work|tmp|opt|usr|var|mnt)/\w|\b[A-Z]:\\{1,2}(?:Users|Windows|Program)|file:/"
    r"|\blocalhost\b|\b127\.0\.0\.1\b"
)
ADDRESS = re.compile(r"\b(?:https?|ftp)://")
MARKDOWN_LINK = re.compile(r"(!?)\[([^\]]*)\]\(\s*<?([^)\s>]+)>?(?:\s+[\"'][^)]*)?\)")
HTML_LINK = re.compile(r"<a\b[^>]*\bhref\s*=\s*[\"']([^\"']*)[\"']", re.IGNORECASE)
HTML_IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
HTML_ATTRIBUTE = r"\b{}\s*=\s*[\"']([^\"']*)[\"']"
HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$", re.MULTILINE)
TABLE_HEAD = re.compile(r"^\|(.*)\|[ \t]*\n\|[-:| \t]+\|[ \t]*$|<th\b[^>]*>([^<]*)</th>", re.MULTILINE)
WORDS_OF_NO_PLACE = ("", "here", "click here", "this", "link", "more")
IN_CODE = re.compile(r"(?P<fence>```|~~~).*?(?P=fence)|`[^`\n]+`", re.DOTALL)


def guard(check: Guard) -> Guard:
    GUARDS[check.__name__] = check
    return check


def code_cells(notebook: NotebookNode) -> Iterator[tuple[str, NotebookNode]]:
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            yield f"cell {number}", cell


def markdown_cells(notebook: NotebookNode) -> Iterator[tuple[str, NotebookNode]]:
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            yield f"cell {number}", cell


def syntax_tree(cell: NotebookNode) -> ast.Module:
    """Parse a code cell; a line that only IPython understands counts as blank."""
    python = [" " if line.lstrip().startswith(("%", "!")) else line for line in cell.source.splitlines()]
    return ast.parse("\n".join(python))


@guard
def every_code_cell_was_run_in_order(notebook: NotebookNode, path: Path) -> Iterator[str]:
    for expected, (name, cell) in enumerate(code_cells(notebook), start=1):
        if cell.execution_count != expected:
            yield f"{name} has the execution count {cell.execution_count}, not {expected}: run `make notebooks`"


@guard
def no_expression_is_silenced_by_a_semicolon(notebook: NotebookNode, path: Path) -> Iterator[str]:
    meaningless = (
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    )
    for name, cell in code_cells(notebook):
        last = ""
        try:
            for token in tokenize.generate_tokens(io.StringIO(cell.source).readline):
                last = last if token.type in meaningless else token.string
        except (tokenize.TokenError, IndentationError):
            last = cell.source.rstrip()[-1:]
        if last == ";":
            yield f"{name} ends in ';', which hides its value in one front end and not in another"


@guard
def no_output_goes_uncompared_without_a_reason(notebook: NotebookNode, path: Path) -> Iterator[str]:
    for name, cell in code_cells(notebook):
        marks = [tag for tag in cell.metadata.get("tags", []) if tag in metadata_tags and tag not in STRICT_TAGS]
        comments = [
            line.strip().lstrip("#").strip() for line in cell.source.splitlines() if line.strip().startswith("#")
        ]
        marks += [
            text for text in comments if text in comment_markers and text.lower().replace("_", "-") not in STRICT_TAGS
        ]
        marks += [mime for output in cell.outputs for mime in PICTURES_NOT_COMPARED if mime in output.get("data", {})]
        if marks and not str(cell.metadata.get("nbval_reason", "")).strip():
            yield f"{name}: {', '.join(marks)} keeps nbval from comparing it; metadata.nbval_reason does not say why"


@guard
def every_explorer_reads_without_a_kernel(notebook: NotebookNode, path: Path) -> Iterator[str]:
    explorers: set[str] = set()
    for name, cell in code_cells(notebook):
        tree = syntax_tree(cell)
        for statement in ast.walk(tree):
            if isinstance(statement, ast.Assign) and makes_explorer(statement.value, explorers):
                explorers.update(target.id for target in statement.targets if isinstance(target, ast.Name))
        if not any(isinstance(last, ast.Expr) and makes_explorer(last.value, explorers) for last in tree.body[-1:]):
            continue
        shown = [output.data for output in cell.outputs if "data" in output]
        if not any("<svg" in str(data.get("image/svg+xml", "")) for data in shown):
            yield f"{name} shows an explorer and has no picture of it (image/svg+xml) for readers without a kernel"
        if not any(is_a_sentence(data.get("text/plain", "")) for data in shown):
            yield f"{name} shows an explorer and has no sentence (text/plain) for readers without a kernel"


def makes_explorer(value: ast.expr, explorers: set[str]) -> bool:
    """Tell whether an expression is an explorer: a call of one of the classes, such a variable, or `display` of one."""
    if isinstance(value, ast.Name):
        return value.id in explorers
    if not isinstance(value, ast.Call):
        return False
    called = value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", "")
    if called == "display":
        return any(makes_explorer(argument, explorers) for argument in value.args)
    return EXPLORER.fullmatch(called) is not None


def is_a_sentence(text: str) -> bool:
    return len(text.split()) >= 3 and not text.startswith("<") and not re.match(r"\w+\(", text)


@guard
def no_cell_ended_in_an_error(notebook: NotebookNode, path: Path) -> Iterator[str]:
    for name, cell in code_cells(notebook):
        for output in cell.outputs:
            if output.output_type == "error":
                yield f"{name} ended in {output.ename}: {output.evalue}"


@guard
def nothing_was_written_to_stderr(notebook: NotebookNode, path: Path) -> Iterator[str]:
    for name, cell in code_cells(notebook):
        for output in cell.outputs:
            if output.output_type == "stream" and output.name == "stderr":
                yield f"{name} wrote to stderr: {output.text.strip()[:80]}"


@guard
def every_cell_has_its_place_in_the_slides(notebook: NotebookNode, path: Path) -> Iterator[str]:
    for number, cell in enumerate(notebook.cells):
        kind = cell.metadata.get("slideshow", {}).get("slide_type")
        if kind not in SLIDE_TYPES:
            yield f"cell {number} has the slide type {kind!r}: accepted are {', '.join(SLIDE_TYPES)}"


@guard
def no_live_widget_is_saved(notebook: NotebookNode, path: Path) -> Iterator[str]:
    if "widgets" in notebook.metadata:
        yield "the state of widgets is saved in the notebook's metadata: run `make notebooks`"
    for name, cell in code_cells(notebook):
        if any(WIDGET_VIEW in output.get("data", {}) for output in cell.outputs):
            yield f"{name} saves a live widget, which a reader without a kernel sees as an error: run `make notebooks`"


@guard
def nothing_of_one_machine_is_in_it(notebook: NotebookNode, path: Path) -> Iterator[str]:
    for number, cell in enumerate(notebook.cells):
        for text in (cell.source, *output_texts(cell)):
            for match in OF_ONE_MACHINE.finditer(text):
                yield f"cell {number} names a place on one machine: {text[match.start() :][:40]!r}"


def output_texts(cell: NotebookNode) -> Iterator[str]:
    for output in cell.get("outputs", []):
        yield str(output.get("text", ""))
        yield from (str(data) for mime, data in output.get("data", {}).items() if mime not in PICTURES_NOT_COMPARED)


@guard
def no_code_needs_the_network(notebook: NotebookNode, path: Path) -> Iterator[str]:
    for name, cell in code_cells(notebook):
        if ADDRESS.search(cell.source):
            yield f"{name} has an address in its code: a lesson needs no network, and links belong in its text"


@guard
def no_code_cell_is_long(notebook: NotebookNode, path: Path) -> Iterator[str]:
    for name, cell in code_cells(notebook):
        lines = sum(bool(line.strip()) for line in cell.source.splitlines())
        if lines > LONGEST_CODE_CELL:
            yield f"{name} has {lines} lines of code: at most {LONGEST_CODE_CELL}"


@guard
def no_machinery_is_defined(notebook: NotebookNode, path: Path) -> Iterator[str]:
    for name, cell in code_cells(notebook):
        for node in ast.walk(syntax_tree(cell)):
            if isinstance(node, ast.ClassDef):
                yield f"{name} defines the class {node.name}: it belongs in course_lib"
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > LONGEST_FUNCTION:
                    yield f"{name} defines {node.name} in {lines} lines; so long a function belongs in course_lib"


@guard
def something_is_to_be_done_every_150_words(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """A prediction, an explorer, a Try this or a Your turn; the slide, folded text, notes and the summary count not."""
    words, start = 0, 0
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            if re.match(r"predict\(", cell.source) or "explorer" in cell.metadata.get("tags", []):
                words, start = 0, number
            continue
        if cell.metadata.get("slideshow", {}).get("slide_type") == "notes":
            continue
        if re.match(r"## Summary", cell.source):
            return
        *parts, last = SOMETHING_TO_DO.split(NOT_READ_ON_THE_WAY.sub(" ", cell.source))
        for part in parts:
            words += len(WORD.findall(part))
            if words > LONGEST_STRETCH:
                yield f"cells {start} to {number} have {words} words with nothing to do: at most {LONGEST_STRETCH}"
            words, start = 0, number
        words += len(WORD.findall(last))
        if words > LONGEST_STRETCH:
            yield f"cells {start} to {number} have {words} words with nothing to do: at most {LONGEST_STRETCH}"
            words, start = 0, number


@guard
def notes_for_the_instructor_are_folded(notebook: NotebookNode, path: Path) -> Iterator[str]:
    for name, cell in markdown_cells(notebook):
        folded = re.fullmatch(
            r"<details><summary>For the instructor</summary>\n\n.+\n\n</details>", cell.source, re.DOTALL
        )
        if (cell.metadata.get("slideshow", {}).get("slide_type") == "notes") != bool(folded):
            yield f"{name}: a note has the slide type 'notes' and is folded under 'For the instructor', no other"


@guard
def every_link_leads_somewhere(notebook: NotebookNode, path: Path) -> Iterator[str]:
    for name, cell in markdown_cells(notebook):
        for target in link_targets(cell.source):
            if target.startswith("attachment:"):
                if target.removeprefix("attachment:") not in cell.get("attachments", {}):
                    yield f"{name} shows {target}, which the cell does not hold"
            elif not re.match(r"[a-z][a-z0-9+.-]*:", target):
                file, _, anchor = target.partition("#")
                there = path.parent / unquote(file) if file else path
                if not there.exists() and file:
                    yield f"{name} links to {file}, which does not exist"
                elif anchor and unquote(anchor) not in anchors(notebook if not file else read_cells(there)):
                    yield f"{name} links to {target}, and no heading there has that anchor"


def link_targets(markdown: str) -> Iterator[str]:
    text = IN_CODE.sub("", markdown)
    yield from (match[3] for match in MARKDOWN_LINK.finditer(text))
    yield from HTML_LINK.findall(text)
    for image in HTML_IMAGE.findall(text):
        yield from re.findall(HTML_ATTRIBUTE.format("src"), image, re.IGNORECASE)


def read_cells(path: Path) -> NotebookNode | None:
    return nbformat.v4.reads(path.read_text(encoding="utf-8")) if path.suffix == ".ipynb" else None


def anchors(notebook: NotebookNode | None) -> set[str]:
    """Return the anchors that JupyterLab gives a notebook's headings: the heading's words joined by hyphens."""
    found: set[str] = set()
    for _, cell in markdown_cells(notebook) if notebook else ():
        for _, heading in HEADING.findall(IN_CODE.sub("", cell.source)):
            found.add(re.sub(r"[*_`]", "", heading).replace(" ", "-"))
    return found


@guard
def every_image_has_a_text_alternative(notebook: NotebookNode, path: Path) -> Iterator[str]:
    for name, cell in markdown_cells(notebook):
        text = IN_CODE.sub("", cell.source)
        for match in MARKDOWN_LINK.finditer(text):
            if match[1] and not match[2].strip():
                yield f"{name} shows {match[3]} without alt text"
        for image in HTML_IMAGE.findall(text):
            if not any(alt.strip() for alt in re.findall(HTML_ATTRIBUTE.format("alt"), image, re.IGNORECASE)):
                yield f"{name} shows {image[:60]} without alt text"


@guard
def headings_go_down_one_level_at_a_time(notebook: NotebookNode, path: Path) -> Iterator[str]:
    """Who hears a page goes by its headings: the first is the title, and none below it skips a level."""
    above = 0
    for name, cell in markdown_cells(notebook):
        for marks, heading in HEADING.findall(IN_CODE.sub("", cell.source)):
            if len(marks) > above + 1:
                yield f"{name}: the heading {heading!r} is of level {len(marks)} below one of level {above}"
            above = len(marks)


@guard
def every_column_of_a_table_has_a_head(notebook: NotebookNode, path: Path) -> Iterator[str]:
    for name, cell in markdown_cells(notebook):
        for columns, head in TABLE_HEAD.findall(IN_CODE.sub("code", cell.source)):
            if not all(words.strip() for words in (columns.split("|") if columns else [head])):
                yield f"{name} has a table with a column without a head: {(columns or head).strip()[:60]!r}"


@guard
def every_link_says_where_it_leads(notebook: NotebookNode, path: Path) -> Iterator[str]:
    for name, cell in markdown_cells(notebook):
        for image, words, target in MARKDOWN_LINK.findall(IN_CODE.sub("code", cell.source)):
            if not image and words.strip(" *_.").lower() in WORDS_OF_NO_PLACE:
                yield f"{name} links to {target} from {words!r}, which read alone does not say where it leads"


def out_of_order(names: Iterable[str]) -> list[str]:
    """Say which names of lessons are not `NN_topic.ipynb` with NN counting up from 00."""
    complaints = []
    for number, name in enumerate(sorted(names)):
        if not re.fullmatch(rf"{number:02d}_[a-z0-9_]+\.ipynb", name):
            complaints.append(f"{name} stands where {number:02d}_<topic>.ipynb should")
    return complaints
