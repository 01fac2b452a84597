"""The explorer of block formats: a block by bits, each of which can be flipped."""

from __future__ import annotations

from typing import Any, ClassVar

import ipywidgets as widgets

from course_lib.explorers.base import Explorer
from course_lib.explorers.controls import Whole, choice
from course_lib.explorers.since_the_lecture.flips import Flips
from course_lib.explorers.since_the_lecture.images import SIZE
from course_lib.explorers.since_the_lecture.picture import BlockPicture
from course_lib.explorers.since_the_lecture.view import (
    BLOCKS,
    DATA,
    EXPONENT_BITS,
    NAMES,
    NEAREST,
    OWN,
    PARTS,
    ROUNDINGS,
    SCALE,
    SEEDS,
    SIGNIFICAND_BITS,
    BlockView,
    bit_names,
    block_view,
)

OF_OWN = ("exponent_bits", "significand_bits", "block")


class BlockExplorer(Explorer):
    """One block of a matrix in a block format, by its bits: flip one of the scale's and all of its values move.

    `row` and `column` choose a value, and with it the block. `part` says whose bits are large: those of the scale, or
    of that value's element; `flip` has a 1 for each of them that is flipped, and goes back to 0 with another part.
    Initial values by name: format, data, row, column, rounding, seed, part, flip; exponent_bits, significand_bits and
    block for the format "your own".
    """

    view = staticmethod(block_view)
    pictures = (BlockPicture,)
    groups: ClassVar = {
        "Numbers": ("data", "row", "column"),
        "Format": ("format", "rounding", "seed"),
        "Bits": ("part", "flip"),
        "Your own format": OF_OWN,
    }
    folded = ("Your own format",)

    def make_controls(self) -> dict[str, widgets.Widget]:
        """Return the controls, at a value beside an outlier; what is flipped comes last, after what it depends on."""
        return {
            "format": choice("Format", NAMES, "MXFP4"),
            "data": choice("Data", DATA, "normal"),
            "row": Whole("Row", 1, 1, SIZE),
            "column": Whole("Column", 43, 1, SIZE),
            "rounding": choice("Rounding", ROUNDINGS, NEAREST),
            "seed": Whole("Seed", 1, 1, SEEDS),
            "exponent_bits": Whole("Exponent bits", 3, *EXPONENT_BITS),
            "significand_bits": Whole("Significand bits", 2, *SIGNIFICAND_BITS),
            "block": choice("Values a block", BLOCKS, 32),
            "part": choice("Bits of", PARTS, SCALE),
            "flip": Flips(),
        }

    def overlay(self) -> widgets.Widget:
        """Return the buttons of the bits, which lie on the picture."""
        return self.controls["flip"].bits

    def react(self, name: str, value: Any) -> None:
        """Put the bits back where those that can be flipped are others."""
        others = name in ("format", "part") or (name in OF_OWN and self.controls["format"].value == OWN)
        if others:
            self.controls["flip"].value = 0

    def idle(self, view: BlockView) -> dict[str, str]:
        """Return the seed where nothing is left to chance, and the parts of a format that is not one's own."""
        still = {} if view.name == OWN else dict.fromkeys(OF_OWN, f"no effect: {view.name}")
        return still | ({"seed": "no effect: to nearest"} if self.controls["rounding"].value == NEAREST else {})

    def follow_up(self) -> None:
        """Lay the buttons of the bits on the bits of the picture, and show in them what the bits are now."""
        view, picture, flips = self.shown, self.picture, self.controls["flip"]
        flips.back.disabled = not flips.value
        if view is not None and isinstance(picture, BlockPicture):
            chosen = view.chosen
            flips.show(chosen.digits, bit_names(chosen.format).names)
            picture.grid(chosen.format).lay_out(flips.bits.layout, picture.width)
