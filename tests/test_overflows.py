"""An overflow or underflow among the factors of a gradient: the right answer, or refused in every way."""

from __future__ import annotations

import math
import shutil

import numpy as np
import pytest

from autograd import (
    Value,
    exp,
    grad,
    gradients,
    hessian,
    hvp,
    jacobian,
    jvp,
    log,
    record,
    sigmoid,
    sin,
    sqrt,
    tanh,
    vjp,
)

OVERFLOWS = {
    "of second order": (lambda x: sqrt(x + 1e-320) ** 2, 0.0, 2),
    "behind a small factor": (lambda x: x * log(x * x + 1e-320), 1e-160, 1),
    "before a small factor": (lambda x: (x * x) / (x * x + 1e-320), 1e-300, 1),
    "with two signs": (lambda x: log(x + 1e-320) - log(x + 1e-320 + 0.0 * x), 0.0, 1),
}
UNDERFLOWS = {  # the right answers: 1e-90, 6e-155 and ∞
    "behind constants": (lambda x: 1e-200 * (1e-200 * log(x)), 1e-310, 1),
    "of second order": (lambda x: ((x * x) ** 0.5) ** 3, 1e-155, 2),
    "before a missing derivative": (lambda x: 1e-200 * (1e-200 * sqrt(x)), 0.0, 1),
}
CONSTANTS = {  # whose product in a first derivative leaves the floats; the right answers: −1e250 and −1e-80
    "above": (lambda x: 1e200 * (1e200 * sin(x)), 1e-150),
    "below": (lambda x: 1e-200 * (1e-200 * log(x)), 1e-160),
}
FLAT = {
    "an underflow": lambda x: exp(-1 / (x * x + 1e-320)),
    "a saturated sigmoid": lambda x: sigmoid(-1 / (x * x + 1e-320)),
    "a saturated tanh": lambda x: tanh(1 / (x * x + 1e-320)),
}


def asked(f, at, order, language):
    """Each way a derivative of that order is asked for, eagerly and of a program recorded elsewhere."""
    p = Value(0.5, "p")
    program, theta = record(lambda: f(p), language=language), np.array([at])
    if order == 1:
        recorded = [lambda: program.value_and_grad(theta)[1][0], lambda: program.jacobian(theta)[0]]
        return [
            lambda: grad(f)(at),
            lambda: jvp(f, (at,), (1.0,))[1],
            lambda: jacobian(lambda x: [f(x), f(x)])(at)[0],
            *recorded,
        ]
    return [
        lambda: grad(grad(f))(at),
        lambda: hvp(f, at, 1.0),
        lambda: float(hessian(f)(at)),
        lambda: jvp(grad(f), (at,), (1.0,))[1],
        lambda: program.hvp(theta, np.ones(1))[0],
        lambda: program.hessian(theta)[0, 0],
    ]


