"""Set 6, quantization: slides S9 and S10."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib import catalog
from course_lib.quantization import (
    absmax_quantize,
    example_tensor,
    int8_matmul,
    quantization_error,
    stored_bytes,
    with_outlier,
    zeropoint_quantize,
)
from course_lib.questions.kinds import Choice, Function, Number, Vector
from course_lib.questions.question import Badge, Fact, Pick, Wrong, named, question
from course_lib.tiny_transformer import TINY, initial_parameters
from course_lib.units import format_count

GB, GIB = 1e9, 2**30
BLOCK, BLOCKS_OF_BLOCKS = 64, 256


def away(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round halves away from zero, as schools teach it."""
    return np.sign(x) * np.floor(np.abs(x) + 0.5)


def half_range(X: NDArray[Any]) -> Any:
    """Return max|X|."""
    return np.max(np.abs(X))


def span(X: NDArray[Any]) -> Any:
    """Return max(X) - min(X)."""
    return np.max(X) - np.min(X)


@question("6.1", "Absmax by hand", slides="S9", badge=Badge(difficulty=1, importance=3, minutes=5))
def absmax_by_hand(pick: Pick) -> Vector:
    """Four numbers to codes, two of them half-way between two codes."""
    X = pick(
        [-63.5, 0.4, -10.25, 40.25],
        [-31.75, 6.7, -1.125, 20.125],
        [22.25, -63.5, 0.9, -8.25],
        [-254.0, 169.0, 61.6, -33.0],
        [15.125, 5.2, -31.75, -10.625],
    )
    x = np.array(X)
    factor = 127 / half_range(x)
    codes = absmax_quantize(X).values.astype(int)
    return Vector(
        given={"X": Fact(X, "four numbers in fp32")},
        answer=codes.tolist(),
        unit="whole codes of int8",
        tolerance=0,
        note="Two of them lay half-way between two codes; `round` takes the even one.",
        wrong=(
            Wrong(away(factor * x), "Nearly: `round` takes a half to the even neighbour, not away from zero."),
            Wrong(np.floor(factor * x + 0.5), "Nearly: these halves all go up. `round` takes the even neighbour."),
            Wrong(np.trunc(factor * x), "The fractions were cut off, towards zero. The formula rounds."),
            Wrong(np.floor(factor * x), "Each was rounded down. The formula rounds to the nearest code."),
            Wrong(np.abs(codes), "The signs are lost: only the size that sets the scale is taken without its sign."),
            Wrong(
                np.where(codes < 0, codes + 256, codes),
                "Those are the bits read as numbers from 0 to 255. int8 is two's complement: its first bit is -128.",
            ),
            Wrong(
                np.where(codes < 0, 128 - codes, codes),
                "That sets a sign bit before the size, and reads all as one number. Give each code with its sign; and "
                "int8 has no such bit, it is two's complement.",
            ),
            Wrong(np.round(x / factor), "The scale is upside down: max / 127 was taken for 127 / max."),
            Wrong(np.round(128 / half_range(x) * x), "That divides 128 by the maximum. Which codes does absmax use?"),
            Wrong(
                np.round(127 / span(x) * x), "That divides by the range, max - min. Absmax divides by the largest size."
            ),
            Wrong(np.round(127 / np.max(x) * x), "Codes beyond int8: the maximum is one of sizes, signs left aside."),
            Wrong(zeropoint_quantize(X).values, "Those are the codes of the zero-point method."),
            Wrong(factor * x, "Those are not whole numbers yet: what does the formula do last?"),
            Wrong(
                absmax_quantize(X).dequantize(), "Those are the real numbers that come back; the codes are asked for."
            ),
        ),
    )


