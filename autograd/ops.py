"""The table: one row per operation, with its value, its partial derivatives, its domain, its text and its LaTeX.

A rule is written in ordinary arithmetic and in the rows themselves, so what it is fed decides what comes out: floats give
a float, arrays a batch, Values a graph to differentiate again, SymPy symbols a formula, and an operand that writes source
the code that runs. In every rule `y` is the result and `x`, or `a` and `b`, are the operands; `c` is the index of a component.
"""

from __future__ import annotations

import math
from functools import reduce
from operator import mul as times, sub as minus
from typing import Any, TypeVar, cast

from autograd import dispatch, gaussian
from autograd.dispatch import native, total, y_hat
from autograd.guards import Below
from autograd.nesting import REAL
from autograd.operation import BUILT_IN, RESERVED, TABLE, Components, Methods, Op, Rule, VectorOp, find

__all__ = ["BUILT_IN", "RESERVED", "TABLE", "Components", "Methods", "Op", "Rule", "VectorOp", "find", "softmax"]

T = TypeVar("T")

# Rows that other rows' rules name before they stand below.
arctan = cos = cosh = erfc = log = sigmoid = maximum = minimum = step = where = cast(Op, None)
sigmoid_slope = arcsin_slope = cast(Op, None)
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


def _element(i: Any, *a: Any) -> Any:
    if isinstance(i, REAL):
        return dispatch.FLOATS.element(float(i), *a)
    if hasattr(i, "__array_namespace__") and not Below(len(a))(i).all():
        raise FloatingPointError("no place")  # whose it is, is found element by element
    return reduce(lambda y, k: where.apply(i - k, y, a[k]), range(len(a)), math.nan)


_contributions = native("contributions", lambda i, *a: [where.apply(i - k, 0.0, 1.0) for k in range(len(a))])


def _decided(c: Any, a: Any, b: Any) -> Any:
    # Where the condition is a plain number the other branch need not stand in the graph: d(x**3)/dx is 3·x**2.
    return (a if c else b) if isinstance(c, float) else where(c, a, b)


def _mixed(d: Any, a: Any, b: Any) -> Any:
    # d(a**b)/da has no derivative by b at a = 0, b ≤ 1. There u is 0 and u**0.5 has none; everywhere else it is not taken.
    if not (hasattr(a, "parents") and hasattr(b, "parents")):
        return d
    u = where(a, 1.0, maximum(b - 1.0, 0.0))  # no step, of which a recorded graph knows that it is flat
    return d + where(u, 0.0, u**0.5)


def _above(a: Any, b: Any) -> Any:
    """1 where a > b, else 0: the step of a − b, but also where both are infinite. A nan is carried on."""
    if not (hasattr(a, "parents") or hasattr(b, "parents")):
        return where(a > b, 1.0, where(a <= b, 0.0, a + b))
    infinite = step(abs(a) - _MOST) * step(abs(b) - _MOST)  # a recorded graph compares no Values
    return step(where(infinite, step(a) - step(b), a - b))


above = native("above", _above)


def _pi(x: Any) -> Any:
    return getattr(x, "pi", getattr(dispatch.namespace(x), "pi", math.pi))  # a formula's or SymPy's, among symbols


def _whole(x: Any, n: int) -> Any:
    library = dispatch.namespace(x)  # SymPy keeps its root, mpmath has it to its own precision
    return getattr(library, "Integer", getattr(library, "mpf", float))(n)


def _tie(a: Any, b: Any) -> Any:
    return 0.5 * (1.0 + above(a, b) - above(b, a))


_MOST = 1.7976931348623157e308  # the largest float
_LN2, _LN10 = math.log(2.0), math.log(10.0)
_INFINITE = "Look for the overflow that made it infinite."

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
log2     = Op("log2",     lambda x: log(x) / _LN2,             (lambda y, x: 1 / x / _LN2,),         computed=native("log2", lambda x: log(x) / _LN2), symbol="log₂", samples=((0.05, 5),),
              domain="x > 0", instead="Keep the operand positive.")
log10    = Op("log10",    lambda x: log(x) / _LN10,            (lambda y, x: 1 / x / _LN10,),        computed=native("log10", lambda x: log(x) / _LN10), symbol="log₁₀", samples=((0.05, 5),),
              domain="x > 0", instead="Keep the operand positive.")
sqrt     = Op("sqrt",     native("sqrt"),                      (lambda y, x: 0.5 / y,),             symbol="√",   samples=((0.05, 5),),
              domain="x ≥ 0", instead="Take sqrt(maximum(x, 0)), or look for the sign that went wrong.")
