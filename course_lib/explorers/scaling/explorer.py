"""The explorer of slide S4: a bound on compute, data or inference cost in; P and D, and what they give up, out."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_lib import catalog
from course_lib.compute_cost import forward_flop, training_flop
from course_lib.explorers.base import Explorer
from course_lib.explorers.controls import Magnitude, choice
from course_lib.explorers.picture import BLUE, FAINT, GREEN, INK, LABEL_BOX, ORANGE, PURPLE, RED, SKY
from course_lib.scaling import (
    BESIROGLU_2024,
    HOFFMANN_2022,
    MINIMUM_TOKENS,
    TOKENS_PER_PARAMETER,
    ModelChoice,
    chinchilla_tokens,
    compute_optimal,
    largest_model_within,
)
from course_lib.units import format_count, format_flop, format_number

OWN = "your own numbers"
WAYS = {"compute budget": "flop", "data at hand": "tokens", "inference cost": "inference_flop_per_token"}
BOUNDS = {
    "flop": ("Compute C, FLOP", 5.76e23, 1e18, 1e26),
    "tokens": ("Data D, tokens", 1e12, 1e9, 1e14),
    "inference_flop_per_token": ("FLOP per token", 16e9, 1e8, 5e12),
}
"""Each bound's label, its first value, and the least and the largest that may be typed."""

SIZES = np.geomspace(3e7, 3e12, 81)
RATIOS = (0.4, 2e4)
WORST = 0.2
"""The upper end of the loss axis, in nats a token above the best."""

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

KINDS = (
    ("over-trained: 40 and more", (2 * TOKENS_PER_PARAMETER, math.inf), "^", ORANGE),
    ("near D = 20P", (TOKENS_PER_PARAMETER / 2, 2 * TOKENS_PER_PARAMETER), "o", SKY),
    ("under-trained: below 10", (0, TOKENS_PER_PARAMETER / 2), "v", PURPLE),
)
"""Published runs by their tokens a parameter, told apart by shape as well as by colour."""

NAMED_RUNS = {
    "Pythia 70M": ("Pythia 70M", 7, 3, "left"),
    "Pythia 1B": ("Pythia 1B", -6, -4, "right"),
    "Llama 2 7B": ("Llama 2 7B", -3, 8, "center"),
    "DeepSeek-V3 (37B active)": ("DeepSeek-V3", 7, 3, "left"),
    "Llama 3.1 405B": ("Llama 3.1 405B", 9, 9, "center"),
    "Falcon 180B": ("Falcon 180B", 4, -8, "left"),
    "Chinchilla 70B": ("Chinchilla", -2, -9, "right"),
    "GPT-3 175B": ("GPT-3", -6, -3, "right"),
    "BLOOM 176B": ("BLOOM", -6, 4, "right"),
    "PaLM 540B": ("PaLM", 7, 0, "left"),
    "Gopher 280B": ("Gopher", 0, -9, "center"),
}
"""The runs that the picture names: text, offset in points, alignment."""


@dataclass(frozen=True)
class ScalingView:
    """What the explorer shows: the chosen model, the three optima at the same compute, and what the choice gives up.

    An optimum is a pair (P, D). `loss_given_up` is in nats a token above each fit's own best, Hoffmann's first.
    `cheapest` reaches the choice's loss at the least compute, by Besiroglu's fit; the two ratios compare with it.
    """

    parameters: float
    tokens: float
    flop: float
    inference: float
    tokens_per_parameter: float
    by_rule: tuple[float, float]
    by_hoffmann: tuple[float, float]
    by_besiroglu: tuple[float, float]
    disagreement: float
    loss_given_up: tuple[float, float]
    cheapest: tuple[float, float]
    training_ratio: float
    inference_ratio: float
    enough_tokens: bool
    run: str | None
    sentence: str


def chosen_model(
    way: str, flop: float, tokens: float, inference_flop_per_token: float, tokens_per_parameter: float
) -> ModelChoice:
    """Return the model that one of the three bounds gives; `way` says which, and the other two have no part in it.

    Errors: `ValueError` for an unknown way, else as `scaling.largest_model_within`.
    """
    bounds = {"flop": flop, "tokens": tokens, "inference_flop_per_token": inference_flop_per_token}
    if way not in WAYS:
        raise ValueError(f"way must be one of {', '.join(WAYS)}; got {way!r}")
    bound = {WAYS[way]: bounds[WAYS[way]]}
    return largest_model_within(**bound, tokens_per_parameter=tokens_per_parameter)


