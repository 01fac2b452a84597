"""What `course_lib._arguments` promises all topics: numbers of every kind are read rightly or refused by name."""

from __future__ import annotations

import inspect
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from functools import partial

import ml_dtypes
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from course_lib import (
    block_formats,
    catalog,
    checks,
    compute_cost,
    memory,
    number_formats,
    plan,
    quantization,
    scaling,
    since_the_lecture,
    units,
)
from course_lib._arguments import LONGEST_LIST, one_of, shown
from course_lib.number_formats import FP16, FP64, parse_bits, parse_hexadecimal
from course_lib.quantization import Quantized, quantization_error, with_outlier


class ArrayLike:
    """What a table's column is: no array, and willing to become one."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return self.values

    def __repr__(self):  # without its address, which no two processes share
        return f"ArrayLike({self.values!r})"


class Stubborn:
    """What can neither be made an array nor be written."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("not here")

    def __repr__(self):
        raise RuntimeError("nor so")


HIDDEN = np.ma.array([1.0, -9999.0], mask=[False, True])
ENDLESS = []
ENDLESS.append(ENDLESS)

TAKERS = {
    "compute_cost.forward_flop": ("tokens", lambda value: compute_cost.forward_flop(3, value)),
    "compute_cost.throughput": ("flop_per_second", lambda value: compute_cost.throughput(2, value)),
    "units.convert_compute": ("value", lambda value: units.convert_compute(value, "FLOP", "kFLOP")),
    "units.gpu_hours": ("flop", lambda value: units.gpu_hours(value, 1e12)),
    "scaling.chinchilla_tokens": ("parameters", scaling.chinchilla_tokens),
    "scaling.loss": ("tokens", lambda value: scaling.BESIROGLU_2024.loss(1e9, value)),
    "memory.parameter_bytes": ("parameters", lambda value: memory.parameter_bytes(value, "fp16")),
    "memory.logits_bytes": ("vocab", lambda value: memory.logits_bytes(2, 3, value)),
    "memory.fits": ("memory", lambda value: memory.fits(value, 80e9).spare_bytes),
    "number_formats.encode": ("value", lambda value: number_formats.encode(value, FP16)),
    "number_formats.decode": ("pattern", lambda value: number_formats.decode(value, FP64)),
    "quantization.absmax_quantize": ("x", lambda value: quantization.absmax_quantize(value).dequantize()),
    "quantization.zeropoint_quantize": ("x", lambda value: quantization.zeropoint_quantize(value).dequantize()),
    "quantization.as_blocks": ("x", lambda value: quantization.as_blocks(value, 1)),
}
every_taker = pytest.mark.parametrize(("name", "take"), TAKERS.values(), ids=TAKERS)


@every_taker
@pytest.mark.parametrize(
    "value",
    [
        HIDDEN,
        np.ma.array([1.0, 2.0]),
        np.ma.masked,
        [np.ma.masked, 1.0],
        [HIDDEN, [1.0, 2.0]],
        ArrayLike(HIDDEN),
        np.array([True, False]),
        True,
        [True, 2.0],
        [np.array([True, False]), [2.0, 3.0]],
        "3",
        np.str_("3"),
        ["1", "2"],
        b"3",
        np.datetime64("2020-01-01"),
        np.array(["2020-01-01"], "M8[D]"),
        np.array([3], "m8[s]"),
        np.array([(1, 2.0)], [("a", int), ("b", float)]),
        np.array([1j]),
        np.array([1, None], object),
        [[1.0], [1.0, 2.0]],
        None,
        {"a": 1.0},
        {1.0, 2.0},
        ENDLESS,
        Stubborn(),
    ],
    ids=lambda value: "" if value is ENDLESS else shown(value),
)
def test_what_is_no_number_is_refused_with_the_arguments_name(name, take, value):
    with pytest.raises(TypeError, match=f"^{name} must be "):
        take(value)


WHOLE = [1, 2]


@every_taker
@pytest.mark.parametrize(
    "value",
    [
        (1, 2),
        range(1, 3),
        np.array(WHOLE, np.int8),
        np.array(WHOLE, np.uint64),
        np.array(WHOLE, object),
        np.array(WHOLE, ml_dtypes.int4),
        ArrayLike(np.array(WHOLE)),
        [np.int8(1), 2],
        [np.array(1), np.uint64(2)],
    ],
    ids=repr,
)
def test_whole_numbers_of_every_kind_are_read_as_pythons_own(name, take, value):
    np.testing.assert_array_equal(take(value), take(WHOLE))


