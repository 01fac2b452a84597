import pytest
from explorer_parts import misplaced, texts
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import catalog
from course_lib.explorers.memory.explorer import MemoryExplorer
from course_lib.explorers.memory.picture import MemoryPicture
from course_lib.explorers.memory.view import (
    ACCELERATOR_RANGE,
    BATCH_RANGE,
    GRADIENTS,
    OWN,
    PARAMETER_RANGE,
    SAME,
    SEQUENCE_RANGE,
    memory_view,
    preset_values,
)
from course_lib.memory import (
    ASSUMED_VOCAB,
    OPTIMIZER_BYTES,
    PART_NAMES,
    PRECISION_BYTES,
    RECOMPUTE,
    activation_bytes,
    assumed_shape,
    cheapest_remedy,
    fits,
    largest_batch,
    training_memory,
    working_bytes,
    zero_sharded,
)

DEFAULT = {
    "model": OWN,
    "parameters": 7e9,
    "batch": 1.0,
    "sequence": 2048.0,
    "precision": "fp32+bf16",
    "gradients": SAME,
    "optimizer": "adamw",
    "recompute": "none",
    "accelerator": "A100 80GB",
    "num_accelerators": 1.0,
    "stage": 0,
}
LLAMA = DEFAULT | {"model": "Llama 2 7B"} | preset_values("Llama 2 7B")

quick = settings(deadline=None, max_examples=50)


def logarithmic(low, high):
    return st.floats(0, 1).map(lambda share: float(round(low * (high / low) ** share)))


control_values = st.fixed_dictionaries(
    {
        "model": st.sampled_from([OWN, *catalog.models()]),
        "parameters": logarithmic(*PARAMETER_RANGE),
        "batch": logarithmic(*BATCH_RANGE),
        "sequence": logarithmic(*SEQUENCE_RANGE),
        "precision": st.sampled_from(list(PRECISION_BYTES)),
        "gradients": st.sampled_from(list(GRADIENTS)),
        "optimizer": st.sampled_from(list(OPTIMIZER_BYTES)),
        "recompute": st.sampled_from(RECOMPUTE),
        "accelerator": st.sampled_from(list(catalog.accelerators())),
        "num_accelerators": logarithmic(*ACCELERATOR_RANGE),
        "stage": st.integers(0, 3),
    }
).map(
    lambda values: values | {name: size for name, size in preset_values(values["model"]).items() if name != "sequence"}
)


@pytest.fixture(scope="module")
def made():
    explorer = MemoryExplorer()
    yield explorer
    explorer.close()


@pytest.fixture
def explorer(made):
    made.set(model=OWN)
    made.set(**DEFAULT)
    return made


# The pure function


@quick
@given(control_values)
def test_the_view_says_what_memory_and_its_advice_compute(values):
    view = memory_view(**values)
    model = catalog.models().get(values["model"])
    shape = (model.layers, model.hidden, model.heads) if model else assumed_shape(values["parameters"])
    layers, hidden, heads = shape
    shape, kind = (values["batch"], values["sequence"], hidden), values["recompute"]
    size = {"bytes_per_value": 4 if values["precision"] == "fp32" else 2, "head_dim": model.head_dim if model else None}
    vocab = model.vocab if model else ASSUMED_VOCAB
    whole_model = training_memory(
        values["parameters"],
        values["precision"],
        values["optimizer"],
        activations=activation_bytes(*shape, layers, heads, kind, **size),
        working=working_bytes(*shape, heads, vocab, kind, **size),
        gradient_precision=GRADIENTS[values["gradients"]],
    )
    assert view.memory == zero_sharded(whole_model, values["num_accelerators"], values["stage"])
    assert view.spare == fits(view.memory, catalog.accelerator(values["accelerator"]).usable_bytes).spare_bytes
    assert view.largest_batch == largest_batch(view.setup)


@quick
@given(control_values)
def test_the_lower_bar_fits_and_is_the_cheapest_change_or_the_largest_batch(values):
    view = memory_view(**values)
    if view.after:
        assert view.after.fit()
    if view.spare < 0:
        way = cheapest_remedy(view.setup)
        assert view.after == (way.setup if way else None)
        assert "more than there is" in view.sentence
    else:
        assert "and fits, " in view.sentence
        most = min(view.largest_batch, BATCH_RANGE[1])
        assert (view.after.batch if view.after else view.setup.batch) == max(most, view.setup.batch)


