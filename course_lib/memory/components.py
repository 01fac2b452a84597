"""Memory: how big a model is in bytes, and whether it trains on the accelerators at hand.

Slides S5 and S11 to S14 in one line: Mem_training = Mem_params + Mem_opt + Mem_grad + Mem_activ, in bytes. What the
slides leave out, the logits and the layer that is just being recomputed, is a fifth part: the working memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import Any

from numpy.typing import ArrayLike

from course_lib._arguments import finite, not_negative, one_of, positive, shown, some, whole

MASTER_BYTES = 4
"""The fp32 copy of the weights that the mixed recipes train; the 16-bit weights are cast from it."""

LOGIT_BYTES = 4
"""The logits are taken to fp32 for the loss, whatever the products use."""

MIXED = ("fp32+fp16", "fp32+bf16")
"""The mixed recipes: fp32 for the optimizer, 16 bits for the products."""

PRECISION_BYTES: Mapping[str, int] = MappingProxyType(
    {"fp32": 4, "fp16": 2, "bf16": 2, "int8": 1} | dict.fromkeys(MIXED, MASTER_BYTES + 2)
)
"""Bytes a parameter by precision (slide S11); the mixed recipes hold the master copy and a 16-bit copy."""

OPTIMIZER_BYTES: Mapping[str, float] = MappingProxyType(
    {
        "adamw": 4 + 4,
        "adamw-8bit": 1 + 1,
        "adamw-8bit-blockwise": 2 * (1 + 4 / 256),
        "adamw-bf16": 2 + 2,
        "sgd": 0,
        "sgd-momentum": 4,
    }
)
"""Bytes a parameter by optimizer, momentum + variance (slide S12), never with the fp32 master copy.

Block-wise 8-bit states carry one fp32 scale for 256 values, as in bitsandbytes; PyTorch keeps the states of pure
bf16 weights in bf16.
"""

PARTS = ("parameters", "gradients", "optimizer", "activations")
"""The four components of training memory, in the order in which the course shows them (slide S5)."""

PART_NAMES: Mapping[str, str] = MappingProxyType({part: part for part in PARTS} | {"working": "working memory"})
"""All five parts in words, by their name in `TrainingMemory`: the slide's four, and the working memory."""

RECOMPUTE = ("none", "selective", "full")
"""How much of the activations is computed again in the backward pass, from nothing to all (slide S14)."""


@finite
def parameter_bytes(parameters: ArrayLike, precision: str) -> Any:
    """Return the bytes of a model's parameters, Mem_model = bytes/param x N_params.

    fp32 4, fp16 and bf16 2, int8 1. The mixed recipes fp32+fp16 and fp32+bf16 take 6: the fp32 master copy (4) is
    counted here, and so not with the optimizer, where Anthony et al. 2023 count it (their AdamW is 8 + 4 = 12).
    Errors: `ValueError` for an unknown precision or a count not positive. Source: slide S11.

    >>> parameter_bytes(175e9, "fp16")  # GPT-3: 350 GB
    350000000000.0
    """
    return positive("parameters", parameters) * PRECISION_BYTES[one_of("precision", precision, PRECISION_BYTES)]


@finite
def gradient_bytes(parameters: ArrayLike, precision: str) -> Any:
    """Return the bytes of the gradients, one a parameter, in the datatype that the products use.

    fp32 4, fp16 and bf16 2, int8 1 (a formula, not a practice), and 2 for the mixed recipes. Where gradients are
    kept in fp32 beside 16-bit weights, as in Megatron-LM, ask for "fp32": 4. PyTorch's autocast has fp32 gradients
    as well, of weights that stay in fp32: there ask for "fp32" in `parameter_bytes`, too.
    Errors: as `parameter_bytes`. Source: slide S13; Rajbhandari et al. 2020, section 3.1.

    >>> gradient_bytes(7e9, "fp32+bf16"), gradient_bytes(7e9, "fp32")
    (14000000000.0, 28000000000.0)
    """
    return parameter_bytes(parameters, precision) - _master_bytes(parameters, precision)


