"""The capstone's explorer: `view` is what it shows, `picture` how, `explorer` the controls."""

from course_lib.explorers import hand_on

__all__, __getattr__, __dir__ = hand_on(
    __name__,
    {
        "TrainingRunPlanner": "explorer",
        "PlanPicture": "picture",
        "PlanMap": "picture",
        "PlanView": "view",
        "plan_view": "view",
    },
)
