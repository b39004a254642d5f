"""The contents of a picture of a graph: cards, panels, wires, lanes and notes, each of the size that its text needs.

Sizes are in points. Places and colours come later.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, NamedTuple

from autograd.stale import changed
from autograd.value import Value
from viz.names import given, names
from viz.numbers import few, printable, width
from viz.once import once
from viz.picture.stage_graph import Stage, Vector

Edge = tuple[Value, int]  # a value, and the place of one of its operands
Size = tuple[float, float]  # width and height

SIZE, SMALL, TITLE = 10.0, 9.0, 12.0  # of the type on a card, of a formula and a cell, of a panel's name
ROW, INSET, APART = 13.5, 7.0, 8.0  # of a panel: the height of a row, around its grids, between two of them
HEAD = 7.0  # of a label: for the small head that points back
NARROW = 4  # columns of a matrix where there is little room


@dataclass(frozen=True, eq=False)
class Card:
    """One value: its lines of text and its style."""

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
    node: Value | None = field(repr=False)  # None on a stub

    @property
    def small(self) -> bool:
        """True of a constant and a stub, which are one line."""
        return self.kind in ("constant", "stub")

    @property
    def lines(self) -> list[str]:
        """Its text."""
        if self.small:
            return [f"{self.name} = {self.value}" if self.name else self.value]
        return [f"{self.glyph} {self.name}".strip(), self.value, self.gradient]

    @once
    def size(self) -> Size:
        """Its width and height."""
        if self.small:
            return max(18.0, width(self.lines[0], SMALL) + 12), 18.0
        gap = width(" ", SIZE) if self.glyph and self.name else 0.0
        first = width(self.glyph, SIZE, bold=True) + gap + width(self.name, SIZE)
        return max(40.0, 14.4 + max(first, width(self.value, SIZE, bold=True), width(self.gradient, SIZE))), 40.0


@dataclass(frozen=True)
class Grid:
    """Numbers in rows and columns under a heading: the values of a vector or matrix, or their gradients."""

    heading: str
    cells: list[list[str]]
    shades: list[list[float | None]] | None = None  # of gradients, as on a card
    nodes: list[list[Value | None]] = field(default_factory=list, repr=False)  # the value in each cell; None in a gap

    @once
    def columns(self) -> list[float]:
        """The width of each column."""
        wide = [max(24.0, 8 + max(width(text, SMALL) for text in column)) for column in zip(*self.cells, strict=True)]
        more = max(0.0, width(self.heading, SMALL) - sum(wide)) / len(wide)
        return [w + more for w in wide]


@dataclass(frozen=True, eq=False)
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
    stage: Stage = field(repr=False)

    @property
    def lines(self) -> list[str]:
        """Its text."""
        rows = (f"{g.heading} = {'; '.join(', '.join(row) for row in g.cells)}" for g in self.grids)
        return [f"{self.name}  {self.formula}".strip(), *rows]

    @property
    def inner(self) -> float:
        """The width of all its grids, side by side."""
        return sum(sum(grid.columns) for grid in self.grids) + APART * (len(self.grids) - 1)

    @once
    def size(self) -> Size:
        """Its width and height."""
        head = width(self.name, TITLE, bold=True) + (6 + width(self.formula, SMALL) if self.formula else 0.0)
        rows = max(len(grid.cells) for grid in self.grids)
        return 2 * INSET + max(head, self.inner), 22 + 13 + ROW * rows + INSET


@dataclass(frozen=True)
class Wire:
    """An operand and its result, with the local derivative ∂head/∂tail; or two stages, with their Jacobian."""

    id: str
    tail: str
    head: str
    edges: list[Edge] = field(repr=False)  # one between two cards, none from a stub, all of them between two panels
    quotient: str = ""  # ∂head/∂tail by name; "" where the derivative alone is written
    derivative: str = ""  # a number, or the Jacobian's name; "" from a constant and a stub
    flow: str = ""  # what flows back: upstream times local, a number, or a product by name; "" where it is not known
    shown: bool = False  # in the picture; the DOT text has every label
    room: int = 0  # lines of its label for which the layout leaves room; the others stand where they fit
    share: float | None = None  # of the gradient, −1 … 1 of the largest; nan if not finite, None before a backward pass
    title: str = ""
    by: list[Vector] = field(default_factory=list, repr=False)  # of a stage the vectors that the other one takes

    @property
    def lines(self) -> list[str]:
        """Its text: the derivative, the quotient before it where there is one, and what flows back."""
        local = [self.quotient, f"= {self.derivative}"] if self.quotient else [f"×{self.derivative}"]
        return local * bool(self.derivative) + [f"◂ {self.flow}"] * bool(self.flow)

    @property
    def letters(self) -> float:
        """The size of the type of its label."""
        return SMALL if self.quotient else 8.0

    def long(self, line: str) -> float:
        """The width of a line of its label; the mark of what flows back is drawn, not set."""
        return HEAD + width(line[2:], self.letters) if line.startswith("◂ ") else width(line, self.letters)

    def label(self, lines: int | None = None) -> Size:
        """The size of the ground of its label: of its first lines, or of those for which there shall be room."""
        texts = self.lines[: self.room if lines is None else lines]
        return max(map(self.long, texts), default=0.0) + 3, (self.letters + 2) * len(texts)


class Lane(NamedTuple):
    """A band of the picture: one scope."""

    name: str
    formula: str

    @property
    def heading(self) -> float:
        """The width of its heading: of its name or its formula, whichever is wider."""
        return max(width(self.name, TITLE, bold=True), width(self.formula, SMALL)) + 8


class Note(NamedTuple):
    """A sentence of the caption, and the argument that would make it unnecessary."""

    kind: str  # cut, shared, circle, held, unlabelled, ones, wide, changed, or several
    text: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.text} {self.advice}".rstrip()


@dataclass(frozen=True)
class Scene:
    """Everything a picture shows."""

    cards: Sequence[Card | Panel]
    wires: list[Wire]
    lanes: list[Lane]
    notes: list[Note]
    total: int  # values in the whole graph
    shown: int  # and in the picture
    reached: bool  # True after a backward pass
    staged: bool  # True where it shows stages in place of values


def narrower(what: Scene) -> Scene:
    """The same with at most four columns of each matrix: the first two, a gap, and the last."""

    def cut(it: Grid) -> Grid:
        parts = (("cells", it.cells, "…"), ("shades", it.shades, None), ("nodes", it.nodes, None))
        more: Any = {key: rows and [few(row, NARROW, 2, gap=gap) for row in rows] for key, rows, gap in parts}
        return replace(it, **more)

    return _with(what, lambda panel: list(map(cut, panel.grids)))


def shaded(what: Scene) -> Scene:
    """The same with each gradient as the shade of its value alone: of the parts of scopes, which are many."""

    def grids(panel: Panel) -> list[Grid]:
        slopes = {id(value): slope.shades for value, slope in pairwise(panel.grids) if slope.shades}
        return [replace(it, shades=slopes.get(id(it))) for it in panel.grids if not it.shades]

    return _with(what, grids)


def _with(what: Scene, grids: Callable[[Panel], list[Grid]]) -> Scene:
    return replace(what, cards=[replace(c, grids=grids(c)) if isinstance(c, Panel) else c for c in what.cards])


def scaled(numbers: Mapping[Any, float | None]) -> dict[Any, float | None]:
    """Sign and size of each number, −1 … 1 of the largest; nan for one that is not finite."""
    top = max((abs(x) for x in numbers.values() if x is not None and math.isfinite(x)), default=0.0) or 1.0
    return {key: x if x is None else x / top if math.isfinite(x) else math.nan for key, x in numbers.items()}


def vector_name(values: Sequence[Value]) -> str:
    """The name of a vector, or of a row of a matrix, by the names of its numbers; "" if they have none in common."""
    first = given(values[0])
    row = first.index[:-1]
    found = (given(v) for v in values)
    whole = all(name.array == first.array and name.index == (*row, k) for k, name in enumerate(found))
    return (first.array + "".join(f"[{k}]" for k in row)) * whole


def outdated(order: Iterable[Value]) -> list[str]:
    """A sentence that names the leaves changed since the forward pass; none if every node comes out again."""
    found = printable(changed(list(order)), 120)
    rest = "changed after this graph was computed; other values, and all derivatives, are those of the forward pass."
    return [f"{found} {rest}"] if found else []


def unchanged(order: list[Value]) -> list[Value]:
    """The same graph; ValueError names a leaf that has changed since: what is said of both numbers would be false."""
    if stale := changed(order):
        raise ValueError(f"{printable(stale, 120)} changed after this graph was computed: compute it again")
    return order


def accumulated(order: Sequence[Value]) -> list[str]:
    """A sentence that names the leaves whose gradient is not what this graph's edges carry to it; none if there are none."""
    terms: defaultdict[Value, list[float]] = defaultdict(list)
    for v in order:
        if v.grad is not None:
            for p, d in zip(v.parents, v.partials, strict=True):
                terms[p].append(v.grad * d if v.grad else 0.0)
    taken = dict.fromkeys(p for v in order for p in v.parents if p.op is None and p.grad is not None)
    wrong = [v for v in taken if abs(v.grad - sum(terms[v])) > 1e-9 * sum(map(abs, (v.grad, *terms[v])))]  # type: ignore[arg-type, operator]
    if not wrong:
        return []
    name = names(order)
    arrays = list(dict.fromkeys(given(v).array or name[v] for v in wrong))  # W of W[0,0] … W[2,3]
    found = printable(" and ".join([", ".join(few(arrays[:-1], 4, 3))] * (len(arrays) > 1) + arrays[-1:]), 120)
    several = (
        "holds more than this graph's edges carry to it, such as several backward passes or one through another graph"
    )
    what = several if any(terms[v] for v in wrong) else "is that of a backward pass through another graph"
    return [f"∂ of {found} {what}: zero_grad clears it."]


def caption(order: Sequence[Value], *notes: tuple[bool, Note]) -> list[Note]:
    """The notes that are true, and whether the graph of these nodes has changed, or its gradients are those of others too."""
    more = [Note("changed", text) for text in outdated(order)] + [Note("several", text) for text in accumulated(order)]
    return [note for true, note in notes if true] + more
