"""What there is to plan with: accelerators, days, data, and what the trained model may cost to use."""

from __future__ import annotations

from dataclasses import dataclass

from course_lib import catalog
from course_lib._arguments import finite, fraction, one_of, positive, single, whole
from course_lib.compute_cost import throughput
from course_lib.memory import MIXED, PRECISION_BYTES
from course_lib.plan.rules import SERVING_ROOM
from course_lib.scaling import largest_model_within
from course_lib.units import SECONDS_PER_DAY

SERVING_PRECISIONS = tuple(name for name in PRECISION_BYTES if name not in MIXED)
"""How the weights may be stored for use; the mixed recipes are for training alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What there is to train with, and what the trained model may cost to use; see `plan_training_run`."""

    accelerator: str
    num_accelerators: int
    days: float
    utilization: float
    data_tokens: float | None
    max_epochs: float
    tokens_per_parameter: float
    inference_flop_per_token: float | None
    serve_on: str | None
    serve_precision: str
    sequence: int
    price_per_hour: float

    def __post_init__(self) -> None:
        """Refuse what nobody can have, and name it."""
        catalog.accelerator(self.accelerator)
        if self.serve_on is not None:
            catalog.accelerator(self.serve_on)
        one_of("serve_precision", self.serve_precision, SERVING_PRECISIONS)
        object.__setattr__(self, "utilization", single("utilization", fraction("utilization", self.utilization)))
        for name in ("num_accelerators", "sequence"):
            object.__setattr__(self, name, whole(name, getattr(self, name)))
        for name in ("days", "max_epochs", "tokens_per_parameter", "price_per_hour"):
            object.__setattr__(self, name, single(name, positive(name, getattr(self, name))))
        for name in ("data_tokens", "inference_flop_per_token"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, single(name, positive(name, getattr(self, name))))

    @property
    @finite
    def throughput(self) -> float:
        """The rate tau of all accelerators together, in FLOP/s."""
        peak = catalog.accelerator(self.accelerator).fp16_bf16_flop_per_second
        return float(throughput(self.num_accelerators, peak, self.utilization))

    @property
    @finite
    def flop(self) -> float:
        """The compute C = tau T that there is, in FLOP."""
        return self.throughput * self.days * SECONDS_PER_DAY

    @property
    def most_tokens(self) -> float:
        """The most tokens that the data at hand gives, repeats included; infinite where no data is named."""
        return float("inf") if self.data_tokens is None else self.data_tokens * self.max_epochs

    def largest_models(self, flop: float) -> dict[str, float]:
        """Return the largest P within each bound that is set, by the bound's name (slide S4)."""
        ratio = self.tokens_per_parameter
        models = {"compute": largest_model_within(flop=flop, tokens_per_parameter=ratio)}
        if self.data_tokens is not None:
            models["data"] = largest_model_within(tokens=self.most_tokens, tokens_per_parameter=ratio)
        if self.inference_flop_per_token is not None:
            models["inference cost"] = largest_model_within(inference_flop_per_token=self.inference_flop_per_token)
        sizes = {bound: float(model.parameters) for bound, model in models.items()}
        if self.serve_on is not None:
            room = (1 - SERVING_ROOM) * catalog.accelerator(self.serve_on).usable_bytes
            sizes["serving memory"] = room / PRECISION_BYTES[self.serve_precision]
        return sizes
