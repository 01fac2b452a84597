"""The JupyterLab of the course: on which port it listens and with which arguments it starts.

As in `environment.py`, the standard library and an old syntax are enough here.
"""

import errno
import gc
import os
import shutil
import signal
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from classroom import environment

ONE_THREAD = {f"{name}_THREADS": "1" for name in ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "VECLIB_MAXIMUM")}
"""What keeps numpy to one thread: the lessons' matrices are small, and threads that wait for each other take time."""

OWN = {"notebooks": "my_lessons", "exercises": "my_exercises"}
"""The folders of the course's notebooks, each with the folder of a learner's own copies."""

FIRST_LESSON = "notebooks/00_start_here.ipynb"
USUAL_PORT = 8888
PORTS_TO_TRY = 100
LOCAL_KERNELS = "--MappingKernelManager.kernel_manager_class=classroom.lab_kernel.LabKernel"
SETTINGS = environment.ROOT / "tools" / "jupyter"
FONTS = environment.ROOT / environment.APART["hub"] / "fonts"
"""Where matplotlib's list of the machine's fonts lies on a hub, which takes long to make where there are many."""
OF_THE_COURSE = [str(SETTINGS / folder) for folder in ("course", ".")]
"""Where `JUPYTER_CONFIG_PATH` finds what JupyterLab is told of the course, and that nobody is asked about news."""


@contextmanager
def nothing_needless() -> "Iterator[None]":
    """Keep from JupyterLab, while it is imported, what takes 1.5 s of processor time and 17 MB and is of no use here.

    That is a grammar of international web addresses and one of durations, for which no schema of Jupyter's asks, and a
    start of Node.js, to be told where a build would get packages from. Nor is what stays anyway looked through for
    garbage.
    """
    for name in ("rfc3987_syntax", "isoduration"):
        sys.modules[name] = None  # type: ignore[assignment] # Python's way to say that there is no such module
    path = os.environ["PATH"]
    os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), *places_without_node(path)])
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
        os.environ["PATH"] = path


def places_without_node(path: str) -> "list[str]":
    """Return the places of a search path in which there is no Node.js."""
    places = path.split(os.pathsep)
    return [one for one in places if not any(shutil.which(name, path=one) for name in ("node", "nodejs"))]


def config_path(*folders: str) -> str:
    """Return where Jupyter looks for settings: in more folders of ours, the course's, then those named already."""
    named = os.environ.get("JUPYTER_CONFIG_PATH", "")
    return os.pathsep.join(filter(None, [*(str(SETTINGS / one) for one in folders), *OF_THE_COURSE, named]))


def end_as_by_ctrl_c() -> None:
    """Let what asks this program to end, as a closed terminal does, end all that it has started, as Ctrl+C does.

    One that was started with `nohup` goes on.
    """
    for name in ("SIGTERM", "SIGHUP"):
        told = getattr(signal, name, None)
        if told is not None and signal.getsignal(told) != signal.SIG_IGN:
            signal.signal(told, signal.default_int_handler)


def wanted_port(arguments: "Sequence[str]") -> "int | None":
    """Return the port that was asked for, or None."""
    if not arguments:
        return None
    if len(arguments) == 2 and arguments[0] == "--port" and arguments[1].isdigit() and 0 < int(arguments[1]) < 65536:
        return int(arguments[1])
    return sys.exit(f"A port is a whole number from 1 to 65535, as in PORT=9000; got {' '.join(arguments[1:])!r}.")


def choose_port(wanted: "int | None", start: "int | None" = None) -> int:
    """Return the wanted port if it is free, and without a wish the next free one from `start` or the usual one on."""
    if wanted is None:
        start = start or USUAL_PORT
        for port in range(start, start + PORTS_TO_TRY):
            if why_not(port) is None:
                return port
        sys.exit(f"Every port from {start} to {port} is busy: stop one of those servers, or name a free PORT.")
    reason = why_not(wanted)
    if reason:
        sys.exit(f"Port {wanted} {reason}: choose another with PORT=, or leave PORT out to get the next free one.")
    return wanted


def why_not(port: int) -> "str | None":
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


def has_screen(variables: "Mapping[str, str]" = os.environ, platform: str = sys.platform) -> bool:
    if variables.get("BROWSER"):
        return True
    if platform.startswith("linux"):
        return bool(variables.get("DISPLAY") or variables.get("WAYLAND_DISPLAY"))
    return "SSH_CONNECTION" not in variables


def server_arguments(port: int, open_browser: bool, root: Path = environment.ROOT) -> "list[str]":
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
