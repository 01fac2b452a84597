"""Imports go down only and never round, every topic has its places, and every file belongs to somebody."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from layers import CELLS, TOPICS, both, circles, heavy_arrows, missing, places, unexplained, wrong_arrows

import course_lib

ROOT = Path(__file__).resolve().parent.parent
CHECKS = (wrong_arrows, heavy_arrows, circles, missing, both, unexplained)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_tree_keeps_to_its_plan(check: Callable[[Path], list[str]]) -> None:
    complaints = check(ROOT)
    assert not complaints, "\n".join(["", *complaints])


# Each check refuses what it is there for: a small tree that is as it should be, with one thing wrong.


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Path]:
    """Make a tree of empty files in all the right places, with the given ones written over or beside them."""
    for _, place in places():
        write(tmp_path, place if "." in place else f"{place}.py", "")
    for place in (
        "course_lib/__init__.py",
        "course_lib/memory/__init__.py",
        "tools/classroom/cells.py",
        "tools/mark.py",
    ):
        write(tmp_path, place, "")
    (tmp_path / "course_lib/memory.py").unlink()

    def change(files: dict[str, str]) -> Path:
        for place, text in files.items():
            write(tmp_path, place, text)
        return tmp_path

    return change


def write(root: Path, place: str, text: str) -> None:
    (root / place).parent.mkdir(parents=True, exist_ok=True)
    (root / place).write_text(text, encoding="utf-8")


def test_a_tree_as_it_should_be_is_not_complained_of(tree: Callable[..., Path]) -> None:
    root = tree(
        {
            "course_lib/_arguments.py": "import numpy\n",
            "course_lib/catalog.py": "from course_lib import _arguments\n",
            "course_lib/memory/__init__.py": "from course_lib.memory.setup import fits\n",
            "course_lib/memory/setup.py": "from course_lib import catalog\nfrom course_lib.compute_cost import x\n",
            "course_lib/questions/kinds.py": "from course_lib.questions import limits\n",
            "course_lib/questions/limits.py": "import course_lib\n",
            "course_lib/explorers/memory/view.py": "from course_lib.memory import fits\n",
            "course_lib/explorers/memory/picture.py": "import matplotlib\nfrom . import view\n",
            "course_lib/explorers/memory/explorer.py": "import ipywidgets\nfrom .picture import MemoryPicture\n",
            "tools/classroom/cells.py": "from course_lib.questions import memory\n",
            "tools/mark.py": "from classroom.cells import name\nimport matplotlib.figure\n",
        }
    )
    (root / "course_lib/explorers/memory.py").unlink()
    assert [complaint for check in (wrong_arrows, heavy_arrows, circles, both) for complaint in check(root)] == []


@pytest.mark.parametrize(
    ("place", "text", "complaint"),
    [
        (
            "course_lib/scaling.py",
            "\nfrom course_lib.questions.scaling import best\n",
            "course_lib/scaling.py:2 imports course_lib.questions.scaling: "
            "arrows go down only, from topics never to questions",
        ),
        (
            "course_lib/catalog.py",
            "def read():\n    from course_lib import units\n",
            "course_lib/catalog.py:2 imports course_lib.units: arrows go down only, from catalog never to topics",
        ),
        (
            "course_lib/memory/setup.py",
            "from ..questions import memory\n",
            "course_lib/memory/setup.py:1 imports course_lib.questions.memory: "
            "arrows go down only, from topics never to questions",
        ),
        (
            "course_lib/checks.py",
            "import course_lib.explorers.units\n",
            "course_lib/checks.py:1 imports course_lib.explorers.units: "
            "arrows go down only, from explorers, checks never to explorers, checks",
        ),
        (
            "course_lib/explorers/units.py",
            "from course_lib.explorers.scaling import curve\n",
            "course_lib/explorers/units.py:1 imports course_lib.explorers.scaling: "
            "an explorer never imports another's, and what they share imports none",
        ),
        (
            "course_lib/explorers/base.py",
            "from course_lib.explorers import scaling\n",
            "course_lib/explorers/base.py:1 imports course_lib.explorers.scaling: "
            "an explorer never imports another's, and what they share imports none",
        ),
        (
            "course_lib/units.py",
            "import mark\n",
            "course_lib/units.py:1 imports mark: arrows go down only, from topics never to commands",
        ),
        (
            "tools/classroom/cells.py",
            "from mark import points\n",
            "tools/classroom/cells.py:1 imports mark: arrows go down only, from classroom never to commands",
        ),
        ("tools/release.py", "import mark\n", "tools/release.py:1 imports mark: a command is imported by nobody"),
        (
            "course_lib/__init__.py",
            "from course_lib import units\n",
            "course_lib/__init__.py:1 imports course_lib.units: the package itself imports nothing",
        ),
        ("course_lib/memory_advice.py", "", "course_lib/memory_advice.py: no layer knows this module"),
    ],
)
def test_an_arrow_up_or_sideways_is_named(tree: Callable[..., Path], place: str, text: str, complaint: str) -> None:
    assert wrong_arrows(tree({place: text})) == [complaint]


@pytest.mark.parametrize(
    ("place", "text", "complaint"),
    [
        (
            "course_lib/units.py",
            "def draw():\n    from matplotlib.figure import Figure\n",
            "course_lib/units.py:2 imports matplotlib.figure: "
            "topics, and what they and the questions stand on, are numbers and words alone",
        ),
        (
            "course_lib/explorers/plan/view.py",
            "from course_lib.explorers.picture import BLUE\n",
            "course_lib/explorers/plan/view.py:1 imports course_lib.explorers.picture: "
            "that brings in matplotlib, and a view is a pure function, without picture and widget",
        ),
        (
            "course_lib/explorers/plan/pictures.py",
            "import ipywidgets as widgets\n",
            "course_lib/explorers/plan/pictures.py:1 imports ipywidgets: a picture is drawn without any widget",
        ),
        (
            "course_lib/explorers/plan/bars.py",
            "import matplotlib; import ipywidgets\n",
            "course_lib/explorers/plan/bars.py:1 imports ipywidgets: a picture is drawn without any widget",
        ),
        (
            "course_lib/explorers/plan/picture.py",
            "from course_lib.explorers import base\n",
            "course_lib/explorers/plan/picture.py:1 imports course_lib.explorers.base: "
            "that brings in ipywidgets, and a picture is drawn without any widget",
        ),
    ],
)
def test_what_is_heavy_is_named_also_where_another_module_brings_it(
    tree: Callable[..., Path], place: str, text: str, complaint: str
) -> None:
    shared = {
        "course_lib/explorers/base.py": "import ipywidgets\n",
        "course_lib/explorers/picture.py": "import matplotlib\n",
    }
    assert heavy_arrows(tree({**shared, place: text})) == [complaint]


@pytest.mark.parametrize(
    ("files", "first"),
    [
        (
            {
                "course_lib/units.py": "from course_lib import scaling",
                "course_lib/scaling.py": "import course_lib.units",
            },
            {"course_lib.units", "course_lib.scaling"},
        ),
        (
            {
                "course_lib/memory/__init__.py": "from course_lib.memory.setup import fits\n",
                "course_lib/memory/setup.py": "from course_lib.memory import RECOMPUTE\n",
            },
            {"course_lib.memory", "course_lib.memory.setup"},
        ),
        (
            {
                "course_lib/memory/__init__.py": "from course_lib.memory.setup import fits\n",
                "course_lib/memory/setup.py": "from course_lib import units\n",
                "course_lib/units.py": "def size():\n    from course_lib.memory.words import GB\n",
                "course_lib/memory/words.py": "",
            },
            {"course_lib.memory", "course_lib.memory.setup", "course_lib.units"},
        ),
    ],
    ids=["two modules", "a package and its part", "by the package that a module lies in"],
)
def test_a_circle_is_named_with_its_lines(tree: Callable[..., Path], files: dict[str, str], first: set[str]) -> None:
    circle, *steps = circles(tree(files))
    assert set(circle.removeprefix("a circle: ").split(" -> ")) == first
    assert len(steps) == len(first)
    assert all(
        re.fullmatch(r"course_lib/\S+\.py:\d imports course_lib\.\S+: that closes a circle", one) for one in steps
    )


@pytest.mark.parametrize(
    "place",
    [
        "course_lib/memory_advice.py",
        "course_lib/explorers/bit_pattern.py",
        "course_lib/explorers/memory_view.py",
        "course_lib/questions/marks.py",
        "notebooks/08_more.ipynb",
        "notebooks/3_scaling.ipynb",
        "exercises/solutions/06_quantisation.ipynb",
        "tests/test_explorer_bits.py",
        "tests/test_memory_advice.py",
    ],
)
def test_a_file_that_no_row_explains_is_named(tree: Callable[..., Path], place: str) -> None:
    assert unexplained(tree({})) == []
    complaint = f"{place} is in no row of the table of topics and not among what is shared"
    assert unexplained(tree({place: ""})) == [complaint]


def test_what_lies_in_a_topics_folder_and_the_tests_of_its_parts_are_explained(tree: Callable[..., Path]) -> None:
    parts = ("course_lib/memory/advice.py", "course_lib/explorers/units/view.py", "course_lib/data/models.csv")
    tests = ("tests/test_memory_advice.py", "tests/test_explorer_units_view.py", "tests/test_make.py")
    assert unexplained(tree(dict.fromkeys([*parts, *tests], ""))) == []


def test_a_place_that_is_empty_or_taken_twice_is_named(tree: Callable[..., Path]) -> None:
    root = tree({"course_lib/explorers/units/view.py": ""})
    (root / "exercises/07_plan.ipynb").unlink()
    assert missing(root)[0] == "plan has no exercises/07_plan.ipynb"
    assert "course_lib/explorers/base.py is named as shared and is not there" in missing(root)
    assert both(root) == ["units is a file and a folder at course_lib/explorers/units"]


# The documents say what is true of the tree.


def section(document: str, title: str) -> str:
    text = (ROOT / document).read_text(encoding="utf-8")
    return re.split(r"^## ", text.split(f"## {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def test_contributing_has_the_table_of_topics() -> None:
    head, _, row = [line for line in section("CONTRIBUTING.md", "Adding a lesson").splitlines() if line[:1] == "|"]
    columns = [cell.strip() for cell in head.strip("|").split("|")]
    cells = [tuple(re.findall(r"`([^`]+)`", cell)) for cell in row.strip("|").split("|")]
    assert dict(zip(columns, cells, strict=True)) == {"topic": ("<topic>",), **CELLS}


def test_the_readmes_folders_are_there_and_no_room_of_the_library_is_left_out() -> None:
    text = section("README.md", "What is where")
    for place in re.findall(r"\]\(([^)#]+)\)", text) + re.findall(
        r"`((?:notebooks|course_lib|exercises|tests|tools)/[^`]*)`", text
    ):
        assert (ROOT / place).exists(), place
    named = {
        name.rstrip("/").removeprefix("course_lib/").removesuffix(".py") for name in re.findall(r"`([^`]+)`", text)
    }
    assert rooms() <= named


def test_the_library_says_itself_what_is_in_it() -> None:
    named = set(re.findall(r"`(\w+)`", course_lib.__doc__ or ""))
    assert rooms() - {"data"} <= named
    assert all((ROOT / "course_lib" / name).exists() or (ROOT / "course_lib" / f"{name}.py").exists() for name in named)


def rooms() -> set[str]:
    """Return the folders and modules of course_lib that a reader may open."""
    entries = (ROOT / "course_lib").iterdir()
    return {path.stem for path in entries if path.suffix in ("", ".py") and not path.name.startswith(("_", "."))}


def test_the_topics_are_in_the_order_of_the_lessons() -> None:
    lessons = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))[1:]
    assert [name[3:] for name in lessons] == list(TOPICS)
