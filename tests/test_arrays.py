"""Arrays of Values under NumPy, and the functions over floats, Values, arrays and nestings of these."""

import copy
import math
import operator
import pickle
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import autograd
from autograd import (
    Array,
    Op,
    Value,
    array,
    assign,
    constant,
    dot,
    exp,
    grads,
    jacobian,
    kinds,
    leaky_relu,
    log_softmax,
    logsumexp,
    maximum,
    named,
    neg_log_softmax,
    ops,
    softmax,
    sum,
    tanh,
    values,
    where,
    zero_grad,
)

INF = math.inf


@pytest.fixture
def W():
    return array([[1.0, 2.0], [3.0, 4.0]], "W")


def names(x):
    return [v.name for v in kinds.flat(x)]


def rows(x):
    return [v.op.name for v in kinds.flat(x)]


# --- making -----------------------------------------------------------------------------------------------------------


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
    assert names(x) == ["x[0]", "v"]
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


# --- n-ary nodes ------------------------------------------------------------------------------------------------------


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


# --- NumPy ------------------------------------------------------------------------------------------------------------

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
    assert {id(v) for v in kinds.flat(y)} <= {id(v) for v in W.ravel()}


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
        del Value.arcsinh


def test_writing_the_result_into_a_computed_array_keeps_a_graph(W):
    y = W * 2
    y += 1
    assert values(y).tolist() == [[3.0, 5.0], [7.0, 9.0]]
    assert jacobian(y, W).sum() == 8.0


def test_computed_elements_may_be_replaced(W):
    y = W * 2
    y[0, 0] = Value(7.0)
    y[1] = [8.0, 9.0]
    assert values(y).tolist() == [[7.0, 4.0], [8.0, 9.0]]


def test_a_leaf_may_be_replaced_by_a_leaf(W):
    W[0, 0] = Value(9.0, "new")
    assert names(W)[0] == "new"


def test_copies_share_leaves_and_deep_copies_do_not(W):
    y = W @ np.ones(2)
    assert W.copy()[0, 0] is W[0, 0]
    for copied in (copy.deepcopy((W, y)), pickle.loads(pickle.dumps((W, y)))):
        twin, result = copied
        assert [type(twin), type(result)] == [Array, Array]
        assert twin[0, 0] is not W[0, 0]
        assert result[0].parents[0] is twin[0, 0]
        assert names(twin) == names(W)


# --- reading, writing, naming -----------------------------------------------------------------------------------------


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


# --- functions over floats, Values, arrays and nestings ---------------------------------------------------------------


@pytest.mark.parametrize("number", [0.5, np.float64(0.5), np.float32(0.5), Fraction(1, 2), Decimal("0.5")], ids=repr)
def test_functions_of_a_number_give_a_number(number):
    assert tanh(number) == math.tanh(0.5)
    assert not isinstance(tanh(number), Value)


def test_functions_keep_lists_tuples_and_nestings():
    v = Value(1.0)
    assert exp([0.0, 0.0]) == [1.0, 1.0]
    assert exp((0.0,)) == (1.0,)
    assert exp([[0.0, 0.0], [0.0]]) == [[1.0, 1.0], [1.0]]
    mixed = exp([0.0, v])
    assert mixed[0] == 1.0
    assert mixed[1].parents == (v,)
    assert exp([]) == []


def test_functions_of_float_arrays_give_float_arrays():
    y = exp(np.zeros((2, 2)))
    assert (type(y), y.dtype) == (np.ndarray, float)
    assert exp(np.zeros(2, np.float32)).dtype == np.float32
    assert exp(np.array([0, 0])).tolist() == [1.0, 1.0]
    assert exp(np.array([])).shape == (0,)


def test_a_float_array_overflows_as_its_numbers_do():
    with pytest.raises(OverflowError, match=r"exp is beyond the largest float here; got 1000\.0"):
        exp(np.array([1.0, 1000.0]))
    assert maximum(np.array([-INF, 1.0]), 0.0).tolist() == [0.0, 1.0]


def test_functions_of_two_take_lists_beside_numbers():
    assert maximum([1.0, 2.0], 1.5) == [1.5, 2.0]
    assert maximum([1.0, 2.0], [2.0, 1.0]) == [2.0, 2.0]
    assert values(maximum(np.array([1.0, 2.0]), Value(1.5))).tolist() == [1.5, 2.0]
    assert leaky_relu([-1.0, 1.0], 0.5) == [-0.5, 1.0]


