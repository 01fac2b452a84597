"""`course_lib.number_formats` against Python's own exact arithmetic, and against the slide's own digits."""

import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    bits,
    decode,
    exact_decimal,
    exact_text,
    exact_texts,
    fields,
    formula,
    formula_latex,
    hexadecimal,
    number_line,
    parse_bits,
    parse_hexadecimal,
    read_pattern,
)

SLIDE_PI_FP32 = "0\t1 0 0 0 0 0 0 0\t1 0 0 1 0 0 1 0 0 0 0 0 1 1 1 1 1 1 0 1 1 0 1 1"
SLIDE_PI_FP16 = "0\t1 0 0 0 0\t1 0 0 1 0 0 1 0 0 0"

patterns_of_any_format = st.sampled_from(list(FORMATS.values())).flatmap(
    lambda fmt: st.tuples(st.integers(0, 2**fmt.bits - 1), st.just(fmt))
)
on_many_patterns = settings(deadline=None, max_examples=300)


# bits


@pytest.mark.parametrize(
    ("pattern", "fmt", "text"),
    [
        (0x40490FDB, FP32, "0 10000000 10010010000111111011011"),
        (0x4248, FP16, "0 10000 1001001000"),
        (0xC049, BF16, "1 10000000 1001001"),
        (0x20248, TF32, "0 10000000 1001001000"),
        (0x7E, FP8_E4M3, "0 1111 110"),
        (0x9, FP4_E2M1, "1 00 1"),
        (0x80, INT8, "1 0000000"),
    ],
)
def test_bits_are_written_in_fields(pattern, fmt, text):
    assert bits(pattern, fmt) == text
    assert parse_bits(text, fmt) == pattern


@on_many_patterns
@given(patterns_of_any_format)
def test_bits_survive_the_way_there_and_back_however_they_are_set_apart(case):
    pattern, fmt = case
    text = bits(pattern, fmt)
    spread = "\t".join(" ".join(field) for field in text.split())
    for line in (text, text.replace(" ", ""), text.replace(" ", "_"), f"0b{text.replace(' ', '|')}", spread):
        assert parse_bits(line, fmt) == pattern


def test_the_slides_fp16_pi_is_read_as_printed():
    assert decode(parse_bits(SLIDE_PI_FP16, FP16), FP16) == 3.140625


@pytest.mark.parametrize("text", [SLIDE_PI_FP32, SLIDE_PI_FP32.replace("\t", " "), re.sub(r"\s", "", SLIDE_PI_FP32)])
def test_the_slides_fp32_pi_is_refused_for_its_24th_digit_of_significand(text):
    reason = "significand has 24 digits, 1 too many; accepted for fp32: sign 1, exponent 8, significand 23"
    with pytest.raises(ValueError, match=f"^{reason}$"):
        parse_bits(text, FP32)


@pytest.mark.parametrize(
    ("text", "fmt", "reason"),
    [
        ("0 100000 1001001000", FP16, "exponent has 6 digits, 1 too many; accepted for fp16: sign 1, exponent 5,"),
        ("00 10000 1001001000", FP16, "sign has 2 digits, 1 too many; accepted"),
        ("0 100000 100100100", FP16, "exponent has 6 digits, 1 too many and significand has 9 digits, 1 too few;"),
        ("0 10000 1", FP16, "significand has 1 digit, 9 too few;"),
        ("0100", FP16, "exponent has 3 digits, 2 too few and significand has 0 digits, 10 too few;"),
        ("", FP4_E2M1, "sign has 0 digits, 1 too few and exponent has 0 digits, 2 too few and significand"),
        ("1 00000000", INT8, "significand has 8 digits, 1 too many; accepted for int8: sign 1, significand 7"),
    ],
)
def test_each_field_of_a_wrong_length_is_named_with_how_much_it_is_wrong(text, fmt, reason):
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}"):
        parse_bits(text, fmt)


def test_digits_other_than_0_and_1_are_named():
    with pytest.raises(ValueError, match="text must be made of 0 and 1; got '2', 'x' in '0 1000x 1001001002'"):
        parse_bits("0 1000x 1001001002", FP16)


@pytest.mark.parametrize("text", [None, 0, 0.5, ["0"]], ids=str)
def test_what_is_not_text_is_not_read(text):
    with pytest.raises(TypeError, match="text must be a line of 0 and 1; got"):
        parse_bits(text, FP16)


# Exact decimals


