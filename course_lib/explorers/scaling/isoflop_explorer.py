"""The explorer of iso-FLOP curves: a grid of sizes that one moves and narrows, and what two fits make of it."""

from __future__ import annotations

from typing import Any, ClassVar

import ipywidgets as widgets

from course_lib.explorers.base import Explorer
from course_lib.explorers.controls import Magnitude, Whole, choice
from course_lib.explorers.picture import Picture
from course_lib.explorers.scaling.isoflop import (
    CENTRES,
    COUNTS,
    DATA,
    LADDER,
    NOISES,
    WIDTHS,
    IsoFlopView,
    iso_flop_view,
)
from course_lib.explorers.scaling.isoflop_picture import HoffmannPicture, LadderPicture, LopsidedPicture


class IsoFlopExplorer(Explorer):
    """Your own fit: which models of each budget are taken, and which best size two ways of fitting read off them.

    The models are those of the measured ladder, or of a law that is known, so that an error is one of the fit alone.
    Initial values by name: data, centre, centre_last, width, count, noise.
    """

    view = staticmethod(iso_flop_view)
    pictures = (LadderPicture, HoffmannPicture, LopsidedPicture)
    groups: ClassVar[dict[str, tuple[str, ...]]] = {
        "Models": ("data", "count", "noise"),
        "Grid": ("width", "centre", "centre_last"),
    }

    def make_controls(self) -> dict[str, widgets.Widget]:
        """Return the controls; the grid begins around the best size of each budget."""
        return {
            "data": choice("Models of", DATA, LADDER),
            "count": Whole("Sizes", 9, *COUNTS),
            "noise": choice("Noise", NOISES, "none"),
            "width": Magnitude("Grid reaches ×", 4.0, *WIDTHS),
            "centre": Magnitude("Centre ×, smallest C", 1.0, *CENTRES),
            "centre_last": Magnitude("Centre ×, largest C", 1.0, *CENTRES),
        }

    def idle(self, view: IsoFlopView) -> dict[str, str]:
        """Return what is of a law alone."""
        return {} if view.law else dict.fromkeys(("count", "noise"), "no effect: measured")

    def choose(self, view: Any) -> type[Picture]:
        """Return the picture with the axes of the data."""
        return next(picture for picture in self.pictures if picture.data == view.data)
