"""Notebooks as the course keeps them: read, run in a fresh kernel, and written the same way on every machine."""

from __future__ import annotations

import hashlib
import html
import re
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from traitlets import default

from classroom.local_kernel import LocalKernel

CELL_SECONDS = 600
"""How long a cell may run: so long that no busy machine is taken for a loop that never ends."""
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
ANSWER = "answer"
"""The tag of a cell whose saved output answers a prediction that is asked above it."""
EXPLORER = "explorer"
"""The tag of a cell that shows an explorer."""

ASKING = re.compile(r'predict\("(\w+)"\)')
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


class KernelHere(LocalKernel, AsyncKernelManager):
    """The kernel of this very environment, whatever kernels the user has installed elsewhere, reached by local sockets.

    Another program may take a port between its choice and its use, and then the kernel does not start.
    """

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
        startup_timeout=CELL_SECONDS,
        iopub_timeout=CELL_SECONDS,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    ).execute()
    return notebook


def tidy(notebook: NotebookNode) -> NotebookNode:
    """Take out of a notebook, in place, all that differs from run to run or that no reader without a kernel can see."""
    without_live_widgets(notebook)
    notebook.metadata.update(kernelspec=dict(KERNEL), language_info=dict(LANGUAGE))
    notebook.nbformat, notebook.nbformat_minor = 4, max(5, notebook.nbformat_minor)
    taken: set[str] = set()
    for cell in notebook.cells:
        cell["id"] = stable_id(cell, taken)
        for name in CELL_METADATA_OF_ONE_RUN:
            cell.metadata.pop(name, None)
    return notebook


def without_live_widgets(notebook: MutableMapping[str, Any]) -> None:
    """Take the live widgets out of a notebook, in place: without their kernel they would show as errors.

    What stands beside them stays: an explorer's picture and sentence, a prediction's question.
    """
    notebook["metadata"].pop("widgets", None)
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET_VIEW, None)


def tag_answers(notebook: NotebookNode) -> NotebookNode:
    """Tag, in place, each cell whose output answers a prediction that is asked above it, and no other.

    An explorer keeps its picture: it is what a page has to show before a kernel has started.
    """
    from course_lib import predictions

    shown: list[str] = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if asked := ASKING.fullmatch(cell.source.strip()):
            shown += map(plain_words, predictions.find(asked[1]).shown)
        said = output_words(cell)
        tags = [tag for tag in cell.metadata.get("tags", []) if tag != ANSWER]
        if EXPLORER not in tags and any(answer in said for answer in shown):
            tags.append(ANSWER)
        cell.metadata.pop("tags", None)
        if tags:
            cell.metadata["tags"] = tags
    return notebook


def output_words(cell: NotebookNode) -> str:
    """Return all that a reader sees of a cell's outputs, as plain words."""
    shown = []
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        shown += [output.get("text", ""), *(data.get(kind, "") for kind in ("text/plain", "text/html"))]
    return plain_words(" ".join(shown))


def plain_words(text: str) -> str:
    """Return words without markup, each run of blanks as one.

    >>> plain_words("**28.5** days <em>on</em>  `1,024` A100")
    '28.5 days on 1,024 A100'
    """
    without = re.sub(r"<[^>]+>", " ", html.unescape(text))
    return " ".join(re.sub(r"[*`$]", "", without).split())


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
