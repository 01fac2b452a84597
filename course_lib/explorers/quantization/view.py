"""What the quantization explorer shows, as numbers: one tensor quantised by absmax and by zero-point."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib._arguments import one_of, whole
from course_lib.number_formats import IntFormat, encode
from course_lib.quantization import (
    DB_PER_BIT,
    KINDS,
    METHODS,
    ErrorMeasures,
    Quantized,
    as_blocks,
    example_tensor,
    quantization_error,
    stored_bytes,
    with_outlier,
)
from course_lib.tiny_transformer import trained
from course_lib.units import format_number

SLICES = {"tensor": 0, "row": 0, "column": 0, "block of 32": 32, "block of 8": 8}
"""What one scale is shared by; for blocks, their size."""
SLICE_NAMES = {"row": "row", "column": "column", "block of 32": "block", "block of 8": "block"}
"""What one of them is called, with its number behind it."""
TRAINED = "trained weights"
"""The keys' matrix of attention in the first layer of the small GPT that was trained on the lessons."""
DATA = (*KINDS, TRAINED)
SPANS = {"normal": (-4, 4), "uniform": (-1, 1), "ReLU-like": (0, 4), "100 to 104": (100, 104), TRAINED: (-0.7, 0.7)}
"""The range that the histogram of each kind of data shows."""
BITS = (2, 8)
SHOWN = ("mapping", "histogram", "staircase", "error")


@dataclass(frozen=True, eq=False)
class MethodView:
    """One method: the tensor quantised by it, what that costs, and where the chosen value goes by it.

    `scale` and `zero_point` are those of the value's slice; `exact` is value / scale + zero_point before rounding;
    `limits` are the lowest and the highest code that the method has; `codes` are those of the slice, in order;
    `pattern` is the code's bits, in two's complement.
    """

    method: str
    quantized: Quantized
    error: ErrorMeasures
    stored_bytes: float
    limits: tuple[int, int]
    codes: NDArray[np.int8]
    scale: float
    zero_point: int
    exact: float
    code: int
    pattern: str
    back: float

    @property
    def used(self) -> int:
        """How many codes the slice's values have."""
        return int(np.count_nonzero(np.diff(self.codes))) + 1

    @property
    def count(self) -> int:
        """How many codes there are."""
        return self.limits[1] - self.limits[0] + 1

    @property
    def levels(self) -> NDArray[np.float64]:
        """What each code comes back as."""
        codes = np.arange(self.limits[0], self.limits[1] + 1)
        return Quantized(codes.astype(np.int8), self.scale, self.zero_point).dequantize()

    @property
    def edges(self) -> NDArray[np.float64]:
        """Where a value begins to get the next code: half-way between two levels."""
        levels = self.levels
        return (levels[:-1] + levels[1:]) / 2


@dataclass(frozen=True, eq=False)
class QuantizationView:
    """What the explorer shows: the tensor, both methods, and the sentence.

    `x` is the tensor, in rows of one block each where blocks share a scale; `values` are those that share the chosen
    value's scale, in order, and `slice_uses` begins, and `of_slice` ends, what is said of them; `span` is what the
    histogram shows.
    `by_bits` and `by_slice` have the SQNR in dB of both methods, for every number of bits and for everything that can
    share a scale (for the error's picture only); `bits_a_value` has what the latter cost in all.
    """

    show: str
    data: str
    outlier: float
    place: str
    bits: int
    scale_per: str
    x: NDArray[np.float32]
    span: tuple[float, float]
    value: float
    slice_uses: str
    of_slice: str
    values: NDArray[np.float32]
    methods: tuple[MethodView, ...]
    by_bits: dict[str, list[float]]
    by_slice: dict[str, list[float]]
    bits_a_value: dict[str, list[float]]

    @property
    def sentence(self) -> str:
        """The answer in plain words: which method loses less, and how far either stays above its error."""
        absmax, zeropoint = (one.error.sqnr_db for one in self.methods)
        if abs(zeropoint - absmax) < 0.05:
            return f"Both methods are equally good: an SQNR of {absmax:.1f} dB at {self.bits} bits."
        name, best, other, worse = "Zero-point", zeropoint, "absmax", absmax
        if absmax > zeropoint:
            name, best, other, worse = "Absmax", absmax, "zero-point", zeropoint
        return (
            f"{name} is better by {best - worse:.1f} dB at {self.bits} bits: "
            f"an SQNR of {best:.1f} dB, {other} {worse:.1f} dB."
        )

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What was quantised, both methods' errors, what they save, and where the chosen value goes."""
        far = f", {self.place} × {format_number(self.outlier)}" if self.outlier > 1 else ""
        saved = [f"{100 * (1 - one.stored_bytes / (4 * self.x.size)):.1f} %" for one in self.methods]
        absmax, zeropoint = self.methods
        errors = [f"RMSE {format_number(one.error.rmse)}, SQNR {one.error.sqnr_db:.1f} dB" for one in self.methods]
        ways = [f"code {one.code}, back as {self.written(one.back)}" for one in self.methods]
        return (
            ("Tensor", f"{self.data}{far}"),
            ("A scale per", self.scale_per),
            ("Memory saved", saved[0] if saved[0] == saved[1] else f"{saved[0]}; zero-point {saved[1]}"),
            ("absmax", errors[0]),
            ("zero-point", errors[1]),
            ("6.02 dB a bit gives", f"{DB_PER_BIT * self.bits:.1f} dB"),
            ("Absmax codes", f"{absmax.used} of {absmax.count}{self.of_slice}"),
            ("Zero-point codes", f"{zeropoint.used} of {zeropoint.count}{self.of_slice}"),
            ("Your value", self.written(self.value)),
            ("By absmax", ways[0]),
            ("By zero-point", ways[1]),
        )

    def written(self, number: float) -> str:
        """Return a real number as text, with as many decimals as tell a hundredth of the smaller step."""
        decimals = max(0, math.ceil(-math.log10(min(one.scale for one in self.methods) / 100)))
        return f"{number:,.{decimals}f}" if round(number, decimals) else "0"


