"""Dispatch: how an operation is applied to floats, arrays, nestings, vectors, and to numbers of other libraries."""

from __future__ import annotations

import inspect
import math
import operator
import sys
from collections.abc import Iterable
from decimal import Decimal
from functools import reduce
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from autograd.guards import index_below
from autograd.nesting import NEST, flat, like, mapped, objects, real, unmasked
from autograd.refusals import ERRORS, refusal

if TYPE_CHECKING:
    from autograd.ops import Op, Rule, VectorOp
    from autograd.typed import Elementwise

_NO_REAL = (complex, str, bytes, list, tuple, type(None))
FLOAT = float | int | np.floating | np.integer | np.bool_  # what `math` computes with


def elementwise(call: Rule) -> Elementwise:
    """A row's `__call__`, with the types that `typed` gives it."""
    return cast("Elementwise", call)


def on_numbers(op: Op, operands: tuple[Any, ...]) -> Any:
    """The value on single numbers, or on arrays of them: the formula where they are exact."""
    if others := [x for x in operands if x.__class__ is not float]:
        if any(isinstance(x, np.ndarray) for x in others):
            return on_nestings(op, operands)
        if any(isinstance(x, _NO_REAL) for x in others):
            raise TypeError(f"{op.label} takes real numbers; got {' and '.join(map(repr, operands))}")
        if any(isinstance(x, np.generic) for x in others):  # which computes in its own small type
            return op.apply(*(real(x) if isinstance(x, np.generic) else x for x in operands))
    rule = op.formula if any(map(_exact, others)) else op.value
    try:
        if (y := rule(*operands)).__class__ is float or not isinstance(y, _NO_REAL):
            return y
    except ERRORS as error:
        raise refusal(op, operands, error) from None
    except TypeError:
        if not any(isinstance(x, Decimal) for x in others):  # which goes with no float
            raise
        return op.apply(*(real(x) if isinstance(x, Decimal) else x for x in operands))
    raise TypeError(f"the rule of {op.label} gives {y!r}, which is no real number")


def on_nestings(op: Op, operands: tuple[Any, ...]) -> Any:
    """Part by part, arrays under broadcasting; float arrays all at once."""
    if not any(isinstance(x, np.ndarray) for x in operands):
        return mapped(op, *operands)
    arrays = [unmasked(np.asanyarray(x)) for x in operands]
    if any(x.dtype == object for x in arrays):
        return mapped(op.apply, *operands)
    if (bad := next((x for x in arrays if x.dtype.kind not in "fiub"), None)) is not None:
        raise TypeError(f"{op.name} takes real numbers; got an array of {bad.dtype}")
    # A plain number stays one: it takes the precision of the arrays.
    floats = [
        float(x) if x.__class__ in (float, int, bool) else a if a.dtype.kind == "f" else a.astype(float)
        for x, a in zip(operands, arrays, strict=True)
    ]
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            found: Any = op.value(*floats) if arraywise(op, len(floats)) else None
            floating = isinstance(found, np.ndarray) and found.dtype.kind == "f"
            if floating and found.shape == np.broadcast_shapes(*map(np.shape, floats)):
                return found
    except (FloatingPointError, *ERRORS):
        pass
    # Element by element the offender raises an error that names it; a branch not taken does not.
    return np.asarray(mapped(op.apply, *floats), dtype=float)


def arraywise(_: Op, __: int) -> bool:
    """Whether a row's rule on n float arrays does the same as on each of their numbers; languages.code looks into it."""
    return True  # pragma: no cover  # languages.code puts its own in this place