@every_taker
@pytest.mark.parametrize(
    "value",
    [
        [1.0, Fraction(2)],
        [Decimal(1), Decimal("2.0")],
        np.array([1, 2], np.float16),
        np.array([1, 2], np.longdouble),
        np.array([1, 2], ml_dtypes.bfloat16),
        np.array([1, 2], ml_dtypes.float8_e4m3fn),
        [ml_dtypes.bfloat16(1), 2.0],
        ArrayLike(np.array([1.0, 2.0])),
    ],
    ids=repr,
)
def test_numbers_of_every_kind_are_read_as_floats_or_refused_where_whole_ones_are_asked_for(name, take, value):
    if name == "pattern":
        with pytest.raises(TypeError, match=r"^pattern must be a whole number"):
            take(value)
    else:
        np.testing.assert_array_equal(take(value), take([1.0, 2.0]))


@every_taker
def test_order_in_memory_and_write_protection_make_no_difference(name, take):
    values = np.array([[1, 2, 3], [4, 5, 6]])
    protected = np.asfortranarray(values)
    protected.setflags(write=False)
    np.testing.assert_array_equal(take(protected), take(values))
    if name != "x":  # a quantiser's answer for one number depends on the others
        np.testing.assert_allclose(take(protected), [[take(one) for one in row] for row in values.tolist()], rtol=1e-15)


@every_taker
def test_an_array_of_no_dimension_is_its_number_and_an_empty_one_stays_empty(name, take):
    if take is not TAKERS["quantization.as_blocks"][1]:
        assert take(np.array(2)) == take(2)
        assert np.shape(take(np.zeros((0, 3), int))) == (0, 3)


@pytest.mark.parametrize("name", [name for name in TAKERS if "quantiz" not in name and "number_formats" not in name])
def test_integers_beside_floats_are_read_however_large(name):
    argument, take = TAKERS[name]
    np.testing.assert_array_equal(take([1e21, 3 * 10**23]), take([1e21, 3e23]))
    np.testing.assert_array_equal(take([2**63, 1]), take([2.0**63, 1.0]))
    for value in (10**400, [1.0, 10**400], [10**5000], Decimal("1e999"), np.array([10**400, 1], object)):
        with pytest.raises(ValueError, match=rf"^{argument} must be .*finite"):
            take(value)


def test_a_quantiser_reads_integers_beside_floats_and_says_what_is_too_large():
    assert quantization.absmax_quantize([1e21, 3 * 10**23]).values.tolist() == [0, 127]
    with pytest.raises(ValueError, match=r"^x must be finite, and at most 1e300 in size; got"):
        quantization.absmax_quantize([1.0, 10**400])


@pytest.mark.parametrize("value", [np.timedelta64(3, "s"), True, np.True_, "3", Fraction(3), np.array(3), None, HIDDEN])
def test_a_whole_number_is_pythons_or_numpys(value):
    with pytest.raises(TypeError, match=r"^bits must be a whole number of at least 2 and at most 8; got "):
        quantization.absmax_quantize([1.0], bits=value)


@pytest.mark.parametrize("value", [8, 8.0, np.int8(8), np.uint64(8), np.float32(8)], ids=repr)
def test_a_whole_number_may_come_in_any_type(value):
    assert quantization.absmax_quantize([1.0], bits=value).values.tolist() == [127]


# Things of the course's own


class Other:
    """What no function of the course takes for anything."""

    def __repr__(self):
        return "Other()"


SHAPE = compute_cost.TransformerShape.from_catalog("Llama 3.1 8B")
SETUP = memory.TrainingSetup.of_model("Llama 3.1 8B", "H100 SXM")
KEPT = memory.training_memory(8e9, "bf16", "adamw")
PLAN = plan.plan_training_run(accelerator="H100 SXM", num_accelerators=256, days=30)
RUN = catalog.training_run("LLaMA 65B")
FMT, VALUES = block_formats.Q4_0, np.ones((2, 32))
ENCODED = block_formats.encode(VALUES, FMT)
ROOF = {"shape": SHAPE, "bytes_per_weight": 2, "bytes_per_value": 2}
ON = {"accelerator": "H100 SXM", "precision": "bf16"}
STEP = {"parameters": 8e9, "activations": 0, "working": 0}
FLOP = {"parameters": 8e9, "tokens": 1e12}
REACHED = {"flop": 1e20, "seconds": 1e5, "num_gpus": 8, "peak_flop_per_second": 1e15}
LAYER = {"sequence": 128, "hidden": 64, "heads": 2, "bytes_per_value": 2}
LAYERS = {**LAYER, "batch": 2, "recompute": "full", "tensor_parallel": 1, "head_dim": 32}
PLANS = ("assumed", "assumptions", "checks", "given_up", "links", "memory_on_each", "numbers", "recipe", "sentence")

