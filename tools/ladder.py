"""Train the ladder of tiny models that lesson 3 fits, and write how they did: `course_lib/data/ladder.json`.

At each of a few budgets of compute, models of one layer and of several widths train until the budget is spent, each
with every seed. A budget is what is counted, three times `TransformerShape.forward_flop` of the tokens, and not 6PD,
which for models so small is 3 to 15 % less. All have the same settings, but for the steps, which follow from the
budget, the warm-up, a tenth of them, and the learning rate: 6e-3 at a width of 64, where it is the course's own, and by
the square root of the width more or less at another. Of half, once and twice this rate, tried at widths of 16, 32 and
64, it was the best, or within 0.04 nats of it.

Two processes of one thread each do it in some ten minutes on a machine that does nothing else. Stopped before the end,
it writes nothing.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import time
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from classroom.server import ONE_THREAD

from course_lib.tiny_transformer import VOCABULARY, GPTConfig, TrainingSettings, encode, lessons_text, split, train
from course_lib.tiny_transformer.weights import text_sha256

PLACE = Path(__file__).resolve().parent.parent / "course_lib" / "data" / "ladder.json"

LADDER = {
    10e9: (8, 12, 16, 20, 24, 32, 40, 48),
    30e9: (12, 16, 20, 24, 32, 40, 48, 64),
    90e9: (16, 20, 24, 32, 40, 48, 64, 80),
    270e9: (20, 24, 32, 40, 48, 64, 80, 96),
}
"""The widths that are trained at each budget, in FLOP."""
SEEDS = (0, 1, 2)
RATE = 6e-3
LAST = 100
"""Over so many steps at the end the loss on the text that was trained on is a mean."""


def config_of(hidden: int) -> GPTConfig:
    """Return the model of a width."""
    return GPTConfig(layers=1, hidden=hidden, heads=2, vocab=len(VOCABULARY), sequence=64)


def settings_of(flop: float, hidden: int, seed: int) -> TrainingSettings:
    """Return how the model of a width spends a budget: as many whole steps as come nearest to it."""
    batch, config = 4, config_of(hidden)
    steps = round(flop / (3 * config.shape.forward_flop(batch * config.sequence)))
    rate = RATE * math.sqrt(64 / hidden)
    return TrainingSettings(steps=steps, batch=batch, learning_rate=rate, warmup=max(1, round(steps / 10)), seed=seed)


def trained(flop: float, hidden: int, seed: int) -> dict[str, Any]:
    """Train one model, and return what the file says of it; losses in nats a character."""
    config = config_of(hidden)
    result = train(config, settings_of(flop, hidden, seed))
    if result.interrupted:
        raise KeyboardInterrupt
    return {
        "flop": flop,
        "hidden": hidden,
        "parameters": config.shape.parameters()["total"],
        "tokens": result.tokens,
        "seed": seed,
        "loss": round(result.held_out_after, 4),
        "training_loss": round(float(result.losses[-LAST:].mean()), 4),
    }


def main() -> None:
    os.environ.update(ONE_THREAD)  # before the processes start, as numpy reads it once
    dearest = sorted(LADDER, reverse=True)
    wanted = [(flop, hidden, seed) for flop in dearest for hidden in LADDER[flop] for seed in SEEDS]
    began, runs = time.monotonic(), list[dict[str, Any]]()
    try:
        with get_context("spawn").Pool(
            2, signal.signal, (signal.SIGINT, signal.SIG_IGN)
        ) as pool:  # whatever ends this ends them
            for run in pool.imap_unordered(trained_one, wanted):
                runs.append(run)
                minutes = (time.monotonic() - began) / 60
                print(
                    f"{len(runs)} of {len(wanted)} after {minutes:.1f} minutes: {run['flop']:.1e} FLOP, "
                    f"hidden {run['hidden']}, seed {run['seed']}: {run['loss']:.4f} nats a character",
                    flush=True,
                )
    except KeyboardInterrupt:
        sys.exit(f"stopped: {PLACE.name} is as it was")
    PLACE.write_text(written(sorted(runs, key=lambda run: (run["flop"], run["hidden"], run["seed"]))), encoding="utf-8")
    print(f"{len(runs)} runs are in {PLACE}")


def trained_one(run: tuple[float, int, int]) -> dict[str, Any]:
    """Train one model, named by its budget, its width and its seed."""
    return trained(*run)


def written(runs: list[dict[str, Any]]) -> str:
    """Return the file's text: how the runs were made, and a line for each."""
    config, settings = asdict(config_of(8)), asdict(settings_of(10e9, 8, 0))
    for changes in ("hidden", "steps", "warmup", "learning_rate", "seed"):
        config.pop(changes, None)
        settings.pop(changes, None)
    training, held_out = map(len, split(encode(lessons_text())))
    about = {
        "command": "make ladder",
        "text_sha256": text_sha256(),
        "training_tokens": training,
        "held_out_tokens": held_out,
        "config": config,
        "settings": settings | {"learning_rate": f"{RATE} sqrt(64 / hidden)", "warmup": "a tenth of the steps"},
    }
    head = json.dumps(about, indent=2)[:-2]
    lines = ",\n".join(f"    {json.dumps(run)}" for run in runs)
    return f'{head},\n  "runs": [\n{lines}\n  ]\n}}\n'


if __name__ == "__main__":
    main()
