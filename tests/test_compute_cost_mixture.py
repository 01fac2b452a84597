"""Mixtures of experts and latent attention, counted to the published totals and tensor by tensor."""

import dataclasses
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import catalog
from course_lib.compute_cost import ACTIVE_TOTALS, Experts, LatentAttention, TransformerShape

MIXTURES = [model for model in catalog.all_models().values() if model.is_mixture]
NAMES = [model.name for model in MIXTURES]
DENSE = [name for name, model in catalog.all_models().items() if not model.is_mixture]
SMALL = TransformerShape(
    layers=4, hidden=64, heads=4, vocab=1000, sequence=128, mlp_hidden=96, mlp_matrices=3, biases=False
)
EXPERTS = Experts(routed=8, active=2, hidden=32, shared=1, dense_layers=1)
LATENT = LatentAttention(kv_rank=24, rope_dim=8, query_rank=40)

quick = settings(deadline=None, max_examples=60)


def attention_tensors(shape):
    """Write down attention's tensors of one layer; matrices are inputs x outputs."""
    h, a, d = shape.hidden, shape.heads, shape.head_dim
    if shape.latent:
        kv, rope, query = shape.latent.kv_rank, shape.latent.rope_dim, shape.latent.query_rank
        first = {"q": (h, a * (d + rope))} if query is None else {"q_a": (h, query), "q_b": (query, a * (d + rope))}
        norms = {"kv_norm": (kv,)} if query is None else {"q_norm": (query,), "kv_norm": (kv,)}
        return first | norms | {"kv_a": (h, kv + rope), "kv_b": (kv, a * (d + d)), "o": (a * d, h)}
    widths = {"q": a * d, "k": shape.kv_heads * d, "v": shape.kv_heads * d}
    tensors = {name: (h, width) for name, width in widths.items()} | {"o": (a * d, h)}
    if shape.biases or shape.qkv_biases:
        tensors |= {f"{name}_bias": (width,) for name, width in widths.items()}
    if shape.biases:
        tensors["o_bias"] = (h,)
    if shape.qk_norm:
        tensors |= {"q_norm": (d,), "k_norm": (d,)}
    if shape.wide_qk_norm:
        tensors |= {"q_norm": (widths["q"],), "k_norm": (widths["k"],)}
    if shape.attention_sinks:
        tensors["sinks"] = (a,)
    return tensors


def mlp_tensors(shape, width):
    """Write down the tensors of one MLP, or of one expert."""
    names = ("gate", "up")[2 - (shape.mlp_matrices - 1) :]
    tensors = {name: (shape.hidden, width) for name in names} | {"down": (width, shape.hidden)}
    return tensors | ({f"{name}_bias": tensors[name][1:] for name in tensors} if shape.biases else {})


def tensors_of(shape, *, of_a_token=False):
    """Write down every tensor of a model, layer by layer; of a token, of the routed experts the chosen ones only."""
    found = {}
    for layer in range(shape.layers):
        attention = attention_tensors(shape)
        found |= {(layer, name): size for name, size in attention.items()}
        if shape.norm_biases:
            found |= {(layer, f"{name} bias"): size for name, size in attention.items() if name.endswith("_norm")}
        norms = 4 if shape.post_norms else 2
        found |= {(layer, "norm", number): (shape.hidden,) for number in range(norms)}
        if shape.norm_biases:
            found |= {(layer, "norm bias", number): (shape.hidden,) for number in range(norms)}
        experts = shape.experts
        if experts is None or layer < experts.dense_layers:
            found |= {(layer, "mlp", name): size for name, size in mlp_tensors(shape, shape.mlp_hidden).items()}
            continue
        found[layer, "router"] = (shape.hidden, experts.routed)
        if experts.router_biases:
            found[layer, "router bias"] = (experts.routed,)
        number = (experts.active if of_a_token else experts.routed) + experts.shared
        one = mlp_tensors(shape, experts.hidden)
        found |= {(layer, "expert", expert, name): size for expert in range(number) for name, size in one.items()}
    found |= {"final norm": (shape.hidden,)} | ({"final norm bias": (shape.hidden,)} if shape.norm_biases else {})
    ends = {"embedding": (shape.vocab, shape.hidden)}
    ends |= {"positions": (shape.sequence, shape.hidden)} if shape.learned_positions else {}
    ends |= {} if shape.tied_embeddings else {"head": (shape.vocab, shape.hidden)}
    return found | ends


