"""Hessians, their products and row-wise Jacobians of a recorded program."""

import shutil

import numpy as np
import pytest

import nn
from autograd import Value, array, assign, exp, gradients, hessian, maximum, record, sqrt, sum as total, values, where

LANGUAGES = pytest.mark.parametrize(
    "language", ["numpy", pytest.param("c", marks=pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler"))]
)
X, Y = nn.datasets.iris()
X, Y = (X - X.mean(axis=0))[::15], nn.one_hot(Y, 3)[::15]


def penalised(language):
    model = nn.MLP(4, [3, 3], "tanh", rng=0)
    weights = model.layers[0].parameters()
    return record(
        lambda x, y: nn.cross_entropy(model(x), y) + 0.01 * total([w * w for w in weights]),
        X[0],
        Y[0],
        language=language,
    )


@LANGUAGES
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_hessian_is_that_of_the_eager_graph(language, reduction):
    program = penalised(language)
    rows = [program.function(array(x, "x", "input"), y) for x, y in zip(X, Y, strict=True)]
    expected = hessian(total(rows) / (len(X) if reduction == "mean" else 1), program.parameters)
    found = program.hessian(program.theta(), X, Y, reduction=reduction)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13)
    v = np.linspace(-1.0, 1.0, len(found))
    np.testing.assert_allclose(
        program.hvp(program.theta(), v, X, Y, reduction=reduction), expected @ v, rtol=1e-10, atol=1e-12
    )


@LANGUAGES
def test_the_jacobian_has_the_gradient_of_every_output_of_every_row(language):
    model = nn.MLP(4, [3, 2], "sigmoid", rng=0)
    program = record(model, X[0], language=language)
    found = program.jacobian(program.theta(), X)
    assert found.shape == (len(X), 2, len(program.parameters))
    for x, rows in zip(X, found, strict=True):
        for y, row in zip(model(array(x, "x", "input")), rows, strict=True):
            np.testing.assert_allclose(row, values(gradients(y, program.parameters)), rtol=1e-11, atol=1e-14)


def test_a_parameter_that_has_changed_is_derived_at_the_theta_that_is_given():
    w = array([1.0, 2.0], "w")
    program = record(lambda x: (w @ x) ** 3, [1.0, 1.0])
    w[0].data = 7.0
    np.testing.assert_allclose(program.hessian(np.array([2.0, 1.0]), [[1.0, 1.0]]), np.full((2, 2), 18.0))


def test_of_no_parameters_there_are_no_derivatives():
    program = record(lambda x: x * 2, 1.0)
    assert program.jacobian(program.theta(), [1.0, 2.0]).shape == (2, 0)
    assert program.hessian(program.theta(), [1.0, 2.0]).shape == (0, 0)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda p, t: p.hvp(t, t[:1], X, Y), ValueError, r"v has shape \(27,\)"),
        (lambda p, t: p.hessian(t.tolist(), X, Y), TypeError, "theta is an array of NumPy or JAX"),
        (lambda p, t: p.jacobian(t.astype(int), X, Y), TypeError, "theta is int64: give it as theta"),
        (lambda p, t: p.hessian(t, X), TypeError, "this program takes x, y; got 1 array"),
        (lambda p, t: p.hessian(t, X, Y, reduction="max"), ValueError, "reduction is 'mean' or 'sum'"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(call, error, words):
    program = penalised("numpy")
    with pytest.raises(error, match=words):
        call(program, program.theta())


def test_a_hessian_of_several_outputs_is_refused():
    program = record(lambda x: [x, 2 * x], 1.0)
    with pytest.raises(ValueError, match=r"a gradient is of one output; this program gives \(2,\)"):
        program.hvp(program.theta(), program.theta(), [1.0])


def test_a_second_derivative_that_is_missing_at_a_row_is_refused_with_its_number():
    w = array([1.0], "w")
    program = record(lambda x: sqrt(maximum(w[0] * x - 1.0, 0.0)) ** 3, 2.0)
    with pytest.raises((ValueError, ZeroDivisionError), match="row 1: "):
        program.hessian(program.theta(), [2.0, 1.0])


@LANGUAGES
@pytest.mark.parametrize("start", [[0.0, 0.0], [0.7, 0.5]])
def test_a_mixed_derivative_that_does_not_exist_is_refused_as_by_the_graph(start, language):
    w = array(start, "w")
    power, alone = record(lambda: w[0] ** w[1], language=language), record(lambda: w[0] ** w[0], language=language)
    for theta in ([0.0, 0.0], [0.0, 1.0], [0.0, 0.5]):
        with pytest.raises(ZeroDivisionError, match="power has no derivative here"):
            power.hessian(np.array(theta))
    with pytest.raises(ZeroDivisionError, match="power has no derivative here"):
        alone.hessian(np.zeros(1))
    for theta in ([0.0, 2.0], [0.0, 3.0], [2.0, 0.0]):
        expected = hessian(lambda z: z[0] ** z[1])(np.array(theta))
        np.testing.assert_allclose(power.hessian(np.array(theta)), expected, rtol=1e-12)


@LANGUAGES
def test_a_plain_number_without_a_derivative_in_a_branch_that_is_not_taken_passes_nothing_on(language):
    w = Value(2.0, "w")
    program = record(lambda x: where(x, (-1.0) ** w, w * 2), 1.0, language=language)
    assert (program.backward([0.0, 0.0]), w.grad) == (4.0, 2.0)
    with pytest.raises(ValueError, match=r"row 1: power has no derivative here: its operand is 2.0 from w"):
        program.backward([0.0, 1.0])
    assert w.grad == 2.0


@LANGUAGES
@pytest.mark.parametrize(("dtype", "large", "rows"), [("d", 8e307, 10), ("f", 1.2e38, 10), ("d", 8e307, 120_000)])
def test_a_sum_over_finite_rows_that_overflows_is_refused_with_nothing_written(language, dtype, large, rows):
    w = Value(2.0, "w")
    program, x = record(lambda x: x * w, 1.0, language=language), np.full(rows, large, dtype)
    curved = record(lambda x: x * w * w, 1.0, language=language)
    assert np.isfinite(program(x)).all()
    for over in (
        lambda: program.backward(x),
        lambda: program.backward(x, reduction="sum"),
        lambda: program.value_and_grad(program.theta().astype(dtype), x),
        lambda: curved.hessian(curved.theta().astype(dtype), x),
    ):
        with pytest.raises(OverflowError, match="a sum over finite rows overflows: scale the loss or the data"):
            over()
    assert w.grad is None
    assert program.backward([np.inf, 1.0]) == np.inf  # as of floats, where a row itself is infinite
    with pytest.raises(OverflowError, match="a sum over finite rows"):  # of the loss alone
        record(lambda x: x + w, 1.0, language=language).backward(x)


# NIST StRD, Misra1a: y = b1 (1 − exp(−b2 x)), of lower difficulty; certified values with eleven digits.
MISRA = np.array([
    [77.6, 10.07], [114.9, 14.73], [141.1, 17.94], [190.8, 23.93], [239.9, 29.61], [289.0, 35.18], [332.8, 40.02],
    [378.4, 44.82], [434.8, 50.76], [477.3, 55.05], [536.8, 61.01], [593.1, 66.40], [689.1, 75.47], [760.0, 81.78],
])  # fmt: skip
CERTIFIED, DEVIATIONS = [2.3894212918e02, 5.5015643181e-04], [2.7070075241e00, 7.2668688436e-06]


@LANGUAGES
def test_least_squares_by_the_jacobian_gives_the_certified_parameters_and_standard_deviations(language):
    optimize = pytest.importorskip("scipy.optimize")
    b = array([250.0, 5e-4], "b")
    residual = record(lambda x, y: b[0] * (1 - exp(-b[1] * x)) - y, *MISRA[0], language=language)
    x, y = MISRA.T
    unit = np.array([1e2, 1e-4])[
        order := [b.tolist().index(v) for v in residual.parameters]
    ]  # they differ by six orders

    def residuals(p):
        assign(residual.parameters, p * unit)
        return residual(x, y)

    slopes = lambda p: residual.jacobian(p * unit, x, y) * unit  # noqa: E731
    start = np.array([2.5, 5.0])[order]
    result = optimize.least_squares(residuals, start, slopes, xtol=1e-15, ftol=1e-15, gtol=1e-15)
    J = slopes(result.x)
    deviations = unit * np.sqrt(np.diag(np.linalg.inv(J.T @ J)) * 2 * result.cost / (len(x) - 2))
    np.testing.assert_allclose(result.x * unit, np.array(CERTIFIED)[order], rtol=1e-9)
    np.testing.assert_allclose(deviations, np.array(DEVIATIONS)[order], rtol=1e-8)
