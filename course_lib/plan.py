"""Plan: what you have (accelerators, days, data, a bound on the cost of use) turned into one training run.

The lecture in one go. The compute is C = tau T, less what recomputation takes. P is the largest model within all of
slide S4's bounds, P = min(sqrt(C / 6r), D_max / r, P_max); then D = min(C / 6P, D_max). What is trained is stored by
the cheapest recipe that fits; time, accelerator-hours and money follow from 6PD.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from course_lib import catalog, plan_text
from course_lib._checks import fraction, one_of, positive, whole
from course_lib.compute_cost import throughput, training_flop, training_seconds
from course_lib.memory import MIXED, PRECISION_BYTES, RECOMPUTE
from course_lib.memory_advice import TrainingSetup, assumed_shape
from course_lib.plan_rules import MOST_EPOCHS, SERVING_ROOM, TRAINING_ROOM, tokens_of_a_step, training_precision
from course_lib.scaling import TOKENS_PER_PARAMETER, largest_model_within
from course_lib.units import SECONDS_PER_DAY, gpu_hours

SERVING_PRECISIONS = tuple(name for name in PRECISION_BYTES if name not in MIXED)
"""How the weights may be stored for use; the mixed recipes are for training alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What there is to train with, and what the trained model may cost to use; see `plan_training_run`."""

    accelerator: str
    num_accelerators: int
    days: float
    utilization: float
    data_tokens: float | None
    max_epochs: float
    tokens_per_parameter: float
    inference_flop_per_token: float | None
    serve_on: str | None
    serve_precision: str
    sequence: int
    price_per_hour: float

    def __post_init__(self) -> None:
        """Refuse what nobody can have, and name it."""
        catalog.accelerator(self.accelerator)
        if self.serve_on is not None:
            catalog.accelerator(self.serve_on)
        one_of("serve_precision", self.serve_precision, SERVING_PRECISIONS)
        object.__setattr__(self, "utilization", _one("utilization", fraction("utilization", self.utilization)))
        for name in ("num_accelerators", "sequence"):
            object.__setattr__(self, name, whole(name, getattr(self, name)))
        for name in ("days", "max_epochs", "tokens_per_parameter", "price_per_hour"):
            object.__setattr__(self, name, _one(name, positive(name, getattr(self, name))))
        for name in ("data_tokens", "inference_flop_per_token"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _one(name, positive(name, getattr(self, name))))

    @property
    def throughput(self) -> float:
        """The rate tau of all accelerators together, in FLOP/s."""
        peak = catalog.accelerator(self.accelerator).fp16_bf16_flop_per_second
        return float(throughput(self.num_accelerators, peak, self.utilization))

    @property
    def flop(self) -> float:
        """The compute C = tau T that there is, in FLOP."""
        return self.throughput * self.days * SECONDS_PER_DAY

    @property
    def most_tokens(self) -> float:
        """The most tokens that the data at hand gives, repeats included; infinite where no data is named."""
        return float("inf") if self.data_tokens is None else self.data_tokens * self.max_epochs

    def largest_models(self, flop: float) -> dict[str, float]:
        """Return the largest P within each bound that is set, by the bound's name (slide S4)."""
        ratio = self.tokens_per_parameter
        models = {"compute": largest_model_within(flop=flop, tokens_per_parameter=ratio)}
        if self.data_tokens is not None:
            models["data"] = largest_model_within(tokens=self.most_tokens, tokens_per_parameter=ratio)
        if self.inference_flop_per_token is not None:
            models["inference cost"] = largest_model_within(inference_flop_per_token=self.inference_flop_per_token)
        sizes = {bound: float(model.parameters) for bound, model in models.items()}
        if self.serve_on is not None:
            room = (1 - SERVING_ROOM) * catalog.accelerator(self.serve_on).memory_bytes
            sizes["serving memory"] = room / PRECISION_BYTES[self.serve_precision]
        return sizes


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """A planned run: the model, its tokens, how it is trained, and what that costs.

    `bound` names what decides P: compute, data, inference cost or serving memory. `setup` is the recipe on one
    accelerator, with its micro-batch; one step adds up `micro_batches` of them. `flop` is 6PD; `seconds` counts
    recomputation too. `hours` are accelerator-hours and `cost` is in the unit of the price.
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

    @property
    def assumptions(self) -> tuple[str, ...]:
        """All that the plan takes for granted, in words."""
        return plan_text.assumptions(self)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Each rule of the lecture that the plan breaks, as "title: what to do about it"."""
        return plan_text.warnings(self)

    @property
    def broken(self) -> tuple[str, ...]:
        """The titles of the warnings: the rules broken, in a word or two each."""
        return tuple(warning.partition(":")[0] for warning in self.warnings)

    @property
    def sentence(self) -> str:
        """The plan in one sentence, without assumptions and warnings."""
        return plan_text.sentence(self)

    def compared_with(self, run: str) -> str:
        """Return how a published run of the catalog differs, in words; `ValueError` for an unknown one."""
        return plan_text.comparison(self, catalog.training_run(run))

    def markdown(self, compare: str | None = None) -> str:
        """Return all of it as Markdown: resources, plan, warnings, assumptions, and a published run to `compare`."""
        return plan_text.markdown(self, catalog.training_run(compare) if compare else None)


def plan_training_run(
    *,
    accelerator: str,
    num_accelerators: int,
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

    Units: tokens and FLOP are counts; `price_per_hour` is of one accelerator, your own figure and not a quote. `None`
    sets no bound. P is the largest model within every bound: compute (P = sqrt(C / 6r) with r tokens a parameter),
    data (P = data x epochs / r), inference cost (P = c / 2), and weights that leave 20 % of the memory of `serve_on`
    free. D spends what compute is left, as far as the data goes. The recipe is the first that fits with 10 % of the
    memory free (else without): AdamW before its 8-bit states, little recomputation before more, little sharding
    before more. Recomputed operations run at `utilization` too, so they take their share of the days.
    Errors: `ValueError` or `TypeError` for a name that is unknown, a count that is not whole, or a number out of range.
    Source: slides S1 to S14; Muennighoff et al. 2023 for the epochs.

    >>> plan = plan_training_run(accelerator="A100 80GB", num_accelerators=2048, days=20.8, utilization=0.477)
    >>> round(plan.parameters / 1e9), round(plan.tokens / 1e12, 2)  # LLaMA 65B: 65.2 B on 1.4 T
    (67, 1.34)
    """
    resources = Resources(
        accelerator=accelerator,
        num_accelerators=num_accelerators,
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
    one = setup.memory()
    most = ((1 - TRAINING_ROOM) * setup.capacity - one.model_states) // one.activations
    batch = next((part for part in range(int(min(each, most)), 0, -1) if each % part == 0), 1)
    return replace(setup, batch=batch), each // batch


def _one(name: str, number: Any) -> float:
    if not isinstance(number, float):
        raise TypeError(f"{name} must be one number; got {number!r}")
    return number
