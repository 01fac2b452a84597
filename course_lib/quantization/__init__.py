"""Quantization: real numbers kept as small integers, and what that costs in accuracy.

Slides S9 and S10. `quantize` has the slides' formulas; `examples` are small tensors to try them on.
"""

from course_lib.quantization.examples import KINDS, PLACES, SHAPE, example_tensor, with_outlier
from course_lib.quantization.quantize import (
    DB_PER_BIT,
    LARGEST_VALUE,
    LONGEST_INNER_DIMENSION,
    METHODS,
    SMALLEST_RANGE,
    ErrorMeasures,
    Quantized,
    absmax_quantize,
    as_blocks,
    error_measures,
    int8_matmul,
    quantization_error,
    stored_bytes,
    zeropoint_quantize,
)

__all__ = [
    "DB_PER_BIT",
    "KINDS",
    "LARGEST_VALUE",
    "LONGEST_INNER_DIMENSION",
    "METHODS",
    "PLACES",
    "SHAPE",
    "SMALLEST_RANGE",
    "ErrorMeasures",
    "Quantized",
    "absmax_quantize",
    "as_blocks",
    "error_measures",
    "example_tensor",
    "int8_matmul",
    "quantization_error",
    "stored_bytes",
    "with_outlier",
    "zeropoint_quantize",
]
