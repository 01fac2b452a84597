import dataclasses
import re

import numpy as np
import pytest
from explorer_parts import misplaced, texts, without_salt
from hypothesis import example, given, settings
from hypothesis import strategies as st

from course_lib.explorers.controls import Whole
from course_lib.explorers.quantization.explorer import QuantizationExplorer
from course_lib.explorers.quantization.mapping import MappingPicture
from course_lib.explorers.quantization.view import (
    BITS,
    DATA,
    SHOWN,
    SLICES,
    SPANS,
    TRAINED,
    quantization_view,
    sliced,
    trained_weights,
)
from course_lib.number_formats import IntFormat, decode
from course_lib.quantization import (
    DB_PER_BIT,
    KINDS,
    METHODS,
    PLACES,
    absmax_quantize,
    example_tensor,
    quantization_error,
    stored_bytes,
    with_outlier,
    zeropoint_quantize,
)
from course_lib.tiny_transformer import trained
from course_lib.tiny_transformer.model import heads_of
from course_lib.units import format_number

DEFAULT = {
    "data": "normal",
    "outlier": 1,
    "place": "one value",
    "bits": 8,
    "scale_per": "tensor",
    "rank": 60,
    "show": "mapping",
}
quick = settings(deadline=None, max_examples=60)
control_values = st.fixed_dictionaries(
    {
        "data": st.sampled_from(DATA),
        "outlier": st.one_of(st.just(1.0), st.floats(1, 100)),
        "place": st.sampled_from(PLACES),
        "bits": st.integers(*BITS),
        "scale_per": st.sampled_from(list(SLICES)),
        "rank": st.integers(0, 100),
        "show": st.sampled_from(list(SHOWN)),
    }
)


@pytest.fixture(scope="module")
def made():
    explorer = QuantizationExplorer()
    yield explorer
    explorer.close()


@pytest.fixture
def explorer(made):
    made.set(**DEFAULT)
    return made


def tensor_of(data):
    return trained_weights() if data == TRAINED else example_tensor(data)


def view_of(**changes):
    return quantization_view(**DEFAULT | changes)


def both(**changes):
    return view_of(**changes).methods


# The pure function


def test_the_default_says_all_that_matters():
    view = view_of()
    assert view.sentence == "Zero-point is better by 0.2 dB at 8 bits: an SQNR of 41.9 dB, absmax 41.7 dB."
    assert dict(view.facts) == {
        "Tensor": "normal",
        "A scale per": "tensor",
        "Memory saved": "75.0 %",
        "absmax": "RMSE 0.00825, SQNR 41.7 dB",
        "zero-point": "RMSE 0.00805, SQNR 41.9 dB",
        "6.02 dB a bit gives": "48.2 dB",
        "Absmax codes": "211 of 255",
        "Zero-point codes": "215 of 256",
        "Your value": "0.1967",
        "By absmax": "code 7, back as 0.2022",
        "By zero-point": "code 3, back as 0.1967",
    }


def test_the_facts_name_what_was_quantised():
    facts = dict(view_of(data="uniform", outlier=20, place="a column", scale_per="row").facts)
    assert facts["Tensor"] == "uniform, a column × 20"
    assert facts["A scale per"] == "row"
    assert re.fullmatch(r"\d+ of 255, row \d+", facts["Absmax codes"])


def test_relu_outputs_leave_all_negative_codes_of_absmax_unused_and_none_of_zeropoint():
    absmax, zeropoint = both(data="ReLU-like")  # Dettmers et al. 2022b, section 2.1
    assert absmax.codes[0] == 0
    assert (zeropoint.codes[0], zeropoint.codes[-1]) == (-128, 127)
    assert zeropoint.error.sqnr_db - absmax.error.sqnr_db == pytest.approx(DB_PER_BIT, abs=0.5)


def test_values_from_100_to_104_have_a_zero_point_thousands_outside_int8():
    absmax, zeropoint = both(data="100 to 104")
    assert zeropoint.zero_point == -6503
    assert (np.unique(absmax.codes).size, np.unique(zeropoint.codes).size) == (6, 256)
    assert zeropoint.error.rmse < absmax.error.rmse / 50


def test_evenly_spread_values_follow_the_line_of_six_decibels_a_bit():
    view = view_of(data="uniform", show="error")
    line = DB_PER_BIT * np.arange(BITS[0], BITS[1] + 1)
    for method in METHODS:
        assert view.by_bits[method][-1] == pytest.approx(line[-1], abs=0.2)
        assert view.by_bits[method][3:] == pytest.approx(line[3:], abs=0.7)
    normal = view_of(show="error").by_bits["absmax"][-1]
    assert 5 < line[-1] - normal < 8


