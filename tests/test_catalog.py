import csv
import dataclasses
import math
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

import course_lib
from course_lib import catalog
from course_lib.compute_cost import TransformerShape, model_flop_utilization, training_flop

DATA = Path(course_lib.__file__).parent / "data"
TABLES = {
    "accelerators.csv": catalog.all_accelerators,
    "models.csv": catalog.all_models,
    "training_runs.csv": catalog.all_training_runs,
}
ACCELERATORS = list(catalog.all_accelerators().values())
MODELS = list(catalog.all_models().values())
RUNS = list(catalog.all_training_runs().values())
TIMED_RUNS = [run for run in RUNS if run.accelerator_hours is not None and run.reported_tokens is not None]
COSTED_RUNS = [run for run in RUNS if run.reported_flop is not None]


def name_of(row):
    return row.name


def implied_utilisation(run):
    """6PD over what the advertised rate would have done in the reported accelerator-hours."""
    peak = catalog.accelerator(run.accelerator).fp16_bf16_flop_per_second
    hours_on_one = run.accelerator_hours * 3600
    return model_flop_utilization(training_flop(run.parameters, run.tokens), hours_on_one, 1, peak)


@pytest.mark.parametrize("filename", TABLES)
def test_every_line_of_a_file_is_one_row_by_its_name_in_the_files_order(filename):
    with (DATA / filename).open(encoding="utf-8", newline="") as file:
        head, *lines = csv.reader(file)
    assert {len(line) for line in lines} == {len(head)}, "a comma outside quotes"
    rows = TABLES[filename]()
    assert list(rows) == [line[0] for line in lines]
    assert [row.name for row in rows.values()] == list(rows)


@pytest.mark.parametrize("row", [*ACCELERATORS, *MODELS, *RUNS], ids=name_of)
def test_every_row_has_a_source_with_a_year_or_a_vendors_document(row):
    assert any(word in row.source for word in (" 20", "datasheet", "whitepaper", "documentation"))


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_the_parameters_follow_from_the_shape_to_within_1_per_cent(model):
    assert TransformerShape.from_catalog(model.name).parameters()["total"] == pytest.approx(model.parameters, rel=0.01)


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_released_weights_follow_from_the_shape_to_the_unit_or_the_row_says_by_how_much_not(model):
    missing = model.parameters - TransformerShape.from_catalog(model.name).parameters()["total"]
    if "released weights" in model.citation + model.remark:
        assert missing == 0 or str(missing) in model.note
    else:
        # Of GPT-3 nothing but 174.6 B is printed, and of Nemotron 331.6 B with 9.4 B of embeddings.
        assert model.name in ("GPT-3 175B", "Nemotron-4 340B")
        assert abs(missing) < 0.1e9


@pytest.mark.parametrize("model", [m for m in MODELS if m.is_mixture and not m.dense_layers], ids=name_of)
def test_a_mixture_without_dense_layers_has_the_width_of_an_expert_for_that_of_the_mlp(model):
    assert model.mlp_hidden == model.expert_hidden


def test_bloom_differs_from_its_shape_by_the_norm_after_the_embedding_that_its_row_names():
    bloom = catalog.model("BLOOM 176B")
    missing = bloom.parameters - TransformerShape.from_catalog(bloom.name).parameters()["total"]
    assert missing == 2 * bloom.hidden
    assert str(missing) in bloom.source


@pytest.mark.parametrize("run", [run for run in RUNS if run.name in catalog.all_models()], ids=name_of)
def test_a_runs_parameters_are_those_of_its_model(run):
    model = catalog.model(run.name)
    assert run.is_mixture == model.is_mixture
    if model.is_mixture:
        assert (run.parameters, run.total_parameters) == (model.printed_active, model.printed_parameters)
    else:
        assert run.parameters == pytest.approx(model.parameters, rel=1e-4)


@pytest.mark.parametrize("run", RUNS, ids=name_of)
def test_a_runs_accelerator_is_in_the_catalog_or_its_note_says_that_it_is_mixed(run):
    if "/" in run.accelerator:
        assert "two kinds of accelerator" in run.note
        assert run.accelerator_hours is None
    else:
        assert run.accelerator in {"", *catalog.all_accelerators()}


