"""All of the site in a browser, for `make site-test`: every lesson and explorer, answers over time, and no network.

At the end stand the figures that were measured, each beside that of a JupyterLab on the same machine in the same run.
"""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import class_edition
import mark
import nbformat
import pytest
from classroom.cells import name_of
from classroom.master import MASTERS
from classroom.site import pages
from classroom.student_copy import solution_of
from playwright.sync_api import Browser, Page, expect

import course_lib.explorers
from browser import axe
from browser.cases import CASES, Case
from browser.lab import NOTEBOOKS, Artifacts, Lab, Notebook
from browser.served_site import ASK, PATIENCE, Served, Visit, visiting

pytestmark = [pytest.mark.browser, pytest.mark.whole_site]

LESSONS = sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))
SET, MOST = "01_compute_cost", 21
PHONE, DESK = {"width": 360, "height": 720}, {"width": 1280, "height": 720}
MOST_GROWTH = 1.3
GOALS = {"packed, MB": 35.0, "page with its pictures, s": 5.0, "first answer, s": 12.0, "first answer, again, s": 9.0}
PRESSES = 20
FIGURES: dict[str, tuple[float, float | None]] = {}
"""What was measured: here, and in JupyterLab or at the start."""

SCRATCH = """
  const blank = { cell_type: 'code', metadata: {}, outputs: [], execution_count: null };
  const cell = (source, number) => ({ ...blank, source, id: `cell-${number}` });
  const kernelspec = { name: 'python', display_name: 'Python (Pyodide)', language: 'python' };
  const content = { cells: argument[1].map(cell), metadata: { kernelspec }, nbformat: 4, nbformat_minor: 5 };
  await app.serviceManager.contents.save(argument[0], { type: 'notebook', format: 'json', content });
"""

PRESS = """
  const root = document.querySelector(`.jp-OutputArea .course-${argument[0]}`);
  const sliders = [...root.querySelectorAll('[role=slider]')];
  const slider = sliders.find(one => one.getAttribute('aria-label') === argument[1]);
  slider.focus();
  const [low, now, high] = ['min', 'now', 'max'].map(name => Number(slider.getAttribute(`aria-value${name}`)));
  root.way ??= 1;
  if (now >= high) root.way = -1;
  if (now <= low) root.way = 1;
  const before = root.querySelector('.course-picture svg'), call = root.querySelector('.course-call').textContent;
  window.measured = new Promise((done, fail) => {
    setTimeout(() => fail(new Error('no new picture, nor a new call')), 20000);
    let pressed;
    addEventListener('keydown', () => { pressed = performance.now(); }, { once: true, capture: true });
    const observer = new MutationObserver(() => {
      const same = root.querySelector('.course-picture svg') === before;
      if (same && root.querySelector('.course-call').textContent === call) return;  // some moves change no picture
      observer.disconnect();
      done(performance.now() - pressed);
    });
    observer.observe(root, { childList: true, subtree: true });
  });
  return root.way > 0 ? 'ArrowRight' : 'ArrowLeft';
"""

IS_NEW = "async () => (await (await fetch('course/editions.json')).text()).includes('new')"
MEMORY = "return performance.memory.usedJSHeapSize"
PYTHON_MEMORY = "__import__('pyodide_js')._module.HEAP8.length"


@pytest.fixture(scope="module")
def browser(page: Page) -> Browser:
    assert page.context.browser
    return page.context.browser


