"""Derivatives of functions and of graphs: grad, gradients, jacobian, hessian, jvp, vjp, hvp, check_grad, replay."""

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
    log_softmax,
    logsumexp,
    maximum,
    ops,
    relu,
    sigmoid,
    softmax,
    step,
    sum,
    tanh,
    value_and_grad,
    values,
    vjp,
)
from tests.programs import cube


def form(x):
    """x₀² x₁, a function of a vector, with gradient [2 x₀ x₁, x₀²]."""
    return x[0] ** 2 * x[1]


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


# --- errors that point to the right place -----------------------------------------------------------------------------

LOST = [lambda x: x.data, lambda x: 3, lambda x: np.zeros(1) + x.data, lambda x: values(x)]


TRANSFORMS = [
    lambda f: grad(f)(2.0),
    lambda f: value_and_grad(f)(2.0),
    lambda f: jacobian(f)(2.0),
    lambda f: hessian(f)(2.0),
    lambda f: jvp(f, (2.0,), (1.0,)),
    lambda f: vjp(f, 2.0),
    lambda f: hvp(f, 2.0, 1.0),
]


@pytest.mark.parametrize("f", LOST)
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_function_that_lost_its_graph_is_told_so(f, transform):
    with pytest.raises(TypeError, match=r"returned a plain number.*constant\(c\)"):
        transform(f)


def test_a_function_that_lost_its_graph_is_named():
    def three(x):
        return 3.0

    with pytest.raises(TypeError, match="three returned a plain number"):
        grad(three)(2.0)


def test_a_function_that_returns_a_function_is_asked_for_the_call():
    with pytest.raises(TypeError, match=r"returned a function \(is its call missing\?\)"):
        grad(lambda x: lambda y: x * y)(2.0)


def into_floats(v):
    o = np.zeros(2)
    o[0] = v * v
    return o.sum() + v


LOSES = {
    "math.sin": lambda x: math.sin(x),
    "math.erf in part": lambda x: x * 0.5 * (1 + math.erf(x / 2)) + x,
    "float in part": lambda x: float(x) * x,
    "math.floor": lambda x: math.floor(x) * x,
    "a float array": into_floats,
    "np.gradient": lambda x: (np.gradient(array([x, x * x, 1.0])) * x).sum(),
    "np.i0": lambda x: (np.i0(array([x])) * x).sum(),
    "np.linalg.qr": lambda x: (np.linalg.qr(array([[x, 0.0], [0.0, x]]))[0] * x).sum(),
    "np.interp": lambda x: np.interp(x, [0.0, 3.0], [0.0, 2.0]) + x,
    "astype": lambda x: (array([x]).astype(float) * x).sum(),
    "an inner transform": lambda x: x * grad(lambda y: float(x) * y)(1.0),
}


@pytest.mark.parametrize("name", LOSES)
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_what_takes_a_number_out_of_the_graph_in_part_of_a_formula_is_refused_with_its_line(name, transform):
    with pytest.raises(
        TypeError,
        match=r"test_transforms\.py, line \d+ .*(takes the number of .* out of the graph.*v\.data|lose their graph)",
    ):
        transform(LOSES[name])


def test_numbers_that_no_derivative_is_taken_by_may_leave_the_graph():
    w = Value(3.0, "w")
    assert grad(lambda x: x * float(w))(2.0) == 3.0
    assert grad(lambda x: x * float(constant(3.0)))(2.0) == 3.0
    assert grad(lambda x: x * x.data)(2.0) == 2.0
    assert grad(lambda x: x * x if x > 1 else x)(2.0) == 4.0
    assert math.sin(Value(2.0)) == math.sin(2.0)
    assert grad(lambda x: f"{x:.1f}" and x * round(x))(2.2) == 2.0


@pytest.mark.parametrize("given", [Value(1.0), array([1.0]), 3.0, None])
def test_transforms_of_what_is_no_function_point_to_those_of_graphs(given):
    with pytest.raises(TypeError, match=r"grad takes a function; got .*gradients\(output, inputs\)"):
        grad(given)
    with pytest.raises(TypeError, match=r"hessian takes a function.*hessian\(output, inputs\)"):
        hessian(given)
    with pytest.raises(TypeError, match=r"jacobian takes a function.*jacobian\(outputs, inputs\)"):
        jacobian(given)
    with pytest.raises(TypeError, match="vjp takes a function"):
        vjp(given, 1.0)
    with pytest.raises(TypeError, match="jvp takes a function"):
        jvp(given, (1.0,), (1.0,))


def test_grad_called_as_gradients_points_there():
    w = Value(1.0)
    with pytest.raises(TypeError, match=r"gradients\(output, inputs\)"):
        grad(w * 2, [w])


def test_hvp_of_a_number_is_told_what_to_give():
    with pytest.raises(TypeError, match="hvp takes a function"):
        hvp(3.0, 2.0, 1.0)


@pytest.mark.parametrize("several", [lambda x: [x, x], lambda x: [x], lambda x: x * np.ones(2)])
def test_grad_of_several_outputs_points_to_jacobian(several):
    with pytest.raises(TypeError, match=r"one output.*jacobian"):
        grad(several)(2.0)


def test_an_output_that_is_an_array_without_axes_is_one_output():
    assert grad(lambda x: Array.holding(x * x))(3.0) == 6.0


