"""How to share a compute budget between parameters and tokens by a rule: D = 20P, and three ways to choose P.

Slide S4. Symbols: P parameters, D tokens, C = 6PD compute in FLOP.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from course_lib._arguments import finite, plain, positive
from course_lib.compute_cost import forward_flop, training_flop

TOKENS_PER_PARAMETER = 20
"""The slide's D = 20P, read off the fits of Hoffmann et al. 2022 (their Table 3 has 20.0 to 22.4)."""

MINIMUM_TOKENS = 200e9
"""The slide's least advisable dataset, in tokens: advice of Anthony et al. 2023, not of Hoffmann et al. 2022."""


@finite
def chinchilla_tokens(parameters: ArrayLike) -> Any:
    """Return the tokens that are compute-optimal for a model, D = 20 P.

    `parameters` P is a count, a scalar or an array; so is the result.
    Errors: `ValueError` for P not positive. Source: slide S4; Hoffmann et al. 2022, Table 3.

    >>> chinchilla_tokens(70e9)  # Chinchilla itself: 70 B parameters on 1.4 T tokens
    1400000000000.0
    """
    return TOKENS_PER_PARAMETER * positive("parameters", parameters)


@finite
def compute_optimal(flop: ArrayLike, tokens_per_parameter: ArrayLike = TOKENS_PER_PARAMETER) -> tuple[Any, Any]:
    """Return (P, D) that spend a budget at D = r P: P = sqrt(C / 6r), D = r P.

    `flop` C in FLOP and `tokens_per_parameter` r, scalars or arrays that broadcast; P and D are counts.
    Errors: `ValueError` for C or r not positive. Source: slides S1 and S4; Hoffmann et al. 2022.

    >>> parameters, tokens = compute_optimal(5.76e23)  # Chinchilla's budget: it had 70 B on 1.4 T
    >>> round(parameters / 1e9, 1), round(tokens / 1e12, 2)
    (69.3, 1.39)
    """
    ratio = positive("tokens_per_parameter", tokens_per_parameter)
    parameters = np.sqrt(positive("flop", flop) / training_flop(1, ratio))
    return plain(parameters), plain(ratio * parameters)


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A chosen P and D, their cost C = 6PD in FLOP, and the `way` of choosing: data, compute or inference."""

    parameters: Any
    tokens: Any
    flop: Any
    way: str


@finite
def largest_model_within(
    *,
    tokens: ArrayLike | None = None,
    flop: ArrayLike | None = None,
    inference_flop_per_token: ArrayLike | None = None,
    tokens_per_parameter: ArrayLike = TOKENS_PER_PARAMETER,
) -> ModelChoice:
    """Return the largest model that one bound allows, and the tokens that it wants at D = r P.

    Data at hand: P = D / r. Compute budget: P = sqrt(C / 6r). Inference cost: P = c / 2, as a token costs c = 2P
    FLOP; a bound on time gives c = seconds a token x achieved FLOP/s. Give exactly one bound, a scalar or an array;
    `tokens_per_parameter` r above 20 over-trains.
    Errors: `TypeError` unless exactly one bound is given, `ValueError` for one not positive.
    Source: slide S4 (the last two points); Hoffmann et al. 2022 for r = 20.

    >>> largest_model_within(inference_flop_per_token=16e9)
    ModelChoice(parameters=8000000000.0, tokens=160000000000.0, flop=7.68e+21, way='inference')
    """
    bounds = {"tokens": tokens, "flop": flop, "inference_flop_per_token": inference_flop_per_token}
    given = [name for name, bound in bounds.items() if bound is not None]
    if len(given) != 1:
        raise TypeError(f"give exactly one of {', '.join(bounds)}; got {', '.join(given) or 'none'}")
    ratio = positive("tokens_per_parameter", tokens_per_parameter)
    if tokens is not None:
        way, parameters = "data", positive("tokens", tokens) / ratio
    elif flop is not None:
        way, parameters = "compute", compute_optimal(flop, ratio)[0]
    else:
        cost = positive("inference_flop_per_token", inference_flop_per_token)  # type: ignore[arg-type]
        way, parameters = "inference", cost / forward_flop(1, 1)
    return ModelChoice(parameters, ratio * parameters, training_flop(parameters, ratio * parameters), way)
