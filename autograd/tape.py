"""The Wengert list of a graph and what runs along it: the forward sweep and the reverse sweep.

No sweep knows an operation: each reads the parents and the local partial derivatives that every node
holds. Griewank & Walther, Evaluating Derivatives (2008), chapter 3.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from functools import reduce
from itertools import filterfalse
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.guards import transforming
from autograd.ops import BUILT_IN, RESERVED, Op, multiply, where
from autograd.refusals import MISSED, finite
from autograd.zeros import Zeros, lost, underflowing

if TYPE_CHECKING:
    from autograd.value import Value

ZERO = Op(  # a product that is 0 where a factor is, though the other one is ∞
    "zero_product", lambda a, b: where(a, where(b, a * b, 0.0), 0.0), multiply.partials,
    symbol="×", written="{} · {}", infix=True,
)  # fmt: skip
RESERVED.add("zero_product")

Local = Callable[["Value"], Sequence[Any]]


def wengert_list(outputs: Iterable[Value]) -> list[Value]:
    """Every node the outputs are computed from, each once, parents before children; the same order every time.

    >>> from autograd import Value
    >>> a = Value(2.0, "a")
    >>> [v.op.name if v.op else v.name for v in wengert_list([a * a + a])]
    ['a', 'multiply', 'add']
    """
    order: list[Value] = []
    seen: set[Value] = set()
    stack: list[Any] = list(outputs)[::-1]
    while stack:
        node = stack.pop()
        if node is None:  # a marker: the parents of the node below it are placed
            order.append(stack.pop())
        elif node not in seen:
            seen.add(node)
            left = node.left
            if left is None:
                order.append(node)
                continue
            stack += (node, None)
            if left.__class__ is tuple:
                for vector in (node.right or (), left):
                    if not seen.issuperset(vector):  # most operands of most dots are weights that are placed
                        stack += filterfalse(seen.__contains__, reversed(vector))
            elif (right := node.right) is not None:
                stack += (right, left)
            else:
                stack.append(left)
    return order


def reverse_sweep(order: list[Value], seeds: Mapping[Value, float]) -> dict[Value, float]:
    """The adjoint ∂(seeded outputs)/∂node of every node: v̄_parent += v̄_node · ∂node/∂parent, in reverse order.

    An adjoint that is 0 around the point passes nothing on; where another one meets a missing derivative, it raises.
    """
    adjoint: dict[Value, Any] = dict.fromkeys(order, 0.0)
    adjoint.update(seeds)
    for node in reversed(order):
        if bar := adjoint[node]:
            left = node.left
            if left is None:
                # A missing derivative is nan, and nan or ∞ reaches the leaves: only then look edge by edge.
                if bar - bar:
                    return checked_sweep(order, seeds, stored)
            elif left.__class__ is tuple:
                for parent, d in zip(left, node.d_left, strict=True):
                    adjoint[parent] += bar * d
                if right := node.right:
                    for parent, d in zip(right, node.d_right, strict=True):
                        adjoint[parent] += bar * d
            else:
                adjoint[left] += bar * node.d_left
                if (right := node.right) is not None:
                    adjoint[right] += bar * node.d_right
    if MISSED and any(not bar and node.left is not None and not finite(node.partials) for node, bar in adjoint.items()):
        return checked_sweep(order, seeds, stored)  # is this 0 one that holds?
    return adjoint


def stored(node: Value) -> Sequence[Any]:
    """The local partials of the forward pass."""
    return node.partials


def rederived(node: Value) -> Sequence[Any]:
    """The local partials as Values, to be differentiated again: the row's rule on the nodes themselves."""
    parents = [p.data if p.role == "constant" else p for p in node.parents]
    rules = node.op.partials
    with nullcontext() if node.op.name in BUILT_IN else transforming(node.parents):  # a user's rule may be Python
        if not isinstance(rules, tuple):
            return node.op.local(node, *parents)
        # A missing partial and a constant's stay as they are stored: their rules may have no value to give.
        edges = zip(rules, node.partials, node.parents, strict=True)
        return [d if d != d or p.role == "constant" else rule(node, *parents) for rule, d, p in edges]


