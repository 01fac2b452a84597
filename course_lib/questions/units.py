"""Set 2, units: slide S3."""

from __future__ import annotations

from course_lib import catalog
from course_lib.compute_cost import forward_flop, training_flop
from course_lib.questions.kinds import Choice, Function, Number
from course_lib.questions.question import Badge, Fact, Pick, Wrong, counted, named, question, reported
from course_lib.units import PFLOP_DAY, SECONDS_PER_DAY, convert_compute, flop_from_gpu_hours, gpu_hours


@question("2.1", "A published cost in PFLOP-days", slides="S3", badge=Badge(difficulty=1, importance=3, minutes=3))
def cost_in_pflop_days(pick: Pick) -> Number:
    """A reported count of FLOP in the unit of the slide."""
    run = catalog.training_run(pick("GPT-3 175B", "Gopher 280B", "PaLM 540B", "Llama 3.1 405B"))
    flop = reported(run.reported_flop)
    days = convert_compute(flop, "FLOP", "PFLOP-day")
    printed = "The paper prints 3,640: it divided first and rounded last." if run.name == "GPT-3 175B" else ""
    return Number(
        given={
            "model": named(run),
            "flop": Fact(flop, "FLOP, a count, as its authors report"),
        },
        answer=days,
        unit="PFLOP-days",
        tolerance=0.01,
        also={"EFLOP-days": 1e-3, "PFLOP-years": 1 / 365.25},
        note=printed or "A machine that achieves one PFLOP/s needs that many days.",
        wrong=(
            Wrong(flop / 1e15, "That is the cost in PFLOP. A PFLOP-day is what 1e15 FLOP/s do in a whole day."),
            Wrong(flop / (1e15 * 24), "The day has 24 hours, and the seconds of each hour were forgotten."),
            Wrong(flop / (1e15 * 24 * 60), "Those are the minutes of a day. A rate in FLOP/s needs its seconds."),
            Wrong(flop / (1e15 * 3600), "Those are PFLOP-hours: the hours of the day were forgotten."),
            Wrong(flop / (1e12 * SECONDS_PER_DAY), "The prefix is wrong: T is 1e12, and P is a thousand times that."),
            Wrong(
                flop * SECONDS_PER_DAY / 1e15,
                "That multiplies by the seconds of a day. A larger unit makes the number smaller: divide by the whole "
                "product, in brackets.",
            ),
            Wrong(
                flop / (10 ^ (15 * SECONDS_PER_DAY)),
                "In Python ^ is no power. Write 1e15 or 10**15.",
            ),
        ),
    )


def pflop_days(flop_per_second: float, hours: float) -> float:
    """Return the PFLOP-days that an achieved rate does in some hours."""
    return float(convert_compute(flop_from_gpu_hours(hours, flop_per_second), "FLOP", "PFLOP-day"))


@question("2.2", "PFLOP-days from scratch", slides="S3", badge=Badge(difficulty=2, importance=3, minutes=4))
def write_pflop_days(pick: Pick) -> Function:
    """Turn a rate and a time into an amount."""
    return Function(
        name="pflop_days",
        reference=pflop_days,
        cases=((1e15, 24), (124.8e12, 1), (2.5e18, 1200)),
        generate=lambda rng: (float(rng.uniform(1e13, 1e19)), float(rng.uniform(1, 5000))),
        note="A rate times a time is a count. That is all there is to the slide's FLOP-seconds.",
        wrong=(
            Wrong(lambda rate, hours: rate * hours * 3600, "That is the work in FLOP; it is not in PFLOP-days yet."),
            Wrong(lambda rate, hours: rate * hours * 3.6e-12, "That is the work in PFLOP; a PFLOP-day is more of it."),
            Wrong(lambda rate, hours: rate * hours / 1e15, "Those are PFLOP-hours. How many hours has a day?"),
            Wrong(
                lambda rate, hours: rate / 1e15, "That is the rate in PFLOP/s. An amount needs the time: use `hours`."
            ),
            Wrong(lambda rate, hours: rate * hours / 24e12, "The prefix is T, 1e12; the question asks for P."),
            Wrong(
                lambda rate, hours: rate * hours * 3600 / (1e15 * 24),
                "In what you divide by, the day has 24 hours, and the seconds of each hour were forgotten.",
            ),
            Wrong(
                lambda rate, hours: rate * hours * 3600 / (10 ^ (15 * SECONDS_PER_DAY)),
                "In Python ^ is no power. Write 1e15 or 10**15.",
            ),
            Wrong(
                lambda rate, hours: rate * hours / PFLOP_DAY,
                "The rate is per second: turn the hours into seconds before you multiply.",
            ),
            Wrong(lambda rate, hours: rate * hours * 60 / PFLOP_DAY, "An hour was taken to have 60 seconds."),
            Wrong(
                lambda rate, hours: rate * hours * 3600 / 1e15 * 24 * 3600,
                "Only the first factor was divided by. Put the FLOP of one PFLOP-day in brackets.",
            ),
            Wrong(
                lambda rate, hours: rate * hours * 24 / 1e15,
                "The 24 is on the wrong side: a day is more than an hour, so there are fewer of them.",
            ),
        ),
    )


