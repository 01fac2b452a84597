"""What lesson 5 asks before it shows: number formats, slides S6 to S8."""

from __future__ import annotations

import math

import numpy as np

from course_lib.number_formats import (
    BF16,
    FORMATS,
    FP8_E4M3,
    FP16,
    FP32,
    INT8,
    FloatFormat,
    carry,
    decode,
    encode,
    fields,
    neighbours,
    parse_bits,
)
from course_lib.predictions.prediction import Known, Prediction, prediction
from course_lib.tiny_transformer.format_runs import Recipe, format_runs

FP16_BITS = "fp16 | 2 | 1 + 5 + 10"
BF16_BITS = "bf16 | 2 | 1 + 8 + 7"


@prediction("5a")
def reach_of_bf16() -> Prediction:
    """Two formats of one width, and a range that differs beyond any guess."""
    return Prediction(
        asks="fp16 and bf16 both take 16 bits. How many times as far as fp16's largest number does bf16's reach?",
        options={"1: both have 16 bits": 1.0, "8: it has three exponent bits more": 8.0, "10³⁰ and more": 1e33},
        truth=BF16.largest / FP16.largest,
        facts={
            "few": Known(5, FP16_BITS),
            "many": Known(8, BF16_BITS),
            "power": Known(16, "the numbers end near $2^{16}$"),
            "rule": Known(lambda power, more: power * 2**more, "each bit more squares that"),
        },
        reason=lambda few, many, power, rule: 2.0 ** (rule(power, many - few) - power),
        shown=("5e+33",),
    )


@prediction("5b")
def too_large_for_fp16() -> Prediction:
    """A sum beyond fp16's end."""
    stored = carry("70000", FP16).value
    return Prediction(
        asks="A sum of 70,000 is stored in fp16. What do you read back?",
        options={
            "65,504, its largest number": "the largest",
            "Infinity": "infinity",
            "A number near 70,000": "near",
        },
        truth="infinity" if math.isinf(stored) else "the largest" if stored == FP16.largest else "near",
        facts={
            "wanted": Known(70_000, "A sum of 70,000"),
            "largest": Known(65_504, "fp16 65504"),
            "rule": Known(
                lambda wanted, end: "infinity" if wanted > end else "near", "Too large a number becomes infinity"
            ),
        },
        reason=lambda wanted, largest, rule: rule(wanted, largest),
        shown=("70000 in fp16: inf",),
    )


@prediction("5c")
def a_thousand_ones() -> Prediction:
    """A sum that stops where its step has become 2."""
    total = 0.0
    for _ in range(1000):
        total = float(decode(encode(total + 1, BF16), BF16))
    return Prediction(
        asks="Start at 0 and add 1 in bf16, a thousand times. Where do you end?",
        options={"At 1,000": 1000, "Near 1,000: at 996": 996, "At 512": 512, "At 256": 256},
        truth=total,
        facts={
            "steps": Known(128, "128 steps in bf16"),
            "doubling": Known(lambda steps, step: steps * step, "the step doubles at each power of two"),
            "tie": Known(lambda power_of_two: power_of_two, "a tie goes to the even pattern"),
        },
        reason=lambda steps, doubling, tie: tie(doubling(steps, 2)),
        shown=("256.0",),
    )


@prediction("5d")
def all_ones_in_int8() -> Prediction:
    """Two's complement, where sign and magnitude are expected."""
    return Prediction(
        asks="Which integer is the int8 pattern 11111111?",
        options={"-127": -127, "-1": -1, "255": 255, "-0": 0},
        truth=int(decode(0b11111111, INT8)),
        facts={
            "first": Known((-128,), "The first bit counts -128"),
            "others": Known(127, "all seven together 127"),
        },
        reason=lambda first, others: first[0] + others,
        shown=("11111111: -1",),
    )


