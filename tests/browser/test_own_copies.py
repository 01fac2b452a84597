"""A learner in a real JupyterLab, in a clone of the course: runs a lesson, saves it, comes back, and updates."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from classroom.own_copies import fresh_copy
from playwright.sync_api import Page, expect

from browser.lab import REPOSITORY, Artifacts, Lab, Notebook, expect_to_have_all

pytestmark = pytest.mark.browser

LESSON, EXERCISE = "notebooks/01_compute_cost.ipynb", "exercises/01_compute_cost.ipynb"
MINE = "my_lessons/01_compute_cost.ipynb"
SVG = "image/svg+xml"
TABS = ".lm-DockPanel-tabBar .lm-TabBar-tabLabel"
PICTURES = ".jp-RenderedSVG img"
PAST_EVERY_CELL = """
  const notebook = panel().content;
  for (let cell = 0; cell < notebook.widgets.length; cell++) await notebook.scrollToItem(cell, 'start');
"""
REPOSITORY_FILES = ("notebooks", "exercises", ".gitignore", ".gitattributes")


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=A learner", "-c", "user.email=learner@example.org", "-c", "commit.gpgsign=false")
    command = ["git", *who, "-c", "core.autocrlf=false", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("upstream")
    ignored = shutil.ignore_patterns(".ipynb_checkpoints")
    for name in REPOSITORY_FILES:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy(source, folder / name)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=The course")
    return folder


@pytest.fixture(scope="module")
def course(page: Page, upstream: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab as `make lab` opens it, at the top of a clone."""
    clone = tmp_path_factory.mktemp("clone") / "course"
    git(upstream, "clone", "--quiet", str(upstream), str(clone))
    server = Lab(tmp_path_factory.mktemp("clone_lab"), clone, whole_course=True)
    yield server
    page.goto("about:blank")  # else it goes on asking a server that is gone
    assert not server.stop()
    assert "without encryption" not in server.log.read_text(encoding="utf-8")


@pytest.fixture
def notebook(course: Lab, page: Page) -> Iterator[Notebook]:
    opened = Notebook(course, page)
    yield opened
    opened.shut_down()
    assert opened.complaints == []
    assert opened.outside == []


def pictures_of(document: dict[str, Any]) -> int:
    """Return how many outputs of a notebook have a picture."""
    outputs = [output for cell in document["cells"] for output in cell.get("outputs", [])]
    return sum(SVG in output.get("data", {}) for output in outputs)


def shows_pictures(notebook: Notebook, count: int) -> None:
    assert count
    notebook.script(PAST_EVERY_CELL)
    expect_to_have_all(notebook.page.locator(PICTURES), count)
    expect(notebook.page.get_by_text("model not found")).to_have_count(0)


def test_a_lesson_that_was_run_shows_its_pictures_without_a_kernel_stays_out_of_git_and_follows_an_update(
    notebook: Notebook, course: Lab, upstream: Path, artifacts: Artifacts
) -> None:
    committed = (REPOSITORY / LESSON).read_bytes()
    shows_pictures(notebook.open(LESSON), pictures_of(fresh_copy(REPOSITORY / LESSON)))
    expect(notebook.page.locator(".Toastify__toast")).to_have_count(0)  # nobody is asked about news

    notebook.run_all()
    assert notebook.output_errors() == []
    notebook.script("await panel().context.save();")
    notebook.script("await panel().sessionContext.shutdown(); panel().dispose();")
    assert course.kernels() == []
    assert (course.folder / LESSON).read_bytes() == committed
    assert git(course.folder, "status", "--porcelain") == ""

    saved = json.loads((course.folder / MINE).read_text(encoding="utf-8"))
    shows_pictures(notebook.open(LESSON), pictures_of(saved))
    artifacts.keep(notebook.page, "own_lesson_reopened.png")
    notebook.shut_down()

    lesson = nbformat.read(upstream / LESSON, as_version=4)
    lesson.cells[0].source += "\n\nMended upstream."
    nbformat.write(lesson, upstream / LESSON)
    git(upstream, "commit", "--quiet", "--all", "--message=Mend the lesson")
    git(course.folder, "pull", "--quiet")
    notebook.open(LESSON)
    expect(notebook.page.get_by_role("paragraph").filter(has_text="Mended upstream.")).to_be_visible()
    assert git(course.folder, "status", "--porcelain") == ""


def test_lesson_and_exercises_have_tabs_of_different_names_also_after_a_reload(course: Lab, page: Page) -> None:
    notebook = Notebook(course, page).open(LESSON)
    with page.expect_response(lambda answer: "/api/workspaces/" in answer.url and answer.request.method == "PUT"):
        notebook.open(EXERCISE)
    names = ["Lesson 1 · compute cost", "Exercises 1 · compute cost"]
    tabs = page.locator(TABS, has_text="compute")
    expect(tabs).to_have_text(names)
    page.reload()
    expect(tabs).to_have_text(names)
    page.wait_for_function("window.jupyterapp")
    notebook.script("await app.restored; await panel().revealed;")
    notebook.shut_down()
    notebook.script("await app.commands.execute('application:close-all');")
    assert (course.folder / LESSON).exists(), "a label is no wish to rename the file"
    assert git(course.folder, "status", "--porcelain") == ""
