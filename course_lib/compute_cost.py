"""Compute cost: how much arithmetic it takes to train a transformer, and how long that lasts.

The slides S1 and S2 in one line: C ~ tau T = 6 P D, with C = C_forward + C_backward = 2PD + 4PD.
Symbols: C compute in FLOP (a count), tau throughput in FLOP/s (a rate), T time in seconds, P parameters, D tokens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from numpy.typing import ArrayLike

from course_lib import catalog
from course_lib._arguments import finite, fraction, not_negative, positive, shown, whole


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


OPTIONS = ("tied_embeddings", "learned_positions", "biases", "qkv_biases", "qk_norm", "post_norms")
"""What a `TransformerShape` has or has not."""


@dataclass(frozen=True, slots=True)
class TransformerShape:
    """The shape of a decoder-only transformer; from it, its parameters and its exact forward cost.

    The defaults are GPT-2's; `kv_heads` and `mlp_hidden` default to `heads` and `4 * hidden`; `mlp_matrices` is 2
    (up, down) or 3 (gate, up, down, as in Llama). `sequence` is the context length in tokens. `head_dim`, the width of
    one head, defaults to `hidden / heads`; Gemma's heads together are wider than the model. `qkv_biases` gives biases
    to queries, keys and values alone, as in Qwen2.5; `qk_norm` a norm to the queries and one to the keys of each layer,
    over one head, as in Qwen3; `post_norms` a norm to what attention and MLP give back, as in Gemma 2.
    Errors: `ValueError` for a size that is not a whole positive number, heads that do not divide evenly, or biases
    given twice; `TypeError` for an option that is not True or False.
    Source: slide S2's P; Radford et al. 2019; Touvron et al. 2023a; Gemma Team 2024a, 2024b; Qwen Team 2024, 2025.

    >>> TransformerShape(layers=12, hidden=768, heads=12, vocab=50257, sequence=1024).parameters()["total"]
    124439808
    """

    layers: int
    hidden: int
    heads: int
    vocab: int
    sequence: int
    kv_heads: int | None = None
    mlp_hidden: int | None = None
    mlp_matrices: int = 2
    tied_embeddings: bool = True
    learned_positions: bool = True
    biases: bool = True
    head_dim: int | None = field(default=None, kw_only=True)
    qkv_biases: bool = field(default=False, kw_only=True)
    qk_norm: bool = field(default=False, kw_only=True)
    post_norms: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        """Fill in the defaults that follow from other sizes, and refuse a shape that cannot be built."""
        for name in ("layers", "hidden", "heads", "vocab", "sequence"):
            object.__setattr__(self, name, whole(name, getattr(self, name)))
        kv_heads = whole("kv_heads", self.heads if self.kv_heads is None else self.kv_heads)
        mlp_hidden = whole("mlp_hidden", 4 * self.hidden if self.mlp_hidden is None else self.mlp_hidden)
        object.__setattr__(self, "kv_heads", kv_heads)
        object.__setattr__(self, "mlp_hidden", mlp_hidden)
        object.__setattr__(self, "mlp_matrices", whole("mlp_matrices", self.mlp_matrices, minimum=2, maximum=3))
        for name in OPTIONS:
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name} must be True or False; got {shown(getattr(self, name))}")
        if self.biases and self.qkv_biases:
            raise ValueError("qkv_biases must be False where biases is True, as these hold for every matrix; got True")
        if self.heads % kv_heads:
            raise ValueError(f"heads must be a multiple of kv_heads = {shown(kv_heads)}; got {shown(self.heads)}")
        if self.head_dim is None and self.hidden % self.heads:
            needed = f"a multiple of heads = {shown(self.heads)}, or head_dim must be given"
            raise ValueError(f"hidden must be {needed}; got {shown(self.hidden)}")
        head_dim = whole("head_dim", self.hidden // self.heads if self.head_dim is None else self.head_dim)
        object.__setattr__(self, "head_dim", head_dim)

    @classmethod
    def from_catalog(cls, name: str) -> TransformerShape:
        """Return the shape of the catalog's model called `name`; `ValueError` names close matches.

        >>> TransformerShape.from_catalog("Llama 2 7B").parameters()["total"]
        6738415616
        """
        model = catalog.model(name)
        return cls(
            layers=model.layers,
            hidden=model.hidden,
            heads=model.heads,
            vocab=model.vocab,
            sequence=model.context,
            kv_heads=model.kv_heads,
            mlp_hidden=model.mlp_hidden,
            mlp_matrices=model.mlp_matrices,
            head_dim=model.head_dim,
            **{name: getattr(model, name) for name in OPTIONS},
        )

    def _widths(self) -> tuple[int, int, int]:
        """Return the width of the queries, of the keys (and of the values), and the width inside the MLP."""
        head_dim = cast(int, self.head_dim)
        return self.heads * head_dim, cast(int, self.kv_heads) * head_dim, cast(int, self.mlp_hidden)

    def _layer_matrices(self) -> dict[str, int]:
        """Return the weights of one layer's matrices: attention (query, key, value, output) and MLP."""
        query_width, kv_width, mlp_width = self._widths()
        attention = 2 * self.hidden * query_width + 2 * self.hidden * kv_width
        return {"attention": attention, "mlp": self.mlp_matrices * self.hidden * mlp_width}

    def parameters(self) -> dict[str, int]:
        """Return the number of parameters by part, with their sum under "total".

        Parts: token and position embeddings, attention, mlp, norms, output (0 when tied to the embedding).

        >>> TransformerShape(layers=96, hidden=12288, heads=96, vocab=50257, sequence=2048).parameters()["total"]
        174604259328
        """
        matrices = self._layer_matrices()
        query_width, kv_width, mlp_width = self._widths()
        qkv_biases = (query_width + 2 * kv_width) * (self.biases or self.qkv_biases)
        mlp_biases = (self.mlp_matrices - 1) * mlp_width + self.hidden
        norm_vectors = 2 if self.biases else 1
        layer_norms = (4 if self.post_norms else 2) * self.hidden + 2 * cast(int, self.head_dim) * self.qk_norm
        parts = {
            "token embedding": self.vocab * self.hidden,
            "position embedding": self.sequence * self.hidden * self.learned_positions,
            "attention": self.layers * (matrices["attention"] + qkv_biases + self.hidden * self.biases),
            "mlp": self.layers * (matrices["mlp"] + mlp_biases * self.biases),
            "norms": (self.layers * layer_norms + self.hidden) * norm_vectors,
            "output": self.vocab * self.hidden * (not self.tied_embeddings),
        }
        return parts | {"total": sum(parts.values())}

    @finite
    def forward_flop(self, tokens: ArrayLike, *, causal: bool = False) -> Any:
        """Return the forward FLOP for `tokens`, matrix product by matrix product, in FLOP.

        Per token: 2 FLOP a weight of attention, MLP and output layer, plus 4 x layers x heads x head_dim x sequence for
        attention's scores and values: every token with every other. With `causal` half of that, as a token looks back
        only and a kernel may skip the rest. Look-ups, norms and softmax count nothing.
        Errors: `ValueError` for negative tokens, `TypeError` for a `causal` that is not True or False.
        Source: Korthikanti et al. 2022, appendix A, for the 4; Kaplan et al. 2020, Table 1, counts 2.

        >>> shape = TransformerShape(layers=96, hidden=12288, heads=96, vocab=50257, sequence=2048)
        >>> rule = forward_flop(shape.parameters()["total"], 1)
        >>> round(shape.forward_flop(1) / rule, 3), round(shape.forward_flop(1, causal=True) / rule, 3)
        (1.027, 1.014)
        """
        if not isinstance(causal, bool):
            raise TypeError(f"causal must be True or False; got {shown(causal)}")
        weights = self.layers * sum(self._layer_matrices().values()) + self.vocab * self.hidden
        attention_products = (2 if causal else 4) * self.layers * self._widths()[0] * self.sequence
        return (2 * weights + attention_products) * not_negative("tokens", tokens)