@question("2.3", "An amount, a rate or a time", slides="S3", badge=Badge(difficulty=1, importance=3, minutes=3))
def amount_rate_or_time(pick: Pick) -> Choice:
    """Tell the figure that says how much work a run was from those that do not."""
    run = catalog.training_run(pick("LLaMA 65B", "BLOOM 176B", "Falcon 180B", "Llama 3.1 405B"))
    number, hours = reported(run.num_accelerators), reported(run.accelerator_hours)
    peak = catalog.accelerator(run.accelerator).fp16_bf16_flop_per_second
    amount = training_flop(run.parameters, run.tokens) / PFLOP_DAY
    speed = f"{number * peak / 1e15:,.0f} PFLOP/s, because FLOP-seconds are floating-point operations per second."
    time = f"{hours / number / 24:.1f} days, because a training that takes longer is more work."
    right = f"{amount:,.0f} PFLOP-days, because a rate times a time is a count."
    spent = f"{hours:,.0f} accelerator-hours, because an hour is the same on every accelerator."
    every = "Any of them, because they are one amount in different units."
    return Choice(
        given={
            "model": named(run),
            "accelerators": Fact(number, f"of the kind {run.accelerator}"),
            "peak": Fact(peak, "FLOP/s each, dense 16-bit arithmetic, as advertised"),
            "accelerator_hours": Fact(hours, "hours, all accelerators together, as reported"),
        },
        order=(speed, right, time, spent, every),
        answer=right,
        note="It stays true on any hardware. A rate becomes an amount by a time, hours by a rate.",
        wrong=(
            Wrong(speed, "That is a rate: how fast, not how much. A FLOP-second is a rate times a second."),
            Wrong(time, "That is a time. Twice the accelerators need half of it for the same work."),
            Wrong(
                spent, "An hour has 3,600 seconds everywhere, but not the same FLOP: which model is it, how well used?"
            ),
            Wrong(every, "Write the unit of each. One is a count, one a rate, and two are times."),
        ),
    )


@question("2.4", "From advertised to achieved", slides="S3", badge=Badge(difficulty=1, importance=3, minutes=4))
def achieved_rate(pick: Pick) -> Number:
    """The achieved rate of a whole machine, from the datasheet's figure and the published utilisation."""
    run = catalog.training_run(pick("Llama 3.1 405B", "PaLM 540B", "Gopher 280B"))
    chip = catalog.accelerator(run.accelerator)
    number, utilisation = reported(run.num_accelerators), reported(run.reported_mfu)
    rate = number * chip.fp16_bf16_flop_per_second * utilisation / 1e15
    return Number(
        given={
            "model": named(run),
            "accelerators": Fact(number, f"of the kind {chip.name}"),
            "peak": Fact(chip.fp16_bf16_flop_per_second, "FLOP/s each, dense 16-bit arithmetic, as advertised"),
            "utilisation": Fact(utilisation, "of the peak was achieved, as published"),
        },
        answer=rate,
        unit="PFLOP/s",
        tolerance=0.01,
        also={"FLOP/s": 1e15, "TFLOP/s": 1e3, "EFLOP/s": 1e-3},
        note=f"A day gives as many PFLOP-days. The datasheet promises {1 / utilisation:.1f} times that.",
        wrong=(
            Wrong(rate / utilisation, "That is the advertised rate. What does the training get of it?"),
            Wrong(rate / utilisation**2, "That is more than the datasheet promises: the utilisation is upside down."),
            Wrong(rate / number, "That is one accelerator. The question asks for all of them together."),
            Wrong(rate / number / utilisation, "That is the peak of one accelerator, in PFLOP/s."),
            Wrong(2 * rate, "Twice too large: training is dense, and the peak with sparsity does not apply."),
            Wrong(rate / 2, "Half of it: the peak already counts a multiply-accumulate as two FLOP."),
            Wrong(
                rate * SECONDS_PER_DAY, "That is the work of a day, in PFLOP: an amount. The question asks for a rate."
            ),
        ),
    )


