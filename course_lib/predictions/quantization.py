"""What lesson 6 asks before it shows: quantization, slides S9 and S10."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib import catalog, compute_cost, memory
from course_lib.predictions.prediction import Known, Prediction, prediction
from course_lib.quantization import (
    absmax_quantize,
    as_blocks,
    example_tensor,
    int8_matmul,
    quantization_error,
    stored_bytes,
    with_outlier,
    zeropoint_quantize,
)
from course_lib.tiny_transformer import quantized_losses

X = (-3.0, 0.1, 3.2)
SERVED, GPU = "Llama 2 7B", "A100 80GB"
CONTEXT = 1000
NEVER = "never"


@prediction("6a")
def code_by_absmax() -> Prediction:
    """The code that absmax gives to 0.1."""
    return Prediction(
        asks="X = [-3.0, 0.1, 3.2]. Which code does absmax give to 0.1? Work it out on paper.",
        options={"0": 0, "13": 13, "4": 4},
        truth=int(absmax_quantize(X).values[1]),
        facts={
            "X": Known(X, "X = [-3.0, 0.1, 3.2]"),
            "rule": Known(
                lambda X: np.round(127 / np.max(np.abs(X)) * np.array(X)),
                r"X_{quant} = \text{round}\left(\frac{127}{\max|X|} \cdot X\right)",
            ),
        },
        reason=lambda X, rule: int(rule(X)[1]),
        shown=("3.96875", "0.1 gets the code 4"),
    )


@prediction("6b")
def code_of_zero() -> Prediction:
    """The code that zero-point gives to the real number 0."""
    return Prediction(
        asks="The same X = [-3.0, 0.1, 3.2]. Which code does zero-point give to the real number 0?",
        options={"-5": -5, "0": 0, "-128": -128},
        truth=zeropoint_quantize(X).zero_point,
        facts={
            "X": Known(X, "X = [-3.0, 0.1, 3.2]"),
            "scale": Known(lambda X: 255 / (max(X) - min(X)), r"\text{scale} = \frac{255}{\max(X) - \min(X)}"),
            "zeropoint": Known(
                lambda scale, X: -round(scale * min(X)) - 128,
                r"\text{zeropoint} = -\text{round}(\text{scale} \cdot \min(X)) - 128",
            ),
            "code": Known(
                lambda scale, x, zero: round(scale * x + zero),
                r"X_{quant} = \text{round}(\text{scale} \cdot X + \text{zeropoint})",
            ),
        },
        reason=lambda X, scale, zeropoint, code: code(scale(X), 0, zeropoint(scale(X), X)),
        shown=("zero-point -5",),
    )


@prediction("6c")
def where_zeropoint_wins() -> Prediction:
    """The data on which zero-point loses clearly less than absmax."""

    def gain(kind: str) -> float:
        x = example_tensor(kind)
        by_absmax, by_zeropoint = (quantization_error(x, how(x)) for how in (absmax_quantize, zeropoint_quantize))
        return by_absmax.rmse / by_zeropoint.rmse

    kinds = ("uniform", "ReLU-like", "normal")
    return Prediction(
        asks="On which data is the error of zero-point clearly smaller than that of absmax?",
        options={
            "Uniform": "uniform",
            "ReLU-like": "ReLU-like",
            "Normal": "normal",
            "On all, by its 256th code": "all",
        },
        truth=max(kinds, key=gain) if min(map(gain, kinds)) < 1.5 else "all",
        facts={
            "normal": Known((-3.5, 3.7), "normal: from -3.5 to 3.7"),
            "uniform": Known((-1, 1), "uniform: from -1 to 1"),
            "relu": Known((0, 3.7), "ReLU-like: from 0 to 3.7"),
            "absmax_step": Known(lambda low, high: max(-low, high) / 127, "absmax: a step is max|X| / 127"),
            "zeropoint_step": Known(lambda low, high: (high - low) / 255, "zero-point: a step is (max - min) / 255"),
        },
        reason=lambda normal, uniform, relu, absmax_step, zeropoint_step: max(
            (absmax_step(*ends) / zeropoint_step(*ends), kind)
            for kind, ends in (("normal", normal), ("uniform", uniform), ("ReLU-like", relu))
        )[1],
        shown=("41.6 dB 47.4 dB",),
    )


@prediction("6d")
def codes_of_three_bits() -> Prediction:
    """How many codes absmax uses of three bits, on data that are not negative."""
    return Prediction(
        asks="The explorer below starts with 8 bits. With 3 bits absmax has the codes from -3 to 3: seven. "
        "How many of them do the ReLU-like values use?",
        options={"7": 7, "3": 3, "4": 4},
        truth=int(np.unique(absmax_quantize(example_tensor("ReLU-like"), bits=3).values).size),
        facts={
            "ends": Known((-3, 3), "the codes from -3 to 3"),
            "used": Known(lambda codes: [code for code in codes if code >= 0], "absmax never uses a negative code"),
        },
        reason=lambda ends, used: len(used(range(ends[0], ends[1] + 1))),
        shown=("absmax uses 4 of 7",),
    )


@prediction("6e")
def what_int8_makes_of_128() -> Prediction:
    """What the pattern of 128 means in int8."""
    return Prediction(
        asks="Zero-point gives 127.5 the code 128 here, in eight bits the pattern 10000000. What does int8 read it as?",
        options={"-128": -128, "-0": "-0", "127": 127, "128": 128},
        truth=int(np.array([128]).astype(np.int8)[0]),
        facts={
            "pattern": Known("10000000", "the pattern 10000000"),
            "reading": Known(
                lambda bits: sum(
                    int(bit) * worth for bit, worth in zip(bits, (-128, 64, 32, 16, 8, 4, 2, 1), strict=True)
                ),
                "its first bit counts -128, the others 64, 32, 16, 8, 4, 2 and 1",
            ),
        },
        reason=lambda pattern, reading: reading(pattern),
        shown=("as int8 [-128 0 -128]",),
    )


@prediction("6f")
def codes_beside_an_outlier() -> Prediction:
    """How many codes are left to use beside an outlier."""
    return Prediction(
        asks="4,096 normal values lie between -3.5 and 3.5, but for the largest: 3.67. You multiply that one by 100. "
        "One absmax scale, 8 bits: how many of the 255 codes are in use now?",
        options={"200": 200, "50": 50, "4": 4},
        truth=int(np.unique(absmax_quantize(with_outlier(example_tensor("normal"), 100)).values).size),
        facts={
            "others": Known((-3.5, 3.5), "between -3.5 and 3.5"),
            "largest": Known(3.67, "the largest: 3.67"),
            "factor": Known(100, "multiply that one by 100"),
            "step": Known(lambda largest: largest / 127, "absmax: a step is max|X| / 127"),
        },
        reason=lambda others, largest, factor, step: (
            round(others[1] / step(factor * largest)) - round(others[0] / step(factor * largest)) + 1 + 1
        ),
        shown=("x 100: 4 codes",),
    )


def sqnr_db(x: NDArray[Any], axis: int) -> float:
    """Return the SQNR of absmax with a scale for each slice along `axis`."""
    return quantization_error(x, absmax_quantize(x, axis=axis)).sqnr_db


@prediction("6g")
def rows_or_columns() -> Prediction:
    """Which scales help where a whole column is large."""
    x = with_outlier(example_tensor("uniform"), 20, "a column")
    gain = sqnr_db(x, 1) - sqnr_db(x, 0)
    return Prediction(
        asks="Below, a whole column of a 64 x 64 matrix is 20 times as large as the rest. Which scales save more of "
        "the other values?",
        options={"One for each row": "rows", "One for each column": "columns", "Both save as much": "both"},
        truth="both" if abs(gain) < 3 else "columns" if gain > 0 else "rows",
        facts={
            "shape": Known((64, 64), "64 x 64 matrix"),
            "harm": Known(
                lambda slices, with_a_large_value: with_a_large_value / slices,
                "an outlier harms only its own row (axis=0), column (axis=1) or block",
            ),
        },
        reason=lambda shape, harm: (
            "columns" if harm(shape[1], 1) < harm(shape[0], shape[0]) else "rows"  # every row holds a large value
        ),
        shown=("nearly all (49.1 dB)",),
    )


@prediction("6h")
def cure_of_outlier_columns() -> Prediction:
    """What cures outliers that fill a few columns of a layer's input."""
    x = with_outlier(example_tensor("uniform"), 20, "a column")
    large = np.argmax(np.abs(x).max(axis=0))
    rest = np.delete(x, large, axis=1)
    lost = {
        "matrix": quantization_error(x, absmax_quantize(x)).rmse,
        "row": quantization_error(x, absmax_quantize(x, axis=0)).rmse,
        "apart": quantization_error(rest, absmax_quantize(rest)).rmse,
    }
    return Prediction(
        asks="Weights and inputs are int8, and a few columns of the input are outliers. Which of these brings a model "
        "of 13 B parameters nearest to its quality in 32-bit floats?",
        options={
            "16 bits for the few columns, int8 for the rest": "apart",
            "One scale for each matrix": "matrix",
            "A scale for each row of the input": "row",
        },
        truth=min(lost, key=lambda way: lost[way]),
        facts={
            "rows": Known("little", "every row holds one value of the large column, so a scale per row gains little"),
            "one_scale": Known("nothing", "an outlier harms only its own row (axis=0), column (axis=1) or block"),
        },
        reason=lambda rows, one_scale: "apart" if {rows, one_scale} == {"little", "nothing"} else "row",
        shown=("Computing about 0.1 % of the columns in 16 bits does",),
    )


