"""The table: one row per operation, with its value, its partial derivatives, its domain, its text and its LaTeX.

A rule is written in ordinary arithmetic and in the rows themselves, so what it is fed decides what comes out: floats give
a float, arrays a batch, Values a graph to differentiate again, SymPy symbols a formula, and an operand that writes source
the code that runs. In every rule `y` is the result and `x`, or `a` and `b`, are the operands; `c` is the index of a component.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial, reduce
from operator import attrgetter, mul as times, sub as minus
from typing import Any, NamedTuple, TypeVar, cast

from autograd import dispatch, nesting, refusals
from autograd.dispatch import native, total, y_hat

Rule = Callable[..., Any]
T = TypeVar("T")

TABLE: dict[str, Op] = {}


@dataclass(frozen=True, eq=False)
class Op:
    """A row of the table. Making one adds it: value, both modes, all orders and pictures follow from it.

    Raises ValueError for a name that is no identifier, belongs to a row of the library or to a part of Value.

    Attributes:
        name: What it is called; NumPy's name where NumPy has the function, for np.tanh then finds it.
        formula: The definition, f(*operands), as a textbook prints it.
        partials: A tuple of the ∂y/∂operand, one function f(y, *operands) for each operand.
        computed: How floats and arrays compute it, where the definition overflows or loses digits.
        computed_partials: How they compute the partials, where a graph to differentiate again needs another form.
        symbol: What stands on a card of a picture; the name if empty.
        written: How it stands in an expression, "{} + {}"; name(…) if empty.
        domain: Where the value exists, "x > 0"; everywhere if empty.
        instead: What to do outside of the domain, a sentence that ends the error's message.
        kink: The convention where no derivative exists, "relu′(0) = 0".
        samples: Where tests draw the operands, an interval for each; ±3 if empty.
        defaults: The numbers that stand for the last operands where these are left out.
        guarded: Whether a constant operand's partial may leave its domain: it is then 0 and not evaluated.
        infix: Whether it is an operator, and not a public function.

    >>> Op("double", lambda x: 2 * x, (lambda y, x: 2.0,))([1.0, 2.0])
    [2.0, 4.0]
    """

    name: str
    formula: Rule
    partials: Any
    computed: Rule | None = None
    computed_partials: Any = None
    symbol: str = ""
    written: str = ""
    domain: str = ""
    instead: str = ""
    kink: str = ""
    samples: tuple[tuple[float, float], ...] = ()
    defaults: tuple[float, ...] = ()
    guarded: bool = False
    infix: bool = False
    compiled: dict[int | None, Rule] = field(default_factory=dict, init=False, repr=False)  # its makers of nodes

    # What only a VectorOp has.
    vectors, indexed, stacked = 0, False, False
    index, family = cast("int | None", None), cast("VectorOp | None", None)

    def __new__(cls, *_: Any, vectors: int = 0, **__: Any) -> Op:
        """A row that takes vectors is a VectorOp."""
        return object.__new__(VectorOp if vectors else cls)

    def __post_init__(self) -> None:
        if self.index is None:
            _enter(self)

    __name__ = property(attrgetter("name"))  # as functions have it

    @property
    def label(self) -> str:
        """The name, with the index of a component."""
        return self.name if self.index is None else f"{self.name}[{self.index}]"

    @cached_property
    def arity(self) -> int | None:
        """The number of operands, None for a VectorOp."""
        return None if self.vectors else len(self.partials)

    @property
    def is_method(self) -> bool:
        """Whether every Value has it as a method: one operand, the others with defaults."""
        return self.arity is not None and self.arity - len(self.defaults) == 1

    @cached_property
    def value(self) -> Rule:
        """The rule for numbers of fixed precision: `computed`, or else `formula`."""
        return self.computed or self.formula

    @cached_property
    def slopes(self) -> Any:
        """The partials for numbers of fixed precision: `computed_partials`, or else `partials`."""
        return self.computed_partials or self.partials

    def local(self, y: Any, *operands: Any, rules: Any = None) -> Sequence[Any]:
        """The local partial derivatives ∂y/∂operand, one per operand: by `partials`, or by the row's `slopes` as `rules`."""
        rules = rules or self.partials
        d = [rule(y, *operands) for rule in rules] if isinstance(rules, tuple) else list(rules(y, *operands))
        if len(d) != len(operands):
            raise TypeError(f"the rule of {self.name} gives {len(d)} partials for {len(operands)} operands")
        return d

    @dispatch.elementwise
    def __call__(self, *operands: Any, **by_name: Any) -> Any:
        """The operation on floats, Values, arrays or nestings of these; it returns the like."""
        if by_name or len(operands) != self.arity:
            operands = dispatch.completed(self, operands, by_name)
        for x in operands:
            if isinstance(x, nesting.NEST):
                return dispatch.on_nestings(self, operands)
        return self.apply(*operands)

    def apply(self, *operands: Any) -> Any:
        """The operation on single operands; a type with `__apply__(op, operands)` takes it over (Values record)."""
        for x in operands:
            if x.__class__ is not float and (hook := getattr(type(x), "__apply__", None)):
                if (result := hook(self, operands)) is NotImplemented:
                    raise refusals.untaken(self, operands)
                return result
        return dispatch.on_numbers(self, operands)

    def __repr__(self) -> str:
        return f"<Op {self.label}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return find, (self.name, self.index)


