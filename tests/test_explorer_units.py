import re
from itertools import pairwise

import ipywidgets as widgets
import pytest
from explorer_parts import misplaced, texts
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import catalog
from course_lib.compute_cost import training_flop
from course_lib.explorers.units.explorer import UnitConverter
from course_lib.explorers.units.picture import JUMPS, ROWS, RULER, UnitPicture
from course_lib.explorers.units.view import (
    EXAMPLES,
    OTHER,
    OWN,
    UNITS,
    accelerator_called,
    accelerator_values,
    kinds,
    landmarks,
    preset_values,
    unit_view,
)
from course_lib.units import (
    PFLOP_DAY,
    Compute,
    GpuHours,
    Rate,
    convert_compute,
    flop_from_gpu_hours,
    format_number,
    gpu_hours,
    parse_quantity,
)

DEFAULT = {"quantity": "3.14e23 FLOP", "accelerator": "A100 80GB", "peak": "312 TFLOP/s", "utilization": 0.4}
CHIPS = list(catalog.accelerators().values())
RUNS = list(catalog.training_runs().values())

quick = settings(deadline=None, max_examples=50)


@pytest.fixture(scope="module")
def made():
    explorer = UnitConverter()
    yield explorer
    explorer.close()


@pytest.fixture
def explorer(made):
    made.set(preset=OWN)
    made.set(**DEFAULT)
    return made


# An amount of compute


@quick
@given(st.floats(1e3, 1e29), st.floats(1e9, 1e20), st.floats(0.01, 1))
def test_an_amount_is_said_in_every_unit_and_in_the_hours_of_every_accelerator(flop, peak, utilization):
    view = unit_view(f"{flop!r} FLOP", OTHER, f"{peak!r} FLOP/s", utilization)
    assert view.quantity == Compute(view.flop)
    assert view.flop == flop
    assert view.in_units == {unit: convert_compute(flop, "FLOP", unit) for unit in UNITS}
    assert (view.advertised, view.achieved) == (peak, pytest.approx(peak * utilization))
    assert view.hours == pytest.approx(gpu_hours(flop, peak * utilization))
    by_name = {name: hours for kind, hours in view.hours_by_kind.items() for name in kind.split(", ")}
    assert by_name == {
        chip.name: pytest.approx(gpu_hours(flop, chip.fp16_bf16_flop_per_second * utilization)) for chip in CHIPS
    }


def test_the_answer_for_gpt3_says_brown_s_pflop_days():
    view = unit_view(**DEFAULT | {"quantity": "3.1428e23 FLOP"})
    assert view.sentence == "3.14e23 FLOP = 3,640 PFLOP-days: 700,000 A100 80GB-hours at 40 % of 312 TFLOP/s."
    assert dict(view.facts) == {
        "Cost": "3.14e23 FLOP",
        "In PFLOP-days": "3,640",
        "Ruler": "at GPT-3 175B",
        "Advertised rate": "312 TFLOP/s",
        "Achieved rate": "124.8 TFLOP/s, 40 %",
        "Time on one": "79.8 years",
        "GPU-hours": "700,000",
        "Reported": "none",
        "Utilisation in them": "none",
    }


def test_one_of_a_unit_is_written_in_the_singular():
    view = unit_view("1 PFLOP-day", OTHER, "1 PFLOP/s", 1.0)
    assert view.sentence == "8.64e19 FLOP = 1 PFLOP-day: 24 accelerator-hours at 100 % of 1 PFLOP/s."
    assert dict(view.facts)["Time on one"] == "1 day"
    assert unit_view(**DEFAULT | {"quantity": "1 A100-hour"}).sentence.startswith("1 A100-hour at 40 % of 312 TFLOP/s")


# A rate


@quick
@given(st.floats(1e9, 1e20), st.floats(0.01, 1))
def test_a_rate_is_shown_as_what_it_does_in_a_day_and_from_a_second_to_a_year(rate, utilization):
    view = unit_view(f"{rate!r} FLOP/s", "V100", "125 TFLOP/s", utilization)
    assert view.quantity == Rate(rate)
    assert view.advertised == rate
    assert view.flop == pytest.approx(rate * utilization * 86400)
    assert view.hours == pytest.approx(24)
    assert view.span == pytest.approx((rate * utilization, rate * utilization * 365.25 * 86400))


