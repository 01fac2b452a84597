"""What newer models have in place of GPT's layer: experts for the MLP, latent attention for heads.

Both are options of a `TransformerShape`, which counts their parameters and their work.
"""

from __future__ import annotations

from dataclasses import dataclass

from course_lib._arguments import shown, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Experts:
    """The experts of a mixture: many MLPs in a layer, of which a router chooses a few for each token.

    `routed` experts of width `hidden` share a layer; the router, one matrix, sends a token to `active` of them. All
    tokens pass through the `shared` ones, which are as wide. `dense_layers` layers have one MLP of the shape's own
    `mlp_hidden` instead. `router_biases` adds one number an expert to what the router says.
    Errors: `ValueError` for a size that is not a whole number of at least 1 (`shared` and `dense_layers`: 0), or more
    active experts than there are; `TypeError` for a `router_biases` that is not True or False.
    Source: Shazeer et al. 2017; Dai et al. 2024 for shared experts; DeepSeek-AI 2024, section 2.1.2.

    >>> Experts(routed=256, active=8, hidden=2048, shared=1, dense_layers=3).working  # DeepSeek-V3
    9
    """

    routed: int
    active: int
    hidden: int
    shared: int = 0
    dense_layers: int = 0
    router_biases: bool = False

    def __post_init__(self) -> None:
        """Refuse experts that no layer can have."""
        for name, minimum in (("routed", 1), ("active", 1), ("hidden", 1), ("shared", 0), ("dense_layers", 0)):
            object.__setattr__(self, name, whole(name, getattr(self, name), minimum=minimum))
        if self.active > self.routed:
            raise ValueError(f"active must be at most routed = {shown(self.routed)}; got {shown(self.active)}")
        if not isinstance(self.router_biases, bool):
            raise TypeError(f"router_biases must be True or False; got {shown(self.router_biases)}")

    @property
    def working(self) -> int:
        """How many experts work on one token: the chosen and the shared ones."""
        return self.active + self.shared

    @property
    def all(self) -> int:
        """How many experts a layer holds."""
        return self.routed + self.shared


@dataclass(frozen=True, slots=True, kw_only=True)
class LatentAttention:
    """Multi-head latent attention: keys and values of all heads are made from one short vector, which is cached.

    A token's hidden vector becomes `kv_rank` numbers, from which each head's key and value come, and `rope_dim` numbers
    that carry the position and that all heads share. The queries come from `query_rank` numbers, or straight from the
    hidden vector where that is None. A head is the shape's `head_dim` wide; its query and key are `rope_dim` wider.
    In the paper's letters: d_c, d_h^R, d_c' and d_h.
    Errors: `ValueError` for a size that is not a whole positive number.
    Source: DeepSeek-AI 2024, section 2.1.1.

    >>> LatentAttention(kv_rank=512, rope_dim=64, query_rank=1536).cached  # DeepSeek-V3: of 128 x 128 x 2 values
    576
    """

    kv_rank: int
    rope_dim: int
    query_rank: int | None = None

    def __post_init__(self) -> None:
        """Refuse sizes that no attention can have."""
        for name in ("kv_rank", "rope_dim"):
            object.__setattr__(self, name, whole(name, getattr(self, name)))
        if self.query_rank is not None:
            object.__setattr__(self, "query_rank", whole("query_rank", self.query_rank))

    @property
    def cached(self) -> int:
        """How many numbers a layer keeps of each token while it generates."""
        return self.kv_rank + self.rope_dim

    def matrices(self, hidden: int, heads: int, head_dim: int) -> list[tuple[int, int]]:
        """Return the size of each of its matrices, inputs x outputs: queries, keys and values, output."""
        query = (heads * (head_dim + self.rope_dim),)
        queries = (
            [(hidden, *query)] if self.query_rank is None else [(hidden, self.query_rank), (self.query_rank, *query)]
        )
        keys_and_values = [(hidden, self.cached), (self.kv_rank, 2 * heads * head_dim)]
        return [*queries, *keys_and_values, (heads * head_dim, hidden)]

    @property
    def norm_width(self) -> int:
        """How wide its norms are, one for each of the short vectors."""
        return self.kv_rank + (self.query_rank or 0)