@pytest.mark.parametrize("output", [[Value(1.0)], array([1.0]), 2.0])
def test_gradients_of_several_outputs_point_to_jacobian(output):
    with pytest.raises(TypeError, match=r"one output Value.*jacobian"):
        gradients(output, [Value(1.0)])


def test_inputs_that_are_no_values_or_take_no_gradient_are_refused():
    x, c = Value(1.0), constant(2.0, "c")
    with pytest.raises(TypeError, match=r"inputs are Values.*float 2\.0"):
        gradients(x, [2.0])
    with pytest.raises(ValueError, match=r"name='c'.*takes no gradient"):
        gradients(x * c, [c])
    with pytest.raises(ValueError, match="takes no gradient"):
        jacobian(x * c, c)


@pytest.mark.parametrize("argnum", [2, -3, "x", 1.0, (0, 5)])
def test_an_argnum_that_is_no_argument_is_refused(argnum):
    with pytest.raises(ValueError, match=r"argnum .* with 2 arguments"):
        grad(lambda x, y: x * y, argnum)(1.0, 2.0)


def test_an_argnum_of_a_call_without_arguments_is_refused():
    with pytest.raises(ValueError, match="argnum 0 of a call with 0 arguments"):
        grad(lambda: constant(1.0))()


@pytest.mark.parametrize(
    "call", [lambda: jvp(cube, 2.0, 1.0), lambda: jvp(cube, (2.0,), (1.0, 2.0)), lambda: jvp(cube, (2.0,), 1.0)]
)
def test_jvp_without_tuples_says_what_it_takes(call):
    with pytest.raises(TypeError, match="tuple of primals and a tuple of tangents"):
        call()


def test_partners_of_another_length_are_refused():
    with pytest.raises(ValueError, match="tangent has 2 numbers for 1"):
        jvp(cube, (2.0,), ([1.0, 2.0],))
    with pytest.raises(ValueError, match="cotangent has 2 numbers for 1"):
        vjp(cube, 2.0)[1]([1.0, 2.0])
    with pytest.raises(ValueError, match="vector has 3 numbers for 2"):
        hvp(form, [1.0, 2.0], [1.0, 2.0, 3.0])


@pytest.mark.parametrize("x", ["a", None, 1j, {"a": 1.0}])
def test_arguments_that_are_no_numbers_are_refused(x):
    with pytest.raises(TypeError, match="one real number"):
        grad(lambda x: x)(x)


def test_hidden_kinks_have_their_stated_conventions():
    assert [grad(f)(0.0) for f in (relu, absolute, step)] == [0.0, 0.0, 0.0]
    assert grad(lambda x: maximum(x, 0.0))(0.0) == 0.5
    assert grad(lambda x: maximum(x, x))(0.0) == 1.0


def test_hessians_of_lists_of_arrays_come_in_blocks():
    W, b = array([1.0, 2.0]), array([3.0])
    (WW, Wb), (bW, bb) = hessian(W[0] * W[1] * b[0], [W, b])
    np.testing.assert_array_equal(WW, [[0.0, 3.0], [3.0, 0.0]])
    np.testing.assert_array_equal(Wb, [[2.0], [1.0]])
    np.testing.assert_array_equal(bW, Wb.T)
    np.testing.assert_array_equal(bb, [[0.0]])


def test_a_function_without_a_return_is_told_so():
    with pytest.raises(TypeError, match="returned None"):
        grad(lambda x: None)(1.0)


def test_an_output_that_stands_twice_takes_both_cotangents():
    assert vjp(lambda x: [x * x] * 2, 3.0)[1]([1.0, 10.0]) == (66.0,)
    assert vjp(lambda x: [x, x], 3.0)[1]([1.0, 2.0]) == (3.0,)


def test_hvp_of_a_graph_takes_an_input_twice():
    x = Value(2.0)
    assert hvp(x**3, [x, x], [1.0, 1.0]) == [24.0, 24.0]


def test_hessian_of_a_function_of_a_list_of_arrays_at_values_has_its_jacobians():
    J = jacobian(lambda p: p[0].sum() * p[1])([array([1.0, 2.0]), array([3.0])])
    assert [part.shape for part in J] == [(1, 2), (1, 1)]


def test_a_bound_method_names_its_argument_not_self():
    class Model:
        def loss(self, x):
            return log(x)

    with pytest.raises(ValueError, match=r"0\.0 from x"):
        grad(Model().loss)(0.0)


@pytest.mark.parametrize("transform", [jacobian, grad], ids=["jacobian", "grad"])
def test_a_function_is_handed_an_array_where_a_list_was_given(transform):
    np.testing.assert_array_equal(transform(lambda x: np.max(x * x))([1.0, 1.0, 1.0]), [2 / 3] * 3)
    assert np.shape(transform(lambda x: (x @ x).sum())([[1.0, 2.0], [3.0, 4.0]])) == (2, 2)


def test_a_list_of_arrays_or_of_lists_of_several_lengths_stays_a_list():
    assert grad(lambda x: x[0][1] * x[1][0] + len(x))([[1.0, 2.0], [3.0]]) == [[0.0, 3.0], [2.0]]
    a, b = grad(lambda p: p[0] @ p[1] * isinstance(p, list))([np.array([1.0, 2.0]), np.array([3.0, 4.0])])
    assert (a.tolist(), b.tolist()) == ([3.0, 4.0], [1.0, 2.0])


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
