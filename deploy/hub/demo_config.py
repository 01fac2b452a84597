"""The class of `jupyterhub_config.py` to look at on one machine: invented accounts, one password, no limits.

All students run under the account that started it, so it protects nobody from anybody.
"""

import os
import signal
from pathlib import Path

c = get_config()  # type: ignore[name-defined] # noqa: F821
load_subconfig(str(Path(__file__).with_name("jupyterhub_config.py")))  # type: ignore[name-defined] # noqa: F821

HOMES = Path(os.environ["COURSE_HUB_STATE"]) / "homes"

c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = os.environ["COURSE_HUB_PASSWORD"]

c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = str(HOMES / "{username}")
if os.geteuid() == 0:
    c.Spawner.args = ["--allow-root"]

c.JupyterHub.cleanup_servers = True
# Its terminal is closed: it ends as by Ctrl+C, for which JupyterHub waits, and not at once, with all it started left.
if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as nohup has it
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGINT))
