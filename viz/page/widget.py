"""A page as a widget of a notebook, by which Python hears what is learnt in it, and moves it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from viz.page.assembly import EDGE, read


def widget(html: str, theta: Sequence[float], high: int) -> Any:
    """A frame whose `theta` follows the page, or None where anywidget is not installed."""
    try:
        import anywidget
        import traitlets as t
    except ImportError:
        return None

    text, numbers = t.Unicode, t.List(t.Float()).tag(sync=True)
    synced = {"html": text().tag(sync=True), "look": text().tag(sync=True), "theta": numbers}
    frame = type("Frame", (anywidget.AnyWidget,), {"_esm": read("widget.js"), **synced})
    return frame(html=html, look=f"display:block;width:100%;height:{high}px;{EDGE}", theta=list(theta))
