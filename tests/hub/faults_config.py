"""The demo, but servers outlive the hub as a class's do, and the hub soon sees that one has ended or did not start."""

import os

c = get_config()  # type: ignore[name-defined] # noqa: F821
load_subconfig(os.environ["COURSE_HUB_DEMO"])  # type: ignore[name-defined] # noqa: F821
c.JupyterHub.cleanup_servers = False
c.Spawner.poll_interval = 1
c.Spawner.http_timeout = 60
