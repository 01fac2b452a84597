"""Imports go down only and never round, every topic has its places, and every file belongs to somebody."""

from __future__ import annotations

import dataclasses
import re
import subprocess
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from shutil import which

import pytest
from layers import (
    CELLS,
    TOPICS,
    both,
    circles,
    heavy_arrows,
    layer_of,
    missing,
    modules_of,
    places,
    unexplained,
    wrong_arrows,
)

import course_lib

ROOT = Path(__file__).resolve().parent.parent
CHECKS = (wrong_arrows, heavy_arrows, circles, missing, both, unexplained)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_tree_keeps_to_its_plan(check: Callable[[Path], list[str]]) -> None:
    complaints = check(ROOT)
    assert not complaints, "\n".join(["", *complaints])


def test_what_facts_and_formulas_and_questions_give_is_frozen() -> None:
    """What is handed on as a value stays what it is, whoever holds it."""
    layers = ("catalog", "topics", "questions", "predictions")
    modules = [import_module(name) for name in modules_of(ROOT) if layer_of(name) in layers]
    classes = {one for module in modules for one in vars(module).values() if isinstance(one, type)}
    made = {one: one.__dataclass_params__ for one in classes if dataclasses.is_dataclass(one)}
    ours = {one.__name__: made[one].frozen for one in made if one.__module__.startswith("course_lib")}
    assert len(ours) > 20
    assert [name for name, frozen in ours.items() if not frozen] == []


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
        "course_lib/memory_advice/ways.py",
        "notebooks/08_more.ipynb",
        "notebooks/3_scaling.ipynb",
        "exercises/solutions/06_quantisation.ipynb",
        "exercises/memory_advice.py",
        "tests/test_explorer_bits.py",
        "tests/test_memory_advice.py",
        "tests/test_number_text.py",
        "tests/test_example_tensors.py",
        "tests/test_quantisation.py",
        "tests/memory_guards.py",
        "tests/browser/test_memory_advice.py",
        "tools/memory_advice.py",
        "tools/classroom/zzz.py",
        "benchmarks/bench_memory.py",
        "memory_advice.py",
        "stray/x.py",
    ],
)
def test_a_file_that_no_row_explains_is_named(tree: Callable[..., Path], place: str) -> None:
    assert unexplained(tree({})) == []
    complaint = f"{place} is in no row of the table of topics and not among what is shared"
    assert unexplained(tree({place: ""})) == [complaint]


def test_what_lies_in_a_topics_folder_and_the_tests_of_its_parts_are_explained(tree: Callable[..., Path]) -> None:
    parts = ("course_lib/memory/advice.py", "course_lib/explorers/units/view.py", "course_lib/data/models.csv")
    tests = ("tests/test_memory_advice.py", "tests/test_explorer_units_view.py", "tests/test_make.py")
    top = ("README.md", "tools/jupyter/labconfig/page_config.json", "benchmarks/bench_library.py")
    assert unexplained(tree(dict.fromkeys([*parts, *tests, *top], ""))) == []


@pytest.mark.parametrize(
    ("place", "short"),
    [
        ("course_lib/memory/memory_advice.py", "advice.py"),
        ("course_lib/explorers/plan/plan_room.py", "room.py"),
        ("course_lib/questions/units/units_more.py", "more.py"),
    ],
)
def test_a_file_that_says_its_folders_name_again_is_named(tree: Callable[..., Path], place: str, short: str) -> None:
    assert unexplained(tree({place: ""})) == [f"{place} says its folder's name again: call it {short}"]


LITTER = ("build/x.py", "tools/y.pyc", ".idea/z.xml", "notebooks/.DS_Store")


def test_what_git_ignores_does_not_count_also_where_there_is_no_git(tree: Callable[..., Path]) -> None:
    root = tree({".gitignore": "build/\n*.py[cod]\n", **dict.fromkeys(LITTER, "")})
    assert unexplained(root) == []


@pytest.mark.skipif(not which("git"), reason="git is not installed")
def test_in_a_clone_git_says_which_files_count(tree: Callable[..., Path]) -> None:
    root = tree({".gitignore": "build/\n*.py[cod]\n", **dict.fromkeys(LITTER, ""), ".stray/a.py": "", "b/é x.py": ""})
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    write(root, ".git/info/exclude", "mine.txt\n")
    write(root, "mine.txt", "")
    because = "is in no row of the table of topics and not among what is shared"
    assert unexplained(root) == [f"b/é x.py {because}"]
    subprocess.run(["git", "add", ".stray"], cwd=root, check=True)
    assert unexplained(root) == [f".stray/a.py {because}", f"b/é x.py {because}"]


