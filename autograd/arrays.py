"""Arrays of Values under NumPy: `W1 @ x + b`, with one n-ary node per dot product and sum."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, TypeVar, overload

import numpy as np
import numpy.typing as npt

from autograd import kinds, ops
from autograd.kinds import real
from autograd.naming import Name
from autograd.recording import number
from autograd.value import Role, Value, lift

T = TypeVar("T")
Floats = npt.NDArray[np.float64]


class Array(np.ndarray[Any, np.dtype[np.object_]]):
    """A NumPy array of Values. Its operations are the rows of the table; `@`, `dot` and `sum` make n-ary nodes.

    In-place operators and assignments of elements that would throw leaves away raise TypeError: `assign` changes leaves.

    >>> W = array([[1.0, 2.0], [3.0, 4.0]], "W")
    >>> y = W @ [1.0, 1.0]
    >>> type(y).__name__, values(y).tolist(), y[0].op.name
    ('Array', [3.0, 7.0], 'dot')
    """

    __array_priority__ = 1.0  # np.concatenate and np.stack then keep the class

    @staticmethod
    def holding(x: Any) -> Array:
        """The 0-d Array of one object."""
        return np.fromiter([x], dtype=object, count=1).reshape(()).view(Array)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
        if out is not None or method == "at":
            _into(out[0] if out else inputs[0], ufunc.__name__)
        plain = [_plain(x) for x in inputs]
        if any(isinstance(x, np.ndarray) and x.dtype.hasobject for x in plain):
            result = _on_objects(ufunc, method, plain, kwargs)
        else:
            result = getattr(ufunc, method)(*plain, **kwargs)  # an Array cast to floats
        if out is None:
            return _wrapped(result)
        out[0].view(np.ndarray)[...] = result
        return out[0]

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func in _FUNCTIONS:
            return _FUNCTIONS[func](*args, **kwargs)
        result = super().__array_function__(func, types, args, kwargs)
        if result.__class__ is np.ndarray and result.dtype == object:  # and what NumPy put in becomes constants
            result = _wrapped(np.asarray(np.frompyfunc(lift, 1, 1)(result), dtype=object))
        return result

    def dot(self, other: Any) -> Any:  # type: ignore[override]  # NumPy's has overloads
        """np.dot(self, other), one `dot` node per entry of the result."""
        return _dot(self, other)

    def __setitem__(self, index: Any, new: Any) -> None:
        old = kinds.flat(self.view(np.ndarray)[index])
        if any(_is_leaf(v) for v in old) and not all(_is_leaf(v) for v in kinds.flat(new)):
            raise TypeError("this would throw a leaf away: assign(W[i, j], number) changes its data instead")
        super().__setitem__(index, new)


def _among_arrays(_: Value, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    # np.float64(2) * v and np.array([1., 2.]) * v: an Array takes part, so that the result is one too.
    return getattr(ufunc, method)(*(Array.holding(x) if isinstance(x, Value) else x for x in inputs), **kwargs)


setattr(Value, "__array_ufunc__", _among_arrays)  # here, for a Value knows no arrays


def _is_leaf(v: Any) -> bool:
    return isinstance(v, Value) and v.op is None


def _into(out: Any, name: str) -> None:
    if out.dtype != object:
        raise TypeError(f"{name} in place: a float array cannot hold Values; write y = y * v in place of y *= v")
    if any(_is_leaf(v) for v in kinds.flat(out)):
        raise TypeError(f"{name} in place would replace leaves; change them: assign(W, values(W) - lr * grads(W))")


def _plain(x: Any) -> Any:
    if isinstance(x, Value):
        x = Array.holding(x)
    return x.view(np.ndarray) if isinstance(x, Array) else x


def _wrapped(result: Any) -> Any:
    if not isinstance(result, np.ndarray) or result.dtype != object:
        return result
    return result.view(Array) if result.ndim else result[()]


def _on_objects(ufunc: np.ufunc, method: str, inputs: list[Any], kwargs: dict[str, Any]) -> Any:
    kwargs.pop("dtype", None)  # they are objects, whatever is asked for
    op = ops.TABLE.get(ufunc.__name__)
    if ufunc.__name__ == "clip":  # of x.clip; NumPy would put the plain limits in
        return _clip(*inputs)
    with np.errstate(all="ignore"):  # NumPy looks at the flags that Python's own arithmetic leaves
        if ufunc is np.matmul and method == "__call__":
            return _matmul(*inputs)
        if op and op.arity == ufunc.nin and method == "reduce":
            return _reduced(op, inputs[0], **kwargs)
        if op and op.arity == ufunc.nin:
            return getattr(_elementwise(op), method)(*inputs, **kwargs)
        return _foreign(ufunc, method, inputs, kwargs)


@cache
def _elementwise(op: ops.Op) -> Any:
    """The row as a NumPy ufunc over arrays of objects."""
    return np.frompyfunc(op.apply, op.arity, 1)


# What has no row and loses no graph; NumPy does it by Value's own comparisons and arithmetic.
_HARMLESS = (np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal, np.conjugate, np.square)


def _foreign(ufunc: np.ufunc, method: str, inputs: list[Any], kwargs: dict[str, Any]) -> Any:
    name = ufunc.__name__
    if getattr(np, name, None) is ufunc and ufunc not in _HARMLESS:
        raise TypeError(f"np.{name} is no row of the table: make one, Op({name!r}, formula, partials)")
    return getattr(ufunc, method)(*inputs, **kwargs)


# --- sums and products ----------------------------------------------------------------------------------------------


_dots = np.vectorize(lambda a, b: lift(ops.dot(a, b)), signature="(n),(n)->()", otypes=[object])
_totals = np.vectorize(lambda a: lift(ops.sum(a)), signature="(n)->()", otypes=[object])


def _matmul(a: Any, b: Any) -> Any:
    # Plain data becomes constants once, shared by all the dots it takes part in.
    a, b = (np.frompyfunc(lift, 1, 1)(x) if np.size(x) else np.asarray(x) for x in (a, b))
    if 0 in (np.ndim(a), np.ndim(b)):
        raise ValueError("matmul needs vectors or matrices; multiply a single number with *")
    right = np.swapaxes(b, -1, -2) if b.ndim > 1 else b
    if a.shape[-1] != right.shape[-1]:
        raise ValueError(f"matmul of {a.shape} and {b.shape}: {a.shape[-1]} columns meet {right.shape[-1]} rows")
    if a.ndim > 1 and b.ndim > 1:
        a, right = a[..., :, None, :], right[..., None, :, :]
    return _dots(a, right)


def _dot(a: Any, b: Any) -> Any:
    """np.dot: `@`, the product with a single number, and for more than two axes NumPy's own chain of sums."""
    if 0 in (np.ndim(a), np.ndim(b)):
        return np.multiply(a, b)
    return a @ b if max(np.ndim(a), np.ndim(b)) < 3 else _wrapped(np.dot(_plain(a), _plain(b)))


