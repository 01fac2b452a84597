"""`course_lib.block_formats.comparison`: what each format costs, against int8 and against what theory says."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from course_lib.block_formats import (
    FORMATS,
    MXFP4,
    MXFP6_E2M3,
    MXFP6_E3M2,
    NF4,
    NVFP4,
    Q4_0,
    Q8_0,
    SqnrRow,
    bits_per_value,
    block_error,
    comparison_tensors,
    encode,
    sqnr_table,
)
from course_lib.quantization import (
    absmax_quantize,
    as_blocks,
    error_measures,
    quantization_error,
)


def rows_of(kind):
    return {row.name: row for row in sqnr_table(comparison_tensors()[kind])}


def test_block_error_by_hand():
    error = block_error([3.0, 4.0, 6.5], encode([3.0, 4.0, 6.5], MXFP4))
    assert (error.max_abs, error.rmse) == (0.5, math.sqrt(0.25 / 3))
    assert error.sqnr_db == pytest.approx(10 * math.log10((9 + 16 + 42.25) / 0.25))


def test_without_an_error_sqnr_is_infinite():
    assert block_error([1.0, 2.0], encode([1.0, 2.0], MXFP4)).sqnr_db == math.inf


def test_what_has_another_shape_is_refused():
    with pytest.raises(ValueError, match="shape"):
        block_error([1.0, 2.0], encode([1.0], MXFP4))
    with pytest.raises(TypeError, match="encoded"):
        block_error([1.0], [1.0])


def test_error_measures_are_those_of_quantization_error():
    x = np.random.default_rng(1).normal(size=(8, 8))
    quantized = absmax_quantize(x, bits=4)
    assert error_measures(x, quantized.dequantize()) == quantization_error(x, quantized)
    for bad in ([math.nan], [math.inf]):
        with pytest.raises(ValueError, match="approximation must be finite"):
            error_measures([1.0], bad)
        with pytest.raises(ValueError, match="x must be finite"):
            error_measures(bad, [1.0])
    with pytest.raises(ValueError, match="approximation must have the shape"):
        error_measures([1.0, 2.0], [1.0])


def test_the_table_has_every_format_and_int8_the_best_first():
    for x in comparison_tensors().values():
        table = sqnr_table(x)
        assert {row.name for row in table} == {*FORMATS, "int8 a tensor", "int8 a row"}
        assert [row.sqnr_db for row in table] == sorted((row.sqnr_db for row in table), reverse=True)
        assert all(row.bits == bits_per_value(FORMATS[row.name]) for row in table if row.name in FORMATS)


def test_int8_stands_in_the_table_with_its_scales():
    rows = rows_of("normal")
    assert rows["int8 a row"].bits == 8 + 32 / 64
    assert rows["int8 a tensor"].bits == 8 + 32 / 64**2
    x = comparison_tensors()["normal"]
    assert rows["int8 a row"].sqnr_db == quantization_error(x, absmax_quantize(x, axis=0)).sqnr_db


def test_q8_0_is_absmax_int8_in_blocks_of_32_but_for_its_fp16_scales():
    x = comparison_tensors()["trained weights"]
    in_blocks = quantization_error(as_blocks(x, 32), absmax_quantize(as_blocks(x, 32), axis=0)).sqnr_db
    assert block_error(x, encode(x, Q8_0)).sqnr_db == pytest.approx(in_blocks, abs=0.1)


def test_bits_ahead_are_6_02_db_each():
    assert SqnrRow("a", 4, 20 * math.log10(8)).bits_ahead_of(SqnrRow("b", 4, 0)) == pytest.approx(3)


def test_no_format_of_normal_numbers_needs_fewer_bits_than_the_bound_of_any_code():
    x = np.random.default_rng(4).normal(size=(256, 512))
    assert min(row.excess_bits for row in sqnr_table(x)) > 0


@pytest.mark.parametrize("kind", ["normal", "trained weights"])
def test_among_the_formats_of_four_bits_those_with_finer_scales_and_levels_are_ahead(kind):
    rows = rows_of(kind)
    assert rows[NF4.name].sqnr_db > rows[MXFP4.name].sqnr_db
    assert rows[NVFP4.name].sqnr_db > rows[MXFP4.name].sqnr_db
    assert rows[Q4_0.name].sqnr_db > rows[MXFP4.name].sqnr_db


def test_in_a_block_the_significand_counts_and_the_exponent_hardly_does():
    for kind in comparison_tensors():
        rows = rows_of(kind)
        assert rows[MXFP6_E2M3.name].sqnr_db > rows[MXFP6_E3M2.name].sqnr_db


def test_outliers_cost_int8_a_tensor_more_than_blocks():
    calm, spoilt = rows_of("normal"), rows_of("with outliers")
    lost = {name: calm[name].sqnr_db - spoilt[name].sqnr_db for name in calm}
    assert lost["int8 a tensor"] == max(lost.values())
    assert spoilt[NVFP4.name].bits_ahead_of(spoilt["int8 a tensor"]) > 0  # with half the bits


def test_only_the_values_of_the_mask_count_and_all_are_encoded():
    x = comparison_tensors()["with outliers"]
    others = np.abs(x).max(axis=0) < 10
    rest = {row.name: row for row in sqnr_table(x, where=others)}
    back = encode(x, NVFP4).decode()
    assert rest[NVFP4.name].sqnr_db == pytest.approx(error_measures(x[:, others], back[:, others]).sqnr_db)
    assert rest["int8 a tensor"].sqnr_db < rows_of("with outliers")["int8 a tensor"].sqnr_db - 10
    assert {row.name: row.sqnr_db for row in sqnr_table(x, where=np.ones_like(x, dtype=bool))} == {
        row.name: row.sqnr_db for row in sqnr_table(x)
    }
    with pytest.raises(ValueError, match=r"^where must have the shape of x, \(64, 64\); got \(2,\)$"):
        sqnr_table(x, where=[True, False])
    with pytest.raises(ValueError, match=r"^where must be true somewhere"):
        sqnr_table(x, where=x != x)
    for wrong in (x, "others"):
        with pytest.raises(TypeError, match=r"^where must be True, or a mask of True and False"):
            sqnr_table(x, where=wrong)
    for wrong in (NVFP4, "NVFP4", ["NVFP4"]):
        with pytest.raises(TypeError, match=r"^formats must be a list of BlockFormat"):
            sqnr_table(x, formats=wrong)


@pytest.mark.parametrize("shape", [(), (64,), (2, 2, 32), (0, 32), (0,)])
def test_a_table_of_what_is_no_matrix_is_refused_by_its_shape(shape):
    refusal = f"x must be a matrix that is not empty; got the shape {shape}"
    with pytest.raises(ValueError, match=f"^{re.escape(refusal)}$"):
        sqnr_table(np.ones(shape))


def test_the_tensors_are_matrices_of_fp32_that_nobody_changes():
    for x in comparison_tensors().values():
        assert (x.ndim, x.dtype) == (2, np.float32)
        with pytest.raises(ValueError, match="read-only"):
            x[0, 0] = 1
    assert np.abs(comparison_tensors()["with outliers"]).max() > 50
