"""The kinds of operand a row works on: floats, arrays, nestings, vectors, and numbers of other libraries."""

from __future__ import annotations

import inspect
import math
import operator
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from decimal import Decimal
from functools import reduce
from itertools import repeat
from numbers import Real
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from autograd.scope import here

if TYPE_CHECKING:
    from autograd.ops import Op, Rule, VectorOp
    from autograd.typed import Elementwise

FLOAT = float | int | np.floating | np.integer | np.bool_  # what `math` computes with
NEST = (list, tuple, np.ndarray)
ERRORS = (ValueError, ZeroDivisionError, OverflowError)


def elementwise(call: Rule) -> Elementwise:
    """A row's `__call__`, with the types that `typed` gives it."""
    return cast("Elementwise", call)


def on_numbers(op: Op, operands: tuple[Any, ...]) -> Any:
    """The value on single numbers, or on arrays of them: the formula where they are exact."""
    if others := [x for x in operands if x.__class__ is not float]:
        if any(isinstance(x, np.ndarray) for x in others):
            return on_nestings(op, operands)
        if any(map(_exact, others)):
            return op.formula(*operands)
    try:
        return op.value(*operands)
    except ERRORS as error:
        raise refusal(op, operands, error) from None


def on_nestings(op: Op, operands: tuple[Any, ...]) -> Any:
    """Part by part, arrays under broadcasting; float arrays all at once."""
    if not any(isinstance(x, np.ndarray) for x in operands):
        return mapped(op, *operands)
    arrays = [np.asanyarray(x) for x in operands]
    if any(x.dtype == object for x in arrays):
        return mapped(op.apply, *operands)
    if bad := next((x for x in arrays if x.dtype.kind not in "fiub"), None):
        raise TypeError(f"{op.name} takes real numbers; got an array of {bad.dtype}")
    # A plain number stays one: it takes the precision of the arrays.
    floats = [
        float(x) if x.__class__ in (float, int, bool) else a if a.dtype.kind == "f" else a.astype(float)
        for x, a in zip(operands, arrays, strict=True)
    ]
    try:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            return op.value(*floats)
    except (FloatingPointError, *ERRORS):
        # Element by element the offender raises an error that names it; a branch not taken does not.
        return np.asarray(mapped(op.apply, *floats), dtype=float)


def on_vectors(op: VectorOp, operands: tuple[Any, ...]) -> Any:
    """An n-ary row on the vectors it takes; an indexed one gives a vector of its components."""
    if len(operands) != op.vectors:
        raise TypeError(f"{op.name} takes {op.vectors} vector{'s' * (op.vectors > 1)}; got {len(operands)} arguments")
    vectors = [_vector(op, x) for x in operands]
    if len({len(v) for v in vectors}) > 1:
        raise ValueError(f"{op.name} needs vectors of one length; got {' and '.join(str(len(v)) for v in vectors)}")
    if not vectors[0]:
        if op.empty is None:
            raise ValueError(f"{op.name} of an empty vector is not defined")
        return op.empty
    if not op.indexed:
        return op.apply(*(vectors[0] + vectors[1] if op.vectors == 2 else vectors[0]))
    return like(operands[0], [op.at(c).apply(*vectors[0]) for c in range(len(vectors[0]))])


def _vector(op: VectorOp, x: Any) -> list[Any]:
    if isinstance(x, Iterable) and not isinstance(x, str | bytes | dict):
        x = x if isinstance(x, NEST) else list(x)
        deep = x.ndim != 1 if isinstance(x, np.ndarray) else any(issubclass(kind, NEST) for kind in set(map(type, x)))
        if deep and not op.nested:
            raise ValueError(f"{op.name} takes vectors; got {np.ndim(x)} dimensions: use @, or apply it row by row")
        return flat(x)
    if not op.indexed and (isinstance(x, FLOAT) or hasattr(x, "parents")):
        return [x]
    raise TypeError(f"{op.name} takes a list or an array of numbers; got {type(x).__name__} {x!r}")


def completed(op: Op, operands: tuple[Any, ...], by_name: dict[str, Any]) -> tuple[Any, ...]:
    """The operands with those given by name and the defaults of those left out; TypeError for a wrong number of them."""
    if by_name:
        operands = inspect.signature(op.formula).bind(*operands, **by_name).args
    missing = (op.arity or 0) - len(operands)
    if not 0 <= missing <= len(op.defaults):
        raise TypeError(f"{op.name} takes {op.arity} operand{'s' * (op.arity != 1)}; got {len(operands)}")
    return operands + op.defaults[len(op.defaults) - missing :]


def like(vector: Any, components: list[Any]) -> Any:
    """The components as a tuple, an array or a list, as the vector is."""
    if isinstance(vector, np.ndarray):
        return np.array(components, dtype=object if vector.dtype == object else float).view(type(vector))
    return tuple(components) if isinstance(vector, tuple) else components


def flat(x: Any) -> list[Any]:
    """The numbers in a nesting of lists, tuples and arrays, in reading order."""
    if isinstance(x, np.ndarray):
        return list(x.ravel().tolist())
    if not isinstance(x, list | tuple):
        return [x]
    if not any(issubclass(kind, NEST) for kind in set(map(type, x))):  # a look per type, not per number
        return list(x)
    return [number for part in x for number in flat(part)]


