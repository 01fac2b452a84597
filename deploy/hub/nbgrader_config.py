"""nbgrader's exchange on one machine: nobody but its author and the instructor reads or changes what was handed in.

Found where `JUPYTER_CONFIG_PATH` names this folder: a student's server does it, an instructor does it in the shell.
nbgrader itself lays a submission open to whoever learns its name, believes the name on it and follows its links.
`THREATS.md` beside this file says what each of these classes prevents.
"""

import os
import pwd
import shutil
import tempfile
from contextlib import suppress
from datetime import datetime
from glob import glob
from pathlib import Path

from nbgrader.auth import BaseAuthPlugin
from nbgrader.exchange import ExchangeError
from nbgrader.exchange.default import (
    ExchangeCollect,
    ExchangeReleaseAssignment,
    ExchangeReleaseFeedback,
    ExchangeSubmit,
)

EXCHANGE = Path(os.environ.get("COURSE_HUB_EXCHANGE", "/srv/training-cost-exchange"))
FILES, FOLDERS, INBOUND = 0o640, 0o770, 0o3733
"""Modes: what is handed in is for its author and the instructor's group; to the inbound folder everybody may add, its
owner alone may list it, nobody renames another's, and what is laid into it gets its group."""


class InstructorsCourses(BaseAuthPlugin):
    """The courses that whoever owns the exchange has made in it; one that a student makes there is none."""

    def get_student_courses(self, student_id):
        """Return their names."""
        owner = EXCHANGE.stat().st_uid
        return [folder.name for folder in EXCHANGE.iterdir() if folder.lstat().st_uid == owner]


class Release(ExchangeReleaseAssignment):
    """Release a set, and let nobody rename or remove what others hand in."""

    def init_dest(self):
        """Make the folders, unless somebody else has made the course's: what is laid into it would be that one's."""
        place = EXCHANGE / self.coursedir.course_id
        if os.path.lexists(place) and place.lstat().st_uid != os.geteuid():
            mine = f"chown -Rh --from={place.lstat().st_uid} {os.geteuid()} {place} && chgrp -Rh {os.getegid()} {place}"
            self.fail(
                f"{place} was made by {author_of(place)}. Have root look what is in it. If it is the course's, as "
                "where a colleague has released, have it given to you by these commands, which leave to the students "
                f"what they handed in: {mine}. If it is not, have it moved elsewhere. Then release again."
            )
        super().init_dest()
        os.chmod(self.inbound_path, INBOUND)


class Submit(ExchangeSubmit):
    """Hand in, for the instructor alone."""

    def copy_files(self):
        """Have nbgrader lay the submission into a folder of the student's own, and from there where it is collected."""
        inbound = self.inbound_path
        if os.stat(inbound).st_gid in {os.getegid(), *os.getgroups()}:
            self.fail("You are in the instructor's group, and so may be others who could read your work.")
        with tempfile.TemporaryDirectory() as self.inbound_path:
            super().copy_files()
            laid = os.path.join(self.inbound_path, self.assignment_filename)
            self.set_perms(laid, FILES, FOLDERS)
            shutil.copytree(laid, os.path.join(inbound, self.assignment_filename))


class Collect(ExchangeCollect):
    """Collect what each student handed in, by whose it is and not by what it is called."""

    def _path_to_record(self, path):
        about = {"username": author_of(path), "filename": os.path.basename(path), "timestamp": datetime.min}
        with suppress(ValueError, OverflowError, ExchangeError):
            about["timestamp"] = super()._path_to_record(path)["timestamp"]
        return about

    def copy_files(self):
        """Collect one after the other: what cannot be collected holds up nobody else."""
        for record in self.src_records:
            self.src_records = [record]
            try:
                super().copy_files()
            except (Exception, SystemExit) as error:  # of any kind: a student may have laid down whatever it is
                self.log.error("%s was not collected: %s", record["filename"], error)

    def do_copy(self, src, dest, log=None):
        """Copy one submission, if no link is in it: it might lead to what the instructor alone can read."""
        if any(path.is_symlink() for path in (Path(src), *Path(src).rglob("*"))):
            self.fail("a link is in it, which is not followed; ask for another")
        super().do_copy(src, dest, log)


class GiveBack(ExchangeReleaseFeedback):
    """Give each student the own page back."""

    def copy_files(self):
        """Give back one after the other: where nbgrader's files are missing beside a page, the others are given."""
        for folder in sorted(glob(self.src_path)):
            self.src_path = folder
            try:
                super().copy_files()
            except (OSError, ValueError) as error:
                self.log.error("%s was not given back: %s", folder, error)


def author_of(path):
    """Return the name of the account that a file belongs to; of one that is no longer there, its number."""
    number = os.lstat(path).st_uid
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"account {number}"


c = get_config()  # type: ignore[name-defined] # noqa: F821
c.Exchange.root = str(EXCHANGE)
c.Authenticator.plugin_class = InstructorsCourses
c.ExchangeFactory.release_assignment = Release
c.ExchangeFactory.submit = Submit
c.ExchangeFactory.collect = Collect
c.ExchangeFactory.release_feedback = GiveBack
