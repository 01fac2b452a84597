"""Set 4 against the library, and the wrong answers that the lesson's fifth part of memory is about."""

from __future__ import annotations

import re

import pytest

from course_lib import catalog, questions
from course_lib.memory import RECOMPUTE, TrainingSetup, largest_batch
from course_lib.questions.kinds import Number, Vector

EDITIONS = range(12)


def asked(number: str, seed: int) -> Vector | Number:
    asks = questions.find(number, seed).asks
    assert isinstance(asks, Vector | Number)
    return asks


def given(asks: Vector | Number, name: str) -> float:
    return float(asks.given[name].value)


def accelerator_of(asks: Vector | Number) -> catalog.Accelerator:
    """Return the accelerator that the table's words name."""
    words = asks.given["memory"].words
    return catalog.accelerator(re.split("[,:]", words.removeprefix("bytes, one "))[0])


@pytest.mark.parametrize("seed", EDITIONS)
def test_the_batches_of_4_8_are_the_largest_that_the_library_finds(seed: int) -> None:
    asks = asked("4.8", seed)
    chip = accelerator_of(asks).name
    setups = [
        TrainingSetup.of_model(asks.given["model"].value, chip, precision="fp32+fp16", recompute=how)
        for how in RECOMPUTE
    ]
    assert asks.answer == [largest_batch(setup) for setup in setups]
    assert given(asks, "memory") == setups[0].capacity
    assert given(asks, "states") == setups[0].memory().model_states


def test_the_207_sequences_of_before_do_not_fit() -> None:
    # GPT-2 large on a V100 of 32 GB: 207 keep their inputs, and their logits alone take 42.6 GB.
    s, h, L, a, V, free = 1024, 1280, 36, 20, 50257, 32e9 - 16 * 774_030_080
    layer, logits = s * h * (34 + 5 * a * s / h), 4 * s * V
    assert int(free // (2 * s * h * L)) == 207
    assert 207 * logits == pytest.approx(42.6e9, rel=1e-3)
    setup = TrainingSetup.of_model("GPT-2 large", "V100", precision="fp32+fp16", recompute="full")
    assert largest_batch(setup) == int(free // (2 * s * h * L + layer + logits)) == 43


@pytest.mark.parametrize("seed", EDITIONS)
def test_each_part_forgotten_in_4_8_is_told_by_its_own_hint(seed: int) -> None:
    asks = asked("4.8", seed)
    names = ("layers", "hidden", "heads", "sequence", "vocab", "states", "memory")
    L, h, a, s, V, states, memory = (given(asks, name) for name in names)
    scores, linear, logits = 5 * a * s * s, 34 * s * h, 4 * s * V
    kept, again = [L * (linear + scores), L * linear, 2 * L * s * h], [0, scores, linear + scores]

    def hint(with_logits: int, with_layer: bool, room: float = memory) -> str:
        one = [k + with_logits * logits + with_layer * more for k, more in zip(kept, again, strict=True)]
        return asks.judge([int((room - states) // size) for size in one]).message

    assert hint(1, True).startswith("Correct")
    assert "logits are missing" in hint(0, True)
    assert "computes a layer again" in hint(1, False)
    assert "What is kept is not all" in hint(0, False)
    assert "two copies of the logits" in hint(2, True)
    assert "tenth of the memory does not cover the logits" in hint(0, True, 0.9 * memory)


@pytest.mark.parametrize("seed", EDITIONS)
def test_what_is_computed_again_in_4_8_is_told_from_what_is_not(seed: int) -> None:
    asks = asked("4.8", seed)
    names = ("layers", "hidden", "heads", "sequence", "vocab", "states", "memory")
    L, h, a, s, V, states, memory = (given(asks, name) for name in names)
    scores, linear, logits = 5 * a * s * s, 34 * s * h, 4 * s * V
    layer = linear + scores

    def hint(*again: float) -> str:
        one = [k + logits + more for k, more in zip([L * layer, L * linear, 2 * L * s * h], again, strict=True)]
        return asks.judge([int((memory - states) // size) for size in one]).message

    assert hint(layer, layer, layer).startswith("Without recomputation nothing")
    assert hint(0, layer, layer).startswith("Selective")
    assert hint(0, scores, scores).startswith("Full")
    assert hint(0, scores, linear).startswith("While full")


@pytest.mark.parametrize("seed", EDITIONS)
def test_a_ratio_upside_down_is_told_in_4_7(seed: int) -> None:
    asks = asked("4.7", seed)
    L, h, a, s, b = (given(asks, name) for name in ("layers", "hidden", "heads", "sequence", "batch"))
    assert "upside down" in asks.judge(s * b * h * L * (34 + 5 * a * h / s) / 1e9).message


@pytest.mark.parametrize("seed", EDITIONS)
def test_rounding_of_4_8_is_told_from_a_wrong_batch(seed: int) -> None:
    asks = asked("4.8", seed)
    up = [batch + 1 for batch in asks.answer]
    assert asks.judge(up).message.startswith("Rounded up")
    for fraction in (0.25, 0.4142):
        message = asks.judge([batch + fraction for batch in asks.answer]).message
        assert message.startswith("A sequence fits or it does not")


@pytest.mark.parametrize("seed", EDITIONS)
def test_4_6_is_short_by_the_sum_of_its_table(seed: int) -> None:
    asks = asked("4.6", seed)
    chip = accelerator_of(asks)
    needed = 16 * given(asks, "parameters") + given(asks, "activations") + given(asks, "working")
    assert asks.answer == pytest.approx((needed - chip.usable_bytes) / 1e9, rel=1e-9)
    setup = TrainingSetup.of_model(asks.given["model"].value, chip.name, recompute="full")
    assert asks.answer == pytest.approx(-setup.fit().spare_bytes / 1e9, rel=1e-9)


@pytest.mark.parametrize("seed", EDITIONS)
def test_what_4_6_says_of_a_memory_is_true_of_its_accelerator(seed: int) -> None:
    asks = asked("4.6", seed)
    chip = accelerator_of(asks)
    words = asks.given["memory"].words
    in_gib = asks.judge(asks.answer - (chip.memory_bytes * 2**30 / 1e9 - chip.usable_bytes) / 1e9).message
    as_sold = asks.judge(asks.answer + (chip.usable_bytes - chip.memory_bytes) / 1e9).message
    if chip.reported_bytes is None:
        assert words.endswith("as on its datasheet")
        assert in_gib == "A datasheet's GB are 10**9 bytes, not 2**30."
        assert as_sold.startswith("Correct")
    else:
        assert f"reports {chip.reported_bytes // 2**20:,} MiB" in words
        assert "The card reports more" in as_sold
        assert "datasheet" not in words + in_gib


def test_in_4_1_a_mixture_needs_memory_for_all_its_parameters() -> None:
    asks = asked("4.1", 0)
    assert isinstance(asks, Vector)
    all_of_them, active = given(asks, "parameters"), given(asks, "active")
    assert all_of_them > active
    assert asks.judge([size * all_of_them / 1e9 for size in (4, 2, 2, 1)]).correct
    forgotten = asks.judge([size * active / 1e9 for size in (4, 2, 2, 1)])
    assert "does not follow the active parameters" in forgotten.message


@pytest.mark.parametrize("seed", EDITIONS)
def test_4_1_speaks_of_active_parameters_for_a_mixture_alone(seed: int) -> None:
    asks = asked("4.1", seed)
    about = [wrong for wrong in asks.wrong if "active parameters" in wrong.hint]
    assert bool(about) == ("active" in asks.given) == (asks.given["model"].value not in catalog.models())
