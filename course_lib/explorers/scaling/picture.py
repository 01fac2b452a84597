"""The picture of slide S4: the loss of every size at one compute, and your model among the published ones."""

from __future__ import annotations

import math
import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
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
    ORANGE,
    PURPLE,
    RED,
    RING,
    SKY,
    TITLE,
    Picture,
    powers_of_ten,
)
from course_lib.explorers.room import Box, Names, Room, Spot
from course_lib.explorers.scaling.view import FAR, LOSS_AXES, NEAR, ScalingView
from course_lib.scaling import BESIROGLU_2024, HOFFMANN_2022, MINIMUM_TOKENS, chinchilla_tokens
from course_lib.units import format_count, format_flop

SIZES = np.geomspace(3e7, 3e12, 81)
RATIOS = (0.4, 2e4)
BELOW = 0.26
"""The strip below the loss of 0 in which the distance of the two fits stands, as a share of the loss axis."""
REASON_LINES = (0.62, 0.52, 0.42)
"""Where the lines stand that say why there is no loss, as shares of the loss axis."""
PLANE = (0.535, 0.135, 0.45, 0.65)
BUDGET_LABEL = np.geomspace(1.2e4, 0.7, 16)
"""The tokens a parameter at which the line of equal compute may have its name."""

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

OVER, WITHIN, MIXTURE = "more than 20 tokens a parameter: over-trained", "20 or fewer", "mixture of experts, not judged"
KINDS = {OVER: (0.0, 1.5, "^", ORANGE), WITHIN: (0.0, 0.5, "o", SKY), MIXTURE: (0.34, 0.5, "P", PURPLE)}
"""Published runs by their tokens a parameter: place in the legend, shape and colour."""

