import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import catalog
from course_lib.compute_cost import (
    TransformerShape,
    backward_flop,
    forward_flop,
    hardware_flop_utilization,
    model_flop_utilization,
    throughput,
    training_flop,
    training_seconds,
)
from course_lib.units import PFLOP_DAY

# Brown et al. 2020, Table D.1: parameters and total FLOP as printed; every model saw 300e9 tokens.
BROWN_TABLE_D1 = [
    ("GPT-3 Small", 125e6, 2.25e20),
    ("GPT-3 Medium", 356e6, 6.41e20),
    ("GPT-3 Large", 760e6, 1.37e21),
    ("GPT-3 XL", 1_320e6, 2.38e21),
    ("GPT-3 2.7B", 2_650e6, 4.77e21),
    ("GPT-3 6.7B", 6_660e6, 1.20e22),
    ("GPT-3 13B", 12_850e6, 2.31e22),
    ("GPT-3 175B", 174_600e6, 3.14e23),
]
# Released weights, to the unit: Radford et al. 2019; Touvron et al. 2023b; Llama Team 2024; Gemma Team 2024a and b;
# Qwen Team 2024 and 2025.
RELEASED_PARAMETERS = {
    "GPT-2 124M": 124_439_808,
    "GPT-2 medium": 354_823_168,
    "GPT-2 large": 774_030_080,
    "GPT-2 XL": 1_557_611_200,
    "Llama 2 7B": 6_738_415_616,
    "Llama 2 13B": 13_015_864_320,
    "Llama 2 70B": 68_976_648_192,
    "Llama 3.1 8B": 8_030_261_248,
    "Llama 3.1 70B": 70_553_706_496,
    "Llama 3.1 405B": 405_853_388_800,
    "Gemma 2B": 2_506_172_416,
    "Gemma 7B": 8_537_680_896,
    "Gemma 2 9B": 9_241_705_984,
    "Qwen2.5 7B": 7_615_616_512,
    "Qwen3 8B": 8_190_735_360,
}
META_ON_A100 = [name for name in catalog.training_runs() if name.startswith(("LLaMA ", "Llama 2 "))]
GPT2 = TransformerShape(layers=12, hidden=768, heads=12, vocab=50257, sequence=1024)
GPT3 = TransformerShape(layers=96, hidden=12288, heads=96, vocab=50257, sequence=2048)

quick = settings(deadline=None, max_examples=60)
counts = st.floats(1, 1e15)
rates = st.floats(1e9, 1e18)
shares = st.floats(1e-3, 1)


def accelerator_seconds(run):
    return run.accelerator_hours * 3600


def linear_layer_multiply_accumulates(inputs, outputs, tokens):
    """Train one linear layer on `tokens` rows with explicit loops; return its products, counted one by one."""
    rng = np.random.default_rng(0)
    x, w, grad_y = (rng.normal(size=s) for s in ((tokens, inputs), (inputs, outputs), (tokens, outputs)))
    y, grad_w, grad_x = np.zeros((tokens, outputs)), np.zeros((inputs, outputs)), np.zeros((tokens, inputs))
    forward = backward = 0
    for t in range(tokens):
        for i in range(inputs):
            for o in range(outputs):
                y[t, o] += x[t, i] * w[i, o]
                forward += 1
                grad_w[i, o] += x[t, i] * grad_y[t, o]
                grad_x[t, i] += w[i, o] * grad_y[t, o]
                backward += 2
    np.testing.assert_allclose(y, x @ w)
    np.testing.assert_allclose(grad_w, x.T @ grad_y)
    np.testing.assert_allclose(grad_x, grad_y @ w.T)
    return forward, backward


# The rule of the slides


@pytest.mark.parametrize(("name", "parameters", "printed"), BROWN_TABLE_D1)
def test_six_p_d_gives_the_flop_of_brown_table_d1(name, parameters, printed):
    assert training_flop(parameters, 300e9) == pytest.approx(printed, rel=0.005), name


