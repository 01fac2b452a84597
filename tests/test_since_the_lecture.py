"""Lesson 8: what its prose says is what the library gives, and it has its six sections, to which the others link."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import nbformat
import numpy as np
import pytest
from classroom.notebooks import plain_words

from course_lib import catalog, memory, plan, since_the_lecture
from course_lib.block_formats import (
    E8M0,
    FORMATS,
    MXFP4,
    MXFP6_E2M3,
    MXFP8_E4M3,
    NF4_DOUBLE,
    NVFP4,
    bits_per_value,
    comparison_tensors,
    encode,
    sqnr_table,
)
from course_lib.compute_cost import ACTIVE_TOTALS, TransformerShape
from course_lib.number_formats import FloatFormat
from course_lib.quantization import DB_PER_BIT

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
LESSON = NOTEBOOKS / "08_since_the_lecture.ipynb"
SECTIONS = ["Blocks", "Mixtures", "Machines", "Runs", "States", "Intervals"]
GB, GIB = 1e9, 2**30


def shape(name: str) -> TransformerShape:
    return TransformerShape.from_catalog(name)


@cache
def prose() -> str:
    """Return all that the lesson says in words, without its outputs."""
    cells = nbformat.read(LESSON, as_version=4).cells
    return " ".join(plain_words(cell.source) for cell in cells if cell.cell_type == "markdown")


@cache
def printed() -> str:
    """Return all that the lesson's cells print, on one line."""
    cells = nbformat.read(LESSON, as_version=4).cells
    texts = [output.text for cell in cells for output in cell.get("outputs", []) if output.output_type == "stream"]
    return " ".join(" ".join(texts).split())


@cache
def sqnr(data: str) -> dict[str, float]:
    return {row.name: row.sqnr_db for row in sqnr_table(comparison_tensors()[data])}


# The lesson's parts


def test_the_lesson_has_its_six_sections_in_order() -> None:
    text = "\n".join(cell.source for cell in nbformat.read(LESSON, as_version=4).cells if cell.cell_type == "markdown")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [*SECTIONS, "Summary"]
    assert "course-slide" not in text, "the lecture has no slide of it"


@pytest.mark.parametrize("lesson", sorted(NOTEBOOKS.glob("0[1-7]*.ipynb")), ids=lambda path: path.stem)
def test_each_lesson_of_the_lecture_links_to_where_it_goes_on(lesson: Path) -> None:
    (end,) = [cell.source for cell in nbformat.read(lesson, as_version=4).cells if "**And since?**" in cell.source]
    (section,) = re.findall(rf"\]\({LESSON.name}#(\w+)\)", end)
    assert section in SECTIONS


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_asks_before_it_shows_and_has_something_to_do(section: str) -> None:
    sources = [cell.source for cell in nbformat.read(LESSON, as_version=4).cells]
    (start,) = [at for at, source in enumerate(sources) if source.startswith(f"## {section}\n")]
    inside = sources[start : next(at for at in range(start + 1, len(sources)) if sources[at].startswith("## "))]
    asked = [at for at, source in enumerate(inside) if source.startswith("predict(")]
    shown = [at for at, source in enumerate(inside) if "print(" in source and not source.startswith("predict(")]
    assert asked
    assert shown
    assert max(shown) > min(asked)
    assert any("**Your turn.**" in source for source in inside)
    assert any("Where it breaks" in source or "utilisation_remark" in source for source in inside)


# What it says


