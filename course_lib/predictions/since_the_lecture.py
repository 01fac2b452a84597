"""What lesson 8 asks before it shows: blocks, mixtures, machines, runs, states and intervals since the lecture."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from math import exp, hypot, log

import numpy as np

from course_lib import catalog
from course_lib.block_formats import (
    MXFP4,
    MXFP6_E2M3,
    MXFP8_E4M3,
    NF4_DOUBLE,
    Q8_0,
    SqnrRow,
    bits_per_value,
    comparison_tensors,
    encode,
    sqnr_table,
)
from course_lib.compute_cost import TransformerShape
from course_lib.memory import frozen_bytes, lora_parameters, muon_bytes
from course_lib.plan import PlanIntervals, plan_intervals, plan_training_run
from course_lib.predictions.prediction import Known, Prediction, prediction
from course_lib.since_the_lecture import (
    compute_bound_batch,
    distinct_experts,
    explain_utilization,
    ridge_point,
)

GB = 1e9
GPT_OSS = "gpt-oss-120b"
EXPERT = Known(2880, "2,880 × 2,880")


def shape_of(name: str) -> TransformerShape:
    """Return the shape of a model of the catalog."""
    return TransformerShape.from_catalog(name)


def sqnr_on(data: str) -> dict[str, SqnrRow]:
    """Return by name what each format keeps of one of the tensors that formats are compared on."""
    return {row.name: row for row in sqnr_table(comparison_tensors()[data])}


@cache
def the_plan() -> PlanIntervals:
    """Return the days and the money of lesson 7's plan, as intervals."""
    planned = plan_training_run(
        accelerator="H100 SXM", num_accelerators=256, days=30, utilization=0.40, data_tokens=1.5e12, serve_on="L40S"
    )
    return plan_intervals(planned)


@prediction("8a")
def bits_of_mxfp4() -> Prediction:
    """The bits of a value with its share of the scale; wrong are the element's alone, and a scale for each value."""
    return Prediction(
        asks="In MXFP4 an element has 4 bits, and 32 of them share a scale of 8 bits. How many bits does a value take?",
        options={"4": 4, "4.25": 4.25, "5": 5, "12": 12},
        truth=bits_per_value(MXFP4),
        facts={
            "element": Known(4, "4 bits"),
            "block": Known(32, "32 of them share"),
            "scale": Known(8, "a scale of 8 bits"),
        },
        reason=lambda element, block, scale: element + scale / block,
        shown=("MXFP4 4.25 bits a value",),
    )


@prediction("8b")
def one_bit_of_the_scale() -> Prediction:
    """The last bit of a scale that is an exponent; wrong are a shift, and one value alone."""
    block = encode(comparison_tensors()["normal"][0, :32], MXFP4)
    before, after = block.decode(), replace(block, scales=np.bitwise_xor(np.asarray(block.scales), 1)).decode()
    ratios = {float(ratio) for ratio in after[before != 0] / before[before != 0]}
    return Prediction(
        asks="Flip the last bit of a block's E8M0 scale. What becomes of its 32 values?",
        options={
            "One of them doubles or halves": "one",
            "All of them move by the same amount": "shift",
            "All of them double, or all of them halve": "factor",
        },
        truth="factor" if ratios in ({2.0}, {0.5}) else "shift",
        facts={
            "shared": Known(32, "its 32 values"),
            "scale": Known(lambda bit: 2.0**bit, "nothing but an exponent of 2"),
            "product": Known("factor", r"\text{value} = \text{element} \times \text{scale}"),
        },
        reason=lambda shared, scale, product: product if scale(1) == 2 and shared > 1 else "one",
        shown=("all 32 values, times 0.5",),
    )


@prediction("8c")
def bits_of_the_exponent() -> Prediction:
    """Two bits more for the exponent inside a block, on normal data; wrong is a gain of two bits."""
    rows = sqnr_on("normal")
    ahead = rows[MXFP8_E4M3.name].bits_ahead_of(rows[MXFP6_E2M3.name])
    return Prediction(
        asks="MXFP8 E4M3 and MXFP6 E2M3 both have a significand of 3 bits; MXFP8 spends 2 bits more, on the exponent. "
        "Normal numbers: how much more exact is MXFP8?",
        options={"2 bits": "2", "1 bit": "1", "Not at all": "0"},
        truth="0" if ahead < 0.5 else "1" if ahead < 1.5 else "2",
        facts={
            "significand": Known(3, "a significand of 3 bits"),
            "range": Known("0", "the scale has brought the block into range already"),
        },
        reason=lambda significand, range: range if significand else "2",
        shown=("MXFP6 E2M3 6.25 bits 31.0 dB",),
    )


