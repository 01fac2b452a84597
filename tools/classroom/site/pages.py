"""What the site has beside JupyterLite: its first page, the line below a notebook, and the worker that keeps it all."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from html import escape
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from classroom.environment import ROOT
from classroom.own_copies import STAMP, notebooks_in
from classroom.pages import title_of
from classroom.server import OWN

WEB = Path(__file__).parent / "web"
SCRIPTS = ("storage.js", "landing.js", "notebook.js", "site.css")
WORKER, LIST = "service-worker.js", "course/files.json"
EDITION = "EDITION_OF_THE_SITE"
NOT_SERVED = (
    "package.json",
    "rspack.config*.js",
    "jupyterlite.schema.v0.json",
    "doc",
    "tree/jupyter-lite.ipynb",
)
MINUTES = re.compile(r"(\d+) minutes")
QUESTION = re.compile(r"^\*\*(.+?)\*\*$", re.MULTILINE)
START = re.compile(r"await import\(\s*'(\.\./config-utils\.js[^']*)'\s*\);")
OWN_START = """
        await import('../course/notebook.js').then(({ start }) => start()).catch(console.warn);
        await import('%s');
"""


def finish(site: Path) -> None:
    """Write the site's own pages into what JupyterLite wrote, and last the list of all files."""
    for pattern in NOT_SERVED:
        for path in site.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    course = site / "course"
    course.mkdir()
    for name in SCRIPTS:
        shutil.copyfile(WEB / name, course / name)
    lay_handouts(site / "read")
    python = sorted((site / "static" / "pyodide").iterdir())
    size = sum(path.stat().st_size for path in python)
    (site / "index.html").write_text(first_page(size), encoding="utf-8")
    write(course / "python.json", {"files": [path.relative_to(site).as_posix() for path in python], "bytes": size})
    write(course / "editions.json", editions(site / "files"))
    add_the_line(site / "notebooks" / "index.html")
    write_the_list(site)


def write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def lay_handouts(folder: Path) -> None:
    """Write each lesson as one page, to be read before any Python is there."""
    subprocess.run([sys.executable, str(ROOT / "tools" / "handout.py")], check=True, stdout=subprocess.DEVNULL)
    shutil.copytree(ROOT / "build" / "handout", folder)


def editions(files: Path) -> dict[str, str]:
    """Return by its place what each notebook of the site is a copy of, as its stamp says."""
    paths = [path for name in OWN for path in notebooks_in(files / name)]
    stamps = {path: nbformat.read(path, as_version=4).metadata[STAMP] for path in paths}
    return {path.relative_to(files).as_posix(): stamp.notebook for path, stamp in stamps.items()}


def add_the_line(page: Path) -> None:
    """Lay the course's line below a notebook's page, and have it look after the copy before JupyterLite starts."""
    text, found = START.subn(lambda start: OWN_START.strip() % start[1], page.read_text(encoding="utf-8"))
    if found != 1:
        sys.exit(f"{page.name} of JupyterLite no longer starts as it did: look at START in {Path(__file__).name}.")
    line = (WEB / "bar.html").read_text(encoding="utf-8")
    links = '<link rel="icon" href="favicon.ico" />\n    <link rel="stylesheet" href="../course/site.css" />'
    text = text.replace("</head>", f"  {links}\n  </head>", 1)
    text = text.replace("<html>", '<html lang="en">', 1)
    text = re.sub(r"(<body[^>]*>)", lambda body: f"{body[1]}\n{line}", text, count=1)
    page.write_text(text, encoding="utf-8")


def write_the_list(site: Path) -> None:
    """Name every file by its hash for the worker that keeps them, and give the worker its edition."""
    worker = (WEB / WORKER).read_text(encoding="utf-8")
    (site / WORKER).unlink(missing_ok=True)
    paths = [path for path in sorted(site.rglob("*")) if path.is_file()]
    hashes = {path.relative_to(site).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in paths}
    write(site / LIST, hashes)
    edition = hashlib.sha256((json.dumps(hashes) + worker).encode()).hexdigest()[:12]
    (site / WORKER).write_text(worker.replace(EDITION, edition), encoding="utf-8")


# The first page


def first_page(python_bytes: int, root: Path = ROOT) -> str:
    """Return the first page, with the lessons and the exercises as they are now."""
    page = (WEB / "index.html").read_text(encoding="utf-8")
    cards = {name: "\n".join(card(path) for path in notebooks_in(root / name)) for name in OWN}
    page = page.replace("LESSONS", cards["notebooks"]).replace("EXERCISES", cards["exercises"])
    return page.replace("PYTHON_MB", f"{python_bytes / 1e6:.0f}")


def card(path: Path) -> str:
    """Return a lesson or a set of exercises as an item of the first page."""
    notebook = nbformat.read(path, as_version=4)
    title, question, minutes = about(path, notebook)
    place = f"{path.parent.name}/{path.name}"
    play = f'<a href="notebooks/index.html?path={place}" data-place="{place}" data-name="{title}"'
    if path.parent.name == "exercises":
        ways = f'{play} aria-label="Work on them: {title}">Work on them</a>'
    else:
        read = f'<a href="read/{path.stem}.html" aria-label="Read {title}">Read</a>'
        ways = f'{read}\n{play} aria-label="Play {title}">Play</a>'
    lines = [f"<h3>{title}</h3>"]
    if question:
        lines.append(f"<p>{question}</p>")
    if minutes:
        lines.append(f'<p class="minutes">{minutes} minutes</p>')
    return "\n".join(["<li>", *lines, f'<div class="ways">{ways}</div>', "</li>"])


def about(path: Path, notebook: NotebookNode) -> tuple[str, str, str]:
    """Return a notebook's title, what it asks, and its minutes, as its first lines say; nothing where they do not."""
    if path.stem == "00_start_here":
        return "Start here", "How the course works, and the map of the lecture.", ""
    question, minutes = QUESTION.search(notebook.cells[0].source), MINUTES.search(notebook.cells[0].source)
    return escape(title_of(notebook)), escape(question[1]) if question else "", minutes[1] if minutes else ""
