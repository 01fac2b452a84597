import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import catalog
from course_lib.compute_cost import forward_flop, training_flop
from course_lib.scaling import (
    BESIROGLU_2024,
    HOFFMANN_2022,
    HOFFMANN_2022_UNROUNDED,
    MINIMUM_TOKENS,
    LossFit,
    chinchilla_tokens,
    compute_optimal,
    largest_model_within,
    why_no_loss,
)

# Hoffmann et al. 2022, Table 3: parameters, FLOP, tokens, all as printed.
HOFFMANN_TABLE_3 = [
    (400e6, 1.92e19, 8.0e9),
    (1e9, 1.21e20, 20.2e9),
    (10e9, 1.23e22, 205.1e9),
    (67e9, 5.76e23, 1.5e12),
    (175e9, 3.85e24, 3.7e12),
    (280e9, 9.90e24, 5.9e12),
    (520e9, 3.43e25, 11.0e12),
    (1e12, 1.27e26, 21.2e12),
    (10e12, 1.30e28, 216.2e12),
]
GOPHER_BUDGET = 5.76e23
FITS = [HOFFMANN_2022, HOFFMANN_2022_UNROUNDED, BESIROGLU_2024]

quick = settings(deadline=None, max_examples=60)
sizes = st.floats(1e6, 1e13)
budgets = st.floats(1e17, 1e28)
fits = st.sampled_from(FITS)


def best_size_by_search(fit: LossFit, flop: float) -> float:
    """Minimise the iso-FLOP loss over log P by golden-section search."""
    low, high = math.log(1e3), math.log(1e16)
    shrink = (math.sqrt(5) - 1) / 2
    for _ in range(90):
        left, right = high - shrink * (high - low), low + shrink * (high - low)
        if fit.iso_flop_loss(flop, math.exp(left)) < fit.iso_flop_loss(flop, math.exp(right)):
            high = right
        else:
            low = left
    return math.exp((low + high) / 2)


@pytest.mark.parametrize(("parameters", "flop", "tokens"), HOFFMANN_TABLE_3)
def test_twenty_tokens_a_parameter_reads_hoffmann_table_3_to_within_12_per_cent(parameters, flop, tokens):
    assert 20.0 <= tokens / parameters <= 22.4
    assert chinchilla_tokens(parameters) == pytest.approx(tokens, rel=0.12)


@pytest.mark.parametrize(("parameters", "flop", "tokens"), HOFFMANN_TABLE_3)
def test_a_budget_of_hoffmann_table_3_gives_its_parameters_to_within_5_per_cent(parameters, flop, tokens):
    by_rule, tokens_by_rule = compute_optimal(flop)
    assert by_rule == pytest.approx(parameters, rel=0.05)
    assert tokens_by_rule == pytest.approx(tokens, rel=0.08)


@pytest.mark.parametrize(("parameters", "flop", "tokens"), HOFFMANN_TABLE_3)
def test_a_budget_at_the_tables_own_ratio_gives_its_row_to_within_its_rounding(parameters, flop, tokens):
    # Tokens of "1.5 trillion" and parameters of "67 billion" are rounded by up to 3.4 % and 0.8 %.
    by_ratio, tokens_by_ratio = compute_optimal(flop, tokens / parameters)
    assert by_ratio == pytest.approx(parameters, rel=0.025)
    assert tokens_by_ratio == pytest.approx(tokens, rel=0.025)


def test_chinchilla_itself_is_twenty_tokens_a_parameter():
    assert chinchilla_tokens(70e9) == 1.4e12


@pytest.mark.parametrize(
    ("fit", "billions", "tokens_per_parameter"),
    [(HOFFMANN_2022, 32, 93), (HOFFMANN_2022_UNROUNDED, 40, 59), (BESIROGLU_2024, 72, 18)],
    ids=["as printed", "unrounded", "re-fitted"],
)
def test_gophers_budget_under_the_published_constants(fit, billions, tokens_per_parameter):
    parameters, tokens = fit.optimal(GOPHER_BUDGET)
    assert round(parameters / 1e9) == billions
    assert round(tokens / parameters) == tokens_per_parameter


