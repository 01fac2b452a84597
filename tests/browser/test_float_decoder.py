"""The decoder's own promises in a real browser: every bit of 64, by mouse and by arrow keys, and no pattern rounded."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from browser.lab import Lab, Notebook

pytestmark = pytest.mark.browser

SIGNALLING_NAN = 0x7FF0000000000001
PRESSED = "return [...document.querySelectorAll('.course-bit')].map(bit => +bit.matches('.mod-active')).join('')"


@pytest.fixture(scope="module")
def notebook(lab: Lab, page: Page) -> Iterator[Notebook]:
    source = (
        f"from course_lib.explorers import FloatDecoder\ne = FloatDecoder(format='fp64', pattern={SIGNALLING_NAN})\ne"
    )
    notebook = Notebook(lab, page).open(lab.write("scratch_bits.ipynb", [source])).run_all()
    assert notebook.output_errors() == []
    yield notebook
    notebook.shut_down()
    assert notebook.complaints == []


def shown(notebook: Notebook, pattern: int) -> None:
    """Wait until the page shows a pattern of 64 bits in hexadecimal and in its buttons, and the kernel has it."""
    expect(notebook.page.get_by_role("textbox", name="Hexadecimal")).to_have_value(f"0x{pattern:016X}")
    assert int(notebook.script(PRESSED), 2) == pattern
    assert notebook.ask("e.values()['pattern']") == pattern


def test_a_payload_of_a_nan_survives_the_browser_bit_for_bit(notebook: Notebook) -> None:
    shown(notebook, SIGNALLING_NAN)
    notebook.page.get_by_title("bit 3, significand", exact=True).click()
    shown(notebook, SIGNALLING_NAN | 8)
    notebook.page.get_by_title("bit 3, significand", exact=True).click()
    shown(notebook, SIGNALLING_NAN)


def test_each_bit_of_64_is_clicked(notebook: Notebook) -> None:
    notebook.ask("e.set(pattern=0)")
    for number in range(64):
        notebook.page.locator(".course-bit").nth(63 - number).click()
        shown(notebook, 2 ** (number + 1) - 1)


def test_arrow_keys_go_from_bit_to_bit_and_space_flips_it(notebook: Notebook) -> None:
    notebook.ask("e.set(pattern=0)")
    notebook.page.get_by_title("bit 62, exponent", exact=True).focus()
    for key in ("ArrowRight", "ArrowRight", "Space", "ArrowLeft", "Space"):
        notebook.page.keyboard.press(key)
    shown(notebook, 0b11 << 60)


def test_a_format_of_few_bits_leaves_only_its_own(notebook: Notebook) -> None:
    notebook.ask("e.set(format='fp4 e2m1', pattern=0b0101)")
    expect(notebook.page.locator(".course-bit")).to_have_count(4)
    names = notebook.page.locator(".course-bit").all_inner_texts()
    assert names == ["bit 3, sign", "bit 2, exponent", "bit 1, exponent", "bit 0, significand"]
    notebook.ask("e.set(format='fp64', pattern=2**64 - 1)")
    shown(notebook, 2**64 - 1)