@question("6.2", "Write absmax", slides="S9", badge=Badge(difficulty=2, importance=3, minutes=6))
def write_absmax(pick: Pick) -> Function:
    """The codes of absmax."""

    def codes(X: NDArray[Any], factor: Any) -> NDArray[Any]:
        return np.clip(np.round(factor * X), -128, 127)

    return Function(
        name="absmax_codes",
        reference=lambda X: absmax_quantize(X).values,
        cases=(
            (np.array([-63.5, 0.4, 10.25, 40.25]),),
            (np.array([-3.0, 0.1, 3.2]),),
            (np.array([0.0, 0.25, 1.0]),),
            (np.array([-5.0, -1.0]),),
        ),
        generate=lambda rng: (rng.normal(scale=10.0 ** rng.integers(-3, 4), size=int(rng.integers(2, 7))),),
        note="It holds for any data that are not all 0, where the formula divides by 0.",
        wrong=(
            Wrong(lambda X: np.trunc(127 / half_range(X) * X), "The codes are cut off towards zero, not rounded."),
            Wrong(
                lambda X: away(127 / half_range(X) * X),
                "Halves go away from zero here. As `np.round` does, they should go to the even neighbour.",
            ),
            Wrong(lambda X: codes(X, half_range(X) / 127), "The scale is upside down: max / 127 for 127 / max."),
            Wrong(lambda X: codes(X, 127 / np.max(X)), "The maximum is taken with signs. Which size is the largest?"),
            Wrong(lambda X: np.round(127 / np.max(X) * X), "The maximum is one of sizes: some codes do not fit int8."),
            Wrong(lambda X: np.round(127 / abs(np.max(X)) * X), "Take the size before the maximum, not after it."),
            Wrong(lambda X: codes(X, 127 / span(X)), "That divides by the range; absmax divides by the largest size."),
            Wrong(lambda X: np.floor(127 / half_range(X) * X), "Each is rounded down, not to the nearest code."),
            Wrong(lambda X: 127 / half_range(X) * X, "Those are not whole numbers yet: what does the formula do last?"),
            Wrong(lambda X: codes(X, 128 / half_range(X)), "That uses the code -128, which absmax leaves alone."),
            Wrong(
                lambda X: np.round(128 / half_range(X) * X).astype(int).astype(np.int8),
                "With 128 steps the largest number gets a code that int8 has not, and turns negative.",
            ),
            Wrong(lambda X: zeropoint_quantize(X).values, "That is the zero-point method: in absmax, 0 has code 0."),
            Wrong(lambda X: absmax_quantize(X).dequantize(), "Those are real numbers again. Return the codes."),
        ),
    )


@question("6.3", "The way back", slides="S9", badge=Badge(difficulty=1, importance=3, minutes=4))
def way_back(pick: Pick) -> Vector:
    """Codes of the zero-point method to real numbers."""
    X = pick(
        [-1.0, 0.25, 2.0, 4.1],
        [-0.5, 0.1, 1.3, 2.05],
        [-2.0, -0.3, 5.0, 8.2],
        [-30.0, 4.0, 41.0, 72.0],
        [-0.2, 0.05, 0.6, 0.82],
    )
    q = zeropoint_quantize(X)
    codes = q.values.astype(float)
    return Vector(
        given={
            "codes": Fact(q.values.tolist(), "stored as int8"),
            "zero_point": Fact(q.zero_point, "the code that stands for 0"),
            "step": Fact(float(q.scale), "the real size of one step between codes"),
        },
        answer=q.dequantize().round(12).tolist(),
        tolerance=0.001,
        note=f"They were {', '.join(map(str, X))} before: none is off by more than half a step.",
        wrong=(
            Wrong(codes * q.scale, "The zero-point was not taken off on the way back."),
            Wrong((codes + q.zero_point) * q.scale, "The zero-point has the wrong sign: its own code must become 0."),
            Wrong(codes * q.scale - q.zero_point, "The zero-point is a code, not a real number: take it off earlier."),
            Wrong((codes - q.zero_point) / q.scale, "That divides by the step; a step is worth that much, each."),
            Wrong(codes - q.zero_point, "Those are steps from 0. How much is one of them worth?"),
            Wrong((codes + 128) * q.scale, "That counts from the lowest code. Which code stands for 0?"),
            Wrong((q.zero_point - codes) * q.scale, "All signs are turned round: code and zero-point changed places."),
        ),
    )


def shifted(X: NDArray[Any], steps: int = 255, lowest: int = -128, sign: int = -1) -> tuple[Any, float]:
    """Return round(steps / (max - min) x X + zeropoint), not clipped, and the zero-point."""
    factor = steps / span(X)
    zero = sign * np.round(factor * np.min(X)) + lowest
    return np.round(factor * X + zero), zero


def clipped(codes: Any, zero: float) -> tuple[Any, float]:
    """Return the codes within int8, and the zero-point."""
    return np.clip(codes, -128, 127), zero