@pytest.mark.parametrize("run", RUNS, ids=name_of)
def test_a_run_has_tokens_or_hours_and_says_which_of_them_and_of_its_accelerator_its_source_leaves_out(run):
    assert run.reported_tokens or (run.accelerator_hours and run.accelerator)
    assert (run.num_accelerators is None) or run.accelerator
    left_out = {
        "tokens": run.reported_tokens is None,
        "hours": run.accelerator_hours is None,
        "accelerator": run.accelerator == "",
    }
    for what, missing in left_out.items():
        assert (f"{what} not reported" in run.remark) == missing, what
    assert run.accelerator or run.accelerator_hours is None


def test_what_is_left_out_is_counted_and_a_run_without_tokens_says_so_in_words():
    assert [run.name for run in RUNS if run.reported_tokens is None] == ["gpt-oss-120b", "gpt-oss-20b"]
    assert len([run for run in RUNS if run.accelerator_hours is None]) == 20
    assert len([run for run in RUNS if not run.accelerator]) == 8
    assert len(TIMED_RUNS) == 54
    with pytest.raises(ValueError, match=r"^gpt-oss-120b: its source does not say on how many tokens it trained$"):
        _ = catalog.training_run("gpt-oss-120b").tokens


@pytest.mark.parametrize("billions", [7, 13, 32])
def test_the_parameters_of_olmo_2_follow_from_its_shape_with_the_rows_of_its_configuration(billions):
    # Team OLMo 2025, Table 3; rows and MLP widths (gate and up together) from the files that the rows name.
    layers, hidden, heads, kv_heads, both = {
        7: (32, 4096, 32, 32, 22_016),
        13: (40, 5120, 40, 40, 27_648),
        32: (64, 5120, 40, 8, 2 * 27_648),
    }[billions]
    shape = dataclasses.replace(
        TransformerShape.from_catalog("Olmo 3 7B"),
        layers=layers,
        hidden=hidden,
        heads=heads,
        kv_heads=kv_heads,
        mlp_hidden=both // 2,
        vocab=100_352,
    )
    assert catalog.training_run(f"Olmo 2 {billions}B").parameters == shape.parameters()["total"]


def test_the_hours_of_olmoe_are_those_of_its_throughput():
    # Muennighoff et al. 2024: 256 H100 for about 10 days (appendix B); 23,600 tokens/s on each (section 4.1).
    run = catalog.training_run("OLMoE")
    assert run.accelerator_hours == 256 * 10 * 24
    assert run.tokens / 23_600 / 3600 == pytest.approx(run.accelerator_hours, rel=0.02)


@pytest.mark.parametrize("run", TIMED_RUNS, ids=name_of)
def test_the_reported_hours_imply_a_utilisation_between_15_and_65_per_cent_or_the_row_says_why_not(run):
    assert (0.15 <= implied_utilisation(run) <= 0.65) == (run.utilisation_remark == "")


def test_three_runs_lie_outside_the_band_and_none_of_the_lectures():
    outside = [run for run in RUNS if run.utilisation_remark]
    assert [run.name for run in outside] == ["Llama 3.1 8B", "Llama 3.2 1B", "Llama 3.2 3B"]
    assert [round(100 * implied_utilisation(run)) for run in outside] == [14, 5, 11]


def test_at_least_35_runs_have_hours_tokens_an_accelerator_and_a_precision():
    assert len([run for run in TIMED_RUNS if run.precision]) >= 35
    assert all(run.tokens > 1e9 for run in TIMED_RUNS)
    assert {run.evidence for run in TIMED_RUNS} == set(catalog.EVIDENCE)


SIX_PD = {
    "Llama 3 8B": 16,
    "Llama 3 70B": 28,
    "Llama 3.1 70B": 25,
    "Llama 4 Scout": 23,
    "Llama 4 Maverick": 26,
    "SmolLM3 3B": 26,
    "Olmo 3 7B": 31,
    "DeepSeek 67B": 38,
    "Nemotron-4 340B": 40,
    "StableLM 3B 4E1T": 32,
    "TinyLlama 1.1B": 51,
    "DeepSeek-V3 (37B active)": 35,
    "DCLM 3B-1x": 36,
    "DCLM 7B-1x": 43,
    "DCLM 7B-2x": 44,
    "llm.c GPT-2 124M": 52,
    "llm.c GPT-2 350M": 55,
    "llm.c GPT-2 774M": 57,
    "llm.c GPT-2 1558M": 44,
    "OLMoE": 18,
}
"""6PD over hours and peak, in per cent, computed apart from the catalog when the rows were gathered."""


