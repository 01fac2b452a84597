"""The picture of an explorer: a figure whose moving artists follow a view, as one piece of SVG, without any widget.

    MemoryPicture().svg(memory_view(...))

A subclass builds what stays and what moves, once, and then sets what moves to each view: no flicker, no pyplot state.
Its texts that move are `Labels`, which cost a fraction of matplotlib's own.
"""

from __future__ import annotations

import html
import io
import math
import re
import textwrap
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
from matplotlib import RcParams, rc_context, rcParams, rcParamsDefault
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter
from matplotlib.transforms import Affine2D
from numpy.typing import ArrayLike

# Okabe and Ito 2008: told apart with every common form of colour blindness.
PALETTE = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "red": "#D55E00",
    "purple": "#CC79A7",
    "sky": "#56B4E9",
    "yellow": "#F0E442",
}
"""The colours by the names that page.css has for them."""
BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW = PALETTE.values()
GREYS = {"ink": "#222222", "muted": "#5F6368", "faint": "#D5D8DC"}
INK, MUTED, FAINT = GREYS.values()
PART_COLOURS = (SKY, GREEN, ORANGE, YELLOW, PURPLE)
"""The colours of the parts of training memory, in the order of `memory.PART_NAMES`."""

FIELD_COLOURS = {"sign": ORANGE, "exponent": SKY, "significand": YELLOW}
"""The colours of the fields of a pattern of bits; of an integer, the bit of negative weight has that of a sign."""

PUBLISHED: Any = {"color": SKY, "marker": "o", "markersize": 6, "markeredgecolor": BLUE, "linestyle": ""}
RING: Any = {
    "color": "none",
    "marker": "o",
    "markersize": 13,
    "markeredgecolor": INK,
    "markeredgewidth": 1.5,
    "linestyle": "",
}
"""How maps mark the published runs, and ring the one that is compared with."""

SMALL, TEXT, TITLE = 9.0, 9.5, 11.0
"""The sizes of text in a picture, in points; none is smaller."""

WIDE, STILL, MEDIUM, NARROW = 720, 480, 420, 200
"""The least width of a picture, in points, of which each layout is made: wide and still ones stay, others stretch."""
LAYOUTS = (("wide", WIDE), ("still", STILL), ("medium", MEDIUM), ("narrow", NARROW))
PAGE = 576
"""How wide a still picture is on a page, in pixels: as a cell's place in a JupyterLab of 1024, side bar open."""
STEP = 20
"""Pictures are drawn at every so many points of width: fewer would be made anew too often, more would leave gaps."""
LEAST_TEXT = 10.0
"""How tall the smallest text is on the screen at the least, in pixels."""

RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
"""Turns a power into small raised digits of the same size: "8".translate(RAISED) is "⁸"."""


PLAIN: Any = {name: rcParamsDefault[name] for name in rcParamsDefault if name != "backend"}
"""Matplotlib's own defaults: under a picture's style lies no style that a notebook chose for its own figures."""

STYLE: Any = {
    "svg.fonttype": "none",  # text stays text: smaller, sharper, readable by a screen reader
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "sans-serif"],
    "font.size": TEXT,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": TITLE,
    "axes.titlelocation": "left",
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.frameon": False,
    "legend.fontsize": SMALL,
    "lines.linewidth": 1.8,
}

DRAWING = threading.RLock()
"""Held while drawing: JupyterLab has controls' moves handled in a thread of their own, and a cell may draw as well."""

ArtistT = TypeVar("ArtistT", bound=Artist)


class View(Protocol):
    """What an explorer's pure function returns: a sentence in plain words, and the numbers behind it as `facts`."""

    @property
    def sentence(self) -> str:
        """The answer in at most twenty words; also the accessible text of the picture."""

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """The rest of the answer: names and values, as many in every state."""


