import html
import re

import pytest
from explorer_parts import misplaced, texts
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import catalog
from course_lib.explorers.picture import MEDIUM, NARROW, WIDE, Label, in_words
from course_lib.explorers.plan.explorer import WEIGHTS, TrainingRunPlanner
from course_lib.explorers.plan.picture import PlanPicture
from course_lib.explorers.plan.view import NO_LIMIT, NO_RUN, plan_view
from course_lib.explorers.room import MARK, TEXT, Room, Spot
from course_lib.memory import PART_NAMES
from course_lib.plan import RULES, in_days, money, plan_training_run, published_utilization, resources_of
from course_lib.units import format_count

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
    return html.unescape(re.search(r"<textarea readonly [^>]*>(.*)</textarea>$", explorer.markdown.value, re.S)[1])


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
    size, tokens = (format_count(count) for count in (view.plan.parameters, view.plan.tokens))
    assert f": {size} parameters on {tokens} tokens, " in view.sentence
    assert view.sentence.endswith(f"{in_days(view.plan.days)}, {money(view.plan.cost)}.")
    crossed = [value for _, value in view.facts if value.startswith("✗ ")]
    assert len(crossed) == len(view.broken)
    assert view.run is None or dict(view.facts)["Beside it"].startswith(f"{view.run}, ")


def test_what_is_not_asked_for_is_named_and_says_what_has_no_effect_then():
    explorer = TrainingRunPlanner()
    first = {name: explorer.controls[name].options[0] for name in ("serve_on", "compare")}
    assert first == {"serve_on": "no limit", "compare": "no run"}
    assert explorer.idle(explorer.shown)["serve_precision"] == "no effect: no limit"
    explorer.close()


def test_the_sentence_begins_with_the_verdict_and_the_facts_say_the_rest():
    view = plan_view(**LESSON)
    assert view.sentence == ("2 rules are broken (✗): 19.2 B parameters on 2.28 T tokens, 30 days, $369,000.")
    assert view.facts == (
        ("P from", "the memory to serve in"),
        ("Tokens", "2.28 T"),
        ("Tokens a parameter", "✗ 119"),
        ("Text", "✗ 1.5 T, read 1.52 times"),
        ("Time", "30 of 30 days"),
        ("Utilisation", "40 %, 256 x H100 SXM"),
        ("Step", "2.1 M tokens"),
        ("Stored", "fp32+bf16, adamw, stage 3"),
        ("Memory on each", "64.8 GB of 85.5 GB"),
        ("At a time", "1, no recomputation"),
        ("Compute 6PD", "2.63e23 FLOP"),
        ("Cost", "$369,000, 184,000 hours"),
        ("Beside it", "LLaMA 65B, A100 80GB"),
        ("It had", "65.2 B on 1.4 T, 1,020,000 h"),
        ("The plan costs", "0.48 times its FLOP"),
    )
    without = plan_view(**DEFAULT | {"compare": NO_RUN})
    assert without.sentence.startswith("No rule is broken: ")
    assert dict(without.facts)["Memory on each"] == "74.9 GB of 85.5 GB"
    assert without.facts[-3:] == (("Beside it", NO_RUN), ("It had", "nothing"), ("The plan costs", "not compared"))
    gpt_3 = plan_view(**DEFAULT | {"compare": "GPT-3 175B"})
    assert dict(gpt_3.facts)["It had"] == "175 B on 300 B, hours unreported"
    assert dict(gpt_3.facts)["The plan costs"] == "0.82 times its FLOP"
    assert plan_view(**LESSON | {"days": 15}).verdict == "1 rule is broken (✗)"
    small = {"accelerator": "V100", "num_accelerators": 8, "days": 1000, "tokens_per_parameter": 1}
    assert plan_view(**DEFAULT | small).sentence.startswith("It does not fit: 65.7 B parameters")


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


def hidden(explorer):
    """Return which of the two that share one place is hidden."""
    stack = next(part for part in explorer.children if "course-stack" in part._dom_classes)
    return [part is explorer.markdown for part in stack.children if part.layout.visibility == "hidden"]


