"""Be the usual kernel, without what nobody in a class uses: `python3 lean_kernel.py -f FILE`.

There is no debugger. What is imported before the first cell is not looked through for garbage. And matplotlib's help
does not list the properties of each thing in a picture, which it would put together for all of them as it is imported,
but says how to have them listed.
"""

from __future__ import annotations

import gc
import importlib.abc
import runpy
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

INSTEAD = "Not listed here: plt.setp(it) lists them for what was drawn, and so do the pages at https://matplotlib.org."
"""One line without a percent sign: matplotlib puts it at an indented place, into a text that it formats."""


def main() -> None:
    sys.path.pop(0)  # this file's folder, where nothing is to be imported from
    gc.disable()
    sys.modules["debugpy"] = None  # type: ignore[assignment] # Python's way to say that there is no such module
    import ipykernel.debugger
    import ipykernel.kernelapp  # noqa: F401

    sys.meta_path.insert(0, WithoutLists())
    gc.freeze()
    gc.enable()
    runpy.run_module("ipykernel_launcher", run_name="__main__")


class WithoutLists(importlib.abc.MetaPathFinder):
    """What finds matplotlib's module of all that can be drawn, and takes from it how properties are listed."""

    name = "matplotlib.artist"

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where that module is, with another loader; `None` for all others."""
        if fullname != self.name:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(fullname, path)
        if spec and spec.loader:
            spec.loader.exec_module = without_lists(spec.loader.exec_module)  # type: ignore[method-assign]
        return spec


def without_lists(run: Any) -> Any:
    """Return what runs a module, and then has `INSTEAD` in the place of each list of properties."""

    def run_without(module: Any) -> None:
        run(module)
        module.kwdoc = lambda artist: INSTEAD

    return run_without


if __name__ == "__main__":
    main()
