"""One JupyterLab and one Chromium for all the browser tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from browser.lab import NO_CHROMIUM, REPOSITORY, Lab, find_chromium, open_page


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


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """Where screenshots go: `ARTIFACTS`, or the ignored folder `artifacts` of the checkout."""
    folder = Path(os.environ.get("ARTIFACTS") or REPOSITORY / "artifacts")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