GOOD = {
    block_formats: {
        "bits_per_value": {"fmt": FMT},
        "block_error": {"x": VALUES, "encoded": ENCODED},
        "codes_by_chance": {
            "scaled": VALUES,
            "element": block_formats.MINUS_8_TO_7,
            "generator": np.random.default_rng(1),
        },
        "decode": {"encoded": ENCODED},
        "element_values": {"codes": ENCODED.codes, "element": block_formats.MINUS_8_TO_7},
        "encode": {"x": VALUES, "fmt": FMT, "generator": None},
        "from_blocks": {"blocks": VALUES, "shape": (2, 32), "fmt": FMT},
        "nearest_codes": {"scaled": VALUES, "element": block_formats.MINUS_8_TO_7},
        "pack": {"encoded": ENCODED},
        "scale_and_minimum": {"blocks": VALUES, "fmt": FMT},
        "sqnr_table": {"x": VALUES, "formats": [FMT], "where": True},
        "tensor_scale_of": {"blocks": VALUES, "fmt": block_formats.NVFP4},
        "to_blocks": {"x": VALUES, "fmt": FMT},
        "unpack": {"data": block_formats.pack(ENCODED), "fmt": FMT, "shape": (2, 32)},
    },
    since_the_lecture: {
        "attainable_flop_per_second": {"intensity": 10, **ON},
        "compute_bound_batch": {**ROOF, "context": 100, **ON},
        "decode_intensity_limit": {"shape": SHAPE, "context": 100, "bytes_per_value": 2},
        "decode_work": {**ROOF, "batch": 2, "context": 100},
        "distinct_experts": {"shape": SHAPE, "tokens": 2},
        "explain_utilization": {
            "claimed": 0.4,
            "tokens_per_second": 1e4,
            "parameters": 8e9,
            **ON,
            "attention_flop": 0,
            "total_parameters": 9e9,
            "accelerators_per_node": 8,
        },
        "half_way_batch": {**ROOF, "context": 100},
        "largest_decode_batch": {**ROOF, "context": 100, "accelerator": "H100 SXM", "num_accelerators": 1},
        "longest_compute_bound_context": {"shape": SHAPE, **ON, "bytes_per_value": 2},
        "prefill_work": {**ROOF, "batch": 2, "prompt": 100},
        "ridge_point": ON,
        "seconds_at_least": {"work": since_the_lecture.decode_work(SHAPE, 1, 100), **ON},
        "training_work": {"shape": SHAPE, "batch": 2, "sequence": 100, "bytes_per_parameter": 34},
    },
    compute_cost: {
        "backward_flop": FLOP,
        "forward_flop": FLOP,
        "hardware_flop_utilization": {**REACHED, "recomputed_share": 0.3},
        "model_flop_utilization": REACHED,
        "throughput": {"num_gpus": 8, "flop_per_second": 1e15, "utilization": 0.4},
        "training_flop": FLOP,
        "training_seconds": {"flop": 1e20, "throughput": 1e15},
    },
    memory: {
        "activation_bytes": {**LAYERS, "layers": 2},
        "activation_terms": LAYER,
        "assumed_shape": {"parameters": 8e9},
        "cheapest_remedy": {"setup": SETUP},
        "fits": {"memory": KEPT, "capacity_bytes": 80e9},
        "frozen_bytes": {"parameters": 8e9, "quantised": 1e9, "bits": 4},
        "gradient_bytes": {"parameters": 8e9, "precision": "bf16"},
        "kv_cache_bytes": {"batch": 1, "sequence": 8, "layers": 2, "kv_heads": 2, "head_dim": 4, "precision": "fp16"},
        "largest_batch": {"setup": SETUP},
        "logits_bytes": {"batch": 1, "sequence": 8, "vocab": 100, "copies": 1},
        "lora_memory": {**STEP, "adapters": 1e6, "quantised": 1e9, "bits": 4, "precision": "bf16", "optimizer": "sgd"},
        "lora_parameters": {"matrices": [(1, 2, 3)], "rank": 4},
        "missing_format": {"precision": "bf16", "accelerator": "V100"},
        "muon_bytes": {"parameters": 8e9, "matrix_weights": 7e9},
        "muon_memory": {**STEP, "matrix_weights": 7e9, "precision": "bf16", "gradient_precision": "fp32"},
        "muon_share": {"name": "Llama 3.1 8B"},
        "optimizer_bytes": {"parameters": 8e9, "optimizer": "adamw"},
        "parameter_bytes": {"parameters": 8e9, "precision": "bf16"},
        "precision_warnings": {"setup": SETUP},
        "published_comparisons": {"bits": 4},
        "recipe_memory": {**STEP, "recipe": "FP8-LM O2"},
        "sequences_within": {"setup": SETUP, "size": 80e9},
        "single_changes": {"setup": SETUP},
        "sizes": {"matrices": SHAPE.hidden_matrices()},
        "training_memory": {**STEP, "precision": "bf16", "optimizer": "adamw", "gradient_precision": "fp32"},
        "training_precision": {"accelerator": "V100"},
        "working_bytes": {**LAYERS, "vocab": 100, "logits_copies": 1},
        "zero_sharded": {"memory": KEPT, "num_gpus": 8, "stage": 1},
    },
    plan: {
        **{name: {"plan": PLAN} for name in (*PLANS, "warnings")},
        "comparison": {"plan": PLAN, "run": RUN},
        "in_intervals": {"plan": PLAN, "intervals": plan.plan_intervals(PLAN)},
        "like_runs": {"accelerator": "H100 SXM"},
        "markdown": {"plan": PLAN, "run": RUN},
        "money": {"dollars": 1e6},
        "narrowing": {"accelerator": "H100 SXM"},
        "plan_intervals": {"plan": PLAN, "measured": 0.4, "prices": [2, 3]},
        "price_interval": {"accelerator": "H100 SXM", "prices": [2, 3]},
        "reported_time": {"run": RUN},
        "resources_of": {"run": "LLaMA 7B", "num_accelerators": 8},
        "source_of_a_step": {"parameters": 8e9},
        "tokens_of_a_step": {"parameters": 8e9},
        "training_precision": {"accelerator": "V100"},
        "utilization_interval": {"accelerator": "H100 SXM"},
        "utilization_of": {"run": RUN},
    },
}
"""Arguments that each function of what is new since the lecture takes; each is replaced by what is none."""

