"""One student's hour on a hub in a minute, timed: log in, run a lesson, move a control, answer an exercise.

What the browser would ask of the hub is asked here, as often and in the same words; nothing that comes is drawn.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from websocket import WebSocketException, WebSocketTimeoutException

from classroom.hub import VENV
from classroom.hub_client import READY_SECONDS, Kernel, Message, Refused, Student

LESSON, EXERCISE = "notebooks/04_memory.ipynb", "exercises/04_memory.ipynb"
SLIDER = b"Parameters: arrow keys move it"
"""The words on the control that is moved: the first slider of the lesson's explorer."""
ANSWER = (
    "from course_lib.checks import check, given, progress",
    'model = given("4.1")',
    "sizes = [size * model.parameters / 1e9 for size in (4, 2, 2, 1)]",
)
CHECK = 'check("4.1", sizes)'
RIGHT = b"Correct"
MOVES, CHECKS, FIRST_PLACE = 10, 5, 20
PAUSE_SECONDS = 2.0
"""How often a student moves the control and asks for a verdict, and how long after the one before, on average."""
LISTEN_SECONDS = 1.0
PAGE_ASKS = (
    "api/me",
    "api/kernelspecs",
    "api/sessions",
    "api/kernels",
    "api/contents?content=1&hash=0",
    "lab/api/settings",
    "lab/api/translations",
    "lab/api/translations/default",
    "lab/api/workspaces/default",
)
"""What JupyterLab's page asks of its server when it opens, beside its scripts."""
SCRIPTS = 16
"""The largest so many of JupyterLab's scripts are as much as a browser takes at its first visit: 7 MB."""


class Visit:
    """A student at work, what took how many seconds, and in which words it failed, if it did."""

    def __init__(self, hub: str, name: str, password: str) -> None:
        """Remember who it is; nobody has logged in yet."""
        self.hub, self.name, self.password = hub, name, password
        self.failed = ""
        self.opened = self.ready = 0.0
        self.moves: list[float] = []
        self.verdicts: list[float] = []
        self.kernels: dict[str, Kernel] = {}
        """By notebook."""
        self._pauses = random.Random(name)

    def attempt(self, do: Callable[[Visit], None]) -> None:
        """Do a part of the work; what goes wrong is remembered."""
        try:
            do(self)
        except Exception as error:  # whatever it is, it belongs to the report
            self.failed = f"{self.name}, {do.__name__.replace('_', ' ')}: {type(error).__name__}: {error}"

    def stay(self, until: threading.Event) -> None:
        """Answer the servers that ask whether the page is still there, as a browser does; else they hang up."""
        with suppress(OSError, WebSocketException, Refused):
            while not until.is_set():
                for kernel in self.kernels.values():
                    kernel.line.settimeout(LISTEN_SECONDS)
                    with suppress(WebSocketTimeoutException):
                        kernel.receive()
                    kernel.line.settimeout(READY_SECONDS)
                until.wait(LISTEN_SECONDS)

    def have_a_server(self) -> None:
        """Have the server started before the lesson begins."""
        Student(self.hub, self.name, self.password).open_server()

    def run_the_lesson(self) -> None:
        """Log in, get a server, load the page, open the lesson and run it up to its first explorer."""
        begun = time.monotonic()
        self.student = Student(self.hub, self.name, self.password)
        self.student.open_server()
        self._load_the_page()
        lesson = self.student.read(LESSON)
        self.opened = time.monotonic() - begun
        kernel = self._kernel(LESSON)
        for source in cells_to_the_first_explorer(lesson):
            shown = kernel.run(source)
        self.slider = slider_in(shown)
        self.ready = time.monotonic() - begun

    def move_the_control(self) -> None:
        """Move the slider, and wait for the picture each time."""
        for place in range(MOVES):
            self._pause()
            begun = time.monotonic()
            kernel = self.kernels[LESSON]
            moved = {"method": "update", "state": {"value": FIRST_PLACE + place}, "buffer_paths": []}
            kernel.send("comm_msg", {"comm_id": self.slider, "data": moved})
            while not is_picture(kernel.receive()):
                pass
            self.moves.append(time.monotonic() - begun)

    def answer_the_exercise(self) -> None:
        """Open the exercises, answer one, ask for the verdict some times, and save."""
        exercise = self.student.read(EXERCISE)
        kernel = self._kernel(EXERCISE)
        for source in ANSWER:
            kernel.run(source)
        for _ in range(CHECKS):
            self._pause()
            begun = time.monotonic()
            shown = kernel.run(CHECK)
            self.verdicts.append(time.monotonic() - begun)
            if not any(RIGHT in message.content for message in shown):
                raise Refused(f"{CHECK} did not say {RIGHT.decode()}")
        self.student.save(EXERCISE, exercise)

    def leave(self) -> None:
        """Close the lines to the kernels, as a browser that is closed."""
        for kernel in self.kernels.values():
            kernel.close()

    def _pause(self) -> None:
        time.sleep(self._pauses.uniform(0, 2 * PAUSE_SECONDS))

    def _kernel(self, notebook: str) -> Kernel:
        self.kernels[notebook] = self.student.kernel(notebook)
        return self.kernels[notebook]

    def _load_the_page(self) -> None:
        """Ask for what JupyterLab's page consists of."""
        for path in ("lab", *scripts(), *PAGE_ASKS):
            answer = self.student.session.get(f"{self.student.server}/{path}", timeout=READY_SECONDS)
            if not answer.ok:
                raise Refused(f"{path}: {answer.status_code}")


def scripts() -> list[str]:
    """Return where a server has the scripts that a page takes."""
    files = (VENV / "share" / "jupyter" / "lab" / "static").glob("*.js")
    return [f"static/lab/{file.name}" for file in sorted(files, key=lambda one: -one.stat().st_size)[:SCRIPTS]]


def cells_to_the_first_explorer(lesson: Any) -> Iterator[str]:
    """Yield the code of a lesson's cells, the first explorer's last."""
    for cell in lesson["cells"]:
        if cell["cell_type"] == "code":
            yield "".join(cell["source"])
            if "explorer" in cell["metadata"].get("tags", []):
                return


def slider_in(said: list[Message]) -> str:
    """Return the name of the control that is moved."""
    for message in said:
        if message.kind == "comm_open" and SLIDER in message.content:
            return str(json.loads(message.content)["comm_id"])
    raise Refused(f"the explorer has no control that says {SLIDER.decode()!r}")


def is_picture(message: Message) -> bool:
    """Tell whether a message has a new picture for the page."""
    return message.kind == "comm_msg" and b"<svg" in message.content
