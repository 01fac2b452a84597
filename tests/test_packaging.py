"""The four lists of what the course needs agree, and what is built from the tree is the library and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from email.parser import BytesParser
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml
from notebook_guards import link_targets
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.txt").read_text(encoding="utf-8")
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
CONDA_NAMES = {"matplotlib-base": "matplotlib"}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SYSTEMS = (("linux", "posix", "Linux"), ("darwin", "posix", "Darwin"), ("win32", "nt", "Windows"))


def parse(lines: list[str]) -> dict[str, Requirement]:
    return {canonicalize_name(one.name): one for one in map(Requirement, lines)}


DEFAULT = parse(PROJECT["project"]["dependencies"])
EXTRAS = {name: parse(lines) for name, lines in PROJECT["project"]["optional-dependencies"].items()}
BUILD = parse(PROJECT["build-system"]["requires"])
PINS = [Requirement(line) for line in LOCK.splitlines() if line and not line.startswith((" ", "#"))]
IN_CONDA = {
    CONDA_NAMES.get(name, name): one
    for name, one in parse([line for line in CONDA["dependencies"] if isinstance(line, str)]).items()
}


@pytest.mark.parametrize("name", DEFAULT)
def test_environment_yml_has_each_default_package_within_the_same_bounds(name: str) -> None:
    assert IN_CONDA[name].specifier == DEFAULT[name].specifier


def test_environment_yml_has_nothing_that_the_course_does_not_name() -> None:
    named = DEFAULT | EXTRAS["dev"]
    for name, one in IN_CONDA.items():
        if name not in ("python", "pip"):
            assert one.specifier == named[name].specifier, name


def test_environment_yml_bounds_every_package_and_says_why_it_is_there() -> None:
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    entries = [
        line for line in text.split("dependencies:")[1].splitlines() if line.strip() != "- pip:" and line.strip()
    ]
    assert len(entries) == len(CONDA["dependencies"])
    assert all(re.search(r"\S # \w", entry) for entry in entries)
    unbounded = {name for name, one in IN_CONDA.items() if not {">=", "<"} <= {part.operator for part in one.specifier}}
    assert unbounded == {"pip"}


def test_environment_yml_installs_the_course_itself() -> None:
    assert {"pip": ["-e ."]} in CONDA["dependencies"]
    assert CONDA["name"] == PROJECT["project"]["name"]


def test_every_list_names_the_same_pythons() -> None:
    assert IN_CONDA["python"].specifier == Requirement("python>=3.11,<3.15").specifier
    assert PROJECT["project"]["requires-python"] == f">={PYTHONS[0]}"
    classifiers = PROJECT["project"]["classifiers"]
    assert [c.rpartition(" ")[2] for c in classifiers if "Python ::" in c] == list(PYTHONS)
    matrix = workflow()["strategy"]["matrix"]
    assert matrix["python"] == list(PYTHONS)


def test_every_dependency_has_a_lower_and_an_upper_bound() -> None:
    for name, one in (DEFAULT | BUILD | {k: v for extra in EXTRAS.values() for k, v in extra.items()}).items():
        assert {">=", "<"} == {part.operator for part in one.specifier}, name


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system[2])
def test_lock_pins_every_dependency_and_extra_within_its_bounds(python: str, system: tuple[str, str, str]) -> None:
    environment = environment_of(python, system)
    pins = [pin for pin in PINS if pin.marker is None or pin.marker.evaluate(environment)]
    pinned = {canonicalize_name(pin.name): pin for pin in pins}
    assert len(pins) == len(pinned), "one package is pinned twice"
    for name, one in (DEFAULT | BUILD | {k: v for extra in EXTRAS.values() for k, v in extra.items()}).items():
        if one.marker is None or one.marker.evaluate(environment):
            assert one.specifier.contains(exact(pinned[name])), name


def environment_of(python: str, system: tuple[str, str, str]) -> dict[str, str]:
    platform, os_name, platform_system = system
    return dict(default_environment()) | {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "sys_platform": platform,
        "os_name": os_name,
        "platform_system": platform_system,
    }


def exact(pin: Requirement) -> str:
    (part,) = pin.specifier
    assert part.operator == "=="
    return part.version


def test_lock_pins_one_version_of_each_package_for_every_platform() -> None:
    names = [canonicalize_name(pin.name) for pin in PINS]
    assert len(names) == len(set(names))


def test_lock_pins_nothing_that_nobody_asked_for() -> None:
    """Each pin says who asked for it: this project, a platform's constraint, or another pin."""
    known = {canonicalize_name(pin.name) for pin in PINS} | {PROJECT["project"]["name"]}
    for block in re.split(r"\n(?=\S)", LOCK.split("make lock\n")[1].strip()):
        pin, *comments = block.splitlines()
        askers = {word for line in comments for word in re.findall(r"^    #(?: via)?\s+([\w.-]+)", line)} - {
            "-c",
            "via",
        }
        assert askers, f"{pin} is asked for by nobody"
        assert {canonicalize_name(asker) for asker in askers} <= known, pin


def test_lock_names_no_host_and_no_place_on_a_machine() -> None:
    assert not re.search(r"://|--|(^|\s)-[a-z] [^(]|file:|\\|\.\./|^\s*#?\s*/", LOCK, re.MULTILINE)


def workflow() -> dict:
    return yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))["jobs"]["checks"]


def test_every_platform_runs_the_commands_that_contributors_run() -> None:
    assert workflow()["strategy"]["matrix"]["os"] == ["ubuntu-latest", "macos-latest", "windows-latest"]
    commands = {step["run"] for step in workflow()["steps"] if "run" in step and "choco" not in step["run"]}
    assert commands == {".ci/run", "make lint test"}
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert "set -euo pipefail" in script
    assert script.endswith("export REQUIRE_BROWSER=1\nmake lint\nmake test\n")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_wheel_holds_the_library_with_its_data_and_types_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    built = {name for name in wheel.namelist() if ".dist-info/" not in name}
    kinds = (".py", ".csv", ".css", ".js", ".typed")
    tree = {p.relative_to(ROOT).as_posix() for p in (ROOT / "course_lib").rglob("*") if p.suffix in kinds}
    assert any(name.startswith("course_lib/data/") and name.endswith(".csv") for name in built)
    assert "course_lib/py.typed" in built
    assert built == tree | {name for name in built if name.startswith("course_lib/data/")}
    assert not any("test" in Path(name).parts for name in built)


def test_wheel_asks_for_no_more_than_the_default_set(wheel: zipfile.ZipFile) -> None:
    (name,) = [name for name in wheel.namelist() if name.endswith("METADATA")]
    asked = BytesParser().parsebytes(wheel.read(name)).get_all("Requires-Dist")
    plain = parse([line for line in asked if "extra ==" not in line])
    assert {name: one.specifier for name, one in plain.items()} == {n: one.specifier for n, one in DEFAULT.items()}


@pytest.mark.parametrize("name", sorted(path.name for path in ROOT.glob("*.md")))
def test_every_link_of_a_page_at_the_top_leads_somewhere(name: str) -> None:
    targets = [target for target in link_targets((ROOT / name).read_text(encoding="utf-8")) if "://" not in target]
    missing = [target for target in targets if not (ROOT / unquote(target.partition("#")[0])).exists()]
    assert not missing


def test_both_licences_are_there() -> None:
    assert "MIT License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "https://creativecommons.org/licenses/by/4.0/" in (ROOT / "notebooks/LICENSE").read_text(encoding="utf-8")
