"""Lay a fresh copy of a lesson or a set of exercises where it is yours: `fresh.py SET`, or `fresh.py --lesson LESSON`.

It lies in `my_lessons` or `my_exercises`, beside what is there already; no file is overwritten. An own copy that was
cut off while it was saved becomes what had been saved before, and the part of it stays too.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from classroom.environment import ROOT
from classroom.own_copies import can_be_read, lay, notebooks_in, own_copy, recover, write_new
from classroom.server import OWN
from classroom.sets import find_set

CALLED = {"notebooks": "lesson is", "exercises": "exercises are"}


def main() -> None:
    parser = argparse.ArgumentParser(description="Lay a fresh copy of a lesson or a set of exercises beside your own.")
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument("set", nargs="?", help="a set of exercises by its number or its name, such as 04 or memory")
    wanted.add_argument("--lesson", help="a lesson by its number or its name")
    chosen = parser.parse_args()
    made = fresh("notebooks", chosen.lesson) if chosen.lesson else fresh("exercises", chosen.set)
    print(made.relative_to(ROOT).as_posix())


def fresh(folder: str, wanted: str, root: Path = ROOT) -> Path:
    """Copy a notebook of a folder, as the course has it now, to where nothing lies yet, and return the place."""
    there = {path.stem: path for path in notebooks_in(root / folder)}
    stem = find_set(wanted, there)
    if stem is None:
        sys.exit(f"No {CALLED[folder]} called {wanted!r}; there are {', '.join(there)}.")
    source = there[stem]
    own = own_copy(root, source.relative_to(root))
    number = 1 if own.exists() else 0
    if number and (remark := what_is_amiss(own)):
        print(f"{own.relative_to(root).as_posix()} {remark}")
    while True:
        name = f"{stem}.ipynb" if number == 0 else f"{stem}.fresh{f'-{number}' if number > 1 else ''}.ipynb"
        target = root / OWN[folder] / name
        try:
            return lay(source, target) if folder == "notebooks" else write_new(target, source.read_bytes())
        except FileExistsError:
            number += 1


def what_is_amiss(own: Path) -> str:
    """Mend an own copy that was cut off, where something was kept, and return what to say of it."""
    if part := recover(own):
        return f"was cut off while it was saved: it is what had been saved before again, and the part is {part.name}"
    return "" if can_be_read(own) else "cannot be read as a notebook, and stays as it is"


if __name__ == "__main__":
    main()
