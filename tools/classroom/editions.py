"""A class edition on disk: `my_class/edition_SEED`, which is also a course directory of nbgrader's.

release/04_memory/...ipynb    what the class gets
source/04_memory/...ipynb     what nbgrader makes that from
solutions/...ipynb            the masters, run in this edition: keep them apart
gradebook.db                  nbgrader's: every point, also those that a person gives
autograded/, feedback/        what `make mark` writes, a folder a student
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from classroom.sets import names_of, number_of
from course_lib import questions
from course_lib.checks import Given
from course_lib.questions.kinds import Function
from course_lib.questions.limits import outcomes
from course_lib.questions.plain import pack, pack_outcome

CLASSES = Path(__file__).resolve().parents[2] / "my_class"


@dataclass(frozen=True)
class Edition:
    """One class edition and where its files lie; `set_name` is such as 04_memory."""

    seed: int
    folder: Path

    def notebook_name(self, set_name: str) -> str:
        """Return what the notebook is called, so that it lies beside a student's own practice."""
        return f"{set_name}_edition_{self.seed}"

    def path(self, step: str, set_name: str, student: str = "") -> Path:
        """Return where nbgrader keeps a set at one step of its way."""
        return self.folder / step / student / set_name / f"{self.notebook_name(set_name)}.ipynb"

    def solutions(self, set_name: str) -> Path:
        """Return where the set's master lies."""
        return self.folder / "solutions" / f"{self.notebook_name(set_name)}.ipynb"

    @property
    def database(self) -> str:
        """The address of the gradebook."""
        return f"sqlite:///{(self.folder / 'gradebook.db').as_posix()}"

    @property
    def _record(self) -> Path:
        return self.folder / "edition.json"

    def released(self) -> dict[str, str]:
        """Return the released sets, each with the fingerprint of its questions."""
        if not self._record.exists():
            return {}
        return dict(json.loads(self._record.read_text(encoding="utf-8"))["sets"])

    def released_as(self, set_name: str) -> str:
        """Return what a set is called in this edition: by a former name where it was released under that."""
        return next((name for name in names_of(set_name) if name in self.released()), set_name)

    def note_release(self, set_name: str) -> None:
        """Write down that a set was released, with these questions."""
        sets = self.released() | {set_name: fingerprint(set_name, self.seed)}
        record = {"seed": self.seed, "sets": dict(sorted(sets.items()))}
        self._record.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")

    def read_release(self, set_name: str) -> NotebookNode:
        """Return the set as the class got it; exit where it was moved away."""
        path = self.path("release", set_name)
        if not path.exists():
            command = f"make release SEED={self.seed} SET={number_of(set_name):02d}"
            sys.exit(f"{path} is no longer there: `{command}` makes it again.")
        return nbformat.read(path, as_version=4)

    def refuse_other_questions(self, set_name: str) -> None:
        """Exit where this course no longer asks what was released: its checks would judge other answers."""
        if self.released()[set_name] != fingerprint(set_name, self.seed):
            sys.exit(
                f"{set_name}: the course now asks something else than when edition {self.seed} was released. Mark it "
                "with the version of the course that released it, or release another edition."
            )


def fingerprint(set_name: str, seed: int) -> str:
    """Return what tells one state of a set's questions from another: what they give, and what they take as right."""
    digest = hashlib.sha256()
    for number in questions.numbers_of(number_of(set_name)):
        question = questions.find(number, seed)
        asks = question.asks
        if isinstance(asks, Function):
            right = [pack_outcome(one) for one in outcomes(asks.reference, asks.inputs())]
        else:
            right = pack(asks.right())
        digest.update(json.dumps([number, question.points, str(Given(question)), right]).encode())
    return digest.hexdigest()


def seed_from(text: str) -> int:
    """Return the seed of a class edition, or exit with what it may be."""
    if not re.fullmatch(r"[1-9]\d{0,8}", text):
        sys.exit(f"SEED is a whole number from 1 to 999999999, as in SEED=7 (0 is the public edition); got {text!r}.")
    return int(text)


def find_edition(seed: str | None, folder: Path = CLASSES) -> Edition:
    """Return the released edition of that seed, or the only one; exit where there is none, or a choice."""
    there = {
        int(path.name.removeprefix("edition_")): path
        for path in folder.glob("edition_*")
        if path.name.removeprefix("edition_").isdigit() and (path / "edition.json").exists()
    }
    if not there:
        sys.exit("No class edition was released yet: begin with `make release SEED=7`, with a number of your own.")
    if seed is None and len(there) > 1:
        sys.exit(f"Several editions were released: say which, as in SEED={min(there)}; there are {known(there)}.")
    chosen = seed_from(seed) if seed is not None else next(iter(there))
    if chosen not in there:
        sys.exit(f"Edition {chosen} was not released; there is {known(there)}.")
    return Edition(chosen, there[chosen])


def known(editions: dict[int, Path]) -> str:
    return ", ".join(map(str, sorted(editions)))


def shown(path: Path) -> str:
    """Return a path as one types it in the course's folder, if it lies there."""
    root = CLASSES.parent
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
