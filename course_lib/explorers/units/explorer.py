"""The explorer of slide S3: one quantity said in every unit, at an advertised and at an achieved rate."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import ipywidgets as widgets
import numpy as np
from matplotlib.figure import Figure

from course_lib import catalog
from course_lib.compute_cost import model_flop_utilization, throughput, training_flop
from course_lib.explorers.base import Explorer
from course_lib.explorers.controls import LABEL_WIDTH, Percentage, choice
from course_lib.explorers.picture import BLUE, INK, MUTED, ORANGE, RED, SKY
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
RULER = (1e10, 1e27)
AMOUNTS, RATES = (1.0, 1e30), (1e6, 1e24)
LINE, LOW, HIGH = 0.44, 0.60, 0.78
LABELS = (
    (LOW, "center", 1), (LOW, "right", 1.2), (LOW, "right", 1.2), (HIGH, "center", 1), (LOW, "center", 1),
    (HIGH, "right", 1.2), (HIGH, "left", 0.8), (LOW, "center", 1.25), (LOW, "left", 0.8),
)  # fmt: skip
"""Where each landmark's label stands, so that none covers another: height, side, and a factor beside the mark."""
SMALL: Any = {"fontsize": 7.5}


def run_flop(name: str) -> float:
    """Return the cost 6PD of one of the catalog's training runs, in FLOP."""
    run = catalog.training_run(name)
    return float(training_flop(run.parameters, run.tokens))


def landmarks() -> dict[str, float]:
    """Return the ruler's landmarks, smallest first, in FLOP; the A100-hour is at its advertised rate."""
    hour = flop_from_gpu_hours(1, catalog.accelerator("A100 80GB").fp16_bf16_flop_per_second)
    runs = ("Pythia 160M", "LLaMA 7B", "GPT-3 175B", "Chinchilla 70B", "PaLM 540B", "Llama 3.1 405B")
    fixed = {"laptop-second": LAPTOP_FLOP_PER_SECOND, "A100-hour (peak)": hour, "PFLOP-day": PFLOP_DAY}
    return fixed | {name: run_flop(name) for name in runs}


def kinds() -> dict[str, float]:
    """Return the catalog's accelerators with their advertised 16-bit rate in FLOP/s, slowest first, equals together."""
    names: dict[float, list[str]] = {}
    for chip in sorted(catalog.accelerators().values(), key=lambda chip: chip.fp16_bf16_flop_per_second):
        names.setdefault(chip.fp16_bf16_flop_per_second, []).append(chip.name)
    return {", ".join(group): rate for rate, group in names.items()}


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
        raise ValueError(f"{text!r} stands for accelerators of different rates: {names}. Name one of them")
    return chip.name[: len(text)] if others else chip.name, chip.fp16_bf16_flop_per_second