@pytest.mark.parametrize(
    ("pattern", "fmt", "text"),
    [
        (0x40490FDB, FP32, "3.1415927410125732421875"),
        (0x4248, FP16, "3.140625"),
        (0x3FB999999999999A, FP64, "0.1000000000000000055511151231257827021181583404541015625"),
        (0x0001, FP16, "5.9604644775390625e-8"),
        (0x7F7FFFFF, FP32, "340282346638528859811704183484516925440"),
        (0x8000, FP16, "-0"),
        (0xFC00, FP16, "-infinity"),
        (0x7F, FP8_E4M3, "NaN"),
        (0x80, INT8, "-128"),
    ],
)
def test_an_exact_decimal_has_every_digit(pattern, fmt, text):
    assert exact_decimal(pattern, fmt) == text


@on_many_patterns
@given(patterns_of_any_format)
def test_an_exact_decimal_is_the_value_without_any_rounding(case):
    pattern, fmt = case
    if np.isfinite(decode(pattern, fmt)):
        assert Fraction(exact_decimal(pattern, fmt)) == Fraction(decode(pattern, fmt))
        assert exact_decimal(pattern, fmt).startswith("-") == np.signbit(decode(pattern, fmt))


def test_the_smallest_fp64_number_has_all_its_751_digits():
    digits, exponent = exact_decimal(1, FP64).split("e")
    assert len(digits) == 752
    assert exponent == "-324"


# Formulas


@pytest.mark.parametrize(
    ("pattern", "fmt", "text"),
    [
        (0x4248, FP16, "(-1)^0 × 2^(16 - 15) × 1.5703125 = 3.140625"),
        (0x40490FDB, FP32, "(-1)^0 × 2^(128 - 127) × 1.57079637050628662109375 = 3.1415927410125732421875"),
        (0x8001, FP16, "(-1)^1 × 2^(1 - 15) × 0.0009765625 = -5.9604644775390625e-8"),
        (0x8000, FP16, "(-1)^1 × 2^(1 - 15) × 0 = -0"),
        (0xFC00, FP16, "(-1)^1 × infinity = -infinity, as the exponent is all ones and the significand is 0"),
        (0x7E00, FP16, "not a number, as the exponent is all ones and the significand is not 0"),
        (0xFF, FP8_E4M3, "not a number, as all bits after the sign are ones"),
        (0x7E, FP8_E4M3, "(-1)^0 × 2^(15 - 7) × 1.75 = 448"),
        (0x7, FP4_E2M1, "(-1)^0 × 2^(3 - 1) × 1.5 = 6"),
        (0xFF, INT8, "-1 × 2^7 + 127 = -1"),
    ],
)
def test_the_formula_is_the_one_that_holds_for_the_pattern(pattern, fmt, text):
    assert formula(pattern, fmt).text == text


def calculated(text):
    """Work out the left-hand side of a finite formula, exactly."""
    left = re.split(" [=≈] ", text)[0]
    if match := re.fullmatch(r"\(-1\)\^([01]) × 2\^\((\d+) - (\d+)\) × (\S+)", left):
        sign, exponent, bias, multiplier = match.groups()
        return (-1) ** int(sign) * Fraction(2) ** (int(exponent) - int(bias)) * Fraction(multiplier)
    sign, power, rest = re.fullmatch(r"-([01]) × 2\^(\d+) \+ (\d+)", left).groups()
    return -int(sign) * 2 ** int(power) + int(rest)


@on_many_patterns
@given(patterns_of_any_format)
def test_the_numbers_in_a_formula_work_out_to_the_value(case):
    pattern, fmt = case
    text = formula(pattern, fmt).text
    if not np.isfinite(decode(pattern, fmt)):
        assert fields(pattern, fmt).kind in ("infinity", "nan")
        assert " × 2^" not in text
        return
    assert calculated(text) == Fraction(decode(pattern, fmt))
    if " = " in text:
        assert Fraction(text.split(" = ")[1]) == Fraction(decode(pattern, fmt))
    else:
        assert float(text.split(" ≈ ")[1]) == decode(pattern, fmt)
        assert len(exact_decimal(pattern, fmt)) > 60


