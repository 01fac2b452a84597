"""What holds for every test: browser tests that did not run are never passed over in silence."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from class_edition import ClassEdition

# A test tries the same examples every time, and none of them against the clock.
settings.register_profile("course", derandomize=True, deadline=None)
settings.load_profile("course")

# A program that is told to ignore a signal has all that it starts ignore it, and a test would wait for good for what it
# ends by that signal: who runs the tests by `nohup` or in the background has what they start hear all the same.
for name in ("SIGHUP", "SIGINT", "SIGTERM"):
    if (told := getattr(signal, name, None)) is not None and signal.getsignal(told) is signal.SIG_IGN:
        signal.signal(told, lambda *_: None)

collect_ignore = ["data"]
"""Notebooks of students, which a test runs itself: `--nbval` would compare their outputs, and they have none."""
REQUIRED = os.environ.get("REQUIRE_BROWSER") == "1"


@pytest.fixture(scope="session")
def first_set(tmp_path_factory: pytest.TempPathFactory) -> ClassEdition:
    """The first set of exercises as it was released to a class: several tests take a copy, as a release takes long."""
    from class_edition import released

    return released(tmp_path_factory.mktemp("first_set"), "01_compute_cost")


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
