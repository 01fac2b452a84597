"""What is counted for each parameter and token, and its picture: the counts of the formula, and no text on another."""

from xml.etree import ElementTree

import numpy as np
import pytest
from explorer_parts import caption, misplaced, without_salt

from course_lib.compute_cost import TransformerShape
from course_lib.explorers.compute_cost import FlopCountPicture, flop_count_view
from course_lib.explorers.compute_cost.counts import HIDDEN, PASSES, SEQUENCE, SEQUENCES, WIDTHS
from course_lib.explorers.compute_cost.counts_picture import RULE, TOP
from course_lib.tiny_transformer import TINY

WIDE, LONG = [16, 64, 256], [8, 32, 256]


@pytest.fixture(scope="module")
def view():
    return flop_count_view(WIDE, LONG)


def every(view):
    return view.over_width + view.over_sequence


def test_the_counts_are_those_of_the_widths_and_of_the_sequences(view):
    assert [(one.hidden, one.sequence) for one in view.over_width] == [(hidden, SEQUENCE) for hidden in WIDE]
    assert [(one.hidden, one.sequence) for one in view.over_sequence] == [(HIDDEN, sequence) for sequence in LONG]


def test_what_was_counted_is_what_the_formula_says(view):
    for one in every(view):
        shape = TransformerShape(TINY.layers, one.hidden, TINY.heads, TINY.vocab, one.sequence)
        parameters = shape.parameters()["total"]
        matrices = 12 * TINY.layers * one.hidden**2 + TINY.vocab * one.hidden
        assert one.all["forward"] == shape.forward_flop(1) / parameters
        assert one.weights["forward"] == 2 * matrices / parameters
        for counted in (one.all, one.weights):
            assert counted["backward"] == 2 * counted["forward"]
            assert counted["both"] == pytest.approx(3 * counted["forward"])


def test_a_wider_model_comes_nearer_to_the_rule_from_both_sides_and_a_longer_sequence_leaves_it(view):
    for name, rule in RULE.items():
        all_products = np.array([one.all[name] for one in view.over_width])
        weights = np.array([one.weights[name] for one in view.over_width])
        assert (np.diff(np.abs(all_products / rule - 1)) < 0).all()
        assert (np.diff(np.abs(weights / rule - 1)) < 0).all()
        assert (weights < rule).all()
        assert (rule < all_products).all()
        assert all_products[-1] == pytest.approx(rule, rel=0.02)
        assert (np.diff([one.all[name] for one in view.over_sequence]) > 0).all()
        assert (np.diff([one.weights[name] for one in view.over_sequence]) < 0).all()


def test_the_words_have_the_numbers_of_the_counts(view):
    said = FlopCountPicture().still(view).words
    first, last, long = view.over_width[0], view.over_width[-1], view.over_sequence[-1]
    for one in (first, last, long):
        assert f"{one.all['both']:.2f}" in view.sentence
    for name in PASSES:
        assert f"{first.all[name]:.2f} to {last.all[name]:.2f} FLOP" in said
        assert f"to {long.weights[name]:.2f}" in said


def test_no_text_of_the_picture_is_small_or_clipped_or_lies_on_another(view):
    svg = FlopCountPicture().svg(view)
    assert misplaced(svg) == []
    shown = ["".join(text.itertext()) for text in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert {"forward", "backward", "both passes", *map(str, WIDTHS), *map(str, SEQUENCES)} <= {*shown}


def test_every_count_lies_within_the_picture_also_at_its_ends():
    ends = flop_count_view(WIDTHS, SEQUENCES)
    assert all(0 < value < TOP for one in every(ends) for value in (*one.all.values(), *one.weights.values()))


def test_the_picture_is_the_same_each_time_and_a_cell_shows_it_with_its_words(view):
    one, other = (FlopCountPicture().still(view)._repr_mimebundle_() for _ in range(2))
    assert without_salt(one["image/svg+xml"]) == without_salt(other["image/svg+xml"])
    assert one["image/svg+xml"].startswith(f'<svg role="img" aria-label="{view.sentence}"')
    assert caption(one["image/svg+xml"]) == view.sentence
    assert misplaced(one["image/svg+xml"]) == []
    assert one["text/plain"].splitlines()[0] == view.sentence


@pytest.mark.parametrize(
    ("widths", "sequences", "error", "message"),
    [
        ([], [8], ValueError, "widths and sequences must hold at least one number each"),
        ([16], [], ValueError, "widths and sequences must hold at least one number each"),
        ([512], [8], ValueError, "widths must be a whole number of at least 16 and at most 256; got 512"),
        ([16], [4], ValueError, "sequences must be a whole number of at least 8 and at most 256; got 4"),
        ([18], [8], ValueError, "hidden must be a multiple of heads = 4"),
        (["16"], [8], TypeError, "widths must be a whole number"),
    ],
)
def test_what_cannot_be_counted_is_refused(widths, sequences, error, message):
    with pytest.raises(error, match=message):
        flop_count_view(widths, sequences)
