"""What a picture of a graph shows: cards, panels, wires, lanes and captions, without places or colours."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from autograd.stale import changed
from autograd.value import Value
from viz.numbers import printable, width

SIZE, SMALL, TITLE = 10.0, 9.0, 12.0  # of the type on a card, of a formula and a cell, of a panel's name, in points
ROW, INSET, APART = 13.5, 7.0, 8.0  # of a panel: the height of a row, around its grids, between two of them


@dataclass(frozen=True)
class Card:
    """One value: its lines of text, and how they are dressed."""

    id: str
    kind: str  # input, parameter, constant, operation, output, or stub: values that are not shown
    glyph: str
    name: str
    value: str
    gradient: str  # "" on a constant and a stub
    shade: float | None  # the gradient's sign and size, −1 … 1; nan if it is not finite, None before a backward pass
    title: str  # the whole truth, for a pointer that rests on the card
    lane: int
    column: int

    @property
    def small(self) -> bool:
        """Whether it is one line: a constant, or a stub."""
        return self.kind in ("constant", "stub")

    @property
    def reached(self) -> bool:
        """Whether a backward pass has been here."""
        return self.shade is not None

    @property
    def width(self) -> float:
        """In points, wide enough for its lines."""
        if self.small:
            return max(18.0, width(self.value, SMALL) + 12)
        gap = width(" ", SIZE) if self.glyph and self.name else 0.0
        first = width(self.glyph, SIZE, bold=True) + gap + width(self.name, SIZE)
        return max(40.0, 14.4 + max(first, width(self.value, SIZE, bold=True), width(self.gradient, SIZE)))

    @property
    def height(self) -> float:
        """In points."""
        return 18.0 if self.small else 40.0

    @property
    def lines(self) -> list[str]:
        """Its text."""
        return [f"{self.glyph} {self.name}".strip(), self.value, self.gradient]


@dataclass(frozen=True)
class Grid:
    """Numbers in rows and columns under a heading: the values of a vector or matrix, or their gradients."""

    heading: str
    cells: list[list[str]]
    shades: list[list[float | None]] | None = None  # of gradients, as on a card
    nodes: list[list[Value | None]] = field(default_factory=list, repr=False)  # whose numbers they are

    @cached_property
    def columns(self) -> list[float]:
        """The width of each column, in points."""
        wide = [max(24.0, 8 + max(width(text, SMALL) for text in column)) for column in zip(*self.cells, strict=True)]
        more = max(0.0, width(self.heading, SMALL) - sum(wide)) / len(wide)
        return [w + more for w in wide]


@dataclass(frozen=True)
class Panel:
    """A stage, or an array of leaves: its name and formula, its vectors and matrices, and their gradients."""

    id: str
    kind: str  # input, parameter, constant, operation, output
    name: str
    formula: str
    grids: list[Grid]
    title: str
    lane: int
    column: int
    called: str  # what others take of it
    parts: list[tuple[str, tuple[int, ...], list[Value]]]  # that vector by vector
    nodes: list[Value] = field(repr=False)  # what is computed inside of it
    values: list[Value] = field(repr=False)  # and what of that others take
    small = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Of what others take: that of its only vector or matrix, else how many numbers they are."""
        return self.parts[0][1] if len(self.parts) == 1 else (len(self.values),)

    @property
    def width(self) -> float:
        """In points."""
        head = width(self.name, TITLE, bold=True) + (6 + width(self.formula, SMALL) if self.formula else 0.0)
        return 2 * INSET + max(head, sum(sum(g.columns) for g in self.grids) + APART * (len(self.grids) - 1))

    @property
    def height(self) -> float:
        """In points."""
        return 22 + 13 + ROW * max(len(g.cells) for g in self.grids) + INSET

    @property
    def reached(self) -> bool:
        """Whether a backward pass has been here."""
        return any(shade is not None for grid in self.grids for row in grid.shades or () for shade in row)

    @property
    def lines(self) -> list[str]:
        """Its text."""
        rows = (f"{g.heading} = {'; '.join(', '.join(row) for row in g.cells)}" for g in self.grids)
        return [f"{self.name}  {self.formula}".strip(), *rows]


@dataclass(frozen=True)
class Wire:
    """One edge, from an operand to its result, with the local derivative ∂head/∂tail."""

    id: str
    tail: str
    head: str
    label: str  # a number, or ∂head/∂tail and what it is in a second line
    shown: bool  # in the picture; the DOT text has every label
    share: float | None  # what it adds to the gradient, −1 … 1 of the largest; None before a backward pass
    title: str

    @property
    def type(self) -> float:
        """The size of the type, in points."""
        return 9.0 if "\n" in self.label else 8.0

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the label's ground, in points."""
        lines = self.label.split("\n")
        return max(width(line, self.type) for line in lines) + 3, (self.type + 2) * len(lines)


@dataclass(frozen=True)
class Lane:
    """A band of the picture: one scope."""

    name: str
    formula: str


@dataclass(frozen=True)
class Scene:
    """Everything a picture shows."""

    cards: Sequence[Card | Panel]
    wires: list[Wire]
    lanes: list[Lane]
    notes: list[str]
    total: int  # values in the whole graph
    shown: int  # and in the picture

    @property
    def staged(self) -> bool:
        """Whether it shows stages in place of values."""
        return any(isinstance(card, Panel) for card in self.cards)


def scaled(numbers: Mapping[Any, float | None]) -> dict[Any, float | None]:
    """Sign and size of each number, −1 … 1 of the largest; nan for one that is not finite."""
    top = max((abs(x) for x in numbers.values() if x is not None and math.isfinite(x)), default=0.0) or 1.0
    return {key: x if x is None else x / top if math.isfinite(x) else math.nan for key, x in numbers.items()}


def outdated(order: Iterable[Value]) -> list[str]:
    """A sentence that names the leaves changed since the forward pass; none if every node comes out again."""
    found = printable(changed(list(order)), 120)
    rest = "changed after this graph was computed; other values, and all derivatives, are those of the forward pass."
    return [f"{found} {rest}"] if found else []
