import math
import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from course_lib import catalog
from course_lib._arguments import shown
from course_lib.compute_cost import training_flop
from course_lib.units import (
    COMPUTE_UNITS,
    LAPTOP_FLOP_PER_SECOND,
    PFLOP_DAY,
    Compute,
    GpuHours,
    Rate,
    convert_compute,
    flop_from_gpu_hours,
    format_bytes,
    format_count,
    format_flop,
    format_number,
    format_rate,
    format_scientific,
    format_seconds,
    gpu_hours,
    parse_count,
    parse_quantity,
)

quick = settings(deadline=None, max_examples=100)
amounts = st.floats(0, 1e30)
rates = st.floats(1e6, 1e18)
units = st.sampled_from(COMPUTE_UNITS)


# Amounts of compute


def test_a_pflop_day_is_the_slide_s_product():
    assert PFLOP_DAY == 1e15 * 24 * 3600 == 8.64e19


# Brown et al. 2020, Table D.1: PFLOP-days and FLOP as printed.
@pytest.mark.parametrize(
    ("flop", "pflop_days"),
    [
        (2.25e20, 2.60e00),
        (6.41e20, 7.42e00),
        (1.37e21, 1.58e01),
        (2.38e21, 2.75e01),
        (4.77e21, 5.52e01),
        (1.20e22, 1.39e02),
        (2.31e22, 2.68e02),
        (3.14e23, 3.64e03),
    ],
)
def test_flop_and_pflop_days_agree_as_in_brown_table_d1(flop, pflop_days):
    assert convert_compute(flop, "FLOP", "PFLOP-day") == pytest.approx(pflop_days, rel=0.005)
    assert convert_compute(pflop_days, "PFLOP-day", "FLOP") == pytest.approx(flop, rel=0.005)


def test_gpt3_from_its_parameters_and_tokens_is_3640_pflop_days():
    run = catalog.training_run("GPT-3 175B")
    flop = training_flop(run.parameters, run.tokens)
    assert format_flop(flop) == "3.14e23 FLOP"
    assert format_number(convert_compute(flop, "FLOP", "PFLOP-day")) == "3,640"


@pytest.mark.parametrize(
    ("unit", "flop"),
    [
        ("FLOP", 1),
        ("kFLOP", 1e3),
        ("MFLOP", 1e6),
        ("GFLOP", 1e9),
        ("TFLOP", 1e12),
        ("PFLOP", 1e15),
        ("EFLOP", 1e18),
        ("ZFLOP", 1e21),
        ("PFLOP-day", 8.64e19),
        ("EFLOP-day", 8.64e22),
    ],
)
def test_each_unit_has_its_size(unit, flop):
    assert convert_compute(1, unit, "FLOP") == flop
    assert unit in COMPUTE_UNITS


@pytest.mark.parametrize("prefix", ["", "k", "M", "G", "T", "P", "E", "Z"])
def test_the_slide_s_flop_seconds_are_flop(prefix):
    assert convert_compute(3.5, f"{prefix}FLOP-s", f"{prefix}FLOP") == 3.5
    assert f"{prefix}FLOP-s" in COMPUTE_UNITS


def test_no_other_unit_is_accepted():
    assert len(COMPUTE_UNITS) == len(set(COMPUTE_UNITS)) == 18


@pytest.mark.parametrize("there", COMPUTE_UNITS)
@pytest.mark.parametrize("here", COMPUTE_UNITS)
def test_converting_there_and_back_returns_the_value(here, there):
    values = np.array([0.0, 1.0, 3.14e23, 7e-9])
    np.testing.assert_allclose(convert_compute(convert_compute(values, here, there), there, here), values, rtol=1e-14)


@quick
@given(amounts, units, units, units)
def test_converting_in_two_steps_is_converting_in_one(value, first, second, third):
    two_steps = convert_compute(convert_compute(value, first, second), second, third)
    assert two_steps == pytest.approx(convert_compute(value, first, third), rel=1e-12)


@quick
@given(st.lists(amounts, min_size=1, max_size=4), units, units)
def test_an_array_is_converted_element_by_element(values, here, there):
    converted = convert_compute(np.array(values), here, there)
    assert converted.tolist() == [convert_compute(value, here, there) for value in values]


# GPU-hours


def test_a_day_at_one_pflop_per_second_is_24_gpu_hours_and_one_pflop_day():
    assert gpu_hours(PFLOP_DAY, 1e15) == 24
    assert flop_from_gpu_hours(24, 1e15) == PFLOP_DAY


def test_llama_65b_hours_at_47_7_per_cent_of_an_a100_are_its_six_p_d():
    run = catalog.training_run("LLaMA 65B")
    assert flop_from_gpu_hours(1_022_362, 0.477 * 312e12) == pytest.approx(6 * run.parameters * run.tokens, rel=0.001)


