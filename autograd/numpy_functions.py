"""NumPy's functions on Arrays: which keep the graph, which only ask about numbers, and what is refused.

A function that stands in none of these lists may cast Values to floats on its way, which cannot be seen in what it
returns: it is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np

from autograd import dispatch, nesting, ops
from autograd.guards import line
from autograd.numpy_ufuncs import clip, into, node, numbers
from autograd.value import Value

# NumPy's own code moves elements about, or computes by ufuncs and by the arithmetic of Values.
_KEEP = frozenset(
    """
append apply_along_axis apply_over_axes array_split atleast_1d atleast_2d atleast_3d block broadcast_arrays broadcast_to
choose column_stack compress concatenate copy delete diag diagflat diagonal dsplit dstack expand_dims extract
fill_diagonal flip fliplr flipud full_like hsplit hstack insert linalg.diagonal linalg.matrix_transpose matrix_transpose
meshgrid moveaxis ones_like piecewise put_along_axis ravel repeat reshape resize roll rollaxis rot90 select split
squeeze stack swapaxes take take_along_axis tile transpose tril triu trim_zeros unstack vsplit vstack zeros_like
amax amin convolve correlate cross cumprod cumsum cumulative_prod cumulative_sum diff ediff1d einsum inner
kron linalg.cross linalg.matmul linalg.matrix_norm linalg.matrix_power linalg.multi_dot linalg.outer
linalg.tensordot linalg.trace linalg.vector_norm max mean min outer polyval prod ptp real std sum tensordot trace
trapezoid vander var vdot
array2string array_repr array_str can_cast diag_indices_from einsum_path iscomplexobj isrealobj may_share_memory ndim
result_type save savez savez_compressed shape shares_memory size
""".split()  # noqa: SIM905
)
# The answer is about numbers alone: places, an order, yes or no.
_ASK = frozenset(
    """