@dataclass(frozen=True, eq=False, repr=False)
class VectorOp(Op):
    """A row that takes vectors: its rules take all their numbers one by one, and `partials` gives all ∂y/∂operand at once.

    An indexed row has a component for each number; its rules take the index c first, and `Components` may tell its partials.

    Attributes:
        vectors: How many vectors it takes: sum 1, dot 2.
        empty: The value on empty vectors, where there is one.
        nested: Whether it takes matrices and nestings too, as one long vector.
        indexed: Whether it gives a vector, by one row for each component.
        stacked: A promise that its rules take all operands as one array too, adding by `total` and by no loop.
        index: The component, in a row made by `at`; None in any other.
        family: The row of all components, in a row made by `at`; None in any other.
    """

    vectors: int = 1
    empty: float | None = None
    nested: bool = False
    indexed: bool = False
    stacked: bool = False
    index: int | None = None
    family: VectorOp | None = None

    @cached_property
    def at(self) -> Callable[[int], Op]:
        """The row of component `c` of an indexed row, the same object every time."""

        def component(c: int) -> Op:
            own: Any = {k: (f := getattr(self, k)) and partial(f, c) for k in ("formula", "partials", "computed")}
            return replace(self, index=c, indexed=False, family=self, **own)

        return cache(component)

    def __call__(self, *operands: Any, **by_name: Any) -> Any:
        """The operation on vectors of floats or Values."""
        return dispatch.on_vectors(self, dispatch.completed(self, operands, by_name) if by_name else operands)


class Components(NamedTuple):
    """The partials of an indexed row by what all components share: ∂y_c/∂a_c and, for every other j, ∂y_c/∂a_j."""

    shared: Rule  # p = shared(*a), one per operand
    own: Rule  # own(c, p)
    other: Rule  # other(p_j)

    def __call__(self, c: int, _: Any, *a: Any) -> list[Any]:
        p = self.shared(*a)
        return [self.own(c, p) if j == c else self.other(share) for j, share in enumerate(p)]


def find(name: str, index: int | None = None) -> Op:
    """The row of that name; LookupError says that a user's row must be made before its graphs are unpickled."""
    if name not in TABLE:
        raise LookupError(f"no operation is called {name!r}: make its row, Op({name!r}, …), before loading this graph")
    return TABLE[name] if index is None else cast(VectorOp, TABLE[name]).at(index)


RESERVED: set[str] = set()  # names that no row may have: the parts of every Value, and the rows of arrays


def _enter(op: Op) -> None:
    refusals.refuse_row(op, BUILT_IN, RESERVED)
    if op.is_method:
        setattr(Methods, op.name, lambda v, *rest, **by_name: op(v, *rest, **by_name))
    elif op.name in vars(Methods):
        delattr(Methods, op.name)  # of a row that this one replaces
    TABLE[op.name] = op