def test_the_markdown_takes_the_picture_s_place_and_gives_it_back(explorer):
    picture, markdown = [False], [True]
    assert hidden(explorer) == markdown
    explorer.controls["show_markdown"].value = True
    assert hidden(explorer) == picture
    assert shown_markdown(explorer) == plan_view(**explorer.values()).markdown
    assert explorer.markdown.value.count('class="course-copy"') == 1
    explorer.controls["show_markdown"].value = False
    assert hidden(explorer) == markdown


def test_the_markdown_follows_its_button_while_a_control_is_wrong(explorer):
    explorer.controls["days"].text.value = "soon"
    explorer.controls["show_markdown"].value = True
    assert hidden(explorer) == [False]
    assert shown_markdown(explorer) == explorer.sentence
    explorer.controls["show_markdown"].value = False
    assert hidden(explorer) == [True]


def test_no_plan_is_offered_for_copying_while_a_control_is_wrong(explorer):
    explorer.set(show_markdown=True)
    explorer.controls["days"].text.value = "</textarea><script>"
    assert shown_markdown(explorer) == explorer.sentence
    assert "<script>" not in explorer.markdown.value
    assert explorer.sentence == "Not drawn: Days: 0.1 to 1 k; got '</textarea><script>'"
    assert "course-copy" not in explorer.markdown.value
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
    view = plan_view(**LESSON)
    assert bundle["text/plain"] == in_words(view.sentence, view.facts)
    assert "<svg" in bundle["image/svg+xml"]


def test_the_picture_writes_the_view_s_numbers(explorer):
    explorer.set(**LESSON)
    written = texts(explorer)
    for text in (
        "Time: 30 of 30 days",
        "184,000 accelerator-hours; $369,000",
        "Memory on each: 64.8 GB of 85.5 GB",
        "63.2 GB",
        "working memory",
        "412 MB",
        "adamw, 1 at a time, no recomputation, stage 3",
        "over-trained",
        "data read 1.52 times",
        "LLaMA 65B",
    ):
        assert text in written
    assert [written.count(sign) for sign in "✗✓–"] == [2, 6, 0]
    explorer.set(**DEFAULT | {"compare": NO_RUN})
    assert [texts(explorer).count(sign) for sign in "✗✓–"] == [0, 8, 0]
    assert set(RULES.values()) <= set(texts(explorer))
    assert "LLaMA 65B" not in texts(explorer)


@pytest.mark.parametrize("pixels", [1000, 500, 230])
def test_a_rule_is_marked_by_a_sign_and_words_and_a_frame_at_every_width(explorer, pixels):
    explorer.fit(pixels)
    small = {"accelerator": "V100", "num_accelerators": 8.0, "days": 1000.0, "tokens_per_parameter": 1.0}
    for values in (DEFAULT, LESSON, DEFAULT | small):
        explorer.set(**values)
        shown = explorer.shown.plan.checks
        picture = explorer.picture
        assert [rule.text for rule in picture.rules] == [check.text for check in shown]
        assert [sign.text for sign in picture.signs] == [
            {True: "✓", False: "✗", None: "–"}[check.kept] for check in shown
        ]
        assert [alarm.get_visible() for alarm in picture.alarms] == [check.kept is False for check in shown]
    assert "no optimizer fits" in texts(explorer)
    explorer.fit(1000)


def test_at_most_eight_controls_are_in_sight(explorer):
    shown = [name for title, names in explorer.groups.items() if title not in explorer.folded for name in names]
    assert len(shown) == 8
    assert {"price_per_hour", "compare", "use_hardware"} <= set(explorer.groups["More"])


def test_how_weights_are_stored_has_no_effect_where_they_are_served_nowhere(explorer):
    assert explorer.idle(explorer.shown) == {"serve_precision": "no effect: no limit"}
    before = explorer.svg
    explorer.set(serve_precision="int8")
    assert explorer.svg == before
    explorer.set(serve_on="L40S")
    assert explorer.idle(explorer.shown) == {}


def test_prices_and_costs_are_in_dollars(explorer):
    assert explorer.controls["price_per_hour"].text.description == "Price, $/hour"
    explorer.set(**LESSON | {"price_per_hour": 0.5})
    assert "$92,200" in explorer.sentence
    assert "| money | 92,200 dollars, at 0.5 an accelerator-hour |" in explorer.shown.markdown
    assert "$" not in explorer.shown.markdown  # it would begin mathematics
    explorer.controls["price_per_hour"].text.value = "free"
    assert explorer.sentence == "Not drawn: Price, $/hour: 0.01 to 1 k; got 'free'"


