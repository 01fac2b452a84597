"""The class of `jupyterhub_config.py` where there is no systemd: each server under its student's account, no limits."""

from pathlib import Path

c = get_config()  # type: ignore[name-defined] # noqa: F821
COURSE = Path(__file__).resolve().parents[2]
load_subconfig(str(COURSE / "deploy" / "hub" / "jupyterhub_config.py"))  # type: ignore[name-defined] # noqa: F821

c.JupyterHub.spawner_class = "localprocess"
c.JupyterHub.cleanup_servers = True