@pytest.mark.parametrize(("name", "percent"), SIX_PD.items())
def test_a_run_implies_the_utilisation_that_was_computed_when_its_row_was_gathered(name, percent):
    assert 100 * implied_utilisation(catalog.training_run(name)) == pytest.approx(percent, abs=1.1)


def test_hours_that_are_computed_are_those_of_their_parts():
    hours = {run.name: run.accelerator_hours for run in TIMED_RUNS}
    assert hours["Olmo 3 32B"] == pytest.approx(0.977e6, rel=1e-3)  # Olmo Team 2025, section 2.4
    assert hours["DeepSeek-V2"] == pytest.approx(1.40e6, rel=1e-3)
    assert hours["SmolLM3 3B"] == 384 * 24 * 24
    stages = ((1536, 10.3, 200, 768), (3072, 10.3, 200, 1536), (6144, 8.0, 7600, 2304))
    seconds = [gpus * step * billions * 1e9 / (4096 * batch) for gpus, step, billions, batch in stages]
    assert hours["Nemotron-4 340B"] == pytest.approx(sum(seconds) / 3600, rel=1e-6)


@pytest.mark.parametrize("run", RUNS, ids=name_of)
def test_hours_that_hold_nothing_lost_are_marked_as_their_row_describes_them(run):
    words = f"{run.note} {run.remark}"
    described = (
        "plan"
        if "planned" in words or "to expect" in words
        else "steps"
        if "seconds of a step" in words or re.search(r"hours from [0-9,]+ steps", words)
        else "rate"
        if re.search(r"hours,? from [0-9,]+ for 1e12 tokens", words)
        else "run"
    )
    assert run.hours_from == ("" if run.accelerator_hours is None else described)


def test_hours_from_steps_or_from_a_plan_are_the_tokens_at_one_speed():
    """At 24,000 tokens/s TinyLlama's tokens take what 16 A100 have in 90 days: nothing is lost in either."""
    tiny = catalog.training_run("TinyLlama 1.1B")
    assert tiny.tokens / 24_000 / 3600 == pytest.approx(tiny.accelerator_hours, rel=0.01) == 16 * 90 * 24
    for name, steps, seconds in (("124M", 18_865, 0.30), ("774M", 286_102, 1.70), ("1558M", 32_000, 2.80)):
        hours = catalog.training_run(f"llm.c GPT-2 {name}").accelerator_hours
        assert hours == pytest.approx(8 * steps * seconds / 3600, rel=5e-3)


def test_days_that_are_steps_times_their_seconds_are_marked_so_though_a_report_prints_them_as_days():
    """Parmar et al. 2024, Table 2: 0.8, 0.4 and 11.9 days are, to their digit, the tokens over a batch at one speed."""
    stages = ((768, 0.8, 0.57, 200, 384), (1536, 0.4, 0.58, 200, 768), (2304, 11.9, 0.64, 7600, 1152))
    for _, days, step, billions, batch in stages:
        assert days == round(step * billions * 1e9 / (4096 * batch) / 86_400, 1)
    run = catalog.training_run("Nemotron-4 15B")
    assert run.accelerator_hours == pytest.approx(sum(24 * gpus * days for gpus, days, *_ in stages))
    assert run.hours_from == "steps"


def test_hours_from_a_rate_are_what_is_printed_for_1e12_tokens_times_the_tokens():
    """DeepSeek-AI 2024, p. 16 of the report on V2 and section 1 of that on V3."""
    rates = {"DeepSeek 67B": 300_600, "DeepSeek-V2": 172_800, "DeepSeek-V3 (37B active)": 180_000}
    assert {run.name for run in RUNS if run.hours_from == "rate"} == set(rates)
    for name, hours in rates.items():
        run = catalog.training_run(name)
        assert run.accelerator_hours == pytest.approx(hours * run.tokens / 1e12, rel=1e-9)
        assert f"from {hours:,} for 1e12 tokens" in f"{run.note} {run.remark}"


@pytest.mark.parametrize("run", RUNS, ids=name_of)
def test_a_hybrid_is_marked_and_says_what_its_other_layers_are(run):
    with_mamba = ("Nemotron-H", "Nemotron Nano", "Nemotron 3", "NVFP4 12B")
    assert run.hybrid == ("Mamba-2" in run.note) == run.name.startswith(with_mamba)


