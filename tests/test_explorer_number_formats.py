import math
from decimal import Decimal
from fractions import Fraction
from functools import partial
from xml.etree import ElementTree

import pytest
from explorer_parts import calls_of, misplaced, texts
from hypothesis import given, settings
from hypothesis import strategies as st
from thorough import some_of

from course_lib.explorers.bit_grid import field_of, weight_of
from course_lib.explorers.number_formats.bits import BitPattern
from course_lib.explorers.number_formats.explorer import FloatDecoder
from course_lib.explorers.number_formats.picture import LEAST_BIT, REACH, FloatDecoderPicture
from course_lib.explorers.number_formats.state import DecoderState
from course_lib.explorers.number_formats.view import (
    ORDER,
    OWN,
    PI,
    PRESETS,
    SLIDE_BITS,
    SLIDE_FP16,
    SLIDE_FP32,
    brief,
    float_decoder_view,
    preset_number,
)
from course_lib.explorers.picture import RAISED, in_words
from course_lib.number_formats import (
    BF16,
    FORMATS,
    FP4_E2M1,
    FP8_E4M3,
    FP16,
    FP32,
    FP64,
    INT8,
    TF32,
    IntFormat,
    bits,
    carry,
    decode,
    encode,
    encode_decimal,
    exact_decimal,
    fields,
    formula,
    hexadecimal,
    neighbours,
    number_line,
    parse_hexadecimal,
    read_pattern,
    spacing,
)

REFUSED = "significand has 24 digits, 1 too many; accepted for fp32: sign 1, exponent 8, significand 23"
FLOATS = [name for name in ORDER if not isinstance(FORMATS[name], IntFormat)]

EXACT_PI = "3.1415927410125732421875"

quick = settings(deadline=None, max_examples=60)
any_pattern = st.sampled_from(ORDER).flatmap(
    lambda name: st.tuples(st.just(name), st.integers(0, 2 ** FORMATS[name].bits - 1))
)


@pytest.fixture(scope="module")
def made():
    explorer = FloatDecoder()
    yield explorer
    explorer.close()


@pytest.fixture
def explorer(made):
    if made.controls["pattern"].problem:
        made.set(pattern=0)
    made.set(format="fp32", preset="pi")
    return made


@pytest.fixture
def pattern(explorer):
    return explorer.controls["pattern"]


def accessible_name(explorer):
    return ElementTree.fromstring(explorer.svg).get("aria-label")


def said_of(values):
    """Return the sentence that belongs to values, and whether they can be drawn."""
    try:
        return float_decoder_view(**values).sentence, True
    except ValueError as error:
        return f"Not drawn: {error}", False


def assert_in_step(explorer):
    """Assert that all that is shown belongs to the values now; tell whether they are drawn."""
    values, pattern = explorer.values(), explorer.controls["pattern"]
    assert accessible_name(explorer) == explorer.sentence
    if pattern.problem:
        assert explorer.sentence == f"Not drawn: {pattern.problem}"
        return False
    fmt = FORMATS[values["format"]]
    assert pattern.format is fmt
    assert pattern.hexadecimal.value == hexadecimal(values["pattern"], fmt)
    assert pattern.binary.value == (explorer.state.line or bits(values["pattern"], fmt))
    pressed = "".join(str(int(button.value)) for button in pattern.bits.children)
    assert pressed == f"{values['pattern']:0{fmt.bits}b}"
    assert pattern.slider.value == fields(values["pattern"], fmt).exponent
    said, drawn = said_of(values)
    assert explorer.sentence == said
    return drawn


# The view


@quick
@given(any_pattern)
def test_a_pattern_is_shown_with_its_fields_its_value_and_its_formula(case):
    name, number = case
    fmt, view = FORMATS[name], float_decoder_view(number, name)
    assert (view.pattern, view.format, view.fields) == (number, fmt, fields(number, fmt))
    assert (view.exact, view.value) == (exact_decimal(number, fmt),) * 2
    assert (view.binary, view.formula) == (bits(number, fmt), formula(number, fmt))
    assert int(view.hexadecimal, 16) == number
    assert view.step == (None if view.fields.kind in ("infinity", "nan") else spacing(number, fmt))
    assert view.hexadecimal in view.sentence


