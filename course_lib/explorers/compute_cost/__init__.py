"""The explorer of slides S1 and S2: `view` is what it shows, `picture` how, `explorer` the controls.

Without any control, `counts` and `counts_picture` show what was counted on real passes of a small GPT, `runs` and
`runs_picture` the published runs beside the rule, and `speed` and `speed_picture`, on the page by `live`, what the
learner's own machine reaches.
"""

from course_lib.explorers import hand_on

__all__, __getattr__, __dir__ = hand_on(
    __name__,
    {
        "ComputeCostExplorer": "explorer",
        "ComputeCostPicture": "picture",
        "ComputeCostView": "view",
        "compute_cost_view": "view",
        "FlopCountPicture": "counts_picture",
        "FlopCountView": "counts",
        "LiveSpeed": "live",
        "LiveTraining": "live",
        "RunHoursPicture": "runs_picture",
        "RunHoursView": "runs",
        "SpeedPicture": "speed_picture",
        "SpeedView": "speed",
        "TrainingPicture": "speed_picture",
        "TrainingView": "speed",
        "flop_count_view": "counts",
        "run_hours_view": "runs",
        "speed_view": "speed",
        "training_view": "speed",
    },
)