sin      = Op("sin",      native("sin"),                       (lambda y, x: cos(x),),              domain="finite x", instead=_INFINITE)
cos      = Op("cos",      native("cos"),                       (lambda y, x: -sin(x),),             domain="finite x", instead=_INFINITE)
tan      = Op("tan",      native("tan"),                       (lambda y, x: 1 + y * y,),           domain="finite x", instead=_INFINITE, samples=((-1.4, 1.4),))
arcsin   = Op("arcsin",   native("asin"), (lambda y, x: arcsin_slope(x),), computed=native("asin", lambda x: arctan(x / sqrt((1 - x) * (1 + x)))), domain="−1 ≤ x ≤ 1", instead="Keep the operand between −1 and 1.", samples=((-0.95, 0.95),), textbook=(lambda y, x: 1 / sqrt(1 - x**2),))
arccos   = Op("arccos",   native("acos"), (lambda y, x: -arcsin_slope(x),), computed=native("acos", lambda x: 2 * arctan(sqrt((1 - x) / (1 + x)))), domain="−1 ≤ x ≤ 1", instead="Keep the operand between −1 and 1.", samples=((-0.95, 0.95),), textbook=(lambda y, x: -1 / sqrt(1 - x**2),))
arctan   = Op("arctan",   native("atan"),                      (lambda y, x: 1 / (1 + x * x),))
sinh     = Op("sinh",     lambda x: (exp(x) - exp(-x)) / 2,    (lambda y, x: cosh(x),),             computed=native("sinh", lambda x: (exp(x) - exp(-x)) / 2), domain="finite x", instead="Take tanh, which does not overflow.")
cosh     = Op("cosh",     lambda x: (exp(x) + exp(-x)) / 2,    (lambda y, x: sinh(x),),             computed=native("cosh", lambda x: (exp(x) + exp(-x)) / 2), domain="finite x", instead="Take tanh, which does not overflow.")
tanh     = Op("tanh",     native("tanh"),                      (lambda y, x: 4 * sigmoid_slope(2 * x),), computed_partials=(lambda y, x: exp(-2.0 * abs(x)) * ((1.0 + abs(y)) * (1.0 + abs(y))),), textbook=(lambda y, x: 1 - y**2,))  # 1 - y*y has no digits left at 20; 1 - |y| is (1 + |y|) exp(-2|x|)
sigmoid  = Op("sigmoid",  lambda x: 1 / (1 + exp(-x)),         (lambda y, x: sigmoid_slope(x),),    computed=_sigmoid, symbol="σ", textbook=(lambda y, x: y * (1 - y),))
softplus = Op("softplus", lambda x: log(1 + exp(x)),           (lambda y, x: sigmoid(x),),          computed=lambda x: maximum.apply(x, 0.0) + log1p(exp(-abs(x))))
log_sigmoid = Op("log_sigmoid", lambda x: -log(1 + exp(-x)),   (lambda y, x: sigmoid(-x),),         computed=lambda x: minimum.apply(x, 0.0) - log1p(exp(-abs(x))), symbol="ln σ")
relu     = Op("relu",     lambda x: where(x > 0, x, 0),        (lambda y, x: step(y),),             computed=lambda x: maximum.apply(x, 0.0), kink="relu′(0) = 0")
step     = Op("step",     lambda x: where(x > 0, 1, 0),        (lambda y, x: 0.0,),                 computed=native("step", lambda x: where(x > 0, 1.0, where(x <= 0, 0.0, x))), kink="step(0) = 0, step′ = 0")
sign     = Op("sign",     lambda x: step(x) - step(-x),        (lambda y, x: 0.0,),                 kink="sign(0) = 0, sign′ = 0")
erf      = Op("erf",      native("erf"), (lambda y, x: 2 / sqrt(_pi(x)) * exp(-x * x),), computed=native("erf", lambda x: gaussian.erf(x, exp, where, minimum)), computed_partials=(lambda y, x: 2 / sqrt(_pi(x)) * gaussian.bell(abs(x), minimum, exp, where),))
erfc     = Op("erfc",     native("erfc"), (lambda y, x: -2 / sqrt(_pi(x)) * exp(-x * x),), computed=native("erfc", lambda x: gaussian.erfc(x, exp, where, minimum)), computed_partials=(lambda y, x: -2 / sqrt(_pi(x)) * gaussian.bell(abs(x), minimum, exp, where),))
normal_cdf = Op("normal_cdf", lambda x: erfc(-x / sqrt(_whole(x, 2))) / 2, (lambda y, x: exp(-x * x / 2) / sqrt(2 * _pi(x)),), computed=native("normal_cdf", lambda x: gaussian.normal_cdf(x, exp, where, minimum)),
              computed_partials=(lambda y, x: gaussian.bell(abs(x), minimum, exp, where, 0.5) / sqrt(2 * _pi(x)),), symbol="Φ")
