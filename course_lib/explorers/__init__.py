"""The explorers: one widget a topic, each with controls, one picture and one sentence.

An explorer shows itself when it is the last line of a cell. The names below are imported when first used, so that
`from course_lib.explorers import ComputeCostExplorer` costs no more than that one explorer.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "ComputeCostExplorer": "compute_cost",
    "UnitConverter": "units",
    "ScalingExplorer": "scaling",
    "MemoryExplorer": "memory",
    "FloatDecoder": "number_formats",
    "QuantizationExplorer": "quantization",
    "TrainingRunPlanner": "plan",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    """Import an explorer's module on first use of its class."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}.explorer"), name)


def __dir__() -> list[str]:
    """List the explorers for tab completion."""
    return __all__
