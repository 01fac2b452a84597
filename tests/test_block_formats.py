"""`course_lib.block_formats`: the formats' parts and bits, E8M0, and lists of levels, against published figures."""

from __future__ import annotations

import math
from dataclasses import replace

import gfloat
import ml_dtypes
import numpy as np
import pytest
from gfloat import formats as gfloat_formats

from course_lib.block_formats import (
    ABSMAX,
    DYNAMIC,
    E8M0,
    FORMATS,
    FP6_E2M3,
    FP6_E3M2,
    FP8_128X128,
    MXFP4,
    MXFP6_E2M3,
    MXFP6_E3M2,
    MXFP8_E4M3,
    MXFP8_E5M2,
    NF4,
    NF4_DOUBLE,
    NF4_LEVELS,
    NVFP4,
    POWER_OF_TWO,
    Q4_0,
    Q4_1,
    Q8_0,
    RANGE,
    SIGNED,
    ZERO_TO_15,
    BlockFormat,
    Levels,
    PowerFormat,
    bits_per_value,
    element_values,
    nearest_codes,
)
from course_lib.number_formats import FP4_E2M1, FP8_E4M3, FP16, FP32, INT8, FloatFormat, IntFormat, decode, encode

OF_ML_DTYPES = np.dtype(ml_dtypes.float8_e8m0fnu)
SIXES = {
    FP6_E3M2: (ml_dtypes.float6_e3m2fn, gfloat_formats.format_info_ocp_e3m2),
    FP6_E2M3: (ml_dtypes.float6_e2m3fn, gfloat_formats.format_info_ocp_e2m3),
}
# bitsandbytes, csrc/kernels.cu, dQuantizeNF4: what lies above the i-th of these takes pattern i + 1 at least
NF4_BOUNDARIES = [
    *(-0.8480964004993439, -0.6106329262256622, -0.4599952697753906, -0.33967943489551544, -0.23460740596055984),
    *(-0.13791173323988914, -0.045525018125772476, 0.03979014977812767, 0.1202552504837513, 0.2035212516784668),
    *(0.2920137718319893, 0.3893125355243683, 0.5016634166240692, 0.6427869200706482, 0.8614784181118011),
]
# bitsandbytes, functional.py, get_4bit_type("nf4")
NF4_PRINTED = [
    *(-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635),
    *(-0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725),
    *(0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0),
]


# Bits


