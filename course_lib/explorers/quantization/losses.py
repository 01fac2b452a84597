"""How much the loss of the small GPT rises when its matrices are kept in few bits, by method and by scale."""

from __future__ import annotations

from dataclasses import dataclass

from course_lib._arguments import positive, single
from course_lib.quantization import METHODS
from course_lib.tiny_transformer.quantized import SCALE_PER, HeldOutLosses, quantized_losses


@dataclass(frozen=True)
class LossRise:
    """What a number of bits costs: the bits of a weight with its share of the scales, and the rise of the loss.

    The rise is in nats a character, on all of the text held out and on either half of it.
    """

    bits: int
    bits_a_weight: float
    rise: float
    halves: tuple[float, float]


@dataclass(frozen=True)
class QuantizedLossView:
    """The rises by method and by what shares a scale, from 8 bits to 2; `allowed` is the rise that one accepts."""

    allowed: float
    loss: float
    rises: dict[str, dict[str, tuple[LossRise, ...]]]

    def fewest(self, method: str, scale_per: str) -> int | None:
        """Return the fewest bits with which the loss rises by no more than is allowed, as with all that are more."""
        fewest = None
        for one in self.rises[method][scale_per]:
            if one.rise > self.allowed:
                break
            fewest = one.bits
        return fewest

    @property
    def noise(self) -> float:
        """The largest difference between the two halves' rises, among those that are allowed."""
        rises = [one for curves in self.rises.values() for curve in curves.values() for one in curve]
        return max((abs(one.halves[1] - one.halves[0]) for one in rises if one.rise <= self.allowed), default=0.0)

    @property
    def sentence(self) -> str:
        """The fewest bits in plain words."""
        matrix, output, block = (self.fewest("absmax", scale_per) or "over 8" for scale_per in SCALE_PER)
        return (
            f"Within {self.allowed:g} nats of fp32: absmax needs {matrix} bits with a scale per matrix, "
            f"{output} per output, {block} per block."
        )

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """The loss in fp32, each way's rises at some numbers of bits, and how much two halves of the text differ."""
        ways = [(method, scale_per) for method in self.rises for scale_per in self.rises[method]]
        return (
            ("fp32", f"{self.loss:.3f} nats a character"),
            *((f"{method}, a scale per {scale_per}", self._said(method, scale_per)) for method, scale_per in ways),
            ("Two halves of the text", f"rises within {self.allowed:g} nats differ by up to {self.noise:.3f}"),
        )

    def _said(self, method: str, scale_per: str) -> str:
        some = [one for one in self.rises[method][scale_per] if one.bits in (8, 6, 5, 4, 3)]
        return ", ".join(f"{one.rise:+.3f} at {one.bits} bits ({one.bits_a_weight:.2f})" for one in some)


def quantized_loss_view(allowed: float = 0.1) -> QuantizedLossView:
    """Return the losses that come with the course, beside the rise that one accepts, in nats a character.

    Errors: `ValueError` or `TypeError` for a rise that is not a positive number.

    >>> view = quantized_loss_view(0.1)
    >>> view.sentence
    'Within 0.1 nats of fp32: absmax needs 6 bits with a scale per matrix, 5 per output, 4 per block.'
    """
    allowed = single("allowed", positive("allowed", allowed))
    losses = quantized_losses()
    rises: dict[str, dict[str, tuple[LossRise, ...]]] = {}
    for method in METHODS:
        rises[method] = {
            scale_per: tuple(
                LossRise(one.bits, one.bits_a_weight, *_rise(one.loss, losses.fp32))
                for one in losses.matrices
                if (one.method, one.scale_per) == (method, scale_per)
            )
            for scale_per in SCALE_PER
        }
    return QuantizedLossView(allowed, losses.fp32.whole, rises)


def _rise(after: HeldOutLosses, before: HeldOutLosses) -> tuple[float, tuple[float, float]]:
    first, second = (a - b for a, b in zip(after.halves, before.halves, strict=True))
    return after.whole - before.whole, (first, second)
