"""Show a class on a hub, on this machine alone: `hub_demo.py [--port PORT]`; two invented students, one password.

It runs until Ctrl+C, or until its terminal is closed, which ends the hub, its proxy and the students' servers. What the
students wrote stays in `build/hub-demo/homes` for the next time, and `make clean` leaves it alone. A demo that was
killed is tidied up by the next.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

from classroom import hub, server
from classroom.environment import ROOT

STATE = Path(os.environ.get("COURSE_HUB_STATE", ROOT / "build" / "hub-demo"))
STUDENTS = ["ada", "emmy"]
FIRST_PORT = 8000


def main() -> None:
    if not sys.platform.startswith("linux"):
        sys.exit("JupyterHub is made for Linux; on this machine `make lab` opens the course for one person.")
    wanted = server.wanted_port(sys.argv[1:])
    hub.install_proxy()
    hub.end_what_was_left(STATE)
    hub.end_servers_of_a_demo(STATE)
    port = server.choose_port(wanted, start=FIRST_PORT)
    password = secrets.token_urlsafe(9)
    variables = hub.surroundings(STATE, STUDENTS, password, port)
    print(
        f"The class is at {variables['COURSE_HUB_URL']} for this machine alone (stop it with Ctrl+C).\n"
        f"Log in as {' or '.join(STUDENTS)} with the password {password}",
        flush=True,
    )
    command = hub.command()
    os.execve(command[0], command, variables)


if __name__ == "__main__":
    main()
