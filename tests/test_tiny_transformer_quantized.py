"""The small GPT in few bits: codes as `quantization` makes them, products in integers, and the losses kept of both."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_tiny_transformer import CONFIGS, SMALL, random_parameters, random_text

from course_lib.quantization import METHODS, absmax_quantize, int8_matmul
from course_lib.tiny_transformer import (
    bits_a_weight,
    count_flop,
    dequantized,
    forward,
    held_out_loss,
    in_int8,
    int8_product,
    quantized,
    quantized_losses,
    quantized_matrices,
    trained,
)
from course_lib.tiny_transformer.quantized import BITS, BLOCK, SCALE_PER, held_out

ROOT = Path(__file__).resolve().parent.parent
KEPT = json.loads((ROOT / "course_lib" / quantized.PLACE).read_text(encoding="utf-8"))
LOSSES = {(one.method, one.scale_per, one.bits): one for one in quantized_losses().matrices}
ways = pytest.mark.parametrize("scale_per", SCALE_PER)
methods = pytest.mark.parametrize("method", METHODS)


def rise(method, scale_per, bits):
    return LOSSES[method, scale_per, bits].loss.whole - quantized_losses().fp32.whole


# The weights


@ways
@methods
def test_the_matrices_are_quantised_and_nothing_else_changes(method, scale_per):
    parameters = trained().parameters
    codes = quantized_matrices(parameters, 4, method, scale_per)
    back = dequantized(parameters, codes)
    assert list(back) == list(parameters)
    for name, array in parameters.items():
        assert (back[name].shape, back[name].dtype) == (array.shape, np.float32)
        assert (name in codes) == (array.ndim == 2)
        assert np.array_equal(back[name], array) == (array.ndim == 1)


@pytest.mark.parametrize(
    ("name", "axis"), [("layer 1.down.weight", 1), ("layer 0.qkv.weight", 1), ("token embedding", 0)]
)
def test_each_output_s_weights_have_a_scale_of_their_own(name, axis):
    matrix = trained().parameters[name]
    found = quantized_matrices({name: matrix}, 5, "absmax", "output")[name]
    for i in range(matrix.shape[axis]):
        alone = absmax_quantize(matrix.take(i, axis), 5)
        np.testing.assert_array_equal(found.values.take(i, axis), alone.values)
        assert found.scale.ravel()[i] == alone.scale


def test_a_block_is_so_many_neighbours_of_a_row():
    matrix = trained().parameters["layer 0.up.weight"]
    found = quantized_matrices({"up.weight": matrix}, 3, "zero-point", "block of 32")["up.weight"]
    alone = METHODS["zero-point"](matrix[1, BLOCK : 2 * BLOCK], 3)
    row = matrix.shape[1] // BLOCK + 1
    np.testing.assert_array_equal(found.values[row], alone.values)
    assert (found.scale[row, 0], found.zero_point[row, 0]) == (alone.scale, alone.zero_point)


@ways
def test_a_weight_takes_its_code_and_its_share_of_the_scales(scale_per):
    parameters = trained().parameters
    matrices = {name: array for name, array in parameters.items() if array.ndim == 2}
    weights = sum(array.size for array in matrices.values())
    scales = {
        "matrix": len(matrices),
        "output": sum(array.shape[0 if "embedding" in name else 1] for name, array in matrices.items()),
        "block of 32": weights / 32,
    }[scale_per]
    codes = quantized_matrices(parameters, 5, "absmax", scale_per)
    assert bits_a_weight(codes, 5) == pytest.approx(5 + 32 * scales / weights)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bits": 9}, "^bits must be a whole number of at least 2 and at most 8; got 9"),
        ({"method": "nf4"}, "^method 'nf4' is unknown; accepted: 'absmax', 'zero-point'"),
        ({"scale_per": "token"}, "^scale_per 'token' is unknown; accepted: 'matrix', 'output', 'block of 32'"),
    ],
)
def test_what_is_no_way_to_quantise_is_refused_by_name(change, message):
    with pytest.raises(ValueError, match=message):
        quantized_matrices(trained().parameters, **change)


# The products


@given(st.integers(0, 2**32 - 1), st.sampled_from([(3, 5, 2), (1, 7, 4), (6, 1, 6)]))
@settings(deadline=None, max_examples=25)
def test_a_product_is_that_of_whole_codes_and_as_near_as_they_are(seed, sizes):
    m, k, n = sizes
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(m, k)) * 10 ** rng.normal(size=(m, 1)), rng.normal(size=(k, n))
    left, right = absmax_quantize(a, axis=0), absmax_quantize(b, axis=1)
    sums = [
        [sum(int(x) * int(y) for x, y in zip(row, column, strict=True)) for column in right.values.T]
        for row in left.values
    ]
    np.testing.assert_allclose(int8_product(a, b), sums * left.scale * right.scale, rtol=1e-12, atol=0)
    bound = 0.5 * left.scale * np.abs(b).sum(axis=0) + 0.5 * right.scale * np.abs(a).sum(axis=1, keepdims=True)
    assert np.all(np.abs(int8_product(a, b) - a @ b) <= bound + 0.25 * k * left.scale * right.scale + 1e-12)


def test_matrices_in_a_batch_are_multiplied_one_by_one():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(2, 3, 5, 6))
    found = int8_product(a, b)
    assert found.shape == (2, 3, 4, 6)
    for i, j in np.ndindex(2, 3):
        np.testing.assert_array_equal(found[i, j], int8_product(a[i, j], b[i, j]))


@given(CONFIGS, st.integers(1, 2))
@settings(deadline=None, max_examples=15)
def test_every_product_of_the_forward_pass_is_computed_in_int8_and_none_of_the_model_is_written_again(config, batch):
    parameters, texts = random_parameters(config), random_text(config, batch)
    multiplied = []

    def noted(a, b):
        multiplied.append(2 * a.values.shape[0] * a.values.shape[1] * b.values.shape[1])
        return int8_matmul(a, b)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quantized, "int8_matmul", noted)
        forward(config, in_int8(parameters), *texts)
    assert sum(multiplied) == count_flop(config, parameters, *texts).forward


def test_a_product_with_a_plain_array_first_is_in_integers_and_so_is_what_comes_of_one():
    parameters = in_int8(random_parameters(SMALL, dtype=np.float32))
    weight = parameters["layer 0.up.weight"]
    plain = np.random.default_rng(1).normal(size=(3, SMALL.hidden)).astype(np.float32)
    found = plain @ weight
    np.testing.assert_array_equal(found, int8_product(plain, weight))
    assert not np.array_equal(found, plain @ np.asarray(weight))
    assert (type(found + 1), found.dtype) == (quantized.Int8, np.float32)
    assert np.shares_memory(weight, weight.T)
    np.testing.assert_array_equal(found @ weight.T, int8_product(np.asarray(found), np.asarray(weight).T))


def test_the_parameters_stay_as_they_are():
    parameters = random_parameters(SMALL)
    copies = {name: array.copy() for name, array in parameters.items()}
    forward(SMALL, in_int8(parameters), *random_text(SMALL))
    assert all(np.array_equal(copies[name], array) for name, array in parameters.items())


# The losses kept


def test_the_losses_that_are_kept_say_how_they_were_made():
    assert KEPT["command"] == quantized.COMMAND
    assert KEPT["seed"] == trained().settings.seed
    assert KEPT["characters"] == len(held_out())
    assert [tuple(row[:3]) for row in KEPT["matrices"]] == [
        (method, scale_per, bits) for method in METHODS for scale_per in SCALE_PER for bits in BITS
    ]


@pytest.mark.parametrize(
    ("method", "scale_per", "bits"),
    [("absmax", "matrix", 5), ("absmax", "output", 4), ("absmax", "block of 32", 3), ("zero-point", "output", 2)],
)
def test_the_losses_that_are_kept_come_again(method, scale_per, bits):
    """Another machine's products may round otherwise: 1e-4 nats are far more than that changes."""
    model, kept = trained(), LOSSES[method, scale_per, bits]
    codes = quantized_matrices(model.parameters, bits, method, scale_per)
    assert bits_a_weight(codes, bits) == pytest.approx(kept.bits_a_weight, abs=1e-6)
    measured = held_out_loss(model.config, dequantized(model.parameters, codes), held_out())
    assert measured == pytest.approx(kept.loss.whole, abs=1e-4)


