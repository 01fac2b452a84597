"""Set 5, number formats: slides S6, S7 and S8."""

from __future__ import annotations

import math
from collections.abc import Callable

from course_lib import catalog
from course_lib.number_formats import (
    BF16,
    FORMATS,
    FP8_E5M2,
    FP16,
    FP32,
    INT8,
    FloatFormat,
    bits,
    decode,
    encode,
    fields,
    spacing,
)
from course_lib.questions.kinds import Bits, Choice, Function, Number
from course_lib.questions.question import Badge, Fact, Pick, Wrong, question


def shape(fmt: FloatFormat) -> dict[str, Fact]:
    """Return what a question gives of a format."""
    return {
        "format": Fact(fmt.name, f"1 sign bit, {fmt.exponent_bits} exponent, {fmt.significand_bits} significand bits"),
        "exponent_bits": Fact(fmt.exponent_bits, "bits in the exponent field"),
        "significand_bits": Fact(fmt.significand_bits, "bits in the significand field"),
        "bias": Fact(fmt.bias, "taken off the exponent field of a normal number"),
    }


@question("5.1", "A file of weights", slides="S6", badge=Badge(difficulty=1, importance=3, minutes=3))
def parameters_in_a_file(pick: Pick) -> Number:
    """From the bytes of a published model's weights, and their format, back to the parameters."""
    name, format_name = pick(
        ("Llama 2 70B", "fp32"), ("Llama 3.1 405B", "bf16"), ("BLOOM 176B", "fp32"), ("GPT-3 175B", "fp16")
    )
    model, fmt = catalog.model(name), FORMATS[format_name]
    size = round(model.parameters * fmt.bits / 8 / 1e9, 1)
    right = size * 1e9 * 8 / fmt.bits
    other = Wrong(right * 2, "That takes two bytes a number, and single precision has more. What does the name count?")
    if fmt.bits == 16:
        other = Wrong(right / 2, "That takes four bytes a number: single precision. How wide is this format?")
    return Number(
        given={
            "size": Fact(size, f"GB, of 1e9 bytes: a model's weights and nothing else; {model.citation}"),
            "format": Fact(fmt.name, "of every weight"),
        },
        answer=right,
        tolerance=0.005,
        also={"billions": 1e-9, "millions": 1e-6},
        note="A format's name is its width in bits; from it a file's size says how many numbers it holds.",
        wrong=(
            Wrong(size * 1e9 / fmt.bits, "A file is counted in bytes, a format's name in bits. How many make a byte?"),
            other,
            Wrong(size * 1e9, "One byte a weight is int8, and this is another format."),
            Wrong(size * 1e9 * fmt.bits / 8, "That is more numbers than bytes: multiplied, where to divide."),
            Wrong(size * 2**30 * 8 / fmt.bits, "Those would be GiB; a GB is 1e9 bytes."),
        ),
    )


@question("5.2", "A format for small numbers", slides="S6 S8", badge=Badge(difficulty=2, importance=3, minutes=5))
def format_for_gradients(pick: Pick) -> Choice:
    """Choose by the exponent, where it is the range that is short."""
    smallest, largest = pick((2e-9, 0.03), (5e-10, 0.4), (1e-9, 0.02), (3e-10, 0.006))
    half = "fp16, because its significand is longer than bf16's."
    whole = "int8, because it has 256 codes and takes one byte."
    brain = "bf16, because its exponent has as many bits as fp32's."
    single = "fp32, because 16 bits cannot hold a number that small."
    eighth = "fp8 e5m2, because its exponent has as many bits as fp16's, in half the bytes."
    return Choice(
        given={
            "smallest": Fact(smallest, "the smallest size of a gradient in a tensor"),
            "largest": Fact(largest, "the largest size"),
        },
        order=(half, whole, brain, single, eighth),
        answer=brain,
        note="The exponent sets the range, the significand the precision; fp16 needs a loss scale to do this.",
        wrong=(
            Wrong(half, "It is the more precise one, and precision is not short here. Where does its range end below?"),
            Wrong(whole, "Without a scale, int8 holds whole numbers only. To what would each of these be rounded?"),
            Wrong(single, "It would hold them, in 4 bytes each. Is it a format's width that sets its range?"),
            Wrong(eighth, "Its 5 exponent bits give it fp16's range, or rather less. Where does that end below?"),
        ),
    )


