"""Slides 27 to 29: limits, rules and vectors of derivatives."""

from __future__ import annotations

from math import pi

try:
    import mpmath
except ImportError:
    raise ImportError("checking a lecture needs mpmath: pip install mpmath") from None
import numpy as np

from autograd import constant, cos, exp, log, sin, sqrt
from tests.lecture import Claim, derivative, each
from tests.lecture.functions import X

LIMITS = "Slide 27: Appendix – derivatives"
RULES = "Slide 28: Derivative rules"
VECTORS = "Slide 29: Vectors of derivatives"
ANY_SIGN = each(x=[-1.5, 0.7, 2.0])


def of_two(rule):
    """The rule for two functions as a function of x: f = x² + 1 and g = sin x + 2, with f′ and g′."""
    return lambda x: rule(f=x**2 + 1, g=sin(x) + 2, df=2 * x, dg=cos(x))


def cube_square(x):
    return x[0] ** 3 * x[1] ** 2


def gradient(x):
    return np.array([3 * x[0] ** 2 * x[1] ** 2, 2 * x[0] ** 3 * x[1]])


ANGLES = [0.0, pi / 6, pi / 2, 0.9 * pi, pi, 1.5 * pi]


def towards(t, x, angle):
    """f at distance t from x, in the direction at that angle from ∇f."""
    up = gradient(x)
    left = np.array([-up[1], up[0]])
    return cube_square(x + t * (up * cos(angle) + left * sin(angle)) / sqrt(up @ up))


EPSILON = mpmath.mpf(10) ** -30

APPENDIX = [
    Claim(
        LIMITS,
        "f′(x) = lim (f(x + ε) − f(x)) / ε (here ε = 10⁻³⁰, f = 4x³)",
        of=lambda x: 4 * x**3,
        wrt="x",
        printed=lambda x: (4 * (x + EPSILON) ** 3 - 4 * x**3) / EPSILON,
        at=ANY_SIGN,
    ),
    Claim(LIMITS, "f = 4x³: f′(x) = 12x²", of=lambda x: 4 * x**3, wrt="x", printed=lambda x: 12 * x**2, at=ANY_SIGN),
    Claim(
        LIMITS,
        "∂f/∂x = lim (f(x + ε, y) − f(x, y)) / ε (f = y³x²)",
        of=lambda x, y: y**3 * x**2,
        wrt="x",
        printed=lambda x, y: (y**3 * (x + EPSILON) ** 2 - y**3 * x**2) / EPSILON,
        at=each(x=[-1.5, 0.7], y=[0.5]),
    ),
    Claim(
        LIMITS,
        "f = y³x²: ∂f/∂x = 2y³x",
        of=lambda x, y: y**3 * x**2,
        wrt="x",
        printed=lambda x, y: 2 * y**3 * x,
        at=each(x=[-1.5, 0.7], y=[0.5]),
    ),
    Claim(RULES, "c → 0", of=lambda x: constant(5.0), wrt="x", printed=lambda: 0.0, at=X),
    Claim(RULES, "x → 1", of=lambda x: x, wrt="x", printed=lambda: 1.0, at=ANY_SIGN),
    Claim(
        RULES,
        "xⁿ → n xⁿ⁻¹",
        of=lambda x, n: x**n,
        wrt="x",
        printed=lambda x, n: n * x ** (n - 1),
        at=each(x=[-1.5, 0.7], n=[1, 2, 3, 5, -2]),
    ),
    Claim(RULES, "1/x → −1/x²", of=lambda x: 1 / x, wrt="x", printed=lambda x: -1 / x**2, at=ANY_SIGN),
    Claim(
        RULES,
        "√x → ½ x^(−½)",
        of=lambda x: sqrt(x),
        wrt="x",
        printed=lambda x: x**-0.5 / 2,
        at=each(x=[1e-6, 0.7, 100.0]),
    ),
    Claim(RULES, "eˣ → eˣ", of=lambda x: exp(x), wrt="x", printed=lambda x: exp(x), at=ANY_SIGN),
    Claim(RULES, "ln x → 1/x", of=lambda x: log(x), wrt="x", printed=lambda x: 1 / x, at=each(x=[1e-6, 0.7, 100.0])),
    Claim(
        RULES,
        "f + g → f′ + g′ (f = x² + 1, g = sin x + 2, here and below)",
        of=of_two(lambda f, g, df, dg: f + g),
        wrt="x",
        printed=of_two(lambda f, g, df, dg: df + dg),
        at=X,
    ),
    Claim(
        RULES,
        "f g → f′g + f g′",
        of=of_two(lambda f, g, df, dg: f * g),
        wrt="x",
        printed=of_two(lambda f, g, df, dg: df * g + f * dg),
        at=X,
    ),
    Claim(
        RULES,
        "1/f → −f′/f²",
        of=of_two(lambda f, g, df, dg: 1 / f),
        wrt="x",
        printed=of_two(lambda f, g, df, dg: -df / f**2),
        at=X,
    ),
    Claim(
        RULES,
        "f/g → −(f′g − f g′)/g²",
        of=of_two(lambda f, g, df, dg: f / g),
        wrt="x",
        printed=of_two(lambda f, g, df, dg: -(df * g - f * dg) / g**2),
        corrected=of_two(lambda f, g, df, dg: (df * g - f * dg) / g**2),
        right="(f′g − f g′)/g², without the minus in front",
        at=X,
    ),
    Claim(
        RULES,
        "f(g(x)) → f′(g(x)) g′(x)",
        of=lambda x: (sin(x) + 2) ** 2 + 1,
        wrt="x",
        printed=lambda x: 2 * (sin(x) + 2) * cos(x),
        at=X,
    ),
    Claim(
        RULES,
        "z = f(y), y = g(x): dz/dx = dz/dy · dy/dx",
        of=lambda x: (sin(x) + 2) ** 2 + 1,
        wrt="x",
        printed=lambda x: derivative(lambda y: y**2 + 1, sin(x) + 2) * derivative(sin, x),
        at=X,
    ),
    Claim(
        VECTORS,
        "∇f = (∂f/∂x₁, ∂f/∂x₂)ᵀ, one partial derivative each",
        of=cube_square,
        wrt="x",
        printed=lambda x: [
            derivative(lambda v: cube_square([v, x[1]]), x[0]),
            derivative(lambda v: cube_square([x[0], v]), x[1]),
        ],
        at=[{"x": [1.5, -0.5]}],
    ),
    Claim(
        VECTORS,
        "f = x₁³x₂²: ∇f = (3x₁²x₂², 2x₁³x₂)ᵀ",
        of=cube_square,
        wrt="x",
        printed=lambda x: [3 * x[0] ** 2 * x[1] ** 2, 2 * x[0] ** 3 * x[1]],
        at=[{"x": [1.5, -0.5]}, {"x": [-0.7, 2.0]}],
    ),
    Claim(
        VECTORS,
        "f changes most quickly in direction ∇f: its slope at an angle φ to ∇f is ‖∇f‖ cos φ",
        of=lambda t, x: [towards(t, x, angle) for angle in ANGLES],
        wrt="t",
        printed=lambda x: [sqrt(gradient(x) @ gradient(x)) * cos(angle) for angle in ANGLES],
        at=[{"t": 0.0, "x": [1.5, -0.5]}],
    ),
]
