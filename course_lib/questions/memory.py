"""Set 4, memory: slides S5 and S11 to S14."""

from __future__ import annotations

import math

from course_lib import catalog
from course_lib.catalog import Accelerator
from course_lib.memory import (
    RECOMPUTE,
    activation_bytes,
    activation_terms,
    fits,
    logits_bytes,
    parameter_bytes,
    training_memory,
    working_bytes,
    zero_sharded,
)
from course_lib.questions.kinds import Choice, Function, Number, Vector
from course_lib.questions.question import Badge, Fact, Pick, Wrong, counted, named, question
from course_lib.units import format_bytes, format_count

GB, GIB = 1e9, 2**30
IN_OTHER_UNITS = {"GiB": GB / GIB, "bytes": GB, "Gbit": 8}
RECIPE = "fp32+bf16, gradients in bf16, AdamW"
MASTER = 4
SCALE, BLOCK = 4, 256
MIXTURE = "DeepSeek-V3 (37B active)"

# Rajbhandari et al. 2020, section 3.1, Figure 1 and Table 1: parameters, and the GB of their model states.
UNSHARDED = {1.5e9: (24, "section 3.1"), 7.5e9: (120, "Figure 1"), 128e9: (2048, "Table 1"), 1e12: (16000, "Table 1")}

# Rajbhandari et al. 2020, Table 1: parameters, accelerators, stage, and the GB on each accelerator.
SHARDED = {
    (128e9, 16, 2): 368,
    (128e9, 4, 1): 896,
    (7.5e9, 4, 2): 41.3,
    (7.5e9, 16, 1): 35.6,
    (1e12, 16, 2): 2875,
    (1e12, 16, 1): 4750,
}


@question("4.1", "One model, four precisions", slides="S11", badge=Badge(difficulty=1, importance=3, minutes=3))
def four_precisions(pick: Pick) -> Vector:
    """The size of a released model in fp32, fp16, bf16 and int8; of a mixture of experts all parameters count."""
    name = pick(MIXTURE, "Llama 3.1 8B", "Llama 2 13B", "GPT-2 XL", "Llama 2 70B", "Llama 3.1 70B")
    mixture = catalog.training_run(name) if name == MIXTURE else None
    P = mixture.total_parameters if mixture else catalog.model(name).parameters
    model = Fact(name, f"a mixture of experts; {mixture.citation}") if mixture else named(catalog.model(name))
    active = (
        {"active": Fact(mixture.parameters, "of them, a count: those that work on any one token")} if mixture else {}
    )
    sizes = [parameter_bytes(P, kind) / GB for kind in ("fp32", "fp16", "bf16", "int8")]
    forgotten = "Memory does not follow the active parameters: the next token needs others. Which must be at hand?"
    of_active = [Wrong([size * mixture.parameters / P for size in sizes], forgotten)] if mixture else []
    return Vector(
        given={"model": model, "parameters": counted(P, digits=4)} | active,
        answer=sizes,
        unit="GB, in the order fp32, fp16, bf16, int8",
        tolerance=0.01,
        note="Each step down halves it, except between the two formats of 16 bits.",
        wrong=(
            Wrong([8 * size for size in sizes], "Those are bits. How many bits has a byte?"),
            Wrong([GB * size for size in sizes], "Those are bytes. The question asks for GB."),
            Wrong([GB / GIB * size for size in sizes], "Those are GiB, of 2**30 bytes. A GB has 10**9 bytes."),
            Wrong([size / 2 for size in sizes], "Half of it: that takes fp32 for a format of 16 bits."),
            Wrong(sizes[::-1], "The order is turned round: fp32 comes first, int8 last."),
            Wrong([*sizes[:2], sizes[0], sizes[3]], "Bf16 has the range of fp32, and not its size."),
            Wrong([*sizes[:3], sizes[1]], "The 8 in int8 counts bits; that size is fp16's."),
            Wrong([*sizes[:3], sizes[3] / 2], "That is the size of 4 bits a parameter. Int8 has more."),
            *of_active,
        ),
    )


