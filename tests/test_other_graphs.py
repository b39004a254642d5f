"""Graphs that were there before a transform or a recording began: numbers, but for what these reach."""

import math

import numpy as np
import pytest

from autograd import Op, Value, array, grad, gradients, hessian, jacobian, record, replay


@pytest.fixture
def w():
    return Value(2.0, "w")


def test_a_jacobian_that_the_transform_does_not_reach_is_of_numbers(w):
    square = w * w
    assert grad(lambda x: x * float(np.round(jacobian([square], [w]), 3)[0, 0]))(3.0) == 4.0
    assert grad(lambda x: x * float(hessian(square, [w])[0, 0]))(3.0) == 2.0


def test_a_row_of_python_has_its_jacobian_within_a_transform(w, row):
    msin = row("test_msin", lambda x: math.sin(x), (lambda y, x: math.cos(x),))
    y = msin(w)
    assert grad(lambda x: x * float(jacobian([y], [w])[0, 0]))(3.0) == math.cos(2.0)
    assert isinstance(msin, Op)


def test_a_replay_of_another_graph_takes_arrays_within_a_transform(w):
    b = Value(3.0)
    y = w * b + w
    assert grad(lambda x: x * replay(y, {w: np.array([1.0, 2.0])}).sum())(5.0) == 12.0


def test_a_leaf_behind_the_argument_of_a_transform_may_be_given_another_number(w):
    assert grad(lambda x: replay(x * x, {w: 7.0}) * x)(w).data == 49.0


def test_a_replayed_array_of_values_is_an_array(w):
    b = Value(1.0, "b")
    assert grad(lambda x: replay(array([x * b, b * 1.0]), {b: x}).sum())(2.0) == 5.0


def test_a_program_within_a_recording_says_that_its_parameters_would_be_frozen(w):
    inner = record(lambda z: (w - 3) * z, 1.0)
    with pytest.raises(
        TypeError, match="from w would keep its number of now in the graph that is being differentiated or recorded"
    ):
        record(lambda x: x * float(inner(np.array([1.0]))[0]), 1.0)


@pytest.mark.parametrize(
    "wrong", [np.array([1 + 5j]), np.array(["1"]), np.array([1], "timedelta64[h]")], ids=["complex", "text", "time"]
)
def test_a_saved_network_takes_rows_of_real_numbers_alone(wrong, tmp_path, monkeypatch):
    record(lambda x: x * 2.0, 1.0).save_source(tmp_path / "only_real.py")
    monkeypatch.syspath_prepend(tmp_path)
    import only_real

    with pytest.raises(TypeError, match="x is rows of real numbers; got an array of"):
        only_real.predict(wrong)
    assert only_real.predict([1, 2]).tolist() == [2.0, 4.0]


def test_a_transform_that_is_taken_at_a_value_keeps_the_derivatives_by_other_leaves(w):
    slope = grad(lambda x: jacobian([w**2], [w])[0, 0] * x)(Value(2.0))
    assert gradients(slope, [w])[0].data == 2.0
    slope = grad(lambda x: hessian(w**3, w) * x)(Value(2.0))
    assert gradients(slope, [w])[0].data == 6.0
    with pytest.raises(TypeError, match="from w would keep its number of now"):
        grad(lambda x: x * record(lambda z: z * w, 1.0)([1.0])[0])(Value(2.0))
    with pytest.raises(TypeError, match="multiply takes numbers and Values; got"):
        grad(lambda x: x * replay(w * Value(5.0), {w: np.array([2.0, 3.0])}).sum())(Value(2.0))


def test_the_argument_of_a_nested_transform_may_be_given_another_number():
    f = lambda x: replay(x**3, {x: 2.0}) + x  # noqa: E731
    assert (grad(f)(3.0), grad(f)(Value(3.0)).data, grad(grad(f))(3.0)) == (1.0, 1.0, 0.0)


@pytest.mark.parametrize("given", [np.ma.array([1.0, 2.0], mask=[False, True]), "a"], ids=["masked", "text"])
def test_replay_refuses_what_is_no_number_at_a_leaf_that_is_the_output(w, given):
    with pytest.raises(TypeError, match=r"would lose its mask|replay takes a number or an array"):
        replay(w, {w: given})


def test_a_saved_network_takes_rows_of_objects_that_are_numbers(tmp_path, monkeypatch):
    record(lambda x: x[0] * x[1], [1.0, 2.0]).save_source(tmp_path / "of_objects.py")
    monkeypatch.syspath_prepend(tmp_path)
    import of_objects

    assert of_objects.predict(np.array([[1, 2.5], [True, 4]], object)).tolist() == [2.5, 4.0]
