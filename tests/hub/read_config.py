"""Say what JupyterHub itself makes of configurations: `read_config.py FOLDER FILE ...`, in the hub's environment.

What it prints is JSON, for each of them: `wrong`, the options that it does not know or whose value is not of their
type; `hub`, where it listens, whom it lets in and what it remembers; and `command`, by which it would have systemd
start a student's server. Nothing is started. FOLDER takes the file of the server's environment, in the place of /run.
"""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from jupyterhub.app import JupyterHub
from systemdspawner import systemd
from traitlets import TraitError
from traitlets.config import Configurable

OF_THE_HUB = ["bind_url", "hub_bind_url", "db_url", "cookie_secret_file", "cleanup_servers", "load_roles"]
OF_THE_HUB += ["concurrent_spawn_limit", "subdomain_host", "cookie_host_prefix_enabled"]


def main() -> None:
    systemd.RUN_ROOT, *files = sys.argv[1:]
    print(json.dumps([read(file) for file in files]))


def read(file: str) -> dict[str, Any]:
    hub = JupyterHub()
    try:
        hub.load_config_file(file)
        return {"wrong": list(unknown(hub)), "hub": about(hub), "command": asyncio.run(command(hub))}
    except (TraitError, SystemExit) as error:  # a wrong value of the hub's own is said in the log
        return {"wrong": [str(error)]}


def unknown(hub: JupyterHub) -> Iterator[str]:
    """Yield the options that no class has: traitlets would only write a line into the log, or nothing at all."""
    used = [*hub.classes, hub.spawner_class, hub.authenticator_class, hub.proxy_class]
    known = {kind.__name__: kind for one in used for kind in one.mro() if issubclass(kind, Configurable)}
    for section, options in hub.config.items():
        traits = known[section].class_traits(config=True) if section in known else {}
        yield from (f"c.{section}.{name} is unknown" for name in options if name not in traits)


def about(hub: JupyterHub) -> dict[str, Any]:
    proxy, people = hub.proxy_class(parent=hub), hub.authenticator_class(parent=hub)
    told = {name: getattr(hub, name) for name in OF_THE_HUB}
    told |= {"proxy": proxy.api_url, "authenticator": type(people).__name__, "spawner": hub.spawner_class.__name__}
    told |= {"once in, always in": people.allow_existing_users}
    told |= {"a student's own settings": hub.config.Spawner.get("disable_user_config") is not True}
    return told | {"allowed": sorted(people.allowed_users), "admins": sorted(people.admin_users)}


async def command(hub: JupyterHub) -> list[str]:
    """Return the command that would be run, for a student who has the account of whoever runs this."""
    run: list[list[str]] = []

    async def run_nothing(*words: str, **options: Any) -> Any:
        started = bool(run)
        if words[0] == "systemd-run":
            run.append(list(words))
        return SimpleNamespace(wait=lambda: answer(0 if started or words[0] == "systemd-run" else 3))

    async def answer(status: int) -> int:
        return status

    systemd.asyncio = SimpleNamespace(create_subprocess_exec=run_nothing, subprocess=asyncio.subprocess)
    user = SimpleNamespace(name=pwd.getpwuid(os.getuid()).pw_name, id=1, url="/user/", settings={})
    spawner = hub.spawner_class(parent=hub, user=user)
    spawner.get_env = lambda: {name: os.environ[name] for name in spawner.env_keep if name in os.environ}
    spawner.get_args = lambda: list(spawner.args)
    await spawner.start()
    return run[0]


if __name__ == "__main__":
    main()