def test_a_utilisation_at_full_rate_is_by_6p_as_its_row_says():
    """Chowdhery et al. 2022, appendix B: attention adds 12 x layers x heads x head_dim x sequence FLOP a token."""
    shapes = {"Gopher 280B": (80, 128, 128, 2048), "PaLM 540B": (118, 48, 256, 2048)}
    llama = catalog.model("Llama 3.1 405B")
    shapes[llama.name] = (llama.layers, llama.heads, llama.head_dim, 8192)
    speeds = {"Olmo 3 7B": 7_700, "Olmo 3 32B": 1_960}
    full_rates = {run.name: run.full_rate_utilisation for run in RUNS if run.full_rate_utilisation is not None}
    assert set(full_rates) == {*shapes, *speeds}
    for name, full_rate in full_rates.items():
        run = catalog.training_run(name)
        if name in shapes:
            attention = 12 * math.prod(shapes[name])
            expected = run.reported_mfu / (1 + attention / (6 * run.parameters))
        else:
            peak = catalog.accelerator(run.accelerator).fp16_bf16_flop_per_second
            expected = 6 * run.parameters * speeds[name] / peak
        assert full_rate == pytest.approx(expected, abs=6e-4)
        assert f"{100 * full_rate:.1f} %" in run.remark
        assert implied_utilisation(run) < full_rate < run.reported_mfu


@pytest.mark.parametrize("run", [run for run in RUNS if run.precision in ("fp8", "fp4")], ids=name_of)
def test_a_run_in_fewer_than_16_bits_says_that_its_utilisation_is_of_the_bf16_peak(run):
    assert "utilisation is of the bf16 peak" in run.note
    assert not run.accelerator or catalog.accelerator(run.accelerator).peak(run.precision)


@pytest.mark.parametrize("run", [r for r in TIMED_RUNS if r.name.startswith(("LLaMA", "Llama 2"))], ids=name_of)
def test_the_hours_of_llama_and_llama_2_imply_a_utilisation_of_38_to_52_per_cent(run):
    assert 38 <= round(100 * implied_utilisation(run)) <= 52


@pytest.mark.parametrize("run", [r for r in TIMED_RUNS if r.reported_mfu is not None], ids=name_of)
def test_a_reported_utilisation_is_that_of_the_hours_or_higher_by_what_the_hours_also_hold(run):
    # Reported utilisations count attention's products and leave out restarts and slow stages; the hours do not.
    # Chowdhery et al. measure PaLM at full rate: 46.2 % where its hours give 30 %.
    assert implied_utilisation(run) <= run.reported_mfu <= 1.55 * implied_utilisation(run)


@pytest.mark.parametrize("run", [r for r in COSTED_RUNS if "above 6PD" not in r.note], ids=name_of)
def test_the_reported_cost_is_6pd_to_within_3_per_cent(run):
    # Costs are printed to two or three digits, and so are parameters and tokens: Chinchilla's 1.4e12 is good to 3.6 %.
    assert run.reported_flop == pytest.approx(training_flop(run.parameters, run.tokens), rel=0.03)


def test_only_gopher_reports_more_than_6pd_because_it_counts_the_recomputed_forward_pass():
    marked = [run for run in COSTED_RUNS if "above 6PD" in run.note]
    assert [run.name for run in marked] == ["Gopher 280B"]
    weight_products = training_flop(marked[0].parameters, marked[0].tokens)
    assert marked[0].reported_flop / weight_products == pytest.approx(1.25, abs=0.005)
    assert weight_products < marked[0].reported_flop < 8 / 6 * weight_products


@pytest.mark.parametrize(
    "run",
    [r for r in TIMED_RUNS if r.num_accelerators is not None and r.name != "PaLM 540B"],
    ids=name_of,
)
def test_hours_divided_by_accelerators_are_days_to_months_and_on_one_node_hours_to_days(run):
    least, most = (1 / 24, 8) if run.num_accelerators == 8 else (0.5, 120)
    assert least < run.accelerator_hours / run.num_accelerators / 24 < most


def test_palms_hours_are_the_sum_of_its_two_stages():
    assert catalog.training_run("PaLM 540B").accelerator_hours == 6144 * 1200 + 3072 * 336


def test_gophers_hours_are_920_on_4096_chips():
    assert catalog.training_run("Gopher 280B").accelerator_hours == 920 * 4096


def test_pythia_trained_on_143000_steps_of_2_mi_tokens():
    # Biderman et al. 2023, section 2: batches of 1024 sequences of 2048 tokens.
    runs = [run for run in RUNS if run.name.startswith("Pythia")]
    assert len(runs) == 8
    assert {run.tokens for run in runs} == {143_000 * 1024 * 2048}