@prediction("6i")
def four_bits_and_scales() -> Prediction:
    """The memory of 4-bit weights, scales included."""
    blocks = as_blocks(np.ones(4096), 64)
    bits = 8 * stored_bytes(absmax_quantize(blocks, bits=4, axis=0), bits=4) / blocks.size
    return Prediction(
        asks="Llama 2 7B has 6.74 B parameters. Store each in 4 bits, in blocks of 64. How many GB, scales included?",
        options={"3.4 GB": 3.4, "3.8 GB": 3.8, "6.7 GB": 6.7},
        truth=bits * catalog.model(SERVED).parameters / 8 / 1e9,
        facts={
            "P": Known(6.74e9, "6.74 B parameters"),
            "bits": Known(4, "4 bits"),
            "block": Known(64, "blocks of 64"),
            "scale": Known(4, "4 bytes for each scale"),
        },
        reason=lambda P, bits, block, scale: (bits / 8 + scale / block) * P / 1e9,
        shown=("3.79 GB",),
    )


@prediction("6j")
def where_a_model_breaks() -> Prediction:
    """With how many bits a model's loss first rises by more than 0.1 nats; wrong by a rise that only doubles."""
    losses = quantized_losses()
    too_few = [
        one.bits
        for one in losses.matrices
        if (one.method, one.scale_per) == ("absmax", "matrix") and one.loss.whole - losses.fp32.whole > 0.1
    ]
    return Prediction(
        asks="From 8 bits down: with how many does the loss first rise by more than 0.1 nats?",
        options={"5 bits": 5, "4 bits": 4, "3 bits": 3},
        truth=max(too_few),
        facts={
            "with_six": Known(0.04, "0.04 nats with 6 bits"),
            "square": Known(lambda error: error**2, "its rise grows with the square of the error"),
            "double": Known(lambda step: 2 * step, "each bit less doubles the step"),
            "limit": Known(0.1, "more than 0.1 nats"),
        },
        reason=lambda with_six, square, double, limit: next(
            bits for bits in (5, 4, 3) if with_six * square(double(1)) ** (6 - bits) > limit
        ),
        shown=("the loss rises by 0.132 nats", "absmax needs 6 bits with a scale per matrix"),
    )