CALLED = {"name": "model", "run": "(training )?run"}
"""What a message calls an argument otherwise."""


@pytest.mark.parametrize(
    ("module", "function", "argument"),
    [(module, name, one) for module, calls in GOOD.items() for name, good in calls.items() for one in good],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_what_is_of_another_kind_is_refused_by_the_arguments_name(module, function, argument):
    call, good = getattr(module, function), GOOD[module][function]
    call(**good)
    for other in (Other(), [Other()]):
        with pytest.raises((TypeError, ValueError), match=rf"^{CALLED.get(argument, argument)} .*Other\(\)"):
            call(**good | {argument: other})


@pytest.mark.parametrize("module", GOOD, ids=lambda module: module.__name__)
def test_every_function_of_these_topics_that_takes_something_is_tried(module):
    untyped = {"in_days", "percent", "plan_training_run"}  # words for one number; and tried in test_plan.py
    functions = {name for name in module.__all__ if inspect.isroutine(getattr(module, name))}
    taking = {name for name in functions if inspect.signature(getattr(module, name)).parameters}
    assert taking - untyped == set(GOOD[module])


# Results that float64 does not hold

FIT = scaling.BESIROGLU_2024


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", [float, lambda value: np.array([1.0, value])], ids=["a number", "an array"])
@pytest.mark.parametrize(
    ("message", "call"),
    [
        (
            r"forward_flop overflows: .*; got parameters = .*1\.?e\+200.*, tokens = 1e\+200",
            lambda f: compute_cost.forward_flop(f(1e200), 1e200),
        ),
        ("forward_flop overflows", lambda f: compute_cost.training_flop(1e200, f(1e200))),
        ("throughput overflows", lambda f: compute_cost.throughput(f(1e200), 1e200)),
        ("training_seconds overflows", lambda f: compute_cost.training_seconds(f(1e300), 1e-100)),
        ("available_flop overflows", lambda f: compute_cost.model_flop_utilization(1, f(1e200), 1e200, 1)),
        ("model_flop_utilization overflows", lambda f: compute_cost.model_flop_utilization(f(1e300), 1e-300, 1, 1)),
        ("model_flop_utilization overflows", lambda f: compute_cost.model_flop_utilization(1, 1e-200, f(1e-200), 1)),
        ("hardware_flop_util", lambda f: compute_cost.hardware_flop_utilization(f(1.7e308), 1, 1, 1, 1)),
        ("convert_compute overflows", lambda f: units.convert_compute(f(1e300), "ZFLOP", "FLOP")),
        ("gpu_hours overflows", lambda f: units.gpu_hours(f(1e300), 1e-100)),
        ("flop_from_gpu_hours overflows", lambda f: units.gpu_hours(1e300, f(1e308))),
        ("flop_from_gpu_hours overflows", lambda f: units.flop_from_gpu_hours(f(1e300), 1e300)),
        ("chinchilla_tokens overflows", lambda f: scaling.chinchilla_tokens(f(1e308))),
        ("forward_flop overflows", lambda f: scaling.compute_optimal(1e20, f(1e308))),
        ("parameters must be", lambda f: scaling.largest_model_within(tokens=f(1e300), tokens_per_parameter=1e-300)),
        ("tokens overflow", lambda f: scaling.LossFit(1, 1e-3, 1, 1, 0.001).tokens_for_loss(f(1.01), 1)),
        ("parameters overflow", lambda f: scaling.LossFit(1, 1, 1, 1e-3, 1).cheapest_for_loss(f(1.4))),
        ("parameter_bytes overflows", lambda f: memory.parameter_bytes(f(1e308), "fp32")),
        ("optimizer_bytes overflows", lambda f: memory.optimizer_bytes(f(1e308), "adamw")),
        ("activation_bytes overflows", lambda f: memory.activation_bytes(f(1e200), 1e200, 8, 1, 1)),
        ("logits_bytes overflows", lambda f: memory.logits_bytes(f(1e200), 1e200, 8)),
        ("kv_cache_bytes overflows", lambda f: memory.kv_cache_bytes(f(1e200), 1e200, 1, 1, 1, "fp16")),
        ("model_states overflows", lambda f: memory.TrainingMemory(f(1e308), 1e308, 0.0).total),
        ("total overflows", lambda f: memory.TrainingMemory(f(1e308), 0.0, 0.0, 1e308).total),
        ("dequantize overflows", lambda f: Quantized(np.array([100, 100], np.int8), f(1e308), 0).dequantize()),
        (
            "difference overflows",
            lambda f: quantization_error([-1e308] * 2, Quantized(np.array([1, 1], np.int8), f(1e308), 0)),
        ),
        ("factor must leave all values within float32", lambda f: with_outlier(np.atleast_2d(f(1.0)), 1e300)),
    ],
)  # fmt: skip
def test_a_result_that_overflows_says_so(message, call, kind):
    with pytest.raises(ValueError, match=f"^{message}"):
        call(kind)


def test_the_exact_count_of_an_endless_shape_overflows_too():
    shape = compute_cost.TransformerShape(layers=10**200, hidden=10**200, heads=1, vocab=1, sequence=1)
    with pytest.raises(ValueError, match=r"^forward_flop overflows: .*; got tokens = 2$"):
        shape.forward_flop(2)


def test_a_plan_without_end_says_what_overflows():
    with pytest.raises(ValueError, match="overflow"):
        plan.plan_training_run(accelerator="A100 80GB", num_accelerators=1, days=1e300)


def test_the_product_of_quantised_matrices_overflows_by_name():
    large = Quantized(np.full((1, 1), 100, np.int8), 1e200, 0)
    with pytest.raises(ValueError, match=r"^int8_matmul overflows"):
        quantization.int8_matmul(large, large)


def test_a_power_beyond_float64_leaves_nothing_of_its_term():
    steep = scaling.LossFit(1, 1, 1, 100, 100)
    assert steep.loss(1e30, 1e30) == 1
    assert steep.loss(np.array([1e30]), 1e30).tolist() == [1]
    assert steep.tokens_for_loss(2, 1e30) == 1


def test_where_no_model_reaches_a_loss_the_counts_are_still_infinite():
    assert FIT.cheapest_for_loss(FIT.E) == (np.inf, np.inf)
    assert FIT.tokens_for_loss(FIT.E, 1e9) == np.inf


# Values in messages

LONG = "1" * 20_000


@pytest.mark.parametrize(
    "call",
    [
        lambda: units.parse_count(f"{LONG}x"),
        lambda: units.parse_count(LONG),
        lambda: units.parse_quantity(LONG),
        lambda: units.parse_quantity(f"{LONG} FLOPS"),
        lambda: units.parse_quantity(f"1 {'x' * 20_000}"),
        lambda: units.parse_quantity("x" * 20_000),
        lambda: units.convert_compute(1, LONG, "FLOP"),
        lambda: units.convert_compute(1, f"{LONG}/s", "FLOP"),
        lambda: number_formats.carry(LONG, FP16),
        lambda: number_formats.carry(f"1e{LONG[:1000]}", FP16),
        lambda: number_formats.parse_bits(f"{LONG}2", FP16),
        lambda: number_formats.parse_bits("".join(map(chr, range(0x4E00, 0x9000))), FP16),
        lambda: number_formats.parse_hexadecimal(LONG, FP16),
        lambda: number_formats.parse_hexadecimal(f"{LONG}x", FP16),
        lambda: number_formats.decode(list(range(20_000)), number_formats.FP8_E5M2),
        lambda: number_formats.decode(10**5000, FP16),
        lambda: number_formats.decode(1, LONG),
        lambda: catalog.model(LONG),
        lambda: checks.check(LONG, 1),
        lambda: checks.check(f"{LONG}.1", 1),
        lambda: checks.check(int(LONG[:4000]), 1),
        lambda: compute_cost.forward_flop(LONG, 1),
        lambda: compute_cost.forward_flop([-1.0] * 20_000, 1),
        lambda: compute_cost.TransformerShape(layers=1, hidden=3, heads=10**5000, vocab=1, sequence=1),
        lambda: memory.parameter_bytes(1, LONG),
        lambda: memory.activation_bytes(1, 1, 1, 1, 1, bytes_per_value=10**5000),
        lambda: quantization.absmax_quantize([1.0] * 20_000 + [np.nan]),
        lambda: quantization.absmax_quantize([1.0], bits=10**5000),
        lambda: plan.plan_training_run(accelerator=LONG, num_accelerators=1, days=1),
    ],
)
def test_a_message_shows_so_much_of_a_value_as_one_reads(call):
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    message = str(caught.value)
    assert len(message) < 420
    assert "…" in message or "something of the type int" in message


def test_a_long_list_of_what_is_accepted_is_cut_and_says_how_many_more_there_are():
    names = [f"name {number}" for number in range(LONGEST_LIST)]
    with pytest.raises(ValueError, match=r"accepted: 'name 0', .*, 'name 19'$"):
        one_of("thing", "?", names)
    with pytest.raises(ValueError, match=r"'name 19', … 2 more$"):
        one_of("thing", "?", [*names, "another", "last"])
    with pytest.raises(ValueError, match=r"did you mean 'last'\? accepted: 'name 0'"):
        one_of("thing", "Last", [*names, "another", "last"])


TEXTS = st.text(max_size=20) | st.text("0123456789.,_ekMGBTPFLOPSs/-h ·x01|", max_size=14)


@settings(deadline=None, max_examples=300)
@given(TEXTS)
@example("\u0661")
@example("1e5 FLOP")
def test_a_text_of_any_kind_is_read_or_refused(text):
    readers = (units.parse_count, units.parse_quantity)
    for read in (*readers, *(partial(read, fmt=FP16) for read in (parse_bits, parse_hexadecimal))):
        with suppress(ValueError):  # the only one that an explorer takes for a problem with what was typed
            read(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1" * 58, f"'{'1' * 58}'"),
        ("1" * 59, f"'{'1' * 57}…'"),
        (np.arange(4).reshape(2, 2), "array([[0, 1], [2, 3]])"),
        (list(range(100)), f"{str(list(range(100)))[:59]}…"),
        (Stubborn(), "something of the type Stubborn"),
        (10**5000, "something of the type int"),
        ("\n" * 100, "'" + "\\n" * 29 + "…"),
    ],
    ids=["58", "59", "array", "list", "stubborn", "huge", "lines"],
)
def test_a_value_is_shown_on_one_line_of_60_characters_at_most(value, text):
    assert shown(value) == text
    assert len(shown(value)) <= 60
