"""What lesson 4 asks before it shows: memory, slides S5 and S11 to S14."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from course_lib import catalog
from course_lib.memory import (
    TrainingSetup,
    activation_bytes,
    activation_terms,
    kv_cache_bytes,
    logits_bytes,
    optimizer_bytes,
    parameter_bytes,
    training_memory,
    zero_sharded,
)
from course_lib.predictions.prediction import Known, Prediction, prediction
from course_lib.tiny_transformer import eight_bit_runs

GB = 1e9
LLAMA = catalog.model("Llama 2 7B")
GPT_3 = catalog.model("GPT-3 175B")
A100 = catalog.accelerator("A100 80GB")
RELEASED_BYTES = 13_476_839_424
"""What the index file of Llama 2 7B's released weights says (Touvron et al. 2023b)."""


@prediction("4a")
def fp32_training() -> Prediction:
    """The model states in pure fp32; wrong are the sizes of one, two or three of the four numbers a parameter."""
    return Prediction(
        asks="Llama 2 7B has 6.74 B parameters. You train it with AdamW and keep every number in fp32, at 4 bytes. "
        "What do parameters, gradients and states take together? You find out by the end of slide S13.",
        options={"27 GB": 27, "54 GB": 54, "81 GB": 81, "108 GB": 108},
        truth=training_memory(LLAMA.parameters, "fp32", "adamw").model_states / GB,
        facts={
            "P": Known(6.74e9, "6.74 B parameters"),
            "size": Known(4, "4 bytes"),
            "gradients": Known(lambda P: P, "one number a parameter"),
            "states": Known(lambda P: 2 * P, "two numbers a parameter"),
        },
        reason=lambda P, size, gradients, states: size * (P + gradients(P) + states(P)) / 1e9,
        shown=("108 GB",),
    )


@prediction("4b")
def format_of_a_file() -> Prediction:
    """The format that a file's size gives away."""
    return Prediction(
        asks="The released weights of Llama 2 7B, 6.74 B parameters, are 13,476,839,424 bytes. In which format?",
        options={"fp32": "fp32", "fp16 or bf16": "fp16", "int8": "int8"},
        truth=min(
            ("fp32", "fp16", "int8"),
            key=lambda kind: abs(parameter_bytes(LLAMA.parameters, kind) - RELEASED_BYTES),
        ),
        facts={
            "P": Known(6.74e9, "6.74 B parameters"),
            "file": Known(13476839424, "13,476,839,424 bytes"),
            "formats": Known(
                lambda size: {4: "fp32", 2: "fp16", 1: "int8"}[round(size)],
                "A number of 32 bits takes 4 bytes, one of 16 bits takes 2, one of 8 bits takes 1",
            ),
        },
        reason=lambda P, file, formats: formats(file / P),
        shown=("2 bytes a parameter",),
    )


@prediction("4c")
def small_steps() -> Prediction:
    """A thousand steps, each smaller than half the gap to the next fp16 number; wrong are the sum and rounding up."""
    weight = np.float16(1)
    for _ in range(1000):
        weight += np.float16(0.0004)
    return Prediction(
        asks="A weight of 1 gets 1,000 steps of 0.0004, one after the other. What does fp16 say at the end?",
        options={"1.4": 1.4, "1.0": 1.0, "2.0": 2.0, "1.2": 1.2},
        truth=float(weight),
        facts={
            "step": Known(0.0004, "steps of 0.0004"),
            "steps": Known(1000, "1,000 steps"),
            "following": Known(1.001, "next fp16 number after 1 is 1.001"),
            "nearest": Known(lambda step, gap: gap * round(step / gap), "rounded to the nearest"),
        },
        reason=lambda step, steps, following, nearest: 1 + steps * nearest(step, following - 1),
        shown=("fp16: 1.000",),
    )


@prediction("4d")
def states_beside_weights() -> Prediction:
    """AdamW's states against the 16-bit weights; two numbers are not twice the size."""
    return Prediction(
        asks="How large are AdamW's states, beside the same model's weights in 16 bits?",
        options={"Half as large": 0.5, "As large": 1, "Twice as large": 2, "4 times as large": 4},
        truth=optimizer_bytes(LLAMA.parameters, "adamw") / parameter_bytes(LLAMA.parameters, "bf16"),
        facts={
            "momentum": Known(4, "Momentum: 4 bytes/param"),
            "variance": Known(4, "Variance: 4 bytes/param"),
            "weight": Known(2, "one of 16 bits takes 2"),
        },
        reason=lambda momentum, variance, weight: (momentum + variance) / weight,
        shown=("4 times the 16-bit weights",),
    )