def test_the_answer_for_a_model_that_fits_says_what_is_to_spare():
    values = DEFAULT | {"model": "GPT-2 XL"} | preset_values("GPT-2 XL") | {"recompute": "selective"}
    view = memory_view(**values | {"accelerator": "A100 40GB"})
    assert view.sentence == "GPT-2 XL needs 27.9 GB on 1 x A100 40GB and fits, 12.1 GB to spare."
    assert view.after_words == "the largest batch that fits: 5 sequences at a time"
    assert view.facts == (
        ("shape", "48 layers of 1,600"),
        ("batch", "1 x 1,024 tokens, then 5"),
        ("precision", "fp32+bf16"),
        ("trained with", "adamw"),
        ("recomputed", "selective"),
        ("hardware", "1 x A100 40GB"),
        ("then on", "1 x A100 40GB"),
        ("sharding", "stage 0"),
        ("parameters", "9.35 GB = (2 + 4) x 1.56 B"),
        ("gradients", "3.12 GB = 2 x 1.56 B"),
        ("optimizer", "12.5 GB = 8 x 1.56 B"),
        ("activations", "2.67 GB = 1 x 2.67 GB"),
        ("working memory", "337 MB, 206 MB logits"),
        ("total", "27.9 GB of 40 GB"),
        ("then to spare", "24.3 MB"),
        ("mind", "buffers and fragmentation come on top."),
    )


def test_the_answer_for_a_model_that_is_short_names_the_cheapest_change():
    view = memory_view(**LLAMA | {"recompute": "full"})
    assert view.sentence == "Llama 2 7B needs 113 GB on 1 x A100 80GB, 26.8 GB more than there is."
    facts = dict(view.facts)
    assert facts["trained with"] == "adamw, then adamw-8bit"
    assert facts["then to spare"] == "13.7 GB"
    assert view.after_words == "8-bit optimizer states"
    parts = [facts[name].split(" = ")[0].split(",")[0] for name in PART_NAMES.values()]
    assert parts == ["40.4 GB", "13.5 GB", "53.9 GB", "1.07 GB", "3.78 GB"]


def test_where_no_single_change_is_enough_the_cheapest_together_are_named():
    view = memory_view(**LLAMA)
    assert view.sentence == "Llama 2 7B needs 212 GB on 1 x A100 80GB, 127 GB more than there is."
    assert view.after_words == "full recomputation + 8-bit optimizer states"
    facts = dict(view.facts)
    assert (facts["trained with"], facts["recomputed"]) == ("adamw, then adamw-8bit", "none, then full")


def test_what_nothing_makes_fit_is_said_so():
    view = memory_view(**DEFAULT | {"parameters": 1e13, "sequence": 2.0**20})
    assert view.after is None
    assert view.after_words == "even all changes together do not make it fit"
    assert dict(view.facts)["then to spare"] == "no change"


def test_a_size_alone_says_which_shape_is_assumed():
    assert memory_view(**DEFAULT).sentence.startswith("7 B parameters need ")
    assert dict(memory_view(**DEFAULT).facts)["shape"] == "33 layers of 4,224, assumed"
    assert dict(memory_view(**LLAMA).facts)["shape"] == "32 layers of 4,096"


def test_what_the_accelerator_cannot_do_is_said_as_the_planner_says_it():
    view = memory_view(**DEFAULT | {"precision": "bf16", "accelerator": "V100"})
    assert dict(view.facts)["mind"] == "V100 has no bf16: its 16-bit rate is for fp16, so train in fp32+fp16."
    assert dict(memory_view(**DEFAULT | {"precision": "int8"}).facts)["mind"].startswith("int8 gradients are a formula")


def test_sharding_is_said_with_its_stage():
    sharded = dict(memory_view(**LLAMA | {"num_accelerators": 8.0, "stage": 2}).facts)
    assert (sharded["hardware"], sharded["sharding"]) == ("8 x A100 80GB", "stage 2")
    short = dict(memory_view(**LLAMA | {"parameters": 70e9, "num_accelerators": 8.0}).facts)
    assert short["sharding"] == "stage 0, then 3"


@pytest.mark.parametrize("num_accelerators", [1, 8])
@pytest.mark.parametrize("stage", range(4))
@pytest.mark.parametrize("precision", ["bf16", "fp32+bf16"])
def test_each_term_s_product_is_its_size(precision, stage, num_accelerators):
    view = memory_view(**LLAMA | {"precision": precision, "stage": stage, "num_accelerators": num_accelerators})
    for part, term in zip(list(PART_NAMES)[:3], view.terms, strict=False):
        share, _, count = term.partition(" = ")[2].rpartition(" x ")
        assert count == "6.74 B"
        assert eval(share) * view.setup.parameters == pytest.approx(getattr(view.memory, part)), term


@pytest.mark.parametrize(
    ("name", "most", "beyond"),
    [("batch", "1,024", "1,025"), ("num_accelerators", "16,384", "16,385"), ("sequence", "1,048,576", "1,048,577")],
)
def test_a_field_takes_its_largest_number_and_names_it_for_a_larger_one(name, most, beyond, explorer):
    control = explorer.controls[name]
    control.text.value = most
    assert control.problem == ""
    control.text.value = beyond
    assert f"1 to {most}" in control.problem


