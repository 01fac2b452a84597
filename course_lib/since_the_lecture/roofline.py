"""The roofline: whether the arithmetic or the memory traffic of a step takes longer, and for which batch that changes.

A step does `flop` FLOP and moves `bytes` bytes between the accelerator and its memory. Its intensity I = FLOP / bytes
meets the accelerator's ridge point R = peak / bandwidth: the attainable rate is min(peak, I x bandwidth). Training and
reading a prompt do much arithmetic with each weight, so that I > R. Generating does 2 FLOP a weight and sequence: the
batch makes I larger, until the KV cache, which grows with the batch too, is what is read.

Symbols: W weights of a token's matrices, b batch, c context, k numbers cached a token, A FLOP of attention for a
position. Left out are activations, norms, and what several accelerators send each other: the bytes are the least that
can be moved, and so the intensity is the most. A layer that looks back a window only counts as if it looked at all.
Source: Williams et al. 2009; Pope et al. 2022, section 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from course_lib import catalog
from course_lib._arguments import finite, not_negative, of_kind, positive, single, whole
from course_lib.compute_cost.shape import TransformerShape

TRAINING_BYTES = 2 + 2 + 2 + 2 + 12 + 12 + 2
"""The bytes that a step of AdamW in fp32+bf16 moves for each parameter, at least.

