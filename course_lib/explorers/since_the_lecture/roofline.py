"""Roofs of two machines, and where a model's training, its prompts and its answers stand below them."""

from __future__ import annotations

from dataclasses import dataclass

from course_lib import catalog
from course_lib.compute_cost import TransformerShape
from course_lib.since_the_lecture import (
    attainable_flop_per_second,
    decode_work,
    prefill_work,
    ridge_point,
    training_work,
)

MODEL, CONTEXT = "Llama 3.1 8B", 4096
ROOFS = (("H100 SXM", "bf16"), ("B200", "bf16"), ("B200", "fp4"))
"""The machines and the precisions of which a roof is drawn; the steps stand below the first one."""
USERS = (1, 16, 128)
PROMPT, BATCH, SEQUENCE = 2000, 4, 8192


@dataclass(frozen=True, slots=True)
class Roof:
    """An accelerator in a precision: its peak in FLOP/s, its bandwidth in bytes/s, its ridge point in FLOP a byte."""

    machine: str
    precision: str
    peak: float
    bandwidth: float
    ridge: float


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the model: its name, its FLOP a byte, and the most FLOP/s that the first roof lets it have."""

    name: str
    intensity: float
    rate: float


@dataclass(frozen=True)
class RooflineView:
    """The roofs, and the steps in the order of their intensities' kinds: answers, a prompt, training."""

    roofs: tuple[Roof, ...]
    steps: tuple[Step, ...]

    @property
    def sentence(self) -> str:
        """Which steps wait for the memory, in plain words."""
        first = self.roofs[0]
        waiting = [step for step in self.steps if step.intensity < first.ridge]
        return (
            f"On an {first.machine} {len(waiting)} of {len(self.steps)} steps wait for the memory: "
            f"those below {first.ridge:.0f} FLOP a byte."
        )

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """The peak and the ridge point of each roof, and what each step reaches at the most."""
        first = self.roofs[0]
        roofs = tuple(
            (
                f"{roof.machine}, {roof.precision}",
                f"{roof.peak / 1e12:.0f} TFLOP/s from {roof.ridge:.0f} FLOP a byte on",
            )
            for roof in self.roofs
        )
        steps = tuple(
            (step.name, f"{step.intensity:.4g} FLOP a byte, at most {step.rate / first.peak:.1%} of the first peak")
            for step in self.steps
        )
        return roofs + steps


def roofline_view() -> RooflineView:
    """Return the roofs from the catalog, and the steps of one model in 16 bits below the first.

    >>> [(roof.precision, round(roof.ridge)) for roof in roofline_view().roofs]
    [('bf16', 295), ('bf16', 292), ('fp4', 1169)]
    """
    shape = TransformerShape.from_catalog(MODEL)
    works = {f"{users} user" + "s" * (users > 1): decode_work(shape, users, CONTEXT) for users in USERS}
    works["a prompt"] = prefill_work(shape, 1, PROMPT)
    works["training"] = training_work(shape, BATCH, SEQUENCE)
    steps = []
    for name, work in works.items():
        intensity = float(work.intensity)
        steps.append(Step(name, intensity, float(attainable_flop_per_second(intensity, *ROOFS[0]))))
    return RooflineView(tuple(_roof(*roof) for roof in ROOFS), tuple(steps))


def _roof(machine: str, precision: str) -> Roof:
    chip = catalog.accelerator(machine)
    peak, bandwidth = chip.peak(precision), chip.memory_bandwidth_bytes_per_second
    return Roof(machine, precision, peak, bandwidth, float(ridge_point(machine, precision)))
