"""The trained weights that come with the course, and how they were made.

`course_lib/data/tiny_transformer.npz` holds the parameters that `train()` gives, rounded to fp16, and under `made_by` a
JSON text: the command that made them, the model's sizes, the settings with their seed, the losses on the text held
out, and the sha256 of the text.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from course_lib.tiny_transformer.config import Array, GPTConfig
from course_lib.tiny_transformer.text import lessons_text
from course_lib.tiny_transformer.training import TrainingSettings, train

PLACE = "data/tiny_transformer.npz"
COMMAND = f"python -c \"from course_lib.tiny_transformer import write_trained; write_trained('course_lib/{PLACE}')\""


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained model: its sizes, its parameters in fp32 and read-only, the settings, and its loss before and after.

    The losses are means over the text held out, in nats a character.
    """

    config: GPTConfig
    parameters: MappingProxyType[str, Array]
    settings: TrainingSettings
    held_out_before: float
    held_out_after: float


@cache
def trained() -> Trained:
    """Return the model that was trained on the lessons, from the file that comes with the course.

    >>> model = trained()
    >>> model.config.shape.parameters()["total"] == sum(array.size for array in model.parameters.values())
    True
    """
    with resources.files("course_lib").joinpath(PLACE).open("rb") as file, np.load(file) as arrays:
        made_by = json.loads(str(arrays["made_by"]))
        parameters = {name: arrays[name].astype(np.float32) for name in arrays.files if name != "made_by"}
    for array in parameters.values():
        array.setflags(write=False)
    return Trained(
        GPTConfig(**made_by["config"]),
        MappingProxyType(parameters),
        TrainingSettings(**made_by["settings"]),
        *made_by["held_out_loss"],
    )


def write_trained(path: str | Path) -> None:
    """Train with the default settings and write the weights and how they were made; the same bytes for the same result.

    It takes as long as `train()`.
    """
    result = train()
    made_by = {
        "command": COMMAND,
        "config": asdict(result.config),
        "settings": asdict(result.settings),
        "held_out_loss": [round(loss, 6) for loss in (result.held_out_before, result.held_out_after)],
        "text_sha256": text_sha256(),
    }
    weights: dict[str, Any] = {name: array.astype(np.float16) for name, array in result.parameters.items()}
    np.savez_compressed(path, made_by=np.array(json.dumps(made_by)), **weights)


def text_sha256() -> str:
    """Return the sha256 of the lessons' text, by which weights say what they were trained on."""
    return hashlib.sha256(lessons_text().encode()).hexdigest()
