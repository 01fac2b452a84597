# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "jupyterhub==5.5.0",
#     "jupyterhub-kubespawner==7.0.0",
#     "oauthenticator==17.4.0",
#     "jupyterhub-ldapauthenticator==2.0.2",
#     "jupyterhub-ltiauthenticator==1.6.3",
#     "jupyterhub-nativeauthenticator==1.3.0",
# ]
# ///
"""Load a cluster's values in the hub of their chart, and say, one a line, what that hub does not take.

The packages above are those of that hub's image. `make cluster-check` installs them apart and hands the values over, as
JSON, on standard input. Nothing is started, and no cluster is asked.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

from jupyterhub.app import JupyterHub
from jupyterhub.auth import Authenticator
from jupyterhub.crypto import CryptKeeper
from jupyterhub.roles import get_default_roles
from jupyterhub.scopes import expand_scopes
from jupyterhub.spawner import Spawner
from kubespawner import KubeSpawner
from traitlets import TraitError
from traitlets.config import Config

STUDENT = {
    "mem_guarantee": ("memory", "guarantee"),
    "mem_limit": ("memory", "limit"),
    "cpu_guarantee": ("cpu", "guarantee"),
    "cpu_limit": ("cpu", "limit"),
    "environment": ("extraEnv",),
    "start_timeout": ("startTimeout",),
    "default_url": ("defaultUrl",),
    "storage_capacity": ("storage", "capacity"),
    "cmd": ("cmd",),
}
"""What the spawner is told of a student's server, each with its place in `singleuser`."""

WHOLE = {
    "concurrent_spawn_limit": "concurrentSpawnLimit",
    "active_server_limit": "activeServerLimit",
    "allow_named_servers": "allowNamedServers",
}
"""What the hub is told, each with its name in `hub`."""

LEADS = {
    "access:servers": "open other people's servers",
    "tokens": "make tokens of other people, which open their servers",
    "admin:users": "take other people's names, and with them their servers",
    "admin:auth_state": "read by what other people have signed in",
    "admin:services": "put pages beside the hub's own, at its address",
    "proxy": "have the hub tell the secret of its proxy, and then send other people's pages elsewhere",
}
"""The scopes that lead into other people's servers, each with what it lets somebody do. JupyterHub takes `admin:users`
for as good as all rights. `shares` has `access:servers` in it; `groups` leads where a group's role does, and that role
is named itself. Source: https://jupyterhub.readthedocs.io/en/5.5.0/rbac/scopes.html"""


class StudentsServer(KubeSpawner):
    """The spawner as it reads its options, and before it looks for a cluster."""

    __init__ = Spawner.__init__


class Heard(logging.Handler):
    """What the hub would write into its log."""

    def __init__(self) -> None:
        """Hear what is a warning or worse."""
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the first line."""
        self.lines.append(record.getMessage().strip().splitlines()[0])


def told(values: dict[str, Any]) -> Config:
    """Return what the chart tells its hub."""
    hub, student = values.get("hub", {}), values.get("singleuser", {})
    config = Config({"JupyterHub": {"spawner_class": KubeSpawner}})
    config.JupyterHub.update({name: hub[key] for name, key in WHOLE.items() if hub.get(key) is not None})
    for name, place in STUDENT.items():
        value: Any = student
        for key in place:
            value = (value or {}).get(key)
        if value is not None:
            config.KubeSpawner[name] = value
    config.merge(Config(hub.get("config", {})))
    return config


def complaints(values: dict[str, Any]) -> list[str]:
    """Return what the parts of the hub refuse, do not know, or warn of, and what none of them would ever read."""
    config, heard = told(values), Heard()
    log = logging.getLogger("the hub")
    log.handlers, log.propagate = [heard], False
    try:
        app = JupyterHub(config=config, log=log)
        sign_in = app.authenticator_class(parent=app)
        parts = [app, sign_in, StudentsServer(parent=app), app.proxy_class(parent=app), CryptKeeper(parent=app)]
        sign_in.check_allow_config()
    except (TraitError, ValueError, ImportError) as error:
        return [*heard.lines, str(error).splitlines()[0]]
    read = {kind.__name__ for part in parts for kind in type(part).__mro__}
    return [
        *heard.lines,
        *(f"hub.config.{name}: this hub has no part of that name" for name in config if name not in read),
        *may_enter(values, app, sign_in),
    ]


def may_enter(values: dict[str, Any], app: JupyterHub, sign_in: Authenticator) -> Iterator[str]:
    """Yield each place where somebody is let into other people's servers, whose pages would then act as that one."""
    (admin,) = (role for role in get_default_roles() if role["name"] == "admin")
    everywhere = {name: admin for name in ("admin_users", "admin_groups") if getattr(sign_in, name, None)}
    loaded = values.get("hub", {}).get("loadRoles", {})
    roles = {f"hub.loadRoles.{name}": {"name": name} | role for name, role in loaded.items()}
    roles |= {f"hub.config.JupyterHub.load_roles, {role['name']}": role for role in app.load_roles}
    for place, role in roles.items():
        everywhere[place] = (admin if role["name"] == "admin" else {"scopes": []}) | role
        if role.get("users") and not app.subdomain_host:
            yield f"{place}: a student's page could act as who is named there; set hub.config.JupyterHub.subdomain_host"
    for place, role in everywhere.items():
        held = {scope.partition("!")[0] for scope in expand_scopes(role["scopes"])}
        lead = [f"{may} ({scope})" for scope, may in LEADS.items() if scope in held]
        if lead:
            more = f", and {len(lead) - 1} more" if len(lead) > 1 else ""
            yield f"{place}: who is named there may {lead[0]}{more}"


if __name__ == "__main__":
    found = complaints(json.load(sys.stdin))
    print("\n".join(found), end="\n" if found else "")
    sys.exit(bool(found))
