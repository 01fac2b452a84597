import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import catalog
from course_lib.plan import (
    LEAST_PRICES,
    LEAST_RUNS,
    Interval,
    in_intervals,
    kept_of_measured,
    like_runs,
    narrowing,
    plan_intervals,
    plan_training_run,
    price_interval,
    utilization_interval,
    utilization_of,
)

quick = settings(deadline=None, max_examples=60)
values = st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=40).map(tuple)
MONTH = {"accelerator": "H100 SXM", "num_accelerators": 256, "days": 30}
PLAN = plan_training_run(**MONTH)
NORMAL = NormalDist()


def lognormal(mean, sigma, number):
    """Return the values of a normal logarithm that its plotting positions i / (n + 1) stand for."""
    return tuple(math.exp(mean + sigma * NORMAL.inv_cdf(i / (number + 1))) for i in range(1, number + 1))


@quick
@given(values)
def test_the_ends_of_an_interval_are_in_order_and_within_its_values(found):
    interval = Interval(found, "found")
    assert min(found) <= interval.low <= interval.middle * (1 + 1e-12)
    assert interval.middle <= interval.high * (1 + 1e-12) <= max(found) * (1 + 1e-9)
    assert interval.values == tuple(sorted(found))


@quick
@given(values, st.floats(1e-3, 1e3))
def test_the_interval_of_a_quotient_is_the_quotient_of_the_ends(found, c):
    interval = Interval(found, "found")
    below = interval.under(c)
    assert (below.low, below.middle, below.high) == pytest.approx(
        (c / interval.high, c / interval.middle, c / interval.low)
    )
    assert below.factor == pytest.approx(interval.factor)
    assert interval.scaled(c).high == pytest.approx(c * interval.high)


@quick
@given(values, values, st.floats(1e-3, 1e3))
def test_a_product_is_wider_than_each_and_no_wider_than_the_ends_together(first, second, c):
    one, other = Interval(first, "one"), Interval(second, "other")
    both = one.times(other)
    rounding = 1 + 1e-9
    assert one.low * other.low <= both.low * rounding
    assert both.high <= one.high * other.high * rounding
    for narrower, less in ((one, other), (other, one)):
        assert both.high >= narrower.high * less.middle / rounding
        assert both.low <= narrower.low * less.middle * rounding
    assert both.middle == pytest.approx(one.middle * other.middle)
    assert both.seen == min(len(first), len(second))
    assert both.source == "one; other"
    certain = one.times(Interval((c,), "one price"))
    assert (certain.low, certain.middle, certain.high) == pytest.approx((c * one.low, c * one.middle, c * one.high))
    assert one.under(1).times(other.under(1)).factor == pytest.approx(both.factor)


def test_the_product_of_two_lognormals_is_that_of_the_closed_form():
    one, other = Interval(lognormal(1, 0.3, 199), "one"), Interval(lognormal(-2, 0.4, 199), "other")
    both = one.times(other)
    expected = [math.exp(-1 + 0.5 * NORMAL.inv_cdf(share)) for share in (0.1, 0.5, 0.9)]
    assert [both.low, both.middle, both.high] == pytest.approx(expected, rel=0.02)
    assert math.log(both.factor) == pytest.approx(math.hypot(math.log(one.factor), math.log(other.factor)), rel=0.03)
    assert both.factor < 0.9 * one.factor * other.factor


def test_the_quantiles_of_evenly_spread_values_are_those_of_their_distribution():
    interval = Interval(lognormal(0, 1, 99), "a lognormal")
    assert interval.low == pytest.approx(math.exp(NORMAL.inv_cdf(0.1)))
    assert interval.middle == pytest.approx(1)
    assert interval.high == pytest.approx(math.exp(NORMAL.inv_cdf(0.9)))


@pytest.mark.parametrize("number", [3, 8, 18, 50])
def test_one_more_value_falls_into_the_interval_as_often_as_it_says(number):
    draws = np.random.default_rng(7).lognormal(0.0, 0.5, (4000, number + 1))
    inside = []
    for *seen, new in draws.tolist():
        interval = Interval(tuple(seen), "drawn")
        inside.append(interval.low <= new <= interval.high)
    assert np.mean(inside) == pytest.approx(interval.chance, abs=0.025)  # four times its standard error


@pytest.mark.parametrize("wrong", [(), (0.0,), (1.0, -1.0), (math.inf,), (math.nan,)])
def test_values_that_are_not_positive_are_refused(wrong):
    with pytest.raises(ValueError, match=r"^values must be at least one number above 0"):
        Interval(wrong, "nothing")


