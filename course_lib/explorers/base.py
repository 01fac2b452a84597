"""What joins an explorer's controls, its view and its picture, and keeps the sentence in step with them.

A subclass names its controls, one pure function from their values to a view (a frozen dataclass with a `sentence` and
its `facts`), and the picture that follows the view; everything else is here. Nothing of it needs to be reached by an
underscore.
"""

from __future__ import annotations

import asyncio
import html
import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from importlib.resources import files
from typing import Any, ClassVar, NamedTuple

import ipywidgets as widgets
from ipywidgets.widgets.widget_string import HTMLStyle
from traitlets import TraitError

from course_lib.explorers.picture import (
    DRAWING,
    GREYS,
    MIND,
    PALETTE,
    WIDE,
    Picture,
    View,
    captioned_svg,
    described,
    in_words,
)

REDRAW_GAP = 0.015
"""Seconds left to waiting events after a redraw, so that only the latest of them is drawn."""


class Lead(NamedTuple):
    """A preset that moves other controls: where it goes once one of them is moved, and what it makes of them."""

    own: Any
    known: Callable[[Any], dict[str, Any]]
    names: tuple[str, ...]


class Explorer(widgets.VBox):
    """Controls, one sentence, one picture and a few facts that follow the controls.

    A subclass gives `view` (its pure function, called with the controls' values by name), `pictures` (the first is the
    usual one; `choose` may take another), `groups` (the controls' names under the title of each group; of those in
    `folded`, the title opens the group), and the method `make_controls`. It may also give `make_buttons`, `arrange`,
    `overlay`, `react`, `values`, `idle`, `drag` and `follow_up`.

    A control is any widget with a `value`; one that also has a `problem` (a non-empty text) stops the drawing and has
    that text shown instead, and below it. So does a `ValueError` or `TypeError` of `view`: the last picture is dimmed,
    and the explorer goes on with the next change. Any other error is shown alike, and raised.
    """

    view: ClassVar[Callable[..., View]]
    pictures: ClassVar[tuple[type[Picture], ...]]
    groups: ClassVar[dict[str, tuple[str, ...]]] = {}
    folded: ClassVar[tuple[str, ...]] = ()
    _count: ClassVar[int] = 0

    def __init__(self, **initial: Any) -> None:
        """Build the controls and the picture, apply `initial` values by control name, and draw once."""
        Explorer._count += 1
        self._salt = f"{type(self).__name__}-{Explorer._count}"
        self._held = 1
        self._timer: asyncio.TimerHandle | None = None
        self._not_before = 0.0
        self._leads: dict[str, Lead] = {}
        self._made: dict[tuple[type[Picture], float], Picture] = {}
        self._width: float = WIDE
        self.picture = self._make(self.pictures[0])
        self.svg, self.sentence = self.picture.backdrop, ""
        self.facts: tuple[tuple[str, str], ...] = ()
        self.shown: Any = None
        self.alike = alike()
        self._image = widgets.HTML(_dom_classes=["course-picture"], style=self.alike["style"])
        self._spoken = widgets.HTML(_dom_classes=["course-sentence"], **self.alike)
        self._listed = widgets.HTML(_dom_classes=["course-facts"], **self.alike)
        self._unseen = widgets.Layout(display="none")
        self._room_for_picture = widgets.IntText(_dom_classes=["course-room-for-picture"], layout=self._unseen)
        self._room_for_picture.observe(lambda change: self.fit(change["new"]), "value")
        self._pointer = widgets.FloatText(-1.0, _dom_classes=["course-pointer-on-picture"], layout=self._unseen)
        self._pointer.observe(lambda change: self._pointed(change["new"]), "value")
        self._cells: dict[str, widgets.VBox] = {}
        self.controls: dict[str, widgets.Widget] = self.make_controls()
        self.buttons: dict[str, widgets.Widget] = self.make_buttons()
        self._defaults = self.values()
        for name, control in self.controls.items():
            control.observe(partial(self._moved, name), "value")
            if control.has_trait("problem"):
                control.observe(self._changed, "problem")
        self.put(**initial)
        self._over = self.overlay()
        image: widgets.Widget = self._image
        if self._over is not None:
            image = self._box(widgets.VBox, "stack", [image, self._over.add_class("course-overlay")])
        look = widgets.HTML(page(), layout=self._unseen, style=self.alike["style"])
        parts = [look, self._room_for_picture, self._pointer, self.arrange(), self._spoken, image, self._listed]
        classes = ["course-explorer", f"course-{type(self).__name__}"]
        super().__init__(parts, _dom_classes=classes)
        self._held = 0
        self.refresh()

    # What a subclass gives

    def make_controls(self) -> dict[str, widgets.Widget]:
        """Return the controls by name; the names are those of `view`'s arguments."""
        raise NotImplementedError

    def make_buttons(self) -> dict[str, widgets.Widget]:
        """Return what else stands among the controls, by name, to be named in `groups` as they are."""
        return {}

    def arrange(self) -> widgets.Widget:
        """Return the controls laid out; by default in their groups."""
        groups = self.groups or {"": (*self.controls, *self.buttons)}
        return self._box(widgets.VBox, "controls", [self._group(*group) for group in groups.items()])

    def choose(self, view: Any) -> type[Picture]:
        """Return which of the pictures shows a view."""
        return self.pictures[0]

    def overlay(self) -> widgets.Widget | None:
        """Return what lies on the picture, if there is anything; `reveal` lets it take the picture's place and back."""
        return None

    def react(self, name: str, value: Any) -> None:
        """Move other controls after the control `name` was moved; all is drawn once, afterwards."""

    def values(self) -> dict[str, Any]:
        """Return the controls' values by name."""
        return {name: control.value for name, control in self.controls.items()}

    def idle(self, view: Any) -> dict[str, str]:
        """Return the controls that change nothing now, each with the reason in a few words."""
        return {}

    def follow_up(self) -> None:
        """Bring to `shown` and `sentence` whatever else the subclass shows, after each redraw."""

    def drag(self, across: float) -> None:
        """Follow the pointer that drags what is in the picture's `grip`, at this share of the picture's width."""

    # What a subclass, a test and a learner may call

    def follow(self, preset: str, own: Any, known: Callable[[Any], dict[str, Any]], names: Iterable[str]) -> None:
        """Let the control `preset` set others to what `known` says of its value.

        It goes back to `own` as soon as one of the controls `names` has another value than the preset's.
        """
        self._leads[preset] = Lead(own, known, tuple(names))

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
            self.put(**values)
        self._catch_up()

    def put(self, **values: Any) -> None:
        """Set several controls by name, in the order of the controls: a preset before the numbers that it moves."""
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

    def cell(self, name: str) -> widgets.VBox:
        """Return a control, or a button, in its place: with room below it for what is wrong with it."""
        if name not in self._cells:
            note = [widgets.HTML(_dom_classes=["course-note"], **self.alike)] if name in self.controls else []
            part = (self.controls | self.buttons)[name]
            self._cells[name] = self._box(widgets.VBox, "cell", [part, *note])
        return self._cells[name]

    def fit(self, pixels: float) -> None:
        """Draw for a place so many pixels wide: what a page has room for, or what a test asks for."""
        width = self.pictures[0].width_within(pixels)
        with DRAWING:
            if width != self._width:
                # The width before is kept: a page that turns, or goes to slides and back, has its picture at once.
                self._made = {key: made for key, made in self._made.items() if key[1] in (width, self._width)}
                self._width = width
                self.refresh()

    @property
    def answer(self) -> str:
        """All that the explorer says now, in words: the sentence, and a line for each fact."""
        return in_words(self.sentence, self.facts)

    @property
    def call(self) -> str:
        """The line of Python that makes an explorer of the same state, without what a preset in it brings."""
        values, brought = self.values(), dict(self._defaults)
        for preset, lead in self._leads.items():
            brought |= lead.known(values[preset])
        moved = {name: value for name, value in values.items() if value != brought[name]}
        return f"{type(self).__name__}({', '.join(f'{name}={_in_python(value)}' for name, value in moved.items())})"

    def show_box(self, box: widgets.Box, seen: bool) -> None:
        """Show a box of controls, such as a `cell`, or take it from the page."""
        box.layout = self.alike["layout"] if seen else self._unseen

    def reveal(self, overlay: bool) -> None:
        """Show the overlay in the picture's place, or the picture again."""
        for part, seen in ((self._image, not overlay), (self._over, overlay)):
            if part is not None:
                part.layout.visibility = "visible" if seen else "hidden"

    @property
    def figure(self) -> Any:
        """The figure of the picture that is shown."""
        return self.picture.figure

    @property
    def stale(self) -> bool:
        """Whether the picture is dimmed, as it does not belong to what the controls say now."""
        return "course-stale" in self._image._dom_classes

    # How a change becomes a picture

    def _pointed(self, across: float) -> None:
        if self.picture.grip is not None and 0 <= across <= 1:
            self.drag(across)

    def _moved(self, name: str, change: Any) -> None:
        """Let what depends on a control follow it; draw when all have moved."""
        self._held += 1
        try:
            if self._leads:
                self._lead(name, change["new"])
            self.react(name, change["new"])
        except BaseException as error:
            self._give_up(error)
            raise
        finally:
            self._held -= 1
        if not self._held:
            self._changed()

    def _lead(self, name: str, value: Any) -> None:
        for preset, lead in self._leads.items():
            if name == preset:
                self.put(**lead.known(value))
            elif name in lead.names and lead.known(self.controls[preset].value).get(name, value) != value:
                self.controls[preset].value = lead.own

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
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            try:
                self._redraw()
            except BaseException as error:
                self._give_up(error)
                raise
            finally:
                self._not_before = time.monotonic() + REDRAW_GAP

    def _redraw(self) -> None:
        problems = {name: text for name, one in self.controls.items() if (text := getattr(one, "problem", ""))}
        if problems:
            return self._refuse(next(iter(problems.values())), problems)
        try:
            view = type(self).view(**self.values())
        except (ValueError, TypeError) as error:
            return self._refuse(str(error))
        kind = self.choose(view)
        chosen = self._made.get((kind, self._width)) or self._make(kind)
        svg, sentence, facts = chosen.unnamed_svg(view), view.sentence, view.facts
        self.picture, self.shown, self.sentence, self.facts = chosen, view, sentence, facts
        self.svg = described(svg, sentence)
        self._dim(False)
        self._image.value = self.svg + _grip(chosen)
        self._spoken.value = f"<p>{html.escape(sentence)}</p>"
        self._listed.value = _listed(facts, self.call)
        self._note(self.idle(view), wrong=False)
        self.follow_up()

    def _dim(self, dimmed: bool) -> None:
        for part in (self._image, self._listed):
            (part.add_class if dimmed else part.remove_class)("course-stale")

    def _note(self, notes: dict[str, str], wrong: bool) -> None:
        """Write below each control what there is to say of it; `wrong` tells a problem from a mere hint."""
        for name, cell in self._cells.items():
            said = notes.get(name, "")
            for note in cell.children[1:]:
                note.value = f"<span>{html.escape(said)}</span>" if said else ""
            # After the words: a field that is called invalid has its reason.
            (cell.add_class if said and wrong else cell.remove_class)("course-invalid")
            (cell.add_class if said and not wrong else cell.remove_class)("course-idle")

    def _refuse(self, problem: str, at: dict[str, str] | None = None) -> None:
        """Dim the picture, and say why it is not drawn; `at` has what is wrong with each control, by name."""
        self.shown, self.sentence, self.facts = None, f"Not drawn: {problem}", ()
        self._dim(True)
        self._image.value = self.svg = described(self.svg, self.sentence)
        self._spoken.value = f'<p class="course-problem">{html.escape(self.sentence)}</p>'
        self._note(at or {}, wrong=True)
        self.follow_up()

    def _give_up(self, error: BaseException) -> None:
        """Dim the picture after an error that is no refusal: what it shows no longer belongs to the controls."""
        mistake = f"the course made a mistake here ({type(error).__name__}: {error})"
        stopped = isinstance(error, (KeyboardInterrupt, SystemExit))
        self._refuse("drawing was interrupted; move a control to draw again" if stopped else mistake)

    def _make(self, kind: type[Picture]) -> Picture:
        """Return a picture that is chosen for the first time at this width."""
        self._made[kind, self._width] = made = kind(self._salt, self._width)
        return made

    def _group(self, title: str, names: tuple[str, ...]) -> widgets.Widget:
        """Return the controls of a group under its title; a folded one opens when its title is pressed."""
        cells = self._box(widgets.Box, "grid", [self.cell(name) for name in names])
        if title not in self.folded:
            head: Any = widgets.HTML(html.escape(title), _dom_classes=["course-title"], **self.alike)
        else:
            moved = self.values()
            opened = any(moved[name] != self._defaults[name] for name in names if name in moved)
            head = widgets.ToggleButton(opened, description=title, _dom_classes=["course-fold"])
            link = partial(self.show_box, cells)
            head.observe(lambda change: link(change["new"]), "value")
            link(opened)
        return self._box(widgets.HBox, "group", [head, cells] if title else [cells])

    def _box(self, kind: type[widgets.Box], name: str, parts: Iterable[widgets.Widget]) -> widgets.Box:
        """Return parts in a box that is named in page.css, and looks as all the others do."""
        return kind(list(parts), _dom_classes=[f"course-{name}"], layout=self.alike["layout"])

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """Carry the picture and the sentence beside the live widget, for readers without a kernel."""
        self._catch_up()
        bundle = dict(super()._repr_mimebundle_(**kwargs) or {})
        return bundle | {
            "image/svg+xml": captioned_svg(self.svg, self.sentence, self.facts),
            "text/plain": self.answer,
        }

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


