"""What the explorer of slide S3 shows, as numbers and in a sentence: one quantity in every unit, at two rates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, cast

from course_lib import catalog
from course_lib._arguments import shown
from course_lib.catalog import TrainingRun
from course_lib.compute_cost import model_flop_utilization, throughput, training_flop
from course_lib.units import (
    LAPTOP_FLOP_PER_SECOND,
    PFLOP_DAY,
    SECONDS_PER_HOUR,
    Compute,
    GpuHours,
    Rate,
    convert_compute,
    flop_from_gpu_hours,
    format_flop,
    format_number,
    format_rate,
    format_seconds,
    gpu_hours,
    parse_quantity,
)

OWN, OTHER = "your own quantity", "another accelerator"
UNITS = ("FLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP", "ZFLOP", "PFLOP-day", "EFLOP-day")
EXAMPLES = {
    "1 laptop-second": f"{LAPTOP_FLOP_PER_SECOND:g} FLOP",
    "1 A100-hour": "1 A100-hour",
    "1 PFLOP-day": "1 PFLOP-day",
    "312 TFLOP/s, a rate": "312 TFLOP/s",
}
AMOUNTS, RATES = (1.0, 1e30), (1e6, 1e24)


def run_flop(name: str) -> float:
    """Return the cost 6PD of one of the catalog's training runs, in FLOP."""
    run = catalog.training_run(name)
    return float(training_flop(run.parameters, run.tokens))


@cache
def landmarks() -> Mapping[str, float]:
    """Return the ruler's landmarks, smallest first, in FLOP; the A100-hour is at its advertised rate."""
    hour = flop_from_gpu_hours(1, catalog.accelerator("A100 80GB").fp16_bf16_flop_per_second)
    runs = ("Pythia 160M", "LLaMA 7B", "GPT-3 175B", "Chinchilla 70B", "PaLM 540B", "Llama 3.1 405B")
    fixed = {"laptop-second": LAPTOP_FLOP_PER_SECOND, "A100-hour (peak)": hour, "PFLOP-day": PFLOP_DAY}
    return MappingProxyType(fixed | {name: run_flop(name) for name in runs})


@cache
def kinds() -> Mapping[str, float]:
    """Return the catalog's accelerators with their advertised 16-bit rate in FLOP/s, slowest first, equals together."""
    names: dict[float, list[str]] = {}
    for chip in sorted(catalog.accelerators().values(), key=lambda chip: chip.fp16_bf16_flop_per_second):
        names.setdefault(chip.fp16_bf16_flop_per_second, []).append(chip.name)
    return MappingProxyType({", ".join(group): rate for rate, group in names.items()})


def accelerator_called(text: str) -> tuple[str, float]:
    """Return the name and the advertised rate in FLOP/s of the accelerator whose name is, or begins with, `text`.

    'A100' will do, as both kinds of A100 have one rate.
    Errors: `ValueError` for a name that is unknown, or that accelerators of different rates begin with.
    """
    wanted = text.lower().replace("-", " ")
    begun = [chip for name, chip in catalog.accelerators().items() if f"{name} ".lower().startswith(f"{wanted} ")]
    chip, *others = begun or [catalog.accelerator(text)]
    if any(other.fp16_bf16_flop_per_second != chip.fp16_bf16_flop_per_second for other in others):
        names = ", ".join(each.name for each in begun)
        raise ValueError(f"{shown(text)} stands for accelerators of different rates: {names}. Name one of them")
    return chip.name[: len(text)] if others else chip.name, chip.fp16_bf16_flop_per_second


