"""A graph stage by stage: a panel for each scope with its vectors and their gradients, a Jacobian on each wire."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd.scope import Path
from autograd.tape import wengert_list
from autograd.value import Value
from viz import jacobians
from viz.lanes import INPUTS, keys, plan, sequence, visits, within
from viz.names import given, glyph
from viz.scene import Grid, Lane, Panel, Scene, Wire, outdated, scaled, values_in
from viz.text import number, printable

MOST, FIRST = 6, 4  # rows or columns that are shown of a matrix; of a larger one the first, and the last
LABELS = 24  # wires up to which their Jacobians are written


@dataclass(eq=False)
class Vector:
    """Values that belong together, as an array of one or two dimensions; their own names give them their places."""

    name: str
    values: Any

    @property
    def data(self) -> Any:
        """Their numbers, in the same shape."""
        return np.array([v.data for v in self.values.ravel()]).reshape(self.values.shape)

    @property
    def shape(self) -> str:
        """Its size in words."""
        return "×".join(map(str, self.values.shape))


@dataclass(eq=False)
class Stage:
    """What one scope computes, or an array of leaves."""

    role: str | None  # of leaves
    scope: Path | None
    nodes: list[Value] = field(default_factory=list)
    vectors: list[Vector] = field(default_factory=list)  # what others take of it, or the outputs
    sources: dict[Stage, None] = field(default_factory=dict)
    own: list[Vector] = field(default_factory=list)  # parameters that it shows inside of it


def scene(output: Any, depth: int, max_nodes: int, digits: int) -> Scene:
    """The panels and wires of a graph by its scopes, nested ones down to `depth`; at most `max_nodes` of them."""
    outputs = values_in(output)
    order = wengert_list(outputs)
    stages, tangled = _stages(order, outputs, depth)
    kept = _nearest(stages, outputs, max_nodes)
    notes = [f"{len(kept)} of {len(stages)} stages shown: those nearest to the output."] * (len(kept) < len(stages))
    notes += ["The scopes take values from each other in a circle: each is shown as often as it is entered."] * tangled
    return _Painter(outputs, order, kept, depth, digits).scene([*notes, *outdated(order)])


# --- which stages -----------------------------------------------------------------------------------------------------


def _stages(order: Sequence[Value], outputs: Sequence[Value], depth: int) -> tuple[list[Stage], bool]:
    """The stages of a graph, each after those it takes values from; and whether scopes had to be taken apart."""
    parents = {v: v.parents for v in order}
    computed = [v for v in order if v.op is not None]
    key = keys(computed, parents, depth)
    names = sequence(computed, parents, key)
    if tangled := bool(computed) and not names:
        key = visits(computed, parents, key)
        names = sequence(computed, parents, key) or list(dict.fromkeys(computed))
        key = key if names[0] in set(key.values()) else {v: v for v in computed}
    found = {name: Stage(None, None) for name in names}
    home: dict[Value, Stage] = {}
    for v in computed:
        home[v] = found[key[v]]
        home[v].nodes.append(v)
        home[v].scope = home[v].scope or within(v.scope, depth)
    sizes = Counter(_stem(v) for v in order if v.op is None)
    leaves = _leaves(order, home, sizes)
    _connect(computed, home)
    ends = set(outputs)
    used = {p for v in computed for p in v.parents if home.get(p) is not home[v]}
    for stage in found.values():
        taken = [v for v in stage.nodes if v in used or v in ends]
        stage.vectors = vectors(taken, _called(stage, not ends.isdisjoint(taken)), {})
    if depth > 1:
        _take_in(found.values(), leaves)
    return [s for s in (*leaves, *found.values()) if s.vectors], tangled


def _leaves(order: Sequence[Value], home: dict[Value, Stage], sizes: Mapping[str, int]) -> list[Stage]:
    """The arrays of leaves, by name and by the stage that takes them first; nameless constants are left out."""
    groups: dict[Hashable, list[Value]] = {}
    first: dict[Value, Stage] = {}
    for v in order:
        for p in v.parents:
            first.setdefault(p, home[v])
    for v in order:
        if v.op is None and (v.role != "constant" or v.name or v not in first):
            whole = v.role == "input" and _stem(v)
            groups.setdefault((v.role, _stem(v), None if whole else first.get(v)), []).append(v)
    stages = []
    for members in groups.values():
        stage = Stage(members[0].role, None, members)
        stage.vectors = vectors(members, str(members[0].role), sizes)
        stages.append(stage)
        home.update(dict.fromkeys(members, stage))
    return stages


def _connect(computed: Iterable[Value], home: dict[Value, Stage]) -> None:
    for v in computed:
        home[v].sources.update((home[p], None) for p in v.parents if p in home and home[p] is not home[v])


def _take_in(stages: Iterable[Stage], leaves: list[Stage]) -> None:
    """Show parameters that one stage takes inside of it: among neurons their wires would hide the others."""
    takers: dict[Stage, list[Stage]] = {}
    for stage in stages:
        for source in stage.sources:
            takers.setdefault(source, []).append(stage)
    for leaf in [leaf for leaf in leaves if leaf.role != "input" and len(takers.get(leaf, ())) == 1]:
        (taker,) = takers[leaf]
        taker.own += leaf.vectors
        del taker.sources[leaf]
        leaves.remove(leaf)


def _called(stage: Stage, last: bool) -> str:
    """What the values of a stage are called that have no name: as its scope is."""
    return str(stage.scope).rpartition("/")[2] if stage.scope is not None else "output" if last else "values"


def _stem(v: Value) -> str:
    """W of W[0,1]."""
    return given(v).partition("[")[0]


def vectors(members: Sequence[Value], fallback: str, sizes: Mapping[str, int]) -> list[Vector]:
    """Values as vectors and matrices by their names, x[0] and x[1], W[0,0] … W[2,3]; `sizes` are those of whole ones."""
    groups: dict[str, list[Value]] = {}
    for v in members:
        groups.setdefault(_stem(v), []).append(v)
    return [
        _vector(stem, values, sizes.get(stem, 0)) if stem else Vector(fallback, _flat(values))
        for stem, values in groups.items()
    ]


def _vector(stem: str, values: Sequence[Value], whole: int) -> Vector:
    found = [re.fullmatch(r"\[(\d+)(?:,(\d+))?\]", given(v)[len(stem) :]) for v in values]
    places = [tuple(int(k) for k in index.groups() if k is not None) for index in found if index]
    if len(values) == 1 and (whole > 1 or not places):
        return Vector(given(values[0]), _flat(values))
    if len(set(places)) < len(values) or len(set(map(len, places))) != 1:
        return Vector(stem, _flat(values))
    low, size = np.min(places, axis=0), np.ptp(places, axis=0) + 1
    if np.prod(size) != len(values):
        return Vector(stem, _flat(values))
    grid = _flat(values)[np.lexsort(np.transpose(places)[::-1])].reshape(size)
    if len(size) == 2 and size[0] == 1 and whole > len(values):  # a row of a matrix, such as a neuron's weights
        return Vector(f"{stem}[{low[0]}]", grid[0])
    return Vector(stem, grid)


def _flat(values: Sequence[Value]) -> Any:
    return np.fromiter(values, dtype=object, count=len(values))


def _nearest(stages: Sequence[Stage], outputs: Sequence[Value], most: int) -> list[Stage]:
    """The stages nearest to the outputs, breadth first, in their order."""
    ends = set(outputs)
    reached = [s for s in stages if not ends.isdisjoint(s.nodes)][:most]
    seen = set(reached)
    for stage in reached:  # the list grows while it is read
        fresh = [s for s in stage.sources if s not in seen][: most - len(reached)]
        reached += fresh
        seen.update(fresh)
    return [s for s in stages if s in seen]


# --- panels and wires -------------------------------------------------------------------------------------------------


class _Painter:
    """What stages look like in one picture."""

    def __init__(
        self, outputs: Sequence[Value], order: Sequence[Value], stages: Sequence[Stage], depth: int, digits: int
    ) -> None:
        self.order, self.stages, self.depth, self.digits = order, stages, depth, max(2, digits - 1)
        self.ends = set(outputs)
        names = {given(v) for v in outputs}
        self.loss = names.pop() if len(names) == 1 else ""
        shown = {v: v.grad for s in stages for x in (*s.vectors, *s.own) for v in x.values.ravel()}
        self.shades = scaled(shown)
        self.ids = {s: f"s{k}" for k, s in enumerate(stages)}

    def scene(self, notes: list[str]) -> Scene:
        """The whole picture."""
        lane, column, lanes = self._seats()
        wires = self._wires()
        beside = self._beside(column)
        panels = [self._panel(s, lane[s], column[s]) for s in self._rows(beside)]
        hidden = len(wires) > LABELS
        notes = [*notes, *["Too many wires to write on: each derivative is in its tooltip."] * hidden]
        count = sum(len(s.nodes) for s in self.stages)
        return Scene(panels, wires, lanes, notes, len(self.order), count)

    def _seats(self) -> tuple[dict[Stage, int], dict[Stage, int], list[Lane]]:
        """The lane and the column of every stage: inputs a column before those that take them, parameters beside them."""
        kept = set(self.stages)
        parents = {s: [p for p in s.sources if p in kept] for s in self.stages}
        if self.depth > 1:
            seats = plan(self.stages, parents)
            inputs = ", ".join(dict.fromkeys(s.vectors[0].name for s in self.stages if s.role == "input"))
            titles = (k if isinstance(k, str) else inputs if k == INPUTS else "" for k in seats.lanes)
            lanes = [Lane(printable(title), "") for title in titles]
            return seats.lane, seats.column, lanes
        column: dict[Stage, int] = {}
        for s in self.stages:
            if s.role is None:
                column[s] = 1 + max((column.get(p, 0) for p in parents[s]), default=0)
        for s in reversed(self.stages):
            for p in parents[s]:
                if p.role is not None:
                    seat = column[s] - (p.role == "input")
                    column[p] = min(seat, column.get(p, seat))
        return dict.fromkeys(self.stages, 0), {s: column.get(s, 0) for s in self.stages}, []

    def _beside(self, column: dict[Stage, int]) -> dict[Stage, str]:
        """Of leaves the stage in their own column that takes them: they stand before and after it in turn."""
        pairs = ((leaf, s) for s in self.stages for leaf in s.sources if leaf.role is not None and leaf in column)
        return {leaf: self.ids[s] for leaf, s in pairs if column[leaf] == column[s]}

    def _rows(self, beside: dict[Stage, str]) -> Iterator[Stage]:
        """The stages in order, each between the leaves that stand beside it."""
        for s in self.stages:
            if s not in beside:
                leaves = [leaf for leaf in beside if beside[leaf] == self.ids[s]]
                yield from (*leaves[::2][::-1], s, *leaves[1::2])

    def _panel(self, s: Stage, lane: int, column: int) -> Panel:
        kind = "output" if not self.ends.isdisjoint(s.nodes) else s.role or "operation"
        if s.role is not None:
            (first, *_) = s.vectors
            name, formula = first.name, first.shape if first.values.size > 1 else ""
        else:
            name = s.vectors[0].name if s.scope is None else _called(s, last=False)
            formula = (s.scope.formula if s.scope is not None else "") or _operations(s)
        grids = [grid for x in (*s.own, *s.vectors) for grid in self._grids(x)]
        title = printable(f"{name}: {formula}", 200) if formula else printable(name)
        called = printable(", ".join(x.name for x in s.vectors))
        values = [v for x in s.vectors for v in x.values.ravel()]
        name, formula = printable(name), printable(formula, 60)
        return Panel(self.ids[s], kind, name, formula, grids, title, lane, column, called, s.nodes, values)

    def _grids(self, x: Vector) -> Iterator[Grid]:
        nodes = _cells(x.values, lambda v: v, None)
        yield Grid(printable(x.name), _cells(x.values, lambda v: number(v.data, self.digits), "…"), None, nodes)
        if x.values.ravel()[0].role != "constant":
            texts = _cells(x.values, lambda v: number(v.grad, self.digits), "…")
            shades = _cells(x.values, self.shades.__getitem__, None)
            yield Grid(self._slope(x.name), texts, shades, nodes)

    def _slope(self, name: str) -> str:
        return printable(f"∂{self.loss}/∂{name}" if self.loss else f"∂ {name}")

    def _wires(self) -> list[Wire]:
        count = sum(p in self.ids for s in self.stages for p in s.sources)
        wires: list[Wire] = []
        for s in self.stages:
            local = (
                jacobians.local(s.nodes, [v for x in s.vectors for v in x.values.ravel()])
                if s.nodes and s.role is None
                else {}
            )
            for p in (p for p in s.sources if p in self.ids):
                wires.append(self._wire(f"e{len(wires)}", p, s, local, count <= LABELS))
        return wires

    def _wire(self, key: str, tail: Stage, head: Stage, local: dict[Value, Any], shown: bool) -> Wire:
        columns = [local.get(v) for x in tail.vectors for v in x.values.ravel()]
        rows = sum(x.values.size for x in head.vectors)
        J = np.array([np.zeros(rows) if column is None else column for column in columns]).T  # noqa: N806
        of, by = (", ".join(x.name for x in s.vectors) for s in (head, tail))
        operands = [x for p in head.sources for x in p.vectors]
        what = jacobians.called(J, tail.vectors, operands, self.digits)
        quotient = printable(f"∂{of}/∂{by}")
        label = what if self.depth > 1 and J.size == 1 else f"{quotient}\n= {what}"
        title = printable(f"{quotient} = {jacobians.text(J, self.digits)}", 400)
        return Wire(key, self.ids[tail], self.ids[head], label, shown, None, title)


def _operations(s: Stage) -> str:
    """The operations of a stage that has no formula, each once."""
    return ", ".join(dict.fromkeys(glyph(v) for v in s.nodes))


def _cells(values: Any, text: Any, gap: Any) -> list[list[Any]]:
    """A text for each number of a vector, a column, or of a matrix; of a large one the first rows, and the last."""
    grid = values.reshape(-1, 1) if values.ndim < 2 else values
    rows, columns = ([*range(FIRST), None, n - 1] if n > MOST else [*range(n)] for n in grid.shape)
    return [[gap if i is None or j is None else text(grid[i, j]) for j in columns] for i in rows]
