import math
import re
from itertools import pairwise

import numpy as np
import pytest
from explorer_parts import misplaced, text_boxes, texts
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import catalog
from course_lib.compute_cost import forward_flop, training_flop
from course_lib.explorers.picture import MEDIUM, NARROW, WIDE
from course_lib.explorers.scaling.explorer import BOUNDS, ScalingExplorer
from course_lib.explorers.scaling.picture import (
    KINDS,
    MIXTURE,
    NAMED_RUNS,
    OVER,
    WITHIN,
    ScalingPicture,
    WideScalingPicture,
    kind_of,
)
from course_lib.explorers.scaling.view import (
    ALL_SIZES,
    BEST_SIZES,
    BOUND_OF,
    FAR,
    LOSS_AXES,
    NEAR,
    OWN,
    SIZES,
    YOUR_SIZE,
    ZOOMS,
    chosen_model,
    run_values,
    scaling_view,
)
from course_lib.scaling import BESIROGLU_2024, HOFFMANN_2022, compute_optimal
from course_lib.units import format_count

RUNS = list(catalog.training_runs().values())
DEFAULT = {
    "way": "compute budget",
    "flop": 5.76e23,
    "tokens": 1e12,
    "inference_flop_per_token": 16e9,
    "tokens_per_parameter": 20.0,
}
DEEPSEEK = "DeepSeek-V3 (37B active)"
RATIO_RANGE = (1, 10_000)

quick = settings(deadline=None, max_examples=50)


def spread(low, high):
    return st.floats(math.log10(low), math.log10(high)).map(lambda power: min(max(10**power, low), high))


control_values = st.fixed_dictionaries(
    {
        "way": st.sampled_from(list(BOUND_OF)),
        "tokens_per_parameter": spread(*RATIO_RANGE),
        "preset": st.sampled_from([OWN, *catalog.training_runs()]),
        "loss_axis": st.sampled_from(list(LOSS_AXES)),
        "zoom": st.sampled_from(ZOOMS),
    }
    | {name: spread(*limits[2:]) for name, limits in BOUNDS.items()}
)


@pytest.fixture(scope="module")
def made():
    explorer = ScalingExplorer()
    yield explorer
    explorer.close()


@pytest.fixture(scope="module")
def picture():
    return ScalingPicture()


@pytest.fixture(scope="module")
def wide():
    return WideScalingPicture()


@pytest.fixture
def explorer(made):
    made.set(preset=OWN, loss_axis=NEAR, zoom=ALL_SIZES, **DEFAULT)
    return made


def view_of(**changes):
    return scaling_view(**DEFAULT | changes)


def shown_bounds(explorer):
    return [name for name in BOUNDS if explorer.cell(name).layout.display != "none"]


# The pure function


def test_chinchillas_budget_gives_the_three_published_optima():
    view = view_of()
    assert [round(by[0] / 1e9) for by in (view.by_rule, view.by_hoffmann, view.by_besiroglu)] == [69, 32, 72]
    assert [round(by[1] / by[0]) for by in (view.by_rule, view.by_hoffmann, view.by_besiroglu)] == [20, 93, 18]
    assert round(view.disagreement, 1) == 2.2
    assert view.sentence == (
        "From compute: 69.3 B parameters on 1.39 T tokens, under 0.001 nats a token above the best."
    )
    assert view.facts == (
        ("Tokens a parameter", "20"),
        ("Training", "5.76e23 FLOP"),
        ("Use", "1.39e11 FLOP a token"),
        ("Best P by D = 20P", "69.3 B"),
        ("Best P, Hoffmann as printed", "32.2 B"),
        ("Best P, Besiroglu", "72.2 B"),
        ("The two fits", "2.2 times apart"),
        ("Above best, Hoffmann", "0.007 nats"),
        ("Above best, Besiroglu", "under 0.001 nats"),
        ("Cheapest as good", "72.2 B on 1.33 T tokens"),
        ("Yours costs to train", "under 5 % more"),
        ("Yours costs to use", "0.96 times as much"),
    )


