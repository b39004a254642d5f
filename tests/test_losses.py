"""Losses in the lecture's normalisation: their formulas, and what they refuse."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import nn
from autograd import Value, array, exp, grads, record, sigmoid, softmax, values

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd

LOGITS = [-1000.0, -40.0, -1.5, 0.0, 0.3, 40.0, 1000.0]


def probability(a):
    with np.errstate(over="ignore"):
        return float(1 / (1 + np.exp(-np.float64(a))))


# --- mse and hinge ----------------------------------------------------------------------------------------------------


def test_mse_is_half_the_squared_distance_and_its_gradient_the_error():
    y_hat = array([1.0, -2.0, 0.5])
    loss = nn.mse(y_hat, [0.0, 1.0, 0.5])
    assert loss.data == 0.5 * (1 + 9)
    loss.backward()
    np.testing.assert_array_equal(grads(y_hat), [1.0, -3.0, 0.0])
    one = Value(3.0)
    nn.mse(one, 1.0).backward()
    assert one.grad == 2.0


def test_hinge_is_the_margin_and_is_flat_beyond_it():
    score = array([0.25, 2.0])
    loss = nn.hinge(score, [1, 1])
    assert loss.data == 0.75
    loss.backward()
    np.testing.assert_array_equal(grads(score), [-1.0, 0.0])
    assert nn.hinge(Value(0.25), -1).data == 1.25


# --- binary cross-entropy ---------------------------------------------------------------------------------------------


def test_a_class_may_be_an_array_of_one_number():
    assert nn.cross_entropy(array([1.0, 2.0]), np.array(1)).data == nn.cross_entropy(array([1.0, 2.0]), 1).data


def test_shares_that_were_32_bit_floats_sum_to_one():
    y = (np.full(3, 0.1 / 3) + 0.9 * np.eye(3)[1]).astype(np.float32).astype(float)
    assert abs(y.sum() - 1.0) > 1e-9
    assert nn.cross_entropy(array([0.0, 0.0, 0.0]), y).data == pytest.approx(math.log(3), rel=1e-7)


@pytest.mark.parametrize("y", [0.0, 1.0, 0.25])
def test_a_probability_that_has_rounded_to_its_target_is_the_same_recorded_and_eager(y):
    """0 · log 0 is 0: a row's target is known while a graph of it is built, and that of a recorded row is not."""
    program = record(lambda a, t: nn.binary_cross_entropy(sigmoid(a), t), 0.5, 0.5)
    for a in (50.0, -50.0, 0.5):
        v = Value(a)
        try:
            eager = nn.binary_cross_entropy(sigmoid(v), y)
        except ValueError:
            with pytest.raises(ValueError, match="row 0: log is defined for x > 0"):
                program([a], [y])
        else:
            assert program([a], [y])[0] == eager.data


@pytest.mark.parametrize(("p", "y"), [(-0.3, 0.0), (1.5, 1.0)])
def test_a_recorded_row_of_what_is_no_probability_is_refused(p, y):
    program = record(nn.binary_cross_entropy, 0.5, 0.5)
    with pytest.raises(ValueError, match="row 0: log is defined for x > 0"):
        program([p], [y])


@pytest.mark.parametrize("y", [0.0, 0.5, 1.0])
def test_the_derivative_by_a_target_is_there_at_0_and_1_too(y):
    target = Value(y)
    nn.binary_cross_entropy(Value(0.3), target).backward()
    assert target.grad == pytest.approx(math.log(0.7) - math.log(0.3))


@pytest.mark.parametrize("y", [0, 1, 0.25])
@pytest.mark.parametrize("p", [1e-9, 0.3, 0.9])
def test_binary_cross_entropy_is_the_printed_formula(p, y):
    y_hat = Value(p)
    loss = nn.binary_cross_entropy(y_hat, y)
    assert loss.data == pytest.approx(-(y * np.log(p) + (1 - y) * np.log(1 - p)), rel=1e-14)
    loss.backward()
    assert y_hat.grad == pytest.approx((p - y) / (p * (1 - p)), rel=1e-9)


@pytest.mark.parametrize("y", [0, 1, 0.25])
@pytest.mark.parametrize("a", [-3.0, 0.0, 1.5])
def test_binary_cross_entropy_from_logits_is_that_of_their_sigmoid(a, y):
    logit = Value(a)
    assert nn.binary_cross_entropy_with_logits(logit, y).data == pytest.approx(
        nn.binary_cross_entropy(sigmoid(logit), y).data, rel=1e-13
    )


