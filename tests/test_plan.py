import dataclasses
import itertools
import math
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import catalog, questions
from course_lib.compute_cost import TransformerShape, training_flop
from course_lib.memory import PRECISION_BYTES, RECOMPUTE, TrainingSetup, assumed_shape
from course_lib.plan import (
    RULES,
    SERVING_ROOM,
    TRAINING_ROOM,
    Warning,
    given_up,
    plan_training_run,
    published_utilization,
    recipe,
    resources_of,
    source_of_a_step,
    tokens_of_a_step,
    training_precision,
    utilization_of,
)
from course_lib.plan.broken_rules import percent
from course_lib.scaling import BESIROGLU_2024, compute_optimal
from course_lib.units import format_bytes

quick = settings(deadline=None, max_examples=80)

MONTH = {"accelerator": "H100 SXM", "num_accelerators": 256, "days": 30}
BUDGET = 256 * 989.5e12 * 0.40 * 30 * 86400


def logarithmic(low, high):
    return st.floats(0, 1).map(lambda share: low * (high / low) ** share)


chips = st.sampled_from(list(catalog.accelerators()))
plans = st.builds(
    plan_training_run,
    accelerator=chips,
    num_accelerators=logarithmic(1, 100_000).map(round),
    days=logarithmic(0.01, 1000),
    utilization=st.floats(0.05, 1),
    data_tokens=st.none() | logarithmic(1e8, 1e14),
    max_epochs=st.sampled_from([1, 4]),
    tokens_per_parameter=logarithmic(0.5, 2000),
    inference_flop_per_token=st.none() | logarithmic(1e7, 1e13),
    serve_on=st.none() | chips,
    serve_precision=st.sampled_from(["fp32", "fp16", "bf16", "int8"]),
    sequence=st.sampled_from([128, 1000, 2048, 8192]),
    price_per_hour=logarithmic(0.01, 100),
)


def is_broken(plan, title):
    return any(title in broken for broken in plan.broken)


# Against published runs


@pytest.mark.parametrize(("name", "near"), [("LLaMA 65B", 0.05), ("Pythia 12B", 0.13), ("Falcon 180B", 0.15)])
def test_runs_that_followed_the_rule_come_out_near_what_was_trained(name, near):
    run, plan = catalog.training_run(name), plan_training_run(**resources_of(name, 1))
    assert plan.parameters == pytest.approx(run.parameters, rel=near)
    assert plan.tokens == pytest.approx(run.tokens, rel=near)


def test_chinchilla_comes_out_of_its_budget():
    days = 5.76e23 / (2048 * 312e12 * 0.4 * 86400)
    plan = plan_training_run(accelerator="A100 80GB", num_accelerators=2048, days=days)
    assert plan.parameters == pytest.approx(70e9, rel=0.02)
    assert plan.tokens == pytest.approx(1.4e12, rel=0.02)


@pytest.mark.parametrize("name", ["LLaMA 7B", "LLaMA 13B", "Llama 2 7B"])
def test_models_chosen_for_their_inference_come_out_of_that_bound(name):
    run = catalog.training_run(name)
    plan = plan_training_run(**resources_of(name, 2048), inference_flop_per_token=2 * run.parameters)
    assert plan.bound == "inference cost"
    assert plan.parameters == run.parameters
    assert plan.tokens * (1 + plan.setup.recomputed_flop()) == pytest.approx(run.tokens)


@pytest.mark.parametrize("name", published_utilization())
def test_a_run_s_resources_are_its_reported_hours(name):
    run, had = catalog.training_run(name), resources_of(name, 7)
    assert had["num_accelerators"] == (run.num_accelerators or 7)
    assert had["num_accelerators"] * had["days"] * 24 == pytest.approx(run.accelerator_hours)
    plan = plan_training_run(**had)
    assert plan.hours == pytest.approx(run.accelerator_hours)
    assert plan.flop * (1 + plan.setup.recomputed_flop()) == pytest.approx(training_flop(run.parameters, run.tokens))


def test_llama_65b_reached_what_its_paper_implies_and_llama_13b_most():
    reached = published_utilization()
    assert reached["LLaMA 65B"] == pytest.approx(6 * 65.2e9 * 1.4e12 / (1_022_362 * 3600 * 312e12))
    assert max(reached, key=reached.get) == "LLaMA 13B"


