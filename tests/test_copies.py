"""Copies and pickles: what was shared stays shared, and a graph is written once."""

from __future__ import annotations

import copy
import io
import pickle

import numpy as np
import pytest

from autograd import Value, array, gradients, jacobian, softmax, sqrt, values, wengert_list
from autograd.copies import _pieces
from tests.processes import child


def pickled(x):
    return pickle.loads(pickle.dumps(x))


@pytest.mark.parametrize("again", [pickled, copy.deepcopy], ids=["pickle", "deepcopy"])
@pytest.mark.parametrize("order", [1, -1])
def test_values_that_go_together_keep_sharing_what_they_shared(again, order):
    x = Value(3.0, "x")
    h = x * x
    y = h * 2 + h
    y2, h2, x2 = again((y, h, x)[::order])[::order]
    assert gradients(y2, [h2])[0].data == 3.0
    assert gradients(y2, [x2])[0].data == 18.0
    assert not {x, h, y} & set(wengert_list([y2]))


@pytest.mark.parametrize("again", [pickled, copy.deepcopy], ids=["pickle", "deepcopy"])
def test_the_jacobian_of_an_array_and_its_softmax_survives(again):
    a = array([1.0, 2.0, 3.0], "a")
    p = softmax(a)
    a2, p2 = again((a, p))
    np.testing.assert_array_equal(jacobian(p2, a2), jacobian(p, a))
    assert [v.name for v in a2] == ["a[0]", "a[1]", "a[2]"]


@pytest.mark.unmeasured
def test_many_outputs_of_one_graph_hold_the_graph_once():
    x = v = Value(1.0, "x")
    outputs = []
    for k in range(2000):
        v = v * 1.001
        outputs += [v] * (k % 10 == 0)
    together, alone = len(pickle.dumps(outputs)), len(pickle.dumps(outputs[-1]))
    assert together < 1.5 * alone
    assert gradients(pickled([x, *outputs])[-1], [x]) is not None


@pytest.mark.parametrize("pickler", [pickle.Pickler, pickle._Pickler], ids=["C", "Python"])
def test_both_picklers_write_a_deep_graph_without_recursion(pickler):
    x = v = Value(1.0, "x")
    for _ in range(5000):
        v = v + x
    file = io.BytesIO()
    pickler(file).dump([v, x])
    v2, x2 = pickle.loads(file.getvalue())
    v2.backward()
    assert x2.grad == 5001.0


def test_a_pickle_has_the_numbers_of_the_moment_it_was_made():
    x = Value(1.0, "x")
    file = io.BytesIO()
    pickler = pickle.Pickler(file)
    pickler.dump(x * 2)
    x.data = 5.0
    assert pickled(x).data == 5.0
    del pickler


def test_nothing_is_kept_of_a_pickle_that_was_written():
    pickle.dumps(array([1.0, 2.0]) * 3)
    assert not _pieces.of


def test_a_graph_that_another_process_wrote_keeps_its_missing_derivative():
    written = pickle.dumps(sqrt(Value(0.0, "x"))).hex()
    code = f"import pickle; root = pickle.loads(bytes.fromhex('{written}')); (root**2).backward()"
    assert "ZeroDivisionError: sqrt has no derivative here" in child(code).stderr


def test_a_shallow_copy_is_another_node_on_the_same_operands():
    x = Value(2.0, "x")
    y = x * x
    twin = copy.copy(y)
    assert twin is not y
    assert twin.parents == y.parents
    assert copy.copy(x) is not x
    assert values(copy.copy(x)) == 2.0
