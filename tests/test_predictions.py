"""Every prediction of a lesson: it can be reasoned from what stands above it, and its answer stands only below it."""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import nbformat
import pytest
from classroom.notebooks import output_words
from classroom.notebooks import plain_words as plain
from classroom.own_copies import fresh_copy
from nbformat import NotebookNode

from course_lib import predictions
from course_lib.predictions import kept
from course_lib.predictions.calibration import calibration_of
from course_lib.predictions.prediction import Known, Prediction, is_size, prediction, registered
from course_lib.questions import TOPICS

ROOT = Path(__file__).resolve().parent.parent
LESSONS = {number: ROOT / "notebooks" / f"{number:02}_{topic}.ipynb" for number, topic in enumerate(TOPICS, start=1)}
CALL = re.compile(r'predict\("(\w+)"\)')
NAMES = [name for lesson in LESSONS for name in predictions.names_of(lesson)]
FOLDED = re.compile(r"<details>.*?</details>", re.DOTALL)
SUFFIXES = {"k": 1e3, "M": 1e6, "B": 1e9, "T": 1e12, "P": 1e15, "%": 0.01}
NUMBER = re.compile(r"([0-9][0-9,]*(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)(?:\s?([kMBTP%])(?![a-z]))?")
POWER = re.compile(r"(?:([0-9.]+)\s*(?:×|\\times|x)\s*)?10(?:\^\{?([+-]?[0-9]+)\}?|([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+))")
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
OF_A_GPU = {"GB": 1e9, "TB": 1e12, "TFLOP/s": 1e12, "PFLOP-day": 8.64e19}


@cache
def cells_of(lesson: int) -> list[NotebookNode]:
    return list(nbformat.read(LESSONS[lesson], as_version=4).cells)


def said_by(cell: NotebookNode) -> str:
    """Return all that a reader sees of a cell as plain words."""
    return f"{plain(cell.source)} {output_words(cell)}"


def place_of(name: str) -> int:
    """Return the cell that asks a prediction."""
    (place,) = [
        number
        for number, cell in enumerate(cells_of(int(name[:-1])))
        if cell.cell_type == "code" and (call := CALL.fullmatch(cell.source.strip())) and call[1] == name
    ]
    return place


def above(name: str) -> str:
    """Return what stands above a prediction in its lesson, and what it says itself."""
    asked = predictions.find(name)
    return " ".join([*map(said_by, cells_of(int(name[:-1]))[: place_of(name)]), plain(asked.asks)])


def numbers_in(words: str) -> Iterator[float]:
    """Yield the numbers that words hold, as the course writes them: 174.6 B, 3.14e23, 1,024, 40 %, 10²³, 80 GB."""
    for match in POWER.finditer(words):
        yield float(match[1] or 1) * 10.0 ** int(match[2] or match[3].translate(RAISED))
    for match in NUMBER.finditer(words):
        value = float(match[1].replace(",", "")) * SUFFIXES.get(match[2] or "", 1)
        yield value
        after = words[match.end() :].strip()
        yield from (value * size for unit, size in OF_A_GPU.items() if after.startswith(unit))


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_asks_each_of_its_predictions_once_and_in_order(lesson: int) -> None:
    code = [cell.source.strip() for cell in cells_of(lesson) if cell.cell_type == "code"]
    asked = [call[1] for source in code if (call := CALL.search(source))]
    assert asked == list(predictions.names_of(lesson))
    assert [source for source in code if CALL.search(source) and not CALL.fullmatch(source)] == []


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_prediction_is_prose_that_one_can_skip(lesson: int) -> None:
    prose = [cell.source for cell in cells_of(lesson) if cell.cell_type == "markdown"]
    assert [source[:80] for source in prose if "Predict first" in source] == []


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_ends_with_the_learners_own_calibration(lesson: int) -> None:
    code = [cell.source for cell in cells_of(lesson) if cell.cell_type == "code"]
    assert code[-1].strip() == f"calibration({lesson})"


@pytest.mark.parametrize("name", NAMES)
def test_every_fact_of_a_prediction_stands_above_it(name: str) -> None:
    text = above(name)
    missing = [fact.words for fact in predictions.find(name).facts.values() if plain(fact.words) not in text]
    assert missing == []


@pytest.mark.parametrize("name", NAMES)
def test_a_fact_in_numbers_has_the_number_that_its_words_say(name: str) -> None:
    for fact in predictions.find(name).facts.values():
        if is_size(fact.value):
            said = list(numbers_in(fact.words))
            assert any(math.isclose(one, fact.value, rel_tol=1e-9) for one in said), (fact.words, fact.value, said)
        else:
            assert callable(fact.value) or isinstance(fact.value, (bool, str, tuple)), fact