class Methods:
    """The rows of one operand as methods, which every Value has."""

    __slots__ = ()


# Rows that other rows' rules name before they stand below.
cos = log = sigmoid = maximum = minimum = step = where = cast(Op, None)
logsumexp = sum = cast(VectorOp, None)


# --- formulas too long for a row ------------------------------------------------------------------------------------


def _sigmoid(x: Any) -> Any:
    e = exp(-abs(x))  # never overflows, unlike exp(-x) at -800
    return where(x >= 0, 1.0, e) / (1.0 + e)


def _shares(*a: Any) -> list[Any]:
    m = _shift(*a)  # divided by their own sum, the shares lose its rounding error, which they have in common
    e = [exp(x - m) for x in a]
    whole = sum.apply(*e)
    return [y_hat(share, whole) for share in e]


largest = native("largest", lambda *a: reduce(maximum, a))
_shift = native("shift", lambda *a: logsumexp.apply(*a))
_others = native("others", lambda c, *a: sum.apply(0.0, *a[:c], *a[c + 1 :]))


def _logsumexp(*a: Any) -> Any:
    m = largest(*a)
    e = [exp(x - m) for x in a]
    # The winners are counted apart from the rest, which 1 + rest would round away.
    rest = total(*[where(u >= 1, 0.0, u) for u in e])
    ties = total(*[where(u >= 1, 1.0, 0.0) for u in e]) - 1.0
    return where(abs(m) < math.inf, m + log1p(rest + ties), m)


def _own_and_whole(c: int, *a: Any) -> tuple[Any, Any]:
    m = largest(*a)
    e = [exp(x - m) for x in a]
    own, rest = e[c], _others(c, *e)
    # Logarithms. Where c wins, log(1 + rest) would round a small rest away.
    return a[c] - m, where(own < 1, log(own + rest), log1p(rest))


# ŷ − y. The own one is the others' sum, not 1 − ŷ_c: no digits are left of that once c has won.
_FALLING = Components(_shares, lambda c, p: -_others(c, *p), lambda share: share)
_RISING = Components(_shares, lambda c, p: _others(c, *p), lambda share: -share)


def _decided(c: Any, a: Any, b: Any) -> Any:
    # Where the condition is a plain number the other branch need not stand in the graph: d(x**3)/dx is 3·x**2.
    return (a if c else b) if isinstance(c, float) else where(c, a, b)


def _mixed(d: Any, a: Any, b: Any) -> Any:
    # d(a**b)/da has no derivative by b at a = 0, b ≤ 1. There u is 0 and u**0.5 has none; everywhere else u is 1.
    if not (hasattr(a, "parents") and hasattr(b, "parents")):
        return d
    u = where(a, 1.0, step(b - 1.0))
    return d + (u**0.5 - u)


def _above(a: Any, b: Any) -> Any:
    """1 where a > b, else 0: the step of a − b, but also where both are infinite. A nan is carried on."""
    if not (hasattr(a, "parents") or hasattr(b, "parents")):
        return where(a > b, 1.0, where(a <= b, 0.0, a + b))
    infinite = step(abs(a) - _MOST) * step(abs(b) - _MOST)  # a recorded graph compares no Values
    return step(where(infinite, step(a) - step(b), a - b))


above = native("above", _above)


def _tie(a: Any, b: Any) -> Any:
    return 0.5 * (1.0 + above(a, b) - above(b, a))


_MOST = 1.7976931348623157e308  # the largest float
_INFINITE = "Look for the overflow that made it infinite."
BUILT_IN: frozenset[str] = frozenset()

# fmt: off
# --- arithmetic -----------------------------------------------------------------------------------------------------
add      = Op("add",      lambda a, b: a + b,   (lambda y, a, b: 1.0,   lambda y, a, b: 1.0),      symbol="+",   written="{} + {}", infix=True)
subtract = Op("subtract", lambda a, b: a - b,   (lambda y, a, b: 1.0,   lambda y, a, b: -1.0),     symbol="−",   written="{} − {}", infix=True)
multiply = Op("multiply", lambda a, b: a * b,   (lambda y, a, b: b,     lambda y, a, b: a),        symbol="×",   written="{} · {}", infix=True)
divide   = Op("divide",   lambda a, b: a / b,   (lambda y, a, b: 1 / b, lambda y, a, b: -y / b),   symbol="÷",   written="{} / {}", infix=True,
              domain="a divisor other than 0", instead="Add a small constant to the divisor, or choose another value with where before dividing.", samples=((-3, 3), (0.2, 3)))