def test_what_is_said_of_blocks() -> None:
    normal, outliers, trained = (sqnr(data) for data in ("normal", "with outliers", "trained weights"))
    x = comparison_tensors()["with outliers"]
    rest = {row.name: row for row in sqnr_table(x, where=np.abs(x).max(axis=0) < 10)}
    wide_scale, block = rest["int8 a tensor"], rest["Q8_0"]
    wide, narrow = (f"{normal[fmt.name]:.1f} dB for {fmt.name}" for fmt in (MXFP8_E4M3, MXFP6_E2M3))
    assert f"{wide}, {narrow}" in prose()
    assert f"Q8_0, by {block.bits_ahead_of(wide_scale):.1f} bits: {block.sqnr_db:.1f} dB" in prose()
    assert f"int8 with one scale has {wide_scale.sqnr_db:.1f} dB" in prose()
    assert f"NVFP4 with {bits_per_value(NVFP4):g} bits is ahead" in prose()
    assert rest[NVFP4.name].sqnr_db > wide_scale.sqnr_db
    assert f"in the count int8 has {outliers['int8 a tensor']:.1f} dB" in prose()
    assert f"Q8_0 with {normal['Q8_0']:.1f} dB" in prose()
    lost = np.mean(encode(comparison_tensors()["normal"], MXFP4).decode() == 0)
    assert f"MXFP4 rounds {lost:.0%} to 0".replace("%", " %") in prose()
    assert max(abs(trained[name] - normal[name]) for name in normal) < 1, "like the normal one, within 1 dB"
    assert f"{DB_PER_BIT:.2f} dB are one bit" in prose()
    assert (MXFP8_E4M3.element.bits, MXFP6_E2M3.element.bits) == (8, 6)


def test_beside_outliers_the_scale_helps_integers_and_a_float_of_8_bits_needs_none() -> None:
    """What differs in the scale alone says what the scale gives, and what differs in the element what that gives."""
    x = comparison_tensors()["with outliers"]
    rest = {row.name: row.sqnr_db for row in sqnr_table(x, where=np.abs(x).max(axis=0) < 10)}
    assert FORMATS["Q8_0"].element.bits == 8
    assert FORMATS["FP8 128x128"].values_a_block >= x.size, "one scale for all of the matrix"
    assert rest["Q8_0"] - rest["int8 a tensor"] > 12
    assert abs(rest["FP8 128x128"] - rest[MXFP8_E4M3.name]) < 1, "the block gives a float nothing"
    assert rest["FP8 128x128"] == pytest.approx(sqnr("normal")["FP8 128x128"], abs=0.1), "as without outliers"
    assert next(iter(rest)) == "FP8 128x128"
    assert rest[MXFP8_E4M3.name] - rest["Q8_0"] > 9, "of two with a block the one with an exponent is ahead"
    said = " ".join((LESSON.parent.parent / "INSTRUCTORS.md").read_text(encoding="utf-8").split())
    assert f"the floats, {rest['FP8 128x128']:.1f} dB against {rest['Q8_0']:.1f}" in said
    one_scale, block = rest["FP8 128x128"], rest[MXFP8_E4M3.name]
    assert f"FP8 128x128 has {one_scale:.1f} dB with one scale for all {x.size:,} values" in prose()
    assert f"and MXFP8 E4M3 {block:.1f} dB" in prose()


def test_beside_outliers_three_bits_of_exponent_are_enough_and_two_are_not() -> None:
    x = comparison_tensors()["with outliers"]
    rest = {row.name: row.sqnr_db for row in sqnr_table(x, where=np.abs(x).max(axis=0) < 10)}
    floats = {name: fmt.element for name, fmt in FORMATS.items() if isinstance(fmt.element, FloatFormat)}
    enough, few = ({name for name in floats if (floats[name].exponent_bits > 2) == above} for above in (True, False))
    assert few == {MXFP4.name, NVFP4.name, MXFP6_E2M3.name}
    before = sqnr("normal")
    assert max(before[name] - rest[name] for name in enough) < 1 < 10 < min(before[name] - rest[name] for name in few)
    assert "with enough exponent bits of its own, here 3 or more, does not care" in prose()
    assert f"MXFP6 E2M3 falls from {before[MXFP6_E2M3.name]:.1f} to {rest[MXFP6_E2M3.name]:.1f} dB" in prose()
    assert f"MXFP4 falls to {rest[MXFP4.name]:.1f} and NVFP4 to {rest[NVFP4.name]:.1f} dB" in prose()