def test_the_constants_are_the_published_ones():
    assert dataclasses.astuple(HOFFMANN_2022) == (1.69, 406.4, 410.7, 0.34, 0.28)
    assert dataclasses.astuple(BESIROGLU_2024) == (1.8172, 482.01, 2085.43, 0.3478, 0.3658)


def test_the_unrounded_constants_round_to_the_printed_ones():
    unrounded = dataclasses.astuple(HOFFMANN_2022_UNROUNDED)
    assert [round(value, 2) for value in unrounded] == list(dataclasses.astuple(HOFFMANN_2022))


def test_the_fit_says_that_chinchilla_beats_gopher_at_less_than_a_quarter_more_compute():
    # Hoffmann et al. 2022, section 4.2: the smaller model on more tokens has the lower loss.
    for fit in FITS:
        assert fit.loss(70e9, 1.4e12) < fit.loss(280e9, 300e9)
    assert training_flop(70e9, 1.4e12) / training_flop(280e9, 300e9) < 1.25


def test_the_minimum_of_200_billion_tokens_is_compute_optimal_for_10_billion_parameters():
    assert largest_model_within(tokens=MINIMUM_TOKENS).parameters == 10e9


@quick
@given(fits, budgets)
def test_the_closed_form_equals_a_numeric_minimisation(fit, flop):
    parameters, _ = fit.optimal(flop)
    assert parameters == pytest.approx(best_size_by_search(fit, flop), rel=1e-5)


@quick
@given(fits, budgets, st.floats(-3, 3))
def test_no_other_size_on_the_iso_flop_curve_has_a_lower_loss(fit, flop, steps):
    parameters, tokens = fit.optimal(flop)
    assert fit.iso_flop_loss(flop, parameters * math.exp(steps)) >= fit.loss(parameters, tokens) * (1 - 1e-12)


@quick
@given(fits, budgets)
def test_the_optimum_spends_the_whole_budget(fit, flop):
    assert training_flop(*fit.optimal(flop)) == pytest.approx(flop, rel=1e-9)


@quick
@given(budgets, st.floats(0.1, 1e4))
def test_compute_optimal_spends_the_whole_budget_at_the_ratio_asked_for(flop, ratio):
    parameters, tokens = compute_optimal(flop, ratio)
    assert training_flop(parameters, tokens) == pytest.approx(flop, rel=1e-9)
    assert tokens / parameters == pytest.approx(ratio, rel=1e-9)


@quick
@given(budgets)
def test_four_times_the_compute_buys_twice_the_parameters_and_twice_the_tokens(flop):
    parameters, tokens = compute_optimal(flop)
    assert compute_optimal(4 * flop) == pytest.approx((2 * parameters, 2 * tokens), rel=1e-9)


@quick
@given(fits, budgets, st.floats(1.01, 1e3))
def test_the_optimal_size_and_tokens_grow_as_powers_that_add_up_to_one(fit, flop, factor):
    small, large = fit.optimal(flop), fit.optimal(flop * factor)
    size_power, token_power = (math.log(b / a, factor) for a, b in zip(small, large, strict=True))
    assert size_power == pytest.approx(fit.beta / (fit.alpha + fit.beta), abs=1e-6)
    assert size_power + token_power == pytest.approx(1, abs=1e-6)


@quick
@given(fits, sizes, sizes, st.floats(1.01, 10))
def test_the_loss_falls_with_size_and_with_data_but_never_below_e(fit, parameters, tokens, factor):
    loss = fit.loss(parameters, tokens)
    assert loss > fit.loss(parameters * factor, tokens) > fit.E
    assert loss > fit.loss(parameters, tokens * factor) > fit.E


@quick
@given(fits, st.floats(1e7, 1e12), st.floats(1e8, 1e14))
def test_tokens_for_loss_undoes_loss(fit, parameters, tokens):
    assert fit.tokens_for_loss(fit.loss(parameters, tokens), parameters) == pytest.approx(tokens, rel=1e-6)


@quick
@given(fits, budgets, st.floats(1.05, 3))
def test_a_model_smaller_than_the_optimum_reaches_its_loss_on_more_tokens_and_more_compute(fit, flop, factor):
    parameters, tokens = fit.optimal(flop)
    more = fit.tokens_for_loss(fit.loss(parameters, tokens), parameters / factor)
    assert more > tokens
    assert training_flop(parameters / factor, more) > flop


