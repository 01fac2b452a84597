"""The picture of slides S5 and S11 to S14: what training holds, in a stacked bar, against an accelerator's memory."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_lib.explorers.memory.view import MemoryView
from course_lib.explorers.picture import INK, MUTED, PART_COLOURS, RED, SMALL, TEXT, TITLE, Picture, part_bars, stack
from course_lib.memory import PART_NAMES, TrainingMemory, TrainingSetup, logits_bytes, training_memory
from course_lib.units import format_bytes, format_count

LETTER = 0.0098
"""Room for one letter of a part's name, as a share of the axis."""


class MemoryPicture(Picture):
    """Two stacked bars of the five parts, now and then, each with a mark at its accelerator's memory.

    Above them the parts' amounts, each as the product that it comes from.
    """

    heights = {"wide": 252}

    def build(self, figure: Figure) -> None:
        """Draw the legend's names and the axes, which never change, and the artists that do."""
        self._build_legend(figure)
        axes = figure.add_axes((0.06, 0.15, 0.893, 0.545))
        axes.set(xlim=(0, 1), ylim=(-0.62, 1.75), xticks=[k / 5 for k in range(6)], xticklabels=[""] * 6, yticks=[])
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("on one accelerator; buffers and fragmentation come on top", labelpad=13)
        for y, name in ((1.1, "now"), (0, "then")):
            axes.text(-0.01, y, name, ha="right", va="center", fontsize=TEXT, color=INK)
        axes.text(0, -0.72, "0", ha="center", va="top", fontsize=SMALL, color=INK)
        self.now, self.then = MemoryBar(self, axes, 1.1), MemoryBar(self, axes, 0)
        (self.states,) = axes.plot([], [], color=MUTED, linewidth=1)
        self.moving(self.states)
        words = self.labels(axes)
        self.ticks = [words.add(k / 5, -0.72, side="center", level="top") for k in range(1, 6)]
        self.initials = [words.add(0, 1.1, side="center", halo=True) for _ in PART_NAMES]
        self.states_words = words.add(0.002, 1.52, level="baseline")
        self.then_words = words.add(0, 0.33, level="baseline")

    def _build_legend(self, figure: Figure) -> None:
        words = self.labels(None)
        self.title = words.add(0.06, 0.945, size=TITLE, bold=True)
        self.amounts = []
        named: Any = {"fontsize": SMALL, "fontweight": "bold", "color": INK}
        swatch: Any = {"edgecolor": INK, "linewidth": 0.5}
        # The model states, each with its amount below its name; below them the two that grow with the batch, in a line.
        places = [(0.06, 0.845, 0), (0.4, 0.845, 0), (0.68, 0.845, 0), (0.06, 0.72, 0.1), (0.4, 0.72, 0.14)]
        for name, colour, (x, y, beside) in zip(PART_NAMES.values(), PART_COLOURS, places, strict=True):
            low, high = (y - 0.008, 0.042) if beside else (y - 0.055, 0.085)
            figure.add_artist(Rectangle((x, low), 0.011, high, facecolor=colour, **swatch))
            figure.text(x + 0.018, y, name, **named)
            self.amounts.append(words.add(x + 0.018 + beside, y if beside else y - 0.058, level="baseline"))
        figure.text(0.173, 0.845, "hatched: fp32 master copy", fontsize=SMALL, color=MUTED)

    def draw(self, view: MemoryView) -> None:
        """Fill the two bars, the marks, the legend's amounts and the scale."""
        memory, setup, after, then = view.memory, view.setup, view.after, view.memory_after
        sizes = [memory.total, setup.capacity, *([then.total, after.capacity] if then and after else [])]
        limit = _round_up(1.02 * max(sizes))
        verdict = f"fits, {format_bytes(view.spare)} to spare" if view.fits else f"short by {format_bytes(-view.spare)}"
        self.title.text = f"{view.who} on {setup.hardware}: {verdict}"
        for amount, part, term in zip(self.amounts, PART_NAMES, _terms(setup, memory), strict=True):
            amount.text = f"{format_bytes(getattr(memory, part))} = {term}"
        for k, tick in enumerate(self.ticks, start=1):
            tick.text = format_bytes(limit * k / 5)
        other = after if after and after.accelerator != setup.accelerator else None
        self.now.draw(memory, setup, limit, _mark(setup))
        self.then.draw(then, after, limit, _mark(other) if other else "")
        self.then_words.text, self.then_words.y = view.after_words, 0.33 if after else -0.05
        self._name_parts(memory, setup.capacity, limit)
        end = memory.model_states / limit
        self.states.set_data([0, 0, end, end], [1.4, 1.46, 1.46, 1.4])
        self.states_words.text = f"model states {format_bytes(memory.model_states)}"

    def _name_parts(self, memory: TrainingMemory, capacity: float, limit: float) -> None:
        """Write into each part of the upper bar its name, or its initial, beside the mark where there is room."""
        left, mark = 0.0, capacity / limit
        for initial, (part, name) in zip(self.initials, PART_NAMES.items(), strict=True):
            right = left + getattr(memory, part) / limit
            width = right - left
            needed = LETTER * len(name)
            initial.x, initial.text = (left + right) / 2, name if width > needed else name[0] if width > 0.02 else ""
            beside = max(mark - left, right - mark)
            if left < mark < right and beside > needed:
                initial.x = (left + mark) / 2 if beside == mark - left else (mark + right) / 2
            left = right


