"""Room for the names on a logarithmic map: each is written where it covers least of what is there already."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from course_lib.explorers.picture import SMALL, Label

LETTER, LINE = 0.61 * SMALL, 1.05 * SMALL
"""How wide a letter of a small label is at most, on average over a name, and how high its line is, in points."""

EDGE = 4
"""How far a label may reach over the map's edge, in points."""

TEXT, MARK, DOT, OUTSIDE = 100, 10, 1, 1000
"""The price of writing across a text, a mark, a dot and the map's edge."""

SHARES = {"left": 0.0, "center": 0.5, "right": 1.0}


class Spot(NamedTuple):
    """A place on the map where a label may stand, and which side of the label stands there."""

    x: float
    y: float
    side: str = "left"


class Room:
    """The parts of a logarithmic map that are taken, as boxes in points with the price of writing across each."""

    def __init__(self, corner: Iterable[float], opposite: Iterable[float], size: Iterable[float]) -> None:
        """Take the map's lower left and upper right corners in data, and its size in points."""
        self._corner, self._size = np.log10(list(corner)), np.array(list(size))
        self._scale = self._size / (np.log10(list(opposite)) - self._corner)
        self._boxes: list[Any] = []
        self._prices: list[float] = []
        self._kept = 0

    def take(self, x: float, y: float, reach: tuple[float, float, float, float], price: float) -> None:
        """Take a box around a place, which reaches so far from it to the left, down, right and up."""
        self._boxes.append(self._places(x, y) + np.array(reach) * (-1, -1, 1, 1))
        self._prices.append(price)

    def keep(self) -> None:
        """Let all that is taken now be taken in every picture."""
        self._kept = len(self._boxes)

    def clear(self) -> None:
        """Free all but what is kept."""
        del self._boxes[self._kept :], self._prices[self._kept :]

    def write(self, label: Label, text: str, spots: Iterable[Spot]) -> None:
        """Give a label its text, and of the spots the first where it covers least, and take it; without spots, none."""
        spots = list(spots)
        label.text = text if spots else ""
        if not label.text:
            return
        boxes = self._spread(label, spots)
        taken, prices = np.reshape(self._boxes, (-1, 4)), np.array(self._prices)
        covers = (boxes[:, None, :2] < taken[:, 2:]).all(axis=2) & (boxes[:, None, 2:] > taken[:, :2]).all(axis=2)
        outside = (boxes[:, :2] < -EDGE).any(axis=1) | (boxes[:, 2:] > self._size + EDGE).any(axis=1)
        best = int(np.argmin(covers @ prices + OUTSIDE * outside))
        label.x, label.y, label.side = spots[best]
        self._boxes.append(boxes[best])
        self._prices.append(TEXT)

    def _places(self, x: Any, y: Any) -> Any:
        """Return places in points, each twice: as the lower left and the upper right corner of a box."""
        place = (np.log10([x, y]).T - self._corner) * self._scale
        return np.concatenate([place, place], axis=-1)

    def _spread(self, label: Label, spots: list[Spot]) -> Any:
        """Return the box of the label at each spot."""
        wide = LETTER * len(label.text)
        before = np.array([SHARES[spot.side] * wide for spot in spots])
        half = np.full(len(spots), LINE / 2)
        reach = [-before, -half, wide - before, half]
        if label.turned:
            reach = [-1.5 * half, -before, 0.5 * half, wide - before]  # the letters rise to the left of their line
        return self._places([spot.x for spot in spots], [spot.y for spot in spots]) + np.array(reach).T