@question("5.3", "Decode by hand", slides="S7 S8", badge=Badge(difficulty=1, importance=3, minutes=5))
def decode_by_hand(pick: Pick) -> Number:
    """A normal fp16 number from its three fields."""
    pattern = encode(pick(-21.0, -14.0, -0.15625, -75.0, -11.0), FP16)
    value, parts = float(decode(pattern, FP16)), fields(pattern, FP16)
    size, m = 2.0**parts.power, parts.significand
    return Number(
        given={
            "pattern": Fact(bits(pattern, FP16), "in fp16: sign, exponent, significand"),
            "bias": Fact(FP16.bias, "of fp16"),
        },
        answer=value,
        tolerance=0,
        note="Three fields, three factors: the sign, the power of two and 1.m.",
        wrong=(
            Wrong(-value, "The size is right. What does the first bit say?"),
            Wrong(value + size, "The hidden bit was forgotten: the slide's formula has 1.m, not 0.m."),
            Wrong(value * 2.0**FP16.bias, "The bias was not taken off the exponent field."),
            Wrong(value * 2.0 ** (15 - 127), "That bias is fp32's, as in the slide's second line; fp16 has its own."),
            Wrong(-size * m, "The significand was read as a whole number. Its digits stand behind a point."),
            Wrong(-size * (1 + m), "The 1 was added to a whole number: in 1.m the digits stand behind the point."),
            Wrong(-size * float(f"1.{m}"), "The field was put behind a decimal point; it has binary digits."),
            Wrong(
                value / size * 2 * parts.power,
                "That multiplies 2 by the power. It is 2 raised to the power: `**`, not `*`.",
            ),
            Wrong(-size, "The significand field was left out: that is the power of two alone."),
            Wrong(float(decode(pattern, BF16)), "That is the pattern read as bf16: its fields are cut elsewhere."),
        ),
    )


def decode_fp16(pattern: int) -> float:
    """Return the value of a finite fp16 pattern."""
    return float(decode(pattern, FP16))


def misread(read: Callable[[int, int, int], float]) -> Callable[[int], float]:
    """Return a decoder of fp16 from what it makes of sign, exponent and significand field."""
    return lambda pattern: float(read(pattern >> 15, (pattern >> 10) & 31, pattern & 1023))


def power_and_m(e: int, m: int) -> float:
    """Return the size that the fields of an fp16 pattern mean."""
    return 2.0 ** (max(e, 1) - 15) * ((e > 0) + m / 1024)


@question("5.4", "Write a decoder", slides="S8", badge=Badge(difficulty=3, importance=3, minutes=10))
def write_decode(pick: Pick) -> Function:
    """Every finite fp16 pattern, subnormals and zero with them."""
    return Function(
        name="decode_fp16",
        reference=decode_fp16,
        cases=((0x4248,), (0,), (1,), (0x03FF,), (0x0400,), (0xC248,), (0x8001,), (0x7BFF,)),
        generate=lambda rng: (int(rng.integers(0, 0x7C00)) + 0x8000 * int(rng.integers(0, 2)),),
        note="With infinity and the NaNs for the exponent 31, that is all of fp16.",
        wrong=(
            Wrong(
                misread(lambda s, e, m: (-1) ** s * 2.0 ** (e - 15) * (1 + m / 1024)),
                "Normal numbers are right. Where the exponent field is 0, the formula is another one.",
            ),
            Wrong(
                misread(lambda s, e, m: (-1) ** s * 2.0 ** (e - 15) * ((e > 0) + m / 1024)),
                "Where the exponent field is 0, the hidden bit is 0, but the power is that of the field 1.",
            ),
            Wrong(
                misread(lambda s, e, m: (-1) ** s * 2.0 ** (e - 15) * (m / 1024)),
                "The hidden bit was forgotten: a normal number has 1.m.",
            ),
            Wrong(
                misread(lambda s, e, m: (-1) ** s * 2.0 ** (max(e, 1) - 15) * (m / 1024)),
                "That reads every number as a subnormal one, with 0.m.",
            ),
            Wrong(
                misread(lambda s, e, m: (-1) ** s * power_and_m(e, m) * 2.0**15),
                "The bias was not taken off the exponent field.",
            ),
            Wrong(
                misread(lambda s, e, m: (-1) ** s * power_and_m(e, m) * 2.0 ** (15 - 127)),
                "The bias 127 belongs to fp32 and bf16; fp16 has 5 exponent bits.",
            ),
            Wrong(
                misread(lambda s, e, m: power_and_m(e, m)),
                "The sign bit is ignored: half of all patterns are below zero.",
            ),
            Wrong(
                misread(lambda s, e, m: (-1) ** s * 2.0 ** (max(e, 1) - 15) * ((e > 0) + m)),
                "The significand was read as a whole number: divide it by what one more than its largest value is.",
            ),
            Wrong(
                lambda pattern: float(decode(pattern, BF16)),
                "Those are bf16's fields, with 8 exponent bits: fp16 is cut elsewhere.",
            ),
        ),
    )