def size(tensors):
    return sum(prod(shape) for shape in tensors.values())


# Published counts

PARTS_OF_GPT_OSS = {"gpt-oss-120b": (114.71, 0.96, 1.16, 60.8), "gpt-oss-20b": (19.12, 0.64, 1.16, 12.8)}
"""OpenAI 2025, Table 1: MLP, attention, embedding and head in 1e9, and the checkpoint in GiB."""


def test_the_catalog_has_the_mixtures_that_were_asked_for():
    assert NAMES == [
        "DeepSeek-V3",
        "Kimi K2",
        "gpt-oss-120b",
        "gpt-oss-20b",
        "Qwen3-30B-A3B",
        "Qwen3-235B-A22B",
        "Mixtral 8x7B",
        "Llama 4 Scout",
        "Llama 4 Maverick",
        "OLMoE",
    ]


def digits_apart(count, printed):
    """Return how far a count is from a printed one, in units of the last digit that is printed."""
    text = f"{printed}".rstrip("0")
    return abs(count - printed) / 10 ** (len(f"{printed}") - len(text))


@pytest.mark.parametrize(
    "model", [m for m in catalog.all_models().values() if m.printed_parameters], ids=lambda m: m.name
)
def test_the_parameters_are_those_that_are_printed_to_the_last_digit_or_the_note_says_what_they_lack(model):
    total = TransformerShape.from_catalog(model.name).parameters()["total"]
    assert digits_apart(total, model.printed_parameters) < 1 or "is left out" in model.note
    assert total == pytest.approx(model.printed_parameters, rel=0.05)


def test_what_a_left_out_encoder_of_images_hides_is_small():
    for name in ("Llama 4 Scout", "Llama 4 Maverick"):
        model = catalog.model(name)
        assert "is left out" in model.note
        assert abs(model.parameters - model.printed_parameters) < 1.5e9


@pytest.mark.parametrize("model", MIXTURES, ids=lambda model: model.name)
def test_the_printed_active_parameters_are_nearest_to_the_meaning_that_the_row_names(model):
    active = TransformerShape.from_catalog(model.name).active_parameters()
    apart = {meaning: abs(active[meaning] - model.printed_active) for meaning in ACTIVE_TOTALS}
    assert min(apart, key=apart.__getitem__) == model.active_meaning
    assert digits_apart(active[model.active_meaning], model.printed_active) < 1


@pytest.mark.parametrize(("name", "printed"), PARTS_OF_GPT_OSS.items())
def test_the_parts_of_gpt_oss_are_those_of_its_report_and_so_is_its_checkpoint(name, printed):
    parts = TransformerShape.from_catalog(name).parameters()
    mlp, attention, ends = (
        parts["experts"] + parts["router"],
        parts["attention"],
        parts["token embedding"] + parts["output"],
    )
    assert (round(mlp / 1e9, 2), round(attention / 1e9, 2), round(ends / 1e9, 2)) == printed[:3]
    in_blocks = parts["experts"] * 4.25 / 8  # MXFP4: 32 values of 4 bits and a scale of 8
    assert (in_blocks + 2 * (parts["total"] - parts["experts"])) / 2**30 == pytest.approx(printed[3], abs=0.15)


def test_deepseek_v3_without_its_embedding_is_the_37_billion_that_its_report_prints():
    active = TransformerShape.from_catalog("DeepSeek-V3").active_parameters()
    assert [round(active[meaning] / 1e9, 2) for meaning in ACTIVE_TOTALS] == [35.7, 36.63, 37.55]


