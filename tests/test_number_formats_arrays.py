"""`number_formats.round_to` against numpy's and ml_dtypes' casts, against `encode`, and by chance against the mean."""

from __future__ import annotations

import math
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.number_formats import (
    BF16,
    FP4_E2M1,
    FP8_E4M3,
    FP8_E5M2,
    FP16,
    FP32,
    FP64,
    INT8,
    TF32,
    FloatFormat,
    chance_to_change,
    decode,
    encode,
    round_to,
    spacing,
)

CASTS = {FP16: np.float16, BF16: ml_dtypes.bfloat16, FP8_E4M3: ml_dtypes.float8_e4m3fn, FP8_E5M2: ml_dtypes.float8_e5m2}
IN_FLOAT32 = [FP32, TF32, FP16, BF16, FP8_E4M3, FP8_E5M2, FP4_E2M1]
SMALL = [FP16, BF16, FP8_E4M3, FP8_E5M2, FP4_E2M1]
every_format = pytest.mark.parametrize("fmt", IN_FLOAT32, ids=lambda fmt: fmt.name)
every_small = pytest.mark.parametrize("fmt", SMALL, ids=lambda fmt: fmt.name)
quick = settings(deadline=None, max_examples=100)


def same(one, other):
    """Hold that two arrays have the same numbers, signs of zeros and NaNs included."""
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(np.signbit(one), np.signbit(other))


def finite_numbers(fmt):
    """Return every finite number of a format, in order."""
    return np.unique(decode(np.arange(fmt.largest_pattern + 1), fmt))


@pytest.mark.parametrize("fmt", CASTS, ids=lambda fmt: fmt.name)
def test_float32_is_rounded_as_a_cast_to_the_format_and_back(fmt):
    patterns = np.random.default_rng(1).integers(0, 2**32, 200_000, dtype=np.uint32)
    values = patterns.view(np.float32)
    values = values[np.isfinite(values)]
    with np.errstate(over="ignore"):
        cast = values.astype(CASTS[fmt]).astype(np.float32)
    same(round_to(values, fmt), cast)


@every_format
def test_every_number_of_fp16_and_of_bf16_becomes_what_encode_makes_of_it(fmt):
    for source in (FP16, BF16):
        values = decode(np.arange(2**16), source)
        values = values if fmt.has_nan else values[~np.isnan(values)]
        wanted = decode(encode(values, fmt), fmt)
        for dtype in (np.float32, np.float64):
            found = round_to(values.astype(dtype), fmt)
            assert found.dtype == dtype
            np.testing.assert_array_equal(found, wanted)
            known = ~np.isnan(wanted)
            np.testing.assert_array_equal(np.signbit(found[known]), np.signbit(wanted[known]))


@every_small
def test_ties_go_to_the_even_pattern_and_just_beside_them_to_the_nearer(fmt):
    numbers = finite_numbers(fmt)
    middle = (numbers[:-1] + numbers[1:]) / 2
    even = np.where(np.arange(len(middle)) % 2 == 0, numbers[:-1], numbers[1:])
    same(round_to(middle, fmt), even)
    same(round_to(np.nextafter(middle, 0), fmt), numbers[:-1])
    same(round_to(-np.nextafter(middle, np.inf), fmt), -numbers[1:])


@every_format
def test_what_the_format_has_stays_also_by_chance(fmt):
    values = decode(np.random.default_rng(2).integers(0, fmt.largest_pattern + 1, 5000), fmt)
    values = np.concatenate([values, -values, [fmt.smallest_subnormal, fmt.largest, 0.0, -0.0]])
    same(round_to(values, fmt), values)
    for chance in (0.0, 0.5, np.nextafter(1, 0)):
        same(round_to(values, fmt, np.full(values.shape, chance)), values)


@quick
@given(st.floats(), st.sampled_from([*IN_FLOAT32, FP64]))
def test_one_number_is_rounded_as_encode_rounds_it(value, fmt):
    if math.isnan(value) and not fmt.has_nan:
        return
    found = round_to(value, fmt)
    assert isinstance(found, float)
    same(found, decode(encode(value, fmt), fmt))


def test_too_large_becomes_infinity_or_nan_or_saturates():
    assert round_to([65519.0, 65520.0, -1e9], FP16).tolist() == [65504.0, math.inf, -math.inf]
    assert np.isnan(round_to([500.0, math.inf], FP8_E4M3)).all()
    assert round_to([7.0, -1e9, math.inf], FP4_E2M1).tolist() == [6.0, -6.0, 6.0]


# By chance


@every_small
def test_by_chance_the_mean_over_all_chances_is_the_number_itself(fmt):
    numbers = finite_numbers(fmt)
    below, above = (numbers[:-1], numbers[1:]) if len(numbers) < 1000 else (numbers[:-1:97], numbers[1::97])
    chances = np.arange(64) / 64
    for part in (1, 21, 63):
        for sign in (1, -1):
            values = sign * (below + (above - below) * part / 64)
            outcomes = np.array([round_to(values, fmt, np.full(values.shape, chance)) for chance in chances])
            assert set(np.unique(outcomes)) <= {*(sign * below), *(sign * above)}
            ups = (outcomes > values).sum(axis=0)
            assert {*ups.tolist()} == {part if sign > 0 else 64 - part}
            same(outcomes.mean(axis=0), values)


