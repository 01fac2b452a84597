"""The explorer of slide S3: a quantity typed in any unit in; the same in every unit, and in hours, out."""

from __future__ import annotations

import ipywidgets as widgets

from course_lib import catalog
from course_lib.explorers.base import Explorer
from course_lib.explorers.controls import OWN_WIDTH, Percentage, choice
from course_lib.explorers.units.picture import UnitPicture
from course_lib.explorers.units.view import EXAMPLES, OTHER, OWN, accelerator_values, preset_values, unit_view


def _field(label: str, value: str) -> widgets.Text:
    return widgets.Text(description=label, value=value, continuous_update=False, **OWN_WIDTH)


class UnitConverter(Explorer):
    """A quantity typed in any unit, seen in all: FLOP, PFLOP-days, and the hours of every accelerator.

    Initial values by name: quantity, accelerator, peak, utilization, preset.
    """

    view = staticmethod(unit_view)
    pictures = (UnitPicture,)

    def make_controls(self) -> dict[str, widgets.Widget]:
        """Return the controls; an accelerator brings its advertised rate, which can be typed over."""
        controls = {
            "preset": choice("Start from", [OWN, *EXAMPLES, *catalog.training_runs()], OWN),
            "quantity": _field("Quantity", "3.14e23 FLOP"),
            "accelerator": choice("Accelerator", [*catalog.accelerators(), OTHER], "A100 80GB"),
            "peak": _field("Advertised rate", "312 TFLOP/s"),
            "utilization": Percentage("Utilisation (MFU)", 0.40),
        }
        self.follow("preset", OWN, preset_values, ["quantity"])
        self.follow("accelerator", OTHER, accelerator_values, ["peak"])
        return controls
