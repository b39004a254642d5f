"""The error functions in the table's own words, for where no library has them.

W. J. Cody's way (Rational Chebyshev approximations for the error function, 1969) with polynomials: exp(x²) erfc(x) (1 + 2x) is
smooth in t = (x − k)/(x + k), and erf(x)/x in 2x² − 1. Both were fitted at Chebyshev's points with 60 digits, to 10⁻¹⁷.
Rows come as arguments, for the table is made of these rules.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

Row = Callable[..., Any]

K = 3.75
TAIL = (
    3.1114333809799254e-10, -2.623107347133476e-09, -3.744210080962018e-09, 3.197926671666804e-08, 2.3263508708859124e-08,
    -2.4857126248016745e-07, -5.7218230603224086e-08, 1.7419821586224816e-06, -9.73559896736775e-07, -1.1438048033346894e-05,
    2.238423915508223e-05, 5.164652974177416e-05, -0.0002901540805408417, 0.000293714378044958, 0.0017556258528952954,
    -0.009746579683265262, 0.028362277418956406, -0.05869339857664934, 0.09230432116037748, -0.10880393014244462,
    0.0822767384901452, 0.0035854154854790257, -0.14024059858554697, 1.2375126308378275,
)  # fmt: skip
NEAR = (
    -3.8078827395263415e-13, 9.211251258348265e-12, -2.035228404899467e-10, 4.115751497588646e-09, -7.51156928660089e-08,
    1.2233827638116999e-06, -1.7537169441124826e-05, 0.00021751715603563404, -0.0022854855611441132, 0.019852496688984218,
    -0.1405360890227171, 0.9654687386698673,
)  # fmt: skip
LAST = 40.0  # beyond it all of them are 0 or 1


def bell(size: Any, minimum: Row, exp: Row, where: Row, scale: float = 1.0) -> Any:
    """exp(−scale · x²) of x ≥ 0 with all its digits: x² is the square of x's upper half, which is exact, and a small rest."""
    x = minimum(size, LAST)
    large = 134217729.0 * x
    upper = large - (large - x)
    upper = where(abs(upper - x) < 1e-6, upper, x)  # numbers of 32 bits have no such half, and need none
    y, rest = exp(-scale * (upper * upper)), scale * ((upper - x) * (upper + x))
    return y + y * (rest * (1.0 + rest * (0.5 + rest / 6.0)))  # y · exp(rest)


def _polynomial(coefficients: tuple[float, ...], t: Any) -> Any:
    return reduce(lambda y, c: y * t + c, coefficients)


def _scaled(x: Any) -> Any:
    """exp(x²) erfc(x) of x ≥ 0."""
    return _polynomial(TAIL, (x - K) / (x + K)) / (1.0 + 2.0 * x)


def erfc(x: Any, exp: Row, where: Row, minimum: Row) -> Any:
    """1 − erf(x)."""
    size = minimum(abs(x), LAST)
    tail = bell(size, minimum, exp, where) * _scaled(size)
    return where(x < 0, 2.0 - tail, tail)


def erf(x: Any, exp: Row, where: Row, minimum: Row) -> Any:
    """2/√π ∫₀ˣ exp(−t²) dt."""
    size = minimum(abs(x), LAST)
    tail, inner = bell(size, minimum, exp, where) * _scaled(size), minimum(size, 1.0)
    near = inner * _polynomial(NEAR, 2.0 * (inner * inner) - 1.0)
    outer = where(size < 1, near, 1.0 - tail)
    return where(x < 0, -outer, outer)


def normal_cdf(x: Any, exp: Row, where: Row, minimum: Row) -> Any:
    """Φ(x) = erfc(−x/√2)/2, with the digits of x and not those of x/√2 in its exponent."""
    size = minimum(abs(x), LAST)
    tail = 0.5 * bell(size, minimum, exp, where, 0.5) * _scaled(size * 0.7071067811865476)
    return where(x < 0, tail, 1.0 - tail)
