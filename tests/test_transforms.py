"""Derivatives of functions and of graphs: grad, value_and_grad and gradients, nested and with every kind of argument."""

import math
import threading
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pytest

from autograd import (
    Array,
    Chain,
    Value,
    absolute,
    array,
    check_grad,
    constant,
    dot,
    exp,
    grad,
    gradients,
    grads,
    hessian,
    hvp,
    jacobian,
    jvp,
    log,
    logsumexp,
    maximum,
    ops,
    relu,
    sigmoid,
    step,
    sum,
    tanh,
    value_and_grad,
    values,
    vjp,
)
from tests.programs import cube, form

# --- grad -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("x", [2, 2.0, np.float64(2), np.float32(2), np.int64(2), Fraction(2), np.array(2.0)], ids=repr)
def test_grad_of_a_number_is_a_float(x):
    assert grad(cube)(x) == 12.0
    assert type(grad(cube)(x)) is float


def test_grad_keeps_arrays_lists_tuples_and_nestings():
    assert grad(form)(np.array([3.0, 2.0])).tolist() == [12.0, 9.0]
    assert type(grad(form)(np.array([3, 2]))) is np.ndarray
    assert grad(form)([3.0, 2.0]) == [12.0, 9.0]
    assert grad(form)((3.0, 2.0)) == (12.0, 9.0)
    g = grad(lambda p: (p[0] @ p[1]).sum() * p[2])([np.ones((2, 2)), np.array([1.0, 2.0]), 3.0])
    assert [np.asarray(part).tolist() for part in g] == [[[3.0, 6.0], [3.0, 6.0]], [6.0, 6.0], 6.0]


def test_grad_of_a_value_is_a_value_to_differentiate_again():
    x = Value(2.0, "x")
    g = grad(cube)(x)
    assert (type(g), g.data) == (Value, 12.0)
    g.backward()
    assert x.grad == 12.0
    h = grad(form)(array([3.0, 2.0]))
    assert type(h) is Array


def test_argnum_chooses_arguments():
    def f(x, y):
        return x * y**2

    assert grad(f)(2.0, 3.0) == 9.0
    assert grad(f, 1)(2.0, 3.0) == grad(f, -1)(2.0, 3.0) == 12.0
    assert grad(f, (1, 0))(2.0, 3.0) == (12.0, 9.0)
    assert value_and_grad(f, (0,))(2.0, 3.0) == (18.0, (9.0,))


def test_other_arguments_are_handed_on_as_they_are():
    assert grad(lambda x, times: x * len(times))(2.0, "abc") == 3.0


def test_value_and_grad_gives_both():
    assert value_and_grad(cube)(2.0) == (8.0, 12.0)
    y, g = value_and_grad(cube)(Value(2.0))
    assert (type(y), y.data, type(g), g.data) == (Value, 8.0, Value, 12.0)


def test_transformed_functions_keep_name_and_docstring():
    assert (grad(cube).__name__, value_and_grad(cube).__doc__, jacobian(cube).__name__) == ("cube", "x³.", "cube")


@pytest.mark.parametrize("f", [tanh, relu, sigmoid, ops.exp, abs, np.tanh, Value.tanh])
def test_rows_and_methods_and_numpys_functions_can_be_differentiated(f):
    assert math.isfinite(grad(f)(0.5))


def test_grad_of_rows_of_vectors():
    assert grad(sum)([1.0, 2.0]) == [1.0, 1.0]
    assert grad(dot, 1)([1.0, 2.0], [3.0, 4.0]) == [1.0, 2.0]
    assert grad(logsumexp)([0.0, 0.0]) == [0.5, 0.5]


def test_grad_of_a_true_constant_is_zero():
    assert grad(lambda x: constant(3.0))(2.0) == 0.0


def test_python_branches_and_loops_are_differentiated_as_taken():
    assert grad(lambda x: x if x > 0 else -x)(-3.0) == -1.0

    def power(x):
        y = 1.0
        for _ in range(5):
            y = y * x
        return y

    assert grad(power)(2.0) == 80.0


