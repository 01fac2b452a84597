"""Small texts that are kept where there is no disk: in a browser the page's service worker keeps them on the machine.

They survive a reload, a restart of the kernel and a new edition, and every lesson's kernel reads the same ones. Without
such a worker, as over plain HTTP from another machine, reading and writing raise `OSError`.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

PLACE = "course/kept/"


def here() -> bool:
    """Tell whether this Python runs in a browser."""
    return sys.platform == "emscripten"


def read(name: str) -> str:
    """Return the text that is kept under a name, empty where none is."""
    return str(_ask("GET", name).responseText)


def write(name: str, text: str) -> None:
    """Keep a text under a name."""
    _ask("PUT", name, text)


def _ask(method: str, name: str, text: str | None = None) -> Any:
    """Ask the worker, and wait: it answers a request for a place below the site's root, and no server ever sees it."""
    page: Any = import_module("js")
    root = page.location.href.partition("/extensions/")[0]
    request = page.XMLHttpRequest.new()
    request.open(method, f"{root}/{PLACE}{name}", False)
    try:
        request.send(text)
    except Exception as error:  # whatever JavaScript throws where nothing answers
        raise OSError(f"{name} could not be reached") from error
    if not 200 <= request.status < 300:
        raise OSError(f"{name} is not kept here (status {request.status})")
    return request
