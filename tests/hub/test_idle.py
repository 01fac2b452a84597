"""What nobody uses ends: kernels after a while, then the server; what is in use goes on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from classroom import hub, server
from classroom.hub_client import Student

from hub.faulty import EXERCISE, LESSON

CONFIG = Path(__file__).with_name("idle_config.py")
ENDS = 600.0
"""Seconds in which something must happen; only a failure waits so long."""


def happens(event: Callable[[], bool]) -> bool:
    end = time.monotonic() + ENDS
    while not (there := event()) and time.monotonic() < end:
        time.sleep(0.5)
    return there


def kernels(student: Student) -> list[str]:
    return [one["id"] for one in student.api("GET", "kernels")]


def test_the_page_says_after_how_long_something_idle_ends() -> None:
    settings = json.loads((server.SETTINGS / "hub" / "jupyter_server_config.json").read_text(encoding="utf-8"))
    page = (hub.CLASS.parent / "README.md").read_text(encoding="utf-8")
    minutes = settings["MappingKernelManager"]["cull_idle_timeout"] // 60
    assert f"ends after {minutes} minutes, a server without kernels after an hour" in page
    assert settings["ServerApp"]["shutdown_no_activity_timeout"] == 3600


@pytest.mark.whole_hub
def test_an_idle_kernel_ends_and_then_the_server_and_work_is_kept(tmp_path: Path) -> None:
    variables = hub.surroundings(tmp_path, ["ada"], "a password for tests")
    with hub.Hub(variables | {"COURSE_HUB_DEMO": str(hub.DEMO)}, CONFIG) as running:
        ada = Student(running.url, "ada", "a password for tests")
        ada.open_server()
        notebook = ada.read(LESSON)
        notebook["cells"][0]["source"] = "mine"
        ada.save(LESSON, notebook)
        kernel = ada.kernel(LESSON)
        before = len(running.family())
        left = ada.kernel(EXERCISE)
        assert left.ask("print('used later than the other')")
        left.close()
        assert happens(lambda: left.name not in kernels(ada))
        assert kernels(ada) == [kernel.name], "a page that is connected keeps its kernel"
        kernel.close()
        assert happens(lambda: not kernels(ada))
        assert happens(lambda: len(running.family()) < before - 1)
        ada.open_server()
        assert ada.read(LESSON)["cells"][0]["source"] == "mine"
