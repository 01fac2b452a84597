"""What newer optimizers and recipes keep for each parameter: Muon's one momentum, and states in 8 and 16 bits.

The slides' optimizers are in `components`; here a recipe says for itself what it keeps, as it was published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from numpy.typing import ArrayLike

from course_lib._arguments import finite, not_negative, one_of, positive, shown, some
from course_lib.memory.components import OPTIMIZER_BYTES, TrainingMemory, training_memory

MUON_BYTES = 4
"""Bytes of Muon's one momentum for each weight of a hidden matrix, in fp32; AdamW has two such numbers."""


@dataclass(frozen=True, slots=True)
class StateRecipe:
    """What a published recipe keeps of each parameter, in bytes: weights, master copy, gradient, momentum, variance.

    `weights` are those that the products use; `master` is 0 where they themselves are trained. The scales of 8-bit
    numbers, one a tensor or one for a block of many, are left out. `source` says where it is published, `remark` what
    of it is not.
    """

    weights: float
    master: float
    gradient: float
    momentum: float
    variance: float
    source: str
    remark: str = ""

    @property
    def bytes_per_parameter(self) -> float:
        """All of it together: 16 in mixed precision with AdamW."""
        return self.weights + self.master + self.gradient + self.momentum + self.variance


MS_AMP = "Peng et al. 2023, arXiv:2310.18313; docs/user-tutorial/optimization-level.md of Azure/MS-AMP"
STATE_RECIPES: Mapping[str, StateRecipe] = MappingProxyType(
    {
        "mixed precision": StateRecipe(2, 4, 2, 4, 4, "Rajbhandari et al. 2020, section 3.1"),
        "Transformer Engine": StateRecipe(4, 0, 4, 4, 4, MS_AMP),
        "FP8-LM O1": StateRecipe(2, 0, 1, 4, 4, MS_AMP),
        "FP8-LM O2": StateRecipe(2, 0, 1, 1, 2, MS_AMP),
        "FP8-LM O3": StateRecipe(1, 2, 1, 1, 2, MS_AMP),
        "DeepSeek-V3": StateRecipe(
            *(1, 4, 4, 2, 2),
            "DeepSeek-AI 2024, arXiv:2412.19437, section 3.3.3",
            "the report names the master weights, gradients and moments; the byte of fp8 weights is what the products "
            "read, and embedding, head, router and norms stay in more bits",
        ),
    }
)
"""Recipes as published, by name; FP8-LM has the levels of its code, MS-AMP, of which O2 is the paper's 6 bytes."""


def recipe_memory(
    parameters: ArrayLike, recipe: str, *, activations: ArrayLike = 0.0, working: ArrayLike = 0.0
) -> TrainingMemory:
    """Return what training keeps by one of the `STATE_RECIPES`, in bytes; `zero_sharded` takes the result.

    `parameters` is a count, `activations` and `working` are bytes, as in `training_memory`.
    Errors: `ValueError` for an unknown recipe, a count not positive or negative bytes. Source: each recipe names its.

    >>> recipe_memory(175e9, "mixed precision").total / 1e9, recipe_memory(175e9, "FP8-LM O2").total / 1e9
    (2800.0, 1050.0)
    """
    kept = STATE_RECIPES[one_of("recipe", recipe, STATE_RECIPES)]
    count = positive("parameters", parameters)
    return TrainingMemory(
        parameters=count * (kept.weights + kept.master),
        gradients=count * kept.gradient,
        optimizer=count * (kept.momentum + kept.variance),
        activations=activations,
        master_weights=count * kept.master,
        working=working,
    )


@finite
def muon_bytes(parameters: ArrayLike, matrix_weights: ArrayLike) -> Any:
    """Return the bytes of Muon's states: 4 for each weight of a hidden matrix, AdamW's 8 for each other parameter.

    `matrix_weights` are the weights of `TransformerShape.hidden_matrices`; embeddings, head, norms and biases are
    trained with AdamW. So the states are half of AdamW's only as far as the model is hidden matrices.
    Errors: `ValueError` for a count not positive, or more weights in matrices than parameters.
    Source: Jordan et al. 2024, README.md of KellerJordan/Muon; Liu et al. 2025, arXiv:2502.16982, section 2.3.

    >>> round(muon_bytes(6738415616, 6476005376) / (8 * 6738415616), 3)  # Llama 2 7B: of AdamW's states
    0.519
    """
    count, inside = positive("parameters", parameters), not_negative("matrix_weights", matrix_weights)
    if some(inside > count):
        raise ValueError(
            f"matrix_weights must be at most parameters = {shown(parameters)}; got {shown(matrix_weights)}"
        )
    return MUON_BYTES * inside + OPTIMIZER_BYTES["adamw"] * (count - inside)


def muon_memory(
    parameters: ArrayLike,
    matrix_weights: ArrayLike,
    precision: str = "fp32+bf16",
    *,
    activations: ArrayLike = 0.0,
    gradient_precision: str | None = None,
    working: ArrayLike = 0.0,
) -> TrainingMemory:
    """Return what training with Muon keeps, in bytes: as with AdamW, but for the states, which are `muon_bytes`.

    Errors and units: as `training_memory` and `muon_bytes`. Source: as `muon_bytes`.

    >>> xl = dict(parameters=1557611200, matrix_weights=1474560000)
    >>> training_memory(1557611200, "fp32+bf16", "adamw").total - muon_memory(**xl).total == 4 * 1474560000
    True
    """
    with_adamw = training_memory(
        parameters,
        precision,
        "adamw",
        activations=activations,
        gradient_precision=gradient_precision,
        working=working,
    )
    return replace(with_adamw, optimizer=muon_bytes(parameters, matrix_weights))
