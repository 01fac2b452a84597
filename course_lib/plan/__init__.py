"""Plan: what you have (accelerators, days, data, a bound on the cost of use) turned into one training run.

The capstone. `plan` is the lecture in one go; `resources` is what you have, `run` the plan in numbers, `words` the same
in words, `broken_rules` what of the lecture it does not keep to, and `rules` what the plan goes by where the lecture
leaves a number open.
"""

from course_lib.memory import PARTS, training_precision
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
)
from course_lib.plan.run import PlannedRun
from course_lib.plan.words import (
    WORDS,
    assumptions,
    comparison,
    given_up,
    markdown,
    memory_on_each,
    money,
    recipe,
    reported_time,
    sentence,
)

__all__ = [
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
    "Check",
    "PlannedRun",
    "Resources",
    "TrainingPlan",
    "Warning",
    "assumptions",
    "checks",
    "comparison",
    "given_up",
    "in_days",
    "markdown",
    "memory_on_each",
    "money",
    "percent",
    "plan_training_run",
    "published_utilization",
    "recipe",
    "reported_time",
    "resources_of",
    "sentence",
    "source_of_a_step",
    "tokens_of_a_step",
    "training_precision",
    "warnings",
]
