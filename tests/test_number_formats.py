"""`course_lib.number_formats` against numpy, ml_dtypes, gfloat, the formats' published figures, and brute force."""

from fractions import Fraction
from itertools import product

import gfloat
import ml_dtypes
import numpy as np
import pytest
from gfloat import formats as gfloat_formats
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.number_formats import (
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
    Fields,
    FloatFormat,
    IntFormat,
    decode,
    encode,
    fields,
    neighbours,
    pattern_from_fields,
    spacing,
)

SMALL = {
    FP16: (np.dtype(np.float16), gfloat_formats.format_info_binary16),
    BF16: (np.dtype(ml_dtypes.bfloat16), gfloat_formats.format_info_bfloat16),
    FP8_E4M3: (np.dtype(ml_dtypes.float8_e4m3fn), gfloat_formats.format_info_ocp_e4m3),
    FP8_E5M2: (np.dtype(ml_dtypes.float8_e5m2), gfloat_formats.format_info_ocp_e5m2),
    FP4_E2M1: (np.dtype(ml_dtypes.float4_e2m1fn), gfloat_formats.format_info_ocp_e2m1),
}
FLOATS = [fmt for fmt in FORMATS.values() if isinstance(fmt, FloatFormat)]
every_small = pytest.mark.parametrize("fmt", SMALL, ids=lambda fmt: fmt.name)
every_float = pytest.mark.parametrize("fmt", FLOATS, ids=lambda fmt: fmt.name)
quick = settings(deadline=None, max_examples=100)
TEN_MILLION = 10_000_000
BATCH = 500_000


def unsigned(fmt):
    return np.min_scalar_type(2**fmt.bits - 1)


def all_patterns(fmt):
    return np.arange(2**fmt.bits, dtype=unsigned(fmt))


