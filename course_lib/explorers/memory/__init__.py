"""The explorer of slides S5 and S11 to S14: `view` is what it shows, `picture` how, `explorer` the controls.

`counts` and `counts_picture` show what was counted and traced of a small GPT, and `states` and `states_picture` how it
trained with an optimizer's states in 8 bits, without any control.
"""

from course_lib.explorers import hand_on

__all__, __getattr__, __dir__ = hand_on(
    __name__,
    {
        "KeptPicture": "counts_picture",
        "KeptView": "counts",
        "MemoryExplorer": "explorer",
        "MemoryPicture": "picture",
        "MemoryBar": "picture",
        "MemoryView": "view",
        "PeakPicture": "counts_picture",
        "PeakView": "counts",
        "StatesPicture": "states_picture",
        "StatesView": "states",
        "kept_view": "counts",
        "memory_view": "view",
        "peak_view": "counts",
        "states_view": "states",
    },
)