@prediction("4e")
def saved_on_gpt_3() -> Prediction:
    """What 8-bit states save on a large model, in GB: a number to type."""
    saved = [optimizer_bytes(GPT_3.parameters, kind) for kind in ("adamw", "adamw-8bit")]
    return Prediction(
        asks="GPT-3 has 174.6 B parameters. How much do the slide's 8-bit states save on it?",
        unit="GB",
        truth=(saved[0] - saved[1]) / GB,
        facts={
            "P": Known(174.6e9, "174.6 B parameters"),
            "before": Known(8, r"Mem_\text{AdamW} = 8\ \text{bytes/param}"),
            "after": Known(2, r"Mem_\text{optimizer} = 2\ \text{bytes/param}"),
        },
        reason=lambda P, before, after: (before - after) * P / 1e9,
        shown=("1.05 TB",),
    )


@prediction("4f")
def even_steps() -> Prediction:
    """What even steps do to 8-bit states; wrong are what the dynamic ones do, and a harmless loss of precision."""
    runs = eight_bit_runs()
    worse = runs.held_out["even"] / runs.held_out["fp32"]
    return Prediction(
        asks="A step of AdamW divides the momentum by the root of the variance. Now the shares are even: 127 steps up "
        "to the scale for the momentum, 255 for the variance. A gradient of 1/100 of its block's largest has a "
        "variance of 1/10,000. What does the loss do?",
        options={"It falls as with fp32": "as with fp32", "It falls more slowly": "slower", "It explodes": "explodes"},
        truth="explodes" if worse > 10 else "slower" if worse > 1.05 else "as with fp32",
        facts={
            "steps": Known(127, "127 steps up to the scale"),
            "finer": Known(255, "255 for the variance"),
            "gradient": Known(100, "1/100"),
            "square": Known(10_000, "1/10,000"),
            "nearest": Known(lambda steps, share: round(steps / share), "is nearest to"),
            "step": Known(
                lambda momentum, variance: "explodes" if momentum and not variance else "as with fp32",
                "divides the momentum by the root of the variance",
            ),
        },
        reason=lambda steps, finer, gradient, square, nearest, step: step(
            nearest(steps, gradient), nearest(finer, square)
        ),
        shown=("1,024,000 with even steps",),
    )


@prediction("4g")
def mixed_against_fp32() -> Prediction:
    """What mixed precision saves on the model states; wrong is what it saves on activations."""
    fp32, mixed = (training_memory(1, kind, "adamw").model_states for kind in ("fp32", "fp32+bf16"))
    saved = {0.0: "nothing", 0.25: "quarter", 0.5: "half"}
    return Prediction(
        asks="Take AdamW, once with everything in fp32, once in fp32 + bf16 with bf16 gradients. How much less do "
        "parameters, gradients and states take in the mixed recipe?",
        options={"Nothing less": "nothing", "A quarter less": "quarter", "Half": "half"},
        truth=saved[1 - mixed / fp32],
        facts={
            "weights": Known(6, "4 + 2 = 6 bytes a parameter"),
            "gradient": Known(2, r"fp16 or bf16: Mem_{grad} = 2\ \text{bytes/param}"),
            "weight_fp32": Known(4, r"Pure fp32: Mem_{model} = 4\ \text{bytes/param}"),
            "gradient_fp32": Known(4, r"fp32: Mem_{grad} = 4\ \text{bytes/param}"),
            "states": Known(8, r"Mem_\text{AdamW} = 8\ \text{bytes/param}"),
        },
        reason=lambda weights, gradient, weight_fp32, gradient_fp32, states: saved[
            1 - (weights + gradient + states) / (weight_fp32 + gradient_fp32 + states)
        ],
        shown=("16 bytes a parameter",),
    )


