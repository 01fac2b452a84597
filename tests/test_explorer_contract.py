"""What holds for every explorer, whatever it is about: controls, view and picture, and how they stay in step."""

from __future__ import annotations

import ast
import dataclasses
import random
import subprocess
import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import nbformat
import numpy as np
import pytest
from explorer_parts import misplaced, movable, move_at_random, out_of_step, text_boxes, without_salt
from ipywidgets.widgets.widget import _instances as widget_registry
from thorough import some_of

from course_lib import explorers
from course_lib.explorers.base import Explorer, parts_of
from course_lib.explorers.picture import GREYS, PALETTE, SMALL, captioned_svg, in_words

ROOT = Path(__file__).resolve().parent.parent
KINDS = [getattr(explorers, name) for name in explorers.__all__]
WALKS = [150, pytest.param(500, marks=pytest.mark.thorough)]
"""How many steps an explorer walks at random."""
PLACES = (1000, 660, 470, 330, 230)
"""How many pixels a page may leave for a picture: a desk, a side bar beside the lesson, zoomed in, a phone."""
MOST_WORDS, MOST_IN_SIGHT = 20, 10

every_explorer = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


@pytest.fixture
def explorer(kind: type[Explorer]) -> Iterator[Explorer]:
    made = kind()
    yield made
    made.close()


def option_values(control: Any) -> list[Any]:
    """Return what a drop-down list offers, by value."""
    return [option[1] if isinstance(option, tuple) else option for option in getattr(control, "options", ())]


def begin_and_set(explorer: Explorer, initial: dict[str, Any], name: str, value: Any) -> None:
    """Set one control of an explorer that stands as it begins, and draw once."""
    with explorer.hold():
        explorer.put(**initial)
        explorer.put(**{name: value})


# Controls


@every_explorer
def test_every_part_that_can_be_moved_has_a_name_and_a_keyboard_way(explorer: Explorer) -> None:
    for part in movable(explorer):
        assert part.description or part.tooltip, f"a {type(part).__name__} without a name"
    named = [(part.description, part.tooltip) for part in movable(explorer)]
    assert len(set(named)) == len(named), "two parts have one name"
    told = (widgets.HTML, widgets.Box)  # they show, and take no key
    for part in parts_of(explorer):
        if isinstance(part, widgets.DOMWidget) and part not in movable(explorer) and part.layout.display != "none":
            assert isinstance(part, told) or part.disabled, f"no key moves a {type(part).__name__}"


@every_explorer
def test_every_option_is_accepted_by_the_view(explorer: Explorer) -> None:
    initial = explorer.values()
    for name, control in explorer.controls.items():
        for value in option_values(control):
            begin_and_set(explorer, initial, name, value)
            assert explorer.values()[name] == value or explorer.stale, f"{name} does not keep {value!r}"


@every_explorer
def test_controls_stand_in_named_groups_each_once_and_few_in_sight(kind: type[Explorer], explorer: Explorer) -> None:
    named = [name for names in kind.groups.values() for name in names]
    assert sorted(named) == sorted([*explorer.controls, *explorer.buttons])
    assert all(kind.groups), "a group without a title"
    assert set(kind.folded) < set(kind.groups)
    shown = [name for title, names in kind.groups.items() if title not in kind.folded for name in names]
    assert len([name for name in shown if name in explorer.controls]) <= MOST_IN_SIGHT


# Nobody reaches behind