@quick
@given(amounts, rates)
def test_gpu_hours_and_flop_from_gpu_hours_undo_each_other(flop, rate):
    assert flop_from_gpu_hours(gpu_hours(flop, rate), rate) == pytest.approx(flop)
    assert gpu_hours(flop_from_gpu_hours(flop, rate), rate) == pytest.approx(flop)


def test_the_same_cost_takes_fewer_hours_on_a_faster_gpu():
    rates_of_gpus = np.array([chip.fp16_bf16_flop_per_second for chip in catalog.accelerators().values()])
    hours = gpu_hours(3.14e23, rates_of_gpus)
    np.testing.assert_allclose(hours * rates_of_gpus, 3.14e23 / 3600)


def test_gpu_hours_broadcast():
    hours = gpu_hours(np.array([1e20, 1e21, 1e22])[:, None], np.array([1e14, 1e15]))
    assert hours.shape == flop_from_gpu_hours(hours, np.array([1e14, 1e15])).shape == (3, 2)


# Text


@pytest.mark.parametrize(
    ("flop", "text"),
    [
        (0, "0 FLOP"),
        (0.5, "0.5 FLOP"),
        (2, "2 FLOP"),
        (9994, "9,990 FLOP"),
        (9995, "1.00e4 FLOP"),
        (10_000, "1.00e4 FLOP"),
        (3.1428e23, "3.14e23 FLOP"),
        (9.999e23, "1.00e24 FLOP"),
        (1e300, "1.00e300 FLOP"),
        (1e-20, "1.00e-20 FLOP"),
    ],
)
def test_flop_are_written_the_way_papers_print_them(flop, text):
    assert format_flop(flop) == text


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (0, "0 FLOP/s"),
        (1, "1 FLOP/s"),
        (999.4, "999 FLOP/s"),
        (999.5, "1 kFLOP/s"),
        (312e12, "312 TFLOP/s"),
        (989.5e12, "990 TFLOP/s"),
        (999.5e12, "1 PFLOP/s"),
        (1.59744e16, "16 PFLOP/s"),
        (2.5e18, "2.5 EFLOP/s"),
        (5e24, "5,000 ZFLOP/s"),
    ],
)
def test_rates_are_written_with_the_prefix_of_datasheets(rate, text):
    assert format_rate(rate) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (0.00009994, "9.99e-5"),
        (0.0001, "0.0001"),
        (0.00009999, "0.0001"),
        (0.4567, "0.457"),
        (0.9996, "1"),
        (1, "1"),
        (12.345, "12.3"),
        (82_432, "82,400"),
        (999.95, "1,000"),
        (999_400_000, "999,000,000"),
        (999_500_000, "1e9"),
        (1e9, "1e9"),
        (3.1e12, "3.1e12"),
        (1e300, "1e300"),
    ],
)
def test_numbers_are_written_with_three_significant_digits(number, text):
    assert format_number(number) == text


@pytest.mark.parametrize(
    ("size", "decimal", "binary"),
    [
        (0, "0 bytes", "0 bytes"),
        (1, "1 byte", "1 byte"),
        (2, "2 bytes", "2 bytes"),
        (999, "999 bytes", "999 bytes"),
        (1000, "1 kB", "1,000 bytes"),
        (1024, "1.02 kB", "1 KiB"),
        (999_499, "999 kB", "976 KiB"),
        (999_500, "1 MB", "976 KiB"),
        (1_048_000, "1.05 MB", "1,020 KiB"),
        (2**20, "1.05 MB", "1 MiB"),
        (80e9, "80 GB", "74.5 GiB"),
        (2**30, "1.07 GB", "1 GiB"),
        (141e9, "141 GB", "131 GiB"),
        (2.8e12, "2.8 TB", "2.55 TiB"),
        (1e15, "1 PB", "909 TiB"),
        (5e18, "5,000 PB", "4,440 PiB"),
    ],
)
def test_bytes_are_written_in_decimal_units_and_in_binary_ones_when_asked(size, decimal, binary):
    assert format_bytes(size) == decimal
    assert format_bytes(size, binary=True) == binary


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (1e-9, "0.001 us"),
        (999.4e-6, "999 us"),
        (999.95e-6, "1 ms"),
        (0.0021, "2.1 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1 s"),
        (59.94, "59.9 s"),
        (59.96, "60 s"),
        (59.99, "1 min"),
        (60, "1 min"),
        (90, "1.5 min"),
        (3600, "1 h"),
        (23.9 * 3600, "23.9 h"),
        (86_400, "1 day"),
        (86_400 * 1.01, "1.01 days"),
        (39.2 * 86_400, "39.2 days"),
        (365 * 86_400, "365 days"),
        (365.25 * 86_400, "1 year"),
        (1e10, "317 years"),
        (1e30, "3.17e22 years"),
    ],
)
def test_times_are_written_in_the_unit_that_people_would_use(seconds, text):
    assert format_seconds(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (0.25, "0.25"),
        (1, "1"),
        (999, "999"),
        (999.4, "999"),
        (999.5, "1 k"),
        (999.95, "1 k"),
        (1000, "1 k"),
        (124_439_808, "124 M"),
        (999_499_999, "999 M"),
        (999_500_000, "1 B"),
        (6_738_415_616, "6.74 B"),
        (405_853_388_800, "406 B"),
        (1.4e12, "1.4 T"),
        (1e15, "1,000 T"),
        (1e300, "1.00e288 T"),
        (1e-20, "1.00e-20"),
    ],
)
def test_counts_are_written_with_the_letters_of_model_names(count, text):
    assert format_count(count) == text


