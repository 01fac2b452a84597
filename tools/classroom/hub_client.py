"""One student on a hub, without a browser: what a page asks of the hub, of the student's server and of a kernel."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from websocket import WebSocket, create_connection

READY_SECONDS = 300.0
"""How long a server or an answer of a kernel may take; only a failure waits so long."""


class Refused(Exception):
    """The hub or the server said no, or nothing at all."""


class Student:
    """Somebody with a name and a password, who logs in and gets a server."""

    def __init__(self, hub: str, name: str, password: str) -> None:
        """Log in; raise `Refused` where the hub does not let this person in."""
        self.hub, self.name = hub, name
        self.server = f"{hub}/user/{quote(name)}"
        self.session = requests.Session()
        self.session.get(f"{hub}/hub/login", timeout=READY_SECONDS)
        answer = self.session.post(
            f"{hub}/hub/login",
            data={"username": name, "password": password, "_xsrf": self._token("/hub/")},
            timeout=READY_SECONDS,
            allow_redirects=False,
        )
        if answer.status_code != 302:
            raise Refused(f"{name} was not let in: {answer.status_code}")

    def _token(self, path: str) -> str:
        """Return what tells the page of a server from any other page; hub and servers each have theirs."""
        tokens = (one.value for one in self.session.cookies if one.name == "_xsrf" and one.path == path)
        return next(tokens, None) or ""

    def open_server(self) -> None:
        """Have the hub start the student's server, and follow its pages until JupyterLab is there."""
        self.session.get(f"{self.hub}/hub/spawn/{quote(self.name)}", timeout=READY_SECONDS)
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            answer = self.session.get(f"{self.server}/lab", timeout=READY_SECONDS)
            if answer.status_code == 200 and urlsplit(answer.url).path.startswith(f"/user/{quote(self.name)}/"):
                return
            if answer.status_code not in (200, 424, 429, 503):
                break
            time.sleep(0.1)
        raise Refused(f"{self.name} got no server: {answer.status_code} at {answer.url}")

    def api(self, method: str, path: str, content: Any = None) -> Any:
        """Ask Jupyter's own part of the student's server, and return what it answers."""
        return self.request(method, f"api/{path}", content)

    def request(self, method: str, path: str, content: Any = None) -> Any:
        """Ask the student's server, as its page does, and return what it answers; raise `Refused` with its words."""
        answer = self.session.request(
            method,
            f"{self.server}/{quote(path)}",
            json=content,
            headers={"X-XSRFToken": self._token(f"/user/{quote(self.name)}/")},
            timeout=READY_SECONDS,
        )
        if not answer.ok:
            raise Refused(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None

    def read(self, path: str) -> Any:
        """Return a notebook as the page shows it."""
        return self.api("GET", f"contents/{path}")["content"]

    def save(self, path: str, notebook: Any) -> None:
        """Save a notebook as the page does."""
        self.api("PUT", f"contents/{path}", {"type": "notebook", "format": "json", "content": notebook})

    def kernel(self, path: str) -> Kernel:
        """Start the kernel of a notebook and connect to it."""
        body = {"path": path, "name": path.rpartition("/")[2], "type": "notebook", "kernel": {"name": "python3"}}
        return Kernel(self, self.api("POST", "sessions", body)["kernel"]["id"])

    def connect(self, kernel: str) -> WebSocket:
        """Open the line to a kernel."""
        sent = (one for one in self.session.cookies if f"{self.server}/".endswith(one.path))
        cookies = "; ".join(f"{one.name}={one.value}" for one in sent)
        address = f"{self.server.replace('http', 'ws', 1)}/api/kernels/{kernel}/channels"
        return create_connection(address, cookie=cookies, origin=self.hub, timeout=READY_SECONDS)


class Kernel:
    """A kernel, over the websocket that a page has to it."""

    def __init__(self, student: Student, name: str) -> None:
        """Connect to the kernel of that name."""
        self.name, self.session = name, uuid.uuid4().hex
        self.line = student.connect(name)

    def ask(self, code: str) -> str:
        """Run code and return what it prints; raise `Refused` with the error's name where it has one."""
        said = []
        options = {"silent": False, "allow_stdin": False, "stop_on_error": False}  # or the next request is given up
        request = self.send("execute_request", {"code": code} | options)
        for message in self.messages(request):
            if message["msg_type"] == "stream":
                said.append(message["content"]["text"])
            elif message["msg_type"] == "error":
                raise Refused(f"{message['content']['ename']}: {message['content']['evalue']}")
        return "".join(said)

    def send(self, kind: str, content: dict[str, Any], channel: str = "shell") -> str:
        """Send a message and return its name."""
        name = uuid.uuid4().hex
        header = {"msg_id": name, "msg_type": kind, "session": self.session, "username": "", "version": "5.3"}
        message = {"channel": channel, "header": header, "parent_header": {}, "metadata": {}, "content": content}
        self.line.send(json.dumps(message))
        return name

    def messages(self, request: str) -> Iterator[dict[str, Any]]:
        """Yield what the kernel says to a request, until it has answered and rests."""
        replied = idle = False
        while not (replied and idle):
            message = json.loads(self.line.recv())
            if message["parent_header"].get("msg_id") != request:
                continue
            replied |= message["channel"] == "shell"
            idle |= message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"
            yield message

    def close(self) -> None:
        """Leave the kernel, which goes on."""
        self.line.close()
