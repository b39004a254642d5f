"""`draw`: a picture of the kind that was asked for, as text, as files, and in a notebook."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from os import PathLike
from pathlib import Path
from textwrap import wrap
from typing import Any

from autograd.tape import wengert_list
from viz.arguments import Detail, Direction, Theme, choice, values_in, whole
from viz.files import saved
from viz.numbers import printable
from viz.once import once
from viz.picture import cards, formats, graphviz, layout, paint, stages
from viz.picture.layout import Places
from viz.picture.scene import Card, Grid, Note, Panel, Scene, narrower, shaded
from viz.picture.stage_graph import Stage
from viz.source import Failure, given, without_value

FORMATS = {".svg": "svg", ".png": "png", ".html": "html", ".dot": "dot", ".pdf": "pdf", ".mmd": "mermaid"}
COLUMN, NARROW = 1000, 840  # pixels of a notebook's column: the widest picture there, and the column of a small window
WIDEST = COLUMN * 0.75  # points: the widest picture that still goes to the right
LEGIBLE = 9.0  # pixels: the smallest type that "auto" gives
HOPE = 1.6  # times the widest: what is wider in plain columns is not laid out to see whether it can be read
HIGHEST = 5 * WIDEST  # points
MANY = 120  # values that a picture holds unless more are asked for
FOLDS = 20  # rows, at most, of a picture that is folded


class Diagram:
    """A picture of a graph as it was when it was drawn. It shows itself in Jupyter, and `save` writes it to a file.

    >>> from autograd import Value
    >>> picture = draw(Value(2.0, "x").exp())
    >>> picture, picture.svg[:4], "exp" in picture.dot
    (<Computation graph of 2 values>, '<svg', True)
    """

    def __init__(self, what: Scene, direction: str, theme: str, legend: bool, places: Places | None = None) -> None:
        self.scene, self.direction, self.theme, self.legend, self._places = what, direction, theme, legend, places

    @once
    def digraph(self) -> Any:
        """The graph as a `graphviz.Digraph`, with value, gradient and local derivatives as its labels."""
        return graphviz.digraph(self.scene, self.direction)

    @property
    def dot(self) -> str:
        """The graph in Graphviz's language."""
        return str(self.digraph.source)

    @once
    def svg(self) -> str:
        """The picture as SVG."""
        places = self._places or graphviz.arrange(self.scene, self.direction)
        return paint.svg(self.scene, places, self.direction, self.theme, self.legend, repr(self)[1:-1])

    @property
    def html(self) -> str:
        """The picture as a page of its own."""
        return formats.page(self.svg, repr(self)[1:-1], self.theme)

    @once
    def png(self) -> bytes:
        """The picture as PNG, two pixels to one of the SVG's (fewer above 40 million), in a font of this package."""
        return formats.png(self.svg)

    @property
    def pdf(self) -> bytes:
        """The picture as PDF, of lines and text, by Typst (extra `pdf`)."""
        return formats.pdf(self.svg)

    @property
    def mermaid(self) -> str:
        """The graph in Mermaid's language, which GitHub draws in a Markdown file."""
        return formats.mermaid(self.scene, self.direction)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return formats.size(self.svg)

    @property
    def natural(self) -> float:
        """The width in points that plain columns would have: quickly known, and near that of the picture."""
        return WIDEST if self._places else layout.natural_width(self.scene, self.direction)

    @property
    def smallest(self) -> float:
        """The height of the smallest type, in pixels, where the picture is at most 1000 pixels wide."""
        return formats.smallest(self.svg) * min(1.0, COLUMN / self.size[0])

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the picture to a file, by its suffix: .svg, .png, .html, .dot, .mmd, or .pdf (extra `pdf`); returns it.

        ValueError for another suffix, OSError where the file cannot be written.
        """
        return saved(self, "picture", path, FORMATS)

    def __repr__(self) -> str:
        shown, total = self.scene.shown, self.scene.total
        count = f"{total} values" if shown == total else f"{shown} of {total} values"
        return f"<Computation graph of {count}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> tuple[Any, Any]:
        # No text/html: it would outrank SVG in every front end, and be dropped by some. To make a PNG takes longer than all
        # else together, and no front end asks for one: `display(picture, include=["image/png"])` does.
        made: dict[str, Callable[[], str]] = {
            "image/svg+xml": lambda: formats.fitted(self.svg, COLUMN, NARROW),
            "image/png": lambda: b64encode(formats.png(self.svg, 2 * COLUMN)).decode(),
            "text/plain": lambda: repr(self),
        }
        asked = {*(include or {*made} - {"image/png"})} - {*(exclude or ())}
        wide = {"image/png": {"width": min(COLUMN, self.size[0])}} if "image/png" in asked else {}
        return {kind: text() for kind, text in made.items() if kind in asked}, wide

    def _mime_(self) -> tuple[str, str]:
        return "image/svg+xml", formats.address(self.svg)  # what marimo asks for; it shows a bundle as a row of tabs


def draw(
    output: Any,
    *args: Any,
    detail: Detail = "auto",
    direction: Direction = "auto",
    max_nodes: int = 120,
    depth: int = 1,
    theme: Theme = "auto",
    digits: int = 4,
    legend: bool = True,
) -> Diagram:
    """A picture of the graph of a Value, or of several: value and gradient of everything, local derivatives on the edges.

    Of a function and its arguments it is the graph of what the function gives. An error that stops the function carries
    the graph up to there as `error.picture`.

    With detail "values" a card shows each value, in a lane for each outermost scope; with "stages" a panel shows each
    scope with its vectors and matrices and their gradients, a Jacobian on each edge. Stages of nested scopes are those of
    `depth` 1, the outermost ones such as layers; of depth 2 their parts, such as neurons. "auto" is the first of these
    whose smallest type is 9 pixels or more where the picture is 1000 pixels wide: up to `max_nodes` values, stages if
    there are scopes, or fewer of them, those nearest to the output.

    From depth 2 on, pictures go from left to right where they can be read so, and where there is little room each gradient
    is the shade of its value. Outermost scopes that share parameters, such as the positions of a text, then stand one below
    the other, and no parameters are drawn. A picture that was asked for and is too wide to be read says so.

    `direction` is "right", "down", or "auto": right while that is at most 1000 pixels wide, or where down would be wider
    still; a long chain goes right in several rows. A picture holds `max_nodes` values or stages, those nearest to the
    output, and its caption counts the rest. `theme` is "light", "dark", or "auto": as the reader's screen. Numbers have
    `digits` significant digits, those of stages one less.
    TypeError for anything but Values, ValueError for an argument that is none of its choices.

    >>> from autograd import Value
    >>> w, x = Value(0.5, "w"), Value(2.0, "x", role="input")
    >>> draw((w * x).tanh())
    <Computation graph of 4 values>
    """
    choice("detail", detail, Detail)
    choice("direction", direction, Direction)
    choice("theme", theme, Theme)
    for word, count, least in (("max_nodes", max_nodes, 1), ("digits", digits, 2), ("depth", depth, 1)):
        whole(word, count, least)
    order = wengert_list(values_in(output := given(output, args, failed)[0]))
    scoped = any(v.scope for v in order)

    def values(most: int) -> Iterator[Diagram]:
        yield from _ways(cards.scene(output, most, digits), direction, theme, legend)

    def staged(most: int) -> Iterator[Diagram]:
        shown = stages.scene(output, depth, most, digits)
        scenes = [shown, narrower(shown), shaded(shown)] if depth > 1 else [shown, narrower(shown)]
        # Neurons, heads and positions stand one below the other: from left to right they read like a text.
        for way in ("right", "down") if depth > 1 and direction == "auto" else (direction,):
            for scene in scenes:
                yield from _ways(scene, way, theme, legend)

    if detail != "auto":
        found = staged(max_nodes) if detail == "stages" else values(max_nodes)
    elif scoped:
        found = chain(values(max_nodes) if len(order) <= max_nodes else (), *map(staged, (max_nodes, 12, 6)))
    else:
        fewer = (n for n in (60, 30, 15) if max_nodes <= MANY and n < len(order))  # whoever asks for more wants them
        found = chain.from_iterable(map(values, (max_nodes, *fewer)))
    return next(found) if detail != "auto" != direction else _readable(found, asked=detail != "auto")


def _readable(found: Iterator[Diagram], asked: bool) -> Diagram:
    """The first of these that can be read; of none such the narrowest, which says so."""
    tried = list[Diagram]()
    for diagram in found:
        folds = diagram.direction == "down" or diagram._places  # what goes on downwards is read like a text
        high = 0.0 if folds else max(layout.rooms(diagram.scene, "right").values())
        if diagram.natural < HOPE * WIDEST and high < HIGHEST and diagram.smallest >= LEGIBLE:
            return diagram
        tried.append(diagram)
    best = min(tried, key=lambda diagram: diagram.natural)
    advice = 'detail="auto" makes one that can be read.' if asked else ""
    note = Note("wide", f"In a column of {COLUMN:,} pixels the type of this picture is too small to be read.", advice)
    scene = replace(best.scene, notes=[*best.scene.notes, note])
    return Diagram(scene, best.direction, best.theme, best.legend, best._places)


def _ways(shown: Scene, direction: Direction, theme: str, legend: bool) -> Iterator[Diagram]:
    """A scene in the directions that are asked for, the one that suits it first."""
    if direction != "auto":
        yield Diagram(shown, direction, theme, legend)
        return
    right, down = (layout.natural_width(shown, way) for way in ("right", "down"))
    column = {card.id: card.column for card in shown.cards}
    local = not any(2 * (column[w.head] - column[w.tail]) > max(column.values()) for w in shown.wires)
    ribbon = (2 * WIDEST < right < FOLDS * WIDEST or 3 * down < WIDEST < right) and local and not shown.lanes
    if ribbon and not shown.staged and (places := layout.folded(shown, graphviz.arrange(shown, "right"), WIDEST - 30)):
        yield Diagram(shown, "right", theme, legend, places)
    ways = ("right", "down") if right <= max(WIDEST, down) else ("down", "right")  # or what is wide is made wider
    for way in ways:
        yield Diagram(shown, way, theme, legend)


def failed(failure: Failure) -> Diagram:
    """The graph up to an operation that has no value, which stands in red with the reason."""
    last = without_value(failure)
    scene = cards.scene([last, *failure.others], 120, 4)

    def redrawn(card: Any) -> Card | Panel:
        if card.node is not last:
            return replace(card, kind=card.node.role or "operation") if card.kind == "output" else card  # type: ignore[no-any-return]
        words = Grid("has no value", [[line] for line in wrap(failure.message, 46)])
        what, place = printable(failure.what, 60), (card.lane, card.column)
        return Panel(card.id, "failed", what, "", [words], failure.message, *place, Stage(None, None))

    red = next(card.id for card in scene.cards if isinstance(card, Card) and card.node is last)
    wires = [replace(w, derivative="", flow="", shown=False, title="") if w.head == red else w for w in scene.wires]
    notes = [note for note in scene.notes if note.kind == "cut"]
    scene = replace(scene, cards=[redrawn(card) for card in scene.cards], wires=wires, notes=notes)
    wide = layout.natural_width(scene, "right") <= WIDEST
    return Diagram(scene, "right" if wide else "down", "auto", legend=False)
