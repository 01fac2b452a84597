"""How fast the library is, as ratios to references measured in the same run, with the target of each in brackets.

    python benchmarks/bench_library.py

Each ratio is the median over interleaved repeats, so that a busy moment of the machine touches both of its sides.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from statistics import median

import gfloat
import numpy as np
from gfloat.formats import format_info_bfloat16, format_info_binary16

from course_lib.block_formats import FORMATS as BLOCK_FORMATS
from course_lib.block_formats import encode as encode_blocks
from course_lib.number_formats import BF16, FP16, decode
from course_lib.quantization import absmax_quantize, zeropoint_quantize
from course_lib.questions import TOPICS

MODULES = (*TOPICS, "catalog")


def interleaved(repeats: int, **contestants: Callable[[], object]) -> dict[str, list[float]]:
    """Return the seconds of each contestant, every repeat running all of them once (after one warm-up)."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for repeat in range(repeats + 1):
        for name, contestant in contestants.items():
            start = time.perf_counter()
            contestant()
            if repeat:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def ratio(seconds: dict[str, list[float]], name: str, reference: str) -> float:
    return median(ours / theirs for ours, theirs in zip(seconds[name], seconds[reference], strict=True))


def line(what: str, ratio: float, target: str = "", met: bool = True) -> None:
    print(f"  {what:<58} {ratio:6.2f}  {f'[{target}]' if target else '':<12} {'' if met else 'MISSED'}".rstrip())


def bench_decode() -> None:
    for fmt, info in ((FP16, format_info_binary16), (BF16, format_info_bfloat16)):
        patterns = np.random.default_rng(0).integers(0, 2**16, 2**24, dtype=np.uint16)
        seconds = interleaved(
            5,
            ours=partial(decode, patterns, fmt),
            gfloat=partial(gfloat.decode_ndarray, info, patterns),
            copy=partial(patterns.astype, np.float64),
        )
        quicker = ratio(seconds, "gfloat", "ours")
        print(f"decode 2**24 random {fmt.name} patterns: {median(seconds['ours']) * 1e3:.0f} ms")
        line("times quicker than gfloat.decode_ndarray", quicker, ">= 10", quicker >= 10)
        line("times a copy into float64, the limit", ratio(seconds, "ours", "copy"))


def bench_quantize() -> None:
    x = np.random.default_rng(0).standard_normal((4096, 4096), dtype=np.float32)
    target = np.empty_like(x)
    seconds = interleaved(
        21,
        absmax=lambda: absmax_quantize(x),
        copy=lambda: np.copyto(target, x),
        textbook=lambda: np.round(127 / np.max(np.abs(x)) * x).astype(np.int8),
        by_row=lambda: absmax_quantize(x, axis=0),
        zeropoint=lambda: zeropoint_quantize(x),
    )
    ratios = {name: ratio(seconds, name, "copy") for name in seconds}
    print(f"absmax_quantize a 4096 x 4096 fp32 matrix: {median(seconds['absmax']) * 1e3:.0f} ms; in times numpy.copyto")
    line("absmax_quantize", ratios["absmax"], "<= 4", ratios["absmax"] <= 4)
    line("the textbook expression, not clipped and not checked", ratios["textbook"])
    line("absmax_quantize, a scale a row", ratios["by_row"])
    line("zeropoint_quantize", ratios["zeropoint"])
    print("  The formula stands as on the slide, in float64, and goes block by block through the cache. In float32 it")
    print("  would take about half the time, and be off by one code where a value lies close to the middle of two.")


def bench_blocks() -> None:
    x = np.random.default_rng(0).standard_normal((1024, 1024), dtype=np.float32)
    print("encode 2**20 fp32 numbers in blocks; in times numpy.copyto into float64")
    target = np.empty(x.shape)
    for fmt in BLOCK_FORMATS.values():
        encoded = encode_blocks(x, fmt)
        seconds = interleaved(
            5, encode=partial(encode_blocks, x, fmt), decode=encoded.decode, copy=partial(np.copyto, target, x)
        )
        for name in ("encode", "decode"):
            line(f"{name} {fmt.name}, {median(seconds[name]) * 1e3:.0f} ms", ratio(seconds, name, "copy"))


def import_seconds(module: str) -> float:
    code = f"import time; start = time.perf_counter(); import {module}; print(time.perf_counter() - start)"
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


def bench_import() -> None:
    modules = ["numpy", "course_lib", *(f"course_lib.{name}" for name in MODULES)]
    best = dict.fromkeys(modules, float("inf"))
    for _ in range(9):
        for module in modules:
            best[module] = min(best[module], import_seconds(module))
    print(f"import, times `import numpy` ({best['numpy'] * 1e3:.0f} ms); best of 9 new processes each")
    for module in modules[1:]:
        times = best[module] / best["numpy"]
        line(module, times, "<= 1.3", times <= 1.3)


if __name__ == "__main__":
    bench_decode()
    bench_quantize()
    bench_blocks()
    bench_import()
