"""A student's server on a hub, before it is one: its folders, and its port. `tests/hub` has it in a real hub."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest
import serve_on_hub
from classroom import hub, server

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the hub is for Linux")

OWN = [f"{serve_on_hub.FOLDER}/{name}" for name in server.OWN.values()]


@pytest.mark.parametrize("place", [serve_on_hub.FOLDER, *OWN])
@pytest.mark.parametrize("times", [1, 2])
def test_a_file_that_has_a_folders_name_is_set_aside_and_the_server_starts(
    tmp_path: Path, place: str, times: int
) -> None:
    """It would end every start, and the student could not even remove it."""
    named = tmp_path / place
    for number in range(times):
        if named.is_dir():
            named.rename(tmp_path / f"moved {number}")
        named.parent.mkdir(exist_ok=True)
        named.write_text(f"mine {number}", encoding="utf-8")
        course = serve_on_hub.lay_course(tmp_path)
        assert (course / "notebooks").is_symlink()
        assert all((tmp_path / own).is_dir() for own in OWN)
    kept = [named.with_name(f"{named.name} was a file"), named.with_name(f"{named.name} was a file 1")]
    assert [path.read_text(encoding="utf-8") for path in kept[:times]] == ["mine 0", "mine 1"][:times]


def test_a_link_to_nowhere_is_set_aside_and_one_to_a_folder_stays(tmp_path: Path) -> None:
    course = serve_on_hub.lay_course(tmp_path)
    for name, target in (("my_lessons", tmp_path / "nowhere"), ("my_exercises", tmp_path / "elsewhere")):
        (course / name).rmdir()
        (course / name).symlink_to(target)
    (tmp_path / "elsewhere").mkdir()
    serve_on_hub.lay_course(tmp_path)
    assert (course / "my_lessons was a file").is_symlink()
    assert not (course / "my_lessons").is_symlink()
    assert (course / "my_exercises").readlink() == tmp_path / "elsewhere"


@pytest.mark.parametrize(
    ("url", "family"),
    [
        ("http://127.0.0.1:{port}/", socket.AF_INET),
        ("http://0.0.0.0:{port}/", socket.AF_INET),
        ("http://[::1]:{port}/user/ada/", socket.AF_INET6),
        ("http://[::]:{port}/", socket.AF_INET6),
    ],
)
def test_the_port_is_held_at_the_address_that_the_hub_chose(
    url: str, family: socket.AddressFamily, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cluster's spawner says [::], which an address of the older kind never is."""
    port = hub.free_ports(1)[0]
    monkeypatch.setattr(serve_on_hub, "PORT_SECONDS", 0.5)
    with serve_on_hub.hold_port(url.format(port=port)) as held:
        assert (held.family, held.getsockname()[1]) == (family, port)
        with socket.socket(family) as stranger, pytest.raises(OSError, match="in use"):
            stranger.bind(held.getsockname())
        with socket.create_server(held.getsockname()[:2], family=family) as own:
            assert own.getsockname()[1] == port, "the server, which says that it shares it, gets it"
