"""Memory advice: a training set-up, the largest batch that fits, and the cheapest change that makes it fit.

The order of cost, cheapest first, is `ORDER`. First what leaves the run as it is: a smaller batch on each accelerator
(the gradients of several steps are added up: the same FLOP), then sharding over the accelerators that are there
(stages 1 and 2 send no more than plain data parallelism, stage 3 up to 1.5 times as much), then recomputation (a few
per cent more FLOP, or a third). Then what changes the run's rounding: 8-bit optimizer states. Then what must be paid
for: more accelerators, which also share the work, and last a bigger kind. Precision, gradients and sequence are left
alone: they are chosen for the model's sake.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from course_lib import catalog
from course_lib._checks import positive, whole
from course_lib.memory import RECOMPUTE, Fit, TrainingMemory, activation_bytes, fits, training_memory, zero_sharded

ASPECT = 128
"""Hidden size for each layer, and width of a head, where a model's shape is not known: GPT-3's and Llama 2 7B's."""

ACCELERATOR_STEPS = tuple(2**k for k in range(1, 11))
"""The numbers of accelerators that the advice proposes: 2 to 1,024."""


@dataclass(frozen=True, slots=True)
class TrainingSetup:
    """A model, how it is trained, and on what: all that its memory on one accelerator follows from.

    `batch` is the number of sequences of `sequence` tokens that one accelerator holds at a time (the micro-batch);
    `num_gpus` accelerators share the states as ZeRO's `stage` says. The other fields are those of `memory`.
    Errors: `ValueError` for a size that is not a whole positive number, a stage other than 0 to 3 or an unknown name.
    Source: slides S5 and S14.

    >>> setup = TrainingSetup.of_model("Llama 2 7B", "A100 80GB", recompute="full")
    >>> round(setup.memory().total / 1e9, 1), setup.fit().fits
    (108.9, False)
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

    def __post_init__(self) -> None:
        """Refuse sizes that no set-up can have; `memory` refuses unknown names."""
        for name in ("layers", "hidden", "heads", "batch", "sequence", "num_gpus"):
            object.__setattr__(self, name, whole(name, getattr(self, name)))
        object.__setattr__(self, "stage", whole("stage", self.stage, minimum=0, maximum=3))

    @classmethod
    def of_model(cls, name: str, accelerator: str, **options: Any) -> TrainingSetup:
        """Return the set-up of a catalog's model, by default at the sequence length of its pre-training."""
        model = catalog.model(name)
        shape = {"layers": model.layers, "hidden": model.hidden, "heads": model.heads}
        options = {"sequence": model.context} | shape | options
        return cls(parameters=model.parameters, accelerator=accelerator, **options)

    @property
    def capacity(self) -> int:
        """The memory of one accelerator, in bytes."""
        return catalog.accelerator(self.accelerator).memory_bytes

    def memory(self) -> TrainingMemory:
        """Return what one accelerator holds; activations take 16 bits, and 32 in pure fp32."""
        kept = activation_bytes(
            self.batch,
            self.sequence,
            self.hidden,
            self.layers,
            self.heads,
            self.recompute,
            bytes_per_value=4 if self.precision == "fp32" else 2,
        )
        whole_model = training_memory(
            self.parameters,
            self.precision,
            self.optimizer,
            activations=kept,
            gradient_precision=self.gradient_precision,
        )
        return zero_sharded(whole_model, self.num_gpus, self.stage)

    def fit(self) -> Fit:
        """Return whether one accelerator can hold its part, and the bytes to spare."""
        return fits(self.memory(), self.capacity)

    def recomputed_flop(self) -> float:
        """Return the FLOP that recomputation adds, as a share of the training's FLOP.

        full: the forward pass once more, 1/3. selective: attention's two products once more, per token 4 L s h of
        6 P + 12 L s h. Source: slide S14; Korthikanti et al. 2022, appendix A (whose equation 8 adds three times that).
        """
        scores = 4 * self.layers * self.sequence * self.hidden
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
    layers = max(1, round((positive("parameters", parameters) / (12 * ASPECT**2)) ** (1 / 3)))
    return layers, ASPECT * layers, layers


