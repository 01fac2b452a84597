"""The class's configuration as JupyterHub itself reads it: nothing unknown, nothing of a wrong type, and the limits."""

from __future__ import annotations

import asyncio
import json
import os
import re
import runpy
import subprocess
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from classroom import hub
from classroom.environment import ROOT, venv_python
from classroom.hub_client import READY_SECONDS
from traitlets.config import Config

CONFIG = ROOT / "deploy" / "hub" / "jupyterhub_config.py"
UNIT = CONFIG.with_name("training-cost-hub.service").read_text(encoding="utf-8").splitlines()
READ = Path(__file__).with_name("read_config.py")


WRONG = [
    "c.JupyterHub.bind_urls = 'http://127.0.0.1:8000'",
    "c.Spawner.memory_limit = '1G'",
    "c.SystemSpawner.isolate_tmp = True",
    "c.Spawner.mem_limit = 'a lot'",
    "c.Spawner.cpu_limit = 'all'",
    "c.JupyterHub.concurrent_spawn_limit = 'ten'",
    "c.JupyterHub.spawner_class = 'systemdd'",
    "c.SystemdSpawner.readonly_paths = 5",
    "c.Authenticator.admin_users = 5",
]


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return what JupyterHub makes of the configuration as it stands, and with each of the wrong lines."""
    folder = tmp_path_factory.mktemp("read")
    files = {"as it stands": CONFIG}
    for number, line in enumerate(WRONG):
        files[line] = folder / f"wrong_{number}.py"
        files[line].write_text(f"load_subconfig({str(CONFIG)!r})\n{line}\n", encoding="utf-8")
    return dict(zip(files, what_the_hub_reads(folder, [*files.values()]), strict=True))


def what_the_hub_reads(folder: Path, files: list[Path], **variables: str) -> list[dict[str, Any]]:
    surroundings = hub.surroundings(folder / "state", ["ada", "emmy"], "none") | {"COURSE_HUB_TEACHERS": "lise"}
    command = [venv_python(ROOT, hub.VENV.name), READ, folder, *files]
    done = subprocess.run(list(map(str, command)), env=surroundings | variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


Own = Callable[[str], dict[str, Any]]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Own:
    """Return how the configuration is read with lines in a file of one's own; the class has students alone."""
    for name in ("DOMAIN", "TEACHERS"):
        monkeypatch.setenv(f"COURSE_HUB_{name}", "")
    for name, place in {"STATE": tmp_path, "OWN": tmp_path / "own.py", "EXCHANGE": tmp_path / "none"}.items():
        monkeypatch.setenv(f"COURSE_HUB_{name}", str(place))

    def read_with(lines: str) -> dict[str, Any]:
        c = Config()
        (tmp_path / "own.py").write_text(lines, encoding="utf-8")
        given = {"get_config": lambda: c, "load_subconfig": lambda file: runpy.run_path(file, {"c": c})}
        return runpy.run_path(str(CONFIG), given)

    return read_with


