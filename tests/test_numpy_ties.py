"""Ties, nan and infinities in NumPy's functions of Arrays: the largest share evenly, and a nan wins."""

import math

import numpy as np
import pytest

from autograd import (
    Value,
    array,
    gradients,
    hessian,
    jacobian,
    log_softmax,
    logsumexp,
    maximum,
    minimum,
    numpy_ufuncs as ufuncs,
    record,
    values,
)

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize("extreme", [np.max, np.min, lambda x: x.max(), lambda x: x.min(), np.amax, np.maximum.reduce])
@pytest.mark.parametrize("tie", [1.0, 0.0, INF, -INF])
@pytest.mark.parametrize("n", [1, 2, 3, 7, 40])
def test_ties_of_an_extreme_share_evenly(extreme, tie, n):
    assert jacobian(extreme)(np.full(n, tie)).tolist() == [1 / n] * n


def test_only_the_largest_share_and_the_smallest_likewise():
    assert jacobian(np.max)(np.array([1.0, 2.0, -INF, 2.0, 2.0])).tolist() == [0.0, 1 / 3, 0.0, 1 / 3, 1 / 3]
    assert jacobian(np.min)(np.array([1.0, 2.0, INF, 1.0])).tolist() == [0.5, 0.0, 0.0, 0.5]
    assert jacobian(np.max)(np.array([INF, 1.7976931348623157e308])).tolist() == [1.0, 0.0]
    assert jacobian(lambda x: np.maximum.accumulate(x)[2])(np.ones(3)).tolist() == [1 / 3] * 3
    assert jacobian(lambda x: np.linalg.norm(x, INF))(np.array([1.0, -1.0, 1.0])).tolist() == [1 / 3, -1 / 3, 1 / 3]


@pytest.mark.parametrize("n", [2, 3, 40])
def test_the_ties_of_a_recorded_extreme_share_evenly(n):
    w = array(np.ones(n), "w")
    for extreme in (np.max, np.min):
        program = record(lambda x, extreme=extreme: extreme(w * x), np.ones(n))
        loss, gradient = program.value_and_grad(np.ones(n), np.ones((1, n)))
        assert loss == 1.0
        np.testing.assert_allclose(gradient, np.full(n, 1 / n))


def test_an_extreme_is_one_node_and_its_second_derivative_is_zero():
    x = array([1.0, 3.0, 2.0], "x")
    assert (np.max(x).op, np.min(x).op) == (ufuncs.LARGEST, ufuncs.SMALLEST)
    assert hessian(lambda x: np.max(x) ** 2 + np.min(x))(np.array([1.0, 3.0])).tolist() == [[0.0, 0.0], [0.0, 2.0]]
    assert hessian(lambda x: maximum(x[0], x[1]) ** 2)(np.array([1.0, 3.0])).tolist() == [[0.0, 0.0], [0.0, 2.0]]


@pytest.mark.parametrize("tie", [2.0, INF, -INF, 1.7976931348623157e308])
@pytest.mark.parametrize("of", [maximum, minimum])
def test_a_tie_of_two_shares_evenly_at_infinity_too(of, tie):
    a, b = Value(tie), Value(tie)
    assert of(a, b).partials == (0.5, 0.5)
    assert [g.data for g in gradients(of(a, b), [a, b])] == [0.5, 0.5]
    assert [g.data for g in gradients(gradients(of(a, b), [a, b])[0], [a, b])] == [0.0, 0.0]


def test_an_infinity_wins_over_the_largest_float():
    a, b = Value(INF), Value(1.7976931348623157e308)
    assert [g.data for g in gradients(maximum(a, b), [a, b])] == [1.0, 0.0]
    assert [g.data for g in gradients(minimum(a, -a), [a])] == [-1.0]
    assert all(math.isnan(d) for d in maximum(Value(NAN), Value(1.0)).partials)


@pytest.mark.parametrize("others", [[1.0], [INF], [-INF], [INF, 1.0], [-INF, INF], [INF] * 40, [1.0] * 40])
@pytest.mark.parametrize("f", [logsumexp, np.max, np.min, np.median, lambda x: log_softmax(x)[0], np.sort])
def test_a_nan_wins_in_every_position(f, others):
    for k in range(len(others) + 1):
        numbers = [*others[:k], NAN, *others[k:]]
        assert math.isnan(np.ravel(values(f(array(numbers))))[-1])
        assert math.isnan(np.ravel(values(f(np.array(numbers))))[-1])
    for two in ((NAN, others[0]), (others[0], NAN)):
        for of in (maximum, minimum, lambda a, b: logsumexp([a, b])):
            assert math.isnan(of(*two))
            assert math.isnan(of(*map(Value, two)).data)


def test_a_nan_in_a_row_spoils_its_quantiles_and_no_others():
    x = array([[1.0, NAN, 3.0], [1.0, 2.0, 4.0]])
    np.testing.assert_array_equal(values(np.median(x, axis=1)), [NAN, 2.0])
    np.testing.assert_array_equal(values(np.quantile(x, [0.0, 1.0], axis=1)), [[NAN, 1.0], [NAN, 4.0]])
