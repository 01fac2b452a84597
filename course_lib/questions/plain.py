"""Answers as plain data: how they get from the kernel that ran a student's code to the process that judges them.

Whoever runs in a kernel can make that kernel say anything, so the kernel is asked for answers only: `observe` runs in
it, and `judge` outside of it, where no student's code ever runs. What crosses is JSON, which cannot carry code.
"""

from __future__ import annotations

import builtins
import numbers
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from course_lib._arguments import is_masked, plainly
from course_lib.questions.kinds import Function
from course_lib.questions.limits import Outcome
from course_lib.questions.question import WRONG, Question, Verdict

LONGEST_TEXT = 2_000
MOST_NUMBERS = 20_000
DEEPEST = 8
LARGEST_INTEGER_BITS = 8_000
"""Beyond these an answer is described and not carried; no right answer comes near."""
KINDS = "biufcU"
"""The kinds of numpy's types that are carried as they are: yes or no, numbers, and texts."""


def observe(asks: Any, answer: Any) -> dict[str, Any]:
    """Return an answer as plain data; a function as what it gives on the question's inputs."""
    if isinstance(asks, Function) and callable(answer):
        tried = asks.try_out(answer)
        if isinstance(tried, Verdict):
            return {"refused": tried.message}
        return {"outcomes": [pack_outcome(outcome) for outcome in tried]}
    return {"value": pack(answer)}


def judge(question: Question, observed: Mapping[str, Any]) -> Verdict:
    """Return the verdict on what `observe` saw, with what was expected: who hands in has had their tries."""
    try:
        if "refused" in observed:
            return Verdict(WRONG, str(observed["refused"])[:LONGEST_TEXT], number=question.number)
        if "outcomes" in observed:
            given = [unpack_outcome(one) for one in observed["outcomes"]]
            return replace(question.asks.compare(given), number=question.number).in_full()
        return question.judge(unpack(observed["value"]))
    except Exception as error:  # of any kind: whatever the kernel sent, it is no right answer
        return Verdict(WRONG, f"The answer could not be read: {type(error).__name__}.", number=question.number)


# Values


def pack(value: Any, depth: int = 0) -> Any:
    """Return a value as JSON can hold it; what no question asks for becomes its type's name.

    >>> pack([1, 2.5]), unpack(pack((1, "b", ...)))
    ({'list': [1, 2.5]}, (1, 'b', Ellipsis))
    """
    if value is None or isinstance(value, bool):
        return value
    if value is ...:
        return {"ellipsis": True}
    if is_masked(value):
        return {"masked": True}
    if isinstance(value, np.ndarray):
        return pack_array(value, depth)
    if isinstance(plainly(value), np.generic):
        return pack_scalar(plainly(value))
    if isinstance(value, str):
        return str(value[:LONGEST_TEXT])
    if isinstance(value, int):
        small = value.bit_length() <= LARGEST_INTEGER_BITS
        return int(value) if small else {"huge": "-" if value < 0 else ""}
    if isinstance(value, range) and len(value) <= MOST_NUMBERS:
        return {"list": list(value)}
    if isinstance(value, (numbers.Real, Decimal)):
        return pack_real(value)
    if isinstance(value, numbers.Complex):
        return {"complex": [value.real, value.imag]}
    if callable(value):
        return {"callable": True}
    if depth < DEEPEST and isinstance(value, (list, tuple, Mapping)) and len(value) <= MOST_NUMBERS:
        if isinstance(value, Mapping):
            return {"dict": [[pack(key, depth + 1), pack(one, depth + 1)] for key, one in value.items()]}
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [pack(one, depth + 1) for one in value]}
    return {"object": type(value).__name__[:80]}


def pack_real(value: Any) -> Any:
    """Return a number that is no whole one; a Decimal or a Fraction as its digits, where they are not too many."""
    if isinstance(value, Decimal) and len(value.as_tuple().digits) <= LONGEST_TEXT:
        return {"decimal": str(value)}
    if isinstance(value, Fraction):
        parts = [value.numerator, value.denominator]
        if max(part.bit_length() for part in parts) <= LARGEST_INTEGER_BITS:
            return {"fraction": parts}
    try:
        return float(value)
    except OverflowError:
        return {"huge": "-" if value < 0 else ""}


