"""`course_lib.tiny_transformer` against torch's values, against differences of its own loss, and against itself."""

from __future__ import annotations

import json
import math
from dataclasses import FrozenInstanceError, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import compute_cost
from course_lib.tiny_transformer import (
    RECOMPUTE,
    TINY,
    VOCABULARY,
    AdamW,
    GPTConfig,
    Moments,
    TrainingSettings,
    adamw,
    backward,
    batches,
    bytes_of,
    clipped,
    decode,
    encode,
    forward,
    gather_lessons,
    held_out_loss,
    initial_parameters,
    lessons_text,
    model,
    parameter_shapes,
    split,
    text,
    train,
    trained,
    training,
    weights,
    write_trained,
)

ROOT = Path(__file__).resolve().parent.parent
TORCH = json.loads((ROOT / "tests/data/tiny_transformer_torch.json").read_text(encoding="utf-8"))
STATED_LEVEL = 1.9
"""What the docstring of `train` says of the loss on the text held out, in nats a character."""

CONFIGS = st.builds(
    lambda layers, heads, head_dim, vocab, sequence: GPTConfig(layers, heads * head_dim, heads, vocab, sequence),
    layers=st.integers(1, 3),
    heads=st.integers(1, 3),
    head_dim=st.integers(3, 5),
    vocab=st.integers(2, 9),
    sequence=st.integers(1, 6),
)
on_many_shapes = settings(deadline=None, max_examples=25)