def test_what_the_lectures_runs_reached_is_said_of_them_alone_as_the_catalog_has_more_and_less():
    reached = published_utilization()
    assert set(reached) <= set(catalog.training_runs())
    everybody = [share for run in catalog.all_training_runs().values() if (share := utilization_of(run)) is not None]
    assert min(everybody) < min(reached.values()) < max(reached.values()) < max(everybody)
    said = next(one for one in plan_training_run(**MONTH).assumptions if one.startswith("Utilisation"))
    ends = " to ".join(f"{100 * end(reached.values()):.1f} %" for end in (min, max))
    assert f"The lecture's runs reached {ends}." in said


@pytest.mark.parametrize("name", ["GPT-3 175B", "Chinchilla 70B"])
def test_a_run_without_hours_or_with_two_kinds_of_hardware_has_no_resources(name):
    assert name not in published_utilization()
    assert resources_of(name, 8) == {}


@pytest.mark.parametrize(
    ("millions", "batch"),
    [(125, 0.5), (350, 0.5), (760, 0.5), (1300, 1), (2700, 1), (6700, 2), (13000, 2), (175000, 3.2)],
)
def test_the_steps_are_those_of_gpt_3_s_table(millions, batch):
    """Brown et al. 2020, Table 2.1: batch size in millions of tokens by model size."""
    assert 0.95 <= tokens_of_a_step(millions * 1e6) / (batch * 1e6) <= 1.35


def test_only_accelerators_without_bf16_train_in_fp16():
    fp16 = {name for name in catalog.accelerators() if training_precision(name) == "fp32+fp16"}
    assert fp16 == {"V100", "T4"}


# The three bounds, by hand


def test_the_compute_alone_gives_d_20p():
    plan = plan_training_run(**MONTH, sequence=512)
    assert plan.setup.recompute == "none"
    assert plan.bound == "compute"
    assert (plan.parameters, plan.tokens) == pytest.approx(compute_optimal(BUDGET))
    assert plan.broken == ()


def test_too_little_data_makes_the_model_smaller_and_leaves_days():
    plan = plan_training_run(**MONTH, data_tokens=400e9, max_epochs=1)
    assert (plan.bound, plan.parameters, plan.tokens) == ("data", 20e9, 400e9)
    assert plan.days == pytest.approx(30 * 6 * 20e9 * 400e9 / BUDGET)
    assert plan.broken == ("24.5 of 30 days unused",)


def test_the_data_may_be_read_up_to_four_times():
    plan = plan_training_run(**MONTH, data_tokens=100e9)
    assert (plan.tokens, plan.epochs) == (400e9, 4)
    assert plan.broken == ("data read 4 times", "24.5 of 30 days unused")


def test_the_memory_to_serve_in_caps_the_model_and_the_compute_goes_into_tokens():
    plan = plan_training_run(**MONTH, serve_on="L40S")
    assert (plan.bound, plan.parameters) == ("serving memory", 0.8 * 48e9 / 2)
    assert plan.tokens == pytest.approx(BUDGET / (6 * 19.2e9))
    assert plan.broken == ("over-trained",)
    assert plan_training_run(**MONTH, serve_on="L40S", serve_precision="int8").parameters == 38.4e9


def test_the_inference_cost_caps_the_model_at_half_its_flop():
    assert plan_training_run(**MONTH, inference_flop_per_token=16e9).parameters == 8e9


@quick
@given(plans)
def test_p_is_the_largest_within_every_bound_and_d_what_is_left(plan):
    have = plan.resources
    flop = have.flop / (1 + plan.setup.recomputed_flop())
    ceilings = [math.sqrt(flop / (6 * have.tokens_per_parameter))]
    if have.data_tokens:
        ceilings.append(have.data_tokens * have.max_epochs / have.tokens_per_parameter)
    if have.inference_flop_per_token:
        ceilings.append(have.inference_flop_per_token / 2)
    if have.serve_on:
        memory = catalog.accelerator(have.serve_on).usable_bytes
        ceilings.append((1 - SERVING_ROOM) * memory / PRECISION_BYTES[have.serve_precision])
    assert plan.parameters == pytest.approx(min(ceilings), rel=1e-2)
    most = have.data_tokens * have.max_epochs if have.data_tokens else math.inf
    assert plan.tokens == pytest.approx(min(flop / (6 * plan.parameters), most))
    assert plan.tokens_per_parameter >= have.tokens_per_parameter * 0.98


