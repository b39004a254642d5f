"""The evaluation trace of a graph: node, expression, value, local derivatives, tangent, adjoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from autograd.nesting import real
from autograd.tape import forward_sweep, stored, wengert_list
from autograd.value import Value
from viz.arguments import values_in, whole
from viz.names import expression, given, names, shortened
from viz.numbers import printable
from viz.picture.scene import accumulated, outdated
from viz.picture.selection import plan
from viz.text.tabular import Tabular, amount

HEADINGS = ("node", "expression", "value", "local derivatives", "adjoint")


class Row(NamedTuple):
    """One node: its name, how it was computed, and its numbers."""

    node: str
    expression: str  # of a leaf, its role
    value: float
    partials: tuple[tuple[str, float], ...]  # ∂node/∂operand, with the operand's name
    adjoint: float | None  # None before a backward pass
    tangent: float | None = None  # None in a table without tangents

    def texts(self, digits: int) -> tuple[str, ...]:
        """The row's cells; the tangent's only where there is one."""
        partials = shortened([f"∂/∂{name} = {amount(d, digits)}" for name, d in self.partials])
        tangent = () if self.tangent is None else (amount(self.tangent, digits),)
        return self.node, self.expression, amount(self.value, digits), partials, *tangent, amount(self.adjoint, digits)


@dataclass(frozen=True, repr=False)
class Table(Tabular):
    """An evaluation trace: readable text under `str`, a table in Jupyter, numbers in `rows`.

    `markdown`, `html` and `latex` are the same table for a document; `save` writes them.

    >>> x = Value(3.0, "x")
    >>> [(row.node, row.value) for row in table(x * x).rows]
    [('x', 3.0), ('y', 9.0)]
    """

    rows: tuple[Row, ...]
    notes: tuple[str, ...]  # cautions
    digits: int

    @property
    def cells(self) -> Sequence[Sequence[str]]:
        """The texts, row by row; the first row is the headings."""
        has_tangents = any(row.tangent is not None for row in self.rows)
        headings = (*HEADINGS[:-1], "tangent", HEADINGS[-1]) if has_tangents else HEADINGS
        return [headings, *(row.texts(self.digits) for row in self.rows)]


def table(output: Any, *, tangents: Value | Mapping[Value, float] | None = None, digits: int = 6) -> Table:
    """The evaluation trace of the graph of a Value, or of several: one row per node.

    Rows stand in the order of the picture: lane by lane, by depth. Leaves stand just before the first layer that uses
    them, in the order of its expressions.
    Nameless nodes have the names v1, v2, … in the order of the computation; nameless constants stand in the expressions
    as numbers, without a row. Numbers have `digits` significant digits. TypeError for anything but Values.

    `tangents` adds the column of forward mode, v̇_node = Σ ∂node/∂operand · v̇_operand: it maps leaves to their
    tangents, the others having 0; one leaf alone has 1. ValueError for what is no leaf of the graph, for a constant,
    and where a derivative that does not exist meets a tangent.
    Griewank & Walther 2008, §3.1; Baydin et al. 2018, tables 2 and 3, whose example this is:

    >>> x1, x2 = Value(2.0, "x1"), Value(5.0, "x2")
    >>> y = x1.log() + x1 * x2 - x2.sin()
    >>> y.backward()
    >>> print(table(y, tangents=x1, digits=4))
    node  expression  value    local derivatives      tangent  adjoint
    ────  ──────────  ───────  ─────────────────────  ───────  ───────
    x1    parameter   2                               1        5.5
    x2    parameter   5                               0        1.716
    v1    ln(x1)      0.6931   ∂/∂x1 = 0.5            0.5      1
    v2    x1 · x2     10       ∂/∂x1 = 5, ∂/∂x2 = 2   5        1
    v4    sin(x2)     −0.9589  ∂/∂x2 = 0.2837         0        −1
    v3    v1 + v2     10.69    ∂/∂v1 = 1, ∂/∂v2 = 1   5.5      1
    y     v3 − v4     11.65    ∂/∂v3 = 1, ∂/∂v4 = −1  5.5      1
    """
    outputs = values_in(output)
    order = wengert_list(outputs)
    seeds = None if tangents is None else _seeds(order, tangents)
    tangent = {} if seeds is None else dict.fromkeys(order, 0.0) | forward_sweep(order, seeds, stored, outputs)
    whole("digits", digits, 2)
    name = names(order, digits)
    column = plan(order, {v: v.parents for v in order}).column
    steps = sorted((v for v in order if v.op), key=column.__getitem__)
    reading: dict[Value, None] = {}
    for _, layer in groupby(steps, column.__getitem__):
        together = [*layer]
        reading |= dict.fromkeys([*(p for v in together for p in v.parents if p.op is None), *together])
    shown = (v for v in reading | dict.fromkeys(order) if given(v) or v.role != "constant")
    rows = tuple(_row(v, name, tangent.get(v)) for v in shown)
    cautions = " ".join(outdated(order) + accumulated(order))
    return Table(rows, (cautions,) * bool(cautions), digits)


def _row(v: Value, name: Mapping[Value, str], tangent: float | None) -> Row:
    partials = tuple((name[p], d) for p, d in zip(v.parents, v.partials, strict=True) if p.role != "constant")
    return Row(name[v], expression(v, [name[p] for p in v.parents]), v.data, partials, v.grad, tangent)


def _seeds(order: Sequence[Value], tangents: Any) -> dict[Value, float]:
    """The tangents of the leaves, checked."""
    seeds = {tangents: 1.0} if isinstance(tangents, Value) else tangents
    if not isinstance(seeds, Mapping):
        raise TypeError(f"tangents is a leaf, or a mapping of leaves to numbers; got {type(seeds).__name__}")
    placed = set(order)
    for v in seeds:
        if not isinstance(v, Value) or v not in placed or v.op is not None or v.role == "constant":
            fault = "takes no tangent" if isinstance(v, Value) and v.role == "constant" else "is no leaf of this graph"
            raise ValueError(f"{printable(repr(v), 80)} {fault}: give tangents to its parameters and inputs")
    return {v: real(x) for v, x in seeds.items()}