FORMATS = {
    "flop": format_flop,
    "flop_per_second": format_rate,
    "number": format_number,
    "size": format_bytes,
    "seconds": format_seconds,
    "count": format_count,
}
each_format = pytest.mark.parametrize(("name", "write"), FORMATS.items())


@pytest.mark.parametrize(("digits", "text"), [(1, "7 B"), (2, "6.7 B"), (4, "6.738 B"), (10, "6.738415616 B")])
def test_more_digits_are_written_when_asked(digits, text):
    assert format_count(6_738_415_616, digits=digits) == text


SIZE_OF = {
    "": 1,
    "FLOP": 1,
    "bytes": 1,
    "byte": 1,
    "s": 1,
    "us": 1e-6,
    "ms": 1e-3,
    "min": 60,
    "h": 3600,
    "day": 86_400,
    "days": 86_400,
    "year": 365.25 * 86_400,
    "years": 365.25 * 86_400,
    **{letter: size for letter, size in zip("kMBT", (1e3, 1e6, 1e9, 1e12), strict=True)},
    **{f"{p}B": 1000.0**i for i, p in enumerate("kMGTP", 1)},
    **{f"{p}FLOP/s": 1000.0**i for i, p in enumerate(["", *"kMGTPEZ"])},
}


@each_format
@quick
@given(value=st.floats(1e-9, 1e40), digits=st.integers(1, 6))
@example(value=59.96, digits=3)
@example(value=86_360.0, digits=3)
@example(value=999.95, digits=3)
def test_what_is_written_is_the_value_to_the_digits_asked_for(name, write, value, digits):
    number, _, unit = write(value, digits=digits).partition(" ")
    read_back = float(number.replace(",", "")) * SIZE_OF[unit]
    assert read_back == pytest.approx(value, rel=0.5000001 * 10 ** (1 - digits))


@each_format
@quick
@given(value=st.floats(1e-3, 1e18))
def test_at_least_one_stands_before_the_point_once_a_smaller_unit_exists(name, write, value):
    number, _, unit = write(value).partition(" ")
    if SIZE_OF[unit] > 1:
        assert float(number.replace(",", "")) >= 1


UNITS_OF = {
    "flop_per_second": [f"{prefix}FLOP/s" for prefix in ("", *"kMGTPEZ")],
    "size": ["bytes", *(f"{prefix}B" for prefix in "kMGTP")],
    "seconds": ["us", "ms", "s", "min", "h", "days", "years"],
    "count": ["", *"kMBT"],
}


@pytest.mark.parametrize("name", UNITS_OF)
@quick
@given(value=st.floats(1e-5, 1e24) | st.integers(0, 24).map(lambda power: 10.0**power), digits=st.integers(1, 6))
@example(value=999.5, digits=3)
@example(value=999.4, digits=3)
@example(value=995.0, digits=2)
@example(value=999_960.0, digits=4)
@example(value=1.0, digits=3)
@example(value=1e9, digits=2)
@example(value=3600.0, digits=1)
@example(value=365.24 * 86_400, digits=4)
def test_the_unit_is_the_largest_of_which_there_is_one_after_rounding(name, value, digits):
    number, _, unit = FORMATS[name](value, digits=digits).partition(" ")
    here = UNITS_OF[name].index({"byte": "bytes", "day": "days", "year": "years"}.get(unit, unit))
    for larger in UNITS_OF[name][here + 1 :]:
        assert float(f"{value / SIZE_OF[larger]:.{digits - 1}e}") < 1
    if here:
        assert float(number.replace(",", "")) >= 1


@each_format
@quick
@given(value=st.floats(1e-9, 1e24), digits=st.integers(1, 6))
@example(value=1.0, digits=3)
@example(value=1000.0, digits=3)
@example(value=9.996, digits=3)
@example(value=0.0996, digits=2)
def test_no_more_digits_are_written_than_asked_for_and_no_zeros_behind_them(name, write, value, digits):
    mantissa = write(value, digits=digits).split()[0].partition("e")[0].replace(",", "")
    assert len(mantissa.replace(".", "").strip("0")) <= digits
    scientific = name == "flop" and value >= 1e3  # papers print 1.00e23
    assert scientific or not re.search(r"\.\d*0$", mantissa) or "e" in write(value, digits=digits)


