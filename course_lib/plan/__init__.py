"""Plan: what you have (accelerators, days, data, a bound on the cost of use) turned into one training run.

The capstone. `plan` is the lecture in one go; `resources` is what you have, `run` the plan in numbers, `words` the same
in words, `assumed` what it takes for granted and where that is from, `broken_rules` what of the lecture it does not
keep to, `rules` what it goes by where the lecture leaves a number open, and `intervals` how far days and money may be
off.
"""

from course_lib.memory import PARTS, training_precision
from course_lib.plan.assumed import Assumption, assumed, assumptions
from course_lib.plan.broken_rules import (
    MOST_TOKENS_PER_PARAMETER,
    OVER_TRAINED,
    RULES,
    UNDER_TRAINED,
    Check,
    Warning,
    checks,
    in_days,
    percent,
    warnings,
)
from course_lib.plan.intervals import (
    LEAST_PRICES,
    LEAST_RUNS,
    Interval,
    PlanIntervals,
    kept_of_measured,
    like_runs,
    narrowing,
    plan_intervals,
    price_interval,
    utilization_interval,
)
from course_lib.plan.plan import TrainingPlan, plan_training_run
from course_lib.plan.resources import SERVING_PRECISIONS, Resources
from course_lib.plan.rules import (
    MOST_EPOCHS,
    SERVING_ROOM,
    STEP_TOKENS,
    TRAINING_ROOM,
    published_utilization,
    resources_of,
    source_of_a_step,
    tokens_of_a_step,
    utilization_of,
)
from course_lib.plan.run import PlannedRun
from course_lib.plan.words import (
    WORDS,
    comparison,
    given_up,
    in_intervals,
    links,
    markdown,
    memory_on_each,
    money,
    numbers,
    recipe,
    reported_time,
    sentence,
)

__all__ = [
    "LEAST_PRICES",
    "LEAST_RUNS",
    "MOST_EPOCHS",
    "MOST_TOKENS_PER_PARAMETER",
    "OVER_TRAINED",
    "PARTS",
    "RULES",
    "SERVING_PRECISIONS",
    "SERVING_ROOM",
    "STEP_TOKENS",
    "TRAINING_ROOM",
    "UNDER_TRAINED",
    "WORDS",
    "Assumption",
    "Check",
    "Interval",
    "PlanIntervals",
    "PlannedRun",
    "Resources",
    "TrainingPlan",
    "Warning",
    "assumed",
    "assumptions",
    "checks",
    "comparison",
    "given_up",
    "in_days",
    "in_intervals",
    "kept_of_measured",
    "like_runs",
    "links",
    "markdown",
    "memory_on_each",
    "money",
    "narrowing",
    "numbers",
    "percent",
    "plan_intervals",
    "plan_training_run",
    "price_interval",
    "published_utilization",
    "recipe",
    "reported_time",
    "resources_of",
    "sentence",
    "source_of_a_step",
    "tokens_of_a_step",
    "training_precision",
    "utilization_interval",
    "utilization_of",
    "warnings",
]
