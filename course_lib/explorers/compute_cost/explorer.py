"""The explorer of slides S1 and S2: parameters, tokens and accelerators in; cost, time and GPU-hours out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets
import numpy as np
from matplotlib.figure import Figure

from course_lib import catalog
from course_lib.compute_cost import backward_flop, forward_flop, throughput, training_flop, training_seconds
from course_lib.explorers.base import Explorer
from course_lib.explorers.controls import Magnitude, Percentage, choice
from course_lib.explorers.picture import BLUE, FAINT, INK, LABEL_BOX, MUTED, ORANGE, RED, SKY
from course_lib.units import (
    convert_compute,
    format_count,
    format_flop,
    format_number,
    format_rate,
    format_seconds,
    gpu_hours,
)

OWN = "your own numbers"
PARAMETER_RANGE, TOKEN_RANGE, ACCELERATOR_RANGE = (1e6, 1e13), (1e8, 1e14), (1, 200_000)


@dataclass(frozen=True)
class ComputeCostView:
    """What the explorer shows: costs in FLOP, time in seconds, accelerator time in hours, and the sentence."""

    parameters: float
    tokens: float
    forward: float
    backward: float
    total: float
    pflop_days: float
    seconds: float
    hours: float
    run: str | None
    reported_hours: float | None
    ratio: float | None
    sentence: str


def compute_cost_view(
    parameters: float,
    tokens: float,
    accelerator: str,
    num_accelerators: float,
    utilization: float,
    preset: str = OWN,
) -> ComputeCostView:
    """Return what the explorer shows for its controls' values; `preset` may name a published run to compare with.

    Errors: `ValueError` or `TypeError` as `compute_cost`, `units` and `catalog` raise them.
    """
    chip = catalog.accelerator(accelerator)
    forward, backward = forward_flop(parameters, tokens), backward_flop(parameters, tokens)
    total = training_flop(parameters, tokens)
    seconds = training_seconds(total, throughput(num_accelerators, chip.fp16_bf16_flop_per_second, utilization))
    hours = gpu_hours(total, throughput(1, chip.fp16_bf16_flop_per_second, utilization))
    run = catalog.training_runs().get(preset)
    reported = run.accelerator_hours if run else None
    ratio = hours / reported if reported else None
    rate = format_rate(chip.fp16_bf16_flop_per_second)
    take = "takes" if num_accelerators == 1 else "take"
    sentence = (
        f"{format_count(parameters)} parameters on {format_count(tokens)} tokens: {format_flop(total)} = "
        f"{format_number(convert_compute(total, 'FLOP', 'PFLOP-day'))} PFLOP-days "
        f"(forward {format_flop(forward)}, backward {format_flop(backward)}). "
        f"{num_accelerators:,.0f} x {chip.name} at {format_number(100 * utilization)} % of {rate} "
        f"{take} {format_seconds(seconds)}, {format_number(hours)} accelerator-hours."
    )
    if run and reported and ratio:
        sentence += f" {run.name} reported {format_number(reported)} h: the estimate is {ratio:.2f} times that."
    elif run:
        sentence += f" {run.name} did not report its hours."
    return ComputeCostView(
        parameters=parameters,
        tokens=tokens,
        forward=forward,
        backward=backward,
        total=total,
        pflop_days=convert_compute(total, "FLOP", "PFLOP-day"),
        seconds=seconds,
        hours=hours,
        run=run.name if run else None,
        reported_hours=reported,
        ratio=ratio,
        sentence=sentence,
    )


def preset_values(preset: str) -> dict[str, Any]:
    """Return the control values that a model or a published run of the catalog stands for, as far as it states them.

    A run gives parameters, tokens, accelerator and their number; a model gives its parameters alone.
    """
    if run := catalog.training_runs().get(preset):
        known: dict[str, Any] = {"parameters": float(run.parameters), "tokens": float(run.tokens)}
        if run.accelerator in catalog.accelerators():
            known["accelerator"] = run.accelerator
        if run.num_accelerators:
            known["num_accelerators"] = float(run.num_accelerators)
        return known
    if model := catalog.models().get(preset):
        return {"parameters": float(model.parameters)}
    return {}


class ComputeCostExplorer(Explorer):
    """C = 6PD to play with: parameters, tokens, accelerators and utilisation; published runs to compare with.

    Left: every published run of the catalog by parameters and tokens, lines of equal cost, and your run. Right: the
    forward and the backward pass, and your accelerator-hours beside the reported ones.
    Initial values by name: parameters, tokens, accelerator, num_accelerators, utilization, preset.
    """

    view = staticmethod(compute_cost_view)
    figure_size = (8.4, 3.2)

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
        self.follow(controls, "preset", OWN, preset_values, ("parameters", "tokens", "accelerator"))
        return controls

    def build(self, figure: Figure) -> None:
        """Draw what never changes (the published runs, the lines of equal cost) and the artists that do."""
        self._build_plane(figure.add_axes((0.075, 0.155, 0.50, 0.76)))
        self._build_bars(figure)

    def _build_plane(self, axes: Any) -> None:
        axes.set(xscale="log", yscale="log", xlim=(3e7, 2e12), ylim=(5e10, 6e13))
        axes.set(xlabel="parameters P", ylabel="tokens D", title="Published training runs, and yours")
        ends = np.array([1e6, 1e13])
        for exponent in range(20, 27, 2):
            axes.plot(ends, 10.0**exponent / (6 * ends), color=FAINT, linewidth=1, zorder=0)
            x = 1.2 * max(3e7, 10.0**exponent / 6 / 6e13)
            axes.text(x, 10.0**exponent / (6 * x), f"1e{exponent} FLOP", color=MUTED, fontsize=7.5, va="bottom")
        runs = catalog.training_runs().values()
        axes.plot([r.parameters for r in runs], [r.tokens for r in runs], "o", color=SKY, ms=5, markeredgecolor=BLUE)
        (ring,) = axes.plot([], [], "o", color="none", markersize=11, markeredgecolor=INK, markeredgewidth=1.5)
        (own,) = axes.plot([], [], "D", color=RED, markersize=7, markeredgecolor="white")
        self._ring, self._own = self.moving(ring), self.moving(own)
        self._own_label = self.moving(
            axes.text(1, 1, "yours", color=RED, fontweight="bold", va="center", bbox=LABEL_BOX)
        )

    def _build_bars(self, figure: Figure) -> None:
        cost = figure.add_axes((0.63, 0.66, 0.355, 0.16))
        cost.set(xlim=(0, 3), ylim=(0, 1))
        cost.axis("off")
        cost.barh([0.5], [1], 1, color=SKY)
        cost.barh([0.5], [2], 1, left=[1], color=ORANGE)
        self._forward = self.moving(cost.text(0.5, 0.5, "", ha="center", va="center", fontsize=8))
        self._backward = self.moving(cost.text(2, 0.5, "", ha="center", va="center", fontsize=8))
        self._cost_title = self.moving(cost.set_title(""))
        hours = figure.add_axes((0.63, 0.155, 0.355, 0.33))
        hours.set(xscale="log", xlim=(1, 1e9), ylim=(-0.6, 1.6), yticks=[], xlabel="accelerator-hours")
        hours.spines["left"].set_visible(False)
        self._bars = [self.moving(bar) for bar in hours.barh([1, 0], [1, 1], 0.62, color=[RED, SKY])]
        self._bar_labels = [self.moving(hours.text(1.4, y, "", va="center", fontsize=8.5)) for y in (1, 0)]
        self._time_title = self.moving(hours.set_title(""))

    def draw(self, view: ComputeCostView) -> None:
        """Move the run's marker, fill in the costs and set the two bars of hours."""
        x, y = np.clip(view.parameters, 3.4e7, 1.8e12), np.clip(view.tokens, 5.8e10, 5.2e13)
        self._own.set_data([x], [y])
        side, shift = ("right", 1 / 1.35) if x > 2e11 else ("left", 1.35)
        text = "yours" if (x, y) == (view.parameters, view.tokens) else "yours: off this map"
        self._own_label.set(position=(x * shift, y), horizontalalignment=side, text=text)
        run = catalog.training_runs().get(view.run or "")
        self._ring.set_data(([run.parameters], [run.tokens]) if run else ([], []))
        self._forward.set_text(f"forward 2PD\n{format_flop(view.forward)}")
        self._backward.set_text(f"backward 4PD\n{format_flop(view.backward)}")
        self._cost_title.set_text(f"C = 6PD = {format_flop(view.total)}")
        self._time_title.set_text(f"Time: {format_seconds(view.seconds)}")
        pairs = [("estimate", view.hours), ("reported", view.reported_hours)]
        for bar, label, (name, hours) in zip(self._bars, self._bar_labels, pairs, strict=True):
            bar.set_width(max(hours or 0, 0))
            label.set_text(f"{name}: {format_number(hours)} h" if hours else f"{name}: none")