@pytest.mark.parametrize("accelerator", ACCELERATORS, ids=name_of)
def test_an_accelerators_rates_are_dense_and_in_si_units(accelerator):
    assert 16e9 <= accelerator.memory_bytes <= 300e9
    assert 1e11 < accelerator.memory_bandwidth_bytes_per_second < 1e13
    # Dense int8 runs at up to four times the 16-bit rate (the RTX cards accumulate in fp32 at half of theirs).
    if accelerator.int8_op_per_second is not None:
        assert 1 <= accelerator.int8_op_per_second / accelerator.fp16_bf16_flop_per_second <= 4.01
    if accelerator.fp32_flop_per_second is not None:
        # Blackwell made its tensor cores faster and not the rest: 28 to 31 times, where Hopper has 15.
        most = 16.1 if accelerator.announced < 2024 else 32
        assert 1.9 < accelerator.fp16_bf16_flop_per_second / accelerator.fp32_flop_per_second < most


MOST_FLOP_A_JOULE = 2.4e12
"""Of all rows with a power the B200 and the B300 have the most dense bf16 FLOP for a joule, 2.25e12."""

RIDGES = 60, 600
"""FLOP for a byte of memory traffic at the dense bf16 peak, from the RTX 3090's 76 to the TPU v6e's 560."""


def doubts(chip):
    """Return what speaks against the peaks of an accelerator: each is a name of a rule that a sparse peak breaks."""
    bf16, fp8, fp4 = chip.fp16_bf16_flop_per_second, chip.fp8_flop_per_second, chip.fp4_flop_per_second
    joules = chip.power_watts and bf16 / chip.power_watts
    fp8_at_the_rate_of_bf16 = chip.kind == "TPU" and chip.peaks_remark
    about_8 = (0.99, 1.01) if fp8_at_the_rate_of_bf16 else (1.98, 2.03)
    about_4 = (2.6, 3.2) if chip.peaks_remark else (1.98, 2.03)
    held_against = {
        "clock": chip.clock_hz is None or 0.97 < bf16 / (chip.flop_per_clock * chip.clock_hz) < 1.03,
        "measured": chip.measured_flop_per_second is None or 0.5 < chip.measured_flop_per_second / bf16 < 1,
        "sparse": chip.sparse_flop_per_second is None or 1.98 < chip.sparse_flop_per_second / bf16 < 2.03,
        "fp8": fp8 is None or about_8[0] < fp8 / bf16 < about_8[1],
        "fp4": fp4 is None or about_4[0] < fp4 / fp8 < about_4[1],
        "power": joules is None or joules < MOST_FLOP_A_JOULE,
        "bandwidth": RIDGES[0] < bf16 / chip.memory_bandwidth_bytes_per_second < RIDGES[1],
    }
    return [name for name, holds in held_against.items() if not holds]


def doubled(chip, *peaks):
    """Return the accelerator as a table would have it that prints these peaks with sparsity."""
    known = {peak: getattr(chip, peak) for peak in peaks if getattr(chip, peak) is not None}
    return dataclasses.replace(chip, **{peak: 2 * rate for peak, rate in known.items()})


ALL_PEAKS = tuple(f"{name}_flop_per_second" for name in ("fp16_bf16", "fp8", "fp4", "sparse"))


@pytest.mark.parametrize("chip", ACCELERATORS, ids=name_of)
def test_nothing_speaks_against_the_peaks_of_an_accelerator(chip):
    assert doubts(chip) == []


@pytest.mark.parametrize("chip", ACCELERATORS, ids=name_of)
def test_a_sparse_peak_in_a_row_is_refused_even_where_the_whole_row_is_sparse(chip):
    assert doubts(doubled(chip, "fp16_bf16_flop_per_second"))
    assert doubts(doubled(chip, *ALL_PEAKS))
    if chip.fp8_flop_per_second is not None:
        assert doubts(doubled(chip, "fp8_flop_per_second"))
    if chip.fp4_flop_per_second is not None:
        assert doubts(doubled(chip, "fp4_flop_per_second"))


@pytest.mark.parametrize("chip", ACCELERATORS, ids=name_of)
def test_a_peak_of_half_the_size_is_refused_too(chip):
    halves = {peak: getattr(chip, peak) / 2 for peak in ALL_PEAKS if getattr(chip, peak) is not None}
    known = chip.clock_hz is not None or chip.measured_flop_per_second is not None
    assert bool(doubts(dataclasses.replace(chip, **halves))) == known


