"""The gradient doctor: what keeps a network from learning, found in the graphs and gradients of its own data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from autograd import Op, Value, gradients, kinds, record, wengert_list
from nn.examples import Floats, output, prepared
from nn.losses import ProbabilitiesError, maker
from nn.module import Module

# What is said of each complaint, with its remedy.
# fmt: off
COMPLAINTS = {
    "softmax twice": "Softmax is applied twice: the loss takes logits and the model gives probabilities, so even a perfect answer keeps a large loss. Build the model with output='identity'; predict_proba applies softmax.",
    "sigmoid twice": "The loss takes logits and the model gives probabilities, made by a sigmoid, so even a perfect answer keeps a large loss. Build the model with output='identity'; predict_proba makes them.",
    "absent":        "The loss does not depend on {where}: use them in the model's call, or remove them.",
    "unmoved":       "No gradient reaches {where}: they act only through {rows}, whose gradient is 0 everywhere. Take sigmoid units in place of the threshold.",
    "dead":          "{where} is off on {share:.0%} of the rows, so it passes no gradient and hardly learns: a dead ReLU. Use leaky_relu or a smaller learning rate, or start from another seed.",
    "saturated":     "{where} is saturated on {share:.0%} of the rows: its slope g′(a) is below 1 % of the largest, and the gradient is multiplied by it. Scale the inputs to about 1, start from smaller weights, and train outputs by logits.",
    "identical":     "{where} compute the same and get the same gradient on every row, so they will stay one unit for ever. Start from random weights, as the layers do by themselves.",
    "vanishing":     "The gradient vanishes on its way back: {last:.2g} in {end}, {first:.2g} in {where}. Use tanh or relu units, fewer layers, or larger initial weights.",
    "exploding":     "The gradient explodes on its way back: {last:.2g} in {end}, {first:.2g} in {where}. Use smaller initial weights and a smaller learning rate, and scale the inputs to about 1.",
}

# Of an activation: the complaint, the rows on which an output z passes no gradient, and their share to complain of.
OFF: dict[str, tuple[str, Callable[[Floats], Any], float]] = {
    "relu":    ("dead",      lambda z: z <= 0,                  0.99),
    "sigmoid": ("saturated", lambda z: 4 * z * (1 - z) < 0.01,  0.9),
    "tanh":    ("saturated", lambda z: 1 - z * z < 0.01,        0.9),
}
# fmt: on
FAR = 1e3  # a gradient that changes by more from the last layer to the first vanishes, or explodes
RIGHT = 0.9  # the share of rows on which a saturated output may be right, and is then healthy


class Finding(str):
    """A sentence on what is wrong, and the remedy; `kind` names the complaint and `where` the units or parameters."""

    kind: str
    where: tuple[str, ...]

    def __new__(cls, kind: str, where: Sequence[str] = (), **facts: Any) -> Finding:
        names = " and ".join(where) if len(where) < 3 else f"{where[0]}, {where[1]} and {len(where) - 2} more"
        self = super().__new__(cls, COMPLAINTS[kind].format(where=names, **facts))
        self.kind, self.where = kind, tuple(where)
        return self


@dataclass(eq=False)
class Unit:
    """What a scope gives to others, or an activation, in every call with the same parameters."""

    scope: str
    layer: tuple[str, int]  # the scope around it, and how many units at most lie before it
    op: str
    parameters: tuple[Value, ...]  # its own, without those of the units before it
    calls: list[int]  # its places among the nodes that are looked at
    outputs: list[int]  # and among the outputs of the model
    name: str = ""
    values: Any = None  # on every row, in every call (N, C)
    deltas: Any = None  # the adjoint there, or of what the activation takes


def diagnose(model: Any, X: Any, Y: Any, loss: Callable[[Any, Any], Any]) -> list[Finding]:  # noqa: N803
    """What keeps the model from learning these rows by this loss, a sentence each with its remedy; [] if it is healthy.

    Dead ReLU units, saturated sigmoid and tanh units, parameters that take no part, units that start identical,
    softmax applied twice, and gradients that vanish or explode on their way through the layers. Nothing is changed.
    """
    try:
        _, data, example = prepared(model, X, Y, loss)
    except ProbabilitiesError as error:
        return [Finding(f"{error.maker} twice")]
    names = {v: name for name, v in model.named_parameters()} if isinstance(model, Module) else {}
    units = _measured(model, loss, data, names)
    off = {unit: finding for unit in units for finding in _off(unit, data[1])}
    found = [*_of_graph(example, names), *off.values(), *_identical([unit for unit in units if unit not in off])]
    return found + [finding for finding in _scaled(units) if not (found and finding.kind == "vanishing")]


# --- the graph of one example -----------------------------------------------------------------------------------------


def _of_graph(loss: Value, names: Mapping[Value, str]) -> Iterator[Finding]:
    order = wengert_list([loss])
    if any("log_softmax" in v.op.name and all(maker(p) == "softmax" for p in v.parents) for v in order if v.op):
        yield Finding("softmax twice")
    there = set(order)
    if absent := [name for v, name in names.items() if v not in there]:
        yield Finding("absent", absent)
    stuck, flat = unmoved(loss)
    if stuck:
        where = [name for v, name in names.items() if v in stuck]
        where += [v.name or kinds.described(v) for v in order if v in stuck and v not in names]
        yield Finding("unmoved", where, rows=flat)


def unmoved(loss: Value) -> tuple[set[Value], str]:
    """The parameters that act on a loss only where its derivative is 0 everywhere, and the names of the rows where it is."""
    order, reached, flat = wengert_list([loss]), {loss}, dict[str, None]()
    for node in reversed(order):
        if node in reached and node.op is not None:
            for k, parent in enumerate(node.parents):
                if _is_flat(node.op, k):
                    flat[node.op.name] = None
                else:
                    reached.add(parent)
    return {v for v in order if v.role == "parameter" and v not in reached}, " and ".join(flat)


@cache
def _is_flat(op: Op, k: int) -> bool:
    """Whether the derivative by the k-th operand is 0 for all operands: its rule then gives a number, fed with Values."""
    if not isinstance(op.partials, tuple):
        return False
    inside = op.samples or ((0.0, 1.0),) * len(op.partials)
    operands = [Value(0.5 * (low + high)) for low, high in inside]
    d = op.partials[k](op(*operands), *operands)
    return not isinstance(d, Value) and d == 0.0


# --- what all rows show -----------------------------------------------------------------------------------------------


def _measured(model: Any, loss: Any, data: Sequence[Floats], names: Mapping[Value, str]) -> list[Unit]:
    """The units of a model, with what they give and get on every row."""
    units: list[Unit] = []

    def the_units(x: Any, y: Any) -> list[Value]:
        y_hat = output(model, x)
        nodes = _nodes(kinds.flat(y_hat))
        units.extend(_units(nodes, kinds.flat(y_hat)))
        taken = [v.parents[0] if v.op.name in OFF else v for v in nodes]
        end = loss(y_hat, y)
        return [end, *nodes, *gradients(end, taken)]

    numbers: Floats = record(the_units, *(x[0] for x in data))(*data)
    values, deltas = np.split(numbers[:, 1:], 2, axis=1)
    for unit in units:
        unit.values, unit.deltas = values[:, unit.calls], deltas[:, unit.calls]
    return _named(units, names)


def _named(units: list[Unit], names: Mapping[Value, str]) -> list[Unit]:
    """Name units by their scope; where several have one of that name by their first parameter too, or by number."""
    alike: dict[str, list[Unit]] = {}
    for unit in units:
        alike.setdefault(unit.scope or unit.op, []).append(unit)
    for scope, members in alike.items():
        for k, unit in enumerate(members):
            own = next((names.get(v) or v.name for v in unit.parameters), "") or ""
            unit.name = scope if len(members) == 1 else f"{scope} of {own}" if own else f"{scope}[{k}]"
    return units


def _nodes(outputs: Sequence[Value]) -> list[Value]:
    """Every activation, and whatever a scope gives to others, in order."""
    order = wengert_list(outputs)
    ends = {p for v in order for p in v.parents if p.scope != v.scope} | set(outputs)
    return [v for v in order if v.op is not None and (v.op.name in OFF or (v.scope and v in ends))]


def _units(nodes: Sequence[Value], outputs: Sequence[Value]) -> list[Unit]:
    """The nodes as units: those of one operation on the same parameters are calls of one."""
    level: dict[Value, int] = {}
    own: dict[Value, dict[Value, None]] = {}
    places = {v: k for k, v in enumerate(nodes)}
    units: dict[Any, Unit] = {}
    for v in wengert_list(nodes):
        level[v] = max((level[p] for p in v.parents), default=0) + (v in places)
        own[v] = {v: None} if v.role == "parameter" else {}
        for p in v.parents:
            own[v].update({} if p in places else own[p])
        if v in places:
            scope, parameters = str(v.scope or ""), tuple(own[v])
            layer = scope.rpartition("/")[0] or scope, level[v]
            unit = units.setdefault((scope, v.op, parameters or v), Unit(scope, layer, v.op.name, parameters, [], []))
            unit.calls.append(places[v])
            unit.outputs += [k for k, y in enumerate(outputs) if y is v]
    return list(units.values())


def _off(unit: Unit, y: Floats) -> Iterator[Finding]:
    if unit.op in OFF:
        kind, off, most = OFF[unit.op]
        share = float(off(unit.values).all(axis=1).mean())
        for k in unit.outputs:  # an output may be saturated where it is right
            target = y.reshape(len(y), -1)[:, k : k + 1]
            share *= kind == "dead" or (abs(unit.values - target) < 0.5).mean() < RIGHT
        if share >= most:
            yield Finding(kind, [unit.name], share=share)


def _identical(units: Sequence[Unit]) -> Iterator[Finding]:
    """Units alike in the first layer that has any: those behind them are so because of them."""
    for members in _layers(units).values():
        sizes = [max(float(abs(x).max()) for x in each) or 1.0 for each in _both(members)]
        alike: dict[bytes, list[str]] = {}
        with np.errstate(all="ignore"):
            for unit in (u for u in members if u.parameters):
                seen = [np.float32(x / size) for x, size in zip((unit.values, unit.deltas), sizes, strict=True)]
                alike.setdefault(b"".join(x.tobytes() for x in seen), []).append(unit.name)
        if groups := [names for names in alike.values() if len(names) > 1]:
            yield from (Finding("identical", names) for names in groups)
            return


def _scaled(units: Sequence[Unit]) -> Iterator[Finding]:
    sizes = [
        (layer[0] or members[0].name, np.mean([abs(u.deltas).mean() for u in members]))
        for layer, members in _layers(units).items()
    ]
    if sizes:
        (where, first), (end, last) = sizes[0], sizes[-1]
        kind = "vanishing" if first * FAR < last else "exploding" if not first <= FAR * last else ""
        if kind:
            yield Finding(kind, [where], first=first, last=last, end=end)


def _layers(units: Sequence[Unit]) -> dict[tuple[str, int], list[Unit]]:
    layers: dict[tuple[str, int], list[Unit]] = {}
    for unit in sorted(units, key=lambda u: u.layer[1]):
        layers.setdefault(unit.layer, []).append(unit)
    return layers


def _both(units: Sequence[Unit]) -> tuple[list[Floats], list[Floats]]:
    return [u.values for u in units], [u.deltas for u in units]
