"""A training set-up: a model, how it is trained and on what, with the memory that follows and the largest batch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from course_lib import catalog
from course_lib._arguments import finite, not_negative, of_kind, positive, single, whole
from course_lib.memory.components import (
    Fit,
    TrainingMemory,
    activation_bytes,
    fits,
    training_memory,
    working_bytes,
    zero_sharded,
)

ASPECT = 128
"""Hidden size for each layer, and width of a head, where a model's shape is not known: GPT-3's and Llama 2 7B's."""

ASSUMED_VOCAB = 50_257
"""The vocabulary where a model is not known: GPT-2's and GPT-3's (Radford et al. 2019; Brown et al. 2020)."""


@dataclass(frozen=True, slots=True)
class TrainingSetup:
    """A model, how it is trained, and on what: all that its memory on one accelerator follows from.

    `batch` is the number of sequences of `sequence` tokens that one accelerator holds at a time (the micro-batch);
    `num_gpus` accelerators share the states as ZeRO's `stage` says; the logits have `vocab` entries for each token. The
    other fields are those of `memory`; `head_dim` is the width of one head, by default hidden / heads.
    Errors: `ValueError` for a size that is not a whole positive number, a stage other than 0 to 3 or an unknown name.
    Source: slides S5 and S14.

    >>> setup = TrainingSetup.of_model("Llama 2 7B", "A100 80GB", recompute="full")
    >>> round(setup.memory().total / 1e9, 1), setup.fit().fits
    (112.7, False)
    """

    parameters: float
    layers: int
    hidden: int
    heads: int
    accelerator: str
    precision: str = "fp32+bf16"
    optimizer: str = "adamw"
    gradient_precision: str | None = None
    batch: int = 1
    sequence: int = 2048
    recompute: str = "none"
    num_gpus: int = 1
    stage: int = 0
    vocab: int = ASSUMED_VOCAB
    head_dim: int | None = None

    def __post_init__(self) -> None:
        """Refuse sizes that no set-up can have; `memory` refuses unknown names."""
        for name in ("layers", "hidden", "heads", "batch", "sequence", "num_gpus", "vocab"):
            object.__setattr__(self, name, whole(name, getattr(self, name)))
        if self.head_dim is not None:
            object.__setattr__(self, "head_dim", whole("head_dim", self.head_dim))
        object.__setattr__(self, "stage", whole("stage", self.stage, minimum=0, maximum=3))

    @classmethod
    def of_model(cls, name: str, accelerator: str, **options: Any) -> TrainingSetup:
        """Return the set-up of a catalog's model, by default at the sequence length of its pre-training."""
        model = catalog.model(name)
        shape = {name: getattr(model, name) for name in ("layers", "hidden", "heads", "head_dim", "vocab")}
        options = {"sequence": model.context} | shape | options
        return cls(parameters=model.parameters, accelerator=accelerator, **options)

    @property
    def capacity(self) -> int:
        """The memory that one accelerator reports, in bytes."""
        return catalog.accelerator(self.accelerator).usable_bytes

    @property
    def sequences(self) -> str:
        """The batch in words: "1 sequence" or "1,024 sequences"."""
        return "1 sequence" if self.batch == 1 else f"{self.batch:,} sequences"

    @property
    def recomputation(self) -> str:
        """What is computed again, in words: no, selective or full recomputation."""
        return f"{'no' if self.recompute == 'none' else self.recompute} recomputation"

    @property
    def hardware(self) -> str:
        """The accelerators in words: "8 x A100 80GB"."""
        return f"{self.num_gpus:,} x {self.accelerator}"

    def memory(self) -> TrainingMemory:
        """Return what one accelerator holds; activations take 16 bits, and 32 in pure fp32; one copy of the logits."""
        size: dict[str, Any] = {"bytes_per_value": 4 if self.precision == "fp32" else 2, "head_dim": self.head_dim}
        shape = (self.batch, self.sequence, self.hidden)
        whole_model = training_memory(
            self.parameters,
            self.precision,
            self.optimizer,
            activations=activation_bytes(*shape, self.layers, self.heads, self.recompute, **size),
            gradient_precision=self.gradient_precision,
            working=working_bytes(*shape, self.heads, self.vocab, self.recompute, **size),
        )
        return zero_sharded(whole_model, self.num_gpus, self.stage)

    def fit(self) -> Fit:
        """Return whether one accelerator can hold its part, and the bytes to spare."""
        return fits(self.memory(), self.capacity)

    @finite
    def recomputed_flop(self) -> float:
        """Return the FLOP that recomputation adds, as a share of the training's FLOP.

        full: the forward pass once more, 1/3. selective: attention's two products once more, per token 4 L s a d of
        6 P + 12 L s a d, with a heads of width d (a d is mostly h).
        Source: slide S14; Korthikanti et al. 2022, appendix A (whose equation 8 adds three times that).
        """
        width = self.hidden if self.head_dim is None else self.heads * self.head_dim
        scores = 4 * self.layers * self.sequence * width
        selective = scores / (6 * self.parameters + 3 * scores)
        return {"none": 0.0, "selective": selective, "full": 1 / 3}[self.recompute]


def assumed_shape(parameters: float) -> tuple[int, int, int]:
    """Return (layers, hidden, heads) to assume for a model of which only the size is known.

    With hidden h = 128 L, heads of width 128 and P ~ 12 L h^2, L = (P / (12 x 128^2))^(1/3), rounded.
    Errors: `ValueError` for a size that is not positive.
    Source: Kaplan et al. 2020, Table 1 (P ~ 12 L h^2), section 3.1 (the loss hardly depends on the shape).

    >>> assumed_shape(174.6e9), assumed_shape(7e9)  # GPT-3 has (96, 12288, 96), Llama 2 7B (32, 4096, 32)
    ((96, 12288, 96), (33, 4224, 33))
    """
    size = single("parameters", positive("parameters", parameters))
    layers = max(1, round((size / (12 * ASPECT**2)) ** (1 / 3)))
    return layers, ASPECT * layers, layers


def sequences_within(setup: TrainingSetup, size: float) -> int:
    """Return how many sequences `size` bytes hold beside the model states, on each accelerator; 0 if not even one.

    >>> xl = TrainingSetup.of_model("GPT-2 XL", "A100 40GB", recompute="full")
    >>> sequences_within(xl, 40e9), sequences_within(xl, 20e9)
    (27, 0)
    """
    of_kind("setup", setup, TrainingSetup)
    size = single("size", not_negative("size", size))
    one = replace(setup, batch=1).memory()
    return max(0, int((size - one.model_states) // (one.activations + one.working)))


def largest_batch(setup: TrainingSetup) -> int:
    """Return the most sequences that fit on each accelerator at a time, 0 if not even one does.

    Activations and working memory grow in proportion to the batch: what the model states leave free / the bytes of one
    sequence. Source: slide S14; `working_bytes`.

    >>> xl = TrainingSetup.of_model("GPT-2 XL", "A100 40GB")
    >>> [largest_batch(replace(xl, recompute=kept)) for kept in ("none", "selective", "full")]
    [1, 5, 27]
    """
    of_kind("setup", setup, TrainingSetup)
    batch = sequences_within(setup, setup.capacity)
    while batch and not replace(setup, batch=batch).fit():
        batch -= 1
    return batch