@quick
@given(plans)
def test_time_hours_and_money_follow_from_6pd_and_what_is_recomputed(plan):
    have = plan.resources
    rate = catalog.accelerator(have.accelerator).fp16_bf16_flop_per_second * have.utilization
    again = {"none": 0, "full": 1 / 3}.get(plan.setup.recompute, plan.setup.recomputed_flop())
    assert plan.flop == pytest.approx(6 * plan.parameters * plan.tokens)
    assert plan.hours == pytest.approx(plan.flop * (1 + again) / rate / 3600)
    assert plan.seconds == pytest.approx(plan.hours * 3600 / have.num_accelerators)
    assert plan.days <= have.days * (1 + 1e-9)
    assert plan.cost == pytest.approx(plan.hours * have.price_per_hour)


# The recipe


@quick
@given(plans)
def test_the_recipe_is_the_first_that_fits_by_trying_everything(plan):
    """Where P does not depend on the recipe: every optimizer, room, recomputation and stage in order of cost."""
    if plan.bound == "compute":
        return
    have = plan.resources
    stages = range(4) if have.num_accelerators > 1 else [0]
    for optimizer, room, recompute, stage in itertools.product(
        ["adamw", "adamw-8bit"], [TRAINING_ROOM, 0], RECOMPUTE, stages
    ):
        setup = TrainingSetup(
            plan.parameters,
            *assumed_shape(plan.parameters),
            accelerator=have.accelerator,
            precision=training_precision(have.accelerator),
            optimizer=optimizer,
            sequence=have.sequence,
            recompute=recompute,
            num_gpus=have.num_accelerators,
            stage=stage,
        )
        if setup.memory().total <= (1 - room) * setup.capacity:
            break
    assert dataclasses.replace(plan.setup, batch=1) == setup


@quick
@given(plans)
def test_the_micro_batch_is_the_largest_with_room_and_steps_have_their_usual_size(plan):
    setup, each = plan.setup, plan.setup.batch * plan.micro_batches
    usual = tokens_of_a_step(plan.parameters) / (setup.sequence * setup.num_gpus)
    assert each == max(1, round(usual))
    assert plan.step_tokens == each * setup.sequence * setup.num_gpus

    def has_room(batch):
        return dataclasses.replace(setup, batch=batch).memory().total <= (1 - TRAINING_ROOM) * setup.capacity

    assert setup.batch == 1 or has_room(setup.batch)
    larger = [part for part in range(setup.batch + 1, min(each, 5000) + 1) if each % part == 0]
    assert not any(has_room(batch) for batch in larger[:3])


def test_full_recomputation_takes_a_quarter_of_the_budget_from_6pd():
    plan = plan_training_run(accelerator="H100 SXM", num_accelerators=16384, days=78)
    assert plan.setup.recompute == "full"
    assert plan.flop == pytest.approx(0.75 * plan.resources.flop)
    assert plan.days == pytest.approx(78)


# The rules


@quick
@given(plans)
def test_each_rule_is_said_to_be_broken_just_where_it_is(plan):
    setup, have = plan.setup, plan.resources
    total, capacity = setup.memory().total, setup.capacity
    truth = {
        "fewer than 200 B tokens": plan.tokens < 200e9 * (1 - 1e-9),
        "over-trained": plan.tokens / plan.parameters >= 40,
        "under-trained": plan.tokens / plan.parameters <= 10,
        "data read": bool(have.data_tokens) and plan.tokens > have.data_tokens * (1 + 1e-9),
        "unused": plan.days < 0.995 * have.days,
        "utilisation": have.utilization > max(published_utilization().values()),
        "steps of": plan.step_tokens > 2 * tokens_of_a_step(plan.parameters),
        "does not fit": total > capacity,
        "8-bit": setup.optimizer == "adamw-8bit" and total <= capacity,
        "to spare": (1 - TRAINING_ROOM) * capacity * (1 + 1e-9) < total <= capacity,
    }
    assert {title: is_broken(plan, title) for title in truth} == truth
    assert len(plan.broken) == sum(truth.values())
    assert [check.rule for check in plan.checks] == list(RULES)
    assert [check.text for check in plan.checks if check.kept is False] == [
        warning.title for warning in sorted(plan.warnings, key=lambda warning: list(RULES).index(warning.rule))
    ]
    assert all(check.text == RULES[check.rule] for check in plan.checks if check.kept)
    assert [check.rule for check in plan.checks if check.kept is None] == (["optimizer"] if total > capacity else [])


