"""A number that remembers how it was computed."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, Never, Self, SupportsFloat, cast, get_args

from autograd import nesting, ops, refusals, tape
from autograd.guards import note_input, number, taken_out
from autograd.ops import Op
from autograd.scope import Path, here

Role = Literal["parameter", "input", "constant"]
ROLES = get_args(Role)


class Operand:
    """An operand that rules can be fed: its arithmetic is the table's rows, and `__apply__` says what a row makes of it.

    Values, code and formulas are such operands, and `__compare__` says what comes of a > b.
    """

    __slots__ = ()

    @classmethod
    def __apply__(cls, op: Op, operands: Sequence[Any]) -> Self:
        """The result of a row on operands, plain numbers among them."""
        raise NotImplementedError

    def __word__(self, name: str) -> Callable[..., Any] | None:
        """A function of its own for what vector rules ask for beside the rows, such as the total of all operands."""
        return None

    def __compare__(self, test: str, other: Any) -> Any:
        """The result of a comparison that is greater, less, greater_equal or less_equal."""
        raise NotImplementedError

    def __add__(self, b: Any) -> Self:
        return self.__apply__(ops.add, (self, b))

    def __radd__(self, a: Any) -> Self:
        return self.__apply__(ops.add, (a, self))

    def __sub__(self, b: Any) -> Self:
        return self.__apply__(ops.subtract, (self, b))

    def __rsub__(self, a: Any) -> Self:
        return self.__apply__(ops.subtract, (a, self))

    def __mul__(self, b: Any) -> Self:
        return self.__apply__(ops.multiply, (self, b))

    def __rmul__(self, a: Any) -> Self:
        return self.__apply__(ops.multiply, (a, self))

    def __truediv__(self, b: Any) -> Self:
        return self.__apply__(ops.divide, (self, b))

    def __rtruediv__(self, a: Any) -> Self:
        return self.__apply__(ops.divide, (a, self))

    def __pow__(self, b: Any) -> Self:
        return self.__apply__(ops.power, (self, b))

    def __rpow__(self, a: Any) -> Self:
        return self.__apply__(ops.power, (a, self))

    def __neg__(self) -> Self:
        return self.__apply__(ops.negative, (self,))

    def __pos__(self) -> Self:
        return self.__apply__(ops.positive, (self,))

    def __abs__(self) -> Self:
        return self.__apply__(ops.absolute, (self,))

    def __gt__(self, b: Any) -> Any:
        return self.__compare__("greater", b)

    def __lt__(self, b: Any) -> Any:
        return self.__compare__("less", b)

    def __ge__(self, b: Any) -> Any:
        return self.__compare__("greater_equal", b)

    def __le__(self, b: Any) -> Any:
        return self.__compare__("less_equal", b)


if TYPE_CHECKING:
    from autograd.typed import Typed
else:
    Typed = Operand


class Value(Typed, ops.Methods):
    """A float that remembers its operation, its parents and its local partial derivatives.

    Made by hand it is a leaf. Its role says how it takes part: a "parameter" and an "input" take a gradient,
    a "constant" takes none. TypeError for anything but one real number.

    Attributes:
        grad: The derivative of an output by it, None until a backward pass has reached it: a 0 would hide that none
            has. Programs that count on the 0 of micrograd import Value from `autograd.micrograd`.
        op: The row of the table that computed it; None for a leaf.
        name: What pictures, tables and errors call it, or None.
        role: "parameter", "input" or "constant"; None where it was computed.
        scope: The path of the scopes in which it was made, or None.

    >>> x = Value(3.0, "x")
    >>> y = x * x
    >>> y.backward()
    >>> x
    Value(data=3.0, grad=6.0, name='x')
    """

    # Two parents and two partials lie flat: a node is then one object to the garbage collector, where two
    # tuples make it three. Vectors lie as tuples, which nodes share: the first in `left` and `d_left`, the second of
    # a row that takes two in `right` and `d_right`. The rest reads `parents` and `partials`.
    __slots__ = ("d_left", "d_right", "grad", "left", "name", "op", "primal", "right", "role", "scope")

    primal: float  # the number: `data` reads and writes it
    grad: float | None
    op: Op  # None for a leaf, which those who ask know; every other node has one
    role: Role | None
    name: str | None
    scope: Path | None
    left: Any
    right: Any
    d_left: Any
    d_right: Any

    def __init__(self, data: SupportsFloat, name: str | None = None, role: Role = "parameter", **others: Never) -> None:
        if others:
            raise refusals.unknown("Value", others, _OURS)
        if role not in ROLES:
            raise ValueError(f"a leaf's role is one of {', '.join(ROLES)}; got {role!r}. {_MADE}")
        if not isinstance(name, str | None):
            raise TypeError(f"a name is text; got {name!r}")
        self.primal, self.name, self.role = nesting.real(data), name, role
        self.grad = self.left = self.right = self.d_left = self.d_right = None
        self.op = cast(Op, None)
        self.scope = here()
        if role == "input":
            note_input(self)

    @classmethod
    def __apply__(cls, op: Op, operands: Sequence[Any]) -> Any:
        """A node."""
        return applied(op, operands)  # pragma: no cover  # `makers` puts its twin here, tested equal

    @property
    def data(self) -> float:
        """The number, a float; what is written here is converted, and refused if it is none."""
        return self.primal

    @data.setter
    def data(self, number: SupportsFloat) -> None:
        self.primal = nesting.real(number)

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
        adjoint = tape.reverse_sweep(tape.wengert_list([self]), {self: nesting.real(seed)})
        with nesting.put_back("grad", adjoint, [v.grad for v in adjoint]):  # which reads a slot in half the time
            for node, bar in adjoint.items():
                if node.left is not None:
                    node.grad = bar
                elif node.role != "constant":
                    node.grad = bar if node.grad is None else node.grad + bar

    # --- what it shares with a float ------------------------------------------------------------------------------

    def __float__(self) -> float:
        return taken_out(self)

    def conjugate(self) -> Value:
        """Itself, as of any real number; NumPy's vdot and var ask for it."""
        return self

    def __int__(self) -> int:
        return int(number(self))

    __trunc__ = __int__

    def __index__(self) -> Never:
        raise TypeError("a Value is no index, for the graph would lose it: take(x, i) gives the element at a Value")

    def __round__(self, digits: int | None = None) -> float:
        return round(number(self), digits)

    def __bool__(self) -> bool:
        return number(self) != 0.0

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else str(self)

    def __eq__(self, other: object) -> bool:
        return cast(bool, _compared(operator.eq, self, other))

    def __compare__(self, test: str, other: Any) -> Any:
        return _compared(_TESTS[test], self, other)

    __hash__ = object.__hash__  # identity: two nodes of one number are two nodes

    def __repr__(self) -> str:
        name = f", name={self.name!r}" if self.name is not None else ""
        role = f", role={self.role!r}" if self.role in ("input", "constant") else ""
        return f"Value(data={self.data!r}, grad={self.grad!r}{name}{role})"