def private_names(path: Path) -> set[str]:
    """Return the underscored names of the classes of a file, dunders left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return {name for name in names if name.startswith("_") and not name.startswith("__")}


def test_nobody_uses_an_underscore_of_explorer_or_picture() -> None:
    shared = {ROOT / "course_lib" / "explorers" / name for name in ("base.py", "picture.py")}
    jupyter = {"_repr_mimebundle_", "_dom_classes"}
    behind = set().union(*map(private_names, shared)) - jupyter
    assert {"_held", "_changed", "_moving"} <= behind
    folders = ("course_lib/explorers", "tests", "benchmarks")
    reached = []
    for path in sorted({path for folder in folders for path in (ROOT / folder).rglob("*.py")} - shared):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in behind:
                reached.append(f"{path.relative_to(ROOT)}:{node.lineno} uses {node.attr}")
    assert reached == []


# View


@every_explorer
def test_the_view_is_frozen_and_its_sentence_is_a_property(explorer: Explorer) -> None:
    view = type(explorer).view(**explorer.values())
    assert dataclasses.is_dataclass(view)
    assert isinstance(vars(type(view))["sentence"], property)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(view, dataclasses.fields(view)[0].name, None)


@every_explorer
def test_the_sentence_belongs_to_the_view_alone(explorer: Explorer) -> None:
    view = type(explorer).view(**explorer.values())
    assert view.sentence == dataclasses.replace(view).sentence == explorer.sentence


@every_explorer
def test_the_line_of_python_leads_to_the_same_state(explorer: Explorer) -> None:
    chance = random.Random(4)
    for _ in range(20):
        move_at_random(explorer, chance)
        if not explorer.stale:
            again = eval(explorer.call, {type(explorer).__name__: type(explorer)})
            assert again.values() == explorer.values(), explorer.call
            again.close()


@every_explorer
def test_what_has_no_effect_has_none(explorer: Explorer) -> None:
    chance = random.Random(5)
    for _ in range(60):
        move_at_random(explorer, chance)
        if explorer.stale:
            continue
        values, view = explorer.values(), explorer.shown
        for name in explorer.idle(view):
            for value in option_values(explorer.controls[name])[:3]:
                assert type(explorer).view(**values | {name: value}).sentence == view.sentence, (name, value)


# Picture


@every_explorer
def test_a_picture_needs_no_widget_and_a_view_no_picture(kind: type[Explorer]) -> None:
    package = kind.__module__.rpartition(".")[0]
    code = f"""
import sys
from {package} import {kind.view.__name__}
assert not {{"ipywidgets", "matplotlib"}} & {{*sys.modules}}
from {package} import {", ".join(one.__name__ for one in kind.pictures)}
assert not {{"ipywidgets", "IPython", "matplotlib.pyplot"}} & {{*sys.modules}}
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@every_explorer
def test_a_picture_alone_shows_what_the_explorer_shows(explorer: Explorer) -> None:
    view = type(explorer).view(**explorer.values())
    alone = explorer.choose(view)().svg(view)
    assert without_salt(alone) == without_salt(explorer.svg)


@every_explorer
def test_all_pictures_of_an_explorer_have_one_size(kind: type[Explorer]) -> None:
    assert len({str(one.heights) for one in kind.pictures}) == 1
    assert set(kind.pictures[0].heights) == {"wide", "medium", "narrow"}


@every_explorer
def test_text_is_ten_pixels_tall_however_narrow_the_page(explorer: Explorer) -> None:
    for pixels in PLACES:
        explorer.fit(pixels)
        assert SMALL * pixels / explorer.picture.width >= 10


@every_explorer
@pytest.mark.parametrize("pixels", some_of(PLACES, "1000", "470", "230"))
def test_no_text_of_a_picture_is_small_or_clipped_or_lies_on_another(explorer: Explorer, pixels: int) -> None:
    explorer.fit(pixels)
    initial, seen = explorer.values(), set()
    complaints = {"as it begins": misplaced(explorer.svg)}
    for name, control in explorer.controls.items():
        for value in option_values(control):
            begin_and_set(explorer, initial, name, value)
            if not explorer.stale and explorer.svg not in seen:
                seen.add(explorer.svg)
                complaints[f"{name} = {value!r}"] = misplaced(explorer.svg)
    assert {state: found for state, found in complaints.items() if found} == {}


