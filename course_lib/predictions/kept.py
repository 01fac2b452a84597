"""Where a learner's predictions are kept: in one file on the learner's own machine, which git ignores.

`my_exercises/predictions.json` lies beside the learner's answers. An update of the course, a restart and a fresh copy
of a lesson leave it alone. The environment variable `COURSE_PREDICTIONS` names another file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
        path.parent.mkdir(parents=True, exist_ok=True)
        _lay_aside_what_cannot_be_read(path)
        _write(path, _saved(path) | _unsaved)
    except OSError:
        return False
    _unsaved.clear()
    return True


def _saved(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
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


def _write(path: Path, content: Mapping[str, Any]) -> None:
    """Write the file as a whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        draft.write_text(json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
