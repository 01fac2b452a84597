"""What the explorer of slides S1 and S2 shows, as numbers and in a sentence: cost, time and accelerator-hours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from course_lib import catalog
from course_lib.catalog import Accelerator, TrainingRun
from course_lib.compute_cost import backward_flop, forward_flop, throughput, training_flop, training_seconds
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


@dataclass(frozen=True)
class ComputeCostView:
    """What the explorer shows: costs in FLOP, time in seconds, accelerator time in hours, and a run to compare with."""

    parameters: float
    tokens: float
    chip: Accelerator
    num_accelerators: float
    utilization: float
    forward: float
    backward: float
    total: float
    pflop_days: float
    seconds: float
    hours: float
    published: TrainingRun | None

    @property
    def run(self) -> str | None:
        """The name of the published run to compare with."""
        return self.published.name if self.published else None

    @property
    def reported_hours(self) -> float | None:
        """The accelerator-hours that the published run reports."""
        return self.published.accelerator_hours if self.published else None

    @property
    def ratio(self) -> float | None:
        """The estimated hours in times of the reported ones."""
        return self.hours / self.reported_hours if self.reported_hours else None

    @property
    def sentence(self) -> str:
        """The answer in plain words."""
        rate = format_rate(self.chip.fp16_bf16_flop_per_second)
        sentence = (
            f"{format_count(self.parameters)} parameters on {format_count(self.tokens)} tokens: "
            f"{format_flop(self.total)} = {format_number(self.pflop_days)} PFLOP-days "
            f"(forward {format_flop(self.forward)}, backward {format_flop(self.backward)}). "
            f"{self.num_accelerators:,.0f} x {self.chip.name} at {format_number(100 * self.utilization)} % of {rate} "
            f"{'takes' if self.num_accelerators == 1 else 'take'} {format_seconds(self.seconds)}, "
            f"{format_number(self.hours)} accelerator-hours."
        )
        if self.published is None:
            return sentence
        if self.reported_hours is None or self.ratio is None:
            return f"{sentence} {self.run} did not report its hours."
        reported = format_number(self.reported_hours)
        return f"{sentence} {self.run} reported {reported} h: the estimate is {self.ratio:.2f} times that."


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
    total, peak = training_flop(parameters, tokens), chip.fp16_bf16_flop_per_second
    return ComputeCostView(
        parameters=parameters,
        tokens=tokens,
        chip=chip,
        num_accelerators=num_accelerators,
        utilization=utilization,
        forward=forward_flop(parameters, tokens),
        backward=backward_flop(parameters, tokens),
        total=total,
        pflop_days=convert_compute(total, "FLOP", "PFLOP-day"),
        seconds=training_seconds(total, throughput(num_accelerators, peak, utilization)),
        hours=gpu_hours(total, throughput(1, peak, utilization)),
        published=catalog.training_runs().get(preset),
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
