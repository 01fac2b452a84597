"""The explorer of slides S1 and S2: parameters, tokens and accelerators in; cost, time and GPU-hours out."""

from __future__ import annotations

from typing import ClassVar

import ipywidgets as widgets

from course_lib import catalog
from course_lib.explorers.base import Explorer
from course_lib.explorers.compute_cost.picture import ComputeCostPicture
from course_lib.explorers.compute_cost.view import OWN, compute_cost_view, preset_values
from course_lib.explorers.controls import Magnitude, Percentage, choice

PARAMETER_RANGE, TOKEN_RANGE, ACCELERATOR_RANGE = (1e6, 1e13), (1e8, 1e14), (1, 200_000)


class ComputeCostExplorer(Explorer):
    """C = 6PD to play with: parameters, tokens, accelerators and utilisation; published runs to compare with.

    Initial values by name: parameters, tokens, accelerator, num_accelerators, utilization, preset.
    """

    view = staticmethod(compute_cost_view)
    pictures = (ComputeCostPicture,)
    groups: ClassVar = {
        "Model": ("preset", "parameters", "tokens"),
        "Hardware": ("accelerator", "num_accelerators", "utilization"),
    }

    def make_controls(self) -> dict[str, widgets.Widget]:
        """Return the controls; a preset moves the others, and moving one of its own numbers leaves the preset."""
        models = [name for name in catalog.models() if name not in catalog.training_runs()]
        controls = {
            "preset": choice("Start from", [OWN, *catalog.training_runs(), *models], OWN),
            "parameters": Magnitude("Parameters P", 7e9, *PARAMETER_RANGE),
            "tokens": Magnitude("Tokens D", 1e12, *TOKEN_RANGE),
            "accelerator": choice("Accelerator", catalog.accelerators(), "A100 80GB"),
            "num_accelerators": Magnitude("How many", 128, *ACCELERATOR_RANGE, whole=True),
            "utilization": Percentage("Utilisation (MFU)", 0.40),
        }
        self.follow("preset", OWN, preset_values, ("parameters", "tokens", "accelerator"))
        return controls
