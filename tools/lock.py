"""Write `requirements.txt` from `pyproject.toml`, a pin for each package, and prove that every platform can install it.

Options are handed to `uv pip compile`: `--upgrade` takes the newest versions, `--upgrade-package NAME` one of them;
without either, a pin changes only where `pyproject.toml` asks for it.
"""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product

from classroom.environment import ROOT, make_venv_with_uv

LOCK = "requirements.txt"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = (
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "aarch64-apple-darwin",
    "x86_64-apple-darwin",
    "x86_64-pc-windows-msvc",
)
COMPILE = [
    "-m",
    "uv",
    "pip",
    "compile",
    "pyproject.toml",
    "--all-extras",
    "--no-emit-index-url",
    "--no-python-downloads",
]


def main() -> None:
    python = make_venv_with_uv()
    universal = ["--universal", "--python-version", PYTHONS[0], "--fork-strategy", "fewest"]
    same_header = ["--custom-compile-command", "make lock"]
    command = [python, *COMPILE, *universal, *same_header, "--quiet", "-o", LOCK, *sys.argv[1:]]
    if subprocess.call(command, cwd=ROOT) != 0:
        sys.exit(f"{LOCK} was not written; the lines above say why.")
    with ThreadPoolExecutor(max_workers=8) as pool:
        complaints = [*filter(None, pool.map(lambda where: why_not(python, *where), product(PYTHONS, PLATFORMS)))]
    if complaints:
        sys.exit("\n".join(complaints))
    print(f"{LOCK}: every pin has a wheel for Python {', '.join(PYTHONS)} on {', '.join(PLATFORMS)}")


def why_not(python: str, version: str, platform: str) -> str | None:
    """Return what keeps the lock from being installed, from wheels alone, on that platform, or None."""
    only_wheels = ["--python-version", version, "--python-platform", platform, "--only-binary", ":all:"]
    command = [python, *COMPILE, *only_wheels, "--constraints", LOCK, "--no-header"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if found.returncode == 0:
        return None
    return f"{LOCK} cannot be installed with Python {version} on {platform}:\n{found.stderr}"


if __name__ == "__main__":
    main()
