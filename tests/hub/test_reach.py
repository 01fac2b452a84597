"""What a student's kernel must not reach on a hub with real accounts, tried from one: `THREATS.md` has the list.

Each reach is also tried by somebody who may, so that none is refused for the wrong reason.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from classroom import hub
from classroom.environment import ROOT
from classroom.hub_client import Kernel, Refused, Student

from hub.accounts import Class, git
from hub.faulty import LESSON

pytestmark = pytest.mark.whole_hub


ASK = """
import os, urllib.error, urllib.request

def status(url, method="GET", token=os.environ["JUPYTERHUB_API_TOKEN"], body=None):
    request = urllib.request.Request(url, body, {"Authorization": f"token {token}"} if token else {}, method=method)
    try:
        return urllib.request.build_opener(NoRedirect).open(request, timeout=60).status
    except urllib.error.HTTPError as error:
        return error.code

class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None

HUB = os.environ["JUPYTERHUB_API_URL"]
"""


@dataclass
class Scene:
    """Two students at work: ada, from whose kernel everything is tried, and emmy, who has something to lose."""

    one: Class
    ada: Kernel
    emmy: Kernel
    emmys: Student
    places: dict[str, Any]

    def as_root(self, code: str) -> str:
        """Run code as root, who owns the course and the hub; return what it prints."""
        said: list[str] = []
        exec(code.format_map(self.places), {"print": lambda *words: said.append(" ".join(map(str, words)))})
        return "\n".join(said)


@pytest.fixture(scope="module")
def scene(the_class: Class) -> Iterator[Scene]:
    ada, emmy, _ = the_class.students
    emmys = the_class.log_in(emmy)
    one, other = the_class.log_in(ada).kernel(LESSON), emmys.kernel(LESSON)
    other.ask("import os, pathlib; pathlib.Path(os.environ['COURSE_PREDICTIONS']).write_text('mine')")
    server = next(
        process
        for process in psutil.process_iter(["username", "cmdline"])
        if process.info["username"] == emmy.name and "serve_on_hub" in " ".join(process.info["cmdline"] or [])
    )
    proxy = int((the_class.running.state / "proxy.pid").read_text())
    connection = other.ask(
        "from ipykernel.kernelapp import IPKernelApp as App; print(App.instance().abs_connection_file)"
    )
    places = {
        "home": emmy.home,
        "course": the_class.course,
        "python": the_class.python,
        "state": the_class.running.state,
        "hub": the_class.running.process.pid,
        "proxy": proxy,
        "server": server.pid,
        "port": next(line.laddr.port for line in server.net_connections() if line.status == psutil.CONN_LISTEN),
        "hub_api": f"http://127.0.0.1:{the_class.running.variables['COURSE_HUB_PORT']}/hub/api",
        "proxy_api": f"http://127.0.0.1:{the_class.running.variables['COURSE_HUB_PROXY_PORT']}/api/routes",
        "connection": connection.strip(),
        "socket": json.loads(Path(connection.strip()).read_text())["ip"] + "-1",
        "emmy": emmy.name,
        "ada": ada.name,
        "url": the_class.running.url,
    }
    one.ask(ASK)
    other.ask(ASK)
    yield Scene(the_class, one, other, emmys, places)
    one.close()
    other.close()


# Files and processes

EMMYS = {
    "what she wrote": "open('{home}/training-cost-course/my_exercises/predictions.json').read()",
    "her folder of the course": "import os; os.listdir('{home}/training-cost-course')",
    "what Jupyter keeps for her": "import os; os.listdir('{home}/.local/share/jupyter')",
    "the key of her kernel": "open('{connection}').read()",
    "the sockets of her kernel": "import socket; socket.socket(socket.AF_UNIX).connect('{socket}')",
    "her token, in her server's environment": "assert 'JUPYTERHUB_API_TOKEN' in open('/proc/{server}/environ').read()",
    "her server": "import os; os.kill({server}, 0)",
}

ROOTS = {
    "the memory of her server": "open('/proc/{server}/mem', 'rb')",
    "the hub's memory": "open('/proc/{hub}/mem', 'rb')",
    "what the hub was told": "open('/proc/{hub}/environ').read()",
    "the proxy's token": "assert 'CONFIGPROXY_AUTH_TOKEN' in open('/proc/{proxy}/environ').read()",
    "the hub": "import os; os.kill({hub}, 0)",
    "the proxy": "import os; os.kill({proxy}, 0)",
    "the hub's database": "open('{state}/hub.sqlite', 'rb').read()",
    "the secret that signs cookies": "open('{state}/cookie_secret').read()",
    "what the hub remembers": "import os; os.listdir('{state}')",
    "the masters": "open('{course}/exercises/solutions/04_memory.ipynb').read()",
    "the masters in git": "import os; os.listdir('{course}/.git')",
    "a class edition": "open('{course}/my_class/gradebook.db').read()",
    "a lesson, to write it": "open('{course}/notebooks/01_compute_cost.ipynb', 'a')",
    "what starts the servers, to write it": "open('{course}/tools/serve_on_hub.py', 'a')",
    "the hub's environment, to write it": "open('{course}/.venv-hub/pyvenv.cfg', 'a')",
    "the course's folder, to write into it": "import tempfile; tempfile.TemporaryFile(dir='{course}')",
}


@pytest.mark.parametrize("what", EMMYS)
def test_a_student_does_not_reach_what_is_anothers(scene: Scene, what: str) -> None:
    code = EMMYS[what].format_map(scene.places)
    scene.emmy.ask(code)
    with pytest.raises(Refused, match="PermissionError"):
        scene.ada.ask(code)


@pytest.mark.parametrize("what", ROOTS)
def test_a_student_does_not_reach_what_is_the_hubs_or_the_courses(scene: Scene, what: str) -> None:
    scene.as_root(ROOTS[what])
    with pytest.raises(Refused, match="PermissionError"):
        scene.ada.ask(ROOTS[what].format_map(scene.places))


def test_an_update_brings_no_master_to_a_student(scene: Scene) -> None:
    course, origin = scene.one.course, scene.one.course.with_name("origin")
    for name in ("04_memory.ipynb", "08_new.ipynb"):
        with (origin / "exercises" / "solutions" / name).open("a") as file:
            file.write("\n")
    git("add", "--all", cwd=origin)
    git("commit", "--quiet", "--message=An update", cwd=origin)
    git("pull", "--quiet", cwd=course)
    for name in ("04_memory.ipynb", "08_new.ipynb"):
        assert (course / "exercises" / "solutions" / name).read_text().endswith("\n\n"[: 1 + name.startswith("04")])
        with pytest.raises(Refused, match="PermissionError"):
            scene.ada.ask(f"open('{course}/exercises/solutions/{name}').read()")


def test_the_page_does_not_open_the_masters(scene: Scene) -> None:
    assert scene.emmys.api("GET", "contents/exercises/04_memory.ipynb")
    with pytest.raises(Refused, match=": 404 "):
        scene.emmys.api("GET", "contents/exercises/solutions")


# The hub, its proxy and others' servers, by the network


@dataclass(frozen=True)
class Call:
    """A request from a student's kernel with the student's own token, and what must come of it."""

    url: str
    method: str = "GET"
    body: str | None = None
    token: bool = True

    def code(self) -> str:
        words = f"{self.url!r}, {self.method!r}"
        words += "" if self.token else ", token=None"
        return f"print(status({words}, body={self.body and self.body.encode()!r}))"


FORBIDDEN = {
    "who is in the class": Call("{hub_api}/users"),
    "another student": Call("{hub_api}/users/{emmy}"),
    "another's tokens": Call("{hub_api}/users/{emmy}/tokens"),
    "a token for another": Call("{hub_api}/users/{emmy}/tokens", "POST", "{{}}"),
    "a token of one's own that lasts": Call("{hub_api}/users/{ada}/tokens", "POST", "{{}}"),
    "another's server, to start it": Call("{hub_api}/users/{emmy}/server", "POST"),
    "another's server, to stop it": Call("{hub_api}/users/{emmy}/server", "DELETE"),
    "a new user": Call("{hub_api}/users/eve", "POST"),
    "to be an admin": Call("{hub_api}/users/{ada}", "PATCH", '{{"admin": true}}'),
    "the groups": Call("{hub_api}/groups"),
    "the services": Call("{hub_api}/services"),
    "where the hub sends whom": Call("{hub_api}/proxy"),
    "the hub, to end it": Call("{hub_api}/shutdown", "POST", "{{}}"),
    "the proxy": Call("{proxy_api}"),
    "the proxy, to send another's pages elsewhere": Call(
        "{proxy_api}/user/{emmy}", "POST", '{{"target": "http://127.0.0.1:1"}}'
    ),
    "the proxy, without a token": Call("{proxy_api}", token=False),
    "another's files, by the hub": Call("{url}/user/{emmy}/api/contents"),
    "another's files, by the port of the server": Call("http://127.0.0.1:{port}/user/{emmy}/api/contents"),
    "another's files, without a token": Call("http://127.0.0.1:{port}/user/{emmy}/api/contents", token=False),
    "another's kernels": Call("http://127.0.0.1:{port}/user/{emmy}/api/kernels", "POST", "{{}}"),
    "another's terminal": Call("http://127.0.0.1:{port}/user/{emmy}/api/terminals", "POST"),
}


def token_of(kernel: Kernel) -> str:
    return kernel.ask("print(os.environ['JUPYTERHUB_API_TOKEN'])").strip()


def called(scene: Scene, kernel: Kernel, call: Call) -> int:
    return int(kernel.ask(call.code().format_map(scene.places)))


@pytest.mark.parametrize("what", FORBIDDEN)
def test_a_students_token_opens_nothing_but_the_students_own(scene: Scene, what: str) -> None:
    assert called(scene, scene.ada, FORBIDDEN[what]) in (401, 403, 404)


def test_the_token_does_open_the_students_own(scene: Scene) -> None:
    own = Call("http://127.0.0.1:{port}/user/{emmy}/api/contents")
    assert called(scene, scene.emmy, own) == called(scene, scene.emmy, Call("{hub_api}/user")) == 200


def test_the_token_can_do_what_is_written_in_the_list_and_no_more(scene: Scene) -> None:
    name = scene.places["ada"]
    own = {"Authorization": f"token {token_of(scene.ada)}"}
    about = requests.get(f"{scene.places['hub_api']}/user", headers=own, timeout=60).json()
    mine = ["users:activity", "read:users:activity", "read:users:groups", "read:users:name"]
    assert {*about["scopes"]} == {f"access:servers!server={name}/", *(f"{scope}!user={name}" for scope in mine)}
    assert about["admin"] is False


def test_a_teacher_sees_who_is_there_starts_and_stops_a_server_and_opens_none(the_class: Class, scene: Scene) -> None:
    """An admin could open every server; the page of a student's would then act with an admin's rights."""
    teacher, grace = the_class.log_in(the_class.instructor), the_class.students[2]
    the_class.log_in(grace)
    site = the_class.running.url

    def status(method: str, path: str) -> int:
        told = {"X-XSRFToken": teacher._token("/hub/"), "Referer": f"{site}/hub/admin"}
        return teacher.session.request(method, f"{site}{path}", headers=told, json={}, timeout=60).status_code

    assert status("GET", "/hub/admin") == status("GET", "/hub/api/users") == 200
    for method, path in (
        ("GET", f"/user/{grace.name}/api/contents"),
        ("POST", f"/hub/api/users/{grace.name}/tokens"),
        ("POST", "/hub/api/users/eve"),
        ("PATCH", f"/hub/api/users/{teacher.name}"),
        ("POST", "/hub/api/shutdown"),
    ):
        assert status(method, path) == 403, path
    server = f"/hub/api/users/{grace.name}/server"
    assert status("DELETE", server) in (202, 204)
    end = time.monotonic() + hub.END_SECONDS
    while (started := status("POST", server)) == 400 and time.monotonic() < end:  # the old one is not gone yet
        time.sleep(0.2)
    assert started in (201, 202)


def test_no_token_stands_where_all_can_read_it(scene: Scene) -> None:
    """What a process was started with, everybody reads; its environment, its own account alone."""
    token = token_of(scene.emmy)
    lines = scene.ada.ask(
        "for place in os.listdir('/proc'):\n"
        "    if place.isdigit():\n"
        "        try: print(open(f'/proc/{place}/cmdline').read())\n"
        "        except OSError: pass\n"
    )
    assert "serve_on_hub.py" in lines
    assert token not in lines


def test_who_is_no_longer_named_does_not_come_in_again(tmp_path: Path) -> None:
    password = "a password for tests"
    with hub.Hub(hub.surroundings(tmp_path, ["ada", "emmy"], password)) as one:
        before = Student(one.url, "emmy", password)
        one.stop()
        one.variables["COURSE_HUB_STUDENTS"] = "ada"
        (tmp_path / "cookie_secret").unlink()  # which ends who is still logged in
        one.start()
        assert Student(one.url, "ada", password)
        with pytest.raises(Refused, match="emmy was not let in: 403"):
            Student(one.url, "emmy", password)
        assert "/hub/login" in before.session.get(f"{one.url}/hub/home", timeout=60).url


# The network


def test_a_lesson_needs_no_network_not_even_that_of_its_own_machine(scene: Scene) -> None:
    """In a network of its own, which leads nowhere; in a class, systemd keeps a server from all but this machine."""
    alone = ["unshare", "--net"]
    lesson = [sys.executable, str(ROOT / "tools" / "run_notebooks.py"), "--check", "notebooks/00_start_here.ipynb"]
    done = subprocess.run([*alone, *lesson], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    reach = f"import urllib.request; urllib.request.urlopen('{scene.places['hub_api']}')"
    assert subprocess.run([sys.executable, "-c", reach]).returncode == 0
    assert subprocess.run([*alone, sys.executable, "-c", reach], stderr=subprocess.DEVNULL).returncode != 0
