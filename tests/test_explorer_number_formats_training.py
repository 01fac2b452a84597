"""The explorer of training in any format: it shows the runs that come along, trains nothing, and says what is lost."""

import math
from dataclasses import replace

import numpy as np
import pytest
from explorer_parts import texts

from course_lib.explorers.number_formats import TrainingFormatExplorer, TrainingFormatPicture, training_format_view
from course_lib.explorers.number_formats.training import DIVERGED, GUESSING, OWN, PRESETS, STEP, WEIGHT, percent
from course_lib.explorers.number_formats.training_picture import LOSS
from course_lib.number_formats import BF16, FP8_E4M3, FP16, FP32, encode, spacing
from course_lib.tiny_transformer import format_runs as runs
from course_lib.tiny_transformer.format_runs import STORED, TRIED, Recipe, format_runs, recipes

BASE = format_runs()[Recipe()]


def every_view():
    return [
        training_format_view(one.format, one.stored, one.master_copy, one.loss_scaling, one.stochastic)
        for one in recipes()
    ]


@pytest.fixture
def explorer():
    made = TrainingFormatExplorer()
    yield made
    made.close()


def facts(view):
    return dict(view.facts)


def test_each_setting_of_the_controls_has_its_run_beside_fp32_and_nothing_is_trained(monkeypatch):
    monkeypatch.setattr(runs, "train", None)
    for format in TRIED:
        for stored in STORED:
            for helps in np.ndindex(2, 2, 2):
                view = training_format_view(format, stored, *map(bool, helps))
                assert view.run is format_runs()[view.recipe.plain]
                assert view.fp32 is BASE


def test_the_sentence_has_the_run_s_own_numbers_in_twenty_words():
    for view in every_view():
        said, run = view.sentence, view.run
        assert len(said.split()) <= 20
        assert view.recipe.format in said
        assert f"step {STEP}: " in said
        at = (STEP - 1) // runs.EVERY
        lost, zeros = np.nanmean(run.lost[: at + 1]), run.zeros[: at + 1].mean()
        if view.recipe == Recipe():
            assert said == f"fp32 throughout, step {STEP}: {BASE.loss[at]:.2f} nats a character."
            continue
        diverged = run.loss[at] > DIVERGED
        assert ("diverges" in said, f" {run.loss[at]:.2f} nats" in said) == (diverged, not diverged)
        if run.skipped > 128:
            assert f"{run.skipped} of all 256 steps skipped, " in said
            assert "lost" not in said
            continue
        assert said.endswith(f"(fp32 {BASE.loss[at]:.2f}).")
        how_many = f"{percent(lost)} of" if lost >= 0.001 else "hardly any"
        assert (f"{how_many} updates lost" in said) == ("weight" in STORED[view.recipe.stored])
        assert (f"{percent(zeros)} of gradients become 0" in said) == (view.recipe.stored == "gradients")


def test_at_every_step_a_sentence_has_at_most_twenty_words():
    for one in recipes():
        given = one.format, one.stored, one.master_copy, one.loss_scaling, one.stochastic
        for step in range(1, 257, runs.EVERY):
            assert len(training_format_view(*given, step=step).sentence.split()) <= 20


def test_a_training_whose_steps_are_skipped_lost_no_updates_as_it_had_none():
    view = training_format_view("fp8 e4m3", "all three")
    assert view.sentence == f"all three in fp8 e4m3, step {STEP}: 252 of all 256 steps skipped, diverges."
    assert facts(view)["Steps skipped"] == "252 of 256"
    assert facts(view)["Updates lost, the 8 steps around"] == "none made"
    assert view.lost_so_far == view.run.lost[0] > 0.9
    picture = TrainingFormatPicture()
    picture.svg(view)
    assert np.isfinite(picture.lost.get_ydata()).tolist() == [True] + [False] * 31


def test_a_run_without_a_step_has_no_share_of_updates_lost():
    view = training_format_view("fp8 e4m3", "all three")
    none = replace(view, run=replace(view.run, lost=np.full(32, np.nan)))
    assert math.isnan(none.lost_so_far)


def test_the_untrained_model_guesses_worse_than_by_chance_and_has_not_diverged():
    assert math.log(97) == GUESSING < BASE.loss[0] + 0.1 < DIVERGED


@pytest.mark.parametrize("step", [1, 8, 9, 256])
def test_the_step_looked_at_is_that_of_its_eight_steps(step):
    view, run = training_format_view("bf16", "weights", step=step), format_runs()[Recipe("bf16")]
    at = {1: 0, 8: 0, 9: 1, 256: 31}[step]
    assert (
        f"step {step}: {percent(run.lost[: at + 1].mean())} of updates lost, {run.loss[at]:.2f} nats" in view.sentence
    )
    found = facts(view)
    assert found["Updates lost, the 8 steps around"] == percent(run.lost[at])
    assert found["Gradients become 0, same steps"] == percent(run.zeros[at])
    assert found["Learning rate"] == f"{runs.SETTINGS.rate(step - 1):.2g}"


