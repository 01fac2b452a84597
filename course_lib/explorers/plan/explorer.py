"""The capstone's explorer: what you have in; one training run out, with the rules of the lecture that it breaks."""

from __future__ import annotations

import html
from typing import Any, ClassVar

import ipywidgets as widgets

from course_lib import catalog
from course_lib.explorers.base import Explorer
from course_lib.explorers.controls import Magnitude, Percentage, choice
from course_lib.explorers.plan.picture import PlanPicture
from course_lib.explorers.plan.view import NO_LIMIT, NO_RUN, PlanView, plan_view
from course_lib.plan import resources_of

WEIGHTS = {"16 bits": "bf16", "int8": "int8"}
COPY = '<button type="button" class="course-copy" title="Copy the plan as Markdown">Copy</button>'


class TrainingRunPlanner(Explorer):
    """A training run planned from what you have: accelerators, days, data, and a bound on the cost of use.

    First the rules of the lecture, kept or broken; then the plan among the published runs, with its bounds; then days
    and memory against what there is. One button takes over the hardware of the run compared with; the other shows all
    of the plan as Markdown in the picture's place, with a button that copies it. Prices are in US dollars.
    Initial values by name: accelerator, num_accelerators, days, utilization, data_tokens, serve_on, serve_precision,
    show_markdown, tokens_per_parameter, inference_flop_per_token, price_per_hour, compare.
    """

    view = staticmethod(plan_view)
    pictures = (PlanPicture,)
    groups: ClassVar[dict[str, tuple[str, ...]]] = {
        "Hardware": ("accelerator", "num_accelerators", "days", "utilization"),
        "Text, use": ("data_tokens", "serve_on", "serve_precision", "show_markdown"),
        "More": ("tokens_per_parameter", "inference_flop_per_token", "price_per_hour", "compare", "use_hardware"),
    }
    folded = ("More",)

    def make_controls(self) -> dict[str, widgets.Widget]:
        """Return the controls: the hardware, the text and the use, and what is folded."""
        return {
            "accelerator": choice("Accelerator", catalog.accelerators(), "H100 SXM"),
            "num_accelerators": Magnitude("How many", 256, 1, 200_000, whole=True),
            "days": Magnitude("Days", 30, 0.1, 1000),
            "utilization": Percentage("MFU", 0.40),
            "data_tokens": Magnitude("Data D", 1e13, 1e9, 1e14),
            "serve_on": choice("Serve on", [NO_LIMIT, *catalog.accelerators()], NO_LIMIT),
            "serve_precision": choice("Weights", WEIGHTS.items(), "bf16"),
            "show_markdown": widgets.ToggleButton(description="As Markdown", layout={"width": "auto"}),
            "tokens_per_parameter": Magnitude("Tokens/P", 20, 1, 10_000),
            "inference_flop_per_token": Magnitude("FLOP/token", 1e12, 1e8, 5e12),
            "price_per_hour": Magnitude("Price, $/hour", 2, 0.01, 1000),
            "compare": choice("Compare", [NO_RUN, *catalog.training_runs()], "LLaMA 65B"),
        }

    def make_buttons(self) -> dict[str, widgets.Widget]:
        """Return the button that takes over the compared run's hardware."""
        self.button = widgets.Button(
            description="Use its hardware",
            tooltip="Take over the accelerators, days and utilisation of the run compared with",
            layout={"width": "auto"},
        )
        self.button.on_click(self._take_over)
        return {"use_hardware": self.button}

    def idle(self, view: PlanView) -> dict[str, str]:
        """Return what does not decide the plan: how weights are stored that are served nowhere."""
        resources = view.plan.resources
        return {} if resources.serve_on else {"serve_precision": "no effect: no limit"}

    def overlay(self) -> widgets.Widget:
        """Return the place of the Markdown."""
        self.markdown = widgets.HTML(style=self.alike["style"])
        return self.markdown

    def follow_up(self) -> None:
        """Show the picture, or in its place the Markdown, or why there is no plan."""
        asked, view = self.controls["show_markdown"].value, self.shown
        text = view.markdown if asked and view else self.sentence
        area = f'<textarea readonly aria-label="The plan as Markdown">{html.escape(text)}</textarea>'
        self.markdown.value = (COPY if view else "") + area if asked else ""
        self.reveal(overlay=asked)

    def _take_over(self, _button: Any) -> None:
        compare = self.controls["compare"].value
        if compare != NO_RUN:
            self.set(**resources_of(compare, self.controls["num_accelerators"].value))