@prediction("8d")
def a_column_of_outliers() -> Prediction:
    """Integers of 8 bits with a scale for 32 values, and with one for all; wrong are counting bits, and one scale."""
    x = comparison_tensors()["with outliers"]
    others = np.arange(x.shape[1]) != np.abs(x).max(axis=0).argmax()
    rows = {row.name: row for row in sqnr_table(x, where=others)}
    ahead = rows[Q8_0.name].bits_ahead_of(rows["int8 a tensor"])
    return Prediction(
        asks="The same 64 × 64 numbers, with one column 50 times as large. Q8_0 and int8 a tensor both keep integers "
        "of 8 bits. Q8_0 has a scale for 32 values of a row, int8 one scale for all. Which is more exact in the other "
        "63 columns?",
        options={
            "int8: its scale knows all values": "int8",
            "Both alike: they have the same integers": "both",
            "Q8_0, with its scales": "Q8_0",
        },
        truth="Q8_0" if ahead > 0.5 else "int8" if ahead < -0.5 else "both",
        facts={
            "row": Known(64, "64 × 64 numbers"),
            "block": Known(32, "a scale for 32 values of a row"),
            "harmed": Known(lambda share: "Q8_0" if share < 1 else "both", "harms the values that share its scale"),
        },
        reason=lambda row, block, harmed: harmed(block / row),
        shown=(f"Q8_0 8.50 bits {rows[Q8_0.name].sqnr_db:.1f} dB",),
    )


@prediction("8e")
def rounded_by_chance() -> Prediction:
    """The mean of many values rounded by chance; wrong are the level below, the one above, and the middle."""
    blocks = encode(np.tile([2.25] * 31 + [6.0], 400), MXFP4, np.random.default_rng(1)).decode()
    return Prediction(
        asks="12,400 values of 2.25 are rounded by chance, to 2 or to 3. What is their mean?",
        options={"2.00": 2.0, "2.25": 2.25, "2.50": 2.5, "3.00": 3.0},
        truth=float(blocks.reshape(-1, 32)[:, :31].mean()),
        facts={
            "value": Known(2.25, "values of 2.25"),
            "below": Known(2, "to 2 or to 3"),
            "above": Known(3, "to 2 or to 3"),
            "chance": Known(
                lambda value, below, above: (value - below) / (above - below),
                "with chances in proportion to the nearness",
            ),
        },
        reason=lambda value, below, above, chance: below + (above - below) * chance(value, below, above),
        shown=("by chance: 2.249",),
    )


@prediction("8f")
def parameters_of_the_experts() -> Prediction:
    """What all experts of a mixture hold: a number to type."""
    return Prediction(
        asks="gpt-oss-120b has 36 layers, each with 128 experts; an expert has 3 matrices of 2,880 × 2,880. How many "
        "parameters are in experts?",
        unit="parameters",
        truth=float(shape_of(GPT_OSS).parameters()["experts"]),
        facts={
            "layers": Known(36, "36 layers"),
            "experts": Known(128, "128 experts"),
            "matrices": Known(3, "3 matrices"),
            "width": EXPERT,
        },
        reason=lambda layers, experts, matrices, width: layers * experts * matrices * width**2,
        shown=("114.7 B in experts",),
    )


@prediction("8g")
def parameters_that_work() -> Prediction:
    """What works on one token; wrong are one expert a layer, half of it all, and all of it."""
    return Prediction(
        asks="The router of gpt-oss-120b sends a token to 4 of the 128 experts of each layer. Of its 117 B parameters, "
        "2 B are in no expert. How many work on a token, roughly?",
        options={"1 B": 1e9, "5 B": 5e9, "30 B": 30e9, "117 B": 117e9},
        truth=float(shape_of(GPT_OSS).active_parameters()["with the head"]),
        facts={
            "chosen": Known(4, "4 of the 128"),
            "all": Known(128, "128 experts"),
            "total": Known(117e9, "117 B parameters"),
            "others": Known(2e9, "2 B are in no expert"),
        },
        reason=lambda chosen, all, total, others: others + (total - others) * chosen / all,
        shown=("5.13 B active",),
    )


