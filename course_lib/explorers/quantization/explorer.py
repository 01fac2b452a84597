"""The explorer of slides S9 and S10: one tensor quantised by absmax and by zero-point, side by side."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_lib.explorers.base import Explorer
from course_lib.explorers.controls import Magnitude, Whole, choice, narrow
from course_lib.explorers.picture import figure_svg
from course_lib.explorers.quantization.pictures import PICTURES, Draw, table
from course_lib.explorers.quantization.view import BITS, SHOWN, SLICES, QuantizationView, quantization_view
from course_lib.quantization import KINDS, PLACES

OUTLIERS = (1, 100)


class QuantizationExplorer(Explorer):
    """Absmax and zero-point quantisation of the same tensor: the map, what comes back, and what is lost.

    `show` chooses the picture: the mapping of slide S10, the histogram before and after, the staircase with its error
    around the chosen value, or the error by bits and by what shares a scale. The table below follows one value, whose
    `rank` is 0 for the smallest and 100 for the largest.
    Initial values by name: data, bits, outlier, place, scale_per, show, rank.
    """

    view = staticmethod(quantization_view)
    figure_size = (8.4, 3.4)
    sentence_lines = 4

    def make_controls(self) -> dict[str, widgets.Widget]:
        """Return the controls: the data, the bits and the outlier in one row, scales, picture and value in the next."""
        controls = {
            "data": choice("Data", KINDS, "normal"),
            "bits": Whole("Bits", 8, *BITS),
            "outlier": Magnitude("Outlier ×", 1, *OUTLIERS),
            "place": choice("Outlier in", PLACES, "one value"),
            "scale_per": choice("Scale per", SLICES, "tensor"),
            "show": choice("Show", SHOWN, "mapping"),
            "rank": Whole("Your value, rank in %", 60, 0, 100),
        }
        for control in controls.values():
            narrow(control)
        narrow(controls["bits"], label_width=44)
        narrow(controls["rank"], 430, 160)
        return controls

    def build(self, figure: Figure) -> None:
        """Draw the table of the chosen value, and each picture once; one of them is seen at a time."""
        self._draw_table = table(self, figure.add_axes((0.01, 0.0, 0.98, 0.215)))
        self._backdrops: dict[str, str] = {}
        self._parts: dict[str, tuple[list[Axes], list[Any], Draw]] = {}
        always = list(self._moving)
        for name, make in PICTURES.items():
            first_axes, first_moving = len(figure.axes), len(self._moving)
            draw = make(self, figure)
            self._parts[name] = figure.axes[first_axes:], [*always, *self._moving[first_moving:]], draw
        self._select("mapping")

    def _select(self, shown: str) -> None:
        self._shown = shown
        for name, (axes, moving, _) in self._parts.items():
            for one in axes:
                one.set_visible(name == shown)
            if name == shown:
                self._moving = moving

    def draw(self, view: QuantizationView) -> None:
        """Fill the chosen picture and the table; the first time that a picture is chosen, draw what stays in it."""
        if view.show != self._shown:
            self._backdrops[self._shown] = self._backdrop
            self._select(view.show)
            self._backdrop = self._backdrops.get(view.show) or figure_svg(self.figure)
        self._draw_table(view)
        self._parts[view.show][2](view)
