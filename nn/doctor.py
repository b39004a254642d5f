"""The gradient doctor: what keeps a network from learning, found in the graphs and gradients of its own data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from autograd import Op, Value, gradients, kinds, record, wengert_list
from nn.examples import Floats, inputs, rows, targets
from nn.losses import SoftmaxTwiceError, from_softmax
from nn.module import Module

SHARES = {"dead": 0.99, "saturated": 0.9}  # of the rows: a unit that is off or saturated on so many is named
FLAT = 0.01  # of its largest slope: a sigmoid with less is saturated
FAR = 1e3  # from the last layer to the first a gradient that changes by more vanishes, or explodes


class Finding(str):
    """A sentence on what is wrong, and the remedy; `kind` names the complaint and `where` the units or parameters."""

    kind: str
    where: tuple[str, ...]

    def __new__(cls, kind: str, where: Sequence[str], sentence: str) -> Finding:
        self = super().__new__(cls, sentence)
        self.kind, self.where = kind, tuple(where)
        return self


class Unit(NamedTuple):
    """What a scope of a model computes last, and every activation: one number a row."""

    name: str  # the scope, such as layer1/neuron3
    layer: str
    node: Value


def diagnose(model: Any, X: Any, Y: Any, loss: Callable[[Any, Any], Any]) -> list[Finding]:  # noqa: N803
    """What keeps the model from learning these rows by this loss, a sentence each with its remedy; [] if it is healthy.

    Dead ReLU units, saturated sigmoid and tanh units, parameters that take no part, units that start identical,
    softmax applied twice, and gradients that vanish or explode on their way through the layers. Nothing is changed.
    """
    x = rows(X)
    first = inputs(x[0])
    y = targets(Y, X, model(first))
    try:
        example = loss(model(first), y[0])
    except SoftmaxTwiceError:
        return [_TWICE]
    found = [_TWICE] if _twice(example) else []
    found += _idle(model, example)
    units, outputs, adjoints = _measured(model, x, y, loss)
    ill = dict(_off(units, outputs))
    found += ill.values()
    well = [k for k in range(len(units)) if k not in ill]
    found += _identical(units, outputs, adjoints, well)
    return found + list(_scaled(units, adjoints))


# --- the graph of one example -----------------------------------------------------------------------------------------

_TWICE = Finding(
    "softmax twice",
    (),
    "Softmax is applied twice: the loss takes logits, and the model gives probabilities, so even a perfect "
    "answer keeps a large loss. Build the model with output='identity'; predict_proba applies softmax.",
)


def _twice(loss: Value) -> bool:
    kinds_of = ("log_softmax", "neg_log_softmax")
    return any(v.op and v.op.name in kinds_of and all(map(from_softmax, v.parents)) for v in wengert_list([loss]))


def _idle(model: Any, loss: Value) -> Iterator[Finding]:
    names = {v: name for name, v in model.named_parameters()} if isinstance(model, Module) else {}
    there = set(wengert_list([loss]))
    if absent := [name for v, name in names.items() if v not in there]:
        yield Finding(
            "no part",
            absent,
            f"The loss does not depend on {_listed(absent)}: use them in the model's call, or remove them.",
        )
    stuck, ops = unmoved(loss)
    if stuck:
        where = [names.get(v) or kinds.described(v) for v in (*filter(set(stuck).__contains__, names), *stuck)]
        where = list(dict.fromkeys(where))
        yield Finding(
            "no part",
            where,
            f"No gradient reaches {_listed(where)}: they act only through {' and '.join(ops)}, whose gradient is 0 "
            "everywhere. Take sigmoid units in place of the threshold.",
        )


def unmoved(loss: Value) -> tuple[list[Value], list[str]]:
    """The parameters that act on a loss only where its derivative is 0 everywhere, and the rows where it is."""
    order, reached, flat = wengert_list([loss]), {loss}, dict[str, None]()
    for node in reversed(order):
        if node in reached and node.op is not None:
            for k, parent in enumerate(node.parents):
                if _is_flat(node.op, k):
                    flat[node.op.name] = None
                else:
                    reached.add(parent)
    return [v for v in order if v.role == "parameter" and v not in reached], list(flat)


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


def _measured(model: Any, x: Floats, y: Floats, loss: Callable[[Any, Any], Any]) -> tuple[list[Unit], Floats, Floats]:
    """The units of a model, what each gives on every row, (N, U), and its adjoint there."""
    units: list[Unit] = []

    def watched(x: Any, y: Any) -> list[Value]:
        output = model(x)
        units.extend(_units(kinds.flat(output)))
        nodes = [u.node for u in units]
        return [*nodes, *gradients(loss(output, y), nodes)]

    numbers: Floats = record(watched, x[0], y[0])(x, y)
    return units, numbers[:, : len(units)], numbers[:, len(units) :]


def _units(outputs: Sequence[Value]) -> list[Unit]:
    last: dict[Any, Value] = {}  # of a scope the latest node, or the activation
    for v in wengert_list(outputs):
        if v.op is not None and (v.scope or v.op.name in _OFF):
            last[v.scope or v] = v
    names = {key: str(v.scope or kinds.described(v)) for key, v in last.items()}
    return [Unit(names[key], names[key].rpartition("/")[0] or names[key], v) for key, v in last.items()]


def _saturated(slope: Floats) -> Floats:
    share: Floats = (abs(slope) < FLAT).mean(axis=0)
    return share


# Of each activation the share of rows on which a unit, by its outputs (N,), passes no gradient, and what to say of it.
_OFF: dict[str, tuple[Callable[[Floats], Any], str, str]] = {
    "relu": (
        lambda z: (z <= 0).mean(),
        "dead",
        "is off on {share} of the rows, so it passes no gradient and hardly learns: a dead ReLU. Use leaky_relu, "
        "a smaller learning rate, or start again from another seed.",
    ),
    "sigmoid": (
        lambda z: _saturated(4 * z * (1 - z)),
        "saturated",
        "is saturated on {share} of the rows: its slope g′(a) is below 1 % of the largest, and the gradient is "
        "multiplied by it. Scale the inputs to about 1, start from smaller weights, and train outputs by logits.",
    ),
}
_OFF["tanh"] = (lambda z: _saturated(1 - z * z), *_OFF["sigmoid"][1:])


def _off(units: Sequence[Unit], outputs: Floats) -> Iterator[tuple[int, Finding]]:
    for k, unit in enumerate(units):
        if unit.node.op.name in _OFF:
            share_of, kind, sentence = _OFF[unit.node.op.name]
            if (share := float(share_of(outputs[:, k]))) >= SHARES[kind]:
                yield k, Finding(kind, [unit.name], f"{unit.name} {sentence.format(share=f'{share:.0%}')}")


def _identical(units: Sequence[Unit], outputs: Floats, adjoints: Floats, well: Sequence[int]) -> Iterator[Finding]:
    alike: dict[Any, list[str]] = {}
    for k in well:
        seen = np.concatenate([outputs[:, k], adjoints[:, k]])
        alike.setdefault((units[k].layer, np.float32(seen).tobytes()), []).append(units[k].name)
    for names in alike.values():
        if len(names) > 1:
            yield Finding(
                "identical",
                names,
                f"{_listed(names)} compute the same and get the same gradient on every row, so they will stay one unit "
                "for ever. Start from random weights, as the layers do by themselves.",
            )


def _scaled(units: Sequence[Unit], adjoints: Floats) -> Iterator[Finding]:
    layers: dict[str, list[int]] = {}
    for k, unit in enumerate(units):
        layers.setdefault(unit.layer, []).append(k)
    size = {name: float(np.sqrt(np.mean(adjoints[:, k] ** 2))) for name, k in layers.items()}
    (first, small), *_, (last, large) = [*size.items(), *size.items()]
    if small * FAR < large and small > 0.0:
        yield Finding(
            "vanishing",
            [first],
            f"The gradient vanishes on its way back: {large:.2g} in {last}, {small:.2g} in {first}. Use tanh or relu "
            "units, fewer layers, or larger initial weights.",
        )
    if not small < FAR * large and large > 0.0:
        yield Finding(
            "exploding",
            [first],
            f"The gradient explodes on its way back: {large:.2g} in {last}, {small:.2g} in {first}. Use smaller initial "
            "weights and a smaller learning rate, and scale the inputs to about 1.",
        )


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names) if len(names) <= 2 else f"{names[0]}, {names[1]} and {len(names) - 2} more"
