"""Minimisation by SciPy: the minimum is found, and no success is said where there is none."""

import shutil

import numpy as np
import pytest

import nn
from autograd import Value, absolute, array, dot, record, sum as total, values
from nn.minimum import METHODS
from tests.processes import child

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


def test_minimize_takes_data_of_32_bits_and_whole_numbers():
    pytest.importorskip("scipy")
    X, t = np.array([[1.0], [2.0], [4.0]], dtype="f4"), np.array([1, 2, 5])
    unit = nn.Neuron(1, "identity", bias=False, rng=0)
    nn.minimize(lambda x, y: nn.mse(unit(x), y), unit.parameters(), data=(X, t))
    assert unit.w[0].data == pytest.approx((X[:, 0] @ t) / (X[:, 0] @ X[:, 0]), rel=1e-6)


def test_minimize_takes_data_of_a_single_example():
    pytest.importorskip("scipy")
    w = Value(0.0, "w")
    nn.minimize(lambda x, y: nn.mse(w * x, y), [w], data=([2.0], [6.0]))
    assert w.data == pytest.approx(3.0)


@pytest.mark.parametrize("method", METHODS)
def test_minimize_finds_the_bottom_of_rosenbrocks_valley(method):
    pytest.importorskip("scipy")
    w = array([-1.2, 1.0], "w")
    result = nn.minimize(lambda: 100 * (w[1] - w[0] ** 2) ** 2 + (1 - w[0]) ** 2, [w], method=method, tol=1e-10)
    assert result.fun < 1e-12
    np.testing.assert_allclose(values(w), [1.0, 1.0], rtol=1e-5)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "engine", ["recorded", pytest.param("c", marks=pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler"))]
)
def test_minimize_over_rows_reaches_the_normal_equations(method, reduction, engine):
    pytest.importorskip("scipy")
    rng = np.random.default_rng(0)
    X, t = rng.normal(size=(50, 3)), rng.normal(size=50)
    model = nn.Neuron(3, "identity", bias=False, rng=0)
    loss, options = lambda x, y: nn.mse(model(x), y), {"reduction": reduction, "engine": engine, "tol": 1e-12}
    nn.minimize(loss, model.parameters(), method, data=(X, t), **options)
    # L-BFGS-B ends where the loss stands still to 1e-12, and the loss is a square.
    rtol = 1e-5 if method == "L-BFGS-B" else 1e-6
    np.testing.assert_allclose(values(model.w), np.linalg.lstsq(X, t)[0], rtol=rtol)


def test_minimize_on_graphs_of_each_example_is_refused():
    with pytest.raises(ValueError, match="engine is 'recorded' or 'c'; got 'eager'"):
        nn.minimize(lambda: Value(1.0), [Value(1.0)], engine="eager")


def test_minimize_takes_a_program_and_leaves_other_parameters_alone():
    pytest.importorskip("scipy")
    w, fixed = array([3.0, -1.0], "w"), Value(2.0, "fixed")
    program = record(lambda: total((w - fixed) ** 2) + (w[0] * w[1] - 4) ** 2)
    nn.minimize(program, [w])
    np.testing.assert_allclose(values(w), [2.0, 2.0], rtol=1e-5)
    assert fixed.data == 2.0


def test_the_result_has_the_order_of_the_parameters_and_options_go_to_the_method():
    pytest.importorskip("scipy")
    a, b = Value(0.0, "a"), Value(0.0, "b")
    result = nn.minimize(lambda: (b - 2) ** 2 + (a - 1) ** 2, [a, b])
    assert result.x.tolist() == [a.data, b.data] == pytest.approx([1.0, 2.0])
    a.data, b.data = -3.0, 7.0
    result = nn.minimize(lambda: (b - 2) ** 4 + (a - 1) ** 2, [a, b], "BFGS", maxiter=1)
    assert result.nit == 1
    assert result.jac.tolist() == pytest.approx([2 * (a.data - 1), 4 * (b.data - 2) ** 3])


def test_the_inverse_of_the_hessian_is_that_of_the_loss():
    pytest.importorskip("scipy")
    a, b = Value(0.0), Value(0.0)
    result = nn.minimize(lambda: 2 * (a - 1) ** 2 + 0.5 * (b - 2) ** 2 + 0.1 * a * b, [a, b], "BFGS")
    np.testing.assert_allclose(result.hess_inv, np.linalg.inv([[4.0, 0.1], [0.1, 1.0]]), rtol=1e-4)


@pytest.mark.parametrize("method", ["Newton-CG", "trust-ncg", "BFGS", "L-BFGS-B"])
def test_a_steep_start_is_left_and_the_minimum_behind_it_reached(method):
    pytest.importorskip("scipy")
    w = Value(25.0)
    assert nn.minimize(lambda: w.exp() - w, [w], method).success
    assert w.data == pytest.approx(0.0, abs=1e-5)
    w.data = 1e4
    assert nn.minimize(lambda: (w - 1) ** 4 + (w - 1) ** 2, [w], method).success
    assert w.data == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(("unit", "steepest"), [(1.0, 1e4), (1e9, 1e4), (1e-3, 2e2)])
def test_scipy_meets_a_start_of_slope_10_to_the_4_and_a_flat_one_ten_times_steeper(unit, steepest, monkeypatch):
    optimize = pytest.importorskip("scipy.optimize")
    w, met, minimize = Value(2.0, "w"), [], optimize.minimize
    monkeypatch.setattr(optimize, "minimize", lambda f, at, **rest: met.append(f(at)) or minimize(f, at, **rest))
    assert nn.minimize(lambda: unit * (w - 1) ** 2, [w]).success
    assert abs(met[0][1]).max() == pytest.approx(steepest)
    assert met[0][0] == pytest.approx(steepest / 2)


def test_the_result_counts_the_iterations_of_every_start(monkeypatch):
    optimize = pytest.importorskip("scipy.optimize")
    counts, minimize = [], optimize.minimize
    ran = lambda *args, **rest: (result := minimize(*args, **rest), counts.append(result.nit))[0]  # noqa: E731
    monkeypatch.setattr(optimize, "minimize", ran)
    w = Value(25.0)
    assert nn.minimize(lambda: w.exp() - w, [w]).nit in (sum(counts), sum(counts[:-1]))  # the last may be no progress
    assert min(counts[:2]) > 0


def test_a_method_that_finds_no_curvature_does_not_say_success():
    pytest.importorskip("scipy")
    w = Value(1.0, "w")
    with pytest.raises(ValueError, match=r"Newton-CG finds no way down .*slope of 2: .*or take BFGS"):
        nn.minimize(lambda: 2 * w, [w])
    assert w.data == 1.0


@pytest.mark.parametrize("method", METHODS)
def test_a_minimum_is_left_as_it_is(method):
    pytest.importorskip("scipy")
    w = Value(1.0, "w")
    result = nn.minimize(lambda: (w - 1) ** 2 + 3.0, [w], method)
    assert (w.data, result.fun, result.success) == (1.0, 3.0, True)


@pytest.mark.parametrize("method", METHODS)
def test_without_a_tolerance_of_ones_own_every_method_comes_within_a_millionth(method):
    pytest.importorskip("scipy")
    f, parameters, (X, y) = regression(np.random.default_rng(0))
    nn.minimize(f, parameters, method, data=(X, y))
    expected = np.linalg.lstsq(np.c_[X, np.ones(50)], y)[0]
    np.testing.assert_allclose(values(parameters), expected, rtol=1e-6, atol=1e-7)


def rosenbrock(rng):
    height, (a, b) = float(rng.integers(2)), map(Value, rng.normal(size=2))
    return lambda: (1 - a) ** 2 + 100 * (b - a * a) ** 2 + height, [a, b], ()


def regression(rng):
    X = rng.normal(size=(50, 3))
    unit = nn.Neuron(3, "identity", rng=rng)
    return lambda x, y: nn.mse(unit(x), y), unit.parameters(), (X, X @ [1.0, 2.0, 3.0] + 0.1 * rng.normal(size=50))


def classification(rng):
    layer = nn.Layer(2, 3, "identity", rng=rng)
    Y = nn.one_hot(rng.integers(0, 3, 40), 3)
    return lambda x, y: nn.cross_entropy(layer(x), y), layer.parameters(), (rng.normal(size=(40, 2)), Y)


SLOW = pytest.param("Newton-CG", range(3, 30), marks=pytest.mark.slow)


@pytest.mark.parametrize(("method", "seeds"), [*((method, range(3)) for method in METHODS), SLOW])
@pytest.mark.parametrize("make", [rosenbrock, regression, classification])
def test_from_the_optimum_every_method_says_success(seeds, make, method):
    pytest.importorskip("scipy")
    for seed in seeds:
        f, parameters, data = make(np.random.default_rng(seed))
        results = [nn.minimize(f, parameters, method, data=data) for _ in range(3)]
        assert [(r.success, r.status) for r in results if not r.success] == []
        assert results[2].fun <= results[0].fun * (1 + 1e-14)


@pytest.mark.parametrize("method", ["Newton-CG", "trust-ncg"])
@pytest.mark.parametrize("start", [0.0, 1.0])
@pytest.mark.parametrize("n", [1, 80])  # the whole Hessian, and the ends of its spectrum
def test_newtons_methods_do_not_call_a_saddle_a_success(method, start, n):
    pytest.importorskip("scipy")
    x, y = array(np.full(n, start), "x"), Value(0.0, "y")
    result = nn.minimize(lambda: dot(x, x) - y**2 + y**4, [x, y], method)
    assert (result.success, result.fun) == (False, pytest.approx(0.0, abs=1e-25))
    assert result.message == "The gradient is 0 at a saddle or maximum: a curvature there is -2. Start elsewhere."
    y.data = 1e-3
    result = nn.minimize(lambda: dot(x, x) - y**2 + y**4, [x, y], method)
    assert (result.success, "saddle" in result.message) == (True, False)
    assert y.data == pytest.approx(0.5**0.5)


OPEN = {
    "a gradient alone": (lambda x: x**2, "BFGS"),
    "a curvature of 0": (lambda x: x**4, "Newton-CG"),
    "no curvature": (lambda x: absolute(x) ** 1.5, "trust-ncg"),
}


@pytest.mark.parametrize(("f", "method"), OPEN.values(), ids=OPEN)
def test_where_nothing_tells_a_minimum_from_a_saddle_the_message_says_so(f, method):
    pytest.importorskip("scipy")
    x = Value(0.0, "x")
    result = nn.minimize(lambda: f(x), [x], method)
    words = "A point of zero gradient was found, and whether it is a minimum or a saddle is not known."
    assert (result.success, result.message.endswith(words)) == (True, True)


@pytest.mark.parametrize("method", METHODS)
def test_a_search_that_is_cut_off_does_not_say_success(method):
    pytest.importorskip("scipy")
    a, b = Value(-1.2), Value(1.0)
    assert not nn.minimize(lambda: (1 - a) ** 2 + 100 * (b - a * a) ** 2, [a, b], method, maxiter=2).success


def test_a_loss_whose_second_derivative_is_missing_is_not_called_settled():
    pytest.importorskip("scipy")
    w = Value(0.0)
    result = nn.minimize(lambda: absolute(w) ** 1.5 + 1.0 + w, [w], "BFGS", maxiter=0)
    assert not result.success


def test_newtons_method_hands_scipy_the_hessian():
    sympy = pytest.importorskip("sympy")
    pytest.importorskip("scipy")
    from nn.minimum import _derivatives

    w, X = array([0.4, -0.9], "w"), np.array([[1.0, 2.0], [0.5, -1.0], [2.0, 0.3]])
    program = record(lambda x: (x[0] * w[0].sin() + x[1] * w[1] ** 3).exp() * w[0], X[0])
    found = _derivatives(program, list(w), (X,), "mean")[1]
    a, b = sympy.symbols("a b")
    loss = sum(sympy.exp(x * sympy.sin(a) + y * b**3) * a for x, y in X) / 3
    H = np.array(sympy.hessian(loss, (a, b)).subs({a: 0.4, b: -0.9}).tolist(), dtype=float)
    at = np.array([0.4, -0.9])
    np.testing.assert_allclose(found(at) @ np.eye(2), H, rtol=1e-12)


def test_a_minimum_that_is_none_changes_nothing():
    pytest.importorskip("scipy")
    w = Value(1.0)
    with pytest.raises((ValueError, OverflowError)):
        nn.minimize(lambda: -(w * w * w).exp(), [w], method="CG")
    assert w.data == 1.0


def test_without_scipy_minimize_says_what_to_install():
    code = (
        "import sys; sys.modules['scipy'] = None\nimport nn\nfrom autograd import Value\n"
        "w = Value(1.0)\nnn.minimize(lambda: w * w, [w])"
    )
    assert "ImportError: minimize needs SciPy: pip install" in child(code).stderr
