"""Two ledgers of a training step, and neither touches the model: FLOP by its matrix products, bytes by its arrays.

The model is plain numpy and knows nothing of them. Its FLOP are counted by handing it parameters of a class that notes
each product that it takes part in; its bytes are those of the buffers that it kept.
"""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from course_lib._arguments import one_of
from course_lib.tiny_transformer import model
from course_lib.tiny_transformer.config import Array, GPTConfig

# FLOP


@dataclass(frozen=True, slots=True)
class Product:
    """One matrix product, (m x k) by (k x n), done `batch` times: what it is for, its sizes, its FLOP.

    `kind` is the name of the parameters that take part ("qkv", "projection", "up", "down", and "output" for the token
    embedding); else it is "attention", between arrays of activations, or "weight gradient", between two matrices.
    """

    kind: str
    m: int
    k: int
    n: int
    batch: int

    @property
    def flop(self) -> int:
        """Return 2 m k n x batch: one multiply and one add for each of the m k n terms."""
        return 2 * self.m * self.k * self.n * self.batch


@dataclass(eq=False)
class FlopLedger:
    """The matrix products of a forward and of a backward pass, in the order in which they were computed."""

    products: dict[str, list[Product]] = field(default_factory=lambda: {"forward": [], "backward": []})
    direction: str = "forward"

    @property
    def forward(self) -> int:
        """The FLOP of the forward pass."""
        return sum(product.flop for product in self.products["forward"])

    @property
    def backward(self) -> int:
        """The FLOP of the backward pass, with what it computes again."""
        return sum(product.flop for product in self.products["backward"])

    @property
    def total(self) -> int:
        """The FLOP of both passes."""
        return self.forward + self.backward

    def by_kind(self, direction: str) -> dict[str, int]:
        """Return the FLOP of the "forward" or the "backward" pass for each kind of product."""
        flop: dict[str, int] = {}
        for product in self.products[one_of("direction", direction, self.products)]:
            flop[product.kind] = flop.get(product.kind, 0) + product.flop
        return flop

    def note(self, a: Any, b: Any) -> None:
        """Note the product of two arrays, of which at least one is `Counted`."""
        m, k, n = (a.shape[-2] if a.ndim > 1 else 1), a.shape[-1], (b.shape[-1] if b.ndim > 1 else 1)
        batch = math.prod(np.broadcast_shapes(a.shape[:-2], b.shape[:-2]))
        names = [name for name in (getattr(a, "name", ""), getattr(b, "name", "")) if name]
        kind = names[0] if names else "attention" if max(a.ndim, b.ndim) > 2 else "weight gradient"
        self.products[self.direction].append(Product(kind, m, k, n, batch))


