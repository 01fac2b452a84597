"""What Binder and a cluster's image are made of is what `make lab` has, and their servers are the course's."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import nbformat
import pytest
import serve_on_hub
import yaml
from classroom import server
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from serve_on_hub import FOLDER

ROOT = Path(__file__).resolve().parent.parent
START = ROOT / ".binder" / "start"
NBGITPULLER = "nbgitpuller==1.2.2"
PATIENCE = 120
"""Seconds in which a server comes up, or goes, on a busy machine as well; only a failure waits so long."""

CONDA = {
    path: yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
    for path in ("environment.yml", ".binder/environment.yml")
}
APART = ("python=", "jupyterhub-singleuser=", "nbgitpuller>=")
"""What the image has of its own: one Python, what a hub talks to, and what brings the course from its forge."""

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="a container is a Linux")


# What is installed


def packages(path: str) -> list[str]:
    return [line for line in CONDA[path]["dependencies"] if isinstance(line, str)]


def test_the_image_has_the_packages_of_environment_yml_and_three_reasons_to_differ() -> None:
    ours = [line for line in packages(".binder/environment.yml") if not line.startswith(APART)]
    assert ours == [line for line in packages("environment.yml") if not line.startswith("python>=")]
    assert len(packages(".binder/environment.yml")) == len(ours) + len(APART)
    assert CONDA[".binder/environment.yml"]["channels"] == CONDA["environment.yml"]["channels"]
    (python,) = [line for line in packages(".binder/environment.yml") if line.startswith("python=")]
    (bounds,) = [line for line in packages("environment.yml") if line.startswith("python>=")]
    assert re.fullmatch(r"python=3\.\d+", python), "repo2docker chooses its base by one version"
    assert Requirement(bounds).specifier.contains(python.partition("=")[2])


@pytest.mark.parametrize("path", CONDA)
def test_the_lock_has_each_package_within_the_bounds_that_conda_gets(path: str) -> None:
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    pins = {canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", lock, re.M)}
    for line in packages(path):
        if not line.startswith(("python", "pip", *APART)):
            one = Requirement(line)
            assert one.specifier.contains(pins[canonicalize_name(one.name.removesuffix("-base"))]), line


@pytest.mark.parametrize("path", CONDA)
def test_the_course_itself_is_installed_from_where_the_list_lies(path: str) -> None:
    """Conda and mamba run pip in the list's own folder, which for a link is the link's."""
    (pip,) = [line["pip"] for line in CONDA[path]["dependencies"] if isinstance(line, dict)]
    assert [option for option, _ in map(str.split, pip)] == ["-e"]
    assert ((ROOT / path).parent / pip[0].split()[1]).resolve() == ROOT
    assert not (ROOT / path).is_symlink()


def test_the_readme_has_the_badge_and_leads_to_nobodys_repository() -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    address = f"https://mybinder.org/v2/gh/OWNER/REPOSITORY/HEAD?urlpath=lab/tree/{server.FIRST_LESSON}"
    assert f"\n    [![Binder](https://mybinder.org/badge_logo.svg)]({address})\n" in page
    assert (ROOT / server.FIRST_LESSON).exists()
    assert not re.search(r"mybinder\.org/v2/(?!gh/OWNER/REPOSITORY/)", page)


# The container's start


def contained(course: Path, home: Path, **variables: str) -> dict[str, str]:
    """Return what a container has set before its start: none of the variables that this machine has for Jupyter."""
    ours = {
        name: value for name, value in os.environ.items() if not re.match("JUPYTER|PYTHONPATH|COURSE|.*_THREADS", name)
    }
    return ours | {"REPO_DIR": str(course), "HOME": str(home)} | variables


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """The course as an image has it: a clone, in which nobody has written anything."""
    folder = tmp_path / "srv" / "course"
    for name in ("notebooks", "exercises", "course_lib", "tools"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def started(course: Path, home: Path, *command: str, **variables: str) -> str:
    environment = contained(course, home, **variables)
    done = subprocess.run([str(START), *command], env=environment, cwd=course, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def variables(said: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)


@on_linux
def test_on_binder_start_says_where_the_courses_settings_lie(course: Path, tmp_path: Path) -> None:
    has = variables(started(course, course, "env", JUPYTER_CONFIG_PATH="/theirs", PYTHONPATH="/more"))
    assert has["PWD"] == str(course)
    assert has["JUPYTER_CONFIG_PATH"] == f"{course}/tools/jupyter/course:{course}/tools/jupyter:/theirs"
    assert has["PYTHONPATH"] == f"{course}/tools:/more"
    assert has | server.ONE_THREAD == has
    assert variables(started(course, course, "env"))["PYTHONPATH"] == f"{course}/tools", (
        "an empty place is where one is"
    )


@on_linux
def test_on_a_hub_start_leaves_that_to_the_hubs_server(course: Path, home: Path) -> None:
    has = variables(started(course, home, "env"))
    assert not {"JUPYTER_CONFIG_PATH", "PYTHONPATH", *server.ONE_THREAD} & {*has}


@on_linux
def test_the_server_gets_its_arguments_and_its_signals(course: Path, home: Path) -> None:
    assert started(course, home, "printf", "%s|", "one word", "two") == "one word|two|"
    with group_of([str(START), "sleep", "600"], env=contained(course, home), cwd=course) as running:
        wait_for(lambda: Path(f"/proc/{running.pid}/comm").read_text() == "sleep\n")
        running.terminate()
        assert running.wait(PATIENCE) == -signal.SIGTERM


# A server as a student has it


@contextmanager
def group_of(command: list[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program, and leave none of what it started."""
    running = subprocess.Popen(command, start_new_session=True, **options)
    try:
        yield running
    finally:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def wait_for(happened: Any) -> Any:
    end = time.monotonic() + PATIENCE
    while not (found := happened()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
    return found


class Lab:
    """A JupyterLab that a container's start became, and its API."""

    def __init__(self, address: str, token: str) -> None:
        self.address, self.token = address, token

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"token {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.address}{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            said = answer.read().decode()
        return json.loads(said) if said.startswith(("{", "[")) else said


@contextmanager
def lab(course: Path, home: Path, *options: str, **variables: str) -> Iterator[Lab]:
    """Start JupyterLab by the container's start, on a port that it finds itself, and end it."""
    root = ["--allow-root"] if os.geteuid() == 0 else []
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.port=0", *root, *options]
    runtime = home / "runtime"
    environment = contained(course, home, JUPYTER_RUNTIME_DIR=str(runtime), **variables)
    log = home / "log"
    with (
        log.open("w") as out,
        group_of([str(START), *command], env=environment, cwd=course, stdout=out, stderr=out) as one,
    ):
        file = runtime / f"jpserver-{one.pid}.json"
        said = wait_for(lambda: one.poll() is not None or (file.exists() and file.read_text(encoding="utf-8")))
        assert one.poll() is None, log.read_text(encoding="utf-8")
        told = json.loads(said)
        yield Lab(told["url"], told["token"])
        one.terminate()
        one.wait(PATIENCE)


EXERCISE = "exercises/01_compute_cost.ipynb"


@on_linux
def test_on_binder_an_exercise_that_is_answered_is_saved_as_ones_own(course: Path) -> None:
    before = (course / EXERCISE).read_bytes()
    with lab(course, course) as reader:
        model = reader.ask("GET", f"api/contents/{EXERCISE}")
        assert model["writable"] is True
        notebook = nbformat.from_dict(model["content"])
        notebook.cells[0].source = "my answer"
        reader.ask("PUT", f"api/contents/{EXERCISE}", {"type": "notebook", "content": notebook})
        kernel = reader.ask("POST", "api/kernels", {"name": "python3"})
        connection = json.loads((course / "runtime" / f"kernel-{kernel['id']}.json").read_text(encoding="utf-8"))
    assert "my answer" in (course / "my_exercises" / "01_compute_cost.ipynb").read_text(encoding="utf-8")
    assert (course / EXERCISE).read_bytes() == before
    assert connection["transport"] == "ipc"


# The course from its forge


@pytest.fixture(scope="module")
def gitpuller(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """nbgitpuller, installed apart."""
    folder = tmp_path_factory.mktemp("nbgitpuller")
    install = [
        sys.executable,
        "-m",
        "uv",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        str(folder),
        NBGITPULLER,
    ]
    subprocess.run(install, check=True)
    return folder


class Forge:
    """A repository that holds a small course, and what is committed into it."""

    def __init__(self, folder: Path) -> None:
        self.bare, self.work = folder / "forge.git", folder / "work"
        self.work.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")
        for name in (".gitignore", "notebooks/01_compute_cost.ipynb", "notebooks/02_units.ipynb", EXERCISE):
            (self.work / name).parent.mkdir(exist_ok=True)
            (self.work / name).write_bytes((ROOT / name).read_bytes())
        (self.work / "tools").symlink_to(ROOT / "tools")
        self.git("add", "--all")
        self.commit()
        subprocess.run(["git", "clone", "--quiet", "--bare", self.work, self.bare], check=True)
        self.git("remote", "add", "forge", self.bare.as_uri())

    def git(self, *arguments: str) -> None:
        who = ["-c", "user.name=A Teacher", "-c", "user.email=teacher@example.org"]
        subprocess.run(["git", *who, *arguments], cwd=self.work, check=True, capture_output=True)

    def commit(self) -> None:
        self.git("commit", "--quiet", "--all", "--message=A change")

    def publish(self) -> None:
        self.commit()
        self.git("push", "--quiet", "forge", "main")


def change(path: Path, **sources: str) -> None:
    """Give code cells, named by their place as in cell_2, other sources."""
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for name, source in sources.items():
        cells[int(name.removeprefix("cell_"))].source = source
    nbformat.write(notebook, path)


def sources(path: Path) -> list[str]:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


@on_linux
@pytest.mark.apart
def test_an_update_in_the_middle_of_a_term_keeps_what_the_student_wrote(
    course: Path, home: Path, gitpuller: Path, tmp_path: Path
) -> None:
    forge = Forge(tmp_path / "forge")
    pulls = {"COURSE_REPOSITORY": forge.bare.as_uri(), "PATH": f"{gitpuller / 'bin'}:{os.environ['PATH']}"}
    pulls |= {"PYTHONPATH": str(gitpuller)}
    assert variables(started(course, home, "env", **pulls))["PYTHONPATH"] == f"{home}/{FOLDER}:{gitpuller}"
    here = serve_on_hub.lay_course(home, course)
    assert not (here / "notebooks").is_symlink()
    own = {here / "my_exercises/01_compute_cost.ipynb": "my answers", here / "my_lessons/02_units.ipynb": "my notes"}
    for path, text in own.items():
        path.write_text(text, encoding="utf-8")
    change(here / "notebooks/02_units.ipynb", cell_1="mine = 1")
    enabled = "--ServerApp.jpserver_extensions=nbgitpuller=True"
    with lab(course, home, enabled, f"--ServerApp.root_dir={here}", **pulls) as student:
        change(forge.work / "notebooks/02_units.ipynb", cell_1="theirs = 1", cell_3="theirs = 3")
        change(forge.work / "notebooks/01_compute_cost.ipynb", cell_1="newer = 1")
        change(forge.work / EXERCISE, cell_1="newer = 1")
        forge.publish()
        said = student.ask("GET", f"git-pull/api?repo={forge.bare.as_uri()}&branch=main&targetpath=.")
    assert '"phase": "finished"' in said
    assert {path: path.read_text(encoding="utf-8") for path in own} == own
    assert sources(here / "notebooks/02_units.ipynb")[1] == "mine = 1"
    assert sources(here / "notebooks/02_units.ipynb")[3] == "theirs = 3"
    assert sources(here / "notebooks/01_compute_cost.ipynb")[1] == "newer = 1"
    assert sources(here / EXERCISE)[1] == "newer = 1"


@on_linux
@pytest.mark.apart
def test_a_forge_that_is_away_leaves_the_course_of_the_image(course: Path, home: Path, gitpuller: Path) -> None:
    away = {"COURSE_REPOSITORY": (home / "nowhere.git").as_uri(), "PYTHONPATH": str(gitpuller)}
    assert started(course, home, "echo", "here", PATH=f"{gitpuller / 'bin'}:{os.environ['PATH']}", **away) == "here\n"
    assert (serve_on_hub.lay_course(home, course) / "notebooks").readlink() == course / "notebooks"