@finite
def optimizer_bytes(parameters: ArrayLike, optimizer: str) -> Any:
    """Return the bytes of the optimizer's states, Mem_opt = bytes/param x N_params.

    adamw 8 (momentum 4, variance 4), adamw-8bit 2 (1 and 1; adamw-8bit-blockwise 2.03 with its scales),
    adamw-bf16 4, sgd 0, sgd-momentum 4. The fp32 master copy is in `parameter_bytes`.
    Errors: `ValueError` for an unknown optimizer or a count not positive.
    Source: slide S12; Dettmers et al. 2022a for 8 bits.

    >>> optimizer_bytes(7e9, "adamw") - optimizer_bytes(7e9, "adamw-8bit")  # 8-bit states save 42 GB
    42000000000.0
    """
    return positive("parameters", parameters) * OPTIMIZER_BYTES[one_of("optimizer", optimizer, OPTIMIZER_BYTES)]


@finite
def activation_bytes(
    batch: ArrayLike,
    sequence: ArrayLike,
    hidden: ArrayLike,
    layers: ArrayLike,
    heads: ArrayLike,
    recompute: str = "none",
    tensor_parallel: int = 1,
    bytes_per_value: int = 2,
    head_dim: ArrayLike | None = None,
) -> Any:
    """Return the bytes of activations kept for the backward pass, on each of t tensor-parallel accelerators.

    With b batch (sequences on one accelerator), s sequence, h hidden, L layers, a heads, in 16 bits:

        none       L s b h (10 + 24/t + 5 a s / (h t))
        selective  L s b h (10 + 24/t)   attention's scores are computed again
        full       L s b h 2             each layer keeps its input only, whole on every accelerator

    They hold for GPT's layer (MLP of 4h, dropout masks of 1 byte, scores stored: no FlashAttention) without sequence
    parallelism, and leave out embeddings; for logits and the layer that is just being recomputed see `working_bytes`.
    Where the heads together are not as wide as the model, `head_dim` d says so: 8 of the 24, queries, keys, values and
    what attention gives, are then 8 a d / h.
    Sizes are whole numbers, scalars or arrays that broadcast, t a scalar; `bytes_per_value` 4 is for fp32.
    Errors: `ValueError` for a size that is not a whole positive number, heads that do not divide `hidden`, a
    `tensor_parallel` that does not divide the heads, or an unknown `recompute`.
    Source: slide S14; Korthikanti et al. 2022, Table 2; Anthony et al. 2023.

    >>> gpt3 = dict(batch=1, sequence=2048, hidden=12288, layers=96, heads=96)
    >>> [round(activation_bytes(**gpt3, recompute=kept) / 1e9) for kept in ("none", "selective", "full")]
    [275, 82, 5]
    """
    one_of("recompute", recompute, RECOMPUTE)
    layer = _layer_bytes(batch, sequence, hidden, heads, tensor_parallel, bytes_per_value, head_dim)
    kept = {"none": layer.linear + layer.scores, "selective": layer.linear, "full": layer.input}
    return _counts("layers", layers) * kept[recompute]


def activation_terms(
    sequence: ArrayLike, hidden: ArrayLike, heads: ArrayLike, bytes_per_value: int = 2
) -> dict[str, Any]:
    """Return what a layer keeps of each token, term by term, in bytes for each of its h numbers: 34 + 5 a s / h in all.

    With e bytes a value, 2 in 16 bits, they are 16 values and 2 of each of attention's a s / h scores, beside the masks
    of three dropouts, of 1 byte.
    Sizes are whole numbers, scalars or arrays that broadcast, and `bytes_per_value` is 2 or 4.
    Errors: as `activation_bytes`. Source: slide S14; Korthikanti et al. 2022, section 4.1.

    >>> terms = activation_terms(sequence=2048, hidden=12288, heads=96)
    >>> terms["GELU input"], terms["softmax output"], sum(terms.values())  # GPT-3: 34 + 80
    (8, 32.0, 114.0)
    """
    _layer_bytes(1, sequence, hidden, heads, 1, bytes_per_value, None)  # refuses sizes that no layer has
    e, scores = bytes_per_value, _counts("heads", heads) * _counts("sequence", sequence) / _counts("hidden", hidden)
    return {
        "norm inputs": 2 * e,
        "qkv input": e,
        "queries, keys, values": 3 * e,
        "softmax output": e * scores,
        "softmax dropout": (1 + e) * scores,
        "projection input": e,
        "MLP input": e,
        "GELU input": 4 * e,
        "second MLP input": 4 * e,
        "dropout masks": 2,
    }


