"""The plan of the house: which module may import which, and which file belongs to which topic.

Arrows go down only, and never in a circle: tools, then setup_check, then predict, then explorers and checks side by
side, then predictions, questions, block_formats, tiny_transformer, topics, catalog, _arguments. Each function returns
its complaints, one a line; none means that all is well.
"""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from course_lib.questions import TOPICS

# Imports

ORDER = (
    "_arguments",
    "catalog",
    "topics",
    "tiny_transformer",
    "block_formats",
    "questions",
    "predictions",
    "explorers, checks",
    "predict",
    "setup_check",
    "classroom",
    "commands",
)
"""The layers, lowest first; a name in course_lib that stands here is a layer of its own."""

DRAWS, MOVES = "matplotlib", "ipywidgets"


class Import(NamedTuple):
    """One import: the file and the line that it stands in, the module that imports, and the module imported."""

    path: str
    line: int
    module: str
    target: str

    def breaks(self, rule: str) -> str:
        return f"{self.path}:{self.line} imports {self.target}: {rule}"


def modules_of(root: Path) -> dict[str, Path]:
    """Return the modules of course_lib and of tools by name; what lies in tools is imported without that folder."""
    found = {}
    for folder, base in (("course_lib", root), ("tools", root / "tools")):
        for path in sorted(file for file in (root / folder).rglob("*.py") if not hidden(file.relative_to(root))):
            parts = path.relative_to(base).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(root: Path) -> list[Import]:
    """Return every import that is written in course_lib and tools, also those inside functions."""
    modules = modules_of(root)
    return [
        Import(path.relative_to(root).as_posix(), node.lineno, module, target)
        for module, path in modules.items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for target in targets(node, module if path.stem == "__init__" else module.rpartition(".")[0], modules)
    ]


