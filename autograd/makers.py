"""Each row compiled into the function that makes its nodes: the fast twin of `value.applied`, which defines them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, cast

from autograd import dispatch, ops, refusals
from autograd.languages.code import opaque
from autograd.languages.python import maker_source
from autograd.ops import Op
from autograd.scope import OPENED, here
from autograd.value import Value, apart, applied, lift, new


def maker(op: Op, n: int | None = None) -> Callable[..., Value]:
    """The function from a row's operands, all Values, to a node; of a VectorOp with n operands, from tuples, one a vector."""
    if n not in op.compiled:
        op.compiled[n] = _compiled(op, op.arity) if op.arity else _of_vectors(op, n)
    return op.compiled[n]


def _of_vectors(op: Op, n: int | None) -> Callable[..., Value]:
    if n is None:
        vectors = slice(op.vectors)
        return lambda *parents: maker(op, len(parents))(*apart(op, parents)[vectors])
    # Up to here compiled for n operands; an indexed row has as many components as operands, so it stops early.
    return (
        _compiled(op, n) if n <= (32 if op.index is None else 16) else lambda *vectors: applied(op, [*chain(*vectors)])
    )


def _compiled(op: Op, n: int) -> Callable[..., Value]:
    if opaque(op, n):
        return lambda *parents: applied(op, parents if op.arity else [*chain(*parents)])
    namespace = vars(dispatch.FLOATS) | {
        "ERRORS": refusals.ERRORS, "refusal": refusals.refusal, "missing": refusals.missing, "MISSED": refusals.MISSED, "op": op,
        "new": new, "Value": Value, "here": here, "OPENED": OPENED,
    }  # fmt: skip
    exec(compile(maker_source(op, n), f"<the row {op.label}>", "exec"), namespace)
    made = cast(Callable[..., Value], namespace["make"])
    made.__name__ = made.__qualname__ = op.name
    return made


def recorded(op: Op, operands: Sequence[Any]) -> Any:
    """`applied` by the compiled function."""
    if set(map(type, operands)) == {Value}:
        return maker(op)(*operands)
    parents = [lift(x) for x in operands]
    return NotImplemented if any(p is NotImplemented for p in parents) else maker(op)(*parents)


# --- on Value ---------------------------------------------------------------------------------------------------------


def _operator(op: Op) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    """A binary row as the operator and its reflection."""
    make = maker(op)

    def forward(a: Value, b: Any) -> Any:
        if b.__class__ is not Value and (b := lift(b)) is NotImplemented:
            return NotImplemented
        return make(a, b)

    def reflected(b: Value, a: Any) -> Any:
        return NotImplemented if (a := lift(a)) is NotImplemented else make(a, b)

    return forward, reflected


setattr(Value, "__apply__", staticmethod(recorded))
for _name, _op in (
    ("add", ops.add), ("sub", ops.subtract), ("mul", ops.multiply), ("truediv", ops.divide), ("pow", ops.power)
):  # fmt: skip
    for _prefix, _method in zip(("", "r"), _operator(_op), strict=True):
        _method.__qualname__ = f"Value.__{_prefix}{_name}__"
        setattr(Value, f"__{_prefix}{_name}__", _method)
for _name, _op in (("neg", ops.negative), ("pos", ops.positive), ("abs", ops.absolute)):
    setattr(Value, f"__{_name}__", maker(_op))


def _refused(_: Value, __: Any) -> Any:
    raise TypeError(refusals.QUOTIENTS)


for _name in ("floordiv", "mod", "divmod"):
    for _prefix in ("", "r"):
        setattr(Value, f"__{_prefix}{_name}__", _refused)


class Method:
    """A row of one operand as a method of Value: compiled, and given its docstring, when it is first asked for."""

    def __init__(self, op: Op) -> None:
        self.op = op

    def __get__(self, v: Value | None, _: type[Value]) -> Any:
        op = self.op
        method = _with_defaults(op) if op.defaults else maker(op)
        method.__name__, method.__module__, method.__doc__ = op.name, Value.__module__, op.__doc__
        setattr(Value, op.name, method)  # in the place of this
        return getattr(Value if v is None else v, op.name)


def _with_defaults(op: Op) -> Callable[..., Value]:
    # Called as a function; a row itself is no method, since it does not bind.
    return lambda v, *rest, **by_name: op(v, *rest, **by_name)


for _op in map(ops.TABLE.__getitem__, sorted(ops.BUILT_IN)):
    if _op.is_method and not _op.infix:
        setattr(Value, _op.name, Method(_op))