@pytest.fixture
def read(readings: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return readings["as it stands"]


def test_the_hub_knows_every_option_and_takes_every_value(read: dict[str, Any]) -> None:
    assert not read["wrong"]


def test_the_hub_listens_on_this_machine_alone(read: dict[str, Any]) -> None:
    for name in ("bind_url", "hub_bind_url", "proxy"):
        assert read["hub"][name].startswith("http://127.0.0.1:")


def test_who_is_named_may_come_in_by_the_machines_own_accounts(read: dict[str, Any]) -> None:
    about = read["hub"]
    assert about["authenticator"] == "PAMAuthenticator"
    assert (about["allowed"], about["admins"]) == (["ada", "emmy", "lise"], [])
    assert about["once in, always in"] is False
    assert [role["users"] for role in about["load_roles"]] == [["lise"]]


ADDRESSES = {
    "https://hub.example.edu": ("https://hub.example.edu", True),
    "https://hub.example.edu/": ("https://hub.example.edu", True),
    "hub.example.edu": ("https://hub.example.edu", True),
    "http://hub.localhost:8000": ("http://hub.localhost:8000", False),
    "none": ("", False),
}


def test_each_server_has_an_address_below_the_named_one(tmp_path: Path) -> None:
    """A cookie whose name begins with __Host- needs https."""
    told = [{"COURSE_HUB_DOMAIN": domain} for domain in ADDRESSES]
    for expected, read in zip(ADDRESSES.values(), with_variables(tmp_path, told), strict=True):
        assert not read["wrong"]
        assert (read["hub"]["subdomain_host"], read["hub"]["cookie_host_prefix_enabled"]) == expected
        assert read["hub"]["a student's own settings"] is False


def test_a_class_with_teachers_or_an_exchange_says_which_address_its_servers_have(tmp_path: Path) -> None:
    (tmp_path / "exchange").mkdir()
    (tmp_path / "own.py").write_text("c.JupyterHub.subdomain_host = 'https://hub.example.edu'", encoding="utf-8")
    teachers, exchange = {"COURSE_HUB_TEACHERS": "lise"}, {"COURSE_HUB_EXCHANGE": str(tmp_path / "exchange")}
    own = {"COURSE_HUB_OWN": str(tmp_path / "own.py")}
    nothing = dict.fromkeys(("COURSE_HUB_DOMAIN", "COURSE_HUB_TEACHERS", "COURSE_HUB_OWN"), "")
    nothing |= {"COURSE_HUB_EXCHANGE": str(tmp_path / "none")}
    told = [nothing | one for one in ({}, teachers | exchange | own, teachers, exchange)]
    unsaid, said, *refused = with_variables(tmp_path, told)
    assert not unsaid["wrong"]
    assert not said["wrong"]
    assert all("set COURSE_HUB_DOMAIN" in one["wrong"][0] for one in refused)


def test_a_hub_that_refuses_its_settings_says_why_and_is_not_started_again(tmp_path: Path) -> None:
    """systemd would start it every few seconds, and the sentence would stand among a hundred others."""
    variables = hub.surroundings(tmp_path, ["ada"], "none") | {"COURSE_HUB_TEACHERS": "lise", "COURSE_HUB_DOMAIN": ""}
    refused = subprocess.run(hub.command(CONFIG), env=variables, capture_output=True, text=True, cwd=tmp_path)
    assert "set COURSE_HUB_DOMAIN" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert f"RestartPreventExitStatus={refused.returncode}" in UNIT


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("c.Authenticator.admin_users = {'boss'}", True),
        ("c.Authenticator.admin_users.add('boss')", True),
        ("c.PAMAuthenticator.admin_groups = {'staff'}", True),
        ("c.GitHubOAuthenticator.admin_users = {'boss'}", True),
        ("c.JupyterHub.admin_users = {'boss'}", True),
        ("c.Authenticator.manage_roles = True", True),
        ("c.JupyterHub.load_roles = [{'name': 'helper', 'scopes': ['servers'], 'users': ['boss']}]", True),
        ("c.JupyterHub.load_roles.append({'name': 'helper', 'scopes': ['servers'], 'groups': ['staff']})", True),
        ("c.JupyterHub.subdomain_host = ''\nc.Authenticator.admin_users = {'boss'}", True),
        ("c.JupyterHub.subdomain_host = 'https://hub.example.edu'\nc.Authenticator.admin_users = {'boss'}", False),
        ("c.JupyterHub.load_roles = [{'name': 'idle', 'scopes': ['servers'], 'services': ['idle']}]", False),
        ("c.Authenticator.admin_users = set()\nc.JupyterHub.admin_access = False", False),
    ],
)
def test_whoever_an_own_file_gives_rights_needs_an_address_apart_too(own: Own, line: str, refused: bool) -> None:
    if refused:
        with pytest.raises(SystemExit, match="set COURSE_HUB_DOMAIN"):
            own(line)
    else:
        own(line)


