"""Products and sums of arrays of Values are NumPy's, and each result is one node of many operands."""

import math

import numpy as np
import pytest

from autograd import Array, Value, array, sum, values
from tests.programs import names, rows


@pytest.mark.parametrize(
    "product",
    [
        lambda W, x: W @ x,
        lambda W, x: W @ values(x),
        lambda W, x: W @ values(x).tolist(),
        lambda W, x: values(W) @ x,
        lambda W, x: values(W).tolist() @ x,
        lambda W, x: values(W).astype(np.float32) @ x,
        lambda W, x: values(W).astype(int) @ x,
        lambda W, x: W.dot(x),
        lambda W, x: W.dot(values(x)),
        lambda W, x: np.dot(W, x),
        lambda W, x: np.dot(values(W), x),
        lambda W, x: np.matmul(W, x),
        lambda W, x: np.matmul(values(W), x),
    ],
)
def test_a_matrix_product_is_one_dot_per_result(W, product):
    y = product(W, array([1.0, 2.0], "x"))
    assert type(y) is Array
    assert values(y).tolist() == [5.0, 11.0]
    assert rows(y) == ["dot", "dot"]
    assert [len(v.parents) for v in y] == [4, 4]


def test_a_dot_node_has_both_vectors_as_parents_and_each_other_as_partials(W):
    x = array([5.0, 6.0], "x")
    y = (W @ x)[1]
    assert names(y.parents) == ["W[1,0]", "W[1,1]", "x[0]", "x[1]"]
    assert y.partials == (5.0, 6.0, 3.0, 4.0)


def test_plain_data_becomes_constants_shared_by_all_dots(W):
    y = W @ np.array([5.0, 6.0])
    assert [p.role for p in y[0].parents] == ["parameter", "parameter", "constant", "constant"]
    assert y[0].parents[2] is y[1].parents[2]


SHAPES = [
    ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((5, 2, 3), (3,)), ((5, 2, 3), (3, 4)),
    ((5, 2, 3), (5, 3, 4)), ((1, 2, 3), (5, 3, 4)), ((3,), (5, 3, 4)), ((2, 0), (0, 3)), ((0, 3), (3,)), ((0,), (0,)),
]  # fmt: skip


@pytest.mark.parametrize(("left", "right"), SHAPES)
def test_matmul_of_any_shapes_is_that_of_numpy(left, right):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=left), rng.normal(size=right)
    for x, y in ((array(a), array(b)), (array(a), b), (a, array(b))):
        result = x @ y
        np.testing.assert_allclose(values(result), a @ b, rtol=1e-14)
        assert np.shape(result) == np.shape(a @ b)


PRODUCTS = [(f, shape) for f in (np.dot, np.inner, np.vdot, np.matmul, np.outer) for shape in [(2,), (2, 2)]]


@pytest.mark.parametrize(("function", "shape"), [*PRODUCTS, (np.tensordot, (2, 2))])
def test_products_of_numpy_are_numpys(function, shape):
    a, b = np.arange(1.0, 1 + math.prod(shape)).reshape(shape), np.arange(7.0, 7 + math.prod(shape)).reshape(shape)
    for x, y in ((array(a), array(b)), (array(a), b), (a, array(b))):
        np.testing.assert_allclose(values(function(x, y)), function(a, b), rtol=1e-14)


def test_dot_of_stacks_is_that_of_numpy():
    a, b = np.arange(24.0).reshape(2, 3, 4), np.arange(120.0).reshape(5, 4, 6)
    np.testing.assert_allclose(values(np.dot(array(a), b)), np.dot(a, b))


def test_dot_with_a_single_number_multiplies(W):
    assert values(np.dot(W, 2.0)).tolist() == values(W.dot(2.0)).tolist() == [[2.0, 4.0], [6.0, 8.0]]
    assert rows(np.dot(W, 2.0)) == ["multiply"] * 4


@pytest.mark.parametrize("total", [lambda W: W.sum(), np.sum, sum, lambda W: W.sum(axis=(0, 1))])
def test_a_sum_is_one_node(W, total):
    y = total(W)
    assert (y.op.name, len(y.parents), y.data) == ("sum", 4, 10.0)


@pytest.mark.parametrize("kwargs", [{}, {"axis": 0}, {"axis": 1}, {"axis": -1}, {"axis": (0, 1)}, {"axis": None}])
@pytest.mark.parametrize("keepdims", [False, True])
def test_sums_along_axes_are_numpys_with_one_node_each(W, kwargs, keepdims):
    for total in (np.sum(W, keepdims=keepdims, **kwargs), W.sum(keepdims=keepdims, **kwargs)):
        expected = values(W).sum(keepdims=keepdims, **kwargs)
        assert np.shape(total) == np.shape(expected)
        assert values(total).tolist() == expected.tolist()
        assert set(rows(total)) == {"sum"}


@pytest.mark.parametrize("axis", [2, -3])
def test_a_sum_along_an_axis_that_is_not_there_is_numpys_error(W, axis):
    with pytest.raises(np.exceptions.AxisError):
        W.sum(axis=axis)


def test_a_sum_of_one_number_is_still_a_node():
    v = Value(2.0)
    assert sum([v]).parents == (v,)
    assert array([v]).sum().op.name == "sum"