@finite
def logits_bytes(batch: ArrayLike, sequence: ArrayLike, vocab: ArrayLike, copies: ArrayLike = 1) -> Any:
    """Return the bytes of the logits, the model's outputs: batch x sequence x vocab x 4 bytes x copies.

    One number for each token and each entry of the vocabulary, in fp32 for the loss, whatever the model is trained in.
    `copies` is 2 where a framework keeps their gradient beside them.
    Sizes are whole numbers, scalars or arrays that broadcast.
    Errors: `ValueError` for a size that is not a whole positive number.
    Source: a count of what the slides leave out.

    >>> logits_bytes(1, 1024, 50257) / 1e6  # GPT-2 at its full context, in MB
    205.852672
    """
    sizes = {"batch": batch, "sequence": sequence, "vocab": vocab, "copies": copies}
    return LOGIT_BYTES * prod(_counts(name, size) for name, size in sizes.items())


@finite
def working_bytes(
    batch: ArrayLike,
    sequence: ArrayLike,
    hidden: ArrayLike,
    heads: ArrayLike,
    vocab: ArrayLike,
    recompute: str = "none",
    tensor_parallel: int = 1,
    bytes_per_value: int = 2,
    logits_copies: ArrayLike = 1,
    head_dim: ArrayLike | None = None,
) -> Any:
    """Return the bytes of the working memory: what is held for a while only, on top of the four components.

    It is the `logits_bytes`, and what the backward pass is just computing again; with the letters of
    `activation_bytes`, in 16 bits:

        none       logits
        selective  logits + 5 a s^2 b / t                         one layer's attention scores
        full       logits + s b h (10 + 24/t + 5 a s / (h t))     one whole layer

    Their sum errs on the safe side where a framework gives the logits back before the first layer is recomputed. The
    logits count whole on each accelerator, also where t accelerators share a layer.
    Sizes, `tensor_parallel`, `bytes_per_value` and `head_dim` are those of `activation_bytes`. Errors: as there.
    Source: slide S14 ("they take some extra memory"); Korthikanti et al. 2022, Table 2 for the layer.

    >>> xl = dict(batch=27, sequence=1024, hidden=1600, heads=25, vocab=50257)
    >>> [round(working_bytes(**xl, recompute=again) / 1e9, 1) for again in ("none", "selective", "full")]
    [5.6, 9.1, 10.6]
    """
    one_of("recompute", recompute, RECOMPUTE)
    layer = _layer_bytes(batch, sequence, hidden, heads, tensor_parallel, bytes_per_value, head_dim)
    again = {"none": 0.0, "selective": layer.scores, "full": layer.linear + layer.scores}
    return logits_bytes(batch, sequence, vocab, positive("logits_copies", logits_copies)) + again[recompute]


@finite
def kv_cache_bytes(
    batch: ArrayLike, sequence: ArrayLike, layers: ArrayLike, kv_heads: ArrayLike, head_dim: ArrayLike, precision: str
) -> Any:
    """Return the bytes of the keys and values that generation keeps: 2 x b s L x kv_heads x head_dim x bytes.

    All sizes are whole numbers, scalars or arrays that broadcast; `head_dim` is the width of one head, in most models
    hidden / heads.
    Errors: `ValueError` for a size that is not a whole positive number, or a mixed or unknown precision.
    Source: slide S4 (inference cost first); Pope et al. 2022.

    >>> kv_cache_bytes(1, 4096, 32, 32, 128, "fp16") / 2**30  # Llama 2 7B at its full context, in GiB
    2.0
    """
    one_of("precision", precision, [name for name in PRECISION_BYTES if name not in MIXED])
    sizes = {"batch": batch, "sequence": sequence, "layers": layers, "kv_heads": kv_heads, "head_dim": head_dim}
    values: Any = 2
    for name, size in sizes.items():
        values = values * _counts(name, size)
    return values * PRECISION_BYTES[precision]


