"""Open the first lesson in JupyterLab: `lab.py [--port PORT]`; on a machine without a screen, print the address."""

import errno
import os
import socket
import sys

import setup_env

FIRST_LESSON = "notebooks/00_start_here.ipynb"
USUAL_PORT = 8888
PORTS_TO_TRY = 100


def main():
    port = choose_port(wanted_port(sys.argv[1:]))
    setup_env.ensure()
    print(f"Starting JupyterLab on port {port} (stop it with Ctrl+C)", flush=True)
    setup_env.run([str(setup_env.ROOT / "tools" / "serve.py"), *server_arguments(port, has_screen())])


def wanted_port(arguments):
    """Return the port that was asked for, or None."""
    if not arguments:
        return None
    if len(arguments) == 2 and arguments[0] == "--port" and arguments[1].isdigit() and 0 < int(arguments[1]) < 65536:
        return int(arguments[1])
    return sys.exit(f"A port is a whole number from 1 to 65535, as in PORT=9000; got {' '.join(arguments[1:])!r}.")


def choose_port(wanted):
    if wanted is None:
        for port in range(USUAL_PORT, USUAL_PORT + PORTS_TO_TRY):
            if why_not(port) is None:
                return port
        sys.exit(f"Every port from {USUAL_PORT} to {port} is busy: stop one of those servers, or name a free PORT.")
    reason = why_not(wanted)
    if reason:
        sys.exit(f"Port {wanted} {reason}: choose another with PORT=, or leave PORT out to get the next free one.")
    return wanted


def why_not(port):
    """Say why the server could not listen on `port`, or return None where it could."""
    for family, kind, protocol, _, address in socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM):
        with socket.socket(family, kind, protocol) as probe:
            if os.name != "nt":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    return "is busy"
                if isinstance(error, PermissionError):
                    return "is not open to you"
    return None


def has_screen(environment=os.environ, platform=sys.platform):
    if environment.get("BROWSER"):
        return True
    if platform.startswith("linux"):
        return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))
    return "SSH_CONNECTION" not in environment


def server_arguments(port, open_browser, root=setup_env.ROOT):
    """Return JupyterLab's arguments: quiet, local, and with its windows' layout kept in this checkout."""
    arguments = [
        f"--ServerApp.root_dir={root}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.open_browser={open_browser}",
        "--Application.log_level=WARN",
        f"--LabApp.default_url=/lab/tree/{FIRST_LESSON}",
        f"--LabApp.workspaces_dir={root / '.jupyter' / 'workspaces'}",
        "--LabApp.extension_manager=readonly",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--allow-root")
    return arguments


if __name__ == "__main__":
    main()
