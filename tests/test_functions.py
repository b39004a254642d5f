"""The functions of the table over floats, Values, arrays and nestings of these."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import autograd
from autograd import (
    Array,
    Value,
    array,
    dot,
    exp,
    grads,
    leaky_relu,
    log_softmax,
    logsumexp,
    maximum,
    neg_log_softmax,
    ops,
    softmax,
    sum,
    tanh,
    values,
    where,
)

INF = math.inf


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


def test_a_list_beside_a_float_array_is_data_and_a_whole_number_takes_the_arrays_precision():
    assert leaky_relu([1.0, -2.0], np.array([0.1, 0.2])).tolist() == [1.0, -0.4]
    x = np.array([1.0, -2.0], dtype=np.float32)
    assert {y.dtype for y in (maximum(x, 0), where(x > 0, x, 0), leaky_relu(x, 1))} == {np.dtype(np.float32)}


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


def test_vectors_of_numpys_scalars_are_vectors_of_their_numbers():
    scalars = list(np.array([100, 3], np.uint8))
    assert softmax(scalars) == softmax([100.0, 3.0])
    assert softmax([scalars, scalars]) == softmax([[100.0, 3.0]] * 2)
    assert dot(scalars, tuple(scalars)) == 10_009.0
    assert sum([np.int8(100)] * 2) == sum([[np.int8(100)], [100.0]]) == 200.0