@pytest.mark.parametrize(
    ("fmt", "values", "bytes_a_block"),
    [
        # arXiv:2509.25149, table 1, and NVIDIA's documentation of Transformer Engine
        (MXFP8_E4M3, 32, 33),
        (MXFP8_E5M2, 32, 33),
        (MXFP6_E3M2, 32, 25),
        (MXFP6_E2M3, 32, 25),
        (MXFP4, 32, 17),
        (NVFP4, 16, 9),
        # DeepSeek-V3, README_WEIGHTS.md
        (FP8_128X128, 128 * 128, 128 * 128 + 4),
        # ggml, src/ggml-common.h
        (Q4_0, 32, 18),
        (Q4_1, 32, 20),
        (Q8_0, 32, 34),
        # bitsandbytes: 64 values, one fp32
        (NF4, 64, 36),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_block_takes_the_published_bytes(fmt, values, bytes_a_block):
    assert fmt.values_a_block == values
    assert bits_per_value(fmt) * values == 8 * bytes_a_block


def test_scales_that_are_quantised_again_save_what_the_paper_says():
    # Dettmers et al. 2023, section 3: from 32/64 = 0.5 bits to 8/64 + 32/(64 x 256) = 0.127, 0.373 bits a value less
    assert round(bits_per_value(NF4) - bits_per_value(NF4_DOUBLE), 3) == 0.373
    assert round(bits_per_value(NF4_DOUBLE), 3) == 4.127


def test_bits_follow_from_the_parts():
    assert bits_per_value(replace(NVFP4, block=32)) == 4.25
    assert bits_per_value(replace(MXFP4, block=16)) == 4.5
    assert bits_per_value(replace(MXFP4, rows=2)) == 4.125
    assert bits_per_value(replace(Q4_1, scale=FP32)) == 6


def test_what_is_stored_once_a_tensor_is_an_fp32_number():
    assert {name: fmt.tensor_bits for name, fmt in FORMATS.items() if fmt.tensor_bits} == {
        "NVFP4": 32,
        "NF4 double": 32,
    }


def test_formats_go_by_their_names():
    assert all(fmt.name == name for name, fmt in FORMATS.items())
    assert len(FORMATS) == 12


@pytest.mark.parametrize(
    ("changes", "error", "word"),
    [
        ({"element": "fp4"}, TypeError, "element"),
        ({"element": Levels("above", (1, 2))}, ValueError, "element"),
        ({"element": Levels("below", (-2, -1, -0.5, 0))}, ValueError, "element"),
        ({"element": IntFormat("int17", 17)}, ValueError, "element"),
        ({"scale": "e8m0"}, TypeError, "scale"),
        ({"block": 0}, ValueError, "block"),
        ({"block": 1.5}, ValueError, "block"),
        ({"rows": 0}, ValueError, "rows"),
        ({"rule": "absmaxx"}, ValueError, "rule"),
        ({"rule": SIGNED}, ValueError, "scale"),
        ({"rule": RANGE}, ValueError, "scale"),
        ({"element": ZERO_TO_15, "rule": SIGNED, "scale": FP16}, ValueError, "element"),
        ({"tensor_scale": True}, ValueError, "tensor_scale"),
        ({"tensor_scale": True, "rule": ABSMAX, "scale": MXFP4}, ValueError, "tensor_scale"),
    ],
)
def test_parts_that_do_not_go_together_are_refused_by_name(changes, error, word):
    with pytest.raises(error, match=word):
        replace(MXFP4, **changes)


def test_what_is_no_block_format_has_no_bits():
    with pytest.raises(TypeError, match="fmt"):
        bits_per_value("MXFP4")


# E8M0


def test_every_e8m0_pattern_is_decoded_as_ml_dtypes_and_gfloat_do():
    patterns = np.arange(256, dtype=np.uint8)
    ours = E8M0.decode(patterns)
    np.testing.assert_array_equal(ours, patterns.view(OF_ML_DTYPES).astype(np.float64))
    np.testing.assert_array_equal(ours, gfloat.decode_ndarray(gfloat_formats.format_info_ocp_e8m0, patterns))


def test_every_e8m0_scale_is_encoded_as_its_own_pattern():
    patterns = np.arange(255)
    assert E8M0.encode(E8M0.decode(patterns)).tolist() == patterns.tolist()
    assert [E8M0.encode(E8M0.decode(int(pattern))) for pattern in patterns] == patterns.tolist()


def test_numbers_between_two_e8m0_scales_are_rounded_as_ml_dtypes_does():
    powers = np.arange(-126.0, 127)[:, None]  # beside 2^-127, which is subnormal in fp32, it rounds otherwise
    values = (2.0**powers * [1, 1.25, 1.4999, 1.5, 1.5001, 1.9]).astype(np.float32)
    np.testing.assert_array_equal(E8M0.encode(values), values.astype(OF_ML_DTYPES).view(np.uint8))


def test_e8m0_saturates_and_has_no_zero():
    assert [E8M0.encode(value) for value in (0, 1e-300, 2.0**-127, 2.0**127, 1.9 * 2.0**127, 1e300, math.inf)] == [
        *(0, 0, 0),
        *(254, 254, 254, 254),
    ]
    assert (E8M0.smallest, E8M0.largest) == (2.0**-127, 2.0**127)
    assert math.isnan(E8M0.decode(255))
    assert E8M0.decode([]).shape == (0,)


@pytest.mark.parametrize("value", [-1.0, math.nan, [1.0, -0.5]])
def test_e8m0_refuses_negative_numbers_and_nan(value):
    with pytest.raises(ValueError, match="value"):
        E8M0.encode(value)


def test_e8m0_refuses_what_is_no_pattern():
    for pattern, error in ((256, ValueError), (-1, ValueError), (1.0, TypeError), ("1", TypeError)):
        with pytest.raises(error, match="pattern"):
            E8M0.decode(pattern)


def test_a_format_of_scales_of_another_width_is_as_good():
    e5m0 = PowerFormat("e5m0", 5, bias=15)
    assert (e5m0.smallest, e5m0.largest) == (2.0**-15, 2.0**15)
    assert e5m0.encode(e5m0.decode(np.arange(31))).tolist() == [*range(31)]
    assert bits_per_value(replace(MXFP4, scale=e5m0, block=5)) == 5
    for bits, bias, word in ((1, 0, "bits"), (11, 0, "bits"), (8, 2000, "bias"), (8, -1, "bias")):
        with pytest.raises(ValueError, match=word):
            PowerFormat("x", bits, bias)


# Elements that no slide has


@pytest.mark.parametrize("fmt", SIXES, ids=lambda fmt: fmt.name)
def test_every_fp6_pattern_is_decoded_as_ml_dtypes_and_gfloat_do_and_encoded_again(fmt):
    patterns = np.arange(64, dtype=np.uint8)
    dtype, info = SIXES[fmt]
    ours = decode(patterns, fmt)
    np.testing.assert_array_equal(ours, patterns.view(dtype).astype(np.float64))
    np.testing.assert_array_equal(ours, gfloat.decode_ndarray(info, patterns))
    np.testing.assert_array_equal(encode(ours, fmt), patterns)


def test_the_limits_of_fp6_are_the_published_ones():
    # microsoft/microxcaling, mx/formats.py; torchao/prototype/mx_formats/constants.py
    assert (FP6_E3M2.largest, FP6_E3M2.smallest_normal, FP6_E3M2.smallest_subnormal) == (28.0, 0.25, 0.0625)
    assert (FP6_E2M3.largest, FP6_E2M3.smallest_normal, FP6_E2M3.smallest_subnormal) == (7.5, 1.0, 0.125)


def test_nf4_levels_are_those_that_bitsandbytes_prints():
    np.testing.assert_allclose(NF4_LEVELS.values, NF4_PRINTED, rtol=0, atol=1.3e-7)
    assert NF4_LEVELS.values[7] == 0
    assert (NF4_LEVELS.smallest, NF4_LEVELS.largest) == (-1, 1)


def test_values_go_to_nf4_levels_at_the_boundaries_that_bitsandbytes_prints():
    below, above = np.array(NF4_BOUNDARIES) - 1e-6, np.array(NF4_BOUNDARIES) + 1e-6
    assert nearest_codes(below, NF4_LEVELS).tolist() == [*range(15)]
    assert nearest_codes(above, NF4_LEVELS).tolist() == [*range(1, 16)]


def test_about_as_many_normal_numbers_fall_to_each_nf4_level_and_not_to_levels_in_equal_steps():
    # NF4 is made for blocks of normal numbers, over the largest of 64: here over 2, near its mean
    numbers = np.random.default_rng(0).normal(size=100_000) / 1.85
    shares = np.bincount(nearest_codes(numbers, NF4_LEVELS), minlength=16) / numbers.size
    even = np.bincount(nearest_codes(numbers, Levels("even", tuple(np.linspace(-1, 1, 16)))), minlength=16)
    assert shares.min() > 0.04
    assert shares.max() < 0.09
    assert even.min() / numbers.size < 0.03


def test_the_code_of_nf4s_scales_has_256_levels_and_a_zero():
    assert (DYNAMIC.bits, len(DYNAMIC.values), DYNAMIC.largest) == (8, 256, 1.0)
    assert 0.0 in DYNAMIC.values


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ((0, 1, 2), ValueError),
        ((1,), ValueError),
        ((), ValueError),
        ((1, 0), ValueError),
        ((0, 0), ValueError),
        ((0, math.inf), ValueError),
        ((math.nan, 1), ValueError),
        (((0, 1), (2, 3)), ValueError),
        (("0", "1"), TypeError),
        (None, TypeError),
    ],
)
def test_levels_that_are_no_code_are_refused(values, error):
    with pytest.raises(error, match="values"):
        Levels("mine", values)


