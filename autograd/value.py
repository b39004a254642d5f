"""A number that remembers how it was computed."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any, SupportsFloat, cast

import numpy as np

from autograd import scope, tape
from autograd.ops import Op
from autograd.recording import made, number

__all__ = ["Value"]


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
    __slots__ = ("d_left", "d_right", "grad", "left", "name", "op", "primal", "right", "role", "scope")

    primal: float  # the number: `data` reads and writes it
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
        self.primal, self.name, self.role = real(data), name, role
        self.grad = self.left = self.right = self.d_left = self.d_right = None
        self.op = cast(Op, None)
        self.scope = scope.here()
        if role == "input":
            made(self)

    @property
    def data(self) -> float:
        """The number, a float; what is written here is converted, and refused if it is none."""
        return self.primal

    @data.setter
    def data(self, number: SupportsFloat) -> None:
        self.primal = real(number)

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
        # For editors and type checkers: the operators, and the one-argument rows as methods. `makers` puts every row's
        # here, those made later too; a test keeps these lists equal to the table.
        def __add__(self, other: Any) -> Value: ...
        def __neg__(self) -> Value: ...
        def leaky_relu(self, slope: Any = 0.01) -> Value: ...
        def __lt__(self, other: Any) -> bool: ...

        __le__ = __gt__ = __ge__ = __lt__
        __sub__ = __mul__ = __truediv__ = __pow__ = __add__
        __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rpow__ = __add__
        __pos__ = __abs__ = absolute = exp = log = log1p = expm1 = sqrt = sin = cos = tan = arctan = __neg__
        tanh = sigmoid = log_sigmoid = softplus = relu = step = __neg__

    # --- what it shares with a float ------------------------------------------------------------------------------

    def __float__(self) -> float:
        return number(self)

    def conjugate(self) -> Value:
        """Itself, as of any real number; NumPy's vdot and var ask for it."""
        return self

    def __int__(self) -> int:
        return int(number(self))

    __trunc__ = __int__

    def __round__(self, digits: int | None = None) -> float:
        return round(number(self), digits)

    def __bool__(self) -> bool:
        return number(self) != 0.0

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else str(self)

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
        leaves = [v for v in order if v.op is None]
        nodes = [v for v in order if v.op is not None]
        number = {v: k for k, v in enumerate(leaves + nodes)}
        facts = [[getattr(v, field) for v in nodes] for field in ("op", "primal", "grad", "name", "scope")]
        edges = [[number[p] for p in v.parents] for v in nodes], [v.partials for v in nodes]
        return _graph, (leaves, *facts, *edges)


def real(x: Any) -> float:
    """One real number as a float; TypeError says what else was given and what to do with it."""
    if x.__class__ is float:
        return x
    scalar = x[()] if isinstance(x, np.ndarray) and not x.ndim else x
    if isinstance(scalar, Real | Decimal | np.bool_):
        return float(scalar)
    if isinstance(x, Value):
        raise TypeError("a Value cannot hold a Value: use it as it is, or its number, v.data")
    several = isinstance(x, np.ndarray | list | tuple) and np.ndim(x) > 0
    advice = (
        ": use array(…) for several" if several else ": convert it with float(…) first" if isinstance(x, str) else ""
    )
    raise TypeError(f"a Value holds one real number; got {type(x).__name__} {x!r}{advice}")


def lift(x: Any) -> Any:
    """An operand as a Value: a plain number becomes a nameless constant; NotImplemented for what is no number."""
    kind = x.__class__
    if kind is Value:
        return x
    if kind is float or kind is int or isinstance(x, Real | Decimal | np.bool_):  # Real's own check is slow
        return constant_of(float(x))
    if isinstance(x, str | bytes | complex | list | tuple | dict | None):
        real(x)
    return x if isinstance(x, Value) else NotImplemented  # of a subclass


def constant_of(x: float) -> Value:
    """The nameless constant that a plain number in an expression becomes."""
    v = _new(Value)
    v.primal, v.role, v.scope = x, "constant", scope.here()
    v.grad = v.name = v.op = v.left = v.right = v.d_left = v.d_right = None  # type: ignore[assignment]
    return v


def _both(left: Any, right: Any) -> tuple[Any, ...]:
    if right is not None:
        return left, right
    return left if left.__class__ is tuple else () if left is None else (left,)


def _compare(test: Callable[[Any, Any], bool], v: Value, other: Any) -> bool:
    if isinstance(other, Value):
        return test(number(v), number(other))
    return test(number(v), other) if isinstance(other, Real | Decimal) else NotImplemented


for _test in (operator.lt, operator.le, operator.gt, operator.ge):
    setattr(Value, f"__{_test.__name__}__", lambda v, other, test=_test: _compare(test, v, other))


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
        if op.arity not in (None, len(edges)):
            raise ValueError(
                f"{op.name} took {len(edges)} operands when this graph was saved, and now takes {op.arity}"
            )
        nodes.append(node(op, data, [nodes[k] for k in edges], partials))
        nodes[-1].grad, nodes[-1].name, nodes[-1].scope = grad, name, path
    return nodes[-1]


def node(op: Op, data: float, parents: Sequence[Value], partials: Sequence[float]) -> Value:
    """A computed Value, from its parts."""
    v = _new(Value)
    v.primal, v.op, v.grad, v.role, v.name, v.scope = data, op, None, None, None, scope.here()
    v.right = v.d_right = None
    if op.arity in (1, 2):
        v.left, v.right = (*parents, None)[:2]
        v.d_left, v.d_right = (*partials, None)[:2]
    else:
        v.left, v.d_left = tuple(parents), tuple(partials)
    return v
