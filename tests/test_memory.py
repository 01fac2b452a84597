import dataclasses
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import catalog
from course_lib.memory import (
    MIXED,
    OPTIMIZER_BYTES,
    PART_NAMES,
    PARTS,
    PRECISION_BYTES,
    RECOMPUTE,
    TrainingMemory,
    activation_bytes,
    activation_terms,
    assumed_shape,
    fits,
    gradient_bytes,
    kv_cache_bytes,
    logits_bytes,
    optimizer_bytes,
    parameter_bytes,
    training_memory,
    working_bytes,
    zero_sharded,
)

quick = settings(deadline=None, max_examples=60)
counts = st.integers(1, 10**13)
gpus = st.integers(1, 4096)
precisions = st.sampled_from(sorted(PRECISION_BYTES))
optimizers = st.sampled_from(sorted(OPTIMIZER_BYTES))
shapes = st.builds(
    lambda batch, sequence, width, layers, heads: {
        "batch": batch,
        "sequence": sequence,
        "hidden": width * heads,
        "layers": layers,
        "heads": heads,
    },
    st.integers(1, 64),
    st.integers(1, 2**15),
    st.integers(1, 2**7),
    st.integers(1, 128),
    st.integers(1, 128),
)


def shared_by(t, shape):
    """Return a shape with t times as many heads of the same width, so that t accelerators can share them."""
    return shape | {name: t * shape[name] for name in ("hidden", "heads")}


GPT3 = {"batch": 1, "sequence": 2048, "hidden": 12288, "layers": 96, "heads": 96}
MT_NLG = {"batch": 1, "sequence": 2048, "hidden": 20480, "layers": 105, "heads": 128}

# Korthikanti et al. 2022, section 4.1: what one layer keeps, in bytes. Each entry: values in units of s b h (or of
# a s s b for the scores), bytes a value, and whether tensor parallelism splits it.
KEPT_BY_A_LAYER = [
    ("input of the two layer norms", 2, 2, False),
    ("input of query, key and value", 1, 2, False),
    ("query and key", 2, 2, True),
    ("value", 1, 2, True),
    ("input of the output projection", 1, 2, True),
    ("dropout mask after attention", 1, 1, False),
    ("input of the MLP", 1, 2, False),
    ("input of GeLU", 4, 2, True),
    ("input of the second matrix", 4, 2, True),
    ("dropout mask after the MLP", 1, 1, False),
]
KEPT_SCORES = [("softmax output", 2), ("softmax dropout mask", 1), ("softmax dropout output", 2)]

# Rajbhandari et al. 2020, Table 1: accelerators, then GB on each of them in stages 1, 2 and 3.
ZERO_TABLE_1 = {
    7.5e9: [
        (4, 52.5, 41.3, 30),
        (16, 35.6, 21.6, 7.5),
        (64, 31.4, 16.6, 1.88),
        (256, 30.4, 15.4, 0.47),
        (1024, 30.1, 15.1, 0.12),
    ],
    128e9: [
        (4, 896, 704, 512),
        (16, 608, 368, 128),
        (64, 536, 284, 32),
        (256, 518, 263, 8),
        (1024, 513, 257, 2),
    ],
    1e12: [
        (4, 7000, 5500, 4000),
        (16, 4750, 2875, 1000),
        (64, 4187, 2218, 250),
        (256, 4046, 2054, 62.5),
        (1024, 4011, 2013, 15.6),
    ],
}


def test_gpt3_in_16_bits_is_350_gb():
    assert parameter_bytes(175e9, "fp16") == 350e9


@pytest.mark.parametrize(
    ("precision", "parameter", "gradient"),
    [
        ("fp32", 4, 4),
        ("fp16", 2, 2),
        ("bf16", 2, 2),
        ("int8", 1, 1),
        ("fp32+fp16", 6, 2),
        ("fp32+bf16", 6, 2),
    ],
)
def test_bytes_a_parameter_are_the_slides(precision, parameter, gradient):
    assert parameter_bytes(1, precision) == parameter
    assert gradient_bytes(1, precision) == gradient


@pytest.mark.parametrize(
    ("optimizer", "size"), [("adamw", 8), ("adamw-8bit", 2), ("sgd", 0), ("sgd-momentum", 4), ("adamw-bf16", 4)]
)
def test_bytes_of_the_optimizer_are_the_slides(optimizer, size):
    assert optimizer_bytes(1, optimizer) == size


