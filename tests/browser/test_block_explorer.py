"""The block explorer's own promises in a real browser: a bit flipped by mouse and by key, each button on its bit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from browser.bit_buttons import each_lies_on_its_bit
from browser.lab import SCREEN, Lab, Notebook
from course_lib.explorers.since_the_lecture import BlockPicture

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def notebook(lab: Lab, page: Page) -> Iterator[Notebook]:
    source = "from course_lib.explorers import BlockExplorer\ne = BlockExplorer()\ne"
    notebook = Notebook(lab, page).open(lab.write("scratch_block.ipynb", [source])).run_all()
    assert notebook.output_errors() == []
    yield notebook
    notebook.shut_down()
    assert notebook.complaints == []


def says(notebook: Notebook, words: str) -> None:
    expect(notebook.page.locator(".course-sentence")).to_contain_text(words)


def test_a_bit_is_flipped_by_mouse_and_by_arrow_keys_and_space(notebook: Notebook) -> None:
    notebook.ask("e.set(format='MXFP4', part='the scale', flip=0)")
    page = notebook.page
    page.get_by_role("button", name="exponent bit 1", exact=True).click()
    says(notebook, "0x7C, not 0x7E: each of 32 values is 0.25 times what it was.")
    for key in ("ArrowRight", "Space"):
        page.keyboard.press(key)
    says(notebook, "0x7D, not 0x7E: each of 32 values is 0.5 times what it was.")
    page.get_by_role("button", name="put the bits back", exact=True).click()
    says(notebook, "scale 0x7E is 0.5, for 32 values")
    assert notebook.ask("e.values()['flip']") == 0


def test_the_bits_of_a_value_take_the_place_of_those_of_the_scale(notebook: Notebook) -> None:
    notebook.ask("e.set(format='MXFP4', part='the scale', flip=1)")
    expect(notebook.page.locator(".course-bit")).to_have_count(8)
    notebook.page.get_by_label("Bits of", exact=True).select_option("your value")
    says(notebook, "MXFP4 0x3 × scale 0.5 is 0.75")
    expect(notebook.page.locator(".course-bit")).to_have_count(4)
    notebook.page.get_by_role("button", name="sign bit 3", exact=True).click()
    says(notebook, "value 11 is -0.75, not 0.75; the other 31 stay.")


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("format", ["MXFP4", "Q8_0", "NF4"])
def test_each_button_lies_on_its_bit_of_the_picture_with_room_for_a_finger(
    notebook: Notebook, format: str, width: int
) -> None:
    notebook.page.set_viewport_size({"width": width, "height": SCREEN["height"]})
    try:
        notebook.ask(f"e.set(format={format!r}, part='the scale', flip=0)")
        says(notebook, f"{format} scale")
        each_lies_on_its_bit(notebook, BlockPicture, notebook.ask("e.shown.scale.digits"))
    finally:
        notebook.page.set_viewport_size(SCREEN)