@question("4.2", "Where the 8 bytes come from", slides="S12", badge=Badge(difficulty=1, importance=3, minutes=2))
def why_eight_bytes(pick: Pick) -> Choice:
    """What AdamW remembers, and in which format."""
    model = catalog.model(pick("GPT-2 XL", "Llama 2 7B", "Llama 2 13B", "Llama 3.1 8B", "GPT-3 175B"))
    states = training_memory(model.parameters, "fp32+bf16", "adamw").optimizer
    return Choice(
        given={
            "model": Fact(model.name, f"{format_count(model.parameters)} parameters"),
            "states": Fact(int(states), f"bytes, {format_bytes(states)}: the states of AdamW"),
        },
        answer="A running mean of each gradient and one of its square, both in fp32.",
        note="Momentum and variance: each is as large as the weights in fp32.",
        wrong=(
            Wrong(
                "The fp32 master copy of each weight and its fp32 gradient.",
                "Where a recipe has them, each has a place of its own in the sum. What does AdamW remember besides?",
            ),
            Wrong(
                "A running mean of each gradient in fp32, and the fp32 master copy of the weight.",
                "The mean is right. The master copy is counted with the parameters here; which state is missing?",
            ),
            Wrong(
                "The weight, its gradient, momentum and variance, all four in 16 bits.",
                "Weights and gradients are no states of the optimizer, and the slide keeps its states more finely.",
            ),
            Wrong(
                "One byte for each of the last eight gradients.",
                "AdamW keeps no list of gradients: it keeps running means, and updates them at each step.",
            ),
            Wrong(
                "8 bits for each parameter, as the 8-bit optimizer keeps them.",
                "That takes bits for bytes. The 8-bit optimizer keeps fewer bytes than AdamW.",
            ),
        ),
    )


@question("4.3", "What 8-bit states save", slides="S12", badge=Badge(difficulty=2, importance=2, minutes=4))
def saved_by_8_bit_states(pick: Pick) -> Number:
    """The GB that 8-bit states save on a released model, their scales counted."""
    model = catalog.model(pick("Llama 2 7B", "Llama 2 13B", "Llama 3.1 8B", "GPT-2 XL", "Llama 2 70B"))
    P = model.parameters / GB
    scale = SCALE / BLOCK
    in_8_bits = 2 * (1 + scale)
    return Number(
        given={
            "model": named(model),
            "parameters": counted(model.parameters, digits=4),
            "block": Fact(BLOCK, "numbers of the momentum share one scale; so do those of the variance"),
            "scale": Fact(SCALE, "bytes a scale, in fp32"),
        },
        answer=(8 - in_8_bits) * P,
        unit="GB",
        tolerance=0.001,
        also=IN_OTHER_UNITS,
        note=f"The scales cost {format_bytes(2 * scale * model.parameters)}: small beside what is saved.",
        wrong=(
            Wrong((8 - 2) * P, "That is the slide's rule. Here the scales count as well: how many bytes a number?"),
            Wrong((8 - 2 - scale) * P, "There are scales for the momentum and scales for the variance."),
            Wrong((8 - 2 * (1 + SCALE)) * P, "That gives every number a scale of its own: nothing is saved."),
            Wrong((8 - 2 - 2 / BLOCK) * P, "A scale is fp32, not one byte."),
            Wrong((4 - in_8_bits / 2) * P, "That is what one of the two states saves."),
            Wrong(in_8_bits * P, "That is what the states still take. The question asks for what they save."),
            Wrong(8 * P, "That is what the states take before."),
            Wrong((8 + MASTER - in_8_bits) * P, "8-bit states save no master copy: that belongs to the weights."),
            Wrong((4 - in_8_bits) * P, "That takes AdamW's states to be of 16 bits before. They are fp32."),
        ),
    )


def model_states(parameters: float, state_bits: int) -> float:
    """Return the bytes of the model states in mixed precision, for AdamW states of so many bits each."""
    return parameters * (MASTER + 2 + 2 + 2 * state_bits / 8)