def test_block_wise_8_bit_states_take_2_03_bytes_with_their_scales():
    assert round(optimizer_bytes(1, "adamw-8bit-blockwise"), 2) == 2.03


@pytest.mark.parametrize("precision", MIXED)
def test_mixed_adamw_is_16_bytes_a_parameter_and_18_with_fp32_gradients(precision):
    # Rajbhandari et al. 2020, section 3.1: 2 + 2 + 12.
    assert training_memory(1, precision, "adamw").total == 16
    assert training_memory(1, precision, "adamw", gradient_precision="fp32").total == 18


def test_the_master_copy_is_counted_once_wherever_it_is_put():
    # Anthony et al. 2023: the 16-bit weights take 2, AdamW with its fp32 copy 12, 8-bit AdamW with it 6.
    for optimizer, size in {"adamw": 12, "adamw-8bit": 6}.items():
        ours = training_memory(1, "fp32+bf16", optimizer)
        assert ours.master_weights == 4
        assert ours.parameters - ours.master_weights == 2
        assert ours.optimizer + ours.master_weights == size


def test_pure_precisions_have_no_master_copy():
    for precision in set(PRECISION_BYTES) - set(MIXED):
        assert training_memory(1e9, precision, "adamw").master_weights == 0


def test_gpt2_xl_needs_at_least_24_gb_of_model_states():
    # Rajbhandari et al. 2020, section 3.1: 1.5 B parameters, 16 bytes each.
    assert training_memory(1.5e9, "fp32+fp16", "adamw").model_states == 24e9


@pytest.mark.parametrize("parameters", ZERO_TABLE_1)
def test_zero_table_1_to_its_printed_digits(parameters):
    replicated = training_memory(parameters, "fp32+fp16", "adamw")
    for num_gpus, *printed in ZERO_TABLE_1[parameters]:
        for stage, gigabytes in enumerate(printed, start=1):
            digits = len(str(gigabytes).partition(".")[2])
            ours = zero_sharded(replicated, num_gpus, stage).total / 1e9
            assert abs(ours - gigabytes) < 10**-digits, (num_gpus, stage)


def test_zero_figure_1_120_gb_become_31_4_and_16_6_and_1_9_on_64_accelerators():
    replicated = training_memory(7.5e9, "fp32+fp16", "adamw")
    gigabytes = [round(zero_sharded(replicated, 64, stage).total / 1e9, 1) for stage in range(4)]
    assert gigabytes == [120.0, 31.4, 16.6, 1.9]


def test_zero_shards_what_its_stage_says_and_nothing_else():
    memory = TrainingMemory(parameters=600, gradients=200, optimizer=800, activations=50, master_weights=400)
    expected = [(600, 200, 800), (300, 200, 200), (300, 50, 200), (150, 50, 200)]
    for stage, parts in enumerate(expected):
        sharded = zero_sharded(memory, 4, stage)
        assert (sharded.parameters, sharded.gradients, sharded.optimizer) == parts
        assert sharded.activations == 50


@quick
@given(counts, precisions, optimizers, gpus)
def test_a_later_zero_stage_never_needs_more(parameters, precision, optimizer, num_gpus):
    memory = training_memory(parameters, precision, optimizer, activations=1e9)
    totals = [zero_sharded(memory, num_gpus, stage).total for stage in range(4)]
    assert totals[0] == memory.total
    assert all(later <= earlier * (1 + 1e-12) for earlier, later in pairwise(totals))


@quick
@given(counts, precisions, optimizers, gpus)
def test_stage_3_on_all_accelerators_together_holds_each_model_state_once(parameters, precision, optimizer, num_gpus):
    memory = training_memory(parameters, precision, optimizer)
    assert num_gpus * zero_sharded(memory, num_gpus, 3).total == pytest.approx(memory.total, rel=1e-12)


@quick
@given(counts, precisions, optimizers, st.floats(0, 1e15), st.floats(0, 1e15))
def test_the_total_is_the_sum_of_the_five_parts(parameters, precision, optimizer, activations, working):
    memory = training_memory(parameters, precision, optimizer, activations=activations, working=working)
    assert memory.total == pytest.approx(sum(getattr(memory, part) for part in PART_NAMES), rel=1e-12)
    bytes_a_parameter = PRECISION_BYTES[precision] + gradient_bytes(1, precision) + OPTIMIZER_BYTES[optimizer]
    assert memory.model_states == pytest.approx(parameters * bytes_a_parameter, rel=1e-12)
    assert memory.total == pytest.approx(memory.model_states + activations + working, rel=1e-12)


