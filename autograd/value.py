"""A number that remembers how it was computed."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache
from numbers import Real
from typing import TYPE_CHECKING, Any, SupportsFloat, cast

import numpy as np

from autograd import ops, scope, tape
from autograd.ops import Op
from autograd.source import maker_source

Number = float | int | np.floating[Any] | np.integer[Any]
ROLES = ("parameter", "input", "constant")

_new = object.__new__


class Value:
    """A float that remembers its operation, its parents and its local partial derivatives.

    Made by hand it is a leaf. Its role says how it takes part: a "parameter" and an "input" take a gradient,
    a "constant" takes none. TypeError for anything but one real number.

    >>> x = Value(3.0, "x")
    >>> y = x * x
    >>> y.backward()
    >>> x
    Value(data=3.0, grad=6.0, name='x')
    """

    # Two parents and two partials lie flat: a node is then one object to the garbage collector, where two
    # tuples make it three. More than two lie as tuples in `left` and `d_left`. The rest reads `parents`, `partials`.
    __slots__ = ("d_left", "d_right", "data", "grad", "left", "name", "op", "right", "role", "scope")

    data: float
    grad: float | None
    op: Op  # None for a leaf, which those who ask know; every other node has one
    role: str | None
    name: str | None
    scope: scope.Path | None
    left: Any
    right: Any
    d_left: Any
    d_right: Any

    def __init__(self, data: SupportsFloat, name: str | None = None, role: str = "parameter") -> None:
        if role not in ROLES:
            raise ValueError(f"a leaf's role is one of {', '.join(ROLES)}; got {role!r}")
        if not isinstance(name, str | None):
            raise TypeError(f"a name is text; got {name!r}")
        self.data, self.name, self.role = real(data), name, role
        self.grad = self.left = self.right = self.d_left = self.d_right = None
        self.op = cast(Op, None)
        self.scope = scope.here()

    @property
    def parents(self) -> tuple[Value, ...]:
        """The operands, in order, repeats kept; () for a leaf."""
        return _both(self.left, self.right)

    @property
    def partials(self) -> tuple[float, ...]:
        """∂self/∂parent, one per parent, as of the forward pass; nan where the derivative does not exist."""
        return _both(self.d_left, self.d_right)

    def backward(self, seed: float = 1.0) -> None:
        """Add seed · ∂self/∂leaf to the `.grad` of every leaf, and set each other node's `.grad` to its adjoint.

        Constants keep None. Raises, with every `.grad` as it was, where a derivative that does not exist meets
        a gradient: ZeroDivisionError where its rule divides by zero, else ValueError.
        """
        for node, bar in tape.reverse_sweep(tape.wengert_list([self]), {self: real(seed)}).items():
            if node.left is not None:
                node.grad = bar
            elif node.role != "constant":
                node.grad = bar if node.grad is None else node.grad + bar

    if TYPE_CHECKING:
        # For editors and type checkers: the rows as operators and methods. `_adopt` puts every row's here,
        # those made later too; a test keeps this list equal to the table.
        # fmt: off
        def __add__(self, other: Any) -> Value: ...
        def __radd__(self, other: Any) -> Value: ...
        def __sub__(self, other: Any) -> Value: ...
        def __rsub__(self, other: Any) -> Value: ...
        def __mul__(self, other: Any) -> Value: ...
        def __rmul__(self, other: Any) -> Value: ...
        def __truediv__(self, other: Any) -> Value: ...
        def __rtruediv__(self, other: Any) -> Value: ...
        def __pow__(self, other: Any) -> Value: ...
        def __rpow__(self, other: Any) -> Value: ...
        def __neg__(self) -> Value: ...
        def __pos__(self) -> Value: ...
        def __abs__(self) -> Value: ...
        def exp(self) -> Value: ...
        def log(self) -> Value: ...
        def log1p(self) -> Value: ...
        def expm1(self) -> Value: ...
        def sqrt(self) -> Value: ...
        def sin(self) -> Value: ...
        def cos(self) -> Value: ...
        def tan(self) -> Value: ...
        def arctan(self) -> Value: ...
        def tanh(self) -> Value: ...
        def sigmoid(self) -> Value: ...
        def log_sigmoid(self) -> Value: ...
        def softplus(self) -> Value: ...
        def relu(self) -> Value: ...
        def step(self) -> Value: ...
        def absolute(self) -> Value: ...
        def leaky_relu(self, slope: Any = 0.01) -> Value: ...
        # fmt: on

    # --- what it shares with a float ------------------------------------------------------------------------------

    def __float__(self) -> float:
        return self.data

    def __int__(self) -> int:
        return int(self.data)

    def __trunc__(self) -> int:
        return math.trunc(self.data)

    def __round__(self, digits: int | None = None) -> float:
        return round(self.data, digits)

    def __bool__(self) -> bool:
        return self.data != 0.0

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else str(self)

    def __lt__(self, other: Any) -> bool:
        return _compare(operator.lt, self, other)

    def __le__(self, other: Any) -> bool:
        return _compare(operator.le, self, other)

    def __gt__(self, other: Any) -> bool:
        return _compare(operator.gt, self, other)

    def __ge__(self, other: Any) -> bool:
        return _compare(operator.ge, self, other)

    def __eq__(self, other: object) -> bool:
        return _compare(operator.eq, self, other)

    __hash__ = object.__hash__  # identity: two nodes of one number are two nodes

    def __repr__(self) -> str:
        name = f", name={self.name!r}" if self.name is not None else ""
        role = f", role={self.role!r}" if self.role in ROLES[1:] else ""
        return f"Value(data={self.data!r}, grad={self.grad!r}{name}{role})"

    # --- NumPy ----------------------------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        # np.float64(2) * v and np.array([1., 2.]) * v: an Array takes part, so that the result is one too.
        from autograd.arrays import Array  # the one arrow upwards, taken when NumPy meets a Value

        return getattr(ufunc, method)(*(Array.holding(x) if isinstance(x, Value) else x for x in inputs), **kwargs)

    # --- copies: flat, so that depth costs no recursion -----------------------------------------------------------

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        for node in tape.wengert_list([self]):
            if id(node) not in memo:
                memo[id(node)] = twin = _new(Value)
                for slot in Value.__slots__:
                    setattr(twin, slot, getattr(node, slot))
                twin.left, twin.right = _copied(node.left, memo), _copied(node.right, memo)
        return cast(Value, memo[id(self)])

    def __reduce__(self) -> tuple[Any, ...]:
        if self.op is None:
            return _leaf, (self.data, self.name, self.role, self.grad, self.scope)
        order = tape.wengert_list([self])
        leaves = [node for node in order if node.op is None]
        nodes = [node for node in order if node.op is not None]
        number = {node: k for k, node in enumerate(leaves + nodes)}
        facts = [[getattr(node, field) for node in nodes] for field in ("op", "data", "grad", "name", "scope")]
        edges = [[number[p] for p in node.parents] for node in nodes], [node.partials for node in nodes]
        return _graph, (leaves, *facts, *edges)


def real(x: Any) -> float:
    """One real number as a float; TypeError says what else was given and what to do with it."""
    if isinstance(x, Real | Decimal | np.bool_) and not isinstance(x, Value):
        return float(x)
    if isinstance(x, np.ndarray) and x.ndim == 0 and x.dtype.kind in "fiub":
        return float(x)
    if isinstance(x, Value):
        raise TypeError("a Value cannot hold a Value: use it as it is, or its number, v.data")
    if isinstance(x, np.ndarray | list | tuple):
        raise TypeError(f"a Value holds one real number; got {type(x).__name__} {x!r}: use array(…) for several")
    raise TypeError(f"a Value holds one real number; got {type(x).__name__} {x!r}: convert it with float(…) first")


def lift(x: Any) -> Any:
    """An operand as a Value: a plain number becomes a nameless constant; NotImplemented for what is no number."""
    kind = x.__class__
    if kind is Value:
        return x
    if kind is float or kind is int or isinstance(x, Real | Decimal | np.bool_):  # Real's own check is slow
        return constant_of(float(x))
    if isinstance(x, str | bytes | complex | list | tuple | dict | None):
        real(x)
    return NotImplemented


def constant_of(x: float) -> Value:
    """The nameless constant that a plain number in an expression becomes."""
    v = _new(Value)
    v.data, v.role, v.scope = x, "constant", scope.here()
    v.grad = v.name = v.op = v.left = v.right = v.d_left = v.d_right = None  # type: ignore[assignment]
    return v


def _both(left: Any, right: Any) -> tuple[Any, ...]:
    if right is not None:
        return left, right
    return left if left.__class__ is tuple else () if left is None else (left,)


def _compare(test: Callable[[Any, Any], bool], v: Value, other: Any) -> bool:
    if isinstance(other, Value):
        return test(v.data, other.data)
    return test(v.data, other) if isinstance(other, Real | Decimal) else NotImplemented


def _copied(parents: Any, memo: dict[int, Any]) -> Any:
    if parents.__class__ is tuple:
        return tuple(memo[id(p)] for p in parents)
    return None if parents is None else memo[id(parents)]


def _leaf(data: float, name: str | None, role: str, grad: float | None, path: scope.Path | None) -> Value:
    v = Value(data, name, role)
    v.grad, v.scope = grad, path
    return v


def _graph(leaves: list[Value], *columns: list[Any]) -> Value:
    nodes = list(leaves)
    for op, data, grad, name, path, edges, partials in zip(*columns, strict=True):
        nodes.append(node(op, data, [nodes[k] for k in edges], partials))
        nodes[-1].grad, nodes[-1].name, nodes[-1].scope = grad, name, path
    return nodes[-1]


def node(op: Op, data: float, parents: Sequence[Value], partials: Sequence[float]) -> Value:
    """A computed Value, from its parts."""
    v = _new(Value)
    v.data, v.op, v.grad, v.role, v.name, v.scope = data, op, None, None, None, scope.here()
    v.right = v.d_right = None
    if op.arity in (1, 2):
        v.left, v.right = (*parents, None)[:2]
        v.d_left, v.d_right = (*partials, None)[:2]
    else:
        v.left, v.d_left = tuple(parents), tuple(partials)
    return v


# --- recording: the function that makes a row's nodes ---------------------------------------------------------------

UNROLLED = 32  # operands: an n-ary row up to here is compiled for its number of operands, which is twice as fast


@cache
def maker(op: Op, n: int | None = None) -> Callable[..., Value]:
    """The function from a row's operands, all Values, to a node; an n-ary row's for n operands, or for any number."""
    if op.arity is None and n is None:
        return _n_ary(op)
    scene = vars(ops.FLOATS) | {
        "ERRORS": ops.ERRORS, "refusal": ops.refusal, "missing": _missing, "op": op,
        "new": _new, "Value": Value, "here": scope.here, "OPENED": scope.OPENED,
    }  # fmt: skip
    exec(compile(maker_source(op, op.arity or n or 0), f"<the row {op.label}>", "exec"), scene)
    return cast(Callable[..., Value], scene["make"])


def _n_ary(op: Op) -> Callable[..., Value]:
    def make(*parents: Value) -> Value:
        if len(parents) <= UNROLLED:
            return maker(op, len(parents))(*parents)
        numbers = [p.data for p in parents]
        try:
            y = op.value(*numbers)
        except ops.ERRORS as error:
            raise ops.refusal(op, parents, error) from None
        try:
            d = op.local(y, *numbers)
        except ops.ERRORS:
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
        except (FloatingPointError, *ops.ERRORS):
            d.append(0.0 if parent.role == "constant" else math.nan)
    return d


def _record(op: Op, operands: Sequence[Any]) -> Any:
    if set(map(type, operands)) == {Value}:
        return maker(op)(*operands)
    parents = [lift(x) for x in operands]
    if any(p is NotImplemented for p in parents):
        raise TypeError(f"{op.label} takes numbers and Values; got {[type(x).__name__ for x in operands]}")
    return maker(op)(*parents)


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
    if op.arity is not None and op.arity - len(op.defaults) == 1:
        setattr(Value, op.name, maker(op) if not op.defaults else lambda v, *rest: op(v, *rest))


setattr(Value, "__apply__", staticmethod(_record))
for _name, _op in (
    ("add", ops.add), ("sub", ops.subtract), ("mul", ops.multiply), ("truediv", ops.divide), ("pow", ops.power)
):  # fmt: skip
    _forward, _reflected = _operator(_op)
    setattr(Value, f"__{_name}__", _forward)
    setattr(Value, f"__r{_name}__", _reflected)
for _name, _op in (("neg", ops.negative), ("pos", ops.positive), ("abs", ops.absolute)):
    setattr(Value, f"__{_name}__", maker(_op))
ops.each_row(_adopt)
