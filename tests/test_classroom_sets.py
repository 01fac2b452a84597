"""A set is found by its number or its name, also by the name that it had before."""

from __future__ import annotations

from pathlib import Path

import pytest
from classroom.sets import FORMER_TOPICS, find_lesson, find_set, names_of

from course_lib import questions

LESSONS = ["00_start_here", "04_memory", "07_plan"]
FORMER = "07_plan_a_training_run"


@pytest.mark.parametrize("wanted", ["04", "4", "memory", "04_memory", "04_memory.ipynb", "exercises/04_memory.ipynb"])
def test_a_set_is_found_by_its_number_its_name_or_its_file(wanted: str) -> None:
    assert find_set(wanted, LESSONS) == "04_memory"


@pytest.mark.parametrize("wanted", ["", "5", "05", "mem", "_", "04_", "4_memory", "Memory", "memory_04", "plan_a"])
def test_what_is_no_set_is_not_found(wanted: str) -> None:
    assert find_set(wanted, LESSONS) is None


@pytest.mark.parametrize("there", ["07_plan", FORMER])
@pytest.mark.parametrize("wanted", ["07", "7", "plan", "07_plan", "plan_a_training_run", FORMER])
def test_a_renamed_set_is_found_by_each_of_its_names_whichever_it_bears(wanted: str, there: str) -> None:
    assert find_set(wanted, ["06_quantization", there]) == there


def test_where_both_names_are_there_each_means_itself_and_the_number_neither() -> None:
    both = ["07_plan", FORMER]
    assert [find_set(name, both) for name in both] == both
    assert find_set("07", both) is None


def test_a_set_has_its_present_name_first() -> None:
    assert names_of("07_plan") == names_of(FORMER) == ("07_plan", FORMER)
    assert names_of("04_memory") == ("04_memory",)


def test_a_topic_that_has_a_former_name_is_still_there() -> None:
    assert set(FORMER_TOPICS) <= set(questions.TOPICS)
    assert not set(FORMER_TOPICS.values()) & set(questions.TOPICS)


def test_a_lesson_is_found_and_an_unknown_one_refused_with_the_list(tmp_path: Path) -> None:
    for name in LESSONS:
        (tmp_path / f"{name}.ipynb").touch()
    assert find_lesson("4", tmp_path).name == "04_memory.ipynb"
    assert find_lesson("plan_a_training_run", tmp_path).name == "07_plan.ipynb"
    with pytest.raises(SystemExit, match=r"^No lesson is called '99'; there are 00_start_here, 04_memory, 07_plan\.$"):
        find_lesson("99", tmp_path)
