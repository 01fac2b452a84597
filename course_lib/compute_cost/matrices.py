"""The matrices inside a transformer's layers: what Muon trains, and what LoRA puts its adapters beside."""

from __future__ import annotations

from typing import NamedTuple


class HiddenMatrix(NamedTuple):
    """One matrix of a layer, or of an expert, and how often the model has it.

    `copies` of them have `inputs` x `outputs` weights each; embeddings, head, norms and biases are none of them.

    >>> HiddenMatrix("query", 96, 12288, 12288).weights  # GPT-3's queries
    14495514624
    """

    name: str
    copies: int
    inputs: int
    outputs: int

    @property
    def weights(self) -> int:
        """The weights of all of them together."""
        return self.copies * self.inputs * self.outputs
