"""The leaves of an array read, written, cleared and named: values, grads, assign, zero_grad and named."""

import copy
import math
import operator
import pickle

import numpy as np
import pytest

from autograd import Value, array, assign, constant, grads, named, values, zero_grad
from autograd.names import Name
from tests.programs import names


def test_computed_elements_may_be_replaced(W):
    y = W * 2
    y[0, 0] = Value(7.0)
    y[1] = [8.0, 9.0]
    assert values(y).tolist() == [[7.0, 4.0], [8.0, 9.0]]


def test_a_leaf_may_be_replaced_by_a_leaf(W):
    W[0, 0] = Value(9.0, "new")
    assert names(W)[0] == "new"


def test_values_are_float_arrays_of_the_same_shape(W):
    assert (values(W).dtype, values(W).shape, type(values(W))) == (float, (2, 2), np.ndarray)
    assert values(Value(3.0)) == 3.0
    assert values([1.0, Value(2.0)]).tolist() == [1.0, 2.0]
    assert values([[1], [2]]).tolist() == [[1.0], [2.0]]
    assert values(2.5).shape == ()


def test_grads_are_nan_where_there_is_none(W):
    assert np.isnan(grads(W)).all()
    (W[0] * 2).sum().backward()
    assert grads(W)[0].tolist() == [2.0, 2.0]
    assert np.isnan(grads(W)[1]).all()
    assert grads(W).shape == (2, 2)
    assert grads(list(W[0])).tolist() == [2.0, 2.0]


def test_assign_writes_data_and_keeps_the_leaves(W):
    before = list(W.ravel())
    assign(W, values(W) - 0.5)
    assert all(a is b for a, b in zip(before, W.ravel(), strict=True))
    assert values(W).tolist() == [[0.5, 1.5], [2.5, 3.5]]
    assert all(type(v.data) is float for v in W.ravel())


@pytest.mark.parametrize("data", [7, 7.0, np.float32(7), Value(7.0), np.array(7.0)], ids=repr)
def test_assign_of_one_number_writes_it_everywhere(W, data):
    assign(W, data)
    assert values(W).tolist() == [[7.0, 7.0], [7.0, 7.0]]


def test_assign_writes_lists_and_single_leaves_and_constants(W):
    assign([W[0, 0], W[1, 1]], [8, 9])
    assign(W[0, 1], 5)
    assert values(W).tolist() == [[8.0, 5.0], [3.0, 9.0]]
    c = constant([1.0])
    assign(c, [2.0])
    assert values(c).tolist() == [2.0]


def test_assign_of_another_array_reads_it_before_writing(W):
    assign(W, W.T)
    assert values(W).tolist() == [[1.0, 3.0], [2.0, 4.0]]


@pytest.mark.parametrize(
    ("data", "error"), [([1.0, 2.0], ValueError), ([[1.0, "a"], [2.0, 3.0]], TypeError), (None, TypeError)]
)
def test_an_assign_that_fails_changes_nothing(W, data, error):
    with pytest.raises(error):
        assign(W, data)
    assert values(W).tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_zero_grad_sets_every_gradient_to_none(W):
    (W @ W).sum().backward()
    zero_grad(W)
    assert np.isnan(grads(W)).all()
    x = Value(1.0)
    x.backward()
    zero_grad([x])
    assert x.grad is None


def test_lists_of_arrays_of_different_shapes_are_nestings_too(W):
    b = array([1.0, 2.0, 3.0], "b")
    (W.sum() + b.sum()).backward()
    zero_grad([W, b])
    assert np.isnan(grads(W)).all()
    assert np.isnan(grads(b)).all()
    named("p", [W, b, Value(1.0)])
    assert (W[1, 0].name, b[2].name) == ("p[0,1,0]", "p[1,2]")


def test_a_training_step_by_vectors_moves_against_the_gradient(W):
    x = np.array([1.0, -1.0])
    for _ in range(100):
        zero_grad(W)
        loss = ((W @ x) ** 2).sum()
        loss.backward()
        assign(W, values(W) - 0.1 * grads(W))
    assert loss.data < 1e-15


def test_named_names_elements_and_returns_its_argument(W):
    y = W @ np.ones(2)
    assert named("y", y) is y
    assert names(y) == ["y[0]", "y[1]"]
    v = Value(1.0)
    assert named("v", v) is v
    assert v.name == "v"
    assert names(named("l", [Value(1.0), Value(2.0)])) == ["l[0]", "l[1]"]


