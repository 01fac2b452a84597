"""The capstone's explorer: what you have in; one training run out, with the rules of the lecture that it breaks."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_lib import catalog
from course_lib.compute_cost import training_flop
from course_lib.explorers.base import Explorer
from course_lib.explorers.controls import Magnitude, Percentage, choice, narrow
from course_lib.explorers.picture import BLUE, FAINT, GREEN, INK, LABEL_BOX, MUTED, ORANGE, PURPLE, RED, SKY, YELLOW
from course_lib.memory import PARTS
from course_lib.plan import TrainingPlan, memory_on_each, plan_training_run, resources_of
from course_lib.scaling import MINIMUM_TOKENS, chinchilla_tokens
from course_lib.units import format_bytes, format_count, format_number

NO_LIMIT, NO_RUN = "no limit", "no run"
WEIGHTS = {"16 bits": "bf16", "int8": "int8"}
SIZES = np.array([3e7, 3e12])
TOKENS = (3e9, 1e14)
COLOURS = (SKY, GREEN, ORANGE, YELLOW)
STYLE = """<style>
.course-TrainingRunPlanner .course-stack {display: block; position: relative}
.course-stack .course-markdown {position: absolute; inset: 0; width: auto; height: auto; margin: 2px}
.course-markdown textarea {position: absolute; inset: 0; width: 100%; height: 100%; box-sizing: border-box;
  resize: none; padding: 6px; border: 1px solid #5f6368; background: #ffffff; color: #222222;
  font: 12px/1.4 'DejaVu Sans Mono', Menlo, Consolas, monospace}