def test_gpt3_costs_3640_pflop_days():
    run = catalog.training_run("GPT-3 175B")
    assert float(f"{training_flop(run.parameters, run.tokens) / PFLOP_DAY:.2e}") == 3.64e3


def test_a_pass_over_175_billion_parameters_costs_350_gflop_a_token():
    assert forward_flop(175e9, 1) == 350e9
    assert backward_flop(175e9, 1) == 700e9
    assert training_flop(175e9, 1) == 1050e9


@pytest.mark.parametrize(("inputs", "outputs", "tokens"), [(1, 1, 1), (5, 7, 3), (8, 2, 11)])
def test_counting_one_linear_layer_by_hand_gives_2pd_and_4pd(inputs, outputs, tokens):
    forward, backward = linear_layer_multiply_accumulates(inputs, outputs, tokens)
    weights = inputs * outputs
    assert forward_flop(weights, tokens) == 2 * forward
    assert backward_flop(weights, tokens) == 2 * backward
    assert training_flop(weights, tokens) == 2 * (forward + backward)


@quick
@given(counts, counts)
def test_backward_is_twice_forward_and_training_is_their_sum(parameters, tokens):
    forward, backward = forward_flop(parameters, tokens), backward_flop(parameters, tokens)
    assert backward == 2 * forward
    assert training_flop(parameters, tokens) == forward + backward == pytest.approx(6 * parameters * tokens)


@quick
@given(counts, counts, st.floats(1e-3, 1e3))
def test_cost_is_linear_in_parameters_and_in_tokens(parameters, tokens, factor):
    base = training_flop(parameters, tokens)
    assert training_flop(factor * parameters, tokens) == pytest.approx(factor * base)
    assert training_flop(parameters, factor * tokens) == pytest.approx(factor * base)


def test_no_tokens_cost_nothing():
    assert forward_flop(7e9, 0) == backward_flop(7e9, 0) == training_flop(7e9, 0) == 0


@pytest.mark.parametrize("function", [forward_flop, backward_flop, training_flop])
def test_costs_broadcast_and_agree_with_a_loop(function):
    parameters, tokens = np.array([1e8, 1e9, 1e10])[:, None], np.array([1e10, 1e12])
    grid = function(parameters, tokens)
    assert grid.shape == (3, 2)
    expected = [[function(float(p), float(d)) for d in tokens] for p in parameters[:, 0]]
    np.testing.assert_array_equal(grid, expected)


@pytest.mark.parametrize("function", [forward_flop, backward_flop, training_flop])
def test_integer_arrays_do_not_overflow(function):
    assert function(np.array([405_853_388_800]), np.array([15_600_000_000_000]))[0] == pytest.approx(
        function(405_853_388_800, 15_600_000_000_000)
    )
    assert training_flop(np.int64(405_853_388_800), np.int64(15_600_000_000_000)) == pytest.approx(3.8e25, rel=0.001)


@pytest.mark.parametrize("function", [forward_flop, backward_flop, training_flop])
def test_scalars_come_back_as_plain_floats(function):
    assert type(function(7, 9)) is float


# Time and utilisation


@quick
@given(counts, rates, shares, st.floats(1e3, 1e28))
def test_time_times_throughput_is_the_cost(num_gpus, peak, share, flop):
    tau = throughput(num_gpus, peak, share)
    assert tau == pytest.approx(num_gpus * peak * share)
    assert training_seconds(flop, tau) * tau == pytest.approx(flop)


@quick
@given(st.floats(1, 1e5), rates, shares, st.floats(1e15, 1e28))
def test_utilization_is_recovered_from_the_time_that_it_gave(num_gpus, peak, share, flop):
    seconds = training_seconds(flop, throughput(num_gpus, peak, share))
    assert model_flop_utilization(flop, seconds, num_gpus, peak) == pytest.approx(share)


def test_throughput_without_utilization_is_the_advertised_one():
    assert throughput(8, 312e12) == 8 * 312e12


