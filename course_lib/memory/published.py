"""What papers print of the memory that a recipe takes, beside the count of it."""

from __future__ import annotations

from dataclasses import dataclass

from course_lib import catalog
from course_lib._arguments import shown
from course_lib.compute_cost import HiddenMatrix, TransformerShape
from course_lib.memory.adapters import frozen_bytes, lora_memory, lora_parameters
from course_lib.memory.components import activation_bytes, training_memory
from course_lib.memory.states import STATE_RECIPES, muon_bytes

LLAMA_65B = TransformerShape(
    layers=80,
    hidden=8192,
    heads=64,
    vocab=32_000,
    sequence=2048,
    mlp_hidden=22_016,
    mlp_matrices=3,
    tied_embeddings=False,
    learned_positions=False,
    biases=False,
)
"""LLaMA 65B, which QLoRA trained: Touvron et al. 2023a, Table 2; its MLP is as wide as in the released weights."""

GUANACO_RANK, SEQUENCE = 64, 512
"""The rank of QLoRA's adapters, beside every matrix of each layer, and the tokens of the sequence counted here."""

LORA, QLORA = "Hu et al. 2021, arXiv:2106.09685", "Dettmers et al. 2023, arXiv:2305.14314"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is printed of a memory, and what the functions of this topic count; both in bytes, or both shares.

    `limit` says how the paper means its figure: "about", "more than" or "less than". `remark` says why the two differ
    where they do, or that it is not known.
    """

    what: str
    printed: float
    limit: str
    counted: float
    source: str
    remark: str = ""

    @property
    def agrees(self) -> bool:
        """Whether the count is within 5 % of "about", or on the right side of a bound."""
        if self.limit == "about":
            return abs(self.counted / self.printed - 1) <= 0.05
        return self.counted > self.printed if self.limit == "more than" else self.counted < self.printed


def published_comparisons(bits: float) -> tuple[Comparison, ...]:
    """Return what the papers of LoRA, QLoRA, FP8-LM and Muon print, each beside its count.

    `bits` are those of a value in NF4 with its scales quantised too, 4.127, as `block_formats.bits_per_value` has them.

    >>> for line in published_comparisons(4.127):
    ...     print(line.agrees, line.what)
    True GPT-3 with adapters of rank 4
    True what its adapters take on a disk, in fp16
    False GPT-3, all of it trained
    True LLaMA 65B, all of it trained
    True LLaMA 65B by QLoRA
    False Llama 7B in NF4
    True adapters of 0.2 % of Llama 7B
    True share of AdamW's states that FP8-LM saves
    True Muon's states of the hidden matrices, of AdamW's
    """
    return (*_of_lora(), *_of_qlora(bits), *_of_states())


def sizes(matrices: tuple[HiddenMatrix, ...], *names: str) -> list[tuple[int, int, int]]:
    """Return (copies, inputs, outputs) of the matrices with these names, or of all: what `lora_parameters` takes.

    Errors: `TypeError` for what is no list of `HiddenMatrix`.
    """
    listed = isinstance(matrices, (list, tuple)) and all(isinstance(one, HiddenMatrix) for one in matrices)
    if not listed:
        accepted = "a list of HiddenMatrix, as TransformerShape.hidden_matrices returns"
        raise TypeError(f"matrices must be {accepted}; got {shown(matrices)}")
    return [matrix[1:] for matrix in matrices if not names or matrix.name in names]


def _of_lora() -> tuple[Comparison, ...]:
    gpt3 = TransformerShape.from_catalog("GPT-3 175B")
    count = gpt3.parameters()["total"]
    adapters = lora_parameters(sizes(gpt3.hidden_matrices(), "query", "value"), rank=4)
    section = f"{LORA}, section 4.2"
    return (
        Comparison(
            "GPT-3 with adapters of rank 4",
            350e9,
            "about",
            lora_memory(count, adapters, precision="fp16").total,
            section,
        ),
        Comparison(
            *("what its adapters take on a disk, in fp16", 35 * 2**20, "about", 2.0 * adapters, f"{section} and 7.1"),
            "35 MB is right where MB stands for MiB",
        ),
        Comparison(
            *("GPT-3, all of it trained", 1.2e12, "about", training_memory(count, "fp32+fp16", "adamw").total, section),
            "16 bytes a parameter are 2.8 TB and 8, all in fp16, 1.4 TB: which recipe takes 1.2 TB is not said",
        ),
    )


def _of_qlora(bits: float) -> tuple[Comparison, ...]:
    shape, llama = LLAMA_65B, TransformerShape.from_catalog("Llama 2 7B")
    count, matrices = shape.parameters()["total"], shape.hidden_matrices()
    tuned = lora_memory(
        count,
        lora_parameters(sizes(matrices), GUANACO_RANK),
        quantised=sum(matrix.weights for matrix in matrices),
        bits=bits,
        activations=activation_bytes(1, SEQUENCE, shape.hidden, shape.layers, shape.heads, "full"),
    )
    inside = sum(matrix.weights for matrix in llama.hidden_matrices())
    return (
        Comparison(
            *("LLaMA 65B, all of it trained", 780e9, "more than", training_memory(count, "bf16", "adamw").total, QLORA),
            "16-bit weights and gradients and AdamW's 8: 12 bytes a parameter",
        ),
        Comparison(
            *("LLaMA 65B by QLoRA", 48e9, "less than", tuned.total, QLORA),
            "NF4 with quantised scales, adapters of rank 64 beside all matrices, one sequence of 512 tokens",
        ),
        Comparison(
            *("Llama 7B in NF4", 5048e6, "about", float(frozen_bytes(llama.parameters()["total"], inside, bits))),
            *(f"{QLORA}, section 2", "what else is in the printed figure is not said"),
        ),
        Comparison(
            *("adapters of 0.2 % of Llama 7B", 26e6, "about", 2 * 0.002 * llama.parameters()["total"]),
            f"{QLORA}, section 2",
        ),
    )


def _of_states() -> tuple[Comparison, ...]:
    before, after = STATE_RECIPES["FP8-LM O1"], STATE_RECIPES["FP8-LM O2"]
    saved = 1 - (after.momentum + after.variance) / (before.momentum + before.variance)
    inside = sum(matrix.weights for matrix in TransformerShape.from_catalog("Llama 2 7B").hidden_matrices())
    return (
        Comparison("share of AdamW's states that FP8-LM saves", 0.625, "about", saved, after.source),
        Comparison(
            *(
                "Muon's states of the hidden matrices, of AdamW's",
                0.5,
                "about",
                muon_bytes(inside, inside) / (8 * inside),
            ),
            *("Liu et al. 2025, arXiv:2502.16982, section 2.3", "with the embeddings and the head it is more"),
        ),
    )


def muon_share(name: str) -> float:
    """Return Muon's states over AdamW's for a catalog's model: a half, and more where embeddings weigh more.

    >>> [round(muon_share(name), 2) for name in ("GPT-2 124M", "Llama 2 7B", "Kimi K2")]
    [0.66, 0.52, 0.5]
    """
    shape = TransformerShape.from_catalog(name)
    count = catalog.model(name).parameters
    return float(muon_bytes(count, sum(matrix.weights for matrix in shape.hidden_matrices())) / (8 * count))