def test_levels_hold_plain_floats_and_are_hashed_whatever_they_were_made_of():
    assert Levels("mine", np.array([0, 1])) == Levels("mine", (0.0, 1.0))
    assert hash(Levels("mine", [0, 1])) == hash(Levels("mine", (0.0, 1.0)))


@pytest.mark.parametrize("exponent_bits", range(2, 7))
def test_any_split_of_eight_bits_makes_a_block_format(exponent_bits):
    bias = 2 ** (exponent_bits - 1) - 1
    split = FloatFormat("mine", exponent_bits, 7 - exponent_bits, bias, has_infinity=False, has_nan=False)
    fmt = BlockFormat("mine", split, 32, E8M0, POWER_OF_TWO)
    assert bits_per_value(fmt) == 8.25
    assert element_values(np.array([split.largest_pattern]), split).item() == fmt.highest == split.largest


def test_the_range_of_elements_is_that_of_their_format():
    assert (MXFP4.lowest, MXFP4.highest) == (-6, 6)
    assert (NVFP4.lowest, replace(NVFP4, element=FP8_E4M3).highest) == (-6, 448)
    assert (Q8_0.lowest, Q8_0.highest) == (-128, 127)
    assert (Q4_0.lowest, Q4_0.highest, Q4_1.lowest, Q4_1.highest) == (-8, 7, 0, 15)
    assert element_values(np.array([0x80, 0x7F]), INT8).tolist() == [-128, 127]
    assert element_values(np.array([7, 15]), FP4_E2M1).tolist() == [6, -6]