def test_too_few_tokens_come_with_the_size_that_could_read_enough():
    plan = plan_training_run(accelerator="A100 80GB", num_accelerators=64, days=10)
    (warning,) = plan.warnings
    size = plan.flop / (6 * 200e9)
    read = f"{size / 1e9:.3g} B parameters could read 200 B, {200e9 / size:.3g} a parameter."
    assert warning.advice == f"slide S4 advises against {plan.tokens / 1e9:.3g} B. For the same compute {read}"
    again = plan_training_run(accelerator="A100 80GB", num_accelerators=64, days=10, tokens_per_parameter=200e9 / size)
    assert not is_broken(again, "fewer than 200 B")


def test_no_size_is_proposed_where_compute_or_text_is_far_too_little():
    little = plan_training_run(accelerator="T4", num_accelerators=1, days=1)
    assert little.warnings[0].advice.endswith("There is too little compute for any useful model to read that many.")
    assert "More text is needed." in plan_training_run(**MONTH, data_tokens=10e9).warnings[0].advice


A100, V100 = {"accelerator": "A100 80GB"}, {"accelerator": "V100", "num_accelerators": 8, "days": 1000}
SAID = [
    (MONTH | {"data_tokens": 10e9}, "fewer than # B tokens: slide S4 advises against # B. More text is needed."),
    (
        MONTH | {"data_tokens": 10e9},
        "data read # times: up to # is almost as good as new text, more is not (Muennighoff et al. #).",
    ),
    (
        MONTH | {"data_tokens": 10e9},
        "# of # days unused: the data at hand ends first; more text would use them.",
    ),
    (
        MONTH | {"tokens_per_parameter": 200},
        "over-trained: D/P is # instead of #. # B on # B reach the same loss for # % of the training, but cost # times "
        "as much to use (Besiroglu et al. #).",
    ),
    (
        V100 | {"tokens_per_parameter": 1},
        "under-trained: D/P is # instead of #. For the same compute # B on # B are better by # nats a token and "
        "cheaper to use (Besiroglu et al. #).",
    ),
    (
        MONTH | {"num_accelerators": 16384, "days": 1},
        "steps of # M tokens: one sequence on each accelerator is too much, as # M are usual at this size. Split the "
        "model itself over accelerators (tensor or pipeline parallelism), which this plan does not.",
    ),
    (
        V100 | {"num_accelerators": 1, "days": 200},
        "#-bit optimizer states: it does not fit with AdamW's usual # bytes a parameter.",
    ),
    (
        A100 | {"num_accelerators": 1, "days": 400},
        "only # GB to spare: buffers and fragmentation may need # % of the memory.",
    ),
]
"""What a plan is told, its numbers left out."""
ASSUMED = {
    "Utilisation": "# % of # TFLOP/s, over all the days, with restarts and waiting. The lecture's runs reached # % to "
    "# %.",
    "Compute": "#PD counts products with weights only; attention's own add about # % here.",
    "Recomputation": "# % more operations than #PD, so the run takes as much longer and the utilisation that counts "
    "#PD alone (MFU) is # %.",
    "Price": "# dollars for an accelerator-hour is your figure, not a quote. Staff, storage and runs that fail come on "
    "top.",
    "Tokens a parameter": "at least #. Three published fits put the best size for this compute between # B and # B.",
    "Serving": "weights in bf# leave # % of one T# for keys and values.",
    "Shape": "# layers of # with heads of #, as only the size is planned.",
    "Memory": "activations of GPT's layers, scores stored unless recomputed; working memory for what is being "
    "recomputed and one fp# copy of the logits, of # entries a token; # % is to stay free for buffers and "
    "fragmentation.",
    "Step": "# M tokens, # x # x # sequences of # (by size, after Brown et al. #, Table #); # steps.",
    "Precision": "fp#+fp#, as V# has no bf#; fp# needs its loss scaled.",
}
"""What every kind of assumption says, its numbers left out."""


