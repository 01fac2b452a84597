"""Each explorer in a real JupyterLab: moved by keyboard, and compared with its own pure function in this process."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from thorough import some_of

import course_lib.explorers
from browser.axe import violations
from browser.cases import CASES, Case
from browser.lab import PATIENCE, SCREEN, THEMES, Artifacts, Lab, Notebook

pytestmark = pytest.mark.browser

FOCUS = "rgb(0, 114, 178)"
"""The colour of what is around the control that has the focus: 5.2 to 1 on the white of the card, in every theme."""

ON_PAGE = """
  const root = document.querySelectorAll('.jp-OutputArea .course-explorer')[argument.index];
  const drawn = svg => svg.outerHTML.replace(/((?: id="|#)[a-z])[0-9a-f]{10}/g, '$1');
  const expected = document.createElement('div');
  expected.innerHTML = argument.svg;
  return {
    sentence: root.querySelector('.course-sentence p').textContent,
    name: root.querySelector('.course-picture svg[role=img]').getAttribute('aria-label'),
    same: drawn(root.querySelector('.course-picture svg')) === drawn(expected.firstElementChild),
  };
"""
"""What the page shows; pictures are compared without the names that matplotlib makes up for each figure."""

FOCUSED = """
  const element = document.activeElement, box = element.getBoundingClientRect();
  const explorers = [...document.querySelectorAll('.jp-OutputArea .course-explorer')];
  return {
    explorer: explorers.indexOf(element.closest('.course-explorer')),
    kind: element.getAttribute('role') ?? (element.tagName === 'INPUT' ? element.type : element.tagName.toLowerCase()),
    name: element.getAttribute('aria-label') || element.labels?.[0]?.textContent || element.textContent,
    readout: element.matches('.widget-readout, [readonly]'),
    chosen: element.matches('.mod-active'), fold: element.matches('.course-fold'),
    copies: element.matches('.course-copy'),
    last: element.tagName === 'SELECT' ? element.selectedIndex === element.options.length - 1
      : element.ariaValueNow !== null && element.ariaValueNow === element.ariaValueMax,
    x: box.x, middle: box.y + box.height / 2 - (element.closest('.course-explorer')?.getBoundingClientRect().y ?? 0),
    ring: ['outlineStyle', 'outlineWidth', 'outlineColor'].map(name => getComputedStyle(element)[name]).join(' '),
  };
"""

WATCH_BOXES = """
  const root = document.querySelector('.jp-OutputArea .course-explorer');
  window.boxes = new Set();
  const note = () => {
    const outer = root.getBoundingClientRect(), inner = root.querySelector('.course-picture').getBoundingClientRect();
    const from = [inner.x - outer.x, inner.y - outer.y, inner.width, inner.height, outer.height];
    window.boxes.add(from.map(length => Math.round(length)).join(' '));
  };
  window.watching = new MutationObserver(note);
  window.watching.observe(root, { childList: true, subtree: true });
  note();
"""


FAINT = """
  const root = document.querySelector('.jp-OutputArea .course-explorer');
  const linear = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = color => {
    const [r, g, b, alpha] = color.match(/[\\d.]+/g).map(Number);
    return { seen: (alpha ?? 1) === 1, of: 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b) };
  };
  const behind = element => {
    const own = light(getComputedStyle(element).backgroundColor);
    return own.seen || !element.parentElement ? own.of : behind(element.parentElement);
  };
  const text = element => element.value
    ?? [...element.childNodes].filter(node => node.nodeType === Node.TEXT_NODE).map(node => node.textContent).join('');
  const faint = [];
  for (const element of root.querySelectorAll('*')) {
    if (element.closest('svg, style, option') || !element.checkVisibility() || !String(text(element)).trim()) continue;
    const [dark, bright] = [light(getComputedStyle(element).color).of, behind(element)].sort((a, b) => a - b);
    const contrast = (bright + 0.05) / (dark + 0.05);
    if (contrast < 4.5) faint.push(`${text(element)} (${element.className}): ${contrast.toFixed(1)}`);
  }
  return faint;
"""
"""Texts outside the picture whose contrast to what is behind them is below 4.5 to 1 (WCAG 2.2, 1.4.3)."""

USE_OF_ROOM = """
  const root = document.querySelector('.jp-OutputArea .course-explorer');
  const svg = root.querySelector('.course-picture svg');
  const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  const written = [...svg.querySelectorAll('text')].filter(text => text.textContent.trim());
  const seen = [...root.querySelectorAll('input[type=text], select')].filter(field => field.checkVisibility());
  const pen = document.createElement('canvas').getContext('2d');
  const cut = field => {
    if (field.tagName === 'INPUT') return field.scrollWidth > field.clientWidth;
    pen.font = getComputedStyle(field).font;
    return pen.measureText(field.selectedOptions[0].textContent).width > field.clientWidth - 24;
  };
  return {
    points: svg.viewBox.baseVal.width,
    smallest: Math.min(...written.map(text => parseFloat(getComputedStyle(text).fontSize) * scale)),
    wider: root.scrollWidth - root.clientWidth,
    cut: seen.filter(cut).map(field => `${field.labels[0]?.textContent}: ${field.value}`),
    sliders: [...root.querySelectorAll('.noUi-target')].filter(one => one.checkVisibility())
      .map(one => one.clientWidth),
  };
"""
"""How the explorer uses the room it has: its picture's smallest text in pixels, and fields that hide their value."""

HEAR = """
  const root = document.querySelector('.jp-OutputArea .course-explorer');
  window.heard = [];
  let changed = null;  // what follows a change from before now is not counted
  const watch = (part, then) => new MutationObserver(then).observe(part, { childList: true, subtree: true });
  watch(root.querySelector('.course-sentence'), () => { changed = performance.now(); });
  watch(root.querySelector('.course-live'), () => changed && window.heard.push(performance.now() - changed));
"""

WITHOUT_BORDER = """
  const root = document.querySelector('.jp-OutputArea .course-explorer');
  return [...root.querySelectorAll('.noUi-handle, .noUi-target, input[type=text], select, button')]
    .filter(part => part.checkVisibility())
    .filter(part => ['none 0px', '0px'].some(nothing => getComputedStyle(part).borderTop.startsWith(nothing)))
    .map(part => part.className);
"""
"""Controls that only a colour tells from what is behind them: it is gone where a reader's own colours are forced."""

WITHOUT_LIVE = """box => {
  const copy = box.cloneNode(true);
  copy.querySelector('.course-live').remove();
  return copy.innerHTML;
}"""

TOLD = """
  const root = document.querySelector('.jp-OutputArea .course-explorer');
  const said = [];
  for (const handle of root.querySelectorAll('.course-slid .noUi-handle')) {
    const field = handle.closest('.course-slid').querySelector('input');
    if (handle.getAttribute('aria-valuetext') !== field.value)
      said.push(`${handle.getAttribute('aria-label')}: ${handle.getAttribute('aria-valuetext')}, not ${field.value}`);
  }
  for (const button of root.querySelectorAll('.widget-toggle-button')) {
    const state = button.getAttribute('aria-pressed') ?? button.getAttribute('aria-expanded');
    if (state !== String(button.classList.contains('mod-active'))) said.push(`${button.textContent}: ${state}`);
  }
  for (const readout of root.querySelectorAll('.widget-readout'))
    if (readout.tabIndex >= 0) said.push('a readout is a tab stop');
  return said;
"""
"""Where what a screen reader is told of a control differs from what is seen of it."""


class Played:
    """A notebook with two explorers of one class, `e` and `f`, alive."""

    def __init__(self, case: Case, notebook: Notebook) -> None:
        self.case, self.notebook, self.page = case, notebook, notebook.page
        self.explorer = getattr(course_lib.explorers, case.name)
        self.pictures: dict[Any, Any] = {}
        self.initial = self.values()

    @cached_property
    def twin(self) -> Any:
        """The same explorer in this process, without a kernel: what the page must show is drawn here a second time."""
        return self.explorer()

    def values(self, index: int = 0) -> dict[str, Any]:
        return self.notebook.ask(f"{'ef'[index]}.values()")

    def agrees(self, values: dict[str, Any], index: int = 0) -> bool:
        """Tell whether the page shows the sentence and the picture that belong to these values."""
        view = self.explorer.view(**values)
        room = self.box(index).locator(".course-picture").evaluate("part => part.clientWidth")
        kind, width = self.twin.choose(view), self.twin.picture.width_within(room)
        picture = self.pictures[kind, width] = self.pictures.get((kind, width)) or kind(width=width)
        shown = self.notebook.script(ON_PAGE, {"index": index, "svg": picture.svg(view)})
        return shown == {"sentence": view.sentence, "name": view.sentence, "same": True}

    def settle(self, before: dict[str, Any] | None = None, index: int = 0) -> dict[str, Any]:
        """Wait until the values have changed from `before` and the page shows what belongs to them; return them."""
        last = time.monotonic() + PATIENCE
        while time.monotonic() < last:
            values = self.values(index)
            if values != before and self.agrees(values, index):
                return values
        raise AssertionError(f"the page does not show what belongs to {self.values(index)} (before: {before})")

    def rest(self) -> None:
        """Wait until the kernel was told where the slider stands, and the page shows what belongs to it."""
        end = float(self.slider().get_attribute("aria-valuenow") or "nan")
        last = time.monotonic() + PATIENCE
        while self.notebook.ask(f"e.controls[{next(iter(self.case.timed))!r}].slider.value") != end:
            assert time.monotonic() < last, "the kernel was never told the last value"
        self.settle(self.initial)

    def box(self, index: int = 0) -> Locator:
        return self.page.locator(".jp-OutputArea .course-explorer").nth(index)

    def reset(self) -> None:
        for index in (0, 1):
            self.notebook.ask(f"{'ef'[index]}.set(**{self.initial!r})")
            self.settle(index=index)

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.press("Control+a")
        self.page.keyboard.type(text)
        self.press("Enter")

    def focused(self) -> dict[str, Any]:
        return self.notebook.script(FOCUSED)

    def slider(self, index: int = 0) -> Locator:
        label = next(iter(self.case.timed.values()))
        return self.box(index).get_by_role("slider", name=label, exact=True)


def of(cases: Iterable[Any]) -> pytest.MarkDecorator:
    """Ask a test of these explorers; all that one is asked is asked of one notebook."""
    return pytest.mark.parametrize("opened", cases, ids=str, indirect=True, scope="module")


each = of(CASES)
alike = of(some_of(CASES, "MemoryExplorer", "FloatDecoder"))
"""For what comes from what all explorers share: `make test` asks it of two."""
of_each_kind = of(some_of(CASES, "MemoryExplorer", "FloatDecoder", "TrainingRunPlanner"))
"""For how an explorer's own parts lie: `make test` asks it of the largest, the one of bits, and one like the others."""


@pytest.fixture(scope="module")
def scratch(lab: Lab, page: Page) -> Iterator[Notebook]:
    """One notebook for all explorers, one after the other: a kernel takes long to start."""
    notebook = Notebook(lab, page).open(lab.write("scratch.ipynb", ["", "", ""]))
    yield notebook
    notebook.shut_down()
    assert notebook.outside == []


@pytest.fixture(scope="module")
def opened(request: pytest.FixtureRequest, scratch: Notebook) -> Iterator[Played]:
    name = request.param.name
    source = [f"from course_lib.explorers import {name}", f"e = {name}()\ne", f"f = {name}()\nf"]
    scratch.write_over(source).run_all()
    assert scratch.output_errors() == []
    expect(scratch.page.locator(f".jp-OutputArea .course-explorer.course-{name}")).to_have_count(2)
    yield Played(request.param, scratch)
    scratch.write_over(["e.close()", "f.close()", ""]).run_all()
    expect(scratch.page.locator(".jp-OutputArea .course-explorer")).to_have_count(0)
    assert scratch.output_errors() == []
    assert scratch.complaints == []


@pytest.fixture
def played(opened: Played) -> Iterator[Played]:
    opened.reset()
    yield opened
    assert opened.notebook.complaints == []


def test_every_explorer_is_tested_here() -> None:
    assert {case.name for case in CASES} == set(course_lib.explorers.__all__)


@each
def test_showing_an_explorer_changes_none_of_its_values(opened: Played) -> None:
    assert opened.initial == opened.twin.values()
    assert opened.values(1) == opened.initial
    opened.settle()


@each
def test_each_control_is_moved_by_keyboard_alone_and_all_follows(played: Played) -> None:
    first = played.box().locator(":is(select, input, button, [role=slider]):visible").first
    first.focus()
    moved: set[str] = set()
    previous = None
    while (here := played.focused())["explorer"] == 0:
        assert here["name"].strip(), f"a control without a name: {here}"
        if previous:
            below = here["middle"] > previous["middle"] + 8
            beside = abs(here["middle"] - previous["middle"]) <= 8 and here["x"] > previous["x"]
            assert below or beside, f"Tab goes from {previous['name']} back to {here['name']}"
        previous = here
        style, width, colour = here["ring"].split(" ", 2)
        assert (style, float(width.removesuffix("px")) >= 2, colour) == ("solid", True, FOCUS), here
        assert not here["readout"] or here["kind"] == "textarea", f"a readout is a tab stop: {here}"
        if here["fold"]:
            played.press("Space")
            expect(played.box().locator(".course-fold.mod-active", has_text=here["name"])).to_have_count(1)
            opened = played.box().locator(".course-fold.mod-active + .course-grid")
            expect(opened.last).to_be_visible()  # the kernel shows what its title opens
        elif not (here["readout"] or here["chosen"] or here["copies"]):
            before = played.values()
            move(played, here)
            after = played.settle(before)
            moved |= {name for name in after if after[name] != before[name]}
            assert played.focused()["name"] == here["name"], "the focus was lost while drawing"
        played.press("Tab")
    assert moved == set(played.initial)


def move(played: Played, here: dict[str, Any]) -> None:
    """Change the focused control with the keys that a person would use."""
    if here["kind"] == "text":
        assert here["name"] in played.case.typed, f"browser/cases.py names no text to type into {here['name']!r}"
        played.type(played.case.text(here["name"], played.values()))
    elif here["kind"] == "slider":
        played.press("ArrowLeft" if here["last"] else "ArrowRight")
    elif here["kind"] == "select":
        played.press("ArrowUp" if here["last"] else "ArrowDown")
    else:
        played.press("Space")


@alike
def test_letters_typed_on_a_control_are_no_commands_to_jupyterlab(played: Played) -> None:
    count = "return panel().content.widgets.length"
    cells = played.notebook.script(count)
    for element in ("select", "[role=slider]", "button"):
        for control in played.box().locator(element).all()[:1]:
            control.focus()
            for key in "ddbax":
                played.press(key)
    assert played.notebook.script(count) == cells
    played.settle()


SHOWN = 38
"""How much of a refused text is surely shown."""

NONSENSE = "<b>x</b><script>window.broken=1</script><img src=x onerror=window.broken=1>"


@of_each_kind
@pytest.mark.parametrize("every_field", [False, pytest.param(True, marks=pytest.mark.thorough)])
def test_nonsense_gets_a_calm_sentence_escaped_and_the_explorer_lives_on(played: Played, every_field: bool) -> None:
    sentence, picture = played.box().locator(".course-sentence"), played.box().locator(".course-picture")
    fields = {label: played.box().get_by_role("textbox", name=label, exact=True) for label in played.case.typed}
    in_sight = [label for label, field in fields.items() if field.count()]
    for label in fields if every_field else (in_sight[0], in_sight[-1]):
        if fields[label].count() == 0:  # out of sight until another control asks for it
            continue
        fields[label].focus()
        played.type(NONSENSE)
        expect(sentence.locator("p.course-problem")).to_contain_text(NONSENSE[:SHOWN])
        expect(sentence).to_contain_text("Not drawn: ")
        expect(picture).to_have_class(re.compile("course-stale"))
        assert sentence.locator("b, script, img").count() == 0
        played.type(played.case.text(label, played.values()))
        expect(sentence.locator("p.course-problem")).to_have_count(0)
        expect(picture).not_to_have_class(re.compile("course-stale"))
        played.settle()
    assert played.notebook.script("return window.broken === undefined")


def seen(box: Locator) -> str:
    """Return what is seen of an explorer; what is read aloud of it follows a moment later."""
    return box.evaluate(WITHOUT_LIVE)


@alike
def test_two_explorers_on_a_page_leave_each_other_alone(played: Played) -> None:
    for moving, resting in ((0, 1), (1, 0)):
        still = seen(played.box(resting))
        before = played.values(moving)
        played.slider(moving).focus()
        played.press("ArrowRight")
        played.settle(before, moving)
        assert seen(played.box(resting)) == still
        played.settle(index=resting)


@alike
def test_a_held_key_ends_with_the_picture_of_the_last_value(played: Played) -> None:
    slider = played.slider()
    slider.focus()
    start = float(slider.get_attribute("aria-valuenow"))
    for _ in range(30):
        played.page.keyboard.down("ArrowRight")
    played.page.keyboard.up("ArrowRight")
    assert float(slider.get_attribute("aria-valuenow")) > start
    played.rest()


@of_each_kind
@pytest.mark.parametrize("width", some_of([SCREEN["width"], 360], "360"))
def test_the_picture_neither_moves_nor_changes_its_size(played: Played, width: int) -> None:
    played.page.set_viewport_size({"width": width, "height": SCREEN["height"]})
    try:
        settled_room(played)
        stays_where_it_is(played)
    finally:
        played.page.set_viewport_size(SCREEN)


def stays_where_it_is(played: Played) -> None:
    played.notebook.script(WATCH_BOXES)
    for control in played.box().locator("select, [role=slider]").all():
        if not control.is_visible():
            continue
        control.focus()
        for _ in range(6):
            here = played.focused()
            if here["last"]:
                break
            played.press("ArrowDown" if here["kind"] == "select" else "ArrowRight")
        played.settle()
    boxes = played.notebook.script("window.watching.disconnect(); return [...window.boxes]")
    assert len(boxes) == 1, f"x, y, width, height of the picture, height of the explorer: {boxes}"


WIDTHS = (1920, 1024, 700, 512, 360)
"""A large screen, a small one, half of it, one zoomed to 200 %, and a phone."""


@of_each_kind
def test_at_every_width_text_is_ten_pixels_tall_and_fields_are_whole(played: Played, artifacts: Artifacts) -> None:
    page, seen = played.page, set()
    try:
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            here = settled_room(played)
            assert here["smallest"] >= 10, here
            assert here["wider"] <= 0, here
            assert here["cut"] == [], here
            assert min(here["sliders"]) >= 70, here
            played.settle()
            seen.add(here["points"])
            artifacts.keep(played.box(), f"{played.case.name}_{width}.png")
    finally:
        page.set_viewport_size(SCREEN)
        settled_room(played)
    assert len(seen) >= 3, "the layout never changed"


def settled_room(played: Played) -> dict[str, Any]:
    """Wait until the picture is the one for the room that the page has, and return how it uses it."""
    played.notebook.settle_in_room(played.twin.picture.width_within)
    return played.notebook.script(USE_OF_ROOM)


@alike
def test_a_screen_reader_is_told_what_is_seen(played: Played) -> None:
    slider = played.slider()
    slider.focus()
    for _ in range(3):
        values = played.values()
        played.press("ArrowRight")
        played.settle(values)
        assert played.notebook.script(TOLD) == []
    label, text = next(iter(played.case.typed.items()))
    field = played.box().get_by_role("textbox", name=label, exact=True)
    field.focus()
    played.type("nonsense")
    expect(field).to_have_attribute("aria-invalid", "true")
    note = played.box().locator(f"#{field.get_attribute('aria-describedby')}")
    expect(note).to_contain_text("nonsense")
    played.type(text if isinstance(text, str) else text(played.values()))
    expect(field).to_have_attribute("aria-invalid", "false")
    assert field.get_attribute("aria-describedby") is None


@alike
def test_the_answer_is_read_aloud_only_after_half_a_second_of_rest(played: Played) -> None:
    live = played.box().locator(".course-live")
    expect(live).to_have_attribute("role", "status")
    played.notebook.script(HEAR)
    played.slider().focus()
    for _ in range(12):
        played.press("ArrowRight")
    played.rest()
    expect(live).to_have_text(played.box().locator(".course-sentence p").inner_text())
    heard = played.notebook.script("return window.heard")
    assert heard
    assert min(heard) >= 400  # as the page's own clock begins a little before the test's


@alike
def test_nothing_vanishes_in_forced_colours(played: Played, artifacts: Artifacts) -> None:
    page = played.page
    page.emulate_media(forced_colors="active")
    try:
        assert played.notebook.script(WITHOUT_BORDER) == []
        artifacts.keep(played.box(), f"{played.case.name}_forced.png")
    finally:
        page.emulate_media(forced_colors="none")


@alike
@pytest.mark.parametrize("theme", THEMES)
def test_in_every_theme_text_is_legible_and_axe_content(played: Played, artifacts: Artifacts, theme: str) -> None:
    played.notebook.change_theme(theme)
    artifacts.keep(played.box(), f"{played.case.name}_{theme.split()[1].lower()}.png")
    assert played.notebook.script(FAINT) == []
    assert violations(played.page, f".jp-OutputArea .course-explorer.course-{played.case.name}") == []
