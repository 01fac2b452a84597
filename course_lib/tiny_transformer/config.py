"""The sizes of a small GPT, its parameters by name and shape, and what it refuses."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_lib._arguments import numbers, shown, whole
from course_lib.compute_cost import TransformerShape

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class GPTConfig:
    """The sizes of a GPT: those of a `TransformerShape` whose options are GPT-2's.

    Errors: as `TransformerShape`. Source: Radford et al. 2019, section 2.3.

    >>> config = GPTConfig(layers=12, hidden=768, heads=12, vocab=50257, sequence=1024)
    >>> config.shape.parameters()["total"]
    124439808
    """

    layers: int
    hidden: int
    heads: int
    vocab: int
    sequence: int

    def __post_init__(self) -> None:
        """Refuse sizes that cannot be built."""
        for name in self.__slots__:
            object.__setattr__(self, name, getattr(self.shape, name))

    @property
    def shape(self) -> TransformerShape:
        """The same sizes, to count parameters and FLOP by formula."""
        return TransformerShape(self.layers, self.hidden, self.heads, self.vocab, self.sequence)

    @classmethod
    def from_shape(cls, shape: TransformerShape) -> GPTConfig:
        """Return the sizes of a `TransformerShape`; `ValueError` for one whose options are not GPT-2's.

        >>> GPTConfig.from_shape(TransformerShape.from_catalog("GPT-2 124M"))
        GPTConfig(layers=12, hidden=768, heads=12, vocab=50257, sequence=1024)
        """
        config = cls(shape.layers, shape.hidden, shape.heads, shape.vocab, shape.sequence)
        if config.shape != shape:
            raise ValueError(f"shape must have GPT-2's options, the defaults of TransformerShape; got {shown(shape)}")
        return config


def parameter_shapes(config: GPTConfig) -> dict[str, tuple[int, ...]]:
    """Return each parameter's name and shape; a matrix has its inputs along the rows.

    >>> sum(map(math.prod, parameter_shapes(GPTConfig(12, 768, 12, 50257, 1024)).values()))
    124439808
    """
    h = config.hidden
    layer: dict[str, tuple[int, ...]] = {"norm 1.gain": (h,), "norm 1.bias": (h,)}
    layer |= {"qkv.weight": (h, 3 * h), "qkv.bias": (3 * h,), "projection.weight": (h, h), "projection.bias": (h,)}
    layer |= {"norm 2.gain": (h,), "norm 2.bias": (h,)}
    layer |= {"up.weight": (h, 4 * h), "up.bias": (4 * h,), "down.weight": (4 * h, h), "down.bias": (h,)}
    layers = {f"layer {i}.{name}": shape for i in range(config.layers) for name, shape in layer.items()}
    embeddings = {"token embedding": (config.vocab, h), "position embedding": (config.sequence, h)}
    return embeddings | layers | {"final norm.gain": (h,), "final norm.bias": (h,)}


def initial_parameters(config: GPTConfig, seed: int = 0, dtype: Any = np.float32) -> dict[str, Array]:
    """Return initial parameters: normal numbers of standard deviation 0.02 sqrt(768 / hidden), gains 1, biases 0.

    At GPT-2's width of 768 that is its 0.02. What is added to the residual stream, by `projection` and `down`, is
    smaller by sqrt(2 layers). Errors: `ValueError` for a seed that is not a whole number of at least 0.
    Source: Radford et al. 2019, section 2.3.

    >>> parameters = initial_parameters(GPTConfig(layers=1, hidden=768, heads=12, vocab=97, sequence=8))
    >>> round(float(parameters["token embedding"].std()), 3), parameters["token embedding"].dtype.name
    (0.02, 'float32')
    """
    rng, parameters = np.random.default_rng(whole("seed", seed, minimum=0)), dict[str, Array]()
    deviation = 0.02 * math.sqrt(768 / config.hidden)
    for name, shape in parameter_shapes(config).items():
        if name.endswith(("gain", "bias")):
            parameters[name] = np.full(shape, float(name.endswith("gain")), dtype)
        else:
            added = name.endswith(("projection.weight", "down.weight"))
            scale = deviation / math.sqrt(2 * config.layers) if added else deviation
            parameters[name] = (scale * rng.standard_normal(shape)).astype(dtype)
    return parameters


def check_parameters(config: GPTConfig, parameters: Mapping[str, Array]) -> None:
    """Raise `ValueError` unless the parameters have the config's names and shapes."""
    expected = parameter_shapes(config)
    for name in [*expected, *parameters]:
        found = parameters[name].shape if name in parameters else "none"
        if found != expected.get(name, "none"):
            wanted = expected.get(name, "no such parameter")
            raise ValueError(f"parameters must have {name!r}: {wanted}, by their config; got {found}")


def token_ids(config: GPTConfig, name: str, tokens: ArrayLike) -> NDArray[np.integer[Any]]:
    """Return tokens as an array (b, s) of whole numbers, or raise an error that says what is accepted."""
    accepted = f"whole numbers from 0 to {config.vocab - 1} in an array (batch, sequence <= {config.sequence})"
    array = numbers(name, tokens, accepted)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must be {accepted}; got {shown(tokens)}")
    if array.ndim != 2 or not array.size or array.shape[1] > config.sequence:
        raise ValueError(f"{name} must be {accepted}; got the shape {array.shape}")
    if array.min() < 0 or array.max() >= config.vocab:
        raise ValueError(f"{name} must be {accepted}; got {shown(tokens)}")
    return array
