"""What the tests of the explorers share: the texts of a picture and where they lie, and how a person moves controls."""

from __future__ import annotations

import gc
import html
import math
import os
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from types import FrameType
from typing import Any
from xml.etree import ElementTree

import ipywidgets as widgets
import numpy as np
from matplotlib.font_manager import FontProperties, findfont
from matplotlib.ft2font import FT2Font, LoadFlags

from course_lib.explorers.base import Explorer, parts_of
from course_lib.explorers.picture import Picture

SVG = "{http://www.w3.org/2000/svg}"
TYPED = [
    "7B", "1.4 T", "2048", "1e3", "0.5", "40", "1e-9", "0x1F", "0 10000000 10010010000111111011011", "0b1", "01", "nan",
    "inf", "-0", "3,640 PFLOP-days", "312 TFLOP/s", "24 A100-hours", "1e99", "1e400", "0", "-3", "1,4", "", "nonsense",
    "<b>x</b>", "312 FLOPS", "$x_", "1" * 300,
]  # fmt: skip
"""What is typed on a random walk: good and bad numbers of every kind, and words."""


def texts(explorer: Explorer) -> list[str]:
    """Return every text of the picture."""
    root = ElementTree.fromstring(explorer.svg)
    return ["".join(element.itertext()) for element in root.iter(f"{SVG}text")]


def without_salt(svg: str) -> str:
    """Return the picture with its names counted through: two explorers' pictures differ in nothing else."""
    names: dict[str, str] = {}
    return re.sub(r"\b[pmh][0-9a-f]{10,}\b", lambda match: names.setdefault(match[0], f"name{len(names)}"), svg)


# Where the texts of a picture lie


@dataclass(frozen=True)
class TextBox:
    """A text of a picture, its size in points, and the corners of the box around its letters."""

    text: str
    size: float
    corners: np.ndarray[Any, Any]

    def __str__(self) -> str:
        (left, top), (right, bottom) = self.corners.min(axis=0), self.corners.max(axis=0)
        return f"{self.text!r} at {left:.0f}..{right:.0f}, {top:.0f}..{bottom:.0f}"

    def overlaps(self, other: TextBox) -> bool:
        """Tell whether two boxes, turned or not, share more than an edge: no line parts them (separating axes)."""
        for box in (self, other):
            for side in (box.corners[1] - box.corners[0], box.corners[3] - box.corners[0]):
                normal = side / math.hypot(*side)
                ours, theirs = self.corners @ normal, other.corners @ normal
                if min(ours.max(), theirs.max()) - max(ours.min(), theirs.min()) < 0.5:
                    return False
        return True


def text_boxes(svg: str) -> list[TextBox]:
    """Return the boxes of all texts of a picture that are not blank, in points; the font is DejaVu Sans."""
    return list(_boxes(ElementTree.fromstring(svg)))


def _boxes(root: ElementTree.Element) -> Iterator[TextBox]:
    for element in root.iter(f"{SVG}text"):
        text = "".join(element.itertext())
        if not text.strip():
            continue
        assert element.get("x"), f"{text!r} has no place of its own: is it written by mathtext?"
        style = element.get("style", "")
        size = re.search(r"(?:font|font-size):[^;]*?([\d.]+)px", style)
        assert size, f"{text!r} has no size"
        anchor = re.search(r"text-anchor:\s*(\w+)", style)
        x, y = float(element.get("x", 0)), float(element.get("y", 0))
        width, up, down = _extent(text, float(size[1]), "Mono" in style, "bold" in style)
        left = x - {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor[1] if anchor else "start"] * width
        box = np.array([(left, y - up), (left + width, y - up), (left + width, y + down), (left, y + down)])
        turn = re.search(r"rotate\(([-\d.]+)", element.get("transform", ""))
        yield TextBox(text, float(size[1]), _turned(box, np.array([x, y]), float(turn[1]) if turn else 0.0))


def _turned(corners: np.ndarray[Any, Any], around: np.ndarray[Any, Any], degrees: float) -> np.ndarray[Any, Any]:
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return (corners - around) @ np.array([[c, s], [-s, c]]) + around


@cache
def _font(mono: bool, bold: bool) -> FT2Font:
    name = "DejaVu Sans Mono" if mono else "DejaVu Sans"
    return FT2Font(findfont(FontProperties(family=name, weight="bold" if bold else "normal")))


@cache
def _extent(text: str, size: float, mono: bool, bold: bool) -> tuple[float, float, float]:
    """Return a text's width, and how far its letters reach above and below the line, in points."""
    font = _font(mono, bold)
    font.set_size(100, 72)
    font.set_text(text, 0, flags=LoadFlags.NO_HINTING)
    width, height = (length / 64 for length in font.get_width_height())
    down = font.get_descent() / 64
    return width * size / 100, (height - down) * size / 100, down * size / 100