def random_parameters(config, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return {name: (0.5 * rng.standard_normal(shape)).astype(dtype) for name, shape in parameter_shapes(config).items()}


def random_text(config, batch=2, sequence=None, seed=0):
    shape = (2, batch, sequence or config.sequence)
    return tuple(np.random.default_rng(seed).integers(config.vocab, size=shape))


SMALL = GPTConfig(layers=2, hidden=6, heads=2, vocab=5, sequence=4)


# Sizes


@given(CONFIGS)
@on_many_shapes
def test_the_parameters_are_those_of_the_shape_to_the_unit(config):
    counted = sum(math.prod(shape) for shape in parameter_shapes(config).values())
    assert counted == config.shape.parameters()["total"]
    assert {name: array.shape for name, array in initial_parameters(config).items()} == parameter_shapes(config)


def test_a_config_and_a_transformer_shape_are_made_of_each_other():
    shape = compute_cost.TransformerShape.from_catalog("GPT-2 124M")
    assert GPTConfig.from_shape(shape).shape == shape
    with pytest.raises(ValueError, match=r"shape must have GPT-2's options.*; got TransformerShape\(layers=32"):
        GPTConfig.from_shape(compute_cost.TransformerShape.from_catalog("Llama 2 7B"))
    with pytest.raises(FrozenInstanceError):
        TINY.layers = 3


def test_at_the_width_of_gpt_2_the_initial_deviation_is_its_own():
    parameters = initial_parameters(GPTConfig(layers=2, hidden=768, heads=12, vocab=10, sequence=4))
    assert parameters["layer 1.up.weight"].std() == pytest.approx(0.02, rel=0.01)
    assert parameters["layer 1.down.weight"].std() == pytest.approx(0.01, rel=0.01)  # 0.02 / sqrt(2 x 2 layers)
    assert np.all(parameters["layer 1.norm 1.gain"] == 1)
    assert not np.any(parameters["layer 1.qkv.bias"])


# Torch


def torchs_parameters():
    config, parameters = GPTConfig(**TORCH["config"]), {}
    for i, (name, shape) in enumerate((name, parameter_shapes(config)[name]) for name in TORCH["gradients"]):
        values = 0.5 * np.sin(1 + i + 0.7 * np.arange(math.prod(shape))).reshape(shape)
        parameters[name] = values + name.endswith("gain")
    return config, {name: parameters[name] for name in parameter_shapes(config)}


def torchs_text(config):
    i, j = np.arange(TORCH["batch"])[:, None], np.arange(config.sequence)
    return (3 * j * j + 5 * i + j) % config.vocab, (2 * j * j + 7 * i + 3 * j + 1) % config.vocab


def test_loss_and_logits_are_torchs():
    config, parameters = torchs_parameters()
    result = forward(config, parameters, *torchs_text(config))
    assert result.loss == pytest.approx(TORCH["loss"], rel=1e-12)
    np.testing.assert_allclose(result.logits[-1, -1], TORCH["last_logits"], rtol=1e-11)


@pytest.mark.parametrize("recompute", RECOMPUTE)
def test_every_gradient_is_torchs(recompute):
    config, parameters = torchs_parameters()
    gradients = backward(config, parameters, forward(config, parameters, *torchs_text(config), recompute))
    assert gradients.keys() == TORCH["gradients"].keys()
    for name, of_torch in TORCH["gradients"].items():
        found = (np.linalg.norm(gradients[name]), gradients[name].flat[0], gradients[name].flat[-1])
        np.testing.assert_allclose(found, tuple(of_torch.values()), rtol=1e-9, atol=1e-13, err_msg=name)


def test_three_steps_of_adamw_with_clipping_give_torchs_losses():
    config, parameters = torchs_parameters()
    constant = TrainingSettings(steps=10**9, warmup=0, learning_rate=0.01, beta1=0.9, beta2=0.99, weight_decay=0.1)
    moments, losses = Moments.zeros(parameters), []
    for step in range(4):
        result = forward(config, parameters, *torchs_text(config))
        losses.append(result.loss)
        gradients = clipped(backward(config, parameters, result), 1.0)
        parameters, moments = adamw(parameters, gradients, moments, constant, step)
    np.testing.assert_allclose(losses, TORCH["losses"], rtol=1e-7)  # torch divides by the norm + 1e-6


# Differences of the loss


def difference(config, parameters, texts, name, direction, step=1e-3):
    """Return the derivative of the loss along a direction of one parameter, by differences of the fourth order."""

    def loss(by):
        return forward(config, parameters | {name: parameters[name] + by * step * direction}, *texts).loss

    return (8 * (loss(1) - loss(-1)) - (loss(2) - loss(-2))) / (12 * step)


@given(CONFIGS, st.integers(1, 3), st.integers(0, 2**32 - 1))
@on_many_shapes
def test_every_parameters_gradient_is_the_slope_of_the_loss_along_any_direction(config, batch, seed):
    parameters, texts = random_parameters(config, seed), random_text(config, batch, seed=seed)
    gradients = backward(config, parameters, forward(config, parameters, *texts))
    for name, gradient in gradients.items():
        direction = np.random.default_rng(seed).standard_normal(gradient.shape)
        direction /= np.linalg.norm(direction)
        error = difference(config, parameters, texts, name, direction) - (gradient * direction).sum()
        assert abs(error) < 1e-6 * np.linalg.norm(gradient) + 1e-11, name


def test_every_single_gradient_is_the_slope_of_the_loss():
    parameters, texts = random_parameters(SMALL), random_text(SMALL)
    gradients = backward(SMALL, parameters, forward(SMALL, parameters, *texts))
    for name, gradient in gradients.items():
        slopes = np.zeros_like(gradient)
        for place in np.ndindex(gradient.shape):
            direction = np.zeros_like(gradient)
            direction[place] = 1
            slopes[place] = difference(SMALL, parameters, texts, name, direction)
        assert np.linalg.norm(slopes - gradient) < 1e-6 * np.linalg.norm(gradient), name


def test_a_gradient_with_a_factor_2_wrong_is_not_the_slope(monkeypatch):
    right = model.gelu_backward
    monkeypatch.setattr(model, "gelu_backward", lambda d_out, x: 2 * right(d_out, x))
    parameters, texts = random_parameters(SMALL), random_text(SMALL)
    gradient = backward(SMALL, parameters, forward(SMALL, parameters, *texts))["layer 1.up.bias"]
    slope = difference(SMALL, parameters, texts, "layer 1.up.bias", gradient / np.linalg.norm(gradient))
    assert np.linalg.norm(gradient) == pytest.approx(2 * slope, rel=1e-6)


# What holds of every forward and backward pass


@given(CONFIGS, st.integers(1, 3))
@on_many_shapes
def test_recomputation_gives_the_same_gradients_to_the_last_bit(config, batch):
    parameters, texts = random_parameters(config), random_text(config, batch)
    none, selective, full = (
        backward(config, parameters, forward(config, parameters, *texts, recompute)) for recompute in RECOMPUTE
    )
    for name in parameters:
        assert np.array_equal(none[name], selective[name])
        assert np.array_equal(none[name], full[name])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_array_has_the_dtype_of_the_parameters(dtype):
    parameters = initial_parameters(SMALL, dtype=dtype)
    result = forward(SMALL, parameters, *random_text(SMALL))
    arrays = [array for layer in result.kept["layers"] for array in layer.values()] + [result.logits]
    gradients = backward(SMALL, parameters, result)
    after, moments = adamw(parameters, gradients, Moments.zeros(parameters), TrainingSettings(), 0)
    for part in (gradients, clipped(gradients, 0.01), after, moments.momentum, moments.variance):
        arrays += part.values()
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}


