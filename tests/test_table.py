"""The table: its partials are proved by SymPy, and value and partials keep their digits against mpmath."""

from __future__ import annotations

import math
import sys
from fractions import Fraction
from functools import cache

import mpmath
import numpy as np
import pytest
import sympy

from autograd import refusals, replay
from autograd.ops import TABLE
from tests.rows import CASES, EPS, EVERY_ROW, EXPONENTIAL, ROWS, call, drawn, made, points

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd

# 5e-324 has 324 zeros and e^-1000 has 435: with 1000 digits a formula as printed in a textbook cancels nothing we compare.
EXACT = 1000


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