def with_variables(folder: Path, told: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Return what the hub reads under each of some environments."""
    files = [folder / f"told_{number}.py" for number in range(len(told))]
    for file, variables in zip(files, told, strict=True):
        text = f"import os\nos.environ.update({variables!r})\nload_subconfig({str(CONFIG)!r})\n"
        file.write_text(text, encoding="utf-8")
    return what_the_hub_reads(folder, files)


def test_nobody_else_reads_what_the_hub_remembers(read: dict[str, Any]) -> None:
    database = Path(read["hub"]["db_url"].removeprefix("sqlite:///"))
    assert database.parent == Path(read["hub"]["cookie_secret_file"]).parent
    assert database.parent.stat().st_mode & 0o777 == 0o700


def test_servers_outlive_the_hub_and_no_student_of_a_large_class_is_sent_away(read: dict[str, Any]) -> None:
    assert read["hub"]["cleanup_servers"] is False
    assert read["hub"]["concurrent_spawn_limit"] >= 1000


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the configuration's own file defines, with two servers that may start at once."""
    monkeypatch.setenv("COURSE_HUB_STATE", str(tmp_path))
    monkeypatch.setenv("COURSE_HUB_OWN", "")
    monkeypatch.setenv("COURSE_HUB_STARTS", "2")
    return runpy.run_path(str(CONFIG), {"get_config": Config})


def test_some_servers_start_and_the_others_wait_for_their_turn_by_themselves(settings: dict[str, Any]) -> None:
    async def come(*spawners: SimpleNamespace) -> None:
        waiting = [asyncio.create_task(settings["wait_for_turn"](one)) for one in spawners]
        for number, one in enumerate(spawners):
            await asyncio.wait(waiting[: number + 2], timeout=READY_SECONDS)
            assert [task.done() for task in waiting] == [place < number + 2 for place in range(len(spawners))]
            one.pending = False  # it answers, or has failed

    asyncio.run(come(*(SimpleNamespace(pending="spawn") for _ in range(5))))


def test_a_server_that_never_answers_keeps_nobody_waiting(settings: dict[str, Any]) -> None:
    async def come() -> None:
        for _ in range(5):
            await asyncio.wait_for(settings["wait_for_turn"](SimpleNamespace(pending="spawn")), READY_SECONDS)

    settings["wait_for_turn"].__globals__["TURN_SECONDS"] = 0
    asyncio.run(come())


@pytest.mark.parametrize("section", ["Spawner", "SystemdSpawner"])
@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_hook_of_ones_own_is_called_when_it_is_the_servers_turn(
    own: Own, monkeypatch: pytest.MonkeyPatch, section: str, kind: str
) -> None:
    monkeypatch.setenv("COURSE_HUB_STARTS", "1")
    c = own(f"{kind} hook(spawner):\n    spawner.called = True\n\nc.{section}.pre_spawn_hook = hook")["c"]

    async def come(*spawners: SimpleNamespace) -> None:
        first, second = (asyncio.create_task(c[section].pre_spawn_hook(one)) for one in spawners)
        await asyncio.wait_for(first, READY_SECONDS)
        await asyncio.sleep(0.3)
        assert [one.called for one in spawners] == [True, False]
        spawners[0].pending = False
        await asyncio.wait_for(second, READY_SECONDS)
        assert spawners[1].called

    asyncio.run(come(*(SimpleNamespace(pending="spawn", called=False) for _ in range(2))))


def test_who_wants_no_hook_has_the_turns_all_the_same(own: Own) -> None:
    read = own("c.Spawner.pre_spawn_hook = None")
    assert read["c"].Spawner.pre_spawn_hook is read["wait_for_turn"]


@pytest.mark.parametrize("starts", ["0", "-1", "2.5", "many", "²"])
def test_a_number_of_starts_that_is_none_is_refused_in_one_sentence(
    own: Own, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], starts: str
) -> None:
    monkeypatch.setenv("COURSE_HUB_STARTS", starts)
    with pytest.raises(SystemExit):
        own("")
    (line,) = capsys.readouterr().err.splitlines()
    assert "COURSE_HUB_STARTS" in line
    assert starts in line


@pytest.mark.parametrize("starts", ["", " "])
def test_an_empty_number_of_starts_is_the_default(own: Own, monkeypatch: pytest.MonkeyPatch, starts: str) -> None:
    monkeypatch.delenv("COURSE_HUB_STARTS", raising=False)
    default = own("")["STARTS"]
    monkeypatch.setenv("COURSE_HUB_STARTS", starts)
    assert own("")["STARTS"] == default == str(2 * (os.cpu_count() or 1))


