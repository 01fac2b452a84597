"""What lesson 7 asks before it shows: the decisions of whoever plans a run, from the budget to the rules broken."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from course_lib import catalog
from course_lib.number_formats import BF16, FP16, decode, encode
from course_lib.plan import TrainingPlan, plan_training_run, published_utilization, resources_of
from course_lib.predictions.prediction import Known, Prediction, prediction
from course_lib.scaling import (
    BESIROGLU_2024,
    HOFFMANN_2022,
    HOFFMANN_2022_UNROUNDED,
    compute_optimal,
)
from course_lib.units import format_count

COMPUTE = Known(2.63e23, "2.63e+23 FLOP")
ACCELERATORS, DAYS, MFU = Known(256, "256 NVIDIA H100"), Known(30, "30 days"), Known(0.40, "40 %")
PEAK, TEXT = Known(990e12, "990 TFLOP/s"), Known(1.5e12, "1.5 T tokens")
SERVE, FREE, EPOCHS = Known(48e9, "48 GB"), Known(0.2, "leave 20 % of the memory free"), Known(4, "up to 4 times")
RATIO = Known(20, "20 tokens a parameter")
LARGEST = Known(lambda flop: math.sqrt(flop / 120), "C = 6PD = 120P^2")
TOKENS = Known(lambda flop, size: flop / (6 * size), "C = 6PD")


@cache
def the_plan(**changes: Any) -> TrainingPlan:
    """Return the lesson's plan, or what it becomes with some changes."""
    have: dict[str, Any] = {"accelerator": "H100 SXM", "num_accelerators": 256, "days": 30, "utilization": 0.40}
    return plan_training_run(**(have | {"data_tokens": 1.5e12, "serve_on": "L40S"} | changes))


@prediction("7a")
def what_limits_the_model() -> Prediction:
    """The smallest of the three bounds."""

    def smallest(
        accelerators: int,
        peak: float,
        mfu: float,
        days: int,
        text: float,
        serve: float,
        size: int,
        ratio: int,
        largest: Any,
    ) -> str:
        sizes = {
            "compute": largest(accelerators * peak * mfu * days * 86_400),
            "data": text / ratio,
            "serving memory": serve / size,
        }
        return min(sizes, key=sizes.__getitem__)

    return Prediction(
        asks="Reckon in round numbers (30 days are 2.6 million seconds). Which bound is the smallest and limits P?",
        options={"the compute": "compute", "the text": "data", "the use": "serving memory"},
        truth=the_plan().bound,
        facts={
            "accelerators": ACCELERATORS,
            "peak": PEAK,
            "mfu": MFU,
            "days": DAYS,
            "text": TEXT,
            "serve": SERVE,
            "size": Known(2, "2 bytes a parameter"),
            "ratio": RATIO,
            "largest": LARGEST,
        },
        reason=smallest,
        shown=("The use is what limits the model",),
    )


@prediction("7b")
def the_budget() -> Prediction:
    """The budget, as a typed order of magnitude."""
    return Prediction(
        asks="You have 256 H100 for 30 days of 86,400 seconds, at 40 % of 990 TFLOP/s. How much compute is that?",
        unit="FLOP",
        truth=the_plan().resources.flop,
        facts={
            "accelerators": ACCELERATORS,
            "peak": PEAK,
            "mfu": MFU,
            "days": DAYS,
            "budget": Known(
                lambda accelerators, peak, mfu, seconds: accelerators * peak * mfu * seconds, "C = \\tau\\,T"
            ),
        },
        reason=lambda accelerators, peak, mfu, days, budget: budget(accelerators, peak, mfu, days * 86_400),
        shown=("2.63e+23 FLOP",),
    )


@prediction("7c")
def by_compute_alone() -> Prediction:
    """The size by the compute alone, beside GPT-3's."""
    return Prediction(
        asks="GPT-3 had 175 B parameters. How many do you get for nearly its compute, by D = 20P?",
        options={"5 B": 5e9, "50 B": 50e9, "150 B": 150e9, "500 B": 500e9},
        truth=compute_optimal(the_plan().resources.flop)[0],
        facts={"flop": COMPUTE, "largest": LARGEST},
        reason=lambda flop, largest: largest(flop),
        shown=("P = 46.8 B parameters",),
    )


