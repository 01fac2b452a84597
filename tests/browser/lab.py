"""A real JupyterLab and a real page in it, for the browser tests and the latency bench.

`Lab` starts JupyterLab on a free port, in a temporary folder with settings of its own; `Notebook` is one browser page
with one notebook open in it. Both are plain: what a test promises stands in the test.
"""

from __future__ import annotations

import ast
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
import psutil
from classroom import server
from nbformat.sign import NotebookNotary
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import ConsoleMessage, Error, Locator, Page, Request, expect, sync_playwright

REPOSITORY = Path(__file__).resolve().parents[2]
NOTEBOOKS = REPOSITORY / "notebooks"
SCREEN = {"width": 1280, "height": 720}
WAIT = 30_000
"""Milliseconds that anything on the page may take; only a failure waits so long."""

PATIENCE = 90
"""Seconds that the kernel and the page together may take to show what they have to; only a failure waits so long."""

STOPS = 120
"""Seconds in which a server ends its kernels and itself, on a busy machine as well; only a failure waits so long."""

CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

LAB_SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
}

NO_CHROMIUM = "no Chromium was found: the browser tests did not run"


def find_chromium() -> str | None:
    """Return the path of the Chromium to use: `CHROMIUM` if set, else the first one on the search path."""
    names = [os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    return next((path for name in names if name and (path := shutil.which(name))), None)


@contextmanager
def open_page(executable: str) -> Iterator[Page]:
    """Give a page of a headless Chromium that reaches nothing but this machine."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        try:
            page = browser.new_page(viewport=SCREEN)
            page.set_default_timeout(WAIT)
            expect.set_options(timeout=WAIT)
            page.route(lambda address: not is_local(address), lambda route: route.abort())
            yield page
        finally:
            browser.close()


class Lab:
    """A JupyterLab server of its own: free port, own settings, and a folder that is a copy."""

    def __init__(self, root: Path, notebooks: Path = NOTEBOOKS, whole_course: bool = False) -> None:
        """Copy `notebooks` under `root`, start the server there, as `make lab` does or plainly, and wait for it."""
        self.folder = root / "notebooks"
        shutil.copytree(notebooks, self.folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints"), dirs_exist_ok=True)
        self.log = root / "jupyterlab.log"
        self._token = secrets.token_hex(16)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        settings = root / "settings"
        for name, values in LAB_SETTINGS.items():
            path = settings / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values), encoding="utf-8")
        own = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
        }
        environment = os.environ | {name: str(root / folder) for name, folder in own.items()}
        environment |= {"JUPYTER_PREFER_ENV_PATH": "1", "JUPYTER_TOKEN": self._token}
        settings_of = server.OF_THE_COURSE[0 if whole_course else 1 :]
        environment |= {"PYTHONPATH": str(REPOSITORY / "tools"), "JUPYTER_CONFIG_PATH": os.pathsep.join(settings_of)}
        options = {
            "--ServerApp.ip": "127.0.0.1",
            "--ServerApp.port": port,
            "--ServerApp.port_retries": 0,
            "--ServerApp.root_dir": self.folder,
            "--ServerApp.open_browser": False,
            "--ServerApp.allow_root": True,
            "--ServerApp.terminals_enabled": False,
            "--LabApp.expose_app_in_browser": True,
            "--LabApp.extension_manager": "readonly",
            "--LabApp.check_for_updates_class": "jupyterlab.handlers.announcements.NeverCheckForUpdate",
            "--LabApp.news_url": "None",
            "--ServerApp.kernel_websocket_connection_class": "classroom.quick_socket.QuickSocket",
            "--MappingKernelManager.kernel_manager_class": "classroom.lab_kernel.LabKernel",
        }
        with self.log.open("w") as log:
            self._process = psutil.Popen(
                [sys.executable, "-m", "jupyterlab", *(f"{name}={value}" for name, value in options.items())],
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait_until_it_answers()

    def _wait_until_it_answers(self, seconds: float = 60) -> None:
        last = time.monotonic() + seconds
        while time.monotonic() < last and self._process.poll() is None:
            with suppress(OSError):
                self.api("status")
                return
            time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"JupyterLab did not start:\n{self.log.read_text()[-3000:]}")

    def api(self, path: str, method: str = "GET") -> Any:
        """Return the answer of the server's REST interface."""
        request = urllib.request.Request(f"{self.url}/api/{path}", method=method)
        request.add_header("Authorization", f"token {self._token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def kernels(self) -> list[str]:
        """Return the ids of the kernels that are alive."""
        return [kernel["id"] for kernel in self.api("kernels")]

    def write(self, name: str, cells: Iterable[str | nbformat.NotebookNode]) -> str:
        """Write a scratch notebook (a text is the source of a code cell) and return its path for the browser."""
        nodes = [new_code_cell(cell) if isinstance(cell, str) else cell for cell in cells]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = new_notebook(cells=nodes, metadata={"kernelspec": kernel})
        nbformat.write(notebook, self.folder / name)
        return name

    def copy(self, document: dict[str, Any], name: str, trusted: bool) -> str:
        """Write a notebook as it stands, as one's own (trusted) or as one from elsewhere, and return its path."""
        notebook = nbformat.from_dict(document)
        notebook.metadata["copied_as"] = name  # else it would be trusted wherever the same content was
        nbformat.write(notebook, self.folder / name)
        if trusted:
            data = self.folder.parent / "data"
            NotebookNotary(
                data_dir=str(data), db_file=str(data / "nbsignatures.db"), secret_file=str(data / "notebook_secret")
            ).sign(notebook)
        return name

    @property
    def address(self) -> str:
        """The address of JupyterLab with no notebook open."""
        return f"{self.url}/lab?token={self._token}&reset"

    def stop(self) -> list[psutil.Process]:
        """Stop the server and return what it left running: nothing, if all is well."""
        family = [self._process, *self._process.children(recursive=True)] if self._process.is_running() else []
        self._process.terminate()
        _, left = psutil.wait_procs(family, timeout=STOPS)
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        return left


HELPERS = """
const app = window.jupyterapp;
const panel = () => app.shell.currentWidget;
const kernel = () => panel().sessionContext.session?.kernel;
"""
"""What each script run by `Notebook.script` may use."""

OPEN = """
  await app.restored;
  await app.commands.execute('docmanager:open', { path: argument, factory: 'Notebook' });
  await panel().context.ready;
  await panel().revealed;
  app.shell.collapseLeft();
  app.shell.collapseRight();
"""

SHUT_DOWN = """
  const open = panel();
  await open.sessionContext.ready;
  await open.sessionContext.shutdown();
  open.dispose();
"""

WRITE_OVER = """
  panel().content.widgets.forEach((cell, index) => cell.model.sharedModel.setSource(argument[index]));
"""

RUN_ALL = """
  await panel().sessionContext.ready;
  await app.commands.execute('notebook:run-all-cells');
"""

ASK = """
  const request = { code: '', silent: true, store_history: false, user_expressions: { answer: argument } };
  const { answer } = (await kernel().requestExecute(request).done).content.user_expressions;
  return answer.status === 'ok' ? answer.data['text/plain'] : 'failed: ' + answer.evalue;
"""

ROOM = """
  const picture = document.querySelector('.jp-OutputArea .course-picture');
  return [picture.clientWidth, picture.querySelector('svg').viewBox.baseVal.width];
"""
"""How wide the explorer's place for a picture is, in pixels, and for how wide a place its picture was drawn."""

CHANGE_THEME = "await app.commands.execute('apputils:change-theme', { theme: argument });"
THEMES = ("JupyterLab Dark", "JupyterLab Light")
"""The one that JupyterLab begins with is the last."""

OUTPUT_ERRORS = """
  const found = [];
  panel().content.widgets.forEach((cell, index) => {
    for (const output of cell.model.outputs?.toJSON() ?? [])
      if (output.output_type === 'error' || output.name === 'stderr')
        found.push(`cell ${index}: ${output.evalue ?? output.text}`);
  });
  return found;
"""

PAST_EVERY_CELL = """
  const notebook = panel().content;
  for (let cell = 0; cell < notebook.widgets.length; cell++) await notebook.scrollToItem(cell, 'start');
"""
"""A cell that JupyterLab has not shown yet is drawn when somebody comes by, or when the machine has time."""


class Notebook:
    """One notebook open in a JupyterLab page, and all that the page complained about or asked of the outside."""

    def __init__(self, lab: Lab, page: Page) -> None:
        """Load JupyterLab into the page, unless it is there, and start to listen."""
        self.lab, self.page = lab, page
        self.complaints: list[str] = []
        self.outside: list[str] = []
        self._listeners = {"console": self._heard, "pageerror": self._failed, "request": self._asked}
        elsewhere = not page.url.startswith(lab.url)
        if elsewhere:
            page.goto("about:blank")  # what the page of another test still asks for is not this one's
        for event, listener in self._listeners.items():
            page.on(event, listener)
        if elsewhere:
            page.goto(lab.address)
            page.wait_for_function("window.jupyterapp")

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def _failed(self, error: Error) -> None:
        self.complaints.append(f"uncaught: {error}")

    def _asked(self, request: Request) -> None:
        if not is_local(request.url):
            self.outside.append(request.url)

    def open(self, path: str) -> Notebook:
        """Show the notebook, and nothing beside it."""
        self.script(OPEN, path)
        return self

    def script(self, body: str, argument: Any = None) -> Any:
        """Run the body of an async JavaScript function in the page and return its result."""
        return self.page.evaluate(f"async (argument) => {{ {HELPERS} {body} }}", argument)

    def run_all(self) -> Notebook:
        """Run all cells and wait until the kernel has finished them."""
        self.script(RUN_ALL)
        return self

    def write_over(self, sources: list[str]) -> Notebook:
        """Put other sources into the cells, in order; the kernel goes on."""
        self.script(WRITE_OVER, sources)
        return self

    def change_theme(self, theme: str) -> None:
        """Show all of JupyterLab in another theme, and wait until it is there."""
        self.script(CHANGE_THEME, theme)
        expect(self.page.locator(f"body[data-jp-theme-name='{theme}']")).to_have_count(1)
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)

    def ask(self, expression: str) -> Any:
        """Return the kernel's value of a Python expression that prints as a literal."""
        return ast.literal_eval(self.script(ASK, expression))

    def settle_in_room(self, width_within: Callable[[float], float]) -> None:
        """Wait until the picture is the one for the room there is; `width_within` is of its class."""
        last = time.monotonic() + PATIENCE
        while time.monotonic() < last:
            room, width = self.script(ROOM)
            is_narrowed = room <= self.page.viewport_size["width"]  # else it is still the room of before
            if is_narrowed and width == width_within(room):
                return
        raise AssertionError(f"for a room of {room} px the picture is {width} wide, not {width_within(room)}")

    def output_errors(self) -> list[str]:
        """Return the error outputs and the standard error streams of all cells."""
        return self.script(OUTPUT_ERRORS)

    def save(self) -> dict[str, Any]:
        """Save the notebook as a reader would and return what is now in the file."""
        path = self.script("await panel().context.save(); return panel().context.path;")
        return json.loads((self.lab.folder / path).read_text(encoding="utf-8"))

    def shut_down(self) -> None:
        """Stop listening, end the notebook's kernel and close it without saving."""
        for event, listener in self._listeners.items():
            self.page.remove_listener(event, listener)
        self.script(SHUT_DOWN)


class Artifacts:
    """Screenshots for a person to look at: kept in a folder, or not taken at all."""

    def __init__(self, folder: str | None) -> None:
        """Make the folder; without one nothing is kept."""
        self.folder = Path(folder).resolve() if folder else None
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)

    def keep(self, part: Page | Locator, name: str, **options: Any) -> None:
        """Take a screenshot of a page or of a part of it."""
        if self.folder:
            part.screenshot(path=self.folder / name, **options)


def expect_to_have_all(locator: Locator, count: int) -> None:
    """Wait until there are so many, for as long as they go on coming: JupyterLab shows cells one after the other."""
    while (there := locator.count()) != count:
        expect(locator).not_to_have_count(there)


def is_local(address: str) -> bool:
    """Tell whether an address stays on this machine."""
    parts = urlsplit(address)
    return parts.scheme in ("data", "blob", "about", "file") or parts.hostname in ("127.0.0.1", "localhost")
