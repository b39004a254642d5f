"""Domains and missing derivatives: refused in words that name operation, operand and scope, where they are met."""

import math

import numpy as np
import pytest

from autograd import (
    Value,
    array,
    check_grad,
    constant,
    cos,
    exp,
    expm1,
    grad,
    gradients,
    hessian,
    hvp,
    jacobian,
    jvp,
    log,
    log1p,
    log_softmax,
    maximum,
    minimum,
    named,
    ops,
    relu,
    scope,
    sin,
    sqrt,
    sum,
    tan,
    vjp,
    where,
)

NAN, INF = math.nan, math.inf


# --- domains ----------------------------------------------------------------------------------------------------------


DOMAINS = [
    (log, (0.0,), ValueError, "log_softmax"),
    (log, (-1.0,), ValueError, "log_softmax"),
    (log1p, (-1.0,), ValueError, "softplus"),
    (sqrt, (-1.0,), ValueError, "maximum"),
    (sin, (INF,), ValueError, r"finite x; got inf.*\. \w+"),
    (cos, (-INF,), ValueError, r"finite x; got -inf.*\. \w+"),
    (tan, (INF,), ValueError, r"finite x; got inf.*\. \w+"),
    (exp, (710.0,), OverflowError, "logsumexp"),
    (expm1, (710.0,), OverflowError, "softplus"),
    (ops.divide, (1.0, 0.0), ZeroDivisionError, "small constant"),
    (ops.divide, (0.0, -0.0), ZeroDivisionError, "small constant"),
    (ops.power, (0.0, -1.0), ZeroDivisionError, "positive"),
    (ops.power, (-8.0, 1 / 3), ValueError, "absolute"),
    (ops.power, (1e200, 2.0), OverflowError, "beyond the largest float"),
]


@pytest.mark.parametrize(("op", "operands", "kind", "instead"), DOMAINS)
def test_outside_its_domain_an_operation_says_what_to_do_instead(op, operands, kind, instead):
    with pytest.raises(kind, match=f"^{op.name} is .*{instead}"):
        op(*(Value(x) for x in operands))
    with pytest.raises(kind, match=f"^{op.name} is .*{instead}"):
        op(*operands)


@pytest.mark.parametrize(("op", "operands", "kind", "instead"), DOMAINS)
def test_what_python_refuses_is_refused_with_the_same_type(op, operands, kind, instead):
    plain = {"divide": lambda a, b: a / b, "power": math.pow}.get(op.name) or getattr(math, op.name)
    with pytest.raises((ValueError, ArithmeticError)) as error:
        plain(*operands)
    assert issubclass(kind, error.type) or op.name == "power"


def test_operators_refuse_as_the_rows_do():
    x = Value(0.0, "x")
    with pytest.raises(ZeroDivisionError, match=r"divide is .*got 1\.0 from a constant and 0\.0 from x"):
        _ = 1 / x
    with pytest.raises(ZeroDivisionError, match=r"got 0\.0 from x and 0\.0 from a constant"):
        _ = x / 0
    with pytest.raises(ZeroDivisionError, match="power"):
        _ = x**-1
    with pytest.raises(ValueError, match="power"):
        _ = (-8.0) ** Value(0.5)
    with pytest.raises(OverflowError, match="power is beyond the largest float"):
        _ = Value(10.0) ** 400


def test_the_message_names_input_node_and_scope_as_the_design_prints_it():
    with scope("f6"):
        y = named("ŷ", array([1.0, 2.0, 0.0]) * 1)
        with pytest.raises(ValueError, match="log is defined") as error:
            log(y)
    assert str(error.value) == (
        "log is defined for x > 0; got 0.0 from ŷ[2] in f6. "
        "For cross-entropy use log_softmax, which never leaves its domain."
    )


@pytest.mark.parametrize(
    ("x", "origin"),
    [
        (lambda: Value(0.0, "w"), "0.0 from w"),
        (lambda: Value(0.0), "0.0 from a parameter"),
        (lambda: Value(0.0, role="input"), "0.0 from a input"),
        (lambda: constant(0.0), "0.0 from a constant"),
        (lambda: Value(1.0) - 1, "0.0 from the result of subtract"),
        (lambda: log_softmax([Value(5.0)])[0], r"0.0 from the result of log_softmax\[0\]"),
    ],
)
def test_a_node_without_a_name_is_described_by_how_it_was_made(x, origin):
    with pytest.raises(ValueError, match=origin.replace("a input", "an? input")):
        log(x())


def test_a_float_array_names_the_offending_element():
    with pytest.raises(ValueError, match=r"log is defined for x > 0; got -1\.0"):
        log(np.array([1.0, -1.0]))
    with pytest.raises(ValueError, match=r"got -1\.0 from w\[1\]"):
        np.log(array([1.0, -1.0], "w"))