def test_a_scale_per_column_mends_a_column_of_outliers_and_one_per_row_does_not():
    rmse = {
        per: both(data="uniform", outlier=20, place="a column", scale_per=per)[0].error.rmse
        for per in ("tensor", "row", "column")
    }
    untouched = both(data="uniform")[0].error.rmse
    assert rmse["tensor"] / untouched == pytest.approx(20, rel=0.05)
    assert rmse["row"] > 12 * untouched
    assert rmse["column"] < 3 * untouched


def test_an_outlier_of_100_leaves_a_normal_tensor_a_handful_of_codes():
    absmax, _ = both(outlier=100)
    assert np.unique(absmax.codes).tolist() == [-1, 0, 1, 127]
    by_row, _ = both(outlier=100, scale_per="row")
    assert by_row.error.rmse < absmax.error.rmse / 8


@pytest.mark.parametrize(
    ("per", "bits", "saved"),
    [("tensor", 8, (75.0, 75.0)), ("tensor", 4, (87.5, 87.5)), ("row", 8, (73.4, 71.9)), ("block of 8", 4, (75, 62.5))],
)
def test_memory_saved_includes_the_scales(per, bits, saved):
    methods = both(scale_per=per, bits=bits)
    assert [100 * (1 - one.stored_bytes / (4 * 4096)) for one in methods] == pytest.approx(saved, abs=0.1)
    absmax, zeropoint = (f"{share:.1f} %" for share in saved)
    words = f"{absmax}; zero-point {zeropoint}" if absmax != zeropoint else absmax
    assert dict(view_of(scale_per=per, bits=bits).facts)["Memory saved"] == words


@quick
@given(control_values)
def test_the_view_says_what_the_library_computes(values):
    view = quantization_view(**values)
    tensor = with_outlier(tensor_of(values["data"]), values["outlier"], values["place"])
    x, axis = sliced(tensor, values["scale_per"])
    np.testing.assert_array_equal(view.x, x)
    assert view.value in view.values
    assert np.mean(x <= view.value) >= values["rank"] / 100 - 1e-3
    assert np.mean(x < view.value) <= values["rank"] / 100 + 1e-3
    for one, quantize in zip(view.methods, (absmax_quantize, zeropoint_quantize), strict=True):
        quantized = quantize(x, values["bits"], axis=axis)
        np.testing.assert_array_equal(one.quantized.values, quantized.values)
        assert one.error == quantization_error(x, quantized)
        assert one.stored_bytes == stored_bytes(quantized, values["bits"])
        assert one.limits[0] <= one.codes[0] <= one.code <= one.codes[-1] <= one.limits[1]


@quick
@given(control_values)
def test_the_chosen_value_s_way_holds_together(values):
    view = quantization_view(**values)
    for one in view.methods:
        assert one.exact == pytest.approx(view.value / one.scale + one.zero_point)
        assert abs(one.exact - one.code) <= 0.51 or one.code in one.limits
        assert (one.code - one.zero_point) * one.scale == pytest.approx(one.back)
        assert len(one.pattern) == values["bits"]
        assert decode(int(one.pattern, 2), IntFormat("int", values["bits"])) == one.code
        alone = METHODS[one.method](view.values, values["bits"])
        assert (alone.scale, alone.zero_point) == (one.scale, one.zero_point)
        np.testing.assert_array_equal(alone.values, one.codes)


@quick
@given(control_values)
def test_the_error_s_picture_agrees_with_the_sentence_s_numbers(values):
    view = quantization_view(**values | {"show": "error"})
    for one in view.methods:
        assert view.by_bits[one.method][values["bits"] - BITS[0]] == one.error.sqnr_db
        here = list(SLICES).index(values["scale_per"])
        assert view.by_slice[one.method][here] == one.error.sqnr_db
        assert view.bits_a_value[one.method][here] == 8 * one.stored_bytes / view.x.size


@quick
@given(control_values)
def test_the_sentence_names_the_better_one(values):
    view = quantization_view(**values)
    absmax, zeropoint = (one.error.sqnr_db for one in view.methods)
    equal = abs(absmax - zeropoint) < 0.05
    winner = "Both methods are equally" if equal else "Absmax is" if absmax > zeropoint else "Zero-point is"
    assert view.sentence.startswith(winner)


