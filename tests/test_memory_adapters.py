import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.block_formats import NF4, NF4_DOUBLE, bits_per_value
from course_lib.compute_cost import TransformerShape
from course_lib.memory import (
    fits,
    frozen_bytes,
    lora_memory,
    lora_parameters,
    sizes,
    training_memory,
)

quick = settings(deadline=None, max_examples=60)
matrices = st.lists(st.tuples(st.integers(1, 100), st.integers(1, 10**5), st.integers(1, 10**5)), max_size=8)
GPT3 = TransformerShape.from_catalog("GPT-3 175B").hidden_matrices()


@pytest.mark.parametrize(("rank", "printed"), [(1, "4.7"), (8, "37.7")])
def test_adapters_of_gpt_3_count_what_loras_table_4_prints(rank, printed):
    assert f"{lora_parameters(sizes(GPT3, 'query', 'value'), rank) / 1e6:.1f}" == printed


def test_the_budget_of_loras_section_7_is_rank_8_of_one_kind_or_4_of_two():
    one, two = lora_parameters(sizes(GPT3, "query"), 8), lora_parameters(sizes(GPT3, "query", "value"), 4)
    assert one == two
    assert int(one / 1e6) == 18
    assert 2 * one == pytest.approx(35 * 2**20, rel=0.03)  # "roughly 35MB if stored in FP16"


@quick
@given(matrices, st.integers(1, 64), st.integers(1, 64))
def test_adapters_grow_with_the_rank_and_add_up_over_matrices(found, rank, more):
    count = lora_parameters(found, rank)
    assert lora_parameters(found, rank * more) == more * count
    assert count == sum(lora_parameters([matrix], rank) for matrix in found)


@quick
@given(st.integers(1, 64), st.integers(1, 10**4), st.integers(1, 10**4))
def test_adapters_are_smaller_than_their_matrix_below_half_of_its_smaller_side(rank, inputs, outputs):
    smaller = lora_parameters([(1, inputs, outputs)], rank) < inputs * outputs
    assert smaller == (rank < inputs * outputs / (inputs + outputs))


@pytest.mark.parametrize("wrong", [(0, 1, 1), (1, 1.5, 1), (1, 1, -1)])
def test_a_matrix_without_a_size_is_refused(wrong):
    with pytest.raises(ValueError, match="must be a whole number"):
        lora_parameters([wrong], 4)


@pytest.mark.parametrize("wrong", [[(1, 2)], [3], 3, "abc", [(1, 2, 3, 4)]])
def test_what_is_no_list_of_matrices_is_refused(wrong):
    with pytest.raises(TypeError, match=r"^matrices must be a list of \(copies, inputs, outputs\); got "):
        lora_parameters(wrong, 4)


def test_the_matrices_of_a_shape_are_taken_as_they_are():
    matrices = TransformerShape.from_catalog("Llama 3.1 8B").hidden_matrices()
    assert lora_parameters(matrices, 4) == lora_parameters(sizes(matrices), 4) == 10_485_760


def test_a_frozen_model_in_16_bits_takes_two_bytes_a_parameter_and_in_nf4_a_half_and_its_scales():
    assert frozen_bytes(1e9) == 2e9
    assert frozen_bytes(1e9, 1e9, 4) == 0.5e9
    assert frozen_bytes(1e9, 0.9e9, 4) == 0.45e9 + 0.2e9


def test_double_quantisation_saves_what_its_paper_says():
    # Dettmers et al. 2023, section 3: 0.373 bits a parameter, 3 GB of 65B.
    saved = frozen_bytes(65e9, 65e9, bits_per_value(NF4)) - frozen_bytes(65e9, 65e9, bits_per_value(NF4_DOUBLE))
    assert bits_per_value(NF4) - bits_per_value(NF4_DOUBLE) == pytest.approx(0.373, abs=5e-4)
    assert saved / 1e9 == pytest.approx(3, abs=0.05)


def test_more_quantised_parameters_than_there_are_are_refused():
    with pytest.raises(ValueError, match=r"^quantised must be at most parameters = 10; got 11$"):
        frozen_bytes(10, 11, 4)


@pytest.mark.parametrize("precision", ["bf16", "fp32", "fp32+bf16"])
def test_adapters_are_trained_as_any_parameters_and_the_model_has_neither_gradients_nor_states(precision):
    memory, alone = lora_memory(7e9, 1e7, precision=precision), training_memory(1e7, precision, "adamw")
    assert dataclasses.replace(memory, parameters=alone.parameters) == alone
    assert memory.parameters - alone.parameters == 14e9


def test_a_rank_as_large_as_the_model_costs_more_than_training_the_model():
    llama = TransformerShape.from_catalog("Llama 2 7B")
    adapters = lora_parameters(sizes(llama.hidden_matrices()), 4096)
    assert adapters > llama.parameters()["total"]
    assert lora_memory(7e9, adapters).total > training_memory(7e9, "bf16", "adamw").total


def test_llama_2_7b_trains_on_a_card_of_16_gb_by_qlora_and_by_lora_not():
    llama = TransformerShape.from_catalog("Llama 2 7B")
    inside = sum(matrix.weights for matrix in llama.hidden_matrices())
    count, adapters = llama.parameters()["total"], lora_parameters(sizes(llama.hidden_matrices()), 16)
    states = {"activations": 3e9}
    assert not fits(lora_memory(count, adapters, **states), 16e9)
    assert fits(lora_memory(count, adapters, quantised=inside, bits=bits_per_value(NF4_DOUBLE), **states), 16e9)
