"""A class on one machine: JupyterHub's own engine, and what the course needs of it.

Start it as root, from a Python environment that students can read and not write; `README.md` beside this file says how.
It listens on this machine alone: what the students' browsers reach is a web server with a certificate before it. Places
come from the environment, and your own settings from a file of your own, so that an update never meets a changed file:

    COURSE_HUB_URL         where the hub listens; http://127.0.0.1:8000
    COURSE_HUB_DOMAIN      the hub's address in a browser, as in https://hub.example.edu; each server then has its
                           own below, https://ada.hub.example.edu. Or "none": all share the hub's. Where there are
                           teachers, admins or an exchange it must be said; README.md beside this file says more
    COURSE_HUB_PORT        the hub's own port, which nobody calls; 8081
    COURSE_HUB_PROXY_PORT  the proxy's, likewise; 8001
    COURSE_HUB_STATE       what the hub remembers, for root alone; /var/lib/training-cost-hub
    COURSE_HUB_STUDENTS    who may log in, with spaces between the names
    COURSE_HUB_TEACHERS    likewise, and they see who is there, and start and stop servers
    COURSE_HUB_STARTS      how many servers start at once, from 1, the others waiting; twice the machine's processors
    COURSE_HUB_EXCHANGE    nbgrader's exchange, if sets are handed in on the hub; /srv/training-cost-exchange
    COURSE_HUB_OWN         your own settings, a file that need not be there; /etc/training-cost-hub.py
"""

import asyncio
import inspect
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from tornado.web import HTTPError, RequestHandler

c = get_config()  # type: ignore[name-defined] # noqa: F821


def refuse(words: str) -> NoReturn:
    """Say what is wrong with the settings and end with a status at which systemd does not start the hub again."""
    print(words, file=sys.stderr, flush=True)
    refusal = SystemExit(words)
    refusal.code = os.EX_CONFIG
    raise refusal


COURSE = Path(__file__).resolve().parents[2]
STATE = Path(os.environ.get("COURSE_HUB_STATE", "/var/lib/training-cost-hub"))
PROXY = COURSE / ".venv-hub" / "proxy" / "node_modules" / ".bin" / "configurable-http-proxy"
STATE.mkdir(parents=True, exist_ok=True)
STATE.chmod(0o700)

# The masters, a class edition and git's own store, which has the masters too, are for who owns the course. Students can
# read the rest. An update keeps a folder's mode, and what it brings lies inside.
for name in ("exercises/solutions", "my_class", ".git"):
    if os.geteuid() == 0 and (COURSE / name).is_dir():
        (COURSE / name).chmod(0o700)

c.JupyterHub.bind_url = os.environ.get("COURSE_HUB_URL", "http://127.0.0.1:8000")
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{os.environ.get('COURSE_HUB_PORT', '8081')}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{os.environ.get('COURSE_HUB_PROXY_PORT', '8001')}"
c.ConfigurableHTTPProxy.command = [str(PROXY)]
c.ConfigurableHTTPProxy.log_level = "warn"
c.ConfigurableHTTPProxy.pid_file = str(STATE / "proxy.pid")
c.JupyterHub.db_url = f"sqlite:///{STATE / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(STATE / "cookie_secret")

# Who may come in, by the accounts of the machine, until COURSE_HUB_OWN names your school's own way of logging in.
c.JupyterHub.authenticator_class = "pam"
STUDENTS, TEACHERS = (os.environ.get(f"COURSE_HUB_{name}", "").split() for name in ("STUDENTS", "TEACHERS"))
c.Authenticator.allowed_users = {*STUDENTS, *TEACHERS}
c.Authenticator.allow_existing_users = False
# A teacher is no admin: an admin may open every server, and the page of a student's would then act as that admin.
TEACHER = ["admin-ui", "list:users", "read:users", "servers"]
c.JupyterHub.load_roles = [{"name": "teacher", "scopes": TEACHER, "users": TEACHERS}]

# A page of a student's, where it has the hub's own address, does whatever its reader may, a teacher included.
DOMAIN = os.environ.get("COURSE_HUB_DOMAIN", "").rstrip("/")
if DOMAIN not in ("", "none"):
    c.JupyterHub.subdomain_host = DOMAIN if "://" in DOMAIN else f"https://{DOMAIN}"
    # By its name such a cookie is set by the hub itself: not by a host below, which could log somebody in as another.
    c.JupyterHub.cookie_host_prefix_enabled = not DOMAIN.startswith("http://")
# Nor is a page laid down in settings that the student's server reads; that alone prevents none, as THREATS.md says.
c.Spawner.disable_user_config = True

# A student's server: under the student's own account, with limits that the machine's kernel enforces.
c.JupyterHub.spawner_class = "systemd"
c.Spawner.cmd = [sys.executable, str(COURSE / "tools" / "serve_on_hub.py")]
c.Spawner.default_url = "/lab/tree/notebooks/00_start_here.ipynb"
c.Spawner.env_keep.append("COURSE_HUB_EXCHANGE")
c.Spawner.mem_limit = "1G"
c.Spawner.cpu_limit = 1.0
c.SystemdSpawner.unit_extra_properties = {
    "TasksMax": "256",
    # Without it, what is over the limit of memory goes to the machine's swap, and all wait for its disk.
    "MemorySwapMax": "0",
    # By these sockets the system itself would start programs for the student, outside of this unit and its limits.
    "InaccessiblePaths": "-/run/dbus -/run/user",
    # Nothing but this machine: the hub must be reached, and nothing else is.
    "IPAddressDeny": "any",
    "IPAddressAllow": "localhost",
}
c.SystemdSpawner.isolate_tmp = True
c.SystemdSpawner.isolate_devices = True
c.SystemdSpawner.disable_user_sudo = True
c.SystemdSpawner.readonly_paths = [str(COURSE)]

