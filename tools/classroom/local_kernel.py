"""A kernel on one's own machine whose messages no other user can read, and whose ports nobody else can take.

Where the system has local sockets (Linux, macOS) they are used: they lie in a folder of the kernel's own, with a short
path, as a socket's path may have about 100 characters. Windows gets ports of the machine itself, with encryption.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import zmq
from jupyter_client.manager import KernelManager
from traitlets import default

HAS_SOCKETS = os.name != "nt" and zmq.has("ipc")
LONGEST_PATH = 80


class LocalKernel(KernelManager):
    """How a kernel of the course is reached; the folder of its sockets is there as long as the kernel is."""

    _folder: Path | None = None
    beside: Path | None = None
    """A folder that is removed with all that is in it, to lay the sockets into if its path is short enough."""

    @default("transport")
    def _transport_default(self) -> str:
        return "ipc" if HAS_SOCKETS else "tcp"

    @default("transport_encryption")
    def _transport_encryption_default(self) -> str:
        return "disabled" if HAS_SOCKETS or not zmq.has("curve") else "auto"

    def _ip_default(self) -> str:
        if self.transport != "ipc":
            return str(super()._ip_default())
        if self.beside and len(os.fsencode(self.beside)) <= LONGEST_PATH:
            return str(self.beside / "channel")
        self._folder = Path(tempfile.mkdtemp(prefix="kernel-"))
        return str(self._folder / "channel")

    def cleanup_connection_file(self) -> None:
        """Remove what was written, and the folder."""
        super().cleanup_connection_file()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