@pytest.mark.parametrize("y", [0, 1, 0.25])
@pytest.mark.parametrize("a", LOGITS)
def test_binary_cross_entropy_from_logits_is_mpmaths_at_any_size(a, y):
    mp = pytest.importorskip("mpmath").mp.clone()
    mp.dps = 500  # 1 − σ(1000) has its first digit after 434 zeros
    logit = Value(a)
    loss = nn.binary_cross_entropy_with_logits(logit, y)
    loss.backward()
    share = 1 / (1 + mp.exp(-mp.mpf(a)))
    expected = -(y * mp.log(share) + (1 - y) * mp.log(1 - share))
    assert loss.data == pytest.approx(float(expected), rel=1e-14, abs=5e-324)
    assert logit.grad == pytest.approx(float(share - y), rel=1e-14, abs=5e-324)  # ŷ − y


def test_binary_losses_of_vectors_are_sums_over_their_outputs():
    a, y = array([0.3, -1.2, 2.0]), [1, 0, 1]
    one_by_one = [nn.binary_cross_entropy_with_logits(v, t).data for v, t in zip(a, y, strict=True)]
    assert nn.binary_cross_entropy_with_logits(a, y).data == pytest.approx(sum(one_by_one), rel=1e-15)
    assert nn.binary_cross_entropy(sigmoid(a), y).data == pytest.approx(sum(one_by_one), rel=1e-14)


def test_a_target_that_is_a_value_takes_its_own_gradient():
    a, y = Value(0.4), Value(0.25)
    nn.binary_cross_entropy_with_logits(a, y).backward()
    assert a.grad == pytest.approx(probability(0.4) - 0.25, rel=1e-14)
    assert y.grad == pytest.approx(-0.4, rel=1e-13)  # log(1 − ŷ) − log ŷ


def test_a_right_answer_of_probability_1_costs_nothing():
    assert nn.binary_cross_entropy(Value(1.0), 1).data == 0.0
    assert nn.binary_cross_entropy(Value(0.0), 0).data == 0.0


# --- cross-entropy ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("y", [2, np.int64(2), [0, 0, 1], np.array([0.0, 0.0, 1.0])])
def test_cross_entropy_of_a_class_is_one_node_whose_edges_read_y_hat_minus_y(y):
    a = array([0.1, 0.4, -0.3])
    loss = nn.cross_entropy(a, y)
    shares = np.exp(values(a)) / np.exp(values(a)).sum()
    assert loss.data == pytest.approx(-np.log(shares[2]), rel=1e-14)
    assert loss.parents == tuple(a)
    np.testing.assert_allclose(loss.partials, shares - [0, 0, 1], rtol=1e-14)


def test_cross_entropy_of_a_spread_target_is_its_mean_over_classes():
    a = array([0.1, 0.4, -0.3])
    spread = nn.cross_entropy(a, [0.25, 0.75, 0.0])
    assert spread.data == pytest.approx(0.25 * nn.cross_entropy(a, 0).data + 0.75 * nn.cross_entropy(a, 1).data)
    targets = array([0.0, 1.0, 0.0], role="input")
    assert nn.cross_entropy(a, targets).data == pytest.approx(nn.cross_entropy(a, 1).data)


def test_cross_entropy_is_exact_at_a_thousand():
    loss = nn.cross_entropy([Value(1000.0), Value(-1000.0)], 0)
    assert (loss.data, loss.partials) == (0.0, (0.0, 0.0))
    assert nn.cross_entropy([Value(1000.0), Value(-1000.0)], 1).data == 2000.0


def test_a_class_that_is_ruled_out_costs_nothing_in_a_spread_target():
    loss = nn.cross_entropy([Value(-np.inf), Value(2.0), Value(2.0)], [0.0, 0.5, 0.5])
    assert loss.data == pytest.approx(np.log(2.0))


def test_a_class_that_is_ruled_out_beside_targets_that_are_values_costs_nothing_too():
    loss = nn.cross_entropy([Value(-np.inf), Value(2.0), Value(2.0)], [0.0, Value(0.5), Value(0.5)])
    assert loss.data == pytest.approx(np.log(2.0))


def test_cross_entropy_of_two_classes_is_the_binary_one_of_the_difference_of_logits():
    a = array([0.7, -0.4])
    for c in (0, 1):
        binary = nn.binary_cross_entropy_with_logits(a[1] - a[0], c)
        assert nn.cross_entropy(a, c).data == pytest.approx(binary.data, rel=1e-14)


def test_targets_are_any_real_numbers():
    for target in (True, np.bool_(True), Decimal(1), Fraction(1), np.float32(1.0)):
        assert nn.mse(Value(3.0), target).data == 2.0


def test_outputs_and_targets_that_are_numpys_scalars_are_their_numbers():
    assert nn.mse(np.uint8(100), np.uint8(200)) == nn.mse([np.uint8(100)], [np.uint8(200)]) == 5000.0
    assert nn.cross_entropy(list(np.array([3, 5], np.uint8)), 0) == nn.cross_entropy([3.0, 5.0], 0)
    assert nn.hinge([np.int8(-100)], [np.int8(-1)]) == 0.0


