"""NumPy's operators and functions on arrays of Values: its numbers, its shapes, and a graph."""

import math
import operator
from fractions import Fraction

import numpy as np
import pytest

from autograd import Array, Op, Value, array, exp, grads, jacobian, nesting, ops, values
from tests.programs import names, rows

OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
OTHERS = [2, 2.5, np.float64(2), np.float32(2), np.int64(2), Fraction(1, 2), np.array([1.0, 2.0]), np.array([1, 2])]


@pytest.mark.parametrize("do", OPERATORS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("other", OTHERS, ids=repr)
def test_operators_broadcast_on_both_sides_and_keep_the_class(W, do, other):
    plain = np.asarray(other, float)
    for y, expected in ((do(W, other), do(values(W), plain)), (do(other, W), do(plain, values(W)))):
        assert type(y) is Array
        np.testing.assert_allclose(values(y), expected, rtol=1e-15)
        assert all(type(v) is Value for v in y.ravel())


@pytest.mark.parametrize("do", OPERATORS, ids=lambda f: f.__name__)
def test_a_value_and_a_float_array_make_an_array_on_both_sides(do):
    v, x = Value(3.0), np.array([1.0, 2.0])
    for y, expected in ((do(v, x), do(3.0, x)), (do(x, v), do(x, 3.0))):
        assert type(y) is Array
        assert values(y).tolist() == expected.tolist()
        assert all(v in node.parents for node in y)


def test_an_array_and_a_value_make_an_array_on_both_sides(W):
    v = Value(2.0)
    assert values(W * v).tolist() == values(v * W).tolist() == [[2.0, 4.0], [6.0, 8.0]]
    assert (v * W)[0, 0].parents == (v, W[0, 0])


def test_a_scalar_of_numpy_times_a_value_is_a_value():
    for scalar in (np.float64(2), np.float32(2), np.int64(2), np.array(2.0)):
        assert type(scalar * Value(3.0)) is Value
        assert type(Value(3.0) * scalar) is Value


def test_a_list_beside_an_array_is_data(W):
    assert values([1, 2] * W).tolist() == values(W * [1, 2]).tolist() == [[1.0, 4.0], [3.0, 8.0]]


def test_columns_and_rows_broadcast():
    y = array([[1.0, 2.0]]) + array([[10.0], [20.0]])
    assert values(y).tolist() == [[11.0, 12.0], [21.0, 22.0]]


UFUNCS = [name for name, op in ops.TABLE.items() if isinstance(getattr(np, name, None), np.ufunc) and op.arity == 1]


@pytest.mark.parametrize("name", UFUNCS)
def test_numpys_functions_are_the_rows(name):
    x = array([0.3, 0.6], "x")
    for y in (getattr(np, name)(x), getattr(ops, name)(x)):
        assert type(y) is Array
        assert rows(y) == [name, name]
        assert values(y).tolist() == [getattr(ops, name)(0.3), getattr(ops, name)(0.6)]
    assert getattr(np, name)(Value(0.3)).op.name == name
    if name != "sign":  # of which NumPy makes comparisons there
        plain = getattr(np, name)(np.array([Value(0.3)]))  # by the method, on an array NumPy knows nothing more about
        assert plain[0].op.name == name


def test_numpys_functions_of_two_are_the_rows(W):
    assert rows(np.maximum(W, 2.5)) == ["maximum"] * 4
    assert rows(np.minimum(2.5, W)) == ["minimum"] * 4
    assert rows(np.power(W, 2)) == ["power"] * 4
    assert values(np.maximum(W, 2.5)).tolist() == [[2.5, 2.5], [3.0, 4.0]]


def test_numpys_where_chooses_and_records(W):
    y = np.where(W > 2.5, W, 0.0)
    assert type(y) is Array
    assert values(y).tolist() == [[0.0, 0.0], [3.0, 4.0]]
    assert rows(y) == ["where"] * 4
    assert [i.tolist() for i in np.where(W > 2.5)] == [[1, 1], [0, 1]]


@pytest.mark.parametrize(
    "shaped",
    [
        lambda W: W.T,
        lambda W: W.reshape(4),
        lambda W: W[0],
        lambda W: W[:, 1:],
        lambda W: W[[1, 0]],
        lambda W: W[None],
        lambda W: W.ravel(),
        lambda W: W.flatten(),
        lambda W: W.copy(),
        np.transpose,
        np.squeeze,
        np.diag,
        lambda W: np.roll(W, 1),
        lambda W: np.tile(W, 2),
        lambda W: np.concatenate([W, W]),
        lambda W: np.stack([W, W]),
        lambda W: np.vstack([W, W]),
        lambda W: np.hstack([W, W]),
    ],
)
def test_reshaping_keeps_the_leaves_and_the_class(W, shaped):
    y = shaped(W)
    assert type(y) is Array
    assert values(y).tolist() == shaped(values(W)).tolist()
    assert {id(v) for v in nesting.flat(y)} <= {id(v) for v in W.ravel()}


def test_an_element_is_a_value(W):
    assert type(W[0, 1]) is Value
    assert W.T[1, 0] is W[0, 1]
    assert [type(v) for v in W[0]] == [Value, Value]


@pytest.mark.parametrize(
    "reduced",
    [np.mean, np.prod, np.max, np.min, np.trace, np.linalg.norm, lambda W: W.mean(axis=0), lambda W: W.max(axis=1)],
)
def test_reductions_are_numpys_and_can_be_differentiated(W, reduced):
    y = reduced(W)
    np.testing.assert_allclose(values(y), reduced(values(W)), rtol=1e-15)
    assert jacobian(y, W).shape == (*np.shape(reduced(values(W))), 2, 2)


def test_accumulations_are_numpys():
    x = array([1.0, 2.0, 3.0])
    assert values(np.cumsum(x)).tolist() == [1.0, 3.0, 6.0]
    assert values(np.diff(x)).tolist() == [1.0, 1.0]


def test_comparisons_give_plain_masks(W):
    mask = W > 2.5
    assert (type(mask), mask.dtype) == (np.ndarray, bool)
    assert values(W[mask]).tolist() == [3.0, 4.0]
    assert (W == W).all()
    assert not (W == None).any()  # noqa: E711  # the comparison is what is tested


def test_sorting_orders_by_number():
    x = array([3.0, 1.0, 2.0], "x")
    assert names(np.sort(x)) == ["x[1]", "x[2]", "x[0]"]
    assert np.argsort(x).tolist() == [1, 2, 0]
    assert max(x) is x[0]


def test_a_float_array_can_be_made_of_an_array(W):
    assert np.asarray(W, dtype=float).tolist() == values(W).tolist()


def test_a_ufunc_of_a_row_made_at_run_time_finds_the_row():
    op = Op("arcsinh", lambda x: ops.log(x + ops.sqrt(x * x + 1)), (lambda y, x: 1 / ops.sqrt(x * x + 1),))
    try:
        y = np.arcsinh(array([0.5, 1.0]))
        assert [v.op for v in y] == [op, op]
        assert y[0].data == pytest.approx(math.asinh(0.5))
        assert Value(0.5).arcsinh().partials == (1 / math.sqrt(1.25),)
    finally:
        del ops.TABLE["arcsinh"]


def test_writing_the_result_into_a_computed_array_keeps_a_graph(W):
    y = W * 2
    y += 1
    assert values(y).tolist() == [[3.0, 5.0], [7.0, 9.0]]
    assert jacobian(y, W).sum() == 8.0


def test_an_array_cast_to_floats_computes_in_floats():
    W = array([1.0, 2.0])
    plain = W.astype(float)
    plain *= 2
    assert (type(plain), plain.tolist()) == (np.ndarray, [2.0, 4.0])
    assert type(W.astype(object)) is Array
    assert (np.array(W, float, subok=True) * 2).dtype == float


def test_a_float_array_refuses_values_in_place():
    numbers = np.ones(2)
    with pytest.raises(TypeError, match="a number or a float array cannot hold Values"):
        numbers *= Value(2.0)
    np.testing.assert_array_equal(numbers, np.ones(2))


def test_an_array_of_text_is_no_operand():
    with pytest.raises(TypeError, match="exp takes real numbers"):
        exp(np.array(["a"]))


@pytest.mark.parametrize(
    "clip",
    [
        lambda x: np.clip(x, 0.0, 1.0),
        lambda x: np.clip(x, a_min=0, a_max=1),
        pytest.param(
            lambda x: np.clip(x, min=0, max=1, out=None),
            marks=pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.1.0", reason="NumPy 2.0 has no min, max"),
        ),
        lambda x: np.clip(np.clip(x, 0, None), None, 1),
        lambda x: x.clip(0, 1),
    ],
)
def test_clip_keeps_the_graph_and_passes_gradient_inside_the_bounds_only(clip):
    x = array([-1.0, 0.5, 2.0])
    y = clip(x)
    assert isinstance(y, Array)
    assert values(y).tolist() == [0.0, 0.5, 1.0]
    y.sum().backward()
    assert grads(x).tolist() == [0.0, 1.0, 0.0]


@pytest.mark.parametrize("more", [{"out": np.empty(1, dtype=object)}, {"where": [True]}, {"dtype": object}])
def test_clip_refuses_what_it_would_have_to_ignore(more):
    with pytest.raises(TypeError, match="takes a lower and an upper limit"):
        np.clip(array([1.0]), 0, 1, **more)


def test_what_numpy_puts_in_is_a_constant_and_keeps_the_graph():
    J = jacobian(lambda x: np.pad(x, 1))(np.array([1.0, 2.0]))
    assert J.tolist() == [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    "product",
    [
        lambda W, x: np.outer(x, [1.0, 2.0]),
        lambda W, x: np.tensordot(W, x, 1),
        lambda W, x: np.einsum("ij,j->i", W, x),
        lambda W, x: np.broadcast_to(x, (2, 3)),
        lambda W, x: np.pad(x, 1),
    ],
)
def test_what_numpy_makes_of_an_array_is_an_array(product):
    W, x = array(np.arange(6.0).reshape(2, 3)), array([1.0, -2.0, 0.5])
    made = product(W, x)
    assert isinstance(made, Array)
    assert (values(made) == product(values(W), values(x))).all()


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda W, x: W @ x, r"matmul of W \(2, 3\) and x \(2,\): 3 columns meet 2 rows"),
        (lambda W, x: W + x, r"add of W \(2, 3\) and x \(2,\): these shapes do not go together"),
        (lambda W, x: np.maximum(x, W), r"maximum of x \(2,\) and W \(2, 3\): these shapes do not go together"),
        (lambda W, x: W * np.ones(4), r"multiply of W \(2, 3\) and \(4,\): these shapes do not go together"),
    ],
)
def test_arrays_that_do_not_go_together_are_named_with_their_shapes(f, words):
    with pytest.raises(ValueError, match=f"^{words}"):
        f(array(np.ones((2, 3)), "W"), array(np.ones(2), "x"))
