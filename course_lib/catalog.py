"""Published facts, each with its source: accelerators, models and training runs.

The tables are `course_lib/data/*.csv`. They are read on the first call, once, and come back as read-only
mappings from name to a frozen dataclass, in the order of the file, in bytes, FLOP/s, tokens and hours; prices have no
name and come back as a tuple, in US dollars an hour.

What the seven lessons choose from is the lecture's: `accelerators()`, `models()` and `training_runs()`. What came after
it has its rows in the same tables, and is in `all_accelerators()`, `all_models()` and `all_training_runs()` too. By
name, `accelerator`, `model` and `training_run` find every row.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Protocol, TypeVar

from course_lib._arguments import one_of

KINDS = ("GPU", "TPU")
"""The kinds of accelerator in the catalog."""

EVIDENCE = ("primary", "model card", "secondary")
"""How good a source is: the vendor's or authors' own paper, page or code, a model's card, or what others say."""

PRECISIONS = ("fp16", "bf16", "fp8", "fp4", "")
"""The precisions of a training run's products; the last one stands for what the source does not say."""

HOURS = ("run", "steps", "rate", "plan", "")
"""What a training run's hours are: all of its run's, with restarts and waiting, as reported or accelerators x days; its
steps x the seconds of a step, without them; printed hours for 1e12 tokens x the tokens, of which nobody says what else
they hold; what was planned or is to be expected; the last one is for no hours."""

PEAKS = ("bf16", "fp8", "fp4")
"""The precisions in which an accelerator's dense peak is known; "bf16" stands for fp16 too."""


@dataclass(frozen=True)
class Accelerator:
    """One GPU, or one TPU chip: its memory, and its advertised dense rates.

    Units: bytes, bytes/s, FLOP/s, integer operations/s. `None` means that the source prints no figure. In
    `memory_bytes` a printed GB is 1e9 bytes. `reported_bytes` is what the device itself reports, by `reported_source`;
    it is not the printed figure: an "80 GB" A100 reports 81,920 MiB, 85.9e9 bytes. Plan with `usable_bytes`.
    `kind` is one of `KINDS`; `fp16` and `bf16` tell which of the two the 16-bit rate holds for.

    Every peak is dense. `sparse_flop_per_second` is what the vendor prints for 16 bits with sparsity, which nobody's
    training reaches, and `sparse_fp4_flop_per_second` for fp4, where it need not be twice the dense rate;
    `flop_per_clock` x `clock_hz` is what the units of the chip can do (by the vendor's whitepaper or
    a copy; of the TPU v5e by jax-ml/scaling-book), and `measured_flop_per_second` the best bf16 product that somebody
    measured (stas00/ml-engineering, compute/accelerator, of August 2026; of the TPU v5p the training that
    AI-Hypercomputer/maxtext lists): a peak is held against all three. `peaks_remark` says why fp8 is not twice bf16, or
    fp4 not twice fp8, where it is so. `power_watts` is the most that the accelerator may take, and of the TPU v3 and v4
    the most that was measured; `source` says where none is printed. `fp16_without_tensor_cores_flop_per_second` is what
    the vendor's whitepaper prints beside the tensor cores' rate, where it does. `announced` is a year, `checked` the
    month in which the peaks were last compared with their source or a copy of it. `source` says which figures were seen
    in copies only. The grade of the source is `evidence`, one of `EVIDENCE`.
    """

    name: str
    kind: str
    memory_bytes: int
    reported_bytes: int | None
    reported_source: str
    memory_bandwidth_bytes_per_second: float
    fp32_flop_per_second: float | None
    fp16_bf16_flop_per_second: float
    fp16: bool
    bf16: bool
    int8_op_per_second: float | None
    note: str
    source: str
    since_the_lecture: bool
    fp8_flop_per_second: float | None
    fp4_flop_per_second: float | None
    sparse_flop_per_second: float | None
    flop_per_clock: int | None
    clock_hz: float | None
    measured_flop_per_second: float | None
    power_watts: float | None
    announced: int
    checked: str
    evidence: str
    peaks_remark: str
    fp16_without_tensor_cores_flop_per_second: float | None
    sparse_fp4_flop_per_second: float | None

    def peak(self, precision: str) -> float:
        """Return the dense peak in one of the `PEAKS`, in FLOP/s.

        Errors: `ValueError` for an unknown precision, or one that the accelerator has no rate for.

        >>> accelerator("B200").peak("fp8")
        4500000000000000.0
        """
        one_of("precision", precision, PEAKS)
        rates = (self.fp16_bf16_flop_per_second, self.fp8_flop_per_second, self.fp4_flop_per_second)
        rate = dict(zip(PEAKS, rates, strict=True))[precision]
        if rate is None:
            had = ", ".join(repr(name) for name, value in zip(PEAKS, rates, strict=True) if value is not None)
            raise ValueError(f"precision must be one that the {self.name} has a peak for, {had}; got {precision!r}")
        return rate

    @property
    def usable_bytes(self) -> int:
        """The memory to plan with, in bytes: what the device reports (`reported_source`), else the printed figure."""
        return self.memory_bytes if self.reported_bytes is None else self.reported_bytes


