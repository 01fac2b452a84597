"""A small GPT in plain numpy, trained on the course's own lessons, and ledgers that count what that costs.

`model` is what to read: the forward pass and, by hand, the backward pass. `config` has its sizes and parameters,
`ledgers` count its FLOP and its bytes, `text` has the lessons as characters, `training` AdamW and the loop, `weights`
what came out of it, and `stopwatch` times this machine and a training on it. `quantized` keeps the weights in few bits,
or computes with them in int8. `eight_bit` is AdamW with its states in 8 bits; `low_precision` trains in formats of few
bits, and `format_runs` has what that gave.
"""

from course_lib.tiny_transformer.config import GPTConfig, initial_parameters, parameter_shapes
from course_lib.tiny_transformer.eight_bit import (
    BLOCK,
    Blocks,
    EightBitAdamW,
    EightBitMoments,
    EightBitRuns,
    dynamic_code,
    eight_bit_runs,
    even_code,
    from_blocks,
    to_blocks,
    write_eight_bit_runs,
)
from course_lib.tiny_transformer.ledgers import (
    FlopLedger,
    Product,
    StepBytes,
    by_term,
    bytes_of,
    count_flop,
    kept_bytes,
    step_bytes,
    traced_peak,
)
from course_lib.tiny_transformer.low_precision import LowPrecisionAdamW, RoundingLosses, StoredStates
from course_lib.tiny_transformer.model import RECOMPUTE, Forward, backward, forward
from course_lib.tiny_transformer.quantized import (
    bits_a_weight,
    dequantized,
    in_int8,
    int8_product,
    quantized_losses,
    quantized_matrices,
)
from course_lib.tiny_transformer.stopwatch import Machine, TimedTraining, measure_machine, timed_training
from course_lib.tiny_transformer.text import VOCABULARY, batches, decode, encode, gather_lessons, lessons_text, split
from course_lib.tiny_transformer.training import (
    TINY,
    AdamW,
    Moments,
    Optimizer,
    TrainingResult,
    TrainingSettings,
    adamw,
    clipped,
    held_out_loss,
    train,
)
from course_lib.tiny_transformer.weights import Trained, trained, write_trained

__all__ = [
    "BLOCK",
    "RECOMPUTE",
    "TINY",
    "VOCABULARY",
    "AdamW",
    "Blocks",
    "EightBitAdamW",
    "EightBitMoments",
    "EightBitRuns",
    "FlopLedger",
    "Forward",
    "GPTConfig",
    "LowPrecisionAdamW",
    "Machine",
    "Moments",
    "Optimizer",
    "Product",
    "RoundingLosses",
    "StepBytes",
    "StoredStates",
    "TimedTraining",
    "Trained",
    "TrainingResult",
    "TrainingSettings",
    "adamw",
    "backward",
    "batches",
    "bits_a_weight",
    "by_term",
    "bytes_of",
    "clipped",
    "count_flop",
    "decode",
    "dequantized",
    "dynamic_code",
    "eight_bit_runs",
    "encode",
    "even_code",
    "forward",
    "from_blocks",
    "gather_lessons",
    "held_out_loss",
    "in_int8",
    "initial_parameters",
    "int8_product",
    "kept_bytes",
    "lessons_text",
    "measure_machine",
    "parameter_shapes",
    "quantized_losses",
    "quantized_matrices",
    "split",
    "step_bytes",
    "timed_training",
    "to_blocks",
    "traced_peak",
    "train",
    "trained",
    "write_eight_bit_runs",
    "write_trained",
]