LANGUAGES = ["numpy", pytest.param("c", marks=pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler"))]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("f", "at", "order"), OVERFLOWS.values(), ids=OVERFLOWS)
def test_a_gradient_that_an_overflow_has_made_any_number_is_refused_in_every_way(f, at, order, language):
    for way in asked(f, at, order, language):
        with pytest.raises(
            OverflowError, match=r"the gradient overflows at .*: a part of it is beyond the largest float"
        ):
            way()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("f", "at", "order"), UNDERFLOWS.values(), ids=UNDERFLOWS)
def test_a_gradient_that_an_underflow_has_made_0_is_refused_where_it_meets_an_infinite_slope(f, at, order, language):
    for way in asked(f, at, order, language):
        with pytest.raises(
            OverflowError,
            match=r"below the smallest float, .* The derivative of .* at .* is (infinite, or there is none|recorded)",
        ):
            way()


@pytest.mark.parametrize(("f", "at"), CONSTANTS.values(), ids=CONSTANTS)
def test_a_second_derivative_behind_constants_that_leave_the_floats_is_refused(f, at):
    for way in asked(f, at, 2, "numpy")[:4]:
        with pytest.raises(
            OverflowError, match=r"the gradient (overflows|that reaches .* is below the smallest float)"
        ):
            way()


def test_constants_that_leave_the_floats_are_harmless_where_nothing_infinite_meets_them():
    assert grad(grad(lambda x: 1e-200 * (1e-200 * x * x)))(1.0) == 0.0
    assert grad(grad(lambda x: 1e200 * (1e200 * x)))(1.0) == 0.0
    assert grad(lambda x: 1e200 * (1e200 * sin(x)))(1e-150) == math.inf


def test_a_tangent_that_an_underflow_has_made_0_is_refused_where_it_meets_an_infinite_slope():
    f = lambda x: log(x * 1e-200 * 1e-210)  # noqa: E731
    for way in (lambda: grad(f)(1e100), lambda: jvp(f, (1e100,), (1.0,))):  # 1e-100
        with pytest.raises(OverflowError, match="the gradient overflows"):
            way()


def test_a_gradient_that_an_underflow_has_made_0_is_0_where_it_meets_numbers_or_is_one_output_of_several():
    assert grad(lambda x: 1e-200 * (1e-200 * x))(1.0) == 0.0
    x, w = Value(1e-310, "x"), Value(1.0, "w")
    assert jacobian([log(x), 1e-200 * (1e-200 * w), w * 0.0 * log(x)], [x, w]).tolist()[1:] == [[0.0, 0.0], [0.0, -0.0]]
    with pytest.raises(OverflowError, match="below the smallest float"):
        jacobian([w * x, 1e-200 * (1e-200 * log(x))], [x])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_constant_that_overflowed_at_the_example_is_no_infinite_derivative_at_other_numbers(language):
    p = Value(0.5, "p")
    with pytest.raises(OverflowError, match="the gradient overflows"):  # 2e220
        record(lambda: p * (p / 1e-320), language=language).jacobian(np.array([1e-100]))
    found = record(lambda x: 1e200 * (1e200 * p * p) * x, 1.0, language=language).jacobian(
        np.array([1e-150]), [1.0, 2.0]
    )
    assert found == pytest.approx(np.array([[2e250], [4e250]]))
    assert record(lambda: math.inf * p, language=language).jacobian(np.ones(1)).tolist() == [math.inf]


@pytest.mark.parametrize(
    "record_it", [lambda f, p: record(lambda: f(p)).hessian, lambda f, p: record(lambda: gradients(f(p), [p])[0])]
)
def test_a_gradient_that_an_underflow_has_made_a_constant_0_is_not_recorded_for_other_numbers(record_it):
    p = Value(0.5, "p")
    with pytest.raises(OverflowError, match=r"at 0.5 from p is recorded for other numbers"):
        record_it(lambda p: 1e-200 * (1e-200 * log(p)), p)(np.array([1e-160]))  # −1e-80


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("f", FLAT.values(), ids=FLAT)
@pytest.mark.parametrize("at", [0.0, 1e-320, 1e-160])
def test_a_second_derivative_that_underflows_is_0_in_every_way(f, at, language):
    assert [way() for way in asked(f, at, 2, language)] == [0.0] * 6


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_partial_of_0_has_a_derivative_though_an_overflow_meets_it(language):
    f = lambda x: (x * x) / (x * x + 1e-320)  # noqa: E731
    assert [way() for way in asked(f, 0.0, 2, language)] == [math.inf] * 6  # 2e320
    assert grad(grad(grad(f)))(0.0) == 0.0


def test_a_gradient_beyond_the_largest_float_is_infinite():
    assert (grad(log)(1e-320), grad(lambda x: 3 * log(x))(1e-320)) == (math.inf, math.inf)
    assert grad(lambda x: 0.5 * (math.inf * x))(1.0) == math.inf  # no overflow: the number itself is infinite
    assert math.isnan(vjp(lambda x: 2 * x, 1.0)[1](math.nan)[0])
