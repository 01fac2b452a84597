"""Build the course as a folder that runs in any browser: `make_site.py [--wheels FOLDER]`, into `build/site`.

It needs no server but one that hands out files, and asks no other host for anything.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from classroom.environment import ROOT
from classroom.site import lite, pages, python

SITE = ROOT / "build" / "site"


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the course as a folder that runs in any browser.")
    parser.add_argument("--wheels", type=Path, help="a folder that has Pyodide's wheels")
    chosen = parser.parse_args()
    build(SITE, chosen.wheels)
    size = sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file())
    print(f"{SITE.relative_to(ROOT)} ({size / 1e6:.0f} MB)")


def build(folder: Path, wheels: Path | None = None) -> None:
    """Write the whole site into `folder`, in place of what is there."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent) as place:
        new = Path(place) / "site"
        packages = python.lay(Path(place) / "pyodide", wheels)
        (Path(place) / "lite").mkdir()
        lite.build(new, Path(place) / "lite", packages)
        shutil.move(Path(place) / "pyodide", new / "static" / "pyodide")
        pages.finish(new)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.move(new, folder)


if __name__ == "__main__":
    main()