@pytest.mark.parametrize(("name", "kilobytes"), [("DeepSeek-V3", 70.272), ("Llama 3.1 405B", 516.096)])
def test_the_cache_of_a_token_is_that_of_the_published_comparison(name, kilobytes):
    # Zhao et al. 2025, arXiv:2505.09343, Table 1, in 16 bits.
    assert 2 * TransformerShape.from_catalog(name).kv_values_per_token() / 1e3 == kilobytes


@pytest.mark.parametrize(("name", "billions"), [("DeepSeek-V3", 250), ("Llama 3.1 405B", 2448)])
def test_the_training_of_a_token_costs_what_the_published_comparison_says(name, billions):
    # Zhao et al. 2025, arXiv:2505.09343, Table 2, at 4096 tokens; they count attention as causal.
    shape = dataclasses.replace(TransformerShape.from_catalog(name), sequence=4096)
    assert 3 * shape.forward_flop(1, causal=True) / 1e9 == pytest.approx(billions, rel=0.03)


# Tensor by tensor

shapes = st.builds(
    lambda layers, hidden, heads, width, matrices, norms, biases, sinks, experts, latent, tied: TransformerShape(
        layers,
        hidden,
        heads,
        50,
        16,
        mlp_hidden=3 * hidden,
        mlp_matrices=matrices,
        tied_embeddings=tied,
        biases=biases and not latent,
        head_dim=width,
        norm_biases=norms == "biases",
        qk_norm=norms == "qk" and not latent,
        wide_qk_norm=norms == "wide" and not latent,
        attention_sinks=sinks and not latent,
        experts=experts if experts is None or experts.dense_layers <= layers else None,
        latent=latent,
    ),
    st.integers(1, 4),
    st.integers(1, 12),
    st.integers(1, 4),
    st.integers(1, 8),
    st.sampled_from([2, 3]),
    st.sampled_from(["biases", "qk", "wide", "plain"]),
    st.booleans(),
    st.booleans(),
    st.none()
    | st.builds(
        lambda active, more, hidden, shared, dense, biases: Experts(
            routed=active + more,
            active=active,
            hidden=hidden,
            shared=shared,
            dense_layers=dense,
            router_biases=biases,
        ),
        st.integers(1, 3),
        st.integers(0, 4),
        st.integers(1, 9),
        st.integers(0, 2),
        st.integers(0, 4),
        st.booleans(),
    ),
    st.none()
    | st.builds(
        lambda kv, rope, query: LatentAttention(kv_rank=kv, rope_dim=rope, query_rank=query),
        st.integers(1, 9),
        st.integers(1, 5),
        st.none() | st.integers(1, 9),
    ),
    st.booleans(),
)


@quick
@given(shapes)
def test_all_and_active_parameters_are_the_sum_over_the_tensors(shape):
    tensors, of_a_token = tensors_of(shape), tensors_of(shape, of_a_token=True)
    assert shape.parameters()["total"] == size(tensors)
    active = shape.active_parameters()
    assert active["with both"] == size(of_a_token)
    ends = {name: of_a_token[name] for name in ("embedding", "positions", "head") if name in of_a_token}
    assert active["without embedding or head"] == size(of_a_token) - size(ends)
    assert active["with the head"] == active["without embedding or head"] + shape.vocab * shape.hidden
    assert all(type(count) is int for count in active.values())


@quick
@given(shapes, st.booleans())
def test_a_token_costs_two_flop_a_weight_of_its_matrices_and_attentions_products(shape, causal):
    matrices = {name: t for name, t in tensors_of(shape, of_a_token=True).items() if len(t) == 2}
    for end in ("embedding", "positions", "head"):
        matrices.pop(end, None)
    rope = shape.latent.rope_dim if shape.latent else 0
    positions = shape.sequence / (2 if causal else 1)
    products = shape.layers * shape.heads * positions * ((shape.head_dim + rope) + shape.head_dim)
    expected = 2 * (size(matrices) + shape.vocab * shape.hidden + products)
    assert shape.forward_flop(1, causal=causal) == expected