@prediction("8h")
def a_file_in_blocks() -> Prediction:
    """The bytes of a checkpoint that is partly in blocks; wrong are 4 bits, 8 bits and 16 bits for all."""
    parts = shape_of(GPT_OSS).parameters()
    others = parts["total"] - parts["experts"]
    return Prediction(
        asks="The file of gpt-oss-120b has the 114.7 B parameters of its experts in MXFP4, and 2.1 B in 16 bits. How "
        "large is it?",
        options={"29 GB": 29, "65 GB": 65, "117 GB": 117, "234 GB": 234},
        truth=(parts["experts"] * bits_per_value(MXFP4) / 8 + 2 * others) / GB,
        facts={
            "experts": Known(114.7e9, "114.7 B"),
            "others": Known(2.1e9, "2.1 B in 16 bits"),
            "bits": Known(4.25, "4.25 bits a value"),
        },
        reason=lambda experts, others, bits: (experts * bits / 8 + 2 * others) / 1e9,
        shown=("65.2 GB",),
    )


@prediction("8i")
def a_mixture_beside_a_dense_model() -> Prediction:
    """A token's FLOP in a mixture beside a dense model; wrong is the ratio of all parameters."""
    mixture, dense = catalog.training_run("DeepSeek-V3 (37B active)"), catalog.training_run("Llama 3.1 405B")
    return Prediction(
        asks="DeepSeek-V3 has 671 B parameters, of which 37 B work on a token. Llama 3.1 405B is dense. How many times "
        "as many FLOP does a token of DeepSeek-V3 take to train?",
        options={"0.09 times": 0.09, "0.6 times": 0.6, "1.7 times": 1.7, "18 times": 18},
        truth=mixture.parameters / dense.parameters,
        facts={
            "active": Known(37e9, "37 B work on a token"),
            "dense": Known(405e9, "405B"),
            "flop": Known(lambda parameters: 6 * parameters, "6 FLOP for each parameter that works"),
        },
        reason=lambda active, dense, flop: flop(active) / flop(dense),
        shown=("0.091 times the FLOP",),
    )


@prediction("8j")
def experts_of_a_batch() -> Prediction:
    """How many experts a batch needs; wrong are those of one token, one for each token, and all."""
    return Prediction(
        asks="32 users each want a token. In a layer of 256 experts, each token picks 8 at random. How many different "
        "experts must be read?",
        options={"8": 8, "32": 32, "163": 163, "256": 256},
        truth=float(distinct_experts(shape_of("DeepSeek-V3"), 32)),
        facts={
            "users": Known(32, "32 users"),
            "all": Known(256, "256 experts"),
            "chosen": Known(8, "picks 8 at random"),
            "left_out": Known(
                lambda tokens, chosen, all: (1 - chosen / all) ** tokens, "all leave an expert out with probability"
            ),
        },
        reason=lambda users, all, chosen, left_out: all * (1 - left_out(users, chosen, all)),
        shown=("163 of 256 experts",),
    )


@prediction("8k")
def a_sparse_peak() -> Prediction:
    """The dense peak behind a printed sparse one; wrong is the print itself, and twice of it."""
    return Prediction(
        asks="A table prints 18 PFLOP/s of fp4 with sparsity for a B200. Your model is dense. What is its peak?",
        options={"4.5 PFLOP/s": 4.5e15, "9 PFLOP/s": 9e15, "18 PFLOP/s": 18e15, "36 PFLOP/s": 36e15},
        truth=catalog.accelerator("B200").peak("fp4"),
        facts={
            "printed": Known(18e15, "18 PFLOP/s"),
            "sparse": Known(2, "2 of each 4 weights are zero"),
            "group": Known(4, "2 of each 4 weights are zero"),
        },
        reason=lambda printed, sparse, group: printed * sparse / group,
        shown=("B200 2250 4500 9000",),
    )


@prediction("8l")
def ridge_points() -> Prediction:
    """How the ridge point grows with the number format; wrong are no change, and the inverse."""
    return Prediction(
        asks="A B200 does 2,250 TFLOP/s in bf16 and 9,000 in fp4, and reads 7.7 TB/s. How many FLOP must a step in "
        "fp4 do with each byte, so as not to wait for the memory?",
        options={"73": 73, "292": 292, "1,169": 1169, "4,600": 4600},
        truth=ridge_point("B200", "fp4"),
        facts={
            "peak": Known(9000, "9,000 in fp4"),
            "bandwidth": Known(7.7e12, "7.7 TB/s"),
            "ridge": Known(lambda peak, bandwidth: 1e12 * peak / bandwidth, "peak / bandwidth"),
        },
        reason=lambda peak, bandwidth, ridge: ridge(peak, bandwidth),
        shown=("fp4 1169",),
    )