def test_grad_leaves_gradients_of_other_leaves_alone():
    a = Value(2.0, "a")
    assert grad(lambda x: a * x * x)(3.0) == 12.0
    assert a.grad is None


def test_grad_at_a_value_used_in_a_closure_too_counts_the_argument_only():
    a = Value(2.0, "a")
    g = grad(lambda x: a * x * x)(a)
    assert g.data == 8.0
    g.backward()
    assert a.grad == 8.0  # d(2a·a)/da


# --- nesting ----------------------------------------------------------------------------------------------------------


def test_nested_grad_does_not_confuse_the_variables():
    assert grad(lambda x: x * grad(lambda y: x * y)(1.0))(2.0) == 4.0
    assert grad(lambda x: x * grad(lambda y: x)(1.0))(2.0) == 0.0
    assert grad(lambda x: grad(lambda y: x * x * y)(x))(3.0) == 6.0
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(2.0) == 1.0


def test_grad_of_grad_of_grad():
    third = grad(grad(grad(lambda x: x**4)))(2.0)
    assert (third, type(third)) == (48.0, float)
    assert [grad(grad(lambda x, n=n: x**n))(0.0) for n in range(4)] == [0.0, 0.0, 2.0, 0.0]


def test_every_nesting_of_two_transforms_gives_the_second_derivative():
    def slope(f):
        return {
            "grad": grad(f),
            "jvp": lambda x: jvp(f, (x,), (1.0,))[1],
            "vjp": lambda x: vjp(f, x)[1](1.0)[0],
            "jacobian": jacobian(f),
        }

    for outer in slope(cube):
        for inner in slope(cube):
            second = slope(slope(cube)[inner])[outer](2.0)
            assert second == pytest.approx(12.0), (outer, inner)


def test_the_direction_of_a_derivative_can_be_differentiated():
    assert grad(lambda v: jvp(cube, (2.0,), (v,))[1])(5.0) == 12.0
    assert grad(lambda v: vjp(cube, 2.0)[1](v)[0])(5.0) == 12.0
    pullback = vjp(cube, 2.0)[1]
    assert grad(lambda v: pullback(v)[0])(5.0) == 12.0


def test_hessian_and_hvp_and_jacobian_nest():
    assert hessian(hessian(lambda x: x**4))(2.0) == 24.0
    assert grad(hessian(lambda x: x**4))(2.0) == 48.0
    assert grad(lambda x: hvp(lambda y: y**4, x, 1.0))(2.0) == 48.0
    assert jacobian(jacobian(lambda x: x * x))(np.array([1.0, 2.0])).shape == (2, 2, 2)
    assert grad(lambda x: jacobian(lambda y: y * y * x)(np.array([1.0, 2.0])).sum())(3.0) == 6.0


def test_the_derivatives_of_a_graph_inside_a_transform_are_part_of_its_graph():
    square = Chain(lambda x: x * x)
    assert grad(lambda x: x * jacobian(x * x, x))(3.0) == 12.0
    assert grad(lambda x: x * hessian(x**3, x))(3.0) == 36.0
    assert grad(lambda x: (square(x), x * square.jacobians()[0])[1])(3.0) == 12.0


def test_a_transform_that_failed_leaves_no_trace():
    with pytest.raises(ValueError, match="log"):
        grad(lambda x: log(x))(-1.0)
    assert type(grad(cube)(2.0)) is float


def test_threads_do_not_see_each_others_transforms():
    results = []

    def outer(x):
        thread = threading.Thread(target=lambda: results.append(grad(cube)(2.0)))
        thread.start()
        thread.join()
        return x * x

    assert grad(outer)(3.0) == 6.0
    assert (results, type(results[0])) == ([12.0], float)


# --- gradients --------------------------------------------------------------------------------------------------------


