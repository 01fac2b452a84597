import re

import numpy as np
import pytest
from explorer_parts import text_boxes, texts
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex

from course_lib import catalog
from course_lib.compute_cost import (
    backward_flop,
    forward_flop,
    model_flop_utilization,
    throughput,
    training_flop,
    training_seconds,
)
from course_lib.explorers.compute_cost.explorer import (
    ACCELERATOR_RANGE,
    PARAMETER_RANGE,
    TOKEN_RANGE,
    ComputeCostExplorer,
)
from course_lib.explorers.compute_cost.picture import FAMILIES, NAMES, TIMES, ComputeCostPicture
from course_lib.explorers.compute_cost.view import OWN, apart, compute_cost_view, preset_values
from course_lib.explorers.picture import BLUE, GREEN, INK, MUTED, ORANGE, PURPLE, RED, SKY, YELLOW
from course_lib.units import convert_compute, format_number, format_seconds, gpu_hours, parse_count

RUNS = list(catalog.training_runs().values())
MODELS_ALONE = [model for name, model in catalog.models().items() if name not in catalog.training_runs()]
DEFAULT = {
    "parameters": 7e9,
    "tokens": 1e12,
    "accelerator": "A100 80GB",
    "num_accelerators": 128,
    "utilization": 0.4,
}

quick = settings(deadline=None, max_examples=50)
control_values = st.fixed_dictionaries(
    {
        "parameters": st.floats(*PARAMETER_RANGE),
        "tokens": st.floats(*TOKEN_RANGE),
        "accelerator": st.sampled_from(list(catalog.accelerators())),
        "num_accelerators": st.integers(*ACCELERATOR_RANGE),
        "utilization": st.floats(0.01, 1),
        "preset": st.sampled_from([OWN, *catalog.training_runs(), *catalog.models()]),
    }
)


@pytest.fixture(scope="module")
def made():
    explorer = ComputeCostExplorer()
    yield explorer
    explorer.close()


@pytest.fixture
def explorer(made):
    made.set(preset=OWN)
    made.set(**DEFAULT)
    return made


# The pure function


@quick
@given(control_values)
def test_the_view_says_what_compute_cost_and_units_compute(values):
    view = compute_cost_view(**values)
    p, d = values["parameters"], values["tokens"]
    peak = catalog.accelerator(values["accelerator"]).fp16_bf16_flop_per_second
    assert (view.parameters, view.tokens) == (p, d)
    assert (view.forward, view.backward, view.total) == (forward_flop(p, d), backward_flop(p, d), training_flop(p, d))
    assert view.pflop_days == convert_compute(view.total, "FLOP", "PFLOP-day")
    tau = throughput(values["num_accelerators"], peak, values["utilization"])
    assert view.throughput == tau
    assert view.seconds == training_seconds(view.total, tau)
    assert view.hours == pytest.approx(gpu_hours(view.total, values["utilization"] * peak))
    assert view.hours == pytest.approx(view.seconds / 3600 * values["num_accelerators"])


def test_the_answer_for_seven_billion_parameters_on_a_trillion_tokens():
    view = compute_cost_view(**DEFAULT)
    assert view.sentence == ("7 B parameters on 1 T tokens cost 4.20e22 FLOP: 30.4 days on 128 A100 80GB at 40 %.")
    assert dict(view.facts) == {
        "Parameters, tokens": "7 B, 1 T",
        "Forward 2PD": "1.40e22 FLOP",
        "Backward 4PD": "2.80e22 FLOP",
        "Cost in PFLOP-days": "486",
        "Advertised rate": "312 TFLOP/s each",
        "Throughput τ": "16 PFLOP/s",
        "Accelerator-hours": "93,500",
        "Reported hours": "none",
        "Estimate / reported": "none",
    }


def test_the_answer_for_a_run_compares_with_the_hours_that_it_reported():
    view = compute_cost_view(**DEFAULT | preset_values("LLaMA 65B"), preset="LLaMA 65B")
    assert (view.run, view.reported_hours) == ("LLaMA 65B", 1_022_362)
    assert view.ratio == pytest.approx(view.hours / 1_022_362)
    assert view.sentence == (
        "LLaMA 65B costs 5.48e23 FLOP: 24.8 days on 2,048 A100 80GB at 40 %, 1.19 times the reported hours."
    )
    assert view.facts[-2:] == (("Reported hours", "1,022,362"), ("Estimate / reported", "1.19 times"))


