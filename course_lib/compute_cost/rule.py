"""Compute cost: how much arithmetic it takes to train a transformer, and how long that lasts.

The slides S1 and S2 in one line: C ~ tau T = 6 P D, with C = C_forward + C_backward = 2PD + 4PD.
Symbols: C compute in FLOP (a count), tau throughput in FLOP/s (a rate), T time in seconds, P parameters, D tokens.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from course_lib._arguments import finite, fraction, not_negative, positive


@finite
def forward_flop(parameters: ArrayLike, tokens: ArrayLike) -> Any:
    """Return the FLOP of the forward pass, C_forward = 2 P D: one multiply and one add a parameter and token.

    `parameters` P and `tokens` D are counts, scalars or arrays that broadcast; the result is in FLOP.
    Errors: `ValueError` for a negative or non-finite count, `TypeError` for anything but numbers.
    Source: slide S2; Kaplan et al. 2020, section 2.1.

    >>> forward_flop(175e9, 1)
    350000000000.0
    """
    return 2 * not_negative("parameters", parameters) * not_negative("tokens", tokens)


@finite
def backward_flop(parameters: ArrayLike, tokens: ArrayLike) -> Any:
    """Return the FLOP of the backward pass, C_backward = 4 P D: two products where the forward pass has one.

    One product gives the gradient of the layer's weights, the other the gradient of the layer's input.
    `parameters` P and `tokens` D are counts, scalars or arrays that broadcast; the result is in FLOP.
    Errors: as `forward_flop`. Source: slide S2; Kaplan et al. 2020, section 2.1.

    >>> backward_flop(175e9, 1) / forward_flop(175e9, 1)
    2.0
    """
    return 2 * forward_flop(parameters, tokens)


@finite
def training_flop(parameters: ArrayLike, tokens: ArrayLike) -> Any:
    """Return the FLOP of training, C = C_forward + C_backward = 6 P D.

    `parameters` P and `tokens` D are counts, scalars or arrays that broadcast; the result is in FLOP.
    Errors: as `forward_flop`. Source: slide S1; Anthony, Biderman and Schoelkopf 2023, *Transformer Math 101*.

    >>> f"{training_flop(174.6e9, 300e9):.2e}"  # GPT-3; Brown et al. 2020, Table D.1 prints 3.14e23
    '3.14e+23'
    """
    return forward_flop(parameters, tokens) + backward_flop(parameters, tokens)


@finite
def throughput(num_gpus: ArrayLike, flop_per_second: ArrayLike, utilization: ArrayLike = 1.0) -> Any:
    """Return the throughput tau = GPUs x FLOP/s per GPU x utilisation, in FLOP/s.

    `flop_per_second` is one accelerator's peak; `utilization` in (0, 1] turns the advertised rate into the achieved.
    Errors: `ValueError` for a count or rate that is not positive, or a utilisation outside (0, 1].
    Source: slides S2 (tau) and S3 (actual is lower than advertised).

    >>> throughput(128, 312e12, utilization=0.4)
    1.59744e+16
    """
    peak = positive("num_gpus", num_gpus) * positive("flop_per_second", flop_per_second)
    return peak * fraction("utilization", utilization)


@finite
def training_seconds(flop: ArrayLike, throughput: ArrayLike) -> Any:
    """Return the training time T = C / tau, in seconds.

    `flop` C in FLOP, `throughput` tau in FLOP/s, scalars or arrays that broadcast.
    Errors: `ValueError` for a negative C or a tau that is not positive. Source: slide S1.

    >>> training_seconds(8.64e19, 1e15) / 3600
    24.0
    """
    return not_negative("flop", flop) / positive("throughput", throughput)


@finite
def model_flop_utilization(
    flop: ArrayLike, seconds: ArrayLike, num_gpus: ArrayLike, peak_flop_per_second: ArrayLike
) -> Any:
    """Return the utilisation MFU = C / (T x GPUs x peak), the share of the advertised rate that was achieved.

    `flop` C in FLOP, `seconds` T, `peak_flop_per_second` of one accelerator; the result has no unit. A result above 1
    is returned as it is: it says that an input is wrong (often a peak of the wrong precision, or hours for seconds).
    Errors: `ValueError` for an input that is not positive. Source: Chowdhery et al. 2022, section 4.1 and appendix B.

    >>> from course_lib import catalog
    >>> run = catalog.training_run("LLaMA 65B")
    >>> seconds = run.accelerator_hours * 3600  # as if on one accelerator
    >>> round(model_flop_utilization(training_flop(run.parameters, run.tokens), seconds, 1, 312e12), 2)
    0.48
    """
    return positive("flop", flop) / _available_flop(seconds, num_gpus, peak_flop_per_second)


@finite
def _available_flop(seconds: ArrayLike, num_gpus: ArrayLike, peak_flop_per_second: ArrayLike) -> Any:
    peak = positive("num_gpus", num_gpus) * positive("peak_flop_per_second", peak_flop_per_second)
    return positive("seconds", seconds) * peak


@finite
def hardware_flop_utilization(
    flop: ArrayLike,
    seconds: ArrayLike,
    num_gpus: ArrayLike,
    peak_flop_per_second: ArrayLike,
    recomputed_share: ArrayLike = 1 / 3,
) -> Any:
    """Return the utilisation HFU = (1 + r) C / (T x GPUs x peak) = (1 + r) MFU, which counts recomputed work too.

    `recomputed_share` r is what the backward pass computes a second time, as a share of `flop` C = 6PD: 1/3 where it
    is the whole forward pass, 2PD, and 0 without recomputation, where HFU is MFU. More recomputation raises HFU at
    the same speed and leaves MFU as it is. The other arguments are those of `model_flop_utilization`.
    Errors: as `model_flop_utilization`, and `ValueError` for a negative share.
    Source: Chowdhery et al. 2022, section 4.1 and appendix B; Korthikanti et al. 2022, section 6.

    >>> round(hardware_flop_utilization(0.32 * 312e12, 1, 1, 312e12), 2)  # BLOOM's 32 %, with its forward pass twice
    0.43
    """
    share = 1 + not_negative("recomputed_share", recomputed_share)
    return share * model_flop_utilization(flop, seconds, num_gpus, peak_flop_per_second)
