"""The explorer of slide S3: `view` is what it shows, `picture` how, `explorer` the controls."""

from course_lib.explorers import hand_on

__all__, __getattr__, __dir__ = hand_on(
    __name__,
    {
        "UnitConverter": "explorer",
        "UnitPicture": "picture",
        "UnitView": "view",
        "unit_view": "view",
    },
)
