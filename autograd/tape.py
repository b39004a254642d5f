"""The Wengert list of a graph and what runs along it: the forward sweep and the reverse sweep.

No sweep knows an operation: each reads the parents and the local partial derivatives that every node
holds. Griewank & Walther, Evaluating Derivatives (2008), chapter 3.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import filterfalse
from typing import TYPE_CHECKING, Any

from autograd import kinds
from autograd.recording import differentiable

if TYPE_CHECKING:
    from autograd.value import Value

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
            left, right = node.left, node.right
            if left is None:
                order.append(node)
                continue
            stack += (node, None)
            if right is not None:
                stack += (right, left)
            elif left.__class__ is tuple:
                if not seen.issuperset(left):  # most operands of most dots are weights that are placed
                    stack += filterfalse(seen.__contains__, reversed(left))
            else:
                stack.append(left)
    return order


def reverse_sweep(order: list[Value], seeds: Mapping[Value, float]) -> dict[Value, float]:
    """The adjoint ∂(seeded outputs)/∂node of every node: v̄_parent += v̄_node · ∂node/∂parent, in reverse order.

    An adjoint of 0 passes nothing on. Raises as `kinds.no_derivative` does where a derivative is missing.
    """
    adjoint: dict[Value, Any] = dict.fromkeys(order, 0.0)
    adjoint.update(seeds)
    for node in reversed(order):
        if bar := adjoint[node]:
            left, right = node.left, node.right
            if right is not None:
                adjoint[left] += bar * node.d_left
                adjoint[right] += bar * node.d_right
            elif left.__class__ is tuple:
                for parent, d in zip(left, node.d_left, strict=True):
                    adjoint[parent] += bar * d
            elif left is not None:
                adjoint[left] += bar * node.d_left
            elif bar != bar:  # a missing derivative is nan, and nan reaches the leaves: only then look edge by edge
                return checked_sweep(order, seeds, stored)
    return adjoint


def stored(node: Value) -> Sequence[Any]:
    """The local partials of the forward pass."""
    return node.partials


def rederived(node: Value) -> Sequence[Any]:
    """The local partials as Values, to be differentiated again: the row's rule on the nodes themselves."""
    parents = [p.data if p.role == "constant" else p for p in node.parents]
    rules = node.op.partials
    if not isinstance(rules, tuple):
        return node.op.local(node, *parents)
    # A missing partial and a constant's stay as they are stored: their rules may have no value to give.
    edges = zip(rules, node.partials, node.parents, strict=True)
    return [d if d != d or p.role == "constant" else rule(node, *parents) for rule, d, p in edges]


def checked_sweep(order: Iterable[Value], seeds: Mapping[Value, Any], local: Local) -> dict[Value, Any]:
    """The reverse sweep, edge by edge, on floats or Values: adjoints of the nodes in `order` and of no others."""
    nodes = list(order)
    adjoint: dict[Value, Any] = dict.fromkeys(nodes, 0.0)
    adjoint.update(seeds)
    for node in reversed(nodes):
        bar = adjoint[node]
        if node.op is None or zero(bar):
            continue
        for k, (parent, d) in enumerate(zip(node.parents, local(node), strict=True)):
            if parent in adjoint and passes(node, k, bar):
                adjoint[parent] = total(adjoint[parent], product(bar, d))
    return adjoint


def forward_sweep(order: Iterable[Value], seeds: Mapping[Value, Any], local: Local) -> dict[Value, Any]:
    """The tangent of every node: v̇_node = Σ ∂node/∂parent · v̇_parent, in order, from the seeded tangents."""
    tangent: dict[Value, Any] = dict(seeds)
    for node in order:
        if node in tangent or not any(p in tangent and not zero(tangent[p]) for p in node.parents):
            continue
        dot = 0.0
        for k, (parent, d) in enumerate(zip(node.parents, local(node), strict=True)):
            if not zero(dot_in := tangent.get(parent, 0.0)) and passes(node, k, dot_in):
                dot = total(dot, product(dot_in, d))
        tangent[node] = dot
    return tangent


def zero(x: Any) -> bool:
    """Whether x is 0 and stays 0: a number, or a constant. A Value that is 0 here may have a derivative."""
    return getattr(x, "role", "constant") == "constant" and not x


def product(bar: Any, d: Any) -> Any:
    """bar · d, without a node for a factor 1."""
    if d.__class__ is float and d == 1.0:
        return bar
    return d if bar.__class__ is float and bar == 1.0 else bar * d


def total(a: Any, b: Any) -> Any:
    """a + b, without a node for a term 0."""
    return b if a.__class__ is float and a == 0.0 else a + b


def passes(node: Value, k: int, bar: Any) -> bool:
    """Whether `bar`, an adjoint or tangent, meets a derivative along the k-th edge; raises where that is missing."""
    d, bar = node.partials[k], getattr(bar, "primal", bar)
    if d == 0.0 and not math.isfinite(bar):
        return False  # a branch not taken passes nothing, not 0 · ∞
    if math.isfinite(d):
        return True
    if not bar:
        differentiable(node, k)
        return False
    parent = node.parents[k]
    if d == d or parent.data != parent.data or node.data != node.data:
        return True
    if all(leaf.role == "constant" for leaf in wengert_list([parent]) if leaf.op is None):
        return False
    raise kinds.no_derivative(node, k, bar)
