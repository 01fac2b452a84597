"""Be the JupyterLab that `lab.py` starts, inside `.venv`: its arguments are JupyterLab's.

In another environment that has the course, `python tools/serve.py` alone does what `lab.py` does.
The settings in `tools/jupyter` come first, so that nobody is asked about news and no updates are looked for; the user's
own settings stay as they are. What a student writes in an exercise is saved apart: `own_exercises.py` says where. The
course's notebooks are marked as trusted, because JupyterLab shows the saved pictures of a notebook that it does not
trust only once its cells are run.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
from classroom import server
from jupyterlab.labapp import main as jupyterlab
from nbformat.sign import NotebookNotary

ROOT = Path(__file__).resolve().parent.parent
KEEP_ANSWERS = "--ServerApp.contents_manager_class=own_exercises.OwnExercises"
ANSWER_AT_ONCE = "--ServerApp.kernel_websocket_connection_class=classroom.quick_socket.QuickSocket"


def main() -> None:
    paths = [str(ROOT / "tools" / "jupyter"), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, paths))
    trust_lessons()
    trust_lessons(ROOT / "exercises")
    arguments = sys.argv[1:] or server.server_arguments(server.choose_port(None), server.has_screen())
    sys.exit(jupyterlab([KEEP_ANSWERS, ANSWER_AT_ONCE, *arguments]))


def trust_lessons(folder: Path = ROOT / "notebooks") -> None:
    notary = NotebookNotary()
    for path in sorted(folder.glob("[0-9][0-9]_*.ipynb")):
        try:
            notary.sign(nbformat.read(path, as_version=4))
        except (OSError, ValueError, nbformat.ValidationError) as error:
            print(f"{path.name} could not be read, so its saved pictures may not show: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