@question("5.5", "Encode by hand", slides="S7 S8", badge=Badge(difficulty=2, importance=3, minutes=8))
def encode_by_hand(pick: Pick) -> Bits:
    """The nearest fp16 pattern of a number that no format holds exactly."""
    value = pick(-0.3, -0.7, -5.3, -2.4, -0.15)
    pattern = int(encode(value, FP16))
    parts = fields(pattern, FP16)
    head, power, m = pattern & 0xFC00, int(parts.power), int(parts.significand)
    lost_sign: tuple[Wrong, ...] = ()
    if power < 0:
        hint = "The power is below zero, and the bias was forgotten: the field holds the two added up."
        lost_sign = (Wrong(0x8000 | -power << 10 | m, hint),)
    return Bits(
        given={
            "value": Fact(value, "to be stored in fp16"),
            "bias": Fact(FP16.bias, "of fp16, with 5 exponent and 10 significand bits"),
        },
        answer=pattern,
        width=16,
        note=f"What is stored is {float(decode(pattern, FP16)):.10g}: the nearest that there is.",
        wrong=(
            Wrong(pattern - 1, "The last digit was cut off. A format takes the nearest number, not the next to zero."),
            Wrong(pattern ^ 0x8000, "Only the first bit is wrong: what sign has the number?"),
            Wrong(
                0x8000 | (power & 31) << 10 | m, "The exponent was stored as it is; the field holds it plus the bias."
            ),
            Wrong(
                head | (1024 + m) >> 1,
                "The 1 before the point was stored too. It is the hidden bit, and takes no room.",
            ),
            Wrong(pattern + 0x400, "The exponent is one too large: the power of two must leave a factor from 1 to 2."),
            Wrong(
                0x8000 | (FP16.bias - power) << 10 | m,
                "The power was taken off the bias. Its sign matters: the field holds the bias plus the power.",
            ),
            *lost_sign,
            Wrong(int(encode(value, BF16)), "That is bf16, with 8 exponent and 7 significand bits."),
            Wrong(0x10000 - (pattern & 0x7FFF), "Two's complement is how integers do it. A float has a sign bit."),
        ),
    )


@question("5.6", "The largest number", slides="S6 S8", badge=Badge(difficulty=2, importance=3, minutes=5))
def largest_number(pick: Pick) -> Number:
    """The largest finite number, one exponent below infinity's."""
    fmt = pick(BF16, FP8_E5M2, FP16)
    right, top = fmt.largest, 2.0 ** (2**fmt.exponent_bits - 2 - fmt.bias)
    other_bias = 15 if fmt.bias == 127 else 127
    others = tuple(
        Wrong(other.largest, f"That is {other.name}'s. It has {other.significand_bits} bits of significand.")
        for other in (FP32, FP16, BF16)
        if other is not fmt
    )
    return Number(
        given=shape(fmt),
        answer=right,
        tolerance=0,
        note=f"The step below it is {float(spacing(fmt.largest_pattern, fmt)):.6g}. fp8 e4m3 has no infinity and "
        "one NaN, so it goes one exponent further, to 448.",
        wrong=(
            Wrong(right * 2, "Its exponent field is all ones, and that field is kept for infinity and the NaNs."),
            Wrong(top * 2, "That is where infinity begins. The largest number is one step below it: look at 1.m."),
            Wrong(top, "The power is right. Which significand field makes 1.m as large as it can be?"),
            Wrong(right - top, "The hidden bit was forgotten: the formula has 1.m."),
            Wrong(right * 2.0**fmt.bias, "The bias was not taken off the exponent field."),
            Wrong(right * 2.0 ** (fmt.bias - other_bias), f"The bias {other_bias} is that of another format."),
            Wrong(2.0 ** (fmt.bits - 1) - 1, "That is the largest integer of this width, in two's complement."),
            *others,
        ),
    )


