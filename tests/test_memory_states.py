import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import catalog
from course_lib.compute_cost import TransformerShape
from course_lib.memory import (
    OPTIMIZER_BYTES,
    STATE_RECIPES,
    muon_bytes,
    muon_memory,
    muon_share,
    optimizer_bytes,
    recipe_memory,
    training_memory,
    zero_sharded,
)

quick = settings(deadline=None, max_examples=60)
counts = st.integers(1, 10**13)


def test_muons_states_are_half_of_adamws_where_all_parameters_are_in_hidden_matrices():
    # Liu et al. 2025, section 2.3: "the additional memory used by the Muon optimizer is half of Distributed AdamW".
    assert muon_bytes(7e9, 7e9) == optimizer_bytes(7e9, "adamw") / 2


def test_muon_without_a_hidden_matrix_is_adamw():
    assert muon_bytes(7e9, 0) == optimizer_bytes(7e9, "adamw")


@quick
@given(counts, st.floats(0, 1))
def test_muons_states_lie_between_half_of_adamws_and_adamws_and_fall_with_the_matrices(parameters, share):
    states, adamw = muon_bytes(parameters, share * parameters), optimizer_bytes(parameters, "adamw")
    assert adamw / 2 <= states <= adamw
    assert states == pytest.approx(adamw * (1 - share / 2))


def test_muon_refuses_more_weights_in_matrices_than_there_are_parameters():
    with pytest.raises(ValueError, match=r"^matrix_weights must be at most parameters = 10; got 11$"):
        muon_bytes(10, 11)


def test_muon_changes_nothing_but_the_states():
    options = {"activations": 3e9, "working": 1e9, "gradient_precision": "fp32"}
    with_muon, with_adamw = muon_memory(7e9, 6e9, **options), training_memory(7e9, "fp32+bf16", "adamw", **options)
    assert dataclasses.replace(with_muon, optimizer=with_adamw.optimizer) == with_adamw
    assert with_adamw.total - with_muon.total == 4 * 6e9


@pytest.mark.parametrize("model", list(catalog.all_models().values()), ids=lambda model: model.name)
def test_hidden_matrices_are_the_parameters_of_layers_without_biases_norms_and_sinks(model):
    shape = TransformerShape.from_catalog(model.name)
    parts = shape.parameters()
    inside = parts["total"] - parts["token embedding"] - parts["position embedding"] - parts["output"] - parts["norms"]
    weights = sum(matrix.weights for matrix in shape.hidden_matrices())
    one_dimensional = shape.biases or shape.qkv_biases or shape.attention_sinks
    one_dimensional = one_dimensional or bool(shape.experts and shape.experts.router_biases)
    assert weights < inside if one_dimensional else weights == inside
    assert weights > 0.99 * inside
    assert len({matrix.name for matrix in shape.hidden_matrices()}) == len(shape.hidden_matrices())


@pytest.mark.parametrize("model", list(catalog.models().values()), ids=lambda model: model.name)
def test_hidden_matrices_and_the_head_are_what_a_token_is_multiplied_with_in_a_model_without_experts(model):
    shape = TransformerShape.from_catalog(model.name)
    weights = sum(matrix.weights for matrix in shape.hidden_matrices())
    assert weights + shape.vocab * shape.hidden == shape.weights_of_a_token()


def test_the_smaller_the_model_the_less_muon_saves():
    shares = [muon_share(name) for name in ("GPT-2 124M", "GPT-2 XL", "Llama 2 70B")]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == pytest.approx((8 * 124439808 - 4 * 84934656) / (8 * 124439808))  # 12 layers of 12 x 768^2


# Recipes


def test_recipes_take_the_bytes_that_their_papers_print():
    # Rajbhandari et al. 2020: 16; Peng et al. 2023: 4 + 4 + 4 + 4 become 2 + 1 + 1 + 2 bytes, 2.6 times less.
    assert STATE_RECIPES["mixed precision"].bytes_per_parameter == 16
    assert STATE_RECIPES["Transformer Engine"].bytes_per_parameter == 16
    assert STATE_RECIPES["FP8-LM O2"].bytes_per_parameter == 6


def test_fp8_lm_saves_five_eighths_of_the_states_as_its_documentation_says():
    first, second = STATE_RECIPES["FP8-LM O1"], STATE_RECIPES["FP8-LM O2"]
    assert 1 - (second.momentum + second.variance) / (first.momentum + first.variance) == 0.625


def test_deepseek_v3_keeps_its_moments_in_16_bits_and_its_master_weights_and_gradients_in_32():
    recipe = STATE_RECIPES["DeepSeek-V3"]
    assert (recipe.master, recipe.gradient, recipe.momentum, recipe.variance) == (4, 4, 2, 2)
    assert recipe.momentum + recipe.variance == OPTIMIZER_BYTES["adamw-bf16"]


def test_the_mixed_recipe_is_the_lectures():
    assert recipe_memory(7e9, "mixed precision") == training_memory(7e9, "fp32+bf16", "adamw")


@pytest.mark.parametrize("name", STATE_RECIPES)
def test_a_recipes_memory_is_its_bytes_for_each_parameter_and_zero_shards_it(name):
    memory = recipe_memory(1e9, name, activations=5.0, working=7.0)
    assert memory.model_states == STATE_RECIPES[name].bytes_per_parameter * 1e9
    assert memory.total == memory.model_states + 12
    assert zero_sharded(memory, 8, 3).model_states == memory.model_states / 8
    assert any(year in STATE_RECIPES[name].source for year in ("20", "MS-AMP"))


def test_an_unknown_recipe_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"^recipe 'FP8-LM' is unknown; .*'FP8-LM O2'"):
        recipe_memory(1e9, "FP8-LM")
