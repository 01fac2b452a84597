"""Be a student's server on a hub, with the course as `make lab` opens it: `serve_on_hub.py [OPTION ...]`.

The hub starts it as the student, never as itself. The course lies in a shared place that no student can write to; in
the student's home, `training-cost-course` leads to it and holds what is the student's own, which nobody else can
read, whatever the home itself allows. Where the hub has an exchange for nbgrader, the student has its *Assignment
List*. The options are those of `jupyterhub-singleuser`.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

from classroom import server
from classroom.environment import ROOT

FOLDER = "training-cost-course"
HUB = ROOT / "deploy" / "hub"
EXCHANGE = Path(os.environ.get("COURSE_HUB_EXCHANGE", "/srv/training-cost-exchange"))
SHARED = ("notebooks", "exercises", "README.md", "LICENSE")


def main() -> None:
    from jupyterhub.singleuser import main as single_user  # of the hub's environment, where this alone is run

    os.umask(0o077)
    course = lay_course(Path.home())
    os.chdir(course)
    os.environ.update(server.ONE_THREAD | os.environ)
    os.environ["JUPYTER_CONFIG_PATH"] = server.config_path(*settings_of_nbgrader(), "hub")
    os.environ["COURSE_PREDICTIONS"] = str(course / server.OWN["exercises"] / "predictions.json")
    sys.argv[1:1] = [f"--ServerApp.root_dir={course}"]
    single_user()


def settings_of_nbgrader() -> list[str]:
    """Return where Jupyter finds a student's part of nbgrader, for which there must be a place to exchange sets."""
    return ["nbgrader", str(HUB)] if EXCHANGE.is_dir() and importlib.util.find_spec("nbgrader") else []


def lay_course(home: Path, shared: Path = ROOT) -> Path:
    """Return the student's folder of the course: links to what is shared, beside folders for what is the student's own.

    It is closed to everybody else, as many systems make a home that all may read.
    A link of an earlier place of the course is renewed. What else bears one of those names is the student's, and stays.
    """
    course = home / FOLDER
    course.mkdir(mode=0o700, parents=True, exist_ok=True)
    course.chmod(0o700)
    for name in server.OWN.values():
        (course / name).mkdir(parents=True, exist_ok=True)
    for name in SHARED:
        place = course / name
        if place.is_symlink() and place.readlink() != shared / name:
            place.unlink()
        if not place.is_symlink() and not place.exists():
            place.symlink_to(shared / name)
    return course


if __name__ == "__main__":
    main()