all allclose any argmax argmin argpartition argsort argwhere array_equal array_equiv count_nonzero digitize flatnonzero
isclose iscomplex isin isneginf isposinf isreal lexsort nanargmax nanargmin nonzero savetxt searchsorted
""".split()  # noqa: SIM905
)

MOST = 8  # rows of a determinant
_WRITE = ("copyto", "put", "put_along_axis", "fill_diagonal")


def called(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], of_numpy: Callable[..., Any]) -> Any:
    """The result of a function of NumPy on Arrays; `of_numpy` is its own code."""
    name = _name(func)
    if name in _WRITE:
        into(next(iter((*args, *kwargs.values()))), name)
    if own := _OWN.get(name):
        return own(*args, **kwargs)
    if name not in _ASK and name not in _KEEP:
        raise TypeError(
            f"np.{name} of Values is refused ({line()}), for it may take them as plain numbers and lose their graph: "
            f"write it in arithmetic, @, sum and the functions of autograd. For the numbers alone: np.{name}(values(x))"
        )
    args, kwargs, out = _without_out(func, args, kwargs)
    if out is not None:
        into(out, name)
    if name in _ASK:
        result = func(*map(_asked, args), **{key: _asked(x) for key, x in kwargs.items()})
    else:
        # Where NumPy takes Arrays for plain ones, it looks at the flags of Python's arithmetic.
        with np.errstate(all="ignore"):
            result = of_numpy(*args, **kwargs)
        if _is_float(result) and not name.endswith("_like"):
            raise TypeError(f"np.{name} would make floats of Values and lose their graph: leave dtype and out away")
    if out is None:
        return result
    out[...] = result
    return out


@cache
def _name(func: Any) -> str:
    return f"{func.__module__}.{func.__name__}".removeprefix("numpy.")


@cache
def _place_of_out(func: Any) -> int:
    names = nesting.positional(func)  # what is written in C may not tell; out is then given by name
    return names.index("out") if "out" in names else 99


def _without_out(
    func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any], Any]:
    place, out = _place_of_out(func), kwargs.get("out")
    if len(args) > place:
        args, out = args[:place], args[place]
    return args, {key: x for key, x in kwargs.items() if key != "out"} if "out" in kwargs else kwargs, out


def _is_float(x: Any) -> bool:
    return isinstance(x, float) or (isinstance(x, np.ndarray | np.generic) and x.dtype.kind in "fc")


def _asked(x: Any) -> Any:
    """Numbers in the place of Values; the rest of the arguments as they are."""
    if isinstance(x, np.ndarray):
        return numbers(x) if x.dtype == object else x
    return numbers(x) if any(isinstance(v, Value) for v in nesting.flat(x)) else x


# --- functions in the table's own words --------------------------------------------------------------------------------


def _dot(a: Any, b: Any, out: Any = None) -> Any:
    """np.dot: `@`, the product with a single number, and for more than two axes a sum over the last and the last but one."""
    if out is not None:
        raise TypeError("np.dot of Values makes a new array: leave out= away, and take what it returns")
    if 0 in (np.ndim(a), np.ndim(b)):
        return np.multiply(a, b)
    return a @ b if max(np.ndim(a), np.ndim(b)) < 3 else np.tensordot(a, b, (-1, max(np.ndim(b) - 2, 0)))


def _where(c: Any, *branches: Any) -> Any:
    return ops.where(c, *branches) if branches else np.nonzero(c)


def _ordered(x: Any, order: Callable[..., Any], axis: int | None) -> Any:
    x, axis = (np.ravel(x), 0) if axis is None else (x, axis)
    return np.take_along_axis(x, order(x, axis=axis), axis=axis)


def _sorted(x: Any, axis: int | None = -1, *_: Any, **__: Any) -> Any:
    return _ordered(x, partial(np.argsort, kind="stable"), axis)


def _partitioned(x: Any, kth: Any, axis: int | None = -1, *_: Any, **__: Any) -> Any:
    return _ordered(x, partial(np.argpartition, kth=kth), axis)


def _quantile(x: Any, q: Any, axis: Any = None, *, keepdims: bool = False, **rest: Any) -> Any:
    """np.quantile, between two neighbours on a line."""
    if more := [key for key, x in rest.items() if not (x is None or x is False or (key, x) == ("method", "linear"))]:
        raise TypeError(f"a quantile of Values takes q, axis and keepdims and makes a new array; got {', '.join(more)}")
    axes = tuple(range(np.ndim(x))) if axis is None else np.lib.array_utils.normalize_axis_tuple(axis, np.ndim(x))
    if any(isinstance(p, Value) for p in nesting.flat(q)):
        raise TypeError("a quantile of Values takes q as plain numbers: by q there is no row")
    at = np.asarray(q, dtype=float)
    if not ((at >= 0.0) & (at <= 1.0)).all():
        raise ValueError(f"a quantile lies between 0 and 1, a percentile between 0 and 100; got q = {q!r}")
    moved = np.moveaxis(x, axes, range(len(axes)))
    rows = _sorted(moved.reshape(-1, *moved.shape[len(axes) :]), 0)
    if not len(rows):
        raise ValueError("a quantile of no numbers is not defined")
    spoilt = np.isnan(rows[-1])  # a nan is sorted to the end, and spoils the whole row, as in NumPy
    found = [_between(rows, p) for p in at.ravel() * (len(rows) - 1)]
    found = [ops.where(spoilt, rows[-1], y) if np.any(spoilt) else y for y in found]
    out = np.reshape(np.stack(found), (*at.shape, *rows.shape[1:]))
    return np.expand_dims(out, tuple(at.ndim + k for k in axes)) if keepdims else out


def _between(rows: Any, p: float) -> Any:
    k = int(p)
    return rows[k] if p == k else rows[k] + (rows[k + 1] - rows[k]) * (p - k)


def _percentile(x: Any, q: Any, axis: Any = None, **rest: Any) -> Any:
    return _quantile(x, np.asarray(q, dtype=float) / 100.0, axis, **rest)


def _average(x: Any, axis: Any = None, weights: Any = None, returned: bool = False, **rest: Any) -> Any:
    if returned:
        raise TypeError("np.average of Values gives the average alone: leave returned= away")
    if weights is None:
        return np.mean(x, axis, **rest)
    if np.shape(weights) != np.shape(x):
        if not isinstance(axis, int) or np.shape(weights) != (np.shape(x)[axis],):
            raise ValueError(f"weights of shape {np.shape(weights)} do not go with {np.shape(x)} along axis {axis}")
        weights = np.expand_dims(weights, tuple(k for k in range(np.ndim(x)) if k != axis % np.ndim(x)))
    whole = np.multiply(np.ones(np.shape(x)), weights)
    return np.sum(np.multiply(x, weights), axis, **rest) / np.sum(whole, axis, **rest)


def _median(x: Any, axis: Any = None, **rest: Any) -> Any:
    return _quantile(x, 0.5, axis, **rest)


def _pad(array: Any, pad_width: Any, mode: Any = "constant", **rest: Any) -> Any:
    if mode not in ("constant", "edge", "reflect", "symmetric", "wrap"):
        raise TypeError(f"np.pad of Values pads with constants, 'edge', 'reflect', 'symmetric' or 'wrap'; got {mode!r}")
    return np.pad(np.asarray(array), pad_width, mode, **rest)


# --- writing ----------------------------------------------------------------------------------------------------------


def _empty_like(
    prototype: Any, dtype: Any = None, order: Any = "K", subok: bool = True, shape: Any = None, **_: Any
) -> Any:
    """Zeros: what is empty holds no Values."""
    if dtype not in (None, object):
        return np.empty_like(np.asarray(prototype), dtype, order, subok, shape)
    zeros = np.frompyfunc(node, 1, 1)(np.zeros(np.shape(prototype) if shape is None else shape))
    return np.asarray(zeros, dtype=object).view(type(prototype))


def _copyto(dst: Any, src: Any, *_: Any, where: Any = True, **__: Any) -> None:
    at = np.broadcast_to(where, dst.shape)
    dst[at] = np.broadcast_to(src, dst.shape)[at]


def _masked(*_: Any) -> None:
    raise TypeError("np.place and np.putmask are refused on Values: write y = where(mask, new, y), or y[mask] = new")


# --- linear algebra -----------------------------------------------------------------------------------------------------


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:  # noqa: A002  # NumPy's word
    """np.linalg.norm, in the words of the table: its own takes the larger of two by comparing them."""
    axes = tuple(range(np.ndim(x))) if axis is None else np.lib.array_utils.normalize_axis_tuple(axis, np.ndim(x))
    if ord is None or (ord in ("f", "fro") and len(axes) == 2):
        ord, moved = 2, np.moveaxis(x, axes, range(-len(axes), 0))  # noqa: A001
        moved = moved.reshape(*moved.shape[: np.ndim(x) - len(axes)], -1)
    elif len(axes) == 1:
        moved = np.moveaxis(x, axes, (-1,))
    elif len(axes) == 2 and ord in (1, -1, np.inf, -np.inf):
        moved = np.abs(np.moveaxis(x, axes if abs(ord) == 1 else axes[::-1], (-2, -1))).sum(axis=-2)
        ord = np.copysign(np.inf, ord)  # noqa: A001
    else:
        raise TypeError(f"np.linalg.norm of Values over {len(axes)} axes has no order {ord!r}: take 1, inf or 'fro'")
    y = _length(moved, ord)
    return np.expand_dims(y, axes) if keepdims else y


def _length(x: Any, p: Any) -> Any:
    """The p-norm along the last axis."""
    if not isinstance(p, dispatch.FLOAT):
        raise ValueError(f"the order of a vector's norm is a number; got {p!r}")
    if p == 2:
        return np.sqrt(np.dot(x, x) if np.ndim(x) == 1 else (x * x).sum(axis=-1))
    if abs(p) == np.inf:
        return np.abs(x).max(axis=-1) if p > 0 else np.abs(x).min(axis=-1)
    if p == 0:
        return np.frompyfunc(node, 1, 1)((x != 0.0).sum(axis=-1))
    return np.abs(x).sum(axis=-1) if p == 1 else (np.abs(x) ** float(p)).sum(axis=-1) ** (1.0 / float(p))


def _det(a: Any) -> Any:
    """np.linalg.det, expanded by minors: a polynomial, which has its derivatives where the matrix is singular too."""
    n = _size(a, "det")
    if n > MOST:
        raise ValueError(f"np.linalg.det of Values goes up to {MOST}×{MOST}, by minors; got {n}×{n}")

    @cache
    def minor(columns: tuple[int, ...]) -> Any:
        """The determinant of the last rows in these columns."""
        if not columns:
            return 1.0
        signed = [minor(columns[:k] + columns[k + 1 :]) * (-1.0) ** k for k in range(len(columns))]
        return ops.dot([a[n - len(columns), c] for c in columns], signed)

    return node(minor(tuple(range(n))))


def _solve(a: Any, b: Any) -> Any:
    """np.linalg.solve, by elimination; the numbers choose the pivots."""
    n = _size(a, "solve")
    if np.ndim(b) not in (1, 2) or len(b) != n:
        raise ValueError(f"np.linalg.solve needs a vector or a matrix of {n} rows; got shape {np.shape(b)}")
    rows = list(np.concatenate([a, np.reshape(b, (n, -1))], axis=1))
    for k in range(n):
        pivots = np.abs(numbers([row[k] for row in rows[k:]]))
        if not pivots.max() > 0.0:
            raise np.linalg.LinAlgError(f"the {n}×{n} matrix is singular: column {k} depends on those before it")
        p = k + int(np.argmax(pivots))
        rows[k], rows[p] = rows[p], rows[k]
        for i in range(k + 1, n):
            rows[i] = rows[i] - rows[k] * (rows[i][k] / rows[k][k])
    x = np.empty_like(np.stack(rows)[:, n:])
    for k in reversed(range(n)):
        x[k] = (rows[k][n:] - rows[k][k + 1 : n] @ x[k + 1 :]) / rows[k][k]
    return x[:, 0] if np.ndim(b) == 1 else x


def _inv(a: Any) -> Any:
    return _solve(a, np.eye(_size(a, "inv")))


def _size(a: Any, name: str) -> int:
    if np.ndim(a) != 2 or len(a) != np.shape(a)[1]:
        raise ValueError(f"np.linalg.{name} of Values needs one square matrix; got shape {np.shape(a)}")
    return len(a)


_OWN: dict[str, Callable[..., Any]] = {
    "dot": _dot, "where": _where, "clip": clip, "sort": _sorted, "partition": _partitioned,
    "quantile": _quantile, "percentile": _percentile, "median": _median, "average": _average, "pad": _pad,
    "empty_like": _empty_like, "copyto": _copyto, "put": lambda a, *places, **mode: a.put(*places, **mode), "place": _masked, "putmask": _masked,
    "linalg.norm": _norm, "linalg.det": _det, "linalg.inv": _inv, "linalg.solve": _solve,
}  # fmt: skip
