"""Arrays of Values: how they are made, copied and kept."""

import copy
import pickle
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from autograd import Array, Value, array, constant, grads, values
from tests.programs import names


def test_an_array_holds_leaves_named_by_their_place(W):
    assert type(W) is Array
    assert isinstance(W, np.ndarray)
    assert W.dtype == object
    assert names(W) == ["W[0,0]", "W[0,1]", "W[1,0]", "W[1,1]"]
    assert {v.role for v in W.ravel()} == {"parameter"}
    assert values(W).tolist() == [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    "data",
    [
        [1, 2],
        (1.0, 2.0),
        np.array([1, 2]),
        np.float32([1, 2]),
        range(1, 3),
        [Fraction(1), Decimal(2)],
        np.array([1, 2], object),
    ],
    ids=lambda d: type(d).__name__,
)
def test_any_sequence_of_numbers_makes_leaves_of_python_floats(data):
    x = array(data, "x", role="input")
    assert [type(v.data) for v in x] == [float, float]
    assert values(x).tolist() == [1.0, 2.0]
    assert [v.role for v in x] == ["input", "input"]


@pytest.mark.parametrize("data", [2, 2.0, np.float32(2), np.array(2.0)], ids=repr)
def test_a_single_number_gives_one_value(data):
    assert repr(array(data, "s")) == "Value(data=2.0, grad=None, name='s')"
    assert repr(constant(data)) == "Value(data=2.0, grad=None, role='constant')"


def test_values_in_the_data_are_kept_as_they_are():
    v = Value(2.0, "v")
    x = array([1.0, v], "x")
    assert x[1] is v
    assert (names(x), x[0].role) == ([None, "v"], "constant")  # a plain number beside Values is not trained
    assert array(v) is v
    assert array(x)[0] is x[0]


def test_constants_take_no_gradient():
    c, x = constant([1.0, 2.0], "c"), array([3.0, 4.0])
    (c @ x).backward()
    assert names(c) == ["c[0]", "c[1]"]
    assert np.isnan(grads(c)).all()
    assert grads(x).tolist() == [1.0, 2.0]


@pytest.mark.parametrize("shape", [(0,), (1, 0), (2, 3, 4)])
def test_shapes_are_kept(shape):
    assert array(np.zeros(shape)).shape == values(array(np.zeros(shape))).shape == shape


def test_an_array_without_a_name_holds_nameless_leaves():
    assert names(array([1.0])) == [None]


def test_copies_share_leaves_and_deep_copies_do_not(W):
    y = W @ np.ones(2)
    assert W.copy()[0, 0] is W[0, 0]
    for copied in (copy.deepcopy((W, y)), pickle.loads(pickle.dumps((W, y)))):
        twin, result = copied
        assert [type(twin), type(result)] == [Array, Array]
        assert twin[0, 0] is not W[0, 0]
        assert result[0].parents[0] is twin[0, 0]
        assert names(twin) == names(W)


def test_a_constant_of_a_value_is_refused_for_it_would_still_take_a_gradient():
    with pytest.raises(TypeError, match=r"constant\(v\.data\)"):
        constant(Value(2.0))
