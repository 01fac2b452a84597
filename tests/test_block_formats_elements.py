"""`course_lib.block_formats.elements`: rounding to nearest against brute force, and by chance against the mean."""

from __future__ import annotations

import math

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.block_formats import (
    DYNAMIC,
    FP6_E2M3,
    FP6_E3M2,
    MINUS_8_TO_7,
    NF4_LEVELS,
    ZERO_TO_15,
    codes_by_chance,
    element_values,
    nearest_codes,
)
from course_lib.number_formats import FP4_E2M1, FP8_E4M3, FP8_E5M2, INT4, INT8, FloatFormat

CASTS = {
    FP4_E2M1: ml_dtypes.float4_e2m1fn,
    FP6_E3M2: ml_dtypes.float6_e3m2fn,
    FP6_E2M3: ml_dtypes.float6_e2m3fn,
    FP8_E4M3: ml_dtypes.float8_e4m3fn,
    FP8_E5M2: ml_dtypes.float8_e5m2,
}
FP8_E3M4 = FloatFormat("e3m4", 3, 4, bias=3, has_infinity=False, has_nan=False)
ELEMENTS = [*CASTS, FP8_E3M4, INT8, INT4, MINUS_8_TO_7, ZERO_TO_15, NF4_LEVELS, DYNAMIC]
every_element = pytest.mark.parametrize("element", ELEMENTS, ids=lambda element: element.name)
quick = settings(deadline=None, max_examples=25)


def finite_values(element):
    """Return every finite number of an element, rising, and its pattern; of two zeros the positive one."""
    patterns = np.arange(2**element.bits)
    values = element_values(patterns, element)
    kept = np.isfinite(values) & ~((values == 0) & np.signbit(values))
    order = np.argsort(values[kept])
    return values[kept][order], patterns[kept][order]


def draws(element):
    values = finite_values(element)[0]
    margin = 2 * max(abs(values[0]), values[-1])
    return st.one_of(st.floats(-margin, margin), st.sampled_from(values.tolist()))


@every_element
@pytest.mark.parametrize("codes", [[], np.zeros((0, 3)), np.zeros(0, dtype=np.uint8)], ids=["list", "rows", "codes"])
def test_no_codes_are_no_numbers_in_every_element(element, codes):
    values = element_values(codes, element)
    assert (values.shape, values.dtype) == (np.shape(codes), np.float64)


@every_element
@quick
@given(data=st.data())
def test_no_number_of_the_element_is_nearer_than_the_one_chosen(element, data):
    scaled = np.array(data.draw(st.lists(draws(element), min_size=1, max_size=20)))
    chosen = element_values(nearest_codes(scaled, element), element)
    distances = np.abs(finite_values(element)[0][:, None] - scaled)
    np.testing.assert_array_equal(np.abs(chosen - scaled), distances.min(axis=0))


@every_element
def test_of_two_that_are_equally_near_the_even_pattern_is_taken(element):
    values, patterns = finite_values(element)
    middle = (values[1:] + values[:-1]) / 2
    exact = (middle - values[:-1] == values[1:] - middle) & (middle != 0)
    even = np.where(patterns[1:] % 2 == 0, patterns[1:], patterns[:-1])
    codes = nearest_codes(middle, element)
    np.testing.assert_array_equal(
        element_values(codes[exact], element), element_values(even[exact].astype(codes.dtype), element)
    )
    assert exact.sum() > 0


@every_element
def test_just_beside_the_middle_the_nearer_is_taken(element):
    values, _ = finite_values(element)
    middle = (values[1:] + values[:-1]) / 2
    for side, wanted in ((-math.inf, values[:-1]), (math.inf, values[1:])):
        beside = np.nextafter(np.nextafter(middle, side), side)
        np.testing.assert_array_equal(element_values(nearest_codes(beside, element), element), wanted)


@every_element
def test_every_finite_number_keeps_its_pattern(element):
    patterns = np.arange(2**element.bits)
    values = element_values(patterns, element)
    finite = np.isfinite(values)
    np.testing.assert_array_equal(nearest_codes(values[finite], element), patterns[finite])
    chosen = codes_by_chance(values[finite], element, np.random.default_rng(0))
    np.testing.assert_array_equal(element_values(chosen, element), values[finite])


@every_element
def test_what_lies_beyond_saturates(element):
    values, _ = finite_values(element)
    beyond = np.array([values[0] * 1.7 - 1, values[-1] * 1.7, -1e300, 1e300])
    for codes in (nearest_codes(beyond, element), codes_by_chance(beyond, element, np.random.default_rng(0))):
        np.testing.assert_array_equal(element_values(codes, element), values[[0, -1, 0, -1]])


@pytest.mark.parametrize("element", CASTS, ids=lambda element: element.name)
def test_rounding_is_the_cast_of_ml_dtypes(element):
    scaled = np.random.default_rng(2).uniform(-element.largest, element.largest, 20_000).astype(np.float32)
    scaled[::3] *= 0.01
    np.testing.assert_array_equal(nearest_codes(scaled, element), scaled.astype(CASTS[element]).view(np.uint8))


# By chance


@every_element
@quick
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_chance_takes_one_of_the_two_numbers_around(element, data, seed):
    values, _ = finite_values(element)
    inside = st.floats(float(values[0]), float(values[-1]))
    scaled = np.array(data.draw(st.lists(inside, min_size=1, max_size=20)))
    chosen = element_values(codes_by_chance(scaled, element, np.random.default_rng(seed)), element)
    at = np.searchsorted(values, scaled)
    below, above = values[np.maximum(at - (values[at] != scaled), 0)], values[at]
    assert np.all((chosen == below) | (chosen == above))


@every_element
def test_by_chance_the_mean_is_kept_and_to_nearest_it_is_not(element):
    values, _ = finite_values(element)
    count, rng = 20_000, np.random.default_rng(7)
    for place in range(0, len(values) - 1, max(1, len(values) // 7)):
        below, step = values[place], values[place + 1] - values[place]
        for share in (0.1, 0.37, 0.8):
            scaled = np.full(count, below + share * step)
            chosen = element_values(codes_by_chance(scaled, element, rng), element)
            # the mean of `count` draws of a number 0 or 1: within 5 standard deviations, by chance once in 1.7 million
            deviation = math.sqrt(share * (1 - share) / count)
            assert abs((chosen.mean() - below) / step - share) < 5 * deviation
            nearest = element_values(nearest_codes(scaled, element), element).mean()
            assert abs((nearest - below) / step - share) > 0.09


@every_element
def test_the_lowest_chance_moves_no_number_that_the_element_has(element):
    class Lowest(np.random.Generator):
        def random(self, size):
            return np.zeros(size)

    values, patterns = finite_values(element)
    np.testing.assert_array_equal(codes_by_chance(values, element, Lowest(np.random.PCG64(1))), patterns)


def test_the_same_seed_gives_the_same_codes_and_another_does_not():
    scaled = np.random.default_rng(0).normal(size=1000)
    one, same, other = (codes_by_chance(scaled, FP4_E2M1, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@every_element
def test_nan_is_no_code_of_any_element(element):
    for codes in (nearest_codes, lambda x, fmt: codes_by_chance(x, fmt, np.random.default_rng(1))):
        with pytest.raises(ValueError, match=r"^scaled must be numbers, and NaN is none"):
            codes(np.array([0.0, np.nan]), element)


@pytest.mark.parametrize("code", [-1, 16])
def test_a_code_beyond_the_levels_is_refused(code):
    with pytest.raises(ValueError, match=r"^codes must be from 0 to 15; got "):
        element_values(np.array([0, code]), MINUS_8_TO_7)
