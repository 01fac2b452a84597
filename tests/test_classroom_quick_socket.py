"""The line between page and kernel holds nothing back, and `make lab` uses it."""

from __future__ import annotations

from pathlib import Path

import pytest
import serve
from classroom.quick_socket import QuickSocket
from classroom.server import OF_THE_COURSE
from jupyter_server.serverapp import ServerApp
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler


def test_a_connection_sends_each_message_at_once_before_it_connects(monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[object] = []
    handler = KernelWebsocketHandler.__new__(KernelWebsocketHandler)
    monkeypatch.setattr(KernelWebsocketHandler, "set_nodelay", lambda self, value: happened.append(value))
    monkeypatch.setattr(ZMQChannelsWebsocketConnection, "connect", lambda self: happened.append("connected"))
    line = QuickSocket.__new__(QuickSocket)
    line.websocket_handler = handler
    line.connect()
    assert happened == [True, "connected"]


def test_the_course_s_server_takes_it() -> None:
    server = ServerApp()
    server.parse_command_line([*OF_THE_COURSE])
    assert server.kernel_websocket_connection_class is QuickSocket
    assert "*server.OF_THE_COURSE, *arguments" in Path(serve.__file__).read_text(encoding="utf-8")