power    = Op("power",    lambda a, b: a ** b,  (lambda y, a, b: _mixed(_decided(b, b * (a if isinstance(b, float) and b == 2 else a ** where(b, b - 1, 0)), b * y / where(a, a, 1)), a, b),  # of a square 2·a; d(x**0)/dx is 0 at 0 too
                                                 lambda y, a, b: _mixed(y * log(where(a, a, 1)), a, b)),  # d(0**w)/dw is 0, not 0 · log 0
              computed=native("pow", lambda a, b: a ** b), symbol="pow", written="{} ** {}", infix=True, guarded=True,
              domain="a positive base, a negative base under a whole exponent, and 0 under an exponent ≥ 0", instead="Take absolute(x) ** p, or keep the base positive and the result in range.", samples=((0.1, 3), (-3, 3)))
negative = Op("negative", lambda x: -x,         (lambda y, x: -1.0,),                               symbol="neg", written="−{}", infix=True)
positive = Op("positive", lambda x: +x,         (lambda y, x: 1.0,),                                symbol="+",   written="{}",  infix=True)
absolute = Op("absolute", lambda x: abs(x),     (lambda y, x: step(x) - step(-x),),                 symbol="| |", written="|{}|", kink="|x|′(0) = 0")

# --- functions of one argument --------------------------------------------------------------------------------------
exp      = Op("exp",      native("exp"),                       (lambda y, x: y,),
              domain="finite x", instead="Stay in logarithms: logsumexp, log_softmax, softplus and sigmoid do not overflow.")
log      = Op("log",      native("log"),                       (lambda y, x: 1 / x,),               symbol="ln",  samples=((0.05, 5),),
              domain="x > 0", instead="For cross-entropy use log_softmax, which never leaves its domain.")
log1p    = Op("log1p",    lambda x: log(1 + x),                (lambda y, x: 1 / (1 + x),),         computed=native("log1p"), samples=((-0.9, 5),),
              domain="x > −1", instead="For log(1 + exp(x)) use softplus.")
expm1    = Op("expm1",    lambda x: exp(x) - 1,                (lambda y, x: exp(x),),              computed=native("expm1"),  # y + 1 has no digits left at -40
              domain="finite x", instead="Stay in logarithms: softplus and sigmoid do not overflow.")
sqrt     = Op("sqrt",     native("sqrt"),                      (lambda y, x: 0.5 / y,),             symbol="√",   samples=((0.05, 5),),
              domain="x ≥ 0", instead="Take sqrt(maximum(x, 0)), or look for the sign that went wrong.")
