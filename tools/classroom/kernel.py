"""The kernel that runs one submission: `kernel.py FOLDER REPORT IPYKERNEL-ARGUMENT ...`.

It is the usual kernel with three things added. It may use so much memory and write so large files, and no more, and
where the memory of the whole machine is full, it is what the system ends first. A guard
refuses to open files outside of the submission's own FOLDER (for reading, what Python needs is open too), to start
programs and to reach the network, and writes what it refused into REPORT. And `report` tells what an answer is.

The guard is an audit hook: it stops accidents, and whoever did not set out to break it. It is no sandbox.
"""

from __future__ import annotations

import builtins
import contextlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_posixsubprocess: Any
try:
    import _posixsubprocess
except ImportError:  # as on Windows
    _posixsubprocess = None

ANSWER = "application/vnd.training-cost-course.answer"
GIB = 2**30
MEMORY, FILE_SIZE, CPU_SECONDS = 4 * GIB, GIB // 10, 600
MOST_REPORTS = 20
SYSTEM = ["/usr", "/lib", "/lib64", "/etc", "/proc", "/sys", "/dev", "/System", "/Library"]
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
PROGRAMS = (
    "os.exec os.fork os.forkpty os.posix_spawn os.spawn os.startfile os.startfile/2 os.system pty.spawn "
    "subprocess.Popen _winapi.CreateProcess"
)
CHANGES = (
    "os.chflags os.chmod os.chown os.link os.mkdir os.mkfifo os.mknod os.remove os.removexattr os.rename os.rmdir "
    "os.setxattr os.truncate os.utime shutil.chown shutil.move shutil.rmtree sqlite3.connect"
)
BUILTINS = [name for name in dir(builtins) if not name.startswith("_")]
LOCAL = ("localhost", "127.0.0.1", "::1", None)