def test_llama_2_7b_is_over_trained_and_the_facts_price_it():
    view = view_of(preset="Llama 2 7B", **run_values("Llama 2 7B"))
    assert (round(view.tokens_per_parameter), view.run) == (297, "Llama 2 7B")
    assert (round(view.training_ratio, 1), round(view.inference_ratio, 2)) == (1.9, 0.35)
    assert view.sentence == "Llama 2 7B: 6.74 B parameters on 2 T tokens, 0.027 nats a token above the best."
    facts = dict(view.facts)
    assert (facts["Tokens a parameter"], facts["Training"]) == ("297", "8.09e22 FLOP")
    assert facts["Cheapest as good"] == "19.1 B on 374 B tokens"
    assert (facts["Yours costs to train"], facts["Yours costs to use"]) == (
        "1.9 times as much",
        "0.35 times as much",
    )


@quick
@given(control_values)
def test_the_view_says_what_scaling_computes(values):
    view = scaling_view(**values)
    bound = values[BOUND_OF[values["way"]]]
    reached = {"flop": view.flop, "tokens": view.tokens, "inference_flop_per_token": view.inference}
    assert reached[BOUND_OF[values["way"]]] == pytest.approx(bound)
    assert view.tokens / view.parameters == pytest.approx(values["tokens_per_parameter"])
    assert view.flop == pytest.approx(training_flop(view.parameters, view.tokens))
    assert view.inference == forward_flop(view.parameters, 1)
    assert view.by_rule == compute_optimal(view.flop)
    for optimum, fit, given_up in zip(
        (view.by_hoffmann, view.by_besiroglu), (HOFFMANN_2022, BESIROGLU_2024), view.loss_given_up, strict=True
    ):
        assert optimum == fit.optimal(view.flop)
        best = fit.loss(*optimum)
        assert given_up == pytest.approx(fit.iso_flop_loss(view.flop, view.parameters) - best, abs=1e-9)
        assert given_up >= -1e-12
    assert view.training_ratio >= 1 - 1e-9
    assert view.inference_ratio == pytest.approx(view.parameters / view.cheapest[0])
    assert BESIROGLU_2024.loss(*view.cheapest) == pytest.approx(BESIROGLU_2024.loss(view.parameters, view.tokens))


@pytest.mark.parametrize(("tokens", "words"), [(200e9, False), (199e9, True), (1e12, False)])
def test_the_sentence_warns_below_200_billion_tokens_and_only_there(tokens, words):
    view = view_of(way="data at hand", tokens=tokens)
    assert view.enough_tokens is not words
    assert ("(below 200 B)" in view.sentence) is words


def test_fits_that_agree_are_said_to_agree():
    assert dict(view_of(flop=1e18).facts)["The two fits"] == "in agreement"


@pytest.mark.parametrize("way", BOUND_OF)
@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_a_published_run_is_the_same_model_from_each_bound(run, way):
    values = DEFAULT | run_values(run.name) | {"way": way}
    model = chosen_model(**values)
    assert (model.parameters, model.tokens) == pytest.approx((run.parameters, run.tokens))
    assert scaling_view(**values, preset=run.name).run == run.name


@pytest.mark.parametrize("text", [OWN, "", "GPT-5"])
def test_a_text_that_names_no_run_stands_for_no_values(text):
    assert run_values(text) == {}


def test_an_unknown_way_is_refused_with_what_is_accepted():
    with pytest.raises(
        ValueError, match=r"^way must be one of compute budget, data at hand, inference cost; got 'luck'"
    ):
        view_of(way="luck")


@pytest.mark.parametrize("value", [0, -1.0, math.nan, math.inf])
def test_a_bound_that_is_not_positive_is_refused_by_name(value):
    with pytest.raises(ValueError, match=r"^flop must be positive and finite"):
        view_of(flop=value)
    with pytest.raises(ValueError, match=r"^tokens_per_parameter must be positive and finite"):
        view_of(tokens_per_parameter=value)


# What the lesson asks the learner to find in the explorer


