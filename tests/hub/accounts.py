"""A hub for a class with real accounts and a course that is installed for them; all of it is taken away again."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from classroom import hub
from classroom.environment import OLDEST, ROOT, venv_python
from classroom.hub_client import Student

if sys.platform != "win32":
    import pwd

EXTRAS = ["hub", "instructor"]


@dataclass(frozen=True)
class Account:
    """An account with a password, which belongs to the test that made it."""

    name: str
    password: str

    @property
    def uid(self) -> int:
        return pwd.getpwnam(self.name).pw_uid

    @property
    def home(self) -> Path:
        return Path(pwd.getpwnam(self.name).pw_dir)

    def run(
        self,
        command: Sequence[str | Path],
        cwd: Path | None = None,
        variables: Mapping[str, str] | None = None,
        groups: Sequence[int] = (),
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as this account, as its shell would: with its home, and nothing of whoever runs the test."""
        about = pwd.getpwnam(self.name)
        surroundings = {"HOME": about.pw_dir, "USER": self.name, "PATH": "/usr/local/bin:/usr/bin:/bin"}
        return subprocess.run(
            [str(word) for word in command],
            user=about.pw_uid,
            group=about.pw_gid,
            extra_groups=list(groups),
            umask=0o022,
            cwd=cwd or about.pw_dir,
            env=surroundings | dict(variables or {}),
            capture_output=True,
            text=True,
        )


@contextmanager
def accounts(*names: str) -> Iterator[list[Account]]:
    """Make accounts, with groups and homes as the system's own command makes them, and take them away again."""
    prefix = f"tcc-{secrets.token_hex(2)}"
    made = [Account(f"{prefix}-{name}", secrets.token_urlsafe(12)) for name in names]
    try:
        for one in made:
            subprocess.run(["useradd", "--create-home", "--shell", "/bin/bash", one.name], check=True)
            subprocess.run(["chpasswd"], input=f"{one.name}:{one.password}\n", text=True, check=True)
        yield made
    finally:
        for one in made:
            with suppress(KeyError):
                end_processes_of(one.uid)
                subprocess.run(["userdel", "--remove", one.name], capture_output=True)


def end_processes_of(uid: int) -> None:
    """End what an account runs."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            found += [process] if process.uids().real == uid else []
    hub.end(found)


# A course that accounts can read


def readable_python() -> str:
    """Return a Python with which an environment for all can be made; skip where there is none."""
    test = f"import sys, venv, ensurepip; sys.exit(sys.version_info < {OLDEST})"
    for python in (os.path.realpath(sys.executable), "/usr/bin/python3"):
        with suppress(OSError):
            nobody = pwd.getpwnam("nobody")
            done = subprocess.run([python, "-c", test], user=nobody.pw_uid, group=nobody.pw_gid, cwd="/")
            if done.returncode == 0:
                return python
    return pytest.skip("no Python of this machine is for all accounts, new enough, and has the module venv")


def git(*words: str | Path, cwd: Path) -> str:
    identity = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"]
    command = ["git", *identity, *map(str, words)]
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout


@contextmanager
def installed_course() -> Iterator[Path]:
    """Install the course as for a class: cloned by root into a folder for all, its environment from a Python for all.

    What is cloned is a copy of the files that stand here now, with a history of its own, in the folder `origin`.
    """
    python = readable_python()
    place = Path(tempfile.mkdtemp(prefix="tcc-"))
    try:
        place.chmod(0o755)
        copy_of_the_files(place / "origin")
        git("init", "--quiet", "--initial-branch=main", cwd=place / "origin")
        git("add", "--all", cwd=place / "origin")
        git("commit", "--quiet", "--message=The course", cwd=place / "origin")
        git("clone", "--quiet", place / "origin", place / "course", cwd=place)
        (place / "course" / "my_class").mkdir()
        (place / "course" / "my_class" / "gradebook.db").touch()
        setup = [python, str(place / "course" / "tools" / "setup_env.py"), *EXTRAS]
        done = subprocess.run(setup, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        shutil.copytree(hub.VENV / "proxy", place / "course" / ".venv-hub" / "proxy", symlinks=True)
        yield place / "course"
    finally:
        shutil.rmtree(place)


def copy_of_the_files(place: Path) -> None:
    """Copy what git knows here, and what it does not ignore, as it stands."""
    for name in git("ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).split("\0"):
        if name and (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place / name)


# A class


@dataclass(frozen=True)
class Class:
    """An installed course, its hub, three students, and an instructor, who owns the exchange."""

    course: Path
    exchange: Path
    running: hub.Hub
    students: list[Account]
    instructor: Account

    def log_in(self, account: Account) -> Student:
        """Return a student whose server runs."""
        student = Student(self.running.url, account.name, account.password)
        student.open_server()
        return student

    @property
    def python(self) -> Path:
        return venv_python(self.course, hub.VENV.name)


@contextmanager
def a_class(state: Path) -> Iterator[Class]:
    """Run the class of `accounts_config.py`; as root on Linux only, for who else could make accounts."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or not shutil.which("useradd"):
        pytest.skip("accounts can be made by root on Linux only")
    with ExitStack() as stack:
        stack.callback(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, signal.default_int_handler))
        course = stack.enter_context(installed_course())
        *students, instructor = stack.enter_context(accounts("ada", "emmy", "grace", "instructor"))
        exchange = course.with_name("exchange")
        subprocess.run(["install", "-d", "-m", "1777", "-o", instructor.name, exchange], check=True)
        variables = hub.surroundings(state, [one.name for one in students], password="of each account")
        variables |= {"COURSE_HUB_EXCHANGE": str(exchange), "COURSE_HUB_TEACHERS": instructor.name}
        running = stack.enter_context(hub.Hub(variables, course / "tests" / "hub" / "accounts_config.py", course))
        yield Class(course, exchange, running, students, instructor)
