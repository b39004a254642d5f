"""A network as units and the weights between them, found in the graph of one example."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd import Program, nesting, record
from autograd.tape import wengert_list
from autograd.value import Value
from viz.names import given, glyph, parts
from viz.numbers import printable
from viz.picture.stage_graph import by_scope

MOST_STAGES, MOST_OUTPUTS = 40, 12  # of a model; of a stage
MOST_WEIGHTS = 1_500  # lines of a picture


@dataclass(eq=False)
class Unit:
    """An input, or a weighted sum of units with what is computed from it alone: a bias added, an activation."""

    name: str
    layer: int
    value: Value  # its output
    bias: Value | None = None
    weights: list[tuple[Unit, Value]] = field(default_factory=list)
    plain: bool = True  # whether it is g(Σ w·x + b), or g(Σ w·x), with an operation g of one operand, or none
    values: list[Value] = field(default_factory=list)  # of a stage: all its outputs
    sources: list[Unit] = field(default_factory=list)  # of a stage: what it takes, and its own parameters
    own: list[Value] = field(default_factory=list)

    @property
    def shown(self) -> list[Value]:
        """Its output; of a stage the first ones."""
        return self.values[:MOST_OUTPUTS] or [self.value]

    @property
    def activation(self) -> str:
        """The operation that gives its output."""
        return self.value.op.name if self.value.op else "input"


def units(inputs: Sequence[Value], outputs: Sequence[Value]) -> list[Unit]:
    """The units of a network, inputs first; [] where the graph is none: where a value mixes units in another way.

    A softmax over the last layer is no unit: it belongs to all of them.
    """
    owner = {v: Unit(printable(str(v.name)), 0, v) for v in inputs}
    found, mixed = list(owner.values()), set[Value]()
    uses: list[tuple[Unit, Value]] = []
    for v in wengert_list(outputs):
        if v.op is None or v in owner:
            continue
        if (weights := _weights(v)) and not mixed.intersection(u for u, _ in weights):
            fixed = [w for u, w in weights if u.role == "constant"]
            taken = [(owner[u], w) for u, w in weights if u in owner]
            if len(taken) + len(fixed) < len(weights) or not taken:
                return []
            layer = 1 + max(unit.layer for unit, _ in taken)
            unit = Unit(_name(v), layer, v, None, taken, not fixed)
            found.append(unit)
            uses += [(unit, u) for u, _ in weights]
            owner[v] = unit
            continue
        behind = {owner[p]: None for p in v.parents if p in owner}
        more = [p for p in v.parents if p.role == "parameter"]
        if mixed.intersection(v.parents) or len(behind) > 1:
            mixed.add(v)
        elif behind:
            (unit,) = behind
            if not unit.layer:
                return []
            summed, added = unit.value.op is not None and unit.value.op.name == "dot", v.op.name == "add" and more
            unit.plain &= bool(summed and added) or (
                len(v.parents) == 1 and (summed or unit.value.parents[-1] is unit.bias)
            )
            unit.bias = more[0] if summed and added else unit.bias
            unit.value, owner[v] = v, unit
    for unit, u in uses:  # of a unit whose sum is taken before its activation, the picture shows the activation
        unit.plain &= u in owner and owner[u].value is u
    last = max((unit.layer for unit in found), default=0)
    ends = [unit for unit in found if unit.layer == last]
    whole = all(v in owner or v in mixed for v in outputs) and len(ends) == len(outputs)
    return found if last and whole else []


def stages(inputs: Sequence[Value], outputs: Sequence[Value]) -> list[Unit]:
    """The stages of a model without layers, inputs first: its scopes, or where it has none its operations."""
    order = wengert_list(outputs)
    if any(v.scope for v in order):
        scopes = [s for s in by_scope(order, outputs, 1)[0] if s.role is None]
        parted = [(str(s.scope or s.symbol), s.nodes, s.values) for s in scopes]
    else:
        parted = [(f"{given(v)} {glyph(v.op)}".strip(), [v], [v]) for v in order if v.op is not None]
    if len(parted) > MOST_STAGES:
        return []
    first = Unit(printable(str(given(inputs[0]).array)), 0, inputs[0], plain=False, values=list(inputs))
    found, owner = [first], dict.fromkeys(inputs, first)
    for name, nodes, values in parted:
        taken = dict.fromkeys(p for v in nodes for p in v.parents)
        sources = list(dict.fromkeys(owner[p] for p in taken if p in owner))
        layer = 1 + max((s.layer for s in sources), default=0)
        own = [p for p in taken if p.role == "parameter"]
        found.append(Unit(printable(name), layer, values[0], plain=False, values=values, sources=sources, own=own))
        owner.update(dict.fromkeys(nodes, found[-1]))
    return found


def _weights(v: Value) -> list[tuple[Value, Value]]:
    """(operand, weight) of a dot of parameters with other values; [] of anything else."""
    if v.op is None or v.op.name != "dot":
        return []
    for weights, operands in (halves := parts(v.op, v.parents)), halves[::-1]:
        if all(w.role == "parameter" for w in weights) and not any(u.role == "parameter" for u in operands):
            return list(zip(operands, weights, strict=True))
    return []


def _name(v: Value) -> str:
    return printable(str(v.scope or v.name or ""))


# --- what the page is told of them -------------------------------------------------------------------------------------


def parts_of(x: Any, outputs: Any) -> list[Unit]:
    """The parts of a model that a picture shows: its units, or where it has none, or too many, its stages."""
    ends = nesting.flat(x), nesting.flat(outputs)
    found = units(*ends)
    return found if 0 < sum(len(unit.weights) for unit in found) <= MOST_WEIGHTS else stages(*ends)


def network(model: Callable[[Any], Any], x: Any) -> tuple[Program, list[Unit]]:
    """The model as a program that gives its outputs and then those of its parts, and these parts."""
    found: list[Unit] = []

    def outputs_and_parts(x: Any) -> list[Value]:
        outputs = model(x)
        found.extend(parts_of(x, outputs))
        return [*nesting.flat(outputs), *(v for part in found if part.layer for v in part.shown)]

    return record(outputs_and_parts, x), found


def marked(model: Callable[[Any], Any], loss: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The loss of an example as a function that also gives the outputs of each part of the model."""

    def example(x: Any, y: Any) -> Any:
        outputs = model(x)
        return loss(outputs, y), [part.shown for part in parts_of(x, outputs)]

    return example


def facts(part: Unit, parts: Sequence[Unit], place: Mapping[Value, int]) -> list[Any]:
    """[name, layer, operation, the place of its bias in theta, [[part, the place of the weight], …], plain, outputs, own].

    A wire between stages has no weight; a stage has parameters of its own, by their places.
    """
    at = {other: k for k, other in enumerate(parts)}
    weights = [[at[other], place.get(w, -1)] for other, w in part.weights] + [[at[s], -1] for s in part.sources]
    bias = -1 if part.bias is None else place.get(part.bias, -1)
    own = [place[v] for v in part.own if v in place]
    return [part.name, part.layer, part.activation, bias, weights, part.plain, len(part.shown), own]