@prediction("8m")
def a_batch_that_computes() -> Prediction:
    """Whether a larger batch ever makes generating compute-bound; wrong is the batch without a cache, and some more."""
    batch = compute_bound_batch(shape_of("Llama 3.1 8B"), 4096, "H100 SXM")
    return Prediction(
        asks="Llama 3.1 8B answers many users on an H100, each after 4,096 tokens. A token takes 15 GFLOP for the "
        "weights and 2 for attention, and reads its own 0.54 GB of cache. From which batch on does the H100 compute "
        "longer than it reads?",
        options={"About 300": 300, "About 1,200": 1200, "None is enough": "none"},
        truth="none" if batch is None else batch,
        facts={
            "weights": Known(15, "15 GFLOP"),
            "attention": Known(2, "2 for attention"),
            "cache": Known(0.54, "0.54 GB"),
            "ridge": Known(295, "H100 SXM bf16 295"),
        },
        reason=lambda weights, attention, cache, ridge: "none" if (weights + attention) / cache < ridge else 300,
        shown=("4,096: at most 32.0 FLOP a byte, compute-bound from None",),
    )


@prediction("8n")
def utilisation_of_tinyllama() -> Prediction:
    """A utilisation by 6PD; wrong are a peak that is twice as large, the claim, and one with recomputation."""
    P = catalog.model("TinyLlama 1.1B").parameters
    found = explain_utilization(0.56, 24_000, P, "A100 40GB")
    return Prediction(
        asks="TinyLlama, 1.1 B parameters, trained at 24,000 tokens a second on each A100 of 312 TFLOP/s. What is that "
        "by 6P FLOP a token?",
        options={"25 %": 0.25, "51 %": 0.51, "56 %": 0.56, "68 %": 0.68},
        truth=next(one.mfu for one in found if one.kind == "honest"),
        facts={
            "P": Known(1.1e9, "1.1 B parameters"),
            "speed": Known(24_000, "24,000 tokens a second"),
            "peak": Known(312e12, "312 TFLOP/s"),
            "rule": Known(lambda P: 6 * P, "6P FLOP a token"),
        },
        reason=lambda P, speed, peak, rule: rule(P) * speed / peak,
        shown=("6PD at the dense peak: 50.8 %",),
    )


@prediction("8o")
def a_peak_of_another_format() -> Prediction:
    """What a run in fp8 has by its own peak; wrong are the claim and what the bf16 peak gives."""
    P = catalog.model("SmolLM3 3B").parameters
    found = explain_utilization(0.45, 41_400, P, "B200", precision="fp8")
    return Prediction(
        asks="A model of 3.1 B parameters trains in fp8 at 41,400 tokens a second on a B200, and 45 % is claimed. What "
        "is it by 6P FLOP a token and the fp8 peak of 4,500 TFLOP/s?",
        options={"17 %": 0.17, "34 %": 0.34, "45 %": 0.45, "90 %": 0.90},
        truth=next(one.mfu for one in found if one.kind == "honest"),
        facts={
            "P": Known(3.1e9, "3.1 B parameters"),
            "speed": Known(41_400, "41,400 tokens a second"),
            "peak": Known(4500e12, "4,500 TFLOP/s"),
            "rule": Known(lambda P: 6 * P, "6P FLOP a token"),
        },
        reason=lambda P, speed, peak, rule: rule(P) * speed / peak,
        shown=("6PD at the dense peak: 17.0 %",),
    )


@prediction("8p")
def states_of_muon() -> Prediction:
    """What Muon keeps of a model, in GB; wrong are AdamW for all, one momentum for all, and none for embeddings."""
    shape = shape_of("Llama 3.1 8B")
    matrices = sum(matrix.weights for matrix in shape.hidden_matrices())
    return Prediction(
        asks="Llama 3.1 8B has 7.0 B parameters in hidden matrices and 1.05 B in embedding and head. Muon keeps one "
        "number for each of the first, AdamW two for each of the others, all in fp32. What do the states take?",
        options={"28 GB": 28, "32 GB": 32, "36 GB": 36, "64 GB": 64},
        truth=muon_bytes(shape.parameters()["total"], matrices) / GB,
        facts={
            "matrices": Known(7.0e9, "7.0 B parameters in hidden matrices"),
            "others": Known(1.05e9, "1.05 B in embedding and head"),
            "fp32": Known(4, "4 bytes"),
        },
        reason=lambda matrices, others, fp32: fp32 * (matrices + 2 * others) / 1e9,
        shown=("36.3 GB with Muon",),
    )


