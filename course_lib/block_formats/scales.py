"""The scale of each block: taken from its values by a format's rule, and kept in the bits of its scale's format."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib._arguments import as_float64, numbers, shown
from course_lib.block_formats.formats import ABSMAX, POWER_OF_TWO, SIGNED, BlockFormat, PowerFormat, checked
from course_lib.number_formats import FP32, FloatFormat, decode, encode

Float64s = NDArray[np.float64]


def scale_and_minimum(blocks: Float64s, fmt: BlockFormat, tensor_scale: float = 1.0) -> tuple[Float64s, Float64s]:
    """Return the scale and the minimum of each block, before they are stored; the minimum is 0 but in the last rule.

    `blocks` has a row a block; each result has shape (blocks, 1). With amax the largest size in a block, and top and
    bottom the largest and the lowest number of an element:

    - "power of two": 2^(floor(log2 amax) - floor(log2 top)). Then amax / scale has the exponent of top, and what lies
      between top and the next power of two saturates.
    - "absmax": amax / (top x tensor scale), so that amax becomes top.
    - "signed absmax": the value of that size, with its sign, over bottom: -8 in Q4_0. The scale may be negative.
    - "range": (max - min) / (top - bottom), and the minimum is min, less bottom times the scale. 0 is then in general
      no number that the block holds.

    Errors: `TypeError` for what is no format or no matrix of numbers.
    Source: Open Compute Project, *Microscaling formats* 1.0, section 6.3, and Rouhani et al. 2023, algorithm 1;
    NVIDIA 2025, arXiv:2509.25149; ggml, src/ggml-quants.c.

    >>> from course_lib.block_formats import MXFP4, Q4_0
    >>> x = np.array([[1.0, -7.0, 5.0]])
    >>> [scale_and_minimum(x, fmt)[0].item() for fmt in (MXFP4, Q4_0)]
    [1.0, 0.875]
    """
    blocks, fmt = _rows(blocks), checked(fmt)
    none = np.zeros((len(blocks), 1))
    if fmt.rule == POWER_OF_TWO:
        amax = _amax(blocks)
        powers = np.frexp(amax)[1] - np.frexp(fmt.highest)[1]
        return np.where(amax > 0, np.ldexp(1.0, powers), 0.0), none
    if fmt.rule == ABSMAX:
        return _amax(blocks) / fmt.highest / tensor_scale, none
    if fmt.rule == SIGNED:
        place = np.argmax(np.abs(blocks), axis=1, keepdims=True)
        return np.take_along_axis(blocks, place, axis=1) / fmt.lowest, none
    lowest = blocks.min(axis=1, keepdims=True)
    scale = (blocks.max(axis=1, keepdims=True) - lowest) / (fmt.highest - fmt.lowest)
    return scale, lowest - fmt.lowest * scale


def tensor_scale_of(blocks: Float64s, fmt: BlockFormat) -> float:
    """Return the scale of all scales, as fp32 holds it: amax / (largest scale x largest element), in NVFP4 448 x 6.

    It is 1 in a format without one, and for a tensor of zeros.
    Source: NVIDIA 2025, arXiv:2509.25149; torchao, prototype/mx_formats/nvfp4_tensor.py.
    """
    blocks, fmt = _rows(blocks), checked(fmt)
    amax = float(np.max(np.abs(blocks), initial=0.0))
    if not fmt.tensor_scale or not amax or isinstance(fmt.scale, BlockFormat):
        return 1.0
    return _within(amax / fmt.scale.largest / fmt.highest, FP32.smallest_subnormal, FP32.largest)


def _within(scale: float, smallest: float, largest: float) -> float:
    return float(decode(encode(min(max(scale, smallest), largest), FP32), FP32))


def stored_scales(scales: Float64s, fmt: FloatFormat | PowerFormat) -> NDArray[Any]:
    """Return the patterns of scales or minima; what is too large for the format becomes its largest number."""
    if isinstance(fmt, PowerFormat):
        return np.asarray(fmt.encode(scales))
    return np.asarray(encode(np.clip(scales, -fmt.largest, fmt.largest), fmt))


def read_scales(patterns: NDArray[Any], fmt: FloatFormat | PowerFormat) -> Float64s:
    """Return the scales or minima of patterns."""
    return np.asarray(fmt.decode(patterns) if isinstance(fmt, PowerFormat) else decode(patterns, fmt))


def _rows(blocks: Float64s) -> Float64s:
    """Return blocks as float64, a row each, or raise `TypeError` for what is no matrix of numbers."""
    array = as_float64(numbers("blocks", blocks, "a matrix of numbers, with a row a block"))
    if array.ndim != 2:
        raise TypeError(f"blocks must be a matrix of numbers, with a row a block; got {shown(blocks)}")
    return array


def _amax(blocks: Float64s) -> Float64s:
    return np.asarray(np.max(np.abs(blocks), axis=1, keepdims=True))
