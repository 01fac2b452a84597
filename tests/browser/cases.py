"""What the browser tests and the latency bench need to know of each explorer: one entry a class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from course_lib.number_formats import FORMATS, bits, encode


@dataclass(frozen=True)
class Case:
    """One explorer: an accepted text for each text field (by label), and controls to hold and to time (their labels).

    A text may depend on the explorer's values. The first of `timed` is a slider; its key is held down in a test.
    """

    name: str
    typed: dict[str, str | Callable[[dict[str, Any]], str]]
    timed: dict[str, str]

    def __str__(self) -> str:
        return self.name

    def text(self, label: str, values: dict[str, Any]) -> str:
        """Return what to type into the field of this label while the explorer has these values."""
        text = self.typed[label]
        return text if isinstance(text, str) else text(values)


def bits_of_three_quarters(values: dict[str, Any]) -> str:
    """Return 0.75 in binary, in the format that the decoder stands at."""
    fmt = FORMATS[values["format"]]
    return bits(encode(0.75, fmt), fmt)


CASES = [
    Case(
        "ComputeCostExplorer",
        typed={"Parameters P": "13.5B", "Tokens D": "2.1e12", "How many": "2,048", "Utilisation (MFU)": "45 %"},
        timed={"parameters": "Parameters P", "utilization": "Utilisation (MFU)", "preset": "Start from"},
    ),
    Case(
        "UnitConverter",
        typed={"Quantity": "3,640 PFLOP-days", "Advertised rate": "624 TFLOP/s", "Utilisation (MFU)": "45 %"},
        timed={"utilization": "Utilisation (MFU)", "accelerator": "Accelerator", "preset": "Start from"},
    ),
    Case(
        "ScalingExplorer",
        typed={"Compute C, FLOP": "1e23", "Data D, tokens": "1.4 T", "Tokens/parameter": "150"},
        timed={"tokens_per_parameter": "Tokens/parameter", "way": "Choose P from", "preset": "Start from"},
    ),
    Case(
        "IsoFlopExplorer",
        typed={"Grid reaches ×": "3", "Centre ×, smallest C": "2", "Centre ×, largest C": "0.5", "Sizes": "7"},
        timed={"centre": "Centre ×, smallest C", "width": "Grid reaches ×", "data": "Models of"},
    ),
    Case(
        "MemoryExplorer",
        typed={"Parameters": "13B", "Batch each": "4", "Sequence": "4,096", "How many": "64"},
        timed={"parameters": "Parameters", "batch": "Batch each", "recompute": "Recompute"},
    ),
    Case(
        "FloatDecoder",
        typed={"Decimal": "0.3", "Hexadecimal": "0x1234", "Binary": bits_of_three_quarters},
        timed={"pattern": "Exponent e", "format": "Format", "preset": "Start from"},
    ),
    Case(
        "TrainingFormatExplorer",
        typed={"After step": "200", "A weight of": "0.5"},
        timed={"step": "After step", "weight": "A weight of", "format": "Format", "preset": "Start from"},
    ),
    Case(
        "QuantizationExplorer",
        typed={"Bits": "5", "Outlier ×": "20", "Your value, rank in %": "75"},
        timed={"outlier": "Outlier ×", "bits": "Bits", "rank": "Your value, rank in %", "show": "Show"},
    ),
    Case(
        "TrainingRunPlanner",
        typed={
            "How many": "2,048",
            "Days": "21",
            "MFU": "35",
            "Data D": "1.5T",
            "Tokens/P": "25",
            "FLOP/token": "38.4e9",
            "Price, $/hour": "1.5",
        },
        timed={"days": "Days", "utilization": "MFU", "accelerator": "Accelerator"},
    ),
    Case(
        "BlockExplorer",
        typed={"Row": "13", "Column": "21", "Seed": "7", "Exponent bits": "4", "Significand bits": "1"},
        timed={"row": "Row", "column": "Column", "format": "Format", "data": "Data"},
    ),
]