@pytest.mark.parametrize("name", ["GPT-3 175B", "Chinchilla 70B"])
def test_a_run_without_reported_hours_says_so_and_has_no_ratio(name):
    view = compute_cost_view(**DEFAULT | preset_values(name), preset=name)
    assert (view.run, view.reported_hours, view.ratio) == (name, None, None)
    assert view.sentence.startswith(f"{name} costs ")
    assert view.sentence.endswith(", hours not reported.")
    assert view.facts[-2:] == (("Reported hours", "not reported"), ("Estimate / reported", "none"))


@pytest.mark.parametrize("preset", [OWN, "GPT-2 XL", "no such preset"])
def test_what_is_no_run_is_compared_with_nothing(preset):
    view = compute_cost_view(**DEFAULT, preset=preset)
    assert (view.run, view.reported_hours, view.ratio) == (None, None, None)
    assert (view.sentence, view.facts) == (compute_cost_view(**DEFAULT).sentence, compute_cost_view(**DEFAULT).facts)


@pytest.mark.parametrize("run", [r for r in RUNS if r.accelerator_hours], ids=lambda r: r.name)
def test_at_the_implied_utilization_the_estimate_is_the_reported_hours(run):
    peak = catalog.accelerator(run.accelerator).fp16_bf16_flop_per_second
    cost = training_flop(run.parameters, run.tokens)
    share = model_flop_utilization(cost, run.accelerator_hours * 3600, 1, peak)
    view = compute_cost_view(**DEFAULT | preset_values(run.name) | {"utilization": share}, preset=run.name)
    assert view.ratio == pytest.approx(1)
    assert view.sentence.endswith(", 1.00 times the reported hours.")


def test_a_utilization_between_two_per_cents_is_not_rounded_in_the_sentence():
    assert compute_cost_view(**DEFAULT | {"utilization": 0.477}).sentence.endswith(" at 47.7 %.")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("parameters", -1, "parameters must be finite and not negative; got -1"),
        ("tokens", float("nan"), "tokens must be finite and not negative; got nan"),
        ("accelerator", "A100", r"accelerator 'A100' is unknown; did you mean .*'A100 80GB'"),
        ("num_accelerators", 0, "num_gpus must be positive and finite; got 0"),
        ("utilization", 40, r"utilization must lie in \(0, 1\]; got 40"),
    ],
)
def test_the_view_refuses_what_compute_cost_refuses(name, value, message):
    with pytest.raises(ValueError, match=message):
        compute_cost_view(**DEFAULT | {name: value})


# Presets


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_a_run_s_preset_gives_its_numbers_as_far_as_it_states_them(run, explorer):
    known = preset_values(run.name)
    assert (known["parameters"], known["tokens"]) == (run.parameters, run.tokens)
    assert known.get("accelerator") == (run.accelerator if run.accelerator in catalog.accelerators() else None)
    assert known.get("num_accelerators") == run.num_accelerators
    explorer.set(preset=run.name)
    assert explorer.values() == DEFAULT | known | {"preset": run.name}
    assert explorer.sentence == compute_cost_view(**explorer.values()).sentence
    assert run.name in explorer.sentence


@pytest.mark.parametrize("model", MODELS_ALONE, ids=lambda model: model.name)
def test_a_model_s_preset_gives_its_parameters_alone(model, explorer):
    assert preset_values(model.name) == {"parameters": model.parameters}
    explorer.set(preset=model.name)
    assert explorer.values() == DEFAULT | {"parameters": model.parameters, "preset": model.name}


def test_your_own_numbers_and_unknown_names_stand_for_nothing():
    assert preset_values(OWN) == preset_values("no such preset") == {}


def test_every_run_and_every_model_is_offered_once(explorer):
    options = explorer.controls["preset"].options
    assert options[0] == OWN
    assert len(set(options)) == len(options)
    assert set(options) == {OWN, *catalog.training_runs(), *catalog.models()}
    assert explorer.controls["accelerator"].options == tuple(catalog.accelerators())


def test_every_preset_lies_within_the_controls_ranges(explorer):
    for preset in explorer.controls["preset"].options:
        explorer.set(preset=preset)
        assert not explorer.sentence.startswith("Not drawn"), preset


