"""The functions that make nodes: what a row's rules write, compiled, and put on Value as its operators and methods."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from autograd import kinds, ops, scope
from autograd.languages.code import Code, Script
from autograd.ops import Op
from autograd.value import Value, lift, node

_MAKER = """
def make({parents}):
    {data}
    try:
        {value}
    except ERRORS as error:
        raise refusal(op, ({parents},), error) from None
    try:
        {partials}
    except ERRORS:
        {d}, = missing(op, y, ({parents},))
    v = new(Value)
    v.primal = y; v.op = op; v.grad = v.role = v.name = None
    v.scope = here() if OPENED else None
    v.left, v.right, v.d_left, v.d_right = {slots}
    return v
"""


def maker_source(op: Op, n: int) -> str:
    """The function from n parents to a node of the row, in Python that the row's own rules write."""
    parents, operands = [f"a{k}" for k in range(n)], [Code(f"x{k}") for k in range(n)]
    y, *rules = (
        x if isinstance(x, Code) else Code("{}", x) for x in (op.value(*operands), *op.local(Code("y"), *operands))
    )
    if op.guarded:
        zero = "0.0 if {1}.role == 'constant' else {0}"
        rules = [Code(zero, rule, Code(a)) for rule, a in zip(rules, parents, strict=True)]
    targets = {"y": y} | {f"d{k}": rule for k, rule in enumerate(rules) if rule.args}
    script = Script(targets.values())
    lines = [line for name, target in targets.items() for line in script.lines(name, target)]
    split = next(k for k, line in enumerate(lines, 1) if line.startswith("y = "))
    partials = [f"d{k}" if rule.args else rule.form for k, rule in enumerate(rules)]
    slots = f"({', '.join(parents)},), None, ({', '.join(partials)},), None"
    if op.arity in (1, 2):
        slots = ", ".join([*parents, "None"][:2] + [*partials, "None"][:2])
    return _MAKER.format(
        parents=", ".join(parents),
        data="; ".join(f"x{k} = {a}.primal" for k, a in enumerate(parents)),
        value="; ".join(lines[:split]),
        partials="; ".join(lines[split:]) or "pass",
        d=", ".join(f"d{k}" if rule.args else "_" for k, rule in enumerate(rules)),
        slots=slots,
    )


def maker(op: Op, n: int | None = None) -> Callable[..., Value]:
    """The function from a row's operands, all Values, to a node; an n-ary row's for n operands, or for any number."""
    if n not in op.makers:
        op.makers[n] = _compiled(op, op.arity) if op.arity else _n_ary(op, n)
    return op.makers[n]


def _compiled(op: Op, n: int) -> Callable[..., Value]:
    try:
        source = maker_source(op, n)
    except (TypeError, AttributeError, OverflowError) as error:
        message = f"write the rules of {op.name} in arithmetic, where(…) and autograd's functions: {error}"
        raise TypeError(message) from error
    scene = vars(kinds.FLOATS) | {
        "ERRORS": kinds.ERRORS, "refusal": kinds.refusal, "missing": _missing, "op": op,
        "new": object.__new__, "Value": Value, "here": scope.here, "OPENED": scope.OPENED,
    }  # fmt: skip
    exec(compile(source, f"<the row {op.label}>", "exec"), scene)
    made = cast(Callable[..., Value], scene["make"])
    made.__name__ = made.__qualname__ = op.name
    return made


def _n_ary(op: Op, n: int | None) -> Callable[..., Value]:
    if n is None:
        return lambda *parents: maker(op, len(parents))(*parents)
    # Up to here compiled for n operands; an indexed row has as many components as operands, so it stops early.
    if n <= (32 if op.index is None else 16):
        return _compiled(op, n)

    def make(*parents: Value) -> Value:
        numbers = [p.data for p in parents]
        try:
            y = op.value(*numbers)
        except kinds.ERRORS as error:
            raise kinds.refusal(op, parents, error) from None
        try:
            d = op.local(y, *numbers)
        except kinds.ERRORS:
            d = _missing(op, y, parents)
        return node(op, y, parents, d)

    return make


def _missing(op: Op, y: float, parents: Sequence[Value]) -> list[float]:
    """The partials one by one: nan where a rule has no value, ±∞ where it is too large, 0 for a constant."""
    rules = op.partials
    if not isinstance(rules, tuple):
        return [math.nan] * len(parents)
    # NumPy's floats overflow to ±∞ where Python's raise; what has no value still has none.
    numbers = [np.float64(x) for x in (y, *(p.data for p in parents))]
    d = []
    for parent, rule in zip(parents, rules, strict=True):
        try:
            with np.errstate(over="ignore", divide="raise", invalid="raise"):
                d.append(float(rule(*numbers)))
        except (FloatingPointError, *kinds.ERRORS):
            d.append(0.0 if parent.role == "constant" else math.nan)
    return d


def recorded(op: Op, operands: Sequence[Any]) -> Value:
    """The node of a row on Values and plain numbers, which become constants."""
    if set(map(type, operands)) == {Value}:
        return maker(op, None if op.arity else len(operands))(*operands)
    parents = [lift(x) for x in operands]
    if any(p is NotImplemented for p in parents):
        raise TypeError(f"{op.label} takes numbers and Values; got {', '.join(type(x).__name__ for x in operands)}")
    return maker(op)(*parents)


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


def _adopt(op: Op) -> None:
    """A one-argument row as a method, if it can be written."""
    if op.arity is None and not op.vectors:
        raise ValueError(f"the partials of {op.name} are a tuple, a function for each operand: (lambda y, x: …,)")
    if op.written and (op.written.count("{}") != op.arity or {"{", "}"} & set(op.written.replace("{}", ""))):
        raise ValueError(
            f"{op.name} is written with a {{}} for each of its {op.arity or 0} operands; got {op.written!r}"
        )
    if op.name in _PARTS or op.name.startswith("__"):
        raise ValueError(f"{op.name} is a part of every Value; give the operation another name")
    if op.name in ops.TABLE and op.name in vars(Value):
        delattr(Value, op.name)  # of a row that this one replaces
    if op.arity is not None and op.arity - len(op.defaults) == 1:
        setattr(Value, op.name, maker(op) if not op.defaults else lambda v, *rest, **named: op(v, *rest, **named))


_PARTS = frozenset(dir(Value))

setattr(Value, "__apply__", staticmethod(recorded))
for _name, _op in (
    ("add", ops.add), ("sub", ops.subtract), ("mul", ops.multiply), ("truediv", ops.divide), ("pow", ops.power)
):  # fmt: skip
    _forward, _reflected = _operator(_op)
    setattr(Value, f"__{_name}__", _forward)
    setattr(Value, f"__r{_name}__", _reflected)
for _name, _op in (("neg", ops.negative), ("pos", ops.positive), ("abs", ops.absolute)):
    setattr(Value, f"__{_name}__", maker(_op))
for _op in ops.TABLE.values():
    _adopt(_op)
ops.watchers.append(_adopt)
