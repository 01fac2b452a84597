"""Room for the names on a logarithmic map: each is written where it covers least of what is there already."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from course_lib.explorers.picture import SMALL, Label

LETTER, LINE = 0.61 * SMALL, 1.05 * SMALL
"""How wide a letter of a small label is at most, on average over a name, and how high its line is, in points."""

CAPITAL = 0.25
"""How much wider a capital is, as a share of a letter."""

EDGE = 4
"""How far a label may reach over the map's edge, in points."""

TEXT, MARK, STROKE, DOT, OUTSIDE = 100, 10, 4, 1, 1000
"""The price of writing across a text, a mark, a piece of a line, a dot and the map's edge."""

RINGS, RAYS, CLEAR = (16, 20, 25, 31, 38, 46, 55, 65, 78), 32, 6
"""How far from its mark a name may stand that has a line to it, in points, in how many directions, and where its line
leaves the mark."""

AROUND = (
    ("left", 1, 0), ("right", -1, 0), ("center", 0, 1), ("center", 0, -1), ("left", 0.6, 0.7), ("right", -0.6, 0.7),
    ("left", 0.6, -0.7), ("right", -0.6, -0.7), ("left", 0, 1.3), ("right", 0, 1.3), ("left", 0, -1.3),
    ("right", 0, -1.3), ("center", 0, 1.7), ("center", 0, -1.7), ("left", 1.2, 1.4), ("right", -1.2, 1.4),
    ("left", 1.2, -1.4), ("right", -1.2, -1.4), ("left", 1, 1.9), ("right", -1, 1.9), ("left", 1, -1.9),
    ("right", -1, -1.9),
)  # fmt: skip
"""Where a name may stand around a mark, nearest first: its side, and shares of the steps to the right and up."""
CLOSE = 8
"""How many of these places are so close that a name there needs no line to its mark."""

PEN = np.array([-1, -1, 1, 1])
"""How far a line reaches around its places, in points: to the left, down, right and up."""

SHARES = {"left": 0.0, "center": 0.5, "right": 1.0}


Leader = tuple[tuple[float, float], tuple[float, float]]
"""The places of the two ends of a line from a mark to its name: left and right, and below and above."""

