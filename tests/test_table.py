"""Every row of the table: proved by SymPy, its digits kept against mpmath, the same in every kind of number."""

from __future__ import annotations

import copy
import math
import pickle
import random
import sys
from fractions import Fraction
from functools import cache
from itertools import combinations_with_replacement, pairwise, product

import mpmath
import numpy as np
import pytest
import sympy

from autograd import (
    Value,
    array,
    constant,
    grad,
    gradients,
    hessian,
    jvp,
    ops,
    refusals,
    replay,
    scope,
    values,
)
from autograd.ops import BUILT_IN, TABLE

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd

ROWS = [op for name, op in TABLE.items() if name in BUILT_IN]  # none that a test has made
EPS = sys.float_info.epsilon
# 5e-324 has 324 zeros and e^-1000 has 435: with 1000 digits a formula as printed in a textbook cancels nothing we compare.
EXACT = 1000


def cases():
    """(row, number of operands): n-ary rows at vectors of 2 and of 3, indexed rows at every component."""
    for op in ROWS:
        if op.arity is not None:
            yield op, op.arity
            continue
        for n in (2, 3):
            yield from ((op.at(c), n) for c in range(n)) if op.indexed else [(op, op.leading + n * op.vectors)]


CASES = list(cases())
EVERY_ROW = pytest.mark.parametrize(("op", "n"), CASES, ids=[f"{op.label}-{n}" for op, n in CASES])
EXPONENTIAL = ("logsumexp", "log_softmax", "neg_log_softmax")


def call(op, *operands):
    """The row on single operands, of a vector row too."""
    return op.apply(*operands)


def made(op, xs):
    leaves = [Value(x, f"x{k}") for k, x in enumerate(xs)]
    return leaves, call(op, *leaves)


def drawn(op, n, count=20):
    """Points of the row's own samples, the same ones in every run."""
    rng = random.Random(f"{op.label}-{n}")  # a text seeds by its bytes, not by its hash
    intervals = op.samples or ((-3.0, 3.0),) * n
    indices = [float(rng.randrange(n - 1)) for _ in range(op.leading)]
    return [(*indices, *(rng.uniform(*interval) for interval in intervals[op.leading :])) for _ in range(count)]


SIGNED = (0.0, 1e-300, 1e-8, 1.0, 20.0, 40.0, 700.0, 745.0, 1000.0)
SPECIAL = (*SIGNED, *(-x for x in SIGNED))
# The last floats before an edge of some domain: of log, log1p, exp, tan, and of the floats themselves.
EDGES = (5e-324, 2.3e-308, math.nextafter(-1, 0), math.nextafter(1, 0), 709.782712893384, math.pi / 2, 1e308, -1e308)
SPREADS = (
    (0.0, 0.0, 0.0), (1000.0, 1000.0, 1000.0), (1.0, 1.0, -1.0), (40.0, 0.0, 0.0), (0.0, 40.0, 0.1), (0.0, -40.0, 40.0),
    (1000.0, 0.0, -1000.0), (-1000.0, 0.3, 1000.0), (0.1, 1000.2, 0.3), (1000.1, 1000.0, -1000.0), (1e-300, -1e-300, 0.0),
    (1e-8, -1e-8, 0.0), (-1000.0, -1000.5, -1001.0), (20.0, -20.0, 0.7), (700.3, 745.1, -745.0), (1e8, 1e8 + 1, 1e8 - 30),
    (math.nextafter(1, 2), 1.0, 1.0), (-37.0, 0.0, -38.5), (-1e5, 2.5, 0.25), (-math.log(2), -math.log(2), -1e3),
)  # fmt: skip


