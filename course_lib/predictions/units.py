"""What lesson 2 asks before it shows: compute units, slide S3."""

from __future__ import annotations

from course_lib import catalog
from course_lib.compute_cost import forward_flop, model_flop_utilization, throughput, training_flop, training_seconds
from course_lib.predictions.prediction import Known, Prediction, prediction
from course_lib.questions.question import reported
from course_lib.units import (
    LAPTOP_FLOP_PER_SECOND,
    PFLOP_DAY,
    SECONDS_PER_DAY,
    SECONDS_PER_HOUR,
    convert_compute,
    flop_from_gpu_hours,
    gpu_hours,
    parse_quantity,
)

SECONDS_PER_YEAR = 365.25 * SECONDS_PER_DAY
TOKENS_PER_SECOND = 6780
"""GPT-2 XL in training on one A100, as the notebook `flops-analysis` of LLMs-from-scratch prints it, rounded."""


def cost_of(name: str) -> float:
    """Return the cost 6PD of a published run, in FLOP."""
    run = catalog.training_run(name)
    return float(training_flop(run.parameters, run.tokens))


def peak_of(name: str) -> float:
    """Return the dense 16-bit peak of an accelerator, in FLOP/s."""
    return catalog.accelerator(name).fp16_bf16_flop_per_second


@prediction("2a")
def gpt_3_in_pflop_days() -> Prediction:
    """GPT-3's cost in the unit of the papers; wrong by the hours of a day, and by the whole day."""
    return Prediction(
        asks="In lesson 1, GPT-3 cost 3.14e23 FLOP. How many PFLOP-days is that?",
        options={"3,600": 3600, "87,000": 87e3, "310 million": 3.1e8},
        truth=convert_compute(cost_of("GPT-3 175B"), "FLOP", "PFLOP-day"),
        facts={
            "cost": Known(3.14e23, "3.14e23 FLOP"),
            "rule": Known(lambda cost: cost / (1e15 * 24 * 3600), r"10^{15} \cdot 24 \cdot 3600"),
        },
        reason=lambda cost, rule: rule(cost),
        shown=("3,637.5", "3,640", "3.64e3"),
    )


@prediction("2b")
def a_word_with_two_meanings() -> Prediction:
    """What the library makes of TFLOPS."""
    return Prediction(
        asks="What will the library make of the text 312 TFLOPS?",
        options={"An error": "ValueError", "A count, 3.12 × 10¹⁴ FLOP": "Compute", "A rate, 312 TFLOP/s": "Rate"},
        truth=kind_of("312 TFLOPS"),
        facts={
            "papers": Known("Compute", "Papers write *FLOPs* for the count"),
            "datasheets": Known("Rate", "datasheets *TFLOPS* for the rate"),
            "same": Known(True, "takes capital and small letters for the same"),
            "guesses": Known(False, "it guesses nothing"),
        },
        reason=lambda papers, datasheets, same, guesses: (
            "ValueError" if same and papers != datasheets and not guesses else datasheets
        ),
        shown=("can be read in two ways",),
    )


def kind_of(text: str) -> str:
    """Return the name of the type that a text is read as, or of the error."""
    try:
        return type(parse_quantity(text)).__name__
    except ValueError as error:
        return type(error).__name__


@prediction("2c")
def accelerators_for_a_pflop_day() -> Prediction:
    """How many A100 do a PFLOP-day in a day; wrong by the utilisation upside down, and by none."""
    return Prediction(
        asks="An A100 advertises 312 TFLOP/s, and a training gets 40 % of it. "
        "How many A100 do one PFLOP-day of work in a day?",
        options={"1": 1.28, "3": 3.2, "8": 8},
        truth=PFLOP_DAY / (throughput(1, peak_of("A100 80GB"), 0.40) * SECONDS_PER_DAY),
        facts={
            "peak": Known(312e12, "312 TFLOP/s"),
            "share": Known(0.40, "40 %"),
            "pflop_day": Known(1e15, "$10^{15}$ FLOP/s do in a day"),
            "rule": Known(lambda share, peak: share * peak, "the **achieved** one: utilisation × peak"),
        },
        reason=lambda peak, share, pflop_day, rule: pflop_day / rule(share, peak),
        shown=("8.0 A100 are needed", "Eight"),
    )