def sliced(x: NDArray[Any], per: str) -> tuple[NDArray[Any], int | None]:
    """Return the tensor, and the axis along which each slice has a scale of its own, as the two methods want them.

    Errors: `ValueError` for anything that is not in `SLICES`.
    """
    if size := SLICES[one_of("scale_per", per, SLICES)]:
        return as_blocks(x, size), 0
    return x, {"tensor": None, "row": 0, "column": 1}[per]


def quantization_view(
    data: str, outlier: float, place: str, bits: int, scale_per: str, rank: int, show: str
) -> QuantizationView:
    """Return what the explorer shows for its controls' values.

    `rank` chooses the value, in per cent of all values in order: 0 is the smallest, 100 the largest.
    Errors: `ValueError` or `TypeError` as `quantization` raises them, and for an unknown
    `scale_per`, `rank` or `show`.
    """
    show, bits, rank = one_of("show", show, SHOWN), whole("bits", bits, *BITS), whole("rank", rank, 0, 100)
    x, axis = sliced(_tensor(data, outlier, place), scale_per)
    chosen = np.argsort(x, axis=None, kind="stable")[round(rank / 100 * (x.size - 1))]
    position = np.unravel_index(chosen, x.shape)
    number = 0 if axis is None else int(position[axis])
    values = np.sort(x if axis is None else x.take(number, axis), axis=None)
    methods = tuple(_method_view(method, x, axis, bits, position) for method in METHODS)
    by_bits: dict[str, list[float]] = {}
    by_slice: dict[str, list[float]] = {}
    bits_a_value: dict[str, list[float]] = {}
    if show == "error":
        for method in METHODS:
            tensor = (data, outlier, place)
            by_bits[method] = [_cost(method, *tensor, scale_per, n)[0] for n in range(BITS[0], BITS[1] + 1)]
            costs = [_cost(method, *tensor, per, bits) for per in SLICES]
            by_slice[method], bits_a_value[method] = ([cost[part] for cost in costs] for part in (0, 1))
    return QuantizationView(
        show=show,
        data=data,
        outlier=outlier,
        place=place,
        bits=bits,
        scale_per=scale_per,
        x=x,
        span=SPANS[data],
        value=float(x[position]),
        of_slice="" if axis is None else f", {SLICE_NAMES[scale_per]} {number + 1}",
        slice_uses=f"all {x.size:,} values use" if axis is None else f"{SLICE_NAMES[scale_per]} {number + 1} uses",
        values=values,
        methods=methods,
        by_bits=by_bits,
        by_slice=by_slice,
        bits_a_value=bits_a_value,
    )


def _method_view(method: str, x: NDArray[Any], axis: int | None, bits: int, position: tuple[Any, ...]) -> MethodView:
    quantized = METHODS[method](x, bits, axis=axis)
    number = 0 if axis is None else int(position[axis])
    scales, zero_points = np.ravel(quantized.scale), np.ravel(quantized.zero_point)
    scale, zero_point = float(scales[number]), int(zero_points[number % zero_points.size])
    code, top = int(quantized.values[position]), 2 ** (bits - 1) - 1
    return MethodView(
        method=method,
        quantized=quantized,
        error=quantization_error(x, quantized),
        stored_bytes=stored_bytes(quantized, bits),
        limits=(-top if method == "absmax" else -top - 1, top),
        codes=np.sort(quantized.values if axis is None else quantized.values.take(number, axis), axis=None),
        scale=scale,
        zero_point=zero_point,
        exact=float(x[position]) / scale + zero_point,
        code=code,
        pattern=f"{encode(code, IntFormat(f'int{bits}', bits)):0{bits}b}",
        back=float(quantized.dequantize()[position]),
    )


@lru_cache(64)
def _tensor(data: str, outlier: float, place: str) -> NDArray[np.float32]:
    return with_outlier(trained_weights() if data == TRAINED else example_tensor(data), outlier, place)


def trained_weights() -> NDArray[np.float32]:
    """Return the 64 x 64 weights that make attention's keys in the trained GPT's first layer.

    >>> trained_weights().shape, round(float(np.abs(trained_weights()).max()), 2)
    ((64, 64), 0.67)
    """
    return np.split(trained().parameters["layer 0.qkv.weight"], 3, axis=1)[1]


@lru_cache(1024)
def _cost(method: str, data: str, outlier: float, place: str, scale_per: str, bits: int) -> tuple[float, float]:
    """Return the SQNR in dB, and the bits that a value takes, scales and zero-points included."""
    x, axis = sliced(_tensor(data, outlier, place), scale_per)
    quantized = METHODS[method](x, bits, axis=axis)
    return quantization_error(x, quantized).sqnr_db, 8 * stored_bytes(quantized, bits) / x.size