NAMED_RUNS = {
    "Chinchilla 70B": ("Chinchilla", "right"),
    "Falcon 180B": ("Falcon 180B", "left"),
    "BLOOM 176B": ("BLOOM", ""),
    "GPT-3 175B": ("GPT-3", ""),
    "Gopher 280B": ("Gopher", ""),
    "PaLM 540B": ("PaLM", ""),
    "Llama 3.1 405B": ("Llama 3.1 405B", ""),
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
    """Left: the loss of every size at the chosen compute, by two fits.

    Right: tokens a parameter of the published runs, of the three optima and of your model.
    """

    heights = {"wide": 288}
    worst = LOSS_AXES[NEAR]
    """The upper end of the loss axis, in nats a token above the best."""

    def build(self, figure: Figure) -> None:
        """Draw what never changes (the published runs, the lines of the rule and the fits) and the artists that do."""
        self._build_legend(figure.add_axes((0.085, 0.80, 0.37, 0.13)))
        self._build_bowl(figure.add_axes((0.085, 0.135, 0.37, 0.65)))
        self._build_kinds(figure.add_axes((0.535, 0.80, 0.45, 0.13)))
        self._build_plane(figure.add_axes(PLANE))

    def _build_legend(self, axes: Axes) -> None:
        axes.set(xlim=(0, 1), ylim=(0, 2))
        axes.axis("off")
        words = self.labels(axes)
        self.title = words.add(0, 2.33, level="baseline", size=TITLE)
        self.legend = {}
        entries = {"by_hoffmann": HOFFMANN_LINE, "by_besiroglu": BESIROGLU_LINE, "by_rule": RULE_LINE, "own": OWN_MARK}
        for place, (name, style) in enumerate(entries.items()):
            x, y = 0.53 * (place % 2), 1.5 - place // 2
            if name == "own":
                axes.plot([x + 0.035], [y], **style)
            else:
                axes.plot([x, x + 0.035, x + 0.07], [y, y, y], markevery=[1], **style)
            self.legend[name] = words.add(x + 0.095, y)

    def _build_kinds(self, axes: Axes) -> None:
        axes.set(xlim=(0, 1), ylim=(0, 2))
        axes.axis("off")
        words = self.still_labels(axes)
        words.add(0, 2.33, text="Published runs, the optima, and yours", level="baseline", size=TITLE)
        for label, (x, y, marker, colour) in KINDS.items():
            axes.plot([x + 0.015], [y], marker, color=colour, **RUN)
            words.add(x + 0.04, y, text=label)

    def _build_bowl(self, axes: Axes) -> None:
        low, ticks = -BELOW * self.worst, np.linspace(0, self.worst, 4 if self.worst < 0.1 else 5)
        axes.set(xscale="log", xlim=(SIZES[0], SIZES[-1]), ylim=(low, self.worst), yticks=ticks)
        axes.plot(SIZES[[0, -1]], [0, 0], color=FAINT, linewidth=1, zorder=0)
        powers_of_ten(axes.xaxis)
        axes.set(xlabel="parameters P", ylabel="loss above the best (nats a token)")
        few = Rectangle((1, 0), 1, 2, facecolor=FAINT, alpha=0.45, edgecolor="none")
        axes.add_patch(few)
        self.few = self.moving(few)
        self.rule = self.moving(*axes.plot([1, 1], [0, self.worst], **RULE_LINE | BARE))
        fits = (HOFFMANN_LINE, BESIROGLU_LINE)
        self.curves = [self.moving(*axes.plot([], [], **style | BARE)) for style in fits]
        self.best = [self.moving(*axes.plot([], [], **style | UNLINED, clip_on=False)) for style in fits]
        self.own = self.moving(*axes.plot([], [], **OWN_MARK, clip_on=False))
        words = self.labels(axes)
        self.few_label = [
            words.add(SIZES[-1] / 1.2, height * self.worst, side="right", halo=True) for height in (0.14, 0.06)
        ]
        self.apart = self.moving(*axes.plot([], [], "|-", color=INK, linewidth=1.2, markersize=6))
        self.apart_label = words.add(math.sqrt(SIZES[0] * SIZES[-1]), 0.69 * low, side="center")
        self.reason = [
            words.add(math.sqrt(SIZES[0] * SIZES[-1]), height * self.worst, side="center") for height in REASON_LINES
        ]

    def _build_plane(self, axes: Axes) -> None:
        axes.set(xscale="log", yscale="log", xlim=(SIZES[0], SIZES[-1]), ylim=RATIOS)
        powers_of_ten(axes.xaxis, axes.yaxis)
        axes.set(xlabel="parameters P", ylabel="tokens a parameter D/P")
        self.room = Room((SIZES[0], RATIOS[0]), (SIZES[-1], RATIOS[1]), (720 * PLANE[2], 288 * PLANE[3]))
        few = MINIMUM_TOKENS / SIZES
        axes.fill_between(SIZES, few, RATIOS[0], where=few > RATIOS[0], color=FAINT, alpha=0.45, linewidth=0, zorder=0)
        budgets = np.geomspace(1e17, 1e29, 60)
        for fit, style in ((HOFFMANN_2022, HOFFMANN_LINE), (BESIROGLU_2024, BESIROGLU_LINE)):
            size, data = fit.optimal(budgets)
            axes.plot(size, data / size, **style | BARE, zorder=1)
            self.room.take_line(size, data / size)
        axes.plot(SIZES, chinchilla_tokens(SIZES) / SIZES, **RULE_LINE | BARE, zorder=1)
        self.room.take_line(SIZES, chinchilla_tokens(SIZES) / SIZES)
        self._build_runs(axes)
        (budget,) = axes.plot([], [], color=GREEN, linewidth=1.4)
        (ring,) = axes.plot([], [], **RING)
        self.budget, self.ring = self.moving(budget), self.moving(ring)
        styles = (RULE_LINE, HOFFMANN_LINE, BESIROGLU_LINE)
        self.optima = [self.moving(*axes.plot([], [], **style | UNLINED)) for style in styles]
        self.own_ratio = self.moving(*axes.plot([], [], **OWN_MARK, clip_on=False))
        self._build_names(axes)

    def _build_runs(self, axes: Axes) -> None:
        for run in catalog.training_runs().values():
            _, _, marker, colour = KINDS[kind_of(run)]
            axes.plot([run.parameters], [run.tokens / run.parameters], marker, color=colour, zorder=2, **RUN)
            self.room.take(run.parameters, run.tokens / run.parameters, (4, 4, 4, 4), room.MARK)

    def _build_names(self, axes: Axes) -> None:
        """Make the names, which give way to the line of equal compute and to the marks that move."""
        words = self.labels(axes)
        words.add(3.6e7, 2750, text="D = 200 B tokens", level="baseline", turned=-31.6, halo=True)
        self.room.take(3.6e7, 2750, (2, 48, 72, 8), room.TEXT)
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
        self._draw_bowl(view)
        self._draw_plane(view)

    def _draw_legend(self, view: ScalingView) -> None:
        self.title.text = f"Loss of each size at C = {format_flop(view.flop)}"
        if view.no_loss:
            self.title.text = "No loss, and no best size, for this run"
            for label, name in zip(self.legend.values(), ("Hoffmann 2022", "Besiroglu 2024", "D = 20P"), strict=False):
                label.text = name
            self.legend["own"].text = "yours"
            return
        seen = SIZES[0] <= view.parameters <= SIZES[-1] and max(view.loss_given_up) <= self.worst
        self.legend["by_hoffmann"].text = f"Hoffmann 2022: {format_count(view.by_hoffmann[0])}"
        self.legend["by_besiroglu"].text = f"Besiroglu 2024: {format_count(view.by_besiroglu[0])}"
        self.legend["by_rule"].text = f"D = 20P: {format_count(view.by_rule[0])}"
        self.legend["own"].text = f"yours: {format_count(view.parameters)}{'' if seen else ' (off map)'}"

    def _draw_bowl(self, view: ScalingView) -> None:
        lines = textwrap.wrap(view.no_loss, 42) or [""] * len(self.reason)
        for label, text in zip(self.reason, lines, strict=True):
            label.text = text
        hidden = bool(view.no_loss)
        fits = ((HOFFMANN_2022, view.by_hoffmann), (BESIROGLU_2024, view.by_besiroglu))
        for (fit, optimum), curve, best in zip(fits, self.curves, self.best, strict=True):
            seen = SIZES[0] <= optimum[0] <= SIZES[-1] and not hidden
            above = fit.iso_flop_loss(view.flop, SIZES) - fit.loss(*optimum)
            curve.set_data(SIZES, above)
            curve.set_visible(not hidden)
            best.set_data(([optimum[0]], [0]) if seen else ([], []))
        own = [np.clip(view.parameters, *SIZES[[0, -1]])] * 2, np.clip(view.loss_given_up, 0, self.worst)
        self.own.set_data(*own)
        self.own.set_visible(not hidden)
        self.rule.set_xdata([view.by_rule[0]] * 2)
        self.rule.set_visible(not hidden)
        edge = max(view.flop / training_flop(1, MINIMUM_TOKENS), SIZES[0])
        self.few.set_bounds(edge, 0, 0 if hidden else max(SIZES[-1] - edge, 0), 2)
        for label, text in zip(self.few_label, ("D below", "200 B"), strict=True):
            label.text = text if edge < SIZES[-1] / 10 and not hidden else ""
        self._draw_distance(view)

    def _draw_distance(self, view: ScalingView) -> None:
        """Say below the two best sizes how far apart they are, and whose they are."""
        ends = [view.by_hoffmann[0], view.by_besiroglu[0]]
        apart = f"{view.disagreement:.2g} times apart" if view.disagreement >= 1.05 else "in agreement"
        seen = SIZES[0] <= min(ends) and max(ends) <= SIZES[-1] and not view.no_loss
        self.apart.set_data(*(ends, [-0.32 * BELOW * self.worst] * 2) if seen else ([], []))
        self.apart_label.text = "" if view.no_loss else f"Hoffmann as printed and Besiroglu: {apart}"

    def _draw_plane(self, view: ScalingView) -> None:
        ends, hidden = SIZES[[0, -1]], bool(view.no_loss)
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
            if SIZES[0] <= size <= SIZES[-1]:
                spots += [Spot(size * 1.25, ratio), Spot(size / 1.25, ratio, "right")]
        self.room.clear()
        label = self.room.write(self.budget_label, "your C", spots)
        wide, high = self.room.scale
        start = self.room.box(SIZES[0], flop / training_flop(SIZES[0], SIZES[0]), 0)[1]

        def strikes(box: Box) -> bool:
            """Tell whether the falling line of equal compute goes through the box."""
            steep = 2 * high / wide
            return box[1] - 7 < start - steep * box[0] and start - steep * box[2] < box[3] + 7

        self.names.write(marks + ([label] if label else []), strikes)


class WideScalingPicture(ScalingPicture):
    """The same with a loss axis that holds nearly every choice."""

    worst = LOSS_AXES[FAR]
