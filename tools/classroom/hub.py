"""A hub on this machine: its proxy, its ports, its places, how it is started and how it is ended.

JupyterHub comes from `.venv-hub`, its proxy from npm. What a hub that was killed has left running, the next one ends
(the proxy, and a demo's servers) or takes up again (a class's servers).
"""

from __future__ import annotations

import compileall
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType

import psutil

from classroom.environment import APART, ROOT, venv_python
from classroom.server import FONTS

VENV = ROOT / APART["hub"]
PROXY = "configurable-http-proxy@5.1.0"
CLASS = ROOT / "deploy" / "hub" / "jupyterhub_config.py"
DEMO = CLASS.with_name("demo_config.py")
STATE = Path("/var/lib/training-cost-hub")
END_SECONDS, START_SECONDS = 60.0, 120.0
"""How long a process may take to end, and a hub to answer; only a failure waits so long."""


def install_proxy() -> None:
    """Install the proxy beside the hub, once; exit with a sentence where it cannot be had."""
    folder = VENV / "proxy"
    installed = folder / PROXY
    if installed.exists():
        return
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("The hub's proxy comes by npm, and there is none: install Node.js (on Debian: apt install npm).")
    print(f"Installing {PROXY} into {folder.relative_to(ROOT)} (once)", flush=True)
    command = [npm, "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(folder), PROXY]
    if subprocess.call(command) != 0:
        sys.exit("The hub's proxy could not be installed; the lines above say why. Is this machine online?")
    installed.touch()


def prepare_for_students() -> None:
    """Do once what each student's first kernel would do anew, as no student can write to the course."""
    for folder in ("course_lib", "tools"):
        compileall.compile_dir(str(ROOT / folder), quiet=1)
    FONTS.mkdir(exist_ok=True)
    look = [str(venv_python(ROOT, VENV.name)), "-c", "import matplotlib.font_manager"]
    subprocess.run(look, env=os.environ | {"MPLCONFIGDIR": str(FONTS)}, check=True)


def command(config: Path = DEMO, course: Path = ROOT) -> list[str]:
    """Return the command that is the hub, in the environment of a course."""
    return [str(venv_python(course, VENV.name)), "-m", "jupyterhub", "--log-level=WARN", "-f", str(config)]


def surroundings(state: Path, students: Sequence[str], password: str, port: int | None = None) -> dict[str, str]:
    """Return the environment of a hub: where it listens, which the system chooses if need be, and who may log in."""
    url, own, proxy = free_ports(3)
    url = port or url
    return os.environ | {
        "COURSE_HUB_URL": f"http://127.0.0.1:{url}",
        "COURSE_HUB_PORT": str(own),
        "COURSE_HUB_PROXY_PORT": str(proxy),
        "COURSE_HUB_STATE": str(state),
        "COURSE_HUB_STUDENTS": " ".join(students),
        "COURSE_HUB_PASSWORD": password,
        "COURSE_HUB_DOMAIN": "none",  # of this machine alone, which has one address
        "COURSE_HUB_OWN": "",  # what a class's hub on this machine has of its own is not for this one
    }


def free_ports(count: int) -> list[int]:
    """Return ports of this machine that nobody has, as the system chooses them."""
    with ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in held]


def end_what_was_left(state: Path) -> None:
    """End the proxy of a hub that was killed and could not end it; its number stands in the hub's folder."""
    file = state / "proxy.pid"
    with suppress(OSError, ValueError, psutil.Error):
        proxy = psutil.Process(int(file.read_text(encoding="utf-8")))
        if any("configurable-http-proxy" in word for word in proxy.cmdline()):
            end([proxy])
    file.unlink(missing_ok=True)


def end_servers_of_a_demo(state: Path) -> None:
    """End the students' servers of a killed demo: the next has other ports, and they would ask the old ones."""
    end([process for process, told in environments() if lives_in(state / "homes", told)])


def end(processes: Iterable[psutil.Process]) -> None:
    """End processes, at once where they do not end themselves."""
    alive = [process for process in processes if process.is_running()]
    for signalled in (psutil.Process.terminate, psutil.Process.kill):
        for process in alive:
            with suppress(psutil.NoSuchProcess):
                signalled(process)
        _, alive = psutil.wait_procs(alive, timeout=END_SECONDS)


def started_for(state: Path) -> set[psutil.Process]:
    """Return the processes that a hub with this folder has started, also where the hub itself is gone.

    The proxy knows the folder; a student's server and its kernels have their home in it, if the demo started them.
    """
    return {
        process
        for process, told in environments()
        if told.get("COURSE_HUB_STATE") == str(state) or lives_in(state, told)
    }


def environments() -> Iterator[tuple[psutil.Process, dict[str, str]]]:
    """Yield the processes that one may look into, each with its environment."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            told = process.environ()
            yield process, told


def lives_in(folder: Path, told: Mapping[str, str]) -> bool:
    """Tell whether the home that an environment names is in a folder."""
    return folder in Path(told.get("HOME", "/")).parents


def wait_until_it_answers(url: str, process: psutil.Popen) -> bool:
    """Wait for a hub, and return whether it answers; it does not where its process ended."""
    end_at = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < end_at:
        with suppress(OSError), urllib.request.urlopen(f"{url}/hub/api", timeout=START_SECONDS):
            return True
        time.sleep(0.05)
    return False


class Hub:
    """A hub that runs until the end of a `with`, with all that it has started; nothing else is ended."""

    def __init__(self, variables: Mapping[str, str], config: Path = DEMO, course: Path = ROOT) -> None:
        """Start a hub with an environment as `surroundings` gives it; what it says goes to a file beside its state."""
        self.url = variables["COURSE_HUB_URL"]
        self.variables, self.command = dict(variables), command(config, course)
        self.state = Path(variables["COURSE_HUB_STATE"])
        self.log = self.state / "hub.log"
        self.state.mkdir(parents=True, exist_ok=True)
        self._seen: set[psutil.Process] = set()
        self.start()

    def __enter__(self) -> Hub:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the hub, in a group of its own so that a Ctrl+C reaches it once, and wait until it answers."""
        end_what_was_left(self.state)
        with self.log.open("a") as log:
            self.process = psutil.Popen(
                self.command, env=self.variables, stdout=log, stderr=log, cwd=self.state, start_new_session=True
            )
        with ExitStack() as unless_it_answers:
            unless_it_answers.callback(self.stop)
            if not wait_until_it_answers(self.url, self.process):
                raise RuntimeError(f"the hub did not start:\n{self.said()}")
            unless_it_answers.pop_all()

    def said(self) -> str:
        """Return what the hub, its proxy and the students' servers have said."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def family(self) -> set[psutil.Process]:
        """Return every process that the hub has started and that still runs, also where what started it is gone."""
        for process in [self.process, *self._seen]:
            with suppress(psutil.NoSuchProcess):
                self._seen |= set(process.children(recursive=True))
        self._seen = {process for process in self._seen | started_for(self.state) if process.is_running()}
        self._seen.discard(self.process)
        return set(self._seen)

    def kill(self) -> None:
        """Kill the hub alone, as a machine without memory does; its proxy and the students' servers go on."""
        self.family()
        self.process.kill()
        self.process.wait()

    def stop(self) -> set[psutil.Process]:
        """End the hub as Ctrl+C does, and return what it has left running, which is ended then."""
        self.family()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            with suppress(psutil.TimeoutExpired):
                self.process.wait(END_SECONDS)
        _, left = psutil.wait_procs(self.family(), timeout=END_SECONDS if self.process.poll() == 0 else 0)
        end([self.process, *left])
        return set(left)
