"""Memory: how big a model is in bytes, and whether it trains on the accelerators at hand.

Slides S5 and S11 to S14. `components` has the slides' formulas, `setup` a whole training set-up with the largest batch
that fits, `advice` the cheapest change that makes it fit, `precision` what to mind in which precision. Since the
lecture: `states` has Muon and states in 8 bits, `adapters` LoRA and QLoRA, `published` what their papers print.
"""

from course_lib.memory.adapters import KEPT_BITS, frozen_bytes, lora_memory, lora_parameters
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
    activation_terms,
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
from course_lib.memory.published import LLAMA_65B, Comparison, muon_share, published_comparisons, sizes
from course_lib.memory.setup import (
    ASPECT,
    ASSUMED_VOCAB,
    TrainingSetup,
    assumed_shape,
    largest_batch,
    sequences_within,
)
from course_lib.memory.states import MUON_BYTES, STATE_RECIPES, StateRecipe, muon_bytes, muon_memory, recipe_memory

__all__ = [
    "ACCELERATOR_STEPS",
    "ASPECT",
    "ASSUMED_VOCAB",
    "KEPT_BITS",
    "LADDERS",
    "LLAMA_65B",
    "LOGIT_BYTES",
    "LOSS_SCALING",
    "MASTER_BYTES",
    "MIXED",
    "MUON_BYTES",
    "OPTIMIZER_BYTES",
    "ORDER",
    "PARTS",
    "PART_NAMES",
    "PRECISION_BYTES",
    "RECOMPUTE",
    "STATE_RECIPES",
    "Change",
    "Comparison",
    "Fit",
    "Remedy",
    "StateRecipe",
    "TrainingMemory",
    "TrainingSetup",
    "activation_bytes",
    "activation_terms",
    "assumed_shape",
    "cheapest_remedy",
    "fits",
    "frozen_bytes",
    "gradient_bytes",
    "kv_cache_bytes",
    "largest_batch",
    "logits_bytes",
    "lora_memory",
    "lora_parameters",
    "missing_format",
    "muon_bytes",
    "muon_memory",
    "muon_share",
    "optimizer_bytes",
    "parameter_bytes",
    "precision_warnings",
    "published_comparisons",
    "recipe_memory",
    "sequences_within",
    "single_changes",
    "sizes",
    "training_memory",
    "training_precision",
    "working_bytes",
    "zero_sharded",
]
