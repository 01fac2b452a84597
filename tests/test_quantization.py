"""`course_lib.quantization` against arithmetic done by hand, the plain formulas of the slides, and properties."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from course_lib import catalog, compute_cost, memory, questions
from course_lib.quantization import (
    DB_PER_BIT,
    LONGEST_INNER_DIMENSION,
    ErrorMeasures,
    Quantized,
    absmax_quantize,
    as_blocks,
    example_tensor,
    int8_matmul,
    quantization_error,
    stored_bytes,
    zeropoint_quantize,
)

BOTH = pytest.mark.parametrize("quantize", [absmax_quantize, zeropoint_quantize])
SHAPES = arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)
TENSORS = st.sampled_from([np.float32, np.float64]).flatmap(
    lambda dtype: arrays.arrays(
        dtype,
        SHAPES,
        elements=st.floats(
            -(2.0**100), 2.0**100, width=np.dtype(dtype).itemsize * 8, allow_nan=False, allow_infinity=False
        ),
    )
)
WIDTHS = st.integers(2, 8)
on_many_tensors = settings(deadline=None, max_examples=80)


def range_of(quantize, bits):
    return (-(2 ** (bits - 1)) + (quantize is absmax_quantize), 2 ** (bits - 1) - 1)


# By hand, and by the slide's formulas as they stand


def test_absmax_by_hand():
    quantized = absmax_quantize([-2.54, -0.03, 0.0, 0.5, 1.27])
    assert quantized.values.tolist() == [-127, -2, 0, 25, 64]  # 1.27 / 0.02 = 63.5, half to even
    assert quantized.scale == pytest.approx(0.02, rel=1e-15)
    assert quantized.zero_point == 0
    np.testing.assert_allclose(quantized.dequantize(), [-2.54, -0.04, 0.0, 0.5, 1.28], rtol=1e-15)


def test_zeropoint_by_hand():
    quantized = zeropoint_quantize([-32.0, 0.0, 16.2, 95.5])  # scale 127.5 / 255, zero-point 64 - 128
    assert (quantized.scale, quantized.zero_point) == (0.5, -64)
    assert quantized.values.tolist() == [-128, -64, -32, 127]
    assert quantized.dequantize().tolist() == [-32.0, 0.0, 16.0, 95.5]


def test_four_bits_by_hand():
    assert absmax_quantize([-7.0, 3.4, 7.0], bits=4).values.tolist() == [-7, 3, 7]
    quantized = zeropoint_quantize([0.0, 1.0, 15.0], bits=4)
    assert (quantized.values.tolist(), quantized.scale, quantized.zero_point) == ([-8, -7, 7], 1.0, -8)


@pytest.mark.parametrize("seed", range(5))
def test_codes_are_those_of_the_slides_formulas_as_they_stand(seed):
    x = np.random.default_rng(seed).normal(seed - 2, 3, (50, 40))
    factor = 127 / np.max(np.abs(x))
    np.testing.assert_array_equal(absmax_quantize(x).values, np.round(factor * x))
    scale = 255 / (np.max(x) - np.min(x))
    zeropoint = -np.round(scale * np.min(x)) - 128
    quantized = zeropoint_quantize(x)
    assert quantized.zero_point == zeropoint
    np.testing.assert_array_equal(quantized.values, np.clip(np.round(scale * x + zeropoint), -128, 127))
    assert quantized.scale == pytest.approx(1 / scale)


def test_the_scale_is_the_size_of_a_step_not_the_slides_reciprocal():
    quantized = absmax_quantize([0.0, 254.0])
    assert quantized.scale == 2.0
    assert quantized.values[1] * quantized.scale == 254.0


# Care note 11


def test_a_code_that_rounding_pushes_to_128_is_clipped_and_does_not_change_its_sign():
    quantized = zeropoint_quantize([-127.5, 0.0, 127.5])
    assert quantized.values.tolist() == [-128, 0, 127]
    assert np.round(127.5).astype(np.int64).astype(np.int8) == -128  # what would have come without the clip


def test_absmax_of_fp32_stays_within_127_however_it_rounds():
    for value in np.random.default_rng(0).uniform(0.1, 10, 2000).astype(np.float32):
        assert np.abs(absmax_quantize(np.array([-value, 0.1, value], np.float32)).values).max() == 127


@pytest.mark.parametrize(("low", "high", "zero_point"), [(5, 6, -1403), (100, 104, -6503), (-6, -5, 1402)])
def test_values_on_one_side_of_zero_have_a_zero_point_that_is_no_code(low, high, zero_point):
    quantized = zeropoint_quantize(np.linspace(low, high, 256))
    assert quantized.zero_point == zero_point
    assert quantized.values.tolist() == list(range(-128, 128))
    np.testing.assert_allclose(quantized.dequantize(), np.linspace(low, high, 256), rtol=1e-14)


def test_with_a_zero_added_the_zero_point_is_a_code_and_zero_is_exact():
    quantized = zeropoint_quantize([0.0, 100.0, 104.0])
    assert quantized.zero_point == -128
    assert quantized.dequantize()[0] == 0.0


def test_zeropoint_serves_a_skewed_tensor_twice_as_well_as_absmax():
    x = np.linspace(0, 1, 1001)
    by_absmax = quantization_error(x, absmax_quantize(x)).rmse
    assert quantization_error(x, zeropoint_quantize(x)).rmse == pytest.approx(by_absmax * 127 / 255, rel=0.02)


def test_one_outlier_costs_all_the_other_values_their_codes_and_a_scale_a_row_saves_them():
    x = np.random.default_rng(3).normal(size=(64, 64))
    x[0, 0] = 1000.0
    whole, by_row = absmax_quantize(x), absmax_quantize(x, axis=0)
    assert np.count_nonzero(whole.values) == 1
    assert np.count_nonzero(by_row.values[1:]) > 0.98 * 63 * 64


# Properties


@BOTH
@on_many_tensors
@given(x=TENSORS, bits=WIDTHS)
def test_the_error_is_at_most_half_a_step(quantize, x, bits):
    quantized = quantize(x, bits)
    rounding = 4 * np.finfo(np.float64).eps * np.max(np.abs(x), initial=0)  # of float64, for values far from zero
    error = np.abs(quantized.dequantize() - x.astype(np.float64))
    assert np.all(error <= quantized.scale / 2 * (1 + 1e-12) + rounding)


@BOTH
@on_many_tensors
@given(x=TENSORS, bits=WIDTHS)
def test_codes_never_leave_their_range(quantize, x, bits):
    quantized = quantize(x, bits)
    lowest, highest = range_of(quantize, bits)
    assert quantized.values.dtype == np.int8
    assert quantized.values.shape == x.shape
    assert np.all((quantized.values >= lowest) & (quantized.values <= highest))


@BOTH
@on_many_tensors
@given(x=TENSORS, bits=WIDTHS)
def test_zero_is_exact_wherever_it_has_a_code(quantize, x, bits):
    x = np.append(x, 0.0)
    quantized = quantize(x, bits)
    lowest, highest = range_of(quantize, bits)
    assert lowest <= quantized.zero_point <= highest
    assert quantized.values[-1] == quantized.zero_point
    assert quantized.dequantize()[-1] == 0.0


@BOTH
@on_many_tensors
@given(x=TENSORS, bits=WIDTHS, data=st.data())
def test_one_scale_a_slice_is_the_same_as_a_loop_over_slices(quantize, x, bits, data):
    if x.ndim == 0:
        x = x.reshape(1)
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    quantized = quantize(x, bits, axis=axis)
    zero_points = np.broadcast_to(quantized.zero_point, quantized.scale.shape)
    for index in range(x.shape[axis]):
        alone = quantize(np.take(x, index, axis), bits)
        np.testing.assert_array_equal(np.take(quantized.values, index, axis), alone.values)
        assert np.take(quantized.scale, index, axis).item() == alone.scale
        assert np.take(zero_points, index, axis).item() == alone.zero_point


@BOTH
@on_many_tensors
@given(
    x=arrays.arrays(np.float64, SHAPES, elements=st.floats(-1000, 1000, width=32, allow_subnormal=False)),
    bits=WIDTHS,
    exponent=st.integers(-50, 50),
)
def test_a_change_of_unit_by_a_power_of_two_changes_the_scale_only(quantize, x, bits, exponent):
    first, second = quantize(x, bits), quantize(x * 2.0**exponent, bits)
    np.testing.assert_array_equal(first.values, second.values)
    assert first.zero_point == second.zero_point


@BOTH
@on_many_tensors
@given(x=TENSORS)
def test_a_larger_value_never_has_a_smaller_code_than_a_smaller_one(quantize, x):
    x = np.sort(x, axis=None)
    assert np.all(np.diff(quantize(x).values.astype(int)) >= 0)


@BOTH
@on_many_tensors
@given(x=TENSORS)
def test_the_input_is_left_as_it_was(quantize, x):
    before = x.copy()
    quantize(x)
    np.testing.assert_array_equal(x, before)


def test_a_large_tensor_is_quantised_as_its_parts_are():
    x = np.random.default_rng(5).normal(size=(300, 257, 3)).astype(np.float32)
    x[0, 0, 0], x[-1, -1, -1] = 9, -9
    top = absmax_quantize(x).scale
    np.testing.assert_array_equal(absmax_quantize(x).values, np.rint(x.astype(np.float64) * (127 / 9.0)))
    assert top == 9 / 127
    transposed = absmax_quantize(x.transpose(2, 0, 1), axis=0)
    np.testing.assert_array_equal(transposed.values, absmax_quantize(x, axis=2).values.transpose(2, 0, 1))


@BOTH
@pytest.mark.parametrize(
    ("shape", "axis"), [((2**21,), None), ((2**11, 2**10), None), ((2**11, 2**10), 0), ((64, 2**15), 0)]
)
def test_a_large_tensor_takes_little_more_memory_than_its_codes(quantize, shape, axis):
    x = np.ones(shape, np.float32)
    x[0] = 3
    quantize(x[:2], axis=axis)  # what a first call brings in is none of the tensor's
    tracemalloc.start()
    codes = quantize(x, axis=axis).values
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert codes.nbytes == x.size
    assert peak < 1.8 * codes.nbytes  # all at once would take eight bytes a value more


def test_rows_longer_than_a_block_are_quantised_one_by_one():
    x = np.random.default_rng(9).normal(size=(3, 2**15 + 1))
    for quantize in (absmax_quantize, zeropoint_quantize):
        rows = quantize(x, axis=0).values
        np.testing.assert_array_equal(rows, [quantize(row).values for row in x])


@pytest.mark.parametrize("bits", range(3, 9))
def test_a_uniform_signal_has_6_02_db_a_bit(bits):
    x = np.linspace(-1, 1, 100_001)
    sqnr = quantization_error(x, zeropoint_quantize(x, bits)).sqnr_db
    assert sqnr == pytest.approx(20 * np.log10(2**bits - 1), abs=0.15)  # a full range of 2^bits - 1 steps


# Special tensors


@BOTH
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_zeros_give_zeros(quantize, axis):
    quantized = quantize(np.zeros((3, 4)), axis=axis)
    assert not quantized.values.any()
    assert not quantized.dequantize().any()
    assert np.all(quantized.scale == 1)
    assert np.all(np.asarray(quantized.zero_point) == 0)


def test_a_row_of_zeros_does_not_disturb_the_others():
    quantized = absmax_quantize([[0.0, 0.0], [-1.27, 0.5]], axis=0)
    assert quantized.values.tolist() == [[0, 0], [-127, 50]]


@BOTH
@on_many_tensors
@given(value=st.floats(1e-290, 1e290) | st.floats(-1e290, -1e-290), bits=WIDTHS)
def test_a_constant_tensor_comes_back(quantize, value, bits):
    quantized = quantize(np.full((2, 3), value), bits)
    np.testing.assert_allclose(quantized.dequantize(), value, rtol=1e-15)
    if quantize is zeropoint_quantize:
        assert (quantized.dequantize() == value).all()
        assert quantized.zero_point == 0


@BOTH
@pytest.mark.parametrize(("shape", "axis", "scale_shape"), [((0,), None, ()), ((0, 3), 1, (1, 3)), ((3, 0), 0, (3, 1))])
def test_an_empty_tensor_has_no_codes_and_scale_1(quantize, shape, axis, scale_shape):
    quantized = quantize(np.empty(shape), axis=axis)
    assert quantized.values.shape == quantized.dequantize().shape == shape
    assert np.shape(quantized.scale) == scale_shape
    assert np.all(quantized.scale == 1)


@BOTH
@pytest.mark.parametrize("x", [[5e-324, -5e-324], [5e-324, 0.0], [1e-310] * 2, [-1e300, 1e300], [1e300]])
def test_the_smallest_and_largest_numbers_neither_overflow_nor_become_nan(quantize, x):
    quantized = quantize(x)
    assert np.all(np.isfinite(quantized.dequantize()))
    assert np.all(np.abs(quantized.dequantize() - x) <= quantized.scale / 2 * (1 + 1e-12))


@BOTH
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.float16, np.float32, bool, object])
def test_any_numeric_type_is_taken_and_nothing_else(quantize, dtype):
    x = np.array([0, None if dtype is object else 100, 64], dtype)
    if dtype in (bool, object):
        with pytest.raises(TypeError, match="x must be a number or an array of numbers"):
            quantize(x)
    else:
        np.testing.assert_array_equal(quantize(x).values, quantize([0.0, 100.0, 64.0]).values)


def test_the_smallest_int8_does_not_wrap_when_its_size_is_taken():
    assert absmax_quantize(np.array([-128, 127], np.int8)).values.tolist() == [-127, 126]


@BOTH
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e301])
def test_nan_infinity_and_what_is_too_large_are_refused(quantize, bad):
    with pytest.raises(ValueError, match="x must be finite, and at most 1e300 in size; got"):
        quantize([1.0, bad, 2.0])
    with pytest.raises(ValueError, match="x must be finite"):
        quantize([[1.0, 2.0], [bad, 2.0]], axis=0)


@BOTH
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"bits": 1}, ValueError, "bits must be a whole number of at least 2 and at most 8; got 1"),
        ({"bits": 9}, ValueError, "bits must be a whole number of at least 2 and at most 8; got 9"),
        ({"bits": True}, TypeError, "bits must be"),
        ({"axis": 2}, ValueError, "axis must be a whole number of at least -2 and at most 1; got 2"),
        ({"axis": "rows"}, TypeError, "axis must be"),
    ],
    ids=str,
)
def test_a_wrong_width_or_axis_is_refused(quantize, options, error, message):
    with pytest.raises(error, match=message):
        quantize(np.ones((2, 2)), **options)


def test_a_single_number_has_no_axis():
    for quantize in (absmax_quantize, zeropoint_quantize):
        for axis in (0, -1):
            with pytest.raises(ValueError, match=rf"^axis must be None where x is a single number; got {axis}$"):
                quantize(3.0, axis=axis)
        assert quantize(3.0).dequantize() == 3.0


@pytest.mark.parametrize("other", [np.ones(2, np.int8), [1, 2], None], ids=repr)
def test_errors_and_bytes_are_those_of_quantised_numbers_only(other):
    for measure in (lambda one: quantization_error([1.0, 2.0], one), stored_bytes):
        with pytest.raises(TypeError, match=r"^quantized must be a Quantized; got "):
            measure(other)


# Blocks


def test_blocks_are_neighbours_in_a_row_each_with_its_own_scale():
    x = np.arange(1.0, 25.0).reshape(2, 3, 4)
    blocks = as_blocks(x, 2)
    quantized = absmax_quantize(blocks, axis=0)
    assert blocks.shape == (12, 2)
    assert quantized.scale.ravel().tolist() == pytest.approx([n / 127 for n in range(2, 25, 2)])
    np.testing.assert_allclose(quantized.dequantize().reshape(x.shape), x, atol=24 / 127 / 2)


def test_blocks_that_would_run_over_the_end_of_a_row_are_refused():
    with pytest.raises(ValueError, match=r"size must divide the last axis of x, whose shape is \(4, 6\); got 4"):
        as_blocks(np.ones((4, 6)), 4)
    with pytest.raises(ValueError, match="size must divide"):
        as_blocks(1.0, 1)


# Errors


def test_errors_by_hand():
    error = quantization_error([30.0, 40.0], Quantized(np.array([3, 4], np.int8), scale=10.5, zero_point=0))
    assert error.max_abs == 2.0
    assert error.rmse == pytest.approx(np.sqrt((1.5**2 + 2**2) / 2))
    assert error.sqnr_db == pytest.approx(10 * np.log10((30**2 + 40**2) / (1.5**2 + 2**2)))


@pytest.mark.parametrize("x", [[], [0.0, 0.0], [127.0, -64.0]])
def test_without_any_error_the_ratio_is_infinite(x):
    assert quantization_error(x, absmax_quantize(x)) == ErrorMeasures(0.0, 0.0, np.inf)


def test_an_error_on_a_signal_of_zeros_has_a_ratio_of_minus_infinity():
    assert quantization_error([0.0], Quantized(np.array([1], np.int8), 1.0, 0)).sqnr_db == -np.inf


@BOTH
@pytest.mark.parametrize("unit", [1e-250, 1.0, 1e250])
def test_the_ratio_does_not_depend_on_the_unit(quantize, unit):
    x = np.random.default_rng(7).normal(size=1000)
    ratio = quantization_error(x, quantize(x)).sqnr_db
    assert quantization_error(x * unit, quantize(x * unit)).sqnr_db == pytest.approx(ratio)
    assert 30 < ratio < 50


def test_errors_are_measured_on_equal_shapes_and_finite_numbers_only():
    quantized = absmax_quantize([1.0, 2.0])
    with pytest.raises(ValueError, match=r"x must have the shape of the codes, \(2,\); got \(3,\)"):
        quantization_error([1.0, 2.0, 3.0], quantized)
    with pytest.raises(ValueError, match="x must be finite"):
        quantization_error([1.0, np.nan], quantized)


# The integer matrix product

CODES = arrays.arrays(np.int8, st.tuples(st.integers(1, 5), st.integers(1, 5)))


@on_many_tensors
@given(CODES, st.data())
def test_the_product_of_codes_is_that_of_exact_integers(a, data):
    b = data.draw(arrays.arrays(np.int8, (a.shape[1], data.draw(st.integers(1, 5)))))
    product = int8_matmul(a, b)
    assert product.dtype == np.int32
    np.testing.assert_array_equal(product, a.astype(object) @ b.astype(object))


def test_the_largest_sum_fits_into_int32_and_one_product_more_is_refused():
    row = np.full((1, LONGEST_INNER_DIMENSION), -128, np.int8)
    assert int8_matmul(row, row.T).item() == LONGEST_INNER_DIMENSION * 128**2 <= 2**31 - 1
    assert (LONGEST_INNER_DIMENSION + 1) * 128**2 > 2**31 - 1
    row = np.full((1, LONGEST_INNER_DIMENSION + 1), -128, np.int8)
    with pytest.raises(ValueError, match="a and b must share at most 131071 = k, for int32; got 131072"):
        int8_matmul(row, row.T)


@pytest.mark.parametrize("quantize_a", [absmax_quantize, zeropoint_quantize])
@pytest.mark.parametrize("quantize_b", [absmax_quantize, zeropoint_quantize])
@pytest.mark.parametrize(("axis_a", "axis_b"), [(None, None), (0, None), (None, 1), (0, 1)])
def test_the_integer_product_is_that_of_the_dequantised_matrices(quantize_a, quantize_b, axis_a, axis_b):
    rng = np.random.default_rng(11)
    a = quantize_a(rng.normal(40, 3, (6, 50)), axis=axis_a)
    b = quantize_b(rng.normal(-1, 2, (50, 7)), axis=axis_b)
    np.testing.assert_allclose(int8_matmul(a, b), a.dequantize() @ b.dequantize(), rtol=1e-9, atol=1e-9)


def test_the_integer_product_is_near_that_of_fp32():
    rng = np.random.default_rng(13)
    a, b = rng.normal(size=(64, 256)).astype(np.float32), rng.normal(size=(256, 32)).astype(np.float32)
    product = int8_matmul(absmax_quantize(a, axis=0), absmax_quantize(b, axis=1))
    assert np.linalg.norm(product - a @ b) < 0.012 * np.linalg.norm(a @ b)


def test_a_scale_that_differs_along_the_inner_dimension_is_refused():
    x = np.random.default_rng(17).normal(size=(4, 4))
    with pytest.raises(ValueError, match=r"a.scale must be the same along the inner dimension; got the shape \(1, 4\)"):
        int8_matmul(absmax_quantize(x, axis=1), absmax_quantize(x))
    with pytest.raises(ValueError, match=r"b.scale must be the same along the inner dimension; got the shape \(4, 1\)"):
        int8_matmul(absmax_quantize(x), absmax_quantize(x, axis=0))


@pytest.mark.parametrize("other", [np.ones((2, 2)), np.ones((2, 2), np.int16), [[1, 2], [3, 4]], None], ids=repr)
def test_only_int8_or_quantised_matrices_are_multiplied(other):
    with pytest.raises(TypeError, match="b must be an int8 array, or a and b both Quantized; got"):
        int8_matmul(np.ones((2, 2), np.int8), other)
    with pytest.raises(TypeError, match="both Quantized"):
        int8_matmul(absmax_quantize(np.ones((2, 2))), other)


@pytest.mark.parametrize("shapes", [((2, 3), (2, 3)), ((3,), (3, 2)), ((2, 2, 3), (3, 2))])
def test_shapes_that_do_not_fit_are_refused(shapes):
    a, b = (np.ones(shape, np.int8) for shape in shapes)
    with pytest.raises(ValueError, match=r"a and b must have shapes \(m, k\) and \(k, n\); got"):
        int8_matmul(a, b)
    with pytest.raises(ValueError, match=r"a and b must have shapes"):
        int8_matmul(absmax_quantize(a), absmax_quantize(b))


# Memory, and what a bit is worth


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_an_fp32_scale_for_64_values_takes_half_a_bit_a_value_as_in_qlora(bits):
    x = as_blocks(np.random.default_rng(0).normal(size=(64, 256)), 64)
    assert stored_bytes(absmax_quantize(x, bits, axis=0), bits) * 8 / x.size == bits + 32 / 64
    assert stored_bytes(zeropoint_quantize(x, bits, axis=0), bits) * 8 / x.size == bits + 64 / 64


def test_one_scale_is_four_bytes_and_so_is_one_zero_point():
    x = np.random.default_rng(0).normal(size=(10, 10))
    assert stored_bytes(absmax_quantize(x)) == 104
    assert stored_bytes(zeropoint_quantize(x)) == 108
    assert stored_bytes(absmax_quantize([])) == 4


@pytest.mark.parametrize("bits", [1, 9, True, "8"])
def test_bytes_of_a_width_that_no_quantiser_has_are_refused(bits):
    with pytest.raises((ValueError, TypeError), match=r"^bits must be a whole number of at least 2 and at most 8"):
        stored_bytes(absmax_quantize([1.0]), bits)


def test_each_bit_more_is_worth_six_decibels_on_uniform_data():
    x = np.linspace(-1, 1, 10**5)
    sqnr = [quantization_error(x, zeropoint_quantize(x, bits)).sqnr_db for bits in range(4, 9)]
    np.testing.assert_allclose(np.diff(sqnr), DB_PER_BIT, atol=0.3)
    assert round(DB_PER_BIT, 2) == 6.02
    assert sqnr[-1] == pytest.approx(8 * DB_PER_BIT, abs=0.1)


# What lesson 6 says of numbers, and its question of an error to find


@pytest.mark.parametrize("method", [absmax_quantize, zeropoint_quantize])
def test_normal_data_lie_6_to_11_db_below_the_rule_and_not_along_it(method):
    x = example_tensor("normal")
    below = [DB_PER_BIT * bits - quantization_error(x, method(x, bits)).sqnr_db for bits in range(2, 9)]
    assert below == sorted(below, reverse=True)
    assert (round(below[0], 1), round(below[-1], 1)) == ((11.1, 6.5) if method is absmax_quantize else (8.6, 6.3))


def test_after_1000_tokens_a_user_adds_more_to_read_than_to_compute_and_after_100_tokens_less():
    model, gpu = catalog.model("Llama 2 7B"), catalog.accelerator("A100 80GB")
    arithmetic = compute_cost.forward_flop(model.parameters, 1) / gpu.fp16_bf16_flop_per_second
    reading = {
        context: memory.kv_cache_bytes(1, context, model.layers, model.kv_heads, model.hidden // model.heads, "bf16")
        / gpu.memory_bandwidth_bytes_per_second
        for context in (100, 1000)
    }
    assert (round(1e3 * reading[1000], 3), round(1e3 * arithmetic, 3)) == (0.257, 0.043)
    assert reading[100] < arithmetic < reading[1000]


@pytest.mark.parametrize("seed", range(8))
def test_of_the_five_lines_of_question_6_6_one_alone_is_wrong(seed):
    asks = questions.find("6.6", seed).asks
    x = np.array(asks.given["X"].value)
    scale, zero_point, rounded, fits, clip = asks.options().values()
    factor = 255 / (x[2] - x[0])
    assert scale.endswith(f"= {factor:g} steps per unit")
    assert zero_point.endswith(f" = {-round(factor * x[0]) - 128}")
    assert rounded.endswith(f" = {np.round(factor * x).astype(int).tolist()}")
    back = zeropoint_quantize(x).dequantize()[2]
    assert f"comes back as {back:g}: half a step below {x[2]:g}" in clip
    assert x[2] - back == 0.5 / factor
    assert asks.answer == fits
    assert np.round(factor * x).max() > np.iinfo(np.int8).max
