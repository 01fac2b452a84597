"""The line between page and kernel holds nothing back."""

from __future__ import annotations

import pytest
from classroom.quick_socket import QuickSocket
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