_MADE = "A node that is no leaf is made by arithmetic: a + b has the parents a and b"
_OURS = dict.fromkeys(("_op", "_children", "op", "parents"), _MADE) | {"label": "write name={!r}", "grad": "see x.grad"}


# --- what makes a node ------------------------------------------------------------------------------------------------


def applied(op: Op, operands: Sequence[Any]) -> Any:
    """The node of a row on Values and plain numbers: y by the row's rule, and every ∂y/∂operand by the row's partials.

    NotImplemented for an operand that is no number, as Python's operators have it. The definition; what runs is its
    twin in `makers`, compiled row by row.
    """
    parents = [lift(x) for x in operands]
    if any(p is NotImplemented for p in parents):
        return NotImplemented
    numbers = [p.primal for p in parents]
    try:
        y = op.value(*numbers)
    except refusals.ERRORS as error:
        raise refusals.refusal(op, parents, error) from None
    try:
        d = _partials(op, y, parents) if op.guarded else op.local(y, *numbers, rules=op.slopes)
    except refusals.ERRORS:
        d = refusals.missing(op, y, parents)
    if not refusals.finite(d):
        refusals.MISSED[:] = [True]
    return node(op, nesting.real(y), parents, [float(x) for x in d])


def _partials(op: Op, y: float, parents: Sequence[Value]) -> list[float]:
    """The partials of a guarded row: those of constants are 0 and not evaluated."""
    numbers = [p.primal for p in parents]
    return [0.0 if p.role == "constant" else rule(y, *numbers) for p, rule in zip(parents, op.slopes, strict=True)]


def node(op: Op, data: float, parents: Sequence[Value], partials: Sequence[float]) -> Value:
    """A computed Value, from its parts."""
    v = new(Value)
    v.primal, v.op, v.grad, v.role, v.name, v.scope = data, op, None, None, None, here()
    (v.left, v.right), (v.d_left, v.d_right) = apart(op, parents), apart(op, partials)
    return v


def apart(op: Op, operands: Sequence[Any]) -> tuple[Any, Any]:
    """The left and the right side of a node: an operand each, or a vector each; None where there is no second one."""
    if op.arity in (1, 2):
        return operands[0], operands[1] if op.arity == 2 else None
    half = len(operands) // op.vectors if op.vectors == 2 else len(operands)
    return tuple(operands[:half]), tuple(operands[half:]) or None


new = object.__new__
ops.RESERVED.update(dir(Value))


def lift(x: Any) -> Any:
    """An operand as a Value: a plain number becomes a nameless constant; NotImplemented for what is no number."""
    kind = x.__class__
    if kind is Value or isinstance(x, Value):
        return x
    if kind is float or kind is int or isinstance(x, float):  # Real's own check is slow
        return constant_of(float(x))
    if isinstance(x, nesting.REAL | str | bytes | complex | list | tuple | dict | None):
        return constant_of(nesting.real(x))
    return NotImplemented


def constant_of(x: float) -> Value:
    """The nameless constant that a plain number in an expression becomes."""
    v = new(Value)
    v.primal, v.role, v.scope = x, "constant", here()
    v.grad = v.name = v.op = v.left = v.right = v.d_left = v.d_right = None  # type: ignore[assignment]
    return v


def _both(left: Any, right: Any) -> tuple[Any, ...]:
    if right is None:
        return left if left.__class__ is tuple else () if left is None else (left,)
    return left + right if left.__class__ is tuple else (left, right)


_TESTS = {"greater": operator.gt, "less": operator.lt, "greater_equal": operator.ge, "less_equal": operator.le}


def _compared(test: Callable[[Any, Any], bool], v: Value, other: Any) -> Any:
    if isinstance(other, Value):
        return test(number(v), number(other))
    return test(number(v), other) if isinstance(other, nesting.REAL) else NotImplemented
