"""What a real layer keeps for its backward pass, term by term, and what a real step holds at its peak."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from course_lib._arguments import whole
from course_lib.memory import RECOMPUTE, activation_terms
from course_lib.tiny_transformer import (
    GPTConfig,
    StepBytes,
    backward,
    by_term,
    count_flop,
    forward,
    initial_parameters,
    kept_bytes,
    step_bytes,
    traced_peak,
)

SMALL = GPTConfig(layers=6, hidden=64, heads=4, vocab=1000, sequence=64)
"""The small GPT that is counted here: six layers, so that full recomputation shows, and logits large enough to see."""
BATCHES = (1, 8)
"""The least and the largest batch: a browser's Python counts it in seconds, too."""
MB = 1e6


@dataclass(frozen=True)
class KeptView:
    """What a layer keeps for each of a token's numbers, in bytes by term: by the formula in 16 bits, and counted.

    `formula` has every term of 34 + 5 a s / h; `counted` has, for each kind of recomputation, what is there.
    """

    config: GPTConfig
    formula: dict[str, float]
    counted: dict[str, dict[str, float]]

    @property
    def sentence(self) -> str:
        """What a layer keeps, and what the formula says, in plain words."""
        none = sum(self.counted["none"].values())
        return (
            f"For each of a token's numbers a layer keeps {none:.1f} bytes in fp32 without dropout, "
            f"by the formula {sum(self.formula.values()):g}."
        )

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """The sums by kind of recomputation, the parts of the first, and each term that is kept."""
        ratio = self.config.heads * self.config.sequence / self.config.hidden
        kept = self.counted["none"]
        scores, all_kept = kept["softmax output"], sum(kept.values())
        scales = 2 * 4 / self.config.hidden
        return (
            (
                "its parts",
                f"{all_kept - scores - scales:g} + {scores / ratio:g} as/h, as/h = {ratio:g}; scales {scales:g}",
            ),
            *((name, f"{sum(terms.values()):.1f} bytes") for name, terms in self.counted.items()),
            ("not kept", ", ".join(name for name in self.formula if name not in kept)),
        )


def kept_view(batch: int = 2) -> KeptView:
    """Return what a layer of `SMALL` keeps of so many sequences, from the bytes of its arrays.

    Errors: `ValueError` for a batch that is not from 1 to 8; `TypeError` for one that is no whole number.

    >>> view = kept_view()
    >>> sum(view.formula.values()), {name: round(sum(terms.values()), 1) for name, terms in view.counted.items()}
    (54.0, {'none': 80.1, 'selective': 64.1, 'full': 4.0})
    """
    tokens, parameters = _tokens(batch), initial_parameters(SMALL)
    numbers = tokens.size * SMALL.hidden
    counted = {
        recompute: by_term(kept_bytes(forward(SMALL, parameters, tokens, tokens, recompute))[0][0])
        for recompute in RECOMPUTE
    }
    return KeptView(
        SMALL,
        activation_terms(SMALL.sequence, SMALL.hidden, SMALL.heads),
        {name: {term: size / numbers for term, size in terms.items()} for name, terms in counted.items()},
    )


@dataclass(frozen=True)
class Peak:
    """What one forward and backward pass holds at its peak: in bytes by part, what Python traced, and the FLOP.

    `traced` has the parameters, too, which were there before; `more_flop` is the share that recomputation adds.
    """

    parts: dict[str, int]
    traced: int
    more_flop: float

    @property
    def predicted(self) -> int:
        """The sum of the parts."""
        return sum(self.parts.values())


PARTS = ("parameters", "gradients", "kept by the layers", "logits", "layer computed again", "other working memory")


@dataclass(frozen=True)
class PeakView:
    """The peaks of a batch with each kind of recomputation."""

    batch: int
    peaks: dict[str, Peak]

    @property
    def within_a_tenth(self) -> bool:
        """Whether each traced peak is its parts' sum within 10 %."""
        return all(abs(peak.traced / peak.predicted - 1) <= 0.1 for peak in self.peaks.values())

    @property
    def sentence(self) -> str:
        """Predicted and traced peaks in plain words."""
        sizes = [f"{name} {p.predicted / MB:.1f} and {p.traced / MB:.1f} MB" for name, p in self.peaks.items()]
        return f"Peaks, predicted and traced: {'; '.join(sizes)}."

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Whether the two agree, and by kind of recomputation the parts in MB and the FLOP that are added."""
        within = "yes" if self.within_a_tenth else "no"
        return (
            ("within 10 %", within),
            *(
                (f"{name}, {part}", f"{size / MB:.2f} MB")
                for name, peak in self.peaks.items()
                for part, size in peak.parts.items()
                if part in ("kept by the layers", "layer computed again") and size
            ),
            *((f"{name}, more FLOP", f"{100 * peak.more_flop:.1f} %") for name, peak in self.peaks.items()),
        )


def peak_view(batch: int = 2) -> PeakView:
    """Return what a forward and a backward pass of `SMALL` hold at most, by `step_bytes` and by `traced_peak`.

    Errors: as `kept_view`.

    >>> view = peak_view()
    >>> view.within_a_tenth, [f"{peak.more_flop:.1%}" for peak in view.peaks.values()]
    (True, ['0.0%', '2.0%', '28.1%'])
    """
    tokens = _tokens(batch)
    return PeakView(len(tokens), {recompute: _peak(tokens, recompute) for recompute in RECOMPUTE})


def _peak(tokens: NDArray[np.int64], recompute: str) -> Peak:
    parameters = initial_parameters(SMALL)

    def step() -> object:
        return backward(SMALL, parameters, forward(SMALL, parameters, tokens, tokens, recompute))

    held = step_bytes(SMALL, parameters, tokens, tokens, recompute)  # first: Python keeps something of a first call
    ledger = count_flop(SMALL, parameters, tokens, tokens, recompute)
    more_flop = ledger.total / (3 * ledger.forward) - 1
    return Peak(_parts(held), held.parameters + traced_peak(step), more_flop)


def _parts(held: StepBytes) -> dict[str, int]:
    """Return the parts of a peak by the names of `PARTS`; it lies where a layer's gradients are computed."""
    again = held.working.get("layer computed again", 0)
    kept = sum(sum(layer.values()) for layer in held.layers)
    sizes = [held.parameters, held.gradients, kept, held.outside["logits"], again]
    return dict(zip(PARTS, (*sizes, held.peak - sum(sizes)), strict=True))


def _tokens(batch: int) -> NDArray[np.int64]:
    rows = whole("batch", batch, *BATCHES)
    return np.arange(rows * SMALL.sequence).reshape(rows, -1) % SMALL.vocab  # which tokens they are changes no size