def without_numbers(text):
    return re.sub(r"(?<!S)\d[\d,.]*\d|(?<!S)\d", "#", str(text))


def test_an_assumption_says_what_is_assumed_and_whose_it_is():
    plans = [plan_training_run(**MONTH | {"serve_on": "T4"}), plan_training_run(**V100 | {"num_accelerators": 64})]
    said = dict(without_numbers(one).split(": ", 1) for plan in plans for one in plan.assumptions)
    assert said == ASSUMED
    assert "Precision: fp32+bf16, as bf16 has the range of fp32." in plans[0].assumptions


@pytest.mark.parametrize(("asked", "words"), SAID, ids=lambda one: one.split(":")[0] if isinstance(one, str) else "")
def test_a_warning_says_what_is_wrong_and_what_would_help(asked, words):
    assert words in map(without_numbers, plan_training_run(**asked).warnings)


def test_over_training_is_priced_by_the_fit():
    plan = plan_training_run(**MONTH, serve_on="T4")
    size, tokens = BESIROGLU_2024.cheapest_for_loss(BESIROGLU_2024.loss(plan.parameters, plan.tokens))
    assert BESIROGLU_2024.loss(size, tokens) == pytest.approx(BESIROGLU_2024.loss(plan.parameters, plan.tokens))
    assert f"{size / 1e9:.3g} B on {tokens / 1e9:.0f} B" in plan.warnings[0].advice
    assert f"for {6 * size * tokens / plan.flop:.1%}".replace("%", " %") in plan.warnings[0].advice


def test_what_does_not_fit_says_what_would_make_it_fit():
    plan = plan_training_run(accelerator="V100", num_accelerators=8, days=1000, tokens_per_parameter=1)
    assert str(plan.warnings[-1]) == (
        "does not fit: by every recipe short by 55.1 GB on each. It would with 32 x V100, sharded at stage 3."
    )


def test_an_optimistic_utilisation_says_what_the_best_run_would_take():
    plan = plan_training_run(**MONTH, utilization=0.6)
    best = published_utilization()["LLaMA 13B"]
    assert plan.warnings == (
        Warning(
            "utilisation of 60 %",
            "the best of the lecture's runs, LLaMA 13B, reached 51.4 %; with that it takes "
            f"{30 * 0.6 / best:.3g} days.",
            "utilisation",
        ),
    )


def test_what_the_bounds_give_up_is_the_loss_against_d_20p():
    assert given_up(plan_training_run(**MONTH)) == "nothing: P is bound by the compute alone"
    plan = plan_training_run(**MONTH, serve_on="L40S")
    more = BESIROGLU_2024.loss(plan.parameters, plan.tokens) - BESIROGLU_2024.loss(*compute_optimal(BUDGET))
    assert given_up(plan) == (
        f"{more:.3f} nats a token against 46.8 B on 936 B, which is D = 20P for all the compute (Besiroglu et al. 2024)"
    )


# In words


def test_the_sentence_says_all_of_a_plan():
    assert plan_training_run(**MONTH, data_tokens=1.5e12, serve_on="L40S").sentence == (
        "256 x H100 SXM for 30 days at 40 % train 19.2 B parameters on 2.28 T tokens, 119 a parameter (P from the "
        "memory to serve in): 2.63e23 FLOP, 30 days, 184,000 accelerator-hours, $369,000 at $2 an hour; "
        "fp32+bf16, adamw, 1 sequence at a time, no recomputation, sharded at stage 3: 64.8 GB of 85.5 GB on each."
    )


def test_assumptions_name_what_is_assumed_and_no_more():
    def topics(**have):
        return [text.partition(":")[0] for text in plan_training_run(**MONTH, **have).assumptions]

    always = {"Utilisation", "Compute", "Price", "Tokens a parameter", "Shape", "Memory", "Step", "Precision"}
    assert set(topics(sequence=512)) == always
    assert set(topics()) == always | {"Recomputation"}
    everything = topics(data_tokens=1e12, inference_flop_per_token=16e9, serve_on="L40S")
    assert set(everything) == always | {"Data", "Inference", "Serving"}
    assert len(everything) == len(set(everything))


