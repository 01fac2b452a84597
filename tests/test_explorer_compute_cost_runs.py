"""Every published run beside the rule: all are there, each is named, and each outlier has its reason in its row."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest
from explorer_parts import misplaced, without_salt

from course_lib import catalog
from course_lib.explorers.compute_cost import RunHoursPicture, run_hours_view
from course_lib.explorers.compute_cost.runs_picture import HOURS

# 6PD / (0.40 x peak) in hours, by hand: 6 x 65.2e9 x 1.4e12 / (0.4 x 312e12 x 3600), and so on.
BY_HAND = {
    "LLaMA 65B": 1_219_017,
    "Gopher 280B": 2_845_528,
    "Llama 3.1 405B": 26_660_405,
    "DeepSeek-V3 (37B active)": 2_305_878,
}


@pytest.fixture(scope="module")
def view():
    return run_hours_view()


def test_every_run_of_the_catalog_is_shown_or_named_as_one_without_hours(view):
    shown = {run.name for run in view.runs}
    assert shown | {*view.without_hours} == {*catalog.training_runs()}
    assert view.without_hours == ("GPT-3 175B", "Chinchilla 70B")
    assert not shown & {*view.without_hours}


def test_a_prediction_is_6pd_at_40_per_cent_of_the_peak(view):
    predicted = {run.name: run.predicted for run in view.runs}
    for name, hours in BY_HAND.items():
        assert predicted[name] == pytest.approx(hours, rel=1e-6)
    for run in view.runs:
        assert run.times == pytest.approx(run.mfu / 0.40)
        assert run.reported == catalog.training_run(run.name).accelerator_hours


def test_an_outlier_is_more_than_a_factor_off_and_its_row_and_no_other_says_why(view):
    far = {run.name for run in view.runs if run.predicted < 0.8 * run.reported or run.predicted > 1.25 * run.reported}
    assert {run.name for run in view.outliers} == far
    assert {run.name for run in catalog.training_runs().values() if run.hours_remark} == far
    for run in view.outliers:
        assert run.why == catalog.training_run(run.name).hours_remark


def test_the_words_have_each_run_with_both_numbers(view):
    words = RunHoursPicture().still(view).words
    assert "11 of 21 published runs" in view.sentence
    assert len(view.sentence.split()) <= 20
    for run in view.runs:
        assert f"{run.name}: " in words
    assert "LLaMA 65B: 1,220,000 h predicted, 1,020,000 h reported: 1.19 times, MFU 48 %" in words
    assert "No hours reported: GPT-3 175B, Chinchilla 70B" in words


def test_every_run_has_its_mark_and_its_name_and_no_name_lies_on_another(view):
    picture = RunHoursPicture()
    svg = picture.still(view).svg
    assert misplaced(svg) == []
    texts = ["".join(text.itertext()) for text in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert {run.name for run in view.runs} <= {*texts}
    assert any("GPT-3 175B, Chinchilla 70B" in text for text in texts)
    marks = {pair for line in (picture.near, picture.far) for pair in zip(*line.get_data(), strict=True)}
    assert marks == {(run.reported, run.predicted) for run in view.runs}
    assert {*zip(*picture.far.get_data(), strict=True)} == {(run.reported, run.predicted) for run in view.outliers}
    assert all(HOURS[0] < hours < HOURS[1] for run in view.runs for hours in (run.reported, run.predicted))


def test_a_name_stands_beside_its_own_mark_or_has_a_line_to_it(view):
    picture = RunHoursPicture()
    picture.svg(view)
    marks = {run.name: np.log10([run.reported, run.predicted]) for run in view.runs}
    lines = np.log10(np.transpose(picture.leaders.get_data())).reshape(-1, 3, 2)
    assert len(lines)
    for label in picture.made:
        name = np.log10([label.x, label.y])
        begins = next((mark for mark, end, _ in lines if np.hypot(*(end - name)) < 0.15), name)
        assert min(marks, key=lambda run: np.hypot(*(marks[run] - begins))) == label.text


def test_the_picture_is_the_same_each_time(view):
    one, other = (RunHoursPicture().still(view).svg for _ in range(2))
    assert without_salt(one) == without_salt(other)
