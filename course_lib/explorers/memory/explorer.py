"""The explorer of slides S5 and S11 to S14: a model and its training in; four components against a memory out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import ipywidgets as widgets
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_lib import catalog
from course_lib._arguments import one_of, whole
from course_lib.explorers.base import Explorer
from course_lib.explorers.controls import Magnitude, choice, narrow
from course_lib.explorers.picture import GREEN, INK, MUTED, ORANGE, RED, SKY, YELLOW
from course_lib.memory import (
    OPTIMIZER_BYTES,
    PARTS,
    PRECISION_BYTES,
    RECOMPUTE,
    TrainingMemory,
    TrainingSetup,
    assumed_shape,
    cheapest_remedy,
    largest_batch,
)
from course_lib.units import format_bytes, format_count

OWN = "a size only"
SAME = "same datatype"
GRADIENTS = {SAME: None, "fp32": "fp32"}
STAGES = ("0: nothing", "1: optimizer", "2: + gradients", "3: + parameters")
COLOURS = (SKY, GREEN, ORANGE, YELLOW)
PARAMETER_RANGE, BATCH_RANGE, SEQUENCE_RANGE, ACCELERATOR_RANGE = (1e6, 1e13), (1, 1024), (1, 2**20), (1, 16384)


@dataclass(frozen=True)
class MemoryView:
    """What the explorer shows: the set-up and its bytes on one accelerator, what to do about them, the sentence.

    `after` is the set-up of the lower bar: with the cheapest change when `memory` does not fit, with the largest batch
    when it does, `None` when there is neither; `after_words` says which.
    """

    who: str
    setup: TrainingSetup
    memory: TrainingMemory
    spare: float
    largest_batch: int
    after: TrainingSetup | None
    after_words: str
    sentence: str


def memory_view(
    model: str,
    parameters: float,
    batch: float,
    sequence: float,
    precision: str,
    gradients: str,
    optimizer: str,
    recompute: str,
    accelerator: str,
    num_accelerators: float,
    stage: int,
) -> MemoryView:
    """Return what the explorer shows for its controls' values; `model` may be `OWN`, then a shape is assumed.

    Errors: `ValueError` or `TypeError` as `memory` and `catalog` raise them.
    """
    shape = _shape(model, parameters)
    setup = TrainingSetup(
        parameters,
        *shape,
        accelerator=accelerator,
        precision=precision,
        optimizer=optimizer,
        gradient_precision=GRADIENTS[one_of("gradients", gradients, GRADIENTS)],
        batch=whole("batch", batch),
        sequence=whole("sequence", sequence),
        recompute=recompute,
        num_gpus=whole("num_accelerators", num_accelerators),
        stage=stage,
    )
    memory, spare, most = setup.memory(), float(setup.fit().spare_bytes), largest_batch(setup)
    who = f"{format_count(parameters)} parameters" if model == OWN else model
    assumed = f" (shape assumed: {shape[0]} layers of {shape[1]:,})" if model == OWN else ""
    parts = " + ".join(f"{format_bytes(getattr(memory, part))} {part}" for part in PARTS)
    sharded = f", sharded at stage {stage}" if stage else ""
    after, after_words, verdict = _verdict(setup, spare, most)
    sentence = (
        f"{who}{assumed}, {_sequences(setup.batch)} of {setup.sequence:,} tokens at a time, {precision}, {optimizer}, "
        f"{recompute.replace('none', 'no')} recomputation: {parts} = {format_bytes(memory.total)} "
        f"on each of {_hardware(setup)}{sharded}. {verdict} Logits, buffers and fragmentation come on top."
    )
    return MemoryView(who, setup, memory, spare, most, after, after_words, sentence)


def _shape(model: str, parameters: float) -> tuple[int, int, int]:
    if model == OWN:
        return assumed_shape(parameters)
    known = catalog.model(model)
    return known.layers, known.hidden, known.heads


def _verdict(setup: TrainingSetup, spare: float, most: int) -> tuple[TrainingSetup | None, str, str]:
    """Return the set-up of the lower bar, its words, and the verdict in words."""
    if spare >= 0:
        fits = f"It fits, {format_bytes(spare)} to spare"
        if most <= setup.batch:
            return None, "no larger batch fits", f"{fits}, but no larger batch does."
        within = min(most, BATCH_RANGE[1])
        many = f"{_sequences(within)} at a time"
        words = f"the largest batch that fits: {many}" if most == within else f"even {many} fit"
        return replace(setup, batch=within) if within > setup.batch else None, words, f"{fits}; {words}."
    short = f"Short by {format_bytes(-spare)}: "
    way = cheapest_remedy(setup)
    if way is None:
        words = "even all changes together do not make it fit"
        return None, words, f"{short}{words}."
    left = f"then {format_bytes(way.setup.fit().spare_bytes)} to spare"
    words = " + ".join(change.words for change in way.changes)
    if len(way.changes) == 1:
        return way.setup, f"after: {words}", f"{short}the cheapest change that makes it fit is {way.sentence}, {left}."
    return way.setup, f"after: {words}", f"{short}no single change is enough; the cheapest together: {words}, {left}."


def _sequences(batch: int) -> str:
    return "1 sequence" if batch == 1 else f"{batch:,} sequences"


def _hardware(setup: TrainingSetup) -> str:
    return f"{setup.num_gpus:,} x {setup.accelerator}"


def preset_values(model: str) -> dict[str, Any]:
    """Return the control values that a model of the catalog stands for: its size, its sequence of pre-training."""
    if known := catalog.models().get(model):
        return {"parameters": float(known.parameters), "sequence": float(known.context)}
    return {}


class MemoryExplorer(Explorer):
    """What training keeps in memory: four components in a stacked bar, against the memory of an accelerator.

    The upper bar is the set-up chosen; the lower one the same after the cheapest change that makes it fit or, where it
    fits, with the largest batch. The button makes the lower bar's change. Initial values by name: model, parameters,
    batch, sequence, precision, gradients, optimizer, recompute, accelerator, num_accelerators, stage.
    """

    view = staticmethod(memory_view)
    figure_size = (8.4, 2.95)
    sentence_lines = 4

    def make_controls(self) -> dict[str, widgets.Widget]:
        """Return the controls in rows of four: the model and its batch, the recipe, the hardware."""
        controls = {
            "model": choice("Model", [OWN, *catalog.models()], OWN),
            "parameters": Magnitude("Parameters", 7e9, *PARAMETER_RANGE),
            "batch": Magnitude("Batch each", 1, *BATCH_RANGE, whole=True),
            "sequence": Magnitude("Sequence", 2048, *SEQUENCE_RANGE, whole=True),
            "precision": choice("Precision", PRECISION_BYTES, "fp32+bf16"),
            "gradients": choice("Gradients", GRADIENTS, SAME),
            "optimizer": choice(
                "Optimizer",
                [(n.replace("adamw-8bit-blockwise", "8-bit + scales"), n) for n in OPTIMIZER_BYTES],
                "adamw",
            ),
            "recompute": choice("Recompute", RECOMPUTE, "none"),
            "accelerator": choice("Accelerator", catalog.accelerators(), "A100 80GB"),
            "num_accelerators": Magnitude("How many", 1, *ACCELERATOR_RANGE, whole=True),
            "stage": choice("Sharding", [(name, stage) for stage, name in enumerate(STAGES)], 0),
        }
        for control in controls.values():
            narrow(control)
        self.follow(controls, "model", OWN, preset_values, ["parameters"])
        return controls

    def arrange(self) -> widgets.Widget:
        """Add the button that makes the lower bar's change to the rows of controls."""
        self.button = widgets.Button(description="Apply the lower bar", layout={"width": "206px"})
        self.button.on_click(self._apply)
        rows = super().arrange()
        rows.children = (*rows.children, self.button)
        return rows

    def _apply(self, _button: Any) -> None:
        if after := self._after:
            self.set(
                batch=float(after.batch),
                recompute=after.recompute,
                optimizer=after.optimizer,
                accelerator=after.accelerator,
                num_accelerators=float(after.num_gpus),
                stage=after.stage,
            )

    def build(self, figure: Figure) -> None:
        """Draw the legend's names and the axes, which never change, and the artists that do."""
        self._after: TrainingSetup | None = None
        self._title = self.moving(figure.text(0.075, 0.93, "", fontsize=10, fontweight="bold", color=INK))
        self._amounts = []
        for part, colour, x in zip(PARTS, COLOURS, (0.075, 0.385, 0.585, 0.785), strict=True):
            figure.add_artist(Rectangle((x, 0.795), 0.012, 0.085, facecolor=colour, edgecolor=INK, linewidth=0.5))
            figure.text(x + 0.018, 0.845, part, fontsize=8.5, fontweight="bold", color=INK)
            self._amounts.append(self.moving(figure.text(x + 0.018, 0.785, "", fontsize=8, color=INK)))
        figure.text(0.19, 0.845, "hatched: fp32 master copy", fontsize=8, color=MUTED)
        axes = figure.add_axes((0.075, 0.145, 0.885, 0.6))
        axes.set(xlim=(0, 1), ylim=(-0.62, 1.75), xticks=[k / 5 for k in range(6)], xticklabels=[""] * 6, yticks=[])
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("on one accelerator; logits, buffers and fragmentation come on top", labelpad=11)
        for y, name in ((1.1, "now"), (0, "then")):
            axes.text(-0.01, y, name, ha="right", va="center")
        axes.text(0, -0.72, "0", ha="center", va="top", fontsize=8)
        self._ticks = [axes.text(k / 5, -0.72, "", ha="center", va="top", fontsize=8) for k in range(1, 6)]
        self._now, self._then = _Row(self, axes, 1.1), _Row(self, axes, 0)
        self._initials = [axes.text(0, 1.1, "", ha="center", va="center", fontsize=8, color=INK) for _ in PARTS]
        for initial, colour in zip(self._initials, COLOURS, strict=True):
            initial.set_bbox({"facecolor": colour, "edgecolor": "none", "pad": 1})
        (self._states,) = axes.plot([], [], color=MUTED, linewidth=1)
        self._states_words = axes.text(0.002, 1.53, "", fontsize=8, color=INK)
        self._then_words = axes.text(0, 0.33, "", fontsize=7.5, color=INK)
        self.moving(*self._ticks, *self._initials, self._states, self._states_words, self._then_words)

    def draw(self, view: MemoryView) -> None:
        """Fill the two bars, the marks, the legend's amounts and the scale."""
        self._after = after = view.after
        memory, setup = view.memory, view.setup
        then = after.memory() if after else None
        sizes = [memory.total, setup.capacity, *([then.total, after.capacity] if then and after else [])]
        limit = _round_up(1.02 * max(sizes))
        verdict = (
            f"fits, {format_bytes(view.spare)} to spare" if view.spare >= 0 else f"short by {format_bytes(-view.spare)}"
        )
        self._title.set_text(f"{view.who} on {_hardware(setup)}: {verdict}")
        for amount, part, term in zip(self._amounts, PARTS, _terms(setup), strict=True):
            amount.set_text(f"{format_bytes(getattr(memory, part))} = {term}")
        for k, tick in enumerate(self._ticks, start=1):
            tick.set_text(format_bytes(limit * k / 5))
        mark = f"{setup.accelerator}: {format_bytes(setup.capacity)}"
        other = after if after and after.accelerator != setup.accelerator else None
        self._now.draw(memory, setup, limit, mark)
        self._then.draw(then, after, limit, f"{other.accelerator}: {format_bytes(other.capacity)}" if other else "")
        self._then_words.set(text=view.after_words, y=0.33 if after else -0.05)
        left = 0.0
        for initial, part in zip(self._initials, PARTS, strict=True):
            width = getattr(memory, part) / limit
            initial.set(x=left + width / 2, text=part if width > 0.11 else part[0] if width > 0.02 else "")
            left += width
        end = memory.model_states / limit
        self._states.set_data([0, 0, end, end], [1.4, 1.46, 1.46, 1.4])
        self._states_words.set_text(f"model states {format_bytes(memory.model_states)}")


