"""The picture of slide S4: the loss of every size at one compute, and your model among the published ones."""

from __future__ import annotations

import math
import textwrap
from itertools import zip_longest
from typing import Any, ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.markers import TICKDOWN
from matplotlib.patches import Rectangle

from course_lib import catalog
from course_lib.catalog import TrainingRun
from course_lib.compute_cost import training_flop
from course_lib.explorers import room
from course_lib.explorers.picture import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PURPLE,
    RAISED,
    RED,
    RING,
    SKY,
    TITLE,
    Labels,
    Picture,
    powers_of_ten,
)
from course_lib.explorers.room import LETTER, Box, Names, Room, Spot
from course_lib.explorers.scaling.view import FAR, LOSS_AXES, NEAR, SIZES, ScalingView
from course_lib.scaling import BESIROGLU_2024, HOFFMANN_2022, MINIMUM_TOKENS, chinchilla_tokens
from course_lib.units import format_count, format_flop

POINTS = 81
"""How many sizes a curve of the loss is drawn through."""
RATIOS = (0.4, 2e4)
"""The tokens a parameter from the lower to the upper edge of the map."""
BUDGET_LABEL = np.geomspace(1.2e4, 0.7, 16)
"""The tokens a parameter at which the line of equal compute may have its name."""

HEAD, ROW, FOOT = 22, 14, 36
"""How many points a panel needs for its title, for each row of its legend, and below its axes."""

HOFFMANN_LINE: Any = {"color": BLUE, "marker": "o", "markersize": 6, "markeredgecolor": "white"}
BESIROGLU_LINE: Any = {
    "color": RED,
    "marker": "s",
    "markersize": 6,
    "markeredgecolor": "white",
    "linestyle": (0, (5, 1.5)),
}
RULE_LINE: Any = {
    "color": INK,
    "marker": "X",
    "markersize": 6,
    "markeredgecolor": "white",
    "linestyle": ":",
    "linewidth": 1.4,
}
RUN: Any = {"markersize": 6, "markeredgecolor": INK, "markeredgewidth": 0.6}
OWN_MARK: Any = {"color": INK, "marker": "D", "markersize": 6.5, "markeredgecolor": "white", "linestyle": ""}
BARE, UNLINED = {"marker": ""}, {"linestyle": ""}

FEW: Any = {"facecolor": FAINT, "alpha": 0.45, "edgecolor": "none"}
GAP: Any = {"facecolor": SKY, "alpha": 0.3, "edgecolor": "none"}
"""How the models with too few tokens are shaded, and the sizes between the two fits' best."""

OVER, WITHIN, MIXTURE = "more than 20 tokens a parameter: over-trained", "20 or fewer", "mixture of experts, not judged"
KINDS = {OVER: ("^", ORANGE), WITHIN: ("o", SKY), MIXTURE: ("P", PURPLE)}
"""Published runs by their tokens a parameter: shape and colour."""
SHORT_KINDS = {OVER: "over 20 tokens a parameter"}
"""What a narrow legend says instead."""

NAMED_RUNS = {
    "Chinchilla 70B": ("Chinchilla", "right"),
    "Falcon 180B": ("Falcon", "left"),
    "BLOOM 176B": ("BLOOM", ""),
    "GPT-3 175B": ("GPT-3", ""),
    "Gopher 280B": ("Gopher", ""),
    "PaLM 540B": ("PaLM", ""),
    "Llama 3.1 405B": ("Llama 3.1", ""),
    "Llama 2 7B": ("Llama 2 7B", "left"),
    "DeepSeek-V3 (37B active)": ("DeepSeek-V3", ""),
    "Pythia 1B": ("Pythia 1B", ""),
    "Pythia 70M": ("Pythia 70M", ""),
}
"""The runs that the picture names, how, and with which side at the mark if it can be; those in a crowd first."""


