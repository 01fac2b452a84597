"""The picture of the capstone: the rules kept and broken, the plan among published runs, its days and its memory."""

from __future__ import annotations

import math
from typing import ClassVar

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
    TITLE,
    Label,
    Picture,
    part_bars,
    powers_of_ten,
    stack,
)
from course_lib.explorers.plan.view import PlanView
from course_lib.explorers.room import LETTER, LINE, Room, Spot
from course_lib.memory import PART_NAMES
from course_lib.plan import RULES, TrainingPlan, memory_on_each, money
from course_lib.scaling import MINIMUM_TOKENS, chinchilla_tokens
from course_lib.units import format_bytes, format_number

SIZES, TOKENS = np.array([3e7, 3e12]), np.array([3e9, 1e14])
"""The parameters and tokens from one edge of the map to the other."""

ACROSS = np.geomspace(SIZES[0], SIZES[1], 40)
"""The sizes at which the line of equal compute is looked at, so that no name of a run stands on it."""

UPWARDS, LEFTWARDS = np.geomspace(4e9, 6e12, 12), np.geomspace(2.6e12, 3e8, 12)
"""Where a bound may have its name along its line, first where there is most often room."""

CHIP, COLUMNS = 20, {"wide": 4, "medium": 2, "narrow": 1}
"""How high a rule's row is, in points, and how many rules stand side by side."""
SIGNS = {True: ("✓", GREEN), False: ("✗", RED), None: ("–", MUTED)}
"""How a rule is marked that is kept, one that is broken, and one of which neither can be said."""