@pytest.fixture(scope="module")
def picture():
    return PlanPicture()


@quick
@given(control_values)
def test_marks_and_bars_stand_at_the_plan_s_values(picture, values):
    view = plan_view(**values)
    picture.draw(view)
    plan, memory = view.plan, view.plan.setup.memory()
    (x,), (y,) = picture.map.own.get_data()
    inside = 3.6e7 <= plan.parameters <= 2.5e12 and 3.8e9 <= plan.tokens <= 8e13
    assert ((x, y) == (plan.parameters, plan.tokens)) == inside
    assert picture.map.own_label.text == ("" if inside else "off this map")
    assert picture.time.get_width() == pytest.approx(picture.full * plan.days / values["days"], rel=1e-6)
    limit = plan.setup.capacity / picture.capacity.get_xdata()[0]  # bytes a point
    assert limit * picture.full >= max(memory.total, plan.setup.capacity)
    assert [bar.get_width() * limit for bar in picture.parts] == pytest.approx([getattr(memory, p) for p in PART_NAMES])
    assert [sign.text for sign in picture.signs].count("✗") == len(view.broken)


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


# The names on the map


@pytest.mark.parametrize("width", [WIDE, MEDIUM, 300, NARROW])
def test_no_two_texts_of_the_picture_overlap_whatever_the_values(width):
    drawn = PlanPicture(width=width)

    @settings(deadline=None, max_examples=80, derandomize=True)
    @given(control_values)
    def holds(values):
        assert misplaced(drawn.svg(plan_view(**values))) == []

    holds()


@pytest.fixture
def room():
    return Room((1, 1), (100, 100), (200, 200))  # 100 points a decade


def test_a_name_stands_at_the_first_spot_where_it_covers_nothing(room):
    room.take(10, 10, (5, 5, 5, 5), MARK)
    label = Label(0, 0)
    spots = [Spot(10, 10), Spot(10, 2), Spot(10, 50)]
    room.write(label, "name", spots)
    assert (label.text, label.x, label.y) == ("name", 10, 2)
    other = Label(0, 0)
    room.write(other, "other", spots)
    assert (other.x, other.y) == (10, 50)


def test_where_no_spot_is_free_a_name_covers_a_mark_and_no_text(room):
    room.take(10, 10, (5, 5, 5, 5), TEXT)
    room.take(10, 50, (5, 5, 5, 5), MARK)
    label = Label(0, 0)
    room.write(label, "name", [Spot(10, 10), Spot(10, 50)])
    assert label.y == 50


def test_a_name_stays_on_the_map_if_it_can(room):
    label = Label(0, 0)
    room.write(label, "a long name", [Spot(90, 10), Spot(90, 10, "right")])
    assert label.side == "right"
    turned = Label(0, 0, turned=90)
    room.write(turned, "a long name", [Spot(50, 90), Spot(50, 10)])
    assert turned.y == 10


def test_a_name_that_would_cost_too_much_is_left_out_and_takes_no_room(room):
    room.take(10, 10, (50, 50, 50, 50), TEXT)
    label = Label(0, 0, "before")
    assert room.write(label, "name", [Spot(10, 10)], most=TEXT) is None
    assert label.text == ""
    assert room.write(label, "name", [Spot(10, 10), Spot(50, 50)], most=TEXT)
    assert (label.text, label.x) == ("name", 50)


def test_a_name_without_spots_is_not_written_and_takes_no_room(room):
    for text, spots in (("name", []), ("", [Spot(10, 10)])):
        label = Label(0, 0, "before")
        room.write(label, text, spots)
        assert label.text == ""
    room.write(label, "name", [Spot(10, 10), Spot(10, 50)])
    assert label.y == 10


def test_what_is_not_kept_is_free_in_the_next_picture(room):
    room.take(10, 10, (5, 5, 5, 5), MARK)
    room.keep()
    room.take(10, 50, (5, 5, 5, 5), MARK)
    room.clear()
    label = Label(0, 0)
    room.write(label, "name", [Spot(10, 10), Spot(10, 50)])
    assert label.y == 50
