"""Memory: how big a model is in bytes, and whether it trains on the accelerators at hand.

Slides S5 and S11 to S14. `components` has the slides' formulas, `setup` a whole training set-up with the largest batch
that fits, `advice` the cheapest change that makes it fit, `precision` what to mind in which precision.
"""

from course_lib.memory.advice import ACCELERATOR_STEPS, LADDERS, ORDER, Change, Remedy, cheapest_remedy, single_changes
from course_lib.memory.components import (
    LOGIT_BYTES,
    MASTER_BYTES,
    MIXED,
    OPTIMIZER_BYTES,
    PART_NAMES,
    PARTS,
    PRECISION_BYTES,
    RECOMPUTE,
    Fit,
    TrainingMemory,
    activation_bytes,
    fits,
    gradient_bytes,
    kv_cache_bytes,
    logits_bytes,
    optimizer_bytes,
    parameter_bytes,
    training_memory,
    working_bytes,
    zero_sharded,
)
from course_lib.memory.precision import LOSS_SCALING, missing_format, precision_warnings, training_precision
from course_lib.memory.setup import (
    ASPECT,
    ASSUMED_VOCAB,
    TrainingSetup,
    assumed_shape,
    largest_batch,
    sequences_within,
)

__all__ = [
    "ACCELERATOR_STEPS",
    "ASPECT",
    "ASSUMED_VOCAB",
    "LADDERS",
    "LOGIT_BYTES",
    "LOSS_SCALING",
    "MASTER_BYTES",
    "MIXED",
    "OPTIMIZER_BYTES",
    "ORDER",
    "PARTS",
    "PART_NAMES",
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
    "logits_bytes",
    "missing_format",
    "optimizer_bytes",
    "parameter_bytes",
    "precision_warnings",
    "sequences_within",
    "single_changes",
    "training_memory",
    "training_precision",
    "working_bytes",
    "zero_sharded",
]
