import asyncio
import html
import json
import os
import re
import subprocess
import sys
import threading
import warnings
from dataclasses import dataclass
from typing import ClassVar
from xml.etree import ElementTree

import ipywidgets as widgets
import matplotlib
import numpy as np
import pytest
from explorer_parts import without_salt
from hypothesis import given, settings
from hypothesis import strategies as st
from ipywidgets.widgets.widget import _instances as widget_registry

from course_lib import explorers
from course_lib.explorers.base import REDRAW_GAP, Explorer
from course_lib.explorers.controls import Magnitude, Percentage, Whole, Written, choice
from course_lib.explorers.picture import NARROW, WIDE, Picture, in_words

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}href"
ATTACK = "<script>alert('\"&')</script>"


@dataclass(frozen=True)
class PowerView:
    number: float
    answer: float
    sentence: str

    @property
    def facts(self):
        return (("number", f"{self.number:g}"), ("answer", f"{self.answer:g}"), ("half of it", f"{self.answer / 2:g}"))


def power_view(number, exponent, name):
    if exponent == 0:
        raise ValueError(f"exponent must not be 0; got {exponent!r} for {name}")
    if exponent == 9:
        raise KeyError("a programming error")
    return PowerView(number, number**exponent, f"{name}: {number:g} to the power {exponent} is {number**exponent:g}.")


class PowerPicture(Picture):
    """The smallest picture that has every kind of moving thing: a clipped line, a marker, a title and a label."""

    heights: ClassVar = {"wide": 144, "medium": 200, "narrow": 240}
    draws = 0

    def build(self, figure):
        axes = figure.add_subplot()
        axes.set(xlim=(0, 1000), ylim=(0, 1e6), xticks=[0, 1000], yticks=[])
        axes.plot([0, 1000], [0, 1e6])
        (self.point,) = axes.plot([], [], "o")
        (self.line,) = axes.plot([], [])
        self.title = axes.set_title("")
        self.moving(self.point, self.line, self.title)
        self.label = self.labels(axes).add(500, 1e5)

    def draw(self, view):
        self.draws += 1
        self.point.set_data([view.number], [view.answer])
        self.line.set_data([1, view.number], [1, view.answer])
        self.title.set_text(view.sentence)
        self.label.text = f"{view.answer:g}"


class PowerExplorer(Explorer):
    """The smallest explorer that has every kind of control, a text that is typed among them."""

    view = staticmethod(power_view)
    pictures = (PowerPicture,)
    groups: ClassVar = {"Base": ("number",), "More": ("exponent", "name")}
    folded = ("More",)

    def make_controls(self):
        return {
            "number": Magnitude("Number", 10, 1, 1e6),
            "exponent": widgets.IntSlider(2, min=0, max=9),
            "name": widgets.Text("n", continuous_update=False),
        }


@pytest.fixture
def explorer():
    made = PowerExplorer()
    yield made
    made.close()


def part(explorer, name):
    (found,) = (child for child in explorer.children if name in child._dom_classes)
    return found


def picture(explorer):
    return part(explorer, "course-picture")


def spoken(explorer):
    """Return the sentence as a reader sees it: the text of its HTML."""
    return html.unescape(re.sub(r"<[^>]*>", "", part(explorer, "course-sentence").value))


def is_dimmed(explorer):
    assert explorer.stale == ("course-stale" in picture(explorer)._dom_classes)
    return explorer.stale


def label(svg):
    return ElementTree.fromstring(svg).get("aria-label")


def bundle(explorer):
    return explorer._repr_mimebundle_()


