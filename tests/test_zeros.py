"""0 · ∞: an adjoint of 0 passes nothing to a missing derivative where it stays 0 around the point, else it is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

import viz
from autograd import (
    Value,
    check_grad,
    constant,
    cos,
    dot,
    exp,
    grad,
    gradients,
    hessian,
    hvp,
    jacobian,
    jvp,
    log,
    maximum,
    record,
    relu,
    sigmoid,
    sign,
    sqrt,
    step,
    sum as total,
    tanh,
    vjp,
    where,
)

HERE_ONLY = {
    "sqrt(x)**2": lambda x: sqrt(x) ** 2,
    "cos(sqrt(x))": lambda x: cos(sqrt(x)),
    "x * sqrt(x)": lambda x: x * sqrt(x),
    "sqrt(x) * sqrt(x)": lambda x: sqrt(x + 0) * sqrt(x + 0),
    "relu(sqrt(x))": lambda x: relu(sqrt(x)),
    "behind rounding": lambda x: sqrt((x + 1) - 1) ** 2,
    "behind a sum": lambda x: exp(sqrt(x) ** 2 + x) - x,
    "norm": lambda x: (sqrt(x * x) * 2) ** 2,
}

STAYS = {
    "a branch not taken": (lambda x: where(0.0, sqrt(x), x * x + x), 1.0),
    "a condition that stays": (lambda x: where(step(x - 1), sqrt(x), 3 * x), 3.0),
    "a dead relu": (lambda x: relu(sqrt(x) - 1) + x, 1.0),
    "a mask": (lambda x: 0.0 * sqrt(x) + x, 1.0),
    "a maximum": (lambda x: maximum(sqrt(x), 1.0) + 2 * x, 2.0),
    "a step": (lambda x: step(sqrt(x) - 2) + x, 1.0),
    "a mask of masks": (lambda x: total([0.0 * sqrt(x * k) for k in range(4)]) + x, 1.0),
}


def met(f):
    """Each way a derivative of f at 0 is asked for."""
    x = Value(0.0, "x")
    return {
        "backward": lambda: f(x).backward(),
        "gradients": lambda: gradients(f(x), [x]),
        "grad": lambda: grad(f)(0.0),
        "grad of grad": lambda: grad(grad(f))(0.0),
        "jacobian": lambda: jacobian(lambda x: [f(x), x])(0.0),
        "hessian": lambda: hessian(f)(0.0),
        "hvp": lambda: hvp(f, 0.0, 1.0),
        "jvp": lambda: jvp(f, (0.0,), (1.0,)),
        "vjp": lambda: vjp(f, 0.0)[1](1.0),
        "latex": lambda: viz.latex(f(x), wrt=x),
        "steps": lambda: viz.steps(f(x)),
        "table": lambda: viz.table(f(x), tangents=x),
    }


@pytest.mark.parametrize("way", met(sqrt))
@pytest.mark.parametrize("name", HERE_ONLY)
def test_a_zero_at_this_point_only_does_not_swallow_a_missing_derivative(name, way):
    with pytest.raises(
        (ValueError, ZeroDivisionError), match=r"has no derivative here.*dot\(x, x\)|a gradient of .* reaches it"
    ):
        met(HERE_ONLY[name])[way]()


@pytest.mark.parametrize("name", STAYS)
def test_a_zero_around_the_point_passes_nothing_on_in_both_modes(name):
    f, slope = STAYS[name]
    assert grad(f)(0.0) == slope
    assert jvp(f, (0.0,), (1.0,))[1] == slope
    assert vjp(f, 0.0)[1](1.0) == (slope,)
    assert jacobian(lambda x: [f(x), f(x), x])(0.0).tolist() == [slope, slope, 1.0]
    assert check_grad(f, 0.0) < 1e-6


def test_an_independent_zero_passes_nothing_on():
    assert grad(lambda x, v: v * sqrt(x), (0, 1))(0.0, 0.0) == (0.0, 0.0)
    assert jvp(lambda x, v: v * sqrt(x), (0.0, 0.0), (1.0, 0.0)) == (0.0, 0.0)
    v = Value(0.0)
    assert grad(lambda x: v * sqrt(x) + x)(0.0) == 1.0


@pytest.mark.parametrize("flat", [sign, step])
def test_a_flat_function_passes_nothing_to_what_has_no_value_around_the_point(flat):
    f = lambda y: exp(flat((-1.5) ** y)) + y  # noqa: E731
    assert (grad(f)(2.0), jvp(f, (2.0,), (1.0,))[1], jacobian(f)(2.0)) == (1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="power has no derivative here"):
        grad(lambda y: exp((-1.5) ** y))(2.0)


def test_the_square_of_a_norm_is_a_dot_product():
    with pytest.raises(ZeroDivisionError, match=r"dot\(x, x\) for the square of a norm"):
        hessian(lambda b: 0.5 * np.linalg.norm(b) ** 2)(np.zeros(2))
    np.testing.assert_array_equal(hessian(lambda b: 0.5 * dot(b, b))(np.zeros(2)), np.eye(2))


def test_a_tangent_that_is_zero_at_this_point_only_meets_a_missing_derivative():
    with pytest.raises(ZeroDivisionError):
        jvp(lambda t: sqrt(t * t), (0.0,), (1.0,))
    assert jvp(sqrt, (0.0,), (0.0,)) == (0.0, 0.0)


def test_a_refused_backward_pass_leaves_every_gradient_as_it_was():
    x = Value(0.0, "x")
    (3 * x).backward()
    with pytest.raises(ZeroDivisionError):
        (sqrt(x) ** 2 + x).backward()
    assert x.grad == 3.0


def test_zeros_beside_missing_derivatives_of_constants_are_no_question():
    x = Value(2.0)
    (sqrt(constant(0.0)) * (x - x) + x).backward()
    assert x.grad == 1.0


def test_many_dead_branches_are_judged_at_once(monkeypatch):
    from autograd import zeros

    moves = []
    moved = zeros.Zeros._moved
    monkeypatch.setattr(zeros.Zeros, "_moved", lambda self, *args: moves.append(args) or moved(self, *args))
    x = [Value(0.0, f"x{k}") for k in range(50)]
    total([where(0.0, sqrt(v), v) for v in x]).backward()
    assert {v.grad for v in x} == {1.0}
    assert len(moves) == 2


def test_a_saturated_unit_behind_an_infinite_input_is_flat():
    assert grad(lambda w: tanh(float("inf") * w))(2.0) == 0.0
    assert grad(lambda w: sigmoid(w * float("inf")))(-2.0) == 0.0


def test_an_infinite_slope_is_refused_where_it_is_reached():
    with pytest.raises(ValueError, match="log is defined"):
        grad(lambda x: log(x) * x)(0.0)


@pytest.mark.parametrize("name", HERE_ONLY)
def test_a_recorded_program_refuses_as_the_graph_does(name):
    w = Value(0.0, "w")
    program = record(lambda x: HERE_ONLY[name](w + x), 1.0)
    assert len(program([1.0, 0.0])) == 2
    with pytest.raises((ValueError, ZeroDivisionError), match=r"row 1: .*has no derivative here"):
        program.backward([1.0, 0.0, 2.0])
    assert w.grad is None


@pytest.mark.parametrize("name", STAYS)
def test_a_recorded_program_drops_what_stays_zero_as_the_graph_does(name):
    f, slope = STAYS[name]
    w = Value(0.0, "w")
    program = record(lambda x: f(w * x), 1.0)
    assert program.value_and_grad(program.theta(), [1.0, 1.0])[1].tolist() == [slope]


def test_an_operand_that_cannot_move_has_no_derivative_to_miss():
    w = Value(2.0, "w")
    program = record(lambda x: sqrt(w * x) ** 2, 1.0)
    assert program.value_and_grad(program.theta(), [0.0, 4.0], reduction="sum")[1] == pytest.approx([4.0])


def test_one_domain_error_is_found_behind_any_number_of_infinite_rows():
    w = Value(1.0, "w")
    program = record(lambda x: log(x[0]) * w + x[1], [1.0, 2.0])
    X = np.ones((200, 2))
    X[:-1, 1] = np.inf
    assert np.isinf(program(X[:-1])).all()
    X[-1, 0] = -1.0
    with pytest.raises(ValueError, match="row 199: log is defined for x > 0"):
        program(X)
    Y = np.full((200, 2), 1.0)
    Y[:-1, 1], Y[-1, 0] = 1e308 * 1.5, -1.0
    with pytest.raises(ValueError, match="row 199"):
        record(lambda x: log(x[0]) * w + x[1] * x[1], [1.0, 2.0])(Y)


@pytest.mark.parametrize("f", [lambda x: maximum(x, 1.0), lambda x: maximum(1.0, x), lambda x: x**0.0])
def test_what_is_nan_is_no_missing_derivative(f):
    x = Value(math.nan, "x")
    f(x).backward()
    assert math.isnan(x.grad)


def test_beside_an_operand_that_is_nan_the_derivative_by_another_one_is_nan_and_not_missing():
    x = Value(2.0, "x")
    maximum(x, math.nan).backward()
    assert math.isnan(x.grad)


def test_through_a_partial_that_overflows_an_adjoint_of_0_passes_0():
    x = Value(0.0, "x")
    assert gradients((x / 1e-320) ** 2, [x])[0].data == 0.0


def test_through_a_partial_that_overflows_the_derivative_of_an_adjoint_of_0_passes():
    f = lambda x: (x / 1e-320) ** 2  # noqa: E731
    assert (grad(f)(0.0), grad(grad(f))(0.0), hvp(f, 0.0, 1.0)) == (0.0, math.inf, math.inf)
    assert jvp(grad(f), (0.0,), (1.0,)) == (0.0, math.inf)
    assert hessian(lambda x: f(x[0]) + x[1])([0.0, 1.0]).tolist() == [[math.inf, 0.0], [0.0, 0.0]]


def test_what_is_computed_from_constants_alone_takes_no_missing_derivative():
    x, fixed = Value(2.0, "x"), constant(0.0) * 1.0
    (sqrt(fixed) * x).backward()
    assert (x.grad, fixed.grad) == (0.0, 0.0)


def test_the_branch_aside_is_that_of_the_point():
    assert grad(lambda x: where(x, sqrt(x), x * x + x))(0.0) == 1.0


@pytest.mark.parametrize("at", [1e-10, 1.0, 1e10, 1e100])
def test_a_zero_at_one_point_only_is_refused_at_every_size_of_the_leaf(at):
    with pytest.raises(ZeroDivisionError, match="at this point only"):
        grad(lambda x: sqrt(x - at) ** 2)(at)


def test_a_zero_that_holds_for_half_a_unit_around_the_point_holds():
    assert grad(lambda x: relu(x - 1.5) * sqrt(x - 1.0))(1.0) == 0.0


def test_a_difference_moves_when_both_of_its_operands_do():
    with pytest.raises(ZeroDivisionError, match="no derivative"):
        grad(lambda x: sqrt(x[0] - x[1]) ** 2)([2.0, 2.0])


def test_an_output_beside_an_infinite_slope_keeps_its_slope_of_0():
    x, w = Value(0.0, "x"), Value(1.0, "w")
    assert jacobian([x / 1e-320, w * 2], [x]).tolist() == [[math.inf], [0.0]]


def test_a_branch_not_taken_passes_no_infinite_tangent_on():
    assert jvp(lambda x: where(0.0, x * 1e308 * 10.0, x), (1.0,), (1.0,)) == (1.0, 1.0)


def test_a_tangent_through_a_slope_that_is_0_here_still_has_a_derivative():
    assert jvp(lambda x: jvp(lambda z: z * z, (x,), (1.0,))[1], (0.0,), (1.0,))[1] == 2.0
