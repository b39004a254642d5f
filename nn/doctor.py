"""The gradient doctor: it finds what keeps a network from learning, in the graphs and gradients of its own data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from autograd import Op, Value, gradients, nesting, record, refusals, wengert_list
from autograd.recorded.examples import Floats, maker, output
from nn.engines import prepared
from nn.losses import ProbabilitiesError
from nn.module import Module

# The sentence for each complaint, with its remedy.
# fmt: off
COMPLAINTS = {
    "softmax twice": "Softmax is applied twice: the loss takes logits and the model gives probabilities, so even a perfect answer keeps a large loss. Build the model with output='identity'; predict_proba applies softmax.",
    "sigmoid twice": "The loss takes logits and the model gives probabilities, made by a sigmoid, so even a perfect answer keeps a large loss. Build the model with output='identity'; predict_proba makes them.",
    "absent":        "The loss does not depend on {where}: use them in the model's call, or remove them.",
    "unmoved":       "No gradient reaches {where}: they act only through {flat}, whose gradient is 0 everywhere. Take sigmoid units in place of the threshold.",
    "dead":          "{where} is off on {share:.0%} of the rows, so it passes no gradient and hardly learns: a dead ReLU. Use leaky_relu or a smaller learning rate, or start from another seed.",
    "saturated":     "{where} is saturated on {share:.0%} of the rows: its slope g′(a) is below 1 % of the largest, and the gradient is multiplied by it. Scale the inputs to about 1, start from smaller weights or take a smaller learning rate, and train outputs by logits.",
    "identical":     "{where} compute the same and get the same gradient on every row, so they will stay one unit for ever. Start from random weights, as the layers do by themselves.",
    "vanishing":     "The gradient vanishes on its way back: {last:.2g} in {end}, {first:.2g} in {where}. Use tanh or relu units, fewer layers, or larger initial weights.",
    "exploding":     "The gradient explodes on its way back: {last:.2g} in {end}, {first:.2g} in {where}. Use smaller initial weights and a smaller learning rate, and scale the inputs to about 1.",
}

# For each activation: the complaint, the test of an output z that passes no gradient, and the share of rows to complain of.
OFF: dict[str, tuple[str, Callable[[Floats], Any], float]] = {
    "relu":    ("dead",      lambda z: z <= 0,                  0.99),
    "sigmoid": ("saturated", lambda z: 4 * z * (1 - z) < 0.01,  0.9),
    "tanh":    ("saturated", lambda z: 1 - z * z < 0.01,        0.9),
}
# fmt: on
FAR = 1e3  # a gradient that changes by more from the last layer to the first vanishes, or explodes
RIGHT = 0.9  # the share of rows on which a saturated output may be right, and is then healthy


class Finding(str):
    """A sentence that says what is wrong, and the remedy; `kind` names the complaint, `where` the units or parameters."""

    kind: str
    where: tuple[str, ...]

    def __new__(cls, kind: str, where: Sequence[str] = (), **facts: Any) -> Finding:
        names = " and ".join(where) if len(where) < 3 else f"{where[0]}, {where[1]} and {len(where) - 2} more"
        self = super().__new__(cls, COMPLAINTS[kind].format(where=names, **facts))
        self.kind, self.where = kind, tuple(where)
        return self


@dataclass(eq=False)
class Unit:
    """A unit: an output of a scope, or an activation, in every call with the same parameters."""

    scope: str
    layer: tuple[str, int]  # the scope around it, and how many units at most lie before it
    op: str
    parameters: tuple[Value, ...]  # its own, without those of the units before it
    calls: list[int] = field(default_factory=list)  # its places among the nodes of all units
    outputs: list[int] = field(default_factory=list)  # and among the outputs of the model
    name: str = ""
    rows: Any = None  # (2, N, C): for N examples and C calls its values, and its adjoints or those of its operand


def diagnose(model: Any, X: Any, Y: Any, loss: Callable[[Any, Any], Any]) -> list[Finding]:  # noqa: N803
    """Complaints of a model that hardly learns these examples by this loss, each with its remedy; [] if it is healthy.

    Dead ReLU units, saturated sigmoid and tanh units, parameters that take no part, units that start identical,
    softmax applied twice, and gradients that vanish or explode on their way through the layers. Nothing is changed.

    >>> from nn import MLP, binary_cross_entropy_with_logits, datasets
    >>> X, Y = datasets.two_moons(100)
    >>> model = MLP(2, [3, 1], "relu", rng=0)
    >>> model.layers[0].b[1].data = -50.0
    >>> [(found.kind, found.where) for found in diagnose(model, X, Y, binary_cross_entropy_with_logits)]
    [('dead', ('layer1/neuron2',))]
    """
    try:
        _, data, example = prepared(model, X, Y, loss)
    except ProbabilitiesError as error:
        return [Finding(f"{error.maker} twice")]
    names = {v: name for name, v in model.named_parameters()} if isinstance(model, Module) else {}
    units = _measured(model, loss, data, names)
    blank = {unit for unit in units if unit.parameters and not any(v.data for v in unit.parameters)}  # alike, not dead
    off = {unit: finding for unit in units if unit not in blank for finding in _off(unit, data[1])}
    layers = _layers([unit for unit in units if unit not in off])
    alike = next(filter(None, map(_alike, layers.values())), [])  # in later layers units are alike because of these
    found = [*_of_graph(example, names), *off.values(), *alike]
    known = any(finding.kind != "absent" for finding in found)  # and why a gradient vanishes
    return found + [finding for finding in _scaled(units) if not (known and finding.kind == "vanishing")]


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
        where += [v.name or refusals.described(v) for v in order if v in stuck and v not in names]
        yield Finding("unmoved", where, flat=flat)


def unmoved(loss: Value) -> tuple[set[Value], str]:
    """The parameters that act only through operations whose derivative is 0 everywhere, and the operations' names."""
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
    """Whether the derivative by the k-th operand is 0 for all operands: fed with Values, its rule then gives a number."""
    if not isinstance(op.partials, tuple):
        return False
    inside = op.samples or ((0.0, 1.0),) * len(op.partials)
    operands = [Value(0.5 * (low + high)) for low, high in inside]
    d = op.partials[k](op(*operands), *operands)
    return not isinstance(d, Value) and d == 0.0


