"""The picture of the capstone: the plan among published runs and its bounds, its days and memory, the rules broken."""

from __future__ import annotations

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
    MUTED,
    ORANGE,
    PART_COLOURS,
    PUBLISHED,
    PURPLE,
    RED,
    RING,
    SMALL,
    TITLE,
    Picture,
    part_bars,
    powers_of_ten,
    stack,
)
from course_lib.explorers.plan.view import PlanView
from course_lib.explorers.room import LETTER, LINE, Room, Spot
from course_lib.memory import PART_NAMES
from course_lib.plan import TrainingPlan, memory_on_each
from course_lib.scaling import MINIMUM_TOKENS, chinchilla_tokens
from course_lib.units import format_bytes, format_number

SIZES, TOKENS = np.array([3e7, 3e12]), np.array([3e9, 1e14])
"""The parameters and tokens from one edge of the map to the other."""

UPWARDS, LEFTWARDS = np.geomspace(4e9, 6e12, 12), np.geomspace(2.6e12, 3e8, 12)
"""Where a bound may have its name along its line, first where there is most often room."""

MAP, MAP_POINTS = (0.07, 0.155, 0.425, 0.755), (306, 190)
"""The place of the map in the figure, and its size in points."""


class PlanPicture(Picture):
    """Left: the plan on a map of published runs, with what bounds it. Right: days, memory, and the rules broken."""

    heights = {"wide": 252}

    def build(self, figure: Figure) -> None:
        """Draw what never changes (the published runs, the two rules) and the artists that do."""
        self.map = PlanMap(self, figure.add_axes(MAP))
        self._build_bars(figure)
        figure.text(0.56, 0.27, "Rules of the lecture broken", fontsize=TITLE, color=INK)
        places = [(0.572 + 0.215 * column, 0.2 - 0.062 * row) for row in range(4) for column in range(2)]
        words = self.labels(None)
        self.rules = [words.add(x, y, level="baseline") for x, y in places]
        self.marks = [words.add(x - 0.012, y, level="baseline", color=RED, bold=True) for x, y in places]

    def _build_bars(self, figure: Figure) -> None:
        time, memory = figure.add_axes((0.56, 0.83, 0.425, 0.065)), figure.add_axes((0.56, 0.595, 0.425, 0.08))
        for axes in (time, memory):
            axes.set(xlim=(0, 1), ylim=(0, 1))
            axes.axis("off")
        time.add_patch(Rectangle((0, 0), 1, 1, facecolor="white", edgecolor=MUTED))
        used = Rectangle((0, 0), 1, 1, facecolor=BLUE, edgecolor=INK, linewidth=0.6)
        time.add_patch(used)
        self.time = self.moving(used)
        self.parts = part_bars(memory, 0.2, 0.6)
        self.moving(*self.parts)
        (self.capacity,) = memory.plot([], [], color=INK, linewidth=2, solid_capstyle="butt")
        self.moving(self.capacity)
        words = self.labels(None)
        self.time_title, self.memory_title = (words.add(0.56, y, level="baseline", size=TITLE) for y in (0.93, 0.7))
        self.hours, self.recipe = (words.add(0.56, y, level="baseline") for y in (0.775, 0.345))
        self.amounts = []
        # The slide's four components side by side, each with its amount below its name; below them the working memory.
        places = [(x, 0.53, 0, 0.465) for x in (0.56, 0.675, 0.775, 0.875)] + [(0.56, 0.405, 0.125, 0.405)]
        for name, colour, (x, y, beside, amount) in zip(PART_NAMES.values(), PART_COLOURS, places, strict=True):
            figure.add_artist(Rectangle((x, y - 0.005), 0.01, 0.042, facecolor=colour, edgecolor=INK, linewidth=0.5))
            figure.text(x + 0.015, y, name, fontsize=SMALL, color=INK)
            self.amounts.append(words.add(x + 0.015 + beside, amount, level="baseline"))

    def draw(self, view: PlanView) -> None:
        """Move the plan and its bounds, fill the two bars and list the rules broken."""
        self.map.draw(view.plan, view.published)
        self._draw_bars(view.plan)
        titles = view.broken or ("none",)
        for place, (rule, mark) in enumerate(zip(self.rules, self.marks, strict=True)):
            rule.text = titles[place] if place < len(titles) else ""
            mark.text = "!" if place < len(view.broken) else ""

    def _draw_bars(self, plan: TrainingPlan) -> None:
        have, setup, memory = plan.resources, plan.setup, plan.setup.memory()
        self.time_title.text = f"Time: {format_number(plan.days)} of {format_number(have.days)} days"
        self.time.set_width(min(plan.days / have.days, 1))
        self.hours.text = f"{format_number(plan.hours)} accelerator-hours; money: {format_number(plan.cost)}"
        self.memory_title.text = f"Memory on each: {memory_on_each(plan)}"
        stage = f", stage {setup.stage}" if setup.stage else ""
        self.recipe.text = f"{setup.optimizer}, {setup.batch:,} at a time, {setup.recomputation}{stage}"
        limit = 1.02 * max(memory.total, setup.capacity)
        sizes = [getattr(memory, part) for part in PART_NAMES]
        stack(self.parts, [size / limit for size in sizes])
        for amount, size in zip(self.amounts, sizes, strict=True):
            amount.text = format_bytes(size)
        self.capacity.set_data([setup.capacity / limit] * 2, [0, 1])


