"""The built site, served by a plain file server below a folder, and a browser that keeps what it stores there."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

from browser.lab import CHROMIUM_FLAGS, HELPERS, OUTPUT_ERRORS, REPOSITORY, RUN_ALL, SCREEN, find_chromium, is_local

SITE = REPOSITORY / "build" / "site"
BELOW = "some/course"
"""The folder of the server that the site lies in, as on a forge's pages."""
PATIENCE = 180_000
"""Milliseconds that Python may take to start on a busy machine."""

ASK = """
  let said = '';
  const future = kernel().requestExecute({ code: `print(repr(${argument}))`, store_history: false });
  future.onIOPub = ({ content }) => { said += content.text ?? content.evalue ?? ''; };
  await future.done;
  return said;
"""
"""The kernel's value of an expression; JupyterLite's kernels know no user expressions."""

UNRUN = """
  const cells = panel().content.widgets.filter(({ model }) => model.type === 'code' && model.sharedModel.source.trim());
  return cells.filter(({ model }) => !model.executionCount).map(({ model }) => model.sharedModel.source);
"""


def built() -> Path:
    """Build the site, which takes seconds when nothing is new; where its parts cannot be had, skip the test."""
    tools = REPOSITORY / "tools"
    command = [sys.executable, str(tools / "setup_env.py"), "site", "instructor", "--", str(tools / "make_site.py")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY)
    if done.returncode:
        words = f"the site could not be built: {done.stderr[-2000:]}"
        pytest.fail(words) if os.environ.get("REQUIRE_BROWSER") == "1" else pytest.skip(words)
    return SITE


class Served:
    """A copy of the site on a plain file server, below a folder."""

    def __init__(self, folder: Path, site: Path) -> None:
        """Copy a site below `folder` and serve that."""
        self.site = folder / BELOW
        shutil.copytree(site, self.site)
        self.folder, self.port = folder, 0
        self.start()

    def start(self) -> None:
        """Begin to serve, at the same port as before."""
        command = [sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(self.folder)]
        with (self.folder.parent / "http.log").open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen([*command, str(self.port)], stdout=subprocess.PIPE, stderr=log, text=True)
        assert self._process.stdout
        self.port = int(re.search(r"port (\d+)", self._process.stdout.readline())[1])
        self.address = f"http://127.0.0.1:{self.port}/{BELOW}/"
        urllib.request.urlopen(self.address).close()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


class Visit:
    """One launch of a browser: its page, what it asked of the outside, and what its page complained about."""

    def __init__(self, context: BrowserContext, served: Served) -> None:
        """Listen to all that the browser does."""
        self.context, self.served = context, served
        self.page: Page = context.pages[0] if context.pages else context.new_page()
        self.outside: list[str] = []
        self.complaints: list[str] = []
        context.on("request", self._asked)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))

    def _asked(self, request: Request) -> None:
        if not is_local(request.url):
            self.outside.append(request.url)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def home(self) -> Page:
        """Show the first page."""
        self.page.goto(self.served.address)
        return self.page

    def open(self, place: str) -> Visit:
        """Show a notebook, and wait until Python answers."""
        self.page.goto(f"{self.served.address}notebooks/index.html?path={place}")
        self.wait_for_python()
        return self

    def wait_for_python(self) -> None:
        expect(self.page.locator("#course-said")).to_have_text("Python is ready.", timeout=PATIENCE)

    def wait_for_notebook(self) -> None:
        """Wait until the notebook is there, with Python or without."""
        self.page.wait_for_function("window.jupyterapp?.shell.currentWidget?.context?.isReady", timeout=PATIENCE)

    def script(self, body: str, argument: Any = None) -> Any:
        return self.page.evaluate(f"async (argument) => {{ {HELPERS} {body} }}", argument)

    def run_all(self) -> Visit:
        """Run all cells, and wait until Python has finished them."""
        self.script(RUN_ALL)
        return self

    def unrun(self) -> list[str]:
        """Return the sources of the code cells that were not run."""
        return self.script(UNRUN)

    def output_errors(self) -> list[str]:
        return self.script(OUTPUT_ERRORS)

    def ask(self, expression: str) -> Any:
        """Return the kernel's value of a Python expression that prints as a literal."""
        return ast.literal_eval(self.script(ASK, expression))

    def answer(self, cell: str, source: str) -> None:
        """Write an answer into the cell with this grade id."""
        write = """
          const cells = panel().content.widgets;
          const cell = cells.find(({ model }) => model.getMetadata('nbgrader')?.grade_id === argument[0]);
          cell.model.sharedModel.setSource(argument[1]);
        """
        self.script(write, [cell, source])

    def shown(self, cell: str) -> str:
        """Return what stands below the cell with this grade id."""
        read = """
          const cells = panel().content.widgets;
          const cell = cells.find(({ model }) => model.getMetadata('nbgrader')?.grade_id === argument);
          return (cell.model.outputs.toJSON()[0]?.data ?? {})['text/plain'] ?? '';
        """
        return str(self.script(read, cell))

    def keep(self) -> None:
        """Wait until the notebook is saved by itself."""
        self.page.wait_for_function("!window.jupyterapp.shell.currentWidget.context.model.dirty", timeout=PATIENCE)

    def hand_in(self, author: str, into: Path) -> Path:
        """Download the answers under a name."""
        self.page.fill("#course-author", author)
        with self.page.expect_download() as loading:
            self.page.get_by_role("button", name="Hand in").click()
        place = into / loading.value.suggested_filename
        loading.value.save_as(place)
        return place


@contextmanager
def visiting(browser: Browser, served: Served, profile: Path) -> Iterator[Visit]:
    """Give a launch of Chromium with a store of its own, which a later launch finds again."""
    context = browser.browser_type.launch_persistent_context(
        profile,
        executable_path=find_chromium(),
        args=CHROMIUM_FLAGS,
        viewport=SCREEN,
        accept_downloads=True,
    )
    try:
        visit = Visit(context, served)
        yield visit
        assert visit.outside == []
    finally:
        with suppress(Exception):
            context.close()
