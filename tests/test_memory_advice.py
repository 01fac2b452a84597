import dataclasses
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import catalog
from course_lib.compute_cost import TransformerShape
from course_lib.memory import (
    ASSUMED_VOCAB,
    LADDERS,
    OPTIMIZER_BYTES,
    ORDER,
    PRECISION_BYTES,
    RECOMPUTE,
    TrainingSetup,
    activation_bytes,
    assumed_shape,
    cheapest_remedy,
    largest_batch,
    single_changes,
)

quick = settings(deadline=None, max_examples=60)
setups = st.builds(
    TrainingSetup.of_model,
    st.sampled_from(list(catalog.models())),
    st.sampled_from(list(catalog.accelerators())),
    precision=st.sampled_from(list(PRECISION_BYTES)),
    optimizer=st.sampled_from(list(OPTIMIZER_BYTES)),
    gradient_precision=st.sampled_from([None, "fp32"]),
    batch=st.integers(1, 24),
    sequence=st.integers(1, 8192),
    recompute=st.sampled_from(RECOMPUTE),
    num_gpus=st.sampled_from([1, 2, 3, 8, 64, 600]),
    stage=st.integers(0, 3),
)

SEVEN = TrainingSetup.of_model("Llama 2 7B", "A100 80GB", recompute="full")


def by_trying_everything(setup, fields):
    """Return the first set-up that fits, the costliest field varying slowest: the advice's order, without halving."""
    ladders = {field: LADDERS[field](setup) for field in LADDERS if field in fields}
    for values in itertools.product(*reversed(ladders.values())):
        candidate = dataclasses.replace(setup, **dict(zip(reversed(ladders), values, strict=True)))
        if candidate != setup and candidate.fit():
            return candidate
    return None


def test_more_accelerators_are_counted_in_times_and_proposed_up_to_1024():
    setup = TrainingSetup.of_model("Llama 2 70B", "A100 80GB", recompute="full", num_gpus=4, stage=3)
    (change,) = cheapest_remedy(setup).changes
    assert str(change) == "16 x A100 80GB, sharded at stage 3"
    assert change.cost == "4 times the accelerators, about the same accelerator-hours"
    assert LADDERS["num_gpus"](setup) == [4, 8, 16, 32, 64, 128, 256, 512, 1024]


def test_neither_a_remedy_nor_its_changes_can_be_changed():
    remedy = cheapest_remedy(SEVEN)
    for one in (remedy, *remedy.changes):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(one, dataclasses.fields(one)[0].name, None)


# The set-up


def test_a_setup_of_a_model_has_its_shape_and_the_sequence_of_its_pre_training():
    setup = TrainingSetup.of_model("Llama 3.1 8B", "H100 SXM")
    model = catalog.model("Llama 3.1 8B")
    assert (setup.parameters, setup.layers, setup.hidden, setup.heads) == (model.parameters, 32, 4096, 32)
    assert (setup.sequence, setup.vocab, setup.capacity) == (8192, 128_256, 81_559 * 2**20)
    assert TrainingSetup.of_model("Llama 3.1 8B", "H100 SXM", sequence=100).sequence == 100


@pytest.mark.parametrize("kept", RECOMPUTE)
def test_a_setup_of_a_model_counts_heads_that_are_wider_than_the_model(kept):
    setup = TrainingSetup.of_model("Gemma 7B", "H100 SXM", recompute=kept)
    usual = dataclasses.replace(setup, head_dim=None)
    layers_kept, layers_again = {"none": (28, 0), "selective": (28, 0), "full": (0, 1)}[kept]
    wider = 8192 * 8 * (16 * 256 - 3072)
    assert setup.memory().activations - usual.memory().activations == layers_kept * wider
    assert setup.memory().working - usual.memory().working == layers_again * wider
    scores = 4 * 28 * 8192 * 16 * 256
    share = {"none": 0, "selective": scores / (6 * setup.parameters + 3 * scores), "full": 1 / 3}[kept]
    assert setup.recomputed_flop() == pytest.approx(share, rel=1e-12)
    with pytest.raises(ValueError, match=r"^head_dim must be a whole number of at least 1; got 0"):
        dataclasses.replace(setup, head_dim=0)


@pytest.mark.parametrize(("stage", "gigabytes"), [(0, 120.0), (1, 31.4), (2, 16.6), (3, 1.9)])
def test_the_model_states_on_64_accelerators_are_those_of_zero_s_figure_1(stage, gigabytes):
    setup = TrainingSetup(7.5e9, *assumed_shape(7.5e9), "V100", "fp32+fp16", num_gpus=64, stage=stage)
    assert round(setup.memory().model_states / 1e9, 1) == gigabytes


