"""The explorer of slide S4: `view` is what it shows, `picture` how, `explorer` the controls."""

from course_lib.explorers import hand_on

__all__, __getattr__, __dir__ = hand_on(
    __name__,
    {
        "ScalingExplorer": "explorer",
        "ScalingPicture": "picture",
        "WideScalingPicture": "picture",
        "ScalingView": "view",
        "scaling_view": "view",
    },
)
