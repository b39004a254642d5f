"""Derivatives of every row: the same in both modes and of every order, with the stated conventions at kinks."""

from __future__ import annotations

import math
import random
from itertools import combinations_with_replacement

import mpmath
import numpy as np
import pytest
import sympy

from autograd import Value, constant, grad, gradients, hessian, jvp, ops, record, refusals, scope
from tests.rows import EPS, EVERY_ROW, EXPONENTIAL, ROWS, call, derivatives, drawn, inside, made

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


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


@pytest.mark.parametrize("x", [800.0, -800.0, 1e308, -1e308, math.inf, -math.inf])
@pytest.mark.parametrize("op", [ops.tanh, ops.sigmoid, ops.softplus, ops.log_sigmoid], ids=lambda op: op.name)
def test_where_a_function_is_flat_its_second_and_third_derivatives_are_0(op, x):
    assert (grad(grad(op))(x), grad(grad(grad(op)))(x)) == (0.0, 0.0)


def test_a_recorded_derivative_at_the_end_of_its_domain_says_whose_it_is():
    w = Value(1.0, "w")
    slope = record(lambda x: gradients(ops.arcsin.apply(w * x), [w])[0], 0.5)
    assert slope([0.5]).tolist() == pytest.approx([0.5 / math.sqrt(0.75)])
    with pytest.raises(ZeroDivisionError, match=r"row 0: .*It is the derivative of arcsin"):
        slope([1.0])