def stretched(X: NDArray[Any]) -> tuple[Any, float]:
    """Return codes and zero-point as a framework does whose zero-point must be a code: over a range that holds 0."""
    q = zeropoint_quantize(np.append(X, 0.0))
    return q.values[:-1], q.zero_point


@question("6.4", "Write zero-point", slides="S9", badge=Badge(difficulty=3, importance=3, minutes=9))
def write_zeropoint(pick: Pick) -> Function:
    """The codes of the zero-point method, and the zero-point."""

    def zeropoint_codes(X: Any) -> tuple[Any, int]:
        q = zeropoint_quantize(X)
        return q.values, q.zero_point

    def cut_off(X: Any) -> tuple[Any, float]:
        factor, zero = 255 / span(X), shifted(X)[1]
        return clipped(np.trunc(factor * X + zero), zero)

    def unrounded(X: Any) -> tuple[Any, float]:
        factor = 255 / span(X)
        zero = -factor * np.min(X) - 128
        return clipped(np.round(factor * X + zero), zero)

    def upside_down(X: Any) -> tuple[Any, float]:
        factor = span(X) / 255
        zero = -np.round(factor * np.min(X)) - 128
        return clipped(np.round(factor * X + zero), zero)

    return Function(
        name="zeropoint_codes",
        reference=zeropoint_codes,
        cases=(
            (np.array([-3.0, 0.1, 3.2]),),
            (np.array([-127.5, 0.0, 127.5]),),
            (np.array([-32.0, 0.0, 16.2, 95.5]),),
            (np.array([0.0, 0.3, 2.0]),),
            (np.array([100.0, 101.7, 104.0]),),
        ),
        generate=lambda rng: (rng.normal(1, 1, size=int(rng.integers(3, 7))) * 10.0 ** rng.integers(-2, 3),),
        note="The smallest number has the code -128, the largest 127, or nearly: both roundings have a say.",
        wrong=(
            Wrong(lambda X: shifted(X), "The clip is missing: rounding can push a code to 128, and int8 ends before."),
            Wrong(
                lambda X: (shifted(X)[0].astype(int).astype(np.int8), shifted(X)[1]),
                "A code of 128 became -128 in int8: the largest number turned into the smallest. Clip before.",
            ),
            Wrong(
                stretched,
                "The range was stretched to hold 0, as a framework does whose zero-point must be a code. Slide S9 "
                "takes min and max as they are.",
            ),
            Wrong(
                lambda X: (zeropoint_quantize(X).values, np.clip(zeropoint_quantize(X).zero_point, -128, 127)),
                "The zero-point was clipped as well. It is stored beside the codes, and may lie outside int8.",
            ),
            Wrong(lambda X: clipped(*shifted(X, sign=1)), "The zero-point's sign is wrong in front of its `round`."),
            Wrong(lambda X: clipped(*shifted(X, steps=256)), "256 codes have one step fewer between them."),
            Wrong(
                lambda X: (np.clip(shifted(X, lowest=0)[0], 0, 255), shifted(X, lowest=0)[1]),
                "Those codes start at 0, as in uint8. Int8 starts lower.",
            ),
            Wrong(
                lambda X: clipped(np.round(255 / span(X) * X), shifted(X)[1]),
                "The zero-point is right, and it is not added to the codes.",
            ),
            Wrong(unrounded, "The zero-point is a code, too: round it before it is added."),
            Wrong(
                lambda X: zeropoint_codes(X)[::-1], "The order is turned round: the codes first, then the zero-point."
            ),
            Wrong(cut_off, "The codes are cut off towards zero, not rounded."),
            Wrong(upside_down, "The scale is upside down: it is 255 divided by the range."),
            Wrong(lambda X: (absmax_quantize(X).values, 0), "That is absmax; this method needs min and max."),
        ),
    )


def attention_weights(spread: float) -> NDArray[np.float32]:
    """Return rows of positive numbers with the sum 1, as a softmax leaves them."""
    powers = np.exp(spread * example_tensor("normal").astype(np.float64))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