@prediction("4h")
def checkpoint() -> Prediction:
    """The bytes a parameter of an fp32 checkpoint."""
    states = training_memory(1, "fp32", "adamw")
    return Prediction(
        asks="A checkpoint holds the model states without the gradients. How many bytes a parameter, in pure fp32 with "
        "AdamW?",
        options={"4": 4, "8": 8, "12": 12, "16": 16},
        truth=states.model_states - states.gradients,
        facts={
            "weight": Known(4, r"Pure fp32: Mem_{model} = 4\ \text{bytes/param}"),
            "states": Known(8, r"Mem_\text{AdamW} = 8\ \text{bytes/param}"),
        },
        reason=lambda weight, states: weight + states,
        shown=("measured / (4 + 8) bytes",),
    )


@prediction("4i")
def activations_of_one_sequence() -> Prediction:
    """The activations of one sequence of GPT-3, in GB: a number to type."""
    return Prediction(
        asks="How much does GPT-3 keep for one sequence of 2,048 tokens? Put its shape into the formula, roughly.",
        unit="GB",
        truth=activation_bytes(1, 2048, GPT_3.hidden, GPT_3.layers, GPT_3.heads) / GB,
        facts={
            "size": Known(
                lambda s, b, h, L, a: s * b * h * L * (34 + 5 * a * s / h),
                r"s\,b\,h\,L\left(34 + 5\,\frac{a\,s}{h}\right)",
            ),
            "h": Known(12288, "h = 12,288"),
            "L": Known(96, "L = 96"),
            "a": Known(96, "a = 96"),
            "s": Known(2048, "2,048 tokens"),
        },
        reason=lambda size, h, L, a, s: size(s, 1, h, L, a) / 1e9,
        shown=("275 GB",),
    )


@prediction("4j")
def twice_the_length() -> Prediction:
    """The activations of a sequence of twice the length: more than twice, and less than four times."""
    one, two = (activation_bytes(1, s, GPT_3.hidden, GPT_3.layers, GPT_3.heads) for s in (2048, 4096))
    return Prediction(
        asks="Now one sequence of twice the length. What becomes of GPT-3's activations?",
        options={"1.7 times": 1.7, "2 times": 2, "3.4 times": 3.4, "4 times": 4},
        truth=two / one,
        facts={
            "numbers": Known(34, "34 + 80 for attention's scores"),
            "scores": Known(80, "34 + 80 for attention's scores"),
            "grow": Known(lambda scores: 2 * scores, "5 bytes for each pair of tokens"),
        },
        reason=lambda numbers, scores, grow: 2 * (numbers + grow(scores)) / (numbers + scores),
        shown=("twice the length: 3.4 times",),
    )


@prediction("4k")
def inputs_to_keep() -> Prediction:
    """How many layers to run again at a time, with the real bytes; wrong is the rule for equal tensors."""

    def total(k: float) -> float:
        shape = (1, 2048, GPT_3.hidden)
        kept = activation_bytes(*shape, GPT_3.layers, GPT_3.heads, "full") / k
        return float(kept + k * activation_bytes(*shape, 1, GPT_3.heads))

    return Prediction(
        asks="GPT-3 has 96 layers. If every k-th input is kept, there are 96 / k inputs of 2 bytes, and k whole layers "
        "of 114 bytes at a time. Which k needs the least memory?",
        options={"k = 1": 1, "k = 10": 10, "k = 48": 48},
        truth=min((1, 10, 48), key=total),
        facts={
            "layers": Known(96, "96 layers"),
            "kept": Known(2, "2 bytes"),
            "whole": Known(114, "114 bytes"),
        },
        reason=lambda layers, kept, whole: min((1, 10, 48), key=lambda k: kept * layers / k + whole * k),
        shown=("k = 1 is best",),
    )


@prediction("4l")
def kept_in_fp32() -> Prediction:
    """What a layer without dropout keeps in fp32; wrong are 16 bits, twice all of it, and half of what is kept."""
    terms = activation_terms(sequence=64, hidden=64, heads=1, bytes_per_value=4)  # as/h is 1
    kept = {name: size for name, size in terms.items() if "dropout" not in name}
    return Prediction(
        asks="For each of a token's numbers, how many bytes does a layer of the small GPT keep?",
        options={"34 + 5as/h": (34, 5), "64 + 4as/h": (64, 4), "68 + 10as/h": (68, 10), "32 + 2as/h": (32, 2)},
        truth=(sum(kept.values()) - kept["softmax output"], kept["softmax output"]),
        facts={
            "numbers": Known(16, "16 numbers of 2 bytes"),
            "size": Known(4, "A number of 32 bits takes 4 bytes"),
            "score": Known(lambda size: size, "2 are one score"),
            "fp32": Known(lambda numbers, size: numbers * size, "keeps every number in fp32, and it has no dropout"),
        },
        reason=lambda numbers, size, score, fp32: (fp32(numbers, size), score(size)),
        shown=("64 + 4 as/h",),
    )