@prediction("7d")
def what_becomes_of_the_compute() -> Prediction:
    """The tokens that the capped model reads, if all compute is spent."""
    return Prediction(
        asks="You train the largest model that the L40S can hold, and spend all the compute. How much text is it?",
        options={"0.4 T tokens": 0.4e12, "0.9 T tokens": 0.9e12, "2.3 T tokens": 2.3e12, "6 T tokens": 6e12},
        truth=the_plan().tokens,
        facts={"flop": COMPUTE, "serve": SERVE, "free": FREE, "size": Known(2, "2 bytes"), "tokens": TOKENS},
        reason=lambda flop, serve, free, size, tokens: tokens(flop, (1 - free) * serve / size),
        shown=("D = 2.28 T tokens",),
    )


@prediction("7e")
def what_ends_first() -> Prediction:
    """Text or days, with a third of the text."""
    short = the_plan(data_tokens=0.5e12)
    return Prediction(
        asks="Suppose you had 0.5 T tokens, not 1.5 T. What would end the run?",
        options={"the text": "text", "the 30 days": "days"},
        truth="text" if short.days < short.resources.days else "days",
        facts={"wanted": Known(2.28e12, "2.28 T"), "text": Known(0.5e12, "0.5 T tokens"), "epochs": EPOCHS},
        reason=lambda wanted, text, epochs: "text" if epochs * text < wanted else "days",
        shown=("0.5 T of text: 4.00 epochs",),
    )


@prediction("7f")
def which_stage() -> Prediction:
    """The lowest stage of sharding that fits beside all activations."""

    def lowest(states: float, activations: float, working: float, fill: float, gpus: int, shared: Any) -> int:
        for stage, part in enumerate(shared):
            if states * ((16 - part) + part / gpus) / 16 + activations + working <= fill:
                return stage
        return 4

    return Prediction(
        asks="Which is the lowest stage at which one sequence at a time fits on each of the 256 H100?",
        options={"no sharding": 0, "stage 1": 1, "stage 2": 2, "stage 3": 3},
        truth=the_plan().setup.stage,
        facts={
            "states": Known(307e9, "model states 307 GB"),
            "activations": Known(63.2e9, "activations 63.2 GB"),
            "working": Known(0.41e9, "working memory 0.41 GB"),
            "fill": Known(77.0e9, "to fill 77.0 GB"),
            "gpus": ACCELERATORS,
            "shared": Known(
                (0, 12, 14, 16),
                "Stage 1 shares 12 of the 16 bytes (the optimizer's and the master copy), stage 2 also the 2 of the "
                "gradients, stage 3 also the 2 of the parameters.",
            ),
        },
        reason=lowest,
        shown=("stage 3: states 1.2 GB",),
    )


@prediction("7g")
def what_to_recompute() -> Prediction:
    """How much to recompute, when all that is kept fits."""
    return Prediction(
        asks="A tenth of the memory is to stay free, and the days are short. What do you recompute?",
        options={"nearly all of them": "full", "attention's alone": "selective", "nothing": "none"},
        truth=the_plan().setup.recompute,
        facts={
            "kept": Known(64.8e9, "= 64.8 GB"),
            "fill": Known(77.0e9, "to fill 77.0 GB"),
            "selective": Known(0.02, "2 % more operations"),
            "full": Known(0.33, "33 % more"),
        },
        reason=lambda kept, fill, selective, full: "none" if kept <= fill else "selective",
        shown=("You keep them all",),
    )


