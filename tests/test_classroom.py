"""What the commands share is imported as any package is: nothing happens at import, nothing is left changed after."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from classroom.gradebook import programs_of_this_environment
from classroom.run_one import without

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / "tools"
MODULES = sorted(path.stem for path in (TOOLS / "classroom").glob("*.py") if path.stem != "__init__")
IMPORT = f"""
import importlib, os, sys
before = os.environ["PATH"], sys.path[:2]
for name in {MODULES}:
    importlib.import_module(f"classroom.{{name}}")
    assert (os.environ["PATH"], sys.path[:2]) == before, name
    assert [name for name, module in sys.modules.items() if module is None] == [], name
"""


def run(script: str) -> str:
    """Run a script in a new Python that has the commands' folder on its path, and return what it prints."""
    environment = os.environ | {"PYTHONPATH": str(TOOLS)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_no_import_changes_which_programs_and_modules_are_found() -> None:
    assert run(IMPORT) == ""


def test_no_file_changes_where_python_looks_or_imports_by_path() -> None:
    files = [path for folder in ("tools", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    changes = [f"sys.path{how}" for how in (".insert(", ".append(", ".extend(", " +", "[")]
    games = [*changes, "spec_from_file_location", "SourceFileLoader"]
    sources = {path.name: path.read_text(encoding="utf-8") for path in files if path != Path(__file__)}
    assert [name for name, source in sources.items() for game in games if game in source] == []


@pytest.mark.parametrize("before", [None, "", "somewhere"])
def test_programs_are_found_in_this_environment_first_and_only_meanwhile(
    before: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PATH", raising=False)
    if before is not None:
        monkeypatch.setenv("PATH", before)
    with programs_of_this_environment():
        assert os.environ["PATH"].split(os.pathsep) == [str(Path(sys.executable).parent), before or ""]
    assert os.environ.get("PATH") == before


WITHOUT = """
from classroom.run_one import without
with without("colorsys"):
    try:
        import colorsys
    except ImportError:
        print("not found")
import colorsys
print(colorsys.rgb_to_hsv(0, 0, 0))
"""


def test_a_module_that_is_done_without_is_there_again_afterwards() -> None:
    assert run(WITHOUT) == "not found\n(0.0, 0.0, 0)\n"
    with without("json"):  # what is loaded already stays
        import json

        assert json.loads("1") == 1
    assert sys.modules["json"] is json
