"""How long an explorer takes from a key press to its new picture, as ratios measured in one run in one JupyterLab.

    make bench, or with `tests` on Python's path: python benchmarks/bench_latency.py [EXPLORER ...]

The reference is the same picture drawn by the same code under `interact`, and a plain label shows what the round trip
to the kernel alone costs. All take turns, so that a busy moment of the machine touches each (`interact`, which takes
most of the time, at every fourth). The time runs in the page, from the key's event to the first change of the document
that holds the new picture; `interact`'s image is decoded then. A press that brings no new picture is counted as missed,
and the bench goes on. Beside the times stands how many functions of the library one such move calls, which is the same
on every machine.

Last, each explorer's first slider is dragged with the mouse for two seconds: how many new pictures a second come, and
how long after the pointer's last move the last one does; beside it what the plain label does under the same hand.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from browser.cases import CASES, Case
from browser.lab import NO_CHROMIUM, Lab, Notebook, find_chromium, open_page
from explorer_parts import calls_of

import course_lib.explorers

PRESSES, WARM_UP = 40, 2
SELDOM = 4
"""At each of so many presses, one of `interact` is measured."""
MOST_OF_INTERACT, MOST_OF_LABEL = 0.33, 3.0
DRAG_SECONDS = 2.0
LEAST_RATE, MOST_AFTER = 12.0, 150.0
"""Pictures a second while dragging, and milliseconds until the last one, on an idle machine with two cores."""
KINDS = ("label", "interact", "explorer")

SET_UP = """
import ipywidgets as widgets
import matplotlib.pyplot as plt
from course_lib import explorers

def key_control(control):
    return getattr(control, "slider", control)

def under_interact(kind, name):
    idle = kind()
    idle.hold().__enter__()  # its controls give the values, and it never draws for itself

    def show(**moved):
        view = kind.view(**idle.values())
        picture = idle.choose(view)
        picture.into(plt.figure(figsize=picture.size()), view)
        plt.show()
        print(view.sentence)

    return widgets.interactive(show, **{name: key_control(idle.controls[name])})

def as_label(kind, name):
    moved = key_control(kind().controls[name])
    alike = {key: getattr(moved, key) for key in ("min", "max", "options", "value") if hasattr(moved, key)}
    plain, label = type(moved)(**alike), widgets.Label(str(moved.value)).add_class("bench-text")
    plain.observe(lambda change: setattr(label, "value", str(change.new)), "value")
    return widgets.VBox([plain, label])
"""

FOCUS = """
  const root = document.querySelector(`.bench-${argument.kind}`);
  root.scrollIntoView({ block: 'center' });
  root.onkeydown = event => event.stopPropagation();  // else JupyterLab takes the arrows of a plain drop-down list
  const named = element => element.getAttribute('aria-label') === argument.name
    || [...(element.labels ?? [])].some(label => label.textContent === argument.name);
  const controls = [...root.querySelectorAll('[role=slider], select')];
  const control = argument.kind === 'explorer' ? controls.find(named) : controls[0];
  control.focus();
  const place = control.tagName === 'SELECT'
    ? [0, control.selectedIndex, control.options.length - 1]
    : ['min', 'now', 'max'].map(name => Number(control.getAttribute(`aria-value${name}`)));
  root.way ??= 1;  // forward; at an end it turns round
  if (place[1] >= place[2]) root.way = -1;
  if (place[1] <= place[0]) root.way = 1;
  const keys = control.tagName === 'SELECT' ? ['ArrowUp', 'ArrowDown'] : ['ArrowLeft', 'ArrowRight'];
  return keys[root.way > 0 ? 1 : 0];
"""

WATCH = """
  const root = document.querySelector(`.bench-${argument}`);
  const picture = () => ({
    label: () => root.querySelector('.bench-text').textContent,
    interact: () => root.querySelector('.jp-OutputArea img'),
    explorer: () => root.querySelector('.course-picture svg'),
  })[argument]();
  const before = picture();
  window.measured = new Promise(done => {
    setTimeout(() => { observer.disconnect(); done(null); }, 10000);
    let pressed;
    addEventListener('keydown', () => { pressed = performance.now(); }, { once: true, capture: true });
    const observer = new MutationObserver(async () => {
      const now = picture();
      if (!now || now === before) return;
      observer.disconnect();
      if (argument === 'interact') await root.querySelector('.jp-OutputArea img').decode();
      done(performance.now() - pressed);
    });
    observer.observe(root, { childList: true, characterData: true, attributes: true, subtree: true });
  });
