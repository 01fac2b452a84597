"""A small GPT in plain numpy: its forward pass, and its backward pass by hand.

GPT-2's architecture: learned positions, pre-LayerNorm, GELU, biases, an MLP of 4h, and an output layer that is the
token embedding again. b is the batch, s the sequence, h the width, a the heads, d = h / a, V the vocabulary. Tokens
stand one a row, in matrices of (b s) x h; only inside attention are they (b, a, s, d). Every matrix product is an `@`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from course_lib._arguments import one_of
from course_lib.tiny_transformer.config import Array, GPTConfig, check_parameters, token_ids

RECOMPUTE = ("none", "selective", "full")
EPSILON = 1e-5
GELU_SLOPE, GELU_CUBIC = math.sqrt(2 / math.pi), 0.044715


@dataclass(frozen=True, eq=False)
class Forward:
    """What a forward pass gives: logits (b, s, V), the loss in nats a token, and what it keeps for the backward pass.

    `kept` is plain: "layers", a list with one dict of arrays a layer, and arrays under the names of what they are.
    """

    logits: Array
    loss: float
    kept: dict[str, Any]


# The parts, each forward and backward; d_x is the gradient of the loss with respect to x


def linear_backward(d_out: Array, x: Array, weight: Array) -> tuple[Array, dict[str, Array]]:
    """Return the gradients of out = x @ weight + bias: two products where the forward pass has one."""
    return d_out @ weight.T, {"weight": x.T @ d_out, "bias": d_out.sum(axis=0)}


def layer_norm(x: Array, weights: Mapping[str, Array], name: str) -> tuple[Array, dict[str, Array]]:
    """Return gain * (x - mean) / sqrt(variance + epsilon) + bias over each row, and what backward needs."""
    deviation = x - x.mean(axis=-1, keepdims=True)
    scale = 1 / np.sqrt((deviation * deviation).mean(axis=-1, keepdims=True) + EPSILON)
    normalized = deviation * scale
    out = normalized * weights[f"{name}.gain"] + weights[f"{name}.bias"]
    return out, {name: normalized, f"{name} scale": scale}


def layer_norm_backward(
    d_out: Array, weights: Mapping[str, Array], kept: Mapping[str, Array], name: str
) -> tuple[Array, dict[str, Array]]:
    """Return the gradient of a LayerNorm's input, and those of its gain and bias."""
    normalized, scale = kept[name], kept[f"{name} scale"]
    d_normalized = d_out * weights[f"{name}.gain"]
    along = (d_normalized * normalized).mean(axis=-1, keepdims=True)
    d_x = scale * (d_normalized - d_normalized.mean(axis=-1, keepdims=True) - normalized * along)
    return d_x, {"gain": (d_out * normalized).sum(axis=0), "bias": d_out.sum(axis=0)}


def gelu_tanh(x: Array) -> Array:
    """Return tanh(sqrt(2 / pi) (x + 0.044715 x^3)), in one array: none of a layer's is wider."""
    out = x * x
    out *= GELU_CUBIC
    out += 1
    out *= x
    out *= GELU_SLOPE
    return np.tanh(out, out=out)


def gelu(x: Array) -> Array:
    """Return GELU(x) = x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), as GPT-2 has it."""
    out = gelu_tanh(x)
    out += 1
    out *= x
    out *= 0.5
    return out


def gelu_backward(d_out: Array, x: Array) -> Array:
    """Return d_out / 2 (1 + t + x (1 - t^2) sqrt(2 / pi) (1 + 3 * 0.044715 x^2)); t, the tanh, is computed again."""
    tanh, d_x = gelu_tanh(x), x * x
    d_x *= 3 * GELU_CUBIC
    d_x += 1
    d_x *= GELU_SLOPE
    d_x *= x
    square = tanh * tanh
    d_x *= np.subtract(1, square, out=square)
    d_x += tanh
    d_x += 1
    d_x *= d_out
    d_x *= 0.5
    return d_x


def softmax(scores: Array) -> Array:
    """Return exp(scores) / sum of exp(scores) over the last axis, written over `scores`."""
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores


