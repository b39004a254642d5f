"""Which nodes of a graph become one array: those of one operation at one depth, laid out in rows and columns.

Dots that share vectors become one matrix product, of the different left vectors with the different right ones;
so layers are found without being told, and in a whole data set written as one graph its examples are columns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from autograd import ops
from autograd.languages.code import Code, Shape
from autograd.ops import Op
from autograd.tape import wengert_list
from autograd.value import Value

Grid = npt.NDArray[np.int64]  # numbers of nodes

FEW = 4  # matrix products at one depth; dots that fall into more parts are products of vectors, side by side

FIXED, PARAMETER, GIVEN, COMPUTED = -1, 0, 1, 2  # what a node depends on, and so where its number comes from


class Operand(NamedTuple):
    """Nodes that an operation takes as one array, in rows and columns."""

    grid: Grid
    batched: bool  # every column is then a row of data
    whole: bool = False  # a matrix as it stands: of a product, or of vectors, a column each


@dataclass(eq=False)
class Group:
    """Nodes that become one array, its entries in the order of `grid`; -1 where no node stands."""

    grid: Grid
    batched: bool  # every column is then a row of data
    op: Any = None  # the row, None for leaves
    operands: list[Operand] = field(default_factory=list)
    taken: list[Any] = field(init=False)  # their arrays, or plain numbers
    product: bool = False  # a matrix product of its two operands
    name: str = ""
    scope: str = ""
    formula: str = ""
    code: Code = field(init=False)  # its array, once it is written

    @property
    def whole(self) -> bool:
        """Whether its operands are matrices as they stand."""
        return self.operands[0].whole

    @property
    def shape(self) -> Shape:
        """Its rows and columns, and whether each column stands for a whole row of data."""
        return (*self.grid.shape, self.batched)


class Groups:
    """The groups of a graph in an order in which they can be computed, and where every node stands.

    `shape` is that of the outputs, `inputs` are the leaves of one example, an argument each: their groups have a column
    per row of data. Constants, the leaves in `data` and what is computed from these alone are numbers. Parameters are
    numbered as operands need them, so that weights lie together and in order.
    """

    def __init__(
        self,
        outputs: Sequence[Value],
        shape: tuple[int, ...] = (),
        inputs: Sequence[Sequence[Value]] = (),
        data: Iterable[Value] = (),
    ) -> None:
        self.shape = shape
        given = [v for leaves in inputs for v in leaves]
        # Of every node, or of the first of those with the same operation on the same operands:
        self.nodes: list[Value] = []
        self.names: list[str] = []  # W of W[0,1]
        self.numbers: list[float] = []  # its data as of now: a constant that changes later is not seen
        self.edges: list[tuple[int, ...]] = []
        self.kind: list[int] = []
        self.batched: list[bool] = []  # whether it depends on the example
        self.depth: list[int] = []
        number = self._look([*given, *wengert_list(outputs)], set(given), set(data))
        self.home = np.full(len(self.nodes), FIXED)  # of every node its group's place in `all`
        self.at = np.full(len(self.nodes), -1)  # and its own in the group's grid
        self.all: list[Group] = []  # the arguments, theta, and then what is computed
        for leaves in inputs:
            self._settle(Group(_column([number[v] for v in leaves]), batched=True))
        self.inputs, self.theta = self.all[:], Group(_column([]), batched=False)
        self.all.append(self.theta)
        places: list[int] = []  # of the parameters
        for members in self._alike():
            for group in self._arranged(members):
                self._number(places, group.operands)
                self._settle(group)
        self.outputs = Operand(_column([number[v] for v in outputs]), batched=bool(inputs), whole=True)
        self._number(places, [self.outputs])
        self.theta.grid = _column(places)
        self.parameters = [self.nodes[k] for k in places]

    @property
    def computed(self) -> list[Group]:
        """The groups of operations, in order."""
        return self.all[len(self.inputs) + 1 :]

    def called(self, grid: Grid) -> str:
        """The name that nodes called W[0,1] and W[1,1] share; "" for none."""
        names = {self.names[k] for k in grid.ravel().tolist()}
        return names.pop() if len(names) == 1 else ""

    def _look(self, order: Iterable[Value], given: set[Value], data: set[Value]) -> dict[Value, int]:
        """Note every node, equal ones once, and return their numbers."""
        number: dict[Value, int] = {}
        same: dict[Any, int] = {}
        for v in order:
            edges = tuple([number[p] for p in v.parents])
            if edges:
                kind = COMPUTED if any(self.kind[p] != FIXED for p in edges) else FIXED
            else:
                kind = GIVEN if v in given else FIXED if v.role == "constant" or v in data else PARAMETER
            k = len(self.nodes)
            number[v] = place = same.setdefault(v.primal.hex() if kind == FIXED else (v.op, edges) if edges else v, k)
            if place == k:
                self.nodes.append(v)
                self.names.append((v.name or "").partition("[")[0])
                self.numbers.append(v.primal)
                self.edges.append(edges)
                self.kind.append(kind)
                self.batched.append(kind == GIVEN or any(self.batched[p] for p in edges))
                self.depth.append(1 + max([self.depth[p] for p in edges]) if kind == COMPUTED else 0)
        return number

    def _alike(self) -> Iterable[list[int]]:
        """The computed nodes that one array operation could compute, shallow ones first."""
        alike: dict[Any, list[int]] = defaultdict(list)
        for k, op in enumerate(v.op for v in self.nodes):
            if self.kind[k] == COMPUTED:
                kinds: list[Any] = [self.kind[p] for p in self.edges[k]]
                if not op.arity:
                    half = len(kinds) // op.vectors
                    kinds = [frozenset(kinds[:half]), frozenset(kinds[half:])]
                row = op.family if op.family and _stacks(op) else op
                alike[self.depth[k], self.batched[k], len(self.edges[k]), row, *kinds].append(k)
        return sorted(alike.values(), key=lambda members: (self.depth[members[0]], members[0]))

    def _arranged(self, members: list[int]) -> Iterable[Group]:
        op = self.nodes[members[0]].op
        if op is ops.dot:
            return self._products(members)
        return [self._stack(op, members) if _stacks(op) else self._each(op, members)]

    def _each(self, op: Op, members: list[int]) -> Group:
        """Node by node, laid out as an operand is if that is all of a group."""
        columns = np.array([self.edges[k] for k in members], np.int64).T
        batched = self.batched[members[0]]
        for column in columns:
            group, order = self.all[self.home[column[0]]], np.argsort(self.at[column])
            laid_out = group.batched == batched or group.grid.shape[1] == 1
            if laid_out and np.array_equal(column[order], group.grid.ravel()):
                shape = group.grid.shape
                break
        else:
            order = np.lexsort([where[column] for column in columns[::-1] for where in (self.at, self.home)])
            shape = (len(members), 1)
        nodes, *operands = (c[order].reshape(shape) for c in (np.array(members, np.int64), *columns))
        return Group(nodes, batched, op, [Operand(grid, batched) for grid in operands])

    def _stack(self, op: Op, members: list[int]) -> Group:
        """A column per vector, or pair of vectors; of an indexed row all components of it."""
        nodes = self.nodes
        first = sorted(members, key=lambda k: (self.home[self.edges[k][0]], self.at[self.edges[k][0]]))
        columns = {edges: j for j, edges in enumerate(dict.fromkeys(self.edges[k] for k in first))}
        n = len(self.edges[members[0]]) // op.vectors
        grid = np.full((1 if op.index is None else n, len(columns)), -1, np.int64)
        for k in members:
            grid[nodes[k].op.index or 0, columns[self.edges[k]]] = k
        operands = np.array(list(columns), np.int64).reshape(len(columns), op.vectors, n)
        batched = self.batched[members[0]]
        return Group(
            grid, batched, op.family or op, [Operand(x.T, batched, whole=True) for x in np.moveaxis(operands, 1, 0)]
        )

    def _products(self, members: list[int]) -> Iterator[Group]:
        """Matrix products: of the left vectors that meet the same right ones, with these."""
        n = len(self.edges[members[0]]) // 2
        node = {(self.edges[k][:n], self.edges[k][n:]): k for k in members}
        meets, parts = defaultdict[Any, list[Any]](list), defaultdict[Any, list[Any]](list)
        for left, right in node:
            meets[left].append(right)
        for left, rights in meets.items():
            parts[frozenset(rights)].append(left)
        rest = []
        for lefts in parts.values():
            rights = meets[lefts[0]]
            grid = np.array([[node[left, right] for right in rights] for left in lefts], np.int64)
            a, b = np.array(lefts, np.int64), np.array(rights, np.int64)
            over = [any(self.batched[k] for k in vectors.ravel().tolist()) for vectors in (a, b)]
            if all(over) or len(parts) > FEW:
                rest += grid.ravel().tolist()
                continue
            if over[0]:  # rows of data are columns: they stand on the right
                a, b, grid = b, a, grid.T
            operands = [Operand(a, batched=False, whole=True), Operand(b.T, any(over), whole=True)]
            yield Group(grid, any(over), ops.dot, operands, product=True)
        if rest:
            yield self._stack(ops.dot, sorted(rest))

    def _number(self, places: list[int], operands: list[Operand]) -> None:
        """Give the parameters among the operands that have no place yet their places in theta."""
        for k in (k for x in operands for k in x.grid.ravel().tolist()):
            if self.kind[k] == PARAMETER and self.home[k] == FIXED:
                self.home[k], self.at[k] = len(self.inputs), len(places)
                places.append(k)

    def _settle(self, group: Group) -> None:
        nodes = group.grid.ravel()
        held = nodes >= 0
        self.home[nodes[held]], self.at[nodes[held]] = len(self.all), np.flatnonzero(held)
        self.all.append(group)


def _column(nodes: list[int]) -> Grid:
    return np.array(nodes, np.int64).reshape(-1, 1)


def _stacks(op: Op) -> bool:
    """Whether the row takes its operands as one array; of indexed rows only the table's own are known to."""
    return op.stacked and (op.index is None or op.name in ops.BUILT_IN)