@prediction("7h")
def which_format() -> Prediction:
    """The 16-bit format that keeps a tiny gradient and a large sum."""
    tiny, large = 1e-8, 70_000.0

    def keeps(smallest: float, largest: float) -> bool:
        return tiny > smallest / 2 and large <= largest

    def reason(fp16: tuple[float, float], bf16: tuple[float, float]) -> str:
        kept = [name for name, ends in (("fp16", fp16), ("bf16", bf16)) if keeps(*ends)]
        return " ".join(kept) or "neither"

    back = {fmt.name: [decode(encode(value, fmt), fmt) for value in (tiny, large)] for fmt in (FP16, BF16)}
    kept = [name for name, (small, big) in back.items() if small > 0 and math.isfinite(big)]
    return Prediction(
        asks="A gradient is 0.00000001 and a sum is 70,000. Which format loses neither of them?",
        options={"fp16": "fp16", "bf16": "bf16", "both, as both have 16 bits": "fp16 bf16", "neither": "neither"},
        truth=" ".join(kept) or "neither",
        facts={
            "fp16": Known((5.96e-8, 65_504.0), "fp16: from 5.96e-08 to 65504"),
            "bf16": Known((9.18e-41, 3.3895e38), "bf16: from 9.18e-41 to 3.3895e+38"),
        },
        reason=reason,
        shown=("1e-08: fp16 0, bf16 1.00117e-08",),
    )


@prediction("7i")
def what_limits_in_int8() -> Prediction:
    """The smallest bound with one byte a weight."""

    def smallest(serve: float, free: float, compute: float, text: float, epochs: int, ratio: int) -> str:
        sizes = {"serving memory": (1 - free) * serve / 1, "compute": compute, "data": text * epochs / ratio}
        return min(sizes, key=sizes.__getitem__)

    return Prediction(
        asks="In int8 a weight takes 1 byte on the L40S. What limits the size of the model then?",
        options={"the use, still": "serving memory", "the compute": "compute", "the text": "data"},
        truth=the_plan(serve_precision="int8").bound,
        facts={
            "serve": SERVE,
            "free": FREE,
            "compute": Known(46.8e9, "P = 46.8 B parameters"),
            "text": TEXT,
            "epochs": EPOCHS,
            "ratio": RATIO,
        },
        reason=smallest,
        shown=("up to 38.4 B parameters",),
    )


@prediction("7j")
def accelerator_hours() -> Prediction:
    """The accelerator-hours, as a typed order of magnitude."""
    return Prediction(
        asks="256 H100 for 30 days: how many accelerator-hours do you pay for?",
        unit="H100-hours",
        truth=the_plan().hours,
        facts={"accelerators": Known(256, "256 H100"), "days": DAYS},
        reason=lambda accelerators, days: accelerators * days * 24,
        shown=("184,320 H100-hours",),
    )


@prediction("7k")
def half_the_days() -> Prediction:
    """What changes when the days are halved."""

    def what_changes(flop: float, use: float, largest: Any) -> tuple[str, ...]:
        return ("D",) if largest(flop / 2) > use else ("P", "D", "memory")

    whole, half = the_plan(), the_plan(days=15)
    sizes = {
        "P": (whole.parameters, half.parameters),
        "D": (whole.tokens, half.tokens),
        "memory": (whole.setup.memory().total, half.setup.memory().total),
    }
    return Prediction(
        asks="You get 15 days in place of 30. Which of P, D and the memory on each accelerator change?",
        options={"all three": ("P", "D", "memory"), "D alone": ("D",), "P and D": ("P", "D"), "P alone": ("P",)},
        truth=tuple(name for name, (before, after) in sizes.items() if before != after),
        facts={"flop": COMPUTE, "use": Known(19.2e9, "P = 19.2 B"), "largest": LARGEST},
        reason=what_changes,
        shown=("1.14 T",),
    )


@prediction("7l")
def which_run_differs() -> Prediction:
    """The published run whose compute the planner divides very differently."""
    names = ("LLaMA 65B", "BLOOM 176B", "Pythia 12B")

    def apart(name: str) -> float:
        planned = plan_training_run(**resources_of(name, 1)).parameters  # type: ignore[arg-type]
        return abs(math.log(planned / catalog.training_run(name).parameters))

    return Prediction(
        asks="For which of the three does the planner choose a very different size?",
        options={name: name for name in names},
        truth=max(names, key=apart),
        facts={
            "llama": Known(21.5, "LLaMA 65B 21.5 tokens a parameter"),
            "bloom": Known(2.1, "BLOOM 176B 2.1 tokens a parameter"),
            "pythia": Known(25.3, "Pythia 12B 25.3 tokens a parameter"),
            "ratio": RATIO,
        },
        reason=lambda llama, bloom, pythia, ratio: max(
            zip(names, (llama, bloom, pythia), strict=True), key=lambda one: abs(math.log(one[1] / ratio))
        )[0],
        shown=("56.4 B on 1,129 B",),
    )


