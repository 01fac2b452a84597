"""Plan: what you have (accelerators, days, data, a bound on the cost of use) turned into one training run.

The lecture in one go. The compute is C = tau T, less what recomputation takes. P is the largest model within all of
slide S4's bounds, P = min(sqrt(C / 6r), D_max / r, P_max); then D = min(C / 6P, D_max). What is trained is stored by
the cheapest recipe that fits; time, accelerator-hours and money follow from 6PD.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from course_lib import catalog
from course_lib._arguments import whole
from course_lib.compute_cost import training_flop, training_seconds
from course_lib.memory import RECOMPUTE, TrainingSetup, assumed_shape, sequences_within, training_precision
from course_lib.plan import words
from course_lib.plan.broken_rules import Check, Warning, checks, warnings
from course_lib.plan.resources import Resources
from course_lib.plan.rules import MOST_EPOCHS, TRAINING_ROOM, tokens_of_a_step
from course_lib.plan.run import PlannedRun
from course_lib.scaling import TOKENS_PER_PARAMETER
from course_lib.units import gpu_hours


@dataclass(frozen=True, slots=True)
class TrainingPlan(PlannedRun):
    """A planned run that can say what it is: in a sentence, with what it assumes and which rules it breaks."""

    @property
    def assumptions(self) -> tuple[str, ...]:
        """All that the plan takes for granted, in words."""
        return words.assumptions(self)

    @property
    def warnings(self) -> tuple[Warning, ...]:
        """Each rule of the lecture that the plan breaks: its title, and what to do about it."""
        return warnings(self)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Every rule of the lecture, as the plan keeps or breaks it."""
        return checks(self)

    @property
    def broken(self) -> tuple[str, ...]:
        """The titles of the warnings: the rules broken, in a word or two each."""
        return tuple(warning.title for warning in self.warnings)

    @property
    def sentence(self) -> str:
        """The plan in one sentence, without assumptions and warnings."""
        return words.sentence(self)

    def compared_with(self, run: str) -> str:
        """Return how a published run differs, in words; `ValueError` for an unknown one, or one without tokens."""
        return words.comparison(self, catalog.training_run(run))

    def markdown(self, compare: str | None = None) -> str:
        """Return all of it as Markdown: resources, plan, warnings, assumptions, and a published run to `compare`."""
        return words.markdown(self, catalog.training_run(compare) if compare else None)


def plan_training_run(
    *,
    accelerator: str,
    num_accelerators: float,
    days: float,
    utilization: float = 0.4,
    data_tokens: float | None = None,
    max_epochs: float = MOST_EPOCHS,
    tokens_per_parameter: float = TOKENS_PER_PARAMETER,
    inference_flop_per_token: float | None = None,
    serve_on: str | None = None,
    serve_precision: str = "bf16",
    sequence: int = 2048,
    price_per_hour: float = 2.0,
) -> TrainingPlan:
    """Return a plan for the accelerators and the days that you have.

    Units: tokens and FLOP are counts; `price_per_hour` is of one accelerator, in US dollars, your own figure and not a
    quote. `None` sets no bound. P is the largest model within every bound: compute (P = sqrt(C / 6r) with r tokens a
    parameter), data (P = data x epochs / r), inference cost (P = c / 2), and weights that leave 20 % of the memory of
    `serve_on` free. D spends what compute is left, as far as the data goes. The recipe is the first that fits with 10 %
    of the memory free (else without): AdamW before its 8-bit states, little recomputation before more, little sharding
    before more. Recomputed operations run at `utilization` too, so they take their share of the days.
    Errors: `ValueError` or `TypeError` for a name that is unknown, a count that is not whole, or a number out of range.
    Source: slides S1 to S14; Muennighoff et al. 2023 for the epochs.

    >>> plan = plan_training_run(accelerator="A100 80GB", num_accelerators=2048, days=20.8, utilization=0.477)
    >>> round(plan.parameters / 1e9), round(plan.tokens / 1e12, 2)  # LLaMA 65B: 65.2 B on 1.4 T
    (67, 1.34)
    """
    resources = Resources(
        accelerator=accelerator,
        num_accelerators=whole("num_accelerators", num_accelerators),
        days=days,
        utilization=utilization,
        data_tokens=data_tokens,
        max_epochs=max_epochs,
        tokens_per_parameter=tokens_per_parameter,
        inference_flop_per_token=inference_flop_per_token,
        serve_on=serve_on,
        serve_precision=serve_precision,
        sequence=sequence,
        price_per_hour=price_per_hour,
    )
    bound, tokens, setup = _model_and_recipe(resources)
    setup, micro_batches = _with_batch(setup)
    flop = training_flop(setup.parameters, tokens)
    done = flop * (1 + setup.recomputed_flop())
    hours = gpu_hours(done, resources.throughput / resources.num_accelerators)
    return TrainingPlan(
        resources=resources,
        parameters=setup.parameters,
        tokens=tokens,
        bound=bound,
        setup=setup,
        micro_batches=micro_batches,
        flop=flop,
        seconds=training_seconds(done, resources.throughput),
        hours=hours,
        cost=hours * resources.price_per_hour,
    )


def _model_and_recipe(resources: Resources) -> tuple[str, float, TrainingSetup]:
    """Return the bound that decides P, the tokens, and the cheapest recipe that fits, or the last one if none does."""
    stages = range(4) if resources.num_accelerators > 1 else range(1)
    for optimizer in ("adamw", "adamw-8bit"):
        tight = None
        for recompute in RECOMPUTE:
            bound, tokens, whole_model = _model(resources, optimizer, recompute)
            for stage in stages:
                planned = bound, tokens, replace(whole_model, stage=stage)
                spare = planned[2].fit().spare_bytes
                if spare >= TRAINING_ROOM * whole_model.capacity:
                    return planned
                tight = planned if tight is None and spare >= 0 else tight
        if tight:
            return tight
    return planned


def _model(resources: Resources, optimizer: str, recompute: str) -> tuple[str, float, TrainingSetup]:
    """Return the bound that decides P, the tokens and the set-up of the largest model, if trained in this way."""
    again = 0.0
    for _ in range(1 if recompute == "none" else 3):  # recomputation's share depends on P, and P on that share
        sizes = resources.largest_models(resources.flop / (1 + again))
        bound = min(sizes, key=sizes.__getitem__)
        setup = TrainingSetup(
            sizes[bound],
            *assumed_shape(sizes[bound]),
            accelerator=resources.accelerator,
            precision=training_precision(resources.accelerator),
            optimizer=optimizer,
            sequence=resources.sequence,
            recompute=recompute,
            num_gpus=resources.num_accelerators,
        )
        again = setup.recomputed_flop()
    tokens = resources.flop / (1 + again) / training_flop(setup.parameters, 1)
    return bound, min(tokens, resources.most_tokens), setup


def _with_batch(setup: TrainingSetup) -> tuple[TrainingSetup, int]:
    """Return `setup` with the largest micro-batch that leaves room, and how many of them make one step."""
    each = max(1, round(tokens_of_a_step(setup.parameters) / (setup.sequence * setup.num_gpus)))
    most = sequences_within(setup, (1 - TRAINING_ROOM) * setup.capacity)
    batch = next((part for part in range(min(each, most), 0, -1) if each % part == 0), 1)
    return replace(setup, batch=batch), each // batch
