"""The explorer of training in any format: what is stored in which format in; the loss and what was lost out."""

from __future__ import annotations

from typing import ClassVar

import ipywidgets as widgets

from course_lib.explorers.base import Explorer
from course_lib.explorers.controls import Magnitude, Whole, choice
from course_lib.explorers.number_formats.training import (
    OWN,
    PRESETS,
    STEP,
    WEIGHT,
    WEIGHTS,
    TrainingFormatView,
    preset_values,
    training_format_view,
)
from course_lib.explorers.number_formats.training_picture import TrainingFormatPicture
from course_lib.tiny_transformer.format_runs import SETTINGS, STORED, TRIED


class TrainingFormatExplorer(Explorer):
    """A small GPT trained with weights, gradients or AdamW's states in a format: its loss beside fp32's.

    Each setting has its run, which was trained before; nothing is trained here.
    Initial values by name: preset, format, stored, step, weight, and, each True or False, master_copy, loss_scaling and
    stochastic.
    """

    view = staticmethod(training_format_view)
    pictures = (TrainingFormatPicture,)
    groups: ClassVar = {
        "Storage": ("preset", "format", "stored"),
        "Helps": ("master_copy", "loss_scaling", "stochastic"),
        "Look": ("step", "weight"),
    }

    def make_controls(self) -> dict[str, widgets.Widget]:
        """Return the controls: the format, what is stored in it, and three ways out."""
        controls = {
            "preset": choice("Start from", [OWN, *PRESETS], "bf16 weights"),
            "format": choice("Format", TRIED, "bf16"),
            "stored": choice("Stored in it", STORED, "weights"),
            "master_copy": choice("Master copy", [("none", False), ("in fp32", True)], False),
            "loss_scaling": choice("Loss scaling", [("none", False), ("× 1,024", True)], False),
            "stochastic": choice("Rounding", [("to the nearest", False), ("stochastic", True)], False),
            "step": Whole("After step", STEP, 1, SETTINGS.steps),
            "weight": Magnitude("A weight of", WEIGHT, *WEIGHTS),
        }
        self.follow("preset", OWN, preset_values, [name for name in controls if name != "preset"])
        return controls

    def idle(self, view: TrainingFormatView) -> dict[str, str]:
        """Return what changes nothing for what is stored in the format."""
        return view.recipe.without_effect