class PlanPicture(Picture):
    """First the rules, kept or broken; then the plan on a map of published runs, with what bounds it; days and memory.

    Days and memory stand to the right of the map, or below it where there is little room.
    """

    heights: ClassVar[dict[str, float]] = {"wide": 252, "medium": 474, "narrow": 546}

    def build(self, figure: Figure) -> None:
        """Draw what never changes (the published runs, the two rules) and the artists that do."""
        rows = len(RULES) // COLUMNS[self.layout]
        top = CHIP * rows + 6
        left, right, bottom, bars = 44, -10, self.height - 176, (10, self.height - 176)
        if self.layout == "wide":
            left, right, bottom, bars = 50, 360, self.height, (402, top)
        self._build_rules(self._space(figure, 4, 0, -4, top))
        self.map = PlanMap(self, figure.add_axes(self.place(left, top + 20, right, bottom - 36)))
        self._build_bars(self._space(figure, bars[0], bars[1], -10, self.height))

    def _space(self, figure: Figure, left: float, top: float, right: float, bottom: float) -> Axes:
        """Return axes for words and shapes, which count in points from the upper left corner."""
        axes = figure.add_axes(self.place(left, top, right, bottom))
        axes.set(xlim=(0, self.width + right - left), ylim=(bottom - top, 0))
        axes.axis("off")
        return axes

    def _build_rules(self, axes: Axes) -> None:
        columns = COLUMNS[self.layout]
        wide = axes.get_xlim()[1] / columns
        corners = [(wide * (place % columns), CHIP * (place // columns) + 2) for place in range(len(RULES))]
        self.alarms = []
        for x, y in corners:
            box = (x + 1, y), wide - 5, CHIP - 3
            axes.add_patch(Rectangle(*box, facecolor="none", edgecolor=FAINT))
            alarm = Rectangle(*box, facecolor="white", edgecolor=RED, linewidth=1.6)
            axes.add_patch(alarm)
            self.alarms.append(self.moving(alarm))
        words = self.labels(axes)
        middle = CHIP / 2 - 1.5
        self.signs = [words.add(x + 11, y + middle, side="center", bold=True, size=TITLE) for x, y in corners]
        self.rules = [words.add(x + 20, y + middle) for x, y in corners]

    def _build_bars(self, axes: Axes) -> None:
        wide, words = axes.get_xlim()[1], self.labels(axes)
        axes.add_patch(Rectangle((0, 20), wide, 12, facecolor="white", edgecolor=MUTED))
        used = Rectangle((0, 20), wide, 12, facecolor=BLUE, edgecolor=INK, linewidth=0.6)
        axes.add_patch(used)
        self.time, self.full = self.moving(used), wide
        self.parts = part_bars(axes, 74, 14)
        self.moving(*self.parts)
        (self.capacity,) = axes.plot([], [], color=INK, linewidth=2, solid_capstyle="butt")
        self.moving(self.capacity)
        self.time_title, self.memory_title = (words.add(0, y, level="baseline", size=TITLE) for y in (13, 66))
        self.hours, self.recipe = (words.add(0, y, level="baseline") for y in (44, 168))
        self.amounts, still = [], self.still_labels(axes)
        for row, (name, colour) in enumerate(zip(PART_NAMES.values(), PART_COLOURS, strict=True)):
            y = 99 + 12.5 * row
            axes.add_patch(Rectangle((0, y - 4), 8, 8, facecolor=colour, edgecolor=INK, linewidth=0.5))
            still.add(13, y, text=name)
            self.amounts.append(words.add(min(wide, 200), y, side="right"))

    def draw(self, view: PlanView) -> None:
        """Say which rules are kept and which broken, move the plan and its bounds, and fill the two bars."""
        self.map.draw(view.plan, view.published)
        self._draw_bars(view.plan)
        for rule, sign, alarm, check in zip(self.rules, self.signs, self.alarms, view.plan.checks, strict=True):
            rule.text, rule.bold = check.text, check.kept is False
            sign.text, sign.color = SIGNS[check.kept]
            alarm.set_visible(check.kept is False)

    def _draw_bars(self, plan: TrainingPlan) -> None:
        have, setup, memory = plan.resources, plan.setup, plan.setup.memory()
        short = self.layout == "narrow"
        self.time_title.text = f"Time: {format_number(plan.days)} of {format_number(have.days)} days"
        self.time.set_width(self.full * min(plan.days / have.days, 1))
        hours = "hours" if short else "accelerator-hours"
        self.hours.text = f"{format_number(plan.hours)} {hours}; {money(plan.cost)}"
        self.memory_title.text = f"{'Memory' if short else 'Memory on each'}: {memory_on_each(plan)}"
        stage = f", stage {setup.stage}" if setup.stage else ""
        recipe = f"{setup.optimizer}, {setup.batch:,} at a time, {setup.recomputation}{stage}"
        self.recipe.text = "" if short else recipe
        limit = 1.02 * max(memory.total, setup.capacity) / self.full
        sizes = [getattr(memory, part) for part in PART_NAMES]
        stack(self.parts, [size / limit for size in sizes])
        for amount, size in zip(self.amounts, sizes, strict=True):
            amount.text = format_bytes(size)
        self.capacity.set_data([setup.capacity / limit] * 2, [71, 91])


class PlanMap:
    """The plan among published runs by parameters and tokens, and the lines that bound it, each with its name."""

    def __init__(self, picture: Picture, axes: Axes) -> None:
        """Lay the map into the axes."""
        axes.set(xscale="log", yscale="log", xlim=SIZES, ylim=TOKENS)
        powers_of_ten(axes.xaxis, axes.yaxis)
        title = "Your plan (diamond)" + ("" if picture.layout == "narrow" else " among published runs")
        axes.set(xlabel="parameters P", ylabel="tokens D", title=title)
        axes.fill_between(SIZES, TOKENS[0], MINIMUM_TOKENS, color=FAINT, alpha=0.45, linewidth=0, zorder=0)
        axes.plot(SIZES, chinchilla_tokens(SIZES), ":", color=INK, linewidth=1.4, zorder=1)
        place = axes.get_position()
        size = picture.width * place.width, picture.height * place.height
        self._room = Room((SIZES[0], TOKENS[0]), (SIZES[1], TOKENS[1]), size)
        still, rise = picture.still_labels(axes), math.atan2(self._room.scale[1], self._room.scale[0])
        still.add(3.5e7, 1.75e11, text="fewer than 200 B tokens", level="top", halo=True)
        still.add(6e8, 9.7e9, text="D = 20P", level="top", turned=math.degrees(rise), halo=True)
        self._room.take(3.5e7, 1.75e11, (0, LINE, 23 * LETTER, 0), room.TEXT)
        self._room.take(6e8, 9.7e9, (3, 11, 42 * math.cos(rise) + 9, 42 * math.sin(rise) + 3), room.TEXT)
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
        self._write(self.budget_label, "your compute", self._along(flop))
        self._room.take_line(ACROSS, flop / training_flop(ACROSS, 1))
        run = published.name.partition(" (")[0] if published else ""
        self._write(self.run_label, run, self._beside(published.parameters, published.tokens) if published else [])
        inside = bool(SIZES[0] < most < SIZES[1])
        self.most_parameters.set_data([most] * 2 if inside else [], TOKENS if inside else [])
        spots = [self._room.beside(most, y, "left", 3, 0) for y in UPWARDS]  # the line goes through the letters
        self._write(self.parameters_label, "P at most" if inside else "", spots)
        inside = bool(TOKENS[0] < have.most_tokens < TOKENS[1])
        self.most_tokens.set_data(SIZES if inside else [], [have.most_tokens] * 2 if inside else [])
        spots = [Spot(x, have.most_tokens, "right") for x in LEFTWARDS]
        self._write(self.tokens_label, "D at most" if inside else "", spots)

    def _write(self, label: Label, text: str, spots: list[Spot]) -> None:
        """Write a name where it covers least, or leave it out where it would cover a text or the map's edge."""
        self._room.write(label, text, spots, most=room.TEXT)

    def _mark(self, plan: TrainingPlan, published: TrainingRun | None) -> None:
        x, y = _on_the_map(plan)
        self.own.set_data([x], [y])
        self._room.take(x, y, (6, 6, 6, 6), room.MARK)
        self.ring.set_data(([published.parameters], [published.tokens]) if published else ([], []))
        if published:
            self._room.take(published.parameters, published.tokens, (7, 7, 7, 7), room.MARK)
        off = (x, y) != (plan.parameters, plan.tokens)
        self._room.write(self.own_label, "off this map" if off else "", self._beside(x, y))

    def _along(self, flop: float) -> list[Spot]:
        """Return spots along the line of equal cost where it crosses the map, first on its right, from the top down."""
        cost = float(training_flop(1, 1))
        top, bottom = min(5e13, flop / cost / SIZES[0]), max(5e9, flop / cost / SIZES[1])
        if top <= bottom:
            return []
        line = [(flop / cost / y, y) for y in np.geomspace(top, bottom, 16)]
        sides = (("left", 3), ("right", -3))
        return [self._room.beside(x, y, side, right, 0) for side, right in sides for x, y in line]

    def _beside(self, x: float, y: float) -> list[Spot]:
        """Return the spots around a mark, first on the side where there is more of the map, and then further off."""
        side = "left" if x < math.sqrt(SIZES[0] * SIZES[1]) else "right"
        around = [self._room.around(x, y, right, up) for right, up in ((9, 11), (14, 22), (20, 40))]
        return [spot for spots in around for spot in sorted(spots, key=lambda spot: spot.side != side)]


def _on_the_map(plan: TrainingPlan) -> tuple[float, float]:
    """Return the parameters and tokens of a plan, moved just inside the map where they lie off it."""
    return min(max(plan.parameters, 3.6e7), 2.5e12), min(max(plan.tokens, 3.8e9), 8e13)