def test_a_model_too_small_for_a_loss_needs_infinite_data():
    unreachable = BESIROGLU_2024.E + BESIROGLU_2024.A / 1e9**BESIROGLU_2024.alpha
    assert BESIROGLU_2024.tokens_for_loss(unreachable, 1e9) == math.inf
    assert BESIROGLU_2024.tokens_for_loss(1.9, 1e6) == math.inf
    assert np.isinf(BESIROGLU_2024.tokens_for_loss(2.0, np.array([1e6, 1e12]))).tolist() == [True, False]


@quick
@given(fits, budgets)
def test_the_cheapest_model_for_the_best_loss_of_a_budget_is_the_optimum_of_that_budget(fit, flop):
    optimum = fit.optimal(flop)
    assert fit.cheapest_for_loss(fit.loss(*optimum)) == pytest.approx(optimum, rel=1e-6)


@quick
@given(fits, budgets, st.floats(-1.5, 1.5))
def test_no_other_size_reaches_a_loss_at_less_compute(fit, flop, steps):
    loss = fit.loss(*fit.optimal(flop))
    parameters, tokens = fit.cheapest_for_loss(loss)
    assert fit.loss(parameters, tokens) == pytest.approx(loss, rel=1e-9)
    other = parameters * math.exp(steps)
    assert training_flop(other, fit.tokens_for_loss(loss, other)) >= training_flop(parameters, tokens) * (1 - 1e-9)


def test_half_the_size_for_the_same_loss_costs_26_per_cent_more_training_at_any_budget():
    for flop in (1e20, 1e23, 1e26):
        parameters, tokens = BESIROGLU_2024.optimal(flop)
        more = BESIROGLU_2024.tokens_for_loss(BESIROGLU_2024.loss(parameters, tokens), parameters / 2)
        assert training_flop(parameters / 2, more) / flop == pytest.approx(1.2593, abs=1e-4)


def test_a_loss_that_no_model_reaches_needs_infinite_everything():
    assert BESIROGLU_2024.cheapest_for_loss(1.8) == (math.inf, math.inf)
    sizes_for_losses, _ = BESIROGLU_2024.cheapest_for_loss([BESIROGLU_2024.E, 2.0])
    assert np.isinf(sizes_for_losses).tolist() == [True, False]


@pytest.mark.parametrize("ratio", [20, 200])
def test_the_three_ways_meet_in_one_model(ratio):
    parameters = 8e9
    tokens = ratio * parameters
    flop = training_flop(parameters, tokens)
    choices = [
        largest_model_within(tokens=tokens, tokens_per_parameter=ratio),
        largest_model_within(flop=flop, tokens_per_parameter=ratio),
        largest_model_within(inference_flop_per_token=forward_flop(parameters, 1), tokens_per_parameter=ratio),
    ]
    assert [choice.way for choice in choices] == ["data", "compute", "inference"]
    for choice in choices:
        assert (choice.parameters, choice.tokens, choice.flop) == pytest.approx((parameters, tokens, flop))


@pytest.mark.parametrize("bounds", [{}, {"tokens": 1e12, "flop": 1e23}])
def test_largest_model_within_wants_exactly_one_bound(bounds):
    with pytest.raises(TypeError, match=r"exactly one of tokens, flop, inference_flop_per_token"):
        largest_model_within(**bounds)


def test_arrays_broadcast():
    flop = np.array([[1e21], [1e23]])
    ratio = np.array([20.0, 100.0, 500.0])
    parameters, tokens = compute_optimal(flop, ratio)
    assert parameters.shape == tokens.shape == (2, 3)
    assert parameters[1, 2] == compute_optimal(1e23, 500)[0]
    assert BESIROGLU_2024.iso_flop_loss(flop, ratio * 1e9).shape == (2, 3)
    assert BESIROGLU_2024.optimal(flop)[0].shape == (2, 1)
    assert largest_model_within(flop=flop, tokens_per_parameter=ratio).flop.shape == (2, 3)
    assert chinchilla_tokens([1e9, 2e9]).tolist() == [20e9, 40e9]


