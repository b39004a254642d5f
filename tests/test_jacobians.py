"""Jacobians and Hessians, of functions and of graphs, and their products with vectors: jvp, vjp, hvp."""

import math

import numpy as np
import pytest

from autograd import (
    Array,
    Value,
    array,
    constant,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    log_softmax,
    logsumexp,
    ops,
    softmax,
    sum,
    tanh,
    values,
    vjp,
)
from tests.programs import cube, form

# --- jacobian and hessian ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outputs", "inputs", "shape"),
    [
        (lambda W, x: W @ x, lambda W, x: W, (2, 2, 3)),
        (lambda W, x: W @ x, lambda W, x: x, (2, 3)),
        (lambda W, x: (W @ x).sum(), lambda W, x: W, (2, 3)),
        (lambda W, x: (W @ x).sum(), lambda W, x: x[0], ()),
        (lambda W, x: [x[0], x[1] * x[0]], lambda W, x: [x[0], x[1]], (2, 2)),
        (lambda W, x: W, lambda W, x: W, (2, 3, 2, 3)),
    ],
)
def test_jacobian_of_a_graph_has_the_shape_of_outputs_and_inputs(outputs, inputs, shape):
    W, x = array(np.ones((2, 3))), array([1.0, 2.0, 3.0])
    J = jacobian(outputs(W, x), inputs(W, x))
    assert np.shape(J) == shape
    assert np.asarray(J).dtype == float


def test_jacobian_of_a_matrix_product_is_the_matrix():
    W, x = array(np.arange(6.0).reshape(2, 3)), array(np.ones(3))
    assert jacobian(W @ x, x).tolist() == values(W).tolist()


def test_jacobian_with_respect_to_a_list_of_arrays_is_a_list():
    W, b = array(np.ones((2, 3))), array([1.0, 2.0])
    parts = jacobian(W @ np.ones(3) + b, [W, b])
    assert [p.shape for p in parts] == [(2, 2, 3), (2, 2)]


def test_jacobian_of_a_function_is_a_function():
    assert jacobian(lambda x: [x[0] * x[1], x[0]])([3.0, 4.0]).tolist() == [[4.0, 3.0], [1.0, 0.0]]
    assert jacobian(lambda x: x @ x)(np.array([1.0, 2.0])).tolist() == [2.0, 4.0]
    assert jacobian(cube)(2.0) == 12.0
    np.testing.assert_allclose(jacobian(softmax)(np.zeros(2)), [[0.25, -0.25], [-0.25, 0.25]])
    assert jacobian(lambda W: W @ np.ones(3))(np.ones((2, 3))).shape == (2, 2, 3)


def test_jacobian_and_hessian_pass_further_arguments_on_and_differentiate_by_the_first():
    assert jacobian(lambda x, y: x * y)(2.0, 3.0) == 3.0
    assert jacobian(lambda x, *, scale: [scale * x[0], x[1]])([1.0, 2.0], scale=5.0).tolist() == [
        [5.0, 0.0],
        [0.0, 1.0],
    ]
    assert hessian(lambda x, y: x * x * y)(2.0, y=3.0) == 6.0
    assert jacobian(lambda w, x: w * x)(2.0, x=3.0) == 3.0
    assert isinstance(jacobian(lambda x, y: x * y)(2.0, Value(3.0)), Value)


def test_the_hessian_of_a_function_of_a_list_of_arrays_comes_in_blocks():
    W, b, x = np.array([[1.0, 2.0], [0.5, -1.0]]), np.array([0.3, -0.2]), np.array([2.0, -1.0])
    blocks = hessian(lambda p: sum((p[0] @ x + p[1]) ** 2))([W, b])
    assert [[block.shape for block in row] for row in blocks] == [[(2, 2, 2, 2), (2, 2, 2)], [(2, 2, 2), (2, 2)]]
    np.testing.assert_allclose(blocks[0][0], 2 * np.einsum("ik,j,l->ijkl", np.eye(2), x, x))
    np.testing.assert_allclose(blocks[1][1], 2 * np.eye(2))


def test_jacobian_at_values_is_an_array_of_values():
    J = jacobian(lambda x: x * x)(array([1.0, 2.0]))
    assert type(J) is Array
    assert values(J).tolist() == [[2.0, 0.0], [0.0, 4.0]]
    assert type(jacobian(cube)(Value(2.0))) is Value


def test_hessian_of_a_graph_and_of_a_function_agree_and_are_symmetric():
    x = array([3.0, 2.0])
    H = hessian(form(x), x)
    assert H.tolist() == hessian(form)(np.array([3.0, 2.0])).tolist() == [[4.0, 6.0], [6.0, 0.0]]
    assert hessian(lambda W: (W * W).sum())(np.ones((2, 2))).shape == (2, 2, 2, 2)
    assert hessian(cube(x[0]), x[0]) == 18.0


def test_the_hessian_of_logsumexp_keeps_its_digits_in_the_tail():
    H = hessian(logsumexp)(np.array([60.0, 0.0]))
    p = math.exp(-60)
    np.testing.assert_allclose(H, [[p, -p], [-p, p]], rtol=1e-13)


# --- jvp, vjp, hvp ----------------------------------------------------------------------------------------------------


