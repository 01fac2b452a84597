"""Set 8: what its questions draw, and which of their wrong answers lie near one another."""

from __future__ import annotations

import numpy as np
import pytest

from course_lib import questions

EDITIONS = range(40)


def blocks_of_8_2() -> dict[tuple[float, ...], tuple[float, ...]]:
    """Return the blocks that question 8.2 draws, each with what comes back over its scale."""
    found = {}
    for seed in EDITIONS:
        asks = questions.find("8.2", seed).asks
        x = asks.given["x"].value
        scale = 2.0 ** (np.floor(np.log2(np.abs(x).max())) - 2)  # the rule that the question gives
        found.setdefault(tuple(x), tuple(np.abs(asks.answer) / scale))
    return found


def test_the_blocks_to_encode_by_hand_are_five_different_ones_and_most_saturate() -> None:
    elements = blocks_of_8_2()
    assert len(elements) == 5
    assert len({tuple(sorted(each)) for each in elements.values()}) == 5
    public = questions.find("8.2", 0).asks
    largest = {x: np.abs(x).max() / 2.0 ** (np.floor(np.log2(np.abs(x).max())) - 2) for x in elements}
    saturating = {x for x, top in largest.items() if 7 < top < 8}
    assert tuple(public.given["x"].value) in saturating
    assert 3 <= len(saturating) < 5
    assert all(max(each) == 6 for each in elements.values())


@pytest.mark.parametrize("seed", range(8))
def test_who_lets_an_element_grow_to_8_is_told_so_where_one_would(seed: int) -> None:
    question = questions.find("8.2", seed)
    x = np.array(question.asks.given["x"].value)
    scale = 2.0 ** (np.floor(np.log2(np.abs(x).max())) - 2)
    sizes = np.array([*question.asks.given["elements"].value, 8.0])
    grown = [float(np.sign(v) * scale * sizes[np.argmin(np.abs(sizes - abs(v) / scale))]) for v in x]
    verdict = question.judge(grown)
    assert verdict.correct == (8 not in np.abs(grown) / scale)
    assert verdict.correct or "8 times the scale" in verdict.message


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("each", "words"), [(8, "alone"), (10, "one of the first two"), (16, "master copy")])
def test_what_one_forgets_of_an_adapters_states_has_a_hint_of_its_own(seed: int, each: int, words: str) -> None:
    """With rank 64 beside Llama 2 13B, 10 bytes a parameter came to 0.04 % of a base without its scales."""
    question = questions.find("8.7", seed)
    given = {name: fact.value for name, fact in question.asks.given.items()}
    trained = given["layers"] * given["matrices"] * given["rank"] * 2 * given["hidden"]
    kept = (given["parameters"] * given["bits"] / 8 + trained * each) / 1e9
    assert words in question.judge(kept).message
    assert question.judge(kept + trained * (12 - each) / 1e9).correct
    nearest = [abs(wrong.answer / kept - 1) for wrong in question.asks.wrong if words not in wrong.hint]
    assert min(nearest) > 2 * question.asks.tolerance


@pytest.mark.parametrize("seed", range(8))
def test_who_mistakes_a_mixture_in_8_4_is_told_which_of_its_parameters_and_bits_were_counted(seed: int) -> None:
    question = questions.find("8.4", seed)
    total, active, tokens = (question.asks.given[name].value for name in ("total", "active", "tokens"))
    for words, flop, size in (
        ("forward pass alone, and", 2 * active * tokens, 2 * active),
        ("in 32 bits", 6 * active * tokens, 4 * total),
        ("parameters that rest", 6 * (total - active) * tokens, 2 * total),
    ):
        assert words in question.judge([flop, size / 1e9]).message


@pytest.mark.parametrize("seed", range(3))
def test_who_leaves_out_the_weights_of_8_3_or_reads_a_cache_twice_is_told_so(seed: int) -> None:
    question = questions.find("8.3", seed)
    assert "endless users" in question.judge(lambda weights, cache, users: 2 * weights / cache).message
    twice = question.judge(lambda weights, cache, users: weights * users / (weights + users * cache))
    assert "read twice" in twice.message