def test_the_answer_for_a_rate_says_what_makes_it_a_cost():
    view = unit_view(**DEFAULT | {"quantity": "312 TFLOP/s"})
    assert view.sentence == "312 TFLOP/s is a rate, not a cost: one day of it at 40 % is 0.125 PFLOP-days."
    assert (
        dict(view.facts).items()
        >= {
            "One day of it": "1.08e19 FLOP",
            "Achieved rate": "124.8 TFLOP/s, 40 %",
            "In a second": "1.25e14 FLOP",
            "In an hour": "4.49e17 FLOP",
        }.items()
    )


# GPU-hours


def test_hours_of_a_named_gpu_use_its_rate_and_hours_of_any_gpu_use_the_chosen_one():
    named = unit_view(**DEFAULT | {"quantity": "30.84M H100-hours"})
    assert named.quantity == GpuHours(30.84e6, "H100")
    assert (named.accelerator, named.advertised) == ("H100 SXM", 989.5e12)
    assert named.flop == pytest.approx(flop_from_gpu_hours(30.84e6, 0.4 * 989.5e12))
    unnamed = unit_view(**DEFAULT | {"quantity": "30.84M GPU-hours"})
    assert unnamed.flop == pytest.approx(flop_from_gpu_hours(30.84e6, 0.4 * 312e12))
    assert named.flop / unnamed.flop == pytest.approx(989.5 / 312)


def test_the_answer_for_hours_says_the_model_and_the_utilisation_that_make_them_a_cost():
    view = unit_view(**DEFAULT | {"quantity": "1,022,362 A100 80GB-hours", "utilization": 0.48})
    assert view.sentence == ("1,020,000 A100 80GB-hours at 48 % of 312 TFLOP/s: 5.51e23 FLOP = 6,380 PFLOP-days.")
    assert dict(view.facts)["Ruler"] == "1.75 × GPT-3 175B"
    assert dict(view.facts)["Achieved rate"] == "149.8 TFLOP/s, 48 %"


@pytest.mark.parametrize("chip", CHIPS, ids=lambda chip: chip.name)
def test_each_accelerator_is_found_by_its_name_in_any_spelling(chip):
    assert accelerator_called(chip.name) == (chip.name, chip.fp16_bf16_flop_per_second)
    assert accelerator_called(chip.name.lower().replace(" ", "-")) == (chip.name, chip.fp16_bf16_flop_per_second)


def test_a_short_name_will_do_where_it_says_the_rate():
    assert accelerator_called("A100") == ("A100", 312e12)
    assert accelerator_called("h100") == ("H100 SXM", 989.5e12)


@pytest.mark.parametrize(("name", "several"), [("RTX", "RTX 3090, RTX 4090"), ("TPU", "TPU v3, TPU v4, TPU v5e")])
def test_a_name_of_accelerators_with_different_rates_is_refused(name, several):
    with pytest.raises(ValueError, match=f"'{name}' stands for accelerators of different rates: {several}"):
        unit_view(**DEFAULT | {"quantity": f"5 {name}-hours"})


def test_an_unknown_gpu_is_refused_with_what_is_accepted():
    with pytest.raises(ValueError, match=r"accelerator 'H1000' is unknown; did you mean .*'H100 SXM'.*accepted"):
        unit_view(**DEFAULT | {"quantity": "5 H1000-hours"})


