"""Set 8, since the lecture: from blocks to intervals. A question's slides are those that it goes on from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from course_lib import catalog
from course_lib.block_formats import MXFP4, NF4_DOUBLE, bits_per_value, encode
from course_lib.compute_cost import TransformerShape, training_flop
from course_lib.questions.kinds import Choice, Function, Number, Vector
from course_lib.questions.question import Badge, Fact, Pick, Wrong, counted, named, question
from course_lib.since_the_lecture import explain_utilization
from course_lib.units import SECONDS_PER_DAY, format_count

GB, GIB = 1e9, 2**30
FP4 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6])
"""The sizes that an element of MXFP4 may have."""


@question("8.1", "A file in blocks", slides="S11 S10", badge=Badge(difficulty=1, importance=3, minutes=4))
def file_in_blocks(pick: Pick) -> Number:
    """The bytes of a model in a block format with its scales."""
    name, element, block, scale = pick(
        ("Llama 3.1 8B", 4, 32, 16),
        ("Llama 2 13B", 4, 16, 8),
        ("Llama 2 7B", 6, 32, 8),
        ("Llama 2 70B", 4, 32, 8),
        ("Llama 2 13B", 8, 64, 32),
    )
    model = catalog.model(name)
    P = model.parameters
    bits = element + scale / block
    answer = P * bits / 8 / GB
    return Number(
        given={
            "model": named(model),
            "parameters": Fact(P, f"a count: {format_count(P)}"),
            "element": Fact(element, "bits of each number"),
            "block": Fact(block, "numbers that share a scale"),
            "scale": Fact(scale, "bits of a scale"),
        },
        answer=answer,
        unit="GB",
        tolerance=0.002,
        also={"GiB": GB / GIB, "bytes": GB, "Gbit": 8},
        note=f"It is {bits:g} bits a value.",
        wrong=(
            Wrong(P * element / 8 / GB, "The scales are missing: they are stored, too."),
            Wrong(P * (element + scale) / 8 / GB, "That gives each number a scale of its own. How many share one?"),
            Wrong(
                P * (element + scale * 8 / block) / 8 / GB,
                "The scale was taken in bytes. It is given in bits.",
            ),
            Wrong(P * (element + block / scale) / 8 / GB, "The share is upside down: the scale's bits over the block."),
            Wrong(P * (element + scale) / block / 8 / GB, "The scale is shared by a block, the elements are not."),
            Wrong(2 * P / GB, "Those are the weights in 16 bits."),
        ),
    )


@question("8.2", "One block by hand", slides="S9", badge=Badge(difficulty=2, importance=3, minutes=7))
def one_block(pick: Pick) -> Vector:
    """Five numbers to MXFP4 and back: the scale is a power of two, the elements are few, and they end at 6."""
    x = pick(
        [-2.7, 14.6, -7.7, -0.3, -4.4],
        [-0.24, -0.02, -0.21, 0.43, -0.66],
        [-10.6, 1.4, 28.7, 17.6, 0.6],
        [5.6, -0.3, -2.7, -10.9, -9.6],
        [-59.0, 3.0, 118.0, -19.0, -5.0],
    )
    numbers = np.array(x)
    block = encode(x, MXFP4)
    scale, back = float(block.scale_values()[0]), block.decode()
    absmax = float(np.abs(numbers).max()) / 6

    def nearest(step: float, sizes: NDArray[np.float64] = FP4) -> list[float]:
        return [float(np.sign(v) * step * sizes[np.argmin(np.abs(sizes - abs(v) / step))]) for v in numbers]

    def below(step: float) -> list[float]:
        return [float(np.sign(v) * step * FP4[min(abs(v) / step, 6) >= FP4].max()) for v in numbers]

    beyond_6 = nearest(scale, np.append(FP4, 8.0))
    saturates = beyond_6 != back.tolist()
    clip = Wrong(
        beyond_6, "The largest went to 8 times the scale, which is no size in the table: beyond 6 it becomes 6."
    )
    largest = (
        f" The largest number is {np.abs(numbers).max() / scale:.3g} times that, and becomes 6." if saturates else ""
    )
    return Vector(
        given={
            "x": Fact(x, "real numbers, in one block"),
            "elements": Fact(FP4.tolist(), "the sizes of an element of 4 bits, E2M1; each may have a sign"),
            "scale": Fact("2^(e - 2)", "where 2^e is the largest power of two not above the largest |x|"),
        },
        answer=back.tolist(),
        unit="the real numbers that come back",
        tolerance=0.001,
        absolute=1e-9,
        note=f"The scale is {scale:g}, and E8M0 keeps nothing but its exponent.{largest}",
        wrong=(
            *((clip,) if saturates else ()),
            Wrong((back / scale).tolist(), "Those are the elements. What comes back is each times the scale."),
            Wrong(nearest(absmax), "That takes the largest |x| over 6 for the scale; E8M0 holds powers of two only."),
            Wrong(below(scale), "The sizes were rounded down. They go to the nearest element."),
            Wrong(nearest(4 * scale), "The scale is too large: 2 is taken off the exponent, for E2M1 goes beyond 4."),
            Wrong(nearest(2 * scale), "The scale is twice too large: the power of two lies below the largest |x|."),
            Wrong(nearest(1), "That is a scale of 1. It follows from the largest |x| of the block."),
            Wrong(np.abs(back).tolist(), "The signs are lost: an element has one."),
            Wrong(
                (scale * np.clip(np.round(numbers / scale), -6, 6)).tolist(),
                "Those are the nearest whole numbers. Which sizes are in the table of elements?",
            ),
            Wrong(x, "Those are the numbers as they were: in 4 bits few of them are there."),
        ),
    )


@question("8.3", "A token for each user", slides="S10 S2", badge=Badge(difficulty=3, importance=3, minutes=7))
def intensity_of_generating(pick: Pick) -> Function:
    """The FLOP a byte of generating, with the weights shared and the caches not."""
    return Function(
        name="intensity",
        reference=lambda weights, cache, users: 2 * weights * users / (2 * weights + users * cache),
        cases=((8e9, 5e8, 1), (8e9, 5e8, 64), (7e9, 2e9, 16)),
        generate=lambda rng: (float(rng.uniform(1e9, 1e11)), float(rng.uniform(1e8, 1e10)), int(rng.integers(2, 500))),
        note="As users come, it nears 2 × weights / cache, and no batch brings it beyond.",
        wrong=(
            Wrong(lambda weights, cache, users: 1.0 * users, "The caches are missing: each user's is read, too."),
            Wrong(
                lambda weights, cache, users: 2 * weights * users / (2 * weights + cache),
                "One cache is read there. Each user has a cache of their own.",
            ),
            Wrong(
                lambda weights, cache, users: 2 * weights / cache,
                "That is the limit for endless users: the weights are read, too.",
            ),
            Wrong(
                lambda weights, cache, users: 2 * weights * users / (2 * weights + 2 * users * cache),
                "The caches are read twice there: `cache` is bytes already, of keys and values.",
            ),
            Wrong(
                lambda weights, cache, users: 2 * weights / (2 * weights + cache),
                "That is one user. The weights are read once for all of them.",
            ),
            Wrong(
                lambda weights, cache, users: 2 * weights / (2 * weights + users * cache),
                "The FLOP of one user are there; each of them gets a token.",
            ),
            Wrong(
                lambda weights, cache, users: 2 * weights * users / (weights + users * cache),
                "A weight takes 2 bytes in 16 bits, not one.",
            ),
            Wrong(
                lambda weights, cache, users: weights * users / (2 * weights + users * cache),
                "A weight takes 2 FLOP: it is multiplied and added.",
            ),
            Wrong(
                lambda weights, cache, users: 6 * weights * users / (2 * weights + users * cache),
                "6 FLOP a weight is training. What takes the forward pass?",
            ),
            Wrong(
                lambda weights, cache, users: (2 * weights + users * cache) / (2 * weights * users),
                "That is bytes for each FLOP: it is upside down.",
            ),
        ),
    )


@question("8.4", "A mixture, twice counted", slides="S1 S11", badge=Badge(difficulty=1, importance=3, minutes=4))
def mixture_twice_counted(pick: Pick) -> Vector:
    """The FLOP of training a mixture, and the bytes of its weights."""
    name, tokens = pick(
        ("Qwen3-30B-A3B", 36e12),
        ("DeepSeek-V3", 14.8e12),
        ("Kimi K2", 15.5e12),
        ("OLMoE", 5e12),
        ("Qwen3-235B-A22B", 36e12),
    )
    shape, model = TransformerShape.from_catalog(name), catalog.model(name)
    total, active = model.parameters, shape.active_parameters()[model.active_meaning]
    flop, size = training_flop(active, tokens), 2 * total / GB
    counted_too = {"with the head": "the head", "with both": "embedding and head"}[model.active_meaning]
    return Vector(
        given={
            "model": Fact(name, model.citation),
            "total": Fact(total, f"a count: {format_count(total)}, all parameters"),
            "active": Fact(active, f"a count: {format_count(active)}, those that work on a token, with {counted_too}"),
            "tokens": counted(tokens),
        },
        answer=[flop, size],
        unit="FLOP of the training, then GB of the weights in 16 bits",
        note="Active for FLOP, all for memory.",
        wrong=(
            Wrong([training_flop(total, tokens), size], "Most experts rest while a token passes: they cost no FLOP."),
            Wrong([flop, 2 * active / GB], "The next token takes other experts: where are they meanwhile?"),
            Wrong([training_flop(total, tokens), 2 * active / GB], "They are swapped: what works, and what is kept?"),
            Wrong([2 * active * tokens, size], "That is the forward pass alone. What does the backward pass take?"),
            Wrong(
                [2 * active * tokens, 2 * active / GB],
                "That is the forward pass alone, and the weights that work on one token: the next takes others.",
            ),
            Wrong(
                [training_flop(total - active, tokens), size],
                "Those are the parameters that rest. It is the others that cost FLOP.",
            ),
            Wrong([flop, total / GB], "A weight of 16 bits takes 2 bytes."),
            Wrong([flop, 4 * total / GB], "Those are the weights in 32 bits; they are asked for in 16."),
            Wrong([flop, 2 * total], "The weights are in bytes; they are asked for in GB."),
            Wrong([flop, 2 * total / GIB], "The weights are in GiB; they are asked for in GB."),
            Wrong([size, flop], "The order is turned round: first the FLOP, then the GB."),
        ),
    )


@question(
    "8.5", "Find the error", slides="S3 S1", badge=Badge(difficulty=2, importance=3, minutes=6), kind="find the error"
)
def find_the_error(pick: Pick) -> Choice:
    """A utilisation of a mixture in five lines, of which one counts all its parameters."""
    name = pick("Llama 4 Scout", "Llama 4 Maverick", "DeepSeek-V2", "DeepSeek-V3 (37B active)")
    run = catalog.training_run(name)
    chip = catalog.accelerator(run.accelerator)
    hours, peak = run.accelerator_hours or 0.0, chip.fp16_bf16_flop_per_second
    P, total, D = run.parameters, run.total_parameters, run.tokens
    works = f"{format_count(P)} of {format_count(total)} parameters work on a token."
    product = f"6 x {format_count(total)} x {format_count(D)}"
    counts = f"So {format_count(D)} tokens take {product} = {6 * total * D:.3g} FLOP."
    seconds = f"{hours:,.0f} {chip.name} hours are {3600 * hours:.3g} accelerator-seconds."
    although = ", the one to take here although it trained in fp8" if run.precision == "fp8" else ""
    dense = f"Its dense bf16 peak is {peak / 1e12:g} TFLOP/s{although}; a peak with sparsity would be twice that."
    offered = f"In all hours the peak would do {3600 * hours:.3g} x {peak:.4g} = {3600 * hours * peak:.3g} FLOP."
    return Choice(
        given={"run": Fact(run.name.partition(" (")[0], run.citation)},
        order=(works, counts, seconds, dense, offered),
        answer=counts,
        note="It is 6 FLOP for each parameter that works: the experts that a token passes by do nothing for it.",
        wrong=(
            Wrong(works, "That line holds: it is what the report prints."),
            Wrong(seconds, "That line holds: an hour is 3,600 seconds."),
            Wrong(dense, "That line holds: vendors print the rate with sparsity beside it, or in its place."),
            Wrong(offered, "That line holds: seconds times the peak of one accelerator."),
        ),
    )


@question("8.6", "The best suspect", slides="S3", badge=Badge(difficulty=2, importance=3, minutes=5))
def best_suspect(pick: Pick) -> Choice:
    """A claim that is half of what 6PD gives: of the mistakes named, the sparse peak alone halves it."""
    name, share = pick(
        ("Llama 3.1 8B", 0.4), ("Olmo 3 7B", 0.36), ("SmolLM3 3B", 0.3), ("Qwen3 0.6B", 0.32), ("Llama 2 13B", 0.44)
    )
    P, chip = catalog.model(name).parameters, catalog.accelerator("H100 SXM")
    peak = chip.fp16_bf16_flop_per_second
    speed = round(share * peak / (6 * P), -1)
    claim = round(6 * P * speed / (2 * peak), 3)
    found = explain_utilization(claim, speed, P, chip.name)
    suspects = {one.words for one in found if one.meets_the_claim}
    if "the peak with sparsity" not in suspects:
        raise ValueError(f"claim must be met by the peak with sparsity; got {suspects!r}")
    sparse = "They divided by the peak with sparsity."
    attention = "They counted attention's products too."
    again = "They counted the forward pass twice, as it was recomputed."
    node = "They took the tokens of a node of 8 for those of one accelerator."
    forward = "They counted the forward pass alone."
    return Choice(
        given={
            "model": Fact(name, "trained in bf16"),
            "parameters": Fact(P, f"a count: {format_count(P)}"),
            "speed": Fact(speed, "tokens a second on each accelerator"),
            "peak": Fact(peak, f"FLOP/s, {chip.name}, dense bf16"),
            "claim": Fact(claim, "the utilisation that an invented report claims"),
        },
        order=(attention, sparse, node, again, forward),
        answer=sparse,
        note="A multiply-accumulate counted as one FLOP, the fp8 peak and the int8 rate have the same factor: the "
        "figures cannot tell them apart.",
        wrong=(
            Wrong(attention, "That makes a claim larger than 6PD gives. Is this one larger?"),
            Wrong(again, "Recomputed work makes it a third larger. Is this claim larger than 6PD gives?"),
            Wrong(node, "That would be a factor of 8. Which factor lies between the claim and 6PD?"),
            Wrong(forward, "That leaves a third: 2 of 6 FLOP. Work out the ratio once more."),
        ),
    )


@question("8.7", "QLoRA on one card", slides="S12 S14", badge=Badge(difficulty=3, importance=2, minutes=7))
def qlora_on_one_card(pick: Pick) -> Number:
    """What QLoRA keeps before activations: the base in NF4, and adapters with gradients and AdamW."""
    name, rank, matrices = pick(
        ("Llama 2 13B", 128, 4),
        ("Llama 2 7B", 64, 4),
        ("Llama 2 7B", 128, 4),
        ("Llama 2 13B", 96, 4),
        ("Llama 2 7B", 96, 4),
    )
    model = catalog.model(name)
    P, L, h = model.parameters, model.layers, model.hidden
    bits = round(bits_per_value(NF4_DOUBLE), 3)
    base, adapters = P * bits / 8, L * matrices * rank * 2 * h
    states = 2 + 2 + 8

    def size(base: float, trained: float, each: float = states) -> float:
        return (base + trained * each) / GB

    return Number(
        given={
            "model": named(model),
            "parameters": Fact(P, f"a count: {format_count(P)}, frozen"),
            "bits": Fact(bits, "a value of the base, in NF4 with its double-quantised scales"),
            "layers": Fact(L, "a count, L"),
            "hidden": Fact(h, "inputs, and outputs, of each matrix that has an adapter"),
            "matrices": Fact(matrices, "that have an adapter in each layer"),
            "rank": Fact(rank, "of each adapter"),
            "states": Fact(states, "bytes for each trained parameter: weight and gradient in 16 bits, AdamW"),
        },
        answer=size(base, adapters),
        unit="GB",
        tolerance=0.002,
        also={"GiB": GB / GIB, "bytes": GB},
        note=f"The adapters have {format_count(adapters)} parameters. Activations come on top, as in any training.",
        wrong=(
            Wrong(size(base, 0), "Those are the frozen weights alone: the adapters are missing."),
            Wrong(size(0, adapters), "Those are the adapters alone: the frozen weights are in memory, too."),
            Wrong(size(P * 4 / 8, adapters), "The base takes 4 bits there: its scales are missing."),
            Wrong(size(2 * P, adapters), "The base is in 16 bits there: that is LoRA without the Q."),
            Wrong(size(base, adapters / 2), "An adapter has two matrices: inputs × rank, and rank × outputs."),
            Wrong(size(base, adapters / L), "Those are the adapters of one layer."),
            Wrong(size(base, adapters / matrices), "That is one adapter a layer."),
            Wrong(size(base, adapters, 2), "Adapters are trained: each parameter has a gradient and states, too."),
            Wrong(
                size(base, adapters, 8), "Those are AdamW's two numbers alone: weight and gradient take 2 bytes each."
            ),
            Wrong(
                size(base, adapters, 10),
                "Of weight, gradient and AdamW's two numbers, one of the first two is missing.",
            ),
            Wrong(size(base, adapters, 16), "A master copy in fp32 is counted there, 4 bytes more than are given."),
            Wrong(size(base, L * matrices * h * h), "Those are the matrices themselves; an adapter is thin."),
            Wrong(size(base * 8, adapters), "The base is in bits there. How many are a byte?"),
            Wrong(size(states * P, adapters), "The base is frozen: it has neither gradient nor states."),
        ),
    )


@question(
    "8.8",
    "Days, from ten to ninety",
    slides="S3",
    badge=Badge(difficulty=2, importance=3, minutes=6),
    kind="estimate",
)
def days_as_an_interval(pick: Pick) -> Vector:
    """The days of a run at the utilisation that nine of ten reach, and at the one that one of ten reaches."""
    name, number, low, high = pick(
        ("Llama 3.1 8B", 512, 0.15, 0.42),
        ("Olmo 3 7B", 256, 0.2, 0.45),
        ("Llama 3.1 70B", 4096, 0.25, 0.4),
        ("SmolLM3 3B", 384, 0.15, 0.4),
        ("Nemotron-4 15B", 1024, 0.2, 0.5),
    )
    run, chip = catalog.training_run(name), catalog.accelerator("H100 SXM")
    flop, peak = training_flop(run.parameters, run.tokens), chip.fp16_bf16_flop_per_second
    at_peak = flop / (number * peak) / SECONDS_PER_DAY
    days = [at_peak / high, at_peak / low]
    middle = at_peak / ((low + high) / 2)
    return Vector(
        given={
            "run": Fact(name, run.citation),
            "parameters": Fact(run.parameters, f"a count: {format_count(run.parameters)}"),
            "tokens": counted(run.tokens),
            "accelerators": Fact(number, f"of the kind {chip.name}"),
            "peak": Fact(peak, "FLOP/s each, dense bf16"),
            "low": Fact(low, "utilisation that nine of ten runs reach"),
            "high": Fact(high, "utilisation that one of ten runs reaches"),
        },
        answer=days,
        unit="days (the 10 % end first, then the 90 % end)",
        tolerance=0.005,
        note="The least days come with the most utilisation. The interval is wider above its middle than below.",
        wrong=(
            Wrong(days[::-1], "The order is turned round: the 10 % end has the fewest days."),
            Wrong([at_peak * low, at_peak * high], "Less than the peak takes longer: divide by the utilisation."),
            Wrong([at_peak, at_peak], "That is at the full peak, which nobody reaches."),
            Wrong([middle, middle], "That is one number: the utilisation in the middle. Both ends are asked for."),
            Wrong([24 * day for day in days], "Those are hours."),
            Wrong([day * number for day in days], "Those are accelerator-days: they all work at a time."),
            Wrong([day / 3 for day in days], "That is the forward pass alone: 2PD in place of 6PD."),
            Wrong([at_peak * (1 + low), at_peak * (1 + high)], "A utilisation is a share of the peak. Divide by it."),
        ),
    )
