"""Every *Try this*, replayed: each item alone, in order and in reverse, and held against what its explorer says.

A cell's list has its data beside it, in the cell's metadata under `try_this`: one entry an item, with its number, the
slides that it is about, and its steps in order. A step is one of

    {"set": {"preset": "LLaMA 65B", "utilization": 0.48}}   controls by name, as a learner chooses and slides them
    {"type": {"days": "15"}}                                what is typed into a field
    {"press": "Apply the lower bar"}                        a button, or a bit, by its words
    {"says": ["48 %", ["96.9 days", "about 97 days"]]}      what the explorer must say or show now; of a pair, the
                                                            second stands in the cell's answers

An item that no explorer can replay, because it is about the reader's own machine, says why under `not_replayed`.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import ipywidgets as widgets
import nbformat
import pytest
from explorer_parts import texts

from course_lib import catalog, compute_cost, explorers, scaling
from course_lib.explorers.base import Explorer, parts_of

ROOT = Path(__file__).resolve().parent.parent
LESSONS = sorted((ROOT / "notebooks").glob("0[1-9]*.ipynb"))
ITEM = re.compile(r"^(\d+)\. ", re.MULTILINE)
FOLDED = re.compile(r"<details>\s*<summary>Answers?</summary>(.*?)</details>", re.DOTALL)
STEPS = ("set", "type", "press", "says")


class TryThis(NamedTuple):
    """One list: the lesson, the cell's id, the explorer's call above it, its items, its text and its answers."""

    lesson: str
    cell: str
    call: str
    items: list[dict[str, Any]]
    text: str
    answers: str


def lists_of(path: Path) -> Iterator[TryThis]:
    call = ""
    for cell in nbformat.read(path, as_version=4).cells:
        if "explorer" in cell.metadata.get("tags", []):
            call = cell.source
        if cell.cell_type == "markdown" and "**Try this" in cell.source:
            folded = FOLDED.search(cell.source)
            text = cell.source[: folded.start()] if folded else cell.source
            answers = " ".join(folded[1].split()) if folded else ""
            yield TryThis(path.stem, cell.id, call, cell.metadata.get("try_this", []), text, answers)


LISTS = [one for path in LESSONS for one in lists_of(path)]
ITEMS = [(one, item) for one in LISTS for item in one.items if "not_replayed" not in item]


def slides_tried() -> set[str]:
    """Return the slides that some replayed item is about."""
    return {slide for _, item in ITEMS for slide in item["slides"]}


def fresh(call: str) -> Explorer:
    """Return a new explorer, made as the lesson's cell makes it."""
    line = ast.parse(call.strip()).body[-1]
    assert isinstance(line, ast.Expr)
    assert isinstance(line.value, ast.Call)
    assert isinstance(line.value.func, ast.Name)
    arguments = {str(one.arg): ast.literal_eval(one.value) for one in line.value.keywords}
    return getattr(explorers, line.value.func.id)(**arguments)  # type: ignore[no-any-return]


def replay(explorer: Explorer, item: dict[str, Any]) -> list[tuple[str, str]]:
    """Take an item's steps; return what the explorer says, and what it shows, each time the item looks."""
    heard = []
    for step in item["steps"]:
        (kind, what), *more = step.items()
        assert (more, kind in STEPS) == ([], True), f"a step is one of {', '.join(STEPS)}; got {step}"
        if kind == "set":
            explorer.set(**what)
        elif kind == "type":
            for name, text in what.items():
                control = explorer.controls[name]
                getattr(control, "text", control).value = text
        elif kind == "press":
            press(explorer, what)
        else:
            explorer.refresh()
            heard.append((explorer.answer, " | ".join(texts(explorer))))
    return heard


def press(explorer: Explorer, words: str) -> None:
    """Press a button, or flip a bit, by its words."""
    named = [part for part in parts_of(explorer) if words in (getattr(part, "description", ""), part_tooltip(part))]
    (button,) = [part for part in named if isinstance(part, (widgets.Button, widgets.ToggleButton))]
    if isinstance(button, widgets.Button):
        button.click()
    else:
        button.value = not button.value


def part_tooltip(part: Any) -> str:
    return getattr(part, "tooltip", "") or ""


@cache
def alone(one_id: str, number: int) -> tuple[tuple[str, str], ...]:
    (one,) = [one for one in LISTS if one.cell == one_id]
    (item,) = [item for item in one.items if item["item"] == number]
    explorer = fresh(one.call)
    try:
        return tuple(replay(explorer, item))
    finally:
        explorer.close()


@pytest.mark.parametrize("one", LISTS, ids=lambda one: one.cell)
def test_every_item_has_its_data_and_nothing_else_has(one: TryThis) -> None:
    assert [item["item"] for item in one.items] == [int(number) for number in ITEM.findall(one.text)]
    for item in one.items:
        assert set(item) in ({"item", "slides", "steps"}, {"item", "slides", "not_replayed"}), item
        assert re.fullmatch(r"(S\d+ )+", "".join(f"{slide} " for slide in item["slides"]))
        if "steps" in item:
            assert item["steps"][0].keys() != {"says"}, "an item names its whole start"
            assert item["steps"][-1].keys() == {"says"}, "an item ends with what the explorer says"