@pytest.fixture(scope="module")
def visit(browser: Browser, served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    with visiting(browser, served, tmp_path_factory.mktemp("profile")) as opened:
        opened.home()
        wait_until_all_is_kept(opened)
        yield opened


@pytest.fixture(scope="module", autouse=True)
def figures() -> Iterator[None]:
    yield
    print(f"\n\n{'':<32}{'site':>10}{'beside it':>12}{'ratio':>8}{'goal':>8}")
    for name, (here, native) in FIGURES.items():
        beside = f"{native:>12.2f}{here / native:>8.1f}" if native else f"{'':>20}"
        goal = GOALS.get(name)
        print(f"{name:<32}{here:>10.2f}{beside}{f'{goal:g}' if goal else '':>8}")


def wait_until_all_is_kept(visit: Visit) -> None:
    expect(visit.page.locator("#offline")).to_contain_text("works offline", timeout=PATIENCE)


def scratch(visit: Visit, name: str, cells: list[str]) -> Visit:
    """Write a notebook of these cells into the browser's store, open it and run it."""
    if "/notebooks/" not in visit.page.url:
        visit.open(f"notebooks/{LESSONS[0]}")
    visit.script(SCRATCH, [name, cells])
    visit.open(name).run_all()
    assert visit.output_errors() == []
    return visit


def press(shown: Visit | Notebook, case: Case) -> float:
    """Press a key on an explorer's slider and return the milliseconds until its new picture."""
    label = next(iter(case.timed.values()))
    shown.page.keyboard.press(shown.script(PRESS, [case.name, label]))
    return float(shown.script("return await window.measured"))


# Times, first of all, while nothing is kept yet


def test_first_answers_and_sizes_are_measured_beside_jupyterlab(
    browser: Browser, served: Served, lab: Lab, page: Page, tmp_path: Path
) -> None:
    files = [path for path in served.site.rglob("*") if path.is_file()]
    FIGURES["packed, MB"] = (sum(len(zlib.compress(path.read_bytes(), 6)) for path in files) / 1e6, None)
    lesson = LESSONS[0]
    for again in ("", ", again"):
        with visiting(browser, served, tmp_path / "profile") as visit:
            started = time.perf_counter()
            visit.page.goto(f"{served.address}notebooks/index.html?path=notebooks/{lesson}")
            meanwhile = visit.page.frame_locator("#course-meanwhile")
            expect(meanwhile.locator("h1").first).to_be_visible()
            expect(meanwhile.locator("svg[role=img], img").first).to_be_visible()
            picture = time.perf_counter() - started
            expect(visit.page.locator(".jp-OutputArea .jp-RenderedSVG img").first).to_be_visible()
            expect(visit.page.locator("#course-meanwhile")).to_have_count(0)
            notebook = time.perf_counter() - started
            visit.page.wait_for_function("window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel")
            assert visit.ask("6 * 7") == 42
            answer = time.perf_counter() - started
            visit.run_all()
            everything = time.perf_counter() - started
            visit.keep()
        FIGURES[f"page with its pictures{again}, s"] = (picture, None)
        FIGURES[f"notebook with its pictures{again}, s"] = (notebook, None)
        FIGURES[f"first answer{again}, s"] = (answer, None)
        FIGURES[f"all cells{again}, s"] = (everything, None)
    started = time.perf_counter()
    page.goto("about:blank")
    native = Notebook(lab, page).open(lesson)
    shown = time.perf_counter() - started
    assert native.script("await panel().sessionContext.ready; return 1") == 1
    assert native.ask("6 * 7") == 42
    answer = time.perf_counter() - started
    native.run_all()
    beside = {"notebook with its pictures, s": shown, "first answer, s": answer}
    beside["all cells, s"] = time.perf_counter() - started
    native.shut_down()
    for name, seconds in beside.items():
        FIGURES[name] = (FIGURES[name][0], seconds)


# Lessons and explorers


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_lesson_runs_to_its_end(visit: Visit, lesson: str) -> None:
    visit.open(f"notebooks/{lesson}")
    assert not visit.script("return panel().context.model.dirty"), "opening a lesson changed it"
    visit.run_all()
    assert visit.output_errors() == []
    assert visit.unrun() == []
    assert visit.complaints == []


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_explorer_answers_a_key_as_the_native_library_does(
    visit: Visit, lab: Lab, page: Page, case: Case
) -> None:
    source = [f"from course_lib.explorers import {case.name}", f"e = {case.name}()\ne"]
    scratch(visit, f"scratch_{case.name}.ipynb", source)
    explorer: Any = getattr(course_lib.explorers, case.name)
    sentence = visit.page.locator(f".jp-OutputArea .course-{case.name} .course-sentence p")
    times = [press(visit, case) for _ in range(PRESSES)]
    expect(sentence).to_have_text(explorer.view(**visit.ask("e.values()")).sentence)
    native = Notebook(lab, page).open(lab.write(f"scratch_{case.name}.ipynb", source)).run_all()
    beside = [press(native, case) for _ in range(PRESSES)]
    native.shut_down()
    FIGURES[f"key to picture, {case.name}, ms"] = (median(times), median(beside))


def test_after_hundreds_of_moves_it_is_as_quick_and_as_large_as_before(visit: Visit) -> None:
    decoder = next(case for case in CASES if case.name == "FloatDecoder")
    memory = next(case for case in CASES if case.name == "MemoryExplorer")
    names = [memory.name, decoder.name]
    scratch(
        visit,
        "scratch_long.ipynb",
        [f"from course_lib.explorers import {', '.join(names)}", *(f"{n}()" for n in names)],
    )
    session = visit.context.new_cdp_session(visit.page)

    def size() -> tuple[float, float]:
        session.send("HeapProfiler.collectGarbage")
        return visit.script(MEMORY), visit.ask(PYTHON_MEMORY)

    for _ in range(10):
        press(visit, memory)
    before = size()
    times = [press(visit, memory) for _ in range(300)]
    bits = visit.page.locator(f".jp-OutputArea .course-{decoder.name} .course-bits button")
    clicks = []
    sentence = visit.page.locator(f".jp-OutputArea .course-{decoder.name} .course-sentence p")
    for number in range(200):
        said = sentence.inner_text()
        started = time.perf_counter()
        bits.nth(number % bits.count()).click()
        expect(sentence).not_to_have_text(said)
        clicks.append(time.perf_counter() - started)
    after = size()
    FIGURES["300 moves, ms: last 50, first 50"] = (median(times[-50:]), median(times[:50]))
    FIGURES["200 clicks, s: last 50, first 50"] = (median(clicks[-50:]), median(clicks[:50]))
    FIGURES["page's memory, MB: after, before"] = (after[0] / 1e6, before[0] / 1e6)
    FIGURES["Python's memory, MB: after, before"] = (after[1] / 1e6, before[1] / 1e6)
    assert median(times[-50:]) <= MOST_GROWTH * median(times[:50])
    assert median(clicks[-50:]) <= MOST_GROWTH * median(clicks[:50])
    assert after[0] <= MOST_GROWTH * before[0]
    assert after[1] <= MOST_GROWTH * before[1]


def test_a_prediction_is_kept_from_one_lesson_to_the_next_launch(
    browser: Browser, served: Served, tmp_path: Path
) -> None:
    for said in ("Nothing noted yet.", "Noted before: 10²³ FLOP."):
        with visiting(browser, served, tmp_path / "profile") as visit:
            visit.open("notebooks/01_compute_cost.ipynb").run_all()
            noted = visit.page.locator(".jp-OutputArea .course-prediction .course-noted").first
            expect(noted).to_have_text(said)
            if said == "Nothing noted yet.":
                visit.page.locator(".jp-OutputArea .course-prediction button", has_text="10²³ FLOP").first.click()
                expect(noted).to_contain_text("Noted: 10²³ FLOP")


# Exercises


def test_all_answers_survive_two_launches_and_are_marked_with_all_their_points(
    browser: Browser, served: Served, tmp_path: Path
) -> None:
    master = nbformat.read(MASTERS / f"{SET}.ipynb", as_version=4)
    right = {str(name_of(cell)): solution_of(cell.source) for cell in master.cells if name_of(cell).is_answer}
    submissions = tmp_path / "submissions"
    submissions.mkdir()
    with visiting(browser, served, tmp_path / "profile") as visit:
        visit.open(f"exercises/{SET}.ipynb")
        for cell, source in right.items():
            visit.answer(cell, source)
        visit.run_all()
        visit.keep()
    with visiting(browser, served, tmp_path / "profile") as visit:
        visit.home()
        expect(visit.page.get_by_role("link", name="your copy of Exercises 1 · Compute cost")).to_be_visible()
        visit.open(f"exercises/{SET}.ipynb").run_all()
        for cell in right:
            assert "Correct" in visit.shown(cell.replace("answer", "check")), cell
        visit.hand_in("Ann Lee", submissions)
    edition = class_edition.released(tmp_path / "class", SET).edition
    marker = mark.Marker(edition, jobs=1)
    by_set = marker.by_set(mark.read_all(str(submissions)), None)
    marker.prove_itself(list(by_set))
    for name, handed_in in by_set.items():
        print(marker.mark(name, handed_in))
    marks = (edition.folder / f"marks_{SET}.csv").read_text(encoding="utf-8-sig")
    assert "Ann Lee" in marks
    assert f",{MOST}," in marks


def test_python_in_the_page_reaches_no_file_and_no_program_of_the_machine(visit: Visit, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine", encoding="utf-8")
    visit.open(f"notebooks/{LESSONS[0]}")
    assert "No such file" in visit.script(ASK, f"open({str(tmp_path / 'mine')!r}).read()")
    assert "does not support processes" in visit.script(ASK, "__import__('subprocess').run(['true'])")


def test_links_lead_from_lesson_to_lesson(visit: Visit) -> None:
    visit.open(f"notebooks/{LESSONS[0]}")
    link = visit.page.locator(".jp-MarkdownOutput a", has_text="1 · compute cost").first
    with visit.context.expect_page() as opening:
        link.click()
    there = opening.value
    expect(there.locator(".jp-Notebook .jp-MarkdownOutput h1").first).to_contain_text("ompute")
    assert "01_compute_cost.ipynb" in there.url
    there.close()


def test_what_never_comes_back_to_python_is_said_to_need_a_restart(visit: Visit) -> None:
    visit.open(f"notebooks/{LESSONS[0]}")
    visit.script("void kernel().requestExecute({ code: 'import itertools; max(itertools.count())' })")
    said = visit.page.locator("#course-said")
    expect(said).to_contain_text("menu Kernel, Restart Kernel", timeout=PATIENCE)
    visit.script("await kernel().restart()")
    expect(said).to_have_text("Python is ready.", timeout=PATIENCE)
    assert visit.ask("6 * 7") == 42


def test_an_endless_loop_in_an_answer_is_stopped(visit: Visit) -> None:
    visit.open(f"exercises/{SET}.ipynb")
    master = nbformat.read(MASTERS / f"{SET}.ipynb", as_version=4)
    function = next(cell for cell in master.cells if name_of(cell).is_answer and "def " in cell.source)
    head = next(line for line in function.source.splitlines() if line.startswith("def "))
    visit.answer(str(name_of(function)), f"{head}\n    while True:\n        pass")
    visit.run_all()
    assert "was stopped after" in visit.shown(str(name_of(function)).replace("answer", "check"))


# New editions, and no network


def new_edition(site: Path) -> None:
    """Change a lesson and an exercise of a served site, as a new edition of the course would."""
    for place in ("notebooks/02_units.ipynb", f"exercises/{SET}.ipynb"):
        path = site / "files" / place
        notebook = json.loads(path.read_text(encoding="utf-8"))
        notebook["cells"][0]["source"] += "\n\nThis is the new edition."
        notebook["metadata"]["course"] = {"notebook": "new", "sources": "new"}
        path.write_text(json.dumps(notebook), encoding="utf-8")
    editions = site / "course" / "editions.json"
    pages.write(editions, pages.editions(site / "files"))
    pages.write_the_list(site)


def test_a_new_edition_is_seen_and_overwrites_no_answer(browser: Browser, served: Served, tmp_path: Path) -> None:
    other = Served(tmp_path / "root", served.site)
    answer = 'run = given("1.1")\ncost = 6 * run.parameters * run.tokens  # mine'
    sources = "return panel().content.widgets.map(({ model }) => model.sharedModel.source)"
    with visiting(browser, other, tmp_path / "profile") as visit:
        visit.open("notebooks/02_units.ipynb").run_all()
        visit.keep()
        visit.open(f"exercises/{SET}.ipynb")
        visit.answer("answer-1-1", answer)
        visit.run_all()
        visit.keep()
        visit.home()
        wait_until_all_is_kept(visit)
        new_edition(other.site)
    with visiting(browser, other, tmp_path / "profile") as visit:
        loads = count(1)  # the page itself looks for the new edition, and is loaded again when it is there
        with visit.page.expect_event("framenavigated", lambda _: next(loads) == 2, timeout=PATIENCE):
            visit.home()
        visit.page.wait_for_load_state()
        assert visit.page.evaluate(IS_NEW)
        wait_until_all_is_kept(visit)
        visit.open("notebooks/02_units.ipynb")
        assert "This is the new edition." in visit.script(sources)[0]
        visit.open(f"exercises/{SET}.ipynb")
        assert answer in visit.script(sources)
        expect(visit.page.locator("#course-edition")).to_contain_text("your own copy stays as it is")
        visit.page.get_by_role("button", name="Fresh copy").click()
        visit.page.wait_for_url("**/*fresh.ipynb")
        visit.wait_for_python()
        assert "This is the new edition." in visit.script(sources)[0]
        assert answer not in visit.script(sources)
        visit.open(f"exercises/{SET}.ipynb")
        assert answer in visit.script(sources)
    other.stop()


def test_without_a_network_an_unvisited_lesson_is_opened_and_run(
    browser: Browser, served: Served, tmp_path: Path
) -> None:
    with visiting(browser, served, tmp_path / "profile") as visit:
        visit.home()
        wait_until_all_is_kept(visit)
    served.stop()
    try:
        with visiting(browser, served, tmp_path / "profile") as visit:
            visit.home()
            wait_until_all_is_kept(visit)
            visit.page.get_by_role("link", name="Read 4 · Memory").click()
            expect(visit.page.locator("h1").first).to_contain_text("Memory")
            visit.open("notebooks/06_quantization.ipynb").run_all()
            assert visit.output_errors() == []
            assert visit.unrun() == []
    finally:
        served.start()


# The first page


def test_the_first_page_is_read_by_everybody(visit: Visit, artifacts: Artifacts) -> None:
    page = visit.home()
    assert axe.violations(page) == []
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    artifacts.keep(page, "site_phone.png", full_page=True)
    page.set_viewport_size(DESK)
    visit.open("exercises/01_compute_cost.ipynb")
    assert axe.violations(page, "#course-bar") == []
    page.set_viewport_size(PHONE)
    artifacts.keep(page, "site_exercise_phone.png")
    page.set_viewport_size(DESK)


def test_the_first_page_is_there_without_scripts_and_says_what_a_browser_lacks(
    browser: Browser, served: Served, tmp_path: Path
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(served.address)
    expect(page.get_by_role("link", name="Read 1 · Compute cost")).to_be_visible()
    assert "<noscript>" in page.content()  # Playwright's way to switch scripts off does not show what is in it
    context.close()
    with visiting(browser, served, tmp_path / "profile") as visit:
        visit.context.add_init_script("delete window.WebAssembly; delete window.indexedDB")
        visit.home()
        expect(visit.page.locator("#lacking")).to_contain_text("no WebAssembly, so Python cannot run here")
        expect(visit.page.locator("#lacking")).to_contain_text("keeps nothing for this page")