class Counted(np.ndarray):
    """An array that notes in a ledger each matrix product that it takes part in, as does all that comes of it.

    What computes products in another way than `@`, such as `np.einsum`, is refused, so that none is missed.
    """

    ledger: FlopLedger | None
    name: str

    @classmethod
    def of(cls, array: Array, ledger: FlopLedger, name: str = "") -> Counted:
        """Return a view of an array that counts; `name` says whose products these are."""
        counted = np.asarray(array).view(cls)
        counted.ledger, counted.name = ledger, name
        return counted

    def __array_finalize__(self, source: Any) -> None:
        """Let a view of a parameter, such as its transpose, keep its name."""
        self.ledger, self.name = getattr(source, "ledger", None), getattr(source, "name", "")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """Compute with plain arrays, note a product, and give back an array that counts."""
        if ufunc is np.matmul:
            self._ledger(inputs).note(*inputs)
        elif ufunc.signature is not None:
            raise TypeError(f"a ledger counts products written @; got np.{ufunc.__name__}")
        out = options.get("out", ())
        if out:
            options["out"] = tuple(map(_plain, out))
        result = getattr(ufunc, method)(*map(_plain, inputs), **options)
        return out[0] if out else self._counting(result, inputs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Compute with plain arrays what is no product, and give back an array that counts."""
        if function in _PRODUCTS or function.__module__ == "numpy.linalg":
            raise TypeError(f"a ledger counts products written @; got np.{function.__name__}")
        result = function(*_plain(args), **_plain(kwargs))
        return self._counting(result, [self])

    def dot(self, other: Any, out: Any = None) -> Any:
        """Refuse a product that is not written `@`."""
        raise TypeError("a ledger counts products written @; got .dot")

    def _ledger(self, inputs: Any) -> FlopLedger:
        return next(array.ledger for array in inputs if getattr(array, "ledger", None) is not None)

    def _counting(self, result: Any, inputs: Any) -> Any:
        return Counted.of(result, self._ledger(inputs)) if isinstance(result, np.ndarray) else result


_PRODUCTS = frozenset([np.dot, np.einsum, np.tensordot, np.inner, np.outer, np.vdot, np.kron])


def _plain(value: Any) -> Any:
    if isinstance(value, Counted):
        return value.view(np.ndarray)
    if isinstance(value, (tuple, list)):
        return type(value)(map(_plain, value))
    return {name: _plain(item) for name, item in value.items()} if isinstance(value, dict) else value


def count_flop(
    config: GPTConfig,
    parameters: Mapping[str, Array],
    tokens: ArrayLike,
    targets: ArrayLike,
    recompute: str = "none",
    backward: Callable[..., Mapping[str, Array]] = model.backward,
) -> FlopLedger:
    """Return the FLOP of one forward and one backward pass, counted product by product.

    The forward pass comes to `config.shape.forward_flop(tokens)` where the sequence is as long as the config's, and the
    backward pass to exactly twice that: each product has two gradients, one for either factor. No product is left out,
    as even the first layer's input has a gradient, that of the embedding. The look-up of the embedding itself is no
    product, and neither is the sum of rows that is its gradient: both count nothing, as do norms, softmax and GELU.
    With `recompute` the backward pass holds besides what it computes again: 2 x layers x hidden x sequence a token for
    "selective", the scores alone (frameworks that also compute attention's output again pay twice that), and all
    layers' forward pass, without the output layer, for "full". `backward` may be another backward pass, to try it.
    Errors: as `model.forward`. Source: slide S2; Korthikanti et al. 2022, appendix A.

    >>> from course_lib.tiny_transformer import initial_parameters
    >>> config = GPTConfig(layers=2, hidden=8, heads=2, vocab=11, sequence=5)
    >>> ledger = count_flop(config, initial_parameters(config), [[1, 2, 3, 4, 5]], [[2, 3, 4, 5, 6]])
    >>> ledger.forward, config.shape.forward_flop(5), ledger.backward / ledger.forward
    (17840, 17840.0, 2.0)
    """
    ledger = FlopLedger()
    counted = {name: Counted.of(array, ledger, _kind(name)) for name, array in parameters.items()}
    result = model.forward(config, counted, tokens, targets, recompute)
    ledger.direction = "backward"
    backward(config, counted, result)
    return ledger


def _kind(parameter: str) -> str:
    return "output" if parameter == "token embedding" else parameter.split(".")[-2] if "." in parameter else parameter


# Bytes


def buffers(structure: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Array]]:
    """Yield each array of nested dicts and lists with its path, and for a view the array whose memory it shows."""
    if isinstance(structure, np.ndarray):
        while isinstance(structure.base, np.ndarray):
            structure = structure.base
        yield path, structure
    else:
        for name, part in structure.items() if isinstance(structure, Mapping) else enumerate(structure):
            yield from buffers(part, (*path, name))


def bytes_of(structure: Any) -> int:
    """Return the bytes of all arrays in nested dicts and lists, each buffer once: of parameters, gradients, states.

    >>> x = np.zeros((10, 10))
    >>> bytes_of({"x": x, "a view": x[2:], "another": [np.zeros(3, np.float32)]})
    812
    """
    return sum({id(buffer): buffer.nbytes for _, buffer in buffers(structure)}.values())


@dataclass(frozen=True)
class StepBytes:
    """The bytes of one forward and backward pass, each buffer once.

    `parameters` and `gradients` are sums over the real arrays. `layers` has what each layer keeps for the backward
    pass, and `outside` what is kept outside them (logits, final norm, tokens), by term. Two more are held only for a
    while: `logits_gradient` where the backward pass starts, and `working`, by term, at the widest moment in a layer.
    """

    parameters: int
    gradients: int
    layers: tuple[Mapping[str, int], ...]
    outside: Mapping[str, int]
    logits_gradient: int
    working: Mapping[str, int]

    @property
    def kept(self) -> int:
        """All bytes kept for the backward pass."""
        return sum(sum(terms.values()) for terms in (*self.layers, self.outside))

    @property
    def peak(self) -> int:
        """The most bytes held at once: parameters, what is kept, and `working` with the gradients, or the logits'."""
        return self.parameters + self.kept + max(self.gradients + sum(self.working.values()), self.logits_gradient)


def kept_bytes(result: model.Forward) -> tuple[tuple[Mapping[str, int], ...], Mapping[str, int]]:
    """Return the bytes that a forward pass keeps, by term: those of each layer, and those outside the layers.

    A buffer that two terms share counts for the first of them; tokens and targets that a caller holds count, too.
    A layer keeps 16 arrays of (b s) x h, b a s^2 probabilities, and a number a token for each of two norms. Of
    34 s b h + 5 a s^2 b bytes, with 2 a value, that is 32 and 2: without dropout there are no masks, of a byte a value
    (2 s b h and a s^2 b), and no second copy of the probabilities (2 a s^2 b).
    Source: slide S14; Korthikanti et al. 2022, section 4.

    >>> from course_lib.tiny_transformer import initial_parameters
    >>> config, text = GPTConfig(layers=2, hidden=64, heads=4, vocab=11, sequence=32), np.zeros((1, 32), int)
    >>> layers, outside = kept_bytes(model.forward(config, initial_parameters(config), text, text))
    >>> layers[0]["gelu input"] == 32 * 4 * 64 * 4, layers[0]["probabilities"] == 4 * 32 * 32 * 4
    (True, True)
    """
    layers: list[dict[str, int]] = [{} for _ in result.kept["layers"]]
    outside: dict[str, int] = {}
    seen: set[int] = set()
    for path, buffer in buffers(result.kept):
        terms = layers[path[1]] if path[0] == "layers" else outside
        terms[path[-1]] = 0 if id(buffer) in seen else buffer.nbytes
        seen.add(id(buffer))
    return tuple(map(MappingProxyType, layers)), MappingProxyType(outside)


TERM_OF: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(["norm 1", "norm 1 scale", "norm 2", "norm 2 scale"], "norm inputs")
    | {
        "qkv input": "qkv input",
        "qkv": "queries, keys, values",
        "probabilities": "softmax output",
        "projection input": "projection input",
        "up input": "MLP input",
        "gelu input": "GELU input",
        "down input": "second MLP input",
        "layer input": "layer input",
    }
)
"""What the model keeps, by its name, as a term of `memory.activation_terms`; a layer's input is one with "full" alone.

Of a norm it keeps, in the place of its input, what is as large: the input normalized; and a scale for each token.
"""


def by_term(layer: Mapping[str, int]) -> dict[str, int]:
    """Return what `kept_bytes` says of a layer, by the terms of the formula 34 + 5 a s / h; what it lacks is not there.

    >>> by_term({"norm 1": 400, "norm 1 scale": 4, "norm 2": 400, "norm 2 scale": 4, "up input": 400})
    {'norm inputs': 808, 'MLP input': 400}
    """
    terms: dict[str, int] = {}
    for name, size in layer.items():
        terms[TERM_OF[name]] = terms.get(TERM_OF[name], 0) + size
    return terms


def step_bytes(
    config: GPTConfig,
    parameters: Mapping[str, Array],
    tokens: ArrayLike,
    targets: ArrayLike,
    recompute: str = "none",
) -> StepBytes:
    """Return the bytes of one forward and one backward pass, from their arrays.

    `working` counts what `model` holds while it goes back through a layer. With an array of (b s) x h as the unit and
    p for the b a s^2 probabilities, it is the larger of: in the MLP, 1 + 16 units, for the gradient of the stream and
    four arrays of (b s) x 4h while GELU's gradient is computed; in attention, 3 units and 2 p, and with "selective" one
    p more, the probabilities computed again. With "full" the layer that is computed again is held beside that.
    Errors: as `model.forward`. Source: slide S14, and a count of what it leaves out.

    >>> from course_lib.tiny_transformer import TINY, initial_parameters
    >>> text = np.zeros((8, 64), int)
    >>> for recompute in model.RECOMPUTE:
    ...     held = step_bytes(TINY, initial_parameters(TINY), text, text, recompute)
    ...     print(f"{recompute:9} kept {held.kept / 1e6:.1f} MB, peak {held.peak / 1e6:.1f} MB")
    none      kept 5.7 MB, peak 8.8 MB
    selective kept 4.7 MB, peak 7.8 MB
    full      kept 0.7 MB, peak 6.5 MB
    """
    result = model.forward(config, parameters, tokens, targets, recompute)
    layers, outside = kept_bytes(result)
    gradients = bytes_of(model.backward(config, parameters, result))
    rows, sequence = result.kept["tokens"].size, result.kept["tokens"].shape[1]
    size = result.logits.itemsize
    unit, probabilities = rows * config.hidden * size, rows * config.heads * sequence * size
    attention = {"stream": 3 * unit, "scores": 2 * probabilities}
    if recompute == "selective":
        attention["probabilities computed again"] = probabilities
    layer = max({"stream": unit, "MLP": 16 * unit}, attention, key=lambda terms: sum(terms.values()))
    if recompute == "full":
        again = model.forward(config, parameters, tokens, targets).kept["layers"][:1]
        layer["layer computed again"] = bytes_of(again)
    return StepBytes(bytes_of(parameters), gradients, layers, outside, result.logits.nbytes, MappingProxyType(layer))


def traced_peak(call: Callable[[], Any]) -> int:
    """Return the most bytes that a call held at once, as Python's own `tracemalloc` counts them.

    What was allocated before the call is not in it; what the call gives back is. It counts numpy's arrays, and whatever
    else Python allocates, and is the same at every call that allocates the same.

    >>> 8_000_000 <= traced_peak(lambda: np.zeros(1_000_000)) < 8_100_000
    True
    """
    tracing = tracemalloc.is_tracing()
    if not tracing:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if not tracing:
            tracemalloc.stop()
