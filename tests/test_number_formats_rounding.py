"""`course_lib.number_formats` against exact fractions, numpy's own casts and published numbers."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
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
    INT8,
    TF32,
    carry,
    decode,
    encode,
    encode_decimal,
    read_decimal,
)

SMALL = [FP16, BF16, TF32, FP8_E4M3, FP8_E5M2, FP4_E2M1, INT8]
quick = settings(deadline=None, max_examples=150)


def exact_nearest(number, fmt):
    """Return the nearest of all finite numbers of a format, and of two the one with the even pattern."""
    patterns = np.arange(2**fmt.bits, dtype=np.uint64)
    values = decode(patterns, fmt)
    near = np.argsort(np.abs(np.where(np.isfinite(values), values, np.inf) - float(number)), kind="stable")[:4]
    ranked = [(abs(Fraction(float(values[i])) - number), int(patterns[i]) % 2, int(patterns[i])) for i in near]
    return float(decode(min(ranked)[2], fmt))


@quick
@given(st.sampled_from([FP8_E4M3, FP8_E5M2, FP4_E2M1, INT8, FP16]), st.decimals(-6, 6, places=30))
def test_a_number_in_writing_becomes_the_nearest_one_of_all(fmt, number):
    stored = decode(encode_decimal(str(number), fmt), fmt)
    assert stored == exact_nearest(Fraction(number), fmt)


@quick
@given(st.floats(allow_nan=False))
def test_fp64_takes_what_python_takes(number):
    assert encode_decimal(repr(number), FP64) == int(np.float64(number).view(np.uint64))


@quick
@given(st.floats(-6e4, 6e4), st.sampled_from([*SMALL, FP32]))
def test_what_float64_holds_exactly_is_rounded_as_encode_rounds_it(number, fmt):
    assert encode_decimal(str(Decimal(number)), fmt) == encode(number, fmt)


@pytest.mark.parametrize(
    ("fmt", "below", "step"),
    [(FP32, 1, 2.0**-23), (FP16, 1, 2.0**-10), (BF16, 256, 2.0), (FP8_E4M3, 16, 2.0), (INT8, 100, 1.0)],
)
def test_a_hair_beside_a_tie_decides_though_float64_cannot_see_it(fmt, below, step):
    tie, hair = Decimal(below) + Decimal(step) / 2, Decimal("1e-20")
    above = below + step
    assert decode(encode_decimal(str(tie), fmt), fmt) == below  # to the even pattern
    assert decode(encode_decimal(f"{tie + hair:f}", fmt), fmt) == above
    assert decode(encode_decimal(f"{tie - hair:f}", fmt), fmt) == below
    assert decode(encode(float(tie + hair), fmt), fmt) == below  # what rounding twice makes of it


def test_a_tenth_in_every_format_of_slide_s6():
    assert carry("0.1", FP32)[:2] == (0x3DCCCCCD, float(np.float32(0.1)))
    assert carry("0.1", FP16)[:2] == (0x2E66, 0.0999755859375)
    assert carry("0.1", BF16)[:2] == (0x3DCD, 0.10009765625)
    assert carry("0.1", INT8)[:2] == (0, 0.0)


def test_even_fp64_has_an_error_of_a_tenth():
    error = Fraction(0.1) - Fraction(1, 10)
    assert carry("0.1", FP64).absolute_error == float(error)
    assert carry("0.1", FP64).relative_error == float(error * 10)


@quick
@given(st.sampled_from([*FORMATS.values()]), st.decimals(-400, 400, places=12))
def test_errors_are_those_of_exact_fractions(fmt, number):
    carried = carry(str(number), fmt)
    if math.isfinite(carried.value):
        error = abs(Fraction(carried.value) - Fraction(number))
        assert carried.absolute_error == float(error)
        assert number == 0 or carried.relative_error == float(error / abs(Fraction(number)))
        assert (carried.outcome == "exact") == (error == 0)


@pytest.mark.parametrize(
    ("text", "fmt", "stored", "outcome"),
    [
        ("65504", FP16, 65504, "exact"),
        ("65519.99", FP16, 65504, "rounded"),
        ("65520", FP16, math.inf, "overflow"),
        ("-70000", FP16, -math.inf, "overflow"),
        ("70000", BF16, 70144, "rounded"),
        ("448", FP8_E4M3, 448, "exact"),
        ("464", FP8_E4M3, 448, "rounded"),
        ("464.01", FP8_E4M3, math.nan, "overflow"),
        ("inf", FP8_E4M3, math.nan, "overflow"),
        ("6.9", FP4_E2M1, 6, "rounded"),
        ("7", FP4_E2M1, 6, "saturated"),
        ("inf", FP4_E2M1, 6, "saturated"),
        ("127.4", INT8, 127, "rounded"),
        ("127.5", INT8, 127, "saturated"),
        ("-128.5", INT8, -128, "rounded"),
        ("-128.6", INT8, -128, "saturated"),
        ("300", INT8, 127, "saturated"),
        ("0.4", INT8, 0, "underflow"),
        ("1e-8", FP16, 0, "underflow"),
        ("3e-8", FP16, 2.0**-24, "rounded"),
        ("1e-399", FP64, 0, "underflow"),
        ("1e399", FP64, math.inf, "overflow"),
        ("inf", FP64, math.inf, "exact"),
        ("nan", FP16, math.nan, "exact"),
        ("-0", FP32, 0, "exact"),
    ],
)
def test_each_fate_of_a_number_has_its_name(text, fmt, stored, outcome):
    carried = carry(text, fmt)
    assert carried.value == stored or (math.isnan(carried.value) and math.isnan(stored))
    assert carried.outcome == outcome
    assert math.isinf(carried.absolute_error) == (outcome == "overflow" or (text == "inf" and outcome == "saturated"))


SIZES = st.builds("{}{}e{}".format, st.sampled_from(["", "-"]), st.integers(1, 10**20), st.integers(-400, 379))


@quick
@given(SIZES, st.sampled_from([*FORMATS.values()]))
def test_every_size_that_is_accepted_is_stored_with_its_error_to_16_digits(text, fmt):
    carried, exact = carry(text, fmt), Fraction(text)
    assert carried.pattern == encode_decimal(text, fmt)
    if math.isfinite(carried.value):
        error = abs(Fraction(carried.value) - exact)
        assert (carried.outcome == "exact") == (error == 0)
        for found, wanted in ((carried.absolute_error, error), (carried.relative_error, error / abs(exact))):
            assert abs(Fraction(found) - wanted) <= wanted / 10**15
            assert type(found) is (float if error == 0 or 2.3e-308 < wanted < 1.79e308 else Decimal)


def test_an_error_too_large_or_too_small_for_float64_is_a_decimal():
    assert carry("1e309", INT8)[1:] == (127.0, Decimal("1.0000000000000000E+309"), 1.0, "saturated")
    assert carry("-1e-400", FP16)[1:] == (-0.0, Decimal("1E-400"), 1.0, "underflow")
    assert carry(f"1.{'0' * 1000}1", FP16)[2:] == (Decimal("1E-1001"), Decimal("1E-1001"), "rounded")


@quick
@given(st.text(max_size=30) | st.text("0123456789+-.einfa_ \u2212", max_size=12))
def test_a_text_of_any_kind_is_stored_or_refused_by_name(text):
    try:
        read_decimal(text)
    except ValueError:
        with pytest.raises(ValueError, match=r"^value must (be a decimal number|lie between)"):
            carry(text, FP16)
    else:
        for fmt in (FP64, FP8_E4M3, FP16):
            assert 0 <= carry(text, fmt).pattern < 2**fmt.bits


@pytest.mark.parametrize("text", [1.5, None, b"1", ["1"]], ids=repr)
def test_what_is_no_text_is_not_carried(text):
    with pytest.raises(TypeError, match=r"^value must be a number in writing, such as '0\.1'; got "):
        carry(text, FP16)


@pytest.mark.parametrize("text", ["1", "nan", "inf"])
def test_a_format_by_its_name_alone_is_refused(text):
    with pytest.raises(TypeError, match=r"^fmt must be a FloatFormat or an IntFormat, such as .*; got 'fp16'"):
        carry(text, "fp16")


# Numbers that float64 does not hold


@quick
@given(st.integers(-(2**64), 2**64), st.sampled_from([FP16, BF16, FP32, FP64, FP8_E5M2, TF32, INT8]))
def test_a_whole_number_of_any_size_is_encoded_as_it_is_in_writing(number, fmt):
    pattern = encode_decimal(str(number), fmt)
    assert encode(number, fmt) == pattern
    assert encode([number, 0.5], fmt)[0] == pattern
    if abs(number) < 2**63:
        assert encode(np.array([1, number]), fmt)[1] == pattern
    if number >= 0:
        assert encode(np.array([[number % 2**64]], np.uint64), fmt).item() == encode_decimal(str(number % 2**64), fmt)


@quick
@given(st.fractions(-6, 6), st.sampled_from([FP16, BF16, FP8_E4M3, FP4_E2M1, INT8]))
def test_a_fraction_is_encoded_as_the_nearest_number_of_all(number, fmt):
    assert decode(encode(number, fmt), fmt) == exact_nearest(number, fmt)


@pytest.mark.parametrize(("fmt", "below", "step"), [(FP32, 1, 2.0**-23), (FP16, 1, 2.0**-10), (INT8, 100, 1.0)])
def test_a_hair_beside_a_tie_decides_for_a_number_that_float64_does_not_hold(fmt, below, step):
    tie, hair = Fraction(below) + Fraction(step) / 2, Fraction(1, 10**20)
    for sign in (1, -1):
        assert decode(encode(sign * (tie + hair), fmt), fmt) == sign * (below + step)
        assert decode(encode(sign * (tie - hair), fmt), fmt) == sign * below
    assert decode(encode(Decimal(below) + Decimal(step) / 2 + Decimal("1e-20"), fmt), fmt) == below + step


def test_an_integer_is_rounded_once_and_not_first_to_float64():
    above_a_tie = 2**60 + 2**36 + 1  # float64 rounds it to the tie between two numbers of fp32
    assert decode(encode(above_a_tie, FP32), FP32) == 2**60 + 2**37
    assert decode(encode(np.int64(above_a_tie), FP32), FP32) == 2**60 + 2**37
    assert decode(encode(float(above_a_tie), FP32), FP32) == 2**60


@pytest.mark.parametrize(
    ("number", "stored"), [(10**400, math.inf), (-(10**400), -math.inf), (Decimal("1e999"), math.inf)]
)
def test_a_number_beyond_float64_is_encoded_as_any_that_is_too_large(number, stored):
    assert decode(encode([1, number], FP16), FP16).tolist() == [1, stored]
    assert decode(encode(number, FP4_E2M1), FP4_E2M1) == math.copysign(6, stored)
    assert decode(encode(number, INT8), INT8) == (127 if stored > 0 else -128)


def test_special_decimals_are_encoded_as_floats_are():
    assert encode([Decimal("-Infinity"), Decimal("-0"), Decimal("NaN")], FP16).tolist() == [0xFC00, 0x8000, 0x7E00]


@pytest.mark.parametrize("text", ["", "x", "0,1", "1/3", "0x10", "--1", "1e", "sNaN5x", "1" * 1201])
def test_what_is_no_decimal_number_is_refused(text):
    with pytest.raises(ValueError, match=r"^value must be a decimal number such as 0\.1, -2\.5e-8, inf or nan; got "):
        read_decimal(text)


@pytest.mark.parametrize("text", ["1e400", "-1e999999999", "1e-401", "9e-999999999"])
def test_a_size_that_no_format_comes_near_is_refused_at_once(text):
    with pytest.raises(ValueError, match=r"^value must lie between 1e-400 and 1e400 in size; got '"):
        carry(text, FP32)


def test_what_is_not_text_is_refused():
    with pytest.raises(TypeError, match=r"^value must be a number in writing, such as '0\.1'; got 0\.1$"):
        read_decimal(0.1)


@pytest.mark.parametrize(
    "fmt", [fmt for fmt in FORMATS.values() if getattr(fmt, "has_nan", False)], ids=lambda fmt: fmt.name
)
def test_nan_and_infinity_in_writing_are_the_patterns_of_the_floats(fmt):
    assert encode_decimal("nan", fmt) == encode(math.nan, fmt)
    assert encode_decimal("inf", fmt) == encode(math.inf, fmt)
    assert encode_decimal("-inf", fmt) == encode(-math.inf, fmt)


def test_nan_is_refused_where_there_is_none():
    with pytest.raises(ValueError, match="fp4 e2m1 has no NaN"):
        carry("nan", FP4_E2M1)


def test_a_minus_sign_from_a_web_page_is_read():
    assert read_decimal("\u22121.5") == Decimal("-1.5")
    assert read_decimal("\u2212inf") == Decimal("-inf")
    assert read_decimal(" 1_000 ") == 1000
    assert read_decimal("0e999999999") == 0
