"""The course's own Python in `.venv`, the site's in `.venv-site`, the hub's in `.venv-hub`: made, kept up to date, run.

This file uses the standard library alone, and only syntax that an old Python can read, so that an old Python is told in
one sentence that it is too old.
"""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

OLDEST = (3, 11)
NEWEST_TESTED = (3, 14)
ROOT = Path(__file__).resolve().parents[2]
VENV = ".venv"
APART = {"site": ".venv-site", "hub": ".venv-hub"}
"""Extras with an environment of their own: what `site` brings for JupyterLab, JupyterLab would load and complain of;
what `hub` brings, no laptop needs."""


def venv_for(extras: "Iterable[str]") -> str:
    """Return the name of the environment that holds these extras."""
    return next((APART[extra] for extra in extras if extra in APART), VENV)


def ensure(extras: "Iterable[str]" = (), root: Path = ROOT, call: "Callable[..., int]" = subprocess.call) -> None:
    """Make the environment hold the course with `extras`, or exit with one sentence that says what is wrong."""
    refuse_an_unfit_python()
    if is_current(extras, root):
        return
    venv = venv_for(extras)
    refuse_to_change_what_students_run(root, venv)
    python = make_venv_with_uv(root, call, venv)
    extras = sorted(set(extras) | set(read_stamp(root, venv).get("extras", [])))
    print(f"Installing the course and what it needs into {venv} (once, and again when the lock changes)", flush=True)
    lock = str(root / "requirements.txt")
    install = [python, "-m", "uv", "pip", "install", "--compile-bytecode", "--python", python, "--constraints", lock]
    install += ["--build-constraints", lock, "--editable", f".[{','.join(extras)}]" if extras else "."]
    if call(install, cwd=str(root)) != 0:
        sys.exit("The course could not be installed; the lines above say why. Is this machine online?")
    stamp_path(root, venv).write_text(json.dumps(fingerprint(extras, root)), encoding="utf-8")


def make_venv_with_uv(root: Path = ROOT, call: "Callable[..., int]" = subprocess.call, venv: str = VENV) -> str:
    """Make the environment unless a working one is there, put the pinned `uv` into it, and return its Python."""
    refuse_an_unfit_python()
    python = str(venv_python(root, venv))
    works = f"import pip, sys; sys.exit(sys.version_info < {OLDEST})"
    if not os.path.exists(python) or call([python, "-c", works], stderr=subprocess.DEVNULL) != 0:
        print(f"Making the course's own Python environment in {venv}", flush=True)
        if call([sys.executable, "-m", "venv", "--clear", str(root / venv)]) != 0:
            sys.exit(f"Python could not make {venv}; its own words stand above.")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"uv=={pinned_uv(root)}"]
    if call(pip) != 0:
        sys.exit("uv, which installs the course, could not be had; the lines above say why. Is this machine online?")
    return python


def refuse_to_change_what_students_run(root: Path, venv: str) -> None:
    """Exit with a sentence where a hub or a student's server runs from an environment that others are to be put into.

    What it imports from then on would be of another version than what it has.
    """
    if venv == APART["hub"]:
        refuse_under_students(root, "needs other packages now", "No package was changed")


def refuse_under_students(root: Path, why: str, spared: str) -> None:
    """Exit with a sentence where a hub or a student's server runs from the hub's environment."""
    running = processes_of(root / APART["hub"])
    if running:
        some = ", ".join(map(str, running[:5])) + (", …" if running[5:] else "")
        sys.exit(
            f"{APART['hub']} {why}, and these processes run from it: {some}. {spared}. End the hub and the students' "
            "servers, run the command again, then `make hub`, and start the hub; deploy/hub/README.md has the lines, "
            "under *Update in the middle of a term*."
        )


def processes_of(venv: Path) -> "list[int]":
    """Return the numbers of the processes that were started by a program of an environment, where Linux tells.

    What counts is where the program lies, by whatever links it was reached; the program itself is a link to a Python
    that others have too.
    """
    programs = os.path.realpath(str(venv / "bin"))
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            folder = os.path.dirname(os.fsdecode((process / "cmdline").read_bytes().split(b"\0")[0]))
            if folder and not os.path.isabs(folder):
                folder = os.path.join(os.readlink(str(process / "cwd")), folder)
            found += [int(process.name)] if folder and os.path.realpath(folder) == programs else []
        except OSError:
            continue  # it ended meanwhile, or is somebody else's
    return sorted(found)


def refuse_an_unfit_python() -> None:
    if sys.version_info < OLDEST:
        sys.exit(too_old_sentence())
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        sys.exit(
            "This Python has no venv module: on Debian or Ubuntu install it with "
            f"'sudo apt install {package}', then run the command again."
        )


def too_old_sentence() -> str:
    name = os.path.basename(sys.executable) or "yours"
    has = f"{name} is Python {sys.version_info[0]}.{sys.version_info[1]}"
    sentence = f"This course needs Python {OLDEST[0]}.{OLDEST[1]} or newer, and {has}: "
    newer = [f"python3.{minor}" for minor in range(NEWEST_TESTED[1], OLDEST[1] - 1, -1)]
    found = [name for name in newer if shutil.which(name)]
    if found:
        return sentence + f"{found[0]} is on this machine too, so add PYTHON={found[0]} to the make command."
    return sentence + "install a newer one, then add PYTHON=/path/to/it to the make command."


def is_current(extras: "Iterable[str]", root: Path = ROOT) -> bool:
    venv = venv_for(extras)
    stamp = read_stamp(root, venv)
    held = stamp.get("extras", [])
    return set(extras) <= set(held) and venv_python(root, venv).exists() and stamp == fingerprint(held, root)


def fingerprint(extras: "Iterable[str]", root: Path) -> "dict[str, object]":
    """Say by content, never by date, what was installed, from where, and on which Python."""
    content = hashlib.sha256()
    for name in ("pyproject.toml", "requirements.txt"):
        content.update((root / name).read_bytes().replace(b"\r\n", b"\n"))
    return {
        "content": content.hexdigest(),
        "extras": sorted(extras),
        "python": os.path.realpath(str(venv_python(root, venv_for(extras)))),
        "root": str(root),
    }


def stamp_path(root: Path, venv: str = VENV) -> Path:
    return root / venv / "course-installed.json"


def read_stamp(root: Path, venv: str = VENV) -> "dict[str, Any]":
    try:
        return dict(json.loads(stamp_path(root, venv).read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError):
        return {}


def venv_python(root: Path = ROOT, venv: str = VENV) -> Path:
    return root / venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def pinned_uv(root: Path) -> str:
    found = re.search(r"^uv==(\S+)", (root / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        sys.exit("requirements.txt does not pin uv, which installs the course.")
    return found.group(1)


def run(arguments: "Sequence[str]", root: Path = ROOT, venv: str = VENV) -> NoReturn:
    """Become the environment's Python with `arguments`, or on Windows, where no process can, wait for it."""
    command = [str(venv_python(root, venv)), *arguments]
    if os.name != "nt":
        os.execv(command[0], command)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(subprocess.call(command))