@pytest.mark.parametrize(
    ("write", "value", "text"),
    [
        (format_number, 9.994e8, "999,000,000"),
        (format_number, 9.996e8, "1e9"),
        (format_number, 1e-4, "0.0001"),
        (format_number, 9.994e-5, "9.99e-5"),
        (format_number, 9.996e-5, "0.0001"),
        (format_number, 0, "0"),
        (format_scientific, 9994, "9,990"),
        (format_scientific, 9996, "1.00e4"),
        (format_scientific, 1e-6, "0.000001"),
        (format_scientific, 9.994e-7, "9.99e-7"),
        (format_count, 9.994e26, "999,000,000,000,000 T"),
        (format_count, 9.996e26, "1.00e15 T"),
        (format_seconds, 0, "0 s"),
        (format_bytes, 1, "1 byte"),
        (format_bytes, 0, "0 bytes"),
    ],
)
def test_the_way_of_writing_changes_at_round_numbers_after_rounding(write, value, text):
    assert write(value) == text


@quick
@given(value=st.floats(1, 2**60))
def test_binary_units_leave_at_least_one_and_less_than_1024_before_the_point(value):
    number, _, _unit = format_bytes(value, binary=True, digits=6).partition(" ")
    assert 1 <= float(number.replace(",", "")) <= 1024


# Typed text


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("7e9", 7e9),
        ("7E9", 7e9),
        ("7e+9", 7e9),
        ("2.5e-1", 0.25),
        ("7B", 7e9),
        ("7b", 7e9),
        ("7 b", 7e9),
        ("7G", 7e9),
        ("  7 B  ", 7e9),
        ("7.", 7),
        ("0.5B", 5e8),
        (".5B", 5e8),
        ("1.4 T", 1.4e12),
        ("1.4t", 1.4e12),
        ("124M", 124e6),
        ("124 m", 124e6),
        ("300k", 3e5),
        ("300K", 3e5),
        ("300,000", 3e5),
        ("300_000", 3e5),
        ("300 000", 3e5),
        ("1,400.5 B", 1.4005e12),
        ("6738415616", 6738415616),
        ("6,738,415,616", 6738415616),
        ("1e288 T", 1e300),
        ("+7", 7),
        ("7 billion", 7e9),
        ("300 thousand", 3e5),
        ("1.4 trillion", 1.4e12),
        ("7 bn", 7e9),
        ("1\u00a0000", 1000),
        ("1\u202f000\u202f000", 1e6),
        ("1\u2009000", 1000),
        ("1'000", 1000),
        ("1’000’000", 1e6),
        ("７００", 700),
        ("７Ｂ", 7e9),
        ("٧", 7),
        ("٣٫١٤", 3.14),
        ("3.14 * 10^23", 3.14e23),
        ("3.14×10²³", 3.14e23),
        ("3.14 x 10**23", 3.14e23),
        ("3.14 ⋅ 10^{23}", 3.14e23),
        ("10^21", 1e21),
        ("10⁻²", 0.01),
        ("2^20", 2**20),
        ("7e\u22122", 0.07),
        ("\ufeff7\u200b", 7),
    ],
)
def test_what_people_type_is_understood(text, count):
    assert parse_count(text) == pytest.approx(count, rel=1e-15)


@pytest.mark.parametrize(
    "text",
    ["", " ", ".", "B", "e9", "abc", "7e9.5", "1..2", "nan", "inf", "300,", ",300", "1__0", "12,34,567", "7 7", "1½",
     "10₂", "7-9", "5^3", "1/0", "<b>7</b>"],
)  # fmt: skip
def test_what_is_not_a_number_is_refused_by_name_text_and_what_is_accepted(text):
    with pytest.raises(ValueError, match=r"is not a number; accepted: 7e9, 7B, 1\.4 T, 300,000") as caught:
        parse_count(text, "Parameters P")
    assert str(caught.value).startswith(f"Parameters P {text!r} ")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1,4 T", "has a decimal comma: write 1.4 with a point"),
        ("3,14e23", "has a decimal comma: write 3.14e23 with a point"),
        ("0,125", "has a decimal comma: write 0.125 with a point"),
        ("1.234,5", "has a decimal comma: write 1234.5 with a point"),
        ("3,145e23", "can be read in two ways: write 3.145e23 with a point, or 3145e23 without the comma"),
        ("1.234.567", "has more than one point: write 1234567 without points"),
        ("7/2", "is a fraction, 7/2: write 3.5"),
        ("1⁄3", "is a fraction, 1/3: write 0.333333"),
        ("40 %", "ends with '%', which is a share and no count"),
        ("2 TB", "ends with 'TB', which is an amount of memory and no count"),
        ("80GiB", "ends with 'GiB', which is an amount of memory and no count"),
        ("1e21 flops", "ends with 'flops', which is compute and no count"),
        ("300 PFLOP-days", "ends with 'PFLOP-days', which is compute and no count"),
        ("7BB", "ends with 'BB'"),
        ("7e", "ends with 'e'"),
        ("0x10", "ends with 'x10'"),
        ("7B tokens", "ends with 'tokens'"),
    ],
)
def test_what_may_be_meant_otherwise_is_refused_with_what_is_wrong(text, reason):
    with pytest.raises(ValueError, match="accepted: ") as caught:
        parse_count(text)
    assert str(caught.value) == f"count {text!r} {reason}; accepted: 7e9, 7B, 1.4 T, 300,000"


