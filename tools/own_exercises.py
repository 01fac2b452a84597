"""Keep a student's answers out of git's way; `own_exercises.py SET` lays a fresh copy of a set beside them.

JupyterLab, as `serve.py` starts it, saves what a student writes in `exercises/01_compute_cost.ipynb` as
`my_exercises/01_compute_cost.ipynb`, and from then on shows that file in the first one's place. Git ignores the folder
`my_exercises`, so an update finds the course as it left it and never meets an answer. No file there is overwritten by
anything but its student's own saving.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from pathlib import Path
from typing import Any

from classroom.sets import find_set, names_of
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

ROOT = Path(__file__).resolve().parent.parent
CLEAN, OWN = "exercises", "my_exercises"
NAME = re.compile(r"[0-9][0-9]_\w+\.ipynb")


def main() -> None:
    parser = argparse.ArgumentParser(description="Lay a fresh copy of a set of exercises into my_exercises.")
    parser.add_argument("set", help="its number or its name, such as 04 or memory")
    print(fresh(parser.parse_args().set).relative_to(ROOT).as_posix())


def fresh(wanted: str, root: Path = ROOT) -> Path:
    """Copy a set as the course has it now to where nothing lies yet, and return the place."""
    there = {path.stem: path for path in sorted((root / CLEAN).glob("*.ipynb")) if NAME.fullmatch(path.name)}
    stem = find_set(wanted, there)
    if stem is None:
        sys.exit(f"No exercises are called {wanted!r}; there are {', '.join(there)}.")
    number = 1 if own_copy(root, there[stem].name).exists() else 0
    while True:
        name = f"{stem}.ipynb" if number == 0 else f"{stem}.fresh{f'-{number}' if number > 1 else ''}.ipynb"
        try:
            return copy_to_a_new_file(there[stem], root / OWN / name)
        except FileExistsError:
            number += 1


def own_copy(root: Path, name: str) -> Path:
    """Return where the student's own copy of an exercise lies, or would lie: under a former name if it has that."""
    names = [name, *(f"{one}.ipynb" for one in names_of(name.removesuffix(".ipynb")))]
    return next((place for one in names if (place := root / OWN / one).exists()), root / OWN / name)


def copy_to_a_new_file(source: Path, target: Path) -> Path:
    """Copy a file; raise `FileExistsError`, and change nothing, where the target is there."""
    target.parent.mkdir(exist_ok=True)
    with source.open("rb") as original, target.open("xb") as copy:
        shutil.copyfileobj(original, copy)
    return target


def own_path(path: str) -> Path | None:
    """Return where the student's own copy of an exercise belongs, below the root; None for any other file.

    >>> own_path("exercises/01_compute_cost.ipynb").as_posix(), own_path("notebooks/01_compute_cost.ipynb")
    ('my_exercises/01_compute_cost.ipynb', None)
    """
    folder, _, name = path.strip("/").rpartition("/")
    return Path(OWN, name) if folder == CLEAN and NAME.fullmatch(name) else None


class OwnExercises(AsyncLargeFileManager):
    """JupyterLab's access to files, with a student's own copy of an exercise in the place of the course's."""

    def _get_os_path(self, path: str) -> str:
        own = own_path(path)
        if own is not None and (there := own_copy(Path(self.root_dir), own.name)).exists():
            return str(there)
        return str(super()._get_os_path(path))

    def _keep_clean(self, path: str) -> None:
        """Make the student's own copy before something happens to the course's."""
        own, clean = own_path(path), Path(super()._get_os_path(path.strip("/")))
        if own is not None and clean.exists() and not own_copy(Path(self.root_dir), own.name).exists():
            copy_to_a_new_file(clean, Path(self.root_dir, own))

    async def save(self, model: dict[str, Any], path: str = "") -> Any:
        """Save a file; an exercise becomes the student's own."""
        self._keep_clean(path)
        return await super().save(model, path)

    async def rename_file(self, old_path: str, new_path: str) -> Any:
        """Rename a file; of an exercise, the student's own copy."""
        self._keep_clean(old_path)
        return await super().rename_file(old_path, new_path)

    async def delete_file(self, path: str) -> Any:
        """Delete a file; of an exercise, the student's own copy."""
        self._keep_clean(path)
        return await super().delete_file(path)


if __name__ == "__main__":
    main()