@quick
@given(control_values)
def test_a_value_comes_back_as_the_level_of_its_bin(values):
    view = quantization_view(**values)
    for one in view.methods:
        assert (one.used, one.count) == (np.unique(one.codes).size, one.limits[1] - one.limits[0] + 1)
        assert (one.levels.size, one.edges.size) == (one.count, one.count - 1)
        at = one.code - one.limits[0]
        assert one.levels[at] == pytest.approx(one.back)
        assert at == 0 or one.edges[at - 1] <= view.value + 0.02 * one.scale
        assert at == one.count - 1 or view.value <= one.edges[at] + 0.02 * one.scale


def test_a_written_value_tells_a_hundredth_of_a_step_and_nothing_is_minus_zero():
    view = view_of(data="100 to 104")
    assert view.written(102.36218) == "102.3622"
    assert view.written(-1e-9) == "0"
    assert view_of(data="100 to 104", outlier=100, scale_per="tensor").written(10400.0) == "10,400.0"


def test_a_slice_of_zeros_is_shown_too():
    x = sliced(example_tensor("ReLU-like"), "block of 8")[0]
    zeros = np.flatnonzero(x.max(axis=1) == 0)
    assert zeros.size
    first = np.argsort(x, axis=None, kind="stable")[: np.count_nonzero(x == 0)]
    rank = next(r for r in range(51) if first[round(r / 100 * (x.size - 1))] // 8 in zeros)
    explorer = QuantizationExplorer(data="ReLU-like", scale_per="block of 8", rank=rank)
    for show in SHOWN:
        explorer.set(show=show)
        assert "Your value: 0\nBy absmax: code 0, back as 0\nBy zero-point: code 0, back as 0" in explorer.answer
    explorer.close()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bits": 1}, "^bits must be a whole number of at least 2 and at most 8; got 1"),
        ({"bits": 9}, "^bits must be a whole number of at least 2 and at most 8; got 9"),
        ({"rank": 101}, "^rank must be a whole number of at least 0 and at most 100; got 101"),
        ({"outlier": 0.5}, "^factor must be finite and at least 1; got 0.5"),
        ({"data": "cauchy"}, "^kind 'cauchy' is unknown; .*accepted: 'normal'"),
        ({"scale_per": "diagonal"}, "^scale_per 'diagonal' is unknown; .*accepted: 'tensor'"),
        ({"show": "all"}, "^show 'all' is unknown; .*accepted: 'mapping'"),
        ({"place": "a row"}, "^place 'a row' is unknown"),
    ],
)
def test_what_is_out_of_range_is_refused_by_name(change, message):
    with pytest.raises(ValueError, match=message):
        view_of(**change)


def test_a_view_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        view_of().bits = 4


def test_every_kind_of_data_has_its_histogram_s_range():
    assert list(SPANS) == list(DATA) == [*KINDS, TRAINED]
    for kind, (low, high) in SPANS.items():
        least, most = tensor_of(kind).min(), tensor_of(kind).max()
        assert low <= least
        assert most <= high
        assert most - least > 0.8 * (high - low), "the range is wider than its data"


def test_the_trained_weights_are_those_of_the_keys_as_training_left_them():
    model = trained()
    x = np.random.default_rng(0).normal(size=(5, model.config.hidden))
    _, keys, _ = heads_of(x @ model.parameters["layer 0.qkv.weight"], model.config, 5)
    np.testing.assert_allclose(x @ trained_weights(), keys[0].transpose(1, 0, 2).reshape(5, -1))
    assert dict(view_of(data=TRAINED).facts)["Tensor"] == "trained weights"
    with pytest.raises(ValueError, match="read-only"):
        trained_weights()[0] = 0


def test_trained_weights_gain_more_by_a_scale_per_row_than_normal_ones_which_are_the_same_in_every_row():
    tensor, row = (both(data=TRAINED, scale_per=per)[0].error.sqnr_db for per in ("tensor", "row"))
    assert row - tensor == pytest.approx(DB_PER_BIT, abs=0.5)  # worth one bit
    tensor, row = (both(scale_per=per)[0].error.sqnr_db for per in ("tensor", "row"))
    assert row - tensor < DB_PER_BIT / 2


# What the lesson asks the learner to find in the explorer


def used(one):
    return np.unique(one.codes).size


def test_the_answers_of_the_first_play_hold():
    assert [(used(one), one.limits[1] - one.limits[0] + 1) for one in both(data="ReLU-like", bits=3)] == [
        (4, 7),
        (8, 8),
    ]
    zeropoint = both(data="100 to 104")[1]
    assert not zeropoint.limits[0] <= zeropoint.zero_point <= zeropoint.limits[1]
    for one in both(bits=4):
        assert one.error.max_abs == pytest.approx(one.scale / 2, rel=0.05)
    view = view_of(show="error")
    line = DB_PER_BIT * np.arange(BITS[0], BITS[1] + 1)
    assert 5.5 < (line - view.by_bits["absmax"])[3:].min() < (line - view.by_bits["absmax"])[3:].max() < 7.5


