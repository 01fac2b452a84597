import dataclasses
import html
import re
from xml.etree import ElementTree

import pytest
from explorer_parts import move, texts, without_salt
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import catalog
from course_lib.explorers.plan.explorer import NO_LIMIT, NO_RUN, WEIGHTS, TrainingRunPlanner, plan_view
from course_lib.memory import PARTS
from course_lib.plan import plan_training_run, published_utilization, resources_of

DEFAULT = {
    "accelerator": "H100 SXM",
    "num_accelerators": 256.0,
    "days": 30.0,
    "utilization": 0.4,
    "data_tokens": 1e13,
    "tokens_per_parameter": 20.0,
    "inference_flop_per_token": 1e12,
    "price_per_hour": 2.0,
    "serve_on": NO_LIMIT,
    "serve_precision": "bf16",
    "compare": "LLaMA 65B",
    "show_markdown": False,
}
LESSON = DEFAULT | {"data_tokens": 1.5e12, "serve_on": "L40S"}
RANGES = {
    "num_accelerators": (1, 200_000),
    "days": (0.1, 1000),
    "data_tokens": (1e9, 1e14),
    "tokens_per_parameter": (1, 10_000),
    "inference_flop_per_token": (1e8, 5e12),
    "price_per_hour": (0.01, 1000),
}
CHOICES = {
    "accelerator": list(catalog.accelerators()),
    "serve_on": [NO_LIMIT, *catalog.accelerators()],
    "serve_precision": list(WEIGHTS.values()),
    "compare": [NO_RUN, *catalog.training_runs()],
    "show_markdown": [False, True],
}

quick = settings(deadline=None, max_examples=50)


def logarithmic(low, high):
    return st.floats(0, 1).map(lambda share: float(f"{low * (high / low) ** share:.12g}"))


control_values = st.fixed_dictionaries(
    {name: logarithmic(*limits) for name, limits in RANGES.items()}
    | {name: st.sampled_from(options) for name, options in CHOICES.items()}
    | {"utilization": st.floats(0.01, 1)}
).map(lambda values: values | {"num_accelerators": float(round(values["num_accelerators"]))})


@pytest.fixture(scope="module")
def made():
    explorer = TrainingRunPlanner()
    yield explorer
    explorer.close()


@pytest.fixture
def explorer(made):
    made.set(**DEFAULT)
    return made


def shown_markdown(explorer):
    return html.unescape(re.fullmatch(r"<textarea readonly [^>]*>(.*)</textarea>", explorer._markdown.value, re.S)[1])


# The pure function


@quick
@given(control_values)
def test_the_view_holds_the_plan_of_the_controls(values):
    view = plan_view(**values)
    names = {"serve_on", "compare", "show_markdown"}
    resources = {name: value for name, value in values.items() if name not in names}
    serve_on = None if values["serve_on"] == NO_LIMIT else values["serve_on"]
    assert view.plan == plan_training_run(**resources, serve_on=serve_on)
    assert view.run == (None if values["compare"] == NO_RUN else values["compare"])
    assert view.markdown == view.plan.markdown(view.run)
    assert view.sentence.startswith(view.plan.sentence)
    assert all(title in view.sentence for title in view.broken)
    assert view.run is None or f" {view.run}: " in view.sentence


def test_the_sentence_names_the_rules_broken_and_the_run_beside_it():
    assert plan_view(**LESSON).sentence.endswith(
        " 64.4 GB of 80 GB on each. Rules of the lecture broken: over-trained; data read 1.52 times. LLaMA 65B: 65.2 B "
        "on 1.4 T in 1,020,000 hours on A100 80GB; the plan costs 0.48 times its FLOP."
    )
    without = plan_view(**DEFAULT | {"compare": NO_RUN}).sentence
    assert without.endswith(" 71.4 GB of 80 GB on each. No rule of the lecture is broken.")
    assert "GPT-3 175B: 175 B on 300 B in an unreported time on V100" in (
        plan_view(**DEFAULT | {"compare": "GPT-3 175B"}).sentence
    )


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("accelerator", "H100", "accelerator 'H100' is unknown"),
        ("num_accelerators", 0, "num_accelerators must be a whole number of at least 1; got 0"),
        ("days", float("inf"), "days must be positive and finite; got inf"),
        ("utilization", 0, r"utilization must lie in \(0, 1\]; got 0"),
        ("data_tokens", -1, "data_tokens must be positive and finite; got -1"),
        ("tokens_per_parameter", 0, "tokens_per_parameter must be positive and finite; got 0"),
        ("serve_on", "anything", "accelerator 'anything' is unknown"),
        ("serve_precision", "int4", "serve_precision 'int4' is unknown"),
        ("compare", "GPT-5", "training run 'GPT-5' is unknown"),
    ],
)
def test_the_view_refuses_what_the_plan_refuses(name, value, message):
    with pytest.raises(ValueError, match=message):
        plan_view(**DEFAULT | {name: value})


