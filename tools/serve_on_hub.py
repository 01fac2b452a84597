"""Be a student's server on a hub, with the course as `make lab` opens it: `serve_on_hub.py [OPTION ...]`.

The hub starts it as the student, never as itself. The course lies in a shared place that no student can write to; in
the student's home, `training-cost-course` leads to it and holds what is the student's own, which nobody else can
read, whatever the home itself allows. Where the hub has an exchange for nbgrader, the student has its *Assignment
List*. The options are those of `jupyterhub-singleuser`.
"""

from __future__ import annotations

import atexit
import importlib
import importlib.util
import os
import shutil
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from classroom import server
from classroom.environment import ROOT
from classroom.server import FONTS
from classroom.whole_files import copy_whole

FOLDER = "training-cost-course"
HUB = ROOT / "deploy" / "hub"
EXCHANGE = Path(os.environ.get("COURSE_HUB_EXCHANGE", "/srv/training-cost-exchange"))
SHARED = ("notebooks", "exercises", "README.md", "LICENSE")
LEAN = server.SETTINGS / "hub"
"""Where there are kernels without a debugger, beside the settings of a student's server."""
STAND_INS = {
    "sqlalchemy": ("func",),
    "sqlalchemy.exc": ("SQLAlchemyError",),
    "jupyterhub.orm": (),
    "jupyterhub.handlers": (),
    "jupyterhub.handlers.pages": ("HealthCheckHandler",),
}
"""What a student's server names and does not use, with the names: 37 MB and a third of a second of processor time."""
PLAINLY = "COURSE_HUB_PLAINLY"
PORT_SECONDS = 10.0
"""How long another program may have the port, as one that calls somebody has for a moment."""


def main() -> None:
    port = hold_port(os.environ["JUPYTERHUB_SERVICE_URL"])  # until the server ends  # noqa: F841
    single_user = import_single_user()
    import jupyter_core.application

    # There is nothing of IPython 3's to take over; Jupyter would note that in the home, and end where that is full.
    jupyter_core.application.JupyterApp.migrate_config = lambda _: None  # type: ignore[assignment]

    os.umask(0o077)
    course = lay_course(Path.home())
    lay_list_of_fonts(Path.home())
    os.chdir(course)
    os.environ.update(server.ONE_THREAD | os.environ)
    os.environ["JUPYTER_CONFIG_PATH"] = server.config_path(*settings_of_nbgrader(), "hub")
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(LEAN), os.environ.get("JUPYTER_PATH")]))
    os.environ["JUPYTER_RUNTIME_DIR"] = runtime_folder()
    os.environ["NBFORMAT_VALIDATOR"] = "jsonschema"  # the other one is quicker the second time, and takes 10 MB
    os.environ["COURSE_PREDICTIONS"] = str(course / server.OWN["exercises"] / "predictions.json")
    sys.argv[1:1] = [f"--ServerApp.root_dir={course}"]
    single_user()


def import_single_user() -> Any:
    """Import JupyterHub's part of a student's server, without the hub's own database and pages if that can be.

    It names them where it logs and where it reads scopes, and uses none of them. Where another version uses more as it
    is imported, the server is started once more, plainly, from the same environment.
    """
    try:
        with server.nothing_needless(), no_certificates():
            import jupyterlab.labapp  # noqa: F401 # which the server would import later

            with nullcontext() if PLAINLY in os.environ else stand_ins():
                from jupyterhub.singleuser import main  # of the hub's environment, where this alone is run
    except Exception as error:
        if PLAINLY in os.environ:
            raise
        print(f"The server is started plainly, with the hub's own modules: {error!r}", file=sys.stderr)
        os.execve(sys.executable, sys.orig_argv, os.environ | {PLAINLY: "1"})
    return main