@pytest.mark.parametrize(
    ("name", "value"), [("parameters", 7e9), ("tokens", 1e12), ("accelerator", "H100 SXM")], ids=str
)
def test_changing_one_of_a_run_s_own_numbers_leaves_its_preset(explorer, name, value):
    explorer.set(preset="LLaMA 65B")
    explorer.controls[name].value = value
    assert explorer.values()["preset"] == OWN
    assert explorer.values()[name] == value
    assert "LLaMA" not in explorer.sentence
    others = {key: number for key, number in preset_values("LLaMA 65B").items() if key != name}
    assert others.items() <= explorer.values().items()


@pytest.mark.parametrize(("name", "value"), [("num_accelerators", 512), ("utilization", 0.5)])
def test_changing_what_a_run_s_comparison_allows_keeps_its_preset(explorer, name, value):
    explorer.set(preset="LLaMA 65B")
    explorer.controls[name].value = value
    assert explorer.values()["preset"] == "LLaMA 65B"
    assert explorer.sentence.startswith("LLaMA 65B costs ")


def test_a_model_keeps_its_preset_while_tokens_and_accelerators_move_and_leaves_it_with_its_parameters(explorer):
    explorer.set(preset="GPT-2 XL")
    explorer.controls["tokens"].value = 3e11
    explorer.controls["accelerator"].value = "V100"
    assert explorer.values()["preset"] == "GPT-2 XL"
    explorer.controls["parameters"].text.value = "2B"
    assert explorer.values()["preset"] == OWN


def test_a_refused_text_keeps_the_preset_and_choosing_a_preset_takes_the_text_back(explorer):
    explorer.set(preset="LLaMA 65B")
    explorer.controls["parameters"].text.value = "many"
    assert explorer.sentence == "Not drawn: Parameters P: 1 M to 10 T; got 'many'"
    assert explorer.values()["preset"] == "LLaMA 65B"
    explorer.controls["preset"].value = "LLaMA 33B"
    assert explorer.controls["parameters"].text.value == "32.5 B"
    assert explorer.sentence == compute_cost_view(**explorer.values()).sentence


def test_choosing_a_preset_never_draws_a_half_changed_run(explorer, monkeypatch):
    drawn = []
    monkeypatch.setattr(explorer.picture, "draw", lambda view: drawn.append((view.run, view.parameters, view.tokens)))
    explorer.controls["preset"].value = "PaLM 540B"
    assert set(drawn) == {("PaLM 540B", 540.35e9, 780e9)}


# The widget


def test_a_new_explorer_shows_the_default_run():
    explorer = ComputeCostExplorer()
    assert explorer.values() == DEFAULT | {"preset": OWN}
    assert explorer.sentence == compute_cost_view(**DEFAULT).sentence
    explorer.close()


def test_an_unknown_accelerator_is_refused_with_what_is_accepted(explorer):
    with pytest.raises(ValueError, match=r"accelerator cannot be 'A100': .*; accepted: V100, T4, A100 40GB"):
        explorer.set(accelerator="A100")


def test_a_percentage_given_for_a_fraction_is_refused_in_the_sentence(explorer):
    explorer.set(utilization=40)
    assert explorer.sentence == "Not drawn: Utilisation (MFU): 1 % to 100 %; got 40"


def test_the_picture_writes_the_view_s_numbers(explorer):
    explorer.set(preset="LLaMA 65B")
    assert {
        *("C = 6PD = 5.48e23 FLOP", "1.83e23 FLOP", "3.65e23 FLOP", "Time: 24.8 days"),
        *("Accelerator-hours: 1,220,000", "1.19 times the reported 1,022,362"),
    } <= set(texts(explorer))


def test_estimate_and_reported_hours_are_told_apart_by_their_digits():
    view = compute_cost_view(**DEFAULT | preset_values("LLaMA 65B") | {"utilization": 0.48}, preset="LLaMA 65B")
    assert view.sentence.endswith(": 20.7 days on 2,048 A100 80GB at 48 %, 0.994 times the reported hours.")
    assert view.facts[-3:] == (
        ("Accelerator-hours", "1,016,000"),
        ("Reported hours", "1,022,362"),
        ("Estimate / reported", "0.994 times"),
    )