def test_sharding_has_no_effect_on_one_accelerator(explorer):
    assert explorer.idle(explorer.shown) == {"stage": "no effect on one"}
    explorer.set(num_accelerators=2)
    assert explorer.idle(explorer.shown) == {}


def test_a_batch_that_is_the_largest_is_said_to_be():
    most = memory_view(**DEFAULT | {"recompute": "full", "accelerator": "MI300X"}).largest_batch
    view = memory_view(**DEFAULT | {"recompute": "full", "accelerator": "MI300X", "batch": float(most)})
    assert view.after is None
    assert view.after_words == "no larger batch fits"


@pytest.mark.parametrize("batch", [1.0, 1024.0])
def test_a_batch_beyond_the_slider_is_not_called_the_largest(batch):
    view = memory_view(**DEFAULT | {"parameters": 1e6, "sequence": 1.0, "batch": batch})
    assert view.largest_batch > 1024
    assert view.after_words == "even 1,024 sequences at a time fit"
    assert (view.after.batch if view.after else None) == (1024 if batch == 1 else None)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("model", "GPT-5", r"model 'GPT-5' is unknown"),
        ("parameters", -1, "parameters must be positive and finite; got -1"),
        ("batch", 1.5, "batch must be a whole number of at least 1; got 1.5"),
        ("sequence", 0, "sequence must be a whole number of at least 1; got 0"),
        ("precision", "fp15", "precision 'fp15' is unknown"),
        ("gradients", "fp8", "gradients 'fp8' is unknown"),
        ("optimizer", "adam", "optimizer 'adam' is unknown"),
        ("recompute", "some", "recompute 'some' is unknown"),
        ("accelerator", "A100", "accelerator 'A100' is unknown"),
        ("num_accelerators", float("nan"), "num_accelerators must be a whole number of at least 1; got nan"),
        ("stage", 4, "stage must be a whole number of at least 0 and at most 3; got 4"),
    ],
)
def test_the_view_refuses_what_memory_refuses(name, value, message):
    with pytest.raises(ValueError, match=message):
        memory_view(**DEFAULT | {name: value})


# Presets


@pytest.mark.parametrize("model", catalog.models().values(), ids=lambda model: model.name)
def test_a_model_s_preset_gives_its_size_and_the_sequence_of_its_pre_training(model, explorer):
    explorer.set(model=model.name)
    own = {"model": model.name, "parameters": model.parameters, "sequence": model.context}
    assert explorer.values() == DEFAULT | own
    assert explorer.sentence == memory_view(**explorer.values()).sentence
    assert explorer.sentence.startswith(f"{model.name} needs ")


def test_another_size_leaves_the_model_and_everything_else_keeps_it(explorer):
    explorer.set(model="Llama 2 7B")
    for name, value in {"sequence": 512.0, "batch": 4.0, "precision": "bf16", "stage": 1}.items():
        explorer.controls[name].value = value
    assert explorer.values()["model"] == "Llama 2 7B"
    explorer.controls["parameters"].text.value = "13B"
    assert explorer.values() == DEFAULT | {
        "parameters": 13e9,
        "sequence": 512.0,
        "batch": 4.0,
        "precision": "bf16",
        "stage": 1,
    }


def test_a_model_chosen_at_the_start_keeps_the_values_named_with_it():
    explorer = MemoryExplorer(model="Llama 2 7B", sequence=512, batch=2)
    assert explorer.values() == LLAMA | {"sequence": 512.0, "batch": 2.0}
    explorer.close()


# The widget


def test_a_new_explorer_shows_the_default(explorer):
    fresh = MemoryExplorer()
    assert fresh.values() == DEFAULT
    assert fresh.sentence == memory_view(**DEFAULT).sentence
    fresh.close()


def test_the_picture_writes_the_view_s_numbers(explorer):
    explorer.set(**LLAMA | {"num_accelerators": 8.0, "stage": 1, "recompute": "selective"})
    written = texts(explorer)
    for text in (
        "now: 58.5 GB, 27.4 GB to spare",
        "model states 37.1 GB",
        "A100 80GB: 85.9 GB",
        *("parameters", "16.8 GB", "gradients", "13.5 GB", "optimizer", "6.74 GB", "activations", "18.3 GB"),
        "working memory",
    ):
        assert text in written
    facts = dict(explorer.facts)
    assert facts["parameters"] == "16.8 GB = (2 + 4/8) x 6.74 B"
    assert facts["gradients"] == "13.5 GB = 2 x 6.74 B"
    assert facts["optimizer"] == "6.74 GB = 8/8 x 6.74 B"
    assert facts["activations"] == "18.3 GB = 1 x 18.3 GB"
    assert facts["working memory"] == "3.21 GB, 524 MB logits"


