"""Chain: functions one after another, each in a scope of its name."""

import math

import numpy as np
import pytest

from autograd import Chain, Value, array, grad, jacobian, scope, sigmoid, softmax, tanh, values
from tests.test_scope import here


def double(x):
    return 2 * x


def test_the_first_function_is_applied_first():
    chain = Chain(double, lambda x: x + 1)
    assert chain(3.0).data == 7.0


def test_functions_by_name_run_in_scopes_of_these_names():
    chain = Chain(f1=double, f2=tanh)
    y = chain(1.0)
    assert (y.scope, y.parents[0].scope, y.parents[0].parents[1].scope) == ("f2", "f1", None)
    assert [s.name for s in chain.stages] == ["f1", "f2"]


def test_functions_by_position_run_in_scopes_of_their_own_names():
    chain = Chain(double, tanh, softmax)
    chain([1.0, 2.0])
    assert [s.name for s in chain.stages] == ["double", "tanh", "softmax"]


def test_names_that_recur_or_are_no_names_are_told_apart_by_place():
    chain = Chain(double, lambda x: x + 1, double)
    y = chain(1.0)
    assert [s.name for s in chain.stages] == ["double", "f2", "double_3"]
    assert y.scope == "double_3"


def test_a_function_with_a_scope_of_its_own_keeps_it_with_its_formula():
    @scope("f1", "x2 = 2 x")
    def twice(x):
        return 2 * x

    chain = Chain(twice, tanh)
    x2 = chain(1.0).parents[0]
    assert (x2.scope, x2.scope.formula) == ("f1", "x2 = 2 x")
    assert chain.stages[0].name == "f1"


def test_a_scoped_function_under_another_name_runs_inside_that_name():
    @scope("f1")
    def twice(x):
        return 2 * x

    assert Chain(outer=twice)(1.0).scope == "outer/f1"


def test_chains_nest():
    chain = Chain(inner=Chain(a=double, b=tanh), last=sigmoid)
    y = chain(1.0)
    assert (y.scope, y.parents[0].scope, y.parents[0].parents[0].scope) == ("last", "inner/b", "inner/a")


@pytest.mark.parametrize("x", [[1.0, 2.0], np.array([1.0, 2.0]), (1, 2)], ids=["list", "array", "tuple"])
def test_plain_input_becomes_leaves_x_of_role_input(x):
    chain = Chain(double)
    chain(x)
    leaves = chain.stages[0].input
    assert [(v.name, v.role, v.data) for v in leaves] == [("x[0]", "input", 1.0), ("x[1]", "input", 2.0)]


def test_a_plain_number_becomes_one_leaf():
    chain = Chain(double)
    chain(3)
    assert repr(chain.stages[0].input) == "Value(data=3.0, grad=None, name='x', role='input')"


def test_values_pass_through_as_they_are():
    x = array([1.0, 2.0], "q")
    chain = Chain(double)
    y = chain(x)
    assert chain.stages[0].input[0] is x[0]
    assert y[0].parents[1] is x[0]
    v = Value(1.0)
    chain(v)
    assert chain.stages[0].input is v


def test_stages_are_those_of_the_latest_call():
    chain = Chain(double, tanh)
    assert chain.stages == []
    chain(1.0)
    y = chain(2.0)
    assert [s.input.data for s in chain.stages] == [2.0, 4.0]
    assert chain.stages[1].input is chain.stages[0].output
    assert chain.stages[-1].output is y


def test_a_call_that_fails_leaves_the_stages_as_they_were():
    chain = Chain(double, lambda x: x.missing)
    with pytest.raises(AttributeError):
        chain(1.0)
    assert chain.stages == []
    assert here() is None


def test_jacobians_have_the_shape_of_output_and_input_and_multiply_to_the_whole():
    chain = Chain(f1=lambda x: array(np.arange(6.0).reshape(3, 2)) @ x, f2=tanh, f3=lambda x: x[:2])
    chain([0.1, 0.2])
    parts = chain.jacobians()
    assert [j.shape for j in parts] == [(3, 2), (3, 3), (2, 3)]
    assert all(j.dtype == float for j in parts)
    whole = jacobian(chain)(np.array([0.1, 0.2]))
    np.testing.assert_allclose(parts[2] @ parts[1] @ parts[0], whole, rtol=1e-14)


def test_a_chain_is_differentiated_as_any_function():
    assert grad(Chain(double, lambda x: x**3))(1.0) == 24.0
    assert values(Chain(double)(np.ones((2, 2)))).tolist() == [[2.0, 2.0], [2.0, 2.0]]


def test_jacobians_before_a_call_say_to_call():
    with pytest.raises(ValueError, match="call the chain first"):
        Chain(tanh).jacobians()


def test_an_empty_chain_is_refused():
    with pytest.raises(ValueError, match="at least one function"):
        Chain()


@pytest.mark.parametrize("bad", [1.0, [tanh], None])
def test_a_chain_of_what_is_no_function_is_refused(bad):
    with pytest.raises(TypeError, match="composes functions"):
        Chain(bad)
    with pytest.raises(TypeError, match="composes functions"):
        Chain(f1=bad)


def test_a_stage_that_loses_the_graph_is_named():
    with pytest.raises(TypeError, match="lost returned a plain number"):
        Chain(lost=math.tanh)(1.0)


def test_repr_lists_the_stages():
    assert repr(Chain(f1=double, f2=tanh)) == "Chain(f1, f2)"


def test_a_chain_gives_two_functions_two_names():
    with pytest.raises(ValueError, match="tanh stands for two"):
        Chain(tanh, tanh=sigmoid)
    assert repr(Chain(tanh, tanh)) == "Chain(tanh, tanh_2)"