# A class comes all at once. Some servers start, and the others wait for their turn by themselves: who starts beside
# too many others is no sooner ready, and takes the processor's caches from them. LOAD.md beside this file has figures.
STARTS = os.environ.get("COURSE_HUB_STARTS", "").strip() or str(2 * (os.cpu_count() or 1))
if not (STARTS.isdecimal() and int(STARTS) > 0):
    refuse(f"COURSE_HUB_STARTS says how many servers start at once, as a whole number from 1, and is {STARTS!r}.")
turns = asyncio.Semaphore(int(STARTS))
started = set()
TURN_SECONDS = 30
"""After so long the next one may start as well: a server that ends as it starts is waited for much longer."""


async def wait_for_turn(spawner: Any) -> None:
    """Hold a server back until fewer others are starting."""
    await turns.acquire()
    start = asyncio.create_task(give_turn_on(spawner))
    started.add(start)  # else nothing holds it
    start.add_done_callback(started.discard)


def after_turn(hook: Callable[[Any], Any]) -> Callable[[Any], Awaitable[None]]:
    """Have another hook called when it is a server's turn."""

    async def wait_and_call(spawner: Any) -> None:
        await wait_for_turn(spawner)
        done = hook(spawner)
        if inspect.isawaitable(done):
            await done

    return wait_and_call


async def give_turn_on(spawner: Any) -> None:
    """Let the next server start when this one answers, or has failed."""
    end = time.monotonic() + TURN_SECONDS
    while spawner.pending == "spawn" and time.monotonic() < end:
        await asyncio.sleep(0.1)
    turns.release()


c.Spawner.pre_spawn_hook = wait_for_turn
# So none is sent away: beyond this number, the page says to try again in a minute, and does not do so by itself.
c.JupyterHub.concurrent_spawn_limit = 1000
c.Spawner.start_timeout = 300
c.Spawner.http_timeout = 300

# Work outlives the hub: a restart finds the students' servers and takes them up again.
c.JupyterHub.cleanup_servers = False

# Last, so that it has the last word.
OWN = Path(os.environ.get("COURSE_HUB_OWN", "/etc/training-cost-hub.py"))
if OWN.is_file():
    load_subconfig(str(OWN))  # type: ignore[name-defined] # noqa: F821

# For each kind of spawner: the one that is named most exactly counts.
for settings in c.values():
    hook = settings.get("pre_spawn_hook", wait_for_turn)
    if hook is not wait_for_turn:
        settings.pre_spawn_hook = after_turn(hook) if hook else wait_for_turn

# JupyterHub would answer under every name that leads here and is no running server's. Who logged in there, by a link of
# a student's, would be logged in where that student's pages are. So the hub has its own name alone, and leads there.
HUB = c.JupyterHub.get("subdomain_host") or ""
ELSEWHERE = "elsewhere"


class Elsewhere(RequestHandler):
    """Lead a browser from where no server runs to the hub's own name; tell a script that nothing runs there."""

    def check_xsrf_cookie(self) -> None:
        """Ask for no token: nothing is done here."""

    def prepare(self) -> None:
        """Answer every method alike."""
        own_name = self.request.host_name == urlsplit(HUB).hostname  # the proxy has just started
        if own_name or self.request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
            raise HTTPError(503 if own_name else 424)
        self.redirect(HUB.rstrip("/") + self.request.uri.split(f"/hub/{ELSEWHERE}", 1)[1], status=303)


if HUB:  # JupyterHub warns in its log of both: they are meant
    c.JupyterHub.hub_routespec = f"{urlsplit(HUB).hostname}/"
    c.JupyterHub.extra_handlers = [*c.JupyterHub.get("extra_handlers", []), (f"/{ELSEWHERE}/.*", Elsewhere)]
    c.ConfigurableHTTPProxy.command += ["--default-target", f"{c.JupyterHub.hub_bind_url}/hub/{ELSEWHERE}"]


def gives_rights(settings: Any) -> bool:
    """Tell whether somebody may do more than a student: by a role, as an admin, or by what a way of logging in says."""
    rights = [role.get("users") or role.get("groups") for role in settings.JupyterHub.load_roles]
    for section in settings.values():
        rights += [section[name] for name in section if name.startswith("admin_") and name != "admin_access"]
        rights.append(section.get("manage_roles"))
    return any(rights)


EXCHANGE = Path(os.environ.get("COURSE_HUB_EXCHANGE", "/srv/training-cost-exchange"))
if DOMAIN != "none" and not HUB and (EXCHANGE.is_dir() or gives_rights(c)):
    refuse(
        "This class has teachers, admins or an exchange, so a student's page must not have the hub's own address: set "
        'COURSE_HUB_DOMAIN, as in https://hub.example.edu, or "none" if you know what that means. '
        "deploy/hub/README.md, under *Let students reach it*, says what each takes."
    )
