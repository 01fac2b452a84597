"""The teaching plans: the minutes add up, each section and control they name exists, and what they promise is seen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import nbformat
import pytest
from classroom import client, isolation, kernel, patience
from classroom.editions import Edition

from course_lib import explorers

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "INSTRUCTORS.md").read_text(encoding="utf-8")
LINK = re.compile(r"\[([^]]+)\]\((notebooks/\d\d_\w+\.ipynb)\)")
ROW = re.compile(r"^\| (\d+) \| (.+?) \|(.*)\|$", re.MULTILINE)
SLIDES = {f"S{number}" for number in range(1, 15)}
SINCE = "notebooks/08_since_the_lecture.ipynb"


def part(heading: str, text: str = TEXT) -> str:
    """Return what stands under a heading, up to the next one of the same or a higher level."""
    level = heading.index(" ")
    _, found, after = text.partition(f"\n{heading}")
    assert found, f"INSTRUCTORS.md has no heading {heading!r}"
    return re.split(rf"^#{{1,{level}}} ", after, maxsplit=1, flags=re.MULTILINE)[0]


NINETY = part("## One lecture of 90 minutes")
FOUR = part("## Four lectures of 45 minutes")
LECTURES = re.split(r"^### ", FOUR, flags=re.MULTILINE)[1:]
SECTIONS = re.split(r"^### ", part("## Section by section"), flags=re.MULTILINE)[1:]


def title(section: str) -> str:
    return section.partition("\n")[0].partition(":")[0]


@cache
def notebook(path: str) -> Any:
    return nbformat.read(ROOT / path, as_version=4)


@cache
def headings(path: str) -> set[str]:
    cells = [cell.source for cell in notebook(path).cells if cell.cell_type == "markdown"]
    return set(re.findall(r"^#+ (.+)$", "\n".join(cells), re.MULTILINE))


@pytest.mark.parametrize("plan", [(90, NINETY), *((45, lecture) for lecture in LECTURES)], ids=lambda plan: plan[0])
def test_the_minutes_of_a_lecture_add_up(plan: tuple[int, str]) -> None:
    whole, text = plan
    minutes = [int(row[0]) for row in ROW.findall(text)]
    assert min(minutes) > 0
    assert sum(minutes) == whole


def test_there_are_four_short_lectures() -> None:
    assert len(LECTURES) == 4


@pytest.mark.parametrize(("plan", "left_out"), [(NINETY, {SINCE}), (FOUR, set())], ids=["90 minutes", "4 x 45 minutes"])
def test_a_plan_teaches_every_slide_and_every_lesson(plan: str, left_out: set[str]) -> None:
    links = LINK.findall(plan)
    assert {slide for heading, _ in links for slide in re.findall(r"^S\d+", heading)} == SLIDES
    lessons = {f"notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert {path for _, path in links} == lessons - left_out


@pytest.mark.parametrize("link", sorted(set(LINK.findall(NINETY + FOUR))), ids=lambda link: link[0])
def test_a_section_of_a_plan_is_a_heading_of_its_lesson(link: tuple[str, str]) -> None:
    heading, path = link
    assert heading in headings(path)


def test_every_part_of_a_plan_but_its_end_names_its_sections() -> None:
    for text in (NINETY, *LECTURES):
        *rows, _ = ROW.findall(text)
        assert [row for row in rows[1:] if not LINK.search(row[2])] == []


def widgets_of(widget: widgets.Widget) -> Iterator[widgets.Widget]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from widgets_of(child)


@cache
def words_of(name: str) -> set[str]:
    """Return the labels and the options that a user of the explorer sees."""
    explorer = getattr(explorers, name)()
    words: set[str] = set()
    for widget in widgets_of(explorer):
        words.add(getattr(widget, "description", ""))
        words.update(getattr(widget, "_options_labels", ()))
    explorer.close()
    return words


@pytest.mark.parametrize("section", SECTIONS, ids=title)
def test_what_a_section_shows_is_there_to_be_shown(section: str) -> None:
    (path,) = re.findall(r"\((notebooks/\w+\.ipynb)\)", section.partition("\n")[0])
    shown = [line for line in section.splitlines() if line.startswith("| ") and not line.startswith("| show")]
    (name,) = set(re.findall(r"`(\w*Explorer|UnitConverter|FloatDecoder|TrainingRunPlanner)`", "\n".join(shown)))
    assert any(f"{name}(" in cell.source for cell in notebook(path).cells if cell.cell_type == "code")
    named = {word for line in shown for word in re.findall(r"\*([^*]+)\*", line.split(" | ")[0])}
    assert named - words_of(name) == set()


def test_every_section_has_questions_with_what_people_answer() -> None:
    for section in SECTIONS:
        questions = re.findall(r"^- \*\*\".+?\?\"\*\* (.+?)(?=^- |^Leave|\Z)", section, re.MULTILINE | re.DOTALL)
        assert 1 <= len(questions) <= 3, title(section)
        assert all(len(answer.split()) >= 8 for answer in questions), title(section)


SEEN = [
    ("ComputeCostExplorer", {"preset": "Llama 2 7B", "utilization": 0.2}, ["117 days"], ["117"]),
    (
        "ComputeCostExplorer",
        {"parameters": 7e9, "tokens": 1e12, "num_accelerators": 256, "utilization": 0.4},
        ["15.2 days", "Accelerator-hours: 93,500"],
        ["15.2", "93,500 accelerator-hours"],
    ),
    ("ComputeCostExplorer", {"preset": "LLaMA 65B", "utilization": 0.4}, ["1.19 times"], ["1.19"]),
    ("ComputeCostExplorer", {"preset": "LLaMA 65B", "utilization": 0.48}, ["0.994 times"], ["0.994 times"]),
    ("ComputeCostExplorer", {"preset": "BLOOM 176B", "utilization": 0.48}, ["0.66 times"], ["0.66 times"]),
    ("ComputeCostExplorer", {"preset": "BLOOM 176B", "utilization": 0.36}, ["0.88 times"], ["to 0.88"]),
    ("UnitConverter", {"preset": "GPT-3 175B", "accelerator": "T4"}, ["3,360,000 T4-hours"], ["3,360,000"]),
    ("UnitConverter", {"preset": "GPT-3 175B", "accelerator": "MI300X"}, ["167,000 MI300X-hours"], ["167,000"]),
    ("UnitConverter", {"quantity": "312 TFLOPS"}, ["can be read in two ways"], ["can be read in two ways"]),
    ("UnitConverter", {"quantity": "312 TFLOP/s"}, ["is a rate, not a cost"], ["is a rate, not a cost"]),
    (
        "ScalingExplorer",
        {"tokens_per_parameter": 100},
        ["0.007 nats a token", "Yours costs to use: 0.49 times"],
        ["0.007 nats a token", "use at half the price"],
    ),
    ("ScalingExplorer", {"flop": 1e19}, ["1.2 times apart"], ["from 1.2"]),
    ("ScalingExplorer", {"flop": 1e26}, ["3.1 times apart"], ["to 3.1 times"]),
    (
        "ScalingExplorer",
        {"preset": "Llama 2 7B"},
        ["Yours costs to train: 1.9 times", "Yours costs to use: 0.35 times"],
        ["1.9 times the training", "0.35 times its use"],
    ),
    (
        "MemoryExplorer",
        {"model": "Llama 2 7B", "recompute": "selective"},
        ["43.4 GB more than there is"],
        ["43.4 GB more than there is"],
    ),
    ("MemoryExplorer", {"model": "Llama 2 7B", "recompute": "full"}, ["26.8 GB more than there is"], ["26.8 GB more"]),
    (
        "MemoryExplorer",
        {"model": "Llama 2 7B", "recompute": "full", "optimizer": "adamw-8bit"},
        ["and fits, 13.7 GB to spare"],
        ["it fits, 13.7 GB to spare"],
    ),
    ("FloatDecoder", {"format": "fp16"}, ["is 3.140625", "One step: 0.00195"], ["3.140625 in both", "0.00195"]),
    ("FloatDecoder", {"format": "bf16"}, ["is 3.140625", "One step: 0.0156"], ["0.0156 in bf16"]),
    ("FloatDecoder", {"preset": "slide S7: pi in fp32"}, ["significand has 24 digits"], ["significand has 24 digits"]),
    (
        "FloatDecoder",
        {"format": "fp16", "preset": "largest"},
        ["is 65504", "Next larger: infinity"],
        ["65504, then infinity"],
    ),
    ("FloatDecoder", {"format": "fp16", "preset": "smallest subnormal"}, ["2^(1 - 15) × 0."], ["exponent 1 - 15"]),
    (
        "FloatDecoder",
        {"format": "bf16", "value": "257"},
        ["is 256", "One step: 2"],
        ["256: the step there is 2"],
    ),
    ("QuantizationExplorer", {"data": "ReLU-like"}, ["better by 5.8 dB"], ["5.8 dB apart"]),
    ("QuantizationExplorer", {}, ["absmax: RMSE 0.00825, SQNR 41.7 dB"], ["41.7"]),
    ("QuantizationExplorer", {"outlier": 100}, ["absmax: RMSE 0.779, SQNR 17.5 dB"], ["17.5 dB"]),
    ("QuantizationExplorer", {"outlier": 100, "scale_per": "row"}, ["SQNR 35.8 dB"], ["back to 35.8 dB"]),
    ("TrainingRunPlanner", {"data_tokens": 1.5e12, "serve_on": "L40S"}, ["19.2 B parameters"], ["19.2 B"]),
    ("TrainingRunPlanner", {"data_tokens": 1.5e12, "serve_on": "L40S", "days": 15}, ["1.14 T tokens"], ["1.14 T"]),
    (
        "TrainingRunPlanner",
        {"data_tokens": 1.5e12, "serve_on": "L40S", "serve_precision": "int8"},
        ["38.4 B parameters on 1.12 T tokens", "No rule is broken"],
        ["38.4 B on 1.12 T", "no rule is broken"],
    ),
    ("BlockExplorer", {}, ["4.25 bits"], ["at 4.25 bits a value"]),
    (
        "BlockExplorer",
        {"column": 4, "flip": 1},
        ["each of 32 values is 0.5 times"],
        ["each of 32 values is half of what it was"],
    ),
    (
        "BlockExplorer",
        {"data": "with outliers"},
        ["SQNR of the tensor: 16.4 dB", "in int8: 23.8 dB"],
        ["MXFP4 keeps 16.4 dB", "one scale 23.8 dB"],
    ),
    (
        "BlockExplorer",
        {"data": "with outliers", "format": "NVFP4"},
        ["SQNR of the tensor: 24.1 dB"],
        ["24.1 dB with 4.5 bits"],
    ),
]


@pytest.mark.parametrize(("name", "moved", "seen", "written"), SEEN, ids=lambda value: str(value)[:40])
def test_what_is_promised_is_what_the_explorer_says(
    name: str, moved: dict[str, Any], seen: list[str], written: list[str]
) -> None:
    explorer = getattr(explorers, name)(**moved)
    assert [text for text in seen if text not in explorer.answer] == []
    flat = " ".join(TEXT.split())
    assert [text for text in written if text not in flat] == []
    explorer.close()


def test_each_command_is_a_target_and_each_file_is_there() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"\bmake (present|handout|[a-z]+)(?= LESSON|`)", TEXT)) <= set(targets)
    for path in re.findall(r"\b((?:tools|notebooks)/\w+\.(?:py|ipynb))\b", TEXT):
        assert (ROOT / path).exists(), path


MARKING = part("## Mark a class")


def test_the_commands_of_a_class_are_those_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target, variables in re.findall(r"\bmake (?:-C \S+ )?(release|mark)((?: [A-Z]+=)?)", MARKING):
        assert re.search(rf"^{target}: .*{variables.strip()}", makefile, re.MULTILINE), target
    for variable in re.findall(r"`([A-Z]+)=", MARKING):
        assert f"$({variable})" in makefile


def test_what_a_submission_may_take_is_what_the_marking_allows() -> None:
    flat = " ".join(MARKING.split())
    assert f"A cell gets {isolation.CELL_SECONDS:g} seconds, a submission {isolation.SECONDS:g}, and" in flat
    assert patience.IDLE_FACTOR == 3
    assert "a cell that sleeps gets three times as many" in flat
    assert f"and {kernel.MEMORY / 2**30:g} GiB of memory" in flat
    assert f"{client.MOST_SHOWN:,} characters are kept" in flat


def test_what_the_table_of_points_may_say_is_said_by_the_marking() -> None:
    sources = "".join(
        path.read_text(encoding="utf-8")
        for path in [*(ROOT / "tools" / "classroom").glob("*.py"), ROOT / "tools/mark.py"]
    )
    cells = re.findall(r"^\| (`.+?`) \|", part("### Mark", MARKING), re.MULTILINE)
    said = [words for cell in cells for words in re.findall(r"`(?:[\d.]+: )?([^`]+)`", cell)]
    assert len(said) == 12
    stems = {re.sub(r"mixture_needs|10 s|^tried to ", "", words).strip() for words in said}
    assert [stem for stem in stems if stem not in sources] == []


def test_every_file_of_an_edition_that_is_named_is_made(tmp_path: Path) -> None:
    edition = Edition(7, tmp_path / "edition_7")
    named = re.findall(r"^\| `([\w.]+)(/?)`", part("### Release", MARKING), re.MULTILINE)
    made = {
        edition.path(step, "04_memory", "ann").relative_to(edition.folder).parts[0]
        for step in ("release", "feedback", "source", "autograded")
    }
    made |= {edition.solutions("04_memory").relative_to(edition.folder).parts[0], Path(edition.database).name}
    assert {name for name, _ in named} <= made | {"marks_04_memory.csv"}


def test_the_readme_leads_here() -> None:
    assert "(INSTRUCTORS.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
