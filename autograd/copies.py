"""Copies and pickles of graphs: without recursion, and what was shared is shared again."""

from __future__ import annotations

from operator import getitem
from threading import local
from typing import Any, cast
from weakref import ref

from autograd.guards import uncut
from autograd.refusals import MISSED, finite
from autograd.tape import wengert_list
from autograd.value import Value, new, node


def shallow(self: Value) -> Value:
    """Another node on the same operands, as `copy.copy` makes it."""
    uncut(self)
    twin = new(Value)
    for slot in Value.__slots__:
        setattr(twin, slot, getattr(self, slot))
    return twin


def copied(self: Value, memo: dict[int, Any]) -> Value:
    """A graph of its own, as `copy.deepcopy` makes it; what `memo` has is shared."""
    for v in wengert_list([self]):
        if id(v) not in memo:
            memo[id(v)] = twin = shallow(v)
            twin.left, twin.right = _copied(v.left, memo), _copied(v.right, memo)
    return cast(Value, memo[id(self)])


def _copied(parents: Any, memo: dict[int, Any]) -> Any:
    if parents.__class__ is tuple:
        return tuple(memo[id(p)] for p in parents)
    return None if parents is None else memo[id(parents)]


class Piece:
    """The part of a graph that a pickler met with one Value: the nodes behind it that belong to no piece yet.

    A pickler keeps what it has met, so all Values that it is given find the pieces of the same pickle, and a node is
    written once. When the pickler is gone the pieces are gone.
    """

    def __init__(self, nodes: list[Value]) -> None:
        self.places = {v: k for k, v in enumerate(nodes)}

    def __reduce__(self) -> tuple[Any, ...]:
        """The piece column by column; an operand is a place in it, or another piece and a place there."""
        places = self.places
        parents = [[places[p] if p in places else ((q := _piece(p)), q.places[p]) for p in v.parents] for v in places]
        facts = [[getattr(v, slot) for v in places] for slot in ("op", "primal", "role", "name", "grad", "scope")]
        return _nodes, (parents, [v.partials for v in places], *facts)


class _Pieces(local):
    """The pieces of the pickles that a thread is writing: each thread has pickles of its own."""

    def __init__(self) -> None:
        self.of: dict[int, ref[Piece]] = {}  # by the id of a node, which its piece keeps alive


_pieces = _Pieces()


def reduced(self: Value) -> tuple[Any, ...]:
    """A piece of a graph, and the place of the Value in it, as `pickle` keeps them."""
    of = _pieces.of
    if (piece := _piece(self)) is None:
        fresh = [v for v in wengert_list([self]) if _piece(v) is None]
        list(map(uncut, fresh))
        piece, keys = Piece(fresh), [id(v) for v in fresh]
        of.update(dict.fromkeys(keys, ref(piece, lambda _: [of.pop(key, None) for key in keys])))
    return getitem, (piece, piece.places[self])


def _piece(v: Value) -> Any:
    found = _pieces.of.get(id(v))
    return found() if found else None  # one that is gone may still be known, after an interruption


def _nodes(parents: list[Any], *columns: list[Any]) -> list[Value]:
    nodes: list[Value] = []
    for places, partials, op, data, role, name, grad, path in zip(parents, *columns, strict=True):
        if op is not None and op.arity not in (None, len(places)):
            raise ValueError(f"{op.name} took {len(places)} operands when the graph was saved but takes {op.arity} now")
        operands = [nodes[p] if isinstance(p, int) else p[0][p[1]] for p in places]
        nodes.append(Value(data, name, role) if op is None else node(op, data, operands, partials))
        MISSED[:] = MISSED if finite(partials) else [True]
        nodes[-1].grad, nodes[-1].name, nodes[-1].scope = grad, name, path
    return nodes


setattr(Value, "__copy__", shallow)
setattr(Value, "__deepcopy__", copied)
setattr(Value, "__reduce__", reduced)