"""

MEASURED = "return await window.measured;"

IDLE = """
  do await new Promise(done => setTimeout(done, 60)); while (kernel().status !== 'idle');
  await new Promise(done => requestIdleCallback(done));
"""

DRAG = (
    """
  const root = document.querySelector(`.bench-${argument.kind}`);
  const part = root.querySelector(argument.kind === 'label' ? '.bench-text' : '.course-picture');
  const handle = root.querySelector('[role=slider]');
  handle.scrollIntoView({ block: 'center' });
  const track = handle.closest('.noUi-target').getBoundingClientRect(), box = handle.getBoundingClientRect();
  const from = box.x + box.width / 2, right = from - track.left < track.right - from;
  const to = right ? from + 0.9 * (track.right - from) : from - 0.9 * (from - track.left);
  const hand = (kind, element, x) => element.dispatchEvent(new MouseEvent(kind, {
    bubbles: true, cancelable: true, view: window, button: 0, buttons: 1, clientX: x, clientY: box.y + box.height / 2,
  }));
  const drawn = [];
  const watching = new MutationObserver(() => drawn.push(performance.now()));
  watching.observe(part, { childList: true, characterData: true, subtree: true });
  hand('mousedown', handle, from);
  const begun = performance.now();
  let last = begun;
  while (last - begun < argument.milliseconds) {
    await new Promise(requestAnimationFrame);  // a browser tells a page of a real mouse once a frame as well
    last = performance.now();
    const way = Math.min(1, (last - begun) / argument.milliseconds);
    hand('mousemove', document.documentElement, from + (to - from) * way);
  }
  const during = drawn.length;
"""
    + IDLE
    + """
  hand('mouseup', document.documentElement, to);
  watching.disconnect();
  return { rate: during / (last - begun) * 1000, after: Math.max(0, drawn.at(-1) - last) };
"""
)
"""Drags with the mouse's own events, made in the page: what steers the browser from outside would take its time."""


def main() -> None:
    executable = find_chromium() or sys.exit(NO_CHROMIUM)
    chosen = [case for case in CASES if len(sys.argv) == 1 or case.name in sys.argv[1:]]
    calls = {(case.name, name): calls_per_event(case, name) for case in chosen for name in case.timed}
    with tempfile.TemporaryDirectory() as folder, open_page(executable) as page:
        lab = Lab(Path(folder))
        try:
            print(f"key press to new picture, {PRESSES} presses each in turn: median / 95th percentile in ms")
            head = f"{'label':>12}{'interact':>14}{'explorer':>14}{'calls':>8}{'times interact':>18}{'times label':>15}"
            print(f"{'':<40}{head}")
            for case in chosen:
                for name, label in case.timed.items():
                    milliseconds = measure(Notebook(lab, page), case, name, label)
                    report(f"{case.name}, {name}", milliseconds, calls[case.name, name])
            print(
                f"\nthe first slider dragged for {DRAG_SECONDS:g} s: pictures a second, and ms from last move to last"
            )
            print(f"{'':<40}{'label':>14}{'explorer':>16}")
            for case in chosen:
                report_drag(f"{case.name}, {next(iter(case.timed))}", drag(Notebook(lab, page), case))
        finally:
            lab.stop()


def measure(notebook: Notebook, case: Case, name: str, label: str) -> dict[str, list[float | None]]:
    """Return the milliseconds of each kind's presses, None for one that brought no new picture."""
    show(notebook, case, name, KINDS)
    milliseconds: dict[str, list[float | None]] = {kind: [] for kind in KINDS}
    for press in range(-WARM_UP, PRESSES):
        for kind in KINDS:
            if kind == "interact" and press > 0 and press % SELDOM:
                continue
            key = notebook.script(FOCUS, {"kind": kind, "name": label})
            notebook.script(IDLE)
            notebook.script(WATCH, kind)
            notebook.page.keyboard.press(key)
            taken = notebook.script(MEASURED)
            if press >= 0:
                milliseconds[kind].append(taken)
    notebook.shut_down()
    return milliseconds


