"""Training in formats of few bits: what is stored is rounded, what is lost is counted; and the runs that come along."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from course_lib.number_formats import BF16, FP4_E2M1, FP8_E4M3, FP8_E5M2, FP16, FP32, FP64, INT8, decode, encode
from course_lib.tiny_transformer import (
    TINY,
    GPTConfig,
    LowPrecisionAdamW,
    TrainingSettings,
    initial_parameters,
    train,
)
from course_lib.tiny_transformer import format_runs as runs
from course_lib.tiny_transformer.format_runs import (
    LARGEST_LOSS,
    SETTINGS,
    STORED,
    TRIED,
    Recipe,
    format_runs,
    made_by,
    measured,
    recipes,
    write_format_runs,
)
from course_lib.tiny_transformer.weights import text_sha256

ROOT = Path(__file__).resolve().parent.parent
NARROW = GPTConfig(layers=1, hidden=16, heads=2, vocab=97, sequence=16)
FEW = TrainingSettings(steps=6, warmup=2, learning_rate=1e-3)
BARE = TrainingSettings(warmup=1, learning_rate=1e-3, weight_decay=0.0, clip=1e9)


def exact(values, fmt):
    """Return what `encode` and `decode` make of values."""
    return decode(encode(values, fmt), fmt)


def step(optimizer, weights, gradients, settings=BARE, number=0, states=None):
    """Return weights and states after one step of an optimizer, for one vector of weights named w."""
    weights, gradients = ({"w": np.array(one, np.float32)} for one in (weights, gradients))
    after, states = optimizer.update(weights, gradients, states or optimizer.start(weights), settings, number)
    return after["w"], states


# One step


def test_in_fp32_it_is_adamw_to_the_last_bit():
    ours, plain = train(NARROW, FEW, optimizer=LowPrecisionAdamW()), train(NARROW, FEW)
    assert np.array_equal(ours.losses, plain.losses)
    for name, parameter in plain.parameters.items():
        assert np.array_equal(ours.parameters[name], parameter)
        assert np.array_equal(ours.moments.moments.momentum[name], plain.moments.momentum[name])
        assert np.array_equal(ours.moments.moments.variance[name], plain.moments.variance[name])


@pytest.mark.parametrize("fmt", [BF16, FP16, FP8_E4M3, FP8_E5M2], ids=lambda fmt: fmt.name)
def test_an_update_below_half_a_step_of_the_format_is_lost_and_one_above_is_kept(fmt):
    step_at_weight = fmt.epsilon / 2  # at 0.75; the first update of AdamW is the learning rate
    for share, lost in ((0.49, 4), (0.51, 0)):
        settings = replace(BARE, learning_rate=share * step_at_weight)
        after, states = step(LowPrecisionAdamW(weight=fmt), [0.75, -0.75, 0.75, -0.75], [1, 1, -1, -1], settings)
        assert states.steps[0].updates == 4
        assert states.steps[0].lost == lost
        assert np.count_nonzero(np.abs(after) == 0.75) == lost
        assert np.array_equal(after, exact(after, fmt))


def test_of_updates_that_are_zero_none_is_lost():
    _, states = step(LowPrecisionAdamW(weight=FP8_E4M3), [0.75, 0.75], [1, 0])
    assert (states.steps[0].updates, states.steps[0].lost) == (1, 1)


def test_a_master_copy_keeps_each_update_and_the_passes_see_it_rounded():
    optimizer = LowPrecisionAdamW(weight=BF16, master_copy=True)
    after, states = step(optimizer, [0.75, 0.1], [1, 1])
    plain, _ = step(LowPrecisionAdamW(), [0.75, 0.1], [1, 1])
    assert np.array_equal(after, plain)
    assert states.steps[0].lost == 0
    assert np.array_equal(optimizer.weights({"w": after})["w"], exact(after, BF16))


@pytest.mark.parametrize("scale", [1.0, 1024.0])
def test_a_gradient_is_stored_times_the_scale_and_used_divided_by_it(scale):
    gradients = np.array([1e-3, 2e-6, 3e-8, 1e-8, -5e-3, 0.0], np.float32)
    _, states = step(LowPrecisionAdamW(gradient=FP16, loss_scale=scale), np.ones(6), gradients)
    used = exact(gradients * np.float32(scale), FP16) / scale
    np.testing.assert_allclose(states.moments.momentum["w"], 0.1 * used, rtol=1e-6, atol=0)
    assert states.steps[0].zeros == (1 if scale == 1 else 0)


def test_the_states_are_those_of_adamw_rounded():
    optimizer, (_, plain) = LowPrecisionAdamW(state=BF16), step(LowPrecisionAdamW(), [1, 1], [0.3, -0.007])
    _, states = step(optimizer, [1, 1], [0.3, -0.007])
    for name in ("momentum", "variance"):
        whole = getattr(plain.moments, name)["w"]
        assert np.array_equal(getattr(states.moments, name)["w"], exact(whole, BF16))
        assert not np.array_equal(whole, exact(whole, BF16))


def test_a_step_with_an_infinite_gradient_changes_nothing_and_is_counted():
    optimizer = LowPrecisionAdamW(gradient=FP16, loss_scale=1024)
    before, states = step(optimizer, [0.5, 0.5], [1, 1])
    after, skipped = step(optimizer, before, [1e3, 1], number=1, states=states)
    assert np.array_equal(after, before)
    assert skipped.moments is states.moments
    assert (skipped.steps[1].infinite, skipped.steps[1].updates) == (1, 0)


def test_a_gradient_that_is_no_number_skips_the_step_also_where_the_format_has_no_nan():
    after, states = step(LowPrecisionAdamW(gradient=FP4_E2M1), [0.5, 0.5], [math.nan, 1])
    assert after.tolist() == [0.5, 0.5]
    assert states.steps[0].infinite == 1


def test_by_chance_a_small_update_is_kept_as_often_as_its_share_of_the_step():
    optimizer, many = LowPrecisionAdamW(weight=BF16, stochastic=True), 20_000
    settings = replace(BARE, learning_rate=BF16.epsilon / 2 / 4)
    after, states = step(optimizer, np.full(many, 0.75), np.ones(many), settings)
    kept = states.steps[0].updates - states.steps[0].lost
    assert abs(kept - many / 4) < 4 * math.sqrt(many * 3 / 16)
    assert np.count_nonzero(after != 0.75) == kept


def test_chance_is_drawn_by_the_seed_and_by_the_step_alone():
    optimizer, many = LowPrecisionAdamW(weight=BF16, stochastic=True), 1000
    one, again, later, other = (
        step(optimizer, np.full(many, 0.75), np.ones(many), replace(BARE, seed=seed), number)[0]
        for seed, number in ((0, 0), (0, 0), (0, 1), (1, 0))
    )
    assert np.array_equal(one, again)
    assert not np.array_equal(one, later)
    assert not np.array_equal(one, other)


def test_a_training_is_the_same_each_time_and_leaves_what_it_is_given_alone():
    optimizer = LowPrecisionAdamW(BF16, FP8_E5M2, BF16, loss_scale=1024, stochastic=True)
    one, other = (train(NARROW, FEW, optimizer=optimizer) for _ in range(2))
    assert np.array_equal(one.losses, other.losses)
    assert one.moments.steps == other.moments.steps
    assert len(one.moments.steps) == FEW.steps
    initial = initial_parameters(NARROW)
    states, gradients = optimizer.start(initial), {name: np.ones_like(array) for name, array in initial.items()}
    optimizer.update(initial, gradients, states, FEW, 0)
    for name, array in initial_parameters(NARROW).items():
        assert np.array_equal(initial[name], array)
        assert (gradients[name] == 1).all()
        assert not states.moments.momentum[name].any()


def test_what_is_stored_is_of_the_format_after_each_step():
    result = train(NARROW, FEW, optimizer=LowPrecisionAdamW(FP8_E4M3, FP8_E4M3, FP16, loss_scale=1024))
    for array in result.parameters.values():
        assert array.dtype == np.float32
        assert np.array_equal(array, exact(array, FP8_E4M3))
    for array in result.moments.moments.variance.values():
        assert np.array_equal(array, exact(array, FP16))


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (dict(weight="bf16"), TypeError, "weight must be a FloatFormat, such as BF16; got 'bf16'"),
        (dict(gradient=INT8), TypeError, "gradient must be a FloatFormat"),
        (dict(state=FP64), ValueError, "state must be a format that fp32 holds; got fp64"),
        (dict(loss_scale=0), ValueError, "loss_scale must be positive and finite; got 0"),
        (dict(loss_scale=[1, 2]), TypeError, "loss_scale must be one number"),
    ],
)
def test_what_cannot_be_stored_in_is_refused(wrong, error, message):
    with pytest.raises(error, match=message):
        LowPrecisionAdamW(**wrong)


# The runs that come with the course


def first_steps(recipe, count):
    """Train as the runs were trained, and stop after some of their steps."""

    def stop(done, *_):
        if done == count:
            raise KeyboardInterrupt

    return train(TINY, SETTINGS, progress=stop, optimizer=recipe.optimizer)


CHEAP = [
    Recipe("bf16"),
    Recipe("fp8 e4m3", stochastic=True),
    Recipe("fp8 e5m2", "weights + gradients", loss_scaling=True),
    Recipe("fp8 e4m3", "gradients"),
]


@pytest.mark.parametrize("recipe", CHEAP, ids=str)
def test_the_beginning_of_a_run_is_what_the_code_gives(recipe):
    result, run = first_steps(recipe, 2 * runs.EVERY), format_runs()[recipe]
    assert result.losses.reshape(2, -1).mean(axis=1) == pytest.approx(run.loss[:2], abs=0.01)
    steps = result.moments.steps[runs.EVERY :]
    assert sum(one.lost for one in steps) / sum(one.updates for one in steps) == pytest.approx(run.lost[1], abs=0.01)
    share = sum(one.zeros for one in steps) / runs.EVERY / TINY.shape.parameters()["total"]
    assert share == pytest.approx(run.zeros[1], abs=0.01)


def test_eight_steps_that_are_skipped_have_no_share_of_updates_lost(monkeypatch):
    recipe = Recipe("fp8 e4m3", "all three")
    monkeypatch.setattr(runs, "SETTINGS", replace(SETTINGS, steps=2 * runs.EVERY))
    found = measured(recipe).lost
    assert np.isnan(found).tolist() == [False, True]
    assert found == pytest.approx(format_runs()[recipe].lost[:2], abs=0.01, nan_ok=True)


def test_the_run_in_fp32_is_what_the_code_gives():
    found, run = measured(Recipe()), format_runs()[Recipe()]
    assert found.held_out == pytest.approx(run.held_out, abs=0.02)
    assert found.loss == pytest.approx(run.loss, abs=0.03)
    assert (found.lost.max() < 0.001, found.zeros.max(), found.skipped) == (True, 0, 0)


def test_every_recipe_has_its_run_and_says_what_has_no_effect():
    assert list(format_runs()) == recipes()
    assert len(recipes()) == 1 + 5 * (3 + 4 + 2 + 8 + 8)
    for recipe in recipes():
        assert recipe.plain == recipe
    assert Recipe("fp32", "all three", True, True, True).plain == Recipe()
    assert Recipe("bf16", "weights", True, True, True).plain == Recipe("bf16", "weights", True)
    assert Recipe("bf16", "states", True, True, True).plain == Recipe("bf16", "states", stochastic=True)


def test_a_field_without_effect_changes_no_optimizer_that_is_used():
    for recipe in recipes():
        for name in recipe.without_effect:
            other = replace(recipe, **{name: not getattr(recipe, name) if name != "stored" else "states"})
            assert other.plain == recipe
    assert Recipe("bf16", "states").without_effect.keys() == {"master_copy", "loss_scaling"}


def test_a_recipe_stores_what_it_says_in_its_format():
    for recipe in recipes():
        optimizer = recipe.optimizer
        for name in ("weight", "gradient", "state"):
            assert getattr(optimizer, name) == (TRIED[recipe.format] if name in STORED[recipe.stored] else FP32)
        assert (optimizer.master_copy, optimizer.stochastic) == (recipe.master_copy, recipe.stochastic)
        assert optimizer.loss_scale == (1024 if recipe.loss_scaling else 1)


def test_the_file_says_how_it_was_made_and_is_small():
    made = made_by()
    assert made["command"] == runs.COMMAND
    assert made["text_sha256"] == text_sha256()
    assert GPTConfig(**made["config"]) == TINY
    assert TrainingSettings(**made["settings"]) == SETTINGS
    assert (made["settings"]["seed"], made["loss_scale"]) == (0, 1024)
    assert (ROOT / "course_lib" / runs.PLACE).stat().st_size < 150_000


def test_the_curves_have_a_point_for_every_eight_steps_and_cannot_be_changed():
    for run in format_runs().values():
        for curve in (run.loss, run.lost, run.zeros):
            assert curve.shape == (SETTINGS.steps // runs.EVERY,)
            with pytest.raises(ValueError, match="read-only"):
                curve[0] = 0
        lost = run.lost[~np.isnan(run.lost)]
        assert ((lost >= 0) & (lost <= 1)).all()
        assert ((run.zeros >= 0) & (run.zeros <= 1)).all()
        assert runs.EVERY * (len(run.lost) - len(lost)) <= run.skipped
        assert (run.loss[np.isfinite(run.loss)] <= LARGEST_LOSS).all()


def test_what_is_written_is_read_again_and_a_loss_beyond_all_is_infinite(tmp_path, monkeypatch):
    some = [Recipe("bf16"), Recipe("fp8 e4m3", "all three", loss_scaling=True)]
    curves = dict(loss=np.array([4.5, math.nan]), lost=np.array([0.25, math.nan]), zeros=np.array([0.0, 0.125]))
    made = {
        some[0]: runs.FormatRun(**curves, held_out=2.5, skipped=0),
        some[1]: runs.FormatRun(**curves, held_out=1e9, skipped=3),
    }
    monkeypatch.setattr(runs, "recipes", lambda: some)
    monkeypatch.setattr(runs, "measured", made.__getitem__)
    told = []
    write_format_runs(tmp_path / "runs.json", lambda *done: told.append(done))
    assert told == [(1, 2), (2, 2)]
    monkeypatch.setattr(runs, "_file", lambda: json.loads((tmp_path / "runs.json").read_text(encoding="utf-8")))
    read = format_runs.__wrapped__()
    assert list(read) == some
    assert read[some[0]].loss.tolist() == [4.5, math.inf]
    assert (read[some[0]].held_out, read[some[1]].held_out, read[some[1]].skipped) == (2.5, math.inf, 3)
    assert '"lost":[0.25,null]' in (tmp_path / "runs.json").read_text(encoding="utf-8")
    assert read[some[1]].lost == pytest.approx([0.25, math.nan], nan_ok=True)
    assert read[some[1]].zeros.tolist() == [0.0, 0.125]


@pytest.mark.parametrize("wrong", [dict(format="fp64"), dict(stored="activations")])
def test_an_unknown_recipe_is_refused(wrong):
    (name,) = wrong
    with pytest.raises(ValueError, match=f"{name} .* is unknown; .*accepted: "):
        Recipe(**wrong)
