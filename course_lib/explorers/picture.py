"""How every explorer looks: colours, matplotlib's style, the page's style, and a figure as one piece of SVG."""

from __future__ import annotations

import html
import io
import re
import textwrap
from typing import Any

from matplotlib import rcParamsDefault
from matplotlib.artist import Artist
from matplotlib.backends.backend_svg import FigureCanvasSVG, RendererSVG
from matplotlib.figure import Figure

# Okabe and Ito 2008: told apart with every common form of colour blindness.
BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442",
)  # fmt: skip
INK, MUTED, FAINT = "#222222", "#5F6368", "#D5D8DC"
LABEL_BOX = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0}

PLAIN: Any = {name: rcParamsDefault[name] for name in rcParamsDefault if name != "backend"}
"""Matplotlib's own defaults: under an explorer's style lies no style that a notebook chose for its own figures."""

STYLE: Any = {
    "svg.fonttype": "none",  # text stays text: smaller, sharper, readable by a screen reader
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "sans-serif"],
    "font.size": 9,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
}

# Run once by the page. Without it JupyterLab takes arrows, space and letters for its own commands (the arrows of a
# drop-down list leave the cell, typing "dd" in it deletes the cell), and ipywidgets leaves its sliders without a name.
ON_LOAD = """
const root = this.closest('.course-explorer');
const plain = event => !(event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key === 'Enter'));
root.addEventListener('keydown', event => plain(event) && event.stopPropagation());
root.querySelector('.course-sentence').setAttribute('aria-live', 'polite');
const name = () => root.querySelectorAll('.noUi-handle, .widget-readout').forEach(part => {
  const slider = part.closest('.widget-slider');
  const labels = [slider, slider.parentElement].map(place => place.querySelector('label').textContent);
  part.setAttribute('aria-label', labels.find(text => text));
});
root.addEventListener('focusin', name);
setTimeout(name);
"""

CSS = """<style onload="ON_LOAD">
.course-explorer {border: 1px solid #d5d8dc; border-radius: 6px; padding: 8px 12px; box-sizing: border-box;
  max-width: 940px; overflow: hidden; background: #ffffff}
.course-controls {gap: 2px 18px}
.course-explorer .widget-label, .course-explorer .widget-label-basic, .course-explorer .widget-readout {color: #222222}
.course-picture svg {display: block; width: 100%; height: auto; margin: 0 auto}
.course-stale {opacity: 0.3}
.course-sentence p {margin: 2px 0 0 0; font-size: 14px; line-height: 1.45; color: #222222;
  overflow-wrap: anywhere; white-space: normal}
.course-sentence p.course-problem {border-left: 4px solid #d55e00; padding-left: 8px}
.course-explorer :focus-visible {outline: 2px solid #0072b2; outline-offset: 1px}
</style>""".replace("ON_LOAD", html.escape(ON_LOAD))


def figure_svg(figure: Figure) -> str:
    """Return all of the figure that stays, as one `<svg>` element; its moving (animated) artists are left out."""
    buffer = io.StringIO()
    FigureCanvasSVG(figure).print_svg(buffer, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return _bare(buffer.getvalue())


def layered_svg(backdrop: str, figure: Figure, moving: list[Artist]) -> str:
    """Return `backdrop` with the moving artists drawn above it."""
    buffer = io.StringIO()
    renderer = RendererSVG(figure.bbox.width, figure.bbox.height, buffer, image_dpi=figure.dpi)
    for artist in moving:
        artist.draw(renderer)
    renderer.finalize()
    layer = _bare(buffer.getvalue())
    styled = backdrop.replace("<svg ", '<svg style="stroke-linejoin:round;stroke-linecap:butt" ', 1)
    return styled[: -len("</svg>")] + layer[layer.index(">") + 1 :]


def described(svg: str, sentence: str) -> str:
    """Return the picture with `sentence` as its accessible name, in place of any that it has."""
    unnamed = re.sub(r'^<svg role="img" aria-label="[^"]*"', "<svg", svg)
    return f'<svg role="img" aria-label="{html.escape(sentence, quote=True)}"' + unnamed.removeprefix("<svg")


def _bare(document: str) -> str:
    """Return the `<svg>` element alone, without the style that would hold for the whole page around it."""
    element = document[document.index("<svg") :].rstrip()
    return re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<defs>\s*</defs>", "", element, flags=re.DOTALL)


def captioned_svg(svg: str, sentence: str) -> str:
    """Return the picture with its sentence written below it, for a page where the explorer is not alive."""
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert box is not None, "matplotlib writes a viewBox"
    width, height = float(box[1]), float(box[2])
    lines = textwrap.wrap(sentence, int(width / 6.4))
    taller = height + 15 * len(lines) + 8
    svg = re.sub(r'height="[\d.]+pt"', f'height="{taller:g}pt"', svg, count=1)
    svg = svg.replace(box[0], f'viewBox="0 0 {box[1]} {taller:g}"', 1)
    font = "font: 10.5px 'DejaVu Sans', Verdana, Arial, sans-serif"
    rows = "".join(
        f'<text x="8" y="{height + 14 + 15 * row:g}" style="{font}; fill: {INK}">{html.escape(line)}</text>\n'
        for row, line in enumerate(lines)
    )
    background = f'<rect x="0" y="{height - 1:g}" width="{width:g}" height="{taller - height + 1:g}" fill="white"/>\n'
    return svg[: svg.rindex("</svg>")] + background + rows + "</svg>\n"
