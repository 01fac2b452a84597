"""Where a learner's predictions are kept: in one file on the learner's own machine, which git ignores.

`my_exercises/predictions.json` lies beside the learner's answers. An update of the course, a restart and a fresh copy
of a lesson leave it alone. The environment variable `COURSE_PREDICTIONS` names another file. In a browser, where no
file lasts, the page keeps the same text under the same name.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from course_lib.predictions import in_browser

VARIABLE = "COURSE_PREDICTIONS"
_unsaved: dict[str, Any] = {}


def place() -> Path:
    """Return the file that the predictions are kept in."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    course = Path(__file__).resolve().parents[2]
    root = course if (course / "notebooks").is_dir() else Path()
    return root / "my_exercises" / "predictions.json"


def choices() -> dict[str, Any]:
    """Return every choice by the name of its prediction; none from a file that is not there or cannot be read."""
    return _saved(place()) | _unsaved


def note(name: str, choice: Any) -> bool:
    """Keep one choice, and return whether it was saved; else it lasts as long as this kernel."""
    _unsaved[name] = choice
    path = place()
    try:
        if in_browser.here():
            in_browser.write(path.name, _as_text(_saved(path) | _unsaved))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            _lay_aside_what_cannot_be_read(path)
            _write(path, _as_text(_saved(path) | _unsaved))
    except OSError:
        return False
    _unsaved.clear()
    return True


def _saved(path: Path) -> dict[str, Any]:
    try:
        text = in_browser.read(path.name) if in_browser.here() else path.read_text(encoding="utf-8")
        content = json.loads(text)
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _lay_aside_what_cannot_be_read(path: Path) -> None:
    """Move a file that something has spoilt to another name, so that nothing in it is overwritten."""
    if not path.exists() or _saved(path) or path.read_bytes().strip() in (b"", b"{}"):
        return
    number = 1
    while (aside := path.with_suffix(f".unread-{number}.json")).exists():
        number += 1
    path.rename(aside)


def _as_text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _write(path: Path, text: str) -> None:
    """Write the file as a whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