@pytest.mark.parametrize(
    ("recompute", "term"),
    [
        ("none", "5.56 GB, 5.56 GB logits"),
        ("selective", "9.1 GB, 5.56 GB logits"),
        ("full", "10.6 GB, 5.56 GB logits"),
    ],
)
def test_the_facts_say_what_the_working_memory_consists_of(recompute, term, explorer):
    # GPT-2 XL, 27 sequences: logits 1024 x 50257 x 4, beside scores 5 x 25 x 1024^2, or a layer 34 x 1024 x 1600 more.
    explorer.set(model="GPT-2 XL", recompute=recompute, batch=27, accelerator="A100 40GB")
    assert dict(explorer.facts)["working memory"] == term


def test_nothing_says_any_longer_that_logits_come_on_top(explorer):
    explorer.set(**LLAMA)
    shown = " ".join([explorer.answer, *texts(explorer)])
    assert "buffers and fragmentation come on top" in shown
    assert "ogits, buffers" not in shown


@quick
@given(control_values)
def test_the_bars_are_as_long_as_their_bytes_and_the_marks_stand_at_the_memory(made, values):
    made.set(**values)
    bar = made.picture.now
    view = memory_view(**values)
    limit = view.setup.capacity / bar.mark.get_xdata()[0]
    assert limit >= max(view.memory.total, view.setup.capacity)
    ends = [part.get_x() + part.get_width() for part in bar.parts]
    sizes = [getattr(view.memory, part) for part in PART_NAMES]
    assert [part.get_width() * limit for part in bar.parts] == pytest.approx(sizes)
    assert [part.get_x() for part in bar.parts] == pytest.approx([0, *ends[:-1]])
    assert bar.master.get_width() * limit == pytest.approx(view.memory.master_weights)
    over = bar.short.get_xdata()
    assert (len(over) == 2) == (view.spare < 0)
    lower = [part.get_width() * limit for part in made.picture.then.parts]
    after = view.after.memory() if view.after else None
    assert lower == pytest.approx([getattr(after, part, 0) for part in PART_NAMES])
    assert len(made.picture.then.mark.get_xdata()) == (2 if view.after else 0)


@pytest.fixture(scope="module", params=[720, 420, 200])
def picture(request):
    return MemoryPicture(width=request.param)


@settings(deadline=None, max_examples=100, derandomize=True)
@given(control_values)
def test_no_two_texts_of_the_picture_overlap_whatever_the_values(picture, values):
    assert misplaced(picture.svg(memory_view(**values))) == []


def test_a_part_s_name_stands_beside_the_mark(explorer):
    explorer.set(**DEFAULT)
    optimizer, mark = explorer.picture.now.names[2], explorer.picture.now.mark.get_xdata()[0]
    assert optimizer.text == "optimizer"
    assert abs(optimizer.x - mark) > 0.05


def test_the_button_makes_the_lower_bar_s_change(explorer):
    explorer.set(**LLAMA | {"batch": 4.0, "accelerator": "RTX 4090"})
    after = memory_view(**explorer.values()).after
    explorer.button.click()
    view = memory_view(**explorer.values())
    assert view.setup == after
    assert view.spare >= 0
    assert explorer.sentence == view.sentence


def test_the_button_takes_the_largest_batch_where_it_fits_and_then_rests(explorer):
    explorer.set(**DEFAULT | {"model": "GPT-2 XL", "parameters": 1557611200.0, "sequence": 1024.0})
    explorer.button.click()
    assert explorer.values()["batch"] == memory_view(**explorer.values()).largest_batch
    rested = explorer.values()
    explorer.button.click()
    assert explorer.values() == rested


def test_the_button_rests_while_a_control_is_wrong(explorer):
    explorer.controls["batch"].text.value = "many"
    explorer.button.click()
    assert explorer.values() == DEFAULT
    assert explorer.sentence == "Not drawn: Batch each: 1 to 1,024; got 'many'"


CHOICES = {
    "model": [OWN, *catalog.models()],
    "precision": list(PRECISION_BYTES),
    "gradients": list(GRADIENTS),
    "optimizer": list(OPTIMIZER_BYTES),
    "recompute": list(RECOMPUTE),
    "accelerator": list(catalog.accelerators()),
    "stage": [0, 1, 2, 3],
}


def test_all_that_the_lists_offer_is_what_the_modules_accept(explorer):
    for name, options in CHOICES.items():
        offered = [option[1] if isinstance(option, tuple) else option for option in explorer.controls[name].options]
        assert offered == options, name
