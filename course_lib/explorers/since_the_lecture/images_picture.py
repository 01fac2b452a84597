"""The picture of one image in each format: shades of grey, as few elements as there are shades."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from course_lib.explorers.picture import STILL, TEXT, Picture
from course_lib.explorers.since_the_lecture.images import SIZE, ImagesView

SHADES = 32
OVERLAP = 0.25
"""How far a run of cells reaches over the next, in cells: a page leaves a seam between edges that only touch."""
ACROSS = 3
PANEL, HEAD, EDGE = 2.0 * SIZE, 32.0, 8.0
"""How large an image is, the words above it, and what is left and right of all of them, in points."""


class ImagesPicture(Picture):
    """The images in rows of three, each with its bits and its SQNR above it; what is not between 0 and 1 is clipped."""

    heights: ClassVar = {"still": 3 * (PANEL + HEAD) + 4}

    def build(self, figure: Figure) -> None:
        """Make a line for each shade of each image: the runs of cells that have it."""
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set(xlim=(0, self.width), ylim=(self.height, 0))
        axes.axis("off")
        words = self.labels(axes)
        gap = (STILL - 2 * EDGE - ACROSS * PANEL) / (ACROSS - 1)
        self.places = [
            (EDGE + at % ACROSS * (PANEL + gap), at // ACROSS * (PANEL + HEAD) + HEAD - 1) for at in range(ACROSS * 3)
        ]
        self.names = [words.add(x, y - 22, size=TEXT, bold=True) for x, y in self.places]
        self.costs = [words.add(x, y - 8) for x, y in self.places]
        look: Any = {"linewidth": PANEL / SIZE * (1 + OVERLAP), "solid_capstyle": "butt", "antialiased": False}
        self.lines = []
        for shade in range(SHADES):
            grey = f"{shade / (SHADES - 1):.3f}"
            (line,) = axes.plot([], [], color=grey, **look)
            self.lines.append(self.moving(line))

    def draw(self, view: ImagesView) -> None:
        """Lay out the runs of each shade, and write what each image costs."""
        found: list[list[NDArray[np.float64]]] = [[] for _ in range(SHADES)]
        for (left, top), one, name, cost in zip(self.places, view.images, self.names, self.costs, strict=True):
            name.text = one.name
            cost.text = f"{one.bits:.4g} bits" + ("" if one.sqnr_db is None else f", {one.sqnr_db:.1f} dB")
            for shade, runs in enumerate(runs_of(one.values)):
                found[shade].append(runs * (PANEL / SIZE) + (left, top))
        for line, parts in zip(self.lines, found, strict=True):
            runs = np.concatenate(parts)
            gaps = np.full((len(runs), 1, 2), np.nan)
            line.set_data(*np.concatenate([runs, gaps], axis=1).reshape(-1, 2).T)


def runs_of(values: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Return for each shade the runs of cells in a column that have it: (run, its two ends, x and y), in cells.

    Down a column, and not along a row, as the image has few edges to cross there: a third as much to write.
    """
    shades = np.clip(np.rint(values.T * (SHADES - 1)), 0, SHADES - 1).astype(int)
    edges = np.pad(shades[:, 1:] != shades[:, :-1], ((0, 0), (1, 1)), constant_values=True)
    columns, starts = np.nonzero(edges[:, :-1])
    ends = np.nonzero(edges[:, 1:])[1] + 1
    x, of_run = columns + 0.5, shades[columns, starts]
    beyond = np.minimum(ends + OVERLAP, SIZE)
    runs = np.stack([np.column_stack([x, starts]), np.column_stack([x, beyond])], axis=1)
    return [runs[of_run == shade] for shade in range(SHADES)]
