"""What the site's Python is made of: which files, from where, each taken only if its sha256 is the wanted one.

A file is kept in a cache by its hash, so that a second build asks nobody. The places are asked in turn: the folder that
`WHEELS=` names, Pyodide's own address, and a package that bundles the same files; pure Python comes from the package
index, and Pyodide's core from npm. A file with another hash is never used: it is named with both hashes if no place has
the right one.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from classroom.environment import ROOT

CACHE = ROOT / "build" / "cache"
PYODIDE = "314.0.4"
CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
LOCK = "pyodide-lock.json"
OF_PYODIDE = (
    "contourpy", "cycler", "kiwisolver", "matplotlib", "micropip", "numpy", "packaging", "pillow", "pyparsing",
    "python-dateutil", "six",
)  # fmt: skip
"""Packages of the official distribution; matplotlib does without fonttools and pytz, which no lesson needs."""
BUNDLE, INSIDE_BUNDLE = "open-webui==0.12.4", "open_webui/frontend/pyodide/"
PURE = Path(__file__).with_name("pure.txt")
PURE_LINE = re.compile(r"(?P<name>[\w-]+)==(?P<version>\S+) --hash=sha256:(?P<sha256>[0-9a-f]{64})")
SECONDS = 60


@dataclass(frozen=True)
class Part:
    """One file that is wanted: the package that it is of, its name, and the only sha256 that it may have."""

    name: str
    version: str
    file: str
    sha256: str

    def place(self, cache: Path) -> Path:
        return cache / self.sha256[:16] / self.file


Place = Callable[[Sequence[Part], Path], None]
"""A place that files come from: it lays into a folder those of the wanted ones that it has."""

CORE_PART = Part(
    "pyodide",
    PYODIDE,
    f"pyodide-{PYODIDE}.tgz",
    "85d930cbff5bcf8bf8f5fb62d5b73d9a1e73f706a8a64c3e527ec980f1d32bd4",
)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def gather(parts: Sequence[Part], places: Sequence[tuple[str, Place]], cache: Path = CACHE) -> dict[str, Path]:
    """Return the place of each part by its package, from the cache or from the first place that has that very file."""
    refused: list[str] = []
    for called, place in places:
        missing = [part for part in parts if not held(part, cache)]
        if not missing:
            break
        with TemporaryDirectory() as name:
            folder = Path(name)
            place(missing, folder)
            for part in missing:
                found = folder / part.file
                if not found.exists():
                    continue
                if (digest := sha256(found)) == part.sha256:
                    keep(found, part.place(cache))
                else:
                    refused.append(f"{part.file} from {called}: wanted sha256 {part.sha256}, found {digest}")
    missing = [part for part in parts if not held(part, cache)]
    if missing:
        asked = ", ".join(called for called, _ in places)
        nowhere = [f"{part.file}: wanted sha256 {part.sha256}, found in none of {asked}" for part in missing]
        sys.exit("\n".join(["The site cannot be built:", *refused, *nowhere]))
    return {part.name: part.place(cache) for part in parts}


def held(part: Part, cache: Path) -> bool:
    place = part.place(cache)
    return place.exists() and sha256(place) == part.sha256


def keep(file: Path, place: Path) -> None:
    """Lay a file in its place as a whole or not at all."""
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f"{place.name}.new")
    shutil.copyfile(file, draft)
    draft.replace(place)


# The places


def folder_of(path: Path) -> Place:
    """Return a folder of this machine as a place."""

    def take(parts: Sequence[Part], into: Path) -> None:
        for part in parts:
            with suppress(FileNotFoundError):
                shutil.copyfile(path / part.file, into / part.file)

    return take


def from_the_distribution(parts: Sequence[Part], into: Path) -> None:
    """Take files from Pyodide's own address; after one that cannot be reached no other is tried."""
    from jupyterlite_pyodide_kernel.constants import PYODIDE_CDN_URL

    for part in parts:
        try:
            with urllib.request.urlopen(f"{PYODIDE_CDN_URL}/{part.file}", timeout=SECONDS) as answer:
                (into / part.file).write_bytes(answer.read())
        except OSError:
            return


def from_the_bundle(parts: Sequence[Part], into: Path) -> None:
    """Take files from inside a package that bundles Pyodide's."""
    with TemporaryDirectory() as name:
        download([BUNDLE], Path(name))
        for wheel in Path(name).glob("*.whl"):
            with zipfile.ZipFile(wheel) as bundle:
                for part in parts:
                    with suppress(KeyError):
                        (into / part.file).write_bytes(bundle.read(INSIDE_BUNDLE + part.file))


def from_the_index(parts: Sequence[Part], into: Path) -> None:
    """Take pure Python wheels from the package index."""
    download([f"{part.name}=={part.version}" for part in parts], into)


def download(wanted: list[str], into: Path) -> None:
    pure = ["--only-binary", ":all:", "--implementation", "py", "--abi", "none", "--platform", "any"]
    options = ["--quiet", "--quiet", "--disable-pip-version-check", "--no-deps", "--ignore-requires-python", *pure]
    subprocess.run([sys.executable, "-m", "pip", "download", *options, "--dest", str(into), *wanted], check=False)


def from_npm(parts: Sequence[Part], into: Path) -> None:
    """Take Pyodide's core, which is a package of npm."""
    npm = shutil.which("npm")
    if npm is None:
        print("There is no npm, which comes with Node.js and brings Pyodide.", file=sys.stderr)
        return
    for part in parts:
        command = [npm, "pack", "--silent", f"{part.name}@{part.version}", "--pack-destination", str(into)]
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL)


# All of it


def core(wheels: Path | None, cache: Path = CACHE) -> dict[str, bytes]:
    """Return the files of Pyodide's core, and its lock, by name."""
    places = [*local(wheels), ("npm", from_npm)]
    archive = gather([CORE_PART], places, cache)["pyodide"]
    with tarfile.open(archive) as tar:
        return {name: tar.extractfile(f"package/{name}").read() for name in (*CORE, LOCK)}  # type: ignore[union-attr]


def official(lock: dict[str, Any]) -> list[Part]:
    """Return the wheels that the official lock names."""
    entries = [lock["packages"][name] for name in OF_PYODIDE]
    return [
        Part(name, one["version"], one["file_name"], one["sha256"])
        for name, one in zip(OF_PYODIDE, entries, strict=True)
    ]


def pure(lines: str = PURE.read_text(encoding="utf-8")) -> list[Part]:
    """Return the pure wheels of a list of pins."""

    def file(one: re.Match[str]) -> str:
        return f"{one['name'].replace('-', '_')}-{one['version']}-py3-none-any.whl"

    return [Part(one["name"], one["version"], file(one), one["sha256"]) for one in PURE_LINE.finditer(lines)]


def wheels_of(lock: dict[str, Any], wheels: Path | None, cache: Path = CACHE) -> dict[str, Path]:
    """Return every wheel that is not the course's own, by package."""
    distribution = [("Pyodide's address", from_the_distribution), ("the package " + BUNDLE, from_the_bundle)]
    found = gather(official(lock), [*local(wheels), *distribution], cache)
    return found | gather(pure(), [*local(wheels), ("the package index", from_the_index)], cache)


def local(wheels: Path | None) -> Iterator[tuple[str, Place]]:
    if wheels is not None:
        yield str(wheels), folder_of(wheels)