@pytest.mark.parametrize(
    ("text", "unit", "count"),
    [
        ("6.7 B params", "parameters", 6.7e9),
        ("6.7 billion parameters", "parameters", 6.7e9),
        ("300 billion tokens", "tokens", 3e11),
        ("1 Token", "tokens", 1),
        ("30 days", "days", 30),
        ("30d", "days", 30),
        ("2.5 yr", "years", 2.5),
        ("5000 hours", "H100-hours", 5000),
        ("5 k H100-hours", "H100-hours", 5000),
        ("80GB", "GB", 80),
        ("6x", "times", 6),
        ("6 ×", "times", 6),
        ("1e21 flops", "FLOP", 1e21),
        ("40 %", "%", 40),
    ],
)
def test_the_unit_that_is_asked_for_may_stand_behind_the_number(text, unit, count):
    assert parse_count(text, unit=unit) == pytest.approx(count, rel=1e-15)
    assert parse_count(text, unit) == parse_count(text, unit=unit)  # by default a number is of what it is called


@pytest.mark.parametrize(
    ("text", "unit", "typed"),
    [
        ("300 B tokens", "parameters", "tokens"),
        ("2 TB", "GB", "TB"),
        ("2 T", "GB", "T"),
        ("2 B", "GB", "B"),
        ("5 A100-hours", "H100-hours", "A100-hours"),
        ("2 weeks", "days", "weeks"),
        ("40 %", "days", "%"),
        ("314 ZFLOP", "FLOP", "ZFLOP"),
    ],
)
def test_another_unit_is_refused(text, unit, typed):
    with pytest.raises(ValueError, match="accepted: ") as caught:
        parse_count(text, "size", unit=unit)
    assert str(caught.value) == f"size {text!r} is in {typed!r} and not in {unit}; accepted: a number of {unit}"


@pytest.mark.parametrize(
    ("field", "accepted"),
    [
        ({"limits": (0.1, 1000)}, "0.1 to 1,000"),
        ({"limits": (0.1, 1000), "unit": "days"}, "0.1 to 1,000 days"),
        ({"limits": (1, 16384), "whole": True}, "a whole number from 1 to 16,384"),
        ({"limits": (1e6, 1e13), "examples": ("7B", "7e9")}, "1,000,000 to 10 T, such as 7B or 7e9"),
        ({"limits": (1e18, 1e27)}, "1e18 to 1e27"),
        ({"limits": (1, 2**20), "whole": True}, "a whole number from 1 to 1,048,576"),
        ({"limits": (1.5, 2e7)}, "1.5 to 20 M"),
        ({"unit": "years"}, "a number of years"),
        ({"whole": True}, "a whole number"),
        ({"examples": ("30", "1.5")}, "a number, such as 30 or 1.5"),
    ],
)
@pytest.mark.parametrize("text", ["abc", "-5", "1,5"])
def test_a_refusal_names_what_this_field_accepts_and_no_other(field, accepted, text):
    with pytest.raises(ValueError, match="accepted: ") as caught:
        parse_count(text, "field", **field)
    assert str(caught.value).startswith(f"field {text!r} ")
    assert str(caught.value).endswith(f"; accepted: {accepted}")


def test_the_limits_are_included_and_what_lies_beyond_is_refused():
    limits = {"limits": (0.1, 1000), "unit": "days"}
    assert [parse_count(text, "days", **limits) for text in ("0.1", "1 000", "1 k days")] == [0.1, 1000, 1000]
    for text, why in (("0.09", "is too small"), ("1001", "is too large"), ("1 B", "is too large")):
        with pytest.raises(ValueError, match=rf"^days '{text}' {why}; accepted: 0.1 to 1,000 days$"):
            parse_count(text, "days", **limits)
    assert parse_count("2.5 k", whole=True) == 2500
    with pytest.raises(ValueError, match=r"^count '2.5' is not a whole number; accepted: a whole number$"):
        parse_count("2.5", whole=True)