def test_the_answers_of_the_first_play_hold():
    assert round(view_of(flop=1e19).disagreement, 1) == 1.2
    assert round(view_of(flop=1e26).disagreement, 1) == 3.1
    wider = view_of(tokens_per_parameter=100)
    assert (round(wider.loss_given_up[1], 3), f"{wider.inference:.2e}") == (0.007, "6.20e+10")
    gopher, chinchilla = (view_of(**run_values(name)) for name in ("Gopher 280B", "Chinchilla 70B"))
    assert gopher.parameters > gopher.by_besiroglu[0]
    assert chinchilla.loss_given_up[1] < 0.0005
    assert all(run.tokens > 200e9 for run in RUNS)


def test_the_answers_of_the_second_play_hold():
    held = DEFAULT | run_values("Llama 2 7B")
    cost, lower = (scaling_view(**held | {"way": "inference cost"} | new) for new in ({}, {"tokens_per_parameter": 20}))
    assert (lower.parameters, lower.inference) == (cost.parameters, cost.inference)
    assert lower.tokens < cost.tokens
    assert lower.flop < cost.flop
    data = scaling_view(**held | {"way": "data at hand", "tokens_per_parameter": 20})
    assert data.tokens == cost.tokens
    assert data.parameters > cost.parameters
    assert data.flop > cost.flop
    eight_billion = {"way": "inference cost", "inference_flop_per_token": 16e9}
    assert [view_of(**eight_billion, tokens_per_parameter=r).enough_tokens for r in (24, 25)] == [False, True]
    bounded = view_of(flop=1e22, tokens_per_parameter=1e22 / 6 / 3e9 / 3e9)
    assert (round(bounded.parameters / 1e9, 2), round(bounded.tokens / 1e9)) == (3.0, 556)
    assert round(bounded.tokens_per_parameter) == 185


# The widget


def test_a_new_explorer_shows_the_default_model():
    explorer = ScalingExplorer()
    assert explorer.values() == DEFAULT | {"preset": OWN, "loss_axis": NEAR, "zoom": ALL_SIZES}
    assert explorer.sentence == view_of().sentence
    assert shown_bounds(explorer) == ["flop"]
    explorer.close()


def test_initial_values_hold_in_whatever_order_they_are_given():
    bound = {"tokens_per_parameter": 200, "inference_flop_per_token": 16e9, "way": "inference cost"}
    for order in (bound, dict(reversed(bound.items()))):
        explorer = ScalingExplorer(**order)
        assert explorer.values()["inference_flop_per_token"] == 16e9
        assert explorer.sentence == view_of(**bound).sentence
        assert shown_bounds(explorer) == ["inference_flop_per_token"]
        explorer.close()


def test_the_presets_are_the_runs_of_the_catalog_and_all_are_drawn(explorer):
    assert explorer.controls["preset"].options == (OWN, *catalog.training_runs())
    for run in RUNS:
        explorer.set(preset=run.name)
        first = f"{format_count(run.tokens)} tokens" if run.is_mixture else f"{format_count(run.parameters)} parameters"
        assert explorer.sentence.startswith(f"{run.name}: {first}")
        assert (*explorer.picture.ring.get_xdata(), *explorer.picture.ring.get_ydata()) == (
            run.parameters,
            run.tokens / run.parameters,
        )


@pytest.mark.parametrize("way", BOUND_OF)
def test_changing_the_way_keeps_the_model_and_shows_the_bound_of_the_new_way(explorer, way):
    explorer.set(flop=1e22, tokens_per_parameter=100)
    before = view_of(flop=1e22, tokens_per_parameter=100)
    explorer.controls["way"].value = way
    after = scaling_view(**explorer.values())
    assert (after.parameters, after.tokens) == pytest.approx((before.parameters, before.tokens))
    assert explorer.sentence == after.sentence
    assert shown_bounds(explorer) == [BOUND_OF[way]]