@prediction("2d")
def a_tool_that_counts_macs() -> Prediction:
    """A count of multiply-accumulates in FLOP; wrong by halving, and by taking it as it is."""
    run = catalog.training_run("GPT-3 175B")
    return Prediction(
        asks="fvcore would report 174.6 GFLOP for the weights of GPT-3 in one token's forward pass. "
        "How many does this course write?",
        options={"349.2 GFLOP": 349.2, "174.6 GFLOP": 174.6, "87.3 GFLOP": 87.3},
        truth=forward_flop(run.parameters, 1) / 1e9,
        facts={
            "counted": Known(174.6, "174.6 GFLOP"),
            "one": Known("MAC", 'counts "one fused multiply-add as one flop"'),
            "rule": Known(lambda macs: 2 * macs, "counted two FLOP for it"),
        },
        reason=lambda counted, one, rule: rule(counted) if one == "MAC" else counted,
        shown=("349200000000",),
    )


@prediction("2e")
def share_of_the_peak() -> Prediction:
    """The utilisation of a published run; wrong by the forward pass alone, by sparsity, and by equal passes."""
    run = catalog.training_run("LLaMA 13B")
    return Prediction(
        asks="LLaMA 13B (13 B parameters, 1 T tokens) took 135,168 A100-hours. "
        "An A100 advertises 312 TFLOP/s. Which share of that did it achieve?",
        options={"17 %": 0.17, "26 %": 0.26, "34 %": 0.34, "51 %": 0.51},
        truth=model_flop_utilization(
            cost_of(run.name), (run.accelerator_hours or 0) * SECONDS_PER_HOUR, 1, peak_of(run.accelerator)
        ),
        facts={
            "P": Known(13e9, "13 B parameters"),
            "D": Known(1e12, "1 T tokens"),
            "hours": Known(135_168, "135,168 A100-hours"),
            "peak": Known(312e12, "312 TFLOP/s"),
            "cost": Known(lambda P, D: 6 * P * D, r"C \approx 6PD"),
            "rule": Known(
                lambda C, hours, peak: C / (hours * 3600 * peak),
                r"\frac{C}{\text{GPU-hours} \times 3600 \times \text{peak}}",
            ),
        },
        reason=lambda P, D, hours, peak, cost, rule: rule(cost(P, D), hours, peak),
        shown=("51% of 312 TFLOP/s",),
    )


@prediction("2f")
def work_done_twice() -> Prediction:
    """Model utilisation from hardware utilisation; wrong by the ratio upside down, and by none."""
    return Prediction(
        asks="A run computes half of its forward pass twice: the hardware does 7PD, the model needs 6PD. "
        "Its HFU is 49 %. What is its MFU?",
        options={"42 %": 0.42, "49 %, the same": 0.49, "57 %": 0.57},
        truth=0.49 * training_flop(1, 1) / (training_flop(1, 1) + forward_flop(1, 1) / 2),
        facts={
            "hfu": Known(0.49, "HFU is 49 %"),
            "done": Known(lambda P, D: 7 * P * D, "the hardware does 7PD"),
            "needed": Known(lambda P, D: 6 * P * D, "the model needs 6PD"),
            "rule": Known(lambda hfu, needed, done: hfu * needed / done, "counts each operation of the model once"),
        },
        reason=lambda hfu, done, needed, rule: rule(hfu, needed(1, 1), done(1, 1)),
        shown=("MFU 42%",),
    )


@prediction("2g")
def days_at_the_achieved_rate() -> Prediction:
    """The time at the achieved rate; wrong by the utilisation upside down, and by none."""
    run = catalog.training_run("Llama 3.1 405B")
    tau = throughput(reported(run.num_accelerators), peak_of(run.accelerator), reported(run.reported_mfu))
    return Prediction(
        asks="At the advertised 989.5 TFLOP/s each, 16,384 H100 would train Llama 3.1 405B in 27 days. "
        "How long do they take at the utilisation that its authors report, 41 %?",
        options={"11 days": 11, "27 days": 27, "66 days": 66},
        truth=training_seconds(cost_of(run.name), tau) / SECONDS_PER_DAY,
        facts={
            "days": Known(27, "27 days"),
            "share": Known(0.41, "41 %"),
            "rule": Known(lambda days, share: days / share, r"\text{utilisation} \times \text{peak}"),
        },
        reason=lambda days, share, rule: rule(days, share),
        shown=("66.1 days",),
    )