def _reduced(op: ops.Op, x: Any, axis: Any = 0, keepdims: bool = False, **rest: Any) -> Any:
    """A ufunc's reduction over one or more axes; of add, one n-ary `sum` each."""
    if rest.pop("where", True) is not True or rest:
        raise TypeError(f"a reduction of Values takes axis and keepdims; got {', '.join(rest) or 'where'}")
    axes = tuple(range(x.ndim)) if axis is None else np.lib.array_utils.normalize_axis_tuple(axis, x.ndim)
    rows = np.moveaxis(x, axes, range(-len(axes), 0)).reshape(*(n for k, n in enumerate(x.shape) if k not in axes), -1)
    out = _totals(rows) if op is ops.add else _elementwise(op).reduce(rows, axis=-1)
    return np.expand_dims(out, axes) if keepdims else out


def _clip(a: Any, low: Any = None, high: Any = None, out: Any = None, **limits: Any) -> Any:
    """np.clip, whose limits may be None and have two names each."""
    if out is not None or limits.keys() - {"a_min", "a_max", "min", "max"}:
        raise TypeError(
            "np.clip of Values takes a lower and an upper limit, and makes a new array: leave the rest away"
        )
    low, high = limits.get("a_min", limits.get("min", low)), limits.get("a_max", limits.get("max", high))
    a = a if low is None else ops.maximum(a, low)
    return a if high is None else ops.minimum(a, high)


_FUNCTIONS: dict[Any, Callable[..., Any]] = {np.dot: _dot, np.where: ops.where, np.clip: _clip}


# --- making, naming, reading and writing ------------------------------------------------------------------------------


@overload
def array(data: float | Value, name: str | None = None, role: Role = "parameter") -> Value: ...
@overload
def array(data: Sequence[Any] | npt.NDArray[Any], name: str | None = None, role: Role = "parameter") -> Array: ...
@overload
def array(data: Any, name: str | None = None, role: Role = "parameter") -> Any: ...
def array(data: Any, name: str | None = None, role: Role = "parameter") -> Any:
    """An Array of leaf Values over `data`, named `W1[0,0]`; a single number gives one Value.

    Values in `data` are kept as they are. ValueError for rows of different lengths.

    >>> array([[1.0, 2.0]], "W")[0, 1]
    Value(data=2.0, grad=None, name='W[0,1]')
    """
    if isinstance(data, list) and set(map(type, data)) == {Value}:
        return np.fromiter(data, dtype=object, count=len(data)).view(Array)  # NumPy need not look into each
    if not isinstance(data, kinds.NEST) and not isinstance(data, range):
        return data if isinstance(data, Value) else Value(data, name, role)
    objects = data.astype(object) if isinstance(data, np.ndarray) else _nested(data)
    out, own = np.empty(objects.shape, dtype=object), Name(name) if isinstance(name, str) else None
    for where in np.ndindex(out.shape):
        x = objects[where]
        out[where] = x if isinstance(x, Value) else Value(x, name if own is None else own.element(where), role)
    return _wrapped(out)