@quick
@given(st.floats(1, 1e8), st.floats(1, 1e8))
def test_two_hours_in_writing_differ_where_they_differ_in_five_digits(estimate, reported):
    written = apart(estimate, reported)
    assert parse_count(written) == pytest.approx(estimate, rel=0.0051)
    if abs(estimate / reported - 1) > 1e-5:
        assert written != format_number(reported, 7)


def lengths(picture):
    """Return how long each bar of time is, in shares of its axis."""
    return [bar.get_width() / picture.track for bar in picture.time_bars]


@quick
@given(st.floats(1e3, 6e8))
def test_half_the_time_is_half_the_bar_on_an_axis_that_never_changes(seconds):
    tau = throughput(128, 312e12, 0.4)
    share = {}
    for part in (1, 2):
        view = compute_cost_view(**DEFAULT | {"tokens": seconds * tau / (6 * 7e9) / part})
        PICTURE.svg(view)
        share[part] = lengths(PICTURE)
        for length, end in zip(share[part], TIMES.values(), strict=True):
            assert length == pytest.approx(min(view.seconds / end, 1))
    seen = [(twice, once) for twice, once in zip(share[1], share[2], strict=True) if twice < 1]
    assert seen
    for twice, once in seen:
        assert once == pytest.approx(twice / 2)


PICTURE = ComputeCostPicture()


@pytest.mark.parametrize(
    ("num_accelerators", "time", "row", "beyond"),
    [(1, "10.7 years", 0, 2), (128, "30.4 days", 1, 1), (8192, "11.4 h", 2, 0), (0.1, "107 years", 0, 3)],
)
def test_in_colour_is_the_shortest_axis_that_holds_the_time_and_what_goes_beyond_says_so(
    num_accelerators, time, row, beyond
):
    view = compute_cost_view(**DEFAULT | {"num_accelerators": num_accelerators})
    assert format_seconds(view.seconds) == time
    PICTURE.svg(view)
    red = [to_hex(bar.get_facecolor()).upper() == RED for bar in PICTURE.time_bars]
    assert red == [number == row for number in range(3)]
    assert len(PICTURE.beyond.get_xdata()) == beyond == sum(length == 1 for length in lengths(PICTURE))


def test_the_axes_of_time_are_named_at_their_ends(explorer):
    assert set(TIMES) <= set(texts(explorer))
    assert TIMES == {"20 years": 20 * 365.25 * 86400, "200 days": 200 * 86400, "48 hours": 48 * 3600}


def test_the_ratio_stands_on_a_linear_line_around_1(explorer):
    explorer.set(preset="LLaMA 65B")
    picture = explorer.picture
    assert list(picture.ratio.get_xdata()) == [compute_cost_view(**explorer.values()).ratio * picture.once]
    assert list(picture.off.get_xdata()) == [picture.once, *picture.ratio.get_xdata()]
    assert picture.ratio.axes.get_xscale() == "linear"
    assert {"0", "1", "2 times"} <= set(texts(explorer))
    explorer.set(utilization=0.05)
    assert (picture.ratio.get_xdata(), picture.ratio.get_marker()) == ([2 * picture.once], ">")
    explorer.set(preset="GPT-3 175B")
    assert len(picture.ratio.get_xdata()) == len(picture.off.get_xdata()) == 0
    assert "reported hours: not reported" in texts(explorer)
    explorer.set(preset=OWN)
    assert "no published run to compare with" in texts(explorer)


@pytest.mark.parametrize("width", [200, 240, 320, 420, 500, 620, 720])
def test_every_published_run_has_its_name_on_the_map_and_no_name_lies_on_a_dot(width):
    picture = ComputeCostPicture(width=width)
    boxes = text_boxes(picture.svg(compute_cost_view(**DEFAULT)))
    assert NAMES.keys() == catalog.training_runs().keys()
    assert sorted(box.text for box in boxes if box.text in NAMES.values()) == sorted(NAMES.values())
    for run in RUNS:
        x, y = picture.own.axes.transData.transform((run.parameters, run.tokens))
        for box in boxes:
            (left, top), (right, bottom) = box.corners.min(axis=0), box.corners.max(axis=0)
            on = left - 2 < x < right + 2 and top - 2 < picture.height - y < bottom + 2
            assert not on, f"{box.text!r} lies on the dot of {run.name}"


def test_runs_of_a_family_are_called_by_their_size_after_the_first():
    assert [NAMES[run] for run in FAMILIES["Llama 2"]] == ["Llama 2 7B", "13B", "70B"]


