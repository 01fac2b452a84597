"""Compute cost: how much arithmetic it takes to train a transformer, and how long that lasts.

Slides S1 and S2. `rule` has the slides' formulas, `shape` counts a transformer matrix by matrix, `matrices` says what a
matrix inside its layers is, and `mixture` what a mixture of experts and latent attention have in place of GPT's layer.
"""

from course_lib.compute_cost.matrices import HiddenMatrix
from course_lib.compute_cost.mixture import (
    Experts,
    LatentAttention,
)
from course_lib.compute_cost.rule import (
    backward_flop,
    forward_flop,
    hardware_flop_utilization,
    model_flop_utilization,
    throughput,
    training_flop,
    training_seconds,
)
from course_lib.compute_cost.shape import (
    ACTIVE_TOTALS,
    OPTIONS,
    TransformerShape,
)

__all__ = [
    "ACTIVE_TOTALS",
    "OPTIONS",
    "Experts",
    "HiddenMatrix",
    "LatentAttention",
    "TransformerShape",
    "backward_flop",
    "forward_flop",
    "hardware_flop_utilization",
    "model_flop_utilization",
    "throughput",
    "training_flop",
    "training_seconds",
]