def test_float32_by_chance_is_as_unbiased_as_float64():
    values = np.random.default_rng(3).standard_normal(20_000).astype(np.float32)
    chance = np.random.default_rng(4).random(values.shape)
    same(round_to(values, BF16, chance), round_to(values.astype(np.float64), BF16, chance))
    almost = np.float32(1 + BF16.epsilon - 2**-23)  # all but 2^-16 of the step: a sum with the chance would be rounded
    share = 1 - Fraction(1, 2**16)
    assert round_to(almost, BF16, float(share) - 2**-30) > almost
    assert round_to(almost, BF16, float(share)) < almost


def test_the_mean_of_many_draws_is_near_the_number():
    chance = np.random.default_rng(5).random(100_000)
    drawn = round_to(np.full(chance.shape, 0.501), BF16, chance)
    step, share = BF16.epsilon / 2, 0.001 / (BF16.epsilon / 2)
    assert abs(drawn.mean() - 0.501) < 4 * step * math.sqrt(share * (1 - share) / chance.size)


@quick
@given(st.floats(-8, 8), st.floats(-1, 1), st.sampled_from(SMALL), st.integers(0, 1))
def test_the_chance_to_change_is_that_of_all_draws(value, change, fmt, stochastic):
    stored = decode(encode(value, fmt), fmt)
    chance = chance_to_change(value, change, fmt, bool(stochastic))
    if not stochastic:
        assert chance == float(decode(encode(stored + change, fmt), fmt) != stored)
        return
    draws = np.arange(4096) / 4096
    changed = round_to(np.full(draws.shape, stored + change), fmt, draws) != stored
    assert chance == pytest.approx(changed.mean(), abs=1.01 / 4096)


def test_the_chance_to_change_is_the_share_of_the_step():
    step = spacing(encode(0.75, BF16), BF16)
    assert chance_to_change(0.75, step / 2, BF16) == 0  # a tie, and the pattern of 0.75 is even
    assert chance_to_change(0.75 + step, step / 2, BF16) == 1
    assert chance_to_change(0.75, step * 0.49, BF16) == 0
    assert chance_to_change(0.75, step / 4, BF16, stochastic=True) == 0.25
    assert chance_to_change(0.75, -step / 4, BF16, stochastic=True) == 0.25
    assert chance_to_change(0.75, 3 * step, BF16, stochastic=True) == 1
    assert chance_to_change(0.5, -step / 4, BF16, stochastic=True) == 0.5  # below a power of two steps are half as wide
    assert chance_to_change(0.07, -0.001, FP4_E2M1, stochastic=True) == pytest.approx(0.002)


# What is refused


ODD = FloatFormat("odd", 4, 30, bias=7)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("0.1", BF16), TypeError, "values must be a number or an array of numbers; got '0.1'"),
        ((0.1, INT8), TypeError, r"fmt must be a FloatFormat, such as BF16; got IntFormat\(name='int8', bits=8\)"),
        ((0.1, "bf16"), TypeError, "fmt must be a FloatFormat, such as BF16; got 'bf16'"),
        ((np.float32([1]), FP64), ValueError, "values must be float64 for fp64, which float32 does not hold"),
        ((np.float32([1]), ODD), ValueError, "values must be float64 for odd, which float32 does not hold"),
        (([1.0, math.nan], FP4_E2M1), ValueError, r"values must be numbers, for fp4 e2m1 has no NaN; got \[1.0, nan\]"),
        (([1.0, 2.0], BF16, [0.5]), ValueError, r"chance must be .* each of the values, whose shape is \(2,\); got"),
        ((1.0, BF16, 1.0), ValueError, "chance must be a number from 0 to below 1 for each"),
        ((1.0, BF16, -0.1), ValueError, "chance must be a number from 0 to below 1 for each"),
        ((1.0, BF16, math.nan), ValueError, "chance must be a number from 0 to below 1 for each"),
        ((1.0, BF16, "half"), TypeError, "chance must be a number or an array of numbers; got 'half'"),
    ],
)
def test_what_cannot_be_rounded_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        round_to(*arguments)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((math.inf, 1, BF16), ValueError, "value must be one finite number; got inf"),
        ((1, math.nan, BF16), ValueError, "change must be one finite number; got nan"),
        (([1, 2], 1, BF16), ValueError, r"value must be one finite number; got \[1, 2\]"),
        ((1, "a step", BF16), TypeError, "change must be one finite number; got 'a step'"),
        ((1, 1, INT8), TypeError, "fmt must be a FloatFormat"),
    ],
)
def test_no_chance_is_given_for_what_is_no_number(arguments, error, message):
    with pytest.raises(error, match=message):
        chance_to_change(*arguments)