@quick
@given(st.floats(0.01, 1))
def test_measuring_leaves_what_runs_kept_of_what_they_report(measured):
    narrow = utilization_interval("H100 SXM").narrowed(measured)
    kept = kept_of_measured().values()
    assert narrow.values == pytest.approx([measured * share for share in sorted(kept)])
    assert narrow.factor == pytest.approx(Interval(tuple(kept), "kept").factor)
    assert narrow.high < measured


# Published runs and prices


@pytest.mark.parametrize("name", catalog.all_accelerators())
def test_like_runs_are_dense_in_16_bits_with_all_their_hours_and_as_like_as_there_are_enough(name):
    runs = {run: catalog.training_run(run) for run in like_runs(name)}
    assert len(runs) >= LEAST_RUNS
    assert all(run.hours_from == "run" and not run.is_mixture and not run.distilled for run in runs.values())
    assert all(like_runs(name)[run.name] == utilization_of(run) for run in runs.values())
    chips = [catalog.accelerator(run.accelerator) for run in runs.values()]
    for run, chip in zip(runs.values(), chips, strict=True):
        assert run.precision in ("fp16", "bf16") or (run.precision, chip.fp8_flop_per_second) == ("", None), run.name
    peaks = {chip.fp16_bf16_flop_per_second for chip in chips}
    same = {catalog.accelerator(name).fp16_bf16_flop_per_second}
    assert peaks == same if name.startswith(("A100", "H100 SXM", "H800", "H200", "GH200")) else len(peaks) > 1


def test_neither_hours_that_lost_nothing_nor_an_unknown_precision_set_the_ends_of_an_interval():
    counted = {*like_runs("H100 SXM"), *like_runs("A100 80GB"), *like_runs("B200"), *like_runs("TPU v5p")}
    lost_nothing = ("DCLM 7B-2x", "TinyLlama 1.1B", "llm.c GPT-2 1558M", "llm.c GPT-2 774M", "Nemotron-4 340B")
    for name in (*lost_nothing, "Nemotron-4 15B", "DeepSeek 67B"):
        assert utilization_of(catalog.training_run(name)) is not None
        assert name not in {*counted, *kept_of_measured()}
    for name in ("Llama 3 8B", "Llama 3 70B", "Phi-4", "Phi-3 medium"):  # nobody says whether it was 16 bits or 8
        assert name not in counted
    assert {"LLaMA 65B", "PaLM 540B"} <= counted  # nor here, and an A100 and a TPU v4 have no 8-bit floats
    reached = utilization_interval("H100 SXM")
    assert (round(reached.low, 3), round(reached.high, 3), len(reached.values)) == (0.139, 0.346, 8)


def test_a_run_that_took_long_stays_among_the_runs_and_only_distilled_ones_are_left_out():
    """A row that explains itself is no reason to leave it out: the long end of a plan is made of such runs."""
    reached = like_runs("H100 SXM")
    assert reached["Llama 3.1 8B"] == min(reached.values()) < 0.15
    distilled = {run.name for run in catalog.all_training_runs().values() if run.distilled}
    gpt_oss, gemma = {"gpt-oss-120b", "gpt-oss-20b"}, {"Gemma 3 12B", "Gemma 3 27B"}
    assert distilled == {"Llama 3.2 1B", "Llama 3.2 3B"} | gpt_oss | gemma
    assert not distilled & set(reached)


def test_a_run_whose_source_leaves_out_tokens_hours_or_accelerator_has_no_utilisation():
    for name in ("gpt-oss-120b", "Olmo 2 7B", "Qwen3 8B", "Chinchilla 70B"):
        assert utilization_of(catalog.training_run(name)) is None
        assert name not in {*like_runs("H100 SXM"), *like_runs("TPU v5p"), *kept_of_measured()}


def test_what_runs_kept_lies_between_half_and_all_of_their_full_rate():
    assert len(kept_of_measured()) >= 5
    assert all(0.5 < share < 1 for share in kept_of_measured().values())


@pytest.mark.parametrize(("name", "tokens_per_second"), [("Olmo 3 7B", 7_700), ("Olmo 3 32B", 1_960)])
def test_what_a_run_kept_is_its_tokens_over_those_at_full_rate_whatever_a_token_counts_for(name, tokens_per_second):
    """Olmo Team 2025, section 3.2. Of an MFU with attention in it the 7 B would seem to have kept 72 %, not 91 %."""
    run = catalog.training_run(name)
    at_full_rate = tokens_per_second * run.accelerator_hours * 3600
    assert kept_of_measured()[name] == pytest.approx(run.tokens / at_full_rate, rel=2e-3)