@prediction("6k")
def width_of_a_sum() -> Prediction:
    """In how many bits a sum of products of int8 codes is kept."""
    code = np.full((1, 256), 127, np.int8)
    return Prediction(
        asks="Two int8 codes give a product of up to 127 x 127 = 16,129. You add up 256 of them. An int8 ends at 127, "
        "an int16 at 32,767, an int32 at 2,147,483,647. Which is the narrowest that surely holds the sum?",
        options={"8 bits": 8, "16 bits": 16, "32 bits": 32},
        truth=8 * int8_matmul(code, code.T).dtype.itemsize,
        facts={
            "product": Known(16129, "127 x 127 = 16,129"),
            "many": Known(256, "256 of them"),
            "int16": Known(32767, "int16 at 32,767"),
        },
        reason=lambda product, many, int16: 16 if product * many <= int16 else 32,
        shown=("int32 largest sum 51897",),
    )


@prediction("6l")
def all_products_in_int8() -> Prediction:
    """How much the loss rises when every product is one of int8 codes; wrong by the outliers of large models."""
    losses = quantized_losses()
    return Prediction(
        asks="Int8 absmax cost the published 125 M parameters ln(87.76 / 25.65) = 1.2 nats a token. By how much does "
        "the small GPT's loss rise with every product in int8?",
        options={"Less than 0.01 nats": 0.003, "Some 0.1 nats": 0.1, "Some 1 nat": 1.0},
        truth=losses.int8_products.whole - losses.fp32.whole,
        facts={
            "weights": Known(0.003, "to 8 bits costs 0.003 nats"),
            "inputs": Known(lambda cost: 2 * cost, "Inputs in 8 bits have steps as fine"),
            "outliers": Known("none", "there are no outliers"),
        },
        reason=lambda weights, inputs, outliers: inputs(weights) if outliers == "none" else 1.0,
        shown=("every product in int8 1.759",),
    )