class MemoryBar:
    """One stacked bar and the mark of its accelerator's memory; both vanish when there is nothing to show."""

    def __init__(self, picture: Picture, axes: Axes, y: float) -> None:
        """Lay the bar into the axes, its middle at `y`."""
        low, self._reach = y - 0.22, [y - 0.31, y + 0.31]
        self.parts = part_bars(axes, low, 0.44)
        self.master = Rectangle((0, low), 0, 0.44, facecolor="none", edgecolor=INK, hatch="///", linewidth=0)
        picture.moving(*self.parts, axes.add_patch(self.master))
        (self.short,) = axes.plot([], [], color=RED, linewidth=2.5, solid_capstyle="butt")
        (self.mark,) = axes.plot([], [], color=INK, linewidth=2, solid_capstyle="butt")
        picture.moving(self.short, self.mark)
        self.capacity = picture.labels(axes).add(0, y - 0.34, level="top")

    def draw(self, memory: TrainingMemory | None, setup: TrainingSetup | None, limit: float, words: str) -> None:
        """Show `memory` on an axis that ends at `limit` bytes, with `words` at the mark."""
        end = stack(self.parts, [getattr(memory, part, 0) / limit for part in PART_NAMES])
        self.master.set_width(getattr(memory, "master_weights", 0) / limit)
        place = setup.capacity / limit if setup else 0
        self.mark.set_data(([place, place], self._reach) if setup else ([], []))
        self.short.set_data(([place, end], [self._reach[0] + 0.04] * 2) if setup and end > place else ([], []))
        side, shift = ("left", 0.004) if place < 0.75 else ("right", -0.004)
        self.capacity.text, self.capacity.x, self.capacity.side = words, place + shift, side


def _mark(setup: TrainingSetup) -> str:
    """Return what stands at the mark of an accelerator's memory."""
    return f"{setup.accelerator}: {format_bytes(setup.capacity)}"


def _terms(setup: TrainingSetup, memory: TrainingMemory) -> list[str]:
    """Return how each part comes about, as a product in words."""
    count = format_count(setup.parameters)
    one = training_memory(1, setup.precision, setup.optimizer, gradient_precision=setup.gradient_precision)
    shared = [f"/{setup.num_gpus:,}" if setup.num_gpus > 1 and setup.stage >= stage else "" for stage in (1, 2, 3)]
    weights = f"{one.parameters - one.master_weights:g}{shared[2]}"
    if one.master_weights:
        weights = f"({weights} + {one.master_weights:g}{shared[0]})"
    logits = float(logits_bytes(1, setup.sequence, setup.vocab))
    working = f"{format_bytes(logits)} logits"
    if again := {"selective": "scores", "full": "layer"}.get(setup.recompute):
        working = f"({format_bytes(memory.working / setup.batch - logits)} {again} + {working})"
    return [
        f"{weights} x {count}",
        f"{one.gradients:g}{shared[1]} x {count}",
        f"{one.optimizer:.3g}{shared[0]} x {count}",
        f"{setup.batch:,} x {format_bytes(memory.activations / setup.batch)}",
        f"{setup.batch:,} x {working}",
    ]


def _round_up(size: float) -> float:
    """Return the next of 1, 1.5, 2.5, 4, 6, 10, 15, ... that is not below `size`."""
    decade = 10.0 ** (len(f"{size:.0f}") - 1)
    return next(step * decade for step in (1, 1.5, 2.5, 4, 6, 10) if step * decade >= size)