def test_where_chooses_elementwise():
    assert where([True, False], [1.0, 2.0], 0.0) == [1.0, 0.0]
    assert where(np.array([True, False]), np.ones(2), 0.0).tolist() == [1.0, 0.0]
    assert values(where(array([1.0, 0.0]), array([1.0, 2.0]), -1.0)).tolist() == [1.0, -1.0]


@pytest.mark.parametrize("c", [True, 1.0, np.True_, Value(2.0), -0.5])
def test_where_passes_gradient_to_the_chosen_one_only(c):
    a, b = Value(1.0), Value(2.0)
    y = where(c, a, b)
    y.backward()
    assert (y.data, a.grad, b.grad) == (1.0, 1.0, 0.0)


def test_sums_and_dots_of_plain_numbers_are_plain():
    assert sum([1.0, 2.0]) == 3.0
    assert sum(np.ones((2, 2))) == 4.0
    assert sum([]) == 0.0
    assert dot([1.0, 2.0], [3.0, 4.0]) == 11.0
    assert dot([], []) == 0.0
    assert logsumexp([0.0]) == 0.0


def test_sums_and_dots_and_logsumexps_are_single_nodes():
    v = [Value(1.0), Value(2.0)]
    for y, n in ((sum(v), 2), (dot(v, [3.0, 4.0]), 4), (dot(array([3.0, 4.0]), v), 4), (logsumexp(v), 2)):
        assert len(y.parents) == n
    assert sum([[v[0], 1.0], [v[1], 1.0]]).data == 5.0
    assert sum(v[0]).op.name == "sum"


@pytest.mark.parametrize("numbers", [lambda: (k for k in range(3)), lambda: range(3), lambda: map(float, range(3))])
def test_a_sum_of_what_can_be_iterated_is_its_sum(numbers):
    """The name hides Python's own sum: what that adds up must not come back unchanged."""
    assert sum(numbers()) == 3.0


@pytest.mark.parametrize("nothing", ["abc", None, {}])
def test_a_sum_of_what_holds_no_numbers_is_a_type_error(nothing):
    with pytest.raises(TypeError):
        sum(nothing)


@pytest.mark.parametrize("softly", [softmax, log_softmax, neg_log_softmax])
def test_softmax_and_its_logarithms_keep_the_kind_of_vector(softly):
    assert type(softly([1.0, 2.0])) is list
    assert type(softly((1.0, 2.0))) is tuple
    assert type(softly(np.array([1.0, 2.0]))) is np.ndarray
    assert softly(np.array([1, 2])).dtype == float
    assert type(softly(array([1.0, 2.0]))) is Array
    assert type(softly([Value(1.0), 2.0])[1]) is Value


def test_softmax_is_finite_wherever_its_answer_is():
    assert softmax([1000.0, 1000.0]) == [0.5, 0.5]
    assert softmax([800.0, -800.0]) == [1.0, 0.0]
    assert values(softmax([Value(1e308), Value(-1e308)])).tolist() == [1.0, 0.0]
    assert logsumexp([-INF, 0.0]) == 0.0
    assert logsumexp([1e308, 1e308]) == 1e308


def test_each_component_of_log_softmax_is_one_node_with_edges_of_one_hot_minus_softmax():
    a = array([1.0, 2.0, 3.0])
    y = log_softmax(a)
    p = softmax([1.0, 2.0, 3.0])
    for c, v in enumerate(y):
        assert len(v.parents) == 3
        assert v.partials == pytest.approx([float(j == c) - p[j] for j in range(3)], rel=1e-15)


def test_log_softmax_of_the_winner_keeps_its_digits():
    a = [Value(0.0), Value(-40.0), Value(-50.0)]
    rest = math.exp(-40) + math.exp(-50)
    y = log_softmax(a)[0]
    assert y.data == pytest.approx(-math.log1p(rest), rel=1e-15)
    assert y.partials[0] == pytest.approx(rest / (1 + rest), rel=1e-15)


