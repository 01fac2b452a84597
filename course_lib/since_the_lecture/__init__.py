"""Since the lecture: what a model card of today says that the lecture of 2023 does not.

Lesson 8. `roofline` tells whether a step computes or reads longer, `detective` which mistake explains a utilisation
that somebody claims. Numbers in blocks are in `course_lib.block_formats`, mixtures of experts in `compute_cost`, and
what is new in memory and plans in those topics.
"""

from course_lib.since_the_lecture.detective import (
    CHOICE,
    HONEST,
    MISTAKE,
    Explanation,
    explain_utilization,
)
from course_lib.since_the_lecture.roofline import (
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

__all__ = [
    "CHOICE",
    "HONEST",
    "MISTAKE",
    "TRAINING_BYTES",
    "Explanation",
    "Work",
    "attainable_flop_per_second",
    "compute_bound_batch",
    "decode_intensity_limit",
    "decode_work",
    "distinct_experts",
    "explain_utilization",
    "half_way_batch",
    "largest_decode_batch",
    "longest_compute_bound_context",
    "prefill_work",
    "ridge_point",
    "seconds_at_least",
    "training_work",
]
