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
    logits_bytes,
    precision_warnings,
    training_memory,
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
            return words or "even all changes together do not make it fit"
        if self.largest_batch <= self.setup.batch:
            return "no larger batch fits"
        many = f"{(self.after or self.setup).sequences} at a time"
        return f"even {many} fit" if self.largest_batch > BATCH_RANGE[1] else f"the largest batch that fits: {many}"

    @property
    def sentence(self) -> str:
        """The answer in plain words: what it needs, whether that fits, and how far it is from that."""
        verb = "need" if self.model == OWN else "needs"
        needs = f"{self.who} {verb} {format_bytes(self.memory.total)} on {self.setup.hardware}"
        if self.fits:
            return f"{needs} and fits, {format_bytes(self.spare)} to spare."
        return f"{needs}, {format_bytes(-self.spare)} more than there is."

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """The set-up, what the lower bar changes of it, and each part as the product that it comes from."""
        now, then = self.setup, self.after or self.setup
        left = format_bytes(then.capacity - self.memory_after.total) if self.memory_after else "no change"
        gradients = f", {now.gradient_precision} gradients" if now.gradient_precision else ""
        return (
            ("shape", f"{now.layers} layers of {now.hidden:,}" + (", assumed" if self.model == OWN else "")),
            ("batch", _changed(f"{now.batch:,} x {now.sequence:,} tokens", now.batch, then.batch)),
            ("precision", f"{now.precision}{gradients}"),
            ("trained with", _changed(now.optimizer, now.optimizer, then.optimizer)),
            ("recomputed", _changed(now.recompute, now.recompute, then.recompute)),
            ("hardware", now.hardware),
            ("then on", then.hardware),
            ("sharding", _changed(f"stage {now.stage}", now.stage, then.stage)),
            *zip(PART_NAMES.values(), self.terms, strict=True),
            ("total", f"{format_bytes(self.memory.total)} of {format_bytes(now.capacity)}"),
            ("then to spare", left),
            ("mind", " ".join(precision_warnings(now)) or "buffers and fragmentation come on top."),
        )

    @property
    def terms(self) -> list[str]:
        """How each part comes about, as a product in words."""
        setup, memory = self.setup, self.memory
        count = format_count(setup.parameters)
        one = training_memory(1, setup.precision, setup.optimizer, gradient_precision=setup.gradient_precision)
        shared = [f"/{setup.num_gpus:,}" if setup.num_gpus > 1 and setup.stage >= stage else "" for stage in (1, 2, 3)]
        weights, master = f"{one.parameters - one.master_weights:g}", f"{one.master_weights:g}"
        if not one.master_weights:
            weights += shared[2]
        elif shared[2]:
            weights = f"{one.parameters:g}{shared[2]}"
        else:
            weights = f"({weights} + {master}{shared[0]})"
        logits = format_bytes(float(logits_bytes(setup.batch, setup.sequence, setup.vocab)))
        size = {part: format_bytes(getattr(memory, part)) for part in PART_NAMES}
        return [
            f"{size['parameters']} = {weights} x {count}",
            f"{size['gradients']} = {one.gradients:g}{shared[1]} x {count}",
            f"{size['optimizer']} = {one.optimizer:.3g}{shared[0]} x {count}",
            f"{size['activations']} = {setup.batch:,} x {format_bytes(memory.activations / setup.batch)}",
            f"{size['working']}, {logits} logits",
        ]


def _changed(words: str, now: object, then: object) -> str:
    """Return how something is now, and what it becomes in the lower bar where that is something else."""
    return words if now == then else f"{words}, then {then}"


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
    layers, hidden, heads, head_dim, vocab = _shape(model, parameters)
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
        head_dim=head_dim,
    )
    memory = setup.memory()
    spare = float(fits(memory, setup.capacity).spare_bytes)
    return MemoryView(model, setup, memory, spare, cheapest_remedy(setup) if spare < 0 else None)


def _shape(model: str, parameters: float) -> tuple[int, int, int, int | None, int]:
    if model == OWN:
        return *assumed_shape(parameters), None, ASSUMED_VOCAB
    known = catalog.model(model)
    return known.layers, known.hidden, known.heads, known.head_dim, known.vocab


def preset_values(model: str) -> dict[str, Any]:
    """Return the control values that a model of the catalog stands for: its size, its sequence of pre-training."""
    if known := catalog.models().get(model):
        return {"parameters": float(known.parameters), "sequence": float(known.context)}
    return {}