Box = tuple[float, ...]
"""The left, lower, right and upper edge of a rectangle on the map, in points from its corner."""


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
        self.scale = self._size / (np.log10(list(opposite)) - self._corner)
        self._fixed, self._fixed_prices = np.empty((0, 4)), np.empty(0)
        self.clear()

    def take(self, x: float, y: float, reach: tuple[float, float, float, float], price: float) -> None:
        """Take a box around a place, which reaches so far from it to the left, down, right and up."""
        self._take(self._places(x, y) + np.array(reach) * (-1, -1, 1, 1), price)

    def take_line(self, xs: Any, ys: Any, price: float = STROKE) -> None:
        """Take a line through places, piece by piece."""
        places = self._places(xs, ys)[:, :2]
        ends = np.stack([places[:-1], places[1:]])
        self._take(np.concatenate([ends.min(axis=0) - 1, ends.max(axis=0) + 1], axis=1), price)

    def keep(self) -> None:
        """Let all that is taken now be taken in every picture."""
        self._fixed, self._fixed_prices = self._taken()
        self.clear()

    def clear(self) -> None:
        """Free all but what is kept."""
        self._boxes: list[Any] = []
        self._prices: list[Any] = []

    def around(self, x: float, y: float, right: float = 6, up: float = 9) -> list[Spot]:
        """Return the spots beside, above and below a mark and at its corners, so many points away."""
        return [self.beside(x, y, side, right * across, up * along) for side, across, along in AROUND]

    def beside(self, x: float, y: float, side: str, right: float, up: float) -> Spot:
        """Return the spot so many points to the right of and above a place."""
        return Spot(x * 10 ** (right / self.scale[0]), y * 10 ** (up / self.scale[1]), side)

    def write(self, label: Label, text: str, spots: Iterable[Spot], most: float = math.inf) -> Box | None:
        """Give a label its text, and of the spots the first where it covers least, and take it; without spots, none.

        Where even that costs `most` or more, the label is left out. The result is the box that it takes, in points.
        """
        spots = list(spots)
        label.text = text if spots else ""
        if not label.text:
            return None
        boxes, prices = self._priced(label, spots)
        best = int(np.argmin(prices))
        if prices[best] >= most:
            label.text = ""
            return None
        label.x, label.y, label.side = spots[best]
        self._take(boxes[best], TEXT)
        return tuple(boxes[best].tolist())

    def name(self, names: Iterable[tuple[Label, str, float, float]]) -> list[Leader]:
        """Write the name of every mark, given with its place: beside it or, in a crowd, further off with a leader.

        A name that finds no room comes first the next time. The result are the leaders.
        Errors: `ValueError` where no order of the names has room for all.
        """
        order, before = list(names), len(self._boxes)
        for label, text, _, _ in order:
            label.text = text
        for _ in range(2 * len(order)):
            leaders: list[Leader] = []
            stuck = next(
                (at for at, (label, _, x, y) in enumerate(order) if not self._name(label, x, y, leaders)), None
            )
            if stuck is None:
                return leaders
            del self._boxes[before:], self._prices[before:]
            order.insert(0, order.pop(stuck))
        raise ValueError(f"no room on the map for the name {order[0][1]!r}")

    def _name(self, label: Label, x: float, y: float, leaders: list[Leader]) -> bool:
        """Write a name beside its mark or further off, with a leader; tell whether there was room."""
        spots = self.around(x, y)[:CLOSE]
        boxes, prices = self._priced(label, spots)
        best = int(np.argmin(prices))
        if prices[best] < STROKE:
            spot, box = spots[best], boxes[best]
        elif far := self._far(label, x, y):
            spot, box, line = far
            (left, low), (right, high) = (10 ** (self._corner + line[[0, -1], :2] / self.scale)).tolist()
            leaders.append(((left, right), (low, high)))
            self._take(line + PEN, TEXT)
        elif prices[best] < MARK:
            spot, box = spots[best], boxes[best]
        else:
            return False
        label.x, label.y, label.side = spot
        self._take(box, TEXT)
        return True

    def _far(self, label: Label, x: float, y: float) -> tuple[Spot, Any, Any] | None:
        """Return the nearest spot that is free, and whose line to the mark is, with the label's box and that line."""
        for ring in RINGS:
            angles = 2 * np.pi * np.arange(RAYS) / RAYS
            rays = np.stack([np.cos(angles), np.sin(angles)], axis=1)
            sides = ["left" if ray > 0.2 else "right" if ray < -0.2 else "center" for ray in rays[:, 0]]
            spots = [self.beside(x, y, side, *(ring * ray)) for side, ray in zip(sides, rays, strict=True)]
            boxes, prices = self._priced(label, spots)
            for number in np.flatnonzero(prices == 0):
                end = ring - (0.7 * LINE if sides[number] == "center" else 2)
                line = self._places(x, y) + np.linspace(CLEAR, end, 12)[:, None] * np.tile(rays[number], 2)
                if (self._cost(line + PEN) < MARK).all():
                    return spots[number], boxes[number], line
        return None

    def free(self, label: Label, text: str, spots: Iterable[Spot]) -> list[tuple[Spot, Box]]:
        """Return the spots where a label with this text would cover nothing, each with the box that it would take."""
        spots, label.text = list(spots), text
        boxes, prices = self._priced(label, spots)
        return [(spot, tuple(box)) for spot, box, price in zip(spots, boxes.tolist(), prices, strict=True) if not price]

    def box(self, x: float, y: float, reach: float) -> Box:
        """Return the box around a place that reaches so far to every side, in points."""
        return tuple((self._places(x, y) + np.array([-reach, -reach, reach, reach])).tolist())

    def _priced(self, label: Label, spots: list[Spot]) -> tuple[Any, Any]:
        """Return the box of the label at each spot, and the price of writing there."""
        boxes = self._spread(label, spots)
        outside = (boxes[:, :2] < -EDGE).any(axis=1) | (boxes[:, 2:] > self._size + EDGE).any(axis=1)
        return boxes, self._cost(boxes) + OUTSIDE * outside

    def _cost(self, boxes: Any) -> Any:
        """Return the price of what each box covers."""
        taken, prices = self._taken()
        covers = (boxes[:, None, :2] < taken[:, 2:]).all(axis=2) & (boxes[:, None, 2:] > taken[:, :2]).all(axis=2)
        return covers @ prices

    def _take(self, boxes: Any, price: float) -> None:
        self._boxes.append(np.reshape(boxes, (-1, 4)))
        self._prices.append(np.full(len(self._boxes[-1]), price))

    def _taken(self) -> tuple[Any, Any]:
        """Return all boxes and the price of each."""
        return np.concatenate([self._fixed, *self._boxes]), np.concatenate([self._fixed_prices, *self._prices])

    def _places(self, x: Any, y: Any) -> Any:
        """Return places in points, each twice: as the lower left and the upper right corner of a box."""
        place = (np.log10([x, y]).T - self._corner) * self.scale
        return np.concatenate([place, place], axis=-1)

    def _spread(self, label: Label, spots: list[Spot]) -> Any:
        """Return the box of the label at each spot."""
        letters = len(label.text) + CAPITAL * sum(map(str.isupper, label.text))
        wide = LETTER * letters * (1.2 if label.bold else 1)
        before = np.array([SHARES[spot.side] * wide for spot in spots])
        half = np.full(len(spots), LINE / 2)
        reach = [-before, -half, wide - before, half]
        if label.turned:
            reach = [-1.5 * half, -before, 0.5 * half, wide - before]  # the letters rise to the left of their line
        return self._places([spot.x for spot in spots], [spot.y for spot in spots]) + np.array(reach).T


class Names:
    """The names of marks that stay, where they cover nothing that stays; they give way to what moves, or stay away."""

    def __init__(self) -> None:
        """Begin without a name."""
        self._offers: list[tuple[Label, str, list[tuple[Spot, Box]]]] = []

    def offer(self, label: Label, text: str, free: list[tuple[Spot, Box]]) -> None:
        """Add a name, with the spots that are free for it and the boxes that it takes there, best first."""
        self._offers.append((label, text, free))

    def write(self, taken: Iterable[Box], strikes: Callable[[Box], bool]) -> None:
        """Write each name in its first spot that is free of the boxes `taken`, of other names and of a line."""
        boxes = list(taken)
        for label, text, offers in self._offers:
            label.text = ""
            for spot, box in offers:
                if not (strikes(box) or any(overlap(box, other) for other in boxes)):
                    label.text, (label.x, label.y, label.side) = text, spot
                    boxes.append(box)
                    break


def overlap(one: Box, other: Box) -> bool:
    """Tell whether two boxes share more than an edge."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
