"""The ledgers of `course_lib.tiny_transformer`: FLOP and bytes as the formulas say, and bytes as Python traces them."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_tiny_transformer import CONFIGS, SMALL, on_many_shapes, random_parameters, random_text

from course_lib import memory
from course_lib.tiny_transformer import (
    RECOMPUTE,
    TINY,
    GPTConfig,
    backward,
    by_term,
    bytes_of,
    count_flop,
    forward,
    initial_parameters,
    kept_bytes,
    ledgers,
    model,
    step_bytes,
    traced_peak,
    training,
)

# FLOP


def counted(config, batch=2, recompute="none", sequence=None):
    return count_flop(config, random_parameters(config), *random_text(config, batch, sequence), recompute)


@given(CONFIGS, st.integers(1, 3))
@on_many_shapes
def test_the_forward_pass_counts_what_the_formula_says_to_the_unit_and_the_backward_pass_twice_that(config, batch):
    ledger = counted(config, batch)
    assert ledger.forward == config.shape.forward_flop(batch * config.sequence)
    assert ledger.backward == 2 * ledger.forward
    assert len(ledger.products["backward"]) == 2 * len(ledger.products["forward"])


def test_a_sequence_shorter_than_the_configs_costs_what_a_config_of_that_length_does():
    ledger = counted(SMALL, sequence=3)
    assert ledger.forward == replace(SMALL, sequence=3).shape.forward_flop(2 * 3)


def test_each_kind_of_product_costs_what_its_sizes_say():
    ledger, rows = counted(TINY, batch=2), 2 * TINY.sequence
    h, layers = TINY.hidden, TINY.layers
    expected = {
        "qkv": 6 * h * h * layers,
        "attention": 4 * h * TINY.sequence * layers,
        "projection": 2 * h * h * layers,
        "up": 8 * h * h * layers,
        "down": 8 * h * h * layers,
        "output": 2 * TINY.vocab * h,
    }
    assert ledger.by_kind("forward") == {kind: flop * rows for kind, flop in expected.items()}
    back = ledger.by_kind("backward")
    of_weights = sum(expected.values()) - expected["attention"]
    assert back.pop("weight gradient") == of_weights * rows
    assert back.pop("attention") == 2 * expected["attention"] * rows
    assert back == {kind: flop * rows for kind, flop in expected.items() if kind != "attention"}


@given(CONFIGS, st.integers(1, 3))
@on_many_shapes
def test_recomputation_adds_the_scores_or_every_layers_forward_pass(config, batch):
    tokens, none = batch * config.sequence, counted(config, batch)
    selective, full = (counted(config, batch, recompute) for recompute in RECOMPUTE[1:])
    assert none.forward == selective.forward == full.forward
    assert selective.backward - none.backward == 2 * config.layers * config.hidden * config.sequence * tokens
    output = 2 * config.vocab * config.hidden * tokens
    assert full.backward - none.backward == none.forward - output


def twice(d_out, x, weight):
    """Return the gradients of a linear part, that of the weight computed twice and added: a factor 2 wrong."""
    return d_out @ weight.T, {"weight": x.T @ d_out + x.T @ d_out, "bias": d_out.sum(axis=0)}


def without_input(d_out, x, weight):
    """Return the gradients of a linear part, that of its input forgotten: half of the FLOP are missing."""
    return np.zeros_like(x), {"weight": x.T @ d_out, "bias": d_out.sum(axis=0)}


@pytest.mark.parametrize(("wrong", "by"), [(twice, 1), (without_input, -1)])
def test_a_backward_pass_with_one_factor_2_wrong_is_caught_by_the_count(monkeypatch, wrong, by):
    right = counted(SMALL)
    of_linear_parts = right.forward - right.by_kind("forward")["attention"] - right.by_kind("forward")["output"]
    monkeypatch.setattr(model, "linear_backward", wrong)
    broken = counted(SMALL)
    assert broken.forward == right.forward
    assert broken.backward != 2 * broken.forward
    assert broken.backward - 2 * broken.forward == by * of_linear_parts


def test_another_backward_pass_can_be_counted():
    def nothing(config, parameters, result):
        return {}

    assert count_flop(SMALL, random_parameters(SMALL), *random_text(SMALL), backward=nothing).backward == 0


@pytest.mark.parametrize("recompute", RECOMPUTE)
def test_counting_changes_no_bit_of_what_is_computed(recompute):
    parameters, texts, found = random_parameters(SMALL, dtype=np.float32), random_text(SMALL), {}

    def noted(*args):
        found.update(backward(*args))
        return found

    count_flop(SMALL, parameters, *texts, recompute, backward=noted)
    plain = backward(SMALL, parameters, forward(SMALL, parameters, *texts, recompute))
    assert all(np.array_equal(found[name], plain[name]) for name in plain)
    assert all(type(array) is np.ndarray for array in plain.values())


@pytest.mark.parametrize(
    "product",
    [
        np.dot,
        np.inner,
        np.outer,
        np.vdot,
        np.vecdot,
        lambda a, b: np.einsum("i,i", a, b),
        lambda a, b: np.tensordot(a, b, 1),
        lambda a, b: a.dot(b),
        lambda a, b: np.linalg.multi_dot([a, b]),
    ],
)
def test_a_product_that_would_not_be_counted_is_refused(product):
    counted = ledgers.Counted.of(np.ones(3), ledgers.FlopLedger())
    with pytest.raises(TypeError, match="a ledger counts products written @; got"):
        product(counted, np.ones(3))


def test_a_product_in_place_and_one_with_a_plain_array_first_are_counted():
    ledger = ledgers.FlopLedger()
    array, plain = ledgers.Counted.of(np.ones((2, 2)), ledger), np.ones((3, 2))
    np.matmul(array, array, out=array)
    assert np.all(array == 2)
    assert isinstance(plain @ array, ledgers.Counted)
    assert (array @ np.ones(2)).shape == (2,)
    assert [product.flop for product in ledger.products["forward"]] == [16, 24, 8]


def test_a_product_of_any_parameter_would_be_counted_under_its_name():
    def looks_up_by_product(config, parameters, result):
        parameters["position embedding"].T @ np.ones(config.sequence)
        return {}

    ledger = count_flop(SMALL, random_parameters(SMALL), *random_text(SMALL), backward=looks_up_by_product)
    assert ledger.by_kind("backward") == {"position embedding": 2 * SMALL.hidden * SMALL.sequence}
    assert ledger.total == ledger.forward + 2 * SMALL.hidden * SMALL.sequence


def test_a_pass_that_is_none_is_refused():
    with pytest.raises(ValueError, match="direction 'sideways' is unknown; accepted: 'forward', 'backward'"):
        counted(SMALL).by_kind("sideways")


# Bytes


SIZES = settings(deadline=None, max_examples=15)


@given(CONFIGS, st.integers(1, 3), st.sampled_from(RECOMPUTE))
@SIZES
def test_a_layer_keeps_what_the_formula_says_less_dropout_to_the_byte(config, batch, recompute):
    """Of 34 + 5 a s / h, here with 4 bytes a value, this model lacks dropout: two masks, and of 5 a s / h all but one
    copy of the probabilities. It keeps one more number a token for each of two norms.
    """
    parameters = random_parameters(config, dtype=np.float32)
    layers, _ = kept_bytes(forward(config, parameters, *random_text(config, batch), recompute))
    rows = batch * config.sequence
    values = rows * config.hidden
    scores = rows * config.heads * config.sequence
    lacking = {"none": 2 * values + 5 * scores - 8 * rows, "selective": 2 * values - 8 * rows, "full": 0}
    formula = memory.activation_bytes(
        batch, config.sequence, config.hidden, 1, config.heads, recompute, bytes_per_value=4
    )
    assert len(layers) == config.layers
    assert {sum(layer.values()) for layer in layers} == {formula - lacking[recompute]}


@pytest.mark.parametrize("recompute", RECOMPUTE)
def test_every_byte_of_a_layer_has_its_term_of_the_formula(recompute):
    layers, _ = kept_bytes(forward(SMALL, random_parameters(SMALL), *random_text(SMALL), recompute))
    terms = by_term(layers[0])
    assert sum(terms.values()) == sum(layers[0].values())
    of_formula = memory.activation_terms(SMALL.sequence, SMALL.hidden, SMALL.heads)
    assert {*terms} <= {*of_formula, "layer input"}
    assert ("layer input" in terms) == (recompute == "full")


def test_the_logits_are_held_twice_at_the_start_of_the_backward_pass():
    held = step_bytes(TINY, initial_parameters(TINY), *random_text(TINY))
    assert held.outside["logits"] + held.logits_gradient == memory.logits_bytes(2, TINY.sequence, TINY.vocab, copies=2)


def test_a_buffer_counts_once_and_a_view_counts_for_all_that_it_holds():
    buffer = np.zeros((4, 8))
    assert bytes_of({"all": buffer, "part": buffer[1:, ::2], "again": [buffer.T, {"deep": buffer.reshape(-1)}]}) == 256
    assert bytes_of([buffer[:1].copy(), buffer[:1]]) == 64 + 256
    result = forward(SMALL, random_parameters(SMALL), *random_text(SMALL))
    result.kept["layers"][0]["shared"] = result.kept["logits"]
    layers, outside = kept_bytes(result)
    assert sorted([layers[0]["shared"], outside["logits"]]) == [0, result.logits.nbytes]


WIDE = [
    TINY,
    GPTConfig(layers=6, hidden=48, heads=3, vocab=97, sequence=64),
    GPTConfig(layers=4, hidden=32, heads=4, vocab=97, sequence=128),
    GPTConfig(layers=3, hidden=128, heads=4, vocab=31, sequence=32),
    GPTConfig(layers=1, hidden=16, heads=2, vocab=997, sequence=32),
]


@pytest.mark.parametrize("recompute", RECOMPUTE)
@pytest.mark.parametrize("config", WIDE, ids=str)
def test_the_ledgers_sum_is_the_peak_that_python_traces_within_a_tenth(config, recompute):
    parameters, texts = initial_parameters(config), random_text(config, 8)

    def step():
        return backward(config, parameters, forward(config, parameters, *texts, recompute))

    step()
    held = step_bytes(config, parameters, *texts, recompute)
    assert traced_peak(step) == pytest.approx(held.peak - held.parameters, rel=0.1)


def test_a_whole_training_step_peaks_where_its_backward_pass_does():
    """What AdamW makes anew, while the activations are still there, is less than what the backward pass held."""
    chosen, parameters = training.TrainingSettings(), initial_parameters(TINY)
    texts, held = random_text(TINY, 8), step_bytes(TINY, parameters, *random_text(TINY, 8))
    done = training.Done(parameters, training.Moments.zeros(parameters), ())
    peak = traced_peak(lambda: training.training_step(TINY, chosen, done, *texts, training.AdamW()))
    assert peak == pytest.approx(held.peak - held.parameters, rel=0.1)


def test_what_is_kept_is_what_python_holds_after_the_forward_pass():
    parameters, texts = initial_parameters(TINY), random_text(TINY, 8)
    forward(TINY, parameters, *texts)
    tracemalloc.start()
    try:
        result = forward(TINY, parameters, *texts)
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert bytes_of(result.kept) - bytes_of(texts) == pytest.approx(held, rel=0.01)


def test_recomputation_lowers_the_peak_and_shows_the_layer_that_is_computed_again():
    config = replace(TINY, layers=6)
    none, selective, full = (
        step_bytes(config, initial_parameters(config), *random_text(config, 4), recompute) for recompute in RECOMPUTE
    )
    assert none.peak > selective.peak > full.peak
    assert full.working["layer computed again"] == sum(none.layers[0].values())


def test_a_traced_peak_leaves_tracing_as_it_was():
    assert not tracemalloc.is_tracing()
    tracemalloc.start()
    try:
        assert 8_000_000 <= traced_peak(lambda: np.zeros(1_000_000)) < 8_100_000
        assert tracemalloc.is_tracing()
    finally:
        tracemalloc.stop()
    with pytest.raises(ZeroDivisionError):
        traced_peak(lambda: 1 // 0)
    assert not tracemalloc.is_tracing()
