"""The evaluation trace of a graph: node, expression, value, local derivatives, adjoint."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import count
from typing import Any

from autograd.tape import wengert_list
from autograd.value import Value
from viz.cards import outdated, values_in
from viz.lanes import plan
from viz.text import number, printable

HEADINGS = ("node", "expression", "value", "local derivatives", "adjoint")
MANY = 6  # operands above which a vector is written with its first three and its last


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
        partials = _shortened([f"∂/∂{name} = {number(d, digits)}" for name, d in self.partials])
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
    names = _names(order, digits)
    column = plan(order, {v: v.parents for v in order}).column
    reading = sorted(order, key=lambda v: (column[v], v.op is None))
    rows = tuple(_row(v, names) for v in reading if v.name or v.role != "constant")
    return Table(rows, " ".join(outdated(order)), digits)


def _names(order: Sequence[Value], digits: int) -> dict[Value, str]:
    """Every node's name, no two alike: its own, v1, v2, … where it has none, or a constant's number."""
    uses = Counter(v.name for v in order)
    numbers: defaultdict[str, Iterator[int]] = defaultdict(lambda: count(1))
    fresh = (f"v{k}" for k in count(1) if f"v{k}" not in uses)
    names: dict[Value, str] = {}
    for v in order:
        if v.name:
            names[v] = printable(v.name) + ("" if uses[v.name] == 1 else f"#{next(numbers[v.name])}")
        elif v.role == "constant":
            text = number(v.data, digits)
            names[v] = f"({text})" if text.startswith("−") else text
        else:
            names[v] = next(fresh)
    return names


def _row(v: Value, names: Mapping[Value, str]) -> Row:
    operands = [names[p] for p in v.parents]
    if v.op is None:
        return Row(names[v], str(v.role), v.data, (), v.grad)
    edges = zip(operands, v.partials, v.parents, strict=True)
    partials = tuple((name, d) for name, d, p in edges if p.role != "constant")
    return Row(names[v], _expression(v, operands), v.data, partials, v.grad)


def _expression(v: Value, operands: Sequence[str]) -> str:
    op = v.op
    if op.written:
        return op.written.format(*operands)
    if op.arity is not None:
        return f"{printable(op.symbol or op.name)}({', '.join(operands)})"
    size = len(operands) // max(1, op.vectors)
    vectors = [operands[k * size : (k + 1) * size] for k in range(max(1, op.vectors))]
    index = "" if op.index is None else f"[{op.index}]"
    return f"{op.name}({', '.join(f'[{_shortened(part)}]' for part in vectors)}){index}"


def _shortened(texts: Sequence[str]) -> str:
    return ", ".join(texts if len(texts) <= MANY else [*texts[:3], "…", texts[-1]])
