"""`make lint` checks every script and style sheet where there is Node.js, and says loudly where there is none."""

from __future__ import annotations

from pathlib import Path

import lint_page
import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def no_node(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(lint_page.shutil, "which", lambda name: None)
    monkeypatch.delenv("REQUIRE_NODE", raising=False)
    return monkeypatch


def test_without_node_one_loud_line_says_that_nothing_was_checked(
    no_node: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lint_page.main()
    assert capsys.readouterr().out == f"!!! {lint_page.NO_NODE}\n"


def test_where_node_is_required_its_absence_is_a_failure(no_node: pytest.MonkeyPatch) -> None:
    no_node.setenv("REQUIRE_NODE", "1")
    with pytest.raises(SystemExit, match="WERE NOT CHECKED"):
        lint_page.main()


def test_every_script_and_style_sheet_is_checked_by_make_lint() -> None:
    folders = [ROOT / "course_lib", ROOT / "tools"]
    files = [path for folder in folders for kind in ("css", "js", "mjs") for path in folder.rglob(f"*.{kind}")]
    pages = {path.relative_to(ROOT).as_posix() for path in files}
    assert pages == set(lint_page.PAGES)
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\nlint:")[2].partition("\n\n")[0]
    assert "tools/lint_page.py" in recipe
