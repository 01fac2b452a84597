"""What a block format costs in accuracy, beside int8 with one scale a tensor or a row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_lib._arguments import is_list, numbers, shown
from course_lib.block_formats.blocks import EncodedBlocks, decode, encode
from course_lib.block_formats.formats import FORMATS, BlockFormat, bits_per_value
from course_lib.quantization import (
    DB_PER_BIT,
    ErrorMeasures,
    absmax_quantize,
    error_measures,
    example_tensor,
    stored_bytes,
    with_outlier,
)
from course_lib.tiny_transformer import trained

OUTLIER = 50
"""How many times as large a column of outliers is in `comparison_tensors`."""


@dataclass(frozen=True)
class SqnrRow:
    """A format's accuracy on a tensor: its name, the bits that a value takes with its share of scales, and its SQNR.

    >>> coarse, fine = SqnrRow("coarse", 4.5, 20.0), SqnrRow("fine", 8.5, 44.08)
    >>> round(fine.bits_ahead_of(coarse), 2), round(fine.excess_bits, 2)
    (4.0, 1.18)
    """

    name: str
    bits: float
    sqnr_db: float

    def bits_ahead_of(self, other: SqnrRow) -> float:
        """Return by how many bits this format is the more accurate: the difference in SQNR over 6.02 dB a bit."""
        return float((self.sqnr_db - other.sqnr_db) / DB_PER_BIT)

    @property
    def excess_bits(self) -> float:
        """The bits more than the fewest that any code of normal numbers needs for this SQNR: bits - SQNR / 6.02 dB.

        It makes formats of different sizes comparable: the less, the better the bits were used. On data that are not
        normal fewer bits may do, and the difference is no bound. Source: Cover and Thomas 2006, theorem 10.3.2.
        """
        return float(self.bits - self.sqnr_db / DB_PER_BIT)


def block_error(x: ArrayLike, encoded: EncodedBlocks) -> ErrorMeasures:
    """Return the errors of `encoded.decode() - x`: the largest, the root mean square, and the SQNR in dB.

    Errors: as `quantization.error_measures`; `TypeError` for anything but `EncodedBlocks`.

    >>> from course_lib.block_formats import MXFP4
    >>> error = block_error([3.0, 4.0, 6.5], encode([3.0, 4.0, 6.5], MXFP4))
    >>> error.max_abs, round(error.sqnr_db, 2)
    (0.5, 24.3)
    """
    return error_measures(x, decode(encoded))


def sqnr_table(
    x: ArrayLike, formats: Iterable[BlockFormat] = tuple(FORMATS.values()), where: ArrayLike = True
) -> tuple[SqnrRow, ...]:
    """Return the SQNR of a matrix in each format, the best first, beside absmax int8 with a scale a tensor or a row.

    `bits` are those of full blocks, `bits_per_value`; in int8 all that was stored, over the values. All of the matrix
    is encoded; only what `where` is true for, a mask as in numpy, counts in the SQNR.
    Errors: as `encode`, and `ValueError` for what is no matrix or has no values; `TypeError` for formats that are no
    list of `BlockFormat` or a mask that is none, and `ValueError` for one of another shape, or without a single True.

    >>> table = sqnr_table(comparison_tensors()["normal"])
    >>> [(row.name, round(row.bits, 2), round(row.sqnr_db, 1)) for row in table if row.bits < 4.6]
    [('Q4_0', 4.5, 21.4), ('NF4', 4.5, 20.6), ('NF4 double', 4.13, 20.6), ('NVFP4', 4.5, 20.5), ('MXFP4', 4.25, 18.7)]
    """
    matrix, chosen, counted = numbers("x", x), _formats(formats), np.asarray(where)
    if matrix.ndim != 2 or not matrix.size:
        raise ValueError(f"x must be a matrix that is not empty; got the shape {matrix.shape}")
    if counted.dtype != bool:
        raise TypeError(f"where must be True, or a mask of True and False; got {shown(where)}")
    try:
        counted = np.broadcast_to(counted, matrix.shape)
    except ValueError:
        raise ValueError(f"where must have the shape of x, {matrix.shape}; got {counted.shape}") from None
    if not counted.any():
        raise ValueError(f"where must be true somewhere; got {shown(where)}")
    rows = []
    for name, axis in (("int8 a tensor", None), ("int8 a row", 0)):
        codes = absmax_quantize(matrix, axis=axis)
        error = error_measures(matrix[counted], codes.dequantize()[counted])
        rows.append(SqnrRow(name, 8 * stored_bytes(codes) / matrix.size, error.sqnr_db))
    for fmt in chosen:
        error = error_measures(matrix[counted], decode(encode(matrix, fmt))[counted])
        rows.append(SqnrRow(fmt.name, bits_per_value(fmt), error.sqnr_db))
    return tuple(sorted(rows, key=lambda row: -row.sqnr_db))


def _formats(formats: Iterable[BlockFormat]) -> tuple[BlockFormat, ...]:
    """Return a list of formats, or raise `TypeError` for anything else, such as one format or a name."""
    if is_list(formats):
        chosen = tuple(formats)
        if all(isinstance(fmt, BlockFormat) for fmt in chosen):
            return chosen
    raise TypeError(f"formats must be a list of BlockFormat, such as [MXFP4]; got {shown(formats)}")


@cache
def comparison_tensors() -> dict[str, NDArray[np.float32]]:
    """Return matrices to compare formats on: normal numbers, the same with a column of outliers, and trained weights.

    The weights are a matrix of the course's small GPT, with a row an output. All are fp32 and read-only.

    >>> {kind: x.shape for kind, x in comparison_tensors().items()}
    {'normal': (64, 64), 'with outliers': (64, 64), 'trained weights': (256, 64)}
    """
    normal = example_tensor("normal")
    weights = trained().parameters["layer 0.up.weight"].T
    return {"normal": normal, "with outliers": with_outlier(normal, OUTLIER, "a column"), "trained weights": weights}
