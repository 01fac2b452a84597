"""What JupyterLab is told of the course: own copies, quick pictures, private kernels, and tabs with names.

`serve.py` and a hub's server for a student read it alike, where `JUPYTER_CONFIG_PATH` names this folder; what it
names is found as both are started by a command of `tools`.
"""

from __future__ import annotations

from pathlib import Path

from traitlets.config import get_config

settings = get_config()
settings.ServerApp.contents_manager_class = "classroom.contents.Contents"
settings.ServerApp.kernel_websocket_connection_class = "classroom.quick_socket.QuickSocket"
settings.MappingKernelManager.kernel_manager_class = "classroom.lab_kernel.LabKernel"
settings.LabApp.extra_labextensions_path = [str(Path(__file__).resolve().parents[1] / "labextensions")]
