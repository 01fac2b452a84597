"""The cheapest change that makes a training set-up fit.

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
from course_lib.memory.components import RECOMPUTE
from course_lib.memory.setup import TrainingSetup

ACCELERATOR_STEPS = tuple(2**k for k in range(1, 11))
"""The numbers of accelerators that the advice proposes: 2 to 1,024."""

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
        if chip.memory_bytes > now.memory_bytes and chip.kind == now.kind
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