def test_a_branch_out_of_its_domain_raises_even_if_not_chosen():
    x = Value(-1.0)
    with pytest.raises(ValueError, match="log"):
        where(x > 0, log(x), 0.0)
    assert where(x > 0, log(maximum(x, 1e-300)), 0.0).data == 0.0


@pytest.mark.parametrize("f", [exp, log, sqrt, relu, ops.tanh, ops.sigmoid, ops.softplus, ops.step, abs, sin])
def test_nan_flows_through_without_an_error(f):
    assert math.isnan(f(Value(NAN)).data)


@pytest.mark.parametrize("f", [maximum, minimum])
def test_maximum_and_minimum_carry_nan_on_from_either_side(f):
    assert math.isnan(f(Value(NAN), 1.0).data)
    assert math.isnan(f(1.0, Value(NAN)).data)


# --- missing derivatives ----------------------------------------------------------------------------------------------


MISSING = [
    (sqrt, 0.0, ZeroDivisionError),
    (lambda x: x**0.5, 0.0, ZeroDivisionError),
    (lambda x: (-2.0) ** x, 2.0, ValueError),
]


@pytest.mark.parametrize(("f", "at", "kind"), MISSING)
def test_a_missing_derivative_is_stored_as_nan_and_the_value_is_right(f, at, kind):
    y = f(Value(at))
    assert any(math.isnan(d) for d in y.partials)
    assert math.isfinite(y.data)


def met(f, x):
    """Every transform of f, each with a gradient or tangent that arrives."""
    leaf = Value(x, "x")
    return {
        "backward": lambda: f(leaf).backward(),
        "backward behind others": lambda: (f(leaf) * 3 + leaf).backward(),
        "gradients": lambda: gradients(f(leaf), [leaf]),
        "grad": lambda: grad(f)(x),
        "grad of grad": lambda: grad(grad(f))(x),
        "grad at a Value": lambda: grad(f)(leaf),
        "jacobian": lambda: jacobian([f(leaf), leaf], [leaf]),
        "jacobian of f": lambda: jacobian(f)(x),
        "hessian": lambda: hessian(f(leaf), [leaf]),
        "hvp": lambda: hvp(f, x, 1.0),
        "jvp": lambda: jvp(f, (x,), (1.0,)),
        "vjp": lambda: vjp(f, x)[1](1.0),
        "check_grad": lambda: check_grad(f, x),
    }


@pytest.mark.parametrize("transform", met(sqrt, 0.0))
@pytest.mark.parametrize(("f", "at", "kind"), MISSING)
def test_every_transform_refuses_a_missing_derivative_that_it_meets(f, at, kind, transform):
    with pytest.raises(kind, match=r"has no derivative here: its operand is .* and a gradient of .* reaches it"):
        met(f, at)[transform]()


def test_a_missing_derivative_names_operation_operand_and_scope():
    x = Value(0.0, "x")
    with scope("norm"):
        y = sqrt(x)
    with pytest.raises(ZeroDivisionError, match=r"^sqrt has no derivative here: its operand is 0\.0 from x in norm"):
        (y * 3).backward()


# Differences to the left of 0 would leave the domain of sqrt: check_grad has nothing to compare with. In forward mode
# a tangent meets the derivative before anything hides it.
@pytest.mark.parametrize("transform", [t for t in met(sqrt, 0.0) if t not in ("check_grad", "jvp")])
@pytest.mark.parametrize(
    "hide",
    [
        lambda y, x: y * 0 + x,
        lambda y, x: where(False, y, x),
        lambda y, x: maximum(y, 1.0) * x,
        lambda y, x: relu(-1 - y) + x,
    ],
)
def test_a_missing_derivative_behind_a_zero_is_harmless(hide, transform):
    met(lambda x: hide(sqrt(x), x), 0.0)[transform]()


def test_the_gradient_beside_a_hidden_missing_derivative_is_right():
    x = Value(0.0)
    (where(False, sqrt(x), x) + sqrt(x) * 0).backward()
    assert x.grad == 1.0
    assert gradients(where(False, sqrt(x), x), x).data == 1.0
    assert grad(grad(lambda x: where(False, sqrt(x), x * x)))(0.0) == 2.0
    assert hessian(lambda x: sqrt(x) * 0 + x * x)(0.0) == 2.0
    assert hvp(lambda x: sqrt(x) * 0 + x * x, 0.0, 1.0) == 2.0
    assert vjp(lambda x: [sqrt(x), x], 0.0)[1]([0.0, 1.0]) == (1.0,)
    assert jvp(sqrt, (0.0,), (0.0,)) == (0.0, 0.0)