def edge_patterns(fmt):
    """All exponents with the significands at the ends, in the middle and beside them, both signs."""
    top = 2**fmt.significand_bits - 1
    significands = [0, 1, 2, 3, top // 2 - 1, top // 2, top // 2 + 1, top // 2 + 2, top - 2, top - 1, top]
    grid = np.array(list(product([0, 1], range(2**fmt.exponent_bits), significands)), dtype=np.uint64)
    sign, exponent, significand = grid.T
    return (sign << (fmt.bits - 1) | exponent << fmt.significand_bits | significand).astype(unsigned(fmt))


def cast(patterns, dtype):
    with np.errstate(invalid="ignore"):
        return patterns.view(dtype).astype(np.float64)


def assert_same_floats(ours, oracle):
    """Bit for bit; of a NaN its sign only, for the oracles disagree about the rest of it."""
    assert ours.dtype == oracle.dtype == np.float64
    nan = np.isnan(oracle)
    np.testing.assert_array_equal(np.isnan(ours), nan)
    np.testing.assert_array_equal(ours.view(np.uint64)[~nan], oracle.view(np.uint64)[~nan])
    np.testing.assert_array_equal(np.signbit(ours[nan]), np.signbit(oracle[nan]))


def assert_same_patterns(ours, oracle, fmt):
    """Bit for bit; of two NaNs the sign only."""
    nan = np.isnan(decode(oracle, fmt))
    np.testing.assert_array_equal(np.isnan(decode(ours, fmt)), nan)
    np.testing.assert_array_equal(ours[~nan], oracle[~nan])
    np.testing.assert_array_equal(ours[nan] >> (fmt.bits - 1), oracle[nan] >> (fmt.bits - 1))


# Published figures


@pytest.mark.parametrize(
    ("fmt", "bits", "largest", "smallest_normal", "smallest_subnormal", "epsilon", "digits"),
    [
        # IEEE 754-2019, table 3.5
        (FP64, 64, (2 - 2.0**-52) * 2.0**1023, 2.0**-1022, 2.0**-1074, 2.0**-52, 15),
        (FP32, 32, (2 - 2.0**-23) * 2.0**127, 2.0**-126, 2.0**-149, 2.0**-23, 6),
        (FP16, 16, 65504.0, 2.0**-14, 2.0**-24, 2.0**-10, 3),
        # NVIDIA A100 whitepaper, figure 9: 8 bits of range, 10 of precision
        (TF32, 19, (2 - 2.0**-10) * 2.0**127, 2.0**-126, 2.0**-136, 2.0**-10, 3),
        (BF16, 16, (2 - 2.0**-7) * 2.0**127, 2.0**-126, 2.0**-133, 2.0**-7, 2),
        # Open Compute Project, Microscaling formats 1.0, tables 1, 2 and 5
        (FP8_E4M3, 8, 448.0, 2.0**-6, 2.0**-9, 2.0**-3, 0),
        (FP8_E5M2, 8, 57344.0, 2.0**-14, 2.0**-16, 2.0**-2, 0),
        (FP4_E2M1, 4, 6.0, 1.0, 0.5, 2.0**-1, 0),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_formats_limits_are_the_published_ones(
    fmt, bits, largest, smallest_normal, smallest_subnormal, epsilon, digits
):
    assert fmt.bits == bits
    assert fmt.largest == largest
    assert fmt.smallest_normal == smallest_normal
    assert fmt.smallest_subnormal == smallest_subnormal
    assert fmt.epsilon == epsilon
    assert fmt.decimal_digits == digits
    assert decode(encode(1, fmt) + 1, fmt) - 1 == epsilon


@every_small
def test_a_formats_limits_are_those_of_the_oracles_finfo(fmt):
    info = ml_dtypes.finfo(SMALL[fmt][0])
    assert (fmt.largest, fmt.smallest_normal, fmt.smallest_subnormal, fmt.epsilon) == (
        float(info.max),
        float(info.smallest_normal),
        float(info.smallest_subnormal),
        float(info.eps),
    )


def test_the_slides_pi_is_decoded_and_encoded_as_the_hardware_does():
    assert decode(0b0_10000000_10010010000111111011011, FP32) == 3.1415927410125732
    assert encode(np.pi, FP32) == 0x40490FDB
    assert decode(0b0_10000_1001001000, FP16) == 3.140625
    assert encode(np.pi, FP16) == 0x4248


def test_int8_is_minus_128_to_127_and_int4_minus_8_to_7():
    assert (INT8.smallest, INT8.largest, INT4.smallest, INT4.largest) == (-128, 127, -8, 7)


# decode


@every_small
def test_every_pattern_is_decoded_as_the_cast_of_numpy_or_ml_dtypes_does(fmt):
    assert_same_floats(decode(all_patterns(fmt), fmt), cast(all_patterns(fmt), SMALL[fmt][0]))


@every_small
def test_every_pattern_is_decoded_as_gfloat_does(fmt):
    ours, oracle = decode(all_patterns(fmt), fmt), gfloat.decode_ndarray(SMALL[fmt][1], all_patterns(fmt))
    np.testing.assert_array_equal(ours, oracle)
    number = ~np.isnan(oracle)
    np.testing.assert_array_equal(np.signbit(ours[number]), np.signbit(oracle[number]))


def test_every_tf32_pattern_is_decoded_as_the_fp32_pattern_with_13_more_zeros():
    patterns = all_patterns(TF32)
    assert_same_floats(decode(patterns, TF32), cast(patterns << 13, np.float32))


@every_small
def test_patterns_that_are_looked_up_are_decoded_as_patterns_one_by_one(fmt):
    patterns = np.random.default_rng(1).integers(0, 2**fmt.bits, 2 ** (fmt.bits + 1), dtype=unsigned(fmt))
    in_pieces = np.concatenate([decode(piece, fmt) for piece in np.array_split(patterns, 4)])
    assert_same_floats(decode(patterns, fmt), in_pieces)


@pytest.mark.parametrize(("fmt", "dtype"), [(FP32, np.float32), (FP64, np.float64)], ids=["fp32", "fp64"])
def test_all_exponents_with_edge_significands_are_decoded_as_numpy_does(fmt, dtype):
    assert_same_floats(decode(edge_patterns(fmt), fmt), cast(edge_patterns(fmt), dtype))


@pytest.mark.parametrize("name", ["binary32", "binary64"])
def test_all_exponents_with_edge_significands_are_decoded_as_gfloat_does(name):
    fmt, info = {"binary32": (FP32, "format_info_binary32"), "binary64": (FP64, "format_info_binary64")}[name]
    patterns = edge_patterns(fmt)
    with np.errstate(over="ignore"):
        oracle = gfloat.decode_ndarray(getattr(gfloat_formats, info), patterns)
    np.testing.assert_array_equal(decode(patterns, fmt), oracle)


@pytest.mark.parametrize(("fmt", "dtype"), [(FP32, np.float32), (FP64, np.float64)], ids=["fp32", "fp64"])
def test_ten_million_random_patterns_are_decoded_as_numpy_does(fmt, dtype):
    rng = np.random.default_rng(fmt.bits)
    for _ in range(TEN_MILLION // BATCH):
        patterns = rng.integers(0, 2**fmt.bits, BATCH, dtype=unsigned(fmt))
        assert_same_floats(decode(patterns, fmt), cast(patterns, dtype))


def test_every_int8_and_int4_pattern_is_decoded_as_twos_complement():
    np.testing.assert_array_equal(decode(all_patterns(INT8), INT8), all_patterns(INT8).view(np.int8))
    np.testing.assert_array_equal(decode(all_patterns(INT4), INT4), [*range(8), *range(-8, 0)])


def test_a_single_pattern_gives_a_python_float_and_an_array_keeps_its_shape():
    assert type(decode(0x3C00, FP16)) is float
    assert type(encode(1.0, FP16)) is int
    assert decode(np.zeros((2, 3), np.uint16), FP16).shape == (2, 3)
    assert encode(np.zeros((2, 3)), FP16).shape == (2, 3)
    assert decode([], FP16).shape == encode([], FP16).shape == (0,)


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.int64, np.uint64])
def test_patterns_may_come_in_any_integer_type(dtype):
    assert decode(np.array([0x4248, 0x7C00], dtype), FP16).tolist() == [3.140625, np.inf]


@quick
@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=6))
def test_a_list_of_fp64_patterns_of_both_signs_is_decoded_bit_for_bit(patterns):
    array = np.array(patterns, np.uint64)
    for mixed in (patterns, [[one] for one in patterns], np.array(patterns, object), tuple(array)):
        decoded = decode(mixed, FP64)
        assert decoded.dtype == np.float64
        assert_same_floats(decoded.ravel(), decode(array, FP64))
        np.testing.assert_array_equal(fields(mixed, FP64).significand.ravel(), fields(array, FP64).significand)
    assert decode([1 << 63, 0, 5], FP64).tolist() == [-0.0, 0.0, 2.5e-323]