def alike() -> dict[str, Any]:
    """Return a layout and a style for all texts inside one thing on the page, whose boxes take the layout too.

    Each would make its own, and send it to the page. None of them is changed: that would change all. The thing itself
    has its own layout, for whoever writes `explorer.layout.width = "50%"`.
    """
    return {"layout": widgets.Layout(), "style": HTMLStyle()}


@cache
def page(wake: str = "wakeExplorer", root: str = ".course-explorer") -> str:
    """Return the style of every explorer, and the script that the page runs once for each, as one element.

    A page takes no script from a widget, but it runs what a style has for the moment when it is loaded. `wake` is the
    function of page.js that is called with the `root` around the element; a prediction has its own.
    """
    here = files("course_lib") / "explorers"
    script = (here / "page.js").read_text(encoding="utf-8") + f"{wake}(this.closest('{root}'));"
    colours = "".join(f"--course-{name}: {colour}; " for name, colour in (PALETTE | GREYS).items())
    style = f"{root} {{{colours}}}\n" + (here / "page.css").read_text(encoding="utf-8")
    return f'<style onload="{html.escape(script)}">\n{style}</style>'


def _grip(picture: Picture) -> str:
    """Return the place of a picture where a pointer drags what is there; who has no pointer types into a field."""
    if picture.grip is None:
        return ""
    left, bottom, wide, high = (f"{100 * share:.2f}%" for share in picture.grip)
    place = f"left: {left}; bottom: {bottom}; width: {wide}; height: {high}"
    return f'<div class="course-grip" aria-hidden="true" title="Drag the mark" style="{place}"></div>'


def _in_python(value: Any) -> str:
    """Return a value as one would type it: 65.2e9 rather than 65200000000.0."""
    if not isinstance(value, float) or not 1e6 <= value < 1e16:
        return repr(value)
    power = 3 * (math.floor(math.log10(value)) // 3)
    text = f"{repr(value / 10**power).removesuffix('.0')}e{power}"
    return text if float(text) == value else repr(value)


def _listed(facts: Iterable[tuple[str, str]], call: str) -> str:
    """Return the facts as a list of names and values, and the line of Python that leads here."""
    rows = "".join(
        f'<div class="{"course-mind" if name == MIND else "course-fact"}">'
        f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd></div>"
        for name, value in facts
    )
    button = '<button type="button" class="course-copy" title="Copy the line of Python that shows this">Copy</button>'
    return f'<dl>{rows}</dl><p class="course-call"><code>{html.escape(call)}</code>{button}</p>'