# What is refused


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"quantity": "312 TFLOPS"}, "Quantity '312 TFLOPS' can be read in two ways"),
        ({"quantity": "3.14e23"}, r"Quantity '3\.14e23' has no unit"),
        ({"quantity": "0.1 FLOP"}, "The cost must lie between 1 FLOP and 1.00e30 FLOP; '0.1 FLOP' is 0.1 FLOP"),
        ({"quantity": "1e31 FLOP"}, "The cost must lie between"),
        ({"quantity": "1 FLOP/s"}, "The rate must lie between 1 MFLOP/s and 1,000 ZFLOP/s; got 1 FLOP/s"),
        ({"peak": "312 TFLOP"}, "Advertised rate '312 TFLOP' is not a rate"),
        ({"peak": "24 A100-hours"}, "Advertised rate '24 A100-hours' is not a rate"),
        ({"peak": "fast"}, "Advertised rate 'fast' does not begin with a positive number"),
        ({"utilization": 40}, r"utilization must lie in \(0, 1\]; got 40"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_in_words(changed, message):
    with pytest.raises(ValueError, match=message):
        unit_view(**DEFAULT | changed)


# The ruler


def test_the_landmarks_are_published_costs_in_order():
    marks = landmarks()
    assert list(marks.values()) == sorted(marks.values())
    assert marks["laptop-second"] == 1e11
    assert marks["PFLOP-day"] == PFLOP_DAY
    assert marks["A100-hour (peak)"] == 312e12 * 3600
    # Brown et al. 2020, Table D.1; Hoffmann et al. 2022; Chowdhery et al. 2022; Llama Team 2024.
    for name, reported in {"GPT-3": 3.14e23, "Chinchilla": 5.76e23, "PaLM": 2.527e24, "Llama 3.1": 3.8e25}.items():
        assert next(flop for mark, flop in marks.items() if name in mark) == pytest.approx(reported, rel=0.03)


def test_the_ruler_ends_at_the_largest_run_of_the_catalog():
    largest = max(RUNS, key=lambda run: run.parameters * run.tokens)
    assert list(landmarks())[-1] == largest.name
    assert RULER[0] < landmarks()["laptop-second"] < landmarks()[largest.name] < RULER[1]


@pytest.mark.parametrize(
    ("quantity", "place"),
    [
        ("1 GFLOP", "below laptop-second"),
        ("1e11 FLOP", "at laptop-second"),
        ("1 TFLOP", "10 × laptop-second"),
        ("1e24 FLOP", "1.7 × Chinchilla 70B"),
        ("3.8e26 FLOP", "10 × Llama 3.1 405B"),
    ],
)
def test_a_fact_says_where_on_the_ruler_a_cost_lies(quantity, place):
    assert ("Ruler", place) in unit_view(**DEFAULT | {"quantity": quantity}).facts


@pytest.mark.parametrize(
    "quantity", ["3.14e23 FLOP", "312 TFLOP/s", "1e11 FLOP", "9e29 FLOP", "1 FLOP", "123.456 MFLOP/s", "9e23 FLOP/s"]
)
def test_no_label_of_the_picture_covers_another(explorer, quantity):
    explorer.set(quantity=quantity, peak="623.45 TFLOP/s")
    assert len(texts(explorer)) > 60
    assert misplaced(explorer.svg) == []


# Presets


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_a_run_s_preset_is_its_cost_and_says_which_utilisation_its_hours_stand_for(run, explorer):
    explorer.set(preset=run.name)
    cost = training_flop(run.parameters, run.tokens)
    assert parse_quantity(explorer.values()["quantity"]).flop == pytest.approx(cost, rel=1e-3)
    assert explorer.values() == DEFAULT | {"preset": run.name} | preset_values(run.name)
    assert explorer.sentence == unit_view(**explorer.values()).sentence
    reported = dict(explorer.facts)
    if run.accelerator_hours:
        peak = catalog.accelerator(run.accelerator).fp16_bf16_flop_per_second
        share = round(100 * cost / (run.accelerator_hours * 3600 * peak))
        assert reported["Reported"] == f"{run.accelerator_hours:,.0f} {run.accelerator}-hours"
        assert reported["Utilisation in them"] == f"{share} %"
    else:
        assert reported["Reported"] == reported["Utilisation in them"] == "not reported"


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_shown(name, explorer):
    explorer.set(preset=name)
    assert explorer.values()["quantity"] == EXAMPLES[name]
    assert explorer.sentence == unit_view(**explorer.values()).sentence


def test_typing_a_quantity_leaves_the_preset_and_the_accelerator_keeps_it(explorer):
    explorer.set(preset="LLaMA 65B")
    explorer.controls["accelerator"].value = "H100 SXM"
    explorer.controls["utilization"].value = 0.48
    assert explorer.values()["preset"] == "LLaMA 65B"
    explorer.controls["quantity"].value = "1 PFLOP-day"
    assert explorer.values()["preset"] == OWN
    assert dict(explorer.facts)["Reported"] == "none"


@pytest.mark.parametrize("chip", CHIPS, ids=lambda chip: chip.name)
def test_an_accelerator_brings_its_advertised_rate_with_all_its_digits(chip, explorer):
    explorer.set(accelerator=chip.name)
    assert parse_quantity(explorer.values()["peak"]) == Rate(pytest.approx(chip.fp16_bf16_flop_per_second, rel=1e-12))
    assert f" {chip.name}-hours at 40 % of " in explorer.sentence
    assert accelerator_values(chip.name) == {"peak": explorer.values()["peak"]}


def test_typing_another_advertised_rate_leaves_the_accelerator_s_name(explorer):
    explorer.controls["peak"].value = "624 TFLOP/s"
    assert explorer.values()["accelerator"] == OTHER
    assert explorer.sentence.endswith(" accelerator-hours at 40 % of 624 TFLOP/s.")
    assert dict(explorer.facts)["Achieved rate"] == "249.6 TFLOP/s, 40 %"
    explorer.controls["accelerator"].value = "V100"
    assert explorer.values()["peak"] == "125 TFLOP/s"


# The widget


def test_a_new_converter_shows_gpt3_s_cost():
    explorer = UnitConverter()
    assert explorer.values() == DEFAULT | {"preset": OWN}
    assert explorer.sentence == unit_view(**DEFAULT).sentence
    explorer.close()


def test_the_picture_writes_the_view_s_numbers(explorer):
    view = unit_view(**DEFAULT)
    written = texts(explorer)
    for unit in UNITS:
        assert unit in written
        assert format_number(view.in_units[unit]) in written
    for kind, hours in view.hours_by_kind.items():
        assert kind in written
        assert f"{format_number(hours)} h" in written
    for text in (
        "yours: 3.14e23 FLOP",
        "advertised: 312 TFLOP/s",
        "achieved at 40 %: 124.8 TFLOP/s",
        "GPU-hours, all at 40 %",
    ):
        assert text in written


def test_each_accelerator_of_the_catalog_has_its_bar_in_proportion_to_its_hours(explorer):
    assert sorted(name for kind in kinds() for name in kind.split(", ")) == sorted(catalog.accelerators())
    hours = list(unit_view(**DEFAULT).hours_by_kind.values())
    for bar, needed in zip(explorer.picture.bars, hours, strict=True):
        assert bar.get_width() / explorer.picture.longest == pytest.approx(needed / hours[0])


@pytest.mark.parametrize("name", [*kinds(), OTHER])
def test_the_chosen_accelerator_s_row_is_marked_in_bold_and_by_its_bar(name, explorer):
    explorer.set(**{"peak": "100 TFLOP/s"} if name == OTHER else {"accelerator": name.split(", ")[0]})
    picture = explorer.picture
    assert [kind for kind, label in picture.hours.items() if label.bold] == [name]
    row = list(picture.hours).index(name)
    assert picture.chosen.get_y() == picture.rows[row]
    assert ("this rate" in texts(explorer)) == (name == OTHER)


def test_the_marker_stands_at_the_cost_and_stays_on_the_ruler(explorer):
    for quantity, place, text in (
        ("1e20 FLOP", 1e20, "yours: 1.00e20 FLOP"),
        ("1 FLOP", RULER[0], "yours: 1 FLOP, off the ruler"),
        ("1e30 FLOP", RULER[1], "yours: 1.00e30 FLOP, off the ruler"),
    ):
        explorer.set(quantity=quantity)
        assert list(explorer.picture.own.get_xdata()) == [place]
        assert text in texts(explorer)


def test_a_rate_is_drawn_as_a_span_of_times_and_an_amount_is_not(explorer):
    assert len(explorer.picture.span.get_xdata()) == 0
    explorer.set(quantity="312 TFLOP/s")
    assert list(explorer.picture.span.get_xdata()) == pytest.approx([0.4 * 312e12, 0.4 * 312e12 * 365.25 * 86400])
    assert {"one day: 1.08e19 FLOP", "One day of it in every unit"} <= set(texts(explorer))


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("quantity", "312 TFLOPS", "Quantity '312 TFLOPS' can be read in two ways"),
        ("quantity", "0.1 FLOP", "The cost must lie between 1 FLOP and 1.00e30 FLOP"),
        ("quantity", "5 H1000-hours", "accelerator 'H1000' is unknown"),
        ("peak", "312 TFLOP", "Advertised rate '312 TFLOP' is not a rate"),
        ("peak", "1 FLOP/s", "The rate must lie between"),
    ],
)
def test_what_cannot_be_read_is_said_at_its_own_field(name, text, problem, explorer):
    explorer.controls[name].value = text
    assert explorer.controls[name].problem.startswith(problem)
    assert [one for one, control in explorer.controls.items() if getattr(control, "problem", "")] == [name]
    assert explorer.sentence == f"Not drawn: {explorer.controls[name].problem}"


