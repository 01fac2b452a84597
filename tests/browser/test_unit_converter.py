"""The converter's own promise in a real browser: the diamond on the ruler is dragged, by mouse and by touch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from browser.lab import PATIENCE, Lab, Notebook
from course_lib.explorers.units import UnitPicture

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def notebook(lab: Lab, page: Page) -> Iterator[Notebook]:
    source = "from course_lib.explorers import UnitConverter\ne = UnitConverter(quantity='3,640 PFLOP-days')\ne"
    notebook = Notebook(lab, page).open(lab.write("scratch_ruler.ipynb", [source])).run_all()
    assert notebook.output_errors() == []
    yield notebook
    notebook.shut_down()
    assert notebook.complaints == []


def by_mouse(page: Page, places: list[tuple[float, float]]) -> None:
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place)
    page.mouse.up()


def by_touch(page: Page, places: list[tuple[float, float]]) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    for number, (x, y) in enumerate(places):
        kind = "touchMove" if number else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.send("Emulation.setTouchEmulationEnabled", {"enabled": False})


def places_on(page: Page, shares: list[float]) -> list[tuple[float, float]]:
    """Return where on the page the ruler is at some shares of the picture's width."""
    page.locator(".jp-OutputArea .course-picture").scroll_into_view_if_needed()
    picture: Any = page.locator(".jp-OutputArea .course-picture svg").bounding_box()
    grip: Any = page.locator(".jp-OutputArea .course-grip").bounding_box()
    return [(picture["x"] + share * picture["width"], grip["y"] + grip["height"] / 2) for share in shares]


@pytest.mark.parametrize(("pull", "share"), [(by_mouse, 0.3), (by_touch, 0.6)])
def test_the_diamond_follows_the_pointer_and_stays_where_it_is_let_go(
    notebook: Notebook, pull: Callable[[Page, list[tuple[float, float]]], None], share: float
) -> None:
    page = notebook.page
    scrolled = "return panel().content.outerNode.scrollTop"
    places = places_on(page, [0.9, 0.7, 0.5, share])
    before = notebook.script(scrolled)
    pull(page, places)
    picture = UnitPicture(width=notebook.ask("e.picture.width"))
    wanted, last = picture.flop_at(share), time.monotonic() + PATIENCE
    while abs(notebook.ask("e.shown.flop") / wanted - 1) > 0.08:
        assert time.monotonic() < last, f"at {notebook.ask('e.shown.flop'):.3g} FLOP, not at {wanted:.3g}"
    quantity = notebook.ask("e.values()['quantity']")
    assert quantity.endswith(" PFLOP-days")
    expect(page.get_by_role("textbox", name="Quantity")).to_have_value(quantity)
    assert notebook.script(scrolled) == before, "the page was scrolled instead"
    page.mouse.move(*places[0])
    assert notebook.ask("e.values()['quantity']") == quantity
