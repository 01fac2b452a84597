"""What every explorer shares: controls, one picture, one sentence, and how they stay in step.

A subclass names its controls, one pure function from their values to a view (a frozen dataclass with a `sentence`),
and how that view is drawn; everything else is here, but for how it looks, which is in `picture`. The picture is one
persistent matplotlib figure whose artists are updated in place and which is sent as SVG: no flicker, no pyplot state,
nothing left behind when it is closed.
"""

from __future__ import annotations

import asyncio
import html
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar, Protocol, TypeVar

import ipywidgets as widgets
from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from traitlets import TraitError

from course_lib.explorers.picture import CSS, PLAIN, STYLE, captioned_svg, described, figure_svg, layered_svg

REDRAW_GAP = 0.015
"""Seconds left to waiting events after a redraw, so that only the latest of them is drawn."""

DRAWING = threading.RLock()
"""Held while drawing: JupyterLab has controls' moves handled in a thread of their own, and a cell may draw as well."""

ArtistT = TypeVar("ArtistT", bound=Artist)


class View(Protocol):
    """What an explorer's pure function returns: anything with a sentence in plain words."""

    @property
    def sentence(self) -> str:
        """The answer in plain words; also the accessible text of the picture."""


class Explorer(widgets.VBox):
    """Controls, one picture and one sentence that follow the controls.

    A subclass gives `view` (its pure function, called with the controls' values by name), `figure_size` (inches),
    `sentence_lines` (room for the longest sentence, so that nothing below it jumps), and the methods `make_controls`,
    `build` and `draw`. A control is any widget with a `value`; one that also has a `problem` (a non-empty text) stops
    the drawing and has that text shown instead. So does a `ValueError` or `TypeError` of `view`: the last picture is
    dimmed, and the explorer goes on with the next change.
    """

    view: ClassVar[Callable[..., View]]
    figure_size: ClassVar[tuple[float, float]] = (8.0, 3.4)
    sentence_lines: ClassVar[int] = 3
    _count: ClassVar[int] = 0

    def __init__(self, **initial: Any) -> None:
        """Build the controls and the figure, apply `initial` values by control name, and draw once."""
        Explorer._count += 1
        self._style: Any = {**PLAIN, **STYLE, "svg.hashsalt": f"{type(self).__name__}-{Explorer._count}"}
        self._held = 0
        self._timer: asyncio.TimerHandle | None = None
        self._not_before = 0.0
        self.sentence = ""
        self._moving: list[Artist] = []
        with DRAWING, rc_context(self._style):
            self.figure = Figure(figsize=self.figure_size, facecolor="white")
            self.build(self.figure)
            self.svg = self._backdrop = figure_svg(self.figure)
        self.controls: dict[str, widgets.Widget] = self.make_controls()
        self._held += 1
        self._set(initial)
        self._held -= 1
        self._picture = widgets.HTML().add_class("course-picture")
        room = {"min_height": f"{20.3 * self.sentence_lines + 2:.0f}px"}
        self._sentence = widgets.HTML(layout=room).add_class("course-sentence")
        super().__init__([widgets.HTML(CSS, layout={"display": "none"}), self.arrange(), self._picture, self._sentence])
        self.add_class("course-explorer")
        self.add_class(f"course-{type(self).__name__}")
        for control in self.controls.values():
            control.observe(self._changed, [n for n in ("value", "problem") if control.has_trait(n)])
        self.refresh()

    def make_controls(self) -> dict[str, widgets.Widget]:
        """Return the controls by name; the names are those of `view`'s arguments."""
        raise NotImplementedError

    def build(self, figure: Figure) -> None:
        """Make the figure's axes and artists, once; hand to `moving` each artist that `draw` changes."""
        raise NotImplementedError

    def draw(self, view: Any) -> None:
        """Set the data of the moving artists to those of `view`."""
        raise NotImplementedError

    def moving(self, *artists: ArtistT) -> ArtistT:
        """Mark artists (an axes too) as drawn anew at each change, above all that stays; return the first."""
        for artist in artists:
            artist.set_animated(True)
            self._moving.append(artist)
        return artists[0]

    def arrange(self) -> widgets.Widget:
        """Return the controls laid out; by default in rows that wrap on a narrow screen."""
        return widgets.HBox(list(self.controls.values()), layout={"flex_flow": "row wrap"}).add_class("course-controls")

    def values(self) -> dict[str, Any]:
        """Return the controls' values by name."""
        return {name: control.value for name, control in self.controls.items()}

    def follow(
        self,
        controls: dict[str, Any],
        preset: str,
        own: Any,
        known: Callable[[Any], dict[str, Any]],
        names: Iterable[str],
    ) -> None:
        """Let the control `preset` set others to what `known` says of its value.

        It goes back to `own` as soon as one of the controls `names` has another value than the preset's.
        """

        def lead(change: Any) -> None:
            with self.hold():
                self._set(known(change["new"]))

        def leave(name: str, change: Any) -> None:
            if known(controls[preset].value).get(name, change["new"]) != change["new"]:
                with self.hold():
                    controls[preset].value = own

        controls[preset].observe(lead, "value")
        for name in names:
            controls[name].observe(partial(leave, name), "value")

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Let several controls change and draw once at the end."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            self._changed()

    def set(self, **values: Any) -> None:
        """Set several controls by name and draw once, at once; `ValueError` for a name or a value they do not have."""
        with self.hold():
            self._set(values)
        self._catch_up()

    def _set(self, values: dict[str, Any]) -> None:
        """Apply the values in the order of the controls: a preset before the numbers that it would move."""
        for name in values:
            if name not in self.controls:
                raise ValueError(f"{type(self).__name__} has no control {name!r}; it has {', '.join(self.controls)}")
        for name, control in self.controls.items():
            if name not in values:
                continue
            value = values[name]
            if getattr(control, "problem", ""):
                control.problem = ""  # first, because setting the value it had before the problem changes nothing
            try:
                control.value = value
            except TraitError as error:
                options = [str(option) for option in getattr(control, "options", ())]
                accepted = f"; accepted: {', '.join(options)}" if options else ""
                raise ValueError(f"{name} cannot be {value!r}: {error}{accepted}") from None

    def _changed(self, _change: Any = None) -> None:
        """Draw now, or, so soon after the last drawing that more events may be waiting, once they are in."""
        if self._held:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.refresh()
            return
        if self._timer is not None:
            return
        wait = self._not_before - time.monotonic()
        if wait > 0:
            self._timer = loop.call_later(wait, self.refresh)
        else:
            self.refresh()

    def _catch_up(self) -> None:
        """Draw now what a timer would draw a moment later, for code that reads the answer in its next line."""
        if self._timer is not None and not self._held:
            self.refresh()

    def refresh(self) -> None:
        """Compute the view of the controls' values now and show its picture and its sentence."""
        with DRAWING:
            self._refresh()

    def _refresh(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        problem = next((text for c in self.controls.values() if (text := getattr(c, "problem", ""))), "")
        if not problem:
            try:
                view = type(self).view(**self.values())
            except (ValueError, TypeError) as error:
                problem = str(error)
        if problem:
            self._show_problem(problem)
        else:
            self._show(view)
        self._not_before = time.monotonic() + REDRAW_GAP

    def _show(self, view: View) -> None:
        self.sentence = view.sentence
        with rc_context(self._style):
            self.draw(view)
            self.svg = described(layered_svg(self._backdrop, self.figure, self._moving), self.sentence)
        self._picture.remove_class("course-stale")
        self._picture.value = self.svg
        self._sentence.value = f'<p role="status">{html.escape(self.sentence)}</p>'

    def _show_problem(self, problem: str) -> None:
        self.sentence = f"Not drawn: {problem}"
        self._picture.add_class("course-stale")
        self._picture.value = self.svg = described(self.svg, self.sentence)
        self._sentence.value = f'<p role="status" class="course-problem">{html.escape(self.sentence)}</p>'

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """Carry the picture and the sentence beside the live widget, for readers without a kernel."""
        self._catch_up()
        bundle = dict(super()._repr_mimebundle_(**kwargs) or {})
        return bundle | {"image/svg+xml": captioned_svg(self.svg, self.sentence), "text/plain": self.sentence}

    def close(self) -> None:
        """Close the explorer and its parts, and forget a drawing that was still to come."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._held += 1
        super().close()
        for part in parts_of(self):
            part.close()


def parts_of(widget: widgets.Widget) -> Iterator[widgets.Widget]:
    """Yield everything that the widget is made of: what it contains, their layouts and their styles."""
    for child in getattr(widget, "children", ()):
        yield child
        yield from parts_of(child)
    for name in ("layout", "style"):
        if isinstance(part := getattr(widget, name, None), widgets.Widget):
            yield part