def test_no_token_sees_a_later_one():
    parameters, (tokens, targets) = random_parameters(SMALL), random_text(SMALL)
    changed = tokens.copy()
    changed[:, -1] = (changed[:, -1] + 1) % SMALL.vocab
    before, after = (forward(SMALL, parameters, one, targets).logits for one in (tokens, changed))
    np.testing.assert_allclose(before[:, :-1], after[:, :-1], rtol=1e-12)
    assert not np.allclose(before[:, -1], after[:, -1])


def test_a_shorter_sequence_leaves_later_positions_without_gradient():
    parameters = random_parameters(SMALL)
    result = forward(SMALL, parameters, *random_text(SMALL, sequence=3))
    gradient = backward(SMALL, parameters, result)["position embedding"]
    assert np.all(gradient[:3] != 0)
    assert not np.any(gradient[3:])


def test_neither_pass_changes_what_it_is_given():
    parameters, texts = random_parameters(SMALL), random_text(SMALL)
    result = forward(SMALL, parameters, *texts)
    copies, logits = {name: array.copy() for name, array in parameters.items()}, result.logits.copy()
    first, second = (backward(SMALL, parameters, result) for _ in range(2))
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert all(np.array_equal(copies[name], parameters[name]) for name in copies)
    assert np.array_equal(logits, result.logits)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (dict(tokens=[[0.5]]), TypeError, r"tokens must be whole numbers from 0 to 4 in an array .*; got \[\[0.5\]\]"),
        (dict(tokens=[[5]]), ValueError, r"tokens must be whole numbers from 0 to 4 .*; got \[\[5\]\]"),
        (dict(targets=[[-1]]), ValueError, r"targets must be whole numbers from 0 to 4 .*; got \[\[-1\]\]"),
        (dict(tokens=[0, 1]), ValueError, r"tokens must be .*\(batch, sequence <= 4\); got the shape \(2,\)"),
        (dict(tokens=[[0] * 5]), ValueError, r"tokens must be .*\(batch, sequence <= 4\); got the shape \(1, 5\)"),
        (dict(tokens="ab"), TypeError, "tokens must be whole numbers .*; got 'ab'"),
        (dict(targets=[[0, 1]]), ValueError, r"targets must have the shape of tokens, \(1, 1\); got \(1, 2\)"),
        (dict(recompute="all"), ValueError, "recompute 'all' is unknown; .*'none', 'selective', 'full'"),
        (dict(parameters={}), ValueError, r"parameters must have 'token embedding': \(5, 6\), .*; got none"),
    ],
)
def test_what_cannot_be_a_text_is_refused(change, error, message):
    given_ = dict(parameters=random_parameters(SMALL), tokens=[[0]], targets=[[1]]) | change
    with pytest.raises(error, match=message):
        forward(SMALL, **given_)


