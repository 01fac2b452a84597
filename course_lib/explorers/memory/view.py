"""What the explorer of slides S5 and S11 to S14 shows: five parts against a memory, and what to do about them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from course_lib import catalog
from course_lib._arguments import one_of, whole
from course_lib.memory import (
    ASSUMED_VOCAB,
    PART_NAMES,
    Remedy,
    TrainingMemory,
    TrainingSetup,
    assumed_shape,
    cheapest_remedy,
    fits,
    largest_batch,
)
from course_lib.units import format_bytes, format_count

OWN = "a size only"
SAME = "same datatype"
GRADIENTS = {SAME: None, "fp32": "fp32"}
PARAMETER_RANGE, BATCH_RANGE, SEQUENCE_RANGE, ACCELERATOR_RANGE = (1e6, 1e13), (1, 1024), (1, 2**20), (1, 16384)


@dataclass(frozen=True)
class MemoryView:
    """What the explorer shows: a set-up and its bytes on one accelerator, and what makes it fit.

    `spare` is negative where the memory is short; `remedy` is `None` where it is not, and where nothing helps.
    """

    model: str
    setup: TrainingSetup
    memory: TrainingMemory
    spare: float
    remedy: Remedy | None

    @property
    def fits(self) -> bool:
        """Whether the set-up fits into the memory."""
        return self.spare >= 0

    @cached_property
    def largest_batch(self) -> int:
        """The most sequences that fit at a time."""
        return largest_batch(self.setup)

    @cached_property
    def after(self) -> TrainingSetup | None:
        """The set-up of the lower bar: with the cheapest changes, or with the largest batch; `None` for neither."""
        if not self.fits:
            return self.remedy.setup if self.remedy else None
        batch = min(self.largest_batch, BATCH_RANGE[1])
        return replace(self.setup, batch=batch) if batch > self.setup.batch else None

    @cached_property
    def memory_after(self) -> TrainingMemory | None:
        """The bytes of the lower bar."""
        return self.after.memory() if self.after else None

    @property
    def who(self) -> str:
        """The model's name, or its size where it has none."""
        return f"{format_count(self.setup.parameters)} parameters" if self.model == OWN else self.model

    @property
    def after_words(self) -> str:
        """What the lower bar shows, or why there is none."""
        if not self.fits:
            changes = self.remedy.changes if self.remedy else ()
            words = " + ".join(change.words for change in changes)
            return f"after: {words}" if words else "even all changes together do not make it fit"
        if self.largest_batch <= self.setup.batch:
            return "no larger batch fits"
        many = f"{(self.after or self.setup).sequences} at a time"
        return f"even {many} fit" if self.largest_batch > BATCH_RANGE[1] else f"the largest batch that fits: {many}"

    @property
    def verdict(self) -> str:
        """Whether it fits, and what to do, in plain words."""
        if self.fits:
            fits = f"It fits, {format_bytes(self.spare)} to spare"
            none_larger = self.largest_batch <= self.setup.batch
            return f"{fits}, but no larger batch does." if none_larger else f"{fits}; {self.after_words}."
        short = f"Short by {format_bytes(-self.spare)}: "
        if self.remedy is None or self.after is None or self.memory_after is None:
            return f"{short}{self.after_words}."
        left = f"then {format_bytes(self.after.capacity - self.memory_after.total)} to spare"
        if len(self.remedy.changes) == 1:
            return f"{short}the cheapest change that makes it fit is {self.remedy.sentence}, {left}."
        words = " + ".join(change.words for change in self.remedy.changes)
        return f"{short}no single change is enough; the cheapest together: {words}, {left}."

    @property
    def sentence(self) -> str:
        """The answer in plain words."""
        setup = self.setup
        assumed = f" (shape assumed: {setup.layers} layers of {setup.hidden:,})" if self.model == OWN else ""
        parts = " + ".join(f"{format_bytes(getattr(self.memory, part))} {name}" for part, name in PART_NAMES.items())
        sharded = f", sharded at stage {setup.stage}" if setup.stage else ""
        return (
            f"{self.who}{assumed}, {setup.sequences} of {setup.sequence:,} tokens at a time, {setup.precision}, "
            f"{setup.optimizer}, {setup.recomputation}: {parts} = {format_bytes(self.memory.total)} "
            f"on each of {setup.hardware}{sharded}. {self.verdict} Buffers and fragmentation come on top."
        )


def memory_view(
    model: str,
    parameters: float,
    batch: float,
    sequence: float,
    precision: str,
    gradients: str,
    optimizer: str,
    recompute: str,
    accelerator: str,
    num_accelerators: float,
    stage: int,
) -> MemoryView:
    """Return what the explorer shows for its controls' values; `model` may be `OWN`, then a shape is assumed.

    Errors: `ValueError` or `TypeError` as `memory` and `catalog` raise them.
    """
    layers, hidden, heads, vocab = _shape(model, parameters)
    setup = TrainingSetup(
        parameters,
        layers,
        hidden,
        heads,
        accelerator=accelerator,
        precision=precision,
        optimizer=optimizer,
        gradient_precision=GRADIENTS[one_of("gradients", gradients, GRADIENTS)],
        batch=whole("batch", batch),
        sequence=whole("sequence", sequence),
        recompute=recompute,
        num_gpus=whole("num_accelerators", num_accelerators),
        stage=stage,
        vocab=vocab,
    )
    memory = setup.memory()
    spare = float(fits(memory, setup.capacity).spare_bytes)
    return MemoryView(model, setup, memory, spare, cheapest_remedy(setup) if spare < 0 else None)


def _shape(model: str, parameters: float) -> tuple[int, int, int, int]:
    if model == OWN:
        return *assumed_shape(parameters), ASSUMED_VOCAB
    known = catalog.model(model)
    return known.layers, known.hidden, known.heads, known.vocab


def preset_values(model: str) -> dict[str, Any]:
    """Return the control values that a model of the catalog stands for: its size, its sequence of pre-training."""
    if known := catalog.models().get(model):
        return {"parameters": float(known.parameters), "sequence": float(known.context)}
    return {}