class StandIn(ModuleType):
    """A module of a few names. Whoever still has it when the real one can be imported finds all others there."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            raise AttributeError(f"{self.__name__} is a stand-in, without {name}", name=name, obj=self)
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def stand_ins() -> Iterator[None]:
    """Meanwhile have modules that hold a few names; whoever imports them later gets the real ones."""
    for module, names in STAND_INS.items():
        stand_in = StandIn(module)
        vars(stand_in).update({name: type(name, (Exception,), {}) for name in names})
        sys.modules[module] = stand_in
    try:
        yield
    finally:
        for module in STAND_INS:
            sys.modules.pop(module, None)


@contextmanager
def no_certificates() -> Iterator[None]:
    """Let what is imported meanwhile read no list of certificates, for a server that calls its hub without encryption.

    Two libraries read one each as they are imported, in case they call something else: 24 ms of processor time. From
    there on they trust nobody, and so call nobody with encryption. Nor do they need their own way to look up a name.
    """
    if urlsplit(os.environ.get("JUPYTERHUB_API_URL", "")).scheme != "http":
        yield
        return
    sys.modules["aiodns"] = None  # type: ignore[assignment] # Python's way to say that there is no such module
    read = ssl.SSLContext.load_default_certs
    ssl.SSLContext.load_default_certs = lambda *_: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        ssl.SSLContext.load_default_certs = read  # type: ignore[method-assign]


def runtime_folder() -> str:
    """Return a folder for what lasts as long as the server: not in the home, so that a full one can be opened."""
    folder = tempfile.mkdtemp(prefix="server-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def settings_of_nbgrader() -> list[str]:
    """Return where Jupyter finds a student's part of nbgrader, for which there must be a place to exchange sets."""
    return ["nbgrader", str(HUB)] if EXCHANGE.is_dir() and importlib.util.find_spec("nbgrader") else []


def hold_port(url: str) -> socket.socket:
    """Take the port that the hub chose, at once: for seconds the server does not, and the system may give it away.

    The server takes it as well: both say that they share it, and only one of them listens.
    """
    place = urlsplit(url)
    host = place.hostname or ""
    held = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    end = time.monotonic() + PORT_SECONDS
    while time.monotonic() < end:
        with suppress(OSError):
            held.bind((host, place.port))
            break
        time.sleep(0.1)
    return held


def lay_course(home: Path, shared: Path = ROOT) -> Path:
    """Return the student's folder of the course: links to what is shared, beside folders for what is the student's own.

    It is closed to everybody else, as many systems make a home that all may read.
    A link of an earlier place of the course is renewed. What else bears one of those names is the student's, and stays;
    where a folder for the own belongs, it stays under another name.
    """
    course = home / FOLDER
    lay_folder(course)
    course.chmod(0o700)
    for name in server.OWN.values():
        lay_folder(course / name)
    for name in SHARED:
        place = course / name
        if place.is_symlink() and place.readlink() != shared / name:
            place.unlink()
        if not place.is_symlink() and not place.exists():
            place.symlink_to(shared / name)
    return course


def lay_folder(place: Path) -> None:
    """Make a folder; a file that has its name, or a link to nowhere, is renamed, and nothing is written over."""
    with suppress(FileExistsError):
        place.mkdir(mode=0o700, parents=True)
        return
    if not place.is_dir():
        aside = next(name for name in names_beside(place) if not os.path.lexists(name))
        print(f"{place} is no folder: it is {aside.name} now", file=sys.stderr)
        place.rename(aside)
        place.mkdir(mode=0o700)


def names_beside(place: Path) -> Iterator[Path]:
    """Yield names for what is set aside."""
    yield from (place.with_name(f"{place.name} was a file{f' {number}' if number else ''}") for number in count())


def lay_list_of_fonts(home: Path) -> None:
    """Give matplotlib the list that `hub.prepare_for_students` has made; where that cannot be, it makes its own."""
    with suppress(OSError):
        for file in FONTS.glob("fontlist-*.json"):
            place = home / ".cache" / "matplotlib" / file.name
            if not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                copy_whole(str(file), str(place))


if __name__ == "__main__":
    main()