@pytest.mark.parametrize("sequence", [512, 8192])
def test_what_attention_adds_to_6pd_is_three_times_its_two_products(sequence):
    plan = plan_training_run(**MONTH, sequence=sequence)
    shape = TransformerShape(
        hidden=plan.setup.hidden, layers=plan.setup.layers, heads=plan.setup.heads, sequence=sequence, vocab=1
    )
    longer = dataclasses.replace(shape, sequence=2 * sequence)
    a_token = 3 * (longer.forward_flop(1) - shape.forward_flop(1))
    (compute,) = (text for text in plan.assumptions if text.startswith("Compute:"))
    assert f"add about {percent(a_token / (6 * plan.parameters), 2)} here" in compute


@pytest.mark.parametrize(
    ("have", "recipe"),
    [(("V100", 1, 120), "adamw"), (("V100", 1, 300), "adamw-8bit"), (("T4", 2, 120), "adamw")],
)
def test_a_recipe_that_leaves_less_than_a_tenth_is_better_than_coarser_states(have, recipe):
    plan = plan_training_run(**dict(zip(("accelerator", "num_accelerators", "days"), have, strict=True)))
    assert 0 <= plan.setup.fit().spare_bytes < TRAINING_ROOM * plan.setup.capacity
    assert plan.setup.optimizer == recipe
    assert is_broken(plan, "to spare")


def test_where_nothing_fits_it_cannot_be_said_of_the_optimizer_alone_whether_its_rule_is_kept():
    plan = plan_training_run(accelerator="V100", num_accelerators=1, days=1000)
    said = {check.rule: (check.kept, check.text) for check in plan.checks}
    assert list(said) == list(RULES)
    assert said["optimizer"] == (None, "no optimizer fits")
    assert said["memory"] == (False, "does not fit")
    assert all(kept is not None for rule, (kept, _) in said.items() if rule != "optimizer")


def test_one_accelerator_shards_nothing_even_where_no_recipe_fits():
    plan = plan_training_run(accelerator="V100", num_accelerators=1, days=1000)
    assert not plan.setup.fit()
    assert plan.setup.stage == 0


def test_the_head_room_is_for_buffers_and_fragmentation_and_not_for_logits():
    plan = plan_training_run(accelerator="H100 SXM", num_accelerators=16384, days=78)
    (memory,) = (text for text in plan.assumptions if text.startswith("Memory:"))
    assert "one fp32 copy of the logits, of 50,257 entries a token" in memory
    assert memory.endswith("10 % is to stay free for buffers and fragmentation.")
    tight = plan_training_run(accelerator="V100", num_accelerators=2, days=560)
    assert str(tight.warnings[-1]) == ("only 2.72 GB to spare: buffers and fragmentation may need 10 % of the memory.")


def test_the_markdown_names_all_five_parts_and_their_sum():
    plan = plan_training_run(**MONTH, data_tokens=1.5e12, serve_on="L40S")
    (line,) = (line for line in plan.markdown().splitlines() if line.startswith("| of which"))
    P, s, h, L, a = 19.2e9, 2048, 46 * 128, 46, 46
    parts = [(2 + 4) * P / 256, 2 * P / 256, 8 * P / 256, s * h * L * (34 + 5 * a * s / h), s * 50257 * 4]
    names = ["parameters", "gradients", "optimizer", "activations", "working memory"]
    written = [f"{format_bytes(size)} {name}" for size, name in zip(parts, names, strict=True)]
    assert line == f"| of which | {', '.join(written)} |"
    assert plan.setup.memory().total == pytest.approx(sum(parts))


def test_recomputation_is_said_to_lower_the_mfu_and_to_lengthen_the_run():
    plan = plan_training_run(accelerator="H100 SXM", num_accelerators=16384, days=78)
    assert (
        "Recomputation: 33 % more operations than 6PD, so the run takes as much longer and the utilisation that counts "
        "6PD alone (MFU) is 30 %."
    ) in plan.assumptions


def test_a_comparison_gives_the_run_and_how_far_the_plan_is_from_it():
    assert plan_training_run(**resources_of("BLOOM 176B", 1)).compared_with("BLOOM 176B") == (
        "BLOOM 176B: 176 B on 366 B, 2.08 a parameter, 3.87e23 FLOP (the plan: 0.99 times that), 1,080,000 hours on "
        "A100 80GB; the plan's loss is 0.013 nats lower (Besiroglu et al. 2024)."
    )
    assert "an unreported time on V100" in plan_training_run(**MONTH).compared_with("GPT-3 175B")