The 16-bit weight is read twice (forward, backward), its gradient written and read; master copy, momentum and variance,
4 bytes each, are read and written; and the new 16-bit weight is written.
"""


@dataclass(frozen=True, slots=True)
class Work:
    """What one step does: its FLOP, and the bytes of weights and of the KV cache that it moves, numbers or arrays."""

    flop: Any
    weight_bytes: Any
    cache_bytes: Any

    @property
    def bytes(self) -> Any:
        """All bytes that are moved."""
        return self.weight_bytes + self.cache_bytes

    @property
    def intensity(self) -> Any:
        """The FLOP done for each byte that is moved."""
        return self.flop / self.bytes


@finite
def ridge_point(accelerator: str, precision: str = "bf16") -> float:
    """Return the intensity from which an accelerator computes at its peak, R = peak / bandwidth, in FLOP a byte.

    Errors: `ValueError` for an unknown accelerator, or a precision that it has no peak for. Source: Williams et al.
    2009; the catalog.

    >>> [round(ridge_point(name)) for name in ("A100 80GB", "H100 SXM", "B200", "TPU v6e")]
    [153, 295, 292, 560]
    """
    chip = catalog.accelerator(accelerator)
    return chip.peak(precision) / chip.memory_bandwidth_bytes_per_second


@finite
def attainable_flop_per_second(intensity: ArrayLike, accelerator: str, precision: str = "bf16") -> Any:
    """Return the most FLOP/s that a step of this intensity reaches: min(peak, intensity x bandwidth).

    `intensity` is in FLOP a byte, a number or an array.
    Errors: as `ridge_point`, and `ValueError` for an intensity that is not positive. Source: Williams et al. 2009.

    >>> attainable_flop_per_second(1, "H100 SXM"), attainable_flop_per_second(1000, "H100 SXM")
    (3350000000000.0, 989500000000000.0)
    """
    chip = catalog.accelerator(accelerator)
    peak, bandwidth = chip.peak(precision), chip.memory_bandwidth_bytes_per_second
    rate = np.minimum(peak, positive("intensity", intensity) * bandwidth)
    return rate if np.ndim(rate) else float(rate)


@finite
def seconds_at_least(work: Work, accelerator: str, precision: str = "bf16") -> Any:
    """Return the least seconds of a step: the larger of FLOP / peak and bytes / bandwidth.

    Errors: as `ridge_point`. Source: Williams et al. 2009.

    >>> shape = TransformerShape.from_catalog("Llama 3.1 8B")
    >>> round(1e3 * seconds_at_least(decode_work(shape, batch=1, context=1000), "H100 SXM"), 1)  # ms a token
    4.5
    """
    of_kind("work", work, Work, "a Work, as decode_work returns it")
    return work.flop / attainable_flop_per_second(work.intensity, accelerator, precision)


@finite
def distinct_experts(shape: TransformerShape, tokens: ArrayLike) -> Any:
    """Return how many of a layer's routed experts a batch of tokens needs, on the average; 0 without experts.

    If the router picks k of n experts for each token, all alike and for each token anew, a token leaves one out with
    probability 1 - k/n, and b tokens need n (1 - (1 - k/n)^b) of them. Real routers are uneven and need fewer.
    Errors: `ValueError` for a negative number of tokens.

    >>> shape = TransformerShape.from_catalog("DeepSeek-V3")
    >>> [round(distinct_experts(shape, tokens)) for tokens in (1, 32, 256)]
    [8, 163, 256]
    """
    _shape(shape)
    number = not_negative("tokens", tokens)
    if shape.experts is None:
        return 0.0 * number
    return shape.experts.routed * (1 - (1 - shape.experts.active / shape.experts.routed) ** number)


@finite
def decode_work(
    shape: TransformerShape,
    batch: ArrayLike,
    context: ArrayLike,
    bytes_per_weight: float = 2,
    bytes_per_value: float = 2,
) -> Work:
    """Return the work of generating one token for each of `batch` sequences of `context` tokens.

        FLOP   b (2 W + A c)
        bytes  bytes_per_weight x weights read + b c k x bytes_per_value

    All weights are read once, of the experts those that the batch needs (`distinct_experts`). Latent attention is
    counted as it is served: queries are compared with the cached vector itself, A = 2 x layers x heads x (2 kv_rank +
    rope_dim). `batch` and `context` are numbers or arrays; the cache of the context is full.
    Errors: `ValueError` for a size that is not positive. Source: Pope et al. 2022, section 2; DeepSeek-AI 2024,
    section 2.1.1.

    >>> shape = TransformerShape.from_catalog("Llama 2 7B")
    >>> [round(decode_work(shape, batch, 4096).intensity, 1) for batch in (1, 16, 256)]
    [1.0, 5.2, 7.0]
    """
    _shape(shape)
    b, c = positive("batch", batch), positive("context", context)
    flop = b * (2 * shape.weights_of_a_token() + _decode_flop_per_position(shape) * c)
    return Work(
        flop=flop,
        weight_bytes=positive("bytes_per_weight", bytes_per_weight) * _weights_read(shape, b),
        cache_bytes=b * c * _cache_bytes(shape, bytes_per_value),
    )


@finite
def prefill_work(
    shape: TransformerShape,
    batch: ArrayLike,
    prompt: ArrayLike,
    bytes_per_weight: float = 2,
    bytes_per_value: float = 2,
) -> Work:
    """Return the work of reading prompts: `batch` sequences of `prompt` tokens in one pass, attention causal.

        FLOP   b s (2 W + A s / 2)
        bytes  bytes_per_weight x weights read + b s k x bytes_per_value

    Errors: `ValueError` for a size that is not positive. Source: Pope et al. 2022, section 2.

    >>> shape = TransformerShape.from_catalog("Llama 3.1 8B")
    >>> round(prefill_work(shape, 1, 2000).intensity)  # on an H100 the arithmetic takes longer from 295 on
    2034
    """
    _shape(shape)
    b, s = positive("batch", batch), positive("prompt", prompt)
    flop = b * s * (2 * shape.weights_of_a_token() + shape.attention_flop_per_position() * s / 2)
    return Work(
        flop=flop,
        weight_bytes=positive("bytes_per_weight", bytes_per_weight) * _weights_read(shape, b * s),
        cache_bytes=b * s * _cache_bytes(shape, bytes_per_value),
    )


@finite
def training_work(
    shape: TransformerShape,
    batch: ArrayLike,
    sequence: ArrayLike,
    bytes_per_parameter: float = TRAINING_BYTES,
) -> Work:
    """Return the work of one training step on `batch` sequences of `sequence` tokens, attention causal.

        FLOP   3 b s (2 W + A s / 2)
        bytes  bytes_per_parameter x all parameters

    `bytes_per_parameter` is what a step moves for each, `TRAINING_BYTES` by default. All experts are counted, as all
    have states. It is the intensity of the whole step, of which the optimizer's part is far below the ridge point.
    Errors: `ValueError` for a size that is not positive. Source: slide S2 for the 3; Rajbhandari et al. 2020,
    section 3.1, for the states.

    >>> shape = TransformerShape.from_catalog("Llama 2 7B")
    >>> round(training_work(shape, batch=4, sequence=4096).intensity)
    3065
    """
    _shape(shape)
    b, s = positive("batch", batch), positive("sequence", sequence)
    flop = 3 * b * s * (2 * shape.weights_of_a_token() + shape.attention_flop_per_position() * s / 2)
    moved = positive("bytes_per_parameter", bytes_per_parameter) * shape.parameters()["total"]
    return Work(flop=flop, weight_bytes=moved, cache_bytes=0.0)


@finite
def decode_intensity_limit(shape: TransformerShape, context: ArrayLike, bytes_per_value: float = 2) -> Any:
    """Return what the intensity of generating comes to as the batch grows: (2 W + A c) / (c k bytes), in FLOP a byte.

    The weights are then shared by so many sequences that they no longer count, and each sequence brings its own cache.
    For long contexts it is A / (k bytes): in 16 bits 1 where each head has its own keys and values, the number of
    heads that share them with grouped queries, and 242 in DeepSeek-V3's latent attention.
    Errors: `ValueError` for a size that is not positive.

    >>> names = ("Llama 2 7B", "Llama 3.1 8B", "DeepSeek-V3")
    >>> shapes = [TransformerShape.from_catalog(name) for name in names]
    >>> [round(float(decode_intensity_limit(shape, 1e9))) for shape in shapes]
    [1, 4, 242]
    """
    _shape(shape)
    c = positive("context", context)
    done = 2 * shape.weights_of_a_token() + _decode_flop_per_position(shape) * c
    return done / (c * _cache_bytes(shape, bytes_per_value))


@finite
def half_way_batch(
    shape: TransformerShape, context: ArrayLike, bytes_per_weight: float = 2, bytes_per_value: float = 2
) -> Any:
    """Return the batch whose cache is as large as the weights: from there on a larger batch gains less than twice.

    b = bytes of all matrices / (c k bytes). There the intensity is half of its limit (of a mixture nearly so), which
    it can only come near.
    Errors: `ValueError` for a size that is not positive.

    >>> round(half_way_batch(TransformerShape.from_catalog("Llama 2 7B"), context=4096), 1)
    6.2
    """
    _shape(shape)
    c, weights = positive("context", context), _weights_read(shape, math.inf)
    return positive("bytes_per_weight", bytes_per_weight) * weights / (c * _cache_bytes(shape, bytes_per_value))


def compute_bound_batch(
    shape: TransformerShape,
    context: int,
    accelerator: str,
    precision: str = "bf16",
    bytes_per_weight: float = 2,
    bytes_per_value: float = 2,
) -> int | None:
    """Return the smallest batch whose generation computes longer than it reads; None where the cache forbids any.

    Of a dense model b = R w W / (2 W + A c - R c k e), with w bytes a weight and e bytes a cached number; where the
    denominator is not positive, the limit of the intensity is below the ridge point R, and no batch is enough. Of a
    mixture, whose batch also decides how many experts are read, it is found by halving.
    Errors: as `ridge_point` and `decode_work`. Source: Pope et al. 2022, section 2.

    >>> shape = TransformerShape.from_catalog("Llama 3.1 8B")
    >>> [compute_bound_batch(shape, context, "H100 SXM") for context in (1, 100, 300, 1000)]
    [297, 397, 1249, None]
    """
    _shape(shape)
    ridge = ridge_point(accelerator, precision)
    of_a_weight = single("bytes_per_weight", positive("bytes_per_weight", bytes_per_weight))
    of_a_value = single("bytes_per_value", positive("bytes_per_value", bytes_per_value))
    sizes = (whole("context", context), of_a_weight, of_a_value)
    if decode_intensity_limit(shape, context, bytes_per_value) <= ridge:
        return None
    enough, too_few = 1, 0
    while decode_work(shape, enough, *sizes).intensity < ridge:
        enough, too_few = 2 * enough, enough
    while enough - too_few > 1:
        middle = (enough + too_few) // 2
        at_the_peak = decode_work(shape, middle, *sizes).intensity >= ridge
        enough, too_few = (middle, too_few) if at_the_peak else (enough, middle)
    return enough


@finite
def longest_compute_bound_context(
    shape: TransformerShape, accelerator: str, precision: str = "bf16", bytes_per_value: float = 2
) -> float | None:
    """Return the context, in tokens, from which no batch makes generating compute-bound; None where there is none.

    c = 2 W / (R k e - A): there the limit of the intensity is the ridge point R. Grouped queries make k smaller and
    latent attention makes it smaller still and A larger.
    Errors: as `ridge_point`, and `ValueError` for bytes that are not positive.

    >>> names = ("Llama 2 7B", "Llama 3.1 8B", "DeepSeek-V3")
    >>> [round(longest_compute_bound_context(TransformerShape.from_catalog(name), "H100 SXM")) for name in names]
    [86, 393, 19449]
    """
    _shape(shape)
    attention = _decode_flop_per_position(shape)
    spare = ridge_point(accelerator, precision) * _cache_bytes(shape, bytes_per_value) - attention
    return 2 * shape.weights_of_a_token() / spare if spare > 0 else None


def largest_decode_batch(
    shape: TransformerShape,
    context: int,
    accelerator: str,
    num_accelerators: int = 1,
    bytes_per_weight: float = 2,
    bytes_per_value: float = 2,
) -> int:
    """Return how many sequences' caches the memory holds beside all weights, 0 if not even one.

    b = (memory - all parameters) / (c k), in bytes, on `num_accelerators` that share both evenly.
    Errors: `ValueError` for an unknown accelerator or a size that is not positive. Source: slide S4; the catalog.

    >>> largest_decode_batch(TransformerShape.from_catalog("Llama 2 7B"), 4096, "A100 80GB")
    33
    """
    _shape(shape)
    memory = whole("num_accelerators", num_accelerators) * catalog.accelerator(accelerator).usable_bytes
    weights = single("bytes_per_weight", positive("bytes_per_weight", bytes_per_weight)) * shape.parameters()["total"]
    of_a_sequence = whole("context", context) * _cache_bytes(shape, bytes_per_value)
    return max(0, math.floor((memory - weights) / of_a_sequence))


def _shape(shape: TransformerShape) -> TransformerShape:
    """Return a shape, or raise `TypeError` for anything else, such as a model's name."""
    return of_kind("shape", shape, TransformerShape, "a TransformerShape, such as TransformerShape.from_catalog gives")


def _cache_bytes(shape: TransformerShape, bytes_per_value: float) -> float:
    """Return the bytes that the cache keeps of one token."""
    values = shape.kv_values_per_token()
    return values * single("bytes_per_value", positive("bytes_per_value", bytes_per_value))


def _decode_flop_per_position(shape: TransformerShape) -> int:
    """Return the FLOP of attention for one token and one cached position."""
    if shape.latent is None:
        return shape.attention_flop_per_position()
    return 2 * shape.layers * shape.heads * (2 * shape.latent.kv_rank + shape.latent.rope_dim)


def _weights_read(shape: TransformerShape, tokens: Any) -> Any:
    """Return how many weights are read for a batch of tokens, all in one pass."""
    if shape.experts is None:
        return shape.weights_of_a_token()
    routed = shape.experts.routed if tokens is math.inf else distinct_experts(shape, tokens)
    one_expert = shape.expert_layers * shape.mlp_matrices * shape.hidden * shape.experts.hidden
    return shape.weights_of_a_token() + (routed - shape.experts.active) * one_expert
