"""What NumPy writes into an Array, keeps in one or computes of one in linear algebra, and what it must not lose."""

import operator

import numpy as np
import pytest

from autograd import (
    Array,
    Value,
    array,
    assign,
    check_grad,
    constant,
    dot,
    exp,
    grad,
    jacobian,
    maximum,
    softmax,
    sum,
    values,
)
from tests.test_numpy_functions import slopes


def test_a_ufunc_with_where_begins_with_what_out_holds():
    a, b = array([1.0, 2.0], "a"), np.array([0.0, 4.0])
    y = np.divide(a, b, out=np.zeros_like(a), where=b != 0)
    assert (type(y), values(y).tolist()) == (Array, [0.0, 0.5])
    assert jacobian(y, a).tolist() == [[0.0, 0.0], [0.0, 0.25]]
    out = np.full(2, 7.0, object)
    assert np.divide(a, b, out=out, where=b != 0) is out
    assert values(out).tolist() == [7.0, 0.5]


def test_a_refusal_halfway_changes_nothing_of_what_is_written_into():
    a, b = array([1.0, 2.0]) * 1, np.array([4.0, 0.0])
    for write in (
        lambda: operator.itruediv(a, b),
        lambda: np.divide.at(a, [0, 1], b),
        lambda: np.divide(a, b, out=a, where=[True, True]),
        lambda: operator.setitem(a, slice(None), [3.0, None]),
    ):
        with pytest.raises((ZeroDivisionError, TypeError)):
            write()
        assert values(a).tolist() == [1.0, 2.0]


def test_a_computed_array_takes_results_in_place():
    x = array([1.0, 2.0, 3.0], "x")
    y = x * 2
    np.add.at(y, [0, 0], x[1])
    assert (values(y).tolist(), jacobian(y, x)[0].tolist()) == ([6.0, 4.0, 6.0], [2.0, 2.0, 0.0])
    y.sort()
    assert values(y).tolist() == [4.0, 6.0, 6.0]
    y.flat[0] = x[0] * 1
    y.put([1], 5.0)
    assert (len(y.flat), [v.data for v in y.flat], values(y.flat[:2]).tolist()) == (3, [1.0, 5.0, 6.0], [1.0, 5.0])
    assert {type(v) for v in y} == {Value}
    y[::-1].partition(1)
    assert y[2].data == 1.0
    y.fill(0.0)
    assert [v.role for v in y] == ["constant"] * 3
    assert values(np.cumsum(x, out=y)).tolist() == values(y).tolist() == [1.0, 3.0, 6.0]
    y = x * 2
    assert np.take(x, [2, 1, 0], None, y) is y
    assert y[0] is x[2]


def test_an_array_that_is_filled_step_by_step_holds_values():
    x = array([1.0, 2.0], "x")
    y = np.zeros_like(x)
    y[0] = x[0] * x[1]
    assert jacobian(y, x).tolist() == [[2.0, 1.0], [0.0, 0.0]]
    assert np.zeros_like(x, dtype=float).dtype == float
    assert np.empty_like(x, shape=(2, 2)).shape == (2, 2)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: np.divide(x, x, where=[True, False]), "np.divide with where= leaves entries without a value"),
        (lambda x: np.less(x, 1, where=[True, False]), "np.less with where= leaves entries without a value"),
        (lambda x: np.add(x, 1, out=np.empty(2, object), where=[True, False]), "an entry is None and has no value"),
        (lambda x: np.add(x, x, out=np.zeros(2, bool)), "cannot hold Values"),
        (lambda x: np.isnan(x, out=np.zeros(2)), "cannot hold Values"),
        (lambda x: np.max(x, initial=0.0), "got initial: take"),
        (lambda x: np.mean(x, where=[True, False]), "got where: take"),
        (lambda x: np.maximum.reduceat(x, [0]), r"take np\.max of each slice"),
        (lambda x: np.matmul(x, x, axes=[0, 0, ()]), "got axes too"),
        (lambda x: x // 2, r"np.floor_divide is no row.*make a row: Op\('remainder', lambda x: x % n, "),
        (lambda x: divmod(x, 2), r"math.floor"),
        (lambda x: np.vecdot(x, x) if hasattr(np, "vecdot") else np.hypot(x, x), "np.*is no row"),
        (lambda x: x.round(), "np.rint is no row"),
        (lambda x: np.dot(x, x, np.zeros(2)), "np.dot of Values makes a new array"),
        (lambda x: np.take(x, [0, 1], out=np.zeros(2)), "a float array cannot hold Values"),
        (lambda x: np.take(np.ones(2), [0, 1], out=x * 1.0), "leave dtype and out away"),
        (lambda x: np.take(x, [0], out=x[0]), "take in place: a number or a float array cannot hold Values"),
        (lambda x: np.take(x, [0], out=3.0), "take in place: a number"),
        (lambda x: np.add(x, x, out=x[0]), "add in place: a number"),
        (lambda x: np.any(x, out=np.zeros(2)), "a float array cannot hold Values"),
        (lambda x: np.copyto(np.zeros(2), x), "a float array cannot hold Values"),
        (lambda x: np.put(np.zeros(2), [0], x), "a float array cannot hold Values"),
        (lambda x: (x * 1).put([0], 1.0, "wrap"), "mode='wrap'"),
        (lambda x: np.place(x * 1, [True, False], 1.0), "are refused on Values"),
        (lambda x: np.putmask(np.zeros(2), [True, False], x), "are refused on Values"),
        (lambda x: np.quantile(x, 0.5, method="lower"), "got method"),
        (lambda x: np.median(x, out=np.zeros(())), "got out"),
        (lambda x: np.median(x, overwrite_input=True), "got overwrite_input"),
        (lambda x: np.quantile(x, x), "takes q as plain numbers"),
        (lambda x: np.average(x, returned=True), "leave returned= away"),
        (lambda x: np.pad(x, 1, mode="maximum"), "'maximum'"),
        (lambda x: np.linalg.norm(x[None], "nuc"), "has no order 'nuc'"),
        (lambda x: np.linalg.svd(x[None]), "np.linalg.svd of Values is refused"),
    ],
)
def test_what_cannot_keep_the_graph_is_refused(call, words):
    with pytest.raises(TypeError, match=words):
        call(array([1.0, 2.0], "x"))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: np.quantile(x, 1.5), "between 0 and 1"),
        (lambda x: np.median(x[:0]), "of no numbers"),
        (lambda x: np.average(x, weights=[1.0, 2.0, 3.0]), r"weights of shape \(3,\) do not go with \(2,\)"),
        (lambda x: np.linalg.norm(x, "fro"), "the order of a vector's norm is a number"),
        (lambda x: np.linalg.det(x), "needs one square matrix"),
        (lambda x: np.linalg.inv(np.stack([x, x, x])), "needs one square matrix"),
        (lambda x: np.linalg.det(np.diag(np.tile(x, 5))), "up to 8×8"),
        (lambda x: np.linalg.solve(np.diag(x), np.ones(3)), "a vector or a matrix of 2 rows"),
        (lambda x: np.linalg.inv(np.stack([x, x * 2])), "singular: column 1 depends"),
    ],
)
def test_what_has_no_value_is_refused_in_words(call, words):
    with pytest.raises(ValueError, match=words):
        call(array([1.0, 2.0], "x"))


