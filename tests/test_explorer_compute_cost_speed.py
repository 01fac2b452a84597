"""What a machine reaches and how its training goes: live the learner's own, in a saved notebook the course's."""

from __future__ import annotations

import html
from dataclasses import replace

import pytest
from explorer_parts import misplaced, without_salt

from course_lib.explorers.compute_cost import (
    LiveSpeed,
    LiveTraining,
    SpeedPicture,
    TrainingPicture,
    speed_view,
    training_view,
)
from course_lib.tiny_transformer import Machine
from course_lib.tiny_transformer.stopwatch import SIZES, reference

BROWSER = Machine({16: 1.5e8, 32: 6e8, 64: 9e8, 128: 1e9}, training=2.5e8)
SERVER = Machine({size: 5e9 * size for size in SIZES}, training=1e11)
COURSE, RUN = reference()
RUNS = {
    "not begun": replace(RUN, losses=(), seconds=0.0, over=False),
    "a first step": replace(RUN, losses=RUN.losses[:1], seconds=0.01, over=False),
    "on its way": replace(RUN, losses=RUN.losses[:240], seconds=3.4, over=False),
    "stopped": replace(RUN, losses=RUN.losses[:240], seconds=3.4),
    "done": RUN,
    "far too slow": replace(RUN, seconds=5 * RUN.predicted),
    "far too quick": replace(RUN, seconds=RUN.predicted / 10),
    "so slow that it is short": replace(
        RUN, settings=replace(RUN.settings, steps=20), losses=RUN.losses[:20], rates=(1e7,), seconds=700.0
    ),
}
every_run = pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)


@pytest.mark.parametrize("machine", [None, BROWSER, SERVER])
def test_a_machines_rates_are_said_and_drawn_legibly(machine):
    view = speed_view(machine)
    shown = machine or COURSE
    assert len(view.sentence.split()) <= 20
    assert f"a utilisation of {100 * shown.training / max(shown.products.values()):.0f} %." in view.sentence
    assert view.sentence.startswith("Your machine" if machine else "The course's machine")
    assert misplaced(SpeedPicture().still(view).svg) == []
    assert len(view.facts) == len(COURSE.products) + 1 + (len(machine.products) + 1 if machine else 0)


def test_a_machines_products_stand_where_they_belong():
    picture = SpeedPicture()
    picture.svg(speed_view(BROWSER))
    products, training = picture.lines["own"]
    assert dict(zip(*products.get_data(), strict=True)) == BROWSER.products
    assert {*training.get_ydata()} == {BROWSER.training}
    picture.svg(speed_view())
    assert not len(products.get_xdata())
    assert not len(training.get_xdata())


@every_run
def test_a_training_is_said_and_drawn_legibly_at_every_moment(run):
    view = training_view(run)
    assert len(view.sentence.split()) <= 20
    assert f"{len(run.losses)} " in view.sentence
    assert misplaced(TrainingPicture().still(view).svg) == []
    assert all(name and value for name, value in view.facts)


def test_the_sentence_tells_apart_what_runs_what_was_stopped_and_what_is_done():
    said = {name: training_view(run).sentence for name, run in RUNS.items()}
    assert said["not begun"] == "0 of 600 steps in 0 s; predicted 6.89 s for all."
    assert said["on its way"] == "240 of 600 steps in 3.4 s; predicted 6.89 s for all."
    assert said["stopped"] == "Stopped after 240 of 600 steps: 3.4 s, predicted 2.75 s for these."
    assert said["done"] == "Your machine needed 6.98 s for 600 steps, predicted 6.89 s: 1.01 times."
    assert training_view().sentence.startswith("The course's machine needed 6.98 s")


@every_run
def test_the_bars_are_the_seconds_in_times_of_the_prediction(run):
    picture = TrainingPicture()
    picture.svg(training_view(run))
    predicted, took = (bar.get_width() for bar in picture.bars)
    assert predicted == 1
    assert took == pytest.approx(min(run.seconds / run.predicted, picture.END))
    assert len(picture.curves[1].get_xdata()) == len(run.losses) // 10


def test_a_saved_notebook_has_the_same_whatever_was_measured():
    bundles = [LiveSpeed(machine)._repr_mimebundle_() for machine in (BROWSER, SERVER)]
    one, other = ({mime: without_salt(bundle[mime]) for mime in ("image/svg+xml", "text/plain")} for bundle in bundles)
    assert one == other
    assert speed_view().sentence in one["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in bundles[0]


def test_a_page_shows_ones_own_and_a_saved_notebook_never_does():
    live = LiveSpeed(BROWSER)
    assert speed_view(BROWSER).sentence in live.value
    seen = LiveTraining()
    before = seen._repr_mimebundle_()
    assert html.escape(training_view().sentence) in seen.value
    for run in RUNS.values():
        seen.show(run)
        assert f'aria-label="{training_view(run).sentence}"' in seen.value
        after = seen._repr_mimebundle_()
        assert {mime: after[mime] for mime in ("image/svg+xml", "text/plain")} == {
            mime: before[mime] for mime in ("image/svg+xml", "text/plain")
        }
