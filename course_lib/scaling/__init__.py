"""Scaling: how to share a compute budget between parameters and tokens.

Slide S4: the loss depends on P and on D; one proposed tradeoff is D = 20P; do not train on fewer than 200 B tokens; P
follows from the data, from the compute budget or from the inference cost. `tradeoff` has the slide's rule, `loss` the
fitted formula and its published constants, `fitting` how it is fitted to measured losses, `isoflop` does that to models
trained at a few budgets, and `ladder` has such models, tiny ones.
"""

from course_lib.scaling.fitting import Parabola, PowerLaw, fit_loss, fit_parabola, fit_power_law
from course_lib.scaling.isoflop import IsoFlopFit, IsoFlopRuns, fit_iso_flop, runs_of_law
from course_lib.scaling.ladder import LadderRun, ladder, ladder_runs
from course_lib.scaling.loss import (
    BESIROGLU_2024,
    HOFFMANN_2022,
    HOFFMANN_2022_UNROUNDED,
    LossFit,
    why_no_loss,
)
from course_lib.scaling.tradeoff import (
    MINIMUM_TOKENS,
    TOKENS_PER_PARAMETER,
    ModelChoice,
    chinchilla_tokens,
    compute_optimal,
    largest_model_within,
)

__all__ = [
    "BESIROGLU_2024",
    "HOFFMANN_2022",
    "HOFFMANN_2022_UNROUNDED",
    "MINIMUM_TOKENS",
    "TOKENS_PER_PARAMETER",
    "IsoFlopFit",
    "IsoFlopRuns",
    "LadderRun",
    "LossFit",
    "ModelChoice",
    "Parabola",
    "PowerLaw",
    "chinchilla_tokens",
    "compute_optimal",
    "fit_iso_flop",
    "fit_loss",
    "fit_parabola",
    "fit_power_law",
    "ladder",
    "ladder_runs",
    "largest_model_within",
    "runs_of_law",
    "why_no_loss",
]