</style>"""

# JupyterLab takes a text that cannot be edited for no text, and Ctrl+A in it for "all cells", Ctrl+C for "this cell".
SELECT_AND_COPY = "if ((event.ctrlKey || event.metaKey) && 'ac'.includes(event.key)) event.stopPropagation()"


@dataclass(frozen=True)
class PlanView:
    """What the planner shows: the plan, the run beside it, the titles of the rules broken, and all in words."""

    plan: TrainingPlan
    run: str | None
    broken: tuple[str, ...]
    markdown: str
    show_markdown: bool
    sentence: str


def plan_view(
    accelerator: str,
    num_accelerators: float,
    days: float,
    utilization: float,
    data_tokens: float,
    tokens_per_parameter: float,
    inference_flop_per_token: float,
    price_per_hour: float,
    serve_on: str,
    serve_precision: str,
    compare: str,
    show_markdown: bool = False,
) -> PlanView:
    """Return what the planner shows for its controls' values; `serve_on` may be `NO_LIMIT` and `compare` `NO_RUN`.

    Errors: `ValueError` or `TypeError` as `plan_training_run` and `catalog` raise them.
    """
    planned = plan_training_run(
        accelerator=accelerator,
        num_accelerators=num_accelerators,  # type: ignore[arg-type]
        days=days,
        utilization=utilization,
        data_tokens=data_tokens,
        tokens_per_parameter=tokens_per_parameter,
        inference_flop_per_token=inference_flop_per_token,
        serve_on=None if serve_on == NO_LIMIT else serve_on,
        serve_precision=serve_precision,
        price_per_hour=price_per_hour,
    )
    run = None if compare == NO_RUN else catalog.training_run(compare)
    broken = planned.broken
    verdict = f"Rules of the lecture broken: {'; '.join(broken)}." if broken else "No rule of the lecture is broken."
    sentence = f"{planned.sentence} {verdict}"
    if run:
        hours = f"{format_number(run.accelerator_hours)} hours" if run.accelerator_hours else "an unreported time"
        share = format_number(planned.flop / training_flop(run.parameters, run.tokens), 2)
        sentence += (
            f" {run.name}: {format_count(run.parameters)} on {format_count(run.tokens)} in {hours} on "
            f"{run.accelerator}; the plan costs {share} times its FLOP."
        )
    name = run.name if run else None
    return PlanView(planned, name, broken, planned.markdown(name), show_markdown, sentence)


class TrainingRunPlanner(Explorer):
    """A training run planned from what you have: accelerators, days, data, and a bound on the cost of use.

    Left: the plan among the published runs, with its bounds. Right: days and memory against what there is, and the
    rules that it breaks. One button takes over the hardware of the run compared with; the other shows all of the
    plan as Markdown in the picture's place, to be copied.
    Initial values by name: accelerator, num_accelerators, days, utilization, data_tokens, tokens_per_parameter,
    inference_flop_per_token, price_per_hour, serve_on, serve_precision, compare, show_markdown.
    """

    view = staticmethod(plan_view)
    figure_size = (8.4, 2.9)
    sentence_lines = 5

    def __init__(self, **initial: Any) -> None:
        """Build the planner as any explorer, with the Markdown ready in the picture's place."""
        super().__init__(**initial)
        stack = widgets.VBox([self._picture, self._markdown]).add_class("course-stack")
        self.children: Any = [stack if part is self._picture else part for part in self.children]

    def make_controls(self) -> dict[str, widgets.Widget]:
        """Return the controls in three rows: the hardware, the data and the costs, the use and the comparison."""
        controls = {
            "accelerator": choice("Accelerator", catalog.accelerators(), "H100 SXM"),
            "num_accelerators": Magnitude("How many", 256, 1, 200_000, whole=True),
            "days": Magnitude("Days", 30, 0.1, 1000),
            "utilization": Percentage("MFU", 0.40),
            "data_tokens": Magnitude("Data D", 1e13, 1e9, 1e14),
            "tokens_per_parameter": Magnitude("Tokens/P", 20, 1, 10_000),
            "inference_flop_per_token": Magnitude("FLOP/token", 1e12, 1e8, 5e12),
            "price_per_hour": Magnitude("Price/hour", 2, 0.01, 1000),
            "serve_on": choice("Serve on", [NO_LIMIT, *catalog.accelerators()], NO_LIMIT),
            "serve_precision": choice("Weights", WEIGHTS.items(), "bf16"),
            "compare": choice("Compare", [NO_RUN, *catalog.training_runs()], "LLaMA 65B"),
            "show_markdown": widgets.ToggleButton(description="As Markdown", layout={"width": "120px"}),
        }
        for name, control in controls.items():
            if name != "show_markdown":
                narrow(control, 150 if name == "serve_precision" else 206, 56 if name == "serve_precision" else 76)
        return controls

    def arrange(self) -> widgets.Widget:
        """Add the button that takes over the compared run's hardware, and make the place of the Markdown."""
        self._markdown = widgets.HTML().add_class("course-markdown")
        self.button = widgets.Button(
            description="Use its hardware",
            tooltip="Take over the accelerators, days and utilisation of the run compared with",
            layout={"width": "130px"},
        )
        self.button.on_click(self._take_over)
        rows = super().arrange()
        rows.children = (
            *rows.children[:-1],
            self.button,
            rows.children[-1],
            widgets.HTML(STYLE, layout={"display": "none"}),
        )
        return rows

    def _take_over(self, _button: Any) -> None:
        compare = self.controls["compare"].value
        if compare != NO_RUN:
            self.set(**resources_of(compare, self.controls["num_accelerators"].value))

    def build(self, figure: Figure) -> None:
        """Draw what never changes (the published runs, the two rules) and the artists that do."""
        self._build_plane(figure.add_axes((0.07, 0.165, 0.425, 0.745)))
        self._build_bars(figure)
        figure.text(0.56, 0.27, "Rules of the lecture broken", fontsize=9.5, color=INK)
        places = [(0.56 + 0.22 * column, 0.2 - 0.062 * row) for row in range(4) for column in range(2)]
        self._rules = [self.moving(figure.text(x, y, "", fontsize=8, color=INK)) for x, y in places]
        self._marks = [
            self.moving(figure.text(x - 0.012, y, "", fontsize=8, color=RED, fontweight="bold")) for x, y in places
        ]

    def _build_plane(self, axes: Any) -> None:
        axes.set(xscale="log", yscale="log", xlim=SIZES, ylim=TOKENS)
        axes.set(xlabel="parameters P", ylabel="tokens D", title="Your plan (diamond) among published runs")
        axes.fill_between(SIZES, TOKENS[0], MINIMUM_TOKENS, color=FAINT, alpha=0.45, linewidth=0, zorder=0)
        axes.text(3.5e7, 1.75e11, "fewer than 200 B tokens", fontsize=7.5, color=INK, va="top")
        axes.plot(SIZES, chinchilla_tokens(SIZES), ":", color=INK, linewidth=1.4, zorder=1)
        axes.text(3.3e8, 9e9, "D = 20P", fontsize=7.5, color=INK, rotation=35, rotation_mode="anchor")
        runs = catalog.training_runs().values()
        axes.plot([r.parameters for r in runs], [r.tokens for r in runs], "o", color=SKY, ms=5, markeredgecolor=BLUE)
        (budget,) = axes.plot([], [], color=GREEN, linewidth=1.4)
        (most_parameters,) = axes.plot([], [], "--", color=PURPLE, linewidth=1.4)
        (most_tokens,) = axes.plot([], [], "--", color=ORANGE, linewidth=1.4)
        (ring,) = axes.plot([], [], "o", color="none", markersize=11, markeredgecolor=INK, markeredgewidth=1.5)
        (own,) = axes.plot([], [], "D", color=RED, markersize=7, markeredgecolor="white")
        self._budget, self._ring, self._own = self.moving(budget), self.moving(ring), self.moving(own)
        self._most_parameters, self._most_tokens = self.moving(most_parameters), self.moving(most_tokens)
        small: Any = {"fontsize": 7.5, "color": INK, "bbox": LABEL_BOX}
        self._budget_label = self.moving(axes.text(1, 1, "your compute", **small))
        self._parameters_label = self.moving(axes.text(1, 4e9, "P at most", rotation=90, ha="center", **small))
        self._tokens_label = self.moving(axes.text(2.6e12, 1, "D at most", ha="right", va="center", **small))
        self._run_label = self.moving(axes.text(1, 1, "", va="center", **small))
        self._own_label = self.moving(axes.text(1, 1, "", va="center", **small | {"color": RED}, fontweight="bold"))

    def _build_bars(self, figure: Figure) -> None:
        self._time_title = self.moving(figure.text(0.56, 0.93, "", fontsize=9.5, color=INK))
        time = figure.add_axes((0.56, 0.83, 0.425, 0.065))
        self._memory_title = self.moving(figure.text(0.56, 0.695, "", fontsize=9.5, color=INK))
        memory = figure.add_axes((0.56, 0.575, 0.425, 0.085))
        for axes in (time, memory):
            axes.set(xlim=(0, 1), ylim=(0, 1))
            axes.axis("off")
        time.add_patch(Rectangle((0, 0), 1, 1, facecolor="white", edgecolor=MUTED))
        used = Rectangle((0, 0), 1, 1, facecolor=BLUE, edgecolor=INK, linewidth=0.6)
        time.add_patch(used)
        self._time = self.moving(used)
        self._parts = [
            self.moving(memory.add_patch(Rectangle((0, 0.2), 0, 0.6, facecolor=c, edgecolor="white", linewidth=0.6)))
            for c in COLOURS
        ]
        self._capacity = self.moving(*memory.plot([], [], color=INK, linewidth=2, solid_capstyle="butt"))
        self._hours = self.moving(figure.text(0.56, 0.77, "", fontsize=8, color=INK))
        self._recipe = self.moving(figure.text(0.56, 0.375, "", fontsize=8, color=INK))
        self._amounts = []
        for part, colour, x in zip(PARTS, COLOURS, (0.56, 0.675, 0.775, 0.875), strict=True):
            figure.add_artist(Rectangle((x, 0.495), 0.01, 0.045, facecolor=colour, edgecolor=INK, linewidth=0.5))
            figure.text(x + 0.015, 0.5, part, fontsize=8, color=INK)
            self._amounts.append(self.moving(figure.text(x + 0.015, 0.435, "", fontsize=8, color=INK)))

    def draw(self, view: PlanView) -> None:
        """Move the plan and its bounds, fill the two bars, list the rules broken and write the Markdown."""
        self._draw_plane(view.plan, view.run)
        self._draw_bars(view.plan)
        blank = [""] * len(self._rules)
        for rule, mark, title in zip(self._rules, self._marks, [*view.broken, *blank], strict=False):
            rule.set_text(title)
            mark.set_text("!" if title else "")
        if not view.broken:
            self._rules[0].set_text("none")
        self._picture.layout.visibility = "hidden" if view.show_markdown else "visible"
        self._markdown.layout.visibility = "visible" if view.show_markdown else "hidden"
        self._write(view.markdown)

    def _show_problem(self, problem: str) -> None:
        super()._show_problem(problem)
        self._write(self.sentence)

    def _write(self, text: str) -> None:
        self._markdown.value = (
            f'<textarea readonly aria-label="The plan as Markdown" onkeydown="{SELECT_AND_COPY}">'
            f"{html.escape(text)}</textarea>"
        )

    def _draw_plane(self, plan: TrainingPlan, run: str | None) -> None:
        have = plan.resources
        flop = have.flop / (1 + plan.setup.recomputed_flop())
        self._budget.set_data(SIZES, flop / training_flop(SIZES, 1))
        most = min(size for bound, size in have.largest_models(flop).items() if bound not in ("compute", "data"))
        inside = SIZES[0] < most < SIZES[1]
        self._most_parameters.set_data(([most, most], TOKENS) if inside else ([], []))
        self._parameters_label.set(x=most, visible=inside)
        inside = TOKENS[0] < have.most_tokens < TOKENS[1]
        self._most_tokens.set_data((SIZES, [have.most_tokens] * 2) if inside else ([], []))
        self._tokens_label.set(y=have.most_tokens, visible=inside)
        top = flop / training_flop(1, 5e13)
        self._budget_label.set(position=(top, 5e13), visible=SIZES[0] < top < 3e11)
        place = np.clip(plan.parameters, 3.6e7, 2.5e12), np.clip(plan.tokens, 3.8e9, 8e13)
        self._own.set_data([place[0]], [place[1]])
        text = "" if place == (plan.parameters, plan.tokens) else "off this map"
        self._label(self._own_label, text, *place, right_below=1e9)
        known = catalog.training_runs().get(run or "")
        self._ring.set_data(([known.parameters], [known.tokens]) if known else ([], []))
        if known:
            self._label(self._run_label, known.name, known.parameters, known.tokens, right_below=1e11)
        self._run_label.set_visible(known is not None)

    @staticmethod
    def _label(label: Any, text: str, x: float, y: float, right_below: float) -> None:
        """Write `text` below a mark: on its right for models smaller than `right_below`, else on its left."""
        side, shift = ("left", 1.4) if x < right_below else ("right", 1 / 1.4)
        label.set(text=text, position=(x * shift, max(y / 1.6, 5e9)), horizontalalignment=side)

    def _draw_bars(self, plan: TrainingPlan) -> None:
        have, setup, memory = plan.resources, plan.setup, plan.setup.memory()
        self._time_title.set_text(f"Time: {format_number(plan.days)} of {format_number(have.days)} days")
        self._time.set_width(min(plan.days / have.days, 1))
        self._hours.set_text(f"{format_number(plan.hours)} accelerator-hours; money: {format_number(plan.cost)}")
        self._memory_title.set_text(f"Memory on each: {memory_on_each(plan)}")
        recomputation = f"{setup.recompute.replace('none', 'no')} recomputation"
        stage = f", stage {setup.stage}" if setup.stage else ""
        self._recipe.set_text(f"{setup.optimizer}, {setup.batch:,} at a time, {recomputation}{stage}")
        limit, left = 1.02 * max(memory.total, setup.capacity), 0.0
        for bar, amount, part in zip(self._parts, self._amounts, PARTS, strict=True):
            size = getattr(memory, part)
            bar.set(x=left, width=size / limit)
            left += size / limit
            amount.set_text(format_bytes(size))
        self._capacity.set_data([setup.capacity / limit] * 2, [0, 1])
