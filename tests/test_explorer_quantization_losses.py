"""How a quantised model's loss rises, and its picture: the losses that are kept, and no text on another."""

from xml.etree import ElementTree

import pytest
from explorer_parts import caption, misplaced, without_salt

from course_lib.explorers.quantization import QuantizedLossPicture, quantized_loss_view
from course_lib.explorers.quantization.losses_picture import BOTTOM, LOOKS, TOP
from course_lib.quantization import METHODS
from course_lib.tiny_transformer import quantized_losses
from course_lib.tiny_transformer.quantized import BITS, SCALE_PER


@pytest.fixture(scope="module")
def view():
    return quantized_loss_view(0.1)


def every(view):
    return [
        (method, per, one) for method in view.rises for per in view.rises[method] for one in view.rises[method][per]
    ]


def test_each_rise_is_the_loss_in_few_bits_less_that_in_fp32(view):
    losses = quantized_losses()
    assert view.loss == losses.fp32.whole
    assert [(method, per, one.bits) for method, per, one in every(view)] == [
        (one.method, one.scale_per, one.bits) for one in losses.matrices
    ]
    for (_, _, one), kept in zip(every(view), losses.matrices, strict=True):
        assert one.bits_a_weight == kept.bits_a_weight
        assert one.rise == pytest.approx(kept.loss.whole - losses.fp32.whole)
        assert one.halves == pytest.approx([kept.loss.halves[i] - losses.fp32.halves[i] for i in (0, 1)])


@pytest.mark.parametrize("allowed", [0.01, 0.1, 1])
def test_the_fewest_bits_are_those_below_which_the_rise_is_first_too_large(allowed):
    view = quantized_loss_view(allowed)
    for method in METHODS:
        for per in SCALE_PER:
            rises = {one.bits: one.rise for one in view.rises[method][per]}
            fewest = view.fewest(method, per)
            assert all(rises[bits] <= allowed for bits in BITS if bits >= fewest)
            assert rises[fewest - 1] > allowed


def test_where_no_bits_are_enough_it_is_said():
    view = quantized_loss_view(0.001)
    assert view.fewest("absmax", "matrix") is None
    assert "absmax needs over 8 bits with a scale per matrix" in view.sentence


def test_the_words_have_the_numbers_of_the_rises(view):
    said = QuantizedLossPicture().still(view).words
    assert said.startswith("Within 0.1 nats of fp32: absmax needs 6 bits with a scale per matrix, 5 per output, 4 per")
    assert len(view.sentence.split()) <= 20
    for method, per, one in every(view):
        if one.bits in (8, 4):
            (line,) = [line for line in said.splitlines() if line.startswith(f"{method}, a scale per {per}: ")]
            assert f"{one.rise:+.3f} at {one.bits} bits ({one.bits_a_weight:.2f})" in line
    assert view.noise == max(abs(one.halves[1] - one.halves[0]) for _, _, one in every(view) if one.rise <= 0.1)
    assert f"differ by up to {view.noise:.3f}" in said


def test_every_rise_lies_within_the_picture_and_has_its_mark(view):
    picture = QuantizedLossPicture()
    picture.svg(view)
    for method, made in picture.panels.items():
        for per in LOOKS:
            _, line, marked = made[per]
            rises = view.rises[method][per]
            assert line.get_xdata() == [one.bits_a_weight for one in rises]
            assert line.get_ydata() == [one.rise for one in rises]
            assert marked.get_ydata() == [one.rise for one in rises if one.bits == 4]
            assert all(BOTTOM < end < TOP for one in rises for end in (one.rise, *one.halves))
            left, right = line.axes.get_xlim()
            assert all(left < one.bits_a_weight < right for one in rises)


def test_the_three_lines_are_told_apart_by_more_than_colour():
    assert list(LOOKS) == list(SCALE_PER)
    assert len({look["marker"] for look in LOOKS.values()}) == len({look["color"] for look in LOOKS.values()}) == 3


@pytest.mark.parametrize("allowed", [0.01, 0.1, 1])
def test_no_text_of_the_picture_is_small_or_clipped_or_lies_on_another(allowed):
    svg = QuantizedLossPicture().svg(quantized_loss_view(allowed))
    assert misplaced(svg) == []
    shown = ["".join(text.itertext()) for text in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert {"absmax", "zero-point", f"{allowed:g} nats", *(f"a scale per {per}" for per in SCALE_PER)} <= {*shown}


def test_the_picture_is_the_same_each_time_and_a_cell_shows_it_with_its_words(view):
    one, other = (QuantizedLossPicture().still(view)._repr_mimebundle_() for _ in range(2))
    assert without_salt(one["image/svg+xml"]) == without_salt(other["image/svg+xml"])
    assert caption(one["image/svg+xml"]) == view.sentence
    assert one["text/plain"].splitlines()[0] == view.sentence


@pytest.mark.parametrize(
    ("allowed", "error", "message"),
    [(0, ValueError, "^allowed must be positive and finite; got 0"), ("x", TypeError, "^allowed must be")],
)
def test_a_rise_that_is_none_is_refused(allowed, error, message):
    with pytest.raises(error, match=message):
        quantized_loss_view(allowed)