@pytest.mark.parametrize("pattern", [[1 << 63, -1], [1 << 64, 0], [10**400], [0, 2**16]], ids=str)
def test_a_list_with_a_pattern_out_of_range_is_refused(pattern):
    fmt = FP16 if pattern == [0, 2**16] else FP64
    with pytest.raises(ValueError, match=r"^pattern must be a whole number from 0 to "):
        decode(pattern, fmt)


@pytest.mark.parametrize("pattern", [[1 << 63, 0.0], [1.0, 2.0], [1, True], [1, None], [[1], [1, 2]]], ids=str)
def test_a_list_with_anything_but_patterns_is_refused(pattern):
    for function in (decode, fields, neighbours, spacing):
        with pytest.raises(TypeError, match=r"^pattern must be a whole number from 0 to "):
            function(pattern, FP64)


# encode


@every_small
def test_every_number_is_encoded_as_its_own_pattern(fmt):
    patterns = all_patterns(fmt)
    assert_same_patterns(encode(decode(patterns, fmt), fmt), patterns, fmt)


def around_every_tie(fmt, dtype):
    """Each number, the point half-way to the next (after the largest too), and what lies just beside these points."""
    numbers = decode(np.arange(fmt.largest_pattern + 1), fmt)
    numbers = np.append(numbers, fmt.largest + spacing(fmt.largest_pattern, fmt))
    points = np.concatenate([numbers, (numbers[1:] + numbers[:-1]) / 2, [fmt.largest * 2, 1e300, np.inf]])
    with np.errstate(over="ignore", under="ignore"):
        points = points.astype(dtype)
        points = np.concatenate([points, np.nextafter(points, dtype(np.inf)), np.nextafter(points, dtype(-np.inf))])
    return np.concatenate([points, -points])