@pytest.mark.parametrize(("one", "item"), ITEMS, ids=[f"{one.cell}-{item['item']}" for one, item in ITEMS])
def test_an_item_shows_what_its_answer_says(one: TryThis, item: dict[str, Any]) -> None:
    heard = iter(alone(one.cell, item["item"]))
    for step in item["steps"]:
        if "says" in step:
            sentence, shown = next(heard)
            for words in step["says"]:
                said, answered = (words, None) if isinstance(words, str) else words
                assert said in sentence or said in shown, f"{said!r} is in neither {sentence!r} nor {shown!r}"
                assert answered is None or answered in one.answers, f"{answered!r} is not in the answers"


def answered(item: dict[str, Any]) -> Iterable[str]:
    return [words[1] for step in item.get("steps", []) for words in step.get("says", []) if not isinstance(words, str)]


@pytest.mark.parametrize("one", LISTS, ids=lambda one: one.cell)
def test_every_number_of_an_answer_is_one_that_the_explorer_showed(one: TryThis) -> None:
    """What an answer says in numbers is among what some item compares, so that no figure is typed by hand."""
    compared = " ".join(words for item in one.items for words in answered(item))
    free = [
        text for item in one.items if "not_replayed" in item for text in re.findall(r"\d[\d,.]*", item["not_replayed"])
    ]
    numbers = re.findall(
        r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?", re.sub(r"\b(\d+)(?:, \d+)*(?: and \d+)?:", "", one.answers)
    )
    missing = [number for number in numbers if number not in compared and number not in free]
    assert missing == []


@pytest.mark.parametrize("order", ["in order", "in reverse"])
@pytest.mark.parametrize("one", LISTS, ids=lambda one: one.cell)
def test_no_item_rests_on_what_another_left_over(one: TryThis, order: str) -> None:
    items = [item for item in one.items if "steps" in item]
    explorer = fresh(one.call)
    for item in items if order == "in order" else reversed(items):
        assert replay(explorer, item) == list(alone(one.cell, item["item"])), f"item {item['item']}"
    explorer.close()


def disturb(explorer: Explorer) -> None:
    """Move every control elsewhere, as a reader does who has played before."""
    for control in explorer.controls.values():
        before = control.value
        if getattr(control, "options", None):
            values = [option[1] if isinstance(option, tuple) else option for option in control.options]
            control.value = next((value for value in reversed(values) if value != before), before)
        elif isinstance(before, bool):
            control.value = not before
        elif isinstance(before, (int, float)) and control.has_trait("max"):
            control.value = control.max if before != control.max else control.min
        elif isinstance(before, (int, float)):
            control.value = 2 * before


@pytest.mark.parametrize(("one", "item"), ITEMS, ids=[f"{one.cell}-{item['item']}" for one, item in ITEMS])
def test_an_item_starts_anew_whatever_was_played_before(one: TryThis, item: dict[str, Any]) -> None:
    explorer = fresh(one.call)
    disturb(explorer)
    heard = iter(replay(explorer, item))
    explorer.close()
    for step in item["steps"]:
        if "says" in step:
            sentence, shown = next(heard)
            said = [words if isinstance(words, str) else words[0] for words in step["says"]]
            assert [words for words in said if words not in sentence and words not in shown] == []


def what_a_tenth_of_a_nat_costs() -> list[str]:
    """Return in words the compute, in times of Chinchilla's, and how far the perplexity falls."""
    fit, flop = scaling.BESIROGLU_2024, 5.76e23
    best = fit.loss(*fit.optimal(flop))
    times = compute_cost.training_flop(*fit.cheapest_for_loss(best - 0.1)) / flop
    return [f"{times:.0f} times as much", f"{100 * (1 - math.exp(-0.1)):.1f} % lower"]


GPT_3 = catalog.training_run("GPT-3 175B")
WORKED_OUT = {
    ("01_compute_cost", "compute-48"): [f"{compute_cost.forward_flop(4096 * 11008, 2048):.2e}".replace("+", "")],
    ("03_scaling", "scaling-03"): [f"{GPT_3.tokens / GPT_3.parameters:.1f} tokens a parameter"],
    ("03_scaling", "scaling-46"): [rf"\approx {math.log(4):.2f}$ nats", f"{math.log2(4):.0f} bits"],
    ("03_scaling", "scaling-16"): [rf"= {1e12**0.0049:.2f}$", f"{100 * (1e12**0.0049 - 1):.0f} %"],
    ("03_scaling", "scaling-52"): what_a_tenth_of_a_nat_costs(),
}


@pytest.mark.parametrize("place", WORKED_OUT, ids=lambda place: place[1])
def test_what_a_reader_works_out_by_hand_is_what_the_folded_answer_says(place: tuple[str, str]) -> None:
    cells = nbformat.read(ROOT / "notebooks" / f"{place[0]}.ipynb", as_version=4).cells
    (source,) = [cell.source for cell in cells if cell.id == place[1]]
    folded = FOLDED.search(source)
    assert folded is not None
    assert [words for words in WORKED_OUT[place] if words not in folded[1]] == []
