"""From numbers to blocks and back: codes, scales, and the bytes that they take."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from course_lib._arguments import as_float64, numbers, shown, whole_shape
from course_lib.block_formats.elements import codes_by_chance, element_values, nearest_codes
from course_lib.block_formats.formats import RANGE, BlockFormat, checked
from course_lib.block_formats.scales import read_scales, scale_and_minimum, stored_scales, tensor_scale_of
from course_lib.quantization import LARGEST_VALUE


@dataclass(frozen=True, eq=False)
class EncodedBlocks:
    """Numbers in a block format: patterns of elements and of scales, and what is stored once a tensor.

    `codes` has a row a block, `scales` a pattern a block; where scales are in blocks themselves, they are
    `EncodedBlocks`, and `scale_mean` was taken off before. `minima` are patterns too, by the rule "range". `shape` is
    that of the numbers. To see what one bit does, replace a part: `dataclasses.replace(encoded, scales=...)`.

    >>> from course_lib.block_formats import MXFP4, encode
    >>> encoded = encode([0.5, -1.0, 3.0, 7.0], MXFP4)
    >>> encoded.codes[0, :4].tolist(), encoded.scales.tolist(), encoded.decode().tolist()
    ([1, 10, 5, 7], [127], [0.5, -1.0, 3.0, 6.0])
    """

    fmt: BlockFormat
    codes: NDArray[Any]
    scales: NDArray[Any] | EncodedBlocks
    shape: tuple[int, ...]
    minima: NDArray[Any] | None = None
    tensor_scale: float = 1.0
    scale_mean: float = 0.0

    def scale_values(self) -> NDArray[np.float64]:
        """Return the scale of each block as a real number, that of the tensor included."""
        if isinstance(self.scales, EncodedBlocks):
            return self.scales.decode() + self.scale_mean
        return read_scales(self.scales, _plain_scale(self.fmt)) * self.tensor_scale

    def minimum_values(self) -> NDArray[np.float64]:
        """Return what is added to each block: its minimum, or 0."""
        if self.minima is None:
            return np.zeros(len(self.codes))
        return read_scales(self.minima, _plain_scale(self.fmt))

    def decode(self) -> NDArray[np.float64]:
        """Return the numbers, element x scale + minimum, as float64 in the shape that they had; a NaN scale gives NaN.

        Source: as `encode`.
        """
        with np.errstate(over="ignore", invalid="ignore"):  # infinite scales, and such times 0, where one wrote them
            values = element_values(self.codes, self.fmt.element) * self.scale_values()[:, None]
        if self.minima is not None:  # without them a -0 stays one
            values += self.minimum_values()[:, None]
        return from_blocks(values, self.shape, self.fmt)

    def bits(self) -> int:
        """Return the bits of all codes, scales and minima, and of what is stored once; a last block counts whole."""
        scale = self.scales
        scale_bits = scale.bits() if isinstance(scale, EncodedBlocks) else scale.size * _plain_scale(self.fmt).bits
        return self.codes.size * self.fmt.element.bits + self.fmt.scales_a_block * scale_bits + self.fmt.tensor_bits

    def bytes(self) -> int:
        """Return the bytes: the bits over 8, rounded up.

        >>> from course_lib.block_formats import NVFP4, encode
        >>> encode(np.ones((4, 16)), NVFP4).bytes()  # 4 x (16 x 4 + 8) bits, and one fp32
        40
        """
        return -(-self.bits() // 8)


def encode(x: ArrayLike, fmt: BlockFormat, generator: Generator | None = None) -> EncodedBlocks:
    """Return numbers in a block format: code = round(x / scale) with a scale a block, as the format's rule takes it.

    `x` is a number or an array. Blocks lie along its last axis and end with it: a last one that is not full repeats
    its last value. Elements are rounded to nearest, ties to even, and saturate; with a `generator` of numpy's they are
    rounded by chance (stochastic rounding), which keeps the mean of what does not saturate. A block of zeros becomes
    zeros, and so does one whose scale is too small for a format of scales that has a 0; E8M0 has none, and its smallest
    scale, 2^-127, stands in. Too large a scale becomes the largest that there is.
    Codes and scales are ggml's, bit by bit, but that it computes in fp32, takes ties up in Q4_0 and Q4_1, away from 0
    in Q8_0 and towards it in MXFP4, and writes no -0 there. torchao takes no NVFP4 scale below 2^-6.
    Errors: `TypeError` for anything but a `BlockFormat`, numbers and a `Generator`; `ValueError` for NaN and infinity,
    and beyond 1e300. Source: that of `scale_and_minimum`; Connolly, Higham and Mary 2021 for stochastic rounding.

    >>> from course_lib.block_formats import NVFP4, Q4_0
    >>> x = [0.1, -0.2, 0.3, 1.2]
    >>> encode(x, NVFP4).decode().round(3).tolist(), encode(x, Q4_0).decode().round(3).tolist()
    ([0.1, -0.2, 0.3, 1.2], [0.15, -0.15, 0.3, 1.2])
    >>> encode([2.5] * 5 + [6.0], NVFP4, np.random.default_rng(1)).decode().round(3).tolist()
    [2.0, 2.0, 3.0, 2.0, 3.0, 6.0]
    """
    if generator is not None and not isinstance(generator, Generator):
        raise TypeError(f"generator must be None or numpy's, such as default_rng(1); got {shown(generator)}")
    real = as_float64(numbers("x", x))
    if not np.all(np.abs(real) <= LARGEST_VALUE):  # NaN is not
        raise ValueError(f"x must be finite, and at most 1e300 in size; got {shown(x)}")
    blocks = to_blocks(real, fmt)
    tensor_scale = tensor_scale_of(blocks, fmt)
    scale, minimum = scale_and_minimum(blocks, fmt, tensor_scale)
    stored = _store(scale[:, 0], minimum[:, 0], fmt, real.shape, tensor_scale)
    if fmt.divides_by_stored:
        scale, minimum = stored.scale_values()[:, None], stored.minimum_values()[:, None]
    else:
        scale = scale * tensor_scale
    with np.errstate(over="ignore"):  # by a scale that saturated: infinity saturates too
        scaled = np.divide(blocks - minimum, scale, out=np.zeros_like(blocks), where=scale != 0)
    codes = codes_by_chance(scaled, fmt.element, generator) if generator else nearest_codes(scaled, fmt.element)
    return replace(stored, codes=codes)


def decode(encoded: EncodedBlocks) -> NDArray[np.float64]:
    """Return the numbers that blocks stand for, as `EncodedBlocks.decode`; `TypeError` for anything else."""
    if not isinstance(encoded, EncodedBlocks):
        raise TypeError(f"encoded must be EncodedBlocks, as encode returns them; got {shown(encoded)}")
    return encoded.decode()


def to_blocks(x: NDArray[np.float64], fmt: BlockFormat) -> NDArray[np.float64]:
    """Return numbers with a row a block; blocks that are not full repeat the values at their edge.

    >>> from course_lib.block_formats import MXFP4
    >>> to_blocks(np.ones((3, 40)), MXFP4).shape
    (6, 32)
    """
    rows, block = checked(fmt).rows, fmt.block
    x = as_float64(numbers("x", x))
    if not x.size:
        return np.zeros((0, fmt.values_a_block))
    matrix = x.reshape(-1, x.shape[-1] if x.ndim else 1)
    height, width = matrix.shape
    full = np.pad(matrix, ((0, -height % rows), (0, -width % block)), mode="edge")
    tiles = full.reshape(full.shape[0] // rows, rows, full.shape[1] // block, block).swapaxes(1, 2)
    return tiles.reshape(-1, fmt.values_a_block)


def from_blocks(blocks: NDArray[np.float64], shape: tuple[int, ...], fmt: BlockFormat) -> NDArray[np.float64]:
    """Return blocks as numbers of a shape, without what filled them up; the inverse of `to_blocks`.

    Errors: `TypeError` for what is no format, no list of whole numbers or no numbers; `ValueError` for blocks that are
    not those of the shape.
    """
    fmt, shape, blocks = checked(fmt), whole_shape("shape", shape), as_float64(numbers("blocks", blocks))
    height, width = prod(shape[:-1]), shape[-1] if shape else 1
    wanted = -(-height // fmt.rows) * -(-width // fmt.block) if height * width else 0
    if blocks.size != wanted * fmt.values_a_block:
        raise ValueError(f"blocks must be {wanted} of {fmt.values_a_block} for the shape {shape}; got {shown(blocks)}")
    if not len(blocks):
        return np.zeros(shape)
    across = -(-width // fmt.block)
    full = blocks.reshape(-1, across, fmt.rows, fmt.block).swapaxes(1, 2).reshape(-1, across * fmt.block)
    return full[:height, :width].reshape(shape)


def _store(
    scale: NDArray[np.float64],
    minimum: NDArray[np.float64],
    fmt: BlockFormat,
    shape: tuple[int, ...],
    tensor_scale: float,
) -> EncodedBlocks:
    """Return the scales and minima of blocks as they are stored, with no codes yet."""
    none = np.zeros((len(scale), 0), np.uint8)
    if isinstance(fmt.scale, BlockFormat):
        mean = float(np.float32(scale.mean())) if scale.size else 0.0
        return EncodedBlocks(fmt, none, encode(scale - mean, fmt.scale), shape, scale_mean=mean)
    minima = stored_scales(minimum, fmt.scale) if fmt.rule == RANGE else None
    return EncodedBlocks(fmt, none, stored_scales(scale, fmt.scale), shape, minima, tensor_scale)


def _plain_scale(fmt: BlockFormat) -> Any:
    """Return the format of scales that are in no blocks, where that is known."""
    return fmt.scale