def _nested(data: Any) -> npt.NDArray[Any]:
    try:
        objects = np.array(data, dtype=object)
    except ValueError:  # rows that differ in depth
        objects = np.array([data, None], dtype=object)
    if any(isinstance(x, list | tuple) for x in objects.flat):
        raise ValueError(f"an array needs rows of one length; got {data!r}")
    return objects


@overload
def constant(data: float, name: str | None = None) -> Value: ...
@overload
def constant(data: Sequence[Any] | npt.NDArray[Any], name: str | None = None) -> Array: ...
@overload
def constant(data: Any, name: str | None = None) -> Any: ...
def constant(data: Any, name: str | None = None) -> Any:
    """The same for data that takes no gradient; TypeError for Values, whose numbers are `values(x)` and `v.data`.

    >>> constant(2.0)
    Value(data=2.0, grad=None, role='constant')
    """
    if any(isinstance(x, Value) for x in kinds.flat(data)):
        raise TypeError("constant takes numbers; got a Value: constant(v.data) or constant(values(x)) cuts it off")
    return array(data, name, "constant")


def named(name: str, x: T) -> T:
    """Name a Value, or the elements of an array or list of them, `x2[0]`; returns x.

    >>> h = named("h", array([1.0, 2.0]) * 3.0)
    >>> h[1].name
    'h[1]'
    """
    if not isinstance(name, str):
        raise TypeError(f"a name is text; got {name!r}")
    own = Name(name)
    for where, v in _elements(x):
        v.name = own.element(where)
    return x


def _places(x: Any, where: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Every item of a nesting with its place."""
    if isinstance(x, list | tuple) or (isinstance(x, np.ndarray) and x.ndim):
        for k, part in enumerate(x):
            yield from _places(part, (*where, k))
    else:
        yield where, x


def _elements(x: Any) -> list[tuple[tuple[int, ...], Value]]:
    places = list(_places(x))
    for _, v in places:
        if not isinstance(v, Value):
            raise TypeError(f"expected Values; got {type(v).__name__} {v!r}")
    return places


def values(x: Any) -> Floats:
    """The numbers of Values (or of plain data) as a float array of the same shape.

    >>> values(array([1.0, 2.0]) * 3.0)
    array([3., 6.])
    """
    return np.array(kinds.mapped(lambda v: number(v) if isinstance(v, Value) else real(v), x), dtype=float)


def grads(x: Any) -> Floats:
    """The gradients of Values as a float array of the same shape; nan where there is none yet.

    >>> w = array([1.0, 2.0], "w")
    >>> (w[0] * 3.0).backward()
    >>> grads(w)
    array([ 3., nan])
    """
    _elements(x)  # refuses what is no Value
    return np.array(kinds.mapped(lambda v: np.nan if v.grad is None else v.grad, x), dtype=float)


def assign(x: Any, floats: Any) -> None:
    """Write new data into leaves; `floats` has the shape of x, or is one number for all.

    Lists of arrays take lists of arrays. TypeError where x holds a computed node, ValueError for another shape; then
    nothing has changed.

    >>> w = array([1.0, 2.0], "w")
    >>> assign(w, values(w) - 0.5)
    >>> values(w)
    array([0.5, 1.5])
    """
    leaves, new = dict(_elements(x)), {where: float(values(number)) for where, number in _places(floats)}
    if list(new) == [()]:
        new = dict.fromkeys(leaves, new[()])
    if new.keys() != leaves.keys():
        raise ValueError(f"assign needs data of shape {_outline(x)}; got {_outline(floats)}")
    for where, v in leaves.items():
        if v.op is not None:
            raise TypeError(f"assign writes into leaves; {kinds.described(v)} is computed: assign to its leaves")
        if new[where] != new[where] and v.grad is None and v.role == "parameter":
            raise ValueError(
                f"assign would make nan of {kinds.described(v)}, which has no gradient: call backward() first, or find "
                "what made the nan, such as a learning rate too large"
            )
    with kinds.put_back("primal", leaves.values()):
        for where, v in leaves.items():
            v.primal = new[where]


def _outline(x: Any) -> str:
    """The shape of an array, of a list those of its parts."""
    if isinstance(x, list | tuple) and any(isinstance(part, kinds.NEST) for part in x):
        return f"[{', '.join(_outline(part) for part in x)}]"
    return str(np.shape(x))


def zero_grad(x: Any) -> None:
    """Set `.grad` to None: in a Value, or everywhere in an array or nesting of them.

    >>> w = Value(1.0)
    >>> w.backward()
    >>> zero_grad(w)
    >>> w.grad is None
    True
    """
    for _, v in _elements(x):
        v.grad = None