@pytest.mark.parametrize(
    ("quantity", "idle"),
    [
        ("3.14e23 FLOP", {}),
        ("24 GPU-hours", {}),
        ("24 A100-hours", {"accelerator": "no effect: GPU named", "peak": "no effect: GPU named"}),
        ("312 TFLOP/s", {"accelerator": "no effect: a rate", "peak": "no effect: a rate"}),
    ],
)
def test_a_quantity_with_a_rate_of_its_own_leaves_the_hardware_without_effect(quantity, idle, explorer):
    explorer.set(quantity=quantity)
    assert explorer.idle(explorer.shown) == idle


@pytest.mark.parametrize(
    ("typed", "unit"),
    [
        ("3.14e23 FLOP", "FLOP"), ("3,640 PFLOP-days", "PFLOP-days"), ("1 PFLOP-day", "PFLOP-days"),
        ("30.84M H100-hours", "H100-hours"), ("312 TFLOP/s", "TFLOP/s"), (".5 EFLOP", "EFLOP"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("width", [230, 500, 1000])
def test_dragging_brings_the_quantity_to_the_pointer_as_a_round_number_in_its_unit(typed, unit, width, explorer):
    explorer.fit(width)
    explorer.set(quantity=typed)
    for share in (0.3, 0.55, 0.8):
        explorer.drag(share)
        wanted = explorer.picture.flop_at(share)
        assert explorer.shown.flop == pytest.approx(wanted, rel=0.06)
        number, written = explorer.values()["quantity"].split(" ", 1)
        assert written == unit
        assert len(re.sub(r"e.*|[,.]", "", number).strip("0")) <= 2
        (x,) = explorer.picture.own.get_xdata()
        axes = explorer.picture.own.axes
        seen = axes.transData.transform((x, 0))[0] / explorer.figure.bbox.width
        assert seen == pytest.approx(share, abs=0.004)
    explorer.fit(1000)


def test_a_drag_leaves_the_preset_and_does_nothing_to_a_refused_text(explorer):
    explorer.set(preset="GPT-3 175B")
    explorer.drag(0.5)
    assert explorer.values()["preset"] == OWN
    explorer.controls["quantity"].value = "nonsense"
    explorer.drag(0.6)
    assert explorer.values()["quantity"] == "nonsense"


def test_the_grip_lies_around_the_ruler(explorer):
    left, low, wide, high = explorer.picture.grip
    axes = explorer.picture.own.axes
    place = axes.transData.transform((1e18, explorer.picture.line + 3.5))[1] / explorer.figure.bbox.height
    assert (left, wide) == (0, 1)
    assert low < place < low + high


@pytest.mark.parametrize("width", range(200, 721, 40))
def test_the_names_of_the_landmarks_have_their_rows_and_the_jumps_their_marks(width):
    picture = UnitPicture(width=width)
    assert picture.rows_of_names <= ROWS[picture.layout]
    assert [after / before for before, after in pairwise(JUMPS)] == pytest.approx([1000] * 6)
    assert (min(JUMPS), max(JUMPS)) == RULER


def test_a_refused_text_dims_the_picture_and_the_next_good_one_brings_it_back(explorer):
    explorer.controls["quantity"].value = "312 TFLOPS"
    assert explorer.sentence.startswith("Not drawn: Quantity '312 TFLOPS' can be read in two ways")
    explorer.controls["quantity"].value = "312 TFLOP/s"
    assert explorer.sentence.startswith("312 TFLOP/s is a rate, not a cost")


def test_what_is_typed_is_escaped(explorer):
    explorer.controls["quantity"].value = "<b>5</b> FLOP"
    shown = "".join(part.value for part in explorer.children if isinstance(part, widgets.HTML))
    assert "&lt;b&gt;5&lt;/b&gt; FLOP" in shown
    assert "<b>" not in shown
