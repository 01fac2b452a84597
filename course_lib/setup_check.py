"""The self-check of the first notebook: is everything here that the lessons need, and if not, what mends it?"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

MINIMUM_PYTHON = (3, 11)
NEEDED = {"numpy": (2, 1), "matplotlib": (3, 10), "ipywidgets": (8, 1), "jupyterlab": (4, 4)}
MEND = "In a terminal, in the course's folder, run `make lab` (or, with conda, `conda env update -f environment.yml`)."
MEND_IN_A_BROWSER = (
    "Load this page again; if that does not help, delete what the browser keeps for this site, or try another."
)
READY = "Everything is here: Python, numpy, matplotlib, ipywidgets, JupyterLab and the course. Go on to lesson 1."


def check_setup(
    installed: Callable[[str], str] = version, python: tuple[int, ...] = tuple(sys.version_info[:3])
) -> str:
    """Return one line that all is well, or one line for each thing that is not, with what mends it.

    `installed` gives a package's version or raises `PackageNotFoundError`; `python` is the interpreter's version.
    It never raises: whatever is wrong becomes a line.

    >>> check_setup()
    'Everything is here: Python, numpy, matplotlib, ipywidgets, JupyterLab and the course. Go on to lesson 1.'
    """
    problems = []
    if python < MINIMUM_PYTHON:
        problems.append(f"Python {_dotted(python)} runs this notebook, and the course needs {_dotted(MINIMUM_PYTHON)}.")
    needed = {name: at_least for name, at_least in NEEDED.items() if not _optional(name)}
    for name, at_least in needed.items():
        try:
            found = installed(name)
        except PackageNotFoundError:
            problems.append(f"{name} is missing.")
            continue
        if tuple(int(part) for part in found.split(".")[:2] if part.isdigit()) < at_least:
            problems.append(f"{name} {found} is too old: the course needs {_dotted(at_least)} or newer.")
    if not problems:
        problems = _broken_parts()
    if not problems:
        return READY
    mend = [MEND_IN_A_BROWSER] if _in_a_browser() else [MEND, "Then restart the kernel."]
    return "\n".join([*(f"Problem: {problem}" for problem in problems), *mend])


def _broken_parts() -> list[str]:
    """Try what a lesson does first: read a table, draw an explorer."""
    try:
        import_module("course_lib.catalog").models()
        import_module("course_lib.explorers").ComputeCostExplorer().close()
    except Exception as error:  # whatever is broken must become a sentence for the reader
        return [f"the course is installed but does not work here ({type(error).__name__}: {error})."]
    return []


def _optional(name: str) -> bool:
    """In a browser-only Jupyter the page itself is the JupyterLab: there is no package to find."""
    return name == "jupyterlab" and _in_a_browser()


def _in_a_browser() -> bool:
    """Tell whether Python itself runs in the page: there is no terminal, and nothing to install."""
    return sys.platform == "emscripten"


def _dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))