@question("2.5", "A peak with sparsity", slides="S3", badge=Badge(difficulty=2, importance=2, minutes=4))
def peak_with_sparsity(pick: Pick) -> Number:
    """The utilisation of dense training, where the datasheet's large figure is for sparse arithmetic."""
    run = catalog.training_run(pick("Llama 3.1 405B", "Llama 2 70B", "BLOOM 176B", "Falcon 180B"))
    chip = catalog.accelerator(run.accelerator)
    dense, fp32 = chip.fp16_bf16_flop_per_second, reported(chip.fp32_flop_per_second)
    flop = training_flop(run.parameters, run.tokens)
    achieved = float(f"{flop / (reported(run.accelerator_hours) * 3600):.3g}")
    share = achieved / dense
    return Number(
        given={
            "model": named(run),
            "achieved_rate": Fact(achieved, "FLOP/s of one accelerator, by 6PD and the reported hours"),
            "printed": Fact(2 * dense / 1e12, f"TFLOP/s in 16-bit arithmetic, with sparsity: datasheet of {chip.name}"),
        },
        answer=share,
        unit="",
        tolerance=0.02,
        also={"per cent": 100},
        note="A figure with sparsity makes an honest run look half as good as it was.",
        wrong=(
            Wrong(share / 2, "That is the share of the sparse peak. Training multiplies dense matrices."),
            Wrong(share / 4, "The figure was doubled. Is the dense rate above the sparse one, or below?"),
            Wrong(share * 2, "The figure was halved once too often."),
            Wrong(achieved / fp32, "That is the share of the fp32 peak. This training multiplies 16-bit numbers."),
            Wrong(share * 1e12, "FLOP/s were divided by TFLOP/s: bring both to one prefix. A share is below 1."),
            Wrong(share / 2 * 1e12, "Two things: FLOP/s were divided by TFLOP/s, and the peak is the sparse one."),
            Wrong(
                share / 4 * 1e24, "The prefix multiplies where it should divide: put the whole dense peak in brackets."
            ),
            Wrong(share / 1000, "The prefix T was read as P, a thousand times as much."),
            Wrong(1 / share, "That is upside down: the achieved rate is below the peak."),
        ),
    )


def bill_of(flop: float, peak: float, utilisation: float, dollars_per_hour: float) -> float:
    """Return what a cost in FLOP is in dollars, on one kind of GPU that is rented by the hour."""
    return float(gpu_hours(flop, peak * utilisation)) * dollars_per_hour


@question("2.6", "From a cost to a bill", slides="S3", badge=Badge(difficulty=2, importance=3, minutes=5))
def write_bill(pick: Pick) -> Function:
    """Write C / (utilisation x peak x 3600) x the price of an hour."""
    return Function(
        name="bill",
        reference=bill_of,
        cases=((3.14e23, 312e12, 0.4, 2.0), (PFLOP_DAY, 1e15, 1.0, 1.5), (0, 989.5e12, 0.35, 3.0)),
        generate=lambda rng: (
            float(rng.uniform(1e20, 1e26)),
            float(rng.uniform(6e13, 1.4e15)),
            float(rng.uniform(0.1, 0.6)),
            float(rng.uniform(0.5, 8)),
        ),
        note="How many GPUs does not come in: twice as many take half as long, for the same money.",
        wrong=(
            Wrong(
                lambda C, peak, u, price: C / (peak * 3600) * price,
                "That is a GPU at its advertised rate: use `utilisation`.",
            ),
            Wrong(
                lambda C, peak, u, price: C * u / (peak * 3600) * price,
                "The utilisation is upside down: a lower one must cost more.",
            ),
            Wrong(
                lambda C, peak, u, price: C / (peak * u * 3600),
                "Those are the GPU-hours. What is paid for so many of them?",
            ),
            Wrong(
                lambda C, peak, u, price: C / (peak * u * 3600) / price,
                "The price is on the wrong side: dearer hours must cost more.",
            ),
            Wrong(
                lambda C, peak, u, price: C / (peak * u) * price,
                "FLOP divided by FLOP/s are seconds, and the price is for an hour.",
            ),
            Wrong(
                lambda C, peak, u, price: C / (peak * u * 60) * price,
                "An hour was taken to have 60 seconds; those are its minutes.",
            ),
            Wrong(
                lambda C, peak, u, price: C / (peak * u * SECONDS_PER_DAY) * price,
                "Those are GPU-days, and the price is for an hour.",
            ),
            Wrong(
                lambda C, peak, u, price: C / (2 * peak * u * 3600) * price,
                "The peak was doubled, as if training were sparse.",
            ),
            Wrong(
                lambda C, peak, u, price: 2 * C / (peak * u * 3600) * price,
                "The cost was doubled: it is in FLOP already, not in multiply-accumulates.",
            ),
            Wrong(
                lambda C, peak, u, price: C / peak * u * 3600 * price,
                "Only the peak was divided by. Put all that divides in brackets.",
            ),
            Wrong(
                lambda C, peak, u, price: C * 3600 / (peak * u) * price,
                "Seconds become hours by a division, not by a product.",
            ),
        ),
    )