def targets(node: ast.AST, package: str, modules: dict[str, Path]) -> Iterator[str]:
    """Yield what a line imports: the module, where a name is one, and else the module that has the name."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
        base = ".".join([*above, *filter(None, [node.module])])
        names = [f"{base}.{alias.name}" for alias in node.names]
        yield from dict.fromkeys(name if name in modules else base for name in names)


def packages_above(module: str) -> list[str]:
    """Return the packages that a module lies in, the outermost first."""
    parts = module.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def loaded_by(arrow: Import, modules: dict[str, Path]) -> list[str]:
    """Return the modules of ours that an import runs: the one imported and, first, the packages that it lies in.

    Where the importing module lies in the same package, that package runs already, and does not count.
    """
    inside = {*packages_above(arrow.module), arrow.module}
    above = [package for package in packages_above(arrow.target) if package not in inside]
    return [name for name in [*above, arrow.target] if name in modules]


def layer_of(module: str) -> str | None:
    """Return the layer that a module of ours belongs to, or None where no layer knows it."""
    if not module.startswith("course_lib."):
        return "classroom" if module.split(".")[0] == "classroom" else "commands"
    name = module.split(".")[1]
    layer = "topics" if name in TOPICS else "explorers, checks" if name in ("explorers", "checks") else name
    return layer if layer in ORDER else None


def room_of(module: str) -> str:
    """Return the part of a layer in which modules may import each other: explorers and checks are two."""
    layer = layer_of(module) or ""
    return module.split(".")[1] if layer == "explorers, checks" else module if layer == "commands" else layer


def topic_of(module: str) -> str:
    """Return the topic whose explorer a module belongs to, or nothing."""
    parts = module.split(".")
    return parts[2] if parts[:2] == ["course_lib", "explorers"] and len(parts) > 2 and parts[2] in TOPICS else ""


def wrong_arrows(root: Path) -> list[str]:
    """Return each import that goes up, or sideways into another room, and each module that no layer knows."""
    modules = modules_of(root)
    lost = [name for name in modules if name != "course_lib" and not layer_of(name)]
    complaints = [f"{modules[name].relative_to(root).as_posix()}: no layer knows this module" for name in lost]
    for arrow in imports_of(root):
        if arrow.target in modules and arrow.target != "course_lib" and not {arrow.module, arrow.target} & {*lost}:
            complaints += filter(None, [wrong_way(arrow)])
    return complaints


def wrong_way(arrow: Import) -> str:
    """Return what is wrong with the direction of an import of one of our modules, or nothing."""
    if arrow.module == "course_lib":
        return arrow.breaks("the package itself imports nothing")
    here, there = layer_of(arrow.module), layer_of(arrow.target)
    if room_of(arrow.module) != room_of(arrow.target):
        if here == there == "commands":
            return arrow.breaks("a command is imported by nobody")
        if ORDER.index(there or "") >= ORDER.index(here or ""):
            return arrow.breaks(f"arrows go down only, from {here} never to {there}")
    if topic_of(arrow.target) not in ("", topic_of(arrow.module)):
        return arrow.breaks("an explorer never imports another's, and what they share imports none")
    return ""


def heavy_arrows(root: Path) -> list[str]:
    """Return each import that brings matplotlib or ipywidgets where it must not be, also by another module of ours."""
    modules, arrows = modules_of(root), imports_of(root)
    runs: dict[str, set[str]] = {name: set() for name in modules}
    for arrow in arrows:
        runs[arrow.module] |= {*loaded_by(arrow, modules), arrow.target.split(".")[0]}
    complaints = []
    for arrow in arrows:
        rule, never = must_not_bring(arrow.module, modules[arrow.module].stem, draws=DRAWS in runs[arrow.module])
        for library in never:
            if arrow.target.split(".")[0] == library:
                complaints.append(arrow.breaks(rule))
            elif any(library in reached(name, runs) for name in loaded_by(arrow, modules)):
                complaints.append(arrow.breaks(f"that brings in {library}, and {rule}"))
    return complaints


def must_not_bring(module: str, file: str, draws: bool) -> tuple[str, tuple[str, ...]]:
    """Return a rule in words, and the libraries that a module keeps out by it: what draws is a picture of any name."""
    if ORDER.index(layer_of(module) or "predict") <= ORDER.index("predictions") or module == "course_lib.checks":
        return "topics, and what they and the questions stand on, are numbers and words alone", (DRAWS, MOVES)
    if room_of(module) == "explorers" and file == "view":
        return "a view is a pure function, without picture and widget", (DRAWS, MOVES)
    if room_of(module) == "explorers" and ("picture" in file or (draws and file not in ("base", "explorer"))):
        return "a picture is drawn without any widget", (MOVES,)
    return "", ()


def reached(name: str, runs: dict[str, set[str]]) -> set[str]:
    """Return all that is imported when a module is."""
    found, waiting = set(), [name]
    while waiting:
        if (name := waiting.pop()) not in found:
            found.add(name)
            waiting += runs.get(name, ())
    return found


def circles(root: Path) -> list[str]:
    """Return the circle of modules that import each other, if there is one, with the line of each import.

    A package's `__init__` is a module too: one inside the package that imports from it makes a circle with it.
    """
    modules, arrows = modules_of(root), imports_of(root)
    lines: dict[tuple[str, str], Import] = {}
    for arrow in reversed(arrows):
        lines |= {(arrow.module, name): arrow for name in loaded_by(arrow, modules)}
    graph = {module: {name for start, name in lines if start == module} for module in modules}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        around = list(reversed(error.args[1]))
        steps = [lines[pair] for pair in pairwise(around)]
        return [f"a circle: {' -> '.join(around)}", *(step.breaks("that closes a circle") for step in steps)]
    return []


# The table of topics

CELLS = {
    "notebook": ("notebooks/NN_<topic>.ipynb",),
    "library": ("course_lib/<topic>",),
    "explorer": ("course_lib/explorers/<topic>",),
    "questions": ("course_lib/questions/<topic>",),
    "predictions": ("course_lib/predictions/<topic>",),
    "exercises": ("exercises/NN_<topic>.ipynb", "exercises/solutions/NN_<topic>.ipynb"),
    "tests": ("tests/test_<topic>.py", "tests/test_explorer_<topic>.py"),
}
"""The places of a topic, by the table's columns; without an ending it is a Python file or a folder of that name."""

