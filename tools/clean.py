"""Remove everything that the other commands can make again; nothing that a person wrote.

Where a hub or a student's server runs from `.venv-hub`, nothing is removed, and a sentence says so.
"""

from __future__ import annotations

import shutil
from collections.abc import Set
from pathlib import Path

from classroom.environment import refuse_under_students
from classroom.server import OWN

ROOT = Path(__file__).resolve().parent.parent
AT_THE_TOP = (
    ".venv",
    ".venv-hub",
    ".venv-site",
    ".jupyter",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".hypothesis",
    ".virtual_documents",
    "artifacts",
    "build",
    "dist",
)
KEPT = ("build/hub-demo/homes", "my_class")
"""Where a class writes, real or invented: nothing inside is touched, a version to revert to included."""
ANYWHERE = ("__pycache__", ".ipynb_checkpoints", "*.egg-info")


def main(root: Path = ROOT) -> None:
    refuse_under_students(root, "would be removed", "Nothing was removed")
    kept = {root / name for name in KEPT}
    for name in AT_THE_TOP:
        remove(root / name, kept)
    for pattern in ANYWHERE:
        for folder in list(root.rglob(pattern)):
            # in the own folders lies what a learner can revert to
            if folder.parent.name not in OWN.values() and kept.isdisjoint(folder.parents):
                remove(folder, kept)


def remove(path: Path, kept: Set[Path]) -> None:
    """Remove a link or a folder, and leave those that are kept, with the folders that they lie in."""
    if path.is_symlink():
        path.unlink()
    elif path in kept or not path.is_dir():
        return
    elif any(path in one.parents and one.exists() for one in kept):
        for inside in path.iterdir():
            if inside.is_dir():
                remove(inside, kept)
            else:
                inside.unlink()
    else:
        shutil.rmtree(path)


if __name__ == "__main__":
    main()
