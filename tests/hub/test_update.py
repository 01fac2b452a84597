"""An update of the shared course while students work: what is theirs stays, and what is not is the new course."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from classroom.environment import ROOT

from hub.accounts import copy_of_the_files, git
from hub.faulty import EXERCISE, LESSON, answer, answered, class_hub, comes_in

pytestmark = pytest.mark.whole_hub
RENAMED, FORMER = "exercises/07_plan.ipynb", "exercises/07_plan_a_training_run.ipynb"


@pytest.fixture
def upstream(tmp_path: Path) -> Path:
    """The course as it stands here, in a repository of its own, with the last set under its former name."""
    folder = tmp_path / "upstream"
    copy_of_the_files(folder)
    git("init", "--quiet", "--initial-branch=main", cwd=folder)
    (folder / RENAMED).rename(folder / FORMER)
    git("add", "--all", cwd=folder)
    git("commit", "--quiet", "--message=The course", cwd=folder)
    return folder


@pytest.fixture
def shared(upstream: Path, tmp_path: Path) -> Path:
    """The clone that a class shares; its hub's environment is the one of this course."""
    folder = tmp_path / "shared"
    git("clone", "--quiet", str(upstream), str(folder), cwd=tmp_path)
    (folder / ".venv-hub").symlink_to(ROOT / ".venv-hub")
    (folder / ".git" / "info" / "exclude").write_text(".venv-hub\n", encoding="utf-8")
    return folder


def mend(place: Path) -> None:
    notebook = nbformat.read(place, as_version=4)
    notebook.cells[0].source += "\nmended upstream"
    nbformat.write(notebook, place)


def test_an_update_while_students_work_leaves_what_is_theirs_and_brings_the_rest(
    upstream: Path, shared: Path, tmp_path: Path
) -> None:
    with class_hub(tmp_path / "state", shared / "deploy" / "hub" / "demo_config.py") as running:
        ada = comes_in(running)
        ada.save(LESSON, ada.read(LESSON))
        answer(ada, "flop = 1")
        answer(ada, "plan = 1", FORMER)
        page = ada.read(EXERCISE)
        kernel = ada.kernel(LESSON)
        kernel.ask("held = 1")

        mend(upstream / LESSON)
        mend(upstream / EXERCISE)
        git("mv", FORMER, RENAMED, cwd=upstream)
        git("commit", "--quiet", "--all", "--message=Mend it", cwd=upstream)
        git("pull", "--quiet", cwd=shared)

        assert kernel.ask("print(held)") == "1\n"
        assert answered(ada, LESSON).endswith("mended upstream"), "nothing was written in it"
        assert answered(ada) == "flop = 1"
        assert answered(ada, RENAMED) == "plan = 1"
        page["cells"][0]["source"] = "flop = 2"
        ada.save(EXERCISE, page)
        answer(ada, "plan = 2", RENAMED)
        assert (answered(ada), answered(ada, RENAMED)) == ("flop = 2", "plan = 2")
        own = running.state / "homes" / "ada" / "training-cost-course" / "my_exercises"
        assert sorted(one.name for one in own.glob("*.ipynb")) == [Path(EXERCISE).name, Path(FORMER).name]
        emmy = comes_in(running, "emmy")
        assert answered(emmy, LESSON).endswith("mended upstream")
        assert answered(emmy).endswith("mended upstream")
        assert not answered(emmy, RENAMED).startswith("plan")
        assert git("status", "--porcelain", cwd=shared) == ""
        assert git("rev-parse", "HEAD", cwd=shared) == git("rev-parse", "HEAD", cwd=upstream)