def test_a_preset_outlives_the_way_and_ends_with_its_own_numbers(explorer):
    explorer.controls["preset"].value = "Llama 2 7B"
    for way in (*BOUND_OF, *reversed(BOUND_OF)):
        explorer.controls["way"].value = way
        assert explorer.values()["preset"] == "Llama 2 7B"
        assert explorer.sentence.startswith("Llama 2 7B: 6.74 B parameters on 2 T tokens")
    explorer.controls["tokens_per_parameter"].text.value = "20"
    assert explorer.values()["preset"] == OWN
    assert len(explorer.picture.ring.get_xdata()) == 0


def test_the_line_of_python_leaves_out_what_the_run_sets(explorer):
    explorer.set(preset="Llama 2 7B", zoom=YOUR_SIZE)
    assert explorer.call == "ScalingExplorer(preset='Llama 2 7B', zoom='your model')"
    explorer.set(tokens_per_parameter=20)
    assert "preset" not in explorer.call
    assert "tokens_per_parameter" not in explorer.call
    assert "flop=8.0" in explorer.call


def test_a_refused_text_that_goes_out_of_sight_is_forgotten(explorer):
    explorer.controls["flop"].text.value = "much"
    assert explorer.sentence.startswith("Not drawn: Compute C, FLOP: 1e18 to 1e26; got 'much'")
    explorer.controls["way"].value = "data at hand"
    assert explorer.sentence == scaling_view(**explorer.values()).sentence
    explorer.controls["way"].value = "compute budget"
    assert explorer.controls["flop"].text.value == "5.76e23"


@pytest.mark.parametrize("value", [math.nan, 1e40, 0])
def test_a_refused_value_does_not_outlive_its_way_either(explorer, value):
    explorer.set(flop=value)
    assert explorer.sentence.startswith("Not drawn: Compute C, FLOP: 1e18 to 1e26; got")
    explorer.controls["way"].value = "inference cost"
    assert explorer.sentence == scaling_view(**explorer.values()).sentence


@pytest.mark.parametrize("text", ["1e17", "1e27", "5,76e23", "-1", "<b>"])
def test_a_compute_that_cannot_be_is_refused_in_the_sentence(explorer, text):
    explorer.controls["flop"].text.value = text
    assert explorer.sentence == f"Not drawn: Compute C, FLOP: 1e18 to 1e26; got {text!r}"
    explorer.set(flop=1e23)
    explorer.controls["tokens_per_parameter"].text.value = "0.5"
    assert explorer.sentence == "Not drawn: Tokens/parameter: 1 to 10 k; got '0.5'"


def test_each_control_in_sight_moves_the_model_whatever_the_way(explorer):
    for way, bound in BOUND_OF.items():
        explorer.set(**DEFAULT | {"way": way})
        assert shown_bounds(explorer) == [bound]
        for name in (bound, "tokens_per_parameter"):
            before = explorer.answer
            explorer.set(**{name: 2 * DEFAULT[name]})
            assert explorer.answer != before, (way, name)


def test_what_looks_at_a_loss_says_that_it_has_no_effect_where_there_is_none(explorer):
    assert explorer.idle(explorer.shown) == {}
    explorer.set(preset=DEEPSEEK)
    drawn, reason = explorer.svg, "no effect: no loss here"
    assert explorer.idle(explorer.shown) == {"zoom": reason, "loss_axis": reason}
    for name in ("zoom", "loss_axis"):
        assert reason in explorer.cell(name).children[1].value
    for zoom in ZOOMS:
        explorer.set(zoom=zoom)
        assert explorer.svg == drawn
    explorer.set(preset="Llama 2 7B")
    assert explorer.cell("zoom").children[1].value == ""


def test_the_picture_writes_the_optima(explorer):
    written = texts(explorer)
    for text in ("Hoffmann 2022: 32.2 B", "Besiroglu 2024: 72.2 B", "D = 20P: 69.3 B", "yours: 69.3 B"):
        assert text in written
    assert "Loss of each size at C = 5.76e23 FLOP" in written


