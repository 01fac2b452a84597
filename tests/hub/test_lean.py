"""A student's server and kernels hold nothing that nobody uses, and the server gets the port that the hub chose."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import serve_on_hub
from classroom import hub
from classroom.environment import ROOT, venv_python
from classroom.hub_client import READY_SECONDS, Refused, Student
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from hub.faulty import LESSON

LogIn = Callable[[str], Student]


def test_a_students_kernel_has_no_debugger_and_runs_all_the_same(log_in: LogIn) -> None:
    kernel = log_in("ada").kernel(LESSON)
    assert kernel.ask("import sys; print(sys.modules['debugpy'], next(iter(sys.path)) == '')") == "None False\n"
    assert kernel.ask("import gc; print(gc.isenabled(), gc.get_freeze_count() > 0)") == "True True\n"
    with pytest.raises(Refused, match="ZeroDivisionError"):
        kernel.ask("1 / 0")


def said_by_a_lean_kernel(folder: Path, *cells: str) -> str:
    """Return what a kernel of a student's says that was started in a folder."""
    specs = KernelSpecManager(kernel_dirs=[str(serve_on_hub.LEAN / "kernels")])
    manager, said = KernelManager(kernel_spec_manager=specs), []
    manager.start_kernel(cwd=str(folder))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=READY_SECONDS)
        for cell in cells:
            client.execute_interactive(
                cell, output_hook=lambda message: said.append(message["content"].get("text", ""))
            )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return "".join(said)


def test_what_lies_beside_a_notebook_can_be_imported_and_takes_no_modules_place(tmp_path: Path) -> None:
    (tmp_path / "random.py").write_text("raise ImportError('this is not the one')")
    (tmp_path / "mine.py").write_text("own = 7")
    assert said_by_a_lean_kernel(tmp_path, "import random, mine; print(random.randint(mine.own, 7))") == "7\n"


def test_matplotlibs_help_says_how_to_have_properties_listed_and_stays_in_form(tmp_path: Path) -> None:
    line = "Not listed here: plt.setp(it) lists them for what was drawn, and so do the pages at https://matplotlib.org."
    said = said_by_a_lean_kernel(
        tmp_path,
        "import matplotlib.pyplot as plt, pydoc; print(pydoc.getdoc(plt.plot))",
        "print(pydoc.getdoc(plt.Line2D.set), end='END\\n')",
        "plt.setp(plt.Line2D([0], [0]))",
    )
    assert f"\n    Here is a list of available `.Line2D` properties:\n\n    {line}\n\nSee Also\n--------\n" in said
    assert f"\nSupported properties are\n\n{line}END\n" in said
    assert "\n  linewidth or lw: float\n" in said, "it does"


def test_what_nobody_uses_is_switched_off_and_a_terminal_is_not(log_in: LogIn) -> None:
    ada = log_in("ada")
    assert ada.session.get(f"{ada.server}/lsp/status").status_code == 404
    assert ada.session.get(f"{ada.server}/api/terminals").status_code == 200


def test_matplotlib_finds_its_list_of_fonts_where_one_is_laid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve_on_hub, "FONTS", tmp_path)
    (tmp_path / "fontlist-v1.json").write_text("the machine's")
    home = tmp_path / "home"
    for _ in range(2):
        serve_on_hub.lay_list_of_fonts(home)
        (home / ".cache" / "matplotlib" / "fontlist-v1.json").write_text("the student's own by now")
    assert (home / ".cache" / "matplotlib" / "fontlist-v1.json").read_text() == "the student's own by now"


def test_a_port_that_is_held_goes_to_the_server_and_not_to_a_program_that_shares_none() -> None:
    port = hub.free_ports(1)[0]
    with serve_on_hub.hold_port(f"http://127.0.0.1:{port}/user/ada/"), socket.socket() as stranger:
        with pytest.raises(OSError, match="in use"):
            stranger.bind(("127.0.0.1", port))
        with socket.create_server(("127.0.0.1", port)) as server, socket.create_connection(("127.0.0.1", port)) as line:
            assert server.accept()[1] == line.getsockname()


def test_a_port_that_somebody_has_for_a_moment_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        monkeypatch.setattr(serve_on_hub.time, "sleep", lambda _: other.close())
        with serve_on_hub.hold_port(f"http://127.0.0.1:{port}/") as held:
            assert held.getsockname() == ("127.0.0.1", port)


def test_a_students_server_has_nothing_of_the_hubs_database(running: hub.Hub, log_in: LogIn) -> None:
    log_in("ada")
    held = [one for one in running.family() if "serve_on_hub.py" in " ".join(one.cmdline())]
    assert held
    for process in held:
        assert not [place.path for place in process.memory_maps() if "sqlalchemy" in place.path]


def imported_on(folder: Path, single_user: str, look: str) -> str:
    """Return what `look` prints where JupyterHub's part of a server is `single_user`, and Node.js is on the path."""
    (folder / "jupyterhub" / "singleuser").mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "bin" / "node").touch(mode=0o755)
    for name, text in {
        "sqlalchemy.py": "more, func = 1, dict",
        "jupyterhub/__init__.py": "",
        "jupyterhub/orm.py": "User = 2",
        "jupyterhub/singleuser/__init__.py": single_user,
    }.items():
        (folder / name).write_text(text)
    variables = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT / "tools")]),
        "PATH": os.pathsep.join([str(folder / "bin"), os.environ["PATH"]]),
    }
    look = f"import os, serve_on_hub; main = serve_on_hub.import_single_user(); {look}"
    done = subprocess.run([sys.executable, "-c", look], env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "unknown",
    ["from sqlalchemy import more", "from jupyterhub.orm import User", "import sqlalchemy; sqlalchemy.func(more=1)"],
)
def test_a_version_that_uses_more_is_started_plainly_and_with_the_path_that_it_had(
    unknown: str, tmp_path: Path
) -> None:
    look = "print(main, serve_on_hub.PLAINLY in os.environ, os.environ['PATH'].partition(os.pathsep)[0])"
    said = imported_on(tmp_path, f"{unknown}\nmain = 'imported'", look)
    assert said == f"imported True {tmp_path / 'bin'}\n"


def test_a_version_that_uses_more_later_finds_it_in_the_real_modules(tmp_path: Path) -> None:
    single_user = "import sqlalchemy as sa\nfrom jupyterhub import orm\n\ndef main(): return sa.more, orm.User"
    said = imported_on(tmp_path, single_user, "print(*main(), serve_on_hub.PLAINLY in os.environ)")
    assert said == "1 2 False\n"


def test_scopes_of_this_jupyterhub_find_the_hubs_own_classes_where_a_server_asks_for_them() -> None:
    look = "import serve_on_hub; serve_on_hub.import_single_user(); from jupyterhub import scopes; "
    look += "print(serve_on_hub.PLAINLY in serve_on_hub.os.environ, flush=True); scopes.get_scopes_for('nobody')"
    done = subprocess.run(
        [str(venv_python(ROOT, hub.VENV.name)), "-c", look],
        env=os.environ | {"PYTHONPATH": str(ROOT / "tools")},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "False\n", done.stderr
    assert "Only allow orm objects or User wrappers" in done.stderr
