import dataclasses

import pytest

from course_lib import catalog, plan
from course_lib.memory import (
    PRECISION_BYTES,
    TrainingSetup,
    missing_format,
    precision_warnings,
    training_precision,
)
from course_lib.number_formats import FP16
from course_lib.quantization import absmax_quantize

WITHOUT_BF16 = ["V100", "T4"]
TPUS = [name for name, chip in catalog.accelerators().items() if chip.kind == "TPU"]


def set_up(accelerator="A100 80GB", **options):
    return TrainingSetup.of_model("GPT-2 XL", accelerator, **options)


@pytest.mark.parametrize("name", catalog.accelerators())
def test_every_accelerator_trains_in_the_planner_s_precision_which_is_bf16_wherever_there_is_one(name):
    precision = training_precision(name)
    assert precision == ("fp32+fp16" if name in WITHOUT_BF16 else "fp32+bf16")
    assert missing_format(precision, name) == ""
    assert plan.training_precision is training_precision


@pytest.mark.parametrize("precision", ["bf16", "fp32+bf16"])
@pytest.mark.parametrize("name", WITHOUT_BF16)
def test_bf16_where_there_is_none_is_told_with_what_to_train_in(name, precision):
    assert missing_format(precision, name) == "bf16"
    (sentence,) = precision_warnings(set_up(name, precision=precision))
    assert sentence == f"{name} has no bf16: its 16-bit rate is for fp16, so train in fp32+fp16."


@pytest.mark.parametrize("precision", ["fp16", "fp32+fp16"])
@pytest.mark.parametrize("name", TPUS)
def test_fp16_on_a_tpu_is_told_with_what_to_train_in(name, precision):
    assert missing_format(precision, name) == "fp16"
    (sentence,) = precision_warnings(set_up(name, precision=precision))
    assert sentence == f"{name} has no fp16: its 16-bit rate is for bf16, so train in fp32+bf16."


@pytest.mark.parametrize("precision", ["fp16", "fp32+fp16"])
def test_fp16_needs_its_loss_scaled_as_the_planner_says(precision):
    (sentence,) = precision_warnings(set_up("V100", precision=precision))
    assert sentence == "fp16 needs its loss scaled: small gradients would become zero."
    planned = plan.plan_training_run(accelerator="V100", num_accelerators=8, days=9)
    assert any(sentence.split(":")[0] in assumption for assumption in planned.assumptions)
    assert 5e-8 < FP16.smallest_subnormal < 7e-8


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp32+bf16"])
def test_what_is_usual_needs_no_word(precision):
    assert precision_warnings(set_up(precision=precision)) == ()
    assert precision_warnings(set_up(precision=precision, gradient_precision="fp32")) == ()


def test_int8_gradients_are_told_wherever_they_come_from_and_int8_weights_too():
    from_weights = precision_warnings(set_up(precision="int8"))
    asked_for = precision_warnings(set_up(gradient_precision="int8"))
    assert from_weights == asked_for
    assert from_weights[0].startswith("int8 gradients are a formula and not a practice: what is less than 1/254")
    (weights,) = precision_warnings(set_up(precision="int8", gradient_precision="fp32"))
    assert weights.startswith("int8 weights are for use and not for training: ")


def test_in_int8_what_is_less_than_1_254th_of_the_largest_becomes_zero():
    stored = absmax_quantize([1.0, 1 / 253, 1 / 255]).values
    assert stored.tolist() == [127, 1, 0]


def test_two_things_to_mind_are_two_sentences():
    both = precision_warnings(set_up("T4", precision="fp32+bf16", gradient_precision="int8"))
    assert [sentence.split(":")[0] for sentence in both] == [
        "T4 has no bf16",
        "int8 gradients are a formula and not a practice",
    ]


@pytest.mark.parametrize("name", catalog.accelerators())
@pytest.mark.parametrize("precision", PRECISION_BYTES)
def test_a_set_up_that_follows_the_advice_has_no_format_missing(name, precision):
    setup = set_up(name, precision=precision)
    better = dataclasses.replace(setup, precision=training_precision(name))
    assert not any("has no" in sentence for sentence in precision_warnings(better))
    for sentence in precision_warnings(setup):
        assert sentence.endswith(".")
        if "has no" in sentence:
            assert sentence.endswith(f"train in {training_precision(name)}.")


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match=r"^precision 'fp23' is unknown"):
        missing_format("fp23", "V100")
    with pytest.raises(ValueError, match=r"^accelerator 'P100' is unknown"):
        missing_format("fp32", "P100")