def largest_batch(setup: TrainingSetup) -> int:
    """Return the most sequences that fit on each accelerator at a time, 0 if not even one does.

    The activations grow in proportion to the batch: what the model states leave free / the bytes of one sequence.
    Source: slide S14.

    >>> [largest_batch(TrainingSetup.of_model("GPT-2 XL", "A100 40GB", recompute=kept)) for kept in RECOMPUTE]
    [1, 5, 95]
    """
    one = replace(setup, batch=1).memory()
    batch = max(0, int((setup.capacity - one.model_states) // one.activations))
    while batch and not replace(setup, batch=batch).fit():
        batch -= 1
    return batch


ORDER = (("batch",), ("stage",), ("recompute",), ("optimizer",), ("num_gpus", "stage"), ("accelerator",))
"""The single changes, cheapest first, by the fields that they touch; new accelerators come with their sharding."""

LADDERS: Mapping[str, Callable[[TrainingSetup], list[Any]]] = MappingProxyType(
    {
        "batch": lambda s: [part for part in range(s.batch, 0, -1) if s.batch % part == 0],
        "stage": lambda s: list(range(s.stage, 4)),
        "recompute": lambda s: list(RECOMPUTE[RECOMPUTE.index(s.recompute) :]),
        "optimizer": lambda s: [s.optimizer] + ["adamw-8bit"] * (s.optimizer in ("adamw", "adamw-bf16")),
        "num_gpus": lambda s: [s.num_gpus] + [n for n in ACCELERATOR_STEPS if n > s.num_gpus],
        "accelerator": lambda s: [s.accelerator, *_bigger(s.accelerator)],
    }
)
"""For each field, in order of cost, what it may become: its value now, then ever less memory."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to make a set-up fit: the `setup` after it, the `changes` in words, and what they `cost` in words."""

    setup: TrainingSetup
    changes: tuple[str, ...]
    costs: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The changes with their costs, as one line."""
        *first, last = [f"{change} ({cost})" for change, cost in zip(self.changes, self.costs, strict=True)] or [""]
        return " and ".join([", ".join(first), last] if first else [last])


def single_changes(setup: TrainingSetup) -> tuple[Way, ...]:
    """Return every single change of `ORDER` that alone makes `setup` fit, cheapest first, each in its mildest form.

    The result is empty when none is enough, or none is needed. Source: slides S5 and S12 to S14.

    >>> short = TrainingSetup.of_model("Llama 2 7B", "A100 80GB", recompute="full")
    >>> [way.changes for way in single_changes(short)]
    [('8-bit optimizer states',), ('2 x A100 80GB, sharded at stage 1',), ('1 x H200 SXM instead of A100 80GB',)]
    """
    if setup.fit():
        return ()
    found = dict.fromkeys(_mildest(setup, fields) for fields in ORDER)
    return tuple(_way(setup, after) for after in found if after)


def cheapest_way(setup: TrainingSetup) -> Way | None:
    """Return the cheapest single change that makes `setup` fit, else the cheapest changes together, else None.

    Together means: of the costliest kind of change as little as can be, then of the next, and so on down `ORDER`.
    A set-up that fits already comes back without changes. Source: slide S5, "will it train on my GPUs?".

    >>> cheapest_way(TrainingSetup.of_model("Llama 2 70B", "A100 80GB", batch=2)).changes
    ('full recomputation', '16 x A100 80GB, sharded at stage 3')
    """
    if setup.fit():
        return _way(setup, setup)
    together = tuple(LADDERS)
    after = next((after for fields in (*ORDER, together) if (after := _mildest(setup, fields))), None)
    return _way(setup, after) if after else None


def _mildest(setup: TrainingSetup, fields: tuple[str, ...]) -> TrainingSetup | None:
    """Return `setup` with as little as possible of the costliest of `fields` changed, then of the next, to make it fit.

    Each ladder goes down in memory and its last rung fits, so that the first that does is found by halving.
    """
    ladders = {field: LADDERS[field](setup) for field in LADDERS if field in fields}
    after = replace(setup, **{field: ladder[-1] for field, ladder in ladders.items()})
    if after == setup or not after.fit():
        return None
    for field, ladder in reversed(ladders.items()):
        rung = bisect.bisect_left(
            ladder, True, hi=len(ladder) - 1, key=lambda value: bool(replace(after, **{field: value}).fit())
        )
        after = replace(after, **{field: ladder[rung]})
    return after


def _bigger(accelerator: str) -> list[str]:
    """Return the catalog's accelerators with more memory, smallest first; a TPU is not exchanged for a GPU."""
    now = catalog.accelerator(accelerator)
    others = [
        chip
        for chip in catalog.accelerators().values()
        if chip.memory_bytes > now.memory_bytes and chip.name.startswith("TPU") == now.name.startswith("TPU")
    ]
    return [chip.name for chip in sorted(others, key=lambda chip: chip.memory_bytes)]


def _way(before: TrainingSetup, after: TrainingSetup) -> Way:
    """Return the change between two set-ups in words, cheapest first."""
    words: list[tuple[str, str]] = []
    if after.batch != before.batch:
        sequences = "1 sequence" if after.batch == 1 else f"{after.batch} sequences"
        steps = before.batch // after.batch
        words.append((f"{sequences} at a time instead of {before.batch}", f"no FLOP: add up {steps} steps' gradients"))
    if after.stage != before.stage and after.num_gpus == before.num_gpus:
        cost = "up to 1.5 times the communication" if after.stage == 3 else "no more communication"
        words.append((f"sharding at stage {after.stage}", cost))
    if after.recompute != before.recompute:
        more = after.recomputed_flop() - before.recomputed_flop()
        words.append((f"{after.recompute} recomputation", f"{100 * more:.2g} % more FLOP"))
    if after.optimizer != before.optimizer:
        words.append(("8-bit optimizer states", "no FLOP, but coarser states"))
    hardware = f"{after.num_gpus:,} x {after.accelerator}"
    other = f" instead of {before.accelerator}" if after.accelerator != before.accelerator else ""
    if after.num_gpus != before.num_gpus:
        cost = f"{after.num_gpus / before.num_gpus:.3g} times the accelerators, about the same accelerator-hours"
        words.append((f"{hardware}, sharded at stage {after.stage}{other}", cost))
    elif other:
        words.append((f"{hardware}{other}", "another price"))
    return Way(after, tuple(what for what, _ in words), tuple(cost for _, cost in words))
