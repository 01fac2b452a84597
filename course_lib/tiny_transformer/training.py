"""Training a small GPT on the course's lessons: AdamW by hand, the same curve for the same seed.

The curve is the same to the last bit on one machine; another's matrix products may round otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from course_lib._arguments import not_negative, positive, shown, single, whole
from course_lib.tiny_transformer.config import Array, GPTConfig, initial_parameters
from course_lib.tiny_transformer.model import backward, forward
from course_lib.tiny_transformer.text import VOCABULARY, batches, encode, lessons_text, split

TINY = GPTConfig(layers=2, hidden=64, heads=4, vocab=len(VOCABULARY), sequence=64)
"""The model that the course trains: 0.11 M parameters."""


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How to train: a linear warm-up to `learning_rate`, then a cosine down to a tenth of it at the last step.

    `batch` sequences of the model's length a step; AdamW's `beta1`, `beta2`, `epsilon` and `weight_decay` (of matrices
    only); gradients are scaled down where their norm is above `clip`; `seed` draws parameters and batches.
    Errors: `ValueError` or `TypeError` that names the setting.
    Source: Loshchilov and Hutter 2019 for AdamW; Brown et al. 2020, appendix B, for the rest.
    """

    steps: int = 1200
    batch: int = 8
    learning_rate: float = 6e-3
    warmup: int = 50
    beta1: float = 0.9
    beta2: float = 0.99
    epsilon: float = 1e-8
    weight_decay: float = 0.1
    clip: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse settings with which no training is possible."""
        for name, least in {"steps": 1, "batch": 1, "warmup": 0, "seed": 0}.items():
            object.__setattr__(self, name, whole(name, getattr(self, name), minimum=least))
        for name in ("learning_rate", "epsilon", "clip", "weight_decay"):
            check = not_negative if name == "weight_decay" else positive
            object.__setattr__(self, name, single(name, check(name, getattr(self, name))))
        for name in ("beta1", "beta2"):
            beta = single(name, not_negative(name, getattr(self, name)))
            if beta >= 1:
                raise ValueError(f"{name} must lie in [0, 1); got {shown(getattr(self, name))}")
            object.__setattr__(self, name, beta)

    def rate(self, step: int) -> float:
        """Return the learning rate of a step, counted from 0.

        >>> settings = TrainingSettings(steps=100, warmup=10, learning_rate=1.0)
        >>> settings.rate(0), settings.rate(9), settings.rate(99)
        (0.1, 1.0, 0.1)
        """
        if step < self.warmup:
            return self.learning_rate * (step + 1) / self.warmup
        done = (step + 1 - self.warmup) / max(self.steps - self.warmup, 1)
        return self.learning_rate * (0.1 + 0.9 * (1 + math.cos(math.pi * done)) / 2)


@dataclass(frozen=True, eq=False)
class Moments:
    """What AdamW remembers of each parameter: the running means of its gradient and of that squared, 2 arrays."""

    momentum: dict[str, Array]
    variance: dict[str, Array]

    @classmethod
    def zeros(cls, parameters: Mapping[str, Array]) -> Moments:
        """Return the state before the first step; in float32 it is 8 bytes a parameter.

        >>> state = Moments.zeros(initial_parameters(TINY))
        >>> sum(array.nbytes for part in (state.momentum, state.variance) for array in part.values()) / 8
        110400.0
        """
        return cls(*({name: np.zeros_like(array) for name, array in parameters.items()} for _ in range(2)))


def clipped(gradients: Mapping[str, Array], clip: float) -> dict[str, Array]:
    """Return gradients scaled so that the norm of all of them together is at most `clip`.

    Source: Pascanu, Mikolov and Bengio 2013.

    >>> clipped({"a": np.array([3.0]), "b": np.array([4.0])}, clip=1.0)
    {'a': array([0.6]), 'b': array([0.8])}
    """
    norm = math.sqrt(sum(float((gradient * gradient).sum()) for gradient in gradients.values()))
    scale = clip / norm if norm > clip else 1.0
    return {name: gradient * scale for name, gradient in gradients.items()}


def adamw(
    parameters: Mapping[str, Array],
    gradients: Mapping[str, Array],
    moments: Moments,
    settings: TrainingSettings,
    step: int,
) -> tuple[dict[str, Array], Moments]:
    """Return parameters and moments after one step of AdamW, and leave those given as they are.

        m = beta1 m + (1 - beta1) g         v = beta2 v + (1 - beta2) g^2
        p = p - rate (m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon) + weight_decay p)

    t = step + 1 counts from 1; only matrices decay. Source: Loshchilov and Hutter 2019, algorithm 2; slide S12.

    >>> p, g = {"bias": np.array([1.0, 1.0])}, {"bias": np.array([300.0, -0.01])}
    >>> settings = TrainingSettings(warmup=1, learning_rate=0.1)
    >>> adamw(p, g, Moments.zeros(p), settings, step=0)[0]["bias"].round(3)  # the first step's size is the rate
    array([0.9, 1.1])
    """
    rate, t = settings.rate(step), step + 1
    updated, after = dict(parameters), Moments({}, {})
    for name, parameter in parameters.items():
        gradient = gradients[name]
        m = settings.beta1 * moments.momentum[name] + (1 - settings.beta1) * gradient
        v = settings.beta2 * moments.variance[name] + (1 - settings.beta2) * gradient * gradient
        direction = m / (1 - settings.beta1**t) / (np.sqrt(v / (1 - settings.beta2**t)) + settings.epsilon)
        if parameter.ndim == 2:
            direction += settings.weight_decay * parameter
        updated[name] = parameter - rate * direction
        after.momentum[name], after.variance[name] = m, v
    return updated, after


class Optimizer(Protocol):
    """What trains a model: the states it starts with, the weights the passes compute with, and one step of it."""

    def start(self, parameters: Mapping[str, Array]) -> Any:
        """Return the states before the first step."""

    def weights(self, parameters: Mapping[str, Array]) -> Mapping[str, Array]:
        """Return the weights that forward and backward pass compute with: all or fewer digits of the parameters."""

    def update(
        self,
        parameters: Mapping[str, Array],
        gradients: Mapping[str, Array],
        states: Any,
        settings: TrainingSettings,
        step: int,
    ) -> tuple[dict[str, Array], Any]:
        """Return parameters and states after a step, counted from 0, and leave those given as they are."""


class AdamW:
    """AdamW after clipping, all of it in the dtype of the parameters: an `Optimizer` whose states are `Moments`."""

    def start(self, parameters: Mapping[str, Array]) -> Any:
        """Return moments of zero."""
        return Moments.zeros(parameters)

    def weights(self, parameters: Mapping[str, Array]) -> Mapping[str, Array]:
        """Return the parameters themselves."""
        return parameters

    def update(
        self,
        parameters: Mapping[str, Array],
        gradients: Mapping[str, Array],
        states: Any,
        settings: TrainingSettings,
        step: int,
    ) -> tuple[dict[str, Array], Any]:
        """Return what `adamw` makes of the clipped gradients."""
        return adamw(parameters, clipped(gradients, settings.clip), states, settings, step)


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """What training gave: the model's `parameters`, the optimizer's states (AdamW's `moments`), how the loss fell.

    `losses` has the loss of each step's batch, before that step; `held_out_before` and `held_out_after` are means over
    the text held out; all in nats a character. `interrupted` says that not all of the settings' steps were done.
    """

    config: GPTConfig
    settings: TrainingSettings
    parameters: dict[str, Array]
    moments: Any
    losses: NDArray[np.float64]
    held_out_before: float
    held_out_after: float
    interrupted: bool

    @property
    def tokens(self) -> int:
        """The tokens trained on: steps done x batch x sequence."""
        return len(self.losses) * self.settings.batch * self.config.sequence


def train(
    config: GPTConfig = TINY,
    settings: TrainingSettings | None = None,
    text: str | None = None,
    progress: Callable[[int, int, float], object] | None = None,
    optimizer: Optimizer | None = None,
) -> TrainingResult:
    """Train a model from its initial parameters on a text, the course's own lessons by default.

    `settings` are those of `TrainingSettings()` by default; with them the loss on the text held out falls from 4.7 to
    below 1.9 nats a character. `progress(steps_done, steps, loss)` is called after each step. A `KeyboardInterrupt`, as
    of the stop button, ends it without harm: what the last whole step gave comes back, marked as `interrupted`.
    `optimizer` is `AdamW()` by default.
    The same settings give the same result, to the last bit on one machine.
    Errors: `ValueError` for a config whose `vocab` is not that of the characters, or a text too short for a sequence;
    `TypeError` for an argument of another kind. Source: Radford et al. 2019; the settings say theirs.

    >>> result = train(GPTConfig(1, 16, 2, 97, 16), TrainingSettings(steps=20, warmup=5))
    >>> bool(result.held_out_after < result.held_out_before), result.tokens == 20 * 8 * 16, result.interrupted
    (True, True, False)
    """
    settings = TrainingSettings() if settings is None else settings
    optimizer = AdamW() if optimizer is None else optimizer
    for name, value, kind in (("config", config, GPTConfig), ("settings", settings, TrainingSettings)):
        if not isinstance(value, kind):
            raise TypeError(f"{name} must be a {kind.__name__}; got {shown(value)}")
    if progress is not None and not callable(progress):
        raise TypeError(f"progress must be a function of three numbers, or None; got {shown(progress)}")
    if config.vocab != len(VOCABULARY):
        raise ValueError(f"config must have vocab = {len(VOCABULARY)}, one a character; got {config.vocab}")
    tokens, held_out = split(encode(lessons_text() if text is None else text))
    parameters = initial_parameters(config, settings.seed)
    done = Done(parameters, optimizer.start(parameters), ())
    before = held_out_loss(config, optimizer.weights(parameters), held_out)
    pairs = batches(tokens, settings.batch, config.sequence, settings.seed)
    try:
        for step in range(settings.steps):
            done = training_step(config, settings, done, *next(pairs), optimizer)
            if progress:
                progress(step + 1, settings.steps, done.losses[-1])
        after = held_out_loss(config, optimizer.weights(done.parameters), held_out)
    except KeyboardInterrupt:
        after = held_out_loss(config, optimizer.weights(done.parameters), held_out)
    interrupted = len(done.losses) < settings.steps
    return TrainingResult(
        config, settings, done.parameters, done.states, np.array(done.losses), before, after, interrupted
    )


class Done(NamedTuple):
    """What so many steps gave: parameters, the optimizer's states, the loss before each step."""

    parameters: dict[str, Array]
    states: Any
    losses: tuple[float, ...]


def training_step(
    config: GPTConfig,
    settings: TrainingSettings,
    done: Done,
    tokens: NDArray[np.int64],
    targets: NDArray[np.int64],
    optimizer: Optimizer,
) -> Done:
    """Return parameters, states and all losses after one more step; those given stay as they are."""
    weights = optimizer.weights(done.parameters)
    result = forward(config, weights, tokens, targets)
    gradients = backward(config, weights, result)
    parameters, states = optimizer.update(done.parameters, gradients, done.states, settings, len(done.losses))
    return Done(parameters, states, (*done.losses, result.loss))


def held_out_loss(config: GPTConfig, parameters: Mapping[str, Array], tokens: NDArray[np.int64]) -> float:
    """Return the mean loss over a text, in nats a character: cut into sequences side by side, the rest left out.

    Errors: `ValueError` for a text shorter than one sequence and its last target.

    >>> untrained = {name: np.zeros_like(array) for name, array in initial_parameters(TINY).items()}
    >>> round(held_out_loss(TINY, untrained, encode(lessons_text())[:1000]), 3), round(math.log(TINY.vocab), 3)
    (4.575, 4.575)
    """
    count = (len(tokens) - 1) // config.sequence
    if count < 1:
        raise ValueError(f"tokens must be more than sequence = {config.sequence}; got {len(tokens)} of them")
    inputs, targets = (tokens[i : i + count * config.sequence].reshape(count, -1) for i in (0, 1))
    parts = np.array_split(np.arange(count), math.ceil(count / 32))
    return sum(forward(config, parameters, inputs[i], targets[i]).loss * len(i) for i in parts) / count