def test_throughput_and_time_broadcast():
    tau = throughput(np.array([1, 8, 64])[:, None], np.array([312e12, 989.5e12]), 0.4)
    assert tau.shape == training_seconds(1e21, tau).shape == (3, 2)
    assert model_flop_utilization(1e21, training_seconds(1e21, tau), 1, tau).tolist() == pytest.approx(np.ones((3, 2)))


def test_utilization_above_one_is_returned_so_that_a_wrong_input_shows():
    assert model_flop_utilization(1e18, 1, 1, 312e12) == pytest.approx(1e18 / 312e12)


@pytest.mark.parametrize("name", META_ON_A100)
def test_llama_gpu_hours_imply_a_utilization_of_38_to_52_per_cent(name):
    run = catalog.training_run(name)
    peak = catalog.accelerator(run.accelerator).fp16_bf16_flop_per_second
    share = model_flop_utilization(training_flop(run.parameters, run.tokens), accelerator_seconds(run), 1, peak)
    assert 38 <= round(100 * share) <= 52  # from 37.7 (Llama 2 13B) to 51.4 (LLaMA 13B)


def test_all_seven_llama_runs_are_compared():
    assert len(META_ON_A100) == 7


def test_gopher_hours_imply_its_reported_utilization_to_within_a_tenth():
    # Chowdhery et al. 2022, Table 3 prints 32.5 %, attention's products included; 6PD leaves them out.
    run = catalog.training_run("Gopher 280B")
    share = model_flop_utilization(
        training_flop(run.parameters, run.tokens),
        accelerator_seconds(run) / run.num_accelerators,
        run.num_accelerators,
        catalog.accelerator(run.accelerator).fp16_bf16_flop_per_second,
    )
    assert 0.9 * run.reported_mfu <= share < run.reported_mfu


def test_palm_token_rate_gives_its_reported_utilization_with_and_without_attention():
    # Chowdhery et al. 2022, section 4.1 and appendix B: 238.3e3 tokens/s on 6144 chips is 45.7 %, or 46.2 % with
    # attention's 12 x layers x heads x head width x sequence; 118 layers, 48 heads of 256, sequence 2048.
    run, peak = catalog.training_run("PaLM 540B"), catalog.accelerator("TPU v4").fp16_bf16_flop_per_second
    weights = training_flop(run.parameters, 238.3e3)
    attention = 12 * 118 * 48 * 256 * 2048 * 238.3e3
    assert model_flop_utilization(weights, 1, 6144, peak) == pytest.approx(0.457, abs=5e-4)
    assert model_flop_utilization(weights + attention, 1, 6144, peak) == pytest.approx(run.reported_mfu, abs=5e-4)


def test_palm_hours_with_their_downtime_imply_less_than_its_reported_utilization():
    run, peak = catalog.training_run("PaLM 540B"), catalog.accelerator("TPU v4").fp16_bf16_flop_per_second
    share = model_flop_utilization(training_flop(run.parameters, run.tokens), accelerator_seconds(run), 1, peak)
    assert 0.25 < share < run.reported_mfu


# The shape of a model


@pytest.mark.parametrize(("name", "released"), RELEASED_PARAMETERS.items())
def test_shape_gives_the_released_parameter_count_to_the_unit(name, released):
    assert TransformerShape.from_catalog(name).parameters()["total"] == released


def test_gpt3_shape_gives_174_600_million_parameters():
    # Brown et al. 2020, Table D.1.
    assert round(TransformerShape.from_catalog("GPT-3 175B").parameters()["total"] / 1e6) == 174_604


def test_bloom_shape_lacks_only_the_norm_after_its_embedding():
    model = catalog.model("BLOOM 176B")
    assert model.parameters - TransformerShape.from_catalog("BLOOM 176B").parameters()["total"] == 2 * model.hidden


