"""A kind of picture, stage by stage: a panel for each scope with its vectors and gradients, a Jacobian on each wire."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd.scope import Path
from autograd.tape import wengert_list
from autograd.value import Value
from viz.arguments import values_in
from viz.names import given
from viz.numbers import few, number, printable
from viz.picture import formulas, jacobians
from viz.picture.lanes import Plan, depths, keys, nearest, plan, sequence, visits, within
from viz.picture.scene import Edge, Grid, Lane, Note, Panel, Part, Scene, Wire, caption, scaled, vector_name

MOST, FIRST = 6, 4  # rows or columns that are shown of a matrix; of a larger one the first, and the last
LABELS = 24  # wires up to which the layout leaves room for their labels


@dataclass(eq=False)
class Vector:
    """Values that belong together, as an array of one or two dimensions; their own names give them their places."""

    name: str
    values: Any

    @property
    def members(self) -> list[Value]:
        """The values, one after the other."""
        return list(self.values.ravel())

    @property
    def data(self) -> Any:
        """Their numbers, in the same shape."""
        return np.array([v.data for v in self.members]).reshape(self.values.shape)

    @property
    def part(self) -> Part:
        """Its name, its shape and its values."""
        return printable(self.name), self.values.shape, self.members

    @property
    def shape(self) -> str:
        """Its size in words."""
        return "×".join(map(str, self.values.shape))


@dataclass(eq=False)
class Stage:
    """The values that one scope computes, or an array of leaves."""

    role: str | None  # of leaves
    scope: Path | None
    nodes: list[Value] = field(default_factory=list)
    vectors: list[Vector] = field(default_factory=list)  # its outputs: what other stages take, or the graph gives
    sources: dict[Stage, None] = field(default_factory=dict)
    own: list[Vector] = field(default_factory=list)  # parameters that are drawn inside its panel

    @property
    def values(self) -> list[Value]:
        """Its outputs, one after the other."""
        return [v for x in self.vectors for v in x.members]

    @property
    def symbol(self) -> str:
        """The names of its outputs."""
        return ", ".join(x.name for x in self.vectors)


def scene(output: Any, depth: int, max_nodes: int, digits: int) -> Scene:
    """The panels and wires of a graph by its scopes, nested ones down to `depth`; at most `max_nodes` of them."""
    return _Composer(values_in(output), depth, max_nodes, digits).scene()


# --- which stages -----------------------------------------------------------------------------------------------------


def by_scope(order: Sequence[Value], outputs: Sequence[Value], depth: int) -> tuple[list[Stage], bool]:
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
    home = {v: found[key[v]] for v in computed}
    for v, stage in home.items():
        stage.nodes.append(v)
        stage.scope = stage.scope or within(v.scope, depth)
    leaves = _leaves(order, home, depth)
    used = set(outputs)
    for v in computed:
        others = [p for p in v.parents if p in home and home[p] is not home[v]]
        home[v].sources.update((home[p], None) for p in others)
        used.update(others)
    for stage in found.values():
        taken = [v for v in stage.nodes if v in used]
        stage.vectors = vectors(taken, _title(stage, last=not set(outputs).isdisjoint(taken)), {})
    if depth > 1:
        _nest_parameters(list(found.values()), leaves)
    return [s for s in (*leaves, *found.values()) if s.vectors], tangled


def _leaves(order: Sequence[Value], home: dict[Value, Stage], depth: int) -> list[Stage]:
    """The arrays of leaves by name, nameless constants left out; of two of one name each by the stage that takes it first."""
    first = {p: home[v] for v in reversed(order) for p in v.parents}
    leaves = [v for v in order if v.op is None]
    sizes = Counter(given(v).array for v in leaves)
    together = _whole(order, home, depth)
    stages: dict[Hashable, Stage] = {}
    for v in leaves:
        if v.role != "constant" or v.name or v not in first:
            array = given(v).array
            key = v.role, array, None if (v.role, array) in together else first.get(v)
            home[v] = stages.setdefault(key, Stage(v.role, None))
            home[v].nodes.append(v)
    for stage in stages.values():
        stage.vectors = vectors(stage.nodes, str(stage.role), sizes)
    return list(stages.values())


def _whole(order: Sequence[Value], home: Mapping[Value, Stage], depth: int) -> set[tuple[Any, str]]:
    """The names of leaves that are one array: inputs, and others of which no two have the same place.

    Parts that stages share nothing of are apart where they fill no matrix, or where each is drawn inside its stage.
    """
    takers: defaultdict[Value, set[Stage]] = defaultdict(set)
    arrays: defaultdict[tuple[Any, str], list[Value]] = defaultdict(list)
    for v in order:
        for p in v.parents:
            takers[p].add(home[v])
        if v.op is None and (name := given(v).array):
            arrays[v.role, name].append(v)

    def one(members: Sequence[Value]) -> bool:
        places = {given(v).index for v in members}
        sides = (
            [max(side) - min(side) + 1 for side in zip(*places, strict=True)]
            if len(set(map(len, places))) == 1
            else [0]
        )
        full = depth == 1 and math.prod(sides) == len(members)
        return len(places) == len(members) and (full or any(len(takers[v]) > 1 for v in members))

    return {key for key, members in arrays.items() if key[0] == "input" or one(members)}


def _nest_parameters(stages: Sequence[Stage], leaves: list[Stage]) -> None:
    """Draw parameters that only one stage uses inside its panel. As panels of their own their wires would cover the rest."""
    uses = Counter(source for stage in stages for source in stage.sources)
    taker = {source: stage for stage in stages for source in stage.sources}
    for leaf in [leaf for leaf in leaves if leaf.role != "input" and uses[leaf] == 1]:
        taker[leaf].own += leaf.vectors
        del taker[leaf].sources[leaf]
        leaves.remove(leaf)


def _title(stage: Stage, last: bool) -> str:
    """The name of the values of a stage that have none of their own: y of an output, or else that of its scope."""
    return "y" if last else str(stage.scope).rpartition("/")[2] if stage.scope is not None else "values"


def vectors(members: Sequence[Value], fallback: str, sizes: Mapping[str, int]) -> list[Vector]:
    """Values as vectors and matrices by their names, x[0] and x[1], W[0,0] … W[2,3]; `sizes` are those of whole ones."""
    groups = defaultdict[str, list[Value]](list)
    for v in members:
        groups[given(v).array].append(v)
    return [_vector(name or fallback, values, sizes.get(name, 0)) for name, values in groups.items()]


def _vector(name: str, values: Sequence[Value], whole: int) -> Vector:
    flat = np.fromiter(values, dtype=object, count=len(values))
    places = [index for v in values if len(index := given(v).index) in (1, 2)]
    if len(values) == 1 and (whole > 1 or not places):
        return Vector(given(values[0]) or name, flat)
    if len(set(places)) < len(values) or len(set(map(len, places))) != 1:
        return Vector(name, flat)
    low, size = np.min(places, axis=0), np.ptp(places, axis=0) + 1
    if np.prod(size) != len(values):
        return Vector(name, flat)
    grid = flat[np.lexsort(np.transpose(places)[::-1])].reshape(size)
    if len(size) == 2 and size[0] == 1 and whole > len(values):  # a row of a matrix, such as a neuron's weights
        return Vector(f"{name}[{low[0]}]", grid[0])
    return Vector(name, grid)


# --- panels and wires -------------------------------------------------------------------------------------------------


class _Composer:
    """The builder of the scene of one graph, stage by stage."""

    def __init__(self, outputs: Sequence[Value], depth: int, max_nodes: int, digits: int) -> None:
        self.depth, self.digits = depth, max(2, digits - 1)
        self.order = wengert_list(outputs)
        self.every, self.tangled = by_scope(self.order, outputs, depth)
        self.ends = set(outputs)
        last = [s for s in self.every if not self.ends.isdisjoint(s.nodes)]
        kept = nearest(last, lambda s: s.sources, max_nodes)
        self.stages = [s for s in self.every if s in kept]
        names = {given(v) for v in outputs}
        self.loss = (names.pop() or "y") if len(names) == 1 else ""
        self.shades = scaled({v: v.grad for s in self.stages for x in (*s.vectors, *s.own) for v in x.members})
        self.ids = {s: f"s{k}" for k, s in enumerate(self.stages)}
        self.parents = {s: [p for p in s.sources if p in self.ids] for s in self.stages}
        self.labelled = sum(map(len, self.parents.values())) <= LABELS

    def scene(self) -> Scene:
        """The whole picture."""
        places = self._plan()
        panels = [self._panel(s, places.seat(s)) for s in self._in_order(places.column)]
        inputs = printable(", ".join(dict.fromkeys(s.vectors[0].name for s in self.stages if s.role == "input")))
        lanes = [Lane(title, "") for title in places.titles(inputs)]
        shown, reached = sum(len(s.nodes) for s in self.stages), set(self.shades.values()) != {None}
        wires = self._wires()
        return Scene(panels, wires, lanes, self._notes(wires), len(self.order), shown, reached, staged=True)

    def _notes(self, wires: Sequence[Wire]) -> list[Note]:
        shown, total = len(self.stages), len(self.every)
        cut = f"{shown} of {total} stages shown: those nearest to the output."
        circle = "The scopes take values from each other in a circle: each is shown as often as it is entered."
        held = next((wire.quotient for wire in wires if "|" in wire.quotient), "")
        fixed = f"In {held} what stands after the bar is held fixed: its own share flows back along its own edge."
        notes = (
            (shown < total, Note("cut", cut)),
            (self.tangled, Note("circle", circle)),
            (bool(held), Note("held", fixed)),
        )
        return caption(self.order, *notes)

    def _plan(self) -> Plan:
        """The lane and the column of every stage: inputs a column before those that take them, parameters beside them."""
        if self.depth > 1:
            return plan(self.stages, self.parents)
        lane = dict.fromkeys(self.stages, 0)
        ahead = {s: int(s.role == "input") for s in self.stages if s.role is not None}
        return Plan([], lane, depths(self.stages, self.parents, lane, ahead))

    def _in_order(self, column: Mapping[Stage, int]) -> Iterator[Stage]:
        """The stages in order, each between the leaves in its own column that it takes: before and after it in turn."""
        pairs = [(leaf, s) for s in self.stages for leaf in self.parents[s] if leaf.role is not None]
        beside = {leaf: s for leaf, s in pairs if column[leaf] == column[s]}
        for s in self.stages:
            if s not in beside:
                leaves = [leaf for leaf in beside if beside[leaf] is s]
                yield from (*leaves[::2][::-1], s, *leaves[1::2])

    def _panel(self, s: Stage, seat: tuple[int, int]) -> Panel:
        kind = "output" if not self.ends.isdisjoint(s.nodes) else s.role or "operation"
        first = s.vectors[0]
        if s.role is not None:
            formula = first.shape if first.values.size > 1 else ""
        else:
            formula = (s.scope and s.scope.formula) or self._formula(s)
        name = first.name if s.scope is None else _title(s, last=False)
        grids = [grid for x in (*s.own, *s.vectors) for grid in self._grids(x)]
        title = "; ".join([printable(f"{name}: {formula}" if formula else name, 200), *map(_described, s.vectors)])
        words = printable(name), printable(formula, 60)
        parts = [x.part for x in s.vectors]
        return Panel(self.ids[s], kind, *words, grids, title, *seat, printable(s.symbol), parts, s.nodes, s.values)

    def _formula(self, s: Stage) -> str:
        """A formula for a stage without one of its own, with the name of its outputs if that is not the panel's."""
        found = formulas.of(s.values, s.nodes, [x for source in s.sources for x in source.vectors] + s.own)
        plain = s.scope is None or _title(s, last=False) == s.symbol or ", " in found
        return found if plain else f"{s.symbol} = {found}"

    def _grids(self, x: Vector) -> Iterator[Grid]:
        nodes = _cells(x.values, lambda v: v, None)
        yield Grid(printable(x.name), _cells(x.values, lambda v: number(v.data, self.digits), "…"), None, nodes)
        if x.members[0].role != "constant":
            slope = printable(f"∂{self.loss}/∂{x.name}" if self.loss else f"∂ {x.name}")
            texts = _cells(x.values, lambda v: number(v.grad, self.digits), "…")
            yield Grid(slope, texts, _cells(x.values, self.shades.__getitem__, None), nodes)

    def _wires(self) -> list[Wire]:
        wires: list[Wire] = []
        for s in self.stages:
            if s.role is None:
                local, end = jacobians.local(s.nodes, s.values), jacobians.last(s.nodes, s.values)
                wires += [
                    self._wire(f"e{k}", tail, s, local, end) for k, tail in enumerate(self.parents[s], len(wires))
                ]
        return wires

    def _wire(self, key: str, tail: Stage, head: Stage, local: Mapping[Value, Any], end: Any) -> Wire:
        inside = set(tail.nodes)
        edges = [(v, k) for v in head.nodes for k, p in enumerate(v.parents) if p in inside]
        ends = self.ids[tail], self.ids[head]
        taken = {v.parents[k] for v, k in edges}
        by = _part(tail, taken)
        parts = [x.part for x in by]
        if tail.role == "constant":  # it takes no gradient
            return Wire(key, *ends, edges, "", "", "", shown=False, room=0, share=None, title="", by=parts)
        J = jacobians.of(local, [v for x in by for v in x.members], len(head.values))  # noqa: N806
        operands = [x for p in head.sources for x in _part(p, {u for v in head.nodes for u in v.parents})]
        name = jacobians.label(J, by, operands, self.digits, head.vectors, end)
        held = self._held(tail, head, taken)
        symbol = ", ".join(x.name for x in by)
        quotient = printable(f"∂{head.symbol}/∂{symbol}" + f"|{', '.join(held)}" * bool(held))
        title = printable(f"{quotient} = {jacobians.text(J, self.digits)}", 400)
        flow = ""
        if len(by) == len(head.vectors) == 1 and not self.ends & set(head.values):
            flow = self._flow(J, by[0], head, edges, jacobians.product(J, by[0], head.vectors[0], operands, end))
        if self.depth > 1 and J.size == 1:
            quotient, flow = "", ""
        room = (2 + bool(flow) if quotient else 1) * self.labelled
        return Wire(key, *ends, edges, quotient, name, flow, shown=True, room=room, share=None, title=title, by=parts)

    def _held(self, tail: Stage, head: Stage, taken: set[Value]) -> list[str]:
        """The other operands of a stage through which it depends on these values of the tail too."""
        others = [x for x in head.sources if x is not tail]
        reached = set(taken)
        for v in self.order if others else ():
            if not reached.isdisjoint(v.parents):
                reached.add(v)
        return [x.symbol for x in others if not reached.isdisjoint(x.values)]

    def _flow(self, J: Any, by: Vector, head: Stage, edges: Sequence[Edge], form: str) -> str:  # noqa: N803
        """The product with the Jacobian that flows back to a vector, if it is true in every entry; "" where it is not."""
        bars = [[v.grad for v in x.members] for x in (*head.vectors, by)]
        if not form or not self.loss or any(x is None or not math.isfinite(x) for bar in bars for x in bar):
            return ""
        g, own = (np.array(bar) for bar in bars)
        added = dict.fromkeys(by.members, 0.0)
        for v, k in edges:
            added[v.parents[k]] += v.partials[k] * v.grad if v.grad else 0.0
        flown, room = np.array(list(added.values())), 1e-12 * (abs(J).T @ abs(g))
        if not np.isfinite(J).all() or (abs(J.T @ g - flown) > room).any():
            return ""
        sign, slope = "=" if (abs(own - flown) <= room).all() else "+=", f"∂{self.loss}/∂"
        return printable(f"{slope}{by.name} {sign} {form.format(g=f'{slope}{head.symbol}')}", 80)


