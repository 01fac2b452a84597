"""What the explorer of slide S4 shows, as numbers and in a sentence: the model that a bound gives, beside the best."""

from __future__ import annotations

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

NEAR, FAR = "0.03 nats", "0.2 nats"
LOSS_AXES = {NEAR: 0.03, FAR: 0.2}
"""How far the loss axis goes, in nats a token above the best."""


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
    def sentence(self) -> str:
        """The answer in plain words."""
        if self.no_loss:
            return f"{self._mixture()} {self.no_loss}"
        return f"{self._model()} {self._optima()} {self._given_up()}"

    def _mixture(self) -> str:
        return (
            f"{self.run}: {format_count(self.tokens)} tokens; {format_flop(self.flop)} to train, "
            f"{format_scientific(self.inference)} a token to use, as 6PD and 2P count the parameters at work."
        )

    def _model(self) -> str:
        few = "" if self.enough_tokens else " (below 200 B)"
        return (
            f"{self.run or f'From the {self.way}'}: {format_count(self.parameters)} parameters on "
            f"{format_count(self.tokens)} tokens{few}, {format_number(self.tokens_per_parameter)} a parameter; "
            f"{format_flop(self.flop)} to train, {format_scientific(self.inference)} a token to use."
        )

    def _optima(self) -> str:
        rule, hoffmann, besiroglu = (format_count(by[0]) for by in (self.by_rule, self.by_hoffmann, self.by_besiroglu))
        fits = f"are {self.disagreement:.2g} times apart" if self.disagreement >= 1.05 else "agree"
        both = f"Hoffmann as printed ({hoffmann}) and Besiroglu ({besiroglu})"
        return f"Best P: {rule} by D = 20P; {both} {fits}."

    def _given_up(self) -> str:
        loss = self.loss_given_up[1]
        nats = f"{loss:.3f}" if loss >= 0.0005 else "less than 0.001"
        above = f"By Besiroglu your loss is {nats} nats a token above the best;"
        if self.training_ratio < 1.05:
            return f"{above} at the same loss you could save under 5 % of your compute."
        cheaper, more = (format_count(count) for count in self.cheapest)
        training, inference = (format_number(ratio, 2) for ratio in (self.training_ratio, self.inference_ratio))
        return (
            f"{above} {cheaper} on {more} tokens do as well; yours costs {training} times as much to train, "
            f"{inference} times to use."
        )


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
) -> ScalingView:
    """Return what the explorer shows for its controls' values; `preset` may name the published run they stand for.

    `loss_axis` says how far the picture's loss axis goes. Errors: `ValueError` or `TypeError` as `scaling` raises them.
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
    )


def run_values(run: str) -> dict[str, float]:
    """Return the control values that stand for a published run of the catalog; none for any other text."""
    published = catalog.training_runs().get(run)
    if published is None:
        return {}
    size, data = float(published.parameters), float(published.tokens)
    bounds = bounds_of(ModelChoice(size, data, training_flop(size, data), way="data"))
    return bounds | {"tokens_per_parameter": data / size}