def test_gpt2_parts_are_those_of_its_released_tensors():
    # The released tensors: wte, wpe; a layer's c_attn, c_proj; its MLP's c_fc, c_proj; ln_1, ln_2 and ln_f.
    assert GPT2.parameters() == {
        "token embedding": 50257 * 768,
        "position embedding": 1024 * 768,
        "attention": 12 * (768 * 2304 + 2304 + 768 * 768 + 768),
        "mlp": 12 * (768 * 3072 + 3072 + 3072 * 768 + 768),
        "norms": 12 * 4 * 768 + 2 * 768,
        "output": 0,
        "total": 124_439_808,
    }


def test_llama_parts_are_those_of_its_released_tensors():
    # Llama 3.1 8B: wq, wo of 4096 x 4096; wk, wv of 4096 x 1024; w1, w2, w3 of 4096 x 14336; two norms a layer.
    parts = TransformerShape.from_catalog("Llama 3.1 8B").parameters()
    assert parts["attention"] == 32 * (2 * 4096 * 4096 + 2 * 4096 * 1024)
    assert parts["mlp"] == 32 * 3 * 4096 * 14336
    assert parts["norms"] == 32 * 2 * 4096 + 4096
    assert parts["output"] == parts["token embedding"] == 128256 * 4096
    assert parts["position embedding"] == 0


def test_the_heads_of_gemma_7b_are_a_third_wider_than_the_model_and_the_count_knows_it():
    gemma = TransformerShape.from_catalog("Gemma 7B")
    narrow = dataclasses.replace(gemma, head_dim=3072 // 16)
    wider = 16 * 256 - 3072
    assert gemma.parameters()["attention"] == 28 * 4 * 3072 * 16 * 256
    assert gemma.parameters()["total"] - narrow.parameters()["total"] == 28 * 4 * 3072 * wider  # 4 % of it
    assert gemma.forward_flop(1) - narrow.forward_flop(1) == 28 * (2 * 4 * 3072 + 4 * 8192) * wider
    assert gemma.forward_flop(1) - gemma.forward_flop(1, causal=True) == 2 * 28 * 16 * 256 * 8192


def test_qwen_and_gemma_2_add_vectors_and_no_work():
    plain = TransformerShape(28, 3584, 28, 152064, 4096, 4, 18944, 3, False, False, False)
    biased = dataclasses.replace(plain, qkv_biases=True)
    assert biased.parameters()["attention"] - plain.parameters()["attention"] == 28 * (3584 + 2 * 4 * 128)
    qk_norm = dataclasses.replace(plain, qk_norm=True)
    assert qk_norm.parameters()["norms"] - plain.parameters()["norms"] == 28 * 2 * 128
    post_norms = dataclasses.replace(plain, post_norms=True)
    assert post_norms.parameters()["norms"] - plain.parameters()["norms"] == 28 * 2 * 3584
    assert len({shape.forward_flop(1) for shape in (plain, biased, qk_norm, post_norms)}) == 1


def test_biases_are_given_once():
    with pytest.raises(ValueError, match=r"^qkv_biases must be False where biases is True, .*; got True$"):
        dataclasses.replace(GPT2, qkv_biases=True)


def test_defaults_are_the_heads_and_four_times_the_hidden_size():
    explicit = TransformerShape(12, 768, 12, 50257, 1024, kv_heads=12, mlp_hidden=3072, mlp_matrices=2)
    assert explicit == GPT2
    assert (GPT2.kv_heads, GPT2.mlp_hidden, GPT2.head_dim) == (12, 3072, 64)


def test_a_shape_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        GPT2.layers = 24


shapes = st.builds(
    lambda layers, heads, hidden, width, vocab, sequence, mlp, matrices, tied, learned, biases, qk, post: (
        TransformerShape(
            layers,
            hidden if width else heads * hidden,
            heads,
            vocab,
            sequence,
            1,
            mlp,
            matrices,
            tied,
            learned,
            biases == "all",
            head_dim=width,
            qkv_biases=biases == "qkv",
            qk_norm=qk,
            post_norms=post,
        )
    ),
    st.integers(1, 20),
    st.integers(1, 8),
    st.integers(1, 64),
    st.none() | st.integers(1, 64),
    st.integers(1, 5000),
    st.integers(1, 4096),
    st.integers(1, 3000),
    st.sampled_from([2, 3]),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["all", "qkv", "none"]),
    st.booleans(),
    st.booleans(),
)