class Published:
    """What is published in a paper: a row with a citation, and a remark that may give an answer away."""

    citation: str
    remark: str

    @property
    def reference(self) -> str:
        """Where it is published, fit for a question."""
        return self.citation

    @property
    def source(self) -> str:
        """Where it is published, with all that is said of it."""
        return f"{self.reference} ({self.remark})" if self.remark else self.reference


@dataclass(frozen=True)
class Model(Published):
    """One released decoder model: its shape and its parameter count.

    Units: counts; `context` is the sequence length of the pre-training, in tokens. The other fields are
    options of `compute_cost.TransformerShape`; in a mixture without dense layers `mlp_hidden` is an expert's width.
    `parameters` are all of them, by the shape where that is known to the unit; `printed_parameters` and
    `printed_active` are what the source prints, and `active_meaning` says which of the `compute_cost.ACTIVE_TOTALS`
    the second one is. `note` says what to mind when you use the row; `remark` is what else the source says of its
    figures, which may give an answer away.
    """

    name: str
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    mlp_hidden: int
    mlp_matrices: int
    vocab: int
    context: int
    tied_embeddings: bool
    learned_positions: bool
    biases: bool
    qkv_biases: bool
    qk_norm: bool
    post_norms: bool
    parameters: int
    note: str
    citation: str
    remark: str
    since_the_lecture: bool
    norm_biases: bool
    wide_qk_norm: bool
    attention_sinks: bool
    routed_experts: int | None
    active_experts: int | None
    shared_experts: int
    expert_hidden: int | None
    dense_layers: int
    router_biases: bool
    kv_rank: int | None
    rope_dim: int | None
    query_rank: int | None
    printed_parameters: int | None
    printed_active: int | None
    active_meaning: str

    @property
    def is_mixture(self) -> bool:
        """Whether it is a mixture of experts, of which only some parameters work on a token."""
        return self.routed_experts is not None

    @property
    def reference(self) -> str:
        """The citation, with what to mind."""
        return f"{self.citation}; {self.note}" if self.note else self.citation


