"""What the capstone's explorer shows: a training run planned from what you have, and a published one beside it."""

from __future__ import annotations

from dataclasses import dataclass

from course_lib import catalog
from course_lib.catalog import TrainingRun
from course_lib.compute_cost import training_flop
from course_lib.plan import TrainingPlan, plan_training_run, reported_time
from course_lib.scaling import why_no_loss
from course_lib.units import format_count, format_number

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
    def sentence(self) -> str:
        """The answer in plain words."""
        plan, run = self.plan, self.published
        rules = f"Rules of the lecture broken: {'; '.join(self.broken)}." if self.broken else ""
        sentence = f"{plan.sentence} {rules or 'No rule of the lecture is broken.'}"
        if run is None:
            return sentence
        if reason := why_no_loss(run):
            return f"{sentence} {run.name}: {format_count(run.tokens)} in {reported_time(run)}. {reason}"
        share = format_number(plan.flop / training_flop(run.parameters, run.tokens), 2)
        return (
            f"{sentence} {run.name}: {format_count(run.parameters)} on {format_count(run.tokens)} in "
            f"{reported_time(run)} on {run.accelerator}; the plan costs {share} times its FLOP."
        )


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
