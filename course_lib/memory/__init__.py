"""Memory: how big a model is in bytes, and whether it trains on the accelerators at hand.

Slides S5 and S11 to S14. `components` has the slides' formulas, `setup` a whole training set-up with the largest batch
that fits, `advice` the cheapest change that makes it fit.
"""

from course_lib.memory.advice import ACCELERATOR_STEPS, LADDERS, ORDER, Change, Remedy, cheapest_remedy, single_changes
from course_lib.memory.components import (
    MASTER_BYTES,
    MIXED,
    OPTIMIZER_BYTES,
    PARTS,
    PRECISION_BYTES,
    RECOMPUTE,
    Fit,
    TrainingMemory,
    activation_bytes,
    fits,
    gradient_bytes,
    kv_cache_bytes,
    optimizer_bytes,
    parameter_bytes,
    training_memory,
    zero_sharded,
)
from course_lib.memory.setup import ASPECT, TrainingSetup, assumed_shape, largest_batch

__all__ = [
    "ACCELERATOR_STEPS",
    "ASPECT",
    "LADDERS",
    "MASTER_BYTES",
    "MIXED",
    "OPTIMIZER_BYTES",
    "ORDER",
    "PARTS",
    "PRECISION_BYTES",
    "RECOMPUTE",
    "Change",
    "Fit",
    "Remedy",
    "TrainingMemory",
    "TrainingSetup",
    "activation_bytes",
    "assumed_shape",
    "cheapest_remedy",
    "fits",
    "gradient_bytes",
    "kv_cache_bytes",
    "largest_batch",
    "optimizer_bytes",
    "parameter_bytes",
    "single_changes",
    "training_memory",
    "zero_sharded",
]