def kind_of(run: TrainingRun) -> str:
    """Return what the legend calls a published run: by D = 20P it is over-trained or not, if it is a dense model."""
    if run.is_mixture:
        return MIXTURE
    return OVER if run.tokens > chinchilla_tokens(run.parameters) else WITHIN


class ScalingPicture(Picture):
    """Left: the loss of every size at the chosen compute, by two fits, with the sizes between their best shaded.

    Right: tokens a parameter of the published runs, of the three optima and of your model. The right stands below the
    left where there is little room.
    """

    heights: ClassVar[dict[str, float]] = {"wide": 270, "medium": 472, "narrow": 528}
    worst = LOSS_AXES[NEAR]
    """The upper end of the loss axis, in nats a token above the best."""

    def build(self, figure: Figure) -> None:
        """Draw what never changes (the published runs, the lines of the rule and the fits) and the artists that do."""
        self.narrow = self.layout == "narrow"
        left, right, between = 48, -14, self.height / 2 + (ROW if self.narrow else 0)
        bowl, plane = (left, 0, right, between), (left, between, right, self.height)
        if self.layout == "wide":
            bowl, plane = (60, 0, 334, self.height), (388, 0, 712, self.height)
        rows = 5 if self.narrow else 3
        self._build_legend(self._head(figure, bowl, rows))
        self._build_bowl(self._axes(figure, bowl, rows))
        self._build_kinds(self._head(figure, plane, 3))
        self._build_plane(self._axes(figure, plane, 3))

    def _head(self, figure: Figure, panel: tuple[float, ...], rows: int) -> Axes:
        """Return axes for a panel's title and legend, which count in points from the upper left corner."""
        left, top, right, _ = panel
        left, right = (6 if self.narrow else left), right + self.width if right < 0 else right
        high = HEAD + ROW * rows
        axes = figure.add_axes(self.place(left, top, right, top + high))
        axes.set(xlim=(0, right - left), ylim=(high, 0))
        axes.axis("off")
        return axes

    def _axes(self, figure: Figure, panel: tuple[float, ...], rows: int) -> Axes:
        left, top, right, bottom = panel
        return figure.add_axes(self.place(left, top + HEAD + ROW * rows + 6, right, bottom - FOOT))

    def _points(self, axes: Axes) -> tuple[float, float]:
        """Return the width and the height of axes in points."""
        place = axes.get_position()
        return self.width * place.width, self.height * place.height

    def _build_legend(self, axes: Axes) -> None:
        words = self.labels(axes)
        self.title = words.add(0, 14, level="baseline", size=TITLE)
        entries = {
            "by_hoffmann": HOFFMANN_LINE,
            "by_besiroglu": BESIROGLU_LINE,
            "by_rule": RULE_LINE,
            "own": OWN_MARK,
            "gap": {},
        }
        columns = 1 if self.narrow else 2
        across = axes.get_xlim()[1] / columns + 8
        self.legend = {}
        for place, (name, style) in enumerate(entries.items()):
            x, y = across * (place % columns), HEAD + ROW * (place // columns + 0.5)
            if name == "gap":
                axes.add_patch(Rectangle((x, y - 4), 20, 8, **GAP))
            elif name == "own":
                axes.plot([x + 10], [y], **style)
            else:
                axes.plot([x, x + 10, x + 20], [y, y, y], markevery=[1], **style)
            self.legend[name] = words.add(x + 26, y)

    def _build_kinds(self, axes: Axes) -> None:
        words = self.still_labels(axes)
        title = "Published runs and yours" if self.narrow else "Published runs, the optima, and yours"
        words.add(0, 14, text=title, level="baseline", size=TITLE)
        for row, (kind, (marker, colour)) in enumerate(KINDS.items()):
            y = HEAD + ROW * (row + 0.5)
            axes.plot([5], [y], marker, color=colour, **RUN)
            words.add(16, y, text=SHORT_KINDS.get(kind, kind) if self.narrow else kind)

    def _build_bowl(self, axes: Axes) -> None:
        low, ticks = -0.03 * self.worst, np.linspace(0, self.worst, 4 if self.worst < 0.1 else 5)
        axes.set(xscale="log", xlim=SIZES, ylim=(low, self.worst), yticks=ticks)
        axes.xaxis.set_tick_params(which="both", bottom=False, labelbottom=False)
        axes.axhline(0, color=FAINT, linewidth=1, zorder=0)
        axes.set_xlabel("parameters P", labelpad=20)
        axes.set_ylabel("nats above the best" if self.narrow else "nats a token above the best")
        self.bowl, (wide, high) = axes, self._points(axes)
        shades = [Rectangle((1, low), 1, 2, **look) for look in (FEW, GAP)]
        for shade in shades:
            axes.add_patch(shade)
        self.few, self.gap = self.moving(shades[0]), self.moving(shades[1])
        self.rule = self.moving(*axes.plot([1, 1], [low, self.worst], **RULE_LINE | BARE))
        fits = (HOFFMANN_LINE, BESIROGLU_LINE)
        self.curves = [self.moving(*axes.plot([], [], **style | BARE)) for style in fits]
        self.best = [self.moving(*axes.plot([], [], **style | UNLINED, clip_on=False)) for style in fits]
        self.own = self.moving(*axes.plot([], [], **OWN_MARK, clip_on=False))
        (marks,) = axes.plot([], [], marker=TICKDOWN, linestyle="", color=MUTED, markersize=3.5, clip_on=False)
        self.ticks = self.moving(marks)
        words, point = self.labels(axes), (self.worst - low) / high
        self.tick_labels = [words.add(1, low - 6 * point, side="center", level="top") for _ in range(6)]
        self.few_label = [words.add(1, low + up * point, side="right", halo=True) for up in (24, 12)]
        self.reason_letters = int(wide / LETTER)
        middle = low + high * point / 2
        self.reason = [words.add(1, middle + up * point, side="center") for up in (39, 26, 13, 0, -13, -26)]

    def _build_plane(self, axes: Axes) -> None:
        sizes = np.geomspace(*SIZES, POINTS)
        axes.set(xscale="log", yscale="log", xlim=SIZES, ylim=RATIOS)
        powers_of_ten(axes.xaxis, axes.yaxis)
        axes.set(xlabel="parameters P", ylabel="tokens a parameter D/P")
        self.room = Room((SIZES[0], RATIOS[0]), (SIZES[1], RATIOS[1]), self._points(axes))
        self.room.take_line([SIZES[0], *SIZES], [RATIOS[1], RATIOS[0], RATIOS[0]])
        few = MINIMUM_TOKENS / sizes
        axes.fill_between(sizes, few, RATIOS[0], where=few > RATIOS[0], zorder=0, **FEW)
        budgets = np.geomspace(1e17, 1e29, 60)
        ratios = []
        for fit, style in ((HOFFMANN_2022, HOFFMANN_LINE), (BESIROGLU_2024, BESIROGLU_LINE)):
            size, data = fit.optimal(budgets)
            axes.plot(size, data / size, **style | BARE, zorder=1)
            self.room.take_line(size, data / size)
            ratios.append(np.exp(np.interp(np.log(sizes), np.log(size), np.log(data / size))))
        axes.fill_between(sizes, *ratios, zorder=0, **GAP)
        axes.plot(sizes, chinchilla_tokens(sizes) / sizes, **RULE_LINE | BARE, zorder=1)
        self.room.take_line(sizes, chinchilla_tokens(sizes) / sizes)
        self._build_runs(axes)
        (budget,) = axes.plot([], [], color=GREEN, linewidth=1.4)
        (ring,) = axes.plot([], [], **RING)
        self.budget, self.ring = self.moving(budget), self.moving(ring)
        styles = (RULE_LINE, HOFFMANN_LINE, BESIROGLU_LINE)
        self.optima = [self.moving(*axes.plot([], [], **style | UNLINED)) for style in styles]
        self.own_ratio = self.moving(*axes.plot([], [], **OWN_MARK, clip_on=False))
        self._build_names(self.labels(axes))

    def _build_runs(self, axes: Axes) -> None:
        for run in catalog.training_runs().values():
            marker, colour = KINDS[kind_of(run)]
            axes.plot([run.parameters], [run.tokens / run.parameters], marker, color=colour, zorder=2, **RUN)
            self.room.take(run.parameters, run.tokens / run.parameters, (4, 4, 4, 4), room.MARK)

    def _build_names(self, words: Labels) -> None:
        """Make the names, which give way to the line of equal compute and to the marks that move."""
        edge, text = self.room.beside(SIZES[0], MINIMUM_TOKENS / SIZES[0], "left", 6, -19), "200 B tokens"
        text = text if self.narrow else f"D = {text}"
        fall = math.atan2(self.room.scale[1], self.room.scale[0])
        words.add(edge.x, edge.y, text=text, level="baseline", turned=-math.degrees(fall), halo=True)
        along = 10 + LETTER * len(text)
        self.room.take(edge.x, edge.y, (2, along * math.sin(fall), along * math.cos(fall), 8), room.TEXT)
        self.room.keep()
        self.budget_label = words.add(1, 1, halo=True)
        self.names = Names()
        for name, (text, side) in NAMED_RUNS.items():
            run, label = catalog.training_run(name), words.add(1, 1, halo=True)
            spots = self.room.around(run.parameters, run.tokens / run.parameters)
            self.names.offer(
                label, text, self.room.free(label, text, sorted(spots, key=lambda spot: spot.side != side))
            )

    def draw(self, view: ScalingView) -> None:
        """Move the curves, the three optima, the edge of 200 B tokens and your model."""
        self._draw_legend(view)
        self._draw_sizes(view)
        self._draw_bowl(view)
        self._draw_plane(view)

    def _draw_legend(self, view: ScalingView) -> None:
        cost, (low, high) = format_flop(view.flop), view.sizes
        names = {"by_hoffmann": "Hoffmann 2022", "by_besiroglu": "Besiroglu 2024", "by_rule": "D = 20P", "own": "yours"}
        if view.no_loss:
            self.title.text = "No loss for this run" if self.narrow else "No loss, and no best size, for this run"
        else:
            self.title.text = f"Loss at C = {cost}" if self.narrow else f"Loss of each size at C = {cost}"
            sizes = (view.by_hoffmann[0], view.by_besiroglu[0], view.by_rule[0], view.parameters)
            names = {
                name: f"{text}: {format_count(size)}" for (name, text), size in zip(names.items(), sizes, strict=True)
            }
            if not (low <= view.parameters <= high and max(view.loss_given_up) <= self.worst):
                names["own"] += " (off map)"
        names["gap"] = "between the two fits" + ("" if view.no_loss else f": {view.fits_in_words}")
        for name, label in self.legend.items():
            label.text = names[name]

    def _draw_sizes(self, view: ScalingView) -> None:
        """Lay the sizes that are asked for along the axis, with a tick at each power of ten or at 1, 2 and 5 of it."""
        low, high = view.sizes
        self.bowl.set_xlim(low, high)
        steps, powers = (1,) if view.sizes == SIZES else (1, 2, 5), range(6, 15)
        sizes = [step * 10.0**power for power in powers for step in steps if low <= step * 10.0**power <= high]
        self.ticks.set_data(sizes, [self.bowl.get_ylim()[0]] * len(sizes))
        for label, size in zip_longest(self.tick_labels, sizes):
            label.x, label.text = size or low, _size_in_words(size, view.sizes == SIZES) if size else ""

    def _draw_bowl(self, view: ScalingView) -> None:
        low, high = view.sizes
        lines = textwrap.wrap(view.no_loss, self.reason_letters)
        for label, text in zip_longest(self.reason, lines):
            label.x, label.text = math.sqrt(low * high), text or ""
        hidden, sizes = bool(view.no_loss), np.geomspace(low, high, POINTS)
        fits = ((HOFFMANN_2022, view.by_hoffmann), (BESIROGLU_2024, view.by_besiroglu))
        for (fit, optimum), curve, best in zip(fits, self.curves, self.best, strict=True):
            seen = low <= optimum[0] <= high and not hidden
            curve.set_data(sizes, fit.iso_flop_loss(view.flop, sizes) - fit.loss(*optimum))
            curve.set_visible(not hidden)
            best.set_data(([optimum[0]], [0]) if seen else ([], []))
        own = [np.clip(view.parameters, low, high)] * 2, np.clip(view.loss_given_up, 0, self.worst)
        self.own.set_data(*own)
        self.own.set_visible(not hidden)
        self.rule.set_xdata([view.by_rule[0]] * 2)
        self.rule.set_visible(not hidden)
        ends = sorted((view.by_hoffmann[0], view.by_besiroglu[0]))
        self.gap.set_x(ends[0])
        self.gap.set_width(0 if hidden else ends[1] - ends[0])
        edge = max(view.flop / training_flop(1, MINIMUM_TOKENS), low)
        self.few.set_x(edge)
        self.few.set_width(0 if hidden else max(high - edge, 0))
        roomy = math.log10(high / edge) * self._points(self.bowl)[0] > 50 * math.log10(high / low)
        for label, text in zip(self.few_label, ("D below", "200 B"), strict=True):
            label.x, label.text = high * (low / high) ** 0.03, text if roomy and not hidden else ""

    def _draw_plane(self, view: ScalingView) -> None:
        ends, hidden = np.array(SIZES), bool(view.no_loss)
        self.budget.set_data(ends, view.flop / training_flop(ends, ends))
        marks = []
        for optimum, (size, data) in zip(self.optima, (view.by_rule, view.by_hoffmann, view.by_besiroglu), strict=True):
            optimum.set_data(*([], []) if hidden else ([size], [data / size]))
            marks += [] if hidden else [self.room.box(size, data / size, 4)]
        own = np.clip(view.parameters, *ends), np.clip(view.tokens_per_parameter, *RATIOS)
        self.own_ratio.set_data(*([], []) if hidden else ([own[0]], [own[1]]))
        marks += [] if hidden else [self.room.box(*own, 5)]
        run = view.published
        self.ring.set_data(([run.parameters], [run.tokens / run.parameters]) if run else ([], []))
        marks += [self.room.box(run.parameters, run.tokens / run.parameters, 7)] if run else []
        self._write_names(view.flop, marks)

    def _write_names(self, flop: float, marks: list[Box]) -> None:
        """Write "your C" beside its line, and each run's name beside its mark, clear of that line and of the marks."""
        spots = []
        for ratio in BUDGET_LABEL:
            size = math.sqrt(flop / (6 * ratio))
            if SIZES[0] <= size <= SIZES[1]:
                spots += [Spot(size * 1.25, ratio), Spot(size / 1.25, ratio, "right")]
        self.room.clear()
        label = self.room.write(self.budget_label, "your C", spots)
        wide, high = self.room.scale
        start = self.room.box(SIZES[0], flop / training_flop(SIZES[0], SIZES[0]), 0)[1]

        def strikes(box: Box) -> bool:
            """Tell whether the falling line of equal compute goes through the box."""
            steep = 2 * high / wide
            return box[1] - 4 < start - steep * box[0] and start - steep * box[2] < box[3] + 4

        self.names.write(marks + ([label] if label else []), strikes)


def _size_in_words(size: float, power: bool) -> str:
    """Return a tick of the sizes: 10⁹ among powers of ten, 1 B beside 2 B and 5 B."""
    return "10" + f"{math.log10(size):.0f}".translate(RAISED) if power else format_count(size)


class WideScalingPicture(ScalingPicture):
    """The same with a loss axis that holds nearly every choice."""

    worst = LOSS_AXES[FAR]
