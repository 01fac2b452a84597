"""nbgrader's exchange as a hub's class has it, with one account: modes, whose a submission is, and what is left out.

`tests/hub/test_nbgrader.py` tries the same with accounts of the machine, which only root can make.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import serve_on_hub
from class_edition import ROOT
from classroom import server
from classroom.gradebook import programs_of_this_environment
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeError, ExchangeFactory
from nbgrader.utils import get_username
from traitlets.config import Config, PyFileConfigLoader

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the hub is for Linux")

COURSE, SET = "training_cost_edition_7", "04_memory"


@dataclass
class Exchange:
    """An exchange and two folders: an edition with a released set, and a student's."""

    config: Config
    folder: Path

    @property
    def inbound(self) -> Path:
        return self.folder / "exchange" / COURSE / "inbound"

    def do(self, step: str, **options: bool) -> None:
        """Do one step as nbgrader does."""
        course = CourseDirectory(config=self.config)
        factory = ExchangeFactory(config=self.config)
        one = getattr(factory, step)(
            coursedir=course, authenticator=Authenticator(config=self.config), config=self.config
        )
        for name, value in options.items():
            setattr(one, name, value)
        with programs_of_this_environment():
            one.start()

    def collected(self) -> dict[str, str]:
        """Return what was collected, by student and file."""
        files = (self.folder / "edition" / "submitted").rglob("*.ipynb")
        return {path.relative_to(self.folder / "edition" / "submitted").parts[0]: path.read_text() for path in files}