def test_misplaced_texts_are_found() -> None:
    def svg(*texts: str) -> str:
        return f'<svg viewBox="0 0 100 50" xmlns="http://www.w3.org/2000/svg">{"".join(texts)}</svg>'

    def text(words: str, x: float, y: float, size: float = 9, more: str = "") -> str:
        return f'<text x="{x}" y="{y}" style="font: {size}px sans-serif{more}">{words}</text>'

    assert misplaced(svg(text("one", 5, 20), text("two", 5, 40))) == []
    assert "has 8 pt" in misplaced(svg(text("small", 5, 20, 8)))[0]
    assert "is clipped" in misplaced(svg(text("far too long for this picture", 5, 20)))[0]
    assert "is clipped" in misplaced(svg(text("left", 5, 20, more="; text-anchor: end")))[0]
    assert "lies on" in misplaced(svg(text("one", 5, 20), text("two", 8, 24)))[0]
    turned = '<text x="50" y="45" style="font: 9px sans-serif" transform="rotate(-90 50 45)">turned</text>'
    assert misplaced(svg(turned, text("left of it", 2, 20))) == []
    assert "lies on" in misplaced(svg(turned, text("across", 30, 25)))[0]


@every_explorer
def test_redrawing_keeps_the_figure_and_all_that_is_in_it(explorer: Explorer) -> None:
    initial = explorer.values()
    figure, parts = explorer.figure, [id(artist) for artist in explorer.figure.findobj()]
    chance = random.Random(1)
    for _ in range(20):
        move_at_random(explorer, chance)
    explorer.set(**initial)
    assert explorer.figure is figure
    assert [id(artist) for artist in figure.findobj()] == parts


# Colours


def linear(colour: str) -> np.ndarray[Any, Any]:
    channels = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


