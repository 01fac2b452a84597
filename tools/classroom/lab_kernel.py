"""The kernel of a notebook that is open in JupyterLab, reached as `local_kernel.py` says."""

from __future__ import annotations

from jupyter_server.services.kernels.kernelmanager import ServerKernelManager

from classroom.local_kernel import LocalKernel


class LabKernel(LocalKernel, ServerKernelManager):
    """Jupyter's own, over a line of the machine itself."""
