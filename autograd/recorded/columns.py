"""The nodes of a graph in parallel lists: of each different node its operands, what it depends on and how deep it lies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd.names import Name
from autograd.recorded.words import Grid
from autograd.tape import wengert_list
from autograd.value import Value, constant_of

FIXED, PARAMETER, GIVEN, COMPUTED = -1, 0, 1, 2  # what a node depends on, and so where its number comes from

ZERO, LEAST = constant_of(0.0), constant_of(-math.inf)  # which every table has


@dataclass(frozen=True, eq=False)
class Columns:
    """A list for each fact, an entry for each node, or for the first of those with the same operation on the same operands."""

    nodes: list[Value] = field(default_factory=list)
    names: list[str] = field(default_factory=list)  # W of W[0,1]
    numbers: list[float] = field(default_factory=list)  # the data as of now: a constant that changes later is not seen
    edges: list[tuple[int, ...]] = field(default_factory=list)
    kind: list[int] = field(default_factory=list)
    batched: list[bool] = field(default_factory=list)  # whether it depends on the example
    depth: list[int] = field(default_factory=list)
    place: dict[Value, int] = field(default_factory=dict)  # of every node its entry

    def shared_name(self, grid: Grid) -> str:
        """The name that nodes called W[0,1] and W[1,1] share; "" for none."""
        names = {self.names[k] for k in grid.ravel().tolist()}
        return names.pop() if len(names) == 1 else ""


def columns(outputs: Sequence[Value], given: Sequence[Value], data: set[Value]) -> Columns:
    """The columns of a graph.

    The leaves of one example are `given`. Constants, the leaves in `data` and what is computed from these alone are
    fixed numbers; all other leaves are parameters.
    """
    table, inputs = Columns(), set(given)
    same: dict[Any, int] = {}
    for v in (*given, *wengert_list(outputs), ZERO, LEAST):
        edges = tuple([table.place[p] for p in v.parents])
        if edges:
            kind = COMPUTED if any(table.kind[p] != FIXED for p in edges) else FIXED
        else:
            kind = GIVEN if v in inputs else FIXED if v.role == "constant" or v in data else PARAMETER
        k = len(table.nodes)
        table.place[v] = same.setdefault(v.primal.hex() if kind == FIXED else (v.op, edges) if edges else v, k)
        if table.place[v] == k:
            table.nodes.append(v)
            table.names.append(Name(v.name).array if v.name else "")
            table.numbers.append(v.primal)
            table.edges.append(edges)
            table.kind.append(kind)
            table.batched.append(kind == GIVEN or any(table.batched[p] for p in edges))
            table.depth.append(1 + max([table.depth[p] for p in edges]) if kind == COMPUTED else 0)
    return table