@pytest.mark.parametrize("name", NAMES)
def test_the_facts_alone_lead_to_the_right_choice(name: str) -> None:
    asked = predictions.find(name)
    reasoned = asked.reasoned()
    if asked.options:
        assert asked.chosen_by(reasoned) == asked.right
    else:
        assert asked.is_right(reasoned)


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_stands_in_no_cell_above_and_in_one_below(name: str) -> None:
    asked, cells = predictions.find(name), cells_of(int(name[:-1]))
    text, below = above(name), " ".join(map(said_by, cells[place_of(name) + 1 :]))
    assert asked.shown
    for answer in asked.shown:
        assert plain(answer) not in text, f"{answer!r} is given away above"
        assert plain(answer) in below, f"{answer!r} stands in no cell below"


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_in_prose_is_folded(name: str) -> None:
    """Whoever scrolls past a prediction is not told what comes out."""
    below = [cell for cell in cells_of(int(name[:-1]))[place_of(name) + 1 :] if cell.cell_type == "markdown"]
    in_sight = [plain(FOLDED.sub(" ", cell.source)) for cell in below]
    answers = map(plain, predictions.find(name).shown)
    assert [(answer, text) for answer in answers for text in in_sight if answer in text] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_fresh_own_copy_has_no_output_that_answers(name: str) -> None:
    cells = fresh_copy(LESSONS[int(name[:-1])]).cells
    code = [cell for cell in cells if cell.cell_type == "code" and "explorer" not in cell.metadata.get("tags", [])]
    said = [output_words(cell) for cell in code]
    assert [
        (answer, text) for answer in map(plain, predictions.find(name).shown) for text in said if answer in text
    ] == []


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_fresh_own_copy_has_every_output_that_does_not_answer(lesson: int) -> None:
    shown = [plain(answer) for name in predictions.names_of(lesson) for answer in predictions.find(name).shown]
    pairs = list(zip(cells_of(lesson), fresh_copy(LESSONS[lesson]).cells, strict=True))
    missing = [course for course, own in pairs if course.get("outputs") != own.get("outputs")]
    assert missing
    assert [cell.source for cell in missing if not any(answer in output_words(cell) for answer in shown)] == []


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_fresh_own_copy_has_the_picture_of_every_explorer(lesson: int) -> None:
    cells = [cell for cell in fresh_copy(LESSONS[lesson]).cells if "explorer" in cell.metadata.get("tags", [])]
    assert cells
    assert all("image/svg+xml" in cell.outputs[0].data for cell in cells)


def test_no_lesson_asks_what_an_earlier_one_has_answered() -> None:
    found: dict[str, str] = {}
    for name in NAMES:
        truth = predictions.find(name).truth
        if is_size(truth) and float(truth) not in range(1, 100):  # a small whole number, such as 4 times, says little
            earlier = found.setdefault(f"{float(truth):.9g}", name)
            assert earlier[:-1] == name[:-1], (earlier, name)


@pytest.mark.parametrize("name", NAMES)
def test_options_are_told_apart(name: str) -> None:
    asked = predictions.find(name)
    assert len({json.dumps(value, default=str) for value in asked.options.values()}) == len(asked.options)
    assert all(option == option.strip() and option for option in asked.options)
    assert asked.asks.endswith(("?", ".", ":"))


# The mechanism


def of_numbers(**changes: object) -> Prediction:
    about: dict[str, object] = {
        "asks": "How many?",
        "truth": 12.0,
        "facts": {"weights": Known(6, "6 weights")},
        "reason": lambda weights: 2 * weights,
        "shown": ("12 FLOP",),
        "options": {"3": 3, "6": 6, "12": 12},
    }
    return Prediction(**about | changes)  # type: ignore[arg-type]


def test_the_right_option_is_the_one_nearest_to_the_truth_as_a_ratio() -> None:
    assert of_numbers(truth=8.6).right == "12"  # 8.6 is nearer to 6 by difference, and to 12 by ratio
    assert of_numbers(truth=8.4).right == "6"


def test_a_choice_in_words_is_right_when_it_is_equal() -> None:
    asked = of_numbers(
        truth="falls", options={"It falls": "falls", "It stays": "stays"}, reason=lambda weights: "falls"
    )
    assert asked.right == "It falls"
    assert not asked.in_numbers
    with pytest.raises(ValueError, match="must be one of"):
        asked.chosen_by("rises")
    with pytest.raises(ValueError, match="in numbers"):
        asked.powers_off("It falls")


def test_powers_of_ten_are_counted_from_the_truth() -> None:
    asked = of_numbers()
    assert asked.powers_off("12") == 0
    assert asked.powers_off("3") == pytest.approx(math.log10(4))
    typed = of_numbers(options={})
    assert typed.powers_off(120) == pytest.approx(1)
    assert typed.is_right(30)
    assert not typed.is_right(120)


@pytest.mark.parametrize("options", [{"one": 1}, {}])
def test_a_prediction_that_cannot_be_made_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"options must|truth must"):
        of_numbers(options=options, truth="words")