def test_each_curve_touches_zero_at_its_own_optimum_and_nowhere_else(explorer):
    for curve, fit in zip(explorer.picture.curves, (HOFFMANN_2022, BESIROGLU_2024), strict=True):
        sizes, above = curve.get_data()
        assert np.all(above >= 0)
        assert sizes[np.argmin(above)] == pytest.approx(fit.optimal(5.76e23)[0], rel=0.1)


def test_your_model_stands_on_both_curves_and_on_its_line_of_compute(explorer):
    explorer.set(tokens_per_parameter=150)
    view = scaling_view(**explorer.values())
    assert explorer.picture.own.get_xdata() == pytest.approx([view.parameters] * 2)
    assert explorer.picture.own.get_ydata() == pytest.approx(view.loss_given_up)
    (size,), (ratio,) = explorer.picture.own_ratio.get_data()
    assert 6 * size**2 * ratio == pytest.approx(view.flop)
    for size, ratio in zip(*explorer.picture.budget.get_data(), strict=True):
        assert 6 * size**2 * ratio == pytest.approx(view.flop)


def test_a_model_beyond_the_map_stays_in_sight_and_says_that_it_is_off_it(explorer):
    for extreme in (
        {"way": "compute budget", "flop": 1e26, "tokens_per_parameter": 1},
        {"way": "data at hand", "tokens": 1e9, "tokens_per_parameter": 1e4},
        {"way": "compute budget", "flop": 1e18, "tokens_per_parameter": 1e4},
    ):
        explorer.set(**extreme)
        for artist in (explorer.picture.own, explorer.picture.own_ratio):
            (x0, x1), (y0, y1) = artist.axes.get_xlim(), artist.axes.get_ylim()
            assert np.all((x0 <= np.array(artist.get_xdata())) & (np.array(artist.get_xdata()) <= x1))
            assert np.all((y0 <= np.array(artist.get_ydata())) & (np.array(artist.get_ydata()) <= y1))
        assert any(text.endswith("(off map)") for text in texts(explorer))


def test_every_published_run_lies_on_the_map_and_is_of_one_kind(explorer):
    (x0, x1), (y0, y1) = explorer.picture.ring.axes.get_xlim(), explorer.picture.ring.axes.get_ylim()
    kinds = {}
    for run in RUNS:
        ratio = run.tokens / run.parameters
        assert x0 < run.parameters < x1, run.name
        assert y0 < ratio < y1, run.name
        kinds[run.name] = kind_of(run)
        assert (kinds[run.name] == OVER) == (ratio > 20 and not run.is_mixture), run.name
    assert OVER == "more than 20 tokens a parameter: over-trained"
    assert kinds["Llama 2 7B"] == kinds["LLaMA 65B"] == OVER
    assert kinds["Chinchilla 70B"] == kinds["Gopher 280B"] == WITHIN
    assert [name for name, kind in kinds.items() if kind == MIXTURE] == [DEEPSEEK]
    assert NAMED_RUNS.keys() <= kinds.keys()
    assert set(KINDS) <= set(texts(explorer))


def test_no_loss_and_no_comparison_is_shown_for_a_mixture_of_experts_but_why(explorer):
    explorer.set(preset=DEEPSEEK)
    view = scaling_view(**explorer.values())
    assert view.sentence == (
        "DeepSeek-V3 (37B active): 14.8 T tokens for 3.29e24 FLOP; the loss law was fitted to dense models."
    )
    facts = dict(view.facts)
    assert (facts["Use"], facts["Parameters at work"], facts["All parameters"]) == (
        "7.40e10 FLOP a token",
        "37 B",
        "671 B",
    )
    for pixels in (1000, 500, 230):
        explorer.fit(pixels)
        written = texts(explorer)
        assert view.no_loss in " ".join(written)
        assert not [text for text in written if re.search(r"times apart|yours:|2022:|2024:|D = 20P:", text)]
    explorer.fit(1000)
    assert not any(curve.get_visible() for curve in (*explorer.picture.curves, explorer.picture.own))
    explorer.set(preset="Llama 2 7B")
    assert scaling_view(**explorer.values()).no_loss == ""
    assert all(curve.get_visible() for curve in (*explorer.picture.curves, explorer.picture.own))


