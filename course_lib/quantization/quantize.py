"""Quantization: real numbers kept as small integers, and what that costs in accuracy.

The slides S9 and S10 in one line: real number = (stored integer - zero-point) x scale. Here, as in every framework,
`scale` is the size of one integer step in real units. The "scale" of the slide's formulas is its reciprocal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_lib._arguments import as_float64, finite, numbers, shown, whole

LARGEST_VALUE = 1e300
"""The largest value accepted, in size: with it, no scale, code or real number leaves float64's range."""

SMALLEST_RANGE = 1e-300
"""A range of values below this counts as this much, for the same reason."""

DB_PER_BIT = 20 * np.log10(2.0)
"""What each bit more is worth: half the step, half the error, 6.02 dB. Source: Widrow and Kollar 2008."""

LONGEST_INNER_DIMENSION = (2**31 - 1) // 128**2
"""The most products of two int8 that are sure to fit into one int32 sum: 131,071."""


@dataclass(frozen=True, eq=False)
class Quantized:
    """Quantised numbers: int8 codes, the size of one step in real units, and the code that stands for 0.

    `scale` and `zero_point` are a float and an int, or arrays that broadcast against `values` (one for each slice).
    Source: slide S9; Jacob et al. 2018, equation 1.

    >>> Quantized(np.array([-127, 0, 64], np.int8), scale=0.5, zero_point=0).dequantize()
    array([-63.5,   0. ,  32. ])
    """

    values: NDArray[np.int8]
    scale: Any
    zero_point: Any

    @finite
    def dequantize(self) -> NDArray[np.float64]:
        """Return the real numbers that the codes stand for, (values - zero_point) x scale, as float64."""
        return np.asarray(np.subtract(self.values, self.zero_point, dtype=np.float64) * self.scale)


@dataclass(frozen=True)
class ErrorMeasures:
    """How far quantised numbers are from the real ones: two errors in real units, and a ratio in dB."""

    max_abs: float
    rmse: float
    sqnr_db: float


def absmax_quantize(x: ArrayLike, bits: int = 8, axis: int | None = None) -> Quantized:
    """Return X_quant = round(127 / max|X| x X), with scale = max|X| / 127 and zero-point 0; 127 is 2^(bits - 1) - 1.

    `x` is an array of real numbers, `bits` 2 to 8. With `axis`, each slice along that axis has its own scale (as in
    PyTorch and ONNX; it is not the axis that `max` runs along): 0 is a scale a row of a matrix, 1 a scale a column.
    Codes are int8 and stay in -127..127: one code of int8 is not used, and 0 is exact. `round` takes halves to even.
    A slice of zeros, or an empty one, has scale 1 and zeros for codes.
    Errors: `ValueError` for NaN, infinity, or a width or axis out of range, and for an axis where x is a single number.
    Source: slide S9; Dettmers et al. 2022b, *LLM.int8()*, section 2.

    >>> absmax_quantize([-2.54, 0.0, 1.0, 2.0])
    Quantized(values=array([-127,    0,   50,  100], dtype=int8), scale=0.02, zero_point=0)
    """
    top = 2 ** (whole("bits", bits, 2, 8) - 1) - 1
    x, smallest, largest = _real_and_range(x, axis)
    absmax = np.maximum(-smallest, largest)
    absmax = np.where(absmax == 0, top, np.maximum(absmax, SMALLEST_RANGE))
    codes = _block_by_block(lambda x, factor: np.clip(np.rint(factor * x), -top, top), x, top / absmax)
    scale = absmax / top
    return Quantized(codes, float(scale) if axis is None else scale, 0)


def zeropoint_quantize(x: ArrayLike, bits: int = 8, axis: int | None = None) -> Quantized:
    """Return X_quant = round(255 / (max - min) x X + zeropoint), zeropoint = -round(255 / (max - min) x min) - 128.

    `x`, `bits` and `axis` as in `absmax_quantize`; 255 is 2^bits - 1, 128 is 2^(bits - 1), and `scale` is
    (max - min) / 255. All codes -128..127 are used; one that rounding pushes to 128 is clipped.
    Where 0 is not between min and max, the zero-point lies outside the codes, and 0 has none: [5, 6] has -1403. It is
    kept as it is. A framework whose zero-point must be a code stretches the range to 0 first; add a 0 to x to do so.
    A constant c, for which the slide divides by 0, has scale |c| and zero-point 0; zeros and empty slices, 1 and 0.
    Errors: as `absmax_quantize`. Source: slide S9; Jacob et al. 2018, section 2.1.

    >>> zeropoint_quantize([-32.0, 0.0, 16.2, 95.5])
    Quantized(values=array([-128,  -64,  -32,  127], dtype=int8), scale=0.5, zero_point=-64)
    """
    bits = whole("bits", bits, 2, 8)
    steps, lowest = 2**bits - 1, -(2 ** (bits - 1))
    x, smallest, largest = _real_and_range(x, axis)
    constant, span = smallest == largest, np.maximum(largest - smallest, SMALLEST_RANGE)
    size = np.where(smallest == 0, 1.0, np.maximum(np.abs(smallest), SMALLEST_RANGE))
    factor = np.where(constant, 1 / size, steps / span)
    scale = np.where(constant, size, span / steps)
    zero_point = np.where(constant, 0, lowest - np.rint(factor * smallest))
    codes = _block_by_block(
        lambda x, factor, zero_point: np.clip(np.rint(factor * x + zero_point), lowest, lowest + steps),
        x,
        factor,
        zero_point,
    )
    if axis is None:
        return Quantized(codes, float(scale), int(zero_point))
    return Quantized(codes, scale, zero_point.astype(np.int64))