class PlanMap:
    """The plan among published runs by parameters and tokens, and the lines that bound it, each with its name."""

    def __init__(self, picture: Picture, axes: Axes) -> None:
        """Lay the map into the axes."""
        axes.set(xscale="log", yscale="log", xlim=SIZES, ylim=TOKENS)
        powers_of_ten(axes.xaxis, axes.yaxis)
        axes.set(xlabel="parameters P", ylabel="tokens D", title="Your plan (diamond) among published runs")
        axes.fill_between(SIZES, TOKENS[0], MINIMUM_TOKENS, color=FAINT, alpha=0.45, linewidth=0, zorder=0)
        axes.text(3.5e7, 1.75e11, "fewer than 200 B tokens", fontsize=SMALL, color=INK, va="top")
        axes.plot(SIZES, chinchilla_tokens(SIZES), ":", color=INK, linewidth=1.4, zorder=1)
        axes.text(1.4e9, 2.15e10, "D = 20P", size=SMALL, color=INK, rotation=34, rotation_mode="anchor", va="top")
        runs = catalog.training_runs().values()
        axes.plot([r.parameters for r in runs], [r.tokens for r in runs], **PUBLISHED)
        (self.budget,) = axes.plot([], [], color=GREEN, linewidth=1.4)
        (self.most_parameters,) = axes.plot([], [], "--", color=PURPLE, linewidth=1.4)
        (self.most_tokens,) = axes.plot([], [], "--", color=ORANGE, linewidth=1.4)
        (self.ring,) = axes.plot([], [], **RING)
        (self.own,) = axes.plot([], [], "D", color=RED, markersize=8, markeredgecolor="white")
        picture.moving(self.budget, self.most_parameters, self.most_tokens, self.ring, self.own)
        words = picture.labels(axes)
        self.budget_label, self.tokens_label, self.run_label = (words.add(1, 1, halo=True) for _ in range(3))
        self.parameters_label = words.add(1, 1, level="baseline", halo=True, turned=90)
        self.own_label = words.add(1, 1, halo=True, color=RED, bold=True)
        self._room = Room((SIZES[0], TOKENS[0]), (SIZES[1], TOKENS[1]), MAP_POINTS)
        self._room.take(3.5e7, 1.75e11, (0, LINE, 23 * LETTER, 0), room.TEXT)
        self._room.take(1.4e9, 2.15e10, (0, 9, 39, 23), room.TEXT)
        for run in runs:
            self._room.take(run.parameters, run.tokens, (3, 3, 3, 3), room.DOT)
        self._room.keep()

    def draw(self, plan: TrainingPlan, published: TrainingRun | None) -> None:
        """Move the plan, the ring around the published run and the bounds, and name them where there is room."""
        self._room.clear()
        have = plan.resources
        flop = have.flop / (1 + plan.setup.recomputed_flop())
        bounds = have.largest_models(flop).items()
        most = min(size for bound, size in bounds if bound not in ("compute", "data"))
        self._mark(plan, published)
        self.budget.set_data(SIZES, flop / training_flop(SIZES, 1))
        self._room.write(self.budget_label, "your compute", _along(flop))
        self._name(plan, published)
        inside = bool(SIZES[0] < most < SIZES[1])
        self.most_parameters.set_data([most] * 2 if inside else [], TOKENS if inside else [])
        spots = [Spot(most * 1.12, y) for y in UPWARDS]  # so the line goes through the letters, and not below them
        self._room.write(self.parameters_label, "P at most" if inside else "", spots)
        inside = bool(TOKENS[0] < have.most_tokens < TOKENS[1])
        self.most_tokens.set_data(SIZES if inside else [], [have.most_tokens] * 2 if inside else [])
        spots = [Spot(x, have.most_tokens, "right") for x in LEFTWARDS]
        self._room.write(self.tokens_label, "D at most" if inside else "", spots)

    def _mark(self, plan: TrainingPlan, published: TrainingRun | None) -> None:
        x, y = _on_the_map(plan)
        self.own.set_data([x], [y])
        self._room.take(x, y, (6, 6, 6, 6), room.MARK)
        self.ring.set_data(([published.parameters], [published.tokens]) if published else ([], []))
        if published:
            self._room.take(published.parameters, published.tokens, (7, 7, 7, 7), room.MARK)

    def _name(self, plan: TrainingPlan, published: TrainingRun | None) -> None:
        x, y = _on_the_map(plan)
        off = (x, y) != (plan.parameters, plan.tokens)
        self._room.write(self.own_label, "off this map" if off else "", _beside(x, y, right=x < 1e9))
        spots = _beside(published.parameters, published.tokens, published.parameters < 1e11) if published else []
        self._room.write(self.run_label, published.name if published else "", spots)


def _on_the_map(plan: TrainingPlan) -> tuple[float, float]:
    """Return the parameters and tokens of a plan, moved just inside the map where they lie off it."""
    return min(max(plan.parameters, 3.6e7), 2.5e12), min(max(plan.tokens, 3.8e9), 8e13)


def _along(flop: float) -> list[Spot]:
    """Return spots along the line of equal cost where it crosses the map, first on its right, from the top down."""
    cost = float(training_flop(1, 1))
    top, bottom = min(5e13, flop / cost / SIZES[0]), max(5e9, flop / cost / SIZES[1])
    if top <= bottom:
        return []
    tokens = np.geomspace(top, bottom, 16)
    line = list(zip(flop / cost / tokens, tokens, strict=True))
    return [Spot(x * 1.1, y) for x, y in line] + [Spot(x / 1.1, y, "right") for x, y in line]


def _beside(x: float, y: float, right: bool) -> list[Spot]:
    """Return the spots beside a mark, on one side and then on the other: below it, level with it, above it, further."""
    sides = (Spot(x * 1.4, y), Spot(x / 1.4, y, "right"))
    shifts = (1 / 1.6, 1, 1.6, 1 / 2.5, 2.5, 1 / 3.6, 3.6)
    return [side._replace(y=y * shift) for side in sides[:: 1 if right else -1] for shift in shifts]