def test_the_loss_axis_shows_the_flat_bottom_first_and_more_on_request(explorer):
    view = scaling_view(**explorer.values())
    assert (view.loss_axis, explorer.picture.worst) == (NEAR, 0.03)
    halves = [HOFFMANN_2022.iso_flop_loss(5.76e23, best) for best in (view.by_besiroglu[0], 2 * view.by_besiroglu[0])]
    assert max(halves) - HOFFMANN_2022.loss(*view.by_hoffmann) < explorer.picture.worst
    assert explorer.picture.curves[0].axes.get_ylim()[1] == 0.03
    explorer.set(loss_axis=FAR)
    assert (explorer.picture.worst, explorer.picture.curves[0].axes.get_ylim()[1]) == (0.2, 0.2)
    with pytest.raises(ValueError, match=r"^loss_axis 'far' is unknown; accepted: '0.03 nats', '0.2 nats'"):
        view_of(loss_axis="far")


def test_the_gap_between_the_two_fits_is_shaded_and_named(explorer):
    view = scaling_view(**explorer.values())
    assert "between the two fits: 2.2 times apart" in texts(explorer)
    gap = explorer.picture.gap
    assert [gap.get_x(), gap.get_x() + gap.get_width()] == pytest.approx([view.by_hoffmann[0], view.by_besiroglu[0]])
    assert gap.get_facecolor()[3] > 0
    explorer.set(flop=1e18)  # where Besiroglu's best size is the smaller one
    assert "between the two fits: in agreement" in texts(explorer)
    explorer.set(preset=DEEPSEEK)
    assert gap.get_width() == 0


@pytest.mark.parametrize("pixels", [1000, 500, 230])
def test_the_zoom_goes_to_the_best_sizes_or_to_your_model_and_rests_there(explorer, pixels):
    explorer.fit(pixels)
    assert explorer.picture.bowl.get_xlim() == SIZES
    explorer.set(tokens_per_parameter=2000, zoom=BEST_SIZES)
    low, high = explorer.picture.bowl.get_xlim()
    view = explorer.shown
    assert math.log10(high / low) == pytest.approx(1.5)
    assert all(low < best[0] < high for best in (view.by_hoffmann, view.by_besiroglu, view.by_rule))
    assert view.parameters < low
    assert any(text.endswith("(off map)") for text in texts(explorer))
    explorer.set(zoom=YOUR_SIZE)
    low, high = explorer.picture.bowl.get_xlim()
    assert low < explorer.shown.parameters < high
    ticks = explorer.picture.ticks.get_xdata()
    assert len(ticks) >= 4
    assert [format_count(size) for size in ticks] == [
        label.text for label in explorer.picture.tick_labels if label.text
    ]
    moved = 0
    for ratio in np.geomspace(2000, 200, 46):  # 1 decade of D/P, half a decade of P
        explorer.set(tokens_per_parameter=ratio)
        moved += explorer.picture.bowl.get_xlim() != (low, high)
        low, high = explorer.picture.bowl.get_xlim()
        assert low < explorer.shown.parameters < high
    assert 1 <= moved <= 3
    with pytest.raises(ValueError, match=r"^zoom 'moon' is unknown; accepted: 'all sizes'"):
        view_of(zoom="moon")
    explorer.fit(1000)


@quick
@given(control_values)
def test_a_zoom_holds_what_it_is_asked_for(values):
    view = scaling_view(**values)
    low, high = view.sizes
    if view.no_loss or values["zoom"] == ALL_SIZES:
        assert (low, high) == SIZES
    elif values["zoom"] == YOUR_SIZE:
        assert low < view.parameters < high
    else:
        assert all(low < best[0] < high for best in (view.by_hoffmann, view.by_besiroglu))


