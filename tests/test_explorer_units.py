import ipywidgets as widgets
import pytest
from explorer_parts import misplaced, texts
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import catalog
from course_lib.compute_cost import training_flop
from course_lib.explorers.units.explorer import UnitConverter
from course_lib.explorers.units.picture import RULER
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


def test_the_sentence_of_gpt3_says_brown_s_pflop_days():
    assert unit_view(**DEFAULT | {"quantity": "3.1428e23 FLOP"}).sentence == (
        "3.14e23 FLOP = 3,640 PFLOP-days. On the ruler: at GPT-3 175B. One A100 80GB achieves 124.8 TFLOP/s, 40 % of "
        "the advertised 312 TFLOP/s: this cost is 700,000 A100 80GB-hours, or 79.8 years on one."
    )


def test_one_of_a_unit_is_written_in_the_singular():
    sentence = unit_view("1 PFLOP-day", OTHER, "1 PFLOP/s", 1.0).sentence
    assert sentence.startswith("8.64e19 FLOP = 1 PFLOP-day. On the ruler: at PFLOP-day. One accelerator achieves 1 PF")
    assert sentence.endswith("this cost is 24 accelerator-hours, or 1 day on one.")
    assert unit_view(**DEFAULT | {"quantity": "1 A100-hour"}).sentence.startswith("1 A100-hour at 124.8 TFLOP/s")


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


def test_the_sentence_of_a_rate_says_what_makes_it_a_cost():
    assert unit_view(**DEFAULT | {"quantity": "312 TFLOP/s"}).sentence == (
        "312 TFLOP/s is a rate, not a cost: it says how fast, not how much. Multiply it by a time: at 40 % utilisation "
        "it is 124.8 TFLOP/s, that is 1.25e14 FLOP in a second, 4.49e17 FLOP in an hour and 1.08e19 FLOP = "
        "0.125 PFLOP-days in a day. The picture shows that day."
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


def test_the_sentence_of_hours_says_what_makes_them_a_cost():
    assert unit_view(**DEFAULT | {"quantity": "1,022,362 A100 80GB-hours", "utilization": 0.48}).sentence == (
        "1,020,000 A100 80GB-hours at 149.8 TFLOP/s, 48 % of the advertised 312 TFLOP/s: 5.51e23 FLOP = 6,380 "
        "PFLOP-days. On the ruler: between GPT-3 175B and Chinchilla 70B. Hours are a cost only with both: the "
        "accelerator's model and its utilisation."
    )


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
        ("1 TFLOP", "between laptop-second and A100-hour (peak)"),
        ("1e24 FLOP", "between Chinchilla 70B and PaLM 540B"),
        ("3.8e26 FLOP", "10 times Llama 3.1 405B, its largest run"),
    ],
)
def test_the_sentence_says_where_on_the_ruler_a_cost_lies(quantity, place):
    assert f"On the ruler: {place}." in unit_view(**DEFAULT | {"quantity": quantity}).sentence


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
    if run.accelerator_hours:
        peak = catalog.accelerator(run.accelerator).fp16_bf16_flop_per_second
        share = round(100 * cost / (run.accelerator_hours * 3600 * peak))
        reported = f"{run.name} reported {run.accelerator_hours:,.0f} {run.accelerator}-hours: {share} % utilisation."
        assert explorer.sentence.endswith(reported)
    else:
        assert explorer.sentence.endswith(f"{run.name} did not report its hours.")


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
    assert "LLaMA" not in explorer.sentence.split("On the ruler")[0]


@pytest.mark.parametrize("chip", CHIPS, ids=lambda chip: chip.name)
def test_an_accelerator_brings_its_advertised_rate_with_all_its_digits(chip, explorer):
    explorer.set(accelerator=chip.name)
    assert parse_quantity(explorer.values()["peak"]) == Rate(pytest.approx(chip.fp16_bf16_flop_per_second, rel=1e-12))
    assert f"One {chip.name} achieves " in explorer.sentence
    assert accelerator_values(chip.name) == {"peak": explorer.values()["peak"]}


def test_typing_another_advertised_rate_leaves_the_accelerator_s_name(explorer):
    explorer.controls["peak"].value = "624 TFLOP/s"
    assert explorer.values()["accelerator"] == OTHER
    assert "One accelerator achieves 249.6 TFLOP/s, 40 % of the advertised 624 TFLOP/s" in explorer.sentence
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
        "A100 80GB: 312 TFLOP/s advertised,",
        "124.8 TFLOP/s achieved at 40 %",
        "GPU-hours for the same cost, all at 40 %",
    ):
        assert text in written


def test_each_accelerator_of_the_catalog_has_its_bar_in_proportion_to_its_hours(explorer):
    assert sorted(name for kind in kinds() for name in kind.split(", ")) == sorted(catalog.accelerators())
    hours = list(unit_view(**DEFAULT).hours_by_kind.values())
    for bar, needed in zip(explorer.picture.bars, hours, strict=True):
        assert bar.get_width() == pytest.approx(needed / hours[0])


@pytest.mark.parametrize("name", [*kinds(), OTHER])
def test_the_chosen_accelerator_s_row_is_marked_in_bold_and_by_its_bar(name, explorer):
    explorer.set(**{"peak": "100 TFLOP/s"} if name == OTHER else {"accelerator": name.split(", ")[0]})
    picture = explorer.picture
    assert [kind for kind, label in picture.hours.items() if label.bold] == [name]
    row = list(picture.hours).index(name)
    assert picture.chosen.get_y() + picture.chosen.get_height() / 2 == pytest.approx(row)
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
    assert {"one day of it: 1.08e19 FLOP", "One day of it in every unit"} <= set(texts(explorer))


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