def test_scalars_come_back_as_plain_floats():
    choice = largest_model_within(flop=1e23)
    values = [*compute_optimal(1e23), *HOFFMANN_2022.optimal(1e23), choice.parameters, choice.tokens, choice.flop]
    values += [chinchilla_tokens(7), HOFFMANN_2022.loss(1e9, 1e10), HOFFMANN_2022.tokens_for_loss(2.5, 1e9)]
    assert [type(value) for value in values] == [float] * len(values)


CALLS = [
    ("parameters", chinchilla_tokens),
    ("flop", compute_optimal),
    ("tokens_per_parameter", lambda value: compute_optimal(1e23, value)),
    ("flop", HOFFMANN_2022.optimal),
    ("parameters", lambda value: HOFFMANN_2022.loss(value, 1e9)),
    ("tokens", lambda value: HOFFMANN_2022.loss(1e9, value)),
    ("flop", lambda value: HOFFMANN_2022.iso_flop_loss(value, 1e9)),
    ("parameters", lambda value: HOFFMANN_2022.iso_flop_loss(1e23, value)),
    ("loss", lambda value: HOFFMANN_2022.tokens_for_loss(value, 1e9)),
    ("parameters", lambda value: HOFFMANN_2022.tokens_for_loss(2.0, value)),
    ("loss", HOFFMANN_2022.cheapest_for_loss),
    ("tokens", lambda value: largest_model_within(tokens=value)),
    ("flop", lambda value: largest_model_within(flop=value)),
    ("inference_flop_per_token", lambda value: largest_model_within(inference_flop_per_token=value)),
    ("tokens_per_parameter", lambda value: largest_model_within(flop=1e23, tokens_per_parameter=value)),
    ("alpha", lambda value: LossFit(1.69, 406.4, 410.7, value, 0.28)),
]


@pytest.mark.parametrize("value", [0, -1.0, math.nan, math.inf, [1e9, -1e9]])
@pytest.mark.parametrize(("name", "call"), CALLS)
def test_a_quantity_that_is_not_positive_is_refused_by_name(name, call, value):
    with pytest.raises(ValueError, match=rf"^{name} must be positive and finite; got"):
        call(value)


@pytest.mark.parametrize("value", ["7B", True, [None]])
@pytest.mark.parametrize(("name", "call"), CALLS)
def test_text_booleans_and_none_are_refused_by_name(name, call, value):
    with pytest.raises(TypeError, match=rf"^{name} must be a positive number; got"):
        call(value)


def test_a_perfect_model_may_have_zero_loss_but_not_a_negative_one():
    assert LossFit(0, 1, 1, 0.5, 0.5).loss(4, 4) == 1
    with pytest.raises(ValueError, match=r"^E must be finite and not negative; got -1"):
        LossFit(-1, 1, 1, 0.5, 0.5)


def test_the_loss_law_speaks_of_dense_runs_alone() -> None:
    mixture = catalog.training_run("DeepSeek-V3 (37B active)")
    assert why_no_loss(mixture) == (
        "A mixture of experts: 37 B of its 671 B parameters work on a token; the loss law was fitted to dense models."
    )
    assert [run.name for run in catalog.training_runs().values() if why_no_loss(run)] == [mixture.name]


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("Llama 3.2 3B", "Distilled: "),
        ("Gemma 3 27B", "Distilled: "),
        ("Nemotron-H 56B", "A hybrid: "),
        ("Nemotron Nano 2 12B", "A hybrid: "),
        ("NVFP4 12B", "A hybrid: "),
        ("Nemotron 3 Super", "A mixture of experts: "),
    ],
)
def test_the_loss_law_speaks_neither_of_distilled_models_nor_of_hybrids(name: str, begins: str) -> None:
    assert why_no_loss(catalog.training_run(name)).startswith(begins)


def test_of_all_dense_transformers_that_learn_from_text_the_loss_law_speaks() -> None:
    for run in catalog.all_training_runs().values():
        assert bool(why_no_loss(run)) == (run.is_mixture or run.distilled or run.hybrid), run.name
