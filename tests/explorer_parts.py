"""What the tests of the explorers share: the words of a picture, a picture without its salt, and how a person moves."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

from course_lib.explorers.base import Explorer


def texts(explorer: Explorer) -> list[str]:
    """Return every text of the picture."""
    root = ElementTree.fromstring(explorer.svg)
    return ["".join(element.itertext()) for element in root.iter("{http://www.w3.org/2000/svg}text")]


def without_salt(svg: str) -> str:
    """Return the picture with its names counted through: two explorers' pictures differ in nothing else."""
    names: dict[str, str] = {}
    return re.sub(r"\b[pmh][0-9a-f]{10,}\b", lambda match: names.setdefault(match[0], f"name{len(names)}"), svg)


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