@pytest.mark.parametrize("price", catalog.all_prices(), ids=lambda price: f"{price.accelerator} {price.provider}")
def test_a_price_is_dated_named_and_of_an_accelerator_of_the_catalog(price):
    assert price.accelerator in catalog.all_accelerators()
    assert 0.3 < price.dollars_per_hour < 20
    year, month, day = map(int, price.date.split("-"))
    assert (year, 1 <= month <= 12, 1 <= day <= 31) == (2026, True, True)
    assert " of " in price.listed_in


def test_a_provider_is_listed_once_for_an_accelerator():
    named = [(price.accelerator, price.provider) for price in catalog.all_prices()]
    assert len(named) == len(set(named))


def test_where_a_list_is_too_short_the_plans_own_price_stands():
    assert {name for name in catalog.all_accelerators() if price_interval(name)} == {
        price.accelerator for price in catalog.all_prices()
    }
    assert all(len(catalog.prices(price.accelerator)) >= LEAST_PRICES for price in catalog.all_prices())
    v100 = plan_training_run(accelerator="V100", num_accelerators=8, days=30, price_per_hour=0.7)
    intervals = plan_intervals(v100)
    assert (intervals.price.values, intervals.price.source) == ((0.7,), "the plan's own price")
    assert intervals.cost.factor == pytest.approx(intervals.days.factor)


def test_an_unknown_accelerator_has_neither_runs_nor_prices():
    for asked in (like_runs, price_interval, catalog.prices):
        with pytest.raises(ValueError, match=r"^accelerator 'A1000' is unknown"):
            asked("A1000")


def test_no_price_and_prices_in_a_table_are_refused_as_prices():
    for wrong in ([], [[1, 2], [3, 4]]):
        with pytest.raises(ValueError, match=r"^prices must be one number or a list of them; got"):
            plan_intervals(PLAN, prices=wrong)


# A plan


def test_days_and_money_follow_from_the_utilisation_the_peak_and_the_price():
    intervals = plan_intervals(PLAN, prices=3)
    peak = catalog.accelerator("H100 SXM").fp16_bf16_flop_per_second
    for share, days, cost in (("high", "low", "low"), ("low", "high", "high")):
        seconds = PLAN.flop / (getattr(intervals.utilization, share) * peak * 256)
        assert getattr(intervals.days, days) == pytest.approx(seconds / 86400)
        assert getattr(intervals.cost, cost) == pytest.approx(3 * 256 * seconds / 3600)


@pytest.mark.parametrize("name", ["LLaMA 65B", "Llama 2 70B", "BLOOM 176B"])
def test_the_days_of_a_published_run_lie_in_the_interval_of_its_plan(name):
    run = catalog.training_run(name)
    intervals = plan_intervals(plan_training_run(accelerator=run.accelerator, num_accelerators=1000, days=30))
    assert intervals.utilization.low < utilization_of(run) < intervals.utilization.high


def test_measuring_narrows_days_and_money_and_a_contract_the_money():
    wide, measured, paid = (
        plan_intervals(PLAN),
        plan_intervals(PLAN, measured=0.4),
        plan_intervals(PLAN, measured=0.4, prices=2.5),
    )
    assert measured.days.factor < 0.8 * wide.days.factor
    assert paid.cost.factor == pytest.approx(measured.days.factor)
    assert paid.cost.factor < measured.cost.factor < wide.cost.factor


@pytest.mark.parametrize("measured", [0.2, 0.5])
def test_how_much_an_hour_of_measuring_narrows_is_known_before_it(measured):
    before, after = narrowing("H100 SXM")
    assert plan_intervals(PLAN).days.factor == pytest.approx(before)
    assert plan_intervals(PLAN, measured=measured).days.factor == pytest.approx(after)


def test_half_the_accelerators_take_twice_the_days_and_the_same_money():
    one, other = (
        plan_training_run(accelerator="A100 80GB", num_accelerators=n, days=d) for n, d in ((64, 60), (128, 30))
    )
    assert one.flop == pytest.approx(other.flop)
    first, second = plan_intervals(one), plan_intervals(other)
    assert first.days.middle == pytest.approx(2 * second.days.middle)
    assert first.cost.high == pytest.approx(second.cost.high)


def test_the_intervals_say_in_words_what_they_rest_on():
    said = in_intervals(PLAN, plan_intervals(PLAN))
    assert f"{len(like_runs('H100 SXM'))} published runs on GH200, H100 SXM" in said
    assert "7 on-demand prices of 2026-09-25 to 2026-11-09" in said
    assert "40 % measured on your own job" in in_intervals(PLAN, plan_intervals(PLAN, measured=0.4))
    assert "at $2 an hour (prices of your own)" in in_intervals(PLAN, plan_intervals(PLAN, prices=2))
