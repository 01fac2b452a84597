"""LoRA and QLoRA: a frozen model with small trained matrices beside it, and what that keeps in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from numpy.typing import ArrayLike

from course_lib._arguments import finite, is_list, not_negative, positive, shown, some, whole
from course_lib.compute_cost import HiddenMatrix
from course_lib.memory.components import TrainingMemory, training_memory

KEPT_BITS = 16
"""Bits of the parameters that are frozen and not quantised: embeddings, head, norms and biases."""

SIZES = ("copies", "inputs", "outputs")
"""What says how large a matrix is, and how often the model has it."""


def lora_parameters(matrices: Iterable[tuple[int, int, int] | HiddenMatrix], rank: int) -> int:
    """Return the parameters of adapters of one rank: for each matrix rank x (inputs + outputs).

    Beside a frozen matrix W of inputs x outputs, LoRA trains A of inputs x rank and B of rank x outputs, and the layer
    computes x W + x A B. `matrices` are (copies, inputs, outputs), or what `TransformerShape.hidden_matrices` returns.
    Errors: `TypeError` and `ValueError` for a rank or a size that is not a whole positive number, and for what is no
    list of matrices.
    Source: Hu et al. 2021, arXiv:2106.09685, section 4.1.

    >>> query_and_value = [(96, 12288, 12288), (96, 12288, 12288)]  # GPT-3
    >>> [lora_parameters(query_and_value, rank) for rank in (1, 4, 8)]  # the paper: 4.7 M, 18 M and 37.7 M
    [4718592, 18874368, 37748736]
    """
    rank = whole("rank", rank)
    sizes = [[whole(name, size) for name, size in zip(SIZES, each, strict=True)] for each in _sizes_of(matrices)]
    return rank * sum(copies * (inputs + outputs) for copies, inputs, outputs in sizes)


def _sizes_of(matrices: Any) -> list[Any]:
    """Return what says how large each matrix is, without its name; raise `TypeError` for what is no such list."""
    each = [one[1:] if isinstance(one, HiddenMatrix) else one for one in matrices] if is_list(matrices) else [matrices]
    if not all(is_list(one) and len(one) == len(SIZES) for one in each):
        raise TypeError(f"matrices must be a list of ({', '.join(SIZES)}); got {shown(matrices)}")
    return each


@finite
def frozen_bytes(parameters: ArrayLike, quantised: ArrayLike = 0, bits: ArrayLike = KEPT_BITS) -> Any:
    """Return the bytes of a frozen model of which `quantised` parameters take `bits` each, and the others 16.

    `bits` are with the share of the scales: 4.5 in NF4 with a scale for 64 values, 4.127 where the scales are quantised
    too, as `block_formats.bits_per_value` has them.
    Errors: `ValueError` for a count not positive, more quantised parameters than there are, or bits not positive.
    Source: Dettmers et al. 2023, arXiv:2305.14314, section 3.

    >>> frozen_bytes(174.6e9) / 1e9  # GPT-3: 350 GB in LoRA's paper
    349.2
    """
    count, part = positive("parameters", parameters), not_negative("quantised", quantised)
    if some(part > count):
        raise ValueError(f"quantised must be at most parameters = {shown(parameters)}; got {shown(quantised)}")
    return (part * positive("bits", bits) + (count - part) * KEPT_BITS) / 8


def lora_memory(
    parameters: ArrayLike,
    adapters: ArrayLike,
    *,
    quantised: ArrayLike = 0,
    bits: ArrayLike = KEPT_BITS,
    precision: str = "bf16",
    optimizer: str = "adamw",
    activations: ArrayLike = 0.0,
    working: ArrayLike = 0.0,
) -> TrainingMemory:
    """Return what training adapters keeps, in bytes: the frozen model, and weights, gradients, states of the adapters.

    `parameters` and `adapters` are counts, of the model and of what `lora_parameters` counts; with `quantised`
    parameters in so many `bits` it is QLoRA. The activations are no fewer than in training the model itself: gradients
    pass through all layers.
    Errors: as `frozen_bytes` and `training_memory`. Source: Hu et al. 2021, section 4.2; Dettmers et al. 2023.

    >>> round(lora_memory(174.6e9, 18874368, precision="fp16").total / 1e9, 1)  # GPT-3, rank 4: 349.2 are its weights
    349.4
    """
    count = positive("adapters", adapters)
    trained = training_memory(count, precision, optimizer, activations=activations, working=working)
    return replace(trained, parameters=frozen_bytes(parameters, quantised, bits) + trained.parameters)