def bounds_of(model: ModelChoice) -> dict[str, float]:
    """Return the values of all three bounds for one model: each way of choosing then gives this model."""
    inference = forward_flop(model.parameters, 1)
    return {"flop": model.flop, "tokens": model.tokens, "inference_flop_per_token": inference}


def scaling_view(
    way: str,
    flop: float,
    tokens: float,
    inference_flop_per_token: float,
    tokens_per_parameter: float,
    preset: str = OWN,
) -> ScalingView:
    """Return what the explorer shows for its controls' values; `preset` may name the published run they stand for.

    Errors: `ValueError` or `TypeError` as `scaling` raises them.
    """
    chosen = chosen_model(way, flop, tokens, inference_flop_per_token, tokens_per_parameter)
    size, data, cost = chosen.parameters, chosen.tokens, chosen.flop
    hoffmann, besiroglu = HOFFMANN_2022.optimal(cost), BESIROGLU_2024.optimal(cost)
    given_up = (
        HOFFMANN_2022.loss(size, data) - HOFFMANN_2022.loss(*hoffmann),
        BESIROGLU_2024.loss(size, data) - BESIROGLU_2024.loss(*besiroglu),
    )
    cheapest = BESIROGLU_2024.cheapest_for_loss(BESIROGLU_2024.loss(size, data))
    view = {
        "parameters": size,
        "tokens": data,
        "flop": cost,
        "inference": forward_flop(size, 1),
        "tokens_per_parameter": tokens_per_parameter,
        "by_rule": compute_optimal(cost),
        "by_hoffmann": hoffmann,
        "by_besiroglu": besiroglu,
        "disagreement": max(hoffmann[0] / besiroglu[0], besiroglu[0] / hoffmann[0]),
        "loss_given_up": given_up,
        "cheapest": cheapest,
        "training_ratio": cost / training_flop(*cheapest),
        "inference_ratio": size / cheapest[0],
        "enough_tokens": data >= MINIMUM_TOKENS * (1 - 1e-9),
        "run": preset if preset in catalog.training_runs() else None,
    }
    return ScalingView(**view, sentence=_sentence(way, view))


def _sentence(way: str, view: dict[str, Any]) -> str:
    rule, hoffmann, besiroglu = (format_count(view[by][0]) for by in ("by_rule", "by_hoffmann", "by_besiroglu"))
    apart, loss = view["disagreement"], view["loss_given_up"][1]
    given_up = f"{loss:.3f}" if loss >= 0.0005 else "less than 0.001"
    few = "" if view["enough_tokens"] else " (below 200 B)"
    fits = f"{apart:.2g} times apart" if apart >= 1.05 else "in agreement"
    parts = [
        f"{view['run'] or f'From the {way}'}: {format_count(view['parameters'])} parameters on "
        f"{format_count(view['tokens'])} tokens{few}, {format_number(view['tokens_per_parameter'])} a parameter; "
        f"{format_flop(view['flop'])} to train, {format_flop(view['inference']).removesuffix(' FLOP')} a token to use.",
        f"Best P for this C: {rule} by D = 20P, {hoffmann} by Hoffmann and {besiroglu} by Besiroglu, {fits}.",
        f"By Besiroglu your loss is {given_up} nats a token above the best;",
    ]
    if view["training_ratio"] < 1.05:
        parts.append("at the same loss you could save less than 5 % of your compute.")
    else:
        cheaper, more = (format_count(count) for count in view["cheapest"])
        training, inference = (format_number(view[ratio], 2) for ratio in ("training_ratio", "inference_ratio"))
        parts.append(
            f"{cheaper} on {more} tokens do as well; yours costs {training} times as much to train, "
            f"{inference} times to use."
        )
    return " ".join(parts)


def run_values(run: str) -> dict[str, float]:
    """Return the control values that stand for a published run of the catalog; none for any other text."""
    published = catalog.training_runs().get(run)
    if published is None:
        return {}
    size, data = float(published.parameters), float(published.tokens)
    bounds = bounds_of(ModelChoice(size, data, training_flop(size, data), way="data"))
    return bounds | {"tokens_per_parameter": data / size}