@question("4.4", "Without activations", slides="S11 S12 S13", badge=Badge(difficulty=2, importance=3, minutes=6))
def write_model_states(pick: Pick) -> Function:
    """Write the total without activations of a mixed recipe."""
    P = catalog.model(pick("Llama 2 7B", "Llama 3.1 8B", "Llama 2 13B", "GPT-2 XL", "Llama 2 70B")).parameters
    return Function(
        name="model_states",
        reference=model_states,
        cases=((P, 32), (P, 8), (175e9, 32)),
        generate=lambda rng: (float(rng.integers(1, 10**12)), int(rng.choice([8, 16, 32]))),
        given={
            "weights": Fact("fp32+bf16", "a master copy, and a copy for the products"),
            "gradients": Fact("bf16", "one a parameter"),
            "optimizer": Fact("AdamW", "momentum and variance, each number in state_bits bits"),
            "example": Fact(P, "parameters, with states of 32 and of 8 bits: the first two inputs of the check"),
        },
        note="None of it depends on the batch. With states of 32 bits it is what pure fp32 takes, too.",
        wrong=(
            Wrong(lambda P, bits: P * (8 + 2 * bits), "The states are in bits and the rest is in bytes."),
            Wrong(lambda P, bits: 8 * P * (8 + bits / 4), "The whole result is in bits; the question asks for bytes."),
            Wrong(lambda P, bits: P * (6 + bits / 4), "The gradients are missing."),
            Wrong(lambda P, bits: P * (4 + bits / 4), "The fp32 master copy is missing: it is counted nowhere."),
            Wrong(lambda P, bits: P * (12 + bits / 4), "The master copy is counted twice: put it in one place."),
            Wrong(lambda P, bits: P * (8 + bits / 8), "One state is missing: AdamW keeps two numbers a parameter."),
            Wrong(lambda P, bits: P * (6 + bits / 8), "One state is missing, and so are the gradients."),
            Wrong(lambda P, bits: P * (10 + bits / 4), "That keeps the gradients in fp32; here they are bf16."),
            Wrong(lambda P, bits: P * (6 + 2 + 8), "`state_bits` is not used."),
            Wrong(lambda P, bits: P * (8 + bits / 4) / GIB, "That is in GiB; the question asks for bytes."),
        ),
    )


@question(
    "4.5", "Find the error", slides="S11 S13", badge=Badge(difficulty=2, importance=3, minutes=4), kind="find the error"
)
def find_the_error(pick: Pick) -> Choice:
    """A sum of the slide's sizes with another source's that counts the master copy twice."""
    P = pick(*UNSHARDED)
    published, place = UNSHARDED[P]
    nothing = "Nothing is wrong: the published figure leaves something out."
    return Choice(
        given={
            "parameters": counted(P),
            "line_1": Fact("6 bytes", "parameters in fp32+fp16, after the slide: 4 + 2"),
            "line_2": Fact("2 bytes", "gradients in fp16, after the slide"),
            "line_3": Fact("12 bytes", "AdamW, after Anthony et al. 2023: fp32 copy 4, momentum 4, variance 4"),
            "line_4": Fact(f"{20 * P / GB:,.0f} GB", "lines 1 to 3 added, times the parameters"),
            "published": Fact(published, f"GB, without activations: Rajbhandari et al. 2020, {place}"),
        },
        answer="Lines 1 and 3 both hold the fp32 copy of the weights.",
        note="Each source is right by itself. Before you add figures of two sources, ask what each counts.",
        wrong=(
            Wrong(
                "Line 2: the gradients of a mixed recipe are always fp32, so they take 4 bytes.",
                "Under autocast they are, not always; and it would lead further from the published figure.",
            ),
            Wrong(
                "Line 3: momentum and variance take 16 bits each in a mixed recipe, so AdamW takes 4 + 2 + 2 bytes.",
                "That sum would meet the published figure by accident: in this recipe the states stay fp32.",
            ),
            Wrong(
                "Line 4: it is in GB, the published figure in GiB.",
                "That would explain a gap of 7 %. How large is the gap?",
            ),
            Wrong(
                "Line 1: in a mixed recipe only the 16-bit copy is there, and no fp32 copy anywhere.",
                "This recipe has one, against small steps that 16 bits round away. How often does it stand here?",
            ),
            Wrong(nothing, "The published figure has all of the model states. Write down what each byte holds."),
        ),
    )


def in_memory(chip: Accelerator) -> Fact:
    """Return the memory of one accelerator in bytes, and whether that is the printed figure or what it reports."""
    if chip.reported_bytes is None:
        return Fact(chip.usable_bytes, f"bytes, one {chip.name}, as on its datasheet")
    mib = chip.reported_bytes // 2**20
    return Fact(chip.usable_bytes, f"bytes, one {chip.name}: it reports {mib:,} MiB ({chip.reported_source})")


