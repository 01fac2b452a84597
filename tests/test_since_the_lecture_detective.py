"""The peak detective: claims that are made up with a known mistake, honest ones, and mistakes that were in print."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import catalog
from course_lib.compute_cost import TransformerShape
from course_lib.since_the_lecture.detective import CHOICE, HONEST, MISTAKE, TOLERANCE, explain_utilization

CHIPS = catalog.all_accelerators()
PARAMETERS, SHARE = 8e9, 0.4

quick = settings(deadline=None, max_examples=80)


def speed_of(chip, precision="bf16"):
    """Return the tokens/s of one accelerator that trains a model of 8e9 parameters at 40 % of its peak."""
    return SHARE * chip.peak(precision) / (6 * PARAMETERS)


def best(found, words):
    """Return the explanation of these words, and how near to the claim the nearest of all is."""
    (one,) = [explanation for explanation in found if explanation.words == words]
    return one, min(abs(explanation.apart) for explanation in found)


def attention_of(name, sequence):
    """Count attention's products for one token, forward and backward, layer by layer and head by head."""
    shape = TransformerShape.from_catalog(name)
    forward = sum(2 * 2 * shape.head_dim * sequence for _ in range(shape.layers) for _ in range(shape.heads))
    return 3 * forward


# Claims with a mistake in them

NODE_8 = "the tokens of a node of 8 at the peak of one accelerator"
NODE_OF_ONE = "the tokens of one accelerator at the peak of a node of 8"
MADE_UP = {
    "the peak with sparsity": lambda chip: chip.sparse_flop_per_second and 0.4 / 2,
    "the fp8 peak": lambda chip: (
        chip.fp8_flop_per_second and 0.4 * chip.fp16_bf16_flop_per_second / chip.fp8_flop_per_second
    ),
    "the fp4 peak": lambda chip: (
        chip.fp4_flop_per_second and 0.4 * chip.fp16_bf16_flop_per_second / chip.fp4_flop_per_second
    ),
    "the fp32 peak, without tensor cores": lambda chip: (
        chip.fp32_flop_per_second and 0.4 * chip.fp16_bf16_flop_per_second / chip.fp32_flop_per_second
    ),
    NODE_8: lambda chip: 0.4 * 8,
    NODE_OF_ONE: lambda chip: 0.4 / 8,
    "a multiply-accumulate counted as one FLOP": lambda chip: 0.4 / 2,
    "the forward pass alone counted": lambda chip: 0.4 / 3,
}
"""What somebody would claim of 40 % who makes one mistake, or None where the accelerator has no such rate."""


@pytest.mark.parametrize("words", MADE_UP)
@pytest.mark.parametrize("chip", CHIPS.values(), ids=CHIPS)
def test_a_claim_with_one_mistake_is_explained_by_it(chip, words):
    claim = MADE_UP[words](chip)
    if claim is None or (words == "the fp8 peak" and claim == SHARE):
        assert words not in {e.words for e in explain_utilization(0.4, speed_of(chip), PARAMETERS, chip.name)}
        return
    found = explain_utilization(claim, speed_of(chip), PARAMETERS, chip.name)
    one, nearest = best(found, words)
    assert one.kind == MISTAKE
    assert one.mfu == pytest.approx(claim)
    assert abs(one.apart) == pytest.approx(nearest, abs=1e-12)
    assert found[0].meets_the_claim
    assert found[0].kind != HONEST


@pytest.mark.parametrize("chip", [c for c in CHIPS.values() if c.fp8_flop_per_second], ids=lambda chip: chip.name)
def test_a_run_in_fp8_at_the_bf16_peak_is_found_out(chip):
    claim = 0.4 * chip.peak("fp8") / chip.peak("bf16")
    found = explain_utilization(claim, speed_of(chip, "fp8"), PARAMETERS, chip.name, precision="fp8")
    if chip.peak("fp8") == chip.peak("bf16"):
        assert found[0].kind == HONEST
    else:
        one, nearest = best(found, "the bf16 peak")
        assert abs(one.apart) == pytest.approx(nearest, abs=1e-12)