def attention_and_mlp_matrices(shape):
    """Write down the size of every matrix of one layer, inputs x outputs."""
    query = (shape.hidden, shape.heads * shape.head_dim)
    key_and_value = 2 * [(shape.hidden, shape.kv_heads * shape.head_dim)]
    mlp = (shape.mlp_matrices - 1) * [(shape.hidden, shape.mlp_hidden)] + [(shape.mlp_hidden, shape.hidden)]
    return [query, *key_and_value, query[::-1]], mlp


@quick
@given(shapes)
def test_parameters_are_the_sum_over_matrices_biases_and_norms(shape):
    attention, mlp = attention_and_mlp_matrices(shape)
    sizes = {"attention": attention, "mlp": mlp}
    parts = shape.parameters()
    for part, matrices in sizes.items():
        weights = sum(rows * columns for rows, columns in matrices)
        with_biases = matrices if shape.biases else matrices[:3] if shape.qkv_biases and part == "attention" else []
        biases = sum(columns for _, columns in with_biases)
        assert parts[part] == shape.layers * (weights + biases)
    vectors = 2 if shape.biases else 1
    of_a_layer = (4 if shape.post_norms else 2) * [shape.hidden] + 2 * [shape.head_dim] * shape.qk_norm
    assert parts["norms"] == (shape.layers * sum(of_a_layer) + shape.hidden) * vectors
    assert parts["total"] == sum(count for part, count in parts.items() if part != "total")
    assert all(type(count) is int for count in parts.values())


@quick
@given(shapes)
def test_forward_flop_is_twice_the_multiply_accumulates_of_every_product(shape):
    attention, mlp = attention_and_mlp_matrices(shape)
    projections = sum(rows * columns for rows, columns in attention + mlp)
    scores = values = shape.heads * shape.sequence * shape.head_dim
    a_token = shape.layers * (projections + scores + values) + shape.hidden * shape.vocab
    assert shape.forward_flop(1) == 2 * a_token


@quick
@given(shapes, st.integers(0, 10**12))
def test_forward_flop_is_linear_in_tokens(shape, tokens):
    assert shape.forward_flop(tokens) == pytest.approx(tokens * shape.forward_flop(1))


def test_forward_flop_takes_an_array_of_tokens():
    tokens = np.array([0, 1, 300_000_000_000])
    np.testing.assert_allclose(GPT3.forward_flop(tokens), GPT3.forward_flop(1) * tokens)


def test_tying_the_embedding_saves_parameters_and_no_work():
    untied = dataclasses.replace(GPT2, tied_embeddings=False)
    assert untied.parameters()["total"] - GPT2.parameters()["total"] == 50257 * 768
    assert untied.forward_flop(1) == GPT2.forward_flop(1)