def struck(picture, view, haloed=True):
    """Return the texts of a picture of a view that a line or a mark of it goes through; `haloed` counts those, too."""
    svg = picture.svg(view)
    boxes, found = text_boxes(svg), set()
    if not haloed:
        halo = {
            text
            for style, text in re.findall(r'<text [^>]*style="([^"]*)"[^>]*>([^<]*)<', svg)
            if "paint-order" in style
        }
        boxes = [box for box in boxes if box.text not in halo]
    for axes in picture.figure.axes:
        for line in axes.get_lines():
            ends = np.column_stack([np.atleast_1d(np.asarray(line.get_data()[at], float)) for at in (0, 1)])
            if not len(ends) or not line.get_visible():
                continue
            points = line.get_transform().transform(ends)
            if line.get_linestyle() != "None":
                steps = np.linspace(0, 1, 2 + 600 // len(points))[:, None]
                points = np.concatenate([p + (q - p) * steps for p, q in pairwise(points)])
            inside = ((axes.bbox.min - 1 < points) & (points < axes.bbox.max + 1)).all(axis=1)
            points = np.array([0, picture.figure.bbox.height]) + points[inside] * (1, -1)
            for box in boxes:
                low, high = box.corners.min(axis=0), box.corners.max(axis=0)
                level = box.corners[0][1] == box.corners[1][1]
                if level and ((low < points) & (points < high)).all(axis=1).any():
                    found.add(box.text)
    return found


@pytest.mark.parametrize("loss_axis", LOSS_AXES)
def test_no_line_and_no_mark_goes_through_a_text(picture, wide, loss_axis):
    drawn = picture if loss_axis == NEAR else wide
    states = [{"flop": flop} for flop in np.geomspace(1e18, 1e26, 17)]
    states += [run_values(run.name) | {"preset": run.name} for run in RUNS[::2]]
    found = {str(state): struck(drawn, view_of(**state, loss_axis=loss_axis)) for state in states}
    assert {state: texts for state, texts in found.items() if texts} == {}
    assert struck(drawn, view_of()) == set()
    drawn.legend["own"].x, kept = drawn.legend["own"].x - 20, drawn.legend["own"].x
    assert struck(drawn, view_of())  # a text on the marks of the legend is found
    drawn.legend["own"].x = kept


@pytest.mark.parametrize("width", [WIDE, MEDIUM, 300, NARROW])
def test_no_line_crosses_a_text_without_a_halo_whatever_the_values(width):
    pictures = {near: kind(width=width) for near, kind in ((NEAR, ScalingPicture), (FAR, WideScalingPicture))}

    @settings(deadline=None, max_examples=60, derandomize=True)
    @given(control_values)
    def holds(values):
        assert struck(pictures[values["loss_axis"]], scaling_view(**values), haloed=False) == set()

    holds()


def test_names_of_runs_give_way_but_most_are_there(picture):
    names = {text for text, _ in NAMED_RUNS.values()}
    for flop in np.geomspace(1e18, 1e26, 33):
        there = names & {box.text for box in text_boxes(picture.svg(view_of(flop=flop)))}
        assert len(there) >= len(names) - 3, flop
        assert "Chinchilla" in there


@settings(deadline=None, max_examples=100)
@given(values=control_values)
def test_no_label_of_the_picture_covers_another(picture, wide, values):
    drawn = picture if values["loss_axis"] == NEAR else wide
    assert misplaced(drawn.svg(scaling_view(**values))) == []


@pytest.mark.parametrize(
    ("flop", "ratio", "written"),
    [(1e14, 1e4, False), (1e18, 20, True), (1e21, 1e4, True), (5.76e23, 20, True), (5e29, 1, True), (1e31, 20, False)],
)
def test_the_line_of_your_compute_is_named_wherever_it_is_on_the_map(picture, flop, ratio, written):
    svg = picture.svg(view_of(flop=flop, tokens_per_parameter=ratio))
    assert (">your C<" in svg) is written


@pytest.mark.parametrize(("flop", "written"), [(1e18, True), (1e23, True), (5.76e23, False), (1e26, False)])
def test_sizes_with_too_few_tokens_are_named_where_there_is_room(picture, flop, written):
    svg = picture.svg(view_of(flop=flop))
    assert (">D below<" in svg, ">200 B<" in svg) == (written, written)