def other_memory(chip: Accelerator) -> tuple[int, str]:
    """Return the bytes that one may take for an accelerator's memory, with the hint that they deserve."""
    sold = chip.memory_bytes // 10**9
    if chip.reported_bytes is None:
        return sold * GIB, "A datasheet's GB are 10**9 bytes, not 2**30."
    return chip.memory_bytes, f"That takes the {sold} GB of its name. The card reports more: the table has its bytes."


@question("4.6", "One model, one GPU", slides="S5 S13", badge=Badge(difficulty=2, importance=3, minutes=5))
def what_is_missing(pick: Pick) -> Number:
    """The GB that one accelerator lacks to train a released model at all."""
    name, chip = pick(
        ("Llama 2 13B", "H100 SXM"),
        ("Llama 2 13B", "MI300X"),
        ("Llama 2 13B", "L40S"),
        ("GPT-2 XL", "RTX 3090"),
        ("Llama 2 7B", "RTX 4090"),
    )
    model, accelerator = catalog.model(name), catalog.accelerator(chip)
    P, memory = model.parameters, accelerator.usable_bytes
    kept = activation_bytes(1, model.context, model.hidden, model.layers, model.heads, "full")
    working = working_bytes(1, model.context, model.hidden, model.heads, model.vocab, "full")
    needed = training_memory(P, "fp32+bf16", "adamw", activations=kept, working=working)
    missing = -fits(needed, memory).spare_bytes / GB
    other, taken = other_memory(accelerator)

    def off_by(size: float) -> float:
        return missing + size / GB

    return Number(
        given={
            "model": named(model),
            "parameters": counted(P, digits=4),
            "recipe": Fact(RECIPE, "fp32 master copy, bf16 copy; momentum and variance in fp32"),
            "activations": Fact(int(kept), f"bytes: one sequence of {model.context:,} tokens, full recomputation"),
            "working": Fact(
                int(working), "bytes of working memory: the layer being recomputed, one fp32 copy of logits"
            ),
            "memory": in_memory(accelerator),
        },
        answer=missing,
        unit="GB",
        tolerance=0.005,
        also=IN_OTHER_UNITS,
        note=f"A cure: over 8 such accelerators, ZeRO's stage 3 leaves {zero_sharded(needed, 8, 3).total / GB:.3g} GB "
        "on each. Leave room for buffers.",
        wrong=(
            Wrong(-missing, "The sign is turned round: that is what is to spare, and the question asks what lacks."),
            Wrong(off_by(memory), "That is what training needs. Subtract what there is."),
            Wrong(off_by(-kept), "The activations are missing: full recomputation still keeps each layer's input."),
            Wrong(off_by(-working), "The working memory is missing: it is there only for a while, but it must fit."),
            Wrong(off_by(-kept - working), "Those are the model states alone. What grows with the batch is missing."),
            Wrong(off_by(-2 * P), "The gradients are missing, or the 16-bit copy of the weights is."),
            Wrong(off_by(-4 * P), "4 bytes a parameter are missing: the master copy, or AdamW's states in 16 bits."),
            Wrong(off_by(4 * P), "4 bytes a parameter too many: the master copy is counted twice."),
            Wrong(off_by(2 * P), "Those are fp32 gradients, as Megatron-LM keeps them. This recipe has them in bf16."),
            Wrong(off_by(-8 * P), "Half the model states are missing. Are AdamW's states in?"),
            Wrong(off_by(-14 * P), "Those are the weights alone, as for generating text. What does training add?"),
            Wrong(off_by(memory - other), taken),
        ),
    )