@question("6.5", "A skewed tensor", slides="S9", badge=Badge(difficulty=1, importance=3, minutes=4))
def skewed_tensor(pick: Pick) -> Choice:
    """With how many bits zero-point does as well as absmax with 8, on numbers of one sign."""
    x = attention_weights(pick(1.0, 0.5, 2.0, 0.75, 1.5))
    by_absmax = quantization_error(x, absmax_quantize(x)).rmse
    by_zeropoint = {bits: quantization_error(x, zeropoint_quantize(x, bits)).rmse for bits in range(2, 9)}
    same = min(by_zeropoint, key=lambda bits: abs(np.log(by_zeropoint[bits] / by_absmax)))
    answer = f"{same} bits: absmax leaves half of its codes unused here, the negative ones, and that is one bit."
    half = "4 bits: absmax leaves half of its codes unused here, so that half of the bits would do."
    both = "6 bits: absmax gives one bit away for its sign, and the zero-point saves another one."
    equal = "8 bits: both methods have a byte a number, and the bits alone decide the error."
    more = "9 bits: each number needs one bit more, to say whether the zero-point was added."
    return Choice(
        given={
            "data": Fact("attention's weights", "4,096 numbers as a softmax leaves them, none below 0"),
            "smallest": Fact(float(x.min())),
            "largest": Fact(float(x.max())),
            "absmax_bits": Fact(8, "bits a number now, with one scale"),
        },
        order=(half, both, answer, equal, more),
        answer=answer,
        note=f"The RMSE is {by_absmax:.3g} by absmax in 8 bits, {by_zeropoint[same]:.3g} by zero-point in {same}.",
        wrong=(
            Wrong(half, "Half of the codes is not half of the bits: how many codes does one bit more or less make?"),
            Wrong(both, "The sign and the empty half are one and the same loss. Count it once."),
            Wrong(equal, "The bits say how many codes there are; the method says whether they lie where the data are."),
            Wrong(more, "The zero-point is one number for the whole tensor, stored beside the scale."),
        ),
    )


@question(
    "6.6", "Find the error", slides="S9", badge=Badge(difficulty=2, importance=3, minutes=5), kind="find the error"
)
def find_the_error(pick: Pick) -> Choice:
    """A zero-point quantisation whose largest number has no code."""
    c, middle = pick((1.0, 40.0), (0.5, 10.0), (2.0, -60.0), (0.25, 5.0), (4.0, 100.0))
    X = np.array([-127.5 * c, middle, 127.5 * c])
    factor = 255 / span(X)
    codes, zero = shifted(X)
    back = (np.clip(codes, -128, 127) - zero) / factor
    scale = f"scale = 255 / ({X[2]} - {X[0]}) = {factor:g} steps per unit".replace("- -", "+ ")
    zero_point = f"zeropoint = -round({factor:g} x {X[0]}) - 128 = -({np.round(factor * X[0]):.0f}) - 128 = {zero:.0f}"
    rounded = f"round({factor:g} x X + {zero:.0f}) = {codes.astype(int).tolist()}"
    fits = "int8 has 256 codes, so these three numbers are stored in it as they are."
    clip = f"Clipped to -128 ... 127, the largest comes back as {back[2]:g}: half a step below {X[2]:g}."
    return Choice(
        given={"X": Fact(X.tolist(), "to quantise by zero-point, with the formulas of the slide")},
        order=(scale, zero_point, rounded, fits, clip),
        answer=fits,
        note="Int8 ends at 127; 128 would wrap to -128, and the largest number come back as the smallest.",
        wrong=(
            Wrong(scale, "That line holds: 255 steps between 256 codes, divided by the range."),
            Wrong(zero_point, "That line holds: `round` takes the half to the even neighbour."),
            Wrong(
                rounded, "That line is what the formula says, halves to even. Whether int8 can hold it is another one."
            ),
            Wrong(clip, "That line holds: the last code, times the size of a step, is that much; no error is larger."),
        ),
    )


def zeros(x: NDArray[Any]) -> float:
    """Return the share of numbers that have the code 0 with absmax."""
    return float(np.mean(absmax_quantize(x).values == 0))