def test_a_sparse_peak_of_fp4_is_that_of_nvidias_tables_and_less_than_twice_the_dense_one_of_blackwell_ultra():
    sparse = {chip.name: chip.sparse_fp4_flop_per_second for chip in ACCELERATORS if chip.sparse_fp4_flop_per_second}
    assert sparse == {"B200": 18e15, "GB200": 20e15, "B300": 18e15, "GB300": 20e15}
    over_dense = {name: rate / catalog.accelerator(name).peak("fp4") for name, rate in sparse.items()}
    assert over_dense == pytest.approx({"B200": 2, "GB200": 2, "B300": 4 / 3, "GB300": 4 / 3})


def test_a_memory_that_is_printed_in_gib_is_kept_in_bytes_and_one_that_is_printed_in_gb_too():
    """Google Cloud TPU documentation: v5p-training has a column HBM in GiB; the pages of v5e and v6e say GB."""
    assert [catalog.accelerator(name).memory_bytes for name in ("TPU v5p", "TPU7x")] == [95 * 2**30, 192 * 2**30]
    assert [catalog.accelerator(name).memory_bytes for name in ("TPU v5e", "TPU v6e")] == [16e9, 32e9]
    for chip in ACCELERATORS:
        assert (chip.memory_bytes % 10**8 != 0) == (" GiB" in chip.note), chip.name


@pytest.mark.parametrize("chip", ACCELERATORS, ids=name_of)
def test_a_row_says_why_its_fp8_is_not_twice_its_bf16_and_only_then(chip):
    bf16, fp8, fp4 = (chip.fp16_bf16_flop_per_second, chip.fp8_flop_per_second, chip.fp4_flop_per_second)
    as_expected = (fp8 is None or fp8 / bf16 > 1.9) and (fp4 is None or fp4 / fp8 < 2.1)
    assert (chip.peaks_remark == "") == as_expected


@pytest.mark.parametrize("chip", ACCELERATORS, ids=name_of)
def test_a_row_of_an_accelerator_is_dated_and_graded(chip):
    assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", chip.checked)
    assert 2017 <= chip.announced <= int(chip.checked[:4])
    assert chip.evidence in ("primary", "secondary")
    assert chip.since_the_lecture == (chip.name not in catalog.accelerators())
    assert ("as copied in" in chip.source or "as listed in" in chip.source) <= (
        chip.evidence == "secondary" or "power as listed in" in chip.source
    )


@pytest.mark.parametrize("chip", ACCELERATORS, ids=name_of)
def test_a_row_without_a_power_says_that_none_is_printed(chip):
    assert (chip.power_watts is None) == ("power not printed" in chip.source)


def test_rows_whose_datasheet_was_not_read_again_say_so():
    copies = [chip.name for chip in ACCELERATORS if "peaks last compared with copies" in chip.source]
    assert copies == ["T4", "L4"]


@pytest.mark.parametrize("chip", ACCELERATORS, ids=name_of)
def test_a_clock_has_the_work_of_a_cycle_beside_it(chip):
    assert (chip.clock_hz is None) == (chip.flop_per_clock is None)


@pytest.mark.parametrize("chip", ACCELERATORS, ids=name_of)
def test_16_bits_without_tensor_cores_lie_between_fp32_and_the_tensor_cores(chip):
    without = chip.fp16_without_tensor_cores_flop_per_second
    assert without is None or 1.9 * chip.fp32_flop_per_second < without < chip.fp16_bf16_flop_per_second / 3.9


def test_where_the_sources_of_a_peak_disagree_the_row_says_so():
    b300 = catalog.accelerator("B300")
    assert "sources disagree" in b300.peaks_remark
    for printed in ("12.6", "13.1", "13.5", "14 and 15 PFLOP/s", "18 with sparsity"):
        assert printed in b300.peaks_remark


def test_what_nvidia_prints_with_sparsity_is_twice_what_the_catalog_has():
    # NVIDIA's tables of the HGX B200 and GB200, in PFLOP/s with sparsity: bf16, fp8 and fp4.
    for name, printed in {"B200": (4.5, 9, 18), "GB200": (5, 10, 20), "H100 SXM": (1.979, 3.958)}.items():
        peaks = [catalog.accelerator(name).peak(precision) for precision in catalog.PEAKS[: len(printed)]]
        assert [2 * peak / 1e15 for peak in peaks] == pytest.approx(printed)