@quick
@given(any_pattern)
def test_the_line_has_the_numbers_around_at_their_true_distances(case):
    name, number = case
    fmt, view = FORMATS[name], float_decoder_view(number, name)
    if view.fields.kind == "nan":
        assert view.points == ()
        return
    here = [point.place for point in view.points].index(0)
    assert view.points[here].pattern == number
    for left, right in zip(view.points, view.points[1:], strict=False):
        assert left.place < right.place
        assert decode(neighbours(left.pattern, fmt).above, fmt) == decode(right.pattern, fmt)
        if all(math.isfinite(decode(point.pattern, fmt)) for point in (left, right)) and view.step:
            gap = Fraction(decode(right.pattern, fmt)) - Fraction(decode(left.pattern, fmt))
            assert right.place - left.place == float(gap / Fraction(view.step))
    labels = [point.label for point in view.points]
    assert len(set(labels)) == len(labels)


def test_the_line_shows_where_the_steps_double():
    places = [point.place for point in float_decoder_view(encode(1, FP16), "fp16").points]
    assert places == [-4, -3.5, -3, -2.5, -2, -1.5, -1, -0.5, 0, 1, 2, 3, 4]


def test_the_number_asked_for_stands_between_the_numbers_that_there_are():
    view = float_decoder_view(0x40490FDB, "fp32", PI)
    assert view.wanted_place == pytest.approx(-8.7422780003e-8 / 2**-22, rel=1e-9)
    assert float_decoder_view(0x40490FDB, "fp32").wanted_place == 0
    assert float_decoder_view(127, "int8", "130").wanted_place == 3
    assert float_decoder_view(0x7C00, "fp16", "65520").wanted_place == -0.5
    assert float_decoder_view(0x7C00, "fp16", "1e9").wanted_place == math.inf
    assert float_decoder_view(127, "int8", "300").wanted_place == math.inf
    assert float_decoder_view(128, "int8", "-300").wanted_place == -math.inf
    assert float_decoder_view(0x7C00, "fp16", "inf").wanted_place == 0
    assert float_decoder_view(0x7E00, "fp16", "nan").wanted_place is None


@pytest.mark.parametrize(
    ("pattern", "format", "value", "marker", "label"),
    [
        (0x3800, "fp16", "0.5", "v", "asked for, stored as it is"),
        (0x2E66, "fp16", "0.1", "v", "asked for: 0.1"),
        (127, "int8", "131", "v", "asked for: 131"),
        (127, "int8", "300", ">", "asked for: 300"),
        (128, "int8", "-300", "<", "asked for: -300"),
        (0x7C00, "fp16", "1e9", ">", "asked for: 1e9"),
        (0x7E00, "fp16", "nan", "", ""),
    ],
)
def test_the_number_asked_for_is_marked_in_the_picture_wherever_it_lies(pattern, format, value, marker, label):
    picture, view = FloatDecoderPicture(), float_decoder_view(pattern, format, value)
    svg = picture.svg(view)
    assert misplaced(svg) == []
    assert (f">{label}<" in svg) if label else ("asked for" not in svg)
    shown = picture.wanted.get_xdata()
    assert len(shown) == (1 if marker else 0)
    if marker:
        low, high = picture.wanted.axes.get_xlim()
        assert low < shown[0] < high
        assert picture.wanted.get_marker() == marker
    if marker == "v":
        assert shown[0] == pytest.approx(360 + 720 / REACH * view.wanted_place)


@quick
@given(any_pattern)
def test_the_value_is_carried_into_every_format(case):
    name, number = case
    view = float_decoder_view(number, name)
    for other, carried in view.carried.items():
        if carried is None:
            assert view.fields.kind == "nan"
            assert other in ("fp4 e2m1", "int8", "int4")
        else:
            assert str(carried) == str(carry(view.exact, FORMATS[other]))
    assert tuple(view.carried) == ORDER
    assert sorted(ORDER) == sorted(FORMATS)


def test_the_answer_of_pi_in_fp32():
    view = float_decoder_view(0x40490FDB, "fp32", PI, "pi")
    assert view.sentence == (
        "fp32 0x40490FDB is 3.1415927410125732421875, a normal number: 3.141592653... is off by 8.74e-8."
    )
    assert dict(view.facts) == {
        "Formula": "(-1)^0 × 2^(128 - 127) × 1.m",
        "Significand": "1.m = 1.570796370506...",
        "One step": "2.38e-7",
        "Next smaller": "3.1415925025939941",
        "Next larger": "3.1415929794311523",
        "Asked for": PI[:22],
        "Error": "8.74e-8 (relative 2.78e-8)",
        "Exact in": "none",
        "Too large for": "none",
    }