def test_binary_cross_entropy_takes_a_probability_that_numpy_holds():
    for p in (np.float64(0.5), np.float32(0.5), np.array(0.5)):
        assert nn.binary_cross_entropy(p, 1) == nn.binary_cross_entropy([p], [1]) == math.log(2)


def test_truth_values_are_classes_too():
    assert nn.one_hot([True, False], 2).tolist() == [[0.0, 1.0], [1.0, 0.0]]


def test_one_hot_rows_of_many_classes_are_no_larger_than_they_need_be():
    rows = nn.one_hot([[1, 99_999]], 100_000)
    assert rows.shape == (1, 2, 100_000)
    assert rows[0, 1, 99_999] == 1.0
    assert nn.one_hot([], 3).shape == (0, 3)


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: nn.cross_entropy(softmax(array([1.0, 2.0])), 0), ValueError, "come from softmax"),
        (lambda: nn.cross_entropy(sigmoid(array([1.0, 2.0])), 0), ValueError, "come from sigmoid"),
        (
            lambda: nn.binary_cross_entropy_with_logits(softmax(array([1.0, 2.0])), [0, 1]),
            ValueError,
            "come from softmax",
        ),
        (lambda: nn.cross_entropy(array([1.0, 2.0]), 2), ValueError, "class 2 of 2"),
        (lambda: nn.cross_entropy(array([1.0, 2.0]), -1), ValueError, "class -1 of 2"),
        (lambda: nn.cross_entropy(array([1.0, 2.0]), 1.0), TypeError, "whole number"),
        (lambda: nn.cross_entropy(array([1.0, 2.0]), [1.0, 1.0]), ValueError, "sum 1"),
        (lambda: nn.cross_entropy(array([1.0, 2.0]), [2.0, -1.0]), ValueError, "one-hot"),
        (lambda: nn.cross_entropy(array([1.0, 2.0]), [1.0, 0.0, 0.0]), ValueError, "2 logits and targets of shape"),
        (
            lambda: nn.cross_entropy(array([1.0, 2.0]), [[1.0, 0.0]]),
            ValueError,
            r"2 logits and targets of shape \(1, 2\)",
        ),
        (lambda: nn.cross_entropy(Value(1.0), 0), ValueError, "at least two logits"),
        (lambda: nn.mse(array([1.0, 2.0]), [1.0]), ValueError, r"\(2,\).*\(1,\)"),
        (lambda: nn.mse(array([1.0]), [np.nan]), ValueError, "numbers as targets"),
        (lambda: nn.mse([], []), ValueError, "empty"),
        (lambda: nn.hinge(Value(1.0), 0), ValueError, "−1 and 1"),
        (lambda: nn.hinge(Value(1.0), 2), ValueError, "−1 and 1"),
        (lambda: nn.hinge(Value(1.0), -2), ValueError, "−1 and 1"),
        (lambda: nn.binary_cross_entropy(Value(1.5), 1), ValueError, "for logits use .*with_logits"),
        (lambda: nn.binary_cross_entropy(Value(np.nan), 1), ValueError, "from 0 to 1; got nan"),
        (lambda: nn.binary_cross_entropy(Value(0.5), 2), ValueError, "targets from 0 to 1; got 2"),
        (lambda: nn.binary_cross_entropy(Value(0.0), 1), ValueError, "log is defined for x > 0"),
        (lambda: nn.binary_cross_entropy_with_logits(Value(0.5), -1), ValueError, "targets from 0 to 1"),
        (lambda: nn.binary_cross_entropy_with_logits(sigmoid(Value(0.5)), 1), ValueError, "come from sigmoid"),
        (lambda: nn.binary_cross_entropy_with_logits(array([0.5]), [np.nan]), ValueError, "numbers as targets"),
        (lambda: nn.one_hot(["a"], 2), TypeError, "whole-number"),
        (lambda: nn.one_hot([0.0], 2), TypeError, "whole-number"),
        (lambda: nn.one_hot([2], 2), ValueError, "from 0 to 1"),
        (lambda: nn.one_hot([2], 2.0), ValueError, "whole number of classes"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize(
    ("dtype", "off", "taken"), [(float, 5e-7, True), (float, 5e-5, False), (np.float32, 5e-5, True)]
)
def test_shares_sum_to_one_as_exactly_as_their_precision_can(dtype, off, taken):
    program = record(lambda a, y: nn.cross_entropy(a, y), [1.0, 2.0], [0.5, 0.5])
    rows = np.array([[1.0, 2.0]], dtype), np.array([[0.5, 0.5 + off]], dtype)
    if taken:
        assert np.isfinite(program(*rows)).all()
    else:
        with pytest.raises(ValueError, match="with sum 1"):
            program(*rows)


def test_an_exponential_is_no_softmax():
    assert nn.cross_entropy([exp(Value(0.0)), exp(Value(0.0))], 0).data == pytest.approx(math.log(2))