@question("2.7", "One training, two accelerators", slides="S3", badge=Badge(difficulty=2, importance=3, minutes=5))
def another_accelerator(pick: Pick) -> Number:
    """The reported hours of one run, turned into the hours of another accelerator."""
    name, other = pick(
        ("Llama 2 70B", "H100 SXM"), ("BLOOM 176B", "H100 SXM"), ("Gopher 280B", "A100 80GB"), ("PaLM 540B", "H100 SXM")
    )
    run = catalog.training_run(name)
    hours = reported(run.accelerator_hours)
    old = catalog.accelerator(run.accelerator).fp16_bf16_flop_per_second
    new = catalog.accelerator(other).fp16_bf16_flop_per_second
    old_share, new_share = round(training_flop(run.parameters, run.tokens) / (hours * 3600 * old), 2), 0.35
    flop = flop_from_gpu_hours(hours, old * old_share)
    answer = gpu_hours(flop, new * new_share)
    return Number(
        given={
            "model": named(run),
            "old_hours": Fact(hours, f"{run.accelerator}-hours, as reported"),
            "old_peak": Fact(old, f"FLOP/s, dense 16-bit arithmetic, {run.accelerator}"),
            "old_utilisation": Fact(old_share, "of the old peak, by 6PD and the reported hours"),
            "new_peak": Fact(new, f"FLOP/s, dense 16-bit arithmetic, {other}"),
            "new_utilisation": Fact(new_share, "of the new peak, as assumed here"),
        },
        answer=answer,
        unit=f"{other}-hours",
        tolerance=0.01,
        also={"days": 1 / 24, "seconds": 3600},
        note="The FLOP in the middle belong to no hardware; the hours at both ends do.",
        wrong=(
            Wrong(hours, "Those are the old hours. Another accelerator does other work in an hour."),
            Wrong(hours * old / new, "Only the peaks were compared. Each accelerator is used to another degree."),
            Wrong(answer * new_share, "The new accelerator was taken at its advertised rate."),
            Wrong(answer / old_share, "The old accelerator was taken at its advertised rate."),
            Wrong(hours**2 / answer, "That is upside down: does the faster accelerator need more hours, or fewer?"),
            Wrong(
                hours * (old / new) * (new_share / old_share),
                "The peaks are the right way round, the utilisations are not: a lower one must give more hours.",
            ),
            Wrong(
                hours * (new / old) * (old_share / new_share),
                "The utilisations are the right way round, the peaks are not: a higher one must give fewer hours.",
            ),
            Wrong(
                answer * new_share**2,
                "The new utilisation multiplies where it should divide: put the new achieved rate in brackets.",
            ),
            Wrong(answer / 3600, "The new time was turned into hours, and the old one not into seconds."),
            Wrong(answer / 2, "Half of it: is that the new accelerator's peak with sparsity?"),
            Wrong(flop, "That is the cost in FLOP, half of the way. How long does the new one take for it?"),
        ),
    )


