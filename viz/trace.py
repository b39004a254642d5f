"""The evaluation trace of a graph: node, expression, value, local derivatives, adjoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from autograd.tape import wengert_list
from autograd.value import Value
from viz.lanes import plan
from viz.names import expression, given, names, shortened
from viz.scene import outdated, values_in
from viz.text import number

HEADINGS = ("node", "expression", "value", "local derivatives", "adjoint")


@dataclass(frozen=True)
class Row:
    """One node: its name, how it was computed, and its numbers."""

    node: str
    expression: str  # of a leaf, its role
    value: float
    partials: tuple[tuple[str, float], ...]  # ∂node/∂operand, with the operand's name
    adjoint: float | None  # None before a backward pass

    def texts(self, digits: int) -> tuple[str, ...]:
        """The row's cells."""
        partials = shortened([f"∂/∂{name} = {number(d, digits)}" for name, d in self.partials])
        return self.node, self.expression, number(self.value, digits), partials, number(self.adjoint, digits)


@dataclass(frozen=True)
class Table:
    """An evaluation trace: readable text under `str`, a table in Jupyter, numbers in `rows`."""

    rows: tuple[Row, ...]
    note: str
    digits: int

    def __str__(self) -> str:
        cells = [HEADINGS, *(row.texts(self.digits) for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = ["  ".join(text.ljust(w) for text, w in zip(row, widths, strict=True)).rstrip() for row in cells]
        lines.insert(1, "  ".join("─" * w for w in widths))
        return "\n".join(lines + [self.note] * bool(self.note))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{text}</th>" for text in HEADINGS)
        cells = ("".join(f"<td>{escape(text)}</td>" for text in row.texts(self.digits)) for row in self.rows)
        body = "".join(f"<tr>{row}</tr>" for row in cells)
        note = f"<caption>{escape(self.note)}</caption>" if self.note else ""
        return f"<table>{note}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def table(output: Any, *, digits: int = 6) -> Table:
    """The evaluation trace of the graph of a Value, or of several: one row per node.

    Rows stand in the order of the picture: lane by lane, by depth, a leaf just before the first row that takes it.
    Nameless nodes are called v1, v2, … in the order of the computation; nameless constants stand in the expressions
    as numbers, without a row. Numbers have `digits` significant digits. TypeError for anything but Values.

    >>> w, x = Value(0.5, "w"), Value(2.0, "x", role="input")
    >>> y = (w * x).tanh()
    >>> y.backward()
    >>> print(table(y, digits=4))
    node  expression  value   local derivatives     adjoint
    ────  ──────────  ──────  ────────────────────  ───────
    w     parameter   0.5                           0.8399
    x     input       2                             0.21
    v1    w · x       1       ∂/∂w = 2, ∂/∂x = 0.5  0.42
    v2    tanh(v1)    0.7616  ∂/∂v1 = 0.42          1
    """
    order = wengert_list(values_in(output))
    called = names(order, digits)
    column = plan(order, {v: v.parents for v in order}).column
    reading = sorted(order, key=lambda v: (column[v], v.op is None))
    rows = tuple(_row(v, called) for v in reading if given(v) or v.role != "constant")
    return Table(rows, " ".join(outdated(order)), digits)


def _row(v: Value, called: Mapping[Value, str]) -> Row:
    partials = tuple((called[p], d) for p, d in zip(v.parents, v.partials, strict=True) if p.role != "constant")
    return Row(called[v], expression(v, [called[p] for p in v.parents]), v.data, partials, v.grad)
