"""Every slide of every lesson, as `make present` shows it: nothing is cut off, and every explorer is alive."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import nbformat
import present
import pytest
from playwright.sync_api import Page, TimeoutError
from thorough import some_of

from browser.lab import NOTEBOOKS, SCREEN, Artifacts, is_local

pytestmark = pytest.mark.browser

LESSONS = sorted(NOTEBOOKS.glob("*.ipynb"))
SIZES = ({"width": 1920, "height": 1080}, SCREEN)
"""A projector's screen, where an explorer grows, and a small one: what else fits there fits on the large one too."""
ON_SLIDE = ".jp-Deck .jp-Cell.jp-deck-mod-onscreen"
MOST_STEPS = 200
SETTLES = 60_000
"""Milliseconds in which a slide takes up the size of its screen; only a failure waits so long."""
ONLY_WHAT_IS_SEEN = "mjx-assistive-mml { display: none !important }"
"""A formula's copy for screen readers is clipped to one pixel, but Chromium counts its full width as overflow."""

STATE = f"() => [...document.querySelectorAll('{ON_SLIDE}.jp-deck-mod-visible')].map(cell => cell.dataset.jpfCellId)"

CELLS = f"() => [...document.querySelectorAll('{ON_SLIDE}')].map(cell => cell.dataset.jpfCellId)"
"""The cells of the slide, with those that a later press of the space bar shows: they have their place already."""

TOO_LARGE = f"""() => {{
  const found = [];
  const say = (node, what) => found.push(`${{what}}: ${{node.className}} ${{node.textContent.slice(0, 60)}}`);
  const parts = '.cm-scroller, pre, table, .jp-OutputArea-output, .course-explorer, .course-hands label, svg';
  const notebook = document.querySelector('.jp-Deck .jp-Notebook');
  for (const node of [notebook, ...notebook.querySelectorAll('.jp-WindowedPanel-outer')])
    if (node.scrollHeight > node.clientHeight + 2) say(node, `taller by ${{node.scrollHeight - node.clientHeight}} px`);
  for (const cell of document.querySelectorAll('{ON_SLIDE}')) {{
    const box = cell.getBoundingClientRect();
    if (box.bottom > innerHeight + 1 || box.top < -1) say(cell, `from ${{box.top}} to ${{box.bottom}} px`);
    for (const part of cell.querySelectorAll(parts)) {{
      const place = part.getBoundingClientRect();
      if (part.scrollWidth > part.clientWidth + 2 && !(part instanceof SVGElement)) say(part, 'wider than its place');
      if (part.matches('.course-hands label') && part.scrollHeight > part.clientHeight + 2) say(part, 'cut off');
      if (place.width && place.right > innerWidth + 1) say(part, 'beyond the right edge');
    }}
  }}
  return found;
}}"""

SMALL_EXPLORERS = f"""() => {{
  const cells = [...document.querySelectorAll('{ON_SLIDE}')];
  const end = Math.max(...cells.map(cell => cell.getBoundingClientRect().bottom));
  return [...document.querySelectorAll('{ON_SLIDE} .course-explorer')].map(one => one.getBoundingClientRect())
    .filter(box => innerHeight - end > 60 && box.width < 0.9 * innerWidth)
    .map(box => `${{box.width}} px, ends at ${{end}}`);
}}"""
"""Explorers that are narrower than the slide although there is room below."""

HAS_KEYS = "() => document.activeElement?.closest('.jp-Deck .jp-Notebook') !== null"
KEYS = "() => document.activeElement.outerHTML.slice(0, 300)"
"""What has the focus, and takes the keys."""

EXPLORERS = f"""() => [...document.querySelectorAll('{ON_SLIDE} .course-explorer')].map(root => ({{
  zoom: root.style.zoom,
  height: root.getBoundingClientRect().height,
  place: root.querySelector('.course-picture').clientWidth,
  told: root.querySelector('.course-room-for-picture input').value,
  drawn: root.querySelector('.course-picture svg').getAttribute('viewBox'),
}}))"""
"""What tells why an explorer is too large."""


@pytest.fixture(scope="module")
def slides(page: Page) -> Iterator[present.Slides]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with present.serving(port) as running:
        yield running
        page.goto("about:blank")  # else it goes on asking a server that is gone
    page.set_viewport_size(SCREEN)


