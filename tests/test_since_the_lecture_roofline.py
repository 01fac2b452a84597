"""The roofline: closed forms against sums over matrices, scans over batches, and dice for the router."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import catalog
from course_lib.compute_cost import Experts, LatentAttention, TransformerShape
from course_lib.since_the_lecture.roofline import (
    TRAINING_BYTES,
    Work,
    attainable_flop_per_second,
    compute_bound_batch,
    decode_intensity_limit,
    decode_work,
    distinct_experts,
    half_way_batch,
    largest_decode_batch,
    longest_compute_bound_context,
    prefill_work,
    ridge_point,
    seconds_at_least,
    training_work,
)

PLAIN = TransformerShape(
    layers=3, hidden=64, heads=4, vocab=500, sequence=128, mlp_hidden=192, mlp_matrices=3, biases=False
)
GROUPED = dataclasses.replace(PLAIN, kv_heads=1)
LATENT = dataclasses.replace(PLAIN, latent=LatentAttention(kv_rank=24, rope_dim=8, query_rank=40))
MIXTURE = dataclasses.replace(PLAIN, experts=Experts(routed=8, active=2, hidden=32, shared=1, dense_layers=1))
SHAPES = {"plain": PLAIN, "grouped": GROUPED, "latent": LATENT, "mixture": MIXTURE}
ACCELERATORS = list(catalog.all_accelerators())
DENSE = [name for name, model in catalog.all_models().items() if not model.is_mixture]

quick = settings(deadline=None, max_examples=60)
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def matrices_of_a_token(shape):
    """Write down the matrices that a token meets, of the experts the chosen ones, inputs x outputs."""
    h, a, d = shape.hidden, shape.heads, shape.head_dim
    found = []
    for layer in range(shape.layers):
        if shape.latent:
            latent = shape.latent
            found += [(h, latent.query_rank), (latent.query_rank, a * (d + latent.rope_dim))]
            found += [(h, latent.kv_rank + latent.rope_dim), (latent.kv_rank, 2 * a * d), (a * d, h)]
        else:
            found += [(h, a * d), (h, shape.kv_heads * d), (h, shape.kv_heads * d), (a * d, h)]
        if shape.experts and layer >= shape.experts.dense_layers:
            chosen = shape.experts.active + shape.experts.shared
            found += [(h, shape.experts.routed)] + 3 * chosen * [(h, shape.experts.hidden)]
        else:
            found += 3 * [(h, shape.mlp_hidden)]
    return [*found, (h, shape.vocab)]


def weights(shape):
    return sum(rows * columns for rows, columns in matrices_of_a_token(shape))


def cached_values(shape):
    """Count what is cached for one token, layer by layer and head by head."""
    if shape.latent:
        return sum(shape.latent.kv_rank + shape.latent.rope_dim for _ in range(shape.layers))
    return sum(2 * shape.head_dim for _ in range(shape.layers) for _ in range(shape.kv_heads))


def attention_of_a_position(shape):
    """Count the multiply-accumulates of one query with one cached position, head by head, times two."""
    if shape.latent:
        scores, values = shape.latent.kv_rank + shape.latent.rope_dim, shape.latent.kv_rank
    else:
        scores = values = shape.head_dim
    return 2 * sum(scores + values for _ in range(shape.layers) for _ in range(shape.heads))


# Work, counted by hand


@every_shape
@pytest.mark.parametrize(("batch", "context"), [(1, 1), (1, 700), (5, 30), (64, 4096)])
def test_generating_a_token_does_and_moves_what_a_loop_over_the_batch_counts(shape, batch, context):
    work = decode_work(shape, batch, context, bytes_per_weight=1, bytes_per_value=4)
    flop = cache = 0
    for _ in range(batch):
        flop += sum(2 * rows * columns for rows, columns in matrices_of_a_token(shape))
        flop += context * attention_of_a_position(shape)
        cache += 4 * context * cached_values(shape)
    assert work.flop == pytest.approx(flop)
    assert work.cache_bytes == pytest.approx(cache)
    assert work.bytes == work.weight_bytes + work.cache_bytes
    assert work.intensity == pytest.approx(work.flop / work.bytes)
    one_expert = 2 * 3 * 64 * 32 if shape.experts else 0
    experts = 8 * (1 - (6 / 8) ** batch) - 2 if shape.experts else 0
    assert work.weight_bytes == pytest.approx(weights(shape) + experts * one_expert)


@every_shape
@pytest.mark.parametrize(("batch", "prompt"), [(1, 1), (3, 50), (2, 4096)])
def test_reading_prompts_costs_a_forward_pass_with_causal_attention(shape, batch, prompt):
    as_long = dataclasses.replace(shape, sequence=prompt)
    work = prefill_work(shape, batch, prompt)
    assert work.flop == pytest.approx(as_long.forward_flop(batch * prompt, causal=True), rel=1e-3)
    assert work.cache_bytes == 2 * batch * prompt * cached_values(shape)


@every_shape
def test_a_training_step_costs_three_forward_passes_and_moves_every_parameter(shape):
    as_long = dataclasses.replace(shape, sequence=256)
    work = training_work(shape, 4, 256)
    assert work.flop == pytest.approx(3 * as_long.forward_flop(4 * 256, causal=True))
    assert work.bytes == TRAINING_BYTES * shape.parameters()["total"]
    read_twice, gradient, states, new_weight = 2 * 2, 2 * 2, 2 * (4 + 4 + 4), 2
    assert read_twice + gradient + states + new_weight == TRAINING_BYTES


@pytest.mark.parametrize("tokens", [1, 2, 5, 40])
def test_so_many_experts_are_needed_as_dice_say(tokens):
    rng = np.random.default_rng(0)
    throws = 4000
    experts = MIXTURE.experts
    needed = [
        len({int(e) for _ in range(tokens) for e in rng.choice(experts.routed, experts.active, replace=False)})
        for _ in range(throws)
    ]
    # The mean of as many throws lies within five of its standard errors, but for one seed in a million.
    error = 5 * max(np.std(needed), 0.01) / math.sqrt(throws)
    assert np.mean(needed) == pytest.approx(distinct_experts(MIXTURE, tokens), abs=error)


def test_one_token_needs_its_own_experts_and_many_need_all():
    assert distinct_experts(MIXTURE, 1) == pytest.approx(2)
    assert distinct_experts(MIXTURE, 1e4) == pytest.approx(8)
    assert distinct_experts(PLAIN, 7) == 0


# The roof


@pytest.mark.parametrize("name", ACCELERATORS)
def test_the_roof_is_the_bandwidths_slope_up_to_the_ridge_point_and_flat_from_there(name):
    chip, ridge = catalog.accelerator(name), ridge_point(name)
    assert ridge * chip.memory_bandwidth_bytes_per_second == pytest.approx(chip.fp16_bf16_flop_per_second)
    below, at, above = attainable_flop_per_second(np.array([ridge / 2, ridge, 2 * ridge]), name)
    assert below == pytest.approx(chip.fp16_bf16_flop_per_second / 2)
    assert at == pytest.approx(above) == pytest.approx(chip.fp16_bf16_flop_per_second)


def test_the_ridge_point_of_the_tpu_v5e_is_the_240_that_is_known_of_it():
    # Austin et al. 2025, *How to Scale Your Model*, part 1: 1.97e14 / 8.2e11 = 240 FLOP a byte.
    assert ridge_point("TPU v5e") == pytest.approx(240, rel=0.01)
    small_cache = dataclasses.replace(GROUPED, head_dim=1, vocab=10**6)
    assert compute_bound_batch(small_cache, 1, "TPU v5e") == pytest.approx(240, rel=0.01)


def test_fp8_moves_the_ridge_point_by_the_ratio_of_the_peaks():
    assert ridge_point("H100 SXM", "fp8") == pytest.approx(2 * ridge_point("H100 SXM"))
    assert ridge_point("GB300", "fp4") == pytest.approx(6 * ridge_point("GB300"))


@quick
@given(st.floats(1, 1e18), st.floats(1, 1e12), st.sampled_from(ACCELERATORS))
def test_a_step_takes_as_long_as_the_slower_of_arithmetic_and_memory(flop, moved, name):
    chip = catalog.accelerator(name)
    seconds = seconds_at_least(Work(flop, moved, 0.0), name)
    slower = max(flop / chip.fp16_bf16_flop_per_second, moved / chip.memory_bandwidth_bytes_per_second)
    assert seconds == pytest.approx(slower)


def test_reading_and_training_lie_right_of_the_ridge_point_and_generating_for_one_left_of_it():
    shape = TransformerShape.from_catalog("Llama 3.1 8B")
    ridge = ridge_point("H100 SXM")
    assert decode_work(shape, 1, 2000).intensity == pytest.approx(1.1, abs=0.1)
    assert prefill_work(shape, 1, 2000).intensity > ridge
    assert training_work(shape, 4, 8192).intensity > ridge


# Where batching stops helping


@every_shape
@quick
@given(batch=st.floats(1, 1e6), more=st.floats(1.001, 10), context=st.floats(1, 1e6))
def test_a_larger_batch_never_lowers_the_intensity_and_never_brings_it_to_its_limit(shape, batch, more, context):
    smaller, larger = (decode_work(shape, b, context).intensity for b in (batch, more * batch))
    assert smaller <= larger * (1 + 1e-12)
    assert larger <= decode_intensity_limit(shape, context) * (1 + 1e-12)


@every_shape
def test_the_limit_is_what_a_huge_batch_comes_to(shape):
    for context in (1, 100, 10_000):
        assert decode_work(shape, 1e12, context).intensity == pytest.approx(decode_intensity_limit(shape, context))


@pytest.mark.parametrize("shape", [PLAIN, GROUPED, LATENT], ids=["plain", "grouped", "latent"])
def test_at_the_half_way_batch_cache_and_weights_are_alike_and_the_intensity_is_half_its_limit(shape):
    for context in (1, 100, 10_000):
        work = decode_work(shape, half_way_batch(shape, context), context)
        assert work.cache_bytes == pytest.approx(work.weight_bytes)
        assert work.intensity == pytest.approx(decode_intensity_limit(shape, context) / 2)


def test_a_mixtures_half_way_batch_counts_all_experts():
    whole = half_way_batch(MIXTURE, 1) * 2 * cached_values(MIXTURE)
    assert whole == 2 * (weights(MIXTURE) + (8 - 2) * 2 * 3 * 64 * 32)


@every_shape
@pytest.mark.parametrize("context", [1, 3, 10, 50, 400])
@pytest.mark.parametrize("name", ["TPU v3", "H100 SXM", "RTX 3090"])
def test_the_compute_bound_batch_is_the_first_of_a_scan_or_the_scan_finds_none(shape, context, name):
    ridge, last = ridge_point(name), 40_000
    intensities = decode_work(shape, np.arange(1, last + 1), context).intensity
    found = np.flatnonzero(intensities >= ridge)
    batch = compute_bound_batch(shape, context, name)
    if batch is None:
        assert found.size == 0
        assert decode_intensity_limit(shape, context) <= ridge
    elif batch <= last:
        assert batch == found[0] + 1
    else:
        assert found.size == 0


@pytest.mark.parametrize("name", DENSE)
@pytest.mark.parametrize("context", [1, 50])
def test_the_compute_bound_batch_of_a_dense_model_is_its_closed_form(name, context):
    shape, ridge = TransformerShape.from_catalog(name), ridge_point("A100 80GB")
    cache = 2 * shape.kv_values_per_token()
    spare = 2 * shape.weights_of_a_token() + context * (shape.attention_flop_per_position() - ridge * cache)
    expected = None if spare <= 0 else math.ceil(ridge * 2 * shape.weights_of_a_token() / spare)
    assert compute_bound_batch(shape, context, "A100 80GB") == expected


@every_shape
@pytest.mark.parametrize("name", ["H100 SXM", "RTX 3090", "TPU v6e"])
def test_beyond_the_longest_compute_bound_context_no_batch_is_enough(shape, name):
    context = longest_compute_bound_context(shape, name)
    assert context is not None
    assert decode_intensity_limit(shape, context) == pytest.approx(ridge_point(name))
    assert compute_bound_batch(shape, math.floor(context) + 1, name) is None
    if context > 1.5:
        assert compute_bound_batch(shape, math.ceil(context) - 1, name) is not None


def test_where_attention_alone_is_right_of_the_ridge_point_every_context_is_compute_bound():
    # DeepSeek-V3's latent attention does 242 FLOP for a cached byte; the RTX 3090's ridge point is 76.
    latent = TransformerShape.from_catalog("DeepSeek-V3")
    assert longest_compute_bound_context(latent, "RTX 3090") is None
    assert compute_bound_batch(latent, 10**7, "RTX 3090") is not None


def test_shared_keys_multiply_the_flop_of_a_cached_byte_by_the_heads_that_share_them():
    long = 1e12
    limits = [decode_intensity_limit(dataclasses.replace(PLAIN, kv_heads=number), long) for number in (4, 2, 1)]
    assert limits == pytest.approx([1, 2, 4])
    kv, rope = 512, 64
    assert decode_intensity_limit(TransformerShape.from_catalog("DeepSeek-V3"), long) == pytest.approx(
        128 * (2 * kv + rope) / (kv + rope), rel=1e-4
    )


def test_the_memory_ends_a_batch_too():
    llama = TransformerShape.from_catalog("Llama 2 7B")
    batch = largest_decode_batch(llama, 4096, "A100 80GB")
    capacity = catalog.accelerator("A100 80GB").usable_bytes
    held = [2 * llama.parameters()["total"] + b * 4096 * 2 * cached_values(llama) for b in (batch, batch + 1)]
    assert held[0] <= capacity < held[1]
    assert largest_decode_batch(llama, 4096, "A100 80GB", num_accelerators=2) > 2 * batch
    assert largest_decode_batch(TransformerShape.from_catalog("DeepSeek-V3"), 1, "H100 SXM") == 0


# Refusals


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ridge_point("H100"), ValueError, "^accelerator 'H100' is unknown; did you mean 'H100 SXM'"),
        (lambda: ridge_point("A100 80GB", "fp8"), ValueError, "^precision must be one that the A100 80GB has a peak"),
        (lambda: attainable_flop_per_second(0, "L4"), ValueError, "^intensity must be positive and finite; got 0"),
        (lambda: decode_work(PLAIN, 0, 1), ValueError, "^batch must be positive and finite; got 0"),
        (lambda: decode_work(PLAIN, 1, [1, -1]), ValueError, r"^context must be positive and finite; got \[1, -1\]"),
        (lambda: decode_work(PLAIN, 1, 1, bytes_per_weight=0), ValueError, "^bytes_per_weight must be positive"),
        (lambda: decode_work(PLAIN, 1, 1, bytes_per_value=[1, 2]), TypeError, "^bytes_per_value must be one number"),
        (lambda: prefill_work(PLAIN, 1, math.nan), ValueError, "^prompt must be positive and finite; got nan"),
        (lambda: training_work(PLAIN, 1, "7"), TypeError, "^sequence must be a positive number; got '7'"),
        (lambda: distinct_experts(MIXTURE, -1), ValueError, "^tokens must be finite and not negative; got -1"),
        (lambda: compute_bound_batch(PLAIN, 1.5, "L4"), ValueError, "^context must be a whole number of at least 1"),
        (
            lambda: compute_bound_batch(PLAIN, 2000, "H100 SXM", bytes_per_weight=-1),
            ValueError,
            "^bytes_per_weight must be positive and finite; got -1",
        ),
        (
            lambda: compute_bound_batch(PLAIN, 2000, "H100 SXM", bytes_per_weight=[1, 2]),
            TypeError,
            "^bytes_per_weight must be one number",
        ),
        (
            lambda: decode_work("Llama 3.1 8B", 1, 1),
            TypeError,
            "^shape must be a TransformerShape, such as .*; got 'Ll",
        ),
        (lambda: largest_decode_batch(PLAIN, 1, "L4", 0), ValueError, "^num_accelerators must be a whole number"),
    ],
)
def test_what_no_step_has_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