def test_a_scale_of_nvfp4_has_the_sign_bit_of_e4m3_stored_as_0_and_a_1_there_turns_the_signs_round() -> None:
    for x in comparison_tensors().values():
        encoded = encode(x, NVFP4)
        assert encoded.scales.max() < 0x80
        signed = replace(encoded, scales=encoded.scales ^ 0x80)
        assert np.array_equal(signed.decode(), -encoded.decode())
    assert "and a sign, stored as 0: UE4M3 reads none, the explorer does" in prose()


def test_the_table_of_formats_is_that_of_the_library() -> None:
    for name in ("MXFP8 E4M3", "MXFP6 E2M3", "MXFP4"):
        assert (FORMATS[name].block, FORMATS[name].scale) == (32, E8M0)
    assert (bits_per_value(FORMATS["Q4_1"]), FORMATS["Q4_1"].block) == (4 + 2 * 16 / 32, 32)
    assert bits_per_value(FORMATS["FP8 128x128"]) == 8 + 32 / 128**2
    rows = {"NVFP4": (4, 16, 8), "Q8_0": (8, 32, 16), "Q4_0": (4, 32, 16), "NF4": (4, 64, 32)}
    for name, row in rows.items():
        fmt = FORMATS[name]
        assert (fmt.element.bits, fmt.block, fmt.scale_bits) == row, name
    assert NVFP4.tensor_scale


def test_rounded_by_chance_the_mean_is_kept() -> None:
    values = np.tile([2.25] * 31 + [6.0], 4000)
    kept = encode(values, MXFP4, np.random.default_rng(7)).decode().reshape(-1, 32)[:, :31]
    spread = np.sqrt(0.25 * 0.75 / kept.size)
    assert abs(kept.mean() - 2.25) < 5 * spread
    assert set(np.unique(kept)) == {2.0, 3.0}


def test_what_is_said_of_mixtures() -> None:
    counts = [shape("gpt-oss-20b").active_parameters()[meaning] / 1e9 for meaning in ACTIVE_TOTALS]
    assert f"{counts[0]:.2f}, {counts[1]:.2f} and {counts[2]:.2f} B" in prose()
    run = catalog.training_run("DeepSeek-V3 (37B active)")
    times = run.tokens / run.parameters / 20
    kimi, deep_seek = (shape(name).active_parameters() for name in ("Kimi K2", "DeepSeek-V3"))
    assert f"{kimi['with the head'] / 1e9:.2f} and {kimi['with both'] / 1e9:.2f} B" in prose()
    assert f"both give {deep_seek['with both'] / 1e9:.2f} B" in prose()
    assert f"a copy of that file says {deep_seek['with the head'] / 1e9:.1f} B with the head" in prose()
    qwen = shape("Qwen3-30B-A3B").active_parameters()
    assert qwen["with the head"] < catalog.model("Qwen3-30B-A3B").printed_active < qwen["with both"]
    assert f"{qwen['with the head'] / 1e9:.2f} B with the head and {qwen['with both'] / 1e9:.2f} B with both" in prose()
    assert f"over-trained {times:.0f} times" in prose()
    assert run.tokens / run.total_parameters == pytest.approx(20, rel=0.15), "with all of them it is by the rule"


def test_the_mixtures_that_are_not_what_is_printed_are_the_four_that_are_named() -> None:
    """To its last digit: 671 is 670.5 to 671.5, and 400 is taken for a number of three digits."""
    digits = {"DeepSeek-V3": (0, 0), "gpt-oss-120b": (2, 2), "gpt-oss-20b": (2, 2), "Qwen3-30B-A3B": (1, 1)}
    digits |= {"Mixtral 8x7B": (1, 1), "OLMoE": (1, 1)}
    differ = []
    for model in (each for each in catalog.all_models().values() if each.is_mixture):
        total, active = shape(model.name).parameters()["total"], shape(model.name).active_parameters()
        counts = (total / 1e9, active[model.active_meaning] / 1e9)
        printed = (model.printed_parameters / 1e9, model.printed_active / 1e9)
        places = digits.get(model.name, (0, 0))
        if any(round(c, d) != round(p, d) for c, p, d in zip(counts, printed, places, strict=True)):
            differ.append(model.name)
    assert differ == ["Kimi K2", "Qwen3-30B-A3B", "Llama 4 Scout", "Llama 4 Maverick"]
    assert "Four do not: Llama 4 Scout's" in prose()


