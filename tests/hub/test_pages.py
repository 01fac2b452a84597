"""What a page that a student serves may do in the browser of somebody else who is logged in.

Who has a server can have it serve any page. Here requests are made with the cookies and headers that a browser would
send for a script of such a page, and what a browser would withhold from the script is withheld. The names end in
`.localhost`, which is this machine (RFC 6761).
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
import requests
from classroom import hub
from classroom.hub_client import Session, Student

from hub.conftest import PASSWORD, STUDENTS
from hub.faulty import LESSON

pytestmark = pytest.mark.whole_hub

MARK = "a page of ada's own"

TAKE_THE_PLACE = f"""
import os, signal, subprocess, sys
page = '''
import os, signal, socketserver, sys, time
from http.server import BaseHTTPRequestHandler
class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{MARK}")
socketserver.TCPServer.allow_reuse_address = True
os.kill(int(sys.argv[1]), signal.SIGKILL)
while True:
    try:
        socketserver.TCPServer(("127.0.0.1", int(sys.argv[2])), Page).serve_forever()
    except OSError:
        time.sleep(0.05)
'''
port = os.environ["JUPYTERHUB_SERVICE_URL"].split(":")[2].split("/")[0]
subprocess.Popen([sys.executable, "-c", page, os.environ["JPY_PARENT_PID"], port], start_new_session=True)
"""
"""What a student runs to answer in the place of the own server, which JupyterHub goes on to send people to."""

HANDLER = f"""
from jupyter_server.serverapp import ServerWebApplication
from tornado.web import RequestHandler

class Page(RequestHandler):
    def get(self):
        self.write({MARK!r})

made = ServerWebApplication.__init__
def with_a_page(self, *arguments, **options):
    made(self, *arguments, **options)
    self.add_handlers(".*", [("/user/[^/]+/page", Page)])
ServerWebApplication.__init__ = with_a_page
"""
"""A server's settings that have it serve a page to everybody."""

SETTINGS = [
    ".jupyter/jupyter_server_config.py",
    ".jupyter/jupyter_config.py",
    ".jupyter/jupyter_server_config.d/page.py",
    ".local/etc/jupyter/jupyter_server_config.py",
    "training-cost-course/jupyter_server_config.py",
]


@dataclass(frozen=True)
class Script:
    """A script of a page, in somebody's browser."""

    browser: requests.Session
    page: str

    @property
    def origin(self) -> str:
        return origin_of(self.page)

    def sends(self, url: str, mode: str) -> dict[str, str]:
        site = "same-origin" if origin_of(url) == self.origin else "same-site"
        return {"Sec-Fetch-Mode": mode, "Sec-Fetch-Site": site, "Referer": f"{self.origin}/"}

    def read(self, url: str) -> str | None:
        """Return what the script gets to read of an address; None where a browser keeps it from the script."""
        answer = self.browser.get(url, headers=self.sends(url, "cors"), timeout=60)
        readable = origin_of(url) == self.origin or "Access-Control-Allow-Origin" in answer.headers
        return answer.text if readable else None

    def post(self, url: str, token: str | None, mode: str = "cors") -> requests.Response:
        """Send JSON, as a script does, or as text, as a form does, which leads to the answer (`navigate`)."""
        told = self.sends(url, mode) | {"Origin": self.origin}
        told["Content-Type"] = "application/json" if mode == "cors" else "text/plain"
        told |= {"X-XSRFToken": token} if token else {}
        return self.browser.post(url, data="{}", headers=told, timeout=60)


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def tokens_in(page: str | None) -> list[str]:
    """Return what a page of the hub has for its own scripts to send."""
    return re.findall(r'xsrf_token: "([^"]+)"', page or "")


@pytest.fixture(autouse=True)
def names_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Find names that end in `.localhost`, as browsers do; not every system does."""
    find = socket.getaddrinfo

    def found(host: Any, *arguments: Any, **options: Any) -> Any:
        return find("127.0.0.1" if str(host).endswith(".localhost") else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", found)


@dataclass(frozen=True)
class Two:
    """A hub's address, emmy, who works, and ada, who serves a page."""

    hub: str
    ada: Student
    emmy: Student

    @property
    def tokens(self) -> str:
        return f"{self.hub}/hub/api/users/emmy/tokens"

    def script(self) -> Script:
        """Have ada answer in the place of her server, and emmy open her address."""
        kernel = self.ada.kernel(LESSON)
        kernel.ask(TAKE_THE_PLACE)
        kernel.close()
        end = time.monotonic() + hub.END_SECONDS
        while self.emmy.session.get(f"{self.ada.server}/", timeout=60).text != MARK and time.monotonic() < end:
            time.sleep(0.1)
        assert self.emmy.session.get(f"{self.ada.server}/", timeout=60).text == MARK
        return Script(self.emmy.session, f"{self.ada.server}/")


@contextmanager
def two(state: Path, domain: bool) -> Iterator[Two]:
    variables = hub.surroundings(state, STUDENTS, PASSWORD)
    address, port = variables["COURSE_HUB_URL"], urlsplit(variables["COURSE_HUB_URL"]).port
    if domain:
        address = variables["COURSE_HUB_DOMAIN"] = f"http://hub.localhost:{port}"
    with hub.Hub(variables) as running:
        sites = {name: f"http://{name}.hub.localhost:{port}" if domain else None for name in STUDENTS}
        ada, emmy = (Student(address, name, PASSWORD, sites[name]) for name in STUDENTS)
        for one in (ada, emmy):
            one.open_server()
        try:
            yield Two(address, ada, emmy)
        finally:
            hub.end(filter(is_page, running.family()))


