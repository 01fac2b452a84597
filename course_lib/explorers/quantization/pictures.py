"""The pictures of the quantization explorer: the map, the histograms, the staircase, the errors, and one value's way.

Each function makes the artists of one picture, once, and returns the function that moves them to a view.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from course_lib.explorers.base import Explorer
from course_lib.explorers.picture import BLUE, FAINT, INK, LABEL_BOX, MUTED, RED
from course_lib.explorers.quantization.view import BITS, METHODS, SLICES, QuantizationView, Way
from course_lib.quantization import DB_PER_BIT, Quantized
from course_lib.units import format_number

Draw = Callable[[QuantizationView], None]
STYLES: dict[str, Any] = {
    "absmax": {"color": BLUE, "linestyle": "-", "marker": "o"},
    "zero-point": {"color": RED, "linestyle": "--", "marker": "s"},
}
WINDOW = 4.5
"""Half the width of the staircase's window, in steps."""
LEFT, RIGHT = (0.082, 0.345, 0.405, 0.555), (0.578, 0.345, 0.405, 0.555)
SMALL: Any = {"fontsize": 8}
COLUMNS = {
    "your value": (0.135, "left"),
    "/ scale + zero-point": (0.215, "left"),
    "code": (0.485, "right"),
    "its bits": (0.505, "left"),
    "back: (code - zero-point) x scale": (0.6, "left"),
    "error": (0.92, "left"),
}


def table(explorer: Explorer, axes: Axes) -> Draw:
    """Make the table of the chosen value's way: real, code, bits, and back."""
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.axis("off")
    axes.plot([0, 1], [0.98, 0.98], color=FAINT, linewidth=1)
    cells: dict[str, list[Any]] = {}
    for name, (x, side) in COLUMNS.items():
        axes.text(x, 0.8, name, **SMALL, color=MUTED, ha=side, va="center")
    for y, method in ((0.48, "absmax"), (0.16, "zero-point")):
        axes.plot([0.0, 0.015, 0.03], [y] * 3, **STYLES[method], markevery=[1], markersize=5)
        axes.text(0.04, y, method, fontsize=8.5, fontweight="bold", va="center_baseline")
        cells[method] = [
            explorer.moving(
                axes.text(x, y, "", fontsize=8.5, ha=side, va="center_baseline", family=_family(name), color=INK)
            )
            for name, (x, side) in COLUMNS.items()
        ]

    def draw(view: QuantizationView) -> None:
        for way in view.ways:
            offset, back, error = way.zero_point, view.written(way.back), view.written(way.back - view.value)
            largest = max(abs(limit - offset) for limit in way.limits)
            scale = format_number(way.scale, 3 + math.ceil(math.log10(largest)))  # so that the product comes out right
            shift = f" {'-' if offset < 0 else '+'} {abs(offset)}" if offset else ""
            inside = f"({way.code} {'+' if offset < 0 else '-'} {abs(offset)})" if offset else f"{way.code}"
            texts = (
                view.written(view.value),
                f"/ {scale}{shift} = {way.exact:,.2f}",
                f"{way.code}",
                way.pattern,
                f"{inside} x {scale} = {back}",
                error if error == "0" or way.back < view.value else f"+{error}",
            )
            for cell, text in zip(cells[way.method], texts, strict=True):
                cell.set_text(text)

    return draw


def _family(column: str) -> str:
    return "monospace" if column == "its bits" else "sans-serif"


def mapping(explorer: Explorer, figure: Figure) -> Draw:
    """Make the picture of slide S10, for each method: the real axis above, the codes below, values joined by lines."""
    pairs = [_one_map(explorer, figure, *place) for place in zip(METHODS, (0.015, 0.515), strict=True)]

    def draw(view: QuantizationView) -> None:
        for draw_one, way in zip(pairs, view.ways, strict=True):
            draw_one(view, way)

    return draw