@prediction("8q")
def parameters_of_adapters() -> Prediction:
    """What LoRA trains of GPT-3; wrong are one matrix a layer, one side of it, and the matrices themselves."""
    gpt_3 = catalog.model("GPT-3 175B")
    return Prediction(
        asks="GPT-3 has 96 layers of width 12,288. LoRA of rank 4 goes beside 2 matrices of each layer. How many "
        "parameters are trained?",
        options={"5 M": 5e6, "19 M": 19e6, "300 M": 300e6, "29 B": 29e9},
        truth=float(lora_parameters([(gpt_3.layers, gpt_3.hidden, gpt_3.hidden)] * 2, rank=4)),
        facts={
            "layers": Known(96, "96 layers"),
            "width": Known(12_288, "width 12,288"),
            "rank": Known(4, "rank 4"),
            "matrices": Known(2, "2 matrices"),
            "adapter": Known(lambda rank, width: rank * (width + width), "rank × (inputs + outputs)"),
        },
        reason=lambda layers, width, rank, matrices, adapter: layers * matrices * adapter(rank, width),
        shown=("18.9 M parameters",),
    )


@prediction("8r")
def a_base_in_nf4() -> Prediction:
    """The frozen base of QLoRA: a number to type."""
    P = catalog.training_run("LLaMA 65B").parameters
    return Prediction(
        asks="QLoRA freezes the weights of LLaMA 65B, 65.2 B parameters, in NF4 with double-quantised scales: 4.13 "
        "bits a value. How many GB is that?",
        unit="GB",
        truth=frozen_bytes(P, quantised=P, bits=bits_per_value(NF4_DOUBLE)) / GB,
        facts={"P": Known(65.2e9, "65.2 B parameters"), "bits": Known(4.13, "4.13 bits a value")},
        reason=lambda P, bits: P * bits / 8 / 1e9,
        shown=("33.6 GB",),
    )


@prediction("8s")
def days_of_a_slow_run() -> Prediction:
    """The late end of a plan; wrong are a tenth more, as many points more as are missing, and four times as many."""
    ends = the_plan()
    reached = round(ends.utilization.low, 2)
    days = {"a tenth": 30 * 1.1, "points": 30 * (1 + 0.40 - reached), "right": ends.days.high, "four": 30 * 4.0}
    return Prediction(
        asks="30 days were planned at 40 %. By the line above, about one run in ten reaches "
        f"{100 * reached:.0f} % or less. How many days does the plan take at {100 * reached:.0f} %?",
        options={f"{each:.0f} days": each for each in days.values()},
        truth=ends.days.high,
        facts={
            "days": Known(30, "30 days"),
            "planned": Known(0.40, "40 %"),
            "reached": Known(reached, f"{100 * reached:.0f} %"),
        },
        reason=lambda days, planned, reached: days * planned / reached,
        shown=(f"{ends.days.low:.0f} to {ends.days.high:.0f} days",),
    )


@prediction("8t")
def factor_of_the_money() -> Prediction:
    """How wide the money is, beside days and price; wrong are the wider of the two, their product and more."""
    ends = the_plan()
    days, price = round(ends.days.factor, 1), round(ends.price.factor, 1)
    together = exp(hypot(log(days), log(price)))
    return Prediction(
        asks=f"The days have a factor of {days} from end to end, the price one of {price}. Which one has the money?",
        options={f"{factor:.2g}": factor for factor in (price, together, days * price, 2 * days * price)},
        truth=ends.cost.factor,
        facts={
            "days": Known(days, f"a factor of {days}"),
            "price": Known(price, f"one of {price}"),
            "add": Known(lambda one, other: exp(hypot(log(one), log(other))), "add like the sides of a right angle"),
        },
        reason=lambda days, price, add: add(days, price),
        shown=(f"a factor of {ends.cost.factor:.1f}",),
    )