class ScalingExplorer(Explorer):
    """P and D chosen in three ways: from a compute budget, from the data at hand, or from the inference cost.

    Left: the loss of every size at the chosen compute, by two fits. Right: tokens a parameter of the published runs,
    of the three optima and of your model. Changing the way keeps the model and changes what stays fixed.
    Initial values by name: preset, way, flop, tokens, inference_flop_per_token, tokens_per_parameter.
    """

    view = staticmethod(scaling_view)
    figure_size = (8.4, 3.3)

    def make_controls(self) -> dict[str, widgets.Widget]:
        """Return the controls; of the three bounds, the one of the chosen way is shown."""
        bounds = {name: Magnitude(*limits) for name, limits in BOUNDS.items()}
        controls = {
            "preset": choice("Start from", [OWN, *catalog.training_runs()], OWN),
            "way": choice("Choose P from", WAYS, "compute budget"),
            **bounds,
            "tokens_per_parameter": Magnitude("Tokens/parameter", TOKENS_PER_PARAMETER, 1, 10_000),
        }
        self.follow(controls, "preset", OWN, run_values, (*bounds, "tokens_per_parameter"))
        controls["way"].observe(self._follow_way, "value")
        for name, bound in bounds.items():
            bound.layout.display = None if name == "flop" else "none"
        return controls

    def _follow_way(self, change: Any) -> None:
        """Show the bound of the new way, with the value that keeps the model as far as its range goes."""
        now = WAYS[change["new"]]
        values = self.values() | {"way": change["old"]}
        with self.hold():
            with suppress(ValueError):
                known = run_values(values.pop("preset")) or bounds_of(chosen_model(**values))
                self._set({now: min(max(known[now], BOUNDS[now][2]), BOUNDS[now][3])})
            for name in BOUNDS:
                bound = self.controls[name]
                bound.problem = ""
                if bound.problem:  # its value, not only its text, is out of range, and soon out of sight
                    bound.value = BOUNDS[name][1]
                bound.layout.display = None if name == now else "none"

    def build(self, figure: Figure) -> None:
        """Draw what never changes (the published runs, the lines of the rule and the fits) and the artists that do."""
        self._build_legend(figure.add_axes((0.085, 0.80, 0.37, 0.13)))
        self._build_bowl(figure.add_axes((0.085, 0.145, 0.37, 0.64)))
        self._build_plane(figure.add_axes((0.535, 0.145, 0.455, 0.785)))

    def _build_legend(self, axes: Any) -> None:
        axes.set(xlim=(0, 1), ylim=(0, 2))
        axes.axis("off")
        self._title = self.moving(axes.set_title(""))
        self._legend = {}
        entries = {"by_hoffmann": HOFFMANN_LINE, "by_besiroglu": BESIROGLU_LINE, "by_rule": RULE_LINE, "own": OWN_MARK}
        for place, (name, style) in enumerate(entries.items()):
            x, y = 0.53 * (place % 2), 1.5 - place // 2
            if name == "own":
                axes.plot([x + 0.035], [y], **style)
            else:
                axes.plot([x, x + 0.035, x + 0.07], [y, y, y], markevery=[1], **style)
            self._legend[name] = self.moving(axes.text(x + 0.095, y, "", fontsize=8, va="center_baseline"))

    def _build_bowl(self, axes: Any) -> None:
        axes.set(xscale="log", xlim=(SIZES[0], SIZES[-1]), ylim=(-0.006, WORST))
        axes.set(xlabel="parameters P", ylabel="loss above the best\n(nats a token)")
        few = Rectangle((1, -1), 1, 2, facecolor=FAINT, alpha=0.45, edgecolor="none")
        self._few = self.moving(axes.add_patch(few))
        self._few_label = self.moving(
            axes.text(1, 0.96 * WORST, "D below\n200 B", fontsize=7.5, color=INK, va="top", bbox=LABEL_BOX)
        )
        self._rule = self.moving(axes.axvline(1, **RULE_LINE | {"marker": ""}))
        self._curves = [
            self.moving(*axes.plot([], [], **style | {"marker": ""})) for style in (HOFFMANN_LINE, BESIROGLU_LINE)
        ]
        self._best = [
            self.moving(*axes.plot([], [], **style | {"linestyle": ""}, clip_on=False))
            for style in (HOFFMANN_LINE, BESIROGLU_LINE)
        ]
        self._own = self.moving(*axes.plot([], [], **OWN_MARK, clip_on=False))

    def _build_plane(self, axes: Any) -> None:
        axes.set(xscale="log", yscale="log", xlim=(SIZES[0], SIZES[-1]), ylim=RATIOS)
        axes.set(xlabel="parameters P", ylabel="tokens a parameter D/P", title="Published runs, the optima, and yours")
        few = MINIMUM_TOKENS / SIZES
        axes.fill_between(SIZES, few, RATIOS[0], where=few > RATIOS[0], color=FAINT, alpha=0.45, linewidth=0, zorder=0)
        axes.text(3.6e7, 2200, "D = 200 B tokens", fontsize=7.5, color=INK, rotation=-30, rotation_mode="anchor")
        budgets = np.geomspace(1e17, 1e28, 60)
        for fit, style in ((HOFFMANN_2022, HOFFMANN_LINE), (BESIROGLU_2024, BESIROGLU_LINE)):
            size, data = fit.optimal(budgets)
            axes.plot(size, data / size, **style | {"marker": ""}, zorder=1)
        axes.plot(SIZES, chinchilla_tokens(SIZES) / SIZES, **RULE_LINE | {"marker": ""}, zorder=1)
        self._published(axes)
        (budget,) = axes.plot([], [], color=GREEN, linewidth=1.4)
        (ring,) = axes.plot([], [], "o", color="none", markersize=13, markeredgecolor=INK, markeredgewidth=1.5)
        self._budget, self._ring = self.moving(budget), self.moving(ring)
        self._budget_label = self.moving(axes.text(1, 1, "your C", fontsize=7.5, color=INK, bbox=LABEL_BOX))
        self._optima = [
            self.moving(*axes.plot([], [], **style | {"linestyle": ""}))
            for style in (RULE_LINE, HOFFMANN_LINE, BESIROGLU_LINE)
        ]
        self._own_ratio = self.moving(*axes.plot([], [], **OWN_MARK))

    def _published(self, axes: Any) -> None:
        runs = catalog.training_runs().values()
        for label, (low, high), marker, colour in KINDS:
            kind = [run for run in runs if low <= run.tokens / run.parameters < high]
            size = [run.parameters for run in kind]
            ratio = [run.tokens / run.parameters for run in kind]
            style = {"color": colour, "ms": 6, "markeredgecolor": INK, "markeredgewidth": 0.6, "label": label}
            axes.plot(size, ratio, marker, zorder=2, **style)
        for name, (text, x, y, side) in NAMED_RUNS.items():
            run = catalog.training_run(name)
            place = (run.parameters, run.tokens / run.parameters)
            axes.annotate(text, place, (x, y), textcoords="offset points", ha=side, va="center", fontsize=7.5)
        axes.legend(loc="lower left", fontsize=7.5, handletextpad=0.1, borderaxespad=0.1, labelspacing=0.3)

    def draw(self, view: ScalingView) -> None:
        """Move the curves, the three optima, the edge of 200 B tokens and your model."""
        size = np.clip(view.parameters, SIZES[0], SIZES[-1])
        fits = ((HOFFMANN_2022, view.by_hoffmann), (BESIROGLU_2024, view.by_besiroglu))
        for (fit, optimum), curve, best in zip(fits, self._curves, self._best, strict=True):
            curve.set_data(SIZES, fit.iso_flop_loss(view.flop, SIZES) - fit.loss(*optimum))
            best.set_data(([optimum[0]], [0]) if SIZES[0] <= optimum[0] <= SIZES[-1] else ([], []))
        self._own.set_data([size, size], np.clip(view.loss_given_up, 0, WORST))
        self._rule.set_xdata([view.by_rule[0]] * 2)
        edge = view.flop / training_flop(1, MINIMUM_TOKENS)
        self._few.set_bounds(max(edge, SIZES[0]), -1, max(SIZES[-1] - edge, 0), 2)
        self._few_label.set_x(max(edge, SIZES[0]) * 1.15)
        self._few_label.set_visible(edge < SIZES[-1] / 10)
        self._title.set_text(f"Loss of each size at C = {format_flop(view.flop)}")
        seen = size == view.parameters and max(view.loss_given_up) <= WORST
        texts = {
            "by_hoffmann": f"Hoffmann 2022: {format_count(view.by_hoffmann[0])}",
            "by_besiroglu": f"Besiroglu 2024: {format_count(view.by_besiroglu[0])}",
            "by_rule": f"D = 20P: {format_count(view.by_rule[0])}",
            "own": f"yours: {format_count(view.parameters)}{'' if seen else ' (off map)'}",
        }
        for name, text in texts.items():
            self._legend[name].set_text(text)
        ends = SIZES[[0, -1]]
        self._budget.set_data(ends, view.flop / training_flop(ends, ends))
        for optimum, (parameters, tokens) in zip(
            self._optima, (view.by_rule, view.by_hoffmann, view.by_besiroglu), strict=True
        ):
            optimum.set_data([parameters], [tokens / parameters])
        self._own_ratio.set_data([size], [np.clip(view.tokens_per_parameter, *RATIOS)])
        run = catalog.training_runs().get(view.run or "")
        self._ring.set_data(([run.parameters], [run.tokens / run.parameters]) if run else ([], []))
        top = math.sqrt(view.flop / (6 * 0.5 * RATIOS[1]))
        self._budget_label.set_position((top, 0.5 * RATIOS[1]))
        self._budget_label.set_visible(bool(SIZES[0] <= top <= SIZES[-1] / 3))
