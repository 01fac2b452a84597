"""A real JupyterHub on fresh ports, with two invented students; nothing of it may be left running."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from classroom import hub
from classroom.environment import ROOT
from classroom.hub_client import Student

from hub.accounts import Class, a_class

collect_ignore_glob = ["*_config.py"]  # they are JupyterHub's to read
PASSWORD = "a password for tests"
STUDENTS = ["ada", "emmy"]


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    """Bring `.venv-hub` and the proxy up to date, which takes no time when they are; skip where they cannot be had."""
    if not sys.platform.startswith("linux"):
        pytest.skip("JupyterHub is made for Linux")
    if shutil.which("npm") is None:
        words = "the hub's proxy comes by npm, and there is none"
        pytest.fail(words) if os.environ.get("REQUIRE_NODE") == "1" else pytest.skip(words)
    setup = [sys.executable, str(ROOT / "tools" / "setup_env.py"), "hub"]
    done = subprocess.run(setup, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    hub.install_proxy()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[hub.Hub]:
    """The demo's hub; a module shares it."""
    state = tmp_path_factory.mktemp("hub")
    with hub.Hub(hub.surroundings(state, STUDENTS, PASSWORD)) as one:
        yield one
        assert not one.stop(), "left running after the hub was stopped"


@pytest.fixture
def log_in(running: hub.Hub) -> Callable[[str], Student]:
    """Return how a student logs in and gets a server."""

    def student(name: str) -> Student:
        one = Student(running.url, name, PASSWORD)
        one.open_server()
        return one

    return student


@pytest.fixture(scope="session")
def the_class(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    """A class with accounts of the machine; all its tests share it."""
    with a_class(tmp_path_factory.mktemp("class")) as one:
        yield one