def test_a_view_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan_view(**DEFAULT).run = None


# The run compared with, and its hardware


@pytest.mark.parametrize("run", CHOICES["compare"])
def test_comparing_changes_nothing_else(run, explorer):
    explorer.set(compare=run)
    assert explorer.values() == DEFAULT | {"compare": run}
    assert explorer.sentence == plan_view(**explorer.values()).sentence


@pytest.mark.parametrize("run", published_utilization())
def test_the_button_takes_over_the_hardware_of_the_run(run, explorer):
    explorer.set(compare=run)
    explorer.button.click()
    assert explorer.values() == DEFAULT | {"compare": run} | resources_of(run, 256)
    view = plan_view(**explorer.values())
    assert explorer.sentence == view.sentence
    assert view.plan.hours == pytest.approx(catalog.training_run(run).accelerator_hours)


@pytest.mark.parametrize("run", [NO_RUN, "GPT-3 175B", "Chinchilla 70B"])
def test_where_there_is_no_hardware_to_take_over_the_button_does_nothing(run, explorer):
    explorer.set(compare=run)
    explorer.button.click()
    assert explorer.values() == DEFAULT | {"compare": run}


def test_the_button_mends_a_field_with_nonsense_in_it(explorer):
    explorer.controls["days"].text.value = "nonsense"
    explorer.button.click()
    assert explorer.values() == DEFAULT | resources_of("LLaMA 65B", 256)
    assert not explorer.sentence.startswith("Not drawn")


# The Markdown


def test_the_markdown_takes_the_picture_s_place_and_gives_it_back(explorer):
    def visible():
        return explorer._picture.layout.visibility, explorer._markdown.layout.visibility

    assert visible() == ("visible", "hidden")
    explorer.controls["show_markdown"].value = True
    assert visible() == ("hidden", "visible")
    assert shown_markdown(explorer) == plan_view(**explorer.values()).markdown
    explorer.controls["show_markdown"].value = False
    assert visible() == ("visible", "hidden")


def test_no_plan_is_offered_for_copying_while_a_control_is_wrong(explorer):
    explorer.set(show_markdown=True)
    explorer.controls["days"].text.value = "</textarea><script>"
    assert shown_markdown(explorer) == explorer.sentence
    assert "<script>" not in explorer._markdown.value
    assert explorer.sentence.startswith("Not drawn: Days '</textarea><script>' is not a number")
    explorer.controls["days"].text.value = "21"
    assert shown_markdown(explorer) == plan_view(**explorer.values()).markdown


# The widget


def test_a_new_planner_shows_the_default():
    fresh = TrainingRunPlanner()
    assert fresh.values() == DEFAULT
    assert fresh.sentence == plan_view(**DEFAULT).sentence
    fresh.close()


def test_a_planner_reads_without_a_kernel(explorer):
    explorer.set(**LESSON)
    bundle = explorer._repr_mimebundle_()
    assert bundle["text/plain"] == plan_view(**LESSON).sentence
    assert "<svg" in bundle["image/svg+xml"]


def test_the_picture_writes_the_view_s_numbers(explorer):
    explorer.set(**LESSON)
    written = texts(explorer)
    for text in (
        "Time: 30 of 30 days",
        "184,000 accelerator-hours; money: 369,000",
        "Memory on each: 64.4 GB of 80 GB",
        "63.2 GB",
        "adamw, 1 at a time, no recomputation, stage 3",
        "over-trained",
        "data read 1.52 times",
        "LLaMA 65B",
    ):
        assert text in written
    assert written.count("!") == 2
    explorer.set(**DEFAULT | {"compare": NO_RUN})
    assert "none" in texts(explorer)
    assert "!" not in texts(explorer)
    assert "LLaMA 65B" not in texts(explorer)