@prediction("5e")
def weights_in_int8() -> Prediction:
    """Weights below half a step."""
    largest = carry("0.4", INT8).value
    return Prediction(
        asks="A model's weights lie between -0.4 and 0.4. You store them in int8, with nothing else. What is left?",
        options={
            "Of each, one digit": "a digit",
            "Of each, its sign": "the sign",
            "Nothing: each becomes 0": "nothing",
        },
        truth="nothing" if largest == 0 else "a digit",
        facts={
            "largest": Known(0.4, "-0.4 and 0.4"),
            "step": Known(1, "its step is 1 everywhere"),
            "rule": Known(
                lambda size, step: "nothing" if size < step / 2 else "a digit", "is rounded to the nearer one"
            ),
        },
        reason=lambda largest, step, rule: rule(largest, step),
        shown=("0.1: 0 underflow",),
    )


@prediction("5f")
def who_stores_1001() -> Prediction:
    """Range and precision together, in the slide's four formats."""
    slide = ("fp32", "fp16", "bf16", "int8")

    def exact(steps: dict[str, int], largest_integer: int) -> tuple[str, ...]:
        floats = tuple(name for name, count in steps.items() if 1001 % (512 / count) == 0)
        return floats + (("int8",) if largest_integer >= 1001 else ())

    return Prediction(
        asks="1,001 lies between 512 and 1,024. Which of the slide's four formats store it exactly?",
        options={
            "fp32 only": ("fp32",),
            "fp32, fp16 and bf16": ("fp32", "fp16", "bf16"),
            "All four": slide,
            "fp32 and fp16": ("fp32", "fp16"),
        },
        truth=tuple(name for name in slide if carry("1001", FORMATS[name]).outcome == "exact"),
        facts={
            "fp32": Known(23, "fp32 | 4 | 1 + 8 + 23"),
            "fp16": Known(10, FP16_BITS),
            "bf16": Known(7, BF16_BITS),
            "largest": Known(127, "integer from -128 to 127"),
            "rule": Known(lambda bits: 2**bits, "the same number of steps, two to the power of its significand bits"),
        },
        reason=lambda fp32, fp16, bf16, largest, rule: exact(
            {"fp32": rule(fp32), "fp16": rule(fp16), "bf16": rule(bf16)}, largest
        ),
        shown=("fp32 and fp16; in bf16",),
    )


@prediction("5g")
def pi_by_hand() -> Prediction:
    """The slide's fp16 line, read by hand."""
    return Prediction(
        asks="Read the slide's FP16 line by hand. 10000 is 16, and 1001001000 is 584 of 1,024. What is the value?",
        options={"1.140625": 1.140625, "3.140625": 3.140625, "3.141": 3.141, "102,912": 102_912},
        truth=float(decode(parse_bits("0 10000 1001001000", FP16), FP16)),
        facts={
            "e": Known(16, "10000 is 16"),
            "bias": Known(15, "15 in fp16"),
            "m": Known(584, "584 of 1,024"),
            "whole": Known(1024, "584 of 1,024"),
            "rule": Known(lambda power, share: 2.0**power * (1 + share), "2^{e-bias} \\cdot 1.m"),
        },
        reason=lambda e, bias, m, whole, rule: rule(e - bias, m / whole),
        shown=("3.140625",),
    )


@prediction("5h")
def the_slides_fp32_line() -> Prediction:
    """The digits of the slide's significand, counted."""
    digits = "100100100000111111011011"
    try:
        parse_bits(f"0 10000000 {digits}", FP32)
        said = "it fits"
    except ValueError as error:
        said = "one too many" if "1 too many" in str(error) else "one too few"
    return Prediction(
        asks="Now the FP32 line: 0 10000000 100100100000111111011011. What does the decoder say?",
        options={
            "It refuses: a digit too many": "one too many",
            "3.1415927": "it fits",
            "It refuses: a digit too few": "one too few",
        },
        truth=said,
        facts={
            "digits": Known(digits, digits),
            "width": Known(23, "significand (23 bits)"),
        },
        reason=lambda digits, width: {0: "it fits", 1: "one too many", -1: "one too few"}[len(digits) - width],
        shown=("significand has 24 digits, 1 too many",),
    )