@question("5.7", "The smallest number above zero", slides="S8", badge=Badge(difficulty=2, importance=2, minutes=5))
def smallest_number(pick: Pick) -> Number:
    """The smallest subnormal, below which everything is rounded to zero."""
    fmt = pick(FP8_E5M2, FP16, BF16)
    right = fmt.smallest_subnormal
    other_bias = 15 if fmt.bias == 127 else 127
    return Number(
        given=shape(fmt),
        answer=right,
        tolerance=0.01,
        note="A gradient below half of it is stored as 0. With 5 exponent bits that happens: hence loss scaling.",
        wrong=(
            Wrong(fmt.smallest_normal, "That is the smallest normal number. Below it the exponent field is 0."),
            Wrong(right / 2, "The exponent field 0 does not mean 2^(0 - bias): its power is that of the field 1."),
            Wrong(
                2.0**-fmt.bias * (1 + fmt.epsilon),
                "That reads the pattern 0...01 as a normal number; with the exponent field 0 there is no hidden 1.",
            ),
            Wrong(fmt.epsilon, "That is the step at 1. Towards 0 the steps are smaller: look at the exponent field."),
            Wrong(
                right * 2.0 ** (fmt.bias - other_bias), f"The bias {other_bias} is another format's; the table has it."
            ),
            Wrong(1 / right, "The power has the wrong sign: that number is far above 1."),
            Wrong(-fmt.largest, "That is the number furthest below zero. Asked is the one next to it, above."),
        ),
    )


@question(
    "5.8", "Find the error", slides="S7 S8", badge=Badge(difficulty=2, importance=2, minutes=5), kind="find the error"
)
def find_the_error(pick: Pick) -> Choice:
    """A subnormal number decoded in lines, one of which treats it as a normal one."""
    fmt, m, mistake = pick((FP16, 384, "power"), (BF16, 80, "factor"), (FP8_E5M2, 3, "power"), (FP16, 640, "factor"))
    whole, pattern = 2**fmt.significand_bits, m + 2 ** (fmt.bits - 1)
    digits, field = f"{m:0{fmt.significand_bits}b}", "0" * fmt.exponent_bits
    sign = "The sign field is 1, so the number is negative."
    power = f"The exponent field is {field}, so the power is 2^(1 - {fmt.bias})."
    factor = f"The significand field is {digits}, {m} of {whole}, so the factor is {m / whole:g}."
    wrong_power = f"The exponent field is {field}, so the power is 2^(0 - {fmt.bias})."
    wrong_factor = f"The significand field is {digits}, {m} of {whole}, so the factor is {1 + m / whole:g}."
    wrong, other = (wrong_power, factor) if mistake == "power" else (wrong_factor, power)
    last = f"The pattern stands for {float(decode(pattern, fmt)):.6g}."
    nothing = "Every line is right."
    return Choice(
        given={
            "format": Fact(
                fmt.name, f"{fmt.bits} bits, {fmt.exponent_bits} of exponent, {fmt.significand_bits} of significand"
            ),
            "bias": Fact(fmt.bias, f"of {fmt.name}"),
            "pattern": Fact(bits(pattern, fmt), "sign, exponent, significand"),
        },
        order=(sign, wrong, other, last, nothing),
        answer=wrong,
        note="The last line is right all the same: a right value does not prove the way to it.",
        wrong=(
            Wrong(sign, "That line holds: (-1)^1 is -1."),
            Wrong(other, "That line is as the lesson's table of exponent fields has it."),
            Wrong(last, "That line holds: it is what the decoder says of this pattern."),
            Wrong(nothing, "Hold each field against the lesson's table: what kind of number is it?"),
        ),
    )


LEARNING_RATES = {
    "GPT-3 175B": (6e-5, "Brown et al. 2020, Table 2.1"),
    "LLaMA 65B": (1.5e-4, "Touvron et al. 2023a, Table 2"),
    "Llama 3.1 405B": (8e-5, "Llama Team 2024, Table 3"),
}
"""The peak learning rate of published runs."""


@question(
    "5.9",
    "A step that is lost",
    slides="S6 S8",
    badge=Badge(difficulty=3, importance=3, minutes=8),
    kind="estimate",
)
def lost_step(pick: Pick) -> Number:
    """Half the spacing of bf16 at a weight, held against a published learning rate."""
    name, weight = pick(("GPT-3 175B", 0.2), ("LLaMA 65B", 0.1), ("Llama 3.1 405B", 0.03), ("LLaMA 65B", 0.05))
    rate, source = LEARNING_RATES[name]
    step = float(spacing(encode(weight, BF16), BF16))
    kept = "so such a step still counts, and a tenth of it does not" if rate > step / 2 else "so such a step is lost"
    return Number(
        given={
            "model": Fact(name),
            "learning_rate": Fact(rate, f"at its peak, {source}: about the size of Adam's step"),
            "weight": Fact(weight, "a weight in bf16, about"),
            "significand_bits": Fact(BF16.significand_bits, "of bf16"),
        },
        answer=step / 2,
        tolerance=0.01,
        note=f"The learning rate is {2 * rate / step:.2f} times that, {kept}. "
        "Hence a master copy in fp32, or stochastic rounding.",
        wrong=(
            Wrong(
                step,
                "That is the whole step to the next number, or half of one at the power of two above the weight. From "
                "where on is a sum rounded up?",
            ),
            Wrong(step / 4, "Half of it: the 7 bits are those after the point, and the hidden bit is not one of them."),
            Wrong(BF16.epsilon, "That is the step at 1. This weight is smaller, and so is the step at it."),
            Wrong(BF16.epsilon / 2, "That is half the step at 1; at this weight the steps are finer."),
            Wrong(
                weight * BF16.epsilon / 2, "The step does not follow the weight itself, but the power of two below it."
            ),
            Wrong(weight * BF16.epsilon, "Take the power of two below the weight, and then half of the step."),
            Wrong(step / 16, "That is fp16's precision: it has ten bits after the point."),
            Wrong(rate, "That is the step that Adam wants to take. From which size on does bf16 keep it?"),
        ),
    )