@pytest.mark.parametrize(("name", "printed"), [("gpt-oss-120b", 60.8), ("gpt-oss-20b", 12.8)])
def test_a_checkpoint_with_experts_in_mxfp4_is_as_large_as_printed(name: str, printed: float) -> None:
    """OpenAI 2025, Table 1, in GiB."""
    parts = shape(name).parameters()
    size = parts["experts"] * bits_per_value(MXFP4) / 8 + 2 * (parts["total"] - parts["experts"])
    assert size / GIB == pytest.approx(printed, rel=0.005)


def test_what_is_said_of_machines() -> None:
    llama = shape("Llama 3.1 8B")
    flop = since_the_lecture.decode_work(llama, 1, 4096).flop
    cache = 2 * 4096 * llama.kv_values_per_token()
    assert f"a token brings {flop / 1e9:.0f} GFLOP for its own {cache / GB:.2f} GB" in prose()
    assert f"by {since_the_lecture.half_way_batch(llama, 4096):.0f} users" in prose()
    fits = since_the_lecture.largest_decode_batch
    assert f"one H100 holds {fits(llama, 4096, 'H100 SXM')} such caches" in prose()
    mixture = shape("DeepSeek-V3")
    needed = since_the_lecture.compute_bound_batch(mixture, 4096, "H100 SXM")
    few, enough = (fits(mixture, 4096, "H100 SXM", number) for number in (32, 40))
    assert needed is not None
    assert few < needed <= enough
    assert (
        f"Its {needed:,} users need about 40 of them: 32 hold the caches of {few:,}, and 40 those of {enough:,}"
        in prose()
    )
    assert fits(mixture, 4096, "H100 SXM") == 0
    share = bits_per_value(NVFP4) / 16
    assert f"for {share:.2f} of the bytes" in prose()
    limit = since_the_lecture.decode_intensity_limit(shape("DeepSeek-V3"), 4096)
    assert f"{limit:.0f} FLOP a byte" in prose()
    assert f"from {since_the_lecture.compute_bound_batch(llama, 100, 'H100 SXM')} users on" in prose()
    assert since_the_lecture.compute_bound_batch(shape("Llama 2 7B"), 100, "H100 SXM") is None
    longest = [
        since_the_lecture.longest_compute_bound_context(shape(name), "H100 SXM")
        for name in ("Llama 2 7B", "Llama 3.1 8B", "DeepSeek-V3")
    ]
    assert "{:.0f}, {:.0f} and {:,.0f} tokens".format(*longest) in prose()


def test_what_is_said_of_runs() -> None:
    low = [
        run.name
        for run in catalog.all_training_runs().values()
        if run.accelerator_hours
        and run.reported_tokens
        and 6 * run.parameters * run.tokens
        < 0.15 * 3600 * run.accelerator_hours * catalog.accelerator(run.accelerator).fp16_bf16_flop_per_second
    ]
    assert sorted(low) == ["Llama 3.1 8B", "Llama 3.2 1B", "Llama 3.2 3B"]
    model = catalog.model("Olmo 3 32B")
    attention = 12 * model.layers * model.heads * model.head_dim * 8192
    found = since_the_lecture.explain_utilization(0.41, 1960, model.parameters, "H100 SXM", attention_flop=attention)
    assert found[0].words == "attention's products counted, causal"
    (honest,) = [one.mfu for one in found if one.kind == since_the_lecture.HONEST]
    assert f"Without them it is {honest:.0%}".replace("%", " %") in prose()


