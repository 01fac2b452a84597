"""The commands: what they say when something is wrong, what they install and when, and what they serve."""

from __future__ import annotations

import ast
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import clean
import nbformat
import psutil
import pytest
import run_notebooks
from classroom import environment, notebooks, server
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / "tools"


def run(*command: str, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    made_by_make = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PORT", "PYTHON", "REQUIRE_BROWSER", "PYTEST_ADDOPTS")
    environment = {name: value for name, value in os.environ.items() if name not in made_by_make} | variables
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)


# make help


def test_help_is_the_default_and_lists_every_target_with_what_it_does() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    phony = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())
    listed = dict(re.findall(r"^ +make ([\w-]+) +(\S.*)$", run("make").stdout, re.MULTILINE))
    assert targets == phony == set(listed)
    assert {"lab", "test", "notebooks", "lint", "lock", "clean", "bench", "help"} <= targets


# What JupyterLab shows


def test_lessons_are_shown_without_the_markers_tools() -> None:
    """nbgrader switches itself on for every JupyterLab of its environment, the lessons' included."""
    switched = {"server": "jupyter_server_config.d/nbgrader.json", "page": "labconfig/page_config.json"}
    ours = {name: json.loads((TOOLS / "jupyter" / path).read_text("utf-8")) for name, path in switched.items()}
    theirs = json.loads((Path(sys.prefix) / "etc" / "jupyter" / switched["server"]).read_text("utf-8"))
    extensions = theirs["ServerApp"]["jpserver_extensions"]
    assert ours["server"]["ServerApp"]["jpserver_extensions"] == dict.fromkeys(extensions, False)
    assert ours["page"]["disabledExtensions"]["@jupyter/nbgrader"] is True
    assert (Path(sys.prefix) / "share/jupyter/labextensions/@jupyter/nbgrader").is_dir()


# An unfit Python, which is told so in one sentence

