"""Pictures, pages, tables and formulas, made by the library while the site is built: ```` ```{made} viz.draw(y) ````.

The expression sees what the blocks of Python above it on its page have made.
"""

from __future__ import annotations

import io
import linecache
import re
from contextlib import redirect_stdout
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import math_core
from blocks import OWN_PROGRAM, source
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective

import viz
from autograd import ops
from viz import Diagram, Formula, Live, Steps

DARK = re.compile(r"@media \(prefers-color-scheme: dark\)\{(.*?)\}</style>", re.DOTALL)


class made(nodes.Element):  # docutils calls nodes so
    """The place of what an expression gives."""


class Made(SphinxDirective):
    """```` ```{made} expression ````, with a caption as its content."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        caption, messages = self.parse_inline(" ".join(self.content)) if self.content else ([], [])
        place = made("", *caption, expression=self.arguments[0])
        self.set_source_info(place)
        return [place, *messages]


class Make(SphinxTransform):
    """Runs the blocks of a page in their order, and puts what expressions give in their places."""

    default_priority = 200

    def apply(self, **_: Any) -> None:
        if not any(self.document.findall(made)):
            return
        known: dict[str, Any] = {"__name__": "page", "viz": viz}
        rows = set(ops.TABLE)
        for number, node in enumerate(list(self.document.findall(nodes.Element))):
            if isinstance(node, made):
                thing = eval(node["expression"], known)
                node.replace_self(self.shown(thing, node, number))
            elif isinstance(node, nodes.literal_block) and node.get("language") == "python" and "source" not in node:
                self.ran(node.astext(), known, f"{self.env.docname}, block {number}")
        for name in set(ops.TABLE) - rows:  # the reference lists the library's own
            del ops.TABLE[name]

    def ran(self, block: str, known: dict[str, Any], name: str) -> None:
        if OWN_PROGRAM not in block:
            text = source(block)
            linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)  # a page of steps shows it
            with redirect_stdout(io.StringIO()):
                exec(compile(text, name, "exec"), known)

    def shown(self, thing: Any, place: made, number: int) -> nodes.Element:
        """The nodes of what an expression gave, with the caption."""
        if isinstance(thing, Formula):
            return nodes.math_block(thing.latex, thing.latex, classes=[], label=None, nowrap=False)
        figure = nodes.figure("", self.content(thing, place, number), classes=["made"])
        figure += nodes.caption("", "", *place.children) if place.children else []
        return figure

    def content(self, thing: Any, place: made, number: int) -> nodes.Node:
        """HTML: a picture inside the page, a page that computes in a frame, a table; of others a file."""
        if isinstance(thing, Diagram):
            return html(picture(thing))
        up = "../" * self.env.docname.count("/")
        name = f"{self.env.docname.replace('/', '-')}-{number}"
        if isinstance(thing, Steps | Live):
            path = f"{up}made/{thing.save(self.folder / f'{name}.html').name}"
            frame = f'<iframe sandbox="allow-scripts" loading="lazy" title="{escape(repr(thing)[1:-1])}" src="{path}"></iframe>'
            return html(f'{frame}<p class="alone"><a href="{path}">Open this page on its own</a></p>')
        if hasattr(thing, "savefig"):
            thing.savefig(self.folder / f"{name}.png", dpi=192)  # two pixels to one of the page
            wide, high = (round(96 * inches) for inches in thing.get_size_inches())
            return html(
                f'<img src="{up}made/{name}.png" width="{wide}" height="{high}" alt="{escape(place.astext())}">'
            )
        return html(thing.html)

    @property
    def folder(self) -> Path:
        folder = Path(self.app.outdir) / "made"
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def html(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


def picture(diagram: Diagram) -> str:
    """The SVG of a picture; its dark colours follow the theme that the reader chose on the site."""
    auto, chosen = "@media (prefers-color-scheme: dark){body[data-theme=auto]{RULES}}", "body[data-theme=dark]{RULES}"
    return DARK.sub(lambda found: (auto + chosen).replace("RULES", found[1]) + "</style>", diagram.svg)


# --- formulas: MathML, which browsers set by themselves, without a script or a font -----------------------------------


@cache
def mathml(latex: str, display: bool) -> str:
    return math_core.LatexToMathML().convert_with_local_state(latex, displaystyle=display)


def inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(mathml(node.astext(), False))
    raise nodes.SkipNode


def block(translator: Any, node: nodes.math_block) -> None:
    translator.body.append(f'<div class="formula">{mathml(node.astext(), True)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_node(made)
    app.add_directive("made", Made)
    app.add_transform(Make)
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