def test_jvp_gives_value_and_tangent():
    assert jvp(lambda x, y: x * y, (3.0, 4.0), (1.0, 0.5)) == (12.0, 5.5)
    y, dy = jvp(lambda x: x * x, (np.array([1.0, 2.0]),), (np.array([1.0, 0.5]),))
    assert (y.tolist(), dy.tolist()) == ([1.0, 4.0], [2.0, 2.0])
    assert jvp(lambda x: [x, (x * x, x)], [2.0], [1.0]) == ([2.0, (4.0, 2.0)], [1.0, (4.0, 1.0)])
    assert jvp(lambda x: constant(1.0), (3.0,), (1.0,)) == (1.0, 0.0)


def test_jvp_of_values_gives_values():
    y, dy = jvp(cube, (Value(2.0),), (1.0,))
    assert (type(y), type(dy), dy.data) == (Value, Value, 12.0)
    t = Value(5.0)
    _, dy = jvp(cube, (2.0,), (t,))
    dy.backward()
    assert (dy.data, t.grad) == (60.0, 12.0)


def test_vjp_gives_value_and_pullback_with_one_entry_per_argument():
    y, pullback = vjp(lambda x, y: x * y, 3.0, 4.0)
    assert (y, pullback(1.0), pullback(2.0)) == (12.0, (4.0, 3.0), (8.0, 6.0))
    y, pullback = vjp(lambda x: x * x, np.array([1.0, 2.0]))
    assert pullback(np.array([1.0, 10.0]))[0].tolist() == [2.0, 40.0]
    assert vjp(lambda x: [x, x * x], 2.0)[1]([1.0, 1.0]) == (5.0,)


def test_vjp_of_values_gives_values():
    x = Value(2.0)
    (bar,) = vjp(cube, x)[1](1.0)
    bar.backward()
    assert (bar.data, x.grad) == (12.0, 12.0)
    assert type(vjp(cube, 2.0)[1](Value(1.0))[0]) is Value


def test_forward_and_reverse_mode_agree_on_a_network():
    rng = np.random.default_rng(0)
    W, x, v, u = rng.normal(size=(3, 2)), rng.normal(size=2), rng.normal(size=2), rng.normal(size=3)

    def f(x):
        return log_softmax(tanh(W @ x))

    forward = jvp(f, (x,), (v,))[1] @ u
    reverse = vjp(f, x)[1](u)[0] @ v
    assert forward == pytest.approx(reverse, rel=1e-13)


def test_hvp_is_the_hessian_times_the_vector():
    v = np.array([1.0, -2.0])
    x = array([3.0, 2.0])
    expected = (hessian(form)(np.array([3.0, 2.0])) @ v).tolist()
    assert hvp(form, np.array([3.0, 2.0]), v).tolist() == expected
    assert hvp(form(x), x, v).tolist() == expected
    assert hvp(form, [3.0, 2.0], list(v)) == expected
    assert hvp(cube, 2.0, 1.0) == 12.0
    assert hvp(lambda x: 3 * x, 2.0, 1.0) == 0.0


def test_hvp_of_several_arrays_keeps_their_shapes():
    W, b = array(np.ones((2, 3))), array([1.0, 2.0])
    L = tanh(W @ np.ones(3) + b).sum()
    parts = hvp(L, [W, b], [np.ones((2, 3)), np.zeros(2)])
    assert [np.shape(p) for p in parts] == [(2, 3), (2,)]


def test_hvp_of_values_gives_values():
    h = hvp(cube, Value(2.0), 1.0)
    assert (type(h), h.data) == (Value, 12.0)


# --- kept in second derivatives ---------------------------------------------------------------------------------------


def test_hessians_of_lists_of_arrays_come_in_blocks():
    W, b = array([1.0, 2.0]), array([3.0])
    (WW, Wb), (bW, bb) = hessian(W[0] * W[1] * b[0], [W, b])
    np.testing.assert_array_equal(WW, [[0.0, 3.0], [3.0, 0.0]])
    np.testing.assert_array_equal(Wb, [[2.0], [1.0]])
    np.testing.assert_array_equal(bW, Wb.T)
    np.testing.assert_array_equal(bb, [[0.0]])


def test_an_output_that_stands_twice_takes_both_cotangents():
    assert vjp(lambda x: [x * x] * 2, 3.0)[1]([1.0, 10.0]) == (66.0,)
    assert vjp(lambda x: [x, x], 3.0)[1]([1.0, 2.0]) == (3.0,)


def test_hvp_of_a_graph_takes_an_input_twice():
    x = Value(2.0)
    assert hvp(x**3, [x, x], [1.0, 1.0]) == [24.0, 24.0]


def test_hessian_of_a_function_of_a_list_of_arrays_at_values_has_its_jacobians():
    J = jacobian(lambda p: p[0].sum() * p[1])([array([1.0, 2.0]), array([3.0])])
    assert [part.shape for part in J] == [(1, 2), (1, 1)]


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0, 3.0])
def test_a_power_has_second_derivatives_at_0_by_the_base_alone(exponent):
    w = Value(exponent, "w")  # by which nobody asks
    right = 2.0 if exponent == 2.0 else 0.0
    assert hessian(lambda x: x[0] ** w)([0.0]).tolist() == [[right]]


@pytest.mark.parametrize("name", sorted(name for name in ops.BUILT_IN if ops.TABLE[name].arity == 1))
def test_an_adjoint_that_is_0_at_the_point_keeps_its_own_derivative(name):
    op = ops.TABLE[name]
    slope = grad(op)(0.7)
    H = hessian(lambda x: x[0] * op(x[1]))([0.0, 0.7])
    # Of tanh and σ numbers compute the partial by another form than graphs do, which differs in the last digit.
    np.testing.assert_allclose(H, [[0.0, slope], [slope, 0.0]], rtol=4 * np.finfo(float).eps)
