"""What a real forward and a real backward pass cost for each parameter and token, over width and over sequence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from course_lib._arguments import whole
from course_lib.tiny_transformer import TINY, GPTConfig, count_flop, initial_parameters

PASSES = ("forward", "backward", "both")
HIDDEN, SEQUENCE = 64, 32
"""The width at which the sequence changes, and the sequence at which the width does."""
WIDTHS, SEQUENCES = (16, 256), (8, 256)
"""The least and the largest width and sequence: a browser's Python counts these in seconds, too."""


@dataclass(frozen=True)
class FlopCount:
    """The FLOP for each parameter and token of a GPT of a width, by pass: of all products, and of those with weights.

    What the second lacks are attention's products of tokens with tokens.
    """

    hidden: int
    sequence: int
    all: dict[str, float]
    weights: dict[str, float]


@dataclass(frozen=True)
class FlopCountView:
    """The counts of GPTs that differ in their width alone, and of GPTs that differ in their sequence alone."""

    over_width: tuple[FlopCount, ...]
    over_sequence: tuple[FlopCount, ...]

    @property
    def sentence(self) -> str:
        """The counts in plain words."""
        narrow, wide, long = self.over_width[0], self.over_width[-1], self.over_sequence[-1]
        return (
            f"Both passes: {narrow.all['both']:.2f} FLOP per parameter and token at hidden {narrow.hidden}, "
            f"{wide.all['both']:.2f} at {wide.hidden}; {long.all['both']:.2f} at sequence {long.sequence}."
        )

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """The first and the last count of each pass, over width and over sequence, and those of the weights alone."""
        widths = f"sequence {self.over_width[0].sequence}, hidden {_ends([one.hidden for one in self.over_width])}"
        lengths = f"hidden {self.over_sequence[0].hidden}, sequence {_ends([c.sequence for c in self.over_sequence])}"
        return tuple(
            (f"{name.capitalize()}, {what}", f"{_ends([one.all[name] for one in counts], '.2f')} FLOP, "
             f"with weights alone {_ends([one.weights[name] for one in counts], '.2f')}")
            for counts, what in ((self.over_width, widths), (self.over_sequence, lengths))
            for name in PASSES
        )  # fmt: skip


def _ends(values: list[float], form: str = "") -> str:
    return f"{values[0]:{form}} to {values[-1]:{form}}"


def flop_count_view(widths: Iterable[int], sequences: Iterable[int]) -> FlopCountView:
    """Return what `count_flop` counts for each width, at a sequence of 32, and for each sequence, at a width of 64.

    Each is one forward and one backward pass of a GPT of `tiny_transformer.TINY`'s layers, heads and vocabulary.
    Errors: `ValueError` for no width or no sequence, for a width that is not from 16 to 256 or no multiple of the
    heads, and for a sequence that is not from 8 to 256; `TypeError` for one that is no whole number.

    >>> view = flop_count_view(widths=[16, 128], sequences=[8, 64])
    >>> [round(one.all["forward"], 2) for one in view.over_width + view.over_sequence]
    [2.25, 2.04, 2.0, 2.19]
    """
    wide = [whole("widths", width, *WIDTHS) for width in widths]
    long = [whole("sequences", sequence, *SEQUENCES) for sequence in sequences]
    if not wide or not long:
        raise ValueError(f"widths and sequences must hold at least one number each; got {wide} and {long}")
    return FlopCountView(
        tuple(_counted(replace(TINY, hidden=hidden, sequence=SEQUENCE)) for hidden in wide),
        tuple(_counted(replace(TINY, hidden=HIDDEN, sequence=sequence)) for sequence in long),
    )


@cache
def _counted(config: GPTConfig) -> FlopCount:
    tokens = np.arange(config.sequence)[None] % config.vocab  # which tokens they are changes no count
    ledger = count_flop(config, initial_parameters(config), tokens, tokens)
    flop = {"forward": ledger.forward, "backward": ledger.backward, "both": ledger.total}
    attention = {name: ledger.by_kind(name)["attention"] for name in PASSES[:2]}
    attention["both"] = sum(attention.values())
    share = config.shape.parameters()["total"] * tokens.size
    return FlopCount(
        config.hidden,
        config.sequence,
        {name: flop[name] / share for name in PASSES},
        {name: (flop[name] - attention[name]) / share for name in PASSES},
    )