@dataclass(frozen=True)
class TrainingRun(Published):
    """One published training run: what was trained, on how much, on what, for how long.

    Units: counts, accelerator-hours, FLOP, and fractions for `reported_mfu` and `reported_hfu`, which counts
    recomputed work too. `None` means not reported; of tokens and hours at least one is. `parameters` are those that
    work on a token, the P of 6PD; of a mixture of experts they are fewer than `total_parameters`, all that the memory
    holds. `accelerator` is a name in `all_accelerators()`, or two kinds joined by a slash, and empty where none is
    reported; `note` says what to mind when you use the row; `remark` is what else the source says of its figures,
    which may give an answer away, and which of tokens, hours and accelerators it leaves out; `hours_remark` says why
    6PD at 40 % is more than a factor of 1.25 off the hours, where it is and is one of the lecture's. `precision` is
    that of the products, empty where the source does not say; a utilisation is of the bf16 peak also where it is "fp8"
    or "fp4". `evidence`, one of `EVIDENCE`, is the grade of the source of the hours or, without hours, of the row.
    `utilisation_remark` says why the hours imply less than 15 % or more than 65 % of the peak, where they do.
    `distilled` is a model that learnt from a teacher's outputs, so that 6PD is not all of its work. `hours_from`, one
    of `HOURS`, says what the hours are. `full_rate_utilisation` is that of steps at full rate by 6P FLOP a token,
    without attention's products: printed, or from a printed speed, or from a `reported_mfu` that counts them; `remark`
    says which. `hybrid` is a model with state spaces, such as Mamba-2, in place of most of its attention.
    """

    name: str
    parameters: int
    total_parameters: int
    reported_tokens: int | None
    accelerator: str
    num_accelerators: int | None
    accelerator_hours: float | None
    reported_flop: float | None
    reported_mfu: float | None
    reported_hfu: float | None
    note: str
    citation: str
    remark: str
    hours_remark: str
    since_the_lecture: bool
    precision: str
    evidence: str
    utilisation_remark: str
    distilled: bool
    hours_from: str
    full_rate_utilisation: float | None
    hybrid: bool

    @property
    def tokens(self) -> int:
        """The tokens that it trained on, repeated ones too: the D of 6PD.

        Errors: `ValueError` where they are not reported; `reported_tokens` is None there.

        >>> training_run("LLaMA 65B").tokens
        1400000000000
        """
        if self.reported_tokens is None:
            raise ValueError(f"{self.name}: its source does not say on how many tokens it trained")
        return self.reported_tokens

    @property
    def is_mixture(self) -> bool:
        """Whether it is a mixture of experts, of which only some parameters work on a token."""
        return self.parameters < self.total_parameters


@dataclass(frozen=True)
class Price:
    """What one provider asks for an hour of one accelerator, on demand, in US dollars, on one day.

    `date` is the day on which the list was read, as YYYY-MM-DD; `note` says whose machine it is, or of what the price
    is a part. `listed_in` names where the list was copied: prices are secondary evidence, and age in weeks.
    """

    accelerator: str
    provider: str
    dollars_per_hour: float
    date: str
    note: str
    listed_in: str


@cache
def accelerators() -> Mapping[str, Accelerator]:
    """Return the lecture's accelerators by name, in the order of the file: those that the seven lessons choose from.

    Source: S3 and S5; each row names its own.

    >>> accelerators()["A100 80GB"].fp16_bf16_flop_per_second
    312000000000000.0
    """
    return _of_the_lecture(all_accelerators())


@cache
def all_accelerators() -> Mapping[str, Accelerator]:
    """Return all accelerators by name, those since the lecture too, in the order of the file.

    Source: each row names its own.

    >>> all_accelerators()["GB200"].fp4_flop_per_second
    1e+16
    """
    return MappingProxyType(
        {
            row["accelerator"]: Accelerator(
                name=row["accelerator"],
                kind=_word(row, "kind", KINDS),
                memory_bytes=_count(row["memory_GB"] + "e9"),
                reported_bytes=int(row["reported_MiB"]) * 2**20 if row["reported_MiB"] else None,
                reported_source=row["reported_source"],
                memory_bandwidth_bytes_per_second=_scaled(row["memory_bandwidth_GB_per_s"], 9),
                fp32_flop_per_second=_optional(row["fp32_TFLOP_per_s"], 12),
                fp16_bf16_flop_per_second=_scaled(row["fp16_bf16_TFLOP_per_s"], 12),
                fp16=_yes(row, "fp16"),
                bf16=_yes(row, "bf16"),
                int8_op_per_second=_optional(row["int8_TOP_per_s"], 12),
                note=row["note"],
                source=row["source"],
                since_the_lecture=_yes(row, "since_the_lecture"),
                fp8_flop_per_second=_optional(row["fp8_TFLOP_per_s"], 12),
                fp4_flop_per_second=_optional(row["fp4_TFLOP_per_s"], 12),
                sparse_flop_per_second=_optional(row["sparse_TFLOP_per_s"], 12),
                flop_per_clock=_optional_count(row["flop_per_clock"]),
                clock_hz=_optional(row["clock_MHz"], 6),
                measured_flop_per_second=_optional(row["measured_TFLOP_per_s"], 12),
                power_watts=_optional(row["power_W"]),
                announced=int(row["announced"]),
                checked=row["checked"],
                evidence=_word(row, "evidence", EVIDENCE),
                peaks_remark=row["peaks_remark"],
                fp16_without_tensor_cores_flop_per_second=_optional(row["fp16_without_tensor_cores_TFLOP_per_s"], 12),
                sparse_fp4_flop_per_second=_optional(row["sparse_fp4_TFLOP_per_s"], 12),
            )
            for row in _rows("accelerators.csv")
        }
    )


