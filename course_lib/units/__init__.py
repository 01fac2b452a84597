"""Units: one cost said in FLOP, PFLOP-days or GPU-hours, and numbers written so that people can read them.

Slide S3. `conversion` is the slide's arithmetic; `writing` turns numbers into text, `reading` turns text into numbers;
`numerals` is the one reader of numbers in words.
"""

from course_lib.units.conversion import (
    COMPUTE_UNITS,
    LAPTOP_FLOP_PER_SECOND,
    PFLOP_DAY,
    PREFIXES,
    SECONDS_PER_DAY,
    SECONDS_PER_HOUR,
    convert_compute,
    flop_from_gpu_hours,
    gpu_hours,
)
from course_lib.units.numerals import Numeral, Unclear, plain_text, split_number
from course_lib.units.reading import Compute, GpuHours, Rate, parse_count, parse_quantity
from course_lib.units.writing import (
    format_bytes,
    format_count,
    format_flop,
    format_number,
    format_rate,
    format_scientific,
    format_seconds,
)

__all__ = [
    "COMPUTE_UNITS",
    "LAPTOP_FLOP_PER_SECOND",
    "PFLOP_DAY",
    "PREFIXES",
    "SECONDS_PER_DAY",
    "SECONDS_PER_HOUR",
    "Compute",
    "GpuHours",
    "Numeral",
    "Rate",
    "Unclear",
    "convert_compute",
    "flop_from_gpu_hours",
    "format_bytes",
    "format_count",
    "format_flop",
    "format_number",
    "format_rate",
    "format_scientific",
    "format_seconds",
    "gpu_hours",
    "parse_count",
    "parse_quantity",
    "plain_text",
    "split_number",
]