def test_the_hours_of_gpt_oss_bound_its_tokens_as_the_lesson_prints() -> None:
    """OpenAI 2025, section 2.4: 2.1 million H100-hours, and a dataset of trillions of tokens."""
    run = catalog.training_run("gpt-oss-120b")
    assert (run.accelerator_hours, run.reported_tokens) == (2.1e6, None)
    share = plan.utilization_interval("H100 SXM")
    low, high = (u * 989.5e12 * 2.1e6 * 3600 / (6 * 5.13e9) for u in (share.low, share.high))
    assert 1e12 < low < high
    assert f"{low / 1e12:.0f} to {high / 1e12:.0f} T tokens" in printed()
    runs = catalog.all_training_runs().values()
    mixtures = [u for u in map(plan.utilization_of, (run for run in runs if run.is_mixture)) if u is not None]
    assert f"{len(mixtures)} mixtures reached {min(mixtures):.0%} to {max(mixtures):.0%}" in printed()
    assert f"the catalog's mixtures reached {100 * min(mixtures):.0f} to {100 * max(mixtures):.0f} %" in prose()
    by_a_rate = [run.name.split("-")[0] for run in runs if run.is_mixture and run.hours_from == "rate"]
    assert by_a_rate == ["DeepSeek", "DeepSeek"]
    assert "% (DeepSeek's two by a rate)" in prose()
    assert catalog.training_run("Qwen3-235B-A22B").tokens == 36e12
    assert f"{run.accelerator_hours / 1e6:g} M H100 hours" in prose()


def test_what_is_said_of_states() -> None:
    """Hu et al. 2021 print 35 MB and 350 GB for GPT-3; Dettmers et al. 2023 from 780 GB to below 48 for 65 B."""
    gpt_3 = catalog.model("GPT-3 175B")
    trained = memory.lora_parameters([(gpt_3.layers, gpt_3.hidden, gpt_3.hidden)] * 2, rank=4)
    assert 2 * trained / 2**20 == pytest.approx(35, rel=0.05)
    assert memory.frozen_bytes(gpt_3.parameters) / GB == pytest.approx(350, rel=0.005)
    llama = catalog.training_run("LLaMA 65B").parameters
    assert 12 * llama / GB == pytest.approx(780, rel=0.005)
    assert memory.frozen_bytes(llama, quantised=llama, bits=bits_per_value(NF4_DOUBLE)) / GB < 48
    large = catalog.model("Llama 3.1 405B").parameters
    size = memory.frozen_bytes(large, quantised=large, bits=bits_per_value(NF4_DOUBLE)) / GB
    room = 3 * catalog.accelerator("H100 SXM").usable_bytes / GB
    assert f"are {size:.0f} GB, and three report {room:.0f} GB" in prose()
    assert size < room


def test_what_is_said_of_intervals() -> None:
    planned = plan.plan_training_run(
        accelerator="H100 SXM", num_accelerators=256, days=30, utilization=0.40, data_tokens=1.5e12, serve_on="L40S"
    )
    wide = plan.plan_intervals(planned)
    by_the_rule = np.exp(np.hypot(np.log(wide.days.factor), np.log(wide.price.factor)))
    assert wide.cost.factor == pytest.approx(by_the_rule, rel=0.05)
    assert by_the_rule < wide.days.factor * wide.price.factor
    assert wide.days.low > 30, "the plan's own days are not in the interval"
    assert max(plan.like_runs("H100 SXM").values()) < 0.40, "none of the runs that count reached it"
    measured, quoted = plan.plan_intervals(planned, measured=0.40), plan.plan_intervals(planned, prices=[3.0])
    assert quoted.cost.factor < measured.cost.factor < wide.cost.factor, "the quote narrows the money more"
    spread = plan.utilization_interval("H100 SXM")
    assert f"differ by a factor of {wide.price.factor:.1f}" in prose()
    assert f"the utilisations of the runs counted by {spread.factor:.1f}" in prose()
    assert np.exp(np.hypot(np.log(2), np.log(3))) == pytest.approx(3.7, abs=0.05)
    assert (len(spread.values), len(wide.price.values)) == (8, 7)
    assert (spread.low, spread.high) == (min(spread.values), max(spread.values)), "the least and the most"
    assert [round(4 * each.chance) for each in (spread, wide.price)] == [3, 3]
    assert "Of eight runs or seven prices these are the least and the most, and about 3 of 4 lie between" in prose()
    source = f"of which {len(plan.kept_of_measured())} published runs"
    assert f"40 % measured on your own job by 6PD, {source}" in printed()
