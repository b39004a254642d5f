"""Arrays of Values under NumPy: `W1 @ x + b`, with one n-ary node per dot product and sum."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from autograd import ops
from autograd.value import Value, lift, real

T = TypeVar("T")
Floats = npt.NDArray[np.float64]


class Array(np.ndarray[Any, np.dtype[Any]]):
    """A NumPy array of Values. Its operations are the rows of the table; `@`, `dot` and `sum` make n-ary nodes.

    In-place operators and plain numbers put into its leaves raise TypeError: `assign` changes leaves.
    """

    @staticmethod
    def holding(x: Any) -> Array:
        """The 0-d Array of one object."""
        out = np.empty((), dtype=object).view(Array)
        out[()] = x
        return out

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
        _keep_leaves(out, ufunc.__name__)
        plain = [_plain(x) for x in inputs]
        kwargs.pop("dtype", None)  # they are objects, whatever is asked for
        if ufunc is np.matmul and method == "__call__":
            result = _matmul(*plain)
        elif ufunc is np.add and method == "reduce":
            result = _sums(plain[0], **kwargs)
        elif (op := ops.TABLE.get(ufunc.__name__)) and op.arity == ufunc.nin:
            with np.errstate(all="ignore"):  # NumPy looks at the flags that Python's own arithmetic leaves
                result = getattr(op.elementwise, method)(*plain, **kwargs)
        else:
            result = _foreign(ufunc, method, plain, kwargs)
        if out is not None:
            out[0][...] = result
            return out[0]
        return _wrapped(result)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func in _FUNCTIONS:
            return _FUNCTIONS[func](*args, **kwargs)
        return super().__array_function__(func, types, args, kwargs)

    def dot(self, other: Any) -> Any:  # type: ignore[override]  # NumPy's has overloads
        """`self @ other`, or the elementwise product where one of them is a single number."""
        return _dot(self, other)

    def __setitem__(self, index: Any, new: Any) -> None:
        old, new_parts = self.view(np.ndarray)[index], ops.flat(new)
        if any(_is_leaf(v) for v in ops.flat(old)) and not all(isinstance(x, Value) for x in new_parts):
            raise TypeError("putting a number here would throw a leaf away: assign(W[i, j], number) changes its data")
        super().__setitem__(index, new)


def _is_leaf(v: Any) -> bool:
    return isinstance(v, Value) and v.op is None


def _keep_leaves(out: Any, name: str) -> None:
    if out is not None and any(_is_leaf(v) for v in ops.flat(out[0])):
        raise TypeError(
            f"{name} in place would replace the leaves of this array: "
            "assign(W, values(W) - lr * grads(W)) changes their data"
        )


def _plain(x: Any) -> Any:
    if isinstance(x, Value):
        x = Array.holding(x)
    return x.view(np.ndarray) if isinstance(x, Array) else x


def _wrapped(result: Any) -> Any:
    if not isinstance(result, np.ndarray) or result.dtype != object:
        return result
    return result.view(Array) if result.ndim else result[()]


def _foreign(ufunc: np.ufunc, method: str, inputs: list[Any], kwargs: dict[str, Any]) -> Any:
    try:
        return getattr(ufunc, method)(*inputs, **kwargs)
    except TypeError as error:
        if getattr(np, ufunc.__name__, None) is not ufunc:
            raise
        raise TypeError(
            f"np.{ufunc.__name__} is not in the table of operations: make it a row, "
            f"Op({ufunc.__name__!r}, formula, partials), or use the functions of autograd"
        ) from error


def _dot(a: Any, b: Any) -> Any:
    a, b = np.asanyarray(a), np.asanyarray(b)
    return np.multiply(a, b) if 0 in (a.ndim, b.ndim) else a @ b


def _matmul(a: Any, b: Any) -> Any:
    a, b = np.asarray(a), np.asarray(b)
    if not a.ndim or not b.ndim:
        raise ValueError("matmul needs vectors or matrices; multiply a single number with *")
    left = a[None, :] if a.ndim == 1 else a
    right = b[:, None] if b.ndim == 1 else b
    if left.shape[-1] != right.shape[-2]:
        raise ValueError(
            f"matmul of shapes {a.shape} and {b.shape}: {left.shape[-1]} columns meet {right.shape[-2]} rows"
        )
    batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    out = np.empty((*batch, left.shape[-2], right.shape[-1]), dtype=object)
    lefts, rights = (np.broadcast_to(m, batch + m.shape[-2:]) for m in (left, right))
    for k in np.ndindex(batch):
        # Plain data becomes constants once, shared by all the dots it takes part in.
        rows, columns = _lifted(lefts[k]).tolist(), _lifted(rights[k]).T.tolist()
        products = (ops.dot.apply(*row, *column) if row else 0.0 for row in rows for column in columns)
        out[k] = np.fromiter(products, dtype=object, count=len(rows) * len(columns)).reshape(out.shape[-2:])
    if b.ndim == 1:
        out = out[..., 0]
    return out[..., 0] if a.ndim == 1 and b.ndim == 1 else out[..., 0, :] if a.ndim == 1 else out


def _lifted(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return x if x.dtype == object else np.frompyfunc(lift, 1, 1)(x)


def _sums(x: Any, axis: Any = 0, keepdims: bool = False, where: Any = True, **rest: Any) -> Any:
    if rest or where is not True:
        raise TypeError(f"sum of an array of Values takes axis and keepdims; got {', '.join(['where', *rest])}")
    axes = tuple(range(x.ndim)) if axis is None else tuple(np.atleast_1d(axis) % x.ndim)
    kept = [k for k in range(x.ndim) if k not in axes]
    rows = x.transpose(*kept, *axes).reshape(*(x.shape[k] for k in kept), -1)
    out = np.empty(rows.shape[:-1], dtype=object)
    for k in np.ndindex(out.shape):
        out[k] = ops.sum(rows[k].tolist())
    return out.reshape([1 if k in axes else n for k, n in enumerate(x.shape)]) if keepdims else out


def _choose(c: Any, a: Any, b: Any) -> Any:
    return ops.where(c, a, b)


_FUNCTIONS: dict[Any, Callable[..., Any]] = {np.dot: _dot, np.inner: _dot, np.vdot: _dot, np.where: _choose}


# --- making, naming, reading and writing ------------------------------------------------------------------------------


def array(data: Any, name: str | None = None, role: str = "parameter") -> Any:
    """An Array of leaf Values over `data`, named `W1[0,0]`; a single number gives one Value.

    Values in `data` are kept as they are. ValueError for rows of different lengths.

    >>> array([[1.0, 2.0]], "W")[0, 1]
    Value(data=2.0, grad=None, name='W[0,1]')
    """
    if isinstance(data, list) and set(map(type, data)) == {Value}:
        return np.fromiter(data, dtype=object, count=len(data)).view(Array)  # NumPy need not look into each
    objects = _objects(data)
    out = np.empty(objects.shape, dtype=object)
    for where in np.ndindex(out.shape):
        x = objects[where]
        out[where] = x if isinstance(x, Value) else Value(x, _element(name, where), role)
    return _wrapped(out)


def constant(data: Any, name: str | None = None) -> Any:
    """The same for data that takes no gradient.

    >>> constant(2.0)
    Value(data=2.0, grad=None, role='constant')
    """
    return array(data, name, "constant")


def _objects(data: Any) -> npt.NDArray[Any]:
    if isinstance(data, str | bytes | dict | None):
        real(data)
    if isinstance(data, np.ndarray):
        return data.astype(object)
    try:
        return np.array(data, dtype=object) if not isinstance(data, Value) else Array.holding(data).view(np.ndarray)
    except ValueError as error:
        raise ValueError(f"an array needs rows of one length; got {data!r}") from error


def _element(name: str | None, where: tuple[int, ...]) -> str | None:
    return f"{name}[{','.join(map(str, where))}]" if name and where else name


def named(name: str, x: T) -> T:
    """Name a Value, or the elements of an array or list of them, `x2[0]`; returns x."""
    if not isinstance(name, str):
        raise TypeError(f"a name is text; got {name!r}")
    for where, v in _elements(x):
        v.name = _element(name, where)
    return x


def _elements(x: Any, where: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Value]]:
    if isinstance(x, Value):
        yield where, x
    elif isinstance(x, list | tuple | np.ndarray) and np.ndim(x):
        for k, part in enumerate(x):
            yield from _elements(part, (*where, k))
    else:
        raise TypeError(f"expected Values; got {type(x).__name__} {x!r}")


def values(x: Any) -> Floats:
    """The numbers of Values (or of plain data) as a float array of the same shape."""
    return np.array(ops.mapped(lambda v: v.data if isinstance(v, Value) else real(v), x), dtype=float)


def grads(x: Any) -> Floats:
    """The gradients of Values as a float array of the same shape; nan where there is none yet."""
    return np.array(ops.mapped(lambda v: np.nan if v.grad is None else v.grad, _checked(x)), dtype=float)


def _checked(x: T) -> T:
    for _ in _elements(x):
        pass
    return x


def assign(x: Any, floats: Any) -> None:
    """Write new data into leaves; `floats` has the shape of x, or is one number for all.

    TypeError where x holds a computed node, ValueError for another shape; then nothing has changed.

    >>> w = array([1.0, 2.0], "w")
    >>> assign(w, values(w) - 0.5)
    >>> values(w)
    array([0.5, 1.5])
    """
    leaves = [v for _, v in _elements(x)]
    for v in leaves:
        if v.op is not None:
            raise TypeError(
                f"assign writes into leaves; {ops.described(v)} is computed: assign to the leaves it comes from"
            )
    new = values(floats)
    if new.ndim and new.shape != np.shape(values(x)):
        raise ValueError(f"assign needs data of shape {np.shape(values(x))}; got {new.shape}")
    for v, number in zip(leaves, np.broadcast_to(new, np.shape(values(x))).ravel().tolist(), strict=True):
        v.data = number


def zero_grad(x: Any) -> None:
    """Set `.grad` to None: in a Value, or everywhere in an array or nesting of them."""
    for _, v in _elements(x):
        v.grad = None
