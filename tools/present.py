"""Open a lesson as live slides: `present.py [LESSON] [--port PORT]`, LESSON being a number or a name (`memory`).

It works on a copy, so that nothing that is typed on a slide changes the course. The copy's cells are run before the
page opens, in the kernel that the page then uses: every explorer is alive on its slide from the first moment, and a
prediction takes the room's hands. The speaker's notes, which students see folded, are a page of their own.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from classroom.environment import ROOT
from classroom.pages import is_note, speakers_notes, unfolded, with_answers
from classroom.server import (
    LOCAL_KERNELS,
    ONE_THREAD,
    choose_port,
    end_as_by_ctrl_c,
    has_screen,
    server_arguments,
    wanted_port,
)
from classroom.sets import LESSONS, find_lesson
from jupyter_client import BlockingKernelClient
from nbformat import NotebookNode
from nbformat.sign import NotebookNotary

NOTES = ROOT / "build" / "notes"
SERVER_SECONDS = 60
CELL_SECONDS = 60
SLIDES = {"jupyterlab-slideshow/plugin": {"active": True}}
LARGE = {
    "@jupyterlab/apputils-extension/themes": {"overrides": {"content-font-size1": "19px", "code-font-size": "15px"}}
}
QUIET = {"@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False}}
LOOK = {
    "styles": {
        "[data-jpf-cell-tags*='explorer'] .jp-Cell-inputWrapper": {"display": "none"},
        "[data-jpf-cell-tags*='prediction'] .jp-Cell-inputWrapper": {"display": "none"},
        ".course-explorer, .course-prediction": {"margin": "0 auto"},
        ".jp-MarkdownOutput table": {"font-size": "17px"},
        ".jp-OutputArea-output pre": {"font-size": "15px"},
        ".jp-RenderedSVG img, .course-live-picture svg": {"width": "80vh", "height": "auto"},
    }
}
"""On a slide an explorer or a prediction stands alone, without its code; tables are as large as the text, and a picture
without controls grows with the screen."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Open a lesson as live slides.")
    parser.add_argument("lesson", nargs="?", default="00", help="its number or its name, such as 04 or memory")
    parser.add_argument("--port", help="default: the next free one")
    chosen = parser.parse_args()
    end_as_by_ctrl_c()
    port = choose_port(wanted_port(["--port", chosen.port] if chosen.port else []))
    lesson = find_lesson(chosen.lesson)
    print(f"Running {lesson.name} and starting its slides (stop them with Ctrl+C)", flush=True)
    print(f"The speaker's notes, for your own screen, are in {write_notes(lesson).relative_to(ROOT)}", flush=True)
    with serving(port) as slides:
        address = slides.show(lesson)
        print(
            f"The slides are at {address}\nSpace goes on, Shift+Space goes back, Escape leaves the slides.", flush=True
        )
        if has_screen():
            webbrowser.open(address)
        with contextlib.suppress(KeyboardInterrupt):
            slides.server.wait()


def write_notes(lesson: Path, folder: Path = NOTES) -> Path:
    """Write the instructor's notes of a lesson as a page that opens from disk, and return its place."""
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / f"{lesson.stem}.html"
    page.write_text(speakers_notes(nbformat.read(lesson, as_version=4)), encoding="utf-8")
    return page


@contextlib.contextmanager
def serving(port: int, folder: Path = LESSONS, expose_app: bool = False) -> Iterator[Slides]:
    """Serve slides from a copy of the lessons; stop the server and remove the copy at the end."""
    with tempfile.TemporaryDirectory(prefix="slides-", ignore_cleanup_errors=True) as name:
        place = Path(name)
        shutil.copytree(folder, place / "notebooks", ignore=shutil.ignore_patterns(".*"))
        token = secrets.token_hex(16)
        arguments = [*server_arguments(port, open_browser=False, root=place), LOCAL_KERNELS]
        arguments.append(f"--IdentityProvider.token={token}")
        if expose_app:
            arguments.append("--LabApp.expose_app_in_browser=True")
        server = subprocess.Popen([sys.executable, "-m", "jupyterlab", *arguments], env=own_settings(place))
        try:
            yield Slides(server, place, port, token)
        finally:
            server.terminate()
            server.wait()


