"""The explorer of slides S5 and S11 to S14: `view` is what it shows, `picture` how, `explorer` the controls."""

from course_lib.explorers import hand_on

__all__, __getattr__, __dir__ = hand_on(
    __name__,
    {
        "MemoryExplorer": "explorer",
        "MemoryPicture": "picture",
        "MemoryBar": "picture",
        "MemoryView": "view",
        "memory_view": "view",
    },
)
