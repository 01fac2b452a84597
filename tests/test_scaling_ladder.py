"""The ladder of tiny models: its file is what the command writes, and what the lesson says of it holds."""

import json
from dataclasses import replace
from importlib import resources
from pathlib import Path

import ladder as command
import nbformat
import numpy as np
import pytest

from course_lib.scaling import fit_iso_flop, ladder, ladder_runs
from course_lib.scaling.ladder import read_ladder
from course_lib.tiny_transformer import encode, lessons_text, split
from course_lib.tiny_transformer.weights import text_sha256

ROOT = Path(__file__).resolve().parent.parent
MADE = read_ladder()
RUNS = ladder_runs()


def test_the_file_says_how_it_was_made():
    assert MADE["command"] == "make ladder"
    assert MADE["text_sha256"] == text_sha256()
    text = resources.files("course_lib").joinpath("data/ladder.json").read_text(encoding="utf-8")
    assert text == command.written(MADE["runs"]), "written as the command writes it, with the settings it has now"
    wanted = [
        (flop, hidden, seed) for flop, widths in command.LADDER.items() for hidden in widths for seed in command.SEEDS
    ]
    assert [(run["flop"], run["hidden"], run["seed"]) for run in MADE["runs"]] == wanted


@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{run.flop:.0e}-{run.hidden}")
def test_a_model_has_the_size_of_its_width_and_spends_its_budget_as_it_is_counted(run):
    config, settings = command.config_of(run.hidden), command.settings_of(run.flop, run.hidden, 0)
    shape, step = config.shape, 4 * config.sequence
    assert run.parameters == shape.parameters()["total"]
    assert run.tokens == settings.steps * step
    assert abs(3 * shape.forward_flop(run.tokens) - run.flop) <= 3 * shape.forward_flop(step) / 2
    assert 0.84 < 6 * run.parameters * run.tokens / run.flop < 0.97
    assert run.epochs == run.tokens / MADE["training_tokens"]


def test_the_cheapest_run_is_what_the_command_gives_again():
    # Another machine's matrix products round otherwise, and training carries that on.
    (flop, widths), seed = next(iter(command.LADDER.items())), command.SEEDS[0]
    cheapest = min(
        (run for run in MADE["runs"] if (run["flop"], run["seed"]) == (flop, seed)), key=lambda run: run["tokens"]
    )
    assert cheapest["hidden"] == max(widths)
    again = command.trained(flop, max(widths), seed)
    assert again.pop("loss") == pytest.approx(cheapest["loss"], abs=0.02)
    assert again.pop("training_loss") == pytest.approx(cheapest["training_loss"], abs=0.02)
    assert again.items() <= cheapest.items()


def test_the_runs_to_be_fitted_are_the_means_of_the_seeds():
    assert ladder().budgets == tuple(command.LADDER)
    assert ladder().losses.tolist() == [run.loss for run in RUNS]
    seeds = {(run["flop"], run["hidden"]): [] for run in MADE["runs"]}
    for run in MADE["runs"]:
        seeds[run["flop"], run["hidden"]].append(run["loss"])
    assert ladder().losses == pytest.approx([np.mean(losses) for losses in seeds.values()])


def test_every_budget_has_its_best_size_among_those_that_were_trained():
    for flop in ladder().budgets:
        sizes, best = ladder().at(flop).parameters, fit_iso_flop(ladder()).best(flop)
        assert sorted(sizes)[1] < best < sorted(sizes)[-2]


def test_more_compute_is_better_and_what_was_read_is_known_better_than_what_was_not():
    lowest = [parabola.lowest for parabola in fit_iso_flop(ladder()).parabolas.values()]
    assert lowest == sorted(lowest, reverse=True)
    assert all(np.mean(run.training_losses) < run.loss for run in RUNS if run.epochs > 4)


def test_a_broken_training_does_not_become_a_row(monkeypatch):
    class Stopped:
        interrupted = True

    monkeypatch.setattr(command, "train", lambda *_: Stopped())
    with pytest.raises(KeyboardInterrupt):
        command.trained(10e9, 8, 0)


def test_the_file_is_small():
    assert len(json.dumps(MADE)) < 20_000


# What lesson 3 says of it


def words_of_the_lesson():
    cells = nbformat.read(ROOT / "notebooks" / "03_scaling.ipynb", as_version=4).cells
    return " ".join(cell.source for cell in cells if cell.id in ("scaling-79", "scaling-83"))


def test_the_lesson_says_what_was_measured():
    fit, said = fit_iso_flop(ladder()), words_of_the_lesson()
    sizes = [run.parameters for run in RUNS]
    fits = [fit_iso_flop(replace(ladder(), losses=np.array([run.losses[seed] for run in RUNS]))) for seed in range(3)]
    alone, by_formula = ([getattr(one, way).exponent for one in fits] for way in ("power", "loss"))
    apart = [np.ptp(run.losses) for run in RUNS]
    second = ladder().at(3e10)
    missed = fit.parabolas[3e10].loss(second.parameters[second.losses.argmin()]) - second.losses.min()
    first, last = ladder().budgets[0], ladder().budgets[-1]
    near = [run for run in RUNS if run.flop == last and run.hidden in (48, 64)]
    assert near[0].parameters < fit.best(last) < near[1].parameters
    read = [fit.spent[flop] / 6 / fit.best(flop) ** 2 for flop in ladder().budgets]
    known_better = np.mean([run.loss - np.mean(run.training_losses) for run in near])
    shares = [100 * (97 + 64) * run.hidden / run.parameters for run in (RUNS[0], RUNS[-1])]
    for words in (
        f"{min(sizes) / 1e3:.0f} k to {max(sizes) / 1e3:.0f} k parameters",
        f"{fit.best(last) / 1e3:.0f} k: by parabolas the best size grew as $C^{{{fit.power.exponent:.2f}}}$",
        f"by the loss formula as $C^{{{fit.loss.exponent:.2f}}}$",
        f"read {min(read):.0f} to {max(read):.0f} characters a parameter",
        f"the losses of one model lie {np.mean(apart):.2f} nats apart on average, up to {max(apart):.2f}",
        f"the exponents are {min(alone):.2f} to {max(alone):.2f} by parabolas",
        f"{min(by_formula):.2f} to {max(by_formula):.2f} by the formula",
        f"the parabola misses the best model by {missed:.2f} nats",
        f"the best model, at {min(run.loss for run in RUNS if run.flop == first):.2f} nats",
        f"{near[1].epochs:.0f} to {near[0].epochs:.0f} times, and know it {known_better:.1f} nats better",
        f"{shares[0]:.0f} % of the smallest model, {shares[1]:.0f} % of the largest",
    ):
        assert words in said, words


def test_a_table_of_which_character_follows_which_is_as_good_as_the_best_model_of_the_smallest_budget():
    training, held_out = split(encode(lessons_text()))
    follows = np.full((97, 97), 0.1)
    np.add.at(follows, (training[:-1], training[1:]), 1)
    follows /= follows.sum(axis=1, keepdims=True)
    table = -np.log(follows[held_out[:-1], held_out[1:]]).mean()
    assert table == pytest.approx(min(run.loss for run in RUNS if run.flop == ladder().budgets[0]), abs=0.02)
