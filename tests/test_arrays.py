"""Arrays of Values under NumPy: made, computed with, read, written and named."""

import copy
import math
import operator
import pickle
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from autograd import (
    Array,
    Op,
    Value,
    array,
    assign,
    constant,
    exp,
    grads,
    jacobian,
    named,
    nesting,
    ops,
    sum,
    values,
    zero_grad,
)
from autograd.names import Name

INF = math.inf


@pytest.fixture
def W():
    return array([[1.0, 2.0], [3.0, 4.0]], "W")


def names(x):
    return [v.name for v in nesting.flat(x)]


def rows(x):
    return [v.op.name for v in nesting.flat(x)]


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


def test_nan_may_be_written_where_no_gradient_is_missing():
    w, c, x = array([1.0, 2.0], "w"), constant([1.0], "c"), Value(1.0, "x", "input")
    (w * 2).sum().backward()
    for leaves in (w, c, x):
        assign(leaves, math.nan)
        assert np.isnan(values(leaves)).all()


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