@prediction("5i")
def exponent_of_a_tenth() -> Prediction:
    """The exponent field of a number below 1."""
    return Prediction(
        asks="Which integer is in the exponent field of 0.1 in fp32?",
        options={"4": 4, "123": 123, "127": 127, "131": 131},
        truth=int(fields(encode(0.1, FP32), FP32).exponent),
        facts={
            "below": Known(0.0625, "2^{-4} = 0.0625"),
            "bias": Known(127, "127 in fp32"),
            "rule": Known(lambda power, bias: power + bias, "is too large by the **bias**"),
        },
        reason=lambda below, bias, rule: rule(round(math.log2(below)), bias),
        shown=("e = 123",),
    )


@prediction("5j")
def the_last_digit_of_pi() -> Prediction:
    """The next number above fp16's pi, held against pi."""
    near = encode(math.pi, FP16)
    above = float(decode(neighbours(near, FP16).above, FP16))

    def compare(value: float, other: float) -> str:
        change = abs(other - math.pi) - abs(value - math.pi)
        return "away" if change > 0 else "closer"

    return Prediction(
        asks="The last digit of fp16's π is changed from 0 to 1. Is the value now closer to π = 3.14159265?",
        options={"Further away": "away", "Closer": "closer", "As far as before": "the same"},
        truth=compare(float(decode(near, FP16)), above),
        facts={
            "value": Known(3.140625, "2 \\times 1.5703125 = 3.140625"),
            "whole": Known(1024, "1 + 584/1024"),
            "pi": Known(3.14159265, "π = 3.14159265"),
        },
        reason=lambda value, whole, pi: "away" if abs(value + 2 / whole - pi) > abs(value - pi) else "closer",
        shown=("3.142578",),
    )


@prediction("5k")
def what_the_formula_never_gives() -> Prediction:
    """The number without which no format can do, and that 1.m never gives."""
    sign, e, m, _, _ = fields(np.arange(2**16), FP16)
    given = (-1.0) ** sign * 2.0 ** (e - FP16.bias) * (1 + m / 2**FP16.significand_bits)
    options = {"1": 1.0, "-2": -2.0, "0": 0.0, "None: it gives all three": "none"}
    return Prediction(
        asks="Which of these numbers does the formula give for no pattern at all?",
        options=options,
        truth=next((value for value in options.values() if value not in given), "none"),
        facts={"hidden": Known(1, "a 1 that is not stored")},
        reason=lambda hidden: 0.0 if hidden > 0 else "none",
        shown=("'zero': 2",),
    )


@prediction("5l")
def patterns_of_the_formula() -> Prediction:
    """How many patterns are left when two of the exponent fields are kept."""
    return Prediction(
        asks="For how many of fp16's 65,536 patterns does the formula hold?",
        options={"65,534": 65_534, "32,768": 32_768, "61,440": 61_440},
        truth=int(np.count_nonzero(fields(np.arange(2**16), FP16).kind == "normal")),
        facts={
            "patterns": Known(65_536, "65,536 patterns"),
            "bits": Known(5, FP16_BITS),
            "kept": Known(2, "keeps 2 of the exponent fields"),
        },
        reason=lambda patterns, bits, kept: patterns * (2**bits - kept) / 2**bits,
        shown=("61440",),
    )


@prediction("5m")
def closer_to_zero() -> Prediction:
    """What the subnormal numbers gain."""
    return Prediction(
        asks="Without subnormal numbers the smallest fp16 number above 0 would be about 3.1e-5, or 2⁻¹⁵. "
        "The smallest subnormal number is how many times smaller?",
        unit="times",
        truth=2.0**-FP16.bias / FP16.smallest_subnormal,
        facts={
            "without": Known(3.1e-5, "about 3.1e-5"),
            "bias": Known(15, "15 in fp16"),
            "bits": Known(10, FP16_BITS),
            "rule": Known(lambda bias, bits: 2.0 ** (1 - bias) * 2.0**-bits, "2^{1-bias} \\cdot 0.m"),
        },
        reason=lambda without, bias, bits, rule: without / rule(bias, bits),
        shown=("512 times",),
    )