@every_small
def test_ties_their_neighbours_and_overflow_are_encoded_as_gfloat_does(fmt):
    values, info = around_every_tie(fmt, np.float64), SMALL[fmt][1]
    with np.errstate(over="ignore"):
        oracle = gfloat.encode_ndarray(info, gfloat.round_ndarray(info, values, sat=not fmt.has_nan))
    ours = encode(values, fmt)
    number = ~np.isnan(decode(ours, fmt))  # gfloat's NaN has no sign of its own
    np.testing.assert_array_equal(number, ~np.isnan(gfloat.decode_ndarray(info, oracle)))
    np.testing.assert_array_equal(ours[number], oracle[number])


@every_small
def test_ties_their_neighbours_and_overflow_are_encoded_as_the_cast_does(fmt):
    # From float32: ml_dtypes takes float64 to float32 first, and so rounds twice.
    values = around_every_tie(fmt, np.float32)
    with np.errstate(over="ignore"):
        oracle = values.astype(SMALL[fmt][0]).view(unsigned(fmt))
    assert_same_patterns(encode(values, fmt), oracle, fmt)


def test_a_value_just_above_a_tie_is_rounded_once_not_twice():
    just_above = np.nextafter(1 + 2.0**-8, 2)
    assert decode(encode(just_above, BF16), BF16) == 1 + 2.0**-7
    assert decode(encode(np.float32(just_above), BF16), BF16) == 1.0


def test_ties_and_their_neighbours_of_fp32_are_encoded_as_numpy_does():
    numbers = decode(edge_patterns(FP32), FP32)
    numbers = numbers[np.isfinite(numbers)]
    step = spacing(encode(numbers, FP32), FP32)
    ties = np.concatenate([numbers + step / 2, numbers - step / 2, numbers])
    values = np.concatenate([ties, np.nextafter(ties, np.inf), np.nextafter(ties, -np.inf), [1e300, -1e300, np.inf]])
    with np.errstate(over="ignore", under="ignore"):
        oracle = values.astype(np.float32).view(np.uint32)
    assert_same_patterns(encode(values, FP32), oracle, FP32)


