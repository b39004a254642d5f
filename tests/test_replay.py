"""A graph after its making: replayed on other numbers, and leaves that have changed since."""

import math
from decimal import Decimal
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy

from autograd import (
    Value,
    array,
    assign,
    constant,
    cos,
    dot,
    exp,
    grad,
    gradients,
    grads,
    hessian,
    hvp,
    jacobian,
    log,
    maximum,
    normal_cdf,
    record,
    relu,
    replay,
    sin,
    softmax,
    step,
    sum as total,
    take,
    tanh,
    where,
)


def test_replay_of_fractions_stays_exact():
    x = Value(0.5, "x")
    assert replay(x * x / 3 + 1, {x: Fraction(1, 2)}) == Fraction(13, 12)
    assert replay(x**2 - x**-1, {x: Fraction(1, 3)}) == Fraction(1, 9) - 3
    assert replay(abs(x) + relu(x), {x: Fraction(-1, 3)}) == Fraction(1, 3)
    assert replay(x * 1000.0, {x: Fraction(1, 3)}) == Fraction(1000, 3)
    assert replay(x + 1, {x: Decimal("0.1")}) == Decimal("1.1")


def test_replay_of_arrays_is_a_batch():
    x, w = Value(0.5), Value(2.0)
    y = tanh(w * x) + maximum(x, 0.0)
    X = np.array([-1.0, 0.0, 2.0])
    np.testing.assert_allclose(replay(y, {x: X}), np.tanh(2 * X) + np.maximum(X, 0), rtol=1e-15)


def test_replay_of_symbols_is_the_formula():
    x, s = Value(0.5), sympy.Symbol("s", real=True)
    assert sympy.simplify(replay(sin(x) ** 2 + cos(x) ** 2, {x: s})) == 1
    assert replay(where(step(x), x, 0.0), {x: s}).subs(s, -1) == 0


def test_replay_of_mpmath_has_its_digits():
    x = Value(0.5)
    with mpmath.workdps(40):
        assert abs(replay(exp(x) / 3, {x: mpmath.mpf(1)}) - mpmath.e / 3) < mpmath.mpf(10) ** -38


def test_replay_of_values_is_a_graph():
    x, t = Value(0.5), Value(3.0)
    y = replay(x * x, {x: t})
    y.backward()
    assert t.grad == 6.0
    assert x.grad is None


def test_leaves_not_given_keep_their_data():
    x, w = Value(2.0), Value(3.0)
    assert replay(w * x, {x: 5.0}) == 15.0
    assert replay(w * x, {}) == 6.0
    assert replay(x, {x: 4.0}) == 4.0


@pytest.mark.parametrize("at", [3.0, Value(3.0)], ids=["a number", "a Value"])
def test_leaves_not_given_stand_for_themselves_inside_a_transform_and_a_recording(at):
    w, other = Value(2.0, "w"), Value(5.0, "other")
    slope = grad(lambda x: replay(x * w * other, {w: x}))(at)
    assert float(slope) == 30.0
    if isinstance(slope, Value):
        assert gradients(slope, [other])[0].data == 6.0
    assert record(lambda x: x * replay(x * w, {w: 2.0}), 3.0)([3.0, 4.0]).tolist() == [18.0, 32.0]


def test_replay_of_several_outputs_keeps_their_nesting():
    x = Value(2.0)
    assert replay([x, (x * x,)], {x: 3.0}) == [3.0, (9.0,)]
    a = array([1.0, 2.0])
    np.testing.assert_allclose(np.asarray(replay(a * 2, {a[0]: 5.0}), float), [10.0, 4.0])


def test_replay_changes_nothing_in_the_graph():
    x = Value(2.0)
    y = x * x
    replay(y, {x: 5.0})
    assert (x.data, y.data, y.grad) == (2.0, 4.0, None)


@pytest.fixture
def changed():
    """A graph of which one leaf, of several, has changed since it was computed."""
    W, x = array([[1.0, 2.0], [3.0, 4.0]], "W"), array([5.0, 6.0], "x")
    L = tanh(W @ x * 0.01).sum()
    assign(W[1, 0], 9.0)
    return L, W


REEVALUATING = [
    lambda L, W: gradients(L, W),
    lambda L, W: hessian(L, W),
    lambda L, W: hvp(L, W, np.ones((2, 2))),
]


@pytest.mark.parametrize("transform", REEVALUATING)
def test_what_re_evaluates_rules_names_the_leaf_that_changed(changed, transform):
    with pytest.raises(ValueError, match=r"W\[1,0\] has changed since") as error:
        transform(*changed)
    assert "W[0,0]" not in str(error.value)


@pytest.mark.parametrize("transform", REEVALUATING)
def test_a_leaf_set_to_the_number_it_had_has_not_changed(changed, transform):
    L, W = changed
    assign(W[1, 0], 3.0)
    transform(L, W)


def test_a_changed_leaf_of_another_branch_does_not_matter():
    x, w = Value(2.0, "x"), Value(3.0, "w")
    L = x * x + exp(w)
    w.data = 4.0
    assert gradients(L, [x])[0].data == 4.0


def test_the_changed_factor_of_a_product_is_named_not_the_other():
    x, w = Value(2.0, "x"), Value(3.0, "w")
    y = x * w
    w.data = 4.0
    with pytest.raises(ValueError, match=r"^w has changed"):
        gradients(y, [x])


def test_a_leaf_of_1_that_has_not_changed_is_not_named():
    x, w = Value(1.0, "x"), Value(3.0, "w")
    y = x * w
    w.data = 4.0
    with pytest.raises(ValueError, match=r"^w has changed"):
        gradients(y, [x])