sin      = Op("sin",      native("sin"),                       (lambda y, x: cos(x),),              domain="finite x", instead=_INFINITE)
cos      = Op("cos",      native("cos"),                       (lambda y, x: -sin(x),),             domain="finite x", instead=_INFINITE)
tan      = Op("tan",      native("tan"),                       (lambda y, x: 1 + y * y,),           domain="finite x", instead=_INFINITE, samples=((-1.4, 1.4),))
arctan   = Op("arctan",   native("atan"),                      (lambda y, x: 1 / (1 + x * x),))
tanh     = Op("tanh",     native("tanh"),                      (lambda y, x: 4 * sigmoid(2 * x) * sigmoid(-(2 * x)),), computed_partials=(lambda y, x: exp(-2.0 * abs(x)) * ((1.0 + abs(y)) * (1.0 + abs(y))),))  # 1 - y*y has no digits left at 20; 1 - |y| is (1 + |y|) exp(-2|x|)
sigmoid  = Op("sigmoid",  lambda x: 1 / (1 + exp(-x)),         (lambda y, x: y * sigmoid(-x),),     computed=_sigmoid, computed_partials=(lambda y, x: exp(-abs(x)) / ((1.0 + exp(-abs(x))) * (1.0 + exp(-abs(x)))),), symbol="σ")  # σ(-x), not 1 - y, which cancels
softplus = Op("softplus", lambda x: log(1 + exp(x)),           (lambda y, x: sigmoid(x),),          computed=lambda x: maximum.apply(x, 0.0) + log1p(exp(-abs(x))))
log_sigmoid = Op("log_sigmoid", lambda x: -log(1 + exp(-x)),   (lambda y, x: sigmoid(-x),),         computed=lambda x: minimum.apply(x, 0.0) - log1p(exp(-abs(x))), symbol="ln σ")
relu     = Op("relu",     lambda x: where(x > 0, x, 0),        (lambda y, x: step(y),),             computed=lambda x: maximum.apply(x, 0.0), kink="relu′(0) = 0")
step     = Op("step",     lambda x: where(x > 0, 1, 0),        (lambda y, x: 0.0,),                 computed=native("step", lambda x: where(x > 0, 1.0, where(x <= 0, 0.0, x))), kink="step(0) = 0, step′ = 0")
leaky_relu = Op("leaky_relu", lambda x, slope: where(x > 0, x, slope * x), (lambda y, x, slope: where(step(x), 1.0, slope), lambda y, x, slope: where(step(x), 0.0, x)),
              defaults=(0.01,), kink="leaky_relu′(0) = slope", samples=((-3, 3), (0.01, 1)))

# --- functions of two and three -------------------------------------------------------------------------------------
maximum  = Op("maximum",  lambda a, b: where(a > b, a, b),     (lambda y, a, b: _tie(a, b), lambda y, a, b: _tie(b, a)), computed=native("maximum"), symbol="max", kink="a tie of maximum gives ½ to each")
minimum  = Op("minimum",  lambda a, b: where(a < b, a, b),     (lambda y, a, b: _tie(b, a), lambda y, a, b: _tie(a, b)), computed=native("minimum"), symbol="min", kink="a tie of minimum gives ½ to each")
where    = Op("where",    dispatch.where,                              (lambda y, c, a, b: 0.0, lambda y, c, a, b: where(c, 1.0, 0.0), lambda y, c, a, b: where(c, 0.0, 1.0)), kink="where passes nothing to its condition, nor to the branch not taken")

# --- functions of vectors -------------------------------------------------------------------------------------------
sum      = VectorOp("sum",      lambda *a: total(*a),               lambda y, *a: [1.0] * len(a),                     vectors=1, empty=0.0, nested=True, stacked=True, symbol="Σ")
dot      = VectorOp("dot",      lambda *ab: total(*map(times, ab, ab[len(ab) // 2 :])), lambda y, *ab: ab[len(ab) // 2 :] + ab[: len(ab) // 2],  vectors=2, empty=0.0, stacked=True, symbol="a·b")  # map stops with the shorter
logsumexp = VectorOp("logsumexp", lambda *a: log(sum.apply(*map(exp, a))), lambda y, *a: _shares(*a),                  vectors=1, stacked=True, computed=_logsumexp, symbol="ln Σ exp")
log_softmax = VectorOp("log_softmax", lambda c, *a: a[c] - logsumexp.apply(*a), _RISING,                 vectors=1, indexed=True, stacked=True, computed=lambda c, *a: minus(*_own_and_whole(c, *a)), symbol="ln softmax")
neg_log_softmax = VectorOp("neg_log_softmax", lambda c, *a: logsumexp.apply(*a) - a[c], _FALLING,  # its partials are ŷ − y
              vectors=1, indexed=True, stacked=True, computed=lambda c, *a: minus(*_own_and_whole(c, *a)[::-1]), symbol="−ln softmax")
# fmt: on

BUILT_IN = frozenset(TABLE)


def softmax(a: T) -> T:
    """The vector softmax(a)_c = e^{a_c} / Σ_j e^{a_j}, each component as exp(log_softmax(a)_c); lecture, softmax slide.

    >>> softmax([1000.0, 1000.0])
    [0.5, 0.5]
    """
    return cast(T, exp(log_softmax(a)))
