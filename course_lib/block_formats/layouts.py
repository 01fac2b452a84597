"""The bytes of a block as ggml lays them out in a GGUF file, there and back."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from course_lib._arguments import shown, whole_shape
from course_lib.block_formats.blocks import EncodedBlocks
from course_lib.block_formats.formats import MXFP4, Q4_0, Q4_1, Q8_0, BlockFormat

GGML_FORMATS = (Q4_0, Q4_1, Q8_0, MXFP4)
"""The formats that are packed here."""


def pack(encoded: EncodedBlocks) -> bytes:
    """Return blocks as ggml packs them: scale, minimum if there is one, then the codes, in 18, 20, 34 or 17 bytes each.

    Numbers of two bytes begin with the low one. Codes of 4 bits share bytes: byte j has value j in its low half and
    value j + 16 in its high half. (Other programs pack neighbours: OpenAI's gpt-oss has values 2j and 2j + 1 there.)
    Errors: `TypeError` for anything but `EncodedBlocks`; `ValueError` for a format that is not in `GGML_FORMATS`.
    Source: ggml, src/ggml-common.h and src/ggml-quants.c; openai/gpt-oss, gpt_oss/torch/weights.py.

    >>> from course_lib.block_formats import encode
    >>> block = pack(encode(np.arange(-16.0, 16.0), Q4_0))
    >>> len(block), block[:4].hex(" ")  # d = -16 / -8 = 2 in fp16; then -16 and 0, as 0 and 8
    (18, '00 40 80 80')
    """
    if not isinstance(encoded, EncodedBlocks):
        raise TypeError(f"encoded must be EncodedBlocks, as encode returns them; got {shown(encoded)}")
    fmt = _known(encoded.fmt)
    scale = _scale_type(fmt)
    numbers = [part for part in (encoded.scales, encoded.minima) if part is not None]
    head = [np.asarray(part).astype(scale).reshape(-1, 1).view(np.uint8) for part in numbers]
    codes = encoded.codes.astype(np.uint8)
    half = fmt.block // 2
    packed = codes if fmt.element.bits == 8 else codes[:, :half] | codes[:, half:] << 4
    return np.hstack([*head, packed]).tobytes()


def unpack(data: bytes, fmt: BlockFormat, shape: Sequence[int]) -> EncodedBlocks:
    """Return what `pack` made bytes of; `shape` is that of the numbers, for it is not among the bytes.

    Errors: `TypeError` for what are no bytes and no shape; `ValueError` for a format that is not in `GGML_FORMATS`, and
    for bytes that are more or fewer than the shape's.

    >>> from course_lib.block_formats import encode
    >>> unpack(pack(encode([1.0, 2.0], Q8_0)), Q8_0, [2]).decode().round(3).tolist()
    [1.008, 2.0]
    """
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError(f"data must be bytes; got {shown(data)}")
    fmt, sizes = _known(fmt), whole_shape("shape", shape)
    scale, array = _scale_type(fmt), np.frombuffer(data, np.uint8)
    width = sizes[-1] if sizes else 1
    blocks = prod(sizes[:-1]) * -(-width // fmt.block)
    head = fmt.scales_a_block * scale.itemsize
    wanted = blocks * (head + fmt.values_a_block * fmt.element.bits // 8)
    if array.size != wanted:
        raise ValueError(f"data must be {wanted} bytes for {fmt.name} of shape {sizes}; got {array.size}")
    rows = array.reshape(blocks, wanted // blocks if blocks else head)
    numbers = rows[:, :head].copy().view(scale).astype(scale.newbyteorder("="))
    packed = rows[:, head:]
    codes = packed if fmt.element.bits == 8 else np.hstack([packed & 15, packed >> 4])
    return EncodedBlocks(fmt, codes, numbers[:, 0], sizes, numbers[:, 1] if fmt.scales_a_block == 2 else None)


def _known(fmt: BlockFormat) -> BlockFormat:
    if fmt not in GGML_FORMATS:
        names = ", ".join(known.name for known in GGML_FORMATS)
        raise ValueError(f"fmt must be one of {names}; got {shown(getattr(fmt, 'name', fmt))}")
    return fmt


def _scale_type(fmt: BlockFormat) -> np.dtype[Any]:
    """Return the type of a scale as it lies in a file, the low byte first."""
    return np.dtype("<u2") if fmt.scale_bits == 16 else np.dtype("u1")