@prediction("7m")
def llama_7b_by_20_tokens() -> Prediction:
    """The size that LLaMA 7B's compute allows at 20 tokens a parameter."""
    return Prediction(
        asks="LLaMA 7B has 6.7 B parameters, and read 149 tokens for each. What size does D = 20P give its compute?",
        options={"2.5 B": 2.5e9, "6.7 B": 6.7e9, "18 B": 18e9, "50 B": 50e9},
        truth=plan_training_run(**resources_of("LLaMA 7B", 2048)).parameters,  # type: ignore[arg-type]
        facts={
            "size": Known(6.7e9, "6.7 B parameters"),
            "read": Known(149, "149 tokens"),
            "cost": Known(lambda size, tokens: 6 * size * tokens, "C = 6PD"),
            "largest": LARGEST,
        },
        reason=lambda size, read, cost, largest: largest(cost(size, read * size)),
        shown=("by D = 20P: 18.3 B",),
    )


@prediction("7n")
def days_at_the_utilisation_reached() -> Prediction:
    """The days that a plan at 40 % takes at the utilisation of another run."""
    reached = published_utilization()["Pythia 12B"]
    return Prediction(
        asks="Pythia 12B reached 26 %. If you do no better, how long do your 30 days, planned at 40 %, become?",
        options={"20 days": 20, "30 days": 30, "46 days": 46, "75 days": 75},
        truth=the_plan().days * 0.40 / reached,
        facts={
            "reached": Known(0.26, "26 %"),
            "days": DAYS,
            "planned": MFU,
            "time": Known(lambda share, days: share * days, "compute is throughput times time"),
        },
        reason=lambda reached, days, planned, time: time(planned, days) / reached,
        shown=("become 46",),
    )


@prediction("7o")
def does_the_doubt_matter() -> Prediction:
    """Whether the fits' disagreement changes a plan that the use limits."""
    plan, fits = the_plan(), (HOFFMANN_2022, HOFFMANN_2022_UNROUNDED, BESIROGLU_2024)
    best = min(float(fit.optimal(plan.resources.flop)[0]) for fit in fits)
    return Prediction(
        asks="Rule and fits say 23 B to 48 B. Which size do you train now, for the one L40S?",
        options={"23 B, to be safe": "smallest", "35 B, between them": "between", "19.2 B, as before": "as before"},
        truth="as before" if plan.parameters < best else "smallest",
        facts={
            "smallest": Known(23e9, "HOFFMANN_2022: 23 B"),
            "largest": Known(48e9, "BESIROGLU_2024: 48 B"),
            "use": Known(19.2e9, "P = 19.2 B"),
        },
        reason=lambda smallest, largest, use: "as before" if use < min(smallest, largest) else "smallest",
        shown=("the fits do not matter",),
    )


@prediction("7p")
def too_many_accelerators() -> Prediction:
    """The rule that breaks with many more accelerators."""

    def breaks(number: int, sequence: int, usual: float, too_many: Any) -> str:
        return "steps" if too_many(number * sequence, usual) else "none"

    plan = plan_training_run(accelerator="H100 SXM", num_accelerators=8192, days=30, utilization=0.40)
    kinds = {"steps of": "steps", "under-trained": "under-trained", "does not fit": "does not fit"}
    found = [kind for start, kind in kinds.items() if any(rule.startswith(start) for rule in plan.broken)]
    return Prediction(
        asks=f"You get 8,192 H100, which allow {format_count(plan.parameters)} parameters; each takes one sequence of "
        "2,048 tokens at a time. Which rule breaks?",
        options={
            "none: more of them only helps": "none",
            "the steps are too large": "steps",
            "it does not fit": "does not fit",
            "the model is under-trained": "under-trained",
        },
        truth=" ".join(found) or "none",
        facts={
            "number": Known(8192, "8,192 H100"),
            "sequence": Known(2048, "2,048 tokens"),
            "usual": Known(4e6, "4 M tokens"),
            "too_many": Known(lambda step, usual: step > 2 * usual, "more than twice the usual"),
        },
        reason=breaks,
        shown=("steps of 16.8 M tokens",),
    )