# Machado, Oliveira and Fernandes 2009, Table 1, severity 1.0: linear RGB as it is seen without one kind of cone.
BLINDNESS = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def lab(rgb: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return CIELAB (D65) of linear RGB; a distance of about 2.3 is just seen."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    ratio = to_xyz @ np.clip(rgb, 0, 1) / [0.9505, 1.0, 1.089]
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@every_explorer
def test_the_colours_of_all_pictures_differ_for_colour_blind_readers(explorer: Explorer) -> None:
    initial, drawn = explorer.values(), explorer.svg
    for name, control in explorer.controls.items():
        for value in option_values(control):
            begin_and_set(explorer, initial, name, value)
            drawn += explorer.svg
    used = {name: colour for name, colour in (PALETTE | GREYS).items() if colour.lower() in drawn.lower()}
    for sight, matrix in BLINDNESS.items():
        seen = {name: lab(np.array(matrix) @ linear(colour)) for name, colour in used.items()}
        apart = {pair: float(np.linalg.norm(seen[pair[0]] - seen[pair[1]])) for pair in combinations(seen, 2)}
        assert {pair: distance for pair, distance in apart.items() if distance < 10} == {}, sight


# In step


@every_explorer
@pytest.mark.parametrize("steps", WALKS)
def test_on_a_random_walk_all_is_in_step_legible_and_answered_in_one_short_sentence(
    explorer: Explorer, steps: int
) -> None:
    chance = random.Random(explorer.__class__.__name__)
    walked, numbers_of_facts = [], set()
    for pixels in PLACES:
        explorer.fit(pixels)
        pictures: dict[Any, Any] = {}
        for _ in range(steps // len(PLACES)):
            walked.append(move_at_random(explorer, chance))
            assert out_of_step(explorer, pictures) == "", walked[-5:]
            if not explorer.stale:
                assert 3 <= len(explorer.sentence.split()) <= MOST_WORDS, explorer.sentence
                assert explorer.sentence.endswith((".", "?")), explorer.sentence
                assert all(name and value for name, value in explorer.facts), explorer.facts
                numbers_of_facts.add(len(explorer.facts))
                whole = captioned_svg(explorer.svg, explorer.sentence, explorer.facts)
                assert misplaced(whole) == [], (pixels, explorer.call)
    assert len(numbers_of_facts) == 1
    assert 3 <= min(numbers_of_facts) <= 16


MADE_UP = ZeroDivisionError("made up")
SAYS = {
    MADE_UP: "Not drawn: the course made a mistake here (ZeroDivisionError: made up)",
    KeyboardInterrupt(): "Not drawn: drawing was interrupted; move a control to draw again",
}


@every_explorer
@pytest.mark.parametrize("error", SAYS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("part", ["view", "draw", "react"])
def test_whatever_goes_wrong_is_shown_raised_and_outlived(
    explorer: Explorer, part: str, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **values: Any) -> Any:
        raise error

    control = next(one for one in movable(explorer) if isinstance(one, widgets.Dropdown))
    initial = explorer.values()
    with monkeypatch.context() as patch:
        for holder in type(explorer).pictures if part == "draw" else [type(explorer)]:
            patch.setattr(holder, part, staticmethod(broken) if part == "view" else broken)
        with pytest.raises(type(error)):
            control.index = len(control.options) - 1
        assert explorer.stale
        assert explorer.sentence == SAYS[error]
    explorer.set(**initial)
    explorer.refresh()
    assert out_of_step(explorer, {}) == ""
    assert not explorer.stale


@every_explorer
def test_its_texts_share_what_they_look_like_and_it_keeps_its_own_layout(kind: type[Explorer]) -> None:
    """What each text would send to the page of its own is sent once; a learner's `explorer.layout` is the whole's."""
    explorer = kind()
    parts = [part for part in parts_of(explorer) if isinstance(part, widgets.DOMWidget)]
    assert len({part.style for part in parts if type(part) is widgets.HTML}) == 1
    assert all(part.layout is not explorer.layout for part in parts)
    explorer.close()


@every_explorer
def test_closing_leaves_nothing(kind: type[Explorer]) -> None:
    before = set(widget_registry)
    explorer = kind()
    chance = random.Random(2)
    for _ in range(20):
        move_at_random(explorer, chance)
    explorer.close()
    assert set(widget_registry) == before


# The lessons


def shown_in_lessons() -> list[Any]:
    """Return every explorer that a lesson ends a cell with: where, the call, and what is saved of it."""
    found = []
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for number, cell in enumerate(nbformat.read(path, as_version=4).cells):
            last = ast.parse(cell.source).body[-1:] if cell.cell_type == "code" else []
            if last and isinstance(last[0], ast.Expr) and isinstance(call := last[0].value, ast.Call):
                name = getattr(call.func, "id", "")
                if name in explorers.__all__:
                    given = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
                    found.append(pytest.param(name, given, cell.outputs[0].data, id=f"{path.stem}, cell {number}"))
    return found


SHOWN = shown_in_lessons()


@pytest.mark.parametrize(("name", "given", "saved"), SHOWN)
def test_a_lesson_s_saved_picture_and_sentence_are_those_of_its_values(name: str, given: Any, saved: Any) -> None:
    kind = getattr(explorers, name)
    defaults = kind()
    explorer = kind(**given)
    view = kind.view(**explorer.values())
    assert saved["text/plain"] == in_words(view.sentence, view.facts)
    alone = captioned_svg(explorer.choose(view)().svg(view), view.sentence, view.facts)
    assert without_salt(saved["image/svg+xml"]).strip() == without_salt(alone).strip()
    assert set(given) <= set(defaults.values())
    explorer.close()
    defaults.close()


def test_every_explorer_is_shown_in_a_lesson() -> None:
    assert {case.values[0] for case in SHOWN} == set(explorers.__all__)


def test_texts_are_measured_as_they_are_written() -> None:
    (box,) = text_boxes(
        '<svg viewBox="0 0 9 9" xmlns="http://www.w3.org/2000/svg">'
        '<text x="10" y="20" style="font: 10px sans-serif; text-anchor: middle">MMMM</text></svg>'
    )
    (left, top), (right, bottom) = box.corners.min(axis=0), box.corners.max(axis=0)
    assert left + right == pytest.approx(20)
    assert right - left == pytest.approx(4 * 8.63, rel=0.05)
    assert 20 - top == pytest.approx(7.3, rel=0.05)
    assert bottom == pytest.approx(20, abs=0.3)