def checked_sweep(order: Iterable[Value], seeds: Mapping[Value, Any], local: Local) -> dict[Value, Any]:
    """The reverse sweep, edge by edge, of the nodes in `order` and of no others.

    Adjoints are floats, Values, or vectors with an entry for each of several outputs.
    """
    nodes = list(order)
    zeros = Zeros(nodes, seeds)
    adjoint: dict[Value, Any] = dict.fromkeys(nodes, 0.0) | dict(seeds)
    for node in reversed(nodes):
        bar = adjoint[node]
        nothing = zero(bar)
        zeros.whole(node, bar)
        if node.op is None or (nothing and node not in zeros.vanished and finite(node.partials)):
            continue
        for k, (parent, d) in enumerate(zip(node.parents, node.partials if nothing else local(node), strict=True)):
            if parent in adjoint and zeros.passes(node, k, bar):
                more = product(bar, d)
                if local is rederived:
                    more = zeros.kept(node, k, bar, d, more)
                adjoint[parent] = total(adjoint[parent], more)
    return adjoint


def forward_sweep(
    order: Iterable[Value], seeds: Mapping[Value, Any], local: Local, outputs: Iterable[Value]
) -> dict[Value, Any]:
    """The tangent of every node: v̇_node = Σ ∂node/∂parent · v̇_parent, in order, from the seeded tangents.

    A missing derivative makes it nan, except in the outputs: there the reverse sweep judges, and may raise.
    """
    nodes: list[Value] = list(order)
    tangent: dict[Value, Any] = {v: t for v, t in seeds.items() if not zero(t)}
    missing = False
    vanished: set[Value] = set()  # where a product below the smallest float made the tangent 0
    for node in nodes:
        if node in tangent or not any(p in tangent for p in node.parents):
            continue
        dot, slopes = 0.0, local(node)
        for k, (parent, d) in enumerate(zip(node.parents, slopes, strict=True)):
            if (dot_in := tangent.get(parent)) is None:
                continue
            number, partial = getattr(dot_in, "primal", dot_in), node.partials[k]
            gone, small = parent in vanished and number == 0.0, not partial and underflowing(node, k)
            if partial != partial or lost(number, partial) or ((gone or small) and not math.isfinite(number + partial)):
                missing, dot = True, math.nan
            elif not zero(dot_in) and (partial or number is not dot_in or math.isfinite(number)):
                dot = total(dot, product(dot_in, d))
            if (partial or small) and (number or gone) and number * partial == 0.0:
                vanished.add(node)
        tangent[node], missing = dot, missing or lost(dot, 1.0)
    if missing:
        active = [v for v in nodes if v in tangent]
        for y in set(outputs).intersection(active):
            adjoint = checked_sweep(active, {y: 1.0}, local)
            tangent[y] = reduce(total, (product(adjoint[v], t) for v, t in seeds.items() if v in adjoint), 0.0)
    return tangent


def zero(x: Any) -> bool:
    """Whether x is 0 and stays 0: a number, or a constant. A Value that is 0 here may have a derivative."""
    return not x.any() if isinstance(x, np.ndarray) else getattr(x, "role", "constant") == "constant" and not x


def product(bar: Any, d: Any) -> Any:
    """bar · d, without a node for a factor 1. An entry of 0 passes nothing through an infinite slope."""
    if d.__class__ is float and d == 1.0:
        return bar
    numbers = getattr(bar, "primal", bar), getattr(d, "primal", d)
    if isinstance(bar, np.ndarray):
        return bar * d if math.isfinite(numbers[1]) else np.where(bar == 0.0, 0.0, bar * d)
    if 0.0 in numbers and not all(map(math.isfinite, numbers)):  # of Values, whose own derivatives pass
        return ZERO.apply(bar, d)
    return d if bar.__class__ is float and bar == 1.0 else bar * d


def total(a: Any, b: Any) -> Any:
    """a + b, without a node for a term 0."""
    return b if a.__class__ is float and a == 0.0 else a + b
