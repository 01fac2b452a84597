"""JupyterLab as a folder of files: what JupyterLite is told, and the course's notebooks as the site has them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from classroom.environment import ROOT
from classroom.own_copies import fresh_copy, notebooks_in
from classroom.server import OWN

APPS = ("notebooks", "tree")
"""One notebook a page; links between lessons need the other. The lab application restores every earlier kernel."""
LABEXTENSIONS = Path(sys.prefix) / "share" / "jupyter" / "labextensions"
EXTENSIONS = ("@jupyter-widgets/jupyterlab-manager", "@jupyterlite/pyodide-kernel-extension")
KERNEL = {"display_name": "Python (Pyodide)", "language": "python", "name": "python"}
LANGUAGE = {
    "codemirror_mode": {"name": "python", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
    "version": "3.8",
}
"""What the browser's kernel says of itself, word for word: a notebook that says otherwise is changed by opening it."""
AUTOSAVE_SECONDS = 3
SETTINGS = {
    "@jupyterlab/docmanager-extension:plugin": {"autosaveInterval": AUTOSAVE_SECONDS},
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
}
OWN_WORKER_OF_JUPYTERLITE = "@jupyterlite/application-extension:service-worker-manager"
"""It would mount the browser's files by a hundred slow requests a start, and serve old files first."""


def build(folder: Path, lite: Path, packages: list[str]) -> None:
    """Have JupyterLite write its files into `folder`; in `lite` lies what it is told. `packages` are loaded first."""
    contents = lite / "contents"
    lay_notebooks(contents)
    write(lite / "jupyter-lite.json", page_config(packages))
    write(lite / "jupyter_lite_config.json", build_config(folder, contents))
    command = [sys.executable, "-m", "jupyterlite_core", "build", "--lite-dir", str(lite)]
    done = subprocess.run(command, cwd=lite, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"JupyterLite could not write the site:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")


def write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")


def build_config(folder: Path, contents: Path) -> dict[str, Any]:
    """Return what the build is told: the fewest files, and no extension that this environment has by chance."""
    course = ROOT / "tools" / "jupyter" / "labextensions" / "training-cost-course-tabs"
    return {
        "LiteBuildConfig": {
            "apps": list(APPS),
            "contents": [str(contents)],
            "output_dir": str(folder),
            "ignore_sys_prefix": ["federated_extensions"],
            "federated_extensions": [*(str(LABEXTENSIONS / name) for name in EXTENSIONS), str(course)],
            "no_sourcemaps": True,
            "no_unused_shared_packages": True,
            "source_date_epoch": 315532800,
        }
    }


def page_config(packages: list[str]) -> dict[str, Any]:
    """Return what the page is told: whence Python comes, that it asks no one else, and when it saves."""
    kernel = {
        "pyodideUrl": "./static/pyodide/pyodide.mjs",
        "disablePyPIFallback": True,
        "loadPyodideOptions": {"packages": packages},
    }
    return {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {
            "appName": "What a large language model costs to train",
            "exposeAppInBrowser": True,
            "disabledExtensions": [OWN_WORKER_OF_JUPYTERLITE],
            "litePluginSettings": {"@jupyterlite/pyodide-kernel-extension:kernel": kernel},
            "settingsOverrides": SETTINGS,
        },
    }


def lay_notebooks(contents: Path, root: Path = ROOT) -> None:
    """Write the lessons and the exercises as a reader finds them in the browser, under the same names."""
    for name in OWN:
        (contents / name).mkdir(parents=True)
        for path in notebooks_in(root / name):
            write(contents / name / path.name, for_the_browser(fresh_copy(path)))


def for_the_browser(notebook: NotebookNode) -> NotebookNode:
    """Make a notebook, in place, one that a browser opens by itself: no server is there that would.

    It names the browser's kernel, and says of its own pictures that they may be shown. Its texts are whole: JupyterLite
    would show the lines of one with a comma between them.
    """
    notebook.metadata.update(kernelspec=dict(KERNEL), language_info=dict(LANGUAGE))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.metadata.trusted = True
    return notebook
