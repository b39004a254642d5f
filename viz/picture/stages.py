"""A kind of picture, stage by stage: a panel for each scope with its vectors and gradients, a Jacobian on each wire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import starmap
from typing import Any

import numpy as np

from autograd.tape import wengert_list
from autograd.value import Value
from viz.arguments import values_in
from viz.names import given, nameless
from viz.numbers import few, number, printable
from viz.picture import jacobians, stage_formulas
from viz.picture.hosts import watched
from viz.picture.scene import Grid, Lane, Note, Panel, Scene, Wire, caption, scaled, vector_name
from viz.picture.selection import Plan, depths, nearest, plan, within
from viz.picture.stage_graph import Stage, Vector, by_scope, called

MOST, FIRST = 6, 4  # rows or columns that are shown of a matrix; of a larger one the first, and the last
MANY = 500  # values of a graph whose drawing may take more than a second
LABELS = 24  # wires up to which the layout leaves room for their labels


def scene(output: Any, depth: int, max_nodes: int, digits: int) -> Scene:
    """The panels and wires of a graph by its scopes, nested ones down to `depth`; at most `max_nodes` of them."""
    return _Composer(values_in(output), depth, max_nodes, digits).scene()


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
        self.loss = (given(outputs[0]) or nameless(self.order)) if len(self.ends) == 1 else ""
        self.shades = scaled({v: v.grad for s in self.stages for x in (*s.vectors, *s.own) for v in x.members})
        drawn = {v for s in self.every for v in (*s.nodes, *(p for x in s.own for p in x.members))}
        self.shared = dict.fromkeys(given(v).array for v in self.order if v.role == "parameter" and v not in drawn)
        self.ids = {s: f"s{k}" for k, s in enumerate(self.stages)}
        self.parents = {s: [p for p in s.sources if p in self.ids] for s in self.stages}

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
        fixed = "What stands after a bar | is held fixed: its own share flows back along its own edge."
        shared = f"The scopes share parameters, which are not drawn: {printable(', '.join(self.shared), 100)}."
        texts = {"shared": shared, "cut": cut, "circle": circle, "held": fixed}
        true = bool(self.shared), shown < total, self.tangled, any("|" in wire.quotient for wire in wires)
        return caption(self.order, *zip(true, starmap(Note, texts.items()), strict=True))

    def _plan(self) -> Plan:
        """The lane and the column of every stage: inputs a column before those that take them, parameters beside them.

        Scopes that share parameters are one function, entered again and again: they stand side by side, without lanes.
        """
        if self.depth > 1 and not self.shared:
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
        elif self.shared:
            formula = str(within(s.scope, 1) or "")
        else:
            formula = (s.scope and s.scope.formula) or self._formula(s)
        name = first.name if s.scope is None else called(s)
        grids = [grid for x in (*s.own, *s.vectors) for grid in self._grids(x)]
        title = "; ".join([printable(f"{name}: {formula}" if formula else name, 200), *map(_described, s.vectors)])
        return Panel(self.ids[s], kind, printable(name), printable(formula, 60), grids, title, *seat, s)

    def _formula(self, s: Stage) -> str:
        """A formula for a stage without one of its own, with the name of its outputs if that is not the panel's."""
        found = stage_formulas.of(s.values, s.nodes, [x for source in s.sources for x in source.vectors] + s.own)
        plain = s.scope is None or called(s) == s.symbol or ", " in found.partition("(")[0]  # a list of operations
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
        for s in watched(self.stages, "drawing", "stage", 1.0) if len(self.order) > MANY else self.stages:
            if s.role is None:
                local, end = jacobians.local(s.nodes, s.values), jacobians.last(s.nodes, s.values)
                wires += [_wire(self, f"e{k}", p, s, local, end) for k, p in enumerate(self.parents[s], len(wires))]
        return wires if len(wires) <= LABELS else [replace(wire, room=0) for wire in wires]


def _wire(c: _Composer, key: str, tail: Stage, head: Stage, local: Mapping[Value, Any], end: Any) -> Wire:
    """The wire from one stage to another, whose `local` derivatives and last function are given."""
    inside = set(tail.nodes)
    edges = [(v, k) for v in head.nodes for k, p in enumerate(v.parents) if p in inside]
    ends = c.ids[tail], c.ids[head]
    taken = {v.parents[k] for v, k in edges}
    by = _part(tail, taken)
    if tail.role == "constant":  # it takes no gradient
        return Wire(key, *ends, edges, by=by)
    J = jacobians.of(local, [v for x in by for v in x.members], len(head.values))  # noqa: N806
    operands = [x for p in head.sources for x in _part(p, {u for v in head.nodes for u in v.parents})]
    name = jacobians.label(J, by, operands, c.digits, head.vectors, end)
    held = _held(c.order, tail, head, taken)
    of, symbol = (", ".join(x.name for x in vectors) for vectors in (head.vectors, by))
    of, symbol = (f"({names})" if ", " in names else names for names in (of, symbol))
    quotient = printable(f"∂{of}/∂{symbol}" + f"|{', '.join(held)}" * bool(held))
    title = printable(f"{quotient} = {jacobians.text(J, c.digits)}", 400)
    flow = ""
    if len(by) == len(head.vectors) == 1 and not c.ends & set(head.values):
        form = jacobians.product(J, by[0], head.vectors[0], operands, end)
        flow = jacobians.flow(J, by[0], head.vectors[0], edges, form, c.loss) if form and c.loss else ""
    if c.depth > 1 and (J.size == 1 or name.endswith((" matrix", "choice"))):
        quotient, flow, name = "", "", name * (J.size == 1)
    room = 2 + bool(flow) if quotient else 1
    return Wire(key, *ends, edges, quotient, name, flow, shown=True, room=room, title=title, by=by)


def _held(order: Sequence[Value], tail: Stage, head: Stage, taken: set[Value]) -> list[str]:
    """The other operands of a stage through which it depends on these values of the tail too."""
    others = [x for x in head.sources if x is not tail]
    reached = set(taken)
    for v in order if others else ():
        if not reached.isdisjoint(v.parents):
            reached.add(v)
    return [x.symbol for x in others if not reached.isdisjoint(x.values)]


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