@pytest.mark.parametrize(
    ("number", "name", "value", "said"),
    [
        (0x7BFF, "fp16", None, "fp16 0x7BFF is 65504, a normal number."),
        (0x7BFF, "fp16", None, "Formula: (-1)^0 × 2^(30 - 15) × 1.m\nSignificand: 1.m = 1.9990234375"),
        (0x7BFF, "fp16", None, "Exact in: fp32, fp16, fp64, tf32\nToo large for: int8, e4m3, e5m2, e2m1, int4"),
        (0x0001, "fp16", None, "a subnormal number"),
        (0x0001, "fp16", None, "Formula: (-1)^0 × 2^(1 - 15) × 0.m\nSignificand: 0.m = 0.0009765625"),
        (0x0001, "fp16", None, "Next smaller: 0\n"),
        (0x80000000, "fp32", None, "is -0, a zero."),
        (0x80000000, "fp32", None, "Formula: (-1)^1 × 2^(1 - 127) × 0.m\nSignificand: 0.m = 0"),
        (0x7C00, "fp16", None, "is infinity, where all that is too large goes."),
        (0x7C00, "fp16", None, "Formula: (-1)^0 × infinity\nSignificand: m = 0\nOne step: none"),
        (0x7C00, "fp16", "1e9", "is infinity: 1000000000 is too large."),
        (0x7C00, "fp16", "1e9", "Next smaller: 65504\nNext larger: none"),
        (0x7C00, "fp16", "1e9", "Error: infinite\n"),
        (0xFF800000, "fp32", None, "Next smaller: none\nNext larger: -3.4028234663852886e38"),
        (0x7F800001, "fp32", None, "is not a number: equal to nothing, not even to itself."),
        (0x7F800001, "fp32", None, "Formula: not a number\nSignificand: m = 1\nOne step: none\nNext smaller: none"),
        (0x7E, "fp8 e4m3", None, "Formula: (-1)^0 × 2^(15 - 7) × 1.m\nSignificand: 1.m = 1.75"),
        (0x7E, "fp8 e4m3", None, "Next smaller: 416\nNext larger: none"),
        (0x7F, "int8", "300", "is 127, an integer: 300 is too large."),
        (0x7F, "int8", "300", "Error: 173 (relative 0.577)"),
        (0x7F, "int8", "300", "Too large for: int8, e2m1, int4"),
        (0x00, "int8", "0.1", "is 0, an integer: 0.1 is too small."),
        (0x81, "int8", None, "int8 0x81 is -127, an integer."),
        (0x81, "int8", None, "Formula: -1 × 2^7 + 1\n"),
        (0x4380, "bf16", None, "One step: 2\nNext smaller: 255\nNext larger: 258"),
        (0x3F80, "bf16", None, "Exact in: all\nToo large for: none"),
    ],
)  # fmt: skip
def test_the_answer_says_what_is_special(number, name, value, said):
    value = "1000000000" if value == "1e9" else value
    view = float_decoder_view(number, name, value)
    assert said in in_words(view.sentence, view.facts)


def test_a_value_that_belongs_to_another_pattern_is_refused():
    with pytest.raises(ValueError, match=r"^value '0\.1' is not stored as 0x40490FDB in fp32$"):
        float_decoder_view(0x40490FDB, "fp32", "0.1")


def test_unknown_names_and_patterns_too_large_are_refused():
    with pytest.raises(ValueError, match=r"^format 'fp31' is unknown; did you mean"):
        float_decoder_view(0, "fp31")
    with pytest.raises(ValueError, match=r"^preset 'e' is unknown"):
        float_decoder_view(0, "fp32", preset="e")
    with pytest.raises(
        ValueError, match=r"^pattern must be a whole number from 0 to 255 \(8 bits\) for int8; got 256$"
    ):
        float_decoder_view(256, "int8")


# Presets


@pytest.mark.parametrize(
    ("preset", "name", "number"),
    [
        ("pi", "fp32", 0x40490FDB), ("pi", "fp16", 0x4248), ("pi", "bf16", 0x4049), ("pi", "fp64", 0x400921FB54442D18),
        ("0.1", "fp32", 0x3DCCCCCD), ("0.1", "fp64", 0x3FB999999999999A),
        ("smallest subnormal", "fp16", 0x0001), ("smallest normal", "fp16", 0x0400), ("largest", "fp16", 0x7BFF),
        ("largest", "fp32", 0x7F7FFFFF), ("largest", "fp8 e4m3", 0x7E), ("largest", "int8", 0x7F),
        ("1 + epsilon", "bf16", 0x3F81), ("-0", "fp32", 0x80000000), ("infinity", "fp8 e5m2", 0x7C),
        ("quiet NaN", "fp32", 0x7FC00000), ("quiet NaN", "fp8 e4m3", 0x7F), (SLIDE_FP16, "fp16", 0x4248),
    ],
)  # fmt: skip
def test_presets_are_the_published_patterns(preset, name, number):
    found, text = preset_number(preset, FORMATS[name])
    assert found == number
    view = float_decoder_view(found, name, text, preset)
    assert view.pattern == number


