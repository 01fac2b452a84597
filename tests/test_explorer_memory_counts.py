"""What a layer keeps and what a step holds: the formula's terms, the ledgers' bytes, and pictures of no lost text."""

from xml.etree import ElementTree

import numpy as np
import pytest
from explorer_parts import misplaced, without_salt

from course_lib.explorers.memory import KeptPicture, PeakPicture, kept_view, peak_view
from course_lib.explorers.memory.counts import BATCHES, MB, PARTS, SMALL
from course_lib.explorers.memory.counts_picture import LARGEST, LEFT, MOST, RIGHT, TERMS
from course_lib.explorers.picture import STILL
from course_lib.memory import RECOMPUTE, activation_bytes, logits_bytes
from course_lib.tiny_transformer import initial_parameters, step_bytes

RATIO = SMALL.heads * SMALL.sequence / SMALL.hidden
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def kept():
    return kept_view()


@pytest.fixture(scope="module")
def peaks():
    return peak_view()


def texts_of(svg):
    return ["".join(text.itertext()) for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


# A layer


def test_the_formulas_terms_are_34_and_5_for_each_score(kept):
    assert sum(kept.formula.values()) == 34 + 5 * RATIO
    assert sum(size for term, size in kept.formula.items() if not term.startswith("softmax")) == 34


def test_a_layer_keeps_64_and_4_for_each_score_and_two_scales_a_token(kept):
    scales = 2 * 4 / SMALL.hidden
    sums = {name: sum(terms.values()) for name, terms in kept.counted.items()}
    assert sums == {"none": 64 + 4 * RATIO + scales, "selective": 64 + scales, "full": 4}
    formula = activation_bytes(1, SMALL.sequence, SMALL.hidden, 1, SMALL.heads, bytes_per_value=4)
    numbers = SMALL.sequence * SMALL.hidden
    assert sums["none"] == formula / numbers - 2 - 5 * RATIO + scales  # three masks and dropout's copy of the scores


def test_each_term_that_is_no_dropouts_takes_twice_the_formulas_bytes(kept):
    counted = kept.counted["none"] | {"norm inputs": kept.counted["none"]["norm inputs"] - 2 * 4 / SMALL.hidden}
    assert counted == {term: 2 * size for term, size in kept.formula.items() if "dropout" not in term}
    assert {**kept.counted["selective"], "softmax output": counted["softmax output"]} == kept.counted["none"]


def test_what_a_layer_keeps_for_each_number_does_not_depend_on_the_batch(kept):
    assert kept_view(3) == kept


def test_the_words_have_the_sums_and_what_is_not_kept(kept):
    said = KeptPicture().still(kept).words
    assert kept.sentence.endswith("80.1 bytes in fp32 without dropout, by the formula 54.")
    assert "64 + 4 as/h, as/h = 4; scales 0.125" in said
    assert "not kept: softmax dropout, dropout masks" in said


def test_every_bar_lies_within_the_picture_of_a_layer(kept):
    assert max(*kept.formula.values(), *kept.counted["none"].values(), *kept.counted["full"].values()) <= LARGEST
    assert {*kept.formula, *kept.counted["none"], *kept.counted["full"]} == {*TERMS}


# A step


@pytest.mark.parametrize("recompute", RECOMPUTE)
def test_a_peak_is_the_ledgers_and_its_parts_are_what_they_are_called(peaks, recompute):
    tokens = np.tile(np.arange(SMALL.sequence), (peaks.batch, 1))
    held, peak = step_bytes(SMALL, initial_parameters(SMALL), tokens, tokens, recompute), peaks.peaks[recompute]
    assert tuple(peak.parts) == PARTS
    assert peak.predicted == held.peak
    assert peak.parts["parameters"] == peak.parts["gradients"] == 4 * SMALL.shape.parameters()["total"]
    assert peak.parts["logits"] == logits_bytes(peaks.batch, SMALL.sequence, SMALL.vocab)
    assert min(peak.parts.values()) >= 0


def test_with_full_recomputation_a_whole_layer_is_there_again_and_only_then(peaks):
    again = {name: peak.parts["layer computed again"] for name, peak in peaks.peaks.items()}
    of_a_layer = peaks.peaks["none"].parts["kept by the layers"] / SMALL.layers
    assert again == {"none": 0, "selective": 0, "full": of_a_layer}
    assert of_a_layer > peaks.peaks["full"].parts["kept by the layers"]


def test_each_traced_peak_is_the_predicted_one_within_a_tenth(peaks):
    for peak in peaks.peaks.values():
        assert peak.traced == pytest.approx(peak.predicted, rel=0.1)
    assert peaks.within_a_tenth
    wrong = {name: type(peak)(peak.parts, peak.traced * 2, 0.0) for name, peak in peaks.peaks.items()}
    assert not type(peaks)(2, wrong).within_a_tenth


def test_a_traced_peak_is_far_from_where_its_tenth_of_a_mb_would_be_another(peaks):
    """What is saved with the lesson must be the same for every Python, whose own objects differ by few bytes."""
    for peak in peaks.peaks.values():
        tenths = peak.traced / (MB / 10)
        assert abs(tenths - round(tenths)) < 0.5 - 0.2


def test_the_flop_that_recomputation_adds_are_the_scores_or_all_but_the_output_layer(peaks):
    forward = SMALL.shape.forward_flop(1)
    scores, output = 2 * SMALL.layers * SMALL.hidden * SMALL.sequence, 2 * SMALL.vocab * SMALL.hidden
    added = {"none": 0, "selective": scores, "full": forward - output}
    for name, peak in peaks.peaks.items():
        assert peak.more_flop == pytest.approx(added[name] / (3 * forward))


def test_the_words_have_the_peaks(peaks):
    said = PeakPicture().still(peaks).words
    assert "within 10 %: yes" in said
    assert "full, more FLOP: 28.1 %" in said
    for peak in peaks.peaks.values():
        assert f"{peak.predicted / MB:.1f} and {peak.traced / MB:.1f} MB" in peaks.sentence


def test_every_bar_of_a_peak_lies_within_the_picture(peaks):
    assert max(peak.predicted for peak in peaks.peaks.values()) < MOST * MB
    assert LEFT < RIGHT < STILL


# Both


@pytest.mark.parametrize(("picture", "view"), [(KeptPicture, "kept"), (PeakPicture, "peaks")])
def test_a_picture_is_the_same_each_time_and_no_text_is_lost(picture, view, request):
    view = request.getfixturevalue(view)
    one, other = (picture().still(view)._repr_mimebundle_() for _ in range(2))
    assert without_salt(one["image/svg+xml"]) == without_salt(other["image/svg+xml"])
    assert misplaced(one["image/svg+xml"]) == []
    assert len(view.sentence.split()) <= 20
    assert 3 <= len(view.facts) <= 16


def test_a_pictures_texts_name_what_is_shown(kept, peaks):
    assert {*TERMS, "sum", "formula", *RECOMPUTE} <= {*texts_of(KeptPicture().svg(kept))}
    assert {*PARTS, *RECOMPUTE} <= {*texts_of(PeakPicture().svg(peaks))}


@pytest.mark.parametrize("view", [kept_view, peak_view])
@pytest.mark.parametrize(
    ("batch", "error"), [(0, ValueError), (BATCHES[1] + 1, ValueError), (1.5, ValueError), ("2", TypeError)]
)
def test_a_batch_that_is_none_is_refused(view, batch, error):
    with pytest.raises(error, match="batch must be a whole number of at least 1 and at most 8"):
        view(batch)