def test_the_answers_of_the_second_play_hold():
    column = {"data": "uniform", "outlier": 20, "place": "a column"}
    by_slice = view_of(**column, show="error").by_slice["absmax"]
    assert [round(sqnr, 1) for sqnr in by_slice[:3]] == [31.6, 35.4, 49.1]
    one = view_of(**column | {"place": "one value"}, show="error").by_slice["absmax"]
    assert abs(one[1] - one[2]) < 1
    absmax, _ = both(outlier=10, bits=4)
    left = np.unique(absmax.quantized.dequantize())
    assert left[np.abs(left) < 4].tolist() == [0]
    blocks, whole = {"scale_per": "block of 8", "bits": 4}, {"scale_per": "tensor", "bits": 8}
    for outlier, better in ((1, (22.9, 41.7)), (100, (36.0, 17.5))):
        methods = [both(outlier=outlier, **which)[0] for which in (blocks, whole)]
        assert tuple(round(one.error.sqnr_db, 1) for one in methods) == better
        assert methods[0].stored_bytes == pytest.approx(methods[1].stored_bytes, rel=0.002)


# The widget


def test_a_new_explorer_shows_the_default():
    explorer = QuantizationExplorer()
    assert explorer.values() == DEFAULT
    assert explorer.sentence == view_of().sentence
    explorer.close()


@pytest.mark.parametrize("show", SHOWN)
@pytest.mark.parametrize("data", DATA)
def test_every_picture_of_every_kind_of_data_is_that_of_a_new_one(explorer, data, show):
    explorer.set(data=data, show=show, bits=3)
    view = view_of(data=data, show=show, bits=3)
    assert explorer.sentence == view.sentence
    assert without_salt(explorer.svg) == without_salt(explorer.choose(view)().svg(view))


def test_only_the_chosen_picture_is_seen(explorer):
    marks = {
        "mapping": "absmax: all 4,096 values use 211 of 255 codes",
        "histogram": "absmax: 211 different values left",
        "staircase": "What comes back, around your value",
        "error": "SQNR in dB, by bits",
    }
    assert marks.keys() == set(SHOWN)
    assert len(set(QuantizationExplorer.pictures)) == len(SHOWN)
    for show in (*SHOWN, *reversed(SHOWN)):
        explorer.set(show=show)
        seen = [name for name, mark in marks.items() if mark in texts(explorer)]
        assert seen == [show]
        assert "its bits" in texts(explorer)


def test_the_table_follows_one_value_through_both_methods(explorer):
    explorer.set(data="100 to 104")
    written = texts(explorer)
    absmax = ["102.4000", "/ 0.818898 = 125.05", "125", "01111101", "125 x 0.818898 = 102.3622", "-0.0378"]
    zeropoint = [
        "102.4000",
        "/ 0.01568627 - 6503 = 25.00",
        "25",
        "00011001",
        "(25 + 6503) x 0.01568627 = 102.4000",
        "0",
    ]
    start = written.index("102.4000")
    assert written[start : start + 12] == absmax + zeropoint


@quick
@given(control_values)
def test_the_table_s_products_come_out_as_they_say(made, values):
    made.set(**values)
    products = [text for text in texts(made) if re.search(r"\d\)? x \d", text)]
    for one, text in zip(quantization_view(**values).methods, products, strict=True):
        code, offset, scale = re.fullmatch(r"\(?(-?\d+)( [+-] \d+)?\)? x ([\d.,]+) = .+", text).groups()
        stored = int(code) + int((offset or "0").replace(" ", ""))
        assert stored * float(scale.replace(",", "")) == pytest.approx(one.back, abs=0.01 * one.scale)


def test_the_map_s_lines_lead_from_values_to_their_codes(explorer):
    explorer.set(bits=4, data="ReLU-like")
    view = view_of(bits=4, data="ReLU-like")
    for one_map, one in zip(explorer.picture.maps, view.methods, strict=True):
        x = np.array(one_map.lines.get_xdata()).reshape(-1, 3)
        codes = METHODS[one.method](np.append(x[:, 0], 0) * view.values[-1], 4).values[:-1]
        np.testing.assert_array_equal(x[:, 1] * 8, codes)
        assert len(x) == 33


def test_a_zero_without_a_code_is_said_to_have_none(explorer):
    assert "0 has code -4" in texts(explorer)
    explorer.set(data="100 to 104")
    assert "zero-point -6503: 0 has no code" in texts(explorer)