@prediction("4m")
def largest_of_three() -> Prediction:
    """What is largest with full recomputation: the kept inputs, the layer computed again, or the logits."""
    s, h, L, a, vocab = LLAMA.context, LLAMA.hidden, LLAMA.layers, LLAMA.heads, LLAMA.vocab
    sizes = {
        "inputs": float(activation_bytes(1, s, h, L, a, "full")),
        "layer": float(activation_bytes(1, s, h, 1, a)),
        "logits": float(logits_bytes(1, s, vocab)),
    }
    return Prediction(
        asks="Llama 2 7B has 32 layers of h = 4,096, 32 heads and a vocabulary of 32,000. With full recomputation of "
        "one sequence of 4,096 tokens, what is the largest?",
        options={
            "The 32 inputs that are kept": "inputs",
            "The one layer that is computed again": "layer",
            "The logits": "logits",
        },
        truth=max(sizes, key=lambda name: sizes[name]),
        facts={
            "L": Known(32, "32 layers"),
            "a": Known(32, "32 heads"),
            "h": Known(4096, "h = 4,096"),
            "s": Known(4096, "4,096 tokens"),
            "vocab": Known(32000, "a vocabulary of 32,000"),
            "inputs": Known(lambda s, h, L: 2 * s * h * L, "keeps its input alone, 2 bytes"),
            "layer": Known(lambda s, h, a: s * h * (34 + 5 * a * s / h), r"s\,b\,h\,(34 + 5\,a\,s/h)"),
            "logits": Known(lambda s, vocab: 4 * s * vocab, r"\text{vocabulary} \times 4"),
        },
        reason=lambda L, a, h, s, vocab, inputs, layer, logits: max(
            [(inputs(s, h, L), "inputs"), (layer(s, h, a), "layer"), (logits(s, vocab), "logits")]
        )[1],
        shown=("one layer again 3.25 GB",),
    )


@prediction("4n")
def enough_by_itself() -> Prediction:
    """The one change that makes a set-up fit; wrong are one that leaves the states alone and one that saves less."""
    short = TrainingSetup.of_model("Llama 2 7B", "A100 80GB", recompute="selective")
    ways = {
        "recompute": replace(short, recompute="full"),
        "states": replace(short, optimizer="adamw-8bit"),
        "second": replace(short, num_gpus=2, stage=2),
    }
    (enough,) = [name for name, way in ways.items() if way.fit()]
    return Prediction(
        asks=f"Llama 2 7B with selective recomputation is {-short.fit().spare_bytes / GB:.1f} GB short of one A100. "
        "Which change is enough by itself?",
        options={
            "Full recomputation": "recompute",
            "8-bit states": "states",
            "A second A100, which shares the model states": "second",
        },
        truth=enough,
        facts={
            "short": Known(43.4, "43.4 GB short"),
            "states": Known(108, "Llama 2 7B: 108 GB"),
            "capacity": Known(85.9, "85.9 GB"),
            "saved": Known(40.4, "8-bit states save 40.4 GB on Llama 2 7B"),
        },
        reason=lambda short, states, capacity, saved: (
            "recompute" if states < capacity else "states" if saved > short else "second" if states / 2 > short else ""
        ),
        shown=("then on: 2 x A100 80GB",),
    )


@prediction("4o")
def one_share() -> Prediction:
    """What each of 64 accelerators holds at ZeRO's stage 1; wrong is everything divided, or one half of it."""
    states = training_memory(7.5e9, "fp32+fp16", "adamw")
    return Prediction(
        asks="7.5 B parameters in the usual recipe take 120 GB of model states. With 64 accelerators and stage 1, what "
        "does each hold?",
        options={"2 GB": 2, "17 GB": 17, "31 GB": 31, "60 GB": 60},
        truth=zero_sharded(states, 64, 1).total / GB,
        facts={
            "P": Known(7.5e9, "7.5 B parameters"),
            "n": Known(64, "64 accelerators"),
            "shared": Known(12, "at stage 1 of the optimizer states and the master copy, 12 of the 16 bytes"),
            "all": Known(16, "12 of the 16 bytes"),
        },
        reason=lambda P, n, shared, all: P * (all - shared + shared / n) / 1e9,
        shown=("31.4 GB",),
    )