@pytest.mark.parametrize(("n", "names"), [(4, "x0 or x1 or x2 or x3"), (5, "x0 or x1 or x2 or 2 others")])
def test_four_changed_leaves_are_named_and_of_more_three(n, names):
    leaves = [Value(2.0, f"x{k}") for k in range(n)]
    y = total([v * v for v in leaves])
    for v in leaves:
        v.data = 3.0
    with pytest.raises(ValueError, match=f"^{names} has changed"):
        gradients(y, leaves)


def test_a_changed_constant_is_named():
    x, c = Value(2.0, "x"), constant(3.0, "c")
    y = x * c
    c.data = 4.0
    with pytest.raises(ValueError, match=r"^c has changed"):
        gradients(y, [x])


def test_a_leaf_moved_out_of_a_domain_has_changed():
    x = Value(2.0, "x")
    y = log(x)
    x.data = -1.0
    with pytest.raises(ValueError, match="x has changed"):
        gradients(y, [x])


def test_a_computed_node_that_was_written_to_is_noticed():
    x = Value(2.0, "x")
    y = x * 2
    z = exp(y) * y
    y.data = 7.0
    with pytest.raises(ValueError, match="has changed"):
        gradients(z, [y])


def test_nan_data_that_stay_nan_have_not_changed():
    x = Value(math.nan)
    assert math.isnan(gradients(x * x, [x])[0].data)


def test_first_derivatives_need_no_re_evaluation(changed):
    L, W = changed
    expected = np.asarray(jacobian(L, W))
    L.backward()
    np.testing.assert_array_equal(grads(W), expected)


def test_replay_of_what_is_no_leaf_is_a_key_error():
    x = Value(2.0)
    y = x * x
    with pytest.raises(KeyError, match="not a leaf of this graph"):
        replay(y * 2, {y: 1.0})
    with pytest.raises(KeyError, match="not a leaf of this graph"):
        replay(y, {Value(1.0): 1.0})


def test_replay_outside_a_domain_is_refused_as_the_operation_is():
    x = Value(2.0)
    with pytest.raises(ValueError, match=r"log is defined for x > 0; got -1\.0"):
        replay(log(x), {x: -1.0})


def test_replay_of_what_is_no_graph_is_a_type_error():
    with pytest.raises(TypeError, match="a Value or a nesting"):
        replay(2.0, {})


def test_replay_of_outputs_of_which_one_is_the_same_for_the_whole_batch():
    x, w = Value(1.0), Value(2.0)
    result = replay(array([x * 2, w * 3]), {x: np.arange(3.0)})
    np.testing.assert_array_equal(result, [[0.0, 2.0, 4.0], [6.0, 6.0, 6.0]])


def test_replay_hands_large_whole_constants_on_as_floats():
    x = Value(1.0)
    assert replay(x + constant(1e200) * constant(1e200), {}) == math.inf


def test_replay_of_many_operands_on_arrays_out_of_range_goes_element_by_element():
    xs = [Value(1.0) for _ in range(40)]
    result = replay(dot(xs, xs), {xs[0]: np.array([1e200, 2.0])})
    np.testing.assert_array_equal(result, [math.inf, 43.0])


@pytest.mark.parametrize("number", [Fraction, Decimal, mpmath.mpf, sympy.Rational, sympy.Float])
def test_exact_numbers_leave_a_domain_as_floats_do_and_no_nan_stands_in_for_an_answer(number):
    i, x = Value(1.0, "i"), Value(2.0, "x")
    y = take([2.0, x * 4, 6.0], i)
    assert replay(y, {i: number(2)}) == 6
    for wrong in ("3", "-1", "0.5"):
        with pytest.raises(ValueError, match="take is defined for an index that is a whole number"):
            replay(y, {i: number(wrong)})
    for zero in {Fraction, Decimal, mpmath.mpf} & {number}:
        with pytest.raises(ArithmeticError, match="divide is defined for a divisor other than 0"):
            replay(1 / x, {x: zero(0)})


def test_replay_of_numpys_scalars_overflows_and_refuses_as_that_of_floats():
    v, w = Value(2.0), Value(2.0)
    assert replay(v**2, {v: np.int64(2**40)}) == 2.0**80
    assert replay(v * w, {v: np.float32(0.1), w: 3.0}) == 3.0 * float(np.float32(0.1))
    with pytest.raises(ZeroDivisionError, match=r"divisor other than 0; got 1\.0 and 0\.0"):
        replay(v / w, {v: 1.0, w: np.float64(0.0)})
    with pytest.raises(ValueError, match=r"got -1\.0 and 0\.5"):
        replay(v**0.5, {v: np.float64(-1.0)})


@pytest.mark.parametrize("data", [[1.0, 2.0], (1.0, 2.0), range(2)])
def test_a_list_is_no_number_to_replay_and_an_array_is(data):
    v = Value(2.0, "v")
    for y in (v, v * 2, v * 2.5):
        with pytest.raises(TypeError, match=r"replay takes a number or an array for Value\(.*'v'\); got .*np\.array"):
            replay(y, {v: data})
    assert replay(v * 2, {v: np.array(data)}).tolist() == [2 * x for x in data]


def test_a_decimal_stays_exact_until_it_meets_a_float():
    v, x = Value(2.0), Decimal("0.1")
    assert replay(v * v, {v: x}) == Decimal("0.01")
    assert replay(v * 2.5 + normal_cdf(v), {v: x}) == 0.25 + normal_cdf(0.1)
    assert softmax([x, x]) == [0.5, 0.5]
    with pytest.raises(TypeError, match="unsupported operand"):
        replay(v * 2.5, {v: object()})
