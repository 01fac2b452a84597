"""A plan in words: its sentence, how a published run differs, and all of it as Markdown.

What it assumes stands in `assumed`, each with where it is from.
"""

from __future__ import annotations

from collections.abc import Iterable

from course_lib._arguments import not_negative, of_kind, single
from course_lib.catalog import TrainingRun
from course_lib.compute_cost import forward_flop, training_flop
from course_lib.memory import PART_NAMES
from course_lib.plan.assumed import Assumption, assumed, assumptions
from course_lib.plan.broken_rules import in_days, percent, warnings
from course_lib.plan.intervals import PlanIntervals
from course_lib.plan.rules import A_RUN
from course_lib.plan.run import A_PLAN, PlannedRun
from course_lib.scaling import BESIROGLU_2024, compute_optimal, why_no_loss
from course_lib.units import format_bytes, format_count, format_flop, format_number

WORDS = {
    "compute": "the compute",
    "data": "the data at hand",
    "inference cost": "the inference cost",
    "serving memory": "the memory to serve in",
}
"""What decides P, in words, by the name of the bound."""


def sentence(plan: PlannedRun) -> str:
    """Return the plan in one sentence: what there is, the model, its cost, and the recipe."""
    of_kind("plan", plan, PlannedRun, A_PLAN)
    have = plan.resources
    return (
        f"{plan.setup.hardware} for {in_days(have.days)} at {percent(have.utilization)} train "
        f"{format_count(plan.parameters)} parameters on {format_count(plan.tokens)} tokens, "
        f"{format_number(plan.tokens_per_parameter)} a parameter (P from {WORDS[plan.bound]}): "
        f"{format_flop(plan.flop)}, {in_days(plan.days)}, {format_number(plan.hours)} accelerator-hours, "
        f"{money(plan.cost)} at {money(have.price_per_hour)} an hour; {recipe(plan)}: "
        f"{memory_on_each(plan)} on each."
    )


def recipe(plan: PlannedRun) -> str:
    """Return how the model is trained, in a few words."""
    of_kind("plan", plan, PlannedRun, A_PLAN)
    setup = plan.setup
    sharding = f", sharded at stage {setup.stage}" if setup.stage else ""
    return f"{setup.precision}, {setup.optimizer}, {setup.sequences} at a time, {setup.recomputation}{sharding}"


def memory_on_each(plan: PlannedRun) -> str:
    """Return what one accelerator holds, of how much."""
    of_kind("plan", plan, PlannedRun, A_PLAN)
    return f"{format_bytes(plan.setup.memory().total)} of {format_bytes(plan.setup.capacity)}"


def money(dollars: float) -> str:
    """Return an amount in US dollars, in which prices of accelerators are quoted.

    For plain text: in Markdown, what stands between two dollar signs is mathematics.

    >>> money(368_640), money(0.5)
    ('$369,000', '$0.5')
    """
    dollars = single("dollars", not_negative("dollars", dollars))
    return f"${format_number(dollars)}"


def given_up(plan: PlannedRun) -> str:
    """Return what the bounds cost: the loss of the plan against that of D = 20P for all of the compute."""
    of_kind("plan", plan, PlannedRun, A_PLAN)
    if plan.bound == "compute":
        return "nothing: P is bound by the compute alone"
    best = compute_optimal(plan.resources.flop)
    more = BESIROGLU_2024.loss(plan.parameters, plan.tokens) - BESIROGLU_2024.loss(*best)
    against = f"{format_count(best[0])} on {format_count(best[1])}, which is D = 20P for all the compute"
    return f"{max(more, 0):.3f} nats a token against {against} (Besiroglu et al. 2024)"


def reported_time(run: TrainingRun) -> str:
    """Return the accelerator-hours of a published run in words, also where it reports none."""
    of_kind("run", run, TrainingRun, A_RUN)
    return f"{format_number(run.accelerator_hours)} hours" if run.accelerator_hours else "an unreported time"


def comparison(plan: PlannedRun, run: TrainingRun) -> str:
    """Return how a published run differs from the plan, in words; none that the loss law was not fitted to is compared.

    Errors: `ValueError` for a run whose source does not say on how many tokens it trained.
    """
    of_kind("run", run, TrainingRun, A_RUN)
    of_kind("plan", plan, PlannedRun, A_PLAN)
    took = f"{reported_time(run)} on {run.accelerator or 'an unreported accelerator'}"
    flop = training_flop(run.parameters, run.tokens)
    if reason := why_no_loss(run):
        return (
            f"{run.name}: {format_count(run.tokens)} tokens, {format_flop(flop)}, {took}. "
            f"{reason} It is not compared with the plan."
        )
    more = BESIROGLU_2024.loss(plan.parameters, plan.tokens) - BESIROGLU_2024.loss(run.parameters, run.tokens)
    loss = f"{abs(more):.3f} nats {'higher' if more > 0 else 'lower'}" if abs(more) >= 5e-4 else "the same"
    return (
        f"{run.name}: {format_count(run.parameters)} on {format_count(run.tokens)}, "
        f"{format_number(run.tokens / run.parameters)} a parameter, {format_flop(flop)} (the plan: "
        f"{format_number(plan.flop / flop, 2)} times that), {took}; the plan's loss "
        f"is {loss} (Besiroglu et al. 2024)."
    )