def test_fewer_key_value_heads_save_parameters_and_leave_the_quadratic_term():
    grouped = dataclasses.replace(GPT2, kv_heads=3)
    saved = 12 * 2 * 768 * (768 - 768 // 4)
    assert GPT2.forward_flop(1) - grouped.forward_flop(1) == 2 * saved
    assert GPT2.parameters()["attention"] - grouped.parameters()["attention"] == saved + 12 * 2 * (768 - 768 // 4)


def test_a_small_model_costs_1_7_times_6pd_and_gpt3_a_few_per_cent_more():
    small = TransformerShape(layers=8, hidden=128, heads=8, vocab=8192, sequence=1024)
    for shape, expected in ((small, 1.71), (GPT3, 1.03)):
        counted = 3 * shape.forward_flop(1)
        assert counted / training_flop(shape.parameters()["total"], 1) == pytest.approx(expected, abs=0.005)


def test_causal_halving_takes_half_of_attention_s_products_and_lesson_1_s_small_model_from_1_70_to_1_30():
    small = TransformerShape(layers=4, hidden=128, heads=4, vocab=3000, sequence=1024)
    rule = forward_flop(small.parameters()["total"], 1)
    assert [round(small.forward_flop(1, causal=c) / rule, 2) for c in (False, True)] == [1.70, 1.30]
    assert small.forward_flop(7) - small.forward_flop(7, causal=True) == 7 * 2 * 4 * 128 * 1024
    with pytest.raises(TypeError, match=r"^causal must be True or False; got 1"):
        small.forward_flop(1, causal=1)


def test_attention_adds_4_layers_hidden_sequence_to_a_forward_token():
    doubled = dataclasses.replace(GPT3, sequence=4096)
    assert doubled.forward_flop(1) - GPT3.forward_flop(1) == 4 * 96 * 12288 * 2048


def test_recomputation_raises_the_hardware_s_utilisation_and_not_the_model_s():
    run = {"flop": 6e21, "seconds": 1e6, "num_gpus": 64, "peak_flop_per_second": 312e12}
    mfu = model_flop_utilization(**run)
    assert hardware_flop_utilization(**run, recomputed_share=0) == mfu
    assert hardware_flop_utilization(**run) == pytest.approx(8 / 6 * mfu)  # the forward pass twice: 8PD for 6PD
    palm = catalog.training_run("PaLM 540B")
    share = palm.reported_hfu / palm.reported_mfu - 1
    one_second = {"flop": palm.reported_mfu * 275e12, "seconds": 1, "num_gpus": 1, "peak_flop_per_second": 275e12}
    assert hardware_flop_utilization(**one_second, recomputed_share=share) == pytest.approx(0.578)
    with pytest.raises(ValueError, match=r"^recomputed_share must be finite and not negative; got -0.1"):
        hardware_flop_utilization(**run, recomputed_share=-0.1)


# Refusals

NOT_NUMBERS = [True, "7e9", None, [1, "x"], 1j, np.array([True])]
NOT_COUNTS = [-1, -1e-9, math.nan, math.inf, -math.inf, [1, -1], [1, math.nan]]
FUNCTIONS = {
    forward_flop: {"parameters": 7e9, "tokens": 1e12},
    backward_flop: {"parameters": 7e9, "tokens": 1e12},
    training_flop: {"parameters": 7e9, "tokens": 1e12},
    throughput: {"num_gpus": 8, "flop_per_second": 312e12, "utilization": 0.4},
    training_seconds: {"flop": 1e21, "throughput": 1e15},
    model_flop_utilization: {"flop": 1e21, "seconds": 3600, "num_gpus": 8, "peak_flop_per_second": 312e12},
    hardware_flop_utilization: {"flop": 1e21, "seconds": 3600, "num_gpus": 8, "peak_flop_per_second": 312e12},
    GPT2.forward_flop: {"tokens": 1},
}
ARGUMENTS = [
    pytest.param(function, good, name, id=f"{function.__name__}-{name}")
    for function, good in FUNCTIONS.items()
    for name in good
]
NOT_ZERO = [
    parameter
    for parameter in ARGUMENTS
    if parameter.values[2] not in ("parameters", "tokens")
    and (parameter.values[0], parameter.values[2]) != (training_seconds, "flop")
]


def refuses(error, function, good, name, value):
    with pytest.raises(error) as caught:
        function(**good | {name: value})
    message = str(caught.value)
    assert message.startswith(f"{name} must ")
    assert repr(value) in message
    assert any(word in message for word in ("positive", "negative", "(0, 1]"))


@pytest.mark.parametrize(("function", "good", "name"), ARGUMENTS)
@pytest.mark.parametrize("value", NOT_NUMBERS, ids=repr)
def test_what_is_not_a_number_is_a_type_error_that_names_argument_value_and_accepted(function, good, name, value):
    refuses(TypeError, function, good, name, value)


@pytest.mark.parametrize(("function", "good", "name"), ARGUMENTS)
@pytest.mark.parametrize("value", NOT_COUNTS, ids=repr)
def test_a_number_out_of_range_is_a_value_error_that_names_argument_value_and_accepted(function, good, name, value):
    refuses(ValueError, function, good, name, value)


@pytest.mark.parametrize(("function", "good", "name"), NOT_ZERO)
def test_zero_is_refused_where_it_has_no_meaning(function, good, name):
    refuses(ValueError, function, good, name, 0)


def test_a_cost_of_zero_takes_no_time():
    assert training_seconds(0, 1e15) == 0


@pytest.mark.parametrize("value", [1.0001, 40, [0.5, 40]], ids=repr)
def test_a_utilization_above_one_is_refused(value):
    refuses(ValueError, throughput, FUNCTIONS[throughput], "utilization", value)


SIZES = ["layers", "hidden", "heads", "vocab", "sequence", "kv_heads", "mlp_hidden", "mlp_matrices", "head_dim"]
SMALL = {"layers": 2, "hidden": 8, "heads": 2, "vocab": 10, "sequence": 4}


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize(
    ("value", "error"),
    [
        (0, ValueError),
        (-1, ValueError),
        (1.5, ValueError),
        (math.nan, ValueError),
        (math.inf, ValueError),
        (True, TypeError),
        ("2", TypeError),
        ([2], TypeError),
    ],
    ids=repr,
)
def test_a_size_that_is_not_a_whole_positive_number_is_refused(name, value, error):
    with pytest.raises(error, match=rf"^{name} must be a whole number of at least [12]") as caught:
        TransformerShape(**SMALL | {name: value})
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize("name", ["layers", "hidden", "heads", "vocab", "sequence"])
def test_a_size_without_a_default_cannot_be_none(name):
    with pytest.raises(TypeError, match=f"^{name} must be a whole number"):
        TransformerShape(**SMALL | {name: None})


@pytest.mark.parametrize("matrices", [1, 4])
def test_an_mlp_has_two_or_three_matrices(matrices):
    with pytest.raises(ValueError, match="mlp_matrices must be a whole number of at least 2 and at most 3"):
        TransformerShape(**SMALL, mlp_matrices=matrices)


@pytest.mark.parametrize(
    "name", ["tied_embeddings", "learned_positions", "biases", "qkv_biases", "qk_norm", "post_norms"]
)
@pytest.mark.parametrize("value", ["no", 1, None], ids=repr)
def test_an_option_of_the_shape_is_true_or_false(name, value):
    with pytest.raises(TypeError, match=f"^{name} must be True or False; got {value!r}$"):
        TransformerShape(**SMALL | {name: value})


def test_heads_that_do_not_divide_are_refused():
    with pytest.raises(ValueError, match="hidden must be a multiple of heads = 5, or head_dim must be given; got 768"):
        TransformerShape(12, 768, 5, 50257, 1024)
    assert TransformerShape(12, 768, 5, 50257, 1024, head_dim=64).head_dim == 64
    with pytest.raises(ValueError, match="heads must be a multiple of kv_heads = 5; got 12"):
        TransformerShape(12, 768, 12, 50257, 1024, kv_heads=5)


def test_whole_floats_make_the_same_shape_as_integers():
    floats = TransformerShape(12.0, 768.0, 12.0, 50257.0, 1024.0, 12.0, 3072.0, 2.0, head_dim=64.0)
    assert floats == GPT2
    assert all(type(getattr(floats, name)) is int for name in SIZES)


def test_an_unknown_model_is_refused_with_its_closest_names():
    with pytest.raises(ValueError, match=r"model 'llama 2 7b' is unknown; did you mean 'Llama 2 7B'"):
        TransformerShape.from_catalog("llama 2 7b")