SHARED = {
    ".": """
        .binder/ .ci/ .gitattributes .github/ .gitignore CHANGELOG.md CONTRIBUTING.md INSTRUCTORS.md LICENSE Makefile
        README.md environment.yml pyproject.toml requirements.txt
    """,
    "benchmarks": "bench_latency.py bench_library.py bench_marking.py",
    "course_lib": """
        __init__.py _arguments.py block_formats/ catalog.py data/ checks.py predict.py setup_check.py tiny_transformer/
        py.typed
    """,
    "course_lib/explorers": "__init__.py base.py bit_grid.py picture.py room.py controls.py page.css page.js",
    "course_lib/questions": "__init__.py question.py kinds.py values.py limits.py plain.py",
    "course_lib/predictions": "__init__.py prediction.py kept.py in_browser.py calibration.py",
    "notebooks": "00_start_here.ipynb LICENSE images/",
    "tests": """
        test_arguments.py test_binder.py test_catalog.py test_check_answers.py test_check_kinds.py test_checks.py
        test_setup_check.py test_explorer_contract.py test_explorers_base.py test_explorers_package.py
        test_explorers_still.py test_classroom.py test_classroom_cells.py test_classroom_local_kernel.py
        test_classroom_patience.py test_classroom_plain.py test_classroom_quick_socket.py test_classroom_sets.py
        test_classroom_submissions.py test_cluster.py test_exchange.py test_exercises.py test_mark.py
        test_mark_machine.py test_notebooks.py test_notebooks_of_before.py test_own_copies.py test_release.py
        test_serve_on_hub.py
        test_block_formats.py test_block_formats_blocks.py test_block_formats_comparison.py
        test_block_formats_elements.py
        test_import_cost.py test_instructors.py test_kernel_memory.py test_layers.py test_lint_page.py test_make.py
        test_map.py test_packaging.py test_predict.py test_predictions.py test_site.py test_tiny_transformer.py
        test_tiny_transformer_eight_bit.py test_tiny_transformer_ledgers.py test_tiny_transformer_low_precision.py
        test_tiny_transformer_quantized.py test_tiny_transformer_stopwatch.py test_try_this.py
        class_edition.py conftest.py explorer_parts.py layers.py notebook_guards.py thorough.py nbval_sanitize.cfg data/
    """,
    "tests/browser": """
        __init__.py axe.py bit_buttons.py cases.py conftest.py lab.py served_site.py test_accessibility.py
        test_block_explorer.py test_exercises.py test_explorers.py test_float_decoder.py test_handout.py
        test_notebooks.py test_own_copies.py test_plan_markdown.py test_predictions.py test_site.py
        test_site_whole.py test_slides.py test_unit_converter.py
    """,
    "deploy/cluster": "README.md chart.yaml hub_config.py values.yaml",
    "deploy/hub": """
        FAULTS.md LOAD.md README.md THREATS.md demo_config.py jupyterhub_config.py nbgrader_config.py
        training-cost-hub.service
    """,
    "tests/hub": """
        __init__.py accounts.py accounts_config.py conftest.py faults_config.py faulty.py idle_config.py read_config.py
        test_demo.py test_faults.py test_full_disk.py test_idle.py test_lean.py test_load.py test_nbgrader.py
        test_pages.py test_reach.py test_settings.py test_update.py
    """,
    "tools": """
        check_cluster.py clean.py fresh.py handout.py hub_demo.py lab.py ladder.py lint_page.py load.py lock.py
        make_exercises.py make_site.py mark.py present.py release.py run_notebooks.py serve.py serve_hub.py
        serve_on_hub.py serve_site.py setup_env.py jupyter/
    """,
    "tools/classroom": """
        __init__.py cells.py client.py contents.py editions.py environment.py feedback.py gradebook.py
        hub.py hub_client.py hub_visit.py isolation.py kernel.py lab_kernel.py local_kernel.py master.py notebooks.py
        own_copies.py pages.css pages.py patience.py quick_socket.py run_one.py running.py server.py sets.py site/
        student_copy.py submissions.py whole_files.py
    """,
}
"""What belongs to no topic, by folder: at the top, the commands, what these share, and the tests of all that."""


def hidden(path: Path) -> bool:
    """Tell whether a path is made by a program for itself, such as a cache."""
    return any(part.startswith(".") or part == "__pycache__" for part in path.parts)