METHODS: Mapping[str, Callable[..., Quantized]] = MappingProxyType(
    {"absmax": absmax_quantize, "zero-point": zeropoint_quantize}
)
"""The two methods by name: a function of x, bits and axis each."""


def as_blocks(x: ArrayLike, size: int) -> NDArray[Any]:
    """Return an array as rows of `size` neighbours, so that `axis=0` gives each block of them its own scale.

    The result has shape (x.size / size, size); reshape it, or what is made of it, to x.shape to go back.
    Errors: `ValueError` if the last axis is not a multiple of `size`. Source: Dettmers et al. 2022a.

    >>> absmax_quantize(as_blocks([1.0, -2.0, 100.0, 50.0], 2), axis=0).values
    array([[  64, -127],
           [ 127,   64]], dtype=int8)
    """
    array, size = numbers("x", x), whole("size", size)
    if array.ndim == 0 or array.shape[-1] % size:
        raise ValueError(f"size must divide the last axis of x, whose shape is {array.shape}; got {shown(size)}")
    return array.reshape(-1, size)


def quantization_error(x: ArrayLike, quantized: Quantized) -> ErrorMeasures:
    """Return the errors of `quantized.dequantize() - x`: the largest, the root mean square, and the SQNR in dB.

    SQNR, the signal-to-quantisation-noise ratio, is 20 log10(RMS of x / RMSE), and infinite without any error; each bit
    more is worth about 6.02 dB. An empty x has no error.
    Errors: `ValueError` for shapes that differ, NaN or infinity; `TypeError` for anything but a `Quantized`.
    Source: slide S10; Widrow and Kollar 2008.

    >>> error = quantization_error([30.0, 40.0], Quantized(np.array([3, 4], np.int8), scale=10.5, zero_point=0))
    >>> error.max_abs, round(error.rmse, 3), round(error.sqnr_db, 2)
    (2.0, 1.768, 26.02)
    """
    real, quantized = numbers("x", x), _checked(quantized)
    if real.shape != quantized.values.shape:
        raise ValueError(f"x must have the shape of the codes, {quantized.values.shape}; got {real.shape}")
    return error_measures(x, quantized.dequantize())


def error_measures(x: ArrayLike, approximation: ArrayLike) -> ErrorMeasures:
    """Return what `quantization_error` does, of any numbers that stand for x: those of a block format, for one.

    Errors: `ValueError` for shapes that differ, NaN or infinity. Source: as `quantization_error`.

    >>> round(error_measures([30.0, 40.0], [31.5, 42.0]).sqnr_db, 2)
    26.02
    """
    real, near = (as_float64(numbers(name, value)) for name, value in (("x", x), ("approximation", approximation)))
    if real.shape != near.shape:
        raise ValueError(f"approximation must have the shape of x, {real.shape}; got {near.shape}")
    for name, values in (("x", real), ("approximation", near)):
        if not np.all(np.isfinite(values)):
            raise ValueError(f"{name} must be finite; got {shown(x if values is real else approximation)}")
    error = _difference(near, real)
    rms, rmse = _root_mean_square(real), _root_mean_square(error)
    with np.errstate(divide="ignore"):
        sqnr = 20 * (np.log10(rms) - np.log10(rmse)) if rmse else np.inf
    return ErrorMeasures(float(np.max(np.abs(error), initial=0.0)), rmse, float(sqnr))


def stored_bytes(quantized: Quantized, bits: int = 8) -> float:
    """Return the bytes of codes, scales and zero-points: values x bits / 8 + 4 x scales + 4 x zero-points.

    Codes of fewer than 8 bits count as packed, each scale as fp32 and each zero-point as int32; zero-points that are
    all 0 are not stored. Errors: as `absmax_quantize`, for `bits`.
    Source: slide S10; Dettmers et al. 2023, *QLoRA*, section 3 (an fp32 scale for 64 values: 0.5 bits a value).

    >>> x = np.ones((10, 64))
    >>> stored_bytes(absmax_quantize(x, bits=4, axis=0), bits=4) * 8 / x.size
    4.5
    """
    codes = _checked(quantized).values.size * whole("bits", bits, 2, 8) / 8
    zero_points = np.size(quantized.zero_point) if np.any(quantized.zero_point) else 0
    return codes + 4 * (np.size(quantized.scale) + zero_points)


