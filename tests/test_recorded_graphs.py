"""Recorded equals eager: outputs of every shape, derivatives taken inside, infinite numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from autograd import (
    Chain,
    Value,
    array,
    constant,
    dot,
    exp,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    log,
    log_softmax,
    logsumexp,
    maximum,
    minimum,
    record,
    refusals,
    relu,
    sigmoid,
    sin,
    softmax,
    sqrt,
    step,
    sum as total,
    tanh,
    value_and_grad,
    values,
    where,
    zero_grad,
)
from tests.row_by_row import assert_near, assert_recorded_is_eager, graphs, loss_and_gradient

X3 = np.random.default_rng(7).normal(size=(6, 3))


# --- outputs ----------------------------------------------------------------------------------------------------------


W23 = array([[0.5, -1.0, 2.0], [1.0, 0.25, -0.75]], "W")


@pytest.mark.parametrize(
    ("f", "shape"),
    [
        (lambda x: W23 @ x, (2,)),
        (lambda x: list(W23 @ x), (2,)),
        (lambda x: tuple(W23 @ x), (2,)),
        (lambda x: [(W23 @ x)[0]], (1,)),
        (lambda x: W23 * x, (2, 3)),
        (lambda x: [list(W23[0] * x), list(W23[1])], (2, 3)),
        (lambda x: (W23 * x)[None], (1, 2, 3)),
        (lambda x: softmax(W23 @ x), (2,)),
        (lambda x: [x[1], x[1], x[0]], (3,)),
        (lambda x: x, (3,)),
        (lambda x: W23[0], (3,)),
        (lambda x: W23, (2, 3)),
        (lambda x: [constant(2.0), constant(2.0)], (2,)),
        (lambda x: [x[2], W23[1, 1], constant(7.0), x[2] * W23[1, 1], x[2]], (5,)),
        (lambda x: [-x[0], x[0] * 2.0, tanh(x[0] * 2.0), x[0]], (4,)),
    ],
)  # fmt: skip
def test_outputs_of_every_shape_come_back_in_it(f, shape):
    program = record(f, X3[0])
    got = program(X3)
    assert got.shape == (len(X3), *shape)
    assert got.dtype == float
    assert_near(got, [values(f(array(x, role="input"))) for x in X3])
    without = record(lambda: f(constant(X3[0])))
    assert without().shape == shape
    assert_near(without(), values(f(constant(X3[0]))))


PAIR = Value(2.0, "p"), Value(3.0, "q")


@pytest.mark.parametrize(
    "f",
    [
        lambda x: PAIR[0],
        lambda x: PAIR[0] * PAIR[1],
        lambda x: PAIR[0] * 2.0,
        lambda x: 1.0 * PAIR[0] + 0.0,
        lambda x: -PAIR[0],
        lambda x: x,
        lambda x: x * x,
        lambda x: -x,
        lambda x: constant(4.0),
        lambda x: constant(4.0) * 2.0,
        lambda x: 0.0 * PAIR[0],
        lambda x: step(PAIR[0]) * 2.0,
        lambda x: x + PAIR[0],
        lambda x: x + PAIR[0] + PAIR[0],
        lambda x: PAIR[0] * PAIR[0],
        lambda x: total([PAIR[0], PAIR[0], x, x]),
        lambda x: dot([PAIR[0], x], [x, PAIR[0]]),
        lambda x: dot([PAIR[0], x], [PAIR[0], x]),
        lambda x: PAIR[0] - PAIR[0],
        lambda x: x / x * PAIR[0],
        lambda x: where(step(x), PAIR[0], PAIR[1]),
        lambda x: where(True, PAIR[0], x),
        lambda x: where(PAIR[0], x, PAIR[1]),
        lambda x: maximum(x, x) * PAIR[0],
        lambda x: logsumexp([PAIR[0]]),
        lambda x: log_softmax([PAIR[0], PAIR[0]])[0] * x,
        lambda x: log_softmax([x])[0] + PAIR[0],
    ],
)
def test_what_depends_on_the_data_or_the_parameters_or_on_neither_is_recorded(f):
    assert_recorded_is_eager(f, np.array([1.0, -2.0, 0.5]))
    for x in (constant(1.5), Value(1.5, "x")):
        assert_recorded_is_eager(lambda x=x: f(x))


def test_an_output_that_stands_twice_is_computed_once():
    w = Value(2.0, "w")
    program = record(lambda x: [tanh(w * x)] * 3, 1.0)
    assert program.source.count("tanh(") == 1 + program.source.count("= tanh(")
    np.testing.assert_array_equal(program([0.5]), [[np.tanh(1.0)] * 3])


def test_backward_adds_to_grad_as_that_of_a_value_does():
    w, unused = Value(2.0, "w"), Value(1.0)
    w.grad = 100.0
    program = record(lambda x: w * x, 1.0)
    assert program.backward([1.0, 3.0]) == 4.0
    assert w.grad == 102.0
    program.backward([1.0, 3.0], reduction="sum")
    assert w.grad == 106.0
    assert unused.grad is None


def test_a_parameter_that_the_output_does_not_depend_on_smoothly_gets_a_gradient_of_0():
    w = Value(2.0, "w")
    record(lambda x: step(w * x), 1.0).backward([1.0])
    assert w.grad == 0.0


W = Value(0.75, "w")


# --- derivatives inside -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda x: grad(lambda z: sigmoid(W * z))(x),
        lambda x: grad(lambda z: sigmoid(W * z))(x) ** 2 + tanh(W * x),
        lambda x: grad(grad(lambda z: tanh(W * z)))(x),
        lambda x: grad(lambda z: relu(W * z) * z)(x),
        lambda x: grad(lambda z: z**3 * W)(x),
        lambda x: grad(lambda z: z**W)(exp(x)),
        lambda x: grad(lambda z: maximum(z, W) * minimum(z, W))(x),
        lambda x: grad(lambda z: where(step(z), z * z, W * z))(x),
        lambda x: grad(lambda z: log_softmax([z, W, 1.0])[0])(x),
        lambda x: grad(lambda z: logsumexp([z, W, z * z]))(x),
        lambda x: hessian(lambda z: tanh(z[0] * z[1]) * W)([x, W])[0][1],
        lambda x: jvp(lambda z: sin(W * z), (x,), (W,))[1],
        lambda x: hvp(lambda z: z[0] ** 3 * z[1], [x, W], [1.0, x])[0],
        lambda x: value_and_grad(lambda z: sigmoid(W * z))(x)[0] * value_and_grad(lambda z: sin(W * z))(x)[1],
        lambda x: grad(lambda u: grad(lambda z: u * z * z)(x) * u)(W),
    ],
)  # fmt: skip
def test_a_derivative_taken_inside_is_recorded(f):
    assert_recorded_is_eager(f, np.array([0.5, -1.25, 2.0, 0.1]), rel=1e-11)


@pytest.mark.parametrize(
    "f",
    [
        lambda z: where(step(z), sqrt(maximum(z, 0.0)), W * z),
        lambda z: where(step(z), maximum(z, 0.0) ** 0.5, W * z),
        lambda z: sqrt(abs(z) * relu(z)) * step(z),
    ],
)
@pytest.mark.parametrize("derivative", [grad, lambda f: lambda x: jvp(f, (x,), (1.0,))[1]], ids=["grad", "jvp"])
def test_an_example_in_a_dead_branch_does_not_cut_the_derivative_of_other_rows_off(f, derivative):
    x = np.array([-1.0, 4.0, 2.0])
    eager = [float(derivative(f)(number)) for number in x]
    try:
        program = record(lambda x: derivative(f)(x), x[0])
    except refusals.ERRORS:
        return  # an example at which the derivative is missing may be refused
    assert_near(program(x), eager)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: jacobian(tanh(W * x * x), [x])[0] * x,
        lambda x: hessian(tanh(W * x * x), [x])[0, 0] * x,
        lambda x: stages_of(Chain(lambda z: tanh(W * z * z)), x) * x,
        lambda x: jacobian(lambda z: tanh(W * z * z))(x) * x,
    ],
    ids=["jacobian of a graph", "hessian of a graph", "jacobians of a chain", "jacobian of a function"],
)
def test_a_derivative_that_comes_as_plain_numbers_is_refused_while_recording_or_right(f):
    x = np.array([0.5, -1.25, 2.0])
    try:
        program = record(f, x[0])
    except TypeError:
        return
    assert_near(program(x), [v.data for v in graphs(f, x)])


def stages_of(chain, x):
    chain(x)
    return np.ravel(chain.jacobians()[0])[0]


# --- where eager is content -------------------------------------------------------------------------------------------


ROOT = Value(1.0, "a")


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: where(step(x), sqrt(maximum(x * ROOT, 0.0)), 0.0), [4.0, -1.0, 2.0, 0.0]),
        (lambda x: where(step(x), sqrt(maximum(x * ROOT, 0.0)), ROOT * x), [4.0, -1.0, 2.0, 0.0]),
        (lambda x: where(step(x), log(maximum(x * ROOT, 1e-300)), ROOT * x), [4.0, -1.0, 2.0, 0.0]),
        (lambda x: where(step(x), ROOT * x * 1e300, ROOT), [1.0, -1e10, 0.5]),
        (lambda x: minimum(ROOT * x * 1e300, 1.0), [1.0, 1e10, -0.5]),
        (lambda x: tanh(ROOT * x * 1e300 + x * 1e300), [1.0, 1e10, -1e10]),
        (lambda x: ROOT * x * 1e300, [1.0, 1e10, 0.5]),
        (lambda x: ROOT + x + 1e308, [1e308, 1.0]),
        (lambda x: relu(x * ROOT) ** 0.5 * step(x), [4.0, -1.0]),
        (lambda x: sqrt(x * x) * 0.0 + ROOT, [0.0, 1.0]),
        (lambda x: 1.0 / (1.0 + ROOT * x * 1e308 * 10.0), [1.0, 2.0]),
        (lambda x: logsumexp([ROOT * x, -math.inf]), [1.0, 2.0]),
        (lambda x: maximum(ROOT * x, -math.inf), [1.0, 2.0]),
        (lambda x: minimum(ROOT * x, math.inf), [1.0, 2.0]),
        (lambda x: ROOT * math.inf, [1.0, 2.0]),
        (lambda x: ROOT * x * math.inf, [1.0, -2.0]),
        (lambda x: where(step(x), ROOT * math.inf, ROOT * x), [-1.0, -2.0]),
        (lambda x: ROOT * math.nan, [1.0, 2.0]),
        (lambda x: where(step(x), ROOT * math.nan, ROOT * x), [-1.0, -2.0]),
        (lambda x: total([ROOT * math.inf, x]), [-1.0, -2.0]),
        (lambda x: dot([ROOT, x], [math.inf, x]), [-1.0, -2.0]),
    ],
)  # fmt: skip
def test_where_the_eager_graph_is_content_with_inf_or_nan_the_recorded_one_is_too(f, x):
    for rows in (x, [x[-1]], x * 50):
        rows = np.array(rows)
        program = record(f, x[0])
        zero_grad(program.parameters)
        assert_near(program(rows), [v.data for v in graphs(f, rows)])
        loss, gradient = loss_and_gradient(f, program.parameters, rows)
        got = program.value_and_grad(program.theta(), rows)
        assert_near(got[0], loss)
        assert_near(got[1], gradient)


def test_rows_of_plus_and_minus_infinity_add_up_to_nan_without_a_warning():
    w = Value(1.0, "w")
    program = record(lambda x: w * x * 1e308, 1.0)
    assert math.isnan(program.backward([10.0, -10.0]))
    assert math.isnan(w.grad)


def test_an_adjoint_that_is_infinite_without_rows_is_recorded():
    a, b = Value(1.0, "a"), Value(2.0, "b")
    assert record(lambda: a * math.inf + b).backward() == math.inf
    assert (a.grad, b.grad) == (math.inf, 1.0)