@pytest.mark.parametrize(
    ("kinds", "text", "message"),
    [
        ((Rate,), "312 TFLOP", "'312 TFLOP' is not a rate, but an amount; accepted: a rate (312 TFLOP/s)"),
        ((Rate,), "24 A100-hours", "'24 A100-hours' is not a rate, but hours; accepted: a rate (312 TFLOP/s)"),
        (
            (Compute, GpuHours),
            "312 TFLOP/s",
            "'312 TFLOP/s' is not an amount or hours, but a rate; accepted: "
            "an amount (3.14e23 FLOP, 3,640 PFLOP-days) or hours (24 A100-hours)",
        ),
        ((Rate,), "fast", "'fast' does not begin with a positive number; accepted: a rate (312 TFLOP/s)"),
    ],
)
def test_a_field_that_takes_one_kind_of_quantity_names_no_other(kinds, text, message):
    with pytest.raises(ValueError, match="accepted: ") as caught:
        parse_quantity(text, "Peak", kinds=kinds)
    assert str(caught.value) == f"Peak {message}"


@pytest.mark.parametrize("text", ["-7", "0", "0.0", "0 B", "1e400", "9" * 400, "1e300 T", "1e-400"])
def test_a_number_that_cannot_be_a_count_is_refused_with_its_text(text):
    with pytest.raises(ValueError, match="is not positive and finite; accepted: 7e9, 7B") as caught:
        parse_count(text)
    assert str(caught.value).startswith(f"count {text!r} " if len(text) < 58 else f"count '{text[:57]}…' ")


@pytest.mark.parametrize("value", [None, True, [7], b"7"], ids=repr)
def test_what_was_never_typed_is_refused(value):
    with pytest.raises(ValueError, match="is not a number; accepted"):
        parse_count(value)


@quick
@given(st.floats(1e-9, 1e300))
@example(999.95)
@example(999_500_000.0)
def test_parsing_a_formatted_count_returns_it_to_its_three_digits(count):
    assert parse_count(format_count(count)) == pytest.approx(count, rel=5.000001e-3)


@quick
@given(st.floats(1e-9, 1e300))
def test_formatting_a_parsed_count_changes_nothing(count):
    text = format_count(count)
    assert format_count(parse_count(text)) == text


@quick
@given(st.text(max_size=12) | st.text("0123456789.,_ eEkMbBgtT+-", max_size=12))
def test_any_typed_text_is_a_positive_number_or_a_value_error_that_quotes_it(text):
    try:
        outcome = parse_count(text)
    except ValueError as error:
        outcome = str(error)
    assert shown(text) in outcome if isinstance(outcome, str) else 0 < outcome < math.inf


# Refusals

NOT_NUMBERS = [True, "7e9", None, 1j]
NOT_AMOUNTS = [-1, -1e-9, math.nan, math.inf, -math.inf]
FUNCTIONS = {
    convert_compute: {"value": 1, "from_unit": "FLOP", "to_unit": "PFLOP"},
    gpu_hours: {"flop": 1e20, "flop_per_second": 1e15},
    flop_from_gpu_hours: {"hours": 24, "flop_per_second": 1e15},
} | {write: {name: 1} for name, write in FORMATS.items()}
ARGUMENTS = [
    pytest.param(function, good, name, id=f"{function.__name__}-{name}")
    for function, good in FUNCTIONS.items()
    for name in good
    if "unit" not in name
]


@pytest.mark.parametrize(("function", "good", "name"), ARGUMENTS)
@pytest.mark.parametrize(
    ("value", "error"), [(v, TypeError) for v in NOT_NUMBERS] + [(v, ValueError) for v in NOT_AMOUNTS], ids=repr
)
def test_a_bad_amount_is_refused_by_name_value_and_what_is_accepted(function, good, name, value, error):
    with pytest.raises(error, match=r"positive|not negative") as caught:
        function(**good | {name: value})
    assert str(caught.value).startswith(f"{name} must ")
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize("function", [gpu_hours, flop_from_gpu_hours])
def test_a_rate_of_zero_is_refused(function):
    with pytest.raises(ValueError, match="flop_per_second must be positive and finite; got 0"):
        function(1, 0)


@each_format
@pytest.mark.parametrize("value", [[1, 2], np.array([1.0])], ids=repr)
def test_text_is_made_of_one_number_at_a_time(name, write, value):
    with pytest.raises(TypeError, match=f"^{name} must be one number"):
        write(value)


@each_format
@pytest.mark.parametrize(
    ("digits", "error"), [(0, ValueError), (-1, ValueError), (2.5, ValueError), (18, ValueError), ("3", TypeError)]
)
def test_digits_are_a_whole_number_of_1_to_17(name, write, digits, error):
    with pytest.raises(error, match=f"digits must be a whole number of at least 1 and at most 17; got {digits!r}"):
        write(1234, digits=digits)


