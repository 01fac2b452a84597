"""Models of a few budgets, and what two ways of fitting read off them."""

import numpy as np
import pytest

from course_lib.scaling import BESIROGLU_2024, HOFFMANN_2022, IsoFlopRuns, fit_iso_flop, runs_of_law

BUDGETS = (1e18, 1e19, 1e20)


def centred(law, factor=1.0):
    return {flop: factor * law.optimal(flop)[0] for flop in BUDGETS}


def test_the_models_of_a_law_spend_their_budget_and_have_its_loss():
    runs = runs_of_law(HOFFMANN_2022, centred(HOFFMANN_2022), width=4, sizes=5)
    assert runs.budgets == BUDGETS
    assert 6 * runs.parameters * runs.tokens == pytest.approx(runs.flop)
    assert runs.losses == pytest.approx(HOFFMANN_2022.loss(runs.parameters, runs.tokens))
    for flop, best in centred(HOFFMANN_2022).items():
        sizes = runs.at(flop).parameters
        assert sizes / best == pytest.approx([1 / 4, 1 / 2, 1, 2, 4])


def test_noise_has_the_deviation_that_is_asked_for_and_its_seed():
    def losses(noise, seed=0):
        return runs_of_law(HOFFMANN_2022, centred(HOFFMANN_2022), 4, 200, noise, seed).losses

    assert np.std(losses(0.01) - losses(0)) == pytest.approx(0.01, rel=0.1)
    assert (losses(0.01) == losses(0.01)).all()
    assert (losses(0.01) != losses(0.01, seed=1)).all()


def test_a_grid_keeps_what_lies_within_its_width_ends_included():
    runs = runs_of_law(HOFFMANN_2022, {1e18: 1e8}, width=4, sizes=5)
    assert len(runs.within({1e18: 1e8}, 4).flop) == 5
    assert runs.within({1e18: 1e8}, 2).parameters == pytest.approx([5e7, 1e8, 2e8])
    assert runs.within({1e18: 4e8}, 2).parameters == pytest.approx([2e8, 4e8])


def test_both_fits_agree_with_a_law_whose_bowls_are_nearly_parabolas():
    fit = fit_iso_flop(runs_of_law(BESIROGLU_2024, centred(BESIROGLU_2024), width=2, sizes=7))
    for flop, best in centred(BESIROGLU_2024).items():
        assert fit.best(flop) == pytest.approx(best, rel=2e-3)
        assert fit.best_by_loss(flop) == pytest.approx(best, rel=2e-3)
        assert fit.spent[flop] == pytest.approx(flop)
    assert fit.power.exponent == pytest.approx(BESIROGLU_2024.exponent, abs=1e-6)


def test_where_counted_compute_is_more_than_6pd_the_formula_is_asked_for_what_6pd_spends():
    law = runs_of_law(HOFFMANN_2022, centred(HOFFMANN_2022), width=4, sizes=7)
    counted = IsoFlopRuns(1.25 * law.flop, law.parameters, law.tokens, law.losses)
    fit, of_law = fit_iso_flop(counted), fit_iso_flop(law)
    for flop in BUDGETS:
        assert fit.spent[1.25 * flop] == pytest.approx(flop)
        assert fit.best_by_loss(1.25 * flop) == pytest.approx(of_law.best_by_loss(flop))


def test_what_has_too_few_models_or_no_lowest_point_is_none():
    runs = runs_of_law(HOFFMANN_2022, {1e18: HOFFMANN_2022.optimal(1e18)[0], 1e19: 1e8, 1e20: 1e8}, width=4, sizes=3)
    few = runs.only((runs.flop < 1e19) | ((runs.flop == 1e19) & (runs.parameters < 9e7)))
    fit = fit_iso_flop(few, BUDGETS)
    assert [fit.best(flop) is None for flop in BUDGETS] == [False, True, True]
    assert (fit.power, fit.loss) == (None, None)
    assert [*fit.spent] == [1e18, 1e19]
    assert fit.best_by_loss(1e20) is None
    nothing = fit_iso_flop(runs.only(runs.flop < 0), BUDGETS)
    assert [*nothing.parabolas.values(), nothing.power, nothing.loss] == [None] * 5


def test_a_budget_without_models_has_no_best_size_though_the_others_have_a_formula():
    runs = runs_of_law(HOFFMANN_2022, centred(HOFFMANN_2022), width=4, sizes=5)
    fit = fit_iso_flop(runs.only(runs.flop < 1e20), BUDGETS)
    assert fit.loss is not None
    assert [fit.best_by_loss(flop) is None for flop in BUDGETS] == [False, False, True]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"width": 1}, "width must be above 1; got 1"),
        ({"sizes": 0}, "sizes must be a whole number of at least 1"),
        ({"noise": -1}, "noise must be finite and not negative"),
        ({"centres": {1e18: -1.0}}, "centres must be positive"),
    ],
)
def test_a_grid_that_cannot_be_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        runs_of_law(HOFFMANN_2022, **{"centres": {1e18: 1e8}, "width": 4, "sizes": 3} | change)