def is_page(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return MARK in " ".join(process.cmdline())
    return False


def test_where_all_have_one_address_a_students_page_has_whatever_its_reader_has(tmp_path: Path) -> None:
    """A browser takes it for the hub's own page. It is why a class with teachers, or with marks, needs the other."""
    with two(tmp_path, domain=False) as one:
        script = one.script()
        token = tokens_in(script.read(f"{one.hub}/hub/home"))[0]
        made = script.post(one.tokens, token)
        assert made.status_code == 201
        told = {"Authorization": f"token {made.json()['token']}"}
        assert requests.get(f"{one.emmy.server}/api/contents", headers=told, timeout=60).ok


def test_where_each_server_has_an_address_a_students_page_gets_nothing_of_its_reader(tmp_path: Path) -> None:
    with two(tmp_path, domain=True) as one:
        script, own = one.script(), Script(one.emmy.session, f"{one.hub}/hub/home")
        for path in (f"{one.hub}/hub/home", f"{one.hub}/hub/token", f"{one.emmy.server}/api/contents"):
            assert script.read(path) is None, path
        for url in (f"{one.hub}/hub/home", f"{one.emmy.server}/lab"):
            framed = one.emmy.session.get(url, timeout=60).headers["Content-Security-Policy"]
            assert re.search(r"frame-ancestors '(none|self)'", framed), url
        strangers = tokens_in(requests.get(f"{one.hub}/hub/login", timeout=60).text)[0]
        for token in (None, strangers):
            assert script.post(one.tokens, token).status_code == 403
            assert script.post(f"{one.tokens}?_xsrf={token}", token, mode="navigate").status_code == 403
        allowed = one.emmy.session.options(one.tokens, headers={"Origin": script.origin}, timeout=60)
        assert "Access-Control-Allow-Origin" not in allowed.headers

        mine = tokens_in(own.read(f"{one.hub}/hub/home"))[0]
        assert own.post(one.tokens, mine).status_code == 201, "the hub's own page may"
        assert one.emmy.kernel(LESSON).ask("print(1)") == "1\n", "and she works as ever"
        one.emmy.session.cookies.set("_xsrf", strangers, domain=".hub.localhost", path="/hub/api/")
        assert script.post(one.tokens, strangers).status_code == 403, "a cookie that the page lays down"


def test_the_hub_and_its_login_are_at_no_address_but_the_hubs_own(tmp_path: Path) -> None:
    """Who logged in at a student's address would have let that student's page do what the hub's own page may."""
    with two(tmp_path, domain=True) as one:
        script = one.script()
        for origin in (
            script.origin,
            script.origin.replace("ada", "nobody"),
            one.hub.replace("hub.localhost", "127.0.0.1"),
        ):
            for path in (
                "",
                "hub/login",
                "hub/home",
                "hub/api/users/emmy",
                "hub/logo",
                "user/emmy/lab",
                "hub/elsewhere/x",
            ):
                led = one.emmy.session.get(f"{origin}/{path}?a=b", allow_redirects=False, timeout=60)
                assert (led.status_code, led.headers["Location"]) == (303, f"{one.hub}/{path}?a=b"), led.url
                asked = one.emmy.session.get(f"{origin}/{path}", headers=script.sends(origin, "cors"), timeout=60)
                assert asked.status_code == 424, "a script learns that nothing runs there"
            victim = Session()
            form = {"username": "emmy", "password": PASSWORD}
            form["_xsrf"] = tokens_in(victim.get(f"{one.hub}/hub/login", timeout=60).text)[0]
            there = victim.post(f"{origin}/hub/login", data=form, allow_redirects=False, timeout=60)
            assert (there.status_code, there.cookies.get_dict()) == (303, {})
            fooled = Script(victim, f"{origin}/")
            assert fooled.post(one.tokens.replace(one.hub, origin), form["_xsrf"]).status_code == 424
            assert "emmy" not in (fooled.read(f"{origin}/hub/home") or "")

        one.emmy.session.delete(
            f"{one.hub}/hub/api/users/emmy/server",
            params={"_xsrf": tokens_in(one.emmy.session.get(f"{one.hub}/hub/home", timeout=60).text)[0]},
            timeout=60,
        ).raise_for_status()
        end = time.monotonic() + hub.END_SECONDS
        while one.emmy.session.get(f"{one.emmy.server}/lab", timeout=60).status_code == 200 and time.monotonic() < end:
            time.sleep(0.1)
        ended = one.emmy.session.get(f"{one.emmy.server}/lab", timeout=60)
        assert ended.url.startswith(f"{one.hub}/hub/user/emmy/lab"), "she is asked whether to start it, as ever"
        assert (ended.status_code, "is not running" in ended.text) == (424, True)
        one.emmy.open_server()
        assert one.emmy.kernel(LESSON).ask("print(1)") == "1\n"


def serves_a_page(state: Path, plainly: Callable[[str], str]) -> bool:
    """Tell whether a server takes up its student's own settings, and serves a page to who is not logged in."""
    config = state / "config.py"
    state.mkdir()
    config.write_text(plainly(f"load_subconfig({str(hub.DEMO)!r})\n"), encoding="utf-8")
    for place in SETTINGS:
        file = state / "homes" / "ada" / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(HANDLER, encoding="utf-8")
    with hub.Hub(hub.surroundings(state, ["ada"], PASSWORD), config) as one:
        ada = Student(one.url, "ada", PASSWORD)
        ada.open_server()
        return requests.get(f"{ada.server}/page", timeout=60).text == MARK


def test_a_server_does_not_take_up_settings_that_its_student_wrote(tmp_path: Path) -> None:
    assert not serves_a_page(tmp_path / "class", lambda config: config)
    assert serves_a_page(tmp_path / "plain", lambda config: f"{config}c.Spawner.disable_user_config = False\n")
