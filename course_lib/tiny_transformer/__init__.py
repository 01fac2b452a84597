"""A small GPT in plain numpy, trained on the course's own lessons, and ledgers that count what that costs.

`model` is what to read: the forward pass and, by hand, the backward pass. `config` has its sizes and parameters,
`ledgers` count its FLOP and its bytes, `text` has the lessons as characters, `training` AdamW and the loop, and
`weights` what came out of it.
"""

from course_lib.tiny_transformer.config import GPTConfig, initial_parameters, parameter_shapes
from course_lib.tiny_transformer.ledgers import (
    FlopLedger,
    Product,
    StepBytes,
    bytes_of,
    count_flop,
    kept_bytes,
    step_bytes,
    traced_peak,
)
from course_lib.tiny_transformer.model import RECOMPUTE, Forward, backward, forward
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
    "RECOMPUTE",
    "TINY",
    "VOCABULARY",
    "AdamW",
    "FlopLedger",
    "Forward",
    "GPTConfig",
    "Moments",
    "Optimizer",
    "Product",
    "StepBytes",
    "Trained",
    "TrainingResult",
    "TrainingSettings",
    "adamw",
    "backward",
    "batches",
    "bytes_of",
    "clipped",
    "count_flop",
    "decode",
    "encode",
    "forward",
    "gather_lessons",
    "held_out_loss",
    "initial_parameters",
    "kept_bytes",
    "lessons_text",
    "parameter_shapes",
    "split",
    "step_bytes",
    "traced_peak",
    "train",
    "trained",
    "write_trained",
]