@question("6.7", "What one outlier destroys", slides="S10", badge=Badge(difficulty=2, importance=3, minutes=6))
def outlier_damage(pick: Pick) -> Number:
    """How many times the RMSE grows by one outlier."""
    factor = pick(150, 100, 200)
    kind = pick("ReLU-like", "normal")
    plain = example_tensor(kind)
    spiked = with_outlier(plain, factor)
    before, after = (quantization_error(x, absmax_quantize(x)) for x in (plain, spiked))
    ratio = after.rmse / before.rmse
    return Number(
        given={
            "plain": Fact(plain.ravel(), f"4,096 numbers, {kind}"),
            "spiked": Fact(spiked.ravel(), f"the same, with the largest multiplied by {factor}"),
        },
        answer=ratio,
        tolerance=0.002,
        also={"per cent": 100},
        note=f"The code 0 now stands for {zeros(spiked):.0%} of the numbers; it was {zeros(plain):.0%} before.",
        wrong=(
            Wrong(ratio - 1, "That is by how much it grows, in times of the first. How many times as large is it?"),
            Wrong(1 / ratio, "That is upside down: the outlier makes the error larger."),
            Wrong(after.rmse, "That is the RMSE with the outlier. How many times the one without is it?"),
            Wrong(
                factor, "So much do the step and the largest error grow. The typical error does not follow: measure."
            ),
            Wrong(ratio**2, "That compares the mean squares: the root is missing."),
            Wrong(
                before.sqnr_db - after.sqnr_db, "That is the loss of SQNR in dB, and the outlier itself hides in it."
            ),
        ),
    )


@question("6.8", "A product in integers", slides="S10", badge=Badge(difficulty=3, importance=3, minutes=9))
def integer_product(pick: Pick) -> Vector:
    """A matrix product from int8 codes, as real numbers."""
    a, b = pick(
        ([[1.2, -2.0], [0.6, 1.7]], [[3.0, 0.5], [-1.0, 2.2]]),
        ([[0.8, 2.5], [-1.2, 0.3]], [[1.5, -4.0], [2.1, 0.7]]),
        ([[-3.0, 1.1], [2.0, 0.9]], [[0.6, 1.9], [-0.7, 1.3]]),
        ([[4.0, 1.3], [-0.6, 2.1]], [[-1.0, 0.9], [2.6, 0.35]]),
    )
    qa, qb = absmax_quantize(a), absmax_quantize(b)
    sums, steps = int8_matmul(qa.values, qb.values), qa.scale * qb.scale
    product, exact = int8_matmul(qa, qb), np.array(a) @ np.array(b)
    return Vector(
        given={
            "a": Fact(a, "two rows of two real numbers"),
            "b": Fact(b, "two rows of two real numbers"),
        },
        answer=product.tolist(),
        tolerance=1e-4,
        note=f"The largest error beside fp32 is {np.max(np.abs(product - exact)):.2g}, from eight rounded numbers.",
        wrong=(
            Wrong(exact, "That is the product of the real numbers. Quantise first: what do the integers give?"),
            Wrong(sums, "Those are the sums of integers: the scales are forgotten."),
            Wrong(sums * qa.scale, "Only the step of `a` was used. What brings the codes of `b` back?"),
            Wrong(sums * qb.scale, "Only the step of `b` was used. What brings the codes of `a` back?"),
            Wrong(sums / steps, "The scales are upside down: multiply by the size of a step, max / 127."),
            Wrong((qa.values @ qb.values) * steps, "The sums overflowed: int8 times int8 stays int8. Widen the codes."),
            Wrong(qa.values @ qb.values, "The sums overflowed in int8, and the scales are forgotten as well."),
            Wrong(qa.values.astype(int) * qb.values * steps, "That multiplies place by place: `@` is row by column."),
        ),
    )


@question(
    "6.9", "The scales' own memory", slides="S10", badge=Badge(difficulty=3, importance=2, minutes=8), kind="estimate"
)
def memory_of_scales(pick: Pick) -> Number:
    """What QLoRA saves by quantising the scales too."""
    model = catalog.training_run(pick("LLaMA 65B", "LLaMA 33B", "Llama 2 70B", "Falcon 180B", "BLOOM 176B"))
    P = model.parameters / GB
    once = 32 / BLOCK
    twice = 8 / BLOCK + 32 / (BLOCK * BLOCKS_OF_BLOCKS)
    saved = (once - twice) * P / 8
    return Number(
        given={
            "model": named(model),
            "parameters": Fact(model.parameters, f"a count: {format_count(model.parameters)}, 4 bits each"),
            "block": Fact(BLOCK, "parameters share one scale"),
            "scale_bits": Fact(32, "bits a scale before: fp32"),
            "small_scale_bits": Fact(8, "bits a scale after"),
            "scales_in_group": Fact(BLOCKS_OF_BLOCKS, "scales of 8 bits share one second scale, in fp32"),
        },
        answer=saved,
        unit="GB",
        tolerance=0.0005,
        also={"GiB": GB / GIB, "Gbit": 8, "bytes": GB},
        note="Published: about 0.37 bits a parameter, some 3 GB for 65 B parameters (Dettmers et al. 2023, section 1).",
        wrong=(
            Wrong((32 - 8) / BLOCK * P / 8, "The second scales take memory, too: they are forgotten."),
            Wrong(once * P / 8, "That is what the scales took before. What do they take afterwards?"),
            Wrong(twice * P / 8, "That is what the scales still take. How much less is it than before?"),
            Wrong((4 + once) * P / 8, "That is codes and scales before. The question asks what is saved."),
            Wrong((4 + twice) * P / 8, "That is codes and scales afterwards. The question asks what is saved."),
            Wrong(
                (once - 8 / BLOCK - 32 / BLOCKS_OF_BLOCKS) * P / 8,
                "A second scale is shared by a group of scales, not by a group of parameters.",
            ),
            Wrong(once - twice, "That is in bits a parameter. The whole model is asked for."),
            Wrong((32 - 8) * P / 8, "That gives every parameter a scale of its own: a block shares one."),
        ),
    )