def texts(svg):
    return ["".join(element.itertext()) for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def open_widgets():
    return set(widget_registry)


def shows(explorer, sentence):
    """Say whether sentence, picture, its accessible name and the bundle all agree on this one answer."""
    return (
        [explorer.sentence, spoken(explorer), label(picture(explorer).value)] == [sentence] * 3
        and bundle(explorer)["text/plain"] == in_words(sentence, explorer.facts) == explorer.answer
        and picture(explorer).value == explorer.svg
    )


def drawn_alone(made, values=None):
    """Return the picture that belongs to these values (by default, the explorer's own), drawn without any widget."""
    view = power_view(**made.values() | (values or {}))
    return without_salt(type(made.picture)().svg(view))


# One answer in three ways


def test_a_new_explorer_shows_its_pure_function_s_answer(explorer):
    assert explorer.values() == {"number": 10, "exponent": 2, "name": "n"}
    assert shows(explorer, power_view(10, 2, "n").sentence)
    assert not is_dimmed(explorer)
    assert explorer.picture.draws == 1


def test_initial_values_are_set_by_name():
    made = PowerExplorer(number=1e3, name="side")
    assert shows(made, power_view(1e3, 2, "side").sentence)
    assert made.picture.draws == 1
    made.close()


@pytest.mark.parametrize(("name", "value"), [("number", 250.0), ("exponent", 3), ("name", "side")])
def test_moving_a_control_changes_picture_and_sentence(explorer, name, value):
    before = explorer.svg
    explorer.controls[name].value = value
    assert shows(explorer, power_view(**explorer.values()).sentence)
    assert explorer.svg != before
    assert explorer.values()[name] == value


def test_the_picture_is_the_one_that_a_new_explorer_would_draw(explorer):
    for number in (3.0, 7e5, 42.0):
        explorer.controls["number"].value = number
    assert without_salt(explorer.svg) == drawn_alone(explorer, {"number": 42.0})


def test_the_figure_and_its_artists_stay_the_same_objects(explorer):
    figure, artists = explorer.figure, explorer.figure.findobj()
    for number in range(1, 20):
        explorer.set(number=float(number))
    assert explorer.figure is figure
    assert [id(artist) for artist in figure.findobj()] == [id(artist) for artist in artists]


def test_reading_draws_nothing_and_neither_does_a_control_that_stays_where_it_is(explorer):
    explorer.controls["number"].value = 10.0
    explorer.controls["number"].text.value = "10.0"
    bundle(explorer)
    explorer.values()
    assert explorer.picture.draws == 1


# Refused input


def test_a_refused_text_is_named_in_the_sentence_and_dims_the_picture(explorer):
    explorer.controls["number"].text.value = "banana"
    assert shows(explorer, "Not drawn: Number: 1 to 1 M; got 'banana'")
    assert is_dimmed(explorer)
    assert explorer.picture.draws == 1


def test_a_refusal_of_the_pure_function_is_shown_alike(explorer):
    explorer.controls["exponent"].value = 0
    assert shows(explorer, "Not drawn: exponent must not be 0; got 0 for n")
    assert is_dimmed(explorer)


@pytest.mark.parametrize(
    "recover",
    [
        lambda e: setattr(e.controls["number"].text, "value", "70"),
        lambda e: setattr(e.controls["number"].text, "value", "10"),
        lambda e: setattr(e.controls["number"].slider, "value", e.controls["number"].slider.value + 1),
        lambda e: setattr(e.controls["number"], "value", 70.0),
        lambda e: e.set(number=70),
        lambda e: e.set(number=10),
    ],
    ids=["typed", "typed as before", "slid", "assigned", "set", "set as before"],
)
def test_the_next_good_value_recovers(explorer, recover):
    explorer.controls["number"].text.value = "banana"
    recover(explorer)
    assert shows(explorer, power_view(**explorer.values()).sentence)
    assert not is_dimmed(explorer)
    assert "banana" not in explorer.controls["number"].text.value


def test_a_problem_in_one_control_stays_while_another_moves(explorer):
    explorer.controls["number"].text.value = "banana"
    explorer.controls["exponent"].value = 3
    assert is_dimmed(explorer)
    assert "banana" in spoken(explorer)
    explorer.controls["number"].text.value = "20"
    assert shows(explorer, power_view(20, 3, "n").sentence)


@pytest.mark.parametrize("number", [-5, 0, 1e7, float("nan"), float("inf")])
def test_a_value_out_of_range_set_by_program_is_shown_as_a_problem(explorer, number):
    explorer.set(number=number)
    assert shows(explorer, f"Not drawn: Number: 1 to 1 M; got {number:g}")
    explorer.set(number=11)
    assert shows(explorer, power_view(11, 2, "n").sentence)


def test_an_explorer_that_starts_with_a_problem_still_reads_without_a_kernel():
    made = PowerExplorer(number=-5)
    assert shows(made, "Not drawn: Number: 1 to 1 M; got -5")
    assert "Not drawn" in " ".join(texts(bundle(made)["image/svg+xml"]))
    made.set(number=5)
    assert without_salt(made.svg) == drawn_alone(made, {"number": 5})
    made.close()


def test_a_programming_error_is_raised_and_said(explorer):
    with pytest.raises(KeyError, match="a programming error"):
        explorer.controls["exponent"].value = 9
    assert shows(explorer, "Not drawn: the course made a mistake here (KeyError: 'a programming error')")
    assert is_dimmed(explorer)


def note(explorer, name):
    return html.unescape(re.sub(r"<[^>]*>", "", explorer.cell(name).children[1].value))


def test_what_is_wrong_with_a_control_stands_below_it_and_the_facts_are_dimmed(explorer):
    listed = part(explorer, "course-facts")
    assert "<dt>answer</dt><dd>100</dd>" in listed.value
    explorer.controls["number"].text.value = "banana"
    assert note(explorer, "number") == "Number: 1 to 1 M; got 'banana'"
    assert note(explorer, "exponent") == ""
    assert "course-invalid" in explorer.cell("number")._dom_classes
    assert "course-stale" in listed._dom_classes
    explorer.controls["number"].text.value = "20"
    assert note(explorer, "number") == ""
    assert "course-invalid" not in explorer.cell("number")._dom_classes
    assert "course-stale" not in listed._dom_classes


def test_a_control_without_effect_says_so_below_it(explorer, monkeypatch):
    monkeypatch.setattr(PowerExplorer, "idle", lambda self, view: {"name": "no effect"} if view.number == 20 else {})
    explorer.set(number=20)
    assert note(explorer, "name") == "no effect"
    assert "course-idle" in explorer.cell("name")._dom_classes
    assert "course-invalid" not in explorer.cell("name")._dom_classes
    explorer.set(number=21)
    assert note(explorer, "name") == ""
    assert "course-idle" not in explorer.cell("name")._dom_classes


def test_a_folded_group_opens_when_asked_or_when_something_in_it_was_given(explorer):
    made = PowerExplorer(exponent=3)
    for one, opened in ((explorer, False), (made, True)):
        head, cells = part(one, "course-controls").children[1].children
        assert (head.value, cells.layout.display) == (opened, None if opened else "none")
        head.value = not opened
        assert cells.layout.display == ("none" if opened else None)
    made.close()


def test_the_line_of_python_names_what_is_not_as_it_was(explorer):
    assert explorer.call == "PowerExplorer()"
    explorer.set(number=20, name="it's")
    assert explorer.call == """PowerExplorer(number=20.0, name="it's")"""
    assert html.escape(explorer.call) in part(explorer, "course-facts").value


# The room that the page has


@pytest.mark.parametrize(
    ("pixels", "layout"),
    [(3000, "wide"), (800, "wide"), (799, "medium"), (470, "medium"), (460, "narrow"), (10, "narrow")],
)
def test_the_picture_is_drawn_for_the_room_there_is_in_one_of_three_layouts(explorer, pixels, layout):
    explorer.fit(pixels)
    assert explorer.picture.layout == layout
    assert NARROW <= explorer.picture.width <= WIDE
    shown = ElementTree.fromstring(explorer.svg).get("viewBox").split()
    assert [float(one) for one in shown[2:]] == [explorer.picture.width, PowerPicture.heights[layout]]
    assert shows(explorer, power_view(10, 2, "n").sentence)


def test_the_page_tells_the_room_through_a_hidden_field_and_a_new_width_alone_draws(explorer):
    field = part(explorer, "course-room-for-picture")
    field.value = 500
    assert explorer.picture.layout == "medium"
    first, drawn = explorer.picture, explorer.picture.draws
    field.value = 501
    assert explorer.picture is first
    assert explorer.picture.draws == drawn
    field.value = 1000
    assert explorer.picture.layout == "wide"


def test_a_picture_of_one_layout_keeps_it():
    class OnlyWide(PowerPicture):
        heights: ClassVar = {"wide": 144}

    assert OnlyWide.width_within(300) == WIDE
    assert OnlyWide.layout_of(300) == "wide"


def test_places_are_measured_from_the_edges_in_points():
    picture = PowerPicture(width=400)
    left, bottom, across, up = picture.place(40, 20, -10, -30)
    assert (left * 400, (1 - bottom - up) * 240, (left + across) * 400, bottom * 240) == pytest.approx(
        (40, 20, 390, 30)
    )


# What is typed is escaped


@pytest.mark.parametrize("control", ["number", "name"])
def test_typed_markup_stays_text(explorer, control):
    target = explorer.controls[control]
    getattr(target, "text", target).value = ATTACK
    assert "script" in explorer.sentence
    assert shows(explorer, explorer.sentence)
    for markup in (part(explorer, "course-sentence").value, picture(explorer).value, bundle(explorer)["image/svg+xml"]):
        assert "<script" not in markup
    tags = {element.tag for element in ElementTree.fromstring(bundle(explorer)["image/svg+xml"]).iter()}
    assert SVG + "script" not in tags
    assert ATTACK in spoken(explorer) or repr(ATTACK) in spoken(explorer)


# The bundle for readers without a kernel


def test_the_bundle_carries_widget_picture_and_sentence(explorer):
    explorer.set(number=500, name="a rather long name that makes the caption wrap over more than one line")
    carried = bundle(explorer)
    assert set(carried) == {"application/vnd.jupyter.widget-view+json", "image/svg+xml", "text/plain"}
    assert carried["text/plain"] == f"{explorer.sentence}\nnumber: 500\nanswer: 250000\nhalf of it: 125000"
    svg = ElementTree.fromstring(carried["image/svg+xml"])
    assert svg.tag == SVG + "svg"
    assert (svg.get("role"), svg.get("aria-label")) == ("img", explorer.sentence)
    said = f"{explorer.sentence} number: 500 answer: 250000 half of it: 125000"
    assert " ".join(texts(carried["image/svg+xml"])).endswith(said)


@pytest.mark.parametrize("height", [144, 202.3, 168])
def test_the_caption_makes_the_picture_taller_and_no_wider(height):
    sized = type("Sized", (PowerPicture,), {"heights": {"wide": height}})
    made = type("Sized", (PowerExplorer,), {"pictures": (sized,)})()
    plain, captioned = (ElementTree.fromstring(svg) for svg in (made.svg, bundle(made)["image/svg+xml"]))
    made.close()
    old, new = ([float(n) for n in svg.get("viewBox").split()] for svg in (plain, captioned))
    assert old[:3] == new[:3]
    assert new[3] >= old[3] + 30  # a line for the sentence, one for the facts
    assert captioned.get("width") == plain.get("width")
    assert float(captioned.get("height").removesuffix("pt")) == pytest.approx(new[3])
    assert max(float(text.get("y")) for text in captioned.iter(f"{SVG}text") if text.get("y")) < new[3]


def test_the_page_s_own_style_is_left_alone(explorer):
    assert "<style" not in explorer.svg
    assert "<metadata" not in explorer.svg


BUNDLES = """
import json, sys
from course_lib.explorers import ComputeCostExplorer
made = [ComputeCostExplorer(), ComputeCostExplorer(preset="LLaMA 65B")]
made[0].controls["tokens"].value = 2e12
bundles = [e._repr_mimebundle_() for e in made]
print(json.dumps({
    "bundles": [[b["image/svg+xml"], b["text/plain"]] for b in bundles],
    "pyplot": "matplotlib.pyplot" in sys.modules,
}))
"""


def test_two_processes_write_the_same_bytes_and_neither_imports_pyplot():
    processes = [
        subprocess.Popen([sys.executable, "-c", BUNDLES], stdout=subprocess.PIPE, env={**os.environ, **seed})
        for seed in ({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2"})
    ]
    one, other = (process.communicate()[0] for process in processes)
    assert one == other
    assert [process.returncode for process in processes] == [0, 0]
    assert json.loads(one)["pyplot"] is False


# Two explorers, and the notebook around them


def names_and_references(svg):
    root = ElementTree.fromstring(svg)
    references = set(re.findall(r"url\(#([^)]+)\)", svg))
    references |= {element.get(XLINK).removeprefix("#") for element in root.iter() if element.get(XLINK)}
    return {element.get("id") for element in root.iter() if element.get("id")}, references


def test_two_explorers_on_a_page_share_no_clip_and_no_marker():
    one, other = PowerExplorer(), PowerExplorer()
    (names, references), (other_names, other_references) = map(names_and_references, (one.svg, other.svg))
    assert references
    assert references <= names
    assert other_references <= other_names
    assert not references & other_names
    assert not other_references & names
    one.close()
    other.close()


def test_moving_one_explorer_leaves_the_other_as_it_is(explorer):
    other = PowerExplorer()
    before = (other.sentence, other.svg, other.picture.draws)
    explorer.set(number=77)
    assert (other.sentence, other.svg, other.picture.draws) == before
    other.close()


def test_drawing_leaves_the_reader_s_own_matplotlib_settings_alone(explorer):
    with matplotlib.rc_context({"font.size": 31, "svg.hashsalt": "mine", "axes.grid": True}):
        mine = dict(matplotlib.rcParams)
        PowerExplorer().close()
        explorer.set(number=77)
        explorer.set(number=-1)
        assert dict(matplotlib.rcParams) == mine


def test_the_reader_s_own_matplotlib_style_does_not_change_the_picture(explorer):
    explorer.set(number=77)
    dark = {"axes.facecolor": "black", "text.color": "white", "axes.grid": True, "lines.linewidth": 9}
    with matplotlib.rc_context({**dark, "figure.dpi": 200, "axes.titlesize": 30, "svg.fonttype": "path"}):
        assert drawn_alone(explorer, {"number": 77}) == without_salt(explorer.svg)


def test_drawing_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = PowerExplorer()
        made.set(number=3)
        made.close()


def test_two_threads_that_draw_at_once_do_not_disturb_each_other():
    made = [PowerExplorer(), PowerExplorer()]

    def move(explorer, sign):
        for step in range(15):
            explorer.controls["number"].value = float(100 + sign * (step + 1))

    mine, interval = dict(matplotlib.rcParams), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    threads = [threading.Thread(target=move, args=pair) for pair in zip(made, (1, -1), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(interval)
    for each, number in zip(made, (115, 85), strict=True):
        assert shows(each, power_view(number, 2, "n").sentence)
        assert without_salt(each.svg) == drawn_alone(each, {"number": number})
        each.close()
    assert dict(matplotlib.rcParams) == mine


# When it draws


def test_hold_draws_once(explorer):
    with explorer.hold():
        with explorer.hold():
            explorer.controls["number"].value = 20.0
        explorer.controls["exponent"].value = 3
        assert explorer.picture.draws == 1
    assert explorer.picture.draws == 2
    assert shows(explorer, power_view(20, 3, "n").sentence)


def test_set_draws_once(explorer):
    explorer.set(number=20, exponent=3, name="side")
    assert explorer.picture.draws == 2
    assert shows(explorer, power_view(20, 3, "side").sentence)


def test_an_error_inside_hold_leaves_no_stale_picture(explorer):
    def fail():
        with explorer.hold():
            explorer.controls["number"].value = 20.0
            raise RuntimeError("in the reader's code")

    with pytest.raises(RuntimeError, match="in the reader's code"):
        fail()
    assert shows(explorer, power_view(20, 2, "n").sentence)
    explorer.controls["number"].value = 30.0
    assert shows(explorer, power_view(30, 2, "n").sentence)


def test_setting_an_unknown_name_names_it_and_the_known_ones_and_changes_nothing(explorer):
    with pytest.raises(ValueError, match="PowerExplorer has no control 'size'; it has number, exponent, name"):
        explorer.set(number=20, size=3)
    assert shows(explorer, power_view(10, 2, "n").sentence)
    assert explorer.values()["number"] == 10
    with pytest.raises(ValueError, match="no control 'size'"):
        PowerExplorer(size=3)


@pytest.mark.parametrize(("name", "value"), [("number", "many"), ("number", None), ("exponent", "two"), ("name", 3)])
def test_setting_a_value_of_the_wrong_type_names_control_and_value(explorer, name, value):
    with pytest.raises(ValueError, match=f"^{name} cannot be {value!r}: "):
        explorer.set(**{name: value})
    assert shows(explorer, power_view(10, 2, "n").sentence)


def test_rapid_changes_are_drawn_once_or_twice_and_the_last_is_shown(explorer):
    async def move():
        explorer.picture.draws = 0
        for number in range(101, 151):
            explorer.controls["number"].value = float(number)
        await asyncio.sleep(4 * REDRAW_GAP)

    asyncio.run(move())
    assert 1 <= explorer.picture.draws <= 2
    assert shows(explorer, power_view(150, 2, "n").sentence)


def test_a_stream_of_changes_is_drawn_at_most_once_in_each_gap(explorer):
    async def move():
        explorer.picture.draws = 0
        start = asyncio.get_running_loop().time()
        for number in range(101, 151):
            explorer.controls["number"].value = float(number)
            await asyncio.sleep(REDRAW_GAP / 10)
        await asyncio.sleep(4 * REDRAW_GAP)
        return asyncio.get_running_loop().time() - start

    lasted = asyncio.run(move())
    assert 2 <= explorer.picture.draws <= lasted / REDRAW_GAP + 1
    assert explorer.picture.draws < 50
    assert shows(explorer, power_view(150, 2, "n").sentence)


def test_the_last_of_good_and_refused_changes_is_the_one_that_counts(explorer):
    async def type_texts(*texts):
        for text in texts:
            explorer.controls["number"].text.value = text
        await asyncio.sleep(4 * REDRAW_GAP)

    asyncio.run(type_texts("20", "banana", "30", "banana"))
    assert is_dimmed(explorer)
    asyncio.run(type_texts("banana", "30", "bananas", "40"))
    assert shows(explorer, power_view(40, 2, "n").sentence)
    assert not is_dimmed(explorer)


@pytest.mark.parametrize(
    "read", [lambda e: e.sentence, lambda e: bundle(e)["text/plain"].splitlines()[0]], ids=["sentence", "bundle"]
)
def test_a_cell_that_sets_and_reads_at_once_reads_the_new_answer(explorer, read):
    async def cell():
        for number in (20, 30, 40):
            explorer.set(number=number)
            assert read(explorer) == power_view(number, 2, "n").sentence

    asyncio.run(cell())


def test_a_bundle_is_never_older_than_the_controls(explorer):
    async def cell():
        for number in (20.0, 30.0, 40.0):
            explorer.controls["number"].value = number
            assert bundle(explorer)["text/plain"].splitlines()[0] == power_view(number, 2, "n").sentence

    asyncio.run(cell())


def test_a_drawing_that_a_stopped_loop_never_made_is_made_by_the_next_change(explorer):
    async def leave_one_waiting():
        explorer.controls["number"].value = 20.0
        explorer.controls["number"].value = 30.0

    asyncio.run(leave_one_waiting())
    explorer.controls["exponent"].value = 3
    assert shows(explorer, power_view(30, 3, "n").sentence)


# When it is closed


def test_closing_leaves_no_widget_behind():
    before = open_widgets()
    made = PowerExplorer()
    assert len(open_widgets() - before) > 5
    for name, control in made.controls.items():
        for option in getattr(control, "options", ()):
            made.set(**{name: option[1] if isinstance(option, tuple) else option})
    made.close()
    made.close()
    assert open_widgets() == before


def test_closing_forgets_a_drawing_that_was_still_to_come():
    explorer = PowerExplorer()

    async def close_while_waiting():
        explorer.controls["number"].value = 20.0
        explorer.controls["number"].value = 30.0
        explorer.close()
        drawn = explorer.picture.draws
        explorer.controls["number"].value = 40.0
        await asyncio.sleep(4 * REDRAW_GAP)
        assert explorer.picture.draws == drawn

    asyncio.run(close_while_waiting())


# Controls


def magnitude(**changes):
    return Magnitude(**{"label": "Size", "value": 7e9, "minimum": 1e6, "maximum": 1e13} | changes)


@pytest.mark.parametrize(
    ("text", "value"), [("13B", 13e9), ("6,738,415,616", 6_738_415_616), ("1e6", 1e6), ("10 T", 1e13), ("6.7e9", 6.7e9)]
)
def test_a_typed_magnitude_keeps_all_its_digits(text, value):
    control = magnitude()
    control.text.value = text
    assert (control.value, control.problem) == (value, "")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("999999", "Size: 1 M to 10 T; got '999999'"),
        ("11 T", "Size: 1 M to 10 T; got '11 T'"),
        ("-7", "Size: 1 M to 10 T; got '-7'"),
        ("", "Size: 1 M to 10 T; got ''"),
        ("0", "Size: 1 M to 10 T; got '0'"),
        ("9" * 20_000, f"Size: 1 M to 10 T; got '{'9' * 57}…'"),
    ],
)
def test_a_refused_magnitude_keeps_its_value_and_says_what_is_wrong(text, problem):
    control = magnitude()
    place = control.slider.value
    control.text.value = text
    assert (control.value, control.problem, control.slider.value, control.text.value) == (7e9, problem, place, text)


def test_a_magnitude_of_whole_things_refuses_a_half():
    control = magnitude(value=8, minimum=1, maximum=1000, whole=True)
    control.text.value = "2.5"
    assert control.problem == "Size: a whole number; got 2.5"
    control.text.value = "12"
    assert (control.value, control.problem) == (12, "")
    control.slider.value = control.slider.max
    assert (control.value, control.text.value) == (1000, "1,000")


def test_the_slider_reaches_both_ends_in_even_steps_of_round_numbers():
    control = magnitude()
    values = []
    for place in range(control.slider.max + 1):
        control.slider.value = place
        values.append(control.value)
        assert control.problem == ""
    assert (values[0], values[-1]) == (1e6, 1e13)
    assert all(float(f"{value:.1e}") == value for value in values)
    steps = np.diff(np.log10(values))
    assert 0.03 < steps.min() <= steps.max() < 0.08


@settings(deadline=None, max_examples=50)
@given(value=st.floats(1e6, 1e13), typed=st.booleans())
def test_the_slider_stands_at_the_place_nearest_to_the_value(value, typed):
    control = magnitude(value=1e6 if value > 1e9 else 1e13)
    if typed:
        control.text.value = repr(value)
    else:
        control.value = value
    assert control.value == value
    control.slider.value += 1 if control.slider.value < control.slider.max else -1
    assert control.value == pytest.approx(value, rel=0.25)
    control.close()


def test_good_text_after_a_problem_is_announced_only_when_all_agrees():
    control, seen = magnitude(), []
    control.text.value = "banana"
    control.observe(lambda _: seen.append((control.value, control.problem)), ["value", "problem"])
    control.text.value = "13B"
    assert set(seen) == {(13e9, "")}


@pytest.mark.parametrize(
    ("value", "percent", "shown"), [(0.4, 40, "40 %"), (0.477, 48, "47.7 %"), (1.0, 100, "100 %"), (0.01, 1, "1 %")]
)
def test_a_percentage_keeps_its_digits_beside_a_slider_of_whole_per_cents(value, percent, shown):
    control = Percentage("Share", value)
    assert (control.value, control.slider.value, control.text.value) == (value, percent - 1, shown)


@pytest.mark.parametrize("text", ["40", "40 %", "40%", " 40.0 "])
def test_a_percentage_is_typed_with_or_without_its_sign(text):
    control = Percentage("Share", 0.5)
    control.text.value = text
    assert (control.value, control.problem, control.text.value) == (0.4, "", "40 %")


def test_a_percentage_refuses_what_is_no_share_and_follows_its_slider_again():
    control = Percentage("Share", 0.4)
    for value in (float("nan"), float("inf"), 40.0, -1.0):
        control.value = value
        assert control.problem == f"Share: 1 % to 100 %; got {value:g}"
    control.slider.value = 24
    assert (control.value, control.problem, control.text.value) == (0.25, "", "25 %")


def test_a_whole_number_keeps_to_its_places_and_refuses_a_half():
    control = Whole("Bits", 8, 2, 8)
    control.text.value = "4"
    assert (control.value, control.slider.value, control.problem) == (4, 2, "")
    for text in ("4.5", "9", "many"):
        control.text.value = text
        assert (control.value, control.problem) == (4, f"Bits: 2 to 8; got {text!r}")
    control.slider.value = 0
    assert (control.value, control.text.value, control.problem) == (2, "2", "")


def test_a_written_text_says_what_is_wrong_with_it():
    control = Written("Quantity", "3", float)
    assert control.problem == ""
    control.value = "three"
    assert control.problem == "could not convert string to float: 'three'"
    control.value = "4"
    assert control.problem == ""


def test_a_choice_offers_its_options_in_order():
    control = choice("Kind", iter(["b", "a"]), "a")
    assert (control.options, control.value, control.description) == (("b", "a"), "a", "Kind")


# Random walks

typed = st.one_of(
    st.sampled_from(
        ["7", "1e3", "999999", "1,4", "", "banana", "0", "-3", "1e9", ATTACK, "$x_", "\x00\ud800", "1" * 300]
    ),
    st.floats(1, 1e6).map(str),
    st.text(max_size=8),
)
moves = st.one_of(
    st.tuples(st.just("type number"), typed),
    st.tuples(st.just("type name"), st.sampled_from(["", "side", ATTACK, "Zoë <b>", "a & b"])),
    st.tuples(st.just("slide number"), st.integers(0, 120)),
    st.tuples(st.just("exponent"), st.integers(0, 8)),
    st.tuples(st.just("set number"), st.sampled_from([5, 1e6, -1, float("nan"), 1e30])),
)


def make(explorer, move, value):
    number = explorer.controls["number"]
    if move == "type number":
        number.text.value = value
    elif move == "type name":
        explorer.controls["name"].value = value
    elif move == "slide number":
        number.slider.value = value
    elif move == "exponent":
        explorer.controls["exponent"].value = value
    else:
        explorer.set(number=value)


@settings(deadline=None, max_examples=25)
@given(st.lists(moves, max_size=12))
def test_no_sequence_of_moves_raises_or_leaves_a_stale_picture(sequence):
    explorer = PowerExplorer()
    for move, value in sequence:
        make(explorer, move, value)
    ElementTree.fromstring(bundle(explorer)["image/svg+xml"])
    if problem := explorer.controls["number"].problem:
        expected = f"Not drawn: {problem}"
    elif explorer.values()["exponent"] == 0:
        expected = f"Not drawn: exponent must not be 0; got 0 for {explorer.values()['name']}"
    else:
        expected = power_view(**explorer.values()).sentence
        assert without_salt(explorer.svg) == drawn_alone(explorer, explorer.values())
    assert shows(explorer, expected)
    assert is_dimmed(explorer) == expected.startswith("Not drawn")
    explorer.close()


# The package


def test_explorers_are_imported_when_first_used_and_an_unknown_one_is_an_attribute_error():
    assert "ComputeCostExplorer" in dir(explorers)
    for name in explorers.__all__:
        assert issubclass(getattr(explorers, name), Explorer)
    with pytest.raises(AttributeError, match="has no attribute 'NoSuchExplorer'"):
        _ = explorers.NoSuchExplorer
