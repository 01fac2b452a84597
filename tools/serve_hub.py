"""Be the hub of a class, as `deploy/hub/jupyterhub_config.py` says: `serve_hub.py [--install-only]`, in `.venv-hub`.

It is started as root, usually by `deploy/hub/training-cost-hub.service`. `--install-only` brings the proxy, does what
students cannot do for themselves, and ends.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from classroom import hub

USAGE = "Call it alone, or with --install-only; the settings are in deploy/hub/jupyterhub_config.py."


def main() -> None:
    if sys.argv[1:] not in ([], ["--install-only"]):
        sys.exit(USAGE)
    hub.install_proxy()
    if sys.argv[1:]:
        hub.prepare_for_students()
    else:
        hub.end_what_was_left(Path(os.environ.get("COURSE_HUB_STATE", hub.STATE)))
        command = hub.command(hub.CLASS)
        os.execv(command[0], command)


if __name__ == "__main__":
    main()
