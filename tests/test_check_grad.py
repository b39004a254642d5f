"""check_grad: right rules pass, wrong ones and kinks are shown in a table."""

import math

import numpy as np
import pytest

from autograd import (
    Value,
    array,
    check_grad,
    exp,
    log,
    maximum,
    relu,
    softmax,
    sqrt,
    step,
    sum,
    tanh,
)
from tests.programs import cube


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (cube, (2.0,)),
        (lambda x, y: x * y, (2.0, 3.0)),
        (lambda x: x * x, (np.array([1.0, 2.0]),)),
        (softmax, ([1.0, 2.0],)),
        (lambda W, x: tanh(W @ x), (np.ones((2, 3)), np.arange(3.0))),
        (sum, ([1.0, 2.0],)),
        (cube, (np.float32(2),)),
        (cube, (2,)),
        (log, (1e-300,)),  # nearer to the edge of its domain than any fixed step
    ],
)
def test_check_grad_finds_right_rules_right(f, args):
    error = check_grad(f, *args)
    assert error <= 1e-6
    assert isinstance(error, float)


@pytest.mark.parametrize(
    ("f", "x"), [(log, 1e-3), (log, 1e-5), (sqrt, 1e-3), (lambda x: 1 / x, 1e-3), (exp, 500.0), (exp, 700.0)]
)
def test_check_grad_finds_a_right_rule_right_where_the_function_is_steep(f, x):
    assert check_grad(f, x) <= 1e-6


def test_check_grad_of_values_returns_a_float():
    assert isinstance(check_grad(cube, Value(2.0)), float)
    assert isinstance(check_grad(lambda x: (x * x).sum(), array([2.0, 3.0])), float)


def test_check_grad_checks_derivatives_of_derivatives():
    assert check_grad(cube, 2.0, order=3) < 1e-6
    assert check_grad(lambda x, y: x * y * y, 2.0, 3.0, order=2) < 1e-6


def test_check_grad_shows_both_numbers_of_a_wrong_rule(row):
    op = row("test_wrong", lambda x: x * x, (lambda y, x: 3 * x,))
    with pytest.raises(AssertionError) as error:
        check_grad(op, 2.0)
    text = str(error.value)
    assert " 6 " in text
    assert " 4 " in text
    assert "reverse" in text
    assert "difference" in text
    assert "kink" not in text


@pytest.mark.parametrize("f", [relu, lambda x: maximum(x, 0.0) + relu(x), step])
def test_check_grad_says_that_a_kink_is_the_likely_cause(f):
    with pytest.raises(AssertionError, match="kink"):
        check_grad(f, 0.0)


def test_check_grad_names_the_entries_of_arrays_and_cuts_long_tables(row):
    op = row("test_wrong_many", lambda x: x * x, (lambda y, x: 3 * x,))
    with pytest.raises(AssertionError, match=r"f\[1\].*args\[0\]\.flat\[1\]"):
        check_grad(op, np.ones(2))
    with pytest.raises(AssertionError, match=r"… 10 more") as found:
        check_grad(op, np.ones(30))
    assert str(found.value).count("args[0].flat") == 20


def test_check_grad_of_nan_is_no_success():
    with pytest.raises(AssertionError, match="nan"):
        check_grad(cube, math.nan)


def test_check_grad_without_arguments_has_nothing_to_check():
    assert check_grad(cube) == 0.0


def test_check_grad_of_what_is_no_function_is_a_type_error():
    with pytest.raises(TypeError, match="takes a function"):
        check_grad(Value(1.0), 2.0)


def test_check_grad_takes_lists_of_arrays():
    assert check_grad(lambda p: (p[0] @ p[1]).sum(), [np.eye(2), np.array([1.0, 2.0])]) < 1e-8


def test_check_grad_at_the_edge_of_a_domain_takes_smaller_steps():
    assert check_grad(lambda x: log(x), 1e-7) < 1e-6


def test_check_grad_reads_arrays_in_the_order_of_their_axes():
    A = np.asfortranarray([[1.0, 2.0], [3.0, 4.0]])
    assert check_grad(lambda p: (p[0] * np.array([[1.0, 2.0], [3.0, 4.0]])).sum(), [A]) < 1e-8


def looked_at(x):
    """The number of a Value, of which the derivative then knows nothing, or a float."""
    return getattr(x, "data", x)


def test_the_report_calls_arguments_as_the_function_does():
    with pytest.raises(AssertionError, match=r"∂f/∂height "):
        check_grad(lambda width, height: width * height + height * looked_at(height), 2.0, 3.0)
    with pytest.raises(AssertionError, match=r"∂f/∂args\[1\] "):
        check_grad(lambda *sides: sides[0] + sides[1] * looked_at(sides[1]), 2.0, 3.0)


def test_a_function_that_does_not_tell_its_parameters_is_checked_all_the_same():
    class Wrong:
        __signature__ = 0  # `inspect.signature` raises

        def __call__(self, x):
            return x * looked_at(x)

    with pytest.raises(AssertionError, match=r"∂f/∂args\[0\] "):
        check_grad(Wrong(), 3.0)


def test_where_no_step_stays_in_the_domain_the_gradient_cannot_be_checked():
    with pytest.raises(AssertionError, match=r"∂f/∂x +0 +0 +nan"):
        check_grad(lambda x: log(1 - 1e15 * (x - 1) ** 2), 1.0)


def test_a_function_gets_an_array_where_it_was_given_a_list_as_under_grad():
    assert check_grad(lambda w: (w * w).sum(), [1.0, 2.0], order=2) < 1e-6