@pytest.mark.parametrize(
    "limit",
    [
        "MemoryMax=1073741824",
        "MemorySwapMax=0",
        "CPUQuota=100%",
        "TasksMax=256",
        "IPAddressDeny=any",
        "IPAddressAllow=localhost",
        "InaccessiblePaths=-/run/dbus -/run/user",
        "PrivateTmp=yes",
        "PrivateDevices=yes",
        "NoNewPrivileges=yes",
        f"ReadOnlyDirectories={ROOT}",
        "OOMPolicy=continue",
    ],
)
def test_systemd_is_told_of_each_limit(read: dict[str, Any], limit: str) -> None:
    assert f"--property={limit}" in read["command"]


def test_a_server_runs_under_the_students_account(read: dict[str, Any]) -> None:
    assert {f"--uid={os.getuid()}", f"--gid={os.getgid()}"} <= {*read["command"]}
    assert read["command"][-1] == str(ROOT / "tools" / "serve_on_hub.py")


def test_an_own_file_has_the_last_word_and_leaves_the_rest_as_it_stands(read: dict[str, Any], tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text("c.Spawner.mem_limit = '2G'\nc.JupyterHub.authenticator_class = 'dummy'\n", encoding="utf-8")
    (changed,) = what_the_hub_reads(tmp_path, [CONFIG], COURSE_HUB_OWN=str(own))
    assert changed["hub"]["authenticator"] == "DummyAuthenticator"
    assert changed["hub"]["allowed"] == read["hub"]["allowed"]
    assert {*read["command"]} - {*changed["command"]} >= {"--property=MemoryMax=1073741824"}
    assert {"--property=MemoryMax=2147483648", "--property=IPAddressDeny=any"} <= {*changed["command"]}


def test_systemd_starts_a_killed_hub_again_and_leaves_its_proxy_to_it() -> None:
    """With another KillMode it would kill the proxy too, and who works would not go on, as FAULTS.md says."""
    assert {"KillMode=process", "Restart=on-failure"} <= {*UNIT}


def test_systemd_gives_up_a_hub_that_never_starts() -> None:
    """It does when there were too many starts in the interval; a start that fails takes some seconds itself."""
    told = dict(line.split("=", 1) for line in UNIT if "=" in line)
    slow_start = 20
    tries = int(told["StartLimitBurst"]) * (int(told["RestartSec"]) + slow_start)
    assert tries < int(told["StartLimitIntervalSec"])
    assert UNIT.index("[Service]") > UNIT.index(f"StartLimitBurst={told['StartLimitBurst']}"), "where systemd reads it"


def test_the_pages_web_server_takes_no_configuration_from_a_kernel() -> None:
    """Caddy takes one at localhost:2019 from whoever asks, until its first block says otherwise."""
    page = (CONFIG.parent / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"(?:^    .*\n)+", page, re.MULTILINE)
    caddy = [textwrap.dedent(one) for one in blocks if "reverse_proxy" in one]
    assert caddy
    assert all(one.startswith("{\n    admin off\n}\n") for one in caddy)


@pytest.mark.parametrize(
    ("name", "page", "domain"),
    [
        ("ada_l", CONFIG.with_name("README.md"), "hub.example.edu"),
        ("ann", ROOT / "deploy" / "cluster" / "README.md", "hub.example.org"),
        ("ann@example.org", ROOT / "deploy" / "cluster" / "README.md", "hub.example.org"),
        ("ann@example.org", ROOT / "deploy" / "cluster" / "values.yaml", "hub.example.org"),
    ],
)
def test_the_pages_say_at_which_address_a_name_is(name: str, page: Path, domain: str) -> None:
    ask = "import sys; from jupyterhub.utils import subdomain_hook_idna as made; print(made(*sys.argv[1:], 'user'))"
    command = [str(venv_python(ROOT, hub.VENV.name)), "-c", ask, name, domain]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert f"https://{said}" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("line", WRONG)
def test_what_the_hub_would_not_take_is_noticed(readings: dict[str, dict[str, Any]], line: str) -> None:
    assert readings[line]["wrong"]
