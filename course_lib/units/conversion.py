"""One cost said in FLOP, in PFLOP-days or in GPU-hours.

Slide S3: 1 PFLOP-day = 10^15 x 24 x 3600 FLOP. FLOP is a count; FLOP/s is a rate; a GPU-hour is a cost only once
the GPU's rate is known. GB is 1e9 bytes, GiB is 2**30 bytes.
"""

from __future__ import annotations

import re
from typing import Any

from numpy.typing import ArrayLike

from course_lib._arguments import finite, not_negative, one_of, positive, shown

SECONDS_PER_HOUR = 3600
SECONDS_PER_DAY = 24 * 3600

PFLOP_DAY = 1e15 * SECONDS_PER_DAY
"""The FLOP of one day at 1e15 FLOP/s: 8.64e19 FLOP (slide S3)."""

LAPTOP_FLOP_PER_SECOND = 1e11
"""An assumed round figure for a matrix product in fp32 on a laptop's processor, in FLOP/s.

Four cores at 3e9 cycles/s with two 8-wide multiply-adds a cycle advertise 3.84e11; a quarter of that is achieved.
"""

PREFIXES = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18, "Z": 1e21}
"""The prefixes of FLOP and FLOP/s, and what each is worth."""

_FLOP_IN = (
    {f"{prefix}FLOP": size for prefix, size in PREFIXES.items()}
    | {f"{prefix}FLOP-s": size for prefix, size in PREFIXES.items()}
    | {"PFLOP-day": PFLOP_DAY, "EFLOP-day": 1e3 * PFLOP_DAY}
)

COMPUTE_UNITS = tuple(_FLOP_IN)
"""The names that `convert_compute` accepts, smallest multiple first."""


@finite
def convert_compute(value: ArrayLike, from_unit: str, to_unit: str) -> Any:
    """Return `value` of compute in another unit: value x (FLOP in `from_unit`) / (FLOP in `to_unit`).

    Units: FLOP, kFLOP, MFLOP, GFLOP, TFLOP, PFLOP, EFLOP, ZFLOP, PFLOP-day, EFLOP-day; and the slide's FLOP-s, kFLOP-s,
    ..., ZFLOP-s, which is (FLOP / second) x seconds, that is FLOP. `value` is a number or an array.
    Errors: `ValueError` for a negative value or an unknown unit: a rate such as TFLOP/s is not an amount of compute.
    Source: slide S3.

    >>> round(convert_compute(3.14e23, "FLOP", "PFLOP-day"))  # GPT-3; Brown et al. 2020, Table D.1: 3.64e3
    3634
    """
    flop = not_negative("value", value) * _flop_in("from_unit", from_unit)
    return flop / _flop_in("to_unit", to_unit)


def _flop_in(name: str, unit: str) -> float:
    if isinstance(unit, str) and re.search(r"/\s*s(ec\w*)?$|per second$|FLOPS$", unit):
        rate = f"{name} {shown(unit)} is a rate (FLOP a second), not an amount of compute; multiply by a time"
        raise ValueError(f"{rate}. Accepted: {', '.join(map(repr, _FLOP_IN))}")
    return _FLOP_IN[one_of(name, unit, _FLOP_IN)]


@finite
def gpu_hours(flop: ArrayLike, flop_per_second: ArrayLike) -> Any:
    """Return the GPU-hours of a cost on one kind of GPU: flop / (flop_per_second x 3600).

    `flop_per_second` is the rate that one GPU achieves in FLOP/s: its peak times the utilisation.
    Errors: `ValueError` for a negative cost or a rate that is not positive. Source: slide S3.

    >>> round(gpu_hours(3.14e23, 0.4 * 312e12))  # GPT-3's cost on A100s at 40 % utilisation
    698896
    """
    return not_negative("flop", flop) / flop_from_gpu_hours(1, flop_per_second)


@finite
def flop_from_gpu_hours(hours: ArrayLike, flop_per_second: ArrayLike) -> Any:
    """Return the FLOP done in `hours` GPU-hours: hours x 3600 x flop_per_second, the reverse of `gpu_hours`.

    `flop_per_second` is the rate that one GPU achieves in FLOP/s. Errors: as `gpu_hours`. Source: slide S3.

    >>> flop_from_gpu_hours(24, 1e15) == PFLOP_DAY
    True
    """
    return not_negative("hours", hours) * SECONDS_PER_HOUR * positive("flop_per_second", flop_per_second)