@pytest.mark.parametrize(("shape", "scores"), [(GPT3, 80), (MT_NLG, 64)], ids=["GPT-3", "MT-NLG 530B"])
def test_attention_scores_are_80_and_64_beside_34_as_korthikanti_et_al_print(shape, scores):
    # Korthikanti et al. 2022, section 5: 5as/h is 80 for GPT-3 and 64 for MT-NLG.
    values = math.prod(shape[name] for name in ("batch", "sequence", "hidden", "layers"))
    assert activation_bytes(**shape) == values * (34 + scores)


@pytest.mark.parametrize(("shape", "percent"), [(GPT3, 70), (MT_NLG, 65)], ids=["GPT-3", "MT-NLG 530B"])
def test_selective_recomputation_saves_70_and_65_per_cent_as_published(shape, percent):
    # Korthikanti et al. 2022, section 5.
    saved = 1 - activation_bytes(**shape, recompute="selective") / activation_bytes(**shape)
    assert round(100 * saved) == percent


@pytest.mark.parametrize("name", catalog.models())
def test_each_model_of_the_catalog_and_each_assumed_shape_keeps_activations(name):
    model = catalog.model(name)
    for layers, hidden, heads in ((model.layers, model.hidden, model.heads), assumed_shape(model.parameters)):
        assert activation_bytes(1, model.context, hidden, layers, heads) > 0
        assert working_bytes(1, model.context, hidden, heads, model.vocab, "full") > 0


@pytest.mark.parametrize("t", [1, 2, 8])
@pytest.mark.parametrize("bytes_per_value", [2, 4])
def test_activations_are_the_sum_of_the_tensors_that_a_layer_keeps(t, bytes_per_value):
    b, s, h, layers, a = 3, 1000, 640, 7, 16
    wide = bytes_per_value // 2
    linear = sum(
        values * (size * wide if size == 2 else size) / (t if split else 1)
        for _, values, size, split in KEPT_BY_A_LAYER
    )
    scores = sum(size * wide if size == 2 else size for _, size in KEPT_SCORES) / t
    selective = layers * s * b * h * linear
    kept = {"recompute": "none", "tensor_parallel": t, "bytes_per_value": bytes_per_value}
    assert activation_bytes(b, s, h, layers, a, **kept) == pytest.approx(selective + layers * a * s * s * b * scores)
    kept["recompute"] = "selective"
    assert activation_bytes(b, s, h, layers, a, **kept) == pytest.approx(selective)


@given(shapes, st.sampled_from([2, 4]))
@quick
def test_the_terms_add_up_to_the_activations_of_a_layer(shape, bytes_per_value):
    sizes = {name: shape[name] for name in ("sequence", "hidden", "heads")}
    terms = activation_terms(**sizes, bytes_per_value=bytes_per_value)
    numbers = shape["batch"] * shape["sequence"] * shape["hidden"]
    for recompute, left_out in (("none", ""), ("selective", "softmax")):
        kept = sum(size for name, size in terms.items() if not left_out or not name.startswith(left_out))
        one_layer = activation_bytes(**shape | {"layers": 1}, recompute=recompute, bytes_per_value=bytes_per_value)
        assert kept * numbers == pytest.approx(one_layer)


def test_the_terms_are_those_that_korthikanti_et_al_list():
    """Their section 4.1, in bytes for each number of a token, and for each of the scores."""
    ratio = 100 / 640
    terms = activation_terms(sequence=100, hidden=640, heads=1)
    scores = {"softmax output": 2 * ratio, "softmax dropout": (1 + 2) * ratio}
    attention = {"qkv input": 2, "queries, keys, values": 4 + 2, "projection input": 2}
    mlp = {"MLP input": 2, "GELU input": 8, "second MLP input": 8}
    assert terms == pytest.approx(scores | attention | mlp | {"norm inputs": 2 + 2, "dropout masks": 1 + 1})