def places(topics: Sequence[str] = TOPICS) -> list[tuple[str, str]]:
    """Return each topic with each of its places, as the table has them."""
    return [
        (topic, cell.replace("<topic>", topic).replace("NN", f"{number:02}"))
        for number, topic in enumerate(topics, start=1)
        for cells in CELLS.values()
        for cell in cells
    ]


def missing(root: Path) -> list[str]:
    """Return each place of the table, and each shared file, that does not exist."""
    rows = [
        f"{topic} has no {place}"
        for topic, place in places()
        if not ((root / place).exists() or (root / f"{place}.py").exists())
    ]
    lost = [place for place in sorted(shared_names()) if not (root / place).exists()]
    return rows + [f"{place} is named as shared and is not there" for place in lost]


def both(root: Path) -> list[str]:
    """Return each topic that is a file and a folder in one place."""
    return [
        f"{topic} is a file and a folder at {place}"
        for topic, place in places()
        if (root / place).is_dir() and (root / f"{place}.py").exists()
    ]


def unexplained(root: Path) -> list[str]:
    """Return each file that neither a row of the table nor the list of shared files explains.

    In a topic's folder every name is explained but one that says the topic again.
    """
    cells, complaints = places_of_files(), []
    names = {*shared_names(), *cells, *tests_of_parts(root)}
    for path in files_of(root):
        around = [path.as_posix(), *(f"{folder.as_posix()}/" for folder in path.parents)]
        topic = next((folder.name for folder in path.parents if f"{folder.as_posix()}/" in cells), "")
        if names.isdisjoint(around):
            complaints.append(f"{path.as_posix()} is in no row of the table of topics and not among what is shared")
        elif topic and path.name.startswith(f"{topic}_"):
            short = path.name.removeprefix(f"{topic}_")
            complaints.append(f"{path.as_posix()} says its folder's name again: call it {short}")
    return complaints


def shared_names() -> set[str]:
    """Return every shared file and, with a slash at its end, every shared folder."""
    return {f"{folder}/{name}".removeprefix("./") for folder, names in SHARED.items() for name in names.split()}


def places_of_files() -> set[str]:
    """Return the files of the table's places and, with a slash at its end, the folder that one may be instead."""
    found = [place for _, place in places()]
    return {name for place in found for name in ((place,) if Path(place).suffix else (f"{place}.py", f"{place}/"))}


def files_of(root: Path) -> list[Path]:
    """Return the files that count: what git tracks and what it would add, hidden files only where it tracks them.

    Without git, as in a copy that was downloaded, they are what `.gitignore` does not name and what is not hidden.
    """
    if (root / ".git").exists():
        try:
            tracked = said_by_git(root)
            new = said_by_git(root, "--others", "--exclude-standard")
            files = {*tracked, *(path for path in new if not hidden(path))}
            return sorted(path for path in files if (root / path).is_file())
        except (OSError, subprocess.CalledProcessError):
            pass
    list_of_ignored = root / ".gitignore"
    lines = list_of_ignored.read_text(encoding="utf-8").splitlines() if list_of_ignored.exists() else []
    ignored = [line.rstrip("/") for line in lines if line]
    return [
        path
        for path in sorted(file.relative_to(root) for file in root.rglob("*") if file.is_file())
        if not hidden(path) and not any(fnmatch(part, name) for part in path.parts for name in ignored)
    ]


def said_by_git(root: Path, *options: str) -> list[Path]:
    """Return the files that `git ls-files` names."""
    command = ["git", "ls-files", "-z", *options]
    said = subprocess.run(command, cwd=root, capture_output=True, check=True, encoding="utf-8").stdout
    return [Path(name) for name in said.split("\0") if name]


def tests_of_parts(root: Path) -> Iterator[str]:
    """Yield the tests that a topic's parts may have: tests/test_memory_advice.py for course_lib/memory/advice.py.

    What a topic's questions promise beyond what every question does is in tests/test_questions_memory.py.
    """
    for topic in TOPICS:
        yield f"tests/test_questions_{topic}.py"
        for kind, folder in (("", "course_lib"), ("explorer_", "course_lib/explorers")):
            parts = (path.stem for path in (root / folder / topic).glob("*.py") if not path.stem.startswith("_"))
            yield from (f"tests/test_{kind}{topic}_{part}.py" for part in parts)