@pytest.mark.parametrize(
    "model", [m for m in catalog.all_models().values() if m.is_mixture], ids=lambda model: model.name
)
def test_all_parameters_of_a_mixture_are_a_suspect(model):
    chip = catalog.accelerator("H100 SXM")
    active, total = model.printed_active, model.parameters
    speed = 0.3 * chip.peak("bf16") / (6 * active)
    claim = 6 * total * speed / chip.peak("bf16")
    found = explain_utilization(claim, speed, active, chip.name, total_parameters=total)
    one, nearest = best(found, "all parameters of the mixture counted, not the active ones")
    assert one.mfu == pytest.approx(claim)
    assert abs(one.apart) == pytest.approx(nearest, abs=1e-12)


def test_two_mistakes_with_one_factor_are_both_named():
    found = explain_utilization(0.2, speed_of(CHIPS["H100 SXM"]), PARAMETERS, "H100 SXM")
    alike = {explanation.words for explanation in found if abs(explanation.apart) < 1e-9}
    assert alike >= {
        "the peak with sparsity",
        "the fp8 peak",
        "the int8 rate",
        "a multiply-accumulate counted as one FLOP",
    }


@pytest.mark.parametrize(
    ("name", "precision", "printed"),
    [
        ("H100 SXM", "bf16", 1979e12),
        ("H100 SXM", "fp8", 3958e12),
        ("B200", "fp8", 9e15),
        ("B200", "fp4", 18e15),
        ("GB200", "fp4", 20e15),
        ("B300", "fp4", 18e15),
        ("GB300", "fp4", 1440e15 / 72),
        ("MI355X", "fp8", 10.1e15),
        ("MI355X", "fp4", None),
        ("TPU v6e", "bf16", None),
    ],
)
def test_a_sparse_peak_is_a_suspect_where_one_is_in_print_and_as_it_is_printed(name, precision, printed):
    """The vendors' tables as copied: three quarters of a B300's sparse fp4 are dense, and AMD prints no sparse fp4."""
    chip = CHIPS[name]
    found = explain_utilization(0.2, speed_of(chip, precision), PARAMETERS, name, precision=precision)
    sparse = [one.mfu for one in found if one.words == "the peak with sparsity"]
    expected = [] if printed is None else [pytest.approx(SHARE * chip.peak(precision) / printed, rel=5e-3)]
    assert sparse == expected


# Honest claims


@quick
@given(st.sampled_from(list(CHIPS)), st.floats(0.17, 0.7), st.floats(1e8, 1e12), st.floats(0, 0.5))
def test_nothing_is_wrong_with_an_honest_claim_of_two_digits(name, share, parameters, attention):
    speed = share * CHIPS[name].peak("bf16") / (6 * parameters)
    found = explain_utilization(round(share, 2), speed, parameters, name, attention_flop=attention * 6 * parameters)
    assert found[0].kind == HONEST
    assert found[0].words.startswith("nothing is wrong")
    assert found[0].mfu == pytest.approx(share)


@quick
@given(st.floats(1.04, 5), st.sampled_from(["H100 SXM", "A100 80GB"]))
def test_of_a_claim_above_one_something_is_wrong(claim, name):
    speed = speed_of(CHIPS[name])
    assert explain_utilization(claim, speed, PARAMETERS, name)[0].kind != HONEST


@quick
@given(st.floats(1e-3, 50), st.floats(1, 1e6), st.sampled_from(list(CHIPS)))
def test_explanations_come_by_whether_they_meet_the_claim_and_then_by_distance(claim, speed, name):
    found = explain_utilization(claim, speed, PARAMETERS, name, attention_flop=1e9)
    meets = [explanation.meets_the_claim for explanation in found]
    assert meets == sorted(meets, reverse=True)
    apart = [abs(math.log(e.mfu / claim)) for e in found if not e.meets_the_claim]
    assert apart == pytest.approx(sorted(apart))
    assert sum(explanation.kind == HONEST for explanation in found) == 1
    for explanation in found:
        assert explanation.apart == pytest.approx(explanation.mfu / claim - 1)
        assert explanation.meets_the_claim == (abs(explanation.apart) <= TOLERANCE)


# Claims in print

PRINTED = [
    # Zhang et al. 2024, README.md of TinyLlama: 24,000 tokens/s and 56 % on an A100 40GB, at 2048 tokens.
    ("TinyLlama 1.1B", 2048, 24_000, 0.56, "A100 40GB", "attention's products counted, causal"),
    # Olmo Team 2025, section 3.2: 1,960 tokens/s and 41 %, 7,700 and 43 %, on H100s, at 8192 tokens.
    ("Olmo 3 32B", 8192, 1960, 0.41, "H100 SXM", "attention's products counted, causal"),
    ("Olmo 3 7B", 8192, 7700, 0.43, "H100 SXM", "attention's products counted, every token with every other"),
    # SmolLM3: 14,000 tokens/s and 29.4 %, as others print it, at 4096 tokens.
    ("SmolLM3 3B", 4096, 14_000, 0.294, "H100 SXM", "attention's products counted, causal"),
]