def test_two_predictions_never_share_a_name() -> None:
    name = registered(1)[0]
    with pytest.raises(ValueError, match="not taken"):
        prediction(name)(of_numbers)


@pytest.mark.parametrize("name", ["1", "a1", "", "99a", "1zz", None, 1])
def test_an_unknown_prediction_is_refused_with_what_there_is(name: object) -> None:
    with pytest.raises(ValueError, match="is unknown"):
        predictions.find(name)  # type: ignore[arg-type]


@pytest.mark.parametrize("lesson", [0, 9, 1.5, True, "1"])
def test_an_unknown_lesson_is_refused(lesson: object) -> None:
    with pytest.raises(ValueError, match="from 1 to 8"):
        predictions.names_of(lesson)  # type: ignore[arg-type]


# What is kept


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(kept.VARIABLE, str(tmp_path / "mine" / "predictions.json"))
    monkeypatch.setattr(kept, "_unsaved", {})
    return tmp_path / "mine" / "predictions.json"


def test_a_choice_is_kept_beside_those_that_another_kernel_has_noted_meanwhile(file: Path) -> None:
    assert kept.choices() == {}
    assert kept.note("1a", "10²³ FLOP")
    file.write_text(json.dumps({**json.loads(file.read_text(encoding="utf-8")), "2a": "3"}), encoding="utf-8")
    assert kept.note("1b", 1e9)
    assert kept.choices() == {"1a": "10²³ FLOP", "1b": 1e9, "2a": "3"}
    assert [path.name for path in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize(
    "spoilt", ["{", "[1, 2]", "null", "\x00", "[" * 100_000], ids=lambda text: text[:6].encode().hex()
)
def test_a_spoilt_file_is_laid_aside_and_never_overwritten(file: Path, spoilt: str) -> None:
    file.parent.mkdir()
    file.write_text(spoilt, encoding="utf-8")
    assert kept.choices() == {}
    assert kept.note("1a", "3")
    assert kept.choices() == {"1a": "3"}
    assert file.with_suffix(".unread-1.json").read_text(encoding="utf-8") == spoilt


def test_a_choice_lasts_in_the_kernel_where_nothing_can_be_written(file: Path) -> None:
    file.parent.write_text("a file in the folder's place", encoding="utf-8")
    assert not kept.note("1a", "3")
    assert kept.choices() == {"1a": "3"}


def test_a_file_that_cannot_be_replaced_leaves_nothing_beside_it(file: Path) -> None:
    file.mkdir(parents=True)
    (file / "something").touch()
    assert not kept.note("1a", "3")
    assert kept.choices() == {"1a": "3"}
    assert list(file.parent.iterdir()) == [file]


def test_nothing_is_left_of_a_file_that_could_not_be_written_whole(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    assert not kept.note("1a", "3")
    assert list(file.parent.iterdir()) == []


def test_apart_from_a_course_it_lies_where_the_kernel_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    """As after an installation of the package alone; a folder that is gone is no more than a place not to save in."""
    monkeypatch.delenv(kept.VARIABLE)
    monkeypatch.setattr(kept, "__file__", str(tmp_path / "site-packages" / "course_lib" / "predictions" / "kept.py"))
    place = tmp_path / "own"
    place.mkdir()
    monkeypatch.chdir(place)
    assert kept.note("1a", "3")
    assert (place / "my_exercises" / "predictions.json").is_file()
    shutil.rmtree(place)
    assert not kept.note("1a", "6")
    assert kept.choices() == {"1a": "6"}


def test_without_a_named_file_it_lies_among_what_git_ignores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(kept.VARIABLE, raising=False)
    assert kept.place() == ROOT / "my_exercises" / "predictions.json"
    assert "my_exercises/" in (ROOT / ".gitignore").read_text(encoding="utf-8").split()


# The calibration


def test_the_calibration_counts_what_was_made_what_was_right_and_the_powers_of_ten() -> None:
    first = predictions.find("1a")
    assert first.in_numbers
    wrong = next(option for option in first.options if option != first.right)
    asked = predictions.names_of(1)
    result = calibration_of(1, {"1a": wrong, "2a": "of another lesson", "1zz": "of no lesson"})
    assert (result.asked, result.made, result.right, result.wrong) == (asked, 1, (), ("1a",))
    assert result.powers_off == (pytest.approx(first.powers_off(wrong)),)
    assert result.sentence.startswith(
        f"1 of {len(asked)} predictions made in lesson 1, 0 right. Your number was off by "
    )
    right = calibration_of(1, {"1a": first.right})
    assert right.right == ("1a",)
    assert "off by 0.0 powers of ten, a factor of 1" in right.sentence


def test_a_choice_that_an_update_has_taken_away_counts_as_not_made() -> None:
    result = calibration_of(1, {"1a": "an option of last year"})
    assert result.made == 0
    assert "1a" in result.open
    assert "Choose before you run a cell" in result.sentence