def show(notebook: Notebook, case: Case, name: str, kinds: tuple[str, ...]) -> None:
    """Open a notebook in which the control is moved in each of these ways."""
    kind = f"explorers.{case.name}"
    cells = {
        "label": f"as_label({kind}, {name!r}).add_class('bench-label')",
        "interact": f"under_interact({kind}, {name!r}).add_class('bench-interact')",
        "explorer": f"{kind}().add_class('bench-explorer')",
    }
    path = notebook.lab.write(f"bench_{case.name}_{name}.ipynb", [SET_UP, *(cells[kind] for kind in kinds)])
    notebook.open(path).run_all()
    if errors := notebook.output_errors():
        sys.exit(f"{case.name}, {name}: {errors}")


def drag(notebook: Notebook, case: Case) -> dict[str, dict[str, float]]:
    """Drag the explorer's first slider towards its farther end, and the label's, and return what was seen of each."""
    kinds, seen = ("label", "explorer"), {}
    show(notebook, case, next(iter(case.timed)), kinds)
    for kind in kinds:
        notebook.script(IDLE)
        seen[kind] = notebook.script(DRAG, {"kind": kind, "milliseconds": DRAG_SECONDS * 1000})
    notebook.shut_down()
    return seen


def report_drag(what: str, seen: dict[str, dict[str, float]]) -> None:
    figures = "".join(f"{one['rate']:>9.1f} /{one['after']:>5.0f}" for one in seen.values())
    missed = seen["explorer"]["rate"] < LEAST_RATE or seen["explorer"]["after"] > MOST_AFTER
    verdict = "  MISSED" if missed else ""
    print(f"{what:<40}{figures}   [>= {LEAST_RATE:g} / <= {MOST_AFTER:g}]{verdict}", flush=True)


def calls_per_event(case: Case, name: str) -> int:
    """Return how many functions of the library are called when the control goes one place on."""
    explorer = getattr(course_lib.explorers, case.name)()
    control = getattr(explorer.controls[name], "slider", explorer.controls[name])
    calls = calls_of(lambda: step(control))
    explorer.close()
    return calls.total()


def step(control: Any) -> None:
    """Move a drop-down list or a slider as an arrow key does."""
    if hasattr(control, "index"):
        control.index += 1 if control.index + 1 < len(control.options) else -1
    else:
        control.value += 1 if control.value < control.max else -1


def report(what: str, milliseconds: dict[str, list[float | None]], calls: int) -> None:
    taken = {kind: [one for one in values if one is not None] for kind, values in milliseconds.items()}
    missed = {kind: len(milliseconds[kind]) - len(taken[kind]) for kind in KINDS if None in milliseconds[kind]}
    if any(len(values) < 2 for values in taken.values()):
        print(f"{what:<40} too few new pictures; missed: {missed}", flush=True)
        return
    middle = {kind: median(values) for kind, values in taken.items()}
    late = {kind: quantiles(values, n=20)[-1] for kind, values in taken.items()}
    ratios = [
        (middle["explorer"] / middle["interact"], MOST_OF_INTERACT),
        (middle["explorer"] / middle["label"], MOST_OF_LABEL),
    ]
    figures = "".join(f"{middle[kind]:>8.0f} /{late[kind]:>4.0f}" for kind in KINDS)
    ratio = "".join(f"{ratio:>9.2f} [<= {most:g}]" for ratio, most in ratios)
    verdict = "" if all(ratio <= most for ratio, most in ratios) else "  MISSED"
    presses = f"  presses without a new picture: {missed}" if missed else ""
    print(f"{what:<40}{figures}{calls:>8}{ratio}{verdict}{presses}", flush=True)


if __name__ == "__main__":
    main()