UNIT_ARGUMENTS = pytest.mark.parametrize("name", ["from_unit", "to_unit"])


@UNIT_ARGUMENTS
@pytest.mark.parametrize(
    "rate", ["FLOP/s", "TFLOP/s", "TFLOPs/s", "TFLOP / s", "PFLOP/sec", "FLOPS", "TFLOPS", "FLOP per second"]
)
def test_a_rate_is_not_an_amount_of_compute(name, rate):
    with pytest.raises(ValueError, match=r"is a rate \(FLOP a second\), not an amount of compute") as caught:
        convert_compute(**FUNCTIONS[convert_compute] | {name: rate})
    assert str(caught.value).startswith(f"{name} {rate!r} ")
    assert all(repr(unit) in str(caught.value) for unit in COMPUTE_UNITS)


@UNIT_ARGUMENTS
@pytest.mark.parametrize("unit", ["FLOPs", "flop", "PFLOP-days", "PF-day", "PFLOP/s-day", "GPU-hour", "", None, 3, []])
def test_an_unknown_unit_is_refused_by_name_value_and_what_is_accepted(name, unit):
    with pytest.raises(ValueError, match=r"is unknown; .*accepted: ") as caught:
        convert_compute(**FUNCTIONS[convert_compute] | {name: unit})
    assert str(caught.value).startswith(f"{name} {unit!r} ")
    assert all(repr(accepted) in str(caught.value) for accepted in COMPUTE_UNITS)


@pytest.mark.parametrize(
    ("typed", "meant"), [("FLOPs", "FLOP"), ("flop", "FLOP"), ("PFLOP-days", "PFLOP-day"), ("PFLOP/s-day", "PFLOP-day")]
)
def test_a_near_miss_is_told_its_closest_unit(typed, meant):
    with pytest.raises(ValueError, match=f"did you mean .*{meant!r}.*accepted"):
        convert_compute(1, typed, "FLOP")


# Typed quantities


@pytest.mark.parametrize(
    ("text", "flop"),
    [
        ("3.14e23 FLOP", 3.14e23),
        ("314 ZFLOP", 3.14e23),
        ("1 exaFLOP", 1e18),
        ("300 B FLOP", 3e11),
        ("2,500 kflop", 2.5e6),
        ("1 PFLOP-s", 1e15),
        ("1 GFLOP-seconds", 1e9),
        ("1 TFLOP-hour", 3.6e15),
        ("1 PFLOP-day", 8.64e19),
        ("3640 PFLOP-days", 3.64e3 * 8.64e19),
        ("3.64E+03 PF-days", 3.64e3 * 8.64e19),
        ("1 petaflop/s-day", 8.64e19),
        ("1 PFLOPS-day", 8.64e19),
        ("1 PFLOP/s x days", 8.64e19),
        ("3640 pfs-days", 3.64e3 * 8.64e19),
        ("3 640 petaflop/s-days", 3.64e3 * 8.64e19),
        ("1 PFLOP/s·d", 8.64e19),
        ("3.14 * 10^23 FLOP", 3.14e23),
        ("3.14×10²³ FLOP", 3.14e23),
        ("300 billion FLOP", 3e11),
        ("5 GMACs", 1e10),
    ],
)
def test_an_amount_of_compute_is_read_in_the_spellings_of_papers(text, flop):
    assert parse_quantity(text) == Compute(pytest.approx(flop, rel=1e-12))


@pytest.mark.parametrize(
    "text", ["312 TFLOP/s", "312TFLOP/s", "312 tflop / sec", "312 TFLOPS/s", "0.312 PFLOPs per second", "156 TMAC/s"]
)
def test_a_rate_is_recognised_as_a_rate(text):
    assert parse_quantity(text) == Rate(pytest.approx(312e12, rel=1e-12))


@pytest.mark.parametrize(
    ("text", "hours", "gpu"),
    [
        ("700,000 GPU-hours", 7e5, ""),
        ("24 chip hours", 24, ""),
        ("30.84M H100-hours", 30.84e6, "H100"),
        ("30.84 million H100-hours", 30.84e6, "H100"),
        ("1’022’362 A100-hours", 1022362, "A100"),
        ("1,022,362 A100 80GB-hours", 1022362, "A100 80GB"),
        ("5 T4-hours", 5, "T4"),
        ("2 A100 GPU-days", 48, "A100"),
        ("920 TPU v3 chip-hours", 920, "TPU v3"),
    ],
)
def test_gpu_hours_keep_the_name_of_the_gpu(text, hours, gpu):
    assert parse_quantity(text) == GpuHours(pytest.approx(hours), gpu)