@pytest.mark.parametrize(
    ("preset", "fmt", "reason"),
    [
        (SLIDE_FP32, FP32, REFUSED),
        ("infinity", FP8_E4M3, "fp8 e4m3 has no infinity: its largest number is 448"),
        ("infinity", FP4_E2M1, "fp4 e2m1 has no infinity: its largest number is 6"),
        ("quiet NaN", FP4_E2M1, "fp4 e2m1 has no NaN: each of its 16 patterns is a number"),
        ("smallest subnormal", INT8, "int8 has no smallest subnormal: it has the integers -128 to 127"),
        (SLIDE_FP16, BF16, "'slide S7: pi in fp16' is a pattern of fp16, not of bf16"),
    ],
)
def test_a_preset_that_a_format_does_not_have_is_refused_with_the_reason(preset, fmt, reason):
    with pytest.raises(ValueError, match=r"\A" + reason.replace("(", r"\(") + r"\Z"):
        preset_number(preset, fmt)
    with pytest.raises(ValueError, match=reason):
        float_decoder_view(0, fmt.name, preset=preset)


@pytest.mark.parametrize("name", ORDER)
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_shown_or_refused_in_every_format(made, preset, name):
    made.set(format=name, preset=preset)
    assert_in_step(made)
    if preset not in SLIDE_BITS:
        assert (made.values()["format"], made.values()["preset"]) == (name, preset)


def test_the_slides_own_digits_for_pi_are_refused_and_named(explorer, pattern):
    explorer.set(preset=SLIDE_FP32, format="bf16")
    assert explorer.sentence == f"Not drawn: {REFUSED}"
    assert pattern.binary.value == SLIDE_BITS[SLIDE_FP32][1]
    assert explorer.values() == {"format": "fp32", "preset": SLIDE_FP32, "value": PI, "pattern": 0x40490FDB}
    pattern.binary.value = "0 10000000 10010010000111111011011"
    assert explorer.values()["preset"] == OWN
    assert explorer.values()["pattern"] == 0x40490FDB
    assert assert_in_step(explorer)


def test_a_preset_stays_while_the_format_changes_and_is_left_by_a_bit(explorer, pattern):
    explorer.set(preset="largest")
    for name in ("fp16", "bf16", "fp64", "int8"):
        explorer.controls["format"].value = name
        assert explorer.values()["preset"] == "largest"
        assert decode(explorer.values()["pattern"], FORMATS[name]) == FORMATS[name].largest
    pattern.bits.children[-1].value = False
    assert explorer.values() == {"format": "int8", "preset": OWN, "value": "126", "pattern": 126}


# The pattern is what counts


def test_a_click_on_a_bit_changes_that_bit_alone(explorer, pattern):
    for number, button in enumerate(reversed(pattern.bits.children)):
        before = explorer.values()["pattern"]
        button.value = not button.value
        assert explorer.values()["pattern"] == before ^ 1 << number
        assert assert_in_step(explorer)


def test_the_payload_of_a_nan_survives_every_control(explorer, pattern):
    explorer.set(format="fp64", pattern=0x7FF0000000000001)
    assert assert_in_step(explorer)
    assert explorer.values()["pattern"] == 0x7FF0000000000001
    pattern.hexadecimal.value = "fff8 0000 dead beef"
    assert explorer.values()["pattern"] == 0xFFF80000DEADBEEF
    pattern.binary.value = bits(0x7FF0000000000003, FP64)
    assert explorer.values()["pattern"] == 0x7FF0000000000003
    assert explorer.values()["value"] == "NaN"
    explorer.set(**explorer.values())
    assert explorer.values()["pattern"] == 0x7FF0000000000003


def test_a_value_in_writing_is_kept_through_every_format(explorer):
    explorer.set(value="0.1")
    for name in ORDER:
        explorer.controls["format"].value = name
        assert explorer.values() == {
            "format": name, "preset": OWN, "value": "0.1", "pattern": encode_decimal("0.1", FORMATS[name]),
        }  # fmt: skip
        assert assert_in_step(explorer)


def test_steps_go_to_the_next_number_and_stop_at_the_end(explorer, pattern):
    smaller, larger = pattern.steps
    explorer.set(format="fp16", preset="largest")
    larger.click()
    assert explorer.values()["value"] == "infinity"
    larger.click()
    assert explorer.values()["value"] == "infinity"
    smaller.click()
    smaller.click()
    assert explorer.values()["value"] == "65472"
    explorer.set(preset="quiet NaN")
    assert [smaller.disabled, larger.disabled] == [True, True]  # a NaN has no neighbours
    pattern.bits.children[1].value = False
    assert [smaller.disabled, larger.disabled] == [False, False]
    assert assert_in_step(explorer)