@pytest.mark.parametrize(("precision", "size"), [("fp32", 4), ("bf16", 2), ("fp32+bf16", 2), ("int8", 2)])
def test_activations_take_32_bits_in_pure_fp32_and_16_otherwise(precision, size):
    setup = dataclasses.replace(SEVEN, precision=precision, recompute="none", batch=3)
    assert setup.memory().activations == activation_bytes(3, 4096, 4096, 32, 32, bytes_per_value=size)


@pytest.mark.parametrize("kept", RECOMPUTE)
def test_the_working_memory_of_a_setup_is_its_model_s_logits_and_what_is_computed_again(kept):
    setup = TrainingSetup.of_model("Llama 3.1 8B", "H100 SXM", recompute=kept, batch=3, sequence=1000)
    scores, linear = 5 * 32 * 1000**2 * 3, 34 * 3 * 1000 * 4096
    again = {"none": 0, "selective": scores, "full": scores + linear}[kept]
    assert setup.memory().working == 3 * 1000 * 128_256 * 4 + again
    in_fp32 = dataclasses.replace(setup, precision="fp32").memory().working
    again = {"none": 0, "selective": 9 * scores / 5, "full": 9 * scores / 5 + 66 * linear / 34}[kept]
    assert in_fp32 == pytest.approx(3 * 1000 * 128_256 * 4 + again)


def test_a_size_alone_has_gpt2_s_and_gpt3_s_vocabulary():
    setup = TrainingSetup(7e9, *assumed_shape(7e9), "A100 80GB")
    assert setup.vocab == ASSUMED_VOCAB == catalog.model("GPT-2 XL").vocab == catalog.model("GPT-3 175B").vocab


def test_fp32_gradients_make_it_18_bytes_a_parameter():
    setup = dataclasses.replace(SEVEN, gradient_precision="fp32")
    assert setup.memory().model_states == 18 * catalog.model("Llama 2 7B").parameters


@pytest.mark.parametrize("name", list(catalog.models()))
def test_recomputed_flop_are_a_third_or_attention_s_two_products_once_more(name):
    shape = TransformerShape.from_catalog(name)
    twice = dataclasses.replace(shape, sequence=2 * shape.sequence)
    scores = twice.forward_flop(1) - shape.forward_flop(1)
    share = {kept: TrainingSetup.of_model(name, "V100", recompute=kept).recomputed_flop() for kept in RECOMPUTE}
    assert share["none"] == 0
    assert share["full"] == pytest.approx(1 / 3)
    assert share["selective"] == pytest.approx(scores / (3 * shape.forward_flop(1)), rel=0.25)  # 6P counts embeddings


def test_selective_recomputation_adds_a_third_of_what_korthikanti_et_al_s_equation_8_says():
    # Appendix A: the text lists 2 B s^2 h twice a layer; equation 8 adds 72 B L s h^2 x s / 6h, three times that.
    share = TrainingSetup.of_model("GPT-3 175B", "A100 80GB", recompute="selective").recomputed_flop()
    assert round(100 * share, 1) == 0.9
    assert round(100 * 3 * share, 1) == 2.7


@pytest.mark.parametrize(
    ("name", "tolerance"), [("GPT-3 175B", 0), ("Llama 2 7B", 0.04), ("Llama 2 13B", 0.02), ("GPT-2 XL", 0.7)]
)
def test_the_assumed_shape_is_gpt3_s_and_near_llama_s(name, tolerance):
    model = catalog.model(name)
    layers, hidden, heads = assumed_shape(model.parameters)
    assert layers * hidden == pytest.approx(model.layers * model.hidden, rel=0.07 if tolerance < 0.1 else tolerance)
    assert layers == pytest.approx(model.layers, rel=tolerance or 1e-9)
    assert hidden == 128 * layers
    assert heads == layers


@quick
@given(st.floats(1e8, 1e13))
def test_the_assumed_shape_has_about_the_parameters_asked_for(parameters):
    layers, hidden, _ = assumed_shape(parameters)
    assert 12 * layers * hidden**2 == pytest.approx(parameters, rel=0.2)


def test_even_the_smallest_model_has_a_layer():
    assert assumed_shape(1) == (1, 128, 1)


# The largest batch


