"""NumPy's ufuncs on object arrays of Values: rows element by element, n-ary rows for sums, products and extremes."""

from __future__ import annotations

import operator
from functools import cache
from typing import Any

import numpy as np

from autograd import nesting, ops, refusals
from autograd.guards import number
from autograd.names import Name
from autograd.nesting import real
from autograd.refusals import QUOTIENTS
from autograd.value import Value, lift


def node(x: Any) -> Value:
    """A Value as it is, a number as a nameless constant; TypeError for anything else."""
    if x is None:
        raise TypeError("an entry is None and has no value: begin with np.zeros_like(x), and give each entry its value")
    v = lift(x)
    return v if isinstance(v, Value) else Value(x)  # which says what it takes


def all_nodes(x: Any) -> bool:
    """Whether an object array holds nothing but Values."""
    return all(issubclass(kind, Value) for kind in set(map(type, x.ravel().tolist())))  # micrograd's leaves too


def nodes(x: Any) -> Any:
    """An object array of Values, with constants in the place of numbers."""
    return x if all_nodes(x) else np.frompyfunc(node, 1, 1)(x.view(np.ndarray))


def numbers(x: Any) -> Any:
    """The numbers of Values, or of plain data, as floats in an array of the same shape."""
    x = x.view(np.ndarray) if isinstance(nesting.unmasked(x), np.ndarray) else x
    return nesting.floats(nesting.mapped(lambda v: number(v) if isinstance(v, Value) else real(v), x))


def is_leaf(v: Any) -> bool:
    """Whether this is lost with its place: a leaf, but for the nameless constant that stands for a plain number."""
    return isinstance(v, Value) and v.op is None and not (v.role == "constant" and v.name is None)


def item(x: Any, index: Any) -> Any:
    """x[index] as NumPy has it; TypeError that points to `take` for a Value in the index."""
    try:
        return np.ndarray.__getitem__(x, index)
    except IndexError:
        list(map(operator.index, (v for v in nesting.flat(index) if isinstance(v, Value))))
        raise


def into(out: Any, name: str) -> None:
    """Refuse an array that a result of that name cannot be written into."""
    if not isinstance(out, np.ndarray) or out.dtype != object:
        raise TypeError(f"{name} in place: a number or a float array cannot hold Values; write y = y * v for y *= v")
    leaf = next(filter(is_leaf, nesting.flat(out)), None)
    if leaf is not None:
        raise TypeError(
            f"{name} in place would replace leaves, {refusals.described(leaf)} among them; change them: "
            "assign(W, values(W) - lr * grads(W)), or make a new array"
        )


# --- the extremes of a vector, where a chain of maxima would give the last of three ties one half of the gradient ----


def _winners(beaten: list[Any]) -> list[Any]:
    """An equal share for every operand that is not beaten."""
    ties = [1.0 - x for x in beaten]
    whole = ops.sum.apply(*ties)
    return [tie / whole for tie in ties]


# fmt: off
LARGEST  = ops.VectorOp("largest",  ops.largest,                                lambda y, *a: _winners([ops.above(y, x) for x in a]), stacked=True, symbol="max", kink="ties of largest share evenly")
SMALLEST = ops.VectorOp("smallest", lambda *a: -ops.largest(*[-x for x in a]),  lambda y, *a: _winners([ops.above(x, y) for x in a]), stacked=True, symbol="min", kink="ties of smallest share evenly")
# fmt: on
ops.RESERVED.update(("largest", "smallest"))


# --- a ufunc on arrays ------------------------------------------------------------------------------------------------

# About numbers: the answers are no Values, and lose no graph.
_QUESTIONS = ("isnan", "isfinite", "isinf", "signbit", "logical_and", "logical_or", "logical_xor", "logical_not")
_COMPARISONS = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
ANSWERS = (*_QUESTIONS, *_COMPARISONS)
# What has no row and loses no graph; NumPy does it by Value's own comparisons and arithmetic.
_HARMLESS = (*_COMPARISONS, "conjugate", "square")
_ADVICE = dict.fromkeys(("floor_divide", "remainder", "divmod", "fmod"), QUOTIENTS) | dict.fromkeys(
    ("vecdot", "matvec", "vecmat"), "write it with @, or as (a * b).sum(axis=-1)"
)


def called(ufunc: np.ufunc, method: str, inputs: list[Any], out: Any, kwargs: dict[str, Any]) -> Any:
    """The result on plain arrays, some of them of Values; `out` is an array it begins with, and is not written into."""
    name = ufunc.__name__
    if method == "__call__" and kwargs.get("where", True) is not True:
        if out is None:
            raise TypeError(
                f"np.{name} with where= leaves entries without a value: give it out=np.zeros_like(x), or choose by "
                f"where(mask, np.{name}(…), 0.0)"
            )
        kwargs["out"] = out.copy() if name in ANSWERS else nodes(out).copy()
    if name in _QUESTIONS:
        inputs = [numbers(x) if isinstance(x, np.ndarray) and x.dtype.hasobject else x for x in inputs]
        return getattr(ufunc, method)(*inputs, **kwargs)
    for what in ("dtype", "casting", "order", "subok"):  # they are objects, whatever is asked for
        kwargs.pop(what, None)
    try:
        with np.errstate(all="ignore"):  # NumPy looks at the flags that Python's own arithmetic leaves
            return _on_objects(ufunc, method, inputs, kwargs)
    except ValueError as error:
        if not str(error).startswith("operands could not be broadcast"):
            raise
        raise ValueError(f"{name} of {' and '.join(map(_shaped, inputs))}: these shapes do not go together") from None


