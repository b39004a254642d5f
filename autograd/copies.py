"""Copies and pickles of a graph: flat, so that depth costs no recursion."""

from __future__ import annotations

from typing import Any, cast

from autograd.scope import Path
from autograd.tape import wengert_list
from autograd.value import Role, Value, new, node


def copied(self: Value, memo: dict[int, Any]) -> Value:
    """A graph of its own, as `copy.deepcopy` makes it; what `memo` has is shared."""
    for v in wengert_list([self]):
        if id(v) not in memo:
            memo[id(v)] = twin = new(Value)
            for slot in Value.__slots__:
                setattr(twin, slot, getattr(v, slot))
            twin.left, twin.right = _copied(v.left, memo), _copied(v.right, memo)
    return cast(Value, memo[id(self)])


def _copied(parents: Any, memo: dict[int, Any]) -> Any:
    if parents.__class__ is tuple:
        return tuple(memo[id(p)] for p in parents)
    return None if parents is None else memo[id(parents)]


def reduced(self: Value) -> tuple[Any, ...]:
    """The graph as `pickle` keeps it: its leaves, and the other nodes column by column."""
    if self.op is None:
        return _leaf, (self.data, self.name, self.role, self.grad, self.scope)
    order = wengert_list([self])
    leaves = [v for v in order if v.op is None]
    nodes = [v for v in order if v.op is not None]
    number = {v: k for k, v in enumerate(leaves + nodes)}
    facts = [[getattr(v, field) for v in nodes] for field in ("op", "primal", "grad", "name", "scope")]
    edges = [[number[p] for p in v.parents] for v in nodes], [v.partials for v in nodes]
    return _graph, (leaves, *facts, *edges)


def _leaf(data: float, name: str | None, role: Role, grad: float | None, path: Path | None) -> Value:
    v = Value(data, name, role)
    v.grad, v.scope = grad, path
    return v


def _graph(leaves: list[Value], *columns: list[Any]) -> Value:
    nodes = list(leaves)
    for op, data, grad, name, path, edges, partials in zip(*columns, strict=True):
        if op.arity not in (None, len(edges)):
            raise ValueError(
                f"{op.name} took {len(edges)} operands when this graph was saved, and now takes {op.arity}"
            )
        nodes.append(node(op, data, [nodes[k] for k in edges], partials))
        nodes[-1].grad, nodes[-1].name, nodes[-1].scope = grad, name, path
    return nodes[-1]


setattr(Value, "__deepcopy__", copied)
setattr(Value, "__reduce__", reduced)
