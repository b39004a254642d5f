"""Transforms: what they refuse, in words that point to the right place."""

import math

import numpy as np
import pytest

from autograd import (
    Value,
    array,
    constant,
    grad,
    gradients,
    hessian,
    hvp,
    jacobian,
    jvp,
    log,
    value_and_grad,
    values,
    vjp,
)
from tests.programs import cube, form

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
        match=r"test_transform_refusals\.py, line \d+ .*(takes the number of .* out of the graph.*v\.data|lose their graph)",
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


def test_a_function_without_a_return_is_told_so():
    with pytest.raises(TypeError, match="returned None"):
        grad(lambda x: None)(1.0)


def test_a_bound_method_names_its_argument_not_self():
    class Model:
        def loss(self, x):
            return log(x)

    with pytest.raises(ValueError, match=r"0\.0 from x"):
        grad(Model().loss)(0.0)