PRETEND = """
import runpy, sys
{}
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture
def pretend(tmp_path: Path) -> Any:
    def python(change: str) -> str:
        script = tmp_path / "python.py"
        script.write_text(PRETEND.format(change), encoding="utf-8")
        return f"{Path(sys.executable).as_posix()} {script.as_posix()}"

    return python


@pytest.mark.parametrize("target", ["lab", "test", "lock"])
def test_a_python_that_is_too_old_is_told_so_in_one_sentence(target: str, pretend: Any) -> None:
    old = pretend("sys.version_info = (3, 8, 18, 'final', 0)")
    done = run("make", target, f"PYTHON={old}", PYTHONPATH=str(TOOLS))
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert done.returncode != 0
    assert len(said) == 1
    assert said[0].startswith("This course needs Python 3.11 or newer, and ")
    assert " is Python 3.8: " in said[0]
    assert "PYTHON=" in said[0]


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_python_without_venv_is_told_which_package_to_install(module: str, pretend: Any) -> None:
    find_nothing = "sys.meta_path.insert(0, type('Hide', (), {'find_spec': hide}))"
    hide = "def hide(name, *rest):\n    if name == 'MODULE':\n        raise ModuleNotFoundError(name)\n"
    hide = hide.replace("MODULE", module) + "import importlib.util as u; found = u.find_spec\n"
    hide += f"u.find_spec = lambda name: None if name == {module!r} else found(name)\n"
    done = run("make", "lab", f"PYTHON={pretend(hide + find_nothing)}", "PORT=", PYTHONPATH=str(TOOLS))
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert done.returncode != 0
    assert len(said) == 1
    assert f"sudo apt install python3.{sys.version_info.minor}-venv" in said[0]


@pytest.mark.parametrize(
    "name", ["setup_env", "lab", "classroom/__init__", "classroom/environment", "classroom/server"]
)
def test_an_old_python_can_read_the_files_that_tell_it_so(name: str) -> None:
    ast.parse((TOOLS / f"{name}.py").read_text(encoding="utf-8"), feature_version=(3, 6))
    assert "from __future__ import annotations" not in (TOOLS / f"{name}.py").read_text(encoding="utf-8")


def test_an_old_python_is_told_of_a_newer_one_beside_it(monkeypatch: Any) -> None:
    monkeypatch.setattr(environment.shutil, "which", lambda name: name if name == "python3.12" else None)
    assert "PYTHON=python3.12" in environment.too_old_sentence()
    monkeypatch.setattr(environment.shutil, "which", lambda name: None)
    assert "install a newer one" in environment.too_old_sentence()


# What is installed, and when


class Checkout:
    """A checkout whose commands are written down instead of run: making `.venv` makes an empty Python."""

    def __init__(self, root: Path) -> None:
        self.root, self.failing = root, ""
        self.commands: list[str] = []
        (root / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
        (root / "requirements.txt").write_text("uv==1.2.3\n", encoding="utf-8")

    def call(self, command: list[str], **options: Any) -> int:
        text = " ".join(map(str, command))
        self.commands.append(text)
        if "-m venv" in text:
            python = environment.venv_python(self.root, Path(command[-1]).name)
            python.parent.mkdir(parents=True, exist_ok=True)
            python.touch()
        return int(bool(self.failing) and self.failing in text)

    def ensure(self, *extras: str) -> list[str]:
        self.commands.clear()
        environment.ensure(extras, root=self.root, call=self.call)
        return list(self.commands)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_the_first_time_the_locked_course_is_installed_with_the_locked_uv(checkout: Checkout) -> None:
    venv, uv, course = checkout.ensure()
    assert "-m venv" in venv
    assert uv.endswith("uv==1.2.3")
    assert f"--constraints {checkout.root / 'requirements.txt'}" in course
    assert course.endswith("--editable .")
    assert "--compile-bytecode" in course, "else each start compiles all of JupyterLab where nothing is kept compiled"


def test_the_second_time_nothing_at_all_is_run(checkout: Checkout) -> None:
    checkout.ensure()
    assert checkout.ensure() == []


def test_new_dates_on_the_same_files_install_nothing(checkout: Checkout) -> None:
    checkout.ensure()
    for name in ("pyproject.toml", "requirements.txt"):
        os.utime(checkout.root / name, (2e9, 2e9))
    assert checkout.ensure() == []


def test_other_line_endings_install_nothing(checkout: Checkout) -> None:
    checkout.ensure()
    (checkout.root / "requirements.txt").write_bytes(b"uv==1.2.3\r\n")
    assert checkout.ensure() == []


@pytest.mark.parametrize("name", ["pyproject.toml", "requirements.txt"])
def test_a_changed_list_is_installed_into_the_same_environment(checkout: Checkout, name: str) -> None:
    checkout.ensure()
    with (checkout.root / name).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    commands = checkout.ensure()
    assert any("--editable" in command for command in commands)
    assert not any("-m venv" in command for command in commands)


def test_the_developers_set_contains_the_default_one_and_is_kept(checkout: Checkout) -> None:
    checkout.ensure()
    assert checkout.ensure("dev")[-1].endswith("--editable .[dev]")
    assert checkout.ensure() == []
    (checkout.root / "requirements.txt").write_text("uv==1.2.4\n", encoding="utf-8")
    assert checkout.ensure()[-1].endswith("--editable .[dev]")


def test_the_site_has_an_environment_of_its_own_and_leaves_the_courses_alone(checkout: Checkout) -> None:
    checkout.ensure("dev")
    venv, _, course = checkout.ensure("site", "instructor")
    assert venv.endswith(".venv-site")
    assert course.endswith("--editable .[instructor,site]")
    assert f"--python {environment.venv_python(checkout.root, '.venv-site')} " in course
    assert checkout.ensure("dev") == checkout.ensure("site") == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the hub is for Linux")
def test_an_environment_from_which_students_servers_run_is_not_changed_under_them(checkout: Checkout) -> None:
    checkout.ensure("hub")
    python = environment.venv_python(checkout.root, ".venv-hub")
    python.unlink()
    python.symlink_to(sys.executable)
    checkout.ensure("hub")  # which notes that Python
    with subprocess.Popen([python, "-c", "print(flush=True); input()"], stdin=-1, stdout=-1) as server:
        assert server.stdout
        server.stdout.readline()
        assert checkout.ensure("hub") == [], "it is as the lock says, so a hub may start beside it"
        (checkout.root / "requirements.txt").write_text("uv==1.2.4\n", encoding="utf-8")
        with pytest.raises(SystemExit, match=rf"these processes run from it: {server.pid}. No package was changed"):
            checkout.ensure("hub")
        assert checkout.commands == []
        assert checkout.ensure(), "the laptop's own environment has nothing to do with it"
        server.communicate(b"\n")
    assert any("--editable" in command for command in checkout.ensure("hub"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the hub is for Linux")
@pytest.mark.parametrize("reached", ["{}/course/.venv-hub", "{}/link/.venv-hub", ".venv-hub"])
def test_a_server_is_found_by_whichever_way_its_environment_was_reached(reached: str, tmp_path: Path) -> None:
    python = environment.venv_python(tmp_path / "course", ".venv-hub")
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (tmp_path / "link").symlink_to("course")
    wait = [f"{reached.format(tmp_path)}/bin/python", "-c", "print(flush=True); input()"]
    with subprocess.Popen(wait, stdin=-1, stdout=-1, cwd=tmp_path / "course") as server:
        assert server.stdout
        server.stdout.readline()
        for root in (tmp_path / "course", tmp_path / "link"):
            assert environment.processes_of(root / ".venv-hub") == [server.pid]
        assert environment.processes_of(tmp_path / ".venv-hub") == []
        server.communicate(b"\n")


def test_a_moved_checkout_is_installed_again(checkout: Checkout, tmp_path_factory: Any) -> None:
    checkout.ensure()
    moved = checkout.root.rename(tmp_path_factory.mktemp("elsewhere") / "course")
    assert not environment.is_current((), moved)


def test_a_vanished_python_is_replaced(checkout: Checkout) -> None:
    checkout.ensure()
    environment.venv_python(checkout.root).unlink()
    assert any("-m venv --clear" in command for command in checkout.ensure())


def test_a_python_that_no_longer_works_is_replaced(checkout: Checkout) -> None:
    checkout.ensure()
    (checkout.root / "requirements.txt").write_text("uv==1.2.4\n", encoding="utf-8")
    checkout.failing = "import pip"
    assert any("-m venv --clear" in command for command in checkout.ensure())


@pytest.mark.parametrize("step", ["-m venv", "-m pip", "--editable"])
def test_a_failed_step_is_said_in_a_sentence_and_tried_again_the_next_time(checkout: Checkout, step: str) -> None:
    checkout.failing = step
    with pytest.raises(SystemExit, match=r"the lines above say why|its own words stand above"):
        checkout.ensure()
    checkout.failing = ""
    assert any("--editable" in command for command in checkout.ensure())


# make lab


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_busy_port_that_was_asked_for_is_refused_in_one_sentence(busy_port: int) -> None:
    done = run("make", "lab", f"PORT={busy_port}")
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert done.returncode != 0
    assert len(said) == 1
    assert said[0].startswith(f"Port {busy_port} is busy: ")


@pytest.mark.parametrize("port", ["no", "0", "65536", "-1", "8888.0"])
def test_a_port_that_is_none_is_refused_in_one_sentence(port: str) -> None:
    done = run(sys.executable, str(TOOLS / "lab.py"), "--port", port)
    assert done.returncode != 0
    assert done.stderr.splitlines() == [f"A port is a whole number from 1 to 65535, as in PORT=9000; got {port!r}."]


def test_without_a_port_the_next_free_one_is_taken(busy_port: int, monkeypatch: Any) -> None:
    monkeypatch.setattr(server, "USUAL_PORT", busy_port)
    assert busy_port < server.choose_port(None) < busy_port + server.PORTS_TO_TRY


@pytest.mark.parametrize(
    ("platform", "environment", "screen"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"BROWSER": "firefox"}, True),
        ("darwin", {}, True),
        ("darwin", {"SSH_CONNECTION": "10.0.0.1 22"}, False),
        ("win32", {}, True),
    ],
)
def test_a_browser_is_opened_only_where_there_is_a_screen(
    platform: str, environment: dict[str, str], screen: bool
) -> None:
    assert server.has_screen(environment, platform) is screen


def test_only_an_administrator_is_allowed_to_run_as_root(monkeypatch: Any) -> None:
    monkeypatch.setattr(server.os, "geteuid", lambda: 0, raising=False)
    assert "--allow-root" in server.server_arguments(8888, False)
    monkeypatch.setattr(server.os, "geteuid", lambda: 1000)
    assert "--allow-root" not in server.server_arguments(8888, False)


def test_the_server_prints_an_address_that_opens_the_first_lesson(tmp_path: Path) -> None:
    port = server.choose_port(None)
    arguments = server.server_arguments(port, False, root=tmp_path)
    (tmp_path / "notebooks").mkdir()
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Start")]), tmp_path / server.FIRST_LESSON)
    folders = {f"JUPYTER_{kind}_DIR": str(tmp_path / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    log = (tmp_path / "log").open("w+", encoding="utf-8")
    serve = [sys.executable, str(TOOLS / "serve.py"), *arguments]
    with log, subprocess.Popen(serve, env=os.environ | folders, stdout=log, stderr=log) as serving:
        try:
            address = wait_for_address(tmp_path / "log", serving)
            assert f":{port}/lab/tree/{server.FIRST_LESSON}?token=" in address
            with urllib.request.urlopen(address) as answer:
                page = answer.read().decode()
        finally:
            serving.kill()
    settings = json.loads(re.search(r'<script id="jupyter-config-data"[^>]*>(.*?)</script>', page, re.DOTALL)[1])
    assert "@jupyterlab/apputils-extension:announcements" in settings["disabledExtensions"]
    assert "[W " not in (tmp_path / "log").read_text(encoding="utf-8")
    assert not list((tmp_path / "CONFIG").rglob("*settings*")), "the user's own settings were written to"


def wait_for_address(log: Path, server: subprocess.Popen[bytes]) -> str:
    while server.poll() is None:
        found = re.search(r"http://localhost\S+", log.read_text(encoding="utf-8"))
        if found:
            return found[0]
        time.sleep(0.1)
    raise AssertionError(log.read_text(encoding="utf-8"))


# make present


@pytest.mark.skipif(os.name == "nt", reason="Windows ends no process by a signal that it could answer")
@pytest.mark.parametrize("end", ["SIGTERM", "SIGHUP"])
def test_slides_whose_terminal_is_closed_leave_nothing_running(end: str, tmp_path: Path) -> None:
    command = [sys.executable, str(TOOLS / "present.py"), "00"]
    variables = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as slides:
        while not (started := psutil.Process(slides.pid).children(recursive=True)):
            assert slides.poll() is None
            time.sleep(0.1)
        slides.send_signal(getattr(signal, end))
    psutil.wait_procs(started)
    assert not any(one.is_running() for one in started)
    assert list(tmp_path.iterdir()) == []


# make notebooks


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    path = tmp_path / "00_try.ipynb"
    slider = "import ipywidgets\n\nipywidgets.IntSlider(description='tokens')"
    cells = [new_markdown_cell("# Try"), new_code_cell(slider), new_code_cell("print('α', 6 * 7)\nprint('β')")]
    written = new_notebook(cells=cells, metadata={"widgets": {}, "language_info": {"name": "python", "version": "3.0"}})
    for cell in written.cells:
        del cell["id"]
    path.write_text(json.dumps(written), encoding="utf-8")
    return path


@pytest.fixture
def run_tool(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return the command, to be given arguments; in this process, as another takes a second to begin."""

    def run_tool(*arguments: object) -> None:
        monkeypatch.setattr(sys, "argv", ["run_notebooks.py", *map(str, arguments)])
        run_notebooks.main()

    return run_tool