@question(
    "2.8", "Find the error", slides="S3", badge=Badge(difficulty=2, importance=3, minutes=5), kind="find the error"
)
def find_the_error(pick: Pick) -> Choice:
    """A hardware utilisation that is taken for the model's: work done twice is counted twice."""
    name, number, share = pick(
        ("Llama 2 7B", 32, 0.52), ("Llama 2 13B", 64, 0.49), ("GPT-3 175B", 512, 0.47), ("BLOOM 176B", 384, 0.5)
    )
    model, chip = catalog.model(name), catalog.accelerator("A100 80GB")
    dense = chip.fp16_bf16_flop_per_second
    done = training_flop(model.parameters, 1) + forward_flop(model.parameters, 1)
    tokens = float(f"{share * number * dense / done:.3g}")
    rate = done * tokens / number
    work = f"operations for one token, the forward pass twice = (2 + 2 + 4) x {model.parameters:.4g} = {done:.3g} FLOP"
    achieved = f"rate of one GPU = {done:.3g} FLOP x {tokens:,.0f} tokens/s / {number} = {rate:.3g} FLOP/s"
    peak = f"peak of one GPU, dense, in bf16 with tensor cores = {dense / 1e12:g} TFLOP/s"
    utilisation = f"MFU = rate / peak = {rate / dense:.2f}, higher than without the second forward pass"
    nothing = "Every line is right."
    return Choice(
        given={
            "model": Fact(name, "an imagined training in bf16, which computes each forward pass twice to save memory"),
            "parameters": counted(model.parameters),
            "accelerators": Fact(number, f"of the kind {chip.name}"),
            "tokens_per_second": Fact(tokens, "all accelerators together"),
        },
        order=(work, achieved, peak, utilisation, nothing),
        answer=utilisation,
        note=f"That share is the HFU. The model needs 6 of these 8 FLOP: its MFU is {rate / dense * 6 / 8:.2f}.",
        wrong=(
            Wrong(work, "That line holds: two FLOP a parameter forward, two for forward again, four backward."),
            Wrong(achieved, "That line holds: so much does each GPU really do in a second, useful or not."),
            Wrong(peak, "That line holds: products of bf16 matrices run on tensor cores, and training is dense."),
            Wrong(nothing, "Recomputation gives the model no operation that it lacked. Which line says it does?"),
        ),
    )


@question(
    "2.9",
    "The hours of a published run",
    slides="S1 S3",
    badge=Badge(difficulty=2, importance=3, minutes=5),
    kind="estimate",
)
def hours_of_a_run(pick: Pick) -> Number:
    """The accelerator-hours of a run at 40 %, to hold against those that were reported."""
    run = catalog.training_run(pick("Llama 2 13B", "LLaMA 33B", "Pythia 12B", "Falcon 180B", "PaLM 540B"))
    chip = catalog.accelerator(run.accelerator)
    really, utilisation = reported(run.accelerator_hours), 0.40
    hours = gpu_hours(training_flop(run.parameters, run.tokens), chip.fp16_bf16_flop_per_second * utilisation)
    return Number(
        given={
            "model": named(run),
            "parameters": counted(run.parameters),
            "tokens": counted(run.tokens),
            "peak": Fact(chip.fp16_bf16_flop_per_second, f"FLOP/s, dense 16-bit arithmetic, {chip.name}"),
            "utilisation": Fact(utilisation, "of the peak, as assumed here"),
        },
        answer=hours,
        unit=f"{chip.name}-hours",
        tolerance=0.01,
        also={"days": 1 / 24, "minutes": 60, "seconds": 3600},
        note=f"Reported: {really:,.0f}. Your estimate is {hours / really:.2f} times that, "
        f"so the run reached {utilisation * hours / really:.0%} of its peak.",
        wrong=(
            Wrong(hours * utilisation, "That takes the advertised rate for the achieved one: utilisation is missing."),
            Wrong(
                hours * utilisation**2,
                "The utilisation is upside down, or the brackets around the achieved rate are missing: a lower one "
                "must give more hours.",
            ),
            Wrong(hours / 3, "That is the forward pass alone. Training also runs backward."),
            Wrong(hours / 2, "Half of it: was each multiply-accumulate counted once, or the peak doubled by sparsity?"),
            Wrong(hours * 2 / 3, "The backward pass costs twice the forward pass, not the same."),
            Wrong(hours * 20 * run.parameters / run.tokens, "Those are the tokens of D = 20P; this run has its own."),
        ),
    )