# --- all examples together --------------------------------------------------------------------------------------------


def _measured(model: Any, loss: Any, data: Sequence[Floats], names: Mapping[Value, str]) -> list[Unit]:
    """The units of a model, with their values and adjoints on every row."""
    units: list[Unit] = []

    def the_units(x: Any, y: Any) -> list[Value]:
        y_hat = output(model, x)
        nodes, found = _units(nesting.flat(y_hat))
        units.extend(found)
        taken = [v.parents[0] if v.op.name in OFF else v for v in nodes]
        end = loss(y_hat, y)
        return [end, *nodes, *gradients(end, taken)]

    numbers: Floats = record(the_units, *(x[0] for x in data))(*data)
    both = np.stack(np.split(numbers[:, 1:], 2, axis=1))
    for scope, members in _grouped(units, lambda unit: unit.scope or unit.op).items():
        for k, unit in enumerate(members):
            own = next((names.get(v) or v.name for v in unit.parameters), None)
            unit.name = scope if len(members) == 1 else f"{scope} of {own}" if own else f"{scope}[{k}]"
            unit.rows = both[:, :, unit.calls]
    return units


def _units(outputs: Sequence[Value]) -> tuple[list[Value], list[Unit]]:
    """Every activation, and every output of a scope to another, as nodes in order and as units.

    The nodes of one operation on the same parameters are calls of one unit.
    """
    order = wengert_list(outputs)
    ends = {p for v in order for p in v.parents if p.scope != v.scope} | set(outputs)
    nodes = [v for v in order if v.op is not None and (v.op.name in OFF or (v.scope and v in ends))]
    places = {v: k for k, v in enumerate(nodes)}
    level: dict[Value, int] = {}
    own: dict[Value, dict[Value, None]] = {}
    units: dict[Any, Unit] = {}
    for v in order:
        level[v] = max((level[p] for p in v.parents), default=0) + (v in places)
        inherited = (w for p in v.parents if p not in places for w in own[p])
        own[v] = dict.fromkeys([v] if v.role == "parameter" else inherited)
        if v in places:
            scope, parameters = str(v.scope or ""), tuple(own[v])
            layer = scope.rpartition("/")[0] or scope, level[v]
            unit = units.setdefault((scope, v.op, parameters or v), Unit(scope, layer, v.op.name, parameters))
            unit.calls.append(places[v])
            unit.outputs += [k for k, y in enumerate(outputs) if y is v]
    return nodes, list(units.values())


def _off(unit: Unit, y: Floats) -> Iterator[Finding]:
    if unit.op in OFF:
        kind, off, most = OFF[unit.op]
        share = float(off(unit.rows[0]).all(axis=1).mean())
        for k in unit.outputs:  # an output may be saturated where it is right
            target = y.reshape(len(y), -1)[:, k : k + 1]
            share *= kind == "dead" or (abs(unit.rows[0] - target) < 0.5).mean() < RIGHT
        if share >= most:
            yield Finding(kind, [unit.name], share=share)


def _alike(members: Sequence[Unit]) -> list[Finding]:
    finite = [np.where(np.isfinite(unit.rows), abs(unit.rows), 0.0) for unit in members]
    sizes = np.maximum.reduce([x.max(axis=(1, 2), keepdims=True) for x in finite])
    sizes[sizes == 0.0] = 1.0
    with np.errstate(all="ignore"):  # + 0.0, for −0 is 0
        groups = _grouped(
            members, lambda unit: (np.float32(unit.rows / sizes) + 0.0).tobytes() if unit.parameters else unit
        )
    return [Finding("identical", [unit.name for unit in group]) for group in groups.values() if len(group) > 1]


def _scaled(units: Sequence[Unit]) -> Iterator[Finding]:
    sizes = [
        (layer[0] or members[0].name, np.mean([abs(unit.rows[1]).mean() for unit in members]))
        for layer, members in _layers(units).items()
    ]
    if sizes:
        (where, first), (end, last) = sizes[0], sizes[-1]
        kind = "vanishing" if first * FAR < last else "exploding" if not first <= FAR * last else ""
        if kind:
            yield Finding(kind, [where], first=first, last=last, end=end)


def _layers(units: Sequence[Unit]) -> dict[tuple[str, int], list[Unit]]:
    return _grouped(sorted(units, key=lambda unit: unit.layer[1]), lambda unit: unit.layer)


def _grouped(units: Iterable[Unit], key: Callable[[Unit], Any]) -> dict[Any, list[Unit]]:
    groups: dict[Any, list[Unit]] = {}
    for unit in units:
        groups.setdefault(key(unit), []).append(unit)
    return groups