@pytest.mark.parametrize("size", [1e2, 1e15, 1e19, 1e100, 1e300])
def test_softmax_derivatives_survive_logits_of_any_size(size):
    """Where logsumexp is rounded by more than an exponential bears."""
    for numbers in np.random.default_rng(0).normal(size=(50, 3)) * size:
        shares = np.exp(numbers - numbers.max())
        shares /= shares.sum()
        for c, target in enumerate(np.eye(3)):
            a = array(numbers)
            neg_log_softmax(a)[c].backward()
            assert np.allclose(grads(a), shares - target, rtol=1e-13, atol=1e-15)  # 1 − 1e-23 is 1
        a = array(numbers)
        logsumexp(a).backward()
        assert np.allclose(grads(a), shares, rtol=1e-13, atol=1e-300)


def test_a_masked_component_passes_nothing_and_breaks_nothing():
    x = Value(0.0)
    y = log_softmax([x, Value(-INF)])
    assert y[0].data == 0.0
    y[0].backward()
    assert x.grad == 0.0


@pytest.mark.parametrize("made", [lambda: sum(array([])), lambda: array([]).sum(), lambda: array([]) @ array([])])
def test_empty_sums_are_zero(made):
    assert made() == 0.0


def test_every_function_of_the_contract_can_be_imported():
    for name in ("Value", "array", "softmax", "leaky_relu", "check_grad", "replay"):
        assert hasattr(autograd, name)


def test_an_array_cast_to_floats_computes_in_floats():
    W = array([1.0, 2.0])
    assert (W.astype(float) * 2).dtype == float


def test_a_float_array_refuses_values_in_place():
    numbers = np.ones(2)
    with pytest.raises(TypeError, match="a float array cannot hold Values"):
        numbers *= Value(2.0)
    np.testing.assert_array_equal(numbers, np.ones(2))


def test_a_constant_of_a_value_is_refused_for_it_would_still_take_a_gradient():
    with pytest.raises(TypeError, match=r"constant\(v\.data\)"):
        constant(Value(2.0))


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


def test_an_array_of_text_is_no_operand():
    with pytest.raises(TypeError, match="exp takes real numbers"):
        exp(np.array(["a"]))


def test_assign_without_a_gradient_does_not_turn_weights_into_nan():
    w = array([1.0, 2.0], "w")
    with pytest.raises(ValueError, match=r"1\.0 from w\[0\], which has no gradient: call backward"):
        assign(w, values(w) - 0.1 * grads(w))
    assert values(w).tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "clip",
    [
        lambda x: np.clip(x, 0.0, 1.0),
        lambda x: np.clip(x, a_min=0, a_max=1),
        lambda x: np.clip(x, min=0, max=1, out=None),
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


def test_a_list_beside_a_float_array_is_data_and_a_whole_number_takes_the_arrays_precision():
    assert leaky_relu([1.0, -2.0], np.array([0.1, 0.2])).tolist() == [1.0, -0.4]
    x = np.array([1.0, -2.0], dtype=np.float32)
    assert {y.dtype for y in (maximum(x, 0), where(x > 0, x, 0), leaky_relu(x, 1))} == {np.dtype(np.float32)}


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


@pytest.mark.parametrize("change", [lambda W: np.add.at(W, 0, 1.0), lambda W: operator.ifloordiv(W, 2)])
def test_a_change_in_place_points_to_assign_before_anything_is_looked_up(W, change):
    before = values(W)
    with pytest.raises(TypeError, match="in place would replace leaves; change them: assign"):
        change(W)
    assert (values(W) == before).all()


@pytest.mark.parametrize("op", [op for op in ops.TABLE.values() if op.arity == 1], ids=lambda op: op.name)
def test_functions_of_32_bit_arrays_stay_in_32_bits(op):
    low, high = op.samples[0] if op.samples else (0.25, 0.75)
    x = np.linspace(low, high, 3, dtype=np.float32)
    assert op(x).dtype == np.float32
    assert np.allclose(op(x), op(x.astype(float)), rtol=1e-5)


def test_a_subclass_of_value_computes_with_itself():
    class Own(Value):
        pass

    x = Own(2.0)
    y = x * x + tanh(x)
    y.backward()
    assert y.data == 4.0 + math.tanh(2.0)
    assert x.grad == pytest.approx(5.0 - math.tanh(2.0) ** 2)