def on_vectors(op: VectorOp, operands: tuple[Any, ...], axis: Any = None, taker: str = "") -> Any:
    """An n-ary row on the vectors it takes, or those along an axis; an indexed one gives a vector of its components."""
    taker = taker or op.name
    one = len(operands) == 1 == op.vectors and not op.nested and not op.leading and isinstance(operands[0], NEST)
    if axis is not None and not one:
        given = " and ".join(type(x).__name__ for x in operands)
        raise TypeError(f"{taker} takes no axis of {given}{_BY_AXIS.get(taker, '')}")
    if op.leading:
        return taken(op, *operands)
    if one and (axis is not None or deep(operands[0])):
        return along(op, operands[0], -1 if axis is None else axis, taker)
    if len(operands) != op.vectors:
        by_name = f": the axis is axis={operands[1]!r}" if op.vectors == 1 < len(operands) and not op.nested else ""
        counted = f"{op.vectors} vector{'s' * (op.vectors > 1)}"
        raise TypeError(f"{taker} takes {counted}; got {len(operands)} arguments{by_name}")
    vectors = [_vector(op, x, taker) for x in operands]
    if len({len(v) for v in vectors}) > 1:
        raise ValueError(f"{taker} needs vectors of one length; got {' and '.join(str(len(v)) for v in vectors)}")
    if not vectors[0]:
        if op.empty is None:
            raise ValueError(f"{taker} of an empty vector is not defined")
        return op.empty
    if not op.indexed:
        return op.apply(*(vectors[0] + vectors[1] if op.vectors == 2 else vectors[0]))
    return like(operands[0], [op.at(c).apply(*vectors[0]) for c in range(len(vectors[0]))])


_BY_AXIS = {"sum": ": np.sum(x, axis=…) does", "take": ": np.moveaxis(x, axis, 0) makes rows of another one"}


def deep(x: Any) -> bool:
    """Whether this is no vector, but an array of more axes or of none, or a nesting."""
    return x.ndim != 1 if isinstance(x, np.ndarray) else any(issubclass(kind, NEST) for kind in set(map(type, x)))


def along(op: VectorOp, x: Any, axis: Any, taker: str) -> Any:
    """A row on the vectors along an axis of an array or of lists in lists; it returns the like."""
    whole = unmasked(x).view(np.ndarray) if isinstance(x, np.ndarray) else objects(x, taker)
    if isinstance(axis, bool) or not isinstance(axis, int | np.integer) or not -whole.ndim <= axis < whole.ndim:
        raise ValueError(f"{taker} runs along one axis of an array of shape {whole.shape}; got axis={axis!r}")
    vectors = [np.asarray(part) for part in np.moveaxis(whole, axis, 0)]
    if not vectors:
        raise ValueError(f"{taker} of an empty vector is not defined")
    components = [op.at(c).apply(*vectors) for c in range(len(vectors))] if op.indexed else op.apply(*vectors)
    found = np.moveaxis(np.array(components), 0, axis) if op.indexed else np.asarray(components)
    return found.view(type(x)) if isinstance(x, np.ndarray) else type(x)(found.tolist()) if found.ndim else found[()]


def taken(op: VectorOp, *operands: Any) -> Any:
    """The element i of a vector, of a nesting the part that stands there; a Value as the index makes nodes."""
    if len(operands) != 2:
        raise TypeError(f"{op.name} takes a vector or rows, and an index; got {len(operands)} arguments")
    x, i = unmasked(operands[0]), operands[1]
    if not isinstance(x, NEST) or (isinstance(x, np.ndarray) and not x.ndim):
        raise TypeError(f"{op.name} takes a vector or rows, and an index; got {type(x).__name__} {x!r}")
    if not len(x):
        raise ValueError(f"{op.name} of an empty vector is not defined")
    index_below(len(x), i, op.name)
    if not hasattr(i, "parents"):
        return x[int(i)]
    if not isinstance(x, np.ndarray) and len({_outline(row) for row in x}) > 1:
        raise ValueError(f"{op.name} needs rows of one length; got {[len(flat(row)) for row in x]}")
    return mapped(op.apply, i, *x)


def _outline(x: Any) -> Any:
    return tuple(map(_outline, x)) if isinstance(x, list | tuple) else np.shape(x)


