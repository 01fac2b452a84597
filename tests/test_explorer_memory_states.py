"""The picture of 8-bit states: the file's own numbers, the codes' own values, and no text lost."""

from xml.etree import ElementTree

import pytest
from explorer_parts import misplaced, without_salt

from course_lib.explorers.memory import StatesPicture, states_view
from course_lib.explorers.memory.states_picture import HIGH, LEAST, LOOKS, LOW
from course_lib.tiny_transformer import dynamic_code, eight_bit_runs


@pytest.fixture(scope="module")
def view():
    return states_view()


def test_the_view_has_the_files_runs_and_the_codes_of_the_variance(view):
    assert view.runs == eight_bit_runs()
    assert len(view.codes["dynamic"]) == len(view.codes["even"]) == 255
    assert view.codes["dynamic"] == tuple(dynamic_code(signed=False)[1:].tolist())
    assert view.codes["even"][0] == pytest.approx(1 / 255)
    assert {*LOOKS} == {*view.runs.losses}


def test_the_words_have_the_losses_and_what_is_lost(view):
    said = StatesPicture().still(view).words
    held_out = view.runs.held_out
    assert (
        f"{held_out['fp32']:.2f} nats a character with fp32 states, {held_out['dynamic']:.2f} with 8-bit"
        in view.sentence
    )
    assert f"{held_out['dynamic']:.4f} nats" in said
    assert f"variances rounded to 0, even: {100 * view.runs.lost['even']:.1f} %" in said
    assert len(view.sentence.split()) <= 20
    assert 3 <= len(view.facts) <= 16


def test_the_curves_that_stay_lie_within_the_picture_and_the_one_that_leaves_it_is_named(view):
    for name in ("fp32", "dynamic"):
        assert LOW < min(view.runs.losses[name]) <= max(view.runs.losses[name]) < HIGH
    assert view.runs.losses["even"][1] > HIGH
    shown = texts_of(StatesPicture().svg(view))
    assert "8 bits, even steps: leaves the picture, 38 nats at step 20" in " ".join(shown)
    assert min(view.codes["dynamic"]) > LEAST


def texts_of(svg):
    return ["".join(text.itertext()) for text in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_the_picture_is_the_same_each_time_and_no_text_of_it_is_lost(view):
    one, other = (StatesPicture().still(view)._repr_mimebundle_() for _ in range(2))
    assert without_salt(one["image/svg+xml"]) == without_salt(other["image/svg+xml"])
    assert misplaced(one["image/svg+xml"]) == []
