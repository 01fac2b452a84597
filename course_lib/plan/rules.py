"""What a training plan goes by where the lecture leaves a number open, each with its source."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from course_lib import catalog
from course_lib._arguments import of_kind, positive, single, whole
from course_lib.compute_cost import model_flop_utilization, training_flop
from course_lib.units import SECONDS_PER_DAY, SECONDS_PER_HOUR

A_RUN = "a run of the catalog, such as catalog.training_run gives"
"""What a function of this topic accepts for a published run, in words."""

MOST_EPOCHS = 4
"""How often the same text may be read: up to 4 times is almost as good as new text (Muennighoff et al. 2023)."""

TRAINING_ROOM, SERVING_ROOM = 0.1, 0.2
"""Shares of an accelerator's memory to leave free: for buffers and fragmentation; for the keys and values.

The logits and the layer that is being recomputed are not in it: they are counted, as working memory.
"""

BROWN = "Brown et al. 2020, Table 2.1"
STEP_TOKENS = (
    (1e9, 2**19, BROWN),
    (5e9, 2**20, BROWN),
    (50e9, 2**21, BROWN),
    (250e9, 2**22, BROWN),
    (float("inf"), 2**24, "Llama Team 2024, section 3.4.1"),
)
"""Models up to a size, the tokens of one step, and whose they are: 0.5 M to 3.2 M for GPT-3, 16 M for Llama 3.1 405B.

The last step is from one run, which began with 4 M. PaLM 540B ended with 4 M (Chowdhery et al. 2022).
"""


def tokens_of_a_step(parameters: float) -> int:
    """Return the tokens of one step that are usual for a model of this size: 2^19 to 2^22, and 2^24 from 250 B on.

    Source: Brown et al. 2020, Table 2.1; Llama Team 2024, section 3.4.1 (4 M, then 8 M, then 16 M).

    >>> tokens_of_a_step(174.6e9), tokens_of_a_step(405e9)  # GPT-3 took 3.2 M, LLaMA 4 M; Llama 3.1 405B took 16 M
    (4194304, 16777216)
    """
    return _usual_step(parameters)[1]


def source_of_a_step(parameters: float) -> str:
    """Return whose steps `tokens_of_a_step` goes by for a model of this size.

    >>> source_of_a_step(405e9)
    'Llama Team 2024, section 3.4.1'
    """
    return _usual_step(parameters)[2]


def _usual_step(parameters: float) -> tuple[float, int, str]:
    size = single("parameters", positive("parameters", parameters))
    return next(usual for usual in STEP_TOKENS if size < usual[0])


@cache
def published_utilization() -> Mapping[str, float]:
    """Return what the lecture's runs achieved over all their hours, 6PD / (hours x peak), by the run's name.

    >>> round(published_utilization()["LLaMA 65B"], 3)
    0.477
    """
    reached = {run.name: utilization_of(run) for run in catalog.training_runs().values()}
    return MappingProxyType({name: share for name, share in reached.items() if share is not None})


def utilization_of(run: catalog.TrainingRun) -> float | None:
    """Return what a run achieved over all its hours, of the 16-bit peak.

    None without hours, tokens or accelerator, or on two kinds of accelerators.

    >>> utilization_of(catalog.training_run("GPT-3 175B")) is None
    True
    """
    of_kind("run", run, catalog.TrainingRun, A_RUN)
    chip = catalog.all_accelerators().get(run.accelerator)
    if chip is None or run.accelerator_hours is None or run.reported_tokens is None:
        return None
    flop, seconds = training_flop(run.parameters, run.tokens), run.accelerator_hours * SECONDS_PER_HOUR
    return float(model_flop_utilization(flop, seconds, 1, chip.fp16_bf16_flop_per_second))


def resources_of(run: str, num_accelerators: int) -> dict[str, str | float]:
    """Return what a published run had, as arguments of `plan_training_run`: hardware, days and utilisation achieved.

    `num_accelerators` stands in where the run does not report its own. The result is empty where the run reports no
    hours, or two kinds of accelerators. Errors: `ValueError` for an unknown run.

    >>> resources_of("BLOOM 176B", 1)["num_accelerators"], round(resources_of("BLOOM 176B", 1)["days"])
    (384, 118)
    """
    published = catalog.training_run(run)
    if run not in published_utilization() or published.accelerator_hours is None:
        return {}
    number = published.num_accelerators or whole("num_accelerators", num_accelerators)
    return {
        "accelerator": published.accelerator,
        "num_accelerators": number,
        "days": published.accelerator_hours * SECONDS_PER_HOUR / number / SECONDS_PER_DAY,
        "utilization": published_utilization()[run],
    }
