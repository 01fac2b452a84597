"""The shape of a transformer: its parameters and the cost of a pass, counted matrix by matrix.

Symbols as in `rule`: P parameters, D tokens, and what they do not say: layers, widths, heads and experts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from numpy.typing import ArrayLike

from course_lib import catalog
from course_lib._arguments import finite, not_negative, shown, whole
from course_lib.compute_cost.matrices import HiddenMatrix
from course_lib.compute_cost.mixture import Experts, LatentAttention

OPTIONS = (
    "tied_embeddings",
    "learned_positions",
    "biases",
    "qkv_biases",
    "norm_biases",
    "qk_norm",
    "wide_qk_norm",
    "post_norms",
    "attention_sinks",
)
"""What a `TransformerShape` has or has not."""

ACTIVE_TOTALS = ("without embedding or head", "with the head", "with both")
"""The three meanings that "active parameters" has in print."""


@dataclass(frozen=True, slots=True)
class TransformerShape:
    """The shape of a decoder-only transformer; from it, its parameters and its exact forward cost.

    The defaults are GPT-2's; `kv_heads` and `mlp_hidden` default to `heads` and `4 * hidden`; `mlp_matrices` is 2
    (up, down) or 3 (gate, up, down, as in Llama). `sequence` is the context length in tokens. `head_dim`, the width of
    one head, defaults to `hidden / heads`; Gemma's heads together are wider than the model. `qkv_biases` gives biases
    to queries, keys and values alone, as in Qwen2.5; `qk_norm` a norm to the queries and one to the keys of each layer,
    over one head, as in Qwen3; `wide_qk_norm` the same over all heads, as in OLMoE; `post_norms` a norm to what
    attention and MLP give back, as in Gemma 2. Norms have biases where the matrices have, unless `norm_biases` says
    otherwise; `attention_sinks` gives each head of a layer one number more, as in gpt-oss. `experts` make a mixture of
    it and `latent` gives it latent attention, in which `kv_heads` mean nothing.
    Errors: `ValueError` for a size that is not a whole positive number, heads that do not divide evenly, biases or
    norms given twice, more dense layers than layers, or latent attention with biases or with norms over heads;
    `TypeError` for an option that is not True or False, or `experts` and `latent` of another kind.
    Source: slide S2's P; Radford et al. 2019; Touvron et al. 2023a; Gemma Team 2024a, 2024b; Qwen Team 2024, 2025;
    DeepSeek-AI 2024.

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
    norm_biases: bool | None = field(default=None, kw_only=True)
    wide_qk_norm: bool = field(default=False, kw_only=True)
    attention_sinks: bool = field(default=False, kw_only=True)
    experts: Experts | None = field(default=None, kw_only=True)
    latent: LatentAttention | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        """Fill in the defaults that follow from other sizes, and refuse a shape that cannot be built."""
        for name in ("layers", "hidden", "heads", "vocab", "sequence"):
            object.__setattr__(self, name, whole(name, getattr(self, name)))
        kv_heads = whole("kv_heads", self.heads if self.kv_heads is None else self.kv_heads)
        mlp_hidden = whole("mlp_hidden", 4 * self.hidden if self.mlp_hidden is None else self.mlp_hidden)
        object.__setattr__(self, "kv_heads", kv_heads)
        object.__setattr__(self, "mlp_hidden", mlp_hidden)
        object.__setattr__(self, "mlp_matrices", whole("mlp_matrices", self.mlp_matrices, minimum=2, maximum=3))
        if self.norm_biases is None:
            object.__setattr__(self, "norm_biases", self.biases)
        for name in OPTIONS:
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name} must be True or False; got {shown(getattr(self, name))}")
        if self.biases and self.qkv_biases:
            raise ValueError("qkv_biases must be False where biases is True, as these hold for every matrix; got True")
        if self.qk_norm and self.wide_qk_norm:
            raise ValueError("wide_qk_norm must be False where qk_norm is True, as one norm is enough; got True")
        if self.heads % kv_heads:
            raise ValueError(f"heads must be a multiple of kv_heads = {shown(kv_heads)}; got {shown(self.heads)}")
        if self.head_dim is None and self.hidden % self.heads:
            needed = f"a multiple of heads = {shown(self.heads)}, or head_dim must be given"
            raise ValueError(f"hidden must be {needed}; got {shown(self.hidden)}")
        head_dim = whole("head_dim", self.hidden // self.heads if self.head_dim is None else self.head_dim)
        object.__setattr__(self, "head_dim", head_dim)
        self._refuse_wrong_parts()

    def _refuse_wrong_parts(self) -> None:
        """Refuse experts and latent attention that do not go with the rest."""
        for name, kind in (("experts", Experts), ("latent", LatentAttention)):
            if not isinstance(getattr(self, name), (kind, type(None))):
                raise TypeError(f"{name} must be {kind.__name__}(...) or None; got {shown(getattr(self, name))}")
        if self.experts and self.experts.dense_layers > self.layers:
            limit = f"at most layers = {shown(self.layers)}"
            raise ValueError(f"dense_layers must be {limit}; got {shown(self.experts.dense_layers)}")
        for name in ("biases", "qkv_biases", "qk_norm", "wide_qk_norm", "attention_sinks"):
            if self.latent and getattr(self, name):
                raise ValueError(f"{name} must be False with latent attention, which has none; got True")

    @classmethod
    def from_catalog(cls, name: str) -> TransformerShape:
        """Return the shape of the catalog's model called `name`; `ValueError` names close matches.

        >>> TransformerShape.from_catalog("Llama 2 7B").parameters()["total"]
        6738415616
        >>> TransformerShape.from_catalog("DeepSeek-V3").parameters()["total"]
        671026419200
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
            experts=_experts_of(model),
            latent=_latent_of(model),
            **{name: getattr(model, name) for name in OPTIONS},
        )

    @property
    def dense_layers(self) -> int:
        """How many layers have one MLP and no experts: all, unless it is a mixture."""
        return self.experts.dense_layers if self.experts else self.layers

    @property
    def expert_layers(self) -> int:
        """How many layers have experts."""
        return self.layers - self.dense_layers

    def _widths(self) -> tuple[int, int]:
        """Return the width of the queries of all heads, and of the keys (and of the values)."""
        head_dim = cast(int, self.head_dim)
        return self.heads * head_dim, cast(int, self.kv_heads) * head_dim

    def _attention_weights(self) -> int:
        """Return the weights of one layer's attention: query, key, value, output."""
        query_width, kv_width = self._widths()
        if self.latent:
            matrices = self.latent.matrices(self.hidden, self.heads, cast(int, self.head_dim))
            return sum(inputs * outputs for inputs, outputs in matrices)
        return 2 * self.hidden * query_width + 2 * self.hidden * kv_width

    def _mlp_weights(self, width: int) -> int:
        """Return the weights of one MLP, or of one expert, that is so wide."""
        return self.mlp_matrices * self.hidden * width

    def _mlp_parameters(self, width: int) -> int:
        return self._mlp_weights(width) + ((self.mlp_matrices - 1) * width + self.hidden) * self.biases

    def _norm_width(self) -> int:
        """Return how wide the norms of one layer are, together."""
        query_width, kv_width = self._widths()
        over_heads = 2 * cast(int, self.head_dim) * self.qk_norm + (query_width + kv_width) * self.wide_qk_norm
        in_latent = self.latent.norm_width if self.latent else 0
        return (4 if self.post_norms else 2) * self.hidden + over_heads + in_latent

    def parameters(self) -> dict[str, int]:
        """Return the number of parameters by part, with their sum under "total".

        Parts: token and position embeddings, attention, mlp, norms, output (0 when tied to the embedding); of a mixture
        also router and experts, the shared ones among them.

        >>> TransformerShape(layers=96, hidden=12288, heads=96, vocab=50257, sequence=2048).parameters()["total"]
        174604259328
        """
        parts = self._parts(self.experts.all if self.experts else 0)
        return parts | {"total": sum(parts.values())}

    def active_parameters(self) -> dict[str, int]:
        """Return the parameters that work on one token, by part, with their sum in its three meanings in print.

        The parts are those of `parameters`, of the experts only those that a token passes through. "without embedding
        or head" leaves out both ends of the model, "with the head" counts the output matrix too, which is a product for
        each token, and "with both" also the embeddings, of which a token looks up one row: ends that are tied count
        once. Of a model without experts "with both" is `parameters`' total.
        Source: the reports disagree: OpenAI 2025, Table 1 counts the head; Jiang et al. 2024 and Muennighoff et al.
        2024 count both.

        >>> counts = TransformerShape.from_catalog("gpt-oss-120b").active_parameters()
        >>> [f"{counts[meaning] / 1e9:.2f}" for meaning in ACTIVE_TOTALS]  # the report prints 5.13 B
        ['4.55', '5.13', '5.71']
        """
        parts = self._parts(self.experts.working if self.experts else 0)
        ends = parts["token embedding"] + parts["position embedding"] + parts["output"]
        inside = sum(parts.values()) - ends
        sums = (inside, inside + self.vocab * self.hidden, inside + ends)
        return parts | dict(zip(ACTIVE_TOTALS, sums, strict=True))

    def _parts(self, experts_a_layer: int) -> dict[str, int]:
        """Return the parameters by part, with so many experts in a layer."""
        query_width, kv_width = self._widths()
        qkv_biases = (query_width + 2 * kv_width) * (self.biases or self.qkv_biases)
        attention = self._attention_weights() + qkv_biases + self.hidden * self.biases
        of_a_mixture = {}
        if self.experts:
            router = (self.hidden + self.experts.router_biases) * self.experts.routed
            experts = experts_a_layer * self._mlp_parameters(self.experts.hidden)
            of_a_mixture = {"router": self.expert_layers * router, "experts": self.expert_layers * experts}
        return {
            "token embedding": self.vocab * self.hidden,
            "position embedding": self.sequence * self.hidden * self.learned_positions,
            "attention": self.layers * (attention + self.heads * self.attention_sinks),
            "mlp": self.dense_layers * self._mlp_parameters(cast(int, self.mlp_hidden)),
            **of_a_mixture,
            "norms": (self.layers * self._norm_width() + self.hidden) * (2 if self.norm_biases else 1),
            "output": self.vocab * self.hidden * (not self.tied_embeddings),
        }

    @finite
    def forward_flop(self, tokens: ArrayLike, *, causal: bool = False) -> Any:
        """Return the forward FLOP for `tokens`, matrix product by matrix product, in FLOP.

        Per token: 2 FLOP a weight of attention, MLP and output layer, plus 4 x layers x heads x head_dim x sequence for
        attention's scores and values: every token with every other. With `causal` half of that, as a token looks back
        only and a kernel may skip the rest. Look-ups, norms and softmax count nothing. Of a mixture count the router
        and the experts that a token passes through. In latent attention the scores are `rope_dim` wider than the
        values, 2 x layers x heads x (2 head_dim + rope_dim) x sequence, as in training and prefill.
        Errors: `ValueError` for negative tokens, `TypeError` for a `causal` that is not True or False.
        Source: Korthikanti et al. 2022, appendix A, for the 4; Kaplan et al. 2020, Table 1, counts 2.

        >>> shape = TransformerShape(layers=96, hidden=12288, heads=96, vocab=50257, sequence=2048)
        >>> rule = 2 * shape.parameters()["total"]
        >>> round(shape.forward_flop(1) / rule, 3), round(shape.forward_flop(1, causal=True) / rule, 3)
        (1.027, 1.014)
        """
        if not isinstance(causal, bool):
            raise TypeError(f"causal must be True or False; got {shown(causal)}")
        products = self.attention_flop_per_position() * self.sequence // (2 if causal else 1)
        return (2 * self.weights_of_a_token() + products) * not_negative("tokens", tokens)

    def weights_of_a_token(self) -> int:
        """Return the weights of all matrices that one token is multiplied with: half the FLOP of its products.

        >>> TransformerShape(layers=12, hidden=768, heads=12, vocab=50257, sequence=1024).weights_of_a_token()
        123532032
        """
        weights = self.layers * self._attention_weights() + self.vocab * self.hidden
        weights += self.dense_layers * self._mlp_weights(cast(int, self.mlp_hidden))
        if self.experts:
            experts = self.experts.working * self._mlp_weights(self.experts.hidden)
            weights += self.expert_layers * (experts + self.hidden * self.experts.routed)
        return weights

    def hidden_matrices(self) -> tuple[HiddenMatrix, ...]:
        """Return the matrices of attention, MLP, router and experts, each with how often the model has it.

        Of a mixture all experts count. Muon trains these; what else there is (embeddings, head, norms, biases) has one
        dimension, or is looked up.
        Source: Jordan et al. 2024, README.md of KellerJordan/Muon.

        >>> shape = TransformerShape.from_catalog("Llama 2 7B")
        >>> {matrix.name: matrix.weights for matrix in shape.hidden_matrices()}["gate"]
        1442840576
        >>> sum(matrix.weights for matrix in shape.hidden_matrices())  # of 6,738,415,616 parameters
        6476005376
        """
        query_width, kv_width = self._widths()
        attention = [
            ("query", self.hidden, query_width),
            ("key", self.hidden, kv_width),
            ("value", self.hidden, kv_width),
            ("output", query_width, self.hidden),
        ]
        if self.latent:
            matrices = self.latent.matrices(self.hidden, self.heads, cast(int, self.head_dim))
            attention = [(f"attention {number}", *matrix) for number, matrix in enumerate(matrices, start=1)]
        found = [HiddenMatrix(name, self.layers, *size) for name, *size in attention]
        found += self._mlp_matrices("", self.dense_layers, cast(int, self.mlp_hidden))
        if self.experts:
            found.append(HiddenMatrix("router", self.expert_layers, self.hidden, self.experts.routed))
            found += self._mlp_matrices("expert ", self.expert_layers * self.experts.all, self.experts.hidden)
        return tuple(matrix for matrix in found if matrix.copies)

    def _mlp_matrices(self, kind: str, copies: int, width: int) -> list[HiddenMatrix]:
        """Return the matrices of so many MLPs, or experts, of one width."""
        names = ("up", "gate")[: self.mlp_matrices - 1]
        into = [HiddenMatrix(f"{kind}{name}", copies, self.hidden, width) for name in names]
        return [*into, HiddenMatrix(f"{kind}down", copies, width, self.hidden)]

    def attention_flop_per_position(self) -> int:
        """Return the FLOP that attention's two products take for one token and one position that it looks at.

        It is 4 x layers x heads x head_dim, and in latent attention 2 x layers x heads x (2 head_dim + rope_dim).
        """
        rope_dim = self.latent.rope_dim if self.latent else 0
        return 2 * self.layers * self.heads * (2 * cast(int, self.head_dim) + rope_dim)

    def kv_values_per_token(self) -> int:
        """Return how many numbers generation keeps of each token: 2 x layers x kv_heads x head_dim.

        In latent attention they are layers x (kv_rank + rope_dim). Layers that look back a window only keep as many,
        as long as the context is no longer than the window.
        Source: Pope et al. 2022; DeepSeek-AI 2024, section 2.1.1.

        >>> names = ("Llama 3.1 405B", "DeepSeek-V3")
        >>> [TransformerShape.from_catalog(name).kv_values_per_token() for name in names]
        [258048, 35136]
        """
        a_layer = self.latent.cached if self.latent else 2 * self._widths()[1]
        return self.layers * a_layer


def _experts_of(model: catalog.Model) -> Experts | None:
    """Return the experts of a catalog's model, if it has any."""
    if model.routed_experts is None:
        return None
    return Experts(
        routed=model.routed_experts,
        active=cast(int, model.active_experts),
        hidden=cast(int, model.expert_hidden),
        shared=model.shared_experts,
        dense_layers=model.dense_layers,
        router_biases=model.router_biases,
    )


def _latent_of(model: catalog.Model) -> LatentAttention | None:
    """Return the latent attention of a catalog's model, if it has it."""
    if model.kv_rank is None:
        return None
    return LatentAttention(kv_rank=model.kv_rank, rope_dim=cast(int, model.rope_dim), query_rank=model.query_rank)
