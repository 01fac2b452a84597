"""Which precision an accelerator can train in, and what to mind with one: what the planner and the advice both know."""

from __future__ import annotations

from course_lib import catalog
from course_lib._arguments import of_kind, one_of
from course_lib.memory.components import PRECISION_BYTES
from course_lib.memory.setup import TrainingSetup

LOSS_SCALING = "fp16 needs its loss scaled"
"""What to mind in fp16, whose smallest number is 6e-8 (Micikevicius et al. 2018)."""


def training_precision(accelerator: str) -> str:
    """Return the mixed precision to train in: fp32+bf16, or fp32+fp16 where the accelerator has no bf16.

    Source: slides S6 and S11; the catalog.

    >>> training_precision("H100 SXM"), training_precision("V100")
    ('fp32+bf16', 'fp32+fp16')
    """
    return "fp32+bf16" if catalog.accelerator(accelerator).bf16 else "fp32+fp16"


def missing_format(precision: str, accelerator: str) -> str:
    """Return the 16-bit format of a precision that the matrix units of an accelerator have not, or nothing.

    Errors: `ValueError` for an unknown precision or accelerator. Source: the catalog.

    >>> missing_format("fp32+bf16", "T4"), missing_format("fp16", "TPU v4"), missing_format("bf16", "A100 80GB")
    ('bf16', 'fp16', '')
    """
    one_of("precision", precision, PRECISION_BYTES)
    chip = catalog.accelerator(accelerator)
    has = {"bf16": chip.bf16, "fp16": chip.fp16}
    return next((name for name in has if name in precision.split("+") and not has[name]), "")


def precision_warnings(setup: TrainingSetup) -> tuple[str, ...]:
    """Return what to mind about a set-up's precision, a sentence each: a format that is not there, fp16, int8.

    int8 stores whole steps of 1/127 of the largest value: what is less than half of one becomes zero.
    Source: slides S6 and S13; Micikevicius et al. 2018; the catalog.

    >>> for sentence in precision_warnings(TrainingSetup.of_model("GPT-2 XL", "V100", precision="bf16")):
    ...     print(sentence)
    V100 has no bf16: its 16-bit rate is for fp16, so train in fp32+fp16.
    """
    of_kind("setup", setup, TrainingSetup)
    sentences = []
    if missing := missing_format(setup.precision, setup.accelerator):
        better = training_precision(setup.accelerator)
        rate = f"its 16-bit rate is for {better.split('+')[1]}"
        sentences.append(f"{setup.accelerator} has no {missing}: {rate}, so train in {better}.")
    elif "fp16" in setup.precision.split("+"):
        sentences.append(f"{LOSS_SCALING}: small gradients would become zero.")
    if (setup.gradient_precision or setup.precision) == "int8":
        lost = "what is less than 1/254 of the largest becomes zero"
        sentences.append(f"int8 gradients are a formula and not a practice: {lost}.")
    elif setup.precision == "int8":
        lost = "a step of less than 1/254 of the largest changes nothing"
        sentences.append(f"int8 weights are for use and not for training: {lost}.")
    return tuple(sentences)
