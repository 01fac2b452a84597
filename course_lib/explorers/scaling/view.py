"""What the explorer of slide S4 shows, as numbers and in words: the model that a bound gives, beside the best."""

from __future__ import annotations

import math
from dataclasses import dataclass

from course_lib import catalog
from course_lib._arguments import one_of, shown
from course_lib.catalog import TrainingRun
from course_lib.compute_cost import forward_flop, training_flop
from course_lib.scaling import (
    BESIROGLU_2024,
    HOFFMANN_2022,
    MINIMUM_TOKENS,
    ModelChoice,
    compute_optimal,
    largest_model_within,
    why_no_loss,
)
from course_lib.units import format_count, format_flop, format_number, format_scientific

OWN = "your own numbers"
BOUND_OF = {"compute budget": "flop", "data at hand": "tokens", "inference cost": "inference_flop_per_token"}
"""What P may be chosen from, and the bound of `largest_model_within` that each stands for."""
SHORT = {"compute budget": "From compute", "data at hand": "From data", "inference cost": "From inference"}
"""How the sentence begins for a model that is no published run."""

NEAR, FAR = "0.03 nats", "0.2 nats"
LOSS_AXES = {NEAR: 0.03, FAR: 0.2}
"""How far the loss axis goes, in nats a token above the best."""

ALL_SIZES, BEST_SIZES, YOUR_SIZE = "all sizes", "the best sizes", "your model"
ZOOMS = (ALL_SIZES, BEST_SIZES, YOUR_SIZE)
"""What the sizes on the loss picture lie around."""
SIZES = (3e7, 3e12)
"""All sizes, in parameters, from one edge of the picture to the other."""
REACH, GRID = 0.75, 0.25
"""How far a zoom reaches to either side, and what its middle is rounded to, so that it rests while sizes move a little:
both in powers of ten."""


@dataclass(frozen=True)
class ScalingView:
    """What the explorer shows: the chosen model, the three optima at the same compute, and what the choice gives up.

    An optimum is a pair (P, D). `loss_given_up` is in nats a token above each fit's own best, Hoffmann's first.
    `cheapest` reaches the choice's loss at the least compute, by Besiroglu's fit; the two ratios compare with it.
    """

    way: str
    parameters: float
    tokens: float
    flop: float
    inference: float
    tokens_per_parameter: float
    by_rule: tuple[float, float]
    by_hoffmann: tuple[float, float]
    by_besiroglu: tuple[float, float]
    loss_given_up: tuple[float, float]
    cheapest: tuple[float, float]
    published: TrainingRun | None
    loss_axis: str
    zoom: str

    @property
    def run(self) -> str | None:
        """The name of the published run that the model is."""
        return self.published.name if self.published else None

    @property
    def no_loss(self) -> str:
        """Why no loss and no comparison are shown, in a sentence; nothing where they are."""
        return why_no_loss(self.published) if self.published else ""

    @property
    def enough_tokens(self) -> bool:
        """Whether the tokens are as many as the slide asks for at least."""
        return self.tokens >= MINIMUM_TOKENS * (1 - 1e-9)

    @property
    def disagreement(self) -> float:
        """How many times the two fits' best sizes lie apart."""
        ratio = self.by_hoffmann[0] / self.by_besiroglu[0]
        return max(ratio, 1 / ratio)

    @property
    def training_ratio(self) -> float:
        """The compute in times of the cheapest that reaches the same loss."""
        return float(self.flop / training_flop(*self.cheapest))

    @property
    def inference_ratio(self) -> float:
        """The cost of use in times of that of the cheapest to train with the same loss."""
        return self.parameters / self.cheapest[0]

    @property
    def sizes(self) -> tuple[float, float]:
        """The least and the largest size that the loss picture shows, in parameters."""
        if self.no_loss or self.zoom == ALL_SIZES:
            return SIZES
        best = math.sqrt(self.by_hoffmann[0] * self.by_besiroglu[0])
        middle = GRID * round(math.log10(best if self.zoom == BEST_SIZES else self.parameters) / GRID)
        return 10 ** (middle - REACH), 10 ** (middle + REACH)

    @property
    def fits_in_words(self) -> str:
        """How far apart the two fits' best sizes are, in words."""
        return f"{self.disagreement:.2g} times apart" if self.disagreement >= 1.05 else "in agreement"

    @property
    def sentence(self) -> str:
        """The answer in plain words."""
        tokens = format_count(self.tokens)
        if self.no_loss:
            return f"{self.run}: {tokens} tokens for {format_flop(self.flop)}; the loss law was fitted to dense models."
        few = "" if self.enough_tokens else " (below 200 B)"
        return (
            f"{self.run or SHORT[self.way]}: {format_count(self.parameters)} parameters on {tokens} tokens{few}, "
            f"{_nats(self.loss_given_up[1])} nats a token above the best."
        )

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """The costs of the model, the best sizes, and the cheapest way to the same loss."""
        costs = (
            ("Tokens a parameter", format_number(self.tokens_per_parameter)),
            ("Training", format_flop(self.flop)),
            ("Use", f"{format_scientific(self.inference)} FLOP a token"),
        )
        return costs + (self._unjudged() if self.published and self.no_loss else self._judged())

    def _judged(self) -> tuple[tuple[str, str], ...]:
        cheaper, more = (format_count(count) for count in self.cheapest)
        training = f"{format_number(self.training_ratio, 2)} times as much"
        above = [f"{_nats(nats)} nats" for nats in self.loss_given_up]
        return (
            ("Best P by D = 20P", format_count(self.by_rule[0])),
            ("Best P, Hoffmann as printed", format_count(self.by_hoffmann[0])),
            ("Best P, Besiroglu", format_count(self.by_besiroglu[0])),
            ("The two fits", self.fits_in_words),
            ("Above best, Hoffmann", above[0]),
            ("Above best, Besiroglu", above[1]),
            ("Cheapest as good", f"{cheaper} on {more} tokens"),
            ("Yours costs to train", training if self.training_ratio >= 1.05 else "under 5 % more"),
            ("Yours costs to use", f"{format_number(self.inference_ratio, 2)} times as much"),
        )

    def _unjudged(self) -> tuple[tuple[str, str], ...]:
        run, best = self.published, "none for a mixture"
        assert run is not None
        return (
            ("Kind", "a mixture of experts"),
            ("Parameters at work", format_count(run.parameters)),
            ("All parameters", format_count(run.total_parameters)),
            ("Best P by D = 20P", best),
            ("Best P, Hoffmann as printed", best),
            ("Best P, Besiroglu", best),
            ("Cheapest as good", "not known"),
            ("Yours costs to train", "not compared"),
            ("Yours costs to use", "not compared"),
        )