@pytest.mark.parametrize(("name", "sequence", "speed", "claim", "chip", "words"), PRINTED)
def test_a_printed_utilisation_above_6pd_counts_attention(name, sequence, speed, claim, chip, words):
    attention = attention_of(name, sequence)
    parameters = catalog.model(name).parameters
    found = explain_utilization(claim, speed, parameters, chip, attention_flop=attention)
    assert (found[0].kind, found[0].words) == (CHOICE, words)
    assert found[0].meets_the_claim


def test_81_per_cent_of_a_peak_without_tensor_cores_are_20():
    # A well-known notebook gives GPT-2 XL 6,780 tokens/s on an A100 and divides by 77.97 TFLOP/s, as lesson 2 tells.
    found = explain_utilization(0.81, 6780, catalog.model("GPT-2 XL").parameters, "A100 40GB")
    assert found[0].words == "the 16-bit rate without tensor cores"
    (honest,) = [explanation for explanation in found if explanation.kind == HONEST]
    assert honest.mfu == pytest.approx(0.20, abs=0.005)


def test_45_per_cent_in_fp8_on_a_b200_are_about_20_of_its_fp8_peak():
    # A model of 3 B at 41,400 tokens/s: printed as 45 %. With a SmolLM3's attention it is 20 % of the fp8 peak.
    attention = attention_of("SmolLM3 3B", 4096)
    found = explain_utilization(
        0.45, 41_400, catalog.model("SmolLM3 3B").parameters, "B200", precision="fp8", attention_flop=attention
    )
    counted = [e.mfu for e in found if e.words == "attention's products counted, every token with every other"]
    assert counted == [pytest.approx(0.20, abs=0.005)]
    assert found[0].words.startswith("the bf16 peak")
    assert all(e.kind == MISTAKE for e in found if e.meets_the_claim)


def test_a_sparse_peak_that_is_printed_as_dense_halves_the_claim():
    # 1,979 is printed as the H100's dense fp16 and 9 PFLOP/s as the B200's dense fp8: both are with sparsity.
    for chip, precision, wrong in (("H100 SXM", "bf16", 1979e12), ("B200", "fp8", 9e15)):
        speed = speed_of(CHIPS[chip], precision)
        claim = 6 * PARAMETERS * speed / wrong
        found = explain_utilization(claim, speed, PARAMETERS, chip, precision=precision)
        assert best(found, "the peak with sparsity")[0].apart == pytest.approx(0, abs=1e-3)


# Refusals


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"claimed": 0}, ValueError, "^claimed must be positive and finite; got 0"),
        ({"claimed": "40 %"}, TypeError, "^claimed must be a positive number; got '40 %'"),
        ({"tokens_per_second": -1}, ValueError, "^tokens_per_second must be positive and finite; got -1"),
        ({"tokens_per_second": [1, 2]}, TypeError, r"^tokens_per_second must be one number"),
        ({"parameters": math.inf}, ValueError, "^parameters must be positive and finite; got inf"),
        ({"accelerator": "H100"}, ValueError, "^accelerator 'H100' is unknown; did you mean 'H100 SXM'"),
        (
            {"precision": "fp4"},
            ValueError,
            "^precision must be one that the H100 SXM has a peak for, 'bf16', 'fp8'; go",
        ),
        ({"attention_flop": -1}, ValueError, "^attention_flop must be finite and not negative; got -1"),
        (
            {"total_parameters": 1e9},
            ValueError,
            "^total_parameters must be at least parameters = 8000000000.0; got 100",
        ),
        (
            {"accelerators_per_node": 0},
            ValueError,
            "^accelerators_per_node must be a whole number of at least 1; got 0",
        ),
    ],
)
def test_what_is_no_claim_is_refused(arguments, error, message):
    good = {"claimed": 0.4, "tokens_per_second": 1e4, "parameters": PARAMETERS, "accelerator": "H100 SXM"}
    with pytest.raises(error, match=message):
        explain_utilization(**good | arguments)