def test_a_run_whose_source_leaves_something_out_is_compared_by_the_rest_or_refused_in_words():
    plan = plan_training_run(**MONTH)
    assert "an unreported time on an unreported accelerator" in plan.compared_with("Qwen3 8B")
    with pytest.raises(ValueError, match=r"^gpt-oss-20b: its source does not say on how many tokens it trained$"):
        plan.compared_with("gpt-oss-20b")


@pytest.mark.parametrize("name", ["Nemotron-H 56B", "Nemotron Nano 2 12B", "NVFP4 12B", "Llama 3.2 3B", "Gemma 3 12B"])
def test_no_loss_is_given_for_a_run_of_another_kind_than_the_law_was_fitted_to(name):
    said = plan_training_run(**MONTH).compared_with(name)
    assert "nats" not in said
    assert said.endswith("It is not compared with the plan.")


def test_a_mixture_of_experts_is_not_compared_but_for_why():
    plan, name = plan_training_run(**MONTH), "DeepSeek-V3 (37B active)"
    assert plan.compared_with(name) == (
        "DeepSeek-V3 (37B active): 14.8 T tokens, 3.29e24 FLOP, 2,660,000 hours on H800. A mixture of experts: 37 B of "
        "its 671 B parameters work on a token; the loss law was fitted to dense models. It is not compared with the "
        "plan."
    )
    assert "nats" not in plan.markdown(name).partition("## Compared with a published run")[2]


def test_the_largest_models_step_as_llama_3_1_did_and_the_plan_names_whose_step_it_takes():
    assert tokens_of_a_step(405e9) == 2**24  # Llama Team 2024, section 3.4.1: 16 M tokens
    assert tokens_of_a_step(176e9) == 2**22  # BLOOM: 2,048 sequences of 2,048 tokens
    assert source_of_a_step(405e9) == "Llama Team 2024, section 3.4.1"
    step = next(text for text in plan_training_run(**resources_of("BLOOM 176B", 1)).assumptions if "Step:" in text)
    assert "(by size, after Brown et al. 2020, Table 2.1)" in step
    large = plan_training_run(**resources_of("Llama 3.1 405B", 1))
    assert large.parameters > 250e9
    assert any("(by size, after Llama Team 2024, section 3.4.1)" in text for text in large.assumptions)


@settings(deadline=None, max_examples=40)
@given(plans, st.none() | st.sampled_from(list(catalog.training_runs())))
def test_the_markdown_holds_the_whole_plan_and_is_well_formed(plan, compare):
    text = plan.markdown(compare)
    for part in (*map(str, plan.warnings), *plan.assumptions, recipe(plan)):
        assert part[1:] in text
    lines = text.splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 13
    assert all(line.count("|") == 3 for line in table)
    assert [line for line in lines if line.startswith("#")][:3] == [
        lines[0],
        "## Rules of the lecture that it breaks",
        "## Assumptions",
    ]
    assert ("## Compared with a published run" in lines) == (compare is not None)
    assert not re.search(r"\b(nan|inf|None)\b", text.replace("None.", ""))
    assert text.endswith("\n")


def test_the_markdown_of_a_compared_run_has_its_source_and_its_note():
    text = plan_training_run(**MONTH).markdown("Gopher 280B")
    run = catalog.training_run("Gopher 280B")
    assert f"Source: {run.source}." in text
    assert f"Mind: {run.note}." in text


# Refusals