def _vector(op: VectorOp, x: Any, taker: str) -> list[Any]:
    if isinstance(x, Iterable) and not isinstance(x, str | bytes | dict):
        x = x if isinstance(x, NEST) else list(x)
        if deep(x) and not op.nested:
            raise ValueError(f"{taker} takes vectors; got {np.ndim(x)} dimensions: use @, or apply it row by row")
        return flat(x)
    if not op.indexed and (isinstance(x, FLOAT) or hasattr(x, "parents")):
        return [x]
    raise TypeError(f"{taker} takes a list or an array of numbers; got {type(x).__name__} {x!r}")


def completed(op: Op, operands: tuple[Any, ...], by_name: dict[str, Any]) -> tuple[Any, ...]:
    """The operands with those given by name and the defaults of those left out; TypeError for a wrong number of them."""
    if by_name:
        signature = inspect.signature(op.formula)
        try:
            operands = signature.bind(*operands, **by_name).args
        except TypeError as error:
            raise TypeError(f"{op.name}{signature}: {error}") from None
    missing = (op.arity or 0) - len(operands)
    if not 0 <= missing <= len(op.defaults):
        raise TypeError(f"{op.name} takes {op.arity} operand{'s' * (op.arity != 1)}; got {len(operands)}")
    return operands + op.defaults[len(op.defaults) - missing :]


def _pow(a: float, b: float) -> float:
    y: Any = a**b
    if isinstance(y, complex):
        raise ValueError("complex")  # Python's answer to a negative base under a fractional power
    return float(y)


def _largest(*a: float) -> float:
    # Python's max carries a nan on only from the first place.
    return max(a) if (total := sum(a)) == total else next((x for x in a if x != x), max(a))


def _element(i: float, *a: Any) -> Any:
    if not 0 <= i < len(a) or i != int(i):
        raise ValueError("no place")
    return a[int(i)]


FLOATS = SimpleNamespace(
    **vars(math)
    | {
        "pow": _pow,
        "largest": _largest,
        "element": _element,
        "shift": lambda *a: max(a),
        "maximum": lambda a, b: a if a > b else b if a <= b else a + b,  # a + b carries a nan on, as np.maximum does
        "minimum": lambda a, b: a if a < b else b if a >= b else a + b,
        "where": lambda c, a, b: a if c else b,
    }
)


def namespace(x: Any) -> Any:
    """The library of functions for `x`: the array API's namespace, else the package of its type, else `math`."""
    if isinstance(x, FLOAT):
        return FLOATS
    if hasattr(x, "__array_namespace__"):
        return x.__array_namespace__()
    return sys.modules.get(type(x).__module__.partition(".")[0], FLOATS)


def _exact(x: Any) -> bool:
    return not isinstance(x, FLOAT) and not hasattr(x, "__array_namespace__")


def native(name: str, otherwise: Rule | None = None) -> Rule:
    """The function of that name in the operands' own library; where it has none, the rule `otherwise`, or `math`."""

    def value(*operands: Any) -> Any:
        others = [x for x in operands if x.__class__ is not float and not isinstance(x, FLOAT)]
        for x in others:
            if function := _own(x, name):
                return function(*operands)
        if otherwise and others:
            return otherwise(*operands)
        return getattr(FLOATS, name, otherwise)(*operands)  # type: ignore[misc]  # a name of `math` has no other rule

    return value


def _own(x: Any, name: str) -> Any:
    # An operand of this library says what it has; of another library's number it is the library.
    word = getattr(x, "__word__", None)
    return word(name) if word else getattr(namespace(x), name, None)


def where(c: Any, a: Any, b: Any) -> Any:
    """a where c is not 0, else b; of SymPy's, a Piecewise."""
    for x in (c, a, b):
        if sympy := getattr(namespace(x), "Piecewise", None) and namespace(x):
            decided = isinstance(c, bool) or getattr(c, "is_Boolean", False) or getattr(c, "is_Relational", False)
            chosen = c if decided else sympy.Ne(c, 0)
            return sympy.Piecewise((a, chosen), (b, True))
    return native("where", FLOATS.where)(c, a, b)


# What the rules of vector rows ask of their operands; an operand that stands for all of them has its own.
total = native("total", lambda *a: reduce(operator.add, a))
y_hat = native("y_hat", lambda e, whole: e / whole)
