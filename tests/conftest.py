"""What holds for every test: browser tests that did not run are never passed over in silence."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).resolve().parent.parent / "tools"
REQUIRED = os.environ.get("REQUIRE_BROWSER") == "1"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Where a browser is required, a browser test that was skipped has failed."""
    report: pytest.TestReport = yield
    if REQUIRED and report.skipped and "browser" in item.keywords:
        report.outcome = "failed"
        report.longrepr = f"REQUIRE_BROWSER=1, but this browser test was skipped: {reason(report)}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one loud line how many browser tests were skipped, and why."""
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if "browser" in report.keywords]
    if skipped:
        text = f"{len(skipped)} BROWSER TESTS WERE SKIPPED: {reason(skipped[0])}"
        terminalreporter.write_sep("!", text, yellow=True, bold=True)


def reason(report: pytest.TestReport) -> str:
    words = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return words.removeprefix("Skipped: ")


def load_tool(name: str) -> ModuleType:
    """Import `tools/NAME.py`, which is a script and not part of any package."""
    if str(TOOLS) not in sys.path:
        sys.path.append(str(TOOLS))
    return importlib.import_module(name)


@pytest.fixture(scope="session")
def run_notebooks() -> ModuleType:
    return load_tool("run_notebooks")


@pytest.fixture(scope="session")
def setup_env() -> ModuleType:
    return load_tool("setup_env")


@pytest.fixture(scope="session")
def lab_tool() -> ModuleType:
    return load_tool("lab")


@pytest.fixture(scope="session")
def clean() -> ModuleType:
    return load_tool("clean")
