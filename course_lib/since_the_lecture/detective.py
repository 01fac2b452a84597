"""The peak detective: which mistake would explain a utilisation that somebody claims.

MFU = FLOP a token x tokens a second / peak. A claim goes wrong above the line (what is counted for a token) or below it
(which peak), and most mistakes change it by a factor that is known. So from the measured speed each mistake has its
MFU, and the one that meets the claim is the suspect. Two mistakes with the same factor cannot be told apart: a sparse
peak and, on most accelerators, the fp8 peak are both twice the bf16 peak. A sparse peak is a suspect where one is in
print: of fp4 on a B300 it is 1.3 times the dense one, and on an MI355X there is none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from course_lib import catalog
from course_lib._arguments import not_negative, positive, shown, single, whole

HONEST, CHOICE, MISTAKE = "honest", "choice", "mistake"
"""What an explanation is: the usual count, another count that is as good if one says so, or an error."""

KINDS = (HONEST, CHOICE, MISTAKE)
"""The kinds of explanation; of two that meet a claim the better kind is named first."""

SPARSE = 2
"""How much faster a vendor prints its rates with structured sparsity, in 16 and 8 bits; fp4 has a column of its own."""

TOLERANCE = 0.03
"""How far off, as a share of the claim, an MFU still meets it: claims are printed to two digits."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """One way to come from a measured speed to an MFU: its kind, what is done in words, and the MFU it gives.

    `steps` is how many things are done otherwise than usual; `apart` is how far the MFU is from the claim, as a share
    of it: 0.5 is half as much again.
    """

    kind: str
    words: str
    steps: int
    mfu: float
    apart: float

    @property
    def meets_the_claim(self) -> bool:
        """Whether the claim may have come about like that: `apart` is at most `TOLERANCE`."""
        return abs(self.apart) <= TOLERANCE

    def __str__(self) -> str:
        """Return the explanation as one line.

        >>> print(Explanation(MISTAKE, "the peak with sparsity", 1, 0.2, -0.5))
        the peak with sparsity: 20.0 %, -50 % from the claim
        """
        return f"{self.words}: {100 * self.mfu:.1f} %, {100 * self.apart:+.0f} % from the claim"


def explain_utilization(
    claimed: float,
    tokens_per_second: float,
    parameters: float,
    accelerator: str,
    *,
    precision: str = "bf16",
    attention_flop: float = 0.0,
    total_parameters: float | None = None,
    accelerators_per_node: int = 8,
) -> tuple[Explanation, ...]:
    """Return what would explain a claimed MFU, the likeliest first: 6PD at the dense peak, and each known mistake.

    `tokens_per_second` is the speed of one accelerator in training; `parameters` P work on a token, of
    `total_parameters` where it is a mixture of experts; `precision`, one of `catalog.PEAKS`, is that of the products.
    `attention_flop` are the FLOP of attention's products for one token, forward and backward, every token with every
    other: 12 x layers x heads x head_dim x sequence. Half of them are counted where attention is causal.
    First come the explanations that meet the claim, honest ones before choices before mistakes, and the simpler before
    those that need two things; then the others, by the ratio of the two MFUs.
    Errors: `ValueError` for a number that is not positive, fewer total than active parameters, an unknown accelerator,
    or a precision that it has no peak for. Source: slide S3; Chowdhery et al. 2022, appendix B, for the MFU.

    >>> found = explain_utilization(0.81, 6780, 1557.6e6, "A100 80GB")  # a GPT-2 XL
    >>> print(found[0], found[0].kind, sep="; ")
    the 16-bit rate without tensor cores: 81.2 %, +0 % from the claim; mistake
    """
    claim = single("claimed", positive("claimed", claimed))
    speed = single("tokens_per_second", positive("tokens_per_second", tokens_per_second))
    six_p = 6 * single("parameters", positive("parameters", parameters))
    attention = single("attention_flop", not_negative("attention_flop", attention_flop))
    total = (
        parameters
        if total_parameters is None
        else single("total_parameters", positive("total_parameters", total_parameters))
    )
    if total < parameters:
        raise ValueError(f"total_parameters must be at least parameters = {shown(parameters)}; got {shown(total)}")
    node = whole("accelerators_per_node", accelerators_per_node)
    chip = catalog.accelerator(accelerator)
    peak = chip.peak(precision)
    counts = list(_counts(six_p, attention))
    one_thing = [*_wrong_counts(total / parameters), *_wrong_peaks(chip, precision), *_wrong_numbers(node)]
    ways = [(kind, words, int(kind != HONEST), flop) for kind, words, flop in counts]
    for words, factor in one_thing:
        for kind, also, flop in counts:
            as_well = "" if kind == HONEST else f", and {also}"
            ways.append((MISTAKE, words + as_well, 1 + (kind != HONEST), factor * flop))
    found = [
        Explanation(kind, words, steps, mfu := flop * speed / peak, mfu / claim - 1)
        for kind, words, steps, flop in ways
    ]
    return tuple(sorted(found, key=_rank))


def _rank(explanation: Explanation) -> tuple[bool, int, int, float]:
    """Return the place of an explanation: those that meet the claim by kind, then all by steps and distance."""
    meets = explanation.meets_the_claim
    distance = abs(math.log1p(explanation.apart))
    if meets:
        return False, KINDS.index(explanation.kind), explanation.steps, distance
    return True, 0, 0, distance


def _counts(six_p: float, attention: float) -> Iterator[tuple[str, str, float]]:
    """Yield the counts of a token's FLOP that are right if one says which it is."""
    yield HONEST, "nothing is wrong: 6PD at the dense peak", six_p
    if attention:
        yield CHOICE, "attention's products counted, causal", six_p + attention / 2
        yield CHOICE, "attention's products counted, every token with every other", six_p + attention
    yield CHOICE, "the forward pass counted twice, for recomputation: that is HFU", 8 / 6 * six_p