def test_lists_of_arrays_are_named_zeroed_and_assigned_whole():
    W, b = array([[1.0, 2.0]]), array([3.0])
    named("p", [W, b])
    assert W[0, 1].name == "p[0,0,1]"
    (W.sum() + b.sum()).backward()
    zero_grad([W, b])
    assert b[0].grad is None
    assign([W, b], [values(W) - 1, values(b) + 1])
    assert values(W).tolist() + values(b).tolist() == [[0.0, 1.0], 4.0]
    with pytest.raises(ValueError, match=r"shape \[\(1, 2\), \(1,\)\]; got \[\(1, 2\), \(2,\)\]"):
        assign([W, b], [values(W), np.zeros(2)])


def test_assign_without_a_gradient_does_not_turn_weights_into_nan():
    w = array([1.0, 2.0], "w")
    with pytest.raises(ValueError, match=r"1\.0 from w\[0\], which has no gradient: call backward"):
        assign(w, values(w) - 0.1 * grads(w))
    assert values(w).tolist() == [1.0, 2.0]


def test_nan_may_be_written_where_no_gradient_is_missing():
    w, c, x = array([1.0, 2.0], "w"), constant([1.0], "c"), Value(1.0, "x", "input")
    (w * 2).sum().backward()
    for leaves in (w, c, x):
        assign(leaves, math.nan)
        assert np.isnan(values(leaves)).all()


@pytest.mark.parametrize(
    "change",
    [
        lambda W: np.add.at(W, 0, 1.0),
        lambda W: operator.ifloordiv(W, 2),
        lambda W: W.sort(0),
        lambda W: W.partition(0, axis=0),
    ],
)
def test_a_change_in_place_points_to_assign_before_anything_is_looked_up(W, change):
    before = values(W)
    with pytest.raises(
        TypeError, match=r"in place would replace leaves, 1\.0 from W\[0,0\] among them; change them: assign"
    ):
        change(W)
    assert (values(W) == before).all()


# --- names of elements ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "array_", "index"),
    [
        ("W[0,1]", "W", (0, 1)), ("x[12]", "x", (12,)), ("T[0,1,2]", "T", (0, 1, 2)), ("x", "x", ()), ("", "", ()),
        ("h[0][1]", "h", ()), ("q[k", "q", ()), ("q[k]", "q", ()), ("x[0]!", "x", ()), ("[0]", "", ()), ("x[]", "x", ()), pytest.param(f"x[{'9' * 5000}]", "x", (), id="5,000 digits"),
    ],
)  # fmt: skip
def test_a_name_that_is_typed_knows_its_array_and_its_index(text, array_, index):
    name = Name(text)
    assert (name, name.array, name.index) == (text, array_, index)
    assert Name(name) is name


@pytest.mark.parametrize("array_", ["W", "", "h[0]", "q[k", "漢"])
@pytest.mark.parametrize("index", [(), (3,), (0, 12)])
def test_an_element_is_named_as_if_its_name_were_typed(array_, index):
    name = Name(array_).element(index)
    typed = Name(f"{array_}[{','.join(map(str, index))}]" if index else array_)
    assert (name, name.array, name.index) == (typed, typed.array, typed.index)


def test_the_elements_of_arrays_keep_their_names_through_pickle_and_deepcopy():
    W, c, out = array([[1.0, 2.0]], "W"), constant([1.0], "c"), named("y", [Value(1.0) * 2.0])
    for v, index in ((W[0, 1], (0, 1)), (c[0], (0,)), (out[0], (0,))):
        for name in (v.name, pickle.loads(pickle.dumps(v)).name, copy.deepcopy(v).name, copy.deepcopy(v.name)):
            assert (type(name), name, name.index) == (Name, v.name, index)


def test_the_parts_of_a_dictionary_are_named_by_their_keys():
    weights = {"W": array([[1.0, 2.0]]), "b": Value(0.0)}
    assert named(weights) is weights
    assert [weights["W"][0, 1].name, weights["b"].name] == ["W[0,1]", "b"]


@pytest.mark.parametrize("wrong", [{"new": 3}, {3: Value(1.0)}, {"new": [[Value(1.0)], 3.0]}])
def test_a_dictionary_with_a_part_that_takes_no_name_names_nothing(wrong):
    k = Value(1.0, "k")
    with pytest.raises(TypeError, match=r"a name is text; got 3|expected Values; got"):
        named({"first": k} | wrong)
    assert k.name == "k"


def test_numbers_and_gradients_of_rows_of_different_lengths_are_refused_in_words():
    w, W = Value(2.0, "w"), array([[1.0, 2.0]], "W")
    for ragged in ([w, W], [[w], [w, w]], [W, [[w]]]):
        for read in (values, grads):
            with pytest.raises(ValueError, match="an array of numbers needs rows of one length; got"):
                read(ragged)
    assert values([np.array(1.0), w]).tolist() == values(array([np.array(1.0), w])).tolist() == [1.0, 2.0]
