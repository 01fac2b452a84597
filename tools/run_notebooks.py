"""Run notebooks and rewrite their outputs: `run_notebooks.py [--check] [NOTEBOOK ...]` (default: all lessons).

What is written depends on the sources and on what the cells print, and on nothing else: run twice, the files are the
same byte for byte. `--check` writes nothing and fails where a file would change. An error in a cell stops the run and
leaves that notebook's file as it was.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from classroom.notebooks import FAILURES, execute, read, serialise, tag_answers, tidy
from classroom.sets import LESSONS


def main() -> None:
    parser = argparse.ArgumentParser(description="Run notebooks and rewrite them with their outputs.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a file would change")
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: every notebook in notebooks/")
    chosen = parser.parse_args()
    changed = []
    for path in chosen.notebooks or sorted(LESSONS.glob("*.ipynb")):
        if run_and_compare(path, write=not chosen.check):
            changed.append(path.name)
    if chosen.check and changed:
        sys.exit(f"These notebooks are not what `make notebooks` writes: {', '.join(changed)}")


def run_and_compare(path: Path, write: bool) -> bool:
    """Run one notebook, write it if asked, and return whether its file differs from what the run gives."""
    started = time.perf_counter()
    before, notebook = read(path)
    try:
        after = serialise(tag_answers(tidy(execute(notebook, path.parent))))
    except FAILURES as error:
        sys.exit(f"{path.name} stopped at an error and was left as it was:\n{error}")
    differs = before != after
    verdict = ("rewritten" if write else "differs") if differs else "unchanged"
    print(f"{path.name}: {verdict} ({time.perf_counter() - started:.1f} s)", flush=True)
    if write and differs:
        draft = path.with_suffix(".ipynb.new")
        draft.write_bytes(after)
        os.replace(draft, path)
    return differs


if __name__ == "__main__":
    main()