def misplaced(svg: str, smallest: float = 9.0) -> list[str]:
    """Say which texts of a picture are too small, lie outside of it in part, or lie on one another."""
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert box, "the picture has no viewBox"
    edge, found = np.array([float(box[1]), float(box[2])]), text_boxes(svg)
    small = [f"{one} has {one.size:g} pt" for one in found if one.size < smallest]
    outside = [f"{one} is clipped" for one in found if (one.corners < -0.5).any() or (one.corners > edge + 0.5).any()]
    return [*small, *outside, *(f"{one} lies on {two}" for one, two in _near(found) if one.overlaps(two))]


def caption(svg: str) -> str:
    """Return the sentence that is written below a picture, whatever its lines."""
    return html.unescape(" ".join(re.findall(r"<text [^>]*bold 10\.5px[^>]*>([^<]*)</text>", svg)))


def _near(found: list[TextBox]) -> Iterator[tuple[TextBox, TextBox]]:
    """Yield the pairs of which an upright box around the one meets that around the other: few of all there are."""
    low, high = (np.array([get(one.corners, axis=0) for one in found]).reshape(-1, 2) for get in (np.min, np.max))
    meet = (np.minimum(high[:, None], high) > np.maximum(low[:, None], low)).all(axis=2)
    yield from ((found[one], found[two]) for one, two in np.argwhere(np.triu(meet, 1)))


# How a person moves controls


def calls_of(move: Callable[[], None]) -> Counter[str]:
    """Return how often each function of the library is called while something moves, expressions in it included."""
    calls: Counter[str] = Counter()

    def watch(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and f"{os.sep}course_lib{os.sep}" in frame.f_code.co_filename:
            calls[frame.f_code.co_qualname] += 1

    before = sys.getprofile()
    gc.disable()  # else an explorer of another test may be swept away just now, which calls functions too
    sys.setprofile(watch)
    try:
        move()
    finally:
        sys.setprofile(before)
        gc.enable()
    return calls


def move(explorer: Any, name: str, how: str, value: Any) -> None:
    """Press the explorer's button, type a text, slide to a share of the way, or choose."""
    if how == "press":
        explorer.button.click()
        return
    control = explorer.controls[name]
    if how == "type":
        control.text.value = value
    elif how == "slide":
        control.slider.value = control.slider.min + round(value * (control.slider.max - control.slider.min))
    else:
        control.value = value


def movable(explorer: Explorer) -> list[Any]:
    """Return every part of an explorer that a person can move now."""
    kinds = (widgets.Dropdown, widgets.IntSlider, widgets.Text, widgets.ToggleButton, widgets.Button)
    return [part for part in parts_of(explorer) if isinstance(part, kinds) and not part.disabled]


def move_at_random(explorer: Explorer, chance: random.Random) -> str:
    """Move one part of an explorer in one of its ways, and say what was done."""
    part = chance.choice(movable(explorer))
    if isinstance(part, widgets.Button):
        part.click()
    elif isinstance(part, widgets.ToggleButton):
        part.value = not part.value
    elif isinstance(part, widgets.Dropdown):
        part.index = chance.randrange(len(part.options))
    elif isinstance(part, widgets.IntSlider):
        part.value = chance.randint(part.min, part.max)
    else:
        part.value = chance.choice(TYPED)
    return f"{part.description or part.tooltip}: {getattr(part, 'value', 'pressed')!r}"


def out_of_step(explorer: Explorer, pictures: dict[type[Picture], Picture]) -> str:
    """Say where an explorer shows anything but what belongs to its controls' values; nothing where all agrees.

    `pictures` keeps a second picture of each kind, of the width that the explorer has, from call to call.
    """
    problem = next((text for c in explorer.controls.values() if (text := getattr(c, "problem", ""))), "")
    view = None
    if not problem:
        try:
            view = type(explorer).view(**explorer.values())
        except (ValueError, TypeError) as error:
            problem = str(error)
    sentence = f"Not drawn: {problem}" if problem else view.sentence
    if explorer.sentence != sentence:
        return f"says {explorer.sentence!r}, not {sentence!r}"
    if not problem and explorer.facts != view.facts:
        return f"lists {explorer.facts}, not {view.facts}"
    if explorer.stale != bool(problem):
        return f"is {'' if explorer.stale else 'not '}dimmed while it says {sentence!r}"
    if ElementTree.fromstring(explorer.svg).get("aria-label") != sentence:
        return "has a picture of another name"
    if view is not None:
        kind = explorer.choose(view)
        pictures[kind] = pictures.get(kind) or kind(width=explorer.picture.width)
        if without_salt(explorer.svg) != without_salt(pictures[kind].svg(view)):
            return "shows another picture"
    return ""