def test_the_exponent_is_slid_and_the_other_fields_stay(explorer, pattern):
    pattern.slider.value = 129
    assert explorer.values()["value"] == exact_decimal(0x40490FDB + (1 << 23), FP32)
    pattern.slider.value = 255
    assert fields(explorer.values()["pattern"], FP32).kind == "nan"
    assert fields(explorer.values()["pattern"], FP32).significand == fields(0x40490FDB, FP32).significand
    explorer.set(format="int8", value="5")
    assert pattern.slider.disabled


@pytest.mark.parametrize("part", ["hexadecimal", "binary"])
def test_what_is_no_pattern_is_refused_and_the_next_click_goes_on(explorer, pattern, part):
    field = getattr(pattern, part)
    for wrong in ("nonsense", "", "12 345 678 9ab", "<b>"):
        field.value = wrong
        assert explorer.sentence.startswith(f"Not drawn: {field.description}: ")
        marked = [
            one.description for one in (pattern.hexadecimal, pattern.binary) if "course-marked" in one._dom_classes
        ]
        assert marked == [field.description]
        assert explorer.values()["pattern"] == 0x40490FDB
    pattern.bits.children[0].value = True
    assert "course-marked" not in field._dom_classes
    assert explorer.values()["pattern"] == 0xC0490FDB
    assert assert_in_step(explorer)


def test_no_value_is_refused_and_the_format_or_a_click_goes_on(explorer, pattern):
    for next_step in (lambda: explorer.set(format="fp16"), lambda: setattr(pattern.bits.children[-1], "value", False)):
        explorer.set(format="fp32", preset="0.1")
        explorer.set(value="nonsense")
        assert explorer.sentence.startswith("Not drawn: value must be a decimal number such as 0.1")
        next_step()
        assert assert_in_step(explorer)


def test_a_value_that_a_format_cannot_hold_is_refused_in_words(explorer):
    explorer.set(value="nan")
    explorer.set(format="int8")
    assert explorer.sentence == "Not drawn: value must be a number, for int8 has no NaN; got nan"
    explorer.set(value="3")
    assert assert_in_step(explorer)


def test_initial_values_are_taken_in_any_order():
    for initial in ({"pattern": 0x4248, "format": "fp16"}, {"preset": SLIDE_FP16}, {"format": "fp16", "preset": "pi"}):
        explorer = FloatDecoder(**initial)
        assert explorer.values()["pattern"] == 0x4248
        assert assert_in_step(explorer)
        explorer.close()


def test_a_pattern_too_large_is_refused_to_who_sets_it(explorer):
    with pytest.raises(ValueError, match=r"^pattern cannot be 4294967296: pattern must be a whole number from 0 to "):
        explorer.set(pattern=2**32)
    assert assert_in_step(explorer)


# Drawing


def test_all_bits_at_once_are_drawn_once(explorer, monkeypatch):
    drawn = []
    monkeypatch.setattr(FloatDecoderPicture, "draw", lambda self, view: drawn.append(view.pattern))
    explorer.set(format="fp64", pattern=2**64 - 1)
    assert drawn == [2**64 - 1]
    explorer.controls["pattern"].bits.children[-1].value = False
    explorer.controls["format"].value = "fp16"
    explorer.controls["preset"].value = "0.1"
    explorer.controls["value"].value = "0.2"
    assert drawn == [2**64 - 1, 2**64 - 2, 0x7E00, encode(0.1, FP16), encode(0.2, FP16)]


def test_only_bits_that_differ_are_sent(explorer, pattern):
    sent = []
    for number, button in enumerate(reversed(pattern.bits.children)):
        button.observe(lambda _, number=number: sent.append(number), "value")
    explorer.set(pattern=0x40490FDB ^ 0b1001)
    assert sent == [0, 3]


