"""Small tensors to quantise: the shapes of data that weights and activations have, the same at every call.

Each is a matrix of 64 x 64 numbers in fp32, read-only.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_lib._arguments import numbers, one_of, positive, shown, single

SHAPE = (64, 64)
KINDS = ("normal", "uniform", "ReLU-like", "100 to 104")
PLACES = ("one value", "a column")


@cache
def example_tensor(kind: str) -> NDArray[np.float32]:
    """Return one of the example matrices, by the shape of its distribution.

    `kind`: normal (mean 0, standard deviation 1, as weights roughly are), uniform (evenly spread over -1 to 1),
    ReLU-like (normal, with every negative value set to 0, as after a ReLU), or 100 to 104 (evenly spread, far from 0).
    Errors: `ValueError` for another kind. Source: slide S9.

    >>> x = example_tensor("ReLU-like")
    >>> x.shape, x.dtype.name, x.min().item(), int((x == 0).sum())
    ((64, 64), 'float32', 0.0, 2118)
    """
    rng, size = np.random.default_rng(10), SHAPE[0] * SHAPE[1]
    kind = one_of("kind", kind, KINDS)
    if kind in ("normal", "ReLU-like"):
        values = rng.normal(size=size)
        values = np.maximum(values, 0) if kind == "ReLU-like" else values
    else:
        low, high = (-1, 1) if kind == "uniform" else (100, 104)
        values = rng.permutation(np.linspace(low, high, size))
    return _fixed(values.reshape(SHAPE))


def with_outlier(x: ArrayLike, factor: float, place: str = "one value") -> NDArray[np.float32]:
    """Return a matrix with its largest value multiplied by `factor`, or with all of that value's column.

    `place` is "one value" or "a column"; a factor of 1 changes nothing.
    Errors: `ValueError` for a factor below 1, not finite, or with which float32 overflows, and for another place.
    Source: slide S10; Dettmers et al. 2022b, *LLM.int8()*, section 4: in large models outliers fill whole columns.

    >>> x = np.array([[1.0, 2.0], [3.0, -4.0]])
    >>> with_outlier(x, 10).tolist(), with_outlier(x, 10, "a column").tolist()
    ([[1.0, 2.0], [30.0, -4.0]], [[10.0, 2.0], [30.0, -4.0]])
    """
    place, matrix, by = one_of("place", place, PLACES), numbers("x", x), single("factor", positive("factor", factor))
    if by < 1:
        raise ValueError(f"factor must be finite and at least 1; got {shown(factor)}")
    if matrix.ndim != 2 or not matrix.size:
        raise ValueError(f"x must be a matrix that is not empty; got the shape {matrix.shape}")
    row, column = np.unravel_index(np.argmax(matrix), matrix.shape)
    changed = matrix.astype(np.float32)
    with np.errstate(over="ignore"):  # said in the next lines
        changed[row if place == "one value" else slice(None), column] *= by
    if not np.all(np.isfinite(changed)):
        raise ValueError(f"factor must leave all values within float32; got {shown(factor)}")
    return _fixed(changed)


def _fixed(values: NDArray[Any]) -> NDArray[np.float32]:
    fixed = values.astype(np.float32)
    fixed.setflags(write=False)
    return fixed