@prediction("2h")
def peak_behind_a_sparse_figure() -> Prediction:
    """The dense peak of another accelerator; wrong by doubling, and by taking it as printed."""
    return Prediction(
        asks="The datasheet of another GPU, the L4, prints 242 TFLOP/s for bf16 with sparsity. "
        "What is its peak in training?",
        options={"121 TFLOP/s": 121e12, "242 TFLOP/s": 242e12, "484 TFLOP/s": 484e12},
        truth=peak_of("L4"),
        facts={
            "printed": Known(242e12, "242 TFLOP/s"),
            "dense": Known(312.0, "**dense** | **312**"),
            "sparse": Known(624.0, "with sparsity | 624"),
            "rule": Known(lambda dense, sparse: dense / sparse, "Training is dense"),
        },
        reason=lambda printed, dense, sparse, rule: printed * rule(dense, sparse),
        shown=("121 TFLOP/s",),
    )


@prediction("2i")
def too_good_to_be_true() -> Prediction:
    """The utilisation behind one that was held against the wrong peak."""
    achieved = training_flop(catalog.model("GPT-2 XL").parameters, TOKENS_PER_SECOND)
    return Prediction(
        asks="The utilisation of 0.81 is of 77.97 TFLOP/s. What is it of the peak that training in bf16 has?",
        options={"0.81: it stands": 0.81, "0.40": 0.40, "0.20": 0.20, "0.10": 0.10},
        truth=model_flop_utilization(achieved, 1, 1, peak_of("A100 40GB")),
        facts={
            "share": Known(0.81, "a utilisation of 0.81"),
            "looked_up": Known(77.97e12, "77.97 TFLOP/s"),
            "dense": Known(312.0, "fp16 or bf16, with tensor cores, **dense** | **312**"),
            "unit": Known(lambda rate: rate * 1e12, "For the A100, in TFLOP/s"),
            "where": Known("with tensor cores", "runs on tensor cores"),
        },
        reason=lambda share, looked_up, dense, unit, where: share * looked_up / unit(dense),
        shown=("0.20 of 312 TFLOP/s",),
    )


@prediction("2j")
def hours_of_two_accelerators() -> Prediction:
    """Which of two trainings did more work, from their hours and peaks."""
    return Prediction(
        asks="Gopher took 3,768,320 TPU v3-hours, Llama 2 70B took 1,720,320 A100-hours. "
        "Suppose that both had the same utilisation. Which training did more work?",
        options={"Gopher": "Gopher 280B", "Llama 2 70B": "Llama 2 70B"},
        truth=max(("Gopher 280B", "Llama 2 70B"), key=cost_of),
        facts={
            "tpu_hours": Known(3_768_320, "3,768,320"),
            "gpu_hours": Known(1_720_320, "1,720,320"),
            "tpu_peak": Known(123e12, "A TPU v3 advertises 123 TFLOP/s"),
            "gpu_peak": Known(312e12, "an A100 312 TFLOP/s"),
        },
        reason=lambda tpu_hours, gpu_hours, tpu_peak, gpu_peak: (
            "Llama 2 70B" if gpu_hours * gpu_peak > tpu_hours * tpu_peak else "Gopher 280B"
        ),
        shown=("1.6 times the work",),
    )


