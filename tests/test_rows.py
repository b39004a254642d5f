"""The data that programs take: shapes, precisions, masks; and what they refuse."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nn
import viz
from autograd import Value, array, constant, dot, log_softmax, maximum, minimum, record, relu, step, sum as total, where
from autograd.recorded import execution
from tests.programs import CLASSES, ONE, RNG, WEIGHT, A, X, Y, classifier, line
from tests.row_by_row import assert_recorded_is_eager

# --- what is no data --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        ((), TypeError, "takes x, y; got 0 arrays"),
        ((X,), TypeError, "takes x, y; got 1 array$"),
        ((X, Y, Y), TypeError, "takes x, y; got 3 arrays"),
        ((X[0], Y[0]), ValueError, r"x has shape \(N, 4\), a row per example; got \(4,\): one example is x\[None\]$"),
        ((X[:, :3], Y), ValueError, r"x has shape \(N, 4\).*got \(100, 3\)"),
        ((X[None], Y), ValueError, r"x has shape \(N, 4\).*got \(1, 100, 4\)$"),
        ((X, CLASSES), ValueError, r"y has shape \(N, 3\).*got \(100,\): class indices become .*one_hot\(y, 3\)$"),
        ((X.T, Y), ValueError, r"x has shape \(N, 4\)"),
        ((X, Y[:99]), ValueError, "100 of x and 99 of y"),
        ((X[:0], Y[:0]), ValueError, "no rows"),
        ((X.astype(np.float16), Y), TypeError, "x .*float16"),
        ((X.astype(complex), Y), TypeError, "x .*complex"),
        ((X.astype(str), Y), TypeError, "x "),
        ((array(X), Y), TypeError, r"x .*got Value .* at \[0, 0\]: give floats"),
        ((X.astype(np.float32), Y), TypeError, "x is float32, y is float64.*one precision.*astype"),
        ((X, Y.astype(np.float32)), TypeError, "x is float64, y is float32.*one precision"),
        ((None, Y), TypeError, "x "),
        (([["a"] * 4], [[1, 0, 0]]), TypeError, "x "),
        (([ONE, [1.0]], Y[:2]), ValueError, "x "),
        ((1.0, 2.0), ValueError, "x has shape"),
        (("abc", Y), TypeError, "x "),
        (([Value(1.0)] * 4, Y), TypeError, r"x .*got Value .* at \[0\]: give floats"),
    ],
)
def test_data_that_do_not_fit_are_refused_with_the_argument_and_nothing_changed(data, error, words):
    model, program = classifier()
    model.parameters()[0].grad = 5.0
    theta = program.theta()
    for call in (program, program.backward, lambda *data: program.value_and_grad(theta, *data)):
        with pytest.raises(error, match=words):
            call(*data)
    assert [p.grad for p in model.parameters()] == [5.0] + [None] * 42


@pytest.mark.parametrize(
    ("theta", "error", "words"),
    [
        (np.zeros(42), ValueError, r"theta .*\(43,\).*\(42,\)"),
        (np.zeros((43, 1)), ValueError, r"theta .*\(43,\).*\(43, 1\)"),
        (np.float64(0.0), (TypeError, ValueError), r"theta .*(float64|\(43,\))"),  # NumPy 2.0 calls it no array
        ([0.0] * 43, (TypeError, ValueError), "array"),
        (np.zeros(43, np.float32), TypeError, "theta is .*float32"),
        (np.zeros(43, int), TypeError, "theta is .*int64"),
        (np.zeros(43, complex), TypeError, "theta is .*complex128"),
        (np.zeros(43, np.float16), TypeError, "theta is .*float16"),
    ],
)
def test_a_theta_that_does_not_fit_is_refused(theta, error, words):
    _, program = classifier()
    with pytest.raises(error, match=words):
        program.value_and_grad(theta, X, Y)


@pytest.mark.parametrize("dtype", [int, complex, np.float16, bool, object])
def test_a_theta_that_is_no_float_is_refused_without_rows_and_beside_whole_numbers_too(dtype):
    w = array([3.0, 4.0], "w")
    theta = np.array([3, 4]).astype(dtype)
    with pytest.raises(TypeError, match="theta"):
        record(lambda: dot(w, [0.5, 0.25])).value_and_grad(theta)
    with pytest.raises(TypeError, match="theta"):
        record(lambda x: dot(w * x, [0.5, 0.25]), [1, 2]).value_and_grad(theta, np.array([[1, 2]]))


def test_a_program_of_several_outputs_has_no_gradient():
    program = record(lambda x: x * 2.0, ONE)
    for call in (program.backward, lambda data: program.value_and_grad(program.theta(), data)):
        with pytest.raises(ValueError, match=r"a gradient is of one output; this program gives \(4,\)"):
            call(X)
    with pytest.raises(ValueError, match=r"this program gives \(1,\)"):
        record(lambda x: [x], 1.0).backward([1.0])


@pytest.mark.parametrize("reduction", ["none", "Mean", None, 1])
def test_an_unknown_reduction_is_refused(reduction):
    w, program = line()
    with pytest.raises(ValueError, match="'mean' or 'sum'"):
        program.backward([1.0], [2.0], reduction=reduction)
    assert w.grad is None


def test_a_program_without_rows_takes_no_data():
    program = record(lambda: WEIGHT * 2.0)
    for call in (program, program.backward):
        with pytest.raises(TypeError, match="has no rows and takes no data; got 1 array"):
            call([1.0])


@pytest.mark.parametrize(
    "bad",
    [
        lambda X, Y: (X, np.where(np.arange(100)[:, None] == 17, [0.5, 0.5, 0.5], Y)),
        lambda X, Y: (X, np.where(np.arange(100)[:, None] == 17, [2.0, -1.0, 0.0], Y)),
        lambda X, Y: (X, np.where(np.arange(100)[:, None] == 17, np.nan, Y)),
        lambda X, Y: (X, np.where(np.arange(100)[:, None] >= 17, 0.0, Y)),
        lambda X, Y: (X.astype(np.float32), np.where(np.arange(100)[:, None] == 17, 0.4, Y).astype(np.float32)),
    ],
)
def test_targets_that_are_no_distribution_are_refused_by_row_before_anything_runs(bad, monkeypatch):
    model, program = classifier()
    monkeypatch.setattr(execution.Run, "__call__", lambda *_: pytest.fail("something ran"))
    for call in (program, program.backward):
        with pytest.raises(ValueError, match="row 17: cross_entropy takes a one-hot y"):
            call(*bad(X, Y))
    assert all(p.grad is None for p in model.parameters())


def test_targets_of_0_and_1_are_refused_by_hinge_with_their_row():
    for outputs_, y in ((1, np.ones(30)), (3, np.ones((30, 3)))):
        model = nn.MLP(4, [outputs_], rng=0)
        program = record(lambda x, y, model=model: nn.hinge(model(x), y), X[0], y[0])
        y.reshape(30, -1)[17:, -1] = 0.0
        got = "0.0" if outputs_ == 1 else r"\[1.0, 1.0, 0.0\]"
        with pytest.raises(ValueError, match=rf"row 17: hinge takes targets of −1 and 1 .*2·y − 1\); got {got}$"):
            program.backward(X[:30], y)
    with pytest.raises(ValueError, match="hinge takes targets of −1 and 1"):
        record(lambda x, y: nn.hinge(model(x), y), X[0], np.zeros(3))


def test_targets_are_checked_when_some_of_them_are_plain_numbers():
    a = array([1.0, 2.0], "a")
    program = record(lambda y: nn.hinge(a, [y, 1.0]), 1.0)
    assert program([1.0, -1.0]).shape == (2,)
    with pytest.raises(ValueError, match="row 1: hinge takes targets"):
        program([1.0, 0.0])
    assert record(lambda y: nn.hinge(a, [1.0, y]), 1.0)([1.0, -1.0]).shape == (2,)


def test_targets_in_another_order_than_their_columns_are_checked_and_no_other_columns_are():
    a = array([1.0, 2.0], "a")
    program = record(lambda y: nn.hinge(a, [y[2], y[0]]), [1.0, 1.0, 1.0])
    assert program([[1.0, 0.0, -1.0]]).shape == (1,)
    with pytest.raises(ValueError, match=r"row 1: hinge takes .*got \[0\.0, 1\.0\]$"):
        program([[1.0, 1.0, 1.0], [1.0, 5.0, 0.0]])


# --- kinds of data ----------------------------------------------------------------------------------------------------


def test_data_of_32_bits_give_results_of_32_bits_near_those_of_64():
    _, program = classifier()
    x, y = X.astype(np.float32), Y.astype(np.float32)
    got = program(x, y)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, program(X, Y), rtol=1e-5)
    loss, gradient = program.value_and_grad(program.theta().astype(np.float32), x, y)
    assert (loss.dtype, gradient.dtype) == (np.float32, np.float32)
    expected = program.value_and_grad(program.theta(), X, Y)
    np.testing.assert_allclose(gradient, expected[1], atol=1e-6)
    assert program.backward(x, y) == pytest.approx(expected[0], rel=1e-5)
    assert program.parameters[0].grad == pytest.approx(expected[1][0], abs=1e-6)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: 2.5 * x + WEIGHT,
        lambda x: x**2 + 0.1 * WEIGHT**0.5,
        lambda x: where(step(x), WEIGHT, 0.5),
        lambda x: maximum(x, 0.0) * WEIGHT + relu(x),
        lambda x: dot([x, WEIGHT], [0.3, 0.7]),
        lambda x: log_softmax([x, WEIGHT, 0.25])[1],
        lambda x: minimum(x, math.inf) * WEIGHT,
        lambda x: abs(x) * step(WEIGHT),
        lambda x: constant(0.1),
        lambda x: WEIGHT,
        lambda x: x,
    ],
)
def test_literals_and_constants_do_not_promote_32_bits(f):
    program = record(f, 1.0)
    x = np.array([1.0, -2.0, 0.5], np.float32)
    assert program(x).dtype == np.float32
    loss, gradient = program.value_and_grad(program.theta().astype(np.float32), x)
    assert (loss.dtype, gradient.dtype) == (np.float32, np.float32)


def test_32_bits_stay_32_bits_where_a_row_goes_the_eager_way():
    w = Value(1.0, "w")
    program = record(lambda x: minimum(w * x * x, 1.0), 1.0)
    x = np.array([0.5, 1e30], np.float32)  # whose square no 32 bits hold
    assert program(x).dtype == np.float32
    assert program(x).tolist() == [0.25, 1.0]
    loss, gradient = program.value_and_grad(np.ones(1, np.float32), x)
    assert (loss.dtype, gradient.dtype) == (np.float32, np.float32)


def test_a_parameter_too_large_for_32_bits_makes_no_stray_warning():
    w = Value(1e39, "w")
    program = record(lambda x: minimum(w * x, 1.0), 1.0)
    assert program(np.ones(2, np.float32)).tolist() == [1.0, 1.0]
    assert program.backward(np.ones(2, np.float32)) == 1.0


@pytest.mark.parametrize(
    "convert",
    [
        lambda x: x.tolist(),
        lambda x: tuple(map(tuple, x.tolist())),
        lambda x: list(x),
        lambda x: x.astype(int),
        lambda x: x.astype(np.int8),
        lambda x: x.astype(np.uint8),
        lambda x: np.asfortranarray(x),
        lambda x: np.repeat(x, 2, axis=0)[::2],
        lambda x: x[::-1][::-1],
        lambda x: np.broadcast_to(x, x.shape),
        lambda x: x.astype(">f8"),
        lambda x: x.astype(np.float32).astype(">f4").astype(np.float64),
    ],
)
def test_lists_whole_numbers_and_views_are_data(convert):
    w = array([0.5, -1.0, 2.0], "w")
    program = record(lambda x, y: (dot(w, x * x) - y) ** 2, [1.0, 2.0, 3.0], 1.0)
    x, y = np.arange(12.0).reshape(4, 3), np.ones(4)
    expected = program.value_and_grad(program.theta(), x, y)
    got = program.value_and_grad(program.theta(), convert(x), y)
    assert got[0] == pytest.approx(expected[0], rel=1e-14)
    np.testing.assert_allclose(got[1], expected[1], rtol=1e-14)
    np.testing.assert_allclose(program(convert(x), y), program(x, y), rtol=1e-14)


def test_truth_values_are_data():
    w = Value(2.0, "w")
    assert record(lambda x: w * x, True)(np.array([True, False])).tolist() == [2.0, 0.0]


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_a_matrix_class_whose_product_is_another_gives_the_same_numbers_or_is_refused():
    w = array([3.0, 4.0], "w")
    program = record(lambda x: total(w * x * x), [1.0, 2.0])
    x = np.arange(4.0).reshape(2, 2) + 1
    try:
        got = program(x.view(np.matrix))
    except TypeError:
        return
    np.testing.assert_array_equal(np.asarray(got).ravel(), program(x))


MASKED = np.ma.array([[1.0, 0.0], [0.0, 1.0]], mask=[[False, False], [False, True]])
ROWS, HALF = MASKED.data, np.ma.array([0, 1], mask=[False, True])
TAKING = {
    "a program": lambda: record(lambda x: A * x, 1.0)(MASKED[1]),
    "a list of rows": lambda: record(lambda x: A * x[0], ROWS[0])([*MASKED]),
    "a list with a masked number": lambda: record(lambda x: A * x, 1.0)([*MASKED[1]]),
    "backward": lambda: record(lambda x: A * x, 1.0).backward(MASKED[1]),
    "theta": lambda: record(lambda x: A * x, 1.0).value_and_grad(MASKED[1, 1:], [1.0]),
    "an example": lambda: record(lambda x: A * x[0], MASKED[1]),
    "fit X": lambda: nn.fit(*_trained(MASKED, [0, 1])),
    "fit Y": lambda: nn.fit(*_trained(ROWS, HALF)),
    "predict": lambda: nn.predict(lambda x: A * x[0], MASKED),
    "eager predict": lambda: nn.predict(lambda x: A * x[0], MASKED, engine="eager"),
    "accuracy": lambda: nn.accuracy(lambda x: x, ROWS, HALF),
    "one_hot": lambda: nn.one_hot(HALF, 2),
    "minimize": lambda: nn.minimize(lambda x: (A * x[0]) ** 2, [A], data=(MASKED,)),
    "the posterior": lambda: nn.datasets.two_gaussians(4)[2](MASKED),
    "boundary X": lambda: viz.boundary(lambda x: x, MASKED, [0, 1]),
    "boundary y": lambda: viz.boundary(lambda x: x, ROWS, HALF),
    "descent": lambda: viz.descent(lambda x: x[0] * x[1], MASKED[1]),
    "live": lambda: viz.live(*_trained(MASKED, [0, 1])[:5]),
    "an array of rows": lambda: array([*MASKED]),
    "rows within rows": lambda: array([[MASKED[1]], [MASKED[1]]]),
    "a program of images": lambda: record(lambda x: A * x[0, 0], [[1.0, 2.0]])([[MASKED[1]], [MASKED[1]]]),
    "a product with rows": lambda: array([1.0, 2.0]) @ [*MASKED],
}


def _trained(rows, classes):
    model = nn.MLP(2, [2], rng=0)
    return model, rows, classes, nn.cross_entropy, nn.SGD(model.parameters(), 0.1), 1


@pytest.mark.parametrize("name", TAKING)
def test_no_number_behind_a_mask_is_computed_with(name):
    with pytest.raises(TypeError, match=r"would lose its mask: fill it, x\.filled\(…\)"):
        TAKING[name]()


def test_images_are_rows_of_any_shape():
    w = array(RNG.normal(size=(2, 3)), "w")
    images = RNG.normal(size=(7, 2, 3))
    program = assert_recorded_is_eager(lambda x: total(list((w * x).ravel())) ** 2, images)
    with pytest.raises(ValueError, match=r"x has shape \(N, 2, 3\)"):
        program(images.reshape(7, 6))


def test_an_argument_that_is_not_used_still_has_rows():
    program = record(lambda x, unused: A * x, 1.0, [1.0, 2.0])
    assert program([1.0, 2.0], np.zeros((2, 2))).tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="2 of x and 3 of unused"):
        program([1.0, 2.0], np.zeros((3, 2)))
