"""The site's Python, its folder `static/pyodide`: Pyodide's core, the wheels, and the lock that names them."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from classroom.environment import ROOT
from classroom.site import parts
from classroom.site.compiled import WHEN

HERE = Path(__file__).parent
COURSE = "training-cost-course"
OF_THE_KERNEL = ("ipykernel", "piplite", "pyodide-kernel")
"""What the kernel's own package brings as wheels."""
ABSENT = "jedi"
"""The kernel insists on this package, and IPython does well without it: an empty wheel stands for it."""


def lay(folder: Path, wheels: Path | None = None, cache: Path = parts.CACHE) -> list[str]:
    """Lay Python and all its packages into the folder, compiled, and return the packages' names.

    The lock's keys are the names that the kernel asks for: a wrong one leaves a dead kernel behind a good-looking page.
    """
    core = parts.core(wheels, cache)
    lock = json.loads(core[parts.LOCK])
    archives = {name: (path.name, path.read_bytes()) for name, path in parts.wheels_of(lock, wheels, cache).items()}
    archives |= {name: (path.name, path.read_bytes()) for name, path in wheels_of_the_kernel().items()}
    archives |= {ABSENT: wheel(ABSENT, "0", {}), COURSE: wheel(COURSE, course_version(), course_files())}
    compiled = compile_all(core, dict(archives.values()) | {"python_stdlib.zip": core["python_stdlib.zip"]}, cache)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (core | compiled).items():
        (folder / name).write_bytes(content)
    known = lock["packages"]
    entries = {name: entry(name, file, compiled[file], known.get(name)) for name, (file, _) in archives.items()}
    lock["packages"] = dict(sorted(entries.items()))
    (folder / parts.LOCK).write_text(json.dumps(lock, indent=1), encoding="utf-8")
    return sorted(entries)


def entry(name: str, file: str, content: bytes, official: dict[str, Any] | None) -> dict[str, Any]:
    """Return a package as a lock has it; each is asked for by name, so none needs to bring another."""
    made = official or {"name": name, "version": file.split("-")[1], "install_dir": "site", "imports": []}
    made |= {"package_type": "package", "unvendored_tests": False, "depends": [], "file_name": file}
    return made | {"sha256": hashlib.sha256(content).hexdigest()}


def wheels_of_the_kernel() -> dict[str, Path]:
    """Return the wheels that the kernel's package has installed beside its scripts."""
    extension = Path(sys.prefix) / "share/jupyter/labextensions/@jupyterlite/pyodide-kernel-extension"
    found = {path.name.split("-")[0].replace("_", "-"): path for path in (extension / "static/pypi").glob("*.whl")}
    return {name: found[name] for name in OF_THE_KERNEL}


def course_version() -> str:
    import tomllib

    return str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def course_files(library: Path = ROOT / "course_lib") -> dict[str, bytes]:
    """Return the library's files by the place that they have in a wheel, texts with the same ends of lines anywhere."""
    found = [path for path in sorted(library.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    return {path.relative_to(library.parent).as_posix(): _content(path) for path in found}


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    return content if path.suffix == ".npz" else content.replace(b"\r\n", b"\n")


def wheel(name: str, version: str, files: dict[str, bytes]) -> tuple[str, bytes]:
    """Return a wheel of these files: its name and its content."""
    stem = f"{name.replace('-', '_')}-{version}"
    about = {
        f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: course\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for place, content in (files | {place: text.encode() for place, text in about.items()}).items():
            archive.writestr(zipfile.ZipInfo(place, WHEN), content, zipfile.ZIP_DEFLATED)
    return f"{stem}-py3-none-any.whl", made.getvalue()


# Compiling, once for each content


def compile_all(core: dict[str, bytes], archives: dict[str, bytes], cache: Path) -> dict[str, bytes]:
    """Return the archives with their modules compiled, by name; those that were compiled before come from the cache."""
    script = (HERE / "compiled.py").read_bytes()
    keys = {name: hashlib.sha256(script + core["pyodide.asm.wasm"] + content) for name, content in archives.items()}
    places = {name: cache / "compiled" / key.hexdigest()[:16] / name for name, key in keys.items()}
    waiting = {name: content for name, content in archives.items() if not places[name].exists()}
    if waiting:
        with TemporaryDirectory() as place:
            folders = {kind: Path(place, kind) for kind in ("core", "from", "to")}
            for folder, files in (("core", core), ("from", waiting), ("to", {})):
                folders[folder].mkdir()
                for name, content in files.items():
                    (folders[folder] / name).write_bytes(content)
            run_in_node(folders["core"], folders["from"], folders["to"])
            for name in waiting:
                parts.keep(folders["to"] / name, places[name])
    return {name: place.read_bytes() for name, place in places.items()}


def run_in_node(core: Path, before: Path, after: Path) -> None:
    node = shutil.which("node")
    if node is None:
        sys.exit("The site cannot be built: there is no Node.js, in which Pyodide compiles Python.")
    command = [node, str(HERE / "compile.mjs"), core.as_posix(), str(HERE / "compiled.py"), str(before), str(after)]
    if subprocess.run(command, stdout=sys.stderr).returncode:
        sys.exit("The site cannot be built: Pyodide could not compile its packages; its own words stand above.")
