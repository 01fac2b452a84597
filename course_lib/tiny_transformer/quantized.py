"""The small GPT in few bits: its matrices kept as small integers, or every matrix product computed in int8.

`course_lib/data/quantized_losses.json` holds the loss of the trained model on the text held out, for each way and each
number of bits, and the command that made it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib._arguments import one_of
from course_lib.quantization import METHODS, Quantized, absmax_quantize, as_blocks, int8_matmul, stored_bytes
from course_lib.tiny_transformer.config import Array
from course_lib.tiny_transformer.text import encode, lessons_text, split
from course_lib.tiny_transformer.training import held_out_loss
from course_lib.tiny_transformer.weights import trained

SCALE_PER = ("matrix", "output", "block of 32")
"""What one scale is shared by: a matrix, the weights of one output, or 32 neighbours."""

BLOCK, BITS = 32, (8, 7, 6, 5, 4, 3, 2)
PLACE = "data/quantized_losses.json"
COMMAND = (
    'python -c "from course_lib.tiny_transformer.quantized import write_quantized_losses; '
    f"write_quantized_losses('course_lib/{PLACE}')\""
)

# The weights


def quantized_matrices(
    parameters: Mapping[str, Array], bits: int = 8, method: str = "absmax", scale_per: str = "matrix"
) -> dict[str, Quantized]:
    """Return the codes of each matrix of a model; norms and biases are no matrices, and stay as they are.

    The outputs of a matrix are its columns, and the rows of an embedding: the output layer is its transpose. Of a
    "block of 32" each row of the codes is one block. Errors: `ValueError` for an unknown method or scale, or bits.
    Source: slide S9; Dettmers et al. 2022a for blocks.

    >>> codes = quantized_matrices(trained().parameters, bits=4, scale_per="output")
    >>> codes["layer 0.up.weight"].scale.shape, codes["token embedding"].scale.shape, "final norm.gain" in codes
    ((1, 256), (97, 1), False)
    """
    quantize, scale_per = METHODS[one_of("method", method, METHODS)], one_of("scale_per", scale_per, SCALE_PER)
    slices = {name: _sliced(name, array, scale_per) for name, array in parameters.items() if array.ndim == 2}
    return {name: quantize(matrix, bits, axis=axis) for name, (matrix, axis) in slices.items()}


def _sliced(name: str, matrix: Array, scale_per: str) -> tuple[Array, int | None]:
    """Return a matrix, for blocks in rows of one each, and the axis along which each slice has a scale of its own."""
    if scale_per == "block of 32":
        return as_blocks(matrix, BLOCK), 0
    return matrix, None if scale_per == "matrix" else 0 if "embedding" in name else 1


def dequantized(parameters: Mapping[str, Array], codes: Mapping[str, Quantized]) -> dict[str, Array]:
    """Return a model's parameters with the matrices turned back from their codes, in the dtype that they had.

    >>> model = trained().parameters
    >>> error = dequantized(model, quantized_matrices(model))["layer 0.up.weight"] - model["layer 0.up.weight"]
    >>> bool(0 < abs(error).max() <= 0.51 * quantized_matrices(model)["layer 0.up.weight"].scale)
    True
    """
    back = {name: quantized.dequantize().astype(parameters[name].dtype) for name, quantized in codes.items()}
    return {name: back[name].reshape(array.shape) if name in back else array for name, array in parameters.items()}


def bits_a_weight(codes: Mapping[str, Quantized], bits: int) -> float:
    """Return the bits that a weight of quantised matrices takes, with its share of scales and zero-points.

    >>> bits_a_weight(quantized_matrices(trained().parameters, bits=4, scale_per="block of 32"), bits=4)
    5.0
    """
    stored = sum(stored_bytes(quantized, bits) for quantized in codes.values())
    return 8 * stored / sum(quantized.values.size for quantized in codes.values())


# The products


class Int8(np.ndarray):
    """An array whose products `@` are computed in int8, as are those of all that comes of it: see `int8_product`.

    The model is not written again for it: it is handed parameters of this class.
    """

    def __matmul__(self, other: Any) -> Any:
        """Return self @ other, from int8 codes."""
        return int8_product(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        """Return other @ self, from int8 codes."""
        return int8_product(other, self)


def int8_product(a: Array, b: Array) -> Int8:
    """Return a @ b from int8 codes by absmax, added up in int32, in the dtype of a.

    Each row of a and each column of b has a scale of its own: with activations on the left and weights on the right,
    one a token, measured on the spot (*dynamic*), and one an output. Matrices in a batch are multiplied one by one.
    Errors: as `int8_matmul`. Source: slide S10; Xiao et al. 2022, *SmoothQuant*.

    >>> a, b = np.array([[1.0, -2.0], [300.0, 500.0]]), np.array([[3.0], [0.5]])
    >>> int8_product(a, b).round(1).tolist(), (a @ b).tolist()
    ([[2.0], [1145.7]], [[2.0], [1150.0]])
    """
    if a.ndim > 2:
        return np.stack([int8_product(*pair) for pair in zip(a, b, strict=True)]).view(Int8)
    codes = absmax_quantize(np.asarray(a), axis=0), absmax_quantize(np.asarray(b), axis=1)
    return int8_matmul(*codes).astype(a.dtype).view(Int8)


def in_int8(parameters: Mapping[str, Array]) -> dict[str, Int8]:
    """Return a model's parameters so that every matrix product of its forward pass is computed in int8.

    Norms, softmax, GELU and what is added stay in the parameters' own dtype.

    >>> from course_lib.tiny_transformer import forward
    >>> model, text = trained(), encode(lessons_text())[None, :65]
    >>> both = model.parameters, in_int8(model.parameters)
    >>> losses = [forward(model.config, parameters, text[:, :-1], text[:, 1:]).loss for parameters in both]
    >>> bool(0 < abs(losses[1] - losses[0]) < 0.02)
    True
    """
    return {name: array.view(Int8) for name, array in parameters.items()}


# What it costs


@dataclass(frozen=True)
class HeldOutLosses:
    """Losses in nats a character: on all of the text held out, and on its first and its second half."""

    whole: float
    halves: tuple[float, float]


@dataclass(frozen=True)
class QuantizedLoss:
    """The loss of the model with quantised matrices, and the bits that a weight of them takes, scales included."""

    method: str
    scale_per: str
    bits: int
    bits_a_weight: float
    loss: HeldOutLosses


@dataclass(frozen=True)
class QuantizedLosses:
    """The losses of the trained model: in fp32, with every product in int8, and with quantised matrices."""

    fp32: HeldOutLosses
    int8_products: HeldOutLosses
    matrices: tuple[QuantizedLoss, ...]


@cache
def quantized_losses() -> QuantizedLosses:
    """Return the losses from the file that comes with the course.

    >>> losses = quantized_losses()
    >>> [round(one.loss.whole - losses.fp32.whole, 2) for one in losses.matrices[:5]]  # 8 to 4 bits
    [0.0, 0.01, 0.04, 0.13, 0.44]
    """
    kept = json.loads(resources.files("course_lib").joinpath(PLACE).read_text(encoding="utf-8"))
    return QuantizedLosses(
        _losses(kept["fp32"]),
        _losses(kept["int8_products"]),
        tuple(
            QuantizedLoss(method, scale_per, bits, each, _losses(losses))
            for method, scale_per, bits, each, losses in kept["matrices"]
        ),
    )


def _losses(numbers: list[float]) -> HeldOutLosses:
    return HeldOutLosses(numbers[0], (numbers[1], numbers[2]))


def measured(parameters: Mapping[str, Array]) -> list[float]:
    """Return the loss of the trained model with other parameters: on the text held out, and on either half of it."""
    text = held_out()
    middle = len(text) // 2
    parts = (text, text[:middle], text[middle:])
    return [round(held_out_loss(trained().config, parameters, part), 6) for part in parts]


def held_out() -> NDArray[np.int64]:
    """Return the tokens of the lessons' text that were held out from training."""
    return split(encode(lessons_text()))[1]


def write_quantized_losses(path: str | Path) -> None:
    """Measure all losses and write them, a row a line, with how they were made; it takes about half a minute."""
    model = trained()
    about = {
        "command": COMMAND,
        "seed": model.settings.seed,
        "characters": len(held_out()),
        "columns": "method, scale_per, bits, bits a weight, nats a character on all of the text and on each half",
        "fp32": measured(model.parameters),
        "int8_products": measured(in_int8(model.parameters)),
    }
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in about.items()]
    rows = ",\n".join(map(json.dumps, _rows(model.parameters)))
    text = "{" + ",\n".join([*lines, f'"matrices": [\n{rows}\n]']) + "}\n"
    Path(path).write_text(text, encoding="utf-8", newline="\n")


def _rows(parameters: Mapping[str, Array]) -> Iterator[list[Any]]:
    for method, scale_per, bits in product(METHODS, SCALE_PER, BITS):
        codes = quantized_matrices(parameters, bits, method, scale_per)
        loss = measured(dequantized(parameters, codes))
        yield [method, scale_per, bits, round(bits_a_weight(codes, bits), 6), loss]