def test_the_loss_with_int8_products_and_the_one_in_fp32_come_again_on_half_of_the_text():
    model, text = trained(), held_out()
    for parameters, kept in (
        (model.parameters, quantized_losses().fp32),
        (in_int8(model.parameters), quantized_losses().int8_products),
    ):
        measured = held_out_loss(model.config, parameters, text[len(text) // 2 :])
        assert measured == pytest.approx(kept.halves[1], abs=2e-3)


def test_a_half_of_the_text_rises_as_all_of_it_does():
    """What the lesson says of its noise: where the loss rises by more than 0.1 nats, by a sixth at the most."""
    fp32 = quantized_losses().fp32
    for (method, scale_per, bits), one in LOSSES.items():
        for half, before in zip(one.loss.halves, fp32.halves, strict=True):
            assert half - before == pytest.approx(rise(method, scale_per, bits), rel=0.17, abs=0.006)


def test_eight_bits_cost_next_to_nothing_and_two_bits_all_that_was_learnt():
    for method in METHODS:
        for scale_per in SCALE_PER:
            assert abs(rise(method, scale_per, 8)) < 0.005
            assert rise(method, scale_per, 2) > 1
    assert abs(quantized_losses().int8_products.whole - quantized_losses().fp32.whole) < 0.005
    assert LOSSES["absmax", "matrix", 2].loss.whole > np.log(trained().config.vocab)


@methods
def test_where_the_loss_is_seen_to_rise_a_bit_less_and_a_coarser_scale_cost_more(method):
    for scale_per in SCALE_PER:
        assert np.all(np.diff([rise(method, scale_per, bits) for bits in BITS[3:]]) > 0)
    for bits in (5, 4, 3):
        assert rise(method, "matrix", bits) > rise(method, "output", bits)


def test_the_rise_grows_with_the_square_of_the_step():
    """A bit less is twice the step, or a little more: 2^(bits - 1) - 1 codes on either side of 0."""
    for bits in (6, 5, 4):
        steps = (2 ** (bits - 1) - 1) / (2 ** (bits - 2) - 1)
        assert rise("absmax", "matrix", bits - 1) / rise("absmax", "matrix", bits) == pytest.approx(steps**2, rel=0.35)


# What the lesson says of the model


def test_no_column_of_an_input_is_an_outlier():
    model, text = trained(), held_out()
    inputs, targets = (text[i : i + 4096].reshape(64, 64) for i in (0, 1))
    kept = forward(model.config, model.parameters, inputs, targets).kept
    arrays = [layer[f"{name} input"] for layer in kept["layers"] for name in ("qkv", "projection", "up", "down")]
    for array in (*arrays, kept["output input"]):
        columns, whole = np.sqrt(np.mean(array**2, axis=0)), np.sqrt(np.mean(array**2))
        assert columns.max() < 3 * whole


def test_a_scale_for_each_column_costs_4_38_bits_a_weight_and_wins_most_of_four_bits_back():
    model = trained()
    codes = {name: absmax_quantize(a, 4, axis=1) for name, a in model.parameters.items() if a.ndim == 2}
    loss = held_out_loss(model.config, dequantized(model.parameters, codes), held_out())
    assert round(bits_a_weight(codes, 4), 2) == 4.38
    assert loss - quantized_losses().fp32.whole == pytest.approx(0.162, abs=1e-3)