def test_the_buttons_of_both_formats_stand_where_they_stood(explorer, pattern):
    """From the first one that differs, the page makes all anew."""
    of_32 = pattern.bits.children
    for fmt, count in (("fp16", 16), ("fp64", 64), ("fp8 e4m3", 8), ("fp32", 32)):
        explorer.set(format=fmt)
        assert len(pattern.bits.children) == count
        assert pattern.bits.children[:32] == of_32[:count]


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({"preset": "pi"}, ["(-1)⁰", "× 2¹²⁸ ⁻ ¹²⁷ = 2¹", "× 1.m = 1.57079637050628662109375", "3.1415930"]),
        ({"format": "fp16", "preset": "smallest subnormal"}, ["× 2¹ ⁻ ¹⁵ = 2⁻¹⁴", "× 0.m = 0.0009765625", "underflow"]),
        ({"preset": "-0"}, ["(-1)¹", "× 0.m = 0", "= -0", "zero: e = 0 and m = 0"]),
        ({"preset": "infinity"}, ["e = 255, all ones", "m = 0", "= infinity", "saturated"]),
        ({"preset": "quiet NaN"}, ["m = 4194304", "not a number", "no NaN", "A NaN stands nowhere on the number line"]),
        ({"format": "int8", "value": "-81"}, ["-1 × 2⁷", "+ m = 47", "= -81", "two's complement", "-128", "64"]),
        ({"value": "70000"}, ["70000 stored as", "70144", "overflow", "infinity", "infinite"]),
    ],
)  # fmt: skip
def test_the_picture_changes_its_formula_with_the_kind_of_number(explorer, values, shown):
    explorer.set(**values)
    assert set(shown) <= set(texts(explorer))


@pytest.mark.parametrize(
    ("values", "facts"),
    [
        (
            {"value": "0.5"},
            {"Error": "none", "Exact in": "all but int8, int4", "Too large for": "none", "Asked for": "0.5"},
        ),
        ({"preset": "pi"}, {"Error": "8.74e-8 (relative 2.78e-8)", "Exact in": "none", "One step": "2.38e-7"}),
        ({"format": "int8", "value": "-81"}, {"Next smaller": "-82", "Next larger": "-80", "Error": "none"}),
    ],
)
def test_the_facts_say_what_the_format_makes_of_the_number(explorer, values, facts):
    explorer.set(**values)
    shown = dict(explorer.facts)
    assert {name: shown[name] for name in facts} == facts


def test_a_picture_alone_says_what_the_last_picture_in_words_said(explorer):
    bundle = explorer._repr_mimebundle_()
    assert bundle["text/plain"] == explorer.answer
    assert "3.1415927410125732421875" in bundle["image/svg+xml"]


def test_closing_closes_the_bits_of_every_format_that_was_shown():
    explorer = FloatDecoder()
    explorer.set(format="fp64")
    explorer.set(format="fp4 e2m1")
    pattern = explorer.controls["pattern"]
    parts = [*pattern.buttons, *pattern.sliders.values(), *pattern.steps, pattern.bits]
    assert len(parts) == 64 + 3 + 2 + 1
    explorer.close()
    assert all(part.comm is None for part in parts)


# The state: each step is a pure function

START = DecoderState("fp32", 0x40490FDB, PI, "pi")


@pytest.mark.parametrize(
    ("step", "state"),
    [
        (lambda s: s.with_pattern(0xC0490FDB), ("fp32", 0xC0490FDB, "-3.1415927410125732421875", OWN)),
        (lambda s: s.with_pattern(0x40490FDB), ("fp32", 0x40490FDB, PI, "pi")),
        (lambda s: s.with_value("0.1"), ("fp32", 0x3DCCCCCD, "0.1", OWN)),
        (lambda s: s.with_value("nonsense"), ("fp32", 0x40490FDB, "nonsense", OWN)),
        (lambda s: s.with_value("nonsense").with_format("fp16"), ("fp16", 0x4248, "3.1415927410125732421875", OWN)),
        (lambda s: s.with_value("0.1").with_format("int8"), ("int8", 0, "0.1", OWN)),
        (lambda s: s.with_value("0.1").with_format("int8").with_format("fp16"), ("fp16", 0x2E66, "0.1", OWN)),
        (lambda s: s.with_format("bf16"), ("bf16", 0x4049, PI, "pi")),
        (lambda s: s.with_preset("largest").with_format("fp16"), ("fp16", 0x7BFF, "65504", "largest")),
        (lambda s: s.with_preset("infinity").with_format("fp8 e4m3"), ("fp8 e4m3", 0x7F, "infinity", "infinity")),
        (lambda s: s.with_preset(OWN), ("fp32", 0x40490FDB, PI, OWN)),
        (lambda s: s.with_preset(SLIDE_FP16), ("fp16", 0x4248, "3.140625", SLIDE_FP16)),
        (lambda s: s.with_preset(SLIDE_FP16).with_format("bf16"), ("bf16", 0x4049, "3.140625", OWN)),
        (lambda s: s.with_preset(SLIDE_FP32), ("fp32", 0x40490FDB, PI, SLIDE_FP32)),
        (lambda s: s.with_preset(SLIDE_FP32).with_pattern(0x40490FDB), ("fp32", 0x40490FDB, EXACT_PI, OWN)),
        (lambda s: s.with_value("nan").with_format("int8"), ("int8", 0, "nan", OWN)),
    ],
)
def test_a_step_leads_from_one_state_to_another(step, state):
    assert step(START) == DecoderState(*state)
    assert DecoderState("fp32", 0x40490FDB, PI, "pi") == START


