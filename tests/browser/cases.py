"""What the browser tests and the latency bench need to know of each explorer: one entry a class."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One explorer: an accepted text for each text field, by label, and its sliders: label by control name."""

    name: str
    typed: dict[str, str]
    sliders: dict[str, str]

    def __str__(self) -> str:
        return self.name


CASES = [
    Case(
        "ComputeCostExplorer",
        typed={"Parameters P": "13.5B", "Tokens D": "2.1e12", "How many": "2,048"},
        sliders={"parameters": "Parameters P", "num_accelerators": "How many", "utilization": "Utilisation (MFU), %"},
    ),
]