@cache
def models() -> Mapping[str, Model]:
    """Return the lecture's models by name, in the order of the file: those that the seven lessons choose from.

    Source: S1 and S11; each row names its own.

    >>> models()["GPT-2 124M"].parameters
    124439808
    """
    return _of_the_lecture(all_models())


@cache
def all_models() -> Mapping[str, Model]:
    """Return all models by name, those since the lecture too, in the order of the file.

    Source: each row names its own.

    >>> all_models()["gpt-oss-20b"].active_experts
    4
    """
    return MappingProxyType(
        {
            row["model"]: Model(
                name=row["model"],
                layers=int(row["layers"]),
                hidden=int(row["hidden"]),
                heads=int(row["heads"]),
                kv_heads=int(row["kv_heads"]),
                head_dim=int(row["head_dim"]),
                mlp_hidden=int(row["mlp_hidden"]),
                mlp_matrices=int(row["mlp_matrices"]),
                vocab=int(row["vocab"]),
                context=int(row["context"]),
                tied_embeddings=_yes(row, "tied_embeddings"),
                learned_positions=_yes(row, "learned_positions"),
                biases=_yes(row, "biases"),
                qkv_biases=_yes(row, "qkv_biases"),
                qk_norm=_yes(row, "qk_norm"),
                post_norms=_yes(row, "post_norms"),
                parameters=_count(row["parameters"]),
                note=row["note"],
                citation=row["citation"],
                remark=row["remark"],
                since_the_lecture=_yes(row, "since_the_lecture"),
                norm_biases=_yes(row, "norm_biases"),
                wide_qk_norm=_yes(row, "wide_qk_norm"),
                attention_sinks=_yes(row, "attention_sinks"),
                routed_experts=_optional_count(row["routed_experts"]),
                active_experts=_optional_count(row["active_experts"]),
                shared_experts=_optional_count(row["shared_experts"]) or 0,
                expert_hidden=_optional_count(row["expert_hidden"]),
                dense_layers=_optional_count(row["dense_layers"]) or 0,
                router_biases=_yes(row, "router_biases"),
                kv_rank=_optional_count(row["kv_rank"]),
                rope_dim=_optional_count(row["rope_dim"]),
                query_rank=_optional_count(row["query_rank"]),
                printed_parameters=_optional_count(row["printed_parameters"]),
                printed_active=_optional_count(row["printed_active"]),
                active_meaning=row["active_meaning"],
            )
            for row in _rows("models.csv")
        }
    )


@cache
def training_runs() -> Mapping[str, TrainingRun]:
    """Return the lecture's training runs by the model's name: those that the seven lessons choose from.

    Source: S1 and S3; each row names its own.

    >>> training_runs()["LLaMA 65B"].accelerator_hours
    1022362.0
    """
    return _of_the_lecture(all_training_runs())


@cache
def all_training_runs() -> Mapping[str, TrainingRun]:
    """Return all training runs by the model's name, those since the lecture too, in the order of the file.

    Source: each row names its own.

    >>> all_training_runs()["Llama 4 Scout"].accelerator_hours
    5000000.0
    """
    return MappingProxyType(
        {
            row["model"]: TrainingRun(
                name=row["model"],
                parameters=_count(row["parameters"]),
                total_parameters=_count(row["total_parameters"] or row["parameters"]),
                reported_tokens=_optional_count(row["tokens"]),
                accelerator=row["accelerator"],
                num_accelerators=_optional_count(row["num_accelerators"]),
                accelerator_hours=_optional(row["accelerator_hours"]),
                reported_flop=_optional(row["reported_flop"]),
                reported_mfu=_optional(row["reported_mfu"]),
                reported_hfu=_optional(row["reported_hfu"]),
                note=row["note"],
                citation=row["citation"],
                remark=row["remark"],
                hours_remark=row["hours_remark"],
                since_the_lecture=_yes(row, "since_the_lecture"),
                precision=_word(row, "precision", PRECISIONS),
                evidence=_word(row, "evidence", EVIDENCE),
                utilisation_remark=row["utilisation_remark"],
                distilled=_yes(row, "distilled"),
                hours_from=_word(row, "hours_from", HOURS),
                full_rate_utilisation=_optional(row["full_rate_utilisation"]),
                hybrid=_yes(row, "hybrid"),
            )
            for row in _rows("training_runs.csv")
        }
    )