def heads_of(qkv: Array, config: GPTConfig, sequence: int) -> Array:
    """Return queries, keys and values as views of their one matrix (b s) x 3h: the shape is (3, b, a, s, d)."""
    return qkv.reshape(-1, sequence, 3, config.heads, config.hidden // config.heads).transpose(2, 0, 3, 1, 4)


def attention_probabilities(q: Array, k: Array) -> Array:
    """Return softmax(q k^T / sqrt(d)) over the tokens up to each one's own, (b, a, s, s)."""
    scores = q @ k.swapaxes(-1, -2)
    scores /= math.sqrt(q.shape[-1])
    scores += np.triu(np.full(scores.shape[-2:], -np.inf, scores.dtype), 1)
    return softmax(scores)


def attention_core_backward(d_out: Array, q: Array, k: Array, v: Array, probabilities: Array | None) -> Array:
    """Return the gradients of q, k and v, (3, b, a, s, d): four products where forward has two, q k^T and p v.

    Of the softmax, d_scores = p (d_p - sum of d_p p); the probabilities p are computed again where none were kept.
    """
    if probabilities is None:
        probabilities = attention_probabilities(q, k)
    d_scores = d_out @ v.swapaxes(-1, -2)
    d_scores -= (d_scores * probabilities).sum(axis=-1, keepdims=True)
    d_scores *= probabilities
    d_scores /= math.sqrt(q.shape[-1])
    return np.stack([d_scores @ k, d_scores.swapaxes(-1, -2) @ q, probabilities.swapaxes(-1, -2) @ d_out])


# The two halves of a layer: each adds to the residual stream x what it makes of its norm


def attention_forward(
    x: Array, weights: Mapping[str, Array], config: GPTConfig, sequence: int
) -> tuple[Array, dict[str, Array]]:
    """Return x + projection(softmax(q k^T / sqrt(d)) v), with q, k, v = qkv(norm(x)), and what backward needs."""
    normed, kept = layer_norm(x, weights, "norm 1")
    qkv = normed @ weights["qkv.weight"] + weights["qkv.bias"]
    q, k, v = heads_of(qkv, config, sequence)
    probabilities = attention_probabilities(q, k)
    attended = (probabilities @ v).transpose(0, 2, 1, 3).reshape(x.shape)
    out = x + (attended @ weights["projection.weight"] + weights["projection.bias"])
    return out, kept | {"qkv input": normed, "qkv": qkv, "probabilities": probabilities, "projection input": attended}


def attention_backward(
    d_out: Array, weights: Mapping[str, Array], kept: Mapping[str, Array], config: GPTConfig, sequence: int
) -> tuple[Array, dict[str, dict[str, Array]]]:
    """Return the gradients of attention's input and of its parameters."""
    d_attended, d_projection = linear_backward(d_out, kept["projection input"], weights["projection.weight"])
    q, k, v = heads_of(kept["qkv"], config, sequence)
    d_heads = d_attended.reshape(-1, sequence, config.heads, q.shape[-1]).transpose(0, 2, 1, 3)
    d_qkv = attention_core_backward(d_heads, q, k, v, kept.get("probabilities"))
    d_qkv = d_qkv.transpose(1, 3, 0, 2, 4).reshape(len(d_out), -1)
    d_normed, d_qkv_parameters = linear_backward(d_qkv, kept["qkv input"], weights["qkv.weight"])
    d_x, d_norm = layer_norm_backward(d_normed, weights, kept, "norm 1")
    return d_out + d_x, {"projection": d_projection, "qkv": d_qkv_parameters, "norm 1": d_norm}


def mlp_forward(x: Array, weights: Mapping[str, Array]) -> tuple[Array, dict[str, Array]]:
    """Return x + down(GELU(up(norm(x)))), and what backward needs."""
    normed, kept = layer_norm(x, weights, "norm 2")
    up = normed @ weights["up.weight"] + weights["up.bias"]
    activated = gelu(up)
    out = x + (activated @ weights["down.weight"] + weights["down.bias"])
    return out, kept | {"up input": normed, "gelu input": up, "down input": activated}


def mlp_backward(
    d_out: Array, weights: Mapping[str, Array], kept: Mapping[str, Array]
) -> tuple[Array, dict[str, dict[str, Array]]]:
    """Return the gradients of the MLP's input and of its parameters."""
    d_activated, d_down = linear_backward(d_out, kept["down input"], weights["down.weight"])
    d_up = gelu_backward(d_activated, kept["gelu input"])
    d_normed, d_up_parameters = linear_backward(d_up, kept["up input"], weights["up.weight"])
    d_x, d_norm = layer_norm_backward(d_normed, weights, kept, "norm 2")
    return d_out + d_x, {"down": d_down, "up": d_up_parameters, "norm 2": d_norm}


def layer_forward(
    x: Array, weights: Mapping[str, Array], config: GPTConfig, sequence: int
) -> tuple[Array, dict[str, Array]]:
    """Return a layer's output, attention first and then the MLP, and all that the backward pass needs."""
    x, kept = attention_forward(x, weights, config, sequence)
    x, kept_by_mlp = mlp_forward(x, weights)
    return x, kept | kept_by_mlp


def layer_backward(
    d_x: Array, weights: Mapping[str, Array], kept: Mapping[str, Array], config: GPTConfig, sequence: int
) -> tuple[Array, dict[str, Array]]:
    """Return the gradients of a layer's input and of its parameters, computing the layer again if only that is kept."""
    if "layer input" in kept:
        kept = layer_forward(kept["layer input"], weights, config, sequence)[1]
    d_x, of_mlp = mlp_backward(d_x, weights, kept)
    d_x, of_attention = attention_backward(d_x, weights, kept, config, sequence)
    parts = of_mlp | of_attention
    return d_x, {f"{part}.{name}": value for part, of_part in parts.items() for name, value in of_part.items()}


# The whole model


def forward(
    config: GPTConfig,
    parameters: Mapping[str, Array],
    tokens: ArrayLike,
    targets: ArrayLike,
    recompute: str = "none",
) -> Forward:
    """Return logits, loss and what the backward pass needs, in the dtype of the parameters.

    `tokens` (b, s) are whole numbers below `vocab`, `targets` the tokens that follow them, s at most `sequence`; the
    loss is the mean cross-entropy -log p(target). `recompute` says what a layer does not keep: nothing is left out
    ("none"), attention's probabilities are ("selective"), or all but the layer's input ("full").
    Errors: `ValueError` or `TypeError` that names the argument.
    Source: Radford et al. 2019; for `recompute`, slide S14 and Korthikanti et al. 2022.

    >>> from course_lib.tiny_transformer import parameter_shapes
    >>> config = GPTConfig(layers=1, hidden=4, heads=2, vocab=5, sequence=3)
    >>> zeros = {name: np.zeros(shape) for name, shape in parameter_shapes(config).items()}
    >>> result = forward(config, zeros, [[0, 1, 2]], [[1, 2, 3]])
    >>> result.logits.shape, round(result.loss, 2), round(math.log(5), 2)  # it knows nothing
    ((1, 3, 5), 1.61, 1.61)
    """
    one_of("recompute", recompute, RECOMPUTE)
    check_parameters(config, parameters)
    tokens, targets = token_ids(config, "tokens", tokens), token_ids(config, "targets", targets)
    if tokens.shape != targets.shape:
        raise ValueError(f"targets must have the shape of tokens, {tokens.shape}; got {targets.shape}")
    sequence, layers = tokens.shape[1], list[dict[str, Array]]()
    x = parameters["token embedding"][tokens] + parameters["position embedding"][:sequence]
    x = x.reshape(-1, config.hidden)
    for i in range(config.layers):
        layer_input = x
        x, kept = layer_forward(x, layer_weights(parameters, i), config, sequence)
        if recompute == "selective":
            del kept["probabilities"]
        layers.append({"layer input": layer_input} if recompute == "full" else kept)
        del kept  # else a layer that keeps only its input would hold the rest until the next is done
    x, kept_by_norm = layer_norm(x, parameters, "final norm")
    logits = x @ parameters["token embedding"].T
    kept_for_backward: dict[str, Any] = {"tokens": tokens, "targets": targets, "layers": layers}
    kept_for_backward |= kept_by_norm | {"output input": x, "logits": logits}
    return Forward(logits.reshape(*tokens.shape, -1), cross_entropy(logits, targets), kept_for_backward)


def cross_entropy(logits: Array, targets: Array) -> float:
    """Return the mean of log(sum of exp(logits)) - logit of the target, in nats."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    of_target = shifted[np.arange(targets.size), targets.ravel()]
    return float((np.log(np.exp(shifted, out=shifted).sum(axis=-1)) - of_target).mean())


def backward(config: GPTConfig, parameters: Mapping[str, Array], result: Forward) -> dict[str, Array]:
    """Return the gradient of the loss with respect to every parameter, by name, each of its parameter's shape.

    `result` is what `forward` gave for the same parameters. The token embedding's gradient has two parts: a product,
    where it is the output layer, and a sum of rows, where it is looked up.
    Errors: `ValueError` for parameters that are not the config's. Source: the chain rule, term by term.
    """
    check_parameters(config, parameters)
    kept, gradients = result.kept, dict[str, Array]()
    tokens, sequence = kept["tokens"], kept["tokens"].shape[1]
    d_logits = softmax(kept["logits"].copy())
    d_logits[np.arange(tokens.size), kept["targets"].ravel()] -= 1
    d_logits /= tokens.size
    d_embedding = d_logits.T @ kept["output input"]
    d_x = d_logits @ parameters["token embedding"]
    del d_logits
    d_x, d_norm = layer_norm_backward(d_x, parameters, kept, "final norm")
    gradients |= {f"final norm.{name}": value for name, value in d_norm.items()}
    for i in reversed(range(config.layers)):
        d_x, of_layer = layer_backward(d_x, layer_weights(parameters, i), kept["layers"][i], config, sequence)
        gradients |= {f"layer {i}.{name}": value for name, value in of_layer.items()}
    np.add.at(d_embedding, tokens.ravel(), d_x)
    d_positions = np.zeros_like(parameters["position embedding"])
    d_positions[:sequence] = d_x.reshape(-1, sequence, config.hidden).sum(axis=0)
    gradients |= {"token embedding": d_embedding, "position embedding": d_positions}
    return {name: gradients[name] for name in parameters}


def layer_weights(parameters: Mapping[str, Array], layer: int) -> dict[str, Array]:
    """Return one layer's parameters, under their names without the layer's."""
    start = f"layer {layer}."
    return {name.removeprefix(start): value for name, value in parameters.items() if name.startswith(start)}