@pytest.mark.parametrize("lesson", some_of(LESSONS, "05_number"), ids=lambda path: path.stem)
def test_every_slide_fits_and_every_explorer_is_alive(lesson, slides, page, artifacts):
    complaints: list[str] = []
    page.set_viewport_size(SCREEN)
    page.goto("about:blank")  # what the page of another test still asks for is not this one's
    page.on("console", hear := lambda message: message.type == "error" and complaints.append(message.text))
    page.on("request", ask := lambda request: is_local(request.url) or complaints.append(f"asked {request.url}"))
    page.goto(slides.show(lesson))
    page.wait_for_selector(f"body[data-jp-deck-mode=presenting] {ON_SLIDE}.jp-deck-mod-visible")
    page.wait_for_function(HAS_KEYS)  # a key before that is nobody's
    page.add_style_tag(content=ONLY_WHAT_IS_SEEN)
    last, alive, looked_at = presented(lesson)[-1].id, 0, None
    for step in range(MOST_STEPS):
        state = page.evaluate(STATE)
        cells = page.evaluate(CELLS)
        if cells != looked_at:
            alive += fits_and_is_alive(page, f"{lesson.stem}_{step:02d}", artifacts)
        looked_at = cells
        if last in state:
            break
        page.keyboard.press("Space")
        assert moves_on(page, state), f"Space does not go on from {state}; the focus is on {page.evaluate(KEYS)}"
    else:
        pytest.fail(f"after {MOST_STEPS} presses of the space bar the last slide, {last}, was not there")
    page.remove_listener("console", hear)
    page.remove_listener("request", ask)
    assert alive >= len(explorer_cells(lesson))
    assert complaints == []


def fits_and_is_alive(page: Page, name: str, artifacts: Artifacts) -> int:
    """See that all of a slide fits at both sizes, and return how many explorers on it answer."""
    explorers = page.locator(f"{ON_SLIDE}[data-jpf-cell-tags*=explorer]")
    for number in range(explorers.count()):
        explorers.nth(number).locator(".course-picture svg").wait_for()
    predictions = page.locator(f"{ON_SLIDE}[data-jpf-cell-tags*=prediction]")
    for number in range(predictions.count()):
        predictions.nth(number).locator(".course-question p").wait_for()
    for size in SIZES if explorers.count() else SIZES[1:]:
        page.set_viewport_size(size)
        too_large = settled(page, TOO_LARGE)
        found = f"{page.evaluate(CELLS)} {too_large}, explorers: {page.evaluate(EXPLORERS)}" if too_large else ""
        assert not too_large, f"slide {name} at {size['width']} x {size['height']}: {found}"
        if size["width"] > SCREEN["width"]:
            assert settled(page, SMALL_EXPLORERS) == [], f"slide {name} has room for a larger explorer"
    if explorers.count():
        artifacts.keep(page, f"slide_{name}.png")
    return sum(responds(page, explorers.nth(number)) for number in range(explorers.count()))


def settled(page: Page, complaints: str) -> list[str]:
    """Return what is wrong with a slide that had time enough to settle; nothing as soon as nothing is."""
    try:
        page.wait_for_function(f"() => ({complaints})().length === 0", timeout=SETTLES)
    except TimeoutError:
        return page.evaluate(complaints)
    return []


def presented(lesson) -> list:
    kinds = [(cell.metadata.slideshow.slide_type, cell) for cell in nbformat.read(lesson, 4).cells]
    return [cell for kind, cell in kinds if kind not in ("skip", "notes")]


def explorer_cells(lesson) -> list:
    return [cell for cell in presented(lesson) if "explorer" in cell.metadata.get("tags", [])]


def responds(page: Page, explorer) -> bool:
    """Move one of the explorer's controls by keyboard or click, and tell whether a new answer came from the kernel.

    What was clicked gives the keys back by itself: the next press of the space bar goes on.
    """
    answer = "root => [...root.querySelectorAll('.course-picture, .course-facts')].map(part => part.innerHTML).join()"
    before = explorer.evaluate(answer)
    control = explorer.locator(".course-explorer").locator(".noUi-handle:visible, button:enabled:visible").first
    if explorer.locator(".course-bit").count():
        control = explorer.locator(".course-bit").last
    slid = "noUi-handle" in (control.get_attribute("class") or "")
    if slid:
        control.focus()
        least = control.get_attribute("aria-valuenow") == control.get_attribute("aria-valuemin")
        page.keyboard.press("ArrowRight" if least else "ArrowLeft")
    else:
        control.click()
    page.wait_for_function(f"([root, before]) => ({answer})(root) !== before", arg=[explorer.element_handle(), before])
    if slid:
        page.evaluate("() => document.querySelector('.jp-Deck .jp-Cell.jp-mod-active').focus()")
    assert page.evaluate("() => !document.activeElement.closest('.course-explorer')"), "the explorer keeps the keys"
    return True


def moves_on(page: Page, state: list[str]) -> bool:
    """Wait until the space bar has shown something new; only a failure waits long."""
    before = json.dumps(state, separators=(",", ":"))
    try:
        page.wait_for_function(f"before => JSON.stringify(({STATE})()) !== before", arg=before, timeout=SETTLES)
    except TimeoutError:
        return False
    return True
