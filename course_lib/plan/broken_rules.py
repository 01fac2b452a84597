"""The rules of the lecture that a plan breaks: what each is called, and what that means or what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from course_lib._arguments import of_kind
from course_lib.compute_cost import training_flop
from course_lib.memory import cheapest_remedy
from course_lib.plan.rules import TRAINING_ROOM, published_utilization, tokens_of_a_step
from course_lib.plan.run import A_PLAN, PlannedRun
from course_lib.scaling import BESIROGLU_2024, MINIMUM_TOKENS, TOKENS_PER_PARAMETER
from course_lib.units import format_bytes, format_count, format_number

OVER_TRAINED, UNDER_TRAINED = 2 * TOKENS_PER_PARAMETER, TOKENS_PER_PARAMETER / 2
"""From twice the slide's 20 tokens a parameter on, or from half of it down, the plan says so."""

MOST_TOKENS_PER_PARAMETER = 5000
"""No more is proposed to anybody; the catalog's most over-trained run, Pythia 70M, has 4,258."""

RULES = {
    "tokens": "200 B tokens or more",
    "ratio": "D/P not far from 20",
    "text": "text read once at most",
    "time": "all of the days used",
    "utilisation": "utilisation seen before",
    "step": "steps of a usual size",
    "optimizer": "AdamW's full states",
    "memory": "memory to spare",
}
"""The rules that a plan is held against, and what is said of each that it keeps."""


@dataclass(frozen=True)
class Warning:
    """A rule of the lecture that a plan breaks: in a word or two, and what that means or what to do about it.

    `rule` is which of `RULES` it is.
    """

    title: str
    advice: str
    rule: str

    def __str__(self) -> str:
        """Return both as one line."""
        return f"{self.title}: {self.advice}"


def warnings(plan: PlannedRun) -> tuple[Warning, ...]:
    """Return each rule of the lecture that the plan breaks."""
    of_kind("plan", plan, PlannedRun, A_PLAN)
    return (*_about_model(plan), *_about_data(plan), *_about_hardware(plan), *_about_memory(plan))


@dataclass(frozen=True)
class Check:
    """One of `RULES`: whether a plan keeps it, and in a few words how; `kept` is `None` where that cannot be said."""

    rule: str
    kept: bool | None
    text: str


def checks(plan: PlannedRun) -> tuple[Check, ...]:
    """Return every rule, in the order of `RULES`, as the plan keeps or breaks it."""
    of_kind("plan", plan, PlannedRun, A_PLAN)
    broken = {warning.rule: warning.title for warning in warnings(plan)}
    made = [Check(rule, rule not in broken, broken.get(rule, kept)) for rule, kept in RULES.items()]
    if plan.setup.fit().spare_bytes < 0:
        none = Check("optimizer", None, "no optimizer fits")
        made = [none if check.rule == "optimizer" else check for check in made]
    return tuple(made)


def _about_model(plan: PlannedRun) -> Iterator[Warning]:
    ratio, loss = plan.tokens_per_parameter, BESIROGLU_2024.loss(plan.parameters, plan.tokens)
    if plan.tokens < MINIMUM_TOKENS * (1 - 1e-9):
        size = plan.flop / training_flop(1, MINIMUM_TOKENS)
        remedy = (
            f"For the same compute {format_count(size)} parameters could read 200 B, "
            f"{format_number(MINIMUM_TOKENS / size)} a parameter."
        )
        if MINIMUM_TOKENS / size > MOST_TOKENS_PER_PARAMETER:
            remedy = "There is too little compute for any useful model to read that many."
        if plan.resources.most_tokens < MINIMUM_TOKENS:
            remedy = "More text is needed."
        advice = f"slide S4 advises against {format_count(plan.tokens)}. {remedy}"
        yield Warning("fewer than 200 B tokens", advice, "tokens")
    if ratio >= OVER_TRAINED:
        size, tokens = BESIROGLU_2024.cheapest_for_loss(loss)
        share = percent(training_flop(size, tokens) / plan.flop)
        yield Warning(
            "over-trained",
            f"D/P is {format_number(ratio)} instead of 20. {format_count(size)} on "
            f"{format_count(tokens)} reach the same loss for {share} of the training, but cost "
            f"{format_number(size / plan.parameters, 2)} times as much to use (Besiroglu et al. 2024).",
            "ratio",
        )
    if ratio <= UNDER_TRAINED:
        size, tokens = BESIROGLU_2024.optimal(plan.flop)
        yield Warning(
            "under-trained",
            f"D/P is {format_number(ratio)} instead of 20. For the same compute "
            f"{format_count(size)} on {format_count(tokens)} are better by "
            f"{loss - BESIROGLU_2024.loss(size, tokens):.3f} nats a token and cheaper to use (Besiroglu et al. 2024).",
            "ratio",
        )


def _about_data(plan: PlannedRun) -> Iterator[Warning]:
    if plan.epochs > 1 + 1e-9:
        yield Warning(
            f"data read {format_number(plan.epochs)} times",
            "up to 4 is almost as good as new text, more is not (Muennighoff et al. 2023).",
            "text",
        )
    left = plan.resources.days - plan.days
    if left > 0.005 * plan.resources.days:
        yield Warning(
            f"{format_number(left)} of {in_days(plan.resources.days)} unused",
            "the data at hand ends first; more text would use them.",
            "time",
        )


def _about_hardware(plan: PlannedRun) -> Iterator[Warning]:
    have, reached = plan.resources, published_utilization()
    best = max(reached, key=reached.__getitem__)
    if have.utilization > reached[best]:
        days = plan.days * have.utilization / reached[best]
        yield Warning(
            f"utilisation of {percent(have.utilization)}",
            f"the best of the lecture's runs, {best}, reached {percent(reached[best])}; with that it takes "
            f"{in_days(days)}.",
            "utilisation",
        )
    if plan.step_tokens > 2 * (usual := tokens_of_a_step(plan.parameters)):
        yield Warning(
            f"steps of {format_count(plan.step_tokens)} tokens",
            f"one sequence on each accelerator is too much, as {format_count(usual)} are usual at this size. Split "
            "the model itself over accelerators (tensor or pipeline parallelism), which this plan does not.",
            "step",
        )


def _about_memory(plan: PlannedRun) -> Iterator[Warning]:
    setup, spare = plan.setup, plan.setup.fit().spare_bytes
    if spare < 0:
        advice = "No accelerator of the catalog is enough."
        if remedy := cheapest_remedy(setup):
            advice = f"It would with {' and '.join(map(str, remedy.changes))}."
        yield Warning("does not fit", f"by every recipe short by {format_bytes(-spare)} on each. {advice}", "memory")
    elif setup.optimizer != "adamw":
        yield Warning("8-bit optimizer states", "it does not fit with AdamW's usual 8 bytes a parameter.", "optimizer")
    if 0 <= spare < TRAINING_ROOM * setup.capacity * (1 - 1e-9):
        yield Warning(
            f"only {format_bytes(spare)} to spare",
            f"buffers and fragmentation may need {percent(TRAINING_ROOM)} of the memory.",
            "memory",
        )


def in_days(days: float) -> str:
    """Return a time in days, in words."""
    return "1 day" if days == 1 else f"{format_number(days)} days"


def percent(share: float, digits: int = 3) -> str:
    """Return a share in percent, to so many digits."""
    return f"{format_number(100 * share, digits)} %"