def test_a_peak_that_an_accelerator_has_not_is_refused_with_those_it_has():
    assert catalog.accelerator("A100 80GB").peak("bf16") == 312e12
    with pytest.raises(ValueError, match=r"^precision must be one that the H100 SXM has .*'bf16', 'fp8'; got 'fp4'$"):
        catalog.accelerator("H100 SXM").peak("fp4")
    with pytest.raises(ValueError, match=r"^precision 'fp16' is unknown; .*accepted: 'bf16', 'fp8', 'fp4'$"):
        catalog.accelerator("H100 SXM").peak("fp16")


@pytest.mark.parametrize(
    ("name", "printed", "mib"), [("A100 80GB", 80, 81_920), ("H100 SXM", 80, 81_559), ("H200 SXM", 141, 143_771)]
)
def test_a_card_reports_more_than_is_printed(name, printed, mib):
    chip = catalog.accelerator(name)
    assert chip.usable_bytes == chip.reported_bytes == mib * 2**20 > chip.memory_bytes == printed * 10**9


@pytest.mark.parametrize("accelerator", ACCELERATORS, ids=name_of)
def test_what_an_accelerator_reports_has_a_source_and_is_near_what_is_printed(accelerator):
    assert (accelerator.reported_bytes is None) == (accelerator.reported_source == "")
    if accelerator.reported_bytes is None:
        assert accelerator.usable_bytes == accelerator.memory_bytes
    else:
        assert " 20" in accelerator.reported_source
        assert 1 < accelerator.usable_bytes / accelerator.memory_bytes < 2**30 / 10**9 + 1e-3


@pytest.mark.parametrize("accelerator", ACCELERATORS, ids=name_of)
def test_an_accelerators_kind_and_its_bf16_say_what_its_name_and_its_note_say(accelerator):
    assert accelerator.kind == ("TPU" if "TPU" in accelerator.name else "GPU")
    assert accelerator.bf16 == ("no bf16" not in accelerator.note)
    assert accelerator.fp16 == (accelerator.kind == "GPU")  # a TPU's matrix units multiply bf16


@pytest.mark.parametrize(
    ("filename", "right", "wrong", "message"),
    [
        ("accelerators.csv", "V100,GPU", "V100,gpu", r"^kind of V100 'gpu' is unknown; did you mean 'GPU'"),
        (
            "accelerators.csv",
            "125,yes,no",
            "125,yes,none",
            r"^bf16 of V100 'none' is unknown; .*accepted: 'yes', 'no'$",
        ),
        ("models.csv", "1024,yes", "1024,", r"^tied_embeddings of GPT-2 124M '' is unknown; accepted: 'yes', 'no'$"),
    ],
)
def test_a_wrong_word_in_a_table_is_named_with_its_row(tmp_path, monkeypatch, filename, right, wrong, message):
    text = (DATA / filename).read_text(encoding="utf-8")
    assert right in text
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / filename).write_text(text.replace(right, wrong, 1), encoding="utf-8")
    monkeypatch.setattr("importlib.resources.files", lambda package: tmp_path)
    with pytest.raises(ValueError, match=message):
        TABLES[filename].__wrapped__()


def test_the_figures_that_the_lessons_quote_are_exact():
    a100, h100 = catalog.accelerator("A100 80GB"), catalog.accelerator("H100 SXM")
    assert (a100.memory_bytes, a100.fp16_bf16_flop_per_second) == (80 * 10**9, 312e12)
    assert (h100.memory_bytes, h100.fp16_bf16_flop_per_second) == (80 * 10**9, 989.5e12)
    gpt3 = catalog.training_run("GPT-3 175B")
    assert (gpt3.parameters, gpt3.tokens, gpt3.reported_flop) == (174_600_000_000, 300 * 10**9, 3.14e23)


def test_an_empty_field_is_none_and_not_zero():
    assert catalog.model("Llama 2 7B").routed_experts is None
    assert catalog.model("Llama 2 7B").kv_rank is None
    assert catalog.training_run("GPT-3 175B").accelerator_hours is None
    assert catalog.accelerator("V100").int8_op_per_second is None
    assert catalog.accelerator("TPU v4").fp32_flop_per_second is None


