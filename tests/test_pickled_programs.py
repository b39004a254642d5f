"""Programs pickled and copied: the same code on leaves of its own, and what is not pickled."""

from __future__ import annotations

import inspect
import math
import pickle
from copy import deepcopy

import numpy as np
import pytest

from autograd import Value, array, constant, record
from tests import golden
from tests.programs import X, Y, classifier


@pytest.mark.parametrize("name", sorted(set(golden.PROGRAMS) - {"own_rows"}))  # a row is no part of a pickle
def test_a_pickled_program_runs_the_same_code_on_leaves_of_its_own(name):
    program = golden.PROGRAMS[name]()
    for again in (pickle.loads(pickle.dumps(program)), deepcopy(program)):
        assert again.source == program.source
        assert again.theta().tolist() == program.theta().tolist()
        assert {*again.parameters}.isdisjoint(program.parameters)
    data = golden.data(name, program)
    np.testing.assert_array_equal(again(*data), program(*data))


def test_a_model_and_its_program_are_pickled_together_and_stay_together():
    model, program = classifier()
    twin, again = pickle.loads(pickle.dumps((model, program)))
    assert again.backward(X, Y) == program.backward(X, Y)
    assert [p.grad for p in twin.parameters()] == [p.grad for p in model.parameters()]
    np.testing.assert_array_equal(again.hessian(again.theta(), X, Y), program.hessian(program.theta(), X, Y))


def test_the_function_of_a_pickled_program_computes_as_the_recorded_one_does():
    program = classifier()[1]
    again = pickle.loads(pickle.dumps(program))
    for twin in (again, program):
        for p in twin.parameters:
            p.data *= 0.5
    for x in (X[1], X[1].tolist(), array(X[1])):
        assert again.function(x, Y[1]).data == program.function(X[1], Y[1]).data
    for wrong in ((X[1],), (X[1][:1], Y[1]), (X[1], Y[:2])):
        with pytest.raises(TypeError, match=r"this function takes x of shape \(4,\) and y of shape \(3,\); got"):
            again.function(*wrong)
    w = Value(3.0, "w")
    square = pickle.loads(pickle.dumps(record(lambda: w * w)))
    square.parameters[0].data = 5.0
    assert (square.function().data, square()) == (25.0, 25.0)


def test_a_pickled_program_refuses_the_targets_that_the_loss_refuses():
    with pytest.raises(ValueError, match="row 0: cross_entropy takes a one-hot y"):
        pickle.loads(pickle.dumps(classifier()[1]))(X, 2 * Y)


def test_a_pickled_program_keeps_the_inputs_that_its_function_made():
    program = record(lambda x: Value(3.0, "w") * x * Value(2.0, "k", role="input"), 1.0)
    again = pickle.loads(pickle.dumps(program))
    assert [v.name for v in again.parameters] == [v.name for v in program.parameters] == ["w"]
    assert again([2.0]).tolist() == program([2.0]).tolist() == [12.0]


@pytest.mark.parametrize("again", [lambda x: pickle.loads(pickle.dumps(x)), deepcopy], ids=["pickle", "deepcopy"])
def test_a_program_whose_parameters_have_left_a_domain_is_pickled_with_what_it_was_recorded_with(again):
    w = Value(4.0, "w")
    program = record(lambda x: w.log() * x, 1.0)
    w.data = -1.0
    twin = again(program)
    assert (twin.theta().tolist(), twin.source) == ([-1.0], program.source)
    with pytest.raises(ValueError, match=r"row 0: log is defined for x > 0; got -1.0 from w"):
        twin([1.0])
    theta = np.array([2.0])
    for a, b in ((twin, program), (again(twin), program)):
        assert a.value_and_grad(theta, [3.0]) == b.value_and_grad(theta, [3.0]) == (3 * math.log(2.0), [1.5])
        assert a.hessian(theta, [3.0]).tolist() == b.hessian(theta, [3.0]).tolist() == [[-0.75]]
    twin.parameters[0].data = 1.0
    assert (twin([1.0]).tolist(), w.data) == ([0.0], -1.0)


def test_a_program_with_a_constant_that_has_changed_is_not_pickled():
    c = constant(2.0, "c")
    program = record(lambda x: c * x, 1.0)
    c.data = 3.0
    with pytest.raises(ValueError, match=r"was 2\.0 when this program was recorded"):
        pickle.dumps(program)


def test_the_function_of_a_pickled_program_is_recorded_as_it_was():
    w = Value(2.0, "w")

    def f(x):
        scale = Value(3.0, "scale", "input")  # data of the function's own
        return w * x * scale

    program = record(f, 1.0)
    again = pickle.loads(pickle.dumps(program))
    assert list(inspect.signature(again.function).parameters) == ["x"]
    twice = record(again.function, 1.0)
    assert twice.source == program.source
    assert [v.name for v in twice.parameters] == ["w"]
