"""A planned run in numbers: what `plan` finds, and what `words` writes about."""

from __future__ import annotations

from dataclasses import dataclass

from course_lib.memory import TrainingSetup
from course_lib.plan.resources import Resources
from course_lib.units import SECONDS_PER_DAY

A_PLAN = "a plan, as plan_training_run returns it"
"""What a function of this topic accepts for a plan, in words."""


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A planned run in numbers: the model, its tokens, how it is trained, and what that costs.

    `bound` names what decides P: compute, data, inference cost or serving memory. `setup` is the recipe on one
    accelerator, with its micro-batch; one step adds up `micro_batches` of them. `flop` is 6PD; `seconds` counts
    recomputation too. `hours` are accelerator-hours and `cost` is in US dollars.
    """

    resources: Resources
    parameters: float
    tokens: float
    bound: str
    setup: TrainingSetup
    micro_batches: int
    flop: float
    seconds: float
    hours: float
    cost: float

    @property
    def days(self) -> float:
        """The time that the run takes, in days."""
        return self.seconds / SECONDS_PER_DAY

    @property
    def tokens_per_parameter(self) -> float:
        """D/P, to hold against the 20 of slide S4."""
        return self.tokens / self.parameters

    @property
    def epochs(self) -> float:
        """How often each token at hand is read; 1 or less is new text only."""
        return self.tokens / self.resources.data_tokens if self.resources.data_tokens else 0.0

    @property
    def step_tokens(self) -> int:
        """The tokens of one step, on all accelerators together."""
        return self.setup.batch * self.micro_batches * self.setup.num_gpus * self.setup.sequence