@dataclass(frozen=True)
class Slides:
    """A running server with a copy of the lessons in its folder `place`."""

    server: subprocess.Popen[bytes]
    place: Path
    port: int
    token: str

    def show(self, lesson: Path) -> str:
        """Run the copy of `lesson` in the kernel that its page will use, and return the page's address."""
        path = f"notebooks/{lesson.name}"
        run_in_the_pages_kernel(self.place, path, open_session(self.port, self.token, path, self.server))
        return f"http://localhost:{self.port}/lab/tree/{path}?token={self.token}&reset"


def own_settings(place: Path) -> dict[str, str]:
    """Write settings that start the slides at once, apart from the user's own, and return the environment."""
    for plugin, values in (SLIDES | LARGE | QUIET).items():
        file = place / "settings" / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), encoding="utf-8")
    return {**ONE_THREAD, **os.environ} | {
        "COURSE_ROOM": "1",
        "COURSE_PREDICTIONS": str(place / "predictions.json"),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT / "tools"), os.environ.get("PYTHONPATH", "")])),
        "JUPYTER_CONFIG_PATH": str(ROOT / "tools" / "jupyter"),
        "JUPYTERLAB_SETTINGS_DIR": str(place / "settings"),
        "JUPYTER_CONFIG_DIR": str(place / "config"),
        "JUPYTER_DATA_DIR": str(place / "data"),
        "JUPYTER_RUNTIME_DIR": str(place / "runtime"),
    }


def open_session(port: int, token: str, path: str, server: subprocess.Popen[bytes]) -> str:
    """Have the server start the kernel that the page will use for `path`, and return the kernel's id."""
    body = {"path": path, "name": Path(path).name, "type": "notebook", "kernel": {"name": "python3"}}
    request = urllib.request.Request(
        f"http://localhost:{port}/api/sessions",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"token {token}", "Content-Type": "application/json"},
    )
    end = time.monotonic() + SERVER_SECONDS
    while server.poll() is None:
        try:
            with urllib.request.urlopen(request, timeout=SERVER_SECONDS) as answer:
                return str(json.load(answer)["kernel"]["id"])
        except urllib.error.URLError:
            if time.monotonic() > end:
                break
            time.sleep(0.2)
    return sys.exit("JupyterLab did not start; its own words stand above.")


def run_in_the_pages_kernel(place: Path, path: str, kernel_id: str) -> None:
    """Run the notebook's cells in that kernel, save what they show, live widgets included, and mark it as trusted."""
    notebook = nbformat.read(place / path, as_version=4)
    client = BlockingKernelClient(connection_file=str(place / "runtime" / f"kernel-{kernel_id}.json"))
    client.load_connection_file()
    client.start_channels(hb=False)  # a busy machine misses heartbeats of a kernel that is well
    try:
        client.wait_for_ready(timeout=SERVER_SECONDS)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                run_cell(client, cell)
            else:
                cell.source = unfolded(cell.source) if is_note(cell) else with_answers(cell.source)
    finally:
        client.stop_channels()
    notebook.metadata["@deathbeds/jupyterlab-fonts"] = LOOK
    nbformat.write(notebook, place / path)
    NotebookNotary(data_dir=str(place / "data")).sign(notebook)


def run_cell(client: BlockingKernelClient, cell: NotebookNode) -> None:
    """Run one cell and keep what it shows."""
    outputs: list[NotebookNode] = []

    def keep(message: dict[str, Any]) -> None:
        if message["header"]["msg_type"] in ("stream", "display_data", "execute_result", "error"):
            outputs.append(nbformat.v4.output_from_msg(message))

    reply = client.execute_interactive(cell.source, output_hook=keep, timeout=CELL_SECONDS, stop_on_error=False)
    cell.outputs, cell.execution_count = outputs, reply["content"]["execution_count"]


if __name__ == "__main__":
    main()