@pytest.mark.parametrize(
    ("pattern", "fmt", "latex"),
    [
        (0x4248, FP16, r"(-1)^{0} \times 2^{16 - 15} \times 1.5703125 = 3.140625"),
        (0x0001, FP16, r"(-1)^{0} \times 2^{1 - 15} \times 0.0009765625 = 5.9604644775390625 \times 10^{-8}"),
        (
            0x7FEFFFFFFFFFFFFF,
            FP64,
            r"(-1)^{0} \times 2^{2046 - 1023} \times 1.9999999999999997779553950749686919152736663818359375 "
            r"\approx 1.7976931348623157 \times 10^{308}",
        ),
        (
            0xFC00,
            FP16,
            r"(-1)^{1} \times \infty = -\infty, \text{as the exponent is all ones and the significand is 0}",
        ),
        (0x7F, FP8_E4M3, r"\text{not a number, as all bits after the sign are ones}"),
        (0xFF, INT8, r"-1 \times 2^{7} + 127 = -1"),
    ],
)
def test_the_formula_in_latex_says_the_same(pattern, fmt, latex):
    assert formula_latex(pattern, fmt) == latex


@on_many_patterns
@given(patterns_of_any_format)
def test_latex_is_ascii_with_balanced_braces(case):
    latex = formula_latex(*case)
    assert latex.isascii()
    assert latex.count("{") == latex.count("}")


@pytest.mark.parametrize("function", [bits, hexadecimal, exact_decimal, formula, formula_latex])
def test_text_is_made_of_one_pattern_only(function):
    with pytest.raises(TypeError, match="pattern must be one integer, not an array"):
        function([1, 2], FP16)
    with pytest.raises(ValueError, match="pattern must be a whole number from 0 to 65535"):
        function(65536, FP16)
    assert function(np.array(7), FP16) == function(np.uint8(7), FP16) == function(7, FP16)


@pytest.mark.parametrize("pattern", [-1, 2**16, 1.0, "1", None], ids=repr)
def test_what_is_no_pattern_is_not_written(pattern):
    for function in (bits, hexadecimal, exact_decimal, formula, read_pattern, lambda *of: number_line(*of, 4)):
        with pytest.raises((ValueError, TypeError), match=r"^pattern must be a whole number from 0 to 65535"):
            function(pattern, FP16)


@pytest.mark.parametrize(
    "call",
    [
        lambda fmt: bits(1, fmt),
        lambda fmt: parse_bits("1", fmt),
        lambda fmt: parse_hexadecimal("1", fmt),
        lambda fmt: read_pattern(1, fmt),
        lambda fmt: number_line(1, fmt, 4),
    ],
)
def test_a_format_by_its_name_alone_is_not_written(call):
    with pytest.raises(TypeError, match=r"^fmt must be a FloatFormat or an IntFormat, such as .*; got 'fp16'"):
        call("fp16")


@pytest.mark.parametrize("read", [parse_bits, parse_hexadecimal])
@pytest.mark.parametrize("text", [12, None, b"1", ["1"]], ids=repr)
def test_what_is_no_text_is_not_read(read, text):
    with pytest.raises(TypeError, match=r"^text must be "):
        read(text, FP16)


@pytest.mark.parametrize(
    ("value", "values"),
    [
        (0, range(-3, 4)),
        (127, range(124, 128)),
        (-128, range(-128, -124)),
        (-126, range(-128, -122)),
        (126, range(123, 128)),
    ],
)
def test_the_line_of_an_integer_has_its_neighbours_as_far_as_there_are_any(value, values):
    line = number_line(value % 2**8, INT8, 3)
    assert line.values == tuple(values)
    assert line.patterns == tuple(one % 2**8 for one in values)
    assert line.places == tuple(one - value for one in values)
    assert (line.values[line.here], line.middle, line.step) == (value, value, 1)


def test_the_line_of_a_nan_and_one_too_long_are_refused():
    with pytest.raises(ValueError, match=r"^pattern must be a number's, for a NaN lies nowhere; got 32256$"):
        number_line(0x7E00, FP16, 4)
    for reach in (-1, 6.1, float("nan"), "4"):
        with pytest.raises(ValueError, match=r"^reach must be a number from 0 to 6, in steps; got "):
            number_line(0, FP16, reach)
    assert len(number_line(0x3D00, FP16, 6).values) == 13


@pytest.mark.parametrize(
    ("value", "text"),
    [(3, "3"), (10**20, "1" + "0" * 20), (np.float32(0.1), "0.100000001490116119384765625"), (np.int8(-3), "-3")],
)
def test_a_number_of_any_kind_is_written_exactly(value, text):
    assert exact_text(value) == text


@pytest.mark.parametrize("value", ["1", None, True, [1.0], 1j, Fraction(1, 3)], ids=repr)
def test_what_is_no_number_with_an_end_is_not_written_exactly(value):
    with pytest.raises(TypeError, match=r"^value must be one number; got "):
        exact_texts([1.0, value])
