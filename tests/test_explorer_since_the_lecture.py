"""The explorer of block formats: the block that it shows, what a flipped bit moves, and the image in each format."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from explorer_parts import SVG, misplaced
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.block_formats import MXFP4, NVFP4, comparison_tensors, decode, element_values, encode
from course_lib.explorers.since_the_lecture import (
    BlockExplorer,
    BlockPicture,
    ImagesPicture,
    RooflinePicture,
    block_view,
    images_view,
    roofline_view,
)
from course_lib.explorers.since_the_lecture.images import SHOWN, SIZE, SPOT, drawn_image
from course_lib.explorers.since_the_lecture.images_picture import OVERLAP, SHADES, runs_of
from course_lib.explorers.since_the_lecture.picture import LEAST_BIT
from course_lib.explorers.since_the_lecture.view import (
    BLOCKS,
    CHANCE,
    DATA,
    EXPONENT_BITS,
    IMAGE,
    KNOWN,
    NAMES,
    NEAREST,
    OWN,
    PARTS,
    SCALE,
    SIGNIFICAND_BITS,
    VALUE,
    BlockView,
    bit_names,
    compact,
    format_of,
)
from course_lib.number_formats import FloatFormat
from course_lib.quantization import absmax_quantize, error_measures

START: dict[str, Any] = {
    "format": "MXFP4",
    "data": "normal",
    "row": 1,
    "column": 43,
    "rounding": NEAREST,
    "seed": 1,
    "part": SCALE,
    "flip": 0,
    "exponent_bits": 3,
    "significand_bits": 2,
    "block": 32,
}
PUBLISHED_BITS = {
    "MXFP4": 4.25, "NVFP4": 4.5, "MXFP6 E2M3": 6.25, "MXFP6 E3M2": 6.25, "MXFP8 E4M3": 8.25, "MXFP8 E5M2": 8.25,
    "Q4_0": 4.5, "Q8_0": 8.5, "NF4": 4.5,
}  # fmt: skip
"""Bits a value as their authors give them: OCP 2023, table 1; NVIDIA 2025; ggml-common.h; Dettmers et al. 2023."""

quick = settings(deadline=None, max_examples=80)
any_values = st.fixed_dictionaries(
    {
        "format": st.sampled_from(NAMES),
        "data": st.sampled_from(DATA),
        "row": st.integers(1, SIZE),
        "column": st.integers(1, SIZE),
        "rounding": st.sampled_from((NEAREST, CHANCE)),
        "seed": st.integers(1, 3),
        "exponent_bits": st.integers(*EXPONENT_BITS),
        "significand_bits": st.integers(*SIGNIFICAND_BITS),
        "block": st.sampled_from(BLOCKS),
    }
)


def viewed(**changes: Any) -> BlockView:
    return block_view(**START | changes)


def facts(**changes: Any) -> dict[str, str]:
    return dict(viewed(**changes).facts)


@pytest.fixture
def explorer() -> Iterator[BlockExplorer]:
    made = BlockExplorer()
    yield made
    made.close()


# The block


def test_the_answer_as_it_begins() -> None:
    view = viewed()
    assert view.sentence == "MXFP4 scale 0x7E is 0.5, for 32 values: 4.25 bits each, an SQNR of 18.4 dB here."
    assert facts()["Scale"] == "0x7E, 2^(126 - 127)"
    assert facts()["Bits a value"] == "4 + 8 / 32 = 4.25"
    assert facts()["Comes back as"] == "1.5 × 0.5 = 0.75"


@pytest.mark.parametrize("name", KNOWN)
def test_the_bits_a_value_are_the_published_ones(name: str) -> None:
    said = facts(format=name)["Bits a value"]
    assert float(said.rpartition("= ")[2]) == PUBLISHED_BITS[name]
    elements, scales, values = (float(text) for text in said.partition(" =")[0].replace("+", "/").split("/"))
    assert elements + scales / values == PUBLISHED_BITS[name]


def test_the_data_are_those_that_the_formats_are_compared_on() -> None:
    assert (*comparison_tensors(), IMAGE) == DATA
    assert {name: fmt.name for name, fmt in KNOWN.items()} == {name: name for name in KNOWN}


@quick
@given(any_values)
def test_a_block_is_what_the_whole_matrix_has_there(values: dict[str, Any]) -> None:
    view = viewed(**values)
    x = drawn_image() if values["data"] == IMAGE else comparison_tensors()[values["data"]]
    generator = np.random.default_rng(values["seed"]) if values["rounding"] == CHANCE else None
    whole = decode(encode(x, view.format, generator))
    first = view.column - 1 - view.place
    here = slice(first, first + view.format.block)
    assert first % view.format.block == 0
    np.testing.assert_array_equal(view.before, whole[view.row - 1, here])
    np.testing.assert_array_equal(view.wanted, x[view.row - 1, here])
    np.testing.assert_array_equal(view.now, view.before)
    assert view.element.value * view.scale_now == pytest.approx(view.now[view.place])
    assert view.sqnr_of_tensor == error_measures(x, whole).sqnr_db
    assert view.sqnr == error_measures(view.wanted, view.before).sqnr_db
    int8 = absmax_quantize(x).dequantize()
    assert view.int8_of_tensor == error_measures(x, int8).sqnr_db
    assert view.int8_here == error_measures(view.wanted, int8[view.row - 1, here]).sqnr_db


@pytest.mark.parametrize("row", [1, 7, 40])
@pytest.mark.parametrize("name", ["Q8_0", "MXFP8 E4M3", "NVFP4", "NF4", OWN])
def test_the_largest_error_is_counted_in_steps_of_the_value_that_has_it(name: str, row: int) -> None:
    for rounding, most in ((NEAREST, 0.52), (CHANCE, 1.02)):  # 0.5 and 1, but that the scale itself is rounded in some
        view = viewed(format=name, row=row, rounding=rounding)
        errors = np.abs(view.wanted - view.before)
        assert view.largest_error == errors.max()
        worst = view.wanted[errors.argmax()]
        values = element_values(np.arange(2**view.format.element.bits), view.format.element) * view.scale_now
        values = np.unique(values[np.isfinite(values)])
        gaps = [high - low for low, high in pairwise(values) if low <= worst <= high]
        assert view.steps is not None
        if gaps:
            assert view.steps == pytest.approx(errors.max() / gaps[0])
            assert view.steps <= most
        else:  # it saturated
            assert view.before[errors.argmax()] in (values[0], values[-1])


def test_an_outlier_costs_its_own_block_only() -> None:
    column = int(np.argmax(np.abs(comparison_tensors()["with outliers"][0]))) + 1
    other = (column + 31) % SIZE + 1
    for name in ("MXFP4", "Q4_0", "Q8_0"):
        apart = [viewed(format=name, data=data, column=other).sqnr for data in ("normal", "with outliers")]
        assert apart[0] == apart[1]
        own = [viewed(format=name, data=data, column=column) for data in ("normal", "with outliers")]
        lost = [np.linalg.norm(np.delete(view.before - view.wanted, view.place)) for view in own]
        assert lost[1] > 5 * lost[0]
    assert viewed(data="with outliers", column=other).int8_here < viewed(column=other).int8_here - 20


def test_only_by_chance_the_seed_makes_a_difference() -> None:
    assert np.array_equal(viewed(seed=1).now, viewed(seed=2).now)
    chances = [viewed(rounding=CHANCE, seed=seed).now for seed in (1, 2)]
    assert not np.array_equal(*chances)


def test_the_first_thing_to_try_shows_what_an_outlier_costs_its_neighbours() -> None:
    view = viewed(data="with outliers")
    assert view.now[view.place] == 0 != viewed().now[view.place]
    assert np.argmax(np.abs(view.wanted)) == view.place - 1


def test_a_format_of_your_own_is_made_of_its_bits() -> None:
    own = viewed(format=OWN, exponent_bits=2, significand_bits=1, block=32)
    known = viewed()
    np.testing.assert_array_equal(own.now, known.now)
    assert own.scale == known.scale
    assert format_of(OWN, 4, 3, 16).element == FloatFormat("e4m3", 4, 3, 7, has_infinity=False, has_nan=False)
    assert facts(format=OWN, exponent_bits=4, significand_bits=3, block=8)["Bits a value"] == "8 + 8 / 8 = 9"


@pytest.mark.parametrize("flip", [0, 1])
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", NAMES)
def test_the_sentence_begins_with_the_format_and_a_capital_letter(name: str, part: str, flip: int) -> None:
    sentence = viewed(format=name, part=part, flip=flip).sentence
    assert sentence[0].isupper()
    assert sentence.lower().startswith(name.lower())


# Flipped bits


@quick
@given(any_values, st.data())
def test_a_flipped_bit_of_the_scale_moves_every_value_by_one_factor(values: dict[str, Any], data: Any) -> None:
    bits = viewed(**values).scale.format.bits
    view = viewed(**values, flip=1 << data.draw(st.integers(0, bits - 1)))
    assert view.scale.digits != f"{view.scale.stored:0{bits}b}"
    assert view.element.now == view.element.stored
    assert sum(view.scale.flipped) == 1
    if not math.isfinite(view.scale_now):
        assert view.sqnr_now is None
        assert "not a number" in view.sentence or "infinite" in view.sentence
    elif view.stored_scale:
        factor = view.scale_now / view.stored_scale
        np.testing.assert_allclose(view.now, view.before * factor, rtol=1e-12, atol=0)
        assert view.moved.tolist() == (view.before != 0).tolist()


@quick
@given(any_values, st.data())
def test_a_flipped_bit_of_a_value_moves_that_one_alone(values: dict[str, Any], data: Any) -> None:
    bits = viewed(**values).element.format.bits
    view = viewed(**values, part=VALUE, flip=1 << data.draw(st.integers(0, bits - 1)))
    assert view.scale.now == view.scale.stored
    others = np.arange(len(view.now)) != view.place
    np.testing.assert_array_equal(view.now[others], view.before[others])
    assert view.codes[view.place] == view.element.now != view.element.stored
    assert not view.moved[others].any()
    assert view.sentence.endswith(f"; the other {len(view.now) - 1} stay.")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"flip": 2}, "MXFP4 scale 0x7C, not 0x7E: each of 32 values is 0.25 times what it was."),
        ({"flip": 0x04}, "MXFP4 scale 0x7A, not 0x7E: each of 32 values is 2^-4 times what it was."),
        ({"flip": 0x80}, "MXFP4 scale 0xFE, not 0x7E: each of 32 values is 2^128 times what it was."),
        ({"flip": 0x81}, "MXFP4 scale 0xFF, not 0x7E: each of 32 values is not a number."),
        ({"format": "NVFP4", "flip": 0x80}, "each of 16 values is -1 times what it was."),
        ({"part": VALUE}, "MXFP4 0x3 × scale 0.5 is 0.75: 0.767 is off by 0.017."),
        ({"part": VALUE, "flip": 8}, "MXFP4 code 0xB, not 0x3: value 11 is -0.75, not 0.75; the other 31 stay."),
        ({"format": "MXFP8 E4M3", "part": VALUE, "flip": 0x6C ^ 0x7F}, "0x7F, not 0x6C: value 11 is NaN, not 0.75"),
    ],
)
def test_the_sentence_says_what_a_flipped_bit_does(changes: dict[str, Any], said: str) -> None:
    assert said in viewed(**changes).sentence


def test_what_was_flipped_is_counted_among_the_facts() -> None:
    assert facts()["SQNR after the flip"] == "no bit is flipped"
    moved = viewed(flip=2)
    assert facts(flip=2)["Values that moved"] == f"{np.count_nonzero(moved.before)} of 32"
    assert facts(flip=0x81)["SQNR after the flip"] == "not a number"
    assert moved.sqnr_now == error_measures(moved.wanted, moved.now).sqnr_db


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"format": "MXFP5"}, "format 'MXFP5' is unknown; did you mean"),
        ({"row": 0}, "row must be a whole number of at least 1 and at most 64; got 0"),
        ({"column": 65}, "column must be a whole number of at least 1 and at most 64; got 65"),
        ({"part": "both"}, "part 'both' is unknown"),
        ({"flip": 256}, "flip must be a whole number of at least 0 and at most 255; got 256"),
        ({"part": VALUE, "flip": 16}, "flip must be a whole number of at least 0 and at most 15; got 16"),
        (
            {"format": OWN, "exponent_bits": 5},
            "exponent_bits must be a whole number of at least 2 and at most 4; got 5",
        ),
        ({"format": OWN, "block": 12}, "block must be one of 8, 16, 32, 64; got 12"),
    ],
)
def test_what_is_not_offered_is_refused_by_name(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)):
        viewed(**changes)


@pytest.mark.parametrize("name", KNOWN)
def test_the_bits_that_are_set_weigh_what_a_scale_and_a_code_are_worth(name: str) -> None:
    view = viewed(format=name)
    for pattern in (view.scale, view.element):
        names = bit_names(pattern.format)
        assert [text.split(",")[0] for text, _ in names.names] == [
            f"{text.split(' ')[0]} bit {bit}"
            for (text, _), bit in zip(names.names, range(pattern.format.bits - 1, -1, -1), strict=True)
        ]
        if set(names.fields) == {"exponent"}:
            powers = [int(weight[2:]) for weight in names.weights]
            exponent = sum(2**power for power, digit in zip(powers, pattern.digits, strict=True) if digit == "1")
            assert pattern.value == 2.0 ** (exponent - 127)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.25, "0.25"), (-0.0, "-0"), (-1.2345e-5, "-1.2e-5"), (-1.26e-12, "-1e-12"), (math.nan, "NaN"), (-math.inf, "-∞"),
     (-123456.0, "-1.23e5"), (0.000123, "0.00012")],
)  # fmt: skip
def test_a_value_is_written_in_the_room_that_it_has(value: float, text: str) -> None:
    assert compact(value) == text


@quick
@given(st.floats(-1e40, 1e40))
def test_what_is_written_below_a_code_is_near_its_value(value: float) -> None:
    assert len(compact(value)) <= 7
    assert float(compact(value)) == pytest.approx(value, rel=0.51)


# The controls


def test_a_bit_is_flipped_by_its_button_and_put_back(explorer: BlockExplorer) -> None:
    flips = explorer.controls["flip"]
    names = [button.description for button in flips.bits.children]
    assert names == [f"exponent bit {bit}" for bit in range(7, -1, -1)]
    flips.bits.children[6].value ^= True
    assert explorer.values()["flip"] == 2
    assert explorer.sentence == viewed(flip=2).sentence
    assert [button.value for button in flips.bits.children] == [digit == "1" for digit in "01111100"]
    flips.bits.children[6].value ^= True
    assert explorer.values()["flip"] == 0
    flips.bits.children[0].value ^= True
    assert not flips.back.disabled
    flips.back.click()
    assert explorer.sentence == viewed().sentence
    assert flips.back.disabled


def test_the_bits_of_another_part_begin_as_they_were_stored(explorer: BlockExplorer) -> None:
    for change in ({"part": VALUE}, {"format": "NVFP4"}, {"format": OWN}, {"exponent_bits": 4}, {"block": 8}):
        explorer.set(flip=2)
        explorer.set(**change)
        assert explorer.values()["flip"] == 0
    explorer.set(format="MXFP4", part=VALUE, flip=3, row=9, data=IMAGE)
    assert explorer.values()["flip"] == 3
    explorer.set(exponent_bits=2)
    assert explorer.values()["flip"] == 3  # not of this format
    names = [button.description for button in explorer.controls["flip"].bits.children]
    assert names == ["sign bit 3", "exponent bit 2", "exponent bit 1", "significand bit 0"]


def test_an_explorer_is_made_with_a_flipped_bit() -> None:
    made = BlockExplorer(format="Q8_0", part=VALUE, flip=128)
    assert made.sentence == viewed(format="Q8_0", part=VALUE, flip=128).sentence
    assert made.call == "BlockExplorer(format='Q8_0', part='your value', flip=128)"
    made.close()


@pytest.mark.parametrize(("control", "typed"), [("row", "65"), ("column", "many"), ("seed", "1.5"), ("row", "<b>")])
def test_nonsense_is_said_at_its_field_and_forgotten_by_the_next_move(
    explorer: BlockExplorer, control: str, typed: str
) -> None:
    explorer.controls[control].text.value = typed
    problem = explorer.controls[control].problem
    assert problem.startswith(f"{control.capitalize()}: 1 to ")
    assert explorer.sentence == f"Not drawn: {problem}"
    assert explorer.stale
    assert "course-invalid" in explorer.cell(control)._dom_classes
    explorer.controls[control].text.value = "7"
    assert explorer.sentence == viewed(**{control: 7}).sentence


def test_what_has_no_effect_is_said(explorer: BlockExplorer) -> None:
    own = {"exponent_bits", "significand_bits", "block"}
    assert set(explorer.idle(explorer.shown)) == {"seed", *own}
    explorer.set(format=OWN, rounding=CHANCE)
    assert explorer.idle(explorer.shown) == {}


# The picture


@pytest.mark.parametrize("width", [200, 260, 300, 420, 560, 720])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("part", PARTS)
def test_all_bits_of_the_block_are_written_and_the_large_ones_wide_enough_for_a_finger(
    width: int, name: str, part: str
) -> None:
    view = viewed(format=name, part=part, exponent_bits=4, significand_bits=3, block=64)
    picture = BlockPicture(width=width)
    svg = picture.svg(view)
    assert misplaced(svg) == []
    texts = ["".join(one.itertext()) for one in ElementTree.fromstring(svg).iter(f"{SVG}text")]
    bits = view.format.element.bits
    for code in set(view.codes.tolist()):
        assert texts.count(f"{code:0{bits}b}") >= view.codes.tolist().count(code)
    assert view.scale.digits in texts
    assert "".join(text for text in texts if text in ("0", "1")).startswith(view.chosen.digits)
    grid = picture.grid(view.chosen.format)
    assert grid.width >= LEAST_BIT
    assert grid.height >= LEAST_BIT
    assert grid.columns * grid.width <= width + 1e-9
    assert picture.legend.y + 60 < picture.height


def test_bars_that_leave_the_picture_are_marked_and_a_block_of_no_numbers_is_named() -> None:
    picture = BlockPicture()
    picture.svg(viewed(flip=1))
    assert [len(marks.get_xdata()) for marks in picture.beyond] == [0, 0]
    picture.svg(view := viewed(flip=0x80))
    assert [len(marks.get_xdata()) for marks in picture.beyond] == [(view.now > 0).sum(), (view.now < 0).sum()]
    assert picture.nothing.text == ""
    assert ">None is a number<" in picture.svg(viewed(flip=0x81))


def test_the_old_bars_stay_where_they_are_and_the_new_ones_move() -> None:
    picture = BlockPicture()
    paths = []
    for flip in (0, 2):
        picture.svg(viewed(flip=flip))
        paths.append((picture.old.get_path().vertices.copy(), picture.new.get_path().vertices.copy()))
    assert np.array_equal(paths[0][0], paths[1][0])
    assert not np.array_equal(paths[0][1], paths[1][1])


# One image in each format


def test_the_image_is_grey_but_for_its_spot_and_nobody_can_draw_on_it() -> None:
    image = drawn_image()
    assert image.shape == (SIZE, SIZE)
    assert int((image == SPOT).sum()) == 4
    assert 0 <= image.min() <= np.sort(image, axis=None)[-5] <= 1
    with pytest.raises(ValueError, match="read-only"):
        image[0, 0] = 1


def test_each_image_is_what_its_format_gives_back_and_its_error_leaves_out_the_spot() -> None:
    view, image = images_view(), drawn_image()
    assert [one.name for one in view.images] == ["original", "int8 a tensor", *(name for name, *_ in SHOWN)]
    by_name = {one.name: one for one in view.images}
    np.testing.assert_array_equal(by_name["NVFP4"].values, decode(encode(image, NVFP4)))
    chance = decode(encode(image, MXFP4, np.random.default_rng(1)))
    np.testing.assert_array_equal(by_name["MXFP4, by chance"].values, chance)
    for one in view.images[1:]:
        error = error_measures(image[image <= 1], one.values[image <= 1])
        assert one.sqnr_db == error.sqnr_db
    assert [one.bits for one in view.images if one.name in PUBLISHED_BITS] == [
        PUBLISHED_BITS[one.name] for one in view.images if one.name in PUBLISHED_BITS
    ]


def test_the_spot_costs_int8_all_of_the_image_and_a_block_format_one_block() -> None:
    """Without the spot int8 would be the better one: it has more bits."""
    image = drawn_image()
    flat = np.where(image > 1, np.float32(0.5), image)
    int8, blocks = (absmax_quantize(flat).dequantize(), decode(encode(flat, MXFP4)))
    assert error_measures(flat, int8).sqnr_db > error_measures(flat, blocks).sqnr_db + 20
    by_name = {one.name: one.sqnr_db for one in images_view().images}
    assert by_name["int8 a tensor"] < by_name["MXFP4"]
    assert by_name["int8 a tensor"] < by_name["NVFP4"]
    moved = decode(encode(image, MXFP4)) != blocks
    assert {(row, column // 32) for row, column in np.argwhere(moved)} == {(12, 0), (13, 0)}


def test_the_images_are_drawn_in_few_elements_cell_by_cell() -> None:
    view = images_view()
    for one in view.images:
        drawn = np.full((SIZE, SIZE), -1)
        for shade, runs in enumerate(runs_of(one.values)):
            for (x, top), (_, end) in runs:
                cells = drawn[round(top) : round(end - OVERLAP / 2), int(x)]
                assert (cells == -1).all()
                cells[:] = shade
        np.testing.assert_array_equal(drawn, np.rint(np.clip(one.values, 0, 1) * (SHADES - 1)))
    svg = ImagesPicture().still(view).svg
    assert misplaced(svg) == []
    assert svg.count("<path") <= SHADES + 2
    assert len(svg) < 150_000
    assert len(view.sentence.split()) <= 20


def test_a_roof_bends_at_its_ridge_point_and_the_steps_stand_on_the_first() -> None:
    view, picture = roofline_view(), RooflinePicture()
    svg = picture.still(view).svg
    assert misplaced(svg) == []
    for roof, line, mark in zip(view.roofs, picture.roofs, picture.ridges, strict=True):
        (left, at, right), (low, peak, end) = line.get_data()
        assert (low / left, peak, end) == pytest.approx((roof.bandwidth, roof.peak, roof.peak))
        assert left < at == mark.get_data()[0][0] < right
        assert at * roof.bandwidth == pytest.approx(roof.peak)
    first = view.roofs[0]
    for step, x, y in zip(view.steps, *picture.steps.get_data(), strict=True):
        assert y == pytest.approx(min(first.peak, x * first.bandwidth)), step.name
    below = {step.name for step in view.steps if step.intensity < first.ridge}
    assert below == {"1 user", "16 users", "128 users"}
    assert f"{len(below)} of {len(view.steps)} steps wait for the memory" in view.sentence
    assert len(view.sentence.split()) <= 20