@pytest.mark.parametrize("name", DENSE)
def test_all_parameters_of_a_dense_model_are_active(name):
    shape = TransformerShape.from_catalog(name)
    assert shape.active_parameters()["with both"] == shape.parameters()["total"]
    assert shape.expert_layers == 0


@quick
@given(st.integers(2, 500), st.integers(1, 2))
def test_more_experts_take_memory_and_no_work_but_the_routers(routed, active):
    experts = dataclasses.replace(EXPERTS, routed=routed, active=active)
    shape, more = (
        dataclasses.replace(SMALL, experts=e) for e in (experts, dataclasses.replace(experts, routed=routed + 1))
    )
    router = 3 * 64
    assert more.parameters()["total"] - shape.parameters()["total"] == 3 * 3 * 64 * 32 + router
    assert more.active_parameters()["with both"] - shape.active_parameters()["with both"] == router
    assert more.forward_flop(1) - shape.forward_flop(1) == 2 * router


def test_latent_attention_caches_as_much_with_any_number_of_heads():
    latent = dataclasses.replace(SMALL, latent=LATENT, head_dim=16)
    assert latent.kv_values_per_token() == 4 * 32
    assert dataclasses.replace(latent, heads=16, kv_heads=16).kv_values_per_token() == 4 * 32
    assert dataclasses.replace(SMALL, kv_heads=1).kv_values_per_token() == SMALL.kv_values_per_token() / 4 == 4 * 32


# Refusals


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Experts(routed=8, active=9, hidden=4), ValueError, r"^active must be at most routed = 8; got 9$"),
        (lambda: Experts(routed=0, active=1, hidden=4), ValueError, r"^routed must be a whole number of at least 1"),
        (lambda: Experts(routed=8, active=1.5, hidden=4), ValueError, r"^active must be a whole number of at least 1"),
        (
            lambda: Experts(routed=8, active=1, hidden=4, shared=-1),
            ValueError,
            r"^shared must be .* at least 0; got -1",
        ),
        (
            lambda: Experts(routed=8, active=1, hidden=4, router_biases=1),
            TypeError,
            r"^router_biases must be True or False; got 1$",
        ),
        (lambda: LatentAttention(kv_rank=0, rope_dim=1), ValueError, r"^kv_rank must be a whole number"),
        (lambda: LatentAttention(kv_rank=1, rope_dim=1, query_rank=0), ValueError, r"^query_rank must be a whole"),
        (lambda: dataclasses.replace(SMALL, experts=8), TypeError, r"^experts must be Experts\(...\) or None; got 8$"),
        (lambda: dataclasses.replace(SMALL, latent=EXPERTS), TypeError, r"^latent must be LatentAttention\(...\) or N"),
        (
            lambda: dataclasses.replace(SMALL, experts=dataclasses.replace(EXPERTS, dense_layers=5)),
            ValueError,
            r"^dense_layers must be at most layers = 4; got 5$",
        ),
        (
            lambda: dataclasses.replace(SMALL, latent=LATENT, qk_norm=True),
            ValueError,
            r"^qk_norm must be False with latent attention, which has none; got True$",
        ),
        (
            lambda: dataclasses.replace(SMALL, wide_qk_norm=True, qk_norm=True),
            ValueError,
            r"^wide_qk_norm must be False where qk_norm is True",
        ),
        (
            lambda: dataclasses.replace(SMALL, norm_biases="no"),
            TypeError,
            r"^norm_biases must be True or False; got 'no'$",
        ),
        (lambda: SMALL.forward_flop(-1), ValueError, r"^tokens must be finite and not negative; got -1"),
    ],
)
def test_what_no_model_has_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
