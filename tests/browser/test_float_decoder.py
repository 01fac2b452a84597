"""The decoder's own promises in a real browser: every bit of 64, by mouse and by arrow keys, and no pattern rounded."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from browser.bit_buttons import each_lies_on_its_bit
from browser.lab import SCREEN, Lab, Notebook
from course_lib.explorers.number_formats import FloatDecoderPicture
from course_lib.number_formats import FORMATS

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


def shown(notebook: Notebook, pattern: int, bits: int = 64) -> None:
    """Wait until the page shows a pattern in hexadecimal and in its buttons, and the kernel has it."""
    expect(notebook.page.get_by_role("textbox", name="Hexadecimal")).to_have_value(f"0x{pattern:0{bits // 4}X}")
    assert int(notebook.script(PRESSED), 2) == pattern
    assert notebook.ask("e.values()['pattern']") == pattern


def test_a_payload_of_a_nan_survives_the_browser_bit_for_bit(notebook: Notebook) -> None:
    shown(notebook, SIGNALLING_NAN)
    notebook.page.get_by_role("button", name="significand bit 3", exact=True).click()
    shown(notebook, SIGNALLING_NAN | 8)
    notebook.page.get_by_role("button", name="significand bit 3", exact=True).click()
    shown(notebook, SIGNALLING_NAN)


@pytest.mark.parametrize("step", [9, pytest.param(1, marks=pytest.mark.thorough)])
def test_each_bit_of_64_is_clicked(notebook: Notebook, step: int) -> None:
    notebook.ask("e.set(pattern=0)")
    pattern = 0
    for number in range(0, 64, step):
        notebook.page.locator(".course-bit").nth(63 - number).click()
        pattern += 2**number
        shown(notebook, pattern)


def test_arrow_keys_go_from_bit_to_bit_and_space_flips_it(notebook: Notebook) -> None:
    notebook.ask("e.set(pattern=0)")
    notebook.page.get_by_role("button", name="exponent bit 62", exact=True).focus()
    for key in ("ArrowRight", "ArrowRight", "Space", "ArrowLeft", "Space"):
        notebook.page.keyboard.press(key)
    shown(notebook, 0b11 << 60)


def test_a_format_of_few_bits_leaves_only_its_own(notebook: Notebook) -> None:
    notebook.ask("e.set(format='fp4 e2m1', pattern=0b0101)")
    expect(notebook.page.locator(".course-bit")).to_have_count(4)
    names = notebook.page.locator(".course-bit").all_inner_texts()
    assert names == ["sign bit 3", "exponent bit 2", "exponent bit 1", "significand bit 0"]
    notebook.ask("e.set(format='fp64', pattern=2**64 - 1)")
    shown(notebook, 2**64 - 1)


@pytest.mark.parametrize("width", [1280, 700, 360])
@pytest.mark.parametrize("format", ["fp64", "fp16", "int8"])
def test_each_button_lies_on_its_bit_of_the_picture_with_room_for_a_finger(
    notebook: Notebook, format: str, width: int
) -> None:
    pattern, bits = 0x53, FORMATS[format].bits
    notebook.page.set_viewport_size({"width": width, "height": SCREEN["height"]})
    try:
        notebook.ask(f"e.set(format={format!r}, pattern={pattern})")
        shown(notebook, pattern, bits)
        each_lies_on_its_bit(notebook, FloatDecoderPicture, f"{pattern:0{bits}b}")
    finally:
        notebook.page.set_viewport_size(SCREEN)


@pytest.mark.parametrize("forced", ["active", "none"])
def test_no_button_hides_the_bit_that_it_lies_on(notebook: Notebook, forced: str) -> None:
    notebook.ask("e.set(format='fp16', pattern=0x3c00)")
    expect(notebook.page.locator(".course-bit")).to_have_count(16)
    notebook.page.emulate_media(forced_colors=forced)
    try:
        for part in notebook.page.locator(".course-bits, .course-bit").all():
            assert part.evaluate("part => getComputedStyle(part).backgroundColor") == "rgba(0, 0, 0, 0)"
    finally:
        notebook.page.emulate_media(forced_colors="none")


def test_what_cannot_be_read_is_said_at_its_own_field(notebook: Notebook) -> None:
    page = notebook.page
    fields = {name: page.get_by_role("textbox", name=name, exact=True) for name in ("Hexadecimal", "Binary")}
    for name, field in fields.items():
        field.fill("xyz")
        field.press("Enter")
        expect(field).to_have_attribute("aria-invalid", "true")
        note = page.locator(f"#{field.get_attribute('aria-describedby')}")
        expect(note).to_contain_text(f"{name}: ")
        for other in fields.values():
            expect(other).to_have_attribute("aria-invalid", str(other is field).lower())
        above, below = field.bounding_box(), note.locator("span").bounding_box()
        assert above is not None
        assert below is not None
        assert 0 <= below["y"] - above["y"] - above["height"] <= 4
        assert abs(below["x"] - above["x"]) <= 4
    page.locator(".course-bit").last.click()
    expect(fields["Binary"]).to_have_attribute("aria-invalid", "false")