def _wrong_counts(all_over_active: float) -> Iterator[tuple[str, float]]:
    """Yield each wrong count of a token's FLOP, by the factor that it changes the MFU by."""
    yield "a multiply-accumulate counted as one FLOP", 1 / 2
    yield "the forward pass alone counted", 1 / 3
    if all_over_active > 1:
        yield "all parameters of the mixture counted, not the active ones", all_over_active


def _wrong_peaks(chip: catalog.Accelerator, precision: str) -> Iterator[tuple[str, float]]:
    """Yield each peak that is not that of the products, by the factor that it changes the MFU by."""
    right = chip.peak(precision)
    rates = {
        "the peak with sparsity": _sparse_peak(chip, precision),
        "the bf16 peak": chip.fp16_bf16_flop_per_second,
        "the fp8 peak": chip.fp8_flop_per_second,
        "the fp4 peak": chip.fp4_flop_per_second,
        "the int8 rate": chip.int8_op_per_second,
        "the fp32 peak, without tensor cores": chip.fp32_flop_per_second,
        "the 16-bit rate without tensor cores": chip.fp16_without_tensor_cores_flop_per_second,
    }
    for words, rate in rates.items():
        if rate is not None and abs(rate / right - 1) > TOLERANCE:
            yield words, right / rate


def _sparse_peak(chip: catalog.Accelerator, precision: str) -> float | None:
    """Return the peak with sparsity that is in print for a precision, in FLOP/s; None where there is none."""
    if precision == "fp4":
        return chip.sparse_fp4_flop_per_second
    return SPARSE * chip.peak(precision) if chip.sparse_flop_per_second else None


def _wrong_numbers(node: int) -> Iterator[tuple[str, float]]:
    """Yield what comes of taking a node for an accelerator, or the other way round."""
    if node > 1:
        yield f"the tokens of a node of {node} at the peak of one accelerator", float(node)
        yield f"the tokens of one accelerator at the peak of a node of {node}", 1 / node