@question("5.10", "A pattern of int8", slides="S6", badge=Badge(difficulty=1, importance=2, minutes=3))
def pattern_of_int8(pick: Pick) -> Number:
    """A negative integer in two's complement."""
    value = pick(-100, -3, -37, -120, -90)
    pattern, m = int(encode(value, INT8)), int(encode(value, INT8)) - 128
    return Number(
        given={"pattern": Fact(f"{pattern:08b}", "in int8, two's complement")},
        answer=float(value),
        tolerance=0,
        note="The first bit counts -128, and nothing else of int8 is below zero.",
        wrong=(
            Wrong(-m, "That is sign and magnitude, as in a float. In two's complement the first bit has a weight."),
            Wrong(pattern, "That is an integer without a sign, from 0 to 255. What does the first bit count in int8?"),
            Wrong(m, "The first bit was left out, or read as a plus. It has a weight of its own."),
            Wrong(-value, "The size is right. On which side of zero is the weight of the first bit?"),
            Wrong(value + 1, "Turning every digit round and putting a minus before it is one off. Add up the weights."),
        ),
    )


@question("5.11", "A loss scale", slides="S8", badge=Badge(difficulty=3, importance=2, minutes=6))
def loss_scale(pick: Pick) -> Number:
    """The smallest power of two that lifts a gradient above half of the smallest subnormal."""
    fmt, gradient = pick((FP16, 1e-9), (FP8_E5M2, 2e-8), (FP16, 3e-10), (FP8_E5M2, 6e-7), (FP16, 3e-9))
    half = fmt.smallest_subnormal / 2

    def above(limit: float) -> float:
        return 2.0 ** math.ceil(math.log2(limit / gradient))

    right = above(half)
    return Number(
        given=shape(fmt) | {"gradient": Fact(gradient, "a gradient, rounded to the nearest when it is stored")},
        answer=right,
        tolerance=0,
        note="It is not 0, and no more than that: one step, whatever it was. Scales in use are larger, such as 1,024.",
        wrong=(
            Wrong(above(2 * half), "From half a step on a number is rounded up. So it need not reach the whole step."),
            Wrong(right / 2, "With that it is still nearer to 0 than to the smallest number above 0."),
            Wrong(1 / right, "That is what the stored gradient is multiplied by afterwards. Before, it has to grow."),
            Wrong(half / gradient, "The ratio is right. Asked is a power of two: it changes no digit of the others."),
            Wrong(math.ceil(half / gradient), "That is enough, but no power of two. Which is the next one?"),
            Wrong(
                2 * half / gradient,
                "That takes it to the whole step, and is no power of two. Half a step is enough.",
            ),
            Wrong(
                math.ceil(2 * half / gradient),
                "That takes it to the whole step, rounded up, and is no power of two. Half a step is enough.",
            ),
            Wrong(math.log2(right), "That is the power of two, an exponent. The scale is 2 raised to it."),
            Wrong(
                math.log2(above(2 * half)),
                "That is an exponent, and one too many: half a step is enough. The scale is 2 raised to it.",
            ),
            Wrong(gradient * right, "That is the gradient after scaling. By which number did you multiply?"),
            Wrong(
                fmt.smallest_normal / gradient,
                "That takes it to the smallest normal number. Below it there are others, the subnormal ones.",
            ),
            Wrong(above(fmt.smallest_normal), "Below the smallest normal number there are others, the subnormal ones."),
            Wrong(
                above(fmt.smallest_normal / 2),
                "Half a step at the smallest normal number is much less than half of it.",
            ),
            Wrong(above(fmt.epsilon), "That is the step at 1. Next to 0 the steps are much smaller."),
            Wrong(above(fmt.epsilon / 2), "That is half the step at 1. Next to 0 the steps are much smaller."),
        ),
    )
