"""What AdamW's states in 8 bits do to a training, by a code that is dense near 0 and by one of even steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from course_lib.tiny_transformer import EightBitRuns, dynamic_code, eight_bit_runs, even_code


@dataclass(frozen=True)
class StatesView:
    """Three trainings with AdamW's states in fp32 and in 8 bits, and the values that a variance can have in 8 bits.

    `codes` has the values of each code that are not 0, over the largest of a block, in order.
    """

    runs: EightBitRuns
    codes: dict[str, tuple[float, ...]]

    @property
    def sentence(self) -> str:
        """The loss at the end of each training, in plain words."""
        fp32, dynamic, even = (self.runs.held_out[name] for name in ("fp32", "dynamic", "even"))
        return (
            f"The loss after {self.runs.steps[-1]:,} steps: {fp32:.2f} nats a character with fp32 states, "
            f"{dynamic:.2f} with 8-bit states, {even:,.0f} with even steps."
        )

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """The losses as they were measured, and the variances that either code rounds to 0."""
        ends, median = self.runs.held_out.items(), float(np.median(self.runs.variances))
        return (
            *((f"loss at the end, {name}", f"{loss:,.{4 if loss < 100 else 0}f} nats") for name, loss in ends),
            (f"loss after {self.runs.steps[1]} steps, even", f"{self.runs.losses['even'][1]:.1f} nats"),
            *((f"variances rounded to 0, {name}", f"{100 * lost:.1f} %") for name, lost in self.runs.lost.items()),
            ("the middle variance", f"{median:.3f} of its block's largest"),
        )


def states_view() -> StatesView:
    """Return the trainings that come with the course, and the two codes of the variance.

    >>> view = states_view()
    >>> view.facts[1], view.facts[-2]
    (('loss at the end, dynamic', '1.7572 nats'), ('variances rounded to 0, even', '9.2 %'))
    """
    codes = {"dynamic": dynamic_code(signed=False), "even": even_code(signed=False)}
    return StatesView(eight_bit_runs(), {name: tuple(code[1:].tolist()) for name, code in codes.items()})