@pytest.mark.parametrize("load", TABLES.values())
def test_a_table_is_read_once_and_cannot_be_changed(load):
    table = load()
    assert type(table) is MappingProxyType
    assert load() is table
    assert isinstance(table, Mapping)
    name = next(iter(table))
    with pytest.raises(TypeError):
        table[name] = None
    with pytest.raises(dataclasses.FrozenInstanceError):
        table[name].source = "hearsay"


@pytest.mark.parametrize(
    ("look_up", "name", "message"),
    [
        (catalog.accelerator, "H100", r"^accelerator 'H100' is unknown; did you mean .*'H100 SXM'"),
        (catalog.model, "llama 2 7b", r"^model 'llama 2 7b' is unknown; did you mean 'Llama 2 7B'"),
        (catalog.training_run, "GPT-3", r"^training run 'GPT-3' is unknown; .*accepted: 'GPT-3 175B'"),
        (catalog.model, 7, r"^model 7 is unknown; .*accepted: 'GPT-2 124M'"),
    ],
)
def test_an_unknown_name_is_refused_with_the_closest_ones(look_up, name, message):
    with pytest.raises(ValueError, match=message):
        look_up(name)


def test_importing_the_catalog_reads_no_file():
    program = (
        "import sys, course_lib._arguments\n"
        "opened = []\n"
        "sys.addaudithook(lambda event, args: event == 'open' and opened.append(str(args[0])))\n"
        "from course_lib import catalog\n"
        "assert not [name for name in opened if name.endswith('.csv')], opened\n"
        "catalog.models()\n"
        "tables = [name for name in opened if name.endswith('.csv')]\n"
        "assert len(tables) == 1 and tables[0].endswith('models.csv'), tables\n"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize(
    ("lecture", "every", "sizes"),
    [
        (catalog.accelerators, catalog.all_accelerators, (16, 26)),
        (catalog.models, catalog.all_models, (17, 37)),
        (catalog.training_runs, catalog.all_training_runs, (23, 76)),
    ],
    ids=["accelerators", "models", "runs"],
)
def test_the_lessons_choose_from_the_lectures_rows_which_come_first_in_the_file(lecture, every, sizes):
    assert list(every())[: len(lecture())] == list(lecture())
    assert (len(lecture()), len(every())) == sizes
    assert {name for name, row in every().items() if row.since_the_lecture} == every().keys() - lecture().keys()


def test_an_unknown_name_is_answered_first_with_those_that_begin_alike() -> None:
    with pytest.raises(ValueError, match="did you mean 'A100 40GB', 'A100 80GB'"):
        catalog.accelerator("A100")


def test_only_deepseek_v3_is_a_mixture_of_the_lectures_and_both_its_counts_are_values():
    # DeepSeek-AI 2024, abstract: "671B total parameters with 37B activated for each token".
    lecture = catalog.training_runs().values()
    assert [run.name for run in lecture if run.is_mixture] == ["DeepSeek-V3 (37B active)"]
    mixture = catalog.training_run("DeepSeek-V3 (37B active)")
    assert (mixture.parameters, mixture.total_parameters) == (37 * 10**9, 671 * 10**9)
    assert all(run.total_parameters == run.parameters for run in RUNS if not run.is_mixture)


def test_hardware_utilisation_is_reported_by_two_runs_and_counts_up_to_a_forward_pass_more():
    reported = {run.name: run.reported_hfu for run in RUNS if run.reported_hfu is not None}
    assert reported == {"PaLM 540B": 0.578, "BLOOM 176B": 0.48}
    palm, bloom = catalog.training_run("PaLM 540B"), catalog.training_run("BLOOM 176B")
    assert 1 < palm.reported_hfu / palm.reported_mfu < 4 / 3
    # BLOOM's HFU is of the full rate, 150 of 312 TFLOP/s; its 32 % are over all its hours, with 6PD.
    assert bloom.reported_hfu == pytest.approx(150 / 312, abs=0.005)
    assert implied_utilisation(bloom) == pytest.approx(0.32, abs=0.005)
    assert 4 / 3 * implied_utilisation(bloom) < bloom.reported_hfu


def test_one_run_has_one_cost_and_chinchillas_is_not_gophers():
    gopher, chinchilla = catalog.training_run("Gopher 280B"), catalog.training_run("Chinchilla 70B")
    assert training_flop(gopher.parameters, gopher.tokens) == pytest.approx(5.04e23)
    assert (gopher.reported_flop, chinchilla.reported_flop) == (6.31e23, 5.76e23)
    assert "Gopher" not in chinchilla.note
    assert "5.76" not in gopher.source + gopher.note
