"""The explorer of slides S5 and S11 to S14: a model and its training in; five parts against a memory out."""

from __future__ import annotations

from typing import Any, ClassVar

import ipywidgets as widgets

from course_lib import catalog
from course_lib.explorers.base import Explorer
from course_lib.explorers.controls import Magnitude, choice
from course_lib.explorers.memory.picture import MemoryPicture
from course_lib.explorers.memory.view import (
    ACCELERATOR_RANGE,
    BATCH_RANGE,
    GRADIENTS,
    OWN,
    PARAMETER_RANGE,
    SAME,
    SEQUENCE_RANGE,
    MemoryView,
    memory_view,
    preset_values,
)
from course_lib.memory import OPTIMIZER_BYTES, PRECISION_BYTES, RECOMPUTE

STAGES = ("0: nothing", "1: optimizer", "2: + gradients", "3: + parameters")


class MemoryExplorer(Explorer):
    """What training holds in memory: five parts in a stacked bar, against the memory of an accelerator.

    The upper bar is the set-up chosen; the lower one the same after the cheapest change that makes it fit or, where it
    fits, with the largest batch. The button makes the lower bar's change. Initial values by name: model, parameters,
    batch, sequence, precision, gradients, optimizer, recompute, accelerator, num_accelerators, stage.
    """

    view = staticmethod(memory_view)
    pictures = (MemoryPicture,)
    groups: ClassVar = {
        "Model": ("model", "parameters", "batch", "sequence"),
        "Recipe": ("precision", "optimizer", "recompute"),
        "Hardware": ("accelerator", "num_accelerators", "stage", "apply"),
        "More": ("gradients",),
    }
    folded = ("More",)

    def make_controls(self) -> dict[str, widgets.Widget]:
        """Return the controls: the model and its batch, the recipe, the hardware."""
        controls = {
            "model": choice("Model", [OWN, *catalog.models()], OWN),
            "parameters": Magnitude("Parameters", 7e9, *PARAMETER_RANGE),
            "batch": Magnitude("Batch each", 1, *BATCH_RANGE, whole=True),
            "sequence": Magnitude("Sequence", 2048, *SEQUENCE_RANGE, whole=True),
            "precision": choice("Precision", PRECISION_BYTES, "fp32+bf16"),
            "gradients": choice("Gradients", GRADIENTS, SAME),
            "optimizer": choice(
                "Optimizer",
                [(n.replace("adamw-8bit-blockwise", "8-bit + scales"), n) for n in OPTIMIZER_BYTES],
                "adamw",
            ),
            "recompute": choice("Recompute", RECOMPUTE, "none"),
            "accelerator": choice("Accelerator", catalog.accelerators(), "A100 80GB"),
            "num_accelerators": Magnitude("How many", 1, *ACCELERATOR_RANGE, whole=True),
            "stage": choice("Sharding", [(name, stage) for stage, name in enumerate(STAGES)], 0),
        }
        self.follow("model", OWN, preset_values, ["parameters"])
        return controls

    def make_buttons(self) -> dict[str, widgets.Widget]:
        """Return the button that makes the lower bar's change."""
        self.button = widgets.Button(description="Apply the lower bar")
        self.button.on_click(self._apply)
        return {"apply": self.button}

    def idle(self, view: MemoryView) -> dict[str, str]:
        """Sharding shares among accelerators: one alone has nothing to share with."""
        return {"stage": "no effect on one"} if view.setup.num_gpus == 1 else {}

    def _apply(self, _button: Any) -> None:
        view: MemoryView | None = self.shown
        if view and (after := view.after):
            self.set(
                batch=float(after.batch),
                recompute=after.recompute,
                optimizer=after.optimizer,
                accelerator=after.accelerator,
                num_accelerators=float(after.num_gpus),
                stage=after.stage,
            )
