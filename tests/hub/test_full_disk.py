"""A full disk says so in words, costs nothing that was saved, and is done with as soon as there is room."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from classroom.hub_client import Refused, Student

from hub.conftest import PASSWORD
from hub.faulty import (
    EXERCISE,
    LESSON,
    answer,
    answered,
    class_hub,
    comes_in,
    course_of,
    full,
    happens,
    opens_server,
    refusal,
    server_of,
    small_disk,
)

pytestmark = pytest.mark.whole_hub
WORDS = r"No space left on device: 01_compute_cost\.ipynb was not saved, and what you saved before is still there\."
NOTE = "from course_lib.predictions import kept; print(kept.note('{}', 0), kept.choices())"


def test_a_full_home_opens_says_what_to_do_and_loses_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "homes", "4m") as disk, class_hub(tmp_path) as running:
        ada = comes_in(running)
        answer(ada, "flop = 1")
        kernel = ada.kernel(EXERCISE)
        kernel.ask("held = 1")
        kernel.ask(NOTE.format("1a"))
        emmy = comes_in(running, "emmy")
        with full(disk):
            for _ in range(3):
                with pytest.raises(Refused, match=WORDS):
                    answer(ada, "flop = 2\n" * 10_000)
            assert answered(ada) == "flop = 1"
            with pytest.raises(Refused, match=r"your own copy of 01_compute_cost\.ipynb could not be made, and"):
                answer(ada, "my note", LESSON)
            with pytest.raises(Refused, match=r": 403 .*No space left on device: of .* nothing could be kept"):
                ada.api("POST", f"contents/{LESSON}/checkpoints")
            with pytest.raises(Refused, match=WORDS):
                ada.api("POST", f"contents/{EXERCISE}/checkpoints/checkpoint")
            assert kernel.ask("print(held)").startswith("1")
            assert kernel.ask(NOTE.format("1b")) == "False {'1a': 0, '1b': 0}\n"
            assert ada.kernel(LESSON).ask("print(1)").startswith("1")
            server_of(running, "emmy").kill()
            happens(lambda: "424 " in refusal(emmy))
            opens_server(running, emmy)
            assert answered(emmy).startswith("# ")
        assert answered(ada) == "flop = 1"
        for path in (EXERCISE, LESSON):
            answer(ada, "flop = 2\n" * 10_000, path)
            assert answered(ada, path) == "flop = 2\n" * 10_000
        assert kernel.ask(NOTE.format("1c")) == "True {'1a': 0, '1b': 0, '1c': 0}\n"
        own = course_of(running)
        left = [one.name for folder in ("my_lessons", "my_exercises") for one in (own / folder).glob("*")]
        assert sorted(left) == [".ipynb_checkpoints"] * 2 + ["01_compute_cost.ipynb"] * 2 + ["predictions.json"]


def test_a_hub_without_room_lets_those_work_who_are_there_and_the_others_in_as_soon_as_there_is(
    tmp_path: Path,
) -> None:
    """The homes are on another disk, as what the hub remembers should be."""
    (tmp_path / "homes").mkdir()
    with small_disk(tmp_path / "hub", "4m") as disk:
        (disk / "homes").symlink_to(tmp_path / "homes")
        with class_hub(disk) as running:
            ada = comes_in(running)
            kernel = ada.kernel(EXERCISE)
            kernel.ask("held = 1")
            with full(disk):
                answer(ada, "flop = 1")
                assert answered(ada) == "flop = 1"
                assert kernel.ask("print(held)") == "1\n"
                with pytest.raises(Refused, match="emmy was not let in: 500"):
                    Student(running.url, "emmy", PASSWORD)
            assert answered(comes_in(running, "emmy")).startswith("# ")
            assert requests.get(f"{running.url}/hub/health", timeout=60).ok
            assert answered(ada) == "flop = 1"
