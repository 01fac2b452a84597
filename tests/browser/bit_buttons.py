"""What the two explorers of bits promise alike: each button of a bit lies on its bit of the picture."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import expect

from browser.lab import WAIT, Notebook
from course_lib.explorers.picture import Picture

PLACED = """
  const svg = document.querySelector('.course-picture svg'), box = svg.getBoundingClientRect();
  const scale = box.width / svg.viewBox.baseVal.width;
  const digits = [...svg.querySelectorAll('text')]
    .filter(one => /Mono/.test(one.getAttribute('style')) && one.textContent.trim());
  return [...document.querySelectorAll('.course-bit')].map((button, at) => {
    const { x, y, width, height } = button.getBoundingClientRect(), digit = digits[at];
    return {
      width, height, digit: digit.textContent, pressed: button.getAttribute('aria-pressed'),
      aside: box.x + digit.getAttribute('x') * scale - x - width / 2,
      below: y + height - box.y - digit.getAttribute('y') * scale, above: box.y + digit.getAttribute('y') * scale - y,
    };
  });
"""
"""Each button of a bit, and where the digit of the picture lies in it, in pixels."""


def each_lies_on_its_bit(notebook: Notebook, picture: type[Picture], digits: str) -> None:
    """Wait until the buttons lie on these digits in the picture of this class, with room for a finger.

    The kernel sends the picture first and then where the buttons lie: between the two they may lie elsewhere.
    """
    expect(notebook.page.locator(".course-bit")).to_have_count(len(digits))
    notebook.settle_in_room(picture.width_within)
    last = time.monotonic() + WAIT / 1000
    while wrong := misplaced(notebook.script(PLACED), digits):
        assert time.monotonic() < last, wrong


def misplaced(placed: list[dict[str, Any]], digits: str) -> list[dict[str, Any]]:
    """Return the buttons that do not lie on their digit, show another one, or leave too little room for a finger."""
    return [
        one
        for one, digit in zip(placed, digits, strict=True)
        if one["digit"] != digit
        or one["pressed"] != str(digit == "1").lower()
        or abs(one["aside"]) >= 1.5
        or min(one["above"], one["below"]) <= 6
        or min(one["width"], one["height"]) < 24
    ]
