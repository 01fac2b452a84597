"""The explorer of slides S9 and S10: one tensor quantised by absmax and by zero-point, side by side."""

from __future__ import annotations

from typing import ClassVar

import ipywidgets as widgets

from course_lib.explorers.base import Explorer
from course_lib.explorers.controls import Magnitude, Whole, choice
from course_lib.explorers.picture import Picture
from course_lib.explorers.quantization.error import ErrorPicture
from course_lib.explorers.quantization.histogram import HistogramPicture
from course_lib.explorers.quantization.mapping import MappingPicture
from course_lib.explorers.quantization.staircase import StaircasePicture
from course_lib.explorers.quantization.view import BITS, DATA, SHOWN, SLICES, QuantizationView, quantization_view
from course_lib.quantization import PLACES

OUTLIERS = (1, 100)


class QuantizationExplorer(Explorer):
    """Absmax and zero-point quantisation of the same tensor: the map, what comes back, and what is lost.

    `show` chooses the picture: the mapping of slide S10, the histogram before and after, the staircase with its error
    around the chosen value, or the error by bits and by what shares a scale. The table below follows one value, whose
    `rank` is 0 for the smallest and 100 for the largest.
    Initial values by name: data, bits, outlier, place, scale_per, show, rank.
    """

    view = staticmethod(quantization_view)
    groups: ClassVar = {"Tensor": ("data", "outlier", "place", "rank"), "Codes": ("bits", "scale_per", "show")}
    pictures = (MappingPicture, HistogramPicture, StaircasePicture, ErrorPicture)

    def make_controls(self) -> dict[str, widgets.Widget]:
        """Return the controls: those of the tensor, and of what is made of it."""
        return {
            "data": choice("Data", DATA, "normal"),
            "bits": Whole("Bits", 8, *BITS),
            "outlier": Magnitude("Outlier ×", 1, *OUTLIERS),
            "place": choice("Outlier in", PLACES, "one value"),
            "scale_per": choice("Scale per", SLICES, "tensor"),
            "show": choice("Show", SHOWN, "mapping"),
            "rank": Whole("Your value, rank in %", 60, 0, 100),
        }

    def idle(self, view: QuantizationView) -> dict[str, str]:
        """Return the outlier's place where it is an outlier no longer."""
        return {"place": "no effect: outlier × 1"} if view.outlier == 1 else {}

    def choose(self, view: QuantizationView) -> type[Picture]:
        """Return the picture that the control `show` names."""
        return dict(zip(SHOWN, self.pictures, strict=True))[view.show]
