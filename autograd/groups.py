"""Which nodes of a graph become one array: those of one operation at one depth, laid out in rows and columns.

Dots that share vectors become one matrix product, of the different left vectors with the different right ones;
so layers are found without being told, and in a whole data set written as one graph its examples are columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd import ops
from autograd.ops import Op
from autograd.source import Code, Shape
from autograd.tape import wengert_list
from autograd.value import Value

Grid = npt.NDArray[np.int64]  # numbers of nodes

FEW = 4  # matrix products at one depth; dots that fall into more parts are products of vectors, side by side

FIXED, PARAMETER, GIVEN, COMPUTED = -1, 0, 1, 2  # what a node depends on, and so where its number comes from


@dataclass(eq=False)
class Group:
    """Nodes that become one array, its entries in the order of `grid`; -1 where no node stands."""

    grid: Grid
    batched: bool  # every column is then a row of data
    op: Op | None = None  # None for leaves
    operands: list[Grid] = field(default_factory=list)
    product: bool = False  # a matrix product of its two operands
    whole: bool = False  # each operand is a matrix as it stands: of a product, or of vectors, a column each
    name: str = ""
    scope: str = ""
    formula: str = ""
    code: Code | None = None

    @property
    def row(self) -> Op:
        """Its operation."""
        assert self.op is not None, "leaves have no operation"
        return self.op

    @property
    def array(self) -> Code:
        """Its array, once it is written."""
        assert self.code is not None, "groups are written in order"
        return self.code

    @property
    def shape(self) -> Shape:
        """Its rows and columns, and whether each column stands for a whole row of data."""
        return (*self.grid.shape, self.batched)


class Groups:
    """The groups of a graph in an order in which they can be computed, and where every node stands.

    `shape` is that of the outputs, `inputs` are the leaves of one example, an argument each: their groups have a column per row of data. Constants,
    the leaves in `data` and what is computed from these alone are numbers. Parameters are numbered as operands need them, so that weights lie
    together and in order.
    """

    def __init__(
        self,
        outputs: Sequence[Value],
        shape: tuple[int, ...] = (),
        inputs: Sequence[Sequence[Value]] = (),
        data: Iterable[Value] = (),
    ) -> None:
        self.shape, self.leaves = shape, inputs
        self.order = wengert_list(outputs)
        self.numbers = [v.data for v in self.order]  # as of now: a constant that changes later is not seen
        number = {v: k for k, v in enumerate(self.order)}
        self.inputs = [
            Group(np.array([number.get(v, -1) for v in leaves], np.int64).reshape(-1, 1), batched=True)
            for leaves in inputs
        ]
        self.parameters: list[Value] = []
        self.theta = Group(np.empty((0, 1), np.int64), batched=False)
        self.all: list[Group] = [self.theta, *self.inputs]
        self.twin: list[int] = []  # of every node the first with the same operation on the same operands
        self.edges: list[tuple[int, ...]] = []
        self.kind: list[int] = []
        self.batched: list[bool] = []
        self.depth: list[int] = []
        self._look(number, {v for leaves in inputs for v in leaves}, set(data))
        self.home = np.full(len(self.order), FIXED)  # of every node its group's place in `all`
        self.at = np.full(len(self.order), -1)  # and its own in the group's grid
        for k, group in enumerate(self.inputs, 1):
            self._settle(k, group.grid)
        for members in self._alike():
            for group in self._arranged(members):
                self._number(group.operands)
                self._settle(len(self.all), group.grid)
                self.all.append(group)
        self.outputs = np.array([self.twin[number[v]] for v in outputs], np.int64).reshape(-1, 1)
        self._number([self.outputs])
        self.theta.grid = np.array([number[v] for v in self.parameters], np.int64).reshape(-1, 1)

    @property
    def computed(self) -> list[Group]:
        """The groups of operations, in order."""
        return self.all[1 + len(self.inputs) :]

    def _look(self, number: dict[Value, int], given: set[Value], data: set[Value]) -> None:
        """Of every node its parents, what it depends on, whether on the example, and its depth."""
        same: dict[Any, int] = {}
        for k, v in enumerate(self.order):
            edges = tuple([self.twin[number[p]] for p in v.parents]) if v.op else ()
            batched, depth = v in given, 0
            if edges:
                fixed = all(self.kind[p] == FIXED for p in edges)
                batched, depth = any(self.batched[p] for p in edges), 1 + max(self.depth[p] for p in edges)
            else:
                fixed = (v.role == "constant" or v in data) and not batched
            self.kind.append(FIXED if fixed else COMPUTED if edges else GIVEN if batched else PARAMETER)
            self.twin.append(same.setdefault(v.data.hex() if fixed else (v.op, edges), k) if fixed or edges else k)
            self.edges.append(edges)
            self.batched.append(batched)
            self.depth.append(0 if fixed else depth)

    def _alike(self) -> Iterable[list[int]]:
        """The computed nodes that one array operation could compute, shallow ones first."""
        alike: dict[Any, list[int]] = {}
        for k, v in enumerate(self.order):
            if self.kind[k] == COMPUTED and self.twin[k] == k:
                kinds = [self.kind[p] for p in self.edges[k]]
                if not v.op.arity:
                    half = len(kinds) // v.op.vectors
                    kinds = [frozenset(kinds[:half]), frozenset(kinds[half:])]  # type: ignore[list-item]
                row = v.op.family if v.op.family and _stacks(v.op) else v.op
                key = (self.depth[k], self.batched[k], len(self.edges[k]), row, *kinds)
                alike.setdefault(key, []).append(k)
        return sorted(alike.values(), key=lambda members: (self.depth[members[0]], members[0]))

    def _arranged(self, members: list[int]) -> list[Group]:
        op = self.order[members[0]].op
        if op is ops.dot:
            return self._products(members)
        return [self._stack(op, members) if _stacks(op) else self._each(op, members)]

    def _each(self, op: Op, members: list[int]) -> Group:
        """Node by node, laid out as an operand is if that is all of a group."""
        edges = np.array([self.edges[k] for k in members], np.int64)
        batched, nodes = self.batched[members[0]], np.array(members, np.int64)
        for column in edges.T:
            homes, at = self.home[column], self.at[column]
            group = self.all[homes[0]]
            laid_out = group.batched == batched or group.grid.shape[1] == 1
            whole = at.min() >= 0 and (homes == homes[0]).all() and len(set(at.tolist())) == group.grid.size
            if homes[0] > 0 and laid_out and whole and len(at) == group.grid.size:
                order = np.argsort(at)
                shape = group.grid.shape
                break
        else:
            free = next(c for c in edges.T if self.kind[c[0]] >= 0)
            order, shape = np.lexsort((self.at[free], self.home[free])), (len(members), 1)
        return Group(nodes[order].reshape(shape), batched, op, [c[order].reshape(shape) for c in edges.T])

    def _stack(self, op: Op, members: list[int]) -> Group:
        """A column per vector, or pair of vectors; of an indexed row all components of it."""
        first = sorted(members, key=lambda k: (self.home[self.edges[k][0]], self.at[self.edges[k][0]]))
        columns = {edges: j for j, edges in enumerate(dict.fromkeys(self.edges[k] for k in first))}
        n = len(self.edges[members[0]]) // op.vectors
        grid = np.full((1 if op.index is None else n, len(columns)), -1, np.int64)
        for k in members:
            grid[self.order[k].op.index or 0, columns[self.edges[k]]] = k
        operands = np.array(list(columns), np.int64).reshape(len(columns), op.vectors, n)
        batched = self.batched[members[0]]
        return Group(grid, batched, op.family or op, [operands[:, j].T for j in range(op.vectors)], whole=True)

    def _products(self, members: list[int]) -> list[Group]:
        """Matrix products: each of left vectors with right ones, where every left one meets every right one."""
        n = len(self.edges[members[0]]) // 2
        pairs = {k: (self.edges[k][:n], self.edges[k][n:]) for k in members}
        parts: dict[Any, set[Any]] = {}  # of every vector the vectors it meets, and those meet, and so on
        for k in members:
            left, right = (0, pairs[k][0]), (1, pairs[k][1])
            a, b = parts.setdefault(left, {left}), parts.setdefault(right, {right})
            if a is not b:
                small, large = sorted((a, b), key=len)
                large |= small
                parts.update(dict.fromkeys(small, large))
        together: dict[int, list[int]] = {}
        for k in members:
            together.setdefault(id(parts[0, pairs[k][0]]), []).append(k)
        groups, rest = [], []
        for part in together.values():
            lefts, rights = (list(dict.fromkeys(pairs[k][j] for k in part)) for j in (0, 1))
            over = [any(self.batched[p] for vector in side for p in vector) for side in (lefts, rights)]
            if len(part) == len(lefts) * len(rights) and not all(over) and len(together) <= FEW:
                groups.append(self._product({pairs[k]: k for k in part}, lefts, rights, over))
            else:
                rest += part
        return groups + ([self._stack(ops.dot, rest)] if rest else [])

    def _product(self, node: dict[Any, int], lefts: list[Any], rights: list[Any], over: list[bool]) -> Group:
        grid = np.array([[node[a, b] for b in rights] for a in lefts], np.int64)
        left, right = np.array(lefts, np.int64), np.array(rights, np.int64)
        if over[0]:  # rows of data are columns: they stand on the right
            left, right, grid = right, left, grid.T
        return Group(grid, any(over), ops.dot, [left, right.T], product=True, whole=True)

    def _number(self, operands: list[Grid]) -> None:
        """Give the parameters among the operands that have no place yet their places in theta."""
        for k in (k for grid in operands for k in grid.ravel().tolist()):
            if self.kind[k] == PARAMETER and self.home[k] < 0:
                self.home[k], self.at[k] = 0, len(self.parameters)
                self.parameters.append(self.order[k])

    def _settle(self, home: int, grid: Grid) -> None:
        nodes = grid.ravel()
        held = nodes >= 0
        self.home[nodes[held]], self.at[nodes[held]] = home, np.flatnonzero(held)


def _stacks(op: Op) -> bool:
    """Whether the row takes its operands as one array; of indexed rows only the table's own are known to."""
    return op.stacked and (op.index is None or op.name in ops.BUILT_IN)
