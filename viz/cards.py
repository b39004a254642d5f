"""A graph value by value: a card for each, a wire for each operand, a lane for each outermost scope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograd.tape import wengert_list
from autograd.value import Value
from viz.lanes import INPUTS, Plan, plan, within
from viz.names import expression, given, glyph, names
from viz.scene import Card, Lane, Scene, Wire, outdated, scaled, values_in
from viz.text import exact, number, printable

COUNTED = 20_000  # values up to which it is said how many are behind a stub
NUMBERED = 60  # values up to which a nameless one shows the v1, v2, … that the table calls it
ALL_LABELS, MOST_LABELS = 60, 120  # wires up to which all local derivatives are written, or those that are not 1


@dataclass(frozen=True, eq=False)
class Stub:
    """The operands of `child` that are not shown."""

    child: Value
    count: int  # of these and all that they are computed from; 0 if that would take long to find out
    scope: None = None
    role: None = None


def scene(output: Any, max_nodes: int, digits: int) -> Scene:
    """The cards and wires of the graph of one or more outputs, at most `max_nodes` values: those nearest to the outputs."""
    outputs = values_in(output)
    order = wengert_list(outputs)
    kept = _nearest(outputs, max_nodes) if len(order) > max_nodes else set(order)
    items, parents = _cut(order, kept)
    places = plan(items, parents)
    ids: dict[Any, str] = {v: f"n{k}" for k, v in enumerate(order)}
    ids |= {v: f"more{k}" for k, v in enumerate(items) if isinstance(v, Stub)}
    called, results, shades = names(order), set(outputs), scaled({v: v.grad for v in items if isinstance(v, Value)})

    def card(v: Value | Stub) -> Card:
        seat = ids[v], places.lane[v], places.column[v]
        return _stub(v, *seat) if isinstance(v, Stub) else _card(v, *seat, v in results, shades[v], digits, called)

    cards = [card(v) for v in items]
    wires = _wires([v for v in items if isinstance(v, Value)], parents, ids, max(2, digits - 1))
    return Scene(cards, wires, _lanes(places, items), _notes(order, kept, places, wires), len(order), len(kept))


# --- which values -----------------------------------------------------------------------------------------------------


def _nearest(outputs: Sequence[Value], most: int) -> set[Value]:
    """Breadth first; all operands of a value, or none of them, unless that would leave half of the room empty."""
    reached = list(outputs[:most])
    seen = set(reached)
    for v in reached:  # the list grows while it is read
        fresh = [p for p in dict.fromkeys(v.parents) if p not in seen]
        room = most - len(reached)
        if len(fresh) > room and room < most / 2:
            break
        reached += fresh[:room]
        seen.update(fresh)
    return set(reached)


def _cut(order: Sequence[Value], kept: set[Value]) -> tuple[list[Any], dict[Any, list[Any]]]:
    """The kept values, and a stub before each that has operands not kept; and the parents of all of these."""
    items: list[Any] = []
    parents: dict[Any, list[Any]] = {}
    for v in order:
        if v not in kept:
            continue
        parents[v] = [p for p in v.parents if p in kept]
        if hidden := [p for p in v.parents if p not in kept]:
            count = sum(u not in kept for u in wengert_list(hidden)) if len(order) < COUNTED else 0
            stub = Stub(v, count)
            items.append(stub)
            parents[stub] = []
            parents[v].append(stub)
        items.append(v)
    return items, parents


# --- cards and wires --------------------------------------------------------------------------------------------------


def _card(
    v: Value,
    key: str,
    lane: int,
    column: int,
    output: bool,
    shade: float | None,
    digits: int,
    called: Mapping[Value, str],
) -> Card:
    kind = "output" if output else v.role or "operation"
    name = given(v) or (called[v] if len(called) <= NUMBERED else str(v.role or ""))
    strip = f"∂ {number(v.grad, digits)}"
    if kind == "constant":
        name = strip = ""
    made = glyph(v) if v.op else ""
    return Card(key, kind, made, name, number(v.data, digits), strip, shade, _title(v, called), lane, column)


def _title(v: Value, called: Mapping[Value, str]) -> str:
    """The whole truth: what the table calls the value, how it was computed and in which scope, and all digits."""
    words, place = expression(v, [called[p] for p in v.parents]), f" in {v.scope}" if v.scope else ""
    if given(v) or v.role != "constant":
        words = f"{called[v]}{' =' if v.op else ','} {words}"
    return printable(f"{words}{place}: value {exact(v.data)}, gradient {exact(v.grad)}", 400)


def _stub(stub: Stub, key: str, lane: int, column: int) -> Card:
    count = f"{stub.count} more" if stub.count else "more"
    return Card(key, "stub", "", "", f"… {count}", "", None, f"{count}, not shown", lane, column)


def _wires(
    shown: Sequence[Value], parents: Mapping[Any, Sequence[Any]], ids: Mapping[Any, str], digits: int
) -> list[Wire]:
    edges = [(p, v, k) for v in shown for k, p in enumerate(v.parents) if p in parents]
    shares = scaled({edge: _contribution(*edge) for edge in edges})
    few, some = len(edges) <= ALL_LABELS, len(edges) <= MOST_LABELS
    wires = []
    for count, (p, v, k) in enumerate(edges):
        d, added, share = v.partials[k], _contribution(p, v, k), shares[p, v, k]
        unused = v.op.guarded and p.role == "constant"  # its derivative is not evaluated
        label, full = ("–", "–") if unused else (number(d, digits), exact(d))
        title = f"local derivative {full}" + ("" if added is None else f", adds {exact(added)} to the gradient")
        wires.append(Wire(f"e{count}", ids[p], ids[v], label, few or (some and d != 1), share, title))
    for stub in (stub for stub in parents if isinstance(stub, Stub)):
        wires.append(Wire(f"e{len(wires)}", ids[stub], ids[stub.child], "", shown=False, share=None, title=""))
    return wires


def _contribution(parent: Value, v: Value, k: int) -> float | None:
    """Local derivative times upstream gradient; None where none is known or none flows."""
    if v.grad is None or parent.role == "constant":
        return None
    return v.partials[k] * v.grad if v.grad else 0.0


# --- lanes and notes --------------------------------------------------------------------------------------------------


def _lanes(places: Plan, items: Sequence[Any]) -> list[Lane]:
    paths = [within(v.scope, 1) for v in items]
    formulas = {str(path): path.formula for path in reversed(paths) if path is not None and path.formula}
    lanes = []
    for k, key in enumerate(places.lanes):
        if isinstance(key, str):
            lanes.append(Lane(printable(key), printable(formulas.get(key, ""), 48)))
        else:
            inputs = [v for v in items if places.lane[v] == k] if key == INPUTS else []
            lanes.append(Lane(_stem(inputs) if inputs else "", ""))
    return lanes


def _stem(inputs: Sequence[Any]) -> str:
    """The name that inputs share: x for x[0] and x[1]."""
    stems = dict.fromkeys(given(v).partition("[")[0] for v in inputs)
    return ", ".join(stems) if all(stems) and len(stems) < 4 else "inputs"


def _notes(order: Sequence[Value], kept: set[Value], places: Plan, wires: Sequence[Wire]) -> list[str]:
    notes = []
    if len(kept) < len(order):
        notes.append(
            f"{len(kept)} of {len(order)} values shown: those nearest to the output. "
            f"max_nodes={len(order)} shows them all."
        )
    if places.tangled:
        notes.append("The scopes take values from each other in a circle, so there are no lanes.")
    labelled = [w for w in wires if w.label]
    if len(labelled) > MOST_LABELS:
        notes.append("Too many edges to write on: each local derivative is in its edge’s tooltip and in the DOT text.")
    elif not all(w.shown for w in labelled):
        notes.append("An edge without a number has the local derivative 1.")
    return [*notes, *outdated(order)]
