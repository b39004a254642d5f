"""What the normal distribution is used for: GELU, and the price of an option with all its greeks, against mpmath."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from autograd import array, erf, exp, grad, gradients, hessian, log, normal_cdf, record, sqrt, values

DIGITS = 60


def gelu(x):
    """Hendrycks & Gimpel 2016, with the error function."""
    return 0.5 * x * (1 + erf(x / 2**0.5))


def gelu_in_the_tail(x):
    """The same, whose digits do not cancel where x is far below 0."""
    return x * normal_cdf(x)


def exact_gelu(x, order):
    with mpmath.workdps(DIGITS):
        return float(mpmath.diff(lambda t: t * mpmath.ncdf(t), mpmath.mpf(x), order))


@pytest.mark.parametrize("x", [-30.0, -8.0, -1.5, -0.1, 0.0, 0.7, 3.0, 9.0])
def test_gelu_and_its_derivatives_of_three_orders_are_mpmaths(x):
    f, cancels = gelu_in_the_tail, gelu
    for order in range(4):
        expected = exact_gelu(x, order)
        assert f(x) == pytest.approx(expected, rel=1e-13, abs=1e-100)
        assert cancels(x) == pytest.approx(expected, rel=1e-12, abs=1e-14)
        f, cancels = grad(f), grad(cancels)


@pytest.mark.parametrize("language", ["numpy", "c"])
def test_gelu_is_recorded_with_its_gradient(language):
    w, xs = array([0.5, -2.0], "w"), np.linspace(-6, 6, 41)
    program = record(lambda x: gelu(w[0] * x) + gelu_in_the_tail(w[1] * x), 1.0, language=language)
    np.testing.assert_allclose(program(xs), [exact_gelu(0.5 * x, 0) + exact_gelu(-2 * x, 0) for x in xs], atol=1e-14)
    _, slopes = program.value_and_grad(program.theta(), xs, reduction="sum")
    exact = [sum(x * exact_gelu(w * x, 1) for x in xs) for w in (0.5, -2.0)]
    np.testing.assert_allclose(slopes, exact, rtol=1e-12)


def price(spot, strike, years, rate, volatility, functions=(log, exp, sqrt, normal_cdf)):
    """A European call; Black & Scholes 1973."""
    log, exp, sqrt, cdf = functions
    deviation = volatility * sqrt(years)
    d1 = (log(spot / strike) + (rate + volatility * volatility / 2) * years) / deviation
    return spot * cdf(d1) - strike * exp(-rate * years) * cdf(d1 - deviation)


EXACT = (mpmath.log, mpmath.exp, mpmath.sqrt, mpmath.ncdf)
MARKETS = {
    "at the money": (100.0, 100.0, 1.0, 0.03, 0.2),
    "far out of the money": (60.0, 140.0, 0.5, 0.01, 0.15),
    "deep in the money": (180.0, 90.0, 2.0, 0.05, 0.3),
    "a week before the end": (101.0, 100.0, 7 / 365, 0.02, 0.4),
}


def exact_derivative(market, orders):
    with mpmath.workdps(DIGITS):
        return float(mpmath.diff(lambda *x: price(*x, functions=EXACT), tuple(map(mpmath.mpf, market)), orders))


@pytest.mark.parametrize("market", MARKETS.values(), ids=MARKETS)
def test_the_price_and_all_its_greeks_are_mpmaths(market):
    x = array(market, "market")
    call = price(*x)
    slopes, curves = gradients(call, x), hessian(call, x)
    unit = np.eye(5, dtype=int)
    assert call.data == pytest.approx(exact_derivative(market, (0,) * 5), rel=1e-12)
    for k, name in enumerate(("delta", "by the strike", "theta", "rho", "vega")):
        assert slopes[k].data == pytest.approx(exact_derivative(market, tuple(unit[k])), rel=1e-11), name
    scale = np.abs(curves).max()
    for j, k in ((0, 0), (0, 4), (4, 4), (0, 2), (2, 4)):  # gamma, vanna, volga, charm, veta
        assert curves[j, k] == pytest.approx(
            exact_derivative(market, tuple(unit[j] + unit[k])), rel=1e-10, abs=1e-13 * scale
        )
    speed = gradients(gradients(gradients(call, x)[0], x)[0], x)[0]
    assert speed.data == pytest.approx(exact_derivative(market, (3, 0, 0, 0, 0)), rel=1e-9)


@pytest.mark.parametrize("language", ["numpy", "c"])
def test_the_recorded_price_and_greeks_of_many_options_are_the_eager_ones(language):
    volatility = array([0.2, 0.3], "volatility")
    f = lambda s, k, t, r: price(s, k, t, r, volatility[0]) + price(s, k, t, r, volatility[1])  # noqa: E731
    rows = [np.array(column) for column in list(zip(*MARKETS.values(), strict=True))[:4]]
    program = record(f, *(column[0] for column in rows), language=language)
    eager = [f(*row) for row in zip(*rows, strict=True)]
    np.testing.assert_allclose(program(*rows), [v.data for v in eager], rtol=1e-12)
    vega = sum(values(gradients(v, volatility)) for v in eager)
    np.testing.assert_allclose(program.value_and_grad(program.theta(), *rows, reduction="sum")[1], vega, rtol=1e-11)
