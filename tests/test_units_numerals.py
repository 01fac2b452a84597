"""The one reader of numbers in words, alone; what the fields make of it is in the tests of each."""

import math
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.number_formats import FP16, parse_bits, parse_hexadecimal, read_decimal
from course_lib.questions.values import spelled
from course_lib.units import Numeral, Unclear, parse_count, parse_quantity, plain_text, split_number

quick = settings(deadline=None, max_examples=150)

# Spaces: no-break, narrow no-break, thin, figure, ideographic. Apostrophes: typewriter, right single quote, prime.
PARTINGS = [" ", "\u00a0", "\u202f", "\u2009", "\u2007", "\u3000", "'", "\u2019", "\u2032", "_"]
MINUS_SIGNS = ["-", "\u2212", "\u2010", "\u2011", "\u2013", "\ufe63", "\uff0d"]
TIMES_SIGNS = ["×", "x", "X", "*", "·", "⋅", "∙", "✕", "✖", "∗"]
POWERS = ["10^23", "10**23", "10²³", "10^{23}", "10^(23)", "10 ^ 23"]
DIGITS = ["0123456789", "０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "०१२३४५६७८९"]


@pytest.mark.parametrize("sign", PARTINGS, ids=ascii)
def test_thousands_are_parted_by_any_space_apostrophe_or_underscore(sign):
    text = sign.join(["12", "345", "678"])
    assert split_number(f"{text}.5 FLOP") == Numeral("12345678.5", "FLOP")
    assert parse_count(text) == read_decimal(text) == 12_345_678
    assert spelled(text) == "12345678"


@pytest.mark.parametrize("sign", MINUS_SIGNS, ids=ascii)
def test_every_minus_sign_is_one(sign):
    assert split_number(f"{sign}7e{sign}2") == Numeral("-7e-2", "")
    assert read_decimal(f"{sign}7e{sign}2") == Decimal("-0.07")
    with pytest.raises(ValueError, match="is not positive and finite"):
        parse_count(f"{sign}7")


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize("sign", TIMES_SIGNS)
@pytest.mark.parametrize("space", ["", " ", "\u00a0"], ids=ascii)
def test_a_power_of_ten_is_read_however_it_is_written(sign, power, space):
    text = f"3.14{space}{sign}{space}{power}"
    assert split_number(f"{text} FLOP") == Numeral("3.14e23", "FLOP")
    assert parse_count(text) == parse_quantity(f"{text} FLOP").flop == 3.14e23
    assert read_decimal(text) == Decimal("3.14e23")
    assert spelled(text) == "3.14e23"


@pytest.mark.parametrize("digits", DIGITS)
@quick
@given(number=st.integers(0, 10**18))
def test_digits_of_other_scripts_are_digits(digits, number):
    text = "".join(digits[int(digit)] for digit in str(number))
    assert split_number(text) == Numeral(str(number), "")
    assert read_decimal(text) == number


def test_bits_and_hexadecimal_digits_may_be_of_full_width_and_parted_by_any_space():
    assert parse_bits("０　１００００\u00a0１００１００１０００", FP16) == 0x4248
    assert parse_hexadecimal("０ｘ４２\u202f４８", FP16) == 0x4248


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2,53", "2.53 with a point"),
        ("-2,53", "-2.53 with a point"),
        ("3,14e23", "3.14e23 with a point"),
        ("0,125", "0.125 with a point"),
        ("1.400,5", "1400.5 with a point"),
        ("1 400,5", "1400.5 with a point"),
        ("1'400,5", "1400.5 with a point"),
        ("1.400.000", "1400000 without points"),
        ("3.14 × 1023", "3.14e23"),
        ("3.14 x 1023 FLOP", "3.14e23"),
        ("1/3", "1/3"),
        ("1 / 3", "1/3"),
        ("3,145 × 10²³", "3.145e23 with a point, or 3145e23 without the comma"),
    ],
)
def test_what_is_written_otherwise_is_refused_everywhere_with_what_was_meant(text, meant):
    with pytest.raises(Unclear) as caught:
        split_number(text)
    assert caught.value.meant == spelled(text) == meant
    for read in (parse_count, parse_quantity, read_decimal):
        with pytest.raises(ValueError, match="write ") as refused:
            read(text)
        assert str(caught.value) in str(refused.value)


def test_a_fraction_is_told_as_a_decimal_number_where_none_is_computed():
    with pytest.raises(Unclear, match=r"^is a fraction, -2/3: write -0.666667$"):
        split_number("\u22122/3")


def test_a_single_comma_parts_thousands_in_counts_and_is_refused_where_digits_count():
    assert split_number("1,234") == Numeral("1234", "")
    assert parse_count("1,234") == 1234
    two_ways = r"can be read in two ways: write 1.234 with a point, or 1234 without the comma"
    for read in (lambda text: split_number(text, thousands=False), read_decimal):
        with pytest.raises(ValueError, match=two_ways):
            read("1,234")
    for text in ("1,234,567", "1,234.5"):
        assert split_number(text, thousands=False).digits == text.replace(",", "")


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("10^21", "1e21"),
        ("10⁻³", "1e-3"),
        ("2^20", "1048576"),
        ("2**0", "1"),
        ("-10^2", "-1e2"),
        ("+5", "5"),
        (".5", ".5"),
    ],
)
def test_a_power_stands_alone_and_a_sign_before_it(text, digits):
    assert split_number(text) == Numeral(digits, "")


@pytest.mark.parametrize(
    "text",
    ["", " ", "-", "e5", "x", "1__0", "12,34,567", "7 7", "1½", "½", "10₂", "5^2", "2^-1", "2^5000", "1/0", "7-9", "7,",
     "7 \u2013 9", "1 000'000", "1e2.5", "7&8"],
)  # fmt: skip
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match=r"^is not a number$"):
        split_number(text)


def test_what_follows_is_left_to_the_field():
    assert split_number(" 6.7 B params ") == Numeral("6.7", "B params")
    assert split_number("40 %").rest == "%"
    assert split_number("6×").rest == "×"


@pytest.mark.parametrize("text", ["9" * 10**6, "9 " * 10**5, "1,234" * 10**5, "⁹" * 10**5, "1" + " 000" * 10**5])
def test_a_text_without_end_is_read_or_refused_at_once(text):
    for read in (parse_count, parse_quantity):
        with pytest.raises(ValueError, match=r"is not positive and finite|is not a number|does not begin|has no unit"):
            read(text)


@quick
@given(st.text(max_size=12) | st.text("0123456789.,'_ eE+-−×*^²³/%xkMBT\u00a0", max_size=14))
def test_any_text_begins_with_a_number_that_python_reads_or_is_refused(text):
    try:
        digits, rest = split_number(text)
    except ValueError as problem:
        assert str(problem)  # noqa: PT017
    else:
        assert math.isfinite(float(digits)) or "e" in digits
        assert digits.isascii()
        assert not rest[:1].isdecimal()


@quick
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_python_writes_is_read_back(number):
    assert float(split_number(repr(number)).digits) == number


@quick
@given(st.text(max_size=20))
def test_a_plain_text_is_plain_for_good(text):
    assert plain_text(plain_text(text)) == plain_text(text)