def test_an_amount_a_rate_and_hours_of_the_same_number_are_three_different_things():
    assert len({Compute(1.0), Rate(1.0), GpuHours(1.0)}) == 3
    assert parse_quantity("1 FLOP") != parse_quantity("1 FLOP/s")


@pytest.mark.parametrize("unit", ["FLOPS", "FLOPs", "flops", "TFLOPS", "GFLOPs", "PF", "teraFLOPS"])
def test_flops_is_refused_because_it_can_be_a_count_or_a_rate(unit):
    with pytest.raises(
        ValueError, match=f"^quantity '312 {unit}' can be read in two ways: .*count and for a rate"
    ) as e:
        parse_quantity(f"312 {unit}")
    count, rate = str(e.value).split("Write ")[1].split(" for a count or ")
    assert parse_quantity(count).flop == parse_quantity(rate.removesuffix(" for a rate")).flop_per_second


def test_flops_in_two_ways_keep_the_word_before_them():
    with pytest.raises(ValueError, match=r"Write 3 B FLOP for a count or 3 B FLOP/s for a rate$"):
        parse_quantity("3 B FLOPS")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("3.14e23", "has no unit: a count would be in FLOP, a rate in FLOP/s"),
        ("80 GB", "has the unknown unit 'GB'"),
        ("5 hours", "has the unknown unit 'hours'"),
        ("7 FLOP/day", "has the unknown unit 'FLOP/day'"),
        ("1 kegaFLOP", "has the unknown unit 'kegaFLOP'"),
        ("", "does not begin with a positive number"),
        ("FLOP", "does not begin with a positive number"),
        ("-3 FLOP", "does not begin with a positive number"),
        ("1,4 TFLOP", "has a decimal comma: write 1.4 with a point"),
        ("1/3 PFLOP", "is a fraction, 1/3: write 0.333333"),
        ("3,145e23 FLOP", "can be read in two ways: write 3.145e23 with a point, or 3145e23 without the comma"),
        ("2 TB", "has the unknown unit 'TB'"),
        ("nan FLOP", "does not begin with a positive number"),
        ("0 FLOP", "is not positive and finite"),
        ("1e400 FLOP/s", "is not positive and finite"),
        ("1e300 ZFLOP", "is not positive and finite"),
    ],
)
def test_what_is_no_quantity_is_refused_with_the_reason_and_what_is_accepted(text, reason):
    with pytest.raises(ValueError, match=r"; accepted: an amount .* a rate .* or hours ") as caught:
        parse_quantity(text, "Cost")
    assert str(caught.value).startswith(f"Cost {text!r} {reason};")


@quick
@given(st.floats(1e-3, 1e30), st.sampled_from(["FLOP", "TFLOP", "ZFLOP", "PFLOP-day", "EFLOP-day", "PFLOP-s"]))
def test_reading_a_written_amount_converts_it_as_convert_compute_does(number, unit):
    assert parse_quantity(f"{number!r} {unit}") == Compute(pytest.approx(convert_compute(number, unit, "FLOP")))


@quick
@given(rates)
def test_a_written_rate_is_read_back(rate):
    assert parse_quantity(format_rate(rate, digits=17)).flop_per_second == pytest.approx(rate)


typed_units = st.text("FLOPSMACGTPhours/s-dy \x00é²٣", max_size=12) | st.text(max_size=6)


@quick
@given(st.sampled_from(["", "1", "2.5e3 ", "1,000", "3 M "]), typed_units)
def test_any_text_is_read_as_a_positive_quantity_or_refused_in_words(number, unit):
    text = number + unit
    try:
        quantity = parse_quantity(text)
    except ValueError as error:
        refusal = str(error)
    else:
        refusal = ""
        assert isinstance(quantity, (Compute, Rate, GpuHours))
        assert 0 < next(iter(vars(quantity).values())) < math.inf
    assert not refusal or refusal.startswith(f"quantity {text!r} ")


def test_the_laptop_s_assumed_rate_is_a_quarter_of_what_four_common_cores_advertise():
    cores, cycles, units_per_core, lanes, flop_per_multiply_add = 4, 3e9, 2, 8, 2
    advertised = cores * cycles * units_per_core * lanes * flop_per_multiply_add
    assert advertised == 3.84e11
    assert LAPTOP_FLOP_PER_SECOND / advertised == pytest.approx(0.25, abs=0.02)


def test_whole_numbers_beyond_64_bits_are_numbers_too():
    assert gpu_hours(3 * 10**23, 10**15) == gpu_hours(3e23, 1e15)
    assert convert_compute([2**70, 1], "FLOP", "FLOP").tolist() == [float(2**70), 1.0]
    with pytest.raises(TypeError, match="flop must be"):
        gpu_hours([2**70, "1"], 1e15)