@dataclass(frozen=True)
class UnitView:
    """What the converter shows: one cost in FLOP, in every unit, and in hours, and rates in FLOP/s.

    `quantity` is what was typed, by type. `advertised` and `achieved` are the rates of one accelerator; `hours` its
    hours for the cost, `hours_by_kind` those of the catalog's accelerators. `published` is the run that the cost is of.
    """

    quantity: Compute | Rate | GpuHours
    flop: float
    in_units: dict[str, float]
    accelerator: str
    advertised: float
    achieved: float
    utilization: float
    hours: float
    hours_by_kind: dict[str, float]
    published: TrainingRun | None

    @property
    def span(self) -> tuple[float, float] | None:
        """What a typed rate does in one second and in one year, in FLOP."""
        return (self.achieved, self.flop * 365.25) if isinstance(self.quantity, Rate) else None

    @property
    def own_rate(self) -> str:
        """What makes the quantity bring a rate of its own, in two words; nothing where it has none."""
        if isinstance(self.quantity, Rate):
            return "a rate"
        return "GPU named" if isinstance(self.quantity, GpuHours) and self.quantity.gpu else ""

    @property
    def sentence(self) -> str:
        """The answer in one sentence."""
        share, pflop_days = (
            f"{format_number(100 * self.utilization)} %",
            _so_many(self.in_units["PFLOP-day"], "PFLOP-day"),
        )
        advertised = format_rate(self.advertised, digits=5)
        if isinstance(self.quantity, Rate):
            return f"{advertised} is a rate, not a cost: one day of it at {share} is {pflop_days}."
        hours, cost = _so_many(self.hours, f"{self.accelerator}-hour"), f"{format_flop(self.flop)} = {pflop_days}"
        if isinstance(self.quantity, GpuHours):
            return f"{hours} at {share} of {advertised}: {cost}."
        return f"{cost}: {hours} at {share} of {advertised}."

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What else there is to say: the cost, where on the ruler it lies, the rates, the times and the hours."""
        share = format_number(100 * self.utilization)
        rate = isinstance(self.quantity, Rate)
        second, hour = (format_flop(self.achieved * seconds) for seconds in (1, SECONDS_PER_HOUR))
        return (
            ("One day of it" if rate else "Cost", format_flop(self.flop)),
            ("In PFLOP-days", format_number(self.in_units["PFLOP-day"])),
            ("Ruler", _place(self.flop)),
            ("Advertised rate", format_rate(self.advertised, digits=5)),
            ("Achieved rate", f"{format_rate(self.achieved, digits=4)}, {share} %"),
            ("In a second", second) if rate else ("Time on one", format_seconds(self.hours * SECONDS_PER_HOUR)),
            ("In an hour", hour) if rate else ("GPU-hours", format_number(self.hours)),
            *_reported(self.published),
        )


def read_quantity(text: str) -> Compute | Rate | GpuHours:
    """Return what was typed as the quantity.

    Errors: `ValueError` as `parse_quantity` and `accelerator_called` raise it, and for what lies outside `AMOUNTS` or
    `RATES`.
    """
    quantity = parse_quantity(text, "Quantity")
    if isinstance(quantity, Compute):
        _within_amounts(quantity.flop, text)
    elif isinstance(quantity, Rate):
        _within_rates(quantity.flop_per_second)
    elif quantity.gpu:
        accelerator_called(quantity.gpu)
    return quantity


def read_rate(text: str) -> float:
    """Return what was typed as the advertised rate, in FLOP/s; errors as for `read_quantity`."""
    rate = cast(Rate, parse_quantity(text, "Advertised rate", kinds=(Rate,)))
    _within_rates(rate.flop_per_second)
    return rate.flop_per_second


def _within_rates(rate: float) -> None:
    if not RATES[0] <= rate <= RATES[1]:
        slowest, fastest = map(format_rate, RATES)
        raise ValueError(f"The rate must lie between {slowest} and {fastest}; got {rate:.3g} FLOP/s")


def _within_amounts(flop: float, text: str) -> None:
    if not AMOUNTS[0] <= flop <= AMOUNTS[1]:
        least, most = map(format_flop, AMOUNTS)
        raise ValueError(f"The cost must lie between {least} and {most}; {shown(text)} is {flop:.3g} FLOP")


def unit_view(quantity: str, accelerator: str, peak: str, utilization: float, preset: str = OWN) -> UnitView:
    """Return what the converter shows for its controls' values; `preset` may name a published run.

    An amount is converted as it is; GPU-hours are turned into FLOP at the achieved rate; a rate is taken for the
    advertised one, and one day of it for the cost.
    Errors: `ValueError` as `parse_quantity` and `catalog` raise it, for a `peak` that is no rate, and for what lies
    outside `AMOUNTS` or `RATES`.
    """
    amount, rate = read_quantity(quantity), read_rate(peak)
    name = "accelerator" if accelerator == OTHER else accelerator
    if isinstance(amount, Rate):
        rate, name = amount.flop_per_second, "accelerator of this rate"
    elif isinstance(amount, GpuHours) and amount.gpu:
        name, rate = accelerator_called(amount.gpu)
    achieved = throughput(1, rate, utilization)
    if isinstance(amount, Compute):
        flop = amount.flop
    else:
        flop = flop_from_gpu_hours(24 if isinstance(amount, Rate) else amount.hours, achieved)
    _within_amounts(flop, quantity)
    return UnitView(
        quantity=amount,
        flop=flop,
        in_units={unit: convert_compute(flop, "FLOP", unit) for unit in UNITS},
        accelerator=name,
        advertised=rate,
        achieved=achieved,
        utilization=utilization,
        hours=gpu_hours(flop, achieved),
        hours_by_kind={kind: gpu_hours(flop, throughput(1, fast, utilization)) for kind, fast in kinds().items()},
        published=catalog.training_runs().get(preset),
    )


def _so_many(number: float, unit: str) -> str:
    text = format_number(number)
    return f"{text} {unit}" if text == "1" else f"{text} {unit}s"


def _place(flop: float) -> str:
    """Say where on the ruler a cost lies, by the last landmark before it."""
    marks = list(landmarks().items())
    for name, landmark in marks:
        if abs(flop / landmark - 1) < 0.03:
            return f"at {name}"
    if flop < marks[0][1]:
        return f"below {marks[0][0]}"
    name, landmark = max((mark for mark in marks if mark[1] <= flop), key=lambda mark: mark[1])
    return f"{format_number(flop / landmark)} × {name}"


def _reported(run: TrainingRun | None) -> tuple[tuple[str, str], tuple[str, str]]:
    """Say how many hours a published run reported, and which utilisation they stand for."""
    hours, share, none = "Reported", "Utilisation in them", "not reported" if run else "none"
    chip = catalog.accelerators().get(run.accelerator) if run else None
    if not run or not chip or not run.accelerator_hours:
        return (hours, none), (share, none)
    seconds, peak = run.accelerator_hours * SECONDS_PER_HOUR, chip.fp16_bf16_flop_per_second
    mfu = model_flop_utilization(run_flop(run.name), seconds, 1, peak)
    return (hours, f"{run.accelerator_hours:,.0f} {chip.name}-hours"), (share, f"{100 * mfu:.0f} %")


def dragged(quantity: str, times: float) -> str:
    """Return a quantity so many times as large, as a round number in the unit that it was typed in.

    >>> dragged("3.1428e23 FLOP", 10), dragged("1 PFLOP-day", 3.333), dragged("30.84M H100-hours", 0.5)
    ('3.1e24 FLOP', '3.3 PFLOP-days', '15,000,000 H100-hours')
    """
    unit = quantity[_NUMBER.match(quantity).end() :].strip()  # type: ignore[union-attr]
    typed, one = (_size(parse_quantity(text, "Quantity")) for text in (quantity, f"1 {unit}"))
    number = format_number(typed / one * times, digits=2)
    several = unit if number == "1" or "-" not in unit else f"{unit.removesuffix('s')}s"
    return f"{number} {several}"


_NUMBER = re.compile(r"[\d.,_ ]*(?:e[+-]?\d+)?\s*(?:[kmbt](?=\s))?", re.IGNORECASE)


def _size(quantity: Compute | Rate | GpuHours) -> float:
    if isinstance(quantity, Compute):
        return quantity.flop
    return quantity.flop_per_second if isinstance(quantity, Rate) else quantity.hours


def preset_values(preset: str) -> dict[str, Any]:
    """Return the quantity that an example or a published run (its cost 6PD) stands for."""
    if preset in catalog.training_runs():
        return {"quantity": f"{run_flop(preset):.4g} FLOP".replace("e+", "e")}
    return {"quantity": EXAMPLES[preset]} if preset in EXAMPLES else {}


def accelerator_values(name: str) -> dict[str, Any]:
    """Return the advertised rate of an accelerator of the catalog, as the control writes it."""
    chip = catalog.accelerators().get(name)
    return {"peak": format_rate(chip.fp16_bf16_flop_per_second, digits=5)} if chip else {}