def _shaped(x: Any) -> str:
    """The shape of an array, behind its name where its entries are all of one."""
    names = {Name(getattr(v, "name", None) or "").array for v in np.ravel(x)}
    return f"{names.pop()} {np.shape(x)}".strip() if len(names) == 1 else str(np.shape(x))


def _on_objects(ufunc: np.ufunc, method: str, inputs: list[Any], kwargs: dict[str, Any]) -> Any:
    name = ufunc.__name__
    op = ops.TABLE.get({"pow": "power", "abs": "absolute"}.get(name, name))
    if name == "clip":  # of x.clip; NumPy would put the plain limits in
        return clip(*inputs, **kwargs)
    if ufunc is np.matmul and method == "__call__":
        return matmul(*inputs, **kwargs)
    if op and op.arity == ufunc.nin:
        if method == "reduce":
            return _reduced(op, inputs[0], **kwargs)
        if op in EXTREMES and method in ("accumulate", "reduceat"):
            return _accumulated(EXTREMES[op], method, *inputs, **kwargs)
        return getattr(elementwise(op), method)(*inputs, **kwargs)
    if getattr(np, name, None) is ufunc and name not in _HARMLESS:
        raise TypeError(f"np.{name} is no row of the table: {_ADVICE.get(name, f'make one, Op({name!r}, …)')}")
    return getattr(ufunc, method)(*inputs, **kwargs)


@cache
def elementwise(op: ops.Op) -> Any:
    """The row as a NumPy ufunc over arrays of objects."""
    return np.frompyfunc(op.apply, op.arity, 1)


def clip(a: Any, low: Any = None, high: Any = None, out: Any = None, **limits: Any) -> Any:
    """np.clip, whose limits may be None and have two names each."""
    if out is not None or limits.keys() - {"a_min", "a_max", "min", "max"}:
        raise TypeError("np.clip of Values takes a lower and an upper limit and makes a new array: leave the rest away")
    low, high = limits.get("a_min", limits.get("min", low)), limits.get("a_max", limits.get("max", high))
    a = a if low is None else ops.maximum(a, low)
    return a if high is None else ops.minimum(a, high)


# --- sums, products and extremes --------------------------------------------------------------------------------------


def _vectorized(op: ops.VectorOp, signature: str = "(n)->()") -> Any:
    return np.vectorize(lambda *vectors: lift(op(*vectors)), signature=signature, otypes=[object])


_dots, _totals = _vectorized(ops.dot, "(n),(n)->()"), _vectorized(ops.sum)
EXTREMES = {ops.maximum: LARGEST, ops.minimum: SMALLEST}
_REDUCTIONS = {ops.add: _totals} | {op: _vectorized(row) for op, row in EXTREMES.items()}


def matmul(a: Any, b: Any, **rest: Any) -> Any:
    """np.matmul, one `dot` node per entry."""
    if rest:
        raise TypeError(f"@ of Values takes two arrays; got {', '.join(rest)} too: turn them with np.moveaxis before")
    # Plain data becomes constants once, shared by all the dots it takes part in.
    a, b = (np.frompyfunc(lift, 1, 1)(x) if np.size(x) else np.asarray(x) for x in (a, b))
    if 0 in (np.ndim(a), np.ndim(b)):
        raise ValueError("matmul needs vectors or matrices; multiply a single number with *")
    right = np.swapaxes(b, -1, -2) if b.ndim > 1 else b
    if a.shape[-1] != right.shape[-1]:
        raise ValueError(f"matmul of {_shaped(a)} and {_shaped(b)}: {a.shape[-1]} columns meet {right.shape[-1]} rows")
    if a.ndim > 1 and b.ndim > 1:
        a, right = a[..., :, None, :], right[..., None, :, :]
    return _dots(a, right)


def _reduced(op: ops.Op, x: Any, axis: Any = 0, keepdims: bool = False, **rest: Any) -> Any:
    """A ufunc's reduction over one or more axes; of add, maximum and minimum by one n-ary node each."""
    if rest.pop("where", True) is not True or rest:
        raise TypeError(
            f"a reduction of Values takes axis and keepdims; got {', '.join(rest) or 'where'}: "
            "take x[mask], or where(mask, x, 0.0), before"
        )
    axes = tuple(range(x.ndim)) if axis is None else np.lib.array_utils.normalize_axis_tuple(axis, x.ndim)
    rows = np.moveaxis(x, axes, range(-len(axes), 0)).reshape(*(n for k, n in enumerate(x.shape) if k not in axes), -1)
    out = _REDUCTIONS[op](rows) if op in _REDUCTIONS else elementwise(op).reduce(rows, axis=-1)
    return np.expand_dims(out, axes) if keepdims else out


def _accumulated(row: ops.VectorOp, method: str, x: Any, axis: int = 0) -> Any:
    """The extreme of every beginning, one node each."""
    if method == "reduceat":
        raise TypeError(f"np.{row.symbol}imum.reduceat of Values is not defined: take np.{row.symbol} of each slice")
    out, rows = np.empty(x.shape, dtype=object), np.moveaxis(x, axis, -1)
    for where in np.ndindex(rows.shape):
        np.moveaxis(out, axis, -1)[where] = row(rows[*where[:-1], : where[-1] + 1])
    return out