def _described(x: Vector) -> str:
    """A vector and its gradient with all their digits; a large one by its name alone."""
    if x.values.size > MOST * MOST:
        return printable(x.name)
    grad = np.array([v.grad for v in x.members], dtype=object).reshape(x.values.shape)
    return f"{printable(x.name)}: value {x.data.tolist()}, gradient {grad.tolist()}"


def _part(stage: Stage, taken: set[Value]) -> list[Vector]:
    """The vectors of a stage; of a matrix the row that is taken, where that is one of several."""
    if len(stage.vectors) != 1 or stage.vectors[0].values.ndim < 2:
        return stage.vectors
    rows = [row for row in stage.vectors[0].values if not taken.isdisjoint(row)]
    name = vector_name(rows[0]) if len(rows) == 1 < len(stage.vectors[0].values) else ""
    return [Vector(name, rows[0])] if name else stage.vectors


def _cells(values: Any, text: Any, gap: Any) -> list[list[Any]]:
    """A text for each number of a vector, a column, or of a matrix; of a large one the first rows, and the last."""
    grid = values.reshape(-1, 1) if values.ndim < 2 else values
    rows, columns = (few(range(n), MOST, FIRST, gap=None) for n in grid.shape)
    return [[gap if i is None or j is None else text(grid[i, j]) for j in columns] for i in rows]