def test_a_missing_derivative_of_constants_is_never_met():
    x = Value(2.0)
    y = sqrt(constant(0.0)) + x + sqrt(constant(0.0) * 2)
    y.backward()
    assert x.grad == 1.0


def test_a_missing_derivative_on_the_way_to_other_inputs_is_not_met():
    x, w = Value(-2.0, "x"), Value(2.0, "w")
    y = x**w
    assert gradients(y, [x])[0].data == -4.0
    assert jacobian(y, x) == -4.0
    assert grad(lambda x: x ** Value(2.0))(-2.0) == -4.0
    with pytest.raises(ValueError, match=r"power has no derivative here: its operand is 2\.0 from w"):
        y.backward()


def test_nothing_in_grad_has_changed_when_backward_is_refused():
    x, w = Value(0.0, "x"), Value(1.0, "w")
    inner = w * 2
    y = inner + sqrt(x)
    inner.backward()
    before = (x.grad, w.grad, inner.grad, y.grad)
    with pytest.raises(ZeroDivisionError):
        y.backward()
    assert (x.grad, w.grad, inner.grad, y.grad) == before == (None, 2.0, 1.0, None)


def test_nan_data_pass_as_nan_and_not_as_a_missing_derivative():
    for f in (sqrt, log, relu, lambda x: maximum(x, 0.0), lambda x: x**0.5):
        x = Value(NAN)
        f(x).backward()
        assert math.isnan(x.grad)


def test_an_infinite_derivative_passes_and_behind_a_zero_makes_no_nan():
    x = Value(1e-200)
    (1 / x).backward()
    assert x.grad == -INF
    x = Value(1e-200)
    ((1 / x) * 0).backward()
    assert x.grad == 0.0
    x = Value(1e-310)
    (log(x) * 0 + x).backward()
    assert x.grad == 1.0


def test_an_infinite_adjoint_does_not_enter_a_branch_not_taken():
    x = Value(2.0)
    where(True, x, x * 5).backward(INF)
    assert x.grad == INF


@pytest.mark.parametrize("seed", ["a", None, [1.0], 1j, Value(1.0)])
def test_a_seed_that_is_no_number_is_refused_with_nothing_changed(seed):
    x = Value(3.0)
    y = x * x
    with pytest.raises(TypeError):
        y.backward(seed)
    assert (x.grad, y.grad) == (None, None)


def test_powers_at_zero_have_the_stated_derivatives():
    assert [grad(lambda x, n=n: x**n)(0.0) for n in (0, 1, 1.5, 2, 3)] == [0.0, 1.0, 0.0, 0.0, 0.0]
    assert [grad(lambda w: 0**w)(w) for w in (0.0, 0.5, 2.0)] == [0.0, 0.0, 0.0]
    assert grad(grad(lambda x: x**2))(0.0) == 2.0


# --- the mixed derivative of a power ----------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [[0.0, 1.0], [0.0, 0.0]])
def test_the_mixed_derivative_of_a_power_at_base_zero_is_refused(at):
    def f(z):
        return z[0] ** z[1]

    for derive in (lambda: hessian(f)(at), lambda: hvp(f, at, [1.0, 0.0]), lambda: hvp(f, at, [0.0, 1.0])):
        with pytest.raises(ZeroDivisionError, match="power has no derivative here"):
            derive()
    z = array(at)
    with pytest.raises(ZeroDivisionError, match="power has no derivative here"):
        hessian(f(z), z)


def test_where_the_mixed_derivative_of_a_power_exists_the_hessian_is_symmetric():
    for at in ([0.0, 2.0], [0.0, 3.5], [2.0, 1.0], [0.5, 0.0], [3.0, -1.5]):
        H = hessian(lambda z: z[0] ** z[1])(at)
        np.testing.assert_allclose(H, H.T, rtol=1e-14)
        if at[0]:
            assert H[0, 1] == pytest.approx(at[0] ** (at[1] - 1) * (1 + at[1] * math.log(at[0])))
    assert hessian(lambda x: x**1.0)(0.0) == 0.0


@pytest.mark.parametrize("x", [np.array([0j]), np.array([0j, 1j]), np.array(["a"]), np.array(["a", "b"]), 1j, "a"])
@pytest.mark.parametrize("f", [ops.tanh, lambda x: maximum(x, 1.0), sum])
def test_complex_numbers_and_text_are_refused_for_functions_take_real_numbers(f, x):
    with pytest.raises(TypeError, match=r"takes real numbers; got|takes a list or an array of numbers; got"):
        f(x)