def points(op, n):
    """Draws, zeros, ties, tails and edges."""
    if op.leading:
        indices = [*range(n - 1), -0.0, -1.0, 0.5, n - 1.0, 1e300]
        return drawn(op, n) + [(float(i), *a[: n - 1]) for i, a in product(indices, SPREADS)]
    if op.vectors == 2:
        return drawn(op, n) + [a[: n // 2] + b[: n // 2] for a, b in pairwise(SPREADS)]
    if op.vectors:
        return drawn(op, n) + [a[:n] for a in SPREADS] + [a[::-1][:n] for a in SPREADS]
    if n == 1:
        return drawn(op, n) + [(x,) for x in (*SPECIAL, *EDGES)]
    if n == 2:
        return drawn(op, n) + list(product(SPECIAL, repeat=2))
    return drawn(op, n) + list(product((0.0, 1.0, -1e-300), SIGNED, (0.0, -20.0, 745.0)))


# --- proved -----------------------------------------------------------------------------------------------------------


def branches(op, xs):
    """Substitutions that put the operands on one side of every kink each; none for a smooth row."""
    if op.leading:
        return [{xs[0]: k} for k in range(len(xs) - 1)]
    if not op.kink:
        return [{}]
    p, q = sympy.symbols("p q", positive=True)
    if op.arity == 1 or op.name == "leaky_relu":
        return [{xs[0]: p}, {xs[0]: -p}]
    if op.name == "where":
        return [{xs[0]: p}, {xs[0]: -p}, {xs[0]: sympy.Integer(0)}]
    return [{xs[0]: xs[1] + p}, {xs[0]: xs[1] - q}]


def symbols(op, n):
    if op.name == "power":
        return sympy.Symbol("a", positive=True), sympy.Symbol("b", real=True, nonzero=True)
    positive = op.name in ("log", "sqrt")
    return tuple(sympy.Symbol(f"x{k}", real=True, positive=positive or None) for k in range(n))


@EVERY_ROW
def test_the_partials_are_the_derivatives_of_the_formula(op, n):
    xs = symbols(op, n)
    y = op.formula(*xs)
    partials = op.local(y, *xs)
    assert len(partials) == n
    for x, d in zip(xs, partials, strict=True):
        for branch in branches(op, xs):
            # Substituted after differentiating: the derivative is taken where both branches still stand.
            rest = sympy.nsimplify((sympy.diff(y, x) - d).subs(branch), rational=True)
            assert sympy.simplify(rest.rewrite(sympy.exp)) == 0, (x, branch)


TWOFOLD = pytest.mark.parametrize("op", [op for op in ROWS if op.computed_partials], ids=lambda op: op.name)


@TWOFOLD
def test_the_computed_partials_are_those_that_graphs_take_on_both_sides_of_0(op):
    p = sympy.Symbol("p", positive=True)
    for x in (p, -p):
        y = op.formula(x)
        for computed, d in zip(op.local(y, x, rules=op.computed_partials), op.local(y, x), strict=True):
            rest = sympy.nsimplify(
                (computed - d).replace(sympy.Abs, lambda u: u if u.subs(p, 1) > 0 else -u), rational=True
            )
            rest = rest.replace(sympy.Min, lambda u, _: u)  # beyond its limit both forms are 0 or 1
            rest = rest.replace(sympy.Piecewise, lambda inside, _: inside[0])
            assert sympy.simplify(rest.rewrite(sympy.exp)) == 0, x


@pytest.mark.parametrize("op", [op for op in ROWS if op.textbook], ids=lambda op: op.name)
def test_the_textbooks_partials_are_those_that_graphs_take(op):
    x = sympy.Symbol("x", real=True)
    y = op.formula(x)
    for printed, d in zip(op.local(y, x, rules=op.textbook), op.local(y, x), strict=True):
        assert sympy.simplify((printed - d).rewrite(sympy.exp)) == 0


@EVERY_ROW
def test_replay_on_symbols_is_the_formula_on_both_sides_of_a_kink(op, n):
    xs = symbols(op, n)
    leaves, y = made(op, drawn(op, n, 1)[0])
    written = replay(y, dict(zip(leaves, xs, strict=True)))
    for numbers in drawn(op, n, 6):
        at = written.subs(dict(zip(xs, numbers, strict=True)))
        assert float(at) == pytest.approx(call(op, *numbers), rel=1e-13, abs=1e-15), numbers


def test_every_sampled_interval_is_one_per_operand():
    assert all(len(op.samples) == n for op, n in CASES if op.samples)


# --- digits -----------------------------------------------------------------------------------------------------------


def exact(op, xs):
    """Value and partials of the formula at `xs`, None where they are no real numbers."""
    with mpmath.workdps(EXACT):
        operands = [mpmath.mpf(x) for x in xs]
        y = real(lambda: op.formula(*operands))
        if y is None:
            return None, None
        if isinstance(op.partials, tuple):
            return y, [real(lambda rule=rule: rule(y, *operands)) for rule in op.partials]
        return y, op.local(y, *operands)


@cache  # the rows about a softmax are tested at the same points, one component after the other
def exact_logsumexp(xs):
    with mpmath.workdps(EXACT):
        return TABLE["logsumexp"].formula(*map(mpmath.mpf, xs))


def real(f):
    try:
        y = f()
    except (ValueError, ZeroDivisionError):
        return None
    return mpmath.mpf(y) if not isinstance(y, mpmath.mpc) and mpmath.isfinite(y) else None


def off(got, true):
    """How far `got` lies from `true`, in units of the last place of the true number."""
    with mpmath.workdps(EXACT):
        if abs(true) > sys.float_info.max:
            # `pow` raises where it overflows, and a partial that raises is stored as nan; arithmetic gives inf.
            return 0.0 if got == math.copysign(math.inf, true) or got != got else math.inf
        return float(abs(mpmath.mpf(got) - true) / math.ulp(float(true))) if math.isfinite(got) else math.inf


def allowed(op, xs, y):
    """Units in the last place that the value and each partial may be off: a rounding or two for every step of the rule.

    An exponent that is itself rounded, by half a unit of its last place, moves e^exponent by that much relatively:
    a rule that takes e^(a - b) cannot do better, so that much is granted and nothing else.
    """
    a_few = 4.0
    if op.name == "power" and xs[0]:
        lost = float(abs(Fraction(xs[1] - 1) - Fraction(xs[1]) + 1)) / EPS
        # b · a^(b - 1) multiplies the last place of a power that is itself subnormal by b.
        return 1.0, [a_few + 2 * abs(math.log(abs(xs[0]))) * lost + abs(xs[1]), a_few]
    if op.name in EXPONENTIAL:
        lse = float(exact_logsumexp(tuple(xs)))
        lost = [abs(x - lse) for x in xs]
        m = max(xs)
        rounded = max(float(abs(Fraction(x - m) - (Fraction(x) - Fraction(m)))) / (EPS / 2) for x in xs)
        steps = [a_few + d for d in lost]
        if op.index is None:
            # m + ln Σ e^(a - m) crosses 0 for some a: the last place of m is then all there is.
            return 2 + abs(m) / max(abs(y), 5e-324) if abs(y) < abs(m) else 2.0, steps
        steps[op.index] = max(steps)
        return a_few + rounded, steps
    if op.name in ("sum", "dot"):
        terms = xs if op.name == "sum" else [a * b for a, b in zip(xs[: len(xs) // 2], xs[len(xs) // 2 :], strict=True)]
        size = math.fsum(map(abs, terms))
        return 2 * size * EPS / math.ulp(y) + 1, [0.0] * len(xs)
    return a_few, [a_few] * len(xs)


@EVERY_ROW
def test_value_and_partials_keep_their_digits(op, n):
    for xs in points(op, n):
        if op.name in ("erfc", "normal_cdf") and abs(xs[0]) > 1e100:
            continue  # where mpmath's own fails
        y, partials = exact(op, xs)
        if y is None:
            with pytest.raises(refusals.ERRORS):
                made(op, xs)
            continue
        try:
            _, node = made(op, xs)
        except OverflowError:
            assert abs(y) > sys.float_info.max, xs
            continue
        of_value, of_partials = allowed(op, xs, node.data)
        assert off(node.data, y) <= of_value, (xs, node.data, mpmath.nstr(y, 20))
        for got, true, few in zip(node.partials, partials, of_partials, strict=True):
            if true is None:
                assert math.isnan(got), (xs, got)
            else:
                assert off(got, true) <= few, (xs, got, mpmath.nstr(true, 20))


@TWOFOLD
def test_computed_partials_keep_their_digits_on_floats_and_on_arrays_in_both_tails_and_at_0(op):
    rng = np.random.default_rng(0)
    tails = np.concatenate(
        [rng.uniform(0, 372, 500), 10.0 ** -rng.uniform(0, 12, 200), rng.normal(size=500), [0.0, 20.0, 40.0]]
    )
    xs = np.concatenate([tails, -tails])
    ys = op(xs)
    with np.errstate(under="ignore"):
        (on_arrays,) = op.local(ys, xs, rules=op.slopes)
    for x, y, got in zip(xs.tolist(), ys.tolist(), on_arrays.tolist(), strict=True):
        with mpmath.workdps(400):
            (true,) = op.local(op.formula(mpmath.mpf(x)), mpmath.mpf(x))
        assert off(got, true) <= 4, x
        assert off(op.local(y, x, rules=op.slopes)[0], true) <= 4, x


# --- every kind of number ---------------------------------------------------------------------------------------------


def inside(op, n):
    """The points where a node of the row is made and its value is finite."""
    for xs in points(op, n):
        try:
            y = made(op, xs)[1].data
        except refusals.ERRORS:
            continue
        if math.isfinite(y):
            yield xs, y


@EVERY_ROW
def test_the_row_called_on_floats_is_a_float(op, n):
    for xs, y in inside(op, n):
        got = call(op, *xs)
        assert type(got) is float
        assert got == y, xs


def outcome(op, xs):
    """The value and its type, or the error."""
    try:
        y = call(op, *xs)
    except refusals.ERRORS as error:
        return type(error), str(error)
    return type(y), repr(y)


@EVERY_ROW
def test_the_row_called_on_numpys_scalars_is_what_their_numbers_give(op, n):
    kinds = (np.uint8, np.int8, np.int64, np.float16, np.float32, np.float64, np.bool_)
    for kind, x in product(kinds, (0, 1, 3, 100)):
        for xs in ([kind(x)] * n, [kind(x), *[kind(1)] * (n - 1)], [kind(0), *[kind(x)] * (n - 1)]):
            assert outcome(op, xs) == outcome(op, [*map(float, xs)]), xs


@pytest.mark.parametrize("op", [op for op in ROWS if not op.vectors], ids=lambda op: op.name)
def test_float_arrays_give_what_floats_give(op):
    xs, ys = zip(*inside(op, op.arity), strict=True)
    got = op(*np.array(xs).T)
    assert got.dtype == float
    # NumPy has its own exp, tanh and pow, whose last digits differ from those of the C library.
    steps = np.abs(got - np.array(ys)) / np.spacing(np.abs(ys))
    assert steps.max() <= 4, xs[int(steps.argmax())]


@pytest.mark.parametrize("op", [op for op in ROWS if not op.vectors], ids=lambda op: op.name)
def test_arrays_of_values_give_the_nodes_that_values_give(op):
    xs, _ = zip(*inside(op, op.arity), strict=True)
    columns = [array(column) for column in np.array(xs).T]
    for node, numbers in zip(op(*columns), xs, strict=True):
        alone = made(op, numbers)[1]
        assert (node.op, node.data) == (alone.op, alone.data)
        assert np.array_equal(node.partials, alone.partials, equal_nan=True)


@pytest.mark.parametrize("op", [op for op in ROWS if op.arity == 1], ids=lambda op: op.name)
def test_a_matrix_keeps_its_shape(op):
    ((low, high),) = op.samples or ((-3.0, 3.0),)
    x = np.linspace(low, high, 6).reshape(2, 3)
    assert op(x).shape == op(array(x)).shape == (2, 3)
    assert values(op(x.tolist())).shape == (2, 3)
    assert values(op(array(x))) == pytest.approx(op(x), rel=1e-15)


@pytest.mark.parametrize("op", [op for op in ROWS if op.vectors], ids=lambda op: op.name)
def test_a_row_of_vectors_takes_lists_arrays_and_arrays_of_values(op):
    rng = np.random.default_rng(0)
    vectors = [rng.normal(size=5) for _ in range(op.vectors)]
    if op.leading:
        op = lambda x, row=op: row(x, Value(3.0))  # noqa: E731
        op.indexed = False
    expected = values(op(*(v.tolist() for v in vectors)))
    assert np.array_equal(values(op(*vectors)), expected)
    assert np.array_equal(values(op(*map(array, vectors))), expected)
    assert expected.shape == ((5,) if op.indexed else ())


@EVERY_ROW
def test_replay_on_arrays_is_the_row_on_every_float(op, n):
    xs = np.array(drawn(op, n))
    leaves, y = made(op, xs[0])
    ys = replay(y, dict(zip(leaves, xs.T, strict=True)))
    expected = [call(op, *row) for row in xs.tolist()]
    assert ys == pytest.approx(expected, rel=8 * EPS, abs=EPS)


RATIONAL = {
    "add", "subtract", "multiply", "divide", "negative", "positive", "absolute", "relu", "step", "leaky_relu",
    "maximum", "minimum", "where", "sum", "dot",
}  # fmt: skip


@pytest.mark.parametrize(("op", "n"), [(op, n) for op, n in CASES if op.name in RATIONAL], ids=lambda x: str(x))
def test_replay_on_fractions_is_exact(op, n):
    for xs in drawn(op, n, 5):
        fractions = [Fraction(x).limit_denominator(97) for x in xs]
        leaves, y = made(op, xs)
        got = replay(y, dict(zip(leaves, fractions, strict=True)))
        assert isinstance(got, Fraction | int)
        assert got == op.formula(*fractions)
        assert float(got) == pytest.approx(call(op, *map(float, fractions)), rel=1e-14)


def test_replay_of_a_polynomial_on_fractions_is_exact():
    x = Value(0.3)
    y = x**3 / 7 - 2 * x**-2 + 1
    third = Fraction(1, 3)
    assert replay(y, {x: third}) == third**3 / 7 - 2 / third**2 + 1


@EVERY_ROW
def test_replay_on_mpmath_has_as_many_digits_as_mpmath(op, n):
    for xs in drawn(op, n, 3):
        leaves, y = made(op, xs)
        with mpmath.workdps(60):
            true = op.formula(*map(mpmath.mpf, xs))
            assert replay(y, {v: mpmath.mpf(v.data) for v in leaves}) == true
            assert float(true) == pytest.approx(y.data, rel=1e-13)


# --- both modes, every order ------------------------------------------------------------------------------------------


@EVERY_ROW
def test_forward_mode_is_reverse_mode(op, n):
    rng = random.Random(n)
    for xs, y in inside(op, n):
        leaves, node = made(op, xs)
        if not all(map(math.isfinite, node.partials)):
            continue
        node.backward()
        for k in range(n):
            unit = tuple(float(j == k) for j in range(n))
            assert jvp(lambda *a: call(op, *a), xs, unit) == (y, leaves[k].grad), (xs, k)
        tangents = tuple(rng.uniform(-1, 1) for _ in xs)
        terms = [v.grad * t for v, t in zip(leaves, tangents, strict=True)]
        slope = jvp(lambda *a: call(op, *a), xs, tangents)[1]
        assert slope == pytest.approx(math.fsum(terms), abs=4 * EPS * math.fsum(map(abs, terms))), xs


# Where σ″, tanh″ and the like cross 0 their terms cancel; in a tail nothing may.
FLAT = ((0.0,), (1e-8,), (-1e-8,), (20.0,), (-20.0,), (40.0,), (-40.0,), (300.0,), (-300.0,))
APART = ((0.0, 0.0, 0.0), (1.0, 1.0, -1.0), (20.0, 0.0, 0.5), (-20.0, 0.0, 0.25), (40.0, 0.0, 0.0), (0.0, -40.0, 40.0), (0.1, 700.2, 0.3))  # fmt: skip
# A power whose exponent is whole, and 0 in a divisor or factor: a rule that singles them out must still be smooth there.
WHOLE = ((0.5, 0.0), (2.0, 0.0), (3.0, 1.0), (0.25, 2.0), (2.0, -1.0), (2.5, 3.0))
AWAY_FROM_ZERO = ("sqrt", "log", *(op.name for op in ROWS if op.kink and op.arity == 1))


def smooth_points(op, n):
    if op.name in EXPONENTIAL:
        return drawn(op, n, 3) + [a[:n] for a in APART]
    if n == 1:
        return drawn(op, n, 4) + [x for x in FLAT if (op.name not in AWAY_FROM_ZERO or abs(*x) > 1) and defined(op, x)]
    return drawn(op, n, 4) + [xs for xs in WHOLE if len(xs) == n and defined(op, xs)]


def defined(op, xs):
    try:
        call(op, *xs)
    except refusals.ERRORS:
        return False
    return True


def derivatives(y, xs, highest, index=()):
    """(index, ∂^|index| y/∂x_index) for every ordered index, as graphs of graphs."""
    g = gradients(y, xs)
    for k in range(index[-1] if index else 0, len(xs)):
        yield (*index, k), g[k].data
        if len(index) + 1 < highest:
            yield from derivatives(g[k], xs, highest, (*index, k))


def derivative_of_formula(op, n):
    """(index, operands) ↦ the derivative of the formula, with as many digits as mpmath is set to."""
    if op.arity is not None:
        return lambda index, xs: mpmath.diff(op.formula, xs if n > 1 else xs[0], order_of(index, n))
    symbols = sympy.symbols(f"x:{n}", real=True)
    orders = {
        index: sympy.lambdify(symbols, sympy.diff(op.formula(*symbols), *(symbols[k] for k in index)), "mpmath")
        for r in (1, 2, 3)
        for index in combinations_with_replacement(range(n), r)
    }
    return lambda index, xs: orders[index](*xs)


def order_of(index, n):
    return tuple(index.count(k) for k in range(n)) if n > 1 else len(index)


@EVERY_ROW
def test_first_second_and_third_derivatives_are_those_of_the_formula(op, n):
    true_at = derivative_of_formula(op, n)
    for xs in smooth_points(op, n):
        leaves, y = made(op, xs)
        for index, got in derivatives(y, leaves, 3):
            with mpmath.workdps(700):
                true = true_at(index, [mpmath.mpf(x) for x in xs])
                near_zero = 20 * EPS if max(map(abs, xs)) < 5 else 0.0
                assert abs(got - true) <= 1e-13 * abs(true) + near_zero + 1e-307, (xs, index, got, float(true))


@pytest.mark.parametrize("op", [op for op in ROWS if op.arity == 1], ids=lambda op: op.name)
def test_grad_of_grad_of_grad_is_the_third_derivative(op):
    f3 = grad(grad(grad(op)))
    for xs in drawn(op, 1, 5):
        with mpmath.workdps(60):
            true = float(mpmath.diff(op.formula, mpmath.mpf(xs[0]), 3))
        assert f3(*xs) == pytest.approx(true, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("op", [op for op in ROWS if op.arity == 1 and not op.kink], ids=lambda op: op.name)
@pytest.mark.parametrize("x", [1e-20, -3e-9, 1e-3])
def test_second_and_third_derivatives_keep_their_digits_beside_0(op, x):
    f2, f3 = grad(grad(op)), grad(grad(grad(op)))
    if "x > 0" in op.domain or "x ≥ 0" in op.domain:
        x = abs(x)
    with mpmath.workdps(200):
        true = [mpmath.diff(op.formula, mpmath.mpf(x), n, h=mpmath.mpf(10) ** -60) for n in (2, 3)]
    assert [f2(x), f3(x)] == [pytest.approx(float(y), rel=1e-13, abs=1e-50) for y in true]


# --- copies, names, errors --------------------------------------------------------------------------------------------


@EVERY_ROW
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))], ids=["deepcopy", "pickle"])
def test_a_copy_differentiates_the_same(op, n, copied):
    for xs in drawn(op, n, 3):
        leaves, y = made(op, xs)
        twin = copied(y)
        assert (twin.op, twin.data, twin.partials) == (y.op, y.data, y.partials)
        assert [p.name for p in twin.parents] == [p.name for p in leaves]
        y.backward()
        assert all(p.grad is None for p in twin.parents), "a copy shares no leaf"
        twin.backward()
        assert [p.grad for p in twin.parents] == [p.grad for p in leaves]
        assert list(derivatives(twin, list(twin.parents), 2)) == list(derivatives(y, leaves, 2))


@pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)
def test_the_row_says_how_it_is_written(op):
    assert op.name.isidentifier()
    if op.written:
        names = "ab"[: op.arity]
        text = op.written.format(*names)
        assert all(name in text for name in names)
        assert "{" not in text
    if op.infix:
        assert op.symbol
        assert op.written
    assert all(a < b for a, b in op.samples)
    assert op.instead == "" or op.domain, "what to do outside of a domain that is not stated"
    assert op.kink == "" or op.kink.isprintable()


REFUSED = [
    ("divide", (1.0, 0.0), ZeroDivisionError), ("divide", (0.0, 0.0), ZeroDivisionError),
    ("power", (0.0, -1.0), ZeroDivisionError), ("power", (-8.0, 1 / 3), ValueError), ("power", (10.0, 400.0), OverflowError),
    ("exp", (1000.0,), OverflowError), ("expm1", (1000.0,), OverflowError),
    ("log", (0.0,), ValueError), ("log", (-1.0,), ValueError), ("log1p", (-1.0,), ValueError), ("log1p", (-2.0,), ValueError),
    ("sqrt", (-1.0,), ValueError), ("sin", (math.inf,), ValueError), ("cos", (math.inf,), ValueError), ("tan", (-math.inf,), ValueError),
]  # fmt: skip


@pytest.mark.parametrize(("name", "xs", "error"), REFUSED, ids=[f"{name}{xs}" for name, xs, _ in REFUSED])
def test_outside_its_domain_a_row_raises_what_python_raises_and_names_the_node(name, xs, error):
    op = TABLE[name]
    with pytest.raises(error):  # on plain floats
        call(op, *xs)
    with scope("block"), pytest.raises(error) as info:
        call(op, *(Value(x, f"ŷ[{k}]") for k, x in enumerate(xs)))
    message = str(info.value)
    assert message.startswith(name)
    for k, x in enumerate(xs):
        assert f"{x!r} from ŷ[{k}]" in message
    assert "block" in message
    assert (op.domain and op.instead) or name in ("sin", "cos", "tan")
    assert op.instead in message
    with pytest.raises(error, match=name):  # among others that are inside
        op(*(np.array([1.0, x]) for x in xs))
    with pytest.raises(error, match=name):
        op(*(array([1.0, x]) for x in xs))


def test_the_message_of_log_is_the_one_promised():
    with scope("f6"), pytest.raises(ValueError, match="log") as info:
        ops.log(Value(0.0, "ŷ[2]"))
    assert str(info.value) == (
        "log is defined for x > 0; got 0.0 from ŷ[2] in f6. For cross-entropy use log_softmax, which never leaves its domain."
    )


def test_an_unnamed_operand_is_named_by_the_row_that_made_it():
    x = Value(1.0, "x")
    with pytest.raises(ValueError, match=r"got 0\.0 from the result of subtract"):
        ops.log(x - x)


NEVER = [(op, n) for op, n in CASES if not op.domain and op.arity != 3]


@pytest.mark.parametrize(("op", "n"), NEVER, ids=[f"{op.label}-{n}" for op, n in NEVER])
def test_a_row_without_a_domain_refuses_no_float(op, n):
    extreme = (0.0, -1.0, 5e-324, 8e307, -8e307, math.inf, -math.inf, math.nan)  # a difference of two still fits
    for xs in product(extreme, repeat=n) if n < 3 else zip(*(extreme[k:] + extreme[:k] for k in range(n)), strict=True):
        assert type(made(op, xs)[1].data) is float, xs


@EVERY_ROW
def test_a_nan_goes_in_and_comes_out(op, n):
    chosen = {"where": (1,), "leaky_relu": (0,), "take": (1,)}  # what is not chosen does not count
    for k in chosen.get(op.name, range(n)):
        xs = [0.0] * op.leading + [0.5] * (n - op.leading)
        xs[k] = math.nan
        assert math.isnan(made(op, xs)[1].data), k


# --- conventions at kinks ---------------------------------------------------------------------------------------------


def slopes(op, *xs):
    leaves, y = made(op, xs)
    y.backward()
    return [v.grad for v in leaves]


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_relu_abs_and_step_have_slope_0_at_0(zero):
    for op in (ops.relu, ops.absolute, ops.step):
        assert slopes(op, zero) == [0.0]
        assert call(op, zero) == 0.0


def test_step_has_slope_0_everywhere():
    assert [slopes(ops.step, x) for x in (-2.0, -1e-300, 1e-300, 2.0)] == [[0.0]] * 4
    assert [call(ops.step, x) for x in (-2.0, -1e-300, 1e-300, 2.0)] == [0.0, 0.0, 1.0, 1.0]


def test_leaky_relu_has_its_slope_at_0():
    assert slopes(ops.leaky_relu, 0.0, 0.25) == [0.25, 0.0]
    assert Value(-2.0).leaky_relu().data == -0.02


@pytest.mark.parametrize("op", [ops.maximum, ops.minimum], ids=["maximum", "minimum"])
def test_a_tie_gives_half_to_each(op):
    for x in (0.0, 1.5, -1e300, 1e-300):
        assert slopes(op, x, x) == [0.5, 0.5]
    assert slopes(op, 0.0, -0.0) == [0.5, 0.5]
    x = Value(2.0)
    op(x, x).backward()
    assert x.grad == 1.0


def test_zero_to_the_zero_is_one():
    assert (Value(0.0) ** 0).data == (0.0 ** Value(0.0)).data == (Value(0.0) ** Value(0.0)).data == 1.0


@pytest.mark.parametrize("x", [0.0, -0.0, 1e-300, 2.0, -3.0])
def test_x_to_the_zero_has_slope_0(x):
    assert grad(lambda v: v**0)(x) == 0.0
    assert grad(lambda v: v**0.0)(x) == 0.0
    assert grad(grad(lambda v: v**0))(x) == 0.0
    assert grad(lambda v: v ** constant(0.0))(x) == 0.0


@pytest.mark.parametrize("b", [-2.0, 0.0, 1.0, 2.0, 3.0])
def test_the_derivative_in_base_and_exponent_is_the_one_in_exponent_and_base(b):
    a = 0.5
    true = a ** (b - 1) * (1 + b * math.log(a))
    h = hessian(lambda v: v[0] ** v[1])([a, b])
    assert h[0, 1] == pytest.approx(true, rel=1e-14, abs=1e-15)
    assert h[1, 0] == pytest.approx(true, rel=1e-14, abs=1e-15)


def test_a_square_at_0_has_derivatives_0_2_0():
    first = grad(lambda x: x**2)
    assert (first(0.0), grad(first)(0.0), grad(grad(first))(0.0)) == (0.0, 2.0, 0.0)


def test_whole_powers_at_0_have_every_derivative():
    for power in (1, 2, 3, 4):
        f = lambda x, power=power: x**power  # noqa: E731
        for order in range(1, 6):
            f = grad(f)
            expected = math.factorial(power) if order == power else 0.0
            assert f(0.0) == expected, (power, order)


@pytest.mark.parametrize("w", [0.0, 0.5, 1.0, 2.0, 10.0])
def test_zero_to_the_w_has_slope_0(w):
    assert grad(lambda v: 0.0**v)(w) == 0.0
    assert grad(grad(lambda v: 0.0**v))(w) == 0.0
    exponent = Value(w)
    assert gradients(Value(0.0) ** exponent, [exponent])[0].data == 0.0


def test_a_negative_number_to_a_constant_needs_no_logarithm():
    y = Value(-3.0) ** 2
    assert y.partials == (-6.0, 0.0)
    assert grad(grad(lambda x: x**3))(-3.0) == -18.0


def test_a_negative_number_to_an_exponent_that_learns_is_refused():
    base, exponent = Value(-3.0), Value(2.0, "w")
    y = base**exponent
    assert gradients(y, [base])[0].data == -6.0
    with pytest.raises(ValueError, match="power has no derivative"):
        y.backward()
    assert base.grad is None


@pytest.mark.parametrize("condition", [True, 1.0, -1e-300, Value(2.0), np.bool_(True)], ids=str)
def test_where_passes_to_the_chosen_branch_only(condition):
    a, b = Value(2.0), Value(0.0)
    ops.where(condition, a, ops.sqrt(b)).backward()
    assert (a.grad, b.grad) == (1.0, 0.0)
    a, b = Value(2.0), Value(0.0)
    ops.where(ops.step(-a), ops.sqrt(b), a * a).backward()
    assert (a.grad, b.grad) == (4.0, 0.0)


def test_where_computes_both_branches():
    with pytest.raises(ValueError, match="log"):
        ops.where(True, Value(1.0), ops.log(Value(-1.0)))


def test_where_does_not_differentiate_its_condition():
    assert slopes(ops.where, 3.0, 1.0, 2.0) == [0.0, 1.0, 0.0]
    assert slopes(ops.where, 0.0, 1.0, 2.0) == [0.0, 0.0, 1.0]
    assert slopes(ops.where, -0.0, 1.0, 2.0) == [0.0, 0.0, 1.0]


@pytest.mark.parametrize("f", [lambda x: ops.sqrt(x), lambda x: x**0.5, lambda x: 3 * x**0.25], ids=["sqrt", "power", "product"])  # fmt: skip
def test_a_derivative_that_does_not_exist_is_stored_as_nan_and_refused(f):
    x = Value(0.0, "x")
    with scope("f1"):
        y = f(x)
    with pytest.raises(ZeroDivisionError, match=r"0\.0 from x in f1"):
        y.backward()
    assert x.grad is None
    with pytest.raises(ZeroDivisionError, match="from x"):
        gradients(y, [x])
    with pytest.raises(ZeroDivisionError, match="from x"):
        grad(f)(0.0)
    with pytest.raises(ZeroDivisionError, match="from x"):
        jvp(f, (0.0,), (1.0,))
    (0.0 * y).backward()  # an adjoint of 0 passes nothing on
    assert x.grad == 0.0
    assert jvp(f, (0.0,), (0.0,)) == (0.0, 0.0)
