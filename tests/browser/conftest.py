"""One JupyterLab and one Chromium for all the browser tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import handout
import nbformat
import pytest
from playwright.sync_api import Page

from browser.lab import NO_CHROMIUM, Artifacts, Lab, find_chromium, open_page
from browser.served_site import Served, built


@pytest.fixture(scope="package")
def page() -> Iterator[Page]:
    """A browser; without one the tests are skipped, or fail where `REQUIRE_BROWSER=1` says that there must be one."""
    executable = find_chromium()
    if executable is None:
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(NO_CHROMIUM)
        pytest.skip(NO_CHROMIUM)
    with open_page(executable) as opened:
        yield opened


@pytest.fixture(scope="package")
def lab(page: Page, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab in a copy of the notebooks' folder; nothing of it may be left running."""
    server = Lab(tmp_path_factory.mktemp("lab"))
    yield server
    left = server.stop()
    assert not left, f"left running after JupyterLab was stopped: {left}"


@pytest.fixture(scope="module")
def served(page: Page, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The built site on a file server of its own."""
    site = Served(tmp_path_factory.mktemp("site") / "root", built())
    yield site
    site.stop()


@pytest.fixture(scope="session")
def artifacts() -> Artifacts:
    """Where screenshots go, if anybody wants them: in the folder `ARTIFACTS`."""
    return Artifacts(os.environ.get("ARTIFACTS"))


@pytest.fixture(scope="session")
def handout_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """Return a lesson's hand-out as a file; several tests open it, and it is made once."""
    folder = tmp_path_factory.mktemp("handouts")

    def written(lesson: Path) -> Path:
        file = folder / f"{lesson.stem}.html"
        if not file.exists():
            file.write_text(handout.handout(nbformat.read(lesson, as_version=4)), encoding="utf-8")
        return file

    return written