@prediction("5n")
def infinity_minus_infinity() -> Prediction:
    """A difference without one answer."""
    difference = float(decode(0x7C00, FP16)) - float(decode(0x7C00, FP16))
    return Prediction(
        asks="What is infinity - infinity?",
        options={"0": "0", "Infinity": "infinity", "NaN": "NaN", "-0": "-0"},
        truth="NaN" if math.isnan(difference) else "infinity" if math.isinf(difference) else "0",
        facts={
            "differences": Known(("1", "1,000"), "infinity + 1 and infinity + 1,000 are both infinity"),
            "rule": Known(
                lambda answers: answers[0] if len(answers) == 1 else "NaN", "An operation without one answer gives NaN"
            ),
        },
        reason=lambda differences, rule: rule(differences),
        shown=("infinity - infinity = nan",),
    )


@prediction("5o")
def too_large_for_e4m3() -> Prediction:
    """An overflow without an infinity."""
    stored = carry("500", FP8_E4M3).value
    return Prediction(
        asks="500 is converted to e4m3. What can it become?",
        options={
            "Infinity": "infinity",
            "512, the next power of two": "near",
            "NaN or 448, by the conversion's mode": "NaN or the largest",
        },
        truth="NaN or the largest" if math.isnan(stored) else "infinity" if math.isinf(stored) else "near",
        facts={
            "wanted": Known(500, "500 is converted"),
            "largest": Known(448, "It ends at 448"),
            "infinity": Known(False, "there is no infinity"),
        },
        reason=lambda wanted, largest, infinity: (
            "near" if wanted <= largest else "infinity" if infinity else "NaN or the largest"
        ),
        shown=("non-saturating: nan",),
    )


@prediction("5p")
def e4m3_by_the_rule() -> Prediction:
    """Where e4m3 would end if it followed IEEE 754."""
    return Prediction(
        asks="e4m3's bias is 7. Where would it end by this formula?",
        options={"At 240": 240, "At 448": 448, "At 480": 480, "At 128": 128},
        truth=FloatFormat("e4m3 by IEEE 754", 4, 3, bias=7).largest,
        facts={
            "exponent_bits": Known(4, "4 bits of exponent, 3 of significand"),
            "significand_bits": Known(3, "4 bits of exponent, 3 of significand"),
            "bias": Known(7, "bias is 7"),
            "top": Known(lambda bits: 2**bits - 2, "all ones but the last bit"),
            "rule": Known(
                lambda e, bias, bits: 2.0 ** (e - bias) * (2 - 2.0**-bits),
                "2^{e_{max} - bias} \\cdot (2 - 2^{-\\text{significand bits}})",
            ),
        },
        reason=lambda exponent_bits, significand_bits, bias, top, rule: rule(
            top(exponent_bits), bias, significand_bits
        ),
        shown=("240",),
    )


@prediction("5q")
def updates_lost_in_e4m3() -> Prediction:
    """The share of updates that are below half a step of the weights' format."""
    return Prediction(
        asks="The weights are stored in e4m3 after each step, rounded to the nearest. How many updates are lost?",
        options={"Hardly any": 0.001, "About half": 0.5, "Nearly all": 1.0},
        truth=float(format_runs()[Recipe("fp8 e4m3")].lost.mean()),
        facts={
            "step": Known(0.0078, "e4m3's step is 0.0078"),
            "rate": Known(0.001, "changes a weight by about 0.001 at most"),
            "rule": Known(lambda change, step: change < step / 2, "by less than half a step of the format"),
        },
        reason=lambda step, rate, rule: float(rule(rate, step)),
        shown=("99.8 % of updates lost",),
    )