def test_a_notebook_is_run_and_rewritten_and_the_second_time_unchanged(
    notebook: Path, run_tool: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    run_tool(notebook)
    assert capsys.readouterr().out.startswith("00_try.ipynb: rewritten")
    first = notebook.read_bytes()
    run_tool(notebook)
    assert capsys.readouterr().out.startswith("00_try.ipynb: unchanged")
    assert notebook.read_bytes() == first
    written = json.loads(first)
    assert first.endswith(b"}\n")
    assert "α".encode() in first
    assert "version" not in written["metadata"]["language_info"]
    assert "widgets" not in written["metadata"]
    assert len({cell["id"] for cell in written["cells"]}) == 3
    assert [cell["execution_count"] for cell in written["cells"][1:]] == [1, 2]
    (shown,), (printed,) = (cell["outputs"] for cell in written["cells"][1:])
    assert list(shown["data"]) == ["text/plain"]
    assert "".join(printed["text"]) == "α 42\nβ\n"
    assert all(cell["metadata"] == {} for cell in written["cells"])


def test_an_error_stops_the_run_and_leaves_the_file_alone(
    notebook: Path, run_tool: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    broken = new_notebook(cells=[new_code_cell("print('before')"), new_code_cell("1 / 0")])
    nbformat.write(broken, notebook)
    before = notebook.read_bytes()
    later = notebook.with_name("01_later.ipynb")
    later.write_bytes(before)
    with pytest.raises(SystemExit, match=r"(?s)^00_try.ipynb stopped at an error.*ZeroDivisionError") as stopped:
        run_tool(notebook, later)
    assert "01_later" not in capsys.readouterr().out + str(stopped.value)
    assert notebook.read_bytes() == before
    assert sorted(path.name for path in notebook.parent.iterdir()) == ["00_try.ipynb", "01_later.ipynb"]


def test_check_names_a_stale_notebook_and_writes_nothing(
    notebook: Path, run_tool: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = notebook.read_bytes()
    monkeypatch.setattr(run_notebooks, "execute", lambda notebook, folder: notebook)  # it would show nothing else
    with pytest.raises(SystemExit, match=r"are not what `make notebooks` writes: 00_try\.ipynb"):
        run_tool("--check", notebook)
    assert notebook.read_bytes() == before
    notebook.write_bytes(notebooks.serialise(notebooks.read(notebook)[1]))
    run_tool("--check", notebook)


@pytest.mark.parametrize("content", [b"", b"not JSON", b"[]", b"{}", b"\xff", b'{"cells": [{}], "metadata": {}}'])
def test_what_is_no_notebook_is_refused_in_a_sentence(notebook: Path, content: bytes) -> None:
    notebook.write_bytes(content)
    with pytest.raises(SystemExit, match=r"00_try\.ipynb could not be read as a notebook"):
        notebooks.read(notebook)


def test_two_cells_with_one_id_get_two_and_the_first_keeps_its_own() -> None:
    twins = new_notebook(cells=[new_code_cell("1"), new_code_cell("2")])
    for cell in twins.cells:
        cell.id = "mine"
    ids = [cell.id for cell in notebooks.tidy(twins).cells]
    assert ids[0] == "mine"
    assert ids[1] != "mine"


# make test: browser tests are not skipped in silence

SKIPPING = """
import pytest

pytestmark = pytest.mark.browser


def test_slider(): pytest.skip("no Chromium was found")


@pytest.mark.skipif(True, reason="no Chromium was found")
def test_button(): pass
"""


@pytest.fixture
def browser_tests(tmp_path: Path) -> Path:
    (tmp_path / "conftest.py").write_text(
        (ROOT / "tests" / "conftest.py").read_text(encoding="utf-8"), encoding="utf-8"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = browser\n", encoding="utf-8")
    (tmp_path / "test_page.py").write_text(SKIPPING, encoding="utf-8")
    return tmp_path


def run_pytest(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run it as `make test` does, in a worker, and without the plugins that this needs not and that start slowly."""
    xdist = ("-p", "xdist.plugin", "-n", "1")
    return run(sys.executable, "-m", "pytest", *xdist, cwd=folder, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", **variables)


def test_skipped_browser_tests_are_announced_in_one_loud_line(browser_tests: Path) -> None:
    done = run_pytest(browser_tests)
    assert done.returncode == 0
    loud = [line for line in done.stdout.splitlines() if line.startswith("!!")]
    assert len(loud) == 1
    assert "2 BROWSER TESTS WERE SKIPPED: no Chromium was found" in loud[0]


def test_skipped_browser_tests_fail_where_a_browser_is_required(browser_tests: Path) -> None:
    done = run_pytest(browser_tests, REQUIRE_BROWSER="1")
    assert done.returncode == 1
    assert "skipped" not in done.stdout.splitlines()[-1]
    said = "REQUIRE_BROWSER=1, but this browser test was skipped: no Chromium was found"
    assert all(re.search(rf"{test} _+\n(\[.*\n)?{said}", done.stdout) for test in ("test_slider", "test_button"))


# make clean


def test_clean_removes_what_can_be_made_again_and_nothing_else(tmp_path: Path) -> None:
    kept = ["README.md", "notebooks/00_start.ipynb", "exercises/mine.ipynb", "build.txt", "outside/keep.txt"]
    kept += ["my_exercises/.ipynb_checkpoints/01-checkpoint.ipynb", "my_lessons/04_memory.ipynb"]
    home = "build/hub-demo/homes/ada/training-cost-course"
    kept += [f"{home}/my_exercises/01.ipynb", f"{home}/04_memory/.ipynb_checkpoints/a.ipynb", f"{home}/build/mine.txt"]
    kept += ["my_class/edition_7/release/.ipynb_checkpoints/a.ipynb"]
    gone = [
        "build/hub-demo/hub.sqlite",
        "build/load.json",
        "build/site/index.html",
        ".venv/bin/python",
        "artifacts/a.png",
        "course_lib/__pycache__/x.pyc",
        "notebooks/.ipynb_checkpoints/a.ipynb",
    ]
    for name in kept + gone:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    clean.main(tmp_path)
    assert {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()} == set(kept)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the hub is for Linux")
def test_clean_removes_nothing_while_a_students_server_runs_from_the_hubs_environment(tmp_path: Path) -> None:
    python = environment.venv_python(tmp_path, ".venv-hub")
    for name in (python.parent, tmp_path / "build"):
        name.mkdir(parents=True)
    python.symlink_to(sys.executable)
    with subprocess.Popen([python, "-c", "print(flush=True); input()"], stdin=-1, stdout=-1) as server:
        assert server.stdout
        server.stdout.readline()
        with pytest.raises(SystemExit, match=rf"these processes run from it: {server.pid}. Nothing was removed"):
            clean.main(tmp_path)
        assert python.exists()
        assert (tmp_path / "build").exists()
        server.communicate(b"\n")
    clean.main(tmp_path)
    assert list(tmp_path.iterdir()) == []