@quick
@given(setups)
def test_the_largest_batch_fits_and_one_more_does_not(setup):
    most = largest_batch(setup)
    assert not dataclasses.replace(setup, batch=most + 1).fit()
    if most:
        assert dataclasses.replace(setup, batch=most).fit()


def test_gpt2_xl_on_40_gb_holds_1_5_or_27_sequences_by_recomputation():
    base = TrainingSetup.of_model("GPT-2 XL", "A100 40GB")
    assert base.capacity == 40e9
    assert [largest_batch(dataclasses.replace(base, recompute=kept)) for kept in RECOMPUTE] == [1, 5, 27]


def test_the_27_sequences_of_gpt2_xl_by_hand_are_95_without_logits_and_layer():
    s, h, L, a, V = 1024, 1600, 48, 25, 50257
    free = 40e9 - 16 * 1_557_611_200
    inputs, layer, logits = 2 * s * h * L, s * h * (34 + 5 * a * s / h), s * V * 4
    assert [int(free // one) for one in (inputs, inputs + layer, inputs + layer + logits)] == [95, 43, 27]


@quick
@given(setups)
def test_memory_grows_with_the_batch_by_the_same_for_each_sequence(setup):
    one, two, three = (dataclasses.replace(setup, batch=batch).memory().total for batch in (1, 2, 3))
    assert one < two < three
    assert three - two == pytest.approx(two - one, rel=1e-3)


@quick
@given(setups)
def test_no_ladder_of_the_advice_ever_climbs_in_memory(setup):
    for field in LADDERS:
        rungs = [dataclasses.replace(setup, **{field: value}) for value in LADDERS[field](setup)]
        spare = [rung.fit().spare_bytes for rung in rungs]
        assert all(less <= more + 1e-6 * abs(more) for less, more in itertools.pairwise(spare)), field


def test_recomputation_is_not_advised_where_it_saves_nothing():
    one_layer = TrainingSetup(1e5, 1, 128, 1, "T4", sequence=2**16)
    assert LADDERS["recompute"](one_layer) == ["none"]
    assert LADDERS["recompute"](dataclasses.replace(one_layer, layers=2)) == list(RECOMPUTE)
    by_recompute = [dataclasses.replace(one_layer, recompute=kept).memory().total for kept in RECOMPUTE]
    assert by_recompute[0] == by_recompute[1] < by_recompute[2]


def test_where_the_model_states_do_not_fit_no_batch_does():
    assert largest_batch(SEVEN) == 0


# The cheapest change


@quick
@given(setups)
def test_each_single_change_is_the_first_that_fits_when_all_are_tried(setup):
    if setup.fit():
        assert single_changes(setup) == ()
        return
    found = [after for fields in ORDER if (after := by_trying_everything(setup, fields))]
    assert [way.setup for way in single_changes(setup)] == list(dict.fromkeys(found))


@quick
@given(setups)
def test_the_cheapest_remedy_is_the_first_single_change_or_else_needs_all_of_its_changes(setup):
    singles, way = single_changes(setup), cheapest_remedy(setup)
    if way is None:
        least = {field: ladder(setup)[-1] for field, ladder in LADDERS.items()}
        assert not dataclasses.replace(setup, **least).fit()
        return
    assert way.setup.fit()
    if setup.fit():
        assert (way.setup, way.changes) == (setup, ())
    elif singles:
        assert way == singles[0]
        assert len(way.changes) == 1
    else:
        changed = [field for field in LADDERS if getattr(way.setup, field) != getattr(setup, field)]
        assert len(changed) >= 2
        for field in changed:
            undone = dataclasses.replace(way.setup, **{field: getattr(setup, field)})
            assert not undone.fit(), f"{field} was changed without need"


@quick
@given(setups)
def test_advice_never_touches_precision_gradients_sequence_or_the_model(setup):
    way = cheapest_remedy(setup)
    if way:
        assert dataclasses.replace(way.setup, **{field: getattr(setup, field) for field in LADDERS}) == setup


@quick
@given(setups)
def test_a_smaller_batch_divides_the_one_asked_for_so_that_gradients_add_up_to_the_same(setup):
    way = cheapest_remedy(setup)
    assert way is None or setup.batch % way.setup.batch == 0


@pytest.mark.parametrize(
    ("setup", "changes", "costs"),
    [
        (
            TrainingSetup.of_model("GPT-2 XL", "A100 40GB", batch=16, recompute="selective"),
            ("4 sequences at a time instead of 16",),
            ("no FLOP: add up 4 steps' gradients",),
        ),
        (
            dataclasses.replace(SEVEN, num_gpus=8),
            ("sharding at stage 1",),
            ("no more communication",),
        ),
        (
            dataclasses.replace(SEVEN, num_gpus=8, accelerator="RTX 4090"),
            ("sharding at stage 3",),
            ("up to 1.5 times the communication",),
        ),
        (
            TrainingSetup.of_model("GPT-2 XL", "A100 40GB", sequence=2048),
            ("selective recomputation",),
            ("5.6 % more FLOP",),
        ),
        (
            TrainingSetup.of_model("GPT-2 XL", "A100 40GB", sequence=8192),
            ("full recomputation",),
            ("33 % more FLOP",),
        ),
        (SEVEN, ("8-bit optimizer states",), ("no FLOP, but coarser states",)),
        (
            dataclasses.replace(SEVEN, optimizer="sgd-momentum", precision="fp32"),
            ("2 x A100 80GB, sharded at stage 1",),
            ("2 times the accelerators, about the same accelerator-hours",),
        ),
        (
            TrainingSetup.of_model("GPT-2 124M", "TPU v5e", sequence=2**14, recompute="full"),
            ("1 x TPU v3 instead of TPU v5e",),
            ("another price",),
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_each_kind_of_change_is_advised_where_nothing_cheaper_will_do(setup, changes, costs):
    way = cheapest_remedy(setup)
    assert (tuple(map(str, way.changes)), way.costs) == (changes, costs)
    assert way.sentence == f"{changes[0]} ({costs[0]})"


def test_llama_2_7b_needs_two_changes_together_on_one_a100():
    way = cheapest_remedy(dataclasses.replace(SEVEN, recompute="none"))
    assert way.sentence == (
        "full recomputation (33 % more FLOP) and 8-bit optimizer states (no FLOP, but coarser states)"
    )


def test_more_and_bigger_accelerators_together_are_said_as_one_change():
    setup = TrainingSetup(331e9, *assumed_shape(331e9), "T4", "fp32", sequence=2340, num_gpus=274, stage=3)
    hardware = cheapest_remedy(setup).changes[-1]
    assert str(hardware) == "1,024 x V100, sharded at stage 3 instead of T4"


def test_what_nothing_can_make_fit_gets_no_advice():
    setup = TrainingSetup(1e13, *assumed_shape(1e13), "T4", sequence=2**20)
    assert single_changes(setup) == ()
    assert cheapest_remedy(setup) is None


@pytest.mark.parametrize("chip", list(catalog.accelerators()))
def test_only_bigger_accelerators_of_the_same_kind_are_proposed(chip):
    now, *bigger = LADDERS["accelerator"](dataclasses.replace(SEVEN, accelerator=chip))
    assert now == chip
    for size in ("memory_bytes", "usable_bytes"):
        sizes = [getattr(catalog.accelerator(name), size) for name in (now, *bigger)]
        assert all(more > less for less, more in itertools.pairwise(sizes)), size
    assert len({name.startswith("TPU") for name in (now, *bigger)}) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch": 0}, r"^batch must be a whole number of at least 1; got 0"),
        ({"num_gpus": 2.5}, r"^num_gpus must be a whole number of at least 1; got 2.5"),
        ({"stage": 4}, r"^stage must be a whole number of at least 0 and at most 3; got 4"),
        ({"accelerator": "A100"}, r"^accelerator 'A100' is unknown; did you mean"),
        ({"recompute": "some"}, r"^recompute 'some' is unknown"),
        ({"parameters": -1}, r"^parameters must be positive and finite; got -1"),
    ],
)
def test_a_setup_that_cannot_be_is_refused_by_name(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(SEVEN, **change).fit()


@pytest.mark.parametrize("parameters", [0, -1, float("nan"), float("inf")])
def test_a_shape_is_assumed_for_a_positive_size_alone(parameters):
    with pytest.raises(ValueError, match=r"^parameters must be positive and finite"):
        assumed_shape(parameters)


def test_more_recomputation_costs_what_it_adds_to_what_is_recomputed_already():
    setup = TrainingSetup.of_model("GPT-2 XL", "A100 40GB", recompute="selective", batch=7)
    (full,) = [remedy for remedy in single_changes(setup) if remedy.setup.recompute == "full"]
    more = 100 * (1 / 3 - setup.recomputed_flop())
    assert full.costs == (f"{more:.2g} % more FLOP",)
    assert more < 33
