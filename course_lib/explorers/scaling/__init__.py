"""The explorers of slide S4: `view` is what the first shows, `picture` how, `explorer` the controls.

`isoflop`, `isoflop_picture` and `isoflop_explorer` are the three of the other, which fits losses that were measured.
"""

from course_lib.explorers import hand_on

__all__, __getattr__, __dir__ = hand_on(
    __name__,
    {
        "ScalingExplorer": "explorer",
        "ScalingPicture": "picture",
        "WideScalingPicture": "picture",
        "ScalingView": "view",
        "scaling_view": "view",
        "IsoFlopExplorer": "isoflop_explorer",
        "LadderPicture": "isoflop_picture",
        "HoffmannPicture": "isoflop_picture",
        "LopsidedPicture": "isoflop_picture",
        "IsoFlopView": "isoflop",
        "iso_flop_view": "isoflop",
    },
)
