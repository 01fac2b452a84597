"""What the browser's site is made of: files by their hash alone, the course's wheel, notebooks that stay clean."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import nbformat
import pytest
from classroom.site import lite, parts, python
from classroom.site.parts import Part

ROOT = Path(__file__).resolve().parent.parent


def part(content: bytes, name: str = "numpy") -> Part:
    return Part(name, "1", f"{name}-1-py3-none-any.whl", hashlib.sha256(content).hexdigest())


def never(parts: Sequence[Part], into: Path) -> None:
    raise AssertionError("this place was asked, and need not have been")


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    (tmp_path / "wheels").mkdir()
    return tmp_path / "wheels"


def test_a_file_with_another_hash_stops_the_build_with_its_name_and_both_hashes(tmp_path: Path, wheels: Path) -> None:
    wanted = part(b"the right one")
    (wheels / wanted.file).write_bytes(b"another one")
    with pytest.raises(SystemExit) as stopped:
        parts.gather([wanted], [("the folder", parts.folder_of(wheels))], tmp_path / "cache")
    said = str(stopped.value)
    assert wanted.file in said
    assert wanted.sha256 in said
    assert hashlib.sha256(b"another one").hexdigest() in said
    assert not list((tmp_path / "cache").rglob("*.whl"))


def test_a_file_that_is_nowhere_stops_the_build_with_the_places_that_were_asked(tmp_path: Path, wheels: Path) -> None:
    with pytest.raises(SystemExit, match=r"numpy-1-py3-none-any\.whl: wanted sha256 .*, found in none of the folder"):
        parts.gather([part(b"x")], [("the folder", parts.folder_of(wheels))], tmp_path / "cache")


def test_the_next_place_is_asked_where_the_first_has_another_file(tmp_path: Path, wheels: Path) -> None:
    wanted = part(b"the right one")
    (wheels / wanted.file).write_bytes(b"another one")
    right = tmp_path / "right"
    right.mkdir()
    (right / wanted.file).write_bytes(b"the right one")
    places = [("one", parts.folder_of(wheels)), ("two", parts.folder_of(right)), ("three", never)]
    found = parts.gather([wanted], places, tmp_path / "cache")
    assert found["numpy"].read_bytes() == b"the right one"


def test_a_second_build_asks_no_place_unless_the_cache_was_spoilt(tmp_path: Path, wheels: Path) -> None:
    wanted, cache = part(b"the right one"), tmp_path / "cache"
    (wheels / wanted.file).write_bytes(b"the right one")
    place = parts.gather([wanted], [("the folder", parts.folder_of(wheels))], cache)["numpy"]
    assert parts.gather([wanted], [("nobody", never)], cache) == {"numpy": place}
    place.write_bytes(b"spoilt")
    assert parts.gather([wanted], [("the folder", parts.folder_of(wheels))], cache) == {"numpy": place}
    assert place.read_bytes() == b"the right one"


def test_every_pure_wheel_is_pinned_by_its_hash() -> None:
    lines = [line for line in parts.PURE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert [f"{one.name}=={one.version}" for one in parts.pure()] == [line.split()[0] for line in lines]
    assert len({one.sha256 for one in parts.pure()}) == len(lines)


def test_the_widgets_in_the_browser_are_those_of_the_lock() -> None:
    """The page's half of a widget comes from this environment, the kernel's half from the list."""
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    for one in parts.pure():
        if one.name in ("ipywidgets", "comm"):
            assert f"{one.name}=={one.version}" in lock


def test_the_course_wheel_holds_the_whole_library() -> None:
    name, content = python.wheel(python.COURSE, python.course_version(), python.course_files())
    held = set(zipfile.ZipFile(io.BytesIO(content)).namelist())
    tree = {path.relative_to(ROOT).as_posix() for path in (ROOT / "course_lib").rglob("*") if path.is_file()}
    assert {one for one in tree if "__pycache__" not in one} <= held
    assert name == f"training_cost_course-{python.course_version()}-py3-none-any.whl"


def test_the_course_wheel_changes_ends_of_lines_in_texts_alone(tmp_path: Path) -> None:
    for name in ("a.py", "b.npz"):
        (tmp_path / name).write_bytes(b"1\r\n2")
    files = python.course_files(tmp_path)
    assert [files[f"{tmp_path.name}/{name}"] for name in ("a.py", "b.npz")] == [b"1\n2", b"1\r\n2"]


def test_notebooks_name_the_browsers_kernel_and_are_else_the_courses(tmp_path: Path) -> None:
    lite.lay_notebooks(tmp_path)
    laid = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.ipynb"))
    assert len(laid) == 1 + 8 + 8  # the first page, lessons, exercises
    for place in laid:
        ours, theirs = (nbformat.read(root / place, as_version=4) for root in (ROOT, tmp_path))
        assert theirs.metadata.kernelspec == lite.KERNEL
        assert theirs.metadata.language_info == lite.LANGUAGE
        assert [cell.id for cell in theirs.cells] == [cell.id for cell in ours.cells]
        assert json.dumps([cell.source for cell in theirs.cells if cell.cell_type == "code"]) == json.dumps(
            [cell.source for cell in ours.cells if cell.cell_type == "code"]
        )