def test_parameters_of_another_shape_or_name_are_refused_by_name():
    parameters = random_parameters(SMALL)
    with pytest.raises(ValueError, match=r"'layer 0.up.bias': \(24,\), by their config; got \(23,\)"):
        forward(SMALL, parameters | {"layer 0.up.bias": np.zeros(23)}, [[0]], [[1]])
    with pytest.raises(ValueError, match=r"'layer 7\.up\.bias': no such parameter"):
        forward(SMALL, parameters | {"layer 7.up.bias": np.zeros(24)}, [[0]], [[1]])


@pytest.mark.parametrize(
    ("sizes", "message"),
    [((0, 6, 2, 5, 4), "layers must be a whole number of at least 1; got 0"), ((1, 6, 4, 5, 4), "hidden must be a mu")],
)
def test_sizes_that_cannot_be_built_are_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        GPTConfig(*sizes)


# The text


def test_the_snapshot_is_the_lessons_markdown():
    """Of the lecture's lessons: the trained weights, and all that is measured on them, are of before lesson 8."""
    for notebook in sorted((ROOT / "notebooks").glob("0[0-7]_*.ipynb")):
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        assert "".join(cells[0]["source"]).splitlines()[0] in lessons_text().splitlines(), notebook.name
    assert '"cell_type"' not in lessons_text()
    assert len(lessons_text()) > 100_000


def test_lessons_are_gathered_in_order_and_without_code(tmp_path):
    for name, words in {"02_b.ipynb": "second", "01_a.ipynb": "first"}.items():
        cells = [dict(cell_type="markdown", source=["# ", words]), dict(cell_type="code", source=["1 + 1"])]
        (tmp_path / name).write_text(json.dumps(dict(cells=cells)), encoding="utf-8")
    assert gather_lessons(tmp_path) == "# first\n\n# second\n"
    text.write_snapshot(tmp_path, tmp_path / "lessons.txt")
    assert (tmp_path / "lessons.txt").read_bytes() == b"# first\n\n# second\n"
    with pytest.raises(ValueError, match="folder must hold at least one notebook; got"):
        gather_lessons(tmp_path / "none")


@given(st.text())
@settings(deadline=None)
def test_characters_are_tokens_and_rare_ones_share_a_sign(words):
    expected = "".join(character if character in VOCABULARY else "�" for character in words)
    assert decode(encode(words)) == expected
    assert len(VOCABULARY) == len(set(VOCABULARY)) == TINY.vocab


def test_hardly_any_of_the_lessons_is_a_rare_character():
    assert 0 < np.mean(encode(lessons_text()) == len(VOCABULARY) - 1) < 0.002


def test_a_token_that_is_none_is_refused():
    with pytest.raises(ValueError, match="tokens must be a whole number of at least 0 and at most 96; got 97"):
        decode([97])


def test_a_tenth_is_held_out_and_nothing_is_in_both_parts():
    parts = split(np.arange(200_000))
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(200_000))
    assert len(parts[1]) / 200_000 == pytest.approx(0.1, abs=0.005)


def test_batches_come_again_with_their_seed_and_reach_the_whole_text():
    def first(seed):
        pairs = batches(np.arange(10), 4, 3, seed)
        return np.array([next(pairs) for _ in range(20)])

    assert np.array_equal(first(1), first(1))
    assert not np.array_equal(first(1), first(2))
    assert np.array_equal(first(1)[:, 0] + 1, first(1)[:, 1])
    assert set(first(1).ravel()) == set(range(10))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(sequence=10), "tokens must be more than sequence = 10; got 10 of them"),
        (dict(batch=0), "batch must be a whole number of at least 1; got 0"),
        (dict(seed=-1), "seed must be a whole number of at least 0; got -1"),
    ],
)
def test_batches_that_cannot_be_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        batches(**(dict(tokens=np.arange(10), batch=2, sequence=4, seed=0) | change))