def test_the_histogram_tells_what_lies_beyond_its_ends(explorer):
    explorer.set(show="histogram")
    assert not any(text.startswith("beyond") for text in texts(explorer))
    explorer.set(outlier=10)
    assert texts(explorer).count("1 before, 1 after") == 2


def test_every_other_bin_of_the_quantizer_is_tinted_where_bins_are_wide_enough(explorer):
    explorer.set(show="histogram", bits=3)
    view = view_of(show="histogram", bits=3)
    for one in view.methods:
        path = explorer.picture.parts[one.method]["bins"].get_path()
        ends = np.unique(path.vertices[:, 0])
        places = 0.05 + 0.9 * (one.edges + 4) / 8
        assert set(np.round(ends, 9)) <= {0.0, 1.0, *np.round(places, 9)}
        assert np.all(np.isin(np.round(places[(places > 0) & (places < 1)], 9), np.round(ends, 9)))
        assert f"tinted: bins of {format_number(one.scale)}" in texts(explorer)
        for (left, _), (right, _) in zip(path.vertices[::5], path.vertices[1::5], strict=True):
            inside = np.count_nonzero((places > left + 1e-9) & (places < right - 1e-9))
            assert inside == 0  # one bin each
    explorer.set(bits=8)
    assert sum(text.endswith("too fine to tint") for text in texts(explorer)) == 2
    assert len(explorer.picture.parts["absmax"]["bins"].get_path().vertices) == 1


def test_the_place_of_an_outlier_that_is_none_has_no_effect(explorer):
    assert explorer.idle(explorer.shown) == {"place": "no effect: outlier × 1"}
    explorer.set(outlier=2)
    assert explorer.idle(explorer.shown) == {}


WIDTHS = (720, 560, 420, 300, 200)


@pytest.fixture(scope="module")
def pictures():
    kinds = dict(zip(SHOWN, QuantizationExplorer.pictures, strict=True))
    return {(show, width): kind(width=width) for show, kind in kinds.items() for width in WIDTHS}


@settings(deadline=None, max_examples=100, derandomize=True)
@given(control_values)
@example(DEFAULT | {"data": "100 to 104", "outlier": 100.0})
@example(DEFAULT | {"data": "100 to 104", "bits": 3, "scale_per": "row"})
@example(DEFAULT | {"data": "uniform", "outlier": 20.0, "place": "a column", "bits": 2, "scale_per": "row", "rank": 30})
def test_no_text_of_any_picture_is_misplaced_whatever_the_controls_say(pictures, values):
    view = quantization_view(**values)
    assert {width: found for width in WIDTHS if (found := misplaced(pictures[view.show, width].svg(view)))} == {}


def test_each_picture_is_made_once(explorer):
    made = {}
    for show in (*SHOWN, *SHOWN):
        explorer.set(show=show)
        assert made.setdefault(show, explorer.picture) is explorer.picture
    assert len(set(map(id, made.values()))) == len(SHOWN)
    assert isinstance(made["mapping"], MappingPicture)


LIMITS = {"bits": BITS, "rank": (0, 100)}


@pytest.mark.parametrize(("name", "value"), [("bits", 12), ("bits", 0), ("rank", -1), ("rank", 1000)])
def test_a_number_beyond_the_slider_is_refused_in_words_and_kept(explorer, name, value):
    explorer.set(**{name: value})
    label = explorer.controls[name].text.description
    assert explorer.sentence == f"Not drawn: {label}: {' to '.join(map(str, LIMITS[name]))}; got {value}"
    assert explorer.values()[name] == value
    explorer.set(**{name: DEFAULT[name]})
    assert explorer.sentence == view_of().sentence


@pytest.mark.parametrize("text", ["0.5", "101", "-3", "ten", "<b>", "1,5"])
def test_an_outlier_that_cannot_be_is_refused_in_the_sentence(explorer, text):
    explorer.controls["outlier"].text.value = text
    assert explorer.sentence.startswith("Not drawn: Outlier ×: 1 to 100; got ")
    explorer.controls["outlier"].text.value = "1"
    assert explorer.sentence == view_of().sentence


def test_a_whole_number_follows_its_slider_and_the_slider_it():
    control = Whole("Bits", 8, 2, 8)
    control.slider.value = 3  # the fourth of its places, from 2
    assert control.value == 5
    control.value = 3
    assert control.slider.value == 1
    for beyond in (40, -2):
        control.value = beyond
        assert (control.problem, control.slider.value) == (f"Bits: 2 to 8; got {beyond}", 1)
    control.close()