class Picture:
    """A figure of which some artists follow a view; a subclass gives `heights`, `build` and `draw`.

    `heights` has the height in points of each layout that the subclass knows: "wide" (720 points), "medium" (from 420)
    and "narrow" (from 200), or, of a picture that no control moves, "still" (480) alone. In `build`, `layout` says
    which one is asked for, and `width` how wide it is. On a narrow screen the layout changes and the type stays: panels
    stand under one another.
    """

    heights: ClassVar[dict[str, float]] = {"wide": 288}
    grip: tuple[float, float, float, float] | None = None
    """Where something can be dragged to and fro, as `place` gives it, if there is anything."""
    _count: ClassVar[int] = 0

    def __init__(self, salt: str = "", width: float | None = None) -> None:
        """Make the figure, once; of two pictures on one page each needs a `salt` of its own, and has one by default."""
        width = width or self.widest()
        Picture._count += 1
        self._style = RcParams(PLAIN | STYLE | {"svg.hashsalt": salt or f"{type(self).__name__}-{Picture._count}"})
        self._moving: list[Artist] = []
        self._measure(width)
        with DRAWING, _in_style(self._style):
            self.figure = Figure(figsize=self.size(width), facecolor="white")
            self.build(self.figure)
            self.backdrop = figure_svg(self.figure)

    def _measure(self, width: float) -> None:
        self.width, self.layout = width, self.layout_of(width)
        self.height = self.heights[self.layout]

    @classmethod
    def layout_of(cls, width: float) -> str:
        """Return the layout of a picture of a width in points."""
        return next((name for name, least in LAYOUTS if width >= least and name in cls.heights), list(cls.heights)[-1])

    @classmethod
    def widest(cls) -> float:
        """Return the width in points at which a picture is drawn where none is named: that of its widest layout."""
        return next(least for name, least in LAYOUTS if name in cls.heights)

    @classmethod
    def size(cls, width: float | None = None) -> tuple[float, float]:
        """Return the width and the height in inches, as matplotlib wants them, of a picture of a width in points."""
        width = width or cls.widest()
        return width / 72, cls.heights[cls.layout_of(width)] / 72

    @classmethod
    def width_within(cls, pixels: float) -> float:
        """Return the width in points that fills a place of so many pixels, its smallest text at least 10 px tall."""
        if len(cls.heights) == 1:
            return cls.widest()
        return min(max(STEP * math.floor(pixels * SMALL / LEAST_TEXT / STEP), NARROW), WIDE)

    def place(self, left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
        """Return where axes lie, as shares of the figure, from their edges in points.

        `left` and `right` are measured from the left edge of the figure, or, where negative, from its right edge;
        `top` and `bottom` from the top, or from the bottom.
        """
        left, right = (x + self.width if x < 0 else x for x in (left, right))
        top, bottom = (y + self.height if y < 0 else y for y in (top, bottom))
        across, up = right - left, bottom - top
        return left / self.width, 1 - bottom / self.height, across / self.width, up / self.height

    def build(self, figure: Figure) -> None:
        """Make the figure's axes and artists; hand to `moving` each artist that `draw` changes."""
        raise NotImplementedError

    def draw(self, view: Any) -> None:
        """Set the moving artists to a view."""
        raise NotImplementedError

    def moving(self, *artists: ArtistT) -> ArtistT:
        """Mark artists as drawn anew for each view, above all that stays; return the first."""
        for artist in artists:
            artist.set_animated(True)
            self._moving.append(artist)
        return artists[0]

    def labels(self, axes: Axes | None = None) -> Labels:
        """Return a moving artist for texts placed by the data of `axes`, or by shares of the figure."""
        return self.moving(Labels(self.figure, axes))

    def still_labels(self, axes: Axes | None = None) -> Labels:
        """Return an artist for texts that stay, in line with those that move."""
        return Labels(self.figure, axes)

    @classmethod
    def into(cls, figure: Figure, view: View) -> None:
        """Draw the picture of a view into a figure of your own, such as one of pyplot's, with that figure's style."""
        picture = cls.__new__(cls)
        picture.figure, picture._moving = figure, []
        picture._measure(cls.widest())
        picture.build(figure)
        picture.draw(view)

    def svg(self, view: View) -> str:
        """Return the picture of a view as one `<svg>` element, with the view's sentence as its accessible name."""
        return described(self.unnamed_svg(view), view.sentence)

    def still(self, view: View) -> Still:
        """Return the picture of a view, its sentence below it, for a cell to show by itself, without any control."""
        fitting = self if self.width == STILL else type(self)(width=STILL)
        shown = _on_page(captioned_svg(fitting.svg(view), view.sentence))
        return Still(shown, in_words(view.sentence, view.facts))

    def unnamed_svg(self, view: View) -> str:
        """Return the picture of a view as one `<svg>` element without a name, for who has the sentence already."""
        with DRAWING, _in_style(self._style):
            self.draw(view)
            return layered_svg(self.backdrop, self.figure, self._moving)


@dataclass(frozen=True)
class Still:
    """A picture that no control moves: one `<svg>` element, and in words what it shows."""

    svg: str
    words: str

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        """Carry both, for a page and for who reads or hears a text."""
        return {"image/svg+xml": self.svg, "text/plain": self.words}


@dataclass(slots=True)
class Label:
    """One line of text: its place, and how it looks; `side` and `level` say which part of it stands at the place."""

    x: float
    y: float
    text: str = ""
    side: str = "left"
    level: str = "center"
    size: float = SMALL
    color: str = INK
    bold: bool = False
    mono: bool = False
    halo: bool = False
    turned: float = 0.0


ANCHORS = {"left": "start", "center": "middle", "right": "end"}
DROPS = {"center": 0.36, "top": 0.8, "bottom": -0.24, "baseline": 0.0}
"""How far below a label's place its baseline lies, in sizes of its font (DejaVu Sans)."""
PLACE = attrgetter("x", "y")
WEIGHTS = {False: "", True: "bold "}
FAMILIES = {False: "'DejaVu Sans', Verdana, Arial, sans-serif", True: "'DejaVu Sans Mono', Consolas, monospace"}
HALO = "; stroke: white; stroke-width: 3px; stroke-opacity: 0.8; paint-order: stroke"
"""What keeps a label legible on lines: a white edge, painted below its letters."""


class Labels(Artist):
    """Many labels, written without the layout that matplotlib gives each of its own texts."""

    def __init__(self, figure: Figure, axes: Axes | None = None) -> None:
        """Place labels by the data of `axes`, or by shares of the figure."""
        super().__init__()
        self._labels: list[Label] = []
        self._figure, self._to_pixels = figure, axes.transData if axes else figure.transFigure
        self.set_zorder(10)
        (axes or figure).add_artist(self)

    def add(self, x: float, y: float, **looks: Any) -> Label:
        """Return a new label at a place, to be given its text; `looks` are the other fields of `Label`."""
        self._labels.append(Label(x, y, **looks))
        return self._labels[-1]

    def draw(self, renderer: Any) -> None:
        """Write the labels that have a text, into an SVG as its own texts, else as matplotlib's."""
        if not hasattr(renderer, "writer"):
            return self._draw_pixels(renderer)
        places = self._to_pixels.transform(list(map(PLACE, self._labels)))
        for label, (x, y) in zip(self._labels, places, strict=True):
            if label.text:
                y = renderer.height - y + DROPS[label.level] * label.size
                style = f"font: {WEIGHTS[label.bold]}{label.size:g}px {FAMILIES[label.mono]}; fill: {label.color}"
                style += f"; text-anchor: {ANCHORS[label.side]}" if label.side != "left" else ""
                style += HALO if label.halo else ""
                place = {"x": f"{x:.2f}", "y": f"{y:.2f}"}
                if label.turned:
                    place["transform"] = f"rotate({-label.turned:g} {x:.2f} {y:.2f})"
                renderer.writer.element("text", label.text, attrib={"style": style, **place})

    def _draw_pixels(self, renderer: Any) -> None:
        for label in self._labels:
            weight, family = "bold" if label.bold else "normal", "monospace" if label.mono else "sans-serif"
            looks: Any = {"fontsize": label.size, "fontweight": weight, "fontfamily": family, "color": label.color}
            looks |= {"ha": label.side, "va": label.level, "rotation": label.turned, "transform": self._to_pixels}
            text = Text(label.x, label.y, label.text, **looks)
            text.set_figure(self._figure)
            text.draw(renderer)


def powers_of_ten(*axes: Axis) -> None:
    """Write the ticks of logarithmic axes as 10⁸, in one size: matplotlib's own exponents are too small to read."""
    for axis in axes:
        axis.set_major_formatter(FuncFormatter(lambda value, _: "10" + f"{math.log10(value):.0f}".translate(RAISED)))


def part_bars(axes: Axes, y: float, height: float) -> list[Rectangle]:
    """Return a bar in the axes for each part of training memory, still of no length."""
    looks: Any = {"edgecolor": "white", "linewidth": 0.6}
    bars = [Rectangle((0, y), 0, height, facecolor=colour, **looks) for colour in PART_COLOURS]
    for bar in bars:
        axes.add_patch(bar)
    return bars


def stack(bars: Iterable[Rectangle], widths: Iterable[float]) -> float:
    """Lay bars end to end from 0, each of its width, and return where the last one ends."""
    end = 0.0
    for bar, width in zip(bars, widths, strict=True):
        bar.set_x(end)
        bar.set_width(width)
        end += width
    return end


def raised(text: str) -> str:
    """Return a power of two with its exponent raised."""
    base, _, power = text.partition("^")
    return base + power.translate(RAISED)


def boxes(corners: ArrayLike, width: float, height: float) -> Path:
    """Return boxes of one size, by their upper left corners in axes whose y goes down, as one path."""
    places = np.asarray(corners, dtype=float).reshape(-1, 1, 2)
    if not len(places):
        return Path(np.zeros((1, 2)))
    shape = np.array([(0, 0), (width, 0), (width, height), (0, height), (0, 0)])
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * len(places)
    return Path((places + shape).reshape(-1, 2), codes)


class FewElements(RendererSVG):
    """Matplotlib's writer of SVG, with a fraction of the elements: a page takes its time over each of them.

    It leaves out the groups, which only tell the figure's parts apart, and writes an axis' ticks, and its grid's lines,
    as one path a style instead of an element, or a reference to one, a line.
    """

    _AXIS = "matplotlib.axis"

    def __init__(self, figure: Figure, file: io.StringIO) -> None:
        """Write into `file`, in points."""
        self._open: list[str] = []
        self._lines: dict[tuple[tuple[str, str], ...], list[str]] = {}
        figure.dpi = 72
        super().__init__(figure.bbox.width, figure.bbox.height, file, image_dpi=72)

    def open_group(self, s: str, gid: str | None = None) -> None:
        """Remember where we are."""
        self._open.append(s)

    def close_group(self, s: str) -> None:
        """Write the lines of the axis, if that is what ends here."""
        self._open.pop()
        if s == self._AXIS:
            for looks, lines in self._lines.items():
                self.writer.element("path", d=" ".join(lines), attrib=dict(looks))
            self._lines.clear()

    def draw_path(self, gc: Any, path: Any, transform: Any, rgbFace: Any = None) -> None:
        """Draw a path; an axis' lines wait for the others."""
        if self._AXIS in self._open and rgbFace is None:
            self._add(gc, self._convert_path(path, self._make_flip_transform(transform), clip=True))
        else:
            super().draw_path(gc, path, transform, rgbFace)

    def draw_markers(
        self, gc: Any, marker_path: Any, marker_trans: Any, path: Any, trans: Any, rgbFace: Any = None
    ) -> None:
        """Draw a mark at each place; an axis' ticks are lines."""
        if self._AXIS not in self._open:
            return super().draw_markers(gc, marker_path, marker_trans, path, trans, rgbFace)
        mark = marker_path.transformed(marker_trans + Affine2D().scale(1, -1))
        for x, y in path.transformed(self._make_flip_transform(trans)).vertices:
            self._add(gc, self._convert_path(mark, Affine2D().translate(x, y)))

    def _add(self, gc: Any, line: str) -> None:
        looks = {**self._get_clip_attrs(gc), "style": self._get_style(gc, None)}
        self._lines.setdefault(tuple(looks.items()), []).append(line.strip())


@contextmanager
def _in_style(style: RcParams) -> Iterator[None]:
    """Draw in a style that was checked when it was made; `rc_context` alone would check all of it at each redraw."""
    with rc_context():
        dict.update(rcParams, style)
        yield


def figure_svg(figure: Figure) -> str:
    """Return all of the figure that stays, as one `<svg>` element; its moving (animated) artists are left out."""
    buffer = io.StringIO()
    renderer = FewElements(figure, buffer)
    figure.draw(renderer)
    renderer.finalize()
    return _bare(buffer.getvalue())


def layered_svg(backdrop: str, figure: Figure, moving: list[Artist]) -> str:
    """Return `backdrop` with the moving artists drawn above it."""
    buffer = io.StringIO()
    renderer = FewElements(figure, buffer)
    for artist in moving:
        artist.draw(renderer)
    renderer.finalize()
    layer = _bare(buffer.getvalue())
    styled = backdrop.replace("<svg ", '<svg style="stroke-linejoin:round;stroke-linecap:butt" ', 1)
    return styled[: -len("</svg>")] + layer[layer.index(">") + 1 :]


def _on_page(svg: str) -> str:
    """Return a still picture in the size that it has on a page, in pixels."""

    def in_pixels(length: re.Match[str]) -> str:
        return f'{length[1]}="{float(length[2]) * PAGE / STILL:g}"'

    return re.sub(r'\b(width|height)="([\d.]+)pt"', in_pixels, svg, count=2)


def described(svg: str, sentence: str) -> str:
    """Return the picture with `sentence` as its accessible name, in place of any that it has."""
    unnamed = re.sub(r'^<svg role="img" aria-label="[^"]*"', "<svg", svg)
    return f'<svg role="img" aria-label="{html.escape(sentence, quote=True)}"' + unnamed.removeprefix("<svg")


def _bare(document: str) -> str:
    """Return the `<svg>` element alone, without the style that would hold for the whole page around it."""
    element = document[document.index("<svg") :].rstrip()
    return re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<defs>\s*</defs>", "", element, flags=re.DOTALL)


def in_words(sentence: str, facts: Iterable[tuple[str, str]] = ()) -> str:
    """Return all of an answer as plain lines: the sentence, and a line for each fact."""
    return "\n".join([sentence, *(f"{name}: {value}" for name, value in facts)])


CAPTION = "font: {weight}10.5px 'DejaVu Sans', Verdana, Arial, sans-serif; fill: {colour}"
FACTS_BESIDE = 3
"""How many facts stand side by side below a picture."""
MIND = "mind"
"""A fact of this name is a sentence, stands last, and has a row of its own."""


LETTERS = {"ijlIJ .,:;'/": 3.5, "frt()-": 4.2, "ABCKRVXZUHN": 7.6, "DGOQw=<>+×^≈": 8.7, "Mm%W": 10.4}
"""How wide the letters of a caption are at most, in points (DejaVu Sans); the others have 6.7."""


def _broken(text: str, room: float) -> list[str]:
    """Return the lines of a caption's text that has so many points of room; no word is broken."""
    widths = {letter: width for letters, width in LETTERS.items() for letter in letters}
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if lines[-1] and sum(widths.get(letter, 6.7) for letter in longer) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def captioned_svg(svg: str, sentence: str, facts: tuple[tuple[str, str], ...] = ()) -> str:
    """Return the picture with its answer written below it, for a page where the explorer is not alive."""
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert box is not None, "matplotlib writes a viewBox"
    width, height = float(box[1]), float(box[2])
    beside = max(1, int(width * FACTS_BESIDE / WIDE))
    column = (width - 8) / beside
    to_mind = [_broken(f"{name}: {value}", width - 8) for name, value in facts if name == MIND]
    cells = [_broken(f"{name}: {value}", column) for name, value in facts if name != MIND]
    blocks = [[textwrap.wrap(sentence, int(width / 7.2))]]
    blocks += [cells[first : first + beside] for first in range(0, len(cells), beside)]
    blocks += [[lines] for lines in to_mind]
    deep = sum(max(map(len, block)) for block in blocks)
    taller = height + 15 * deep + 8
    svg = re.sub(r'height="[\d.]+pt"', f'height="{taller:g}pt"', svg, count=1)
    svg = svg.replace(box[0], f'viewBox="0 0 {box[1]} {taller:g}"', 1)

    def row(number: int, x: float, words: str, **look: str) -> str:
        style = CAPTION.format(**{"weight": "", "colour": INK} | look)
        return f'<text x="{x:g}" y="{height + 14 + 15 * number:g}" style="{style}">{html.escape(words)}</text>\n'

    rows, above = [], 0
    for number, block in enumerate(blocks):
        bold = {} if number else {"weight": "bold "}
        for across, lines in enumerate(block):
            rows += [row(above + down, 8 + across * column, line, **bold) for down, line in enumerate(lines)]
        above += max(map(len, block))
    background = f'<rect x="0" y="{height - 1:g}" width="{width:g}" height="{taller - height + 1:g}" fill="white"/>\n'
    return svg[: svg.rindex("</svg>")] + background + "".join(rows) + "</svg>\n"