# AdamW


def test_adamw_by_hand():
    chosen = TrainingSettings(steps=10, learning_rate=0.1, warmup=1, beta1=0.5, beta2=0.75, weight_decay=0.5)
    parameters, gradients = {"matrix": np.array([[2.0]]), "vector": np.array([2.0])}, {}
    gradients |= {"matrix": np.array([[4.0]]), "vector": np.array([4.0])}
    after, moments = adamw(parameters, gradients, Moments.zeros(parameters), chosen, 0)
    assert moments.momentum["vector"] == [2.0]  # 0.5 x 4
    assert moments.variance["vector"] == [4.0]  # 0.25 x 4^2
    assert after["vector"] == pytest.approx(2 - 0.1)  # m / 0.5 = 4, v / 0.25 = 16: a step of 4 / sqrt(16)
    assert after["matrix"] == pytest.approx(2 - 0.1 * (1 + 0.5 * 2))
    assert parameters["vector"] == [2.0]


def test_gradients_take_4_and_adamws_states_exactly_8_bytes_a_parameter():
    parameters = initial_parameters(TINY)
    count = TINY.shape.parameters()["total"]
    gradients = backward(TINY, parameters, forward(TINY, parameters, *random_text(TINY, 1)))
    _, moments = adamw(parameters, gradients, Moments.zeros(parameters), TrainingSettings(), 0)
    assert bytes_of(parameters) == bytes_of(gradients) == 4 * count
    assert bytes_of([moments.momentum, moments.variance]) == 8 * count


@given(st.floats(0.01, 100))
@settings(deadline=None)
def test_clipping_bounds_the_norm_of_all_gradients_and_keeps_their_direction(clip):
    gradients = {"a": np.array([3.0, 0.0]), "b": np.array([[12.0, 4.0]])}
    found = clipped(gradients, clip)
    norm = math.sqrt(sum((array**2).sum() for array in found.values()))
    assert norm == pytest.approx(min(clip, 13))
    np.testing.assert_allclose(found["b"] * 13, gradients["b"] * norm)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (dict(steps=0), ValueError, "steps must be a whole number of at least 1; got 0"),
        (dict(batch=2.5), ValueError, "batch must be a whole number of at least 1; got 2.5"),
        (dict(warmup=-1), ValueError, "warmup must be a whole number of at least 0; got -1"),
        (dict(seed="0"), TypeError, "seed must be a whole number of at least 0; got '0'"),
        (dict(learning_rate=0), ValueError, "learning_rate must be positive and finite; got 0"),
        (dict(clip=math.nan), ValueError, "clip must be positive and finite; got nan"),
        (dict(weight_decay=-1), ValueError, "weight_decay must be finite and not negative; got -1"),
        (dict(beta2=1), ValueError, r"beta2 must lie in \[0, 1\); got 1"),
        (dict(beta1=[0.9]), TypeError, r"beta1 must be one number"),
    ],
)
def test_settings_with_which_nothing_trains_are_refused(change, error, message):
    with pytest.raises(error, match=message):
        TrainingSettings(**change)


def test_the_rate_rises_linearly_and_falls_as_a_cosine_to_a_tenth():
    rates = [TrainingSettings(steps=101, warmup=1, learning_rate=2.0).rate(step) for step in range(101)]
    assert rates[0] == 2.0
    assert rates[50] == pytest.approx(1.1)
    assert rates[100] == pytest.approx(0.2)
    assert rates == sorted(rates, reverse=True)