@cache
def all_prices() -> tuple[Price, ...]:
    """Return the prices of the catalog, in the order of the file: one a provider and kind of service.

    Source: each row names where its list was copied, and the day.

    >>> len({price.accelerator for price in all_prices()})
    8
    """
    return tuple(
        Price(
            accelerator=row["accelerator"],
            provider=row["provider"],
            dollars_per_hour=_scaled(row["dollars_per_hour"]),
            date=row["date"],
            note=row["note"],
            listed_in=row["listed_in"],
        )
        for row in _rows("prices.csv")
    )


def prices(accelerator: str) -> tuple[Price, ...]:
    """Return the prices of one accelerator, the lowest first; none where the catalog has no list.

    Errors: `ValueError` for an unknown accelerator. Source: as `all_prices`.

    >>> [(price.provider, price.dollars_per_hour) for price in prices("A100 40GB")]
    [('Lambda', 1.99), ('AWS', 2.7447), ('Azure', 3.3996)]
    """
    one_of("accelerator", accelerator, all_accelerators())
    found = (price for price in all_prices() if price.accelerator == accelerator)
    return tuple(sorted(found, key=lambda price: price.dollars_per_hour))


def accelerator(name: str) -> Accelerator:
    """Return the accelerator called `name`.

    Errors: `ValueError` for an unknown name, with the closest ones. Source: S3.

    >>> accelerator("H100 SXM").memory_bytes, accelerator("H100 SXM").usable_bytes
    (80000000000, 85520809984)
    """
    return all_accelerators()[one_of("accelerator", name, all_accelerators())]


def model(name: str) -> Model:
    """Return the model called `name`.

    Errors: `ValueError` for an unknown name, with the closest ones. Source: S11.

    >>> model("Llama 3.1 8B").kv_heads
    8
    """
    return all_models()[one_of("model", name, all_models())]


def training_run(name: str) -> TrainingRun:
    """Return the training run of the model called `name`.

    Errors: `ValueError` for an unknown name, with the closest ones. Source: S1.

    >>> training_run("GPT-3 175B").reported_flop
    3.14e+23
    """
    return all_training_runs()[one_of("training run", name, all_training_runs())]


def _rows(filename: str) -> list[dict[str, str]]:
    from importlib.resources import files  # here, because it costs more to import than the rest of this module

    text = (files("course_lib") / "data" / filename).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _word(row: dict[str, str], column: str, accepted: Iterable[str]) -> str:
    """Return one of the accepted words, or raise `ValueError` that names the column and the row."""
    name = next(iter(row.values()))
    return one_of(f"{column} of {name}", row[column], accepted)


def _yes(row: dict[str, str], column: str) -> bool:
    return _word(row, column, ("yes", "no")) == "yes"


def _scaled(text: str, exponent: int = 0) -> float:
    return float(f"{text}e{exponent}") if exponent else float(text)


def _optional(text: str, exponent: int = 0) -> float | None:
    return _scaled(text, exponent) if text else None


def _count(text: str) -> int:
    return round(float(text))


def _optional_count(text: str) -> int | None:
    return _count(text) if text else None


class _Dated(Protocol):
    @property
    def since_the_lecture(self) -> bool: ...


_Row = TypeVar("_Row", bound=_Dated)


def _of_the_lecture(table: Mapping[str, _Row]) -> Mapping[str, _Row]:
    return MappingProxyType({name: row for name, row in table.items() if not row.since_the_lecture})
