"""The facts that a page holds: the graph and its picture as data, and the functions that compute it in the browser."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from autograd.languages.javascript import value_and_partials
from autograd.ops import Op
from autograd.value import Value
from viz.names import index, names
from viz.numbers import printable
from viz.picture.scene import Card, Panel, Scene, Wire
from viz.picture.stage_graph import Vector

Numbers = Mapping[Value | None, int]  # the place of each value among the nodes of the page
Facts = dict[str, Any]


def gathered(order: Sequence[Value], asked: Sequence[Facts], shown: Facts) -> tuple[Facts, str]:
    """The data of the page, and its list of functions: value and local derivatives of each operation, in JavaScript."""
    name = names(order)
    number: dict[Value | None, int] = {v: k for k, v in enumerate(order)}
    computed = {v: (v.op, len(v.parents)) for v in order if v.op is not None}
    rows = {row: k for k, row in enumerate(dict.fromkeys(computed.values()))}
    uses = Counter(p for v in computed for p in v.parents)
    facts = {
        "nodes": [  # name, row and operands, or number as JavaScript writes it, and role
            [name[v], rows[computed[v]], [number[p] for p in v.parents], None, None]
            if v in computed
            else [name[v], None, [], repr(v.data).replace("inf", "Infinity").replace("nan", "NaN"), v.role]
            for v in order
        ],
        "output": number[order[-1]],
        "rows": [_row(op, n) for op, n in rows],
        "uses": [uses[v] for v in order],
        "asked": asked,
        **shown,
    }
    functions = (value_and_partials(op, n) for op, n in rows)
    return facts, f"[{','.join(f'{{f:{f},d:{d}}}' for f, d in functions)}]"


def level(scene: Scene, order: Sequence[Value], digits: int, insides: Mapping[str, Scene], named: bool = True) -> Facts:
    """The facts of one picture of the graph: its steps, cards and wires, and those of the scopes that open in it.

    Where gradients are asked for, no Jacobian is `named`, for ∂L/∂h = [0.5, −1] is a gradient: the page computes the names.
    """
    number: dict[Value | None, int] = {v: k for k, v in enumerate(order)}
    shown = _by_stages(scene, number, named) if scene.staged else _by_values(scene, number)
    _put_aside(shown["groups"], order, number)
    name, coarse = ("stages", max(2, digits - 1)) if scene.staged else ("values", digits)
    inside = {key: _inside(within, number) for key, within in insides.items() if scene.staged}
    return {"level": name, "digits": coarse, "fine": digits, "inside": inside, **shown}


def _inside(scene: Scene, number: Numbers) -> Facts:
    """The steps, cards and wires of an open scope: what it takes is shown, and computed before."""
    shown, own = _by_values(scene, number), {number[v] for wire in scene.wires for v, _ in wire.edges}
    return shown | {"groups": [group for group in shown["groups"] if group["nodes"][0] in own]}


def _put_aside(groups: Sequence[Facts], order: Sequence[Value], number: Numbers) -> None:
    """Give each value that the picture leaves out to the first step that needs it, which computes it and passes it by.

    Then each step comes after all that it is computed from, and every gradient is whole when it is passed on.
    """
    step = {k: s for s, group in enumerate(groups) for k in group["nodes"]}
    first = {order[k]: s for k, s in step.items()}
    for v in reversed(order):
        for p in v.parents:
            if number[p] not in step:
                first[p] = min(first[v], first.get(p, first[v]))
    for group in groups:
        group["aside"] = []
    for v in order:
        if v.op is not None and number[v] not in step:
            groups[first[v]]["aside"].append(number[v])


def _row(op: Op, n: int) -> Facts:
    """The notation of an operation, and the local derivatives that are operands themselves."""
    operands = [object() for _ in range(n)]

    def local(rule: Any) -> Any:
        try:
            return rule(None, *operands)
        except TypeError:  # it computes with them
            return None

    found = [local(rule) for rule in op.partials] if isinstance(op.partials, tuple) else local(op.partials)
    same = [next((k for k, x in enumerate(operands) if x is d), None) for d in found or [None] * n]
    return {
        "name": op.name, "form": printable(op.written, 400), "call": printable(op.symbol or op.name), "index": index(op), "vectors": op.vectors, "leading": op.leading, "domain": op.domain, "same": same,
        "ends": op.arity == 1 and not op.infix,
    }  # fmt: skip


def _wire(wire: Wire, number: Numbers) -> Facts:
    return {"id": wire.id, "edges": [[number[v], k] for v, k in wire.edges]}


# --- value by value ---------------------------------------------------------------------------------------------------


def _by_values(scene: Scene, number: Numbers) -> Facts:
    shown = [(card.id, card.node) for card in scene.cards if isinstance(card, Card) and card.node is not None]
    return {
        "groups": [{"nodes": [k]} for k in sorted(number[v] for _, v in shown if v.op is not None)],
        "cards": [{"id": key, "k": number[v]} for key, v in shown],
        "wires": [_wire(wire, number) for wire in scene.wires if wire.edges],
    }


# --- stage by stage ---------------------------------------------------------------------------------------------------


def _by_stages(scene: Scene, number: Numbers, named: bool) -> Facts:
    panels = {panel.id: panel for panel in scene.cards if isinstance(panel, Panel)}
    uses = Counter(wire.tail for wire in scene.wires)
    sources = defaultdict[str, list[Facts]](list)
    for wire in scene.wires:
        tail, product = panels[wire.tail], not _within(panels[wire.head])
        more = {"what": wire.derivative if named else None, "several": uses[wire.tail] > 1, "product": product}
        sources[wire.head].append(_source(wire.by, number) | {"constant": tail.kind == "constant"} | more)
    computed = [panel for panel in panels.values() if panel.stage.role is None]
    if not any(note.kind == "cut" for note in scene.notes):  # else columns know nothing of what lies between
        computed.sort(key=lambda panel: (panel.column, number[panel.stage.nodes[-1]]))
    return {
        "groups": [_group(panel, number, sources[panel.id]) for panel in computed],
        "cards": [_card(panel, number) for panel in panels.values()],
        "wires": [_wire(wire, number) for wire in scene.wires],
    }


def _group(panel: Panel, number: Numbers, sources: Sequence[Facts]) -> Facts:
    """A step of the page: the nodes of one stage, and all that it is computed from."""
    vectors, symbol, outs = panel.stage.vectors, printable(panel.stage.symbol), panel.stage.values
    formula = panel.formula if "=" in panel.formula else symbol
    words = {"name": symbol, "title": panel.name, "formula": formula}
    return {
        "id": panel.id,
        "nodes": [number[v] for v in panel.stage.nodes],
        "outs": [number[v] for v in outs],
        "shape": vectors[0].values.shape if len(vectors) == 1 else (len(outs),),
        "single": len(vectors) == 1,
        **words,
        "sources": sources,
    }


def _source(by: Sequence[Vector], number: Numbers) -> Facts:
    """The operands that a stage takes from another one: together, and vector by vector if they are several."""
    parts: list[Facts] = [
        {"name": printable(x.name), "shape": x.values.shape, "nodes": [number[v] for v in x.members]} for x in by
    ]
    if len(parts) == 1:
        return parts[0]
    nodes = [k for part in parts for k in part["nodes"]]
    return {"name": ", ".join(part["name"] for part in parts), "shape": (len(nodes),), "nodes": nodes, "parts": parts}


def _within(panel: Panel) -> bool:
    """True where a stage computes some outputs from others: its gradient is then no product with its Jacobian."""
    taken = set(panel.stage.values)
    later = set[Value]()  # computed from an output
    for v in panel.stage.nodes:
        if not (taken.isdisjoint(v.parents) and later.isdisjoint(v.parents)):
            later.add(v)
    return not taken.isdisjoint(later)


def _card(panel: Panel, number: Numbers) -> Facts:
    cells = ([number.get(v) for row in grid.nodes for v in row] for grid in panel.grids)  # None in a gap
    grids = [{"slope": g.shades is not None, "cells": ks} for g, ks in zip(panel.grids, cells, strict=True)]
    return {"id": panel.id, "ks": [number[v] for v in panel.stage.nodes], "grids": grids}
