"""Notebooks as the course keeps them: read, run in a fresh kernel, and written the same way on every machine."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from traitlets import default

CELL_SECONDS = 60
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
FAILURES = (CellExecutionError, CellTimeoutError, DeadKernelError)
CELL_METADATA_OF_ONE_RUN = ("execution", "ExecuteTime", "collapsed", "scrolled", "trusted")


def read(path: Path) -> tuple[bytes, NotebookNode]:
    """Return the file's bytes and its notebook, tidied, or exit saying why it is none."""
    try:
        content = path.read_bytes()
        notebook = tidy(nbformat.v4.reads(content.decode("utf-8")))
        nbformat.validate(notebook)
    except (OSError, ValueError, AttributeError, nbformat.ValidationError) as error:
        sys.exit(f"{path} could not be read as a notebook: {error}")
    return content, notebook


class KernelHere(AsyncKernelManager):
    """The kernel of this very environment, whatever kernels the user has installed elsewhere."""

    @default("kernel_spec_manager")
    def _kernel_spec_manager_default(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[])


def execute(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """Run every cell in a fresh kernel, with `folder` as its working directory."""
    NotebookClient(
        notebook,
        kernel_manager_class=KernelHere,
        kernel_name="python3",
        extra_arguments=["--IPKernelApp.log_level=40"],
        timeout=CELL_SECONDS,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    ).execute()
    return notebook


def tidy(notebook: NotebookNode) -> NotebookNode:
    """Take out of a notebook, in place, all that differs from run to run or that no reader without a kernel can see."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata.update(kernelspec=dict(KERNEL), language_info=dict(LANGUAGE))
    notebook.nbformat, notebook.nbformat_minor = 4, max(5, notebook.nbformat_minor)
    taken: set[str] = set()
    for cell in notebook.cells:
        cell["id"] = stable_id(cell, taken)
        for name in CELL_METADATA_OF_ONE_RUN:
            cell.metadata.pop(name, None)
        for output in cell.get("outputs", []):
            if "data" in output:
                output.data.pop(WIDGET_VIEW, None)
    return notebook


def stable_id(cell: NotebookNode, taken: set[str]) -> str:
    """Return the cell's own id, or where it has none (or another cell has the same) one made from its source."""
    name = cell.get("id") or hashlib.sha256(cell.source.encode()).hexdigest()[:8]
    while name in taken:
        name = hashlib.sha256(name.encode()).hexdigest()[:8]
    taken.add(name)
    return name


def serialise(notebook: NotebookNode) -> bytes:
    """Return the file's bytes: sorted keys, indent 1, a final newline, the same on every platform."""
    return (nbformat.writes(notebook, version=nbformat.NO_CONVERT).rstrip("\n") + "\n").encode("utf-8")
