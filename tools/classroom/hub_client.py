"""One student on a hub, without a browser: what a page asks of the hub, of the student's server and of a kernel."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from http.cookiejar import DefaultCookiePolicy
from itertools import pairwise
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import requests
from websocket import ABNF, WebSocket, create_connection

PROTOCOL = "v1.kernel.websocket.jupyter.org"
READY_SECONDS = 300.0
"""How long a server or an answer of a kernel may take; only a failure waits so long."""


class Refused(Exception):
    """The hub or the server said no, or nothing at all."""


class Session(requests.Session):
    """What keeps cookies as browsers do: one without a domain is for the very host that set it (RFC 6265, 5.4).

    Python's own jar would send it to all hosts below that one, too.
    """

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Return the request with the cookies that a browser would send."""
        prepared = super().prepare_request(request)
        jar: Any = prepared._cookies  # requests looks for cookies in a new jar, with rules of its own, at each request
        jar.set_policy(DefaultCookiePolicy(strict_ns_domain=DefaultCookiePolicy.DomainStrictNonDomain))
        prepared.headers.pop("Cookie", None)
        prepared.prepare_cookies(jar)
        return prepared


def in_address(name: str) -> str:
    """Return a student's name as JupyterHub has it in its addresses; a server under another spelling is not found.

    >>> in_address("ada@example.edu")
    'ada@example.edu'
    """
    return quote(name, safe="@~")


class Student:
    """Somebody with a name and a password, who logs in and gets a server."""

    def __init__(self, hub: str, name: str, password: str, site: str | None = None) -> None:
        """Log in; raise `Refused` where the hub does not let this person in.

        `site` is where the hub has this person's server, if that is not under the hub's own address.
        """
        self.hub, self.name, self.site = hub, name, site or hub
        self.server = f"{self.site}/user/{in_address(name)}"
        self.session = Session()
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
        end = time.monotonic() + READY_SECONDS
        spawn = f"{self.hub}/hub/spawn/{in_address(self.name)}"
        while (asked := self.session.get(spawn, timeout=READY_SECONDS)).status_code == 429 and time.monotonic() < end:
            time.sleep(float(asked.headers["Retry-After"]))  # too many start at once: the page says when to come again
        self._follow_the_start()
        while time.monotonic() < end:
            answer = self.session.get(f"{self.server}/lab", timeout=READY_SECONDS)
            if answer.status_code == 200 and urlsplit(answer.url).path.startswith(f"/user/{in_address(self.name)}/"):
                return
            if answer.status_code not in (200, 424, 429, 503):
                break
            time.sleep(0.1)
        raise Refused(f"{self.name} got no server: {answer.status_code} at {answer.url}")

    def _follow_the_start(self) -> None:
        """Wait as the hub's page does, which is told when the server is there; asking again and again takes time."""
        progress = f"{self.hub}/hub/api/users/{in_address(self.name)}/server/progress"
        told = {"_xsrf": self._token("/hub/")}
        with self.session.get(progress, params=told, stream=True, timeout=READY_SECONDS) as events:
            for line in events.iter_lines(chunk_size=1):
                event = json.loads(line.removeprefix(b"data:")) if line.startswith(b"data:") else {}
                if event.get("failed"):
                    raise Refused(f"{self.name} got no server: {event['message']}")

    def api(self, method: str, path: str, content: Any = None) -> Any:
        """Ask Jupyter's own part of the student's server, and return what it answers."""
        return self.request(method, f"api/{path}", content)

    def request(self, method: str, path: str, content: Any = None) -> Any:
        """Ask the student's server, as its page does, and return what it answers; raise `Refused` with its words."""
        answer = self.session.request(
            method,
            f"{self.server}/{quote(path)}",
            json=content,
            headers={"X-XSRFToken": self._token(f"/user/{in_address(self.name)}/")},
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

    def connect(self, kernel: str, session: str) -> WebSocket:
        """Open the line to a kernel; what it said while a session's line was broken comes first."""
        sent = (one for one in self.session.cookies if f"{self.server}/".endswith(one.path))
        cookies = "; ".join(f"{one.name}={one.value}" for one in sent)
        address = f"{self.server.replace('http', 'ws', 1)}/api/kernels/{kernel}/channels?session_id={session}"
        return create_connection(
            address, cookie=cookies, origin=self.site, subprotocols=[PROTOCOL], timeout=READY_SECONDS
        )


class Message(NamedTuple):
    """What a kernel says: on which channel, of which kind, to which request, and, in JSON, what."""

    channel: str
    kind: str
    request: str
    content: bytes


class Kernel:
    """A kernel, over the websocket that a page has to it, in the words that JupyterLab's page uses."""

    def __init__(self, student: Student, name: str) -> None:
        """Connect to the kernel of that name."""
        self.name, self.session = name, uuid.uuid4().hex
        self.line = student.connect(name, self.session)

    def ask(self, code: str) -> str:
        """Run code and return what it prints; raise `Refused` with the error's name where it has one."""
        return "".join(json.loads(one.content)["text"] for one in self.run(code) if one.kind == "stream")

    def run(self, code: str) -> list[Message]:
        """Run code and return all that the kernel says; raise `Refused` with an error and the code if it has one."""
        options = {"silent": False, "allow_stdin": False, "stop_on_error": False}  # or the next request is given up
        said = []
        for message in self.messages(self.send("execute_request", {"code": code} | options)):
            if message.kind == "error":
                error = json.loads(message.content)
                raise Refused(f"{error['ename']}: {error['evalue']} in {code!r}")
            said.append(message)
        return said

    def send(self, kind: str, content: dict[str, Any], channel: str = "shell") -> str:
        """Send a message and return its name."""
        name = uuid.uuid4().hex
        header = {"msg_id": name, "msg_type": kind, "session": self.session, "username": "", "version": "5.3"}
        self.line.send_binary(
            packed(channel.encode(), *(json.dumps(part).encode() for part in (header, {}, {}, content)))
        )
        return name

    def receive(self) -> Message:
        """Wait for what the kernel says next; what it says is not looked into."""
        kind, data = self.line.recv_data()
        if kind != ABNF.OPCODE_BINARY:
            raise Refused("the server has hung up")
        channel, header, parent, _, content = unpacked(data)[:5]
        return Message(channel.decode(), json.loads(header)["msg_type"], json.loads(parent).get("msg_id", ""), content)

    def messages(self, request: str) -> Iterator[Message]:
        """Yield what the kernel says to a request, until it has answered and rests."""
        replied = idle = False
        while not (replied and idle):
            message = self.receive()
            if message.request != request:
                continue
            replied |= message.channel == "shell"
            idle |= message.kind == "status" and json.loads(message.content)["execution_state"] == "idle"
            yield message

    def close(self) -> None:
        """Leave the kernel, which goes on."""
        self.line.close()


def packed(*parts: bytes) -> bytes:
    """Return parts as one message: how many places follow, the place where each part begins, the end, the parts."""
    places = [8 * (len(parts) + 2)]
    for part in parts:
        places.append(places[-1] + len(part))
    return b"".join(number.to_bytes(8, "little") for number in (len(places), *places)) + b"".join(parts)


def unpacked(message: bytes) -> list[bytes]:
    """Return the parts of a message.

    >>> unpacked(packed(b"shell", b"{}"))
    [b'shell', b'{}']
    """
    numbers = [
        int.from_bytes(message[at : at + 8], "little")
        for at in range(0, 8 * int.from_bytes(message[:8], "little") + 8, 8)
    ]
    return [message[begin:end] for begin, end in pairwise(numbers[1:])]