def test_a_place_that_is_empty_or_taken_twice_is_named(tree: Callable[..., Path]) -> None:
    root = tree({"course_lib/explorers/units/view.py": ""})
    (root / "exercises/07_plan.ipynb").unlink()
    assert missing(root)[0] == "plan has no exercises/07_plan.ipynb"
    assert "course_lib/explorers/base.py is named as shared and is not there" in missing(root)
    assert both(root) == ["units is a file and a folder at course_lib/explorers/units"]


# What others import stays where it is.

PUBLIC = {
    "compute_cost": """
        ACTIVE_TOTALS Experts LatentAttention OPTIONS TransformerShape backward_flop forward_flop
        hardware_flop_utilization model_flop_utilization throughput training_flop training_seconds
    """,
    "since_the_lecture": """
        CHOICE Explanation HONEST MISTAKE TRAINING_BYTES Work attainable_flop_per_second
        compute_bound_batch decode_intensity_limit decode_work distinct_experts explain_utilization
        half_way_batch largest_decode_batch longest_compute_bound_context prefill_work ridge_point
        seconds_at_least training_work
    """,
    "units": """
        COMPUTE_UNITS Compute GpuHours LAPTOP_FLOP_PER_SECOND PFLOP_DAY Rate SECONDS_PER_DAY SECONDS_PER_HOUR
        convert_compute flop_from_gpu_hours format_bytes format_count format_flop format_number format_rate
        format_seconds gpu_hours parse_count parse_quantity
    """,
    "scaling": """
        BESIROGLU_2024 HOFFMANN_2022 HOFFMANN_2022_UNROUNDED LossFit MINIMUM_TOKENS ModelChoice
        TOKENS_PER_PARAMETER chinchilla_tokens compute_optimal largest_model_within
    """,
    "memory": """
        ACCELERATOR_STEPS ASPECT ASSUMED_VOCAB Change Fit LADDERS LOGIT_BYTES MASTER_BYTES MIXED OPTIMIZER_BYTES ORDER
        PARTS PART_NAMES PRECISION_BYTES RECOMPUTE Remedy TrainingMemory TrainingSetup activation_bytes assumed_shape
        cheapest_remedy fits gradient_bytes kv_cache_bytes largest_batch logits_bytes missing_format optimizer_bytes
        parameter_bytes precision_warnings single_changes training_memory training_precision working_bytes zero_sharded
    """,
    "number_formats": """
        BF16 Carried FORMATS FP16 FP32 FP4_E2M1 FP64 FP8_E4M3 FP8_E5M2 Fields FloatFormat Format INT4 INT8
        IntFormat LARGEST_POWER LONGEST_TEXT LONGEST_VALUE Neighbours SMALLEST_POWER TF32 bits carry decode
        encode encode_decimal exact_decimal fields formula formula_latex neighbours parse_bits
        pattern_from_fields read_decimal spacing
    """,
    "quantization": """
        DB_PER_BIT ErrorMeasures KINDS LARGEST_VALUE LONGEST_INNER_DIMENSION METHODS PLACES Quantized SHAPE
        SMALLEST_RANGE absmax_quantize as_blocks example_tensor int8_matmul quantization_error stored_bytes
        with_outlier zeropoint_quantize
    """,
    "plan": """
        MOST_EPOCHS MOST_TOKENS_PER_PARAMETER OVER_TRAINED PARTS Resources SERVING_PRECISIONS SERVING_ROOM
        STEP_TOKENS TRAINING_ROOM TrainingPlan UNDER_TRAINED WORDS assumptions comparison given_up markdown
        memory_on_each plan_training_run published_utilization recipe resources_of sentence source_of_a_step
        tokens_of_a_step training_precision warnings
    """,
}
"""What `from course_lib.<topic> import ...` gives, whichever file of the topic it lies in."""


@pytest.mark.parametrize("topic", TOPICS)
def test_the_public_names_of_a_topic_are_had_from_the_topic(topic: str) -> None:
    module, names = import_module(f"course_lib.{topic}"), PUBLIC[topic].split()
    assert [name for name in names if not hasattr(module, name)] == []
    assert not hasattr(module, "__all__") or {*names} <= {*module.__all__}


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
