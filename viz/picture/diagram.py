"""A picture of a graph: as text, as files, and in a notebook."""

from __future__ import annotations

import re
from functools import cache, cached_property
from html import escape
from os import PathLike
from pathlib import Path
from typing import Any

from autograd.tape import wengert_list
from viz.arguments import DETAILS, Detail, Direction, Theme, choice, values_in, whole
from viz.files import saved
from viz.picture import cards, layout, paint, stages
from viz.picture.scene import Scene

DIRECTIONS = ("auto", "right", "down")
FORMATS = {".svg": "svg", ".png": "png", ".html": "html", ".dot": "dot", ".pdf": "pdf"}
COLUMN = 1000  # pixels that a notebook has beside its margins: wider pictures are shown smaller there
WIDEST = COLUMN * 0.75  # points: the widest picture that still goes to the right
PIXELS = 40_000_000  # the largest PNG
FONTS = Path(__file__).parent / "fonts"
FAMILY = "Chainrule Sans"
SIZE = r' width="([0-9.]+)" height="([0-9.]+)"'  # of an SVG


class Diagram:
    """A picture of a graph as it was when it was drawn. It shows itself in Jupyter, and `save` writes it to a file.

    >>> from autograd import Value
    >>> picture = draw(Value(2.0, "x").exp())
    >>> picture, picture.svg[:4], "exp" in picture.dot
    (<Computation graph of 2 values>, '<svg', True)
    """

    def __init__(self, what: Scene, direction: str, theme: str, legend: bool) -> None:
        self.scene, self.direction, self.theme, self.legend = what, direction, theme, legend

    @cached_property
    def digraph(self) -> Any:
        """The graph as a `graphviz.Digraph`, with value, gradient and local derivatives as its labels."""
        return layout.digraph(self.scene, self.direction)

    @property
    def dot(self) -> str:
        """The graph in Graphviz's language."""
        return str(self.digraph.source)

    @cached_property
    def svg(self) -> str:
        """The picture as SVG."""
        places = layout.arrange(self.scene, self.direction)
        return paint.svg(self.scene, places, self.direction, self.theme, self.legend, repr(self)[1:-1])

    @property
    def html(self) -> str:
        """The picture as a page of its own."""
        colour = {"light": "#FFFFFF", "dark": "#0D1117"}.get(self.theme, "Canvas")
        return (
            f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(repr(self)[1:-1])}</title>\n'
            f"<style>:root{{color-scheme:light dark}}body{{margin:0;background:{colour}}}svg{{max-width:100%;height:auto}}</style>\n"
            f"</head>\n<body>\n{self.svg}</body>\n</html>\n"
        )

    @cached_property
    def png(self) -> bytes:
        """The picture as PNG, two pixels to one of the SVG's (fewer above 40 million), in a font of this package."""
        import resvg_py

        wide, high = self.size
        scale = min(2.0, (PIXELS / (wide * high)) ** 0.5)
        return bytes(
            resvg_py.svg_to_bytes(
                svg_string=self.svg,
                width=round(wide * scale),
                height=round(high * scale),
                skip_system_fonts=not _foreign(self.svg),
                font_files=[str(FONTS / f"ChainruleSans-{style}.ttf") for style in ("Regular", "Bold")],
                font_family=FAMILY,
                sans_serif_family=FAMILY,
            )
        )

    @property
    def pdf(self) -> bytes:
        """The picture as PDF, of lines and text, by Typst (extra `pdf`), whose SVG reader is that of the PNG."""
        try:
            import typst
        except ImportError:
            raise ImportError('PDF needs Typst: pip install "chainrule[pdf]"') from None
        page = '#set page(width: auto, height: auto, margin: 0pt)\n#image("picture.svg")\n'
        svg = self.svg.replace(paint.FONT, FAMILY)
        files: Any = {"main.typ": page.encode(), "picture.svg": svg.encode()}
        everywhere = not _foreign(svg)
        return bytes(typst.compile(files, font_paths=[FONTS], ignore_system_fonts=everywhere, timestamp=0))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        wide, high = map(float, re.findall(SIZE, self.svg)[0])
        return round(wide), round(high)

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the picture to a file, by its suffix: .svg, .png, .html, .dot, or .pdf (extra `pdf`); returns the path.

        ValueError for another suffix, OSError where the file cannot be written.
        """
        return saved(self, "picture", path, FORMATS)

    def __repr__(self) -> str:
        shown, total = self.scene.shown, self.scene.total
        count = f"{total} values" if shown == total else f"{shown} of {total} values"
        return f"<Computation graph of {count}>"

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None, **_: Any
    ) -> tuple[dict[str, str], dict[str, Any]]:
        import base64

        wide, high = (round(n * min(1.0, COLUMN / self.size[0])) for n in self.size)
        fitted = f' width="{wide}" height="{high}"'
        # No text/html: it would outrank SVG in every front end, and be dropped by some.
        bundle = {"image/svg+xml": re.sub(SIZE, fitted, self.svg, count=1), "text/plain": repr(self)}
        metadata = {}
        try:
            bundle["image/png"] = base64.b64encode(self.png).decode()
            metadata["image/png"] = {"width": wide, "height": high}
        except ImportError:  # no renderer for this platform
            pass
        return {k: v for k, v in bundle.items() if (not include or k in include) and k not in (exclude or ())}, metadata


def _foreign(svg: str) -> bool:
    """Whether there are letters in it that our font lacks: these come from the fonts of the system."""
    return not _letters().issuperset(svg)


@cache
def _letters() -> frozenset[str]:
    return frozenset((FONTS / "letters.txt").read_text(encoding="utf-8"))


def draw(
    output: Any,
    detail: Detail = "auto",
    direction: Direction = "auto",
    max_nodes: int = 120,
    depth: int = 1,
    theme: Theme = "auto",
    digits: int = 4,
    legend: bool = True,
) -> Diagram:
    """A picture of the graph of a Value, or of several: value and gradient of everything, local derivatives on the edges.

    With detail "values" a card shows each value, in a lane for each outermost scope; with "stages" a panel shows each
    scope with its vectors and matrices and their gradients, a Jacobian on each edge; "auto" is values up to
    `max_nodes` of them, then stages if there are scopes. Stages of nested scopes are those of `depth` 1, the outermost
    ones such as layers; of depth 2 their parts, such as neurons.

    `direction` is "right", "down", or "auto": right while that is at most 1000 pixels wide, or where down would be wider
    still. Of more than `max_nodes` values or stages those nearest to the output are shown, and the caption says so. `theme`
    is "light", "dark", or "auto": as the reader's screen. Numbers have `digits` significant digits, local derivatives one less.
    TypeError for anything but Values, ValueError for an argument that is none of its choices.

    >>> from autograd import Value
    >>> w, x = Value(0.5, "w"), Value(2.0, "x", role="input")
    >>> draw((w * x).tanh())
    <Computation graph of 4 values>
    """
    choice("detail", detail, DETAILS)
    choice("direction", direction, DIRECTIONS)
    choice("theme", theme, paint.THEMES)
    whole("max_nodes", max_nodes, 1)
    whole("digits", digits, 2)
    whole("depth", depth, 1)
    if detail == "auto":
        detail = _detail(output, max_nodes)
    shown = (
        stages.scene(output, depth, max_nodes, digits) if detail == "stages" else cards.scene(output, max_nodes, digits)
    )
    if direction == "auto":
        right, down = (_natural_width(shown, way) for way in ("right", "down"))
        direction = "right" if right <= max(WIDEST, down) else "down"  # or what is wide is made wider
    return Diagram(shown, direction, theme, bool(legend))


def _detail(output: Any, max_nodes: int) -> Detail:
    """Values while there is room for them; else stages if there are scopes."""
    order = wengert_list(values_in(output))
    return "stages" if len(order) > max_nodes and any(v.scope for v in order) else "values"


def _natural_width(what: Scene, direction: str) -> float:
    """Points from the first card's left to the last one's right, in plain columns."""
    places = layout.built_in(what, direction).cards
    ends = [(places[card.id][0] - card.width / 2, places[card.id][0] + card.width / 2) for card in what.cards]
    return max(right for _, right in ends) - min(left for left, _ in ends)
