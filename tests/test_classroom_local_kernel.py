"""A kernel of the course is reached over sockets of its own, or with encryption, and leaves nothing behind."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from classroom import local_kernel
from classroom.notebooks import KernelHere, execute
from nbformat.v4 import new_code_cell, new_notebook

SHORTEST_LIMIT = 103
"""The characters that a socket's path may have on macOS; Linux allows a few more."""

with_sockets = pytest.mark.skipif(not local_kernel.HAS_SOCKETS, reason="Windows has no local sockets for kernels")


async def answers(kernel: KernelHere) -> None:
    """Wait until the kernel has run a line."""
    client = kernel.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=60)
        reply = await client.execute("6 * 7", reply=True, timeout=60)
        assert reply["content"]["status"] == "ok"
    finally:
        client.stop_channels()


async def started(folder: Path) -> tuple[KernelHere, str]:
    """Start a kernel, restart it, and return what was said."""
    kernel = KernelHere(kernel_name="python3", connection_file=str(folder / "kernel.json"))
    with (folder / "said").open("w") as said:
        await kernel.start_kernel(stderr=said)
        await answers(kernel)
        await kernel.restart_kernel(now=True)
        await answers(kernel)
    return kernel, (folder / "said").read_text(encoding="utf-8")


@with_sockets
def test_it_has_a_folder_of_its_own_with_short_names_as_long_as_it_runs(tmp_path: Path) -> None:
    async def run() -> Path:
        kernel, said = await started(tmp_path)
        folder = Path(kernel.ip).parent
        assert kernel.transport == "ipc"
        assert "encryption" not in said
        assert folder.stat().st_mode & 0o777 == 0o700
        sockets = [str(path) for path in folder.iterdir()]
        assert len(sockets) == 5
        assert max(map(len, sockets)) < SHORTEST_LIMIT
        await kernel.shutdown_kernel(now=True)
        return folder

    assert not asyncio.run(run()).exists()


@with_sockets
def test_two_kernels_never_meet() -> None:
    first, second = KernelHere(), KernelHere()
    places = [Path(kernel.ip).parent for kernel in (first, second)]
    assert places[0] != places[1]
    for kernel in (first, second):
        kernel.cleanup_connection_file()
    assert not any(place.exists() for place in places)


def test_where_there_are_no_sockets_it_is_encrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_kernel, "HAS_SOCKETS", False)

    async def run() -> None:
        kernel, said = await started(tmp_path)
        assert kernel.transport == "tcp"
        assert "curve_publickey" in (tmp_path / "kernel.json").read_text(encoding="utf-8")
        assert "without encryption" not in said
        await kernel.shutdown_kernel(now=True)

    asyncio.run(run())


@with_sockets
def test_the_tools_that_run_notebooks_use_it(tmp_path: Path) -> None:
    connection = (
        "from ipykernel.connect import get_connection_info\nprint(get_connection_info(unpack=True)['transport'])"
    )
    notebook = execute(new_notebook(cells=[new_code_cell(connection)]), tmp_path)
    assert notebook.cells[0].outputs[0].text == "ipc\n"