@quick
@given(control_values)
def test_marks_and_bars_stand_at_the_plan_s_values(made, values):
    made.set(**values)
    view = plan_view(**values)
    plan, memory = view.plan, view.plan.setup.memory()
    (x,), (y,) = made._own.get_data()
    inside = 3.6e7 <= plan.parameters <= 2.5e12 and 3.8e9 <= plan.tokens <= 8e13
    assert ((x, y) == (plan.parameters, plan.tokens)) == inside
    assert made._own_label.get_text() == ("" if inside else "off this map")
    assert made._time.get_width() == pytest.approx(plan.days / values["days"], rel=1e-6)
    limit = plan.setup.capacity / made._capacity.get_xdata()[0]
    assert limit >= max(memory.total, plan.setup.capacity)
    assert [bar.get_width() * limit for bar in made._parts] == pytest.approx([getattr(memory, p) for p in PARTS])
    assert [rule.get_text() for rule in made._rules if rule.get_text()] == (list(view.broken) or ["none"])
    assert [mark.get_text() for mark in made._marks].count("!") == len(view.broken)


def test_a_redraw_keeps_the_figure_and_its_backdrop(explorer):
    figure, backdrop, artists = explorer.figure, explorer._backdrop, list(explorer._moving)
    explorer.set(days=60)
    assert explorer.figure is figure
    assert explorer._backdrop is backdrop
    assert explorer._moving == artists


typed = st.one_of(
    st.text(max_size=6), st.sampled_from(["7B", "1", "2048", "1,4", "0", "1e99", "<script>", "0.5", "1.5T"])
)
moves = st.one_of(
    st.tuples(st.sampled_from(list(RANGES)), st.just("type"), typed),
    st.tuples(st.sampled_from([*RANGES, "utilization"]), st.just("slide"), st.floats(0, 1)),
    st.sampled_from([(name, "choose", option) for name, options in CHOICES.items() for option in options]),
    st.just(("button", "press", None)),
)


@pytest.fixture(scope="module")
def reference():
    explorer = TrainingRunPlanner()
    yield explorer
    explorer.close()


@settings(deadline=None, max_examples=25)
@given(sequence=st.lists(moves, max_size=10))
def test_no_sequence_of_moves_raises_or_leaves_a_stale_picture(made, reference, sequence):
    for name, how, value in sequence:
        move(made, name, how, value)
    problems = [control.problem for control in made.controls.values() if getattr(control, "problem", "")]
    if problems:
        assert made.sentence == f"Not drawn: {problems[0]}"
        assert shown_markdown(made) == made.sentence
    else:
        view = plan_view(**made.values())
        assert made.sentence == view.sentence
        assert shown_markdown(made) == view.markdown
        reference._show(view)
        assert without_salt(made.svg) == without_salt(reference.svg)
    assert ElementTree.fromstring(made.svg).get("aria-label").split() == made.sentence.split()


def test_every_control_has_a_label_of_its_own(explorer):
    labels = [
        getattr(control, "text", getattr(control, "slider", control)).description
        for control in explorer.controls.values()
    ]
    assert all(labels)
    assert len(set(labels)) == len(labels)


def test_all_that_the_lists_offer_is_what_the_modules_accept(explorer):
    for name in ("accelerator", "serve_on", "serve_precision", "compare"):
        offered = [option[1] if isinstance(option, tuple) else option for option in explorer.controls[name].options]
        assert offered == CHOICES[name], name
        for option in offered:
            assert plan_view(**DEFAULT | {name: option}).sentence


def test_values_that_the_controls_cannot_have_are_refused(explorer):
    with pytest.raises(ValueError, match="accelerator cannot be 'H100'"):
        explorer.set(accelerator="H100")
    with pytest.raises(ValueError, match="TrainingRunPlanner has no control 'gpus'"):
        explorer.set(gpus=4)


def test_closing_closes_the_markdown_too():
    fresh = TrainingRunPlanner()
    parts = [fresh._markdown, fresh._picture, fresh.button]
    fresh.close()
    assert all(part.comm is None for part in parts)