def _nats(loss: float) -> str:
    """Return a small loss with three decimals, as the lesson writes them."""
    return f"{loss:.3f}" if loss >= 0.0005 else "under 0.001"


def chosen_model(
    way: str, flop: float, tokens: float, inference_flop_per_token: float, tokens_per_parameter: float
) -> ModelChoice:
    """Return the model that one of the three bounds gives; `way` says which, and the other two have no part in it.

    Errors: `ValueError` for an unknown way, else as `scaling.largest_model_within`.
    """
    bounds = {"flop": flop, "tokens": tokens, "inference_flop_per_token": inference_flop_per_token}
    if way not in BOUND_OF:
        raise ValueError(f"way must be one of {', '.join(BOUND_OF)}; got {shown(way)}")
    bound = {BOUND_OF[way]: bounds[BOUND_OF[way]]}
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
    loss_axis: str = NEAR,
    zoom: str = ALL_SIZES,
) -> ScalingView:
    """Return what the explorer shows for its controls' values; `preset` may name the published run they stand for.

    `loss_axis` says how far the picture's loss axis goes, `zoom` what its sizes lie around.
    Errors: `ValueError` or `TypeError` as `scaling` raises them.
    """
    chosen = chosen_model(way, flop, tokens, inference_flop_per_token, tokens_per_parameter)
    size, data, cost = chosen.parameters, chosen.tokens, chosen.flop
    hoffmann, besiroglu = HOFFMANN_2022.optimal(cost), BESIROGLU_2024.optimal(cost)
    loss = BESIROGLU_2024.loss(size, data)
    return ScalingView(
        way=way,
        parameters=size,
        tokens=data,
        flop=cost,
        inference=forward_flop(size, 1),
        tokens_per_parameter=tokens_per_parameter,
        by_rule=compute_optimal(cost),
        by_hoffmann=hoffmann,
        by_besiroglu=besiroglu,
        loss_given_up=(
            HOFFMANN_2022.loss(size, data) - HOFFMANN_2022.loss(*hoffmann),
            loss - BESIROGLU_2024.loss(*besiroglu),
        ),
        cheapest=BESIROGLU_2024.cheapest_for_loss(loss),
        published=catalog.training_runs().get(preset),
        loss_axis=one_of("loss_axis", loss_axis, LOSS_AXES),
        zoom=one_of("zoom", zoom, ZOOMS),
    )


def run_values(run: str) -> dict[str, float]:
    """Return the control values that stand for a published run of the catalog; none for any other text."""
    published = catalog.training_runs().get(run)
    if published is None:
        return {}
    size, data = float(published.parameters), float(published.tokens)
    bounds = bounds_of(ModelChoice(size, data, training_flop(size, data), way="data"))
    return bounds | {"tokens_per_parameter": data / size}
