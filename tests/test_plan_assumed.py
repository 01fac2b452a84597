import dataclasses

import pytest

from course_lib.plan import assumed, assumptions, links, markdown, numbers, plan_training_run

MONTH = {"accelerator": "H100 SXM", "num_accelerators": 256, "days": 30}
BOUNDS = {
    "compute": MONTH,
    "compute, with data to spare": MONTH | {"data_tokens": 9e12, "serve_on": "B200", "inference_flop_per_token": 1e12},
    "data": MONTH | {"data_tokens": 1e11},
    "inference cost": MONTH | {"inference_flop_per_token": 14e9},
    "inference cost and little text": MONTH | {"inference_flop_per_token": 14e9, "data_tokens": 2e11},
    "serving memory": MONTH | {"serve_on": "L4"},
}
CHANGED = {
    "Utilisation": ("utilization", 0.4, 0.41),
    "Price": ("price_per_hour", 2.0, 3.0),
    "Tokens a parameter": ("tokens_per_parameter", 20, 20.5),
    "Data": ("data_tokens", None, None),
    "Inference": ("inference_flop_per_token", None, None),
}


@pytest.mark.parametrize("have", BOUNDS.values(), ids=BOUNDS)
def test_every_number_of_a_plan_rests_on_an_assumption_and_every_assumption_has_a_source(have):
    plan = plan_training_run(**have)
    assert list(links(plan)) == list(numbers(plan))
    assert all(links(plan).values())
    assert all(each.source for each in assumed(plan))
    assert {name for each in assumed(plan) for name in each.numbers} == set(numbers(plan))


@pytest.mark.parametrize("have", BOUNDS.values(), ids=BOUNDS)
@pytest.mark.parametrize("topic", CHANGED)
def test_what_changes_with_an_assumption_is_what_is_said_to_rest_on_it(have, topic):
    name, before, after = CHANGED[topic]
    if before is None:
        if name not in have:
            return
        before, after = have[name], 1.02 * have[name]
    plan, other = (plan_training_run(**have | {name: value}) for value in (before, after))
    assert plan.bound == other.bound
    changed = {row for row, text in numbers(plan).items() if numbers(other)[row] != text}
    said = {row for row, rests_on in links(plan).items() if topic in {each.topic for each in rests_on}}
    assert changed <= said
    assert changed or not said


def test_only_the_money_rests_on_the_price():
    plan = plan_training_run(**MONTH)
    assert [row for row, rests_on in links(plan).items() if "Price" in {each.topic for each in rests_on}] == ["money"]


@pytest.mark.parametrize("have", BOUNDS.values(), ids=BOUNDS)
def test_the_lines_of_the_plan_are_its_assumptions(have):
    plan = plan_training_run(**have)
    assert assumptions(plan) == plan.assumptions == tuple(f"{each.topic}: {each.text}" for each in assumed(plan))
    assert all(f"- {line}" in markdown(plan) for line in assumptions(plan))
    assert len({each.topic for each in assumed(plan)}) == len(assumed(plan))


def test_an_assumption_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        assumed(plan_training_run(**MONTH))[0].topic = "another"
