"""Groups: which nodes become one array (one operation, one depth), and which dots become one matrix product.

Dots that share vectors become one matrix product, of the different left vectors with the different right ones;
so layers are found without being told, and in a whole data set written as one graph its examples are columns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from autograd import ops
from autograd.languages.code import Shape
from autograd.ops import Op
from autograd.recorded.columns import COMPUTED, FIXED, LEAST, PARAMETER, ZERO, Columns, columns
from autograd.recorded.words import Grid
from autograd.value import Value

# What counts for nothing among the operands of a row.
NEUTRAL: dict[Any, Value] = dict.fromkeys((ops.sum, ops.dot), ZERO)
NEUTRAL |= dict.fromkeys((ops.logsumexp, ops.log_softmax, ops.neg_log_softmax), LEAST)
FEW = 4  # matrix products at one depth; dots that fall into more parts are products of vectors, side by side


class Operand(NamedTuple):
    """Nodes that an operation takes as one array, in rows and columns."""

    grid: Grid
    batched: bool  # every column is then a row of data
    whole: bool = False  # a matrix as it stands: of a product, or of vectors, a column each


@dataclass(frozen=True, eq=False)
class Group:
    """Nodes that become one array, its entries in the order of `grid`; -1 where no node stands."""

    grid: Grid
    batched: bool  # every column is then a row of data
    op: Any = None  # the operation, None for leaves
    operands: Sequence[Operand] = ()
    product: bool = False  # a matrix product of its two operands

    @property
    def whole(self) -> bool:
        """Whether its operands are matrices as they stand."""
        return self.operands[0].whole

    @property
    def shape(self) -> Shape:
        """Its rows and columns, and whether each column stands for a whole row of data."""
        return (*self.grid.shape, self.batched)


@dataclass(frozen=True, eq=False)
class Plan:
    """The groups of a graph in an order in which they can be computed: the inputs, theta, and the operations."""

    columns: Columns
    groups: list[Group]
    theta: int  # the place in `groups` of the parameters
    group_of: Grid  # for each node, the place of its group in `groups`
    place_in_group: Grid  # and its own place in the group's grid
    outputs: Operand
    shape: tuple[int, ...]  # of the outputs

    @property
    def parameters(self) -> list[Value]:
        """The leaves that take a gradient, in the order of theta."""
        return [self.columns.nodes[k] for k in self.groups[self.theta].grid[:, 0]]


def plan(
    outputs: Sequence[Value],
    shape: tuple[int, ...] = (),
    inputs: Sequence[Sequence[Value]] = (),
    data: Iterable[Value] = (),
) -> Plan:
    """The plan of a graph whose outputs have that shape; `inputs` are the leaves of one example, an argument each."""
    table = columns(outputs, [v for leaves in inputs for v in leaves], set(data))
    arguments = [Group(_column([table.place[v] for v in leaves]), batched=True) for leaves in inputs]
    layout = _Layout(table, arguments)
    for members in _alike(table):
        for group in layout.arranged(members):
            layout.append_parameters(group.operands)
            layout.append(group)
    given = Operand(_column([table.place[v] for v in outputs]), batched=bool(inputs), whole=True)
    layout.append_parameters([given])
    layout.groups[len(arguments)] = Group(_column(layout.parameters), batched=False)
    return Plan(table, layout.groups, len(arguments), layout.group_of, layout.place_in_group, given, shape)


def stacks(op: Op) -> bool:
    """Whether the row takes its operands as one array."""
    return op.stacked and not (op.index is not None and not isinstance(op.family.partials, ops.Components))  # type: ignore[union-attr]


def _alike(table: Columns) -> Iterable[list[int]]:
    """The computed nodes that one array operation could compute, shallow ones first."""
    alike: dict[Any, list[int]] = defaultdict(list)
    for k, op in enumerate(v.op for v in table.nodes):
        if table.kind[k] == COMPUTED:
            kinds: list[Any] = [table.kind[p] for p in table.edges[k]]
            if op.vectors:
                lead, half = kinds[: op.leading], op.leading + (len(kinds) - op.leading) // op.vectors
                kinds = [*lead, frozenset(kinds[op.leading : half]), frozenset(kinds[half:])]
            row = op.family if op.family and stacks(op) else op
            length = 0 if row in NEUTRAL else len(table.edges[k])
            alike[table.depth[k], table.batched[k], length, row, *kinds].append(k)
    return sorted(alike.values(), key=lambda members: (table.depth[members[0]], members[0]))


def _column(nodes: list[int]) -> Grid:
    return np.array(nodes, np.int64).reshape(-1, 1)


class _Layout:
    """The groups so far, and where each node stands in them: what decides how the next ones are laid out."""

    def __init__(self, table: Columns, arguments: list[Group]) -> None:
        self.table = table
        self.groups: list[Group] = []
        self.parameters: list[int] = []
        self.theta, self.nowhere = len(arguments), len(table.nodes)
        self.group_of = np.where(np.array(table.kind) == PARAMETER, self.theta, FIXED)
        self.place_in_group = np.full(len(table.nodes), self.nowhere)  # a place behind those that are taken
        for group in (*arguments, Group(_column([]), batched=False)):
            self.append(group)

    def append(self, group: Group) -> None:
        """Give the nodes of a group their places."""
        nodes = group.grid.ravel()
        held = nodes >= 0
        self.group_of[nodes[held]], self.place_in_group[nodes[held]] = len(self.groups), np.flatnonzero(held)
        self.groups.append(group)

    def append_parameters(self, operands: Iterable[Operand]) -> None:
        """Append to theta the parameters of these operands that are not in it: weights lie together and in order."""
        for k in (k for x in operands for k in x.grid.ravel().tolist()):
            if self.table.kind[k] == PARAMETER and self.place_in_group[k] == self.nowhere:
                self.place_in_group[k] = len(self.parameters)
                self.parameters.append(k)

    def arranged(self, members: list[int]) -> Iterator[Group]:
        """Nodes that are alike as one group, or as a few."""
        op = self.table.nodes[members[0]].op
        if not stacks(op):
            yield self._each(op, members)
            return
        if op in (ops.dot, ops.take):
            rest: list[int] = []
            for same in self._by_length(members):
                yield from self._products(op, same, rest)
            members = sorted(rest)
        parts, lengths = self._by_length(members), [len(self.table.edges[k]) for k in members]
        # Shorter vectors end in what counts for nothing, unless most of it would be that.
        for part in [members] * bool(members) if 2 * sum(lengths) >= max(lengths, default=0) * len(members) else parts:
            yield self._stack(op, part)

    def _by_length(self, members: list[int]) -> list[list[int]]:
        """The nodes, those with as many operands together."""
        length = lambda k: len(self.table.edges[k])  # noqa: E731
        return [list(same) for _, same in groupby(sorted(members, key=length), length)]

    def _each(self, op: Op, members: list[int]) -> Group:
        """Node by node, laid out as an operand is if that is all of a group."""
        operands = np.array([self.table.edges[k] for k in members], np.int64).T
        batched = self.table.batched[members[0]]
        for nodes in operands:
            group, order = self.groups[self.group_of[nodes[0]]], np.argsort(self.place_in_group[nodes], kind="stable")
            laid_out = group.batched == batched or group.grid.shape[1] == 1
            if laid_out and np.array_equal(nodes[order], group.grid.ravel()):
                shape = group.grid.shape
                break
        else:
            wheres = (self.place_in_group, self.group_of)
            order = np.lexsort([where[nodes] for nodes in operands[::-1] for where in wheres])
            shape = (len(members), 1)
        grid, *grids = (c[order].reshape(shape) for c in (np.array(members, np.int64), *operands))
        return Group(grid, batched, op, [Operand(grid, batched) for grid in grids])

    def _stack(self, op: Op, members: list[int]) -> Group:
        """A column per vector, or pair of vectors; of an indexed row all components of it."""
        edges = self.table.edges
        first = sorted(members, key=lambda k: (self.group_of[edges[k][0]], self.place_in_group[edges[k][0]]))
        place = {parents: j for j, parents in enumerate(dict.fromkeys(edges[k] for k in first))}
        row, batched, longest = op.family or op, self.table.batched[members[0]], max(map(len, place))
        grid = np.full((1 if op.index is None else longest, len(place)), -1, np.int64)
        for k in members:
            grid[self.table.nodes[k].op.index or 0, place[edges[k]]] = k
        columns = np.full((longest, len(place)), self.table.place[NEUTRAL[row]] if row in NEUTRAL else -1)
        size = (longest - op.leading) // op.vectors
        for j, parents in enumerate(place):
            n = (len(parents) - op.leading) // op.vectors
            for part in range(op.vectors):
                columns[op.leading + part * size :][:n, j] = parents[op.leading + part * n :][:n]
            columns[: op.leading, j] = parents[: op.leading]
        parts = np.split(columns, range(op.leading, longest, size))
        return Group(grid, batched, row, [Operand(x, batched, whole=True) for x in parts if len(x)])

    def _products(self, op: Op, members: list[int], rest: list[int]) -> Iterator[Group]:
        """Matrix products: of the left vectors that meet the same right ones, with these; of vectors with their indices.

        What is better computed side by side is appended to `rest`.
        """
        edges, batched = self.table.edges, self.table.batched
        n = len(edges[members[0]]) // 2 if op is ops.dot else 1
        node = {(edges[k][:n], edges[k][n:])[:: 1 if op is ops.dot else -1]: k for k in members}
        meets, parts = defaultdict[Any, list[Any]](list), defaultdict[Any, list[Any]](list)
        for left, right in node:
            meets[left].append(right)
        for left, rights in meets.items():
            parts[frozenset(rights)].append(left)
        for lefts in parts.values():
            rights = meets[lefts[0]]
            grid = np.array([[node[left, right] for right in rights] for left in lefts], np.int64)
            a, b = np.array(lefts, np.int64), np.array(rights, np.int64)
            over = [any(batched[k] for k in vectors.ravel().tolist()) for vectors in (a, b)]
            if over[0] if op is ops.take else all(over) or len(parts) > FEW:
                rest += grid.ravel().tolist()
                continue
            if over[0]:  # rows of data are columns: they stand on the right
                a, b, grid = b, a, grid.T
            operands = [Operand(a, batched=False, whole=True), Operand(b.T, any(over), whole=True)]
            yield Group(grid, any(over), op, operands, product=True)
