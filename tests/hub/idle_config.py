"""The demo, with short times that a kernel and a server may be idle."""

import os

c = get_config()  # type: ignore[name-defined] # noqa: F821
load_subconfig(os.environ["COURSE_HUB_DEMO"])  # type: ignore[name-defined] # noqa: F821
c.Spawner.args = [
    *(c.Spawner.args or []),
    "--MappingKernelManager.cull_idle_timeout=30",
    "--MappingKernelManager.cull_interval=1",
    "--ServerApp.shutdown_no_activity_timeout=1",
]
c.JupyterHub.last_activity_interval = 5