# Training


NARROW = GPTConfig(layers=1, hidden=16, heads=2, vocab=len(VOCABULARY), sequence=16)
FEW = TrainingSettings(steps=8, batch=4, warmup=2, seed=3)


@cache
def few_steps():
    return train(NARROW, FEW)


def same(a, b):
    return all(np.array_equal(a[name], b[name]) for name in a)


def test_the_same_seed_gives_the_same_training_to_the_last_bit_and_another_does_not():
    again, other = train(NARROW, FEW), train(NARROW, replace(FEW, seed=4))
    assert same(few_steps().parameters, again.parameters)
    assert np.array_equal(few_steps().losses, again.losses)
    assert few_steps().held_out_after == again.held_out_after
    assert not np.array_equal(few_steps().losses, other.losses)


def test_training_lowers_the_loss_and_says_what_it_did():
    result = few_steps()
    assert result.held_out_before > 4.4
    assert result.held_out_after < result.held_out_before - 0.05
    assert len(result.losses) == 8
    assert not result.interrupted
    assert result.tokens == 8 * 4 * 16
    held_out = split(encode(lessons_text()))[1]
    assert held_out_loss(NARROW, result.parameters, held_out) == result.held_out_after


def test_progress_is_called_after_each_step_and_changes_nothing():
    said = []
    result = train(NARROW, FEW, progress=lambda *step: said.append(step))
    assert said == [(i + 1, 8, loss) for i, loss in enumerate(few_steps().losses)]
    assert same(result.parameters, few_steps().parameters)


def test_an_interrupt_between_two_steps_gives_what_was_reached():
    def stop(step, steps, loss):
        if step == 5:
            raise KeyboardInterrupt

    result = train(NARROW, FEW, progress=stop)
    assert result.interrupted
    assert np.array_equal(result.losses, few_steps().losses[:5])
    assert same(result.parameters, after_steps(5)[0])
    assert result.held_out_after < result.held_out_before


def after_steps(steps):
    pairs = batches(split(encode(lessons_text()))[0], FEW.batch, NARROW.sequence, FEW.seed)
    parameters = initial_parameters(NARROW, FEW.seed)
    done = training.Done(parameters, Moments.zeros(parameters), ())
    for _ in range(steps):
        done = training.training_step(NARROW, FEW, done, *next(pairs), AdamW())
    return done


@pytest.mark.parametrize("part", ["forward", "backward", "clipped", "adamw"])
def test_an_interrupt_within_a_step_leaves_the_step_before_whole(part, monkeypatch):
    right, calls = getattr(training, part), []

    def stopped(*args):
        learning = part != "forward" or args[2].shape == (FEW.batch, NARROW.sequence)
        if learning:
            calls.append(None)
            if len(calls) == 4:
                raise KeyboardInterrupt
        return right(*args)

    monkeypatch.setattr(training, part, stopped)
    result = train(NARROW, FEW)
    assert result.interrupted
    assert np.array_equal(result.losses, few_steps().losses[:3])
    parameters, moments, _ = after_steps(3)
    assert same(result.parameters, parameters)
    assert same(result.moments.momentum, moments.momentum)
    assert same(result.moments.variance, moments.variance)


class Halving:
    """No training: every step halves the parameters, and the passes see them without their sign."""

    def start(self, parameters):
        return 0

    def weights(self, parameters):
        return {name: np.abs(array) for name, array in parameters.items()}

    def update(self, parameters, gradients, states, settings, step):
        assert states == step
        assert gradients.keys() == parameters.keys()
        assert settings is FEW
        return {name: array / 2 for name, array in parameters.items()}, states + 1