def test_your_run_is_marked_where_it_lies_and_the_chosen_one_is_ringed(explorer):
    assert [float(x) for x in (*explorer.picture.own.get_xdata(), *explorer.picture.own.get_ydata())] == [7e9, 1e12]
    assert len(explorer.picture.ring.get_xdata()) == 0
    explorer.set(preset="LLaMA 65B")
    assert (*explorer.picture.ring.get_xdata(), *explorer.picture.ring.get_ydata()) == (65.2e9, 1.4e12)
    assert explorer.picture.own.get_marker() == "D"
    assert "yours" in texts(explorer)


@pytest.mark.parametrize("corner", [(p, d) for p in PARAMETER_RANGE for d in TOKEN_RANGE])
def test_a_run_beyond_the_map_stays_in_sight_and_says_that_it_is_off_it(explorer, corner):
    explorer.set(parameters=corner[0], tokens=corner[1])
    axes = explorer.picture.own.axes
    (x,), (y,) = explorer.picture.own.get_data()
    assert axes.get_xlim()[0] < x < axes.get_xlim()[1]
    assert axes.get_ylim()[0] < y < axes.get_ylim()[1]
    assert explorer.picture.own.get_marker() == ("<" if corner[0] == PARAMETER_RANGE[0] else ">")
    assert "yours, off this map" in texts(explorer)
    explorer.fit(230)
    assert "off the map" in texts(explorer)
    explorer.fit(1000)


def test_every_published_run_lies_on_the_map(explorer):
    axes = explorer.picture.own.axes
    for run in RUNS:
        assert axes.get_xlim()[0] < run.parameters < axes.get_xlim()[1], run.name
        assert axes.get_ylim()[0] < run.tokens < axes.get_ylim()[1], run.name


@quick
@given(control_values)
def test_the_numbers_of_the_answer_are_the_numbers_of_the_view(values):
    view = compute_cost_view(**values | {"preset": OWN})
    facts, count = dict(view.facts), r"([\d.,e+-]+(?: [kMBT])?)"
    found = re.match(rf"{count} parameters on {count} tokens cost {count} FLOP: ", view.sentence)
    p, d, cost = found.groups()
    for text, value in (
        *((p, view.parameters), (d, view.tokens), (cost, view.total)),
        (facts["Cost in PFLOP-days"], view.pflop_days),
        (facts["Accelerator-hours"], view.hours),
        *(
            (facts[f"{part}PD"].removesuffix(" FLOP"), flop)
            for part, flop in (("Forward 2", view.forward), ("Backward 4", view.backward))
        ),
    ):
        assert parse_count(text) == pytest.approx(value, rel=0.0051)


def test_the_line_of_python_is_what_one_would_type(explorer):
    explorer.set(preset="LLaMA 65B", utilization=0.48)
    assert explorer.call == "ComputeCostExplorer(preset='LLaMA 65B', utilization=0.48)"
    explorer.set(preset=OWN)
    explorer.set(**DEFAULT | {"parameters": 65.2e9, "tokens": 2e12})
    assert explorer.call == "ComputeCostExplorer(parameters=65.2e9, tokens=2e12)"


# Colours


def linear_rgb(colour):
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(colour, other):
    """Return the contrast ratio of WCAG 2.2: 4.5 is asked of text, 3 of what must be told apart."""
    bright, dark = sorted((linear_rgb(c) @ [0.2126, 0.7152, 0.0722] for c in (colour, other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colour", [INK, MUTED])
def test_text_on_white_has_the_contrast_that_wcag_asks_for(colour):
    assert contrast(colour, "#FFFFFF") >= 4.5


@pytest.mark.parametrize("bar", [SKY, ORANGE])
def test_text_on_the_bars_of_cost_has_the_contrast_that_wcag_asks_for(bar):
    assert contrast("#000000", bar) >= 4.5


def test_the_palette_is_okabe_and_ito_s():
    # Okabe and Ito 2008, "Color Universal Design", as sRGB.
    palette = [ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PURPLE]
    assert [tuple(bytes.fromhex(colour[1:])) for colour in palette] == [
        (230, 159, 0),
        (86, 180, 233),
        (0, 158, 115),
        (240, 228, 66),
        (0, 114, 178),
        (213, 94, 0),
        (204, 121, 167),
    ]
