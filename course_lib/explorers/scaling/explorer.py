"""The explorer of slide S4: a bound on compute, data or inference cost in; P and D, and what they give up, out."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, ClassVar

import ipywidgets as widgets

from course_lib import catalog
from course_lib.explorers.base import Explorer
from course_lib.explorers.controls import Magnitude, choice
from course_lib.explorers.picture import Picture
from course_lib.explorers.scaling.picture import ScalingPicture, WideScalingPicture
from course_lib.explorers.scaling.view import (
    ALL_SIZES,
    BOUND_OF,
    LOSS_AXES,
    NEAR,
    OWN,
    ZOOMS,
    ScalingView,
    bounds_of,
    chosen_model,
    run_values,
    scaling_view,
)
from course_lib.scaling import TOKENS_PER_PARAMETER

BOUNDS = {
    "flop": ("Compute C, FLOP", 5.76e23, 1e18, 1e26),
    "tokens": ("Data D, tokens", 1e12, 1e9, 1e14),
    "inference_flop_per_token": ("FLOP per token", 16e9, 1e8, 5e12),
}
"""Each bound's label, its first value, and the least and the largest that may be typed."""


class ScalingExplorer(Explorer):
    """P and D chosen in three ways: from a compute budget, from the data at hand, or from the inference cost.

    Changing the way keeps the model and changes what stays fixed; the other two bounds are out of sight.
    Initial values by name: preset, way, flop, tokens, inference_flop_per_token, tokens_per_parameter, loss_axis, zoom.
    """

    view = staticmethod(scaling_view)
    pictures = (ScalingPicture, WideScalingPicture)
    groups: ClassVar[dict[str, tuple[str, ...]]] = {
        "Model": ("preset", "way", *BOUNDS, "tokens_per_parameter"),
        "Picture": ("zoom", "loss_axis"),
    }

    def make_controls(self) -> dict[str, widgets.Widget]:
        """Return the controls; of the three bounds, `arrange` shows the one of the chosen way."""
        bounds = {name: Magnitude(*limits) for name, limits in BOUNDS.items()}
        self.follow("preset", OWN, run_values, (*bounds, "tokens_per_parameter"))
        self.way = "compute budget"
        return {
            "preset": choice("Start from", [OWN, *catalog.training_runs()], OWN),
            "way": choice("Choose P from", BOUND_OF, self.way),
            **bounds,
            "tokens_per_parameter": Magnitude("Tokens/parameter", TOKENS_PER_PARAMETER, 1, 10_000),
            "loss_axis": choice("Loss axis to", LOSS_AXES, NEAR),
            "zoom": choice("Zoom to", ZOOMS, ALL_SIZES),
        }

    def arrange(self) -> widgets.Widget:
        """Return the controls in their groups, of the bounds only the one that P is chosen from."""
        self._show_bound()
        return super().arrange()

    def idle(self, view: ScalingView) -> dict[str, str]:
        """Return what changes nothing for a mixture of experts, of which no loss is drawn."""
        return dict.fromkeys(("zoom", "loss_axis"), "no effect: no loss here") if view.no_loss else {}

    def choose(self, view: ScalingView) -> type[Picture]:
        """Return the picture whose loss axis goes as far as is asked for."""
        return ScalingPicture if view.loss_axis == NEAR else WideScalingPicture

    def react(self, name: str, value: Any) -> None:
        """Show the bound of a new way, with the value that keeps the model as far as its range goes."""
        if name != "way":
            return
        now = BOUND_OF[value]
        model = {name: self.values()[name] for name in (*BOUNDS, "tokens_per_parameter")} | {"way": self.way}
        self.way = value
        with suppress(ValueError):
            known = run_values(self.controls["preset"].value) or bounds_of(chosen_model(**model))
            self.put(**{now: min(max(known[now], BOUNDS[now][2]), BOUNDS[now][3])})
        for bound, (_, first, *_range) in BOUNDS.items():
            control = self.controls[bound]
            control.problem = ""
            if control.problem:  # its value, not only its text, is out of range, and soon out of sight
                control.value = first
        self._show_bound()

    def _show_bound(self) -> None:
        for bound in BOUNDS:
            self.show_box(self.cell(bound), bound == BOUND_OF[self.way])