@prediction("4p")
def first_stage_that_fits() -> Prediction:
    """The first of ZeRO's stages at which a model fits on eight accelerators."""
    setup = TrainingSetup.of_model("Llama 2 13B", "A100 80GB", recompute="full", num_gpus=8)
    batch = (setup.memory().activations + setup.memory().working) / GB
    return Prediction(
        asks=f"Llama 2 13B has {setup.parameters / 1e9:.2f} B parameters; with full recomputation, activations and "
        f"working memory take {batch:.1f} GB. Which stage is the first that fits on eight A100 of 85.9 GB?",
        options={"Stage 1": 1, "Stage 2": 2, "Stage 3": 3},
        truth=next(stage for stage in (1, 2, 3) if replace(setup, stage=stage).fit()),
        facts={
            "P": Known(13.02e9, "13.02 B parameters"),
            "batch": Known(6.3, "6.3 GB"),
            "room": Known(85.9, "85.9 GB"),
            "shared": Known(
                lambda stage: {1: 12, 2: 14, 3: 16}[stage], "at 2 of the gradients too, at 3 of the 16-bit weights too"
            ),
        },
        reason=lambda P, batch, room, shared: next(
            stage for stage in (1, 2, 3) if P * (16 - shared(stage) + shared(stage) / 8) / 1e9 + batch <= room
        ),
        shown=("sharding: stage 0, then 1",),
    )


@prediction("4q")
def three_limits() -> Prediction:
    """Which limit holds for training and for one user's answer."""
    ratio = A100.fp16_bf16_flop_per_second / A100.memory_bandwidth_bytes_per_second

    def limit(tokens: int, ratio: float) -> str:
        return "arithmetic" if tokens > ratio else "bandwidth"

    return Prediction(
        asks="In training, each weight that is read meets 4,096 tokens; while one answer is written, it meets 1 token. "
        "What limits the A100 in each?",
        options={
            "Arithmetic in both": ("arithmetic", "arithmetic"),
            "Bandwidth in both": ("bandwidth", "bandwidth"),
            "Arithmetic in training, bandwidth for the answer": ("arithmetic", "bandwidth"),
            "Bandwidth in training, arithmetic for the answer": ("bandwidth", "arithmetic"),
        },
        truth=(limit(4096, ratio), limit(1, ratio)),
        facts={
            "ratio": Known(153, "153 FLOP"),
            "training": Known(4096, "4,096 tokens"),
            "answer": Known(1, "1 token"),
            "rule": Known(limit, "one that meets t tokens does t FLOP for each byte"),
        },
        reason=lambda ratio, training, answer, rule: (rule(training, ratio), rule(answer, ratio)),
        shown=("The products of training are limited by arithmetic",),
    )


@prediction("4r")
def users_that_fit() -> Prediction:
    """How many users' caches fit beside the weights of a model: a number to type."""
    weights = parameter_bytes(LLAMA.parameters, "fp16")
    one = kv_cache_bytes(1, 4096, LLAMA.layers, LLAMA.kv_heads, LLAMA.head_dim, "fp16")
    return Prediction(
        asks="Llama 2 7B takes 13.5 GB in fp16, and has 32 layers with 32 heads of 128 numbers. How many users of "
        "4,096 tokens each does an A100 of 85.9 GB hold at a time?",
        unit="users",
        truth=float((A100.usable_bytes - weights) // one),
        facts={
            "weights": Known(13.5, "13.5 GB"),
            "room": Known(85.9, "85.9 GB"),
            "L": Known(32, "32 layers"),
            "heads": Known(32, "32 heads"),
            "width": Known(128, "128 numbers"),
            "s": Known(4096, "4,096 tokens"),
            "cache": Known(lambda s, L, heads, width: 2 * s * L * heads * width * 2, r"2 \cdot s \cdot L"),
        },
        reason=lambda weights, room, L, heads, width, s, cache: (room - weights) * 1e9 // cache(s, L, heads, width),
        shown=("33 users",),
    )