@question("6.10", "The small GPT in few bits", slides="S10", badge=Badge(difficulty=2, importance=3, minutes=6))
def model_in_few_bits(pick: Pick) -> Number:
    """The bytes of a whole model: packed codes, a scale for each column, and what is not quantised."""
    bits = pick(4, 3, 5, 6, 7)
    arrays = initial_parameters(TINY).values()
    matrices, others = [a for a in arrays if a.ndim == 2], sum(a.size for a in arrays if a.ndim == 1)
    stored = sum(stored_bytes(absmax_quantize(matrix, bits, axis=1), bits) for matrix in matrices)
    answer = int(stored + 4 * others)
    weights, (rows, columns) = sum(matrix.size for matrix in matrices), np.sum([m.shape for m in matrices], axis=0)
    scales = 4 * int(columns)
    return Number(
        given={
            "shapes": Fact([list(matrix.shape) for matrix in matrices], "rows and columns of each matrix"),
            "others": Fact(others, "parameters in norms and biases: not quantised, fp32"),
            "bits": Fact(bits, "bits a code, packed without gaps"),
            "scale_bytes": Fact(4, "bytes a scale: fp32"),
        },
        answer=answer,
        unit="bytes",
        tolerance=0,
        also={"bits": 8, "kB": 1e-3, "KiB": 1 / 1024},
        note=f"That is {8 * answer / (weights + others):.2f} bits a parameter, all told; in fp32 it is 32.",
        wrong=(
            Wrong(answer - scales, "Those are the codes and what is not quantised: the scales take memory, too."),
            Wrong(answer - 4 * others, "Norms and biases are forgotten. They are not quantised, and still stored."),
            Wrong(answer - scales - 4 * others, "Those are the codes alone. What else has to be stored?"),
            Wrong(answer - scales + 4 * int(rows), "That is a scale for each row. Which axis has its own scales here?"),
            Wrong(
                answer - scales + 4 * len(matrices),
                "That is one scale for each matrix. Each of a matrix's columns has one here.",
            ),
            Wrong(
                answer - scales + 4 * weights,
                "That gives every weight a scale of its own: all weights of a column share one.",
            ),
            Wrong(answer + 28 * int(columns), "A scale has 32 bits. How many bytes are they?"),
            Wrong(answer - scales // 2, "Those are scales of 2 bytes, as in fp16; these are larger."),
            Wrong(
                answer + weights * bits * 7 // 8,
                "The codes are counted in bits there, and the rest in bytes.",
            ),
            Wrong(
                answer + weights - weights * bits // 8,
                "That stores a whole byte for each code. Packed, the bits of one code follow those of another.",
            ),
            Wrong(
                (weights + others) * bits // 8 + scales,
                "Norms and biases are quantised there as well. They stay in fp32.",
            ),
            Wrong(answer + 28 * others, "The norms and biases are counted in bits there, and the rest in bytes."),
            Wrong(
                answer + others * bits // 8,
                "Norms and biases are counted twice there: in few bits, and in fp32.",
            ),
            Wrong(answer + scales, "Absmax stores one number for a column, its scale: it has no zero-point."),
            Wrong(4 * (weights + others), "That is the model in fp32, before any of it was quantised."),
        ),
    )
