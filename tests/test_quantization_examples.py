"""The example tensors have the shapes of data that they are named for, and are the same for everybody."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.quantization import KINDS, PLACES, SHAPE, example_tensor, with_outlier

KIND = pytest.mark.parametrize("kind", KINDS)


@KIND
def test_a_tensor_is_a_read_only_matrix_in_fp32(kind):
    x = example_tensor(kind)
    assert (x.shape, x.dtype) == (SHAPE, np.float32)
    assert np.all(np.isfinite(x))
    with pytest.raises(ValueError, match="read-only"):
        x[0, 0] = 1


@KIND
def test_another_python_makes_the_same_tensor(kind):
    code = f"from course_lib.quantization import example_tensor; print(example_tensor({kind!r}).tobytes().hex())"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert printed.stdout.strip() == example_tensor(kind).tobytes().hex()


def test_normal_has_mean_zero_and_deviation_one():
    x = example_tensor("normal")
    assert abs(x.mean()) < 4 / math.sqrt(x.size)
    assert x.std() == pytest.approx(1, abs=4 / math.sqrt(2 * x.size))
    assert np.mean(np.abs(x) < 1) == pytest.approx(0.6827, abs=0.03)


def test_relu_like_is_the_normal_one_after_a_relu():
    np.testing.assert_array_equal(example_tensor("ReLU-like"), np.maximum(example_tensor("normal"), 0))


@pytest.mark.parametrize(("kind", "low", "high"), [("uniform", -1, 1), ("100 to 104", 100, 104)])
def test_even_tensors_reach_both_ends_and_are_even(kind, low, high):
    x = np.sort(example_tensor(kind), axis=None)
    assert (x[0], x[-1]) == (low, high)
    np.testing.assert_allclose(np.diff(x), (high - low) / (x.size - 1), atol=1e-5)
    assert example_tensor(kind)[0, 0] != low


@KIND
@pytest.mark.parametrize("place", PLACES)
def test_a_factor_of_one_changes_nothing(kind, place):
    np.testing.assert_array_equal(with_outlier(example_tensor(kind), 1, place), example_tensor(kind))


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(KINDS), st.floats(1, 100), st.sampled_from(PLACES))
def test_an_outlier_is_the_largest_value_times_the_factor_and_the_rest_stays(kind, factor, place):
    x = example_tensor(kind)
    changed = with_outlier(x, factor, place)
    row, column = np.unravel_index(np.argmax(x), x.shape)
    assert changed[row, column] == pytest.approx(x.max() * factor, rel=1e-6)
    touched = np.zeros(SHAPE, bool)
    touched[row if place == "one value" else slice(None), column] = True
    np.testing.assert_array_equal(changed[~touched], x[~touched])
    np.testing.assert_allclose(changed[touched], x[touched] * factor, rtol=1e-6)
    assert not changed.flags.writeable


@pytest.mark.parametrize("factor", [0, 0.99, -2, math.nan, math.inf])
def test_a_factor_below_one_is_refused(factor):
    with pytest.raises(ValueError, match=r"^factor must be (finite and at least 1|positive and finite); got"):
        with_outlier(example_tensor("normal"), factor)


def test_unknown_names_are_refused_with_what_is_accepted():
    with pytest.raises(ValueError, match=r"^kind 'Normal' is unknown; did you mean 'normal'"):
        example_tensor("Normal")
    with pytest.raises(ValueError, match=r"^place 'a row' is unknown; .*accepted: 'one value', 'a column'"):
        with_outlier(example_tensor("normal"), 2, "a row")
