"""One image, drawn by the course, in each block format: soft shades, hard edges, and a spot that is far too bright."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from course_lib.block_formats import (
    MXFP4,
    MXFP6_E2M3,
    MXFP8_E4M3,
    NF4,
    NVFP4,
    Q4_0,
    BlockFormat,
    bits_per_value,
    encode,
)
from course_lib.quantization import absmax_quantize, error_measures, stored_bytes

SIZE = 64
SPOT = 100.0
"""How bright the spot is; white is 1."""
SHOWN: tuple[tuple[str, BlockFormat, int | None], ...] = (
    ("MXFP8 E4M3", MXFP8_E4M3, None),
    ("MXFP6 E2M3", MXFP6_E2M3, None),
    ("MXFP4", MXFP4, None),
    ("MXFP4, by chance", MXFP4, 1),
    ("NVFP4", NVFP4, None),
    ("Q4_0", Q4_0, None),
    ("NF4", NF4, None),
)
"""The formats by name, each with the seed of its rounding, where that is by chance."""


@dataclass(frozen=True, eq=False)
class QuantizedImage:
    """An image after a format: its name, the bits of a value, the SQNR of all that is not the spot, and the values.

    The original has no SQNR: it is what the others are compared with.
    """

    name: str
    bits: float
    sqnr_db: float | None
    values: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ImagesView:
    """The original in fp32, int8 with one scale a tensor, and each block format."""

    images: tuple[QuantizedImage, ...]

    @property
    def sentence(self) -> str:
        """What the bright spot costs, in plain words."""
        by_name = {one.name: one.sqnr_db for one in self.images}
        return (
            f"One bright spot leaves int8 an SQNR of {by_name['int8 a tensor']:.1f} dB around it; "
            f"MXFP4 keeps {by_name['MXFP4']:.1f} dB, NVFP4 {by_name['NVFP4']:.1f} dB."
        )

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """The bits and the SQNR of each."""
        return tuple(
            (one.name, f"{one.bits:.4g} bits a value, SQNR {one.sqnr_db:.1f} dB without the spot")
            for one in self.images
            if one.sqnr_db is not None
        )


@cache
def drawn_image() -> NDArray[np.float32]:
    """Return an image of 64 x 64 shades of grey, from 0 (black) to 1 (white), and a spot of four values of 100.

    It grows lighter from left to right, with a dark disc, a light stripe and a shaded ball on it. It is read-only.

    >>> image = drawn_image()
    >>> image.shape, float(image.max()), int((image > 1).sum())
    ((64, 64), 100.0, 4)
    """
    y, x = np.mgrid[:SIZE, :SIZE] / (SIZE - 1)
    image = 0.08 + 0.84 * x
    image = np.where(np.abs(y - 0.3 - 0.35 * x) < 0.035, 0.97, image)
    image = np.where((x - 0.3) ** 2 + (y - 0.74) ** 2 < 0.17**2, 0.03, image)
    towards_light = 1 - 3.2 * np.hypot(x - 0.68, y - 0.68) ** 1.5 / 0.6
    image = np.where((x - 0.75) ** 2 + (y - 0.76) ** 2 < 0.18**2, np.clip(towards_light, 0.05, 1), image)
    image[12:14, 20:22] = SPOT
    fixed = image.astype(np.float32)
    fixed.setflags(write=False)
    return fixed


@cache
def images_view() -> ImagesView:
    """Return the image after each format.

    >>> [one.name for one in images_view().images[:3]]
    ['original', 'int8 a tensor', 'MXFP8 E4M3']
    """
    image = drawn_image()
    around = image <= 1
    int8 = absmax_quantize(image)
    images = [QuantizedImage("original", 32.0, None, image.astype(float))]
    images.append(_compared("int8 a tensor", 8 * stored_bytes(int8) / image.size, int8.dequantize(), around))
    for name, fmt, seed in SHOWN:
        generator = None if seed is None else np.random.default_rng(seed)
        images.append(_compared(name, bits_per_value(fmt), encode(image, fmt, generator).decode(), around))
    return ImagesView(tuple(images))


def _compared(name: str, bits: float, values: NDArray[np.float64], around: NDArray[np.bool_]) -> QuantizedImage:
    error = error_measures(drawn_image()[around], values[around])
    return QuantizedImage(name, bits, error.sqnr_db, values)