@question("4.7", "Activations from the shape", slides="S14", badge=Badge(difficulty=2, importance=2, minutes=5))
def activations_of_a_batch(pick: Pick) -> Number:
    """The activations of a batch of full contexts, without recomputation."""
    name, b = pick(("GPT-2 large", 32), ("GPT-3 175B", 2), ("GPT-2 large", 16), ("GPT-2 124M", 64), ("GPT-2 124M", 8))
    model = catalog.model(name)
    s, h, L, a = model.context, model.hidden, model.layers, model.heads
    kept = activation_bytes(b, s, h, L, a)
    each = s * b * h * L
    return Number(
        given={
            "model": named(model),
            "layers": Fact(L, "a count, L"),
            "hidden": Fact(h, "numbers a token, h"),
            "heads": Fact(a, "a count in each layer, a"),
            "sequence": Fact(s, "tokens, s"),
            "batch": Fact(b, "sequences, b, on one accelerator"),
        },
        answer=kept / GB,
        unit="GB",
        tolerance=0.01,
        also=IN_OTHER_UNITS,
        note=f"Rajbhandari et al. 2020, section 3.2, count 12 numbers of 2 bytes and no scores: "
        f"{format_bytes(24 * each, digits=2)}. What a layer keeps differs from program to program.",
        wrong=(
            Wrong(kept / L / GB, "That is one layer. Every layer keeps its own until the backward pass has used it."),
            Wrong(kept / b / GB, "That is one sequence; the batch has more."),
            Wrong(kept / s / GB, "That is one token of each sequence."),
            Wrong(34 * each / GB, "Attention's scores are missing: that is what selective recomputation keeps."),
            Wrong((kept - 34 * each) / GB, "Those are attention's scores alone."),
            Wrong((34 + 5 * s / h) * each / GB, "Those are the scores of a single head in each layer."),
            Wrong(
                (34 + 5 * a * h / s) * each / GB,
                "The ratio beside the 5 is upside down: scores grow with the sequence.",
            ),
            Wrong(2 * each / GB, "Each layer's input alone: that is full recomputation."),
            Wrong(2 * kept / GB, "The formula counts bytes already: was it multiplied with 2 bytes a number?"),
        ),
    )


