"""A kind of picture, value by value: a card for each, a wire for each operand, a lane for each outermost scope."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from autograd.tape import wengert_list
from autograd.value import Value
from viz.arguments import values_in
from viz.names import expression, given, glyph, names, parts
from viz.numbers import exact, number, printable
from viz.picture.scene import Card, Lane, Note, Scene, Wire, caption, scaled, vector_name
from viz.picture.selection import nearest, plan, within

COUNTED = 20_000  # values up to which a stub says how many it stands for
FEW = 30  # values up to which a nameless one shows no v1, v2, … of the table: its place in the picture tells it
ALL_LABELS, MOST_LABELS = 16, 120  # wires up to which all local derivatives are written, or those that are not 1


@dataclass(frozen=True, eq=False)
class Stub:
    """The operands of `child` that are not shown."""

    child: Value
    count: int  # of these and all that they are computed from; 0 if that would take long to count
    scope: None = None
    role: None = None


def scene(output: Any, max_nodes: int, digits: int, numbered: bool = False) -> Scene:
    """The cards and wires of the graph of one or more outputs, at most `max_nodes` values: those nearest to the outputs.

    A page asks for `numbered` cards: there nameless values of a small graph have the names of the table too, since a
    text speaks of them, and an edge is without a number only where its derivative stays 1 whatever the numbers are.
    """
    return _Composer(values_in(output), max_nodes, digits, numbered).scene()


# --- which values -----------------------------------------------------------------------------------------------------


def _cut(order: Sequence[Value], kept: set[Value]) -> dict[Value | Stub, list[Value | Stub]]:
    """The kept values in their order, each with its parents; those not kept are a stub, which stands just before."""
    parents: dict[Value | Stub, list[Value | Stub]] = {}
    for v in (v for v in order if v in kept):
        shown: list[Value | Stub] = [p for p in v.parents if p in kept]
        if hidden := [p for p in v.parents if p not in kept]:
            count = sum(u not in kept for u in wengert_list(hidden)) if len(order) < COUNTED else 0
            shown.append(stub := Stub(v, count))
            parents[stub] = []
        parents[v] = shown
    return parents


# --- cards and wires --------------------------------------------------------------------------------------------------


class _Composer:
    """The builder of the scene of one graph, value by value."""

    def __init__(self, outputs: Sequence[Value], max_nodes: int, digits: int, numbered: bool) -> None:
        self.outputs, self.digits = set(outputs), digits
        self.order = wengert_list(outputs)
        self.kept = nearest(outputs, lambda v: v.parents, max_nodes, whole=True)
        self.parents = _cut(self.order, self.kept)
        self.items = list(self.parents)
        self.values = [v for v in self.items if isinstance(v, Value)]
        self.places = plan(self.items, self.parents)
        self.ids: dict[Value | Stub, str] = {v: f"n{k}" for k, v in enumerate(self.order)}
        self.ids |= {v: f"more{k}" for k, v in enumerate(self.items) if isinstance(v, Stub)}
        self.names = names(self.order)
        self.numbered, self.named = numbered, numbered or len(self.order) > FEW
        self.shades = scaled({v: v.grad for v in self.values})

    def scene(self) -> Scene:
        """The whole picture."""
        cards = [self._stub(v) if isinstance(v, Stub) else self._card(v) for v in self.items]
        wires = self._wires()
        count, reached = (len(self.order), len(self.kept)), set(self.shades.values()) != {None}
        return Scene(cards, wires, self._lanes(), self._notes(wires), *count, reached, staged=False)

    def _card(self, v: Value) -> Card:
        kind = "output" if v in self.outputs else v.role or "operation"
        name: str = given(v)
        if not name and kind != "constant":
            name = self.names[v] if self.named or (v in self.outputs and len(self.outputs) == 1) else ""
        strip = "" if kind == "constant" else f"∂ {number(v.grad, self.digits)}"
        words = _mark(v), name, number(v.data, self.digits), strip, self.shades[v], self._title(v)
        return Card(self.ids[v], kind, *words, *self.places.seat(v), v)

    def _title(self, v: Value) -> str:
        """The whole truth: the value's name in the table, its operation, its scope, and all digits."""
        words, place = expression(v, [self.names[p] for p in v.parents]), f" in {v.scope}" if v.scope else ""
        if given(v) or v.role != "constant":
            words = f"{v.name or self.names[v]}{' =' if v.op else ','} {words}"
        return f"{printable(words + place, 400)}: value {v.data!r}, gradient {v.grad!r}"

    def _stub(self, stub: Stub) -> Card:
        count = f"{stub.count} more" if stub.count else "more"
        words = "", "", f"… {count}", "", None, f"{count}, not shown"
        return Card(self.ids[stub], "stub", *words, *self.places.seat(stub), None)

    def _wires(self) -> list[Wire]:
        edges = [(v, k) for v in self.values for k, p in enumerate(v.parents) if p in self.parents]
        shares = scaled(added := {(v, k): _contribution(v, k) for v, k in edges})
        count = sum(v.parents[k].role != "constant" for v, k in edges)
        every, some = count <= ALL_LABELS, count <= MOST_LABELS
        wires: list[Wire] = []
        for (v, k), share in shares.items():
            p, d, more, fixed = v.parents[k], v.partials[k], added[v, k], is_one(v, k)
            ends = f"e{len(wires)}", self.ids[p], self.ids[v]
            if p.role == "constant":  # it takes no gradient
                wires.append(Wire(*ends, [(v, k)]))
                continue
            title = f"local derivative {exact(d)}" + ("" if more is None else f", adds {exact(more)} to the gradient")
            flow = "" if more is None else number(more, self.digits)
            texts, shown = (number(d, self.digits), flow), every or (some and not (fixed if self.numbered else d == 1))
            wires.append(Wire(*ends, [(v, k)], "", *texts, shown, 2 if every else 1, share, title))
        for stub in (v for v in self.items if isinstance(v, Stub)):
            wires.append(Wire(f"e{len(wires)}", self.ids[stub], self.ids[stub.child], []))
        return wires

    def _lanes(self) -> list[Lane]:
        paths = [within(v.scope, 1) for v in self.items]
        formulas: dict[Hashable, str] = {str(path): path.formula for path in reversed(paths) if path and path.formula}
        arrays = dict.fromkeys(given(v).array for v in self.values if self.places.lane[v] == 0)  # x of x[0] and x[1]
        inputs = ", ".join(arrays) if all(arrays) and len(arrays) < 4 else "inputs"
        titles = zip(self.places.lanes, self.places.titles(inputs), strict=True)
        return [Lane(title, printable(formulas.get(k, ""), 48)) for k, title in titles]

    def _notes(self, wires: Sequence[Wire]) -> list[Note]:
        shown, total = len(self.kept), len(self.order)
        labelled = [w for w in wires if w.lines]
        many = len(labelled) > MOST_LABELS
        cut = f"{shown} of {total} values shown: those nearest to the output."
        circle = "The scopes take values from each other in a circle, so there are no lanes."
        constants = any(w.edges and not w.derivative for w in wires)
        bare = "An edge that stays without a number" if self.numbered else "An edge without a number"
        ones = f"{bare} has the local derivative 1{', or comes from a constant' * constants}."
        return caption(
            self.order,
            (shown < total, Note("cut", cut, f"max_nodes={total} shows them all.")),
            (self.places.tangled, Note("circle", circle)),
            (many, Note("unlabelled", "Too many edges to write on: viz.table lists every local derivative.")),
            (not many and not all(w.shown for w in labelled), Note("ones", ones)),
        )


def is_one(v: Value, k: int) -> bool:
    """Whether the local derivative of v by its k-th operand is 1 for all numbers."""
    return v.op is not None and (v.op.name in ("add", "sum", "positive") or (v.op.name == "subtract" and k == 0))


def _mark(v: Value) -> str:
    """The mark of an operation: of a dot its vectors by name, w·x, or the dot alone, which needs no names."""
    if v.op is None:
        return ""
    if v.op.name != "dot":
        return glyph(v.op)
    sides = [vector_name(part) for part in parts(v.op, v.parents)]
    return "·".join(sides) if all(sides) else "·"


def _contribution(v: Value, k: int) -> float | None:
    """Local derivative times upstream gradient; None where none is known or none flows."""
    if v.grad is None or v.parents[k].role == "constant":
        return None
    return v.partials[k] * v.grad if v.grad else 0.0