@quick
@given(any_pattern)
def test_a_pattern_asks_for_its_own_value(case):
    name, number = case
    state = DecoderState(name, 0, "0").with_pattern(number)
    assert (state.pattern, state.preset) == (number, OWN)
    assert state.value == exact_decimal(number, FORMATS[name])
    assert (
        DecoderState(name, 0, "0").with_value(state.value).pattern == number
        or fields(number, FORMATS[name]).kind == "nan"
    )


def test_only_a_slide_s_own_digits_that_do_not_fit_stand_in_for_a_pattern_s():
    assert START.with_preset(SLIDE_FP32).line == SLIDE_BITS[SLIDE_FP32][1]
    assert [START.line, START.with_preset(SLIDE_FP16).line, START.with_preset("infinity").line] == ["", "", ""]


# Numbers of every size


@pytest.fixture(scope="module")
def picture():
    return FloatDecoderPicture()


BEYOND_FLOAT64 = ["1e309", "-9.99e399", "1e-400", "-3e-320", f"1.{'0' * 900}1"]


@pytest.mark.parametrize("name", ORDER)
@pytest.mark.parametrize("text", BEYOND_FLOAT64, ids=lambda text: text[:9])
def test_a_number_of_any_size_that_is_accepted_has_a_view_a_sentence_and_a_picture(picture, name, text):
    view = float_decoder_view(encode_decimal(text, FORMATS[name]), name, text)
    assert view.value == text
    outcome = view.carried[name].outcome
    said = {"rounded": " is off by ", "underflow": "is too small", "exact": ""}
    assert (said.get(outcome, "is too large") if view.fields.kind != "nan" else "is not a number") in view.sentence
    assert "an error of 0 " not in view.sentence
    ElementTree.fromstring(picture.svg(view))


def test_an_error_beyond_float64_is_written_with_three_digits_as_any_other():
    assert brief([Decimal("1.0000000000000000E+309"), Decimal("9.9000000E-400"), 0.25]) == ["1e309", "9.9e-400", "0.25"]


# One click


@pytest.mark.parametrize("name", ORDER)
@pytest.mark.parametrize("preset", some_of(PRESETS, "pi"))
def test_a_click_decodes_each_number_once(made, preset, name):
    pattern = made.controls["pattern"]
    read_pattern.cache_clear()
    number_line.cache_clear()
    steps_and_bits = range(-2, FORMATS[name].bits)
    for at in steps_and_bits if preset == "pi" else (*steps_and_bits[:2], *steps_and_bits[2::7], steps_and_bits[-1]):
        made.set(format=name)
        made.set(preset=preset)
        if at >= len(pattern.bits.children):  # a slide's preset brought its own format along
            break
        button = pattern.steps[at] if at < 0 else pattern.bits.children[at]
        click = button.click if at < 0 else partial(setattr, button, "value", not button.value)
        numbers = 1 + made.stale  # the one there was is not decoded yet where it could not be shown
        calls = calls_of(click)
        assert calls.total() <= (200 if numbers == 1 else 450), (at, calls.most_common())
        assert max(calls[one] for one in ("fields", "decode", "number_line", "read_pattern")) <= numbers
    assert_in_step(made)


# The control for a pattern


@quick
@given(any_pattern)
def test_hexadecimal_survives_the_way_there_and_back(case):
    name, number = case
    text = hexadecimal(number, FORMATS[name])
    assert int(text, 16) == number
    assert parse_hexadecimal(text, FORMATS[name]) == number
    assert parse_hexadecimal(f" {text[2:].lower()} ", FORMATS[name]) == number


@pytest.mark.parametrize("text", ["", "0x", "g", "-1", "1.5"])
def test_what_are_no_hexadecimal_digits_is_refused(text):
    with pytest.raises(
        ValueError, match=r"^Hexadecimal must be made of the digits 0 to 9 and A to F, such as 0x1F; got"
    ):
        parse_hexadecimal(text, FP32)


def test_hexadecimal_of_too_many_bits_is_refused():
    with pytest.raises(
        ValueError, match=r"^Hexadecimal must be at most 0x7FFFF for the 19 bits of tf32; got '0x80000'$"
    ):
        parse_hexadecimal("0x80000", TF32)
    with pytest.raises(ValueError, match="at most 0xFFFFFFFFFFFFFFFF"):
        parse_hexadecimal("1" + "0" * 5000, FP64)


