"""The picture of slide S4: the loss of every size at one compute, and your model among the published ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_lib import catalog
from course_lib.compute_cost import training_flop
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
from course_lib.explorers.scaling.view import ScalingView
from course_lib.scaling import BESIROGLU_2024, HOFFMANN_2022, MINIMUM_TOKENS, TOKENS_PER_PARAMETER, chinchilla_tokens
from course_lib.units import format_count, format_flop

SIZES = np.geomspace(3e7, 3e12, 81)
RATIOS = (0.4, 2e4)
WORST = 0.2
"""The upper end of the loss axis, in nats a token above the best."""
BUDGET_LABEL = (1e4, 6.0)
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
OWN_MARK: Any = {"color": INK, "marker": "D", "markersize": 6.5, "markeredgecolor": "white", "linestyle": ""}
BARE, UNLINED = {"marker": ""}, {"linestyle": ""}

KINDS = (
    ("over-trained: 40 and more", (2 * TOKENS_PER_PARAMETER, math.inf), "^", ORANGE),
    ("near D = 20P", (TOKENS_PER_PARAMETER / 2, 2 * TOKENS_PER_PARAMETER), "o", SKY),
    ("under-trained: below 10", (0, TOKENS_PER_PARAMETER / 2), "v", PURPLE),
)
"""Published runs by their tokens a parameter, told apart by shape as well as by colour."""

NAMED_RUNS = {
    "Pythia 70M": ("Pythia 70M", 7, 3, "left"),
    "Pythia 1B": ("Pythia 1B", -6, -4, "right"),
    "Llama 2 7B": ("Llama 2 7B", -3, 12, "center"),
    "DeepSeek-V3 (37B active)": ("DeepSeek-V3", 7, 3, "left"),
    "Llama 3.1 405B": ("Llama 3.1 405B", 9, 9, "center"),
    "Falcon 180B": ("Falcon 180B", 4, -12, "left"),
    "Chinchilla 70B": ("Chinchilla", -2, -10, "right"),
    "GPT-3 175B": ("GPT-3", -6, -3, "right"),
    "BLOOM 176B": ("BLOOM", -6, 4, "right"),
    "PaLM 540B": ("PaLM", 7, 0, "left"),
    "Gopher 280B": ("Gopher", 0, -9, "center"),
}
"""The runs that the picture names: text, offset in points, alignment."""


class ScalingPicture(Picture):
    """Left: the loss of every size at the chosen compute, by two fits.

    Right: tokens a parameter of the published runs, of the three optima and of your model.
    """

    figure_size = (10.0, 4.0)

    def build(self, figure: Figure) -> None:
        """Draw what never changes (the published runs, the lines of the rule and the fits) and the artists that do."""
        self._build_legend(figure.add_axes((0.085, 0.80, 0.37, 0.13)))
        self._build_bowl(figure.add_axes((0.085, 0.135, 0.37, 0.65)))
        self._build_plane(figure.add_axes((0.535, 0.135, 0.45, 0.795)))

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

    def _build_bowl(self, axes: Axes) -> None:
        axes.set(xscale="log", xlim=(SIZES[0], SIZES[-1]), ylim=(-0.006, WORST), yticks=np.linspace(0, WORST, 5))
        powers_of_ten(axes.xaxis)
        axes.set(xlabel="parameters P", ylabel="loss above the best (nats a token)")
        few = Rectangle((1, -1), 1, 2, facecolor=FAINT, alpha=0.45, edgecolor="none")
        axes.add_patch(few)
        self.few = self.moving(few)
        self.rule = self.moving(axes.axvline(1, **RULE_LINE | BARE))
        fits = (HOFFMANN_LINE, BESIROGLU_LINE)
        self.curves = [self.moving(*axes.plot([], [], **style | BARE)) for style in fits]
        self.best = [self.moving(*axes.plot([], [], **style | UNLINED, clip_on=False)) for style in fits]
        self.own = self.moving(*axes.plot([], [], **OWN_MARK, clip_on=False))
        words = self.labels(axes)
        self.few_label = [
            words.add(SIZES[-1] / 1.2, height * WORST, side="right", halo=True) for height in (0.12, 0.05)
        ]

    def _build_plane(self, axes: Axes) -> None:
        axes.set(xscale="log", yscale="log", xlim=(SIZES[0], SIZES[-1]), ylim=RATIOS)
        powers_of_ten(axes.xaxis, axes.yaxis)
        axes.set(xlabel="parameters P", ylabel="tokens a parameter D/P", title="Published runs, the optima, and yours")
        few = MINIMUM_TOKENS / SIZES
        axes.fill_between(SIZES, few, RATIOS[0], where=few > RATIOS[0], color=FAINT, alpha=0.45, linewidth=0, zorder=0)
        budgets = np.geomspace(1e17, 1e29, 60)
        for fit, style in ((HOFFMANN_2022, HOFFMANN_LINE), (BESIROGLU_2024, BESIROGLU_LINE)):
            size, data = fit.optimal(budgets)
            axes.plot(size, data / size, **style | BARE, zorder=1)
        axes.plot(SIZES, chinchilla_tokens(SIZES) / SIZES, **RULE_LINE | BARE, zorder=1)
        self._build_runs(axes)
        (budget,) = axes.plot([], [], color=GREEN, linewidth=1.4)
        (ring,) = axes.plot([], [], **RING)
        self.budget, self.ring = self.moving(budget), self.moving(ring)
        styles = (RULE_LINE, HOFFMANN_LINE, BESIROGLU_LINE)
        self.optima = [self.moving(*axes.plot([], [], **style | UNLINED)) for style in styles]
        self.own_ratio = self.moving(*axes.plot([], [], **OWN_MARK, clip_on=False))
        self._build_names(axes)

    def _build_runs(self, axes: Axes) -> None:
        runs = catalog.training_runs().values()
        for row, (_, (low, high), marker, colour) in enumerate(KINDS):
            kind = [run for run in runs if low <= run.tokens / run.parameters < high]
            style: Any = {"color": colour, "ms": 6, "markeredgecolor": INK, "markeredgewidth": 0.6, "zorder": 2}
            axes.plot([run.parameters for run in kind], [run.tokens / run.parameters for run in kind], marker, **style)
            axes.plot([0.035], [0.145 - 0.055 * row], marker, **style, transform=axes.transAxes)

    def _build_names(self, axes: Axes) -> None:
        """Name what stays, above the lines that move across it."""
        words = self.labels(axes)
        to_pixels, to_data = axes.transData.transform, axes.transData.inverted().transform
        for row, (label, *_) in enumerate(KINDS):
            words.add(*to_data(axes.transAxes.transform((0.06, 0.145 - 0.055 * row))), text=label, halo=True)
        for name, (text, right, up, side) in NAMED_RUNS.items():
            run = catalog.training_run(name)
            place = to_pixels((run.parameters, run.tokens / run.parameters))
            place += np.array([right, up]) * axes.figure.dpi / 72
            words.add(*to_data(place), text=text, side=side, halo=True)
        words.add(3.6e7, 2750, text="D = 200 B tokens", level="baseline", turned=-36, halo=True)
        self.budget_label = words.add(1, 1, halo=True)

    def draw(self, view: ScalingView) -> None:
        """Move the curves, the three optima, the edge of 200 B tokens and your model."""
        self._draw_legend(view)
        self._draw_bowl(view)
        self._draw_plane(view)

    def _draw_legend(self, view: ScalingView) -> None:
        self.title.text = f"Loss of each size at C = {format_flop(view.flop)}"
        seen = SIZES[0] <= view.parameters <= SIZES[-1] and max(view.loss_given_up) <= WORST
        self.legend["by_hoffmann"].text = f"Hoffmann 2022: {format_count(view.by_hoffmann[0])}"
        self.legend["by_besiroglu"].text = f"Besiroglu 2024: {format_count(view.by_besiroglu[0])}"
        self.legend["by_rule"].text = f"D = 20P: {format_count(view.by_rule[0])}"
        self.legend["own"].text = f"yours: {format_count(view.parameters)}{'' if seen else ' (off map)'}"

    def _draw_bowl(self, view: ScalingView) -> None:
        fits = ((HOFFMANN_2022, view.by_hoffmann), (BESIROGLU_2024, view.by_besiroglu))
        for (fit, optimum), curve, best in zip(fits, self.curves, self.best, strict=True):
            curve.set_data(SIZES, fit.iso_flop_loss(view.flop, SIZES) - fit.loss(*optimum))
            best.set_data(([optimum[0]], [0]) if SIZES[0] <= optimum[0] <= SIZES[-1] else ([], []))
        self.own.set_data([np.clip(view.parameters, *SIZES[[0, -1]])] * 2, np.clip(view.loss_given_up, 0, WORST))
        self.rule.set_xdata([view.by_rule[0]] * 2)
        edge = max(view.flop / training_flop(1, MINIMUM_TOKENS), SIZES[0])
        self.few.set_bounds(edge, -1, max(SIZES[-1] - edge, 0), 2)
        for label, text in zip(self.few_label, ("D below", "200 B"), strict=True):
            label.text = text if edge < SIZES[-1] / 10 else ""

    def _draw_plane(self, view: ScalingView) -> None:
        ends = SIZES[[0, -1]]
        self.budget.set_data(ends, view.flop / training_flop(ends, ends))
        for optimum, (size, data) in zip(self.optima, (view.by_rule, view.by_hoffmann, view.by_besiroglu), strict=True):
            optimum.set_data([size], [data / size])
        self.own_ratio.set_data([np.clip(view.parameters, *ends)], [np.clip(view.tokens_per_parameter, *RATIOS)])
        run = view.published
        self.ring.set_data(([run.parameters], [run.tokens / run.parameters]) if run else ([], []))
        self._name_budget(view.flop)

    def _name_budget(self, flop: float) -> None:
        """Write "your C" beside its line: where that comes in from above, or else over the legend."""
        label = self.budget_label
        label.text = ""
        for ratio in BUDGET_LABEL:
            size = math.sqrt(flop / (6 * ratio))
            if SIZES[0] <= size <= SIZES[-1]:
                label.text, label.y = "your C", ratio
                label.side, label.x = ("left", size * 1.25) if size < SIZES[-1] / 5 else ("right", size / 1.25)
                return
