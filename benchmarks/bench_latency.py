"""How long an explorer takes from a key press to its new picture, as ratios measured in one run in one JupyterLab.

    python benchmarks/bench_latency.py [EXPLORER ...]

The reference is the same picture drawn by the same code under `interact`, and a plain label shows what the round trip
to the kernel alone costs. All take turns, so that a busy moment of the machine touches each. The time runs in the page,
from the key's event to the first change of the document that holds the new picture; `interact`'s image is decoded then.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median, quantiles

from browser.cases import CASES, Case
from browser.lab import NO_CHROMIUM, Lab, Notebook, find_chromium, open_page

PRESSES, WARM_UP = 40, 2
TARGET = 0.45
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
        figure = plt.figure(figsize=kind.figure_size)
        idle.build(figure)
        idle.draw(view)
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
  return control.tagName === 'SELECT' ? 'ArrowDown' : 'ArrowRight';
"""

WATCH = """
  const root = document.querySelector(`.bench-${argument}`);
  const picture = () => ({
    label: () => root.querySelector('.bench-text').textContent,
    interact: () => root.querySelector('.jp-OutputArea img')?.src,
    explorer: () => root.querySelector('.course-picture svg'),
  })[argument]();
  const before = picture();
  window.measured = new Promise((done, fail) => {
    setTimeout(() => fail(`no new picture: ${argument}`), 20000);
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


def main() -> None:
    executable = find_chromium() or sys.exit(NO_CHROMIUM)
    chosen = [case for case in CASES if len(sys.argv) == 1 or case.name in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as folder, open_page(executable) as page:
        lab = Lab(Path(folder))
        try:
            print(f"key press to new picture, {PRESSES} presses each in turn: median / 95th percentile in ms")
            print(f"{'':<42}{'label':>12}{'interact':>14}{'explorer':>14}  times interact  times label")
            for case in chosen:
                for name, label in case.timed.items():
                    report(case, name, measure(Notebook(lab, page), case, name, label))
        finally:
            lab.stop()


def measure(notebook: Notebook, case: Case, name: str, label: str) -> dict[str, list[float]]:
    """Return the milliseconds of each kind's presses."""
    kind = f"explorers.{case.name}"
    cells = [
        SET_UP,
        f"as_label({kind}, {name!r}).add_class('bench-label')",
        f"under_interact({kind}, {name!r}).add_class('bench-interact')",
        f"{kind}().add_class('bench-explorer')",
    ]
    notebook.open(notebook.lab.write(f"bench_{case.name}_{name}.ipynb", cells)).run_all()
    if errors := notebook.output_errors():
        sys.exit(f"{case.name}, {name}: {errors}")
    milliseconds: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for press in range(-WARM_UP, PRESSES):
        for kind in KINDS:
            forward = notebook.script(FOCUS, {"kind": kind, "name": label})
            notebook.script(IDLE)
            notebook.script(WATCH, kind)
            back = {"ArrowRight": "ArrowLeft", "ArrowDown": "ArrowUp"}[forward]
            notebook.page.keyboard.press(forward if (press + WARM_UP) % 16 < 8 else back)
            taken = notebook.script(MEASURED)
            if press >= 0:
                milliseconds[kind].append(taken)
    notebook.shut_down()
    return milliseconds


def report(case: Case, name: str, milliseconds: dict[str, list[float]]) -> None:
    middle = {kind: median(values) for kind, values in milliseconds.items()}
    late = {kind: quantiles(values, n=20)[-1] for kind, values in milliseconds.items()}
    ratio = middle["explorer"] / middle["interact"]
    figures = "".join(f"{middle[kind]:>8.0f} /{late[kind]:>4.0f}" for kind in KINDS)
    verdict = "" if ratio <= TARGET else "MISSED"
    print(
        f"{case.name + ', ' + name:<40}{figures}  {ratio:>8.2f} [<= {TARGET}]"
        f"{middle['explorer'] / middle['label']:>8.1f}  {verdict}".rstrip(),
        flush=True,
    )


if __name__ == "__main__":
    main()
