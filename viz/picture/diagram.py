"""`draw`: a picture of the kind that was asked for, as text, as files, and in a notebook."""

from __future__ import annotations

from base64 import b64encode
from contextlib import suppress
from dataclasses import replace
from os import PathLike
from pathlib import Path
from textwrap import wrap
from typing import Any

from autograd.tape import wengert_list
from viz.arguments import DETAILS, Detail, Direction, Theme, choice, values_in, whole
from viz.files import saved
from viz.numbers import printable
from viz.once import once
from viz.picture import cards, formats, graphviz, layout, paint, stages
from viz.picture.colours import THEMES
from viz.picture.scene import Card, Grid, Panel, Scene
from viz.source import Failure, given, without_value

DIRECTIONS = ("auto", "right", "down")
FORMATS = {".svg": "svg", ".png": "png", ".html": "html", ".dot": "dot", ".pdf": "pdf"}
COLUMN, NARROW = 1000, 840  # pixels of a notebook's column: the widest picture there, and the column of a small window
WIDEST = COLUMN * 0.75  # points: the widest picture that still goes to the right


class Diagram:
    """A picture of a graph as it was when it was drawn. It shows itself in Jupyter, and `save` writes it to a file.

    >>> from autograd import Value
    >>> picture = draw(Value(2.0, "x").exp())
    >>> picture, picture.svg[:4], "exp" in picture.dot
    (<Computation graph of 2 values>, '<svg', True)
    """

    def __init__(self, what: Scene, direction: str, theme: str, legend: bool) -> None:
        self.scene, self.direction, self.theme, self.legend = what, direction, theme, legend

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
        places = graphviz.arrange(self.scene, self.direction)
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
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return formats.size(self.svg)

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the picture to a file, by its suffix: .svg, .png, .html, .dot, or .pdf (extra `pdf`); returns the path.

        ValueError for another suffix, OSError where the file cannot be written.
        """
        return saved(self, "picture", path, FORMATS)

    def __repr__(self) -> str:
        shown, total = self.scene.shown, self.scene.total
        count = f"{total} values" if shown == total else f"{shown} of {total} values"
        return f"<Computation graph of {count}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> tuple[Any, Any]:
        wide, high = (round(n * min(1.0, COLUMN / self.size[0])) for n in self.size)
        # No text/html: it would outrank SVG in every front end, and be dropped by some.
        bundle = {"image/svg+xml": formats.fitted(self.svg, COLUMN, NARROW), "text/plain": repr(self)}
        metadata = {}
        with suppress(ImportError):  # no renderer for this platform
            bundle["image/png"] = b64encode(self.png).decode()
            metadata["image/png"] = {"width": wide, "height": high}
        return {k: v for k, v in bundle.items() if (not include or k in include) and k not in (exclude or ())}, metadata

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
    scope with its vectors and matrices and their gradients, a Jacobian on each edge; "auto" is values up to
    `max_nodes` of them, then stages if there are scopes. Stages of nested scopes are those of `depth` 1, the outermost
    ones such as layers; of depth 2 their parts, such as neurons.

    `direction` is "right", "down", or "auto": right while that is at most 1000 pixels wide, or where down would be wider
    still. A picture holds `max_nodes` values or stages, those nearest to the output, and its caption counts the rest. `theme`
    is "light", "dark", or "auto": as the reader's screen. Numbers have `digits` significant digits, local derivatives one less.
    TypeError for anything but Values, ValueError for an argument that is none of its choices.

    >>> from autograd import Value
    >>> w, x = Value(0.5, "w"), Value(2.0, "x", role="input")
    >>> draw((w * x).tanh())
    <Computation graph of 4 values>
    """
    output, _ = given(output, args, failed)
    choice("detail", detail, DETAILS)
    choice("direction", direction, DIRECTIONS)
    choice("theme", theme, THEMES)
    whole("max_nodes", max_nodes, 1)
    whole("digits", digits, 2)
    whole("depth", depth, 1)
    if detail == "auto":
        order = wengert_list(values_in(output))
        detail = "stages" if len(order) > max_nodes and any(v.scope for v in order) else "values"
    staged = detail == "stages"
    shown = stages.scene(output, depth, max_nodes, digits) if staged else cards.scene(output, max_nodes, digits)
    if direction == "auto":
        right, down = (layout.natural_width(shown, way) for way in ("right", "down"))
        direction = "right" if right <= max(WIDEST, down) else "down"  # or what is wide is made wider
    return Diagram(shown, direction, theme, bool(legend))


def failed(failure: Failure) -> Diagram:
    """The graph up to an operation that has no value, which stands in red with the reason."""
    last = without_value(failure)
    scene = cards.scene([last, *failure.others], 120, 4)

    def redrawn(card: Any) -> Card | Panel:
        if card.node is not last:
            return replace(card, kind=card.node.role or "operation") if card.kind == "output" else card  # type: ignore[no-any-return]
        words = Grid("has no value", [[line] for line in wrap(failure.message, 46)])
        rest: Any = card.lane, card.column, "", [], [], []
        return Panel(card.id, "failed", printable(failure.what, 60), "", [words], failure.message, *rest)

    red = next(card.id for card in scene.cards if isinstance(card, Card) and card.node is last)
    wires = [replace(w, derivative="", shown=False, title="") if w.head == red else w for w in scene.wires]
    notes = [note for note in scene.notes if note.kind == "cut"]
    scene = replace(scene, cards=[redrawn(card) for card in scene.cards], wires=wires, notes=notes)
    wide = layout.natural_width(scene, "right") <= WIDEST
    return Diagram(scene, "right" if wide else "down", "auto", legend=False)
