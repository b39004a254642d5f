"""Softmax and its like along an axis: of floats, of Values and of lists; and what has no axis."""

from __future__ import annotations

import numpy as np
import pytest

from autograd import (
    Value,
    array,
    dot,
    gradients,
    log_softmax,
    logsumexp,
    neg_log_softmax,
    replay,
    softmax,
    sum as total,
    take,
    values,
)

CUBE = np.random.default_rng(4).normal(size=(2, 3, 4))
EXPONENTIALS = lambda axis: np.exp(CUBE) / np.exp(CUBE).sum(axis=axis, keepdims=True)  # noqa: E731
ALONG = {
    softmax: EXPONENTIALS,
    log_softmax: lambda axis: np.log(EXPONENTIALS(axis)),
    neg_log_softmax: lambda axis: -np.log(EXPONENTIALS(axis)),
    logsumexp: lambda axis: np.log(np.exp(CUBE).sum(axis=axis)),
}
EACH = pytest.mark.parametrize("f", ALONG, ids=lambda f: f.__name__)


@EACH
@pytest.mark.parametrize("axis", [None, 0, 1, 2, -1, -2, -3])
def test_vectors_along_an_axis_of_floats_of_values_and_of_lists_give_the_like(f, axis):
    expected = ALONG[f](-1 if axis is None else axis)
    np.testing.assert_allclose(f(CUBE, axis=axis), expected, rtol=1e-13)
    of_values, of_lists = f(array(CUBE, "a"), axis=axis), f(CUBE.tolist(), axis=axis)
    assert type(of_values) is type(array(CUBE))
    np.testing.assert_allclose(values(of_values), expected, rtol=1e-13)
    assert isinstance(of_lists, list)
    np.testing.assert_allclose(np.array(of_lists), expected, rtol=1e-13)


@EACH
def test_each_component_along_an_axis_is_one_node_of_its_own_vector(f):
    a = array(CUBE[0], "a")
    y = f(a, axis=0)
    node = y[1] if f is logsumexp else y[2, 1]
    slope = gradients(node, a)
    assert (values(slope)[:, [0, 2, 3]] == 0).all()
    assert (values(slope)[:, 1] != 0).all()
    row = node.parents[0] if f is softmax else node
    assert list(row.parents) == list(a[:, 1])


@EACH
@pytest.mark.parametrize("axis", [3, -4, 0.5, "last", (0, 1), True])
def test_a_wrong_axis_is_refused_in_the_functions_own_name(f, axis):
    with pytest.raises(
        ValueError, match=rf"^{f.__name__} runs along one axis of an array of shape \(2, 3, 4\); got axis="
    ):
        f(CUBE, axis=axis)
    with pytest.raises(ValueError, match=rf"^{f.__name__} runs along one axis of an array of shape \(2,\)"):
        f([1.0, 2.0], axis=1)


@EACH
def test_an_axis_of_a_number_and_rows_of_different_lengths_are_refused(f):
    with pytest.raises(TypeError, match=rf"^{f.__name__} takes no axis of float"):
        f(1.0, axis=0)
    with pytest.raises(ValueError, match=rf"^{f.__name__} needs rows of one length"):
        f([[1.0, 2.0], [1.0]])
    with pytest.raises(ValueError, match=rf"^{f.__name__} of an empty vector is not defined"):
        f(np.ones((2, 0)))


def test_rows_that_take_no_axis_say_so():
    for call in (lambda: total([[1.0]], axis=0), lambda: dot([1.0], [1.0], axis=0), lambda: take([1.0], 0, axis=0)):
        with pytest.raises(TypeError, match="takes no axis of"):
            call()


def test_replayed_on_an_array_an_index_without_a_place_is_refused():
    i = Value(1.0, "i")
    y = take([Value(2.0, "a"), Value(3.0, "b")], i)
    assert replay(y, {i: np.array([0.0, 1.0])}).tolist() == [2.0, 3.0]
    with pytest.raises(ValueError, match=r"take is defined for an index.*got 5\.0"):
        replay(y, {i: np.array([0.0, 5.0])})


@pytest.mark.parametrize("lists", [[[1.0, 2.0], [3.0]], [[1.0], [[2.0]]], [np.ones((2, 2)), np.ones((2, 3))]])
def test_rows_of_different_length_have_no_axis(lists):
    with pytest.raises(ValueError, match="softmax needs rows of one length"):
        softmax(lists)