@pytest.fixture
def exchange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Exchange:
    """Release a set, and let this account be a student too, in no group of the instructor's."""
    for folder in ("exchange", f"edition/release/{SET}", "student"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "edition" / "release" / SET / "answers.ipynb").write_text("{}")
    (tmp_path / "exchange").chmod(0o1777)
    monkeypatch.setenv("COURSE_HUB_EXCHANGE", str(tmp_path / "exchange"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(os, "getegid", lambda: -1)
    monkeypatch.setattr(os, "getgroups", list)
    monkeypatch.chdir(tmp_path / "student")
    config = PyFileConfigLoader("nbgrader_config.py", path=str(ROOT / "deploy" / "hub")).load_config()
    config.CourseDirectory.update(root=str(tmp_path / "edition"), course_id=COURSE, assignment_id=SET)
    one = Exchange(config, tmp_path)
    one.do("ReleaseAssignment")
    one.do("FetchAssignment")
    return one


def modes(*paths: Path) -> list[str]:
    return [oct(path.stat().st_mode & 0o7777) for path in paths]


def test_a_submission_is_closed_to_all_but_its_author_and_the_instructors_group(exchange: Exchange) -> None:
    exchange.do("Submit")
    [submission] = exchange.inbound.iterdir()
    files = sorted(submission.iterdir())
    assert [file.name for file in files] == ["answers.ipynb", "submission_secret.txt", "timestamp.txt"]
    assert modes(exchange.inbound, submission, *files) == ["0o3733", "0o770", "0o640", "0o640", "0o640"]
    assert {file.stat().st_gid for file in (submission, *files)} == {exchange.inbound.stat().st_gid}


def test_when_a_file_was_changed_outlives_the_exchange(exchange: Exchange) -> None:
    file = exchange.folder / "student" / SET / "answers.ipynb"
    os.utime(file, (1e9, 1e9))
    exchange.do("Submit")
    exchange.do("Collect")
    [collected] = (exchange.folder / "edition" / "submitted").rglob("*.ipynb")
    assert collected.stat().st_mtime == 1e9


def test_who_is_in_the_instructors_group_is_refused(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getgroups", lambda: [exchange.inbound.stat().st_gid])
    with pytest.raises(ExchangeError, match="You are in the instructor's group"):
        exchange.do("Submit")
    assert not list(exchange.inbound.iterdir())


def test_what_is_collected_is_whose_it_is_and_no_link(exchange: Exchange) -> None:
    exchange.do("Submit")
    forged = exchange.inbound / f"somebody+{SET}+2099-01-01 00:00:00.000000 UTC+forged"
    forged.mkdir()
    (forged / "answers.ipynb").write_text("forged")
    exchange.do("Collect")
    assert exchange.collected() == {get_username(): "forged"}
    link = exchange.inbound / f"{get_username()}+{SET}+2099-01-02 00:00:00.000000 UTC+link"
    link.mkdir()
    (link / "answers.ipynb").symlink_to(exchange.folder / "edition" / "release" / SET / "answers.ipynb")
    exchange.do("Collect", update=True)
    assert exchange.collected() == {}


def laid_by_hand(exchange: Exchange, name: str) -> Path:
    """Lay a submission of this account into the inbound folder without nbgrader."""
    folder = exchange.inbound / name
    folder.mkdir()
    (folder / "answers.ipynb").write_text("by hand")
    return folder


def spoil_what_it_is(folder: Path) -> None:
    (folder / "answers.ipynb").unlink()
    os.mkfifo(folder / "answers.ipynb")


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        (f"+{SET}+2099-01-01 00:00:00.000000 UTC+odd", spoil_what_it_is),
        (f"..+{SET}+2099-01-01 00:00:00.000000 UTC+climbs", lambda folder: None),
        (f"somebody+{SET}+no time", lambda folder: None),
        (f"a+{SET}+b+c+d+e", lambda folder: None),
        (f"somebody+{SET}+99999999999999999999+x", lambda folder: None),
        (f"somebody+{SET}+2099-01-01 00:00:00.000000 UTC+y", lambda f: (f / "timestamp.txt").write_bytes(b"\xff")),
    ],
)
def test_whatever_is_laid_down_by_hand_stops_no_collecting(
    name: str, spoil: Callable[[Path], object], exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here is one account; who the author is, is told by the place."""
    exchange.do("Submit")
    [honest] = exchange.inbound.iterdir()
    spoil(laid_by_hand(exchange, name))
    names = exchange.config.ExchangeFactory.collect.copy_files.__globals__
    monkeypatch.setitem(names, "author_of", lambda path: "honest" if Path(path) == honest else "odd")
    exchange.do("Collect")
    exchange.do("Collect", update=True)
    assert exchange.collected()["honest"] == "{}"
    assert {path.name for path in (exchange.folder / "edition" / "submitted").iterdir()} <= {"honest", "odd"}


def test_nothing_is_released_into_a_course_that_somebody_else_has_made(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exchange takes new folders from everybody, and the course's name is known from the year before."""
    inbound = exchange.inbound
    inbound.chmod(0o755)
    monkeypatch.setattr(os, "geteuid", lambda: inbound.stat().st_uid + 1)
    owner = inbound.stat().st_uid
    words = f"{COURSE} was made by {get_username()}. Have root look what is in it.* --from={owner} {owner + 1} /"
    with pytest.raises(ExchangeError, match=words):
        exchange.do("ReleaseAssignment", force=True)
    assert modes(inbound) == ["0o755"], "nor is anything changed there"


def test_a_page_without_nbgraders_files_stops_no_giving_back(exchange: Exchange) -> None:
    for student in ("ada", "emmy", "grace"):
        folder = exchange.folder / "edition" / "feedback" / student / SET
        folder.mkdir(parents=True)
        (folder / "answers.html").write_text(student)
    for name in ("timestamp.txt", "submission_secret.txt"):
        (folder / name).write_text("secret")
        (folder.parents[1] / "emmy" / SET / name).write_bytes(b"\xff")
    exchange.do("ReleaseFeedback")
    given = [path.read_text() for path in (exchange.inbound.parent / "feedback").iterdir()]
    assert given == ["grace"]


def test_a_hub_without_an_exchange_spares_its_students_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve_on_hub, "EXCHANGE", tmp_path)
    assert serve_on_hub.settings_of_nbgrader() == ["nbgrader", str(ROOT / "deploy" / "hub")]
    assert (server.SETTINGS / "nbgrader").is_dir()
    monkeypatch.setattr(serve_on_hub, "EXCHANGE", tmp_path / "none")
    assert serve_on_hub.settings_of_nbgrader() == []
