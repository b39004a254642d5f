"""File formats of a picture, all made from its SVG: a page, PNG and PDF."""

from __future__ import annotations

import re
import sys
from base64 import b64encode
from collections.abc import Iterable
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from viz.picture.colours import PALETTE
from viz.picture.paint import FONT, uid
from viz.picture.scene import Scene

PIXELS = 40_000_000  # the largest PNG
DPI = 96  # pixels of an SVG to an inch
HERE = Path(__file__).parent
FONTS = HERE / "fonts"
FAMILY = "Chainrule Sans"
SIZE = r' width="([0-9.]+)" height="([0-9.]+)"'  # of an SVG


def size(svg: str) -> tuple[int, int]:
    """Width and height in pixels."""
    wide, high = map(float, re.findall(SIZE, svg)[0])
    return round(wide), round(high)


def smallest(svg: str) -> float:
    """The height of the smallest type, in pixels, at the picture's own size."""
    return min(map(float, re.findall(r' font-size="([0-9.]+)"', svg))) * 4 / 3


def fitted(svg: str, widest: int, column: int) -> str:
    """The picture for a notebook, where it stands in a column of unknown width: `column` is that of a small window.

    JupyterLab shows SVG as an image, and gives it whatever width it asks for: a wider picture asks for all of the column.
    Other front ends make it a part of their page, and there a rule holds it to the column.
    """
    wide, high = size(svg)
    shown = f' width="{wide}" height="{high}"' if wide <= column else ' width="100%"'
    svg = re.sub(SIZE, shown, svg, count=1)
    rule = f"#{uid(svg)}:not(:root){{max-width:min(100%,{min(wide, widest)}px);height:auto}}"
    return svg.replace(">", f"><style>{rule}</style>", 1)


def address(svg: str) -> str:
    """The picture as an address that an image can have: no script runs in it, and it has the theme of the page around it."""
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"


def page(svg: str, title: str, theme: str) -> str:
    """A page of its own, on the picture's paper."""
    colour = dict(zip(("light", "dark"), PALETTE["paper"], strict=True)).get(theme, "Canvas")
    template = Template((HERE / "page.html").read_text(encoding="utf-8"))
    return template.substitute(title=escape(title), colour=colour, svg=svg)


def mermaid(scene: Scene, direction: str) -> str:
    """The scene as a flowchart of Mermaid, which GitHub draws in a Markdown file, between ```mermaid and ```."""

    def text(lines: Iterable[str]) -> str:
        signs = {ord(c): f"#{ord(c)};" for c in '"#&<>\\`'}
        return '"' + "<br>".join(line.translate(signs) for line in lines if line) + '"'

    shapes = {"input": "([{}])", "parameter": "[{}]"}
    cards = (f"{card.id}{shapes.get(card.kind, '({})').format(text(card.lines))}" for card in scene.cards)
    wires = (f"{w.tail} -->{f'|{text(w.lines)}|' if w.lines else ''} {w.head}" for w in scene.wires)
    return "\n    ".join([f"flowchart {'LR' if direction == 'right' else 'TB'}", *cards, *wires]) + "\n"


def png(svg: str, widest: int = PIXELS) -> bytes:
    """Two pixels to one of the SVG's, fewer above 40 million or where it would be wider than `widest`.

    It is in a font of this package; where resvg is not, Typst makes it.
    """
    wide, high = size(svg)
    scale = min(2.0, widest / wide, (PIXELS / (wide * high)) ** 0.5)
    try:
        import resvg_py
    except ImportError:
        return _by_typst("PNG", svg, format="png", ppi=DPI * scale)
    files = [str(FONTS / f"ChainruleSans-{style}.ttf") for style in ("Regular", "Bold")]
    options: Any = {"width": round(wide * scale), "height": round(high * scale), "skip_system_fonts": _printed(svg)}
    options |= {"font_files": files, "font_family": FAMILY, "sans_serif_family": FAMILY}
    return bytes(resvg_py.svg_to_bytes(svg_string=_in_our_font(svg), **options))


def pdf(svg: str) -> bytes:
    """Lines and text, by Typst (extra `pdf`), whose SVG reader is that of the PNG."""
    return _by_typst("PDF", svg)


def _by_typst(name: str, svg: str, **options: Any) -> bytes:
    try:
        import typst
    except ImportError:
        how = 'await micropip.install("typst"), in Pyodide 314 or newer', 'pip install "chainrule[pdf]"'
        install = how[sys.platform != "emscripten"]
        instead = "A picture can be saved as .svg or .html without it."
        raise ImportError(f"{name} needs Typst: {install}. {instead}") from None
    document = "#set document(date: none)\n#set page(width: auto, height: auto, margin: 0pt)\n"  # the same every time
    document += '#image(bytes(sys.inputs.svg), format: "svg")'
    options |= {"sys_inputs": {"svg": _in_our_font(svg)}, "font_paths": [FONTS], "ignore_system_fonts": _printed(svg)}
    return bytes(typst.compile(document.encode(), **options))


def _printed(svg: str) -> bool:
    """True where our font has every letter; the others come from the fonts of the system."""
    return _letters().issuperset(svg)


def _in_our_font(svg: str) -> str:
    """The picture in our font, where each letter that it lacks comes from another one, on its own.

    A renderer sets a whole line in another font that has all its letters: none has the last one here, which is no letter.
    """
    nowhere = '<tspan font-size="0.01">\ufdd0</tspan></text>' if not _printed(svg) else "</text>"
    return svg.replace(FONT, FAMILY).replace("</text>", nowhere)


def _letters() -> frozenset[str]:
    return frozenset((FONTS / "letters.txt").read_text(encoding="utf-8"))
