"""What the capstone's explorer shows: a training run planned from what you have, and a published one beside it."""

from __future__ import annotations

from dataclasses import dataclass

from course_lib import catalog
from course_lib.catalog import TrainingRun
from course_lib.compute_cost import training_flop
from course_lib.plan import WORDS, TrainingPlan, in_days, memory_on_each, money, percent, plan_training_run
from course_lib.units import format_count, format_flop, format_number

NO_LIMIT, NO_RUN = "no limit", "no run"


@dataclass(frozen=True)
class PlanView:
    """What the planner shows: the plan, the titles of the rules that it breaks, and the run beside it.

    `show_markdown` tells whether the plan's Markdown takes the picture's place.
    """

    plan: TrainingPlan
    broken: tuple[str, ...]
    published: TrainingRun | None
    show_markdown: bool

    @property
    def run(self) -> str | None:
        """The name of the run to compare with."""
        return self.published.name if self.published else None

    @property
    def markdown(self) -> str:
        """All of the plan as Markdown."""
        return self.plan.markdown(self.run)

    @property
    def verdict(self) -> str:
        """What is to be said first: whether the plan fits, and how many rules it breaks."""
        if not self.plan.setup.fit().fits:
            return "It does not fit"
        if not self.broken:
            return "No rule is broken"
        return "1 rule is broken (✗)" if len(self.broken) == 1 else f"{len(self.broken)} rules are broken (✗)"

    @property
    def sentence(self) -> str:
        """The answer in plain words: the verdict, the model and what it costs."""
        plan = self.plan
        return (
            f"{self.verdict}: {format_count(plan.parameters)} parameters on {format_count(plan.tokens)} tokens, "
            f"{in_days(plan.days)}, {money(plan.cost)}."
        )

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """The plan in numbers, with a cross where a rule is broken, and the run beside it."""
        plan, have, setup = self.plan, self.plan.resources, self.plan.setup
        stage = f", stage {setup.stage}" if setup.stage else ""
        read = f"read {format_number(plan.epochs)} times" if plan.epochs > 1 + 1e-9 else "none of it read twice"
        wrong = {check.rule: "✗ " for check in plan.checks if check.kept is False}
        ruled = {
            "tokens": ("Tokens", format_count(plan.tokens)),
            "ratio": ("Tokens a parameter", format_number(plan.tokens_per_parameter)),
            "text": ("Text", f"{format_count(have.data_tokens or plan.tokens)}, {read}"),
            "time": ("Time", f"{format_number(plan.days)} of {in_days(have.days)}"),
            "utilisation": ("Utilisation", f"{percent(have.utilization)}, {setup.hardware}"),
            "step": ("Step", f"{format_count(plan.step_tokens)} tokens"),
            "optimizer": ("Stored", f"{setup.precision}, {setup.optimizer}{stage}"),
            "memory": ("Memory on each", memory_on_each(plan)),
        }
        return (
            ("P from", WORDS[plan.bound]),
            *((name, wrong.get(rule, "") + value) for rule, (name, value) in ruled.items()),
            ("At a time", f"{setup.batch:,}, {setup.recomputation}"),
            ("Compute 6PD", format_flop(plan.flop)),
            ("Cost", f"{money(plan.cost)}, {format_number(plan.hours)} hours"),
            *self._compared(),
        )

    def _compared(self) -> tuple[tuple[str, str], ...]:
        run = self.published
        if run is None:
            return ("Beside it", NO_RUN), ("It had", "nothing"), ("The plan costs", "not compared")
        hours = f"{format_number(run.accelerator_hours)} h" if run.accelerator_hours else "hours unreported"
        beside = ("Beside it", f"{run.name}, {run.accelerator}")
        if run.is_mixture:
            work = f"{format_count(run.parameters)} of {format_count(run.total_parameters)} at work, {hours}"
            return beside, ("It had", work), ("Not compared", "a mixture of experts")
        share = format_number(self.plan.flop / training_flop(run.parameters, run.tokens), 2)
        had = f"{format_count(run.parameters)} on {format_count(run.tokens)}, {hours}"
        return beside, ("It had", had), ("The plan costs", f"{share} times its FLOP")


def plan_view(
    accelerator: str,
    num_accelerators: float,
    days: float,
    utilization: float,
    data_tokens: float,
    tokens_per_parameter: float,
    inference_flop_per_token: float,
    price_per_hour: float,
    serve_on: str,
    serve_precision: str,
    compare: str,
    show_markdown: bool = False,
) -> PlanView:
    """Return what the planner shows for its controls' values; `serve_on` may be `NO_LIMIT` and `compare` `NO_RUN`.

    Errors: `ValueError` or `TypeError` as `plan_training_run` and `catalog` raise them.
    """
    plan = plan_training_run(
        accelerator=accelerator,
        num_accelerators=num_accelerators,
        days=days,
        utilization=utilization,
        data_tokens=data_tokens,
        tokens_per_parameter=tokens_per_parameter,
        inference_flop_per_token=inference_flop_per_token,
        serve_on=None if serve_on == NO_LIMIT else serve_on,
        serve_precision=serve_precision,
        price_per_hour=price_per_hour,
    )
    published = None if compare == NO_RUN else catalog.training_run(compare)
    return PlanView(plan, plan.broken, published, show_markdown)