def pack_scalar(value: np.generic) -> dict[str, Any]:
    """Return a scalar of numpy's as an array of no dimension, or its type's name where no question asks for such."""
    if value.dtype.kind not in KINDS:
        return {"object": type(value).__name__}
    return pack_array(np.asarray(value)) | {"scalar": True}


def pack_array(array: np.ndarray[Any, Any], depth: int = 0) -> dict[str, Any]:
    """Return an array as its type, its shape and its numbers; without them where there are too many."""
    array = np.asarray(plainly(array))
    kind = array.dtype.kind
    about = {"array": array.dtype.str if kind in KINDS else "O", "shape": list(array.shape)}
    if array.size > MOST_NUMBERS or depth > DEEPEST:
        return about
    flat = array.ravel()
    if kind not in KINDS:
        return about | {"numbers": [pack(one, depth + 1) for one in flat]}
    if kind == "c":
        return about | {"numbers": [[float(one.real), float(one.imag)] for one in flat]}
    if kind == "U":
        return about | {"numbers": [str(one)[:LONGEST_TEXT] for one in flat]}
    return about | {"numbers": flat.tolist() if array.dtype.itemsize <= 8 else [float(one) for one in flat]}


def unpack(packed: Any) -> Any:
    """Return the value that was packed, or something that a check calls by the same name."""
    if not isinstance(packed, dict):
        return packed
    if "array" in packed:
        array = unpack_array(packed)
        return array[()] if packed.get("scalar") else array
    if "masked" in packed:
        return np.ma.masked
    if "decimal" in packed:
        return Decimal(packed["decimal"])
    if "fraction" in packed:
        return Fraction(*packed["fraction"])
    if "list" in packed:
        return [unpack(one) for one in packed["list"]]
    if "tuple" in packed:
        return tuple(unpack(one) for one in packed["tuple"])
    if "dict" in packed:
        return {unpack(key): unpack(one) for key, one in packed["dict"]}
    if "complex" in packed:
        return complex(*packed["complex"])
    if "huge" in packed:
        return int(f"{packed['huge']}1{'0' * 400}")
    if "callable" in packed:
        return unpack
    return ... if "ellipsis" in packed else made_up(str(packed.get("object")), object)()


def unpack_array(packed: Mapping[str, Any]) -> np.ndarray[Any, Any]:
    """Return the array that was packed; one of its shape and type where its numbers were not carried."""
    shape, kind = tuple(int(one) for one in packed["shape"]), np.dtype(packed["array"])
    if "numbers" not in packed:
        filler = np.zeros((), dtype=kind)
        if kind.kind == "O":
            filler[()] = made_up("object", object)()  # no number, as a zero would be
        return np.broadcast_to(filler, shape)
    values = packed["numbers"]
    if kind.kind == "O":
        array = np.empty(len(values), dtype=object)
        array[:] = [unpack(one) for one in values]
        return array.reshape(shape)
    return np.array([complex(*one) for one in values] if kind.kind == "c" else values, dtype=kind).reshape(shape)


def made_up(name: str, base: type) -> type[Any]:
    """Return a class of that name, for things whose own class is not known here."""
    return type(name if name.isidentifier() else "object", (base,), {})


# What a function gave


def pack_outcome(outcome: Outcome) -> dict[str, Any]:
    """Return what a function gave, or the error that it raised, as JSON can hold it."""
    if outcome.error is None:
        return {"value": pack(outcome.value), "mutated": outcome.mutated}
    return {"error": type(outcome.error).__name__, "words": words_of(outcome.error), "mutated": outcome.mutated}


def unpack_outcome(packed: Mapping[str, Any]) -> Outcome:
    """Return the outcome that was packed, with an error of the same name."""
    mutated = bool(packed["mutated"])
    if "error" not in packed:
        return Outcome(unpack(packed["value"]), mutated=mutated)
    name = str(packed["error"])
    known = getattr(builtins, name, None)
    error: type[BaseException] = made_up(name, Exception)
    if isinstance(known, type) and issubclass(known, BaseException):
        error = known
    try:
        return Outcome(error=error(str(packed["words"])), mutated=mutated)
    except TypeError:  # a few, such as UnicodeDecodeError, are not made from one text
        return Outcome(error=error.__new__(error), mutated=mutated)


def words_of(error: BaseException) -> str:
    """Return the text that an error was made from, or says; nothing where an error of the student's fails to."""
    try:
        return str(error.args[0] if len(error.args) == 1 else error)[:LONGEST_TEXT]
    except Exception:
        return ""