@pytest.mark.parametrize(
    ("name", "value", "error", "message"),
    [
        ("accelerator", "H100", ValueError, "accelerator 'H100' is unknown; did you mean 'H100 SXM'"),
        ("num_accelerators", 2.5, ValueError, "num_accelerators must be a whole number of at least 1; got 2.5"),
        ("num_accelerators", True, TypeError, "num_accelerators must be a whole number of at least 1; got True"),
        ("days", 0, ValueError, "days must be positive and finite; got 0"),
        ("days", np.array([1.0, 2.0]), TypeError, "days must be one number"),
        ("utilization", 1.1, ValueError, r"utilization must lie in \(0, 1\]; got 1.1"),
        ("utilization", 40, ValueError, r"utilization must lie in \(0, 1\]; got 40"),
        ("utilization", np.array([0.3, 0.4]), TypeError, "utilization must be one number"),
        ("data_tokens", math.nan, ValueError, "data_tokens must be positive and finite; got nan"),
        ("data_tokens", "1T", TypeError, "data_tokens must be a positive number; got '1T'"),
        ("max_epochs", 0, ValueError, "max_epochs must be positive and finite; got 0"),
        ("tokens_per_parameter", -20, ValueError, "tokens_per_parameter must be positive and finite; got -20"),
        ("inference_flop_per_token", 0, ValueError, "inference_flop_per_token must be positive and finite; got 0"),
        ("serve_on", "A100", ValueError, "accelerator 'A100' is unknown"),
        ("serve_precision", "fp32+bf16", ValueError, r"serve_precision 'fp32\+bf16' is unknown"),
        ("sequence", 0, ValueError, "sequence must be a whole number of at least 1; got 0"),
        ("price_per_hour", -2, ValueError, "price_per_hour must be positive and finite; got -2"),
    ],
)
def test_what_nobody_can_have_is_refused_by_name(name, value, error, message):
    with pytest.raises(error, match=f"^{message}"):
        plan_training_run(**MONTH | {name: value})


def test_a_plan_is_compared_with_known_runs_only():
    plan = plan_training_run(**MONTH)
    for compare in (plan.compared_with, plan.markdown, lambda run: resources_of(run, 1)):
        with pytest.raises(ValueError, match="training run 'LLaMA 66B' is unknown; did you mean 'LLaMA 65B'"):
            compare("LLaMA 66B")


def test_neither_a_plan_nor_what_it_is_made_of_can_be_changed():
    plan = plan_training_run(**MONTH)
    for one in (plan, plan.resources, plan.setup, *plan.warnings, *plan.checks):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(one, dataclasses.fields(one)[0].name, 1)
    assert all(kind.__dataclass_params__.frozen for kind in type(plan).__mro__ if dataclasses.is_dataclass(kind))


def test_the_same_resources_give_the_same_plan():
    assert plan_training_run(**MONTH) == plan_training_run(**MONTH)


# Set 7 goes by the planner's rules


@pytest.mark.parametrize("seed", range(8))
def test_the_bounds_of_set_7_are_the_planners(seed):
    """Question 7.2's serving memory is what the accelerator reports, as the planner takes it."""
    facts = {name: fact.value for name, fact in questions.find("7.2", seed).asks.given.items()}
    resources = plan_training_run(
        accelerator="A100 80GB", num_accelerators=1, days=30, data_tokens=facts["text"], serve_on="A100 80GB"
    ).resources
    sizes = resources.largest_models(facts["budget"])
    planned = [sizes[bound] / 1e9 for bound in ("compute", "data", "serving memory")]
    assert questions.find("7.2", seed).asks.answer == pytest.approx(planned)


@pytest.mark.parametrize("seed", range(8))
def test_the_recipe_of_set_7_is_the_quickest_that_leaves_a_tenth(seed):
    asks = questions.find("7.4", seed).asks
    facts = {name: fact.value for name, fact in asks.given.items()}
    to_fill = (1 - TRAINING_ROOM) * facts["memory"]
    states = 16 * facts["parameters"] / 1e9
    at_stage_2, at_stage_3 = states * (2 + 14 / facts["accelerators"]) / 16, states / facts["accelerators"]
    assert at_stage_3 + facts["all_kept"] > to_fill >= at_stage_3 + facts["selective"]
    assert at_stage_2 + facts["selective"] > to_fill
    assert asks.answer.startswith("Stage 3, selective")


def test_the_half_page_of_set_7_is_asked_for_what_its_rubric_pays():
    master = Path(__file__).resolve().parent.parent / "exercises" / "solutions" / "07_plan.ipynb"
    cells = {cell.id: cell.source for cell in nbformat.read(master, as_version=4).cells}
    asked = re.findall(r"^(\d)\. ", cells["text-7-6-2"], re.MULTILINE)
    paid = re.findall(r"^\| (\d) · .+\| 0\.5 \|$", cells["text-7-6-3"], re.MULTILINE)
    assert asked == paid == list("123456")