@finite
def int8_matmul(a: Any, b: Any) -> NDArray[Any]:
    """Return the matrix product a b, computed in integers: int8 x int8 products, added up in int32.

    `a` (m x k) and `b` (k x n) are both int8 arrays, and the result is the int32 sums; or both are `Quantized`, and the
    result is the real product as float64, (sums - zero-point terms) x scale of a x scale of b. A scale or a zero-point
    may differ by row of a and by column of b, not along k: it could not be taken out of the sum.
    Errors: `TypeError` for anything else; `ValueError` for shapes that do not fit, for k above 131,071, with which
    int32 could overflow, and for a product that float64 does not hold.
    Source: slide S10; Jacob et al. 2018, equations 4 to 9.

    >>> a, b = absmax_quantize([[1.0, -2.0]]), zeropoint_quantize([[3.0], [0.5]])
    >>> int8_matmul(a.values, b.values), int8_matmul(a, b).round(2)  # 1 x 3 - 2 x 0.5 = 2
    (array([[24384]], dtype=int32), array([[2.02]]))
    """
    if isinstance(a, Quantized) and isinstance(b, Quantized):
        for name, part in (("a.scale", a.scale), ("a.zero_point", a.zero_point)):
            _refuse_along_k(name, part, 1)
        for name, part in (("b.scale", b.scale), ("b.zero_point", b.zero_point)):
            _refuse_along_k(name, part, 0)
        sums = int8_matmul(a.values, b.values).astype(np.float64)
        row_sums = a.values.sum(axis=1, dtype=np.float64, keepdims=True)
        column_sums = b.values.sum(axis=0, dtype=np.float64, keepdims=True)
        inner = a.values.shape[1]
        offsets = row_sums * b.zero_point + a.zero_point * (column_sums - inner * np.asarray(b.zero_point, np.float64))
        return np.asarray((sums - offsets) * a.scale * b.scale)
    for name, matrix in (("a", a), ("b", b)):
        if not isinstance(matrix, np.ndarray) or matrix.dtype != np.int8:
            raise TypeError(f"{name} must be an int8 array, or a and b both Quantized; got {shown(matrix)}")
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0]:
        raise ValueError(f"a and b must have shapes (m, k) and (k, n); got {a.shape} and {b.shape}")
    if a.shape[1] > LONGEST_INNER_DIMENSION:
        raise ValueError(f"a and b must share at most {LONGEST_INNER_DIMENSION} = k, for int32; got {a.shape[1]}")
    return np.asarray(a.astype(np.int32) @ b.astype(np.int32))


def _real_and_range(x: ArrayLike, axis: int | None) -> tuple[NDArray[Any], NDArray[np.float64], NDArray[np.float64]]:
    """Return x as an array, and its smallest and largest value as float64 (those of each slice along `axis`)."""
    array = numbers("x", x)
    others = None
    if axis is not None:
        if not array.ndim:
            raise ValueError(f"axis must be None where x is a single number; got {shown(axis)}")
        axis = whole("axis", axis, -array.ndim, array.ndim - 1) % array.ndim
        others = tuple(other for other in range(array.ndim) if other != axis)
    if array.size == 0:
        none = np.zeros([] if axis is None else [array.shape[i] if i == axis else 1 for i in range(array.ndim)])
        return array, none, none
    smallest = np.asarray(array.min(axis=others, keepdims=axis is not None), np.float64)
    largest = np.asarray(array.max(axis=others, keepdims=axis is not None), np.float64)
    if not np.all((smallest >= -LARGEST_VALUE) & (largest <= LARGEST_VALUE)):  # NaN is neither
        raise ValueError(f"x must be finite, and at most 1e300 in size; got {shown(x)}")
    return array, smallest, largest


def _block_by_block(formula: Callable[..., Any], x: NDArray[Any], *coefficients: NDArray[Any]) -> NDArray[np.int8]:
    """Return formula(x, *coefficients) as int8, block by block: what it leaves in between stays in the fast cache."""
    rows = x if coefficients[0].ndim else x.reshape(-1)
    coefficients = tuple(np.broadcast_to(coefficient, rows.shape) for coefficient in coefficients)
    codes = np.empty(rows.shape, np.int8)
    height = max(1, 2**15 * len(rows) // max(1, rows.size))
    for start in range(0, len(rows), height):
        block = slice(start, start + height)
        codes[block] = formula(rows[block], *(coefficient[block] for coefficient in coefficients))
    return codes.reshape(x.shape)


def _checked(quantized: Quantized) -> Quantized:
    if not isinstance(quantized, Quantized):
        raise TypeError(f"quantized must be a Quantized; got {shown(quantized)}")
    return quantized


@finite
def _difference(dequantized: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    return dequantized - x


def _root_mean_square(x: NDArray[np.float64]) -> float:
    """Return sqrt(mean(x^2)); x is divided by its largest value first, so that no square overflows."""
    largest = np.max(np.abs(x), initial=0.0)
    return float(largest * np.sqrt(np.mean((x / largest) ** 2))) if largest else 0.0


def _refuse_along_k(name: str, part: Any, axis: int) -> None:
    if np.ndim(part) and np.shape(part)[axis] != 1:
        raise ValueError(f"{name} must be the same along the inner dimension; got the shape {np.shape(part)}")