@pytest.mark.parametrize("name", ["det", "inv", "solve"])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 6])
def test_linear_algebra_is_numpys_and_can_be_differentiated_twice(name, n):
    A = np.random.default_rng(n).normal(size=(n, n))
    A[0, 0] = 0.0 if n > 1 else 2.0  # a pivot that has to be exchanged
    f = {"det": np.linalg.det, "inv": np.linalg.inv, "solve": lambda a: np.linalg.solve(a, np.arange(1.0, n + 1))}[name]
    x = array(A, "A")
    np.testing.assert_allclose(values(f(x)), f(A), rtol=1e-9)
    np.testing.assert_allclose(jacobian(f(x), x), slopes(f, A), rtol=1e-4, atol=1e-6)
    if n == 2:
        assert check_grad(lambda a: np.sum(f(a)), A, order=2) < 1e-5


def test_a_singular_matrix_has_the_derivatives_of_its_determinant():
    assert jacobian(np.linalg.det)(np.array([[1.0, 2.0], [2.0, 4.0]])).tolist() == [[4.0, -2.0], [-2.0, 1.0]]


def test_a_function_of_the_readers_own_may_return_anything():
    x = array([1.0, 2.0], "x")
    names = np.frompyfunc(lambda v: v.name, 1, 1)(x)
    assert (type(names), names.tolist()) == (np.ndarray, ["x[0]", "x[1]"])
    assert type(np.vectorize(lambda v: v * 2)(x)) is Array


MASKED = np.ma.array([1.0, 2.0], mask=[False, True])


@pytest.mark.parametrize(
    "use",
    [
        array, constant, values, exp, sum, softmax,
        lambda m: array([1.0, 2.0]) * m, lambda m: m @ array([1.0, 2.0]), lambda m: maximum(array([1.0, 2.0]), m),
        lambda m: np.concatenate([array([1.0]), m]), lambda m: grad(lambda x: x.sum())(m), lambda m: dot([1.0, 2.0], m),
        lambda m: assign(array([1.0, 2.0]), m), lambda m: values(m * Value(2.0)), lambda m: maximum([1.0, 2.0], m),
    ],
)  # fmt: skip
def test_a_masked_array_is_refused_lest_it_lose_its_mask(use):
    with pytest.raises(TypeError, match=r"lose (its|the) mask.*x\.filled\(…\)"):
        use(MASKED)


@pytest.mark.parametrize("f", [lambda x: np.outer(x, x)[0, 0], np.linalg.norm, lambda x: np.kron(x, x)[0]])
def test_an_overflow_is_silent_in_numpys_functions_as_in_pythons_arithmetic(f):
    assert f(array([1e200, 1e200])).data == np.inf
