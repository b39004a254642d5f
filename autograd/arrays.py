"""Arrays of Values under NumPy: `W1 @ x + b`, with one n-ary node per dot product and sum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any, TypeVar, cast, overload

import numpy as np
import numpy.typing as npt

from autograd import nesting, numpy_functions, numpy_ufuncs, refusals
from autograd.names import Name
from autograd.numpy_ufuncs import all_nodes, into, is_leaf, node, nodes, numbers
from autograd.value import Role, Value

T = TypeVar("T")
Floats = npt.NDArray[np.float64]


class Array(np.ndarray[Any, np.dtype[np.object_]]):
    """A NumPy array of Values. Its operations are the rows of the table; `@`, `dot` and `sum` make n-ary nodes.

    Whatever would throw leaves away, such as in-place operators, `fill` or an assignment of elements, raises TypeError:
    `assign` changes leaves. A function of NumPy that would lose the graph is refused.

    >>> W = array([[1.0, 2.0], [3.0, 4.0]], "W")
    >>> y = W @ [1.0, 1.0]
    >>> type(y).__name__, values(y).tolist(), y[0].op.name
    ('Array', [3.0, 7.0], 'dot')
    """

    __array_priority__ = 1.0  # np.concatenate and np.stack then keep the class
    data: Any = property(doc="Refused: the numbers are values(W).")
    imag: Any = property(doc="Refused: Values are real.")

    @staticmethod
    def holding(x: Any) -> Array:
        """The 0-d Array of one object."""
        return np.fromiter([x], dtype=object, count=1).reshape(()).view(Array)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
        target = inputs[0] if method == "at" else out[0] if out else None
        if target is not None and not (ufunc.__name__ in numpy_ufuncs.ANSWERS and target.dtype == bool):
            into(target, ufunc.__name__)
        plain = [_plain(x) for x in inputs]
        if method == "at":
            plain[0] = plain[0].copy()  # a refusal halfway changes nothing
        if any(isinstance(x, np.ndarray) and x.dtype.hasobject for x in plain):
            result = numpy_ufuncs.called(ufunc, method, plain, _plain(out[0]) if out else None, kwargs)
        else:
            result = getattr(ufunc, method)(*plain, **kwargs)  # an Array cast to floats
        if target is None:
            return _viewed(result)
        target.view(np.ndarray)[...] = plain[0] if method == "at" else result
        return target

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if any(hasattr(kind, "mask") for kind in types):
            raise TypeError(f"np.{func.__name__} would lose the mask of a masked array: take x.filled(…) before")
        numpys = super().__array_function__
        found = numpy_functions.called(func, args, kwargs, lambda *a, **by_name: numpys(func, types, a, by_name))
        return _wrapped(found)

    def dot(self, other: Any, out: Any = None) -> Any:
        """np.dot(self, other), one `dot` node per entry of the result."""
        return np.dot(self, other, out)

    def astype(self, dtype: Any, *rest: Any, **by_name: Any) -> Any:
        """A copy in another type; of numbers it is a plain array."""
        copy = super().astype(dtype, *rest, **by_name)
        return copy if copy.dtype.hasobject else copy.view(np.ndarray)

    # --- writing ------------------------------------------------------------------------------------------------------

    def __setitem__(self, index: Any, new: Any) -> None:
        target = self.view(np.ndarray)
        leaves = [v for v in nesting.flat(target[index]) if is_leaf(v)]
        if leaves and not all(is_leaf(v) for v in nesting.flat(new)):
            raise TypeError(
                f"this would throw a leaf away, {refusals.described(leaves[0])}: assign(W[i, j], number) changes its data "
                "instead, wherever it stands; a copy holds the same leaves, so for a new array beside it write "
                "where(mask, new, x)"
            )
        if leaves:
            target.setflags(write=True)
        target[index] = nesting.mapped(node, new)

    def fill(self, value: Any) -> None:
        """The same number everywhere, where that loses no leaf."""
        into(self, "fill")
        self[...] = value

    def put(self, ind: Any, v: Any, mode: Any = "raise") -> None:
        """Elements by their place in reading order, where that loses no leaf."""
        if mode != "raise":
            raise TypeError(f"put of Values takes places that exist; got mode={mode!r}")
        into(self, "put")
        self.flat[ind] = v

    def sort(self, axis: Any = -1, *_: Any, **__: Any) -> None:
        """In place, where that moves no leaf."""
        into(self, "sort")
        self[...] = np.sort(self, axis)

    def partition(self, kth: Any, axis: Any = -1, *_: Any, **__: Any) -> None:
        """In place, where that moves no leaf."""
        into(self, "partition")
        self[...] = np.partition(self, kth, axis)

    def __setattr__(self, name: str, new: Any) -> None:
        if name not in ("shape", "strides", "dtype"):
            raise AttributeError(_attribute(name))
        super().__setattr__(name, new)


class Flat:
    """The elements of an Array one after the other, as NumPy's `flat` gives them."""

    def __init__(self, array: Array) -> None:
        self._array = array

    def __len__(self) -> int:
        return self._array.size

    def __iter__(self) -> Iterator[Any]:
        return iter(self._array.view(np.ndarray).flat)

    def __getitem__(self, k: Any) -> Any:
        return _wrapped(self._array.view(np.ndarray).flat[k])

    def __setitem__(self, k: Any, new: Any) -> None:
        shape = self._array.shape
        self._array[np.unravel_index(np.arange(self._array.size).reshape(shape).flat[k], shape)] = new