def numbers(plan: PlannedRun) -> dict[str, str]:
    """Return the numbers of a plan in words, by their names: the rows of its table."""
    of_kind("plan", plan, PlannedRun, A_PLAN)
    have, memory = plan.resources, plan.setup.memory()
    return {
        "parameters P": f"{format_count(plan.parameters)}, from {WORDS[plan.bound]}",
        "tokens D": f"{format_count(plan.tokens)}, {format_number(plan.tokens_per_parameter)} a parameter",
        "compute 6PD": format_flop(plan.flop),
        "recipe": recipe(plan),
        "memory on each": memory_on_each(plan),
        "of which": ", ".join(f"{format_bytes(getattr(memory, part))} {name}" for part, name in PART_NAMES.items()),
        "time": f"{format_number(plan.days)} of {in_days(have.days)}",
        "accelerator-hours": format_number(plan.hours),
        "money": f"{format_number(plan.cost)} dollars, at {format_number(have.price_per_hour)} an accelerator-hour",
        "a token of use": format_flop(forward_flop(plan.parameters, 1)),
        "given up": given_up(plan),
    }


def links(plan: PlannedRun) -> dict[str, tuple[Assumption, ...]]:
    """Return, for each of the plan's `numbers`, the assumptions that it rests on: what they are and where from.

    >>> from course_lib.plan import plan_training_run
    >>> plan = plan_training_run(accelerator="H100 SXM", num_accelerators=256, days=30, data_tokens=5e11)
    >>> [each.topic for each in links(plan)["parameters P"]]
    ['Utilisation', 'Compute', 'Recomputation', 'Tokens a parameter']
    """
    of_kind("plan", plan, PlannedRun, A_PLAN)
    return {name: tuple(each for each in assumed(plan) if name in each.numbers) for name in numbers(plan)}


def in_intervals(plan: PlannedRun, intervals: PlanIntervals) -> str:
    """Return the plan's days and money as intervals, in words: what they rest on, and how likely they hold.

    Plain text, as `money` has it.
    """
    of_kind("intervals", intervals, PlanIntervals, "PlanIntervals, as plan_intervals returns them")
    of_kind("plan", plan, PlannedRun, A_PLAN)
    days, cost, price = intervals.days, intervals.cost, intervals.price
    asked = f"{money(price.low)} to {money(price.high)}" if price.factor > 1 else money(price.middle)
    return (
        f"{format_count(plan.parameters)} on {format_count(plan.tokens)}: {format_number(days.low)} to "
        f"{in_days(float(days.high))}, half below {format_number(days.middle)}, as {days.source} "
        f"({percent(intervals.utilization.low, 2)} to {percent(intervals.utilization.high, 2)}; the next lies within "
        f"with {percent(days.chance, 2)}); {money(cost.low)} to {money(cost.high)} at {asked} an hour ({price.source})."
    )


def markdown(plan: PlannedRun, run: TrainingRun | None = None) -> str:
    """Return the plan as a Markdown document."""
    if run is not None:
        of_kind("run", run, TrainingRun, A_RUN)
    of_kind("plan", plan, PlannedRun, A_PLAN)
    have = plan.resources
    parts = [
        f"# Training plan: {format_count(plan.parameters)} parameters on {format_count(plan.tokens)} tokens",
        f"{plan.setup.hardware} for {in_days(have.days)}, at {percent(have.utilization)} of the advertised rate.",
        "| what | plan |\n|---|---|\n" + "\n".join(f"| {name} | {text} |" for name, text in numbers(plan).items()),
        "## Rules of the lecture that it breaks",
        _bullets(map(str, warnings(plan))) or "None.",
        "## Assumptions",
        _bullets(assumptions(plan)),
    ]
    if run:
        parts += ["## Compared with a published run", comparison(plan, run), f"Source: {run.source}."]
    if run and run.note:
        parts += [f"Mind: {run.note}."]
    return "\n\n".join(parts) + "\n"


def _bullets(texts: Iterable[str]) -> str:
    return "\n".join(f"- {text[0].upper()}{text[1:]}" for text in texts)
