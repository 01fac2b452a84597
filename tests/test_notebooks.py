"""The lessons keep what a reader relies on and nbval does not look at; and each guard refuses what it is there for."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from classroom.notebooks import serialise, tag_answers, tidy
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbval.plugin import get_sanitize_patterns
from notebook_guards import EXPLORER, GUARDS, OF_ONE_MACHINE, SLIDE_FRAME, out_of_order

ROOT = Path(__file__).resolve().parent.parent
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def read(path: Path) -> NotebookNode:
    return nbformat.v4.reads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
@pytest.mark.parametrize("guard", GUARDS)
def test_lesson(guard: str, lesson: Path) -> None:
    complaints = list(GUARDS[guard](read(lesson), lesson))
    assert not complaints, "\n".join([lesson.name, *complaints])


def test_lessons_are_numbered_in_order() -> None:
    assert not out_of_order(path.name for path in LESSONS)


@pytest.mark.parametrize(
    "names",
    [
        ["01_units.ipynb"],
        ["00_start.ipynb", "02_units.ipynb"],
        ["00_start.ipynb", "00_units.ipynb"],
        ["00_start.ipynb", "Untitled.ipynb"],
        ["00_Start Here.ipynb"],
    ],
)
def test_names_out_of_order_are_refused(names: list[str]) -> None:
    assert out_of_order(names)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_lesson_is_saved_as_make_notebooks_saves_it(lesson: Path) -> None:
    saved = lesson.read_bytes().replace(b"\r\n", b"\n")
    assert saved == serialise(tag_answers(tidy(read(lesson)))), "run `make notebooks`"


# What a guard must let pass: one notebook with a little of everything.


def good_notebook() -> NotebookNode:
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><text>7 B</text></svg>'
    shown = {"image/svg+xml": svg, "text/plain": "7 B parameters on 1 T tokens: 4.2e22 FLOP."}
    text = "# A lesson\n\n[paper](https://example.org/1) [up](#A-lesson) [beside](beside.ipynb) ![a curve](curve.png)\n"
    text += "\n## S1\n\n| `x` | unit |\n|---|---|\n| | m |\n\n"
    text += 'and `[no](link)`, <a href="mailto:a@example.org">write</a> <img src="curve.png" alt="a curve">'
    cells = [
        new_markdown_cell(text),
        new_code_cell(
            "from course_lib.explorers import UnitConverter\n\nP, D = 7e9, 1e12\nprint(P * D); C = 6 * P * D"
        ),
        new_code_cell("def forward(P, D):\n    return 2 * P * D\n\n\nforward(P, D)"),
        new_code_cell("converter = UnitConverter()\nconverter", outputs=[result(shown)]),
        new_code_cell("# NBVAL_IGNORE_OUTPUT\nprint('0.1 s')", metadata={"nbval_reason": "a time differs each time"}),
        new_code_cell("%config InlineBackend.figure_formats = ['svg']"),
    ]
    cells[1].outputs = [new_output("stream", name="stdout", text="7e21\n")]
    for count, cell in enumerate(cells[1:], start=1):
        cell.execution_count = count
    for cell in cells:
        cell.metadata["slideshow"] = {"slide_type": "slide"}
    return new_notebook(cells=cells)


def result(data: dict[str, str]) -> NotebookNode:
    return new_output("execute_result", data=data, execution_count=3)


@pytest.fixture
def lesson_path(tmp_path: Path) -> Path:
    for name in ("beside.ipynb", "curve.png"):
        (tmp_path / name).touch()
    return tmp_path / "00_lesson.ipynb"


@pytest.mark.parametrize("guard", GUARDS)
def test_guard_lets_a_good_notebook_pass(guard: str, lesson_path: Path) -> None:
    assert list(GUARDS[guard](good_notebook(), lesson_path)) == []


# What each guard must refuse: the good notebook with one thing spoilt.

BAD: list[tuple[str, Callable[[NotebookNode], object]]] = []


def refused_by(guard: str) -> Callable[[Callable[[NotebookNode], object]], Callable[[NotebookNode], object]]:
    def register(spoil: Callable[[NotebookNode], object]) -> Callable[[NotebookNode], object]:
        BAD.append((guard, spoil))
        return spoil

    return register


def spoil_source(guard: str, *sources: str, cell: int = 1) -> None:
    for source in sources:
        BAD.append((guard, lambda notebook, source=source: notebook.cells[cell].update(source=source)))


def spoil_output(guard: str, *outputs: NotebookNode, cell: int = 1) -> None:
    for output in outputs:
        BAD.append((guard, lambda notebook, output=output: notebook.cells[cell].update(outputs=[output])))


@refused_by("every_code_cell_was_run_in_order")
def cleared(notebook: NotebookNode) -> None:
    notebook.cells[2].update(execution_count=None, outputs=[])


@refused_by("every_code_cell_was_run_in_order")
def run_twice(notebook: NotebookNode) -> None:
    notebook.cells[-1].execution_count = 17


spoil_source(
    "no_expression_is_silenced_by_a_semicolon", "1 + 1;", "1 + 1;  # quiet", "1 + 1 ; \n\n# quiet\n", "f(\n 1);"
)


@refused_by("no_output_goes_uncompared_without_a_reason")
def no_reason(notebook: NotebookNode) -> None:
    del notebook.cells[4].metadata["nbval_reason"]


@refused_by("no_output_goes_uncompared_without_a_reason")
def blank_reason(notebook: NotebookNode) -> None:
    notebook.cells[4].metadata["nbval_reason"] = "  "


for tag in ("nbval-ignore-output", "nbval-skip", "raises-exception", "nbval-raises-exception"):
    BAD.append(
        ("no_output_goes_uncompared_without_a_reason", lambda nb, tag=tag: nb.cells[1].metadata.update(tags=["x", tag]))
    )
spoil_source("no_output_goes_uncompared_without_a_reason", "#NBVAL_SKIP\n1", "1\n  # NBVAL_RAISES_EXCEPTION")
spoil_output("no_output_goes_uncompared_without_a_reason", result({"image/png": "iVBO", "text/plain": "a figure"}))

SENTENCE = {"text/plain": "7 B parameters on 1 T tokens."}
PICTURE = {"image/svg+xml": "<svg></svg>"}
spoil_output(
    "every_explorer_reads_without_a_kernel",
    result(SENTENCE),
    result(PICTURE),
    result(SENTENCE | {"image/svg+xml": ""}),
    result(PICTURE | {"text/plain": "UnitConverter(children=(Text(value='1 A b c'),))"}),
    result(PICTURE | {"text/plain": "<course_lib.explorers.UnitConverter object at 0x7f>"}),
    new_output("stream", name="stdout", text="7 B parameters on 1 T tokens."),
    cell=3,
)
spoil_source(
    "every_explorer_reads_without_a_kernel",
    "ComputeCostExplorer(parameters=7e9)",
    "explorers.FloatDecoder()",
    "plan = TrainingRunPlanner()\ndisplay(plan)",
)

spoil_output("no_cell_ended_in_an_error", new_output("error", ename="ValueError", evalue="no", traceback=[]))
spoil_output("nothing_was_written_to_stderr", new_output("stream", name="stderr", text="a warning"))


@refused_by("every_cell_has_its_place_in_the_slides")
def no_slide(notebook: NotebookNode) -> None:
    del notebook.cells[0].metadata["slideshow"]


@refused_by("every_cell_has_its_place_in_the_slides")
def misspelt_slide(notebook: NotebookNode) -> None:
    notebook.cells[1].metadata["slideshow"]["slide_type"] = "sub-slide"


@refused_by("no_live_widget_is_saved")
def widget_state(notebook: NotebookNode) -> None:
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {}}


@refused_by("no_live_widget_is_saved")
def widget_view(notebook: NotebookNode) -> None:
    notebook.cells[3].outputs[0].data["application/vnd.jupyter.widget-view+json"] = {"model_id": "1a2b"}


ONE_MACHINE = "nothing_of_one_machine_is_in_it"
PLACES = ("/home/ada/course", "C:\\Users\\ada", "file:///srv/x", "http://localhost:8888/lab", "127.0.0.1:8888")
spoil_source(ONE_MACHINE, *(f"open({place!r})" for place in PLACES))
spoil_source(ONE_MACHINE, "See /Users/ada/notes.txt.", "See C:\\Users\\ada.", cell=0)
spoil_output(
    ONE_MACHINE,
    new_output("stream", name="stdout", text="saved to /tmp/plot.svg"),
    result({"text/html": "<a href='/root/x'>x</a>", "text/plain": "x"}),
    result({"image/svg+xml": "<svg><image href='/home/ada/x.png'/></svg>", "text/plain": "x"}),
)

spoil_source("no_code_needs_the_network", "pandas.read_csv('https://example.org/runs.csv')")
spoil_source("no_code_cell_is_long", "\n\n".join(f"a{line} = {line}" for line in range(9)))
spoil_source(
    "no_machinery_is_defined",
    "class Model:\n    pass",
    "def f(x):\n" + "    x += 1\n" * 5 + "    return x",
    "async def f(x):\n" + "    x += 1\n" * 5 + "    return x",
    "if True:\n    class Model: pass",
)
spoil_source(
    "something_is_to_be_done_every_150_words",
    "word " * 151,
    "word " * 100 + "**Try this.** " + "word " * 151,
    "word " * 151 + "**Your turn.** word",
    "**Predict** " + "word " * 150,
    cell=0,
)


@refused_by("something_is_to_be_done_every_150_words")
def long_before_an_explorer(notebook: NotebookNode) -> None:
    notebook.cells.insert(1, new_markdown_cell("word " * 148, metadata={"slideshow": {"slide_type": "slide"}}))


@refused_by("notes_for_the_instructor_are_folded")
def open_note(notebook: NotebookNode) -> None:
    notebook.cells.append(new_markdown_cell("> Ask.", metadata={"slideshow": {"slide_type": "notes"}}))


@refused_by("notes_for_the_instructor_are_folded")
def note_on_a_slide(notebook: NotebookNode) -> None:
    notebook.cells[0].source = "<details><summary>For the instructor</summary>\n\nAsk.\n\n</details>"


spoil_source(
    "every_link_leads_somewhere",
    "[next](01_missing.ipynb)",
    "[next](<01_missing.ipynb> 'title')",
    "[there](#No-such-heading)",
    "[there](beside.txt#Heading)",
    "![a curve](missing.png)",
    "![a curve](attachment:curve.png)",
    '<a href="missing.html">x</a>',
    '<img alt="a curve" src="missing.png">',
    cell=0,
)
spoil_source(
    "every_image_has_a_text_alternative",
    "![](curve.png)",
    "![ ](curve.png)",
    '<img src="curve.png">',
    '<img src="curve.png" alt="">',
    cell=0,
)
spoil_source(
    "headings_go_down_one_level_at_a_time",
    "## No title",
    "# A lesson\n\n### Too deep",
    "# A lesson\n\n## S1\n\ntext\n\n#### Too deep",
    cell=0,
)
spoil_source(
    "every_column_of_a_table_has_a_head",
    "| | |\n|---|---|\n| a | b |",
    "text\n\n| what | |\n|:--|--:|\n| a | b |",
    "<table><tr><th>a</th><th></th></tr></table>",
    cell=0,
)
spoil_source(
    "every_link_says_where_it_leads",
    "[here](beside.ipynb)",
    "see [**this**](https://example.org/1)",
    "[ ](#A-lesson)",
    cell=0,
)


@pytest.mark.parametrize(("guard", "spoil"), BAD, ids=[f"{guard}-{number}" for number, (guard, _) in enumerate(BAD)])
def test_guard_refuses_a_bad_notebook(guard: str, spoil: Callable[[NotebookNode], object], lesson_path: Path) -> None:
    notebook = good_notebook()
    spoil(notebook)
    assert list(GUARDS[guard](notebook, lesson_path))


def test_every_guard_is_shown_a_bad_notebook() -> None:
    assert {guard for guard, _ in BAD} == set(GUARDS)


def test_every_explorer_class_is_recognised_as_one() -> None:
    source = (ROOT / "course_lib" / "explorers" / "__init__.py").read_text(encoding="utf-8")
    exported = set(re.findall(r"\b[A-Z]\w*(?:Explorer|Converter|Decoder|Planner)\b", source)) - {"Explorer"}
    assert exported
    assert all(EXPLORER.fullmatch(name) for name in exported)


def test_a_fraction_or_a_ratio_is_not_taken_for_a_path() -> None:
    for text in ("312 TFLOP/s", "bytes/parameter", "and/or", "D/P", "https://example.org/home/page", "1/root"):
        assert not OF_ONE_MACHINE.search(text), text


@pytest.mark.parametrize(
    ("text", "sanitised"),
    [
        ("<function forward at 0x7f3c2a>", "<function forward at 0xADDRESS>"),
        ("Python 3.11.7", "Python 3"),
        ("Python 3.14.0rc2", "Python 3"),
        ("0x40490FDB = 3.1415927410125732", None),
        ("the pattern at 0x4248 is 3.140625", None),
        ("4.2e22 FLOP = 486 PFLOP-days, 39 days on 128 A100 at 40 %", None),
        ("Python 3.11 or newer", None),
    ],
)
def test_only_what_differs_between_machines_is_left_out_of_the_comparison(text: str, sanitised: str | None) -> None:
    patterns = get_sanitize_patterns((ROOT / "tests" / "nbval_sanitize.cfg").read_text(encoding="utf-8"))
    result = text
    for pattern, replacement in patterns:
        result = re.sub(pattern, replacement, result)
    assert result == (text if sanitised is None else sanitised)


# Citations

NAMED = re.compile(
    r"((?:[A-Z][\w-]+|Llama Team|Compute Project)(?: et al\.|(?:, [A-Z]\w+)* and [A-Z]\w+)?,? \d{4}[a-z]?)"
    r"(?:, \*[^*]+\*)?,? arXiv:(\d{4}\.\d{5})"
)
YEAR_OF_TWO = re.compile(r"\d{4}[a-z]$")


def words_of_the_course() -> dict[str, str]:
    """Return by file all that cites: lessons, exercises, the catalog and the library."""
    books = [*sorted((ROOT / "notebooks").glob("*.ipynb")), *sorted((ROOT / "exercises").rglob("*.ipynb"))]
    words = {path.relative_to(ROOT).as_posix(): " ".join(cell.source for cell in read(path).cells) for path in books}
    library = [*(ROOT / "course_lib").rglob("*.py"), *(ROOT / "course_lib" / "data").glob("*.csv")]
    words |= {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in library}
    return {name: " ".join(text.split()) for name, text in words.items()}


def test_a_source_has_one_name_and_year_and_no_other_source_has_the_same() -> None:
    words = words_of_the_course()
    pairs = {pair for text in words.values() for pair in NAMED.findall(text)}
    assert len(pairs) > 20
    names, sources = [name for name, _ in pairs], [source for _, source in pairs]
    assert sorted(pair for pair in pairs if names.count(pair[0]) > 1 or sources.count(pair[1]) > 1) == []
    lettered = {name[:-1] for name in names if YEAR_OF_TWO.search(name)}
    bare = [(file, name) for file, text in words.items() for name in lettered if re.search(rf"{name}\b", text)]
    assert bare == [], "two sources share this name and year: say which"


# Time

WORDS_A_MINUTE = 37
"""Four lessons, read with all that was to be done in them, took 215 minutes for 7,927 words."""
TIME = re.compile(r"\*Time:\* (\d+) minutes, and (\d+) more for every \*Try this\* and \*Your turn\*")


def words_to_read(lesson: NotebookNode) -> int:
    """Count the words of a lesson and its predictions; the slides, the notes and the sources are not read like that."""
    texts = [str(cell.outputs[0].data["text/plain"]) for cell in lesson.cells if cell.source.startswith("predict(")]
    for cell in lesson.cells:
        if cell.cell_type == "markdown" and cell.metadata.slideshow.slide_type != "notes":
            without_slide = re.sub(SLIDE_FRAME, "", cell.source, flags=re.DOTALL)
            texts.append(re.sub(r"<[^>]+>", "", without_slide.partition("**Sources:**")[0]))
    return sum(len(re.findall(r"[A-Za-z0-9$]\S*", text)) for text in texts)


@pytest.mark.parametrize("lesson", LESSONS[1:], ids=lambda path: path.stem)
def test_a_lesson_says_how_long_it_takes(lesson: Path) -> None:
    said = TIME.search(read(lesson).cells[0].source)
    assert said is not None
    assert int(said[1]) + int(said[2]) == pytest.approx(words_to_read(read(lesson)) / WORDS_A_MINUTE, rel=0.1)
