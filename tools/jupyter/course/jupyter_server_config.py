"""What JupyterLab is told of the course: own copies, quick pictures, private kernels, and tabs with names.

`serve.py` and a hub's `jupyterhub-singleuser` alike read it, where `JUPYTER_CONFIG_PATH` names this folder.
"""

from __future__ import annotations

import sys
from pathlib import Path

from traitlets.config import get_config

JUPYTER = Path(__file__).resolve().parents[1]
if str(JUPYTER.parent) not in sys.path:
    sys.path.append(str(JUPYTER.parent))

settings = get_config()
settings.ServerApp.contents_manager_class = "classroom.contents.Contents"
settings.ServerApp.kernel_websocket_connection_class = "classroom.quick_socket.QuickSocket"
settings.MappingKernelManager.kernel_manager_class = "classroom.lab_kernel.LabKernel"
settings.LabApp.extra_labextensions_path = [str(JUPYTER / "labextensions")]