def test_terms_of_a_layer_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="hidden must be a multiple of heads = 7"):
        activation_terms(sequence=100, hidden=640, heads=7)
    with pytest.raises(ValueError, match="bytes_per_value must be 2"):
        activation_terms(sequence=100, hidden=640, heads=5, bytes_per_value=8)


@pytest.mark.parametrize("t", [1, 4])
def test_heads_that_are_wider_than_the_model_keep_wider_queries_keys_values_and_output(t):
    gemma = catalog.model("Gemma 7B")
    shape = {"batch": 3, "sequence": 500, "hidden": gemma.hidden, "heads": gemma.heads}
    more = {"tensor_parallel": t, "head_dim": gemma.head_dim}
    of_attention = ("query and key", "value", "input of the output projection")
    values = sum(values for name, values, _, _ in KEPT_BY_A_LAYER if name in of_attention)
    wider = 3 * 500 * values * 2 * (16 * 256 - 3072) / t
    narrow = {"tensor_parallel": t, "head_dim": 3072 // 16}
    for recompute, layers in (("none", 28), ("selective", 28), ("full", 0)):
        kept, usual = (activation_bytes(**shape, layers=28, recompute=recompute, **size) for size in (more, narrow))
        assert usual == activation_bytes(**shape, layers=28, recompute=recompute, tensor_parallel=t)
        assert kept - usual == layers * wider
    for recompute, layers in (("none", 0), ("selective", 0), ("full", 1)):
        kept, usual = (working_bytes(**shape, vocab=9, recompute=recompute, **size) for size in (more, narrow))
        assert kept - usual == layers * wider


@quick
@given(shapes, st.integers(1, 64))
def test_full_recomputation_keeps_each_layers_input_on_every_accelerator(shape, t):
    shape = shared_by(t, shape)
    values = math.prod(shape[name] for name in ("batch", "sequence", "hidden", "layers"))
    assert activation_bytes(**shape, recompute="full", tensor_parallel=t) == 2 * values


@quick
@given(shapes, st.integers(1, 64), st.sampled_from([2, 4]))
def test_more_recomputation_never_needs_more(shape, t, bytes_per_value):
    shape = shared_by(t, shape)
    full, selective, none = (
        activation_bytes(**shape, recompute=kept, tensor_parallel=t, bytes_per_value=bytes_per_value)
        for kept in ("full", "selective", "none")
    )
    assert 0 < full < selective < none


@quick
@given(shapes, st.sampled_from(RECOMPUTE), st.integers(2, 10))
def test_activations_grow_in_proportion_to_batch_and_layers(shape, recompute, factor):
    base = activation_bytes(**shape, recompute=recompute)
    for name in ("batch", "layers"):
        grown = shape | {name: factor * shape[name]}
        assert activation_bytes(**grown, recompute=recompute) == pytest.approx(factor * base, rel=1e-12)


@quick
@given(shapes, st.integers(1, 63))
def test_tensor_parallelism_saves_but_never_below_the_replicated_10_bytes(shape, t):
    shape = shared_by(t * (t + 1), shape)
    values = math.prod(shape[name] for name in ("batch", "sequence", "hidden", "layers"))
    fewer, more = (activation_bytes(**shape, tensor_parallel=degree) for degree in (t, t + 1))
    assert 10 * values < more < fewer


# The working memory


def layer_by_hand(shape, t, wide):
    """Return what one layer keeps: all but attention's scores, and the scores, tensor by tensor, in bytes."""
    b, s, h, a = (shape[name] for name in ("batch", "sequence", "hidden", "heads"))
    linear = sum(
        b * s * h * values * (size * wide if size == 2 else size) / (t if split else 1)
        for _, values, size, split in KEPT_BY_A_LAYER
    )
    return linear, sum(b * a * s * s * (size * wide if size == 2 else size) for _, size in KEPT_SCORES) / t


@quick
@given(shapes, st.integers(1, 2**18), st.sampled_from([1, 2, 8]), st.sampled_from([2, 4]), st.sampled_from([1, 2]))
def test_the_working_memory_is_the_logits_and_the_layer_that_is_computed_again(shape, vocab, t, size, copies):
    shape = shared_by(t, shape)
    linear, scores = layer_by_hand(shape, t, size // 2)
    logits = shape["batch"] * shape["sequence"] * vocab * 4 * copies
    sizes = {name: shape[name] for name in ("batch", "sequence", "hidden", "heads")}
    options = {"tensor_parallel": t, "bytes_per_value": size, "logits_copies": copies}
    for recompute, again in {"none": 0, "selective": scores, "full": linear + scores}.items():
        working = working_bytes(**sizes, vocab=vocab, recompute=recompute, **options)
        assert working == pytest.approx(logits + again, rel=1e-12)
    assert logits_bytes(shape["batch"], shape["sequence"], vocab, copies) == logits


@quick
@given(shapes, st.integers(1, 2**18), st.sampled_from(RECOMPUTE))
def test_the_layer_computed_again_is_what_one_layer_keeps_less_what_it_keeps_with_that_recomputation(
    shape, vocab, recompute
):
    one = shape | {"layers": 1}
    again = activation_bytes(**one) - (activation_bytes(**one, recompute="selective") if recompute != "full" else 0)
    expected = logits_bytes(shape["batch"], shape["sequence"], vocab) + (again if recompute != "none" else 0)
    del one["layers"]
    assert working_bytes(**one, vocab=vocab, recompute=recompute) == pytest.approx(expected, rel=1e-12)


@quick
@given(shapes, st.integers(1, 2**18), st.sampled_from(RECOMPUTE), st.integers(2, 10))
def test_the_working_memory_grows_in_proportion_to_the_batch_and_not_with_the_layers(shape, vocab, recompute, factor):
    del shape["layers"]
    base = working_bytes(**shape, vocab=vocab, recompute=recompute)
    more = working_bytes(**shape | {"batch": factor * shape["batch"]}, vocab=vocab, recompute=recompute)
    assert more == pytest.approx(factor * base, rel=1e-12)


@quick
@given(shapes, st.integers(1, 2**18), st.sampled_from([2, 4]))
def test_with_the_working_memory_more_recomputation_still_never_needs_more_from_two_layers_on(shape, vocab, size):
    shape = shape | {"layers": shape["layers"] + 1}
    total = {}
    for recompute in RECOMPUTE:
        kept = activation_bytes(**shape, recompute=recompute, bytes_per_value=size)
        sizes = {name: value for name, value in shape.items() if name != "layers"}
        total[recompute] = kept + working_bytes(**sizes, vocab=vocab, recompute=recompute, bytes_per_value=size)
    assert total["full"] < total["selective"] < total["none"]


def test_a_model_of_one_layer_saves_nothing_by_recomputation():
    shape = {"batch": 1, "sequence": 100, "hidden": 64, "heads": 2}
    kept = [activation_bytes(**shape, layers=1, recompute=how) for how in RECOMPUTE]
    working = [working_bytes(**shape, vocab=9, recompute=how) for how in RECOMPUTE]
    none, selective, full = np.add(kept, working)
    assert none == selective < full == none + 2 * 100 * 64


def test_the_logits_of_207_sequences_of_gpt2_take_more_than_a_card_of_32_gb():
    assert round(logits_bytes(207, 1024, 50257) / 1e9, 1) == 42.6


def test_the_slides_four_components_do_not_hold_the_working_memory():
    assert PARTS == ("parameters", "gradients", "optimizer", "activations")
    assert list(PART_NAMES) == [*PARTS, "working"]
    memory = TrainingMemory(600, 200, 800, 50, 400)
    assert memory.working == 0
    with_it = dataclasses.replace(memory, working=7)
    assert (with_it.model_states, with_it.total) == (memory.model_states, memory.total + 7)


def test_each_accelerator_holds_the_working_memory_of_its_own_batch_whole():
    memory = training_memory(1e9, "fp32+bf16", "adamw", working=3e9)
    assert [zero_sharded(memory, 64, stage).working for stage in range(4)] == [3e9] * 4


def test_under_autocast_16_bytes_a_parameter_stay_as_in_pure_fp32():
    # PyTorch's autocast keeps fp32 weights, fp32 gradients and AdamW's states; the 16-bit casts come and go.
    assert training_memory(1, "fp32", "adamw").total == 4 + 4 + 8
    assert training_memory(1, "fp32+bf16", "adamw", gradient_precision="fp32").total == 4 + 4 + 8 + 2


# The cache


def test_llama_2_7b_caches_2_gib_of_keys_and_values_at_its_full_context():
    llama = catalog.model("Llama 2 7B")
    head_dim = llama.hidden // llama.heads
    assert kv_cache_bytes(1, llama.context, llama.layers, llama.kv_heads, head_dim, "fp16") == 2 * 2**30


def test_eight_key_value_heads_of_64_cut_the_cache_to_an_eighth():
    llama = catalog.model("Llama 2 70B")
    sizes = {"batch": 4, "sequence": 4096, "layers": llama.layers, "head_dim": 128, "precision": "bf16"}
    all_heads = kv_cache_bytes(**sizes, kv_heads=llama.heads)
    assert kv_cache_bytes(**sizes, kv_heads=llama.kv_heads) == all_heads / 8


@pytest.mark.parametrize(("precision", "size"), [("fp32", 4), ("fp16", 2), ("bf16", 2), ("int8", 1)])
def test_the_cache_holds_a_key_and_a_value_for_each_position(precision, size):
    assert kv_cache_bytes(2, 3, 5, 7, 11, precision) == 2 * 2 * 3 * 5 * 7 * 11 * size


@pytest.mark.parametrize("precision", MIXED)
def test_a_cache_has_no_mixed_precision(precision):
    with pytest.raises(ValueError, match=rf"precision '{precision.replace('+', '[+]')}' .* accepted: 'fp32'"):
        kv_cache_bytes(1, 1, 1, 1, 1, precision)


def test_training_7_b_with_adamw_is_32_gb_short_of_80_gb():
    answer = fits(training_memory(7e9, "fp32+bf16", "adamw"), 80e9)
    assert not answer.fits
    assert not answer
    assert answer.spare_bytes == -32e9


def test_fits_counts_the_working_memory():
    memory = training_memory(1e9, "fp32+bf16", "adamw", activations=5e9, working=2e9)
    assert fits(memory, 24e9).spare_bytes == 24e9 - 16e9 - 5e9 - 2e9
    assert fits(memory, 23e9)
    assert not fits(memory, 23e9 - 1)


def test_an_exact_fit_fits_and_one_byte_more_does_not():
    assert fits(80e9, 80e9)
    assert fits(80e9, 80e9).spare_bytes == 0
    assert not fits(80e9 + 1, 80e9)


def test_fits_counts_the_activations():
    memory = training_memory(1e9, "fp32+bf16", "adamw", activations=5e9)
    assert fits(memory, 24e9).spare_bytes == 24e9 - 16e9 - 5e9


def test_arrays_broadcast():
    parameters = np.array([[1e9], [7e9]])
    memory = training_memory(parameters, "bf16", "sgd", activations=np.array([1e9, 2e9, 3e9]))
    assert memory.total.tolist() == [[5e9, 6e9, 7e9], [29e9, 30e9, 31e9]]
    assert zero_sharded(memory, np.array([1, 2, 4]), 3).total.tolist() == [[5e9, 4e9, 4e9], [29e9, 16e9, 10e9]]
    assert fits(memory, 30e9).fits.tolist() == [[True, True, True], [True, True, False]]
    for recompute in RECOMPUTE:
        shape = activation_bytes(np.array([1, 2]), 512, np.array([[768], [1024]]), 12, 8, recompute).shape
        assert shape == (2, 2)
        assert working_bytes(np.array([1, 2]), 512, np.array([[768], [1024]]), 8, 9, recompute).shape in ((2,), (2, 2))
    assert logits_bytes([1, 2], 1, 3).tolist() == [12, 24]
    assert kv_cache_bytes([1, 2], 1, 1, 1, 1, "int8").tolist() == [2, 4]


def test_results_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        training_memory(1, "fp32", "sgd").gradients = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        fits(1, 2).fits = False


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: parameter_bytes(1, "fp15"), r"^precision 'fp15' is unknown; did you mean .*'fp16'"),
        (lambda: gradient_bytes(1, "FP32"), r"^precision 'FP32' is unknown; did you mean 'fp32'"),
        (lambda: optimizer_bytes(1, "adam"), r"^optimizer 'adam' is unknown; did you mean 'adamw'"),
        (
            lambda: training_memory(1, "fp32", "sgd", gradient_precision="f32"),
            r"^gradient_precision 'f32' is unknown; did you mean .*'fp32'",
        ),
        (lambda: activation_bytes(1, 1, 1, 1, 1, "some"), r"^recompute 'some' is unknown; .*accepted: 'none'"),
        (lambda: activation_bytes(1.5, 1, 1, 1, 1), r"^batch must be a whole number of at least 1; got 1.5"),
        (lambda: activation_bytes(1, 1, 1, 0, 1), r"^layers must be positive and finite; got 0"),
        (
            lambda: activation_bytes(1, 1, 10, 1, 4),
            r"^hidden must be a multiple of heads = 4, or head_dim must be .*; got 10",
        ),
        (
            lambda: activation_bytes(1, 1, [8, 10], 1, [4, 4]),
            r"^hidden must be a multiple of heads = \[4, 4\], or head_dim must be given; got \[8, 10\]",
        ),
        (
            lambda: working_bytes(1, 1, 10, 4, 1),
            r"^hidden must be a multiple of heads = 4, or head_dim must be .*; got 10",
        ),
        (
            lambda: activation_bytes(1, 1, 12, 1, 4, tensor_parallel=3),
            r"^heads must be a multiple of tensor_parallel = 3; got 4",
        ),
        (lambda: activation_bytes(1, 1, 1, 1, 1, tensor_parallel=0), r"^tensor_parallel must be a whole number"),
        (lambda: activation_bytes(1, 1, 1, 1, 1, bytes_per_value=3), r"^bytes_per_value must be 2 .* got 3"),
        (lambda: logits_bytes(1, 1, 0), r"^vocab must be positive and finite; got 0"),
        (lambda: logits_bytes(1, 1, 1, 0.5), r"^copies must be a whole number of at least 1; got 0.5"),
        (lambda: working_bytes(1, 1, 1, 1, 1, "some"), r"^recompute 'some' is unknown; .*accepted: 'none'"),
        (lambda: working_bytes(1, 1, 1, 1, 1, tensor_parallel=0), r"^tensor_parallel must be a whole number"),
        (lambda: working_bytes(1, 1, 1, 1.5, 1), r"^heads must be a whole number of at least 1; got 1.5"),
        (lambda: training_memory(1, "fp32", "sgd", working=-1), r"^working must be finite and not negative; got -1"),
        (lambda: kv_cache_bytes(1, 1, 1, 1, 0.5, "fp16"), r"^head_dim must be a whole number"),
        (lambda: zero_sharded(training_memory(1, "fp32", "sgd"), 2, 4), r"^stage must be .* at most 3; got 4"),
        (lambda: zero_sharded(training_memory(1, "fp32", "sgd"), 2.5, 1), r"^num_gpus must be a whole number"),
        (lambda: TrainingMemory(1, -1, 0), r"^gradients must be finite and not negative; got -1"),
        (
            lambda: TrainingMemory(1, 1, 1, master_weights=2),
            r"^master_weights must be at most parameters = 1.0; got 2.0",
        ),
        (lambda: fits(1, 0), r"^capacity_bytes must be positive and finite; got 0"),
        (lambda: fits(math.nan, 1), r"^memory must be finite and not negative; got nan"),
    ],
)
def test_a_bad_value_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: parameter_bytes("7B", "fp16"), r"^parameters must be a positive number; got '7B'"),
        (lambda: optimizer_bytes(True, "adamw"), r"^parameters must be a positive number; got True"),
        (lambda: training_memory(1, "fp32", "sgd", activations="1"), r"^activations must be a number"),
        (lambda: activation_bytes(1, None, 1, 1, 1), r"^sequence must be a positive number; got None"),
        (lambda: zero_sharded(16e9, 2, 1), r"^memory must be a TrainingMemory; got 16000000000.0"),
        (lambda: zero_sharded(training_memory(1, "fp32", "sgd"), 2, "1"), r"^stage must be a whole number"),
        (lambda: fits("80 GB", 80e9), r"^memory must be a number that is not negative; got '80 GB'"),
    ],
)
def test_a_wrong_type_is_refused_by_name(call, message):
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf])
@pytest.mark.parametrize(
    "call",
    [
        lambda value: parameter_bytes(value, "fp32"),
        lambda value: gradient_bytes(value, "fp32"),
        lambda value: optimizer_bytes(value, "adamw"),
        lambda value: training_memory(value, "fp32", "adamw"),
    ],
)
def test_a_parameter_count_that_is_not_positive_is_refused(call, value):
    with pytest.raises(ValueError, match=r"^parameters must be positive and finite; got"):
        call(value)