def test_gradients_have_the_shape_of_the_inputs():
    W, b = array(np.ones((2, 3)), "W"), array([1.0, 2.0], "b")
    L = tanh(W @ np.ones(3) + b).sum()
    gW, gb = gradients(L, [W, b])
    assert (type(gW), gW.shape, gb.shape) == (Array, (2, 3), (2,))
    L.backward()
    np.testing.assert_allclose(values(gW), grads(W), rtol=1e-15)
    np.testing.assert_allclose(values(gb), grads(b), rtol=1e-15)
    assert type(gradients(L, b[0])) is Value
    assert type(gradients(L, (b[0],))) is tuple


def test_gradients_can_be_differentiated_again():
    x = Value(3.0)
    orders = [x**3]
    for _ in range(4):
        orders.append(gradients(orders[-1], x))
    assert [v.data for v in orders] == [27.0, 27.0, 18.0, 6.0, 0.0]


def test_gradients_with_respect_to_an_intermediate_value():
    x = Value(3.0)
    y = x * x
    z = y * y
    gy, gx, gz = gradients(z, [y, x, z])
    assert (gy.data, gx.data, gz.data) == (18.0, 108.0, 1.0)


def test_gradients_are_zero_where_the_output_does_not_depend():
    x, other = Value(3.0), Value(4.0)
    assert gradients(x * x, [other])[0].data == 0.0
    assert gradients(x, []) == []


def test_gradients_write_no_grad():
    x = Value(3.0)
    y = x * x
    gradients(y, [x])
    assert (x.grad, y.grad) == (None, None)


def test_gradient_penalty_trains_through_gradients():
    w = Value(2.0)
    slope = gradients(w**3, w)
    (slope**2).backward()
    assert w.grad == pytest.approx(2 * 12 * 12)


# --- arguments of every kind ------------------------------------------------------------------------------------------


def test_an_output_that_is_an_array_without_axes_is_one_output():
    assert grad(lambda x: Array.holding(x * x))(3.0) == 6.0


def test_hidden_kinks_have_their_stated_conventions():
    assert [grad(f)(0.0) for f in (relu, absolute, step)] == [0.0, 0.0, 0.0]
    assert grad(lambda x: maximum(x, 0.0))(0.0) == 0.5
    assert grad(lambda x: maximum(x, x))(0.0) == 1.0


@pytest.mark.parametrize("transform", [jacobian, grad], ids=["jacobian", "grad"])
def test_a_function_is_handed_an_array_where_a_list_was_given(transform):
    np.testing.assert_array_equal(transform(lambda x: np.max(x * x))([1.0, 1.0, 1.0]), [2 / 3] * 3)
    assert np.shape(transform(lambda x: (x @ x).sum())([[1.0, 2.0], [3.0, 4.0]])) == (2, 2)


def test_a_list_of_arrays_or_of_lists_of_several_lengths_stays_a_list():
    assert grad(lambda x: x[0][1] * x[1][0] + len(x))([[1.0, 2.0], [3.0]]) == [[0.0, 3.0], [2.0]]
    a, b = grad(lambda p: p[0] @ p[1] * isinstance(p, list))([np.array([1.0, 2.0]), np.array([3.0, 4.0])])
    assert (a.tolist(), b.tolist()) == ([3.0, 4.0], [1.0, 2.0])


class Weights(NamedTuple):
    w: Any
    b: Any


def test_a_named_tuple_stays_one_in_every_transform():
    f, p = lambda p: p.w * p.b, Weights(2.0, 3.0)
    assert grad(f)(p) == value_and_grad(f)(p)[1] == vjp(f, p)[1](1.0)[0] == Weights(3.0, 2.0)
    assert type(grad(f)(p)) is type(exp(p)) is Weights
    assert jvp(lambda p: Weights(p.w * p.b, p.b), (p,), (Weights(1.0, 0.0),)) == ((6.0, 3.0), Weights(3.0, 0.0))
    assert check_grad(f, p) < 1e-6
    arrays = Weights(np.array([1.0, 2.0]), np.array([3.0]))
    H = hessian(lambda p: p.w.sum() * p.b.sum())(arrays)
    assert H.w.b.tolist() == [[1.0], [1.0]]
    assert jacobian(lambda p: p.w * 2.0)(arrays).w.tolist() == [[2.0, 0.0], [0.0, 2.0]]