def mapped(f: Callable[..., Any], *xs: Any) -> Any:
    """f of every number in a nesting, or of the numbers at one place in several; single numbers go with each."""
    if any(isinstance(x, np.ndarray) for x in xs):
        with np.errstate(all="ignore"):  # NumPy looks at the flags that Python's own arithmetic leaves
            if len(xs) < 64:
                return np.frompyfunc(f, len(xs), 1)(*xs)
            places = zip(*(x.ravel().tolist() for x in np.broadcast_arrays(*xs)), strict=True)  # no ufunc has so many
            return np.reshape(np.array([f(*row) for row in places]), np.broadcast_shapes(*map(np.shape, xs)))
    nests = [x for x in xs if isinstance(x, list | tuple)]
    if not nests:
        return f(*xs)
    if len({len(x) for x in nests}) > 1:
        raise ValueError(f"{f.__name__} got sequences of different lengths: {[len(x) for x in nests]}")
    rows = zip(*(x if isinstance(x, list | tuple) else repeat(x, len(nests[0])) for x in xs), strict=True)
    return like(nests[0], [mapped(f, *row) for row in rows])


class put_back:
    """Put that slot of these nodes back, where an interruption or an error ends the block."""

    def __init__(self, slot: str, nodes: Collection[Any]) -> None:
        self.slot, self.nodes = slot, nodes
        self.before = list(map(operator.attrgetter(slot), nodes))

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, *error: object) -> None:
        if kind:  # all in one instruction: no further interruption comes between two
            deque(map(setattr, self.nodes, repeat(self.slot), self.before), maxlen=0)


# --- refusals -------------------------------------------------------------------------------------------------------


def refusal(op: Op, operands: Sequence[Any], error: Exception) -> Exception:
    """The error for operands outside the domain: the operation, the input, the node, and what to do instead."""
    got = " and ".join(described(x) for x in operands)
    if isinstance(error, OverflowError):
        reason = f"{op.label} is beyond the largest float here"
    else:
        reason = f"{op.label} is defined for {op.domain or 'other operands'}"
    scope = here()
    return type(error)(f"{reason}; got {got}{f' in {scope}' if scope else ''}. {op.instead}".rstrip())


def described(x: Any) -> str:
    """A number and where it comes from: `0.0 from ŷ[2]`."""
    if not hasattr(x, "parents"):
        return repr(x)
    made = f"the result of {x.op.label}{_on(x.parents)}" if x.op else f"{'an' if x.role == 'input' else 'a'} {x.role}"
    return f"{x.data!r} from {x.name or made}"


def _on(operands: Sequence[Any]) -> str:
    """The operands of a row, where there are few and each has a name or is a constant: `(a, 2.0)`."""
    called = [p.name or repr(p.data) * (p.role == "constant") for p in operands]
    return f"({', '.join(map(str, called))})" if len(called) < 4 and all(called) else ""


MISSED: list[bool] = []  # empty until a derivative is missing somewhere, so that graphs without one pay nothing


def missing(op: Op, y: float, parents: Sequence[Any]) -> list[float]:
    """The partials one by one: nan where a rule has no value, ±∞ where it is too large, 0 for a constant."""
    MISSED[:] = [True]
    if op.vectors:
        return [math.nan] * len(parents)
    # NumPy's floats overflow to ±∞ where Python's raise; what has no value still has none.
    numbers = [np.float64(x) for x in (y, *(p.primal for p in parents))]
    d = []
    for parent, rule in zip(parents, op.partials, strict=True):
        try:
            with np.errstate(over="ignore", divide="raise", invalid="raise"):
                d.append(float(rule(*numbers)))
        except (FloatingPointError, *ERRORS):
            d.append(0.0 if parent.role == "constant" else math.nan)
    return d


def real(x: Any) -> float:
    """One real number as a float; TypeError says what else was given and what to do with it."""
    if x.__class__ is float:
        return x
    scalar = x[()] if isinstance(x, np.ndarray) and not x.ndim else x
    if isinstance(scalar, Real | Decimal | np.bool_):
        return float(scalar)
    if hasattr(x, "parents"):
        raise TypeError("a Value cannot hold a Value: use it as it is, or its number, v.data")
    several = isinstance(x, np.ndarray | list | tuple) and np.ndim(x) > 0
    advice = (
        ": use array(…) for several" if several else ": convert it with float(…) first" if isinstance(x, str) else ""
    )
    raise TypeError(f"a Value holds one real number; got {type(x).__name__} {x!r}{advice}")


def no_derivative(node: Any, k: int, bar: Any) -> Exception:
    """The error for a derivative that does not exist and that a gradient reaches: ZeroDivisionError or ValueError."""
    parent, rules = node.parents[k], node.op.partials
    kind: type[Exception] = ValueError
    try:
        (rules[k] if isinstance(rules, tuple) else rules)(node.data, *(p.data for p in node.parents))
    except ERRORS as error:
        kind = ZeroDivisionError if isinstance(error, ZeroDivisionError) else ValueError
    where = f" in {node.scope}" if node.scope else ""
    reason, advice = f"a gradient of {float(bar)!r} reaches it", "Keep the operand off this point"
    if not bar:
        reason = "the gradient that reaches it is 0 at this point only, and 0 · ∞ has no value"
        advice = "Write x for sqrt(x)**2 and dot(x, x) for the square of a norm, or keep the operand off this point"
    return kind(
        f"{node.op.label} has no derivative here: its operand is {described(parent)}{where}, and {reason}. "
        f"{advice}, for example by adding a small constant to it."
    )


# --- functions that a number's own library provides -----------------------------------------------------------------


def _pow(a: float, b: float) -> float:
    y: Any = a**b
    if isinstance(y, complex):
        raise ValueError("complex")  # Python's answer to a negative base under a fractional power
    return float(y)


FLOATS = SimpleNamespace(
    **vars(math)
    | {
        "pow": _pow,
        "largest": lambda *a: max(a),
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