@question("4.8", "The batch that fits", slides="S14 S5", badge=Badge(difficulty=3, importance=3, minutes=9))
def batches_that_fit(pick: Pick) -> Vector:
    """The largest batch of a released model on one accelerator, for each kind of recomputation."""
    name, chip = pick(
        ("GPT-2 medium", "A100 80GB"),
        ("GPT-2 large", "H100 SXM"),
        ("GPT-2 medium", "H800"),
        ("GPT-2 124M", "V100"),
        ("GPT-2 XL", "MI300X"),
    )
    model, accelerator = catalog.model(name), catalog.accelerator(chip)
    s, h, L, a, memory = model.context, model.hidden, model.layers, model.heads, accelerator.usable_bytes
    states = int(training_memory(model.parameters, "fp32+fp16", "adamw").model_states)
    kept = [float(activation_bytes(1, s, h, L, a, kind)) for kind in RECOMPUTE]
    working = [float(working_bytes(1, s, h, a, model.vocab, kind)) for kind in RECOMPUTE]
    logits = float(logits_bytes(1, s, model.vocab))
    layer = float(activation_bytes(1, s, h, 1, a))
    scores = layer - float(activation_bytes(1, s, h, 1, a, "selective"))
    one = [size + more for size, more in zip(kept, working, strict=True)]
    no_logits = [size - logits for size in one]
    exactly = [(memory - states) / size for size in one]
    other, taken = other_memory(accelerator)

    def fitting(sizes: list[float], room: float = memory) -> list[int]:
        return [math.floor((room - states) / size) for size in sizes]

    def with_again(*again: float) -> list[float]:
        return [size + logits + more for size, more in zip(kept, again, strict=True)]

    batches = fitting(one)
    fraction = "A sequence fits or it does not: round to whole sequences, in the safe direction."
    forgotten = (
        "The logits are missing, or there once only: each sequence has a number in fp32 for each token and entry."
    )
    return Vector(
        given={
            "model": named(model),
            "layers": Fact(L, "a count, L"),
            "hidden": Fact(h, "numbers a token, h"),
            "heads": Fact(a, "a count in each layer, a"),
            "sequence": Fact(s, "tokens, s"),
            "vocab": Fact(model.vocab, "entries of the vocabulary: logits for each token, one copy in fp32"),
            "states": Fact(states, "bytes of model states: fp32+fp16, gradients in fp16, AdamW"),
            "memory": in_memory(accelerator),
        },
        answer=batches,
        unit="sequences (first none, then selective, then full)",
        tolerance=0,
        whole=fraction,
        note="Buffers come on top, and where the gradient of the logits is kept beside them, as much as they take: in "
        "practice each is smaller. Full costs a third more FLOP.",
        wrong=(
            Wrong(exactly, fraction),
            *(
                Wrong(nearest, "Rounded to the nearest: where that is up, the last one is too many.")
                for nearest in [[round(batch) for batch in exactly]]
                if nearest != batches
            ),
            Wrong([batch + 1 for batch in batches], "Rounded up: the last sequence does not fit."),
            Wrong(fitting(no_logits), forgotten),
            Wrong(
                fitting(no_logits, 0.9 * memory),
                "A tenth of the memory does not cover the logits: they grow with the batch. Count them instead.",
            ),
            Wrong(
                fitting([size + logits for size in kept]),
                "While the backward pass computes a layer again, what it computes (the layer, or its scores) is there.",
            ),
            Wrong(
                fitting(with_again(layer, layer, layer)),
                "Without recomputation nothing is computed again: there is no layer beside what is kept.",
            ),
            Wrong(
                fitting(with_again(0, layer, layer)),
                "Selective recomputation computes attention's scores again, not the whole layer: only they are there.",
            ),
            Wrong(
                fitting(with_again(0, scores, scores)),
                "Full recomputation computes the whole layer again, not its scores alone.",
            ),
            Wrong(
                fitting(with_again(0, scores, layer - scores)),
                "While full recomputation computes a layer again, the layer's scores are there, too.",
            ),
            Wrong(fitting([size - logits / 2 for size in one]), "The logits are in fp32. How many bytes is a number?"),
            Wrong(fitting(one, 0.9 * memory), "A tenth is left free there. Here all of the memory may be filled."),
            Wrong(
                fitting(kept),
                "What is kept is not all: while it trains there are the logits, and the layer being computed again.",
            ),
            Wrong(
                fitting([size + logits for size in one]),
                "Those are two copies of the logits, one for their gradient; here it is one copy.",
            ),
            Wrong([memory // size for size in one], "The model states are in that memory, too."),
            Wrong([states // size for size in one], "That divides the model states, not what they leave free."),
            Wrong(
                fitting([size / L + more for size, more in zip(kept, working, strict=True)]),
                "Those are the activations of one layer: every layer keeps its own.",
            ),
            Wrong([batch * s for batch in batches], "Those are tokens. How many sequences are they?"),
            Wrong(batches[::-1], "The order is turned round: recomputation makes room for more sequences."),
            Wrong([batches[1], *batches[1:]], "Without recomputation attention's scores are kept; they are missing."),
            Wrong([batches[0], batches[0], batches[2]], "Selective recomputation drops attention's scores."),
            Wrong(fitting(one, other), taken),
        ),
    )


@question(
    "4.9",
    "One share under ZeRO",
    slides="S5 S12 S13",
    badge=Badge(difficulty=3, importance=2, minutes=5),
    kind="estimate",
)
def one_share(pick: Pick) -> Number:
    """What each accelerator holds of a published example, sharded by ZeRO."""
    P, n, stage = chosen = pick(*SHARDED)
    memory = training_memory(P, "fp32+fp16", "adamw")
    at = [zero_sharded(memory, n, each).total / GB for each in range(4)]
    whole = {1: 4, 2: 2}[stage] * P / GB
    master = MASTER * P / GB
    shared = {
        1: "the master copy and the optimizer states",
        2: "the master copy, the optimizer states and the gradients",
    }
    others = {1: "stage 1: the gradients stay whole", 2: "stage 2: the gradients are shared too"}
    return Number(
        given={
            "parameters": Fact(P, f"a count: {format_count(P)}, in fp32+fp16 with AdamW, gradients in fp16"),
            "accelerators": Fact(n, "a count; each has a batch of its own"),
            "stage": Fact(stage, f"of ZeRO: {shared[stage]} are shared; the rest is whole on each"),
        },
        answer=at[stage],
        unit="GB",
        tolerance=0.01,
        also=IN_OTHER_UNITS,
        note=f"Rajbhandari et al. 2020, Table 1, print {SHARDED[chosen]:,} GB.",
        wrong=(
            Wrong(at[0], "Nothing is shared there: that is the whole of the model states."),
            Wrong(at[3 - stage], f"That is {others[3 - stage]}."),
            Wrong(at[3], "That is stage 3, where each part is shared, also the 16-bit parameters."),
            Wrong(at[stage] - whole, "The part that stays whole on each accelerator is missing."),
            Wrong(at[stage] + master * (1 - 1 / n), "The master copy stays whole there; in every stage it is shared."),
            Wrong(at[stage] - master / n, "The master copy is counted nowhere: AdamW's 8 bytes leave it out."),
            Wrong(at[stage] * n, "That is what all accelerators hold together."),
        ),
    )


@question("4.10", "In fp32, without dropout", slides="S14", badge=Badge(difficulty=2, importance=2, minutes=5))
def activations_without_dropout(pick: Pick) -> Number:
    """What all layers keep in fp32 where there is no dropout: 64 + 4 a s / h bytes for each of a token's numbers."""
    name, b, s = pick(
        ("GPT-2 124M", 16, 576),
        ("GPT-2 medium", 8, 768),
        ("GPT-2 large", 6, 768),
        ("GPT-2 XL", 4, 768),
        ("GPT-3 175B", 5, 1536),
    )
    model = catalog.model(name)
    L, h, a = model.layers, model.hidden, model.heads
    in_fp32 = activation_terms(s, h, a, bytes_per_value=4)
    scores = in_fp32["softmax output"]
    numbers = sum(in_fp32.values()) - scores - in_fp32["softmax dropout"] - in_fp32["dropout masks"]
    in_16_bits = sum(activation_terms(s, h, a).values())
    each = b * s * h * L / GB
    right = (numbers + scores) * each
    return Number(
        given={
            "model": named(model),
            "layers": Fact(L, "a count, L"),
            "hidden": Fact(h, "numbers a token, h"),
            "heads": Fact(a, "a count in each layer, a"),
            "sequence": Fact(s, "tokens, s"),
            "batch": Fact(b, "sequences, b, on one accelerator"),
            "precision": Fact("fp32", "of every number that is kept"),
            "dropout": Fact("none", "no masks, and no second copy of the scores"),
        },
        answer=right,
        unit="GB",
        tolerance=0.005,
        also=IN_OTHER_UNITS,
        note=f"In 16 bits and with dropout it would be {format_bytes(in_16_bits * each * GB)}.",
        wrong=(
            Wrong(in_16_bits * each, "That is the lesson's formula: 16 bits, and dropout. Here neither holds."),
            Wrong(2 * in_16_bits * each, "Twice all of it: among the formula's bytes are some of dropout."),
            Wrong(
                sum(in_fp32.values()) * each, "Dropout is still in there: its masks, and the scores as it left them."
            ),
            Wrong(right / 2, "That takes 2 bytes for a number. How many has one in fp32?"),
            Wrong((numbers / 2 + scores) * each, "Only the scores take 4 bytes there. The rest is in fp32, too."),
            Wrong((numbers + scores / 2) * each, "The scores still take 2 bytes there."),
            Wrong(
                (numbers + scores * 5 / 4) * each,
                "The 5 bytes of a pair of tokens stayed as they were: two of them are a score, three are dropout's.",
            ),
            Wrong(
                (numbers + scores * 5 / 2) * each,
                "The 5 bytes of a pair of tokens were doubled: three of them are dropout's.",
            ),
            Wrong((numbers + 4 + scores) * each, "All 34 bytes were doubled: two of them are dropout's masks."),
            Wrong(right + 2 * each, "The masks of a token's numbers are still in there."),
            Wrong((numbers + in_fp32["softmax dropout"] + scores) * each, "The scores' dropout is still in there."),
            Wrong(numbers * each, "Attention's scores are missing: they are kept before dropout, too."),
            Wrong(scores * each, "Those are attention's scores alone."),
            Wrong((numbers + scores / a) * each, "Those are the scores of a single head in each layer."),
            Wrong(right / L, "That is one layer. Every layer keeps its own until the backward pass has used it."),
            Wrong(right / b, "That is one sequence; the batch has more."),
            Wrong(right / s, "That is one token of each sequence."),
            Wrong(right / h, "That is one number of each token: how many has a token?"),
            Wrong(4 * each, "Each layer's input alone: that is full recomputation."),
        ),
    )
