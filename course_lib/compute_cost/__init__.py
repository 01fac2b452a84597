"""Compute cost: how much arithmetic it takes to train a transformer, and how long that lasts.

Slides S1 and S2. `rule` has the slides' formulas, `shape` counts a transformer matrix by matrix, and `mixture` says
what a mixture of experts and latent attention have in place of GPT's layer. Beyond the slides, `roofline` tells whether
a step computes or reads longer, and `detective` which mistake explains a utilisation that somebody claims.
"""

from course_lib.compute_cost.detective import (
    CHOICE,
    HONEST,
    MISTAKE,
    Explanation,
    explain_utilization,
)
from course_lib.compute_cost.mixture import (
    Experts,
    LatentAttention,
)
from course_lib.compute_cost.roofline import (
    TRAINING_BYTES,
    Work,
    attainable_flop_per_second,
    compute_bound_batch,
    decode_intensity_limit,
    decode_work,
    distinct_experts,
    half_way_batch,
    largest_decode_batch,
    longest_compute_bound_context,
    prefill_work,
    ridge_point,
    seconds_at_least,
    training_work,
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
    "CHOICE",
    "HONEST",
    "MISTAKE",
    "OPTIONS",
    "TRAINING_BYTES",
    "Experts",
    "Explanation",
    "LatentAttention",
    "TransformerShape",
    "Work",
    "attainable_flop_per_second",
    "backward_flop",
    "compute_bound_batch",
    "decode_intensity_limit",
    "decode_work",
    "distinct_experts",
    "explain_utilization",
    "forward_flop",
    "half_way_batch",
    "hardware_flop_utilization",
    "largest_decode_batch",
    "longest_compute_bound_context",
    "model_flop_utilization",
    "prefill_work",
    "ridge_point",
    "seconds_at_least",
    "throughput",
    "training_flop",
    "training_seconds",
    "training_work",
]