def test_another_optimizer_has_states_of_its_own_and_says_what_the_passes_compute_with():
    result, initial = train(NARROW, FEW, optimizer=Halving()), initial_parameters(NARROW, FEW.seed)
    assert result.moments == FEW.steps
    assert same(result.parameters, {name: array / 2**FEW.steps for name, array in initial.items()})
    pairs = batches(split(encode(lessons_text()))[0], FEW.batch, NARROW.sequence, FEW.seed)
    seen = {name: np.abs(array) for name, array in initial.items()}
    assert result.losses[0] == forward(NARROW, seen, *next(pairs)).loss
    held_out = split(encode(lessons_text()))[1]
    assert result.held_out_before == training.held_out_loss(NARROW, seen, held_out)
    last = Halving().weights(result.parameters)
    assert result.held_out_after == training.held_out_loss(NARROW, last, held_out)


def test_an_interrupt_while_the_last_loss_is_measured_loses_nothing(monkeypatch):
    right, calls = training.held_out_loss, []

    def stopped(*args):
        calls.append(None)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return right(*args)

    monkeypatch.setattr(training, "held_out_loss", stopped)
    result = train(NARROW, FEW)
    assert not result.interrupted
    assert result.held_out_after == few_steps().held_out_after


def test_a_config_of_another_vocabulary_and_a_text_too_short_are_refused():
    with pytest.raises(ValueError, match="config must have vocab = 97, one a character; got 5"):
        train(SMALL)
    with pytest.raises(ValueError, match="tokens must be more than sequence = 16; got 0 of them"):
        train(NARROW, FEW, text="short")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (dict(config="tiny"), "config must be a GPTConfig; got 'tiny'"),
        (dict(settings={"steps": 3}), r"settings must be a TrainingSettings; got {'steps': 3}"),
        (dict(text=3), "text must be a string; got 3"),
        (dict(progress=True), "progress must be a function of three numbers, or None; got True"),
    ],
)
def test_what_is_no_config_no_settings_no_text_and_no_function_is_refused(wrong, message):
    with pytest.raises(TypeError, match=message):
        train(**wrong)


# The trained weights


def test_the_trained_weights_are_those_of_the_default_training_and_reach_the_stated_level():
    kept = trained()
    assert (kept.config, kept.settings) == (TINY, TrainingSettings())
    assert kept.held_out_before > 4.5
    assert kept.held_out_after < STATED_LEVEL
    held_out = split(encode(lessons_text()))[1]
    assert held_out_loss(TINY, kept.parameters, held_out) == pytest.approx(kept.held_out_after, abs=2e-3)
    assert f"below {STATED_LEVEL} nats" in train.__doc__


def test_the_trained_weights_were_trained_on_the_text_that_is_there():
    with np.load(ROOT / "course_lib" / weights.PLACE) as arrays:
        made_by = json.loads(str(arrays["made_by"]))
    assert made_by["text_sha256"] == weights.text_sha256()
    assert made_by["command"] == weights.COMMAND
    assert made_by["settings"]["seed"] == 0


def test_the_trained_weights_are_small_and_cannot_be_changed():
    assert (ROOT / "course_lib" / weights.PLACE).stat().st_size < 1_000_000
    parameters = trained().parameters
    assert {array.dtype for array in parameters.values()} == {np.dtype(np.float32)}
    with pytest.raises(ValueError, match="read-only"):
        parameters["token embedding"][0] = 0
    with pytest.raises(TypeError):
        parameters["token embedding"] = 0


def test_the_file_of_weights_is_the_same_bytes_each_time_and_holds_what_training_gave(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "train", few_steps)
    for name in ("a.npz", "b.npz"):
        write_trained(tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with np.load(tmp_path / "a.npz") as arrays:
        for name, array in few_steps().parameters.items():
            np.testing.assert_allclose(arrays[name], array, rtol=1e-3, atol=1e-6)


@pytest.mark.thorough
def test_the_default_training_reaches_the_stated_level():
    result = train()
    assert result.held_out_after < STATED_LEVEL
    assert result.held_out_after == pytest.approx(trained().held_out_after, abs=0.05)