@dataclass(frozen=True, slots=True)
class TrainingMemory:
    """The four components of training memory and the working memory, in bytes, scalars or arrays.

    `master_weights` is the part of `parameters` that is an fp32 master copy; it is not added again. `working` is held
    for a while only: the logits and what is just being recomputed, see `working_bytes`.
    Source: slides S5 and S14.
    """

    parameters: Any
    gradients: Any
    optimizer: Any
    activations: Any = 0.0
    master_weights: Any = 0.0
    working: Any = 0.0

    def __post_init__(self) -> None:
        """Refuse sizes that no memory can have."""
        for name in self.__slots__:
            object.__setattr__(self, name, not_negative(name, getattr(self, name)))
        if some(self.master_weights > self.parameters):
            limit = f"at most parameters = {shown(self.parameters)}"
            raise ValueError(f"master_weights must be {limit}; got {shown(self.master_weights)}")

    @property
    @finite
    def model_states(self) -> Any:
        """The slide's total without activations; what ZeRO calls model states does not grow with the batch."""
        return self.parameters + self.gradients + self.optimizer

    @property
    @finite
    def total(self) -> Any:
        """The slide's total with activations, and the working memory; buffers and fragmentation come on top."""
        return self.model_states + self.activations + self.working


def training_memory(
    parameters: ArrayLike,
    precision: str,
    optimizer: str,
    *,
    activations: ArrayLike = 0.0,
    gradient_precision: str | None = None,
    working: ArrayLike = 0.0,
) -> TrainingMemory:
    """Return what training keeps in memory: Mem_params + Mem_opt + Mem_grad + Mem_activ, each in bytes.

    `parameters` is a count; `activations` is in bytes, from `activation_bytes`, and `working` from `working_bytes`.
    Gradients take the precision of the products: 16 bits in the mixed recipes, so that with adamw they take
    6 + 2 + 8 = 16 bytes a parameter; `gradient_precision="fp32"` makes it 18, as in Megatron-LM. PyTorch's autocast
    keeps no 16-bit copy: persistently it is "fp32" with its 4 + 4 + 8 = 16, and up to 18 while the casts exist.
    Errors: as the functions of its parts. Source: slides S11 to S14; Rajbhandari et al. 2020, section 3.1.

    >>> training_memory(7.5e9, "fp32+fp16", "adamw").total  # Rajbhandari et al. 2020, Figure 1: 120 GB
    120000000000.0
    """
    if gradient_precision is not None:
        one_of("gradient_precision", gradient_precision, PRECISION_BYTES)
    return TrainingMemory(
        parameters=parameter_bytes(parameters, precision),
        gradients=gradient_bytes(parameters, gradient_precision or precision),
        optimizer=optimizer_bytes(parameters, optimizer),
        activations=activations,
        master_weights=_master_bytes(parameters, precision),
        working=working,
    )