class _Row:
    """One stacked bar and the mark of its accelerator's memory; both vanish when there is nothing to show."""

    def __init__(self, explorer: Explorer, axes: Any, y: float) -> None:
        low, self._reach = y - 0.22, [y - 0.31, y + 0.31]
        self._bars = [
            Rectangle((0, low), 0, 0.44, facecolor=colour, edgecolor="white", linewidth=0.6) for colour in COLOURS
        ]
        self._master = Rectangle((0, low), 0, 0.44, facecolor="none", edgecolor=INK, hatch="///", linewidth=0)
        for bar in (*self._bars, self._master):
            explorer.moving(axes.add_patch(bar))
        (self._short,) = axes.plot([], [], color=RED, linewidth=2.5, solid_capstyle="butt")
        (self._mark,) = axes.plot([], [], color=INK, linewidth=2, solid_capstyle="butt")
        self._capacity = axes.text(0, y - 0.3, "", fontsize=8, color=INK, va="top")
        explorer.moving(self._short, self._mark, self._capacity)

    def draw(self, memory: TrainingMemory | None, setup: TrainingSetup | None, limit: float, words: str) -> None:
        """Show `memory` on an axis that ends at `limit` bytes, with `words` at the mark."""
        left = 0.0
        for bar, part in zip(self._bars, PARTS, strict=True):
            width = getattr(memory, part, 0) / limit
            bar.set_x(left)
            bar.set_width(width)
            left += width
        self._master.set_width(getattr(memory, "master_weights", 0) / limit)
        place = setup.capacity / limit if setup else 0
        self._mark.set_data(([place, place], self._reach) if setup else ([], []))
        self._short.set_data(([place, left], [self._reach[0] + 0.04] * 2) if setup and left > place else ([], []))
        self._capacity.set(text=words, x=place + (0.004 if place < 0.75 else -0.004))
        self._capacity.set_horizontalalignment("left" if place < 0.75 else "right")


def _terms(setup: TrainingSetup) -> list[str]:
    """Return how each component comes about, as a product in words."""
    count, one = format_count(setup.parameters), replace(setup, parameters=1.0, num_gpus=1, stage=0).memory()
    shared = [f"/{setup.num_gpus:,}" if setup.num_gpus > 1 and setup.stage >= stage else "" for stage in (1, 2, 3)]
    weights = f"{one.parameters - one.master_weights:g}{shared[2]}"
    if one.master_weights:
        weights = f"({weights} + {one.master_weights:g}{shared[0]})"
    each = replace(setup, batch=1).memory().activations
    return [
        f"{weights} x {count}",
        f"{one.gradients:g}{shared[1]} x {count}",
        f"{one.optimizer:.3g}{shared[0]} x {count}",
        f"{setup.batch:,} x {format_bytes(each)}",
    ]


def _round_up(size: float) -> float:
    """Return the next of 1, 1.5, 2.5, 4, 6, 10, 15, ... that is not below `size`."""
    decade = 10.0 ** (len(f"{size:.0f}") - 1)
    return next(step * decade for step in (1, 1.5, 2.5, 4, 6, 10) if step * decade >= size)
