"""A plan in words: its sentence, what it assumes, how a published run differs, and all of it as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from course_lib import catalog
from course_lib.catalog import TrainingRun
from course_lib.compute_cost import forward_flop, training_flop
from course_lib.memory import LOSS_SCALING, PART_NAMES
from course_lib.plan.broken_rules import in_days, percent, warnings
from course_lib.plan.rules import SERVING_ROOM, TRAINING_ROOM, published_utilization, source_of_a_step
from course_lib.plan.run import PlannedRun
from course_lib.scaling import BESIROGLU_2024, HOFFMANN_2022, HOFFMANN_2022_UNROUNDED, compute_optimal, why_no_loss
from course_lib.units import format_bytes, format_count, format_flop, format_number, format_rate

WORDS = {
    "compute": "the compute",
    "data": "the data at hand",
    "inference cost": "the inference cost",
    "serving memory": "the memory to serve in",
}
"""What decides P, in words, by the name of the bound."""


def sentence(plan: PlannedRun) -> str:
    """Return the plan in one sentence: what there is, the model, its cost, and the recipe."""
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
    setup = plan.setup
    sharding = f", sharded at stage {setup.stage}" if setup.stage else ""
    return f"{setup.precision}, {setup.optimizer}, {setup.sequences} at a time, {setup.recomputation}{sharding}"


def memory_on_each(plan: PlannedRun) -> str:
    """Return what one accelerator holds, of how much."""
    return f"{format_bytes(plan.setup.memory().total)} of {format_bytes(plan.setup.capacity)}"


def money(dollars: float) -> str:
    """Return an amount in US dollars, in which prices of accelerators are quoted.

    For plain text: in Markdown, what stands between two dollar signs is mathematics.

    >>> money(368_640), money(0.5)
    ('$369,000', '$0.5')
    """
    return f"${format_number(dollars)}"


def given_up(plan: PlannedRun) -> str:
    """Return what the bounds cost: the loss of the plan against that of D = 20P for all of the compute."""
    if plan.bound == "compute":
        return "nothing: P is bound by the compute alone"
    best = compute_optimal(plan.resources.flop)
    more = BESIROGLU_2024.loss(plan.parameters, plan.tokens) - BESIROGLU_2024.loss(*best)
    against = f"{format_count(best[0])} on {format_count(best[1])}, which is D = 20P for all the compute"
    return f"{max(more, 0):.3f} nats a token against {against} (Besiroglu et al. 2024)"


def assumptions(plan: PlannedRun) -> tuple[str, ...]:
    """Return all that the plan takes for granted, as "topic: what, and how far it may be off"."""
    return (*_of_compute(plan), *_of_model(plan), *_of_recipe(plan))


def _of_compute(plan: PlannedRun) -> Iterator[str]:
    have, setup, reached = plan.resources, plan.setup, published_utilization().values()
    peak = format_rate(catalog.accelerator(have.accelerator).fp16_bf16_flop_per_second)
    products = 12 * setup.layers * setup.hidden * setup.sequence / training_flop(plan.parameters, 1)
    yield (
        f"Utilisation: {percent(have.utilization)} of {peak}, over all the days, with restarts and waiting. The "
        f"catalog's runs reached {percent(min(reached))} to {percent(max(reached))}."
    )
    yield f"Compute: 6PD counts products with weights only; attention's own add about {percent(products, 2)} here."
    if more := setup.recomputed_flop():
        yield (
            f"Recomputation: {percent(more, 2)} more operations than 6PD, so the run takes as much longer and the "
            f"utilisation that counts 6PD alone (MFU) is {percent(have.utilization / (1 + more))}."
        )
    yield (
        f"Price: {format_number(have.price_per_hour)} dollars for an accelerator-hour is your figure, not a quote. "
        "Staff, storage and runs that fail come on top."
    )


def _of_model(plan: PlannedRun) -> Iterator[str]:
    have = plan.resources
    sizes = [float(fit.optimal(plan.flop)[0]) for fit in (HOFFMANN_2022, HOFFMANN_2022_UNROUNDED, BESIROGLU_2024)]
    yield (
        f"Tokens a parameter: at least {format_number(have.tokens_per_parameter)}. Three published fits put the best "
        f"size for this compute between {format_count(min(sizes))} and {format_count(max(sizes))}."
    )
    if have.data_tokens is not None:
        times = format_number(have.max_epochs)
        yield f"Data: {format_count(have.data_tokens)} tokens, read at most {times} times; read again counts like new."
    if have.inference_flop_per_token is not None:
        yield f"Inference: a token of use costs 2P FLOP, at most {format_flop(have.inference_flop_per_token)}."
    if have.serve_on is not None:
        free = percent(SERVING_ROOM)
        yield f"Serving: weights in {have.serve_precision} leave {free} of one {have.serve_on} for keys and values."


def _of_recipe(plan: PlannedRun) -> Iterator[str]:
    setup, steps = plan.setup, max(1.0, plan.tokens / plan.step_tokens)
    yield f"Shape: {setup.layers} layers of {setup.hidden:,} with heads of 128, as only the size is planned."
    yield (
        f"Memory: activations of GPT's layers, scores stored unless recomputed; working memory for what is being "
        f"recomputed and one fp32 copy of the logits, of {setup.vocab:,} entries a token; {percent(TRAINING_ROOM)} is "
        "to stay free for buffers and fragmentation."
    )
    yield (
        f"Step: {format_count(plan.step_tokens)} tokens, {setup.num_gpus:,} x {plan.micro_batches:,} x "
        f"{setup.sequences} of {setup.sequence:,} (by size, after {source_of_a_step(plan.parameters)}); "
        f"{format_number(steps)} steps."
    )
    yield (
        f"Precision: {setup.precision}, as {setup.accelerator} has no bf16; {LOSS_SCALING}."
        if setup.precision == "fp32+fp16"
        else f"Precision: {setup.precision}, as bf16 has the range of fp32."
    )


def reported_time(run: TrainingRun) -> str:
    """Return the accelerator-hours of a published run in words, also where it reports none."""
    return f"{format_number(run.accelerator_hours)} hours" if run.accelerator_hours else "an unreported time"


def comparison(plan: PlannedRun, run: TrainingRun) -> str:
    """Return how a published run differs from the plan, in words; a mixture of experts is not compared."""
    flop = training_flop(run.parameters, run.tokens)
    if reason := why_no_loss(run):
        return (
            f"{run.name}: {format_count(run.tokens)} tokens, {format_flop(flop)}, {reported_time(run)} on "
            f"{run.accelerator}. {reason} It is not compared with the plan."
        )
    more = BESIROGLU_2024.loss(plan.parameters, plan.tokens) - BESIROGLU_2024.loss(run.parameters, run.tokens)
    loss = f"{abs(more):.3f} nats {'higher' if more > 0 else 'lower'}" if abs(more) >= 5e-4 else "the same"
    return (
        f"{run.name}: {format_count(run.parameters)} on {format_count(run.tokens)}, "
        f"{format_number(run.tokens / run.parameters)} a parameter, {format_flop(flop)} (the plan: "
        f"{format_number(plan.flop / flop, 2)} times that), {reported_time(run)} on {run.accelerator}; the plan's loss "
        f"is {loss} (Besiroglu et al. 2024)."
    )


def markdown(plan: PlannedRun, run: TrainingRun | None = None) -> str:
    """Return the plan as a Markdown document."""
    have, memory = plan.resources, plan.setup.memory()
    rows = {
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
    parts = [
        f"# Training plan: {format_count(plan.parameters)} parameters on {format_count(plan.tokens)} tokens",
        f"{plan.setup.hardware} for {in_days(have.days)}, at {percent(have.utilization)} of the advertised rate.",
        "| what | plan |\n|---|---|\n" + "\n".join(f"| {name} | {text} |" for name, text in rows.items()),
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
