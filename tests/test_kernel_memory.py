"""A student's kernel stays small, also where a lesson trains a model: its peak is read from the process itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from classroom.notebooks import execute, read
from nbformat.v4 import new_code_cell

ROOT = Path(__file__).resolve().parent.parent
MOST_MEGABYTES = 200
STATUS = Path("/proc/self/status")
"""Where Linux says, in VmHWM, the most memory that a process has held."""
HURRY = "from course_lib.tiny_transformer import stopwatch; stopwatch.STEPS = 20"
"""Few steps hold as much as many."""


@pytest.mark.skipif(not STATUS.exists(), reason="only Linux says what a process has held at most")
def test_a_kernel_that_ran_lesson_1_with_its_training_held_less_than_200_megabytes() -> None:
    lesson = read(ROOT / "notebooks" / "01_compute_cost.ipynb")[1]
    ask = f"print(open({str(STATUS)!r}).read())"
    lesson.cells = [new_code_cell(HURRY), *lesson.cells, new_code_cell(ask)]
    said = execute(lesson, ROOT / "notebooks").cells[-1].outputs[0].text
    peak = re.search(r"VmHWM:\s+(\d+) kB", said)
    assert peak is not None
    assert 30 < int(peak[1]) / 1000 < MOST_MEGABYTES
