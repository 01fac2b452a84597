"""A plan's days and money as intervals: what runs like it reached, what providers ask, and what measuring narrows.

A plan takes one utilisation and one price. Here stand all that are published in their place, each as likely as the
others; what follows from them is an interval from its 10 % to its 90 % quantile.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from course_lib import catalog
from course_lib._arguments import as_float64, fraction, numbers, of_kind, positive, shown, single
from course_lib.plan.rules import utilization_of
from course_lib.plan.run import A_PLAN, PlannedRun
from course_lib.units import SECONDS_PER_DAY, SECONDS_PER_HOUR

LOW, MIDDLE, HIGH = 0.1, 0.5, 0.9
"""The quantiles of an interval: 8 of 10 values lie between its ends."""

LEAST_RUNS = 8
"""Fewer runs on accelerators of one peak are no spread; then those of the same kind count, and then all."""

LEAST_PRICES = 3
"""Fewer prices of an accelerator are no range."""


@dataclass(frozen=True)
class Interval:
    """What a number may come to: `values` that are equally likely, each above 0, and where they are from.

    The quantile p stands at place p (n + 1) of the n values in order (Weibull's plotting position), between two of them
    in the logarithm, so that the interval of c / x is c over that of x. One more value of the same kind falls between
    the ends with probability 0.8, and with fewer than 9 values, whose ends are the smallest and the largest, with
    (n - 1) / (n + 1). `seen` is that n: of a product of two it is the smaller one, and its values are percentiles.
    Errors: `ValueError` for no values, or one that is not positive and finite.

    >>> reached = Interval((0.2, 0.4, 0.3), "three runs")
    >>> reached.low, reached.middle, reached.high, reached.chance
    (0.2, 0.3, 0.4, 0.5)
    """

    values: tuple[float, ...]
    source: str
    seen: int = 0

    def __post_init__(self) -> None:
        """Refuse what is no list of positive numbers, and sort it."""
        array = as_float64(numbers("values", self.values))
        if array.ndim != 1 or not array.size or not np.all(np.isfinite(array) & (array > 0)):
            raise ValueError(f"values must be at least one number above 0, none infinite; got {shown(self.values)}")
        object.__setattr__(self, "values", tuple(np.sort(array).tolist()))
        object.__setattr__(self, "seen", self.seen or len(self.values))

    def quantile(self, share: float) -> float:
        """Return the value below which a share of them lies; `ValueError` for a share not above 0 or beyond 1."""
        share = single("share", fraction("share", share))
        place = min(max(share * (len(self.values) + 1) - 1, 0), len(self.values) - 1)
        below, part = int(place), place - int(place)
        if not part:
            return self.values[below]
        return float(self.values[below] ** (1 - part) * self.values[below + 1] ** part)

    @property
    def low(self) -> float:
        """The 10 % quantile."""
        return self.quantile(LOW)

    @property
    def middle(self) -> float:
        """The median."""
        return self.quantile(MIDDLE)

    @property
    def high(self) -> float:
        """The 90 % quantile."""
        return self.quantile(HIGH)

    @property
    def factor(self) -> float:
        """How wide the interval is: high over low, 1 for one value."""
        return self.high / self.low

    @property
    def chance(self) -> float:
        """The probability that one more value of the same kind falls into the interval."""
        return min(HIGH - LOW, (self.seen - 1) / (self.seen + 1))

    def scaled(self, by: float) -> Interval:
        """Return the interval of c x, for a c above 0."""
        factor = single("by", positive("by", by))
        return Interval(tuple(factor * np.array(self.values)), self.source, self.seen)

    def under(self, numerator: float) -> Interval:
        """Return the interval of c / x: its low end comes from the high end of x."""
        above = single("numerator", positive("numerator", numerator))
        return Interval(tuple(above / np.array(self.values)), self.source, self.seen)

    def times(self, other: Interval) -> Interval:
        """Return the interval of x y, where x tells nothing of y, as its 99 percentiles.

        Independent spreads add like the sides of a right angle, in their logarithms, on each side of the median m:
        at each p, ln Q(p) / m = sqrt(a^2 + b^2), and not a + b, for a = ln Qx(p) / mx, b = ln Qy(p) / my, m = mx my.
        So it is narrower than low x low to high x high, as both are seldom low together, and never narrower than x or y
        alone. Exact where ln x and ln y are normal. The pairs of a few values would not do: with 7 prices one pair in
        7 has the highest, and a wider x then moves the 90 % quantile of the pairs down.

        >>> day, price = Interval((10.0, 20.0, 40.0), "three runs"), Interval((1.0, 3.0, 9.0), "three lists")
        >>> money = day.times(price)
        >>> round(day.factor), round(price.factor), round(money.middle), round(money.factor, 1)
        (4, 9, 60, 13.4)
        """
        of_kind("other", other, Interval)
        middle = self.middle * other.middle
        percentiles = []
        for percent in range(1, 100):
            apart = [math.log(each.quantile(percent / 100) / each.middle) for each in (self, other)]
            percentiles.append(middle * math.exp(math.copysign(math.hypot(*apart), percent - 50)))
        return Interval(tuple(percentiles), f"{self.source}; {other.source}", min(self.seen, other.seen))

    def narrowed(self, measured: float) -> Interval:
        """Return what is left of the spread of a utilisation once `measured` is known of the job itself.

        An hour's steps say what the job reaches at full rate, and nothing of restarts, slow stages and waiting: what
        remains is the spread of what published runs kept of their full rate, `kept_of_measured`. `measured` is by 6P
        FLOP a token, 6P x tokens a second / (accelerators x peak): an MFU that counts attention's products too is
        larger, and is to be divided by 1 + attention / 6P first. The spread before counts no more. How far one hour
        differs from the next is not in it.
        Errors: `ValueError` for a utilisation that is not in (0, 1].

        >>> before = Interval(tuple(like_runs("H100 SXM").values()), "runs")
        >>> before.narrowed(0.42).factor < before.factor
        True
        """
        measured = single("measured", fraction("measured", measured))
        kept = kept_of_measured()
        return Interval(
            tuple(measured * np.array(list(kept.values()))),
            f"{100 * measured:.3g} % measured on your own job by 6PD, of which {len(kept)} published runs kept "
            f"{100 * min(kept.values()):.2g} to {100 * max(kept.values()):.2g} %",
        )


def like_runs(accelerator: str) -> Mapping[str, float]:
    """Return the utilisations that runs like one on `accelerator` reached, by the run's name.

    They are dense models in 16 bits that were not distilled, with all hours of their run: first those on accelerators
    of the same 16-bit peak (A100 40GB and 80GB; H100 SXM, H800 and GH200), where they are fewer than 8 those of the
    same kind, GPU or TPU, and where these are fewer, all. 16 bits are stated, or follow from an accelerator that has no
    rate for fewer. 6PD over all hours and the peak: recomputation, restarts and waiting are in it. So hours that are
    steps x seconds, a rate x tokens, planned or to be expected do not count (`catalog.HOURS`).
    Errors: `ValueError` for an unknown accelerator. Source: the catalog; each run names its own.

    >>> len(like_runs("A100 80GB")), len(like_runs("H100 SXM")), len(like_runs("B200")), len(like_runs("TPU v5p"))
    (21, 8, 29, 31)
    """
    return _like_runs(catalog.accelerator(accelerator).name)


@cache
def _like_runs(accelerator: str) -> Mapping[str, float]:
    wanted = catalog.accelerator(accelerator)
    reached = {}
    for run in catalog.all_training_runs().values():
        share = utilization_of(run)
        if share is not None and _is_like_a_plan(run):
            reached[run.name] = share
    chips = {name: catalog.accelerator(catalog.training_run(name).accelerator) for name in reached}
    peak = wanted.fp16_bf16_flop_per_second
    of_one_peak = {name for name, chip in chips.items() if chip.fp16_bf16_flop_per_second == peak}
    of_one_kind = {name for name, chip in chips.items() if chip.kind == wanted.kind}
    names = next((few for few in (of_one_peak, of_one_kind) if len(few) >= LEAST_RUNS), set(reached))
    return MappingProxyType({name: share for name, share in reached.items() if name in names})


def _is_like_a_plan(run: catalog.TrainingRun) -> bool:
    """Return whether a run is dense, not distilled, in 16 bits, and has all its hours.

    In 16 bits are its products where it says so, or where its accelerator has no rate for 8 or 4.
    """
    chip = catalog.accelerator(run.accelerator)
    fewer = chip.fp8_flop_per_second or chip.fp4_flop_per_second
    in_16_bits = run.precision in ("fp16", "bf16") or (not run.precision and not fewer)
    return in_16_bits and run.hours_from == "run" and not run.is_mixture and not run.distilled


@cache
def kept_of_measured() -> Mapping[str, float]:
    """Return what runs kept, over all their hours, of their utilisation at full rate, by the run's name.

    Both are by 6P FLOP a token, so that attention's products are in neither (`full_rate_utilisation` of the catalog).
    Dense runs with all their hours count: hours from the seconds of a step, from a rate or from a plan need not hold
    what is lost.
    Source: the catalog; each run names its own.

    >>> {name: round(share, 2) for name, share in kept_of_measured().items()}
    {'Gopher 280B': 0.95, 'PaLM 540B': 0.67, 'Llama 3.1 405B': 0.91, 'Olmo 3 7B': 0.91, 'Olmo 3 32B': 0.8}
    """
    kept = {}
    for run in catalog.all_training_runs().values():
        share = utilization_of(run)
        if share is not None and run.full_rate_utilisation and run.hours_from == "run" and not run.is_mixture:
            kept[run.name] = share / run.full_rate_utilisation
    return MappingProxyType(kept)


def narrowing(accelerator: str) -> tuple[float, float]:
    """Return how wide a plan's days are, high over low, before and after its utilisation is measured on the job itself.

    What you would measure does not matter for it: ask before you spend the hour.
    Errors: `ValueError` for an unknown accelerator. Source: as `like_runs` and `kept_of_measured`.

    >>> [round(factor, 1) for factor in narrowing("H100 SXM")]
    [2.5, 1.4]
    """
    before = utilization_interval(accelerator)
    return before.factor, before.narrowed(1.0).factor


def utilization_interval(accelerator: str) -> Interval:
    """Return the spread of the utilisations that `like_runs` reached.

    >>> reached = utilization_interval("H100 SXM")
    >>> round(reached.low, 2), round(reached.middle, 2), round(reached.high, 2)
    (0.14, 0.28, 0.35)
    """
    reached = like_runs(accelerator)
    kinds = sorted({catalog.training_run(name).accelerator for name in reached})
    return Interval(tuple(reached.values()), f"{len(reached)} published runs on {', '.join(kinds)}")


def price_interval(accelerator: str, prices: ArrayLike | None = None) -> Interval | None:
    """Return the spread of on-demand prices of an accelerator-hour, in US dollars; None where fewer than 3 are known.

    `prices` are your own figures, one or more, and stand in place of the catalog's list, which is named with its dates.
    What you pay by contract, or at a quiet hour, is less than a list says.
    Errors: `ValueError` for an unknown accelerator, or prices that are not positive. Source: `catalog.prices`.

    >>> asked = price_interval("H100 SXM")
    >>> asked.low, asked.middle, asked.high
    (2.69, 3.99, 12.29)
    """
    listed = catalog.prices(accelerator)
    if prices is not None:
        own = np.atleast_1d(positive("prices", prices))
        if own.ndim != 1 or not own.size:
            raise ValueError(f"prices must be one number or a list of them; got {shown(prices)}")
        return Interval(tuple(own.tolist()), "prices of your own")
    if len(listed) < LEAST_PRICES:
        return None
    dates = sorted(price.date for price in listed)
    return Interval(
        tuple(price.dollars_per_hour for price in listed),
        f"{len(listed)} on-demand prices of {dates[0]} to {dates[-1]}",
    )


@dataclass(frozen=True, slots=True)
class PlanIntervals:
    """A plan's utilisation, days, price and money, each as an interval; days and money are for the plan's P and D."""

    utilization: Interval
    days: Interval
    price: Interval
    cost: Interval


def plan_intervals(
    plan: PlannedRun, *, measured: float | None = None, prices: ArrayLike | None = None
) -> PlanIntervals:
    """Return the days and the money of a plan as intervals, for the model and the tokens that it has.

    With u from runs like it, days = 6PD / (u x peak x accelerators), and money = accelerator-hours x price, by
    `Interval.times`. What recomputation takes is in the published u, so 6PD counts alone. `measured` is the utilisation
    of the job itself, if you have measured it, by 6P FLOP a token, without attention: then u is `Interval.narrowed`.
    `prices` are your own; without them, and without a list in the catalog, the plan's one price stands.
    Units: days, and US dollars. Errors: `ValueError` for a share not in (0, 1] or prices that are not positive.
    Source: `like_runs`, `kept_of_measured`, `price_interval`.

    >>> from course_lib.plan import plan_training_run
    >>> plan = plan_training_run(accelerator="H100 SXM", num_accelerators=256, days=30)
    >>> wide, narrow = plan_intervals(plan), plan_intervals(plan, measured=0.4)
    >>> round(wide.days.low), round(wide.days.high), round(narrow.days.low), round(narrow.days.high)
    (34, 85, 31, 44)
    """
    of_kind("plan", plan, PlannedRun, A_PLAN)
    have = plan.resources
    utilization = utilization_interval(have.accelerator)
    if measured is not None:
        utilization = utilization.narrowed(measured)
    peak = catalog.accelerator(have.accelerator).fp16_bf16_flop_per_second
    hours = utilization.under(plan.flop / peak / SECONDS_PER_HOUR)
    price = price_interval(have.accelerator, prices) or Interval((have.price_per_hour,), "the plan's own price")
    return PlanIntervals(
        utilization=utilization,
        days=hours.scaled(SECONDS_PER_HOUR / SECONDS_PER_DAY / have.num_accelerators),
        price=price,
        cost=hours.times(price),
    )
