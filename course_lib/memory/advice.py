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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from course_lib import catalog
from course_lib._arguments import of_kind
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
        "recompute": lambda s: list(RECOMPUTE[RECOMPUTE.index(s.recompute) :]) if s.layers > 1 else [s.recompute],
        "optimizer": lambda s: [s.optimizer] + ["adamw-8bit"] * (s.optimizer in ("adamw", "adamw-bf16")),
        "num_gpus": lambda s: [s.num_gpus] + [n for n in ACCELERATOR_STEPS if n > s.num_gpus],
        "accelerator": lambda s: [s.accelerator, *_bigger(s.accelerator)],
    }
)
"""For each field, in order of cost, what it may become: its value now, then ever less memory.

The layer being recomputed comes on top of the inputs kept: in a model of one layer recomputation saves nothing.
"""


@dataclass(frozen=True, slots=True)
class Change:
    """One change to a set-up, in words: what there is then, what it costs, and what it stands `instead_of`, if it must.

    >>> print(Change("4 sequences at a time", "no FLOP: add up 4 steps' gradients", instead_of="16"))
    4 sequences at a time instead of 16
    """

    words: str
    cost: str
    instead_of: str = ""

    def __str__(self) -> str:
        """Return the change as one phrase, without its cost."""
        return f"{self.words} instead of {self.instead_of}" if self.instead_of else self.words


@dataclass(frozen=True, slots=True)
class Remedy:
    """One way to make a set-up fit: the `setup` after it, and the `changes` that lead there, cheapest first."""

    setup: TrainingSetup
    changes: tuple[Change, ...]

    @property
    def costs(self) -> tuple[str, ...]:
        """What each change costs, in words."""
        return tuple(change.cost for change in self.changes)

    @property
    def sentence(self) -> str:
        """The changes with their costs, as one line."""
        *first, last = [f"{change} ({change.cost})" for change in self.changes] or [""]
        return " and ".join([", ".join(first), last] if first else [last])


def single_changes(setup: TrainingSetup) -> tuple[Remedy, ...]:
    """Return every single change of `ORDER` that alone makes `setup` fit, cheapest first, each in its mildest form.

    The result is empty when none is enough, or none is needed. Source: slides S5 and S12 to S14.

    >>> short = TrainingSetup.of_model("Llama 2 7B", "A100 80GB", recompute="full")
    >>> for remedy in single_changes(short):
    ...     print(*remedy.changes)
    8-bit optimizer states
    2 x A100 80GB, sharded at stage 1
    1 x H200 SXM instead of A100 80GB
    """
    of_kind("setup", setup, TrainingSetup)
    if setup.fit():
        return ()
    found = dict.fromkeys(_mildest(setup, fields) for fields in ORDER)
    return tuple(_remedy(setup, after) for after in found if after)


def cheapest_remedy(setup: TrainingSetup) -> Remedy | None:
    """Return the cheapest single change that makes `setup` fit, else the cheapest changes together, else None.

    Together means: of the costliest kind of change as little as can be, then of the next, and so on down `ORDER`.
    A set-up that fits already comes back without changes. Source: slide S5, "will it train on my GPUs?".

    >>> print(*cheapest_remedy(TrainingSetup.of_model("Llama 2 70B", "A100 80GB")).changes, sep=" and ")
    full recomputation and 16 x A100 80GB, sharded at stage 3
    """
    of_kind("setup", setup, TrainingSetup)
    if setup.fit():
        return _remedy(setup, setup)
    together = tuple(LADDERS)
    after = next((after for fields in (*ORDER, together) if (after := _mildest(setup, fields))), None)
    return _remedy(setup, after) if after else None


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
    """Return the catalog's accelerators with more memory, smallest first; a TPU is not exchanged for a GPU.

    By size as sold: what two "80 GB" report differs by 1 %, for which nobody exchanges one for the other. Of one size
    the first of the catalog stands for all, unless another reports more.
    """
    now = catalog.accelerator(accelerator)
    bigger = []
    most = now.usable_bytes
    for chip in sorted(catalog.accelerators().values(), key=lambda chip: chip.memory_bytes):
        if chip.kind == now.kind and chip.memory_bytes > now.memory_bytes and chip.usable_bytes > most:
            bigger.append(chip.name)
            most = chip.usable_bytes
    return bigger


def _remedy(before: TrainingSetup, after: TrainingSetup) -> Remedy:
    """Return the remedy that leads from one set-up to another."""
    return Remedy(after, tuple(_changes(before, after)))


def _changes(before: TrainingSetup, after: TrainingSetup) -> Iterator[Change]:
    """Yield the changes between two set-ups, cheapest first."""
    if after.batch != before.batch:
        steps = before.batch // after.batch
        cost = f"no FLOP: add up {steps} steps' gradients"
        yield Change(f"{after.sequences} at a time", cost, instead_of=f"{before.batch}")
    if after.stage != before.stage and after.num_gpus == before.num_gpus:
        cost = "up to 1.5 times the communication" if after.stage == 3 else "no more communication"
        yield Change(f"sharding at stage {after.stage}", cost)
    if after.recompute != before.recompute:
        more = after.recomputed_flop() - before.recomputed_flop()
        yield Change(after.recomputation, f"{100 * more:.2g} % more FLOP")
    if after.optimizer != before.optimizer:
        yield Change("8-bit optimizer states", "no FLOP, but coarser states")
    other = before.accelerator if after.accelerator != before.accelerator else ""
    if after.num_gpus != before.num_gpus:
        cost = f"{after.num_gpus / before.num_gpus:.3g} times the accelerators, about the same accelerator-hours"
        yield Change(f"{after.hardware}, sharded at stage {after.stage}", cost, instead_of=other)
    elif other:
        yield Change(after.hardware, "another price", instead_of=other)