@prediction("6m")
def reading_against_arithmetic() -> Prediction:
    """How many times as long the reading of all weights takes as the arithmetic for one token."""
    model, gpu = catalog.model(SERVED), catalog.accelerator(GPU)
    reading = memory.parameter_bytes(model.parameters, "bf16") / gpu.memory_bandwidth_bytes_per_second
    arithmetic = compute_cost.forward_flop(model.parameters, 1) / gpu.fp16_bf16_flop_per_second
    return Prediction(
        asks="Llama 2 7B, with 6.74 B parameters (13.5 GB in bf16), writes one token for one user. The A100 reads "
        "2,039 GB/s and computes 312 TFLOP/s. How many times as long as the arithmetic does reading all weights take?",
        unit="times",
        truth=reading / arithmetic,
        facts={
            "P": Known(6.74e9, "6.74 B parameters"),
            "weights": Known(13.5e9, "13.5 GB"),
            "bandwidth": Known(2039e9, "2,039 GB/s"),
            "rate": Known(312e12, "312 TFLOP/s"),
            "flop": Known(lambda P: 2 * P, "One token costs 2P FLOP"),
        },
        reason=lambda P, weights, bandwidth, rate, flop: (weights / bandwidth) / (flop(P) / rate),
        shown=("153 times",),
    )


@prediction("6n")
def many_users() -> Prediction:
    """From how many users on the arithmetic of a step takes longer than what is read for it."""
    model, gpu = catalog.model(SERVED), catalog.accelerator(GPU)
    cache = memory.kv_cache_bytes(1, CONTEXT, model.layers, model.kv_heads, model.head_dim, "bf16")
    reading = cache / gpu.memory_bandwidth_bytes_per_second
    arithmetic = compute_cost.forward_flop(model.parameters, 1) / gpu.fp16_bf16_flop_per_second
    return Prediction(
        asks="In one step the A100 reads all weights once for all users, and for each user a cache of 0.524 GB, at "
        "2,039 GB/s. Each user adds 0.043 ms of arithmetic. From how many users on does the arithmetic take longer?",
        options={
            "From about 150 users on": 150,
            "Never, however many": NEVER,
            "From the second user on": 2,
        },
        truth=NEVER if reading >= arithmetic else 150,
        facts={
            "cache": Known(0.524e9, "0.524 GB"),
            "bandwidth": Known(2039e9, "2,039 GB/s"),
            "arithmetic": Known(0.043, "0.043 ms"),
        },
        reason=lambda cache, bandwidth, arithmetic: NEVER if 1e3 * cache / bandwidth >= arithmetic else 150,
        shown=("never catches up",),
    )
