"""A page as one file, its parts put into a template and its script named by a hash; and its frame in a notebook."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent
OVER = "grid-area:1/1"  # one over the other
LOOK = "display:block;width:100%;height:{}px;border:1px solid #d1d9e0;border-radius:6px;transition:color 1ms"


def assembled(body: str, script: str, facts: Any, theme: str, title: str, **parts: str) -> str:
    """The page: one file that needs no other, no network, and runs no script but its own."""
    from hashlib import sha256

    script = re.sub(r"(?m)^ +|^//.*\n| +// .*$", "", script)  # a page need not explain itself
    hashed = b64encode(sha256(f"\n{script}".encode()).digest()).decode()
    words = {"theme": theme.replace("auto", ""), "title": escape(title)}
    known = parts | words | {"data": _as_json(facts), "script": script, "hash": hashed}
    # In one pass: a text that is put in may look like a place to put something in.
    return re.sub(r"\{(\w+)\}", lambda place: known[place[1]], read("page.html").replace("{body}", read(body)))


def scripts(*names: str) -> str:
    """Files of the folder `script`, one after the other."""
    return "\n".join(read(f"script/{name}.js") for name in names)


def read(name: str) -> str:
    """A file of this folder."""
    return (PAGE / name).read_text(encoding="utf-8")


def _as_json(facts: Any) -> str:
    """Facts as JSON that may stand within a page."""
    text = json.dumps(facts, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


class Page:
    """A page that shows itself in a notebook: in a frame, over what remains where a front end strips the frame."""

    title, high = "", 640  # of the frame, in pixels
    theme, advice = "auto", ""
    html: Any  # the page

    @property
    def below(self) -> str:
        """A note, as HTML."""
        return f"<p>{escape(repr(self)[1:-1])}. {self.advice}</p>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": self._framed, "text/plain": repr(self)}

    def _mime_(self) -> tuple[str, str]:
        return "text/html", self._framed  # what marimo asks for; it shows a bundle as a row of tabs

    @property
    def _framed(self) -> str:
        # A frame without an origin cannot see the theme of the notebook around it, only that of the reader's screen. It is
        # told the colour of the notebook's text when it has loaded, and when that colour changes, which begins a transition.
        told = f' onload="{read("frame.js").strip()}"' if self.theme == "auto" else ""
        source = escape(self.html).replace("\n", "&#10;")  # in Markdown an empty line would end the element
        frame = f'<iframe sandbox="allow-scripts" title="{self.title}" style="{LOOK.format(self.high)}"{told} srcdoc="{source}">'
        layers = "".join(f'<div style="{OVER}">{layer}</div>' for layer in (self.below, f"{frame}</iframe>"))
        return f'<div style="display:grid;grid-template-columns:100%">{layers}</div>'


def widget(html: str, theta: Sequence[float], high: int) -> Any:
    """A frame by which Python hears what is learnt in the page, its `theta`, and moves it; None without anywidget."""
    try:
        import anywidget
        import traitlets as t
    except ImportError:
        return None

    text, numbers = t.Unicode, t.List(t.Float()).tag(sync=True)
    synced = {"html": text().tag(sync=True), "look": text().tag(sync=True), "theta": numbers}
    frame = type("Frame", (anywidget.AnyWidget,), {"_esm": read("widget.js"), **synced})
    return frame(html=html, look=LOOK.format(high), theta=list(theta))