def main() -> None:
    folder, report_file, *arguments = sys.argv[1:]
    guard = Guard(Path(folder), os.open(report_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    sys.dont_write_bytecode = True
    limit_resources()
    import psutil  # noqa: F401  before the guard, as it calls code outside of Python
    from ipykernel.kernelapp import IPKernelApp

    from course_lib.questions import plain  # noqa: F401  and so the whole course, before the guard

    sys.modules["classroom_kernel"] = sys.modules[__name__]  # as __main__ will be the student's names
    sys.argv[1:] = []
    kernel = IPKernelApp.instance()
    kernel.initialize(arguments)
    if kernel.shell is None:
        sys.exit("The kernel has nothing that runs a cell.")
    kernel.shell.ask_exit = guard.refuse_to_exit
    if _posixsubprocess:  # what multiprocessing starts goes by no audit hook
        _posixsubprocess.fork_exec = guard.refuse_to_start
    sys.addaudithook(guard)
    kernel.start()


def limit_resources() -> None:
    """Keep the kernel, and each process that it starts, from filling the memory and the disk, where the system can."""
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    for name, most in (("AS", MEMORY), ("FSIZE", FILE_SIZE), ("CPU", CPU_SECONDS), ("CORE", 0)):
        kind = getattr(resource, f"RLIMIT_{name}", None)
        if kind is not None:
            _, hard = resource.getrlimit(kind)
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            try:
                resource.setrlimit(kind, (most, most))
            except (ValueError, OSError):  # macOS refuses some
                continue
    with contextlib.suppress(OSError):  # only Linux lets itself be told
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def report(seed: int, number: str, get: Callable[[], Any]) -> None:
    """Publish the answer to a question as plain data; `get` looks it up among the student's names."""
    from course_lib import questions
    from course_lib.questions import plain

    try:
        observed = plain.observe(questions.find(number, seed).asks, get())
    except NameError as error:
        observed = {"missing": str(error.name)}
    except Exception as error:  # of any kind: an object of the student's may fail at being looked at
        raised = type(error).__name__
        observed = {"refused": f"Your answer could not be read: it raises {raised}.", "raised": raised}
    publish(observed)


def publish(found: Any) -> None:
    """Send plain data to the process that marks."""
    from IPython import get_ipython

    get_ipython().display_pub.publish({ANSWER: json.dumps(found)})


def restore_names(imports: str, but: list[str]) -> None:
    """Undo what hides the course's names (`imports` has them) or Python's own, but for those; publish what that was."""
    from IPython import get_ipython

    shell = get_ipython()
    names, meant = shell.user_ns, dict(shell.user_ns_hidden)
    own: dict[str, Any] = {}
    exec(imports, own)
    meant |= own
    taken = {name for name, value in own.items() if name in names and names[name] is not value and name[:2] != "__"}
    taken |= {name for name in names if name in BUILTINS and names[name] is not meant.get(name)}
    for name in taken.difference(but):
        names.pop(name)
        if name in meant:
            names[name] = meant[name]
    publish(sorted(taken.difference(but)))


class Guard:
    """An audit hook that refuses what a submission has no need of, and reports each kind of it once."""

    def __init__(self, folder: Path, report_to: int) -> None:
        self._own = real(folder)
        self._readable = (self._own, *readable_roots())
        self._report_to = report_to
        self._reported: set[str] = set()
        self._rules: dict[str, Callable[[tuple[Any, ...]], str | None]] = {"open": self._opening}
        self._rules |= dict.fromkeys(PROGRAMS.split(), lambda arguments: "start another program")
        self._rules |= dict.fromkeys(CHANGES.split(), self._changing)
        self._rules["os.symlink"] = lambda arguments: self._changing(arguments[1:2])
        self._rules |= dict.fromkeys(("os.kill", "os.killpg"), self._killing)
        self._rules |= dict.fromkeys(("socket.connect", "socket.sendto", "socket.getaddrinfo"), self._reaching)
        self._rules |= dict.fromkeys(("ctypes.dlopen", "ctypes.dlsym"), lambda arguments: "call code outside of Python")

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        rule = self._rules.get(event)
        refused = rule(arguments) if rule else None
        if refused:
            self._refuse(refused)

    def refuse_to_exit(self) -> None:
        """Stand in for `exit()`: it stops its cell, as an error does, and not the kernel."""
        self._refuse("end the kernel")

    def refuse_to_start(self, *arguments: Any) -> None:
        """Stand in for what starts a program."""
        self._refuse("start another program")

    def _refuse(self, what: str) -> None:
        if what not in self._reported and len(self._reported) < MOST_REPORTS:
            self._reported.add(what)
            os.write(self._report_to, (json.dumps(f"tried to {what}") + "\n").encode())
        raise PermissionError(f"a submission that is being marked may not {what}")

    def _opening(self, arguments: tuple[Any, ...]) -> str | None:
        path, mode, flags = arguments
        writing = set(mode) & set("wax+") if isinstance(mode, str) else (flags or 0) & WRITING
        return self._changing((path,)) if writing else self._beyond(path, self._readable, "read")

    def _changing(self, arguments: tuple[Any, ...]) -> str | None:
        return next(filter(None, (self._beyond(path, (self._own,), "write") for path in arguments)), None)

    def _beyond(self, path: Any, roots: tuple[str, ...], what: str) -> str | None:
        """Say what would be done with a file outside of these folders; None where it lies within, or is no path."""
        if not isinstance(path, (str, bytes, os.PathLike)):
            return None
        text = os.fsdecode(path)
        if text in (os.devnull, ":memory:", "") or within(real(text), roots):
            return None
        return f"{what} {text[:200]}, outside of its folder"

    def _killing(self, arguments: tuple[Any, ...]) -> str | None:
        return None if arguments[0] == os.getpid() else "stop another process"

    def _reaching(self, arguments: tuple[Any, ...]) -> str | None:
        address = arguments[-1] if isinstance(arguments[-1], tuple) else arguments[0]
        host = address[0] if isinstance(address, tuple) else address
        return None if host in LOCAL or not isinstance(host, (str, bytes)) else "reach the network"


def readable_roots() -> tuple[str, ...]:
    """Return the folders that Python and the course read from; of the course's own folder only its library."""
    import course_lib

    library = Path(course_lib.__file__).parent
    paths = [path for path in sys.path if path and real(path) != real(library.parent)]
    shown_in_errors = Path(__file__)
    places = [*paths, sys.prefix, sys.base_prefix, library, shown_in_errors, *SYSTEM]
    places += filter(None, [os.environ.get("SYSTEMROOT")])
    return tuple({real(place) for place in places})


def real(path: Any) -> str:
    return os.path.normcase(os.path.realpath(path))


def within(path: str, roots: tuple[str, ...]) -> bool:
    return any(path == root or path.startswith(root.rstrip(os.sep) + os.sep) for root in roots)


if __name__ == "__main__":
    main()