@pytest.mark.parametrize("step", [0, 257, 1.5])
def test_a_step_that_there_is_not_is_refused(step):
    with pytest.raises(ValueError, match="step must be a whole number of at least 1 and at most 256; got"):
        training_format_view("bf16", "weights", step=step)


def test_the_facts_are_those_of_the_run_and_of_the_weight_looked_at():
    found = facts(training_format_view("bf16", "weights", weight=0.07, step=32))
    run = format_runs()[Recipe("bf16")]
    assert found["At the end, text held out"] == f"{run.held_out:.3f} nats"
    assert found["Against fp32 there"] == f"+{run.held_out - BASE.held_out:.3f} nats"
    assert found["Steps skipped"] == f"0 of {runs.SETTINGS.steps}"
    assert found["Step there"] == f"{spacing(encode(0.07, BF16), BF16):.2g}" == "0.00049"
    assert found["An update of 0.00099"] == "is kept"
    assert found["Stays in fp32"] == "gradients, states, all arithmetic"
    diverged = facts(training_format_view("fp8 e4m3", "states"))
    assert diverged["At the end, text held out"] == diverged["Against fp32 there"] == "beyond 100 nats"


@pytest.mark.parametrize(
    ("arguments", "weight", "said"),
    [
        (("bf16", "weights"), 0.6, "is lost"),
        (("bf16", "weights"), 0.5, "is kept"),
        (("bf16", "weights"), 0.2, "is kept"),
        (("bf16", "weights", False, False, True), 0.45, "is kept 51 % of the time"),
        (("bf16", "weights", True), 0.6, "is kept"),
        (("bf16", "gradients"), 0.6, "is kept"),
        (("fp8 e4m3", "weights"), 0.07, "is lost"),
        (("fp8 e4m3", "all three", False, False, True), 0.07, "is kept 13 % of the time"),
        (("fp4 e2m1", "weights", False, False, True), 0.07, "is kept 0.2 % of the time"),
        (("fp32", "weights"), 4, "is kept"),
    ],
)
def test_an_update_is_kept_by_the_step_of_what_the_weight_is_stored_in(arguments, weight, said):
    assert runs.SETTINGS.rate(20) == pytest.approx(0.001, rel=1e-3)
    assert facts(training_format_view(*arguments, weight=weight, step=21))["An update of 0.001"] == said


@pytest.mark.parametrize(
    ("stored", "scaling", "least"),
    [
        ("gradients", False, FP16.smallest_subnormal / 2),
        ("gradients", True, FP16.smallest_subnormal / 2048),
        ("weights", False, FP32.smallest_subnormal / 2),
    ],
)
def test_the_least_gradient_kept_is_half_a_step_above_0_divided_by_the_scale(stored, scaling, least):
    found = facts(training_format_view("fp16", stored, loss_scaling=scaling))
    assert found["Least gradient kept"] == f"{least:.1e}, in {'fp32' if stored == 'weights' else 'fp16'}"


def test_by_chance_each_gradient_may_be_kept_where_gradients_are_rounded():
    for stored, least in {
        "gradients": "any, by chance",
        "all three": "any, by chance",
        "weights": "7.0e-46, in fp32",
    }.items():
        assert facts(training_format_view("bf16", stored, stochastic=True))["Least gradient kept"] == least


def test_a_run_that_ended_better_than_fp32_is_shown_so():
    better = [view for view in every_view() if view.run.held_out < BASE.held_out]
    assert better
    for view in better:
        assert facts(view)["Against fp32 there"] == f"{view.run.held_out - BASE.held_out:+.3f} nats"
        assert facts(view)["Against fp32 there"].startswith("-")


@pytest.mark.parametrize(
    ("arguments", "stored", "used"),
    [
        (("fp4 e2m1", "weights", True), "0.07 in fp32", "0 in fp4 e2m1"),
        (("fp8 e4m3", "weights", True), "0.07 in fp32", "0.070312 in fp8 e4m3"),
        (("fp8 e4m3", "weights"), "0.070312 in fp8 e4m3", "0.070312 in fp8 e4m3"),
        (("fp8 e4m3", "states"), "0.07 in fp32", "0.07 in fp32"),
    ],
)
def test_beside_what_is_stored_stands_what_the_passes_compute_with(arguments, stored, used):
    found = facts(training_format_view(*arguments))
    assert (found["0.07 is stored as"], found["Passes compute with"]) == (stored, used)


