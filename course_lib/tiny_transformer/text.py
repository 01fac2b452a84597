"""The course's own lessons as a text to train on, character by character.

`course_lib/data/lessons.txt` is a snapshot of all markdown cells of `notebooks/*.ipynb`, in the lessons' order, as
`gather_lessons` returns them. It is kept as a file because in a browser no notebook can be read as one, and it stays as
it is while lessons change, so that a seed gives the same curve; `write_snapshot` says how to renew it. Its licence is
the lessons' own, `notebooks/LICENSE`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib._arguments import shown, whole

UNKNOWN = "�"
"""The one sign for every character that is not in the vocabulary, such as a Greek letter."""

VOCABULARY = "\n" + "".join(map(chr, range(32, 127))) + UNKNOWN
"""The characters, each at the place that is its token: newline, printable ASCII, and `UNKNOWN`."""

PIECE, EVERY = 1280, 10
"""The text is cut into pieces of 1,280 characters, and every tenth is held out."""


def gather_lessons(folder: Path) -> str:
    """Return the text of all markdown cells of a folder's notebooks, in the order of their names.

    Errors: `ValueError` for a folder without a notebook.
    """
    paths = sorted(Path(folder).glob("*.ipynb"))
    if not paths:
        raise ValueError(f"folder must hold at least one notebook; got {shown(str(folder))}")
    cells = (cell for path in paths for cell in json.loads(path.read_text(encoding="utf-8"))["cells"])
    texts = ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return "\n\n".join(text.strip() for text in texts) + "\n"


def write_snapshot(folder: Path, path: Path) -> None:
    r"""Write what `gather_lessons` returns: how `lessons.txt` was made, and is made anew.

        python -c "from course_lib.tiny_transformer.text import *; \
            write_snapshot(Path('notebooks'), Path('course_lib/data/lessons.txt'))"

    What was trained and stated for the old text no longer holds then: train again.
    """
    Path(path).write_text(gather_lessons(folder), encoding="utf-8", newline="\n")


@cache
def lessons_text() -> str:
    """Return the lessons' markdown, the snapshot that comes with the course.

    >>> lessons_text().splitlines()[0]
    '# What a large language model costs to train'
    """
    return resources.files("course_lib").joinpath("data/lessons.txt").read_text(encoding="utf-8")


def encode(text: str) -> NDArray[np.int64]:
    """Return a text's tokens: for each character its place in `VOCABULARY`.

    Errors: `TypeError` for anything but text.

    >>> encode("2π\\n").tolist()
    [19, 96, 0]
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a string; got {shown(text)}")
    places = {character: place for place, character in enumerate(VOCABULARY)}
    return np.array([places.get(character, len(VOCABULARY) - 1) for character in text], np.int64)


def decode(tokens: Any) -> str:
    """Return the text of tokens; `encode` takes it back to the same tokens.

    >>> decode([19, 96, 0])
    '2�\\n'
    """
    return "".join(VOCABULARY[whole("tokens", token, 0, len(VOCABULARY) - 1)] for token in np.ravel(tokens).tolist())


def split(tokens: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the tokens to train on and those held out: every tenth piece of 1,280, from each lesson some.

    >>> training, held_out = split(np.arange(12_800))
    >>> len(training), len(held_out), held_out[0].item()
    (11520, 1280, 11520)
    """
    held_out = np.arange(len(tokens)) // PIECE % EVERY == EVERY - 1
    return tokens[~held_out], tokens[held_out]


def batches(
    tokens: NDArray[np.int64], batch: int, sequence: int, seed: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield without end pairs (tokens, targets), each (batch, sequence), from random places; the same for each seed.

    The targets are the same characters one place on. Errors: `ValueError` for a text shorter than sequence + 1.

    >>> inputs, targets = next(batches(np.arange(100), batch=2, sequence=4, seed=0))
    >>> bool(np.all(targets == inputs + 1)), inputs.shape
    (True, (2, 4))
    """
    batch, sequence = whole("batch", batch), whole("sequence", sequence)
    if len(tokens) <= sequence:
        raise ValueError(f"tokens must be more than sequence = {sequence}; got {len(tokens)} of them")
    rng = np.random.default_rng(whole("seed", seed, minimum=0))
    return _windows(tokens, batch, sequence, rng)


def _windows(
    tokens: NDArray[np.int64], batch: int, sequence: int, rng: np.random.Generator
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    while True:
        starts = rng.integers(len(tokens) - sequence, size=batch)
        window = tokens[starts[:, None] + np.arange(sequence + 1)]
        yield window[:, :-1], window[:, 1:]
