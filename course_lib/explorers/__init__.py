"""The explorers: a widget or two a topic, each with controls, one picture and one sentence.

An explorer shows itself when it is the last line of a cell. The names below are imported when first used, so that
`from course_lib.explorers import ComputeCostExplorer` costs no more than that one explorer.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any


def hand_on(package: str, home: dict[str, str]) -> tuple[list[str], Callable[[str], Any], Callable[[], list[str]]]:
    """Return a package's `__all__`, `__getattr__` and `__dir__`, which import each name's module on its first use.

    `home` has the module of each name, as the package names it. So a picture that is had from an explorer's folder
    brings in no widget.
    """

    def get(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{home[name]}"), name)

    return list(home), get, lambda: list(home)


__all__, __getattr__, __dir__ = hand_on(
    __name__,
    {
        "ComputeCostExplorer": "compute_cost.explorer",
        "UnitConverter": "units.explorer",
        "ScalingExplorer": "scaling.explorer",
        "IsoFlopExplorer": "scaling.isoflop_explorer",
        "MemoryExplorer": "memory.explorer",
        "FloatDecoder": "number_formats.explorer",
        "TrainingFormatExplorer": "number_formats.training_explorer",
        "QuantizationExplorer": "quantization.explorer",
        "TrainingRunPlanner": "plan.explorer",
        "BlockExplorer": "since_the_lecture.explorer",
    },
)
