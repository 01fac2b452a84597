"""The explorer of slides S1 and S2: `view` is what it shows, `picture` how, `explorer` the controls.

`counts` and `counts_picture` show what was counted on real passes of a small GPT, without any control.
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
        "flop_count_view": "counts",
    },
)