def zero_sharded(memory: TrainingMemory, num_gpus: ArrayLike, stage: int) -> TrainingMemory:
    """Return what each of N data-parallel accelerators holds under ZeRO: sharded parts are divided by N.

    Stage 0 shards nothing; 1 the optimizer states and the fp32 master copy (ZeRO counts it as an optimizer state, and
    only the optimizer reads it); 2 the gradients too; 3 the remaining parameters too. Activations and working memory
    belong to each accelerator's own batch and stay whole. `num_gpus` N is a whole number or an array of them.
    Errors: `ValueError` for a stage other than 0 to 3 or an N that is not a whole positive number; `TypeError` for
    anything but a `TrainingMemory`. Source: slide S5 (several GPUs); Rajbhandari et al. 2020, section 5.

    >>> whole_model = training_memory(7.5e9, "fp32+fp16", "adamw")
    >>> [round(zero_sharded(whole_model, 64, stage).total / 1e9, 1) for stage in range(4)]
    [120.0, 31.4, 16.6, 1.9]
    """
    if not isinstance(memory, TrainingMemory):
        raise TypeError(f"memory must be a TrainingMemory; got {shown(memory)}")
    n = _counts("num_gpus", num_gpus)
    stage = whole("stage", stage, minimum=0, maximum=3)
    master = memory.master_weights / (n if stage >= 1 else 1)
    return TrainingMemory(
        parameters=(memory.parameters - memory.master_weights) / (n if stage >= 3 else 1) + master,
        gradients=memory.gradients / (n if stage >= 2 else 1),
        optimizer=memory.optimizer / (n if stage >= 1 else 1),
        activations=memory.activations,
        master_weights=master,
        working=memory.working,
    )


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether something `fits`, and the `spare_bytes` that are left: negative when short."""

    fits: Any
    spare_bytes: Any

    def __bool__(self) -> bool:
        """Make `if fits(...)` mean what it says."""
        return bool(self.fits)


def fits(memory: TrainingMemory | ArrayLike, capacity_bytes: ArrayLike) -> Fit:
    """Return whether `memory`, a `TrainingMemory` or plain bytes, fits into an accelerator's `capacity_bytes`.

    An exact fit fits. Of a `TrainingMemory` all five parts count. Leave some room: buffers and fragmentation are not in
    the formulas.
    Errors: `ValueError` for negative bytes or a capacity not positive. Source: slide S5, "will it fit?".

    >>> fits(training_memory(7e9, "fp32+bf16", "adamw"), 80e9).spare_bytes  # short by 32 GB
    -32000000000.0
    """
    needed = memory.total if isinstance(memory, TrainingMemory) else not_negative("memory", memory)
    spare = positive("capacity_bytes", capacity_bytes) - needed
    return Fit(spare >= 0, spare)


def _master_bytes(parameters: ArrayLike, precision: str) -> Any:
    return positive("parameters", parameters) * (MASTER_BYTES if precision in MIXED else 0)


@dataclass(frozen=True, slots=True)
class _Layer:
    """What one layer may keep, in bytes on one accelerator: its input, all but attention's scores, and the scores."""

    input: Any
    linear: Any
    scores: Any


def _layer_bytes(
    batch: ArrayLike,
    sequence: ArrayLike,
    hidden: ArrayLike,
    heads: ArrayLike,
    tensor_parallel: int,
    bytes_per_value: int,
    head_dim: ArrayLike | None,
) -> _Layer:
    t = whole("tensor_parallel", tensor_parallel)
    e = whole("bytes_per_value", bytes_per_value)
    if e not in (2, 4):
        raise ValueError(f"bytes_per_value must be 2 (fp16, bf16) or 4 (fp32); got {shown(bytes_per_value)}")
    b, s, h, a = (
        _counts(name, value)
        for name, value in {"batch": batch, "sequence": sequence, "hidden": hidden, "heads": heads}.items()
    )
    if head_dim is None and some(h % a):
        needed = f"a multiple of heads = {shown(heads)}, or head_dim must be given"
        raise ValueError(f"hidden must be {needed}; got {shown(hidden)}")
    if some(a % t):
        raise ValueError(f"heads must be a multiple of tensor_parallel = {shown(t)}; got {shown(heads)}")
    attention = h if head_dim is None else a * _counts("head_dim", head_dim)  # the width of all heads together
    on_each, of_mlp, of_attention = 4 * e + 2, 8 * e, 4 * e  # 10, 16 and 8 in 16 bits
    scores = (2 * e + 1) * a * s / h / t  # 5 a s / h in 16 bits
    linear = s * b * (h * (on_each + of_mlp / t) + attention * of_attention / t)
    return _Layer(s * b * h * e, linear, s * b * h * scores)


def _counts(name: str, value: ArrayLike) -> Any:
    counts = positive(name, value)
    if some(counts % 1):
        raise ValueError(f"{name} must be a whole number of at least 1; got {shown(value)}")
    return counts
