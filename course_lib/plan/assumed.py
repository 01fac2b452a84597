"""What a plan takes for granted: each assumption with where it is from, and which of the plan's numbers rest on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from course_lib import catalog
from course_lib._arguments import of_kind
from course_lib.compute_cost import training_flop
from course_lib.memory import LOSS_SCALING
from course_lib.plan.broken_rules import percent
from course_lib.plan.rules import SERVING_ROOM, TRAINING_ROOM, published_utilization, source_of_a_step
from course_lib.plan.run import A_PLAN, PlannedRun
from course_lib.scaling import BESIROGLU_2024, HOFFMANN_2022, HOFFMANN_2022_UNROUNDED
from course_lib.units import format_count, format_flop, format_number, format_rate

OWN = "your own figure"
"""Where an assumption is from that whoever plans has made."""

STORED = "recipe", "memory on each", "of which"
TRAINED = "tokens D", "compute 6PD", "given up", "time", "accelerator-hours", "money"
SIZED = "parameters P", "a token of use", *TRAINED, *STORED
"""What follows from the shape; from the tokens, at a given P; and from P itself: all."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """One thing that a plan takes for granted: its topic, what it is and how far it may be off, and where it is from.

    `numbers` are the names of those in the plan's table that may change with it, as long as the same bound decides P:
    none, where it is a bound that another one undercuts.
    """

    topic: str
    text: str
    source: str
    numbers: tuple[str, ...]

    def __str__(self) -> str:
        """Return it as one line, without its source."""
        return f"{self.topic}: {self.text}"


def assumed(plan: PlannedRun) -> tuple[Assumption, ...]:
    """Return all that the plan takes for granted, each with its source and the numbers that rest on it.

    >>> from course_lib.plan import plan_training_run
    >>> plan = plan_training_run(accelerator="H100 SXM", num_accelerators=256, days=30)
    >>> {each.topic: each.numbers for each in assumed(plan)}["Price"]
    ('money',)
    """
    of_kind("plan", plan, PlannedRun, A_PLAN)
    return (*_of_compute(plan), *_of_model(plan), *_of_recipe(plan))


def assumptions(plan: PlannedRun) -> tuple[str, ...]:
    """Return all that the plan takes for granted, as "topic: what, and how far it may be off"."""
    of_kind("plan", plan, PlannedRun, A_PLAN)
    return tuple(map(str, assumed(plan)))


def _of_compute(plan: PlannedRun) -> Iterator[Assumption]:
    have, setup, reached = plan.resources, plan.setup, published_utilization().values()
    chip = catalog.accelerator(have.accelerator)
    products = 12 * setup.layers * setup.hidden * setup.sequence / training_flop(plan.parameters, 1)
    yield Assumption(
        "Utilisation",
        f"{percent(have.utilization)} of {format_rate(chip.fp16_bf16_flop_per_second)}, over all the days, with "
        f"restarts and waiting. The lecture's runs reached {percent(min(reached))} to {percent(max(reached))}.",
        f"{OWN}; the rate: {chip.source}; the runs: the lecture's in the catalog, 6PD over hours and rate",
        SIZED if plan.bound == "compute" else TRAINED,
    )
    yield Assumption(
        "Compute",
        f"6PD counts products with weights only; attention's own add about {percent(products, 2)} here.",
        "slide S2; Korthikanti et al. 2022, appendix A",
        SIZED if plan.bound == "compute" else TRAINED,
    )
    if more := setup.recomputed_flop():
        yield Assumption(
            "Recomputation",
            f"{percent(more, 2)} more operations than 6PD, so the run takes as much longer and the utilisation that "
            f"counts 6PD alone (MFU) is {percent(have.utilization / (1 + more))}.",
            "slide S14; Korthikanti et al. 2022, appendix A",
            SIZED if plan.bound == "compute" else TRAINED,
        )
    yield Assumption(
        "Price",
        f"{format_number(have.price_per_hour)} dollars for an accelerator-hour is your figure, not a quote. "
        "Staff, storage and runs that fail come on top.",
        OWN,
        ("money",),
    )


def _of_model(plan: PlannedRun) -> Iterator[Assumption]:
    have = plan.resources
    sizes = [float(fit.optimal(plan.flop)[0]) for fit in (HOFFMANN_2022, HOFFMANN_2022_UNROUNDED, BESIROGLU_2024)]
    yield Assumption(
        "Tokens a parameter",
        f"at least {format_number(have.tokens_per_parameter)}. Three published fits put the best size for this "
        f"compute between {format_count(min(sizes))} and {format_count(max(sizes))}.",
        "slide S4; Hoffmann et al. 2022; Besiroglu et al. 2024",
        SIZED if plan.bound in ("compute", "data") else (),
    )
    if have.data_tokens is not None:
        yield Assumption(
            "Data",
            f"{format_count(have.data_tokens)} tokens, read at most {format_number(have.max_epochs)} times; "
            "read again counts like new.",
            f"{OWN}; Muennighoff et al. 2023",
            SIZED if plan.bound == "data" else TRAINED if plan.tokens >= have.most_tokens else (),
        )
    if have.inference_flop_per_token is not None:
        yield Assumption(
            "Inference",
            f"a token of use costs 2P FLOP, at most {format_flop(have.inference_flop_per_token)}.",
            f"{OWN}; slide S4",
            SIZED if plan.bound == "inference cost" else (),
        )
    if have.serve_on is not None:
        yield Assumption(
            "Serving",
            f"weights in {have.serve_precision} leave {percent(SERVING_ROOM)} of one {have.serve_on} for keys and "
            "values.",
            f"{OWN}; slides S4 and S11",
            SIZED if plan.bound == "serving memory" else (),
        )


def _of_recipe(plan: PlannedRun) -> Iterator[Assumption]:
    setup, steps = plan.setup, max(1.0, plan.tokens / plan.step_tokens)
    yield Assumption(
        "Shape",
        f"{setup.layers} layers of {setup.hidden:,} with heads of 128, as only the size is planned.",
        "Kaplan et al. 2020, Table 1",
        STORED,
    )
    yield Assumption(
        "Memory",
        f"activations of GPT's layers, scores stored unless recomputed; working memory for what is being recomputed "
        f"and one fp32 copy of the logits, of {setup.vocab:,} entries a token; {percent(TRAINING_ROOM)} is to stay "
        "free for buffers and fragmentation.",
        "slide S14; Korthikanti et al. 2022, Table 2; the room is a choice of this course",
        STORED,
    )
    yield Assumption(
        "Step",
        f"{format_count(plan.step_tokens)} tokens, {setup.num_gpus:,} x {plan.micro_batches:,} x {setup.sequences} of "
        f"{setup.sequence:,} (by size, after {source_of_a_step(plan.parameters)}); {format_number(steps)} steps.",
        source_of_a_step(plan.parameters),
        STORED,
    )
    yield Assumption(
        "Precision",
        f"{setup.precision}, as {setup.accelerator} has no bf16; {LOSS_SCALING}."
        if setup.precision == "fp32+fp16"
        else f"{setup.precision}, as bf16 has the range of fp32.",
        "slides S6 and S11; Micikevicius et al. 2018",
        STORED,
    )
