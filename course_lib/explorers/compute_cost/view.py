"""What the explorer of slides S1 and S2 shows, as numbers and in a sentence: cost, time and accelerator-hours."""

from __future__ import annotations

import math
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
MOST_DIGITS = 8
"""No number needs as many digits as that."""


@dataclass(frozen=True)
class ComputeCostView:
    """What the explorer shows: costs in FLOP, the rate of all accelerators in FLOP/s, and the time that they take.

    The time is in seconds, and as accelerator time in hours; there may be a published run to compare with.
    """

    parameters: float
    tokens: float
    chip: Accelerator
    num_accelerators: float
    utilization: float
    forward: float
    backward: float
    total: float
    pflop_days: float
    throughput: float
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
    def estimate_in_words(self) -> str:
        """The estimated hours with three digits, or as many as tell them from the reported ones."""
        return apart(self.hours, self.reported_hours)

    @property
    def reported_in_words(self) -> str:
        """The reported hours with all the digits that are published, or that there are none."""
        if self.reported_hours:
            return f"{self.reported_hours:,.0f}"
        return "not reported" if self.published else "none"

    @property
    def ratio_in_words(self) -> str:
        """The ratio with two decimals, or with as many as tell it from 1; nothing without a run to compare with."""
        if self.ratio is None:
            return ""
        off = abs(self.ratio - 1)
        decimals = math.ceil(-math.log10(off)) if 1e-5 < off < 0.01 else 2
        return f"{self.ratio:.{decimals}f}"

    @property
    def sentence(self) -> str:
        """The answer in one sentence: the cost and the time, and how far off the reported hours that is."""
        number, share = f"{self.num_accelerators:,.0f}", f"{format_number(100 * self.utilization)} %"
        effort = f"{format_flop(self.total)}: {format_seconds(self.seconds)} on {number} {self.chip.name} at {share}"
        if self.published is None:
            return f"{format_count(self.parameters)} parameters on {format_count(self.tokens)} tokens cost {effort}."
        compared = "hours not reported" if self.ratio is None else f"{self.ratio_in_words} times the reported hours"
        return f"{self.run} costs {effort}, {compared}."

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What else there is to say: the run, the parts of its cost, the rates, and its hours and the reported ones."""
        return (
            ("Parameters, tokens", f"{format_count(self.parameters)}, {format_count(self.tokens)}"),
            ("Forward 2PD", format_flop(self.forward)),
            ("Backward 4PD", format_flop(self.backward)),
            ("Cost in PFLOP-days", format_number(self.pflop_days)),
            ("Advertised rate", f"{format_rate(self.chip.fp16_bf16_flop_per_second)} each"),
            ("Throughput τ", format_rate(self.throughput)),
            ("Accelerator-hours", self.estimate_in_words),
            ("Reported hours", self.reported_in_words),
            ("Estimate / reported", f"{self.ratio_in_words} times" if self.ratio_in_words else "none"),
        )


def apart(estimate: float, reported: float | None) -> str:
    """Return an estimate with three digits, or with as many as it takes to tell it from what was reported.

    >>> apart(1_015_300, 1_022_362), apart(1_220_000, 1_022_362)
    ('1,015,000', '1,220,000')
    """
    if reported is None:
        return format_number(estimate)
    for digits in range(3, MOST_DIGITS):
        text = format_number(estimate, digits)
        if text != format_number(reported, digits):
            break
    return text


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
    together = throughput(num_accelerators, peak, utilization)
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
        throughput=together,
        seconds=training_seconds(total, together),
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