_INSTEAD = {
    "grad": "grads(W) reads the gradients, zero_grad(W) clears them",
    "data": "values(W) reads the numbers, assign(W, floats) writes them",
    "backward": "call backward of one Value, such as W.sum().backward(), or jacobian(W, inputs)",
    "imag": "Values are real",
    "name": 'named("W", W) names the elements, array(data, "W") makes them with a name',
    "role": 'array(data, role="input") makes elements of another role',
}


def _attribute(name: str) -> str:
    return f"an Array holds Values and has no .{name} of its own: {_INSTEAD.get(name, 'its elements do, W[i, j]')}"


def _missing(_: Array, name: str) -> Any:
    raise AttributeError(_attribute(name) if name in _INSTEAD else f"'Array' object has no attribute {name!r}")


def _about_numbers(name: str) -> Any:
    def asked(self: Array, *args: Any, **by_name: Any) -> Any:
        return getattr(numbers(self), name)(*args, **by_name)

    asked.__name__, asked.__doc__ = name, f"As of the numbers: values(W).{name}(…)."
    return asked


def _among_arrays(_: Value, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    # np.float64(2) * v and np.array([1., 2.]) * v: an Array takes part, so that the result is one too.
    return getattr(ufunc, method)(*(Array.holding(x) if isinstance(x, Value) else x for x in inputs), **kwargs)


setattr(Value, "__array_ufunc__", _among_arrays)  # here, for a Value knows no arrays
setattr(Array, "__getattr__", _missing)  # here, for a type checker would take every attribute for one of these
setattr(Array, "flat", property(Flat))
setattr(Array, "__getitem__", numpy_ufuncs.item)
for _name in ("argmax", "argmin", "argsort", "argpartition", "searchsorted", "nonzero"):
    setattr(Array, _name, _about_numbers(_name))  # NumPy's own comparisons of objects lose their way at a nan


def _plain(x: Any) -> Any:
    if isinstance(x, Value):
        x = Array.holding(x)
    return x.view(np.ndarray) if isinstance(x, Array) else nesting.all_unmasked(x)


def _viewed(result: Any) -> Any:
    """An Array, if it is an array of Values."""
    if not isinstance(result, np.ndarray) or result.dtype != object or not all_nodes(result):
        return result
    return result[()] if not result.ndim else result if result.__class__ is Array else result.view(Array)


def _wrapped(result: Any) -> Any:
    """A result of NumPy as Arrays of Values: numbers that it put in become constants."""
    if isinstance(result, list | tuple) and any(isinstance(part, np.ndarray) for part in result):
        return type(result)(map(_wrapped, result))
    return _viewed(nodes(result) if isinstance(result, np.ndarray) and result.dtype == object else result)


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
    if not isinstance(data, nesting.NEST) and not isinstance(data, range):
        return data if isinstance(data, Value) else Value(data, name, role)
    objects = nesting.unmasked(data).astype(object) if isinstance(data, np.ndarray) else nesting.objects(data, "array")
    out, own = np.empty(objects.shape, dtype=object), Name(name) if isinstance(name, str) else None
    beside = any(issubclass(kind, Value) for kind in set(map(type, objects.ravel().tolist())))
    for where in np.ndindex(out.shape):
        x = objects[where]  # a plain number beside Values is a constant, as in any expression
        out[where] = node(x) if beside else Value(x, name if own is None else own.element(where), role)
    made = _viewed(out)
    if out.ndim and any(map(is_leaf, out.flat if beside else out.ravel()[:1])):
        made.setflags(write=False)  # what NumPy would write from C, through any other view, throws leaves away
    return made


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
    if any(isinstance(x, Value) for x in nesting.flat(data)):
        raise TypeError("constant takes numbers; got a Value: constant(v.data) or constant(values(x)) cuts it off")
    return array(data, name, "constant")


@overload
def named(name: str, x: T) -> T: ...
@overload
def named(name: dict[str, T]) -> dict[str, T]: ...
def named(name: Any, x: Any = None) -> Any:
    """Name a Value, the elements of an array or of lists in lists, `x2[0]`, or a dictionary's parts by their keys; returns x.

    >>> named("h", array([1.0, 2.0]) * 3.0)[1].name
    'h[1]'
    """
    several = isinstance(name, dict) and x is None
    parts = [(key, _elements(part)) for key, part in (name.items() if several else [(name, x)])]
    if wrong := [key for key, _ in parts if not isinstance(key, str)]:
        raise TypeError(f"a name is text; got {wrong[0]!r}")
    for key, places in parts:
        for where, v in places:
            v.name = Name(key).element(where)
    return name if several else x


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
    return cast(Floats, numbers(x))


def grads(x: Any) -> Floats:
    """The gradients of Values as a float array of the same shape; nan where there is none yet.

    >>> w = array([1.0, 2.0], "w")
    >>> (w[0] * 3.0).backward()
    >>> grads(w)
    array([ 3., nan])
    """
    _elements(x)  # refuses what is no Value
    return cast(Floats, nesting.floats(nesting.mapped(lambda v: np.nan if v.grad is None else v.grad, x)))


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
            raise TypeError(f"assign writes into leaves; {refusals.described(v)} is computed: assign to its leaves")
        if new[where] != new[where] and v.grad is None and v.role == "parameter":
            raise ValueError(
                f"assign would make nan of {refusals.described(v)}, which has no gradient: call backward() first, or find "
                "what made the nan, such as a learning rate too large"
            )
    nesting.write("primal", leaves.values(), map(new.__getitem__, leaves))


def _outline(x: Any) -> str:
    """The shape of an array, of a list those of its parts."""
    if isinstance(x, list | tuple) and any(isinstance(part, nesting.NEST) for part in x):
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
    nesting.write("grad", [v for _, v in _elements(x)], repeat(None))