leaky_relu = Op("leaky_relu", lambda x, slope: where(x > 0, x, slope * x), (lambda y, x, slope: where(step(x), 1.0, slope), lambda y, x, slope: where(step(x), 0.0, x)),
              defaults=(0.01,), kink="leaky_relu′(0) = slope", samples=((-3, 3), (0.01, 1)))

# --- functions of two and three -------------------------------------------------------------------------------------
maximum  = Op("maximum",  lambda a, b: where(a > b, a, b),     (lambda y, a, b: _tie(a, b), lambda y, a, b: _tie(b, a)), computed=native("maximum"), symbol="max", kink="a tie of maximum gives ½ to each")
minimum  = Op("minimum",  lambda a, b: where(a < b, a, b),     (lambda y, a, b: _tie(b, a), lambda y, a, b: _tie(a, b)), computed=native("minimum"), symbol="min", kink="a tie of minimum gives ½ to each")
where    = Op("where",    dispatch.where,                              (lambda y, c, a, b: 0.0, lambda y, c, a, b: where(c, 1.0, 0.0), lambda y, c, a, b: where(c, 0.0, 1.0)), kink="where passes nothing to its condition, nor to the branch not taken")

# --- functions of vectors -------------------------------------------------------------------------------------------
sum      = VectorOp("sum",      lambda *a: total(*a),               lambda y, *a: [1.0] * len(a),                     vectors=1, empty=0.0, nested=True, stacked=True, symbol="Σ")
dot      = VectorOp("dot",      lambda *ab: total(*map(times, ab, ab[len(ab) // 2 :])), lambda y, *ab: ab[len(ab) // 2 :] + ab[: len(ab) // 2],  vectors=2, empty=0.0, stacked=True, symbol="a·b")  # map stops with the shorter
take     = VectorOp("take",     native("element", _element),        lambda y, i, *a: [0.0, *_contributions(i, *a)],       vectors=1, stacked=True, leading=1,
              domain="an index that is a whole number, from 0 on and below the number of elements", instead="Look at the data that the index comes from.")
logsumexp = VectorOp("logsumexp", lambda *a: log(sum.apply(*map(exp, a))), lambda y, *a: _shares(*a),                  vectors=1, stacked=True, computed=_logsumexp, symbol="ln Σ exp")
log_softmax = VectorOp("log_softmax", lambda c, *a: a[c] - logsumexp.apply(*a), _RISING,                 vectors=1, indexed=True, stacked=True, computed=lambda c, *a: minus(*_own_and_whole(c, *a)), symbol="ln softmax")
neg_log_softmax = VectorOp("neg_log_softmax", lambda c, *a: logsumexp.apply(*a) - a[c], _FALLING,  # its partials are ŷ − y
              vectors=1, indexed=True, stacked=True, computed=lambda c, *a: minus(*_own_and_whole(c, *a)[::-1]), symbol="−ln softmax")
# fmt: on

BUILT_IN.update(TABLE)

# Derivatives that are rows, and no functions of the library. As products, σ(x) · σ(−x), they would lose their own
# derivative's digits near 0, where it is the difference of two numbers that are alike.
# fmt: off
sigmoid_slope = Op("sigmoid_slope", lambda x: sigmoid(x) * sigmoid(-x), (lambda y, x: -y * tanh(x / 2),), computed=lambda x: exp(-abs(x)) / ((1.0 + exp(-abs(x))) * (1.0 + exp(-abs(x)))), symbol="σ′")
arcsin_slope  = Op("arcsin_slope", lambda x: 1 / sqrt((1 - x) * (1 + x)), (lambda y, x: x * (y * y * y),), symbol="arcsin′", domain="−1 < x < 1", instead="It is the derivative of arcsin, and −1 times it that of arccos: keep their operand between −1 and 1.", samples=((-0.95, 0.95),))  # 1 - x*x has no digits left at 1
# fmt: on
RESERVED.update(("sigmoid_slope", "arcsin_slope"))
del Methods.sigmoid_slope, Methods.arcsin_slope  # type: ignore[attr-defined]  # which not every Value needs to have
CHOOSING = (where, take)  # rows whose first operand chooses among the others


def softmax(a: T, axis: int | None = None) -> T:
    """The vector softmax(a)_c = e^{a_c} / Σ_j e^{a_j}, each component as exp(log_softmax(a)_c); lecture, softmax slide.

    Of an array with more axes, the vectors along its last axis, or along `axis`.

    >>> softmax([1000.0, 1000.0])
    [0.5, 0.5]
    """
    return cast(T, exp(dispatch.on_vectors(log_softmax, (a,), axis, "softmax")))
