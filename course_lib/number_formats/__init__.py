"""Number formats: what a pattern of bits stands for, in every float format of deep learning and in int8.

Slides S6 to S8. `patterns` is the slide's formula, there and back; `formats` has the formats themselves; `writing` puts
a pattern into words and digits, `rounding` carries a number into a format and says what that costs, `line` has the
numbers around one; `arrays` rounds whole arrays, as a training does.
"""

from course_lib.number_formats.arrays import chance_to_change, round_to
from course_lib.number_formats.formats import (
    BF16,
    FORMATS,
    FP4_E2M1,
    FP8_E4M3,
    FP8_E5M2,
    FP16,
    FP32,
    FP64,
    INT4,
    INT8,
    TF32,
    FloatFormat,
    Format,
    IntFormat,
)
from course_lib.number_formats.formulas import LONGEST_VALUE, Formula
from course_lib.number_formats.line import NumberLine, number_line
from course_lib.number_formats.patterns import (
    Fields,
    Neighbours,
    decode,
    encode,
    fields,
    neighbours,
    pattern_from_fields,
    spacing,
)
from course_lib.number_formats.rounding import (
    LARGEST_POWER,
    LONGEST_TEXT,
    SMALLEST_POWER,
    Carried,
    carry,
    carry_into,
    encode_decimal,
    read_decimal,
)
from course_lib.number_formats.writing import (
    Reading,
    bits,
    exact_decimal,
    exact_text,
    exact_texts,
    formula,
    formula_latex,
    hexadecimal,
    parse_bits,
    parse_hexadecimal,
    read_pattern,
)

__all__ = [
    "BF16",
    "FORMATS",
    "FP4_E2M1",
    "FP8_E4M3",
    "FP8_E5M2",
    "FP16",
    "FP32",
    "FP64",
    "INT4",
    "INT8",
    "LARGEST_POWER",
    "LONGEST_TEXT",
    "LONGEST_VALUE",
    "SMALLEST_POWER",
    "TF32",
    "Carried",
    "Fields",
    "FloatFormat",
    "Format",
    "Formula",
    "IntFormat",
    "Neighbours",
    "NumberLine",
    "Reading",
    "bits",
    "carry",
    "carry_into",
    "chance_to_change",
    "decode",
    "encode",
    "encode_decimal",
    "exact_decimal",
    "exact_text",
    "exact_texts",
    "fields",
    "formula",
    "formula_latex",
    "hexadecimal",
    "neighbours",
    "number_line",
    "parse_bits",
    "parse_hexadecimal",
    "pattern_from_fields",
    "read_decimal",
    "read_pattern",
    "round_to",
    "spacing",
]
