"""What the browser tests and the latency bench need to know of each explorer: one entry a class."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One explorer: an accepted text for each text field (by label), and controls to hold and to time (their labels).

    The first of `timed` is a slider; its key is held down in a test.
    """

    name: str
    typed: dict[str, str]
    timed: dict[str, str]

    def __str__(self) -> str:
        return self.name


CASES = [
    Case(
        "ComputeCostExplorer",
        typed={"Parameters P": "13.5B", "Tokens D": "2.1e12", "How many": "2,048"},
        timed={"parameters": "Parameters P", "utilization": "Utilisation (MFU), %", "preset": "Start from"},
    ),
    Case(
        "UnitConverter",
        typed={"Quantity": "3,640 PFLOP-days", "Advertised rate": "624 TFLOP/s"},
        timed={"utilization": "Utilisation (MFU), %", "accelerator": "Accelerator", "preset": "Start from"},
    ),
    Case(
        "ScalingExplorer",
        typed={"Compute C, FLOP": "1e23", "Data D, tokens": "1.4 T", "Tokens/parameter": "150"},
        timed={"tokens_per_parameter": "Tokens/parameter", "way": "Choose P from", "preset": "Start from"},
    ),
    Case(
        "MemoryExplorer",
        typed={"Parameters": "13B", "Batch each": "4", "Sequence": "4,096", "How many": "64"},
        timed={"parameters": "Parameters", "batch": "Batch each", "recompute": "Recompute"},
    ),
    Case(
        "QuantizationExplorer",
        typed={"Outlier ×": "20"},
        timed={"outlier": "Outlier ×", "bits": "Bits", "rank": "Your value, rank in %", "show": "Show"},
    ),
]
