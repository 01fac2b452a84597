"""The explorer of slide S3: a quantity typed in any unit in; the same in every unit, and in hours, out."""

from __future__ import annotations

from typing import ClassVar

import ipywidgets as widgets

from course_lib import catalog
from course_lib.explorers.base import Explorer
from course_lib.explorers.controls import Percentage, Written, choice
from course_lib.explorers.units.picture import UnitPicture
from course_lib.explorers.units.view import (
    EXAMPLES,
    OTHER,
    OWN,
    UnitView,
    accelerator_values,
    dragged,
    preset_values,
    read_quantity,
    read_rate,
    unit_view,
)


class UnitConverter(Explorer):
    """A quantity typed in any unit, seen in all: FLOP, PFLOP-days, and the hours of every accelerator.

    Initial values by name: quantity, accelerator, peak, utilization, preset.
    """

    view = staticmethod(unit_view)
    pictures = (UnitPicture,)
    groups: ClassVar = {
        "Quantity": ("preset", "quantity"),
        "Hardware": ("accelerator", "peak", "utilization"),
    }

    def make_controls(self) -> dict[str, widgets.Widget]:
        """Return the controls; an accelerator brings its advertised rate, which can be typed over."""
        controls = {
            "preset": choice("Start from", [OWN, *EXAMPLES, *catalog.training_runs()], OWN),
            "quantity": Written("Quantity", "3.14e23 FLOP", read_quantity),
            "accelerator": choice("Accelerator", [*catalog.accelerators(), OTHER], "A100 80GB"),
            "peak": Written("Advertised rate", "312 TFLOP/s", read_rate),
            "utilization": Percentage("Utilisation (MFU)", 0.40),
        }
        self.follow("preset", OWN, preset_values, ["quantity"])
        self.follow("accelerator", OTHER, accelerator_values, ["peak"])
        return controls

    def idle(self, view: UnitView) -> dict[str, str]:
        """Return what a typed rate, or hours of a named GPU, leave without effect."""
        return dict.fromkeys(("accelerator", "peak"), f"no effect: {view.own_rate}") if view.own_rate else {}

    def drag(self, across: float) -> None:
        """Bring the quantity to where on the ruler the pointer is."""
        if isinstance(self.picture, UnitPicture) and self.shown is not None:
            quantity = self.controls["quantity"]
            quantity.value = dragged(quantity.value, self.picture.flop_at(across) / self.shown.flop)