def test_ten_million_random_values_are_encoded_in_fp32_as_numpy_does():
    rng = np.random.default_rng(32)
    for _ in range(TEN_MILLION // BATCH):
        exponent = rng.integers(1023 - 155, 1023 + 130, BATCH, dtype=np.uint64)  # a little past fp32 on both sides
        sign_and_significand = rng.integers(0, 2**53, BATCH, dtype=np.uint64)
        bits = (sign_and_significand >> 52) << 63 | exponent << 52 | sign_and_significand & (2**52 - 1)
        values = bits.view(np.float64)
        with np.errstate(over="ignore", under="ignore"):
            oracle = values.astype(np.float32).view(np.uint32)
        np.testing.assert_array_equal(encode(values, FP32), oracle)


def test_ten_million_random_values_are_encoded_in_fp64_as_they_are_stored():
    rng = np.random.default_rng(64)
    for _ in range(TEN_MILLION // BATCH):
        patterns = rng.integers(0, 2**64, BATCH, dtype=np.uint64)
        assert_same_patterns(encode(patterns.view(np.float64), FP64), patterns, FP64)
    edges = edge_patterns(FP64)
    assert_same_patterns(encode(edges.view(np.float64), FP64), edges, FP64)


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from([FP8_E4M3, FP8_E5M2, FP4_E2M1, FloatFormat("fp6 e3m2", 3, 2, 3, False, False)]),
    st.floats(-1e5, 1e5) | st.floats(-8, 8),
)
def test_a_value_is_encoded_as_the_nearest_number_found_by_search(fmt, value):
    exact = abs(Fraction(value))
    candidates = [(Fraction(decode(p, fmt)), p) for p in range(fmt.largest_pattern + 1)]
    beyond = candidates[-1][0] + Fraction(spacing(fmt.largest_pattern, fmt))
    candidates.append((beyond, fmt.largest_pattern + 1))  # where rounding overflows
    _, nearest = min(candidates, key=lambda candidate: (abs(candidate[0] - exact), candidate[1] % 2))
    overflow = fmt.largest_pattern + fmt.has_nan
    sign = 2 ** (fmt.bits - 1) if np.signbit(value) else 0
    assert encode(value, fmt) == min(nearest, overflow) + sign


@pytest.mark.parametrize(
    ("fmt", "value", "stored"),
    [
        (FP16, 65519.99, 65504.0),
        (FP16, 65520.0, np.inf),
        (FP16, -np.inf, -np.inf),
        (FP8_E5M2, 61440.0, np.inf),
        (FP8_E4M3, 464.0, 448.0),
        (FP8_E4M3, 464.01, np.nan),
        (FP8_E4M3, np.inf, np.nan),
        (FP4_E2M1, 1e9, 6.0),
        (FP4_E2M1, -np.inf, -6.0),
        (INT8, 127.5, 127.0),
        (INT8, 128.0, 127.0),
        (INT8, -1e30, -128.0),
        (INT8, 2.5, 2.0),
        (INT8, 3.5, 4.0),
        (INT4, -np.inf, -8.0),
    ],
    ids=str,
)
def test_what_is_too_large_becomes_infinity_or_nan_or_saturates_and_never_wraps(fmt, value, stored):
    np.testing.assert_equal(decode(encode(value, fmt), fmt), stored)


@every_float
def test_nan_is_encoded_as_a_nan_with_its_sign_or_refused(fmt):
    if fmt.has_nan:
        positive, negative = encode(np.array([np.nan, -np.nan]), fmt)
        assert fields(positive, fmt).kind == fields(negative, fmt).kind == "nan"
        assert negative - positive == 2 ** (fmt.bits - 1)
    else:
        with pytest.raises(ValueError, match=r"value must be a number, for fp4 e2m1 has no NaN; got nan"):
            encode(np.nan, fmt)


@pytest.mark.parametrize(
    ("fmt", "quiet"),
    [
        (FP64, 0x7FF8 << 48),
        (FP32, 0x7FC00000),
        (TF32, 0x3FE00),
        (FP16, 0x7E00),
        (BF16, 0x7FC0),
        (FP8_E5M2, 0x7E),
        (FP8_E4M3, 0x7F),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_nan_is_encoded_as_the_quiet_nan_with_the_first_bit_of_its_significand_set(fmt, quiet):
    assert encode(np.nan, fmt) == quiet
    assert encode([-np.nan, 1.0], fmt)[0] == quiet + 2 ** (fmt.bits - 1)


@every_float
def test_a_value_out_of_range_is_encoded_as_the_pattern_after_the_last_number_or_as_the_last(fmt):
    last = fmt.largest_pattern + (fmt.has_infinity or fmt.has_nan)
    assert (last == fmt.largest_pattern) == (fmt is FP4_E2M1)
    half_a_step_beyond = [10**400] if fmt is FP64 else [fmt.largest + spacing(fmt.largest_pattern, fmt) * 0.51, 1e300]
    for value in (*half_a_step_beyond, np.inf):
        assert encode(value, fmt) == last
        assert encode([1.0, -value], fmt).tolist() == [encode(1.0, fmt), last + 2 ** (fmt.bits - 1)]
    assert encode(fmt.largest, fmt) == fmt.largest_pattern


def test_an_integer_out_of_range_is_encoded_as_the_nearest_end():
    for fmt in (INT8, INT4, IntFormat("int53", 53)):
        ends = [2 ** (fmt.bits - 1) - 1, 2 ** (fmt.bits - 1)]
        beyond = [fmt.largest + 1, fmt.smallest - 1]
        assert encode(beyond, fmt).tolist() == encode([float(one) for one in beyond], fmt).tolist() == ends
        assert encode([np.inf, -np.inf], fmt).tolist() == encode([1e300, -1e300], fmt).tolist() == ends
        assert encode([fmt.largest, fmt.smallest], fmt).tolist() == ends


def test_nan_is_refused_by_the_integer_formats():
    with pytest.raises(ValueError, match=r"value must be a number, for int8 has no NaN"):
        encode([1.0, np.nan], INT8)


@settings(deadline=None, max_examples=200)
@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_a_larger_value_never_has_a_smaller_code(first, second):
    low, high = sorted([first, second])
    for fmt in (FP32, TF32, FP16, BF16, FP8_E5M2, FP4_E2M1, INT8, INT4):
        assert decode(encode(low, fmt), fmt) <= decode(encode(high, fmt), fmt)


# fields


@pytest.mark.parametrize("fmt", [*SMALL, INT8, INT4], ids=lambda fmt: fmt.name)
def test_every_pattern_survives_the_way_through_its_fields(fmt):
    parts = fields(all_patterns(fmt), fmt)
    np.testing.assert_array_equal(
        pattern_from_fields(parts.sign, parts.exponent, parts.significand, fmt), all_patterns(fmt)
    )


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(list(FORMATS.values())), st.integers(0, 2**64 - 1))
def test_any_pattern_survives_the_way_through_its_fields(fmt, number):
    pattern = number % 2**fmt.bits
    parts = fields(pattern, fmt)
    assert pattern_from_fields(parts.sign, parts.exponent, parts.significand, fmt) == pattern


@pytest.mark.parametrize("payload", [1, 0x2A, 2**51, 2**52 - 1])
def test_a_nans_payload_survives_the_way_through_its_fields(payload):
    pattern = pattern_from_fields(1, 2047, payload, FP64)
    assert fields(pattern, FP64)[:4] == (1, 2047, payload, "nan")
    assert pattern == 0xFFF << 52 | payload


@every_small
def test_every_kind_is_the_one_that_the_oracle_sees(fmt):
    dtype = SMALL[fmt][0]
    values = cast(all_patterns(fmt), dtype)
    kind = fields(all_patterns(fmt), fmt).kind
    np.testing.assert_array_equal(kind == "nan", np.isnan(values))
    np.testing.assert_array_equal(kind == "infinity", np.isinf(values))
    np.testing.assert_array_equal(kind == "zero", values == 0)
    tiny = float(ml_dtypes.finfo(dtype).smallest_normal)
    np.testing.assert_array_equal(kind == "subnormal", (values != 0) & (np.abs(values) < tiny))
    np.testing.assert_array_equal(kind == "normal", np.isfinite(values) & (np.abs(values) >= tiny))


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(FLOATS), st.integers(0, 2**64 - 1))
def test_the_fields_put_into_the_slides_formula_give_the_value(fmt, number):
    pattern = number % 2**fmt.bits
    sign, exponent, significand, kind, power = fields(pattern, fmt)
    fraction = Fraction(significand, 2**fmt.significand_bits)
    if kind == "normal":
        expected = (-1) ** sign * Fraction(2) ** (exponent - fmt.bias) * (1 + fraction)
    elif kind in ("subnormal", "zero"):
        expected = (-1) ** sign * Fraction(2) ** (1 - fmt.bias) * fraction
    else:
        assert not np.isfinite(decode(pattern, fmt))
        return
    assert Fraction(decode(pattern, fmt)) == expected
    assert np.signbit(decode(pattern, fmt)) == sign
    assert power == (exponent - fmt.bias if kind == "normal" else 1 - fmt.bias)


def test_fields_of_one_pattern_are_python_numbers_and_an_integer_has_no_exponent():
    assert fields(0xC248, FP16) == Fields(1, 16, 0x248, "normal", 1)
    assert fields(0x81, INT8) == Fields(1, 0, 1, "integer", 0)


# neighbours and spacing


def test_neighbours_of_every_fp16_and_bf16_pattern_are_those_of_nextafter():
    for fmt in (FP16, BF16):
        dtype = SMALL[fmt][0]
        patterns = all_patterns(fmt)
        patterns = patterns[~np.isnan(decode(patterns, fmt))]
        for found, end in zip(neighbours(patterns, fmt), (-np.inf, np.inf), strict=True):
            with np.errstate(over="ignore", under="ignore"):
                oracle = np.nextafter(patterns.view(dtype), np.array(end, dtype))
            at_zero = decode(patterns, fmt) == end  # nextafter(inf, inf) is inf, as here
            np.testing.assert_array_equal(decode(found, fmt), oracle.astype(np.float64))
            np.testing.assert_array_equal(found[at_zero], patterns[at_zero])


@settings(deadline=None, max_examples=200)
@given(st.floats(allow_nan=False), st.floats(allow_nan=False, width=32))
def test_neighbours_in_fp64_and_fp32_are_those_of_nextafter(double, single):
    for fmt, value in ((FP64, np.float64(double)), (FP32, np.float32(single))):
        below, above = neighbours(encode(value, fmt), fmt)
        with np.errstate(over="ignore", under="ignore"):
            assert decode(below, fmt) == np.nextafter(value, type(value)(-np.inf))
            assert decode(above, fmt) == np.nextafter(value, type(value)(np.inf))


@every_small
def test_neighbours_walk_through_every_value_in_order(fmt):
    last = fmt.largest_pattern + fmt.has_infinity
    pattern, values = 2 ** (fmt.bits - 1) + last, []
    while pattern != last:
        values.append(decode(pattern, fmt))
        assert decode(neighbours(pattern, fmt).above, fmt) > values[-1]
        pattern = neighbours(pattern, fmt).above
        if len(values) > 300:  # 16 bits: the test with nextafter has them all
            break
    if fmt.bits <= 8:
        assert len(values) == 2 * last
    assert neighbours(last, fmt).above == last


def test_neighbours_of_a_subnormal_are_zeros_of_its_sign():
    assert neighbours(0x0001, FP16) == (0x0000, 0x0002)
    assert neighbours(0x8001, FP16) == (0x8002, 0x8000)
    assert neighbours(0x8000, FP16) == neighbours(0x0000, FP16) == (0x8001, 0x0001)


def test_neighbours_of_an_integer_are_one_away_and_end_at_the_last():
    assert [decode(p, INT8) for p in neighbours(encode(0, INT8), INT8)] == [-1, 1]
    assert neighbours(encode(127, INT8), INT8).above == encode(127, INT8)
    assert neighbours(encode(-8, INT4), INT4).below == encode(-8, INT4)


def test_a_nan_has_no_neighbours():
    with pytest.raises(ValueError, match="pattern must be a number's, for a NaN has no neighbours; got 32256"):
        neighbours(0x7E00, FP16)


def test_the_spacing_of_every_fp16_number_is_numpys():
    positive = np.arange(0x7BFF, dtype=np.uint16)  # without the largest, for which numpy gives infinity
    np.testing.assert_array_equal(spacing(positive, FP16), np.spacing(positive.view(np.float16)).astype(np.float64))
    np.testing.assert_array_equal(spacing(positive | 0x8000, FP16), spacing(positive, FP16))
    assert spacing(0x7BFF, FP16) == 32


@pytest.mark.parametrize(("fmt", "step"), [(BF16, 2.0), (FP16, 0.25), (FP32, 2.0**-15), (FP8_E4M3, 32.0), (INT8, 1.0)])
def test_the_spacing_at_256_shows_the_formats_precision(fmt, step):
    assert spacing(encode(256, fmt), fmt) == step


def test_infinity_and_nan_have_no_spacing():
    for pattern in (0x7C00, 0xFC00, 0x7E00):
        with pytest.raises(ValueError, match="pattern must be a finite number's"):
            spacing(pattern, FP16)


# Refusals


@pytest.mark.parametrize(
    ("pattern", "error", "message"),
    [
        (-1, ValueError, r"pattern must be a whole number from 0 to 65535 \(16 bits\) for fp16; got -1"),
        (65536, ValueError, "got 65536"),
        (2**70, ValueError, f"got {2**70}"),
        ([3, 65536], ValueError, r"got \[3, 65536\]"),
        (np.array([-1], np.int8), ValueError, r"got array\(\[-1\]"),
        (1.0, TypeError, r"pattern must be a whole number from 0 to 65535 \(16 bits\) for fp16; got 1.0"),
        ("0x4248", TypeError, "got '0x4248'"),
        (True, TypeError, "got True"),
        (None, TypeError, "got None"),
    ],
    ids=str,
)
def test_what_is_not_a_pattern_is_refused_with_what_is_accepted(pattern, error, message):
    for function in (decode, fields, neighbours, spacing):
        with pytest.raises(error, match=message):
            function(pattern, FP16)


@pytest.mark.parametrize("value", ["3.14", True, None, 1j, [1, "a"]], ids=str)
def test_what_is_not_a_number_is_not_encoded(value):
    with pytest.raises(TypeError, match="value must be a number"):
        encode(value, FP16)


@pytest.mark.parametrize("fmt", ["fp16", np.float16, None], ids=str)
def test_a_format_by_another_name_is_refused(fmt):
    for function in (decode, encode, fields, neighbours, spacing):
        with pytest.raises(TypeError, match="fmt must be a FloatFormat or an IntFormat, such as FP16"):
            function(1, fmt)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((2, 0, 0), r"sign must be a whole number from 0 to 1 \(1 bits\) for fp16; got 2"),
        ((0, 32, 0), r"exponent must be a whole number from 0 to 31 \(5 bits\) for fp16; got 32"),
        ((0, 0, 1024), r"significand must be a whole number from 0 to 1023 \(10 bits\) for fp16; got 1024"),
    ],
)
def test_a_field_that_does_not_fit_is_named(parts, message):
    with pytest.raises(ValueError, match=message):
        pattern_from_fields(*parts, FP16)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("x", 1, 3, 1), "exponent_bits must be a whole number of at least 2 and at most 11; got 1"),
        (("x", 5, 53, 15), "significand_bits must be a whole number of at least 1 and at most 52; got 53"),
        (("x", 5, 2, 2000), "bias must be a whole number of at least 1 and at most 1023; got 2000"),
        (("x", 11, 52, 1000), "bias must leave a largest exponent of at most 1023"),
        (("x", 5, 2, 15, True, False), "has_nan must be True for a format that has an infinity; got False"),
    ],
)
def test_a_format_that_float64_does_not_hold_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        FloatFormat(*arguments)


def test_an_integer_format_too_wide_for_float64_is_refused():
    with pytest.raises(ValueError, match="bits must be a whole number of at least 2 and at most 53; got 64"):
        IntFormat("int64", 64)


def test_the_table_of_formats_has_each_by_its_own_name():
    assert list(FORMATS) == [
        "fp64",
        "fp32",
        "tf32",
        "fp16",
        "bf16",
        "fp8 e4m3",
        "fp8 e5m2",
        "fp4 e2m1",
        "int8",
        "int4",
    ]
    assert all(FORMATS[name].name == name for name in FORMATS)
