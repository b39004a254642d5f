"""The sizes of the parts of a picture, in points: each is as large as its text needs."""

from __future__ import annotations

from functools import lru_cache

from viz.numbers import width
from viz.picture.scene import Card, Grid, Lane, Panel, Wire

Size = tuple[float, float]  # width and height

SIZE, SMALL, TITLE = 10.0, 9.0, 12.0  # of the type on a card, of a formula and a cell, of a panel's name
ROW, INSET, APART = 13.5, 7.0, 8.0  # of a panel: the height of a row, around its grids, between two of them
HEAD = 7.0  # of a label: for the small head that points back


@lru_cache(4096)
def size(card: Card | Panel) -> Size:
    """The size of a card or a panel."""
    if isinstance(card, Panel):
        return _panel(card)
    if card.small:
        return max(18.0, width(card.lines[0], SMALL) + 12), 18.0
    gap = width(" ", SIZE) if card.glyph and card.name else 0.0
    first = width(card.glyph, SIZE, bold=True) + gap + width(card.name, SIZE)
    return max(40.0, 14.4 + max(first, width(card.value, SIZE, bold=True), width(card.gradient, SIZE))), 40.0


def _panel(panel: Panel) -> Size:
    head = width(panel.name, TITLE, bold=True) + (6 + width(panel.formula, SMALL) if panel.formula else 0.0)
    rows = max(len(grid.cells) for grid in panel.grids)
    return 2 * INSET + max(head, grids(panel)), 22 + 13 + ROW * rows + INSET


def grids(panel: Panel) -> float:
    """The width of all grids of a panel, side by side."""
    return sum(sum(columns(grid)) for grid in panel.grids) + APART * (len(panel.grids) - 1)


def columns(grid: Grid) -> list[float]:
    """The width of each column of a grid."""
    wide = [max(24.0, 8 + max(width(text, SMALL) for text in column)) for column in zip(*grid.cells, strict=True)]
    more = max(0.0, width(grid.heading, SMALL) - sum(wide)) / len(wide)
    return [w + more for w in wide]


def letters(wire: Wire) -> float:
    """The size of the type of a wire's label."""
    return SMALL if wire.quotient else 8.0


def label(wire: Wire, lines: int | None = None) -> Size:
    """The size of the ground of a wire's label: of its first lines, or of those for which there shall be room."""
    texts = wire.lines[: wire.room if lines is None else lines]
    return max((line(text, letters(wire)) for text in texts), default=0.0) + 3, (letters(wire) + 2) * len(texts)


def line(text: str, high: float) -> float:
    """The width of a line of a label; the mark of what flows back is drawn, not set."""
    return HEAD + width(text[2:], high) if text.startswith("◂ ") else width(text, high)


def heading(lane: Lane) -> float:
    """The width of a lane's heading: of its name or its formula, whichever is wider."""
    return max(width(lane.name, TITLE, bold=True), width(lane.formula, SMALL)) + 8
