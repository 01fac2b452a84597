"""Be the JupyterLab that `lab.py` starts, inside `.venv`: its arguments are JupyterLab's.

In another environment that has the course, `python tools/serve.py` alone does what `lab.py` does.
The settings in `tools/jupyter` come first, of which `course` holds what makes it the course's; the user's own settings
stay as they are. What a learner does to a lesson or an exercise is saved apart: `classroom/own_copies.py`
says where.
"""

from __future__ import annotations

import os
import sys

from classroom import server


def main() -> None:
    with server.nothing_needless():
        from jupyterlab.labapp import main as jupyterlab

    os.environ.update(server.ONE_THREAD | os.environ)
    os.environ["JUPYTER_CONFIG_PATH"] = server.config_path()
    arguments = sys.argv[1:] or server.server_arguments(server.choose_port(None), server.has_screen())
    sys.exit(jupyterlab(arguments))


if __name__ == "__main__":
    main()