def _one_map(explorer: Explorer, figure: Figure, method: str, left: float) -> Callable[[QuantizationView, Way], None]:
    axes = figure.add_axes((left, 0.235, 0.475, 0.68))
    axes.set(xlim=(-1.22, 1.06), ylim=(-0.21, 1.2))
    axes.axis("off")
    for y, name in ((1, "real"), (0, "code")):
        axes.text(-1.21, y, name, **SMALL, color=MUTED, va="center")
    axes.plot([-1, 1], [1, 1], color=MUTED, linewidth=1.2)
    color = STYLES[method]["color"]
    (every_code,) = axes.plot([], [], color=FAINT, linewidth=6, solid_capstyle="butt")
    (band,) = axes.plot([], [], color=color, linewidth=6, solid_capstyle="butt")
    (ticks,) = axes.plot([], [], color=INK, linewidth=0.7)
    (lines,) = axes.plot([], [], color=color, linewidth=0.8)
    (zero,) = axes.plot([], [], color=MUTED, linewidth=1.2, linestyle=":")
    (own,) = axes.plot([], [], color=INK, linewidth=2.2, marker="D", markersize=5, clip_on=False)
    title = axes.set_title("", x=0.006)
    above = [axes.text(x, 1.06, "", **SMALL, ha="center", va="bottom") for x in (-1, 0, 1)]
    below = [axes.text(x, -0.09, "", **SMALL, ha="center", va="top") for x in (-1, 1)]
    zero_label = axes.text(0, -0.09, "", **SMALL, ha="center", va="top")
    own_label = axes.text(0, 0.5, "", fontsize=8.5, fontweight="bold", va="center", bbox=LABEL_BOX)
    explorer.moving(every_code, band, ticks, lines, zero, own, title, *above, *below, zero_label, own_label)

    def draw(view: QuantizationView, way: Way) -> None:
        half, reach = 2 ** (view.bits - 1), float(np.abs(view.values).max()) or 1.0
        some = np.unique(np.linspace(0, view.values.size - 1, 33).round().astype(int))
        lines.set_data(*_segments(view.values[some] / reach, way.codes[some] / half, 1, 0))
        marked = np.arange(-half, half, max(1, half // 16))
        places = marked[marked >= way.limits[0]] / half
        ticks.set_data(*_segments(places, places, 0.035, -0.035))
        every_code.set_data(np.array(way.limits) / half, [0, 0])
        band.set_data(way.codes[[0, -1]] / half, [0, 0])
        own.set_data([view.value / reach, way.code / half], [1, 0])
        middle = (view.value / reach + way.code / half) / 2
        own_label.set(
            text=f"{view.written(view.value)} has code {way.code}",
            x=middle + (0.04 if middle < 0.5 else -0.04),
            horizontalalignment="left" if middle < 0.5 else "right",
        )
        has_code = way.limits[0] <= way.zero_point <= way.limits[1]
        zero.set_data([0, way.zero_point / half] if has_code else [], [1, 0] if has_code else [])
        zero_label.set_x(np.clip(way.zero_point / half, -0.6, 0.6) if has_code else 0)
        says = f"0 has code {way.zero_point}" if has_code else f"zero-point {way.zero_point}: 0 has no code"
        zero_label.set_text(says)
        for label, place in zip(above, (-reach, 0, reach), strict=True):
            label.set_text(f"{place:.4g}")
        for label, code in zip(below, way.limits, strict=True):
            label.set(text=f"{code}", x=code / half)
        count = way.limits[1] - way.limits[0] + 1
        title.set_text(f"{way.method}: {view.slice_uses} {np.unique(way.codes).size} of {count} codes")

    return draw


def _segments(x0: Any, x1: Any, y0: float, y1: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return many lines from (x0, y0) to (x1, y1) as one, with gaps."""
    x = np.column_stack([x0, x1, np.full(len(x0), np.nan)]).ravel()
    return x, np.tile([y0, y1, np.nan], len(x0))


def histogram(explorer: Explorer, figure: Figure) -> Draw:
    """Make the histograms before and after, one pair for each method."""
    parts, edges = [], np.linspace(0, 1, 62)
    places = np.linspace(0.05, 0.95, 5)
    for place, method in zip((LEFT, RIGHT), METHODS, strict=True):
        axes = figure.add_axes(place)
        axes.set(xlim=(0, 1), ylim=(0.7, 6000), yscale="log", xticks=places, xticklabels=[""] * 5)
        axes.set_xlabel("value (grey: before, line: after)", labelpad=9)
        axes.set_ylabel("values in a bin" if method == "absmax" else "")
        before = axes.stairs(np.ones(61), edges, fill=True, facecolor=FAINT, edgecolor=MUTED, baseline=0.1)
        after = axes.stairs(np.ones(61), edges, color=STYLES[method]["color"], linewidth=1.3, baseline=0.1)
        ticks = [axes.text(x, 0.42, "", **SMALL, ha="center", va="top") for x in places]
        beyond = axes.text(0.99, 5000, "", **SMALL, ha="right", va="top", bbox=LABEL_BOX)
        title = axes.set_title("")
        explorer.moving(before, after, *ticks, beyond, title)
        parts.append((before, after, ticks, beyond, title))

    def draw(view: QuantizationView) -> None:
        low, high = view.span
        for way, (before, after, ticks, beyond, title) in zip(view.ways, parts, strict=True):
            back = way.quantized.dequantize()
            outside = []
            for artist, values in ((before, view.x), (after, back)):
                counts, _ = np.histogram(0.05 + 0.9 * (values - low) / (high - low), edges)
                artist.set_data(np.maximum(counts, 0.1))
                outside.append(values.size - counts.sum())
            for tick, value in zip(ticks, np.linspace(low, high, 5), strict=True):
                tick.set_text(f"{value:g}")
            beyond.set_text(f"beyond these ends:\n{outside[0]} before, {outside[1]} after" if any(outside) else "")
            left = np.unique(back).size
            title.set_text(f"{way.method}: {left:,} different value{'s' if left > 1 else ''} left")

    return draw


def staircase(explorer: Explorer, figure: Figure) -> Draw:
    """Make the staircase of what comes back, and its error, around the chosen value, both methods together."""
    stairs, errors = figure.add_axes(LEFT), figure.add_axes(RIGHT)
    limits = (-WINDOW, WINDOW)
    for axes in (stairs, errors):
        axes.set(xlim=limits, xticks=[-4, 0, 4], xticklabels=[""] * 3)
        axes.axvline(0, color=MUTED, linewidth=1, linestyle=":")
    stairs.set(ylim=limits, yticks=[-4, 0, 4], yticklabels=[""] * 3, title="What comes back, around your value")
    stairs.plot(limits, limits, color=FAINT, linewidth=3)
    stairs.text(-4.3, 4.3, "grey: exactly what went in", **SMALL, va="top")
    errors.set(ylim=(-1.1, 1.1), yticks=[-0.5, 0, 0.5], yticklabels=[""] * 3, title="Error: back minus real")
    errors.axhline(0, color=FAINT, linewidth=3, zorder=0)
    (rug,) = errors.plot([], [], color=MUTED, linewidth=0.8)
    moving: dict[str, list[Any]] = {}
    for method, style in STYLES.items():
        plain = style | {"marker": "", "linewidth": 1.6}
        size: Any = {"markersize": 11 if method == "absmax" else 6, "markeredgecolor": "white"}
        moving[method] = [
            *stairs.plot([], [], **plain),
            *errors.plot([], [], **plain),
            *(axes.plot([], [], color=style["color"], marker=style["marker"], **size)[0] for axes in (stairs, errors)),
        ]
    below = [axes.text(x, y, "", **SMALL, ha="center", va="top") for axes, y in ((stairs, -5), (errors, -1.22))
             for x in (-4, 0, 4)]  # fmt: skip
    beside = [stairs.text(-4.7, y, "", **SMALL, ha="right", va="center") for y in (-4, 0, 4)]
    beside += [errors.text(-4.7, y, "", **SMALL, ha="right", va="center") for y in (-0.5, 0, 0.5)]
    errors.text(-4.3, -0.99, "marks below: values of the tensor", **SMALL, color=MUTED, va="bottom")
    note = errors.text(-4.3, 1.06, "", **SMALL, va="top", bbox=LABEL_BOX)
    explorer.moving(rug, *moving["absmax"], *moving["zero-point"], *below, *beside, note)

    def draw(view: QuantizationView) -> None:
        step = max(way.scale for way in view.ways)
        for way in view.ways:
            codes = np.arange(way.limits[0], way.limits[1] + 1)
            levels = (Quantized(codes.astype(np.int8), way.scale, way.zero_point).dequantize() - view.value) / step
            edges = np.concatenate([[-WINDOW - 1], (levels[:-1] + levels[1:]) / 2, [WINDOW + 1]])
            edges = np.clip(edges, -WINDOW - 1, WINDOW + 1)
            x = np.repeat(edges, 2)[1:-1]
            moving[way.method][0].set_data(x, np.repeat(levels, 2))
            moving[way.method][1].set_data(x, np.repeat(levels, 2) - x)
            for artist in moving[way.method][2:]:
                artist.set_data([0], [(way.back - view.value) / step])
        near = (view.values - view.value) / step
        near = near[np.abs(near) <= WINDOW]
        some = near[np.unique(np.linspace(0, near.size - 1, 120).round().astype(int))]
        rug.set_data(*_segments(some, some, -1.1, -1.02))
        for label, at in zip(below, (-4, 0, 4) * 2, strict=True):
            label.set_text(view.written(view.value + at * step))
        for label, place in zip(beside, (-4, 0, 4, -0.5, 0, 0.5), strict=True):
            label.set_text(view.written(place * step + (view.value if label.axes is stairs else 0)))
        note.set_text("step: " + ", ".join(f"{way.method} {format_number(way.scale)}" for way in view.ways))

    return draw


def error_by_bits(explorer: Explorer, figure: Figure) -> Draw:
    """Make the SQNR by bits beside the line of 6.02 dB a bit, and by what shares a scale."""
    by_bits, by_slice = figure.add_axes(LEFT), figure.add_axes((0.64, 0.345, 0.20, 0.555))
    widths = np.arange(BITS[0], BITS[1] + 1)
    by_bits.set(xlim=(1.7, 8.3), ylim=(0, 1), xticks=widths, yticks=np.arange(6) / 5, yticklabels=[""] * 6)
    by_bits.set(xlabel="bits", title="SQNR in dB, by bits")
    by_slice.set(xlim=(0, 1), ylim=(4.6, -0.6), yticks=range(5), yticklabels=list(SLICES), xticks=[])
    by_slice.set_title("The same by what shares a scale", x=-0.35)
    by_slice.tick_params(length=0)
    (now,) = by_bits.plot([], [], color=FAINT, linewidth=9)
    (here,) = by_slice.plot([], [], color=FAINT, linewidth=27, solid_capstyle="butt", clip_on=False)
    note = by_bits.text(1.85, 0.98, "", **SMALL, va="top")
    (line,) = by_bits.plot([], [], color=MUTED, linewidth=1.2, linestyle=":")
    words = by_bits.text(0, 0, "6.02 dB a bit", **SMALL, ha="right", va="center", bbox=LABEL_BOX)
    curves = {method: by_bits.plot([], [], **style, markersize=5)[0] for method, style in STYLES.items()}
    ticks = [by_bits.text(1.6, k / 5, "", **SMALL, ha="right", va="center") for k in range(6)]
    bars = {
        method: by_slice.barh(np.arange(5) + shift, np.ones(5), 0.36, color=STYLES[method]["color"])
        for method, shift in (("absmax", -0.2), ("zero-point", 0.2))
    }
    labels = {
        method: [by_slice.text(0, k + shift, "", fontsize=7.5, va="center_baseline") for k in range(5)]
        for method, shift in (("absmax", -0.2), ("zero-point", 0.2))
    }
    explorer.moving(now, here, line, note, *curves.values(), words, *ticks, *bars["absmax"], *bars["zero-point"])
    explorer.moving(*labels["absmax"], *labels["zero-point"])

    def draw(view: QuantizationView) -> None:
        most = max(max(view.by_bits[method] + view.by_slice[method]) for method in METHODS)
        limit = 60 if most <= 60 else 100
        now.set_data([view.bits] * 2, [0, 1])
        here.set_data([0, 1.85], [list(SLICES).index(view.scale_per)] * 2)
        rmse = "\n".join(f"{way.method} {format_number(way.error.rmse)}" for way in view.ways)
        note.set_text(f"RMSE at {view.bits} bits\n{rmse}")
        line.set_data(widths, DB_PER_BIT * widths / limit)
        words.set_position((6.7, DB_PER_BIT * 7 / limit + 0.04))
        for k, tick in enumerate(ticks):
            tick.set_text(f"{limit * k // 5}")
        for method in METHODS:
            curves[method].set_data(widths, np.array(view.by_bits[method]) / limit)
            costs = zip(view.by_slice[method], view.bits_a_value[method], strict=True)
            for bar, label, (sqnr, cost) in zip(bars[method], labels[method], costs, strict=True):
                bar.set_width(sqnr / limit)
                label.set(x=sqnr / limit + 0.02, text=f"{sqnr:.1f} dB for {cost:.3g} bits a value")

    return draw


PICTURES: dict[str, Callable[[Explorer, Figure], Draw]] = {
    "mapping": mapping,
    "histogram": histogram,
    "staircase": staircase,
    "error": error_by_bits,
}