@prediction("2k")
def the_same_work_on_a_newer_gpu() -> Prediction:
    """Hours turned into those of another GPU; wrong by the ratio upside down, by none, and by the peaks alone."""
    flop = flop_from_gpu_hours(1_022_362, 0.48 * peak_of("A100 80GB"))
    return Prediction(
        asks="LLaMA 65B's 1,022,362 A100-hours were spent at 48 % of 312 TFLOP/s. "
        "How many hours does an H100, at 40 % of 989.5 TFLOP/s, take for the same work?",
        options={"2.7 million": 2.7e6, "1.0 million": 1.0e6, "390,000": 390e3, "320,000": 320e3},
        truth=gpu_hours(flop, 0.40 * peak_of("H100 SXM")),
        facts={
            "hours": Known(1_022_362, "1,022,362 A100-hours"),
            "old_share": Known(0.48, "48 % of 312 TFLOP/s"),
            "old": Known(312e12, "48 % of 312 TFLOP/s"),
            "new_share": Known(0.40, "40 % of 989.5 TFLOP/s"),
            "new": Known(989.5e12, "40 % of 989.5 TFLOP/s"),
            "rule": Known(
                lambda hours, old, new: hours * old / new,
                "hours to FLOP with the old GPU, then FLOP to hours with the new one",
            ),
        },
        reason=lambda hours, old_share, old, new_share, new, rule: rule(hours, old_share * old, new_share * new),
        shown=("386,834",),
    )


@prediction("2l")
def gpt_3_on_a_laptop() -> Prediction:
    """The years of a laptop, as an order of magnitude."""
    return Prediction(
        asks="How many years would this laptop take for GPT-3, 3.14e23 FLOP? A year has about 3 × 10⁷ seconds.",
        unit="years",
        truth=cost_of("GPT-3 175B") / LAPTOP_FLOP_PER_SECOND / SECONDS_PER_YEAR,
        facts={
            "cost": Known(3.14e23, "3.14e23 FLOP"),
            "rate": Known(1e11, "$10^{11}$ FLOP/s"),
            "year": Known(3e7, "3 × 10⁷ seconds"),
        },
        reason=lambda cost, rate, year: cost / rate / year,
        shown=("99,589 years",),
    )


@prediction("2m")
def what_another_gpu_changes() -> Prediction:
    """Which of three figures for one cost depend on the accelerator."""
    cost = cost_of("GPT-3 175B")
    before, after = (
        {
            "FLOP": cost,
            "PFLOP-days": convert_compute(cost, "FLOP", "PFLOP-day"),
            "GPU-hours": gpu_hours(cost, 0.4 * peak_of(chip)),
        }
        for chip in ("A100 80GB", "H100 SXM")
    )
    return Prediction(
        asks="In the converter you keep GPT-3's cost and its utilisation, and change the accelerator "
        "from an A100 to an H100. What changes?",
        options={
            "Nothing": (),
            "GPU-hours": ("GPU-hours",),
            "PFLOP-days and GPU-hours": ("PFLOP-days", "GPU-hours"),
            "All three": ("FLOP", "PFLOP-days", "GPU-hours"),
        },
        truth=tuple(unit for unit in before if before[unit] != after[unit]),
        facts={
            "flop": Known(False, "FLOP, which belong to no hardware"),
            "pflop_days": Known("FLOP", "do in a day | FLOP, a count"),
            "hours": Known(True, "Hours become a cost only with the model"),
        },
        reason=lambda flop, pflop_days, hours: tuple(
            unit
            for unit, changes in (("FLOP", flop), ("PFLOP-days", pflop_days != "FLOP" or flop), ("GPU-hours", hours))
            if changes
        ),
        shown=("only the GPU-hours",),
    )


@prediction("2n")
def a_day_of_a_large_machine() -> Prediction:
    """PFLOP-days of a day; wrong by the prefix, and by the seconds that the unit already holds."""
    achieved = throughput(1, 1e18, 0.40)
    return Prediction(
        asks="A machine advertises 1 EFLOP/s, that is 10¹⁸ FLOP/s, and a training gets 40 % of it. "
        "How many PFLOP-days of work does it do in a day?",
        options={"0.4": 0.4, "400": 400, "35 million": 35e6},
        truth=convert_compute(achieved * SECONDS_PER_DAY, "FLOP", "PFLOP-day"),
        facts={
            "peak": Known(1e18, "10¹⁸ FLOP/s"),
            "share": Known(0.40, "40 %"),
            "pflop_day": Known(1e15, "$10^{15}$ FLOP/s do in a day"),
        },
        reason=lambda peak, share, pflop_day: peak * share / pflop_day,
        shown=("400 PFLOP-days",),
    )