def test_what_has_no_effect_is_said_at_its_control(explorer):
    assert explorer.idle(explorer.shown) == {"loss_scaling": "no effect: fp32"}
    explorer.set(master_copy=True)
    assert explorer.idle(explorer.shown)["stochastic"] == "no effect: fp32"
    explorer.set(format="fp32")
    assert {*explorer.idle(explorer.shown)} == {"stored", "master_copy", "loss_scaling", "stochastic"}


def test_a_preset_sets_all_that_it_stands_for_and_is_left_with_the_first_move(explorer):
    for name, recipe in PRESETS.items():
        explorer.set(preset=name)
        assert explorer.shown.recipe == recipe
        assert (explorer.shown.step, explorer.shown.weight) == (STEP, WEIGHT)
        assert explorer.values()["preset"] == name
    explorer.set(weight=0.5)
    assert explorer.values()["preset"] == OWN
    assert explorer.shown.recipe == recipe
    with pytest.raises(ValueError, match="preset 'Chinchilla' is unknown"):
        training_format_view("bf16", "weights", preset="Chinchilla")


def test_the_picture_joins_the_points_of_both_runs():
    picture, view = TrainingFormatPicture(), training_format_view("bf16", "weights")
    picture.svg(view)
    assert np.array_equal(picture.own.get_ydata(), view.run.loss)
    assert np.array_equal(picture.base.get_ydata(), BASE.loss)
    assert np.array_equal(picture.lost.get_ydata(), 100 * view.run.lost)
    assert np.array_equal(picture.zeros.get_ydata(), 100 * view.run.zeros)
    assert [list(mark.get_xdata()) for mark in picture.marks] == [[STEP, STEP]] * 2
    assert picture.own.get_xdata()[[0, -1]].tolist() == [4, runs.SETTINGS.steps - 4]


def test_every_run_s_loss_lies_within_the_axis_or_the_picture_says_that_it_left(explorer):
    assert LOSS[0] < BASE.loss.min()
    for one in recipes():
        explorer.set(**{name: getattr(one, name) for name in ("format", "stored")}, stochastic=one.stochastic)
        explorer.set(master_copy=one.master_copy, loss_scaling=one.loss_scaling)
        loss = explorer.shown.run.loss
        assert LOSS[0] < loss.min()
        assert ("the loss leaves the picture" in texts(explorer)) == (loss[-1] > LOSS[1])
        assert one.format in texts(explorer)


def test_shares_are_written_without_hiding_what_is_nearly_none_or_nearly_all():
    shares = (0, 0.0004, 0.004, 0.25, 0.9951, 0.9999, 1)
    assert percent(math.nan) == "none made"
    assert [percent(share) for share in shares] == ["0 %", "under 0.1 %", "0.4 %", "25 %", "99.5 %", "99.9 %", "100 %"]


# What the runs show, and the lesson says


def test_a_master_copy_or_chance_gives_back_what_rounding_to_the_nearest_loses():
    for fmt, at_least in ((BF16, 0.02), (FP8_E4M3, 0.5)):
        nearest, master, chance = (
            format_runs()[Recipe(fmt.name, master_copy=copy, stochastic=by_chance)]
            for copy, by_chance in ((False, False), (True, False), (False, True))
        )
        assert nearest.held_out > BASE.held_out + at_least
        assert nearest.lost.mean() > 0.4
        assert master.held_out == pytest.approx(BASE.held_out, abs=0.03)
        assert master.lost.max() < 0.001
        assert chance.held_out == pytest.approx(BASE.held_out, abs=0.03)


def test_a_loss_scale_keeps_gradients_that_fp8_would_make_0():
    bare, scaled = (format_runs()[Recipe("fp8 e4m3", "gradients", loss_scaling=one)] for one in (False, True))
    assert bare.zeros.mean() > 0.3
    assert scaled.zeros.mean() < 0.02


def test_states_in_bf16_do_no_harm_and_in_fp16_they_do():
    assert format_runs()[Recipe("bf16", "states")].held_out == pytest.approx(BASE.held_out, abs=0.03)
    assert format_runs()[Recipe("fp16", "states")].held_out > BASE.held_out + 0.3


def test_weights_in_fp4_without_a_scale_are_nearly_all_0_and_the_model_guesses():
    for master_copy in (False, True):
        run = format_runs()[Recipe("fp4 e2m1", master_copy=master_copy)]
        assert run.held_out == pytest.approx(GUESSING, abs=0.2)
    assert format_runs()[Recipe("fp4 e2m1")].lost.min() > 0.999