def test_each_bit_is_named_by_its_number_and_its_field():
    pattern = BitPattern(FP16, 0)
    names = [button.description for button in pattern.bits.children]
    assert names[0] == "sign bit 15"
    assert names[1:6] == [f"exponent bit {n}" for n in range(14, 9, -1)]
    assert names[6:] == [f"significand bit {n}" for n in range(9, -1, -1)]
    assert pattern.bits.children[6].tooltip == "significand bit 9: weighs 2^-1"
    pattern.show(INT8, 0)
    names = [button.description for button in pattern.bits.children]
    assert names[:2] == ["integer bit 7, weighs -128", "integer bit 6, weighs 64"]
    pattern.close()


@quick
@given(any_pattern)
def test_the_bits_that_are_set_weigh_what_the_pattern_is_worth(case):
    name, number = case
    fmt, parts = FORMATS[name], fields(number, FORMATS[name])
    weights: dict[str, Fraction] = dict.fromkeys(("sign", "exponent", "significand"), Fraction(0))
    for bit in range(fmt.bits):
        base, _, power = weight_of(bit, fmt).partition("^")
        if number >> bit & 1 and base != "±":
            weights[field_of(bit, fmt)] += Fraction(base) ** int(power or 1)
    if isinstance(fmt, IntFormat):
        assert sum(weights.values()) == decode(number, fmt)
    else:
        assert weights["exponent"] == parts.exponent
        assert weights["significand"] == Fraction(parts.significand, 2**fmt.significand_bits)


# The bits in the picture


@pytest.mark.parametrize("width", [200, 300, 400, 420, 560, 700, 720])
@pytest.mark.parametrize("name", ORDER)
def test_the_bits_are_drawn_with_their_weights_wide_enough_for_a_finger(name, width):
    fmt, picture = FORMATS[name], FloatDecoderPicture(width=width)
    number = encode(1, fmt)
    svg = picture.svg(float_decoder_view(number, name))
    root = ElementTree.fromstring(svg)
    written = ["".join(one.itertext()) for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert f"{number:0{fmt.bits}b}" in "".join(text for text in written if text in ("0", "1"))
    least = weight_of(0, fmt)
    assert ("1" if least == "1" else "2" + least[2:].translate(RAISED)) in written
    grid = picture.grid(fmt)
    assert grid.width >= LEAST_BIT
    assert grid.columns * grid.width <= width + 1e-9
    assert grid.columns == fmt.bits or grid.columns % 8 == 0
    below = picture.boxes[0].get_y()
    assert grid.cell(fmt.bits - 1)[1] + grid.height <= below


@pytest.mark.parametrize("name", ["fp32", "fp16", "bf16", "fp8 e5m2", "int8"])
def test_each_box_of_the_formula_stands_under_its_bits(name):
    fmt, picture = FORMATS[name], FloatDecoderPicture()
    picture.svg(float_decoder_view(encode(1, fmt), name))
    grid = picture.grid(fmt)
    for field, box in zip(("sign", "exponent", "significand"), picture.boxes, strict=True):
        columns = [fmt.bits - 1 - bit for bit in range(fmt.bits) if field_of(bit, fmt) == field]
        if columns:
            assert box.get_x() == pytest.approx(min(columns) * grid.width)
            assert box.get_x() + box.get_width() == pytest.approx((max(columns) + 1) * grid.width)


def test_the_line_of_python_has_the_pattern_in_hexadecimal(explorer, pattern):
    assert explorer.call == 'FloatDecoder(format="fp32", preset="pi")'
    explorer.set(format="fp16", pattern=0x3C00)
    assert explorer.call == 'FloatDecoder(format="fp16", pattern=0x3c00)'
    explorer.set(value="0.1")
    assert explorer.call == 'FloatDecoder(format="fp16", value="0.1")'
    explorer.set(format="fp32", preset="pi")
    pattern.binary.value = "0_10000000_10010010000111111011011"
    explorer.set(preset=OWN)
    assert explorer.call == f'FloatDecoder(format="fp32", preset="{OWN}", value="{PI}")'


def test_what_a_format_does_not_have_is_said_at_the_control_that_asked_for_it(explorer):
    explorer.set(format="fp8 e4m3", preset="infinity")
    assert explorer.controls["preset"].problem == "fp8 e4m3 has no infinity: its largest number is 448"
    explorer.set(format="fp16")
    assert explorer.controls["preset"].problem == ""
    explorer.set(value="nan")
    explorer.set(format="int8")
    assert explorer.controls["value"].problem == "value must be a number, for int8 has no NaN; got nan"
    explorer.set(format="fp16")
    assert explorer.controls["value"].problem == ""
    assert assert_in_step(explorer)