@dataclass(frozen=True)
class UnitView:
    """What the converter shows: one cost in FLOP, in every unit, and in hours; rates in FLOP/s; and the sentence.

    `quantity` is what was typed, by type. `advertised` and `achieved` are the rates of one accelerator; `hours` its
    hours for the cost, `hours_by_kind` those of the catalog's accelerators. `span` is what a typed rate does in one
    second and in one year.
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
    span: tuple[float, float] | None
    sentence: str


def unit_view(quantity: str, accelerator: str, peak: str, utilization: float, preset: str = OWN) -> UnitView:
    """Return what the converter shows for its controls' values; `preset` may name a published run.

    An amount is converted as it is; GPU-hours are turned into FLOP at the achieved rate; a rate is taken for the
    advertised one, and one day of it for the cost.
    Errors: `ValueError` as `parse_quantity` and `catalog` raise it, for a `peak` that is no rate, and for what lies
    outside `AMOUNTS` or `RATES`.
    """
    amount, advertised = parse_quantity(quantity, "Quantity"), parse_quantity(peak, "Advertised rate")
    if not isinstance(advertised, Rate):
        raise ValueError(f"Advertised rate {peak!r} is not a rate: write so many FLOP a second, such as 312 TFLOP/s")
    rate, name = advertised.flop_per_second, "accelerator" if accelerator == OTHER else accelerator
    if isinstance(amount, Rate):
        rate, name = amount.flop_per_second, "accelerator of this rate"
    elif isinstance(amount, GpuHours) and amount.gpu:
        name, rate = accelerator_called(amount.gpu)
    if not RATES[0] <= rate <= RATES[1]:
        slowest, fastest = map(format_rate, RATES)
        raise ValueError(f"The rate must lie between {slowest} and {fastest}; got {rate:.3g} FLOP/s")
    achieved = throughput(1, rate, utilization)
    if isinstance(amount, Compute):
        flop = amount.flop
    else:
        flop = flop_from_gpu_hours(24 if isinstance(amount, Rate) else amount.hours, achieved)
    if not AMOUNTS[0] <= flop <= AMOUNTS[1]:
        least, most = map(format_flop, AMOUNTS)
        raise ValueError(f"The cost must lie between {least} and {most}; {quantity!r} is {flop:.3g} FLOP")
    hours = {kind: gpu_hours(flop, throughput(1, fast, utilization)) for kind, fast in kinds().items()}
    view = UnitView(
        quantity=amount,
        flop=flop,
        in_units={unit: convert_compute(flop, "FLOP", unit) for unit in UNITS},
        accelerator=name,
        advertised=rate,
        achieved=achieved,
        utilization=utilization,
        hours=gpu_hours(flop, achieved),
        hours_by_kind=hours,
        span=(achieved, flop * 365.25) if isinstance(amount, Rate) else None,
        sentence="",
    )
    return UnitView(**{**vars(view), "sentence": _sentence(view) + _reported(preset)})


def _sentence(view: UnitView) -> str:
    pflop_days = _so_many(view.in_units["PFLOP-day"], "PFLOP-day")
    hours = _so_many(view.hours, f"{view.accelerator}-hour")
    share, achieved = f"{format_number(100 * view.utilization)} %", format_rate(view.achieved, digits=4)
    advertised = format_rate(view.advertised, digits=5)
    if isinstance(view.quantity, Rate):
        return (
            f"{advertised} is a rate, not a cost: it says how fast, not how much. Multiply it by a time: "
            f"at {share} utilisation it is {achieved}, that is {format_flop(view.achieved)} in a second, "
            f"{format_flop(view.achieved * SECONDS_PER_HOUR)} in an hour and {format_flop(view.flop)} = "
            f"{pflop_days} in a day. The picture shows that day."
        )
    if isinstance(view.quantity, GpuHours):
        return (
            f"{hours} at {achieved}, {share} of the advertised {advertised}: {format_flop(view.flop)} = {pflop_days}. "
            f"{_place(view.flop)} Hours are a cost only with both: the accelerator's model and its utilisation."
        )
    return (
        f"{format_flop(view.flop)} = {pflop_days}. {_place(view.flop)} One {view.accelerator} achieves {achieved}, "
        f"{share} of the advertised {advertised}: this cost is {hours}, or "
        f"{format_seconds(view.hours * SECONDS_PER_HOUR)} on one."
    )


def _so_many(number: float, unit: str) -> str:
    text = format_number(number)
    return f"{text} {unit}" if text == "1" else f"{text} {unit}s"


def _place(flop: float) -> str:
    """Say where on the ruler a cost lies."""
    marks = list(landmarks().items())
    for name, landmark in marks:
        if abs(flop / landmark - 1) < 0.03:
            return f"On the ruler: at {name}."
    if flop < marks[0][1]:
        return f"On the ruler: below {marks[0][0]}."
    for (below, _), (above, limit) in pairwise(marks):
        if flop < limit:
            return f"On the ruler: between {below} and {above}."
    return f"On the ruler: {format_number(flop / marks[-1][1])} times {marks[-1][0]}, its largest run."


def _reported(preset: str) -> str:
    """Say which utilisation the reported hours of a published run stand for."""
    if not (run := catalog.training_runs().get(preset)):
        return ""
    chip = catalog.accelerators().get(run.accelerator)
    if not chip or not run.accelerator_hours:
        return f" {run.name} did not report its hours."
    seconds, peak = run.accelerator_hours * SECONDS_PER_HOUR, chip.fp16_bf16_flop_per_second
    mfu = model_flop_utilization(run_flop(preset), seconds, 1, peak)
    return f" {run.name} reported {run.accelerator_hours:,.0f} {chip.name}-hours: {100 * mfu:.0f} % utilisation."


def preset_values(preset: str) -> dict[str, Any]:
    """Return the quantity that an example or a published run (its cost 6PD) stands for."""
    if preset in catalog.training_runs():
        return {"quantity": f"{run_flop(preset):.4g} FLOP".replace("e+", "e")}
    return {"quantity": EXAMPLES[preset]} if preset in EXAMPLES else {}


def accelerator_values(name: str) -> dict[str, Any]:
    """Return the advertised rate of an accelerator of the catalog, as the control writes it."""
    chip = catalog.accelerators().get(name)
    return {"peak": format_rate(chip.fp16_bf16_flop_per_second, digits=5)} if chip else {}


def _field(label: str, value: str) -> widgets.Text:
    return widgets.Text(
        description=label,
        value=value,
        continuous_update=False,
        style={"description_width": LABEL_WIDTH},
        layout={"width": "435px"},
    )


class UnitConverter(Explorer):
    """A quantity typed in any unit, seen in all: FLOP, PFLOP-days, and the hours of every accelerator.

    Above: a ruler of compute from one laptop-second to the largest published run. Left: the quantity in every unit
    and the advertised rate beside the achieved one. Right: the hours of each kind of accelerator for the same cost.
    Initial values by name: quantity, accelerator, peak, utilization, preset.
    """

    view = staticmethod(unit_view)
    figure_size = (8.4, 3.4)

    def make_controls(self) -> dict[str, widgets.Widget]:
        """Return the controls; an accelerator brings its advertised rate, which can be typed over."""
        controls = {
            "preset": choice("Start from", [OWN, *EXAMPLES, *catalog.training_runs()], OWN),
            "quantity": _field("Quantity", "3.14e23 FLOP"),
            "accelerator": choice("Accelerator", [*catalog.accelerators(), OTHER], "A100 80GB"),
            "peak": _field("Advertised rate", "312 TFLOP/s"),
            "utilization": Percentage("Utilisation (MFU)", 0.40),
        }
        self.follow(controls, "preset", OWN, preset_values, ["quantity"])
        self.follow(controls, "accelerator", OTHER, accelerator_values, ["peak"])
        return controls

    def build(self, figure: Figure) -> None:
        """Draw the ruler's landmarks, the units' names and the bars, which never change, and the artists that do."""
        self._build_ruler(figure.add_axes((0.035, 0.67, 0.93, 0.33)))
        self._build_units(figure.add_axes((0.035, 0.02, 0.385, 0.605)))
        self._build_hours(figure.add_axes((0.675, 0.01, 0.20, 0.535)))

    def _build_ruler(self, axes: Any) -> None:
        axes.set(xscale="log", xlim=RULER, ylim=(0, 1))
        axes.axis("off")
        axes.plot(RULER, [LINE, LINE], color=MUTED, linewidth=1.2)
        for exponent in range(10, 28):
            axes.plot([10.0**exponent] * 2, [LINE - 0.04, LINE], color=MUTED, linewidth=1)
        for exponent, text in ((12, "1 TFLOP"), (15, "1 PFLOP"), (18, "1 EFLOP"), (21, "1 ZFLOP"), (24, "1e24 FLOP")):
            axes.text(10.0**exponent, LINE - 0.07, text, **SMALL, color=MUTED, ha="center", va="top")
        for (name, flop), (level, side, shift) in zip(landmarks().items(), LABELS, strict=True):
            axes.plot([flop] * 2, [LINE, level - 0.02], color=BLUE, linewidth=1)
            axes.plot([flop], [LINE], "o", color=SKY, markeredgecolor=BLUE, markersize=5)
            axes.text(flop * shift, level, name, **SMALL, ha=side, va="bottom")
        axes.text(RULER[0], HIGH, "Compute in FLOP: each tick is ten times the one before", fontsize=9.5, va="bottom")
        (span,) = axes.plot([], [], color=ORANGE, linewidth=5, solid_capstyle="butt")
        (own,) = axes.plot([], [], "D", color=RED, markersize=7, markeredgecolor="white", clip_on=False)
        label = axes.text(1e20, 0.02, "", color=INK, fontweight="bold", fontsize=8.5, va="bottom")
        self._span, self._own, self._own_label = self.moving(span), self.moving(own), self.moving(label)

    def _build_units(self, axes: Any) -> None:
        axes.set(xlim=(0, 1), ylim=(0, 1))
        axes.axis("off")
        self._units_title = self.moving(axes.text(0, 1, "", va="top", fontsize=9.5))
        self._in_units: dict[str, Any] = {}
        for row, unit in enumerate((*UNITS, "laptop-seconds")):
            left, right = (0.48, 1.0) if row >= 5 else (0.0, 0.41)
            height = 0.84 - 0.105 * (row % 5)
            axes.text(left, height, unit, **SMALL, va="top", color=MUTED)
            self._in_units[unit] = self.moving(axes.text(right, height, "", **SMALL, ha="right", va="top"))
        axes.barh([0.13], [1], 0.09, facecolor="white", edgecolor=INK, linewidth=1)
        self._achieved = self.moving(*axes.barh([0.13], [1], 0.09, facecolor=ORANGE, edgecolor=INK, linewidth=1))
        self._advertised_label = self.moving(axes.text(0, 0.205, "", **SMALL, va="bottom"))
        self._achieved_label = self.moving(axes.text(0, 0.055, "", **SMALL, va="top"))

    def _build_hours(self, axes: Any) -> None:
        rates = kinds()
        slowest = min(rates.values())
        axes.set(xlim=(0, 1), ylim=(len(rates) + 0.6, -0.6))
        axes.axis("off")
        axes.barh(range(len(rates)), [slowest / rate for rate in rates.values()], 0.72, color=SKY)
        self._hours: dict[str, Any] = {}
        for row, (name, rate) in enumerate({**rates, OTHER: slowest}.items()):
            if name != OTHER:
                axes.text(-0.31, row, name, **SMALL, ha="right", va="center")
                axes.text(-0.03, row, f"{rate / 1e12:g}", **SMALL, ha="right", va="center")
            label = axes.text(min(slowest / rate, 1) + 0.03, row, "", **SMALL, va="center")
            self._hours[name] = self.moving(label)
        axes.text(-0.03, -0.75, "TFLOP/s", fontsize=7.5, color=MUTED, ha="right", va="bottom")
        self._hours_title = self.moving(axes.text(-1.15, -1.7, "", fontsize=9.5, va="bottom"))
        self._chosen = self.moving(*axes.barh([0], [1], 0.72, color=ORANGE, edgecolor=INK, linewidth=0.8))
        self._other = [
            self.moving(axes.text(x, len(rates), "", **SMALL, ha="right", va="center")) for x in (-0.31, -0.03)
        ]
        self._slowest = slowest

    def draw(self, view: UnitView) -> None:
        """Move the marker on the ruler, fill in the values and mark the row of the chosen accelerator."""
        self._draw_ruler(view)
        for unit, label in self._in_units.items():
            label.set_text(format_number(view.in_units.get(unit, view.flop / LAPTOP_FLOP_PER_SECOND)))
        what = "One day of it" if view.span else "The same cost"
        self._units_title.set_text(f"{what} in every unit")
        share = f"{format_number(100 * view.utilization)} %"
        self._advertised_label.set_text(f"{view.accelerator}: {format_rate(view.advertised, digits=5)} advertised,")
        self._achieved_label.set_text(f"{format_rate(view.achieved, digits=4)} achieved at {share}")
        self._achieved.set_width(view.utilization)
        self._hours_title.set_text(f"GPU-hours for {what.lower()}, all at {share}")
        self._draw_hours(view)

    def _draw_ruler(self, view: UnitView) -> None:
        low, high = RULER
        place = min(max(view.flop, low), high)
        self._span.set_data(view.span or [], [LINE, LINE] if view.span else [])
        self._own.set_data([place], [LINE])
        text = f"{'one day of it' if view.span else 'yours'}: {format_flop(view.flop)}"
        text = f"{text}, off the ruler" if place != view.flop else text
        position = np.log(place / low) / np.log(high / low)
        side = "left" if position < 0.12 else "right" if position > 0.88 else "center"
        self._own_label.set(text=text, x=place, horizontalalignment=side)

    def _draw_hours(self, view: UnitView) -> None:
        rates = kinds()
        row = next((row for row, rate in enumerate(rates.values()) if rate == view.advertised), len(rates))
        own = row == len(rates)
        shown = {**view.hours_by_kind, OTHER: view.hours if own else 0}
        for place, (name, label) in enumerate(self._hours.items()):
            label.set(text=f"{format_number(shown[name])} h" if shown[name] else "", fontweight="normal")
            if place == row:
                label.set_fontweight("bold")
        width = min(self._slowest / view.advertised, 1.0)
        self._hours[OTHER].set_x(width + 0.03)
        self._chosen.set(y=row - 0.36, width=width)
        for label, text in zip(self._other, ("this rate", f"{view.advertised / 1e12:.4g}"), strict=True):
            label.set_text(text if own else "")
